//! What a form without scripts came to is read by whoever sent it, and by nobody whom a link with it was given.

use axum::http::{StatusCode, header};
use sekisho::domain::role::Role;

use crate::{
    html::Page,
    test_app::{Browser, PASSWORD, Reply, TestApp},
};

const EMAIL: &str = "hanako@example.com";
const ADMIN: &str = "admin@example.com";
const WRONG: &str = "E-mail or password is wrong.";

/// Sends a form as a browser without scripts does.
async fn submit(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Reply {
    let mut request = browser.form(path, fields);
    request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
    browser.send(request).await.expect(StatusCode::SEE_OTHER)
}

fn led(reply: &Reply) -> String {
    reply.headers[header::LOCATION].to_str().unwrap().trim_start_matches("http://localhost:3000").to_owned()
}

async fn refused_sign_in(browser: &mut Browser) -> String {
    let fields = [("email", EMAIL), ("password", "wrong"), ("page", "/login?return_to=%2Fsettings")];
    led(&submit(browser, "/api/login", &fields).await)
}

async fn renamed(browser: &mut Browser) -> String {
    led(&submit(browser, "/api/account/update", &[("display_name", "Hana"), ("page", "/settings/account")]).await)
}

#[tokio::test]
async fn a_browser_without_a_session_reads_what_its_own_form_came_to_and_no_other_does() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.browser();
    let to = refused_sign_in(&mut browser).await;
    let page = browser.page(&to).await.expect(StatusCode::OK).text;
    assert!(page.contains(WRONG), "{page}");
    assert!(browser.page(&to).await.text.contains(WRONG), "loaded again it says the same");
    let mut other = app.browser();
    for _ in 0..2 {
        let cleaned = other.page(&to).await.expect(StatusCode::SEE_OTHER);
        assert_eq!(led(&cleaned), "/login?return_to=%2Fsettings");
        // Known by a cookie of its own, and by its own form, it is still another one.
        refused_sign_in(&mut other).await;
    }
    let lines = submit(&mut app.browser(), "/api/login", &[("page", "/login")]).await.set_cookies();
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert!(line.starts_with("__Host-form=") && line.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/"), "{line}");
    let again = submit(&mut browser, "/api/login", &[("page", "/login")]).await;
    assert_eq!(again.set_cookies(), Vec::<String>::new(), "it is known already");
}

#[tokio::test]
async fn a_session_reads_what_its_own_form_came_to_and_no_other_of_the_same_person_does() {
    for strategy in ["hybrid", "database", "jwt"] {
        let app = TestApp::with(&[("session.strategy", strategy)]).await;
        app.user(EMAIL, Role::User).await;
        let (mut browser, mut other) = (app.signed_in(EMAIL).await, app.signed_in(EMAIL).await);
        let to = renamed(&mut browser).await;
        let page = browser.page(&to).await.expect(StatusCode::OK).text;
        assert!(page.contains("Your name was changed."), "{strategy}: {page}");
        assert_eq!(led(&other.page(&to).await.expect(StatusCode::SEE_OTHER)), "/settings/account", "{strategy}");
        // As long as it is the same session, whatever its credentials have become.
        app.minutes(14);
        browser.refresh().await;
        assert!(browser.page(&to).await.expect(StatusCode::OK).text.contains("Your name was changed."), "{strategy}");
    }
}

#[tokio::test]
async fn what_a_link_makes_up_is_read_by_nobody() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    app.user(ADMIN, Role::Admin).await;
    let (mut admin, mut nobody) = (app.signed_in(ADMIN).await, app.browser());
    let genuine = renamed(&mut admin).await;
    let (_, proof) = genuine.split_once("__proof=").unwrap();
    let invitation = "__path=/api/admin/invite&__done=%7B%22invite_id%22%3A%22x%22%2C%22link%22%3A%22https%3A%2F%2Fevil.example\
        %2F%22%2C%22email%22%3Anull%2C%22role%22%3A%22user%22%2C%22expires_at%22%3A1%7D";
    for (page, made_up) in [
        ("/admin/users/new", invitation.to_owned()),
        ("/admin/users/new", format!("{invitation}&__proof={proof}")),
        ("/admin/users/new", format!("{invitation}&__proof=")),
        ("/settings/security", "__path=/api/password/change&__done=%7B%22ended%22%3A1%7D".to_owned()),
        ("/settings/account", format!("__path=/api/account/update&__err=x&__proof={proof}")),
        ("/settings/account", format!("__path=/api/account/update&__done=null&__done=null&__proof={proof}")),
        ("/settings/account", "__done=null".to_owned()),
        ("/settings/account", "%5F%5Fdone=null".to_owned()),
        ("/settings/account", format!("__proof={proof}")),
    ] {
        let reply = admin.page(&format!("{page}?a=%26&{made_up}")).await.expect(StatusCode::SEE_OTHER);
        assert_eq!(led(&reply), format!("{page}?a=%26"), "{made_up}");
    }
    let error = "__path=/api/login&__err=eyJjb2RlIjoiaW52YWxpZF9jcmVkZW50aWFscyJ9";
    assert_eq!(led(&nobody.page(&format!("/login?{error}")).await.expect(StatusCode::SEE_OTHER)), "/login");
    admin.page(&genuine).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn the_way_to_an_address_without_it_leads_to_no_other_site() {
    let app = TestApp::start().await;
    for path in ["//evil.example/", "///evil.example/", "//evil.example"] {
        let reply = app.browser().page(&format!("{path}?__done=1")).await;
        if reply.status == StatusCode::SEE_OTHER {
            let to = led(&reply);
            assert!(to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/\\"), "{to}");
        }
    }
}

#[tokio::test]
async fn a_form_is_led_back_with_a_result_of_one_kind_and_no_secret() {
    let app = TestApp::start().await;
    app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    let first = renamed(&mut browser).await;
    // The page that shows the last result sends the next form.
    let fields = [("display_name", "x".repeat(99)), ("page", first)];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let second = led(&submit(&mut browser, "/api/account/update", &fields).await);
    assert_eq!((second.matches("__proof=").count(), second.matches("__err=").count()), (1, 1), "{second}");
    assert!(!second.contains("__done=") && !second.contains(PASSWORD), "{second}");
    let page = Page::read(&browser.page(&second).await.expect(StatusCode::OK).text);
    assert!(page.shows("Please give a name of up to 64 characters."));
}
