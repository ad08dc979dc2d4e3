//! What people typed is text wherever it is shown: in the body, head and title of every page, in attributes, in what a page
//! hydrates with, and in files. Whatever it is, a page has the elements that it has with a plain one.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use sekisho::domain::{csv, plain_text::is_invisible, role::Role};

use crate::{
    html::Page,
    test_app::{Browser, FIREFOX, PASSWORD, TestApp},
};

const EMAIL: &str = "o'h&na{ko}@example.com";
const ADMIN: &str = "admin@example.com";
const PLAIN: &str = "plain";
/// Of up to 64 code points, as names are.
const HOSTILE: [&str; 5] = [
    "</title><meta http-equiv=refresh content=0;//x>",
    "</script></textarea></select><!--<script><img src=x onerror=y>",
    "\"><b x='y' onfocus=z autofocus>'&lt;&#60;\\u003c/script>",
    "]]></style></noscript></template></svg><a href=javascript:x>",
    "a\u{202e}b\u{2066}c\u{2069}\u{200f}\u{61c}d<i>\u{2028}e",
];

/// What is left of a text that was typed.
fn kept(typed: &str) -> String {
    let visible: String = typed.chars().filter(|char| char.is_whitespace() || !is_invisible(*char)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A server on which one text stands wherever somebody can put one.
struct Place {
    app: TestApp,
    admin: Browser,
    user: Browser,
    kicked: Browser,
    id: String,
    webhook: String,
    invitation: String,
    text: &'static str,
}

impl Place {
    /// Each act at a time of its own, so that what is listed by time is listed alike.
    async fn with(text: &'static str) -> Self {
        let app = TestApp::with(&[("registration", "invite")]).await;
        let id = app.user(EMAIL, Role::User).await;
        app.advance(Duration::from_secs(1));
        app.user(ADMIN, Role::Admin).await;
        app.advance(Duration::from_secs(1));
        let agent: String = text.chars().filter(char::is_ascii).collect();
        let (mut admin, mut user) = (app.signed_in(ADMIN).await, app.browser().using(&agent));
        app.advance(Duration::from_secs(1));
        user.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
        app.advance(Duration::from_secs(1));
        app.browser().using(&agent).sign_in(EMAIL, text).await.expect(StatusCode::UNAUTHORIZED);
        for browser in [&mut admin, &mut user] {
            app.advance(Duration::from_secs(1));
            browser.post("/api/account/update", &[("display_name", text)]).await.expect(StatusCode::OK);
        }
        app.advance(Duration::from_secs(1));
        let mut kicked = app.browser().using(&agent);
        kicked.sign_in(EMAIL, PASSWORD).await.expect(StatusCode::OK);
        let session = kicked.session_id().await;
        app.advance(Duration::from_secs(1));
        admin.post("/api/admin/note/add", &[("user_id", &id), ("text", text)]).await.expect(StatusCode::OK);
        app.advance(Duration::from_secs(1));
        admin
            .post("/api/admin/kick_session", &[("session_id", &session), ("message", text)])
            .await
            .expect(StatusCode::OK);
        app.advance(Duration::from_secs(1));
        let url = format!("https://hooks.example.com/{}?{}", text.replace('#', ""), text.replace('#', ""));
        let made = admin.post("/api/admin/webhooks/create", &[("url", &url), ("description", text)]).await;
        let webhook = made.expect(StatusCode::OK).json()["webhook_id"].as_str().unwrap().to_owned();
        app.advance(Duration::from_secs(1));
        admin.post("/api/admin/webhooks/test", &[("webhook_id", &webhook)]).await.expect(StatusCode::OK);
        app.advance(Duration::from_secs(1));
        let given = admin.post("/api/admin/invite", &[("display_name", text), ("role", "user")]).await;
        let link = given.expect(StatusCode::OK).json()["link"].as_str().unwrap().to_owned();
        let invitation = link.split_once("invite=").unwrap().1.to_owned();
        app.advance(Duration::from_secs(1));
        let late = app.browser();
        let mut foreign = late.form("/api/logout", &[]);
        foreign.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
        late.deliver(foreign).await.expect(StatusCode::FORBIDDEN);
        Self { app, admin, user, kicked, id, webhook, invitation, text }
    }

    /// Every page that shows something of it, with whether it must.
    async fn pages(&mut self) -> Vec<(String, bool, Page)> {
        let asked = url::form_urlencoded::byte_serialize(self.text.as_bytes()).collect::<String>();
        let id = self.id.clone();
        let mut pages = Vec::new();
        for (path, shows) in [
            ("/".to_owned(), true),
            ("/admin".to_owned(), true),
            ("/admin/users".to_owned(), true),
            (format!("/admin/users?query={asked}"), true),
            (format!("/admin/users?query=nobody{asked}&role={asked}&cursor={asked}"), true),
            (format!("/admin/users/{id}"), true),
            (format!("/admin/users/{asked}"), true),
            (format!("/admin/users/several?user_ids={id}&act=lock&query={asked}"), true),
            ("/admin/users/new".to_owned(), true),
            ("/admin/audit".to_owned(), true),
            (format!("/admin/audit?query={asked}"), true),
            (format!("/admin/audit?actor={asked}&session={asked}&from={asked}"), true),
            ("/admin/webhooks".to_owned(), true),
            (format!("/admin/webhooks/{}", self.webhook), true),
            ("/settings/account".to_owned(), true),
            ("/settings/devices".to_owned(), true),
            ("/settings/security".to_owned(), true),
            ("/login".to_owned(), true),
            (format!("/no/{asked}?{asked}"), true),
        ] {
            pages.push((format!("admin {path}"), shows, read(&mut self.admin, &path).await));
        }
        for path in ["/", "/settings/account", "/settings/devices", "/settings/security", "/admin", "/login"] {
            pages.push((format!("user {path}"), true, read(&mut self.user, path).await));
        }
        pages.push(("kicked /login".to_owned(), true, read(&mut self.kicked, "/login").await));
        let mut nobody = self.app.browser();
        for (path, shows) in [
            (format!("/login?return_to=/{asked}&reason={asked}"), false),
            (format!("/register?invite={asked}&return_to=/{asked}"), false),
            (format!("/register?invite={}", self.invitation), true),
            (format!("/login?{asked}={asked}&lang={asked}&theme={asked}"), false),
        ] {
            pages.push((format!("nobody {path}"), shows, read(&mut nobody, &path).await));
        }
        pages
    }
}

async fn read(browser: &mut Browser, path: &str) -> Page {
    let reply = browser.page(path).await;
    assert!(
        reply.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"),
        "{path}: {:?}",
        reply.headers
    );
    Page::read(&reply.text)
}

/// The tags of a page. What it hydrates with comes after its end, in as many scripts of ours as it takes.
fn elements(page: &Page) -> Vec<&str> {
    let end = page.tags.iter().position(|tag| tag == "/html").expect("a page has an end");
    let (shown, after) = page.tags.split_at(end + 1);
    let foreign = after.iter().filter(|tag| !["script nonce", "/script"].contains(&tag.as_str()));
    shown.iter().chain(foreign).map(String::as_str).collect()
}

#[tokio::test]
async fn no_text_makes_an_element_on_any_page() {
    let plain = Place::with(PLAIN).await.pages().await;
    for text in HOSTILE {
        let hostile = Place::with(text).await.pages().await;
        for ((page, shows, expected), (_, _, found)) in plain.iter().zip(&hostile) {
            assert_eq!(elements(found), elements(expected), "{text:?} on {page}");
            assert!(!shows || found.shows(&kept(text)) || found.shows(text), "{text:?} is not shown on {page}");
        }
    }
}

#[tokio::test]
async fn no_text_turns_the_direction_of_what_stands_beside_it() {
    let turning = HOSTILE[4];
    let mut place = Place::with(turning).await;
    for (page, _, found) in place.pages().await {
        let turned = found.texts.iter().find(|text| text.chars().any(|char| char != '\n' && is_invisible(char)));
        assert_eq!(turned, None, "{page}");
    }
}

#[tokio::test]
async fn a_name_is_the_title_of_its_page_and_ends_no_head() {
    for text in HOSTILE {
        let mut place = Place::with(text).await;
        let path = format!("/admin/users/{}", place.id);
        let page = read(&mut place.admin, &path).await;
        assert_eq!(page.title, format!("{} · Sekisho", kept(text)));
    }
}

#[tokio::test]
async fn what_is_no_ascii_in_a_user_agent_is_nobodys_name() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let browser = app.browser();
    let mut form = browser.form("/api/login", &[("email", EMAIL), ("password", PASSWORD)]);
    let agent = axum::http::HeaderValue::from_bytes(format!("{FIREFOX} \u{202e}\u{9b}").as_bytes()).unwrap();
    form.headers_mut().insert(header::USER_AGENT, agent);
    browser.deliver(form).await.expect(StatusCode::OK);
    assert_eq!(app.number("SELECT COUNT(*) FROM sessions WHERE user_agent = ''").await, 1);
}

#[tokio::test]
async fn a_file_has_a_line_for_each_user_whatever_they_are_called() {
    for text in HOSTILE {
        let mut place = Place::with(text).await;
        let file = place.admin.get("/api/admin/users/export").await.expect(StatusCode::OK).text;
        assert_eq!(file.matches("\r\n").count(), 3, "{file}");
        let cells = csv::line(&[&place.id, EMAIL, &kept(text)]);
        assert!(file.contains(cells.trim_end()), "{file}");
        assert!(!file.replace("\r\n", "").trim_start_matches('\u{feff}').contains(is_invisible), "{file:?}");
        let request = place.admin.request(Method::GET, "/api/admin/audit/export").body(Body::empty()).unwrap();
        let events = place.admin.deliver(request).await.expect(StatusCode::OK).text;
        for line in events.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|_| panic!("{line}"));
            assert!(!line.contains(is_invisible), "{line:?}");
        }
    }
}
