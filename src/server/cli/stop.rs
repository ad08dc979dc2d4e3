//! The end of the server: SIGTERM and SIGINT are heard on a thread of their own, and within ten seconds the process is
//! gone, whatever hangs in it.

use std::{process, thread, time::Duration};

use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use crate::server::log_writer::FlushAtEnd;

/// A little more than all bounded steps of an end take together, and less than the ten seconds that are promised.
const PATIENCE: Duration = Duration::from_millis(9_300);
const FAILED: i32 = 1;

/// A token that is cancelled by SIGTERM or SIGINT. It is heard from when this returns.
///
/// # Errors
/// When signals can't be heard.
pub fn on_signal() -> Result<CancellationToken, Failure> {
    let refused = |error| Failure::refused(format!("signals can't be heard: {error}"));
    let runtime = Builder::new_current_thread().enable_all().build().map_err(refused)?;
    let (mut terminate, mut interrupt) = {
        let _here = runtime.enter();
        (signal(SignalKind::terminate()).map_err(refused)?, signal(SignalKind::interrupt()).map_err(refused)?)
    };
    let stop = CancellationToken::new();
    let told = stop.clone();
    let listening = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        told.cancel();
        tracing::info!("stopping");
        sleep(PATIENCE).await;
        tracing::error!("the end hung, and was cut short");
        drop(FlushAtEnd);
        process::exit(FAILED);
    };
    thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(listening)).map_err(refused)?;
    Ok(stop)
}
