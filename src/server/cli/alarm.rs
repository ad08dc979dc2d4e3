//! `sekisho alarm`: credentials that came twice, and closing such an alarm.

use serde::Serialize;
use serde_json::json;

use super::{
    direct::{Direct, shown},
    failure::Failure,
    out::{Out, Row},
    session,
};
use crate::{
    domain::{
        alarm::{Answer, Evidence},
        audit::Event,
        email::Email,
        time::Timestamp,
    },
    server::{
        config::Config,
        flow,
        store::{
            StoreResult, Tx,
            alarms::{self, Answered, Which},
            users,
        },
    },
};

const SHOWN: i64 = 500;

#[derive(Serialize)]
struct AlarmRow {
    alarm_id: String,
    kind: String,
    at: i64,
    email: String,
    session_id: String,
    answer: Option<String>,
    evidence: Option<Evidence>,
}

impl From<alarms::Row> for AlarmRow {
    fn from(row: alarms::Row) -> Self {
        Self {
            evidence: Evidence::parse(&row.evidence),
            alarm_id: row.id,
            kind: row.kind,
            at: row.at,
            email: row.email,
            session_id: row.session_id,
            answer: row.answer,
        }
    }
}

impl Row for AlarmRow {
    const HEAD: &'static [&'static str] = &["ALARM", "KIND", "AT", "ANSWER", "FIRST", "SECOND", "EMAIL"];

    fn cells(&self) -> Vec<String> {
        let (first, second) = match &self.evidence {
            Some(evidence) => (evidence.first.address.clone(), evidence.second.address.clone()),
            None => (String::new(), String::new()),
        };
        vec![
            self.alarm_id.clone(),
            self.kind.clone(),
            shown(Timestamp(self.at)),
            self.answer.clone().unwrap_or_else(|| "open".to_owned()),
            first,
            second,
            self.email.clone(),
        ]
    }
}

/// # Errors
/// When there is no such account, or the database can't be read.
pub async fn list(config: &Config, user: Option<Email>, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let rows = match user {
        Some(email) => {
            let user = direct.user(&email).await?;
            alarms::list(direct.db.read(), &user.id, Which::All, SHOWN).await?
        }
        None => alarms::list_open(direct.db.read(), SHOWN).await?,
    };
    direct.db.close().await;
    out.table(&rows.into_iter().map(AlarmRow::from).collect::<Vec<_>>());
    Ok(())
}

/// Closes an alarm; with `kick` all sessions of its account end in the same transaction.
///
/// # Errors
/// When there is no such open alarm.
pub async fn answer(config: &Config, alarm: String, kick: bool, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let (db, id) = (direct.db.clone(), alarm.clone());
    let closed = db.write(move |tx| {
        Box::pin(async move {
            if kick {
                return close_and_kick(&direct, tx, &id).await;
            }
            let closed = flow::alarms::close_in(tx, &id, direct.entry(Event::AlarmAnswer)).await?;
            Ok(closed.then_some(0))
        })
    });
    let closed = closed.await;
    db.close().await;
    let Some(ended) = closed? else { return Err(Failure::refused(format!("there is no open alarm {alarm}"))) };
    out.done(&format!("alarm {alarm} is closed; {ended} live sessions are ended"), &json!({ "ended": ended }));
    Ok(())
}

async fn close_and_kick(direct: &Direct, tx: &mut Tx, id: &str) -> StoreResult<Option<u64>> {
    let answered = Answered { answer: Answer::Admin, by: None, at: direct.now };
    let Some(user) = alarms::owner(tx.read(), id).await? else { return Ok(None) };
    // First, as in every transaction on a user and their sessions; and then whether it is open still.
    if !users::hold_any(tx, &user).await? || alarms::answer(tx, id, Some(&user), answered).await?.is_none() {
        return Ok(None);
    }
    let others = alarms::answer_all(tx, &user, answered).await?;
    session::kill_every(direct, tx, user, json!({ "alarms": others + 1 })).await
}
