//! Decoding JSON values and parameters into types, with errors that are data.
//!
//! serde's usual errors are English sentences. [`DecodeError`] implements serde's error trait and keeps what serde
//! reports: the path, the fault, and what was expected there. The code and the text in both languages follow from that.

use crate::db::Instant;
use crate::error::{FieldError, Text};
use crate::values::plausible_day;
use chrono::{DateTime, NaiveDate, Utc};
use serde::de::value::{BorrowedStrDeserializer, CowStrDeserializer, MapAccessDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, Visitor,
};
use serde_json::{Map, Value};
use std::any::type_name;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::num::IntErrorKind;
use uuid::Uuid;
use validator::ValidationError;

/// Why a value can't be decoded.
#[derive(Debug)]
pub struct DecodeError {
    /// The steps to the value, innermost first.
    path: Vec<String>,
    fault: Fault,
    /// What the place takes, where it is known.
    expected: Option<Shape>,
}

/// The most values of a list parameter: as many as a page has records.
const MOST_VALUES: usize = 200;

#[derive(Debug)]
enum Fault {
    MissingField(&'static str),
    UnknownField(String),
    DuplicateField(String),
    UnknownValue {
        given: String,
        allowed: &'static [&'static str],
    },
    WrongType,
    OutOfRange,
    /// More values than a list parameter takes.
    TooMany,
    /// A date or a time of a year that can't be meant, and that a database may not hold.
    ImplausibleYear(Box<ValidationError>),
    /// A type's own text about the value: English, or Japanese and English separated by a line break.
    Malformed(String),
}

/// What a place takes.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Integer,
    Number,
    Boolean,
    Text,
    Array,
    Object,
    Uuid,
    Date,
    Time,
}

impl Shape {
    /// Returns what a string has to hold to become a `T`. Types of other crates report a bad string as a sentence,
    /// so they are recognised here, by their names.
    fn of_string<T>() -> Shape {
        let name = type_name::<T>();
        match () {
            () if name == type_name::<Uuid>() => Shape::Uuid,
            () if name == type_name::<NaiveDate>() => Shape::Date,
            () if name == type_name::<Instant>() => Shape::Time,
            () => Shape::Text,
        }
    }

    /// Checks the year of a date or a time that was just decoded. Everything that callers send comes through here; what is
    /// stored does not.
    fn check_year(self, text: Option<&str>) -> Result<(), DecodeError> {
        let day = text.and_then(|text| match self {
            Shape::Date => text.parse().ok(),
            Shape::Time => Some(text.parse::<DateTime<Utc>>().ok()?.date_naive()),
            _ => None,
        });
        let checked = day.map_or(Ok(()), |day| plausible_day(&day));
        checked.map_err(|rule| DecodeError::new(Fault::ImplausibleYear(Box::new(rule))))
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Shape::Integer => ("整数", "an integer"),
            Shape::Number => ("数値", "a number"),
            Shape::Boolean => ("true または false", "true or false"),
            Shape::Text => ("文字列", "a string"),
            Shape::Array => ("配列", "an array"),
            Shape::Object => ("オブジェクト", "an object"),
            Shape::Uuid => ("UUID", "a UUID"),
            Shape::Date => ("日付（YYYY-MM-DD）", "a date (YYYY-MM-DD)"),
            Shape::Time => ("日時（RFC 3339）", "a time (RFC 3339)"),
        }
    }
}

impl DecodeError {
    fn new(fault: Fault) -> DecodeError {
        DecodeError {
            path: Vec::new(),
            fault,
            expected: None,
        }
    }

    fn below(mut self, step: impl fmt::Display) -> DecodeError {
        self.path.push(step.to_string());
        self
    }

    fn expecting(mut self, shape: Shape) -> DecodeError {
        if self.path.is_empty() {
            self.expected.get_or_insert(shape);
        }
        self
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self.fault {
            Fault::MissingField(_) => "missing_field",
            Fault::UnknownField(_) => "unknown_field",
            Fault::DuplicateField(_) => "duplicate_field",
            Fault::UnknownValue { .. } => "unknown_value",
            Fault::WrongType => "wrong_type",
            Fault::OutOfRange | Fault::ImplausibleYear(_) => "out_of_range",
            Fault::TooMany => "invalid_length",
            Fault::Malformed(_) if matches!(self.expected, Some(Shape::Uuid)) => "invalid_uuid",
            Fault::Malformed(_) => "invalid_value",
        }
    }

    pub fn text(&self) -> Text {
        match &self.fault {
            Fault::MissingField(name) => {
                Text::new(format!("{name} は入力必須です。"), format!("{name} is required."))
            }
            Fault::UnknownField(name) => Text::new(
                format!("{name} という項目はありません。"),
                format!("There is no field {name}."),
            ),
            Fault::DuplicateField(name) => duplicate(name),
            Fault::UnknownValue { given, allowed } => Text::new(
                format!(
                    "「{given}」は指定できません。使用できる値：{}",
                    allowed.join("、")
                ),
                format!("{given} is not allowed. Use one of: {}", allowed.join(", ")),
            ),
            Fault::WrongType => {
                let names = self.expected.map(Shape::names);
                let (ja, en) = names.unwrap_or(("正しい型の値", "a value of another type"));
                Text::new(format!("{ja}で指定してください。"), format!("Expected {en}."))
            }
            Fault::OutOfRange => Text::new("値が範囲外です。", "The value is out of range."),
            Fault::TooMany => Text::new(
                format!("値は{MOST_VALUES}個まで指定できます。"),
                format!("Use at most {MOST_VALUES} values."),
            ),
            Fault::ImplausibleYear(rule) => in_both_languages(rule.message.as_deref().unwrap_or_default()),
            Fault::Malformed(reason) if reason.contains('\n') => in_both_languages(reason),
            Fault::Malformed(reason) => match self.expected {
                Some(Shape::Uuid) => not_a_uuid(),
                Some(Shape::Date) => Text::new(
                    "実在する日付を YYYY-MM-DD の形式で指定してください。",
                    "Use a date that exists, as YYYY-MM-DD.",
                ),
                Some(Shape::Time) => Text::new(
                    "日時は 2026-11-23T09:00:00Z の形式で指定してください。",
                    "Use a time such as 2026-11-23T09:00:00Z.",
                ),
                _ => Text::new("値の形式が正しくありません。", format!("{reason}.")),
            },
        }
    }

    /// The field that is missing, unknown or duplicate.
    fn field(&self) -> Option<&str> {
        match &self.fault {
            Fault::MissingField(name) => Some(name),
            Fault::UnknownField(name) | Fault::DuplicateField(name) => Some(name),
            _ => None,
        }
    }

    /// Whether the value has the form that the place takes, and only lies outside its range.
    pub fn is_well_formed(&self) -> bool {
        matches!(self.fault, Fault::ImplausibleYear(_))
    }

    /// Whether leaving the field out mends the error.
    pub fn is_surplus(&self) -> bool {
        matches!(self.fault, Fault::UnknownField(_) | Fault::DuplicateField(_))
    }

    /// Returns one of the values that the place takes, if they are known.
    pub fn allowed(&self) -> Option<&'static str> {
        match self.fault {
            Fault::UnknownValue { allowed, .. } => allowed.first().copied(),
            _ => None,
        }
    }

    /// The error of a value in a body.
    pub fn in_body(&self) -> FieldError {
        let steps = self.path.iter().rev().map(String::as_str).chain(self.field());
        FieldError::at(pointer(steps), self.code(), self.text())
    }

    /// The error of a parameter.
    pub fn in_parameters(&self) -> FieldError {
        let (code, text) = match &self.fault {
            Fault::MissingField(_) => ("missing_parameter", self.text()),
            Fault::DuplicateField(_) => ("duplicate_parameter", self.text()),
            Fault::UnknownField(name) => (
                "unknown_parameter",
                Text::new(
                    format!("{name} というパラメータはありません。"),
                    format!("There is no parameter {name}."),
                ),
            ),
            _ => (self.code(), self.text()),
        };
        let name = self.field().or(self.path.last().map(String::as_str));
        FieldError::parameter(name.unwrap_or_default(), code, text)
    }
}

/// Separates a text's Japanese from its English.
fn in_both_languages(text: &str) -> Text {
    let (ja, en) = text.split_once('\n').unwrap_or_default();
    Text::new(ja.to_owned(), en.to_owned())
}

/// The text for something that is given twice.
pub fn duplicate(name: &str) -> Text {
    Text::new(
        format!("{name} が重複しています。"),
        format!("{name} is given twice."),
    )
}

/// The text for an ID that isn't a UUID.
pub fn not_a_uuid() -> Text {
    Text::new(
        "IDはUUIDの形式で指定してください。",
        "Use an ID in the form of a UUID.",
    )
}

/// Joins steps to a JSON pointer (RFC 6901).
fn pointer<'s>(steps: impl Iterator<Item = &'s str>) -> String {
    steps.map(|name| format!("/{}", step(name))).collect()
}

/// Escapes a step of a JSON pointer.
pub fn step(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

impl serde::de::Error for DecodeError {
    fn custom<T: fmt::Display>(reason: T) -> DecodeError {
        DecodeError::new(Fault::Malformed(reason.to_string()))
    }
    fn invalid_type(_: Unexpected, _: &dyn Expected) -> DecodeError {
        DecodeError::new(Fault::WrongType)
    }
    fn invalid_value(_: Unexpected, _: &dyn Expected) -> DecodeError {
        DecodeError::new(Fault::OutOfRange)
    }
    fn unknown_variant(given: &str, allowed: &'static [&'static str]) -> DecodeError {
        let given = given.to_owned();
        DecodeError::new(Fault::UnknownValue { given, allowed })
    }
    fn unknown_field(name: &str, _: &'static [&'static str]) -> DecodeError {
        DecodeError::new(Fault::UnknownField(name.to_owned()))
    }
    fn missing_field(name: &'static str) -> DecodeError {
        DecodeError::new(Fault::MissingField(name))
    }
    fn duplicate_field(name: &'static str) -> DecodeError {
        DecodeError::new(Fault::DuplicateField(name.to_owned()))
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let at = pointer(self.path.iter().rev().map(String::as_str));
        write!(f, "{at}: {}", self.text().en)
    }
}

impl std::error::Error for DecodeError {}

/// Decodes a JSON value. An object is only taken from an object, where serde would also take an array of its members.
pub fn value<T: DeserializeOwned>(value: &Value) -> Result<T, DecodeError> {
    T::deserialize(Json(value))
}

/// Decodes the parameters of a query, already percent-decoded. A list may be given in parts, with its parameter repeated; where
/// the place takes a single value, that is an error.
pub fn parameters<T: DeserializeOwned>(pairs: Vec<(String, String)>) -> Result<T, DecodeError> {
    let mut parameters: Vec<Parameter> = Vec::new();
    // A query may have thousands of names, so each is looked up.
    let mut places: HashMap<String, usize> = HashMap::new();
    for (name, value) in pairs {
        match places.get(&name).and_then(|at| parameters.get_mut(*at)) {
            Some(one) => one.values.push(value),
            None => {
                places.insert(name.clone(), parameters.len());
                let values = vec![value];
                parameters.push(Parameter { name, values });
            }
        }
    }
    T::deserialize(MapAccessDeserializer::new(Parameters {
        parameters: parameters.into_iter(),
        current: None,
    }))
}

/// Methods that read a value as `deserialize_any` does, and note what was expected.
macro_rules! deserialize_as {
    ($($shape:ident: $($method:ident)+;)+) => {$($(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            self.deserialize_any(visitor).map_err(|e| e.expecting(Shape::$shape))
        }
    )+)+};
}

#[derive(Clone, Copy)]
struct Json<'de>(&'de Value);

impl<'de> Deserializer<'de> for Json<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::String(value) => visitor.visit_borrowed_str(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(value), _) => visitor.visit_u64(value),
                (_, Some(value)) => visitor.visit_i64(value),
                _ => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::Array(items) => visitor.visit_seq(Items {
                items: items.iter(),
                position: 0,
            }),
            Value::Object(members) => visitor.visit_map(Members::of(members)),
        }
    }

    deserialize_as! {
        Integer: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
            deserialize_u32 deserialize_u64;
        Number: deserialize_f32 deserialize_f64;
        Boolean: deserialize_bool;
        Text: deserialize_char deserialize_bytes deserialize_byte_buf deserialize_identifier;
        Array: deserialize_seq;
    }

    /// `serde_json::Map` would take null as an empty map, and a struct an array as its members in order.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            Value::Object(_) => self.deserialize_any(visitor),
            _ => Err(DecodeError::new(Fault::WrongType)),
        }
        .map_err(|e: DecodeError| e.expecting(Shape::Object))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let shape = Shape::of_string::<V::Value>();
        let text = self.0.as_str();
        let value = self
            .deserialize_any(visitor)
            .map_err(|e: DecodeError| e.expecting(shape))?;
        shape.check_year(text)?;
        Ok(value)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.0 {
            Value::String(value) => visitor.visit_enum(BorrowedStrDeserializer::new(value)),
            Value::Object(members) => {
                MapAccessDeserializer::new(Members::of(members)).deserialize_enum(name, variants, visitor)
            }
            _ => Err(DecodeError::new(Fault::WrongType).expecting(Shape::Text)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! { unit unit_struct tuple tuple_struct ignored_any }
}

struct Items<'de> {
    items: std::slice::Iter<'de, Value>,
    position: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        let Some(item) = self.items.next() else {
            return Ok(None);
        };
        let position = self.position;
        self.position += 1;
        seed.deserialize(Json(item))
            .map(Some)
            .map_err(|e| e.below(position))
    }
}

struct Members<'de> {
    members: serde_json::map::Iter<'de>,
    current: Option<(&'de str, &'de Value)>,
}

impl<'de> Members<'de> {
    fn of(members: &'de Map<String, Value>) -> Members<'de> {
        Members {
            members: members.iter(),
            current: None,
        }
    }
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        let Some((name, value)) = self.members.next() else {
            return Ok(None);
        };
        self.current = Some((name, value));
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        let (name, value) = self
            .current
            .take()
            .ok_or_else(|| DecodeError::custom("no value"))?;
        seed.deserialize(Json(value)).map_err(|e| e.below(name))
    }
}

struct Parameters {
    parameters: std::vec::IntoIter<Parameter>,
    current: Option<Parameter>,
}

impl<'de> MapAccess<'de> for Parameters {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        let Some(parameter) = self.parameters.next() else {
            return Ok(None);
        };
        let key = seed.deserialize(CowStrDeserializer::new(Cow::Borrowed(&parameter.name)))?;
        self.current = Some(parameter);
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        let parameter = self
            .current
            .take()
            .ok_or_else(|| DecodeError::custom("no value"))?;
        let name = parameter.name.clone();
        seed.deserialize(parameter).map_err(|e| e.below(name))
    }
}

/// The texts of a parameter, parsed as the type that its place takes.
struct Parameter {
    name: String,
    /// More than one if the parameter is repeated.
    values: Vec<String>,
}

impl Parameter {
    /// Returns the only value.
    fn single(mut self) -> Result<String, DecodeError> {
        match (self.values.pop(), self.values.is_empty()) {
            (Some(value), true) => Ok(value),
            _ => Err(DecodeError::new(Fault::DuplicateField(self.name))),
        }
    }
}

macro_rules! deserialize_integers {
    ($($method:ident: $visit:ident;)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            let number = self.single()?.parse().map_err(|e: std::num::ParseIntError| {
                let fault = match e.kind() {
                    IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => Fault::OutOfRange,
                    _ => Fault::WrongType,
                };
                DecodeError::new(fault).expecting(Shape::Integer)
            })?;
            visitor.$visit(number)
        }
    )+};
}

impl<'de> IntoDeserializer<'de, DecodeError> for Parameter {
    type Deserializer = Parameter;

    fn into_deserializer(self) -> Parameter {
        self
    }
}

impl<'de> Deserializer<'de> for Parameter {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let shape = Shape::of_string::<V::Value>();
        let text = self.single()?;
        let value = visitor
            .visit_str(&text)
            .map_err(|e: DecodeError| e.expecting(shape))?;
        shape.check_year(Some(&text))?;
        Ok(value)
    }

    deserialize_integers! {
        deserialize_i8: visit_i8; deserialize_i16: visit_i16; deserialize_i32: visit_i32; deserialize_i64: visit_i64;
        deserialize_u8: visit_u8; deserialize_u16: visit_u16; deserialize_u32: visit_u32; deserialize_u64: visit_u64;
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let number = self.single()?.parse();
        visitor.visit_f64(number.map_err(|_| DecodeError::new(Fault::WrongType).expecting(Shape::Number))?)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let value = self.single()?.parse();
        visitor.visit_bool(value.map_err(|_| DecodeError::new(Fault::WrongType).expecting(Shape::Boolean))?)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_enum(CowStrDeserializer::new(Cow::Owned(self.single()?)))
    }

    /// Hands over the parts of a list, separated by commas, each as a separate parameter.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let parts = || self.values.iter().flat_map(|value| value.split(','));
        if parts().nth(MOST_VALUES).is_some() {
            return Err(DecodeError::new(Fault::TooMany));
        }
        let parts = parts();
        let part = |text: &str| Parameter {
            name: self.name.clone(),
            values: vec![text.trim().to_owned()],
        };
        visitor.visit_seq(SeqDeserializer::new(parts.map(part)))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        f32 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;
    use std::fmt::Debug;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Inner {
        n: u16,
        day: Option<NaiveDate>,
    }

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Outer {
        #[serde(default, rename = "a/b")]
        list: Vec<Inner>,
        format: Option<crate::catalogue::Format>,
    }

    fn code_and_text<T: DeserializeOwned + Debug>(json: Value) -> (&'static str, String) {
        let error = value::<T>(&json).unwrap_err();
        (error.code(), error.text().en.into_owned())
    }

    #[test]
    fn names_the_type_that_a_place_takes() {
        let wrong = |text: &str| ("wrong_type", text.to_owned());
        assert_eq!(code_and_text::<u16>(json!(6.5)), wrong("Expected an integer."));
        assert_eq!(code_and_text::<f64>(json!("x")), wrong("Expected a number."));
        assert_eq!(code_and_text::<Vec<u8>>(json!(3)), wrong("Expected an array."));
        assert_eq!(code_and_text::<String>(json!(null)), wrong("Expected a string."));
        assert_eq!(code_and_text::<bool>(json!(1)), wrong("Expected true or false."));
        assert_eq!(code_and_text::<Uuid>(json!(1)), wrong("Expected a UUID."));
        assert_eq!(
            code_and_text::<Inner>(json!([1, null])),
            wrong("Expected an object.")
        );
        assert_eq!(code_and_text::<Outer>(json!(true)), wrong("Expected an object."));
        for other in [json!(null), json!([]), json!(""), json!(1)] {
            let map = code_and_text::<Map<String, Value>>(other.clone());
            assert_eq!(map, wrong("Expected an object."), "{other}");
            let map = code_and_text::<std::collections::BTreeMap<String, String>>(other);
            assert_eq!(map, wrong("Expected an object."));
        }
    }

    #[test]
    fn explains_values_that_a_type_refuses() {
        assert_eq!(code_and_text::<u16>(json!(-1)).0, "out_of_range");
        assert_eq!(code_and_text::<u16>(json!(65_536)).0, "out_of_range");
        assert_eq!(code_and_text::<crate::db::Id>(json!("x")).0, "invalid_uuid");
        for text in ["2026-13-01", "x", "2026-01-01T", ""] {
            let expected = (
                "invalid_value",
                "Use a date that exists, as YYYY-MM-DD.".to_owned(),
            );
            assert_eq!(
                code_and_text::<Option<NaiveDate>>(json!(text)),
                expected,
                "{text}"
            );
        }
        let (code, text) = code_and_text::<crate::catalogue::Format>(json!("day"));
        assert_eq!(code, "unknown_value");
        assert!(
            text.starts_with("day is not allowed. Use one of: session, one_day"),
            "{text}"
        );
    }

    #[test]
    fn points_to_the_value() {
        let place = |json: Value| value::<Outer>(&json).unwrap_err().in_body();
        let at = |pointer: &str| crate::error::Place::Pointer(pointer.to_owned());
        assert_eq!(place(json!({"a/b": [{"n": 1}, {}]})).place, at("/a~1b/1/n"));
        assert_eq!(place(json!({"a/b": [{"n": 1, "m": 2}]})).place, at("/a~1b/0/m"));
        assert_eq!(place(json!({"a/b": [{"n": "1"}]})).place, at("/a~1b/0/n"));
        assert_eq!(place(json!({"format": "x"})).place, at("/format"));
        assert!(
            value::<Outer>(&json!({"a/b": [{"n": 1, "day": "2026-02-28"}], "format": "one_day"})).is_ok()
        );
    }
}
