//! Backup: the whole database as one file, and back, also from one kind of database to the other.
//!
//! Lines of JSON: a header (format, newest migration), then each table with its columns followed by its rows as arrays,
//! then the number of rows and a digest of everything before. Ids and bytes are hexadecimal, moments RFC 3339 in UTC,
//! rows stand in the order of their keys and the members of objects by name, so that one state of a database is one
//! file, whichever kind of database it is in.
//!
//! All of it is one transaction on either side: a backup is of one moment, and what is restored is all there or not at
//! all. Memory does not grow with the database.
//!
//! Deliberately absent: the key that signs tokens, which is no part of the database.

pub mod store;

use crate::db::schema::{Column, TABLES, Table};
use crate::db::{Db, Pool, migration_names};
use crate::error::{Error, Result, Text};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::{BufRead, Read, Write};

/// Of the layout of the file.
const FORMAT: u32 = 1;
/// Rows that are put in together, and their bytes.
const ROWS: usize = 500;
const BYTES: usize = 4 << 20;
/// The longest line: a part of an imported file in hexadecimal is far below.
const LONGEST: u64 = 256 << 20;

/// Those that others refer to come first, in this order; then the others, in theirs.
const FIRST: [&str; 8] = [
    "partners",
    "organizations",
    "workers",
    "deliverables",
    "users",
    "sessions",
    "audit",
    "import_jobs",
];

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    musubi_backup: u32,
    migration: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Beginning {
    table: String,
    columns: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct End {
    rows: u64,
    sha256: String,
}

fn tables() -> Vec<&'static Table> {
    let place = |table: &&Table| FIRST.iter().position(|name| *name == table.name);
    let mut tables: Vec<&Table> = TABLES.iter().collect();
    tables.sort_by_key(|table| place(table).unwrap_or(FIRST.len()));
    tables
}

fn newest_migration() -> Result<String> {
    let [names, _] = migration_names()?;
    Ok(names.into_iter().next_back().unwrap_or_default())
}

fn names(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| column.name.to_owned()).collect()
}

/// Writes what it counts and digests.
struct Lines<'o> {
    out: &'o mut dyn Write,
    digest: Sha256,
    rows: u64,
}

impl Lines<'_> {
    fn line(&mut self, value: &impl Serialize) -> Result<()> {
        let mut line = serde_json::to_vec(value).map_err(|e| Error::Internal(e.to_string()))?;
        line.push(b'\n');
        self.digest.update(&line);
        self.out
            .write_all(&line)
            .map_err(|e| Error::Internal(format!("the backup can't be written: {e}")))
    }
}

/// Writes the whole database, as of one moment, and gives the number of its rows.
pub fn write(pool: &Pool, out: &mut dyn Write) -> Result<u64> {
    let mut lines = Lines {
        out,
        digest: Sha256::new(),
        rows: 0,
    };
    lines.line(&Header {
        musubi_backup: FORMAT,
        migration: newest_migration()?,
    })?;
    pool.read_blocking(|db| {
        for table in tables() {
            lines.line(&Beginning {
                table: table.name.to_owned(),
                columns: names(table.columns),
            })?;
            store::each_row(db, table, &mut |row| {
                let row: Value = serde_json::from_str(row).map_err(|e| Error::Internal(e.to_string()))?;
                lines.rows += 1;
                lines.line(&row)
            })?;
        }
        Ok(())
    })?;
    let end = End {
        rows: lines.rows,
        sha256: hex(lines.digest.clone()),
    };
    lines.line(&end)?;
    lines
        .out
        .flush()
        .map_err(|e| Error::Internal(format!("the backup can't be written: {e}")))?;
    Ok(end.rows)
}

fn hex(digest: Sha256) -> String {
    hex::encode(digest.finalize())
}

/// Puts a backup into a database that nobody has written to, and gives the number of its rows.
pub fn read(pool: &Pool, from: &mut dyn BufRead) -> Result<u64> {
    pool.write_blocking(|db| {
        if !store::is_unused(db)? {
            return Err(refused(
                "not_empty",
                "データベースは空ではありません。空のデータベースに戻してください。",
                "The database is not empty: restore into an empty one.".to_owned(),
            ));
        }
        let mut reading = Reading { from, digest: Sha256::new(), line: 0, buffer: Vec::new() };
        let header: Header = reading.next()?.ok_or_else(|| broken(1, "it is empty"))?;
        let migration = newest_migration()?;
        if header.musubi_backup != FORMAT || header.migration != migration {
            return Err(refused(
                "another_version",
                "ほかの版のバックアップです。同じ版の musubi で戻してください。",
                format!(
                    "It was made by another version ({}, here {migration}): restore with that one, then migrate.",
                    header.migration
                ),
            ));
        }
        store::begin(db, &tables())?;
        let rows = rows(db, &mut reading)?;
        store::end(db)?;
        Ok(rows)
    })
}

fn rows(db: &mut Db, reading: &mut Reading) -> Result<u64> {
    let mut left = tables().into_iter();
    let mut into = Batch::default();
    loop {
        let before = reading.digest.clone();
        let line: Value = reading
            .next()?
            .ok_or_else(|| broken(reading.line, "it ends before its end"))?;
        match line {
            Value::Array(row) => into.put(db, row, reading)?,
            line if line.get("table").is_some() => {
                into.flush(db)?;
                let next = left.next();
                let expected = next.map(|table| Beginning {
                    table: table.name.to_owned(),
                    columns: names(table.columns),
                });
                let told: Option<Beginning> = serde_json::from_value(line).ok();
                if told.is_none() || told != expected {
                    return Err(broken(reading.line, "this table does not come here"));
                }
                into.table = next;
            }
            line => {
                into.flush(db)?;
                let told: Option<End> = serde_json::from_value(line).ok();
                let end = End {
                    rows: into.rows,
                    sha256: hex(before),
                };
                if left.next().is_some() || told.as_ref() != Some(&end) {
                    return Err(broken(
                        reading.line,
                        "rows or their digest are not what the end says",
                    ));
                }
                return Ok(end.rows);
            }
        }
    }
}

/// Rows of one table on their way.
#[derive(Default)]
struct Batch {
    table: Option<&'static Table>,
    rows: u64,
    waiting: Vec<Value>,
    bytes: usize,
}

impl Batch {
    fn put(&mut self, db: &mut Db, row: Vec<Value>, reading: &Reading) -> Result<()> {
        if self.table.is_none_or(|table| table.columns.len() != row.len()) {
            return Err(broken(reading.line, "the row has another number of columns"));
        }
        self.rows += 1;
        self.bytes += reading.buffer.len();
        self.waiting.push(Value::Array(row));
        if self.waiting.len() == ROWS || self.bytes >= BYTES {
            self.flush(db)?;
        }
        Ok(())
    }

    fn flush(&mut self, db: &mut Db) -> Result<()> {
        let rows = Value::Array(std::mem::take(&mut self.waiting));
        self.bytes = 0;
        match self.table {
            Some(table) if rows != Value::Array(Vec::new()) => store::insert(db, table, &rows.to_string()),
            _ => Ok(()),
        }
    }
}

/// Lines that come in, counted and digested.
struct Reading<'f> {
    from: &'f mut dyn BufRead,
    digest: Sha256,
    line: u64,
    buffer: Vec<u8>,
}

impl Reading<'_> {
    /// The next line; none at the end.
    fn next<T: for<'de> Deserialize<'de>>(&mut self) -> Result<Option<T>> {
        self.buffer.clear();
        self.line += 1;
        let read = (&mut self.from).take(LONGEST).read_until(b'\n', &mut self.buffer);
        match read {
            Err(e) => return Err(broken(self.line, &e.to_string())),
            Ok(0) => return Ok(None),
            Ok(_) if !self.buffer.ends_with(b"\n") => return Err(broken(self.line, "the line does not end")),
            Ok(_) => {}
        }
        self.digest.update(&self.buffer);
        let read = serde_json::from_slice(&self.buffer);
        read.map(Some).map_err(|e| broken(self.line, &e.to_string()))
    }
}

fn refused(code: &'static str, ja: &'static str, en: String) -> Error {
    Error::Conflict {
        code,
        detail: Text::new(ja, en),
    }
}

/// Rows that the database refuses: what they refer to is not there, or they are there twice.
fn unfit(table: &str, error: &dyn std::fmt::Display) -> Error {
    Error::Conflict {
        code: "broken_backup",
        detail: Text::new(
            format!("バックアップの表 {table} の行を戻せません。何も書き込んでいません。"),
            format!("Rows of {table} don't fit: {error}. Nothing was written."),
        ),
    }
}

fn broken(line: u64, what: &str) -> Error {
    Error::Conflict {
        code: "broken_backup",
        detail: Text::new(
            format!("バックアップの{line}行目が壊れています。何も書き込んでいません。"),
            format!("Line {line} of the backup is broken: {what}. Nothing was written."),
        ),
    }
}
