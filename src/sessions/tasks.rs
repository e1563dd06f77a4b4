//! The background task of sessions.

use super::store;
use crate::db::{Instant, Pool};
use crate::tasks::Task;
use std::time::Duration;

/// Deletes expired sessions and old throttles.
pub fn purge(pool: &Pool) -> Task {
    let pool = pool.clone();
    Task::new("old sessions", Duration::from_secs(3600), move || {
        pool.write_blocking(|db| store::purge(db, Instant::now()))
    })
}
