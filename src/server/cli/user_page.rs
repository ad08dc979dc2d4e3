//! `sekisho user show`: what the desk's page of one person shows.

use serde_json::json;

use super::{
    direct::{Direct, shown},
    failure::Failure,
    note::NoteRow,
    out::{Out, Row as _, aligned, device},
};
use crate::{
    api::{
        admin::SessionRow,
        alarms::Alarm,
        audit::AuditRow,
        desk::{Note, UserDetail},
    },
    domain::{email::Email, session::EndReason, time::Timestamp},
    server::{
        config::Config,
        flow::user_page::{self, Looking},
    },
};

/// # Errors
/// When there is no such account, or the database can't be read.
pub async fn show(config: &Config, email: Email, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let user = direct.user(&email).await?;
    let looking = Looking { db: &direct.db, config, now: direct.now, by: None };
    let detail = user_page::look(&looking, user, &user_page::Pages::default()).await;
    direct.db.close().await;
    let detail = detail?;
    let value = json!(detail);
    out.done(&told(detail), &value);
    Ok(())
}

/// Who it is, and then a table of each kind of thing that there is.
fn told(detail: UserDetail) -> String {
    let (live, over): (Vec<_>, Vec<_>) = detail.sessions.iter().partition(|session| session.ended.is_none());
    let open: Vec<&Alarm> = detail.alarms.iter().filter(|alarm| alarm.answered_at.is_none()).collect();
    let tables = [
        section("Open alarms", &["ALARM", "KIND", "AT", "FIRST", "SECOND"], open.into_iter().map(alarm)),
        section(
            "Live sessions",
            &["SESSION", "ADDRESS", "SIGNED IN", "LAST ACTIVE", "ENDS", "DEVICE"],
            live.into_iter().map(live_session),
        ),
        section(
            "Sessions that are over",
            &["SESSION", "ADDRESS", "SIGNED IN", "ENDED", "REASON", "DEVICE"],
            over.into_iter().map(ended_session),
        ),
        section("Sign-ins", &["AT", "OUTCOME", "ADDRESS", "DEVICE"], detail.sign_ins.iter().map(sign_in)),
        section(
            "By them and to them",
            &["AT", "ACTION", "OUTCOME", "ACTOR", "TARGET", "ADDRESS"],
            detail.trail.iter().map(act),
        ),
        section("Notes", NoteRow::HEAD, detail.notes.iter().cloned().map(note)),
    ];
    let parts: Vec<String> = std::iter::once(facts(&detail)).chain(tables.into_iter().flatten()).collect();
    parts.join("\n\n")
}

fn facts(detail: &UserDetail) -> String {
    let user = &detail.user;
    let state = match (user.locked, detail.password_due_at) {
        (true, _) => "locked".to_owned(),
        (false, Some(at)) => format!("must choose another password (since {})", at_time(at)),
        (false, None) => "can sign in".to_owned(),
    };
    let live = if detail.kept { user.live_sessions.to_string() } else { "not kept by this strategy".to_owned() };
    let rows = [
        ("name", user.display_name.clone()),
        ("id", user.id.clone()),
        ("role", user.role.as_str().to_owned()),
        ("state", state),
        ("created", at_time(user.created_at)),
        ("last active", user.last_active_at.map_or("never".to_owned(), at_time)),
        ("live sessions", live),
    ];
    aligned(&["e-mail", &user.email], rows.map(|(name, value)| vec![name.to_owned(), value]).into())
}

fn section(title: &str, head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Option<String> {
    let rows: Vec<_> = rows.collect();
    (!rows.is_empty()).then(|| format!("{title}\n{}", aligned(head, rows)))
}

fn alarm(alarm: &Alarm) -> Vec<String> {
    let (first, second) = (alarm.first.address.clone(), alarm.second.address.clone());
    vec![alarm.id.clone(), alarm.kind.as_str().to_owned(), at_time(alarm.at), first, second]
}

fn live_session(session: &SessionRow) -> Vec<String> {
    vec![
        session.session_id.clone(),
        session.address.clone(),
        at_time(session.signed_in_at),
        at_time(session.last_active_at),
        session.ends_at.map_or("never".to_owned(), at_time),
        device(&session.label),
    ]
}

fn ended_session(session: &SessionRow) -> Vec<String> {
    vec![
        session.session_id.clone(),
        session.address.clone(),
        at_time(session.signed_in_at),
        session.ended_at.map(at_time).unwrap_or_default(),
        session.ended.map(EndReason::as_str).unwrap_or_default().to_owned(),
        device(&session.label),
    ]
}

fn sign_in(row: &AuditRow) -> Vec<String> {
    let device = row.device.as_ref().map(device).unwrap_or_default();
    vec![at_time(row.at), row.outcome.clone(), row.address.clone().unwrap_or_default(), device]
}

fn act(row: &AuditRow) -> Vec<String> {
    let named = |name: &Option<String>| name.clone().unwrap_or_default();
    vec![
        at_time(row.at),
        row.action.clone(),
        row.outcome.clone(),
        named(&row.actor),
        named(&row.target),
        named(&row.address),
    ]
}

fn note(note: Note) -> Vec<String> {
    NoteRow::from(note).cells()
}

fn at_time(at: i64) -> String {
    shown(Timestamp(at))
}
