//! Duplicates: pairs of workers that may be the same person, and pairs of organizations that may be the same.
//!
//! * `detector` finds pairs. `candidates` selects which records to compare. `people` and `groups` compare two
//!   records, and `spellings` compares names of organizations. `evidence` turns what agrees into a score.
//!   `pair` has the types for what the detector found. `similar` lists similar names for imports.
//! * `rules`: the score from which an area's pairs are merged automatically.
//! * `actions`: decides about a pair, and sets rules.
//!
//! Merging doesn't change what either record says. One of them becomes the primary record. The other one
//! stays visible to its source: two partners each see only their own record, and an import still updates its
//! own. To undo a merge, decide again.
//!
//! Deliberately absent: combining the contents of two records.

pub mod actions;
pub mod candidates;
pub mod detector;
pub mod evidence;
pub mod groups;
pub mod http;
pub mod pair;
pub mod people;
pub mod rules;
pub mod similar;
pub mod spellings;
pub mod store;
pub mod tasks;

use crate::changes::Subject;
use crate::db::{Id, Instant};
use crate::http::query::Several;
use crate::values::{AreaCode, broken_at, sort_order};
use evidence::{Compared, Reason, is_personal, score};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

/// Whether the records of a pair are workers or organizations.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DuplicateKind {
    Worker,
    Organization,
}

impl DuplicateKind {
    pub fn code(self) -> &'static str {
        self.into()
    }

    pub fn compared(self) -> Compared {
        match self {
            DuplicateKind::Worker => Compared::People,
            DuplicateKind::Organization => Compared::Organizations,
        }
    }

    pub fn subject(self) -> Subject {
        match self {
            DuplicateKind::Worker => Subject::Worker,
            DuplicateKind::Organization => Subject::Organization,
        }
    }
}

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DuplicateStatus {
    /// Waiting for a decision.
    #[default]
    Proposed,
    /// The same person or organization. One record is the primary one.
    Merged,
    /// Two different persons or organizations.
    Distinct,
}

impl DuplicateStatus {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// The decision about a pair.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "consistent"))]
#[schema(example = json!({"status": "proposed", "primary_id": null}))]
pub struct Decision {
    #[serde(default)]
    pub status: DuplicateStatus,
    /// The primary record. Required if the status is `merged`; otherwise null.
    #[serde(default)]
    pub primary_id: Option<Id>,
}

fn consistent(decision: &Decision) -> Result<(), ValidationError> {
    match (decision.status, decision.primary_id) {
        (DuplicateStatus::Merged, None) => Err(broken_at(
            "primary_id",
            "missing_primary_id",
            "status が merged のときは、primary_id を指定してください。",
            "The status merged requires primary_id.",
        )),
        (DuplicateStatus::Proposed | DuplicateStatus::Distinct, Some(_)) => Err(broken_at(
            "primary_id",
            "unexpected_primary_id",
            "primary_id を指定できるのは、status が merged のときだけです。",
            "Only the status merged allows primary_id.",
        )),
        _ => Ok(()),
    }
}

/// One of the two records of a pair.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DuplicateRecord {
    pub id: Id,
    /// The organization's name, or the worker's alias.
    #[schema(example = "新宿区のデザイナー")]
    pub name: String,
    #[schema(example = "131041", value_type = Option<AreaCode>)]
    pub area: Option<String>,
    /// The system that the record comes from.
    #[schema(example = "partner:activo")]
    pub source: Option<String>,
    /// Whether this record resembles so many others that only the likeliest pairs are listed.
    pub partly_compared: bool,
}

/// Two records that may be the same person or organization.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Duplicate {
    pub id: Id,
    pub kind: DuplicateKind,
    /// Both records, the older one first.
    pub records: Vec<DuplicateRecord>,
    /// The probability that both records are the same person or organization, given the reasons that you see.
    #[schema(minimum = 0.0, maximum = 1.0, example = 0.992248)]
    pub score: f64,
    /// What each field that both records have adds to the score. Empty for decisions that were made before
    /// scores existed. Without the scope `personal_data:read`, personal data are left out.
    pub reasons: Vec<Reason>,
    #[serde(flatten)]
    pub decision: Decision,
    /// Counts the changes. Also the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl Duplicate {
    /// Returns it as somebody sees it who may not read personal data: without how personal data agree, and with the score that the
    /// rest makes.
    pub fn shown(mut self, personal_data: bool) -> Duplicate {
        if !personal_data {
            let compared = self.kind.compared();
            self.reasons.retain(|reason| !is_personal(compared, reason.field));
            self.score = score(compared, &self.reasons);
        }
        self
    }
}

sort_order! {
    DuplicateSort {
        #[default]
        CreatedDescending = "-created_at",
        ScoreDescending = "-score",
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DuplicateFilter {
    /// Only these records: up to 200 ids, separated by commas. The page has room for all of them, whatever its default
    /// size, and `missing` names those that the list doesn't have.
    #[param(inline, style = Form, explode = false, min_items = 1, max_items = 200, value_type = Option<Vec<Id>>)]
    pub ids: Option<Several<Id>>,
    /// One kind, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<DuplicateKind>>)]
    pub kind: Option<Several<DuplicateKind>>,
    /// One status, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<DuplicateStatus>>)]
    pub status: Option<Several<DuplicateStatus>>,
    #[serde(default)]
    /// The order. Defaults to newest first; `-score` lists the likeliest first, for those with the scope `personal_data:read`.
    #[param(inline, required = false)]
    pub sort: DuplicateSort,
    /// Adds the size of the whole list as `total`, counted up to 10,000.
    #[serde(default)]
    pub count: bool,
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The cursor in `next` of the previous page.
    pub cursor: Option<String>,
}
