//! The broken rules of a value, with their places, codes and texts.

use crate::error::{FieldError, Place, Text};
use crate::values::PROPERTY;
use serde_json::Value;
use std::borrow::Cow;
use validator::{ValidationError, ValidationErrors, ValidationErrorsKind};

/// Returns the broken rules of a value, each with its place.
pub fn broken(errors: &ValidationErrors) -> Vec<FieldError> {
    broken_of(errors).into_iter().map(|(_, fault)| fault).collect()
}

/// Returns the broken rules of a value, each with the place of what it is a rule of: one about several members is of their
/// object.
pub fn broken_of(errors: &ValidationErrors) -> Vec<(String, FieldError)> {
    let mut fields = Vec::new();
    collect(errors, "", &mut fields);
    fields
}

fn collect(errors: &ValidationErrors, at: &str, into: &mut Vec<(String, FieldError)>) {
    let mut fields: Vec<_> = errors.errors().iter().collect();
    fields.sort_by(|a, b| a.0.cmp(b.0));
    for (name, kind) in fields {
        // Reserved words have an underscore in Rust, but not in JSON.
        let at = if name == "__all__" {
            at.to_owned()
        } else {
            format!("{at}/{}", name.trim_end_matches('_'))
        };
        match kind {
            ValidationErrorsKind::Struct(inner) => collect(inner, &at, into),
            ValidationErrorsKind::List(items) => {
                items
                    .iter()
                    .for_each(|(i, inner)| collect(inner, &format!("{at}/{i}"), into));
            }
            ValidationErrorsKind::Field(broken) => into.extend(broken.iter().map(|e| {
                let place = match e.params.get(PROPERTY).and_then(Value::as_str) {
                    Some(property) => format!("{at}/{property}"),
                    None => at.clone(),
                };
                let fault = FieldError {
                    place: Place::Pointer(place),
                    code: code(e),
                    message: rule(e),
                };
                (at.clone(), fault)
            })),
        }
    }
}

/// Returns the stable code of a broken rule: the validator's own rules get codes that say what is wrong.
fn code(error: &ValidationError) -> Cow<'static, str> {
    match error.code.as_ref() {
        "length" => "invalid_length".into(),
        "range" => "out_of_range".into(),
        "email" => "invalid_email".into(),
        "url" => "invalid_url".into(),
        _ => error.code.clone(),
    }
}

/// Returns the text of a broken rule.
fn rule(error: &ValidationError) -> Text {
    // Rules of our own have both languages, separated by a line break.
    if let Some(message) = &error.message {
        let (ja, en) = message.split_once('\n').unwrap_or((message, message));
        return Text::new(ja.to_owned(), en.to_owned());
    }
    let parameter = |name: &str| {
        let number = error.params.get(name).map(Value::to_string)?;
        Some(number.strip_suffix(".0").map(str::to_owned).unwrap_or(number))
    };
    let is_list = error.params.get("value").is_some_and(Value::is_array);
    let code = error.code.as_ref();
    let (unit_ja, unit_en) = match code {
        "length" if is_list => ("件", " items"),
        "length" => ("文字", " characters"),
        _ => ("", ""),
    };
    let (ja, en) = match (parameter("min"), parameter("max"), parameter("equal")) {
        (_, _, Some(n)) => (format!("{n}{unit_ja}"), format!("exactly {n}{unit_en}")),
        (Some(min), Some(max), _) => (
            format!("{min}〜{max}{unit_ja}"),
            format!("{min} to {max}{unit_en}"),
        ),
        (Some(min), None, _) => (format!("{min}{unit_ja}以上"), format!("at least {min}{unit_en}")),
        (None, Some(max), _) => (format!("{max}{unit_ja}以下"), format!("at most {max}{unit_en}")),
        _ => (String::new(), String::new()),
    };
    match code {
        "length" => Text::new(format!("{ja}で入力してください。"), format!("Use {en}.")),
        "range" => Text::new(
            format!("{ja}の値を指定してください。"),
            format!("The value must be {en}."),
        ),
        "email" => Text::new(
            "メールアドレスの形式で入力してください。",
            "Enter an email address.",
        ),
        "url" => Text::new("URLの形式で入力してください。", "Enter a URL."),
        _ => Text::new(
            format!("入力規則 {code} に合いません。"),
            format!("This breaks the rule {code}."),
        ),
    }
}
