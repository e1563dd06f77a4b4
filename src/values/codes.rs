//! Codes of catalogue entries, sources and partners, and codes of areas.
//!
//! Both are text with a schema. Reading one from JSON never fails because of its form: a code that doesn't exist is
//! answered with the nearest one that does, and that helps more than a broken pattern. Where a code is made, check it
//! with [`Code::check`].

use super::rules::broken;
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use validator::ValidationError;

/// A short name for programs: a lower-case letter, then lower-case letters, digits and `_`, at most 64 characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(String);

impl Code {
    const PATTERN: &str = "^[a-z][a-z0-9_]{0,63}$";

    /// Checks the form of a code, for `#[validate(custom(function = "Code::check"))]`.
    pub fn check(&self) -> Result<(), ValidationError> {
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let starts_with_letter = self.starts_with(|c: char| c.is_ascii_lowercase());
        if starts_with_letter && self.len() <= 64 && self.bytes().all(is_plain) {
            return Ok(());
        }
        Err(broken(
            "invalid_code",
            "英小文字で始まる64文字以内の英小文字・数字・_ で指定してください。",
            "Start with a lower-case letter and use only lower-case letters, digits and _, at most 64 characters.",
        ))
    }
}

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        let schema = schema.pattern(Some(Code::PATTERN)).examples(["flyer"]);
        schema
            .description(Some("A short name for programs"))
            .build()
            .into()
    }
}
impl ToSchema for Code {}

/// An area's 全国地方公共団体コード: six digits, the last one a check digit.
///
/// Requests may leave the check digit out. `catalogue::lookup::resolve_area` completes the code, so stored records always
/// have six digits.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AreaCode(String);

impl AreaCode {
    const PATTERN: &str = "^[0-9]{5,6}$";

    /// Returns whether this has five or six digits.
    pub fn is_well_formed(&self) -> bool {
        (5..=6).contains(&self.len()) && self.bytes().all(|b| b.is_ascii_digit())
    }
}

impl PartialSchema for AreaCode {
    fn schema() -> RefOr<Schema> {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        let schema = schema.pattern(Some(AreaCode::PATTERN)).examples(["131041"]);
        schema
            .description(Some(
                "全国地方公共団体コード: six digits. Requests may leave out the check digit",
            ))
            .build()
            .into()
    }
}
impl ToSchema for AreaCode {}

/// Returns the schema of codes that are these.
pub fn code_list(description: &str, codes: impl Iterator<Item = &'static str>) -> RefOr<Schema> {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    let schema = schema.enum_values(Some(codes.collect::<Vec<_>>()));
    schema.description(Some(description)).build().into()
}

macro_rules! as_text {
    ($($name:ident),+) => {$(
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> $name {
                $name(text.to_owned())
            }
        }
        impl From<String> for $name {
            fn from(text: String) -> $name {
                $name(text)
            }
        }
        impl From<$name> for String {
            fn from(code: $name) -> String {
                code.0
            }
        }
        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }
        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }
        impl PartialEq<String> for $name {
            fn eq(&self, other: &String) -> bool {
                self.0 == *other
            }
        }
    )+};
}
as_text!(Code, AreaCode);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_letter_then_letters_digits_and_underscores() {
        let is_code = |text: &str| Code::from(text).check().is_ok();
        assert!(is_code("a") && is_code("graphic_design") && is_code(&"a".repeat(64)));
        for wrong in ["", "_a", "1a", "Flyer", "a-b", "チラシ", &"a".repeat(65)] {
            assert!(!is_code(wrong), "{wrong}");
        }
    }

    #[test]
    fn an_area_code_has_five_or_six_digits() {
        let is_area_code = |text: &str| AreaCode::from(text).is_well_formed();
        assert!(is_area_code("13104") && is_area_code("131041"));
        for wrong in ["", "1310", "1310411", "13104a", "１３１０４１"] {
            assert!(!is_area_code(wrong), "{wrong}");
        }
    }
}
