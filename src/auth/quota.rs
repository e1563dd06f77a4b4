//! How many requests a partner may make, per minute and per day in Tokyo.
//!
//! Each response has the fields of draft-ietf-httpapi-ratelimit-headers. Refused requests count.

use super::store::Usage;
use crate::error::{Error, Result};

const MINUTE_S: i64 = 60;
const DAY_S: i64 = 86_400;
/// Tokyo's offset from UTC, all year round.
const TOKYO_S: i64 = 9 * 3600;

/// A partner's quota and usage at one moment, for the response's headers.
#[derive(Debug, Clone, Copy)]
pub struct RateLimit {
    quota: Usage,
    used: Usage,
    /// Seconds since 1970.
    now: i64,
}

/// Returns the number of the minute and of the day in Tokyo, for a Unix time in seconds.
pub fn window_numbers(now: i64) -> (i64, i64) {
    (now.div_euclid(MINUTE_S), (now + TOKYO_S).div_euclid(DAY_S))
}

impl RateLimit {
    pub fn new(quota: Usage, used: Usage, now: i64) -> RateLimit {
        RateLimit { quota, used, now }
    }

    /// Returns for each window: name, quota, length in seconds, remaining requests, and seconds until it
    /// resets.
    fn windows(&self) -> [(&'static str, i32, i64, i32, i64); 2] {
        let one = |name, quota: i32, window: i64, used: i32, offset: i64| {
            let left = quota.saturating_sub(used);
            (
                name,
                quota,
                window,
                left,
                window - (self.now + offset).rem_euclid(window),
            )
        };
        [
            one("minute", self.quota.in_minute, MINUTE_S, self.used.in_minute, 0),
            one("day", self.quota.in_day, DAY_S, self.used.in_day, TOKYO_S),
        ]
    }

    /// Refuses a request beyond the quota until the window resets.
    pub fn check(&self) -> Result<()> {
        let exceeded = self.windows().into_iter().filter(|(.., left, _)| *left < 0);
        match exceeded.map(|(.., reset)| reset).max() {
            None => Ok(()),
            Some(reset) => Err(Error::TooManyRequests {
                code: "quota_exceeded",
                retry_after_s: reset.unsigned_abs(),
            }),
        }
    }

    /// Returns the field `RateLimit-Policy`: the quota and length in seconds of each window.
    pub fn policy(&self) -> String {
        let one = |(name, quota, window, ..): (&str, i32, i64, i32, i64)| {
            format!("\"{name}\";q={quota};w={window}")
        };
        self.windows().map(one).join(", ")
    }

    /// Returns the field `RateLimit`: the remaining requests and seconds until the reset of each window.
    pub fn state(&self) -> String {
        let one = |(name, .., left, reset): (&str, i32, i64, i32, i64)| {
            format!("\"{name}\";r={};t={reset}", left.max(0))
        };
        self.windows().map(one).join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_remaining_requests_and_refuses_those_beyond_the_quota() {
        let usage = |in_minute, in_day| Usage { in_minute, in_day };
        // 2026-11-23 14:59:50 UTC is ten seconds before midnight in Tokyo.
        let now = 1_795_445_990;
        let limit = |used| RateLimit::new(usage(60, 1000), used, now);
        let some = limit(usage(1, 999));
        assert_eq!(some.policy(), "\"minute\";q=60;w=60, \"day\";q=1000;w=86400");
        assert_eq!(some.state(), "\"minute\";r=59;t=10, \"day\";r=1;t=10");
        assert!(some.check().is_ok() && limit(usage(60, 1000)).check().is_ok());
        for over in [usage(61, 1), usage(1, 1001)] {
            let refused = limit(over).check().unwrap_err();
            assert!(
                matches!(
                    refused,
                    Error::TooManyRequests {
                        retry_after_s: 10,
                        ..
                    }
                ),
                "{refused}"
            );
        }
        assert_eq!(window_numbers(now).1 + 1, window_numbers(now + 10).1);
    }
}
