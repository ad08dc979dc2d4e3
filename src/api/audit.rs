//! The audit log on the wire. As JSON lines it is `GET /api/admin/audit/export` (`server/http/audit_export.rs`).

use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::ApiResult;
use crate::domain::device_label::DeviceLabel;

/// Where the log is had as JSON lines, under the same filter.
pub const EXPORT: &str = "/api/admin/audit/export";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    pub id: String,
    pub at: i64,
    pub action: String,
    pub outcome: String,
    /// E-mail of who did it, where it was a known user; `system` for the command line and the first start.
    pub actor: Option<String>,
    /// E-mail of whom it was done to.
    pub target: Option<String>,
    pub session_id: Option<String>,
    pub address: Option<String>,
    pub device: Option<DeviceLabel>,
    /// As the browser named itself.
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    /// Evidence, as JSON text.
    pub detail: Option<String>,
    /// Its number in the chain; `null` until it is sealed, a second later.
    pub seq: Option<i64>,
}

/// A page of the log. `next` is the cursor of the following page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    pub items: Vec<AuditRow>,
    pub next: Option<String>,
    /// The role of the one who asks lets them take the log out.
    pub exportable: bool,
    pub server_now: i64,
}

/// Which events are asked for, as it is typed and as it stands in the address. What is empty filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditFilter {
    /// An action, an e-mail, or the id of a session or a user.
    pub query: String,
    pub action: String,
    /// `done` or `refused`.
    pub outcome: String,
    /// E-mail or id.
    pub actor: String,
    pub target: String,
    pub session: String,
    /// A day (`2026-11-21`, in UTC) or an instant (RFC 3339).
    pub from: String,
    /// A day, to its end, or an instant, up to which it is.
    pub to: String,
}

impl AuditFilter {
    /// Names and values, in the order of the form.
    #[must_use]
    pub fn pairs(&self) -> [(&'static str, &str); 8] {
        [
            ("query", &self.query),
            ("action", &self.action),
            ("outcome", &self.outcome),
            ("actor", &self.actor),
            ("target", &self.target),
            ("session", &self.session),
            ("from", &self.from),
            ("to", &self.to),
        ]
    }

    /// Reads what has those names.
    #[must_use]
    pub fn read(value: impl Fn(&str) -> String) -> Self {
        Self {
            query: value("query"),
            action: value("action"),
            outcome: value("outcome"),
            actor: value("actor"),
            target: value("target"),
            session: value("session"),
            from: value("from"),
            to: value("to"),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs().iter().all(|(_, value)| value.is_empty())
    }
}

/// The audit log, newest first.
///
/// # Errors
/// `forbidden`, `invalid` (`limit`, `outcome`, `from`, `to`), `renew`, `signed_out`, `unavailable`.
#[server(prefix = "/api", endpoint = "admin/audit", input = GetUrl)]
pub async fn list_audit(
    #[server(flatten)] filter: AuditFilter,
    #[server(default)] cursor: String,
    #[server(default)] limit: String,
) -> ApiResult<AuditPage> {
    use crate::server::{context, flow};
    let cx = context::current()?;
    flow::audit_log::list(&cx, cx.actor()?, &filter, (&cursor, &limit)).await
}
