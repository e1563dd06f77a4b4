//! Replacing, listing and removing the figures of sources.

pub use super::file::{ReadFile, read};
use super::{
    Figure, IndicatorFilter, IndicatorSource, ListedFigure, MOST_SOURCES, SourceLabel, missing, place, store,
    too_many_sources,
};
use crate::catalogue::{Catalogue, Filters};
use crate::db::{Db, Instant};
use crate::error::{Error, FieldError, Place, Result, Text};
use crate::http::Page;
use crate::values::Code;
use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// What is said about a source beside its file.
#[derive(Debug, Clone)]
pub struct SourceDetails {
    pub code: Code,
    pub title: String,
    pub credit: String,
    pub url: Option<String>,
    pub published_on: Option<NaiveDate>,
}

/// Replaces a source and its figures with those of a file, which was read before: that can take long. Returns it, and whether
/// it is new. The same figures with the same details change nothing. `check` decides about the version that is there.
pub fn replace(
    db: &mut Db,
    actor: &str,
    details: SourceDetails,
    read: &ReadFile,
    check: impl FnOnce(Option<&IndicatorSource>) -> Result<()>,
) -> Result<(IndicatorSource, bool)> {
    let digest = digest(&details, &read.figures);
    let before = store::find_to_change(db, &details.code)?;
    check(before.as_ref().map(|(source, _)| source))?;
    match before {
        Some((source, same)) if same == digest => Ok((source, false)),
        before => {
            if before.is_none() && store::count_sources(db)? >= MOST_SOURCES {
                return Err(too_many_sources());
            }
            let SourceDetails {
                code,
                title,
                credit,
                url,
                published_on,
            } = details;
            let source = IndicatorSource {
                code,
                title,
                credit,
                url,
                published_on,
                figures: read.figures.len() as i64,
                rows_left_out: read.rows_left_out,
                version: before.as_ref().map_or(1, |(source, _)| source.version + 1),
                updated_at: Instant::now(),
            };
            store::replace(db, actor, &source, &digest, &read.figures)?;
            Ok((source, before.is_none()))
        }
    }
}

fn digest(details: &SourceDetails, figures: &[Figure]) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{details:?}"));
    for figure in figures {
        hash.update(format!("{figure:?}"));
    }
    hex::encode(hash.finalize())
}

/// Removes a source with its figures.
pub fn remove(
    db: &mut Db,
    actor: &str,
    code: &str,
    check: impl FnOnce(&IndicatorSource) -> Result<()>,
) -> Result<()> {
    let (source, _) = store::find_to_change(db, code)?.ok_or_else(missing)?;
    check(&source)?;
    store::delete(db, actor, code, source.version)
}

/// Lists figures with their sources.
pub fn list(db: &mut Db, catalogue: &Catalogue, mut filter: IndicatorFilter) -> Result<Page<ListedFigure>> {
    Filters::of(catalogue).year("year", filter.year).check()?;
    let sources = labels(db)?;
    let mut faults = Vec::new();
    if let Some(area) = &filter.area {
        match place(catalogue, area) {
            Some((code, _)) => filter.area = Some(code),
            None => faults.push(unknown(
                "area",
                "unknown_area",
                "この地域はありません。",
                "There is no such area.",
            )),
        }
    }
    if let Some(source) = &filter.source
        && !sources.contains_key(source.as_str())
    {
        let (ja, en) = ("この出典はありません。", "There is no such source.");
        faults.push(unknown("source", "unknown_source", ja, en));
    }
    if !faults.is_empty() {
        return Err(Error::Invalid(faults));
    }
    let page = store::list(db, &filter)?;
    Ok(page.map(|(figure, source)| listed(catalogue, &sources, figure, &source)))
}

fn unknown(name: &str, code: &'static str, ja: &'static str, en: &'static str) -> FieldError {
    let fault = FieldError::at("", code, Text::new(ja, en));
    let place = Place::Parameter(name.into());
    FieldError { place, ..fault }
}

/// Returns the labels of all sources, by code.
pub fn labels(db: &mut Db) -> Result<HashMap<String, SourceLabel>> {
    let sources = store::sources(db)?;
    Ok(sources
        .iter()
        .map(|one| (one.code.to_string(), SourceLabel::from(one)))
        .collect())
}

fn listed(
    catalogue: &Catalogue,
    sources: &HashMap<String, SourceLabel>,
    figure: Figure,
    source: &str,
) -> ListedFigure {
    let named = place(catalogue, &figure.area).map(|(_, name)| name);
    let label = sources.get(source).cloned();
    ListedFigure {
        name: named.unwrap_or_else(|| figure.area.clone()),
        area: figure.area.as_str().into(),
        indicator: figure.indicator,
        year: figure.year,
        dated_on: figure.dated_on,
        kind: figure.kind,
        value: figure.value,
        basis: figure.basis,
        source: label.unwrap_or_else(|| SourceLabel {
            code: source.into(),
            title: source.to_owned(),
            credit: source.to_owned(),
            url: None,
        }),
    }
}
