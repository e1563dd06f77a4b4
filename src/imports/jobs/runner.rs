//! Runs the imports that wait, one at a time.

use super::lease::{JobEnd, Lease};
use super::store::{self, LeaseState};
use super::{Import, ImportFailure, ImportStatus, archive, run, undo};
use crate::catalogue::Catalogues;
use crate::db::{Id, Pool};
use crate::error::{Error, Result};
use crate::imports::ImportKind;
use crate::imports::kinds::record::EraseWorker;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// How long an import waits for its server before another one takes over.
pub const LEASE: Duration = Duration::from_secs(10);

pub struct Runner<'r> {
    pub pool: &'r Pool,
    pub catalogues: &'r Catalogues,
    /// Set to leave the running import to another server after its current step.
    pub stopping: &'r AtomicBool,
    pub lease: Duration,
    /// Erases a worker whose import is undone.
    pub erase: EraseWorker,
    /// Called after every step.
    pub observer: &'r (dyn Fn(&Import) + Sync),
}

impl Runner<'_> {
    /// Runs the oldest waiting import, or the one with this id. Returns `None` if there is none to run, or if
    /// another server continues it.
    pub fn run_next(&self, id: Option<Id>) -> Result<Option<Import>> {
        let lease = Lease {
            id: Id::new(),
            duration: self.lease,
            pool: self.pool,
            catalogues: self.catalogues,
            stopping: self.stopping,
            erase: self.erase,
            observer: self.observer,
        };
        let claimed = self
            .pool
            .write_blocking(|db| store::claim(db, lease.id, lease.expiry(), id))?;
        let Some(mut job) = claimed else {
            return Ok(None);
        };
        let ended = match (job.status, job.options.kind) {
            (ImportStatus::Undoing, _) => undo::run(&lease, &mut job),
            (_, ImportKind::Engagements) => archive::run(&lease, &mut job),
            _ => run::run(&lease, &mut job),
        };
        match ended.unwrap_or_else(|early| early) {
            JobEnd::Saved => return Ok(Some(job)),
            JobEnd::LeaseLost => return Ok(None),
            JobEnd::ServerStopping => {
                self.pool
                    .write_blocking(|db| store::release(db, job.id, lease.id))?;
                return Ok(None);
            }
            JobEnd::Finished => {}
            JobEnd::Cancelled => job.status = ImportStatus::Cancelled,
            JobEnd::Failed(error) => {
                if let Error::Internal(reason) = &error {
                    tracing::error!(import = %job.id, reason, "an import failed");
                }
                (job.status, job.error) = (ImportStatus::Failed, Some(ImportFailure::of(&error)));
            }
        }
        let state = self.pool.write_blocking(|db| store::finish(db, &job, lease.id))?;
        if state == LeaseState::Lost {
            return Ok(None);
        }
        (self.observer)(&job);
        Ok(Some(job))
    }
}
