//! What can be typed after `sekisho audit`.

use clap::{Args, Subcommand, builder::PossibleValuesParser, value_parser};

use super::args::session_id;
use crate::{
    api::audit::AuditFilter,
    domain::{
        audit::{Event, Outcome},
        audit_chain::{Accepted, Head},
        ids::{SessionId, UserId},
    },
    server::{canonical, flow::audit_filter},
};

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Rows of the log, newest first
    List(AuditListing),
    /// Look for rows that are not as they were sealed, and tell the head to write down
    Verify {
        /// A head that was written down or logged: finds out whether the end of the log was cut off
        #[arg(long, value_name = "HEAD", value_parser = head)]
        head: Option<Head>,
        /// Believe a change of `auth_secret` that can't be proved any more: the number of the row after it, or its head
        #[arg(long, value_name = "SEQ", value_parser = accepted)]
        accept_key: Vec<Accepted>,
    },
    /// The log, or what a search finds of it, as JSON lines, newest first
    Export(AuditSearch),
}

/// What the log on the desk is searched by.
#[derive(Debug, Args)]
pub struct AuditSearch {
    /// An action, or whoever is named: an e-mail, the id of a user or a session
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub query: String,
    /// Such as `sign_in` or `kick_user`
    #[arg(long, hide_possible_values = true, value_parser = PossibleValuesParser::new(Event::ALL.map(Event::as_str)))]
    pub action: Option<String>,
    #[arg(long, value_parser = PossibleValuesParser::new(Outcome::ALL.map(Outcome::as_str)))]
    pub outcome: Option<String>,
    /// Who did it: an e-mail or an id
    #[arg(long, value_name = "WHO", value_parser = who)]
    pub actor: Option<String>,
    /// To whom it was done
    #[arg(long, value_name = "WHO", value_parser = who)]
    pub target: Option<String>,
    #[arg(long, value_name = "SESSION_ID", value_parser = session_id)]
    pub session: Option<SessionId>,
    /// From this day (2026-11-21, in UTC) or instant (RFC 3339) on
    #[arg(long, value_name = "WHEN", value_parser = when)]
    pub from: Option<String>,
    /// To the end of this day, or before this instant
    #[arg(long, value_name = "WHEN", value_parser = when)]
    pub to: Option<String>,
}

#[derive(Debug, Args)]
pub struct AuditListing {
    #[command(flatten)]
    pub search: AuditSearch,
    /// Only what comes after this row, which is the last of the page before
    #[arg(long, value_name = "ROW_ID", value_parser = row_id)]
    pub cursor: Option<String>,
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = value_parser!(i64).range(1..=1000))]
    pub limit: i64,
}

impl AuditSearch {
    #[must_use]
    pub fn asked(self) -> AuditFilter {
        let session = self.session.map(|session| session.to_string());
        let [action, outcome, actor, target, session, from, to] =
            [self.action, self.outcome, self.actor, self.target, session, self.from, self.to]
                .map(Option::unwrap_or_default);
        AuditFilter { query: self.query, action, outcome, actor, target, session, from, to }
    }
}

fn who(typed: &str) -> Result<String, &'static str> {
    let typed = typed.trim();
    let named = UserId::parse(typed).is_some() || canonical::email(typed).is_some();
    named.then(|| typed.to_owned()).ok_or("neither an e-mail address nor the id of a user")
}

fn when(typed: &str) -> Result<String, &'static str> {
    let understood = audit_filter::is_time(typed);
    understood
        .then(|| typed.to_owned())
        .ok_or("neither a day such as 2026-11-21 nor an instant such as 2026-11-21T10:00:00Z")
}

fn row_id(typed: &str) -> Result<String, &'static str> {
    UserId::parse(typed).map(|id| id.to_string()).ok_or("not a row's id (see `sekisho audit list --json`)")
}

fn accepted(typed: &str) -> Result<Accepted, &'static str> {
    Accepted::parse(typed).ok_or("neither the number of a row nor a head such as 42:0f…9c")
}

fn head(typed: &str) -> Result<Head, &'static str> {
    Head::parse(typed).ok_or("not a head such as 42:0f…9c (see `sekisho audit verify`)")
}
