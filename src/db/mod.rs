//! Two databases, one code: SQLite (bundled) and PostgreSQL.
//!
//! A connection is a [`Db`]; plain diesel queries run on either. `on!` compiles a query for each where the
//! derive can't carry it (`ON CONFLICT`, batches). The only ways in are [`Pool::read`] and [`Pool::write`], each
//! one transaction: a read sees one consistent state, a write is all or nothing. On SQLite a write begins
//! IMMEDIATE, because a deferred one that turns to writing fails at once when another writer was faster.
//!
//! Deliberately absent: asynchronous drivers, and any way to hold a connection outside of a transaction.

mod errors;
mod migrations;
pub mod schema;
pub mod search;
mod turns;
mod types;

pub use migrations::{migrate, migration_names};
pub use types::{Doc, Id, Instant, JsonText, MicrosecondTime, UniqueId};

use crate::error::{Error, Result, Text};
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

/// The backend that stands for both.
pub type Backend = MultiBackend;

/// Compiles the body for the connection's own type.
macro_rules! on {
    ($db:expr, |$c:ident| $body:expr) => {
        match $db {
            $crate::db::Db::Pg($c) => $body,
            $crate::db::Db::Sqlite($c) => $body,
        }
    };
}
pub(crate) use on;

/// Inserts rows together: by COPY on PostgreSQL, which else would parse and plan a statement of thousands of values.
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

/// Orders a boxed query by a column, then the id, or by the id alone (the order of creation), beginning after a
/// cursor's `(value, id)`. The comparison begins
/// with the column alone, so that an index on (column, id) is entered where the page begins.
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

/// Rows of one batch insert: PostgreSQL allows 65,535 binds in a statement, SQLite 32,766.
pub const BATCH: usize = 1000;

/// How long a connection is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
struct Opener {
    url: String,
    /// Whether it is for writing: on SQLite the one writer has more pages in memory, and puts more of them into the
    /// file at once.
    writes: bool,
}

impl Opener {
    fn open(&self) -> diesel::ConnectionResult<Db> {
        if is_postgres(&self.url) {
            return PgConnection::establish(&self.url).map(Db::Pg);
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

    /// A connection that a panic left in the middle of a transaction is not given to anyone else.
    fn has_broken(&self, db: &mut Db) -> bool {
        std::thread::panicking() || on!(db, |c| AnsiTransactionManager::is_broken_transaction_manager(c))
    }
}

type Connections = diesel::r2d2::Pool<Opener>;

/// The way to the database. Cheap to clone.
#[derive(Clone)]
pub struct Pool {
    readers: Connections,
    /// The same as `readers` on PostgreSQL; one connection on SQLite, which has one writer at a time anyway.
    writers: Connections,
    /// On SQLite.
    turns: Option<Arc<Turns>>,
}

impl Pool {
    /// Opens `postgres://…` or the path of an SQLite file, which is created if it isn't there.
    pub fn open(url: &str) -> Result<Pool> {
        let build = |size: u32, writes: bool| {
            let builder = r2d2::Pool::builder().max_size(size).min_idle(Some(1));
            // A connection that was alive a moment ago is not asked again: has_broken tells enough.
            let builder = builder
                .connection_timeout(PATIENCE)
                .test_on_check_out(is_postgres(url));
            let pool = builder.build(Opener {
                url: url.to_owned(),
                writes,
            });
            pool.map_err(|e| Error::Internal(format!("cannot open the database: {e}")))
        };
        // Fails at once and with the reason, where the pool would try until it times out.
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

    /// One consistent view of the database; nothing can be written.
    pub async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Db) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let pool = self.clone();
        off_thread(move || pool.read_blocking(f)).await
    }

    /// All or nothing.
    pub async fn write<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Db) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let pool = self.clone();
        off_thread(move || pool.write_blocking(f)).await
    }

    /// [`Pool::read`] for callers outside of the server.
    pub fn read_blocking<T>(&self, f: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        let db = &mut *connection(&self.readers)?;
        transact(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "BEGIN", f)
    }

    /// [`Pool::write`] for callers outside of the server.
    pub fn write_blocking<T>(&self, f: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
        let turn = self.turns.as_ref().map(|turns| turns.take(PATIENCE));
        if matches!(turn, Some(None)) {
            tracing::error!("others write for too long");
            return Err(unreachable());
        }
        let db = &mut *connection(&self.writers)?;
        transact(db, "BEGIN", "BEGIN IMMEDIATE", f)
    }
}

/// Lets this transaction's commit be lost if the machine fails within the next moment, never a part of it: for steps
/// that are kept together with how far they are, and so would be done again. SQLite's commits are like this anyway.
pub fn commit_lazily(db: &mut Db) -> Result<()> {
    if let Db::Pg(c) = db {
        c.batch_execute("SET LOCAL synchronous_commit = off")?;
    }
    Ok(())
}

/// Lets one transaction at a time go on from here with the named thing, so that what it reads of it stays true until
/// it commits. SQLite has one writer anyway.
pub fn lock(db: &mut Db, name: &str) -> Result<()> {
    if let Db::Pg(c) = db {
        use diesel::RunQueryDsl;
        let lock = diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))");
        lock.bind::<diesel::sql_types::Text, _>(name).execute(c)?;
    }
    Ok(())
}

fn connection(pool: &Connections) -> Result<diesel::r2d2::PooledConnection<Opener>> {
    pool.get().map_err(|e| {
        tracing::error!(error = %e, "no database connection");
        unreachable()
    })
}

fn unreachable() -> Error {
    Error::Unavailable(Text::new(
        "データベースに接続できません。",
        "The database can't be reached.",
    ))
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
            on!(db, |c| AnsiTransactionManager::commit_transaction(c))?;
            Ok(value)
        }
        Err(error) => {
            on!(db, |c| AnsiTransactionManager::rollback_transaction(c))?;
            Err(error)
        }
    }
}
