//! The HTTP operations for applications. Use cases are in `actions.rs`, rules in `rules.rs` and `status.rs`,
//! SQL in `store.rs`.

use super::{
    Application, ApplicationFilter, ApplicationListItem, NewApplication, Outcome, actions, listing, similar,
    store,
};
use crate::auth::{
    Reach, ReadApplications, ReadPersonalData, SubmitApplications, WriteApplications, http::Caller,
};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::Result;
use crate::http::{Answer, Entity, IfMatch, Page, Patch, PathId, Query, Submission};
use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list).service(create).service(show).service(update);
}

/// List applications
///
/// Filters are combined with AND. `message` and `note` are null unless you have the scope
/// `personal_data:read`.
#[utoipa::path(operation_id = "list_applications", tag = "Applications", security(("bearer" = ["applications:read"])),
    params(ApplicationFilter), responses((status = 200, description = "One page", body = Page<ApplicationListItem>)))]
#[get("/applications")]
async fn list(
    caller: Caller<ReadApplications>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<ApplicationFilter>,
) -> Result<Page<ApplicationListItem>> {
    let viewer = caller.viewer();
    let page = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        listing::page(db, &viewer, &catalogue, filter.0)
    });
    page.await
}

/// Apply for a deliverable
///
/// Apply for one role of the team: for yourself if you are a worker, or for a worker whose record you manage.
/// A partner app must send an `Idempotency-Key`.
///
/// Returns 409 with one of these codes: `deliverable_not_open`, `role_filled`, `worker_unavailable` (paused,
/// or without consent), `at_capacity`, `already_applied`, `too_many_applications`. If another deliverable could help, the answer lists
/// similar ones that are open. A worker who was declined or withdrew may apply again,
/// three times in all.
#[utoipa::path(operation_id = "create_application", tag = "Applications", security(("bearer" = ["applications:submit"])),
    request_body = NewApplication,
    responses((status = 201, description = "Created", body = Application),
              (status = 409, description = "The deliverable, the role or the worker isn't available, or the worker has already applied")))]
#[post("/applications")]
async fn create(
    caller: Caller<SubmitApplications>,
    pool: Data<Pool>,
    new: Submission<NewApplication>,
) -> Result<HttpResponse> {
    let (writer, personal_data) = (caller.writer(), caller.may::<ReadPersonalData>());
    if matches!(writer.reach, Reach::Partner(_)) {
        new.check_key()?;
    }
    let (wanted, within) = ((new.value.deliverable_id, new.value.role.clone()), caller.reach());
    let insert = move |db: &mut Db, new: NewApplication| {
        let worker = new.worker_id;
        let application = actions::submit(db, &writer, new, Instant::now())?;
        let location = format!("/v1/applications/{}", application.id);
        let (version, shown) = (
            application.version,
            application.shown(&writer.reach, personal_data),
        );
        // The answer is stored as the worker's data: erasing the worker erases the answer.
        Answer::created(location, worker, version, &shown)
    };
    match new.write(&pool, caller.submitter(), insert).await {
        Err(error) => Err(similar::suggest(&pool, within, wanted.0, wanted.1, error).await),
        answer => answer,
    }
}

/// Show an application
///
/// `message` and `note` are null unless you have the scope `personal_data:read`.
#[utoipa::path(operation_id = "show_application", tag = "Applications", security(("bearer" = ["applications:read"])),
    params(("id" = Id, Path, description = "The application")),
    responses((status = 200, description = "The application", body = Application)))]
#[get("/applications/{id}")]
async fn show(caller: Caller<ReadApplications>, pool: Data<Pool>, id: PathId) -> Result<Entity<Application>> {
    let reach = caller.reach();
    let application = pool.read(move |db| store::find(db, &reach, id.0)).await?;
    let application = application.shown(&caller.reach(), caller.may::<ReadPersonalData>());
    Ok(Entity::new(application.version, application))
}

/// Accept, decline or withdraw an application
///
/// Send a JSON Merge Patch. With `If-Match`, the application changes only if it still has the version that
/// you read.
///
/// A submitted application can be accepted, declined or withdrawn. An accepted one can be withdrawn. Any
/// other move returns 409 `illegal_transition`, which names both statuses. Declining and withdrawing need a
/// reason. To accept or decline, you need the scope `applications:decide` and a deliverable that you manage.
/// To withdraw, you need `applications:withdraw`.
///
/// Accepting checks the same conditions as applying (409 with the same codes). It also returns 409
/// `same_person` if the person is already in the team under another record, and `sandbox_application` if a
/// sandbox partner applied. Accepting raises the worker's `open_load`. If the last free place is taken, the
/// deliverable becomes matched. Withdrawing an accepted application lowers the load and opens a matched
/// deliverable again. A deliverable that is in progress or further keeps its status.
#[utoipa::path(operation_id = "update_application", tag = "Applications", security(("bearer" = ["applications:write"])),
    params(("id" = Id, Path, description = "The application")),
    request_body(content = inline(ApplicationPatch), content_type = "application/merge-patch+json",
        example = json!({"status": "declined", "reason": "another_chosen", "note": "また次の機会にぜひお願いします。"})),
    responses((status = 200, description = "Updated", body = Application),
              (status = 409, description = "The status can't change like this, or the place is no longer available")))]
#[patch("/applications/{id}")]
async fn update(
    caller: Caller<WriteApplications>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    id: PathId,
    if_match: IfMatch,
    patch: ApplicationPatch,
) -> Result<Entity<Application>> {
    let (personal_data, reach) = (caller.may::<ReadPersonalData>(), caller.reach());
    let principal = caller.principal().clone();
    let updated = pool.write(move |db| {
        let change = |before: &Outcome| patch.apply(before);
        actions::update(db, &principal, &reach, &catalogues, id.0, &if_match, change)
    });
    let application = updated.await?.shown(&caller.reach(), personal_data);
    Ok(Entity::new(application.version, application))
}

type ApplicationPatch = Patch<Outcome>;
