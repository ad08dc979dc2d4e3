//! What admins and support write down of a person for each other, with a field that keeps what is typed.

use std::sync::Arc;

use leptos::prelude::*;

use crate::{
    api::{
        ApiError,
        desk::{AddNote, DeleteNote, Note, UserDetail},
    },
    i18n::td_string as text,
    ui::{
        act::{Act, ActForm},
        components::{draft::Draft, time_text::TimeText},
        fetch::Keyed,
        locale::use_locale,
        texts, times,
    },
};

#[derive(Clone, Copy)]
pub struct NoteActs {
    pub add: Act<AddNote>,
    pub delete: Act<DeleteNote>,
}

#[component]
pub fn Notes(detail: Memo<UserDetail>, acts: NoteActs, page: String) -> impl IntoView {
    let l = use_locale();
    let ids = move || detail.with(|detail| detail.notes.iter().map(|note| note.id.clone()).collect::<Vec<_>>());
    let none = Memo::new(move |_| detail.with(|detail| detail.notes.is_empty()));
    let back = page.clone();
    let row = move |id: String| {
        let found = detail.with_untracked(|detail| detail.notes.iter().find(|note| note.id == id).cloned());
        let now = detail.with_untracked(|detail| detail.server_now);
        found.map(|note| view! { <NoteItem note now act=acts.delete page=back.clone() /> }).into_any()
    };
    view! {
        <section class="section" aria-labelledby="notes-title">
            <h2 class="section__title" id="notes-title">
                {text!(l, user.notes)}
            </h2>
            <p class="section__note">{text!(l, user.notes_lead)}</p>
            {move || none.get().then(|| view! { <p>{text!(l, user.notes_none)}</p> })}
            <ul class="notes">
                <Keyed ids=Box::new(ids) row=Arc::new(row) />
            </ul>
            <NoteForm user_id=detail.with_untracked(|detail| detail.user.id.clone()) act=acts.add page />
        </section>
    }
}

#[component]
fn NoteItem(note: Note, now: i64, act: Act<DeleteNote>, page: String) -> impl IntoView {
    let l = use_locale();
    let label = text!(l, user.note_delete_label, when = times::date_time(l, note.at));
    let author = note.author.unwrap_or_else(|| text!(l, user.note_by_cli).to_owned());
    let delete = note.deletable.then(|| {
        view! {
            <ActForm act page>
                <input type="hidden" name="note_id" value=note.id />
                <button
                    class="button button--quiet button--small"
                    type="submit"
                    aria-label=label
                    disabled=move || act.pending().get()
                >
                    {text!(l, user.note_delete)}
                </button>
            </ActForm>
        }
    });
    view! {
        <li class="note">
            <p class="note__text">{note.text}</p>
            <p class="note__by">{author} " · " <TimeText at=note.at now /></p>
            {delete}
        </li>
    }
}

#[component]
fn NoteForm(user_id: String, act: Act<AddNote>, page: String) -> impl IntoView {
    let l = use_locale();
    let taken = Signal::derive(move || act.value().with(|answer| matches!(answer, Some(Ok(())))));
    let error = move || {
        let error = act.value().get().and_then(Result::err);
        error.filter(|error| matches!(error, ApiError::Invalid { .. })).map(|error| texts::error(l, &error))
    };
    // Emptied once what stood in it has been taken, and drawn anew for that.
    let text = NodeRef::<leptos::html::Textarea>::new();
    Effect::new(move |_| {
        if act.version().get() > 0
            && taken.get()
            && let Some(text) = text.get_untracked()
        {
            text.set_value("");
        }
    });
    view! {
        <ActForm act page class="form">
            <input type="hidden" name="user_id" value=user_id.clone() />
            <Draft form="user-note" about=user_id version=1 sent=taken />
            <div class="field">
                <label class="field__label" for="note-text">
                    {text!(l, user.note_text)}
                </label>
                <textarea
                    class="input input--text"
                    id="note-text"
                    name="text"
                    rows="3"
                    maxlength="2000"
                    required
                    node_ref=text
                    aria-describedby="note-text-error"
                ></textarea>
                <p class="field__error" id="note-text-error" role="alert">
                    {error}
                </p>
            </div>
            <button class="button button--quiet" type="submit" disabled=move || act.pending().get()>
                {text!(l, user.note_submit)}
            </button>
        </ActForm>
    }
}
