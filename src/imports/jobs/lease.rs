//! The lease on a running import. Every write of the run goes through it, so that a server that lost the
//! lease writes nothing more.
//!
//! Steps renew the lease. While a run takes long without one, because it reads a big file or writes everything
//! at once, [`Lease::keep`] renews it. It also finds out whether the import was cancelled; long work asks
//! [`Lease::check`] between its parts.

use super::Import;
use super::store::{self, LeaseState};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Pool};
use crate::error::{Error, Result, Text};
use crate::imports::kinds::record::EraseWorkers;
use crate::workbooks::Workbooks;
use parking_lot::Mutex;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How long a lease is renewed without a step. Work that takes longer is stuck.
const LONGEST_WORK: Duration = Duration::from_secs(3600);

/// How often a run whose turn is over asks if somebody else's import waits.
const BETWEEN_QUESTIONS: Duration = Duration::from_secs(1);

/// How a run ended.
#[derive(Debug)]
pub enum JobEnd {
    /// The import has its final status; saving it is left to the runner.
    Finished,
    /// The import has its final status, saved by the transaction that wrote the records.
    Saved,
    /// Someone cancelled the import.
    Cancelled,
    /// This server is stopping, or somebody else's turn has come; the import is continued later.
    GivenBack,
    /// The lease expired, and another server continues.
    LeaseLost,
    Failed(Error),
}

impl From<Error> for JobEnd {
    fn from(error: Error) -> JobEnd {
        JobEnd::Failed(error)
    }
}

impl From<tables::Error> for JobEnd {
    fn from(error: tables::Error) -> JobEnd {
        JobEnd::Failed(error.into())
    }
}

/// The right to run an import, and what it runs with.
pub struct Lease<'r> {
    pub id: Id,
    /// How long others wait after the last renewal before they take over.
    pub duration: Duration,
    pub pool: &'r Pool,
    pub catalogues: &'r Catalogues,
    pub workbooks: &'r Workbooks,
    /// Set when this server is about to stop.
    pub stopping: &'r AtomicBool,
    /// Erases a worker whose import is undone.
    pub erase: EraseWorkers,
    /// Called after every step.
    pub observer: &'r (dyn Fn(&Import) + Sync),
    /// As the last renewal found it.
    pub state: Mutex<LeaseState>,
    /// Set by every step.
    pub has_stepped: AtomicBool,
    /// How long an import runs at least while those of others wait.
    pub turn: Duration,
    pub began: Instant,
    /// When it got further: until then, a run that goes on reads again what it did before.
    pub got_on: OnceLock<Instant>,
    /// When it last asked if somebody else's waits.
    pub asked: Mutex<Option<Instant>>,
}

impl Lease<'_> {
    /// Returns why the run has to end, if it has to.
    pub fn end(&self) -> Option<JobEnd> {
        match *self.state.lock() {
            LeaseState::Lost => Some(JobEnd::LeaseLost),
            LeaseState::Cancelling => Some(JobEnd::Cancelled),
            LeaseState::Held => self.stopping.load(Ordering::Relaxed).then_some(JobEnd::GivenBack),
        }
    }

    /// Fails if the run has to end. The error only carries the end to the runner, which asks for the reason.
    pub fn check(&self) -> Result<()> {
        match self.end() {
            None => Ok(()),
            Some(_) => Err(Error::Conflict {
                code: "interrupted",
                detail: Text::new("取り込みを中断しました。", "The import was interrupted."),
            }),
        }
    }

    /// Renews the lease while `work` runs.
    pub fn keep<T>(&self, job: Id, work: impl FnOnce() -> T) -> T {
        let interval = (self.duration / 4).max(Duration::from_millis(10));
        std::thread::scope(|scope| {
            // Dropping the sender ends the thread, even if the work panics.
            let (_working, over) = mpsc::channel::<()>();
            scope.spawn(move || {
                let mut idle = Duration::ZERO;
                while idle < LONGEST_WORK && over.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                    idle = match self.has_stepped.swap(false, Ordering::Relaxed) {
                        true => Duration::ZERO,
                        false => idle + interval,
                    };
                    let renewed = self
                        .pool
                        .write_blocking(|db| store::renew(db, job, self.id, self.duration));
                    // A fault of the database leaves it open; the next step meets the fault as well.
                    if let Ok(state) = renewed {
                        *self.state.lock() = state;
                    }
                }
            });
            work()
        })
    }

    /// Runs `work` in one transaction and rolls it back if the lease is lost by the end.
    pub fn write<T>(
        &self,
        work: impl FnOnce(&mut Db) -> Result<(T, LeaseState)>,
    ) -> Result<(T, LeaseState), JobEnd> {
        let mut is_lost = false;
        let written = self.pool.write_blocking(|db| {
            let (value, state) = work(db)?;
            is_lost = state == LeaseState::Lost;
            if is_lost {
                // Any error rolls back; this one stays inside.
                return Err(Error::Internal("the lease is lost".to_owned()));
            }
            Ok((value, state))
        });
        if is_lost {
            return Err(JobEnd::LeaseLost);
        }
        Ok(written?)
    }

    /// Runs one step: `work`, the import's progress and the lease's renewal in one transaction. Fails with
    /// the reason if the run has to end after it.
    pub fn step<T>(
        &self,
        job: &mut Import,
        work: impl FnOnce(&mut Db, &mut Import) -> Result<T>,
    ) -> Result<T, JobEnd> {
        let mut next = job.clone();
        let (value, state) = self.write(|db| {
            let value = work(db, &mut next)?;
            next.attempts.reset();
            Ok((value, store::save(db, &next, self.id, self.duration)?))
        })?;
        *job = next;
        self.has_stepped.store(true, Ordering::Relaxed);
        (self.observer)(job);
        if state == LeaseState::Cancelling {
            return Err(JobEnd::Cancelled);
        }
        if self.stopping.load(Ordering::Relaxed) {
            return Err(JobEnd::GivenBack);
        }
        Ok(value)
    }

    /// Gives the import back if it has had its turn and somebody else's waits. Ask for that only after steps that a later run doesn't
    /// do again. One that goes on (`goes_on`) gets further for as long as it took to come to its next step.
    pub fn give_way(&self, job: &Import, goes_on: bool) -> Result<(), JobEnd> {
        let got_on = *self
            .got_on
            .get_or_init(|| if goes_on { Instant::now() } else { self.began });
        if got_on.elapsed() < self.turn.max(got_on.duration_since(self.began)) {
            return Ok(());
        }
        // A step may be a single row.
        let mut asked = self.asked.lock();
        if asked.is_some_and(|last| last.elapsed() < BETWEEN_QUESTIONS.min(self.turn)) {
            return Ok(());
        }
        *asked = Some(Instant::now());
        drop(asked);
        match self
            .pool
            .read_blocking(|db| store::do_others_wait(db, &job.created_by))?
        {
            true => Err(JobEnd::GivenBack),
            false => Ok(()),
        }
    }
}
