//! A sign-in that waits: the password was right, but the user has as many devices as they may and is asked which of them
//! gives its place (`on_limit = ask`). What waits is `waiting.rs`.

use tower_sessions::session::Id;

use crate::{
    api::{ApiError, ApiResult, auth::WaitingSignIn},
    domain::{activity::Kind, ids::SessionId},
    server::{
        context::RequestContext,
        flow::{
            database, device_limit, devices,
            sign_in::{self, NewSession, Wishes},
            tokens,
            waiting::{self, GONE, Waiting},
        },
        store::{
            StoreResult, Tx,
            sessions::{self, Session},
            users::{self, User},
            web_sessions,
        },
    },
};

/// Under this name the record holds a [`Waiting`].
const WAITING: &str = "waiting";

/// Keeps a sign-in whose password was right; what its caller is told.
pub async fn wait(cx: &RequestContext, user: &User, wishes: Wishes) -> ApiError {
    waiting::keep(cx, WAITING, user, wishes).await.map_or_else(|error| error, |()| ApiError::Limit { choose: true })
}

/// The devices of the user who waits.
///
/// # Errors
/// `signed_out` when nobody does, `unavailable`.
pub async fn waiting(cx: &RequestContext) -> ApiResult<WaitingSignIn> {
    let (user, _) = waiting::read(cx, WAITING).await?;
    let live = sessions::list_live(cx.state.db.read(), &user.id, cx.now).await?;
    Ok(WaitingSignIn {
        room: cx.state.config.device_limit.surplus(live.len()) == 0,
        devices: live.iter().map(|session| devices::shown(cx, session, false)).collect(),
        max: cx.state.config.device_limit.max,
        server_now: cx.now.0,
    })
}

/// Ends the chosen session and lets the waiting sign-in take its place; with an empty choice only if there is room by
/// now. Gives the new session and where it was to lead.
///
/// # Errors
/// `signed_out` when nobody waits, `not_found` for a session that is not a live one of theirs, `limit` when it is still
/// one too many, `unavailable`.
pub async fn choose(cx: &RequestContext, session_id: &str) -> ApiResult<(NewSession, String)> {
    let id = database::presented(cx).ok_or(GONE)?;
    let choice = match session_id {
        "" => Choice::NoneNeeded,
        text => Choice::End(SessionId::parse(text)),
    };
    let cloned = cx.clone();
    let chosen = cx.state.db.write(move |tx| Box::pin(async move { transact(&cloned, tx, &id, choice).await })).await?;
    let begun = chosen?;
    tokens::issue(cx, &begun.session, &begun.user)?;
    cx.state.tally.count(Kind::SignIns, cx.now);
    cx.state.sights.note(&begun.user.id, cx.now);
    Ok((NewSession { user_id: begun.user.id, session_id: begun.session.id }, begun.return_to))
}

enum Choice {
    NoneNeeded,
    /// `None` for what is no id of a session.
    End(Option<SessionId>),
}

struct Begun {
    session: Session,
    user: User,
    return_to: String,
}

/// Taking the record comes first: of several at once one goes on.
async fn transact(cx: &RequestContext, tx: &mut Tx, id: &Id, choice: Choice) -> StoreResult<ApiResult<Begun>> {
    let Some(record) = web_sessions::take(tx, id, cx.now).await? else { return Ok(Err(GONE)) };
    let begun = match Waiting::of(&record, WAITING) {
        Some(waiting) => begin(cx, tx, waiting, choice).await?,
        None => Err(ApiError::NotFound),
    };
    if matches!(begun, Err(ApiError::NotFound | ApiError::Limit { .. })) {
        web_sessions::insert(tx, &record).await?;
    }
    Ok(begun)
}

async fn begin(cx: &RequestContext, tx: &mut Tx, waiting: Waiting, choice: Choice) -> StoreResult<ApiResult<Begun>> {
    if !users::hold(tx, &waiting.user_id, waiting.user_version).await? {
        return Ok(Err(GONE));
    }
    let Some(user) = users::find(tx.read(), &waiting.user_id).await? else { return Ok(Err(GONE)) };
    if let Choice::End(chosen) = choice {
        let live = sessions::list_live(tx.read(), &user.id, cx.now).await?;
        let Some(chosen) = chosen.filter(|chosen| live.iter().any(|session| session.id == *chosen)) else {
            return Ok(Err(ApiError::NotFound));
        };
        device_limit::evict(cx, tx, &user.id, &chosen).await?;
    }
    let session = sign_in::new_session(cx, &user, waiting.remembered);
    let begun = device_limit::begin(cx, tx, &user, &session).await?;
    Ok(begun.map(|()| Begun { session, user, return_to: waiting.return_to }))
}
