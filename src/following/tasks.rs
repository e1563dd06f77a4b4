//! The background tasks of following.

use super::Feed;
use crate::changes;
use crate::db::{Instant, Pool};
use crate::tasks::Task;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Looks for new changes. How long a follower waits for a change depends on this.
pub fn advance(pool: &Pool, feed: &Arc<Feed>, stopping: &Arc<AtomicBool>) -> Task {
    let (pool, feed, stopping) = (pool.clone(), Arc::clone(feed), Arc::clone(stopping));
    Task::new("changes", Duration::from_millis(100), move || {
        if stopping.load(Ordering::Relaxed) {
            feed.stop();
        }
        feed.advance(&pool)
    })
}

/// Looks how far the standby has come. The more often, the more reads it can answer while others write.
pub fn look_at_standby(pool: &Pool) -> Task {
    let pool = pool.clone();
    Task::new("standby", Duration::from_millis(50), move || {
        pool.look_at_standby(changes::store::latest);
        Ok(())
    })
}

/// Deletes changes from the log that are older than `kept`.
pub fn trim(pool: &Pool, kept: chrono::Duration) -> Task {
    let pool = pool.clone();
    Task::new("old changes", Duration::from_secs(3600), move || {
        let before = Instant::from(chrono::Utc::now() - kept);
        while pool.write_blocking(|db| changes::store::trim(db, before))? {}
        Ok(())
    })
}
