//! Parameters of the query and the path.

use crate::db::Id;
use crate::error::{Error, FieldError, Result, Text};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::future::{Ready, ready};
use utoipa::IntoParams;
use uuid::Uuid;

/// The query as a struct. Types refuse unknown names by `deny_unknown_fields`.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Error;
    type Future = Ready<Result<Query<T>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Query))
    }
}

/// Parameters as a struct.
pub fn parse<T: DeserializeOwned>(query: &str) -> Result<T> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    no_nul(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
    let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(deserializer).map_err(|e| {
        let message = e.inner().to_string();
        let named = message.split('`').nth(1).unwrap_or_default().to_owned();
        let (code, text) = super::wording::reworded(&message);
        match code {
            "unknown_field" => Error::parameter(named, "unknown_parameter", text),
            "missing_field" => Error::parameter(named, "missing_parameter", text),
            "duplicate_field" => Error::parameter(named, "duplicate_parameter", text),
            code => Error::parameter(e.path().to_string(), code, text),
        }
    })
}

/// PostgreSQL can't store the character NUL, so nothing can be found by it.
fn no_nul<'a>(values: impl Iterator<Item = (&'a str, &'a str)>) -> Result<()> {
    let broken = values.filter(|(_, value)| value.contains('\0')).map(|(name, _)| {
        let rule = Text::new("NUL文字は使えません。", "The character NUL can't be used.");
        FieldError::parameter(name, "nul", rule)
    });
    let broken: Vec<FieldError> = broken.collect();
    if broken.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(broken))
    }
}

/// Whether an archived thing is to be shown too.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IncludeArchived {
    /// Also when it is archived.
    #[serde(default)]
    pub include_archived: bool,
}

/// The parameter `id` of the path.
pub struct PathId(pub Id);

impl FromRequest for PathId {
    type Error = Error;
    type Future = Ready<Result<PathId>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(path_id(request, "id").map(PathId))
    }
}

/// A UUID in the path, in its hyphenated form.
pub fn path_id(request: &HttpRequest, name: &'static str) -> Result<Id> {
    let text = request.match_info().get(name).unwrap_or_default();
    let parsed = if text.len() == 36 {
        Uuid::try_parse(text).ok()
    } else {
        None
    };
    parsed.map(Id).ok_or_else(|| {
        let rule = Text::new("IDはUUIDの形式にしてください。", "An id has the form of a UUID.");
        Error::parameter(name, "invalid_uuid", rule)
    })
}

/// A word of the path, percent-decoded, of 1 to `longest` characters.
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
        format!("長さは1〜{longest}文字です。"),
        format!("It has 1 to {longest} characters."),
    );
    Err(Error::parameter(name, "length", rule))
}

/// Text of the query that is longer than anything it could find.
pub fn check_length(name: &'static str, text: &Option<String>, longest: usize) -> Result<()> {
    if text.as_ref().is_none_or(|text| text.chars().count() <= longest) {
        return Ok(());
    }
    let rule = Text::new(
        format!("長さは{longest}文字までです。"),
        format!("It has {longest} characters at most."),
    );
    Err(Error::parameter(name, "length", rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Filter {
        limit: Option<u8>,
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
    fn each_fault_names_its_parameter() {
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
        assert_eq!(place_and_code("limit=%00"), ("limit".into(), "nul".into()));
        assert_eq!(parse::<Filter>("limit=7").unwrap().limit, Some(7));
    }
}
