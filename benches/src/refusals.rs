//! What an attacker may send without end: tokens that are none, of a key that is not known, or of an algorithm that is
//! not ours. Each is refused before any signature is computed, and so should cost little.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    Outcome, Plan,
    compare::{Measure, Subject},
    database::Kind,
    report::{Aim, Report},
    stage::Stage,
    wrk::Questions,
};

/// So many different ones, that no memory of the last would help.
const MANY: u32 = 20_000;

pub async fn run(plan: &Plan, report: &mut Report) -> Outcome<()> {
    let stage = Stage::set(plan, Kind::Sqlite, &[]).await?;
    let cookie = stage.cookie(&stage.seeded.emails[0], "__Host-access").await?;
    let (name, token) = cookie.split_once('=').ok_or("a cookie without a value")?;
    let (head, rest) = token.split_once('.').ok_or("a token without a header")?;
    let head: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(head)?)?;
    let with = |claim: &str, value: Value| {
        let mut head = head.clone();
        head[claim] = value;
        format!("{}.{rest}", BASE64_URL_SAFE_NO_PAD.encode(head.to_string()))
    };
    let malformed = |number: u32| format!("{number:07}{}", &token[7..]).replace('.', "-");
    let unknown_key = |number: u32| with("kid", json!(format!("unknown{number:05}")));
    let unknown_algorithm = |number: u32| with("alg", json!(format!("X{number:04}")));
    for (what, tokens) in [
        ("a malformed token", (0..MANY).map(malformed).collect::<Vec<_>>()),
        ("a token of an unknown key", (0..MANY).map(unknown_key).collect()),
        ("a token of an unknown algorithm", (0..MANY).map(unknown_algorithm).collect()),
    ] {
        let cookies: Vec<String> = tokens.iter().map(|token| format!("{name}={token}")).collect();
        let questions = Questions::of("/auth/verify", &cookies, stage.folder(), "refused")?.all_refused();
        let what = format!("/auth/verify, {what}");
        let aims = [(Measure::Rate, Aim::AtLeast(0.25, 0.8))];
        let subject = Subject { what: &what, server: &stage.server, questions: &[questions], aims: &aims };
        subject.against_bare(plan, stage.folder(), report).await?;
    }
    Ok(())
}
