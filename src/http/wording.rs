//! What serde and its friends say of a bad value, in both languages and without Rust's own names.

use crate::error::Text;

/// The code of the broken rule and its words.
pub fn reworded(message: &str) -> (&'static str, Text) {
    let message = message.split(" at line ").next().unwrap_or_default();
    let quoted = message.split('`').nth(1).unwrap_or_default();
    let expected = message
        .split_once(", expected ")
        .map_or("", |(_, expected)| expected);
    let is = |prefix: &str| message.starts_with(prefix);
    let say = |ja: String, en: String| Text::new(ja, en);
    match () {
        () if is("unknown field") => (
            "unknown_field",
            say(
                format!("{quoted} はありません。"),
                format!("There is no {quoted}."),
            ),
        ),
        () if is("missing field") => (
            "missing_field",
            say(format!("{quoted} は必須です。"), format!("{quoted} is needed.")),
        ),
        () if is("duplicate") => (
            "duplicate_field",
            say(
                format!("{quoted} が二度あります。"),
                format!("{quoted} is there twice."),
            ),
        ),
        () if is("unknown variant") => {
            let allowed = expected.trim_start_matches("one of ").replace('`', "");
            let ja = format!("{quoted} は使えません。使える値: {allowed}");
            (
                "unknown_value",
                say(ja, format!("{quoted} is none of the values: {allowed}")),
            )
        }
        () if is("invalid type") => {
            let (ja, en) = kind(expected);
            (
                "wrong_type",
                say(format!("{ja}にしてください。"), format!("Expected {en}.")),
            )
        }
        () if is("invalid value") => {
            let (ja, en) = kind(expected);
            (
                "invalid_value",
                say(
                    format!("範囲外の値です({ja})。"),
                    format!("The value is out of range for {en}."),
                ),
            )
        }
        () if message.contains("control character") => {
            let (ja, en) = (
                "改行とタブ以外の制御文字は使えません。",
                "Only line breaks and tabs may be used of the control characters.",
            );
            ("control_character", Text::new(ja, en))
        }
        () if is("UUID parsing") => (
            "invalid_uuid",
            Text::new("IDはUUIDの形式にしてください。", "An id has the form of a UUID."),
        ),
        () if is("invalid digit") || is("cannot parse integer") => (
            "wrong_type",
            Text::new("整数にしてください。", "Expected an integer."),
        ),
        () if is("number too") => (
            "invalid_value",
            Text::new("値が範囲外です。", "The number is out of range."),
        ),
        () if message.contains("`true` or `false`") => (
            "wrong_type",
            Text::new("true か false にしてください。", "Expected true or false."),
        ),
        // chrono's words for a date; nothing else that is read here speaks like this.
        () if ["input", "premature", "trailing"]
            .iter()
            .any(|word| message.contains(word)) =>
        {
            (
                "invalid_value",
                Text::new(
                    "日付は YYYY-MM-DD の形式で、実在する日にしてください。",
                    "A date has the form YYYY-MM-DD and exists.",
                ),
            )
        }
        () => (
            "invalid_value",
            Text::new("値の形式が正しくありません。", format!("{message}.")),
        ),
    }
}

/// A type in words, as it follows "expected".
fn kind(expected: &str) -> (&'static str, &'static str) {
    match expected.split([' ', ',']).next().unwrap_or_default() {
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" => ("整数", "an integer"),
        "f32" | "f64" => ("数値", "a number"),
        "struct" | "map" => ("オブジェクト", "an object"),
        _ if expected.contains("string")
            || expected.contains("variant")
            || expected.contains("identifier") =>
        {
            ("文字列", "a string")
        }
        _ if expected.contains("boolean") => ("真偽値(true / false)", "true or false"),
        _ if expected.contains("sequence") || expected.contains("array") => ("配列", "an array"),
        _ if expected.contains("date") => ("日付(YYYY-MM-DD)", "a date (YYYY-MM-DD)"),
        _ if expected.contains("UUID") => ("UUID", "a UUID"),
        _ => ("正しい型の値", "a value of the right type"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said<T: serde::de::DeserializeOwned + std::fmt::Debug>(json: &str) -> (&'static str, String) {
        let (code, text) = reworded(&serde_json::from_str::<T>(json).unwrap_err().to_string());
        (code, text.en.into_owned())
    }

    #[test]
    fn rust_types_become_words() {
        assert_eq!(said::<u16>("6.5"), ("wrong_type", "Expected an integer.".into()));
        assert_eq!(
            said::<u16>("-1"),
            (
                "invalid_value",
                "The value is out of range for an integer.".into()
            )
        );
        assert_eq!(said::<f64>("\"x\""), ("wrong_type", "Expected a number.".into()));
        assert_eq!(said::<Vec<u8>>("3"), ("wrong_type", "Expected an array.".into()));
        assert_eq!(
            said::<String>("null"),
            ("wrong_type", "Expected a string.".into())
        );
        assert_eq!(
            said::<bool>("1"),
            ("wrong_type", "Expected true or false.".into())
        );
        assert_eq!(said::<uuid::Uuid>("\"x\"").0, "invalid_uuid");
        for none in ["\"2026-13-01\"", "\"x\"", "\"2026-01-01T\"", "\"\""] {
            assert_eq!(
                said::<chrono::NaiveDate>(none),
                (
                    "invalid_value",
                    "A date has the form YYYY-MM-DD and exists.".into()
                ),
                "{none}"
            );
        }
        let (code, text) = said::<crate::catalogue::Format>("\"day\"");
        assert!(
            code == "unknown_value" && text.starts_with("day is none of the values: session, one_day"),
            "{text}"
        );
    }
}
