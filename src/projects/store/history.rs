//! SQL of the history of projects: codes and ids, no content.

use crate::db::schema::project_entries;
use crate::db::schema::project_events::{self, dsl};
use crate::db::{Db, Id, Instant, keyset};
use crate::error::Result;
use crate::http::page::COUNTED;
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

/// Writes when something happened that was entered later.
pub fn set_time(db: &mut Db, id: Id, occurred_at: Instant) -> Result<()> {
    diesel::update(dsl::project_events.find(id))
        .set(dsl::occurred_at.eq(occurred_at))
        .execute(db)?;
    Ok(())
}

/// Returns what happened. With `all`, also what only coordinators see. Without what is about the `hidden` entries
/// and members; if there are any, also without deleted entries, since nothing tells whose those were.
macro_rules! happened {
    ($project:expr, $all:expr, $hidden:expr) => {{
        let mut query = dsl::project_events
            .filter(dsl::project_id.eq($project))
            .select(EventRow::as_select())
            .into_boxed();
        if !$all {
            query = query.filter(dsl::visibility.eq(Visibility::Team.code()));
        }
        if !$hidden.is_empty() {
            let entries = project_entries::table
                .filter(project_entries::project_id.eq($project))
                .select(project_entries::id);
            let is_there = dsl::subject
                .eq_any(["project", "member"])
                .or(dsl::subject_id.eq_any(entries));
            query = query.filter(dsl::subject_id.ne_all($hidden)).filter(is_there);
        }
        query
    }};
}

/// Lists what happened, newest first.
pub fn list(
    db: &mut Db,
    project: Id,
    (all, hidden): (bool, &[Id]),
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<EventRow>> {
    let query = keyset!(happened!(project, all, hidden), after, dsl::id, descending);
    Ok(query.limit(limit).load(db)?)
}

/// Counts what happened, up to [`COUNTED`].
pub fn count(db: &mut Db, project: Id, (all, hidden): (bool, &[Id])) -> Result<usize> {
    let query = happened!(project, all, hidden).select(dsl::id).limit(COUNTED);
    Ok(query.load::<Id>(db)?.len())
}
