//! The warning before the idle end: a modal `<dialog>` with the focus on "Stay signed in", where Esc stays too.
//!
//! The visible time counts by minutes and, in the last one, by seconds; screen readers are spared that and hear the time every 20
//! seconds from a region of their own. The window's title shows it for those who are in another tab.

use leptos::{ev, html, prelude::*};

use crate::{
    client::dom,
    i18n::{Locale, td_string as text},
    ui::locale::use_locale,
};

const MINUTE: u64 = 60;
const SPOKEN_EVERY: u64 = 20;

#[component]
pub fn IdleDialog(
    /// Seconds until the end, while the warning stands.
    left_secs: Signal<Option<u64>>,
    /// The answer that keeps the session.
    stay: Callback<()>,
    sign_out: Callback<()>,
) -> impl IntoView {
    let l = use_locale();
    let dialog = NodeRef::<html::Dialog>::new();
    let shown = Memo::new(move |_| left_secs.get().map(|left| shown_span(l, left)));
    let spoken = Memo::new(move |_| left_secs.get().map(|left| spoken_span(l, left)));
    open_while(dialog, Memo::new(move |_| left_secs.get().is_some()));
    title_while(l, shown);

    let cancel = move |event: ev::Event| {
        event.prevent_default();
        stay.run(());
    };
    // A browser may close it over our head, when Esc is pressed twice.
    let close = move |_| {
        if left_secs.get_untracked().is_some() {
            stay.run(());
        }
    };
    view! {
        <dialog
            class="dialog idle-dialog"
            class=("idle-dialog--last-minute", move || left_secs.get().is_some_and(|left| left <= MINUTE))
            role="alertdialog"
            aria-labelledby="idle-dialog-title"
            aria-describedby="idle-dialog-body"
            node_ref=dialog
            on:cancel=cancel
            on:close=close
        >
            <h2 class="dialog__title" id="idle-dialog-title">
                {text!(l, guard.title)}
            </h2>
            <p class="dialog__body" id="idle-dialog-body">
                {text!(l, guard.body)}
            </p>
            <p class="idle-dialog__left" aria-hidden="true">
                {move || shown.get().map(|span| text!(l, guard.left, span = span))}
            </p>
            <p class="visually-hidden" role="status" aria-atomic="true">
                {move || spoken.get().map(|span| text!(l, guard.announce, span = span))}
            </p>
            <div class="dialog__actions">
                <button class="button button--primary" type="button" autofocus on:click=move |_| stay.run(())>
                    {text!(l, guard.stay)}
                </button>
                <button class="button button--quiet" type="button" on:click=move |_| sign_out.run(())>
                    {text!(l, guard.sign_out)}
                </button>
            </div>
        </dialog>
    }
}

/// Shows the dialog above everything, and gives the focus back afterwards: the browser does both for a modal dialog.
fn open_while(dialog: NodeRef<html::Dialog>, open: Memo<bool>) {
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        match (open.get(), dialog.open()) {
            // Refused only where the element is not in the document.
            (true, false) => drop(dialog.show_modal()),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
}

fn title_while(l: Locale, span: Memo<Option<String>>) {
    // What the title was, and what it was made to say.
    Effect::new(move |shown: Option<Option<(String, String)>>| {
        let shown = shown.flatten();
        let Some(span) = span.get() else {
            // Another page may have given the window its own title meanwhile.
            if let Some((before, ours)) = shown
                && dom::title() == ours
            {
                dom::set_title(&before);
            }
            return None;
        };
        let before = shown.map_or_else(dom::title, |(before, _)| before);
        let ours = text!(l, guard.window_title, span = span);
        dom::set_title(&ours);
        Some((before, ours))
    });
}

fn minutes(l: Locale, n: u64) -> String {
    if n == 1 { text!(l, guard.minute).to_owned() } else { text!(l, guard.minutes, n) }
}

fn seconds(l: Locale, n: u64) -> String {
    if n == 1 { text!(l, guard.second).to_owned() } else { text!(l, guard.seconds, n) }
}

/// Minutes, begun ones counted, and seconds in the last one.
fn shown_span(l: Locale, left: u64) -> String {
    if left > MINUTE { minutes(l, left.div_ceil(MINUTE)) } else { seconds(l, left) }
}

/// The time rounded up to what is spoken: it changes every 20 seconds.
fn spoken_span(l: Locale, left: u64) -> String {
    let left = left.div_ceil(SPOKEN_EVERY) * SPOKEN_EVERY;
    match (left / MINUTE, left % MINUTE) {
        (0, secs) => seconds(l, secs),
        (mins, 0) => minutes(l, mins),
        (mins, secs) => format!("{} {}", minutes(l, mins), seconds(l, secs)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_visible_time_counts_minutes_and_then_seconds() {
        let shown = |left| shown_span(Locale::en, left);
        assert_eq!([shown(120), shown(61), shown(60), shown(1)], ["2 minutes", "2 minutes", "60 seconds", "1 second"]);
    }

    #[test]
    fn the_spoken_time_changes_every_twenty_seconds() {
        let spoken = |left| spoken_span(Locale::en, left);
        assert_eq!([spoken(120), spoken(101)], ["2 minutes", "2 minutes"]);
        assert_eq!([spoken(100), spoken(81)], ["1 minute 40 seconds", "1 minute 40 seconds"]);
        assert_eq!([spoken(60), spoken(19)], ["1 minute", "20 seconds"]);
    }
}
