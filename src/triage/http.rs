//! The HTTP face of triage.

use super::{TriageRequest, TriageResult};
use crate::auth::{ReadDeliverables, http::Caller};
use crate::catalogue::Catalogues;
use crate::db::{Db, Pool};
use crate::error::Result;
use crate::http::disclosure::impersonal;
use crate::http::{Answer, Language, Submission};
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(TriageResult);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(triage);
}

/// Suggest deliverable types for a trouble
///
/// Returns the types that match the trouble's words, with those words, and questions to ask the organization.
/// If no type is a confident match, the issue workshop comes first. Nothing is stored, except the answer if
/// you send an Idempotency-Key.
#[utoipa::path(operation_id = "triage_trouble", tag = "Deliverables",
    security(("bearer" = ["deliverables:read"])),
    request_body = TriageRequest,
    responses((status = 200, description = "The types, the most likely first", body = TriageResult)))]
#[post("/triage")]
async fn triage(
    caller: Caller<ReadDeliverables>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    language: Language,
    body: Submission<TriageRequest>,
) -> Result<HttpResponse> {
    let suggest = move |db: &mut Db, request: TriageRequest| {
        let catalogue = catalogues.current(db)?;
        Answer::computed(&TriageResult::of(&request, &catalogue, language))
    };
    body.compute(&pool, caller.submitter(), suggest).await
}
