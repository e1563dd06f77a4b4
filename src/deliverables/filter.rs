//! The parameters of lists.

use super::{DeliverableStatus, ProjectReason};
use crate::catalogue::Format;
use crate::db::Id;
use crate::http::query::Several;
use crate::values::{AreaCode, Code, sort_order};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

sort_order! {
    DeliverableSort {
        Created = "created_at",
        #[default]
        CreatedDescending = "-created_at",
        Updated = "updated_at",
        UpdatedDescending = "-updated_at",
        FiscalYear = "fiscal_year",
        FiscalYearDescending = "-fiscal_year",
        /// Those without an end come last.
        EndsOn = "ends_on",
        /// Those without an end come first.
        EndsOnDescending = "-ends_on",
        /// Those that have waited longest in their status come first.
        StatusSince = "status_since",
        StatusSinceDescending = "-status_since",
    }
}

/// What a list of deliverables brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliverableInclude {
    Organization,
    Type,
}

/// What a list brings along whose items are about deliverables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Include {
    Deliverable,
    Organization,
    Type,
}

impl From<DeliverableInclude> for Include {
    fn from(include: DeliverableInclude) -> Include {
        match include {
            DeliverableInclude::Organization => Include::Organization,
            DeliverableInclude::Type => Include::Type,
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliverableFilter {
    /// Only these records: up to 200 ids, separated by commas. The page has room for all of them, whatever its default
    /// size, and `missing` names those that the list doesn't have.
    #[param(inline, style = Form, explode = false, min_items = 1, max_items = 200, value_type = Option<Vec<Id>>)]
    pub ids: Option<Several<Id>>,
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
    /// One format, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<Format>>)]
    pub format: Option<Several<Format>>,
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
    /// kana and old kanji don't matter. Signs count only in words of signs and in those such as C++ or .NET. ㈱ and NPO法人
    /// are the legal forms in full, too.
    #[param(max_length = 200, example = "会員募集")]
    pub q: Option<String>,
    /// Includes archived deliverables.
    #[serde(default)]
    pub include_archived: bool,
    /// The order; newest first by default. A minus means descending.
    #[serde(default)]
    #[param(inline, required = false)]
    pub sort: DeliverableSort,
    /// Adds the size of the whole list as `total`, counted up to 10,000.
    #[serde(default)]
    pub count: bool,
    /// Records that the items name, separated by commas. They come as `included`, so that one request fills a page.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<DeliverableInclude>>)]
    pub include: Option<Several<DeliverableInclude>>,
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` of the previous page.
    pub cursor: Option<String>,
}

/// Why a request is archived.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ArchiveReason {
    /// Why, if it hasn't ended. Required for a request that is matched or in progress (422 `missing_field`).
    #[param(inline, example = "no_longer_needed")]
    pub reason: Option<ProjectReason>,
}
