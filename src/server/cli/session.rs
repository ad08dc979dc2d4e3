//! `sekisho session`: what is signed in, and ending it now.

use serde::Serialize;
use serde_json::json;

use super::{
    direct::{Direct, shown},
    failure::Failure,
    out::{self, Out, Row},
};
use crate::{
    domain::{
        activity::{Count, Kind},
        audit::Event,
        email::Email,
        ids::{SessionId, UserId},
        lifetimes::first_end,
        revocation::Subject,
        session::EndReason,
        time::Timestamp,
        user_filter::{Filter, Sort},
    },
    server::{
        config::Config,
        device,
        store::{
            StoreResult, Tx, activity, audit,
            sessions::{self, Ending, Session},
            users::{self, User},
        },
    },
};

/// Ends one session: its tokens are refused by every server on this database within a second.
///
/// # Errors
/// When there is no such live session.
pub async fn kill(config: &Config, session: SessionId, message: Option<String>, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let db = direct.db.clone();
    let sid = session.clone();
    let killed =
        db.write(move |tx| Box::pin(async move { kill_one(&direct, tx, &sid, message.as_deref()).await })).await;
    db.close().await;
    if !killed? {
        return Err(Failure::refused(format!("there is no live session {session}")));
    }
    out.done(&format!("session {session} is ended"), &json!({ "ended": 1 }));
    Ok(())
}

pub(super) async fn kill_one(
    direct: &Direct,
    tx: &mut Tx,
    sid: &SessionId,
    message: Option<&str>,
) -> StoreResult<bool> {
    let Some(session) = sessions::find(tx.read(), sid).await? else { return Ok(false) };
    // Whether it is over by this machine's clock is no matter.
    if !sessions::end_as(tx, sid, Ending { reason: EndReason::Kicked, message, at: direct.now }).await? {
        return Ok(false);
    }
    tx.revoke(direct.revocation(Subject::Session(sid.clone()), EndReason::Kicked));
    let mut detail = json!({ "ended_session": sid.as_str() });
    if let Some(message) = message {
        detail["message"] = json!(message);
    }
    audit::append(tx, &direct.audit(Event::KickSession, session.user_id, detail)).await?;
    activity::count(tx, Count { at: direct.now, kind: Kind::Kicks, n: 1 }).await?;
    Ok(true)
}

/// Ends all sessions of accounts, also those that are just beginning: of all that are named, or of none.
///
/// # Errors
/// When there is no such account.
pub async fn kill_all(config: &Config, users: Vec<Email>, message: Option<String>, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let found = find_all(&direct, &users).await;
    let db = direct.db.clone();
    let killed = match found {
        Ok(found) => db.write(move |tx| Box::pin(async move { kill_each(&direct, tx, found, message).await })).await,
        Err(failure) => {
            db.close().await;
            return Err(failure);
        }
    };
    db.close().await;
    let killed = killed?;
    let told: Vec<String> =
        killed.iter().map(|(email, ended)| format!("{ended} live sessions of {email} are ended")).collect();
    let ended: u64 = killed.iter().map(|(_, ended)| ended).sum();
    let each: Vec<_> = killed.iter().map(|(email, ended)| json!({ "email": email, "ended": ended })).collect();
    out.done(&told.join("\n"), &json!({ "ended": ended, "users": each }));
    Ok(())
}

async fn find_all(direct: &Direct, emails: &[Email]) -> Result<Vec<User>, Failure> {
    let mut found = Vec::new();
    for email in emails {
        found.push(direct.user(email).await?);
    }
    // In one order, so that two who do this at once never wait for each other.
    found.sort_by(|one, other| one.id.cmp(&other.id));
    found.dedup_by(|one, other| one.id == other.id);
    Ok(found)
}

/// E-mails, and how many sessions of each were ended.
async fn kill_each(
    direct: &Direct,
    tx: &mut Tx,
    users: Vec<User>,
    message: Option<String>,
) -> StoreResult<Vec<(String, u64)>> {
    let mut killed = Vec::new();
    for User { id, email, .. } in users {
        let ended = kill_every(direct, tx, id, json!({ "message": message })).await?;
        killed.extend(ended.map(|ended| (email, ended)));
    }
    Ok(killed)
}

/// Ends all sessions of a user with an audit row of this evidence, of whose `message` they are told.
///
/// # Errors
/// When the rows can't be written.
pub(super) async fn kill_every(
    direct: &Direct,
    tx: &mut Tx,
    user: UserId,
    detail: serde_json::Value,
) -> StoreResult<Option<u64>> {
    let Some(below) = users::end_versions(tx, &user, EndReason::Kicked).await? else { return Ok(None) };
    let ending = Ending { reason: EndReason::Kicked, message: detail["message"].as_str(), at: direct.now };
    let ended = sessions::end_all_as(tx, &user, None, ending).await?;
    write_down(direct, tx, (user, below, ended), detail).await?;
    Ok(Some(ended))
}

/// Tells the nodes and the audit log that a user's sessions are ended, of which `ended` were live, and all that was minted
/// below a version of the user.
///
/// # Errors
/// When the rows can't be written.
pub(super) async fn write_down(
    direct: &Direct,
    tx: &mut Tx,
    (user, below, ended): (UserId, i64, u64),
    mut detail: serde_json::Value,
) -> StoreResult<()> {
    let subject = Subject::User { user: user.clone(), below, except: None };
    tx.revoke(direct.revocation(subject, EndReason::Kicked));
    detail["ended"] = json!(ended);
    if let Some(detail) = detail.as_object_mut() {
        detail.retain(|_, value| !value.is_null());
    }
    audit::append(tx, &direct.audit(Event::Kick, user, detail)).await?;
    activity::count(tx, Count { at: direct.now, kind: Kind::Kicks, n: i64::try_from(ended).unwrap_or(i64::MAX) }).await
}

#[derive(Serialize)]
struct SessionRow {
    session_id: SessionId,
    email: String,
    device: String,
    address: String,
    remembered: bool,
    signed_in_at: i64,
    last_active_at: i64,
    ends_at: Option<i64>,
}

impl SessionRow {
    fn of(user: &User, session: Session) -> Self {
        Self {
            session_id: session.id,
            email: user.email.clone(),
            device: out::device(&device::label(&session.user_agent)),
            address: session.address,
            remembered: session.remembered,
            signed_in_at: session.signed_in_at.0,
            last_active_at: session.last_active_at.0,
            ends_at: first_end(session.ends).finite(),
        }
    }
}

impl Row for SessionRow {
    const HEAD: &'static [&'static str] =
        &["SESSION", "EMAIL", "ADDRESS", "SIGNED IN", "LAST ACTIVE", "ENDS", "DEVICE"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.session_id.to_string(),
            self.email.clone(),
            self.address.clone(),
            shown(Timestamp(self.signed_in_at)),
            shown(Timestamp(self.last_active_at)),
            self.ends_at.map_or_else(|| "never".to_owned(), |at| shown(Timestamp(at))),
            self.device.clone(),
        ]
    }
}

/// # Errors
/// When the database can't be read, or there is no such account.
pub async fn list(config: &Config, user: Option<Email>, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let users = match user {
        Some(email) => vec![direct.user(&email).await?],
        None => direct
            .users(&Filter { live: Some(true), ..Filter::default() }, Sort::Email, None)
            .await?
            .into_iter()
            .map(|listed| listed.user)
            .collect(),
    };
    let mut rows = Vec::new();
    for user in &users {
        let live = sessions::list_live(direct.db.read(), &user.id, direct.now).await?;
        rows.extend(live.into_iter().map(|session| SessionRow::of(user, session)));
    }
    direct.db.close().await;
    out.table(&rows);
    Ok(())
}
