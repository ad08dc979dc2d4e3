//! The counters behind `domain/throttle.rs`: which apply to a try, and counting it before anything is paid for it.
//!
//! What costs a hash goes through [`Reserved`], which there is only for a try that has been counted: nothing that many
//! tries at once could learn is looked at beyond what their counters let pass.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::{
    api::{ApiError, ApiResult},
    domain::{
        email::Email,
        ids::{SessionId, UserId},
        network::Network,
        throttle::{Failures, Scope, after_failure, wait},
        time::Timestamp,
    },
    server::{
        context::RequestContext,
        crypto::password_hash::{Match, Place},
        http::cookies::Credential,
        node::refusals,
        secret::Password,
        store::{
            StoreResult, Tx,
            audit::{self, Entry},
            throttles,
        },
    },
};

/// A refusal takes a moment, so that who asks on and on at once takes nothing from those who serve and hash.
const PAUSE: Duration = Duration::from_millis(250);

/// The counters of one try, in the order in which they are held.
#[derive(Clone, Debug)]
pub struct Counters(Vec<(Scope, String)>);

impl Counters {
    /// Of a sign-in. A known browser answers for itself only; else the pair of account and address, and each of them.
    #[must_use]
    pub fn of_sign_in(cx: &RequestContext, email: &Email, known_device: bool) -> Self {
        let account = short_hash(email.as_str());
        if let (true, Some(device)) = (known_device, device_hash(cx)) {
            return Self(vec![(Scope::Pair, format!("pair {account} {device}"))]);
        }
        let pair = (Scope::Pair, format!("pair {account} {}", Network::of(cx.address)));
        let mut all = vec![pair, (Scope::Account, format!("account {account}"))];
        all.extend(by_address(cx, "address"));
        Self(all)
    }

    /// Of a sign-in as nobody who could have an account.
    #[must_use]
    pub fn of_address(cx: &RequestContext) -> Self {
        Self(by_address(cx, "address"))
    }

    /// Of somebody who is signed in: whatever others do, only what happens in this session counts.
    #[must_use]
    pub fn of_session(user: &UserId, session: &SessionId) -> Self {
        Self(vec![(Scope::Pair, format!("session {user} {session}"))])
    }

    /// Of a sign-in that waits under this secret.
    #[must_use]
    pub fn of_waiting(user: &UserId, secret: &str) -> Self {
        Self(vec![(Scope::Pair, format!("waiting {user} {}", short_hash(secret)))])
    }

    /// Of registrations, which count whatever comes of them.
    #[must_use]
    pub fn of_registration(cx: &RequestContext) -> Self {
        Self(by_address(cx, "register"))
    }

    /// Counts a try that costs nothing.
    ///
    /// # Errors
    /// `throttled`, `unavailable`.
    pub async fn count(self, cx: &RequestContext) -> ApiResult<()> {
        slow_where_refused(Box::pin(async move {
            self.check(cx).await?;
            self.try_count(cx).await.map(drop)
        }))
        .await
    }

    /// Counts a try as failed before it is looked at, and takes a place in the queue for it.
    ///
    /// # Errors
    /// `throttled`, `unavailable`.
    pub async fn reserve(self, cx: &RequestContext) -> ApiResult<Reserved> {
        slow_where_refused(Box::pin(async move {
            self.check(cx).await?;
            let place = cx.state.hasher.place(Network::all_of(cx.address))?;
            let counted = self.try_count(cx).await?;
            Ok(Reserved { place, counted, at: cx.now })
        }))
        .await
    }

    /// A look, so that those who have to wait write nothing.
    async fn check(&self, cx: &RequestContext) -> ApiResult<()> {
        for (scope, name) in &self.0 {
            refuse(*scope, throttles::find(cx.state.db.read(), name).await?, cx.now)?;
        }
        Ok(())
    }

    async fn try_count(self, cx: &RequestContext) -> ApiResult<Vec<Counted>> {
        let now = cx.now;
        cx.state.db.write(move |tx| Box::pin(async move { self.count_in(tx, now).await })).await?
    }

    /// All are held before one is judged: what is refused is counted nowhere.
    async fn count_in(self, tx: &mut Tx, now: Timestamp) -> StoreResult<ApiResult<Vec<Counted>>> {
        let mut all = Vec::new();
        for (scope, name) in self.0 {
            let before = throttles::hold(tx, &name).await?;
            all.push(Counted { scope, name, before });
        }
        if let Err(refused) = all.iter().try_for_each(|counted| refuse(counted.scope, counted.before, now)) {
            return Ok(Err(refused));
        }
        for counted in &all {
            throttles::store(tx, &counted.name, after_failure(counted.scope, counted.before, now)).await?;
        }
        Ok(Ok(all))
    }
}

struct Counted {
    scope: Scope,
    name: String,
    before: Failures,
}

/// A try that has been counted and may be paid for.
pub struct Reserved {
    place: Place,
    counted: Vec<Counted>,
    at: Timestamp,
}

impl Reserved {
    /// Compares, in the same time whether or not there is a stored hash. Gives the password back.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn verify(&self, password: Password, stored: Option<&str>) -> ApiResult<(Match, Password)> {
        Ok(self.place.verify(password, stored).await?)
    }

    /// # Errors
    /// `unavailable`.
    pub async fn hash(&self, password: Password) -> ApiResult<String> {
        Ok(self.place.hash(password).await?)
    }

    /// Other work on a password that takes as long as a hash.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> ApiResult<T> {
        Ok(self.place.work(work).await?)
    }

    /// Writes a wrong password down, as `entry`, unless there are many like it.
    ///
    /// # Errors
    /// `invalid_credentials`, or `unavailable` when that can't be written.
    pub async fn refuse<T>(self, cx: &RequestContext, entry: Entry) -> ApiResult<T> {
        if let Some(entry) = refusals::admit(cx, entry) {
            cx.state.db.write(move |tx| Box::pin(async move { audit::append(tx, &entry).await })).await?;
        }
        Err(ApiError::InvalidCredentials)
    }

    /// It was right: the pair begins anew, and the others are as if it hadn't been, for somebody else may still be guessing at
    /// the account or from the address.
    ///
    /// # Errors
    /// When the counters can't be written.
    pub async fn forgive(&self, tx: &mut Tx) -> StoreResult<()> {
        for Counted { scope, name, before } in &self.counted {
            match scope {
                Scope::Pair => throttles::forget(tx, name).await?,
                _ => throttles::take_back(tx, name, self.at, before.last_at).await?,
            }
        }
        Ok(())
    }
}

async fn slow_where_refused<T>(attempt: impl Future<Output = ApiResult<T>>) -> ApiResult<T> {
    let came_to = attempt.await;
    if came_to.is_err() {
        tokio::time::sleep(PAUSE).await;
    }
    came_to
}

fn by_address(cx: &RequestContext, what: &str) -> Vec<(Scope, String)> {
    let scope = |network: Network| if matches!(network, Network::Site(_)) { Scope::Site } else { Scope::Address };
    Network::all_of(cx.address).map(|network| (scope(network), format!("{what} {network}"))).collect()
}

fn refuse(scope: Scope, failures: Failures, now: Timestamp) -> ApiResult<()> {
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
