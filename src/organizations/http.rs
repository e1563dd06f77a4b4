//! The HTTP face of organizations. Rules are in `mod.rs`, SQL in `store.rs`.

use super::{NewOrganization, Organization, OrganizationFilter, listing, store};
use crate::audit::personal_data_was_read;
use crate::auth::{ReadOrganizations, Scope, WriteOrganizations, http::Caller, within_reach};
use crate::catalogue::Catalogues;
use crate::changes::Action;
use crate::db::{Id, Instant, Pool};
use crate::error::{Error, Result, Text};
use crate::http::{Answer, Entity, IfMatch, IncludeArchived, Page, Patch, PathId, Query, Submission};
use crate::reach::store::has_organization;
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

fn sees_contacts<S: Scope>(caller: &Caller<S>) -> bool {
    listing::sees_contacts(&caller.viewer())
}

/// Enters in the audit whose contact an answer shows to somebody else.
async fn seen<S: Scope>(caller: &Caller<S>, pool: &Pool, shown: &[Organization]) -> Result<()> {
    let ids = listing::personal(&caller.viewer(), shown);
    personal_data_was_read(pool, caller.actor(), ids).await
}

/// List organizations
///
/// Filters are combined by AND. The contact is null to callers without `personal_data:read`, to workers and to partners.
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
    let page = page.await?;
    seen(&caller, &pool, &page.items).await?;
    Ok(page)
}

/// Register an organization
///
/// Answers 409 `duplicate_organization` where another one has the corporate number, or the source and external id.
#[utoipa::path(operation_id = "create_organization", tag = "Organizations", security(("bearer" = ["organizations:write"])),
    request_body = NewOrganization,
    responses((status = 201, description = "Registered", body = Organization),
              (status = 409, description = "It is registered already")))]
#[post("/organizations")]
async fn create(
    caller: Caller<WriteOrganizations>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    new: Submission<NewOrganization>,
) -> Result<HttpResponse> {
    let (actor, contacts, reach) = (caller.actor(), sees_contacts(&caller), caller.reach());
    let insert = move |db: &mut crate::db::Db, mut details: NewOrganization| {
        details.resolve(&*catalogues.current(db)?, None)?;
        let organization = Organization::register(Id::new(), details, Instant::now());
        store::insert(db, &actor, &organization)?;
        within_reach(has_organization(db, &reach, organization.id)?)?;
        let location = format!("/v1/organizations/{}", organization.id);
        Answer::created(
            location,
            organization.id,
            organization.version,
            &organization.shown(contacts),
        )
    };
    new.write(&pool, &caller.actor(), insert).await
}

/// Show an organization
///
/// The contact is null to callers without `personal_data:read`, to workers and to partners.
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
    let (contacts, reach) = (sees_contacts(&caller), caller.reach());
    let organization = pool
        .read(move |db| store::find(db, &reach, id.0, query.0.include_archived))
        .await?;
    let organization = organization.shown(contacts);
    seen(&caller, &pool, std::slice::from_ref(&organization)).await?;
    Ok(Entity::new(organization.version, organization))
}

/// Change an organization
///
/// JSON Merge Patch; with If-Match it changes only the version that you have read.
#[utoipa::path(operation_id = "update_organization", tag = "Organizations", security(("bearer" = ["organizations:write"])),
    params(("id" = Id, Path, description = "The organization")),
    request_body(content = inline(OrganizationPatch), content_type = "application/merge-patch+json"),
    responses((status = 200, description = "Changed", body = Organization),
              (status = 409, description = "Another one has the corporate number or external id")))]
#[patch("/organizations/{id}")]
async fn update(
    caller: Caller<WriteOrganizations>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    id: PathId,
    if_match: IfMatch,
    patch: OrganizationPatch,
) -> Result<Entity<Organization>> {
    let (actor, contacts, reach) = (caller.actor(), sees_contacts(&caller), caller.reach());
    let updated = pool.write(move |db| {
        let before = store::find_to_change(db, &reach, id.0)?;
        if_match.check(before.version)?;
        let mut details = patch.apply(&before.details)?;
        details.resolve(&*catalogues.current(db)?, Some(&before.details))?;
        if details == before.details {
            return Ok(before);
        }
        let after = before.changed(details, Instant::now());
        store::update(db, &actor, &after, Action::Updated)?;
        within_reach(has_organization(db, &reach, after.id)?)?;
        Ok(after)
    });
    let organization = updated.await?;
    let organization = organization.shown(contacts);
    seen(&caller, &pool, std::slice::from_ref(&organization)).await?;
    Ok(Entity::new(organization.version, organization))
}
type OrganizationPatch = Patch<NewOrganization>;

/// Archive an organization
///
/// What it asked for stays, and so do the statistics. Answers 409 `has_open_deliverables` while something that
/// it asks for is under way.
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
    let archived = pool.write(move |db| {
        let before = store::find_to_change(db, &reach, id.0)?;
        if_match.check(before.version)?;
        if store::has_open_deliverables(db, before.id)? {
            let detail = Text::new(
                "進行中の支援内容があるためアーカイブできません。",
                "It has deliverables that are under way.",
            );
            return Err(Error::Conflict {
                code: "has_open_deliverables",
                detail,
            });
        }
        let now = Instant::now();
        let after = Organization {
            archived_at: Some(now),
            ..before.changed(before.details.clone(), now)
        };
        store::update(db, &actor, &after, Action::Archived)
    });
    archived.await?;
    Ok(HttpResponse::NoContent().finish())
}
