//! The use cases of projects: what a caller sees of them, and registering accompaniments.

use super::store::{self, history};
use super::team::{Event, record};
use super::{
    Happening, Member, NewProject, Progress, Project, ProjectAction, ProjectFilter, ProjectKind,
    ProjectStatus, Seat, rules,
};
use crate::auth::{Reach, RecordKind, Viewer, Writer, check_properties, within_reach};
use crate::catalogue::{Catalogue, Filters, calendar};
use crate::changes;
use crate::db::{Db, Id, Instant};
use crate::deliverables::included::{self, Named, Reader};
use crate::deliverables::{default_area, rules::unknown_organization};
use crate::error::{Error, Result, Text};
use crate::http::{Cursor, Language, Page, Paging, page};
use crate::organizations;
use crate::workers::{self, alias_in_language};

/// Lists projects with their teams, as they are at present or with everybody who is or was in them.
pub fn list(
    db: &mut Db,
    viewer: &Viewer,
    catalogue: &Catalogue,
    mut filter: ProjectFilter,
    language: Language,
    present: bool,
) -> Result<Page<Project>> {
    Filters::of(catalogue)
        .area(&mut filter.area)
        .fiscal_year(filter.fiscal_year)
        .check()?;
    let mut page = store::list(db, &viewer.reach, &filter)?;
    add_members(db, viewer, catalogue, &mut page.items, language, present)?;
    let reader = Reader {
        viewer,
        catalogue,
        language,
    };
    let included = included::load(db, &reader, &filter.include, || Named {
        // The project of a deliverable has its id.
        deliverables: page.items.iter().map(|one| one.id).collect(),
        organizations: page.items.iter().map(|one| one.plan.organization_id).collect(),
        ..Named::default()
    })?;
    Ok(page
        .including(included)
        .map(|one| one.shown(&viewer.reach, viewer.personal_data, language)))
}

/// Shows a project with everybody who is or was in its team.
pub fn show(
    db: &mut Db,
    viewer: &Viewer,
    catalogue: &Catalogue,
    id: Id,
    language: Language,
) -> Result<Project> {
    let mut found = [store::find(db, &viewer.reach, id)?];
    add_members(db, viewer, catalogue, &mut found, language, false)?;
    let [project] = found;
    Ok(project.shown(&viewer.reach, viewer.personal_data, language))
}

/// Adds the members to projects, as far as the viewer knows of them, with two statements in all.
fn add_members(
    db: &mut Db,
    viewer: &Viewer,
    catalogue: &Catalogue,
    projects: &mut [Project],
    language: Language,
    present: bool,
) -> Result<()> {
    let ids: Vec<Id> = projects.iter().map(|one| one.id).collect();
    let members = store::members(db, &viewer.reach, &ids, present)?;
    let workers: Vec<Id> = members.iter().filter_map(|one| one.worker_id).collect();
    let labels = match viewer.beside.workers {
        true => workers::store::labels(db, &workers)?,
        false => Default::default(),
    };
    for project in projects {
        let of_project = members.iter().filter(|one| one.project_id == project.id);
        let of_project: Vec<Member> = of_project.cloned().collect();
        let seat = Seat::of(&viewer.reach, &of_project);
        let alias = |worker: Id| {
            let label = labels.get(&worker)?;
            let alias = alias_in_language(&label.alias, label.area.as_deref(), catalogue, language);
            Some(alias.into_owned())
        };
        let known = of_project.into_iter().filter(|one| match seat {
            Seat::Former(own) => one.worker_id == Some(own),
            _ => true,
        });
        project.members = known
            .map(|one| Member {
                alias: one.worker_id.and_then(alias),
                ..one
            })
            .collect();
    }
    Ok(())
}

/// Registers an accompaniment.
pub fn create(db: &mut Db, writer: &Writer, plan: NewProject, now: Instant) -> Result<Project> {
    let project = register(db, writer, Id::new(), plan, now)?;
    rules::check_last_day(&project)?;
    Ok(project)
}

/// Registers an accompaniment under an id.
pub fn register(db: &mut Db, writer: &Writer, id: Id, plan: NewProject, now: Instant) -> Result<Project> {
    check_properties(writer.role, RecordKind::Projects, None, &plan)?;
    if plan.accompaniment.is_none() {
        let rule = Text::new(
            "この項目は必須です。支援内容のプロジェクトは、チームがそろうと自動で登録されます。",
            "This field is required. A deliverable's project begins by itself when its team is complete.",
        );
        return Err(Error::invalid("/accompaniment", "missing_field", rule));
    }
    if !matches!(plan.status, ProjectStatus::Planned | ProjectStatus::InProgress) {
        return Err(Error::Conflict {
            code: "illegal_transition",
            detail: Text::new(
                "新しいプロジェクトの状態は planned または in_progress にしてください。",
                "A new project is planned or in_progress.",
            ),
        });
    }
    check_reason(&plan, None)?;
    let organization = organizations::store::find(db, &writer.reach, plan.organization_id, false);
    let organization = match organization {
        Err(Error::NotFound { .. }) => {
            return Err(Error::Invalid(vec![unknown_organization("/organization_id")]));
        }
        found => found?,
    };
    let area = default_area(&organization);
    within_reach(matches!(writer.reach, Reach::Everything) || writer.reach.covers_area(area))?;
    let today = calendar::day_in_tokyo(now.utc());
    let project = Project {
        id,
        kind: ProjectKind::Accompaniment,
        area: area.into(),
        fiscal_year: calendar::fiscal_year(plan.starts_on.unwrap_or(today)),
        source: None,
        external_id: None,
        plan,
        progress: Progress {
            percent: 0,
            words: String::new(),
        },
        members: Vec::new(),
        status_since: now,
        delivered_on: None,
        vacant_since: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let change = store::insert_unlogged(db, &project)?;
    let created = Event::of_project(ProjectAction::Created, Some(project.plan.status.code()));
    record(db, &writer.actor, &project, created, now)?;
    changes::store::append(db, &writer.actor, &[change])?;
    Ok(project)
}

/// Checks that a project which is being cancelled has a reason, and no other one has. `before` is its status until now.
pub fn check_reason(plan: &NewProject, before: Option<ProjectStatus>) -> Result<()> {
    let is_cancelled = plan.status == ProjectStatus::Cancelled;
    if plan.reason.is_some() && !is_cancelled {
        let rule = Text::new(
            "理由は、中止するときだけ指定できます。",
            "Only a cancelled project has a reason.",
        );
        return Err(Error::invalid("/reason", "unexpected_reason", rule));
    }
    if plan.reason.is_none() && is_cancelled && before != Some(ProjectStatus::Cancelled) {
        let rule = Text::new("中止には理由が必要です。", "To cancel a project, give a reason.");
        return Err(Error::invalid("/reason", "missing_field", rule));
    }
    Ok(())
}

/// The name of the history's order in cursors.
const ORDER: &str = "id";

/// Lists what happened in a project, newest first.
pub fn history(db: &mut Db, reach: &Reach, project: Id, paging: &Paging) -> Result<Page<Happening>> {
    let project = store::find(db, reach, project)?;
    let members = store::members(db, reach, &[project.id], false)?;
    let seat = Seat::of(reach, &members);
    let limit = page::limit(paging.limit)?;
    let after = Cursor::decode(paging.cursor.as_deref(), ORDER)?.map(|cursor| cursor.id);
    let (rows, counted) = match seat {
        Seat::Former(_) | Seat::Partner => (Vec::new(), 0),
        _ => {
            let hidden = hidden(db, project.id, &members)?;
            let shown = (seat == Seat::Office, hidden.as_slice());
            let rows = history::list(db, project.id, shown, after, limit + 1)?;
            let count = || history::count(db, project.id, shown);
            (rows, paging.count.then(count).transpose()?.unwrap_or(0))
        }
    };
    let happening = |row: history::EventRow| Happening {
        id: row.id,
        // An application leads to its worker.
        subject_id: (seat == Seat::Office || row.subject != "member").then_some(row.subject_id),
        subject: row.subject,
        action: row.action,
        detail: row.detail,
        actor: actor_shown(row.actor, seat),
        occurred_at: row.occurred_at,
    };
    let items = rows.into_iter().map(happening).collect();
    let page = Page::of(items, limit, |last: &Happening| Cursor {
        sort: ORDER.to_owned(),
        value: String::new(),
        id: last.id,
    });
    page.counted(paging.count, || Ok(counted))
}

/// Returns the memberships of those whom a caller doesn't know of, and what they wrote or worked.
fn hidden(db: &mut Db, project: Id, known: &[Member]) -> Result<Vec<Id>> {
    let is_known = |one: &Member| {
        known
            .iter()
            .any(|other| other.application_id == one.application_id)
    };
    let mut hidden = store::members(db, &Reach::Everything, &[project], false)?;
    hidden.retain(|one| !is_known(one));
    if hidden.is_empty() {
        return Ok(Vec::new());
    }
    let workers: Vec<Id> = hidden.iter().filter_map(|one| one.worker_id).collect();
    let mut ids = store::work::by_workers(db, project, &workers)?;
    ids.extend(hidden.iter().map(|one| one.application_id));
    Ok(ids)
}

/// Returns what somebody in this seat sees of an actor: only offices learn who it was.
pub fn actor_shown(actor: String, seat: Seat) -> String {
    match seat {
        Seat::Office => actor,
        _ => actor.split(':').next().unwrap_or_default().to_owned(),
    }
}
