//! Finds pairs: follows the change log, and compares what changed with what it has a key in common with.
//!
//! It runs beside requests and imports, which so lose no time to it; a pair is proposed a moment after the second of its
//! records came. Where it has come to is kept with what it proposes, in one transaction, so that nothing is left out or
//! done twice whichever server does it.

pub mod store;

use super::evidence::{self, Compared, PROPOSED, Reason};
use super::groups::Group;
use super::people::Person;
use super::{DuplicateKind, rules};
use crate::changes::{self, Subject};
use crate::db::{self, Db, Id, Pool};
use crate::error::Result;
use crate::organizations::{self, Organization};
use crate::workers::{self, Worker};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Changes that are looked at together.
const STEP: i64 = 200;
/// How long it looks before others have their turn.
const MOMENT: Duration = Duration::from_millis(50);
/// A key that so many have in common tells nothing: the mailbox of an office, the commonest name of a big city.
const MANY: usize = 200;
/// Of one record, so many pairs at most: the likeliest.
const PAIRS: usize = 20;
/// Organizations of one step's areas that are compared, at most.
const ORGANIZATIONS: i64 = 5_000;

/// Two records that may be one, the older one first.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    pub kind: DuplicateKind,
    pub one: Id,
    pub other: Id,
    pub score: f64,
    pub reasons: Vec<Reason>,
    /// Where the two are: a rule has to hold in both.
    pub areas: Vec<String>,
}

impl Pair {
    fn of(
        kind: DuplicateKind,
        ids: (Id, Id),
        reasons: Vec<Reason>,
        areas: [Option<&str>; 2],
    ) -> Option<Pair> {
        let score = evidence::score(kind.compared(), &reasons);
        (score >= PROPOSED).then(|| Pair {
            kind,
            one: ids.0.min(ids.1),
            other: ids.0.max(ids.1),
            score,
            reasons,
            areas: areas.into_iter().flatten().map(str::to_owned).collect(),
        })
    }
}

/// What came of some changes.
#[derive(Default)]
pub struct Found {
    /// Everything that changed: what was proposed of it before and is not found any more is no pair.
    pub changed: BTreeSet<Id>,
    /// The keys of the workers that changed.
    pub keys: HashMap<Id, BTreeSet<i64>>,
    pub pairs: Vec<Pair>,
}

/// Follows the log to its end, for a moment at a time: behind a big import there is much to look at, and requests come
/// first.
pub fn follow(pool: &Pool, stopping: &AtomicBool) -> Result<()> {
    let began = Instant::now();
    while !stopping.load(Ordering::Relaxed) && began.elapsed() < MOMENT && step(pool)? {}
    Ok(())
}

/// Whether there was anything to do.
fn step(pool: &Pool) -> Result<bool> {
    let looked = pool.read_blocking(|db| {
        let from = store::position(db)?;
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
        let mut found = Found::default();
        people(db, ids(Subject::Worker), &mut found)?;
        groups(db, ids(Subject::Organization), &mut found)?;
        Ok(Some((from, to, found)))
    })?;
    let Some((from, to, found)) = looked else {
        return Ok(false);
    };
    pool.write_blocking(|db| {
        db::commit_lazily(db)?;
        super::store::lock_all(db)?;
        // Another server was faster.
        if store::position(db)? != from {
            return Ok(());
        }
        let now = db::Instant::now();
        store::renew_keys(db, &found)?;
        let new = store::renew_pairs(db, &found, now)?;
        let rules = rules::store::all(db)?;
        for pair in new.iter().filter(|(_, pair)| rules::merges(&rules, pair)) {
            super::merge_by_rule(db, pair.0)?;
        }
        store::advance(db, to)
    })?;
    Ok(true)
}

fn people(db: &mut Db, ids: BTreeSet<Id>, found: &mut Found) -> Result<()> {
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
    for (key, id) in store::sharing(db, sharing.keys().copied().collect())? {
        if !found.changed.contains(&id) {
            sharing.entry(key).or_default().insert(id);
        }
    }
    let mut pairs: BTreeSet<(Id, Id)> = BTreeSet::new();
    for ids in sharing.values().filter(|ids| ids.len() <= MANY) {
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
        let pair = Pair::of(DuplicateKind::Worker, (one, other), reasons, [a.area(), b.area()])?;
        Some((one, pair))
    });
    found.pairs.extend(likeliest(compared));
    Ok(())
}

fn groups(db: &mut Db, ids: BTreeSet<Id>, found: &mut Found) -> Result<()> {
    let changed = organizations::store::load_some(db, &Vec::from_iter(ids.iter().copied()))?;
    found.changed.extend(ids);
    let standing = |organization: &&Organization| organization.merged_into.is_none();
    let changed: Vec<Organization> = changed.into_iter().filter(|o| standing(&o)).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let areas: BTreeSet<&str> = changed.iter().map(|o| o.details.area.as_str()).collect();
    let there = organizations::store::of_areas(db, &areas, ORGANIZATIONS)?;
    let there: Vec<(Id, Group)> = there.iter().map(|o| (o.id, Group::of(&o.details))).collect();
    let compared = changed.iter().flat_map(|organization| {
        let own = Group::of(&organization.details);
        let others = there.iter().filter(|(id, _)| *id != organization.id);
        let pairs = others.filter_map(move |(id, other)| {
            let reasons = evidence::reasons(Compared::Organizations, &own.compare(other));
            let (kind, ids) = (DuplicateKind::Organization, (organization.id, *id));
            let pair = Pair::of(kind, ids, reasons, [Some(own.area()), Some(other.area())])?;
            Some((organization.id, pair))
        });
        pairs.collect::<Vec<_>>()
    });
    found.pairs.extend(likeliest(compared));
    Ok(())
}

/// Every pair once, and of each record that was compared the likeliest ones.
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
                .take(PAIRS)
                .map(|pair| ((pair.one, pair.other), pair)),
        );
    }
    pairs.into_values().collect()
}
