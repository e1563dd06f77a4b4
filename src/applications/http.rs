//! The HTTP operations for applications, and those that change a deliverable with its applications. Use cases are in `actions.rs`, rules in `rules.rs` and `status.rs`,
//! SQL in `store.rs`.

use super::{
    Application, ApplicationFilter, ApplicationListItem, NewApplication, Outcome, actions, listing, requests,
    similar, store,
};
use crate::auth::{
    DecideDeliverables, Reach, ReadApplications, ReadPersonalData, SubmitApplications, WriteApplications,
    WriteDeliverables, http::Caller,
};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Instant, Pool};
use crate::deliverables::actions::Editor;
use crate::deliverables::{Deliverable, NewDeliverable};
use crate::error::Result;
use crate::http::{Answer, Entity, IfMatch, Page, Patch, PathId, Query, Submission};
use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list)
        .service(create)
        .service(show)
        .service(update)
        .service(update_deliverable)
        .service(archive_deliverable);
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
/// or without consent), `at_capacity`, `already_applied`, `too_many_applications`. A coordinator who applies for somebody
/// ranked from beyond their areas gets 422 `worker_elsewhere`. If another deliverable could help, the answer lists
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
/// deliverable again. A deliverable that is in progress keeps its status. The team of one that was delivered stays (409
/// `illegal_transition`). While a deliverable isn't open, its applications wait (409 `deliverable_not_open`).
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
    id: PathId,
    if_match: IfMatch,
    patch: ApplicationPatch,
) -> Result<Entity<Application>> {
    let (personal_data, reach) = (caller.may::<ReadPersonalData>(), caller.reach());
    let principal = caller.principal().clone();
    let updated = pool.write(move |db| {
        let change = |before: &Outcome| patch.apply(before);
        actions::update(db, &principal, &reach, id.0, &if_match, change)
    });
    let application = updated.await?.shown(&caller.reach(), personal_data);
    Ok(Entity::new(application.version, application))
}

type ApplicationPatch = Patch<Outcome>;

/// Update a deliverable
///
/// Send a JSON Merge Patch. With `If-Match`, only the version that you read is changed. The status moves draft →
/// submitted → open → matched → in_progress → delivered, or to declined or cancelled; any other move returns 409
/// `illegal_transition`, which names both statuses. Every status but draft, submitted and cancelled needs the scope
/// `deliverables:decide`.
///
/// The status follows the team: an open request whose last place is taken is matched. To set matched, in_progress or
/// delivered yourself, the request needs a team here, or `external_team` (409 `incomplete_team`). When it is cancelled or
/// declined, its applications are declined with the reason `request_closed`; when it is delivered, those that wait are.
/// Its members' open load falls, and delivered work counts in their `track_record` and `experience`.
///
/// Opening a submitted request needs `If-Match`, so that nobody releases what they have not read.
///
/// Without that scope, a change of an open or matched request sends it back: its status becomes submitted, and
/// `changed_since_release` lists what changed. It is no longer shown to workers and partners, and its applications wait,
/// until a coordinator opens it again. Only `starts_on`, `ends_on` and `day_parts` may change without that. Of a request
/// in progress, nothing else may change; of one that is delivered, declined or cancelled, nothing at all (422
/// `not_permitted`).
#[utoipa::path(operation_id = "update_deliverable", tag = "Deliverables", security(("bearer" = ["deliverables:write"])),
    params(("id" = Id, Path, description = "The deliverable")),
    request_body(content = inline(DeliverablePatch), content_type = "application/merge-patch+json"),
    responses((status = 200, description = "Updated", body = Deliverable),
              (status = 409, description = "The status can't change like this, or the external id is in use"),
              (status = 428, description = "Opening a submitted request needs `If-Match` with the version that you have read")))]
#[patch("/deliverables/{id}")]
async fn update_deliverable(
    caller: Caller<WriteDeliverables>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    id: PathId,
    if_match: IfMatch,
    patch: DeliverablePatch,
) -> Result<Entity<Deliverable>> {
    let editor = Editor::of(caller.writer(), caller.may::<DecideDeliverables>());
    let updated = pool.write(move |db| {
        requests::update(db, &editor, &catalogues, id.0, &if_match, |before| {
            patch.apply(before)
        })
    });
    let deliverable = updated.await?;
    Ok(Entity::new(deliverable.version, deliverable))
}
type DeliverablePatch = Patch<NewDeliverable>;

/// Archive a deliverable
///
/// An archived deliverable no longer appears in lists and rankings, and still counts in the statistics. If it hasn't
/// ended, its applications are declined with the reason `request_closed`.
#[utoipa::path(operation_id = "archive_deliverable", tag = "Deliverables", security(("bearer" = ["deliverables:write"])),
    params(("id" = Id, Path, description = "The deliverable")),
    responses((status = 204, description = "Archived")))]
#[delete("/deliverables/{id}")]
async fn archive_deliverable(
    caller: Caller<WriteDeliverables>,
    pool: Data<Pool>,
    id: PathId,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let editor = Editor::of(caller.writer(), caller.may::<DecideDeliverables>());
    pool.write(move |db| requests::archive(db, &editor, id.0, &if_match))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
