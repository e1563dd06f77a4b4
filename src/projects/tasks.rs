//! The background task of projects.

use super::durations;
use crate::db::Pool;
use crate::tasks::Task;
use std::time::Duration;

/// Creates the task that counts how long projects took.
pub fn measure_durations(pool: &Pool) -> Task {
    let pool = pool.clone();
    Task::new("durations", Duration::from_secs(600), move || {
        durations::measure(&pool)
    })
}
