//! SQL of deliverables.

use super::{Deliverable, DeliverableFilter, DeliverableSort, DeliverableStatus, NewDeliverable, Provenance};
use crate::auth::Reach;
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::{
    deliverable_organizations, deliverable_roles, deliverable_skills, deliverables, diffused_deliverables,
    organizations,
};
use crate::db::{BATCH, Db, Doc, Id, Instant, keyset, lock, on, search};
use crate::error::{Error, Result, Text};
use crate::http::page;
use crate::http::{Cursor, Page};
use crate::reach::store as reach;
use crate::workers::is_demo;
use deliverables::dsl;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

/// What is kept as JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    request: NewDeliverable,
    provenance: Option<Provenance>,
}

type Columns = (Id, Doc<Kept>, String, i32, Option<Instant>, i64, Instant, Instant);
type Selected = (
    dsl::id,
    dsl::request,
    dsl::family,
    dsl::fiscal_year,
    dsl::archived_at,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);
const COLUMNS: Selected = (
    dsl::id,
    dsl::request,
    dsl::family,
    dsl::fiscal_year,
    dsl::archived_at,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);

fn deliverable(columns: Columns) -> Deliverable {
    let (id, Doc(kept), family, fiscal_year, archived_at, version, created_at, updated_at) = columns;
    let Kept { request, provenance } = kept;
    let demo = is_demo(request.source.as_deref());
    Deliverable {
        id,
        request,
        family,
        fiscal_year,
        provenance,
        demo,
        archived_at,
        version,
        created_at,
        updated_at,
    }
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = deliverables, treat_none_as_default_value = false, treat_none_as_null = true)]
struct Row<'a> {
    id: Id,
    organization_id: Id,
    deliverable_type: &'a str,
    family: &'a str,
    format: &'static str,
    status: &'static str,
    fiscal_year: i32,
    area: &'a str,
    source: Option<&'a str>,
    external_id: Option<&'a str>,
    request: Doc<Kept>,
    grams: String,
    archived_at: Option<Instant>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

impl<'a> Row<'a> {
    fn of(deliverable: &'a Deliverable) -> Row<'a> {
        let request = &deliverable.request;
        let texts = std::iter::once(request.title.as_str()).chain(request.trouble.as_deref());
        Row {
            id: deliverable.id,
            organization_id: request.organization_id,
            deliverable_type: &request.type_,
            family: &deliverable.family,
            format: deliverable.format().code(),
            status: request.status.code(),
            fiscal_year: deliverable.fiscal_year,
            area: request.area.as_deref().unwrap_or_default(),
            source: request.source.as_deref(),
            external_id: request.external_id.as_deref(),
            request: Doc(Kept {
                request: request.clone(),
                provenance: deliverable.provenance.clone(),
            }),
            grams: text::grams(texts),
            archived_at: deliverable.archived_at,
            version: deliverable.version,
            created_at: deliverable.created_at,
            updated_at: deliverable.updated_at,
        }
    }
}

fn missing() -> Error {
    Error::not_found("支援内容", "deliverable")
}

/// Only within the reach: beyond it, nothing is there.
pub fn find(db: &mut Db, reach: &Reach, id: Id, include_archived: bool) -> Result<Deliverable> {
    let mut query = dsl::deliverables.find(id).select(COLUMNS).into_boxed();
    if let Some(condition) = reach::deliverables(reach) {
        query = query.filter(condition);
    }
    if !include_archived {
        query = query.filter(dsl::archived_at.is_null());
    }
    query
        .first::<Columns>(db)
        .optional()?
        .map(deliverable)
        .ok_or_else(missing)
}

/// To change it: nobody else does so until the transaction ends.
pub fn find_to_change(db: &mut Db, reach: &Reach, id: Id) -> Result<Deliverable> {
    lock(db, &format!("deliverable/{id}"))?;
    find(db, reach, id, false)
}

/// The external ids of a source that are there already.
pub fn external_ids(db: &mut Db, source: &str) -> Result<Vec<String>> {
    let of_source = dsl::deliverables
        .filter(dsl::source.eq(source))
        .select(dsl::external_id);
    Ok(of_source
        .load::<Option<String>>(db)?
        .into_iter()
        .flatten()
        .collect())
}

/// Those of the ids that are there, for the match index.
pub fn load_some(db: &mut Db, ids: &[Id]) -> Result<Vec<Deliverable>> {
    let mut found = Vec::new();
    for ids in ids.chunks(BATCH) {
        let rows = dsl::deliverables
            .filter(dsl::id.eq_any(ids))
            .select(COLUMNS)
            .load::<Columns>(db)?;
        found.extend(rows.into_iter().map(deliverable));
    }
    Ok(found)
}

/// Those of a source's external ids that are there and not archived: external id, id and version.
pub fn known(db: &mut Db, source: &str, external_ids: &[&str]) -> Result<Vec<(String, Id, i64)>> {
    let mut found = Vec::new();
    for external_ids in external_ids.chunks(BATCH) {
        let of_source = dsl::deliverables
            .filter(dsl::source.eq(source))
            .filter(dsl::external_id.eq_any(external_ids))
            .filter(dsl::archived_at.is_null());
        found.extend(
            of_source
                .select((dsl::external_id.assume_not_null(), dsl::id, dsl::version))
                .load(db)?,
        );
    }
    Ok(found)
}

/// Those of a source that are not archived and come after an id, some at a time.
pub fn of_source(db: &mut Db, source: &str, after: Option<Id>) -> Result<Vec<Deliverable>> {
    let of_source = dsl::deliverables
        .filter(dsl::source.eq(source))
        .filter(dsl::archived_at.is_null());
    let mut query = of_source.select(COLUMNS).into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    let rows = query.order(dsl::id).limit(BATCH as i64).load::<Columns>(db)?;
    Ok(rows.into_iter().map(deliverable).collect())
}

/// All that workers may apply for, for the match index.
pub fn load_open(db: &mut Db) -> Result<Vec<Deliverable>> {
    let open = dsl::deliverables.filter(dsl::status.eq(DeliverableStatus::Open.code()));
    let rows = open
        .filter(dsl::archived_at.is_null())
        .order(dsl::id)
        .select(COLUMNS)
        .load::<Columns>(db)?;
    Ok(rows.into_iter().map(deliverable).collect())
}

pub fn list(db: &mut Db, reach: &Reach, filter: &DeliverableFilter) -> Result<Page<Deliverable>> {
    let (limit, sort) = (page::limit(filter.limit)?, filter.sort);
    let rows = query(db, reach, filter)?.limit(limit + 1).load::<Columns>(db)?;
    Ok(Page::of(
        rows.into_iter().map(deliverable).collect(),
        limit,
        |last: &Deliverable| {
            use DeliverableSort::*;
            let value = match sort {
                Created | CreatedDescending => String::new(),
                Updated | UpdatedDescending => last.updated_at.to_string(),
                FiscalYear | FiscalYearDescending => last.fiscal_year.to_string(),
            };
            Cursor {
                sort: sort.code().to_owned(),
                value,
                id: last.id,
            }
        },
    ))
}

type Query<'a> = deliverables::BoxedQuery<'a, crate::db::Backend, diesel::dsl::SqlTypeOf<Selected>>;

/// The list's query, before its limit.
pub fn query<'a>(db: &Db, reach: &Reach, filter: &'a DeliverableFilter) -> Result<Query<'a>> {
    use DeliverableSort::*;
    let cursor = Cursor::decode(filter.cursor.as_deref(), filter.sort.code())?;
    let mut query = dsl::deliverables.select(COLUMNS).into_boxed();
    if !filter.include_archived {
        query = query.filter(dsl::archived_at.is_null());
    }
    if let Some(condition) = reach::deliverables(reach) {
        query = query.filter(condition);
    }
    if let Some(area) = &filter.area {
        query = query.filter(dsl::area.eq(area));
    }
    if let Some(status) = filter.status {
        query = query.filter(dsl::status.eq(status.code()));
    }
    if let Some(code) = &filter.type_ {
        query = query.filter(dsl::deliverable_type.eq(code));
    }
    if let Some(family) = &filter.family {
        query = query.filter(dsl::family.eq(family));
    }
    if let Some(format) = filter.format {
        query = query.filter(dsl::format.eq(format.code()));
    }
    if let Some(year) = filter.fiscal_year {
        query = query.filter(dsl::fiscal_year.eq(year));
    }
    if let Some(id) = filter.organization_id {
        use deliverable_organizations as joint;
        // With those of records that were merged into this one.
        macro_rules! records {
            () => {
                organizations::table
                    .filter(
                        organizations::id
                            .eq(id)
                            .or(organizations::merged_into.eq(id)),
                    )
                    .select(organizations::id)
            };
        }
        let jointly = joint::table
            .filter(joint::organization_id.eq_any(records!()))
            .select(joint::deliverable_id);
        let asked = dsl::organization_id.eq_any(records!());
        query = query.filter(asked.or(dsl::id.eq_any(jointly)));
    }
    if let Some(role) = &filter.role {
        use deliverable_roles as roles;
        query = query.filter(
            dsl::id.eq_any(
                roles::table
                    .filter(roles::role.eq(role))
                    .select(roles::deliverable_id),
            ),
        );
    }
    if let Some(skill) = &filter.skill {
        use deliverable_skills as skills;
        let asking = skills::table
            .filter(skills::skill.eq(skill))
            .select(skills::deliverable_id);
        query = query.filter(dsl::id.eq_any(asking));
    }
    for condition in search::conditions(
        db,
        "deliverables",
        &["grams"],
        filter.q.as_deref().unwrap_or_default(),
    ) {
        query = query.filter(condition);
    }
    let first = cursor.as_ref().map(|c| c.id);
    Ok(match filter.sort {
        Created => keyset!(query, first, dsl::id, ascending),
        CreatedDescending => keyset!(query, first, dsl::id, descending),
        Updated => keyset!(
            query,
            page::after(&cursor, Instant::parse)?,
            dsl::updated_at,
            dsl::id,
            ascending
        ),
        UpdatedDescending => keyset!(
            query,
            page::after(&cursor, Instant::parse)?,
            dsl::updated_at,
            dsl::id,
            descending
        ),
        FiscalYear => keyset!(
            query,
            page::after(&cursor, |v| v.parse::<i32>().ok())?,
            dsl::fiscal_year,
            dsl::id,
            ascending
        ),
        FiscalYearDescending => keyset!(
            query,
            page::after(&cursor, |v| v.parse::<i32>().ok())?,
            dsl::fiscal_year,
            dsl::id,
            descending
        ),
    })
}

pub fn insert(db: &mut Db, actor: &str, deliverable: &Deliverable) -> Result<()> {
    diesel::insert_into(deliverables::table)
        .values(Row::of(deliverable))
        .execute(db)
        .map_err(conflict)?;
    write_parts(db, deliverable)?;
    log(db, actor, deliverable, Action::Created)
}

/// Writes the next version of a deliverable.
pub fn update(db: &mut Db, actor: &str, deliverable: &Deliverable, action: Action) -> Result<()> {
    let id = deliverable.id;
    let before = dsl::deliverables
        .find(id)
        .filter(dsl::version.eq(deliverable.version - 1));
    if diesel::update(before)
        .set(Row::of(deliverable))
        .execute(db)
        .map_err(conflict)?
        == 0
    {
        return Err(Error::PreconditionFailed {
            current: find(db, &Reach::Everything, id, true)?.version,
        });
    }
    diesel::delete(deliverable_organizations::table.filter(deliverable_organizations::deliverable_id.eq(id)))
        .execute(db)?;
    diesel::delete(deliverable_roles::table.filter(deliverable_roles::deliverable_id.eq(id))).execute(db)?;
    diesel::delete(deliverable_skills::table.filter(deliverable_skills::deliverable_id.eq(id)))
        .execute(db)?;
    diesel::delete(diffused_deliverables::table.find(id)).execute(db)?;
    write_parts(db, deliverable)?;
    log(db, actor, deliverable, action)
}

fn write_parts(db: &mut Db, deliverable: &Deliverable) -> Result<()> {
    use {deliverable_organizations as joint, deliverable_roles as r, deliverable_skills as s};
    let id = deliverable.id;
    let (roles, skills) = deliverable.roles_and_skills();
    let others = deliverable.request.joint_organization_ids.iter();
    let others: Vec<_> = others
        .map(|o| (joint::deliverable_id.eq(id), joint::organization_id.eq(*o)))
        .collect();
    let roles: Vec<_> = roles
        .into_iter()
        .map(|role| (r::deliverable_id.eq(id), r::role.eq(role)))
        .collect();
    let skills: Vec<_> = skills
        .into_iter()
        .map(|skill| (s::deliverable_id.eq(id), s::skill.eq(skill)))
        .collect();
    if deliverable.request.diffused {
        let row = diffused_deliverables::deliverable_id.eq(id);
        diesel::insert_into(diffused_deliverables::table)
            .values(row)
            .execute(db)?;
    }
    on!(db, |c| diesel::insert_into(joint::table)
        .values(&others)
        .execute(c))?;
    on!(db, |c| diesel::insert_into(r::table).values(&roles).execute(c))?;
    on!(db, |c| diesel::insert_into(s::table).values(&skills).execute(c))?;
    Ok(())
}

fn log(db: &mut Db, actor: &str, deliverable: &Deliverable, action: Action) -> Result<()> {
    let change = Change::new(Subject::Deliverable, deliverable.id, action, deliverable.version);
    changes::store::append(db, actor, &[change])
}

fn conflict(error: diesel::result::Error) -> Error {
    match Error::from(error) {
        Error::Conflict { .. } => Error::Conflict {
            code: "duplicate_external_id",
            detail: Text::new(
                "同じ source と external_id の支援内容があります。",
                "A deliverable with this source and external id exists already.",
            ),
        },
        other => other,
    }
}
