//! The background tasks of exposures.

use super::{Recorder, store};
use crate::catalogue::calendar;
use crate::db::Pool;
use crate::tasks::Task;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// Writes the shown lists, and loads a new week's history before a request needs it.
pub fn write_lists(pool: &Pool, recorder: &Arc<Recorder>) -> Task {
    let (pool, recorder) = (pool.clone(), Arc::clone(recorder));
    Task::new("shown lists", Duration::from_secs(1), move || {
        Handle::current().block_on(recorder.flush(&pool))?;
        pool.read_blocking(|db| recorder.history(db, calendar::today()).map(drop))
    })
}

/// Deletes lists and weekly sums that are too old.
pub fn purge_lists(pool: &Pool) -> Task {
    let pool = pool.clone();
    Task::new("old lists", Duration::from_secs(3600), move || {
        pool.write_blocking(|db| store::purge(db, calendar::today()).map(drop))
    })
}
