//! Everyone and everything that can be ranked, in memory, following the change log.
//!
//! A [`Snapshot`] never changes. When the log has moved on, the next one is made from it and what changed, so a
//! ranking is a function of the database at one change, and of the epoch: the medians and means that stand in for
//! missing answers, the catalogue and the day, which stay as they are until the index is built anew. With few workers
//! that is at every change. With many it happens beside the requests, which go on with what there is.
//!
//! Every request compares the newest snapshot with the log as its own transaction sees it. So a write is in the very
//! next ranking, on this server and on every other one, without a message that could get lost.

use super::encode;
use crate::applications::{self, Tally};
use crate::catalogue::{Catalogue, Catalogues, calendar};
use crate::changes::{self, Subject};
use crate::db::{BATCH, Db, Id, Pool};
use crate::deliverables::{self, Deliverable, DeliverableStatus};
use crate::error::{Error, Result, Text};
use crate::matcher::fairness::Answers;
use crate::matcher::index::Index;
use crate::matcher::index::needs::Needs;
use crate::matcher::profile::ProfileKey;
use crate::matcher::{Candidate, Need, Population};
use crate::organizations;
use crate::workers;
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Instant;
use utoipa::ToSchema;

/// Up to so many workers every change begins an epoch: building takes no longer than a page of the ranking.
const FEW: usize = 2_000;
/// Among more, so many changed ones do.
const MANY_CHANGES: usize = 4_000;

/// One state of the database, ready to be ranked.
pub struct Snapshot {
    /// The newest change that it has.
    pub at_change: i64,
    pub today: NaiveDate,
    pub catalogue: Arc<Catalogue>,
    pub index: Index,
    pub open: BTreeMap<Id, Arc<Open>>,
    /// Of those that are open.
    pub needs: Needs,
    /// The themes of every organization that is not archived.
    themes: Arc<HashMap<Id, Vec<String>>>,
}

/// A deliverable that workers may apply for.
#[derive(Clone)]
pub struct Open {
    pub deliverable: Deliverable,
    pub need: Arc<Need>,
    pub answers: Answers,
}

impl Snapshot {
    /// The need of a deliverable in whatever state it is.
    pub fn need(&self, deliverable: &Deliverable) -> Need {
        self::need(deliverable, &self.themes, &self.catalogue)
    }

    /// A deliverable that is open, by the id of its need.
    pub fn asked(&self, need: u128) -> Option<&Open> {
        self.open.get(&Id(uuid::Uuid::from_u128(need))).map(Arc::as_ref)
    }

    /// `None` where there is no such organization.
    pub fn organization_themes(&self, id: Id) -> Option<&[String]> {
        self.themes.get(&id).map(Vec::as_slice)
    }

    fn build(db: &mut Db, catalogue: Arc<Catalogue>, at_change: i64, today: NaiveDate) -> Result<Snapshot> {
        let mut candidates: Vec<Arc<Candidate>> = Vec::new();
        loop {
            let last = candidates
                .last()
                .map(|candidate| Id(uuid::Uuid::from_u128(candidate.id)));
            let some = workers::store::load_after(db, last, BATCH as i64)?;
            if some.is_empty() {
                break;
            }
            let encode = |worker| Arc::new(encode::candidate(worker, &catalogue));
            candidates.extend(some.iter().map(encode));
        }
        let organizations = organizations::store::load_all(db)?;
        let themes: HashMap<Id, Vec<String>> = organizations
            .into_iter()
            .map(|o| (o.id, o.details.themes))
            .collect();
        let tallies = applications::store::tallies(db, None)?;
        let open = deliverables::store::load_open(db)?.into_iter();
        let open = open.map(|d| (d.id, opened(d, &tallies, &themes, &catalogue)));
        let open: BTreeMap<Id, Arc<Open>> = open.collect();
        let index = index(candidates, &open, &catalogue, today);
        Ok(Snapshot {
            at_change,
            today,
            needs: needs(&index, &open),
            index,
            catalogue,
            open,
            themes: Arc::new(themes),
        })
    }

    /// The snapshot after the changes that came since.
    fn next(&self, db: &mut Db, at_change: i64) -> Result<Snapshot> {
        let changed = changes::store::since(db, self.at_change)?;
        let ids = |subject: Subject| -> BTreeSet<Id> {
            let of_kind = changed.iter().filter(|(kind, _)| kind == subject.code());
            of_kind.filter_map(|(_, id)| id.parse().ok().map(Id)).collect()
        };
        let organizations = ids(Subject::Organization);
        let applications: Vec<Id> = ids(Subject::Application).into_iter().collect();
        let mut deliverables = ids(Subject::Deliverable);
        deliverables.extend(applications::store::deliverables_of(db, &applications)?);

        let workers: Vec<Id> = ids(Subject::Worker).into_iter().collect();
        let mut now: BTreeMap<u128, Option<Arc<Candidate>>> =
            workers.iter().map(|id| (id.0.as_u128(), None)).collect();
        for worker in workers::store::load_some(db, &workers)? {
            let candidate = Arc::new(encode::candidate(&worker, &self.catalogue));
            now.insert(candidate.id, Some(candidate));
        }
        let mut themes = Arc::clone(&self.themes);
        if !organizations.is_empty() {
            let mut all = HashMap::clone(&themes);
            all.retain(|id, _| !organizations.contains(id));
            let ids: Vec<Id> = organizations.iter().copied().collect();
            all.extend(
                organizations::store::load_some(db, &ids)?
                    .into_iter()
                    .map(|o| (o.id, o.details.themes)),
            );
            themes = Arc::new(all);
        }
        let deliverables: Vec<Id> = deliverables.into_iter().collect();
        let tallies = applications::store::tallies(db, Some(&deliverables))?;
        let fresh = deliverables::store::load_some(db, &deliverables)?.into_iter();
        let is_open =
            |d: &Deliverable| d.archived_at.is_none() && d.request.status == DeliverableStatus::Open;
        let mut changed: BTreeMap<Id, Option<Arc<Open>>> =
            deliverables.into_iter().map(|id| (id, None)).collect();
        for deliverable in fresh.filter(is_open) {
            let open = opened(deliverable, &tallies, &themes, &self.catalogue);
            changed.insert(open.deliverable.id, Some(open));
        }
        let asked_by_them =
            |open: &&Arc<Open>| organizations.contains(&open.deliverable.request.organization_id);
        for open in self.open.values().filter(asked_by_them) {
            let themed = || {
                Some(Arc::new(Open {
                    need: Arc::new(need(&open.deliverable, &themes, &self.catalogue)),
                    ..Open::clone(open)
                }))
            };
            changed.entry(open.deliverable.id).or_insert_with(themed);
        }
        let needs = changed.iter().map(|(id, open)| {
            let need = open.as_ref().map(|open| Arc::clone(&open.need));
            (id.0.as_u128(), need)
        });
        let needs = self.needs.with(&self.index, needs);
        let mut open = self.open.clone();
        for (id, now) in changed {
            match now {
                Some(now) => open.insert(id, now),
                None => open.remove(&id),
            };
        }
        let next = Snapshot {
            at_change,
            today: self.today,
            catalogue: Arc::clone(&self.catalogue),
            index: self.index.with(now),
            needs,
            open,
            themes,
        };
        let begins_an_epoch = next.index.changed() > 0 && next.index.len() <= FEW;
        Ok(if begins_an_epoch {
            next.renewed(self.today)
        } else {
            next
        })
    }

    /// The same people and requests in a new epoch.
    fn renewed(&self, today: NaiveDate) -> Snapshot {
        let everyone = self.index.everyone().cloned().collect();
        let index = index(everyone, &self.open, &self.catalogue, today);
        Snapshot {
            at_change: self.at_change,
            today,
            catalogue: Arc::clone(&self.catalogue),
            needs: needs(&index, &self.open),
            index,
            open: self.open.clone(),
            themes: Arc::clone(&self.themes),
        }
    }
}

fn need(deliverable: &Deliverable, themes: &HashMap<Id, Vec<String>>, catalogue: &Catalogue) -> Need {
    let request = &deliverable.request;
    let of_lead = themes.get(&request.organization_id).map(Vec::as_slice);
    encode::need(
        deliverable.id.0.as_u128(),
        request,
        of_lead.unwrap_or_default(),
        catalogue,
    )
}

fn opened(
    deliverable: Deliverable,
    tallies: &HashMap<Id, Tally>,
    themes: &HashMap<Id, Vec<String>>,
    catalogue: &Catalogue,
) -> Arc<Open> {
    let Tally { answers, filled } = tallies.get(&deliverable.id).copied().unwrap_or_default();
    let roles = deliverable.request.roles.iter().flatten();
    let places = roles.map(|role| u32::from(role.places)).sum();
    Arc::new(Open {
        need: Arc::new(need(&deliverable, themes, catalogue)),
        answers: Answers {
            answers,
            places,
            filled,
        },
        deliverable,
    })
}

fn needs(index: &Index, open: &BTreeMap<Id, Arc<Open>>) -> Needs {
    let needs = open.values().map(|open| Arc::clone(&open.need));
    Needs::build(index, needs)
}

/// With a tree for everything that is open.
fn index(
    everyone: Vec<Arc<Candidate>>,
    open: &BTreeMap<Id, Arc<Open>>,
    catalogue: &Catalogue,
    today: NaiveDate,
) -> Index {
    let (geography, tree) = (Arc::clone(&catalogue.geography), Arc::clone(&catalogue.tree));
    let population = Population::of(
        &everyone,
        calendar::day_number(today),
        geography,
        tree,
        catalogue.themes.len(),
    );
    let roles = open.values().flat_map(|open| {
        let roles = open.need.roles.iter();
        roles.map(|role| ProfileKey::of(&open.need, role))
    });
    Index::build(Arc::new(population), everyone, roles)
}

/// Hands out the snapshot that the reading transaction asks for.
#[derive(Default)]
pub struct MatchIndex {
    newest: Mutex<Option<Arc<Snapshot>>>,
    /// Held by whoever makes the next one.
    making: Mutex<()>,
    epochs: AtomicU64,
    last_build_micros: AtomicU64,
}

/// How the index is doing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"ready": true, "at_change": 1284, "lag": 0, "workers": 300, "changed": 4, "deliverables": 15,
    "trees": 38, "bytes": 402_112, "epochs": 7, "last_build_micros": 5_310}))]
pub struct IndexStatus {
    /// Whether there is one at all.
    pub ready: bool,
    /// The newest change that it has.
    #[schema(minimum = 0)]
    pub at_change: i64,
    /// How many changes it is behind; the next ranking takes them in.
    #[schema(minimum = 0)]
    pub lag: i64,
    /// Everyone who can be ranked.
    #[schema(minimum = 0)]
    pub workers: usize,
    /// Workers that changed since the trees were built.
    #[schema(minimum = 0)]
    pub changed: usize,
    /// Open deliverables.
    #[schema(minimum = 0)]
    pub deliverables: usize,
    #[schema(minimum = 0)]
    pub trees: usize,
    /// Beyond the profiles themselves.
    #[schema(minimum = 0)]
    pub bytes: usize,
    /// How often it was built anew since the start.
    #[schema(minimum = 0)]
    pub epochs: u64,
    /// How long the last building took.
    #[schema(minimum = 0)]
    pub last_build_micros: u64,
}

impl MatchIndex {
    /// Whether there is one at all.
    pub fn is_ready(&self) -> bool {
        self.newest().is_some()
    }

    pub fn status(&self, db: &mut Db) -> Result<IndexStatus> {
        let (newest, latest) = (self.newest(), changes::store::latest(db)?);
        let size = newest
            .as_ref()
            .map(|newest| newest.index.size())
            .unwrap_or_default();
        let at_change = newest.as_ref().map_or(0, |newest| newest.at_change);
        Ok(IndexStatus {
            ready: newest.is_some(),
            at_change,
            lag: (latest - at_change).max(0),
            workers: size.candidates,
            changed: size.changed,
            deliverables: newest.as_ref().map_or(0, |newest| newest.open.len()),
            trees: size.trees,
            bytes: size.bytes,
            epochs: self.epochs.load(Ordering::Relaxed),
            last_build_micros: self.last_build_micros.load(Ordering::Relaxed),
        })
    }

    /// Counts what begins an epoch, and how long that took.
    fn timed(&self, make: impl FnOnce() -> Result<Snapshot>) -> Result<Snapshot> {
        let start = Instant::now();
        let made = make()?;
        let same_epoch =
            |known: Arc<Snapshot>| Arc::ptr_eq(known.index.population(), made.index.population());
        if !self.newest().is_some_and(same_epoch) {
            self.epochs.fetch_add(1, Ordering::Relaxed);
            let micros = start.elapsed().as_micros() as u64;
            self.last_build_micros.store(micros, Ordering::Relaxed);
        }
        Ok(made)
    }

    fn newest(&self) -> Option<Arc<Snapshot>> {
        self.slot().clone()
    }

    fn slot(&self) -> MutexGuard<'_, Option<Arc<Snapshot>>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, next: Snapshot) -> Arc<Snapshot> {
        let next = Arc::new(next);
        // What it replaces is dropped after the lock.
        let _old = self.slot().replace(Arc::clone(&next));
        next
    }

    /// At least as new as what the transaction sees. Whoever finds it old adds what changed; others wait for that.
    /// Before there is any, the first one makes it and others are told to come back.
    pub fn current(&self, db: &mut Db, catalogues: &Catalogues, today: NaiveDate) -> Result<Arc<Snapshot>> {
        let latest = changes::store::latest(db)?;
        // Among many, a new day waits for `follow`.
        let is_fresh = |known: &Arc<Snapshot>| {
            known.at_change >= latest && (known.today == today || known.index.len() > FEW)
        };
        if let Some(known) = self.newest().filter(is_fresh) {
            return Ok(known);
        }
        let _making = match self.making.try_lock() {
            Ok(making) => making,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) if !self.is_ready() => {
                return Err(Error::Unavailable(Text::new(
                    "索引を準備中です。",
                    "The match index is being built.",
                )));
            }
            Err(TryLockError::WouldBlock) => self.making.lock().unwrap_or_else(PoisonError::into_inner),
        };
        let catalogue = catalogues.current(db)?;
        let next = match self.newest() {
            Some(known) if is_fresh(&known) => return Ok(known),
            Some(known) if known.today == today && Arc::ptr_eq(&known.catalogue, &catalogue) => {
                self.timed(|| known.next(db, latest))?
            }
            Some(known) if known.index.len() > FEW => self.timed(|| known.next(db, latest))?,
            _ => self.timed(|| Snapshot::build(db, catalogue, latest, today))?,
        };
        Ok(self.publish(next))
    }

    /// Follows the log, and begins an epoch where many have changed, the day or the catalogue.
    pub fn follow(&self, pool: &Pool, catalogues: &Catalogues, today: NaiveDate) -> Result<()> {
        let (known, catalogue) = pool.read_blocking(|db| {
            let known = self.current(db, catalogues, today)?;
            Ok((known, catalogues.current(db)?))
        })?;
        let same_catalogue = Arc::ptr_eq(&known.catalogue, &catalogue);
        let may_stay = known.today == today && known.index.changed() < MANY_CHANGES;
        if same_catalogue && (may_stay || known.index.len() <= FEW) {
            return Ok(());
        }
        // Beside the requests, which go on with what there is.
        let built = if same_catalogue {
            self.timed(|| Ok(known.renewed(today)))?
        } else {
            pool.read_blocking(|db| {
                let at_change = changes::store::latest(db)?;
                self.timed(|| Snapshot::build(db, catalogue, at_change, today))
            })?
        };
        pool.read_blocking(|db| {
            let latest = changes::store::latest(db)?;
            let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
            self.publish(built.next(db, latest)?);
            Ok(())
        })
    }
}
