//! Parameters of the query and the path.

use super::decode;
use crate::db::Id;
use crate::error::{Error, FieldError, Result, Text};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::future::{Ready, ready};
use utoipa::IntoParams;
use uuid::Uuid;

/// The query, decoded into a struct. Give the struct `deny_unknown_fields` to refuse unknown parameters.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Error;
    type Future = Ready<Result<Query<T>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Query))
    }
}

/// Decodes a query string.
pub fn parse<T: DeserializeOwned>(query: &str) -> Result<T> {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    no_nul(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
    decode::parameters(pairs).map_err(|e| match e.is_well_formed() {
        true => Error::Invalid(vec![e.in_parameters()]),
        false => Error::InvalidParameters(vec![e.in_parameters()]),
    })
}

/// Refuses NUL, which PostgreSQL can't store.
fn no_nul<'a>(values: impl Iterator<Item = (&'a str, &'a str)>) -> Result<()> {
    let broken = values.filter(|(_, value)| value.contains('\0')).map(|(name, _)| {
        let rule = Text::new("NUL文字は使用できません。", "The character NUL is not allowed.");
        FieldError::parameter(name, "control_character", rule)
    });
    let broken: Vec<FieldError> = broken.collect();
    if broken.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(broken))
    }
}

/// Values of a parameter, separated by commas. The parameter may also be repeated, as some generated clients do.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Several<T>(pub Vec<T>);

impl<T: Copy + Into<&'static str>> Several<T> {
    pub fn codes(&self) -> Vec<&'static str> {
        self.0.iter().map(|value| (*value).into()).collect()
    }
}

/// Filters a boxed query by a column with one of several codes. One code is compared alone: PostgreSQL walks an index on (code, order)
/// in order for `=`, and sorts what it finds for `= ANY`.
macro_rules! with_codes {
    ($query:expr, $column:expr, $several:expr) => {{
        let codes = $several.codes();
        match codes.first() {
            Some(code) if codes.len() == 1 => $query.filter($column.eq(*code)),
            _ => $query.filter($column.eq_any(codes)),
        }
    }};
}
pub(crate) use with_codes;

/// Whether to return archived records too.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IncludeArchived {
    /// Returns the record even if it is archived.
    #[serde(default)]
    pub include_archived: bool,
}

/// The `id` in the path.
pub struct PathId(pub Id);

impl FromRequest for PathId {
    type Error = Error;
    type Future = Ready<Result<PathId>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(path_id(request, "id").map(PathId))
    }
}

/// Parses a UUID in the path, in its hyphenated form.
pub fn path_id(request: &HttpRequest, name: &'static str) -> Result<Id> {
    let text = request.match_info().get(name).unwrap_or_default();
    let parsed = if text.len() == 36 {
        Uuid::try_parse(text).ok()
    } else {
        None
    };
    parsed
        .map(Id)
        .ok_or_else(|| Error::parameter(name, "invalid_uuid", decode::not_a_uuid()))
}

/// Returns a segment of the path, percent-decoded, of 1 to `longest` characters.
pub fn path_text(request: &HttpRequest, name: &'static str, longest: usize) -> Result<String> {
    let raw = request.match_info().query(name);
    let pair = format!("v={}", raw.replace('+', "%2B").replace('&', "%26"));
    let text = form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, v)| v.into_owned())
        .unwrap_or_default();
    no_nul([(name, text.as_str())].into_iter())?;
    if (1..=longest).contains(&text.chars().count()) {
        return Ok(text);
    }
    let rule = Text::new(
        format!("1〜{longest}文字で指定してください。"),
        format!("Use 1 to {longest} characters."),
    );
    Err(Error::parameter(name, "invalid_length", rule))
}

/// Refuses a span whose end, named by a parameter, is before its begin: it would find nothing.
pub fn check_span<T: PartialOrd>(from: Option<T>, (name, to): (&'static str, Option<T>)) -> Result<()> {
    if from.zip(to).is_none_or(|(from, to)| from <= to) {
        return Ok(());
    }
    let rule = Text::new(
        "終わりは始まり（from）以降にしてください。",
        "The end of the span is before its begin (`from`).",
    );
    Err(Error::Invalid(vec![FieldError::parameter(
        name,
        "span_reversed",
        rule,
    )]))
}

/// Refuses a filter that is longer than any value it could match.
pub fn check_length(name: &'static str, text: &Option<String>, longest: usize) -> Result<()> {
    if text.as_ref().is_none_or(|text| text.chars().count() <= longest) {
        return Ok(());
    }
    let rule = Text::new(
        format!("{longest}文字以内で指定してください。"),
        format!("Use at most {longest} characters."),
    );
    Err(Error::parameter(name, "invalid_length", rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Filter {
        limit: Option<u8>,
        name: Option<String>,
        ids: Option<Several<Id>>,
        tags: Option<Several<String>>,
    }

    fn place_and_code(query: &str) -> (String, String) {
        let error = parse::<Filter>(query).unwrap_err();
        let field = error.fields().first().unwrap().clone();
        let crate::error::Place::Parameter(name) = field.place else {
            panic!()
        };
        (name, field.code.into_owned())
    }

    #[test]
    fn one_code_is_compared_alone() {
        use crate::auth::UserRole;
        use crate::db::schema::users::dsl;
        use diesel::pg::Pg;
        use diesel::prelude::*;
        let sql = |roles: &[UserRole]| {
            let several = Several(roles.to_vec());
            let query = dsl::users.select(dsl::role).into_boxed::<Pg>();
            let query = with_codes!(query, dsl::role, several);
            diesel::debug_query::<Pg, _>(&query).to_string()
        };
        assert!(sql(&[UserRole::Admin]).contains("= $1"));
        assert!(sql(&[UserRole::Admin, UserRole::Coordinator]).contains("ANY($1)"));
    }

    #[test]
    fn names_the_parameter_of_each_error() {
        assert_eq!(
            place_and_code("limit=many"),
            ("limit".into(), "wrong_type".into())
        );
        assert_eq!(
            place_and_code("limt=1"),
            ("limt".into(), "unknown_parameter".into())
        );
        assert_eq!(
            place_and_code("limit=1&limit=2"),
            ("limit".into(), "duplicate_parameter".into())
        );
        assert_eq!(
            place_and_code("name=a&name=b"),
            ("name".into(), "duplicate_parameter".into())
        );
        assert_eq!(
            place_and_code("ids=x&ids=y"),
            ("ids".into(), "invalid_uuid".into())
        );
        assert_eq!(
            place_and_code("limit=%00"),
            ("limit".into(), "control_character".into())
        );
        assert_eq!(parse::<Filter>("limit=7").unwrap().limit, Some(7));
    }

    #[test]
    fn a_list_has_commas_or_its_parameter_is_repeated() {
        for query in ["tags=a,b,c", "tags=a&tags=b&tags=c", "tags=a,+b&limit=7&tags=c"] {
            let tags = parse::<Filter>(query).unwrap().tags.unwrap();
            assert_eq!(tags.0, ["a", "b", "c"], "{query}");
        }
    }
}
