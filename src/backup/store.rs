//! SQL of backups, built from the tables of `db::schema`. Both databases write and read the same JSON.

use super::format::rejected_rows;
use crate::db::schema::{Column, TABLES, Table};
use crate::db::{BATCH, Db};
use crate::error::Result;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    row: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Returns the order of a table's rows. Records come before those that were merged into them.
fn order(table: &Table) -> String {
    let merged = table.columns.iter().any(|column| column.name == "merged_into");
    let first = if merged { "merged_into IS NOT NULL, " } else { "" };
    format!("{first}{}", table.key.join(", "))
}

/// Returns the SQL that writes a column as JSON.
fn written(db: &Db, column: &Column) -> String {
    let name = column.name;
    match (db, column.type_name) {
        (Db::Sqlite(_), "UniqueId" | "Binary") => format!("lower(hex({name}))"),
        (Db::Sqlite(_), "JsonText") => format!("json({name})"),
        (Db::Sqlite(_), "Bool") => format!("json(iif({name}, 'true', 'false'))"),
        (Db::Pg(_), "UniqueId") => format!("replace({name}::text, '-', '')"),
        (Db::Pg(_), "Binary") => format!("encode({name}, 'hex')"),
        (Db::Pg(_), "MicrosecondTime") => {
            format!("to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
        }
        _ => name.to_owned(),
    }
}

/// Like [`written`]; NULL stays NULL.
fn written_or_null(db: &Db, column: &Column) -> String {
    let written = written(db, column);
    match (db, column.nullable) {
        (Db::Sqlite(_), true) if column.type_name == "JsonText" => {
            format!("json(ifnull({}, 'null'))", column.name)
        }
        (Db::Sqlite(_), true) => format!("iif({} IS NULL, NULL, {written})", column.name),
        _ => written,
    }
}

/// Calls `write` with each row of a table as a JSON array, in the order of the key.
pub fn each_row(db: &mut Db, table: &Table, write: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
    let columns: Vec<String> = table
        .columns
        .iter()
        .map(|column| written_or_null(db, column))
        .collect();
    let (columns, name, order) = (columns.join(", "), table.name, order(table));
    match db {
        Db::Sqlite(c) => {
            let all = format!("SELECT json_array({columns}) AS row FROM {name} ORDER BY {order}");
            for row in diesel::sql_query(all).load_iter::<Row, _>(c)? {
                write(&row?.row)?;
            }
        }
        Db::Pg(c) => {
            c.batch_execute(&format!(
                "DECLARE backup NO SCROLL CURSOR FOR SELECT json_build_array({columns})::text AS row FROM {name} ORDER BY {order}"
            ))?;
            loop {
                let rows: Vec<Row> = diesel::sql_query(format!("FETCH {BATCH} FROM backup")).load(c)?;
                if rows.is_empty() {
                    break;
                }
                for row in rows {
                    write(&row.row)?;
                }
            }
            c.batch_execute("CLOSE backup")?;
        }
    }
    Ok(())
}

/// Returns whether the database has nothing but what a new one has.
pub fn is_unused(db: &mut Db) -> Result<bool> {
    for name in [
        "organizations",
        "workers",
        "users",
        "partners",
        "import_jobs",
        "audit",
    ] {
        if count(db, name)? > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

fn count(db: &mut Db, name: &str) -> Result<i64> {
    let counted = diesel::sql_query(format!("SELECT count(*) AS n FROM {name}"));
    let found: Count = match db {
        Db::Sqlite(c) => counted.get_result(c)?,
        Db::Pg(c) => counted.get_result(c)?,
    };
    Ok(found.n)
}

/// Deletes what a new database has.
pub fn begin(db: &mut Db, tables: &[&Table]) -> Result<()> {
    if let Db::Sqlite(c) = db {
        c.batch_execute("PRAGMA defer_foreign_keys = ON")?;
    }
    for table in tables.iter().rev() {
        let delete = format!("DELETE FROM {}", table.name);
        match db {
            Db::Sqlite(c) => c.batch_execute(&delete)?,
            Db::Pg(c) => c.batch_execute(&delete)?,
        }
    }
    Ok(())
}

/// Returns the SQL that reads a column from an element of a row.
fn read(db: &Db, column: &Column, at: usize) -> String {
    match (db, column.type_name, column.nullable) {
        (Db::Sqlite(_), "UniqueId" | "Binary", _) => format!("unhex(value ->> {at})"),
        (Db::Sqlite(_), "JsonText", false) => format!("value -> {at}"),
        (Db::Sqlite(_), "JsonText", true) => format!("nullif(value -> {at}, 'null')"),
        (Db::Sqlite(_), ..) => format!("value ->> {at}"),
        (Db::Pg(_), "JsonText", false) => format!("value -> {at}"),
        (Db::Pg(_), "JsonText", true) => format!("nullif(value -> {at}, 'null'::jsonb)"),
        (Db::Pg(_), "Binary", _) => format!("decode(value ->> {at}, 'hex')"),
        (Db::Pg(_), type_name, _) => {
            let sql_type = match type_name {
                "UniqueId" => "uuid",
                "MicrosecondTime" => "timestamptz",
                "BigInt" => "bigint",
                "Integer" => "integer",
                "Bool" => "boolean",
                _ => "text",
            };
            format!("(value ->> {at})::{sql_type}")
        }
    }
}

/// Inserts rows, given as a JSON array of arrays.
pub fn insert(db: &mut Db, table: &Table, rows: &str) -> Result<()> {
    let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let values: Vec<String> = (0..)
        .zip(table.columns)
        .map(|(at, column)| read(db, column, at))
        .collect();
    let (name, names, values) = (table.name, names.join(", "), values.join(", "));
    let rejected = |e: diesel::result::Error| rejected_rows(name, &e);
    match db {
        Db::Sqlite(c) => {
            let insert = format!("INSERT INTO {name} ({names}) SELECT {values} FROM json_each(?)");
            diesel::sql_query(insert)
                .bind::<Text, _>(rows)
                .execute(c)
                .map_err(rejected)?;
        }
        Db::Pg(c) => {
            let insert = format!(
                "INSERT INTO {name} ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM jsonb_array_elements($1::jsonb)"
            );
            diesel::sql_query(insert)
                .bind::<Text, _>(rows)
                .execute(c)
                .map_err(rejected)?;
        }
    }
    Ok(())
}

/// Makes sequences continue after the numbers that were restored.
pub fn end(db: &mut Db) -> Result<()> {
    #[derive(QueryableByName)]
    struct Sequence {
        #[diesel(sql_type = Nullable<Text>)]
        sequence: Option<String>,
    }
    let Db::Pg(c) = db else { return Ok(()) };
    for (table, column) in TABLES
        .iter()
        .filter_map(|table| Some((table, table.key.first()?)))
    {
        let name = table.name;
        let found = format!("SELECT pg_get_serial_sequence('{name}', '{column}') AS sequence");
        let found: Sequence = diesel::sql_query(found).get_result(c)?;
        if let Some(sequence) = found.sequence {
            c.batch_execute(&format!(
                "SELECT setval('{sequence}', greatest(max({column}), 1), max({column}) IS NOT NULL) FROM {name}"
            ))?;
        }
    }
    Ok(())
}
