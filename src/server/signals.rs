//! Stopping on a signal, in an order that loses no request, and in time whatever the database does.

use crate::config::Shutdown;
use actix_web::dev::ServerHandle;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Waits for a signal to end. After SIGTERM, /readyz says first that the server is stopping, so that load balancers
/// send no more requests; then the listener closes, and running requests end. A second signal ends them at once.
pub async fn stop(server: ServerHandle, stopping: Arc<AtomicBool>, shutdown: Shutdown) {
    let Some(drains) = next().await else { return };
    stopping.store(true, Ordering::Relaxed);
    exit_after(shutdown.longest);
    let delay = if drains { shutdown.drain } else { Duration::ZERO };
    tracing::info!(delay_s = delay.as_secs(), "stopping");
    let is_urgent = tokio::time::timeout(delay, next()).await.is_ok();
    let ended = server.stop(!is_urgent);
    tokio::select! {
        () = ended => {}
        _ = next() => server.stop(false).await,
    }
}

/// Ends the process if it is still there after this time: a thread may wait for a database that never answers.
#[allow(clippy::disallowed_methods)]
fn exit_after(time: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(time);
        tracing::error!("something did not end in time: the process ends now");
        std::process::exit(1);
    });
}

/// Waits for a signal. Returns whether it is SIGTERM, and none if signals can't be received.
#[cfg(unix)]
async fn next() -> Option<bool> {
    use actix_web::rt::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).ok()?;
    let mut interrupt = signal(SignalKind::interrupt()).ok()?;
    tokio::select! {
        _ = terminate.recv() => Some(true),
        _ = interrupt.recv() => Some(false),
    }
}

#[cfg(not(unix))]
async fn next() -> Option<bool> {
    actix_web::rt::signal::ctrl_c().await.ok().map(|()| false)
}
