//! The background task of pages that everybody reads.

use super::counter::ViewCounter;
use crate::db::Pool;
use crate::tasks::Task;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// Writes the page views that were counted.
pub fn write_views(pool: &Pool, views: &Arc<ViewCounter>) -> Task {
    let (pool, views) = (pool.clone(), Arc::clone(views));
    Task::new("page views", Duration::from_secs(5), move || {
        Handle::current().block_on(views.flush(&pool))
    })
}
