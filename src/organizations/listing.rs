//! The list of organizations as a viewer sees it, on pages and in exports.

use super::store::OrganizationLabel;
use super::{Organization, OrganizationFilter, store};
use crate::auth::{Reach, Viewer};
use crate::catalogue::{Catalogue, Filters};
use crate::db::{Db, Id};
use crate::error::Result;
use crate::http::Page;
use crate::reach::store::some_organizations;
use std::collections::HashMap;

/// Returns whether the viewer sees contacts. Workers and partners don't: they see organizations only because
/// of open deliverables.
pub fn sees_contacts(viewer: &Viewer) -> bool {
    viewer.personal_data && !matches!(viewer.reach, Reach::Worker(_) | Reach::Partner(_))
}

/// Lists a page of organizations.
pub fn page(
    db: &mut Db,
    viewer: &Viewer,
    catalogue: &Catalogue,
    mut filter: OrganizationFilter,
) -> Result<Page<Organization>> {
    Filters::of(catalogue)
        .area(&mut filter.area)
        .text("q", &filter.q)
        .check()?;
    let contacts = sees_contacts(viewer);
    let mut page = store::list(db, &viewer.reach, &filter)?;
    hide_merges(db, &viewer.reach, &mut page.items)?;
    Ok(page.map(|organization| organization.shown(contacts)))
}

/// Lists those of the organizations that a viewer may see, archived ones too.
pub fn some(db: &mut Db, viewer: &Viewer, ids: &[Id]) -> Result<Vec<Organization>> {
    let known = Vec::from_iter(some_organizations(db, &viewer.reach, ids)?);
    let mut found = store::load_archived_too(db, &known)?;
    found.sort_unstable_by_key(|organization| organization.id);
    hide_merges(db, &viewer.reach, &mut found)?;
    let contacts = sees_contacts(viewer);
    Ok(found.into_iter().map(|one| one.shown(contacts)).collect())
}

/// Looks up the labels of organizations that ask for help, as far as a viewer who sees what they ask for knows of them.
pub fn labels(db: &mut Db, viewer: &Viewer, mut ids: Vec<Id>) -> Result<HashMap<Id, OrganizationLabel>> {
    if !viewer.beside.organizations {
        return Ok(HashMap::new());
    }
    if matches!(viewer.reach, Reach::Areas(_)) {
        let known = some_organizations(db, &viewer.reach, &ids)?;
        ids.retain(|id| known.contains(id));
    }
    store::labels(db, &ids)
}

/// Returns an organization as a viewer sees it.
pub fn shown(db: &mut Db, viewer: &Viewer, mut organization: Organization) -> Result<Organization> {
    hide_merges(db, &viewer.reach, std::slice::from_mut(&mut organization))?;
    Ok(organization.shown(sees_contacts(viewer)))
}

/// Clears `merged_into` where that record is outside the reach.
fn hide_merges(db: &mut Db, reach: &Reach, organizations: &mut [Organization]) -> Result<()> {
    let into: Vec<Id> = organizations.iter().filter_map(|one| one.merged_into).collect();
    if into.is_empty() {
        return Ok(());
    }
    let seen = some_organizations(db, reach, &into)?;
    for one in organizations {
        one.merged_into = one.merged_into.filter(|into| seen.contains(into));
    }
    Ok(())
}
