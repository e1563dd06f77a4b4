//! The migrations of both databases and the schema agree.

use crate::support::{TestApp, on_both};
use diesel::prelude::*;
use diesel::sql_types::Text;
use musubi::db::schema::{TABLES, Table};
use musubi::db::{Db, migration_names};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the tables and columns of `schema.rs`.
fn declared() -> BTreeMap<String, BTreeSet<String>> {
    let columns = |table: &Table| {
        table
            .columns
            .iter()
            .map(|column| column.name.to_owned())
            .collect()
    };
    TABLES
        .iter()
        .map(|table| (table.name.to_owned(), columns(table)))
        .collect()
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
}

#[test]
fn both_databases_have_the_same_migrations() {
    let [postgres, sqlite] = migration_names().unwrap();
    assert!(!postgres.is_empty());
    assert_eq!(postgres, sqlite);
}

on_both! {
    the_migrations_make_the_schema,
}

fn the_migrations_make_the_schema(app: &TestApp) {
    let columns = app.state.pool.read_blocking(|db| {
        Ok(match db {
            Db::Sqlite(c) => diesel::sql_query(
                "SELECT m.name AS table_name, i.name AS column_name FROM sqlite_schema m, pragma_table_info(m.name) i
                 WHERE m.type = 'table' AND m.sql LIKE '%STRICT%'",
            ).load::<Column>(c)?,
            Db::Pg(c) => diesel::sql_query(
                "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = 'public'",
            ).load::<Column>(c)?,
        })
    }).unwrap();
    let mut made: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Column {
        table_name,
        column_name,
    } in columns
    {
        // SQLite's row number, which the full-text index refers to.
        if column_name != "seq" || ["changes", "audit", "audit_subjects"].contains(&table_name.as_str()) {
            made.entry(table_name).or_default().insert(column_name);
        }
    }
    made.remove("__diesel_schema_migrations");
    assert_eq!(made, declared());
}
