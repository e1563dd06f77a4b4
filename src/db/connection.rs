//! Opening a connection: the time-outs of the network, and the first settings of each database.

use super::watch::{StatementTimes, Watch, Watches};
use super::{Db, on};
use crate::config::{DatabaseConfig, Synchronous};
use diesel::connection::{
    AnsiTransactionManager, CacheSize, Connection, SimpleConnection, TransactionManager,
};
use diesel::{ConnectionError, ConnectionResult, PgConnection, SqliteConnection, r2d2};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// Opens connections that are watched together.
#[derive(Clone)]
pub struct Opener {
    pub url: String,
    pub config: DatabaseConfig,
    /// Whether they are for writing. On SQLite the writer caches more pages and moves more of them into the file at once.
    pub writes: bool,
    pub watches: Arc<Watches>,
}

/// An open connection.
pub struct Open {
    pub db: Db,
    pub watch: Arc<Watch>,
    pub used_at: Instant,
    /// Set when it can't be used again.
    pub is_broken: bool,
}

impl Opener {
    pub fn new(url: &str, config: &DatabaseConfig, writes: bool) -> Opener {
        Opener {
            url: url.to_owned(),
            config: config.clone(),
            writes,
            watches: Arc::default(),
        }
    }

    pub fn open(&self) -> ConnectionResult<Open> {
        // libpq tries one host after the other. Its own limit ends before this one.
        let hosts = 1 + self.url.matches(',').count() as u32;
        let limit = hosts * self.config.connect_timeout() + self.config.request_timeout();
        let watch = self.watches.add(limit);
        watch.begin();
        let db = match is_postgres(&self.url) {
            true => self.open_postgres(&watch)?,
            false => self.open_sqlite(&watch)?,
        };
        watch.end();
        Ok(Open {
            db,
            watch,
            used_at: Instant::now(),
            is_broken: false,
        })
    }

    fn open_postgres(&self, watch: &Arc<Watch>) -> ConnectionResult<Db> {
        let mut pg = PgConnection::establish(&with_timeouts(&self.url, self.config.connect_timeout()))?;
        pg.set_instrumentation(StatementTimes::new(Arc::clone(watch)));
        if !self.config.database_prepares_statements {
            pg.set_prepared_statement_cache_size(CacheSize::Disabled);
        }
        // `errors` knows the messages in English. Only superusers may set it, and those whom they let.
        let _ = pg.batch_execute("SET lc_messages = 'C'");
        // For queries without a transaction; transactions set their own.
        let limit_ms = self.config.request_timeout().as_millis();
        pg.batch_execute(&format!("SET statement_timeout = {limit_ms}"))
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(Db::Pg(pg))
    }

    fn open_sqlite(&self, watch: &Arc<Watch>) -> ConnectionResult<Db> {
        let mut sqlite = SqliteConnection::establish(&self.url)?;
        sqlite.set_instrumentation(StatementTimes::new(Arc::clone(watch)));
        let busy_ms = self.config.request_timeout().as_millis();
        let synchronous = match self.config.sqlite_synchronous {
            Synchronous::Normal => "NORMAL",
            Synchronous::Full => "FULL",
        };
        let mut pragmas = format!(
            "PRAGMA busy_timeout = {busy_ms}; PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous};
             PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
        );
        if self.writes {
            pragmas.push_str("PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 8000;");
        }
        sqlite
            .batch_execute(&pragmas)
            .map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(Db::Sqlite(sqlite))
    }
}

/// Adds libpq's parameters that end a wait for a host that doesn't answer, as far as the URL doesn't set them itself. A
/// URL with several hosts looks for the one that takes writes.
fn with_timeouts(url: &str, connect: Duration) -> String {
    let connect_s = connect.as_secs().to_string();
    let parameters = [
        ("fallback_application_name", "musubi"),
        ("connect_timeout", connect_s.as_str()),
        ("keepalives_idle", "10"),
        ("keepalives_interval", "5"),
        ("keepalives_count", "3"),
        ("tcp_user_timeout", "15000"),
        ("target_session_attrs", "read-write"),
    ];
    let mut all = url.to_owned();
    for (name, value) in parameters {
        let has_one_host = name == "target_session_attrs" && !url.contains(',');
        if url.contains(&format!("{name}=")) || has_one_host {
            continue;
        }
        all.push(if all.contains('?') { '&' } else { '?' });
        all.push_str(&format!("{name}={value}"));
    }
    all
}

impl r2d2::ManageConnection for Opener {
    type Connection = Open;
    type Error = r2d2::Error;

    fn connect(&self) -> Result<Open, r2d2::Error> {
        self.open().map_err(r2d2::Error::ConnectionError)
    }

    /// Connections need no test: beginning a transaction is one.
    fn is_valid(&self, _: &mut Open) -> Result<(), r2d2::Error> {
        Ok(())
    }

    /// A connection that a panic left inside a transaction is dropped.
    fn has_broken(&self, open: &mut Open) -> bool {
        open.is_broken
            || std::thread::panicking()
            || on!(&mut open.db, |c| {
                AnsiTransactionManager::is_broken_transaction_manager(c)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_time_outs_that_the_url_does_not_set() {
        let added = |url| with_timeouts(url, Duration::from_secs(2));
        let plain = added("postgres://me@here/musubi");
        assert!(
            plain
                .starts_with("postgres://me@here/musubi?fallback_application_name=musubi&connect_timeout=2&")
        );
        assert!(!plain.contains("target_session_attrs"));
        let several = added("postgres://me@a:5432,b:5433/musubi?connect_timeout=7");
        assert!(several.contains("connect_timeout=7&") && !several.contains("connect_timeout=2"));
        assert!(several.ends_with("&target_session_attrs=read-write"));
    }
}
