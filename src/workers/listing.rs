//! The list of workers as somebody sees it: on pages, and in exports.

use super::{Sight, Worker, WorkerFilter, store};
use crate::auth::{Reach, Viewer};
use crate::catalogue::{Catalogue, Filters};
use crate::db::{Db, Id};
use crate::error::Result;
use crate::http::Page;

/// How much a viewer sees of those within their reach.
pub fn sight(viewer: &Viewer) -> Sight {
    match viewer.reach {
        _ if !viewer.personal_data => Sight::Profile,
        Reach::Organization(_) => Sight::Acquaintance,
        Reach::Worker(_) | Reach::Partner(_) => Sight::Own,
        _ => Sight::Whole,
    }
}

pub fn page(
    db: &mut Db,
    viewer: &Viewer,
    catalogue: &Catalogue,
    mut filter: WorkerFilter,
) -> Result<Page<Worker>> {
    let filters = Filters::of(catalogue).area(&mut filter.area).text("q", &filter.q);
    let filters = filters
        .entry("skill", &filter.skill, |c| &c.skills)
        .entry("role", &filter.role, |c| &c.roles);
    filters.check()?;
    let sight = sight(viewer);
    let page = store::list(db, &viewer.reach, &filter, sight != Sight::Profile)?;
    Ok(page.map(|worker| worker.shown(sight)))
}

/// Whose personal data is shown to somebody else.
pub fn personal(viewer: &Viewer, shown: &[Worker]) -> Vec<Id> {
    if matches!(viewer.reach, Reach::Worker(_)) {
        return Vec::new();
    }
    let with = shown.iter().filter(|worker| worker.profile.personal.is_some());
    with.map(|worker| worker.id).collect()
}
