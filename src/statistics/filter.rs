//! The parameters of statistics.

use crate::applications::ApplicationStatus;
use crate::catalogue::Format;
use crate::db::Id;
use crate::deliverables::DeliverableStatus;
use crate::http::query::Several;
use serde::Deserialize;
use utoipa::IntoParams;

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatisticsFilter {
    /// Comma-separated dimensions: fiscal_year, quarter, month, format, area, family, type, status. Without them you get
    /// only the total.
    #[serde(default)]
    #[param(
        pattern = "^((fiscal_year|quarter|month|format|area|family|type|status)(,(fiscal_year|quarter|month|format|area|family|type|status))*)?$",
        example = "fiscal_year,format"
    )]
    pub group_by: String,
    #[param(minimum = 1900, maximum = 2200)]
    pub fiscal_year: Option<i32>,
    /// One format, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<Format>>)]
    pub format: Option<Several<Format>>,
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
    /// One status, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<DeliverableStatus>>)]
    pub status: Option<Several<DeliverableStatus>>,
    /// Code of a role of the team.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub role: Option<String>,
    /// Code of a skill that one of the roles needs.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub skill: Option<String>,
    /// An organization that requests it, alone or jointly. You need the scope `organizations:read` for it.
    pub organization_id: Option<Id>,
    /// Counts demo data too.
    #[serde(default)]
    pub include_demo: bool,
    /// The first and the last fiscal year of a report.
    #[serde(skip)]
    #[param(ignore)]
    pub years: Option<(i32, i32)>,
    /// The areas of a report, cities with their wards.
    #[serde(skip)]
    #[param(ignore)]
    pub areas: Option<Vec<String>>,
}

impl StatisticsFilter {
    /// Returns whether unlisted deliverables can be filtered like this.
    pub(super) fn applies_to_unlisted(&self) -> bool {
        let is_asked = self.role.is_some() || self.skill.is_some() || self.organization_id.is_some();
        let is_of_record = self.area.is_some() || self.family.is_some() || self.type_.is_some();
        !(is_asked || is_of_record || self.status.is_some())
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OutcomeFilter {
    /// Comma-separated dimensions: fiscal_year, format, area, family, type. Without them you get only the total.
    #[serde(default)]
    #[param(
        pattern = "^((fiscal_year|format|area|family|type)(,(fiscal_year|format|area|family|type))*)?$",
        example = "fiscal_year,type"
    )]
    pub group_by: String,
    #[param(minimum = 1900, maximum = 2200)]
    pub fiscal_year: Option<i32>,
    /// One format, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<Format>>)]
    pub format: Option<Several<Format>>,
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
    /// Counts demo data too.
    #[serde(default)]
    pub include_demo: bool,
}

impl From<OutcomeFilter> for StatisticsFilter {
    /// Returns the filter of the delivered deliverables.
    fn from(filter: OutcomeFilter) -> StatisticsFilter {
        StatisticsFilter {
            group_by: filter.group_by,
            fiscal_year: filter.fiscal_year,
            format: filter.format,
            area: filter.area,
            family: filter.family,
            type_: filter.type_,
            status: Some(Several(vec![DeliverableStatus::Delivered])),
            include_demo: filter.include_demo,
            ..StatisticsFilter::default()
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApplicationStatisticsFilter {
    /// Comma-separated dimensions: fiscal_year, quarter and month of the day of applying; status and role of the
    /// application; format, area, family and type of the deliverable. Without them you get only the total.
    #[serde(default)]
    #[param(
        pattern = "^((fiscal_year|quarter|month|format|area|family|type|role|status)(,(fiscal_year|quarter|month|format|area|family|type|role|status))*)?$",
        example = "month,status"
    )]
    pub group_by: String,
    /// Of the day of applying.
    #[param(minimum = 1900, maximum = 2200)]
    pub fiscal_year: Option<i32>,
    /// One status, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<ApplicationStatus>>)]
    pub status: Option<Several<ApplicationStatus>>,
    /// Code of the role that was applied for.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub role: Option<String>,
    /// The deliverable's area: 全国地方公共団体コード of six digits, or five without the check digit.
    #[param(pattern = "^[0-9]{5,6}$")]
    pub area: Option<String>,
    /// Code of the deliverable's family.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub family: Option<String>,
    /// Code of the deliverable's type.
    #[serde(rename = "type")]
    #[param(rename = "type", pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub type_: Option<String>,
    /// Counts demo data too.
    #[serde(default)]
    pub include_demo: bool,
}
