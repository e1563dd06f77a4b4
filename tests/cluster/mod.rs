//! A throwaway PostgreSQL cluster, reached by a socket in its own folder.
//!
//! It is stopped by a shell that waits for the end of this process, however that comes.

use diesel::prelude::*;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub struct Cluster {
    folder: PathBuf,
    /// Its standard input closes with this process.
    _reaper: Child,
}

/// The folder of the server's programs.
pub fn binaries() -> Option<PathBuf> {
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
    /// With more of the server's settings, as `-c name=value`.
    pub fn start(binaries: &Path, settings: &str) -> Cluster {
        let made = tempfile::TempDir::with_prefix("musubi-pg-").unwrap();
        let folder = made.path().to_owned();
        // The reaper removes it.
        let _ = made.keep();
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
             -o \"-k '{path}' -c listen_addresses='' -c fsync=off {settings}\" start"
        )));
        let stop = format!("cat > /dev/null; '{pg_ctl}' -D '{path}/data' -m immediate stop; rm -rf '{path}'");
        let reaper = shell(&stop)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Cluster {
            folder,
            _reaper: reaper,
        }
    }

    pub fn url(&self, database: &str) -> String {
        let host = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{host}/{database}")
    }

    pub fn connect(&self) -> PgConnection {
        PgConnection::establish(&self.url("postgres")).unwrap()
    }
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
