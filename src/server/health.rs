//! Is the server alive, and is it ready?

use crate::db::Pool;
use crate::error::{Error, Result, Text};
use crate::matches::MatchIndex;
use actix_web::get;
use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(alive).service(ready);
}

#[derive(Debug, Serialize, ToSchema)]
struct Health {
    #[schema(example = "ok")]
    status: &'static str,
}

/// Is the server alive?
///
/// Answers as long as the process does, whatever the database does.
#[utoipa::path(operation_id = "show_health", tag = "Health",
    responses((status = 200, description = "Alive", body = Health)))]
#[get("/healthz")]
async fn alive() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Is the server ready?
///
/// 200 once the database answers and the match index stands; 503 `unavailable` before.
#[utoipa::path(operation_id = "show_readiness", tag = "Health",
    responses((status = 200, description = "Ready", body = Health), (status = 503, description = "Not ready")))]
#[get("/readyz")]
async fn ready(pool: Data<Pool>, index: Data<MatchIndex>) -> Result<Json<Health>> {
    pool.read(|db| crate::changes::store::latest(db).map(drop))
        .await?;
    if !index.is_ready() {
        return Err(Error::Unavailable(Text::new(
            "索引を準備中です。",
            "The match index is being built.",
        )));
    }
    Ok(Json(Health { status: "ok" }))
}
