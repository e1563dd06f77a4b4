//! The HTTP face of what is held on one person.

use super::super::{RecordedConsent, store as workers};
use super::{PersonalData, store};
use crate::audit::{Act, AuditAction};
use crate::auth::{ExportPersonalData, http::Caller};
use crate::db::{Id, Pool};
use crate::error::Result;
use crate::http::{Page, PathId};
use actix_web::get;
use actix_web::web::{Data, Json};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(export).service(consents);
}

/// Export everything held on a worker
///
/// Profile, contact, consents, applications with what was written, account and sessions, and who has seen it. For the
/// person, and for those who may change the record. Each export is in the audit.
#[utoipa::path(operation_id = "export_personal_data", tag = "Workers", security(("bearer" = ["personal_data:export"])),
    params(("id" = Id, Path, description = "The worker")),
    responses((status = 200, description = "Everything", body = PersonalData)))]
#[get("/workers/{id}/personal-data")]
async fn export(
    caller: Caller<ExportPersonalData>,
    pool: Data<Pool>,
    id: PathId,
) -> Result<Json<PersonalData>> {
    let (reach, actor, act) = (
        caller.reach(),
        caller.actor(),
        Act::new(&caller.actor(), AuditAction::PersonalDataExported, id.0),
    );
    let exported = pool.write(move |db| {
        let worker = workers::find_to_change(db, &reach, id.0)?;
        let held = store::held(db, worker)?.shown_to(&reach, &actor);
        crate::audit::store::append(db, &act)?;
        Ok(held)
    });
    exported.await.map(Json)
}

/// List a worker's consents
///
/// Oldest first, also those that were withdrawn or replaced. A consent is withdrawn by setting the worker's `consent` to
/// null: from then on they are not ranked.
#[utoipa::path(operation_id = "list_consents", tag = "Workers", security(("bearer" = ["personal_data:export"])),
    params(("id" = Id, Path, description = "The worker")),
    responses((status = 200, description = "The consents", body = Page<RecordedConsent>)))]
#[get("/workers/{id}/consents")]
async fn consents(
    caller: Caller<ExportPersonalData>,
    pool: Data<Pool>,
    id: PathId,
) -> Result<Page<RecordedConsent>> {
    let reach = caller.reach();
    let found = pool.read(move |db| {
        let worker = workers::find_own(db, &reach, id.0)?;
        store::consents(db, worker.id)
    });
    found.await.map(Page::all)
}
