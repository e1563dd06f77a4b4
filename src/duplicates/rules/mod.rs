//! Rules of areas: from which score on pairs are merged without anybody being asked.
//!
//! Without a rule nothing is. A pair of two areas needs both areas' rules.

pub mod http;
pub mod store;

use super::DuplicateKind;
use super::following::Pair;
use crate::db::Instant;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;
use validator::Validate;

/// Who merges by a rule, in the audit and the change log.
pub const ACTOR: &str = "duplicate_rule";

/// From which score on; below 0.9 one in ten would be wrong.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"workers": 0.999, "organizations": null}))]
pub struct NewDuplicateRule {
    /// Null: somebody decides.
    #[serde(default)]
    #[validate(range(min = 0.9, max = 1.0))]
    #[schema(minimum = 0.9, maximum = 1.0)]
    pub workers: Option<f64>,
    /// Null: somebody decides.
    #[serde(default)]
    #[validate(range(min = 0.9, max = 1.0))]
    #[schema(minimum = 0.9, maximum = 1.0)]
    pub organizations: Option<f64>,
}

/// The rule of an area.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DuplicateRule {
    /// 全国地方公共団体コード.
    #[schema(example = "131041")]
    pub area: String,
    #[serde(flatten)]
    pub rule: NewDuplicateRule,
    /// Counts the changes; the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub updated_at: Instant,
}

/// All there are.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DuplicateRules {
    pub items: Vec<DuplicateRule>,
}

/// Whether the rules of a pair's areas let it be merged.
pub fn merges(rules: &HashMap<String, NewDuplicateRule>, pair: &Pair) -> bool {
    let allows = |area: &String| {
        let rule = rules.get(area)?;
        match pair.kind {
            DuplicateKind::Worker => rule.workers,
            DuplicateKind::Organization => rule.organizations,
        }
    };
    pair.areas.len() == 2
        && pair
            .areas
            .iter()
            .all(|area| allows(area).is_some_and(|from| pair.score >= from))
}
