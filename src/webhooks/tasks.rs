//! The background tasks of webhooks: queueing and sending messages, and deleting old ones.

use super::client::{Client, Message};
use super::delivering::{self, Links, Ready};
use super::store::{self, deliveries};
use crate::db::{Id, Instant, Pool};
use crate::error::Result;
use crate::following::Feed;
use crate::tasks::Task;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;

/// How many messages this server sends at once, in all, to one webhook, and to one whose last message didn't arrive.
const AT_ONCE: usize = 64;
const AT_ONCE_TO_ONE: usize = 4;
const AT_ONCE_TO_FAILING: usize = 1;
/// After this time a thread gives up its place if all are taken: receivers that answer slowly may not keep the others.
const IN_A_ROW: Duration = Duration::from_secs(5);
const INTERVAL: Duration = Duration::from_millis(250);
/// How many intervals pass until webhooks are looked at without new changes: one may have been enabled, or got room.
const PATIENCE: u64 = 4;

/// Queues messages for new changes, and sends what is due. Each webhook is sent to by separate threads, so that a slow
/// receiver holds up no other. Threads finish what they send when the server stops; if it is killed, the leases end.
pub fn deliver(
    pool: &Pool,
    feed: &Arc<Feed>,
    client: &Arc<Client>,
    public_url: &str,
    stopping: &Arc<AtomicBool>,
) -> Task {
    let sender = Arc::new(Sender {
        pool: pool.clone(),
        client: Arc::clone(client),
        stopping: Arc::clone(stopping),
        busy: Mutex::default(),
    });
    let (feed, links) = (Arc::clone(feed), Links(public_url.to_owned()));
    let rounds = AtomicU64::new(0);
    let looked = Mutex::new(None);
    Task::new("webhooks", INTERVAL, move || {
        if sender.stopping.load(Ordering::Relaxed) {
            return Ok(());
        }
        let head = Some(feed.head());
        let is_whole = rounds.fetch_add(1, Ordering::Relaxed).is_multiple_of(PATIENCE);
        if is_whole || *looked.lock() != head {
            delivering::queue(&sender.pool, &feed, &links, is_whole)?;
            *looked.lock() = head;
        }
        sender.start()
    })
}

/// Deletes old messages, in small steps.
pub fn purge(pool: &Pool) -> Task {
    let pool = pool.clone();
    Task::new("old webhook messages", Duration::from_secs(3600), move || {
        let purge = |db: &mut _| {
            let (purged, lost) = deliveries::purge(db, Instant::now())?;
            store::mark_lost(db, &lost)?;
            Ok(purged)
        };
        while pool.write_blocking(purge)? > 0 {}
        Ok(())
    })
}

struct Sender {
    pool: Pool,
    client: Arc<Client>,
    stopping: Arc<AtomicBool>,
    /// How many threads send to each webhook now.
    busy: Mutex<HashMap<Id, usize>>,
}

impl Sender {
    /// Starts threads for the webhooks that have something due: none gets another place before each has one.
    fn start(self: &Arc<Sender>) -> Result<()> {
        let now = Instant::now();
        let due = self
            .pool
            .lookup_blocking(|db| deliveries::due(db, now, AT_ONCE_TO_ONE as i64))?;
        let mut due: Vec<_> = due.into_iter().map(|webhook| (webhook, 0)).collect();
        for turn in 1..=AT_ONCE_TO_ONE {
            for (webhook, started) in &mut due {
                let most = match webhook.failures {
                    0 => turn,
                    _ => turn.min(AT_ONCE_TO_FAILING),
                };
                if *started < webhook.number
                    && let Some(place) = Place::take(self, webhook.id, most)
                {
                    *started += 1;
                    Handle::current().spawn_blocking(move || place.send());
                }
            }
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.busy.lock().values().sum::<usize>() >= AT_ONCE
    }
}

/// The right to send to a webhook, which ends when this is dropped.
struct Place {
    sender: Arc<Sender>,
    webhook: Id,
}

impl Place {
    fn take(sender: &Arc<Sender>, webhook: Id, most: usize) -> Option<Place> {
        let mut busy = sender.busy.lock();
        let all: usize = busy.values().sum();
        let own = busy.get(&webhook).copied().unwrap_or(0);
        if all >= AT_ONCE || own >= most {
            return None;
        }
        busy.insert(webhook, own + 1);
        Some(Place {
            sender: Arc::clone(sender),
            webhook,
        })
    }

    /// Sends what is due, one message after the other.
    fn send(self) {
        let begun = std::time::Instant::now();
        loop {
            match self.send_next() {
                Ok(true) if begun.elapsed() >= IN_A_ROW && self.sender.is_full() => return,
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::error!(webhook = %self.webhook, %error, "cannot send to a webhook");
                    return;
                }
            }
        }
    }

    /// Returns whether there was one.
    fn send_next(&self) -> Result<bool> {
        let Sender {
            pool,
            client,
            stopping,
            ..
        } = &*self.sender;
        if stopping.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let ready = pool.write_blocking(|db| delivering::take(db, self.webhook, Instant::now()))?;
        let Some(ready) = ready else { return Ok(false) };
        let Ready {
            leased,
            url,
            message_id,
            timestamp_s,
            signature,
        } = &ready;
        let attempt = client.send(&Message {
            url,
            id: message_id,
            timestamp_s: *timestamp_s,
            signature,
            body: &leased.payload,
        });
        if let Some(fault) = attempt.outcome.fault {
            let status = attempt.outcome.status_code;
            tracing::info!(webhook = %self.webhook, delivery = %leased.id, ?fault, status, "a webhook message did not arrive");
        }
        let chance = getrandom::u32().unwrap_or_default();
        let settle = |db: &mut _| delivering::settle(db, leased, &attempt, Instant::now(), chance);
        pool.write_blocking(settle)?;
        Ok(true)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut busy = self.sender.busy.lock();
        if let Some(own) = busy.get_mut(&self.webhook) {
            *own -= 1;
            if *own == 0 {
                busy.remove(&self.webhook);
            }
        }
    }
}
