//! Similar open deliverables, for a worker who can't get the place that they applied for.

use super::rules::{Taken, free_place};
use super::store;
use crate::auth::Reach;
use crate::db::{Db, Id, Pool};
use crate::deliverables::{self, Deliverable, DeliverableFilter, DeliverableStatus};
use crate::error::{Error, Result};
use crate::http::query::Several;
use crate::values::{AreaCode, Code};
use serde::Serialize;
use utoipa::ToSchema;

/// The member of a problem document that lists the similar deliverables.
pub const MEMBER: &str = "similar_deliverables";

/// How many similar deliverables are listed at most.
const LISTED: usize = 5;
/// How many deliverables are examined to find the similar ones.
const CANDIDATES: u32 = 50;

/// An open deliverable that the worker could apply for instead.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarDeliverable {
    pub id: Id,
    #[schema(example = "会員募集のチラシ")]
    pub title: String,
    /// Code of the deliverable's type.
    #[serde(rename = "type")]
    #[schema(example = "flyer")]
    pub type_: Code,
    pub area: Option<AreaCode>,
}

impl From<Deliverable> for SimilarDeliverable {
    fn from(deliverable: Deliverable) -> SimilarDeliverable {
        SimilarDeliverable {
            id: deliverable.id,
            title: deliverable.request.title,
            type_: deliverable.request.type_,
            area: deliverable.request.area,
        }
    }
}

/// Adds similar deliverables to a conflict, if applying for another deliverable could help. Call it when the
/// failed transaction has ended.
pub async fn suggest(pool: &Pool, reach: Reach, deliverable: Id, role: Code, error: Error) -> Error {
    let could_help = [
        "deliverable_not_open",
        "role_filled",
        "at_capacity",
        "already_applied",
        "too_many_applications",
    ];
    if !could_help.contains(&error.code()) {
        return error;
    }
    match pool.read(move |db| find(db, &reach, deliverable, &role)).await {
        Ok(similar) => error.with_member(MEMBER, similar),
        Err(failed) => failed,
    }
}

/// Finds open deliverables of the same family with a free place in the role. Returns them as JSON.
fn find(db: &mut Db, reach: &Reach, deliverable: Id, role: &Code) -> Result<serde_json::Value> {
    let wanted = match deliverables::store::find(db, reach, deliverable, true) {
        Err(Error::NotFound { .. }) => return Ok(serde_json::json!([])),
        found => found?,
    };
    let filter = DeliverableFilter {
        status: Some(Several(vec![DeliverableStatus::Open])),
        family: Some(wanted.family.clone()),
        role: Some(role.clone()),
        limit: Some(CANDIDATES),
        ..DeliverableFilter::default()
    };
    let candidates = deliverables::store::list(db, reach, &filter, false)?.items;
    let ids: Vec<Id> = candidates.iter().map(|candidate| candidate.id).collect();
    let taken = store::taken_of(db, &ids)?;
    let has_place = |candidate: &Deliverable| {
        let none = Taken::new();
        free_place(candidate, role, taken.get(&candidate.id).unwrap_or(&none)).is_some()
    };
    let others = candidates
        .into_iter()
        .filter(|candidate| candidate.id != wanted.id && has_place(candidate));
    let similar = nearest(&wanted, others.collect()).into_iter();
    let similar: Vec<SimilarDeliverable> = similar.map(SimilarDeliverable::from).collect();
    serde_json::to_value(similar).map_err(|e| Error::Internal(e.to_string()))
}

/// Returns the first `LISTED` deliverables: those of the same type first, then those of the same area, then
/// the newest.
fn nearest(wanted: &Deliverable, mut found: Vec<Deliverable>) -> Vec<Deliverable> {
    found.sort_by_key(|one| {
        (
            one.request.type_ != wanted.request.type_,
            one.request.area != wanted.request.area,
            std::cmp::Reverse(one.id),
        )
    });
    found.truncate(LISTED);
    found
}
