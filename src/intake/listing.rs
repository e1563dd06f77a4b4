//! Lists how requests were examined, for exports.

use super::{ListedIntake, store};
use crate::auth::{Reach, Viewer};
use crate::catalogue::Catalogue;
use crate::db::{Db, Id};
use crate::deliverables::{self, DeliverableFilter};
use crate::error::Result;
use crate::http::Page;

/// Lists the requests that a viewer may see, each with its intake as a single one shows it: an organization gets neither
/// the notes of hearings nor who decided.
pub fn page(
    db: &mut Db,
    viewer: &Viewer,
    catalogue: &Catalogue,
    filter: DeliverableFilter,
) -> Result<Page<ListedIntake>> {
    let page = deliverables::listing::page(db, viewer, catalogue, filter)?;
    let leads = deliverables::listing::leads(db, viewer, &page.items)?;
    let examines = !matches!(viewer.reach, Reach::Organization(_));
    let ids: Vec<Id> = page.items.iter().map(|one| one.id).collect();
    let mut recorded = store::load(db, &ids)?;
    Ok(page.map(|deliverable| {
        let intake = recorded.take(&deliverable).shown(examines);
        let request = deliverable.request;
        ListedIntake {
            intake,
            title: request.title,
            status: request.status,
            area: request.area,
            organization_id: request.organization_id,
            organization: leads.get(&request.organization_id).map(|lead| lead.name.clone()),
        }
    }))
}
