//! A new account, whoever makes it.

use crate::{
    api::ApiResult,
    domain::{
        audit::{Event, Outcome},
        email::Email,
        ids::UserId,
        role::Role,
        time::Timestamp,
    },
    server::{
        secret::Password,
        state::AppState,
        store::{
            audit::{self, Entry},
            users::{self, User},
        },
    },
};

/// What an account is made of; everything in it has been checked.
#[derive(Debug)]
pub struct NewUser {
    pub email: Email,
    pub display_name: String,
    pub role: Role,
    pub password: Password,
}

impl NewUser {
    /// The row as it begins.
    #[must_use]
    pub fn row(&self, state: &AppState, now: Timestamp) -> User {
        User {
            id: state.new_user_id(now),
            email: self.email.as_str().to_owned(),
            display_name: self.display_name.clone(),
            role: self.role,
            version: 0,
            locked_at: None,
            created_at: now,
        }
    }
}

/// Makes an account from the command line.
///
/// # Errors
/// `conflict` when the address is taken, `unavailable`.
pub async fn create(state: &AppState, new: NewUser) -> ApiResult<UserId> {
    let now = state.clock.now();
    let user = new.row(state, now);
    let hash = state.hasher.hash(new.password).await?;
    let entry = Entry {
        id: state.rng.uuid(now),
        at: now,
        event: Event::UserCreate,
        outcome: Outcome::Done,
        actor: None,
        target: Some(user.id.clone()),
        session: None,
        address: None,
        device: None,
        request_id: None,
        detail: Some(serde_json::json!({ "by": "cli", "role": user.role.as_str() }).to_string()),
    };
    let id = user.id.clone();
    state
        .db
        .write(move |tx| {
            Box::pin(async move {
                users::insert(tx, &user, &hash).await?;
                audit::append(tx, &entry).await
            })
        })
        .await?;
    Ok(id)
}
