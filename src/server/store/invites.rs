//! Table `invites`.

use sqlx::FromRow;

use super::{On, StoreError, StoreResult, Tx, sql, webhooks::Showing};
use crate::{
    domain::{
        ids::{InviteId, UserId},
        invite::Inviter,
        role::Role,
        time::Timestamp,
    },
    server::crypto::invite_token::TokenHash,
};

#[derive(Clone, Debug)]
pub struct Invite {
    pub id: InviteId,
    /// Whose account it makes; anyone's without it.
    pub email: Option<String>,
    /// What the form begins with.
    pub display_name: String,
    pub role: Role,
    /// The machine's operator where it is nobody.
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// An invitation with who gave it, as they are now.
#[derive(Clone, Debug)]
pub struct Given {
    pub invite: Invite,
    pub inviter: Inviter,
    pub inviter_email: Option<String>,
}

#[derive(FromRow)]
struct Row {
    id: String,
    email: Option<String>,
    display_name: String,
    role: String,
    created_by: Option<String>,
    created_at: i64,
    expires_at: i64,
    inviter_email: Option<String>,
    inviter_role: Option<String>,
    inviter_locked_at: Option<i64>,
}

fn role(text: &str, table: &'static str) -> StoreResult<Role> {
    Role::parse(text).ok_or(StoreError::Inconsistent { table, column: "role" })
}

impl Row {
    fn read(self) -> StoreResult<Given> {
        let created_by = self.created_by.map(|id| super::user_id(&id, "invites")).transpose()?;
        let inviter = match (&created_by, self.inviter_role) {
            (None, _) => Inviter::Operator,
            (Some(_), None) => Inviter::Gone,
            (Some(_), Some(text)) => {
                Inviter::User { role: role(&text, "users")?, locked: self.inviter_locked_at.is_some() }
            }
        };
        let id = InviteId::parse(&self.id).ok_or(StoreError::Inconsistent { table: "invites", column: "id" })?;
        let invite = Invite {
            id,
            email: self.email,
            display_name: self.display_name,
            role: role(&self.role, "invites")?,
            created_by,
            created_at: Timestamp(self.created_at),
            expires_at: Timestamp(self.expires_at),
        };
        Ok(Given { invite, inviter, inviter_email: self.inviter_email })
    }
}

/// Those that were neither used nor revoked and have not expired at `$1`.
macro_rules! open {
    ($which:literal) => {
        concat!(
            "SELECT i.id, i.email, i.display_name, i.role, i.created_by, i.created_at, i.expires_at,
               u.email AS inviter_email, u.role AS inviter_role, u.locked_at AS inviter_locked_at
             FROM invites i LEFT JOIN users u ON u.id = i.created_by
             WHERE i.used_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > $1 ",
            $which
        )
    };
}

/// # Errors
/// When the row can't be written.
pub async fn insert(tx: &mut Tx, invite: &Invite, token: &TokenHash) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "INSERT INTO invites (id, token_hash, email, display_name, role, created_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        invite.id.as_str(),
        token.as_slice(),
        invite.email.as_deref(),
        &invite.display_name,
        invite.role.as_str(),
        invite.created_by.as_ref().map(UserId::as_str),
        invite.created_at.0,
        invite.expires_at.0
    )
    .map(drop)
}

/// The session whose next page shows a link, and until when it may.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    pub session: &'a str,
    pub now: Timestamp,
    pub until: Timestamp,
}

/// Has the link shown once to a session that can't be answered at once, until then. What was to be shown and wasn't goes.
///
/// # Errors
/// When the rows can't be written.
pub async fn show_once(tx: &mut Tx, id: &InviteId, sealed: &[u8], to: Waiting<'_>) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "UPDATE invites SET show_token = NULL WHERE show_token IS NOT NULL AND show_until <= $1",
        to.now.0
    )?;
    sql!(
        tx.on(),
        execute,
        "UPDATE invites SET show_to = $1, show_until = $2, show_token = $3 WHERE id = $4",
        to.session,
        to.until.0,
        sealed,
        id.as_str()
    )
    .map(drop)
}

/// The newest invitation whose link is to be shown to this session.
///
/// # Errors
/// When the database can't be read.
pub async fn to_be_shown(db: On<'_>, to: &Showing) -> StoreResult<Option<Given>> {
    let row: Option<Row> = sql!(
        db,
        fetch_optional,
        open!(
            "AND i.show_to IN ($2, $3) AND i.show_until > $1 AND i.show_token IS NOT NULL ORDER BY i.id DESC LIMIT 1"
        ),
        to.now.0,
        &to.session,
        &to.request
    )?;
    row.map(Row::read).transpose()
}

/// Takes the one time it may be shown, for this request: a page may read it twice while it is made. The sealed token, where
/// it was there to be taken.
///
/// # Errors
/// When the row can't be written.
pub async fn take_showing(tx: &mut Tx, id: &InviteId, to: &Showing) -> StoreResult<Option<Vec<u8>>> {
    let taken: Option<(Option<Vec<u8>>,)> = sql!(
        tx.on(),
        fetch_optional,
        "UPDATE invites SET show_to = $1 WHERE id = $2 AND show_to IN ($3, $1) AND show_until > $4 RETURNING show_token",
        &to.request,
        id.as_str(),
        &to.session,
        to.now.0
    )?;
    Ok(taken.and_then(|(sealed,)| sealed))
}

/// The open invitation of this token.
///
/// # Errors
/// When the database can't be read.
pub async fn find_open(db: On<'_>, token: &TokenHash, now: Timestamp) -> StoreResult<Option<Given>> {
    let row: Option<Row> = sql!(db, fetch_optional, open!("AND i.token_hash = $2"), now.0, token.as_slice())?;
    row.map(Row::read).transpose()
}

/// The open invitations, newest first.
///
/// # Errors
/// When the database can't be read.
pub async fn list_open(db: On<'_>, now: Timestamp, limit: i64) -> StoreResult<Vec<Given>> {
    let rows: Vec<Row> = sql!(db, fetch_all, open!("ORDER BY i.id DESC LIMIT $2"), now.0, limit)?;
    rows.into_iter().map(Row::read).collect()
}

/// Uses an invitation up, which happens once.
///
/// # Errors
/// When the row can't be written.
pub async fn take(tx: &mut Tx, id: &InviteId, by: &UserId, now: Timestamp) -> StoreResult<bool> {
    let taken = sql!(
        tx.on(),
        execute,
        "UPDATE invites SET used_at = $1, used_by = $2, show_token = NULL
         WHERE id = $3 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > $1",
        now.0,
        by.as_str(),
        id.as_str()
    )?;
    Ok(taken == 1)
}

/// Takes that back within its transaction: the account was not made.
///
/// # Errors
/// When the row can't be written.
pub async fn put_back(tx: &mut Tx, id: &InviteId) -> StoreResult<()> {
    sql!(tx.on(), execute, "UPDATE invites SET used_at = NULL, used_by = NULL WHERE id = $1", id.as_str()).map(drop)
}

/// Revokes all that are open.
///
/// # Errors
/// When the rows can't be written.
pub async fn revoke_all(tx: &mut Tx, now: Timestamp) -> StoreResult<()> {
    sql!(
        tx.on(),
        execute,
        "UPDATE invites SET revoked_at = $1 WHERE used_at IS NULL AND revoked_at IS NULL AND expires_at > $1",
        now.0
    )
    .map(drop)
}

/// Whether it was open until now.
///
/// # Errors
/// When the row can't be written.
pub async fn revoke(tx: &mut Tx, id: &InviteId, now: Timestamp) -> StoreResult<bool> {
    let revoked = sql!(
        tx.on(),
        execute,
        "UPDATE invites SET revoked_at = $1, show_token = NULL
         WHERE id = $2 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > $1",
        now.0,
        id.as_str()
    )?;
    Ok(revoked == 1)
}
