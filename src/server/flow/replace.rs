//! Replacement: a session that goes on is given a new credential, and what was held before buys nothing any more. The rule is
//! `domain/rotation.rs`; who replaces are a change of the password, the sign-out of the others, a step-up.
//!
//! Like for like: a credential that lasts goes only to who presented one of that session in the same request. An access token
//! alone, as a cookie or as a Bearer, buys an access token.

use crate::{
    api::ApiResult,
    domain::{
        access_claims::AccessClaims,
        ids::SessionId,
        rotation::{self, Presented, Rotation},
        session::{EndReason, SessionState},
        strategy::Strategy,
        time::Timestamp,
    },
    server::{
        context::RequestContext,
        crypto::{refresh_token::RefreshToken, session_token},
        flow::{database, exchange, tokens},
        http::cookies::Credential,
        store::{
            StoreError, StoreResult, Tx,
            sessions::{self, Session},
            users::User,
        },
    },
};

/// The session that goes on.
pub enum Own {
    Recorded(Box<Recorded>),
    /// It has no row; its token is signed again.
    Signed(Box<AccessClaims>),
}

/// A session as it is in its row, its credential replaced.
pub struct Recorded {
    session: Session,
    user: User,
    /// The request came with a credential of it that lasts.
    lasting: bool,
}

impl Own {
    /// What goes on without a row: the token says what it said but for what changed, and is told from those before it.
    #[must_use]
    pub fn signed(claims: AccessClaims) -> Self {
        let generation = rotation::replacement_of_unrecorded(claims.generation);
        Self::Signed(Box::new(AccessClaims { generation, ..claims }))
    }

    /// Gives the browser what replaces its credential, once that is committed.
    ///
    /// # Errors
    /// `unavailable` when a key is missing.
    pub fn issue(&self, cx: &RequestContext) -> ApiResult<()> {
        match self {
            Self::Recorded(own) => {
                cx.state.known.remove(&own.session.id);
                if own.lasting {
                    tokens::issue(cx, &own.session, &own.user).map(drop)
                } else {
                    tokens::issue_access(cx, &own.session, &own.user)
                }
            }
            Self::Signed(claims) => {
                let ends = claims.ends(cx.state.config.lifetimes.absolute_timeout);
                tokens::put(cx, tokens::again(cx, claims), ends).map(drop)
            }
        }
    }
}

/// Replaces the credential of a session that [`live`] gave, `user` being as they are from now on.
///
/// # Errors
/// When the row can't be written.
pub async fn replace(cx: &RequestContext, tx: &mut Tx, session: &Session, user: &User) -> StoreResult<Own> {
    let lasting = presents_lasting(cx, session);
    let chain = session.chain.replaced(&cx.device().kind(), cx.now);
    let mut next = exchange::next(cx, session, user, chain)?;
    next.ends.idle_end_at = sessions::renew(tx, session, &next, cx.now).await?.ok_or(StoreError::NotWritten)?;
    sessions::replaced(tx, &next.id, next.chain.replaced_below, cx.now).await?;
    Ok(Own::Recorded(Box::new(Recorded { session: next, user: user.clone(), lasting })))
}

/// A session that goes on, held until the transaction ends, or why it doesn't.
///
/// # Errors
/// When the row can't be read.
pub async fn live(tx: &mut Tx, sid: &SessionId, now: Timestamp) -> StoreResult<Result<Session, EndReason>> {
    sessions::hold(tx, sid).await?;
    let Some((session, _)) = sessions::find_with_user(tx.read(), sid).await? else { return Ok(Err(EndReason::None)) };
    Ok(match session.state(now) {
        SessionState::Live => Ok(session),
        SessionState::Ended(reason) => Err(reason),
    })
}

/// Whether the request came with a credential of this session that lasts, and that would be exchanged for another.
fn presents_lasting(cx: &RequestContext, session: &Session) -> bool {
    // What was exchanged on the way here was one.
    cx.exchanged()
        || match cx.state.config.strategy {
            Strategy::Hybrid => presents_refresh_token(cx, session),
            Strategy::Database => database::presented(cx).is_some_and(|id| {
                let presented = Some(session_token::hash(&id));
                presented == session.token_hash || presented == session.former_token_hash
            }),
            // Nothing of this strategy has a row.
            Strategy::Jwt => false,
        }
}

fn presents_refresh_token(cx: &RequestContext, session: &Session) -> bool {
    let Credential::One(text) = &cx.cookies.refresh else { return false };
    let token = RefreshToken::parse(text).filter(|token| token.sid == session.id);
    token.filter(|token| tokens::is_genuine(cx, token, session)).is_some_and(|token| {
        let device_kind = cx.device().kind();
        let presented = Presented { generation: token.generation, device_kind: &device_kind, now: cx.now };
        let grace = cx.state.config.lifetimes.rotation_grace;
        !matches!(rotation::decide(&session.chain, presented, grace), Rotation::Reused | Rotation::Replaced { .. })
    })
}
