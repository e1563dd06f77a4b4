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
//! Find a single row by its key with `get_result`, not with `first`: that adds `LIMIT ?`, and SQLite prepares such a
//! statement again for each value.
//!
//! [`Pool::read`] and [`Pool::write`] are the only ways to a connection. Each is one transaction: a read sees one
//! consistent state, a write succeeds or fails as a whole. On SQLite a write begins with `IMMEDIATE`, because a deferred
//! transaction fails at its first write if another writer was faster. [`Pool::lookup`] finds a single record, without a
//! transaction.
//!
//! * `clock`: the database's time. `connection`: opening a connection. `pool`: the connections and their transactions.
//!   `places`: how callers share them. `standby`: which requests read from a standby. `watch`: how long they wait for the database.
//!   `turns`: one writer after the other, on SQLite. `order`: of the locks of a transaction. `errors`: what the database's errors mean.
//! * `migrations`: the embedded migrations. `schema`: the tables. `types`: column types. `search`: full text. `probe`: is
//!   the database fit for work?
//!
//! Deliberately absent: asynchronous drivers, and any way to hold a connection outside a transaction.

mod clock;
mod connection;
mod errors;
mod migrations;
pub mod order;
mod places;
mod pool;
pub mod probe;
pub mod schema;
pub mod search;
mod standby;
mod turns;
mod types;
mod watch;

pub use clock::now;
pub use migrations::{MigrationStep, migrate, migrate_to, migration_names};
pub use places::of_caller;
pub use pool::Pool;
pub use types::{Doc, Id, Instant, JsonText, KnownRecord, MicrosecondTime, UniqueId};

use crate::error::{Error, Result};
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::{MultiConnection, PgConnection, SqliteConnection};

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

/// Inserts many rows. On PostgreSQL it uses `COPY`, which is faster than parsing a statement of thousands of values. The
/// statement for a single row is prepared once, the one for several each time.
macro_rules! insert_all {
    ($db:expr, $table:path, $rows:expr) => {{
        let rows: &[_] = $rows;
        match (&mut *$db, rows) {
            (_, []) => Ok(0),
            (db, [row]) => $crate::db::on!(db, |c| diesel::insert_into($table).values(row).execute(c)),
            ($crate::db::Db::Pg(c), _) => diesel::prelude::ExecuteCopyFromDsl::execute(
                diesel::copy_from($table).from_insertable(rows),
                c,
            ),
            ($crate::db::Db::Sqlite(c), _) => diesel::insert_into($table).values(rows).execute(c),
        }
    }};
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
            Ok(0) => match row.select(columns::version).get_result::<i64>($db).optional() {
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

/// Lets this transaction return before its commit is on disk. If the machine fails right then, the whole transaction may
/// be lost, never a part of it. Use it for steps that store their progress and would be repeated. SQLite commits like
/// this already.
pub fn commit_lazily(db: &mut Db) -> Result<()> {
    if let Db::Pg(c) = db {
        c.batch_execute("SET LOCAL synchronous_commit = off")?;
    }
    Ok(())
}

/// Runs a part of a transaction. If it fails, what it wrote is taken back, and the transaction can go on.
pub fn attempt<T>(db: &mut Db, work: impl FnOnce(&mut Db) -> Result<T>) -> Result<T> {
    on!(db, |c| AnsiTransactionManager::begin_transaction(c))?;
    let done = work(db);
    match &done {
        Ok(_) => on!(db, |c| AnsiTransactionManager::commit_transaction(c))?,
        Err(_) => on!(db, |c| AnsiTransactionManager::rollback_transaction(c))?,
    }
    done
}

/// Lets the commit of this transaction wait as long as it has to; for PostgreSQL. Its time-out would end the wait for a
/// synchronous standby, and acknowledge what the primary alone has. Those who wait for the answer give up in time all the
/// same: the outcome is unknown then.
pub const PATIENT_COMMIT: &str = "SET LOCAL statement_timeout = 0";

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
