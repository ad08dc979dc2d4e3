//! Acts on everybody: `sekisho session kill --all` and `--since`, `sekisho keys rotate --now --all`, and what `sekisho restore`
//! ends.
//!
//! In batches, so that others are served meanwhile. A batch is one transaction; if one fails, those before it stay ended, and
//! the command can be repeated.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    args::Since,
    direct::{Direct, shown},
    failure::Failure,
    keys,
    out::Out,
    session,
};
use crate::{
    domain::{
        audit::Event,
        ids::{SessionId, UserId},
        session::EndReason,
        strategy::Strategy,
        time::Timestamp,
    },
    server::{
        config::Config,
        flow::keys::Rotation,
        store::{
            StoreResult, Tx,
            audit::{self, Entry},
            everybody,
            pace::{BATCH, Pace},
            sessions::{self, Ending},
            users,
        },
    },
};

/// Ends all sessions there are.
///
/// # Errors
/// When the database can't be opened or written.
pub async fn kill(config: &Config, message: Option<String>, out: Out) -> Result<(), Failure> {
    let direct = Arc::new(Direct::open(config).await?);
    let ended = end(&direct, message).await;
    direct.db.close().await;
    let ended = ended?;
    let rest = if config.strategy == Strategy::Jwt {
        "; session.strategy = jwt keeps none, and its tokens end by `sekisho keys rotate --now`"
    } else {
        ""
    };
    out.done(&format!("{ended} live sessions are ended, of everybody{rest}"), &json!({ "ended": ended }));
    Ok(())
}

/// Makes other keys of every kind and ends all sessions: nothing that was issued before is believed.
///
/// # Errors
/// As [`keys::rotate`], and when the sessions can't be ended.
pub async fn rotate_all(config: &Config, out: Out) -> Result<(), Failure> {
    let direct = Arc::new(Direct::open(config).await?);
    let done = end_with_keys(config, &direct).await;
    direct.db.close().await;
    let (rotated, ended) = done?;
    let text = format!(
        "key {} signs from now on, and refresh tokens are derived under another; {ended} live sessions are ended: everyone \
         signs in anew",
        rotated.kid
    );
    let value = json!({ "kid": rotated.kid, "signs_from": rotated.signs_from.0, "dead": rotated.dead, "ended": ended });
    out.done(&text, &value);
    Ok(())
}

/// Other keys first: what is signed or derived under the former is worth nothing from then on, whatever row it names.
///
/// # Errors
/// When the auth secret doesn't open the keys there are, or something can't be written.
pub async fn end_with_keys(
    config: &Config,
    direct: &Arc<Direct>,
) -> Result<(crate::server::flow::keys::Rotated, u64), Failure> {
    let rotated = keys::make(config, direct, Rotation::All).await?;
    Ok((rotated, end(direct, None).await?))
}

/// Ends all sessions there are, and whatever was issued to a user before; how many of the sessions were live.
async fn end(direct: &Arc<Direct>, message: Option<String>) -> StoreResult<u64> {
    let (mut after, mut ended) = (String::new(), 0);
    loop {
        let batch = everybody::users(direct.db.read(), &after, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after = last.to_string();
        let pace = Pace::begin();
        let (cloned, message) = (Arc::clone(direct), message.clone());
        let write = direct.db.write(move |tx| Box::pin(async move { end_batch(&cloned, tx, batch, message).await }));
        ended += write.await?;
        pace.rest().await;
    }
    write_down(direct, json!({ "ended": ended })).await?;
    Ok(ended)
}

/// In the order of their ids, so that two who do this at once never wait for each other.
async fn end_batch(direct: &Direct, tx: &mut Tx, batch: Vec<UserId>, message: Option<String>) -> StoreResult<u64> {
    let mut ended = 0;
    for user in batch {
        let Some(below) = users::end_versions(tx, &user, EndReason::Kicked).await? else { continue };
        let ending = Ending { reason: EndReason::Kicked, message: message.as_deref(), at: direct.now };
        let of_user = sessions::end_all_as(tx, &user, None, ending).await?;
        if of_user > 0 {
            ended += of_user;
            session::write_down(direct, tx, (user, below, of_user), json!({ "message": message })).await?;
        }
    }
    Ok(ended)
}

/// Ends the sessions that began since a moment.
///
/// # Errors
/// When the database can't be opened or written.
pub async fn kill_since(config: &Config, since: Since, message: Option<String>, out: Out) -> Result<(), Failure> {
    let direct = Arc::new(Direct::open(config).await?);
    let since = match since {
        Since::At(at) => at,
        Since::Ago(length) => direct.now.minus(length),
    };
    let ended = end_since(&direct, since, message).await;
    direct.db.close().await;
    let ended = ended?;
    let text = format!("{ended} live sessions that began since {} are ended", shown(since));
    out.done(&text, &json!({ "ended": ended, "since": since.0 }));
    Ok(())
}

async fn end_since(direct: &Arc<Direct>, since: Timestamp, message: Option<String>) -> StoreResult<u64> {
    let (mut after, mut ended) = (String::new(), 0);
    loop {
        let batch = everybody::sessions(direct.db.read(), since, &after, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after = last.to_string();
        let pace = Pace::begin();
        let (cloned, message) = (Arc::clone(direct), message.clone());
        let write = direct.db.write(move |tx| Box::pin(async move { kill_batch(&cloned, tx, batch, message).await }));
        ended += write.await?;
        pace.rest().await;
    }
    write_down(direct, json!({ "ended": ended, "since": since.0 })).await?;
    Ok(ended)
}

async fn kill_batch(direct: &Direct, tx: &mut Tx, batch: Vec<SessionId>, message: Option<String>) -> StoreResult<u64> {
    let mut ended = 0;
    for sid in batch {
        ended += u64::from(session::kill_one(direct, tx, &sid, message.as_deref()).await?);
    }
    Ok(ended)
}

/// One row for the whole, beside those of each person whose sessions ended.
async fn write_down(direct: &Arc<Direct>, mut detail: Value) -> StoreResult<()> {
    detail["by"] = "cli".into();
    let entry = Entry { detail: Some(detail.to_string()), ..direct.entry(Event::KickAll) };
    direct.db.write(move |tx| Box::pin(async move { audit::append(tx, &entry).await })).await
}
