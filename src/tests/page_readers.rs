//! Readers of pages, and those who hang up before there is one: nothing panics of it.

use std::{
    panic,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use sekisho::domain::role::Role;

use crate::test_app::TestApp;

const EMAIL: &str = "hanako@example.com";
const ROUNDS: usize = 60;
/// A page is looked for so often at most before it is given up.
const LOOKS: usize = 12;
/// What was left behind by those who hung up goes on for a moment.
const LEFT_BEHIND: Duration = Duration::from_secs(1);

/// What panics from now on, outside the tests themselves.
fn panics() -> Arc<Mutex<Vec<String>>> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let (before, hearing) = (panic::take_hook(), Arc::clone(&heard));
    panic::set_hook(Box::new(move |info| {
        if !info.location().is_some_and(|at| at.file().starts_with("src/tests/")) {
            hearing.lock().unwrap().push(info.to_string());
        }
        before(info);
    }));
    heard
}

#[tokio::test]
async fn a_page_whose_reader_hangs_up_panics_no_more_than_one_that_is_read() {
    let app = TestApp::start().await;
    let id = app.user(EMAIL, Role::Admin).await;
    let browser = app.signed_in(EMAIL).await;
    let panics = panics();
    let user = format!("/admin/users/{id}");
    let paths =
        ["/", "/login", "/register", "/settings/devices", "/settings/security", "/admin", "/admin/users", &user];
    for round in 0..ROUNDS {
        let hanging_up = paths.iter().enumerate().map(|(number, path)| {
            let mut request = browser.request(Method::GET, path).body(Body::empty()).unwrap();
            request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
            browser.hang_up(request, (round + number) % LOOKS)
        });
        futures::future::join_all(hanging_up).await;
        let mut reader = browser.clone();
        reader.page(paths[round % paths.len()]).await.expect(StatusCode::OK);
    }
    tokio::time::sleep(LEFT_BEHIND).await;
    assert_eq!(*panics.lock().unwrap(), Vec::<String>::new());
}
