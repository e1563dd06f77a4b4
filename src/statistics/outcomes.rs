//! What became of delivered work: follow-ups and reviews, added up.
//!
//! The means of reviews stand for many people, never for one. There is a mean only where reviews of at least [`PEOPLE`]
//! different organizations and [`PEOPLE`] different workers come together. It is rounded to halves, so that two answers that
//! differ by one review mostly are the same, and tell at best whether its mark was high or low. The least number is the
//! threshold rule of official statistics: Hundepool et al., Statistical Disclosure Control, 2012.

use super::{Dimension, Group};
use crate::db::Id;
use crate::reviews::ReviewAuthor;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// The fewest organizations, and the fewest workers, whose reviews make a mean.
pub const PEOPLE: usize = 5;

impl Dimension {
    /// What outcomes can be grouped by.
    pub(super) const OF_OUTCOMES: &[Dimension] = &[
        Dimension::FiscalYear,
        Dimension::Format,
        Dimension::Area,
        Dimension::Family,
        Dimension::Type,
    ];
}

/// How many of those who answered said yes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"answered": 12, "yes": 9, "percent": 75}))]
pub struct Share {
    #[schema(minimum = 0)]
    pub answered: i64,
    #[schema(minimum = 0)]
    pub yes: i64,
    /// Null without an answer.
    #[schema(minimum = 0, maximum = 100)]
    pub percent: Option<i64>,
}

impl Share {
    fn add(&mut self, yes: bool) {
        self.answered += 1;
        self.yes += i64::from(yes);
        self.percent = Some((self.yes * 200 + self.answered) / (self.answered * 2));
    }
}

/// The means of the four scales, from 1 to 5 in steps of a half.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"reviews": 23, "communication": 4.5, "quality": 4.0, "reliability": 4.0, "again": 4.5}))]
pub struct ReviewMeans {
    #[schema(minimum = 5)]
    pub reviews: i64,
    pub communication: f64,
    pub quality: f64,
    pub reliability: f64,
    pub again: f64,
}

/// What became of the delivered work of a group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct OutcomeCounts {
    /// Delivered deliverables.
    #[schema(minimum = 0, example = 30)]
    pub delivered: i64,
    /// Those of them of which the first and the last day are known.
    #[schema(minimum = 0, example = 24)]
    pub timed: i64,
    /// How many days these took, the first and the last included: the median. Null if there are none. From 5 of a type on, the
    /// milestones of new projects are laid out by it instead of the weeks in the catalogue.
    #[schema(minimum = 1, example = 142)]
    pub median_days: Option<u32>,
    /// Of those followed up after 6 months: whether the work is still in use.
    pub in_use_after_6_months: Share,
    /// The same after 12 months.
    pub in_use_after_12_months: Share,
    /// How many people the work has reached: the sum over the latest answer about each deliverable. Null if none gives a
    /// number.
    #[schema(minimum = 0, example = 5400)]
    pub reach: Option<i64>,
    /// Whether the organization would do it again, in the latest answer about each deliverable.
    pub would_do_again: Share,
    /// The marks that organizations gave members. Null for fewer than 5 organizations or 5 workers.
    pub reviews_of_members: Option<ReviewMeans>,
    /// The marks that members gave organizations. Null for fewer than 5 organizations or 5 workers.
    pub reviews_of_organizations: Option<ReviewMeans>,
}

/// A group with its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GroupOutcome {
    #[serde(flatten)]
    pub group: Group,
    #[serde(flatten)]
    pub outcome: OutcomeCounts,
}

/// What became of delivered work.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutcomeStatistics {
    #[schema(example = json!(["fiscal_year", "type"]))]
    pub group_by: Vec<Dimension>,
    /// The groups, in ascending order of their values.
    pub items: Vec<GroupOutcome>,
    /// Over all groups.
    pub total: OutcomeCounts,
}

/// An answer to a follow-up.
#[derive(Debug, Clone)]
pub struct FollowUpResult {
    pub deliverable: Id,
    pub months: i32,
    pub still_in_use: bool,
    pub reach: Option<i32>,
    pub would_do_again: bool,
}

/// The marks of a review. The worker is `None` once erased.
#[derive(Debug, Clone)]
pub struct Marks {
    pub author: ReviewAuthor,
    pub organization: Id,
    pub worker: Option<Id>,
    pub marks: [i32; 4],
}

/// Marks as they are added up.
#[derive(Default)]
struct MarkSum {
    sums: [i64; 4],
    count: i64,
    organizations: BTreeSet<Id>,
    /// Erased workers count as one: nobody knows whether they are several.
    workers: BTreeSet<Option<Id>>,
}

impl MarkSum {
    fn add(&mut self, review: &Marks) {
        self.count += 1;
        for (sum, mark) in self.sums.iter_mut().zip(review.marks) {
            *sum += i64::from(mark);
        }
        self.organizations.insert(review.organization);
        self.workers.insert(review.worker);
    }

    fn means(&self) -> Option<ReviewMeans> {
        if self.organizations.len() < PEOPLE || self.workers.len() < PEOPLE {
            return None;
        }
        let halves = |sum: i64| (sum * 4 + self.count) / (self.count * 2);
        let [communication, quality, reliability, again] = self.sums.map(|sum| halves(sum) as f64 / 2.0);
        Some(ReviewMeans {
            reviews: self.count,
            communication,
            quality,
            reliability,
            again,
        })
    }
}

/// What a group adds up to.
#[derive(Default)]
struct Sum {
    delivered: i64,
    days: Vec<u32>,
    after: BTreeMap<i32, Share>,
    /// The answer about a deliverable after the most months.
    latest: BTreeMap<Id, FollowUpResult>,
    of_members: MarkSum,
    of_organizations: MarkSum,
}

impl Sum {
    fn add_answer(&mut self, answer: &FollowUpResult) {
        self.after
            .entry(answer.months)
            .or_default()
            .add(answer.still_in_use);
        let latest = self
            .latest
            .entry(answer.deliverable)
            .or_insert_with(|| answer.clone());
        if latest.months < answer.months {
            *latest = answer.clone();
        }
    }

    fn add_review(&mut self, review: &Marks) {
        match review.author {
            ReviewAuthor::Organization => self.of_members.add(review),
            ReviewAuthor::Member => self.of_organizations.add(review),
        }
    }

    fn outcome(&self) -> OutcomeCounts {
        let after = |months: i32| self.after.get(&months).copied().unwrap_or_default();
        let mut would_do_again = Share::default();
        for answer in self.latest.values() {
            would_do_again.add(answer.would_do_again);
        }
        let mut days = self.days.clone();
        days.sort_unstable();
        OutcomeCounts {
            delivered: self.delivered,
            timed: days.len() as i64,
            // Of two in the middle, the shorter.
            median_days: days.get(days.len().saturating_sub(1) / 2).copied(),
            in_use_after_6_months: after(6),
            in_use_after_12_months: after(12),
            reach: (self
                .latest
                .values()
                .filter_map(|answer| answer.reach.map(i64::from)))
            .reduce(|sum, reach| sum + reach),
            would_do_again,
            reviews_of_members: self.of_members.means(),
            reviews_of_organizations: self.of_organizations.means(),
        }
    }
}

impl OutcomeStatistics {
    /// Adds up what is known of each deliverable to the groups that were asked for.
    pub fn new(
        group_by: Vec<Dimension>,
        delivered: Vec<(Group, i64)>,
        durations: Vec<(Group, u32)>,
        answers: &[(Group, FollowUpResult)],
        reviews: &[(Group, Marks)],
    ) -> OutcomeStatistics {
        let mut groups: BTreeMap<Group, Sum> = BTreeMap::new();
        let mut total = Sum::default();
        for (group, count) in delivered {
            groups.entry(group.by(&group_by)).or_default().delivered += count;
            total.delivered += count;
        }
        for (group, days) in durations {
            groups.entry(group.by(&group_by)).or_default().days.push(days);
            total.days.push(days);
        }
        for (group, answer) in answers {
            let group = group.clone().by(&group_by);
            groups.entry(group).or_default().add_answer(answer);
            total.add_answer(answer);
        }
        for (group, review) in reviews {
            let group = group.clone().by(&group_by);
            groups.entry(group).or_default().add_review(review);
            total.add_review(review);
        }
        let item = |(group, sum): (Group, Sum)| GroupOutcome {
            group,
            outcome: sum.outcome(),
        };
        OutcomeStatistics {
            items: groups.into_iter().map(item).collect(),
            total: total.outcome(),
            group_by,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(organizations: usize, workers: usize, marks: &[i32]) -> MarkSum {
        let ids: Vec<Id> = marks.iter().map(|_| Id::new()).collect();
        let mut sum = MarkSum::default();
        for (i, mark) in marks.iter().enumerate() {
            sum.add(&Marks {
                author: ReviewAuthor::Organization,
                organization: ids[i % organizations],
                worker: Some(ids[i % workers]),
                marks: [*mark; 4],
            });
        }
        sum
    }

    #[test]
    fn means_need_five_organizations_and_five_workers() {
        assert!(marks(4, 6, &[4; 6]).means().is_none());
        assert!(marks(6, 4, &[4; 6]).means().is_none());
        assert_eq!(marks(5, 5, &[4, 4, 4, 4, 5]).means().unwrap().quality, 4.0);
        assert_eq!(marks(5, 5, &[4, 4, 4, 5, 5]).means().unwrap().quality, 4.5);
    }

    #[test]
    fn one_more_review_mostly_changes_no_mean() {
        let five = marks(5, 5, &[3; 5]).means().unwrap().quality;
        let six = |mark| marks(6, 6, &[3, 3, 3, 3, 3, mark]).means().unwrap().quality;
        assert_eq!([2, 3, 4].map(six), [five; 3]);
    }

    #[test]
    fn the_latest_answer_counts_once() {
        let deliverable = Id::new();
        let answer = |months, reach| FollowUpResult {
            deliverable,
            months,
            still_in_use: true,
            reach: Some(reach),
            would_do_again: months == 12,
        };
        let mut sum = Sum::default();
        sum.add_answer(&answer(12, 300));
        sum.add_answer(&answer(6, 200));
        let outcome = sum.outcome();
        assert_eq!(
            (outcome.reach, outcome.would_do_again.percent),
            (Some(300), Some(100))
        );
        assert_eq!(outcome.in_use_after_6_months.answered, 1);
    }
}
