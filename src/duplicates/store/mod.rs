//! SQL of duplicates. `detection` writes what the detector finds, `keys` by what it finds it. `rules` reads and writes the rules of
//! areas.

pub mod detection;
pub mod keys;
pub mod rules;

use crate::auth::Reach;
use crate::db::schema::duplicates;
use crate::db::{Db, Doc, Id, Instant, keyset, lock};
use crate::duplicates::evidence::Reason;
use crate::duplicates::{
    Decision, Duplicate, DuplicateFilter, DuplicateKind, DuplicateRecord, DuplicateSort, DuplicateStatus,
};
use crate::error::{Error, Result};
use crate::http::page;
use crate::http::query::{Several, with_codes};
use crate::http::{Cursor, Page};
use crate::reach::store as reach;
use crate::{organizations, workers};
use diesel::prelude::*;
use duplicates::dsl;
use matcher::ppm::PPM;

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

/// A pair whose records are not loaded yet: only their ids are known.
struct DuplicateRow {
    one: Id,
    other: Id,
    duplicate: Duplicate,
}

fn to_row(columns: Columns) -> Result<DuplicateRow> {
    let (id, kind, one, other, Doc(reasons), score_ppm, status, primary_id, version, created_at, updated_at) =
        columns;
    let unknown = |_| Error::Internal(format!("duplicate {id} has an unknown kind or status"));
    let status: DuplicateStatus = status.parse().map_err(unknown)?;
    let kind: DuplicateKind = kind.parse().map_err(unknown)?;
    Ok(DuplicateRow {
        one,
        other,
        duplicate: Duplicate {
            id,
            kind,
            records: Vec::new(),
            score: f64::from(score_ppm) / PPM as f64,
            reasons,
            decision: Decision { status, primary_id },
            version,
            created_at,
            updated_at,
        },
    })
}

fn with_records(db: &mut Db, pairs: Vec<DuplicateRow>) -> Result<Vec<Duplicate>> {
    let ids: Vec<Id> = pairs.iter().flat_map(|pair| [pair.one, pair.other]).collect();
    let workers = workers::store::labels(db, &ids)?;
    let organizations = organizations::store::labels(db, &ids)?;
    let partly_compared = keys::partly_compared(db, &ids)?;
    let record = |id| {
        let partly_compared = partly_compared.contains(&id);
        if let Some(label) = workers.get(&id) {
            return Some(DuplicateRecord {
                id,
                partly_compared,
                name: label.alias.clone(),
                area: label.area.clone(),
                source: label.source.clone(),
            });
        }
        organizations.get(&id).map(|label| DuplicateRecord {
            id,
            partly_compared,
            name: label.name.clone(),
            area: Some(label.area.clone()),
            source: label.source.clone(),
        })
    };
    let complete = |pair: DuplicateRow| Duplicate {
        records: [pair.one, pair.other].into_iter().filter_map(record).collect(),
        ..pair.duplicate
    };
    Ok(pairs.into_iter().map(complete).collect())
}

/// Lists the pairs that wait for a decision, oldest first.
pub fn waiting(db: &mut Db, reach: &Reach, after: Option<Id>, limit: i64) -> Result<Vec<(Id, Instant)>> {
    let waiting = dsl::duplicates
        .filter(dsl::status.eq(DuplicateStatus::Proposed.code()))
        .select((dsl::id, dsl::created_at));
    let mut query = waiting.order(dsl::id).limit(limit).into_boxed();
    if let Some(condition) = reach::duplicates(reach) {
        query = query.filter(condition);
    }
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    Ok(query.load(db)?)
}

/// Lists the pairs within the reach. Without `personal_data`, their order doesn't tell the scores either.
pub fn list(
    db: &mut Db,
    reach: &Reach,
    filter: &DuplicateFilter,
    personal_data: bool,
) -> Result<Page<Duplicate>> {
    let limit = page::limit_of_ids(filter.limit, &filter.ids)?;
    let sort = match personal_data {
        true => filter.sort,
        false => DuplicateSort::CreatedDescending,
    };
    let cursor = Cursor::decode(filter.cursor.as_deref(), sort.code())?;
    let query = filtered(reach, filter);
    let first = cursor.as_ref().map(|c| c.id);
    let query = match sort {
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
    let found: Result<Vec<DuplicateRow>> = rows.into_iter().map(to_row).collect();
    let found = with_records(db, found?)?;
    let page = Page::of(found, limit, |last: &Duplicate| Cursor {
        sort: sort.code().to_owned(),
        value: match sort {
            DuplicateSort::CreatedDescending => String::new(),
            DuplicateSort::ScoreDescending => ((last.score * PPM as f64).round() as i32).to_string(),
        },
        id: last.id,
    });
    page.of_whole(filter.count, &filter.ids, || {
        let all = filtered(reach, filter).select(dsl::id).limit(page::COUNTED);
        Ok(all.load(db)?)
    })
}

/// Returns the query of everything that passes a filter.
fn filtered<'a>(
    reach: &Reach,
    filter: &'a DuplicateFilter,
) -> duplicates::BoxedQuery<'a, crate::db::Backend> {
    let mut query = dsl::duplicates.into_boxed();
    if let Some(condition) = reach::duplicates(reach) {
        query = query.filter(condition);
    }
    if let Some(Several(ids)) = &filter.ids {
        query = query.filter(dsl::id.eq_any(ids));
    }
    if let Some(kinds) = &filter.kind {
        query = with_codes!(query, dsl::kind, kinds);
    }
    if let Some(statuses) = &filter.status {
        query = with_codes!(query, dsl::status, statuses);
    }
    query
}

/// Finds a pair within the reach.
pub fn find(db: &mut Db, reach: &Reach, id: Id) -> Result<Duplicate> {
    let mut query = dsl::duplicates.find(id).into_boxed();
    if let Some(condition) = reach::duplicates(reach) {
        query = query.filter(condition);
    }
    let found = query.get_result::<Columns>(db).optional()?;
    let missing = || Error::not_found("重複の候補", "duplicate");
    let found = with_records(db, vec![to_row(found.ok_or_else(missing)?)?])?;
    found.into_iter().next().ok_or_else(missing)
}

/// Locks all pairs until the transaction ends, so that no other server proposes or merges a pair.
pub fn lock_all(db: &mut Db) -> Result<()> {
    lock(db, "duplicates")
}

/// Finds a pair to decide about, and locks all pairs until the transaction ends.
pub fn find_to_change(db: &mut Db, reach: &Reach, id: Id) -> Result<Duplicate> {
    lock_all(db)?;
    find(db, reach, id)
}

/// Writes a decision about a pair.
pub fn update(db: &mut Db, pair: &Duplicate, decision: &Decision, now: Instant) -> Result<()> {
    let before = dsl::duplicates
        .find(pair.id)
        .filter(dsl::version.eq(pair.version));
    let decided = (
        dsl::status.eq(decision.status.code()),
        dsl::primary_id.eq(decision.primary_id),
        dsl::version.eq(pair.version + 1),
        dsl::updated_at.eq(now),
    );
    diesel::update(before).set(decided).execute(db)?;
    Ok(())
}

/// Deletes all pairs that contain this record.
pub fn forget(db: &mut Db, record: Id) -> Result<()> {
    let pairs = dsl::one_id.eq(record).or(dsl::other_id.eq(record));
    diesel::delete(dsl::duplicates.filter(pairs)).execute(db)?;
    Ok(())
}
