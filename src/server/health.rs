//! Health checks: is the server alive, and is it ready?

use crate::db::{Pool, probe};
use crate::error::{Error, Fault, Result, Text};
use crate::http::Json;
use crate::http::disclosure::impersonal;
use crate::matches::MatchIndex;
use actix_web::get;
use actix_web::web::Data;
use parking_lot::Mutex;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(Health);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(alive).service(ready);
}

#[derive(Debug, Serialize, ToSchema)]
struct Health {
    #[schema(example = "ok", pattern = "^ok$")]
    status: &'static str,
}

/// Check that the server is alive
///
/// Returns 200 while the process runs, even if the database is not available.
#[utoipa::path(operation_id = "show_health", tag = "Health",
    responses((status = 200, description = "The server is alive", body = Health)))]
#[get("/healthz")]
async fn alive() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Check that the server is ready
///
/// Returns 200 when the database can be written and the match index is built, and 503 or 507 until then, with the code
/// of what is missing. A server that is stopping answers 503 `unavailable`. The answer comes from the last check, which is
/// at most some seconds old, and from several writes since then that found the disk full.
#[utoipa::path(operation_id = "show_readiness", tag = "Health",
    responses((status = 200, description = "The server is ready", body = Health),
              (status = 503, description = "The server is not ready"),
              (status = 507, description = "The disk is full")))]
#[get("/readyz")]
async fn ready(readiness: Data<Readiness>) -> Result<Json<Health>> {
    readiness.answer()?;
    Ok(Json(Health { status: "ok" }))
}

/// How often the database is checked, and after how many of these times its disk is, too. A full disk is looked at each time.
const INTERVAL: Duration = Duration::from_secs(1);
const INTERVALS_FOR_ROOM: u32 = 10;
/// How old a check may be. One that finds out about a frozen database takes its time.
const STALE: Duration = Duration::from_secs(15);

/// Whether the server is ready, from the last check.
pub struct Readiness {
    pool: Pool,
    index: Arc<MatchIndex>,
    /// Set when the server is about to stop.
    stopping: Arc<AtomicBool>,
    checked: Mutex<Option<(Instant, Result<()>)>>,
}

impl Readiness {
    pub fn new(pool: Pool, index: Arc<MatchIndex>, stopping: Arc<AtomicBool>) -> Readiness {
        Readiness {
            pool,
            index,
            stopping,
            checked: Mutex::default(),
        }
    }

    pub fn answer(&self) -> Result<()> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err(Error::Unavailable(Text::new(
                "サーバーを停止しています。",
                "The server is stopping.",
            )));
        }
        let starting = || {
            Error::Unavailable(Text::new(
                "サーバーを起動しています。しばらくお待ちください。",
                "The server is starting. Try again later.",
            ))
        };
        match self.checked.lock().clone() {
            None => return Err(starting()),
            Some((at, _)) if at.elapsed() > STALE => {
                return Err(Error::fault(
                    Fault::TimedOut,
                    "the database was not checked lately",
                ));
            }
            Some((_, checked)) => checked?,
        }
        // Somebody's writes know sooner. What one of them found may be its own fault.
        if self.pool.lacks_room() {
            return Err(Error::fault(Fault::Full, "writes found no room"));
        }
        match self.index.is_ready() {
            true => Ok(()),
            false => Err(starting()),
        }
    }

    /// Checks the database again and again.
    pub async fn keep_checking(&self) {
        for round in (0..INTERVALS_FOR_ROOM).cycle() {
            let looks = round == 0 || self.pool.may_lack_room();
            let checked = self.pool.write(move |db| {
                probe::can_write(db)?;
                if looks { probe::has_room(db) } else { Ok(()) }
            });
            let checked = checked.await;
            if looks && checked.is_ok() {
                self.pool.found_room();
            }
            *self.checked.lock() = Some((Instant::now(), checked));
            tokio::time::sleep(INTERVAL).await;
        }
    }
}
