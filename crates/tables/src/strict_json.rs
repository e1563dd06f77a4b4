//! JSON without leniency: no key twice in an object, and no control character except line breaks and tabs.
//!
//! Most parsers keep one of two equal keys, and two programs may keep different ones. PostgreSQL can't store
//! NUL. A number such as `11.0` is read as an integer, as JSON Schema has it.

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// Why a text isn't strict JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonError {
    /// The text is not JSON.
    Malformed {
        line: usize,
        column: usize,
        /// In English.
        reason: String,
    },
    /// An object has a key twice.
    DuplicateKey {
        /// A JSON pointer (RFC 6901) to the object.
        pointer: String,
        key: String,
    },
    /// A string has a control character other than a line break or tab.
    ControlCharacter {
        /// A JSON pointer (RFC 6901) to the string.
        pointer: String,
    },
}

/// Parses a JSON value.
pub fn parse(json: &[u8]) -> Result<Value, JsonError> {
    parse_folding(json, &[])
}

/// Parses a JSON value. In the members with these names, and below them, control characters become spaces: in prose,
/// which is often pasted from documents, they mean nothing.
pub fn parse_folding(json: &[u8], prose: &[&str]) -> Result<Value, JsonError> {
    let mut violation = None;
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let strict = Strict {
        violation: &mut violation,
        prose,
        folds: false,
    };
    let parsed = strict.deserialize(&mut deserializer);
    let parsed = parsed.and_then(|value| deserializer.end().map(|()| value));
    parsed.map_err(|e| {
        violation.take().unwrap_or_else(|| JsonError::Malformed {
            line: e.line(),
            column: e.column(),
            // serde_json repeats line and column at the end of its message.
            reason: e
                .to_string()
                .split(" at line ")
                .next()
                .unwrap_or_default()
                .to_owned(),
        })
    })
}

/// Reads a value. The error of serde_json holds only a text, so that a broken rule is noted here, too. Its
/// pointer is put together from the inside out while the error passes through the arrays and objects around
/// it.
struct Strict<'v> {
    violation: &'v mut Option<JsonError>,
    prose: &'v [&'v str],
    /// Whether this value is prose.
    folds: bool,
}

impl Strict<'_> {
    fn within(&mut self, folds: bool) -> Strict<'_> {
        Strict {
            violation: self.violation,
            prose: self.prose,
            folds: self.folds || folds,
        }
    }

    fn prepend(&mut self, step: &dyn fmt::Display) {
        match self.violation {
            Some(JsonError::DuplicateKey { pointer, .. } | JsonError::ControlCharacter { pointer }) => {
                *pointer = format!("/{step}{pointer}");
            }
            Some(JsonError::Malformed { .. }) | None => {}
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        // Beyond 2^53 two integers may be the same float.
        let is_whole = value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0;
        Ok(if is_whole {
            Value::from(value as i64)
        } else {
            Value::from(value)
        })
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        if value.chars().any(is_forbidden) {
            if self.folds {
                return Ok(value.replace(is_forbidden, " ").into());
            }
            *self.violation = Some(JsonError::ControlCharacter {
                pointer: String::new(),
            });
            return Err(E::custom("control character"));
        }
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        loop {
            match items.next_element_seed(self.within(false)) {
                Ok(Some(item)) => array.push(item),
                Ok(None) => return Ok(Value::Array(array)),
                Err(e) => {
                    self.prepend(&array.len());
                    return Err(e);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members
                .next_value_seed(self.within(self.prose.contains(&key.as_str())))
                .inspect_err(|_| {
                    self.prepend(&key.replace('~', "~0").replace('/', "~1"));
                })?;
            if object.contains_key(&key) {
                let pointer = String::new();
                *self.violation = Some(JsonError::DuplicateKey { pointer, key });
                return Err(A::Error::custom("duplicate key"));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

/// Whether a text may not have this character.
pub(crate) fn is_forbidden(c: char) -> bool {
    c.is_control() && !['\n', '\r', '\t'].contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parses_whole_floats_as_integers() {
        let value = parse(br#"{"a": [11.0, 0.5, -3, 18446744073709551615], "b": null}"#);
        assert_eq!(
            value,
            Ok(json!({"a": [11, 0.5, -3, 18_446_744_073_709_551_615_u64], "b": null}))
        );
    }

    #[test]
    fn points_to_the_object_that_has_a_key_twice() {
        assert_eq!(
            parse(br#"{"a/b": [{}, {"c": 1, "c": 2}]}"#),
            Err(JsonError::DuplicateKey {
                pointer: "/a~1b/1".into(),
                key: "c".into()
            })
        );
    }

    #[test]
    fn prose_loses_its_control_characters() {
        let parsed = parse_folding(
            br#"{"title": "a", "notes": [{"title": "b\u000c\u0000c\nd"}]}"#,
            &["notes"],
        );
        assert_eq!(parsed, Ok(json!({"title": "a", "notes": [{"title": "b  c\nd"}]})));
        assert!(parse_folding(br#"{"title": "\u0000", "notes": []}"#, &["notes"]).is_err());
    }

    #[test]
    fn points_to_the_text_that_has_a_control_character() {
        assert_eq!(
            parse(br#"[{"a": "line\nbreak"}, {"a": "\u0000"}]"#),
            Err(JsonError::ControlCharacter {
                pointer: "/1/a".into()
            })
        );
    }

    #[test]
    fn names_the_place_where_json_ends() {
        let expected = JsonError::Malformed {
            line: 1,
            column: 4,
            reason: "trailing characters".into(),
        };
        assert_eq!(parse(b"{} x"), Err(expected));
        for malformed in ["", "{", "[1,]", "nul", "1e400"] {
            let parsed = parse(malformed.as_bytes());
            assert!(
                matches!(parsed, Err(JsonError::Malformed { .. })),
                "{malformed}: {parsed:?}"
            );
        }
    }
}
