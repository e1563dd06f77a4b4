//! SQL of workers' consents and their history.

use crate::audit::AuditAction;
use crate::db::schema::consents::{self, dsl};
use crate::db::{Db, Doc, Id, Instant, insert_all};
use crate::error::Result;
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

/// Lists a worker's consents, oldest first.
pub fn list(db: &mut Db, worker: Id) -> Result<Vec<ConsentRecord>> {
    type Row = (Doc<Consent>, String, Instant, Option<String>, Option<Instant>);
    let rows = dsl::consents
        .filter(dsl::worker_id.eq(worker))
        .order((dsl::recorded_at, dsl::id))
        .select((
            dsl::consent,
            dsl::recorded_by,
            dsl::recorded_at,
            dsl::withdrawn_by,
            dsl::withdrawn_at,
        ))
        .load::<Row>(db)?;
    let record = |(Doc(consent), recorded_by, recorded_at, withdrawn_by, withdrawn_at)| ConsentRecord {
        worker_id: worker,
        consent,
        recorded_by,
        recorded_at,
        withdrawn_by,
        withdrawn_at,
    };
    Ok(rows.into_iter().map(record).collect())
}
