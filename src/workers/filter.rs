//! How lists of workers are filtered and ordered.

use super::WorkerStatus;
use crate::db::Id;
use crate::http::query::Several;
use crate::values::sort_order;
use serde::Deserialize;
use utoipa::IntoParams;

sort_order! {
    WorkerSort {
        Created = "created_at",
        #[default]
        CreatedDescending = "-created_at",
        Alias = "alias",
        AliasDescending = "-alias",
        Updated = "updated_at",
        UpdatedDescending = "-updated_at",
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WorkerFilter {
    /// Only these records: up to 200 ids, separated by commas. The page has room for all of them, whatever its default
    /// size, and `missing` names those that the list doesn't have.
    #[param(inline, style = Form, explode = false, min_items = 1, max_items = 200, value_type = Option<Vec<Id>>)]
    pub ids: Option<Several<Id>>,
    /// 全国地方公共団体コード, six or five digits.
    #[param(pattern = "^[0-9]{5,6}$", example = "131041")]
    pub area: Option<String>,
    /// One status, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<WorkerStatus>>)]
    pub status: Option<Several<WorkerStatus>>,
    /// A skill that the worker has, at any level.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "graphic_design")]
    pub skill: Option<String>,
    /// A role that the worker offers.
    #[param(pattern = "^[a-z][a-z0-9_]{0,63}$", example = "designer")]
    pub role: Option<String>,
    /// Words to find in the alias, and in the name and kana if you may see them. Width, case, accents, kana and old kanji
    /// make no difference. Signs count only in words of signs and in those such as C++. The eight letters with which
    /// rankings tell people apart (GCFN-D9X2) find that worker, also at the end of the name that a ranking shows.
    #[param(max_length = 200, example = "デザイナー")]
    pub q: Option<String>,
    /// The order. A minus means descending.
    #[serde(default)]
    #[param(inline, required = false)]
    pub sort: WorkerSort,
    /// Adds the size of the whole list as `total`, counted up to 10,000.
    #[serde(default)]
    pub count: bool,
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `next` of the previous page.
    pub cursor: Option<String>,
}
