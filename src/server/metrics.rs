//! `GET /metrics`, at a separate address: what this server counted, and what is found out when somebody asks.
//!
//! A slice adds its figures in [`of_slices`], one line each. They come from one short transaction on indexes, at most once
//! in [`KEPT`]. If the database doesn't answer in time, they are left out, and `musubi_database_up` is 0; the rest is always
//! shown.

use super::connections::Connections;
use super::health::Readiness;
use super::state::AppState;
use crate::changes;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::http::requests::Requests;
use crate::metrics::{Figure, TEXT_FORMAT, render};
use crate::tasks::TaskCounts;
use crate::{duplicates, imports, webhooks};
use actix_web::dev::Server;
use actix_web::http::header;
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long figures from the database are shown before they are looked up again.
const KEPT: Duration = Duration::from_secs(3);
/// How long the database may take for them. Prometheus waits for ten seconds unless its settings say otherwise.
const PATIENCE: Duration = Duration::from_secs(2);
/// Connections that may be open: a few programs read metrics.
const MAX_CONNECTIONS: usize = 32;

/// What there is to show.
pub struct Metrics {
    pub state: AppState,
    pub readiness: Arc<Readiness>,
    pub connections: Arc<Connections>,
    pub requests: Data<Requests>,
    pub tasks: TaskCounts,
    started: f64,
    /// The last figures from the database, and when they were asked for.
    known: tokio::sync::Mutex<Option<(Instant, Vec<Figure>)>>,
}

/// Binds the address; the server answers once it is polled.
pub fn listen(address: SocketAddr, metrics: Metrics) -> Result<(SocketAddr, Server)> {
    let metrics = Data::new(metrics);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(metrics.clone())
            .route("/metrics", web::get().to(show))
    });
    let bound = server
        .disable_signals()
        .workers(1)
        .max_connections(MAX_CONNECTIONS)
        .client_request_timeout(Duration::from_secs(5))
        .bind(address)
        .map_err(|e| Error::Internal(format!("cannot listen on {address} for metrics: {e}")))?;
    let address = bound.addrs().first().copied().unwrap_or(address);
    Ok((address, bound.run()))
}

async fn show(metrics: Data<Metrics>) -> Result<HttpResponse> {
    let text = metrics.text().await?;
    let kind = (header::CONTENT_TYPE, TEXT_FORMAT);
    Ok(HttpResponse::Ok().insert_header(kind).body(text))
}

impl Metrics {
    pub fn new(
        state: AppState,
        readiness: Arc<Readiness>,
        connections: Arc<Connections>,
        requests: Data<Requests>,
        tasks: TaskCounts,
    ) -> Metrics {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Metrics {
            state,
            readiness,
            connections,
            requests,
            tasks,
            started: now.unwrap_or_default().as_secs_f64(),
            known: tokio::sync::Mutex::default(),
        }
    }

    async fn text(&self) -> Result<String> {
        let mut figures = self.of_process();
        figures.extend(self.state.pool.figures());
        figures.extend(self.of_database().await);
        let (requests, tasks) = (&self.requests, &self.tasks);
        render(
            &[
                &requests.answered,
                &requests.times,
                self.state.pool.waits(),
                &tasks.runs,
                &tasks.intervals,
                &tasks.last_successes,
            ],
            figures,
        )
    }

    fn of_process(&self) -> Vec<Figure> {
        let is_ready = self.readiness.answer().is_ok();
        let build = Figure::new("musubi_build_info", "Always 1; the labels say what runs.", 1.0)
            .with("version", env!("CARGO_PKG_VERSION"))
            .with("database", self.state.pool.product());
        let mut figures = vec![
            build,
            Figure::new(
                "musubi_ready",
                "Whether /readyz answers with 200.",
                f64::from(is_ready),
            ),
            Figure::new(
                "process_start_time_seconds",
                "When the process started, in seconds since 1970.",
                self.started,
            ),
        ];
        figures.extend(self.connections.figures());
        figures.extend(resident_bytes().map(|bytes| {
            let help = "Memory that the process takes (Linux only).";
            Figure::new("process_resident_memory_bytes", help, bytes)
        }));
        figures
    }

    async fn of_database(&self) -> Vec<Figure> {
        // While one asks, others wait for what it finds.
        let mut known = self.known.lock().await;
        if let Some((_, figures)) = known.as_ref().filter(|(at, _)| at.elapsed() < KEPT) {
            return figures.clone();
        }
        let state = self.state.clone();
        let found = self.state.pool.read(move |db| of_slices(&state, db));
        let found = tokio::time::timeout(PATIENCE, found).await;
        let found = found.ok().and_then(Result::ok);
        let help = "Whether the database answered when these metrics were looked up.";
        let up = Figure::new("musubi_database_up", help, f64::from(found.is_some()));
        let figures: Vec<Figure> = found.into_iter().flatten().chain([up]).collect();
        *known = Some((Instant::now(), figures.clone()));
        figures
    }
}

/// What each slice says of itself, in one transaction. Each query has to be on an index, and its answer bounded.
fn of_slices(state: &AppState, db: &mut Db) -> Result<Vec<Figure>> {
    let mut figures = state.index.status(db)?.figures();
    figures.extend(changes::store::figures(
        db,
        &[
            duplicates::store::detection::FOLLOWER,
            imports::jobs::forgetting::FOLLOWER,
            webhooks::FOLLOWER,
        ],
    )?);
    figures.extend(imports::jobs::store::figures(db)?);
    figures.extend(webhooks::store::figures(db)?);
    Ok(figures)
}

/// Returns the memory of this process, where the system tells it.
fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0)
}
