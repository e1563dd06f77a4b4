//! Parses the text of cells: yes or no, numbers, lists, phone numbers; [`dates`] parses dates.
//!
//! Call [`normalize`] first: the other functions expect its result. It makes width irrelevant, and half-width
//! kana whole.

pub mod dates;

use crate::limits::MAX_CELL_BYTES;
use crate::remark::Remark;
use crate::strict_json::is_forbidden;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// The value of a cell, or the rule that it breaks.
pub type CellResult<T> = Result<T, Remark>;

/// A phone number, as the cell writes it but without spaces.
#[derive(Debug, Clone, PartialEq)]
pub struct PhoneNumber {
    pub text: String,
    /// Whether the leading 0 was missing and has been restored. Spreadsheets drop it.
    pub is_restored: bool,
}

/// Returns the text in NFKC, without surrounding whitespace and byte order marks.
pub fn normalize(cell: &str) -> CellResult<String> {
    if cell.len() > MAX_CELL_BYTES {
        return Err(Remark::new(
            "invalid_length",
            format!("セルは{MAX_CELL_BYTES}バイトまでです。"),
            format!("A cell can have up to {MAX_CELL_BYTES} bytes."),
        ));
    }
    if cell.contains('\u{fffd}') {
        return Err(Remark::new(
            "undecodable",
            "ファイルの文字コードでは読めない文字があります。",
            "The cell has bytes that are not valid in the file's encoding.",
        ));
    }
    if cell.chars().any(is_forbidden) {
        return Err(Remark::control_character());
    }
    let bare = cell.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    // Exports put a quote before a text that a spreadsheet would take for a formula.
    let bare = match bare.strip_prefix('\'') {
        Some(text)
            if text
                .trim_start_matches('\'')
                .starts_with(['=', '+', '-', '@', '\t', '\r']) =>
        {
            text
        }
        _ => bare,
    };
    if is_nfkc_quick(bare.chars()) == IsNormalized::Yes {
        return Ok(bare.to_owned());
    }
    Ok(bare.nfkc().collect::<String>().trim().to_owned())
}

/// Returns the text as one line with single spaces.
pub fn one_line(cell: &str) -> String {
    let mut words = cell.split_whitespace();
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |line, word| line + " " + word)
}

/// Parses yes or no, in words or marks: はい, ○, x, false …
pub fn parse_boolean(cell: &str) -> CellResult<bool> {
    const YES: [&str; 22] = [
        "○", "〇", "◯", "◎", "●", "✓", "✔", "☑", "レ", "有", "有り", "あり", "可", "可能", "はい", "済",
        "true", "yes", "y", "1", "on", "同意",
    ];
    const NO: [&str; 19] = [
        "×",
        "✕",
        "✗",
        "✖",
        "x",
        "無",
        "無し",
        "なし",
        "不可",
        "いいえ",
        "未",
        "false",
        "no",
        "n",
        "0",
        "off",
        "-",
        "ー",
        "否",
    ];
    let folded = cell.to_lowercase();
    let word = folded.trim_end_matches('。');
    if YES.contains(&word) {
        Ok(true)
    } else if NO.contains(&word) {
        Ok(false)
    } else {
        Err(Remark::new(
            "invalid_boolean",
            "○か×（はい・いいえ）で入力してください。",
            "Write yes or no (○ or ×).",
        ))
    }
}

/// Parses a whole number with or without a unit: "8時間", "15km", "1,000".
pub fn parse_number(cell: &str) -> CellResult<u16> {
    let invalid = || {
        Remark::new(
            "invalid_number",
            "0以上の整数で入力してください。",
            "Write a whole number, 0 or more.",
        )
    };
    let text: String = cell.chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
    let text = ["約", "週", "月"]
        .iter()
        .find_map(|head| text.strip_prefix(head))
        .unwrap_or(&text);
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let known = [
        "",
        "時間",
        "時間程度",
        "h",
        "km",
        "キロ",
        "件",
        "人",
        "回",
        "名",
        "程度",
    ];
    if !known.contains(&unit.to_lowercase().as_str()) {
        return Err(invalid());
    }
    let whole = digits.split_once('.').map_or(digits, |(whole, rest)| {
        if rest.chars().all(|c| c == '0') {
            whole
        } else {
            digits
        }
    });
    whole.parse().map_err(|_| invalid())
}

/// Splits a list: a JSON array of strings, or items separated by 、 , ; / | or line breaks. An item is also
/// split at ・, unless `is_one` knows it.
pub fn split_items(cell: &str, is_one: &dyn Fn(&str) -> bool) -> Vec<String> {
    if cell.starts_with('[')
        && let Ok(items) = serde_json::from_str::<Vec<String>>(cell)
    {
        return items;
    }
    let mut found: Vec<String> = Vec::new();
    let parts = |text: &str, at: &[char]| -> Vec<String> {
        let trimmed = text.split(|c| at.contains(&c)).map(str::trim);
        trimmed
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    for part in parts(cell, &['、', ',', ';', '/', '|', '\n', '\t', '､']) {
        if is_one(&part) || !part.contains('・') {
            found.push(part);
        } else {
            found.extend(parts(&part, &['・']));
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|item| seen.insert(item.clone()));
    found
}

/// Parses a Japanese phone number, or an international one that begins with +.
pub fn parse_phone(cell: &str) -> CellResult<PhoneNumber> {
    let invalid = || {
        Remark::new(
            "invalid_phone",
            "電話番号は、0から始まる10〜11桁で入力してください。",
            "A phone number has 10 or 11 digits and begins with 0.",
        )
    };
    let phone = |text: String, is_restored| Ok(PhoneNumber { text, is_restored });
    let dashed: String = cell
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| {
            if ['‐', '‑', '–', '—', '−', 'ー', '-'].contains(&c) {
                '-'
            } else {
                c
            }
        })
        .collect();
    let digits = dashed.chars().filter(char::is_ascii_digit).count();
    let is_number = dashed.chars().all(|c| c.is_ascii_digit() || "-()+.".contains(c));
    if !is_number {
        return Err(invalid());
    }
    if dashed.starts_with('+') {
        return if (8..=15).contains(&digits) {
            phone(dashed, false)
        } else {
            Err(invalid())
        };
    }
    match (dashed.starts_with(['0', '(']), digits) {
        (true, 10 | 11) => phone(dashed, false),
        (false, 9 | 10) => phone(format!("0{dashed}"), true),
        _ => Err(invalid()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalize_makes_width_irrelevant() {
        assert_eq!(normalize(" \u{feff}ｻﾄｳ　ﾖｳｺ ").unwrap(), "サトウ ヨウコ");
        assert_eq!(normalize("ＡＢＣ１２３").unwrap(), "ABC123");
        assert_eq!(normalize("a\0b").unwrap_err().code, "control_character");
        assert_eq!(normalize("a\u{fffd}").unwrap_err().code, "undecodable");
        assert_eq!(
            normalize(&"a".repeat(MAX_CELL_BYTES + 1)).unwrap_err().code,
            "invalid_length"
        );
        assert_eq!(one_line("佐藤 \n 陽子"), "佐藤 陽子");
    }

    #[test]
    fn circles_are_yes_and_crosses_are_no() {
        for yes in ["○", "◯", "〇", "はい", "YES", "1", "可"] {
            assert_eq!(parse_boolean(yes), Ok(true), "{yes}");
        }
        for no in ["×", "なし", "0", "No"] {
            assert_eq!(parse_boolean(no), Ok(false), "{no}");
        }
        assert!(parse_boolean("たぶん").is_err());
    }

    #[test]
    fn numbers_may_have_a_unit() {
        for (text, n) in [
            ("8", 8),
            ("8時間", 8),
            ("週8時間程度", 8),
            ("15km", 15),
            ("8.0", 8),
        ] {
            assert_eq!(parse_number(text), Ok(n), "{text}");
        }
        for none in ["", "8.5", "-3", "八", "70000", "5万"] {
            assert!(parse_number(none).is_err(), "{none}");
        }
    }

    #[test]
    fn splits_a_list_at_its_separators_unless_an_item_is_known() {
        let known = |text: &str| text == "会計・資金";
        assert_eq!(
            split_items("編集、会計・資金/写真・動画", &known),
            ["編集", "会計・資金", "写真", "動画"]
        );
        assert_eq!(split_items("[\"a, b\",\"c\"]", &known), ["a, b", "c"]);
        assert!(split_items(" 、", &known).is_empty());
    }

    #[test]
    fn restores_the_leading_zero_of_a_phone_number() {
        for (cell, text, is_restored) in [
            ("090-1234-5678", "090-1234-5678", false),
            ("090−1234ー5678", "090-1234-5678", false),
            ("9012345678", "09012345678", true),
            ("(03)1234-5678", "(03)1234-5678", false),
            ("+81 90 1234 5678", "+819012345678", false),
        ] {
            let text = text.to_owned();
            assert_eq!(parse_phone(cell), Ok(PhoneNumber { text, is_restored }));
        }
        for none in ["12345", "電話なし", "090-1234-56789"] {
            assert_eq!(parse_phone(none).unwrap_err().code, "invalid_phone", "{none}");
        }
    }
}
