//! The parameters of lists of applications.

use super::ApplicationStatus;
use crate::db::Id;
use crate::deliverables::filter::Include;
use crate::http::query::Several;
use crate::values::{Code, sort_order};
use serde::Deserialize;
use utoipa::IntoParams;

sort_order! {
    ApplicationSort {
        Created = "created_at",
        #[default]
        CreatedDescending = "-created_at",
        Updated = "updated_at",
        UpdatedDescending = "-updated_at",
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApplicationFilter {
    /// Only these records: up to 200 ids, separated by commas. The page has room for all of them, whatever its default
    /// size, and `missing` names those that the list doesn't have.
    #[param(inline, style = Form, explode = false, min_items = 1, max_items = 200, value_type = Option<Vec<Id>>)]
    pub ids: Option<Several<Id>>,
    /// The deliverable.
    pub deliverable_id: Option<Id>,
    /// The worker.
    pub worker_id: Option<Id>,
    /// One status, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<ApplicationStatus>>)]
    pub status: Option<Several<ApplicationStatus>>,
    /// Code of the role.
    #[param(example = "designer")]
    pub role: Option<Code>,
    /// The order. Defaults to newest first; a minus means descending.
    #[serde(default)]
    #[param(inline, required = false)]
    pub sort: ApplicationSort,
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

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CountFilter {
    /// The deliverable.
    pub deliverable_id: Option<Id>,
    /// The worker.
    pub worker_id: Option<Id>,
    /// Code of the role.
    #[param(example = "designer")]
    pub role: Option<Code>,
}

impl From<CountFilter> for ApplicationFilter {
    fn from(filter: CountFilter) -> ApplicationFilter {
        ApplicationFilter {
            deliverable_id: filter.deliverable_id,
            worker_id: filter.worker_id,
            role: filter.role,
            ..ApplicationFilter::default()
        }
    }
}
