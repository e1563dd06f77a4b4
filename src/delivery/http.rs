//! The HTTP face of moving projects. The use case is in `actions.rs`.

use super::actions;
use crate::auth::{DecideDeliverables, WriteProjects, http::Caller};
use crate::catalogue::Catalogues;
use crate::db::{Id, Pool};
use crate::deliverables::actions::Editor;
use crate::error::Result;
use crate::http::{Entity, IfMatch, Language, Patch, PathId};
use crate::projects::{self, NewProject, Project};
use actix_web::patch;
use actix_web::web::Data;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(update);
}

/// Change or move a project
///
/// Send a JSON Merge Patch. The status moves planned → in_progress → delivered → closed, or to cancelled with a reason; any
/// other move returns 409 `illegal_transition`, which names both statuses. A deliverable's project moves its deliverable,
/// with everything that follows for the team, under the rules for changing a deliverable; only `closed` is the project's own.
/// A closed or cancelled project changes no more (409 `project_ended`).
#[utoipa::path(operation_id = "update_project", tag = "Projects", security(("bearer" = ["projects:write"])),
    params(("id" = Id, Path, description = "The project")),
    request_body(content = inline(ProjectPatch), content_type = "application/merge-patch+json",
        example = json!({"status": "cancelled", "reason": "schedule", "message": "年度内に終わらないため。"})),
    responses((status = 200, description = "Updated", body = Project),
              (status = 409, description = "The status can't change like this, or the project is over")))]
#[patch("/projects/{id}")]
async fn update(
    caller: Caller<WriteProjects>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    id: PathId,
    if_match: IfMatch,
    patch: ProjectPatch,
    language: Language,
) -> Result<Entity<Project>> {
    let editor = Editor::of(caller.writer(), caller.may::<DecideDeliverables>());
    let viewer = caller.viewer();
    let unread = match viewer.personal_data {
        true => Vec::new(),
        false => NewProject::unread(),
    };
    let updated = patch.write(&pool, move |db, patch| {
        actions::edit(db, &editor, &catalogues, id.0, &if_match, |before| {
            patch.edited(before, patch.apply(before)?, &unread)
        })?;
        let catalogue = catalogues.current(db)?;
        projects::actions::show(db, &viewer, &catalogue, id.0, language)
    });
    let project = updated.await?;
    Ok(Entity::composed(project.version, project))
}

type ProjectPatch = Patch<NewProject>;
