//! The account that a fresh database begins with. Its password is shown once and stored nowhere.

use serde_json::json;

use super::{failure::Failure, out::Out};
use crate::{
    domain::{
        audit::{Event, Outcome},
        role::Role,
    },
    server::{
        canonical,
        flow::create_user::NewUser,
        rng::Rng,
        secret::Password,
        state::AppState,
        store::{
            StoreResult, Tx,
            audit::{self, Entry},
            guards::{self, Guard},
            users::{self, User},
        },
    },
};

const EMAIL: &str = "admin@sekisho.local";
/// No letter or digit that is taken for another; 32 of them, so that a byte picks one without a bias. 20 are 100 bits.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const LENGTH: usize = 20;
/// The most that `password.min_length` can ask for.
const LONGEST: usize = 64;

/// Makes the first admin where there is no account at all, and shows the password.
///
/// # Errors
/// When the database can't be read or written.
pub async fn ensure(state: &AppState, out: Out) -> Result<(), Failure> {
    let now = state.clock.now();
    if users::any(state.db.read()).await? {
        return Ok(());
    }
    let password = password(&state.rng, state.config.password_min_length);
    let user = new_admin(password.clone()).row(state, now);
    let hash = state.hasher.hash(Password::from(password.clone())).await;
    let hash = hash.map_err(|error| Failure::refused(format!("the first admin: {error}")))?;
    let entry = entry(state, &user);
    if state.db.write(move |tx| Box::pin(async move { insert(tx, &user, &hash, &entry).await })).await? {
        show(&password, &state.config.public_url, out);
    }
    Ok(())
}

/// Asks again inside the write, since another process may be starting on the same file; whether this one made it.
async fn insert(tx: &mut Tx, user: &User, hash: &str, entry: &Entry) -> StoreResult<bool> {
    guards::hold(tx, Guard::Accounts).await?;
    if users::any(tx.read()).await? {
        return Ok(false);
    }
    users::insert(tx, user, hash).await?;
    audit::append(tx, entry).await?;
    Ok(true)
}

fn new_admin(password: String) -> NewUser {
    NewUser {
        email: canonical::email(EMAIL).unwrap_or_else(|| unreachable!("it is an address")),
        display_name: "Admin".to_owned(),
        role: Role::Admin,
        password: Password::from(password),
    }
}

fn entry(state: &AppState, user: &User) -> Entry {
    Entry {
        id: state.rng.uuid(user.created_at),
        at: user.created_at,
        event: Event::UserCreate,
        outcome: Outcome::Done,
        actor: None,
        target: Some(user.id.clone()),
        session: None,
        address: None,
        device: None,
        request_id: None,
        detail: Some(json!({ "by": "first_start", "role": user.role }).to_string()),
    }
}

/// A password that nobody has thought of.
pub(super) fn password(rng: &Rng, min_length: usize) -> String {
    let letter = |byte: &u8| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]);
    rng.bytes::<LONGEST>().iter().take(min_length.clamp(LENGTH, LONGEST)).map(letter).collect()
}

fn show(password: &str, public_url: &str, out: Out) {
    let url = format!("{public_url}/login");
    let lines = [
        "The first admin. The password is shown this once only.".to_owned(),
        String::new(),
        format!("Open      {url}"),
        format!("E-mail    {EMAIL}"),
        format!("Password  {password}"),
    ];
    out.done(&boxed(&lines), &json!({ "first_admin": { "url": url, "email": EMAIL, "password": password } }));
}

fn boxed(lines: &[String]) -> String {
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let edge = "─".repeat(width + 2);
    let inner: Vec<String> = lines.iter().map(|line| format!("│ {line:<width$} │")).collect();
    format!("┌{edge}┐\n{}\n└{edge}┘", inner.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_long_and_has_no_letter_that_is_taken_for_another() {
        let made = password(&Rng::seeded(1), 15);
        assert_eq!(made.len(), LENGTH);
        assert!(!made.contains(['l', 'o', '0', '1', 'O', 'I']), "{made}");
        assert_ne!(made, password(&Rng::seeded(2), 15));
        assert_eq!(password(&Rng::seeded(1), 64).len(), 64, "the policy holds for it too");
    }

    #[test]
    fn the_address_of_the_first_admin_is_in_its_canonical_form() {
        assert_eq!(canonical::email(EMAIL).unwrap().as_str(), EMAIL);
    }

    #[test]
    fn the_box_closes_on_every_line() {
        assert_eq!(boxed(&["a".to_owned(), "abc".to_owned()]), "┌─────┐\n│ a   │\n│ abc │\n└─────┘");
    }
}
