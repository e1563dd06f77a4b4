//! Many rows at once: which record each is about, and what it makes of it.
//!
//! A row that was imported before and made the very version that is there is recognised by its digest, before anything
//! of it is understood: that is what makes the same file again cheap.

use super::report;
use super::report::store::Write;
use super::{ConflictPolicy, Import, ImportProgress};
use crate::changes::Action;
use crate::db::{Db, Id, Instant};
use crate::error::{Error, Result};
use crate::imports::columns::Columns;
use crate::imports::finding::Finding;
use crate::imports::kinds::record::Record;
use crate::imports::kinds::{Context, Reading};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use tables::cells::one_line;
use tables::{Remark, Row};

/// What rows are taken with.
pub struct BatchContext<'t> {
    pub job: &'t Import,
    pub columns: &'t Columns,
    pub context: &'t Context<'t>,
    /// Of everything but the cells that decides what a row makes: columns, catalogue, this program.
    pub seed: &'t [u8],
}

/// The external ids that a file has had, as hashes, and the line of each.
#[derive(Default)]
pub struct ExternalIds(HashMap<u64, u32>);

impl ExternalIds {
    pub fn contains(&self, external_id: &str) -> bool {
        self.0.contains_key(&hash(external_id))
    }

    pub fn extend(&mut self, more: Vec<(u64, u32)>) {
        self.0.extend(more);
    }
}

fn hash(external_id: &str) -> u64 {
    first_bytes(&Sha256::digest(external_id))
}

fn first_bytes(digest: &[u8]) -> u64 {
    digest.iter().take(8).fold(0, |n, byte| n << 8 | u64::from(*byte))
}

/// What came of some rows.
#[derive(Default)]
pub struct BatchOutcome {
    pub counts: ImportProgress,
    pub findings: Vec<Finding>,
    pub writes: Vec<Write>,
    pub seen: Vec<(u64, u32)>,
}

/// One row on its way.
struct Candidate<'r, R: Record> {
    row: &'r Row,
    reading: Reading<'r>,
    external_id: String,
    digest: i64,
    existing: Option<(Id, i64)>,
    /// What it says by itself, where that had to be known to know which record it is about.
    details: Option<R::Details>,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Open,
    Unchanged,
    Skipped,
    Rejected,
}

/// Takes rows; with `write` in the transaction of `db`.
pub fn take<'r, R: Record>(
    db: &mut Db,
    taking: &BatchContext<'r>,
    rows: &'r [Row],
    seen: &ExternalIds,
    write: bool,
) -> Result<BatchOutcome> {
    let mut candidates: Vec<Candidate<R>> = Vec::with_capacity(rows.len());
    let readings: Vec<Reading> = rows.iter().map(|row| Reading::of(row, taking.columns)).collect();
    let references = R::refer(db, &readings, taking.context)?;
    for (row, mut reading) in rows.iter().zip(readings) {
        let mut external_id = reading.text("external_id").map(one_line).unwrap_or_default();
        let mut details = None;
        if external_id.is_empty() && !reading.is_rejected() {
            details = R::understand(&mut reading, None, &references, taking.context);
            if let Some(details) = &details {
                external_id = derived(&R::likeness(details));
            }
        }
        let fate = if reading.is_rejected() {
            Fate::Rejected
        } else {
            Fate::Open
        };
        let digest = taking.digest(row);
        candidates.push(Candidate {
            row,
            reading,
            external_id,
            digest,
            existing: None,
            details,
            fate,
        });
    }
    let mut outcome = BatchOutcome::default();
    meet(db, taking, &mut candidates, seen, &mut outcome)?;
    let now = Instant::now();
    let open = candidates.iter().filter(|c| c.fate == Fate::Open);
    let ids: Vec<Id> = open.filter_map(|c| c.existing.map(|(id, _)| id)).collect();
    let before: HashMap<Id, R> = R::load(db, &ids)?
        .into_iter()
        .map(|record| (record.id(), record))
        .collect();
    let (mut created, mut updated) = (Vec::new(), Vec::new());
    for candidate in &mut candidates {
        if candidate.fate != Fate::Open {
            continue;
        }
        let known = candidate.existing.and_then(|(id, _)| before.get(&id));
        match make::<R>(candidate, known, taking, &references, now)? {
            Made::Created(record) => created.push((record, candidate.digest)),
            Made::Updated(record, old) => updated.push((record, old, candidate.digest)),
            Made::Nothing => {}
        }
    }
    outcome.counts.created = created.len() as u64;
    outcome.counts.updated = updated.len() as u64;
    for candidate in candidates {
        match candidate.fate {
            Fate::Open => {}
            Fate::Unchanged => outcome.counts.unchanged += 1,
            Fate::Skipped => outcome.counts.skipped += 1,
            Fate::Rejected => outcome.counts.rejected += 1,
        }
        // Of a row that was taken before, what there is to notice has been told.
        if candidate.fate != Fate::Unchanged {
            outcome.findings.extend(candidate.reading.findings);
        }
    }
    outcome.counts.rows_read = rows.len() as u64;
    if write {
        commit(db, taking, created, updated, &mut outcome)?;
    }
    Ok(outcome)
}

/// Finds the records that rows are about, and the rows that need no more thought.
fn meet<R: Record>(
    db: &mut Db,
    taking: &BatchContext,
    candidates: &mut [Candidate<R>],
    seen: &ExternalIds,
    outcome: &mut BatchOutcome,
) -> Result<()> {
    let named = candidates
        .iter()
        .map(|c| c.external_id.as_str())
        .filter(|id| !id.is_empty());
    let found = R::known(db, &taking.context.source, &named.collect::<Vec<_>>())?;
    let ids: Vec<Id> = found.iter().map(|(_, id, _)| *id).collect();
    let digests = report::store::digests(db, &ids)?;
    let by_external_id: HashMap<String, (Id, i64)> =
        found.into_iter().map(|(e, id, v)| (e, (id, v))).collect();
    let mut here: HashMap<u64, u32> = HashMap::new();
    for candidate in candidates.iter_mut().filter(|c| !c.external_id.is_empty()) {
        let key = hash(&candidate.external_id);
        if let Some(first) = seen.0.get(&key).or_else(|| here.get(&key)) {
            let (ja, en) = (
                format!("{first}行目と同じ記録です。"),
                format!("Line {first} is about the same record."),
            );
            candidate
                .reading
                .reject("external_id", Remark::new("duplicate_row", ja, en));
            candidate.fate = Fate::Rejected;
            continue;
        }
        let line = candidate.row.line.min(u64::from(u32::MAX)) as u32;
        here.insert(key, line);
        outcome.seen.push((key, line));
        candidate.existing = by_external_id.get(&candidate.external_id).copied();
        let Some((id, version)) = candidate.existing.filter(|_| candidate.fate == Fate::Open) else {
            continue;
        };
        candidate.fate = match taking.job.options.on_conflict {
            _ if digests.get(&id) == Some(&(candidate.digest, version)) => Fate::Unchanged,
            ConflictPolicy::Update => Fate::Open,
            ConflictPolicy::Skip => Fate::Skipped,
            ConflictPolicy::Fail => {
                let (ja, en) = ("すでに登録されています。", "It is registered already.");
                candidate
                    .reading
                    .reject("external_id", Remark::new("already_exists", ja, en));
                Fate::Rejected
            }
        };
    }
    Ok(())
}

enum Made<R: Record> {
    Created(R),
    /// And what there was before.
    Updated(R, R::Details),
    Nothing,
}

/// What a row makes of the record that it is about.
fn make<'r, R: Record>(
    candidate: &mut Candidate<'r, R>,
    before: Option<&R>,
    taking: &BatchContext<'r>,
    references: &R::References,
    now: Instant,
) -> Result<Made<R>> {
    let context = taking.context;
    let details = match (candidate.details.take(), before) {
        (Some(details), None) => Some(details),
        (_, before) => {
            candidate.reading = Reading::of(candidate.row, taking.columns);
            R::understand(
                &mut candidate.reading,
                before.map(R::details),
                references,
                context,
            )
        }
    };
    let Some(mut details) = details else {
        candidate.fate = Fate::Rejected;
        return Ok(Made::Nothing);
    };
    let (source, external_id) = R::origin(&mut details);
    *source = Some(context.source.clone());
    *external_id = Some(candidate.external_id.clone());
    let areas = taking.job.areas.as_ref();
    let within = |details: &R::Details| {
        areas.is_none_or(|areas| R::area(details).is_some_and(|area| areas.iter().any(|own| own == area)))
    };
    if !within(&details) || before.is_some_and(|before| !within(before.details())) {
        let (ja, en) = ("あなたの担当範囲の外です。", "This is outside of what is yours.");
        candidate
            .reading
            .reject("area", Remark::new("outside_reach", ja, en));
        candidate.fate = Fate::Rejected;
        return Ok(Made::Nothing);
    }
    let Some(before) = before else {
        let id = Id::derived(&context.source, &candidate.external_id, now);
        return Ok(Made::Created(R::register(id, details, context, now)));
    };
    if details == *before.details() {
        candidate.fate = Fate::Unchanged;
        return Ok(Made::Nothing);
    }
    match before.changed(details, context, now) {
        Ok(after) => Ok(Made::Updated(after, before.details().clone())),
        // The rules of a state forbid the move.
        Err(error @ (Error::Conflict { .. } | Error::Invalid(_))) => {
            candidate.reading.broken(error, |_| Some("status"));
            candidate.fate = Fate::Rejected;
            Ok(Made::Nothing)
        }
        Err(error) => Err(error),
    }
}

fn commit<R: Record>(
    db: &mut Db,
    taking: &BatchContext,
    created: Vec<(R, i64)>,
    updated: Vec<(R, R::Details, i64)>,
    outcome: &mut BatchOutcome,
) -> Result<()> {
    let actor = taking.job.created_by.as_str();
    let (records, digests): (Vec<R>, Vec<i64>) = created.into_iter().unzip();
    for (record, digest) in records.iter().zip(digests) {
        outcome.writes.push(Write {
            record: record.id(),
            action: Action::Created.code(),
            version: record.version(),
            before: None,
            digest: Some(digest),
        });
    }
    R::insert(db, actor, &records)?;
    for (record, before, digest) in updated {
        R::update(db, actor, &record, Action::Updated)?;
        outcome.writes.push(Write {
            record: record.id(),
            action: Action::Updated.code(),
            version: record.version(),
            before: Some(json(&before)?),
            digest: Some(digest),
        });
    }
    Ok(())
}

/// The records of a source that the file does not have, some at a time: what they become, and where to go on.
pub fn absent<R: Record>(
    db: &mut Db,
    taking: &BatchContext,
    seen: &ExternalIds,
    after: Option<Id>,
    write: bool,
) -> Result<(Vec<Write>, Option<Id>)> {
    let page = R::of_source(db, &taking.context.source, after)?;
    let last = page.last().map(Record::id);
    let mut writes = Vec::new();
    let now = Instant::now();
    for record in page {
        let is_here = record.external_id().is_some_and(|id| seen.contains(id));
        let areas = taking.job.areas.as_ref();
        let is_own = areas
            .is_none_or(|areas| R::area(record.details()).is_some_and(|a| areas.iter().any(|own| own == a)));
        let Some(retired) = record.retired(now).filter(|_| !is_here && is_own) else {
            continue;
        };
        if write {
            R::update(db, &taking.job.created_by, &retired, Action::Archived)?;
        }
        writes.push(Write {
            record: record.id(),
            action: Action::Archived.code(),
            version: retired.version(),
            before: Some(json(record.details())?),
            digest: None,
        });
    }
    Ok((writes, last))
}

fn json(details: &impl serde::Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(details).map_err(|e| Error::Internal(e.to_string()))
}

/// The id of a row that has none: what it is known by, unreadable.
fn derived(likeness: &str) -> String {
    let digest = Sha256::digest(likeness);
    let hex: String = digest.iter().take(10).map(|byte| format!("{byte:02x}")).collect();
    format!("row-{hex}")
}

impl BatchContext<'_> {
    fn digest(&self, row: &Row) -> i64 {
        let mut digest = Sha256::new().chain_update(self.seed);
        for cell in row.cells() {
            // No text is that long: an absent cell is not the same as an empty one.
            digest.update(cell.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
            digest.update(cell.unwrap_or_default());
        }
        first_bytes(&digest.finalize()) as i64
    }
}
