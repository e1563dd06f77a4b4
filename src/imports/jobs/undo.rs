//! Undoing an import: its records go back to what they were, as long as nothing newer touched them.

use super::acts::{self, skipped};
use super::lease::{JobEnd, Lease};
use super::store::{self, findings, writes, writes::RecordWriteRow};
use super::{Import, ImportStatus};
use crate::applications::{self, Application};
use crate::auth::{RecordKind, Viewer};
use crate::catalogue::calendar;
use crate::changes::Action;
use crate::db::{Db, Id, Instant, Pool};
use crate::deliverables::{self, Deliverable};
use crate::duplicates;
use crate::error::{Error, Result, Text};
use crate::events::Event;
use crate::events::registration::Registration;
use crate::imports::ImportKind;
use crate::imports::fields::Context;
use crate::imports::finding::Finding;
use crate::imports::kinds::project_work::WorkRow;
use crate::imports::kinds::record::{EraseWorkers, Record};
use crate::imports::log::Log;
use crate::imports::vocabulary::Vocabulary;
use crate::organizations::Organization;
use crate::projects::Project;
use crate::workers::Worker;
use std::collections::{HashMap, HashSet};

/// Records of one transaction.
const STEP: i64 = 200;

/// Queues an import to be undone. Refuses if anything newer touched one of its records.
pub fn begin(pool: &Pool, viewer: Option<&Viewer>, job: &Import) -> Result<()> {
    check_status(job)?;
    let mut after = None;
    loop {
        let (newer, last) = pool.read_blocking(|db| {
            let page = writes::list(db, job.id, after, STEP * 5)?;
            let newer = match job.options.kind {
                ImportKind::Workers => changed_since::<Worker>(db, job, &page)?,
                ImportKind::Organizations => changed_since::<Organization>(db, job, &page)?,
                ImportKind::Deliverables | ImportKind::Engagements => {
                    changed_since::<Deliverable>(db, job, &page)?
                }
                ImportKind::Applications => acts::changed_since::<Application>(db, &page)?,
                ImportKind::Projects => acts::changed_since::<Project>(db, &page)?,
                ImportKind::ProjectWork => acts::changed_since::<WorkRow>(db, &page)?,
                ImportKind::Events => acts::changed_since::<Event>(db, &page)?,
                ImportKind::Registrations => acts::changed_since::<Registration>(db, &page)?,
            };
            let newer = Vec::from_iter(newer);
            // Nobody learns of an import that isn't shown to them, nor could they undo it.
            let later = writes::later(db, job.id, &newer)?.filter(|id| store::find(db, viewer, *id).is_ok());
            let example = newer.into_iter().min();
            Ok((
                example.map(|id| (id, later)),
                page.last().map(|write| write.record_id),
            ))
        })?;
        if let Some((id, later)) = newer {
            return Err(changed(id, later));
        }
        after = last;
        if last.is_none() {
            return pool.write_blocking(|db| store::enqueue_undo(db, job.id));
        }
    }
}

/// Says why an import can't be undone: a later one wrote the same records, or somebody changed them.
fn changed(record: Id, later: Option<Id>) -> Error {
    let detail = match later {
        Some(import) => Text::new(
            format!(
                "あとの取り込み（{import}）が同じ記録（例：{record}）を変更しています。先にその取り込みを元に戻してください。"
            ),
            format!(
                "A later import ({import}) has changed the same records, for example {record}. Undo that one first."
            ),
        ),
        None => Text::new(
            format!("取り込みのあとで変更された記録があるため、元に戻せません（例：{record}）。"),
            format!("Some records have changed since the import, for example {record}."),
        ),
    };
    Error::Conflict {
        code: "changed_since",
        detail,
    }
}

fn check_status(job: &Import) -> Result<()> {
    let detail = match (job.options.kind, job.status) {
        (ImportKind::Engagements, _) => Text::new(
            "実績の取り込みは元に戻せません。",
            "Imports of published archives can't be undone.",
        ),
        (
            _,
            ImportStatus::Succeeded | ImportStatus::Partial | ImportStatus::Failed | ImportStatus::Cancelled,
        ) => return Ok(()),
        (_, status) => Text::new(
            format!("状態が {} の取り込みは元に戻せません。", status.code()),
            format!("An import with the status {} can't be undone.", status.code()),
        ),
    };
    Err(Error::Conflict {
        code: "not_undoable",
        detail,
    })
}

/// Returns the records that were changed after the import, or that something else refers to by now.
fn changed_since<R: Record>(db: &mut Db, job: &Import, page: &[RecordWriteRow]) -> Result<HashSet<Id>> {
    let ids: Vec<Id> = page.iter().map(|write| write.record_id).collect();
    let versions: HashMap<Id, i64> = R::load(db, &ids)?.iter().map(|r| (r.id(), r.version())).collect();
    let created: Vec<Id> = page
        .iter()
        .filter(|write| write.action == "created")
        .map(|write| write.record_id)
        .collect();
    let referred = match job.options.kind {
        ImportKind::Workers => applications::store::workers_who_applied(db, &created)?,
        ImportKind::Deliverables => applications::store::deliverables_applied_for(db, &created)?,
        ImportKind::Organizations
        | ImportKind::Engagements
        | ImportKind::Applications
        | ImportKind::Projects
        | ImportKind::ProjectWork
        | ImportKind::Events
        | ImportKind::Registrations => deliverables::store::organizations_with_deliverables(db, &created)?,
    };
    let is_newer = |write: &&RecordWriteRow| {
        versions
            .get(&write.record_id)
            .is_some_and(|now| *now != write.version)
            || referred.contains(&write.record_id)
    };
    Ok(page
        .iter()
        .filter(is_newer)
        .map(|write| write.record_id)
        .collect())
}

/// Undoes the import step by step. Records that were changed meanwhile stay, with a finding.
pub fn run(lease: &Lease, job: &mut Import) -> Result<JobEnd, JobEnd> {
    match job.options.kind {
        ImportKind::Workers => run_kind::<Worker>(lease, job),
        ImportKind::Organizations => run_kind::<Organization>(lease, job),
        ImportKind::Deliverables | ImportKind::Engagements => run_kind::<Deliverable>(lease, job),
        ImportKind::Applications => acts::undo::<Application>(lease, job),
        ImportKind::Projects => acts::undo::<Project>(lease, job),
        ImportKind::ProjectWork => acts::undo::<WorkRow>(lease, job),
        ImportKind::Events => acts::undo::<Event>(lease, job),
        ImportKind::Registrations => acts::undo::<Registration>(lease, job),
    }
}

fn run_kind<R: Record>(lease: &Lease, job: &mut Import) -> Result<JobEnd, JobEnd> {
    let catalogue = lease.pool.read_blocking(|db| lease.catalogues.current(db))?;
    let vocabulary = Vocabulary::new(&catalogue);
    let context = Context {
        vocabulary: &vocabulary,
        today: calendar::today(),
        year: None,
        source: job.options.source.clone(),
        event: job.options.event_id,
        reach: job.reach(),
    };
    loop {
        let undone = lease.step(job, |db, next| {
            if R::KIND == RecordKind::Workers {
                // Workers who were created are erased.
                duplicates::store::lock_all(db)?;
            }
            let page = writes::list(db, next.id, None, STEP)?;
            let newer = changed_since::<R>(db, next, &page)?;
            let mut log = Log::new(&next.created_by);
            restore::<R>(db, &mut log, &page, &newer, &context, lease.erase)?;
            hand_back::<R>(db, next.id, &page, &newer)?;
            let skipped: Vec<Finding> = newer.iter().map(skipped).collect();
            findings::report(db, next, &skipped)?;
            let ids: Vec<Id> = page.iter().map(|write| write.record_id).collect();
            writes::delete(db, next.id, &ids)?;
            log.append(db)?;
            Ok(ids.len())
        })?;
        if undone == 0 {
            job.status = ImportStatus::Undone;
            return Ok(JobEnd::Finished);
        }
        lease.give_way(job, false)?;
    }
}

/// Lets earlier imports undo what a page has put back to what they had written.
fn hand_back<R: Record>(db: &mut Db, import: Id, page: &[RecordWriteRow], newer: &HashSet<Id>) -> Result<()> {
    let ids: Vec<Id> = page.iter().map(|write| write.record_id).collect();
    let now: HashMap<Id, i64> = R::load(db, &ids)?.iter().map(|r| (r.id(), r.version())).collect();
    let restored = page.iter().filter(|write| !newer.contains(&write.record_id));
    let versions = restored.filter_map(|write| {
        let now = now.get(&write.record_id)?;
        Some((write.record_id, write.version_before(), *now))
    });
    writes::hand_back(db, import, &Vec::from_iter(versions))
}

/// Restores the records of a page, except those that have changed.
fn restore<R: Record>(
    db: &mut Db,
    log: &mut Log,
    page: &[RecordWriteRow],
    newer: &HashSet<Id>,
    context: &Context,
    erase: EraseWorkers,
) -> Result<()> {
    let ids: Vec<Id> = page.iter().map(|write| write.record_id).collect();
    let records: HashMap<Id, R> = R::load(db, &ids)?
        .into_iter()
        .map(|record| (record.id(), record))
        .collect();
    let now = Instant::now();
    let mut created: Vec<R> = Vec::new();
    for write in page.iter().filter(|write| !newer.contains(&write.record_id)) {
        // A record that was erased has nothing to restore.
        let Some(record) = records.get(&write.record_id) else {
            continue;
        };
        match write.kept()? {
            None if write.action == "created" => created.push(record.clone()),
            None => {}
            Some(details) => {
                let restored = record.restored(details, context, now)?;
                R::update(db, log, &restored, Action::Updated)?;
            }
        }
    }
    R::remove(db, log, &created, now, erase)
}
