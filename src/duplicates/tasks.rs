//! The background task of duplicates.

use super::detector;
use crate::db::Pool;
use crate::tasks::Task;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Looks for duplicates among the records that changed. Pauses while `importing` is true, so that the records
/// of a file are compared only when all of them are written.
pub fn follow_changes(pool: &Pool, stopping: &Arc<AtomicBool>, importing: &Arc<AtomicBool>) -> Task {
    let (pool, stopping, importing) = (pool.clone(), Arc::clone(stopping), Arc::clone(importing));
    let follow = move || {
        if importing.load(Ordering::Relaxed) {
            return Ok(());
        }
        detector::follow(&pool, &stopping)
    };
    Task::new("duplicates", Duration::from_millis(100), follow)
}
