//! A list whose rows can be ticked, and what can be done to those that are. A plain GET form: it leads to the page that asks
//! whether that is meant, so it works without scripts; with them it says how many are ticked, and ticks all.

use leptos::{html::Form, prelude::*};

use crate::{
    client::choices,
    domain::user_filter::Asked,
    i18n::td_string as text,
    ui::{locale::use_locale, paths},
};

/// The name of the boxes.
pub const IDS: &str = "user_ids";

#[component]
pub fn Chooser(
    /// The filter and the cursor of the list, to be led back to.
    asked: Memo<Asked>,
    cursor: Memo<String>,
    /// Accounts may be locked.
    #[prop(into)]
    manageable: Signal<bool>,
    children: Children,
) -> impl IntoView {
    let l = use_locale();
    let form = NodeRef::<Form>::new();
    let count = RwSignal::new(0_usize);
    let recount = move |_| {
        if let Some(form) = form.get_untracked() {
            count.set(choices::ticked(&form, IDS));
        }
    };
    let tick_all = move |event| {
        if let Some(form) = form.get_untracked() {
            choices::tick_all(&form, IDS, event_target_checked(&event));
        }
    };
    view! {
        <form class="chooser" method="get" action=paths::SEVERAL node_ref=form on:change=recount>
            <Kept asked cursor />
            {children()}
            <div class="chooser__bar">
                <label class="chooser__all needs-script">
                    <input class="check__box" type="checkbox" on:change=tick_all />
                    {text!(l, bulk.all)}
                </label>
                <button class="button button--danger-quiet" type="submit" name="act" value="kick">
                    {text!(l, bulk.kick)}
                </button>
                {move || {
                    manageable
                        .get()
                        .then(|| {
                            view! {
                                <button class="button button--danger-quiet" type="submit" name="act" value="lock">
                                    {text!(l, bulk.lock)}
                                </button>
                            }
                        })
                }}
                <span class="chooser__count" role="status">
                    {move || Some(count.get()).filter(|count| *count > 0).map(|count| text!(l, bulk.selected, count))}
                </span>
            </div>
        </form>
    }
}

/// Where the list was, as fields that nobody sees.
#[component]
fn Kept(asked: Memo<Asked>, cursor: Memo<String>) -> impl IntoView {
    move || {
        let (asked, cursor) = (asked.get(), cursor.get());
        let kept = asked.pairs().into_iter().chain([("cursor", cursor.as_str())]);
        kept.filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| view! { <input type="hidden" name=name value=value.to_owned() /> })
            .collect_view()
    }
}

/// The box of a row.
#[component]
pub fn Choose(id: String, #[prop(into)] label: Signal<String>) -> impl IntoView {
    view! {
        <td class="table__choice">
            <label class="choice">
                <input class="check__box" type="checkbox" name=IDS value=id autocomplete="off" aria-label=label />
            </label>
        </td>
    }
}
