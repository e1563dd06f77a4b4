//! The background tasks of sessions.

use super::store;
use crate::db::{Instant, Pool};
use crate::tasks::Task;
use std::time::Duration;

/// Deletes expired sessions and unused devices.
pub fn purge(pool: &Pool) -> Task {
    let pool = pool.clone();
    Task::new("old sessions", Duration::from_secs(3600), move || {
        pool.write_blocking(|db| store::purge(db, Instant::now()))
    })
}

/// Keeps the counters of failures few, however many are made.
pub fn purge_throttles(pool: &Pool) -> Task {
    let pool = pool.clone();
    Task::new("old throttles", Duration::from_secs(10), move || {
        pool.write_blocking(|db| store::purge_throttles(db, Instant::now()))
    })
}
