//! One state of the database, ready to be ranked.
//!
//! A [`Snapshot`] never changes. When the log has new changes, the next snapshot is built from this one and
//! the changed records. So a ranking is a function of the database at one change, and of the epoch: the
//! medians and means that replace missing answers, the catalogue and the day. They stay the same until the
//! index is rebuilt; with few workers that is at every change.

use super::encode;
use super::explainer::Explainer;
use super::merged::MergedRecords;
use super::requesters::Requesters;
use crate::applications::{self, Tally};
use crate::catalogue::{Catalogue, calendar};
use crate::changes::{self, Subject};
use crate::db::{BATCH, Db, Id};
use crate::deliverables::{self, Deliverable, DeliverableStatus};
use crate::error::{Error, Result};
use crate::http::Language;
use crate::organizations;
use crate::weights::{self, WeightsVersion};
use crate::workers::{self, Worker};
use chrono::NaiveDate;
use matcher::fairness::Uptake;
use matcher::index::{CandidateIndex, NeedIndex};
use matcher::ppm::PPM;
use matcher::profile::ProfileKey;
use matcher::{Candidate, EntryNo, Need, Population};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

/// Up to this many workers, every change begins an epoch: a rebuild takes no longer than a page of the
/// ranking.
pub const FEW: usize = 2_000;

/// One state of the database, ready to be ranked.
pub struct Snapshot {
    /// The number of the latest change that the snapshot includes.
    pub at_change: i64,
    pub today: NaiveDate,
    pub catalogue: Arc<Catalogue>,
    pub index: CandidateIndex,
    pub open: BTreeMap<Id, Arc<OpenDeliverable>>,
    /// The needs of the open deliverables.
    pub needs: NeedIndex,
    pub requesters: Arc<Requesters>,
    pub weights: Arc<WeightsVersion>,
    merged: Arc<MergedRecords>,
}

/// A deliverable that accepts applications.
#[derive(Clone)]
pub struct OpenDeliverable {
    pub deliverable: Deliverable,
    pub need: Arc<Need>,
    uptake: Uptake,
    /// Of each role, how many places are left, and how many applications wait for an answer.
    waiting: Vec<(EntryNo, u32, u32)>,
}

impl OpenDeliverable {
    /// Returns how far the places are taken, or expected to be by those who wait: each with the probability that an
    /// application for the role ends in a place.
    pub fn uptake(&self, population: &Population) -> Uptake {
        let expected = self.waiting.iter().map(|(role, left, waiting)| {
            let taken = u64::from(*waiting) * population.acceptance_ppm(*role);
            taken.min(u64::from(*left) * PPM)
        });
        Uptake {
            expected_ppm: expected.sum(),
            ..self.uptake
        }
    }
}

impl Snapshot {
    /// Encodes the need of a deliverable in any status: the roles with a place left.
    pub fn need(&self, deliverable: &Deliverable) -> Need {
        self::need(deliverable, &self.requesters, &self.catalogue)
    }

    /// Encodes the need of a deliverable with its whole team.
    pub fn whole_need(&self, deliverable: &Deliverable) -> Need {
        let id = deliverable.id.0.as_u128();
        let asking = deliverable.requesters();
        encode::need(
            id,
            &deliverable.request,
            asking,
            &self.requesters,
            &self.catalogue,
        )
    }

    /// Returns an explainer in one language.
    pub fn explainer(&self, language: Language) -> Explainer<'_> {
        Explainer {
            catalogue: &self.catalogue,
            language,
        }
    }

    /// Returns an open deliverable by its need's id.
    pub fn open_deliverable(&self, need: u128) -> Option<&OpenDeliverable> {
        self.open.get(&Id(uuid::Uuid::from_u128(need))).map(Arc::as_ref)
    }

    /// Builds a snapshot from the database.
    pub fn build(
        db: &mut Db,
        catalogue: Arc<Catalogue>,
        at_change: i64,
        today: NaiveDate,
    ) -> Result<Snapshot> {
        let merged = MergedRecords::load(db)?;
        let candidates = candidates(db, &catalogue, &merged)?;
        let organizations = organizations::store::load_all(db)?;
        let mut requesters = Requesters::default();
        organizations.into_iter().for_each(|o| requesters.insert(o));
        let open = deliverables::store::load_open(db)?;
        let ids: Vec<Id> = open.iter().map(|deliverable| deliverable.id).collect();
        let tallies = applications::store::tallies(db, &ids)?;
        let open = open
            .into_iter()
            .map(|d| (d.id, opened(d, &tallies, &requesters, &catalogue)));
        let open: BTreeMap<Id, Arc<OpenDeliverable>> = open.collect();
        let index = index(candidates, &open, &catalogue, today);
        Ok(Snapshot {
            at_change,
            today,
            needs: needs(&index, &open),
            index,
            catalogue,
            open,
            requesters: Arc::new(requesters),
            weights: Arc::new(weights::store::current(db)?),
            merged: Arc::new(merged),
        })
    }

    /// Builds the next snapshot from the changes since this one.
    pub fn next(&self, db: &mut Db, at_change: i64) -> Result<Snapshot> {
        let changed = changes::store::since(db, self.at_change)?;
        let ids = |subject: Subject| -> BTreeSet<Id> {
            let of_kind = changed.iter().filter(|(kind, _)| kind == subject.code());
            of_kind.filter_map(|(_, id)| id.parse().ok().map(Id)).collect()
        };
        let mut weights = Arc::clone(&self.weights);
        if changed.iter().any(|(kind, _)| kind == Subject::Weights.code()) {
            weights = Arc::new(weights::store::current(db)?);
        }
        let organizations = ids(Subject::Organization);
        let applications: Vec<Id> = ids(Subject::Application).into_iter().collect();
        let mut deliverables = ids(Subject::Deliverable);
        deliverables.extend(applications::store::deliverables_of(db, &applications)?);

        let mut workers = ids(Subject::Worker);
        let (merged, primaries) = self.merged.next(db, &workers)?;
        workers.extend(primaries);
        let workers: Vec<Id> = workers.into_iter().collect();
        let mut now: BTreeMap<u128, Option<Arc<Candidate>>> =
            workers.iter().map(|id| (id.0.as_u128(), None)).collect();
        let counted = workers::store::records::of_people(db, &workers)?;
        let real = workers::store::load_some(db, &workers)?.into_iter();
        for mut worker in real.filter(Worker::counts) {
            merged.complete(&mut worker, &counted);
            let candidate = Arc::new(encode::candidate(&worker, &self.catalogue));
            now.insert(candidate.id, Some(candidate));
        }
        let mut requesters = Arc::clone(&self.requesters);
        // The deliverables of organizations whose records were merged or separated change, too.
        let mut affected = organizations.clone();
        if !organizations.is_empty() {
            let mut now = Requesters::clone(&requesters);
            for id in &organizations {
                affected.extend(now.records(*id));
                now.remove(*id);
            }
            let ids: Vec<Id> = organizations.iter().copied().collect();
            for organization in organizations::store::load_archived_too(db, &ids)? {
                now.insert(organization);
            }
            affected.extend(organizations.iter().flat_map(|id| now.records(*id)));
            requesters = Arc::new(now);
        }
        let deliverables: Vec<Id> = deliverables.into_iter().collect();
        let tallies = applications::store::tallies(db, &deliverables)?;
        let fresh = deliverables::store::load_some(db, &deliverables)?.into_iter();
        let is_open =
            |d: &Deliverable| d.archived_at.is_none() && d.request.status == DeliverableStatus::Open;
        let mut changed: BTreeMap<Id, Option<Arc<OpenDeliverable>>> =
            deliverables.into_iter().map(|id| (id, None)).collect();
        for deliverable in fresh.filter(is_open) {
            let open = opened(deliverable, &tallies, &requesters, &self.catalogue);
            changed.insert(open.deliverable.id, Some(open));
        }
        let asked_by_them = |open: &&Arc<OpenDeliverable>| {
            let mut asking = open.deliverable.requesters();
            asking.any(|id| affected.contains(&id))
        };
        for open in self.open.values().filter(asked_by_them) {
            let themed = || {
                Some(Arc::new(OpenDeliverable {
                    need: Arc::new(need(&open.deliverable, &requesters, &self.catalogue)),
                    ..OpenDeliverable::clone(open)
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
            requesters,
            weights,
            merged: Arc::new(merged),
        };
        let begins_an_epoch = next.index.changed() > 0 && next.index.len() <= FEW;
        Ok(if begins_an_epoch {
            next.renewed(self.today)
        } else {
            next
        })
    }

    /// Builds a new epoch for the same workers and deliverables.
    pub fn renewed(&self, today: NaiveDate) -> Snapshot {
        let everyone = self.index.everyone().cloned().collect();
        let index = index(everyone, &self.open, &self.catalogue, today);
        Snapshot {
            at_change: self.at_change,
            today,
            catalogue: Arc::clone(&self.catalogue),
            needs: needs(&index, &self.open),
            index,
            open: self.open.clone(),
            requesters: Arc::clone(&self.requesters),
            weights: Arc::clone(&self.weights),
            merged: Arc::clone(&self.merged),
        }
    }
}

/// Loads every worker in batches, and encodes them on all cores.
fn candidates(db: &mut Db, catalogue: &Catalogue, merged: &MergedRecords) -> Result<Vec<Arc<Candidate>>> {
    let counted = workers::store::records::of_everyone(db)?;
    let readers = std::thread::available_parallelism().map_or(1, usize::from);
    let (sender, receiver) = sync_channel::<Vec<workers::store::UnparsedWorker>>(2 * readers);
    let receiver = Mutex::new(receiver);
    // Keeps taking batches after a failure, so that the loading thread never blocks.
    let read = || {
        let mut candidates: Result<Vec<Arc<Candidate>>> = Ok(Vec::new());
        loop {
            let batch = receiver.lock().recv();
            let Ok(batch) = batch else { return candidates };
            for row in &batch {
                match (&mut candidates, row.parse()) {
                    (Ok(all), Ok(mut worker)) => {
                        merged.complete(&mut worker, &counted);
                        all.push(Arc::new(encode::candidate(&worker, catalogue)));
                    }
                    (Ok(_), Err(error)) => candidates = Err(error),
                    (Err(_), _) => {}
                }
            }
        }
    };
    std::thread::scope(|scope| {
        // Dropping the sender ends the readers, on every way out.
        let sender = sender;
        let reading: Vec<_> = (0..readers).map(|_| scope.spawn(read)).collect();
        let mut last = None;
        loop {
            let batch = workers::store::list_unparsed(db, last, BATCH as i64)?;
            last = batch.last().map(|last| last.id);
            if last.is_none() || sender.send(batch).is_err() {
                break;
            }
        }
        drop(sender);
        let mut candidates = Vec::new();
        for reader in reading {
            let panicked = |_| Err(Error::Internal("reading workers panicked".into()));
            candidates.append(&mut reader.join().unwrap_or_else(panicked)?);
        }
        Ok(candidates)
    })
}

fn need(deliverable: &Deliverable, requesters: &Requesters, catalogue: &Catalogue) -> Need {
    encode::need(
        deliverable.id.0.as_u128(),
        &deliverable.open_request(),
        deliverable.requesters(),
        requesters,
        catalogue,
    )
}

fn opened(
    deliverable: Deliverable,
    tallies: &HashMap<Id, Tally>,
    requesters: &Requesters,
    catalogue: &Catalogue,
) -> Arc<OpenDeliverable> {
    let tally = tallies.get(&deliverable.id).cloned().unwrap_or_default();
    let waiting = deliverable.open_places.iter().filter_map(|open| {
        let role = catalogue.roles.position(&open.role)?;
        let waiting = tally.waiting.get(open.role.as_str())?;
        Some((role, u32::from(open.left), *waiting))
    });
    let roles = deliverable.request.roles.iter().flatten();
    let places = roles.map(|role| u32::from(role.places)).sum();
    Arc::new(OpenDeliverable {
        need: Arc::new(need(&deliverable, requesters, catalogue)),
        uptake: Uptake {
            applications: tally.answers,
            places,
            filled: tally.filled,
            expected_ppm: 0,
        },
        waiting: waiting.collect(),
        deliverable,
    })
}

fn needs(index: &CandidateIndex, open: &BTreeMap<Id, Arc<OpenDeliverable>>) -> NeedIndex {
    let needs = open.values().map(|open| Arc::clone(&open.need));
    NeedIndex::build(index, needs)
}

/// Builds the index, with a tree for each role of the open deliverables.
fn index(
    everyone: Vec<Arc<Candidate>>,
    open: &BTreeMap<Id, Arc<OpenDeliverable>>,
    catalogue: &Catalogue,
    today: NaiveDate,
) -> CandidateIndex {
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
    CandidateIndex::build(Arc::new(population), everyone, roles)
}
