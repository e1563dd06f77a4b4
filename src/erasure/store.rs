//! SQL that finds idle workers, over the tables of workers and applications.

use crate::db::schema::{applications, workers};
use crate::db::{Db, Id, Instant};
use crate::error::Result;
use crate::reach::store::ACTIVE;
use diesel::prelude::*;

/// Finds workers whose records were last changed before `since` and who have no active application, oldest
/// first.
pub fn idle(db: &mut Db, since: Instant, limit: i64) -> Result<Vec<Id>> {
    let active = applications::table
        .filter(applications::status.eq_any(ACTIVE))
        .filter(applications::worker_id.is_not_null())
        .select(applications::worker_id.assume_not_null());
    let idle = workers::table
        .filter(workers::updated_at.lt(since))
        .filter(workers::id.ne_all(active))
        .order(workers::updated_at)
        .limit(limit)
        .select(workers::id);
    Ok(idle.load(db)?)
}
