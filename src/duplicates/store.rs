//! SQL of duplicates.

use super::evidence::Reason;
use super::{
    Decision, Duplicate, DuplicateFilter, DuplicateKind, DuplicateRecord, DuplicateSort, DuplicateStatus,
};
use crate::auth::Reach;
use crate::db::schema::{duplicates, organizations, workers};
use crate::db::search::Condition;
use crate::db::{Db, Doc, Id, Instant, keyset, lock};
use crate::error::{Error, Result};
use crate::http::page;
use crate::http::{Cursor, Page};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use duplicates::dsl;
use matcher::ppm::PPM;
use std::collections::HashMap;

type Columns = (
    Id,
    String,
    Id,
    Id,
    Doc<Vec<Reason>>,
    i32,
    String,
    Option<Id>,
    i64,
    Instant,
    Instant,
);

/// The ids of the two, and the rest.
struct Read {
    one: Id,
    other: Id,
    duplicate: Duplicate,
}

fn read(columns: Columns) -> Result<Read> {
    let (id, kind, one, other, Doc(reasons), score_ppm, status, kept_id, version, created_at, updated_at) =
        columns;
    let strange = || Error::Internal(format!("duplicate {id} has a strange kind or status"));
    let status = DuplicateStatus::of_code(&status).ok_or_else(strange)?;
    let kind = DuplicateKind::of_code(&kind).ok_or_else(strange)?;
    Ok(Read {
        one,
        other,
        duplicate: Duplicate {
            id,
            kind,
            records: Vec::new(),
            score: f64::from(score_ppm) / PPM as f64,
            reasons,
            decision: Decision { status, kept_id },
            version,
            created_at,
            updated_at,
        },
    })
}

/// Pairs of which one record at least is within the reach.
fn within(reach: &Reach) -> Option<Condition<duplicates::table>> {
    let Reach::Areas(areas) = reach else {
        let none = || -> Condition<duplicates::table> { Box::new(false.into_sql::<Bool>()) };
        return (*reach != Reach::Everything).then(none);
    };
    macro_rules! there {
        ($table:ident, $column:expr) => {
            exists(
                $table::table
                    .filter($table::id.eq($column))
                    .filter($table::area.eq_any(areas.clone())),
            )
        };
    }
    let people = there!(workers, dsl::one_id).or(there!(workers, dsl::other_id));
    let groups = there!(organizations, dsl::one_id).or(there!(organizations, dsl::other_id));
    Some(Box::new(people.or(groups)))
}

fn with_records(db: &mut Db, found: Vec<Read>) -> Result<Vec<Duplicate>> {
    let ids: Vec<Id> = found.iter().flat_map(|pair| [pair.one, pair.other]).collect();
    type Row = (Id, String, Option<String>, Option<String>);
    let people = workers::table.filter(workers::id.eq_any(&ids));
    let people = people.select((workers::id, workers::alias, workers::area, workers::source));
    let groups = organizations::table.filter(organizations::id.eq_any(&ids));
    let groups = groups.select((
        organizations::id,
        organizations::name,
        organizations::area.nullable(),
        organizations::source,
    ));
    let mut rows: Vec<Row> = people.load(db)?;
    rows.extend(groups.load::<Row>(db)?);
    let record = |(id, name, area, source): Row| {
        (
            id,
            DuplicateRecord {
                id,
                name,
                area,
                source,
            },
        )
    };
    let records: HashMap<Id, DuplicateRecord> = rows.into_iter().map(record).collect();
    let complete = |pair: Read| Duplicate {
        records: [pair.one, pair.other]
            .into_iter()
            .filter_map(|id| records.get(&id).cloned())
            .collect(),
        ..pair.duplicate
    };
    Ok(found.into_iter().map(complete).collect())
}

pub fn list(db: &mut Db, reach: &Reach, filter: &DuplicateFilter) -> Result<Page<Duplicate>> {
    let limit = page::limit(filter.limit)?;
    let cursor = Cursor::decode(filter.cursor.as_deref(), filter.sort.code())?;
    let mut query = dsl::duplicates.into_boxed();
    if let Some(condition) = within(reach) {
        query = query.filter(condition);
    }
    if let Some(kind) = filter.kind {
        query = query.filter(dsl::kind.eq(kind.code()));
    }
    if let Some(status) = filter.status {
        query = query.filter(dsl::status.eq(status.code()));
    }
    let first = cursor.as_ref().map(|c| c.id);
    let query = match filter.sort {
        DuplicateSort::CreatedDescending => keyset!(query, first, dsl::id, descending),
        DuplicateSort::ScoreDescending => keyset!(
            query,
            page::after(&cursor, |v| v.parse::<i32>().ok())?,
            dsl::score_ppm,
            dsl::id,
            descending
        ),
    };
    let rows = query.limit(limit + 1).load::<Columns>(db)?;
    let found: Result<Vec<Read>> = rows.into_iter().map(read).collect();
    let found = with_records(db, found?)?;
    Ok(Page::of(found, limit, |last: &Duplicate| Cursor {
        sort: filter.sort.code().to_owned(),
        value: match filter.sort {
            DuplicateSort::CreatedDescending => String::new(),
            DuplicateSort::ScoreDescending => ((last.score * PPM as f64).round() as i32).to_string(),
        },
        id: last.id,
    }))
}

pub fn find(db: &mut Db, reach: &Reach, id: Id) -> Result<Duplicate> {
    let mut query = dsl::duplicates.find(id).into_boxed();
    if let Some(condition) = within(reach) {
        query = query.filter(condition);
    }
    let found = query.first::<Columns>(db).optional()?;
    let missing = || Error::not_found("重複の候補", "duplicate");
    let found = with_records(db, vec![read(found.ok_or_else(missing)?)?])?;
    found.into_iter().next().ok_or_else(missing)
}

/// Nobody else proposes or merges anything until the transaction ends.
pub fn lock_all(db: &mut Db) -> Result<()> {
    lock(db, "duplicates")
}

/// To decide.
pub fn find_to_change(db: &mut Db, reach: &Reach, id: Id) -> Result<Duplicate> {
    lock_all(db)?;
    find(db, reach, id)
}

/// Writes a decision.
pub fn update(db: &mut Db, pair: &Duplicate, decision: &Decision, now: Instant) -> Result<()> {
    let before = dsl::duplicates
        .find(pair.id)
        .filter(dsl::version.eq(pair.version));
    let decided = (
        dsl::status.eq(decision.status.code()),
        dsl::kept_id.eq(decision.kept_id),
        dsl::version.eq(pair.version + 1),
        dsl::updated_at.eq(now),
    );
    diesel::update(before).set(decided).execute(db)?;
    Ok(())
}

/// The same of either table, which have these columns in common.
macro_rules! of_kind {
    ($kind:expr, $table:ident => $body:expr) => {
        match $kind {
            DuplicateKind::Worker => {
                use crate::db::schema::workers as $table;
                $body
            }
            DuplicateKind::Organization => {
                use crate::db::schema::organizations as $table;
                $body
            }
        }
    };
}

/// Into which record this one is merged. Nobody else changes it until the transaction ends.
pub fn merged_into(db: &mut Db, kind: DuplicateKind, id: Id) -> Result<Option<Id>> {
    lock(db, &format!("{}/{id}", kind.code()))?;
    let missing = || Error::not_found("重複の候補", "duplicate");
    let found: Option<Option<Id>> =
        of_kind!(kind, t => t::table.find(id).select(t::merged_into).first(db).optional()?);
    found.ok_or_else(missing)
}

/// Whether other records than these are merged into this one.
pub fn has_merged(db: &mut Db, kind: DuplicateKind, id: Id, but: &[Id]) -> Result<bool> {
    let found: Option<Id> = of_kind!(kind, t => {
        let merged = t::table.filter(t::merged_into.eq(id)).filter(t::id.ne_all(but));
        merged.select(t::id).first(db).optional()?
    });
    Ok(found.is_some())
}

/// Merges a record, or takes that back, and gives its next version.
pub fn merge(db: &mut Db, kind: DuplicateKind, id: Id, into: Option<Id>, now: Instant) -> Result<i64> {
    Ok(of_kind!(kind, t => {
        let moved = (t::merged_into.eq(into), t::version.eq(t::version + 1), t::updated_at.eq(now));
        diesel::update(t::table.find(id)).set(moved).execute(db)?;
        t::table.find(id).select(t::version).first(db)?
    }))
}

/// Deletes the pairs of a person.
pub fn forget(db: &mut Db, worker: Id) -> Result<()> {
    let is_own = dsl::one_id.eq(worker).or(dsl::other_id.eq(worker));
    diesel::delete(dsl::duplicates.filter(is_own)).execute(db)?;
    Ok(())
}
