//! Writing yearly reports.

use super::arguments::ReportArguments;
use super::files::write_whole;
use musubi::auth::Reach;
use musubi::config::Config;
use musubi::error::{Error, Result};
use musubi::reports::{ReportFormat, ReportSpan, actions, html, xlsx};
use musubi::server::AppState;
use std::io::Write;

pub fn report(config: &Config, asked: &ReportArguments) -> Result<()> {
    config.check_database()?;
    let (from, to, names) = match (asked.year, asked.from, asked.to) {
        (Some(year), ..) => (year, year, ("year", "year")),
        (None, Some(from), Some(to)) => (from, to, ("from", "to")),
        _ => return Err(Error::Internal("give a year, or --from and --to".into())),
    };
    let span = ReportSpan {
        from,
        to,
        language: asked.lang,
        include_demo: asked.include_demo,
    };
    let AppState { pool, catalogues, .. } = AppState::open(config)?;
    let report = pool.read_blocking(|db| {
        let catalogue = catalogues.current(db)?;
        actions::report(db, &Reach::Everything, &catalogue, &span, names)
    })?;
    let bytes = match asked.format {
        ReportFormat::Html => html::write(&report).into_bytes(),
        ReportFormat::Xlsx => xlsx::write(&report)?,
        ReportFormat::Json => {
            let text = serde_json::to_string_pretty(&report).map_err(|e| Error::Internal(e.to_string()))?;
            format!("{text}\n").into_bytes()
        }
    };
    let failed = |e: std::io::Error| Error::Internal(format!("cannot write the report: {e}"));
    let write = |out: &mut dyn Write| out.write_all(&bytes).map_err(failed);
    match &asked.output {
        Some(file) => write_whole(file, write),
        None => write(&mut std::io::stdout().lock()),
    }
}
