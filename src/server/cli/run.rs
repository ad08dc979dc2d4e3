//! From a command line to an exit code.

use std::{process::ExitCode, sync::Arc};

use super::{
    args::{self, Cli, Command, ConfigCommand, SessionCommand, UserCommand},
    configuration,
    failure::Failure,
    out::{Out, complain},
    serve, session, user,
};
use crate::server::{config::Config, store::Db, telemetry};

/// Runs the command of this process.
#[must_use]
pub fn run() -> ExitCode {
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
    let layers = configuration::layers(&cli)?;
    let command = cli.command.unwrap_or(Command::Serve);
    if let Command::Config(ConfigCommand::Show) = command {
        return configuration::show(&layers, out);
    }
    let config = Config::read(&layers)?;
    let level = if matches!(command, Command::Serve) { telemetry::SERVING } else { telemetry::COMMAND };
    telemetry::init(config.json_logs, level).map_err(|line| Failure::Configuration(vec![line]))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::refused(format!("the runtime can't be started: {error}")))?;
    runtime.block_on(dispatch(command, config, out))
}

async fn dispatch(command: Command, config: Config, out: Out) -> Result<(), Failure> {
    match command {
        Command::Serve => Box::pin(serve::serve(config, out)).await,
        Command::Migrate => migrate(&config, out).await,
        Command::User(UserCommand::Create(account)) => Box::pin(user::create(config, account, out)).await,
        Command::User(UserCommand::SetRole { email, role }) => user::set_role(&config, email, role, out).await,
        Command::User(UserCommand::List) => user::list(&config, out).await,
        Command::Session(SessionCommand::List { user }) => session::list(&config, user, out).await,
        Command::Session(SessionCommand::Kill { session: Some(session), .. }) => {
            session::kill(&config, session, out).await
        }
        Command::Session(SessionCommand::Kill { user: Some(user), .. }) => session::kill_all(&config, user, out).await,
        Command::Session(SessionCommand::Kill { .. }) | Command::Config(_) => {
            unreachable!("clap asks for one of the two; the configuration has been shown")
        }
    }
}

async fn migrate(config: &Config, out: Out) -> Result<(), Failure> {
    let db = Db::open(&config.database, Arc::new(|_: &[_]| {})).await?;
    db.close().await;
    let database = config.database.to_string();
    out.done(&format!("{database} is up to date"), &serde_json::json!({ "database": database, "up_to_date": true }));
    Ok(())
}
