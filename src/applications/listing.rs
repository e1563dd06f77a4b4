//! Lists of applications as a viewer may see them, for pages and exports.

use super::{ApplicationFilter, ApplicationListItem, store};
use crate::auth::Viewer;
use crate::catalogue::{Catalogue, Filters, calendar};
use crate::db::Db;
use crate::error::Result;
use crate::http::Page;

pub fn page(
    db: &mut Db,
    viewer: &Viewer,
    catalogue: &Catalogue,
    filter: ApplicationFilter,
) -> Result<Page<ApplicationListItem>> {
    Filters::of(catalogue)
        .entry("role", &filter.role, |c| &c.roles)
        .check()?;
    let today = calendar::today();
    let page = store::list(db, &viewer.reach, &filter)?;
    Ok(page.map(|one| one.shown(&viewer.reach, viewer.personal_data).listed(today)))
}
