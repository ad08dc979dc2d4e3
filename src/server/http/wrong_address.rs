//! Found out here: that somebody reaches us by another name or address than `server.public_url`. There no cookie stays and no form
//! is taken, so they are told where the service is, and the log says both. None of it decides anything: anyone can send these headers.

use std::sync::atomic::{AtomicI64, Ordering};

use axum::http::{HeaderMap, Uri, header, request::Parts};
use leptos::prelude::use_context;
use url::Url;

use crate::{
    domain::time::Timestamp,
    server::context::{self, RequestContext},
};

/// As often as the log says so at most.
const EVERY_MS: i64 = 60_000;
/// Names of hosts are shorter.
const LONGEST: usize = 253 + 16;

/// When the log said so last.
#[derive(Debug)]
pub struct Told(AtomicI64);

impl Default for Told {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl Told {
    /// Whether it is to be said at `now`; of several at once one is told so. A clock that was set back keeps nobody quiet.
    fn is_due(&self, now: Timestamp) -> bool {
        let last = self.0.load(Ordering::Relaxed);
        let is_over = now.0 < last || now.0.saturating_sub(last) >= EVERY_MS;
        is_over && self.0.compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// Whether the page being rendered was asked for elsewhere.
#[must_use]
pub fn is_elsewhere() -> bool {
    let (Some(parts), Ok(cx)) = (use_context::<Parts>(), context::current()) else { return false };
    let Some(asked) = asked_at(&cx, &parts.headers, &parts.uri) else { return false };
    tell(&cx.state.told_addresses, cx.now, &asked, &cx.state.config.public_url);
    true
}

/// Notes that a write was refused which came from another origin than ours.
pub fn note_refusal(cx: &RequestContext, headers: &HeaderMap) {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    if let Some(origin) = origin.filter(|origin| *origin != cx.state.config.public_url) {
        tell(&cx.state.told_addresses, cx.now, origin, &cx.state.config.public_url);
    }
}

/// The host by which the browser asked, if it is known and isn't that of the public URL.
fn asked_at(cx: &RequestContext, headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    let forwarded = text(header::HeaderName::from_static("x-forwarded-host")).filter(|_| cx.is_behind_proxy());
    // Of several proxies the first was asked by the browser.
    let host = forwarded.and_then(|hosts| hosts.split(',').next()).or_else(|| text(header::HOST));
    let host = host.or_else(|| uri.authority().map(axum::http::uri::Authority::as_str))?.trim();
    is_another(host, &cx.state.config.public_url).then(|| host.to_owned())
}

/// The scheme can't be seen behind a proxy: only host and port are compared.
fn is_another(host: &str, public_url: &str) -> bool {
    let Ok(ours) = Url::parse(public_url) else { return false };
    let fits = host.len() <= LONGEST && !host.contains(['/', '?', '#', '@', '\\']);
    let asked = Url::parse(&format!("{}://{host}", ours.scheme())).ok().filter(|_| fits);
    asked.is_some_and(|asked| asked.origin() != ours.origin())
}

fn tell(told: &Told, now: Timestamp, asked: &str, public_url: &str) {
    if told.is_due(now) {
        let asked: String = asked.chars().take(LONGEST).collect();
        tracing::warn!(
            asked,
            public_url,
            "somebody came by another address than server.public_url: sign-in and forms work at that one only"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[test]
    fn another_host_or_port_is_another_address() {
        for (host, another) in [
            ("id.example.com", false),
            ("ID.example.com:443", false),
            ("id.example.com:8443", true),
            ("example.com", true),
            ("192.168.1.5:3000", true),
            ("[::1]:3000", true),
            ("", false),
            ("id.example.com@evil.example", false),
            ("a b", false),
        ] {
            assert_eq!(is_another(host, "https://id.example.com"), another, "{host}");
        }
        assert!(!is_another("localhost:3000", "http://localhost:3000"));
        assert!(is_another("127.0.0.1:3000", "http://localhost:3000"));
    }

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_log_says_both_addresses_once_a_minute() {
        let (kept, told) = (Kept::default(), Told::default());
        let to = kept.clone();
        let logger = tracing_subscriber::fmt().with_ansi(false).with_writer(move || to.clone()).finish();
        tracing::subscriber::with_default(logger, || {
            for now in [0, 1, 59_999, 60_000, 60_001, 30_000, 89_999] {
                tell(&told, Timestamp(now), "http://192.168.1.5:3000", "https://id.example.com");
            }
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 3, "at 0, 60 and, the clock set back, 30 seconds: {text}");
        assert!(
            text.lines()
                .all(|line| line.contains("http://192.168.1.5:3000") && line.contains("https://id.example.com"))
        );
    }
}
