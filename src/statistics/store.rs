//! SQL of the statistics.

use super::{Group, StatisticsFilter};
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::{declared_totals, deliverables::dsl as d};
use crate::db::{Db, on};
use crate::error::Result;
use crate::values::with_wards;
use crate::workers::DEMO_SOURCE;
use diesel::dsl::count_star;
use diesel::prelude::*;

/// Counts deliverables by all dimensions at once. One index covers all of them.
pub fn count_recorded(db: &mut Db, filter: &StatisticsFilter) -> Result<Vec<(Group, i64)>> {
    type Row = (i32, String, String, String, String, String, i64);
    let columns = (
        d::fiscal_year,
        d::format,
        d::area,
        d::family,
        d::deliverable_type,
        d::status,
    );
    let (year, format, area, family, kind, status) = columns;
    let grouped =
        d::deliverables
            .group_by(columns)
            .select((year, format, area, family, kind, status, count_star()));
    let mut query = grouped.into_boxed();
    if !filter.include_demo {
        query = query.filter(d::source.is_null().or(d::source.ne(DEMO_SOURCE)));
    }
    if let Some(year) = filter.fiscal_year {
        query = query.filter(d::fiscal_year.eq(year));
    }
    if let Some(format) = filter.format {
        query = query.filter(d::format.eq(format.code()));
    }
    if let Some(area) = &filter.area {
        query = query.filter(d::area.eq_any(with_wards(area)));
    }
    if let Some(family) = &filter.family {
        query = query.filter(d::family.eq(family));
    }
    if let Some(code) = &filter.type_ {
        query = query.filter(d::deliverable_type.eq(code));
    }
    if let Some(status) = filter.status {
        query = query.filter(d::status.eq(status.code()));
    }
    let group = |(year, format, area, family, type_, status, count): Row| {
        let (format, area, family) = (Some(format), Some(area), Some(family));
        (
            Group {
                fiscal_year: Some(year),
                format,
                area,
                family,
                type_: Some(type_),
                status: Some(status),
            },
            count,
        )
    };
    Ok(query.load::<Row>(db)?.into_iter().map(group).collect())
}

/// Counts what was declared without being listed, by year and format.
pub fn count_unlisted(db: &mut Db, filter: &StatisticsFilter) -> Result<Vec<(Group, i64)>> {
    use declared_totals::dsl as t;
    let mut query = t::declared_totals
        .select((t::fiscal_year, t::format, t::declared, t::listed))
        .into_boxed();
    if let Some(year) = filter.fiscal_year {
        query = query.filter(t::fiscal_year.eq(year));
    }
    if let Some(format) = filter.format {
        query = query.filter(t::format.eq(format.code()));
    }
    let group = |(year, format, declared, listed): (i32, String, i32, i32)| {
        let missing = i64::from(declared - listed).max(0);
        (
            Group {
                fiscal_year: Some(year),
                format: Some(format),
                ..Group::default()
            },
            missing,
        )
    };
    Ok(query.load(db)?.into_iter().map(group).collect())
}

/// What a publication declares for a year and category, and how many of those it lists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Queryable, Insertable)]
#[diesel(table_name = declared_totals)]
pub struct DeclaredTotal {
    pub source: String,
    pub fiscal_year: i32,
    pub category: String,
    pub format: String,
    pub declared: i32,
    pub listed: i32,
}

/// Replaces the totals that a source declares. Returns whether they changed.
pub fn replace_declared(db: &mut Db, actor: &str, source: &str, totals: &[DeclaredTotal]) -> Result<bool> {
    use declared_totals::dsl as t;
    let mut before: Vec<DeclaredTotal> = t::declared_totals.filter(t::source.eq(source)).load(db)?;
    let mut after = totals.to_vec();
    before.sort();
    after.sort();
    if before == after {
        return Ok(false);
    }
    diesel::delete(t::declared_totals.filter(t::source.eq(source))).execute(db)?;
    on!(db, |c| diesel::insert_into(declared_totals::table)
        .values(&after)
        .execute(c))?;
    let change = Change::new(Subject::DeclaredTotal, source, Action::Updated, 1);
    changes::store::append(db, actor, &[change])?;
    Ok(true)
}
