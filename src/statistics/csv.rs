//! Statistics as a CSV table.

use super::outcomes::{OutcomeCounts, OutcomeStatistics, ReviewMeans};
use super::{ApplicationStatistics, DeliverableStatistics, Dimension, Group};
use crate::error::{Error, Result};

/// Statistics that can be written as a table: one row per group. The total is left out.
pub trait Table {
    fn group_by(&self) -> &[Dimension];
    /// The headings of the counts.
    const COUNTS: &'static [&'static str];
    /// Each group with its counts.
    fn rows(&self) -> impl Iterator<Item = (&Group, Vec<String>)>;
}

impl Table for DeliverableStatistics {
    const COUNTS: &'static [&'static str] = &[
        "recorded",
        "unlisted",
        "total",
        "matched",
        "timed",
        "median_days_to_match",
    ];

    fn group_by(&self) -> &[Dimension] {
        &self.group_by
    }

    fn rows(&self) -> impl Iterator<Item = (&Group, Vec<String>)> {
        self.items.iter().map(|item| {
            let counts = &item.counts;
            let optional = |count: Option<i64>| count.map(|n| n.to_string()).unwrap_or_default();
            let cells = vec![
                counts.recorded.to_string(),
                optional(counts.unlisted),
                counts.total.to_string(),
                counts.matched.to_string(),
                counts.timed.to_string(),
                optional(counts.median_days_to_match.map(i64::from)),
            ];
            (&item.group, cells)
        })
    }
}

impl Table for ApplicationStatistics {
    const COUNTS: &'static [&'static str] = &["count"];

    fn group_by(&self) -> &[Dimension] {
        &self.group_by
    }

    fn rows(&self) -> impl Iterator<Item = (&Group, Vec<String>)> {
        self.items
            .iter()
            .map(|item| (&item.group, vec![item.count.to_string()]))
    }
}

impl Table for OutcomeStatistics {
    const COUNTS: &'static [&'static str] = &[
        "delivered",
        "answered_after_6_months",
        "in_use_after_6_months",
        "answered_after_12_months",
        "in_use_after_12_months",
        "reach",
        "answered_again",
        "would_do_again",
        "reviews_of_members",
        "members_communication",
        "members_quality",
        "members_reliability",
        "members_again",
        "reviews_of_organizations",
        "organizations_communication",
        "organizations_quality",
        "organizations_reliability",
        "organizations_again",
        "timed",
        "median_days",
    ];

    fn group_by(&self) -> &[Dimension] {
        &self.group_by
    }

    fn rows(&self) -> impl Iterator<Item = (&Group, Vec<String>)> {
        self.items.iter().map(|item| {
            let OutcomeCounts {
                delivered,
                in_use_after_6_months: half,
                in_use_after_12_months: whole,
                reach,
                would_do_again: again,
                ..
            } = &item.outcome;
            let counts = [*delivered, half.answered, half.yes, whole.answered, whole.yes];
            let mut cells: Vec<String> = counts.iter().map(ToString::to_string).collect();
            cells.push(reach.map(|people| people.to_string()).unwrap_or_default());
            cells.extend([again.answered, again.yes].map(|count| count.to_string()));
            cells.extend(means(&item.outcome.reviews_of_members));
            cells.extend(means(&item.outcome.reviews_of_organizations));
            let median = item.outcome.median_days;
            cells.extend([
                item.outcome.timed.to_string(),
                median.map(|days| days.to_string()).unwrap_or_default(),
            ]);
            (&item.group, cells)
        })
    }
}

/// Returns the cells of means, which are empty where there are too few reviews.
fn means(means: &Option<ReviewMeans>) -> [String; 5] {
    means.map_or_else(Default::default, |means| {
        [
            means.reviews.to_string(),
            means.communication.to_string(),
            means.quality.to_string(),
            means.reliability.to_string(),
            means.again.to_string(),
        ]
    })
}

pub fn write<T: Table>(statistics: &T) -> Result<Vec<u8>> {
    let failed = |e: &dyn std::fmt::Display| Error::Internal(format!("cannot write CSV: {e}"));
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let dimensions = statistics.group_by();
    writer
        .write_record(
            dimensions
                .iter()
                .map(|d| d.code())
                .chain(T::COUNTS.iter().copied()),
        )
        .map_err(|e| failed(&e))?;
    for (group, counts) in statistics.rows() {
        let row = dimensions.iter().map(|d| group.value(*d)).chain(counts);
        writer.write_record(row).map_err(|e| failed(&e))?;
    }
    writer.into_inner().map_err(|e| failed(&e))
}
