//! What a coordinator releases by opening a request, and what an organization may change of it afterwards.
//!
//! Who has the scope `deliverables:decide` changes what they like. A change by anybody else follows two tables:
//! [`RELEASED`] says which properties a coordinator answers for, and [`effect`] what a change of one does in each
//! status. When the work is done is between an organization and its team, so those properties are free while the
//! request is under way.

use super::{Deliverable, DeliverableStatus, NewDeliverable};
use crate::auth::not_permitted;
use crate::error::{Error, FieldError, Result};
use crate::http::IfMatch;
use serde_json::Value;

/// Each property of a request, and whether a coordinator releases it.
pub const RELEASED: &[(&str, bool)] = &[
    ("organization_id", true),
    ("joint_organization_ids", true),
    ("type", true),
    ("additional_types", true),
    ("title", true),
    ("trouble", true),
    ("format", true),
    ("starts_on", false),
    ("ends_on", false),
    ("hours_per_week", true),
    ("day_parts", false),
    ("area", true),
    ("remote", true),
    ("roles", true),
    ("qualifications", true),
    ("themes", true),
    ("shared_with_partners", true),
    ("external_team", true),
    ("applications_per_place", false),
    // The moves between statuses have rules of their own.
    ("status", false),
    ("cancellation_reason", false),
    ("source", true),
    ("external_id", true),
];

/// What an organization's change of a property does to its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The request keeps its status.
    Kept,
    /// The request goes back to the coordinator.
    Returned,
    /// The property can't be changed any more.
    Refused,
}

pub fn effect(status: DeliverableStatus, is_released: bool) -> Effect {
    use DeliverableStatus::*;
    match status {
        Draft | Submitted | Screening | Hearing => Effect::Kept,
        Open | Matched if is_released => Effect::Returned,
        InProgress if is_released => Effect::Refused,
        Open | Matched | InProgress => Effect::Kept,
        Delivered | Declined | Cancelled => Effect::Refused,
    }
}

/// Sends a request back to the coordinator if an organization changed what was released, and refuses what can't be
/// changed any more. Returns the properties that have changed since the release.
pub fn review(before: &NewDeliverable, since: &[String], after: &mut NewDeliverable) -> Result<Vec<String>> {
    let value =
        |request: &NewDeliverable| serde_json::to_value(request).map_err(|e| Error::Internal(e.to_string()));
    let (old, new): (Value, Value) = (value(before)?, value(after)?);
    let is_changed = |name: &&(&str, bool)| old.get(name.0) != new.get(name.0);
    let changed: Vec<&(&str, bool)> = RELEASED.iter().filter(is_changed).collect();
    let with = |wanted: Effect| {
        let changed = changed.iter().filter(|(name, _)| *name != "status");
        changed
            .filter(move |(_, is_released)| effect(before.status, *is_released) == wanted)
            .map(|(name, _)| *name)
    };
    let refused: Vec<FieldError> = with(Effect::Refused)
        .map(|name| not_permitted(&format!("/{name}")))
        .collect();
    if !refused.is_empty() {
        return Err(Error::Invalid(refused));
    }
    let mut since = since.to_vec();
    let is_waiting = !since.is_empty() && effect(before.status, true) == Effect::Kept;
    let returned: Vec<&str> = with(Effect::Returned).collect();
    if after.status == before.status && !returned.is_empty() {
        after.status = DeliverableStatus::Submitted;
    }
    if is_waiting {
        since.extend(with(Effect::Kept).map(str::to_owned));
    }
    since.extend(returned.into_iter().map(str::to_owned));
    if since.is_empty() && may_return(before.status) && after.status == DeliverableStatus::Submitted {
        since.push("status".to_owned());
    }
    since.sort_unstable();
    since.dedup();
    Ok(since)
}

fn may_return(status: DeliverableStatus) -> bool {
    effect(status, true) == Effect::Returned
}

/// Checks that a coordinator who releases a request names the version that they have read. Its organization may have
/// changed it since.
pub fn check_was_read(before: DeliverableStatus, after: DeliverableStatus, if_match: &IfMatch) -> Result<()> {
    let releases = before.is_under_review() && after.is_released(false);
    if_match.check_was_read(releases)
}

/// Returns whether an organization's change sent a released request back to the coordinator.
pub fn is_return(before: &Deliverable, after: &Deliverable) -> bool {
    may_return(before.request.status)
        && after.request.status == DeliverableStatus::Submitted
        && !after.changed_since_release.is_empty()
}
