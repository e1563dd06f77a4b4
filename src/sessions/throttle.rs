//! Slowing down guesses, by account and by address.
//!
//! An attempt counts as a failure before it is checked, so that a hundred simultaneous attempts count as a
//! hundred. Success takes it back. Unknown accounts are treated in the same way.

use crate::db::Instant;
use crate::error::Error;
use sha2::{Digest, Sha256};

/// An account or address whose failures are counted, and how many of them have no consequence.
#[derive(Debug, Clone)]
pub struct Throttle {
    pub key: String,
    free_failures: i32,
    max_pause_s: i64,
}

/// Failures are cleared if none follows for this long.
pub const CLEARED_AFTER_S: i64 = 86_400;

impl Throttle {
    pub fn account(email: &str) -> Throttle {
        Throttle::new("account", &email.to_lowercase(), 5, 900)
    }

    pub fn address(address: &str) -> Throttle {
        Throttle::new("address", address, 50, 300)
    }

    fn new(kind: &str, what: &str, free_failures: i32, max_pause_s: i64) -> Throttle {
        let digest = Sha256::new()
            .chain_update(kind)
            .chain_update([0])
            .chain_update(what);
        Throttle {
            key: hex::encode(digest.finalize()),
            free_failures,
            max_pause_s,
        }
    }

    /// Returns how long to wait after the last of this many failures: 0 seconds at first, then 1, 2, 4 …
    /// seconds.
    fn pause_s(&self, failures: i32) -> i64 {
        match failures - self.free_failures {
            i32::MIN..0 => 0,
            beyond => 1_i64
                .checked_shl(beyond.unsigned_abs())
                .unwrap_or(i64::MAX)
                .min(self.max_pause_s),
        }
    }

    /// Returns the failures to store if another attempt may be made now.
    pub fn attempt(&self, before: Option<(i32, Instant)>, now: Instant) -> Result<i32, Error> {
        let Some((failures, last)) = before else {
            return Ok(1);
        };
        let since_s = (now.utc() - last.utc()).num_seconds();
        if since_s >= CLEARED_AFTER_S {
            return Ok(1);
        }
        let left_s = self.pause_s(failures) - since_s;
        if left_s > 0 {
            return Err(Error::TooManyRequests {
                code: "too_many_attempts",
                retry_after_s: left_s.unsigned_abs(),
            });
        }
        Ok(failures.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Duration, Utc};

    #[test]
    fn pauses_double_up_to_fifteen_minutes() {
        let account = Throttle::account("a@example.jp");
        let pauses = [0, 4, 5, 6, 7, 15, 1000].map(|failures| account.pause_s(failures));
        assert_eq!(pauses, [0, 0, 1, 2, 4, 900, 900]);
    }

    #[test]
    fn an_attempt_waits_for_the_pause_and_failures_are_cleared_after_a_day() {
        let account = Throttle::account("A@example.jp");
        assert_eq!(account.key, Throttle::account("a@EXAMPLE.jp").key);
        assert_ne!(account.key, Throttle::address("a@example.jp").key);
        let now = Utc::now();
        let at = |s: i64| Instant::from(now + Duration::seconds(s));
        assert_eq!(account.attempt(None, at(0)).unwrap(), 1);
        assert_eq!(account.attempt(Some((3, at(0))), at(0)).unwrap(), 4);
        let refused = account.attempt(Some((7, at(0))), at(1)).unwrap_err();
        assert!(matches!(refused, Error::TooManyRequests { retry_after_s: 3, .. }));
        assert_eq!(account.attempt(Some((7, at(0))), at(4)).unwrap(), 8);
        assert_eq!(
            account.attempt(Some((70, at(0))), at(CLEARED_AFTER_S)).unwrap(),
            1
        );
    }
}
