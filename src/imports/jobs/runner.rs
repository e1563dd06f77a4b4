//! Runs the imports that wait, one at a time. Senders take turns: the next import is of the sender who has waited longest since their last
//! one ran, and a long one gives way after a while if somebody else's waits.
//!
//! A fault that may pass, such as a lost connection or a full disk, interrupts an import: it gives the lease
//! back and goes on after a pause from its last step. The pauses grow as long as it gets no further. A server
//! that dies leaves its lease; if three die in a row without getting further, the import fails.

use super::lease::{JobEnd, Lease};
use super::store::{self, LeaseState};
use super::{Import, ImportFailure, ImportMode, ImportStatus, archive, run, undo};
use crate::catalogue::Catalogues;
use crate::db::{Id, Pool};
use crate::error::{Error, Result};
use crate::imports::ImportKind;
use crate::imports::kinds::record::EraseWorkers;
use crate::workbooks::Workbooks;
use parking_lot::Mutex;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long an import waits for its server before another one takes over.
pub const LEASE: Duration = Duration::from_secs(10);
/// How long an import runs at least while those of others wait.
pub const TURN: Duration = Duration::from_secs(5);
/// The longest pause after a fault.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How many faults in a row an import survives without getting further: more than two hours of them.
pub const MOST_FAULTS: u32 = 35;

/// A lease that a server could not give back, and why its run ended: what the database has no room for, the next run tells.
pub type Untold = Mutex<Option<(Id, ImportFailure)>>;

pub struct Runner<'r> {
    pub pool: &'r Pool,
    pub catalogues: &'r Catalogues,
    pub workbooks: &'r Workbooks,
    /// Set to leave the running import to another server after its current step.
    pub stopping: &'r AtomicBool,
    pub lease: Duration,
    pub turn: Duration,
    pub untold: &'r Untold,
    /// Erases a worker whose import is undone.
    pub erase: EraseWorkers,
    /// Called after every step.
    pub observer: &'r (dyn Fn(&Import) + Sync),
}

impl Runner<'_> {
    /// Runs the import whose turn it is, or the one with this id. Returns `None` if there is none to run, or if
    /// it continues later or on another server.
    pub fn run_next(&self, id: Option<Id>) -> Result<Option<Import>> {
        let lease = Lease {
            id: Id::new(),
            duration: self.lease,
            pool: self.pool,
            catalogues: self.catalogues,
            workbooks: self.workbooks,
            stopping: self.stopping,
            erase: self.erase,
            observer: self.observer,
            state: Mutex::new(LeaseState::Held),
            has_stepped: AtomicBool::new(false),
            turn: self.turn,
            began: Instant::now(),
            got_on: OnceLock::new(),
            asked: Mutex::default(),
        };
        let untold = self.untold.lock().clone();
        let claimed = self
            .pool
            .write_blocking(|db| store::claim(db, lease.id, lease.duration, id, untold.as_ref()))?;
        let Some(mut job) = claimed else {
            return Ok(None);
        };
        // The servers that ran it before died.
        if job.status.is_final() {
            (self.observer)(&job);
            return Ok(Some(job));
        }
        let ended = match job.cancelling {
            true => Err(JobEnd::Cancelled),
            false => lease.keep(job.id, || match (job.status, job.options.kind) {
                (ImportStatus::Undoing, _) => undo::run(&lease, &mut job),
                (_, ImportKind::Engagements) => archive::run(&lease, &mut job),
                _ => run::run(&lease, &mut job),
            }),
        };
        match ended.unwrap_or_else(|early| early) {
            JobEnd::Failed(error) => self.end(&lease, job, lease.end().unwrap_or(JobEnd::Failed(error))),
            other => self.end(&lease, job, other),
        }
    }

    /// Saves how a run ended.
    fn end(&self, lease: &Lease, mut job: Import, end: JobEnd) -> Result<Option<Import>> {
        let was_undone = job.status == ImportStatus::Undoing;
        match end {
            JobEnd::Saved => return Ok(Some(job)),
            JobEnd::LeaseLost => return Ok(None),
            JobEnd::GivenBack => {
                self.pool
                    .write_blocking(|db| store::release(db, job.id, lease.id, None))?;
                return Ok(None);
            }
            JobEnd::Failed(error) if may_pass(&error) && job.attempts.faults < MOST_FAULTS => {
                return self.pause(lease, &job, &error);
            }
            JobEnd::Finished => {}
            JobEnd::Cancelled => job.status = ImportStatus::Cancelled,
            JobEnd::Failed(error) => {
                if let Some(reason) = error.internal_reason() {
                    tracing::error!(import = %job.id, reason, "an import failed");
                }
                (job.status, job.error) = (ImportStatus::Failed, Some(ImportFailure::of(&error)));
            }
        }
        // `all_or_nothing` counts what it checked, and has written nothing unless it succeeded.
        if job.options.mode == ImportMode::AllOrNothing
            && job.status != ImportStatus::Succeeded
            && !was_undone
        {
            (job.progress.created, job.progress.updated) = (0, 0);
        }
        let finished = self.pool.write_blocking(|db| store::finish(db, &job, lease.id));
        match finished {
            Ok(LeaseState::Lost) => Ok(None),
            Ok(_) => {
                (self.observer)(&job);
                Ok(Some(job))
            }
            Err(error) if may_pass(&error) => self.pause(lease, &job, &error),
            Err(error) => Err(error),
        }
    }

    /// Gives the lease back, to go on after a pause.
    fn pause(&self, lease: &Lease, job: &Import, error: &Error) -> Result<Option<Import>> {
        const TRIES: [Duration; 3] = [
            Duration::from_millis(200),
            Duration::from_secs(1),
            Duration::from_secs(5),
        ];
        let reason = error.internal_reason().unwrap_or_default();
        tracing::warn!(import = %job.id, code = error.code(), reason, "a fault interrupted an import");
        let pause = Duration::from_secs(1 << job.attempts.faults.min(9)).min(LONGEST_PAUSE);
        let interruption = || Some((ImportFailure::of(error), pause));
        let mut paused = Ok(());
        // The fault may still be there. If it stays, the lease expires, and the next run of the import on this server says why.
        *self.untold.lock() = Some((lease.id, ImportFailure::of(error)));
        for wait in TRIES {
            paused = self
                .pool
                .write_blocking(|db| store::release(db, job.id, lease.id, interruption()));
            if paused.is_ok() || self.stopping.load(Ordering::Relaxed) {
                break;
            }
            std::thread::park_timeout(wait);
        }
        paused.map(|()| None)
    }
}

/// Returns whether the same step may succeed later: the database was at fault, or someone else changed a record
/// in the same moment.
fn may_pass(error: &Error) -> bool {
    error.is_transient() || matches!(error, Error::PreconditionFailed { .. })
}
