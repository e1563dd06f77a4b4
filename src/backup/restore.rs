//! Restoring a backup.

use super::format::{
    FORMAT, Footer, Header, TableHeader, corrupt, newest_migration, not_empty, tables, version_mismatch,
};
use super::store;
use crate::db::schema::Table;
use crate::db::{Db, Pool};
use crate::error::Result;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::{BufRead, Read};

/// The most rows that are inserted together, and their bytes.
const BATCH_ROWS: usize = 500;
const BATCH_BYTES: usize = 4 << 20;
/// The longest line, in bytes. A part of an imported file in hexadecimal is far shorter.
const LONGEST: u64 = 256 << 20;

/// Restores a backup into an unused database, and returns the number of its rows.
pub fn restore(pool: &Pool, from: &mut dyn BufRead) -> Result<u64> {
    pool.write_blocking(|db| {
        if !store::is_unused(db)? {
            return Err(not_empty());
        }
        let mut lines = LineReader {
            from,
            sha256: Sha256::new(),
            line: 0,
            buffer: Vec::new(),
        };
        let header: Header = lines.next()?.ok_or_else(|| corrupt(1, "the file is empty"))?;
        let migration = newest_migration()?;
        if header.musubi_backup != FORMAT || header.migration != migration {
            return Err(version_mismatch(&header.migration, &migration));
        }
        store::begin(db, &tables())?;
        let rows = restore_rows(db, &mut lines)?;
        store::end(db)?;
        Ok(rows)
    })
}

fn restore_rows(db: &mut Db, lines: &mut LineReader) -> Result<u64> {
    let mut remaining = tables().into_iter();
    let mut batch = Batch::default();
    loop {
        let before = lines.sha256.clone();
        let line: Value = lines
            .next()?
            .ok_or_else(|| corrupt(lines.line, "the file ends too early"))?;
        match line {
            Value::Array(row) => batch.add(db, row, lines)?,
            line if line.get("table").is_some() => {
                batch.flush(db)?;
                let next = remaining.next();
                let header: Option<TableHeader> = serde_json::from_value(line).ok();
                if header.is_none() || header != next.map(TableHeader::of) {
                    return Err(corrupt(lines.line, "this table doesn't belong here"));
                }
                batch.table = next;
            }
            line => {
                batch.flush(db)?;
                let footer: Option<Footer> = serde_json::from_value(line).ok();
                let expected = Footer {
                    rows: batch.rows,
                    sha256: hex::encode(before.finalize()),
                };
                if remaining.next().is_some() || footer.as_ref() != Some(&expected) {
                    return Err(corrupt(
                        lines.line,
                        "the rows don't match the number and the hash at the end",
                    ));
                }
                return Ok(expected.rows);
            }
        }
    }
}

/// Rows of one table that wait to be inserted.
#[derive(Default)]
struct Batch {
    table: Option<&'static Table>,
    /// Rows of all tables so far.
    rows: u64,
    waiting: Vec<Value>,
    bytes: usize,
}

impl Batch {
    fn add(&mut self, db: &mut Db, row: Vec<Value>, lines: &LineReader) -> Result<()> {
        if self.table.is_none_or(|table| table.columns.len() != row.len()) {
            return Err(corrupt(lines.line, "the row has the wrong number of columns"));
        }
        self.rows += 1;
        self.bytes += lines.buffer.len();
        self.waiting.push(Value::Array(row));
        if self.waiting.len() == BATCH_ROWS || self.bytes >= BATCH_BYTES {
            self.flush(db)?;
        }
        Ok(())
    }

    fn flush(&mut self, db: &mut Db) -> Result<()> {
        let rows = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        match self.table {
            Some(table) if !rows.is_empty() => store::insert(db, table, &Value::Array(rows).to_string()),
            _ => Ok(()),
        }
    }
}

/// Reads lines, counts and hashes them.
struct LineReader<'f> {
    from: &'f mut dyn BufRead,
    sha256: Sha256,
    line: u64,
    buffer: Vec<u8>,
}

impl LineReader<'_> {
    /// Reads the next line; `None` at the end.
    fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        self.buffer.clear();
        self.line += 1;
        let read = (&mut self.from).take(LONGEST).read_until(b'\n', &mut self.buffer);
        match read {
            Err(e) => return Err(corrupt(self.line, &e.to_string())),
            Ok(0) => return Ok(None),
            Ok(_) if !self.buffer.ends_with(b"\n") => return Err(corrupt(self.line, "the line has no end")),
            Ok(_) => {}
        }
        self.sha256.update(&self.buffer);
        let value = serde_json::from_slice(&self.buffer);
        value.map(Some).map_err(|e| corrupt(self.line, &e.to_string()))
    }
}
