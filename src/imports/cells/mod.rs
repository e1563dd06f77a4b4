//! What the cells of spreadsheets say: texts, yes and no, numbers, lists, phones.
//!
//! * `dates`: days, in eras too. `words`: areas, skills, roles, themes, formats, day-parts.
//!
//! Width never matters: every cell is normalised by NFKC, which also makes half-width kana whole.

pub mod dates;
pub mod words;

use crate::error::Text;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// A rule that a cell breaks, or what was made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Remark {
    pub code: &'static str,
    pub message: Text,
    /// What may have been meant.
    pub suggestion: Option<String>,
}

impl Remark {
    pub fn new(code: &'static str, ja: impl Into<String>, en: impl Into<String>) -> Remark {
        Remark {
            code,
            message: Text::new(ja.into(), en.into()),
            suggestion: None,
        }
    }

    pub fn suggesting(self, suggestion: Option<impl Into<String>>) -> Remark {
        Remark {
            suggestion: suggestion.map(Into::into),
            ..self
        }
    }
}

pub type Read<T> = Result<T, Remark>;

/// NFKC, without blanks around and byte order marks; what is no text is refused.
pub fn normal(cell: &str) -> Read<String> {
    if cell.contains('\u{fffd}') {
        return Err(Remark::new(
            "undecodable",
            "文字コードに合わないバイトがあります。",
            "It holds bytes that are not of the file's encoding.",
        ));
    }
    if cell
        .chars()
        .any(|c| c.is_control() && !['\n', '\r', '\t'].contains(&c))
    {
        return Err(Remark::new(
            "control_character",
            "制御文字があります。",
            "It holds a control character.",
        ));
    }
    let bare = cell.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    // Exports put it before what a spreadsheet would run.
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

/// One line with single spaces.
pub fn line(cell: &str) -> String {
    let mut words = cell.split_whitespace();
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |line, word| line + " " + word)
}

pub fn yes_or_no(cell: &str) -> Read<bool> {
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
            "yes_or_no",
            "○か×(はい・いいえ)で書いてください。",
            "It has to be yes or no (○ or ×).",
        ))
    }
}

/// A whole number, with its unit or without: "8時間", "15km", "1,000".
pub fn number(cell: &str) -> Read<u16> {
    let wrong = || {
        Remark::new(
            "number",
            "0以上の整数で書いてください。",
            "It has to be a whole number.",
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
        return Err(wrong());
    }
    let whole = digits.split_once('.').map_or(digits, |(whole, rest)| {
        if rest.chars().all(|c| c == '0') {
            whole
        } else {
            digits
        }
    });
    whole.parse().map_err(|_| wrong())
}

/// A cell's items: a JSON list, or parted by 、 , ; / | or line breaks. What `is_one` knows is not parted further;
/// the rest is parted at ・ too.
pub fn items(cell: &str, is_one: &dyn Fn(&str) -> bool) -> Vec<String> {
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
    found.sort_unstable_by_key(|item| cell.find(item.as_str()));
    let mut seen = std::collections::HashSet::new();
    found.retain(|item| seen.insert(item.clone()));
    found
}

/// A Japanese phone number with its leading 0, which spreadsheets like to drop; the second value tells that it was.
pub fn phone(cell: &str) -> Read<(String, bool)> {
    let wrong = || {
        let (ja, en) = (
            "電話番号は0で始まる10〜11桁です。",
            "A phone number has 10 or 11 digits and begins with 0.",
        );
        Remark::new("phone", ja, en)
    };
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
        return Err(wrong());
    }
    if dashed.starts_with('+') {
        return if (8..=15).contains(&digits) {
            Ok((dashed, false))
        } else {
            Err(wrong())
        };
    }
    match (dashed.starts_with(['0', '(']), digits) {
        (true, 10 | 11) => Ok((dashed, false)),
        (false, 9 | 10) => Ok((format!("0{dashed}"), true)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_does_not_matter() {
        assert_eq!(normal(" \u{feff}ｻﾄｳ　ﾖｳｺ ").unwrap(), "サトウ ヨウコ");
        assert_eq!(normal("ＡＢＣ１２３").unwrap(), "ABC123");
        assert_eq!(normal("a\0b").unwrap_err().code, "control_character");
        assert_eq!(normal("a\u{fffd}").unwrap_err().code, "undecodable");
        assert_eq!(line("佐藤 \n 陽子"), "佐藤 陽子");
    }

    #[test]
    fn circles_are_yes() {
        for yes in ["○", "◯", "〇", "はい", "YES", "1", "可"] {
            assert_eq!(yes_or_no(yes), Ok(true), "{yes}");
        }
        for no in ["×", "なし", "0", "No"] {
            assert_eq!(yes_or_no(no), Ok(false), "{no}");
        }
        assert!(yes_or_no("たぶん").is_err());
    }

    #[test]
    fn numbers_may_have_units() {
        for (text, n) in [
            ("8", 8),
            ("8時間", 8),
            ("週8時間程度", 8),
            ("15km", 15),
            ("8.0", 8),
        ] {
            assert_eq!(number(text), Ok(n), "{text}");
        }
        for none in ["", "8.5", "-3", "八", "70000", "5万"] {
            assert!(number(none).is_err(), "{none}");
        }
    }

    #[test]
    fn a_cell_may_hold_a_list() {
        let known = |text: &str| text == "会計・資金";
        assert_eq!(
            items("編集、会計・資金/写真・動画", &known),
            ["編集", "会計・資金", "写真", "動画"]
        );
        assert_eq!(items("[\"a, b\",\"c\"]", &known), ["a, b", "c"]);
        assert!(items(" 、", &known).is_empty());
    }

    #[test]
    fn phones_get_their_zero_back() {
        assert_eq!(phone("090-1234-5678"), Ok(("090-1234-5678".into(), false)));
        assert_eq!(phone("090−1234ー5678").unwrap().0, "090-1234-5678");
        assert_eq!(phone("9012345678"), Ok(("09012345678".into(), true)));
        assert_eq!(phone("(03)1234-5678").unwrap().0, "(03)1234-5678");
        assert_eq!(phone("+81 90 1234 5678").unwrap().0, "+819012345678");
        for none in ["12345", "電話なし", "090-1234-56789"] {
            assert_eq!(phone(none).unwrap_err().code, "phone", "{none}");
        }
    }
}
