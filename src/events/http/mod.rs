//! The HTTP face of events. `registrations` has the operations of those who come, `guests` those without an account.

mod guests;
mod registrations;

use super::funnel::{self, Funnel};
use super::{Event, EventFilter, NewEvent, actions};
use crate::auth::{ReadEvents, ReadRegistrations, WriteEvents, http::Caller};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::Result;
use crate::http::query::path_id;
use crate::http::{Answer, Entity, IfMatch, Json, Language, Page, Patch, PathId, Query, Submission};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list)
        .service(create)
        .service(show)
        .service(update)
        .service(remove_host)
        .service(show_funnel)
        .configure(registrations::routes)
        .configure(guests::routes);
}

/// List events
///
/// Those that are published, and the others that you hold: of your areas or your organization. Filters are combined with
/// AND. `counts` and `notices` are only in events that you hold.
#[utoipa::path(operation_id = "list_events", tag = "Events", security(("bearer" = ["events:read"])),
    params(EventFilter), responses((status = 200, description = "One page", body = Page<Event>)))]
#[get("/events")]
async fn list(
    caller: Caller<ReadEvents>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<EventFilter>,
    language: Language,
) -> Result<Page<Event>> {
    let reach = caller.reach();
    let page = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        actions::list(db, &reach, &catalogue, filter.0, language)
    });
    page.await
}

/// Register an event
///
/// A coordinator holds events of their areas, the secretariat also those of all areas, an organization its own. What an
/// organization publishes is `submitted` until a coordinator releases it. What is only worth a look, such as two breakouts
/// of one speaker at once, comes back as `notices`.
#[utoipa::path(operation_id = "create_event", tag = "Events", security(("bearer" = ["events:write"])),
    request_body = NewEvent,
    responses((status = 201, description = "Registered", body = Event),
              (status = 409, description = "A new event can't have this status")))]
#[post("/events")]
async fn create(
    caller: Caller<WriteEvents>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    new: Submission<NewEvent>,
    language: Language,
) -> Result<HttpResponse> {
    let writer = caller.writer();
    let insert = move |db: &mut Db, plan: NewEvent| {
        let catalogue = catalogues.current(db)?;
        let event = actions::create(db, &writer, &catalogue, plan, Instant::now())?;
        let shown = actions::show(db, &writer.reach, event.id, language)?;
        Answer::created(
            format!("/v1/events/{}", event.id),
            event.id,
            event.version,
            &shown,
        )
    };
    new.write(&pool, caller.submitter(), insert).await
}

/// Show an event
///
/// `online_url`, `counts` and `notices` are only in events that you hold.
#[utoipa::path(operation_id = "show_event", tag = "Events", security(("bearer" = ["events:read"])),
    params(("id" = Id, Path, description = "The event")),
    responses((status = 200, description = "The event", body = Event)))]
#[get("/events/{id}")]
async fn show(
    caller: Caller<ReadEvents>,
    pool: Data<Pool>,
    id: PathId,
    language: Language,
) -> Result<Entity<Event>> {
    let reach = caller.reach();
    let event = pool
        .read(move |db| actions::show(db, &reach, id.0, language))
        .await?;
    Ok(Entity::composed(event.version, event))
}

/// Change an event
///
/// Send a JSON Merge Patch; a list is replaced as a whole. Draft → submitted → published → cancelled; a draft can be
/// published at once. To cancel an event, or to move the times of a published one, say why in `notice`, each time in other words
/// (422 otherwise). If an organization changes its published event, a coordinator releases it again. More places go to those who wait.
#[utoipa::path(operation_id = "update_event", tag = "Events", security(("bearer" = ["events:write"])),
    params(("id" = Id, Path, description = "The event")),
    request_body(content = inline(EventPatch), content_type = "application/merge-patch+json",
        example = json!({"status": "cancelled", "notice": "台風のため中止します。"})),
    responses((status = 200, description = "Updated", body = Event),
              (status = 409, description = "The status can't change like this, or the questions were answered (`questions_answered`)"),
              (status = 428, description = "Releasing an event needs `If-Match` with the version that you have read")))]
#[patch("/events/{id}")]
async fn update(
    caller: Caller<WriteEvents>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    id: PathId,
    if_match: IfMatch,
    patch: EventPatch,
    language: Language,
) -> Result<Entity<Event>> {
    let writer = caller.writer();
    let updated = patch.write(&pool, move |db, patch| {
        let catalogue = catalogues.current(db)?;
        actions::update(db, &writer, &catalogue, id.0, &if_match, |before| {
            patch.apply(before)
        })?;
        actions::show(db, &writer.reach, id.0, language)
    });
    let event = updated.await?;
    Ok(Entity::composed(event.version, event))
}

type EventPatch = Patch<NewEvent>;

/// Take an organization out of those that hold an event
///
/// An organization takes itself out, and no other, at once and without a coordinator: those who name it don't ask before. The event
/// goes on without it; others that hold it can name it again. To call off an event that nobody else holds, cancel it before.
#[utoipa::path(operation_id = "remove_event_host", tag = "Events", security(("bearer" = ["events:write"])),
    params(("id" = Id, Path, description = "The event"), ("organization_id" = Id, Path, description = "The organization")),
    responses((status = 204, description = "Taken out")))]
#[delete("/events/{id}/hosts/{organization_id}")]
async fn remove_host(
    caller: Caller<WriteEvents>,
    request: HttpRequest,
    pool: Data<Pool>,
    id: PathId,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let (writer, host) = (caller.writer(), path_id(&request, "organization_id")?);
    pool.write(move |db| actions::remove_host(db, &writer, (id.0, host), &if_match))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Show the funnel of an event
///
/// Who came to this event and to those with which it shares a consultation, how many asked for consultation and got it, and
/// how many then applied: うち14名が個別相談へ. A consultation names the events that it follows up (`follows_event_ids`). For
/// those who hold the event; others get 403.
#[utoipa::path(operation_id = "show_event_funnel", tag = "Events", security(("bearer" = ["registrations:read"])),
    params(("id" = Id, Path, description = "The event")),
    responses((status = 200, description = "The funnel", body = Funnel)))]
#[get("/events/{id}/funnel")]
async fn show_funnel(
    caller: Caller<ReadRegistrations>,
    pool: Data<Pool>,
    id: PathId,
) -> Result<Json<Funnel>> {
    let reach = caller.reach();
    pool.read(move |db| funnel::funnel(db, &reach, id.0))
        .await
        .map(Json)
}
