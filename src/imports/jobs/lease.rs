//! The lease on a running import. Every write of the run goes through it, so that a server that lost the
//! lease writes nothing more.

use super::Import;
use super::store::{self, LeaseState};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::{Error, Result};
use crate::imports::kinds::record::EraseWorker;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How a run ended.
#[derive(Debug)]
pub enum JobEnd {
    /// The import has its final status; saving it is left to the runner.
    Finished,
    /// The import has its final status, saved by the transaction that wrote the records.
    Saved,
    /// Someone cancelled the import.
    Cancelled,
    /// This server is stopping; another one continues.
    ServerStopping,
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
    /// Set when this server is about to stop.
    pub stopping: &'r AtomicBool,
    /// Erases a worker whose import is undone.
    pub erase: EraseWorker,
    /// Called after every step.
    pub observer: &'r (dyn Fn(&Import) + Sync),
}

impl Lease<'_> {
    /// Returns when the lease expires if it is renewed now.
    pub fn expiry(&self) -> Instant {
        Instant::from(chrono::Utc::now() + chrono::Duration::from_std(self.duration).unwrap_or_default())
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
            Ok((value, store::save(db, &next, self.id, self.expiry())?))
        })?;
        *job = next;
        (self.observer)(job);
        if state == LeaseState::Cancelling {
            return Err(JobEnd::Cancelled);
        }
        if self.stopping.load(Ordering::Relaxed) {
            return Err(JobEnd::ServerStopping);
        }
        Ok(value)
    }
}
