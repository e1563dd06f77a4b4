//! Lists of applications as a viewer may see them, for pages and exports.

use super::{Application, ApplicationFilter, ApplicationListItem, store};
use crate::auth::{Reach, Viewer};
use crate::catalogue::{Catalogue, Filters, calendar};
use crate::db::{Db, Id};
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

/// Lists the workers whose messages or notes these applications show to another person.
pub fn personal<'a>(viewer: &Viewer, shown: impl Iterator<Item = &'a Application>) -> Vec<Id> {
    if matches!(viewer.reach, Reach::Worker(_)) {
        return Vec::new();
    }
    let with_text = shown.filter(|one| one.message.is_some() || one.outcome.note.is_some());
    with_text.filter_map(|one| one.worker_id).collect()
}
