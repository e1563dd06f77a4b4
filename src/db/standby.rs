//! The standby that answers reads, as long as it has everything that a reader must see.
//!
//! PostgreSQL's replication is a little late. The one who follows the change log looks regularly how far the standby has
//! come. Before a request reads, [`Pool::reading`] decides from that where all its reads go, so that they agree with each
//! other.
//!
//! [`Pool::reading`]: super::Pool::reading

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

/// What is known of a standby.
pub struct Standby {
    /// The newest change that it has.
    reached: AtomicI64,
    /// How many reads it answered.
    pub reads: AtomicU64,
}

impl Standby {
    pub fn new() -> Standby {
        Standby {
            reached: AtomicI64::new(NOWHERE),
            reads: AtomicU64::new(0),
        }
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

/// Returns the URL of the standby, if one is configured, and the settings of its connections.
pub fn configured(config: &DatabaseConfig) -> Result<Option<(String, DatabaseConfig)>> {
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
    Ok(Some((any_host(url), config)))
}

/// Of several hosts, the first that is a standby answers; else any.
fn any_host(url: &str) -> String {
    if !url.contains(',') || url.contains("target_session_attrs=") {
        return url.to_owned();
    }
    let sign = if url.contains('?') { '&' } else { '?' };
    format!("{url}{sign}target_session_attrs=prefer-standby")
}

/// Runs a request, and says where it reads.
pub async fn reading<F: Future>(from_standby: bool, request: F) -> F::Output {
    READS_FROM_STANDBY.scope(from_standby, request).await
}

/// Runs blocking work of a request on this thread, and says where it reads.
pub fn reading_blocking<T>(from_standby: bool, work: impl FnOnce() -> T) -> T {
    READS_FROM_STANDBY.sync_scope(from_standby, work)
}

/// Whether the reads of the running request go to the standby.
pub fn is_read_from() -> bool {
    READS_FROM_STANDBY.try_with(|reads| *reads).unwrap_or(false)
}
