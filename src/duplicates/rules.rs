//! Rules of areas: the score from which pairs are merged automatically.
//!
//! Without a rule, nothing is merged automatically. A pair across two areas needs the rules of both.

use super::DuplicateKind;
use super::pair::Pair;
use crate::db::Instant;
use crate::values::{AreaCode, city_of};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;
use validator::Validate;

/// The name that the audit and the change log give to the actor of automatic merges.
pub const ACTOR: &str = "duplicate_rule";

/// The scores from which pairs are merged automatically. The minimum is 0.9: below it, more than one merge in
/// ten would be wrong.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"min_worker_score": 0.999, "min_organization_score": null}))]
pub struct NewDuplicateRule {
    /// The score for workers. Null: no automatic merges.
    #[serde(default)]
    #[validate(range(min = 0.9, max = 1.0))]
    #[schema(minimum = 0.9, maximum = 1.0)]
    pub min_worker_score: Option<f64>,
    /// The score for organizations. Null: no automatic merges.
    #[serde(default)]
    #[validate(range(min = 0.9, max = 1.0))]
    #[schema(minimum = 0.9, maximum = 1.0)]
    pub min_organization_score: Option<f64>,
}

/// The rule of an area.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DuplicateRule {
    /// 全国地方公共団体コード.
    #[schema(example = "131041", value_type = AreaCode)]
    pub area: String,
    #[serde(flatten)]
    pub rule: NewDuplicateRule,
    /// Counts the changes. Also the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub updated_at: Instant,
}

/// The rules of all your areas.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DuplicateRules {
    pub items: Vec<DuplicateRule>,
}

/// Returns whether the rules of both areas allow the pair to be merged.
pub fn merges(rules: &HashMap<String, NewDuplicateRule>, pair: &Pair) -> bool {
    let allows = |area: &String| {
        // A city's rule also applies to its wards.
        let rule = rules.get(area).or_else(|| rules.get(&city_of(area)?))?;
        match pair.kind {
            DuplicateKind::Worker => rule.min_worker_score,
            DuplicateKind::Organization => rule.min_organization_score,
        }
    };
    pair.areas.len() == 2
        && pair
            .areas
            .iter()
            .all(|area| allows(area).is_some_and(|from| pair.score >= from))
}
