//! `sekisho user set-role`, `lock`, `unlock` and `delete`: what admins do on their page, by the machine's operator.

use serde_json::{Value, json};

use super::{
    direct::{Direct, no_such_user},
    failure::Failure,
    out::Out,
};
use crate::{
    domain::{account_act::AccountAct, email::Email},
    server::{
        config::Config,
        flow::accounts::{self, Change},
        store::{StoreResult, Tx, users},
    },
};

/// Those whose sessions end by it are told `message`.
///
/// # Errors
/// When there is no such account, or it is the last admin's.
pub async fn act(
    config: &Config,
    email: Email,
    (act, message): (AccountAct, Option<String>),
    out: Out,
) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let db = direct.db.clone();
    let wanted = email.clone();
    let change = db.write(move |tx| Box::pin(async move { change(&direct, tx, &wanted, (act, message)).await })).await;
    db.close().await;
    let email = email.as_str();
    match change? {
        Change::Done { ended } => out.done(&done(email, act, ended), &told(email, act, (true, ended))),
        Change::AlreadySo => out.done(&already_so(email, act), &told(email, act, (false, 0))),
        Change::LastAdmin => return Err(Failure::refused(format!("{email} is the last admin"))),
        Change::NoUser => return Err(no_such_user(email)),
        Change::Oneself | Change::NotAllowed => unreachable!("the operator of the machine is no account"),
    }
    Ok(())
}

async fn change(
    direct: &Direct,
    tx: &mut Tx,
    email: &Email,
    (act, message): (AccountAct, Option<String>),
) -> StoreResult<Change> {
    let Some(found) = users::find_with_password(tx.read(), email).await? else { return Ok(Change::NoUser) };
    let mut by = direct.by(accounts::event(act));
    if let Some(message) = message {
        by.detail["message"] = json!(message);
    }
    accounts::change(tx, by, &found.user.id, act).await
}

fn done(email: &str, act: AccountAct, ended: u64) -> String {
    match act {
        AccountAct::SetRole(role) => format!("{email} has role {} now", role.as_str()),
        AccountAct::Lock => format!("{email} is locked; {ended} live sessions are ended"),
        AccountAct::Unlock => format!("{email} can sign in again"),
        AccountAct::RequirePassword => {
            format!("{email} must choose another password at the next sign-in; {ended} live sessions are ended")
        }
        AccountAct::Delete => format!("{email} is deleted; {ended} live sessions are ended"),
    }
}

fn already_so(email: &str, act: AccountAct) -> String {
    match act {
        AccountAct::SetRole(role) => format!("{email} has role {} already", role.as_str()),
        AccountAct::Lock => format!("{email} is locked already"),
        AccountAct::RequirePassword => format!("{email} must choose another password already"),
        AccountAct::Unlock | AccountAct::Delete => format!("{email} is not locked"),
    }
}

fn told(email: &str, act: AccountAct, (changed, ended): (bool, u64)) -> Value {
    let mut told = json!({ "email": email, "changed": changed });
    match act {
        AccountAct::SetRole(role) => told["role"] = json!(role),
        AccountAct::Lock | AccountAct::Delete | AccountAct::RequirePassword => told["ended"] = json!(ended),
        AccountAct::Unlock => {}
    }
    told
}
