//! SQL of what is shown to everybody. `feedback`: what readers think of publications. `views`: how often pages are read.

pub mod feedback;
pub mod views;

use super::filter::ItemFilter;
use super::month::Month;
use super::{Basis, Item, PageKind, Plan, PressStatus, Signature};
use crate::auth::{Reach, access_denied};
use crate::catalogue::calendar::{day_in_tokyo, fiscal_year};
use crate::changes::{self, Action, Change};
use crate::db::schema::press_items::{self, dsl};
use crate::db::schema::press_origins::dsl as origins;
use crate::db::search::Condition;
use crate::db::{BATCH, Db, Doc, Id, Instant, keyset, lock, update_version};
use crate::error::{Error, Result};
use crate::events::store::{patterns, searched};
use crate::http::query::Several;
use crate::http::{Cursor, Page, page};
use crate::reach::store as reach;
use crate::values::with_wards;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashSet;

/// The name of the order in cursors.
const ORDER: &str = "-published_at";

/// A record as it is stored: its plan, and what follows from earlier changes.
#[derive(Serialize, Deserialize)]
struct Stored<P> {
    plan: P,
    #[serde(default = "Option::default")]
    released: Option<P>,
    published_at: Option<Instant>,
    consent_recorded: Option<Signature>,
    name: Option<String>,
    fiscal_year: Option<i32>,
    created_at: Instant,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = press_items, treat_none_as_default_value = false, treat_none_as_null = true)]
struct ItemRow {
    id: Id,
    kind: String,
    status: String,
    is_released: bool,
    listed_at: Instant,
    month: i32,
    fiscal_year: i32,
    area: Option<String>,
    organization_id: Option<Id>,
    project_id: Option<Id>,
    deliverable_type: Option<String>,
    number: Option<i32>,
    grams: String,
    record: Doc<Value>,
    version: i64,
    updated_at: Instant,
}

impl ItemRow {
    fn of<P: Plan>(item: &Item<P>) -> Result<ItemRow> {
        let (plan, basis) = (&item.plan, &item.basis);
        let day = day_in_tokyo(item.listed_at().utc());
        let stored = Stored {
            plan: plan.clone(),
            released: item.released.clone(),
            published_at: item.published_at,
            consent_recorded: item.consent_recorded.clone(),
            name: basis.name.clone(),
            fiscal_year: basis.fiscal_year,
            created_at: item.created_at,
        };
        let record = serde_json::to_value(stored).map_err(|e| broken(item.id, e))?;
        Ok(ItemRow {
            id: item.id,
            kind: plan.kind().to_owned(),
            status: plan.status().code().to_owned(),
            is_released: item.is_released(),
            listed_at: item.listed_at(),
            month: Month::of(day).0,
            fiscal_year: basis.fiscal_year.unwrap_or_else(|| fiscal_year(day)),
            area: basis.area.as_ref().map(ToString::to_string),
            organization_id: basis.organization_id,
            project_id: basis.project_id,
            deliverable_type: basis.type_.as_ref().map(ToString::to_string),
            number: plan.number(),
            grams: searched(
                item.released
                    .as_ref()
                    .unwrap_or(plan)
                    .texts()
                    .into_iter()
                    .chain(basis.name.as_deref()),
            ),
            record: Doc(record),
            version: item.version,
            updated_at: item.updated_at,
        })
    }

    fn read<P: Plan>(self) -> Result<Item<P>> {
        let stored: Stored<P> = serde_json::from_value(self.record.0).map_err(|e| broken(self.id, e))?;
        Ok(Item {
            id: self.id,
            plan: stored.plan,
            released: stored.released,
            basis: Basis {
                area: self.area.as_deref().map(Into::into),
                organization_id: self.organization_id,
                project_id: self.project_id,
                type_: self.deliverable_type.as_deref().map(Into::into),
                fiscal_year: stored.fiscal_year,
                name: stored.name,
            },
            published_at: stored.published_at,
            consent_recorded: stored.consent_recorded,
            demo: false,
            version: self.version,
            created_at: stored.created_at,
            updated_at: self.updated_at,
        })
    }
}

fn broken(id: Id, e: serde_json::Error) -> Error {
    Error::Internal(format!("the record of {id} is broken: {e}"))
}

type Query<'a> = press_items::BoxedQuery<
    'a,
    crate::db::Backend,
    diesel::dsl::SqlTypeOf<diesel::dsl::AsSelect<ItemRow, crate::db::Backend>>,
>;

/// Limits records to those that are public now, and those that a caller may change.
fn visible<'a>(query: Query<'a>, own: Option<&Reach>, now: Instant) -> Query<'a> {
    let public = dsl::is_released.eq(true).and(dsl::listed_at.le(now));
    match own {
        None => query.filter(public),
        Some(own) => match reach::press_items(own) {
            None => query,
            Some(condition) => query.filter(public.or(condition)),
        },
    }
}

/// Finds a record that is public now, or that the caller may change.
pub fn find<P: Plan>(db: &mut Db, own: Option<&Reach>, id: Id, now: Instant) -> Result<Item<P>> {
    let query = dsl::press_items
        .filter(dsl::id.eq(id))
        .filter(dsl::kind.eq_any(P::PAGE.kinds()))
        .select(ItemRow::as_select())
        .into_boxed();
    let found = visible(query, own, now).get_result(db).optional()?;
    found.ok_or_else(P::missing)?.read()
}

/// Finds a record that the caller may change, and locks it until the transaction ends.
pub fn find_for_update<P: Plan>(db: &mut Db, own: &Reach, id: Id) -> Result<Item<P>> {
    lock(db, &format!("press/{id}"))?;
    find_own(db, own, id)
}

/// Finds a record that the caller may change. One that they only see is refused.
pub fn find_own<P: Plan>(db: &mut Db, own: &Reach, id: Id) -> Result<Item<P>> {
    let mut query = dsl::press_items
        .filter(dsl::id.eq(id))
        .filter(dsl::kind.eq_any(P::PAGE.kinds()))
        .select(ItemRow::as_select())
        .into_boxed();
    if let Some(condition) = reach::press_items(own) {
        query = query.filter(condition);
    }
    match query.get_result::<ItemRow>(db).optional()? {
        Some(found) => found.read(),
        None => find::<P>(db, Some(own), id, Instant::now()).and(Err(access_denied())),
    }
}

/// Returns those of the records that a caller may change.
pub fn held(db: &mut Db, own: Option<&Reach>, ids: &[Id]) -> Result<Vec<Id>> {
    let Some(own) = own else { return Ok(Vec::new()) };
    let mut query = dsl::press_items
        .filter(dsl::id.eq_any(ids))
        .select(dsl::id)
        .into_boxed();
    if let Some(condition) = reach::press_items(own) {
        query = query.filter(condition);
    }
    Ok(query.load(db)?)
}

/// Lists what is public now, and what the caller may change, the newest first.
pub fn list<P: Plan>(
    db: &mut Db,
    own: Option<&Reach>,
    filter: &ItemFilter,
    now: Instant,
) -> Result<Page<Item<P>>> {
    let limit = page::limit(filter.limit)?;
    let cursor = Cursor::decode(filter.cursor.as_deref(), ORDER)?;
    let first = page::after(&cursor, Instant::parse)?;
    let query = keyset!(
        filtered(own, filter, now),
        first,
        dsl::listed_at,
        dsl::id,
        descending
    );
    let rows: Vec<ItemRow> = query.limit(limit + 1).load(db)?;
    let found: Vec<Item<P>> = rows.into_iter().map(ItemRow::read).collect::<Result<_>>()?;
    let page = Page::of(found, limit, |last: &Item<P>| Cursor {
        sort: ORDER.to_owned(),
        value: last.listed_at().to_string(),
        id: last.id,
    });
    page.of_whole(filter.count, &None, || {
        let all = filtered(own, filter, now).select(dsl::id).limit(page::COUNTED);
        Ok(all.load(db)?)
    })
}

fn filtered<'a>(own: Option<&Reach>, filter: &'a ItemFilter, now: Instant) -> Query<'a> {
    let query = dsl::press_items
        .filter(dsl::kind.eq_any(&filter.kinds))
        .select(ItemRow::as_select())
        .into_boxed();
    let mut query = visible(query, own, now);
    if let Some(Several(statuses)) = &filter.status {
        // While a change waits, everybody sees what was published, and those who may change the record see the change, too.
        let is_one = |status: &PressStatus| -> Condition<press_items::table> {
            let has_status = dsl::status.eq(status.code());
            match (status, own.map(reach::press_items)) {
                (PressStatus::Published, _) => Box::new(has_status.or(dsl::is_released.eq(true))),
                (PressStatus::Draft | PressStatus::Submitted, None) => Box::new(false.into_sql::<Bool>()),
                (PressStatus::Draft | PressStatus::Submitted, Some(None)) => Box::new(has_status),
                (PressStatus::Draft | PressStatus::Submitted, Some(Some(condition))) => {
                    Box::new(has_status.and(condition))
                }
            }
        };
        // However often one is named.
        let asked = [PressStatus::Draft, PressStatus::Submitted, PressStatus::Published];
        let any = asked.iter().filter(|one| statuses.contains(one)).map(is_one);
        let any = any.reduce(|one, other| -> Condition<press_items::table> { Box::new(one.or(other)) });
        if let Some(any) = any {
            query = query.filter(any);
        }
    }
    if let Some(area) = &filter.area {
        query = query.filter(dsl::area.assume_not_null().eq_any(with_wards(area)));
    }
    if let Some(type_) = &filter.type_ {
        query = query.filter(dsl::deliverable_type.assume_not_null().eq(type_.as_ref()));
    }
    if let Some(project) = filter.project_id {
        query = query.filter(dsl::project_id.assume_not_null().eq(project));
    }
    if let Some(year) = filter.fiscal_year {
        query = query.filter(dsl::fiscal_year.eq(year));
    }
    for word in patterns(filter.q.as_deref()) {
        query = query.filter(dsl::grams.like(word.own).or(dsl::grams.like(word.in_full)));
    }
    query
}

/// Returns whether a project has a card. No other is made until the transaction ends.
pub fn has_card(db: &mut Db, project: Id) -> Result<bool> {
    lock(db, &format!("card of project/{project}"))?;
    let found = dsl::press_items.filter(dsl::project_id.assume_not_null().eq(project));
    Ok(found.select(dsl::id).first::<Id>(db).optional()?.is_some())
}

/// Returns whether another newsletter of an area has a number. None gets it until the transaction ends.
pub fn has_number(db: &mut Db, area: Option<&str>, number: i32, except: Id) -> Result<bool> {
    lock(db, &format!("newsletter/{}/{number}", area.unwrap_or_default()))?;
    let mut same = dsl::press_items
        .filter(dsl::number.assume_not_null().eq(number))
        .filter(dsl::id.ne(except))
        .select(dsl::id)
        .into_boxed();
    same = match area {
        Some(area) => same.filter(dsl::area.assume_not_null().eq(area)),
        None => same.filter(dsl::area.is_null()),
    };
    Ok(same.first::<Id>(db).optional()?.is_some())
}

pub fn insert<P: Plan>(db: &mut Db, actor: &str, item: &Item<P>) -> Result<()> {
    diesel::insert_into(press_items::table)
        .values(ItemRow::of(item)?)
        .execute(db)?;
    log(db, actor, item, Action::Created)
}

/// Writes the next version of a record.
pub fn update<P: Plan>(db: &mut Db, actor: &str, item: &Item<P>) -> Result<()> {
    let (id, before, row) = (item.id, item.version - 1, ItemRow::of(item)?);
    update_version!(db, press_items, key: id, before: before, set: row, missing: P::missing())?;
    log(db, actor, item, Action::Updated)
}

fn log<P: Plan>(db: &mut Db, actor: &str, item: &Item<P>, action: Action) -> Result<()> {
    let change = Change::new(P::SUBJECT, item.id, action, item.version);
    changes::store::append(db, actor, &[change])
}

/// Derives again what searches compare, of the records of a kind after an id. Returns the last id, or `None` at the end.
pub fn refresh<P: Plan>(db: &mut Db, after: Option<Id>) -> Result<Option<Id>> {
    let mut query = dsl::press_items
        .filter(dsl::kind.eq_any(P::PAGE.kinds()))
        .select(ItemRow::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    let rows: Vec<ItemRow> = query.order(dsl::id).limit(BATCH as i64).load(db)?;
    let last = rows.last().map(|row| row.id);
    for row in rows {
        let row = ItemRow::of(&row.read::<P>()?)?;
        // What somebody writes meanwhile is derived already.
        let unchanged = dsl::press_items.find(row.id).filter(dsl::version.eq(row.version));
        diesel::update(unchanged)
            .set(dsl::grams.eq(row.grams))
            .execute(db)?;
    }
    Ok(last)
}

/// Marks records as made up for the demonstration.
pub fn mark_demo(db: &mut Db, ids: &[Id]) -> Result<()> {
    let made_up = diesel::update(origins::press_origins.filter(origins::id.eq_any(ids)));
    made_up.set(origins::demo.eq(true)).execute(db)?;
    Ok(())
}

/// Returns those of the records that the demonstration made up.
pub fn made_up(db: &mut Db, ids: &[Id]) -> Result<HashSet<Id>> {
    let made_up = origins::press_origins
        .filter(origins::id.eq_any(ids))
        .filter(origins::demo.eq(true));
    Ok(made_up.select(origins::id).load(db)?.into_iter().collect())
}

/// Lists the records that are public now and were published in some months, the oldest first: all, or those of some areas and
/// those of all areas.
pub fn of_months<P: Plan>(
    db: &mut Db,
    areas: Option<&[String]>,
    (from, until): (Month, Month),
    (now, with_demo): (Instant, bool),
    limit: i64,
) -> Result<Vec<Item<P>>> {
    let mut query = dsl::press_items
        .filter(dsl::is_released.eq(true))
        .filter(dsl::kind.eq_any(P::PAGE.kinds()))
        .filter(dsl::month.between(from.0, until.0))
        .filter(dsl::listed_at.le(now))
        .order((dsl::listed_at, dsl::id))
        .limit(limit)
        .select(ItemRow::as_select())
        .into_boxed();
    if !with_demo {
        let made_up = origins::press_origins.filter(origins::demo.eq(true));
        query = query.filter(dsl::id.ne_all(made_up.select(origins::id)));
    }
    if let Some(areas) = areas {
        query = query.filter(dsl::area.is_null().or(dsl::area.assume_not_null().eq_any(areas)));
    }
    let rows: Vec<ItemRow> = query.load(db)?;
    rows.into_iter()
        .map(|row| row.read().map(Item::as_released))
        .collect()
}

/// Returns how many of the pages that are public now were published in each month, by the codes of `kind`. What the
/// demonstration made up isn't counted.
pub fn count_published(
    db: &mut Db,
    (from, until): (Month, Month),
    now: Instant,
) -> Result<Vec<(i32, String, i64)>> {
    let made_up = origins::press_origins.filter(origins::demo.eq(true));
    let counted = dsl::press_items
        .filter(dsl::id.ne_all(made_up.select(origins::id)))
        .filter(dsl::is_released.eq(true))
        .filter(dsl::month.ge(from.0))
        .filter(dsl::month.le(until.0))
        .filter(dsl::listed_at.le(now))
        .group_by((dsl::month, dsl::kind))
        .select((dsl::month, dsl::kind, diesel::dsl::count_star()));
    Ok(counted.load(db)?)
}

/// Returns the kind of page that a code in the column `kind` belongs to.
pub fn page_of(kind: &str) -> Option<PageKind> {
    use strum::VariantArray;
    PageKind::VARIANTS
        .iter()
        .copied()
        .find(|page| page.kinds().contains(&kind))
}
