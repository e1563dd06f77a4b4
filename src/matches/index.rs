//! Hands out the newest [`Snapshot`], following the change log.
//!
//! Every request compares it with the log as its own transaction sees it. So a write is in the very next ranking, on this
//! server and on every other one, without a message that could get lost. Among many workers a new epoch is built beside
//! the requests, which go on with what there is.

use super::snapshot::{FEW, Snapshot};
use crate::catalogue::Catalogues;
use crate::changes;
use crate::db::{Db, Pool};
use crate::error::{Error, Result, Text};
use crate::tasks::at_low_priority;
use chrono::NaiveDate;
use parking_lot::Mutex;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use utoipa::ToSchema;

/// Among more than [`FEW`] workers, so many changed ones begin an epoch.
const MANY_CHANGES: usize = 4_000;

/// Hands out the snapshot that the reading transaction asks for.
#[derive(Default)]
pub struct MatchIndex {
    newest: Mutex<Option<Arc<Snapshot>>>,
    /// Held by whoever makes the next one.
    making: Mutex<()>,
    rebuilds: AtomicU64,
    last_build_microseconds: AtomicU64,
}

/// The status of the match index.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"ready": true, "at_change": 1284, "lag_changes": 0, "workers": 300, "changed_workers": 4,
    "deliverables": 15, "trees": 38, "size_bytes": 402_112, "rebuilds": 7, "last_build_microseconds": 5_310}))]
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

    /// Counts what begins an epoch, and how long that took.
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

    fn newest(&self) -> Option<Arc<Snapshot>> {
        self.newest.lock().clone()
    }

    fn publish(&self, next: Snapshot) -> Arc<Snapshot> {
        let next = Arc::new(next);
        // What it replaces is dropped after the lock.
        let _old = self.newest.lock().replace(Arc::clone(&next));
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
            Some(making) => making,
            None if !self.is_ready() => {
                return Err(Error::Unavailable(Text::new(
                    "マッチングの準備中です。しばらくしてからもう一度お試しください。",
                    "The match index is being built. Try again in a moment.",
                )));
            }
            None => self.making.lock(),
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

    /// Follows the log, so that requests find little to add, and begins an epoch where many have changed, the day or
    /// the catalogue.
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
        // Beside the requests, which go on with what there is.
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
            let _making = self.making.lock();
            self.publish(built.next(db, latest)?);
            Ok(())
        })
    }
}
