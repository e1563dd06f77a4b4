//! The rules of statistics: which groups there are, and what they add up to.

use super::{Counts, DeliverableStatistics, Dimension, Group, GroupCounts};
use crate::catalogue::lookup;
use crate::error::{Error, FieldError, Place, Result};
use std::collections::BTreeMap;
use strum::VariantArray;

impl Dimension {
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Returns whether unlisted deliverables can be grouped by this.
    fn is_known_of_unlisted(self) -> bool {
        matches!(self, Dimension::FiscalYear | Dimension::Format)
    }
}

/// Parses the parameter `group_by`.
pub fn parse_dimensions(text: &str) -> Result<Vec<Dimension>> {
    let mut dimensions = Vec::new();
    for code in text.split(',').map(str::trim).filter(|code| !code.is_empty()) {
        let dimension: Dimension = code.parse().map_err(|_| {
            let codes = Dimension::VARIANTS.iter().map(|dimension| dimension.code());
            let place = Place::Parameter("group_by".into());
            let unknown = lookup::unknown("", "unknown_dimension", code, codes);
            Error::InvalidParameters(vec![FieldError { place, ..unknown }])
        })?;
        if !dimensions.contains(&dimension) {
            dimensions.push(dimension);
        }
    }
    Ok(dimensions)
}

impl Group {
    /// Keeps only the values of these dimensions.
    fn by(self, dimensions: &[Dimension]) -> Group {
        let keep = |d: Dimension, value: Option<String>| value.filter(|_| dimensions.contains(&d));
        Group {
            fiscal_year: self
                .fiscal_year
                .filter(|_| dimensions.contains(&Dimension::FiscalYear)),
            format: keep(Dimension::Format, self.format),
            area: keep(Dimension::Area, self.area),
            family: keep(Dimension::Family, self.family),
            type_: keep(Dimension::Type, self.type_),
            status: keep(Dimension::Status, self.status),
        }
    }
}

impl DeliverableStatistics {
    /// Adds up counts of the finest groups to the groups that were asked for.
    pub fn new(
        group_by: Vec<Dimension>,
        recorded: Vec<(Group, i64)>,
        unlisted: Option<Vec<(Group, i64)>>,
    ) -> Self {
        let unlisted = unlisted.filter(|_| group_by.iter().all(|d| d.is_known_of_unlisted()));
        let mut groups: BTreeMap<Group, Counts> = BTreeMap::new();
        let fresh = || Counts {
            unlisted: unlisted.as_ref().map(|_| 0),
            ..Counts::default()
        };
        let mut total = fresh();
        for (group, count) in recorded {
            groups.entry(group.by(&group_by)).or_insert_with(fresh).recorded += count;
            total.recorded += count;
        }
        for (group, count) in unlisted.iter().flatten().filter(|(_, count)| *count != 0) {
            let sum = |counts: &mut Counts| counts.unlisted = counts.unlisted.map(|sum| sum + count);
            sum(groups.entry(group.clone().by(&group_by)).or_insert_with(fresh));
            sum(&mut total);
        }
        let whole = |counts: Counts| Counts {
            total: counts.recorded + counts.unlisted.unwrap_or(0),
            ..counts
        };
        let items = groups.into_iter().map(|(group, counts)| GroupCounts {
            group,
            counts: whole(counts),
        });
        DeliverableStatistics {
            items: items.collect(),
            total: whole(total),
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
            (group(2021, "long", "a"), 2),
            (group(2021, "long", "b"), 3),
            (group(2020, "long", "a"), 1),
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
                total: 11
            }
        );
        let by_area = DeliverableStatistics::new(vec![Dimension::Area], recorded, Some(unlisted));
        assert_eq!(
            by_area.total,
            Counts {
                recorded: 6,
                unlisted: None,
                total: 6
            }
        );
    }
}
