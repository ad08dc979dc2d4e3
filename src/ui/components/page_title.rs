//! The title of a page: the one way by which a text gets into the head of the document.
//!
//! `leptos_meta` writes a title into the document as it is given, markup included, so every title is escaped on its way there.
//! A browser sets `document.title`, which is text and takes it raw. `scripts/lint.sh` refuses `leptos_meta`'s own `Title` elsewhere.

use leptos::{prelude::*, text_prop::TextProp};

use crate::client::dom::IN_BROWSER;

/// What this page is called.
#[component]
pub fn PageTitle(#[prop(into)] text: TextProp) -> impl IntoView {
    view! { <leptos_meta::Title text=text /> }
}

/// Names the site in every title, and escapes them all. In `App`, once.
#[component]
pub fn TitleFrame(site: &'static str) -> impl IntoView {
    let formatter = move |page: String| {
        let title = if page.is_empty() { site.to_owned() } else { format!("{page} · {site}") };
        if IN_BROWSER { title } else { escaped(&title) }
    };
    view! { <leptos_meta::Title formatter=formatter /> }
}

/// `text` as HTML that shows it. A title is RCDATA, in which no quote means anything.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_can_not_end_its_element() {
        assert_eq!(escaped("</title><meta x=\"y\"> &lt;"), "&lt;/title&gt;&lt;meta x=\"y\"&gt; &amp;lt;");
    }
}
