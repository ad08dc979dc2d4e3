//! A row of table `sessions`, read.

use sqlx::FromRow;

use super::{StoreError, StoreResult, session_id, user_id};
use crate::{
    domain::{
        ids::{SessionId, UserId},
        rotation::Chain,
        session::{EndReason, Ends, SessionState},
        strategy::Strategy,
        time::Timestamp,
    },
    server::crypto::{refresh_token::SessionSecret, session_token::TokenHash},
};

/// One sign-in on one device.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    pub secret: SessionSecret,
    /// The keyring key its refresh tokens are derived under.
    pub mac_kid: String,
    pub chain: Chain,
    pub ends: Ends,
    pub user_agent: String,
    pub address: String,
    pub remembered: bool,
    pub signed_in_at: Timestamp,
    /// When the password was last proved; a session from before that was written down never did.
    pub proved_at: Timestamp,
    pub last_active_at: Timestamp,
    pub ended: Option<(Timestamp, EndReason)>,
    /// The strategy whose credential the browser was last given.
    pub issued_as: Strategy,
    /// Of the session token of the current generation, and of the one before (database strategy).
    pub token_hash: Option<TokenHash>,
    pub former_token_hash: Option<TokenHash>,
    /// The user's version when the credential was issued.
    pub user_version: i64,
    /// Until when a token of a strategy that keeps nothing may come back for this session.
    pub voucher_ends_at: Timestamp,
}

impl Session {
    #[must_use]
    pub fn state(&self, now: Timestamp) -> SessionState {
        self.ends.state(self.ended.map(|(_, reason)| reason), now)
    }
}

/// The columns that [`Row`] reads, each after `$of`: of the table itself, or of its name in a join.
macro_rules! session_columns {
    () => {
        session_columns!("")
    };
    ($of:literal) => {
        $crate::server::store::on::columns!(
            $of,
            id,
            user_id,
            secret,
            mac_kid,
            generation,
            confirmed_generation,
            rotated_at,
            late_streak,
            late_generation,
            replaced_below,
            replaced_at,
            device_kind,
            user_agent,
            address,
            remembered,
            signed_in_at,
            proved_at,
            last_active_at,
            expires_at,
            idle_end_at,
            absolute_end_at,
            ended_at,
            end_reason,
            issued_as,
            token_hash,
            former_token_hash,
            user_version,
            voucher_ends_at,
        )
    };
}

pub(super) use session_columns;

#[derive(FromRow)]
pub(super) struct Row {
    id: String,
    user_id: String,
    secret: Vec<u8>,
    mac_kid: String,
    generation: i64,
    confirmed_generation: i64,
    rotated_at: i64,
    late_streak: i64,
    late_generation: i64,
    replaced_below: i64,
    replaced_at: i64,
    device_kind: String,
    user_agent: String,
    address: String,
    remembered: bool,
    signed_in_at: i64,
    proved_at: i64,
    last_active_at: i64,
    expires_at: i64,
    idle_end_at: i64,
    absolute_end_at: i64,
    ended_at: Option<i64>,
    end_reason: Option<String>,
    issued_as: String,
    token_hash: Option<Vec<u8>>,
    former_token_hash: Option<Vec<u8>>,
    user_version: i64,
    voucher_ends_at: i64,
}

impl Row {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn read(self) -> StoreResult<Session> {
        let wrong = |column| StoreError::Inconsistent { table: "sessions", column };
        let number = |value: i64, column| u64::try_from(value).map_err(|_| wrong(column));
        let reason = self.end_reason.as_deref().map(|text| EndReason::of_row(text).ok_or(wrong("end_reason")));
        Ok(Session {
            id: session_id(&self.id, "sessions")?,
            user_id: user_id(&self.user_id, "sessions")?,
            secret: SessionSecret::from_bytes(&self.secret).ok_or(wrong("secret"))?,
            mac_kid: self.mac_kid,
            chain: Chain {
                generation: number(self.generation, "generation")?,
                confirmed_generation: number(self.confirmed_generation, "confirmed_generation")?,
                rotated_at: Timestamp(self.rotated_at),
                device_kind: self.device_kind,
                late_streak: u32::try_from(self.late_streak).map_err(|_| wrong("late_streak"))?,
                late_generation: number(self.late_generation, "late_generation")?,
                replaced_below: number(self.replaced_below, "replaced_below")?,
                replaced_at: Timestamp(self.replaced_at),
            },
            ends: Ends {
                expires_at: Timestamp(self.expires_at),
                idle_end_at: Timestamp(self.idle_end_at),
                absolute_end_at: Timestamp(self.absolute_end_at),
            },
            user_agent: self.user_agent,
            address: self.address,
            remembered: self.remembered,
            signed_in_at: Timestamp(self.signed_in_at),
            proved_at: Timestamp(self.proved_at),
            last_active_at: Timestamp(self.last_active_at),
            ended: self.ended_at.map(Timestamp).zip(reason.transpose()?),
            issued_as: Strategy::parse(&self.issued_as).ok_or(wrong("issued_as"))?,
            token_hash: self.token_hash.map(|hash| hash.try_into().map_err(|_| wrong("token_hash"))).transpose()?,
            former_token_hash: self
                .former_token_hash
                .map(|hash| hash.try_into().map_err(|_| wrong("former_token_hash")))
                .transpose()?,
            user_version: self.user_version,
            voucher_ends_at: Timestamp(self.voucher_ends_at),
        })
    }
}
