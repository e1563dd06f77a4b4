//! The embedded migrations: one folder for each database, with the same names. `migrations/README.md` has their rules.
//!
//! A migration that the previous release can't live with has a mark in its number ([`is_contracting`]). So a running
//! server of that release knows when it can't go on, and goes on beside all others.

use super::connection::Opener;
use super::{Db, errors, on};
use crate::config::DatabaseConfig;
use crate::error::{Error, Fault, Result};
use diesel::connection::{AnsiTransactionManager, Connection, TransactionManager};
use diesel::migration::{Migration, MigrationSource};
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Begins a step on PostgreSQL. Servers that start together take turns by an advisory lock. A migration waits for a table
/// only briefly, because everybody else waits behind it.
const BEGIN_POSTGRES: &str = "BEGIN; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock(6385437); SET LOCAL lock_timeout = 2000";
/// How long a migration that can't lock a table tries again.
const PATIENCE: Duration = Duration::from_secs(120);
/// The length of a number without a mark: `YYYYMMDDHHMMSS`.
const UNMARKED: usize = 14;

/// One migration that ran or was reversed.
pub struct MigrationStep {
    pub name: String,
    pub is_reversed: bool,
}

/// Runs the pending migrations.
pub fn migrate(url: &str, config: &DatabaseConfig) -> Result<Vec<MigrationStep>> {
    migrate_to(url, config, None)
}

/// Runs or reverses migrations until this one is the last, or all if `None`.
pub fn migrate_to(url: &str, config: &DatabaseConfig, last: Option<&str>) -> Result<Vec<MigrationStep>> {
    let failed = |e| Error::fault(Fault::Unreachable, format!("cannot migrate the database: {e}"));
    let mut open = Opener::new(url, config, true).open().map_err(failed)?;
    let last = last.map(number);
    let mut steps = Vec::new();
    let mut since = Instant::now();
    loop {
        let step = match &mut open.db {
            Db::Pg(c) => step(c, BEGIN_POSTGRES, &POSTGRES, last.as_deref()),
            Db::Sqlite(c) => step(c, "BEGIN IMMEDIATE", &SQLITE, last.as_deref()),
        };
        match step {
            Ok(None) => return Ok(steps),
            Ok(Some(step)) => {
                steps.push(step);
                since = Instant::now();
            }
            Err(Error::Fault {
                fault: Fault::TimedOut | Fault::Busy,
                reason,
            }) if since.elapsed() < PATIENCE => {
                tracing::warn!(reason, "a migration could not lock a table and tries again");
                wait(Duration::from_millis(500));
            }
            Err(error) => return Err(error),
        }
    }
}

/// Waits on the thread of the command line, which has nothing else to do.
#[allow(clippy::disallowed_methods)]
fn wait(time: Duration) {
    std::thread::sleep(time);
}

/// Runs or reverses one migration, in one transaction. Returns none if there is nothing to do.
fn step<C>(
    c: &mut C,
    begin: &str,
    embedded: &EmbeddedMigrations,
    last: Option<&str>,
) -> Result<Option<MigrationStep>>
where
    C: Connection<TransactionManager = AnsiTransactionManager> + MigrationHarness<C::Backend>,
    C::Backend: 'static,
{
    AnsiTransactionManager::begin_transaction_sql(c, begin)?;
    match inner_step(c, embedded, last) {
        Ok(step) => {
            AnsiTransactionManager::commit_transaction(c)?;
            Ok(step)
        }
        Err(error) => {
            // The transaction ends with its connection in any case.
            let _ = AnsiTransactionManager::rollback_transaction(c);
            Err(error)
        }
    }
}

fn inner_step<C>(
    c: &mut C,
    embedded: &EmbeddedMigrations,
    last: Option<&str>,
) -> Result<Option<MigrationStep>>
where
    C: Connection + MigrationHarness<C::Backend>,
    C::Backend: 'static,
{
    type Boxed<B> = Vec<Box<dyn Migration<B>>>;
    let failed = |e| errors::of_migration(e);
    let mut known: Boxed<C::Backend> = embedded.migrations().map_err(failed)?;
    known.sort_by_key(|m| m.name().to_string());
    let applied = c.applied_migrations().map_err(failed)?;
    let applied: BTreeSet<String> = applied.iter().map(ToString::to_string).collect();
    let numbers: Vec<String> = known.iter().map(|m| number(&m.name().to_string())).collect();
    let unknown = unknown(&applied, &numbers);
    if !unknown.is_empty() {
        return Err(newer(&unknown));
    }
    if let Some(last) = last
        && !numbers.iter().any(|number| number == last)
    {
        let names: Vec<String> = known.iter().map(|m| m.name().to_string()).collect();
        return Err(Error::Internal(format!(
            "there is no migration {last}; the migrations are: {}",
            names.join(", ")
        )));
    }
    let is_wanted = |number: &str| last.is_none_or(|last| number <= last);
    let all = || known.iter().zip(&numbers);
    let extra = all().rfind(|(_, number)| applied.contains(*number) && !is_wanted(number));
    let missing = all().find(|(_, number)| !applied.contains(*number) && is_wanted(number));
    let (migration, is_reversed) = match (extra, missing) {
        (Some((migration, number)), _) => {
            let name = migration.name();
            if is_contracting(number) {
                return Err(Error::Internal(format!(
                    "{name} can't be reversed: restore a backup from before it"
                )));
            }
            c.revert_migration(migration.as_ref()).map_err(failed)?;
            (migration, true)
        }
        (None, Some((migration, _))) => {
            c.run_migration(migration.as_ref()).map_err(failed)?;
            (migration, false)
        }
        (None, None) => return Ok(None),
    };
    let name = migration.name().to_string();
    Ok(Some(MigrationStep { name, is_reversed }))
}

/// Returns the number of a migration's name, as the database keeps it: `2026-12-03-050000_subject` is `20261203050000`.
fn number(name: &str) -> String {
    let number = name.split('_').next().unwrap_or_default();
    number.replace('-', "")
}

/// Whether the previous release can't live with a migration: `2026-12-03-050000-9_subject`.
fn is_contracting(number: &str) -> bool {
    number.len() > UNMARKED
}

fn unknown<'a>(applied: &'a BTreeSet<String>, known: &[String]) -> Vec<&'a str> {
    let unknown = applied.iter().filter(|number| !known.contains(number));
    unknown.map(String::as_str).collect()
}

fn newer(unknown: &[&str]) -> Error {
    let reason = format!(
        "the database is newer than this release: it has the unknown migrations {}. Use the release that made them, or \
         go back with its `musubi migrate --to`",
        unknown.join(", ")
    );
    Error::fault(Fault::ForeignSchema, reason)
}

/// Checks that this release can live with the database as it is now.
pub fn check(db: &mut Db) -> Result<()> {
    #[derive(QueryableByName)]
    struct Applied {
        #[diesel(sql_type = Text)]
        version: String,
    }
    let query = diesel::sql_query("SELECT version FROM __diesel_schema_migrations");
    let applied = on!(&mut *db, |c| query.load::<Applied>(c))?;
    let applied: BTreeSet<String> = applied.into_iter().map(|row| row.version).collect();
    let [postgres, sqlite] = migration_names()?;
    let names = match db {
        Db::Pg(_) => postgres,
        Db::Sqlite(_) => sqlite,
    };
    let known: Vec<String> = names.iter().map(|name| number(name)).collect();
    let unknown = unknown(&applied, &known);
    if unknown.iter().any(|number| is_contracting(number)) {
        return Err(newer(&unknown));
    }
    match known.iter().find(|number| !applied.contains(*number)) {
        None => Ok(()),
        Some(missing) => Err(Error::fault(
            Fault::ForeignSchema,
            format!("the database is older than this release: it lacks the migration {missing}"),
        )),
    }
}

/// Returns the names of the migrations for PostgreSQL and for SQLite.
pub fn migration_names() -> Result<[Vec<String>; 2]> {
    let names = |folder: &EmbeddedMigrations| {
        let all: Vec<Box<dyn Migration<super::Backend>>> =
            folder.migrations().map_err(|e| Error::Internal(e.to_string()))?;
        let mut names: Vec<String> = all.iter().map(|m| m.name().to_string()).collect();
        names.sort();
        Ok::<_, Error>(names)
    };
    Ok([names(&POSTGRES)?, names(&SQLITE)?])
}
