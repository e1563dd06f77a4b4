//! The HTTP face of weights.

use super::{NewWeights, WeightsVersion, actions, store};
use crate::auth::{ReadStatistics, WriteWeights, http::Caller};
use crate::db::Pool;
use crate::error::Result;
use crate::http::disclosure::impersonal;
use crate::http::{Entity, IfMatch, Page, Paging, Query, Valid};
use actix_web::web::Data;
use actix_web::{get, put};
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(WeightsVersion);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list).service(show).service(replace);
}

/// Show the weights
///
/// Returns the weights of every ranking that doesn't send its own, and who set them when and why.
#[utoipa::path(operation_id = "show_weights", tag = "Matches", security(("bearer" = ["statistics:read"])),
    responses((status = 200, description = "The weights in use", body = WeightsVersion)))]
#[get("/weights")]
async fn show(_: Caller<ReadStatistics>, pool: Data<Pool>) -> Result<Entity<WeightsVersion>> {
    let current = pool.read(store::current).await?;
    Ok(Entity::new(current.number, current))
}

/// List the versions of the weights
///
/// Returns the newest first. The last is the default.
#[utoipa::path(operation_id = "list_weights", tag = "Matches", security(("bearer" = ["statistics:read"])),
    params(Paging),
    responses((status = 200, description = "A page of versions", body = Page<WeightsVersion>)))]
#[get("/weights/versions")]
async fn list(
    _: Caller<ReadStatistics>,
    pool: Data<Pool>,
    paging: Query<Paging>,
) -> Result<Page<WeightsVersion>> {
    pool.read(move |db| store::list(db, &paging.0)).await
}

/// Set the weights
///
/// Every ranking uses them at once, on every server, unless it sends its own. `If-Match` has to have the `number` of the version that
/// you have read. The old versions stay listed.
#[utoipa::path(operation_id = "replace_weights", tag = "Matches", security(("bearer" = ["weights:write"])),
    request_body = NewWeights,
    responses((status = 200, description = "The weights in use", body = WeightsVersion),
              (status = 428, description = "`If-Match` is missing")))]
#[put("/weights")]
async fn replace(
    caller: Caller<WriteWeights>,
    pool: Data<Pool>,
    if_match: IfMatch,
    new: Valid<NewWeights>,
) -> Result<Entity<WeightsVersion>> {
    let actor = caller.actor();
    let replaced = pool.write(move |db| actions::replace(db, &actor, &if_match, new.0));
    let weights = replaced.await?;
    Ok(Entity::new(weights.number, weights))
}
