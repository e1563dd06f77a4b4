//! Rules of areas: the score from which pairs are merged automatically.
//!
//! Without a rule, nothing is merged automatically. A pair across two areas needs the rules of both. Whatever its score, a
//! pair of workers also needs an address or a number that was verified in both records: what somebody merely says of
//! themselves makes them nobody else.

use super::DuplicateKind;
use super::evidence::Agreement;
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
    /// The score for workers. Null: no automatic merges. Only pairs that share a verified address or number are merged
    /// automatically; the others are proposed.
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

/// Returns whether a pair is proven enough to be merged without asking. Workers write their own names, addresses and numbers;
/// what tells organizations apart, only offices.
fn is_proven(pair: &Pair) -> bool {
    let is_verified = || {
        pair.reasons
            .iter()
            .any(|reason| reason.agreement == Agreement::Verified)
    };
    pair.kind == DuplicateKind::Organization || is_verified()
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
    is_proven(pair)
        && pair.areas.len() == 2
        && pair
            .areas
            .iter()
            .all(|area| allows(area).is_some_and(|from| pair.score >= from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Id;
    use crate::duplicates::evidence::{Field, reasons};

    #[test]
    fn a_claimed_address_merges_nobody() {
        let rule = NewDuplicateRule {
            min_worker_score: Some(0.9),
            min_organization_score: Some(0.9),
        };
        let rules = HashMap::from([("131041".to_owned(), rule)]);
        let merged = |kind: DuplicateKind, found: &[(Field, Agreement)]| {
            let reasons = reasons(kind.compared(), found);
            let pair = Pair::new(kind, (Id::new(), Id::new()), reasons, [Some("131041"); 2]);
            merges(&rules, &pair.unwrap())
        };
        use Agreement::{Same, Verified};
        use Field::{Area, CorporateNumber, Email, Kana, Name, Phone};
        let claimed = [
            (Email, Same),
            (Phone, Same),
            (Name, Same),
            (Kana, Same),
            (Area, Same),
        ];
        assert!(!merged(DuplicateKind::Worker, &claimed));
        assert!(merged(
            DuplicateKind::Worker,
            &[(Email, Verified), (Phone, Same), (Name, Same)]
        ));
        assert!(merged(
            DuplicateKind::Worker,
            &[(Email, Same), (Phone, Verified), (Name, Same)]
        ));
        assert!(merged(
            DuplicateKind::Organization,
            &[(CorporateNumber, Same), (Name, Same)]
        ));
    }
}
