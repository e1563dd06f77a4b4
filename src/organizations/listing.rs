//! The list of organizations as somebody sees it: on pages, and in exports.

use super::{Organization, OrganizationFilter, store};
use crate::auth::{Reach, Viewer};
use crate::catalogue::{Catalogue, Filters};
use crate::db::{Db, Id};
use crate::error::Result;
use crate::http::Page;

/// Those who come through the deliverables that they may apply for see no contact.
pub fn sees_contacts(viewer: &Viewer) -> bool {
    viewer.personal_data && !matches!(viewer.reach, Reach::Worker(_) | Reach::Partner(_))
}

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
    let page = store::list(db, &viewer.reach, &filter)?;
    Ok(page.map(|organization| organization.shown(contacts)))
}

/// Whose contact is shown to somebody else.
pub fn personal(viewer: &Viewer, shown: &[Organization]) -> Vec<Id> {
    if matches!(viewer.reach, Reach::Organization(_)) {
        return Vec::new();
    }
    let known = shown.iter().filter(|one| one.details.contact.is_some());
    known.map(|one| one.id).collect()
}
