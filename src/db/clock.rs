//! The database's clock.

use super::Db;
use super::types::{Instant, MicrosecondTime};
use crate::error::Result;
use diesel::RunQueryDsl;

/// Returns the time of the database, which all servers share. A lease has to be measured with it: the clocks of two servers
/// differ, and a clock may be set back.
pub fn now(db: &mut Db) -> Result<Instant> {
    match db {
        Db::Pg(c) => {
            let now = diesel::dsl::sql::<MicrosecondTime>("clock_timestamp()");
            Ok(diesel::select(now).get_result(c)?)
        }
        // Its servers run on one machine.
        Db::Sqlite(_) => Ok(Instant::now()),
    }
}
