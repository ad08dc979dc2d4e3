//! What admins and support write down of a person for each other. The person never sees it: not even where they are one
//! of them.

use crate::{
    api::{ApiError, ApiResult, desk::Note},
    domain::{
        access_claims::AccessClaims,
        audit::{Event, Outcome},
        ids::UserId,
        role::Action,
    },
    server::{
        canonical,
        context::{Actor, RequestContext},
        flow::audit_log::allow,
        store::{
            Db, StoreResult, Tx,
            audit::{self, Entry},
            user_notes::{self, Listed},
            users,
        },
    },
};

/// In code points.
pub const LONGEST: usize = 2_000;
const SHOWN: i64 = 100;

/// What is typed as a note, as it is kept.
///
/// # Errors
/// `invalid` (`text`).
pub fn text(typed: &str) -> ApiResult<String> {
    match canonical::text(typed, LONGEST) {
        Some(text) if !text.trim().is_empty() => Ok(text),
        Some(_) => Err(ApiError::invalid("text", "empty")),
        None => Err(ApiError::invalid("text", "too_long")),
    }
}

/// # Errors
/// `forbidden`, also on oneself, `invalid` (`text`), `not_found`, `unavailable`.
pub async fn add(cx: &RequestContext, actor: &Actor, user_id: &str, typed: &str) -> ApiResult<()> {
    allow(cx, actor, Action::WriteNotes).await?;
    let user = UserId::parse(user_id).ok_or(ApiError::NotFound)?;
    if user == actor.claims().sub {
        return Err(ApiError::Forbidden);
    }
    let text = text(typed)?;
    let entry = Entry { target: Some(user), ..cx.audit(Event::NoteAdd, Outcome::Done) };
    let id = cx.state.rng.uuid(cx.now);
    let added = cx.state.db.write(move |tx| Box::pin(async move { write(tx, &id, &entry, &text).await }));
    if added.await? { Ok(()) } else { Err(ApiError::NotFound) }
}

/// Writes a note down with its audit row, which says by whom and of whom; `false` if there is no such user. The text stays
/// out of the log: it can be deleted.
///
/// # Errors
/// When the rows can't be written.
pub async fn write(tx: &mut Tx, id: &str, entry: &Entry, text: &str) -> StoreResult<bool> {
    let Some(user) = &entry.target else { return Ok(false) };
    if !users::hold_any(tx, user).await? {
        return Ok(false);
    }
    let author = entry.actor.as_ref();
    user_notes::insert(tx, &user_notes::Note { id, user, author, at: entry.at, text }).await?;
    audit::append(tx, entry).await?;
    Ok(true)
}

/// # Errors
/// `forbidden` for another's note where the role doesn't allow that, `not_found`, `unavailable`.
pub async fn delete(cx: &RequestContext, actor: &Actor, note_id: &str) -> ApiResult<()> {
    allow(cx, actor, Action::WriteNotes).await?;
    // A note's id is a UUID, which PostgreSQL can hold.
    let id = UserId::parse(note_id).ok_or(ApiError::NotFound)?.to_string();
    let owner = user_notes::find(cx.state.db.read(), &id).await?.ok_or(ApiError::NotFound)?;
    let own = actor.claims().sub.as_str();
    if owner.user_id == own {
        return Err(ApiError::NotFound);
    }
    if owner.author_id.as_deref() != Some(own) {
        allow(cx, actor, Action::DeleteNotes).await?;
    }
    let user = UserId::parse(&owner.user_id).ok_or(ApiError::NotFound)?;
    let entry = Entry { target: Some(user), ..cx.audit(Event::NoteDelete, Outcome::Done) };
    let deleted = cx.state.db.write(move |tx| Box::pin(async move { erase(tx, &id, &entry).await }));
    if deleted.await? { Ok(()) } else { Err(ApiError::NotFound) }
}

/// Deletes a note with its audit row, which says by whom and of whom; `false` where it is gone already.
///
/// # Errors
/// When the rows can't be written.
pub async fn erase(tx: &mut Tx, id: &str, entry: &Entry) -> StoreResult<bool> {
    let Some(user) = &entry.target else { return Ok(false) };
    let deleted = user_notes::delete(tx, id, user).await?;
    if deleted {
        audit::append(tx, entry).await?;
    }
    Ok(deleted)
}

/// The notes on a user, newest first; none on the one who asks. Without claims it is the machine's operator who does.
///
/// # Errors
/// When the database can't be read.
pub async fn list(db: &Db, by: Option<&AccessClaims>, user: &UserId) -> StoreResult<Vec<Note>> {
    if by.is_some_and(|by| *user == by.sub || !by.role.may(Action::WriteNotes)) {
        return Ok(Vec::new());
    }
    let notes = user_notes::list(db.read(), user, SHOWN).await?;
    let may_delete =
        |author: Option<&str>| by.is_none_or(|by| by.role.may(Action::DeleteNotes) || author == Some(by.sub.as_str()));
    let note = |note: Listed| Note {
        deletable: may_delete(note.author_id.as_deref()),
        id: note.id,
        at: note.at,
        text: note.text,
        author: note.author.or(note.author_id),
    };
    Ok(notes.into_iter().map(note).collect())
}
