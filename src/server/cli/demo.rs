//! `sekisho demo seed`: accounts and sessions to look around in, or to measure with.
//!
//! Their password is known to whoever ran it, so they are users without any right. Nothing tells them from others but
//! their addresses, under a domain that no mail reaches (RFC 2606).

use std::{ops::Range, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use serde_json::json;

use super::{
    args::Seed,
    failure::Failure,
    first_admin,
    out::Out,
    user::{password_line, told},
};
use crate::{
    domain::{audit::Event, role::Role, time::Timestamp},
    server::{
        canonical,
        config::Config,
        flow::password_check,
        secret::Password,
        state::{AppState, Parts},
        store::{
            Db, StoreError, StoreResult, Tx,
            audit::{self, Entry},
            demo::{self, People, Sessions},
        },
    },
};

/// Rows in one write, which a server on the same database waits for.
const CHUNK: i64 = 2_500;
/// Between two writes, for those of others.
const PAUSE: Duration = Duration::from_millis(5);
/// A write that fails, because the disk or another process was slow, is tried so often again, after this long.
const TRIES: u32 = 10;
const WAIT: Duration = Duration::from_secs(1);
/// One in so many people has ended a session.
const ENDED_ONE_IN: i64 = 5;
const DAY: i64 = 86_400_000;
/// Addresses told to scripts.
const TOLD: i64 = 100;

/// # Errors
/// When demo accounts are there already, the password is refused, or the database can't be written.
pub async fn seed(config: Config, seed: Seed, out: Out) -> Result<(), Failure> {
    if !config.strategy.keeps_sessions() {
        return Err(Failure::refused("session.strategy = jwt keeps no sessions, so that there are none to make"));
    }
    let typed = if seed.password_stdin { Some(typed_password(&config)?) } else { None };
    let state = AppState::start(Parts::of_system(config)).await?;
    let done = write(&state, &seed, typed, out).await;
    state.db.close().await;
    done
}

fn typed_password(config: &Config) -> Result<Password, Failure> {
    let password = password_line(std::io::stdin().lock())?;
    let anyone = canonical::email("demo@demo.example").unwrap_or_else(|| unreachable!("it is an address"));
    password_check::check(config, &anyone, "Demo", &password)
        .map_err(|error| told(&error, config.password_min_length))?;
    Ok(password)
}

async fn write(state: &AppState, seed: &Seed, typed: Option<Password>, out: Out) -> Result<(), Failure> {
    let made = first_admin::password(&state.rng, state.config.password_min_length);
    let shown = typed.is_none().then_some(&made);
    let password = typed.unwrap_or_else(|| Password::from(made.clone()));
    let hash = state.hasher.hash(password).await;
    let hash = hash.map_err(|error| Failure::refused(format!("the password: {error}")))?;

    let now = state.clock.now();
    let people = people(state, seed.users, hash, now);
    begin(state, &people, now).await.map_err(|error| match error {
        StoreError::Conflict => Failure::refused("there are demo accounts in this database already"),
        other => other.into(),
    })?;
    let all = sessions(state, seed, &people, now);
    for kind in all.clone() {
        in_chunks(&state.db, 0..kind.count, Arc::new(kind), |tx, kind, rows| {
            Box::pin(async move { demo::insert_sessions(tx, kind, rows).await })
        })
        .await?;
    }

    let everyone = Arc::new(people.clone());
    in_chunks(&state.db, 0..people.count, everyone, |tx, people, rows| {
        Box::pin(async move { demo::note_sights(tx, people, rows).await })
    })
    .await?;
    let counts = (people.count, all[0].count);
    state.db.write(move |tx| Box::pin(async move { demo::insert_activity(tx, counts.0, counts.1, now).await })).await?;

    let emails = demo::first_emails(state.db.read(), &people, TOLD).await?;
    let [live, ended, expired] = all.map(|kind| kind.count);
    let users = seed.users;
    let text = format!("{users} demo accounts with {live} live, {ended} ended and {expired} expired sessions");
    let who = emails.first().map_or("", String::as_str);
    let text = shown.map_or_else(
        || format!("{text}; sign in as {who}"),
        |password| format!("{text}\nSign in as {who} (or any other) with {password}, which is shown this once only"),
    );
    let told = json!({
        "users": users, "live": live, "ended": ended, "expired": expired, "emails": emails, "password": shown,
    });
    out.done(&text, &told);
    Ok(())
}

/// Writes the accounts. Where there are some already, the first write finds out, and nothing has happened.
async fn begin(state: &AppState, people: &People, now: Timestamp) -> StoreResult<()> {
    let detail = json!({ "by": "cli", "role": Role::User, "demo": people.count });
    let entry =
        Entry { detail: Some(detail.to_string()), ..Entry::of_system(state.rng.uuid(now), now, Event::UserCreate) };
    let all = Arc::new((people.clone(), entry));
    in_chunks(&state.db, 0..people.count, all, |tx, (people, entry), rows| {
        Box::pin(async move {
            if rows.start == 0 {
                audit::append(tx, entry).await?;
            }
            demo::insert_people(tx, people, rows).await
        })
    })
    .await
}

/// Writes `rows` so that others who write get their turn.
async fn in_chunks<T: Send + Sync + 'static>(
    db: &Db,
    rows: Range<i64>,
    what: Arc<T>,
    insert: for<'a> fn(&'a mut Tx, &'a T, &'a Range<i64>) -> BoxFuture<'a, StoreResult<u64>>,
) -> StoreResult<()> {
    let mut start = rows.start;
    while start < rows.end {
        let chunk = start..rows.end.min(start + CHUNK);
        start = chunk.end;
        let mut tries = 0;
        loop {
            let (what, rows) = (Arc::clone(&what), chunk.clone());
            match db.write(move |tx| Box::pin(async move { insert(tx, &what, &rows).await })).await {
                Ok(_) => break,
                // A write that was not answered may have taken place.
                Err(StoreError::Conflict) if tries > 0 => break,
                Err(StoreError::Conflict) => return Err(StoreError::Conflict),
                Err(error) if tries == TRIES => return Err(error),
                // Minutes of work should not be lost to a slow second.
                Err(_) => tokio::time::sleep(WAIT).await,
            }
            tries += 1;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Accounts that were made in the year before the last.
fn people(state: &AppState, count: i64, password_hash: String, now: Timestamp) -> People {
    let ids = id_prefix(state, now);
    People { ids, count, password_hash, made_from: now.0 - 730 * DAY, made_within: 365 * DAY }
}

/// The live, the ended and the expired ones. The live are within nine tenths of the shortest life that the
/// configuration gives a remembered sign-in; the expired have passed the end after which the clean-up takes them.
fn sessions(state: &AppState, seed: &Seed, people: &People, now: Timestamp) -> [Sessions; 3] {
    let lifetimes = &state.config.lifetimes;
    let (absolute, idle) = (millis(lifetimes.absolute_timeout), millis(lifetimes.idle_timeout_remembered));
    let or_long = |length: i64| if length == 0 { i64::MAX } else { length };
    let max_age = millis(lifetimes.max_age).min(or_long(absolute));
    let lived = max_age.min(or_long(idle));
    let span = lived / 10 * 9;
    let live = Sessions {
        ids: id_prefix(state, now),
        users: people.ids.clone(),
        user_count: people.count,
        count: people.count * seed.live_each,
        secret: state.rng.bytes(),
        mac_kid: state.keyring.now().deriving().0.to_owned(),
        issued_as: state.config.strategy.as_str(),
        ended: false,
        now: now.0,
        signed_in_from: now.0 - span,
        signed_in_within: span,
        lived,
        max_age,
        absolute,
        idle,
    };
    let ended =
        Sessions { ids: id_prefix(state, now), count: people.count / ENDED_ONE_IN, ended: true, ..live.clone() };
    let over = if absolute == 0 { max_age } else { absolute };
    let expired = Sessions {
        ids: id_prefix(state, now),
        count: people.count * seed.expired_each,
        signed_in_from: now.0 - over - span,
        ..live.clone()
    };
    [live, ended, expired]
}

fn id_prefix(state: &AppState, now: Timestamp) -> String {
    let mut id = state.rng.uuid(now);
    id.truncate(24);
    id
}

fn millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}
