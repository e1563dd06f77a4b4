//! Parses the text of cells: yes or no, numbers, lists, phone numbers; [`dates`] and [`hours`] parse dates and hours.
//!
//! Call [`normalize`] first: the other functions expect its result. It makes width irrelevant, and half-width
//! kana whole.

pub mod dates;
pub mod hours;

use crate::limits::MAX_CELL_BYTES;
use crate::remark::Remark;
use crate::strict_json::is_forbidden;
use std::borrow::Cow;
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

/// Returns the text in NFKC, as [`bare`] has it: the form in which cells are compared and read.
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
            "ファイルの文字コードでは読めない文字があります。元のファイルで直し、UTF-8で保存してください。",
            "The cell has bytes that are not valid in the file's encoding. Correct it at its source, and save as UTF-8.",
        ));
    }
    if cell.chars().any(is_forbidden) {
        return Err(Remark::control_character());
    }
    let bare = bare(cell);
    if is_nfkc_quick(bare.chars()) == IsNormalized::Yes {
        return Ok(bare.into_owned());
    }
    Ok(bare.nfkc().collect::<String>().trim().to_owned())
}

/// Returns the text as it is written, without surrounding whitespace and without characters that nobody sees: a sheet has
/// them from web pages.
pub fn bare(cell: &str) -> Cow<'_, str> {
    fn plain(seen: &str) -> &str {
        let bare = seen.trim();
        match unprotected(bare) {
            text if text.len() < bare.len() => text,
            // Written so that a spreadsheet keeps the zeros: ="0012".
            _ => bare
                .strip_prefix("=\"")
                .and_then(|rest| rest.strip_suffix('"'))
                .filter(|text| text.chars().all(|c| c.is_ascii_digit() || c == '-'))
                .unwrap_or(bare),
        }
    }
    match text::without_hidden(cell) {
        Cow::Borrowed(seen) => Cow::Borrowed(plain(seen)),
        Cow::Owned(seen) => Cow::Owned(plain(&seen).to_owned()),
    }
}

/// Returns a text as it was before an export put a quote before it, because a spreadsheet would take it for a formula.
pub fn unprotected(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|text| is_formula(text))
        .unwrap_or(cell)
}

/// Returns whether a spreadsheet might run a text as a formula, whatever quotes are before it. In some languages it takes
/// the wide characters for the narrow ones.
pub fn is_formula(text: &str) -> bool {
    const FIRST: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];
    text.trim_start_matches('\'').starts_with(FIRST)
}

/// Returns whether a cell says that its value is that of the cell above.
pub fn is_ditto(cell: &str) -> bool {
    cell.len() <= 12
        && matches!(
            cell.trim(),
            "〃" | "々" | "″" | "”" | "\"" | "同上" | "同じ" | "同" | "仝" | "上に同じ" | "〻"
        )
}

/// Returns whether a cell only says that there is nothing: 非公開, なし, -.
pub fn is_placeholder(cell: &str) -> bool {
    const NOTHING: [&str; 35] = [
        "特に無し",
        "特に無",
        "特にない",
        "特にありません",
        "該当無し",
        "非公開",
        "なし",
        "無し",
        "無",
        "ナシ",
        "該当なし",
        "特になし",
        "とくになし",
        "未定",
        "不明",
        "未記入",
        "記載なし",
        "公開不可",
        "非公表",
        "未公開",
        "未登録",
        "未回答",
        "回答なし",
        "空欄",
        "無回答",
        "同上なし",
        "n/a",
        "na",
        "none",
        "null",
        "nil",
        "*",
        "―",
        "×",
        "調整中",
    ];
    let bare = cell.trim_matches(|c: char| c.is_whitespace() || "()（）。【】「」\u{feff}".contains(c));
    let is_dash = |c: char| "-‐‑–—−ー―ｰ－〜~～…・.*＊/／".contains(c);
    bare.chars().all(is_dash) || NOTHING.contains(&bare.to_lowercase().as_str())
}

/// Returns the text as one line with single spaces.
pub fn one_line(cell: &str) -> String {
    let mut words = cell.split_whitespace();
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |line, word| line + " " + word)
}

/// Parses yes or no, in words or marks: はい, ○, x, false …
pub fn parse_boolean(cell: &str) -> CellResult<bool> {
    const YES: [&str; 23] = [
        "○", "〇", "◯", "◎", "●", "■", "✓", "✔", "☑", "レ", "有", "有り", "あり", "可", "可能", "はい", "済",
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

/// How much a cell says: "8時間", "15km", "1,000", "3〜5時間", "2.5". Both ends are the same unless it is a range
/// or has a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    pub least: u16,
    pub most: u16,
    pub per: Option<Period>,
}

/// The time in which an amount recurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    Day,
    Week,
    Month,
    Year,
}

/// Parses an amount with or without a unit.
pub fn parse_amount(cell: &str) -> CellResult<Amount> {
    amount(cell).ok_or_else(|| {
        Remark::new(
            "invalid_number",
            "0以上の数を「8」「8時間」のように入力してください。",
            "Write a number, 0 or more, such as 8.",
        )
    })
}

/// Words around a number that change nothing, or nothing that is kept.
const AROUND: [&str; 26] = [
    "約",
    "およそ",
    "おおよそ",
    "概ね",
    "最大",
    "最低",
    "最高",
    "合計",
    "平均",
    "延べ",
    "程度",
    "くらいなら",
    "くらい",
    "ぐらい",
    "前後",
    "以上",
    "以下",
    "以内",
    "まで",
    "圏内",
    "ほど",
    "ずつ",
    "弱",
    "強",
    "可能",
    "未満",
];

/// Returns a number without the words around it.
fn without_around(mut text: &str) -> &str {
    loop {
        let bare = AROUND
            .iter()
            .chain(&["。"])
            .find_map(|word| text.strip_prefix(word).or_else(|| text.strip_suffix(word)));
        match bare {
            Some(bare) => text = bare,
            None => return text,
        }
    }
}

/// What stands between the ends of a range.
const SPANS: [char; 9] = ['~', '〜', '～', '-', '–', '—', '―', 'ー', '−'];

/// Returns both ends of a range, which are the same if it is none. 5〜 is 5 or more.
fn span(text: &str) -> Option<(&str, &str)> {
    let mut ends = text.split(SPANS);
    let ends: Vec<&str> = match text.split_once("から") {
        Some((from, to)) => vec![from, to],
        None => ends.by_ref().take(3).collect(),
    };
    match ends.as_slice() {
        [one] | [one, ""] => Some((one, one)),
        ["", one] if text.starts_with(['~', '〜', '～']) => Some((one, one)),
        [one, two] => Some((one, two)),
        _ => None,
    }
}

/// Splits the period that an amount states from the amount: 週8時間, 4時間/月.
fn period_apart(text: &str) -> (&str, Option<Period>) {
    const BEFORE: [(&str, Period); 20] = [
        ("1週間に", Period::Week),
        ("1週間", Period::Week),
        ("週当たり", Period::Week),
        ("週あたり", Period::Week),
        ("毎週", Period::Week),
        ("1週", Period::Week),
        ("週に", Period::Week),
        ("週間", Period::Week),
        ("週", Period::Week),
        ("1か月に", Period::Month),
        ("1か月", Period::Month),
        ("毎月", Period::Month),
        ("月に", Period::Month),
        ("月間", Period::Month),
        ("月", Period::Month),
        ("1日", Period::Day),
        ("毎日", Period::Day),
        ("日に", Period::Day),
        ("年間", Period::Year),
        ("年", Period::Year),
    ];
    const BEHIND: [(&str, Period); 4] = [
        ("/週", Period::Week),
        ("/月", Period::Month),
        ("/日", Period::Day),
        ("/年", Period::Year),
    ];
    let before = BEFORE
        .iter()
        .find_map(|(word, period)| Some((text.strip_prefix(word)?, Some(*period))));
    let behind = BEHIND
        .iter()
        .find_map(|(word, period)| Some((text.strip_suffix(word)?, Some(*period))));
    before.or(behind).unwrap_or((text, None))
}

fn amount(cell: &str) -> Option<Amount> {
    const UNITS: [&str; 13] = [
        "時間",
        "hours",
        "hour",
        "hrs",
        "h",
        "km",
        "キロ",
        "㎞",
        "件",
        "人",
        "回",
        "名",
        "メートル圏",
    ];
    let mut text: String = cell.to_lowercase();
    text.retain(|c| !c.is_whitespace() && c != ',');
    let (text, per) = period_apart(&text);
    let below = u16::from(text.contains("未満"));
    let (first, last) = span(text)?;
    let number = |end: &str| {
        let end = without_around(end);
        let bare = UNITS
            .iter()
            .find_map(|unit| end.strip_suffix(unit))
            .unwrap_or(end);
        bound(without_around(bare))
    };
    let (least, most) = (number(first)?, number(last)?);
    Some(Amount {
        least: least.0.saturating_sub(below),
        most: most.1.saturating_sub(below),
        per,
    })
    .filter(|amount| amount.least <= amount.most)
}

/// Returns the whole numbers next to a decimal one, below and above.
fn bound(text: &str) -> Option<(u16, u16)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let below: u16 = whole.parse().ok()?;
    let above = below.checked_add(u16::from(fraction.bytes().any(|b| b != b'0')))?;
    Some((below, above))
}

/// What stands between the items of a list, also in a text that isn't in NFKC.
const SEPARATORS: [char; 12] = ['、', ',', ';', '/', '|', '\n', '\t', '､', '，', '；', '／', '｜'];
const MIDDLE_DOTS: [char; 2] = ['・', '･'];

/// Splits a list: a JSON array of strings, or items separated by 、 , ; / | or line breaks. An item is also
/// split at ・, unless `is_one` knows it or a part of it. What stands in brackets stays together.
pub fn split_items(cell: &str, is_one: &dyn Fn(&str) -> bool) -> Vec<String> {
    if cell.starts_with('[')
        && let Ok(items) = serde_json::from_str::<Vec<String>>(cell)
    {
        return items;
    }
    let mut found: Vec<String> = Vec::new();
    let parts = |text: &str, at: &[char]| -> Vec<String> {
        let mut depth = 0_usize;
        let has_brackets = depth_at_end(text) == Some(0);
        let is_end = |c: char| {
            if has_brackets {
                depth = depth_behind(depth, c).unwrap_or_default();
            }
            depth == 0 && at.contains(&c)
        };
        let trimmed = text.split(is_end).map(str::trim);
        trimmed
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    for part in parts(cell, &SEPARATORS) {
        if is_one(&part) || !part.contains(MIDDLE_DOTS) {
            found.push(part);
        } else {
            found.extend(at_dots(&parts(&part, &MIDDLE_DOTS), is_one));
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|item| seen.insert(item.clone()));
    found
}

/// Returns how many brackets are open at the end of a text. None: one ends that hasn't begun, as in a) b).
fn depth_at_end(text: &str) -> Option<usize> {
    text.chars().try_fold(0, depth_behind)
}

fn depth_behind(depth: usize, c: char) -> Option<usize> {
    match c {
        '(' | '（' | '[' | '［' => Some(depth + 1),
        ')' | '）' | ']' | '］' => depth.checked_sub(1),
        _ => Some(depth),
    }
}

/// Returns what dots separate, with what is one thing together again: 移動・外出支援 in 移動・外出支援・見守り.
fn at_dots(pieces: &[String], is_one: &dyn Fn(&str) -> bool) -> Vec<String> {
    /// The most dots within one thing that stands among others.
    const MOST: usize = 3;
    let (mut found, mut rest) = (Vec::new(), pieces);
    while let Some((first, behind)) = rest.split_first() {
        let ends = (2..=rest.len().min(MOST + 1)).rev();
        let mut wholes = ends.filter_map(|end| {
            let (own, behind) = rest.split_at_checked(end)?;
            Some((own.join("・"), behind)).filter(|(whole, _)| is_one(whole))
        });
        let (one, behind) = wholes.next().unwrap_or_else(|| (first.clone(), behind));
        found.push(one);
        rest = behind;
    }
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
            if ['‐', '‑', '–', '—', '―', '−', 'ー', '-'].contains(&c) {
                '-'
            } else {
                c
            }
        })
        .collect();
    // A spreadsheet's number: 355550101.0.
    let dashed = dashed.strip_suffix(".0").map_or(dashed.clone(), str::to_owned);
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
    // 090-1234-567: a number of these lacks a digit.
    let plain: String = dashed.chars().filter(char::is_ascii_digit).collect();
    let plain = plain.strip_prefix('0').unwrap_or(&plain);
    let is_mobile = ["50", "60", "70", "80", "90"]
        .iter()
        .any(|prefix| plain.starts_with(prefix));
    match (dashed.starts_with(['0', '(']), digits) {
        (_, _) if is_mobile && plain.len() < 10 => Err(invalid()),
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
        assert_eq!(normalize("=\"0012\"").unwrap(), "0012");
        assert_eq!(normalize("=\"a\"").unwrap(), "=\"a\"");
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
    fn amounts_have_units_periods_and_two_ends() {
        use Period::*;
        for (text, least, most, per) in [
            ("8", 8, 8, None),
            ("8時間", 8, 8, None),
            ("週8時間程度", 8, 8, Some(Week)),
            ("15km", 15, 15, None),
            ("8.0", 8, 8, None),
            ("2.5時間", 2, 3, None),
            ("3〜5", 3, 5, None),
            ("3時間～5時間", 3, 5, None),
            ("3-5h", 3, 5, None),
            ("2から3時間くらい", 2, 3, None),
            ("月に10時間まで", 10, 10, Some(Month)),
            ("1日2時間", 2, 2, Some(Day)),
            ("4時間/週", 4, 4, Some(Week)),
            ("5時間未満", 4, 4, None),
            ("10時間以上", 10, 10, None),
            ("5〜", 5, 5, None),
            ("1,000", 1000, 1000, None),
        ] {
            assert_eq!(parse_amount(text), Ok(Amount { least, most, per }), "{text}");
        }
        for none in ["", "-3", "八", "70000", "5万", "応相談", "5〜3", "30分", "1-2-3"] {
            assert!(parse_amount(none).is_err(), "{none}");
        }
    }

    #[test]
    fn splits_a_list_at_its_separators_unless_an_item_is_known() {
        let known = |text: &str| text == "会計・資金";
        assert_eq!(
            split_items("編集、会計・資金/写真・動画", &known),
            ["編集", "会計・資金", "写真", "動画"]
        );
        assert_eq!(
            split_items("編集・会計・資金・写真、動画", &known),
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
            ("090―1234―5678", "090-1234-5678", false),
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
