//! The HTTP operations of the worklist.

use super::actions::{self, Assignee};
use super::{Task, TaskCounts, TaskFilter, TaskKind};
use crate::auth::{
    AnswerFollowUps, DecideApplications, Reach, ReadTasks, SubmitApplications, WriteDeliverables,
    WriteDuplicates, WriteEvents, WriteImports, WriteIntake, WriteProgrammes, WriteProjectWork,
    WriteProjects, WriteReviews, WriteWebhooks, http::Caller,
};
use crate::catalogue::Catalogues;
use crate::db::Pool;
use crate::error::Result;
use crate::http::disclosure::impersonal;
use crate::http::{Json, Language, Page, Query};
use crate::reviews::ReviewAuthor;
use crate::webhooks;
use actix_web::get;
use actix_web::web::Data;
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(Task, TaskCounts);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list).service(count);
}

/// List what waits for you
///
/// Everything that waits for you to answer or decide, by the day on which it is due: applications for open deliverables,
/// invitations, offers, agreements, requests under review, invitations to request a deliverable jointly, milestones that
/// are overdue, artifacts to answer or to revise, free places in teams at work, delivered projects, steps of programmes, pairs of records that may be the same, reviews
/// to write, follow-ups to answer, applications that left the waiting list, your imports with rejected rows, your webhooks that were switched off, events to release. Only what your scopes let you do is listed. A task disappears when it is done.
#[utoipa::path(operation_id = "list_tasks", tag = "Tasks", security(("bearer" = ["tasks:read"])),
    params(TaskFilter), responses((status = 200, description = "One page", body = Page<Task>)))]
#[get("/tasks")]
async fn list(
    caller: Caller<ReadTasks>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<TaskFilter>,
    language: Language,
) -> Result<Page<Task>> {
    let assignee = assignee(&caller);
    let page = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        actions::list(db, &assignee, &catalogue, &filter.0, language)
    });
    page.await
}

/// Count what waits for you
///
/// The number of tasks of each kind, and how many of them are overdue: enough for a badge.
#[utoipa::path(operation_id = "count_tasks", tag = "Tasks", security(("bearer" = ["tasks:read"])),
    responses((status = 200, description = "The counts", body = TaskCounts)))]
#[get("/tasks/counts")]
async fn count(caller: Caller<ReadTasks>, pool: Data<Pool>) -> Result<Json<TaskCounts>> {
    let assignee = assignee(&caller);
    Ok(Json(pool.read(move |db| actions::count(db, &assignee)).await?))
}

fn assignee(caller: &Caller<ReadTasks>) -> Assignee {
    let viewer = caller.viewer();
    let reach = &viewer.reach;
    let is_organization = matches!(reach, Reach::Organization(_));
    let is_side = ReviewAuthor::of(reach).is_some();
    let is_worker = matches!(reach, Reach::Worker(_) | Reach::Partner(_));
    let kinds = [
        (TaskKind::AnswerApplication, caller.may::<DecideApplications>()),
        (
            TaskKind::AnswerInvitation,
            is_worker && caller.may::<SubmitApplications>(),
        ),
        (
            TaskKind::AnswerOffer,
            is_worker && caller.may::<SubmitApplications>(),
        ),
        (
            TaskKind::CheckTurn,
            is_worker && caller.may::<SubmitApplications>(),
        ),
        (TaskKind::ConfirmAgreement, caller.may::<DecideApplications>()),
        (TaskKind::ReviewRequest, caller.may::<WriteIntake>()),
        (
            TaskKind::AnswerJointInvitation,
            is_organization && caller.may::<WriteDeliverables>(),
        ),
        // An organization reads the milestones of its team.
        (
            TaskKind::FinishMilestone,
            !is_organization && caller.may::<WriteProjectWork>(),
        ),
        (
            TaskKind::AnswerArtifact,
            !matches!(reach, Reach::Worker(_)) && caller.may::<WriteProjectWork>(),
        ),
        (
            TaskKind::ReviseArtifact,
            matches!(reach, Reach::Worker(_)) && caller.may::<WriteProjectWork>(),
        ),
        (TaskKind::FillPlace, caller.may::<WriteProjects>()),
        (TaskKind::CloseProject, caller.may::<WriteProjects>()),
        (TaskKind::TakeStep, caller.may::<WriteProgrammes>()),
        (TaskKind::DecideDuplicate, caller.may::<WriteDuplicates>()),
        (TaskKind::WriteReview, caller.may::<WriteReviews>() && is_side),
        (TaskKind::AnswerFollowUp, caller.may::<AnswerFollowUps>()),
        (TaskKind::RepairImport, caller.may::<WriteImports>()),
        (TaskKind::RepairWebhook, caller.may::<WriteWebhooks>()),
        (
            TaskKind::ReleaseEvent,
            matches!(reach, Reach::Everything | Reach::Areas(_)) && caller.may::<WriteEvents>(),
        ),
    ];
    let kinds = kinds
        .into_iter()
        .filter(|(_, may)| *may)
        .map(|(kind, _)| kind)
        .collect();
    let webhooks = webhooks::actions::owner(caller.principal()).ok();
    Assignee {
        kinds,
        viewer,
        webhooks,
    }
}
