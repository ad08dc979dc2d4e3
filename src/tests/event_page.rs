//! An open page: reads the stream of `GET /events` as a browser does.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{Method, StatusCode, header},
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};
use tower::ServiceExt as _;

use crate::test_app::{Browser, RUNTIME, Reply};

/// An open stream, read as it comes.
pub struct Page {
    pub told: mpsc::UnboundedReceiver<(String, Value)>,
}

impl Page {
    /// The next event; `None` at the end.
    pub async fn next(&mut self) -> Option<(String, Value)> {
        timeout(Duration::from_secs(5), self.told.recv()).await.expect("nothing was told, and the stream goes on")
    }

    pub async fn hears(&mut self, event: &str, data: &Value) {
        let told = self.next().await;
        assert_eq!(told.as_ref().map(|(event, data)| (event.as_str(), data)), Some((event, data)));
    }

    /// Is told that its session ended, and nothing after that.
    pub async fn ends(mut self, reason: &str) {
        let data = json!({ "code": "signed_out", "reason": reason });
        loop {
            match self.next().await {
                // The list of sessions may have changed a moment before.
                Some((event, _)) if event == "changed" => {}
                told => break assert_eq!(told, Some(("ended".to_owned(), data))),
            }
        }
        self.closes().await;
    }

    /// Ends without another word.
    pub async fn closes(&mut self) {
        assert_eq!(self.next().await, None);
    }

    pub async fn hears_nothing(&mut self) {
        let told = timeout(Duration::from_millis(600), self.told.recv()).await;
        assert!(told.is_err(), "{told:?}");
    }
}

pub async fn listen_at(router: Router, browser: &Browser) -> Result<Page, Reply> {
    let request = browser.request(Method::GET, "/events").body(Body::empty()).unwrap();
    let (tell, told) = mpsc::unbounded_channel();
    let opened = RUNTIME.spawn(async move {
        let (parts, mut body) = router.oneshot(request).await.unwrap().into_parts();
        if parts.status != StatusCode::OK {
            let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
            return Err(Reply { status: parts.status, headers: parts.headers, text });
        }
        assert_eq!(parts.headers[header::CONTENT_TYPE], "text/event-stream");
        assert_eq!(parts.headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(parts.headers["x-accel-buffering"], "no");
        assert!(!parts.headers.contains_key(header::SET_COOKIE) && !parts.headers.contains_key("content-encoding"));
        tokio::spawn(async move {
            let mut text = String::new();
            while let Some(Ok(frame)) = body.frame().await {
                text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
                while let Some((event, rest)) = text.split_once("\n\n") {
                    if let Some(event) = parse(event)
                        && tell.send(event).is_err()
                    {
                        return;
                    }
                    text = rest.to_owned();
                }
            }
        });
        Ok(())
    });
    opened.await.unwrap().map(|()| Page { told })
}

/// `None` for a comment.
fn parse(event: &str) -> Option<(String, Value)> {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    Some((field("event")?.to_owned(), serde_json::from_str(field("data")?).unwrap()))
}

pub async fn listen(browser: &Browser) -> Page {
    listen_at(browser.router.clone(), browser).await.unwrap_or_else(|reply| panic!("{} {}", reply.status, reply.text))
}

pub async fn refused(browser: &Browser) -> Reply {
    listen_at(browser.router.clone(), browser).await.err().expect("it listens")
}
