//! The HTTP face of programmes. Use cases are in `actions.rs`, SQL in `store.rs`.

use super::actions::{self, Sight};
use super::{NewProgramme, NewProgrammeRecord, Programme, ProgrammeFilter, ProgrammeRecord, store};
use crate::auth::{ReadDeliverables, ReadProgrammes, ReadProjects, Scope, WriteProgrammes, http::Caller};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::Result;
use crate::http::query::path_id;
use crate::http::{Answer, Entity, IfMatch, Language, Page, Paging, Patch, PathId, Query, Submission};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list)
        .service(create)
        .service(show)
        .service(update)
        .service(list_records)
        .service(add_record)
        .service(remove_record);
}

/// List programmes
///
/// Newest first. Filters are combined with AND.
#[utoipa::path(operation_id = "list_programmes", tag = "Programmes", security(("bearer" = ["programmes:read"])),
    params(ProgrammeFilter), responses((status = 200, description = "One page", body = Page<Programme>)))]
#[get("/programmes")]
async fn list(
    _: Caller<ReadProgrammes>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<ProgrammeFilter>,
    language: Language,
) -> Result<Page<Programme>> {
    let page = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        actions::list(db, &catalogue, filter.0, language)
    });
    page.await
}

/// Register a programme
///
/// A fiscal year's programme with its calendar. A coordinator registers programmes for their areas; only the secretariat one
/// for all areas. A date outside the fiscal year returns 422 `outside_fiscal_year`. A step before one that comes first, such as the
/// screening before the end of applications, comes back in `notices`.
#[utoipa::path(operation_id = "create_programme", tag = "Programmes", security(("bearer" = ["programmes:write"])),
    request_body = NewProgramme, responses((status = 201, description = "Registered", body = Programme)))]
#[post("/programmes")]
async fn create(
    caller: Caller<WriteProgrammes>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    new: Submission<NewProgramme>,
    language: Language,
) -> Result<HttpResponse> {
    let writer = caller.writer();
    let insert = move |db: &mut Db, plan: NewProgramme| {
        let catalogue = catalogues.current(db)?;
        let programme = actions::create(db, &writer, &catalogue, plan, Instant::now())?;
        let location = format!("/v1/programmes/{}", programme.id);
        let shown = actions::noted(programme, language);
        Answer::created(location, shown.id, shown.version, &shown)
    };
    new.write(&pool, caller.submitter(), insert).await
}

/// Show a programme
///
/// With its calendar.
#[utoipa::path(operation_id = "show_programme", tag = "Programmes", security(("bearer" = ["programmes:read"])),
    params(("id" = Id, Path, description = "The programme")),
    responses((status = 200, description = "The programme", body = Programme)))]
#[get("/programmes/{id}")]
async fn show(
    _: Caller<ReadProgrammes>,
    pool: Data<Pool>,
    id: PathId,
    language: Language,
) -> Result<Entity<Programme>> {
    let programme = pool.lookup(move |db| store::find(db, id.0)).await?;
    let programme = actions::noted(programme, language);
    Ok(Entity::composed(programme.version, programme))
}

/// Change a programme
///
/// Send a JSON Merge Patch; a list is replaced as a whole. A programme of your areas can be changed by you, others return
/// 403. The fiscal year stays.
#[utoipa::path(operation_id = "update_programme", tag = "Programmes", security(("bearer" = ["programmes:write"])),
    params(("id" = Id, Path, description = "The programme")),
    request_body(content = inline(ProgrammePatch), content_type = "application/merge-patch+json",
        example = json!({"goal": "都内の団体24件に成果物を届ける。"})),
    responses((status = 200, description = "Updated", body = Programme)))]
#[patch("/programmes/{id}")]
async fn update(
    caller: Caller<WriteProgrammes>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    id: PathId,
    if_match: IfMatch,
    patch: ProgrammePatch,
    language: Language,
) -> Result<Entity<Programme>> {
    let writer = caller.writer();
    let updated = patch.write(&pool, move |db, patch| {
        let catalogue = catalogues.current(db)?;
        actions::update(db, &writer, &catalogue, id.0, &if_match, |before| {
            patch.apply(before)
        })
    });
    let programme = actions::noted(updated.await?, language);
    Ok(Entity::composed(programme.version, programme))
}

type ProgrammePatch = Patch<NewProgramme>;

/// Returns which deliverables and projects the caller may read.
fn sight<S: Scope>(caller: &Caller<S>) -> Sight {
    let deliverables = caller.viewer_with::<ReadDeliverables>().ok();
    let projects = caller.viewer_with::<ReadProjects>().ok();
    Sight {
        deliverables: deliverables.map(|viewer| viewer.reach),
        projects: projects.map(|viewer| viewer.reach),
    }
}

/// List what belongs to a programme
///
/// The deliverables, with their projects, and the accompaniments that you may read.
#[utoipa::path(operation_id = "list_programme_records", tag = "Programmes", security(("bearer" = ["programmes:read"])),
    params(("id" = Id, Path, description = "The programme"), Paging),
    responses((status = 200, description = "One page", body = Page<ProgrammeRecord>)))]
#[get("/programmes/{id}/records")]
async fn list_records(
    caller: Caller<ReadProgrammes>,
    pool: Data<Pool>,
    id: PathId,
    paging: Query<Paging>,
) -> Result<Page<ProgrammeRecord>> {
    let sight = sight(&caller);
    pool.read(move |db| actions::records(db, &sight, id.0, &paging.0))
        .await
}

/// Add a record to a programme
///
/// A deliverable or an accompaniment of the programme's fiscal year. It belongs to one programme: 409 `already_in_programme`.
#[utoipa::path(operation_id = "create_programme_record", tag = "Programmes", security(("bearer" = ["programmes:write"])),
    params(("id" = Id, Path, description = "The programme")), request_body = NewProgrammeRecord,
    responses((status = 201, description = "Added", body = ProgrammeRecord),
              (status = 409, description = "It belongs to a programme already")))]
#[post("/programmes/{id}/records")]
async fn add_record(
    caller: Caller<WriteProgrammes>,
    pool: Data<Pool>,
    id: PathId,
    new: Submission<NewProgrammeRecord>,
) -> Result<HttpResponse> {
    let (writer, sight) = (caller.writer(), sight(&caller));
    let insert = move |db: &mut Db, new: NewProgrammeRecord| {
        let record = actions::add_record(db, &writer, &sight, id.0, &new, Instant::now())?;
        let location = format!("/v1/programmes/{}/records", id.0);
        Answer::created(location, id.0, 1, &record)
    };
    new.write(&pool, caller.submitter(), insert).await
}

/// Take a record out of a programme
///
/// The record itself stays.
#[utoipa::path(operation_id = "delete_programme_record", tag = "Programmes", security(("bearer" = ["programmes:write"])),
    params(("id" = Id, Path, description = "The programme"), ("entry_id" = Id, Path, description = "The record")),
    responses((status = 204, description = "Taken out")))]
#[delete("/programmes/{id}/records/{entry_id}")]
async fn remove_record(
    caller: Caller<WriteProgrammes>,
    request: HttpRequest,
    pool: Data<Pool>,
    id: PathId,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let (writer, record) = (caller.writer(), path_id(&request, "entry_id")?);
    pool.write(move |db| actions::remove_record(db, &writer, &if_match, id.0, record, Instant::now()))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
