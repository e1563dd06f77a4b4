//! The embedded migrations: one folder for each database, with the same names.

use super::Db;
use crate::error::{Error, Result};
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationSource};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Runs the pending migrations and returns how many. Several servers may start at once: on PostgreSQL one of them
/// holds an advisory lock while the others wait.
pub fn migrate(url: &str) -> Result<usize> {
    let failed = |e: &dyn std::fmt::Display| Error::Internal(format!("cannot migrate the database: {e}"));
    let mut db = super::Opener {
        url: url.to_owned(),
        writes: true,
    }
    .open()
    .map_err(|e| failed(&e))?;
    match &mut db {
        Db::Pg(c) => {
            c.batch_execute("SELECT pg_advisory_lock(6385437)")
                .map_err(|e| failed(&e))?;
            c.run_pending_migrations(POSTGRES)
                .map(|ran| ran.len())
                .map_err(|e| failed(&e))
        }
        Db::Sqlite(c) => c
            .run_pending_migrations(SQLITE)
            .map(|ran| ran.len())
            .map_err(|e| failed(&e)),
    }
}

/// Returns the names of the migrations for PostgreSQL and for SQLite, for the test that compares them.
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
