//! The list of organizations as a viewer sees it, on pages and in exports.

use super::{Organization, OrganizationFilter, store};
use crate::auth::{Reach, Viewer};
use crate::catalogue::{Catalogue, Filters};
use crate::db::Db;
use crate::error::Result;
use crate::http::Page;

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
    let page = store::list(db, &viewer.reach, &filter)?;
    Ok(page.map(|organization| organization.shown(contacts)))
}
