//! How lists of deliverables are filtered and ordered.

use super::DeliverableStatus;
use crate::catalogue::Format;
use crate::db::Id;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum DeliverableSort {
    #[serde(rename = "created_at")]
    Created,
    #[default]
    #[serde(rename = "-created_at")]
    CreatedDescending,
    #[serde(rename = "updated_at")]
    Updated,
    #[serde(rename = "-updated_at")]
    UpdatedDescending,
    #[serde(rename = "fiscal_year")]
    FiscalYear,
    #[serde(rename = "-fiscal_year")]
    FiscalYearDescending,
}

impl DeliverableSort {
    pub fn code(self) -> &'static str {
        use DeliverableSort::*;
        match self {
            Created => "created_at",
            CreatedDescending => "-created_at",
            Updated => "updated_at",
            UpdatedDescending => "-updated_at",
            FiscalYear => "fiscal_year",
            FiscalYearDescending => "-fiscal_year",
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliverableFilter {
    /// 全国地方公共団体コード, of six or five digits.
    #[param(pattern = "^[0-9]{5,6}$", example = "131041")]
    pub area: Option<String>,
    #[param(inline)]
    pub status: Option<DeliverableStatus>,
    /// Code of a deliverable type.
    #[serde(rename = "type")]
    #[param(rename = "type", pattern = "^[a-z][a-z0-9_]{0,63}$", example = "flyer")]
    pub type_: Option<String>,
    /// Code of a family.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "print")]
    pub family: Option<String>,
    #[param(inline)]
    pub format: Option<Format>,
    /// April to March, named by the year it begins in.
    #[param(minimum = 1900, maximum = 2200, example = 2021)]
    pub fiscal_year: Option<i32>,
    /// The organization that asks, alone or jointly.
    pub organization_id: Option<Id>,
    /// Code of a role of the team.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "designer")]
    pub role: Option<String>,
    /// Code of a skill that some role asks for.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "graphic_design")]
    pub skill: Option<String>,
    /// Words that title or trouble hold, by any part, whatever the width and case.
    #[param(max_length = 200, example = "会員募集")]
    pub q: Option<String>,
    /// Also archived ones.
    #[serde(default)]
    pub include_archived: bool,
    /// The order; newest first where it isn't given. A minus means descending.
    #[serde(default)]
    #[param(inline, required = false)]
    pub sort: DeliverableSort,
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}
