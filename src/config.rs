//! The configuration: flags and environment, read once in `main` and passed on. There are no globals.

use crate::error::{Error, Result};
use clap::{Args, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where the data is and how to log: shared by all subcommands that touch the database.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// PostgreSQL to use instead of SQLite: postgres://user:password@host/database
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true)]
    pub database_url: Option<String>,
    /// Folder of the SQLite database and of the token key
    #[arg(long, env = "MUSUBI_DATA_DIR", default_value = "./data", global = true)]
    pub data_dir: PathBuf,
    /// Secret that signs tokens, at least 32 bytes; without it one is made and kept in the data folder
    #[arg(long, env = "MUSUBI_TOKEN_KEY", hide_env_values = true, global = true)]
    pub token_key: Option<String>,
    /// Least severe level that is logged, for everything or by module: "info", "warn,musubi=debug"
    #[arg(long, env = "MUSUBI_LOG", default_value = "info", global = true)]
    pub log: String,
    /// Form of the log lines
    #[arg(long, env = "MUSUBI_LOG_FORMAT", value_enum, default_value_t = LogFormat::Human, global = true)]
    pub log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Human,
    Json,
}

/// How to serve.
#[derive(Debug, Clone, Args)]
pub struct Listen {
    /// Address and port to listen on; port 0 picks a free one
    #[arg(long, env = "MUSUBI_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Number of threads that answer requests; 0 takes one for each core
    #[arg(long, env = "MUSUBI_WORKERS", default_value_t = 0)]
    pub workers: usize,
}

impl Config {
    /// The database: PostgreSQL's URL, or the path of the SQLite file, whose folder is made.
    pub fn database(&self) -> Result<String> {
        match &self.database_url {
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                self.warn_without_tls(url);
                Ok(url.clone())
            }
            // A mistyped URL must not become the name of a new SQLite file.
            Some(_) => Err(Error::Internal(
                "DATABASE_URL has to begin with postgres://".into(),
            )),
            None => Ok(self
                .data_dir()?
                .join("musubi.sqlite3")
                .to_string_lossy()
                .into_owned()),
        }
    }

    /// The data folder, made if it isn't there.
    pub fn data_dir(&self) -> Result<PathBuf> {
        let made = std::fs::create_dir_all(&self.data_dir);
        made.map_err(|e| {
            Error::Internal(format!("cannot make the folder {}: {e}", self.data_dir.display()))
        })?;
        Ok(self.data_dir.clone())
    }

    fn warn_without_tls(&self, url: &str) {
        let after_user = url.rsplit_once('@').map_or(url, |(_, rest)| rest);
        let host = after_user.split("//").last().unwrap_or_default();
        let local = ["127.", "localhost", "[::1]", "/", "%2F"]
            .iter()
            .any(|prefix| host.starts_with(prefix));
        if !local && !host.is_empty() && !cfg!(feature = "pg-tls") {
            tracing::warn!("this build has no TLS to PostgreSQL, and the database is not on this machine");
        }
    }
}
