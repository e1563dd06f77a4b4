//! Duplicates: pairs of workers that may be one person, for somebody to decide.
//!
//! They are proposed where two records share a verified e-mail address or phone number. Merging changes neither record:
//! one of them counts in rankings, the other is kept for whoever it came from, so that two partners each go on seeing
//! their own and nothing of the other's. It is undone by deciding otherwise.
//!
//! Deliberately absent: merging by itself, and putting two records' contents together.

pub mod http;
pub mod store;

use crate::db::{Id, Instant};
use crate::error::{Error, Result, Text};
use crate::workers::Worker;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateStatus {
    /// Waits for a decision.
    #[default]
    Proposed,
    /// One person: one of the records counts.
    Merged,
    /// Two people.
    Distinct,
}

impl DuplicateStatus {
    pub const ALL: [DuplicateStatus; 3] = [
        DuplicateStatus::Proposed,
        DuplicateStatus::Merged,
        DuplicateStatus::Distinct,
    ];

    pub fn code(self) -> &'static str {
        match self {
            DuplicateStatus::Proposed => "proposed",
            DuplicateStatus::Merged => "merged",
            DuplicateStatus::Distinct => "distinct",
        }
    }

    pub fn of_code(code: &str) -> Option<DuplicateStatus> {
        DuplicateStatus::ALL
            .into_iter()
            .find(|status| status.code() == code)
    }
}

/// What was decided about a pair.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "consistent"))]
#[schema(example = json!({"status": "proposed", "kept_worker_id": null}))]
pub struct Decision {
    #[serde(default)]
    pub status: DuplicateStatus,
    /// Whose record counts; needed where it is merged, else null.
    #[serde(default)]
    pub kept_worker_id: Option<Id>,
}

fn consistent(decision: &Decision) -> Result<(), ValidationError> {
    if (decision.status == DuplicateStatus::Merged) == decision.kept_worker_id.is_some() {
        return Ok(());
    }
    Err(crate::http::body::broken(
        "kept_worker",
        "merged には kept_worker_id が必要で、ほかの状態では null です。",
        "merged needs kept_worker_id, any other status has none.",
    ))
}

/// What is told of each of the two.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DuplicateWorker {
    pub id: Id,
    #[schema(example = "新宿区のデザイナー")]
    pub alias: String,
    #[schema(example = "131041")]
    pub area: Option<String>,
    /// Where the record comes from.
    #[schema(example = "partner:activo")]
    pub source: Option<String>,
}

/// A pair that may be one person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Duplicate {
    pub id: Id,
    /// The two, the older one first.
    pub workers: Vec<DuplicateWorker>,
    /// What they share: `email`, `phone`.
    #[schema(example = json!(["email"]))]
    pub reasons: Vec<String>,
    #[serde(flatten)]
    pub decision: Decision,
    /// Counts the changes; the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DuplicateFilter {
    #[param(inline)]
    pub status: Option<DuplicateStatus>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// What a decision makes of the two: into which record each is merged.
pub fn merged(decision: &Decision, one: &Worker, other: &Worker) -> Result<[Option<Id>; 2]> {
    let Some(kept) = decision.kept_worker_id else {
        return Ok([None, None]);
    };
    if kept == one.id {
        Ok([None, Some(kept)])
    } else if kept == other.id {
        Ok([Some(kept), None])
    } else {
        let rule = Text::new("二人のどちらでもありません。", "It is neither of the two.");
        Err(Error::invalid("/kept_worker_id", "unknown_worker", rule))
    }
}

pub fn merged_elsewhere() -> Error {
    Error::Conflict {
        code: "merged_elsewhere",
        detail: Text::new(
            "どちらかは別の人とまとめられています。先にそちらを元に戻してください。",
            "One of them is merged with somebody else: undo that first.",
        ),
    }
}
