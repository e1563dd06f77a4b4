//! The background task of idempotency keys.

use super::store;
use crate::db::{Instant, Pool};
use crate::tasks::Task;
use std::time::Duration;

/// Deletes old keys with their answers.
pub fn purge(pool: &Pool) -> Task {
    let pool = pool.clone();
    Task::new("idempotency keys", Duration::from_secs(3600), move || {
        pool.write_blocking(|db| store::purge(db, Instant::now()))
    })
}
