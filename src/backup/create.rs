//! Creating a backup.

use super::format::{FORMAT, Footer, Header, TableHeader, newest_migration, tables};
use super::store;
use crate::db::Pool;
use crate::error::{Error, Result};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::Write;

/// Writes the whole database as of one moment, and returns the number of its rows.
pub fn create(pool: &Pool, out: &mut dyn Write) -> Result<u64> {
    let mut lines = LineWriter {
        out,
        sha256: Sha256::new(),
        rows: 0,
    };
    lines.write(&Header {
        musubi_backup: FORMAT,
        migration: newest_migration()?,
    })?;
    pool.read_blocking(|db| {
        for table in tables() {
            lines.write(&TableHeader::of(table))?;
            store::each_row(db, table, &mut |row| {
                let row: Value = serde_json::from_str(row).map_err(|e| Error::Internal(e.to_string()))?;
                lines.rows += 1;
                lines.write(&row)
            })?;
        }
        Ok(())
    })?;
    let footer = Footer {
        rows: lines.rows,
        sha256: hex::encode(lines.sha256.clone().finalize()),
    };
    lines.write(&footer)?;
    lines.out.flush().map_err(failed)?;
    Ok(footer.rows)
}

/// Writes lines, and hashes them.
struct LineWriter<'o> {
    out: &'o mut dyn Write,
    sha256: Sha256,
    rows: u64,
}

impl LineWriter<'_> {
    fn write(&mut self, value: &impl Serialize) -> Result<()> {
        let mut line = serde_json::to_vec(value).map_err(|e| Error::Internal(e.to_string()))?;
        line.push(b'\n');
        self.sha256.update(&line);
        self.out.write_all(&line).map_err(failed)
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::file("the backup can't be written", error)
}
