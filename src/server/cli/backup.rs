//! `sekisho backup FILE`: a copy of the SQLite database as of one moment, made while it serves. Refuses to take the place of a
//! file. On PostgreSQL that is what `pg_dump` is for.

use std::{io::ErrorKind, path::Path};

use serde_json::json;

use super::{failure::Failure, out::Out};
use crate::server::{
    config::Config,
    store::{Db, database_file},
};

/// # Errors
/// When it is no SQLite database, is not there, or the copy can't be written.
pub async fn backup(config: &Config, file: &Path, out: Out) -> Result<(), Failure> {
    let database = own_file(config, "pg_dump")?;
    if !database.exists() {
        return Err(Failure::refused(format!("database.url: there is no database {}", database.display())));
    }
    let shown = file.display();
    if file.exists() {
        return Err(Failure::refused(format!("{shown} is there already; name a file that isn't")));
    }
    // As it is: a newer binary's backup before its upgrade is of the former schema.
    let db = Db::open_as_is(&config.database).await?;
    let copied = database_file::copy_into(db.read(), file).await;
    db.close().await;
    copied.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::refused(format!("{shown} is there already; name a file that isn't")),
        _ => Failure::refused(format!("{shown} can't be written: {error}")),
    })?;
    let bytes = file.metadata().map_or(0, |about| about.len());
    let text = format!(
        "{shown} is a copy of {} ({bytes} bytes). The auth secret is not in it: keep that too, elsewhere",
        config.database
    );
    out.done(&text, &json!({ "backup": shown.to_string(), "bytes": bytes }));
    Ok(())
}

/// The database's file.
///
/// # Errors
/// Where there is none, with the program that is for PostgreSQL.
pub(super) fn own_file<'c>(config: &'c Config, program: &str) -> Result<&'c Path, Failure> {
    let why = || Failure::refused(format!("database.url: this is for an SQLite file; on PostgreSQL use {program}"));
    config.database_file().ok_or_else(why)
}
