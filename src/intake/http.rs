//! The HTTP operations of the intake. Use cases are in `actions.rs`, rules in `mod.rs`, SQL in `store.rs`.

use super::{Intake, IntakeDecision, NewDecision, NewIntake, actions, store};
use crate::auth::{DecideDeliverables, ReadIntake, WriteIntake, http::Caller};
use crate::auth::{Reach, UserRole};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Pool};
use crate::deliverables;
use crate::deliverables::actions::Editor;
use crate::error::Result;
use crate::http::disclosure::impersonal;
use crate::http::{Answer, Entity, IfMatch, IncludeArchived, Patch, PathId, Query, Submission};
use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(IntakeDecision);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(show).service(update).service(decide);
}

/// Show how a request is examined
///
/// The endorsement, the hearing, the days by which each step is due, and the decisions with their reasons. An
/// organization sees those of its requests, without the notes of the hearing and without who decided.
#[utoipa::path(operation_id = "show_intake", tag = "Deliverables", security(("bearer" = ["intake:read"])),
    params(("id" = Id, Path, description = "The deliverable"), IncludeArchived),
    responses((status = 200, description = "The intake", body = Intake)))]
#[get("/deliverables/{id}/intake")]
async fn show(
    caller: Caller<ReadIntake>,
    pool: Data<Pool>,
    id: PathId,
    query: Query<IncludeArchived>,
) -> Result<Entity<Intake>> {
    let (reach, examines) = (caller.reach(), caller.principal().role != UserRole::Organization);
    let intake = pool.read(move |db| {
        let deliverable = deliverables::store::find(db, &reach, id.0, query.0.include_archived)?;
        store::find(db, &deliverable)
    });
    let intake = intake.await?.shown(examines);
    Ok(Entity::composed(intake.version, intake))
}

/// Record how a request is examined
///
/// Send a JSON Merge Patch. With `If-Match`, the intake changes only if it still has the version that you read; the
/// version is 0 before the first change. To move the request to screening or hearing, change its status.
#[utoipa::path(operation_id = "update_intake", tag = "Deliverables", security(("bearer" = ["intake:write"])),
    params(("id" = Id, Path, description = "The deliverable")),
    request_body(content = inline(IntakePatch), content_type = "application/merge-patch+json",
        example = json!({"hearing": {"held_on": "2026-07-14", "participants": ["代表 田中"], "notes": "印刷費は団体が負担できる。"}})),
    responses((status = 200, description = "Updated", body = Intake)))]
#[patch("/deliverables/{id}/intake")]
async fn update(
    caller: Caller<WriteIntake>,
    pool: Data<Pool>,
    id: PathId,
    if_match: IfMatch,
    patch: IntakePatch,
) -> Result<Entity<Intake>> {
    let (actor, reach): (String, Reach) = (caller.actor(), caller.reach());
    let updated = patch.write(&pool, move |db, patch| {
        actions::update(db, &actor, &reach, id.0, &if_match, |before| patch.apply(before))
    });
    let intake = updated.await?;
    Ok(Entity::composed(intake.version, intake))
}

type IntakePatch = Patch<NewIntake>;

/// Open or decline a request
///
/// Decides about a request that is submitted, in screening or in hearing, and keeps the reason and the word to the
/// organization. Any other request returns 409 `illegal_transition`. To open one, send `If-Match` with the version of the
/// deliverable that you have read, so that nobody releases what they have not read.
#[utoipa::path(operation_id = "create_decision", tag = "Deliverables", security(("bearer" = ["deliverables:decide"])),
    params(("id" = Id, Path, description = "The deliverable")),
    request_body = NewDecision,
    responses((status = 201, description = "Decided", body = IntakeDecision),
              (status = 409, description = "The request isn't under review"),
              (status = 428, description = "Opening a request needs `If-Match` with the version that you have read")))]
#[post("/deliverables/{id}/decisions")]
async fn decide(
    caller: Caller<DecideDeliverables>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    id: PathId,
    if_match: IfMatch,
    new: Submission<NewDecision>,
) -> Result<HttpResponse> {
    let editor = Editor::of(caller.writer(), true);
    let insert = move |db: &mut Db, decision: NewDecision| {
        let made = actions::decide(db, &editor, &catalogues, id.0, &if_match, decision)?;
        let location = format!("/v1/deliverables/{}/intake", id.0);
        Answer::created(location, made.id, 1, &made)
    };
    new.write(&pool, caller.submitter(), insert).await
}
