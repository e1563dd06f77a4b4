//! Trying secrets.

use super::store;
use super::throttle::{Throttle, too_many_attempts};
use crate::db::{Db, Instant, Pool};
use crate::error::{Error, Result};

/// Finds what a secret opens. A wrong one counts; a right one is never refused.
pub async fn open_with_secret<T: Send + 'static>(
    pool: &Pool,
    throttle: Throttle,
    wrong: fn() -> Error,
    find: impl FnOnce(&mut Db, Instant) -> Result<Option<T>> + Send + 'static,
) -> Result<T> {
    let found = pool.write(move |db| {
        let now = Instant::now();
        match find(db, now)? {
            Some(found) => Ok(Ok(found)),
            None => Ok(Err(store::attempt(db, &[throttle], now)?)),
        }
    });
    let refused = |wait_s: Option<u64>| wait_s.map_or_else(wrong, too_many_attempts);
    found.await?.map_err(refused)
}
