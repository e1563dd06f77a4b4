//! A temporary PostgreSQL cluster for all tests.
//!
//! If PostgreSQL is not installed, its tests are skipped with a note. `MUSUBI_REQUIRE_POSTGRES=1` makes that a failure.

use super::config;
use diesel::prelude::*;
use musubi::server::AppState;
use std::io::Write;
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

pub fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    let start = || match cluster::binaries() {
        Some(binaries) => {
            let server = cluster::Cluster::start(&binaries, "-c max_connections=300");
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

impl Cluster {
    /// Makes a database that is migrated and seeded, to be copied.
    fn make_template(&self) {
        self.execute("CREATE DATABASE template_musubi");
        let folder = tempfile::TempDir::new().unwrap();
        let url = self.server.url("template_musubi");
        drop(AppState::open(&config(folder.path(), Some(url))).unwrap());
    }

    pub fn fresh_database(&self, number: u32) -> String {
        let name = format!("test_{number}");
        // The pool that made the template may still be closing its connections.
        let others =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'template_musubi'";
        self.execute(others);
        self.execute(&format!(
            "CREATE DATABASE {name} TEMPLATE template_musubi STRATEGY FILE_COPY"
        ));
        self.server.url(&name)
    }

    fn execute(&self, sql: &str) {
        diesel::sql_query(sql)
            .execute(&mut *self.admin.lock().unwrap())
            .unwrap();
    }
}
