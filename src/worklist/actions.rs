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
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};

/// The name of the order in cursors.
const ORDER: &str = "due_on";

/// How many tasks of a kind are put in order at once.
const LOT: usize = 1000;

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
    /// The project that has both, as far as the page shows the task.
    project: Option<Id>,
    since: Instant,
    due_on: NaiveDate,
    warned_at: Option<Instant>,
    expires_at: Option<Instant>,
    /// The worker whom it is about, if it is about one.
    worker: Option<Id>,
    /// Where to read it.
    href: String,
}

impl Waiting {
    /// Returns the place of a task in a list: by day, then by kind, then the one that has waited longest.
    fn place(&self) -> Place {
        (self.due_on, self.kind, self.since, self.id)
    }

    fn is_overdue(&self, today: NaiveDate) -> bool {
        self.due_on < today
    }
}

type Place = (NaiveDate, TaskKind, Instant, Id);

/// Where a page begins. The days of most kinds aren't stored, so tasks are put in order by lots: a lot has the tasks whose
/// records come after `floor`, up to `ceiling` if there are more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Position {
    floor: Option<Id>,
    ceiling: Option<Id>,
    /// The place of the page before, in the same lot.
    after: Option<Place>,
}

/// Makes a lot of what waits of each kind: up to `size` tasks and one more, by the ids of their records. Returns it in order,
/// and the last id that it reaches to, if there are more tasks.
fn lot(of_kinds: Vec<Vec<Waiting>>, size: usize, mut ceiling: Option<Id>) -> (Vec<Waiting>, Option<Id>) {
    let mut all = Vec::new();
    for mut of_kind in of_kinds {
        if of_kind.len() > size {
            of_kind.truncate(size);
            let last = of_kind.last().map(|one| one.id);
            ceiling = ceiling.into_iter().chain(last).min();
        }
        all.append(&mut of_kind);
    }
    all.retain(|one| ceiling.is_none_or(|ceiling| one.id <= ceiling));
    all.sort_unstable_by_key(Waiting::place);
    (all, ceiling)
}

/// Lists the tasks, those that are due first first. More than a thousand of a kind come by lots, those with the oldest records
/// first.
pub fn list(
    db: &mut Db,
    assignee: &Assignee,
    catalogue: &Catalogue,
    filter: &TaskFilter,
    language: Language,
) -> Result<Page<Task>> {
    let limit = page::limit(filter.limit)?;
    let cursor = Cursor::decode(filter.cursor.as_deref(), ORDER)?;
    let begin = page::after(&cursor, |value| serde_json::from_str::<Position>(value).ok())?;
    let begin = begin.map(|(position, _)| position).unwrap_or_default();
    let kinds = assignee.kinds.iter().copied();
    let kinds = kinds.filter(|kind| filter.kind.as_ref().is_none_or(|only| only.0.contains(kind)));
    let (floor, most) = (begin.floor, LOT as i64 + 1);
    let of_kinds = kinds.map(|kind| waiting(db, assignee, kind, floor, most, language));
    let of_kinds = of_kinds.collect::<Result<_>>()?;
    let (mut lot, ceiling) = lot(of_kinds, LOT, begin.ceiling);
    let today = calendar::today();
    let is_asked = |one: &Waiting| {
        filter
            .overdue
            .is_none_or(|overdue| one.is_overdue(today) == overdue)
    };
    lot.retain(|one| is_asked(one) && begin.after.is_none_or(|last| one.place() > last));
    lot.truncate(limit as usize + 1);
    let cursor = |position: Position, id| -> Cursor {
        Cursor {
            sort: ORDER.to_owned(),
            value: json!(position).to_string(),
            id,
        }
    };
    let mut page = Page::of(lot, limit, |last: &Waiting| {
        let position = Position {
            floor,
            ceiling,
            after: Some(last.place()),
        };
        cursor(position, last.id)
    });
    if let Some(reached) = ceiling.filter(|_| page.next.is_none()) {
        let position = Position {
            floor: ceiling,
            ..Position::default()
        };
        page.next = Some(cursor(position, reached).encode());
    }
    of_projects(db, &mut page.items)?;
    let found = &page.items;
    let about: Vec<Id> = found.iter().filter_map(|one| one.deliverable).collect();
    // Who is asked to join a request sees its title, although it is beyond their reach.
    let about = deliverables::store::some(db, &Reach::Everything, &about)?;
    let mut subjects = subjects(db, &assignee.viewer, catalogue, (found, &about), language)?;
    let titles: HashMap<Id, String> = about.into_iter().map(|one| (one.id, one.request.title)).collect();
    let task = |one: Waiting| Task {
        overdue: one.is_overdue(today),
        about: subjects.remove(&(one.id, one.kind)),
        href: one.href,
        id: one.id,
        kind: one.kind,
        deliverable_id: one.deliverable,
        title: one
            .title
            .or_else(|| one.deliverable.and_then(|id| titles.get(&id).cloned())),
        since: one.since,
        due_on: one.due_on,
        warned_at: one.warned_at,
        expires_at: one.expires_at,
    };
    Ok(page.map(task))
}

/// Adds the deliverable and the title to tasks of projects.
fn of_projects(db: &mut Db, found: &mut [Waiting]) -> Result<()> {
    let ids: Vec<Id> = found.iter().filter_map(|one| one.project).collect();
    let projects = projects::store::load_some(db, &ids)?.into_iter();
    let projects: HashMap<Id, Project> = projects.map(|project| (project.id, project)).collect();
    for one in found {
        if let Some(project) = one.project.and_then(|id| projects.get(&id)) {
            one.deliverable = project.deliverable_id();
            one.title = Some(project.plan.title.clone());
        }
    }
    Ok(())
}

/// Returns whom the tasks are about, where somebody waits on the other side: the worker, or the organization that asks.
fn subjects(
    db: &mut Db,
    viewer: &Viewer,
    catalogue: &Catalogue,
    (found, requests): (&[Waiting], &[Deliverable]),
    language: Language,
) -> Result<BTreeMap<(Id, TaskKind), TaskSubject>> {
    let is_organization = matches!(viewer.reach, Reach::Organization(_));
    let of = |other_side| {
        let about = found
            .iter()
            .filter(move |one| one.kind.other_side(is_organization) == Some(other_side));
        about.collect::<Vec<&Waiting>>()
    };
    let (of_workers, of_organizations) = (of(Worker), of(Organization));
    let mut subjects = BTreeMap::new();
    if !of_organizations.is_empty() {
        let leads = deliverables::listing::leads(db, viewer, requests)?;
        let requests: HashMap<Id, Id> = requests
            .iter()
            .map(|one| (one.id, one.request.organization_id))
            .collect();
        for one in of_organizations {
            let Some(organization) = one.deliverable.and_then(|id| requests.get(&id)) else {
                continue;
            };
            let subject = TaskSubject {
                worker_id: None,
                organization_id: Some(*organization),
                name: leads.get(organization).map(|lead| lead.name.clone()),
            };
            subjects.insert((one.id, one.kind), subject);
        }
    }
    if !of_workers.is_empty() {
        let workers: Vec<Id> = of_workers.iter().filter_map(|one| one.worker).collect();
        let known = match viewer.beside.workers {
            true => Vec::from_iter(some_workers(db, &viewer.reach, &workers)?),
            false => Vec::new(),
        };
        let labels = workers::store::labels(db, &known)?;
        for one in of_workers {
            let name = one.worker.and_then(|id| labels.get(&id)).map(|label| {
                let area = label.area.as_deref();
                alias_in_language(&label.alias, area, catalogue, language).into_owned()
            });
            let subject = TaskSubject {
                worker_id: one.worker,
                organization_id: None,
                name,
            };
            subjects.insert((one.id, one.kind), subject);
        }
    }
    Ok(subjects)
}

/// Counts the tasks of each kind.
pub fn count(db: &mut Db, assignee: &Assignee) -> Result<TaskCounts> {
    let today = calendar::today();
    let mut items = Vec::new();
    for &kind in &assignee.kinds {
        let found = waiting(db, assignee, kind, None, COUNTED, Language::Ja)?;
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        items.push(TaskCount {
            kind,
            count: number(found.len()),
            overdue: number(found.iter().filter(|one| one.is_overdue(today)).count()),
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
    language: Language,
) -> Result<Vec<Waiting>> {
    let viewer = &assignee.viewer;
    let reach = &viewer.reach;
    let one = |id, deliverable, since, href| Waiting {
        id,
        kind,
        deliverable,
        title: None,
        project: None,
        since,
        due_on: kind.due_on(since),
        warned_at: None,
        expires_at: None,
        worker: None,
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
                worker: of.worker_id,
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
            let entry = |(id, project, since, day)| {
                let href = format!("/v1/projects/{project}/{segment}/{id}");
                let usual = one(id, None, since, href);
                let due_on = match is_milestone {
                    true => calendar::day_of_number(day),
                    false => usual.due_on,
                };
                Waiting {
                    project: Some(project),
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
                let words = words::text("StepKind", step.kind.code());
                let (words, open, close) = match language {
                    Language::Ja => (words.ja, "（", "）"),
                    Language::En => (words.en, " (", ")"),
                };
                let title = step.title.unwrap_or_else(|| words.into_owned());
                let href = format!("/v1/programmes/{}", step.programme_id);
                Waiting {
                    title: Some(format!("{title}{open}{}{close}", step.programme)),
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
                    worker: member,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A task about the nth record, with this many days until it is due.
    fn one(kind: TaskKind, n: u128, days: u64) -> Waiting {
        let since = Instant::parse("2026-10-08T04:30:00Z").unwrap();
        Waiting {
            id: Id(uuid::Uuid::from_u128(n)),
            kind,
            deliverable: None,
            title: None,
            project: None,
            since,
            due_on: NaiveDate::default() + Days::new(days),
            warned_at: None,
            expires_at: None,
            worker: None,
            href: String::new(),
        }
    }

    #[test]
    fn a_lot_is_in_the_order_of_the_days_and_ends_where_the_next_one_begins() {
        let (first, second) = (TaskKind::AnswerApplication, TaskKind::ReviewRequest);
        let records: Vec<(TaskKind, u128, u64)> = vec![
            (first, 1, 9),
            (second, 2, 3),
            (first, 3, 1),
            (first, 4, 3),
            (first, 5, 0),
            (second, 6, 0),
            (first, 7, 2),
        ];
        let waiting = |kind: TaskKind, floor: Option<Id>| -> Vec<Waiting> {
            let of_kind = records.iter().filter(|(of, ..)| *of == kind);
            let all = of_kind.map(|(of, n, days)| one(*of, *n, *days));
            all.filter(|one| floor.is_none_or(|floor| one.id > floor))
                .take(4)
                .collect()
        };
        let (mut floor, mut lots) = (None, Vec::new());
        loop {
            let (found, ceiling) = lot(vec![waiting(first, floor), waiting(second, floor)], 3, None);
            lots.push(found.iter().map(|one| one.id.0.as_u128()).collect::<Vec<_>>());
            floor = ceiling;
            if ceiling.is_none() {
                break;
            }
        }
        // Of one day, who waits for an answer comes before what is to be checked.
        assert_eq!(lots, [vec![3_u128, 4, 2, 1], vec![5, 6, 7]]);
    }
}
