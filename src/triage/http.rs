//! The HTTP face of triage.

use super::{Triaged, Trouble};
use crate::auth::{ReadDeliverables, http::Caller};
use crate::catalogue::Catalogues;
use crate::db::{Db, Pool};
use crate::error::Result;
use crate::http::{Answer, Language, Submission};
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(triage);
}

/// Which deliverable types may meet a trouble?
///
/// The types that its words speak for, with those words, and what to ask back. Where it isn't clear, the issue workshop
/// comes first. Nothing is stored, except the answer where you send an Idempotency-Key.
#[utoipa::path(operation_id = "triage_trouble", tag = "Deliverables", security(("bearer" = ["deliverables:read"])),
    request_body = Trouble,
    responses((status = 200, description = "The types, the likeliest first", body = Triaged)))]
#[post("/triage")]
async fn triage(
    caller: Caller<ReadDeliverables>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    language: Language,
    trouble: Submission<Trouble>,
) -> Result<HttpResponse> {
    let compute = move |db: &mut Db, trouble: Trouble| {
        let catalogue = catalogues.current(db)?;
        Answer::computed(&Triaged::of(&trouble, &catalogue, language))
    };
    trouble.compute(&pool, &caller.actor(), compute).await
}
