//! What stands beside the days and hours of an event in its cell: （受付9:30〜）, ※要申込, 雨天決行, 1/16に延期.
//!
//! What isn't understood is named, and never taken for nothing: hours stay where a note follows them, and a day that no longer holds isn't
//! taken for the day of the event.

use crate::imports::kinds::when::is_weekday;
use text::fold;

/// The days and hours of a cell, and the notes beside them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Apart {
    pub text: String,
    pub notes: Vec<String>,
}

impl Apart {
    pub fn of(text: &str) -> Apart {
        Apart {
            text: text.to_owned(),
            notes: Vec::new(),
        }
    }
}

/// When people come in, before it begins.
const ASIDE: [&str; 3] = ["受付", "開場", "入場"];
/// What a note with a number may be about: not the day, and not its hours.
const ABOUT: [&str; 18] = [
    "集合",
    "申込",
    "申し込み",
    "締切",
    "〆切",
    "予約",
    "問合",
    "電話",
    "tel",
    "定員",
    "先着",
    "参加費",
    "費用",
    "会場",
    "場所",
    "室",
    "雨",
    "荒天",
];
/// Days that nobody can count, so that a span with them is no block of days.
const RECURRING: [&str; 6] = ["毎", "隔週", "各週", "第", "除", "曜"];
/// What says that something depends on the weather, or on something else.
const CONDITIONS: [&str; 11] = [
    "雨",
    "荒天",
    "悪天",
    "天候",
    "天気",
    "警報",
    "台風",
    "場合",
    "とき",
    "可能性",
    "ことがあ",
];
const OPENING: [char; 4] = ['(', '[', '【', '〔'];
const CLOSING: [char; 4] = [')', ']', '】', '〕'];
/// Longer cells are no days.
const LONGEST: usize = 200;

/// Splits the notes of a cell from its days and hours, so that these can be read. What can't be read comes back as it is.
pub fn apart(cell: &str, reads: &dyn Fn(&str) -> bool) -> Apart {
    let whole = fold(cell);
    if whole.chars().count() > LONGEST {
        return Apart::of(cell);
    }
    let has_aside = ASIDE.iter().any(|word| whole.contains(word));
    if !whole.contains(OPENING) && !has_aside && reads(cell) {
        return Apart::of(cell);
    }
    let mut notes = Vec::new();
    let text = without_asides(&without_brackets(&whole, &mut notes));
    if reads(&text) {
        return Apart { text, notes };
    }
    let mut ends = text.char_indices().map(|(at, _)| at).rev();
    let found = ends.find_map(|at| {
        let (head, tail) = text.split_at_checked(at)?;
        (is_note_behind(head, tail) && reads(head)).then_some((head.trim(), tail.trim()))
    });
    match found {
        Some((head, tail)) => {
            if !is_quiet(tail) {
                notes.push(tail.to_owned());
            }
            Apart {
                text: head.to_owned(),
                notes,
            }
        }
        None => Apart {
            text: cell.to_owned(),
            notes,
        },
    }
}

/// Returns whether a note says that days from one to another are some days of each week or month: 毎週土曜、祝日を除く, 土日のみ.
pub fn is_recurring(note: &str) -> bool {
    const EACH: [&str; 4] = ["毎週", "毎月", "隔週", "各週"];
    const ONLY: [&str; 4] = ["のみ", "だけ", "開催", "限定"];
    let is_only = note.starts_with(is_weekday) && ONLY.iter().any(|word| note.contains(word));
    let is_nth = note.contains('第') && note.contains(['曜', '週']);
    is_only || is_nth || EACH.iter().any(|word| note.contains(word))
}

/// Returns whether a cell says that the event doesn't take place. What may happen in the rain hasn't, and a part isn't all: 午後の部中止.
pub fn is_cancelled(cell: &str) -> bool {
    const CANCELLED: [&str; 4] = ["中止", "取りやめ", "取り止め", "取止め"];
    const NOT: [&str; 8] = [
        "しません",
        "しない",
        "せず",
        "なし",
        "では",
        "判断",
        "の判断",
        "の連絡",
    ];
    let cell = fold(cell);
    let is_said = |word: &&str| {
        cell.split_once(*word).is_some_and(|(before, behind)| {
            !before.ends_with("の部") && !NOT.iter().any(|not| behind.starts_with(not))
        })
    };
    CANCELLED.iter().any(is_said) && !is_conditional(&cell)
}

/// Returns whether a cell says something of all of its days: いずれも中止.
pub fn is_of_all(cell: &str) -> bool {
    ["いずれも", "全日", "全て", "すべて", "両日"]
        .iter()
        .any(|word| cell.contains(word))
}

fn is_conditional(text: &str) -> bool {
    CONDITIONS.iter().any(|word| text.contains(word))
}

/// What a cell says of a day that isn't the first that stands in it.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    /// From one day or hour, if it stands there, to another: 1/9→1/16に延期, 1/9を1/16に変更.
    To(String, String),
    /// To another that can't be told: 1/9 延期.
    Unknown,
}

/// Returns what has become of the day of a cell, if it has changed.
pub fn change(cell: &str) -> Option<Change> {
    const ARROWS: [&str; 5] = ["→", "⇒", "⇨", "->", "=>"];
    const FROM: [&str; 4] = ["を", "から", "より", "※"];
    let text = fold(cell);
    let has_day = |text: &str| text.contains(['/', '月', '日']);
    let has_digit = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    let split = |text: &str, marks: &[&str]| {
        let found = marks.iter().filter_map(|mark| Some((text.find(mark)?, *mark)));
        let (at, mark) = found.min()?;
        let (from, to) = (bare(text.get(..at)?), bare(text.get(at + mark.len()..)?));
        (has_digit(from) && has_digit(to)).then(|| (from.to_owned(), to.to_owned()))
    };
    let by_arrow = split(&text, &ARROWS);
    let Some(word) = word_of_change(&text) else {
        // Whether it is a span or a change, an arrow alone doesn't say.
        return by_arrow.filter(|(_, to)| has_day(to)).map(|_| Change::Unknown);
    };
    let before = text.get(..word).unwrap_or_default().trim_end();
    let found = by_arrow.or_else(|| {
        let to = before.strip_suffix(['に', 'へ'])?;
        let alone = || (has_digit(to) && !to.contains(AGAIN)).then(|| (String::new(), to.to_owned()));
        split(to, &FROM).or_else(alone)
    });
    Some(found.map_or(Change::Unknown, |(from, to)| Change::To(from, to)))
}

const CHANGED: [&str; 6] = ["延期", "順延", "変更", "振替", "繰り下げ", "繰り上げ"];
/// What may stand between a day and the one to which it has moved: 1/9(土) 1/16に延期.
const AGAIN: [char; 6] = [' ', '、', ',', ':', '・', '\n'];

/// Returns where a text says that the day or the hours have changed, and not that they may, or that something else has.
fn word_of_change(text: &str) -> Option<usize> {
    const OTHERS: [&str; 9] = [
        "会場",
        "場所",
        "講師",
        "内容",
        "名称",
        "定員",
        "対象",
        "参加費",
        "会議室",
    ];
    const NONE: [&str; 4] = ["あり", "有", "なし", "休"];
    let changed = |word: &&str| {
        let at = text.find(*word)?;
        let (before, behind) = (text.get(..at)?.trim_end(), text.get(at + word.len()..)?);
        let is_other = OTHERS.iter().any(|other| before.ends_with(other));
        let is_none = NONE.iter().any(|none| behind.starts_with(none));
        // （月・振替） is a holiday.
        let is_holiday = *word == "振替" && before.ends_with(['・', '祝']);
        (!is_other && !is_none && !is_holiday).then_some(at)
    };
    CHANGED
        .iter()
        .filter_map(changed)
        .min()
        .filter(|_| !is_conditional(text))
}

/// Returns a day without what says that it has changed: 1/16(土)に延期.
fn bare(text: &str) -> &str {
    let end = CHANGED.iter().filter_map(|word| text.find(word)).min();
    let text = end.and_then(|end| text.get(..end)).unwrap_or(text).trim();
    text.strip_suffix(['に', 'へ']).unwrap_or(text).trim()
}

/// Takes out the brackets that say nothing of the day and its hours.
fn without_brackets(text: &str, notes: &mut Vec<String>) -> String {
    let (mut kept, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once(OPENING) {
        let Some((within, after)) = behind.split_once(CLOSING) else {
            break;
        };
        kept.push_str(before);
        if is_of_time(within) {
            kept.push('(');
            kept.push_str(within);
            kept.push(')');
        } else {
            kept.push(' ');
            if !is_quiet(within) {
                notes.push(within.trim().to_owned());
            }
        }
        rest = after;
    }
    kept.push_str(rest);
    kept
}

/// Returns whether a text in brackets is a part of when something is: a weekday, hours, several days.
fn is_of_time(within: &str) -> bool {
    let has_digit = within.contains(|c: char| c.is_ascii_digit());
    let is_of_week = |c: char| is_weekday(c) || "祝休振替・曜,、~〜- ".contains(c);
    let is_about_others = is_conditional(within)
        || is_recurring(within)
        || is_length(within)
        || ASIDE.iter().chain(&ABOUT).any(|word| within.contains(word));
    !is_quiet(within) && (within.chars().all(is_of_week) || (has_digit && !is_about_others))
}

/// Returns whether a text says how long something takes: 2時間, 90分間.
fn is_length(text: &str) -> bool {
    let is_of_number = |c: char| c.is_ascii_digit() || c == '半';
    ["時間", "分間"].iter().any(|unit| {
        text.split_once(unit)
            .is_some_and(|(before, _)| before.ends_with(is_of_number))
    })
}

/// Returns whether a note says nothing that isn't known: 開場13:00 is no begin, 全3回 are counted.
fn is_quiet(note: &str) -> bool {
    const KNOWN: [&str; 6] = ["", "終日", "全日", "祝", "祝日", "日本時間"];
    let note = note.trim().trim_start_matches('※').trim();
    let has_digit = note.contains(|c: char| c.is_ascii_digit());
    let is_aside = has_digit && ASIDE.iter().any(|word| note.contains(word));
    let is_count = note.starts_with(['全', '計']) && note.ends_with('回');
    KNOWN.contains(&note) || is_count || (is_aside && !ABOUT.iter().any(|word| note.contains(word)))
}

/// Takes out when people come in (受付9:30〜, 9:30受付), and the words before the begin (開演10:00).
fn without_asides(text: &str) -> String {
    const BEGIN: [&str; 4] = ["開始", "開演", "開会", "時間"];
    let is_of_hour = |c: char| c.is_ascii_digit() || ":時分半午前後~〜-".contains(c);
    let mut text = text.to_owned();
    for word in ASIDE {
        let Some((before, behind)) = text.split_once(word) else {
            continue;
        };
        let bare = ["開始", "時間", "時刻"]
            .iter()
            .find_map(|word| behind.strip_prefix(word))
            .unwrap_or(behind);
        let hour = bare.trim_start_matches([':', ' ', 'は', '・']);
        let has_hour = hour.starts_with(|c: char| c.is_ascii_digit()) || hour.starts_with("午");
        // 9:30受付
        let own = before.trim_end_matches(is_of_hour);
        let is_behind = own.len() < before.len()
            && before
                .get(own.len()..)
                .is_some_and(|hour| hour.contains([':', '時']));
        text = match (has_hour, is_behind) {
            (true, _) => format!("{before} {}", hour.trim_start_matches(is_of_hour)),
            (false, true) => format!("{own} {bare}"),
            (false, false) => continue,
        };
    }
    for word in BEGIN {
        if let Some((before, behind)) = text.split_once(word)
            && (behind
                .trim_start_matches([':', ' '])
                .starts_with(|c: char| c.is_ascii_digit())
                || behind.starts_with("午"))
        {
            text = format!("{before} {}", behind.trim_start_matches([':', ' ']));
        }
    }
    text.trim().trim_end_matches(['、', ',', ' ']).to_owned()
}

/// Returns whether what follows days and hours is no more than a note, so that nothing of these is lost without it.
fn is_note_behind(head: &str, tail: &str) -> bool {
    const SEPARATORS: &str = "、,・/;&と~〜-–—―ー:.から";
    const UNITS: [char; 8] = ['年', '月', '日', '時', '分', '半', '回', '名'];
    /// What begins another day, or makes a day uncertain.
    const MORE: [&str; 17] = [
        "ほか",
        "他",
        "など",
        "等",
        "外",
        "また",
        "又",
        "もしく",
        "および",
        "及び",
        "か",
        "ま",
        "頃",
        "ごろ",
        "ころ",
        "旬",
        "末",
    ];
    let is_whole = head.matches('(').count() == head.matches(')').count();
    let begins = tail.trim_start();
    let is_end = |c: char| SEPARATORS.contains(c) || c.is_ascii_digit();
    let begins_alike = begins.starts_with(is_end)
        || begins.starts_with(['上', '中', '下']) && begins.chars().nth(1) == Some('旬');
    // 9日頃 has no note 日頃.
    let is_cut = head.ends_with(|c: char| c.is_ascii_digit()) && tail.starts_with(UNITS);
    let is_open = is_cut || head.trim_end().ends_with(['、', ',', '・', '/', ';', '&']);
    let has_more =
        MORE.iter().any(|word| begins.starts_with(word)) || RECURRING.iter().any(|word| tail.contains(word));
    let digit = tail.find(|c: char| c.is_ascii_digit());
    let before_digit = digit.and_then(|at| tail.get(..at));
    let is_about = |words: &str| {
        ASIDE
            .iter()
            .chain(&ABOUT)
            .chain(&CONDITIONS)
            .any(|word| words.contains(word))
    };
    is_whole
        && !begins.is_empty()
        && !begins_alike
        && !is_open
        && !has_more
        && before_digit.is_none_or(is_about)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imports::kinds::when::read;

    #[test]
    fn notes_are_split_from_days_and_hours() {
        let is_read = |text: &str| read(text).is_some_and(|when| when.day.is_some());
        for (cell, begin, end, notes) in [
            ("2027/1/9(土) 10:00-12:00（受付9:30〜）", "10:00", "12:00", ""),
            (
                "2027年1月9日 午前10時から正午（雨天決行）",
                "10:00",
                "12:00",
                "雨天決行",
            ),
            ("2027/1/9(土)10:00～12:00 ※要申込", "10:00", "12:00", "※要申込"),
            ("2027/1/9(土)10:00〜12:00要申込", "10:00", "12:00", "要申込"),
            ("2027/1/9 受付9:30〜 開会10:00〜12:00", "10:00", "12:00", ""),
            ("2027/1/9 9:30受付、10:00〜12:00", "10:00", "12:00", ""),
            ("2027/1/9 10:00〜12:00 受付9:30", "10:00", "12:00", ""),
            ("2027/1/9 10:00〜12:00 集合9:30", "10:00", "12:00", "集合9:30"),
            ("2027/1/9 10:00〜12:00 定員30名", "10:00", "12:00", "定員30名"),
            ("2027/1/9 10:00〜12:00（全3回）", "10:00", "12:00", ""),
            (
                "2027/1/9 10:00〜12:00（第2会議室）",
                "10:00",
                "12:00",
                "第2会議室",
            ),
            ("2027/1/9 10:00〜（2時間）", "10:00", "", "2時間"),
            ("2027/1/9(土) 予定", "", "", "予定"),
            ("2027/1/9 終日", "", "", ""),
            ("2027/1/9(土・祝)（10:00〜12:00）", "10:00", "12:00", ""),
        ] {
            let own = apart(cell, &is_read);
            let when = read(&own.text).unwrap_or_default();
            let shown = |time: Option<chrono::NaiveTime>| {
                time.map_or_else(String::new, |time| time.format("%H:%M").to_string())
            };
            let found = (shown(when.begin), shown(when.end), own.notes.join("|"));
            assert_eq!(
                found,
                (begin.to_owned(), end.to_owned(), notes.to_owned()),
                "{cell}: {own:?}"
            );
            assert_eq!(
                when.day.map(|day| day.to_string()).as_deref(),
                Some("2027-01-09"),
                "{cell}"
            );
        }
        // Without these, something would be lost of the days and hours.
        for cell in [
            "2027/1/9、ほか",
            "2027/1/9など",
            "2027/1/9(土)または1/16(土)",
            "2027/1/9 毎月第2土曜",
            "2027/1/9〜6/26 毎週土曜（祝日を除く）",
            "2027/1/9 10:00〜12:00 13:00〜15:00",
            "2027年1月9日頃",
            "近日",
        ] {
            assert_eq!(apart(cell, &is_read).text, cell);
        }
    }

    #[test]
    fn days_of_weeks_are_told_from_days_on_end() {
        for (note, expected) in [
            ("毎週土曜、祝日を除く", true),
            ("第2・第4土曜", true),
            ("土日のみ", true),
            ("第2会議室", false),
            ("月曜休館", false),
            ("月曜を除く", false),
            ("雨天決行", false),
            ("毎日", false),
        ] {
            assert_eq!(is_recurring(note), expected, "{note}");
        }
    }

    #[test]
    fn a_day_that_has_changed_is_told_from_one_that_may() {
        let to = |from: &str, to: &str| Some(Change::To(from.to_owned(), to.to_owned()));
        for (cell, expected) in [
            ("2027/1/9(土)→1/16(土)に延期", to("2027/1/9(土)", "1/16(土)")),
            ("2027/1/9(土)延期→1/16(土)", to("2027/1/9(土)", "1/16(土)")),
            ("2027/1/9(土)を1/16(土)に変更", to("2027/1/9(土)", "1/16(土)")),
            ("2027/1/9 10:00から13:00に変更", to("2027/1/9 10:00", "13:00")),
            ("2027/1/9 ※1/16に延期", to("2027/1/9", "1/16")),
            ("2027/1/16(土)に延期", to("", "2027/1/16(土)")),
            ("2027/1/9(土) 延期", Some(Change::Unknown)),
            ("2027/1/9(土) 1/16に延期", Some(Change::Unknown)),
            ("2027/1/9(土)（日程変更）", Some(Change::Unknown)),
            ("2027/1/9→1/16", Some(Change::Unknown)),
            ("2027/1/9(土) 10:00→12:00", None),
            ("2027/1/9(土) 会場変更", None),
            ("2027/1/9(土)（変更あり）", None),
            ("2027/1/9(土)（雨天順延）", None),
            ("2027/1/9(土)（雨天の場合は1/10に延期）", None),
            ("2027/1/11(月・振替休日)", None),
            ("2027/1/11(月・振替)", None),
            ("2027/1/9(土)", None),
        ] {
            assert_eq!(change(cell), expected, "{cell}");
        }
        for (cell, expected) in [
            ("2027/1/9 中止", true),
            ("2027/1/9（取りやめ）", true),
            ("2027/1/9（雨天中止）", false),
            ("2027/1/9（荒天の場合は中止）", false),
            ("2027/1/9 午後の部中止", false),
            ("2027/1/9（小雨でも中止しません）", false),
            ("2027/1/9（中止しません）", false),
            ("2027/1/9", false),
        ] {
            assert_eq!(is_cancelled(cell), expected, "{cell}");
        }
    }
}
