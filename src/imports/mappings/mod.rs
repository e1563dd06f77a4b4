//! Saved mappings: what the headings of a source mean, for every file from it.
//!
//! The name of a source is only a word, which anyone may choose. So everyone saves their own mappings, and
//! administrators those for everyone.

pub mod actions;
pub mod http;
pub mod store;

use super::columns::Mapping;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// What the headings of a source mean.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"mapping": {"得意なこと": "skills", "血液型": ""}}))]
pub struct SavedMapping {
    /// Headings and the fields that they mean. A column whose field is empty is not imported.
    #[validate(length(max = 1000))]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub mapping: Mapping,
}
