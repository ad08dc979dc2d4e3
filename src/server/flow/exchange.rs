//! The rotation contract's transaction. The rule is `domain/rotation.rs`; here it is read, decided and written in one
//! go, before anything is issued. What ends the session on the way is committed although the answer is a refusal.
//!
//! What is exchanged need not be of the strategy in force: a credential of a former one is a voucher, taken by the same
//! rule, so that callers at once and again get the same successor whatever form that has.

use std::sync::Arc;

use tower_sessions::session::Id;

use crate::{
    api::{ApiError, ApiResult},
    domain::{
        activity::{Count, Kind},
        alarm::AlarmKind,
        audit::{Event, Outcome},
        rotation::{self, Chain, Presented, Rotation},
        session::{EndReason, Ends, SessionState},
        strategy::Strategy,
        time::Timestamp,
    },
    server::{
        context::{Actor, RequestContext},
        crypto::{access_token::Verified, refresh_token::RefreshToken, session_token},
        flow::{alarms, keys, tokens, vouchers},
        node::refusals,
        state::Known,
        store::{
            On, StoreResult, Tx, activity, audit,
            sessions::{self, Renewal, Session},
            users::User,
        },
    },
};

/// What a browser presents to be given its successor.
#[derive(Clone)]
pub enum Proof {
    Refresh(Arc<RefreshToken>),
    Session(Id),
    /// A token that verified and has not ended.
    Jwt(Arc<Verified>),
}

/// What a proof came to.
enum Exchange {
    Renewed(Box<Known>, Rotation),
    Ended(EndReason),
    /// It was replaced a moment ago: the browser may hold what replaced it by now.
    Replaced,
    /// Another request moved the chain between the read and the write: look again.
    Overtaken,
}

/// What a proof means for its session as that was read, nothing being written yet.
enum Judged {
    Ended(EndReason),
    Replaced,
    Reused,
    Renewed(Box<Session>, Rotation),
}

/// A session with its user, and the generation that was proved.
pub type Found = (Session, User, u64);

/// Exchanges a proof for what the strategy in force issues.
///
/// # Errors
/// `signed_out` with its reason; `renew` for what was replaced a moment ago; `unavailable`, which burns no token and clears no
/// cookie.
pub async fn exchange(cx: &RequestContext, proof: Proof) -> ApiResult<(Actor, Session)> {
    // Each turn is lost only to another request that moved this chain; a few are more than any honest browser makes.
    for _ in 0..4 {
        match attempt(cx, &proof).await? {
            Exchange::Renewed(both, rotation) => {
                cx.state.metrics.exchanged(rotation.as_str());
                cx.state.tally.count(Kind::Refreshes, cx.now);
                let Known { session, user, read_at } = *both;
                let actor = tokens::issue_as_read(cx, (&session, &user), read_at)?;
                if cx.state.config.strategy == Strategy::Hybrid {
                    let known = Known { session: session.clone(), user, read_at };
                    cx.state.known.insert(session.id.clone(), Arc::new(known));
                }
                return Ok((actor, session));
            }
            Exchange::Ended(reason) => {
                let outcome = if reason == EndReason::Reuse { Rotation::Reused.as_str() } else { "ended" };
                cx.state.metrics.exchanged(outcome);
                return Err(ApiError::SignedOut { reason });
            }
            Exchange::Replaced => {
                cx.state.metrics.exchanged(Rotation::Replaced { young: true }.as_str());
                return Err(ApiError::Renew);
            }
            Exchange::Overtaken => {}
        }
    }
    Err(ApiError::Unavailable)
}

/// Nearly all exchanges are one read and one write that compares and sets. What needs more, a voucher that names no row
/// or something to be told to the audit log, is read again in a transaction.
async fn attempt(cx: &RequestContext, proof: &Proof) -> StoreResult<Exchange> {
    if let Some(renewed) = unread(cx, proof).await? {
        return Ok(renewed);
    }
    if !matches!(proof, Proof::Jwt(_)) {
        let Some((session, user, generation)) = find(cx, cx.state.db.read(), proof).await? else {
            return Ok(Exchange::Ended(gone(cx)));
        };
        match judge(cx, &session, &user, generation)? {
            Judged::Ended(reason) => return Ok(Exchange::Ended(reason)),
            Judged::Replaced => return Ok(Exchange::Replaced),
            Judged::Renewed(next, rotation) if rotation != (Rotation::Repeated { late: true }) => {
                let renewed = Renewal { read: session, to: *next, now: cx.now }.carry_out(&cx.state.db).await?;
                return Ok(outcome(renewed, user, rotation, cx.now));
            }
            Judged::Renewed(..) | Judged::Reused => {}
        }
    }
    let (cloned, proof) = (cx.clone(), proof.clone());
    cx.state.db.write(move |tx| Box::pin(async move { transact(&cloned, tx, &proof).await })).await
}

/// A rotation without a read. What this node wrote last of the session tells whether the token is of it, and the write
/// compares before it sets. Whatever else that could come to is told by the row.
async fn unread(cx: &RequestContext, proof: &Proof) -> StoreResult<Option<Exchange>> {
    let Proof::Refresh(token) = proof else { return Ok(None) };
    let known = cx.state.known.get(&token.sid).filter(|known| tokens::is_genuine(cx, token, &known.session));
    let Some(Known { session, user, read_at }) = known.as_deref() else { return Ok(None) };
    let Judged::Renewed(next, Rotation::Rotated) = judge(cx, session, user, token.generation)? else { return Ok(None) };
    let renewed = Renewal { read: session.clone(), to: *next, now: cx.now }.carry_out(&cx.state.db).await?;
    if renewed.is_none() {
        cx.state.known.remove(&token.sid);
    }
    Ok(renewed.map(|session| outcome(Some(session), user.clone(), Rotation::Rotated, *read_at)))
}

async fn transact(cx: &RequestContext, tx: &mut Tx, proof: &Proof) -> StoreResult<Exchange> {
    let found = match proof {
        Proof::Jwt(verified) => vouchers::redeem(cx, tx, &verified.claims).await?,
        Proof::Refresh(_) | Proof::Session(_) => find(cx, tx.read(), proof).await?.ok_or_else(|| gone(cx)),
    };
    let (session, user, generation) = match found {
        Ok(found) => found,
        Err(reason) => return Ok(Exchange::Ended(reason)),
    };
    match judge(cx, &session, &user, generation)? {
        Judged::Ended(reason) => Ok(Exchange::Ended(reason)),
        Judged::Replaced => Ok(Exchange::Replaced),
        Judged::Reused => end_for_reuse(cx, tx, &session, generation).await,
        Judged::Renewed(next, rotation) => {
            let renewed = sessions::renew(tx, &session, &next, cx.now).await?;
            let late = renewed.is_some() && rotation == (Rotation::Repeated { late: true });
            let told = late.then(|| evidence(cx, &session, generation, Event::RefreshRepeatedLate));
            if let Some(entry) = told.and_then(|entry| refusals::admit(cx, entry)) {
                audit::append(tx, &entry).await?;
            }
            if renewed.is_some() && next.chain.suspect() && !session.chain.suspect() {
                alarms::raise(cx, tx, &session, AlarmKind::Late).await?;
            }
            Ok(outcome(renewed.map(|_| *next), user, rotation, cx.now))
        }
    }
}

fn judge(cx: &RequestContext, session: &Session, user: &User, generation: u64) -> StoreResult<Judged> {
    if let SessionState::Ended(reason) = session.state(cx.now) {
        return Ok(Judged::Ended(reason));
    }
    if user.locked_at.is_some() {
        return Ok(Judged::Ended(EndReason::Locked));
    }
    let device_kind = cx.device().kind();
    let presented = Presented { generation, device_kind: &device_kind, now: cx.now };
    let rotation = rotation::decide(&session.chain, presented, cx.state.config.lifetimes.rotation_grace);
    Ok(match (rotation, session.chain.after(rotation, presented)) {
        (Rotation::Replaced { young: true }, _) => Judged::Replaced,
        (Rotation::Replaced { young: false }, _) => Judged::Ended(EndReason::None),
        (_, None) => Judged::Reused,
        (_, Some(chain)) => Judged::Renewed(Box::new(next(cx, session, user, chain)?), rotation),
    })
}

/// Nothing was written if the session and its user were no more as they were read.
fn outcome(renewed: Option<Session>, user: User, rotation: Rotation, read_at: Timestamp) -> Exchange {
    renewed
        .map_or(Exchange::Overtaken, |session| Exchange::Renewed(Box::new(Known { session, user, read_at }), rotation))
}

/// The session as it is after an exchange under the strategy in force, `chain` being what became of its own.
///
/// # Errors
/// When the key its tokens are derived under is missing.
pub fn next(cx: &RequestContext, session: &Session, user: &User, chain: Chain) -> StoreResult<Session> {
    let strategy = cx.state.config.strategy;
    let moved = chain.generation != session.chain.generation;
    let token_hash = match strategy {
        Strategy::Database => Some(session_token::hash(&tokens::session_token(cx, session, chain.generation)?)),
        _ if moved => None,
        _ => session.token_hash,
    };
    Ok(Session {
        ends: ends(cx, session.ends),
        user_agent: if moved { cx.user_agent() } else { session.user_agent.clone() },
        address: if moved { cx.address.to_string() } else { session.address.clone() },
        issued_as: strategy,
        former_token_hash: if moved { session.token_hash } else { session.former_token_hash },
        token_hash,
        user_version: user.version,
        chain,
        ..session.clone()
    })
}

/// A refresh renews the life each time; the other strategies when it is due, so that repeats are given the same.
fn ends(cx: &RequestContext, ends: Ends) -> Ends {
    let lifetimes = &cx.state.config.lifetimes;
    if cx.state.config.strategy.rotates() || lifetimes.renewal_due(ends, cx.now) {
        lifetimes.renewed(ends, cx.now)
    } else {
        ends
    }
}

/// The session that a proof of the ledger's own kinds is of, by one read.
async fn find(cx: &RequestContext, db: On<'_>, proof: &Proof) -> StoreResult<Option<Found>> {
    let found = match proof {
        Proof::Refresh(token) => sessions::find_with_user(db, &token.sid).await?,
        Proof::Session(id) => sessions::find_by_token(db, &session_token::hash(id)).await?,
        Proof::Jwt(_) => None,
    };
    let Some((session, user)) = found else { return Ok(None) };
    if !knows_mac(cx, &session).await {
        return Ok(None);
    }
    Ok(match proof {
        Proof::Refresh(token) if !tokens::is_genuine(cx, token, &session) => None,
        Proof::Refresh(token) => Some((session, user, token.generation)),
        Proof::Session(id) => {
            let former = u64::from(session.token_hash != Some(session_token::hash(id)));
            let generation = session.chain.generation - former;
            Some((session, user, generation))
        }
        Proof::Jwt(_) => None,
    })
}

/// Whether the key that a session's tokens are derived under is in use. Another node may have made it a moment ago, when
/// all before it were killed: the rows tell.
async fn knows_mac(cx: &RequestContext, session: &Session) -> bool {
    let is_known = || cx.state.keyring.now().mac(&session.mac_kid).is_some();
    // One that is over needs no key, and most of those whose key is dead are.
    if is_known() || session.ended.is_some() {
        return true;
    }
    // Rare and large; each exchange would carry the room for it.
    if let Err(error) = Box::pin(keys::read_again(&cx.state, cx.now)).await {
        tracing::warn!(error = %error, "the keys could not be read again");
    }
    is_known()
}

/// Why there is no such session: it may have gone with its account, which the access token beside it tells for a while.
fn gone(cx: &RequestContext) -> EndReason {
    let told = cx.actor().err().and_then(|error| error.end_reason());
    told.filter(|reason| *reason == EndReason::Locked).unwrap_or(EndReason::None)
}

async fn end_for_reuse(cx: &RequestContext, tx: &mut Tx, session: &Session, generation: u64) -> StoreResult<Exchange> {
    if !sessions::end(tx, &session.id, EndReason::Reuse, cx.now).await? {
        return Ok(Exchange::Overtaken);
    }
    tx.revoke(tokens::session_ended(cx, &session.id, EndReason::Reuse));
    audit::append(tx, &evidence(cx, session, generation, Event::RefreshReuse)).await?;
    alarms::raise(cx, tx, session, AlarmKind::Reuse).await?;
    activity::count(tx, Count { at: cx.now, kind: Kind::Reuse, n: 1 }).await?;
    Ok(Exchange::Ended(EndReason::Reuse))
}

/// Both uses: this one in the row's own columns, the one that rotated last in its detail.
fn evidence(cx: &RequestContext, session: &Session, generation: u64, event: Event) -> audit::Entry {
    let detail = serde_json::json!({
        "presented_generation": generation,
        "current_generation": session.chain.generation,
        "confirmed_generation": session.chain.confirmed_generation,
        "replaced_below": session.chain.replaced_below,
        "rotated_at": session.chain.rotated_at.0,
        "rotated_address": session.address,
        "rotated_device": session.user_agent,
    });
    audit::Entry {
        target: Some(session.user_id.clone()),
        session: Some(session.id.clone()),
        detail: Some(detail.to_string()),
        ..cx.audit(event, if event == Event::RefreshReuse { Outcome::Refused } else { Outcome::Done })
    }
}
