//! SQL of workers' consents and their history.

use crate::audit::AuditAction;
use crate::db::schema::consents::{self, dsl};
use crate::db::{Db, Doc, Id, Instant, insert_all};
use crate::error::Result;
use crate::http::{Cursor, Page, Paging, page};
use crate::workers::{Consent, ConsentRecord, Worker};
use diesel::prelude::*;

/// Records the consents of new workers.
pub fn insert(db: &mut Db, actor: &str, workers: &[Worker]) -> Result<()> {
    let row = |worker: &Worker| {
        let consent = worker.profile.consent.clone()?;
        Some((
            dsl::id.eq(Id::new()),
            dsl::worker_id.eq(worker.id),
            dsl::consent.eq(Doc(consent)),
            dsl::recorded_by.eq(actor.to_owned()),
            dsl::recorded_at.eq(worker.updated_at),
        ))
    };
    let rows: Vec<_> = workers.iter().filter_map(row).collect();
    insert_all!(db, consents::table, &rows)?;
    Ok(())
}

/// Records that a consent was given, withdrawn or replaced, and returns the action for the audit.
pub fn update(db: &mut Db, actor: &str, worker: &Worker) -> Result<Option<AuditAction>> {
    let before = dsl::consents
        .filter(dsl::worker_id.eq(worker.id))
        .filter(dsl::withdrawn_at.is_null())
        .select((dsl::id, dsl::consent))
        .first::<(Id, Doc<Consent>)>(db)
        .optional()?;
    let (before, now) = (
        before.as_ref().map(|(id, Doc(consent))| (*id, consent)),
        &worker.profile.consent,
    );
    if before.map(|(_, consent)| consent) == now.as_ref() {
        return Ok(None);
    }
    if let Some((id, _)) = before {
        let withdrawn = (
            dsl::withdrawn_by.eq(actor),
            dsl::withdrawn_at.eq(worker.updated_at),
        );
        diesel::update(dsl::consents.find(id))
            .set(withdrawn)
            .execute(db)?;
    }
    insert(db, actor, std::slice::from_ref(worker))?;
    Ok(Some(match now {
        Some(_) => AuditAction::ConsentGiven,
        None => AuditAction::ConsentWithdrawn,
    }))
}

/// A row of `consents`, without its worker.
#[derive(Queryable, Selectable)]
#[diesel(table_name = consents)]
struct Row {
    id: Id,
    consent: Doc<Consent>,
    recorded_by: String,
    recorded_at: Instant,
    withdrawn_by: Option<String>,
    withdrawn_at: Option<Instant>,
}

impl Row {
    fn record(self, worker_id: Id) -> ConsentRecord {
        ConsentRecord {
            worker_id,
            consent: self.consent.0,
            recorded_by: self.recorded_by,
            recorded_at: self.recorded_at,
            withdrawn_by: self.withdrawn_by,
            withdrawn_at: self.withdrawn_at,
        }
    }
}

/// Lists a page of a worker's consents, oldest first.
pub fn list(db: &mut Db, worker: Id, paging: &Paging) -> Result<Page<ConsentRecord>> {
    let limit = page::limit(paging.limit)?;
    let cursor = Cursor::decode(paging.cursor.as_deref(), "recorded_at")?;
    let own = dsl::consents.filter(dsl::worker_id.eq(worker));
    let mut query = own.select(Row::as_select()).into_boxed();
    if let Some((at, id)) = page::after(&cursor, Instant::parse)? {
        let later = dsl::recorded_at.gt(at);
        query = query.filter(later.or(dsl::recorded_at.eq(at).and(dsl::id.gt(id))));
    }
    let rows = query
        .order((dsl::recorded_at, dsl::id))
        .limit(limit + 1)
        .load(db)?;
    let page = Page::of(rows, limit, |last: &Row| Cursor {
        sort: "recorded_at".to_owned(),
        value: last.recorded_at.to_string(),
        id: last.id,
    });
    Ok(page.map(|row| row.record(worker)))
}

/// Returns all of a worker's consents for the person's export, oldest first.
pub fn held_on(db: &mut Db, worker: Id) -> Result<Vec<ConsentRecord>> {
    let own = dsl::consents.filter(dsl::worker_id.eq(worker));
    let rows = own.order((dsl::recorded_at, dsl::id)).select(Row::as_select());
    let rows: Vec<Row> = rows.load(db)?;
    Ok(rows.into_iter().map(|row| row.record(worker)).collect())
}
