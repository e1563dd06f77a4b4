//! A throwaway PostgreSQL cluster for the whole run, reached by a socket in its own folder.
//!
//! It is stopped by a shell that waits for the end of this process, however that comes. Where PostgreSQL's server
//! isn't installed, its tests are left out and that is said; `MUSUBI_REQUIRE_POSTGRES=1` makes it a failure.

use super::config;
use diesel::prelude::*;
use musubi::api::State;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};

pub struct Cluster {
    folder: PathBuf,
    admin: Mutex<PgConnection>,
    /// Its standard input closes with this process.
    _reaper: Child,
}

pub fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    let start = || match binaries() {
        Some(binaries) => Some(Cluster::start(&binaries)),
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

/// The folder of the server's programs.
fn binaries() -> Option<PathBuf> {
    let on_path =
        std::env::split_paths(&std::env::var_os("PATH")?).find(|folder| folder.join("initdb").exists());
    let configured = || {
        let output = Command::new("pg_config").arg("--bindir").output().ok()?;
        let folder = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
        folder.join("initdb").exists().then_some(folder)
    };
    on_path.or_else(configured)
}

impl Cluster {
    fn start(binaries: &Path) -> Cluster {
        let made = temp_dir::TempDir::with_prefix("musubi-pg-").unwrap();
        let folder = made.path().to_owned();
        // The reaper removes it.
        made.leak();
        let path = folder.display().to_string();
        let as_root = is_root();
        if as_root {
            run(Command::new("chown").args(["postgres", &path]));
        }
        let binary = |name: &str| binaries.join(name).display().to_string();
        let shell = |script: &str| {
            // The server refuses to run as root.
            let mut command = if as_root {
                Command::new("runuser")
            } else {
                Command::new("sh")
            };
            if as_root {
                command.args(["-u", "postgres", "--", "sh"]);
            }
            command
                .args(["-c", script])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .current_dir("/");
            command
        };
        let (initdb, pg_ctl) = (binary("initdb"), binary("pg_ctl"));
        run(&mut shell(&format!(
            "'{initdb}' --no-sync -U postgres -A trust -E UTF8 --locale=C -D '{path}/data' && \
             '{pg_ctl}' -w -D '{path}/data' -l '{path}/log' \
             -o \"-k '{path}' -c listen_addresses='' -c fsync=off -c max_connections=300\" start"
        )));
        let stop = format!("cat > /dev/null; '{pg_ctl}' -D '{path}/data' -m immediate stop; rm -rf '{path}'");
        let reaper = shell(&stop)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let admin = Mutex::new(PgConnection::establish(&url(&folder, "postgres")).unwrap());
        let cluster = Cluster {
            folder,
            admin,
            _reaper: reaper,
        };
        cluster.make_template();
        cluster
    }

    /// Migrated and seeded once.
    fn make_template(&self) {
        self.execute("CREATE DATABASE template_musubi");
        let folder = temp_dir::TempDir::new().unwrap();
        drop(State::open(&config(folder.path(), Some(url(&self.folder, "template_musubi")))).unwrap());
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
        url(&self.folder, &name)
    }

    fn execute(&self, sql: &str) {
        diesel::sql_query(sql)
            .execute(&mut *self.admin.lock().unwrap())
            .unwrap();
    }
}

fn url(folder: &Path, database: &str) -> String {
    let host = folder.display().to_string().replace('/', "%2F");
    format!("postgres://postgres@{host}/{database}")
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    output.stdout.trim_ascii() == b"0"
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
