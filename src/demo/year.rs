//! The rest of a year's work: requests under review, a project in every status, and gatherings.

use super::embedded::{ACTOR, unreadable};
use super::{gatherings, programme};
use crate::applications::actions::{find_for_update, set_outcome, submit};
use crate::applications::{ApplicationDirection, ApplicationStatus, NewApplication, Outcome, requests};
use crate::auth::{Reach, Viewer, Writer};
use crate::catalogue::Catalogues;
use crate::catalogue::calendar;
use crate::changes::Action;
use crate::db::{Db, Id, Instant};
use crate::deliverables::actions::{self, Editor};
use crate::deliverables::{self, Deliverable, DeliverableStatus, NewDeliverable};
use crate::error::Result;
use crate::http::page::MAX_LIMIT;
use crate::http::{IfMatch, Paging};
use crate::imports::engagements::Engagement;
use crate::organizations::{self, names::name_key};
use crate::programmes::ProgrammeRecordKind;
use crate::projects::entries::{self, Author};
use crate::projects::store::history;
use crate::projects::work::NewMilestone;
use crate::projects::{Accompaniment, NewProject, Project, ProjectReason, ProjectStatus, SupportKind};
use crate::values::Code;
use crate::workers::{self, DEMO_SOURCE, Worker, WorkerFilter};
use crate::{changes, delivery, projects};
use chrono::{Days, NaiveDate};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// More workers than all teams need of one role.
const ENOUGH: usize = 100;

/// A made-up request, and how far it has come.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Planned {
    organization: String,
    status: State,
    request: Map<String, Value>,
}

/// Each status comes after those before it; a cancelled project was planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Submitted,
    Screening,
    Planned,
    Cancelled,
    InProgress,
    Delivered,
    Closed,
}

/// Adds what isn't there yet. Returns how many projects were added.
pub fn load(
    db: &mut Db,
    catalogues: &Catalogues,
    published: &[Engagement],
    today: NaiveDate,
    present: &BTreeSet<String>,
) -> Result<usize> {
    let planned: Vec<Planned> = serde_json::from_str(include_str!("year.json")).map_err(unreadable)?;
    let year = calendar::fiscal_year(today);
    let (editor, mut busy, mut added) = (Editor::of(Writer::operator(ACTOR), true), BTreeSet::new(), 0);
    for (n, plan) in planned.into_iter().enumerate() {
        let external_id = format!("year-{year}-{n}");
        if present.contains(&external_id) {
            continue;
        }
        let organization = organization(db, published, &plan.organization)?;
        let mut request = plan.request;
        request.extend(dates(plan.status, today));
        request.insert("organization_id".into(), json!(organization));
        request.insert("source".into(), json!(DEMO_SOURCE));
        request.insert("external_id".into(), json!(external_id));
        request.insert("status".into(), json!("submitted"));
        let request: NewDeliverable = serde_json::from_value(request.into()).map_err(unreadable)?;
        let created = actions::create(db, &editor, catalogues, request)?;
        let (deliverable, version) = (created.id, IfMatch::Versions(vec![created.version]));
        if plan.status == State::Submitted {
            continue;
        }
        let first = match plan.status {
            State::Screening => DeliverableStatus::Screening,
            _ => DeliverableStatus::Open,
        };
        let change = |request: &NewDeliverable| {
            Ok(NewDeliverable {
                status: first,
                ..request.clone()
            })
        };
        requests::update(db, &editor, catalogues, deliverable, &version, change)?;
        if plan.status == State::Screening {
            continue;
        }
        // What isn't at work yet, or never came to it, happens today.
        let began = match plan.status >= State::InProgress {
            true => moment(days(plan.status, today).0),
            false => Instant::now(),
        };
        open_at(db, deliverable, began)?;
        form_team(db, deliverable, &mut busy, began)?;
        work(db, &editor, catalogues, deliverable, plan.status, today)?;
        date_back(db, deliverable, plan.status, today)?;
        added += 1;
    }
    if added > 0 {
        let catalogue = catalogues.current(db)?;
        let programme = programme::load(db, &catalogue, today)?;
        accompany(db, published, programme, today)?;
        gatherings::load(db, &catalogue, programme, today)?;
        added += 1;
    }
    Ok(added)
}

/// How many days ago closed work began, and was delivered: its first follow-up waits for an answer.
const CLOSED: (u64, u64) = (330, 200);

fn days_ago(today: NaiveDate, days: u64) -> NaiveDate {
    today.checked_sub_days(Days::new(days)).unwrap_or(today)
}

/// The first and the last day of the work: it began eight weeks ago, and ends in four months, unless it is closed.
fn days(status: State, today: NaiveDate) -> (NaiveDate, NaiveDate) {
    let in_four_months = today.checked_add_days(Days::new(120)).unwrap_or(today);
    match status {
        State::Closed => (days_ago(today, CLOSED.0), days_ago(today, CLOSED.1)),
        _ => (days_ago(today, 56), in_four_months),
    }
}

fn dates(status: State, today: NaiveDate) -> [(String, Value); 2] {
    let (first, last) = days(status, today);
    [
        ("starts_on".to_owned(), json!(first)),
        ("ends_on".to_owned(), json!(last)),
    ]
}

/// Returns when something happened on a day that isn't over.
fn moment(day: NaiveDate) -> Instant {
    Instant::from(calendar::midnight_in_tokyo(day)).min(Instant::now())
}

/// Writes since when a request is open.
fn open_at(db: &mut Db, id: Id, at: Instant) -> Result<()> {
    let before = deliverables::store::find(db, &Reach::Everything, id, false)?;
    let after = Deliverable {
        opened_at: Some(at),
        status_since: at,
        version: before.version + 1,
        ..before
    };
    deliverables::store::update(db, ACTOR, &after, Action::Updated)
}

/// Writes that work began on its first day, and where it is closed, that it was delivered on its last one. What is
/// delivered and not closed yet was delivered today.
fn date_back(db: &mut Db, id: Id, status: State, today: NaiveDate) -> Result<()> {
    if status < State::InProgress {
        return Ok(());
    }
    let (first, last) = days(status, today);
    let day_of = |moved_to: &str| match moved_to {
        "in_progress" => Some(first),
        _ => (status == State::Closed).then_some(last),
    };
    for event in history::list(db, id, (true, &[]), None, i64::from(MAX_LIMIT))? {
        let moved_to = event.detail.as_deref().filter(|_| event.action == "moved");
        let moved_to = moved_to.filter(|_| event.subject == "project");
        if let Some(day) = moved_to.and_then(day_of) {
            history::set_time(db, event.id, moment(day))?;
        }
    }
    let Some(since) = day_of(match status {
        State::InProgress => "in_progress",
        _ => "closed",
    }) else {
        return Ok(());
    };
    let since = moment(since);
    let before = deliverables::store::find(db, &Reach::Everything, id, false)?;
    let after = Deliverable {
        status_since: since,
        version: before.version + 1,
        ..before
    };
    deliverables::store::update(db, ACTOR, &after, Action::Updated)?;
    let project = projects::store::find(db, &Reach::Everything, id)?;
    let project = Project {
        delivered_on: match status {
            State::Closed => Some(last),
            _ => project.delivered_on,
        },
        status_since: since,
        version: project.version + 1,
        updated_at: Instant::now(),
        ..project
    };
    let change = projects::store::update_unlogged(db, &project)?;
    changes::store::append(db, ACTOR, &[change])
}

/// Finds an organization of the archive.
fn organization(db: &mut Db, published: &[Engagement], name: &str) -> Result<Id> {
    let of_name = |engagement: &&Engagement| engagement.requesters.iter().any(|one| one == name);
    let area = published.iter().find(of_name).map(|one| one.area.clone());
    let area = area.ok_or_else(|| unreadable(name))?;
    let (everything, key) = (&Reach::Everything, name_key(name));
    let found = organizations::store::find_by_name(db, everything, Some(&area), &key)?;
    found.first().copied().ok_or_else(|| unreadable(name))
}

/// Finds made-up workers of a role who have time. Nobody else is put into a made-up team.
fn able(db: &mut Db, role: &Code) -> Result<Vec<Worker>> {
    let (mut able, mut cursor) = (Vec::new(), None);
    loop {
        let filter = WorkerFilter {
            role: Some(role.to_string()),
            limit: Some(MAX_LIMIT),
            cursor,
            ..WorkerFilter::default()
        };
        let page = workers::store::list(db, &Reach::Everything, &filter, false)?;
        able.extend(page.items.into_iter().filter(|one| {
            let is_made_up = one.profile.source.as_deref() == Some(DEMO_SOURCE);
            is_made_up && one.is_candidate() && one.profile.open_load < one.profile.capacity
        }));
        cursor = page.next;
        if cursor.is_none() || able.len() >= ENOUGH {
            return Ok(able);
        }
    }
}

/// Gives every place to a worker of the roster who has no other place here.
fn form_team(db: &mut Db, deliverable: Id, busy: &mut BTreeSet<Id>, now: Instant) -> Result<()> {
    let wanted = deliverables::store::find(db, &Reach::Everything, deliverable, false)?;
    let writer = Writer::operator(ACTOR);
    for wish in wanted.request.roles.iter().flatten() {
        let mut able = able(db, &wish.role)?;
        able.sort_by(|one, other| one.profile.external_id.cmp(&other.profile.external_id));
        let free: Vec<Id> = able
            .iter()
            .map(|one| one.id)
            .filter(|id| !busy.contains(id))
            .collect();
        for worker in free.into_iter().take(usize::from(wish.places)) {
            let new = NewApplication {
                deliverable_id: deliverable,
                worker_id: worker,
                role: wish.role.clone(),
                direction: ApplicationDirection::Application,
                message: None,
            };
            let application = submit(db, &writer, true, new, now)?;
            let locked = find_for_update(db, &Reach::Everything, application.id)?;
            let outcome = Outcome {
                status: ApplicationStatus::Agreed,
                ..application.outcome
            };
            set_outcome(db, ACTOR, locked, outcome, None, now)?;
            busy.insert(worker);
        }
    }
    Ok(())
}

/// Moves a project to its status, with the milestones done that were due.
fn work(
    db: &mut Db,
    editor: &Editor,
    catalogues: &Catalogues,
    id: Id,
    to: State,
    today: NaiveDate,
) -> Result<()> {
    let to_status = |db: &mut Db, status: ProjectStatus| {
        let change = |plan: &NewProject| {
            Ok(NewProject {
                status,
                reason: (status == ProjectStatus::Cancelled).then_some(ProjectReason::Schedule),
                ..plan.clone()
            })
        };
        delivery::actions::update(db, editor, catalogues, id, &IfMatch::Absent, change)
    };
    if to == State::Cancelled {
        to_status(db, ProjectStatus::Cancelled)?;
    }
    if to < State::InProgress {
        return Ok(());
    }
    to_status(db, ProjectStatus::InProgress)?;
    let author = Author {
        actor: ACTOR.to_owned(),
        reach: Reach::Everything,
        personal_data: true,
        is_listed: true,
    };
    let viewer = Viewer {
        actor: ACTOR.to_owned(),
        reach: Reach::Everything,
        personal_data: true,
        sees_all: true,
        beside: crate::auth::Beside::EVERYTHING,
    };
    let milestones = entries::list::<NewMilestone>(db, &viewer, id, &Paging::default())?.items;
    for milestone in milestones {
        if milestone.work.due_on > today && to == State::InProgress {
            continue;
        }
        let day = milestone.work.due_on.min(today);
        let done = |before: &NewMilestone| {
            Ok(NewMilestone {
                progress: 100,
                done_on: Some(day),
                ..before.clone()
            })
        };
        let at = (id, milestone.id);
        entries::update(db, &author, at, &IfMatch::Absent, done, moment(day))?;
    }
    if to >= State::Delivered {
        to_status(db, ProjectStatus::Delivered)?;
    }
    if to == State::Closed {
        to_status(db, ProjectStatus::Closed)?;
    }
    Ok(())
}

/// Adds the accompaniment of a municipality, to the programme if it began in the same year.
fn accompany(db: &mut Db, published: &[Engagement], programme: Id, today: NaiveDate) -> Result<()> {
    let plan = NewProject {
        organization_id: organization(db, published, "八王子市 高齢者福祉課")?,
        title: "担い手づくりの伴走支援".to_owned(),
        starts_on: today.checked_sub_days(Days::new(90)),
        ends_on: today.checked_add_days(Days::new(120)),
        status: ProjectStatus::InProgress,
        reason: None,
        message: None,
        accompaniment: Some(Accompaniment {
            needs: "地域の担い手が固定している。市内の団体と会う場を作り、次の担い手を育てたい。".to_owned(),
            supports: vec![SupportKind::Consultation, SupportKind::Workshop],
            outcome: None,
            advisors: Vec::new(),
        }),
    };
    let made = projects::actions::create(db, &Writer::operator(ACTOR), plan, Instant::now())?;
    let made = Project {
        source: Some(DEMO_SOURCE.to_owned()),
        version: made.version + 1,
        ..made
    };
    let change = projects::store::update_unlogged(db, &made)?;
    changes::store::append(db, ACTOR, &[change])?;
    if made.fiscal_year == calendar::fiscal_year(today) {
        programme::add(db, programme, ProgrammeRecordKind::Project, made.id)?;
    }
    Ok(())
}
