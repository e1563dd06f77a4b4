//! Everyone and everything that can be ranked, in memory, following the change log.
//!
//! A [`Snapshot`] never changes. When the log has moved on, the next one is made from it and what changed, so a
//! ranking is a function of the database at one change and of the day.

use super::encode;
use crate::catalogue::{Catalogue, Catalogues, calendar};
use crate::changes::{self, Subject};
use crate::db::{Db, Id};
use crate::deliverables::{self, Deliverable, DeliverableStatus};
use crate::error::Result;
use crate::matcher::{Candidate, Need, Population};
use crate::organizations;
use crate::workers::{self, Worker};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// One state of the database, ready to be ranked.
pub struct Snapshot {
    /// The newest change that it has.
    pub at_change: i64,
    pub today: NaiveDate,
    pub catalogue: Arc<Catalogue>,
    pub population: Population,
    /// By id, in step with `faces`.
    pub candidates: Vec<Arc<Candidate>>,
    faces: Vec<Arc<Face>>,
    pub open: Vec<Arc<Open>>,
    /// The themes of every organization that is not archived.
    themes: Arc<HashMap<Id, Vec<String>>>,
}

/// What organizations see of a worker before they know each other.
pub struct Face {
    pub id: Id,
    pub alias: String,
    pub area: Option<String>,
}

/// A deliverable that workers may apply for.
pub struct Open {
    pub deliverable: Deliverable,
    pub need: Need,
}

impl Snapshot {
    pub fn face(&self, position: usize) -> Option<&Face> {
        self.faces.get(position).map(Arc::as_ref)
    }

    /// Where a worker stands among the candidates.
    pub fn position(&self, worker: Id) -> Option<usize> {
        self.faces.binary_search_by_key(&worker, |face| face.id).ok()
    }

    /// The need of a deliverable in whatever state it is.
    pub fn need(&self, deliverable: &Deliverable) -> Need {
        let themes = self.organization_themes(deliverable.request.organization_id);
        encode::need(
            deliverable.id.0.as_u128(),
            &deliverable.request,
            themes.unwrap_or_default(),
            &self.catalogue,
        )
    }

    /// `None` where there is no such organization.
    pub fn organization_themes(&self, id: Id) -> Option<&[String]> {
        self.themes.get(&id).map(Vec::as_slice)
    }

    fn build(db: &mut Db, catalogue: Arc<Catalogue>, at_change: i64, today: NaiveDate) -> Result<Snapshot> {
        let organizations = organizations::store::load_all(db)?;
        let themes = organizations
            .into_iter()
            .map(|o| (o.id, o.details.themes))
            .collect();
        let workers = workers::store::load_all(db)?;
        let (faces, candidates): (_, Vec<_>) = workers.iter().map(|worker| entry(worker, &catalogue)).unzip();
        let open = deliverables::store::load_open(db)?;
        let snapshot = Snapshot {
            at_change,
            today,
            population: population(&candidates, &catalogue, today),
            catalogue,
            faces,
            candidates,
            open: Vec::new(),
            themes: Arc::new(themes),
        };
        Ok(Snapshot {
            open: open
                .into_iter()
                .map(|deliverable| snapshot.opened(deliverable))
                .collect(),
            ..snapshot
        })
    }

    fn opened(&self, deliverable: Deliverable) -> Arc<Open> {
        Arc::new(Open {
            need: self.need(&deliverable),
            deliverable,
        })
    }

    /// The snapshot after the changes that came since.
    fn next(&self, db: &mut Db, at_change: i64) -> Result<Snapshot> {
        let changed = changes::store::since(db, self.at_change)?;
        let ids = |subject: Subject| -> BTreeSet<Id> {
            let of_kind = changed.iter().filter(|(kind, _)| kind == subject.code());
            of_kind.filter_map(|(_, id)| id.parse().ok().map(Id)).collect()
        };
        let workers = ids(Subject::Worker);
        let organizations = ids(Subject::Organization);
        let deliverables = ids(Subject::Deliverable);

        let (mut faces, mut candidates) = (self.faces.clone(), self.candidates.clone());
        let mut population = self.population.clone();
        if !workers.is_empty() {
            let mut by_id: BTreeMap<Id, _> = self
                .faces
                .iter()
                .cloned()
                .zip(self.candidates.iter().cloned())
                .map(|e| (e.0.id, e))
                .collect();
            by_id.retain(|id, _| !workers.contains(id));
            let fresh = workers::store::load_some(db, &workers.into_iter().collect::<Vec<_>>())?;
            by_id.extend(
                fresh
                    .iter()
                    .map(|worker| (worker.id, entry(worker, &self.catalogue))),
            );
            (faces, candidates) = by_id.into_values().unzip();
            population = self::population(&candidates, &self.catalogue, self.today);
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
        let mut next = Snapshot {
            at_change,
            today: self.today,
            catalogue: Arc::clone(&self.catalogue),
            population,
            faces,
            candidates,
            open: Vec::new(),
            themes,
        };
        let mut open: BTreeMap<Id, Arc<Open>> = self
            .open
            .iter()
            .map(|open| (open.deliverable.id, Arc::clone(open)))
            .collect();
        open.retain(|id, _| !deliverables.contains(id));
        let fresh = deliverables::store::load_some(db, &deliverables.into_iter().collect::<Vec<_>>())?;
        let is_open =
            |d: &Deliverable| d.archived_at.is_none() && d.request.status == DeliverableStatus::Open;
        open.extend(fresh.into_iter().filter(is_open).map(|d| (d.id, next.opened(d))));
        for entry in open
            .values_mut()
            .filter(|e| organizations.contains(&e.deliverable.request.organization_id))
        {
            *entry = next.opened(entry.deliverable.clone());
        }
        next.open = open.into_values().collect();
        Ok(next)
    }
}

fn entry(worker: &Worker, catalogue: &Catalogue) -> (Arc<Face>, Arc<Candidate>) {
    let (alias, area) = (
        worker.profile.alias.clone().unwrap_or_default(),
        worker.profile.area.clone(),
    );
    (
        Arc::new(Face {
            id: worker.id,
            alias,
            area,
        }),
        Arc::new(encode::candidate(worker, catalogue)),
    )
}

fn population(candidates: &[Arc<Candidate>], catalogue: &Catalogue, today: NaiveDate) -> Population {
    let (geography, tree) = (Arc::clone(&catalogue.geography), Arc::clone(&catalogue.tree));
    Population::of(
        candidates,
        calendar::day_number(today),
        geography,
        tree,
        catalogue.themes.len(),
    )
}

/// Hands out the snapshot that the reading transaction asks for.
#[derive(Default)]
pub struct MatchIndex {
    newest: Mutex<Option<Arc<Snapshot>>>,
}

impl MatchIndex {
    /// Whether there is one at all.
    pub fn is_ready(&self) -> bool {
        self.newest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    /// At least as new as what the transaction sees. Whoever finds it old makes the next one; others wait for that.
    pub fn current(&self, db: &mut Db, catalogues: &Catalogues, today: NaiveDate) -> Result<Arc<Snapshot>> {
        let latest = changes::store::latest(db)?;
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let catalogue = catalogues.current(db)?;
        let next = match &*newest {
            Some(known) if known.at_change >= latest && known.today == today => return Ok(Arc::clone(known)),
            Some(known) if known.today == today && Arc::ptr_eq(&known.catalogue, &catalogue) => {
                known.next(db, latest)?
            }
            _ => Snapshot::build(db, catalogue, latest, today)?,
        };
        let next = Arc::new(next);
        *newest = Some(Arc::clone(&next));
        Ok(next)
    }
}
