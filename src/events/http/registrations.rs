//! The operations of registrations and of the questionnaire.

use crate::auth::{ReadRegistrations, RecordKind, WriteRegistrations, check_properties, http::Caller};
use crate::db::{Db, Id, Instant, Pool};
use crate::error::Result;
use crate::events::answers::{self, AnswerNote, NewAnswers, Questionnaire};
use crate::events::registering;
use crate::events::registration::{NewRegistration, Registration};
use crate::http::query::path_id;
use crate::http::{Answer, Entity, IfMatch, Json, Page, Paging, Patch, PathId, Query, Submission};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list)
        .service(create)
        .service(show)
        .service(update)
        .service(remove)
        .service(summarize)
        .service(answer);
}

/// List the registrations for an event
///
/// Those who hold the event see all; a worker, a partner app, an organization and an office that doesn't hold it those that they
/// made. In the order in which they came.
#[utoipa::path(operation_id = "list_registrations", tag = "Events", security(("bearer" = ["registrations:read"])),
    params(("id" = Id, Path, description = "The event"), Paging),
    responses((status = 200, description = "One page", body = Page<Registration>)))]
#[get("/events/{id}/registrations")]
async fn list(
    caller: Caller<ReadRegistrations>,
    pool: Data<Pool>,
    id: PathId,
    paging: Query<Paging>,
) -> Result<Page<Registration>> {
    let viewer = caller.viewer();
    pool.read(move |db| registering::list(db, &viewer, id.0, &paging.0))
        .await
}

/// Register somebody for an event
///
/// A worker registers themselves, a partner app its volunteer, an organization its people, an office that holds the event
/// anybody; another office registers its staff, by name (no `worker_id` or `organization_id`: 422 `not_permitted`), for at most half of the
/// places. If all places are taken, the registration waits, or is refused (409 `event_full`) if the
/// event has no waiting list. After the end, or after the registration closes, you get 409 `registration_closed`; somebody who
/// is registered already, in the same name with the same address, gets 409 `already_registered`. Those who hold the event add afterwards who came without one, with the status `attended`. People
/// without an account register at `POST /v1/events/{id}/guest-registrations`.
#[utoipa::path(operation_id = "create_registration", tag = "Events", security(("bearer" = ["registrations:write"])),
    params(("id" = Id, Path, description = "The event")), request_body = NewRegistration,
    responses((status = 201, description = "Registered, or waiting", body = Registration),
              (status = 409, description = "Registration is closed, all places are taken, or the person is registered")))]
#[post("/events/{id}/registrations")]
async fn create(
    caller: Caller<WriteRegistrations>,
    pool: Data<Pool>,
    id: PathId,
    new: Submission<NewRegistration>,
) -> Result<HttpResponse> {
    let (viewer, role) = (caller.viewer(), caller.writer().role);
    let insert = move |db: &mut Db, new: NewRegistration| {
        check_properties(role, RecordKind::Registrations, None, &new)?;
        let one = registering::create(db, &viewer, id.0, new, Instant::now())?;
        let location = format!("/v1/events/{}/registrations/{}", id.0, one.id);
        // The answer is stored as the person's data: erasing the person erases the answer.
        let of = one.new.worker_id.unwrap_or(one.id);
        Answer::created(location, of, one.version, &one)
    };
    new.write(&pool, caller.submitter(), insert).await
}

/// Show a registration
///
/// Names and words about people are null without the scope `personal_data:read`.
#[utoipa::path(operation_id = "show_registration", tag = "Events", security(("bearer" = ["registrations:read"])),
    params(("id" = Id, Path, description = "The event"), ("entry_id" = Id, Path, description = "The registration")),
    responses((status = 200, description = "The registration", body = Registration)))]
#[get("/events/{id}/registrations/{entry_id}")]
async fn show(
    caller: Caller<ReadRegistrations>,
    request: HttpRequest,
    pool: Data<Pool>,
    id: PathId,
) -> Result<Entity<Registration>> {
    let (viewer, entry) = (caller.viewer(), path_id(&request, "entry_id")?);
    let one = pool
        .read(move |db| registering::show(db, &viewer, id.0, entry))
        .await?;
    Ok(Entity::composed(one.version, one))
}

/// Change a registration
///
/// Send a JSON Merge Patch. Who registered corrects it while registration is open, or cancels it (`{"status": "cancelled"}`)
/// until it is known whether they came; after the begin that forgets the person and keeps the count. Those who hold the event
/// also say who attended and who was absent, from its first day on. A place that becomes free goes to who has waited longest.
#[utoipa::path(operation_id = "update_registration", tag = "Events", security(("bearer" = ["registrations:write"])),
    params(("id" = Id, Path, description = "The event"), ("entry_id" = Id, Path, description = "The registration")),
    request_body(content = inline(RegistrationPatch), content_type = "application/merge-patch+json",
        example = json!({"status": "attended"})),
    responses((status = 200, description = "Updated", body = Registration),
              (status = 409, description = "The status can't change like this or not yet, registration is closed, or there are too few places")))]
#[patch("/events/{id}/registrations/{entry_id}")]
async fn update(
    caller: Caller<WriteRegistrations>,
    request: HttpRequest,
    pool: Data<Pool>,
    id: PathId,
    if_match: IfMatch,
    patch: RegistrationPatch,
) -> Result<Entity<Registration>> {
    let (viewer, role, entry) = (
        caller.viewer(),
        caller.writer().role,
        path_id(&request, "entry_id")?,
    );
    let updated = patch.write(&pool, move |db, patch| {
        let change = |before: &NewRegistration| {
            let after = patch.apply(before)?;
            check_properties(role, RecordKind::Registrations, Some(before), &after)?;
            Ok(after)
        };
        registering::update(db, &viewer, (id.0, entry), &if_match, change)
    });
    let one = updated.await?;
    Ok(Entity::composed(one.version, one))
}

type RegistrationPatch = Patch<NewRegistration>;

/// Delete a registration
///
/// Forgets the person, within seconds also in the files of imports that wrote the registration. After the begin what was counted
/// stays, unless you hold the event. Whom you take off the list of an event that you hold, a list that is imported later doesn't bring
/// back, until they are registered again. To keep count of cancellations, cancel the registration instead.
#[utoipa::path(operation_id = "delete_registration", tag = "Events", security(("bearer" = ["registrations:write"])),
    params(("id" = Id, Path, description = "The event"), ("entry_id" = Id, Path, description = "The registration")),
    responses((status = 204, description = "Deleted")))]
#[delete("/events/{id}/registrations/{entry_id}")]
async fn remove(
    caller: Caller<WriteRegistrations>,
    request: HttpRequest,
    pool: Data<Pool>,
    id: PathId,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let (viewer, entry) = (caller.viewer(), path_id(&request, "entry_id")?);
    pool.write(move |db| registering::take_off(db, &viewer, (id.0, entry), &if_match))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Sum up the answers to the questionnaire of an event
///
/// For those who hold the event; others get 403. Nobody is named: answers are stored without who gave them.
#[utoipa::path(operation_id = "show_questionnaire", tag = "Events", security(("bearer" = ["registrations:read"])),
    params(("id" = Id, Path, description = "The event")),
    responses((status = 200, description = "The summary", body = Questionnaire)))]
#[get("/events/{id}/answers")]
async fn summarize(
    caller: Caller<ReadRegistrations>,
    pool: Data<Pool>,
    id: PathId,
) -> Result<Json<Questionnaire>> {
    let reach = caller.reach();
    pool.read(move |db| answers::summarize(db, &reach, id.0))
        .await
        .map(Json)
}

/// Answer the questionnaire of an event
///
/// Once for each registration, from the begin of the event on. Those who hold it enter answers from paper without a
/// registration. Who has no account answers at `POST /v1/registration-secrets/answer`.
#[utoipa::path(operation_id = "create_answers", tag = "Events", security(("bearer" = ["registrations:write"])),
    params(("id" = Id, Path, description = "The event")), request_body = NewAnswers,
    responses((status = 201, description = "Taken", body = AnswerNote),
              (status = 409, description = "There is no questionnaire, or it was answered already")))]
#[post("/events/{id}/answers")]
async fn answer(
    caller: Caller<WriteRegistrations>,
    pool: Data<Pool>,
    id: PathId,
    new: Submission<NewAnswers>,
) -> Result<HttpResponse> {
    let viewer = caller.viewer();
    let insert = move |db: &mut Db, new: NewAnswers| {
        let note = answers::answer(db, &viewer, id.0, new, Instant::now())?;
        Answer::created(format!("/v1/events/{}/answers", id.0), id.0, 1, &note)
    };
    new.write(&pool, caller.submitter(), insert).await
}
