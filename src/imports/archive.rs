//! A published archive as a job: its rows, whatever the format, go the way of the command line's.

use super::finding::{Finding, Severity};
use super::jobs::file::JobFile;
use super::jobs::run::Run;
use super::jobs::{Import, ImportFailure, ImportMode, ImportStatus, report};
use super::{Fault, File, Report, engagements, import_engagements};
use crate::error::{Error, Result};
use tables::{FileFormat, Remark, Row, Survey, survey};

/// The largest archive, in bytes of text.
const LARGEST: usize = 32 * 1024 * 1024;

pub fn run(run: &mut Run, job: &mut Import, file: &JobFile) -> Result<()> {
    let is_known = |cell: &&str| engagements::HEADER.contains(&cell.trim());
    let survey = survey(file, &job.options.hints(), &|row| {
        row.texts().filter(is_known).count()
    })?;
    job.detected = Some(survey.detected.clone());
    job.progress.total = Some(survey.row_count);
    let (text, lines) = as_csv(&survey, file)?;
    let name = job
        .options
        .file_name
        .clone()
        .unwrap_or_else(|| "engagements".to_owned());
    let archive = File {
        name: &name,
        bytes: &text,
    };
    let (pool, catalogues) = (run.runner.pool, run.runner.catalogues);
    let import = |dry_run: bool| -> Result<Report> {
        let told = import_engagements(
            pool,
            catalogues,
            &job.created_by,
            &archive,
            None,
            dry_run,
            &|_, _| {},
        );
        told.map_err(|error| match error {
            // What the command line shows as it is.
            Error::Internal(reason) => {
                tables::Error::invalid("invalid_archive", reason.clone(), reason).into()
            }
            other => other,
        })
    };
    let dry = import(true)?;
    let clean = dry.rejected.is_empty();
    let writes = match job.options.mode {
        ImportMode::DryRun => false,
        ImportMode::AllOrNothing => clean,
        ImportMode::BestEffort => true,
    };
    let report = if writes { import(false)? } else { dry };
    let findings = findings(&report, &lines);
    let mut rejected: Vec<u64> = report.rejected.iter().map(|fault| fault.line).collect();
    rejected.dedup();
    let progress = &mut job.progress;
    progress.rows_read = report.rows as u64;
    progress.created = report.created_deliverables as u64;
    progress.unchanged = report.unchanged_deliverables as u64;
    progress.rejected = rejected.len() as u64;
    // A server that died may have begun to write them.
    let first = progress.findings;
    progress.findings = findings.len() as u64;
    job.status = match (job.options.mode, clean) {
        (_, true) => ImportStatus::Succeeded,
        (ImportMode::AllOrNothing, false) => {
            let n = job.progress.rejected;
            (job.progress.created, job.progress.unchanged) = (0, 0);
            let ja = format!("{n}行を取り込めないため、何も書き込んでいません。");
            let en = format!("{n} rows can't be taken, so nothing was written.");
            job.error = Some(ImportFailure::new("rejected_rows", ja, en));
            ImportStatus::Failed
        }
        (_, false) => ImportStatus::Partial,
    };
    if first == 0 {
        pool.write_blocking(|db| report::store::add_findings(db, job.id, 0, &findings))?;
    }
    Ok(())
}

/// One line a row, and the line that each comes from.
fn as_csv(survey: &Survey, file: &JobFile) -> Result<(Vec<u8>, Vec<u64>)> {
    let failed = |e: csv::Error| Error::Internal(e.to_string());
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    let mut row = Row::default();
    let mut rows = survey.rows(file)?;
    let ragged = survey.detected.encoding.is_none();
    let mut records: Vec<Row> = Vec::new();
    let (mut lines, mut length) = (vec![survey.header_line], 0);
    while rows.next(&mut row)? {
        length += row.texts().map(str::len).sum::<usize>();
        if length > LARGEST {
            return Err(tables::Error::invalid(
                "too_large",
                "実績は32 MiBまでです。",
                "An archive may have 32 MiB.",
            )
            .into());
        }
        lines.push(row.line);
        records.push(std::mem::take(&mut row));
    }
    let header = rows.header();
    writer
        .write_record(header.iter().map(|name| name.replace('\n', " ")))
        .map_err(failed)?;
    for record in &records {
        let mut cells: Vec<String> = record.texts().map(|cell| cell.replace('\n', " ")).collect();
        if ragged || survey.detected.format == FileFormat::Ndjson {
            cells.resize(header.len().max(cells.len()), String::new());
        }
        writer.write_record(&cells).map_err(failed)?;
    }
    let text = writer.into_inner().map_err(|e| Error::Internal(e.to_string()))?;
    Ok((text, lines))
}

fn findings(report: &Report, lines: &[u64]) -> Vec<Finding> {
    let finding = |fault: &Fault, severity| {
        let line = usize::try_from(fault.line.saturating_sub(1))
            .ok()
            .and_then(|at| lines.get(at));
        let remark = Remark::new(fault.code, fault.message.clone(), fault.message.clone());
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
    let doubtful = report.doubtful.iter().map(|pair| {
        let remark = Remark::new(
            "similar_names",
            format!("「{}」と同じ団体かもしれません。", pair.other),
            format!("It may be the same organization as {:?}.", pair.other),
        );
        let remark = remark.suggesting(Some(pair.other.clone()));
        Finding::new(0, Some("団体名".to_owned()), &pair.one, remark, Severity::Warning)
    });
    rejected.chain(unknown).chain(doubtful).collect()
}
