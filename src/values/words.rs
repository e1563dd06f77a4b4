//! The words of codes in Japanese and English. Each has its place in `data/words.json`, below the name of its schema in
//! the OpenAPI document. The fields of imports, which are no schema, are below `WorkerField` and the like.
//!
//! Deliberately absent: the words of the catalogue, of formats and of day-parts, which `catalogue` has.

use super::code_list;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use text::Text;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// What a code means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Words {
    #[schema(example = "募集中")]
    pub ja: String,
    #[schema(example = "open")]
    pub en: String,
}

/// The words of each code, by the name of the schema.
pub type Sets = BTreeMap<String, BTreeMap<String, Words>>;

static SETS: LazyLock<Sets> =
    LazyLock::new(|| serde_json::from_str(include_str!("data/words.json")).unwrap_or_default());

pub fn sets() -> &'static Sets {
    &SETS
}

/// Returns the codes of a schema.
pub fn codes(schema: &str) -> impl Iterator<Item = &'static str> + use<> {
    let codes = SETS.get(schema).into_iter().flat_map(BTreeMap::keys);
    codes.map(String::as_str)
}

/// Returns what a code of a schema means.
pub fn text(schema: &str, code: &str) -> Text {
    let words = SETS.get(schema).and_then(|set| set.get(code));
    words.map_or_else(
        || Text::new(code.to_owned(), code.to_owned()),
        |words| Text::new(words.ja.as_str(), words.en.as_str()),
    )
}

/// Returns what a code means in Japanese, with the code for programs: 募集中（open）.
pub fn with_code(schema: &str, code: &str) -> String {
    format!("{}（{code}）", text(schema, code).ja)
}

/// Schemas of codes that are plain text in the code.
macro_rules! schemas {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {$(
        $(#[doc = $doc])+
        pub struct $name;
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                code_list(concat!($($doc),+).trim(), codes(stringify!($name)))
            }
        }
        impl ToSchema for $name {}
    )+};
}

schemas! {
    /// The stable code of an error, or of a finding of an import.
    ErrorCode;
    /// What kind of municipality an area is.
    AreaKind;
    /// A permission.
    Scope;
    /// An error of RFC 6749, section 5.2.
    TokenErrorCode;
    /// What an event of an import says.
    EventName;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_words_in_both_languages() {
        assert!(sets().len() > 40);
        for (name, set) in sets() {
            for (code, words) in set {
                assert!(!words.ja.is_empty() && !words.en.is_empty(), "{name} {code}");
                assert!(words.en.is_ascii(), "{name} {code}");
            }
        }
    }
}
