//! The standby that answers reads, as long as it has everything that a reader must see.
//!
//! PostgreSQL's replication is a little late. The one who follows the change log looks regularly how far the standby has
//! come, and says so with [`Pool::standby_reached`]. Before a request reads, [`reading`] decides from that where all its
//! reads go, so that they agree with each other.

use super::Pool;
use super::connection::is_postgres;
use crate::config::DatabaseConfig;
use crate::error::{Error, Result};
use std::future::Future;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Nothing may be read from it.
const NOWHERE: i64 = -1;

tokio::task_local! {
    static READS_FROM_STANDBY: bool;
}

pub struct Standby {
    pub pool: Pool,
    /// The newest change that it has.
    reached: AtomicI64,
    pub reads: AtomicU64,
}

impl Standby {
    /// Returns none if no standby is configured. It may be down for now.
    pub fn from_config(config: &DatabaseConfig) -> Result<Option<Standby>> {
        let Some(url) = &config.database_read_url else {
            return Ok(None);
        };
        if !is_postgres(url) {
            return Err(Error::Internal(
                "DATABASE_READ_URL must start with postgres://".into(),
            ));
        }
        let config = DatabaseConfig {
            database_read_url: None,
            ..config.clone()
        };
        Ok(Some(Standby {
            pool: Pool::unchecked(&any_host(url), &config)?,
            reached: AtomicI64::new(NOWHERE),
            reads: AtomicU64::new(0),
        }))
    }

    pub fn has(&self, seq: i64) -> bool {
        self.reached.load(Ordering::Acquire) >= seq
    }

    pub fn set_reached(&self, seq: i64) {
        self.reached.store(seq, Ordering::Release);
    }

    /// No request reads from it until it has been looked at again.
    pub fn leave(&self) {
        self.set_reached(NOWHERE);
    }
}

/// Of several hosts, the first that is a standby answers; else any.
fn any_host(url: &str) -> String {
    if !url.contains(',') || url.contains("target_session_attrs=") {
        return url.to_owned();
    }
    let sign = if url.contains('?') { '&' } else { '?' };
    format!("{url}{sign}target_session_attrs=prefer-standby")
}

/// Runs a request whose reads must see the change `seq`: on the standby if that has it, else on the primary.
pub async fn reading<F: Future>(pool: &Pool, seq: i64, request: F) -> F::Output {
    let may = pool.standby().is_some_and(|standby| standby.has(seq));
    READS_FROM_STANDBY.scope(may, request).await
}

/// Whether the reads of the running request go to the standby.
pub fn is_read_from() -> bool {
    READS_FROM_STANDBY.try_with(|reads| *reads).unwrap_or(false)
}
