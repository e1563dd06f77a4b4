//! SQL of the change log. `audiences` keeps who sees which record.

pub mod audiences;

use super::{Action, Change, FOLLOWERS, LoggedChange, Subject};
use crate::db::order::{Log, locks};
use crate::db::schema::changes::{self, dsl};
use crate::db::schema::followers;
use crate::db::{BATCH, Db, Id, Instant, PATIENT_COMMIT, insert_all, on};
use crate::error::{Error, Result};
use crate::metrics::Figure;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use std::collections::HashSet;

#[derive(Insertable)]
#[diesel(table_name = changes, treat_none_as_default_value = false)]
struct ChangeRow<'a> {
    at: Instant,
    actor: &'a str,
    entity: &'static str,
    entity_id: String,
    action: &'static str,
    version: i64,
    seen_before: Option<String>,
    seen_after: Option<String>,
}

/// Logs the changes of a transaction. Call this last.
pub fn append(db: &mut Db, actor: &str, changes: &[Change]) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    // Nobody else sees a new record yet, so who will see it is settled before others have to wait for the log.
    let (new, known): (Vec<_>, Vec<_>) = changes.iter().partition(|change| is_alone(change));
    let mut seen = audiences::settle(db, &new)?;
    locks(Log::Changes);
    if let Db::Pg(c) = db {
        // Together they take one round trip.
        c.batch_execute(&format!(
            "SELECT pg_advisory_xact_lock(6385438); {PATIENT_COMMIT}"
        ))?;
    }
    let at = Instant::now();
    let row =
        |subject: Subject, entity_id: String, action: Action, version, seen: Option<(String, String)>| {
            let (seen_before, seen_after) = seen.unzip();
            ChangeRow {
                at,
                actor,
                entity: subject.code(),
                entity_id,
                action: action.code(),
                version,
                seen_before,
                seen_after,
            }
        };
    for (record, (before, after)) in audiences::settle(db, &known)? {
        seen.entry(record)
            .and_modify(|own| own.1.clone_from(&after))
            .or_insert((before, after));
    }
    let mut rows = Vec::with_capacity(changes.len());
    for change in changes {
        let own = seen.get_mut(&(change.subject, change.subject_id.clone()));
        let own = own.map(|(before, after)| (std::mem::replace(before, after.clone()), after.clone()));
        rows.push(row(
            change.subject,
            change.subject_id.clone(),
            change.action,
            change.version,
            own,
        ));
    }
    for ((subject, id), (before, after)) in seen {
        if before != after {
            rows.push(row(subject, id, Action::Shown, 0, Some((before, after))));
        }
    }
    for batch in rows.chunks(BATCH) {
        insert_all!(db, changes::table, batch)?;
    }
    Ok(())
}

/// Returns whether a change makes a record on which no other depends, and which depends on none.
fn is_alone(change: &Change) -> bool {
    change.action == Action::Created && matches!(change.subject, Subject::Worker | Subject::Organization)
}

type LoggedRow = (
    i64,
    Instant,
    String,
    String,
    String,
    i64,
    Option<String>,
    Option<String>,
);

/// Lists the next changes after `seq`, at most `most`, with who sees them.
pub fn read(db: &mut Db, seq: i64, most: i64) -> Result<Vec<LoggedChange>> {
    let later = dsl::changes
        .filter(dsl::seq.gt(seq))
        .order(dsl::seq)
        .limit(most)
        .select((
            dsl::seq,
            dsl::at,
            dsl::entity,
            dsl::entity_id,
            dsl::action,
            dsl::version,
            dsl::seen_before,
            dsl::seen_after,
        ));
    let rows: Vec<LoggedRow> = later.load(db)?;
    let change = |(seq, at, subject, subject_id, action, version, before, after): LoggedRow| {
        let strange = |_| Error::Internal(format!("change {seq} is of an unknown kind"));
        Ok(LoggedChange {
            seq,
            at,
            subject: subject.parse().map_err(strange)?,
            subject_id,
            action: action.parse().map_err(strange)?,
            version,
            seen: before
                .as_deref()
                .zip(after.as_deref())
                .map(|(b, a)| (b.into(), a.into())),
        })
    };
    rows.into_iter().map(change).collect()
}

/// Returns those of the ids whose records were deleted; the index `changes_deleted` has them.
pub fn deleted(db: &mut Db, ids: &[Id]) -> Result<Vec<Id>> {
    let mut found = Vec::new();
    for ids in ids.chunks(BATCH) {
        let texts = ids.iter().map(ToString::to_string);
        let deleted = dsl::changes
            // Written out, as the condition of the index is.
            .filter(sql::<Bool>("action = 'deleted'"))
            .filter(dsl::entity_id.eq_any(texts))
            .select(dsl::entity_id);
        let deleted = deleted.load::<String>(db)?;
        found.extend(deleted.iter().filter_map(|id| id.parse().ok().map(Id)));
    }
    Ok(found)
}

/// Returns whether somebody else than an actor has deleted the record with an id.
pub fn is_deleted_by_others(db: &mut Db, id: Id, actor: &str) -> Result<bool> {
    let deleted = dsl::changes
        .filter(sql::<Bool>("action = 'deleted'"))
        .filter(dsl::entity_id.eq(id.to_string()))
        .filter(dsl::actor.ne(actor))
        .limit(1)
        .select(dsl::seq);
    Ok(deleted.get_result::<i64>(db).optional()?.is_some())
}

/// Returns the newest `seq`, 0 before the first change.
pub fn latest(db: &mut Db) -> Result<i64> {
    Ok(dsl::changes
        .select(diesel::dsl::max(dsl::seq))
        .get_result::<Option<i64>>(db)?
        .unwrap_or(0))
}

/// Returns the newest `seq` of one kind of record.
pub fn latest_of(db: &mut Db, subject: Subject) -> Result<i64> {
    let newest = dsl::changes
        .filter(dsl::entity.eq(subject.code()))
        .select(diesel::dsl::max(dsl::seq));
    Ok(newest.get_result::<Option<i64>>(db)?.unwrap_or(0))
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

/// Returns when a change was logged.
pub fn logged_at(db: &mut Db, seq: i64) -> Result<Option<Instant>> {
    let change = dsl::changes.filter(dsl::seq.eq(seq)).select(dsl::at);
    Ok(change.get_result(db).optional()?)
}

/// Lists the ids of one kind that anyone but `actor` has written.
pub fn written_by_others(db: &mut Db, subject: Subject, actor: &str) -> Result<HashSet<String>> {
    let others = dsl::changes
        .filter(dsl::entity.eq(subject.code()).and(dsl::actor.ne(actor)))
        .select(dsl::entity_id)
        .distinct();
    Ok(others.load::<String>(db)?.into_iter().collect())
}

/// Counts the records of one kind that an actor has made since, whatever became of them.
pub fn count_made(db: &mut Db, subject: Subject, actor: &str, since: Instant) -> Result<i64> {
    let made = dsl::changes
        .filter(dsl::at.ge(since))
        .filter(dsl::entity.eq(subject.code()))
        .filter(dsl::action.eq(Action::Created.code()))
        .filter(dsl::actor.eq(actor));
    Ok(made.count().get_result(db)?)
}

/// Returns the last `seq` that a follower has handled, 0 before its first one.
pub fn position(db: &mut Db, follower: &str) -> Result<i64> {
    let position = followers::table.find(follower).select(followers::position);
    Ok(position.get_result(db).optional()?.unwrap_or(0))
}

/// Moves a follower to a position, also back.
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

/// How far the log goes, and how far these followers are behind it.
pub fn figures(db: &mut Db, followers: &[&str]) -> Result<Vec<Figure>> {
    let latest = latest(db)?;
    let help = "The number of the newest change.";
    let mut figures = vec![Figure::new("musubi_changes_position", help, latest as f64)];
    for follower in followers {
        let help = "Changes that a follower has not handled yet.";
        let lag = (latest - position(db, follower)?).max(0);
        figures
            .push(Figure::new("musubi_changes_follower_lag", help, lag as f64).with("follower", *follower));
    }
    Ok(figures)
}

/// What a row of `followers` holds that is no position of a follower: up to where the log was trimmed, and its number.
const TRIMMED: &str = "trimmed";
const LOG: &str = "log";

/// Returns the last `seq` that was trimmed. Who goes on from an earlier one has missed something.
pub fn trimmed(db: &mut Db) -> Result<i64> {
    position(db, TRIMMED)
}

/// Returns the number of this log, which a restored one doesn't share. Makes it at the first call.
pub fn log_number(db: &mut Db) -> Result<i64> {
    let known = position(db, LOG)?;
    if known != 0 {
        return Ok(known);
    }
    renew_log(db)?;
    position(db, LOG)
}

/// Gives the log another number: positions in it mean nothing any more.
pub fn renew_log(db: &mut Db) -> Result<()> {
    let (_, random) = Id::new().0.as_u64_pair();
    advance(db, LOG, (random >> 2) as i64)
}

/// Deletes up to a batch of the changes before a moment, in order. What a follower has not read stays, and so do the newest
/// change, the deletions and the catalogue, which the service looks up. Returns whether there may be more.
pub fn trim(db: &mut Db, before: Instant) -> Result<bool> {
    let mut last = latest(db)?.saturating_sub(1);
    for follower in FOLLOWERS {
        last = last.min(position(db, follower)?);
    }
    let from = trimmed(db)?;
    let old = dsl::changes
        .filter(dsl::seq.gt(from))
        .filter(dsl::seq.le(last))
        .filter(dsl::at.lt(before));
    let old: Vec<i64> = old
        .order(dsl::seq)
        .limit(BATCH as i64)
        .select(dsl::seq)
        .load(db)?;
    let Some(to) = old.last() else { return Ok(false) };
    let is_kept = dsl::action
        .eq(Action::Deleted.code())
        .or(dsl::entity.eq(Subject::Catalogue.code()));
    let gone = dsl::changes.filter(dsl::seq.gt(from)).filter(dsl::seq.le(*to));
    diesel::delete(gone.filter(diesel::dsl::not(is_kept))).execute(db)?;
    advance(db, TRIMMED, *to)?;
    Ok(old.len() == BATCH)
}
