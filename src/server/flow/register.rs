//! Registration: a new account, signed in at once. By itself, or by an invitation, which says whose account it is and with what role.

use crate::{
    api::{
        ApiError, ApiResult,
        invites::{Admission, Terms},
    },
    domain::{audit::Event, email::Email, ids::UserId, role::Role},
    server::{
        canonical,
        config::Registration,
        context::RequestContext,
        crypto::invite_token::InviteToken,
        flow::{
            create_user::NewUser,
            invites::admits,
            password_check::NewPassword,
            presented,
            sign_in::{self, NewSession},
            throttling::Counters,
            tokens,
        },
        secret::Password,
        store::{
            StoreError, StoreResult, Tx, audit,
            guards::{self, Guard},
            invites::{self, Invite},
            users::{self, User},
        },
    },
};

/// What is typed into the form, the password excepted.
pub struct Applicant<'a> {
    pub email: &'a str,
    pub display_name: &'a str,
    /// The token of an invitation; empty without one.
    pub invite: &'a str,
}

/// An invitation with the token it was found by, which is asked for again in the transaction that uses it.
type Held = (Invite, InviteToken);

/// # Errors
/// `forbidden` where an invitation is needed, `invalid` (`email`, `display_name`, `password`; `invite` for one that doesn't count,
/// whatever the reason), `conflict`, `throttled`, `unavailable`.
pub async fn register(cx: &RequestContext, applicant: Applicant<'_>, password: Password) -> ApiResult<NewSession> {
    let held = admission(cx, applicant.invite).await?;
    let new = read(cx, &applicant, held.as_ref().map(|(invite, _)| invite), password)?;
    // Counted whatever comes of it, so that asking after addresses has a price.
    let reserved = Counters::of_registration(cx).reserve(cx).await?;
    let user = new.row(&cx.state, cx.now);
    let password = judged(&new.email, &new.display_name).judge(&cx.state.config, new.password, &reserved).await?;
    let hash = reserved.hash(password).await?;
    let session = sign_in::new_session(cx, &user, false);
    let (cloned, row, begun) = (cx.clone(), user.clone(), session.clone());
    let made: ApiResult<()> = cx
        .state
        .db
        .write(move |tx| {
            Box::pin(async move {
                if let Err(refused) = make(&cloned, tx, (&row, &hash), held.as_ref()).await? {
                    return Ok(Err(refused));
                }
                let replaced = presented::end(&cloned, tx).await?;
                sign_in::record(&cloned, tx, &begun).await?;
                let mut entry = sign_in::signed_in(&cloned, Event::Register, (&begun, &replaced));
                if let Some((invite, _)) = held {
                    let told = entry.detail.and_then(|text| serde_json::from_str(&text).ok());
                    let mut told: serde_json::Value = told.unwrap_or_else(|| serde_json::json!({}));
                    told["invite"] = invite.id.as_str().into();
                    told["role"] = serde_json::json!(invite.role);
                    entry.detail = Some(told.to_string());
                }
                audit::append(tx, &entry).await?;
                Ok(Ok(()))
            })
        })
        .await?;
    made?;
    tokens::issue(cx, &session, &user)?;
    cx.state.sights.note(&user.id, cx.now);
    Ok(NewSession { user_id: user.id, session_id: session.id })
}

/// On what terms an account can be made here, by the invitation of this token or without one. Nothing is used up by asking.
///
/// # Errors
/// `unavailable`.
pub async fn terms(cx: &RequestContext, token: &str) -> ApiResult<Terms> {
    let admission = |admission| Terms { admission, ..Terms::default() };
    if token.is_empty() {
        return Ok(admission(match cx.state.config.registration {
            Registration::Open => Admission::Open,
            Registration::Invite => Admission::InviteOnly,
            Registration::Closed => Admission::Closed,
        }));
    }
    let Some((invite, _)) = open(cx, token).await? else { return Ok(admission(Admission::NotValid)) };
    Ok(Terms { admission: Admission::Invited, email: invite.email, display_name: invite.display_name })
}

/// Whether one may register: without an invitation where that is open to all, or by one that counts.
async fn admission(cx: &RequestContext, token: &str) -> ApiResult<Option<Held>> {
    if token.is_empty() {
        let all = cx.state.config.registration == Registration::Open;
        return if all { Ok(None) } else { Err(ApiError::Forbidden) };
    }
    if let Some(held) = open(cx, token).await? {
        return Ok(Some(held));
    }
    Counters::of_registration(cx).count(cx).await?;
    Err(not_valid())
}

/// The invitation of a token, if it counts here and now.
async fn open(cx: &RequestContext, token: &str) -> ApiResult<Option<Held>> {
    let Some(token) = InviteToken::parse(token) else { return Ok(None) };
    let found = invites::find_open(cx.state.db.read(), &token.hash(), cx.now).await?;
    Ok(found.filter(|given| admits(&cx.state.config, given)).map(|given| (given.invite, token)))
}

fn not_valid() -> ApiError {
    ApiError::invalid("invite", "not_valid")
}

/// Whose e-mail the invitation names, theirs is the account; the role is never the form's to say.
fn read(
    cx: &RequestContext,
    applicant: &Applicant<'_>,
    invite: Option<&Invite>,
    password: Password,
) -> ApiResult<NewUser> {
    let bound = invite.and_then(|invite| invite.email.as_deref());
    let typed = if applicant.email.is_empty() { bound.unwrap_or_default() } else { applicant.email };
    let email = canonical::email(typed)
        .filter(|email| bound.is_none_or(|bound| bound == email.as_str()))
        .ok_or_else(|| ApiError::invalid("email", "not_an_address"))?;
    let display_name =
        canonical::display_name(applicant.display_name).ok_or_else(|| ApiError::invalid("display_name", "too_long"))?;
    let display_name = if display_name.is_empty() { email.local().to_owned() } else { display_name };
    judged(&email, &display_name).glance(&cx.state.config, &password)?;
    Ok(NewUser { email, display_name, role: invite.map_or(Role::User, |invite| invite.role), password })
}

fn judged<'a>(email: &'a Email, display_name: &'a str) -> NewPassword<'a> {
    NewPassword { email, display_name, field: "password" }
}

/// Makes the account, and uses the invitation up with it: of two at the same time the second finds it used.
async fn make(
    cx: &RequestContext,
    tx: &mut Tx,
    (user, hash): (&User, &str),
    held: Option<&Held>,
) -> StoreResult<ApiResult<()>> {
    if let Some((invite, token)) = held
        && !take(cx, tx, (invite, token), &user.id).await?
    {
        return Ok(Err(not_valid()));
    }
    match (users::insert(tx, user, hash).await, held) {
        (Err(StoreError::Conflict), Some((invite, _))) => {
            invites::put_back(tx, &invite.id).await?;
            Ok(Err(ApiError::conflict()))
        }
        (Err(StoreError::Conflict), None) => Ok(Err(ApiError::conflict())),
        (other, _) => other.map(Ok),
    }
}

async fn take(
    cx: &RequestContext,
    tx: &mut Tx,
    (invite, token): (&Invite, &InviteToken),
    user: &UserId,
) -> StoreResult<bool> {
    if invite.role != Role::User {
        // Whoever takes a role from its giver, or locks them, comes before or after this as a whole.
        guards::hold(tx, Guard::Admins).await?;
        let now = invites::find_open(tx.read(), &token.hash(), cx.now).await?;
        if !now.is_some_and(|given| admits(&cx.state.config, &given)) {
            return Ok(false);
        }
    }
    invites::take(tx, &invite.id, user, cx.now).await
}
