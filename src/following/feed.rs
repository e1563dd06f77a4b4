//! The newest changes in memory, for all who follow on this server.

use super::{Position, Seen, Sight};
use crate::changes::{self, LoggedChange};
use crate::db::Pool;
use crate::error::Result;
use parking_lot::RwLock;
use std::collections::VecDeque;
use tokio::sync::watch;

/// How many changes are kept in memory. Who is farther behind reads the log.
const KEPT: usize = 4096;
/// How many changes are read with one statement.
pub const STEP: i64 = 1000;

/// How far the log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub seq: i64,
    /// Whether the server is about to stop.
    pub is_stopping: bool,
}

pub struct Feed {
    /// The number of the log.
    log: i64,
    head: watch::Sender<Head>,
    newest: RwLock<Newest>,
}

struct Newest {
    /// The change before the first of these.
    from: i64,
    changes: VecDeque<LoggedChange>,
}

impl Feed {
    pub fn open(pool: &Pool) -> Result<Feed> {
        let (log, seq) = pool.write_blocking(|db| {
            let log = changes::store::log_number(db)?;
            Ok((log, changes::store::latest(db)?))
        })?;
        let is_stopping = false;
        Ok(Feed {
            log,
            head: watch::Sender::new(Head { seq, is_stopping }),
            newest: RwLock::new(Newest {
                from: seq,
                changes: VecDeque::new(),
            }),
        })
    }

    /// Returns the newest change that this server knows of. The database may have newer ones, and has all older ones.
    pub fn head(&self) -> i64 {
        self.head.borrow().seq
    }

    /// Changes when there are new changes, and when the server is about to stop.
    pub fn watch(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    /// Returns a position of a follower.
    pub fn position(&self, sight: &Sight, seq: i64) -> Position {
        let mark = sight.mark(self.log);
        Position { seq, mark }
    }

    /// Returns what a follower sees after a change, or none if that is no longer in memory.
    pub fn look(&self, sight: &Sight, after: i64, limit: usize) -> Option<Seen> {
        let newest = self.newest.read();
        if after < newest.from {
            return None;
        }
        let first = newest.changes.partition_point(|change| change.seq <= after);
        let mut seen = Seen {
            position: after,
            ..Seen::default()
        };
        seen.is_last = sight.look(newest.changes.range(first..), limit, &mut seen);
        Some(seen)
    }

    /// Reads what is new, and tells all who wait for it.
    pub fn advance(&self, pool: &Pool) -> Result<()> {
        loop {
            let head = self.head();
            let new = pool.lookup_blocking(|db| changes::store::read(db, head, STEP))?;
            let Some(last) = new.last() else { return Ok(()) };
            let (seq, is_last) = (last.seq, (new.len() as i64) < STEP);
            let mut newest = self.newest.write();
            newest.changes.extend(new);
            let surplus = newest.changes.len().saturating_sub(KEPT);
            let dropped = newest.changes.drain(..surplus).next_back();
            if let Some(dropped) = dropped {
                newest.from = dropped.seq;
            }
            drop(newest);
            self.head.send_modify(|head| head.seq = seq);
            if is_last {
                return Ok(());
            }
        }
    }

    /// Ends all waits: the server is about to stop.
    pub fn stop(&self) {
        self.head.send_modify(|head| head.is_stopping = true);
    }
}
