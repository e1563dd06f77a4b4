//! SQL of the records that the rows of an import were about, for the run that goes on with it.

use crate::db::schema::import_seen::{self, dsl};
use crate::db::{BATCH, Db, Id};
use crate::error::Result;
use diesel::prelude::*;
use std::collections::HashMap;

/// Notes the record that a row was about, with its line. A record is noted once.
pub fn insert(db: &mut Db, import: Id, about: Option<(Id, u64)>) -> Result<()> {
    let Some((record, line)) = about else {
        return Ok(());
    };
    let row = (
        dsl::job_id.eq(import),
        dsl::record_id.eq(record),
        dsl::line.eq(Some(line as i64)),
    );
    diesel::insert_into(import_seen::table).values(row).execute(db)?;
    Ok(())
}

/// Returns all of them, with their lines if they are known.
pub fn all(db: &mut Db, import: Id) -> Result<HashMap<Id, Option<u64>>> {
    let (mut seen, mut after) = (HashMap::new(), None::<Id>);
    loop {
        let mut query = dsl::import_seen
            .filter(dsl::job_id.eq(import))
            .select((dsl::record_id, dsl::line))
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(dsl::record_id.gt(after));
        }
        let page = query.order(dsl::record_id).limit(BATCH as i64);
        let page = page.load::<(Id, Option<i64>)>(db)?;
        let Some((last, _)) = page.last() else {
            return Ok(seen);
        };
        after = Some(*last);
        let lines = page.iter().map(|(id, line)| (*id, line.map(|line| line as u64)));
        seen.extend(lines);
    }
}

/// Forgets them when an import has ended.
pub fn forget(db: &mut Db, import: Id) -> Result<()> {
    diesel::delete(dsl::import_seen.filter(dsl::job_id.eq(import))).execute(db)?;
    Ok(())
}
