//! SQL of projects. `work`: their work and its files. `history`: who did what.

pub mod history;
pub mod work;

use super::{
    Member, MembershipRecord, NewProject, Progress, Project, ProjectFilter, ProjectKind, ProjectSort,
};
use crate::auth::Reach;
use crate::catalogue::calendar::{day_number, day_of_number};
use crate::changes::{Action, Change, Subject};
use crate::db::schema::{project_members, projects};
use crate::db::{BATCH, Db, Doc, Id, Instant, keyset, lock, on_duplicate, update_version};
use crate::error::{Error, Result, Text};
use crate::http::page::{self, Part};
use crate::http::query::{Several, with_codes};
use crate::http::{Cursor, Page};
use crate::reach::store as reach;
use crate::values::with_wards;
use diesel::prelude::*;
use project_members::dsl as m;
use projects::dsl;
use std::collections::HashMap;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = projects, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct ProjectRow {
    id: Id,
    kind: String,
    status: String,
    status_since: Instant,
    organization_id: Id,
    area: String,
    fiscal_year: i32,
    record: Doc<NewProject>,
    progress: i32,
    vacant_since: Option<Instant>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
    source: Option<String>,
    external_id: Option<String>,
    delivered_day: Option<i32>,
}

impl ProjectRow {
    fn of(project: &Project) -> ProjectRow {
        ProjectRow {
            id: project.id,
            kind: project.kind.code().to_owned(),
            status: project.plan.status.code().to_owned(),
            status_since: project.status_since,
            organization_id: project.plan.organization_id,
            area: project.area.to_string(),
            fiscal_year: project.fiscal_year,
            record: Doc(project.plan.clone()),
            progress: project.progress.percent.into(),
            vacant_since: project.vacant_since,
            version: project.version,
            created_at: project.created_at,
            updated_at: project.updated_at,
            source: project.source.clone(),
            external_id: project.external_id.clone(),
            delivered_day: project.delivered_on.map(day_number),
        }
    }

    fn read(self) -> Result<Project> {
        let unknown = |_| Error::Internal(format!("project {} has an unknown kind", self.id));
        let kind: ProjectKind = self.kind.parse().map_err(unknown)?;
        Ok(Project {
            id: self.id,
            kind,
            plan: self.record.0,
            area: self.area.into(),
            fiscal_year: self.fiscal_year,
            progress: Progress {
                percent: u8::try_from(self.progress).unwrap_or(0),
                words: String::new(),
            },
            members: Vec::new(),
            status_since: self.status_since,
            delivered_on: self.delivered_day.map(day_of_number),
            source: self.source,
            external_id: self.external_id,
            vacant_since: self.vacant_since,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

fn missing() -> Error {
    Error::not_found("プロジェクト", "project")
}

/// Finds a project within the reach.
pub fn find(db: &mut Db, reach: &Reach, id: Id) -> Result<Project> {
    let mut query = dsl::projects
        .find(id)
        .select(ProjectRow::as_select())
        .into_boxed();
    if let Some(condition) = reach::projects(reach) {
        query = query.filter(condition);
    }
    let found = query.get_result(db).optional()?;
    found.ok_or_else(missing)?.read()
}

/// Finds a project and locks it until the transaction ends.
pub fn find_for_update(db: &mut Db, reach: &Reach, id: Id) -> Result<Project> {
    lock(db, &format!("project/{id}"))?;
    find(db, reach, id)
}

type Query<'a> = projects::BoxedQuery<
    'a,
    crate::db::Backend,
    diesel::dsl::SqlTypeOf<diesel::dsl::AsSelect<ProjectRow, crate::db::Backend>>,
>;

fn filtered<'a>(reach: &Reach, filter: &'a ProjectFilter) -> Query<'a> {
    let mut query = dsl::projects.select(ProjectRow::as_select()).into_boxed();
    if let Some(condition) = reach::projects(reach) {
        query = query.filter(condition);
    }
    if let Some(Several(ids)) = &filter.ids {
        query = query.filter(dsl::id.eq_any(ids));
    }
    if let Some(statuses) = &filter.status {
        query = with_codes!(query, dsl::status, statuses);
    }
    if let Some(kinds) = &filter.kind {
        query = with_codes!(query, dsl::kind, kinds);
    }
    if let Some(id) = filter.organization_id {
        query = query.filter(dsl::organization_id.eq(id));
    }
    if let Some(id) = filter.worker_id {
        query = query.filter(reach::projects_with(reach, id));
    }
    if let Some(area) = &filter.area {
        query = query.filter(dsl::area.eq_any(with_wards(area)));
    }
    if let Some(year) = filter.fiscal_year {
        query = query.filter(dsl::fiscal_year.eq(year));
    }
    query
}

pub fn list(db: &mut Db, reach: &Reach, filter: &ProjectFilter) -> Result<Page<Project>> {
    let limit = page::limit_of_ids(filter.limit, &filter.ids)?;
    let cursor = Cursor::decode(filter.cursor.as_deref(), filter.sort.code())?;
    let first = cursor.as_ref().map(|cursor| cursor.id);
    let query = filtered(reach, filter);
    let query = match filter.sort {
        ProjectSort::Created => keyset!(query, first, dsl::id, ascending),
        ProjectSort::CreatedDescending => keyset!(query, first, dsl::id, descending),
    };
    let rows = query.limit(limit + 1).load(db)?;
    let found: Result<Vec<Project>> = rows.into_iter().map(ProjectRow::read).collect();
    let page = Page::of(found?, limit, |last: &Project| Cursor {
        sort: filter.sort.code().to_owned(),
        value: String::new(),
        id: last.id,
    });
    page.of_whole(filter.count, &filter.ids, || {
        let all = filtered(reach, filter).select(dsl::id).limit(page::COUNTED);
        Ok(all.load(db)?)
    })
}

/// Lists the accompaniments within the reach of some fiscal years, by year and area.
pub fn accompaniments(
    db: &mut Db,
    reach: &Reach,
    (from, to): (i32, i32),
    without: Option<&str>,
    limit: i64,
) -> Result<Vec<Project>> {
    let mut query = dsl::projects
        .filter(dsl::kind.eq(ProjectKind::Accompaniment.code()))
        .filter(dsl::fiscal_year.between(from, to))
        .order((dsl::fiscal_year, dsl::area, dsl::id))
        .limit(limit)
        .select(ProjectRow::as_select())
        .into_boxed();
    if let Some(source) = without {
        query = query.filter(dsl::source.is_null().or(dsl::source.ne(source)));
    }
    if let Some(condition) = reach::projects(reach) {
        query = query.filter(condition);
    }
    query.load(db)?.into_iter().map(ProjectRow::read).collect()
}

/// Inserts a project. Returns what to log.
pub fn insert_unlogged(db: &mut Db, project: &Project) -> Result<Change> {
    diesel::insert_into(projects::table)
        .values(ProjectRow::of(project))
        .execute(db)
        .map_err(|error| on_duplicate(error, duplicate_external_id))?;
    Ok(change(project, Action::Created))
}

/// Deletes a project with its work and its history. Returns what to log.
pub fn delete(db: &mut Db, project: &Project) -> Result<Change> {
    diesel::delete(dsl::projects.find(project.id)).execute(db)?;
    let version = project.version + 1;
    Ok(Change::new(
        Subject::Project,
        project.id,
        Action::Deleted,
        version,
    ))
}

/// Returns the ids of accompaniments within the reach that have this external id in one of these sources.
pub fn known(db: &mut Db, reach: &Reach, sources: &[String], external_id: &str) -> Result<Vec<Id>> {
    let mut query = dsl::projects
        .filter(dsl::source.eq_any(sources))
        .filter(dsl::external_id.eq(external_id))
        .select(dsl::id)
        .into_boxed();
    if let Some(condition) = reach::projects(reach) {
        query = query.filter(condition);
    }
    Ok(query.load(db)?)
}

/// Returns the versions of projects.
pub fn versions(db: &mut Db, ids: &[Id]) -> Result<HashMap<Id, i64>> {
    let mut found = HashMap::new();
    for ids in ids.chunks(BATCH) {
        let some = dsl::projects.filter(dsl::id.eq_any(ids));
        found.extend(some.select((dsl::id, dsl::version)).load::<(Id, i64)>(db)?);
    }
    Ok(found)
}

fn duplicate_external_id() -> Error {
    Error::Conflict {
        code: "duplicate_external_id",
        detail: Text::new(
            "同じ出所とIDの伴走支援が登録されています。",
            "Another accompaniment has this external id in this source.",
        ),
    }
}

/// Writes the next version of a project. Returns what to log.
pub fn update_unlogged(db: &mut Db, project: &Project) -> Result<Change> {
    let (id, before, row) = (project.id, project.version - 1, ProjectRow::of(project));
    update_version!(db, projects, key: id, before: before, set: row, missing: missing())?;
    Ok(change(project, Action::Updated))
}

fn change(project: &Project, action: Action) -> Change {
    Change::new(Subject::Project, project.id, action, project.version)
}

/// Looks up projects.
pub fn load_some(db: &mut Db, ids: &[Id]) -> Result<Vec<Project>> {
    let rows = dsl::projects
        .filter(dsl::id.eq_any(ids))
        .select(ProjectRow::as_select());
    rows.load(db)?.into_iter().map(ProjectRow::read).collect()
}

type MemberColumns = (
    Id,
    Id,
    Option<Id>,
    String,
    Instant,
    Option<Instant>,
    Option<String>,
);

/// Lists the members of projects within the reach whom the caller may know of, in the order of joining. With `present`, only
/// those who are in the team.
pub fn members(db: &mut Db, reach: &Reach, projects: &[Id], present: bool) -> Result<Vec<Member>> {
    let mut query = m::project_members
        .filter(m::project_id.eq_any(projects))
        .order((m::joined_at, m::application_id))
        .select((
            m::application_id,
            m::project_id,
            m::worker_id,
            m::role,
            m::joined_at,
            m::left_at,
            m::reason,
        ))
        .into_boxed();
    if present {
        query = query.filter(m::left_at.is_null());
    }
    if let Some(condition) = reach::project_members(reach) {
        query = query.filter(condition);
    }
    let member =
        |(application_id, project_id, worker_id, role, joined_at, left_at, reason): MemberColumns| Member {
            application_id,
            project_id,
            worker_id,
            alias: None,
            role: role.into(),
            joined_at,
            left_at,
            reason,
        };
    Ok(query.load::<MemberColumns>(db)?.into_iter().map(member).collect())
}

pub fn insert_member(db: &mut Db, member: &Member) -> Result<()> {
    diesel::insert_into(project_members::table)
        .values((
            m::application_id.eq(member.application_id),
            m::project_id.eq(member.project_id),
            m::worker_id.eq(member.worker_id),
            m::role.eq(member.role.as_str()),
            m::joined_at.eq(member.joined_at),
            m::left_at.eq(member.left_at),
            m::reason.eq(member.reason.as_deref()),
        ))
        .execute(db)?;
    Ok(())
}

/// Returns whether an application has led to a membership.
pub fn has_joined(db: &mut Db, application: Id) -> Result<bool> {
    let own = m::project_members.find(application).select(m::project_id);
    Ok(own.first::<Id>(db).optional()?.is_some())
}

pub fn delete_member(db: &mut Db, application: Id) -> Result<()> {
    diesel::delete(m::project_members.find(application)).execute(db)?;
    Ok(())
}

/// Writes when and why a member left.
pub fn end_membership(db: &mut Db, application: Id, left_at: Instant, reason: Option<&str>) -> Result<()> {
    diesel::update(m::project_members.find(application))
        .set((m::left_at.eq(Some(left_at)), m::reason.eq(reason)))
        .execute(db)?;
    Ok(())
}

/// Lists the projects that lack a member (`vacant`) or that were delivered and aren't closed, oldest first.
pub fn waiting(
    db: &mut Db,
    reach: &Reach,
    vacant: bool,
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<Project>> {
    let mut query = dsl::projects
        .select(ProjectRow::as_select())
        .order(dsl::id)
        .limit(limit)
        .into_boxed();
    query = match vacant {
        true => query.filter(dsl::vacant_since.is_not_null()),
        false => query.filter(dsl::status.eq("delivered")),
    };
    if let Some(condition) = reach::own_projects(reach) {
        query = query.filter(condition);
    }
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    query.load(db)?.into_iter().map(ProjectRow::read).collect()
}

/// Clears a person's name from teams. That somebody was there stays.
pub fn forget_memberships(db: &mut Db, worker: Id) -> Result<()> {
    diesel::update(m::project_members.filter(m::worker_id.eq(worker)))
        .set(m::worker_id.eq(None::<Id>))
        .execute(db)?;
    Ok(())
}

/// Returns a person's memberships for their export, oldest first.
pub fn memberships(db: &mut Db, worker: Id, part: Part) -> Result<Vec<(Id, MembershipRecord)>> {
    type Row = (Id, Id, String, Instant, Option<Instant>, Option<String>);
    let own = m::project_members
        .filter(m::worker_id.eq(worker))
        .filter(m::application_id.gt(part.after))
        .order(m::application_id)
        .limit(part.limit);
    let columns = (
        m::application_id,
        m::project_id,
        m::role,
        m::joined_at,
        m::left_at,
        m::reason,
    );
    let record = |(application, project_id, role, joined_at, left_at, reason): Row| {
        let record = MembershipRecord {
            project_id,
            role,
            joined_at,
            left_at,
            reason,
        };
        (application, record)
    };
    let rows = own.select(columns).load::<Row>(db)?;
    Ok(rows.into_iter().map(record).collect())
}
