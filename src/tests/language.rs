//! The language of pages: a choice, else an earlier one, else what the browser prefers.

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};

use crate::test_app::{Browser, Reply, TestApp};

async fn page(browser: &mut Browser, path: &str, accepted: &str) -> Reply {
    let request = browser.request(Method::GET, path).header(header::ACCEPT_LANGUAGE, accepted);
    let mut request = request.body(Body::empty()).unwrap();
    request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
    browser.send(request).await.expect(StatusCode::OK)
}

fn language(page: &Reply) -> &str {
    let (_, rest) = page.text.split_once(" lang=\"").unwrap();
    rest.split_once('"').unwrap().0
}

#[tokio::test]
async fn a_page_is_in_the_language_of_most_weight_and_never_in_one_of_none() {
    let app = TestApp::start().await;
    for (accepted, expected) in [("en;q=0.2, ja;q=0.7", "ja"), ("ja;q=0, fr", "en"), ("en;q=0, *;q=0.1", "ja")] {
        let page = page(&mut app.browser(), "/login", accepted).await;
        assert_eq!(language(&page), expected, "{accepted}");
        assert_eq!(page.set_cookies(), Vec::<String>::new(), "nothing is stored without a choice");
    }
}

#[tokio::test]
async fn a_chosen_language_is_kept_over_what_the_browser_prefers() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let chosen = page(&mut browser, "/login?lang=ja", "en").await;
    assert_eq!(language(&chosen), "ja");
    assert_eq!(chosen.set_cookies(), ["locale=ja; Path=/; Max-Age=31536000; SameSite=Lax"]);
    assert_eq!(language(&page(&mut browser, "/register", "en").await), "ja");
    assert_eq!(language(&page(&mut browser, "/register?lang=xx", "en").await), "ja", "no language of ours");
}
