//! The background task of applications.

use super::deadlines;
use crate::db::{Instant, Pool};
use crate::tasks::Task;
use std::time::Duration;

/// Creates the task that warns and ends what nobody answers.
pub fn watch_deadlines(pool: &Pool) -> Task {
    let pool = pool.clone();
    Task::new("deadlines", Duration::from_secs(60), move || {
        deadlines::run(&pool, Instant::now())
    })
}
