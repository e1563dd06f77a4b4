//! Statistics: how many deliverables, by year, format, area, family, type and status.
//!
//! What a publication declares beyond what it lists is a figure of its own (`unlisted`): it has no row, so it is
//! only known by year and format.
//!
//! Deliberately absent: anything about workers.
//!
//! Invariant: what was made up for demonstration is left out unless asked for; archived requests count.

pub mod http;
pub mod store;

use crate::catalogue::Format;
use crate::deliverables::DeliverableStatus;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// What deliverables can be grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    FiscalYear,
    Format,
    Area,
    Family,
    Type,
    Status,
}

impl Dimension {
    pub const ALL: [(&'static str, Dimension); 6] = [
        ("fiscal_year", Dimension::FiscalYear),
        ("format", Dimension::Format),
        ("area", Dimension::Area),
        ("family", Dimension::Family),
        ("type", Dimension::Type),
        ("status", Dimension::Status),
    ];

    pub fn code(self) -> &'static str {
        Dimension::ALL
            .iter()
            .find(|(_, d)| *d == self)
            .map_or("", |(code, _)| code)
    }

    /// Whether it is known of what a publication declares without listing it.
    fn is_declared(self) -> bool {
        matches!(self, Dimension::FiscalYear | Dimension::Format)
    }
}

/// A group's values; null where it isn't grouped by.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Group {
    #[schema(example = 2021)]
    pub fiscal_year: Option<i32>,
    #[schema(example = "one_month")]
    pub format: Option<String>,
    #[schema(example = "131041")]
    pub area: Option<String>,
    #[schema(example = "print")]
    pub family: Option<String>,
    #[serde(rename = "type")]
    #[schema(example = "flyer")]
    pub type_: Option<String>,
    #[schema(example = "delivered")]
    pub status: Option<String>,
}

impl Group {
    /// Only the values that are grouped by.
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

    fn value(&self, dimension: Dimension) -> String {
        let text = match dimension {
            Dimension::FiscalYear => {
                return self.fiscal_year.map(|year| year.to_string()).unwrap_or_default();
            }
            Dimension::Format => &self.format,
            Dimension::Area => &self.area,
            Dimension::Family => &self.family,
            Dimension::Type => &self.type_,
            Dimension::Status => &self.status,
        };
        text.clone().unwrap_or_default()
    }
}

/// The counts of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    /// Deliverables that are recorded.
    #[schema(minimum = 0, example = 10)]
    pub recorded: i64,
    /// Declared by a publication without being listed in it; null where the grouping or a filter can't be told of
    /// them.
    #[schema(minimum = 0, example = 0)]
    pub unlisted: Option<i64>,
    /// Both.
    #[schema(minimum = 0, example = 10)]
    pub total: i64,
}

/// One group with its counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GroupCounts {
    #[serde(flatten)]
    pub group: Group,
    #[serde(flatten)]
    pub counts: Counts,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DeliverableStatistics {
    #[schema(example = json!(["fiscal_year", "format"]))]
    pub group_by: Vec<Dimension>,
    /// In ascending order of the values.
    pub items: Vec<GroupCounts>,
    /// Over all groups.
    pub total: Counts,
}

impl DeliverableStatistics {
    /// `recorded` and `unlisted` come in as fine as they are known.
    pub fn of(
        group_by: Vec<Dimension>,
        recorded: Vec<(Group, i64)>,
        unlisted: Option<Vec<(Group, i64)>>,
    ) -> Self {
        let unlisted = unlisted.filter(|_| group_by.iter().all(|d| d.is_declared()));
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

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatisticsFilter {
    /// Dimensions parted by commas: fiscal_year, format, area, family, type, status. Without it only the total.
    #[serde(default)]
    #[param(
        pattern = "^((fiscal_year|format|area|family|type|status)(,(fiscal_year|format|area|family|type|status))*)?$",
        example = "fiscal_year,format"
    )]
    pub group_by: String,
    #[param(minimum = 1900, maximum = 2200)]
    pub fiscal_year: Option<i32>,
    #[param(inline)]
    pub format: Option<Format>,
    /// 全国地方公共団体コード, of six or five digits.
    #[param(pattern = "^[0-9]{5,6}$")]
    pub area: Option<String>,
    /// Code of a family.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub family: Option<String>,
    /// Code of a deliverable type.
    #[serde(rename = "type")]
    #[param(rename = "type", pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub type_: Option<String>,
    #[param(inline)]
    pub status: Option<DeliverableStatus>,
    /// Also what was made up for demonstration.
    #[serde(default)]
    pub include_demo: bool,
}

impl StatisticsFilter {
    /// Whether what is declared without being listed can be filtered like this.
    pub fn fits_declared(&self) -> bool {
        self.area.is_none() && self.family.is_none() && self.type_.is_none() && self.status.is_none()
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
    fn groups_add_up_and_the_unlisted_are_a_figure_of_their_own() {
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
        let by_year = DeliverableStatistics::of(
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
        let by_area = DeliverableStatistics::of(vec![Dimension::Area], recorded, Some(unlisted));
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
