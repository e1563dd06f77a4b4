//! The background task of the match index.

use super::index::MatchIndex;
use crate::catalogue::{Catalogues, calendar};
use crate::db::Pool;
use crate::tasks::Task;
use std::sync::Arc;
use std::time::Duration;

/// Brings the index up to date. Requests also do this themselves; the task builds the first index, leaves
/// them little to do, and rebuilds when needed.
pub fn follow_changes(pool: &Pool, catalogues: &Arc<Catalogues>, index: &Arc<MatchIndex>) -> Task {
    let (pool, catalogues, index) = (pool.clone(), Arc::clone(catalogues), Arc::clone(index));
    Task::new("match index", Duration::from_millis(100), move || {
        index.follow(&pool, &catalogues, calendar::today())
    })
}
