//! When a message is tried again, and when a webhook is switched off.

use super::{WebhookFault, WebhookOffReason, WebhookOutcome};
use crate::db::Instant;
use chrono::Duration;

/// The time after each attempt. The last one repeats until [`LONGEST`].
const DELAYS_S: [i64; 10] = [
    5,
    60,
    5 * 60,
    30 * 60,
    2 * 3600,
    6 * 3600,
    12 * 3600,
    16 * 3600,
    16 * 3600,
    16 * 3600,
];
/// How long a message is tried, from its first attempt on. After the same time without any message that arrived, the
/// webhook is switched off.
const LONGEST: Duration = Duration::days(3);
/// The longest time that a receiver can ask for with `Retry-After`.
const LONGEST_ASKED: Duration = Duration::days(1);

/// What follows from an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consequence {
    /// When the next attempt is, if the webhook is enabled. None: the message has failed.
    pub retry_at: Option<Instant>,
    pub switch_off: Option<WebhookOffReason>,
}

/// The times that decide about an attempt that failed.
#[derive(Debug, Clone, Copy)]
pub struct Failure {
    /// How many attempts there were, this one included.
    pub attempts: i32,
    pub first_attempt_at: Instant,
    /// Since when no message to the webhook arrives.
    pub failing_since: Instant,
    pub now: Instant,
    /// What the receiver asked for.
    pub retry_after: Option<Duration>,
    /// A random number: delays are up to a tenth shorter or longer, so that messages which failed together come apart.
    pub chance: u32,
}

/// Returns what follows from an attempt that failed.
pub fn consequence(outcome: &WebhookOutcome, failure: &Failure) -> Consequence {
    let now = failure.now.utc();
    let end = failure.first_attempt_at.utc() + LONGEST;
    let is_failing = now >= failure.failing_since.utc() + LONGEST;
    let switch_off = match outcome.fault {
        Some(WebhookFault::Gone) => Some(WebhookOffReason::Gone),
        _ => is_failing.then_some(WebhookOffReason::Failing),
    };
    // What switches a webhook off waits with all others until it is enabled again.
    let is_over = switch_off.is_none() && now >= end;
    Consequence {
        // The last attempt is at the end.
        retry_at: (!is_over).then(|| Instant::from((now + delay(failure)).min(end.max(now)))),
        switch_off,
    }
}

fn delay(failure: &Failure) -> Duration {
    let number = usize::try_from(failure.attempts - 1).unwrap_or(0);
    let usual_s = DELAYS_S.get(number).or(DELAYS_S.last()).copied().unwrap_or(0);
    let usual_ms = usual_s * 1000;
    let spread_ms = usual_ms * i64::from(failure.chance % 2001) / 10_000;
    let own = Duration::milliseconds(usual_ms - usual_ms / 10 + spread_ms);
    let asked = failure.retry_after.map(|asked| asked.min(LONGEST_ASKED));
    asked.map_or(own, |asked| own.max(asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(fault: WebhookFault) -> WebhookOutcome {
        WebhookOutcome {
            status_code: None,
            fault: Some(fault),
            answer: None,
            duration_ms: 1,
        }
    }

    fn at(seconds: i64) -> Instant {
        Instant::from(chrono::DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap())
    }

    fn failure(attempts: i32, now_s: i64) -> Failure {
        Failure {
            attempts,
            first_attempt_at: at(0),
            failing_since: at(0),
            now: at(now_s),
            retry_after: None,
            chance: 1000,
        }
    }

    fn seconds(failure: &Failure) -> Option<i64> {
        let next = consequence(&outcome(WebhookFault::TimedOut), failure).retry_at?;
        Some((next.utc() - failure.now.utc()).num_seconds())
    }

    #[test]
    fn a_message_is_tried_for_three_days_with_growing_delays() {
        let (mut now, mut attempts) = (0, 1);
        // Others arrive, so that the webhook isn't switched off.
        let tried = |attempts, now| {
            seconds(&Failure {
                failing_since: at(now),
                ..failure(attempts, now)
            })
        };
        while let Some(delay) = tried(attempts, now) {
            now += delay;
            attempts += 1;
        }
        assert_eq!((now, attempts), (3 * 86_400, 12));
        let delays = |chance| {
            seconds(&Failure {
                chance,
                ..failure(3, 0)
            })
        };
        assert_eq!(delays(0), Some(270));
        assert_eq!(delays(1000), Some(300));
        assert_eq!(delays(2000), Some(330));
    }

    #[test]
    fn a_receiver_can_ask_for_a_longer_delay_up_to_a_day() {
        let asked = |s| {
            let retry_after = Some(Duration::seconds(s));
            seconds(&Failure {
                retry_after,
                ..failure(1, 0)
            })
        };
        assert_eq!(asked(0), Some(5));
        assert_eq!(asked(120), Some(120));
        assert_eq!(asked(1_000_000), Some(86_400));
    }

    #[test]
    fn a_webhook_is_switched_off_after_three_days_or_410() {
        let off = |fault, failure| consequence(&outcome(fault), &failure).switch_off;
        assert_eq!(off(WebhookFault::Rejected, failure(11, 3 * 86_400 - 1)), None);
        assert_eq!(
            off(WebhookFault::Rejected, failure(11, 3 * 86_400)),
            Some(WebhookOffReason::Failing)
        );
        let recently = Failure {
            failing_since: at(86_400),
            ..failure(11, 3 * 86_400)
        };
        assert_eq!(off(WebhookFault::Rejected, recently), None);
        let gone = consequence(&outcome(WebhookFault::Gone), &failure(1, 0));
        assert_eq!(gone.switch_off, Some(WebhookOffReason::Gone));
        let failing = consequence(&outcome(WebhookFault::Rejected), &failure(11, 3 * 86_400));
        for off in [gone, failing] {
            assert!(
                off.retry_at.is_some(),
                "the message waits until the webhook is enabled: {off:?}"
            );
        }
    }
}
