//! The background task that applies the retention periods.

use super::actions;
use crate::config::Retention;
use crate::db::{Instant, Pool};
use crate::tasks::Task;
use std::time::Duration;

/// Creates the task that erases personal data older than `retention` allows, in small steps.
pub fn apply_retention(pool: &Pool, retention: Retention) -> Task {
    let pool = pool.clone();
    Task::new("retention", Duration::from_secs(3600), move || {
        let before = |kept: chrono::Duration| Instant::from(chrono::Utc::now() - kept);
        if let Some(kept) = retention.workers {
            while pool.write_blocking(|db| actions::erase_idle(db, before(kept)))? > 0 {}
        }
        if let Some(kept) = retention.messages {
            while pool.write_blocking(|db| actions::forget_messages(db, before(kept)))? > 0 {}
        }
        Ok(())
    })
}
