//! Parses how many hours somebody has or a task takes, as people write them: 週2〜3時間, 月10時間, 180分, 1日2時間×週3.

use super::{Amount, CellResult, Period, SPANS, bound, period_apart, span, without_around};
use crate::remark::Remark;

const HOURS: [&str; 6] = ["時間", "hours", "hour", "hrs", "hr", "h"];
const MINUTES: [&str; 4] = ["分", "minutes", "mins", "min"];

/// Hours that a cell says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    pub amount: Amount,
    /// Whether the cell says more in brackets: 週5時間（夏は10時間）.
    pub has_note: bool,
}

/// Parses hours, with their period if the cell states one.
pub fn parse_hours(cell: &str) -> CellResult<Hours> {
    hours(cell).ok_or_else(|| {
        Remark::new(
            "invalid_number",
            "時間数は「8」「週3〜5時間」「月10時間」「1日2時間×週3日」のように入力してください。",
            "Write hours like 8, 週3〜5時間, 月10時間 or 1日2時間×週3日.",
        )
    })
}

fn hours(cell: &str) -> Option<Hours> {
    const SAME: [(&str, &str); 20] = [
        ("一日", "1日"),
        ("一回", "1回"),
        ("一週間", "1週間"),
        ("一か月", "1か月"),
        ("1ヶ月", "1か月"),
        ("1ヵ月", "1か月"),
        ("1カ月", "1か月"),
        ("1ケ月", "1か月"),
        ("perweek", "/週"),
        ("aweek", "/週"),
        ("weekly", "/週"),
        ("/week", "/週"),
        ("permonth", "/月"),
        ("amonth", "/月"),
        ("monthly", "/月"),
        ("/month", "/月"),
        ("perday", "/日"),
        ("aday", "/日"),
        ("daily", "/日"),
        ("/day", "/日"),
    ];
    let mut text: String = cell.to_lowercase();
    text.retain(|c| !c.is_whitespace());
    for (written, same) in SAME {
        text = text.replace(written, same);
    }
    let has = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
    let is_bare = |text: &str| !has(text, &HOURS) && !has(text, &MINUTES);
    let is_count = |text: &str| is_bare(text) && has(text, &["回", "日", "度"]);
    let (text, has_note) = match text.trim_end_matches(')').split_once('(') {
        // 10時間（月）
        Some((before, note)) if matches!(period_apart(note), ("", Some(_))) => {
            (format!("{note}{before}"), false)
        }
        // 週2回（1回3時間）
        Some((before, note)) if is_count(before) && !is_bare(note) => (format!("{before}、{note}"), false),
        Some((before, _)) if !before.is_empty() => (before.to_owned(), true),
        _ => (text, false),
    };
    // 週4（土日のみ）: days, not hours.
    let is_count_of_days = has_note && text.starts_with(['週', '月']) && is_bare(&text);
    if is_count_of_days && has(cell, &["曜", "土日", "平日", "週末"]) {
        return None;
    }
    if let Some(Some((least, most))) = text.strip_prefix("毎日").map(|long| length(long, true, (7, 7))) {
        let per = Some(Period::Week);
        let amount = Amount { least, most, per };
        return Some(Hours { amount, has_note });
    }
    let amount = product(&text).or_else(|| {
        let (rest, per) = match period_apart(&text) {
            // 最大週10時間, 20時間/月程度
            (_, None) if !text.contains("未満") => period_apart(without_around(&text)),
            found => found,
        };
        let (least, most) = length(rest, false, (1, 1))?;
        Some(Amount { least, most, per })
    })?;
    Some(Hours { amount, has_note })
}

/// Reads how often and how long: 1日2時間×週3, 週2回、1回3時間.
fn product(text: &str) -> Option<Amount> {
    const OFTEN: [(&str, Period); 8] = [
        ("1週間に", Period::Week),
        ("毎週", Period::Week),
        ("週に", Period::Week),
        ("週", Period::Week),
        ("1か月に", Period::Month),
        ("毎月", Period::Month),
        ("月に", Period::Month),
        ("月", Period::Month),
    ];
    const EACH: [&str; 11] = [
        "1日あたり",
        "1回あたり",
        "1日に",
        "1回に",
        "1日",
        "1回",
        "各回",
        "毎回",
        "各日",
        "各",
        "毎日",
    ];
    let between = |c: char| "×x*✕、,・でを/に".contains(c);
    OFTEN.iter().find_map(|(word, per)| {
        let at = text.find(word)?;
        let (before, after) = (text.get(..at)?, text.get(at + word.len()..)?);
        let is_count = |c: char| c.is_ascii_digit() || SPANS.contains(&c);
        let end = after.find(|c: char| !is_count(c)).unwrap_or(after.len());
        let (count, rest) = after.split_at_checked(end)?;
        let (rest, has_unit) = ["回程度", "日程度", "回", "日", "度"]
            .iter()
            .find_map(|unit| rest.strip_prefix(unit))
            .map_or((rest, false), |rest| (rest, true));
        let long = match (before.trim_matches(between), rest.trim_matches(between)) {
            ("", long) | (long, "") => long,
            _ => return None,
        };
        let each = EACH.iter().find_map(|each| long.strip_prefix(each));
        // 2時間/回
        let each = each.or_else(|| long.strip_suffix("/回").or_else(|| long.strip_suffix("/日")));
        // 週3時間 is no number of times.
        if !has_unit && each.is_none() {
            return None;
        }
        let (fewest, most_often) = span(count)?;
        let times = (bound(fewest)?.0, bound(most_often)?.1);
        let (least, most) = length(each.unwrap_or(long), true, times)?;
        let per = Some(*per);
        Some(Amount { least, most, per })
    })
}

/// Reads a length of time with both its ends, as whole hours below and above of so many times.
fn length(text: &str, needs_unit: bool, (fewest, most_often): (u16, u16)) -> Option<(u16, u16)> {
    let has = |text: &str, units: &[&str]| units.iter().any(|unit| text.contains(unit));
    if needs_unit && !has(text, &HOURS) && !has(text, &MINUTES) {
        return None;
    }
    let (first, last) = span(text)?;
    let in_minutes = has(last, &MINUTES) && !has(last, &HOURS);
    let (least, most) = (minutes(first, in_minutes)?, minutes(last, in_minutes)?);
    let below = u16::from(text.contains("未満"));
    let whole = |hours: u32| u16::try_from(hours).ok().map(|hours| hours.saturating_sub(below));
    let all_least = least.checked_mul(fewest.into())?;
    let all_most = most.checked_mul(most_often.into())?;
    (least <= most).then_some((whole(all_least / 60)?, whole(all_most.div_ceil(60))?))
}

/// Reads 2時間, 2.5h, 1時間半, 1時間30分, 90分. A number alone has the unit of the other end.
fn minutes(text: &str, in_minutes: bool) -> Option<u32> {
    let text = without_around(text);
    let number = |text: &str| text.parse::<u16>().ok().map(u32::from);
    if let Some(minutes) = MINUTES.iter().find_map(|unit| text.strip_suffix(unit))
        && let Some(minutes) = number(minutes)
    {
        return Some(minutes);
    }
    let found = HOURS.iter().find_map(|unit| text.split_once(unit));
    let (hours, rest) = match found {
        None if in_minutes => return number(text),
        found => found.unwrap_or((text, "")),
    };
    let rest = MINUTES
        .iter()
        .find_map(|unit| rest.strip_suffix(unit))
        .unwrap_or(rest);
    let more = match rest {
        "" => 0,
        "半" => 30,
        minutes => number(minutes).filter(|minutes| *minutes < 60)?,
    };
    let (whole, fraction) = hours.split_once('.').unwrap_or((hours, ""));
    let hundredths = match fraction.len() {
        0 => 0,
        1 => number(fraction)? * 10,
        _ => number(fraction.get(..2)?)?,
    };
    Some(number(whole)? * 60 + hundredths * 60 / 100 + more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_as_people_write_them() {
        use Period::*;
        for (text, least, most, per) in [
            ("8", 8, 8, None),
            ("3h", 3, 3, None),
            ("週2〜3時間", 2, 3, Some(Week)),
            ("月10時間", 10, 10, Some(Month)),
            ("月10〜15h", 10, 15, Some(Month)),
            ("10時間/月", 10, 10, Some(Month)),
            ("10時間(月)", 10, 10, Some(Month)),
            ("1か月に20時間程度", 20, 20, Some(Month)),
            ("1ヶ月10時間", 10, 10, Some(Month)),
            ("年間100時間", 100, 100, Some(Year)),
            ("1日2時間", 2, 2, Some(Day)),
            ("毎日1時間", 7, 7, Some(Week)),
            ("毎日30分", 3, 4, Some(Week)),
            ("毎日20分〜1時間", 2, 7, Some(Week)),
            ("1日90分×週2", 3, 3, Some(Week)),
            ("1日2時間×週3", 6, 6, Some(Week)),
            ("週3日×2時間", 6, 6, Some(Week)),
            ("週2回、1回3時間程度", 6, 6, Some(Week)),
            ("月に2回 各回2〜3時間", 4, 6, Some(Month)),
            ("週2〜3日、1日4時間", 8, 12, Some(Week)),
            ("週1〜2回、1回2時間", 2, 4, Some(Week)),
            ("週2回 各2時間", 4, 4, Some(Week)),
            ("週に2回、2時間ずつ", 4, 4, Some(Week)),
            ("月2回(1回3時間)", 6, 6, Some(Month)),
            ("週1回(3時間)", 3, 3, Some(Week)),
            ("2時間/回、週2回", 4, 4, Some(Week)),
            ("2h/日 週3日", 6, 6, Some(Week)),
            ("月10h程度", 10, 10, Some(Month)),
            ("20時間/月程度", 20, 20, Some(Month)),
            ("最大週10時間", 10, 10, Some(Week)),
            ("180分", 3, 3, None),
            ("90分", 1, 2, None),
            ("30〜60分", 0, 1, None),
            ("1時間半", 1, 2, None),
            ("1時間30分〜2時間", 1, 2, None),
            ("2.5時間", 2, 3, None),
            ("約5時間", 5, 5, None),
            ("5時間未満", 4, 4, None),
            ("最大8時間まで", 8, 8, None),
            ("10 hours per week", 10, 10, Some(Week)),
            ("2-3 hours a week", 2, 3, Some(Week)),
        ] {
            let amount = Amount { least, most, per };
            assert_eq!(parse_hours(text).map(|hours| hours.amount), Ok(amount), "{text}");
        }
        assert!(parse_hours("週5時間(夏は10時間)").unwrap().has_note);
        for none in [
            "",
            "数時間",
            "応相談",
            "週2回",
            "月2回",
            "1回2時間",
            "週3日",
            "週4(土日のみ)",
            "週2(火曜・木曜)",
            "半日",
            "平日2時間",
            "平日1h/休日3h",
            "平日1時間、休日3時間",
            "土日各3時間",
            "5〜3時間",
            "3人",
            "8km",
            "2時間3日",
        ] {
            assert!(parse_hours(none).is_err(), "{none}");
        }
    }
}
