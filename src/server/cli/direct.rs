//! The database as a command uses it: beside a server that may be running, without keys and hashing threads.

use std::{sync::Arc, time::Duration};

use super::failure::Failure;
pub use crate::server::clock::shown;
use crate::{
    domain::{
        audit::Event,
        email::Email,
        ids::UserId,
        revocation::{Revocation, Subject},
        session::EndReason,
        time::Timestamp,
        user_filter::{Filter, Sort},
    },
    server::{
        clock::Clock,
        config::Config,
        flow::{accounts::By, export},
        rng::Rng,
        store::{
            Db, StoreResult,
            audit::Entry,
            user_list::{self, Listed, Wanted},
            users::{self, User},
        },
    },
};

/// Clocks of the server and of this process may differ by this much.
const MARGIN: Duration = Duration::from_mins(1);
const USERS_AT_ONCE: i64 = 500;

pub struct Direct {
    pub db: Db,
    pub now: Timestamp,
    pub rng: Rng,
    /// When every token minted up to now has ended.
    pub last_end: Timestamp,
}

impl Direct {
    /// Opens the database of a server. One that isn't there is not made: its path is more likely to be wrong.
    ///
    /// # Errors
    /// When there is none, or it is newer than this binary.
    pub async fn open(config: &Config) -> Result<Self, Failure> {
        if let Some(file) = config.database_file().filter(|file| !file.exists()) {
            return Err(Failure::refused(format!("database.url: there is no database {}", file.display())));
        }
        let now = Clock::System.now();
        // Nothing here checks tokens; servers hear of a revocation through the feed.
        let db = Db::open(&config.database, Arc::new(|_: &[_], _: &[_]| {})).await?;
        let token_life = config.lifetimes.token_life(config.strategy);
        Ok(Self { db, now, rng: Rng::from_system(), last_end: now.plus(token_life).plus(MARGIN) })
    }

    /// The account with this address.
    ///
    /// # Errors
    /// When there is none.
    pub async fn user(&self, email: &Email) -> Result<User, Failure> {
        let found = users::find_with_password(self.db.read(), email).await?;
        found.map(|found| found.user).ok_or_else(|| no_such_user(email.as_str()))
    }

    /// The accounts that a filter finds, at most `most`.
    ///
    /// # Errors
    /// When the database can't be read.
    pub async fn users(&self, filter: &Filter, sort: Sort, most: Option<usize>) -> StoreResult<Vec<Listed>> {
        let most = most.unwrap_or(usize::MAX);
        let (mut all, mut after): (Vec<Listed>, _) = (Vec::new(), String::new());
        while all.len() < most {
            let wanted = Wanted { filter, sort, after: &after, limit: USERS_AT_ONCE, now: self.now };
            let page = user_list::page(&self.db, &wanted).await?.users;
            let Some(last) = page.last() else { break };
            after = user_list::cursor(last, sort);
            all.extend(page);
        }
        all.truncate(most);
        Ok(all)
    }

    /// An audit row of this command: nobody is signed in, the machine's operator acts.
    #[must_use]
    pub fn audit(&self, event: Event, target: UserId, mut detail: serde_json::Value) -> Entry {
        detail["by"] = "cli".into();
        Entry { target: Some(target), detail: Some(detail.to_string()), ..self.entry(event) }
    }

    /// An act on an account by this command.
    #[must_use]
    pub fn by(&self, event: Event) -> By {
        By { entry: self.entry(event), detail: serde_json::json!({ "by": "cli" }), last_end: self.last_end }
    }

    /// An audit row without target and evidence.
    #[must_use]
    pub fn entry(&self, event: Event) -> Entry {
        Entry::of_system(self.rng.uuid(self.now), self.now, event)
    }

    /// An audit row that tells that a list was taken out, and under which filter.
    #[must_use]
    pub fn export(&self, event: Event, filter: &[(&'static str, &str)]) -> Entry {
        let mut detail = export::evidence(filter);
        detail["by"] = "cli".into();
        Entry { detail: Some(detail.to_string()), ..self.entry(event) }
    }

    #[must_use]
    pub fn revocation(&self, subject: Subject, reason: EndReason) -> Revocation {
        Revocation { subject, reason, until: self.last_end }
    }
}

#[must_use]
pub fn no_such_user(email: &str) -> Failure {
    Failure::refused(format!("there is no account {email}"))
}
