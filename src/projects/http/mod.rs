//! The HTTP face of projects. `work` has the operations of their work, `files` those of artifacts' files. Use cases are in
//! `actions.rs` and `entries.rs`, SQL in `store`.

pub mod files;
mod work;

use super::{Happening, NewProject, Project, ProjectFilter, actions};
use crate::auth::{ReadPersonalData, ReadProjectWork, ReadProjects, WriteProjects, http::Caller};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::Result;
use crate::http::{Answer, Entity, Language, Page, Paging, PathId, Query, Submission};
use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list)
        .service(create)
        .service(show)
        .service(list_history)
        .configure(work::routes)
        .configure(files::routes);
}

/// List projects
///
/// The projects within your reach, with their teams: those of your areas, of your organization, those on which you work or
/// worked, or those with your volunteers. Filters are combined with AND.
#[utoipa::path(operation_id = "list_projects", tag = "Projects", security(("bearer" = ["projects:read"])),
    params(ProjectFilter), responses((status = 200, description = "One page", body = Page<Project>)))]
#[get("/projects")]
async fn list(
    caller: Caller<ReadProjects>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<ProjectFilter>,
    language: Language,
) -> Result<Page<Project>> {
    let viewer = caller.viewer();
    let page = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        actions::list(db, &viewer, &catalogue, filter.0, language, true)
    });
    page.await
}

/// Register an accompaniment
///
/// A project without a deliverable: advisors accompany a municipality, a social welfare council or another organization
/// within your reach. The project of a deliverable begins by itself when its team is complete.
#[utoipa::path(operation_id = "create_project", tag = "Projects", security(("bearer" = ["projects:write"])),
    request_body = NewProject,
    responses((status = 201, description = "Registered", body = Project)))]
#[post("/projects")]
async fn create(
    caller: Caller<WriteProjects>,
    pool: Data<Pool>,
    new: Submission<NewProject>,
    language: Language,
) -> Result<HttpResponse> {
    let (writer, personal_data) = (caller.writer(), caller.may::<ReadPersonalData>());
    let insert = move |db: &mut Db, plan: NewProject| {
        let project = actions::create(db, &writer, plan, Instant::now())?;
        let (id, version) = (project.id, project.version);
        let shown = project.shown(&writer.reach, personal_data, language);
        Answer::created(format!("/v1/projects/{id}"), id, version, &shown)
    };
    new.write(&pool, caller.submitter(), insert).await
}

/// Show a project
///
/// With everybody who is or was in its team. The project of a deliverable has its id.
#[utoipa::path(operation_id = "show_project", tag = "Projects", security(("bearer" = ["projects:read"])),
    params(("id" = Id, Path, description = "The project")),
    responses((status = 200, description = "The project", body = Project)))]
#[get("/projects/{id}")]
async fn show(
    caller: Caller<ReadProjects>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    id: PathId,
    language: Language,
) -> Result<Entity<Project>> {
    let viewer = caller.viewer();
    let project = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        actions::show(db, &viewer, &catalogue, id.0, language)
    });
    let project = project.await?;
    Ok(Entity::composed(project.version, project))
}

/// List what happened in a project
///
/// Who joined and left, each status, and who wrote which work, newest first. It has codes and ids only.
#[utoipa::path(operation_id = "list_project_history", tag = "Projects", security(("bearer" = ["project_work:read"])),
    params(("id" = Id, Path, description = "The project"), Paging),
    responses((status = 200, description = "One page", body = Page<Happening>)))]
#[get("/projects/{id}/history")]
async fn list_history(
    caller: Caller<ReadProjectWork>,
    pool: Data<Pool>,
    id: PathId,
    paging: Query<Paging>,
) -> Result<Page<Happening>> {
    let reach = caller.reach();
    pool.read(move |db| actions::history(db, &reach, id.0, &paging.0))
        .await
}
