//! The clients that follow now: so many of each caller, and so many in all.
//!
//! A client that has gone is noticed late, since nothing is sent while nothing changes. So whoever has all their places
//! gets another one, and their oldest wait or stream ends: a client that comes back takes the place that it left.

use crate::config::FollowerLimits;
use crate::error::{Error, Result};
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::sync::Notify;

pub struct Followers {
    limits: FollowerLimits,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    all: usize,
    /// What ends each place of a caller, the oldest first. Callers without a place are left out.
    by: HashMap<String, VecDeque<Arc<Notify>>>,
}

/// A place among the followers. It is free again when this is dropped.
pub struct Place {
    open: Arc<Mutex<Open>>,
    caller: String,
    lost: Arc<Notify>,
}

impl Followers {
    pub fn new(limits: FollowerLimits) -> Followers {
        let open = Arc::default();
        Followers { limits, open }
    }

    /// Takes a place. If there is none left, it is the oldest one of the same caller.
    pub fn begin(&self, caller: String) -> Result<Place> {
        let mut open = self.open.lock();
        let is_full = open.all >= self.limits.of_all;
        match open.by.get_mut(&caller) {
            Some(own) if is_full || own.len() >= self.limits.of_caller => {
                let oldest = own.pop_front();
                oldest.iter().for_each(|oldest| oldest.notify_one());
            }
            None if is_full => return Err(too_many()),
            _ => open.all += 1,
        }
        let lost = Arc::new(Notify::new());
        let own = open.by.entry(caller.clone()).or_default();
        own.push_back(Arc::clone(&lost));
        Ok(Place {
            open: Arc::clone(&self.open),
            caller,
            lost,
        })
    }
}

impl Place {
    /// Waits until the same caller has taken this place for another request.
    pub async fn lost(&self) {
        self.lost.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock();
        let Some(own) = open.by.get_mut(&self.caller) else {
            return;
        };
        let Some(at) = own.iter().position(|one| Arc::ptr_eq(one, &self.lost)) else {
            return;
        };
        own.remove(at);
        if own.is_empty() {
            open.by.remove(&self.caller);
        }
        open.all -= 1;
    }
}

/// The caller has no place, or has lost it to another request of theirs.
pub fn too_many() -> Error {
    Error::TooManyRequests {
        code: "too_many_streams",
        retry_after_s: 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn followers(of_caller: usize, of_all: usize) -> Followers {
        Followers::new(FollowerLimits { of_caller, of_all })
    }

    fn is_lost(place: &Place) -> bool {
        place.lost().now_or_never().is_some()
    }

    #[test]
    fn one_too_many_takes_the_oldest_place_of_the_same_caller() {
        let followers = followers(2, 3);
        let begin = |caller: &str| followers.begin(caller.to_owned());
        let (one, two) = (begin("a").unwrap(), begin("a").unwrap());
        let three = begin("a").unwrap();
        assert!(is_lost(&one) && !is_lost(&two) && !is_lost(&three));
        drop(one);
        let other = begin("b").unwrap();
        assert!(begin("c").is_err(), "all are taken, and none by c");
        let later = begin("b").unwrap();
        assert!(is_lost(&other) && !is_lost(&two));
        drop((two, three, other, later));
        let open = followers.open.lock();
        assert!(open.all == 0 && open.by.is_empty());
    }
}
