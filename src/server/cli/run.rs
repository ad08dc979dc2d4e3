//! From a command line to an exit code.

use std::{process::ExitCode, sync::Arc, time::Duration};

use super::{
    account, alarm,
    args::{
        self, AlarmCommand, AuditCommand, Cli, Command, ConfigCommand, DemoCommand, KeysCommand, SessionCommand,
        UserCommand, WebhookCommand,
    },
    audit, backup, cleanup, configuration, demo, doctor, everybody,
    failure::Failure,
    health, invite, keys, note,
    out::{Out, complain},
    overview, restore, serve, session, user, user_page, webhook, webhook_acts,
};
use crate::{
    domain::account_act::AccountAct,
    server::{config::Config, flow::keys::Rotation, log_writer::FlushAtEnd, store::Db, telemetry},
};

/// For work that still blocks a thread when a command is done.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(500);

/// Runs the command of this process.
#[must_use]
pub fn run() -> ExitCode {
    let _flushed = FlushAtEnd;
    let cli = match args::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to stdout, usage to stderr; there is no one to tell when neither can be written.
            let _ = error.print();
            return u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
        }
    };
    match carry_out(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.lines().iter().for_each(|line| complain(line));
            failure.exit_code()
        }
    }
}

fn carry_out(cli: Cli) -> Result<(), Failure> {
    let out = Out { json: cli.json };
    let layers = configuration::layers(&cli);
    let command = cli.command.unwrap_or(Command::Serve);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::refused(format!("the runtime can't be started: {error}")))?;
    match command {
        // Whatever is wrong with the rest of the configuration is another command's to say.
        Command::Health => return runtime.block_on(health::ask(layers, out)),
        Command::Doctor => return runtime.block_on(doctor::examine(layers, out)),
        Command::Config(ConfigCommand::Show) => return runtime.block_on(configuration::show(&layers?, out)),
        _ => {}
    }
    let config = Config::read(&layers?)?;
    let level = if matches!(command, Command::Serve) { telemetry::SERVING } else { telemetry::COMMAND };
    telemetry::init(config.json_logs, level).map_err(|line| Failure::Configuration(vec![line]))?;
    if matches!(command, Command::Serve) {
        config.unwise_secrets().iter().for_each(|line| tracing::warn!("{line}"));
    }
    let done = runtime.block_on(dispatch(command, config, out));
    // What still waits, for a name server or a disk, is not waited for.
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    done
}

async fn dispatch(command: Command, config: Config, out: Out) -> Result<(), Failure> {
    match command {
        Command::Serve => Box::pin(serve::serve(config, out)).await,
        Command::Migrate => migrate(&config, out).await,
        Command::Overview { range } => overview::show(&config, range, out).await,
        Command::User(command) => on_account(command, &config, out).await,
        Command::Session(SessionCommand::List { user }) => session::list(&config, user, out).await,
        Command::Session(SessionCommand::Kill { session: Some(session), message, .. }) => {
            session::kill(&config, session, message, out).await
        }
        Command::Session(SessionCommand::Kill { since: Some(since), message, .. }) => {
            everybody::kill_since(&config, since, message, out).await
        }
        Command::Session(SessionCommand::Kill { all: true, message, .. }) => {
            everybody::kill(&config, message, out).await
        }
        Command::Session(SessionCommand::Kill { user, message, .. }) => {
            session::kill_all(&config, user, message, out).await
        }
        Command::Backup { file } => backup::backup(&config, &file, out).await,
        Command::Restore { file } => Box::pin(restore::restore(&config, &file, out)).await,
        Command::Cleanup { unverified } => cleanup::clean_up(&config, unverified, out).await,
        Command::Alarm(AlarmCommand::List { user }) => alarm::list(&config, user, out).await,
        Command::Alarm(AlarmCommand::Answer { alarm, kick }) => alarm::answer(&config, alarm, kick, out).await,
        Command::Audit(AuditCommand::List(listing)) => audit::list(&config, listing, out).await,
        Command::Audit(AuditCommand::Verify { head, accept_key }) => {
            audit::verify(&config, (head, accept_key), out).await
        }
        Command::Audit(AuditCommand::Export(search)) => audit::export(&config, search).await,
        Command::Keys(KeysCommand::List) => keys::list(&config, out).await,
        Command::Keys(KeysCommand::Rotate { all: true, .. }) => everybody::rotate_all(&config, out).await,
        Command::Keys(KeysCommand::Rotate { now: true, .. }) => keys::rotate(&config, Rotation::Now, out).await,
        Command::Keys(KeysCommand::Rotate { .. }) => keys::rotate(&config, Rotation::Announced, out).await,
        Command::Webhook(command) => on_webhook(command, &config, out).await,
        Command::Demo(DemoCommand::Seed(seed)) => Box::pin(demo::seed(config, seed, out)).await,
        Command::Config(_) | Command::Doctor | Command::Health => {
            unreachable!("what goes without a valid configuration has gone")
        }
    }
}

async fn on_account(command: UserCommand, config: &Config, out: Out) -> Result<(), Failure> {
    match command {
        UserCommand::Create(account) => Box::pin(user::create(config.clone(), account, out)).await,
        UserCommand::Invite(guest) => invite::give(config, guest, out).await,
        UserCommand::Invites => invite::list(config, out).await,
        UserCommand::Uninvite { invite } => invite::revoke(config, invite, out).await,
        UserCommand::List(listing) => user::list(config, listing, out).await,
        UserCommand::Show { email } => user_page::show(config, email, out).await,
        UserCommand::Export(filter) => user::export(config, filter, out).await,
        UserCommand::SetRole { email, role } => {
            account::act(config, email, (AccountAct::SetRole(role), None), out).await
        }
        UserCommand::Lock { email, said } => account::act(config, email, (AccountAct::Lock, said.message), out).await,
        UserCommand::Unlock { email } => account::act(config, email, (AccountAct::Unlock, None), out).await,
        UserCommand::RequirePasswordChange { email, said } => {
            account::act(config, email, (AccountAct::RequirePassword, said.message), out).await
        }
        UserCommand::Note { email } => note::add(config, email, out).await,
        UserCommand::Notes { email } => note::list(config, email, out).await,
        UserCommand::DeleteNote { note } => note::delete(config, note, out).await,
        UserCommand::Delete { email } => account::act(config, email, (AccountAct::Delete, None), out).await,
    }
}

async fn on_webhook(command: WebhookCommand, config: &Config, out: Out) -> Result<(), Failure> {
    match command {
        WebhookCommand::List => webhook::list(config, out).await,
        WebhookCommand::Create(new) => webhook_acts::create(config, new, out).await,
        WebhookCommand::Update { id, change } => webhook_acts::update(config, (id, change), out).await,
        WebhookCommand::Rotate { id } => webhook_acts::rotate(config, id, out).await,
        WebhookCommand::Delete { id } => webhook_acts::delete(config, id, out).await,
        WebhookCommand::Enable { id } => webhook_acts::switch(config, (id, true), out).await,
        WebhookCommand::Disable { id } => webhook_acts::switch(config, (id, false), out).await,
        WebhookCommand::Test { id } => webhook_acts::test(config, id, out).await,
        WebhookCommand::Deliveries { id, limit } => webhook::deliveries(config, (id, limit), out).await,
        WebhookCommand::Resend { id, delivery } => webhook_acts::resend(config, (id, delivery), out).await,
    }
}

async fn migrate(config: &Config, out: Out) -> Result<(), Failure> {
    config.refuse_lost_database()?;
    let db = Db::open(&config.database, Arc::new(|_: &[_], _: &[_]| {})).await?;
    db.close().await;
    let database = config.database.to_string();
    out.done(&format!("{database} is up to date"), &serde_json::json!({ "database": database, "up_to_date": true }));
    Ok(())
}
