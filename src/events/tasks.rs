//! The background task of registrations.

use super::registrants;
use crate::db::Pool;
use crate::tasks::Task;
use std::time::Duration;

/// Creates the task that makes the digests of earlier registrations, in small steps.
pub fn add_digests(pool: &Pool) -> Task {
    let pool = pool.clone();
    Task::new("registrants", Duration::from_secs(3600), move || {
        while pool.write_blocking(registrants::add_digests)? > 0 {}
        Ok(())
    })
}
