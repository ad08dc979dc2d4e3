//! Labelled inputs. A label is always visible, an error stands under its field and is tied to it.

use std::borrow::Cow;

use leptos::prelude::*;

use crate::{
    i18n::td_string as text,
    ui::{locale::use_locale, password_length::password_min_length},
};

type Error = Signal<Option<Cow<'static, str>>>;

/// A line of text. `name` is also the id.
#[component]
pub fn TextField(
    name: &'static str,
    label: &'static str,
    #[prop(default = "text")] kind: &'static str,
    autocomplete: &'static str,
    #[prop(optional)] hint: Option<&'static str>,
    #[prop(default = true)] required: bool,
    /// It says what can't be changed.
    #[prop(optional)]
    fixed: bool,
    /// What stands in it at first, and again after a reset.
    #[prop(optional, into)]
    value: Signal<Option<String>>,
    #[prop(optional, into)] error: Error,
) -> impl IntoView {
    view! {
        <div class="field">
            <label class="field__label" for=name>
                {label}
            </label>
            <input
                class="input"
                id=name
                name=name
                type=kind
                value=move || value.get()
                autocomplete=autocomplete
                autocapitalize=(kind == "email").then_some("none")
                spellcheck=(kind == "email").then_some("false")
                required=required
                readonly=fixed
                maxlength=if kind == "email" { "254" } else { "80" }
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                aria-describedby=format!("{name}-hint {name}-error")
            />
            {hint.filter(|hint| !hint.is_empty()).map(|hint| view! { <p class="field__hint" id=format!("{name}-hint")>{hint}</p> })}
            <FieldError name error />
        </div>
    }
}

/// A password, with a button that shows it. `described_by` is the id of a text that says the rules.
#[component]
pub fn PasswordField(
    name: &'static str,
    label: &'static str,
    autocomplete: &'static str,
    #[prop(optional)] described_by: &'static str,
    #[prop(optional)] autofocus: bool,
    #[prop(optional, into)] error: Error,
) -> impl IntoView {
    let l = use_locale();
    let shown = RwSignal::new(false);
    let new = autocomplete == "new-password";
    view! {
        <div class="field">
            <label class="field__label" for=name>
                {label}
            </label>
            <div class="input-group">
                <input
                    class="input input--with-button"
                    id=name
                    name=name
                    type=move || if shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    autocapitalize="none"
                    spellcheck="false"
                    required
                    autofocus=autofocus
                    minlength=new.then(|| password_min_length().to_string())
                    aria-invalid=move || error.with(Option::is_some).then_some("true")
                    aria-describedby=format!("{described_by} {name}-error")
                />
                <button
                    type="button"
                    class="input-group__button needs-script"
                    aria-controls=name
                    aria-pressed=move || if shown.get() { "true" } else { "false" }
                    aria-label=text!(l, field.show_password)
                    on:click=move |_| shown.update(|shown| *shown = !*shown)
                >
                    {move || if shown.get() { text!(l, field.hide) } else { text!(l, field.show) }}
                </button>
            </div>
            <FieldError name error />
        </div>
    }
}

#[component]
fn FieldError(name: &'static str, error: Error) -> impl IntoView {
    view! {
        <p class="field__error" id=format!("{name}-error") role="alert">
            {move || error.get()}
        </p>
    }
}

/// What a new password must be, said before it is typed.
#[component]
pub fn PasswordRules(id: &'static str) -> impl IntoView {
    let l = use_locale();
    view! {
        <div class="rules" id=id>
            <p class="rules__title">{text!(l, password_rules.title)}</p>
            <ul>
                <li>{text!(l, password_rules.length, n = password_min_length())}</li>
                <li>{text!(l, password_rules.anything)}</li>
                <li>{text!(l, password_rules.common)}</li>
                <li>{text!(l, password_rules.personal)}</li>
            </ul>
        </div>
    }
}

#[component]
pub fn CheckField(name: &'static str, label: &'static str, hint: &'static str) -> impl IntoView {
    view! {
        <div class="check">
            <input class="check__box" type="checkbox" id=name name=name value="true" aria-describedby=format!("{name}-hint") />
            <label class="check__label" for=name>
                {label}
            </label>
            <p class="check__hint" id=format!("{name}-hint")>
                {hint}
            </p>
        </div>
    }
}
