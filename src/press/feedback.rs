//! What readers think of a publication: a mark, words and their role, without an account.
//!
//! What keeps programs out: the requests of an address are slowed down, a publication takes so much a day, and a field that
//! people don't see.

use crate::db::{Id, Instant};
use crate::http::disclosure::impersonal;
use crate::values::{broken, coded_enum, not_blank};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

impersonal!(Feedback, FeedbackNote);

/// How much feedback a publication takes, and how much of it within a day: a sender with many addresses doesn't fill it before
/// somebody notices.
pub const MOST: i64 = 10_000;
pub const MOST_A_DAY: i64 = 500;

coded_enum! {
    /// As what somebody answers.
    FeedbackRole {
        /// A member of a community organization.
        Organization,
        /// A volunteer.
        Volunteer,
        /// An officer of a municipality.
        Municipality,
        /// A member of a social welfare council (社協).
        SocialWelfareCouncil,
        /// A member of a community support centre (地域包括支援センター), or a coordinator of daily life support.
        SupportCentre,
        /// Somebody of a company.
        Company,
        /// Somebody who studies or teaches.
        Researcher,
        /// A resident.
        Resident,
        Other,
    }
}

fn empty(text: &str) -> Result<(), ValidationError> {
    if text.is_empty() {
        return Ok(());
    }
    Err(broken(
        "not_permitted",
        "この項目は空のままにしてください。",
        "Leave this field empty.",
    ))
}

/// What somebody thinks of a publication. Don't write names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"scale": 5, "words": "申込書の見本がそのまま使えました。", "role": "municipality", "website": ""}))]
pub struct NewFeedback {
    /// 1 (no help) to 5 (a great help).
    #[validate(range(min = 1, max = 5))]
    #[schema(minimum = 1, maximum = 5)]
    pub scale: i32,
    /// Read by coordinators only.
    #[serde(default)]
    #[validate(length(min = 1, max = 2000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 2000)]
    pub words: Option<String>,
    pub role: FeedbackRole,
    /// Stays empty. A form hides it from people, so that only programs fill it in.
    #[serde(default)]
    #[validate(custom(function = "empty"))]
    #[schema(max_length = 0)]
    pub website: String,
}

/// What somebody thought of a publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"id": "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b", "scale": 5,
    "words": "申込書の見本がそのまま使えました。", "role": "municipality", "created_at": "2026-11-10T02:00:00Z"}))]
pub struct Feedback {
    pub id: Id,
    #[schema(minimum = 1, maximum = 5)]
    pub scale: i32,
    /// Null: none, or forgotten after the time of retention.
    pub words: Option<String>,
    pub role: FeedbackRole,
    pub created_at: Instant,
}

/// That feedback was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"publication_id": "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b", "count": 13}))]
pub struct FeedbackNote {
    pub publication_id: Id,
    /// How much feedback there is now.
    #[schema(minimum = 0)]
    pub count: i64,
}

/// The marks of those who answered in a role.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"role": "municipality", "count": 4, "mean": 4.5}))]
pub struct RoleFeedback {
    pub role: FeedbackRole,
    #[schema(minimum = 1)]
    pub count: i64,
    #[schema(minimum = 1, maximum = 5)]
    pub mean: f64,
}

/// The marks that a publication got.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"count": 12, "mean": 4.25, "by_role": [{"role": "municipality", "count": 4, "mean": 4.5}]}))]
pub struct FeedbackSummary {
    #[schema(minimum = 0)]
    pub count: i64,
    /// Null without feedback.
    #[schema(minimum = 1, maximum = 5)]
    pub mean: Option<f64>,
    pub by_role: Vec<RoleFeedback>,
}

/// Sums up marks: how often each was given in each role.
pub fn summarize(marks: &[(FeedbackRole, i32, i64)]) -> FeedbackSummary {
    let mut roles: BTreeMap<FeedbackRole, (i64, i64)> = BTreeMap::new();
    for (role, scale, count) in marks {
        let of_role = roles.entry(*role).or_default();
        *of_role = (of_role.0 + count, of_role.1 + i64::from(*scale) * count);
    }
    let mean = |(count, sum): (i64, i64)| sum as f64 / count as f64;
    let all = roles
        .values()
        .fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    FeedbackSummary {
        count: all.0,
        mean: (all.0 > 0).then(|| mean(all)),
        by_role: roles
            .into_iter()
            .map(|(role, sums)| RoleFeedback {
                role,
                count: sums.0,
                mean: mean(sums),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_averaged_as_a_whole_and_by_role() {
        assert_eq!(summarize(&[]), FeedbackSummary::default());
        let marks = [
            (FeedbackRole::Municipality, 5, 3),
            (FeedbackRole::Resident, 1, 1),
            (FeedbackRole::Municipality, 3, 1),
        ];
        let summary = summarize(&marks);
        assert_eq!((summary.count, summary.mean), (5, Some(3.8)));
        let by_role: Vec<(FeedbackRole, i64, f64)> = summary
            .by_role
            .iter()
            .map(|one| (one.role, one.count, one.mean))
            .collect();
        assert_eq!(
            by_role,
            [
                (FeedbackRole::Municipality, 4, 4.5),
                (FeedbackRole::Resident, 1, 1.0)
            ]
        );
    }
}
