//! How long a connection has been waiting for the database, and who has stopped waiting for it.
//!
//! A server that is frozen still acknowledges what it receives, so that no time-out of TCP ends the call of a statement.
//! Only a look from another thread notices it.

use diesel::connection::{Instrumentation, InstrumentationEvent, get_default_instrumentation};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

/// The wait of one connection, if it is waiting.
pub struct Watch {
    made: Instant,
    /// Milliseconds from `made` to the beginning of the wait, plus one; 0 between waits.
    since_ms: AtomicU64,
    /// How long a wait may take.
    limit_ms: AtomicU64,
}

impl Watch {
    fn new(limit: Duration) -> Watch {
        Watch {
            made: Instant::now(),
            since_ms: AtomicU64::new(0),
            limit_ms: AtomicU64::new(millis(limit)),
        }
    }

    /// Begins a wait.
    pub fn begin(&self) {
        let since = millis(self.made.elapsed()) + 1;
        self.since_ms.store(since, Ordering::Relaxed);
    }

    pub fn end(&self) {
        self.since_ms.store(0, Ordering::Relaxed);
    }

    pub fn set_limit(&self, limit: Duration) {
        self.limit_ms.store(millis(limit), Ordering::Relaxed);
    }

    /// Returns how long the current wait has taken, zero between waits.
    fn waited(&self) -> Duration {
        match self.since_ms.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            since => self
                .made
                .elapsed()
                .saturating_sub(Duration::from_millis(since - 1)),
        }
    }

    fn is_overdue(&self, grace: Duration) -> bool {
        let limit = Duration::from_millis(self.limit_ms.load(Ordering::Relaxed));
        self.waited() > limit + grace
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Tells a [`Watch`] when statements begin and end.
pub struct StatementTimes {
    watch: Arc<Watch>,
    /// What diesel would use otherwise.
    further: Option<Box<dyn Instrumentation>>,
}

impl StatementTimes {
    pub fn new(watch: Arc<Watch>) -> StatementTimes {
        let further = get_default_instrumentation();
        StatementTimes { watch, further }
    }
}

impl Instrumentation for StatementTimes {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { .. } => self.watch.begin(),
            InstrumentationEvent::FinishQuery { .. } => self.watch.end(),
            _ => {}
        }
        if let Some(further) = &mut self.further {
            further.on_connection_event(event);
        }
    }
}

/// The watches of all connections that were opened together.
#[derive(Default)]
pub struct Watches {
    all: Mutex<Vec<Weak<Watch>>>,
    is_abandoned: AtomicBool,
}

impl Watches {
    pub fn add(&self, limit: Duration) -> Arc<Watch> {
        let watch = Arc::new(Watch::new(limit));
        let mut all = self.all.lock();
        all.retain(|watch| watch.strong_count() > 0);
        all.push(Arc::downgrade(&watch));
        watch
    }

    /// Whether a connection waits longer than it may.
    pub fn is_overdue(&self, grace: Duration) -> bool {
        let all = self.all.lock();
        all.iter()
            .filter_map(Weak::upgrade)
            .any(|watch| watch.is_overdue(grace))
    }

    /// Lets no transaction of these connections commit any more.
    pub fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Relaxed);
    }

    pub fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed)
    }
}

/// A transaction that someone waits for.
pub struct Call {
    pub made: Instant,
    /// How long each wait for the database may take.
    pub limit: Duration,
    state: AtomicU8,
    /// Set when the transaction has begun.
    connection: OnceLock<Arc<Watch>>,
}

const OPEN: u8 = 0;
const COMMITTING: u8 = 1;
const GIVEN_UP: u8 = 2;

impl Call {
    pub fn new(limit: Duration) -> Call {
        Call {
            made: Instant::now(),
            limit,
            state: AtomicU8::new(OPEN),
            connection: OnceLock::new(),
        }
    }

    /// Returns how much is left of the time to begin.
    pub fn left_to_begin(&self) -> Duration {
        self.limit.saturating_sub(self.made.elapsed())
    }

    pub fn begun(&self, connection: &Arc<Watch>) {
        // It begins only once.
        let _ = self.connection.set(Arc::clone(connection));
    }

    /// Returns how long the call has been waiting for the database without a break.
    pub fn waited(&self) -> Duration {
        let waited = self.connection.get().map(|watch| watch.waited());
        waited.unwrap_or_else(|| self.made.elapsed())
    }

    /// Begins the commit, unless the caller has given up.
    pub fn begin_commit(&self) -> bool {
        self.state
            .compare_exchange(OPEN, COMMITTING, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Gives up waiting, so that the transaction can't commit. Returns false if it may be committing already.
    pub fn give_up(&self) -> bool {
        self.state
            .compare_exchange(OPEN, GIVEN_UP, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    pub fn is_given_up(&self) -> bool {
        self.state.load(Ordering::Acquire) == GIVEN_UP
    }
}
