//! The parameters of lists of projects.

use super::{ProjectKind, ProjectStatus};
use crate::db::Id;
use crate::deliverables::filter::Include;
use crate::http::query::Several;
use crate::values::{AreaCode, sort_order};
use serde::Deserialize;
use utoipa::IntoParams;

sort_order! {
    ProjectSort {
        Created = "created_at",
        #[default]
        CreatedDescending = "-created_at",
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProjectFilter {
    /// Only these records: up to 200 ids, separated by commas. The page has room for all of them, whatever its default
    /// size, and `missing` names those that the list doesn't have.
    #[param(inline, style = Form, explode = false, min_items = 1, max_items = 200, value_type = Option<Vec<Id>>)]
    pub ids: Option<Several<Id>>,
    /// One status, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<ProjectStatus>>)]
    pub status: Option<Several<ProjectStatus>>,
    /// One kind, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<ProjectKind>>)]
    pub kind: Option<Several<ProjectKind>>,
    /// The organization that is helped.
    pub organization_id: Option<Id>,
    /// A worker who is in the team.
    pub worker_id: Option<Id>,
    /// The area where the work is done.
    #[param(example = "131041")]
    pub area: Option<AreaCode>,
    /// April to March, named by the year in which it begins.
    #[param(minimum = 1900, maximum = 2200, example = 2026)]
    pub fiscal_year: Option<i32>,
    /// The order. Defaults to newest first; a minus means descending.
    #[serde(default)]
    #[param(inline, required = false)]
    pub sort: ProjectSort,
    /// Adds the size of the whole list as `total`, counted up to 10,000.
    #[serde(default)]
    pub count: bool,
    /// Records that the items name, separated by commas. They come as `included`, so that one request fills a page.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<Include>>)]
    pub include: Option<Several<Include>>,
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The cursor in `next` of the previous page.
    pub cursor: Option<String>,
}
