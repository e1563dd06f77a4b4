//! SQL of deliverables.

use super::{
    Deliverable, DeliverableFilter, DeliverableSort, DeliverableStatus, JointDeliverable, JointFilter,
    JointOrganization, JointStatus, NewDeliverable, ProjectReason, Provenance,
};
use crate::auth::Reach;
use crate::catalogue::Format;
use crate::catalogue::calendar::day_number;
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::{
    deliverable_organizations, deliverable_roles, deliverable_skills, deliverable_times, deliverables,
    deliverables_shared_with_partners, released_deliverables,
};
use crate::db::{
    BATCH, Db, Doc, Id, Instant, KnownRecord, MicrosecondTime, insert_all, keyset, lock, on_duplicate,
    search, update_version,
};
use crate::error::{Error, Result, Text};
use crate::http::page;
use crate::http::query::{Several, with_codes};
use crate::http::{Cursor, Page};
use crate::organizations;
use crate::reach::store as reach;
use crate::values::with_wards;
use crate::workers::{DEMO_SOURCE, is_demo};
use deliverables::dsl;
use diesel::dsl::{max, sql};
use diesel::prelude::*;
use diesel::sql_types::Integer;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use strum::VariantArray;

/// The JSON column.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeliverableDocument {
    request: NewDeliverable,
    provenance: Option<Provenance>,
    #[serde(default)]
    changed_since_release: Vec<String>,
    /// Absent in what a release without invitations wrote.
    #[serde(default)]
    joint_organizations: Vec<JointOrganization>,
    /// The taken places of each role.
    #[serde(default)]
    filled: BTreeMap<String, u16>,
    #[serde(default)]
    refusals: BTreeMap<Id, u8>,
    /// Absent in what an earlier release wrote, which released by the status.
    released: Option<bool>,
    #[serde(default)]
    status_since: Option<Instant>,
    #[serde(default)]
    opened_at: Option<Instant>,
    #[serde(default)]
    days_to_match: Option<u32>,
    #[serde(default)]
    archive_reason: Option<ProjectReason>,
}

/// The columns that a deliverable is read from.
#[derive(Queryable, Selectable)]
#[diesel(table_name = deliverables)]
pub struct StoredDeliverable {
    id: Id,
    #[diesel(column_name = request)]
    document: Doc<DeliverableDocument>,
    family: String,
    fiscal_year: i32,
    archived_at: Option<Instant>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

impl From<StoredDeliverable> for Deliverable {
    fn from(stored: StoredDeliverable) -> Deliverable {
        let DeliverableDocument {
            mut request,
            provenance,
            changed_since_release,
            joint_organizations,
            filled,
            refusals,
            released,
            status_since,
            opened_at,
            days_to_match,
            archive_reason,
        } = stored.document.0;
        // An earlier release took 0, with which everybody waited for ever.
        request.applications_per_place = request.applications_per_place.filter(|most| *most > 0);
        let by_status = request.status.is_released(true) && changed_since_release.is_empty();
        let deliverable = Deliverable {
            id: stored.id,
            family: stored.family.into(),
            fiscal_year: stored.fiscal_year,
            released: released.unwrap_or(by_status),
            joint_organizations: JointOrganization::list(
                &request.joint_organization_ids,
                &joint_organizations,
            ),
            provenance,
            changed_since_release,
            demo: is_demo(request.source.as_deref()),
            status_since: status_since.unwrap_or(stored.updated_at),
            opened_at,
            days_to_match,
            archived_at: stored.archived_at,
            archive_reason,
            version: stored.version,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
            open_places: Vec::new(),
            filled,
            refusals,
            request,
        };
        deliverable.counted()
    }
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = deliverables, treat_none_as_default_value = false, treat_none_as_null = true)]
struct DeliverableRow<'a> {
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
    request: Doc<DeliverableDocument>,
    grams: String,
    archived_at: Option<Instant>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

/// Further columns of the same row.
#[derive(AsChangeset)]
#[diesel(table_name = deliverable_times, treat_none_as_null = true)]
struct Times {
    due_day: i32,
    status_since: Instant,
    month: Option<i32>,
    days_to_match: Option<i32>,
}

impl Times {
    fn of(deliverable: &Deliverable) -> Times {
        Times {
            due_day: due_day(&deliverable.request),
            status_since: deliverable.status_since,
            month: deliverable.month(),
            days_to_match: deliverable.days_to_match.map(|days| days as i32),
        }
    }
}

/// The last day of a request, as the lists order it: requests without one come after all others.
fn due_day(request: &NewDeliverable) -> i32 {
    request.ends_on.map_or(i32::MAX, day_number)
}

impl<'a> DeliverableRow<'a> {
    fn of(deliverable: &'a Deliverable) -> DeliverableRow<'a> {
        let request = &deliverable.request;
        let texts = std::iter::once(request.title.as_str()).chain(request.trouble.as_deref());
        DeliverableRow {
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
            request: Doc(DeliverableDocument {
                request: request.clone(),
                provenance: deliverable.provenance.clone(),
                changed_since_release: deliverable.changed_since_release.clone(),
                joint_organizations: deliverable.joint_organizations.clone(),
                filled: deliverable.filled.clone(),
                refusals: deliverable.refusals.clone(),
                released: Some(deliverable.released),
                status_since: Some(deliverable.status_since),
                opened_at: deliverable.opened_at,
                days_to_match: deliverable.days_to_match,
                archive_reason: deliverable.archive_reason,
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

/// Finds a deliverable. Outside the reach there is none.
pub fn find(db: &mut Db, reach: &Reach, id: Id, include_archived: bool) -> Result<Deliverable> {
    let mut query = dsl::deliverables
        .find(id)
        .select(StoredDeliverable::as_select())
        .into_boxed();
    if let Some(condition) = reach::deliverables(reach) {
        query = query.filter(condition);
    }
    if !include_archived {
        query = query.filter(dsl::archived_at.is_null());
    }
    query
        .get_result(db)
        .optional()?
        .map(Deliverable::from)
        .ok_or_else(missing)
}

/// Locks a deliverable, whether it exists or not, until the transaction ends.
pub fn lock_one(db: &mut Db, id: Id) -> Result<()> {
    lock(db, &format!("deliverable/{id}"))
}

/// Finds a deliverable and locks it until the transaction ends.
pub fn find_for_update(db: &mut Db, reach: &Reach, id: Id) -> Result<Deliverable> {
    lock(db, &format!("deliverable/{id}"))?;
    find(db, reach, id, false)
}

/// Finds a deliverable, archived or not, and locks it until the transaction ends.
pub fn find_archived_too_for_update(db: &mut Db, id: Id) -> Result<Deliverable> {
    lock(db, &format!("deliverable/{id}"))?;
    find(db, &Reach::Everything, id, true)
}

/// Lists the external ids of a source, with the areas.
pub fn external_ids(db: &mut Db, source: &str) -> Result<Vec<(String, String)>> {
    let of_source = dsl::deliverables
        .filter(dsl::source.eq(source))
        .filter(dsl::external_id.is_not_null());
    Ok(of_source
        .select((dsl::external_id.assume_not_null(), dsl::area))
        .load(db)?)
}

/// Lists the deliverables with these ids. Ids that don't exist are left out.
pub fn load_some(db: &mut Db, ids: &[Id]) -> Result<Vec<Deliverable>> {
    let mut found = Vec::new();
    for ids in ids.chunks(BATCH) {
        let rows = dsl::deliverables
            .filter(dsl::id.eq_any(ids))
            .select(StoredDeliverable::as_select())
            .load(db)?;
        found.extend(rows.into_iter().map(Deliverable::from));
    }
    Ok(found)
}

/// Lists the newest deliveries of a type in a format.
pub fn delivered(db: &mut Db, kind: &str, format: Format, limit: i64) -> Result<Vec<Id>> {
    let of_type = dsl::deliverables
        .filter(dsl::deliverable_type.eq(kind))
        .filter(dsl::format.eq(format.code()))
        .filter(dsl::status.eq(DeliverableStatus::Delivered.code()))
        .filter(dsl::archived_at.is_null())
        .order(dsl::id.desc());
    Ok(of_type.select(dsl::id).limit(limit).load(db)?)
}

/// Returns those external ids of a source that are taken, also by archived deliverables, with the areas.
pub fn present(db: &mut Db, source: &str, external_ids: &[&str]) -> Result<HashMap<String, String>> {
    let mut found = HashMap::new();
    for external_ids in external_ids.chunks(BATCH) {
        let of_source = dsl::deliverables
            .filter(dsl::source.eq(source))
            .filter(dsl::external_id.eq_any(external_ids));
        found.extend(
            of_source
                .select((dsl::external_id.assume_not_null(), dsl::area))
                .load::<(String, String)>(db)?,
        );
    }
    Ok(found)
}

/// Lists external id, id and version of the deliverables of a source that have one of these external ids and are not
/// archived.
pub fn known(db: &mut Db, source: &str, external_ids: &[&str]) -> Result<Vec<KnownRecord>> {
    let mut found = Vec::new();
    for external_ids in external_ids.chunks(BATCH) {
        let of_source = dsl::deliverables
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

/// Returns whether a deliverable within the reach, other than this one, has an external id of a source.
pub fn is_named(
    db: &mut Db,
    reach: &Reach,
    source: &str,
    external_id: &str,
    except: Option<Id>,
) -> Result<bool> {
    let mut query = dsl::deliverables
        .filter(dsl::source.eq_any(reach.sources(source)))
        .filter(dsl::external_id.eq(external_id))
        .filter(dsl::archived_at.is_null())
        .select(dsl::id)
        .into_boxed();
    if let Some(condition) = reach::deliverables(reach) {
        query = query.filter(condition);
    }
    Ok(query.load::<Id>(db)?.into_iter().any(|id| Some(id) != except))
}

/// Lists the next deliverables of these sources that are not archived, after an id.
pub fn of_source(db: &mut Db, sources: &[String], after: Option<Id>) -> Result<Vec<Deliverable>> {
    let of_source = dsl::deliverables
        .filter(dsl::source.eq_any(sources))
        .filter(dsl::archived_at.is_null());
    let mut query = of_source.select(StoredDeliverable::as_select()).into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    let rows = query.order(dsl::id).limit(BATCH as i64).load(db)?;
    Ok(rows.into_iter().map(Deliverable::from).collect())
}

/// Looks up the titles of those deliverables that are within the reach, archived ones too.
pub fn titles(db: &mut Db, reach: &Reach, ids: &[Id]) -> Result<HashMap<Id, String>> {
    let found = some(db, reach, ids)?.into_iter();
    Ok(found.map(|one| (one.id, one.request.title)).collect())
}

/// Lists those of the deliverables that exist within the reach, archived ones too.
pub fn some(db: &mut Db, reach: &Reach, ids: &[Id]) -> Result<Vec<Deliverable>> {
    let mut query = dsl::deliverables
        .filter(dsl::id.eq_any(ids))
        .select(StoredDeliverable::as_select())
        .order(dsl::id)
        .into_boxed();
    if let Some(condition) = reach::deliverables(reach) {
        query = query.filter(condition);
    }
    Ok(query.load(db)?.into_iter().map(Deliverable::from).collect())
}

/// Lists the deliverables that wait for a coordinator's decision, oldest first.
pub fn waiting(
    db: &mut Db,
    reach: &Reach,
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<(Id, DeliverableStatus, Instant)>> {
    let under_review = DeliverableStatus::VARIANTS
        .iter()
        .filter(|status| status.is_under_review());
    let waiting = dsl::deliverables
        .filter(dsl::status.eq_any(under_review.map(|status| status.code())))
        .filter(dsl::archived_at.is_null())
        .select((
            dsl::id,
            dsl::status,
            sql::<MicrosecondTime>("deliverables.status_since"),
        ));
    let mut query = waiting.order(dsl::id).limit(limit).into_boxed();
    if let Some(condition) = reach::deliverables(reach) {
        query = query.filter(condition);
    }
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    let rows = query.load::<(Id, String, Instant)>(db)?;
    let known = |(id, status, since): (Id, String, Instant)| Some((id, status.parse().ok()?, since));
    Ok(rows.into_iter().filter_map(known).collect())
}

/// Lists the deliverables that an organization is asked to request jointly, oldest first.
pub fn joint_waiting(
    db: &mut Db,
    organization: Id,
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<(Id, Instant)>> {
    let invited = deliverable_organizations::table
        .filter(deliverable_organizations::organization_id.eq(organization))
        .filter(deliverable_organizations::status.eq(JointStatus::Invited.code()))
        .select(deliverable_organizations::deliverable_id);
    let waiting = dsl::deliverables
        .filter(dsl::id.eq_any(invited))
        .filter(dsl::status.ne(DeliverableStatus::Draft.code()))
        .filter(dsl::archived_at.is_null())
        .select((dsl::id, dsl::updated_at));
    let mut query = waiting.order(dsl::id).limit(limit).into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    Ok(query.load(db)?)
}

/// Lists every open deliverable.
pub fn load_open(db: &mut Db) -> Result<Vec<Deliverable>> {
    let open = dsl::deliverables.filter(dsl::status.eq(DeliverableStatus::Open.code()));
    let rows = open
        .filter(dsl::archived_at.is_null())
        .order(dsl::id)
        .select(StoredDeliverable::as_select())
        .load(db)?;
    Ok(rows.into_iter().map(Deliverable::from).collect())
}

/// Counts the open deliverables.
pub fn count_open(db: &mut Db) -> Result<i64> {
    Ok(open_ids().count().get_result(db)?)
}

/// Counts the requests of an organization that are drafts or wait for an office.
pub fn count_waiting(db: &mut Db, organization: Id) -> Result<i64> {
    lock(db, &format!("requests of {organization}"))?;
    let waiting = [
        DeliverableStatus::Draft.code(),
        DeliverableStatus::Submitted.code(),
    ];
    let counted = dsl::deliverables
        .filter(dsl::organization_id.eq(organization))
        .filter(dsl::status.eq_any(waiting))
        .filter(dsl::archived_at.is_null());
    Ok(counted.count().get_result(db)?)
}

/// Returns the subquery of all open deliverables' ids.
#[diesel::dsl::auto_type]
pub fn open_ids() -> _ {
    let status: &'static str = DeliverableStatus::Open.code();
    deliverables::table
        .filter(deliverables::status.eq(status))
        .filter(deliverables::archived_at.is_null())
        .select(deliverables::id)
}

/// Makes the grams of deliverables after an id again. Returns the last id, or `None` at the end.
pub fn refresh_grams(db: &mut Db, after: Option<Id>) -> Result<Option<Id>> {
    let mut query = dsl::deliverables
        .select(StoredDeliverable::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    let rows = query.order(dsl::id).limit(BATCH as i64).load(db)?;
    let deliverables: Vec<Deliverable> = rows.into_iter().map(Deliverable::from).collect();
    for one in &deliverables {
        let grams = dsl::grams.eq(DeliverableRow::of(one).grams);
        // What somebody writes meanwhile has its grams already.
        let unchanged = dsl::deliverables
            .find(one.id)
            .filter(dsl::version.eq(one.version));
        diesel::update(unchanged).set(grams).execute(db)?;
    }
    Ok(deliverables.last().map(|one| one.id))
}

/// Lists deliverables within the reach. With `names`, the search text also matches the names of organizations.
pub fn list(
    db: &mut Db,
    reach: &Reach,
    filter: &DeliverableFilter,
    names: bool,
) -> Result<Page<Deliverable>> {
    let (limit, sort) = (page::limit_of_ids(filter.limit, &filter.ids)?, filter.sort);
    let rows = query(db, reach, filter, names)?.limit(limit + 1).load(db)?;
    let page = Page::of(
        rows.into_iter().map(Deliverable::from).collect(),
        limit,
        |last: &Deliverable| {
            use DeliverableSort::*;
            let value = match sort {
                Created | CreatedDescending => String::new(),
                Updated | UpdatedDescending => last.updated_at.to_string(),
                FiscalYear | FiscalYearDescending => last.fiscal_year.to_string(),
                EndsOn | EndsOnDescending => due_day(&last.request).to_string(),
                StatusSince | StatusSinceDescending => last.status_since.to_string(),
            };
            Cursor {
                sort: sort.code().to_owned(),
                value,
                id: last.id,
            }
        },
    );
    page.of_whole(filter.count, &filter.ids, || {
        let all = filtered(db, reach, filter, names)?
            .select(dsl::id)
            .limit(page::COUNTED);
        Ok(all.load(db)?)
    })
}

type Query<'a> = deliverables::BoxedQuery<
    'a,
    crate::db::Backend,
    diesel::dsl::SqlTypeOf<diesel::dsl::AsSelect<StoredDeliverable, crate::db::Backend>>,
>;

/// Returns the conditions for who requests a deliverable, alone or jointly, and for a role and a skill that it asks for.
pub fn asked(
    db: &mut Db,
    organization: Option<Id>,
    role: Option<&str>,
    skill: Option<&str>,
) -> Result<Vec<search::Condition<deliverables::table>>> {
    use {deliverable_organizations as joint, deliverable_roles as roles, deliverable_skills as skills};
    let mut conditions: Vec<search::Condition<deliverables::table>> = Vec::new();
    if let Some(id) = organization {
        let records = organizations::store::records_of(db, id)?;
        let jointly = joint::table
            .filter(joint::organization_id.eq_any(records.clone()))
            .filter(joint::status.eq(JointStatus::Accepted.code()))
            .select(joint::deliverable_id);
        conditions.push(Box::new(
            dsl::organization_id.eq_any(records).or(dsl::id.eq_any(jointly)),
        ));
    }
    if let Some(role) = role {
        let asking = roles::table.filter(roles::role.eq(role.to_owned()));
        conditions.push(Box::new(dsl::id.eq_any(asking.select(roles::deliverable_id))));
    }
    if let Some(skill) = skill {
        let asking = skills::table.filter(skills::skill.eq(skill.to_owned()));
        conditions.push(Box::new(dsl::id.eq_any(asking.select(skills::deliverable_id))));
    }
    Ok(conditions)
}

/// Returns the query of everything that passes a filter.
fn filtered<'a>(db: &mut Db, reach: &Reach, filter: &'a DeliverableFilter, names: bool) -> Result<Query<'a>> {
    let mut query = dsl::deliverables
        .select(StoredDeliverable::as_select())
        .into_boxed();
    if !filter.include_archived {
        query = query.filter(dsl::archived_at.is_null());
    }
    if let Some(condition) = reach::deliverables(reach) {
        query = query.filter(condition);
    }
    if let Some(Several(ids)) = &filter.ids {
        query = query.filter(dsl::id.eq_any(ids));
    }
    if let Some(area) = &filter.area {
        query = query.filter(dsl::area.eq_any(with_wards(area)));
    }
    if let Some(statuses) = &filter.status {
        query = with_codes!(query, dsl::status, statuses);
    }
    if let Some(code) = &filter.type_ {
        query = query.filter(dsl::deliverable_type.eq(code.as_str()));
    }
    if let Some(family) = &filter.family {
        query = query.filter(dsl::family.eq(family.as_str()));
    }
    if let Some(formats) = &filter.format {
        query = with_codes!(query, dsl::format, formats);
    }
    if let Some(year) = filter.fiscal_year {
        query = query.filter(dsl::fiscal_year.eq(year));
    }
    let asked = asked(
        db,
        filter.organization_id,
        filter.role.as_deref(),
        filter.skill.as_deref(),
    )?;
    for condition in asked {
        query = query.filter(condition);
    }
    for word in search::words(filter.q.as_deref().unwrap_or_default()) {
        use organizations::store::is_named;
        let its_own = search::condition(db, "deliverables", &["grams"], &word);
        if !names {
            query = query.filter(its_own);
            continue;
        }
        // A name finds only what the caller may know by it.
        let mut by_lead: search::Condition<_> = is_named(db, "deliverables.organization_id", "", &word);
        if let Some(known) = reach::with_known_lead(reach) {
            by_lead = Box::new(by_lead.and(known));
        }
        let jointly =
            "deliverables.id IN (SELECT deliverable_id FROM deliverable_organizations WHERE organization_id";
        query = match reach {
            Reach::Everything => query.filter(its_own.or(by_lead).or(is_named(db, jointly, ")", &word))),
            _ => query.filter(its_own.or(by_lead)),
        };
    }
    Ok(query)
}

/// Returns the list's query, before its limit.
pub fn query<'a>(
    db: &mut Db,
    reach: &Reach,
    filter: &'a DeliverableFilter,
    names: bool,
) -> Result<Query<'a>> {
    use DeliverableSort::*;
    let cursor = Cursor::decode(filter.cursor.as_deref(), filter.sort.code())?;
    let query = filtered(db, reach, filter, names)?;
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
        EndsOn => keyset!(
            query,
            page::after(&cursor, |v| v.parse::<i32>().ok())?,
            sql::<Integer>("deliverables.due_day"),
            dsl::id,
            ascending
        ),
        EndsOnDescending => keyset!(
            query,
            page::after(&cursor, |v| v.parse::<i32>().ok())?,
            sql::<Integer>("deliverables.due_day"),
            dsl::id,
            descending
        ),
        StatusSince => keyset!(
            query,
            page::after(&cursor, Instant::parse)?,
            sql::<MicrosecondTime>("deliverables.status_since"),
            dsl::id,
            ascending
        ),
        StatusSinceDescending => keyset!(
            query,
            page::after(&cursor, Instant::parse)?,
            sql::<MicrosecondTime>("deliverables.status_since"),
            dsl::id,
            descending
        ),
    })
}

/// Lists the deliverables that name an organization as a joint one and that it hasn't declined or left, newest first.
pub fn list_joint(db: &mut Db, organization: Id, filter: &JointFilter) -> Result<Page<JointDeliverable>> {
    use deliverable_organizations as joint;
    let limit = page::limit(filter.limit)?;
    let cursor = Cursor::decode(filter.cursor.as_deref(), "joint")?;
    let asked = [JointStatus::Invited, JointStatus::Accepted];
    let asked = asked
        .into_iter()
        .filter(|status| filter.status.as_ref().is_none_or(|only| only.0.contains(status)));
    let asked: Vec<&str> = asked.map(JointStatus::code).collect();
    let all = || {
        joint::table
            .inner_join(dsl::deliverables.on(dsl::id.eq(joint::deliverable_id)))
            .filter(joint::organization_id.eq(organization))
            .filter(joint::status.eq_any(&asked))
            .filter(dsl::archived_at.is_null())
            // Nobody is asked before the lead organization submits its request.
            .filter(dsl::status.ne(DeliverableStatus::Draft.code()))
    };
    let query = all().select(StoredDeliverable::as_select()).into_boxed();
    let first = cursor.as_ref().map(|c| c.id);
    let query = keyset!(query, first, joint::deliverable_id, descending);
    let rows: Vec<StoredDeliverable> = query.limit(limit + 1).load(db)?;
    let found: Vec<Deliverable> = rows.into_iter().map(Deliverable::from).collect();
    let leads: Vec<Id> = found.iter().map(|one| one.request.organization_id).collect();
    let leads = organizations::store::labels(db, &leads)?;
    let item = |one: Deliverable| {
        let status = one.joint_organization(organization)?.status;
        let lead = leads.get(&one.request.organization_id)?;
        Some(one.invitation(status, &lead.name))
    };
    let page = Page::of(
        found.into_iter().filter_map(item).collect(),
        limit,
        |last: &JointDeliverable| Cursor {
            sort: "joint".to_owned(),
            value: String::new(),
            id: last.deliverable_id,
        },
    );
    page.counted(filter.count, || {
        let all = all().select(joint::deliverable_id).limit(page::COUNTED);
        Ok(all.load::<Id>(db)?.len())
    })
}

/// Inserts a deliverable, and logs it.
pub fn insert(db: &mut Db, actor: &str, deliverable: &Deliverable) -> Result<()> {
    let change = insert_unlogged(db, deliverable)?;
    changes::store::append(db, actor, &[change])
}

/// Inserts a deliverable. Returns what to log.
pub fn insert_unlogged(db: &mut Db, deliverable: &Deliverable) -> Result<Change> {
    diesel::insert_into(deliverables::table)
        .values(DeliverableRow::of(deliverable))
        .execute(db)
        .map_err(|error| on_duplicate(error, duplicate_external_id))?;
    write_parts(db, deliverable)?;
    Ok(change(deliverable, Action::Created))
}

/// Writes the next version of a deliverable, and logs it.
pub fn update(db: &mut Db, actor: &str, deliverable: &Deliverable, action: Action) -> Result<()> {
    let change = update_unlogged(db, deliverable, action)?;
    changes::store::append(db, actor, &[change])
}

/// Writes the next version of a deliverable. Returns what to log.
pub fn update_unlogged(db: &mut Db, deliverable: &Deliverable, action: Action) -> Result<Change> {
    let id = deliverable.id;
    let (before, row) = (deliverable.version - 1, DeliverableRow::of(deliverable));
    update_version!(db, deliverables, key: id, before: before, set: row, missing: missing())
        .map_err(|error| on_duplicate(error, duplicate_external_id))?;
    diesel::delete(deliverable_organizations::table.filter(deliverable_organizations::deliverable_id.eq(id)))
        .execute(db)?;
    diesel::delete(deliverable_roles::table.filter(deliverable_roles::deliverable_id.eq(id))).execute(db)?;
    diesel::delete(deliverable_skills::table.filter(deliverable_skills::deliverable_id.eq(id)))
        .execute(db)?;
    diesel::delete(deliverables_shared_with_partners::table.find(id)).execute(db)?;
    diesel::delete(released_deliverables::table.find(id)).execute(db)?;
    write_parts(db, deliverable)?;
    Ok(change(deliverable, action))
}

fn write_parts(db: &mut Db, deliverable: &Deliverable) -> Result<()> {
    use {deliverable_organizations as joint, deliverable_roles as r, deliverable_skills as s};
    let id = deliverable.id;
    diesel::update(deliverable_times::table.find(id))
        .set(Times::of(deliverable))
        .execute(db)?;
    let (roles, skills) = deliverable.roles_and_skills();
    let others = deliverable.joint_organizations.iter().map(|one| {
        (
            joint::deliverable_id.eq(id),
            joint::organization_id.eq(one.organization_id),
            joint::status.eq(one.status.code()),
        )
    });
    let others: Vec<_> = others.collect();
    let roles: Vec<_> = roles
        .into_iter()
        .map(|role| (r::deliverable_id.eq(id), r::role.eq(role)))
        .collect();
    let skills: Vec<_> = skills
        .into_iter()
        .map(|skill| (s::deliverable_id.eq(id), s::skill.eq(skill)))
        .collect();
    if deliverable.released {
        let row = released_deliverables::deliverable_id.eq(id);
        diesel::insert_into(released_deliverables::table)
            .values(row)
            .execute(db)?;
    }
    if deliverable.request.shared_with_partners {
        let row = deliverables_shared_with_partners::deliverable_id.eq(id);
        diesel::insert_into(deliverables_shared_with_partners::table)
            .values(row)
            .execute(db)?;
    }
    insert_all!(db, joint::table, &others)?;
    insert_all!(db, r::table, &roles)?;
    insert_all!(db, s::table, &skills)?;
    Ok(())
}

/// Returns the organizations among these that have a deliverable that is not archived.
pub fn organizations_with_deliverables(
    db: &mut Db,
    organizations: &[Id],
) -> Result<std::collections::HashSet<Id>> {
    let mut found = std::collections::HashSet::new();
    for organizations in organizations.chunks(BATCH) {
        let active = dsl::deliverables
            .filter(dsl::organization_id.eq_any(organizations))
            .filter(dsl::archived_at.is_null())
            .select(dsl::organization_id);
        found.extend(active.load::<Id>(db)?);
    }
    Ok(found)
}

fn change(deliverable: &Deliverable, action: Action) -> Change {
    Change::new(Subject::Deliverable, deliverable.id, action, deliverable.version)
}

pub fn duplicate_external_id() -> Error {
    Error::Conflict {
        code: "duplicate_external_id",
        detail: Text::new(
            "同じ source と external_id の支援内容がすでに登録されています。",
            "A deliverable with this source and external_id already exists.",
        ),
    }
}

/// Lists the deliverables within the reach whose team was complete, of some fiscal years, by year, format and area.
pub fn engagements(
    db: &mut Db,
    reach: &Reach,
    (from, to): (i32, i32),
    include_demo: bool,
    limit: i64,
) -> Result<Vec<Deliverable>> {
    let engaged = DeliverableStatus::VARIANTS
        .iter()
        .filter(|status| status.has_team());
    let engaged: Vec<&str> = engaged.map(|status| status.code()).collect();
    let mut query = dsl::deliverables
        .filter(dsl::fiscal_year.between(from, to))
        .filter(dsl::status.eq_any(engaged))
        .order((dsl::fiscal_year, dsl::format, dsl::area, dsl::id))
        .limit(limit)
        .select(StoredDeliverable::as_select())
        .into_boxed();
    if let Some(condition) = reach::deliverables(reach) {
        query = query.filter(condition);
    }
    if !include_demo {
        query = query.filter(dsl::source.is_null().or(dsl::source.ne(DEMO_SOURCE)));
    }
    Ok(query.load(db)?.into_iter().map(Deliverable::from).collect())
}

/// Returns when organizations requested something last, as far as the caller sees their requests.
pub fn last_requested(db: &mut Db, reach: &Reach, organizations: &[Id]) -> Result<HashMap<Id, Instant>> {
    let mut last = HashMap::new();
    for organizations in organizations.chunks(BATCH) {
        let mut theirs = dsl::deliverables
            .filter(dsl::organization_id.eq_any(organizations))
            .filter(dsl::status.ne(DeliverableStatus::Draft.code()))
            .group_by(dsl::organization_id)
            .select((dsl::organization_id, max(dsl::created_at).assume_not_null()))
            .into_boxed();
        if let Some(condition) = reach::deliverables(reach) {
            theirs = theirs.filter(condition);
        }
        last.extend(theirs.load::<(Id, Instant)>(db)?);
    }
    Ok(last)
}
