//! A published archive, with what the publication declares.

use super::load::{ACTOR, Taken, bar};
use super::say;
use musubi::error::{Error, Result};
use musubi::imports;
use musubi::server::AppState;
use std::path::Path;

pub fn import(state: &AppState, file: &Path, totals: Option<&Path>, dry_run: bool) -> Result<Taken> {
    let read = |path: &Path| {
        std::fs::read(path).map_err(|e| Error::Internal(format!("cannot read {}: {e}", path.display())))
    };
    let name = file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let (bytes, totals) = (read(file)?, totals.map(read).transpose()?);
    let bar = bar();
    let progress = |done: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    let file = imports::File {
        name: &name,
        bytes: &bytes,
    };
    let totals = totals.as_deref().map(|bytes| imports::File {
        name: "totals",
        bytes,
    });
    let (pool, catalogues) = (&state.pool, &state.catalogues);
    let report = imports::import_engagements(
        pool,
        catalogues,
        ACTOR,
        &file,
        totals.as_ref(),
        dry_run,
        &progress,
    )?;
    bar.finish_and_clear();
    say(&told(&report, dry_run))?;
    let taken = report.created_deliverables + report.unchanged_deliverables;
    Ok(Taken::of(taken as u64, report.rejected.len() as u64))
}

/// The report in words.
fn told(report: &imports::Report, dry_run: bool) -> String {
    let mut lines = Vec::new();
    if dry_run {
        lines.push("Dry run: nothing was written.".to_owned());
    }
    lines.push(format!("Rows: {}", report.rows));
    lines.push(format!(
        "Deliverables: {} created, {} unchanged. Organizations: {} created, {} updated.",
        report.created_deliverables,
        report.unchanged_deliverables,
        report.created_organizations,
        report.updated_organizations
    ));
    let mut section = |title: &str, rows: Vec<String>| {
        if !rows.is_empty() {
            lines.push(format!("\n{title} ({}):", rows.len()));
            lines.extend(rows.into_iter().map(|row| format!("  {row}")));
        }
    };
    section(
        "Rejected",
        report.rejected.iter().map(ToString::to_string).collect(),
    );
    section(
        "Unknown 支援内容, kept as other",
        report.unknown_types.iter().map(ToString::to_string).collect(),
    );
    section(
        "Recognised as one organization",
        report.recognised.iter().map(|names| names.join(" = ")).collect(),
    );
    let doubtful = |d: &musubi::duplicates::spellings::Doubtful| {
        format!("{} ? {} ({:.2})", d.one, d.other, d.similarity)
    };
    section(
        "Doubtful, not merged: please look",
        report.doubtful.iter().map(doubtful).collect(),
    );
    let mut text = lines.join("\n") + "\n";
    if let Some(reconciliation) = &report.reconciliation {
        text += &format!("\n{reconciliation}");
    }
    text
}
