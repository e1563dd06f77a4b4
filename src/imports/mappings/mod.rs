//! Saved mappings: what the headings of a source mean, for every file from it.
//!
//! The name of a source is only a word, which anyone may choose. So everyone saves their own mappings, and
//! administrators those for everyone.

pub mod actions;
pub mod http;
pub mod store;

use super::columns::Mapping;
use crate::error::{Error, Text};
use crate::values::broken;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// The most mappings of one owner: an office has a handful of sources.
pub const MOST: i64 = 200;
/// The longest heading, in characters, as far as a heading is shown.
const LONGEST_HEADING: usize = 200;

fn short_headings(mapping: &Mapping) -> Result<(), ValidationError> {
    match mapping
        .keys()
        .all(|heading| heading.chars().count() <= LONGEST_HEADING)
    {
        true => Ok(()),
        false => Err(broken(
            "too_long",
            "見出しは200文字までです。",
            "A heading can have up to 200 characters.",
        )),
    }
}

fn missing() -> Error {
    Error::not_found("この対応表", "mapping")
}

fn too_many() -> Error {
    Error::Conflict {
        code: "too_many_mappings",
        detail: Text::new(
            "保存できる対応表は200件までです。保存済みの対応表を置き換えるか、使わないものを削除してください。",
            "You can save up to 200 mappings. Replace one that you have saved, or delete one that you no longer use.",
        ),
    }
}

/// What the headings of a source mean.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"mapping": {"得意なこと": "skills", "血液型": ""}}))]
pub struct SavedMapping {
    /// Headings, of up to 200 characters, and the fields that they mean. A column whose field is empty is not imported.
    #[validate(length(max = 1000), custom(function = "short_headings"))]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub mapping: Mapping,
}
