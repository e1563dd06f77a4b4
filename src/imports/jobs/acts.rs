//! An import whose rows do what the API does, each with everything that follows: applications, projects and their work, events
//! and registrations. What a row does depends on the rows before it, because places and waiting lists fill up.
//!
//! `best_effort` does each row in a transaction for itself, so that nobody waits for a whole file. `dry_run` and
//! `all_or_nothing` do all rows in one: the first takes it back in the end, the second if a row is rejected. So a dry run
//! reports exactly what the import would do.
//!
//! A run that goes on, after it gave way or was interrupted, has to know which records the rows before were about, also those that they
//! left as they were: they are kept until the import ends.

use super::batches::{Read, Speed, too_many_at_once};
use super::lease::{JobEnd, Lease};
use super::people::{self, RowPerson};
use super::rows::BatchContext;
use super::store::{
    self, findings, people as stored_people, seen, writes, writes::RecordWrite, writes::RecordWriteRow,
};
use super::{ConflictPolicy, Import, ImportMode, ImportProgress, ImportStatus, rejected_rows};
use crate::auth::Principal;
use crate::catalogue::Catalogues;
use crate::changes::Action;
use crate::db::{Db, Id, Instant, attempt, commit_lazily};
use crate::error::{Error, Result};
use crate::imports::finding::{Finding, Severity};
use crate::imports::kinds::acting::{Acting, ActingRecord, Acts, Done};
use std::collections::{HashMap, HashSet};
use tables::{Remark, Row};

/// The most rows that one transaction does: it locks what every row is about.
const MOST_AT_ONCE: usize = 1000;

/// What a row did, and what was found in it.
struct RowOutcome {
    counts: ImportProgress,
    findings: Vec<Finding>,
    write: Option<RecordWrite>,
    /// The record that it was about, and its line.
    about: Option<(Id, u64)>,
    /// The versions of what followed for the records of other rows.
    followed: Vec<(Id, i64)>,
    people: Vec<RowPerson>,
}

/// Does every row.
pub fn run<R: ActingRecord>(
    lease: &Lease,
    job: &mut Import,
    read: Read,
    speed: &Speed,
) -> Result<JobEnd, JobEnd> {
    let mut acting = Run::<R> {
        principal: principal(job),
        catalogues: lease.catalogues,
        updates: job.options.on_conflict == ConflictPolicy::Update,
        fails: job.options.on_conflict == ConflictPolicy::Fail,
        seen: match job.progress.rows_read {
            0 => HashMap::new(),
            _ => lease.pool.read_blocking(|db| seen::all(db, job.id))?,
        },
        known: R::Known::default(),
    };
    if job.options.mode != ImportMode::BestEffort {
        return run_at_once(lease, job, read, speed, acting);
    }
    let Read {
        batch,
        mut batches,
        about_columns,
    } = read;
    // An earlier run has done these.
    let done = job.progress.rows_read;
    let (mut position, mut has_stepped) = (0, false);
    while let Some(rows) = batches.take()? {
        for row in &rows {
            position += 1;
            if position <= done {
                continue;
            }
            // What ends with its first step needs no second turn.
            if has_stepped {
                lease.give_way(job, done > 0)?;
            }
            lease.step(job, |db, next| {
                commit_lazily(db)?;
                let outcome = acting.act(db, batch, row)?;
                seen::insert(db, next.id, outcome.about)?;
                save(db, next, &about_columns, outcome, speed)
            })?;
            has_stepped = true;
        }
    }
    job.status = match job.progress.rejected {
        0 => ImportStatus::Succeeded,
        _ => ImportStatus::Partial,
    };
    Ok(JobEnd::Finished)
}

/// Does every row in one transaction, and takes it back unless all rows are to be written and all could be.
fn run_at_once<R: ActingRecord>(
    lease: &Lease,
    job: &mut Import,
    read: Read,
    speed: &Speed,
    mut acting: Run<R>,
) -> Result<JobEnd, JobEnd> {
    let Read {
        batch,
        mut batches,
        about_columns,
    } = read;
    let writes = job.options.mode == ImportMode::AllOrNothing;
    let mut rows: Vec<Row> = Vec::new();
    while let Some(some) = batches.take()? {
        rows.extend(some);
        if rows.len() > MOST_AT_ONCE {
            return Err(
                too_many_at_once(&format!("{MOST_AT_ONCE}行"), &format!("{MOST_AT_ONCE} rows")).into(),
            );
        }
    }
    // An earlier run has reported what it tried.
    if job.progress.rows_read == 0 {
        let mut outcomes = Vec::with_capacity(rows.len());
        let mut done = job.clone();
        done.status = ImportStatus::Succeeded;
        let mut is_tried = false;
        let written = lease.write(|db| {
            for row in &rows {
                lease.check()?;
                outcomes.push(acting.act(db, batch, row)?);
            }
            if !writes || outcomes.iter().any(|one| one.counts.rejected > 0) {
                is_tried = true;
                return Err(Error::Internal("what was tried is taken back".to_owned()));
            }
            for outcome in outcomes.drain(..) {
                save(db, &mut done, &about_columns, outcome, speed)?;
            }
            Ok(((), store::finish(db, &done, lease.id)?))
        });
        match written {
            Ok(_) => {
                *job = done;
                (lease.observer)(job);
                return Ok(JobEnd::Saved);
            }
            Err(_) if is_tried => {}
            Err(error) => return Err(error),
        }
        lease.step(job, |db, next| {
            for mut outcome in outcomes {
                (outcome.write, outcome.followed) = (None, Vec::new());
                save(db, next, &about_columns, outcome, speed)?;
            }
            Ok(())
        })?;
    }
    match job.progress.rejected {
        0 => job.status = ImportStatus::Succeeded,
        rejected if writes => return Err(rejected_rows(rejected).into()),
        _ => job.status = ImportStatus::Partial,
    }
    Ok(JobEnd::Finished)
}

/// Stores what a row did and what was found in it.
fn save(
    db: &mut Db,
    job: &mut Import,
    about_columns: &[Finding],
    outcome: RowOutcome,
    speed: &Speed,
) -> Result<()> {
    if job.progress.rows_read == 0 {
        findings::report(db, job, about_columns)?;
    }
    findings::report(db, job, &outcome.findings)?;
    stored_people::insert(db, job.id, job.progress.rows_read, &outcome.people)?;
    writes::insert(db, job.id, outcome.write.as_slice())?;
    writes::refresh(db, job.id, &outcome.followed)?;
    speed.add(&mut job.progress, &outcome.counts);
    Ok(())
}

/// Who sends the rows, with what the sender may do.
fn principal(job: &Import) -> Principal {
    let subject = job
        .created_by
        .split_once(':')
        .map_or(job.created_by.as_str(), |(_, id)| id);
    Principal {
        role: job.role,
        subject: subject.to_owned(),
        session: None,
        scope_limit: None,
        reach: job.reach(),
        expires_at: i64::MAX,
    }
}

/// What the rows of an import have in common.
struct Run<'l, R: ActingRecord> {
    principal: Principal,
    catalogues: &'l Catalogues,
    updates: bool,
    fails: bool,
    /// The records that rows were about, with their lines if they are known.
    seen: HashMap<Id, Option<u64>>,
    known: R::Known,
}

impl<R: ActingRecord> Run<'_, R> {
    /// Does a row. If it is rejected, what it wrote is taken back.
    fn act(&mut self, db: &mut Db, batch: &BatchContext, row: &Row) -> Result<RowOutcome> {
        let mut reading = batch.read(row);
        let row_hash = batch.row_hash(row);
        let source = batch.source_of(&mut reading);
        let acting = Acting {
            principal: &self.principal,
            updates: self.updates,
            context: batch.context,
            catalogues: self.catalogues,
            seen: &self.seen,
        };
        let mut counts = ImportProgress {
            rows_read: 1,
            ..ImportProgress::default()
        };
        let mut write = None;
        let known = &mut self.known;
        let done = match reading.is_skipped || reading.is_rejected() {
            true => Ok(Done::Rejected),
            false => attempt(db, |db| {
                let (hash, source) = (row_hash, source.as_str());
                let row = Acts {
                    reading: &mut reading,
                    hash,
                    source,
                };
                let done = R::act(db, &acting, row, known)?;
                match done.id().and_then(|id| self.seen.get(&id)) {
                    Some(first) => Err(duplicate_row(*first)),
                    None => Ok(done),
                }
            }),
        };
        let done = match done {
            Err(error) if is_refusal(&error) => {
                reading.reject_error(error, R::field_of);
                Done::Rejected
            }
            done => done?,
        };
        let about = done.id();
        self.seen.extend(about.map(|id| (id, Some(row.line))));
        match done {
            _ if reading.is_skipped => counts.skipped = 1,
            Done::Created(one) => {
                counts.created = 1;
                write = Some((one, Action::Created));
            }
            Done::Updated(one) => {
                counts.updated = 1;
                write = Some((one, Action::Updated));
            }
            Done::Unchanged(_) => counts.unchanged = 1,
            Done::Existing(_) if self.fails => {
                let (ja, en) = ("すでに登録されています。", "This record already exists.");
                reading.reject("record_id", Remark::new("already_exists", ja, en));
                counts.rejected = 1;
            }
            Done::Existing(_) => counts.skipped = 1,
            Done::Rejected => counts.rejected = 1,
        }
        let mut followed = Vec::new();
        let write = write.map(|(one, action)| {
            followed = one.followed;
            RecordWrite {
                record: one.id,
                action: action.code(),
                version: one.version,
                before: one.before,
                version_before: one.version_before,
                row_hash: Some(row_hash),
            }
        });
        let mut sources = batch.context.reach.sources(&batch.context.source);
        sources.push(source);
        let (digests, kind) = (batch.digests, batch.job.options.kind);
        let mut named = people::of_row(digests, kind, batch.columns, row, &sources, std::iter::empty());
        named.extend(about.map(|id| people::of_record(digests, row.line, id)));
        let sheet = batch.survey.sheet_of(row);
        let in_sheet = |finding| Finding {
            sheet: sheet.map(str::to_owned),
            ..finding
        };
        Ok(RowOutcome {
            counts,
            about: about.map(|id| (id, row.line)),
            followed,
            people: named,
            write,
            findings: reading.into_findings().into_iter().map(in_sheet).collect(),
        })
    }
}

/// Returns whether the service refuses what a row says.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error,
        Error::Conflict { .. }
            | Error::Invalid(_)
            | Error::InsufficientScope { .. }
            | Error::AccessDenied { .. }
            | Error::NotFound { .. }
            | Error::PreconditionRequired
    )
}

fn duplicate_row(first: Option<u64>) -> Error {
    let (ja, en) = match first {
        Some(first) => (format!("{first}行目"), format!("Line {first}")),
        None => ("前の行".to_owned(), "A line before".to_owned()),
    };
    Error::Conflict {
        code: "duplicate_row",
        detail: crate::error::Text::new(
            format!("{ja}と同じ記録の行です。"),
            format!("{en} is about the same record."),
        ),
    }
}

/// Returns the records that were changed after the import, or are used by now.
pub fn changed_since<R: ActingRecord>(db: &mut Db, page: &[RecordWriteRow]) -> Result<HashSet<Id>> {
    let ids: Vec<Id> = page.iter().map(|write| write.record_id).collect();
    let versions = R::versions(db, &ids)?;
    let is_newer = |write: &&RecordWriteRow| {
        versions
            .get(&write.record_id)
            .is_some_and(|now| *now != write.version)
    };
    let newer = page.iter().filter(is_newer).map(|write| write.record_id);
    let created = page.iter().filter(|write| write.action == Action::Created.code());
    let created: Vec<Id> = created.map(|write| write.record_id).collect();
    let mut found: HashSet<Id> = newer.collect();
    found.extend(R::used(db, &created)?);
    Ok(found)
}

/// Takes back what the rows did, the last one first, each in a transaction for itself. What can't be taken back stays, with
/// a finding.
pub fn undo<R: ActingRecord>(lease: &Lease, job: &mut Import) -> Result<JobEnd, JobEnd> {
    let import = job.id;
    let undone = |db: &mut Db, actor: &str, write: &RecordWriteRow| -> Result<Vec<Finding>> {
        let id = write.record_id;
        if R::versions(db, &[id])?.is_empty() {
            return Ok(Vec::new());
        }
        if !changed_since::<R>(db, std::slice::from_ref(write))?.is_empty() {
            return Ok(vec![skipped(&id)]);
        }
        let began = Instant::now();
        match attempt(db, |db| R::take_back(db, actor, lease.catalogues, write, began)) {
            Err(error) if is_refusal(&error) => Ok(vec![stays(&id, &error)]),
            done => {
                writes::refresh(db, import, &done?)?;
                if let Some(now) = R::versions(db, &[id])?.get(&id) {
                    writes::hand_back(db, import, &[(id, write.version_before(), *now)])?;
                }
                Ok(Vec::new())
            }
        }
    };
    loop {
        let is_over = lease.step(job, |db, next| {
            let Some(write) = writes::last(db, next.id)? else {
                return Ok(true);
            };
            let found = undone(db, &next.created_by, &write)?;
            findings::report(db, next, &found)?;
            writes::delete(db, next.id, &[write.record_id])?;
            Ok(false)
        })?;
        if is_over {
            job.status = ImportStatus::Undone;
            return Ok(JobEnd::Finished);
        }
        lease.give_way(job, false)?;
    }
}

/// Says that a record was not undone.
pub fn skipped(id: &Id) -> Finding {
    let remark = Remark::new(
        "changed_since",
        "取り込みのあとで変更されたため、元に戻していません。",
        "It has changed since the import and was not undone.",
    );
    Finding::new(0, None, &id.to_string(), remark, Severity::Warning)
}

fn stays(id: &Id, error: &Error) -> Finding {
    let remark = Remark {
        code: "",
        message: error.detail(),
        suggestion: None,
    };
    Finding {
        code: error.code().to_owned(),
        ..Finding::new(0, None, &id.to_string(), remark, Severity::Warning)
    }
}
