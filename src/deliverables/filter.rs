//! The parameters of lists.

use super::DeliverableStatus;
use crate::catalogue::Format;
use crate::db::Id;
use crate::http::query::Several;
use crate::values::{AreaCode, Code, sort_order};
use serde::Deserialize;
use utoipa::IntoParams;

sort_order! {
    DeliverableSort {
        Created = "created_at",
        #[default]
        CreatedDescending = "-created_at",
        Updated = "updated_at",
        UpdatedDescending = "-updated_at",
        FiscalYear = "fiscal_year",
        FiscalYearDescending = "-fiscal_year",
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliverableFilter {
    /// The area where the work is done.
    #[param(example = "131041")]
    pub area: Option<AreaCode>,
    /// One status, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<DeliverableStatus>>)]
    pub status: Option<Several<DeliverableStatus>>,
    /// Code of a deliverable type.
    #[serde(rename = "type")]
    #[param(rename = "type", example = "flyer")]
    pub type_: Option<Code>,
    /// Code of a family.
    #[param(example = "print")]
    pub family: Option<Code>,
    #[param(inline)]
    pub format: Option<Format>,
    /// April to March, named by the year in which it begins.
    #[param(minimum = 1900, maximum = 2200, example = 2021)]
    pub fiscal_year: Option<i32>,
    /// An organization that requests it, alone or jointly.
    pub organization_id: Option<Id>,
    /// Code of a role of the team.
    #[param(example = "designer")]
    pub role: Option<Code>,
    /// Code of a skill that one of the roles needs.
    #[param(example = "graphic_design")]
    pub skill: Option<Code>,
    /// Words to find in the title, the trouble or the organization's names, by any part of a word. Width, case, accents,
    /// kana and old kanji don't matter. Signs count only in words of signs.
    #[param(max_length = 200, example = "会員募集")]
    pub q: Option<String>,
    /// Includes archived deliverables.
    #[serde(default)]
    pub include_archived: bool,
    /// The order; newest first by default. A minus means descending.
    #[serde(default)]
    #[param(inline, required = false)]
    pub sort: DeliverableSort,
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` of the previous page.
    pub cursor: Option<String>,
}
