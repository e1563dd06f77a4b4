//! Collects what waits for a caller.

use super::{Task, TaskCount, TaskCounts, TaskFilter, TaskKind, TaskSubject};
use crate::applications::answers::due_on;
use crate::applications::store::UnansweredRow;
use crate::applications::{ApplicationSide, ApplicationStatus};
use crate::auth::{Reach, Viewer};
use crate::catalogue::{Catalogue, calendar};
use crate::db::{Db, Id, Instant};
use crate::deliverables::Deliverable;
use crate::error::Result;
use crate::events::Event;
use crate::http::{Cursor, Language, Page, page};
use crate::intake::NewIntake;
use crate::programmes::{self, DatedStep, STEP_DAYS};
use crate::projects::work::WorkKind;
use crate::projects::{self, Project};
use crate::reach::store::some_workers;
use crate::values::words;
use crate::webhooks::{self, WebhookOwner};
use crate::workers::{self, alias_in_language};
use crate::{applications, deliverables, duplicates, events, follow_ups, imports, intake, reviews};
use ApplicationSide::{Organization, Worker};
use ApplicationStatus::{Offered, Shortlisted, Submitted};
use chrono::{Days, Duration, NaiveDate};
use std::collections::HashMap;

/// The name of the order in cursors.
const ORDER: &str = "id";

/// How many tasks of a kind are counted.
const COUNTED: i64 = 1000;

/// How many days the task about an application that left the waiting list is there.
const TURN_DAYS: i64 = 7;

/// How many days an import waits to be repaired.
const IMPORT_DAYS: i64 = 30;

/// Whose tasks are asked for: the kinds that they may do something about, and their reach.
pub struct Assignee {
    pub kinds: Vec<TaskKind>,
    pub viewer: Viewer,
    /// Whose webhooks are theirs.
    pub webhooks: Option<WebhookOwner>,
}

/// A record that waits.
struct Waiting {
    id: Id,
    kind: TaskKind,
    deliverable: Option<Id>,
    /// The title, where it isn't the deliverable's.
    title: Option<String>,
    since: Instant,
    due_on: NaiveDate,
    warned_at: Option<Instant>,
    expires_at: Option<Instant>,
    /// Whose review is missing.
    member: Option<Id>,
    /// Where to read it.
    href: String,
}

/// Lists the tasks, those with the oldest record first.
pub fn list(
    db: &mut Db,
    assignee: &Assignee,
    catalogue: &Catalogue,
    filter: &TaskFilter,
    language: Language,
) -> Result<Page<Task>> {
    let limit = page::limit(filter.limit)?;
    let after = Cursor::decode(filter.cursor.as_deref(), ORDER)?.map(|cursor| cursor.id);
    let mut found = Vec::new();
    for kind in assignee
        .kinds
        .iter()
        .filter(|kind| filter.kind.is_none_or(|only| only == **kind))
    {
        found.extend(waiting(db, assignee, *kind, after, limit + 1)?);
    }
    found.sort_unstable_by_key(|one| (one.id, one.kind));
    found.truncate(limit as usize + 1);
    let about: Vec<Id> = found.iter().filter_map(|one| one.deliverable).collect();
    // Who is asked to join a request sees its title, although it is beyond their reach.
    let about = deliverables::store::some(db, &Reach::Everything, &about)?;
    let reviewed = reviewed(db, &assignee.viewer, catalogue, (&found, &about), language)?;
    let titles: HashMap<Id, String> = about.into_iter().map(|one| (one.id, one.request.title)).collect();
    let today = calendar::today();
    let task = |one: Waiting| Task {
        about: reviewed.get(&one.id).cloned(),
        href: one.href,
        id: one.id,
        kind: one.kind,
        deliverable_id: one.deliverable,
        title: one
            .title
            .or_else(|| one.deliverable.and_then(|id| titles.get(&id).cloned())),
        since: one.since,
        due_on: one.due_on,
        overdue: one.due_on < today,
        warned_at: one.warned_at,
        expires_at: one.expires_at,
    };
    let tasks = found.into_iter().map(task).collect();
    Ok(Page::of(tasks, limit, |last: &Task| Cursor {
        sort: ORDER.to_owned(),
        value: String::new(),
        id: last.id,
    }))
}

/// Returns whom each missing review is about: an organization reviews the member, a member the organization.
fn reviewed(
    db: &mut Db,
    viewer: &Viewer,
    catalogue: &Catalogue,
    (found, about): (&[Waiting], &[Deliverable]),
    language: Language,
) -> Result<HashMap<Id, TaskSubject>> {
    let missing = || found.iter().filter(|one| one.kind == TaskKind::WriteReview);
    let members: Vec<Id> = missing().filter_map(|one| one.member).collect();
    if members.is_empty() {
        return Ok(HashMap::new());
    }
    if !matches!(viewer.reach, Reach::Organization(_)) {
        let leads = deliverables::listing::leads(db, viewer, about)?;
        let lead = |one: &Waiting| {
            let deliverable = about.iter().find(|other| Some(other.id) == one.deliverable)?;
            let organization = deliverable.request.organization_id;
            let subject = TaskSubject {
                worker_id: None,
                organization_id: Some(organization),
                name: leads.get(&organization).map(|lead| lead.name.clone()),
            };
            Some((one.id, subject))
        };
        return Ok(missing().filter_map(lead).collect());
    }
    let known = match viewer.beside.workers {
        true => Vec::from_iter(some_workers(db, &viewer.reach, &members)?),
        false => Vec::new(),
    };
    let labels = workers::store::labels(db, &known)?;
    let member = |one: &Waiting| {
        let name = one.member.and_then(|id| labels.get(&id)).map(|label| {
            let area = label.area.as_deref();
            alias_in_language(&label.alias, area, catalogue, language).into_owned()
        });
        let subject = TaskSubject {
            worker_id: one.member,
            organization_id: None,
            name,
        };
        (one.id, subject)
    };
    Ok(missing().map(member).collect())
}

/// Counts the tasks of each kind.
pub fn count(db: &mut Db, assignee: &Assignee) -> Result<TaskCounts> {
    let today = calendar::today();
    let mut items = Vec::new();
    for &kind in &assignee.kinds {
        let found = waiting(db, assignee, kind, None, COUNTED)?;
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        items.push(TaskCount {
            kind,
            count: number(found.len()),
            overdue: number(found.iter().filter(|one| one.due_on < today).count()),
        });
    }
    Ok(TaskCounts { items })
}

fn waiting(
    db: &mut Db,
    assignee: &Assignee,
    kind: TaskKind,
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<Waiting>> {
    let viewer = &assignee.viewer;
    let reach = &viewer.reach;
    let one = |id, deliverable, since, href| Waiting {
        id,
        kind,
        deliverable,
        title: None,
        since,
        due_on: kind.due_on(since),
        warned_at: None,
        expires_at: None,
        member: None,
        href,
    };
    let mut answers = |side, statuses: &[ApplicationStatus]| -> Result<Vec<Waiting>> {
        let found = applications::store::waiting(db, reach, side, statuses, after, limit)?.into_iter();
        let answer = |of: UnansweredRow| {
            let (respond_by, warned_at) = of.times;
            let href = format!("/v1/applications/{}", of.id);
            let usual = one(of.id, Some(of.deliverable_id), of.since, href);
            let due_on = respond_by.and_then(|by| due_on(of.status.parse().ok()?, side, by));
            Waiting {
                due_on: due_on.unwrap_or(usual.due_on),
                warned_at,
                expires_at: respond_by,
                ..usual
            }
        };
        Ok(found.map(answer).collect())
    };
    Ok(match kind {
        TaskKind::AnswerApplication => answers(Organization, &[Submitted, Shortlisted])?,
        TaskKind::ConfirmAgreement => answers(Organization, &[Offered])?,
        TaskKind::AnswerInvitation => answers(Worker, &[Submitted])?,
        TaskKind::AnswerOffer => answers(Worker, &[Offered])?,
        TaskKind::CheckTurn => {
            let later = |moment: Instant, days| Instant::from(moment.utc() + Duration::days(days));
            let since = later(Instant::now(), -TURN_DAYS);
            let found = applications::store::moved_up(db, reach, since, after, limit)?;
            let check = |(id, deliverable, since)| Waiting {
                expires_at: Some(later(since, TURN_DAYS)),
                ..one(id, Some(deliverable), since, format!("/v1/applications/{id}"))
            };
            found.into_iter().map(check).collect()
        }
        TaskKind::ReviewRequest => {
            let found = deliverables::store::waiting(db, reach, after, limit)?;
            let ids: Vec<Id> = found.iter().map(|(id, ..)| *id).collect();
            let recorded = intake::store::load_some(db, &ids)?;
            let unnamed = NewIntake::default();
            let review = |(id, status, since)| {
                let usual = one(id, Some(id), since, format!("/v1/deliverables/{id}"));
                let named = recorded.get(&id).unwrap_or(&unnamed);
                let due_on = named.due_on(status, since).unwrap_or(usual.due_on);
                Waiting { due_on, ..usual }
            };
            found.into_iter().map(review).collect()
        }
        TaskKind::AnswerJointInvitation => {
            let Reach::Organization(organization) = reach else {
                return Ok(Vec::new());
            };
            let found = deliverables::store::joint_waiting(db, *organization, after, limit)?.into_iter();
            let href = format!("/v1/organizations/{organization}/joint-deliverables?status=invited");
            found
                .map(|(id, since)| one(id, Some(id), since, href.clone()))
                .collect()
        }
        TaskKind::FinishMilestone | TaskKind::AnswerArtifact | TaskKind::ReviseArtifact => {
            let is_milestone = kind == TaskKind::FinishMilestone;
            let (work, segment, before) = match is_milestone {
                true => {
                    let today = calendar::day_number(calendar::today());
                    (WorkKind::Milestone, "milestones", Some(today))
                }
                false => (WorkKind::Artifact, "artifacts", None),
            };
            let found = match (kind, reach) {
                (TaskKind::ReviseArtifact, Reach::Worker(worker)) => {
                    projects::store::work::returned(db, *worker, after, limit)?
                }
                (TaskKind::ReviseArtifact, _) => Vec::new(),
                _ => projects::store::work::waiting(db, reach, work, before, after, limit)?,
            };
            let ids: Vec<Id> = found.iter().map(|(_, project, ..)| *project).collect();
            let of_entries: HashMap<Id, Project> = projects::store::load_some(db, &ids)?
                .into_iter()
                .map(|project| (project.id, project))
                .collect();
            let entry = |(id, project_id, since, day)| {
                let project = of_entries.get(&project_id);
                let deliverable = project.and_then(Project::deliverable_id);
                let href = format!("/v1/projects/{project_id}/{segment}/{id}");
                let usual = one(id, deliverable, since, href);
                let due_on = match is_milestone {
                    true => calendar::day_of_number(day),
                    false => usual.due_on,
                };
                Waiting {
                    title: project.map(|project| project.plan.title.clone()),
                    due_on,
                    ..usual
                }
            };
            found.into_iter().map(entry).collect()
        }
        TaskKind::FillPlace | TaskKind::CloseProject => {
            let is_vacant = kind == TaskKind::FillPlace;
            let found = projects::store::waiting(db, reach, is_vacant, after, limit)?;
            let project = |project: Project| {
                let since = project
                    .vacant_since
                    .filter(|_| is_vacant)
                    .unwrap_or(project.status_since);
                let href = format!("/v1/projects/{}", project.id);
                let usual = one(project.id, project.deliverable_id(), since, href);
                Waiting {
                    title: Some(project.plan.title),
                    ..usual
                }
            };
            found.into_iter().map(project).collect()
        }
        TaskKind::TakeStep => {
            let until = calendar::today().checked_add_days(Days::new(STEP_DAYS));
            let until = calendar::day_number(until.unwrap_or_else(calendar::today));
            let found = programmes::store::waiting(db, reach, until, after, limit)?.into_iter();
            let step = |step: DatedStep| {
                let words = words::text("StepKind", step.kind.code()).ja;
                let title = step.title.unwrap_or_else(|| words.into_owned());
                let href = format!("/v1/programmes/{}", step.programme_id);
                Waiting {
                    title: Some(format!("{title}（{}）", step.programme)),
                    due_on: step.last_day,
                    ..one(step.id, None, step.since, href)
                }
            };
            found.map(step).collect()
        }
        TaskKind::DecideDuplicate => {
            let found = duplicates::store::waiting(db, reach, after, limit)?.into_iter();
            found
                .map(|(id, since)| one(id, None, since, format!("/v1/duplicates/{id}")))
                .collect()
        }
        TaskKind::WriteReview => {
            let found = reviews::actions::waiting(db, reach, after, limit)?.into_iter();
            let href = |project| format!("/v1/projects/{project}/reviews");
            found
                .map(|(id, project, member, since)| Waiting {
                    member,
                    ..one(id, Some(project), since, href(project))
                })
                .collect()
        }
        TaskKind::RepairImport => {
            let later = |moment: Instant, days| Instant::from(moment.utc() + Duration::days(days));
            let first = later(Instant::now(), -IMPORT_DAYS);
            let found = imports::jobs::store::unrepaired(db, viewer, first)?.into_iter();
            let repair = |(id, file_name, since)| Waiting {
                title: file_name,
                expires_at: Some(later(since, IMPORT_DAYS)),
                ..one(id, None, since, format!("/v1/imports/{id}"))
            };
            let rest = found.filter(|(id, ..)| after.is_none_or(|after| *id > after));
            rest.take(usize::try_from(limit).unwrap_or(0))
                .map(repair)
                .collect()
        }
        TaskKind::RepairWebhook => {
            let Some(owner) = assignee.webhooks else {
                return Ok(Vec::new());
            };
            let found = webhooks::store::switched_off(db, owner, after)?.into_iter();
            let repair = |(id, title, since)| Waiting {
                title: Some(title),
                ..one(id, None, since, format!("/v1/webhooks/{id}"))
            };
            found.map(repair).collect()
        }
        TaskKind::ReleaseEvent => {
            let found = events::store::waiting(db, reach, Instant::now(), after, limit)?.into_iter();
            let release = |event: Event| {
                let href = format!("/v1/events/{}", event.id);
                let usual = one(event.id, None, event.updated_at, href);
                // Nobody hears of it in time once it has begun.
                let eve = events::rules::first_day(&event.plan).map(|first| calendar::days_before(first, 1));
                Waiting {
                    due_on: eve.map_or(usual.due_on, |eve| eve.min(usual.due_on)),
                    title: Some(event.plan.title),
                    ..usual
                }
            };
            found.map(release).collect()
        }
        TaskKind::AnswerFollowUp => {
            let found = follow_ups::actions::waiting(db, reach, after, limit)?.into_iter();
            let href = |project| format!("/v1/projects/{project}/follow-ups");
            found
                .map(|(id, project, since)| one(id, Some(project), since, href(project)))
                .collect()
        }
    })
}
