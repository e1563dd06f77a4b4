//! Health checks: is the server alive, and is it ready?

use crate::db::Pool;
use crate::error::{Error, Result, Text};
use crate::http::Json;
use crate::http::disclosure::impersonal;
use crate::matches::MatchIndex;
use actix_web::get;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(Health);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(alive).service(ready);
}

#[derive(Debug, Serialize, ToSchema)]
struct Health {
    #[schema(example = "ok")]
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
/// Returns 200 when the database answers and the match index is built, and 503 `unavailable` until then.
#[utoipa::path(operation_id = "show_readiness", tag = "Health",
    responses((status = 200, description = "The server is ready", body = Health), (status = 503, description = "The server is not ready")))]
#[get("/readyz")]
async fn ready(pool: Data<Pool>, index: Data<MatchIndex>) -> Result<Json<Health>> {
    pool.read(|db| crate::changes::store::latest(db).map(drop))
        .await?;
    if !index.is_ready() {
        return Err(Error::Unavailable(Text::new(
            "マッチングの索引を準備しています。しばらくお待ちください。",
            "The match index is being built. Try again later.",
        )));
    }
    Ok(Json(Health { status: "ok" }))
}
