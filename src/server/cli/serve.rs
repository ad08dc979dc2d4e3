//! `sekisho serve`: opens, listens, and serves until it is told to stop.

use std::{io::ErrorKind, net::SocketAddr};

use serde_json::json;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use super::{failure::Failure, first_admin, out::Out};
use crate::server::{
    config::Config,
    metrics,
    node::{self, activity, refusals},
    router, serve,
    state::{AppState, Parts},
};

/// # Errors
/// Whatever keeps the server from starting.
pub async fn serve(config: Config, out: Out) -> Result<(), Failure> {
    // Taken first, so that a signal during the start is not lost.
    let stop = stop_on_signal()?;
    let state = AppState::start(Parts::of_system(config)).await?;
    // Before anything is made or shown: a start that can't listen leaves no trace.
    let listener = listen(state.config.addr, "server.addr").await?;
    let watched = match state.config.metrics_addr {
        Some(addr) => Some(listen(addr, "metrics.addr").await?),
        None => None,
    };
    first_admin::ensure(&state, out).await?;
    let url = &state.config.public_url;
    out.done(&format!("Sekisho listens on {url}"), &json!({ "listening": url, "addr": listener.local_addr().ok() }));
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
