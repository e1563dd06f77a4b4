//! One throwaway PostgreSQL cluster for the whole run.
//!
//! Where PostgreSQL's server isn't installed, its tests are left out and that is said; `MUSUBI_REQUIRE_POSTGRES=1` makes
//! it a failure.

use super::config;
use diesel::prelude::*;
use musubi::server::AppState;
use std::io::Write;
use std::sync::{Mutex, OnceLock};

#[path = "../../cluster/mod.rs"]
mod cluster;

pub struct Cluster {
    server: cluster::Cluster,
    admin: Mutex<PgConnection>,
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
            panic!("PostgreSQL is required here, and its initdb is nowhere to be found")
        }
        None => {
            // Straight to the terminal: the harness keeps back what a passing test prints.
            let note = "\nLEFT OUT: the PostgreSQL suite, since no initdb is on PATH or under `pg_config --bindir`.\n";
            std::io::stderr().write_all(note.as_bytes()).unwrap();
            None
        }
    };
    CLUSTER.get_or_init(start).as_ref()
}

impl Cluster {
    /// Migrated and seeded once.
    fn make_template(&self) {
        self.execute("CREATE DATABASE template_musubi");
        let folder = tempfile::TempDir::new().unwrap();
        let url = self.server.url("template_musubi");
        drop(AppState::open(&config(folder.path(), Some(url))).unwrap());
    }

    pub fn fresh_database(&self, number: u32) -> String {
        let name = format!("test_{number}");
        // A pool that was just dropped may still be closing its connections.
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
