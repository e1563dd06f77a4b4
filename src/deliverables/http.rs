//! The HTTP face of deliverables, except listing, changing and archiving, which
//! reach their applications: see `applications`.
//! Use cases are in `actions.rs`, rules in `rules.rs` and `status.rs`, SQL in `store.rs`.

use super::actions::{self, Editor};
use super::{
    Deliverable, JointAnswer, JointDeliverable, JointFilter, JointOrganization, NewDeliverable, store,
};
use crate::auth::{DecideDeliverables, ReadDeliverables, WriteDeliverables, http::Caller};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Pool};
use crate::error::Result;
use crate::http::disclosure::impersonal;
use crate::http::query::path_id;
use crate::http::{Answer, Entity, IfMatch, IncludeArchived, Page, PathId, Query, Submission, Valid};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post, put};
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(Deliverable, JointDeliverable, JointOrganization);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(create)
        .service(show)
        .service(list_joint)
        .service(answer);
}

/// Request a deliverable
///
/// Give at least the organization, the type and the title; team, skills, hours and format default to those of the type.
/// A new request is a draft, submitted or open; any other status returns 409 `illegal_transition`. `open` needs the
/// scope `deliverables:decide`.
#[utoipa::path(operation_id = "create_deliverable", tag = "Deliverables", security(("bearer" = ["deliverables:write"])),
    request_body = NewDeliverable,
    responses((status = 201, description = "Created", body = Deliverable),
              (status = 409, description = "A request can't begin with this status, or the external id is in use")))]
#[post("/deliverables")]
async fn create(
    caller: Caller<WriteDeliverables>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    new: Submission<NewDeliverable>,
) -> Result<HttpResponse> {
    let editor = Editor::of(caller.writer(), caller.may::<DecideDeliverables>());
    let insert = move |db: &mut Db, request: NewDeliverable| {
        let deliverable = actions::create(db, &editor, &catalogues, request)?;
        let location = format!("/v1/deliverables/{}", deliverable.id);
        Answer::created(location, deliverable.id, deliverable.version, &deliverable)
    };
    new.write(&pool, caller.submitter(), insert).await
}

/// Show a deliverable
///
/// Includes the team, skills, hours and format that the request took from its type.
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
        .lookup(move |db| store::find(db, &reach, id.0, query.0.include_archived))
        .await?;
    Ok(Entity::new(
        deliverable.version,
        deliverable.shown(&caller.reach()),
    ))
}

/// List what an organization is asked to request jointly
///
/// Lists the deliverables that name the organization as a joint one, newest first: those where it is invited, and those
/// where it has accepted. Only who acts for the organization sees them: its members, coordinators of its area and
/// administrators.
///
/// An invited organization sees what is listed here, so that it can decide. It sees nothing else of the deliverable
/// until it accepts.
#[utoipa::path(operation_id = "list_joint_deliverables", tag = "Deliverables", security(("bearer" = ["deliverables:write"])),
    params(("id" = Id, Path, description = "The organization"), JointFilter),
    responses((status = 200, description = "One page", body = Page<JointDeliverable>)))]
#[get("/organizations/{id}/joint-deliverables")]
async fn list_joint(
    caller: Caller<WriteDeliverables>,
    pool: Data<Pool>,
    id: PathId,
    filter: Query<JointFilter>,
) -> Result<Page<JointDeliverable>> {
    let reach = caller.reach();
    let page = pool.read(move |db| actions::list_joint(db, &reach, id.0, &filter.0));
    page.await
}

/// Answer for a joint organization
///
/// An invited organization accepts or declines; one that has accepted may leave. Its members answer, or on its behalf a
/// coordinator of its area or an administrator; the audit says who did. Sending the same answer again changes nothing.
///
/// An organization that has accepted sees the deliverable, its rankings and its applications, except for workers who are
/// kept apart from it. One that has declined or left no longer does, until the lead organization removes it and names it
/// again.
#[utoipa::path(operation_id = "update_joint_organization", tag = "Deliverables", security(("bearer" = ["deliverables:write"])),
    params(("id" = Id, Path, description = "The deliverable"),
           ("organization_id" = Id, Path, description = "The joint organization")),
    request_body = JointAnswer,
    responses((status = 200, description = "Answered, or unchanged", body = JointOrganization),
              (status = 404, description = "The organization is not named, or you don't have access to it"),
              (status = 409, description = "The status can't change like this")))]
#[put("/deliverables/{id}/organizations/{organization_id}")]
async fn answer(
    caller: Caller<WriteDeliverables>,
    request: HttpRequest,
    pool: Data<Pool>,
    if_match: IfMatch,
    Valid(answer): Valid<JointAnswer>,
) -> Result<Entity<JointOrganization>> {
    let ids = (path_id(&request, "id")?, path_id(&request, "organization_id")?);
    let editor = Editor::of(caller.writer(), caller.may::<DecideDeliverables>());
    let answered = pool.write(move |db| actions::answer(db, &editor, ids, &if_match, answer.status));
    let (version, organization) = answered.await?;
    Ok(Entity::new(version, organization))
}
