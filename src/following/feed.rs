//! The newest changes in memory, for all who follow on this server.

use super::{Position, Seen, Sight};
use crate::auth::{Principal, Reach, ReadChanges, Scope, UserRole};
use crate::changes::{self, LoggedChange};
use crate::db::Pool;
use crate::error::Result;
use parking_lot::{Mutex, RwLock};
use quick_cache::sync::Cache;
use std::collections::{HashMap, VecDeque};
use tokio::sync::watch;

/// How many changes are kept in memory. Who is farther behind reads the log.
const KEPT: usize = 4096;
/// How many callers' last writes are kept apart.
const WRITERS: usize = 10_000;
/// How many callers' marks are remembered.
const MARKS: usize = 4096;
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
    written: Mutex<Written>,
    /// The marks of those who asked lately, since every answer to a reader has a position. None: they may not follow.
    marks: Cache<Asker, Option<u32>>,
}

/// What decides which sight a caller has.
#[derive(PartialEq, Eq, Hash)]
struct Asker {
    role: UserRole,
    scope_limit: Option<String>,
    reach: Reach,
}

/// The same, borrowed. Its hash is the same, too.
#[derive(Hash)]
struct AskerOf<'a> {
    role: UserRole,
    scope_limit: Option<&'a str>,
    reach: &'a Reach,
}

impl quick_cache::Equivalent<Asker> for AskerOf<'_> {
    fn equivalent(&self, key: &Asker) -> bool {
        self.role == key.role && self.scope_limit == key.scope_limit.as_deref() && *self.reach == key.reach
    }
}

/// What callers wrote on this server, as far as it isn't behind the head.
#[derive(Default)]
struct Written {
    /// The last change of each caller, or a later one.
    by_caller: HashMap<String, i64>,
    /// Stands for those who are no longer kept apart.
    by_others: i64,
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
            written: Mutex::default(),
            marks: Cache::new(MARKS),
        })
    }

    /// Returns the newest change that this server knows of. The database may have newer ones, and has all older ones.
    pub fn head(&self) -> i64 {
        self.head.borrow().seq
    }

    /// Remembers what a caller wrote, until the head is there.
    pub fn note_write(&self, caller: String, seq: i64) {
        let head = self.head();
        let mut written = self.written.lock();
        if written.by_caller.len() >= WRITERS {
            written.by_caller.retain(|_, seq| *seq > head);
        }
        if written.by_caller.len() >= WRITERS {
            let newest = written.by_caller.drain().map(|(_, seq)| seq).max();
            written.by_others = newest.unwrap_or(0).max(written.by_others);
        }
        written.by_caller.insert(caller, seq);
    }

    /// Returns the change from which on a caller sees what they wrote on this server.
    pub fn written(&self, caller: &str) -> i64 {
        let written = self.written.lock();
        let own = written.by_caller.get(caller).copied().unwrap_or(0);
        own.max(written.by_others)
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

    /// Returns the position of a caller, if they may follow.
    pub fn position_of(&self, caller: &Principal, seq: i64) -> Option<Position> {
        let Principal {
            role,
            scope_limit,
            reach,
            ..
        } = caller;
        let asker = AskerOf {
            role: *role,
            scope_limit: scope_limit.as_deref(),
            reach,
        };
        let known = self.marks.get(&asker);
        let mark = known.unwrap_or_else(|| {
            let may_follow = caller.extent(ReadChanges::NAME).is_some();
            let mark = may_follow.then(|| Sight::of(caller).mark(self.log));
            let asker = Asker {
                role: *role,
                scope_limit: scope_limit.clone(),
                reach: reach.clone(),
            };
            self.marks.insert(asker, mark);
            mark
        });
        mark.map(|mark| Position { seq, mark })
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
