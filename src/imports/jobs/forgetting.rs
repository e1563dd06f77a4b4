//! Forgets people in the files and reports of imports: those who were erased, and those who were taken off the list of an event.
//!
//! Erasing a person notes the digests by which they are found. The search follows at once, and who erases waits for it; nobody else
//! does: it reads what imports have found part by part, and forgets the rows of each import in a transaction of its own. If its
//! server dies, a task of any server does it again. Imports that haven't ended keep their files, and look for erased people when
//! they end.
//!
//! Who is taken off a list isn't erased: another list or a roster may well go on to name them. So only what was sent about the
//! registration is forgotten, if an import wrote it: the lists with a row about it, and those that are the same file. A task follows
//! the change log for that, and waits for lists that were sent before.

use super::people::{Erased, of_lost};
use super::store::{people as store, writes};
use crate::auth;
use crate::changes::{self, Subject};
use crate::db::{Id, Instant, Pool, commit_lazily};
use crate::error::Result;
use crate::events::store::registrations;
use crate::imports::ImportKind;
use std::collections::{BTreeMap, BTreeSet};
use strum::VariantArray;

/// How many digests are searched for at once, about.
const MOST_KEYS: i64 = 10_000;
/// The name of the follower of the change log.
pub const FOLLOWER: &str = "imports";
/// How many changes are read at once.
const STEP: i64 = 1000;
/// How far the clocks of servers may be apart.
const SKEW: chrono::Duration = chrono::Duration::minutes(1);

/// The lines of imports that name somebody. None: anyone may be anywhere in the file.
type Lines = BTreeMap<Id, BTreeSet<i64>>;

/// Searches for everybody who was erased since the last search: deletes each file that names one of them, with the texts that were
/// found in those lines, and each file that nobody could look through.
pub fn search(pool: &Pool) -> Result<()> {
    while let Some((erased, last)) = pool.read_blocking(|db| store::to_search(db, MOST_KEYS))? {
        for import in pool.read_blocking(store::unfinished)? {
            pool.write_blocking(|db| store::wait_for_end(db, import))?;
        }
        for (import, lines) in lines_of(pool, ImportKind::VARIANTS, &erased, None, last)? {
            pool.write_blocking(|db| store::forget_rows(db, import, &lines))?;
        }
        for import in pool.read_blocking(|db| store::unread(db, last))? {
            pool.write_blocking(|db| store::forget_rows(db, import, &BTreeSet::new()))?;
        }
        pool.write_blocking(|db| store::searched(db, &erased, last))?;
    }
    Ok(())
}

/// Finds the lines that name somebody in imports that were sent by then and have ended, not before `since`.
fn lines_of(
    pool: &Pool,
    kinds: &[ImportKind],
    erased: &Erased,
    since: Option<Instant>,
    sent_by: Instant,
) -> Result<Lines> {
    let (mut found, mut after) = (Lines::new(), None);
    loop {
        let parts = pool.read_blocking(|db| store::parts(db, kinds, after, since, sent_by))?;
        for ((import, _), part) in &parts {
            let mut lines = erased.lines_of(part);
            if !lines.is_empty() {
                found.entry(*import).or_default().append(&mut lines);
            }
        }
        match parts.last() {
            Some((place, _)) => after = Some(*place),
            None => return Ok(found),
        }
    }
}

/// Follows the change log to its end, and forgets who was taken off a list.
pub fn follow(pool: &Pool) -> Result<()> {
    while step(pool)? {}
    Ok(())
}

/// Handles the next changes. Returns whether there were any. They are handled again if the server dies before it is done, and later
/// if a list that was sent before somebody was taken off hasn't ended: it may have a row about them, but still needs its file.
fn step(pool: &Pool) -> Result<bool> {
    let next = pool.read_blocking(|db| {
        let from = changes::store::position(db, FOLLOWER)?;
        let changes = changes::store::next(db, from, STEP)?;
        let Some((to, ..)) = changes.last() else {
            return Ok(None);
        };
        let (of_kind, to) = (Subject::Registration.code(), *to);
        let changed = changes.iter().filter(|(_, subject, _)| subject == of_kind);
        let changed: Vec<(i64, Id)> = changed
            .filter_map(|(seq, _, id)| Some((*seq, Id(id.parse().ok()?))))
            .collect();
        let ids: BTreeSet<Id> = changed.iter().map(|(_, id)| *id).collect();
        let lost = registrations::forgotten(db, &Vec::from_iter(ids))?;
        let wrote = writes::of_records(db, ImportKind::Registrations, &lost)?;
        let written: BTreeSet<Id> = wrote.iter().map(|(_, registration)| *registration).collect();
        let last = changed.iter().rev().find(|(_, id)| written.contains(id));
        if let Some((last, _)) = last {
            let at = changes::store::logged_at(db, *last)?.unwrap_or_else(Instant::now);
            if store::is_list_unfinished(db, Instant::from(at.utc() + SKEW))? {
                return Ok(None);
            }
        }
        Ok(Some((from, to, lost, wrote)))
    })?;
    let Some((from, to, lost, wrote)) = next else {
        return Ok(false);
    };
    if !wrote.is_empty() {
        forget(pool, &wrote)?;
    }
    pool.write_blocking(|db| {
        commit_lazily(db)?;
        store::forget_digests_of(db, &lost)?;
        match changes::store::position(db, FOLLOWER)? {
            now if now == from => changes::store::advance(db, FOLLOWER, to),
            // Another server has handled them.
            _ => Ok(()),
        }
    })?;
    Ok(true)
}

/// Forgets what lists say about registrations, given with the imports that wrote them.
fn forget(pool: &Pool, wrote: &[(Id, Id)]) -> Result<()> {
    let lost: BTreeSet<Id> = wrote.iter().map(|(_, registration)| *registration).collect();
    let digests = pool.read_blocking(auth::store::digests)?;
    // What ended before the first of them was registered has no row about any.
    let first = lost.first().and_then(|first| first.made_at());
    let since = first.map(|at| Instant::from(at.utc() - SKEW));
    let lost = of_lost(&digests, &Vec::from_iter(lost));
    let kinds = [ImportKind::Registrations];
    let mut found = lines_of(pool, &kinds, &lost, since, Instant::now())?;
    for (import, _) in wrote {
        // Earlier releases didn't note which row is about which registration.
        found.entry(*import).or_default();
    }
    let imports: Vec<Id> = found.keys().copied().collect();
    for (other, import) in pool.read_blocking(|db| store::same_lists(db, &imports))? {
        let lines = found.get(&import).cloned().unwrap_or_default();
        found.entry(other).or_insert(lines);
    }
    for (import, lines) in found {
        pool.write_blocking(|db| store::forget_if_ended(db, import, &lines))?;
    }
    Ok(())
}
