//! The operations of the work in projects: the same five for each kind.

use crate::auth::{ReadProjectWork, WriteProjectWork, http::Caller};
use crate::db::{Db, Id, Instant, Pool};
use crate::error::{Error, Result};
use crate::http::query::path_id;
use crate::http::{Answer, Entity, IfMatch, Page, Paging, Patch, PathId, Query, Submission};
use crate::projects::entries::{self, Author};
use crate::projects::work::*;
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, delete, get, patch, post};
use std::future::{Ready, ready};
use utoipa_actix_web::service_config::ServiceConfig;

/// The `id` of a project and the `entry_id` in the path.
pub struct EntryPath(pub Id, pub Id);

impl FromRequest for EntryPath {
    type Error = Error;
    type Future = Ready<Result<EntryPath>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let both = path_id(request, "id").and_then(|id| Ok(EntryPath(id, path_id(request, "entry_id")?)));
        ready(both)
    }
}

/// Defines the operations of a kind: its module, the types of its entries, and what differs in its documentation. The texts
/// are `tt`s, since the attributes don't see through a `literal`.
macro_rules! operations {
    ($module:ident: $work:ident as $view:ident, $segment:tt, $entries:tt, $entry:tt, $about:tt,
        list: $list:tt $list_title:tt, create: $create:tt $create_title:tt, show: $show:tt $show_title:tt,
        update: $update:tt $update_title:tt $(precondition: $precondition:tt)?, delete: $delete:tt $delete_title:tt) => {
        mod $module {
            use super::*;

            type Changes = Patch<$work>;

            pub fn routes(cfg: &mut ServiceConfig) {
                cfg.service(list)
                    .service(create)
                    .service(show)
                    .service(update)
                    .service(remove);
            }

            #[utoipa::path(operation_id = $list, tag = "Projects", security(("bearer" = ["project_work:read"])),
                summary = $list_title,
                description = "By day, the earliest first. Somebody who has left the team reads their own hours only.",
                params(("id" = Id, Path, description = "The project"), Paging),
                responses((status = 200, description = "One page", body = Page<$view>)))]
            #[get($entries)]
            async fn list(
                caller: Caller<ReadProjectWork>,
                pool: Data<Pool>,
                id: PathId,
                paging: Query<Paging>,
            ) -> Result<Page<$view>> {
                let viewer = caller.viewer();
                pool.read(move |db| entries::list::<$work>(db, &viewer, id.0, &paging.0)).await
            }

            #[utoipa::path(operation_id = $create, tag = "Projects", security(("bearer" = ["project_work:write"])),
                summary = $create_title, description = $about,
                params(("id" = Id, Path, description = "The project")), request_body = $work,
                responses((status = 201, description = "Added", body = $view),
                          (status = 409, description = "The project is closed or cancelled, or it has too many of these")))]
            #[post($entries)]
            async fn create(
                caller: Caller<WriteProjectWork>,
                pool: Data<Pool>,
                id: PathId,
                new: Submission<$work>,
            ) -> Result<HttpResponse> {
                let author = Author::from(caller.viewer());
                let insert = move |db: &mut Db, new: $work| {
                    let (entry, worker, view) = entries::create(db, &author, id.0, new, Instant::now())?;
                    let location = format!(concat!("/v1/projects/{}/", $segment, "/{}"), id.0, entry);
                    // The answer is stored as the worker's data: erasing the worker erases the answer.
                    Answer::created(location, worker.unwrap_or(entry), 1, &view)
                };
                new.write(&pool, caller.submitter(), insert).await
            }

            #[utoipa::path(operation_id = $show, tag = "Projects", security(("bearer" = ["project_work:read"])),
                summary = $show_title,
                description = "Workers whom you may not know, and texts about people without the scope `personal_data:read`, are null.",
                params(("id" = Id, Path, description = "The project"), ("entry_id" = Id, Path, description = "The entry")),
                responses((status = 200, description = "The entry", body = $view)))]
            #[get($entry)]
            async fn show(
                caller: Caller<ReadProjectWork>,
                pool: Data<Pool>,
                path: EntryPath,
            ) -> Result<Entity<$view>> {
                let viewer = caller.viewer();
                let found = pool.read(move |db| entries::show::<$work>(db, &viewer, path.0, path.1));
                let (version, view) = found.await?;
                Ok(Entity::new(version, view))
            }

            #[utoipa::path(operation_id = $update, tag = "Projects", security(("bearer" = ["project_work:write"])),
                summary = $update_title, description = $about,
                params(("id" = Id, Path, description = "The project"), ("entry_id" = Id, Path, description = "The entry")),
                request_body(content = inline(Changes), content_type = "application/merge-patch+json"),
                responses((status = 200, description = "Updated", body = $view),
                          (status = 409, description = "The project is closed or cancelled")
                          $(, (status = 428, description = $precondition))?))]
            #[patch($entry)]
            async fn update(
                caller: Caller<WriteProjectWork>,
                pool: Data<Pool>,
                path: EntryPath,
                if_match: IfMatch,
                patch: Changes,
            ) -> Result<Entity<$view>> {
                let author = Author::from(caller.viewer());
                let updated = patch.write(&pool, move |db, patch| {
                    let unread = if author.personal_data { Vec::new() } else { $work::unread() };
                    let edit = |before: &$work| patch.edited(before, $work::patched(patch, before)?, &unread);
                    entries::edit(db, &author, (path.0, path.1), &if_match, edit, Instant::now())
                });
                let (version, view) = updated.await?;
                Ok(Entity::new(version, view))
            }

            #[utoipa::path(operation_id = $delete, tag = "Projects", security(("bearer" = ["project_work:write"])),
                summary = $delete_title,
                description = "Who deleted it stays in the project's history.",
                params(("id" = Id, Path, description = "The project"), ("entry_id" = Id, Path, description = "The entry")),
                responses((status = 204, description = "Deleted"),
                          (status = 409, description = "The project is closed or cancelled")))]
            #[delete($entry)]
            async fn remove(
                caller: Caller<WriteProjectWork>,
                pool: Data<Pool>,
                path: EntryPath,
                if_match: IfMatch,
            ) -> Result<HttpResponse> {
                let author = Author::from(caller.viewer());
                pool.write(move |db| {
                    entries::delete::<$work>(db, &author, (path.0, path.1), &if_match, Instant::now())
                })
                .await?;
                Ok(HttpResponse::NoContent().finish())
            }
        }
    };
}

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.configure(milestones::routes)
        .configure(meetings::routes)
        .configure(hours::routes)
        .configure(artifacts::routes)
        .configure(risks::routes)
        .configure(notes::routes);
}

operations! { milestones: NewMilestone as Milestone, "milestones",
"/projects/{id}/milestones", "/projects/{id}/milestones/{entry_id}",
"Members and coordinators write milestones. The project's progress follows them: `progress` by `weight`. To say that one is done, send `progress` 100 or `done_on`; the other follows.",
list: "list_project_milestones" "List milestones",
create: "create_project_milestone" "Add a milestone",
show: "show_project_milestone" "Show a milestone",
update: "update_project_milestone" "Change a milestone",
delete: "delete_project_milestone" "Delete a milestone" }

operations! { meetings: NewMeeting as Meeting, "meetings",
"/projects/{id}/meetings", "/projects/{id}/meetings/{entry_id}",
"Members, the organization and coordinators write meetings. The visits of an accompaniment are meetings, too.",
list: "list_project_meetings" "List meetings",
create: "create_project_meeting" "Add a meeting",
show: "show_project_meeting" "Show a meeting",
update: "update_project_meeting" "Change a meeting",
delete: "delete_project_meeting" "Delete a meeting" }

operations! { hours: NewHours as HoursEntry, "hours",
"/projects/{id}/hours", "/projects/{id}/hours/{entry_id}",
"Members write their own hours; coordinators write them for members. A day has 24 hours (422 `day_exceeded`).",
list: "list_project_hours" "List hours",
create: "create_project_hours" "Add hours",
show: "show_project_hours" "Show hours",
update: "update_project_hours" "Change hours",
delete: "delete_project_hours" "Delete hours" }

operations! { artifacts: NewArtifact as Artifact, "artifacts",
"/projects/{id}/artifacts", "/projects/{id}/artifacts/{entry_id}",
"Members submit an artifact with a link or a file; the organization accepts it, or returns it with words. To accept it, send `If-Match` with the version that you have read (428 without). An accepted one stays as it is (409 `illegal_transition`).",
list: "list_project_artifacts" "List artifacts",
create: "create_project_artifact" "Add an artifact",
show: "show_project_artifact" "Show an artifact",
update: "update_project_artifact" "Change, submit or answer an artifact"
    precondition: "Accepting an artifact needs `If-Match` with the version that you have read",
delete: "delete_project_artifact" "Delete an artifact" }

operations! { risks: NewRisk as Risk, "risks",
"/projects/{id}/risks", "/projects/{id}/risks/{entry_id}",
"Members, the organization and coordinators write risks.",
list: "list_project_risks" "List risks",
create: "create_project_risk" "Add a risk",
show: "show_project_risk" "Show a risk",
update: "update_project_risk" "Change a risk",
delete: "delete_project_risk" "Delete a risk" }

operations! { notes: NewNote as Note, "notes",
"/projects/{id}/notes", "/projects/{id}/notes/{entry_id}",
"Members, the organization and coordinators write notes, and change their own; coordinators change all. Notes for coordinators are shown to nobody else.",
list: "list_project_notes" "List notes",
create: "create_project_note" "Add a note",
show: "show_project_note" "Show a note",
update: "update_project_note" "Change a note",
delete: "delete_project_note" "Delete a note" }
