//! A temporary PostgreSQL cluster for all tests.
//!
//! If PostgreSQL is not installed, its tests are skipped with a note. `MUSUBI_REQUIRE_POSTGRES=1` makes that a failure.

use super::config;
use diesel::prelude::*;
use musubi::server::AppState;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

#[path = "../../cluster/mod.rs"]
pub mod cluster;

pub struct Cluster {
    server: cluster::Cluster,
    admin: Mutex<PgConnection>,
}

/// Starts a server for one test alone, which may freeze or break it.
pub fn own_server(settings: &str) -> Option<cluster::Cluster> {
    cluster()?;
    Some(cluster::Cluster::start(&cluster::binaries()?, settings))
}

static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();

pub fn cluster() -> Option<&'static Cluster> {
    let start = || match cluster::binaries() {
        Some(binaries) => {
            let server = cluster::Cluster::start(&binaries, "-c max_connections=300 -c autovacuum=off");
            let admin = Mutex::new(server.connect());
            let cluster = Cluster { server, admin };
            cluster.make_template();
            Some(cluster)
        }
        None if std::env::var_os("MUSUBI_REQUIRE_POSTGRES").is_some() => {
            panic!("PostgreSQL is required, but there is no initdb")
        }
        None => {
            // Written to the terminal directly, because the harness hides the output of passing tests.
            let note =
                "\nSKIPPED: the tests on PostgreSQL. initdb is not on PATH nor in `pg_config --bindir`.\n";
            std::io::stderr().write_all(note.as_bytes()).unwrap();
            None
        }
    };
    CLUSTER.get_or_init(start).as_ref()
}

/// Returns whether a transaction in this database waits for what another one has locked.
pub fn is_waiting(db: &mut PgConnection) -> bool {
    use diesel::dsl::sql;
    use diesel::sql_types::Bool;
    // A wait for a row names no database, but who waits is connected to one.
    let waits = "EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) \
                 WHERE NOT granted AND datname = current_database())";
    diesel::select(sql::<Bool>(waits)).get_result(db).unwrap()
}

/// A database of one test. It is dropped with this value, since hundreds of them would fill the disk.
pub struct Database {
    pub url: String,
    name: String,
}

impl Drop for Database {
    fn drop(&mut self) {
        // A failed test says why by itself; what is left goes with the cluster.
        if let Some(Some(cluster)) = CLUSTER.get() {
            let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
            let _ = diesel::sql_query(sql).execute(&mut *cluster.admin.lock().unwrap());
        }
    }
}

impl Cluster {
    /// Makes a database that is migrated and seeded, to be copied.
    fn make_template(&self) {
        self.execute("CREATE DATABASE template_musubi");
        let folder = tempfile::TempDir::new().unwrap();
        let url = self.server.url("template_musubi");
        drop(AppState::open(&config(folder.path(), Some(url))).unwrap());
    }

    pub fn fresh_database(&self) -> Database {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        // The pool that made the template may still be closing its connections.
        let others =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'template_musubi'";
        self.execute(others);
        self.execute(&format!(
            "CREATE DATABASE {name} TEMPLATE template_musubi STRATEGY FILE_COPY"
        ));
        let url = self.server.url(&name);
        Database { url, name }
    }

    fn execute(&self, sql: &str) {
        diesel::sql_query(sql)
            .execute(&mut *self.admin.lock().unwrap())
            .unwrap();
    }
}
