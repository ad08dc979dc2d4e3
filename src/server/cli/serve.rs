//! `sekisho serve`: opens, listens, and serves until it is told to stop.

use std::{io::ErrorKind, net::SocketAddr, path::Path};

use serde_json::json;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use super::{failure::Failure, first_admin, out::Out};
use crate::server::{
    config::Config,
    http::starting,
    listen::{Listener, SocketFile},
    metrics,
    node::{self, activity, refusals},
    router, serve,
    state::{AppState, Parts},
    store::arrival,
};

/// # Errors
/// Whatever keeps the server from starting.
pub async fn serve(config: Config, out: Out) -> Result<(), Failure> {
    // Taken first, so that a signal during the start is not lost.
    let stop = stop_on_signal()?;
    // Before anything is made or shown: a start that can't listen leaves no trace.
    let listener = match &config.listen_socket {
        Some(path) => Listener::Socket(listen_on_socket(path).await?),
        None => listen(config.addr, "server.addr").await?.into(),
    };
    let watched = match config.metrics_addr {
        Some(addr) => Some(listen(addr, "metrics.addr").await?),
        None => None,
    };
    let state = start(config, &listener).await?;
    first_admin::ensure(&state, out).await?;
    let url = &state.config.public_url;
    out.done(&format!("Sekisho listens on {url}"), &json!({ "listening": url, "addr": listener.place() }));
    node::start(&state, &stop);
    if let Some(watched) = watched {
        tokio::spawn(serve::serve(watched, metrics::router(state.clone()), stop.clone().cancelled_owned()));
    }
    serve::serve(listener, router::build(state.clone()), stop.cancelled_owned()).await;
    activity::write_down(&state).await;
    refusals::write_down(&state).await;
    state.db.close().await;
    Ok(())
}

/// Starts, once the database is there. Who asks meanwhile is told to come back. It may be given up at any time.
async fn start(config: Config, listener: &Listener) -> Result<AppState, Failure> {
    let refused = |error| Failure::refused(format!("server.addr can't be listened on: {error}"));
    let early = listener.again().map_err(refused)?;
    let started = CancellationToken::new();
    let answers = starting::router(config.public_url.starts_with("https://"));
    tokio::spawn(serve::serve(early, answers, started.clone().cancelled_owned()));
    let _started = started.drop_guard();
    arrival::wait(&config.database).await?;
    Ok(AppState::start(Parts::of_system(config)).await?)
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

/// A token that is cancelled by SIGTERM or SIGINT.
fn stop_on_signal() -> Result<CancellationToken, Failure> {
    let refused = |error| Failure::refused(format!("signals can't be heard: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(refused)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(refused)?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        told.cancel();
    });
    Ok(stop)
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
