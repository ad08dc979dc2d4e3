//! `sekisho user note`, `notes` and `delete-note`: what admins and support write down of a user, by the machine's operator.

use std::io::Read as _;

use serde::Serialize;
use serde_json::json;

use super::{
    direct::{Direct, no_such_user, shown},
    failure::Failure,
    out::{Out, Row},
};
use crate::{
    api::desk::Note,
    domain::{audit::Event, email::Email, ids::UserId, time::Timestamp},
    server::{
        config::Config,
        flow::notes,
        store::user_notes::{self, Listed},
    },
};

const SHOWN: i64 = 500;

/// Reads a note from standard input.
///
/// # Errors
/// When there is none, it is too long, or there is no such account.
pub async fn add(config: &Config, email: Email, out: Out) -> Result<(), Failure> {
    let mut typed = String::new();
    let most = (notes::LONGEST * 16) as u64;
    std::io::stdin()
        .lock()
        .take(most)
        .read_to_string(&mut typed)
        .map_err(|error| Failure::refused(format!("the note can't be read from standard input: {error}")))?;
    let text = notes::text(&typed).map_err(|_| {
        Failure::refused(format!("a note has between 1 and {} characters, read from standard input", notes::LONGEST))
    })?;
    let direct = Direct::open(config).await?;
    let user = direct.user(&email).await?;
    let (id, entry) = (direct.rng.uuid(direct.now), direct.audit(Event::NoteAdd, user.id, json!({})));
    let written = direct.db.write(move |tx| Box::pin(async move { notes::write(tx, &id, &entry, &text).await })).await;
    direct.db.close().await;
    if !written? {
        return Err(no_such_user(email.as_str()));
    }
    out.done(&format!("noted on {}", email.as_str()), &json!({ "email": email.as_str() }));
    Ok(())
}

/// A note as it is listed.
#[derive(Serialize)]
pub(super) struct NoteRow {
    note_id: String,
    at: i64,
    author: Option<String>,
    text: String,
}

impl From<Listed> for NoteRow {
    fn from(note: Listed) -> Self {
        Self { note_id: note.id, at: note.at, author: note.author.or(note.author_id), text: note.text }
    }
}

impl From<Note> for NoteRow {
    fn from(note: Note) -> Self {
        Self { note_id: note.id, at: note.at, author: note.author, text: note.text }
    }
}

impl Row for NoteRow {
    const HEAD: &'static [&'static str] = &["NOTE", "WRITTEN", "BY", "TEXT"];

    fn cells(&self) -> Vec<String> {
        let author = self.author.clone().unwrap_or_else(|| "the command line".to_owned());
        vec![self.note_id.clone(), shown(Timestamp(self.at)), author, self.text.replace('\n', " / ")]
    }
}

/// # Errors
/// When there is no such account, or the database can't be read.
pub async fn list(config: &Config, email: Email, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let user = direct.user(&email).await?;
    let notes = user_notes::list(direct.db.read(), &user.id, SHOWN).await?;
    direct.db.close().await;
    out.table(&notes.into_iter().map(NoteRow::from).collect::<Vec<_>>());
    Ok(())
}

/// # Errors
/// When there is no such note, or the database can't be written.
pub async fn delete(config: &Config, note: String, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let owner = user_notes::find(direct.db.read(), &note).await?;
    let deleted = match owner.and_then(|owner| UserId::parse(&owner.user_id)) {
        Some(user) => {
            let (id, entry) = (note.clone(), direct.audit(Event::NoteDelete, user, json!({})));
            direct.db.write(move |tx| Box::pin(async move { notes::erase(tx, &id, &entry).await })).await
        }
        None => Ok(false),
    };
    direct.db.close().await;
    if !deleted? {
        return Err(Failure::refused(format!("there is no note {note}")));
    }
    out.done(&format!("note {note} is deleted"), &json!({ "deleted": true }));
    Ok(())
}
