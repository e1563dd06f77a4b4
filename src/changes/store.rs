//! SQL of the change log.

use super::{Change, Subject};
use crate::db::schema::changes::{self, dsl};
use crate::db::schema::followers;
use crate::db::{BATCH, Db, Instant, insert_all, on};
use crate::error::Result;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use std::collections::HashSet;

#[derive(Insertable)]
#[diesel(table_name = changes, treat_none_as_default_value = false)]
struct ChangeRow<'a> {
    at: Instant,
    actor: &'a str,
    entity: &'static str,
    entity_id: &'a str,
    action: &'static str,
    version: i64,
}

/// Logs the changes of a transaction. Call this last.
pub fn append(db: &mut Db, actor: &str, changes: &[Change]) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    if let Db::Pg(c) = db {
        c.batch_execute("SELECT pg_advisory_xact_lock(6385438)")?;
    }
    let at = Instant::now();
    fn row<'a>(change: &'a Change, actor: &'a str, at: Instant) -> ChangeRow<'a> {
        let Change {
            subject,
            subject_id,
            action,
            version,
        } = change;
        ChangeRow {
            at,
            actor,
            entity: subject.code(),
            entity_id: subject_id,
            action: action.code(),
            version: *version,
        }
    }
    for batch in changes.chunks(BATCH) {
        let rows: Vec<ChangeRow> = batch.iter().map(|change| row(change, actor, at)).collect();
        insert_all!(db, changes::table, &rows)?;
    }
    Ok(())
}

/// Returns the newest `seq`, 0 before the first change.
pub fn latest(db: &mut Db) -> Result<i64> {
    Ok(dsl::changes
        .select(diesel::dsl::max(dsl::seq))
        .first::<Option<i64>>(db)?
        .unwrap_or(0))
}

/// Returns the newest `seq` of one kind of record.
pub fn latest_of(db: &mut Db, subject: Subject) -> Result<i64> {
    let newest = dsl::changes
        .filter(dsl::entity.eq(subject.code()))
        .select(diesel::dsl::max(dsl::seq));
    Ok(newest.first::<Option<i64>>(db)?.unwrap_or(0))
}

/// Lists kind and id of everything that changed after `seq`.
pub fn since(db: &mut Db, seq: i64) -> Result<Vec<(String, String)>> {
    let later = dsl::changes.filter(dsl::seq.gt(seq)).order(dsl::seq);
    Ok(later.select((dsl::entity, dsl::entity_id)).load(db)?)
}

/// Lists the next changes after `seq`, at most `most`, each as `(seq, kind, id)`.
pub fn next(db: &mut Db, seq: i64, most: i64) -> Result<Vec<(i64, String, String)>> {
    let later = dsl::changes.filter(dsl::seq.gt(seq)).order(dsl::seq).limit(most);
    Ok(later.select((dsl::seq, dsl::entity, dsl::entity_id)).load(db)?)
}

/// Lists the ids of one kind that anyone but `actor` has written.
pub fn written_by_others(db: &mut Db, subject: Subject, actor: &str) -> Result<HashSet<String>> {
    let others = dsl::changes
        .filter(dsl::entity.eq(subject.code()).and(dsl::actor.ne(actor)))
        .select(dsl::entity_id)
        .distinct();
    Ok(others.load::<String>(db)?.into_iter().collect())
}

/// Returns the last `seq` that a follower has handled, 0 before its first one.
pub fn position(db: &mut Db, follower: &str) -> Result<i64> {
    let position = followers::table.find(follower).select(followers::position);
    Ok(position.first(db).optional()?.unwrap_or(0))
}

/// Moves a follower's position forward.
pub fn advance(db: &mut Db, follower: &str, to: i64) -> Result<()> {
    let row = (followers::name.eq(follower), followers::position.eq(to));
    let insert = diesel::insert_into(followers::table).values(row);
    on!(db, |c| insert
        .on_conflict(followers::name)
        .do_update()
        .set(followers::position.eq(to))
        .execute(c))?;
    Ok(())
}
