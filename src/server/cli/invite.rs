//! `sekisho user invite`, `invites` and `uninvite`: links by which people make their accounts.

use serde::Serialize;
use serde_json::json;

use super::{
    args::Guest,
    direct::{Direct, shown},
    failure::Failure,
    out::{Out, Row},
};
use crate::{
    api::invites::InviteRow,
    domain::{audit::Event, ids::InviteId, time::Timestamp},
    server::{
        config::Config,
        flow::invites::{self, Gave},
        store,
    },
};

/// Prints the link, which is nowhere else.
///
/// # Errors
/// When the e-mail has an account, or the database can't be written.
pub async fn give(config: &Config, guest: Guest, out: Out) -> Result<(), Failure> {
    if guest.email.is_none() && !invites::serves_anyone(config) {
        return Err(Failure::refused("registration is closed: --email says whose account it will be"));
    }
    let direct = Direct::open(config).await?;
    let Guest { email, role, display_name } = guest;
    let guest = invites::Guest { email, display_name, role };
    let (invite, token) = invites::draw(&direct.rng, direct.now, config.invites_ttl, guest);
    let by = (direct.entry(Event::InviteCreate), json!({ "by": "cli" }));
    let (row, key) = (invite.clone(), token.clone());
    let gave = direct.db.write(move |tx| Box::pin(async move { invites::write(tx, &row, &key, by).await })).await;
    direct.db.close().await;
    if gave? != Gave::Given {
        return Err(Failure::refused("there is an account with this e-mail already"));
    }
    let told = invites::told(config, &invite, Some(&token));
    let value = json!(told);
    out.done(told.link.as_deref().unwrap_or_default(), &value);
    Ok(())
}

#[derive(Serialize)]
#[serde(transparent)]
struct Open(InviteRow);

impl Row for Open {
    const HEAD: &'static [&'static str] = &["INVITE", "EMAIL", "ROLE", "EXPIRES", "COUNTS", "BY"];

    fn cells(&self) -> Vec<String> {
        let Self(row) = self;
        let by = if row.by_operator { "command line".to_owned() } else { row.by.clone().unwrap_or_default() };
        vec![
            row.invite_id.clone(),
            row.email.clone().unwrap_or_else(|| "anyone".to_owned()),
            row.role.as_str().to_owned(),
            shown(Timestamp(row.expires_at)),
            if row.counts { "yes" } else { "no" }.to_owned(),
            by,
        ]
    }
}

/// # Errors
/// When the database can't be opened or read.
pub async fn list(config: &Config, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let open = store::invites::list_open(direct.db.read(), direct.now, i64::MAX).await;
    direct.db.close().await;
    let rows: Vec<Open> = open?.into_iter().map(|given| Open(invites::row(config, given))).collect();
    out.table(&rows);
    Ok(())
}

/// # Errors
/// When there is no such open invitation.
pub async fn revoke(config: &Config, id: InviteId, out: Out) -> Result<(), Failure> {
    let direct = Direct::open(config).await?;
    let by = (direct.entry(Event::InviteRevoke), json!({ "by": "cli" }));
    let struck = id.clone();
    let revoked =
        direct.db.write(move |tx| Box::pin(async move { invites::strike(tx, &struck, None, by).await })).await;
    direct.db.close().await;
    if revoked? != Some(true) {
        return Err(Failure::refused(format!("there is no open invitation {id}")));
    }
    out.done(&format!("invitation {id} is revoked"), &json!({ "revoked": true }));
    Ok(())
}
