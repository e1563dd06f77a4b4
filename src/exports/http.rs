//! The HTTP face of exports.

use super::{ExportKind, NewExport, actions};
use crate::auth::http::Caller;
use crate::auth::{
    ReadApplications, ReadAudit, ReadDeliverables, ReadDuplicates, ReadEvents, ReadExports, ReadImports,
    ReadIntake, ReadOrganizations, ReadPartners, ReadProjectWork, ReadProjects, ReadRegistrations, ReadUsers,
    ReadWorkers, Viewer,
};
use crate::catalogue::{Catalogues, calendar};
use crate::db::Pool;
use crate::error::Result;
use crate::http::Valid;
use crate::http::stream::{self, FileBody, OpenAnswers};
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(create);
}

/// Export a list
///
/// Returns the whole list as one file: CSV with a byte order mark, XLSX with typed cells, or NDJSON with the
/// items of the list. You get the records that the list itself shows you, with the same filters, all as of
/// one moment. The list's own scope is required as well; `intake` needs `intake:read` and `deliverables:read`,
/// `project_work` needs `project_work:read` and `projects:read`, `registrations` the `event_id` of an event in `filter`. CSV and
/// XLSX files of workers, organizations, deliverables, applications, projects, their work, events and registrations can be
/// imported again. In CSV, an apostrophe precedes text that a spreadsheet would run as a
/// formula (it starts with `=`, `+`, `-` or `@`, also in full width). Returns 429 `too_many_downloads` while several of your downloads
/// are unfinished.
#[utoipa::path(operation_id = "create_export", tag = "Exports", security(("bearer" = ["exports:read"])),
    request_body = NewExport,
    responses((status = 200, description = "The file", content((inline(FileBody) = "text/csv"),
                  (inline(FileBody) = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
                  (inline(FileBody) = "application/x-ndjson")))))]
#[post("/exports")]
async fn create(
    caller: Caller<ReadExports>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    open: Data<OpenAnswers>,
    new: Valid<NewExport>,
) -> Result<HttpResponse> {
    let new = new.0;
    let viewer = viewer(&caller, new.kind)?;
    let name = format!(
        "{}-{}.{}",
        new.kind.code(),
        calendar::today(),
        new.format.extension()
    );
    let media_type = new.format.media_type();
    let slot = open.download(caller.actor())?;
    let own = pool.clone();
    let create = move || actions::create(&own, &catalogues, &viewer, &new);
    stream::write_file(stream::attachment(&name), media_type, slot, &pool, create).await
}

/// Returns the caller as the list's own handler sees them.
fn viewer(caller: &Caller<ReadExports>, kind: ExportKind) -> Result<Viewer> {
    match kind {
        ExportKind::Workers => caller.viewer_with::<ReadWorkers>(),
        ExportKind::Organizations => caller.viewer_with::<ReadOrganizations>(),
        ExportKind::Deliverables => caller.viewer_with::<ReadDeliverables>(),
        ExportKind::Intake => {
            caller.viewer_with::<ReadIntake>()?;
            caller.viewer_with::<ReadDeliverables>()
        }
        ExportKind::Applications => caller.viewer_with::<ReadApplications>(),
        ExportKind::Projects => caller.viewer_with::<ReadProjects>(),
        ExportKind::ProjectWork => {
            caller.viewer_with::<ReadProjectWork>()?;
            caller.viewer_with::<ReadProjects>()
        }
        ExportKind::Events => caller.viewer_with::<ReadEvents>(),
        ExportKind::Registrations => caller.viewer_with::<ReadRegistrations>(),
        ExportKind::Users => caller.viewer_with::<ReadUsers>(),
        ExportKind::Partners => caller.viewer_with::<ReadPartners>(),
        ExportKind::Duplicates => caller.viewer_with::<ReadDuplicates>(),
        ExportKind::Audit | ExportKind::ShownLists => caller.viewer_with::<ReadAudit>(),
        ExportKind::Imports => caller.viewer_with::<ReadImports>(),
    }
}
