//! Statistics: counts of deliverables by year, format, area, family, type and status.
//!
//! A publication may declare more deliverables than it lists. Those have no record, so only their year and format are
//! known; they are counted separately, as `unlisted`.
//!
//! * `rules`: adds up groups, parses dimensions. `actions`: counts. `csv`: the same as a table. `store`: SQL.
//!
//! Deliberately absent: anything about workers.
//!
//! Invariant: demo data is only counted if you ask for it. Archived deliverables count.

pub mod actions;
mod csv;
pub mod http;
mod rules;
pub mod store;

use crate::catalogue::Format;
use crate::deliverables::DeliverableStatus;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What deliverables can be grouped by.
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
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Dimension {
    FiscalYear,
    Format,
    Area,
    Family,
    Type,
    Status,
}

/// The values of a group. Those that you don't group by are null.
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
    /// Returns a value as text, empty if it is null.
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

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatisticsFilter {
    /// Comma-separated dimensions: fiscal_year, format, area, family, type, status. Without them you get only the total.
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
    /// 全国地方公共団体コード of six digits, or five without the check digit.
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
    /// Counts demo data too.
    #[serde(default)]
    pub include_demo: bool,
}

impl StatisticsFilter {
    /// Returns whether unlisted deliverables can be filtered like this.
    fn applies_to_unlisted(&self) -> bool {
        self.area.is_none() && self.family.is_none() && self.type_.is_none() && self.status.is_none()
    }
}
