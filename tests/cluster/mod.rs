//! A throwaway PostgreSQL cluster, reached by a socket in its own folder.
//!
//! It is stopped by a shell that waits for the end of this process, however that comes.

use diesel::prelude::*;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub struct Cluster {
    folder: PathBuf,
    binaries: PathBuf,
    /// Its standard input closes with this process.
    _reaper: Child,
}

/// The folder of the server's programs.
pub fn binaries() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    // A link on the PATH leads to the folder with all of them.
    let on_path = std::env::split_paths(&paths).find_map(|folder| {
        let initdb = std::fs::canonicalize(folder.join("initdb")).ok()?;
        initdb.parent().map(Path::to_owned)
    });
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
        if is_root() {
            run(Command::new("chown").args(["postgres", &path]));
        }
        let (initdb, pg_ctl) = (program(binaries, "initdb"), program(binaries, "pg_ctl"));
        run(&mut shell(&format!(
            "'{initdb}' --no-sync -U postgres -A trust -E UTF8 --locale=C -D '{path}/data' && \
             '{pg_ctl}' -w -D '{path}/data' -l '{path}/log' \
             -o \"-k '{path}' -c listen_addresses='' -c fsync=off {settings}\" start"
        )));
        Cluster::watched(folder, binaries)
    }

    /// Starts another server that follows this one.
    #[allow(dead_code)] // Only some tests need two servers.
    pub fn standby(&self) -> Cluster {
        let made = tempfile::TempDir::with_prefix("musubi-pg-").unwrap();
        let folder = made.path().to_owned();
        let _ = made.keep();
        let (path, primary) = (folder.display().to_string(), self.folder.display());
        if is_root() {
            run(Command::new("chown").args(["postgres", &path]));
        }
        let (copy, pg_ctl) = (
            program(&self.binaries, "pg_basebackup"),
            program(&self.binaries, "pg_ctl"),
        );
        run(&mut shell(&format!(
            "'{copy}' -h '{primary}' -U postgres -D '{path}/data' -R -X stream -c fast --no-sync && \
             '{pg_ctl}' -w -D '{path}/data' -l '{path}/log' \
             -o \"-k '{path}' -c listen_addresses='' -c fsync=off\" start"
        )));
        Cluster::watched(folder, &self.binaries)
    }

    /// Ends the server at once, as a power cut does.
    #[allow(dead_code)]
    pub fn stop(&self) {
        let pg_ctl = program(&self.binaries, "pg_ctl");
        run(&mut shell(&format!(
            "'{pg_ctl}' -w -D '{}/data' -m immediate stop",
            self.folder.display()
        )));
    }

    /// Makes a standby the primary.
    #[allow(dead_code)]
    pub fn promote(&self) {
        let pg_ctl = program(&self.binaries, "pg_ctl");
        run(&mut shell(&format!(
            "'{pg_ctl}' -w -D '{}/data' promote",
            self.folder.display()
        )));
    }

    /// Freezes all processes of the server until the returned value is dropped.
    #[allow(dead_code)]
    pub fn freeze(&self) -> Frozen {
        let path = self.folder.join("data/postmaster.pid");
        let text = std::fs::read_to_string(path).unwrap();
        let postmaster = text.lines().next().unwrap().to_owned();
        // The parent first, so that it starts no more children.
        signal("STOP", std::slice::from_ref(&postmaster));
        let children = Command::new("pgrep").args(["-P", &postmaster]).output().unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        let mut processes: Vec<String> = children.lines().map(str::to_owned).collect();
        signal("STOP", &processes);
        processes.push(postmaster);
        Frozen(processes)
    }

    /// Stops the server when this process ends, however that comes.
    fn watched(folder: PathBuf, binaries: &Path) -> Cluster {
        let (path, pg_ctl) = (folder.display().to_string(), program(binaries, "pg_ctl"));
        let stop = format!("cat > /dev/null; '{pg_ctl}' -D '{path}/data' -m immediate stop; rm -rf '{path}'");
        let reaper = shell(&stop)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Cluster {
            folder,
            binaries: binaries.to_owned(),
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

/// The processes of a frozen server.
pub struct Frozen(Vec<String>);

impl Drop for Frozen {
    fn drop(&mut self) {
        signal("CONT", &self.0);
    }
}

fn signal(name: &str, processes: &[String]) {
    // A process may have ended.
    let _ = Command::new("kill")
        .arg(format!("-{name}"))
        .args(processes)
        .output();
}

fn program(binaries: &Path, name: &str) -> String {
    binaries.join(name).display().to_string()
}

/// A script that runs as a user who may start a server: it refuses to run as root.
fn shell(script: &str) -> Command {
    let mut command = match is_root() {
        true => Command::new("runuser"),
        false => Command::new("sh"),
    };
    if is_root() {
        command.args(["-u", "postgres", "--", "sh"]);
    }
    command
        .args(["-c", script])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .current_dir("/");
    command
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
