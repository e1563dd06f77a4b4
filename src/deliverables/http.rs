//! The HTTP face of deliverables. Rules are in `mod.rs` and `status.rs`, SQL in `store.rs`.

use super::{
    Deliverable, DeliverableFilter, DeliverableStatus, NewDeliverable, check_organizations, default_area,
    listing, store, unknown_organization,
};
use crate::auth::{
    DecideDeliverables, Reach, ReadDeliverables, Scope, WriteDeliverables, http::Caller, within_reach,
};
use crate::catalogue::{Catalogue, Catalogues};
use crate::changes::Action;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::{Error, Result};
use crate::http::{Answer, Entity, IfMatch, IncludeArchived, Page, Patch, PathId, Query, Submission};
use crate::organizations;
use crate::reach::store::{has_deliverable, has_organization};
use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list)
        .service(create)
        .service(show)
        .service(update)
        .service(remove);
}

/// List deliverables
///
/// Filters are combined by AND.
#[utoipa::path(operation_id = "list_deliverables", tag = "Deliverables", security(("bearer" = ["deliverables:read"])),
    params(DeliverableFilter), responses((status = 200, description = "One page", body = Page<Deliverable>)))]
#[get("/deliverables")]
async fn list(
    caller: Caller<ReadDeliverables>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<DeliverableFilter>,
) -> Result<Page<Deliverable>> {
    let viewer = caller.viewer();
    let page = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        listing::page(db, &viewer, &catalogue, filter.0)
    });
    page.await
}

/// The organizations have to be there, the lead within reach; what is left out comes from type and organization.
fn resolve(
    db: &mut Db,
    reach: &Reach,
    catalogue: &Catalogue,
    request: &mut NewDeliverable,
    before: Option<&NewDeliverable>,
) -> Result<()> {
    let asking: Vec<Id> = request.organization_ids().collect();
    check_organizations(request, &organizations::store::existing(db, &asking)?)?;
    let is_new = before.is_none_or(|before| before.organization_id != request.organization_id);
    if is_new && !has_organization(db, reach, request.organization_id)? {
        return Err(Error::Invalid(vec![unknown_organization("/organization_id")]));
    }
    let lead = organizations::store::find(db, &Reach::Everything, request.organization_id, false)?;
    request.resolve(catalogue, default_area(&lead), before)
}

/// Opening, matching, declining … is for those who decide; an organization drafts, submits and cancels.
fn check_decision(
    may_decide: bool,
    status: DeliverableStatus,
    before: Option<DeliverableStatus>,
) -> Result<()> {
    if may_decide || !status.is_decision() || before == Some(status) {
        return Ok(());
    }
    Err(Error::Forbidden {
        scope: DecideDeliverables::NAME,
    })
}

/// Request a deliverable
///
/// Only organization, type and title are needed: the team, its skills, hours and format come from the type. A new
/// request is a draft, submitted or open; any other status is 409 `illegal_transition`. `open` needs the scope
/// `deliverables:decide`.
#[utoipa::path(operation_id = "create_deliverable", tag = "Deliverables", security(("bearer" = ["deliverables:write"])),
    request_body = NewDeliverable,
    responses((status = 201, description = "Requested", body = Deliverable),
              (status = 409, description = "It can't begin with this status, or the external id is taken")))]
#[post("/deliverables")]
async fn create(
    caller: Caller<WriteDeliverables>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    new: Submission<NewDeliverable>,
) -> Result<HttpResponse> {
    let (actor, reach, may_decide) = (caller.actor(), caller.reach(), caller.may::<DecideDeliverables>());
    let insert = move |db: &mut Db, mut request: NewDeliverable| {
        let catalogue = catalogues.current(db)?;
        resolve(db, &reach, &catalogue, &mut request, None)?;
        request.status.check_first()?;
        check_decision(may_decide, request.status, None)?;
        let deliverable = Deliverable::register(Id::new(), request, &catalogue, Instant::now());
        store::insert(db, &actor, &deliverable)?;
        within_reach(has_deliverable(db, &reach, deliverable.id)?)?;
        let location = format!("/v1/deliverables/{}", deliverable.id);
        Answer::created(location, deliverable.id, deliverable.version, &deliverable)
    };
    new.write(&pool, &caller.actor(), insert).await
}

/// Show a deliverable
///
/// With the team, skills, hours and format that its type gave where the request left them out.
#[utoipa::path(operation_id = "show_deliverable", tag = "Deliverables", security(("bearer" = ["deliverables:read"])),
    params(("id" = Id, Path, description = "The deliverable"), IncludeArchived),
    responses((status = 200, description = "The deliverable", body = Deliverable)))]
#[get("/deliverables/{id}")]
async fn show(
    caller: Caller<ReadDeliverables>,
    pool: Data<Pool>,
    id: PathId,
    query: Query<IncludeArchived>,
) -> Result<Entity<Deliverable>> {
    let reach = caller.reach();
    let deliverable = pool
        .read(move |db| store::find(db, &reach, id.0, query.0.include_archived))
        .await?;
    Ok(Entity::new(deliverable.version, deliverable))
}

/// Change a deliverable
///
/// JSON Merge Patch; with If-Match it changes only the version that you have read. The status moves draft →
/// submitted → open → matched → in_progress → delivered, or to declined or cancelled; any other move is 409
/// `illegal_transition`, which names both states. Moves to anything but draft, submitted and cancelled need the scope
/// `deliverables:decide`.
#[utoipa::path(operation_id = "update_deliverable", tag = "Deliverables", security(("bearer" = ["deliverables:write"])),
    params(("id" = Id, Path, description = "The deliverable")),
    request_body(content = inline(DeliverablePatch), content_type = "application/merge-patch+json"),
    responses((status = 200, description = "Changed", body = Deliverable),
              (status = 409, description = "The status can't move there, or the external id is taken")))]
#[patch("/deliverables/{id}")]
async fn update(
    caller: Caller<WriteDeliverables>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    id: PathId,
    if_match: IfMatch,
    patch: DeliverablePatch,
) -> Result<Entity<Deliverable>> {
    let (actor, reach, may_decide) = (caller.actor(), caller.reach(), caller.may::<DecideDeliverables>());
    let updated = pool.write(move |db| {
        let before = store::find_to_change(db, &reach, id.0)?;
        if_match.check(before.version)?;
        let catalogue = catalogues.current(db)?;
        let mut request = patch.apply(&before.request)?;
        resolve(db, &reach, &catalogue, &mut request, Some(&before.request))?;
        check_decision(may_decide, request.status, Some(before.request.status))?;
        if request == before.request {
            return Ok(before);
        }
        check_who_asks(&reach, &before.request, Some(&request))?;
        let after = before.changed(request, &catalogue, Instant::now())?;
        store::update(db, &actor, &after, Action::Updated)?;
        within_reach(has_deliverable(db, &reach, after.id)?)?;
        Ok(after)
    });
    let deliverable = updated.await?;
    Ok(Entity::new(deliverable.version, deliverable))
}
type DeliverablePatch = Patch<NewDeliverable>;

/// An organization that asks together with another can't take the request over, or away.
fn check_who_asks(reach: &Reach, before: &NewDeliverable, after: Option<&NewDeliverable>) -> Result<()> {
    let Reach::Organization(own) = reach else {
        return Ok(());
    };
    let same = after.is_some_and(|after| after.organization_ids().eq(before.organization_ids()));
    within_reach(before.organization_id == *own || same)
}

/// Archive a deliverable
///
/// It leaves lists and rankings and stays in the statistics.
#[utoipa::path(operation_id = "archive_deliverable", tag = "Deliverables", security(("bearer" = ["deliverables:write"])),
    params(("id" = Id, Path, description = "The deliverable")),
    responses((status = 204, description = "Archived")))]
#[delete("/deliverables/{id}")]
async fn remove(
    caller: Caller<WriteDeliverables>,
    pool: Data<Pool>,
    id: PathId,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let (actor, reach) = (caller.actor(), caller.reach());
    let archived = pool.write(move |db| {
        let before = store::find_to_change(db, &reach, id.0)?;
        if_match.check(before.version)?;
        check_who_asks(&reach, &before.request, None)?;
        let now = Instant::now();
        let (archived_at, version) = (Some(now), before.version + 1);
        let after = Deliverable {
            archived_at,
            version,
            updated_at: now,
            ..before
        };
        store::update(db, &actor, &after, Action::Archived)
    });
    archived.await?;
    Ok(HttpResponse::NoContent().finish())
}
