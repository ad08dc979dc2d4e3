//! What strangers can have written into the audit log is bounded, and what is left out is counted.

use axum::http::StatusCode;
use sekisho::{domain::role::Role, server::node::refusals};

use crate::{metrics::told, test_app::TestApp};

const EMAIL: &str = "hanako@example.com";

async fn foreign_posts(app: &TestApp, many: usize, address: &str) {
    let browser = app.browser().from(address);
    for _ in 0..many {
        let mut request = browser.form("/api/login", &[]);
        request.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
        browser.deliver(request).await.refused(StatusCode::FORBIDDEN, "cross_site");
    }
}

#[tokio::test]
async fn foreign_posts_write_a_few_rows_and_then_their_count() {
    let app = TestApp::start().await;
    foreign_posts(&app, 60, "203.0.113.7").await;
    assert_eq!(app.audit("cross_site").await, 20);
    assert!(told(&app).await.contains("sekisho_audit_left_out_total{event=\"cross_site\"} 40"));
    refusals::write_down(&app.state).await;
    refusals::write_down(&app.state).await;
    assert_eq!(app.audit("cross_site").await, 21);
    let detail = app.text("SELECT detail FROM audit WHERE detail LIKE '%left_out%'").await;
    assert_eq!(detail, r#"{"by":"schedule","left_out":40}"#);
    assert_eq!(app.text("SELECT address FROM audit WHERE detail LIKE '%left_out%'").await, "203.0.113.7");
}

#[tokio::test]
async fn an_act_without_permission_is_bounded_per_account() {
    let app = TestApp::start().await;
    let id = app.user(EMAIL, Role::User).await;
    let mut browser = app.signed_in(EMAIL).await;
    for _ in 0..30 {
        browser.get("/api/admin/users").await.expect(StatusCode::FORBIDDEN);
    }
    assert_eq!(app.audit("forbidden").await, 20);
    app.user("taro@example.com", Role::User).await;
    app.signed_in("taro@example.com").await.get("/api/admin/users").await.expect(StatusCode::FORBIDDEN);
    assert_eq!(app.audit("forbidden").await, 21, "another account from the same address has rows of its own");
    app.minutes(1);
    browser.refresh().await.expect(StatusCode::OK);
    browser.get("/api/admin/users").await.expect(StatusCode::FORBIDDEN);
    let counted = "SELECT COUNT(*) FROM audit WHERE action = 'forbidden' AND detail LIKE '%\"left_out\":10%'";
    assert_eq!(app.number(counted).await, 1, "the next row tells");
    assert_eq!(
        app.number(&format!("SELECT COUNT(*) FROM audit WHERE actor_id = '{id}' AND action = 'forbidden'")).await,
        21
    );
}

#[tokio::test]
async fn wrong_passwords_leave_a_trace_on_the_account_whatever_strangers_do_elsewhere() {
    let app = TestApp::start().await;
    let id = app.user(EMAIL, Role::User).await;
    for last in 0..250_u16 {
        foreign_posts(&app, 1, &format!("198.51.{}.{}", 100 + last / 200, last % 200)).await;
    }
    assert_eq!(app.audit("cross_site").await, 200, "from everywhere together");
    app.browser().sign_in(EMAIL, "this is not the password").await.expect(StatusCode::UNAUTHORIZED);
    let trace = format!("SELECT COUNT(*) FROM audit WHERE target_id = '{id}' AND outcome = 'refused'");
    assert_eq!(app.number(&trace).await, 1);
}

#[tokio::test]
async fn all_addresses_of_a_customers_network_cause_as_few_rows_as_one() {
    let app = TestApp::start().await;
    for last in 1..=40 {
        foreign_posts(&app, 1, &format!("[2001:db8:1:2::{last:x}]")).await;
    }
    assert_eq!(app.audit("cross_site").await, 20);
    foreign_posts(&app, 1, "[2001:db8:1:3::1]").await;
    assert_eq!(app.audit("cross_site").await, 21);
}

#[tokio::test]
async fn wrong_passwords_from_everywhere_cause_so_many_rows_together() {
    let app = TestApp::start().await;
    for n in 0..230_u16 {
        let browser = app.browser().from(&format!("198.51.{}.{}", 100 + n / 200, n % 200));
        let email = format!("nobody{n}@example.com");
        browser.deliver(browser.form("/api/login", &[("email", &email), ("password", "not the password")])).await;
    }
    assert_eq!(app.audit("sign_in").await, 200);
}

/// Ever so many rows are sealed without a rest between the batches.
#[tokio::test]
async fn a_backlog_of_many_batches_is_sealed_in_one_look() {
    let app = TestApp::start().await;
    let rows = app.number("SELECT COUNT(*) FROM audit").await;
    app.execute(
        "INSERT INTO audit (id, at, action, outcome)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
         SELECT 'row-' || i, 1, 'sign_in', 'done' FROM n",
    )
    .await;
    let head = sekisho::server::node::audit_seal::look(&app.state).await.unwrap().unwrap();
    assert_eq!(head.seq, rows + 3000);
    assert_eq!(crate::audit_chain::findings(&app).await, []);
}

/// Run by hand: `cargo test … -- --ignored --nocapture rows_sealed_a_second`.
#[tokio::test]
#[ignore = "measures; asserts nothing"]
async fn rows_sealed_a_second() {
    let app = TestApp::start().await;
    for round in 0..5 {
        app.execute(&format!(
            "INSERT INTO audit (id, at, action, outcome, actor_id, target_id, session_id, address, device, request_id, detail)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
             SELECT 'row-{round}-' || i, 1, 'sign_in', 'done', 'actor', 'target', 'session-' || i, '203.0.113.7',
               'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'request-' || i, '{{}}' FROM n"
        ))
        .await;
        let began = tokio::time::Instant::now();
        sekisho::server::node::audit_seal::look(&app.state).await.unwrap();
        println!("{:.0} rows a second", 10_000.0 / began.elapsed().as_secs_f64());
    }
}
