//! The HTTP face of workers. Rules are in `mod.rs`, SQL in `store.rs`.

use super::{NewWorker, Worker, WorkerFilter, store};
use crate::auth::{ReadPersonalData, ReadWorkers, WriteWorkers, http::Caller};
use crate::catalogue::{Catalogues, Filters, calendar};
use crate::db::{Db, Id, Instant, Pool};
use crate::error::{Error, Result, Text};
use crate::http::conditional::CreateOnly;
use crate::http::query::path_text;
use crate::http::{Answer, Entity, IfMatch, Page, Patch, PathId, Query, Submission, Valid, conditional};
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post, put};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list)
        .service(create)
        .service(replace)
        .service(show)
        .service(update)
        .service(remove);
}

/// List workers
///
/// Filters are combined by AND. Personal data is null to callers without `personal_data:read`, and not searched.
#[utoipa::path(operation_id = "list_workers", tag = "Workers", security(("bearer" = ["workers:read"])),
    params(WorkerFilter), responses((status = 200, description = "One page", body = Page<Worker>)))]
#[get("/workers")]
async fn list(
    caller: Caller<ReadWorkers>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<WorkerFilter>,
) -> Result<Page<Worker>> {
    let personal_data = caller.may::<ReadPersonalData>();
    let Query(mut filter) = filter;
    let page = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        let filters = Filters::of(&catalogue)
            .area(&mut filter.area)
            .text("q", &filter.q);
        let filters = filters
            .entry("skill", &filter.skill, |c| &c.skills)
            .entry("role", &filter.role, |c| &c.roles);
        filters.check()?;
        store::list(db, &filter, personal_data)
    });
    Ok(page.await?.map(|worker| worker.shown(personal_data)))
}

/// Register a worker
///
/// Answers 409 `duplicate_external_id` where the source and external id are taken: replace that worker instead.
#[utoipa::path(operation_id = "create_worker", tag = "Workers", security(("bearer" = ["workers:write"])),
    request_body = NewWorker,
    responses((status = 201, description = "Registered", body = Worker),
              (status = 409, description = "The external id is taken")))]
#[post("/workers")]
async fn create(
    caller: Caller<WriteWorkers>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    new: Submission<NewWorker>,
) -> Result<HttpResponse> {
    let (actor, personal_data) = (caller.actor(), caller.may::<ReadPersonalData>());
    let insert = move |db: &mut Db, mut profile: NewWorker| {
        profile.resolve(&*catalogues.current(db)?, None, calendar::today())?;
        let worker = Worker::register(Id::new(), profile, Instant::now());
        store::insert(db, &actor, &worker)?;
        let location = format!("/v1/workers/{}", worker.id);
        Answer::created(location, worker.id, worker.version, &worker.shown(personal_data))
    };
    new.write(&pool, &caller.actor(), insert).await
}

/// Create or replace a worker by its id in another system
///
/// Idempotent: the same body again changes nothing, not even the version. What the body leaves out is unset. The
/// path gives source and external id; a body that names others is refused.
#[utoipa::path(operation_id = "replace_worker_by_external_id", tag = "Workers", security(("bearer" = ["workers:write"])),
    params(("source" = String, Path, description = "Which system", min_length = 1, max_length = 100, example = "roster"),
           ("external_id" = String, Path, description = "The id there", min_length = 1, max_length = 200, example = "A-0042")),
    request_body = NewWorker,
    responses((status = 200, description = "Replaced, or unchanged", body = Worker),
              (status = 201, description = "Registered", body = Worker),
              (status = 409, description = "It was registered by someone else at the same moment")))]
#[put("/workers/by-external-id/{source}/{external_id}")]
async fn replace(
    caller: Caller<WriteWorkers>,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    if_match: IfMatch,
    create_only: CreateOnly,
    new: Valid<NewWorker>,
) -> Result<HttpResponse> {
    let (actor, personal_data) = (caller.actor(), caller.may::<ReadPersonalData>());
    let (source, external_id) = (
        path_text(&request, "source", 100)?,
        path_text(&request, "external_id", 200)?,
    );
    let Valid(mut profile) = new;
    set_to_path("/source", &mut profile.source, source.clone())?;
    set_to_path("/external_id", &mut profile.external_id, external_id.clone())?;
    let replaced = pool.write(move |db| {
        let catalogue = catalogues.current(db)?;
        let now = Instant::now();
        let Some(before) = store::find_external_to_change(db, &source, &external_id)? else {
            if_match.check_absent()?;
            profile.resolve(&catalogue, None, calendar::today())?;
            let worker = Worker::register(Id::new(), profile, now);
            store::insert(db, &actor, &worker)?;
            return Ok((worker, true));
        };
        if_match.check(before.version)?;
        create_only.check_present(before.version)?;
        profile.resolve(&catalogue, Some(&before.profile), calendar::today())?;
        if profile == before.profile {
            return Ok((before, false));
        }
        let after = before.changed(profile, now);
        store::update(db, &actor, &after)?;
        Ok((after, false))
    });
    let (worker, created) = replaced.await?;
    let mut response = if created {
        HttpResponse::Created()
    } else {
        HttpResponse::Ok()
    };
    response.insert_header((header::ETAG, conditional::tag(worker.version)));
    if created {
        response.insert_header((header::LOCATION, format!("/v1/workers/{}", worker.id)));
    }
    Ok(response.json(worker.shown(personal_data)))
}

fn set_to_path(pointer: &str, member: &mut Option<String>, path: String) -> Result<()> {
    if member.as_ref().is_some_and(|own| *own != path) {
        let rule = Text::new("パスの値と違います。", "It differs from the path.");
        return Err(Error::invalid(pointer, "differs_from_path", rule));
    }
    *member = Some(path);
    Ok(())
}

/// Show a worker
///
/// Personal data is null to callers without `personal_data:read`.
#[utoipa::path(operation_id = "show_worker", tag = "Workers", security(("bearer" = ["workers:read"])),
    params(("id" = Id, Path, description = "The worker")),
    responses((status = 200, description = "The worker", body = Worker)))]
#[get("/workers/{id}")]
async fn show(caller: Caller<ReadWorkers>, pool: Data<Pool>, id: PathId) -> Result<Entity<Worker>> {
    let worker = pool.read(move |db| store::find(db, id.0)).await?;
    let personal_data = caller.may::<ReadPersonalData>();
    if personal_data {
        tracing::info!(actor = caller.actor(), worker = %worker.id, "personal data was read");
    }
    Ok(Entity::new(worker.version, worker.shown(personal_data)))
}

/// Change a worker
///
/// JSON Merge Patch; with If-Match it changes only the version that you have read.
#[utoipa::path(operation_id = "update_worker", tag = "Workers", security(("bearer" = ["workers:write"])),
    params(("id" = Id, Path, description = "The worker")),
    request_body(content = inline(WorkerPatch), content_type = "application/merge-patch+json"),
    responses((status = 200, description = "Changed", body = Worker),
              (status = 409, description = "The external id is taken")))]
#[patch("/workers/{id}")]
async fn update(
    caller: Caller<WriteWorkers>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    id: PathId,
    if_match: IfMatch,
    patch: WorkerPatch,
) -> Result<Entity<Worker>> {
    let (actor, personal_data) = (caller.actor(), caller.may::<ReadPersonalData>());
    let updated = pool.write(move |db| {
        let before = store::find_to_change(db, id.0)?;
        if_match.check(before.version)?;
        let mut profile = patch.apply(&before.profile)?;
        profile.resolve(
            &*catalogues.current(db)?,
            Some(&before.profile),
            calendar::today(),
        )?;
        if profile == before.profile {
            return Ok(before);
        }
        let after = before.changed(profile, Instant::now());
        store::update(db, &actor, &after)?;
        Ok(after)
    });
    let worker = updated.await?;
    Ok(Entity::new(worker.version, worker.shown(personal_data)))
}
type WorkerPatch = Patch<NewWorker>;

/// Erase a worker
///
/// The person is gone for good; the log keeps that somebody was there.
#[utoipa::path(operation_id = "erase_worker", tag = "Workers", security(("bearer" = ["workers:write"])),
    params(("id" = Id, Path, description = "The worker")),
    responses((status = 204, description = "Erased")))]
#[delete("/workers/{id}")]
async fn remove(
    caller: Caller<WriteWorkers>,
    pool: Data<Pool>,
    id: PathId,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let actor = caller.actor();
    let erased = pool.write(move |db| {
        let worker = store::find_to_change(db, id.0)?;
        if_match.check(worker.version)?;
        store::delete(db, &actor, &worker)
    });
    erased.await?;
    Ok(HttpResponse::NoContent().finish())
}
