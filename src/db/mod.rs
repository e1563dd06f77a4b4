//! SQLite (bundled) and PostgreSQL, with one code for both.
//!
//! A connection is a [`Db`], and plain diesel queries run on either database. Use `on!` for a query that diesel's
//! `MultiConnection` doesn't support (`ON CONFLICT`, batches): it compiles the query once for each database. Use
//! `insert_all!` for many rows, `keyset!` for pages, `update_version!` for the next version of a row.
//!
//! Read rows with `#[derive(Queryable, Selectable)]` and `.select(Row::as_select())`, which names each column once and
//! works on both databases without `check_for_backend`. `AsSelect<Row, Backend>` is the type of a boxed query. A row in
//! a public type alias has to be public; its fields needn't be.
//!
//! [`Pool::read`] and [`Pool::write`] are the only ways to a connection. Each is one transaction: a read sees one
//! consistent state, a write succeeds or fails as a whole. On SQLite a write begins with `IMMEDIATE`, because a deferred
//! transaction fails at its first write if another writer was faster.
//!
//! Deliberately absent: asynchronous drivers, and any way to hold a connection outside a transaction.

mod errors;
mod migrations;
pub mod schema;
pub mod search;
mod turns;
mod types;

pub use migrations::{migrate, migration_names};
pub use types::{Doc, Id, Instant, JsonText, MicrosecondTime, UniqueId};

use crate::error::{Error, Fault, Result};
use diesel::connection::{AnsiTransactionManager, Connection, SimpleConnection, TransactionManager};
use diesel::{MultiConnection, PgConnection, SqliteConnection, r2d2};
use std::sync::Arc;
use std::time::Duration;
use turns::Turns;

#[derive(MultiConnection)]
pub enum Db {
    Pg(PgConnection),
    Sqlite(SqliteConnection),
}

/// The diesel backend of [`Db`].
pub type Backend = MultiBackend;

/// Compiles the body once for each database, with the connection's own type.
macro_rules! on {
    ($db:expr, |$c:ident| $body:expr) => {
        match $db {
            $crate::db::Db::Pg($c) => $body,
            $crate::db::Db::Sqlite($c) => $body,
        }
    };
}
pub(crate) use on;

/// Inserts many rows. On PostgreSQL it uses `COPY`, which is faster than parsing a statement of thousands of values.
macro_rules! insert_all {
    ($db:expr, $table:path, $rows:expr) => {
        match $db {
            $crate::db::Db::Pg(c) if $rows.len() > 1 => diesel::prelude::ExecuteCopyFromDsl::execute(
                diesel::copy_from($table).from_insertable($rows),
                c,
            ),
            $crate::db::Db::Pg(c) => diesel::insert_into($table).values($rows).execute(c),
            $crate::db::Db::Sqlite(c) => diesel::insert_into($table).values($rows).execute(c),
        }
    };
}
pub(crate) use insert_all;

/// Orders a boxed query by a column and the id, or by the id alone (the order of creation), and starts it after a
/// cursor's `(value, id)`. The condition compares the column alone first, so that the database enters an index on
/// (column, id) where the page begins.
macro_rules! keyset {
    ($query:expr, $after:expr, $column:expr, $id:expr, ascending) => {
        $crate::db::keyset!(@column $query, $after, $column, $id, gt, ge, asc)
    };
    ($query:expr, $after:expr, $column:expr, $id:expr, descending) => {
        $crate::db::keyset!(@column $query, $after, $column, $id, lt, le, desc)
    };
    ($query:expr, $after:expr, $id:expr, ascending) => {
        $crate::db::keyset!(@id $query, $after, $id, gt, asc)
    };
    ($query:expr, $after:expr, $id:expr, descending) => {
        $crate::db::keyset!(@id $query, $after, $id, lt, desc)
    };
    (@column $query:expr, $after:expr, $column:expr, $id:expr, $further:ident, $at_least:ident, $order:ident) => {{
        let mut query = $query;
        if let Some((value, id)) = $after {
            let further = $column.$further(value.clone()).or($id.$further(id));
            query = query.filter($column.$at_least(value).and(further));
        }
        query.order(($column.$order(), $id.$order()))
    }};
    (@id $query:expr, $after:expr, $id:expr, $further:ident, $order:ident) => {{
        let mut query = $query;
        if let Some(id) = $after {
            query = query.filter($id.$further(id));
        }
        query.order($id.$order())
    }};
}
pub(crate) use keyset;

/// Writes the next version of a row if its version is still `$before`.
///
/// Returns `Error::PreconditionFailed` with the current version if someone else changed the row first, and `$missing`
/// if the row is gone. `$table` needs a column `version`.
macro_rules! update_version {
    ($db:expr, $table:ident, key: $key:expr, before: $before:expr, set: $values:expr, missing: $missing:expr) => {{
        use $crate::db::schema::$table::dsl as columns;
        let row = columns::$table.find($key);
        let unchanged = row.filter(columns::version.eq($before));
        match diesel::update(unchanged).set($values).execute($db) {
            Ok(0) => match row.select(columns::version).first::<i64>($db).optional() {
                Ok(Some(current)) => Err($crate::error::Error::PreconditionFailed { current }),
                Ok(None) => Err($missing),
                Err(error) => Err($crate::error::Error::from(error)),
            },
            Ok(_) => Ok(()),
            Err(error) => Err($crate::error::Error::from(error)),
        }
    }};
}
pub(crate) use update_version;

/// Replaces the general conflict of a unique index by the slice's own error.
pub fn on_duplicate(error: impl Into<Error>, duplicate: impl FnOnce() -> Error) -> Error {
    match error.into() {
        Error::Conflict { .. } => duplicate(),
        other => other,
    }
}

/// Rows of one batch. PostgreSQL allows 65,535 bind parameters in a statement, SQLite 32,766.
pub const BATCH: usize = 1000;

/// How long to wait for a connection.
const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
struct Opener {
    url: String,
    /// Whether it is for writing. On SQLite the writer caches more pages and moves more of them into the file at once.
    writes: bool,
}

impl Opener {
    fn open(&self) -> diesel::ConnectionResult<Db> {
        if is_postgres(&self.url) {
            let mut pg = PgConnection::establish(&self.url)?;
            // `errors` knows the messages in English. Only superusers may set it, and those whom they let.
            let _ = pg.batch_execute("SET lc_messages = 'C'");
            return Ok(Db::Pg(pg));
        }
        let mut sqlite = SqliteConnection::establish(&self.url)?;
        sqlite
            .batch_execute(
                "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
                 PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;",
            )
            .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
        if self.writes {
            sqlite
                .batch_execute("PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 8000;")
                .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
        }
        Ok(Db::Sqlite(sqlite))
    }
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

impl r2d2::ManageConnection for Opener {
    type Connection = Db;
    type Error = r2d2::Error;

    fn connect(&self) -> Result<Db, r2d2::Error> {
        self.open().map_err(r2d2::Error::ConnectionError)
    }

    fn is_valid(&self, db: &mut Db) -> Result<(), r2d2::Error> {
        db.batch_execute("SELECT 1").map_err(r2d2::Error::QueryError)
    }

    /// A connection that a panic left inside a transaction is dropped.
    fn has_broken(&self, db: &mut Db) -> bool {
        std::thread::panicking() || on!(db, |c| AnsiTransactionManager::is_broken_transaction_manager(c))
    }
}

type Connections = diesel::r2d2::Pool<Opener>;

/// The connections to the database. Cheap to clone.
#[derive(Clone)]
pub struct Pool {
    readers: Connections,
    /// The same as `readers` on PostgreSQL, one connection on SQLite, which has one writer at a time.
    writers: Connections,
    /// SQLite only.
    turns: Option<Arc<Turns>>,
}

impl Pool {
    /// Opens `postgres://…` or the path of an SQLite file. Creates the file if it doesn't exist.
    pub fn open(url: &str) -> Result<Pool> {
        let build = |size: u32, writes: bool| {
            let builder = r2d2::Pool::builder().max_size(size).min_idle(Some(1));
            // SQLite connections need no test: `has_broken` is enough.
            let builder = builder
                .connection_timeout(TIMEOUT)
                .test_on_check_out(is_postgres(url));
            let pool = builder.build(Opener {
                url: url.to_owned(),
                writes,
            });
            pool.map_err(|e| Error::Internal(format!("cannot open the database: {e}")))
        };
        // Fails at once with the reason. The pool would retry until its timeout.
        Opener {
            url: url.to_owned(),
            writes: false,
        }
        .open()
        .map_err(|e| Error::Internal(format!("cannot open the database: {e}")))?;
        let readers = build(8, false)?;
        let (writers, turns) = if is_postgres(url) {
            (readers.clone(), None)
        } else {
            (build(1, true)?, Some(Arc::default()))
        };
        Ok(Pool {
            readers,
            writers,
            turns,
        })
    }

    /// Runs a transaction that sees one consistent state and can't write.
    pub async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Db) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let pool = self.clone();
        off_thread(move || pool.read_blocking(f)).await
    }

    /// Runs a single query, which sees one consistent state by itself, without the cost of a transaction. On SQLite it
    /// runs on this thread if a connection is free: finding a record takes less time than changing threads.
    pub async fn lookup<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Db) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.turns.is_some()
            && let Some(mut db) = self.readers.try_get()
        {
            return f(&mut db);
        }
        let pool = self.clone();
        off_thread(move || f(&mut *connection(&pool.readers)?)).await
    }

    /// Runs a transaction that can write. It is rolled back if `f` fails.
    pub async fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Db) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let pool = self.clone();
        off_thread(move || pool.write_blocking(f)).await
    }

    /// [`Pool::read`] for blocking code.
    pub fn read_blocking<T>(&self, f: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        let db = &mut *connection(&self.readers)?;
        transact(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "BEGIN", f)
    }

    /// [`Pool::write`] for blocking code.
    pub fn write_blocking<T>(&self, f: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        let turn = self.turns.as_ref().map(|turns| turns.take(TIMEOUT));
        if matches!(turn, Some(None)) {
            return Err(Error::fault(Fault::Busy, "timed out waiting for other writers"));
        }
        let db = &mut *connection(&self.writers)?;
        transact(db, "BEGIN", "BEGIN IMMEDIATE", f)
    }
}

/// Lets this transaction return before its commit is on disk. If the machine fails right then, the whole transaction may
/// be lost, never a part of it. Use it for steps that store their progress and would be repeated. SQLite commits like
/// this already.
pub fn commit_lazily(db: &mut Db) -> Result<()> {
    if let Db::Pg(c) = db {
        c.batch_execute("SET LOCAL synchronous_commit = off")?;
    }
    Ok(())
}

/// Locks a name until the transaction ends, so that what the transaction reads about it doesn't change before it commits.
/// Does nothing on SQLite, which has one writer.
pub fn lock(db: &mut Db, name: &str) -> Result<()> {
    if let Db::Pg(c) = db {
        use diesel::RunQueryDsl;
        let lock = diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))");
        lock.bind::<diesel::sql_types::Text, _>(name).execute(c)?;
    }
    Ok(())
}

fn connection(pool: &Connections) -> Result<diesel::r2d2::PooledConnection<Opener>> {
    pool.get().map_err(|e| errors::no_connection(&e))
}

async fn off_thread<T: Send + 'static>(f: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let joined = tokio::task::spawn_blocking(f).await;
    joined.unwrap_or_else(|e| Err(Error::Internal(format!("a database task failed: {e}"))))
}

fn transact<T>(db: &mut Db, pg: &str, sqlite: &str, f: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
    match db {
        Db::Pg(c) => AnsiTransactionManager::begin_transaction_sql(c, pg)?,
        Db::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(c, sqlite)?,
    }
    match f(db) {
        Ok(value) => {
            on!(db, |c| AnsiTransactionManager::commit_transaction(c)).map_err(errors::of_commit)?;
            Ok(value)
        }
        Err(error) => {
            // Why it failed matters more than that the connection is lost now, which the pool drops.
            let _ = on!(db, |c| AnsiTransactionManager::rollback_transaction(c));
            Err(error)
        }
    }
}
