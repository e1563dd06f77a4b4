//! Open deliverables for applicants who can't have the place that they applied for.

use crate::db::Id;
use crate::deliverables::Deliverable;
use crate::error::{Error, Result};
use serde::Serialize;
use utoipa::ToSchema;

/// The member of a problem document that lists them.
pub const MEMBER: &str = "similar_deliverables";

/// The most that are listed.
pub const MOST: usize = 5;

/// An open deliverable to apply for instead.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarDeliverable {
    pub id: Id,
    #[schema(example = "会員募集のチラシ")]
    pub title: String,
    /// Code of its type.
    #[serde(rename = "type")]
    #[schema(example = "flyer")]
    pub type_: String,
    #[schema(example = "131041")]
    pub area: Option<String>,
}

/// Whether another deliverable could serve instead.
pub fn is_answered_with(error: &Error) -> bool {
    [
        "deliverable_not_open",
        "role_filled",
        "at_capacity",
        "already_applied",
    ]
    .contains(&error.code())
}

/// Adds similar deliverables to the refusal of an application.
pub fn add_to(error: Error, deliverables: Vec<Deliverable>) -> Result<Error> {
    let similar = deliverables.into_iter().map(|deliverable| SimilarDeliverable {
        id: deliverable.id,
        title: deliverable.request.title,
        type_: deliverable.request.type_,
        area: deliverable.request.area,
    });
    let value = serde_json::to_value(similar.collect::<Vec<_>>());
    let value = value.map_err(|e| Error::Internal(e.to_string()))?;
    Ok(error.with_member(MEMBER, value))
}

/// The nearest of what was found: of the same type first, then of the same area, then the newest.
pub fn nearest(asked: &Deliverable, mut found: Vec<Deliverable>) -> Vec<Deliverable> {
    let differs = |one: &Deliverable| {
        (
            one.request.type_ != asked.request.type_,
            one.request.area != asked.request.area,
            std::cmp::Reverse(one.id),
        )
    };
    found.sort_by_key(differs);
    found.truncate(MOST);
    found
}
