//! Workers as a viewer sees them: one, on pages, and in exports.

use super::{Sight, Worker, WorkerFilter, store};
use crate::auth::{Reach, Viewer};
use crate::catalogue::{Catalogue, Filters};
use crate::db::{Db, Id};
use crate::error::{Error, Result};
use crate::http::Page;
use crate::reach::store::{is_separated, some_workers};

/// Returns how much a viewer sees of workers within their reach.
pub fn sight(viewer: &Viewer) -> Sight {
    match viewer.reach {
        // Without a scope, nobody sees more than with it.
        Reach::Organization(_) if !viewer.personal_data => Sight::Candidate,
        _ if !viewer.personal_data => Sight::Profile,
        Reach::Organization(_) => Sight::Acquaintance,
        Reach::Worker(_) | Reach::Partner(_) => Sight::Own,
        _ => Sight::Whole,
    }
}

/// Finds a worker, and how much of them the viewer sees. Viewers who may see rankings (`ranks`) find every
/// candidate who isn't kept apart from them.
pub fn find(db: &mut Db, viewer: &Viewer, ranks: bool, id: Id) -> Result<(Worker, Sight)> {
    let reach = &viewer.reach;
    match store::find(db, reach, id) {
        Err(Error::NotFound { .. }) if ranks && *reach != Reach::Everything => {
            let worker = store::find(db, &Reach::Everything, id)?;
            let is_hidden = match reach {
                Reach::Organization(own) => is_separated(db, id, &[*own])?,
                _ => false,
            };
            let candidate = Some(worker).filter(|worker| worker.is_candidate() && !is_hidden);
            Ok((candidate.ok_or_else(store::missing)?, Sight::Candidate))
        }
        found => Ok((found?, sight(viewer))),
    }
}

/// Lists a page of workers.
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
    let mut page = store::list(db, &viewer.reach, &filter, viewer.personal_data)?;
    hide_merges(db, &viewer.reach, &mut page.items)?;
    Ok(page.map(|worker| worker.shown(sight)))
}

/// Returns a worker as a viewer sees them.
pub fn shown(db: &mut Db, reach: &Reach, mut worker: Worker, sight: Sight) -> Result<Worker> {
    hide_merges(db, reach, std::slice::from_mut(&mut worker))?;
    Ok(worker.shown(sight))
}

/// Clears `merged_into` where that record is outside the reach.
fn hide_merges(db: &mut Db, reach: &Reach, workers: &mut [Worker]) -> Result<()> {
    let into: Vec<Id> = workers.iter().filter_map(|worker| worker.merged_into).collect();
    if into.is_empty() {
        return Ok(());
    }
    let seen = some_workers(db, reach, &into)?;
    for worker in workers {
        worker.merged_into = worker.merged_into.filter(|into| seen.contains(into));
    }
    Ok(())
}
