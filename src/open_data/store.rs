//! SQL of open data: the records that organizations agreed to publish.

use crate::db::schema::{deliverables, organizations};
use crate::db::{BATCH, Db, Id};
use crate::deliverables::{Deliverable, DeliverableStatus};
use crate::error::Result;
use crate::organizations::Organization;
use diesel::prelude::*;

/// Lists a page of the organizations that agreed, without those that were archived or merged into another.
pub fn organizations(db: &mut Db, after: Option<Id>) -> Result<Vec<Organization>> {
    let mut agreed = organizations::table
        .filter(organizations::open_data.eq(true))
        .filter(organizations::archived_at.is_null())
        .filter(organizations::merged_into.is_null())
        .select(organizations::id)
        .into_boxed();
    if let Some(after) = after {
        agreed = agreed.filter(organizations::id.gt(after));
    }
    let ids: Vec<Id> = agreed.order(organizations::id).limit(BATCH as i64).load(db)?;
    let mut found = crate::organizations::store::load_some(db, &ids)?;
    found.sort_by_key(|organization| organization.id);
    Ok(found)
}

/// Lists a page of the deliverables of organizations that agreed, from when they are open.
pub fn deliverables(db: &mut Db, after: Option<Id>) -> Result<Vec<Deliverable>> {
    use DeliverableStatus::{Delivered, InProgress, Matched, Open};
    let public = [Open, Matched, InProgress, Delivered].map(DeliverableStatus::code);
    let agreed = organizations::table
        .filter(organizations::open_data.eq(true))
        .filter(organizations::archived_at.is_null())
        .select(organizations::id);
    let mut published = deliverables::table
        .filter(deliverables::organization_id.eq_any(agreed))
        .filter(deliverables::status.eq_any(public))
        .filter(deliverables::archived_at.is_null())
        .select(deliverables::id)
        .into_boxed();
    if let Some(after) = after {
        published = published.filter(deliverables::id.gt(after));
    }
    let ids: Vec<Id> = published.order(deliverables::id).limit(BATCH as i64).load(db)?;
    let mut found = crate::deliverables::store::load_some(db, &ids)?;
    found.sort_by_key(|deliverable| deliverable.id);
    Ok(found)
}
