//! Imports of published archives in any format: the rows become CSV for `actions::import_archive`.

use super::file::JobFile;
use super::lease::{JobEnd, Lease};
use super::look::look;
use super::run::{check_rows, most_at_once};
use super::store::findings;
use super::{Import, ImportMode, ImportStatus, rejected_rows};
use crate::auth::Writer;
use crate::error::{Error, Result};
use crate::imports::actions::{ArchiveProgress, import_archive};
use crate::imports::archive::{ArchiveFile, Fault};
use crate::imports::engagements;
use crate::imports::finding::{Finding, Severity};
use crate::imports::kinds::layout::total_or_note;
use crate::imports::plan::ArchiveReport;
use crate::organizations::MAX_ALIASES;
use tables::{FileFormat, Remark, Row, Survey};

/// The largest archive, in bytes of its rows in memory: about twice those of its text.
const LARGEST: usize = 64 * 1024 * 1024;

pub fn run(lease: &Lease, job: &mut Import) -> Result<JobEnd, JobEnd> {
    let check = || lease.check();
    let file = JobFile::of(lease.pool, job).checked(&check);
    let is_known = |cell: &&str| engagements::column(cell).is_some();
    let survey = lease
        .workbooks
        .survey(&file, &|| file.check(), &job.options.hints(), &|row| {
            row.texts().filter(is_known).count()
        })?;
    job.detected = Some(survey.detected.clone());
    job.progress.total = Some(survey.row_count);
    look(lease, job, &survey, &file)?;
    check_rows(survey.row_count, Some(most_at_once(lease)?))?;
    let (text, lines, skipped) = as_csv(&survey, &file)?;
    let archive = ArchiveFile {
        name: job.options.file_name.as_deref().unwrap_or("engagements"),
        bytes: &text,
    };
    let writer = Writer {
        actor: job.created_by.clone(),
        role: job.role,
        reach: job.reach(),
    };
    let progress = ArchiveProgress {
        go_on: &check,
        ..ArchiveProgress::NONE
    };
    let import = |dry_run: bool| {
        import_archive(
            lease.pool,
            lease.catalogues,
            &writer,
            &archive,
            None,
            dry_run,
            &progress,
        )
    };
    let preview = import(true)?;
    let is_clean = preview.rejected.is_empty();
    let writes = match job.options.mode {
        ImportMode::DryRun => false,
        ImportMode::AllOrNothing => is_clean,
        ImportMode::BestEffort => true,
    };
    let report = if writes { import(false)? } else { preview };
    let mut rejected: Vec<u64> = report.rejected.iter().map(|fault| fault.line).collect();
    rejected.dedup();
    let progress = &mut job.progress;
    progress.rows_read = report.rows as u64;
    progress.created = report.created_deliverables as u64;
    progress.unchanged = report.unchanged_deliverables as u64;
    progress.rejected = rejected.len() as u64;
    progress.skipped = skipped.len() as u64;
    progress.rows_read += progress.skipped;
    // A server that died may have saved the findings already, together with the progress.
    if progress.findings == 0 {
        let mut found = skipped;
        found.extend(report_findings(&report, &lines));
        lease.step(job, |db, next| findings::report(db, next, &found))?;
    }
    job.status = match (job.options.mode, is_clean) {
        (_, true) => ImportStatus::Succeeded,
        (ImportMode::AllOrNothing, false) => {
            (job.progress.created, job.progress.unchanged) = (0, 0);
            return Err(rejected_rows(job.progress.rejected).into());
        }
        (_, false) => ImportStatus::Partial,
    };
    Ok(JobEnd::Finished)
}

/// Writes the rows as CSV, one line each, under the archive's own headings. Returns it with the line of the file that each
/// row begins at, and what is said about totals and notes.
fn as_csv(survey: &Survey, file: &JobFile) -> Result<(Vec<u8>, Vec<u64>, Vec<Finding>)> {
    let failed = |e: csv::Error| Error::Internal(e.to_string());
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    let mut row = Row::default();
    let mut rows = survey.rows(file)?;
    let ragged = survey.detected.encoding.is_none();
    let (mut records, mut skipped): (Vec<Row>, Vec<Finding>) = (Vec::new(), Vec::new());
    let (mut lines, mut length) = (vec![survey.header_line], 0);
    while rows.next(&mut row)? {
        length += row.size_bytes();
        if length > LARGEST {
            return Err(tables::Error::invalid(
                "too_large",
                "実績のファイルは約32 MiBまでです。",
                "A published archive can have about 32 MiB.",
            )
            .into());
        }
        if let Some(remark) = total_or_note(&row) {
            skipped.push(Finding::new(row.line, None, "", remark, Severity::Warning));
            continue;
        }
        lines.push(row.line);
        records.push(std::mem::take(&mut row));
    }
    let header = headings(rows.header());
    writer.write_record(&header).map_err(failed)?;
    for record in &records {
        let mut cells: Vec<String> = record.texts().map(|cell| cell.replace('\n', " ")).collect();
        if ragged || survey.detected.format == FileFormat::Ndjson {
            cells.resize(header.len().max(cells.len()), String::new());
        }
        writer.write_record(&cells).map_err(failed)?;
    }
    let text = writer.into_inner().map_err(|e| Error::Internal(e.to_string()))?;
    Ok((text, lines, skipped))
}

/// Returns a header with the archive's own headings in place of others that mean the same.
fn headings(header: &[String]) -> Vec<String> {
    let mut headings: Vec<String> = header.iter().map(|name| name.trim().replace('\n', " ")).collect();
    for name in engagements::HEADER {
        if headings.iter().any(|heading| heading == name) {
            continue;
        }
        let mut others = headings.iter_mut();
        if let Some(other) = others.find(|heading| engagements::column(heading) == Some(name)) {
            *other = name.to_owned();
        }
    }
    headings
}

fn report_findings(report: &ArchiveReport, lines: &[u64]) -> Vec<Finding> {
    let finding = |fault: &Fault, severity| {
        let line = usize::try_from(fault.line.saturating_sub(1))
            .ok()
            .and_then(|at| lines.get(at));
        let remark = Remark {
            code: fault.code,
            message: fault.message.clone(),
            suggestion: None,
        };
        Finding::new(
            line.copied().unwrap_or(fault.line),
            Some(fault.column.clone()),
            &fault.value,
            remark,
            severity,
        )
    };
    let rejected = report
        .rejected
        .iter()
        .map(|fault| finding(fault, Severity::Error));
    let unknown = report
        .unknown_types
        .iter()
        .map(|fault| finding(fault, Severity::Warning));
    let doubtful = report.doubtful.pairs.iter().map(|pair| {
        let remark = Remark::new(
            "similar_names",
            format!("「{}」と同じ団体かもしれません。", pair.other),
            format!("It may be the same organization as {:?}.", pair.other),
        );
        let remark = remark.suggesting(Some(pair.other.clone()));
        Finding::new(0, Some("団体名".to_owned()), &pair.one, remark, Severity::Warning)
    });
    let full = report.full.iter().map(|name| {
        let remark = Remark::new(
            "too_many_aliases",
            format!("別名は{MAX_ALIASES}件までのため、これ以外の表記は登録していません。"),
            format!(
                "An organization can have {MAX_ALIASES} aliases, so its other spellings were not stored."
            ),
        );
        Finding::new(0, Some("団体名".to_owned()), name, remark, Severity::Warning)
    });
    let partial = report.doubtful.is_partial.then(|| {
        let remark = Remark::new(
            "more_similar_names",
            "名前の似た団体がほかにもあります。似ている順に一部だけを表示しています。",
            "There are more similar names. Only the most similar ones are listed.",
        );
        Finding::new(0, Some("団体名".to_owned()), "", remark, Severity::Warning)
    });
    let organizations = doubtful.chain(full).chain(partial);
    rejected.chain(unknown).chain(organizations).collect()
}
