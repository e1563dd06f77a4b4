//! Reviews: what an organization and each member of its team say of each other after the delivery.
//!
//! * `actions`: writing and listing. `store`: SQL. `http`: the operations.
//!
//! There are two reviews for each member, one of each side, with four scales and words. Both sides write without seeing
//! what the other wrote, so that nobody answers a bad mark with a bad mark: a review is shown to the other side when both
//! are in, or when the time to write is over, [`DAYS`] days after the delivery. Until then it can be changed, and not
//! afterwards. Coordinators see all of them at once.
//!
//! Once a review is shown, what the organization says counts in the member's record, and so in rankings: as work that was
//! completed or dropped, in eighths of a project. `tasks` counts what is shown because the time is over.
//!
//! Deliberately absent: words and single marks in public and in rankings. Statistics have means of many.

pub mod actions;
pub mod http;
pub mod store;
pub mod tasks;

use crate::auth::Reach;
use crate::catalogue::calendar;
use crate::db::{Id, Instant};
use crate::error::{Error, Result, Text};
use crate::http::Discloses;
use crate::values::not_blank;
use crate::workers::Counts;
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// How many days after the delivery reviews can be written.
pub const DAYS: u64 = 14;

/// Who writes a review.
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
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ReviewAuthor {
    /// The organization, about the member.
    Organization,
    /// The member, about the organization.
    Member,
}

impl ReviewAuthor {
    /// Returns the side on which a caller is. Coordinators are on none.
    pub fn of(reach: &Reach) -> Option<ReviewAuthor> {
        match reach {
            Reach::Organization(_) => Some(ReviewAuthor::Organization),
            Reach::Worker(_) | Reach::Partner(_) => Some(ReviewAuthor::Member),
            Reach::Everything | Reach::Areas(_) => None,
        }
    }

    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// The marks, from 1 (poor) to 5 (excellent).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Scales {
    /// How well we could talk with each other.
    #[validate(range(min = 1, max = 5))]
    #[schema(minimum = 1, maximum = 5, example = 5)]
    pub communication: i32,
    /// Of a member: how good the work was. Of an organization: how clear the request was.
    #[validate(range(min = 1, max = 5))]
    #[schema(minimum = 1, maximum = 5, example = 4)]
    pub quality: i32,
    /// Whether agreements and dates were kept.
    #[validate(range(min = 1, max = 5))]
    #[schema(minimum = 1, maximum = 5, example = 4)]
    pub reliability: i32,
    /// How gladly we would work together again.
    #[validate(range(min = 1, max = 5))]
    #[schema(minimum = 1, maximum = 5, example = 5)]
    pub again: i32,
}

impl Scales {
    /// Returns what the marks count in a member's record. Marks of 3 count nothing; all marks of 5 count like one more
    /// project that was completed, and all marks of 1 like one that was dropped.
    pub fn counts(self) -> Counts {
        let sum = self.communication + self.quality + self.reliability + self.again;
        let eighths = |n: i32| i16::try_from(n.clamp(0, 8)).unwrap_or_default();
        Counts {
            reviews: 1,
            praise: eighths(sum - 12),
            criticism: eighths(12 - sum),
            ..Counts::default()
        }
    }
}

/// A review as a side writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"application_id": "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b", "author": "organization",
    "scales": {"communication": 5, "quality": 4, "reliability": 4, "again": 5},
    "message": "打ち合わせのたびに案を用意してくださり、安心して進められました。"}))]
pub struct NewReview {
    /// The application with which the member joined the team.
    pub application_id: Id,
    /// Your side. Coordinators have to name it: they record what a side gave them on paper.
    #[serde(default)]
    pub author: Option<ReviewAuthor>,
    #[validate(nested)]
    pub scales: Scales,
    #[serde(default)]
    #[validate(length(min = 1, max = 2000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 2000)]
    pub message: Option<String>,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Review {
    pub id: Id,
    pub deliverable_id: Id,
    /// The application with which the member joined the team.
    pub application_id: Id,
    /// The member. Null after the worker is erased.
    pub worker_id: Option<Id>,
    pub author: ReviewAuthor,
    pub scales: Scales,
    /// Null without the scope `personal_data:read`, and after the worker is erased.
    #[schema(example = "打ち合わせのたびに案を用意してくださり、安心して進められました。")]
    pub message: Option<String>,
    /// Whether the other side sees it. From then on it can't be changed.
    pub shown: bool,
    /// Counts the changes. Also the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl Discloses for Review {
    fn people(&self) -> Vec<Id> {
        self.worker_id
            .filter(|_| self.message.is_some())
            .into_iter()
            .collect()
    }
}

/// The reviews of a project.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReviewList {
    /// The last day to write one, in Japan's time. Null before the delivery.
    #[schema(example = "2027-03-29")]
    pub open_until: Option<NaiveDate>,
    /// Those that you may see, oldest first.
    pub items: Vec<Review>,
}

impl Discloses for ReviewList {
    fn people(&self) -> Vec<Id> {
        self.items.iter().flat_map(Discloses::people).collect()
    }
}

/// Returns the last day to write reviews of what was delivered at this moment.
pub fn open_until(delivered: Instant) -> NaiveDate {
    let day = calendar::day_in_tokyo(delivered.utc());
    day.checked_add_days(Days::new(DAYS)).unwrap_or(day)
}

/// Marks the reviews of a project that both sides see: those that are both in, and all of them once the time is over.
fn mark_shown(reviews: &mut [Review], is_over: bool) {
    let written: Vec<(Id, ReviewAuthor)> = reviews
        .iter()
        .map(|one| (one.application_id, one.author))
        .collect();
    for review in reviews {
        let of_other = |(member, author): &(Id, ReviewAuthor)| {
            *member == review.application_id && *author != review.author
        };
        review.shown = is_over || written.iter().any(of_other);
    }
}

/// Returns the side for which a caller writes.
fn author_for(side: Option<ReviewAuthor>, named: Option<ReviewAuthor>) -> Result<ReviewAuthor> {
    match (side, named) {
        (Some(side), Some(named)) if side != named => Err(Error::AccessDenied {
            code: "not_your_side",
            detail: Text::new(
                "相手側の評価を書くことはできません。author には自分の側を指定してください。",
                "You can't write the other side's review. Name your own side as author.",
            ),
        }),
        (Some(side), _) | (None, Some(side)) => Ok(side),
        (None, None) => Err(Error::invalid(
            "/author",
            "missing_field",
            Text::new(
                "どちら側の評価かを指定してください（organization または member）。",
                "Name the side whose review it is: organization or member.",
            ),
        )),
    }
}

fn conflict(code: &'static str, ja: impl Into<String>, en: impl Into<String>) -> Error {
    let detail = Text::new(ja.into(), en.into());
    Error::Conflict { code, detail }
}

fn not_delivered() -> Error {
    conflict(
        "not_delivered",
        "評価は、支援が完了（delivered）してから書けます。",
        "Reviews can be written once the work is delivered.",
    )
}

fn not_reviewed() -> Error {
    conflict(
        "not_delivered",
        "評価の対象は、支援内容のプロジェクトだけです。伴走支援には評価がありません。",
        "Only the work for a request is reviewed. An accompaniment has no reviews.",
    )
}

fn closed(until: NaiveDate) -> Error {
    conflict(
        "review_period_over",
        format!("評価の期限（{until}）を過ぎています。"),
        format!("Reviews could be written until {until}."),
    )
}

fn shown_already() -> Error {
    conflict(
        "review_shown",
        "双方の評価が公開されたため、変更できません。",
        "Both sides see each other's review, so it can't change any more.",
    )
}

/// Refuses a worker who has no place in the team.
fn not_in_team() -> Error {
    Error::AccessDenied {
        code: "not_in_team",
        detail: Text::new(
            "このプロジェクトのチームに参加した人だけが評価を書けます。",
            "Only members of the project's team can write a review.",
        ),
    }
}

fn unknown_member() -> Error {
    Error::invalid(
        "/application_id",
        "unknown_member",
        Text::new(
            "このプロジェクトのチームに、この応募で参加した人はいません。",
            "Nobody is in the project's team by this application.",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use ReviewAuthor::{Member, Organization};

    fn review(application_id: Id, author: ReviewAuthor) -> Review {
        let now = Instant::now();
        Review {
            id: Id::new(),
            deliverable_id: Id::new(),
            application_id,
            worker_id: None,
            author,
            scales: Scales {
                communication: 3,
                quality: 3,
                reliability: 3,
                again: 3,
            },
            message: None,
            shown: false,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn reviews_are_shown_when_both_are_in_or_the_time_is_over() {
        let (one, other) = (Id::new(), Id::new());
        let mut reviews = [
            review(one, Organization),
            review(one, Member),
            review(other, Organization),
        ];
        mark_shown(&mut reviews, false);
        assert_eq!(reviews.each_ref().map(|one| one.shown), [true, true, false]);
        mark_shown(&mut reviews, true);
        assert!(reviews.iter().all(|one| one.shown));
    }

    #[test]
    fn marks_count_by_how_far_they_are_from_the_middle() {
        let counted = |[communication, quality, reliability, again]: [i32; 4]| {
            let marks = Scales {
                communication,
                quality,
                reliability,
                again,
            };
            (marks.counts().praise, marks.counts().criticism)
        };
        assert_eq!([counted([5; 4]), counted([4; 4])], [(8, 0), (4, 0)]);
        assert_eq!([counted([3; 4]), counted([5, 1, 3, 3])], [(0, 0), (0, 0)]);
        assert_eq!([counted([1; 4]), counted([2, 3, 2, 3])], [(0, 8), (0, 2)]);
    }

    #[test]
    fn a_side_writes_for_itself_and_coordinators_name_the_side() {
        assert_eq!(author_for(Some(Member), None).unwrap(), Member);
        assert_eq!(author_for(None, Some(Organization)).unwrap(), Organization);
        assert_eq!(
            author_for(Some(Member), Some(Organization)).unwrap_err().code(),
            "not_your_side"
        );
        assert!(author_for(None, None).is_err());
    }
}
