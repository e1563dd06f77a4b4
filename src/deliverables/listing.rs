//! Lists the deliverables that a viewer may see, for pages and exports.

use super::{Deliverable, DeliverableFilter, store};
use crate::auth::Viewer;
use crate::catalogue::{Catalogue, Filters};
use crate::db::{Db, Id};
use crate::error::Result;
use crate::http::Page;
use crate::organizations::listing::labels;
use crate::organizations::store::OrganizationLabel;
use std::collections::HashMap;

pub fn page(
    db: &mut Db,
    viewer: &Viewer,
    catalogue: &Catalogue,
    mut filter: DeliverableFilter,
) -> Result<Page<Deliverable>> {
    Filters::of(catalogue)
        .area(&mut filter.area)
        .entry("type", &filter.type_, |c| &c.types)
        .family(&filter.family)
        .entry("skill", &filter.skill, |c| &c.skills)
        .entry("role", &filter.role, |c| &c.roles)
        .fiscal_year(filter.fiscal_year)
        .text("q", &filter.q)
        .check()?;
    let page = store::list(db, &viewer.reach, &filter, viewer.beside.organizations)?;
    Ok(page.map(|one| one.shown(&viewer.reach)))
}

/// Looks up the lead organizations of deliverables, as far as a viewer knows of them. A deliverable in a coordinator's
/// area may have a lead elsewhere; others know who asks them.
pub fn leads(
    db: &mut Db,
    viewer: &Viewer,
    deliverables: &[Deliverable],
) -> Result<HashMap<Id, OrganizationLabel>> {
    let leads = deliverables.iter().map(|one| one.request.organization_id);
    labels(db, viewer, leads.collect())
}
