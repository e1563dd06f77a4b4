//! The HTTP face of triage.

use super::{TriageRequest, TriageResult};
use crate::auth::{ReadDeliverables, http::Caller};
use crate::catalogue::Catalogues;
use crate::db::Pool;
use crate::error::Result;
use crate::http::disclosure::impersonal;
use crate::http::{Json, Language, Valid};
use actix_web::post;
use actix_web::web::Data;
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(TriageResult);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(triage);
}

/// Suggest deliverable types for a trouble
///
/// Returns the types that match the trouble's words, with those words, and questions to ask the organization.
/// If no type is a confident match, the issue workshop comes first. Nothing is stored, so you can repeat the request
/// without an Idempotency-Key.
#[utoipa::path(operation_id = "triage_trouble", tag = "Deliverables",
    security(("bearer" = ["deliverables:read"])),
    request_body = TriageRequest,
    responses((status = 200, description = "The types, the most likely first", body = TriageResult)))]
#[post("/triage")]
async fn triage(
    _: Caller<ReadDeliverables>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    language: Language,
    Valid(request): Valid<TriageRequest>,
) -> Result<Json<TriageResult>> {
    let catalogue = pool.read(move |db| catalogues.current(db)).await?;
    Ok(Json(TriageResult::of(&request, &catalogue, language)))
}
