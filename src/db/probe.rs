//! Asks whether the database can do what a server needs: answer, write, and grow.

use super::{Db, migrations};
use crate::error::{Error, Fault, Result};
use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{Bool, Text};
use std::io::Write;
use std::path::Path;

/// Bytes that have to fit on the disk.
const ROOM: usize = 256 * 1024;

#[derive(diesel::QueryableByName)]
struct ReadOnly {
    #[diesel(sql_type = Bool)]
    read_only: bool,
}

#[derive(diesel::QueryableByName)]
struct File {
    #[diesel(sql_type = Text)]
    file: String,
}

/// Checks, inside a transaction that can write, that it really can, and that the tables are of this release.
pub fn can_write(db: &mut Db) -> Result<()> {
    if let Db::Pg(c) = db {
        // A standby begins such transactions too.
        let query = "SELECT current_setting('transaction_read_only')::boolean AS read_only";
        let ReadOnly { read_only } = diesel::sql_query(query).get_result(c)?;
        if read_only {
            return Err(Error::fault(Fault::ReadOnly, "transactions are read-only"));
        }
    }
    migrations::check(db)
}

/// Checks that the disk has room, with a temporary file on the same disk.
pub fn has_room(db: &mut Db) -> Result<()> {
    match db {
        Db::Pg(c) => {
            // Spills into a temporary file.
            let spill = format!(
                "SET LOCAL work_mem = '64kB';
                 WITH lines AS MATERIALIZED (SELECT n, repeat('x', 1024) FROM generate_series(1, {}) AS n)
                 SELECT count(*) FROM lines AS one, (SELECT 1) AS other",
                ROOM / 1024
            );
            Ok(c.batch_execute(&spill)?)
        }
        Db::Sqlite(c) => {
            let query = "SELECT file FROM pragma_database_list WHERE name = 'main'";
            let File { file } = diesel::sql_query(query).get_result(c)?;
            let failed = |e: std::io::Error| Error::file("the data folder can't be written", e);
            let Some(folder) = Path::new(&file).parent() else {
                return Ok(());
            };
            let mut probe = tempfile::tempfile_in(folder).map_err(failed)?;
            probe.write_all(&[1; ROOM]).map_err(failed)
        }
    }
}
