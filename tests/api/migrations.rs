//! The migrations of both databases and the schema agree.

use crate::support::{TestApp, config, on_both, postgres};
use diesel::prelude::*;
use diesel::sql_types::Text;
use musubi::db::schema::{TABLES, Table};
use musubi::db::{Db, Pool, migrate_to, migration_names};
use musubi::server::AppState;
use serde_json::json;
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

/// The second one used to find that the first had just written the catalogue.
#[test]
fn servers_that_start_together_on_an_empty_database_all_start() {
    let Some(server) = postgres::own_server("") else {
        return;
    };
    std::thread::scope(|scope| {
        let start = || {
            let folder = tempfile::TempDir::new().unwrap();
            let config = config(folder.path(), Some(server.url("postgres")));
            AppState::open(&config).map(drop)
        };
        let started: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
        for one in started {
            one.join().unwrap().unwrap();
        }
    });
}

#[test]
fn both_databases_have_the_same_migrations() {
    let [postgres, sqlite] = migration_names().unwrap();
    assert!(!postgres.is_empty());
    assert_eq!(postgres, sqlite);
}

on_both! {
    the_migrations_make_the_schema,
    every_migration_is_reversed_by_its_other_half,
    waits_for_a_table_only_briefly_and_tries_again,
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
        let own = ["changes", "audit", "audit_subjects", "webhook_deliveries"];
        if column_name != "seq" || own.contains(&table_name.as_str()) {
            made.entry(table_name).or_default().insert(column_name);
        }
    }
    made.remove("__diesel_schema_migrations");
    assert_eq!(made, declared());
}

#[derive(QueryableByName, PartialEq, Debug)]
struct Part {
    #[diesel(sql_type = Text)]
    part: String,
}

/// Returns tables, columns, constraints, indexes and triggers, as the database describes them.
fn schema(pool: &Pool) -> Vec<Part> {
    pool.read_blocking(|db| {
        Ok(match db {
            Db::Sqlite(c) => diesel::sql_query(
                "SELECT type || ' ' || name || ' ' || coalesce(replace(sql, char(34), ''), '') AS part FROM sqlite_schema
                 WHERE name NOT LIKE '%_fts%' ORDER BY 1",
            )
            .load(c)?,
            Db::Pg(c) => diesel::sql_query(
                "SELECT concat(table_name, '.', column_name, ' ', data_type, ' ', is_nullable, ' ', column_default) AS part
                     FROM information_schema.columns WHERE table_schema = 'public'
                 UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
                 UNION ALL SELECT concat(conrelid::regclass, ' ', pg_get_constraintdef(oid)) FROM pg_constraint
                     WHERE connamespace = 'public'::regnamespace
                 UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
                 ORDER BY 1",
            )
            .load(c)?,
        })
    })
    .unwrap()
}

fn every_migration_is_reversed_by_its_other_half(app: &TestApp) {
    // Rows in the tables that most migrations are about.
    let organization = app.organization("戸山会");
    let flyer = app.deliverable(&organization, json!({}));
    let worker = app.worker(json!({"personal": {"name": "佐藤", "email": "sato@example.jp"}}));
    app.user("a@example.jp", json!({}));
    app.login("a@example.jp");
    app.partner(json!({}));
    let application = json!({"deliverable_id": flyer, "worker_id": worker, "role": "designer"});
    app.post("/v1/applications", &application).expect(201);
    // Its background tasks use the tables.
    let (url, options) = (app.database(), app.config().database_options);
    app.stop();
    let pool = &app.state.pool;
    let names = match url.starts_with("postgres") {
        true => migration_names().unwrap()[0].clone(),
        false => migration_names().unwrap()[1].clone(),
    };
    for back in 1..names.len() {
        let before = schema(pool);
        let target = &names[names.len() - 1 - back];
        match migrate_to(&url, &options, Some(target)) {
            Ok(steps) => assert!(steps.len() == back && steps.iter().all(|step| step.is_reversed)),
            Err(error) => {
                // Only what is marked can't be reversed, and says so.
                let marked = names[names.len() - back..].iter().any(|name| is_marked(name));
                assert!(
                    marked && error.to_string().contains("can't be reversed"),
                    "{target}: {error}"
                );
                break;
            }
        }
        let steps = migrate_to(&url, &options, None).unwrap();
        assert!(
            steps.len() == back && steps.iter().all(|step| !step.is_reversed),
            "{target}"
        );
        assert_eq!(schema(pool), before, "back to {target} and forward again");
    }
}

/// Whether the number has a mark: `2026-12-03-050000-9_subject`.
fn is_marked(name: &str) -> bool {
    name.split('_').next().unwrap().split('-').count() > 4
}

fn waits_for_a_table_only_briefly_and_tries_again(app: &TestApp) {
    if !app.database().starts_with("postgres") {
        return;
    }
    let (url, options) = (app.database(), app.config().database_options);
    let names = migration_names().unwrap()[0].clone();
    app.stop();
    migrate_to(&url, &options, Some(&names[names.len() - 2])).unwrap();
    // Someone keeps every table as it is for longer than a migration waits for it.
    let mut reader = PgConnection::establish(&url).unwrap();
    use diesel::connection::SimpleConnection;
    let lock =
        "DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
                LOOP EXECUTE format('LOCK TABLE %I IN SHARE MODE', t); END LOOP; END $$";
    reader.batch_execute(&format!("BEGIN; {lock}")).unwrap();
    std::thread::scope(|scope| {
        let migrating = scope.spawn(|| migrate_to(&url, &options, None).unwrap().len());
        // Readers that come later don't wait behind the migration for long.
        let mut other = PgConnection::establish(&url).unwrap();
        other
            .batch_execute("SET statement_timeout = '30s'; SELECT count(*) FROM organizations")
            .unwrap();
        // It waits, and gives up for the first time.
        for waits in [true, false] {
            let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
            while postgres::is_waiting(&mut other) != waits {
                assert!(std::time::Instant::now() < end, "never: waiting is {waits}");
            }
        }
        reader.batch_execute("COMMIT").unwrap();
        assert_eq!(migrating.join().unwrap(), 1);
    });
}
