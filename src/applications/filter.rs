//! The parameters of lists of applications.

use super::ApplicationStatus;
use crate::db::Id;
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
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The cursor in `next` of the previous page.
    pub cursor: Option<String>,
}
