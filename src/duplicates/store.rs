//! SQL of duplicates.

use super::{Decision, Duplicate, DuplicateFilter, DuplicateStatus, DuplicateWorker};
use crate::audit::{self, Act, AuditAction};
use crate::auth::Reach;
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::{duplicates, workers};
use crate::db::search::Condition;
use crate::db::{Db, Doc, Id, Instant, keyset, lock};
use crate::error::{Error, Result};
use crate::http::page;
use crate::http::{Cursor, Page};
use crate::workers::store::faces;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use duplicates::dsl;
use std::collections::HashMap;

type Columns = (
    Id,
    Id,
    Id,
    Doc<Vec<String>>,
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
    let (id, one, other, Doc(reasons), status, kept_worker_id, version, created_at, updated_at) = columns;
    let strange = || Error::Internal(format!("duplicate {id} has a strange status"));
    let status = DuplicateStatus::of_code(&status).ok_or_else(strange)?;
    Ok(Read {
        one,
        other,
        duplicate: Duplicate {
            id,
            workers: Vec::new(),
            reasons,
            decision: Decision {
                status,
                kept_worker_id,
            },
            version,
            created_at,
            updated_at,
        },
    })
}

/// Pairs of which one at least is within the reach.
fn within(reach: &Reach) -> Option<Condition<duplicates::table>> {
    let Reach::Areas(areas) = reach else {
        let none = || -> Condition<duplicates::table> { Box::new(false.into_sql::<Bool>()) };
        return (*reach != Reach::Everything).then(none);
    };
    let there = || workers::table.filter(workers::area.eq_any(areas.clone()));
    let one = exists(there().filter(workers::id.eq(dsl::one_id)));
    let other = exists(there().filter(workers::id.eq(dsl::other_id)));
    Some(Box::new(one.or(other)))
}

fn with_workers(db: &mut Db, found: Vec<Read>) -> Result<Vec<Duplicate>> {
    let ids: Vec<Id> = found.iter().flat_map(|pair| [pair.one, pair.other]).collect();
    let faces = faces(db, &ids)?;
    let sources = workers::table
        .filter(workers::id.eq_any(&ids))
        .select((workers::id, workers::source));
    let sources: HashMap<Id, Option<String>> = sources.load(db)?.into_iter().collect();
    let worker = |id: Id| {
        let face = faces.get(&id)?;
        Some(DuplicateWorker {
            id,
            alias: face.alias.clone(),
            area: face.area.clone(),
            source: sources.get(&id).cloned().flatten(),
        })
    };
    let complete = |pair: Read| Duplicate {
        workers: [pair.one, pair.other].into_iter().filter_map(worker).collect(),
        ..pair.duplicate
    };
    Ok(found.into_iter().map(complete).collect())
}

pub fn list(db: &mut Db, reach: &Reach, filter: &DuplicateFilter) -> Result<Page<Duplicate>> {
    let limit = page::limit(filter.limit)?;
    let cursor = Cursor::decode(filter.cursor.as_deref(), "-created_at")?;
    let mut query = dsl::duplicates.into_boxed();
    if let Some(condition) = within(reach) {
        query = query.filter(condition);
    }
    if let Some(status) = filter.status {
        query = query.filter(dsl::status.eq(status.code()));
    }
    let first = cursor.map(|c| c.id);
    let rows = keyset!(query, first, dsl::id, descending)
        .limit(limit + 1)
        .load::<Columns>(db)?;
    let found: Result<Vec<Read>> = rows.into_iter().map(read).collect();
    let found = with_workers(db, found?)?;
    Ok(Page::of(found, limit, |last: &Duplicate| Cursor {
        sort: "-created_at".to_owned(),
        value: String::new(),
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
    let found = with_workers(db, vec![read(found.ok_or_else(missing)?)?])?;
    found.into_iter().next().ok_or_else(missing)
}

/// To decide: nobody else merges anyone until the transaction ends.
pub fn find_to_change(db: &mut Db, reach: &Reach, id: Id) -> Result<Duplicate> {
    lock(db, "duplicates")?;
    find(db, reach, id)
}

/// Writes a decision, and into which record those are merged of whom that changes.
pub fn update(
    db: &mut Db,
    actor: &str,
    duplicate: &Duplicate,
    decision: &Decision,
    merged: &[(Id, Option<Id>)],
    now: Instant,
) -> Result<()> {
    let before = dsl::duplicates
        .find(duplicate.id)
        .filter(dsl::version.eq(duplicate.version));
    let decided = (
        dsl::status.eq(decision.status.code()),
        dsl::kept_id.eq(decision.kept_worker_id),
        dsl::version.eq(duplicate.version + 1),
        dsl::updated_at.eq(now),
    );
    diesel::update(before).set(decided).execute(db)?;
    let mut changed = Vec::new();
    for (id, into) in merged {
        let moved = (
            workers::merged_into.eq(into),
            workers::version.eq(workers::version + 1),
            workers::updated_at.eq(now),
        );
        diesel::update(workers::table.find(*id)).set(moved).execute(db)?;
        let version = workers::table
            .find(*id)
            .select(workers::version)
            .first::<i64>(db)?;
        changed.push(Change::new(Subject::Worker, id, Action::Updated, version));
    }
    changes::store::append(db, actor, &changed)?;
    let act = Act {
        actor: actor.to_owned(),
        action: match decision.status {
            DuplicateStatus::Merged => AuditAction::DuplicateMerged,
            _ => AuditAction::DuplicateSeparated,
        },
        subjects: duplicate.workers.iter().map(|worker| worker.id).collect(),
    };
    audit::store::append(db, &act)
}

/// Whether one of these is merged with somebody who is not of them.
pub fn is_merged_elsewhere(db: &mut Db, ids: &[Id]) -> Result<bool> {
    let into_others = workers::table
        .filter(workers::id.eq_any(ids))
        .filter(workers::merged_into.is_not_null())
        .filter(workers::merged_into.assume_not_null().ne_all(ids));
    let others_into = workers::table
        .filter(workers::merged_into.eq_any(ids))
        .filter(workers::id.ne_all(ids));
    let (into, from) = (into_others.select(workers::id), others_into.select(workers::id));
    let found = into.first::<Id>(db).optional()?;
    Ok(found.is_some() || from.first::<Id>(db).optional()?.is_some())
}
