//! The HTTP face of exporting and erasing a person.

use super::{PersonalData, PersonalDataPart, Reached, actions};
use crate::auth::{ExportPersonalData, WriteWorkers, http::Caller};
use crate::db::{Id, Pool};
use crate::error::Result;
use crate::http::{IfMatch, Json, PathId, Query};
use crate::imports::jobs::forgetting;
use crate::workers::Worker;
use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(export).service(erase);
}

/// Export a worker's personal data
///
/// Returns the profile, contact details, consents, applications with their messages, reviews, the account and its
/// sessions, and who has viewed the data. Available to the person and to callers who may change the record.
/// An answer has up to 1,000 entries of each list; `next` leads to the rest. Each answer is recorded in the audit.
#[utoipa::path(operation_id = "export_personal_data", tag = "Workers", security(("bearer" = ["personal_data:export"])),
    params(("id" = Id, Path, description = "The worker"), PersonalDataPart),
    responses((status = 200, description = "The personal data", body = PersonalData)))]
#[get("/workers/{id}/personal-data")]
async fn export(
    caller: Caller<ExportPersonalData>,
    pool: Data<Pool>,
    id: PathId,
    part: Query<PersonalDataPart>,
) -> Result<Json<PersonalData>> {
    let (reach, actor) = (caller.reach(), caller.actor());
    let reached = Reached::decode(part.0.cursor.as_deref())?;
    let exported = pool.write(move |db| actions::export(db, &reach, &actor, id.0, reached));
    exported.await.map(Json)
}

/// Erase a worker
///
/// Deletes the person's data for good. The change log and the audit keep only ids. Applications that haven't ended end
/// first, as if the person had withdrawn: a place in a team is free again, and those on the waiting list move up. Teams whose
/// work was delivered stay as they were.
#[utoipa::path(operation_id = "erase_worker", tag = "Workers", security(("bearer" = ["workers:write"])),
    params(("id" = Id, Path, description = "The worker")),
    responses((status = 204, description = "Erased")))]
#[delete("/workers/{id}")]
async fn erase(
    caller: Caller<WriteWorkers>,
    pool: Data<Pool>,
    id: PathId,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let (actor, reach) = (caller.actor(), caller.reach());
    let check = move |worker: &Worker| if_match.check(worker.version);
    pool.write(move |db| actions::erase_one(db, &reach, &actor, id.0, check))
        .await?;
    let files = pool.clone();
    if let Err(error) = pool.work(move || forgetting::search(&files)).await {
        // The person is erased. The task of imports searches again.
        tracing::warn!(
            code = error.code(),
            "files of imports were not searched for an erased person"
        );
    }
    Ok(HttpResponse::NoContent().finish())
}
