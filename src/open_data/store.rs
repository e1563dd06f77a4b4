//! SQL of the open data.

use crate::db::schema::{deliverables, organizations};
use crate::db::{BATCH, Db, Id};
use crate::deliverables::{Deliverable, DeliverableStatus};
use crate::error::Result;
use crate::organizations::Organization;
use diesel::prelude::*;

/// The ids of organizations that agreed and stand for themselves, some at a time.
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

/// What organizations that agreed ask for, from being open on, some at a time; not what was made up.
pub fn deliverables(db: &mut Db, after: Option<Id>) -> Result<Vec<Deliverable>> {
    use DeliverableStatus::{Delivered, InProgress, Matched, Open};
    let public = [Open, Matched, InProgress, Delivered].map(DeliverableStatus::code);
    let agreed = organizations::table
        .filter(organizations::open_data.eq(true))
        .filter(organizations::archived_at.is_null())
        .select(organizations::id);
    let mut asked = deliverables::table
        .filter(deliverables::organization_id.eq_any(agreed))
        .filter(deliverables::status.eq_any(public))
        .filter(deliverables::archived_at.is_null())
        .select(deliverables::id)
        .into_boxed();
    if let Some(after) = after {
        asked = asked.filter(deliverables::id.gt(after));
    }
    let ids: Vec<Id> = asked.order(deliverables::id).limit(BATCH as i64).load(db)?;
    let mut found = crate::deliverables::store::load_some(db, &ids)?;
    found.sort_by_key(|deliverable| deliverable.id);
    Ok(found)
}
