//! SQL of exposures.

use super::{
    DAYS_KEPT, ListContent, ListKind, MAX_OF_A_DAY, MAX_STORED, RankingQuality, ShownList, ShownListFilter,
    week_number,
};
use crate::catalogue::calendar::day_number;
use crate::db::schema::{exposures, shown_lists};
use crate::db::{BATCH, Db, Doc, Id, Instant, on};
use crate::error::Result;
use crate::http::{Cursor, Page, page};
use crate::{deliverables, workers};
use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use diesel::upsert::excluded;
use exposures::dsl as e;
use matcher::fairness::Exposure;
use shown_lists::dsl as l;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

#[derive(Insertable)]
#[diesel(table_name = shown_lists, treat_none_as_default_value = false)]
struct ShownListRow<'a> {
    id: Id,
    shown_at: Instant,
    day: i32,
    viewer: &'a str,
    kind: &'static str,
    subject_id: Id,
    digest: i64,
    strength_ppm: Option<i64>,
    ndcg_ppm: i64,
    list: Doc<&'a ListContent>,
}

#[derive(Insertable)]
#[diesel(table_name = exposures, treat_none_as_default_value = false)]
struct ExposureRow {
    week: i32,
    kind: &'static str,
    subject_id: Id,
    shown: i32,
    attention_ppm: i64,
    deserved_ppm: i64,
}

/// How many earlier lists are looked at, for a new one of the same viewer or for a choice.
const COMPARED: i64 = 20;

/// Inserts lists with their digests, and adds up the attention in those that count. What the viewer has seen for the same
/// subject on that day adds nothing.
pub fn insert_all(db: &mut Db, day: NaiveDate, lists: &[(ShownList, i64)]) -> Result<()> {
    let mut added: BTreeMap<(&'static str, Id), Exposure> = BTreeMap::new();
    for (list, digest) in lists {
        let row = ShownListRow {
            id: list.id,
            shown_at: list.shown_at,
            day: day_number(day),
            viewer: &list.viewer,
            kind: list.kind.code(),
            subject_id: list.subject_id,
            digest: *digest,
            strength_ppm: list.strength_ppm.map(|ppm| ppm as i64),
            ndcg_ppm: list.ndcg_ppm as i64,
            list: Doc(&list.content),
        };
        if of_a_day(db, day, &list.viewer)? >= MAX_OF_A_DAY {
            tracing::warn!(
                viewer = list.viewer,
                "more lists were shown than are kept of a day"
            );
            continue;
        }
        let insert = diesel::insert_into(shown_lists::table).values(row);
        let inserted = on!(db, |c| insert.on_conflict_do_nothing().execute(c))?;
        if inserted > 0 && list.counts() {
            let seen = seen_before(db, day, list)?;
            for (id, exposure) in list.exposures().filter(|(id, _)| !seen.contains(id)) {
                let sum = added.entry((list.kind.code(), id)).or_default();
                sum.shown += exposure.shown;
                sum.attention_ppm += exposure.attention_ppm;
                sum.deserved_ppm += exposure.deserved_ppm;
            }
        }
    }
    add(db, week_number(day), added)
}

/// Counts the lists of a viewer and day.
fn of_a_day(db: &mut Db, day: NaiveDate, viewer: &str) -> Result<i64> {
    let kinds = [ListKind::Workers, ListKind::Deliverables].map(ListKind::code);
    let own = l::shown_lists
        .filter(l::day.eq(day_number(day)).and(l::kind.eq_any(kinds)))
        .filter(l::viewer.eq(viewer));
    Ok(own.count().get_result(db)?)
}

/// Returns the items of the viewer's earlier lists that counted on that day.
fn seen_before(db: &mut Db, day: NaiveDate, list: &ShownList) -> Result<BTreeSet<Id>> {
    let earlier = l::shown_lists
        .filter(l::day.eq(day_number(day)).and(l::kind.eq(list.kind.code())))
        .filter(l::viewer.eq(&list.viewer).and(l::subject_id.eq(list.subject_id)))
        .filter(l::strength_ppm.is_not_null().and(l::id.ne(list.id)))
        .order(l::id.desc())
        .limit(COMPARED)
        .select(l::list);
    let earlier = earlier.load::<Doc<ListContent>>(db)?.into_iter();
    Ok(earlier
        .flat_map(|Doc(content)| content.items)
        .map(|item| item.id)
        .collect())
}

/// Adds to the sums of a week. The map's order keeps writers from waiting for each other in a circle.
pub fn add(db: &mut Db, week: i32, added: BTreeMap<(&'static str, Id), Exposure>) -> Result<()> {
    let row = |((kind, subject_id), exposure): ((&'static str, Id), Exposure)| ExposureRow {
        week,
        kind,
        subject_id,
        shown: exposure.shown as i32,
        attention_ppm: exposure.attention_ppm as i64,
        deserved_ppm: exposure.deserved_ppm as i64,
    };
    let rows: Vec<ExposureRow> = added.into_iter().map(row).collect();
    for rows in rows.chunks(BATCH) {
        on!(db, |c| diesel::insert_into(exposures::table)
            .values(rows)
            .on_conflict((e::week, e::kind, e::subject_id))
            .do_update()
            .set((
                e::shown.eq(e::shown + excluded(e::shown)),
                e::attention_ppm.eq(e::attention_ppm + excluded(e::attention_ppm)),
                e::deserved_ppm.eq(e::deserved_ppm + excluded(e::deserved_ppm)),
            ))
            .execute(c))?;
    }
    Ok(())
}

/// Adds up the attention that each item received in these weeks.
pub fn history(db: &mut Db, kind: ListKind, weeks: Range<i32>) -> Result<HashMap<u128, Exposure>> {
    let rows = e::exposures
        .filter(e::kind.eq(kind.code()))
        .filter(e::week.ge(weeks.start).and(e::week.lt(weeks.end)))
        .group_by(e::subject_id)
        .select((
            e::subject_id,
            sql::<BigInt>("CAST(SUM(shown) AS BIGINT)"),
            sql::<BigInt>("CAST(SUM(attention_ppm) AS BIGINT)"),
            sql::<BigInt>("CAST(SUM(deserved_ppm) AS BIGINT)"),
        ))
        .load::<(Id, i64, i64, i64)>(db)?;
    let exposure = |(id, shown, attention, deserved): (Id, i64, i64, i64)| {
        let exposure = Exposure {
            shown: shown as u32,
            attention_ppm: attention as u64,
            deserved_ppm: deserved as u64,
        };
        (id.0.as_u128(), exposure)
    };
    Ok(rows.into_iter().map(exposure).collect())
}

/// Returns the attention of each item that was shown and can be ranked, and how many can be ranked.
pub fn attention(db: &mut Db, kind: ListKind, from_week: i32) -> Result<(Vec<u64>, i64)> {
    let summed = sql::<BigInt>("CAST(SUM(attention_ppm) AS BIGINT)");
    let since = e::exposures
        .filter(e::kind.eq(kind.code()))
        .filter(e::week.ge(from_week))
        .group_by(e::subject_id)
        .select(summed);
    let (attention, considered) = match kind {
        ListKind::Workers => {
            let shown = since.filter(e::subject_id.eq_any(workers::store::active_ids()));
            (shown.load::<i64>(db)?, workers::store::count_active(db)?)
        }
        ListKind::Deliverables => {
            let shown = since.filter(e::subject_id.eq_any(deliverables::store::open_ids()));
            (shown.load::<i64>(db)?, deliverables::store::count_open(db)?)
        }
    };
    Ok((attention.into_iter().map(|sum| sum as u64).collect(), considered))
}

/// Counts the lists shown since a day, and measures what fairness cost.
pub fn quality(db: &mut Db, kind: ListKind, from_day: i32) -> Result<(u64, RankingQuality)> {
    let (all, adjusted, mean, max): (i64, i64, Option<i64>, Option<i64>) = l::shown_lists
        .filter(l::day.ge(from_day).and(l::kind.eq(kind.code())))
        .select((
            sql::<BigInt>("COUNT(*)"),
            sql::<BigInt>("COUNT(strength_ppm)"),
            sql::<Nullable<BigInt>>(
                "CAST(ROUND(AVG(CASE WHEN strength_ppm IS NULL THEN NULL ELSE 1000000 - ndcg_ppm END)) AS BIGINT)",
            ),
            sql::<Nullable<BigInt>>("MAX(CASE WHEN strength_ppm IS NULL THEN NULL ELSE 1000000 - ndcg_ppm END)"),
        ))
        .get_result(db)?;
    let quality = RankingQuality {
        lists: adjusted as u64,
        ndcg_loss_ppm: mean.map(|ppm| ppm as u64),
        max_ndcg_loss_ppm: max.map(|ppm| ppm as u64),
    };
    Ok((all as u64, quality))
}

type Columns = (
    Id,
    Instant,
    String,
    String,
    Id,
    Option<i64>,
    i64,
    Doc<ListContent>,
);
type Selected = (
    l::id,
    l::shown_at,
    l::viewer,
    l::kind,
    l::subject_id,
    l::strength_ppm,
    l::ndcg_ppm,
    l::list,
);
const COLUMNS: Selected = (
    l::id,
    l::shown_at,
    l::viewer,
    l::kind,
    l::subject_id,
    l::strength_ppm,
    l::ndcg_ppm,
    l::list,
);

fn read((id, shown_at, viewer, kind, subject_id, strength, ndcg, Doc(content)): Columns) -> ShownList {
    ShownList {
        id,
        shown_at,
        viewer,
        kind: kind.parse().unwrap_or(ListKind::Deliverables),
        subject_id,
        strength_ppm: strength.map(|ppm| ppm as u64),
        ndcg_ppm: ndcg as u64,
        is_offer: false,
        content,
    }
}

/// Lists the lists of a kind for a subject that were shown until a moment, the newest [`COMPARED`] of them, newest first.
pub fn shown_before(db: &mut Db, kind: ListKind, subject: Id, until: Instant) -> Result<Vec<ShownList>> {
    let shown = l::shown_lists
        .filter(l::subject_id.eq(subject).and(l::kind.eq(kind.code())))
        .filter(l::shown_at.le(until))
        .order(l::id.desc())
        .limit(COMPARED)
        .select(COLUMNS);
    Ok(shown.load::<Columns>(db)?.into_iter().map(read).collect())
}

/// Lists shown lists, newest first.
pub fn list(db: &mut Db, filter: &ShownListFilter) -> Result<Page<ShownList>> {
    const SORT: &str = "-shown_at";
    let limit = page::limit(filter.limit)?;
    let all = || {
        let query = l::shown_lists.select(COLUMNS).order(l::id.desc()).into_boxed();
        match filter.subject_id {
            Some(subject) => query.filter(l::subject_id.eq(subject)),
            None => query,
        }
    };
    let mut query = all().limit(limit + 1);
    if let Some(after) = Cursor::decode(filter.cursor.as_deref(), SORT)? {
        query = query.filter(l::id.lt(after.id));
    }
    let rows = query.load::<Columns>(db)?.into_iter().map(read).collect();
    let cursor = |last: &ShownList| Cursor {
        sort: SORT.into(),
        value: String::new(),
        id: last.id,
    };
    Page::of(rows, limit, cursor).counted(filter.count, || {
        let all = all().select(l::id).limit(page::COUNTED);
        Ok(all.load::<Id>(db)?.len())
    })
}

/// Returns the day before which the lists are more than a number of bytes behind the newest, or `None` if they are fewer.
pub fn full_before(db: &mut Db, bytes: i64) -> Result<Option<i32>> {
    let size = match db {
        Db::Sqlite(_) => "CAST(SUM(octet_length(list)) AS BIGINT)",
        Db::Pg(_) => "CAST(SUM(pg_column_size(list)) AS BIGINT)",
    };
    let days = l::shown_lists
        .group_by(l::day)
        .select((l::day, sql::<BigInt>(size)))
        .order(l::day.desc());
    let mut left = bytes;
    for (day, size) in days.load::<(i32, i64)>(db)? {
        left -= size;
        if left < 0 {
            return Ok(Some(day + 1));
        }
    }
    Ok(None)
}

/// Deletes lists and weekly sums that are too old, and the oldest days whose lists are more than may be kept. The last
/// day stays: it has its own limit.
pub fn purge(db: &mut Db, today: NaiveDate) -> Result<usize> {
    let full = full_before(db, MAX_STORED)?
        .unwrap_or(i32::MIN)
        .min(day_number(today));
    let old = l::shown_lists.filter(l::day.lt(full.max(day_number(today) - DAYS_KEPT)));
    let over = e::exposures.filter(e::week.lt(week_number(today) - DAYS_KEPT / 7));
    Ok(diesel::delete(old).execute(db)? + diesel::delete(over).execute(db)?)
}
