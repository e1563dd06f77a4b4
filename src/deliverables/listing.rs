//! Lists the deliverables that a viewer may see, for pages and exports.

use super::{Deliverable, DeliverableFilter, store};
use crate::auth::Viewer;
use crate::catalogue::{Catalogue, Filters};
use crate::db::Db;
use crate::error::Result;
use crate::http::Page;

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
    let page = store::list(db, &viewer.reach, &filter)?;
    Ok(page.map(|one| one.shown(&viewer.reach)))
}
