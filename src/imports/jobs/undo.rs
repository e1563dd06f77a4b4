//! BatchContext back what a job wrote, while nothing newer touched it.

use super::report;
use super::run::Run;
use super::store;
use super::{Import, ImportStatus};
use crate::catalogue::calendar;
use crate::changes::Action;
use crate::db::{Db, Id, Instant, Pool};
use crate::deliverables::Deliverable;
use crate::error::{Error, Result, Text};
use crate::imports::ImportKind;
use crate::imports::finding::{Finding, Severity};
use crate::imports::kinds::Context;
use crate::imports::kinds::record::{EraseWorker, Record};
use crate::imports::vocabulary::Vocabulary;
use crate::organizations::Organization;
use crate::workers::Worker;
use std::collections::HashMap;
use tables::Remark;

const STEP: i64 = 200;

/// Refuses where anything newer touched what the job wrote; else the job is to be undone.
pub fn begin(pool: &Pool, job: &Import) -> Result<()> {
    let refuse = |code, ja: String, en: String| Error::Conflict {
        code,
        detail: Text::new(ja, en),
    };
    if !matches!(
        job.status,
        ImportStatus::Succeeded | ImportStatus::Partial | ImportStatus::Failed | ImportStatus::Cancelled
    ) {
        let state = job.status.code();
        let ja = format!("状態が {state} の取り込みは元に戻せません。");
        return Err(refuse(
            "not_undoable",
            ja,
            format!("An import that is {state} can't be undone."),
        ));
    }
    if job.options.kind == ImportKind::Engagements {
        let ja = "実績の取り込みは元に戻せません。".to_owned();
        return Err(refuse(
            "not_undoable",
            ja,
            "An archive of engagements can't be undone.".to_owned(),
        ));
    }
    let mut after = None;
    loop {
        let touched = |db: &mut Db| -> Result<(Option<Id>, Option<Id>)> {
            let page = report::store::writes(db, job.id, after, STEP * 5)?;
            let newer = match job.options.kind {
                ImportKind::Workers => touched::<Worker>(db, job, &page)?,
                ImportKind::Organizations => touched::<Organization>(db, job, &page)?,
                ImportKind::Deliverables | ImportKind::Engagements => touched::<Deliverable>(db, job, &page)?,
            };
            Ok((newer.into_keys().min(), page.last().map(|(id, ..)| *id)))
        };
        let (newer, last) = pool.read_blocking(touched)?;
        if let Some(id) = newer {
            let ja = format!("取り込みのあとで変更された記録があります({id} など)。");
            return Err(refuse(
                "changed_since",
                ja,
                format!("Records were changed since, such as {id}."),
            ));
        }
        after = last;
        if last.is_none() {
            return pool.write_blocking(|db| store::set_status(db, job.id, ImportStatus::Undoing));
        }
    }
}

/// Those of the records that something newer touched.
fn touched<R: Record>(db: &mut Db, job: &Import, page: &[report::store::Written]) -> Result<HashMap<Id, ()>> {
    let ids: Vec<Id> = page.iter().map(|(id, ..)| *id).collect();
    let now: HashMap<Id, i64> = R::load(db, &ids)?.iter().map(|r| (r.id(), r.version())).collect();
    let created: Vec<Id> = page
        .iter()
        .filter(|(_, action, ..)| action == "created")
        .map(|(id, ..)| *id)
        .collect();
    let referred = report::store::referred(db, job.options.kind, &created)?;
    let is_touched = |(id, _, version, _): &&report::store::Written| {
        now.get(id).is_some_and(|now| now != version) || referred.contains(id)
    };
    Ok(page.iter().filter(is_touched).map(|(id, ..)| (*id, ())).collect())
}

/// Takes back everything, some at a time; what was touched meanwhile stays, and is told.
pub fn run(run: &mut Run, job: &mut Import) -> Result<bool> {
    match job.options.kind {
        ImportKind::Workers => of_kind::<Worker>(run, job),
        ImportKind::Organizations => of_kind::<Organization>(run, job),
        ImportKind::Deliverables | ImportKind::Engagements => of_kind::<Deliverable>(run, job),
    }
}

fn of_kind<R: Record>(run: &mut Run, job: &mut Import) -> Result<bool> {
    let pool = run.runner.pool;
    let catalogue = pool.read_blocking(|db| run.runner.catalogues.current(db))?;
    let vocabulary = Vocabulary::new(&catalogue);
    let context = Context {
        vocabulary: &vocabulary,
        today: calendar::today(),
        source: job.options.source.clone(),
    };
    loop {
        let mut next = job.clone();
        let (left, cancelling) = pool.write_blocking(|db| {
            let page = report::store::writes(db, job.id, None, STEP)?;
            let newer = touched::<R>(db, job, &page)?;
            take_back::<R>(db, job, &page, &newer, &context, run.runner.erase)?;
            let findings: Vec<Finding> = newer.keys().map(left_alone).collect();
            report::store::add_findings(db, job.id, job.progress.findings, &findings)?;
            next.progress.findings += findings.len() as u64;
            let ids: Vec<Id> = page.iter().map(|(id, ..)| *id).collect();
            report::store::drop_writes(db, job.id, &ids)?;
            Ok((ids.len(), store::keep(db, &next, run.lease, run.runner.until())?))
        })?;
        *job = next;
        (run.runner.observer)(job);
        run.check(cancelling)?;
        if left == 0 {
            job.status = ImportStatus::Undone;
            return Ok(false);
        }
    }
}

fn left_alone(id: &Id) -> Finding {
    let remark = Remark::new(
        "changed_since",
        "取り込みのあとで変更されたため、元に戻していません。",
        "It was changed since, and left as it is.",
    );
    Finding::new(0, None, &id.to_string(), remark, Severity::Warning)
}

fn take_back<R: Record>(
    db: &mut Db,
    job: &Import,
    page: &[report::store::Written],
    newer: &HashMap<Id, ()>,
    context: &Context,
    erase: EraseWorker,
) -> Result<()> {
    let ids: Vec<Id> = page.iter().map(|(id, ..)| *id).collect();
    let records: HashMap<Id, R> = R::load(db, &ids)?
        .into_iter()
        .map(|record| (record.id(), record))
        .collect();
    let now = Instant::now();
    for (id, action, _, before) in page.iter().filter(|(id, ..)| !newer.contains_key(id)) {
        // Somebody erased it: there is nothing to take back.
        let Some(record) = records.get(id) else { continue };
        match before {
            None if action == "created" => R::remove(db, &job.created_by, record, now, erase)?,
            None => {}
            Some(before) => {
                let details = serde_json::from_value(before.0.clone());
                let details = details.map_err(|e| Error::Internal(format!("{id} can't be restored: {e}")))?;
                let restored = record.restored(details, context, now)?;
                R::update(db, &job.created_by, &restored, Action::Updated)?;
            }
        }
    }
    Ok(())
}
