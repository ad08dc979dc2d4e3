//! `sekisho user create`, `list` and `export`.

use std::io::BufRead;

use serde::Serialize;
use serde_json::json;

use super::{
    args::{NewAccount, UserFilter, UserListing},
    direct::{Direct, shown},
    failure::Failure,
    out::{Out, Row, lines},
};
use crate::{
    api::ApiError,
    domain::{
        audit::Event,
        ids::UserId,
        password_policy::LONGEST_BYTES,
        role::Role,
        time::Timestamp,
        user_filter::{Asked, Filter},
    },
    server::{
        config::Config,
        flow::{
            create_user::{self, NewUser},
            password_check, users_export,
        },
        secret::Password,
        state::{AppState, Parts},
        store::{audit, user_list::Listed},
    },
};

/// # Errors
/// When the password is refused, the address is taken, or the database can't be opened.
pub async fn create(config: Config, account: NewAccount, out: Out) -> Result<(), Failure> {
    let email = account.email;
    let display_name = account.display_name.filter(|name| !name.is_empty()).unwrap_or_else(|| email.local().to_owned());
    let password = password_line(std::io::stdin().lock())?;
    let min_length = config.password_min_length;
    password_check::check(&config, &email, &display_name, &password).map_err(|error| told(&error, min_length))?;
    let state = AppState::start(Parts::of_system(config)).await?;
    let new = NewUser { email: email.clone(), display_name, role: account.role, password };
    let made = create_user::create(&state, new).await;
    state.db.close().await;
    let id = made.map_err(|error| told(&error, min_length))?;
    let value = json!({ "user_id": id.as_str(), "email": email.as_str(), "role": account.role });
    out.done(&format!("{} is an account now, with role {}", email.as_str(), account.role.as_str()), &value);
    Ok(())
}

/// What some editors and shells begin a text with.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// One line, without its end and without a byte order mark before it. What is longer than any password is cut, still too long to be taken.
///
/// # Errors
/// When it is no text, or there is nothing to read from.
pub(super) fn password_line(input: impl BufRead) -> Result<Password, Failure> {
    let mut line = String::new();
    let longest = (LONGEST_BYTES * 2) as u64;
    input
        .take(longest)
        .read_line(&mut line)
        .map_err(|error| Failure::refused(format!("the password can't be read from standard input: {error}")))?;
    let end = line.trim_end_matches('\n').len();
    line.truncate(end);
    if line.ends_with('\r') {
        line.pop();
    }
    if line.starts_with(BYTE_ORDER_MARK) {
        line.remove(0);
    }
    Ok(Password::from(line))
}

/// Why an account was not made.
pub(super) fn told(error: &ApiError, min_length: usize) -> Failure {
    let why = match error {
        ApiError::Conflict { .. } => "there is an account with this e-mail already".to_owned(),
        ApiError::Invalid { field, reason } => match reason.as_str() {
            "too_short" => format!("the {field} is too short: {min_length} characters at least"),
            "too_long" => format!("the {field} is too long"),
            "common" => format!("the {field} is too easily guessed"),
            "personal" => format!("the {field} is made of names: the product's, the host's or the person's"),
            other => format!("the {field} is refused: {other}"),
        },
        _ => "the database can't be written now; try again".to_owned(),
    };
    Failure::Refused(why)
}

#[derive(Serialize)]
struct UserRow {
    user_id: UserId,
    email: String,
    role: Role,
    locked: bool,
    live_sessions: i64,
    created_at: i64,
    last_active_at: Option<i64>,
    display_name: String,
}

impl From<Listed> for UserRow {
    fn from(listed: Listed) -> Self {
        let user = listed.user;
        Self {
            user_id: user.id,
            email: user.email,
            role: user.role,
            locked: user.locked_at.is_some(),
            live_sessions: listed.live_sessions,
            created_at: user.created_at.0,
            last_active_at: listed.last_active_at.map(|at| at.0),
            display_name: user.display_name,
        }
    }
}

impl Row for UserRow {
    const HEAD: &'static [&'static str] = &["EMAIL", "ROLE", "LOCKED", "SESSIONS", "CREATED", "LAST ACTIVE", "NAME"];

    fn cells(&self) -> Vec<String> {
        let locked = if self.locked { "yes" } else { "no" };
        vec![
            self.email.clone(),
            self.role.as_str().to_owned(),
            locked.to_owned(),
            self.live_sessions.to_string(),
            shown(Timestamp(self.created_at)),
            self.last_active_at.map_or_else(|| "never".to_owned(), |at| shown(Timestamp(at))),
            self.display_name.clone(),
        ]
    }
}

/// # Errors
/// When the database can't be opened or read.
pub async fn list(config: &Config, listing: UserListing, out: Out) -> Result<(), Failure> {
    let filter = filter(&listing.filter.asked())?;
    let direct = Direct::open(config).await?;
    let users = direct.users(&filter, listing.sort, listing.limit).await;
    direct.db.close().await;
    let rows: Vec<UserRow> = users?.into_iter().map(UserRow::from).collect();
    out.table(&rows);
    Ok(())
}

fn filter(asked: &Asked) -> Result<Filter, Failure> {
    Filter::parse(asked).map_err(|field| Failure::refused(format!("--{field}: not understood")))
}

/// Writes down first that the list was taken out.
///
/// # Errors
/// When the database can't be read or written.
pub async fn export(config: &Config, typed: UserFilter, out: Out) -> Result<(), Failure> {
    let asked = typed.asked();
    let filter = filter(&asked)?;
    let direct = Direct::open(config).await?;
    let entry = direct.export(Event::UsersExport, &asked.pairs());
    direct.db.write(move |tx| Box::pin(async move { audit::append(tx, &entry).await })).await?;
    // A reader who has gone has seen enough.
    let mut reads_on = out.json || lines(&users_export::head());
    let mut next = Some(String::new());
    while let (true, Some(after)) = (reads_on, next) {
        let Some((users, following)) = users_export::batch(&direct.db, &filter, &after, direct.now).await? else {
            break;
        };
        let text: String = if out.json {
            users.into_iter().map(json_line).collect()
        } else {
            users.iter().map(users_export::line).collect()
        };
        reads_on = lines(&text);
        next = following;
    }
    direct.db.close().await;
    Ok(())
}

fn json_line(listed: Listed) -> String {
    let row = serde_json::to_string(&UserRow::from(listed));
    row.unwrap_or_else(|_| unreachable!("texts and numbers have a form")) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_whole() {
        for (typed, read) in
            [("a b \n", "a b "), ("a\r\nb\n", "a"), ("a", "a"), ("", ""), (" a\n", " a"), ("\u{feff}a\r\n", "a")]
        {
            assert_eq!(password_line(typed.as_bytes()).unwrap().expose(), read, "{typed:?}");
        }
        let megabyte = "x".repeat(1 << 20);
        assert!(password_line(megabyte.as_bytes()).unwrap().expose().len() > LONGEST_BYTES);
        assert!(password_line([0xff, b'\n'].as_slice()).is_err());
    }
}
