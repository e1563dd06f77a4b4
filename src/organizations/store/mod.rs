//! SQL of organizations. `names` finds them by name or 法人番号.

mod names;

pub use names::{OrganizationLabel, find_by_corporate_numbers, find_by_name, labels, published_names};

use super::{NewOrganization, Organization, OrganizationFilter, OrganizationSort};
use crate::auth::Reach;
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::organizations;
use crate::db::search::Condition;
use crate::db::{
    BATCH, Db, Doc, Id, Instant, KnownRecord, keyset, lock, on_duplicate, search, update_version,
};
use crate::error::{Error, Result, Text};
use crate::http::page;
use crate::http::query::{Several, with_codes};
use crate::http::{Cursor, Page};
use crate::reach::store as reach;
use crate::values::with_wards;
use diesel::prelude::*;
use organizations::dsl;
use std::collections::BTreeSet;

type Columns = (
    Id,
    Doc<NewOrganization>,
    Option<Instant>,
    Option<Id>,
    i64,
    Instant,
    Instant,
);
type Selected = (
    dsl::id,
    dsl::profile,
    dsl::archived_at,
    dsl::merged_into,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);
const COLUMNS: Selected = (
    dsl::id,
    dsl::profile,
    dsl::archived_at,
    dsl::merged_into,
    dsl::version,
    dsl::created_at,
    dsl::updated_at,
);

fn to_organization(columns: Columns) -> Organization {
    let (id, Doc(details), archived_at, merged_into, version, created_at, updated_at) = columns;
    Organization {
        id,
        details,
        archived_at,
        merged_into,
        version,
        created_at,
        updated_at,
    }
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = organizations, treat_none_as_default_value = false, treat_none_as_null = true)]
struct OrganizationRow<'a> {
    id: Id,
    name: &'a str,
    kind: &'static str,
    area: &'a str,
    status: &'static str,
    corporate_number: Option<&'a str>,
    source: Option<&'a str>,
    external_id: Option<&'a str>,
    profile: Doc<NewOrganization>,
    grams: String,
    archived_at: Option<Instant>,
    merged_into: Option<Id>,
    open_data: bool,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

impl<'a> OrganizationRow<'a> {
    fn of(organization: &'a Organization) -> OrganizationRow<'a> {
        let Organization {
            id,
            details,
            archived_at,
            merged_into,
            version,
            created_at,
            updated_at,
        } = organization;
        let texts = [Some(&details.name), details.kana.as_ref()]
            .into_iter()
            .flatten()
            .chain(&details.aliases);
        OrganizationRow {
            id: *id,
            name: &details.name,
            kind: details.kind.code(),
            area: &details.area,
            status: details.status.code(),
            corporate_number: details.corporate_number.as_deref(),
            source: details.source.as_deref(),
            external_id: details.external_id.as_deref(),
            profile: Doc(details.clone()),
            grams: text::grams(texts.map(String::as_str)),
            archived_at: *archived_at,
            merged_into: *merged_into,
            open_data: details.open_data,
            version: *version,
            created_at: *created_at,
            updated_at: *updated_at,
        }
    }
}

pub fn missing() -> Error {
    Error::not_found("団体", "organization")
}

/// Finds an organization within the reach.
pub fn find(db: &mut Db, reach: &Reach, id: Id, include_archived: bool) -> Result<Organization> {
    let mut query = dsl::organizations.find(id).select(COLUMNS).into_boxed();
    if let Some(condition) = reach::organizations(reach) {
        query = query.filter(condition);
    }
    if !include_archived {
        query = query.filter(dsl::archived_at.is_null());
    }
    query
        .get_result::<Columns>(db)
        .optional()?
        .map(to_organization)
        .ok_or_else(missing)
}

/// Finds an organization to change, and locks it until the transaction ends.
pub fn find_to_change(db: &mut Db, reach: &Reach, id: Id, include_archived: bool) -> Result<Organization> {
    lock(db, &format!("organization/{id}"))?;
    find(db, reach, id, include_archived)
}

/// Returns those of the ids that exist and are not archived.
pub fn existing(db: &mut Db, ids: &[Id]) -> Result<BTreeSet<Id>> {
    let found = dsl::organizations
        .filter(dsl::id.eq_any(ids))
        .filter(dsl::archived_at.is_null());
    Ok(found.select(dsl::id).load::<Id>(db)?.into_iter().collect())
}

/// Lists all organizations, archived ones too.
pub fn load_all(db: &mut Db) -> Result<Vec<Organization>> {
    let rows = dsl::organizations.order(dsl::id).select(COLUMNS);
    Ok(rows
        .load::<Columns>(db)?
        .into_iter()
        .map(to_organization)
        .collect())
}

/// Lists the organizations with these ids that are not archived.
pub fn load_some(db: &mut Db, ids: &[Id]) -> Result<Vec<Organization>> {
    let mut found = load_archived_too(db, ids)?;
    found.retain(|organization| organization.archived_at.is_none());
    Ok(found)
}

/// Lists the organizations with these ids, archived ones too.
pub fn load_archived_too(db: &mut Db, ids: &[Id]) -> Result<Vec<Organization>> {
    let mut found = Vec::new();
    for ids in ids.chunks(BATCH) {
        let rows = dsl::organizations.filter(dsl::id.eq_any(ids)).select(COLUMNS);
        found.extend(rows.load::<Columns>(db)?.into_iter().map(to_organization));
    }
    Ok(found)
}

/// Looks up external ids of a source. Returns external id, id, version and area of those that are not archived.
pub fn known(db: &mut Db, source: &str, external_ids: &[&str]) -> Result<Vec<KnownRecord>> {
    let mut found = Vec::new();
    for external_ids in external_ids.chunks(BATCH) {
        let of_source = dsl::organizations
            .filter(dsl::source.eq(source))
            .filter(dsl::external_id.eq_any(external_ids))
            .filter(dsl::archived_at.is_null());
        found.extend(
            of_source
                .select((
                    dsl::external_id.assume_not_null(),
                    dsl::id,
                    dsl::version,
                    dsl::area.nullable(),
                ))
                .load(db)?,
        );
    }
    Ok(found)
}

/// Lists the organizations of these sources after an id that are not archived, up to [`BATCH`].
pub fn of_source(db: &mut Db, sources: &[String], after: Option<Id>) -> Result<Vec<Organization>> {
    let of_source = dsl::organizations
        .filter(dsl::source.eq_any(sources))
        .filter(dsl::archived_at.is_null());
    let mut query = of_source.select(COLUMNS).into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    let rows = query.order(dsl::id).limit(BATCH as i64).load::<Columns>(db)?;
    Ok(rows.into_iter().map(to_organization).collect())
}

/// Finds an organization within the reach by its id in another system, unless it is archived: under the source of this
/// area, else under the source itself, else under that of another area of the caller's.
pub fn find_external(
    db: &mut Db,
    reach: &Reach,
    source: &str,
    external_id: &str,
    area: &str,
) -> Result<Option<Organization>> {
    let mut query = dsl::organizations
        .filter(dsl::source.eq_any(reach.sources(source)))
        .filter(dsl::external_id.eq(external_id))
        .filter(dsl::archived_at.is_null())
        .select(COLUMNS)
        .into_boxed();
    if let Some(condition) = reach::organizations(reach) {
        query = query.filter(condition);
    }
    let found = query.order(dsl::id).load::<Columns>(db)?;
    let preferred = reach.own_source(source, area);
    Ok(found.into_iter().map(to_organization).min_by_key(|one| {
        let own = one.details.source.as_deref();
        (own != Some(&preferred), own != Some(source))
    }))
}

/// Makes the grams and the keys of the names of organizations after an id again. Returns the last id, or `None` at the end.
pub fn refresh_grams(db: &mut Db, after: Option<Id>) -> Result<Option<Id>> {
    let mut query = dsl::organizations.select(COLUMNS).into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    let rows = query.order(dsl::id).limit(BATCH as i64).load::<Columns>(db)?;
    let organizations: Vec<Organization> = rows.into_iter().map(to_organization).collect();
    for one in &organizations {
        let grams = dsl::grams.eq(OrganizationRow::of(one).grams);
        // What somebody writes meanwhile has its grams and names already.
        let unchanged = diesel::update(dsl::organizations.find(one.id)).filter(dsl::version.eq(one.version));
        if unchanged.set(grams).execute(db)? == 1 {
            names::replace(db, one)?;
        }
    }
    Ok(organizations.last().map(|one| one.id))
}

/// Returns the condition that a column has the id of an organization whose names contain the word. `end` closes what
/// `column` begins.
pub fn is_named<T: 'static>(db: &Db, column: &str, end: &str, word: &search::Word) -> Condition<T> {
    let begin = format!("{column} IN (SELECT organizations.id FROM organizations WHERE ");
    search::within(db, &begin, &format!("){end}"), "organizations", &["grams"], word)
}

type Query<'a> = organizations::BoxedQuery<'a, crate::db::Backend, diesel::dsl::SqlTypeOf<Selected>>;

/// Returns the query of everything that passes a filter.
fn filtered<'a>(db: &Db, reach: &Reach, filter: &'a OrganizationFilter) -> Query<'a> {
    let mut query = dsl::organizations.select(COLUMNS).into_boxed();
    if !filter.include_archived {
        query = query
            .filter(dsl::archived_at.is_null())
            .filter(dsl::merged_into.is_null());
    }
    if let Some(condition) = reach::organizations(reach) {
        query = query.filter(condition);
    }
    if let Some(Several(ids)) = &filter.ids {
        query = query.filter(dsl::id.eq_any(ids));
    }
    if let Some(area) = &filter.area {
        query = query.filter(dsl::area.eq_any(with_wards(area)));
    }
    if let Some(kinds) = &filter.kind {
        query = with_codes!(query, dsl::kind, kinds);
    }
    if let Some(statuses) = &filter.status {
        query = with_codes!(query, dsl::status, statuses);
    }
    for condition in search::conditions(
        db,
        "organizations",
        &["grams"],
        filter.q.as_deref().unwrap_or_default(),
    ) {
        query = query.filter(condition);
    }
    query
}

/// Lists organizations within the reach.
pub fn list(db: &mut Db, reach: &Reach, filter: &OrganizationFilter) -> Result<Page<Organization>> {
    use OrganizationSort::*;
    let limit = page::limit_of_ids(filter.limit, &filter.ids)?;
    let sort = filter.sort;
    let cursor = Cursor::decode(filter.cursor.as_deref(), sort.code())?;
    let query = filtered(db, reach, filter);
    let first = cursor.as_ref().map(|c| c.id);
    let query = match sort {
        Created => keyset!(query, first, dsl::id, ascending),
        CreatedDescending => keyset!(query, first, dsl::id, descending),
        Name => keyset!(
            query,
            page::after(&cursor, |v| Some(v.to_owned()))?,
            dsl::name,
            dsl::id,
            ascending
        ),
        NameDescending => keyset!(
            query,
            page::after(&cursor, |v| Some(v.to_owned()))?,
            dsl::name,
            dsl::id,
            descending
        ),
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
    };
    let rows = query
        .limit(limit + 1)
        .load::<Columns>(db)?
        .into_iter()
        .map(to_organization)
        .collect();
    let page = Page::of(rows, limit, |last: &Organization| {
        let value = match sort {
            Created | CreatedDescending => String::new(),
            Name | NameDescending => last.details.name.clone(),
            Updated | UpdatedDescending => last.updated_at.to_string(),
        };
        Cursor {
            sort: sort.code().to_owned(),
            value,
            id: last.id,
        }
    });
    page.of_whole(filter.count, &filter.ids, || {
        let all = filtered(db, reach, filter).select(dsl::id).limit(page::COUNTED);
        Ok(all.load(db)?)
    })
}

/// Lists the organizations of an area after an id that are not archived, up to [`BATCH`].
pub fn of_area(db: &mut Db, area: &str, after: Option<Id>) -> Result<Vec<Organization>> {
    let of_area = dsl::organizations
        .filter(dsl::area.eq(area))
        .filter(dsl::archived_at.is_null());
    let mut query = of_area.select(COLUMNS).into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    let rows = query.order(dsl::id).limit(BATCH as i64).load::<Columns>(db)?;
    Ok(rows.into_iter().map(to_organization).collect())
}

/// Inserts an organization, and logs it.
pub fn insert(db: &mut Db, actor: &str, organization: &Organization) -> Result<()> {
    let change = insert_unlogged(db, organization)?;
    changes::store::append(db, actor, &[change])
}

/// Inserts an organization. Returns what to log.
pub fn insert_unlogged(db: &mut Db, organization: &Organization) -> Result<Change> {
    diesel::insert_into(organizations::table)
        .values(OrganizationRow::of(organization))
        .execute(db)
        .map_err(|e| on_duplicate(e, duplicate))?;
    names::insert(db, organization)?;
    Ok(change(organization, Action::Created))
}

/// Writes the next version of an organization, and logs it.
pub fn update(db: &mut Db, actor: &str, organization: &Organization, action: Action) -> Result<()> {
    let change = update_unlogged(db, organization, action)?;
    changes::store::append(db, actor, &[change])
}

/// Writes the next version of an organization. Returns what to log.
pub fn update_unlogged(db: &mut Db, organization: &Organization, action: Action) -> Result<Change> {
    update_version!(db, organizations, key: organization.id, before: organization.version - 1,
        set: OrganizationRow::of(organization), missing: missing())
    .map_err(|e| on_duplicate(e, duplicate))?;
    names::replace(db, organization)?;
    Ok(change(organization, action))
}

/// Finds the record that an organization is merged into, and locks the organization until the transaction
/// ends.
pub fn merged_into(db: &mut Db, id: Id) -> Result<Option<Id>> {
    lock(db, &format!("organization/{id}"))?;
    let into = dsl::organizations.find(id).select(dsl::merged_into);
    into.get_result(db).optional()?.ok_or_else(missing)
}

/// Returns whether any other record than these is merged into this organization.
pub fn has_merged(db: &mut Db, id: Id, except: &[Id]) -> Result<bool> {
    let merged = dsl::organizations
        .filter(dsl::merged_into.eq(id))
        .filter(dsl::id.ne_all(except));
    Ok(merged.select(dsl::id).first::<Id>(db).optional()?.is_some())
}

/// Merges an organization into another record, or undoes that. Returns the change to log.
pub fn merge(db: &mut Db, id: Id, into: Option<Id>, now: Instant) -> Result<Change> {
    let merged = (
        dsl::merged_into.eq(into),
        dsl::version.eq(dsl::version + 1),
        dsl::updated_at.eq(now),
    );
    diesel::update(dsl::organizations.find(id))
        .set(merged)
        .execute(db)?;
    let version = dsl::organizations.find(id).select(dsl::version).get_result(db)?;
    Ok(Change::new(Subject::Organization, id, Action::Updated, version))
}

fn change(organization: &Organization, action: Action) -> Change {
    Change::new(
        Subject::Organization,
        organization.id,
        action,
        organization.version,
    )
}

pub fn duplicate() -> Error {
    Error::Conflict {
        code: "duplicate_organization",
        detail: Text::new(
            "同じ法人番号、または同じ source と external_id の団体がすでに登録されています。どの団体か分からない場合は、事務局にお問い合わせください。",
            "Another organization already has this corporate number, or this source and external id. If you can't find it, ask the secretariat.",
        ),
    }
}

/// Lists the ids of an organization and of the records that are merged into it.
pub fn records_of(db: &mut Db, id: Id) -> Result<Vec<Id>> {
    let records = dsl::organizations.filter(dsl::id.eq(id).or(dsl::merged_into.eq(id)));
    Ok(records.select(dsl::id).load(db)?)
}

/// Returns whether a deliverable of the organization, its own or one that it has joined, is submitted, open or being
/// worked on.
///
/// Reads tables of `deliverables`, whose row is below this one.
pub fn has_open_deliverables(db: &mut Db, id: Id) -> Result<bool> {
    use crate::db::schema::{deliverable_organizations as joint, deliverables::dsl as d};
    let jointly = joint::table
        .filter(joint::organization_id.eq(id))
        .filter(joint::status.eq("accepted"))
        .select(joint::deliverable_id);
    let under_way = d::deliverables
        .filter(d::status.eq_any([
            "submitted",
            "screening",
            "hearing",
            "open",
            "matched",
            "in_progress",
        ]))
        .filter(d::archived_at.is_null())
        .filter(d::organization_id.eq(id).or(d::id.eq_any(jointly)));
    Ok(diesel::select(diesel::dsl::exists(under_way)).get_result(db)?)
}

/// Counts the organizations of each area that aren't archived, without those of a source.
pub fn count_by_area(db: &mut Db, without: Option<&str>) -> Result<Vec<(String, i64)>> {
    let mut query = dsl::organizations
        .group_by(dsl::area)
        .select((dsl::area, diesel::dsl::count_star()))
        .filter(dsl::archived_at.is_null())
        .into_boxed();
    if let Some(source) = without {
        query = query.filter(dsl::source.is_null().or(dsl::source.ne(source)));
    }
    Ok(query.load(db)?)
}
