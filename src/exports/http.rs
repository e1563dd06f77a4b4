//! The HTTP face of exports.

use super::{ExportKind, NewExport, make::make};
use crate::auth::http::Caller;
use crate::auth::{
    ReadApplications, ReadAudit, ReadDeliverables, ReadDuplicates, ReadExports, ReadImports,
    ReadOrganizations, ReadPartners, ReadUsers, ReadWorkers, Viewer,
};
use crate::catalogue::{Catalogues, calendar};
use crate::db::Pool;
use crate::error::{Error, Result};
use crate::http::{Valid, stream};
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use tokio::sync::Semaphore;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(create);
}

/// How many are made at once: the others wait, so that lists and rankings have connections left.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

/// Export a list
///
/// The whole list as a file, of one moment, with its filters and what you may see of it: CSV with a byte order mark, a
/// workbook with typed cells, or the items themselves, one on each line. Needs the scope of the list. Sheets of workers,
/// organizations and deliverables can be imported again. In CSV an apostrophe stands before what a spreadsheet would run
/// (= + - @).
#[utoipa::path(operation_id = "create_export", tag = "Exports", security(("bearer" = ["exports:read"])),
    request_body = NewExport,
    responses((status = 200, description = "The file", content((String = "text/csv"),
                  (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "application/x-ndjson")))))]
#[post("/exports")]
async fn create(
    caller: Caller<ReadExports>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    asked: Valid<NewExport>,
) -> Result<HttpResponse> {
    let asked = asked.0;
    let viewer = viewer(&caller, asked.kind)?;
    let name = format!(
        "{}-{}.{}",
        asked.kind.code(),
        calendar::today(),
        asked.format.extension()
    );
    let media_type = asked.format.media_type();
    let turn = AT_ONCE
        .acquire()
        .await
        .map_err(|e| Error::Internal(e.to_string()))?;
    let making = tokio::task::spawn_blocking(move || make(&pool, &catalogues, &viewer, &asked));
    let file = making.await.map_err(|e| Error::Internal(e.to_string()))??;
    drop(turn);
    stream::send_file(&name, media_type, file)
}

/// As the list's own handler sees its caller.
fn viewer(caller: &Caller<ReadExports>, kind: ExportKind) -> Result<Viewer> {
    match kind {
        ExportKind::Workers => caller.viewer_with::<ReadWorkers>(),
        ExportKind::Organizations => caller.viewer_with::<ReadOrganizations>(),
        ExportKind::Deliverables => caller.viewer_with::<ReadDeliverables>(),
        ExportKind::Applications => caller.viewer_with::<ReadApplications>(),
        ExportKind::Users => caller.viewer_with::<ReadUsers>(),
        ExportKind::Partners => caller.viewer_with::<ReadPartners>(),
        ExportKind::Duplicates => caller.viewer_with::<ReadDuplicates>(),
        ExportKind::Audit | ExportKind::ShownLists => caller.viewer_with::<ReadAudit>(),
        ExportKind::Imports => caller.viewer_with::<ReadImports>(),
    }
}
