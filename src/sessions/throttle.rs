//! Slowing down guesses of passwords, without letting anybody lock somebody else out.
//!
//! An attempt to log in counts in up to three places:
//!
//! * From a device that has logged in to the account before, in one place of its own. What others try
//!   elsewhere doesn't slow it down.
//! * From anywhere else, for its address, for the account from that address, and, slowly, for the account from
//!   everywhere together. The last one protects from guesses that come from many addresses.
//!
//! An attempt counts before it is checked, so that a hundred simultaneous attempts count as a hundred. Success
//! takes it back. A refused attempt counts for the address and the account from that address, but not for the
//! account everywhere, and it doesn't begin the pause anew. Unknown accounts are treated in the same way.
//!
//! Deliberately absent: secrets that nobody can guess (tokens of invitations, client secrets, refresh tokens, the secrets of
//! registrations, links of follow-ups). A right one is never refused; wrong ones only count for the address. What everybody
//! can send counts by itself: no flood of registrations, feedback or wrong secrets keeps anybody from the rest, or from logging in.

use super::Client;
use crate::auth::secret::KeyedDigest;
use crate::db::{Id, Instant};
use crate::error::Error;

/// Somewhere that failures are counted, and how many of them have no consequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Throttle {
    /// In plain words, which are never stored.
    place: String,
    free_failures: i32,
    max_pause_s: i64,
}

/// Failures are cleared if none follows for this long.
pub const CLEARED_AFTER_S: i64 = 86_400;

/// Returns where an attempt to log in counts, in this order. `device` is the digest of a device that the
/// account knows.
pub fn of_login(email: &str, device: Option<&str>, client: &Client) -> Vec<Throttle> {
    let email = email.to_lowercase();
    match device {
        Some(device) => vec![Throttle::new("device", &[&email, device], 5, 900)],
        None => vec![
            of_address(client),
            Throttle::new("account from address", &[&email, client.network()], 5, 900),
            Throttle::new("account", &[&email], 100, 60),
        ],
    }
}

/// Returns where an attempt to change the password counts: only the session's owner can make one.
pub fn of_session(session: Id) -> Vec<Throttle> {
    vec![Throttle::new("session", &[&session.to_string()], 5, 900)]
}

/// Returns where failures of an address count: to log in, or to open an invitation.
pub fn of_address(client: &Client) -> Throttle {
    Throttle::new("address", &[client.network()], 50, 300)
}

/// What is opened with a secret without an account, and counts by itself: registrations with their questionnaires, and what was
/// asked of a delivered work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
pub enum PublicSecret {
    Registration,
    FollowUp,
}

/// Returns where wrong secrets of an address count.
pub fn of_public_secret(what: PublicSecret, client: &Client) -> Throttle {
    Throttle::new("secret", &[what.into(), client.network()], 50, 300)
}

/// What is written without an account, and counts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
pub enum PublicWrite {
    Registration,
    Feedback,
}

/// Returns where what an address writes without an account counts. Each counts, so that nobody fills lists by a program: by
/// the network, and with a shorter pause by the site, of which neighbours may have a part.
pub fn of_public_write(what: PublicWrite, client: &Client) -> Vec<Throttle> {
    let network = Throttle::new("public write", &[what.into(), client.network()], 30, 300);
    let site = Throttle::new("public write of a site", &[what.into(), client.site()], 300, 60);
    let has_more = client.site() != client.network();
    [Some(network), has_more.then_some(site)]
        .into_iter()
        .flatten()
        .collect()
}

/// What an attempt leads to.
#[derive(Debug, PartialEq)]
pub struct Attempt {
    /// The failures and the moment to store.
    pub failures: i32,
    pub last_at: Instant,
    /// How long to wait, if the attempt is refused.
    pub wait_s: Option<u64>,
}

impl Throttle {
    fn new(kind: &str, what: &[&str], free_failures: i32, max_pause_s: i64) -> Throttle {
        Throttle {
            place: format!("{kind}\0{}", what.join("\0")),
            free_failures,
            max_pause_s,
        }
    }

    /// Returns the key under which it is stored. A reader of the database learns no address by trying them all.
    pub fn key(&self, digests: &KeyedDigest) -> String {
        hex::encode(digests.of("throttle", &self.place))
    }

    /// Returns how long to wait after the last of this many failures: 0 seconds at first, then 1, 2, 4 …
    /// seconds.
    fn pause_s(&self, failures: i32) -> i64 {
        match failures - self.free_failures {
            i32::MIN..0 => 0,
            beyond => 1_i64
                .checked_shl(beyond.unsigned_abs())
                .filter(|pause| *pause > 0)
                .unwrap_or(i64::MAX)
                .min(self.max_pause_s),
        }
    }

    /// Counts an attempt. `before` are the failures so far and the last attempt that was not refused.
    pub fn attempt(&self, before: Option<(i32, Instant)>, now: Instant) -> Attempt {
        let allowed = |failures| Attempt {
            failures,
            last_at: now,
            wait_s: None,
        };
        let Some((failures, last_at)) = before else {
            return allowed(1);
        };
        let since_s = (now.utc() - last_at.utc()).num_seconds();
        if since_s >= CLEARED_AFTER_S {
            return allowed(1);
        }
        let left_s = self.pause_s(failures) - since_s;
        if left_s <= 0 {
            return allowed(failures.saturating_add(1));
        }
        Attempt {
            failures: failures.saturating_add(1),
            last_at,
            wait_s: Some(left_s.unsigned_abs()),
        }
    }
}

pub fn too_many_attempts(retry_after_s: u64) -> Error {
    Error::TooManyRequests {
        code: "too_many_attempts",
        retry_after_s,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Duration, Utc};

    fn client(address: &str) -> Client {
        Client::new(Some(address.parse().unwrap()), None)
    }

    #[test]
    fn pauses_double_up_to_fifteen_minutes() {
        let account = &of_login("a@example.jp", None, &client("203.0.113.7"))[1];
        let pauses = [0, 4, 5, 6, 7, 15, 68, 1000, i32::MAX].map(|failures| account.pause_s(failures));
        assert_eq!(pauses, [0, 0, 1, 2, 4, 900, 900, 900, 900]);
    }

    #[test]
    fn an_attempt_waits_for_the_pause_and_failures_are_cleared_after_a_day() {
        let account = &of_login("A@example.jp", None, &client("203.0.113.7"))[1];
        let now = Utc::now();
        let at = |s: i64| Instant::from(now + Duration::seconds(s));
        assert_eq!(account.attempt(None, at(0)).failures, 1);
        assert_eq!(account.attempt(Some((3, at(0))), at(0)).failures, 4);
        let refused = account.attempt(Some((7, at(0))), at(1));
        let counted = Attempt {
            failures: 8,
            last_at: at(0),
            wait_s: Some(3),
        };
        assert_eq!(refused, counted);
        assert_eq!(account.attempt(Some((7, at(0))), at(4)).wait_s, None);
        assert_eq!(
            account.attempt(Some((70, at(0))), at(CLEARED_AFTER_S)).failures,
            1
        );
    }

    #[test]
    fn a_public_write_counts_for_the_network_and_for_its_site() {
        let of = |address: &str| of_public_write(PublicWrite::Registration, &client(address));
        let (here, beside) = (of("2001:db8:1:2::3"), of("2001:db8:1:3::3"));
        assert!(here[0] != beside[0] && here[1] == beside[1]);
        assert_ne!(here[1], of("2001:db8:2:2::3")[1]);
        assert_eq!(of("203.0.113.7").len(), 1);
    }

    #[test]
    fn each_thing_that_everybody_sends_counts_by_itself() {
        let client = client("203.0.113.7");
        let mut all = vec![of_address(&client)];
        for what in [PublicWrite::Registration, PublicWrite::Feedback] {
            all.extend(of_public_write(what, &client));
        }
        for what in [PublicSecret::Registration, PublicSecret::FollowUp] {
            all.push(of_public_secret(what, &client));
        }
        for (i, one) in all.iter().enumerate() {
            assert!(!all[..i].contains(one), "{one:?}");
        }
    }

    #[test]
    fn what_is_stored_says_nothing_without_the_key_of_the_installation() {
        let here = &of_login("a@example.jp", None, &client("203.0.113.7"));
        let keys = |key: &str| -> Vec<String> {
            let digests = KeyedDigest::new(key);
            here.iter().map(|throttle| throttle.key(&digests)).collect()
        };
        assert_eq!(keys("one"), keys("one"));
        assert!(keys("one").iter().all(|key| !keys("other").contains(key)));
    }

    #[test]
    fn counts_a_whole_network_of_one_host_and_each_device_apart() {
        let keys = |email: &str, device, address: &str| -> Vec<String> {
            let all = of_login(email, device, &client(address)).into_iter();
            let digests = KeyedDigest::new("one");
            all.map(|throttle| throttle.key(&digests)).collect()
        };
        let here = keys("a@example.jp", None, "2001:db8:1:2::3");
        assert_eq!(here, keys("A@example.jp", None, "2001:db8:1:2:ffff::"));
        let there = keys("a@example.jp", None, "2001:db8:1:3::3");
        assert!(here[0] != there[0] && here[1] != there[1] && here[2] == there[2]);
        assert_ne!(
            keys("a@example.jp", None, "203.0.113.7")[0],
            keys("a@example.jp", None, "203.0.113.8")[0]
        );
        let known = keys("a@example.jp", Some("x"), "203.0.113.7");
        assert_eq!(known, keys("a@example.jp", Some("x"), "203.0.113.8"));
        assert_eq!((known.len(), here.contains(&known[0])), (1, false));
    }
}
