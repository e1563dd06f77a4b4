//! SQL of the history of projects: codes and ids, no content.

use crate::db::schema::project_events::{self, dsl};
use crate::db::{Db, Id, Instant, keyset};
use crate::error::Result;
use crate::projects::work::Visibility;
use diesel::prelude::*;

/// Something that happened in a project.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = project_events, treat_none_as_default_value = false)]
pub struct EventRow {
    pub id: Id,
    pub project_id: Id,
    pub subject: String,
    pub subject_id: Id,
    pub action: String,
    pub detail: Option<String>,
    pub visibility: String,
    pub actor: String,
    pub occurred_at: Instant,
}

pub fn insert(db: &mut Db, event: &EventRow) -> Result<()> {
    diesel::insert_into(project_events::table)
        .values(event)
        .execute(db)?;
    Ok(())
}

/// Lists what happened, newest first. With `all`, also what only coordinators see.
pub fn list(db: &mut Db, project: Id, all: bool, after: Option<Id>, limit: i64) -> Result<Vec<EventRow>> {
    let mut query = dsl::project_events
        .filter(dsl::project_id.eq(project))
        .select(EventRow::as_select())
        .into_boxed();
    if !all {
        query = query.filter(dsl::visibility.eq(Visibility::Team.code()));
    }
    let query = keyset!(query, after, dsl::id, descending);
    Ok(query.limit(limit).load(db)?)
}
