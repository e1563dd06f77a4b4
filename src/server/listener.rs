//! Binding an address, and running the app and the background tasks on it until the server stops.

use super::app::{AppParts, app};
use super::connections::Connections;
use super::health::Readiness;
use super::metrics::Metrics;
use super::state::AppState;
use super::{metrics, signals, tasks, tls};
use crate::config::{Retention, ServerConfig, Shutdown};
use crate::error::{Error, Result};
use crate::exposures::Recorder;
use crate::http::cors::Origins;
use crate::tasks::TaskCounts;
use crate::webhooks;
use actix_web::dev::{Server, ServerHandle};
use actix_web::{HttpServer, rt};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A server that is bound to its address; `run` it to answer requests.
pub struct Listener {
    pub address: SocketAddr,
    /// Where /metrics answers, if anywhere.
    pub metrics_address: Option<SocketAddr>,
    metrics: Option<Server>,
    tasks: TaskCounts,
    state: AppState,
    retention: Retention,
    readiness: Arc<Readiness>,
    shutdown: Shutdown,
    server: Server,
}

impl Listener {
    pub fn bind(mut state: AppState, config: &ServerConfig) -> Result<Listener> {
        state.origins = Origins::new(config.cors_origins.iter().cloned());
        state.public_url = Some(config.public_url(state.public_url.as_deref()).0);
        state.webhooks = Arc::new(webhooks::Client::new(&config.webhook_networks));
        state.recorder = Arc::new(Recorder::new(config.random_swaps));
        let (index, stopping) = (Arc::clone(&state.index), Arc::clone(&state.stopping));
        let readiness = Arc::new(Readiness::new(state.pool.clone(), index, stopping));
        let parts = AppParts::new(state.clone(), Arc::clone(&readiness), config)?;
        let shutdown = config.shutdown();
        let connections = Arc::new(Connections::new(config));
        let tasks = TaskCounts::new()?;
        let metrics = Metrics::new(
            state.clone(),
            Arc::clone(&readiness),
            Arc::clone(&connections),
            parts.requests.clone(),
            tasks.clone(),
        );
        let metrics = config
            .metrics_listen
            .map(|address| metrics::listen(address, metrics))
            .transpose()?;
        let (metrics_address, metrics) = metrics.unzip();
        let mut server = HttpServer::new(move || app(parts.clone()))
            .disable_signals()
            .shutdown_timeout(shutdown.running.as_secs())
            .tcp_nodelay(true)
            .on_connect(move |io, data| connections.admit(io, data))
            .keep_alive(Duration::from_secs(75))
            .client_request_timeout(Duration::from_secs(10))
            .client_disconnect_timeout(Duration::from_secs(5))
            .tls_handshake_timeout(Duration::from_secs(5));
        if config.workers > 0 {
            server = server.workers(config.workers);
        }
        let server = match (&config.tls_cert, &config.tls_key) {
            (Some(certificate), Some(key)) => {
                server.bind_rustls_0_23(config.listen, tls::load(certificate, key)?)
            }
            _ => server.bind(config.listen),
        };
        let server =
            server.map_err(|e| Error::Internal(format!("cannot listen on {}: {e}", config.listen)))?;
        Ok(Listener {
            address: server.addrs().first().copied().unwrap_or(config.listen),
            metrics_address,
            metrics,
            tasks,
            state,
            retention: config.retention(),
            readiness,
            shutdown,
            server: server.run(),
        })
    }

    /// Returns a handle that can stop the server from another thread.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Answers requests until a signal or the handle stops the server, then finishes those that are running.
    pub async fn run(self) -> Result<()> {
        let tasks = tasks::start(&self.state, self.retention, self.tasks);
        let readiness = self.readiness;
        let checks = rt::spawn(async move { readiness.keep_checking().await });
        let stopping = Arc::clone(&self.state.stopping);
        let signals = rt::spawn(signals::stop(self.server.handle(), stopping, self.shutdown));
        // It answers until the end, so that operators can see a server stop.
        let metrics = self.metrics.map(|server| (server.handle(), rt::spawn(server)));
        let served = self.server.await;
        self.state.stopping.store(true, Ordering::Relaxed);
        checks.abort();
        tasks.stop().await;
        let flushed = self.state.recorder.flush(&self.state.pool).await;
        let counted = self.state.views.flush(&self.state.pool).await;
        if let Some((handle, _)) = metrics {
            handle.stop(false).await;
        }
        signals.abort();
        served.map_err(|e| Error::Internal(format!("the server failed: {e}")))?;
        flushed.and(counted)
    }
}
