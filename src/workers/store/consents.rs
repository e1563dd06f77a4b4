//! SQL of workers' consents and their history.

use crate::audit::{Act, AuditAction};
use crate::db::schema::consents::{self, dsl};
use crate::db::{Db, Doc, Id, Instant, insert_all};
use crate::error::Result;
use crate::http::page::{self, Part};
use crate::http::{Cursor, Page, Paging};
use crate::workers::{Consent, ConsentRecord, Worker};
use diesel::prelude::*;
use std::collections::HashMap;

/// Records the consents of workers who had none.
pub fn insert<'a>(db: &mut Db, actor: &str, workers: impl IntoIterator<Item = &'a Worker>) -> Result<()> {
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
    let rows: Vec<_> = workers.into_iter().filter_map(row).collect();
    insert_all!(db, consents::table, &rows)?;
    Ok(())
}

/// Records which consents were given, withdrawn or replaced when workers were changed, and returns what to enter into the
/// audit.
pub fn update(db: &mut Db, actor: &str, workers: &[Worker]) -> Result<Vec<Act>> {
    let ids: Vec<Id> = workers.iter().map(|worker| worker.id).collect();
    let open = dsl::consents
        .filter(dsl::worker_id.eq_any(&ids))
        .filter(dsl::withdrawn_at.is_null())
        .select((dsl::worker_id, dsl::id, dsl::consent))
        .load::<(Id, Id, Doc<Consent>)>(db)?;
    let mut before: HashMap<Id, (Id, Consent)> = HashMap::new();
    before.extend(
        open.into_iter()
            .map(|(worker, id, Doc(consent))| (worker, (id, consent))),
    );
    let is_changed = |worker: &&Worker| {
        let consent = before.get(&worker.id).map(|(_, consent)| consent);
        consent != worker.profile.consent.as_ref()
    };
    let changed: Vec<&Worker> = workers.iter().filter(is_changed).collect();
    let Some(last) = changed.iter().map(|worker| worker.updated_at).max() else {
        return Ok(Vec::new());
    };
    let ended = changed.iter().filter_map(|worker| before.get(&worker.id));
    let ended: Vec<Id> = ended.map(|(id, _)| *id).collect();
    if !ended.is_empty() {
        let withdrawn = (dsl::withdrawn_by.eq(actor), dsl::withdrawn_at.eq(last));
        diesel::update(dsl::consents.filter(dsl::id.eq_any(ended)))
            .set(withdrawn)
            .execute(db)?;
    }
    insert(db, actor, changed.iter().copied())?;
    let act = |action: AuditAction, given: bool| Act {
        actor: actor.to_owned(),
        action,
        operation: None,
        subjects: changed
            .iter()
            .filter(|worker| worker.profile.consent.is_some() == given)
            .map(|worker| worker.id)
            .collect(),
    };
    let acts = [
        act(AuditAction::ConsentGiven, true),
        act(AuditAction::ConsentWithdrawn, false),
    ];
    Ok(acts.into_iter().filter(|act| !act.subjects.is_empty()).collect())
}

/// Returns the consents that workers have withdrawn, and when they did.
pub fn withdrawn(db: &mut Db, workers: &[Id]) -> Result<HashMap<Id, Vec<(Consent, Instant)>>> {
    let rows = dsl::consents
        .filter(dsl::worker_id.eq_any(workers))
        .filter(dsl::withdrawn_at.is_not_null())
        .select((dsl::worker_id, dsl::consent, dsl::withdrawn_at.assume_not_null()))
        .load::<(Id, Doc<Consent>, Instant)>(db)?;
    let mut found: HashMap<Id, Vec<(Consent, Instant)>> = HashMap::new();
    for (worker, Doc(consent), at) in rows {
        found.entry(worker).or_default().push((consent, at));
    }
    Ok(found)
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
    let page = page.counted(paging.count, || {
        let all = own.select(dsl::id).limit(page::COUNTED);
        Ok(all.load::<Id>(db)?.len())
    })?;
    Ok(page.map(|row| row.record(worker)))
}

/// Returns a worker's consents with their ids for the person's export, oldest first.
pub fn held_on(db: &mut Db, worker: Id, part: Part) -> Result<Vec<(Id, ConsentRecord)>> {
    let own = dsl::consents
        .filter(dsl::worker_id.eq(worker))
        .filter(dsl::id.gt(part.after));
    let rows = own.order(dsl::id).limit(part.limit).select(Row::as_select());
    let rows: Vec<Row> = rows.load(db)?;
    Ok(rows.into_iter().map(|row| (row.id, row.record(worker))).collect())
}
