//! Provides the newest [`Snapshot`], following the change log.
//!
//! Every request compares the snapshot with the log as its own transaction sees it. So the next ranking
//! includes every write, on every server, without messages that could get lost. With many workers, a new
//! epoch is built in the background while requests use the old one.

use super::snapshot::{FEW, Snapshot};
use crate::catalogue::Catalogues;
use crate::changes;
use crate::db::{Db, Pool};
use crate::error::{Error, Result, Text};
use crate::metrics::Figure;
use crate::tasks::at_low_priority;
use chrono::NaiveDate;
use parking_lot::{Mutex, MutexGuard};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use utoipa::ToSchema;

/// With more than [`FEW`] workers, this many changed workers begin an epoch.
const MANY_CHANGES: usize = 4_000;

/// How long a request waits for another one that builds the next snapshot.
const LONGEST_BUILD: Duration = Duration::from_secs(3);

/// Provides the snapshot that a reading transaction needs.
#[derive(Default)]
pub struct MatchIndex {
    newest: Mutex<Option<Arc<Snapshot>>>,
    /// Locked while the next snapshot is being built. Replaced if that never ends, because its database is frozen.
    building: Mutex<Arc<Mutex<()>>>,
    rebuilds: AtomicU64,
    last_build_microseconds: AtomicU64,
}

/// The status of the match index.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"ready": true, "at_change": 1284, "lag_changes": 0, "workers": 300,
    "changed_workers": 4, "deliverables": 15, "trees": 38, "size_bytes": 402_112, "rebuilds": 7,
    "last_build_microseconds": 5_310}))]
pub struct IndexStatus {
    /// Whether the index has been built.
    pub ready: bool,
    /// The number of the latest change that the index includes.
    #[schema(minimum = 0)]
    pub at_change: i64,
    /// How many later changes the index lacks. The next ranking includes them.
    #[schema(minimum = 0)]
    pub lag_changes: i64,
    /// How many workers can be ranked.
    #[schema(minimum = 0)]
    pub workers: usize,
    /// How many workers have changed since the last rebuild.
    #[schema(minimum = 0)]
    pub changed_workers: usize,
    /// How many deliverables are open.
    #[schema(minimum = 0)]
    pub deliverables: usize,
    /// How many search trees the index has: one for each distinct role of the open deliverables.
    #[schema(minimum = 0)]
    pub trees: usize,
    /// The memory that the index takes, without the workers' profiles.
    #[schema(minimum = 0)]
    pub size_bytes: usize,
    /// How often the index has been rebuilt since the server started.
    #[schema(minimum = 0)]
    pub rebuilds: u64,
    /// How long the last rebuild took.
    #[schema(minimum = 0)]
    pub last_build_microseconds: u64,
}

impl IndexStatus {
    pub fn figures(&self) -> Vec<Figure> {
        let seconds = self.last_build_microseconds as f64 / 1e6;
        vec![
            Figure::new(
                "musubi_match_index_at_change",
                "The change that the match index includes.",
                self.at_change as f64,
            ),
            Figure::new(
                "musubi_match_index_lag_changes",
                "Changes that the match index lacks; the next ranking includes them.",
                self.lag_changes as f64,
            ),
            Figure::new(
                "musubi_match_index_workers",
                "Workers who can be ranked.",
                self.workers as f64,
            ),
            Figure::new(
                "musubi_match_index_changed_workers",
                "Workers that changed since the index was rebuilt.",
                self.changed_workers as f64,
            ),
            Figure::new(
                "musubi_match_index_deliverables",
                "Requests that are open.",
                self.deliverables as f64,
            ),
            Figure::new(
                "musubi_match_index_size_bytes",
                "Memory that the index takes, without the workers' profiles.",
                self.size_bytes as f64,
            ),
            Figure::new(
                "musubi_match_index_rebuilds_total",
                "How often the index was rebuilt.",
                self.rebuilds as f64,
            ),
            Figure::new(
                "musubi_match_index_last_build_seconds",
                "How long the last rebuild took.",
                seconds,
            ),
        ]
    }
}

impl MatchIndex {
    /// Returns whether the index has been built.
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
            lag_changes: (latest - at_change).max(0),
            workers: size.candidates,
            changed_workers: size.changed,
            deliverables: newest.as_ref().map_or(0, |newest| newest.open.len()),
            trees: size.trees,
            size_bytes: size.bytes,
            rebuilds: self.rebuilds.load(Ordering::Relaxed),
            last_build_microseconds: self.last_build_microseconds.load(Ordering::Relaxed),
        })
    }

    /// Counts a new epoch, and measures how long it took to build.
    fn timed(&self, make: impl FnOnce() -> Result<Snapshot>) -> Result<Snapshot> {
        let start = Instant::now();
        let made = make()?;
        let same_epoch =
            |known: Arc<Snapshot>| Arc::ptr_eq(known.index.population(), made.index.population());
        if !self.newest().is_some_and(same_epoch) {
            self.rebuilds.fetch_add(1, Ordering::Relaxed);
            let micros = start.elapsed().as_micros() as u64;
            self.last_build_microseconds.store(micros, Ordering::Relaxed);
        }
        Ok(made)
    }

    fn building(&self) -> Arc<Mutex<()>> {
        Arc::clone(&self.building.lock())
    }

    /// Waits for another builder. Goes ahead without it if that takes too long: two builders waste work, but do no harm.
    fn wait_for<'l>(&self, building: &'l Arc<Mutex<()>>) -> Option<MutexGuard<'l, ()>> {
        let guard = building.try_lock_for(LONGEST_BUILD);
        let mut current = self.building.lock();
        if guard.is_none() && Arc::ptr_eq(&current, building) {
            *current = Arc::default();
        }
        guard
    }

    fn newest(&self) -> Option<Arc<Snapshot>> {
        self.newest.lock().clone()
    }

    fn publish(&self, next: Snapshot) -> Arc<Snapshot> {
        let next = Arc::new(next);
        // The replaced snapshot is dropped after the lock is released.
        let _old = self.newest.lock().replace(Arc::clone(&next));
        next
    }

    /// Returns a snapshot at least as new as what the transaction sees.
    ///
    /// The first request that finds the snapshot outdated builds the next one; others wait for it. Before the
    /// first snapshot exists, one request builds it and the others get 503.
    pub fn current(&self, db: &mut Db, catalogues: &Catalogues, today: NaiveDate) -> Result<Arc<Snapshot>> {
        let latest = changes::store::latest(db)?;
        // With many workers, `follow` handles a new day.
        let is_fresh = |known: &Arc<Snapshot>| {
            known.at_change >= latest && (known.today == today || known.index.len() > FEW)
        };
        if let Some(known) = self.newest().filter(is_fresh) {
            return Ok(known);
        }
        let building = self.building();
        let _guard = match building.try_lock() {
            Some(guard) => Some(guard),
            None if !self.is_ready() => {
                return Err(Error::Unavailable(Text::new(
                    "マッチングの準備中です。しばらくしてからもう一度お試しください。",
                    "The match index is being built. Try again in a moment.",
                )));
            }
            None => self.wait_for(&building),
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

    /// Follows the log, so that requests find few changes to add. Begins an epoch if many workers have
    /// changed, or the day or the catalogue.
    pub fn follow(&self, pool: &Pool, catalogues: &Catalogues, today: NaiveDate) -> Result<()> {
        let (known, catalogue) = pool.read_blocking(|db| {
            let known = self.current(db, catalogues, today)?;
            Ok((known, catalogues.current(db)?))
        })?;
        known.needs.warm();
        let same_catalogue = Arc::ptr_eq(&known.catalogue, &catalogue);
        let may_stay = known.today == today && known.index.changed() < MANY_CHANGES;
        if same_catalogue && (may_stay || known.index.len() <= FEW) {
            return Ok(());
        }
        // Requests use the old epoch meanwhile.
        let built = at_low_priority(|| {
            let built = if same_catalogue {
                self.timed(|| Ok(known.renewed(today)))?
            } else {
                pool.read_blocking(|db| {
                    let at_change = changes::store::latest(db)?;
                    self.timed(|| Snapshot::build(db, catalogue, at_change, today))
                })?
            };
            built.needs.warm();
            Ok::<_, Error>(built)
        })?;
        pool.read_blocking(|db| {
            let latest = changes::store::latest(db)?;
            let building = self.building();
            let _guard = self.wait_for(&building);
            self.publish(built.next(db, latest)?);
            Ok(())
        })
    }
}
