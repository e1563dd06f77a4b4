//! Slowing down whoever guesses: by account and by address.
//!
//! An attempt counts as a failure before it is looked at, so that a hundred at once are a hundred; success takes it
//! back. It is the same for accounts that are not there.

use crate::db::Instant;
use crate::error::Error;
use sha2::{Digest, Sha256};

/// What is counted, and how many failures are free.
#[derive(Debug, Clone)]
pub struct Throttle {
    pub key: String,
    free: i32,
    longest_s: i64,
}

/// Failures are forgotten when none came for so long.
pub const FORGOTTEN_AFTER_S: i64 = 86_400;

impl Throttle {
    pub fn account(email: &str) -> Throttle {
        Throttle::new("account", &email.to_lowercase(), 5, 900)
    }

    pub fn address(address: &str) -> Throttle {
        Throttle::new("address", address, 50, 300)
    }

    fn new(kind: &str, what: &str, free: i32, longest_s: i64) -> Throttle {
        let digest = Sha256::new()
            .chain_update(kind)
            .chain_update([0])
            .chain_update(what);
        Throttle {
            key: hex::encode(digest.finalize()),
            free,
            longest_s,
        }
    }

    /// How long to wait after the last of so many failures: not at all while they are free, then 1, 2, 4 … seconds.
    fn pause_s(&self, failures: i32) -> i64 {
        match failures - self.free {
            i32::MIN..0 => 0,
            beyond => 1_i64
                .checked_shl(beyond.unsigned_abs())
                .unwrap_or(i64::MAX)
                .min(self.longest_s),
        }
    }

    /// The failures to write down, if another attempt may be made now.
    pub fn attempt(&self, before: Option<(i32, Instant)>, now: Instant) -> Result<i32, Error> {
        let Some((failures, last)) = before else {
            return Ok(1);
        };
        let since_s = (now.utc() - last.utc()).num_seconds();
        if since_s >= FORGOTTEN_AFTER_S {
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
    fn pauses_double_up_to_a_quarter_of_an_hour() {
        let account = Throttle::account("a@example.jp");
        let pauses = [0, 4, 5, 6, 7, 15, 1000].map(|failures| account.pause_s(failures));
        assert_eq!(pauses, [0, 0, 1, 2, 4, 900, 900]);
    }

    #[test]
    fn an_attempt_waits_for_the_pause_to_end_and_the_day_forgets() {
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
            account.attempt(Some((70, at(0))), at(FORGOTTEN_AFTER_S)).unwrap(),
            1
        );
    }
}
