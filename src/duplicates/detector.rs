//! Detects pairs. The detector follows the change log in steps. It compares each changed worker with the
//! workers that share a key. It compares each changed organization with the organizations of its area, and of
//! the other areas where organizations changed in the same step.
//!
//! It runs in the background and doesn't slow down requests and imports. A pair is proposed a moment after
//! its second record was written. The position in the log and the proposals are written in one transaction.
//! So no change is skipped or handled twice, even with several servers.

use super::evidence::{self, Compared};
use super::groups::Group;
use super::pair::{Detection, Pair};
use super::people::Person;
use super::store::{self, detection};
use super::{DuplicateKind, actions, rules};
use crate::changes::{self, Subject};
use crate::db::{self, Db, Id, Pool};
use crate::error::Result;
use crate::organizations::{self, Organization};
use crate::workers::{self, Worker};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How many changes one step handles.
const STEP: i64 = 200;
/// After this time, [`follow`] begins no further step.
const MOMENT: Duration = Duration::from_millis(50);
/// How many records may share a key. A key that more records share identifies nobody: the mailbox of an
/// office, the commonest name of a big city.
const MAX_SHARING: usize = 200;
/// How many pairs are proposed for one record. The likeliest ones are chosen.
const MAX_PAIRS: usize = 20;
/// How many organizations one step loads at most, to compare the changed ones with them.
const MAX_ORGANIZATIONS: i64 = 5_000;

/// Follows the log towards its end. Begins no step after `MOMENT`: a big import leaves much to compare, and
/// requests come first.
pub fn follow(pool: &Pool, stopping: &AtomicBool) -> Result<()> {
    let began = Instant::now();
    while !stopping.load(Ordering::Relaxed) && began.elapsed() < MOMENT && step(pool)? {}
    Ok(())
}

/// Handles the next changes. Returns whether there were any.
fn step(pool: &Pool) -> Result<bool> {
    let detected = pool.read_blocking(|db| {
        let from = detection::position(db)?;
        let changes = changes::store::next(db, from, STEP)?;
        let Some(to) = changes.last().map(|(seq, ..)| *seq) else {
            return Ok(None);
        };
        let ids = |subject: Subject| {
            let of_kind = changes
                .iter()
                .filter(move |(_, entity, _)| entity == subject.code());
            let ids: BTreeSet<Id> = of_kind.filter_map(|(_, _, id)| id.parse().ok().map(Id)).collect();
            ids
        };
        let mut found = Detection::default();
        people(db, ids(Subject::Worker), &mut found)?;
        groups(db, ids(Subject::Organization), &mut found)?;
        Ok(Some((from, to, found)))
    })?;
    let Some((from, to, found)) = detected else {
        return Ok(false);
    };
    pool.write_blocking(|db| {
        db::commit_lazily(db)?;
        store::lock_all(db)?;
        // If the position has moved, another server has handled these changes.
        if detection::position(db)? != from {
            return Ok(());
        }
        let now = db::Instant::now();
        detection::replace_keys(db, &found)?;
        let new = detection::replace_pairs(db, &found, now)?;
        let rules = store::rules::by_area(db)?;
        for pair in new.iter().filter(|(_, pair)| rules::merges(&rules, pair)) {
            actions::merge_by_rule(db, pair.0)?;
        }
        detection::advance(db, to)
    })?;
    Ok(true)
}

fn people(db: &mut Db, ids: BTreeSet<Id>, found: &mut Detection) -> Result<()> {
    let changed = workers::store::load_some(db, &Vec::from_iter(ids.iter().copied()))?;
    found.changed.extend(ids);
    let person = |worker: &Worker| Person::of(worker).map(|person| (worker.id, person));
    let mut known: HashMap<Id, Person> = changed.iter().filter_map(person).collect();
    let mut sharing: HashMap<i64, BTreeSet<Id>> = HashMap::new();
    for (id, person) in &known {
        let keys = person.keys();
        for key in &keys {
            sharing.entry(*key).or_default().insert(*id);
        }
        found.keys.insert(*id, keys);
    }
    for (key, id) in detection::sharing(db, sharing.keys().copied().collect())? {
        if !found.changed.contains(&id) {
            sharing.entry(key).or_default().insert(id);
        }
    }
    let mut pairs: BTreeSet<(Id, Id)> = BTreeSet::new();
    for ids in sharing.values().filter(|ids| ids.len() <= MAX_SHARING) {
        for one in ids.iter().filter(|id| found.keys.contains_key(id)) {
            pairs.extend(
                ids.iter()
                    .filter(|other| *other != one)
                    .map(|other| (*one, *other)),
            );
        }
    }
    let met: BTreeSet<Id> = pairs.iter().map(|(_, other)| *other).collect();
    let strangers: Vec<Id> = met.into_iter().filter(|id| !known.contains_key(id)).collect();
    let strangers = workers::store::load_some(db, &strangers)?;
    known.extend(strangers.iter().filter_map(person));
    let compared = pairs.into_iter().filter_map(|(one, other)| {
        let (a, b) = (known.get(&one)?, known.get(&other)?);
        let reasons = evidence::reasons(Compared::People, &a.compare(b));
        let pair = Pair::new(DuplicateKind::Worker, (one, other), reasons, [a.area(), b.area()])?;
        Some((one, pair))
    });
    found.pairs.extend(likeliest(compared));
    Ok(())
}

fn groups(db: &mut Db, ids: BTreeSet<Id>, found: &mut Detection) -> Result<()> {
    let changed = organizations::store::load_some(db, &Vec::from_iter(ids.iter().copied()))?;
    found.changed.extend(ids);
    let changed: Vec<Organization> = changed.into_iter().filter(|o| o.merged_into.is_none()).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let areas: BTreeSet<&str> = changed.iter().map(|o| o.details.area.as_str()).collect();
    let there = organizations::store::of_areas(db, &areas, MAX_ORGANIZATIONS)?;
    let there: Vec<(Id, Group)> = there.iter().map(|o| (o.id, Group::of(&o.details))).collect();
    let compared = changed.iter().flat_map(|organization| {
        let own = Group::of(&organization.details);
        let others = there.iter().filter(|(id, _)| *id != organization.id);
        let pairs = others.filter_map(move |(id, other)| {
            let reasons = evidence::reasons(Compared::Organizations, &own.compare(other));
            let (kind, ids) = (DuplicateKind::Organization, (organization.id, *id));
            let pair = Pair::new(kind, ids, reasons, [Some(own.area()), Some(other.area())])?;
            Some((organization.id, pair))
        });
        pairs.collect::<Vec<_>>()
    });
    found.pairs.extend(likeliest(compared));
    Ok(())
}

/// Returns the likeliest pairs of each compared record, and each pair only once.
fn likeliest(compared: impl Iterator<Item = (Id, Pair)>) -> Vec<Pair> {
    let mut of_each: BTreeMap<Id, Vec<Pair>> = BTreeMap::new();
    for (id, pair) in compared {
        of_each.entry(id).or_default().push(pair);
    }
    let mut pairs = BTreeMap::new();
    for mut own in of_each.into_values() {
        own.sort_by(|a, b| {
            b.score
                .total_cmp(&a.score)
                .then((a.one, a.other).cmp(&(b.one, b.other)))
        });
        pairs.extend(
            own.into_iter()
                .take(MAX_PAIRS)
                .map(|pair| ((pair.one, pair.other), pair)),
        );
    }
    pairs.into_values().collect()
}
