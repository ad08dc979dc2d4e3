//! The device limit where a session begins. The rule is `domain/device_limit.rs`; `choose.rs` is what follows when the
//! user is asked.

use crate::{
    api::{ApiError, ApiResult},
    domain::{
        audit::{Event, Outcome},
        device_limit::{Decision, MOST, Slot},
        ids::{SessionId, UserId},
        session::EndReason,
    },
    server::{
        context::RequestContext,
        flow::{presented, sign_in, tokens},
        store::{
            StoreResult, Tx,
            audit::{self, Entry},
            password_due,
            sessions::{self, Session},
            users::User,
        },
    },
};

/// Writes a session's beginning down, if no other password must be chosen first and the device limit lets it: the user's
/// row is held. The session whose cookies came along ends in any case: its browser is leaving it.
///
/// # Errors
/// When the rows can't be written.
pub async fn begin(cx: &RequestContext, tx: &mut Tx, user: &User, session: &Session) -> StoreResult<ApiResult<()>> {
    if password_due::since(tx.read(), &user.id).await?.is_some() {
        presented::end(cx, tx).await?;
        return Ok(Err(ApiError::PasswordChangeRequired));
    }
    match make_room(cx, tx, user).await? {
        Err(ApiError::Limit { choose: true }) => {
            presented::end(cx, tx).await?;
            Ok(Err(ApiError::Limit { choose: true }))
        }
        Err(refused) => Ok(Err(refused)),
        Ok(()) => {
            let replaced = presented::end(cx, tx).await?;
            sign_in::record(cx, tx, session).await?;
            cap(cx, tx, &user.id).await?;
            audit::append(tx, &sign_in::signed_in(cx, Event::SignIn, (session, &replaced))).await?;
            Ok(Ok(()))
        }
    }
}

/// Ends what the device limit says must end for one more session; the user's row is held. Sessions whose credentials
/// came along end with this sign-in anyway.
async fn make_room(cx: &RequestContext, tx: &mut Tx, user: &User) -> StoreResult<ApiResult<()>> {
    if cx.state.config.device_limit.max == 0 {
        return Ok(Ok(()));
    }
    let replaced = presented::named(cx, tx).await?;
    let live = sessions::list_live(tx.read(), &user.id, cx.now).await?;
    let slots: Vec<Slot> = live.into_iter().filter(|session| !replaced.contains(&session.id)).map(slot).collect();
    match cx.state.config.device_limit.decide(&slots) {
        Decision::Refuse => Ok(Err(ApiError::Limit { choose: false })),
        Decision::Ask => Ok(Err(ApiError::Limit { choose: true })),
        Decision::Admit { evict: surplus } => {
            for sid in surplus {
                evict(cx, tx, &user.id, &sid).await?;
            }
            Ok(Ok(()))
        }
    }
}

/// Ends a user's earliest sign-ins while there are more than anybody may have. Of far more, as a version without this bound
/// left them, as many end each time as there may be.
///
/// # Errors
/// When the rows can't be written.
pub async fn cap(cx: &RequestContext, tx: &mut Tx, user: &UserId) -> StoreResult<()> {
    let surplus = sessions::count_live(tx.read(), user, cx.now).await? - i64::from(MOST);
    if surplus <= 0 {
        return Ok(());
    }
    for sid in sessions::list_oldest(tx.read(), user, cx.now, surplus.min(i64::from(MOST))).await? {
        evict(cx, tx, user, &sid).await?;
    }
    Ok(())
}

/// Ends a session that gives its place to another; whether it was live.
///
/// # Errors
/// When the rows can't be written.
pub async fn evict(cx: &RequestContext, tx: &mut Tx, user: &UserId, sid: &SessionId) -> StoreResult<bool> {
    if !sessions::end(tx, sid, EndReason::Limit, cx.now).await? {
        return Ok(false);
    }
    tx.revoke(tokens::session_ended(cx, sid, EndReason::Limit));
    let entry = Entry {
        target: Some(user.clone()),
        session: Some(sid.clone()),
        ..cx.audit(Event::SessionEvict, Outcome::Done)
    };
    audit::append(tx, &entry).await?;
    Ok(true)
}

fn slot(session: Session) -> Slot {
    Slot { id: session.id, signed_in_at: session.signed_in_at, last_active_at: session.last_active_at }
}
