//! The few icons we need, as strokes on a field of 24. All are decoration beside a text.

use leptos::prelude::*;

use crate::domain::device_label::DeviceForm;

#[component]
pub fn DeviceIcon(form: DeviceForm) -> impl IntoView {
    let strokes = match form {
        DeviceForm::Desktop => "M4 5.5h16v10.5H4zM2.5 19h19M9.5 16v3M14.5 16v3",
        DeviceForm::Phone => "M7.5 3h9v18h-9zM10.8 18.3h2.4",
        DeviceForm::Tablet => "M5 3.5h14v17H5zM10.8 17.8h2.4",
        DeviceForm::Other => "M4 6h16v12H4zM7.5 10l2.5 2-2.5 2M12 14.5h4",
    };
    icon(strokes)
}

pub fn chevron_down() -> impl IntoView {
    icon("M6.5 9.5l5.5 5 5.5-5")
}

pub fn arrow_right() -> impl IntoView {
    icon("M5 12h13M13.5 7l5 5-5 5")
}

pub fn arrow_left() -> impl IntoView {
    icon("M19 12H6M10.5 7l-5 5 5 5")
}

pub fn magnifier() -> impl IntoView {
    icon("M10.5 4.5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5")
}

fn icon(strokes: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=strokes />
        </svg>
    }
}
