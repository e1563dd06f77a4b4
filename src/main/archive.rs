//! Importing a published archive, and printing its report.

use super::files;
use super::terminal::{progress_bar, say};
use musubi::auth::Writer;
use musubi::duplicates::similar::SimilarNames;
use musubi::error::Result;
use musubi::imports::actions::{ArchiveProgress, import_archive};
use musubi::imports::archive::ArchiveFile;
use musubi::imports::plan::ArchiveReport;
use musubi::server::AppState;
use std::path::Path;

/// Imports an archive, together with the totals that its publisher declares.
pub fn import(
    state: &AppState,
    actor: &str,
    file: &Path,
    totals: Option<&Path>,
    dry_run: bool,
) -> Result<ArchiveReport> {
    let name = file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let (bytes, totals) = (files::read(file)?, totals.map(files::read).transpose()?);
    let bar = progress_bar();
    let progress = |done: usize, all: usize| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    };
    let file = ArchiveFile {
        name: &name,
        bytes: &bytes,
    };
    let totals = totals.as_deref().map(|bytes| ArchiveFile {
        name: "totals",
        bytes,
    });
    let (pool, catalogues) = (&state.pool, &state.catalogues);
    let report = import_archive(
        pool,
        catalogues,
        &Writer::operator(actor),
        &file,
        totals.as_ref(),
        dry_run,
        &ArchiveProgress {
            wrote: &progress,
            ..ArchiveProgress::NONE
        },
    )?;
    bar.finish_and_clear();
    say(&text(&report, dry_run))?;
    Ok(report)
}

/// Writes the report as text.
fn text(report: &ArchiveReport, dry_run: bool) -> String {
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
        "Unknown 支援内容, imported as other",
        report.unknown_types.iter().map(ToString::to_string).collect(),
    );
    section(
        "Recognised as one organization",
        report.recognised.iter().map(|names| names.join(" = ")).collect(),
    );
    let doubtful = |d: &SimilarNames| format!("{} ? {} ({:.2})", d.one, d.other, d.similarity);
    section(
        "Similar names, not merged; please check",
        report.doubtful.pairs.iter().map(doubtful).collect(),
    );
    section(
        "Has 100 aliases already, so further spellings were not stored",
        report.full.iter().cloned().collect(),
    );
    if report.doubtful.is_partial {
        lines.push("\nThere are more similar names than are listed.".to_owned());
    }
    let mut text = lines.join("\n") + "\n";
    if let Some(reconciliation) = &report.reconciliation {
        text += &format!("\n{reconciliation}");
    }
    text
}
