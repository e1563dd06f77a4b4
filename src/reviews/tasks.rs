//! The background task of reviews.

use super::actions;
use crate::db::{Instant, Pool};
use crate::tasks::Task;
use std::time::Duration;

/// Creates the task that counts the reviews that are shown because the time to write is over.
pub fn count_shown(pool: &Pool) -> Task {
    let pool = pool.clone();
    Task::new("reviews", Duration::from_secs(600), move || {
        actions::count_shown(&pool, Instant::now())
    })
}
