//! The counters behind `domain/throttle.rs`: which apply to a try, whether they let it pass, and counting it.

use sha2::{Digest as _, Sha256};

use crate::{
    api::{ApiError, ApiResult},
    domain::{
        email::Email,
        throttle::{Scope, after_failure, wait},
        time::Timestamp,
    },
    server::{
        context::RequestContext,
        http::cookies::Credential,
        node::refusals,
        store::{
            Db, StoreResult, Tx,
            audit::{self, Entry},
            throttles,
        },
    },
};

/// The counters of one try.
#[derive(Clone, Debug)]
pub struct Counters {
    /// The pair of account and address, or of account and a browser that has signed in to it before.
    pair: String,
    account: String,
    address: String,
    /// A known browser answers for itself only.
    known_device: bool,
}

impl Counters {
    #[must_use]
    pub fn of(cx: &RequestContext, email: &Email, known_device: bool) -> Self {
        let account = short_hash(email.as_str());
        let pair = match (known_device, device_hash(cx)) {
            (true, Some(device)) => format!("pair {account} {device}"),
            _ => format!("pair {account} {}", cx.address),
        };
        Self { pair, account: format!("account {account}"), address: format!("address {}", cx.address), known_device }
    }

    fn scopes(&self) -> impl Iterator<Item = (Scope, &str)> {
        let shared = [(Scope::Account, self.account.as_str()), (Scope::Address, self.address.as_str())];
        [(Scope::Pair, self.pair.as_str())].into_iter().chain(shared.into_iter().filter(|_| !self.known_device))
    }

    /// Before anything is computed.
    ///
    /// # Errors
    /// `throttled`, `unavailable`.
    pub async fn check(&self, db: &Db, now: Timestamp) -> ApiResult<()> {
        for (scope, name) in self.scopes() {
            refuse(scope, throttles::find(db.read(), name).await?, now)?;
        }
        Ok(())
    }

    /// Once more in the transaction that would let someone in: tries that ran beside this one and failed count.
    ///
    /// # Errors
    /// When the counters can't be read.
    pub async fn still_pass(&self, tx: &mut Tx, now: Timestamp) -> StoreResult<ApiResult<()>> {
        for (scope, name) in self.scopes() {
            if let Err(refused) = refuse(scope, throttles::hold_counted(tx, name).await?, now) {
                return Ok(Err(refused));
            }
        }
        Ok(Ok(()))
    }

    /// # Errors
    /// When the counters can't be written.
    async fn count_failure(&self, tx: &mut Tx, now: Timestamp) -> StoreResult<()> {
        for (scope, name) in self.scopes() {
            let failures = throttles::hold(tx, name).await?;
            throttles::store(tx, name, after_failure(scope, failures, now)).await?;
        }
        Ok(())
    }

    /// Counts and writes down a wrong password, as `entry`, unless there are many like it.
    ///
    /// # Errors
    /// `invalid_credentials`, or `unavailable` when that can't be written.
    pub async fn refuse<T>(self, cx: &RequestContext, entry: Entry) -> ApiResult<T> {
        let now = cx.now;
        let entry = refusals::admit(cx, entry);
        let refused = cx.state.db.write(move |tx| {
            Box::pin(async move {
                self.count_failure(tx, now).await?;
                match &entry {
                    Some(entry) => audit::append(tx, entry).await,
                    None => Ok(()),
                }
            })
        });
        refused.await?;
        Err(ApiError::InvalidCredentials)
    }

    /// Success clears the pair only: others may still be guessing at the account, or from the address.
    ///
    /// # Errors
    /// When the counter can't be written.
    pub async fn forgive(&self, tx: &mut Tx) -> StoreResult<()> {
        throttles::forget(tx, &self.pair).await
    }
}

/// One counter by itself, for what is limited without being a failure.
#[derive(Clone, Debug)]
pub struct Quota {
    pub scope: Scope,
    pub name: String,
}

impl Quota {
    /// # Errors
    /// `throttled`, `unavailable`.
    pub async fn check(&self, db: &Db, now: Timestamp) -> ApiResult<()> {
        refuse(self.scope, throttles::find(db.read(), &self.name).await?, now)
    }

    /// # Errors
    /// When the counter can't be written.
    pub async fn count(&self, tx: &mut Tx, now: Timestamp) -> StoreResult<()> {
        let counted = throttles::hold(tx, &self.name).await?;
        throttles::store(tx, &self.name, after_failure(self.scope, counted, now)).await
    }
}

fn refuse(scope: Scope, failures: crate::domain::throttle::Failures, now: Timestamp) -> ApiResult<()> {
    match wait(scope, failures, now) {
        None => Ok(()),
        Some(left) => {
            Err(ApiError::Throttled { retry_after_secs: left.as_secs() + u64::from(left.subsec_millis() > 0) })
        }
    }
}

/// The hash under which a browser's device cookie is known.
#[must_use]
pub fn device_hash(cx: &RequestContext) -> Option<String> {
    match &cx.cookies.device {
        Credential::One(device) => Some(short_hash(device)),
        _ => None,
    }
}

#[must_use]
pub fn short_hash(text: &str) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()))
}
