//! The HTTP face of workers. Use cases are in `actions.rs`, SQL in `store`.

use super::batch::{BatchResult, Kept, WorkerBatch};
use super::rules::{check_source, set_origin};
use super::{ConsentRecord, NewWorker, Sight, Worker, WorkerFilter, actions, listing, store};
use crate::auth::{ExportPersonalData, ReadMatches, ReadWorkers, Scope, WriteWorkers, http::Caller};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Pool};
use crate::error::{Error, Result};
use crate::http::body::BATCH_LIMIT_BYTES;
use crate::http::conditional::CreateOnly;
use crate::http::disclosure::json;
use crate::http::problem::Problem;
use crate::http::query::path_text;
use crate::http::trace::request_id;
use crate::http::{
    Answer, Entity, IfMatch, Language, Page, Paging, Patch, PathId, Query, Stated, Submission, conditional,
};
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, patch, post, put};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list)
        .service(create)
        .service(replace_all)
        .service(replace)
        .service(show_external)
        .service(show)
        .service(update)
        .service(list_consents);
}

fn answer(worker: Worker) -> Entity<Worker> {
    Entity::new(worker.version, worker)
}

fn sight<S: Scope>(caller: &Caller<S>) -> Sight {
    listing::sight(&caller.viewer())
}

/// List workers
///
/// All filters have to match. Without the scope `personal_data:read`, `personal` is null and not searched.
/// Organizations see only workers with an active application to them.
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
    page.await
}

/// Register a worker
///
/// Returns 409 `duplicate_external_id` if another worker within your reach has the source and external id. To replace
/// that worker, use `PUT /v1/workers/by-external-id/{source}/{external_id}`. If you reach some areas only, the source
/// of a new worker begins with the worker's area: `roster` becomes `131041:roster`.
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
    let (writer, sight) = (caller.writer(), sight(&caller));
    let register = move |db: &mut Db, profile: NewWorker| {
        let catalogue = catalogues.current(db)?;
        let worker = actions::register(db, &catalogue, &writer, profile)?;
        let location = format!("/v1/workers/{}", worker.id);
        let shown = listing::shown(db, &writer.reach, worker, sight)?;
        Answer::created(location, shown.id, shown.version, &shown)
    };
    new.write(&pool, caller.submitter(), register).await
}

/// Create or replace many workers by external id
///
/// Takes up to 500 workers, in a body of up to 4 MiB. Each item is read, checked and written as
/// `PUT /v1/workers/by-external-id/{source}/{external_id}` would, and states its `source` and `external_id`; partners may
/// leave out the source. An item with an error changes nothing, and all others are written, together. A second item about
/// the same worker is an error of that item (`duplicate_item`). Only a body that is no strict JSON (with a member twice in an object, or a
/// control character) is refused as a whole. The answer has each item in the order of the request. One `Idempotency-Key`
/// covers the batch, and the batch counts as one request.
#[utoipa::path(operation_id = "replace_workers", tag = "Workers", security(("bearer" = ["workers:write"])),
    request_body = WorkerBatch,
    responses((status = 200, description = "What became of each item", body = BatchResult),
              (status = 413, description = "The body is larger than 4 MiB")))]
#[post("/workers:batch")]
async fn replace_all(
    caller: Caller<WriteWorkers>,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    batch: Submission<WorkerBatch, BATCH_LIMIT_BYTES>,
) -> Result<HttpResponse> {
    let (writer, reads_personal) = (caller.writer(), caller.viewer().personal_data);
    let (language, request_id) = (Language::of(&request), request_id(&request));
    let write = move |db: &mut Db, batch: WorkerBatch| {
        let catalogue = catalogues.current(db)?;
        let done = actions::replace_all(db, &catalogue, &writer, &batch, reads_personal)?;
        let problem = |error: &_| Problem::of(error, language, &request_id);
        Answer::of_batch(&BatchResult::of(done, problem))
    };
    batch.write(&pool, caller.submitter(), write).await
}

/// Create or replace a worker by external id
///
/// Idempotent: sending the same body again changes nothing, not even the version, unless it states `personal`, which you may
/// not read: that makes a new version in any case, so that nobody finds out by trying whether a name is right. Members that you leave out
/// are reset to their defaults, except `personal` and `consent`, which stay: to erase the one or withdraw the other, send
/// null. The path gives the source and external id; a body with other values is
/// rejected. If you reach some areas only, `roster` also means `131041:roster` for each of them, and a new worker gets
/// the source of its area.
#[utoipa::path(operation_id = "replace_worker_by_external_id", tag = "Workers", security(("bearer" = ["workers:write"])),
    params(("source" = String, Path, description = "The other system", min_length = 1, max_length = 100, example = "roster"),
           ("external_id" = String, Path, description = "The worker's id there", min_length = 1, max_length = 200, example = "A-0042")),
    request_body = NewWorker,
    responses((status = 200, description = "Replaced, or unchanged", body = Worker),
              (status = 201, description = "Registered", body = Worker),
              (status = 409, description = "The external id is taken")))]
#[put("/workers/by-external-id/{source}/{external_id}")]
async fn replace(
    caller: Caller<WriteWorkers>,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    if_match: IfMatch,
    create_only: CreateOnly,
    new: Stated<NewWorker>,
) -> Result<HttpResponse> {
    let (writer, sight) = (caller.writer(), sight(&caller));
    let origin = (
        path_text(&request, "source", 100)?,
        path_text(&request, "external_id", 200)?,
    );
    check_source(&writer.reach, &origin.0)?;
    let kept = Kept {
        personal: !new.states("personal"),
        consent: !new.states("consent"),
        reads_personal: caller.viewer().personal_data,
    };
    let replaced = new.body.write(&pool, move |db, mut profile| {
        let set = set_origin(&mut profile, &origin);
        let catalogue = catalogues.current(db)?;
        let origin = (origin.0.as_str(), origin.1.as_str());
        let check = |before: Option<&Worker>| match before {
            None => if_match.check_absent(),
            Some(before) => {
                if_match.check(before.version)?;
                create_only.check_present(before.version)
            }
        };
        let replaced = actions::replace(db, &catalogue, &writer, origin, (profile, kept), check);
        let (worker, is_new) = Error::after(set, replaced)?;
        Ok((listing::shown(db, &writer.reach, worker, sight)?, is_new))
    });
    let (worker, is_new) = replaced.await?;
    if is_new {
        let location = (header::LOCATION, format!("/v1/workers/{}", worker.id));
        let tag = (header::ETAG, conditional::tag(worker.version));
        let mut response = HttpResponse::Created();
        return Ok(json(response.insert_header(location).insert_header(tag), &worker));
    }
    let tag = (header::ETAG, conditional::tag(worker.version));
    Ok(json(HttpResponse::Ok().insert_header(tag), &worker))
}

/// Show a worker by external id
///
/// Returns the same as `GET /v1/workers/{id}`, for workers that you may change only.
#[utoipa::path(operation_id = "show_worker_by_external_id", tag = "Workers", security(("bearer" = ["workers:read"])),
    params(("source" = String, Path, description = "The other system", min_length = 1, max_length = 100, example = "roster"),
           ("external_id" = String, Path, description = "The worker's id there", min_length = 1, max_length = 200, example = "A-0042")),
    responses((status = 200, description = "The worker", body = Worker)))]
#[get("/workers/by-external-id/{source}/{external_id}")]
async fn show_external(
    caller: Caller<ReadWorkers>,
    request: HttpRequest,
    pool: Data<Pool>,
) -> Result<Entity<Worker>> {
    let (reach, sight) = (caller.reach(), sight(&caller));
    let (source, external_id) = (
        path_text(&request, "source", 100)?,
        path_text(&request, "external_id", 200)?,
    );
    let found = pool.read(move |db| {
        let found = store::find_external(db, &reach, &source, &external_id, None)?;
        listing::shown(db, &reach, found.ok_or_else(store::missing)?, sight)
    });
    Ok(answer(found.await?))
}

/// Show a worker
///
/// `personal` is null without the scope `personal_data:read`. Coordinators and organizations can also look at
/// any candidate of a ranking: they then see the profile without personal data, source, partner, and blocked
/// or conflicting organizations. They see personal data of workers in their areas, and of workers with an
/// active application to them.
#[utoipa::path(operation_id = "show_worker", tag = "Workers", security(("bearer" = ["workers:read"])),
    params(("id" = Id, Path, description = "The worker")),
    responses((status = 200, description = "The worker", body = Worker)))]
#[get("/workers/{id}")]
async fn show(caller: Caller<ReadWorkers>, pool: Data<Pool>, id: PathId) -> Result<Entity<Worker>> {
    let (viewer, ranks) = (caller.viewer(), caller.may::<ReadMatches>());
    let found = pool.lookup(move |db| {
        let (worker, sight) = listing::find(db, &viewer, ranks, id.0)?;
        listing::shown(db, &viewer.reach, worker, sight)
    });
    Ok(answer(found.await?))
}

/// Change a worker
///
/// Takes a JSON Merge Patch. `If-Match` makes sure that you change the version that you have read. Who states `personal`
/// without the scope `personal_data:read` makes a new version, also of the same data.
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
    let (writer, sight) = (caller.writer(), sight(&caller));
    let blind = patch.states("personal") && !caller.viewer().personal_data;
    let changed = patch.write(&pool, move |db, patch| {
        let catalogue = catalogues.current(db)?;
        let changed = actions::change(db, &catalogue, &writer, (id.0, blind), |before| {
            if_match.check(before.version)?;
            patch.apply(&before.profile)
        })?;
        listing::shown(db, &writer.reach, changed, sight)
    });
    Ok(answer(changed.await?))
}
type WorkerPatch = Patch<NewWorker>;

/// List a worker's consents
///
/// Returns withdrawn and replaced consents too, oldest first. To withdraw a consent, set the worker's
/// `consent` to null; the worker is then no longer ranked.
#[utoipa::path(operation_id = "list_consents", tag = "Workers", security(("bearer" = ["personal_data:export"])),
    params(("id" = Id, Path, description = "The worker"), Paging),
    responses((status = 200, description = "One page", body = Page<ConsentRecord>)))]
#[get("/workers/{id}/consents")]
async fn list_consents(
    caller: Caller<ExportPersonalData>,
    pool: Data<Pool>,
    id: PathId,
    paging: Query<Paging>,
) -> Result<Page<ConsentRecord>> {
    let reach = caller.reach();
    let found = pool.read(move |db| {
        let worker = store::find_own(db, &reach, id.0)?;
        store::consents::list(db, worker.id, &paging.0)
    });
    found.await
}
