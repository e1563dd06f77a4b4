//! The connections, and the transactions that run on them.
//!
//! No wait for the database is longer than its limit: PostgreSQL cancels a statement that takes too long, and a request
//! stops waiting on its own clock. A database that doesn't even cancel is frozen or gone. Then the pool abandons its
//! connections and opens new ones, which may lead to another host. The threads that wait on the abandoned connections
//! can't be ended; they may not commit any more, and there are few of them ([`MOST_ABANDONED`]).

use super::connection::{Opener, is_postgres};
use super::places::Places;
use super::standby::{self, Standby};
use super::turns::{Turn, Turns};
use super::watch::{Call, Watches};
use super::{Db, errors, on, order};
use crate::config::DatabaseConfig;
use crate::error::{Error, Fault, Result};
use crate::metrics::{self, Figure, HistogramVec};
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::r2d2;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinError;

/// How much later than the database we notice that a time is up.
const GRACE: Duration = Duration::from_millis(500);
/// After this time without use, a connection is tried before a query without a transaction. Beginning one is such a try.
const RESTED: Duration = Duration::from_secs(1);
/// How often the waiting connections are looked at.
const LOOK: Duration = Duration::from_millis(250);
/// How long work may go on after the connections were abandoned. What doesn't end by then probably waits for them.
const LEFT_BEHIND: Duration = Duration::from_secs(2);
/// How often connections may be abandoned while the former ones still wait.
const MOST_ABANDONED: usize = 4;

/// How long emptying SQLite's log may wait for others, and let them wait.
const BRIEF: Duration = Duration::from_millis(100);

/// How many connections requests leave to background tasks.
const FOR_TASKS: usize = 1;
/// How many writes of requests stand in line on SQLite: the next one is there when a turn ends.
const WRITERS_IN_LINE: usize = 2;

type Connections = r2d2::Pool<Opener>;

/// The connections to the database. Cheap to clone.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    url: String,
    config: DatabaseConfig,
    current: Mutex<Arc<Generation>>,
    /// Those whose threads still wait.
    abandoned: Mutex<Vec<Arc<Watches>>>,
    /// Counts the generations.
    renewals: watch::Sender<u64>,
    /// SQLite only.
    turns: Option<Turns>,
    waits: HistogramVec,
    /// How many transactions wait to begin.
    waiting: AtomicUsize,
    /// How many writes have found no room since there was some.
    without_room: AtomicUsize,
    standby: Option<(Pool, Standby)>,
}

/// A transaction that has begun.
struct Begun<'s> {
    open: r2d2::PooledConnection<Opener>,
    generation: Arc<Generation>,
    _turn: Option<Turn<'s>>,
}

/// A transaction that waits to begin.
struct Wait<'s> {
    shared: &'s Shared,
    access: Access,
    since: Instant,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
        let times = self.shared.waits.with_label_values(&[self.access.code()]);
        times.observe(self.since.elapsed().as_secs_f64());
    }
}

/// Connections that were opened together.
struct Generation {
    readers: Connections,
    /// The same as `readers` on PostgreSQL, one connection on SQLite, which has one writer at a time.
    writers: Connections,
    /// How many requests may use `readers` at a time, and `writers`.
    places: [Places; 2],
    watches: Arc<Watches>,
}

#[derive(Clone, Copy, PartialEq)]
enum Access {
    /// One query, without a transaction.
    Lookup,
    Read,
    Write,
}

impl Access {
    fn code(self) -> &'static str {
        match self {
            Access::Lookup => "lookup",
            Access::Read => "read",
            Access::Write => "write",
        }
    }
}

impl Generation {
    fn new(url: &str, config: &DatabaseConfig) -> Generation {
        let watches = Arc::<Watches>::default();
        let build = |size: u32, writes: bool| {
            let opener = Opener {
                watches: Arc::clone(&watches),
                ..Opener::new(url, config, writes)
            };
            let builder = r2d2::Pool::builder().max_size(size).min_idle(Some(1));
            builder
                // Each wait has its own limit. This bounds, by half, how long a failed connection waits until the next try.
                .connection_timeout(Duration::from_secs(1))
                .test_on_check_out(false)
                .build_unchecked(opener)
        };
        let readers = build(config.database_connections, false);
        let of_requests = (config.database_connections as usize)
            .saturating_sub(FOR_TASKS)
            .max(1);
        let (writers, places) = if is_postgres(url) {
            let shared = Places::new(of_requests);
            (readers.clone(), [shared.clone(), shared])
        } else {
            let reading = Places::new(of_requests.min(most_at_a_time()));
            (build(1, true), [reading, Places::new(WRITERS_IN_LINE)])
        };
        Generation {
            readers,
            writers,
            places,
            watches,
        }
    }

    fn places(&self, access: Access) -> &Places {
        let [reading, writing] = &self.places;
        match access {
            Access::Lookup | Access::Read => reading,
            Access::Write => writing,
        }
    }

    /// Begins a transaction on a connection that works. Those that were lost while they were idle are dropped.
    fn begin(
        &self,
        access: Access,
        call: &Call,
        config: &DatabaseConfig,
    ) -> Result<r2d2::PooledConnection<Opener>> {
        let connections = match access {
            Access::Lookup | Access::Read => &self.readers,
            Access::Write => &self.writers,
        };
        loop {
            let mut open = connections
                .get_timeout(call.left_to_begin())
                .map_err(|e| errors::no_connection(&e))?;
            open.watch.set_limit(call.limit);
            let rested = open.used_at.elapsed() > RESTED;
            let begun = match &mut open.db {
                Db::Pg(c) if access == Access::Lookup && rested => c.batch_execute("SELECT 1"),
                _ if access == Access::Lookup => Ok(()),
                Db::Pg(c) => {
                    AnsiTransactionManager::begin_transaction_sql(c, &begin_postgres(access, call, config))
                }
                Db::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, begin_sqlite(access)),
            };
            match begun.map_err(Error::from) {
                Ok(()) => {
                    call.begun(&open.watch);
                    return Ok(open);
                }
                Err(error) => {
                    open.is_broken = true;
                    let is_lost = matches!(
                        &error,
                        Error::Fault {
                            fault: Fault::Unreachable,
                            ..
                        }
                    );
                    if !is_lost || call.left_to_begin().is_zero() {
                        return Err(error);
                    }
                }
            }
        }
    }
}

/// The limits are set for this transaction alone, so that a pooler may give its connection to others afterwards. A server
/// that freezes in the middle of a request may not hold its locks for long; tasks may compute between two statements.
fn begin_postgres(access: Access, call: &Call, config: &DatabaseConfig) -> String {
    let begin = match access {
        Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        Access::Lookup | Access::Write => "BEGIN",
    };
    let idle = (2 * call.limit).min(config.task_timeout()).as_millis();
    let statement = call.limit.as_millis();
    format!(
        "{begin}; SET LOCAL statement_timeout = {statement}; SET LOCAL idle_in_transaction_session_timeout = {idle}"
    )
}

fn begin_sqlite(access: Access) -> &'static str {
    match access {
        Access::Lookup | Access::Read => "BEGIN",
        Access::Write => "BEGIN IMMEDIATE",
    }
}

/// Returns how many requests read SQLite at a time: that takes a core, and more would slow down each other.
fn most_at_a_time() -> usize {
    std::thread::available_parallelism().map_or(4, |cores| 2 * cores.get())
}

impl Pool {
    /// Opens `postgres://…` or the path of an SQLite file. Creates the file if it doesn't exist.
    pub fn open(url: &str, config: &DatabaseConfig) -> Result<Pool> {
        // Fails at once with the reason. The pool would retry until its timeout.
        Opener::new(url, config, false)
            .open()
            .map_err(|e| Error::fault(Fault::Unreachable, format!("cannot open the database: {e}")))?;
        Pool::unchecked(url, config)
    }

    /// Doesn't try whether the database answers.
    fn unchecked(url: &str, config: &DatabaseConfig) -> Result<Pool> {
        let shared = Arc::new(Shared {
            current: Mutex::new(Arc::new(Generation::new(url, config))),
            abandoned: Mutex::default(),
            renewals: watch::Sender::new(0),
            turns: (!is_postgres(url)).then(Turns::default),
            waits: metrics::times(
                "musubi_database_wait_seconds",
                "Time until a transaction had a connection and had begun; on SQLite, a writer's turn included.",
                &["access"],
            )?,
            waiting: AtomicUsize::new(0),
            without_room: AtomicUsize::new(0),
            standby: standby::configured(config)?
                .map(|(url, config)| Ok::<_, Error>((Pool::unchecked(&url, &config)?, Standby::new())))
                .transpose()?,
            url: url.to_owned(),
            config: config.clone(),
        });
        if is_postgres(url) {
            let weak = Arc::downgrade(&shared);
            let named = std::thread::Builder::new().name("database watch".to_owned());
            named
                .spawn(move || look_again_and_again(&weak))
                .map_err(|e| Error::Internal(format!("cannot start a thread: {e}")))?;
        }
        Ok(Pool(shared))
    }

    /// Returns which database it is.
    pub fn product(&self) -> &'static str {
        if self.0.turns.is_some() {
            "sqlite"
        } else {
            "postgresql"
        }
    }

    /// How long transactions waited to begin. A lookup that finds a free connection on SQLite doesn't wait and isn't counted.
    pub fn waits(&self) -> &HistogramVec {
        &self.0.waits
    }

    /// How the connections are used. On PostgreSQL, readers and writers share them.
    pub fn figures(&self) -> Vec<Figure> {
        let current = Arc::clone(&self.0.current.lock());
        let pools = match self.0.turns {
            None => vec![("shared", &current.readers)],
            Some(_) => vec![("readers", &current.readers), ("writers", &current.writers)],
        };
        let of_pool = |(name, pool): (&'static str, &Connections)| {
            let state = pool.state();
            let open = Figure::new(
                "musubi_database_connections",
                "Connections to the database that are open.",
                f64::from(state.connections),
            );
            let idle = Figure::new(
                "musubi_database_connections_idle",
                "Open connections that nobody uses.",
                f64::from(state.idle_connections),
            );
            let most = Figure::new(
                "musubi_database_connections_max",
                "Connections that may be open.",
                f64::from(pool.max_size()),
            );
            [open, idle, most].map(|figure| figure.with("pool", name))
        };
        let mut figures: Vec<Figure> = pools.into_iter().flat_map(of_pool).collect();
        let [reading, writing] = &current.places;
        let in_line = match self.0.turns {
            None => reading.waiting(),
            Some(_) => reading.waiting() + writing.waiting(),
        };
        let waiting = self.0.waiting.load(Ordering::Relaxed) + in_line;
        figures.extend([
            Figure::new(
                "musubi_database_waiting",
                "Transactions that wait to begin.",
                waiting as f64,
            ),
            Figure::new(
                "musubi_database_standby_reads_total",
                "Reads that the standby answered.",
                self.0
                    .standby
                    .as_ref()
                    .map_or(0.0, |(_, standby)| standby.reads.load(Ordering::Relaxed) as f64),
            ),
            Figure::new(
                "musubi_database_abandoned_total",
                "How often all connections were abandoned because the database did not answer.",
                *self.0.renewals.borrow() as f64,
            ),
        ]);
        figures
    }

    /// Whether requests may read from a standby.
    pub fn has_standby(&self) -> bool {
        self.0.standby.is_some()
    }

    /// Runs a request whose reads must see the change `seq`: on the standby if that has it, else on the primary.
    pub async fn reading<F: Future>(&self, seq: i64, request: F) -> F::Output {
        let standby = self.0.standby.as_ref();
        standby::reading(standby.is_some_and(|(_, standby)| standby.has(seq)), request).await
    }

    /// Looks how far the standby has come, if there is one.
    pub fn look_at_standby(&self, latest: impl FnOnce(&mut Db) -> Result<i64>) {
        let Some((pool, standby)) = &self.0.standby else {
            return;
        };
        let call = Call::new(self.0.config.request_timeout());
        match pool.0.transact(Access::Lookup, &call, latest) {
            Ok(seq) => standby.set_reached(seq),
            Err(error) => self.0.leave_standby(&error),
        }
    }

    /// Moves what SQLite's log has into the file, and empties the log: until then, what was deleted can still be read in it. Leaves
    /// that to the next time where others read or write for longer.
    pub fn empty_log(&self) -> Result<()> {
        let Some(turns) = &self.0.turns else { return Ok(()) };
        let usual_ms = self.0.config.request_timeout().as_millis();
        self.lookup_blocking(|db| {
            // Most of it while others write.
            db.batch_execute("PRAGMA wal_checkpoint(PASSIVE)")?;
            let Some(_turn) = turns.take(BRIEF) else {
                return Ok(());
            };
            db.batch_execute(&format!("PRAGMA busy_timeout = {}", BRIEF.as_millis()))?;
            let emptied = db.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)");
            db.batch_execute(&format!("PRAGMA busy_timeout = {usual_ms}"))?;
            Ok(emptied?)
        })
    }

    /// Changes when the connections were abandoned. What still waits on the former ones may wait for long.
    pub fn renewals(&self) -> watch::Receiver<u64> {
        self.0.renewals.subscribe()
    }

    /// Returns whether a write has found no room since there was some. It may have been too large for a disk on which others fit.
    pub fn may_lack_room(&self) -> bool {
        self.0.without_room.load(Ordering::Relaxed) > 0
    }

    /// Returns whether several writes have found no room since there was some.
    pub fn lacks_room(&self) -> bool {
        self.0.without_room.load(Ordering::Relaxed) > 1
    }

    /// Notes that there is room.
    pub fn found_room(&self) {
        self.0.without_room.store(0, Ordering::Relaxed);
    }

    /// Returns how long a request waits for the database at a time, at most.
    pub fn longest_wait(&self) -> Duration {
        self.0.config.request_timeout() + GRACE
    }

    /// Runs blocking work that uses this pool on another thread, and reads where its request reads. Leaves it behind if the connections are abandoned, on
    /// which it may wait for long.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let mut renewals = self.renewals();
        let from_standby = standby::is_read_from();
        let work = move || standby::reading_blocking(from_standby, work);
        let mut running = tokio::task::spawn_blocking(work);
        let joined = tokio::select! {
            joined = &mut running => joined,
            Ok(()) = renewals.changed() => match tokio::time::timeout(LEFT_BEHIND, running).await {
                Ok(joined) => joined,
                Err(_) => return Err(timed_out()),
            },
        };
        joined.unwrap_or_else(panicked)
    }

    /// Runs a transaction that sees one consistent state and can't write; for some requests on a standby ([`Pool::reading`]).
    pub async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Db) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.call(Access::Read, f).await
    }

    /// Finds a record, without the cost of a transaction: each query sees one consistent state by itself. On SQLite it
    /// runs on this thread if a connection is free: finding a record takes less time than changing threads.
    pub async fn lookup<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Db) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.0.turns.is_some() {
            let free = self.0.current.lock().readers.try_get();
            if let Some(mut open) = free {
                return f(&mut open.db);
            }
        }
        self.call(Access::Lookup, f).await
    }

    /// Runs a transaction that can write. It is rolled back if `f` fails.
    pub async fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Db) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.call(Access::Write, f).await
    }

    /// [`Pool::lookup`] for blocking code, which may take longer.
    pub fn lookup_blocking<T>(&self, f: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        self.0
            .transact(Access::Lookup, &Call::new(self.0.config.task_timeout()), f)
    }

    /// [`Pool::read`] for blocking code, which may take longer.
    pub fn read_blocking<T>(&self, f: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        let call = Call::new(self.0.config.task_timeout());
        match standby::is_read_from() {
            true => self.0.read_from_standby(&call, f),
            false => self.0.transact(Access::Read, &call, f),
        }
    }

    /// [`Pool::read_blocking`] for what reads long: a standby breaks that off if it has to go on with what the primary deleted.
    /// Then it is read again on the primary.
    pub fn read_long_blocking<T>(&self, f: impl Fn(&mut Db) -> Result<T>) -> Result<T> {
        match self.read_blocking(&f) {
            Err(Error::Fault { .. }) if standby::is_read_from() => {
                standby::reading_blocking(false, || self.read_blocking(f))
            }
            done => done,
        }
    }

    /// [`Pool::write`] for blocking code, which may take longer.
    pub fn write_blocking<T>(&self, f: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        self.0
            .transact(Access::Write, &Call::new(self.0.config.task_timeout()), f)
    }

    /// Runs a transaction on another thread, and gives up when it has waited too long for the database.
    async fn call<T: Send + 'static>(
        &self,
        access: Access,
        f: impl FnOnce(&mut Db) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let call = Arc::new(Call::new(self.0.config.request_timeout()));
        let longest = self.longest_wait();
        let (shared, called) = (Arc::clone(&self.0), Arc::clone(&call));
        let on_standby = access == Access::Read && standby::is_read_from();
        let used = self
            .0
            .standby
            .as_ref()
            .filter(|_| on_standby)
            .map_or(self, |(pool, _)| pool);
        let places = used.0.current.lock().places(access).clone();
        let Some(place) = places.take(call.left_to_begin()).await else {
            return Err(Error::fault(Fault::Busy, "timed out waiting for other requests"));
        };
        let mut running = tokio::task::spawn_blocking(move || {
            let _place = place;
            match on_standby {
                true => shared.read_from_standby(&called, f),
                false => shared.transact(access, &called, f),
            }
        });
        loop {
            let left = longest
                .saturating_sub(call.waited())
                .max(Duration::from_millis(1));
            match tokio::time::timeout(left, &mut running).await {
                Ok(joined) => return joined.unwrap_or_else(panicked),
                Err(_) if call.waited() < longest => {}
                Err(_) if call.give_up() || access != Access::Write => {
                    if on_standby {
                        self.0.leave_standby(&timed_out());
                    }
                    return Err(timed_out());
                }
                Err(_) => {
                    let reason = "the database did not answer to COMMIT";
                    return Err(Error::fault(Fault::OutcomeUnknown, reason));
                }
            }
        }
    }
}

fn panicked<T>(error: JoinError) -> Result<T> {
    // Some libraries panic where a file has no room.
    Err(Error::file("a database task failed", error))
}

fn timed_out() -> Error {
    Error::fault(Fault::TimedOut, "the database did not answer in time")
}

impl Shared {
    fn wait(&self, access: Access, since: Instant) -> Wait<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Wait {
            shared: self,
            access,
            since,
        }
    }

    fn transact<T>(&self, access: Access, call: &Call, f: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        self.run(self.begin(access, call)?, access, call, f)
    }

    /// Reads from the primary if the standby is gone.
    fn read_from_standby<T>(&self, call: &Call, f: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        let Some((Pool(shared), standby)) = &self.standby else {
            return self.transact(Access::Read, call, f);
        };
        let begun = match shared.begin(Access::Read, call) {
            Ok(begun) => begun,
            Err(error) => {
                self.leave_standby(&error);
                return self.transact(Access::Read, call, f);
            }
        };
        standby.reads.fetch_add(1, Ordering::Relaxed);
        let result = shared.run(begun, Access::Read, call, f);
        if let Err(error @ Error::Fault { .. }) = &result {
            self.leave_standby(error);
        }
        result
    }

    fn leave_standby(&self, error: &Error) {
        let Some((_, standby)) = &self.standby else { return };
        if standby.has(0) {
            tracing::warn!(%error, "the standby does not answer: the primary answers all reads");
        }
        standby.leave();
    }

    fn begin(&self, access: Access, call: &Call) -> Result<Begun<'_>> {
        let wait = self.wait(access, call.made);
        let turns = self.turns.as_ref().filter(|_| access == Access::Write);
        let turn = match turns.map(|turns| turns.take(call.left_to_begin())) {
            Some(None) => return Err(Error::fault(Fault::Busy, "timed out waiting for other writers")),
            taken => taken.flatten(),
        };
        // The caller may have stopped waiting before this thread began.
        if call.is_given_up() {
            return Err(timed_out());
        }
        let generation = Arc::clone(&self.current.lock());
        let open = generation.begin(access, call, &self.config)?;
        drop(wait);
        Ok(Begun {
            open,
            generation,
            _turn: turn,
        })
    }

    fn run<T>(
        &self,
        mut begun: Begun,
        access: Access,
        call: &Call,
        f: impl FnOnce(&mut Db) -> Result<T>,
    ) -> Result<T> {
        let generation = &begun.generation;
        let open = &mut *begun.open;
        order::begin();
        let done = f(&mut open.db).and_then(|value| match generation.watches.is_abandoned() {
            false if call.begin_commit() => Ok(value),
            _ => Err(timed_out()),
        });
        let result = done.and_then(|value| {
            if access == Access::Lookup {
                return Ok(value);
            }
            let committed = on!(&mut open.db, |c| AnsiTransactionManager::commit_transaction(c));
            match committed {
                Err(error) if access == Access::Write => Err(errors::of_commit(error)),
                // What was read doesn't change because the connection is lost afterwards.
                Ok(()) | Err(_) => Ok(value),
            }
        });
        open.watch.end();
        open.used_at = Instant::now();
        if let Err(error) = &result {
            open.is_broken |= leads_elsewhere(error);
            if access == Access::Write && is_full(error) {
                self.without_room.fetch_add(1, Ordering::Relaxed);
            }
            // After a failed commit there is nothing to roll back any more, and the pool drops a lost connection.
            let _ = on!(&mut open.db, |c| AnsiTransactionManager::rollback_transaction(c));
            open.watch.end();
        }
        result
    }

    /// Abandons the connections if one of them waits too long.
    fn look(&self) {
        let mut current = self.current.lock();
        if !current.watches.is_overdue(2 * GRACE) {
            return;
        }
        let mut abandoned = self.abandoned.lock();
        abandoned.retain(|watches| watches.is_overdue(Duration::ZERO));
        if abandoned.len() >= MOST_ABANDONED {
            return;
        }
        tracing::error!(
            "the database does not answer: its connections are abandoned, and new ones are opened"
        );
        current.watches.abandon();
        abandoned.push(Arc::clone(&current.watches));
        *current = Arc::new(Generation::new(&self.url, &self.config));
        self.renewals.send_modify(|number| *number += 1);
    }
}

/// Whether an error says that a disk is full. What one query may spill says nothing about that.
fn is_full(error: &Error) -> bool {
    match error {
        Error::Fault { fault, reason } => *fault == Fault::Full && !reason.contains("temp_file_limit"),
        Error::Extended { error, .. } => is_full(error),
        _ => false,
    }
}

/// Whether a new connection may lead to a database that works.
fn leads_elsewhere(error: &Error) -> bool {
    use Fault::{ForeignSchema, OutcomeUnknown, ReadOnly, Unreachable};
    let Error::Fault { fault, .. } = error else {
        return false;
    };
    matches!(fault, Unreachable | OutcomeUnknown | ReadOnly | ForeignSchema)
}

/// Runs on a separate thread.
#[allow(clippy::disallowed_methods)]
fn look_again_and_again(shared: &Weak<Shared>) {
    loop {
        std::thread::sleep(LOOK);
        match shared.upgrade() {
            Some(shared) => shared.look(),
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_for_want_of_room_says_so() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let code = |text: &'static str| {
            let work = runtime.spawn_blocking::<_, ()>(move || panic!("{text}"));
            panicked::<()>(runtime.block_on(work).unwrap_err())
                .unwrap_err()
                .code()
        };
        let full = "Couldn't write to xml file: Os { code: 28, kind: StorageFull, message: \"No space left on device\" }";
        assert_eq!(code(full), "storage_full");
        assert_eq!(code("index out of bounds"), "internal");
    }
}
