//! A row of table `users`, read.

use sqlx::FromRow;

use super::{StoreError, StoreResult, user_id};
use crate::domain::{ids::UserId, role::Role, time::Timestamp};

#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub display_name: String,
    pub role: Role,
    pub version: i64,
    pub locked_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// A user with what verifies their password.
pub struct WithPassword {
    pub user: User,
    pub password_hash: String,
}

#[derive(FromRow)]
pub(super) struct Row {
    id: String,
    email: String,
    display_name: String,
    role: String,
    version: i64,
    locked_at: Option<i64>,
    created_at: i64,
}

/// The columns that [`JoinedRow`] reads, of `users u`.
macro_rules! joined_user_columns {
    () => {
        "u.email AS user_email, u.display_name AS user_display_name, u.role AS user_role,
         u.version AS user_row_version, u.locked_at AS user_locked_at, u.created_at AS user_created_at,
         CASE WHEN s.user_version < u.dead_below THEN u.dead_reason END AS dead_reason"
    };
}

pub(super) use joined_user_columns;

/// A user's columns beside those of another table.
#[derive(FromRow)]
pub(super) struct JoinedRow {
    #[sqlx(rename = "user_email")]
    email: String,
    #[sqlx(rename = "user_display_name")]
    display_name: String,
    #[sqlx(rename = "user_role")]
    role: String,
    #[sqlx(rename = "user_row_version")]
    version: i64,
    #[sqlx(rename = "user_locked_at")]
    locked_at: Option<i64>,
    #[sqlx(rename = "user_created_at")]
    created_at: i64,
}

impl JoinedRow {
    pub(super) fn read(self, id: UserId) -> StoreResult<User> {
        Ok(User {
            id,
            email: self.email,
            display_name: self.display_name,
            role: role(&self.role)?,
            version: self.version,
            locked_at: self.locked_at.map(Timestamp),
            created_at: Timestamp(self.created_at),
        })
    }
}

fn role(text: &str) -> StoreResult<Role> {
    Role::parse(text).ok_or(StoreError::Inconsistent { table: "users", column: "role" })
}

impl Row {
    pub(super) fn read(self) -> StoreResult<User> {
        Ok(User {
            id: user_id(&self.id, "users")?,
            email: self.email,
            display_name: self.display_name,
            role: role(&self.role)?,
            version: self.version,
            locked_at: self.locked_at.map(Timestamp),
            created_at: Timestamp(self.created_at),
        })
    }
}
