//! SQL of page views.

use crate::db::schema::page_views::{self, dsl};
use crate::db::{BATCH, Db, Id, on};
use crate::error::Result;
use crate::press::month::Month;
use crate::press::{MonthlyViews, PageKind, PageMonth};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::upsert::excluded;

#[derive(Insertable)]
#[diesel(table_name = page_views, treat_none_as_default_value = false)]
struct ViewRow {
    kind: &'static str,
    record_id: Id,
    month: i32,
    views: i64,
}

/// Adds views to those that are stored.
pub fn add_all(db: &mut Db, counted: &[(PageMonth, i64)]) -> Result<()> {
    let row = |((kind, id, month), views): &(PageMonth, i64)| ViewRow {
        kind: kind.code(),
        record_id: *id,
        month: month.0,
        views: *views,
    };
    let mut rows: Vec<ViewRow> = counted.iter().map(row).collect();
    // Servers that write at the same time take the rows in the same order.
    rows.sort_unstable_by_key(|row| (row.kind, row.record_id, row.month));
    for rows in rows.chunks(BATCH) {
        on!(db, |c| diesel::insert_into(page_views::table)
            .values(rows)
            .on_conflict((dsl::kind, dsl::record_id, dsl::month))
            .do_update()
            .set(dsl::views.eq(dsl::views + excluded(dsl::views)))
            .execute(c))?;
    }
    Ok(())
}

/// Lists the views of a page by month, the newest first.
pub fn of_page(db: &mut Db, kind: PageKind, id: Id, limit: i64) -> Result<Vec<MonthlyViews>> {
    let rows = dsl::page_views
        .filter(dsl::kind.eq(kind.code()))
        .filter(dsl::record_id.eq(id))
        .order(dsl::month.desc())
        .limit(limit)
        .select((dsl::month, dsl::views));
    let rows: Vec<(i32, i64)> = rows.load(db)?;
    let views = |(month, views)| MonthlyViews {
        month: Month(month),
        views,
    };
    Ok(rows.into_iter().map(views).collect())
}

/// Adds up the views of all pages of each kind, by month.
pub fn count(db: &mut Db, (from, until): (Month, Month)) -> Result<Vec<(i32, String, i64)>> {
    let counted = dsl::page_views
        .filter(dsl::month.ge(from.0))
        .filter(dsl::month.le(until.0))
        .group_by((dsl::month, dsl::kind))
        .select((dsl::month, dsl::kind, sql::<BigInt>("CAST(SUM(views) AS bigint)")));
    Ok(counted.load(db)?)
}
