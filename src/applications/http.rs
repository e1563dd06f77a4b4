//! The HTTP face of applications. Rules are in `mod.rs` and `status.rs`, what follows from a move in `moves.rs`, SQL in
//! `store.rs`.

use super::{
    Application, ApplicationFilter, ApplicationStatus, ListedApplication, NewApplication, Outcome, listing,
    moves, similar, store,
};
use crate::audit::personal_data_was_read;
use crate::auth::{
    Principal, Reach, ReadApplications, ReadPersonalData, Scope, SubmitApplications, WriteApplications,
    http::Caller, within_reach,
};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::{Error, Result};
use crate::http::{Answer, Entity, IfMatch, Page, Patch, PathId, Query, Submission};
use crate::reach::store::has_deliverable;
use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list).service(create).service(show).service(update);
}

/// Enters in the audit whose words an answer shows to somebody else.
async fn seen<'a, S: Scope>(
    caller: &Caller<S>,
    pool: &Pool,
    shown: impl Iterator<Item = &'a Application>,
) -> Result<()> {
    let ids = listing::personal(&caller.viewer(), shown);
    personal_data_was_read(pool, caller.actor(), ids).await
}

/// List applications
///
/// Filters are combined by AND. Message and note are null to callers without `personal_data:read`.
#[utoipa::path(operation_id = "list_applications", tag = "Applications", security(("bearer" = ["applications:read"])),
    params(ApplicationFilter), responses((status = 200, description = "One page", body = Page<ListedApplication>)))]
#[get("/applications")]
async fn list(
    caller: Caller<ReadApplications>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<ApplicationFilter>,
) -> Result<Page<ListedApplication>> {
    let viewer = caller.viewer();
    let page = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        listing::page(db, &viewer, &catalogue, filter.0)
    });
    let page = page.await?;
    let shown = page.items.iter().map(|listed| &listed.application);
    seen(&caller, &pool, shown).await?;
    Ok(page)
}

/// Apply for a deliverable
///
/// For oneself, or on the record for a worker of one's own, for one role of the team. A partner app needs to send an
/// Idempotency-Key. 409 tells what stands against it: `deliverable_not_open`, `role_filled`, `worker_unavailable`
/// (paused, or without consent), `at_capacity`, `already_applied`; and lists similar deliverables that are open. Whoever was
/// declined or stepped back may apply anew.
#[utoipa::path(operation_id = "create_application", tag = "Applications", security(("bearer" = ["applications:submit"])),
    request_body = NewApplication,
    responses((status = 201, description = "Applied", body = Application),
              (status = 409, description = "The deliverable, the role or the worker can't take it, or the worker has applied already")))]
#[post("/applications")]
async fn create(
    caller: Caller<SubmitApplications>,
    pool: Data<Pool>,
    new: Submission<NewApplication>,
) -> Result<HttpResponse> {
    let (actor, personal_data, reach) = (caller.actor(), caller.may::<ReadPersonalData>(), caller.reach());
    if matches!(reach, Reach::Partner(_)) {
        new.check_key()?;
    }
    let (asked, within) = ((new.value.deliverable_id, new.value.role.clone()), reach.clone());
    let insert = move |db: &mut Db, new: NewApplication| {
        let worker = new.worker_id;
        let application = moves::submit(db, &reach, &actor, new, Instant::now())?;
        let (location, version) = (
            format!("/v1/applications/{}", application.id),
            application.version,
        );
        // The answer is about the worker: erasing them erases it.
        Answer::created(
            location,
            worker,
            version,
            &application.shown(&reach, personal_data),
        )
    };
    match new.write(&pool, &caller.actor(), insert).await {
        Err(error) if similar::is_answered_with(&error) => {
            let (deliverable, role) = asked;
            let found = pool.read(move |db| store::similar(db, &within, deliverable, &role));
            Err(similar::add_to(error, found.await?)?)
        }
        answer => answer,
    }
}

/// Show an application
///
/// Message and note are null to callers without `personal_data:read`.
#[utoipa::path(operation_id = "show_application", tag = "Applications", security(("bearer" = ["applications:read"])),
    params(("id" = Id, Path, description = "The application")),
    responses((status = 200, description = "The application", body = Application)))]
#[get("/applications/{id}")]
async fn show(caller: Caller<ReadApplications>, pool: Data<Pool>, id: PathId) -> Result<Entity<Application>> {
    let reach = caller.reach();
    let application = pool.read(move |db| store::find(db, &reach, id.0)).await?;
    let application = application.shown(&caller.reach(), caller.may::<ReadPersonalData>());
    seen(&caller, &pool, std::iter::once(&application)).await?;
    Ok(Entity::new(application.version, application))
}

/// Accept, decline or withdraw an application
///
/// JSON Merge Patch; with If-Match it changes only the version that you have read. The status moves submitted →
/// accepted, declined or withdrawn, and accepted → withdrawn; any other move is 409 `illegal_transition`, which names
/// both states. Declining and withdrawing take a reason. Accepting and declining need the scope `applications:decide`
/// and a deliverable of one's own, withdrawing `applications:withdraw`.
///
/// Accepting asks again for what applying asked (409 with the same codes) and raises the worker's `open_load`; with the
/// last place the deliverable is matched. Withdrawing what was accepted lowers the load and opens a matched deliverable
/// again; one that is in progress or further stays there.
#[utoipa::path(operation_id = "update_application", tag = "Applications", security(("bearer" = ["applications:write"])),
    params(("id" = Id, Path, description = "The application")),
    request_body(content = inline(ApplicationPatch), content_type = "application/merge-patch+json",
        example = json!({"status": "declined", "reason": "another_chosen", "note": "また次の機会にぜひお願いします。"})),
    responses((status = 200, description = "Changed", body = Application),
              (status = 409, description = "The status can't move there, or the place can't be had any more")))]
#[patch("/applications/{id}")]
async fn update(
    caller: Caller<WriteApplications>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    id: PathId,
    if_match: IfMatch,
    patch: ApplicationPatch,
) -> Result<Entity<Application>> {
    let (actor, personal_data, reach) = (caller.actor(), caller.may::<ReadPersonalData>(), caller.reach());
    let principal = caller.principal().clone();
    let updated = pool.write(move |db| {
        let locked = moves::find_to_change(db, &reach, id.0)?;
        let before = &locked.application;
        if_match.check(before.version)?;
        let outcome = patch.apply(&before.outcome)?;
        if outcome == before.outcome {
            return Ok(locked.application);
        }
        check_may_move(&principal, outcome.status)?;
        if !matches!(outcome.status, ApplicationStatus::Withdrawn) {
            within_reach(has_deliverable(db, &reach, before.deliverable_id)?)?;
        }
        let catalogue = catalogues.current(db)?;
        moves::change(db, &actor, &catalogue, locked, outcome, Instant::now())
    });
    let application = updated.await?.shown(&caller.reach(), personal_data);
    seen(&caller, &pool, std::iter::once(&application)).await?;
    Ok(Entity::new(application.version, application))
}

fn check_may_move(principal: &Principal, to: ApplicationStatus) -> Result<()> {
    let scope = to.scope();
    match principal.extent(scope) {
        None => Err(Error::Forbidden { scope }),
        Some(_) => Ok(()),
    }
}
type ApplicationPatch = Patch<Outcome>;
