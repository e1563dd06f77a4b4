//! The program as a separate process, on a database that nobody else uses.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

pub struct Program {
    folder: TempDir,
    /// PostgreSQL; none for SQLite.
    database: Option<String>,
    pub address: SocketAddr,
}

impl Program {
    pub fn new(database: Option<String>) -> Program {
        // The port is free again once the listener is dropped.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        Program {
            folder: TempDir::new().unwrap(),
            database,
            address: listener.local_addr().unwrap(),
        }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_musubi"));
        command.args(arguments).arg("--data-dir").arg(self.folder.path());
        command.env_remove("DATABASE_URL").stderr(Stdio::null());
        command.env("MUSUBI_WEBHOOK_NETWORKS", "127.0.0.1");
        if let Some(url) = &self.database {
            command.env("DATABASE_URL", url);
        }
        command
    }

    /// Returns an administrator's token.
    pub fn token(&self, subject: &str) -> String {
        let mut command = self.command(&["token", "--role", "admin", "--ttl", "24h", "--subject", subject]);
        let printed = command.output().unwrap().stdout;
        String::from_utf8(printed).unwrap().trim().to_owned()
    }

    /// Starts the server.
    pub fn start(&self) -> Child {
        let address = self.address.to_string();
        let mut command = self.command(&["serve", "--listen", &address]);
        command.stdout(Stdio::null()).spawn().unwrap()
    }

    pub fn is_ready(&self) -> bool {
        let readiness = format!("http://{}/readyz", self.address);
        ureq::get(readiness).call().is_ok()
    }

    /// Starts the server, and waits until it is ready.
    pub fn serve(&self) -> Child {
        let child = self.start();
        while !self.is_ready() {
            std::thread::sleep(Duration::from_millis(100));
        }
        child
    }

    /// Returns the URL or path of the database.
    #[allow(dead_code)]
    pub fn database(&self) -> String {
        let file = self.folder.path().join("musubi.sqlite3").display().to_string();
        self.database.clone().unwrap_or(file)
    }
}
