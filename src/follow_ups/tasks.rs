//! The background task that makes follow-ups.

use super::actions;
use crate::db::Pool;
use crate::tasks::Task;
use std::time::Duration;

/// Creates the task that makes the follow-ups of what was delivered, in small steps.
pub fn make(pool: &Pool) -> Task {
    let pool = pool.clone();
    Task::new("follow-ups", Duration::from_secs(600), move || {
        while pool.write_blocking(actions::make)? > 0 {}
        Ok(())
    })
}
