//! The HTTP face of organizations. Use cases are in `actions.rs`, SQL in `store`.

use super::{NewOrganization, Organization, OrganizationFilter, actions, listing, store};
use crate::auth::{ReadOrganizations, WriteOrganizations, http::Caller};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Pool};
use crate::error::Result;
use crate::http::{Answer, Entity, IfMatch, IncludeArchived, Page, Patch, PathId, Query, Submission};
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

fn answer(organization: Organization) -> Entity<Organization> {
    Entity::new(organization.version, organization)
}

/// List organizations
///
/// All filters have to match. `contact` is null without the scope `personal_data:read`, and for workers and
/// partners.
#[utoipa::path(operation_id = "list_organizations", tag = "Organizations", security(("bearer" = ["organizations:read"])),
    params(OrganizationFilter), responses((status = 200, description = "One page", body = Page<Organization>)))]
#[get("/organizations")]
async fn list(
    caller: Caller<ReadOrganizations>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<OrganizationFilter>,
) -> Result<Page<Organization>> {
    let viewer = caller.viewer();
    let page = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        listing::page(db, &viewer, &catalogue, filter.0)
    });
    page.await
}

/// Register an organization
///
/// Returns 409 `duplicate_organization` if another organization has the same corporate number, or one within your reach
/// the same source and external id. If you reach some areas only, the source of a new organization begins with its
/// area: `roster` becomes `131041:roster`.
#[utoipa::path(operation_id = "create_organization", tag = "Organizations", security(("bearer" = ["organizations:write"])),
    request_body = NewOrganization,
    responses((status = 201, description = "Registered", body = Organization),
              (status = 409, description = "Already registered")))]
#[post("/organizations")]
async fn create(
    caller: Caller<WriteOrganizations>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    new: Submission<NewOrganization>,
) -> Result<HttpResponse> {
    let (writer, viewer) = (caller.writer(), caller.viewer());
    let register = move |db: &mut Db, details: NewOrganization| {
        let catalogue = catalogues.current(db)?;
        let organization = actions::register(db, &catalogue, &writer, details)?;
        let location = format!("/v1/organizations/{}", organization.id);
        let (id, version) = (organization.id, organization.version);
        Answer::created(location, id, version, &listing::shown(db, &viewer, organization)?)
    };
    new.write(&pool, caller.submitter(), register).await
}

/// Show an organization
///
/// `contact` is null without the scope `personal_data:read`, and for workers and partners.
#[utoipa::path(operation_id = "show_organization", tag = "Organizations", security(("bearer" = ["organizations:read"])),
    params(("id" = Id, Path, description = "The organization"), IncludeArchived),
    responses((status = 200, description = "The organization", body = Organization)))]
#[get("/organizations/{id}")]
async fn show(
    caller: Caller<ReadOrganizations>,
    pool: Data<Pool>,
    id: PathId,
    query: Query<IncludeArchived>,
) -> Result<Entity<Organization>> {
    let viewer = caller.viewer();
    let find = move |db: &mut Db| {
        let found = store::find(db, &viewer.reach, id.0, query.0.include_archived)?;
        listing::shown(db, &viewer, found)
    };
    Ok(answer(pool.lookup(find).await?))
}

/// Change an organization
///
/// Takes a JSON Merge Patch. `If-Match` makes sure that you change the version that you have read. Who states `contact`
/// without the scope `personal_data:read` makes a new version, also of the same data. Of an archived organization, only `contact`
/// can be changed: to remove who is no longer responsible, send `{"contact": null}`.
#[utoipa::path(operation_id = "update_organization", tag = "Organizations", security(("bearer" = ["organizations:write"])),
    params(("id" = Id, Path, description = "The organization")),
    request_body(content = inline(OrganizationPatch), content_type = "application/merge-patch+json"),
    responses((status = 200, description = "Changed", body = Organization),
              (status = 409, description = "Another organization has the corporate number or external id")))]
#[patch("/organizations/{id}")]
async fn update(
    caller: Caller<WriteOrganizations>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    id: PathId,
    if_match: IfMatch,
    patch: OrganizationPatch,
) -> Result<Entity<Organization>> {
    let (writer, viewer) = (caller.writer(), caller.viewer());
    let blind = patch.states("contact") && !viewer.personal_data;
    let changed = patch.write(&pool, move |db, patch| {
        let catalogue = catalogues.current(db)?;
        let changed = actions::change(db, &catalogue, &writer, (id.0, blind), |before| {
            if_match.check(before.version)?;
            patch.apply(&before.details)
        })?;
        listing::shown(db, &viewer, changed)
    });
    Ok(answer(changed.await?))
}
type OrganizationPatch = Patch<NewOrganization>;

/// Archive an organization
///
/// Its deliverables and the statistics stay. Returns 409 `has_open_deliverables` while one of its
/// deliverables is submitted, open or in progress.
#[utoipa::path(operation_id = "archive_organization", tag = "Organizations", security(("bearer" = ["organizations:write"])),
    params(("id" = Id, Path, description = "The organization")),
    responses((status = 204, description = "Archived"), (status = 409, description = "It has open deliverables")))]
#[delete("/organizations/{id}")]
async fn remove(
    caller: Caller<WriteOrganizations>,
    pool: Data<Pool>,
    id: PathId,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let (actor, reach) = (caller.actor(), caller.reach());
    let archived = pool
        .write(move |db| actions::archive(db, &actor, &reach, id.0, |before| if_match.check(before.version)));
    archived.await?;
    Ok(HttpResponse::NoContent().finish())
}
