//! The background tasks that apply the retention periods, and empty the log in which SQLite keeps what was deleted.

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

/// Creates the task that lets nothing of what was erased stay in SQLite's log.
pub fn empty_log(pool: &Pool) -> Task {
    let pool = pool.clone();
    Task::new("log of SQLite", Duration::from_secs(60), move || pool.empty_log())
}
