//! Saved mappings: what the headings of a source's files mean, for every file that comes from it.

pub mod http;
pub mod store;

use super::columns::Mapping;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// What the headings of a source's files mean.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"mapping": {"得意なこと": "skills", "血液型": ""}}))]
pub struct SavedMapping {
    /// Headings and fields; an empty field leaves a column out.
    #[validate(length(max = 1000))]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub mapping: Mapping,
}
