//! Where the log goes: to stderr, as text or one JSON object a line, filtered by `RUST_LOG`.
//!
//! No secret reaches it: ours have no `Debug`, and the crates that see headers and frames are kept from telling
//! of them whatever the filter says. A log that can't be written costs lines, never an answer (`log_writer.rs`).

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io::IsTerminal as _,
    panic::{self, PanicHookInfo},
};

use axum::http::{Method, StatusCode};
use tracing_subscriber::{EnvFilter, filter::Directive};

use super::{context::RequestContext, log_lines::LogLines, log_writer};
use crate::api::ApiError;

/// What the server logs unless asked otherwise.
pub const SERVING: &str = "info,sqlx=warn";
/// What a command that is over in a moment logs.
pub const COMMAND: &str = "warn";

/// They see cookies and bearer tokens in the clear.
const CAPPED: [&str; 3] = ["h2=info", "hyper=info", "hyper_util=info"];

/// What open pages ask for by themselves, again and again. Metrics count it.
const ROUTINE: [&str; 2] = ["/api/refresh", "/api/touch"];

/// Starts logging, once per process; a second call changes nothing.
///
/// # Errors
/// One line when `RUST_LOG` can't be read.
pub fn init(json: bool, default: &str) -> Result<(), String> {
    let wanted = std::env::var("RUST_LOG").unwrap_or_default();
    let filter = filter(&wanted, default)?;
    let coloured = !json && std::io::stderr().is_terminal();
    let lines = LogLines::over(log_writer::stderr, coloured);
    // What the logger says of its own failures goes to stderr straight, and panics when that fails.
    let logger = tracing_subscriber::fmt().with_env_filter(filter).with_writer(lines).log_internal_errors(false);
    // A logger that is there already, as in tests, stays.
    let started = if json { logger.json().try_init() } else { logger.with_ansi(coloured).try_init() };
    if started.is_ok() {
        panic::set_hook(Box::new(panicked));
    }
    Ok(())
}

/// Logs a panic. The standard hook writes to stderr itself, and waits for as long as nobody reads that.
fn panicked(panic: &PanicHookInfo<'_>) {
    let trace = Backtrace::capture();
    let trace = (trace.status() == BacktraceStatus::Captured).then(|| trace.to_string());
    let thread = std::thread::current();
    tracing::error!(thread = thread.name(), trace, "{panic}");
}

/// Tells of a request that was answered: of one that may have changed something, and of what went wrong; of the others, and
/// of what goes on by itself and went well, where `debug` is asked for. A path is told without its query.
pub fn answered(cx: &RequestContext, (method, path): (&Method, &str), status: StatusCode) {
    let session = cx.actor().ok().map(|actor| actor.claims().sid.as_str());
    let is_routine = is_routine(method, path, status);
    let status = status.as_u16();
    if status >= 500 {
        tracing::warn!(request_id = cx.request_id(), session, %method, path, status, "answered");
    } else if is_routine {
        tracing::debug!(request_id = cx.request_id(), session, %method, path, status, "answered");
    } else {
        tracing::info!(request_id = cx.request_id(), session, %method, path, status, "answered");
    }
}

/// Tells of a sign-in that was refused, and from where: fail2ban reads this line (docs/fail2ban), so it stays as it is.
/// Nothing in it was typed by anybody.
pub fn sign_in_refused(cx: &RequestContext, error: &ApiError) {
    if let ApiError::InvalidCredentials | ApiError::Throttled { .. } = error {
        let reason = if *error == ApiError::InvalidCredentials { "invalid_credentials" } else { "throttled" };
        tracing::info!(client = %cx.address, reason, request_id = cx.request_id(), "sign-in refused");
    }
}

fn is_routine(method: &Method, path: &str, status: StatusCode) -> bool {
    *method != Method::POST || status.is_success() && ROUTINE.contains(&path)
}

fn filter(wanted: &str, default: &str) -> Result<EnvFilter, String> {
    let wanted = if wanted.trim().is_empty() { default } else { wanted };
    let refused = |error: &dyn std::fmt::Display| format!("RUST_LOG: {error}");
    let mut filter = EnvFilter::try_new(wanted).map_err(|error| refused(&error))?;
    for capped in CAPPED {
        filter = filter.add_directive(capped.parse::<Directive>().map_err(|error| refused(&error))?);
    }
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_that_see_tokens_stay_capped_whatever_is_asked() {
        let shown = filter("trace,h2=trace", SERVING).unwrap().to_string();
        assert!(shown.contains("h2=info") && !shown.contains("h2=trace"), "{shown}");
    }

    #[test]
    fn what_goes_on_by_itself_is_told_of_where_it_was_refused() {
        let (asked, refused) = (StatusCode::OK, StatusCode::UNAUTHORIZED);
        for path in ROUTINE {
            assert!(is_routine(&Method::POST, path, asked) && !is_routine(&Method::POST, path, refused), "{path}");
        }
        assert!(!is_routine(&Method::POST, "/api/login", asked));
        assert!(is_routine(&Method::GET, "/", asked));
    }

    #[test]
    fn a_filter_that_is_none_is_told_in_one_line() {
        let line = filter("sekisho=loud=er", SERVING).unwrap_err();
        assert!(line.starts_with("RUST_LOG: ") && !line.contains('\n'), "{line}");
        assert!(filter("", SERVING).is_ok() && filter(" ", COMMAND).is_ok());
    }
}
