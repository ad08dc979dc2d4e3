//! `sekisho serve`: opens, listens, and serves until it is told to stop.

use std::{io::ErrorKind, net::SocketAddr, path::Path, time::Duration};

use serde_json::json;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{failure::Failure, first_admin, out::Out, stop};
use crate::server::{
    config::Config,
    http::starting,
    listen::{Listener, SocketFile},
    metrics,
    node::{self, activity, refusals},
    open_files::{self, Room},
    router,
    serve::{self, Places},
    state::{AppState, Parts},
    store::arrival,
};

/// For what is written down at the end, and for closing the database.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);

/// How long whoever asks during the start waits for its end.
const SOON: Duration = Duration::from_secs(1);

/// # Errors
/// Whatever keeps the server from starting.
pub async fn serve(config: Config, out: Out) -> Result<(), Failure> {
    // Taken first, so that a signal during the start is not lost.
    let stop = stop::on_signal()?;
    raise_limit();
    let (state, listeners) = tokio::select! {
        biased;
        () = stop.cancelled() => return Ok(()),
        started = Box::pin(start(config, out)) => started?,
    };
    node::start(&state, &stop);
    run(&state, listeners, &stop).await;
    let closed = async {
        activity::write_down(&state).await;
        refusals::write_down(&state).await;
        state.db.close().await;
    };
    if timeout(CLOSE_TIMEOUT, closed).await.is_err() {
        tracing::warn!("the database did not answer and was left as it is");
    }
    Ok(())
}

struct Listeners {
    people: Listener,
    /// For `/metrics`.
    watchers: Option<TcpListener>,
}

/// Everything up to where requests are taken. It may be given up at any time.
async fn start(config: Config, out: Out) -> Result<(AppState, Listeners), Failure> {
    // Before anything is made or shown: a start that can't listen leaves no trace.
    let people = match &config.listen_socket {
        Some(path) => Listener::Socket(listen_on_socket(path).await?),
        None => listen(config.addr, "server.addr").await?.into(),
    };
    let watchers = match config.metrics_addr {
        Some(addr) => Some(listen(addr, "metrics.addr").await?),
        None => None,
    };
    let state = begin(config, &people).await?;
    first_admin::ensure(&state, out).await?;
    let url = &state.config.public_url;
    out.done(&format!("Sekisho listens on {url}"), &json!({ "listening": url, "addr": people.place() }));
    Ok((state, Listeners { people, watchers }))
}

/// Begins once the database is there. Who asks meanwhile waits for a moment, which is all that most starts take, and is
/// told to come back then.
async fn begin(config: Config, listener: &Listener) -> Result<AppState, Failure> {
    let refused = |error| Failure::refused(format!("server.addr can't be listened on: {error}"));
    let early = listener.again().map_err(refused)?;
    let started = CancellationToken::new();
    let answers = starting::router(config.public_url.starts_with("https://"));
    let places = Places::within(Room::within(open_files::limit()), config.trusted_proxies.clone());
    let over = started.clone();
    tokio::spawn(async move {
        if timeout(SOON, over.cancelled()).await.is_err() {
            serve::serve(early, answers, places, over.cancelled_owned()).await;
        }
    });
    let _started = started.drop_guard();
    arrival::wait(&config.database).await?;
    Ok(AppState::start(Parts::of_system(config)).await?)
}

async fn run(state: &AppState, listeners: Listeners, stop: &CancellationToken) {
    if let Some(watchers) = listeners.watchers {
        let router = metrics::router(state.clone());
        tokio::spawn(serve::serve(watchers, router, Places::few(), stop.clone().cancelled_owned()));
    }
    let places = Places::within(state.room, state.config.trusted_proxies.clone());
    serve::serve(listeners.people, router::build(state.clone()), places, stop.clone().cancelled_owned()).await;
}

/// Asks for as many open files as this process can have, and says so where they are few.
fn raise_limit() {
    match open_files::raise() {
        Ok(limit) if limit < open_files::ENOUGH => {
            let Room { connections, streams, .. } = Room::within(limit);
            tracing::warn!(limit, connections, streams, "the limit of open files leaves room for few connections");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the limit of open files could not be raised"),
    }
}

async fn listen(addr: SocketAddr, key: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(addr).await.map_err(|error| {
        let why = match error.kind() {
            ErrorKind::AddrInUse => format!("is in use by another program; stop it or set another {key}"),
            ErrorKind::AddrNotAvailable => "is not an address of this machine".to_owned(),
            ErrorKind::PermissionDenied => "needs a permission this user does not have".to_owned(),
            _ => format!("can't be listened on: {error}"),
        };
        Failure::refused(format!("{key}: {addr} {why}"))
    })
}

async fn listen_on_socket(path: &Path) -> Result<SocketFile, Failure> {
    SocketFile::bind(path).await.map_err(|error| {
        let why = match error.kind() {
            ErrorKind::AddrInUse => "is in use by another program; stop it or set another path".to_owned(),
            ErrorKind::AlreadyExists => "is there and is no socket; take it away or set another path".to_owned(),
            ErrorKind::NotFound => "is in a folder that is not there; make it first".to_owned(),
            ErrorKind::PermissionDenied => "needs a permission this user does not have".to_owned(),
            _ => format!("can't be listened on: {error}"),
        };
        Failure::refused(format!("server.listen_socket: {} {why}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_in_use_is_told_in_one_line() {
        let taken = listen(SocketAddr::from(([127, 0, 0, 1], 0)), "server.addr").await.unwrap();
        let Err(Failure::Refused(line)) = listen(taken.local_addr().unwrap(), "server.addr").await else {
            panic!("bound twice")
        };
        assert!(line.starts_with("server.addr: 127.0.0.1:") && line.contains("is in use"), "{line}");
    }
}
