//! A row of a list of projects: for whom, who took part, and how far it has come. It does what the API does, and it also
//! records work that began or ended elsewhere: a request with its team and its project, or an accompaniment.

pub mod fields;
mod named;

use super::acting::{Acting, ActingRecord, Acts, Done, Written};
use super::deliverables::fields::fixed_year;
use super::deliverables::{blank, guess_type};
use super::reading::Reading;
use crate::applications::past::{Rejoined, Teammate};
use crate::applications::{self, ApplicationStatus, NewApplication, Outcome};
use crate::auth::{Reach, RecordKind, Writer, check_properties, within_reach};
use crate::catalogue::Catalogues;
use crate::catalogue::calendar::{fiscal_year, midnight_in_tokyo};
use crate::catalogue::entries::RoleWish;
use crate::changes::{self, Action};
use crate::db::{Db, Id, Instant};
use crate::deliverables::actions::Editor;
use crate::deliverables::{self, Deliverable, DeliverableStatus, NewDeliverable, default_area};
use crate::delivery;
use crate::error::{Error, Result, Text};
use crate::http::IfMatch;
use crate::imports::columns::Target;
use crate::imports::fields::{Context, set};
use crate::imports::jobs::store::writes::{RecordWriteRow, row_hashes};
use crate::organizations::Organization;
use crate::projects::{
    self, Accompaniment, NewProject, Project, ProjectKind, ProjectReason, ProjectStatus, SupportKind, past,
};
use crate::reach::store::has_deliverable;
use crate::values::{AreaCode, Code};
use crate::workers::Worker;
use chrono::NaiveDate;
use fields::{Draft, FIELDS, is_accompaniment_word, supports_in};
use named::Found;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use tables::Remark;
use validator::Validate;

/// What is kept of a row, to take it back.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// What the row has begun.
    began: Began,
    /// The plan before, without texts. Null for a new project.
    plan: Option<NewProject>,
    /// The members whom the row has recorded.
    members: Vec<Id>,
    /// Those whom an own export has brought back.
    #[serde(default)]
    rejoined: Vec<Rejoined>,
}

/// The members of a row that are in the team by now.
#[derive(Default)]
struct Team {
    recorded: Vec<Id>,
    rejoined: Vec<Rejoined>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Began {
    Nothing,
    /// The project of a request that was there.
    Project,
    /// The same, and the request was moved.
    MovedProject,
    /// The request with its project, or an accompaniment.
    Everything,
}

/// Somebody in a team, whom a row names.
struct TeamMember {
    worker: Worker,
    role: Option<Code>,
    since: Option<Instant>,
}

impl ActingRecord for Project {
    type Known = ();

    fn act(db: &mut Db, acting: &Acting, row: Acts, (): &mut ()) -> Result<Done> {
        act(db, acting, row)
    }
    fn field_of(pointer: &str) -> Option<&'static str> {
        field_of(pointer)
    }
    fn versions(db: &mut Db, ids: &[Id]) -> Result<HashMap<Id, i64>> {
        projects::store::versions(db, ids)
    }
    fn used(db: &mut Db, ids: &[Id]) -> Result<HashSet<Id>> {
        projects::store::work::used(db, ids)
    }
    fn take_back(
        db: &mut Db,
        actor: &str,
        catalogues: &Catalogues,
        write: &RecordWriteRow,
        now: Instant,
    ) -> Result<Vec<(Id, i64)>> {
        let id = write.record_id;
        let kept: Option<Kept> = write.kept()?;
        let kept = kept.ok_or_else(|| Error::Internal(format!("nothing was kept of {id}")))?;
        take_back(db, (actor, catalogues), id, kept, now)?;
        Ok(Vec::new())
    }
}

fn act(db: &mut Db, acting: &Acting, row: Acts) -> Result<Done> {
    let Acts {
        reading,
        hash,
        source,
    } = row;
    let context = acting.context;
    let Some(mut draft) = understand(reading, context) else {
        return Ok(Done::Rejected);
    };
    let found = match named::project(db, reading, &draft, source, context)? {
        Ok(found) => found,
        Err((field, remark)) => {
            reading.reject(field, remark);
            return Ok(Done::Rejected);
        }
    };
    if let Some(municipality) = named::assumed(db, reading, &draft, &found, context)? {
        reading.warn("organization", named::by_municipality(&municipality));
    }
    if let Found::Project(before) = &found {
        let hashes = row_hashes(db, &[before.id])?;
        // A row that was imported is done, however far its project has come since.
        if hashes.get(&before.id).is_some_and(|(own, _)| *own == hash) {
            return Ok(Done::Unchanged(before.id));
        }
        if !acting.updates {
            return Ok(Done::Existing(before.id));
        }
    }
    if matches!(found, Found::Project(_)) {
        // Who has left a project that is here is known.
        draft.members.retain(|one| one.left.is_none());
    }
    let Some((members, mates)) = members(db, reading, &draft, source, context)? else {
        return Ok(Done::Rejected);
    };
    let mut line = Line {
        acting,
        reading,
        source,
        draft,
        members,
        mates,
        now: Instant::now(),
    };
    match found {
        Found::Project(before) => line.change(db, *before),
        Found::Deliverable(request) => line.begin(db, *request),
        Found::Nothing(id) => line.create(db, id.unwrap_or_default()),
    }
}

/// Reads the cells of a row. Days in a wrong order are left out.
fn understand(reading: &mut Reading, context: &Context) -> Option<Draft> {
    let mut draft = reading.make(field_of, |reading| {
        let mut draft = Draft::default();
        reading.apply(context, |target, cell| match target {
            Target::Field { position, .. } => set(FIELDS, *position, &mut draft, cell),
            _ => Ok(()),
        });
        // What was stored may have been delivered before its first day.
        let delivered_on = draft.delivered_on.filter(|_| !reading.is_stored());
        let lasts = [("/ends_on", draft.ends_on), ("/delivered_on", delivered_on)];
        for (pointer, last) in lasts {
            if draft
                .starts_on
                .zip(last)
                .is_some_and(|(first, last)| last < first)
            {
                let rule = Text::new(
                    "開始日以降の日付にしてください。",
                    "The last day is before the first one.",
                );
                return Err(Error::invalid(pointer, "dates_reversed", rule));
            }
        }
        Ok(draft)
    })?;
    let is_accompaniment = draft.needs.is_some()
        || draft.outcome.is_some()
        || !draft.supports.is_empty()
        || !draft.advisors.is_empty();
    if draft.kind.is_none() && is_accompaniment {
        draft.kind = Some(ProjectKind::Accompaniment);
    }
    if draft.kind.is_none() && reading.text("type").is_some_and(is_accompaniment_word) {
        draft.kind = Some(ProjectKind::Accompaniment);
    }
    if draft.kind == Some(ProjectKind::Accompaniment) {
        if draft.supports.is_empty() {
            draft.supports = reading.text("type").map(supports_in).unwrap_or_default();
        }
        if draft.starts_on.is_none()
            && draft.ends_on.is_none()
            && let Some(year) = draft.year.take()
        {
            draft.starts_on = NaiveDate::from_ymd_opt(year, 4, 1);
            draft.ends_on = NaiveDate::from_ymd_opt(year + 1, 3, 31);
        }
    }
    if draft.year.is_some() {
        reading.warn("fiscal_year", fixed_year());
    }
    draft.is_untitled = draft.title.is_none();
    if draft.is_untitled {
        let codes = reading
            .text("type")
            .map(|words| context.vocabulary.types_named(words));
        let first = codes.iter().flatten().next();
        let entry = first.and_then(|code| context.vocabulary.catalogue.types.get(code));
        let known = entry.map(|entry| entry.definition.names.ja.clone());
        draft.title = known.or_else(|| reading.written("type").map(tables::cells::one_line));
    }
    if draft.title.is_none() && draft.kind == Some(ProjectKind::Accompaniment) {
        draft.title = Some("伴走支援".to_owned());
    }
    Some(draft)
}

/// Finds the people whom a row names, or rejects it: those who are in the team, and everybody who is or was, if an own export
/// tells of them. Of those, who isn't here is left out.
fn members(
    db: &mut Db,
    reading: &mut Reading,
    draft: &Draft,
    source: &str,
    context: &Context,
) -> Result<Option<(Vec<TeamMember>, Vec<Teammate>)>> {
    let (mut found, mut mates) = (Vec::new(), Vec::new());
    let is_back = is_back(reading, draft, &context.reach);
    let workers = named::workers(db, &draft.members, source, &context.reach)?;
    for (member, worker) in draft.members.iter().zip(workers) {
        let worker = match worker {
            Ok(worker) => worker,
            Err((field, remark)) if is_back => {
                reading.warn(field, remark);
                continue;
            }
            Err((field, remark)) => {
                reading.reject(field, remark);
                continue;
            }
        };
        if let (true, Some(role), Some(joined_at)) = (is_back, &member.role, member.joined_at) {
            mates.push(Teammate {
                application: member.application,
                worker: worker.id,
                role: role.clone(),
                joined_at,
                left: member.left.clone(),
            });
        }
        if member.left.is_none() {
            found.push(TeamMember {
                worker,
                role: member.role.clone(),
                since: member.joined_at,
            });
        }
    }
    Ok((!reading.is_rejected()).then_some((found, mates)))
}

/// Returns whether a row brings a project back with its team. Whoever doesn't reach everything records members by the rules.
fn is_back(reading: &Reading, draft: &Draft, reach: &Reach) -> bool {
    reading.is_stored() && draft.is_exported_team && *reach == Reach::Everything
}

/// A row with the people whom it names.
struct Line<'l, 'r> {
    acting: &'l Acting<'l>,
    reading: &'l mut Reading<'r>,
    source: &'l str,
    draft: Draft,
    members: Vec<TeamMember>,
    /// Everybody who is or was in the team, if an own export tells of it.
    mates: Vec<Teammate>,
    now: Instant,
}

impl Line<'_, '_> {
    fn writer(&self) -> Writer {
        let principal = self.acting.principal;
        Writer {
            actor: principal.actor(),
            role: principal.role,
            reach: self.acting.context.reach.clone(),
        }
    }

    /// Changes a project to what the row says, as the API would, and records members of a team that was formed elsewhere.
    fn change(&mut self, db: &mut Db, before: Project) -> Result<Done> {
        self.warn_about_fixed(&before);
        let plan = self.plan(&before.plan)?;
        if plan == before.plan && self.members.is_empty() {
            return Ok(Done::Unchanged(before.id));
        }
        self.lock(db, &before)?;
        let new = self.new_members(db, &before)?;
        if plan == before.plan && new.is_empty() {
            return Ok(Done::Unchanged(before.id));
        }
        let members = self.record_members(db, before.id, new)?;
        if plan != before.plan {
            self.move_to(db, before.id, plan)?;
        }
        let kept = Kept {
            began: Began::Nothing,
            plan: Some(without_texts(before.plan)),
            members,
            rejoined: Vec::new(),
        };
        let after = self.dated(db, before.id, before.delivered_on)?;
        Ok(Done::Updated(
            Written::new(after.id, after.version)
                .after(before.version)
                .keeping(&kept)?,
        ))
    }

    /// Begins the project of a request whose team was formed elsewhere.
    fn begin(&mut self, db: &mut Db, request: Deliverable) -> Result<Done> {
        let actor = self.acting.principal.actor();
        let reach = &self.acting.context.reach;
        let request = deliverables::store::find_archived_too_for_update(db, request.id)?;
        within_reach(has_deliverable(db, reach, request.id)?)?;
        self.lock_workers(db)?;
        let status = self.draft.status.unwrap_or_default();
        let plan = NewProject {
            organization_id: request.request.organization_id,
            title: request.request.title.clone(),
            starts_on: self.draft.starts_on.or(request.request.starts_on),
            ends_on: self.draft.ends_on.or(request.request.ends_on),
            status,
            reason: self.draft.reason,
            message: self.draft.message.clone(),
            accompaniment: None,
        };
        check(&plan)?;
        let told = self.told(plan.ends_on);
        let (project, mut changes) = past::begin(db, &actor, &request, (&plan, told), self.now)?;
        let is_over = request.is_over();
        let team = match is_back(self.reading, &self.draft, &self.acting.context.reach) {
            true => {
                changes::store::append(db, &actor, &changes)?;
                Team {
                    rejoined: self.put_team_back(db, &project, &request)?,
                    ..Team::default()
                }
            }
            false => {
                let (_, joined) = applications::team::settle(db, &actor, request, self.now)?;
                changes.extend(joined);
                changes::store::append(db, &actor, &changes)?;
                let new = self.new_members(db, &project)?;
                Team {
                    recorded: self.record_members(db, project.id, new)?,
                    ..Team::default()
                }
            }
        };
        let mut has_moved = self
            .draft
            .status
            .is_some_and(|status| status != project.plan.status);
        if has_moved && told.is_back && is_over {
            // What is over here can't follow its list.
            self.reading.warn("status", fixed_value());
            has_moved = false;
        }
        if has_moved {
            let plan = self.plan(&project.plan)?;
            self.move_to(db, project.id, plan)?;
        }
        let after = projects::store::find(db, &Reach::Everything, project.id)?;
        let kept = Kept {
            began: if has_moved {
                Began::MovedProject
            } else {
                Began::Project
            },
            plan: None,
            members: team.recorded,
            rejoined: team.rejoined,
        };
        Ok(Done::Created(
            Written::new(after.id, after.version).keeping(&kept)?,
        ))
    }

    /// Records something that Musubi doesn't know yet.
    fn create(&mut self, db: &mut Db, id: Id) -> Result<Done> {
        let organization = match named::organization(db, self.reading, &self.draft, self.acting.context)? {
            Ok(organization) => organization,
            Err((field, remark)) => {
                self.reading.reject(field, remark);
                return Ok(Done::Rejected);
            }
        };
        let members = match self.draft.kind {
            Some(ProjectKind::Accompaniment) => self
                .accompany(db, id, &organization)
                .map(|()| Some(Team::default())),
            _ => self.create_with_request(db, id, &organization),
        };
        let Some(team) = members? else {
            return Ok(Done::Rejected);
        };
        let after = projects::store::find(db, &Reach::Everything, id)?;
        let kept = Kept {
            began: Began::Everything,
            plan: None,
            members: team.recorded,
            rejoined: team.rejoined,
        };
        Ok(Done::Created(
            Written::new(after.id, after.version).keeping(&kept)?,
        ))
    }

    /// Registers a request whose team was formed elsewhere, with its project and its team. Returns the members, or `None`
    /// if the row is rejected.
    fn create_with_request(
        &mut self,
        db: &mut Db,
        id: Id,
        organization: &Organization,
    ) -> Result<Option<Team>> {
        let (writer, context) = (self.writer(), self.acting.context);
        let catalogue = context.vocabulary.catalogue;
        let status = self.new_status();
        let ended_on = self.ended_on(self.draft.ends_on);
        let Some(title) = self.draft.title.clone() else {
            self.reading.reject("title", missing_title());
            return Ok(None);
        };
        let external_id = self.reading.code("external_id").map(str::to_owned);
        let area = self.draft.area.as_deref().unwrap_or(default_area(organization));
        let mut request = NewDeliverable {
            title,
            starts_on: self.draft.starts_on,
            ends_on: self.draft.ends_on,
            area: self.draft.area.clone().map(AreaCode::from),
            external_team: true,
            // What was cancelled had begun.
            status: match status {
                ProjectStatus::Cancelled => DeliverableStatus::InProgress,
                status => status.of_deliverable(),
            },
            source: external_id
                .as_ref()
                .map(|_| writer.reach.own_source(self.source, area)),
            external_id,
            ..blank(organization.id)
        };
        let words = self.reading.text("type").unwrap_or_default();
        let written = self.reading.written("type").unwrap_or_default();
        let (types, remarks) = context.vocabulary.types_listed(words, written);
        remarks
            .into_iter()
            .for_each(|remark| self.reading.warn("type", remark));
        let mut types = types.into_iter();
        request.type_ = types.next().unwrap_or_default();
        request.additional_types = types.collect();
        if request.type_.is_empty() {
            request.type_ = guess_type(self.reading, &request, context);
        }
        let usual = catalogue.types.get(&request.type_);
        let usual: Vec<RoleWish> = usual
            .map(|entry| entry.definition.roles.clone())
            .unwrap_or_default();
        let members = self.with_roles(&usual)?;
        if !members.is_empty() {
            request.roles = Some(team_of(&members));
        }
        request
            .validate()
            .map_err(|errors| crate::http::body::invalid(&errors))?;
        check_properties(writer.role, RecordKind::Deliverables, None, &request)?;
        request.resolve(catalogue, default_area(organization), None)?;
        if members.is_empty() && request.status == DeliverableStatus::Delivered {
            // Nobody knows who was in the team.
            request.roles = None;
        }
        let new = Deliverable::register(id, request, catalogue, self.now);
        let is_over = new.request.status == DeliverableStatus::Delivered;
        let deliverable = Deliverable {
            status_since: match is_over {
                true => past::ended_at(ended_on, self.now),
                false => new.status_since,
            },
            // Without a first day, the year of its end tells more than that of the import.
            fiscal_year: match (new.request.starts_on, ended_on) {
                (None, Some(day)) => fiscal_year(day),
                _ => new.fiscal_year,
            },
            ..new
        };
        self.members = members;
        self.lock_workers(db)?;
        let members = std::mem::take(&mut self.members);
        let created = deliverables::store::insert_unlogged(db, &deliverable)?;
        within_reach(has_deliverable(db, &writer.reach, id)?)?;
        let plan = NewProject {
            organization_id: organization.id,
            title: deliverable.request.title.clone(),
            starts_on: self.draft.starts_on,
            ends_on: self.draft.ends_on,
            status,
            reason: self.draft.reason,
            message: self.draft.message.clone(),
            accompaniment: None,
        };
        check(&plan)?;
        let told = self.told(plan.ends_on);
        let begun = past::begin(db, &writer.actor, &deliverable, (&plan, told), self.now)?;
        let mut changes = vec![created];
        changes.extend(begun.1);
        changes::store::append(db, &writer.actor, &changes)?;
        let team = match is_back(self.reading, &self.draft, &self.acting.context.reach) {
            true => Team {
                rejoined: self.put_team_back(db, &begun.0, &deliverable)?,
                ..Team::default()
            },
            false => Team {
                recorded: self.record_members(db, id, members)?,
                ..Team::default()
            },
        };
        if status == ProjectStatus::Cancelled {
            let plan = self.plan(&begun.0.plan)?;
            self.move_to(db, id, NewProject { status, ..plan })?;
        }
        Ok(Some(team))
    }

    /// Registers an accompaniment, and moves it to where the row says that it is.
    fn accompany(&mut self, db: &mut Db, id: Id, organization: &Organization) -> Result<()> {
        use ProjectStatus::{Cancelled, Closed, Delivered, InProgress, Planned};
        let writer = self.writer();
        if !self.members.is_empty() {
            self.reading.warn("members", no_team());
        }
        let status = self.new_status();
        let needs = self.draft.needs.clone().ok_or_else(missing_needs)?;
        let supports = match self.draft.supports.as_slice() {
            [] => vec![SupportKind::Other],
            some => some.to_vec(),
        };
        // A list of finished work says under the support what was done.
        let done = self
            .reading
            .written("type")
            .filter(|words| matches!(status, Delivered | Closed) && !is_accompaniment_word(words));
        let outcome = self.draft.outcome.clone().or_else(|| done.map(str::to_owned));
        let plan = NewProject {
            organization_id: organization.id,
            title: self.draft.title.clone().unwrap_or_default(),
            starts_on: self.draft.starts_on,
            ends_on: self.draft.ends_on,
            status: if status == Planned { Planned } else { InProgress },
            reason: None,
            message: self.draft.message.clone(),
            accompaniment: Some(Accompaniment {
                needs,
                supports,
                outcome,
                advisors: self.draft.advisors.clone(),
            }),
        };
        check(&plan)?;
        let project = projects::actions::register(db, &writer, id, plan, self.now)?;
        let steps: &[ProjectStatus] = match status {
            Planned | InProgress => &[],
            Delivered => &[Delivered],
            Closed => &[Delivered, Closed],
            Cancelled => &[Cancelled],
        };
        for step in steps {
            let reason = match step {
                Cancelled => Some(self.reason_to_cancel()),
                _ => None,
            };
            let current = projects::store::find(db, &Reach::Everything, id)?.plan;
            let status = *step;
            self.move_to(
                db,
                id,
                NewProject {
                    status,
                    reason,
                    ..current
                },
            )?;
        }
        let external_id = self.reading.code("external_id").map(str::to_owned);
        let source = external_id
            .as_ref()
            .map(|_| writer.reach.own_source(self.source, &project.area));
        let ended_on = self.ended_on(self.draft.ends_on);
        let moved = projects::store::find(db, &Reach::Everything, id)?;
        let dated = past::dated(moved, (source, external_id), ended_on, self.now);
        let dated = Project {
            fiscal_year: self.draft.fiscal_year.unwrap_or(dated.fiscal_year),
            status_since: self
                .draft
                .status_since
                .map_or(dated.status_since, |at| at.min(self.now)),
            ..dated
        };
        let change = projects::store::update_unlogged(db, &dated)?;
        changes::store::append(db, &writer.actor, &[change])
    }

    /// Returns the status that the row says, or that follows from its days.
    fn new_status(&self) -> ProjectStatus {
        let today = self.acting.context.today;
        self.draft
            .status
            .unwrap_or(match (self.draft.starts_on, self.draft.ends_on) {
                _ if self.draft.delivered_on.is_some() => ProjectStatus::Delivered,
                (_, Some(last)) if last < today => ProjectStatus::Delivered,
                (Some(first), _) if first <= today => ProjectStatus::InProgress,
                _ => ProjectStatus::Planned,
            })
    }

    /// Returns what the row tells of a new project beside its plan.
    fn told(&self, ends_on: Option<chrono::NaiveDate>) -> past::Told {
        past::Told {
            delivered_on: self.ended_on(ends_on),
            status_since: self.draft.status_since,
            vacant_since: self.draft.vacant_since,
            is_back: self.reading.is_stored(),
        }
    }

    /// Returns the day on which the work ended: the one that the row states, or a planned one that is over. An own export knows it.
    fn ended_on(&self, planned: Option<chrono::NaiveDate>) -> Option<chrono::NaiveDate> {
        let today = self.acting.context.today;
        let planned = planned.filter(|_| self.draft.status_since.is_none());
        self.draft.delivered_on.or(planned.filter(|day| *day <= today))
    }

    /// Returns the plan that the row makes of the one before. What the row doesn't say stays.
    fn plan(&mut self, before: &NewProject) -> Result<NewProject> {
        let status = self.draft.status.unwrap_or(before.status);
        let reason = match status {
            ProjectStatus::Cancelled if before.status != status => Some(self.reason_to_cancel()),
            _ => before.reason,
        };
        let draft = &self.draft;
        let accompaniment = before.accompaniment.clone().map(|own| Accompaniment {
            needs: draft.needs.clone().unwrap_or(own.needs),
            supports: match draft.supports.as_slice() {
                [] => own.supports,
                some => some.to_vec(),
            },
            outcome: draft.outcome.clone().or(own.outcome),
            advisors: match draft.advisors.as_slice() {
                [] => own.advisors,
                some => some.to_vec(),
            },
        });
        let is_titled = accompaniment.is_some() && !draft.is_untitled;
        let title = draft.title.clone().filter(|_| is_titled);
        let plan = NewProject {
            organization_id: before.organization_id,
            title: title.unwrap_or_else(|| before.title.clone()),
            starts_on: draft.starts_on.or(before.starts_on),
            ends_on: draft.ends_on.or(before.ends_on),
            status,
            reason,
            message: draft.message.clone().or_else(|| before.message.clone()),
            accompaniment,
        };
        check(&plan)?;
        Ok(plan)
    }

    fn reason_to_cancel(&mut self) -> ProjectReason {
        self.draft.reason.unwrap_or_else(|| {
            self.reading.warn("status", assumed_reason());
            ProjectReason::Other
        })
    }

    /// Moves a project as the API does.
    fn move_to(&self, db: &mut Db, id: Id, plan: NewProject) -> Result<()> {
        let editor = Editor::of(self.writer(), true);
        let catalogues = self.acting.catalogues;
        delivery::actions::update(db, &editor, catalogues, id, &IfMatch::Absent, |_| Ok(plan))?;
        Ok(())
    }

    /// Writes the day of a delivery that the row has brought about, if the row states another one than today.
    fn dated(&self, db: &mut Db, id: Id, before: Option<chrono::NaiveDate>) -> Result<Project> {
        let project = projects::store::find(db, &Reach::Everything, id)?;
        let stated = self.draft.delivered_on.filter(|_| before.is_none());
        if stated.is_none() || project.delivered_on.is_none() || stated == project.delivered_on {
            return Ok(project);
        }
        let dated = Project {
            delivered_on: stated,
            version: project.version + 1,
            updated_at: self.now,
            ..project
        };
        let change = projects::store::update_unlogged(db, &dated)?;
        changes::store::append(db, &self.acting.principal.actor(), &[change])?;
        Ok(dated)
    }

    /// Says what a row can't change about a project.
    fn warn_about_fixed(&mut self, before: &Project) {
        let is_deliverable = before.kind == ProjectKind::Deliverable;
        let organization = self.reading.text("organization_id").map(str::to_owned);
        let (draft, own) = (&self.draft, before.plan.organization_id.to_string());
        let is_moved = draft.status.is_some_and(|status| status != before.plan.status);
        let fixed = [
            ("kind", draft.kind.is_some_and(|kind| kind != before.kind)),
            ("organization_id", organization.is_some_and(|id| id != own)),
            (
                "title",
                is_deliverable
                    && draft
                        .title
                        .as_ref()
                        .is_some_and(|title| *title != before.plan.title),
            ),
            (
                "delivered_on",
                draft.delivered_on.is_some() && draft.delivered_on != before.delivered_on && !is_moved,
            ),
        ];
        for (field, _) in fixed.iter().filter(|(_, is_changed)| *is_changed) {
            self.reading.warn(field, fixed_value());
        }
    }

    /// Returns the people of the row who aren't in the team yet. Only a team that was formed elsewhere takes them.
    fn new_members(&mut self, db: &mut Db, project: &Project) -> Result<Vec<TeamMember>> {
        if self.members.is_empty() {
            return Ok(Vec::new());
        }
        if project.kind == ProjectKind::Accompaniment {
            self.reading.warn("members", no_team());
            return Ok(Vec::new());
        }
        let mut new = Vec::new();
        for member in std::mem::take(&mut self.members) {
            let records = crate::workers::store::same_person(db, &member.worker)?;
            if !applications::store::has_place(db, project.id, &records)? {
                new.push(member);
            }
        }
        let deliverable = deliverables::store::find(db, &Reach::Everything, project.id, true)?;
        if !new.is_empty() && !applications::past::is_listed(&deliverable) {
            self.reading.warn("members", fixed_value());
            return Ok(Vec::new());
        }
        self.members = new;
        let roles = deliverable.request.roles.unwrap_or_default();
        self.with_roles(&roles)
    }

    /// Returns the members with their roles: those that the row states, or the only one of the team.
    fn with_roles(&mut self, roles: &[RoleWish]) -> Result<Vec<TeamMember>> {
        let only = match roles {
            [only] => Some(only.role.clone()),
            _ => None,
        };
        let with_role = |one: TeamMember| {
            let role = one.role.or_else(|| only.clone()).ok_or_else(missing_role)?;
            let role = Some(role);
            Ok(TeamMember { role, ..one })
        };
        std::mem::take(&mut self.members)
            .into_iter()
            .map(with_role)
            .collect()
    }

    /// Locks what the row is about, in the order in which everything does.
    fn lock(&self, db: &mut Db, project: &Project) -> Result<()> {
        if project.kind == ProjectKind::Deliverable {
            deliverables::store::find_archived_too_for_update(db, project.id)?;
        }
        self.lock_workers(db)
    }

    fn lock_workers(&self, db: &mut Db) -> Result<()> {
        let members = self.members.iter().map(|one| one.worker.id);
        let ids: BTreeSet<Id> = members.chain(self.mates.iter().map(|one| one.worker)).collect();
        for id in ids {
            applications::team::lock_worker(db, id)?;
        }
        Ok(())
    }

    /// Puts back everybody who is or was in the team, as an own export tells, and says who can't be.
    fn put_team_back(
        &mut self,
        db: &mut Db,
        project: &Project,
        deliverable: &Deliverable,
    ) -> Result<Vec<Rejoined>> {
        let writer = self.writer();
        let mut rejoined = Vec::with_capacity(self.mates.len());
        for mate in std::mem::take(&mut self.mates) {
            let worker = mate.worker;
            match applications::past::rejoin(db, &writer, (project, deliverable), mate, self.now)? {
                Some(one) => rejoined.push(one),
                None => self.reading.warn("members", other_application(worker)),
            }
        }
        if self.draft.erased > 0 {
            self.reading.warn("members", erased_members(self.draft.erased));
        }
        Ok(rejoined)
    }

    /// Records who was in a team that was formed elsewhere. Returns the ids of their applications.
    fn record_members(&mut self, db: &mut Db, id: Id, members: Vec<TeamMember>) -> Result<Vec<Id>> {
        let writer = self.writer();
        let began = self
            .draft
            .starts_on
            .filter(|day| *day <= self.acting.context.today);
        let began = began.map(|day| Instant::from(midnight_in_tokyo(day)));
        let mut recorded = Vec::with_capacity(members.len());
        for member in members {
            let Some(role) = member.role else { continue };
            let new = NewApplication {
                direction: Default::default(),
                deliverable_id: id,
                worker_id: member.worker.id,
                role,
                message: None,
            };
            let outcome = Outcome {
                status: ApplicationStatus::Agreed,
                ..Outcome::default()
            };
            let since = member.since.or(began).unwrap_or(self.now).min(self.now);
            let made = applications::past::record(db, &writer, (Id::new(), since), new, outcome, self.now)
                .map_err(|error| of_member(error, &member.worker))?;
            recorded.push(made.id);
        }
        Ok(recorded)
    }
}

/// Returns the roles of a team with as many places as there are members.
fn team_of(members: &[TeamMember]) -> Vec<RoleWish> {
    let mut places: BTreeMap<&Code, u16> = BTreeMap::new();
    for role in members.iter().filter_map(|one| one.role.as_ref()) {
        *places.entry(role).or_default() += 1;
    }
    let wish = |(role, places): (&Code, u16)| RoleWish {
        role: role.clone(),
        places,
        skills: Vec::new(),
    };
    places.into_iter().map(wish).collect()
}

fn check(plan: &NewProject) -> Result<()> {
    plan.validate()
        .map_err(|errors| crate::http::body::invalid(&errors))
}

/// Returns a plan without what it says about people, which isn't kept.
fn without_texts(plan: NewProject) -> NewProject {
    let accompaniment = plan.accompaniment.map(|own| Accompaniment {
        advisors: Vec::new(),
        ..own
    });
    NewProject {
        message: None,
        accompaniment,
        ..plan
    }
}

/// Takes back what a row did to a project. Texts about people stay.
fn take_back(
    db: &mut Db,
    (actor, catalogues): (&str, &Catalogues),
    id: Id,
    kept: Kept,
    now: Instant,
) -> Result<()> {
    let editor = Editor::of(Writer::operator(actor), true);
    let project = projects::store::find(db, &Reach::Everything, id)?;
    if kept.began == Began::MovedProject {
        return Err(Error::Conflict {
            code: "not_undoable",
            detail: Text::new(
                "支援内容の状態は元に戻せません。",
                "The status of the deliverable can't go back.",
            ),
        });
    }
    if project.kind == ProjectKind::Deliverable {
        deliverables::store::find_archived_too_for_update(db, id)?;
    }
    for application in &kept.members {
        applications::past::take_back(db, actor, *application, None, now)?;
    }
    if let Some(before) = kept.plan {
        delivery::actions::update(db, &editor, catalogues, id, &IfMatch::Absent, |current| {
            let advisors = current.accompaniment.as_ref().map(|own| own.advisors.clone());
            let accompaniment = before.accompaniment.clone().map(|own| Accompaniment {
                advisors: advisors.unwrap_or_default(),
                ..own
            });
            Ok(NewProject {
                message: current.message.clone(),
                accompaniment,
                ..before
            })
        })?;
        return Ok(());
    }
    let removed = past::remove(db, id)?;
    changes::store::append(db, actor, &removed)?;
    for one in kept.rejoined.iter().rev() {
        applications::past::take_back_rejoined(db, actor, one, now)?;
    }
    if kept.began == Began::Everything && project.kind == ProjectKind::Deliverable {
        let deliverable = deliverables::store::find_archived_too_for_update(db, id)?;
        let change =
            deliverables::store::update_unlogged(db, &deliverable.archived(None, now), Action::Archived)?;
        changes::store::append(db, actor, &[change])?;
    }
    Ok(())
}

/// Names the member whom a rule is about.
fn of_member(error: Error, worker: &Worker) -> Error {
    let name = worker
        .profile
        .alias
        .clone()
        .unwrap_or_else(|| worker.id.to_string());
    match error {
        Error::Conflict { code, detail } => Error::Conflict {
            code,
            detail: Text::new(
                format!("「{name}」：{}", detail.ja),
                format!("{name}: {}", detail.en),
            ),
        },
        other => other,
    }
}

fn fixed_value() -> Remark {
    Remark::new(
        "fixed_value",
        "登録済みのプロジェクトでは変更できないため、取り込んでいません。",
        "This can't change any more, so it wasn't imported.",
    )
}

fn other_application(worker: Id) -> Remark {
    Remark::new(
        "fixed_value",
        format!(
            "ワーカー {worker} は、応募の状態がこのチームと合わないか、二重に書かれているため、メンバーとして取り込んでいません。"
        ),
        format!(
            "The worker {worker} wasn't imported as a member: the application says something else, or stands here twice."
        ),
    )
}

fn erased_members(count: usize) -> Remark {
    Remark::new(
        "person_erased",
        format!("本人の記録が消去されたメンバー{count}人は、取り込んでいません。"),
        format!("{count} members whose records were erased weren't imported."),
    )
}

fn no_team() -> Remark {
    Remark::new(
        "no_team",
        "伴走支援にチームはないため、取り込んでいません。助言する人はアドバイザーに入力してください。",
        "An accompaniment has no team, so this wasn't imported. Give those who advise as advisors.",
    )
}

fn missing_role() -> Error {
    let rule = Text::new(
        "役割が分かりません。「山田 花子（デザイナー）」のように入力してください。",
        "The role isn't clear. Write: Hanako Yamada (designer).",
    );
    Error::invalid("/members", "missing_field", rule)
}

fn missing_title() -> Remark {
    Remark::new(
        "missing_field",
        "件名または支援内容を入力してください。",
        "Give the title or the type.",
    )
}

fn missing_needs() -> Error {
    let rule = Text::new(
        "伴走支援には、ニーズが必要です。",
        "An accompaniment needs its needs.",
    );
    Error::invalid("/accompaniment/needs", "missing_field", rule)
}

fn assumed_reason() -> Remark {
    Remark::new(
        "assumed_reason",
        "理由の記載がないため、その他（other）として取り込みました。",
        "The row gives no reason, so other was used.",
    )
}

/// Returns the field that a JSON pointer into a project or its request means.
fn field_of(pointer: &str) -> Option<&'static str> {
    let mut parts = pointer.split('/').skip(1);
    let member = match (parts.next().unwrap_or_default(), parts.next()) {
        ("", _) => "status",
        ("accompaniment", part) => part.unwrap_or("needs"),
        ("roles" | "worker_id" | "role", _) => "members",
        (member, _) => member,
    };
    let mut names = FIELDS.iter().map(|setter| setter.field.name);
    names.find(|name| *name == member)
}
