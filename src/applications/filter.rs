//! How lists of applications are filtered and ordered.

use super::ApplicationStatus;
use crate::db::Id;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum ApplicationSort {
    #[serde(rename = "created_at")]
    Created,
    #[default]
    #[serde(rename = "-created_at")]
    CreatedDescending,
    #[serde(rename = "updated_at")]
    Updated,
    #[serde(rename = "-updated_at")]
    UpdatedDescending,
}

impl ApplicationSort {
    pub fn code(self) -> &'static str {
        use ApplicationSort::*;
        match self {
            Created => "created_at",
            CreatedDescending => "-created_at",
            Updated => "updated_at",
            UpdatedDescending => "-updated_at",
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApplicationFilter {
    /// What is applied for.
    pub deliverable_id: Option<Id>,
    /// Who applies.
    pub worker_id: Option<Id>,
    #[param(inline)]
    pub status: Option<ApplicationStatus>,
    /// Code of the role that is applied for.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "designer")]
    pub role: Option<String>,
    /// The order; newest first where it isn't given. A minus means descending.
    #[serde(default)]
    #[param(inline, required = false)]
    pub sort: ApplicationSort,
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}
