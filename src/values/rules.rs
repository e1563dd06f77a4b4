//! Validators that several slices use.

use chrono::{Datelike, NaiveDate};
use std::collections::HashSet;
use validator::{ValidateEmail, ValidationError};

/// Returns the error of a rule of your own, with its code and its text in both languages.
pub fn broken(code: &'static str, ja: &str, en: &str) -> ValidationError {
    ValidationError::new(code).with_message(format!("{ja}\n{en}").into())
}

/// The parameter of a broken rule that names its property.
pub const PROPERTY: &str = "property";

/// Returns a broken rule of several properties, which is reported at one of them.
pub fn broken_at(property: &'static str, code: &'static str, ja: &str, en: &str) -> ValidationError {
    let mut error = broken(code, ja, en);
    error.add_param(PROPERTY.into(), &property);
    error
}

/// Checks an e-mail address. Mail goes to domains of the internet, so the domain has a dot.
pub fn email_address(address: &str) -> Result<(), ValidationError> {
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    let is_public = domain.contains('.') && !domain.starts_with('[');
    match address.validate_email() && is_public {
        true => Ok(()),
        false => Err(ValidationError::new("email")),
    }
}

/// Checks that a text isn't spaces alone. An empty one breaks the rule of its length.
pub fn not_blank(text: &str) -> Result<(), ValidationError> {
    match text.is_empty() || !text.trim().is_empty() {
        true => Ok(()),
        false => Err(blank()),
    }
}

/// [`not_blank`] for items of a list, whose length no rule checks.
pub fn none_blank(texts: &[String]) -> Result<(), ValidationError> {
    match texts.iter().any(|text| text.trim().is_empty()) {
        true => Err(blank()),
        false => Ok(()),
    }
}

fn blank() -> ValidationError {
    broken("blank", "空白のみの入力はできません。", "Enter more than spaces.")
}

/// Checks that no code occurs twice.
pub fn distinct<'a>(codes: impl Iterator<Item = &'a str>) -> Result<(), ValidationError> {
    let mut seen = HashSet::new();
    let mut codes = codes;
    match codes.find(|code| !seen.insert(*code)) {
        None => Ok(()),
        Some(code) => Err(broken(
            "duplicate",
            &format!("{code} が重複しています。"),
            &format!("{code} occurs twice."),
        )),
    }
}

/// [`distinct`] for a whole field.
pub fn distinct_codes<T: AsRef<str>>(codes: &[T]) -> Result<(), ValidationError> {
    distinct(codes.iter().map(AsRef::as_ref))
}

/// Checks that `source` and `external_id` are both given or both left out.
pub fn both_or_neither<S, E>(source: &Option<S>, external_id: &Option<E>) -> Result<(), ValidationError> {
    if source.is_some() == external_id.is_some() {
        return Ok(());
    }
    let missing = if source.is_none() { "source" } else { "external_id" };
    Err(broken_at(
        missing,
        "incomplete_source",
        "source と external_id は両方指定してください。",
        "Give both source and external_id, or neither.",
    ))
}

/// Checks that a date's year is 1900 to 2200.
pub fn plausible_day(day: &NaiveDate) -> Result<(), ValidationError> {
    if (1900..=2200).contains(&day.year()) {
        return Ok(());
    }
    Err(broken(
        "out_of_range",
        "年は1900〜2200で指定してください。",
        "The year must be 1900 to 2200.",
    ))
}

/// Checks that the first day isn't after the last one. A day that isn't given doesn't matter.
/// Checks that a last day, the value of `property`, isn't before the first one.
pub fn not_reversed(
    first: Option<NaiveDate>,
    last: Option<NaiveDate>,
    property: &'static str,
) -> Result<(), ValidationError> {
    match (first, last) {
        (Some(first), Some(last)) if first > last => Err(broken_at(
            property,
            "dates_reversed",
            "終了日は開始日以降の日付にしてください。",
            "The last day is before the first one.",
        )),
        _ => Ok(()),
    }
}

/// Checks the length of qualifications, which no catalogue lists.
pub fn short_words(words: &[String]) -> Result<(), ValidationError> {
    if words.iter().all(|word| (1..=64).contains(&word.chars().count())) {
        return Ok(());
    }
    Err(broken(
        "invalid_length",
        "資格は1〜64文字で入力してください。",
        "A qualification must have 1 to 64 characters.",
    ))
}
