//! SQL that reads all workers, batch by batch, for the match index.

use super::to_worker;
use crate::db::schema::workers::dsl;
use crate::db::{Db, Doc, Id, Instant};
use crate::error::{Error, Result};
use crate::workers::Worker;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text as SqlText;

/// A row whose JSON is still text. Parsing takes longer than fetching, so that other threads can do it.
#[derive(Queryable)]
pub struct UnparsedWorker {
    pub id: Id,
    profile: String,
    personal: String,
    partner_id: Option<Id>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

impl UnparsedWorker {
    pub fn parse(&self) -> Result<Worker> {
        let unreadable = |e| Error::Internal(format!("worker {} can't be read: {e}", self.id));
        Ok(to_worker((
            self.id,
            Doc(serde_json::from_str(&self.profile).map_err(unreadable)?),
            Doc(serde_json::from_str(&self.personal).map_err(unreadable)?),
            self.partner_id,
            false,
            None,
            self.version,
            self.created_at,
            self.updated_at,
        )))
    }
}

/// Lists up to `limit` workers after an id. Leaves out sandbox and merged records.
pub fn list_unparsed(db: &mut Db, after: Option<Id>, limit: i64) -> Result<Vec<UnparsedWorker>> {
    let mut query = dsl::workers
        .filter(dsl::sandbox.eq(false))
        .filter(dsl::merged_into.is_null())
        .select((
            dsl::id,
            sql::<SqlText>("CAST(profile AS TEXT)"),
            sql::<SqlText>("CAST(personal AS TEXT)"),
            dsl::partner_id,
            dsl::version,
            dsl::created_at,
            dsl::updated_at,
        ))
        .order(dsl::id)
        .limit(limit)
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    Ok(query.load(db)?)
}
