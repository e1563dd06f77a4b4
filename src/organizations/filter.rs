//! How lists of organizations are filtered and ordered.

use super::{OrganizationKind, OrganizationStatus};
use crate::db::Id;
use crate::http::query::Several;
use crate::values::sort_order;
use serde::Deserialize;
use utoipa::IntoParams;

sort_order! {
    OrganizationSort {
        Created = "created_at",
        #[default]
        CreatedDescending = "-created_at",
        Name = "name",
        NameDescending = "-name",
        Updated = "updated_at",
        UpdatedDescending = "-updated_at",
    }
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrganizationFilter {
    /// Only these records: up to 200 ids, separated by commas. The page has room for all of them, whatever its default
    /// size, and `missing` names those that the list doesn't have.
    #[param(inline, style = Form, explode = false, min_items = 1, max_items = 200, value_type = Option<Vec<Id>>)]
    pub ids: Option<Several<Id>>,
    /// 全国地方公共団体コード, six or five digits.
    #[param(pattern = "^[0-9]{5,6}$", example = "131059")]
    pub area: Option<String>,
    /// One kind, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<OrganizationKind>>)]
    pub kind: Option<Several<OrganizationKind>>,
    /// One status, or several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<OrganizationStatus>>)]
    pub status: Option<Several<OrganizationStatus>>,
    /// Words to find in the name, its kana and its aliases. Width, case, accents, kana and old kanji make no difference.
    /// Signs count only in words of signs and in those such as C++ or .NET. ㈱ and NPO法人 are the legal forms in full, too.
    #[param(max_length = 200, example = "やすみば")]
    pub q: Option<String>,
    /// Whether to list archived organizations too.
    #[serde(default)]
    pub include_archived: bool,
    /// The order. A minus means descending.
    #[serde(default)]
    #[param(inline, required = false)]
    pub sort: OrganizationSort,
    /// Adds the size of the whole list as `total`, counted up to 10,000.
    #[serde(default)]
    pub count: bool,
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `next` of the previous page.
    pub cursor: Option<String>,
}
