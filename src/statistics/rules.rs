//! The rules of statistics: which groups there are, and what they add up to.

use super::{
    ApplicationGroup, ApplicationStatistics, Counts, DeliverableStatistics, Dimension, Group, GroupCounts,
};
use crate::catalogue::lookup;
use crate::deliverables::DeliverableStatus;
use crate::error::{Error, FieldError, Place, Result, Text};
use std::collections::BTreeMap;

impl Dimension {
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Returns whether unlisted deliverables can be grouped by this.
    fn is_known_of_unlisted(self) -> bool {
        matches!(self, Dimension::FiscalYear | Dimension::Format)
    }
}

/// Parses the parameter `group_by`, which names some of these dimensions.
pub fn parse_dimensions(all: &[Dimension], text: &str) -> Result<Vec<Dimension>> {
    let mut dimensions = Vec::new();
    for code in text.split(',').map(str::trim).filter(|code| !code.is_empty()) {
        let known = all.iter().find(|dimension| dimension.code() == code);
        let dimension = *known.ok_or_else(|| {
            let codes: Vec<&str> = all.iter().map(|dimension| dimension.code()).collect();
            let place = Place::Parameter("group_by".into());
            let unknown = lookup::unknown("", "unknown_dimension", code, codes.iter().copied());
            let listed = Text::new(
                format!("{}指定できるのは {} です。", unknown.message.ja, codes.join("、")),
                format!("{} Use some of {}.", unknown.message.en, codes.join(", ")),
            );
            Error::InvalidParameters(vec![FieldError {
                place,
                message: listed,
                ..unknown
            }])
        })?;
        if !dimensions.contains(&dimension) {
            dimensions.push(dimension);
        }
    }
    Ok(dimensions)
}

/// Names a month, counted from the year 0: 2021-07.
pub fn month_name(month: i32) -> String {
    format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1)
}

/// Returns the fiscal year of a month.
pub fn fiscal_year(month: i32) -> i32 {
    (month - 3).div_euclid(12)
}

/// Names the quarter of the fiscal year that a month belongs to: 2021-Q2 for July 2021.
pub fn quarter_name(month: i32) -> String {
    let in_year = (month - 3).rem_euclid(12);
    format!("{:04}-Q{}", fiscal_year(month), in_year / 3 + 1)
}

impl Group {
    /// Keeps only the values of these dimensions.
    pub(super) fn by(self, dimensions: &[Dimension]) -> Group {
        let has = |d: Dimension| dimensions.contains(&d);
        let keep = |d: Dimension, value: Option<String>| value.filter(|_| has(d));
        Group {
            fiscal_year: self.fiscal_year.filter(|_| has(Dimension::FiscalYear)),
            quarter: keep(Dimension::Quarter, self.quarter),
            month: keep(Dimension::Month, self.month),
            format: keep(Dimension::Format, self.format),
            area: keep(Dimension::Area, self.area),
            family: keep(Dimension::Family, self.family),
            type_: keep(Dimension::Type, self.type_),
            role: keep(Dimension::Role, self.role),
            status: keep(Dimension::Status, self.status),
        }
    }
}

/// What a group adds up to.
#[derive(Default)]
struct Sum {
    recorded: i64,
    unlisted: i64,
    matched: i64,
    /// How many deliverables were matched after so many days.
    days: BTreeMap<i32, i64>,
}

impl Sum {
    fn counts(self, with_unlisted: bool) -> Counts {
        let timed = self.days.values().sum();
        let mut passed = 0;
        let median = self.days.iter().find(|(_, count)| {
            passed += **count;
            passed * 2 >= timed
        });
        Counts {
            recorded: self.recorded,
            unlisted: with_unlisted.then_some(self.unlisted),
            total: self.recorded + self.unlisted,
            matched: self.matched,
            timed,
            median_days_to_match: median.map(|(days, _)| *days),
        }
    }
}

/// How many deliverables of the finest group took how many days to match, if that is known.
pub type Recorded = (Group, Option<i32>, i64);

impl DeliverableStatistics {
    /// Adds up counts of the finest groups to the groups that were asked for.
    pub fn new(
        group_by: Vec<Dimension>,
        recorded: Vec<Recorded>,
        unlisted: Option<Vec<(Group, i64)>>,
    ) -> Self {
        let unlisted = unlisted.filter(|_| group_by.iter().all(|d| d.is_known_of_unlisted()));
        let mut groups: BTreeMap<Group, Sum> = BTreeMap::new();
        let mut total = Sum::default();
        for (group, days, count) in recorded {
            let status = group.status.as_deref().and_then(|code| code.parse().ok());
            let has_team = days.is_some() || status.is_some_and(DeliverableStatus::has_team);
            for sum in [groups.entry(group.by(&group_by)).or_default(), &mut total] {
                sum.recorded += count;
                sum.matched += if has_team { count } else { 0 };
                if let Some(days) = days {
                    *sum.days.entry(days).or_default() += count;
                }
            }
        }
        for (group, count) in unlisted.iter().flatten().filter(|(_, count)| *count != 0) {
            groups.entry(group.clone().by(&group_by)).or_default().unlisted += count;
            total.unlisted += count;
        }
        let items = groups.into_iter().map(|(group, sum)| GroupCounts {
            group,
            counts: sum.counts(unlisted.is_some()),
        });
        DeliverableStatistics {
            items: items.collect(),
            total: total.counts(unlisted.is_some()),
            group_by,
        }
    }
}

impl ApplicationStatistics {
    /// Adds up counts of the finest groups to the groups that were asked for.
    pub fn new(group_by: Vec<Dimension>, counts: Vec<(Group, i64)>) -> Self {
        let mut groups: BTreeMap<Group, i64> = BTreeMap::new();
        for (group, count) in counts {
            *groups.entry(group.by(&group_by)).or_default() += count;
        }
        ApplicationStatistics {
            total: groups.values().sum(),
            items: groups
                .into_iter()
                .map(|(group, count)| ApplicationGroup { group, count })
                .collect(),
            group_by,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(year: i32, format: &str, area: &str) -> Group {
        Group {
            fiscal_year: Some(year),
            format: Some(format.into()),
            area: Some(area.into()),
            ..Group::default()
        }
    }

    #[test]
    fn adds_up_groups_and_counts_the_unlisted_separately() {
        let recorded = vec![
            (group(2021, "long", "a"), Some(4), 2),
            (group(2021, "long", "b"), Some(9), 2),
            (group(2021, "long", "b"), None, 1),
            (group(2020, "long", "a"), None, 1),
        ];
        let unlisted = vec![(
            Group {
                area: None,
                ..group(2021, "individual", "")
            },
            5,
        )];
        let by_year = DeliverableStatistics::new(
            vec![Dimension::FiscalYear],
            recorded.clone(),
            Some(unlisted.clone()),
        );
        let rows: Vec<_> = by_year
            .items
            .iter()
            .map(|i| (i.group.fiscal_year, i.counts.recorded, i.counts.unlisted))
            .collect();
        assert_eq!(rows, [(Some(2020), 1, Some(0)), (Some(2021), 5, Some(5))]);
        assert_eq!(
            by_year.total,
            Counts {
                recorded: 6,
                unlisted: Some(5),
                total: 11,
                matched: 4,
                timed: 4,
                median_days_to_match: Some(4)
            }
        );
        let by_area = DeliverableStatistics::new(vec![Dimension::Area], recorded, Some(unlisted));
        assert_eq!(
            by_area.total,
            Counts {
                recorded: 6,
                unlisted: None,
                total: 6,
                matched: 4,
                timed: 4,
                median_days_to_match: Some(4)
            }
        );
    }

    #[test]
    fn names_months_and_quarters_of_the_fiscal_year() {
        let name = |year: i32, month: i32| {
            let number = year * 12 + month - 1;
            (month_name(number), quarter_name(number), fiscal_year(number))
        };
        assert_eq!(name(2026, 4), ("2026-04".into(), "2026-Q1".into(), 2026));
        assert_eq!(name(2026, 12), ("2026-12".into(), "2026-Q3".into(), 2026));
        assert_eq!(name(2027, 1), ("2027-01".into(), "2026-Q4".into(), 2026));
        assert_eq!(name(2027, 3), ("2027-03".into(), "2026-Q4".into(), 2026));
    }
}
