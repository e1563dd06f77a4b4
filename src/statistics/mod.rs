//! Statistics: counts of deliverables and applications by year, quarter, month, format, area, family, type and status.
//!
//! A publication may declare more deliverables than it lists. Those have no record, so only their year and format are
//! known; they are counted separately, as `unlisted`.
//!
//! Months are those of Tokyo. Quarters are those of the fiscal year: the first is April to June.
//!
//! * `coverage`: what was done in each area against the need there. `outcomes`: what became of delivered work. `responses`: how fast applications are answered.
//! * `filter`: the parameters. `rules`: adds up groups, parses dimensions. `actions`: counts. `csv`: the same as a table.
//!   `store`: SQL.
//!
//! Deliberately absent: anything about single workers, means of few reviews, and filters by words. Everyone with `statistics:read` sees the counts
//! of all areas, and a count by words would tell what the requests of others say; lists count what you may read.
//!
//! Invariant: demo data is only counted if you ask for it, applications of sandbox partners never. Archived deliverables
//! count.

pub mod actions;
pub mod coverage;
mod csv;
mod filter;
pub mod http;
pub mod outcomes;
pub mod responses;
mod rules;
pub mod store;

pub use filter::{ApplicationStatisticsFilter, OutcomeFilter, StatisticsFilter};

use crate::catalogue::Format;
use crate::values::{AreaCode, Code};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What records can be grouped by.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Dimension {
    FiscalYear,
    Quarter,
    Month,
    Format,
    Area,
    Family,
    Type,
    Role,
    Status,
}

impl Dimension {
    /// What deliverables can be grouped by.
    const OF_DELIVERABLES: &[Dimension] = &[
        Dimension::FiscalYear,
        Dimension::Quarter,
        Dimension::Month,
        Dimension::Format,
        Dimension::Area,
        Dimension::Family,
        Dimension::Type,
        Dimension::Status,
    ];
    /// What applications can be grouped by.
    const OF_APPLICATIONS: &[Dimension] = &[
        Dimension::FiscalYear,
        Dimension::Quarter,
        Dimension::Month,
        Dimension::Format,
        Dimension::Area,
        Dimension::Family,
        Dimension::Type,
        Dimension::Role,
        Dimension::Status,
    ];
}

/// The values of a group. Those that you don't group by are null.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Group {
    #[schema(example = 2021)]
    pub fiscal_year: Option<i32>,
    /// A quarter of the fiscal year: Q1 is April to June. Null where only the fiscal year is known; so is `month`.
    #[schema(example = "2021-Q2", pattern = "^[0-9]{4}-Q[1-4]$")]
    pub quarter: Option<String>,
    #[schema(example = "2021-07", pattern = "^[0-9]{4}-[0-9]{2}$")]
    pub month: Option<String>,
    #[schema(example = "one_month", value_type = Option<Format>)]
    pub format: Option<String>,
    #[schema(example = "131041", value_type = Option<AreaCode>)]
    pub area: Option<String>,
    #[schema(example = "print", value_type = Option<Code>)]
    pub family: Option<String>,
    #[serde(rename = "type")]
    #[schema(example = "flyer", value_type = Option<Code>)]
    pub type_: Option<String>,
    /// Of applications only.
    #[schema(example = "designer", value_type = Option<Code>)]
    pub role: Option<String>,
    #[schema(example = "delivered", pattern = "^[a-z_]+$")]
    pub status: Option<String>,
}

impl Group {
    /// Returns a value as text, empty if it is null.
    fn value(&self, dimension: Dimension) -> String {
        let text = match dimension {
            Dimension::FiscalYear => {
                return self.fiscal_year.map(|year| year.to_string()).unwrap_or_default();
            }
            Dimension::Quarter => &self.quarter,
            Dimension::Month => &self.month,
            Dimension::Format => &self.format,
            Dimension::Area => &self.area,
            Dimension::Family => &self.family,
            Dimension::Type => &self.type_,
            Dimension::Role => &self.role,
            Dimension::Status => &self.status,
        };
        text.clone().unwrap_or_default()
    }
}

/// The counts of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    /// Deliverables with a record.
    #[schema(minimum = 0, example = 10)]
    pub recorded: i64,
    /// Deliverables that a publication declares without listing them. Only their fiscal year and format are known, so
    /// this is null if you group or filter by anything else.
    #[schema(minimum = 0, example = 0)]
    pub unlisted: Option<i64>,
    /// The sum of both.
    #[schema(minimum = 0, example = 10)]
    pub total: i64,
    /// Deliverables that found a team, also those whose work has begun, ended or was cancelled after that.
    #[schema(minimum = 0, example = 8)]
    pub matched: i64,
    /// Those of them of which it is known how many days it took from opening to a complete team.
    #[schema(minimum = 0, example = 6)]
    pub timed: i64,
    /// The median of these days; of two in the middle, the smaller one.
    #[schema(minimum = 0, example = 9)]
    pub median_days_to_match: Option<i32>,
}

/// A group with its counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GroupCounts {
    #[serde(flatten)]
    pub group: Group,
    #[serde(flatten)]
    pub counts: Counts,
}

/// Counts of deliverables.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliverableStatistics {
    #[schema(example = json!(["fiscal_year", "format"]))]
    pub group_by: Vec<Dimension>,
    /// The groups, in ascending order of their values.
    pub items: Vec<GroupCounts>,
    /// The sums over all groups.
    pub total: Counts,
}

/// A group of applications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApplicationGroup {
    #[serde(flatten)]
    pub group: Group,
    #[schema(minimum = 0, example = 14)]
    pub count: i64,
}

/// Counts of applications.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApplicationStatistics {
    #[schema(example = json!(["month", "status"]))]
    pub group_by: Vec<Dimension>,
    /// The groups, in ascending order of their values.
    pub items: Vec<ApplicationGroup>,
    /// The sum over all groups.
    #[schema(minimum = 0, example = 14)]
    pub total: i64,
}
