//! Lists as a viewer may see them, for pages and exports: applications, and deliverables with their applications.

use super::ApplicationDirection::Invitation;
use super::{
    AgeCount, ApplicationCount, ApplicationFilter, ApplicationListItem, ApplicationStatus, LeadOrganization,
    ListedDeliverable, StatusCounts, store,
};
use crate::auth::Viewer;
use crate::catalogue::{Catalogue, Filters, calendar};
use crate::db::{Db, Id};
use crate::deliverables::included::{self, Named, Reader};
use crate::deliverables::{self, DeliverableFilter};
use crate::error::Result;
use crate::http::page::Total;
use crate::http::{Language, Page};
use crate::reach::store::some_workers;
use crate::workers::{self, alias_in_language};
use std::collections::HashMap;
use strum::VariantArray;

pub fn page(
    db: &mut Db,
    viewer: &Viewer,
    catalogue: &Catalogue,
    filter: ApplicationFilter,
    language: Language,
) -> Result<Page<ApplicationListItem>> {
    check(catalogue, &filter)?;
    let page = store::list(db, &viewer.reach, &filter)?;
    let ids = |id: fn(&super::Application) -> Option<Id>| -> Vec<Id> {
        let mut ids: Vec<Id> = page.items.iter().filter_map(id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let titles = match viewer.beside.deliverables {
        true => deliverables::store::titles(db, &viewer.reach, &ids(|one| Some(one.deliverable_id)))?,
        false => HashMap::new(),
    };
    let workers = match viewer.beside.workers {
        true => {
            // Who was invited and hasn't said yes is beyond the reach. The ranking has shown their alias.
            let invited = ids(|one| one.worker_id.filter(|_| one.direction == Invitation));
            let mut known = some_workers(db, &viewer.reach, &ids(|one| one.worker_id))?;
            known.extend(invited);
            known
        }
        false => Default::default(),
    };
    let labels = workers::store::labels(db, &Vec::from_iter(workers))?;
    let alias = |worker: Id| {
        let label = labels.get(&worker)?;
        let alias = alias_in_language(&label.alias, label.area.as_deref(), catalogue, language);
        Some(alias.into_owned())
    };
    let reader = Reader {
        viewer,
        catalogue,
        language,
    };
    let included = included::load(db, &reader, &filter.include, || Named {
        deliverables: page.items.iter().map(|one| one.deliverable_id).collect(),
        ..Named::default()
    })?;
    let page = page.including(included);
    Ok(page.map(|one| {
        let (deliverable, worker) = (one.deliverable_id, one.worker_id);
        ApplicationListItem {
            deliverable_title: titles.get(&deliverable).cloned(),
            worker_alias: worker.and_then(alias),
            ..one.shown(&viewer.reach, viewer.personal_data).listed()
        }
    }))
}

fn check(catalogue: &Catalogue, filter: &ApplicationFilter) -> Result<()> {
    Filters::of(catalogue)
        .entry("role", &filter.role, |c| &c.roles)
        .check()
}

/// The first day of each age, in days since the last move.
const AGES: [u32; 4] = [0, 3, 7, 14];

/// Counts applications by status and by days since their last move.
pub fn counts(
    db: &mut Db,
    viewer: &Viewer,
    catalogue: &Catalogue,
    filter: &ApplicationFilter,
) -> Result<Page<ApplicationCount>> {
    check(catalogue, filter)?;
    let mut counts = Vec::new();
    for status in ApplicationStatus::VARIANTS {
        let moves = store::last_moves(db, &viewer.reach, filter, *status)?;
        let total = Total::of(moves.len());
        let ages = moves
            .iter()
            .take(total.count)
            .map(|at| calendar::days_since(at.utc()));
        let ages: Vec<u32> = ages.collect();
        let ends = AGES.iter().skip(1).map(|next| Some(next - 1)).chain([None]);
        let of_age = |(from, to): (&u32, Option<u32>)| AgeCount {
            from_days: *from,
            to_days: to,
            count: ages
                .iter()
                .filter(|age| *age >= from && to.is_none_or(|to| **age <= to))
                .count(),
        };
        counts.push(ApplicationCount {
            status: *status,
            total,
            by_age: AGES.iter().zip(ends).map(of_age).collect(),
        });
    }
    Ok(Page::all(counts))
}

/// Lists deliverables with their lead organizations, places and counts of applications.
pub fn deliverables(
    db: &mut Db,
    viewer: &Viewer,
    catalogue: &Catalogue,
    filter: DeliverableFilter,
    language: Language,
) -> Result<Page<ListedDeliverable>> {
    let include = filter.include.clone();
    let page = deliverables::listing::page(db, viewer, catalogue, filter)?;
    let reader = Reader {
        viewer,
        catalogue,
        language,
    };
    let included = included::load(db, &reader, &include, || {
        let mut named = Named::default();
        page.items.iter().for_each(|one| named.add(one));
        named
    })?;
    let page = page.including(included);
    let leads = deliverables::listing::leads(db, viewer, &page.items)?;
    let mut counts: HashMap<Id, StatusCounts> = HashMap::new();
    if viewer.beside.applications {
        let ids: Vec<Id> = page.items.iter().map(|one| one.id).collect();
        for (id, status, count) in store::count_by_status(db, &viewer.reach, &ids)? {
            *counts.entry(id).or_default().of_status(status) += count;
        }
    }
    Ok(page.map(|deliverable| {
        let (id, lead) = (deliverable.id, deliverable.request.organization_id);
        ListedDeliverable {
            organization: LeadOrganization {
                id: lead,
                name: leads.get(&lead).map(|lead| lead.name.clone()),
            },
            places: deliverable.places(),
            applications: viewer
                .beside
                .applications
                .then(|| counts.get(&id).copied().unwrap_or_default()),
            deliverable,
        }
    }))
}
