//! The background task that deletes old rounds.

use super::store;
use crate::db::{Instant, Pool};
use crate::tasks::Task;
use std::time::Duration;

/// Creates the task that deletes old rounds, in small steps.
pub fn purge(pool: &Pool) -> Task {
    let pool = pool.clone();
    Task::new("old rounds", Duration::from_secs(3600), move || {
        while pool.write_blocking(|db| store::purge(db, Instant::now()))? > 0 {}
        Ok(())
    })
}
