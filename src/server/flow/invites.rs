//! Invitations: a link that makes one account, with the role its giver chose. Given, listed and revoked here; used by `register.rs`.

use std::time::Duration;

use serde_json::json;

use crate::{
    api::{
        ApiError, ApiResult,
        admin::Changed,
        invites::{InviteRow, Invited, Invites},
    },
    domain::{
        audit::{Event, Outcome},
        email::Email,
        ids::{InviteId, UserId},
        invite::counts,
        role::{Action, Role},
        time::Timestamp,
    },
    server::{
        canonical,
        config::{Config, Registration},
        context::{Actor, RequestContext},
        crypto::invite_token::InviteToken,
        flow::{accounts, audit_log::allow},
        rng::Rng,
        store::{
            StoreResult, Tx,
            audit::{self, Entry},
            invites::{self, Given, Invite, Waiting},
            users,
            webhooks::Showing,
        },
    },
};

/// As many are listed: they are few, or nobody looks after them.
const SHOWN: i64 = 200;
/// The page that shows a link follows at once.
const SHOWN_FOR: Duration = Duration::from_mins(5);

/// Who is invited, and to what; everything in it has been checked.
#[derive(Debug)]
pub struct Guest {
    /// Nobody in particular without it.
    pub email: Option<Email>,
    pub display_name: String,
    pub role: Role,
}

/// What became of giving one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gave {
    Given,
    /// There is an account with this e-mail.
    Taken,
    /// The one who gives is no longer allowed to.
    NotAllowed,
}

/// # Errors
/// `forbidden`, `step_up_required`, `invalid` (`email`, `display_name`, `role`), `conflict` for an e-mail that has an account,
/// `unavailable`.
pub async fn give(
    cx: &RequestContext,
    actor: &Actor,
    (email, display_name): (&str, &str),
    role: &str,
) -> ApiResult<Invited> {
    allow(cx, actor, Action::ManageAccounts).await?;
    let guest = read(email, display_name, role)?;
    if guest.email.is_none() && !serves_anyone(&cx.state.config) {
        return Err(ApiError::invalid("email", "needed"));
    }
    let (invite, token) = draw(&cx.state.rng, cx.now, cx.state.config.invites_ttl, guest);
    let invite = Invite { created_by: Some(actor.claims().sub.clone()), ..invite };
    let (row, key, entry) = (invite.clone(), token.clone(), cx.audit(Event::InviteCreate, Outcome::Done));
    let sealed = cx.navigates.then(|| token.seal(cx.state.keyring.opener(), &invite.id, &cx.state.rng));
    let (session, now) = (actor.claims().sid.to_string(), cx.now);
    let gave = cx.state.db.write(move |tx| {
        Box::pin(async move {
            let gave = write(tx, &row, &key, (entry, json!({}))).await?;
            if let (Gave::Given, Some(sealed)) = (gave, sealed) {
                let to = Waiting { session: &session, now, until: now.plus(SHOWN_FOR) };
                invites::show_once(tx, &row.id, &sealed, to).await?;
            }
            Ok(gave)
        })
    });
    match gave.await? {
        Gave::Given => Ok(told(&cx.state.config, &invite, (!cx.navigates).then_some(&token))),
        Gave::Taken => Err(ApiError::conflict()),
        Gave::NotAllowed => Err(ApiError::Forbidden),
    }
}

fn read(email: &str, display_name: &str, role: &str) -> ApiResult<Guest> {
    let email = match email.trim() {
        "" => None,
        typed => Some(canonical::email(typed).ok_or_else(|| ApiError::invalid("email", "not_an_address"))?),
    };
    let display_name =
        canonical::display_name(display_name).ok_or_else(|| ApiError::invalid("display_name", "too_long"))?;
    let role = Role::parse(role).ok_or_else(|| ApiError::invalid("role", "unknown"))?;
    Ok(Guest { email, display_name, role })
}

/// An invitation by the machine's operator, as it begins, and the only copy of its token.
#[must_use]
pub fn draw(rng: &Rng, now: Timestamp, ttl: Duration, guest: Guest) -> (Invite, InviteToken) {
    let id = InviteId::parse(&rng.uuid(now)).unwrap_or_else(|| unreachable!("a UUID is a UUID"));
    let Guest { email, display_name, role } = guest;
    let email = email.map(|email| email.as_str().to_owned());
    let invite = Invite { id, email, display_name, role, created_by: None, created_at: now, expires_at: now.plus(ttl) };
    (invite, InviteToken::new(rng.bytes()))
}

/// Writes an invitation down, with what its giver is known by in the audit log. The e-mail stays out of that: the log outlives it.
///
/// # Errors
/// When the rows can't be written.
pub async fn write(
    tx: &mut Tx,
    invite: &Invite,
    token: &InviteToken,
    (entry, mut detail): (Entry, serde_json::Value),
) -> StoreResult<Gave> {
    if !accounts::may_manage(tx, invite.created_by.as_ref()).await? {
        return Ok(Gave::NotAllowed);
    }
    if let Some(email) = invite.email.as_deref().and_then(canonical::email)
        && users::find_with_password(tx.read(), &email).await?.is_some()
    {
        return Ok(Gave::Taken);
    }
    invites::insert(tx, invite, &token.hash()).await?;
    (detail["invite"], detail["role"]) = (json!(invite.id.as_str()), json!(invite.role));
    detail["for_anyone"] = json!(invite.email.is_none());
    audit::append(tx, &Entry { detail: Some(detail.to_string()), ..entry }).await?;
    Ok(Gave::Given)
}

/// What is told once, to the one who gives it: with its token, the link too.
#[must_use]
pub fn told(config: &Config, invite: &Invite, token: Option<&InviteToken>) -> Invited {
    Invited {
        invite_id: invite.id.to_string(),
        link: token.map(|token| format!("{}/register?invite={}", config.public_url, token.expose())),
        email: invite.email.clone(),
        role: invite.role,
        expires_at: invite.expires_at.0,
    }
}

/// The open ones, newest first.
///
/// # Errors
/// `forbidden`, `unavailable`.
pub async fn list(cx: &RequestContext, actor: &Actor) -> ApiResult<Invites> {
    allow(cx, actor, Action::ViewInvites).await?;
    let open = invites::list_open(cx.state.db.read(), cx.now, SHOWN).await?;
    Ok(Invites {
        items: open.into_iter().map(|given| row(&cx.state.config, given)).collect(),
        manageable: actor.claims().role.may(Action::ManageAccounts),
        given: take_link(cx, actor).await?,
        server_now: cx.now.0,
    })
}

/// The link for a page that follows a form without scripts: only for the session that sent it, only once.
async fn take_link(cx: &RequestContext, actor: &Actor) -> ApiResult<Option<Invited>> {
    if !cx.navigates {
        return Ok(None);
    }
    let session = actor.claims().sid.to_string();
    let to = Showing { session, request: cx.request_id().to_owned(), now: cx.now };
    let Some(Given { invite, .. }) = invites::to_be_shown(cx.state.db.read(), &to).await? else { return Ok(None) };
    let id = invite.id.clone();
    let taken = cx.state.db.write(move |tx| Box::pin(async move { invites::take_showing(tx, &id, &to).await }));
    let sealed = taken.await?;
    let token = sealed.and_then(|sealed| InviteToken::open(cx.state.keyring.opener(), &invite.id, &sealed));
    Ok(token.map(|token| told(&cx.state.config, &invite, Some(&token))))
}

/// Whether an invitation counts, as it, who gave it and the configuration are now.
#[must_use]
pub fn admits(config: &Config, Given { invite, inviter, .. }: &Given) -> bool {
    counts(invite.role, *inviter) && (invite.email.is_some() || serves_anyone(config))
}

/// A link that serves whoever has it is as good as an open registration, which a closed one is not.
#[must_use]
pub fn serves_anyone(config: &Config) -> bool {
    config.registration != Registration::Closed
}

/// An open invitation as it is listed.
#[must_use]
pub fn row(config: &Config, given: Given) -> InviteRow {
    let admits = admits(config, &given);
    let Given { invite, inviter_email, .. } = given;
    InviteRow {
        invite_id: invite.id.to_string(),
        email: invite.email,
        display_name: invite.display_name,
        role: invite.role,
        by: inviter_email,
        by_operator: invite.created_by.is_none(),
        created_at: invite.created_at.0,
        expires_at: invite.expires_at.0,
        counts: admits,
    }
}

/// Makes a link worthless. `false` where it was already: used, revoked or expired.
///
/// # Errors
/// `forbidden`, `step_up_required`, `not_found` for what is no id, `unavailable`.
pub async fn revoke(cx: &RequestContext, actor: &Actor, invite_id: &str) -> ApiResult<Changed> {
    allow(cx, actor, Action::ManageAccounts).await?;
    let id = InviteId::parse(invite_id).ok_or(ApiError::NotFound)?;
    let (entry, admin) = (cx.audit(Event::InviteRevoke, Outcome::Done), actor.claims().sub.clone());
    let revoked =
        cx.state.db.write(move |tx| Box::pin(async move { strike(tx, &id, Some(&admin), (entry, json!({}))).await }));
    let changed = revoked.await?.ok_or(ApiError::Forbidden)?;
    Ok(Changed { changed, ended: 0 })
}

/// Whether it was open until now; nothing where the one who asks is no longer allowed to.
///
/// # Errors
/// When the rows can't be written.
pub async fn strike(
    tx: &mut Tx,
    id: &InviteId,
    by: Option<&UserId>,
    (entry, mut detail): (Entry, serde_json::Value),
) -> StoreResult<Option<bool>> {
    if !accounts::may_manage(tx, by).await? {
        return Ok(None);
    }
    let revoked = invites::revoke(tx, id, entry.at).await?;
    if revoked {
        detail["invite"] = json!(id.as_str());
        audit::append(tx, &Entry { detail: Some(detail.to_string()), ..entry }).await?;
    }
    Ok(Some(revoked))
}
