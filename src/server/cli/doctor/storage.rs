//! What the database and the files beside it tell.

use std::{io::ErrorKind, os::unix::fs::MetadataExt as _, path::Path, time::Duration};

use super::{Finding, Verdict};
use crate::{
    domain::time::Timestamp,
    server::{
        cli::direct::shown,
        clock::Clock,
        config::{Config, Faults},
        crypto::keyring::Keyring,
        flow,
        store::{
            Db, StoreResult, audit, database_file,
            db::{JOURNAL_LONG, Schema, journal_of},
            guards::{self, Guard},
            keys,
        },
    },
};

/// Rows of other machines may be this far ahead.
const SKEW: Duration = Duration::from_secs(5);

pub async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = files(config);
    if let Err(Faults(lines)) = config.refuse_lost_database() {
        findings.extend(lines.into_iter().map(|line| Finding::new("database", Verdict::Fault, line)));
        return findings;
    }
    if config.database_file().is_some_and(|file| !file.exists()) {
        let text = format!("there is no database {} yet", config.database);
        findings.push(
            Finding::new("database", Verdict::Warn, text).hint("the first start makes it; or is it another file?"),
        );
        return findings;
    }
    match Db::open_as_is(&config.database).await {
        Ok(db) => findings.extend(database(config, &db).await),
        Err(error) => {
            let finding = Finding::new("database", Verdict::Fault, error.to_string());
            findings.push(finding.hint("is it running, and are address, user and password right?"));
        }
    }
    findings
}

async fn database(config: &Config, db: &Db) -> Vec<Finding> {
    let schema = schema(db).await;
    if schema.verdict != Verdict::Ok {
        return vec![schema];
    }
    let pages = pages(db).await;
    let (writable, opens) = (writable(config, db).await, opens(config, db).await);
    [Some(schema), pages, Some(writable), Some(opens), Some(clock(db, Clock::System.now()).await)]
        .into_iter()
        .flatten()
        .collect()
}

async fn schema(db: &Db) -> Finding {
    let check = "schema";
    match db.schema().await {
        Ok(Schema::Current) => Finding::ok(check, "the schema is this binary's"),
        Ok(Schema::Behind(missing)) => {
            Finding::new(check, Verdict::Fault, format!("{missing} migrations are missing")).hint("sekisho migrate")
        }
        Ok(Schema::Edited(version)) => {
            let text = format!("migration {version} was another text when it was applied");
            let hint = "run the binary that applied it; was the database or a migration edited?";
            Finding::new(check, Verdict::Fault, text).hint(hint)
        }
        Ok(Schema::Newer(version)) => {
            let text = format!("the database is newer than this binary (migration {version} is unknown here)");
            Finding::new(check, Verdict::Fault, text).hint("run the newer binary")
        }
        Err(error) => {
            Finding::new(check, Verdict::Fault, error.to_string()).hint("if the database is a new one: sekisho migrate")
        }
    }
}

/// What PostgreSQL finds by itself at each read SQLite looks for only when it is asked.
async fn pages(db: &Db) -> Option<Finding> {
    let check = "pages";
    let damage = match database_file::damage(db.read()).await {
        Ok(None) => return None,
        Ok(Some(lines)) => lines,
        Err(error) => vec![error.to_string()],
    };
    if damage.is_empty() {
        return Some(Finding::ok(check, "no page of the database file is damaged"));
    }
    let text = format!("the database file is damaged: {}", damage.join("; "));
    Some(Finding::new(check, Verdict::Fault, text).hint("stop the server and restore a backup (docs/backup.md)"))
}

async fn writable(config: &Config, db: &Db) -> Finding {
    let check = "database";
    // A row that exists to be written; read-only, full and locked show at the commit at the latest.
    match db.write(|tx| Box::pin(async move { guards::hold(tx, Guard::Keys).await })).await {
        Ok(()) => Finding::ok(check, format!("{} answers and takes writes", config.database)),
        Err(error) => Finding::new(check, Verdict::Fault, format!("{} takes no write: {error}", config.database))
            .hint("read-only, full, or locked by another program?"),
    }
}

async fn opens(config: &Config, db: &Db) -> Finding {
    let check = "keys";
    let fault = |why: String| Finding::new(check, Verdict::Fault, why);
    let rows = match keys::list(db.read()).await {
        Ok(rows) => rows,
        Err(error) => return fault(error.to_string()),
    };
    if rows.is_empty() {
        return Finding::ok(check, "there are none yet; the first start makes them");
    }
    let opener = match flow::keys::opener(config, db, (true, [0; 32])).await {
        Ok(opener) => opener,
        Err(error) => return fault(error.to_string()),
    };
    match Keyring::open(&rows, &opener, Clock::System.now()) {
        Ok(_) => {
            let count = rows.iter().filter(|row| row.dead_at.is_none()).count();
            Finding::ok(check, format!("the auth secret opens all {count}"))
        }
        Err(error) => fault(error.to_string()),
    }
}

async fn clock(db: &Db, now: Timestamp) -> Finding {
    judge_clock(audit::newest(db.read()).await, now)
}

fn judge_clock(newest: StoreResult<Option<Timestamp>>, now: Timestamp) -> Finding {
    let check = "clock";
    match newest {
        Ok(Some(newest)) if newest > now.plus(SKEW) => {
            let text = format!("it is {} here, before the newest audit row, of {}", shown(now), shown(newest));
            Finding::new(check, Verdict::Fault, text).hint("set this machine's clock; all ends of sessions follow it")
        }
        Ok(_) => Finding::ok(check, format!("it is {} here, after everything written so far", shown(now))),
        Err(error) => Finding::new(check, Verdict::Fault, error.to_string()),
    }
}

/// Who may read what should be the server's alone.
fn files(config: &Config) -> Vec<Finding> {
    let unwise = config.warnings.iter().map(|line| Finding::new("secret files", Verdict::Warn, line));
    let mut findings: Vec<Finding> = unwise.collect();
    if let Some(database) = config.database_file() {
        findings.extend(private("database file", database, Verdict::Warn));
        findings.extend(journal(journal_of(database)));
    }
    if let Some(secret) = config.secret_file().filter(|_| config.auth_secret.is_none()) {
        findings.extend(private("auth secret", &secret, Verdict::Fault));
    }
    findings
}

/// Nothing is said of one that is as long as it should be.
fn journal(length: u64) -> Option<Finding> {
    let text = format!("the journal beside the database file is {} MiB long", length >> 20);
    let hint = "a program reads an old state of the file: a shell with an open transaction, a backup that hangs?";
    (length >= JOURNAL_LONG).then(|| Finding::new("journal", Verdict::Warn, text).hint(hint))
}

/// Nothing is said of a file that is not there: whether it should be is another check's.
fn private(check: &'static str, file: &Path, open_to_all: Verdict) -> Option<Finding> {
    let shown = file.display();
    match file.metadata() {
        Ok(about) => {
            let of_others = about.mode() & 0o077;
            if of_others == 0 {
                return Some(Finding::ok(check, format!("{shown} is its owner's only")));
            }
            let to_all = of_others & 0o007 != 0;
            let (verdict, whom) = if to_all { (open_to_all, "others") } else { (Verdict::Warn, "its group") };
            let text = format!("{shown} is open to {whom} (mode {:o})", about.mode() & 0o777);
            Some(Finding::new(check, verdict, text).hint(format!("chmod 600 {shown}")))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => Some(Finding::new(check, Verdict::Fault, format!("{shown} can't be looked at: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_clock_behind_what_was_written_is_a_fault() {
        let now = Timestamp(1_780_000_000_000);
        let verdict = |newest| judge_clock(Ok(newest), now).verdict;
        assert_eq!(verdict(None), Verdict::Ok);
        assert_eq!(verdict(Some(now.plus(SKEW))), Verdict::Ok);
        assert_eq!(verdict(Some(now.plus(Duration::from_secs(6)))), Verdict::Fault);
    }

    #[test]
    fn a_journal_that_grows_is_told() {
        assert!(journal(JOURNAL_LONG - 1).is_none());
        assert_eq!(journal(JOURNAL_LONG).unwrap().verdict, Verdict::Warn);
    }

    #[test]
    fn files_are_told_by_who_may_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        assert!(private("a", &file, Verdict::Warn).is_none());
        std::fs::write(&file, "").unwrap();
        for (mode, verdict) in [(0o600, Verdict::Ok), (0o640, Verdict::Warn), (0o604, Verdict::Fault)] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(private("a", &file, Verdict::Fault).unwrap().verdict, verdict, "{mode:o}");
        }
        assert_eq!(private("a", &file, Verdict::Warn).unwrap().verdict, Verdict::Warn);
    }
}
