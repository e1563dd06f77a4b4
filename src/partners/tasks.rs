//! The background task of partners.

use super::store;
use crate::db::Pool;
use crate::http::cors::Origins;
use crate::tasks::Task;
use std::time::Duration;

/// Reloads the origins of active partners, so that browsers on their pages may call.
pub fn reload_origins(pool: &Pool, origins: &Origins) -> Task {
    let (pool, origins) = (pool.clone(), origins.clone());
    Task::new("origins of partners", Duration::from_secs(1), move || {
        origins.set_partners(pool.read_blocking(store::origins)?);
        Ok(())
    })
}
