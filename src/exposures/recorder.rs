//! Collects the lists that were shown, and remembers the attention of past weeks.

use super::{ListKind, ShownList, store, week_number};
use crate::catalogue::calendar::{day_number, today};
use crate::db::{Db, Id, Pool};
use crate::error::{Error, Fault, Result};
use chrono::NaiveDate;
use matcher::fairness::Exposure;
use parking_lot::{Mutex, MutexGuard};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How many weeks before the current one count.
const WEEKS: i32 = 26;
/// How many lists may wait to be written.
const MAX_WAITING: usize = 10_000;
/// How many lists may wait before a request writes them itself.
const FLUSH_AT: usize = 1_000;
/// How many lists are remembered as already shown today.
const MAX_SEEN: usize = 65_536;

/// The attention that each worker received before this week.
#[derive(Debug, Default)]
pub struct History {
    pub week: i32,
    workers: HashMap<u128, Exposure>,
}

impl History {
    pub fn of_worker(&self, id: u128) -> Exposure {
        self.workers.get(&id).copied().unwrap_or_default()
    }
}

/// Collects shown lists, and returns the history of past weeks.
#[derive(Default)]
pub struct Recorder {
    swaps: bool,
    waiting: Mutex<Waiting>,
    /// Held while lists are written.
    writing: tokio::sync::Mutex<()>,
    history: Mutex<Option<Arc<History>>>,
}

#[derive(Default)]
struct Waiting {
    lists: Vec<(ShownList, i64)>,
    seen: HashSet<(i32, ListKind, Id, String, i64)>,
}

impl Recorder {
    pub fn new(swaps: bool) -> Recorder {
        Recorder {
            swaps,
            ..Recorder::default()
        }
    }

    /// Returns whether a draw decides about the places of neighbours who fit nearly equally.
    pub fn swaps(&self) -> bool {
        self.swaps
    }

    /// Records a list. It is written within a second, or at once if many are waiting.
    pub async fn record(&self, pool: &Pool, list: ShownList) -> Result<()> {
        if self.add(list) < FLUSH_AT {
            return Ok(());
        }
        self.flush(pool).await
    }

    /// Adds a list unless it was already shown today. Returns how many are waiting.
    fn add(&self, list: ShownList) -> usize {
        let digest = list.digest();
        let key = (
            day_number(today()),
            list.kind,
            list.subject_id,
            list.viewer.clone(),
            digest,
        );
        let mut waiting = self.waiting();
        if waiting.seen.len() >= MAX_SEEN {
            waiting.seen.clear();
        }
        if waiting.seen.insert(key) && !list.content.items.is_empty() {
            waiting.lists.push((list, digest));
        }
        waiting.lists.len()
    }

    /// Writes the waiting lists, after those that are being written: a reader who flushes first finds all of them.
    pub async fn flush(&self, pool: &Pool) -> Result<()> {
        let Ok(_writing) = tokio::time::timeout(pool.longest_wait(), self.writing.lock()).await else {
            return Err(Error::fault(Fault::Busy, "timed out waiting for shown lists"));
        };
        let lists = std::mem::take(&mut self.waiting().lists);
        if lists.is_empty() {
            return Ok(());
        }
        let lists = Arc::new(lists);
        let (written, day) = (Arc::clone(&lists), today());
        let flushed = pool.write(move |db| store::insert_all(db, day, &written)).await;
        if flushed.is_err() {
            // Try again next time. If there are too many, drop the oldest.
            let mut waiting = self.waiting();
            let mut all = Arc::unwrap_or_clone(lists);
            all.append(&mut waiting.lists);
            let lost = all.len().saturating_sub(MAX_WAITING);
            waiting.lists = all.split_off(lost);
            if lost > 0 {
                tracing::error!(lost, "shown lists could not be written");
            }
        }
        flushed
    }

    /// Returns the history of the weeks before that of `day`.
    pub fn history(&self, db: &mut Db, day: NaiveDate) -> Result<Arc<History>> {
        let week = week_number(day);
        let known = self.history.lock().clone();
        if let Some(known) = known.filter(|known| known.week == week) {
            return Ok(known);
        }
        // Not under the lock: the database may not answer.
        let workers = store::history(db, ListKind::Workers, week - WEEKS..week)?;
        let fresh = Arc::new(History { week, workers });
        *self.history.lock() = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ListContent, ShownItem};
    use super::*;
    use crate::auth::{Beside, Reach, Viewer};

    #[test]
    fn counts_a_list_once_per_viewer_and_day() {
        let list = |viewer: &str, rank| {
            let item = ShownItem {
                id: Id(uuid::Uuid::nil()),
                rank,
                fit_rank: 1,
                fit_ppm: 700_000,
                adjusted_ppm: 700_000,
                swap: None,
                role: None,
                values_ppm: None,
            };
            let content = ListContent {
                role: None,
                weights_version: "default-1".into(),
                at_change: 1,
                items: vec![item],
            };
            let viewer = Viewer {
                actor: viewer.into(),
                reach: Reach::Everything,
                personal_data: false,
                sees_all: false,
                beside: Beside::EVERYTHING,
            };
            ShownList::new(&viewer, ListKind::Workers, Id(uuid::Uuid::nil()), None, content)
        };
        let recorder = Recorder::default();
        let waiting = [("a", 1), ("a", 1), ("b", 1), ("a", 2), ("a", 1)]
            .map(|(viewer, rank)| recorder.add(list(viewer, rank)));
        assert_eq!(waiting, [1, 1, 2, 3, 3]);
    }
}
