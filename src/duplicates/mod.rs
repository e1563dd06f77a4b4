//! Duplicates: pairs of workers that may be one person, or of organizations that may be one.
//!
//! * `following` finds them, `people` and `groups` compare, `spellings` knows names of organizations, `evidence` weighs.
//! * `rules`: from which score on a coordinator lets pairs be merged without being asked.
//!
//! Merging changes neither record: one of them counts, the other is kept for whoever it came from, so that two partners
//! each go on seeing their own and nothing of the other's, and a roster goes on updating its own. It is undone by
//! deciding otherwise.
//!
//! Deliberately absent: putting two records' contents together.

pub mod evidence;
pub mod following;
pub mod groups;
pub mod http;
pub mod people;
pub mod rules;
pub mod spellings;
pub mod store;
pub mod tasks;

use crate::audit::{self, Act, AuditAction};
use crate::changes::{self, Action, Change, Subject};
use crate::db::{Db, Id, Instant};
use crate::error::{Error, Result, Text};
use evidence::{Compared, Reason};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

/// What a pair is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateKind {
    Worker,
    Organization,
}

impl DuplicateKind {
    pub const ALL: [DuplicateKind; 2] = [DuplicateKind::Worker, DuplicateKind::Organization];

    pub fn code(self) -> &'static str {
        self.subject().code()
    }

    pub fn of_code(code: &str) -> Option<DuplicateKind> {
        DuplicateKind::ALL.into_iter().find(|kind| kind.code() == code)
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateStatus {
    /// Waits for a decision.
    #[default]
    Proposed,
    /// One person or organization: one of the records counts.
    Merged,
    /// Two.
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
#[schema(example = json!({"status": "proposed", "kept_id": null}))]
pub struct Decision {
    #[serde(default)]
    pub status: DuplicateStatus,
    /// Which record counts; needed where it is merged, else null.
    #[serde(default)]
    pub kept_id: Option<Id>,
}

fn consistent(decision: &Decision) -> Result<(), ValidationError> {
    if (decision.status == DuplicateStatus::Merged) == decision.kept_id.is_some() {
        return Ok(());
    }
    Err(crate::values::broken(
        "kept_record",
        "merged には kept_id が必要で、ほかの状態では null です。",
        "merged needs kept_id, any other status has none.",
    ))
}

/// What is told of each of the two.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DuplicateRecord {
    pub id: Id,
    /// The organization's name, or the worker's alias.
    #[schema(example = "新宿区のデザイナー")]
    pub name: String,
    #[schema(example = "131041")]
    pub area: Option<String>,
    /// Where the record comes from.
    #[schema(example = "partner:activo")]
    pub source: Option<String>,
}

/// A pair that may be one.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Duplicate {
    pub id: Id,
    pub kind: DuplicateKind,
    /// The two, the older one first.
    pub records: Vec<DuplicateRecord>,
    /// How likely they are one, by the reasons.
    #[schema(minimum = 0.0, maximum = 1.0, example = 0.992248)]
    pub score: f64,
    /// What each field that both have says; none of a decision from before scores were kept.
    pub reasons: Vec<Reason>,
    #[serde(flatten)]
    pub decision: Decision,
    /// Counts the changes; the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum DuplicateSort {
    #[default]
    #[serde(rename = "-created_at")]
    CreatedDescending,
    #[serde(rename = "-score")]
    ScoreDescending,
}

impl DuplicateSort {
    pub fn code(self) -> &'static str {
        match self {
            DuplicateSort::CreatedDescending => "-created_at",
            DuplicateSort::ScoreDescending => "-score",
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DuplicateFilter {
    #[param(inline)]
    pub kind: Option<DuplicateKind>,
    #[param(inline)]
    pub status: Option<DuplicateStatus>,
    #[serde(default)]
    /// The order: newest first, or `-score`, the likeliest first.
    #[param(inline, required = false)]
    pub sort: DuplicateSort,
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Decides about a pair that nobody else decides about until the transaction ends.
pub fn decide(db: &mut Db, actor: &str, pair: &Duplicate, decision: &Decision) -> Result<()> {
    let ids: Vec<Id> = pair.records.iter().map(|record| record.id).collect();
    if decision.kept_id.is_some_and(|kept| !ids.contains(&kept)) {
        let rule = Text::new(
            "二つの記録のどちらでもありません。",
            "It is neither of the two records.",
        );
        return Err(Error::invalid("/kept_id", "unknown_record", rule));
    }
    let now = Instant::now();
    let mut logged = Vec::new();
    for id in &ids {
        let into = decision.kept_id.filter(|kept| kept != id);
        let before = store::merged_into(db, pair.kind, *id)?;
        // Chains would leave it open which record counts.
        let is_elsewhere = before.is_some_and(|kept| !ids.contains(&kept));
        if is_elsewhere || into.is_some() && store::has_merged(db, pair.kind, *id, &ids)? {
            return Err(merged_elsewhere());
        }
        if before != into {
            let version = store::merge(db, pair.kind, *id, into, now)?;
            logged.push(Change::new(pair.kind.subject(), id, Action::Updated, version));
        }
    }
    store::update(db, pair, decision, now)?;
    changes::store::append(db, actor, &logged)?;
    let act = Act {
        actor: actor.to_owned(),
        action: match decision.status {
            DuplicateStatus::Merged => AuditAction::DuplicateMerged,
            _ => AuditAction::DuplicateSeparated,
        },
        subjects: ids,
    };
    audit::store::append(db, &act)
}

/// Merges a pair as its area's rule has it, into the older record; not one whose records are merged elsewhere.
fn merge_by_rule(db: &mut Db, id: Id) -> Result<()> {
    let pair = store::find(db, &crate::auth::Reach::Everything, id)?;
    let decision = Decision {
        status: DuplicateStatus::Merged,
        kept_id: pair.records.first().map(|older| older.id),
    };
    match decide(db, rules::ACTOR, &pair, &decision) {
        Err(Error::Conflict { .. }) => Ok(()),
        decided => decided,
    }
}

pub fn merged_elsewhere() -> Error {
    Error::Conflict {
        code: "merged_elsewhere",
        detail: Text::new(
            "どちらかは別の記録とまとめられています。先にそちらを元に戻してください。",
            "One of them is merged with a third record: undo that first.",
        ),
    }
}
