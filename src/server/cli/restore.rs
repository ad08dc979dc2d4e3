//! `sekisho restore FILE`: puts a copy in the place of the SQLite database.
//!
//! Whatever was issued since the copy, or revoked since it, the copy doesn't know. So nothing issued before is believed by it:
//! its sessions are ended, all users' versions raised, and keys of every kind are others. All of that is done to a draft,
//! which then takes the place of the database in one step. Refuses while a server has the database open, a damaged copy,
//! and one whose keys this auth secret doesn't open.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    os::unix::fs::{MetadataExt as _, chown},
    path::Path,
    sync::Arc,
};

use serde_json::json;

use super::{backup::own_file, direct::Direct, everybody, failure::Failure, out::Out};
use crate::{
    domain::{audit::Event, time::Timestamp},
    server::{
        clock::shown,
        config::{Config, DatabaseUrl},
        store::{
            StoreResult, Tx,
            audit::{self, Entry},
            database_file::{self, Draft},
            invites, nodes,
        },
    },
};

/// # Errors
/// When anything keeps the copy from being believed, or from being put in place; the database is as it was then.
pub async fn restore(config: &Config, file: &Path, out: Out) -> Result<(), Failure> {
    let database = own_file(config, "pg_restore, and then `sekisho keys rotate --now --all` (docs/backup.md)")?;
    refuse_itself(file, database)?;
    // Before the work, so that whoever forgot to stop the server hears it at once.
    drop(hold(database)?);
    let draft = Draft::copy_of(file, database).map_err(|error| unread(file, &error))?;
    let copy = Config { database: DatabaseUrl::Sqlite(draft.path.clone()), ..config.clone() };
    let direct = Arc::new(Direct::open(&copy).await.map_err(|failure| of_copy(file, failure))?);
    let prepared = prepare(config, &direct, file).await;
    direct.db.close().await;
    // With it goes the connection that writes.
    drop(direct);
    let Prepared { ended, ends_at } = prepared?;
    database_file::make_whole(&draft.path).await.map_err(|error| unread(file, &error))?;
    put_in_place(draft, database).await?;
    let text = format!(
        "{} is as {} was at {}; {ended} live sessions are ended and all keys are new: everyone signs in anew",
        database.display(),
        file.display(),
        shown(ends_at),
    );
    out.done(&text, &json!({ "restored": database.display().to_string(), "as_of": ends_at.0, "ended": ended }));
    Ok(())
}

/// What a copy came to.
struct Prepared {
    ended: u64,
    /// Of its newest audit row.
    ends_at: Timestamp,
}

/// Judges the copy, and makes worthless what was issued before.
async fn prepare(config: &Config, direct: &Arc<Direct>, file: &Path) -> Result<Prepared, Failure> {
    let damaged = database_file::damage(direct.db.read()).await?.unwrap_or_default();
    if !damaged.is_empty() {
        return Err(Failure::refused(format!("{}: the copy is damaged: {}", file.display(), damaged.join("; "))));
    }
    let ends_at = audit::newest(direct.db.read()).await?.unwrap_or_default();
    let (_, ended) = everybody::end_with_keys(config, direct).await?;
    let detail = json!({ "by": "cli", "file": file.display().to_string(), "as_of": ends_at.0, "ended": ended });
    let entry = Entry { detail: Some(detail.to_string()), ..direct.entry(Event::Restore) };
    direct.db.write(move |tx| Box::pin(async move { leave_behind(tx, &entry).await })).await?;
    Ok(Prepared { ended, ends_at })
}

/// Invitations may have been used or revoked since the copy, and the nodes of then are none of now.
async fn leave_behind(tx: &mut Tx, entry: &Entry) -> StoreResult<()> {
    invites::revoke_all(tx, entry.at).await?;
    nodes::strike_out_all(tx).await?;
    audit::append(tx, entry).await
}

/// Nobody has the database open from here on.
async fn put_in_place(draft: Draft, database: &Path) -> Result<(), Failure> {
    // What is only in its journal goes into the former file, so that nothing of it is lost if this is where it all stops. It
    // may be damaged, which may be why it is replaced.
    if hold(database)?.is_some() {
        let _ = database_file::make_whole(database).await;
    }
    let _held = hold(database)?;
    let written = |error: io::Error| Failure::refused(format!("{} can't be replaced: {error}", database.display()));
    keep_owner(&draft.path, database);
    draft.replace(database).map_err(written)
}

/// A file that root restores is the server's to open.
fn keep_owner(draft: &Path, database: &Path) {
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(owner) = fs::metadata(database).or_else(|_| fs::metadata(folder)) {
        // Only root may give files away; for anybody else it is their own already.
        let _ = chown(draft, Some(owner.uid()), Some(owner.gid()));
    }
}

fn hold(database: &Path) -> Result<Option<File>, Failure> {
    let shown = database.display();
    database_file::hold(database).map_err(|error| match error.kind() {
        ErrorKind::WouldBlock => {
            Failure::refused(format!("{shown} is open in another program; stop the server that runs on it first"))
        }
        _ => Failure::refused(format!("{shown} can't be opened: {error}")),
    })
}

fn refuse_itself(file: &Path, database: &Path) -> Result<(), Failure> {
    let same =
        fs::canonicalize(file).ok().zip(fs::canonicalize(database).ok()).is_some_and(|(one, other)| one == other);
    if same { Err(Failure::refused(format!("{} is the database itself, and no copy", file.display()))) } else { Ok(()) }
}

fn unread(file: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::refused(format!("{}: can't be restored: {error}", file.display()))
}

/// What is said of the draft is true of the copy.
fn of_copy(file: &Path, failure: Failure) -> Failure {
    match failure {
        Failure::Refused(line) => unread(file, &line.trim_start_matches("database.url: ")),
        configuration @ Failure::Configuration(_) => configuration,
    }
}
