//! What can be typed after `sekisho user`.

use clap::{
    Args, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};

use super::args::message;
use crate::{
    domain::{
        email::Email,
        ids::{InviteId, UserId},
        role::Role,
        user_filter::{Asked, Seen, Sort},
    },
    server::canonical,
};

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make an account
    Create(NewAccount),
    /// Make a link by which someone makes their account
    Invite(Guest),
    /// Invitations that are open
    Invites,
    /// Make the link of an invitation worthless
    Uninvite {
        #[arg(value_name = "INVITE_ID", value_parser = invite_id)]
        invite: InviteId,
    },
    /// Give an account another role; tokens that say the old one are renewed
    SetRole {
        #[arg(value_parser = email)]
        email: Email,
        #[arg(value_parser = role())]
        role: Role,
    },
    /// Accounts
    List(UserListing),
    /// All that the desk shows of one account: sessions, sign-ins, what was done by them and to them, alarms, notes
    Show {
        #[arg(value_parser = email)]
        email: Email,
    },
    /// Accounts as CSV, or with --json as JSON lines
    Export(UserFilter),
    /// End all sessions of an account, and let nobody sign in to it
    Lock {
        #[arg(value_parser = email)]
        email: Email,
        #[command(flatten)]
        said: Said,
    },
    /// Let an account sign in again
    Unlock {
        #[arg(value_parser = email)]
        email: Email,
    },
    /// End all sessions of an account, and ask for another password at the next sign-in
    RequirePasswordChange {
        #[arg(value_parser = email)]
        email: Email,
        #[command(flatten)]
        said: Said,
    },
    /// Write a note on a user, read from standard input, that admins and support see
    Note {
        #[arg(value_parser = email)]
        email: Email,
    },
    /// The notes on a user
    Notes {
        #[arg(value_parser = email)]
        email: Email,
    },
    /// Delete a note
    DeleteNote {
        #[arg(value_name = "NOTE_ID", value_parser = note_id)]
        note: String,
    },
    /// Delete an account with all that belongs to it, for good
    Delete {
        #[arg(value_parser = email)]
        email: Email,
    },
}

#[derive(Debug, Args)]
pub struct NewAccount {
    #[arg(long, value_parser = email)]
    pub email: Email,
    #[arg(long, value_parser = role())]
    pub role: Role,
    /// Name as it is shown [default: the part of the e-mail before the @]
    #[arg(long, value_name = "NAME", value_parser = display_name)]
    pub display_name: Option<String>,
    /// Read the password from one line of standard input (the only way: arguments are seen by other users)
    #[arg(long, required = true)]
    pub password_stdin: bool,
}

#[derive(Debug, Args)]
pub struct Guest {
    /// Whose account it will be [default: that of whoever has the link]
    #[arg(long, value_parser = email)]
    pub email: Option<Email>,
    #[arg(long, value_parser = role(), default_value = "user")]
    pub role: Role,
    /// Name that the form begins with
    #[arg(long, value_name = "NAME", value_parser = display_name, default_value = "")]
    pub display_name: String,
}

#[derive(Debug, Args)]
pub struct Said {
    /// What the person is told
    #[arg(long, value_name = "TEXT", value_parser = message)]
    pub message: Option<String>,
}

/// What the list on the desk is narrowed by.
#[derive(Debug, Args)]
pub struct UserFilter {
    /// Whose e-mail or name begins so
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub query: String,
    #[arg(long, value_parser = PossibleValuesParser::new(Role::ALL.map(Role::as_str)))]
    pub role: Option<String>,
    #[arg(long, value_parser = ["yes", "no"])]
    pub locked: Option<String>,
    /// With, or without, a live session
    #[arg(long, value_parser = ["yes", "no"])]
    pub live: Option<String>,
    /// When they last acted
    #[arg(long, value_parser = PossibleValuesParser::new(Seen::ALL.map(Seen::as_str)))]
    pub seen: Option<String>,
}

#[derive(Debug, Args)]
pub struct UserListing {
    #[command(flatten)]
    pub filter: UserFilter,
    #[arg(long, value_parser = sort(), default_value = "email")]
    pub sort: Sort,
    /// At most so many [default: all]
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

impl UserFilter {
    #[must_use]
    pub fn asked(self) -> Asked {
        let [role, locked, live, seen] = [self.role, self.locked, self.live, self.seen].map(Option::unwrap_or_default);
        Asked { query: self.query, role, locked, live, seen, sort: String::new() }
    }
}

pub(super) fn email(typed: &str) -> Result<Email, &'static str> {
    canonical::email(typed).ok_or("not an e-mail address that can be used here")
}

fn display_name(typed: &str) -> Result<String, &'static str> {
    canonical::display_name(typed).ok_or("longer than 64 characters")
}

fn invite_id(typed: &str) -> Result<InviteId, &'static str> {
    InviteId::parse(typed).ok_or("not an invitation's id (see `sekisho user invites`)")
}

fn note_id(typed: &str) -> Result<String, &'static str> {
    UserId::parse(typed).map(|id| id.to_string()).ok_or("not a note's id (see `sekisho user notes`)")
}

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::as_str)).try_map(|text| Role::parse(&text).ok_or("no such role"))
}

fn sort() -> impl TypedValueParser<Value = Sort> {
    PossibleValuesParser::new(Sort::ALL.map(Sort::as_str)).try_map(|text| Sort::parse(&text).ok_or("no such order"))
}
