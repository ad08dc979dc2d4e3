//! Webhooks changed on the command line: what is told to whom, with which secret, and once more.

use std::process::Command;

use serde_json::{Value, json};

use crate::{
    cli::on,
    cli_desk::{json as printed, refused, run},
    receiver::{HERE, Receiver, pass},
    test_app::TestApp,
};

const NO_ID: &str = "0192a5c0-7d3e-7b21-9f00-0123456789ab";

/// What may send to this machine.
fn here(app: &TestApp, arguments: &[&str]) -> Command {
    let mut command = on(app);
    command.env("SEKISHO_WEBHOOKS__ALLOW_PRIVATE", HERE.1).arg("webhook").args(arguments);
    command
}

async fn start() -> (TestApp, Receiver, String, String) {
    let app = TestApp::today_with(&[HERE]).await;
    let receiver = Receiver::start().await;
    let made = printed(&mut here(&app, &["create", "--url", &receiver.url(), "--event", "user.locked"]));
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let (id, secret) = (text("webhook_id"), text("secret"));
    (app, receiver, id, secret)
}

/// The evidence of the newest row of an action.
fn evidence(app: &TestApp, action: &str) -> Value {
    printed(on(app).args(["audit", "list", "--action", action, "--limit", "1"]))[0]["detail"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_named_of_a_webhook_changes_on_the_command_line_and_the_rest_stays() {
    let (app, receiver, id, _) = start().await;
    let update =
        |more: &[&str]| printed(&mut here(&app, &[&["update", id.as_str()][..], more].concat()))["changed"].clone();
    let listed = || printed(&mut here(&app, &["list"]))[0].clone();
    let more = ["--description", "The ledger", "--event", "user.created", "--event", "user.deleted"];
    assert_eq!([update(&more), update(&more)], [true, false], "it is so already");
    let webhook = listed();
    assert_eq!((&webhook["url"], &webhook["description"]), (&json!(receiver.url()), &json!("The ledger")));
    assert_eq!(webhook["events"], json!(["user.created", "user.deleted"]));
    let expected = json!(["events", "description"]);
    assert_eq!((&evidence(&app, "webhook_update")["changed"], app.audit("webhook_update").await), (&expected, 1));
    assert_eq!(update(&["--all-events", "--url", "https://hooks.example.com/new"]), true);
    let webhook = listed();
    assert_eq!((&webhook["url"], &webhook["events"]), (&json!("https://hooks.example.com/new"), &json!([])));
    let detail = evidence(&app, "webhook_update");
    assert_eq!((&detail["host"], &detail["by"]), (&json!("hooks.example.com"), &json!("cli")));
    for odd in [["--url", "http://10.0.0.1/"], ["--event", "user.flew"]] {
        refused(&app, &[&["webhook", "update", &id][..], &odd[..]].concat(), 1);
    }
    refused(&app, &["webhook", "update", NO_ID, "--description", "x"], 1);
    for usage in [&[][..], &["--all-events", "--event", "user.locked"], &["--enabled", "no"]] {
        refused(&app, &[&["webhook", "update", id.as_str()][..], usage].concat(), 2);
    }
    assert_eq!((listed(), app.audit("webhook_update").await), (webhook, 2), "what was refused changed nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_secret_is_printed_once_and_signs_beside_the_former() {
    let (app, receiver, id, former) = start().await;
    let rotated = printed(&mut here(&app, &["rotate", &id]));
    let secret = rotated["secret"].as_str().unwrap();
    assert!(secret != former && secret.starts_with("whsec_"));
    assert!(rotated["former_until"].as_i64().unwrap() > app.state.clock.now().0 + 23 * 3_600_000);
    printed(&mut here(&app, &["test", &id]));
    app.minutes(1);
    pass(&app).await;
    let got = receiver.got().remove(0);
    assert!(got.is_signed_by(secret) && got.is_signed_by(&former));
    let detail = evidence(&app, "webhook_rotate");
    assert_eq!((&detail["webhook"], &detail["by"], detail.as_object().unwrap().len()), (&json!(id), &json!("cli"), 3));
    assert!(!printed(&mut here(&app, &["list"])).to_string().contains(secret), "never again");
    refused(&app, &["webhook", "rotate", NO_ID], 1);
    refused(&app, &["webhook", "rotate"], 2);
    let mut foreign = here(&app, &["rotate", &id]);
    if app.database.secret().is_some() {
        let (code, _, complaint) = run(foreign.env_remove("AUTH_SECRET"));
        assert_eq!(code, Some(2), "without the auth secret none can be sealed: {complaint}");
    }
    assert_eq!(app.audit("webhook_rotate").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_sent_again_on_the_command_line_under_its_own_id() {
    let (app, receiver, id, _) = start().await;
    let sent = printed(&mut here(&app, &["test", &id]))["delivery_id"].as_str().unwrap().to_owned();
    app.minutes(1);
    pass(&app).await;
    assert_eq!(printed(&mut here(&app, &["deliveries", &id]))[0]["state"], "delivered");
    assert_eq!(printed(&mut here(&app, &["resend", &id, &sent]))["delivery_id"], sent.as_str());
    assert_eq!(printed(&mut here(&app, &["deliveries", &id]))[0]["state"], "pending");
    app.minutes(1);
    pass(&app).await;
    let got: Vec<String> = receiver.got().iter().map(|got| got.header("webhook-id").to_owned()).collect();
    assert_eq!(got, [sent.clone(), sent.clone()]);
    let detail = evidence(&app, "webhook_send");
    assert_eq!((&detail["delivery"], &detail["by"]), (&json!(sent), &json!("cli")));
    refused(&app, &["webhook", "resend", &id, NO_ID], 1);
    refused(&app, &["webhook", "resend", NO_ID, &sent], 1);
    refused(&app, &["webhook", "resend", &id], 2);
    printed(&mut here(&app, &["disable", &id]));
    refused(&app, &["webhook", "resend", &id, &sent], 1);
    assert_eq!(app.audit("webhook_send").await, 2, "the test, and once more");
}
