//! What can be typed. Values are brought to their types here, so that a wrong one is wrong usage.

use std::{path::PathBuf, time::Duration};

use clap::{
    Arg, ArgAction, ArgMatches, Args, Command as ClapCommand, CommandFactory as _, FromArgMatches as _, Parser,
    Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
    value_parser,
};

use super::user_args::email;
pub use super::{
    audit_args::{AuditCommand, AuditListing, AuditSearch},
    user_args::{Guest, NewAccount, UserCommand, UserFilter, UserListing},
    webhook_args::{NewWebhook, WebhookChange, WebhookCommand},
};
use crate::{
    domain::{
        activity::Range,
        email::Email,
        ids::{SessionId, UserId},
        time::Timestamp,
    },
    server::canonical,
};

/// A sign-in and session server.
#[derive(Debug, Parser)]
#[command(name = "sekisho", version, about, propagate_version = true)]
pub struct Cli {
    /// Configuration file [default: sekisho.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print JSON, for scripts
    #[arg(long, global = true)]
    pub json: bool,
    /// `--set` of every level, in the order given.
    #[arg(skip)]
    pub set: Vec<String>,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve (what happens without a command)
    Serve,
    /// Bring the database to this version, and stop
    Migrate,
    /// What happened of late: sign-ins, refusals, refreshes, kicks, reuse; and how many sessions are live
    Overview {
        /// How far back
        #[arg(long, value_parser = range(), default_value = "hour")]
        range: Range,
    },
    /// Accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Sessions
    #[command(subcommand)]
    Session(SessionCommand),
    /// Delete what is past use now, besides what `cleanup.schedule` does
    Cleanup {
        /// Let audit rows past their retention go too that are not as they were sealed
        #[arg(long)]
        unverified: bool,
    },
    /// Credentials that came twice
    #[command(subcommand)]
    Alarm(AlarmCommand),
    /// The audit log
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Keys that sign access tokens and derive refresh tokens
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Addresses that are told of sessions and accounts
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// The configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look for what is wrong or unwise, and change nothing
    Doctor,
    /// Ask the server of this machine whether it is ready: exit code 0 if it is, 1 if not
    Health,
    /// Copy the SQLite database into a new file, also while a server runs
    Backup {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Put a copy in the place of the SQLite database; ends all sessions and what else was issued
    Restore {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// People who don't exist, to look around or to measure
    #[command(subcommand)]
    Demo(DemoCommand),
}

#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// Live sessions
    List {
        /// Of this account only
        #[arg(long, value_name = "EMAIL", value_parser = email)]
        user: Option<Email>,
    },
    /// End a session, all sessions of accounts, or everybody's, now
    Kill {
        #[arg(value_name = "SESSION_ID", value_parser = session_id, required_unless_present_any = ["user", "all", "since"])]
        session: Option<SessionId>,
        /// All sessions of this account; repeatable
        #[arg(long, value_name = "EMAIL", value_parser = email, conflicts_with = "session")]
        user: Vec<Email>,
        /// Everybody's
        #[arg(long, conflicts_with_all = ["session", "user"])]
        all: bool,
        /// Of everybody's those that began so long ago (2h) or less, or at this instant (RFC 3339) or later
        #[arg(long, value_name = "WHEN", value_parser = since, conflicts_with_all = ["session", "user"])]
        since: Option<Since>,
        /// What the people are told
        #[arg(long, value_name = "TEXT", value_parser = message)]
        message: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum AlarmCommand {
    /// Alarms that wait for an answer
    List {
        /// All of this account, answered ones too
        #[arg(long, value_name = "EMAIL", value_parser = email)]
        user: Option<Email>,
    },
    /// Close an alarm that has been dealt with
    Answer {
        #[arg(value_name = "ALARM_ID", value_parser = alarm_id)]
        alarm: String,
        /// End all sessions of its account by the same act
        #[arg(long)]
        kick: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// All keys, newest first
    List,
    /// Make another key to sign with; it is published for ten minutes before it signs
    Rotate {
        /// Sign with it at once, and refuse every token signed so far: the emergency brake
        #[arg(long)]
        now: bool,
        /// Refuse every refresh token too, and end all sessions: everybody signs in anew
        #[arg(long, requires = "now")]
        all: bool,
    },
}

/// Since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    Ago(Duration),
    At(Timestamp),
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Values in force, secrets masked, and where each came from
    Show,
}

#[derive(Debug, Subcommand)]
pub enum DemoCommand {
    /// Make accounts at demo.example with sessions; all have one password. Never where real people sign in
    Seed(Seed),
}

#[derive(Debug, Args)]
pub struct Seed {
    /// Accounts
    #[arg(long, value_name = "N", value_parser = value_parser!(i64).range(1..=5_000_000))]
    pub users: i64,
    /// Live sessions of each
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(i64).range(0..=500))]
    pub live_each: i64,
    /// Sessions of each that the next clean-up deletes
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = value_parser!(i64).range(0..=20))]
    pub expired_each: i64,
    /// Read the password from one line of standard input; without it one is made, and shown once
    #[arg(long)]
    pub password_stdin: bool,
}

const SET: &str = "set";

/// Reads a command line.
///
/// # Errors
/// What clap has to say, which may also be the help that was asked for.
pub fn parse(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Cli, clap::Error> {
    let matches = command().try_get_matches_from(arguments)?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    cli.set = set_of_every_level(&matches);
    Ok(cli)
}

/// `--set` stands at every level by itself: of clap's global arguments only those of the last level count.
fn command() -> ClapCommand {
    fn with_set(command: ClapCommand) -> ClapCommand {
        let set = Arg::new(SET)
            .long(SET)
            .value_name("KEY=VALUE")
            .action(ArgAction::Append)
            .help("Set a configuration key, over file and environment; repeatable");
        command.arg(set).mut_subcommands(with_set)
    }
    with_set(Cli::command())
}

fn set_of_every_level(matches: &ArgMatches) -> Vec<String> {
    let mut set = Vec::new();
    let mut level = Some(matches);
    while let Some(matches) = level {
        set.extend(matches.get_many(SET).into_iter().flatten().cloned());
        level = matches.subcommand().map(|(_, below)| below);
    }
    set
}

fn range() -> impl TypedValueParser<Value = Range> {
    PossibleValuesParser::new(Range::ALL.map(Range::as_str)).try_map(|text| Range::parse(&text).ok_or("no such range"))
}

pub(super) fn session_id(typed: &str) -> Result<SessionId, &'static str> {
    SessionId::parse(typed).ok_or("not a session id (see `sekisho session list`)")
}

fn since(typed: &str) -> Result<Since, &'static str> {
    if let Ok(length) = humantime::parse_duration(typed) {
        return Ok(Since::Ago(length));
    }
    let instant = typed.parse::<jiff::Timestamp>();
    instant
        .map(|at| Since::At(Timestamp(at.as_millisecond())))
        .map_err(|_| "neither a length such as 2h nor an instant such as 2026-11-21T10:00:00Z")
}

fn alarm_id(typed: &str) -> Result<String, &'static str> {
    UserId::parse(typed).map(|id| id.to_string()).ok_or("not an alarm's id (see `sekisho alarm list`)")
}

pub(super) fn message(typed: &str) -> Result<String, &'static str> {
    let message = canonical::message(typed).filter(|message| !message.is_empty());
    message.ok_or("empty, or longer than 200 characters")
}

#[cfg(test)]
#[path = "args_tests.rs"]
mod tests;
