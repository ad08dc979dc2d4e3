//! Who is told the words that went with the end of a session, by which of its credentials.

use axum::http::StatusCode;
use serde_json::Value;

use crate::{
    conformance::EMAIL,
    user_page::{kick, notice, start},
};

#[tokio::test]
async fn each_credential_of_the_session_tells_its_words_without_the_other() {
    let (app, id, mut admin) = start().await;
    let theirs = app.signed_in(EMAIL).await;
    kick(&mut admin, &id, "out").await;
    for name in ["__Host-access", "__Host-refresh"] {
        let mut alone = theirs.clone();
        alone.cookies.retain(|held, _| held == name);
        assert_eq!(notice(&mut alone).await["message"], "out", "{name}");
    }
}

#[tokio::test]
async fn whoever_is_signed_in_is_told_nothing_of_a_session_before() {
    let (app, id, mut admin) = start().await;
    let mut before = app.signed_in(EMAIL).await;
    kick(&mut admin, &id, "out").await;
    let mut now = app.signed_in(EMAIL).await;
    now.cookies.insert("__Host-refresh".to_owned(), before.cookie("__Host-refresh").to_owned());
    now.session().await.expect(StatusCode::OK);
    assert_eq!(notice(&mut now).await, Value::Null);
    assert_eq!(notice(&mut before).await["message"], "out");
}
