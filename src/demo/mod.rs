//! A demonstration to try: the published archive and programme, figures of population, a plausible roster of workers, and
//! this year's requests, projects and gatherings.
//!
//! Everything depends only on the embedded files and the day, so that the rankings are the same on every
//! machine. Made-up records have the source `demo`; the archive and the figures are real.

mod briefing;
mod embedded;
mod gatherings;
pub mod population;
mod press;
mod programme;
pub mod roster;
mod side_by_side;
mod year;

pub use embedded::{ARCHIVE, TOTALS};
pub use side_by_side::side_by_side;

use crate::auth::{Reach, Writer};
use crate::catalogue::{Catalogue, calendar};
use crate::db::{Db, Id, Instant};
use crate::deliverables::{self, Deliverable, DeliverableStatus, NewDeliverable};
use crate::error::{Error, Result};
use crate::http::Language;
use crate::imports::actions::{ArchiveProgress, import_archive};
use crate::imports::archive::ArchiveFile;
use crate::imports::engagements::{self, Engagement};
use crate::matches::{encode, explainer::Explainer};
use crate::organizations::{self, names::name_key};
use crate::server::AppState;
use crate::users::{self, NewUser};
use crate::values::Code;
use crate::workers::{self, DEMO_SOURCE, Worker};
use chrono::NaiveDate;
use embedded::{ACTOR, unreadable};
use matcher::Weights;
use matcher::index::TeamHit;
use serde::Deserialize;
use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

/// The made-up details of a published request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestDetails {
    organization: String,
    #[serde(rename = "type")]
    type_: Code,
    title: String,
    trouble: String,
    themes: Vec<Code>,
    day_parts: Vec<calendar::DayPart>,
    remote: bool,
}

/// How many records were added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DemoCounts {
    pub organizations: usize,
    pub engagements: usize,
    pub workers: usize,
    /// Open requests.
    pub requests: usize,
    pub projects: usize,
    /// Figures of population.
    pub figures: usize,
    /// Events of the published programme.
    pub events: usize,
    /// Cards, posts and publications.
    pub pages: usize,
}

/// Loads the demonstration with `size` workers. Existing records stay unchanged.
pub fn load(state: &AppState, today: NaiveDate, size: u64) -> Result<DemoCounts> {
    let archive = ArchiveFile {
        name: "hometown_engagements.csv",
        bytes: ARCHIVE.as_bytes(),
    };
    let totals = ArchiveFile {
        name: "hometown_totals.csv",
        bytes: TOTALS.as_bytes(),
    };
    let (pool, catalogues) = (&state.pool, &state.catalogues);
    let report = import_archive(
        pool,
        catalogues,
        &Writer::operator(ACTOR),
        &archive,
        Some(&totals),
        false,
        &ArchiveProgress::NONE,
    )?;
    let (workers, requests, projects, figures, events, pages) = pool.write_blocking(|db| {
        let catalogue = catalogues.current(db)?;
        let published = engagements::read(ARCHIVE.as_bytes(), &catalogue)?.accepted;
        let present: BTreeSet<String> = deliverables::store::external_ids(db, DEMO_SOURCE)?
            .into_iter()
            .map(|(external_id, _)| external_id)
            .collect();
        Ok((
            load_workers(db, &catalogue, today, size)?,
            load_requests(db, &catalogue, &published, today, &present)?,
            year::load(db, catalogues, &published, today, &present)?,
            population::load(db, &catalogue)?,
            briefing::load(db, catalogues)?,
            press::load(db, &catalogue, today)?,
        ))
    })?;
    let (organizations, engagements) = (report.created_organizations, report.created_deliverables);
    Ok(DemoCounts {
        organizations,
        engagements,
        workers,
        requests,
        projects,
        figures,
        events,
        pages,
    })
}

/// Returns the secret of a link that logs in the demonstration's administrator, once: an invitation, which the console
/// accepts with a password that nobody needs to know.
pub fn login(state: &AppState) -> Result<String> {
    const EMAIL: &str = "demo@example.jp";
    let invited = state
        .pool
        .write_blocking(|db| match users::store::find_by_email(db, EMAIL) {
            Ok(user) => users::actions::invite_again(db, "", ACTOR, user.id),
            Err(Error::NotFound { .. }) => {
                let catalogue = state.catalogues.current(db)?;
                let details = NewUser::administrator(EMAIL, "デモ 事務局");
                users::actions::invite(db, &catalogue, "", &Writer::operator(ACTOR), details)
            }
            Err(error) => Err(error),
        })?;
    let lost = || unreadable("an invitation without a secret");
    invited.invitation.token.ok_or_else(lost)
}

/// Loads the roster in parts, so that a large one is never in memory as a whole.
fn load_workers(db: &mut Db, catalogue: &Catalogue, today: NaiveDate, size: u64) -> Result<usize> {
    const PART: usize = 10_000;
    let present: HashSet<String> = workers::store::external_ids(db, DEMO_SOURCE)?
        .into_iter()
        .collect();
    let is_new = |worker: &Worker| {
        let external_id = worker.profile.external_id.as_ref();
        external_id.is_none_or(|id| !present.contains(id))
    };
    let mut fresh = roster::roster(catalogue, today, size)
        .map_err(unreadable)?
        .filter(is_new);
    let mut added = 0;
    loop {
        let part: Vec<Worker> = fresh.by_ref().take(PART).collect();
        if part.is_empty() {
            return Ok(added);
        }
        workers::store::insert_all(db, ACTOR, &part)?;
        added += part.len();
    }
}

/// Adds this year's requests, which repeat those of the last published year.
fn load_requests(
    db: &mut Db,
    catalogue: &Catalogue,
    published: &[Engagement],
    today: NaiveDate,
    present: &BTreeSet<String>,
) -> Result<usize> {
    let details: Vec<RequestDetails> =
        serde_json::from_str(include_str!("requests.json")).map_err(unreadable)?;
    let last = published.iter().map(|engagement| engagement.fiscal_year).max();
    let of_last = published.iter().filter(|e| Some(e.fiscal_year) == last);
    let this_year = calendar::fiscal_year(today);
    let mut added = 0;
    for (engagement, details) in of_last.zip(details) {
        let external_id = format!("round-{this_year}-{}", engagement.row);
        if present.contains(&external_id) {
            continue;
        }
        let asked_by = engagement
            .requesters
            .iter()
            .find(|name| **name == details.organization);
        let name = asked_by.ok_or_else(|| unreadable(&details.organization))?;
        let (everywhere, key) = (&Reach::Everything, name_key(name));
        let named = organizations::store::find_by_name(db, everywhere, Some(&engagement.area), &key)?;
        let organization_id = *named.first().ok_or_else(|| unreadable(name))?;
        let mut request = NewDeliverable {
            shared_with_partners: true,
            external_team: false,
            applications_per_place: None,
            cancellation_reason: None,
            organization_id,
            joint_organization_ids: Vec::new(),
            type_: details.type_,
            additional_types: Vec::new(),
            title: details.title,
            trouble: Some(details.trouble),
            format: Some(engagement.format),
            starts_on: None,
            ends_on: None,
            hours_per_week: None,
            day_parts: details.day_parts,
            area: Some(engagement.area.as_str().into()),
            remote: details.remote,
            roles: None,
            qualifications: Vec::new(),
            themes: details.themes,
            status: DeliverableStatus::Open,
            source: Some(DEMO_SOURCE.to_owned()),
            external_id: Some(external_id.clone()),
        };
        request.resolve(catalogue, &engagement.area, None)?;
        let id = Id::derived(DEMO_SOURCE, &external_id, Instant::now());
        let deliverable = Deliverable {
            fiscal_year: this_year,
            ..Deliverable::register(id, request, catalogue, Instant::now())
        };
        deliverables::store::insert(db, ACTOR, &deliverable)?;
        added += 1;
    }
    Ok(added)
}

/// Returns the id of a demonstration flyer, and its five best workers as text.
pub fn top_five(state: &AppState, today: NaiveDate) -> Result<(Id, String)> {
    state.pool.read_blocking(|db| {
        let snapshot = state.index.current(db, &state.catalogues, today)?;
        let flyer = snapshot
            .open
            .values()
            .find(|open| open.deliverable.request.type_ == "flyer" && open.deliverable.demo);
        let open = flyer.ok_or_else(|| unreadable("no flyer is open"))?;
        let query = snapshot.index.query(&open.need, Weights::default());
        let hits = snapshot.index.search_team(&query, None, 5, &HashSet::new());
        let census = snapshot.index.census(&query, None);
        let ids: Vec<Id> = hits
            .iter()
            .map(|one| Id(Uuid::from_u128(one.hit.candidate.id)))
            .collect();
        let labels = workers::store::labels(db, &ids)?;
        let explainer = Explainer {
            catalogue: &snapshot.catalogue,
            language: Language::Ja,
        };
        let request = &open.deliverable.request;
        let words = encode::words(request);
        let area = request
            .area
            .as_deref()
            .and_then(|code| snapshot.catalogue.area(code));
        let (considered, passed) = (census.considered, census.passed);
        let mut lines = vec![
            format!(
                "「{}」({})",
                request.title,
                area.map(|area| snapshot.catalogue.fixed.name_here(area))
                    .unwrap_or_default()
            ),
            format!("  {}", request.trouble.as_deref().unwrap_or_default()),
            format!("  {considered} workers considered, {passed} passed every gate:"),
        ];
        for (i, (TeamHit { hit, above, .. }, id)) in hits.iter().zip(ids).enumerate() {
            let found = labels.get(&id).zip(hit.assess(&query));
            let (label, assessment) = found.ok_or_else(|| unreadable("a lost candidate"))?;
            let role = open.need.roles.get(assessment.role).map(|role| role.role);
            let explained = explainer.explain(&query, &words, &hit.candidate, &assessment, *above);
            let fit = explained.fit_ppm as f64 / 1e6;
            lines.push(format!(
                "  {}. {} as {}: fit {fit:.3}",
                i + 1,
                explainer.brief(id, label, role).name,
                explained.role
            ));
            let mut reasons = explained.components;
            reasons.sort_by_key(|c| std::cmp::Reverse(c.contribution_ppm));
            for c in reasons.iter().take(4) {
                lines.push(format!(
                    "       {:<14} +{:.3}  {}",
                    c.name.0,
                    c.contribution_ppm as f64 / 1e6,
                    c.because
                ));
            }
        }
        Ok((open.deliverable.id, lines.join("\n") + "\n"))
    })
}
