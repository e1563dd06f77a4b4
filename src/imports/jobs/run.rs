//! One job, from its file to its report.

use super::file::JobFile;
use super::report::{self, store::Write};
use super::rows::{BatchContext, BatchOutcome, ExternalIds, absent, take};
use super::store;
use super::{
    AbsentPolicy, Import, ImportFailure, ImportMode, ImportProgress, ImportStatus, MOST_AT_ONCE, undo,
};
use crate::catalogue::{Catalogues, calendar};
use crate::changes::{self, Subject};
use crate::db::{Db, Id, Instant, Pool, commit_lazily};
use crate::deliverables::Deliverable;
use crate::error::{Error, Result, Text};
use crate::imports::columns::{Columns, Headings};
use crate::imports::kinds::Context;
use crate::imports::kinds::record::{EraseWorker, Record};
use crate::imports::vocabulary::Vocabulary;
use crate::imports::{ImportKind, archive, mappings};
use crate::organizations::Organization;
use crate::workers::Worker;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Clock};
use tables::{Row, Rows, Survey, survey};

/// Rows of one transaction: short enough that others wait little.
pub const STEP: usize = 500;
/// How long a job is left alone if nothing is heard of whoever runs it.
pub const LEASE: Duration = Duration::from_secs(10);

pub struct Runner<'r> {
    pub pool: &'r Pool,
    pub catalogues: &'r Catalogues,
    /// Asks to leave the job to others, as soon as may be.
    pub stopping: &'r AtomicBool,
    pub lease: Duration,
    /// Erases a worker whose import is undone.
    pub erase: EraseWorker,
    /// Hears of every step.
    pub observer: &'r (dyn Fn(&Import) + Sync),
}

/// The end of a job that was cancelled on its way, and of one that was left to others.
const CANCELLED: &str = "cancelled";
const LEFT: &str = "left";

impl Runner<'_> {
    /// The end of the lease, unless it is renewed.
    pub fn until(&self) -> Instant {
        Instant::from(chrono::Utc::now() + chrono::Duration::from_std(self.lease).unwrap_or_default())
    }

    /// Runs the oldest job that nobody runs, or the one that is named; none where there is none.
    pub fn run_next(&self, named: Option<Id>) -> Result<Option<Import>> {
        let lease = Id::new();
        let Some(mut job) = self
            .pool
            .write_blocking(|db| store::claim(db, lease, self.until(), named))?
        else {
            return Ok(None);
        };
        let mut run = Run {
            runner: self,
            lease,
            began: Clock::now(),
            before: job.progress.rows_read,
        };
        let ended = match job.status {
            ImportStatus::Undoing => undo::run(&mut run, &mut job),
            _ => run.run(&mut job),
        };
        match ended {
            Ok(true) => return Ok(Some(job)),
            Ok(false) => {}
            Err(Error::Conflict {
                code: "lease_lost", ..
            }) => return Ok(None),
            Err(Error::Conflict { code: LEFT, .. }) => {
                self.pool.write_blocking(|db| store::release(db, job.id, lease))?;
                return Ok(None);
            }
            Err(Error::Conflict { code: CANCELLED, .. }) => job.status = ImportStatus::Cancelled,
            Err(error) => {
                if let Error::Internal(reason) = &error {
                    tracing::error!(job = %job.id, reason, "an import failed");
                }
                (job.status, job.error) = (ImportStatus::Failed, Some(ImportFailure::of(&error)));
            }
        }
        self.pool.write_blocking(|db| store::finish(db, &job, lease))?;
        (self.observer)(&job);
        Ok(Some(job))
    }
}

pub struct Run<'r> {
    pub runner: &'r Runner<'r>,
    pub lease: Id,
    began: Clock,
    /// Rows that were done when this run began.
    before: u64,
}

impl Run<'_> {
    /// Gives whether the end of the job was kept already.
    fn run(&mut self, job: &mut Import) -> Result<bool> {
        let file = JobFile {
            pool: self.runner.pool,
            id: job.id,
            length: job.size_bytes as u64,
        };
        if job.options.kind == ImportKind::Engagements {
            return archive::run(self, job, &file).map(|()| false);
        }
        let headings = Headings::of(job.options.kind);
        let survey = survey(&file, &job.options.hints(), &|row| headings.count(row))?;
        job.detected = Some(survey.detected.clone());
        job.progress.total = Some(survey.row_count);
        if job.options.mode == ImportMode::AllOrNothing && survey.row_count > MOST_AT_ONCE {
            let failure = ImportFailure::new(
                "too_many_at_once",
                format!(
                    "all_or_nothing は{MOST_AT_ONCE}行までです。dry_run のあと best_effort で取り込んでください。"
                ),
                format!("all_or_nothing takes {MOST_AT_ONCE} rows at most: use dry_run, then best_effort."),
            );
            (job.status, job.error) = (ImportStatus::Failed, Some(failure));
            return Ok(false);
        }
        match job.options.kind {
            ImportKind::Workers => self.of_kind::<Worker>(job, &survey, &file),
            ImportKind::Organizations => self.of_kind::<Organization>(job, &survey, &file),
            ImportKind::Deliverables | ImportKind::Engagements => {
                self.of_kind::<Deliverable>(job, &survey, &file)
            }
        }
    }

    fn of_kind<R: Record>(&mut self, job: &mut Import, survey: &Survey, file: &JobFile) -> Result<bool> {
        let options = job.options.clone();
        let (catalogue, saved, newest) = self.runner.pool.read_blocking(|db| {
            let saved = mappings::store::find(db, options.kind, &options.source)?;
            let newest = changes::store::latest_of(db, Subject::Catalogue)?;
            Ok((self.runner.catalogues.current(db)?, saved, newest))
        })?;
        let mut mapping = saved.map(|(mapping, _)| mapping).unwrap_or_default();
        mapping.extend(options.mapping.clone());
        let vocabulary = Vocabulary::new(&catalogue);
        let mut columns = Columns::new(options.kind, &mapping)?;
        columns.extend(&survey.header, survey.header_line == 0, &vocabulary)?;
        if columns.targets.iter().flatten().next().is_none() {
            return Err(no_known_column(&columns));
        }
        job.progress.columns = columns.mapped();
        let context = Context {
            vocabulary: &vocabulary,
            today: calendar::today(),
            source: options.source.clone(),
        };
        let seed = format!(
            "1\n{}\n{newest}\n{:?}\n",
            options.kind.code(),
            job.progress.columns
        );
        let shown = job.clone();
        let taking = BatchContext {
            job: &shown,
            columns: &columns,
            context: &context,
            seed: seed.as_bytes(),
        };
        let mut steps = Steps {
            rows: survey.rows(file)?,
            seen: ExternalIds::default(),
        };
        let writes = options.mode == ImportMode::BestEffort;
        self.catch_up::<R>(&mut steps, &taking, job.progress.rows_read)?;
        while let Some(rows) = steps.next()? {
            let step = |db: &mut Db, write| take::<R>(db, &taking, &rows, &steps.seen, write);
            // What only looks does not keep writers from writing.
            let looked = if writes {
                None
            } else {
                Some(self.runner.pool.read_blocking(|db| step(db, false))?)
            };
            let mut next = job.clone();
            let (outcome, cancelling) = self.runner.pool.write_blocking(|db| {
                commit_lazily(db)?;
                let outcome = match looked {
                    Some(outcome) => outcome,
                    None => step(db, true)?,
                };
                self.count(&mut next, &outcome);
                report::store::add_findings(db, job.id, job.progress.findings, &outcome.findings)?;
                report::store::add_writes(db, job.id, &outcome.writes)?;
                let cancelling = store::keep(db, &next, self.lease, self.runner.until())?;
                Ok((outcome, cancelling))
            })?;
            *job = next;
            steps.seen.extend(outcome.seen);
            (self.runner.observer)(job);
            self.check(cancelling)?;
        }
        let clean = job.progress.rejected == 0;
        if options.mode == ImportMode::AllOrNothing {
            if !clean {
                let n = job.progress.rejected;
                let ja = format!("{n}行を取り込めないため、何も書き込んでいません。");
                let en = format!("{n} rows can't be taken, so nothing was written.");
                job.progress = ImportProgress {
                    created: 0,
                    updated: 0,
                    ..job.progress.clone()
                };
                (job.status, job.error) = (
                    ImportStatus::Failed,
                    Some(ImportFailure::new("rejected_rows", ja, en)),
                );
                return Ok(false);
            }
            return self.all_at_once::<R>(job, &taking, survey, file).map(|()| true);
        }
        if options.on_absent == AbsentPolicy::Archive && clean {
            self.retire::<R>(job, &taking, &steps.seen)?;
        }
        job.status = if clean {
            ImportStatus::Succeeded
        } else {
            ImportStatus::Partial
        };
        Ok(false)
    }

    /// Goes on behind the rows that were done before.
    fn catch_up<R: Record>(&self, steps: &mut Steps, taking: &BatchContext, done: u64) -> Result<()> {
        let mut left = done;
        while left > 0 {
            let Some(rows) = steps.next()? else { break };
            left = left.saturating_sub(rows.len() as u64);
            let seen = &steps.seen;
            let outcome = self
                .runner
                .pool
                .read_blocking(|db| take::<R>(db, taking, &rows, seen, false))?;
            steps.seen.extend(outcome.seen);
        }
        Ok(())
    }

    /// Every row in one transaction, with the end of the job.
    fn all_at_once<R: Record>(
        &self,
        job: &mut Import,
        taking: &BatchContext,
        survey: &Survey,
        file: &JobFile,
    ) -> Result<()> {
        let mut steps = Steps {
            rows: survey.rows(file)?,
            seen: ExternalIds::default(),
        };
        let mut done = job.clone();
        done.progress = ImportProgress {
            total: job.progress.total,
            findings: job.progress.findings,
            columns: job.progress.columns.clone(),
            ..ImportProgress::default()
        };
        self.runner.pool.write_blocking(|db| {
            while let Some(rows) = steps.next()? {
                let outcome = take::<R>(db, taking, &rows, &steps.seen, true)?;
                if outcome.counts.rejected > 0 {
                    // Somebody wrote since all rows were looked at.
                    return Err(Error::Conflict {
                        code: "changed_meanwhile",
                        detail: Text::new(
                            "確認のあとでデータが変わりました。もう一度取り込んでください。",
                            "The data changed after it was checked: import it again.",
                        ),
                    });
                }
                report::store::add_writes(db, job.id, &outcome.writes)?;
                self.count(
                    &mut done,
                    &BatchOutcome {
                        findings: Vec::new(),
                        ..outcome.counted()
                    },
                );
                steps.seen.extend(outcome.seen);
            }
            if job.options.on_absent == AbsentPolicy::Archive {
                let mut after = None;
                loop {
                    let (writes, last) = absent::<R>(db, taking, &steps.seen, after, true)?;
                    report::store::add_writes(db, job.id, &writes)?;
                    done.progress.archived += writes.len() as u64;
                    after = last;
                    if last.is_none() {
                        break;
                    }
                }
            }
            done.status = ImportStatus::Succeeded;
            store::finish(db, &done, self.lease)
        })?;
        *job = done;
        (self.runner.observer)(job);
        Ok(())
    }

    /// Archives what a full roster does not have.
    fn retire<R: Record>(&self, job: &mut Import, taking: &BatchContext, seen: &ExternalIds) -> Result<()> {
        let writes = job.options.mode == ImportMode::BestEffort;
        let mut after = None;
        loop {
            let step = |db: &mut Db| absent::<R>(db, taking, seen, after, writes);
            let (done, last): (Vec<Write>, Option<Id>) = if writes {
                self.runner.pool.write_blocking(|db| {
                    let (done, last) = step(db)?;
                    report::store::add_writes(db, job.id, &done)?;
                    job.progress.archived += done.len() as u64;
                    store::keep(db, job, self.lease, self.runner.until())?;
                    Ok((done, last))
                })?
            } else {
                let (done, last) = self.runner.pool.read_blocking(step)?;
                job.progress.archived += done.len() as u64;
                (done, last)
            };
            drop(done);
            after = last;
            if last.is_none() {
                return Ok(());
            }
        }
    }

    /// Whether to go on behind a step.
    pub fn check(&self, cancelling: bool) -> Result<()> {
        let end = |code, ja, en| {
            Err(Error::Conflict {
                code,
                detail: Text::new(ja, en),
            })
        };
        if cancelling {
            return end(CANCELLED, "取り消されました。", "It was cancelled.");
        }
        if self.runner.stopping.load(Ordering::Relaxed) {
            return end(LEFT, "サーバーが止まります。", "The server is about to stop.");
        }
        Ok(())
    }

    pub fn count(&self, job: &mut Import, outcome: &BatchOutcome) {
        let (progress, counts) = (&mut job.progress, &outcome.counts);
        progress.rows_read += counts.rows_read;
        progress.created += counts.created;
        progress.updated += counts.updated;
        progress.unchanged += counts.unchanged;
        progress.skipped += counts.skipped;
        progress.rejected += counts.rejected;
        progress.findings += outcome.findings.len() as u64;
        let seconds = self.began.elapsed().as_secs_f64();
        if seconds > 0.1 {
            progress.rows_per_second =
                Some((progress.rows_read.saturating_sub(self.before) as f64 / seconds) as u64);
        }
    }
}

impl BatchOutcome {
    /// Its numbers alone.
    fn counted(&self) -> BatchOutcome {
        BatchOutcome {
            counts: self.counts.clone(),
            ..BatchOutcome::default()
        }
    }
}

fn no_known_column(columns: &Columns) -> Error {
    let names: String = columns.names.join(", ").chars().take(200).collect();
    Error::from(tables::Error::invalid(
        "no_known_column",
        format!("知っている見出しがありません({names})。mapping で指定してください。"),
        format!("None of the headings is known ({names}): say what they mean as mapping."),
    ))
}

/// Rows, some at a time.
struct Steps<'s> {
    rows: Rows<'s>,
    seen: ExternalIds,
}

impl Steps<'_> {
    fn next(&mut self) -> Result<Option<Vec<Row>>> {
        let mut rows = Vec::with_capacity(STEP);
        let mut row = Row::default();
        while rows.len() < STEP && self.rows.next(&mut row)? {
            rows.push(std::mem::take(&mut row));
        }
        Ok(Some(rows).filter(|rows| !rows.is_empty()))
    }
}
