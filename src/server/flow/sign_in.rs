//! Sign-in: one answer and one cost for unknown e-mail, wrong password and locked account.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::{
    api::{ApiError, ApiResult},
    domain::{
        audit::{Event, Outcome},
        email::Email,
        ids::{SessionId, UserId},
        password_policy::LONGEST_BYTES,
        rotation::Chain,
        strategy::Strategy,
        time::Timestamp,
    },
    server::{
        canonical,
        context::RequestContext,
        crypto::{password_hash::Match, refresh_token::SessionSecret, session_token},
        flow::{
            choose, device_limit, new_password,
            throttling::{self, Counters, Reserved},
            tokens,
        },
        http::cookies::{Credential, Name},
        secret::Password,
        store::{
            StoreError, StoreResult, Tx,
            audit::Entry,
            known_devices,
            sessions::{self, Session},
            users::{self, User, WithPassword},
        },
        telemetry,
    },
};

/// A session that has just begun.
#[derive(Debug)]
pub struct NewSession {
    pub user_id: UserId,
    pub session_id: SessionId,
}

/// How a sign-in is to go on.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// Whether the cookies outlive the browser.
    pub remembered: bool,
    /// The page to come to.
    pub return_to: String,
}

/// # Errors
/// `invalid_credentials`, `limit`, `throttled`, `unavailable`.
pub async fn sign_in(cx: &RequestContext, email: &str, password: Password, wishes: Wishes) -> ApiResult<NewSession> {
    let came_to = try_sign_in(cx, email, password, wishes).await;
    cx.state.metrics.signed_in(&came_to);
    cx.state.tally.signed_in(&came_to, cx.now);
    match &came_to {
        Ok(session) => cx.state.sights.note(&session.user_id, cx.now),
        Err(error) => telemetry::sign_in_refused(cx, error),
    }
    came_to
}

async fn try_sign_in(cx: &RequestContext, email: &str, password: Password, wishes: Wishes) -> ApiResult<NewSession> {
    let Some(email) = canonical::email(email) else {
        // What is no address is no account either; it costs the same to be told so, and counts.
        let reserved = Counters::of_address(cx).reserve(cx).await?;
        reserved.verify(shortened(password), None).await?;
        return Err(ApiError::InvalidCredentials);
    };
    let found = users::find_with_password(cx.state.db.read(), &email).await?;
    let reserved = counters(cx, &email, found.as_ref()).await?.reserve(cx).await?;
    let open = found.as_ref().filter(|found| found.user.locked_at.is_none());
    let stored = open.map(|found| found.password_hash.as_str());
    let (matched, password) = reserved.verify(shortened(password), stored).await?;
    let target = found.as_ref().map(|found| found.user.id.clone());
    let Some(account) = found.filter(|_| matched != Match::No) else {
        return reserved.refuse(cx, Entry { target, ..cx.audit(Event::SignIn, Outcome::Refused) }).await;
    };
    let rehashed = match matched {
        Match::YesButCheap => Some(reserved.hash(password).await?),
        _ => None,
    };
    let session = new_session(cx, &account.user, wishes.remembered);
    let (user, session_id) = (account.user.clone(), session.id.clone());
    match admit(cx, reserved, Admission { account, rehashed, session }).await {
        Ok(()) => Ok(NewSession { user_id: user.id, session_id }),
        Err(ApiError::Limit { choose: true }) => Err(choose::wait(cx, &user, wishes).await),
        Err(ApiError::PasswordChangeRequired) => Err(new_password::wait(cx, &user, wishes).await),
        Err(refused) => Err(refused),
    }
}

/// A password longer than any of ours can't match; hashing its beginning costs the same as any other.
fn shortened(password: Password) -> Password {
    if password.expose().len() <= LONGEST_BYTES { password } else { Password::from(String::new()) }
}

async fn counters(cx: &RequestContext, email: &Email, found: Option<&WithPassword>) -> ApiResult<Counters> {
    let known = match (found, throttling::device_hash(cx)) {
        (Some(found), Some(device)) => known_devices::is_known(cx.state.db.read(), &device, &found.user.id).await?,
        _ => false,
    };
    Ok(Counters::of_sign_in(cx, email, known))
}

struct Admission {
    account: WithPassword,
    rehashed: Option<String>,
    session: Session,
}

async fn admit(cx: &RequestContext, reserved: Reserved, admission: Admission) -> ApiResult<()> {
    let (user, session) = (admission.account.user.clone(), admission.session.clone());
    let device = device_cookie(cx, &user.id).await?;
    let (cloned, known) = (cx.clone(), throttling::short_hash(&device));
    let admitted: ApiResult<()> = cx
        .state
        .db
        .write(move |tx| {
            Box::pin(async move {
                // Counters before users, as everywhere: in one order nobody waits for each other.
                reserved.forgive(tx).await?;
                let begun = begin(&cloned, tx, &admission).await?;
                if begun.is_ok() {
                    known_devices::remember(tx, &known, &admission.account.user.id, cloned.now).await?;
                }
                Ok(begun)
            })
        })
        .await?;
    if matches!(admitted, Ok(()) | Err(ApiError::Limit { .. } | ApiError::PasswordChangeRequired)) {
        // The password was right, whatever else stands in the way.
        cx.reply.set(Name::Device, &device, Some(DEVICE_COOKIE_LIFE));
    }
    admitted?;
    tokens::issue(cx, &session, &user).map(drop)
}

/// As long as browsers keep a cookie.
const DEVICE_COOKIE_LIFE: std::time::Duration = std::time::Duration::from_secs(400 * 86_400);

/// The one that came along, where this user has signed in with it before; else another is drawn: a value that somebody
/// planted must never come to be known.
async fn device_cookie(cx: &RequestContext, user: &UserId) -> ApiResult<String> {
    if let (Credential::One(device), Some(hash)) = (&cx.cookies.device, throttling::device_hash(cx))
        && known_devices::is_known(cx.state.db.read(), &hash, user).await?
    {
        return Ok(device.clone());
    }
    Ok(BASE64_URL_SAFE_NO_PAD.encode(cx.state.rng.bytes::<24>()))
}

/// The user must still be who was verified: a password change or lock in between wins.
async fn begin(cx: &RequestContext, tx: &mut Tx, admission: &Admission) -> StoreResult<ApiResult<()>> {
    let user = &admission.account.user;
    if !users::hold(tx, &user.id, user.version).await? {
        return Ok(Err(ApiError::InvalidCredentials));
    }
    if let Some(rehashed) = &admission.rehashed {
        users::replace_password(tx, &user.id, &admission.account.password_hash, rehashed).await?;
    }
    device_limit::begin(cx, tx, user, &admission.session).await
}

/// The audit row of a session's beginning, and of those whose credentials came along and ended with it.
#[must_use]
pub fn signed_in(cx: &RequestContext, event: Event, (session, replaced): (&Session, &[SessionId])) -> Entry {
    let detail = (!replaced.is_empty()).then(|| serde_json::json!({ "replaced_sessions": replaced }).to_string());
    Entry {
        detail,
        actor: Some(session.user_id.clone()),
        target: Some(session.user_id.clone()),
        session: Some(session.id.clone()),
        ..cx.audit(event, Outcome::Done)
    }
}

/// A session as it begins, with its own secret.
#[must_use]
pub fn new_session(cx: &RequestContext, user: &User, remembered: bool) -> Session {
    let state = &cx.state;
    Session {
        id: state.new_session_id(cx.now),
        user_id: user.id.clone(),
        secret: SessionSecret::new(state.rng.bytes()),
        mac_kid: state.keyring.now().deriving().0.to_owned(),
        chain: Chain::start(cx.device().kind()),
        ends: state.config.lifetimes.at_sign_in(remembered, cx.now),
        user_agent: cx.user_agent(),
        address: cx.address.to_string(),
        remembered,
        signed_in_at: cx.now,
        proved_at: cx.now,
        last_active_at: cx.now,
        ended: None,
        issued_as: state.config.strategy,
        token_hash: None,
        former_token_hash: None,
        user_version: user.version,
        voucher_ends_at: Timestamp::default(),
    }
}

/// Writes a session down, where the strategy keeps any, with what its token is found by.
///
/// # Errors
/// When the row can't be written.
pub async fn record(cx: &RequestContext, tx: &mut Tx, session: &Session) -> StoreResult<()> {
    let token_hash = match cx.state.config.strategy {
        Strategy::Jwt => return Ok(()),
        Strategy::Hybrid => None,
        Strategy::Database => Some(session_token::hash(&tokens::session_token(cx, session, session.chain.generation)?)),
    };
    let written = sessions::insert(tx, &Session { token_hash, ..session.clone() }).await?;
    if written { Ok(()) } else { Err(StoreError::Conflict) }
}
