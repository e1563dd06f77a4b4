//! Detects pairs. The detector follows the change log in steps and compares each changed record with its
//! `candidates`.
//!
//! It runs in the background and doesn't slow down requests and imports: a step handles few changes, its
//! transactions are short, and what it holds in memory is bounded. A pair is proposed a moment after its
//! second record was written, whichever changes a step contains. The position in the log and the proposals
//! are written in one transaction. So no change is skipped or handled twice, even with several servers.

use super::candidates::{self, MAX_COMPARED, MAX_PAIRS, MAX_SHARING, Record};
use super::groups::Group;
use super::pair::{Detection, Pair};
use super::store::{self, detection, keys};
use super::{actions, evidence, rules};
use crate::changes::{self, Subject};
use crate::db::{self, Db, Id, Pool};
use crate::error::Result;
use crate::workers::person::Person;
use crate::{organizations, workers};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How many changes one step handles.
const STEP: i64 = 50;
/// After this time, [`follow`] begins no further step.
const MOMENT: Duration = Duration::from_millis(50);

/// Follows the log towards its end. Begins no step after `MOMENT`: a big import leaves much to compare, and
/// requests come first.
pub fn follow(pool: &Pool, stopping: &AtomicBool) -> Result<()> {
    let began = Instant::now();
    while !stopping.load(Ordering::Relaxed) && began.elapsed() < MOMENT && step(pool)?.is_some() {}
    Ok(())
}

/// What a step did.
pub struct StepReport {
    pub changes: usize,
    /// How many pairs of records it compared.
    pub compared: usize,
}

/// Handles the next changes. Returns `None` if there were none.
pub fn step(pool: &Pool) -> Result<Option<StepReport>> {
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
        detect(db, ids(Subject::Worker), people, &mut found)?;
        detect(db, ids(Subject::Organization), groups, &mut found)?;
        Ok(Some((from, to, changes.len(), found)))
    })?;
    let Some((from, to, changes, found)) = detected else {
        return Ok(None);
    };
    pool.write_blocking(|db| {
        db::commit_lazily(db)?;
        store::lock_all(db)?;
        // If the position has moved, another server has handled these changes.
        if detection::position(db)? != from {
            return Ok(());
        }
        let now = db::Instant::now();
        keys::replace(db, &found)?;
        let new = detection::replace_pairs(db, &found, now)?;
        if !new.is_empty() {
            let rules = store::rules::by_area(db)?;
            let merging = new.iter().filter(|(_, pair)| rules::merges(&rules, pair));
            let merging: Vec<Id> = merging.map(|(id, _)| *id).collect();
            actions::merge_by_rule(db, &merging)?;
        }
        detection::advance(db, to)
    })?;
    let compared = found.compared;
    Ok(Some(StepReport { changes, compared }))
}

fn people(db: &mut Db, ids: &[Id]) -> Result<HashMap<Id, Person>> {
    let workers = workers::store::load_some(db, ids)?;
    let person = |worker: &workers::Worker| Some((worker.id, Person::of(worker)?));
    let counting = workers.iter().filter(|worker| worker.counts());
    Ok(counting.filter_map(person).collect())
}

fn groups(db: &mut Db, ids: &[Id]) -> Result<HashMap<Id, Group>> {
    let organizations = organizations::store::load_some(db, ids)?;
    let counting = organizations.iter().filter(|o| o.merged_into.is_none());
    Ok(counting.map(|o| (o.id, Group::of(&o.details))).collect())
}

/// Loads those of the records that are compared.
type Load<R> = fn(&mut Db, &[Id]) -> Result<HashMap<Id, R>>;

/// Compares the changed records of one kind with their candidates.
fn detect<R: Record>(db: &mut Db, changed: BTreeSet<Id>, load: Load<R>, found: &mut Detection) -> Result<()> {
    let ids: Vec<Id> = changed.iter().copied().collect();
    let mut known = load(db, &ids)?;
    let own: BTreeMap<Id, BTreeSet<i64>> = known.iter().map(|(id, record)| (*id, record.keys())).collect();
    let mut sharing: HashMap<i64, BTreeSet<Id>> = HashMap::new();
    for (id, keys) in &own {
        for key in keys {
            sharing.entry(*key).or_default().insert(*id);
        }
    }
    let wanted: Vec<i64> = sharing.keys().copied().collect();
    for (key, id) in keys::sharing(db, R::KIND, &wanted, MAX_SHARING + 1)? {
        if !changed.contains(&id) {
            sharing.entry(key).or_default().insert(id);
        }
    }
    let blocks: HashMap<i64, Vec<Id>> = sharing
        .into_iter()
        .map(|(key, ids)| (key, Vec::from_iter(ids)))
        .collect();
    // Pairs that are proposed already are compared again, even if the other record proposed them.
    let mut partners = detection::partners(db, &ids)?;
    let mut candidates: Vec<(Id, usize, Vec<Id>)> = Vec::new();
    for (id, keys) in &own {
        let own_blocks = keys.iter().filter_map(|key| blocks.get(key)).map(Vec::as_slice);
        let mut ranked = candidates::rank(*id, own_blocks);
        let all = ranked.len();
        ranked.truncate(MAX_COMPARED);
        let partners = partners.entry(*id).or_default();
        let further = partners.iter().filter(|other| !ranked.contains(other));
        let further: Vec<Id> = further.copied().collect();
        ranked.extend(further);
        candidates.push((*id, all, ranked));
    }
    let met: BTreeSet<Id> = candidates
        .iter()
        .flat_map(|(.., ranked)| ranked.iter().copied())
        .collect();
    let strangers: Vec<Id> = met.into_iter().filter(|id| !known.contains_key(id)).collect();
    known.extend(load(db, &strangers)?);
    for (id, all, ranked) in candidates {
        let Some(record) = known.get(&id) else { continue };
        found.compared += ranked.len();
        let compare = |(position, other): (usize, &Id)| {
            let (other, that) = (*other, known.get(other)?);
            let reasons = evidence::reasons(R::KIND.compared(), &record.compare(that));
            let pair = Pair::new(R::KIND, (id, other), reasons, [record.area(), that.area()])?;
            Some((position, other, pair))
        };
        let mut matching: Vec<(usize, Id, Pair)> = ranked.iter().enumerate().filter_map(compare).collect();
        let positions: Vec<usize> = matching.iter().map(|(position, ..)| *position).collect();
        if record.is_cut() || candidates::may_have_more(all, &positions) {
            found.partly_compared.insert(id);
        }
        matching.sort_by(|(_, _, a), (_, _, b)| {
            b.score
                .total_cmp(&a.score)
                .then((a.one, a.other).cmp(&(b.one, b.other)))
        });
        let is_partner = |other: &Id| partners.get(&id).is_some_and(|partners| partners.contains(other));
        for (n, (_, other, pair)) in matching.into_iter().enumerate() {
            if n < MAX_PAIRS || is_partner(&other) {
                found.pairs.insert((pair.one, pair.other), pair);
            }
        }
    }
    found.keys.push((R::KIND, own));
    found.changed.extend(changed);
    Ok(())
}
