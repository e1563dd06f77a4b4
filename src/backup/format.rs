//! The lines of a backup, and the errors of one that can't be restored.

use crate::db::migration_names;
use crate::db::schema::{Column, TABLES, Table};
use crate::error::{Error, Result, Text};
use serde::{Deserialize, Serialize};
use std::fmt::Display;

/// The version of the file's layout.
pub const FORMAT: u32 = 1;

/// Tables that others refer to come first, in this order; the others follow in the order of the schema.
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

/// The first line.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    pub musubi_backup: u32,
    pub migration: String,
}

/// The line before the rows of a table.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct TableHeader {
    pub table: String,
    pub columns: Vec<String>,
}

impl TableHeader {
    pub fn of(table: &Table) -> TableHeader {
        let name = |column: &Column| column.name.to_owned();
        TableHeader {
            table: table.name.to_owned(),
            columns: table.columns.iter().map(name).collect(),
        }
    }
}

/// The last line.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Footer {
    pub rows: u64,
    pub sha256: String,
}

/// Returns all tables, in the order of the file.
pub fn tables() -> Vec<&'static Table> {
    let place = |table: &&Table| FIRST.iter().position(|name| *name == table.name);
    let mut tables: Vec<&Table> = TABLES.iter().collect();
    tables.sort_by_key(|table| place(table).unwrap_or(FIRST.len()));
    tables
}

pub fn newest_migration() -> Result<String> {
    let [names, _] = migration_names()?;
    Ok(names.into_iter().next_back().unwrap_or_default())
}

pub fn not_empty() -> Error {
    Error::Conflict {
        code: "not_empty",
        detail: Text::new(
            "データベースにデータがあります。空のデータベースに復元してください。",
            "The database is not empty. Restore into an empty one.",
        ),
    }
}

pub fn version_mismatch(theirs: &str, ours: &str) -> Error {
    Error::Conflict {
        code: "version_mismatch",
        detail: Text::new(
            "別のバージョンのバックアップです。同じバージョンの musubi で復元してください。",
            format!(
                "The backup was made by another version ({theirs}, this one is {ours}). Restore it with that version, \
                 then migrate."
            ),
        ),
    }
}

/// A line that is not what the format requires.
pub fn corrupt(line: u64, reason: &str) -> Error {
    Error::Conflict {
        code: "corrupt_backup",
        detail: Text::new(
            format!("バックアップの{line}行目が壊れています。何も書き込んでいません。"),
            format!("Line {line} of the backup is corrupt: {reason}. Nothing was written."),
        ),
    }
}

/// Rows that the database rejects: they refer to a missing row, or exist twice.
pub fn rejected_rows(table: &str, error: &dyn Display) -> Error {
    Error::Conflict {
        code: "corrupt_backup",
        detail: Text::new(
            format!("バックアップの表 {table} に復元できない行があります。何も書き込んでいません。"),
            format!("The database rejects rows of {table}: {error}. Nothing was written."),
        ),
    }
}
