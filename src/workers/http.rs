//! The HTTP face of workers. Rules are in `mod.rs`, SQL in `store.rs`.

use super::record::{check_privileged, check_source};
use super::{ConsentRecord, NewWorker, Sight, Worker, WorkerFilter, listing, store};
use crate::audit::personal_data_was_read;
use crate::auth::{
    ExportPersonalData, Reach, ReadMatches, ReadWorkers, Scope, WriteWorkers, http::Caller, within_reach,
};
use crate::catalogue::{Catalogues, calendar};
use crate::db::{Db, Id, Instant, Pool};
use crate::error::{Error, Result, Text};
use crate::http::conditional::CreateOnly;
use crate::http::query::path_text;
use crate::http::{Answer, Entity, IfMatch, Page, Patch, PathId, Query, Submission, Valid, conditional};
use crate::reach::store::has_own_worker;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, put};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list)
        .service(create)
        .service(replace)
        .service(show_external)
        .service(show)
        .service(update)
        .service(consents);
}

/// Enters in the audit whose personal data an answer shows to somebody else.
async fn seen<S: Scope>(caller: &Caller<S>, pool: &Pool, shown: &[Worker]) -> Result<()> {
    let ids = listing::personal(&caller.viewer(), shown);
    personal_data_was_read(pool, caller.actor(), ids).await
}

fn sight<S: Scope>(caller: &Caller<S>) -> Sight {
    listing::sight(&caller.viewer())
}

/// List workers
///
/// Filters are combined by AND. Personal data is null to callers without `personal_data:read`, and not searched. To an
/// organization, only those appear whose application to it stands.
#[utoipa::path(operation_id = "list_workers", tag = "Workers", security(("bearer" = ["workers:read"])),
    params(WorkerFilter), responses((status = 200, description = "One page", body = Page<Worker>)))]
#[get("/workers")]
async fn list(
    caller: Caller<ReadWorkers>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<WorkerFilter>,
) -> Result<Page<Worker>> {
    let viewer = caller.viewer();
    let page = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        listing::page(db, &viewer, &catalogue, filter.0)
    });
    let page = page.await?;
    seen(&caller, &pool, &page.items).await?;
    Ok(page)
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
    let (actor, sight, reach) = (caller.actor(), sight(&caller), caller.reach());
    let insert = move |db: &mut Db, mut profile: NewWorker| {
        check_privileged(&reach, None, &mut profile)?;
        profile.resolve(&*catalogues.current(db)?, None, calendar::today())?;
        let worker = Worker::register(Id::new(), profile, Instant::now()).through(&reach);
        store::insert(db, &actor, &worker)?;
        within_reach(has_own_worker(db, &reach, worker.id)?)?;
        let location = format!("/v1/workers/{}", worker.id);
        Answer::created(location, worker.id, worker.version, &worker.shown(sight))
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
    let (actor, sight, reach) = (caller.actor(), sight(&caller), caller.reach());
    let (source, external_id) = (
        path_text(&request, "source", 100)?,
        path_text(&request, "external_id", 200)?,
    );
    check_source(&reach, &source)?;
    let Valid(mut profile) = new;
    set_to_path("/source", &mut profile.source, source.clone())?;
    set_to_path("/external_id", &mut profile.external_id, external_id.clone())?;
    let replaced = pool.write(move |db| {
        let catalogue = catalogues.current(db)?;
        let now = Instant::now();
        let Some(before) = store::find_external_to_change(db, &reach, &source, &external_id)? else {
            if_match.check_absent()?;
            check_privileged(&reach, None, &mut profile)?;
            profile.resolve(&catalogue, None, calendar::today())?;
            let worker = Worker::register(Id::new(), profile, now).through(&reach);
            store::insert(db, &actor, &worker)?;
            within_reach(has_own_worker(db, &reach, worker.id)?)?;
            return Ok((worker, true));
        };
        if_match.check(before.version)?;
        create_only.check_present(before.version)?;
        check_privileged(&reach, Some(&before.profile), &mut profile)?;
        profile.resolve(&catalogue, Some(&before.profile), calendar::today())?;
        if profile == before.profile {
            return Ok((before, false));
        }
        let after = before.changed(profile, now);
        store::update(db, &actor, &after)?;
        within_reach(has_own_worker(db, &reach, after.id)?)?;
        Ok((after, false))
    });
    let (worker, created) = replaced.await?;
    let worker = worker.shown(sight);
    if !created {
        seen(&caller, &pool, std::slice::from_ref(&worker)).await?;
    }
    let mut response = if created {
        HttpResponse::Created()
    } else {
        HttpResponse::Ok()
    };
    response.insert_header((header::ETAG, conditional::tag(worker.version)));
    if created {
        response.insert_header((header::LOCATION, format!("/v1/workers/{}", worker.id)));
    }
    Ok(response.json(worker))
}

fn set_to_path(pointer: &str, member: &mut Option<String>, path: String) -> Result<()> {
    if member.as_ref().is_some_and(|own| *own != path) {
        let rule = Text::new("パスの値と違います。", "It differs from the path.");
        return Err(Error::invalid(pointer, "differs_from_path", rule));
    }
    *member = Some(path);
    Ok(())
}

/// Show a worker by its id in another system
///
/// Of those within the caller's reach; as `GET /v1/workers/{id}` shows them.
#[utoipa::path(operation_id = "show_worker_by_external_id", tag = "Workers", security(("bearer" = ["workers:read"])),
    params(("source" = String, Path, description = "Which system", min_length = 1, max_length = 100, example = "roster"),
           ("external_id" = String, Path, description = "The id there", min_length = 1, max_length = 200, example = "A-0042")),
    responses((status = 200, description = "The worker", body = Worker)))]
#[get("/workers/by-external-id/{source}/{external_id}")]
async fn show_external(
    caller: Caller<ReadWorkers>,
    request: HttpRequest,
    pool: Data<Pool>,
) -> Result<Entity<Worker>> {
    let (sight, reach) = (sight(&caller), caller.reach());
    let (source, external_id) = (
        path_text(&request, "source", 100)?,
        path_text(&request, "external_id", 200)?,
    );
    let found = pool.read(move |db| {
        let found = store::find_external(db, &source, &external_id)?.ok_or_else(store::missing)?;
        store::find(db, &reach, found.id)
    });
    let worker = found.await?.shown(sight);
    seen(&caller, &pool, std::slice::from_ref(&worker)).await?;
    Ok(Entity::new(worker.version, worker))
}

/// Show a worker
///
/// Personal data is null to callers without `personal_data:read`. To a coordinator and to an organization, anyone who
/// may be ranked is shown as a candidate, without personal data and without their dealings with others; who it is they
/// see of their own, and of those whose application to them stands.
#[utoipa::path(operation_id = "show_worker", tag = "Workers", security(("bearer" = ["workers:read"])),
    params(("id" = Id, Path, description = "The worker")),
    responses((status = 200, description = "The worker", body = Worker)))]
#[get("/workers/{id}")]
async fn show(caller: Caller<ReadWorkers>, pool: Data<Pool>, id: PathId) -> Result<Entity<Worker>> {
    let (sight, reach, ranks) = (sight(&caller), caller.reach(), caller.may::<ReadMatches>());
    let found = pool.read(move |db| match store::find(db, &reach, id.0) {
        Err(Error::NotFound { .. }) if ranks && reach != Reach::Everything => {
            let worker = store::find(db, &Reach::Everything, id.0)?;
            let candidate = Some(worker).filter(|worker| worker.is_candidate_for(&reach));
            Ok((candidate.ok_or_else(store::missing)?, Sight::Candidate))
        }
        found => Ok((found?, sight)),
    });
    let (worker, sight) = found.await?;
    let worker = worker.shown(sight);
    seen(&caller, &pool, std::slice::from_ref(&worker)).await?;
    Ok(Entity::new(worker.version, worker))
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
    let (actor, sight, reach) = (caller.actor(), sight(&caller), caller.reach());
    let updated = pool.write(move |db| {
        let before = store::find_to_change(db, &reach, id.0)?;
        if_match.check(before.version)?;
        let mut profile = patch.apply(&before.profile)?;
        check_privileged(&reach, Some(&before.profile), &mut profile)?;
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
        within_reach(has_own_worker(db, &reach, after.id)?)?;
        Ok(after)
    });
    let worker = updated.await?.shown(sight);
    seen(&caller, &pool, std::slice::from_ref(&worker)).await?;
    Ok(Entity::new(worker.version, worker))
}
type WorkerPatch = Patch<NewWorker>;

/// List a worker's consents
///
/// Returns withdrawn and replaced consents too, oldest first. To withdraw a consent, set the worker's `consent` to null;
/// the worker is then no longer ranked.
#[utoipa::path(operation_id = "list_consents", tag = "Workers", security(("bearer" = ["personal_data:export"])),
    params(("id" = Id, Path, description = "The worker")),
    responses((status = 200, description = "The consents", body = Page<ConsentRecord>)))]
#[get("/workers/{id}/consents")]
async fn consents(
    caller: Caller<ExportPersonalData>,
    pool: Data<Pool>,
    id: PathId,
) -> Result<Page<ConsentRecord>> {
    let reach = caller.reach();
    let found = pool.read(move |db| {
        let worker = store::find_own(db, &reach, id.0)?;
        store::consents::list(db, worker.id)
    });
    found.await.map(Page::all)
}
