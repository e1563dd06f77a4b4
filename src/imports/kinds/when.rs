//! When an event or a meeting is, as offices write it: a day, an hour, a span, or all of it in one cell (令和8年12月8日（火） 午後1時30分から
//! 4時まで).

use crate::catalogue::calendar::{self, midnight_in_tokyo, time_in_tokyo};
use crate::db::Instant;
use crate::imports::engagements::fiscal_year;
use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc, Weekday};
use tables::Remark;
use tables::cells::CellResult;
use tables::cells::dates::parse_date;
use text::fold;

/// What a cell says of when something is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct When {
    pub day: Option<NaiveDate>,
    pub begin: Option<NaiveTime>,
    pub last_day: Option<NaiveDate>,
    pub end: Option<NaiveTime>,
    pub ends_next_day: bool,
}

/// The year that a title states for days without one: 2026年12月の行事, 令和8年度 予定表.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatedYear {
    Calendar(i32),
    Fiscal(i32),
    /// Of one month. What is said of others is about another year, perhaps: 2026年12月〜2027年1月.
    Month(i32, u32),
}

impl StatedYear {
    /// Returns the year that a file states: in its titles, else in the names of its sheets, else in its own.
    pub fn of_file<'t>(
        titles: impl Iterator<Item = &'t str>,
        sheets: &[String],
        name: Option<&str>,
    ) -> Option<StatedYear> {
        let mut titles = titles
            .filter(|line| StatedYear::of_title(line).is_some())
            .peekable();
        if titles.peek().is_some() {
            return StatedYear::of_titles(titles);
        }
        let sheets = || StatedYear::of_titles(sheets.iter().map(String::as_str));
        // A name that states two years says none: 2026年4月〜2027年3月.csv.
        let name = || StatedYear::of_title(name.filter(|name| name.matches('年').count() == 1)?);
        sheets().or_else(name)
    }

    /// Returns the year that the titles of a file state. Where they state two, nobody knows which is meant.
    pub fn of_titles<'t>(lines: impl Iterator<Item = &'t str>) -> Option<StatedYear> {
        let mut stated = lines.filter_map(StatedYear::of_title);
        let first = stated.next()?;
        stated.all(|year| year == first).then_some(first)
    }

    fn of_title(line: &str) -> Option<StatedYear> {
        /// What says when the list was made.
        const MADE: [&str; 5] = ["現在", "更新", "作成", "印刷", "発行"];
        const ERAS: [&str; 4] = ["令和", "平成", "r", "h"];
        let line: String = fold(line).split_whitespace().collect();
        let (before, after) = line.split_once('年')?;
        let number = before
            .trim_end_matches('元')
            .trim_end_matches(|c: char| c.is_ascii_digit());
        let begin = match ERAS.iter().find_map(|era| number.strip_suffix(era)) {
            Some(rest) => rest.len(),
            None => number.len(),
        };
        let year =
            fiscal_year(before.get(begin..)?).filter(|_| !MADE.iter().any(|word| line.contains(word)))?;
        let month = after.split_once('月').and_then(|(month, rest)| {
            let month: u32 = month.parse().ok()?;
            Some((month, rest.starts_with(|c: char| c.is_ascii_digit())))
        });
        match month {
            // A title with a whole day says when one thing is, or when the list was made.
            Some((_, true)) => None,
            Some((month, false)) => Some(StatedYear::Month(year, month)),
            None if after.starts_with('度') => Some(StatedYear::Fiscal(year)),
            None => Some(StatedYear::Calendar(year)),
        }
    }

    /// Returns a text that begins with a month and a day with its year before it.
    pub fn before(self, text: &str) -> Option<String> {
        let text = fold(text);
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit())?;
        let (month, rest) = text.split_at_checked(end)?;
        let month: u32 = month.parse().ok().filter(|month| (1..=12).contains(month))?;
        let year = match self {
            StatedYear::Fiscal(year) if month < 4 => year + 1,
            StatedYear::Fiscal(year) | StatedYear::Calendar(year) => year,
            StatedYear::Month(year, stated) if month == stated => year,
            StatedYear::Month(..) => return None,
        };
        match rest.chars().next()? {
            '月' => Some(format!("{year}年{text}")),
            '/' => Some(format!("{year}/{text}")),
            _ => None,
        }
    }
}

const WEEKDAYS: [(char, Weekday); 7] = [
    ('月', Weekday::Mon),
    ('火', Weekday::Tue),
    ('水', Weekday::Wed),
    ('木', Weekday::Thu),
    ('金', Weekday::Fri),
    ('土', Weekday::Sat),
    ('日', Weekday::Sun),
];

/// Returns the day of the week that a text states beside a day: （火）, 火曜日.
pub fn stated_weekday(text: &str) -> Option<Weekday> {
    // Of a span, each end may have its own.
    <[_; 1]>::try_from(stated_weekdays(text)).ok().map(|[only]| only)
}

/// Returns the days of the week that a text states beside days, in its order.
pub fn stated_weekdays(text: &str) -> Vec<Weekday> {
    let text = fold(text);
    let stated = text.char_indices().filter_map(|(at, c)| {
        let (_, day) = WEEKDAYS.iter().find(|(name, _)| *name == c)?;
        let rest = text.get(at + c.len_utf8()..)?;
        // （土・祝） is one day, （土・日） are two.
        let ends = [")", "・祝", "・休", "・振", "祝"];
        let is_in_brackets = text.get(..at)?.ends_with('(') && ends.iter().any(|end| rest.starts_with(end));
        (is_in_brackets || rest.starts_with('曜')).then_some(*day)
    });
    stated.collect()
}

pub fn every_day() -> Vec<Weekday> {
    WEEKDAYS.iter().map(|(_, day)| *day).collect()
}

pub fn is_weekday(c: char) -> bool {
    WEEKDAYS.iter().any(|(name, _)| *name == c)
}

/// Returns the days of a cell beside which another day of the week is stated. Of a span, each end may have its own.
pub fn stated_wrongly(text: &str, when: &When) -> Vec<NaiveDate> {
    let text = fold(text);
    let halves = match when.last_day {
        None => Some((text.as_str(), "")),
        // A hyphen may be a part of a day.
        Some(_) => ["~", "〜", "から", "より"]
            .iter()
            .filter_map(|word| Some((text.find(word)?, *word)))
            .min()
            .and_then(|(at, word)| {
                text.split_at_checked(at)
                    .map(|(first, rest)| (first, rest.strip_prefix(word).unwrap_or(rest)))
            }),
    };
    let Some((first, last)) = halves else {
        return Vec::new();
    };
    let disagrees = |(day, text): (Option<NaiveDate>, &str)| {
        day.filter(|day| stated_weekday(text).is_some_and(|stated| stated != day.weekday()))
    };
    [(when.day, first), (when.last_day, last)]
        .into_iter()
        .filter_map(disagrees)
        .collect()
}

/// Splits what says that hours are those of each day of a span from the rest of a cell: 10/5〜10/6 各日10:00〜16:00.
pub fn each_day_apart(cell: &str) -> Option<(Vec<Weekday>, String)> {
    let word = ["各日とも", "各日", "毎日"]
        .into_iter()
        .find(|word| cell.contains(word))?;
    Some((every_day(), cell.replace(word, " ")))
}

/// Splits days of the week that go for a whole span from the rest of a cell: 4/4〜6/27 土曜日, 4/4〜6/27の土・日曜, 4/4〜6/27（土・日）.
/// Returns whether holidays are among them, too, which can't be told. One day right behind another day is that day's own.
pub fn weekdays_apart(cell: &str) -> Option<(Vec<Weekday>, bool, String)> {
    /// Longer cells are no days.
    const LONGEST: usize = 600;
    let text = Some(fold(cell)).filter(|text| text.len() <= LONGEST)?;
    let is_of_list = |c: char| is_weekday(c) || "・、,曜祝 ".contains(c);
    for (at, _) in text.char_indices().filter(|(_, c)| is_weekday(*c)) {
        let (before, list) = text.split_at_checked(at)?;
        let is_open = before.ends_with('(');
        let is_apart = is_open || before.is_empty() || before.ends_with([' ', '\u{3000}', 'の', ')']);
        let rest = list.trim_start_matches(is_of_list);
        let list = list.strip_suffix(rest)?;
        // 日曜日
        let rest = rest
            .strip_prefix('日')
            .filter(|_| list.ends_with('曜'))
            .unwrap_or(rest);
        let named = list.replace("曜日", " ");
        let days: Vec<Weekday> = WEEKDAYS
            .iter()
            .filter(|(name, _)| named.contains(*name))
            .map(|(_, day)| *day)
            .collect();
        let is_list = match is_open {
            true => days.len() > 1 && rest.starts_with(')'),
            false => list.contains('曜') && is_apart,
        };
        if is_list {
            let before = before.trim_end_matches('(').trim_end().trim_end_matches('の');
            let rest = format!("{before} {}", rest.trim_start_matches(')'));
            // 12月8日 火曜日〜12月20日 日曜日: each is of its day.
            let is_of_all = !rest.contains('曜');
            return is_of_all.then(|| (days, list.contains('祝'), rest.trim().to_owned()));
        }
    }
    None
}

/// Days of the week in a column of their own, and the weeks of a month if it names some: 火・木, 毎週月〜金, 第2・第4土曜.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Weekly {
    pub days: Vec<Weekday>,
    pub weeks: Vec<u32>,
    /// Whether it says each week, and not only what day a day is.
    pub is_each: bool,
    /// Whether holidays are among them, which can't be told.
    pub has_holidays: bool,
}

/// Reads a column of days of the week. Returns `None` if any part of it can't be read.
pub fn weekly(cell: &str) -> Option<Weekly> {
    const FILLS: [&str; 5] = ["曜日", "曜", "の", "開催", "実施"];
    let text: String = fold(cell).split_whitespace().collect();
    let is_short = text.len() <= 100;
    let (mut rest, mut found) = (Some(text.as_str()).filter(|_| is_short)?, Weekly::default());
    let (mut is_week, mut is_span) = (false, false);
    while let Some(c) = rest.chars().next() {
        let behind = rest.get(c.len_utf8()..)?;
        let after = |word: &str| rest.strip_prefix(word);
        let named = WEEKDAYS.iter().find(|(name, _)| *name == c).map(|(_, day)| *day);
        rest = if let Some(behind) = after("毎週").or_else(|| after("毎月")).or_else(|| after("毎")) {
            found.is_each = true;
            // 毎日
            if let Some(all) = behind.strip_prefix('日').filter(|all| !all.starts_with('曜')) {
                found.days = every_day();
                all
            } else {
                behind
            }
        } else if let Some(behind) = after("平日") {
            found.days.extend(WEEKDAYS.iter().take(5).map(|(_, day)| *day));
            behind
        } else if let Some(behind) = after("祝日").or_else(|| after("祝")) {
            found.has_holidays = true;
            behind
        } else if let Some(behind) = FILLS.iter().find_map(|word| after(word)) {
            behind
        } else if let Some(day) = named {
            let from = found.days.last().filter(|_| is_span).copied();
            match from {
                Some(from) => {
                    let mut next = from.succ();
                    while next != day {
                        found.days.push(next);
                        next = next.succ();
                    }
                    found.days.push(day);
                }
                None => found.days.push(day),
            }
            (is_week, is_span) = (false, false);
            behind
        } else if c == '第' || (is_week && c.is_ascii_digit()) {
            let digits = if c == '第' { behind } else { rest };
            let week = digits.chars().next()?.to_digit(10)?;
            found
                .weeks
                .push(Some(week).filter(|week| (1..=5).contains(week))?);
            is_week = true;
            digits.get(1..)?
        } else if BETWEEN.contains(&c.to_string().as_str()) && !is_week && !found.days.is_empty() {
            is_span = true;
            behind
        } else if "・、,/と()".contains(c) {
            behind
        } else {
            return None;
        };
    }
    // 第1月・第3木: each day has weeks of its own.
    let named = text.replace("毎月", "");
    let is_one_list = found.weeks.is_empty() || named.rfind('第') < named.find(is_weekday);
    found.days.sort_unstable_by_key(|day| day.num_days_from_monday());
    found.days.dedup();
    (!found.days.is_empty() && !is_week && !is_span && is_one_list).then_some(found)
}

/// Returns a text with the days that it names by their week as dates: 2027年5月第3水曜日.
fn with_days_of_weeks(text: &str) -> Option<String> {
    let at = text.find("月第")? + '月'.len_utf8();
    let (before, named) = text.split_at_checked(at)?;
    let week = named.chars().nth(1)?.to_digit(10)?;
    let name = named.chars().nth(2)?;
    let (_, day) = WEEKDAYS.iter().find(|(own, _)| *own == name)?;
    let rest = named
        .get('第'.len_utf8() + 1 + name.len_utf8()..)?
        .strip_prefix('曜')?;
    let rest = rest.strip_prefix('日').unwrap_or(rest);
    let month = parse_date(before).ok().filter(|found| found.names_month())?.date;
    let date =
        NaiveDate::from_weekday_of_month_opt(month.year(), month.month(), *day, u8::try_from(week).ok()?)?;
    Some(format!(
        "{}年{}月{}日 {rest}",
        date.year(),
        date.month(),
        date.day()
    ))
}

/// Splits what a cell says of each week from the rest of it: 2026/10/6〜12/15 毎週火曜 10:00〜12:00. What is left out of the weeks
/// (祝日を除く) can't be told, so such a cell isn't read, and neither are days from one to another (毎週月〜金曜).
pub fn weekly_apart(cell: &str) -> Option<(Vec<Weekday>, String)> {
    const EXCEPT: [&str; 5] = ["除", "隔", "休", "以外", "ただし"];
    let text = fold(cell);
    let is_each = !EXCEPT.iter().any(|word| text.contains(word));
    let (before, mut rest) = text.split_once("毎週").filter(|_| is_each)?;
    let mut days = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '・', '、', ',', 'と']);
        if let Some(tail) = rest.strip_prefix("曜日").or_else(|| rest.strip_prefix('曜')) {
            rest = tail;
            continue;
        }
        let Some((name, day)) = WEEKDAYS.iter().find(|(name, _)| rest.starts_with(*name)) else {
            break;
        };
        days.push(*day);
        rest = rest.strip_prefix(*name).unwrap_or_default();
    }
    // 毎週月〜金曜 is more than Mondays; 毎週月曜 〜12/15 says until when.
    let is_weekday = |rest: &str| {
        WEEKDAYS
            .iter()
            .any(|(name, _)| rest.trim_start().starts_with(*name))
    };
    if BETWEEN
        .iter()
        .any(|word| rest.strip_prefix(word).is_some_and(is_weekday))
    {
        return None;
    }
    let before = before.trim().trim_end_matches('の');
    let rest = format!("{before} {}", rest.trim_start_matches('の'));
    (!days.is_empty()).then(|| (days, rest.trim().to_owned()))
}

/// What stands between a begin and an end.
const BETWEEN: [&str; 10] = ["~", "〜", "から", "より", "-", "–", "—", "―", "−", "ー"];

/// Reads a cell. Returns `None` if any part of it can't be read.
pub fn read(cell: &str) -> Option<When> {
    if let Ok(at) = DateTime::parse_from_rfc3339(cell.trim()) {
        let there = time_in_tokyo(at.with_timezone(&Utc));
        return Some(without_midnight(When {
            day: Some(there.date()),
            begin: Some(there.time()),
            ..When::default()
        }));
    }
    let text = plain(cell);
    let (day, rest) = match day_apart(&text) {
        Some((day, rest)) => (Some(day), rest),
        None => (None, text.as_str()),
    };
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || ",、の".contains(c));
    if rest.is_empty() {
        return day.map(|_| When {
            day,
            ..When::default()
        });
    }
    let (first, second) = span_apart(rest).unwrap_or((rest.trim(), ""));
    if let Some(length) = length_of(second) {
        let begin = parse_time(first).ok()?;
        let (end, next) = begin.overflowing_add_signed(length);
        let ends_next_day = next > 0;
        return Some(When {
            day,
            begin: Some(begin),
            last_day: day.filter(|_| ends_next_day).and_then(|day| day.succ_opt()),
            end: Some(end),
            ends_next_day,
        });
    }
    // 22:00〜翌1:00. Without a day, that of another cell counts.
    let next_day = ["翌日", "翌"].iter().find_map(|word| second.strip_prefix(word));
    let ends_next_day = !first.is_empty() && next_day.is_some();
    let second = next_day.filter(|_| ends_next_day).unwrap_or(second).trim();
    let (last_day, last) = match end_apart(second, day) {
        None if ends_next_day => (day.and_then(|day| day.succ_opt()), second),
        Some((last_day, rest)) => (Some(last_day), rest.trim()),
        None => (None, second),
    };
    // 12月8日〜10日 10:00〜16:00
    let hours = span_apart(last).filter(|_| first.is_empty() && last_day.is_some());
    let (first, last) = hours.unwrap_or((first, last));
    let begin = match first {
        "" => None,
        first => Some(parse_time(first).ok()?),
    };
    let end = match last {
        "" => None,
        last => Some(parse_time(last).ok()?),
    };
    let end = match begin {
        Some(begin) if (last_day.is_none() || hours.is_some()) && !ends_next_day => {
            end.map(|end| end_of((begin, first), (end, last)))
        }
        _ => end,
    };
    Some(without_midnight(When {
        day,
        begin,
        last_day,
        end,
        ends_next_day,
    }))
}

/// Returns how long something takes, less than a day: 2時間, 約90分, 1時間半, 1時間30分.
fn length_of(text: &str) -> Option<TimeDelta> {
    let text = text.trim().trim_start_matches('約').trim_start();
    let text = ["程度", "ほど", "くらい", "ぐらい", "予定"]
        .iter()
        .fold(text, |text, word| text.strip_suffix(word).unwrap_or(text));
    let minutes = |text: &str| {
        text.strip_suffix("分間")
            .or_else(|| text.strip_suffix('分'))?
            .parse::<i64>()
            .ok()
    };
    let all = match text.split_once("時間") {
        None => minutes(text)?,
        Some((hours, rest)) => {
            let of_hours = match hours.split_once('.') {
                Some((whole, "5")) => whole.parse::<i64>().ok()?.checked_mul(60)?.checked_add(30)?,
                Some(_) => return None,
                None => hours.parse::<i64>().ok()?.checked_mul(60)?,
            };
            let beyond = match rest {
                "" => 0,
                "半" => 30,
                rest => minutes(rest)?,
            };
            of_hours.checked_add(beyond)?
        }
    };
    (1..24 * 60).contains(&all).then(|| TimeDelta::minutes(all))
}

/// Splits hours that words tell apart: 14時開始、16時終了; 開演14:00 終演16:00.
fn worded_span(text: &str) -> Option<(&str, &str)> {
    const BEGINS: [&str; 3] = ["開始", "開会", "開演"];
    const ENDS: [&str; 4] = ["終了", "閉会", "終演", "解散"];
    let is_around = |c: char| c.is_whitespace() || "、,:;・/~〜".contains(c);
    let word = BEGINS.iter().find(|word| text.contains(**word))?;
    let (before, behind) = text.split_once(*word)?;
    let (between, after) = ENDS.iter().find_map(|word| behind.split_once(*word))?;
    let (first, second) = match before.trim().is_empty() {
        true => (between, after),
        false => (before, between),
    };
    let rest = if before.trim().is_empty() { "" } else { after };
    let (first, second) = (first.trim_matches(is_around), second.trim_matches(is_around));
    let is_said = ["", "予定"].contains(&rest.trim_matches(is_around));
    let is_whole = !first.is_empty() && !second.is_empty() && is_said;
    is_whole.then_some((first, second))
}

/// Splits a span into its begin and its end.
fn span_apart(text: &str) -> Option<(&str, &str)> {
    if let Some(found) = worded_span(text) {
        return Some(found);
    }
    let found = BETWEEN.iter().filter_map(|word| Some((text.find(word)?, *word)));
    let (at, word) = found.min()?;
    let second = text.get(at..)?.strip_prefix(word)?;
    Some((text.get(..at)?.trim(), second.trim().trim_end_matches("まで")))
}

/// Reads a cell with several days: 10/5、10/12、10/19, 10月5日（月）・12日, 10/5・12 13:30〜15:00. Hours are those of their day, and those behind
/// the last day alone are of each. What a day lacks of its date is that of the day before it, and the first may have the year
/// of a title, as each has the fiscal year of one. Returns `None` if the cell has fewer than two days, or any part of it can't be read.
pub fn read_several(cell: &str, year: Option<StatedYear>) -> Option<Vec<When>> {
    let iso = |part: &str| {
        Some(When {
            day: Some(NaiveDate::parse_from_str(part.trim(), "%Y-%m-%d").ok()?),
            ..When::default()
        })
    };
    if let Some(days) = cell.split('/').map(iso).collect::<Option<Vec<_>>>() {
        return (days.len() > 1).then_some(days);
    }
    let (mut days, mut hours) = (Vec::<When>::new(), None::<When>);
    for part in parts_of(&plain(cell)) {
        let known = days.last().and_then(|when| when.last_day.or(when.day));
        match dated(&part, known, year).and_then(|text| read(&text)) {
            Some(when) if when.day.is_some() && hours.is_none() => days.push(when),
            // Hours without a day, behind all of them.
            _ => {
                let own = read(&part).filter(|when| when.day.is_none() && when.begin.is_some())?;
                if days.is_empty() || hours.replace(own).is_some() {
                    return None;
                }
            }
        }
    }
    let (last, before) = days.split_last()?;
    if before.is_empty() {
        return None;
    }
    let is_bare = |when: &When| when.begin.is_none() && when.end.is_none() && when.last_day.is_none();
    let is_one_day = last.last_day.is_none() || last.ends_next_day;
    let of_last = last.begin.is_some() && is_one_day && before.iter().all(is_bare);
    if let Some(all) = hours.or(Some(*last).filter(|_| of_last)) {
        // Whether they are those of each day between two, nobody knows.
        let are_bare = days.iter().all(is_bare);
        (are_bare || of_last).then_some(())?;
        for when in &mut days {
            let next = when.day.and_then(|day| day.succ_opt());
            *when = When {
                day: when.day,
                last_day: next.filter(|_| all.ends_next_day),
                ..all
            };
        }
    }
    Some(days)
}

/// Returns the parts of a list of days, each with its hours behind it.
fn parts_of(text: &str) -> Vec<String> {
    /// What says that hours are those of each day.
    const OF_EACH: [&str; 7] = [
        "いずれも",
        "それぞれ",
        "各回とも",
        "各回",
        "各日とも",
        "各日",
        "各",
    ];
    let mut text = text.replace("および", "、").replace("及び", "、");
    for word in OF_EACH {
        text = text.replace(word, " ");
    }
    // 全3回
    let is_count = |word: &str| {
        let digits = word
            .strip_prefix(['全', '計'])
            .and_then(|rest| rest.strip_suffix('回'));
        digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let begins_a_day = |word: &str| {
        let rest = word.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = word.len() - rest.len();
        (digits > 0 && rest.starts_with(['/', '月', '日', '年', '.']))
            || (digits == 4 && rest.starts_with('-'))
            || word.starts_with(['令', 'r'])
    };
    let mut parts = Vec::new();
    for listed in text.split(['、', ',', '・', ';', '&', 'と', '\n']) {
        let mut part = String::new();
        for word in listed.split_whitespace().filter(|word| !is_count(word)) {
            let is_open = BETWEEN.iter().any(|between| part.ends_with(between));
            if part.contains(['日', '/', '.']) && !is_open && begins_a_day(word) {
                parts.push(std::mem::take(&mut part));
            }
            if !part.is_empty() {
                part.push(' ');
            }
            part.push_str(word);
        }
        if !part.is_empty() {
            parts.push(part);
        }
    }
    parts
}

/// A day without a year so many days before the one before it is of the next year: 12/20、1/10.
const FAR: i64 = 180;

/// Returns a part of a list of days with what it lacks of its date: that of the day before it, or the year of a title.
fn dated(part: &str, known: Option<NaiveDate>, year: Option<StatedYear>) -> Option<String> {
    if read(part).is_some_and(|when| when.day.is_some()) {
        return Some(part.to_owned());
    }
    let Some(known) = known else {
        return year?.before(part);
    };
    let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = part
        .strip_suffix(rest)
        .filter(|number| (1..=2).contains(&number.len()))?;
    match rest.chars().next() {
        Some('/' | '月') => {
            let of = |year: i32| StatedYear::Calendar(year).before(part);
            let here = of(known.year())?;
            let after = (read(&here)?.day? - known).num_days();
            // In 令和8年度, the day after 6/1 is 3/1 of 2027; but after 3/25 comes 4/1 of the next one.
            let is_of_year = year == Some(StatedYear::Fiscal(calendar::fiscal_year(known)));
            match after {
                1..=FAR => Some(here),
                _ if is_of_year => year?.before(part),
                _ if after < -FAR => of(known.year() + 1),
                _ => Some(here),
            }
        }
        Some('日') => Some(format!("{}年{}月{part}", known.year(), known.month())),
        Some(c) if !c.is_whitespace() => None,
        _ => Some(format!("{}年{}月{number}日{rest}", known.year(), known.month())),
    }
}

/// Returns the end of a span on one day, given as written: 午後1時30分から4時まで is until four in the afternoon.
pub fn end_of((begin, first): (NaiveTime, &str), (end, last): (NaiveTime, &str)) -> NaiveTime {
    let is_marked = |text: &str| half_of_day(&fold(text)).is_some();
    match end <= begin && is_marked(first) && !is_marked(last) && end.hour() < 12 {
        true => end.overflowing_add_signed(TimeDelta::hours(12)).0,
        false => end,
    }
}

/// Returns the moment of a day at which it is this time in Tokyo.
pub fn moment(day: NaiveDate, time: NaiveTime) -> Instant {
    let since = time.signed_duration_since(NaiveTime::MIN);
    Instant::from(midnight_in_tokyo(day) + TimeDelta::seconds(since.num_seconds()))
}

/// A spreadsheet writes a day as its first moment: 2026/12/8 0:00.
fn without_midnight(when: When) -> When {
    let is_day = when.day.is_some() && when.end.is_none() && when.begin == Some(NaiveTime::MIN);
    When {
        begin: when.begin.filter(|_| !is_day),
        ..when
    }
}

/// Returns a text without weekdays and what else in brackets says nothing of when it is: （火・祝）, （13時開場）.
fn plain(cell: &str) -> String {
    const ASIDE: [&str; 3] = ["開場", "受付", "入場"];
    let (mut text, mut within) = (String::new(), None::<String>);
    let folded = fold(cell);
    for c in with_days_of_weeks(&folded).unwrap_or(folded).chars() {
        match (c, &mut within) {
            ('(' | '[' | '【' | '〔', None) => within = Some(String::new()),
            (')' | ']' | '】' | '〕', Some(note)) => {
                let has_time = note.chars().any(|c| c.is_ascii_digit());
                if has_time && !ASIDE.iter().any(|word| note.contains(word)) {
                    text.push(' ');
                    text.push_str(note);
                }
                text.push(' ');
                within = None;
            }
            (c, Some(note)) => note.push(c),
            (c, None) => text.push(c),
        }
    }
    for day in ["月", "火", "水", "木", "金", "土", "日"] {
        for word in ["曜日", "曜"] {
            text = text.replace(&format!("{day}{word}"), " ");
        }
    }
    // R8. 12. 8, 2026/ 12/ 8: padded for a column.
    for mark in [".", "/"] {
        text = text.replace(&format!("{mark} "), mark);
    }
    text = text.replace("正午", "12:00");
    let is_moment = text.split_once('t').is_some_and(|(day, time)| {
        let is_digit = |c: char| c.is_ascii_digit();
        day.len() >= 8 && day.ends_with(is_digit) && time.starts_with(is_digit)
    });
    if is_moment {
        text = text.replacen('t', " ", 1);
    }
    text.trim().to_owned()
}

/// Splits a text that begins with a day into the day and the rest.
fn day_apart(text: &str) -> Option<(NaiveDate, &str)> {
    let after_day = text
        .find('日')
        .filter(|at| text.get(..*at).is_some_and(|before| before.contains('月')))
        .map(|at| at + '日'.len_utf8());
    let at_end = || text.find(|c: char| c.is_whitespace() || "午~〜,、".contains(c));
    let (day, rest) = text.split_at_checked(after_day.or_else(at_end).unwrap_or(text.len()))?;
    let day = parse_date(day).ok().filter(|day| day.is_exact)?;
    Some((day.date, rest))
}

/// Splits the end of a span into its day and the rest. The day may lack the year or the month: 〜12月10日, 〜10日. One before the
/// first day is of the next year: 2026/12/28〜1/3.
fn end_apart(text: &str, first: Option<NaiveDate>) -> Option<(NaiveDate, &str)> {
    if let Some(whole) = day_apart(text) {
        return Some(whole);
    }
    let first = first?;
    let length = text
        .find('日')
        .map(|at| at + '日'.len_utf8())
        .or_else(|| text.find(char::is_whitespace))
        .unwrap_or(text.len());
    let (day, rest) = text.split_at_checked(length)?;
    if !day.contains(['日', '/']) {
        return None;
    }
    let read = |text: String| Some(parse_date(&text).ok().filter(|day| day.is_exact)?.date);
    let of = |year: i32| read(format!("{year}年{day}")).or_else(|| read(format!("{year}/{day}")));
    let here = of(first.year());
    // Almost a year later would rather be a slip: 2026/12/8〜12/7.
    let is_near = |last: &NaiveDate| {
        calendar::fiscal_year(*last) == calendar::fiscal_year(first) || (*last - first).num_days() <= FAR
    };
    let next = match here {
        Some(here) if here >= first => None,
        _ => of(first.year() + 1).filter(is_near),
    };
    let found = next.or(here);
    let of_month = |month: NaiveDate| read(format!("{}年{}月{day}", month.year(), month.month()));
    // 1月30日〜2日 goes on into the next month. 8日〜7日 would rather be a slip.
    let is_soon = |last: &NaiveDate| (*last - first).num_days() <= SOON;
    let found = found.or_else(|| match of_month(first) {
        Some(here) if here >= first => Some(here),
        here => of_month(first.checked_add_months(Months::new(1))?)
            .filter(is_soon)
            .or(here),
    })?;
    Some((found, rest))
}

/// A day without a month that is before the first of a span is of the next month, so many days later at most.
const SOON: i64 = 15;

/// Reads the end of a span whose first day stands in another cell. What it lacks of its date is that of the first day: 1/4 behind 2026/12/28.
pub fn read_end(cell: &str, first: NaiveDate) -> Option<When> {
    let text = plain(cell);
    let (last, rest) = end_apart(&text, Some(first))?;
    let end = match rest.trim().trim_end_matches("まで") {
        "" => None,
        rest => Some(parse_time(rest).ok()?),
    };
    Some(When {
        last_day: Some(last),
        end,
        ..When::default()
    })
}

/// Reads a day that another stands before, with what it lacks of its date by that one: 1/16 behind 2027/1/9.
pub fn read_beside(cell: &str, known: NaiveDate) -> Option<When> {
    read(&dated(&plain(cell), Some(known), None)?)
}

/// Returns whether another day stands in a cell behind its first.
pub fn has_another_day(cell: &str) -> bool {
    let text = plain(cell);
    let rest = day_apart(&text).map_or(text.as_str(), |(_, rest)| rest);
    let is_digit = |c: char| c.is_ascii_digit();
    let between = |mark: char| {
        rest.match_indices(mark).any(|(at, _)| {
            let behind = rest.get(at + mark.len_utf8()..).unwrap_or_default();
            rest.get(..at).is_some_and(|before| before.ends_with(is_digit))
                && (mark != '/' || behind.starts_with(is_digit))
        })
    };
    ['/', '月', '日'].into_iter().any(between)
}

/// Splits a time of day from the half of the day that is written before it. Returns whether that is the second one.
fn half_of_day(text: &str) -> Option<(bool, &str)> {
    const HALVES: [(&str, bool); 7] = [
        ("午前", false),
        ("am", false),
        ("朝", false),
        ("午後", true),
        ("pm", true),
        ("夕方", true),
        ("夜", true),
    ];
    let text = text.trim_start();
    HALVES
        .iter()
        .find_map(|(word, is_second)| Some((*is_second, text.strip_prefix(word)?)))
}

/// Parses a time of day: 13:30, 13時30分, 午後1時半.
pub fn parse_time(text: &str) -> CellResult<NaiveTime> {
    const ENDINGS: [&str; 10] = [
        "から", "まで", "開始", "開会", "開演", "終了", "閉会", "終演", "ごろ", "頃",
    ];
    let text: String = fold(text).split_whitespace().collect();
    let (is_afternoon, rest) = half_of_day(&text).unwrap_or((false, text.as_str()));
    let rest = ENDINGS
        .iter()
        .fold(rest, |rest, ending| rest.strip_suffix(ending).unwrap_or(rest));
    let mut parts = rest.split([':', '時']);
    let hour: Option<u32> = parts.next().and_then(|hour| hour.parse().ok());
    let minute = parts.next().unwrap_or_default().trim_end_matches('分');
    // 12:00 13:00 are two times, and 13:30:00 has seconds.
    let is_short = |text: &str| text.split('.').next().is_some_and(|whole| whole.len() <= 2);
    let is_one = parts.next().is_none_or(is_short) && parts.next().is_none();
    let minute = match minute {
        "" if rest.contains([':', '時']) => Some(0),
        "半" => Some(30),
        minute => minute.parse::<u32>().ok().filter(|_| is_one && is_short(minute)),
    };
    let hour = hour.map(|hour| {
        if is_afternoon && hour < 12 {
            hour + 12
        } else {
            hour
        }
    });
    let time = hour
        .zip(minute)
        .and_then(|(hour, minute)| NaiveTime::from_hms_opt(hour, minute, 0));
    time.ok_or_else(|| {
        Remark::new(
            "invalid_time",
            "時刻は 13:30、13時30分、午後1時半 のように入力してください。",
            "Write a time of day like 13:30.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_read_as_offices_write_them() {
        for (text, expected) in [
            ("13:30", "13:30"),
            ("１３：３０", "13:30"),
            ("13:30:00", "13:30"),
            ("9時", "09:00"),
            ("13時30分", "13:30"),
            ("午後1時半", "13:30"),
            ("午前10時", "10:00"),
            ("午後0時15分", "12:15"),
            ("PM1:00", "13:00"),
            ("ＡＭ９時", "09:00"),
            ("夜7時", "19:00"),
            ("13:30開始", "13:30"),
            ("16時ごろまで", "16:00"),
        ] {
            let found = parse_time(text).map(|time| time.format("%H:%M").to_string());
            assert_eq!(found.ok().as_deref(), Some(expected), "{text}");
        }
        for wrong in [
            "",
            "25:00",
            "13:60",
            "夕方",
            "1330",
            "2時間",
            "12:00 13:00",
            "12:00 13:00〜15:00",
        ] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_title_states_the_year_of_days_without_one() {
        for (titles, cell, expected) in [
            ("2026年12月　行事カレンダー", "12/3", "2026/12/3"),
            ("令和８年度　研修予定表", "4月15日(水)", "2026年4月15日(水)"),
            ("令和８年度　研修予定表", "1月20日", "2027年1月20日"),
            ("まちの予定（R8年度）", "12/3 13:30", "2026/12/3 13:30"),
            ("行事カレンダー", "12/3", ""),
            ("2026年度 予定|令和8年4月1日現在", "12/3", "2026/12/3"),
            ("2026年度 予定|2027年度 予定", "12/3", ""),
            ("2026年12月〜2027年1月の予定", "1/10", ""),
            ("2026年12月1日からの予定", "12/3", ""),
            ("創立50周年", "12/3", ""),
            ("2026年", "2026/12/3", ""),
            ("2026年", "13/3", ""),
            ("2026年", "毎週火曜", ""),
        ] {
            let year = StatedYear::of_titles(titles.split('|'));
            let found = year.and_then(|year| year.before(cell)).unwrap_or_default();
            assert_eq!(found, expected, "{titles} {cell}");
        }
    }

    #[test]
    fn a_file_states_the_year_in_its_titles_or_in_a_name() {
        for (titles, sheets, name, expected) in [
            (
                "2026年12月の行事",
                "令和7年度",
                "2025年.csv",
                Some(StatedYear::Month(2026, 12)),
            ),
            (
                "行事予定",
                "令和8年度",
                "2025年.csv",
                Some(StatedYear::Fiscal(2026)),
            ),
            (
                "行事予定",
                "Sheet1",
                "行事予定_R8年度.xlsx",
                Some(StatedYear::Fiscal(2026)),
            ),
            (
                "",
                "",
                "行事予定2026年12月.csv",
                Some(StatedYear::Month(2026, 12)),
            ),
            ("", "", "2026年4月〜2027年3月.csv", None),
            ("", "", "20261201.csv", None),
            ("2026年度|2027年度", "", "2026年.csv", None),
        ] {
            let sheets = [sheets.to_owned()];
            let found = StatedYear::of_file(titles.split('|'), &sheets, Some(name));
            assert_eq!(found, expected, "{titles} {name}");
        }
    }

    #[test]
    fn a_weekday_is_told_from_a_month_and_a_day() {
        for (text, expected) in [
            ("2027/1/15(月)", Some(Weekday::Mon)),
            ("令和8年12月8日（火・祝） 13:30", Some(Weekday::Tue)),
            ("2026年12月8日火曜日", Some(Weekday::Tue)),
            ("2026年12月8日", None),
            ("2026/12/8(火)〜12/9(水)", None),
            ("2026/12/8(13:30)", None),
            ("2027/1/11(月・祝)", Some(Weekday::Mon)),
            ("2027/1/9(土・日)", None),
        ] {
            assert_eq!(stated_weekday(text), expected, "{text}");
        }
        for (text, expected) in [
            ("2027/1/9(土)〜1/11(月)", ""),
            ("2027/1/9(金)〜1/11(月)", "2027-01-09"),
            ("2027/1/9〜1/11(火)", "2027-01-11"),
            ("2027/1/9〜1/10(土・日)", ""),
            ("2027/1/9(日) 22:00〜翌1:00", "2027-01-09"),
            ("2027/1/9 土曜日", ""),
        ] {
            let wrong = stated_wrongly(text, &read(text).unwrap());
            let shown: Vec<String> = wrong.iter().map(NaiveDate::to_string).collect();
            assert_eq!(shown.join(" "), expected, "{text}");
        }
    }

    #[test]
    fn days_of_the_week_beside_a_span_are_split_from_it() {
        use Weekday::{Sat, Sun};
        for (text, expected) in [
            (
                "2026/4/4〜6/27 土曜日",
                Some((vec![Sat], false, "2026/4/4〜6/27")),
            ),
            (
                "2026/4/4〜6/27の土・日曜 10:00",
                Some((vec![Sat, Sun], false, "2026/4/4〜6/27 10:00")),
            ),
            (
                "2026/4/4〜6/27（土・日）",
                Some((vec![Sat, Sun], false, "2026/4/4〜6/27")),
            ),
            (
                "2026/4/4〜6/27（土日祝）",
                Some((vec![Sat, Sun], true, "2026/4/4〜6/27")),
            ),
            ("日曜日 10:00", Some((vec![Sun], false, "10:00"))),
            ("2026/4/4(土)〜6/27(土)", None),
            ("2026年4月4日土曜日〜6月27日土曜日", None),
            ("2026年4月4日〜6月27日", None),
            ("2026年12月8日 火曜日〜12月20日 日曜日", None),
        ] {
            let found = weekdays_apart(text);
            let expected = expected.map(|(days, all, rest)| (days, all, rest.to_owned()));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn what_another_day_lacks_is_that_of_the_first() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (first, text, expected) in [
            ("2026-12-28", "1/4", "2027-01-04"),
            ("2026-12-28", "1月4日(月) 16:00まで", "2027-01-04"),
            ("2027-01-30", "2日", "2027-02-02"),
            ("2027-01-09", "未定", ""),
        ] {
            let found = read_end(text, day(first)).and_then(|when| when.last_day);
            assert_eq!(
                found.map_or_else(String::new, |day| day.to_string()),
                expected,
                "{text}"
            );
        }
        let beside = |text: &str| read_beside(text, day("2026-12-26")).and_then(|when| when.day);
        assert_eq!(beside("1/16(土) 10:00"), Some(day("2027-01-16")));
        assert_eq!(beside("27日"), Some(day("2026-12-27")));
        assert!(has_another_day("2027/1/9(土)または1/16(土)") && has_another_day("2027年1月9日か16日"));
        assert!(!has_another_day("2027/1/9(土) 10:00〜12:00 13:00〜15:00"));
    }

    #[test]
    fn days_and_hours_in_one_cell_are_read_as_offices_write_them() {
        let shown = |text: &str| {
            let when = read(text)?;
            let time = |time: Option<NaiveTime>| time.map(|time| time.format("%H:%M").to_string());
            let day = |day: Option<NaiveDate>| day.map(|day| day.to_string());
            let all = [
                day(when.day),
                time(when.begin),
                day(when.last_day),
                time(when.end),
            ];
            Some(all.map(|one| one.unwrap_or_else(|| "-".to_owned())).join(" "))
        };
        for (text, expected) in [
            (
                "令和8年12月8日（火） 午後1時30分から4時まで",
                "2026-12-08 13:30 - 16:00",
            ),
            ("R8.12.8 13:30～16:00", "2026-12-08 13:30 - 16:00"),
            ("2026/12/8 13:30から2時間程度", "2026-12-08 13:30 - 15:30"),
            ("午前10時30分〜約90分", "- 10:30 - 12:00"),
            ("10:00から1時間半", "- 10:00 - 11:30"),
            ("10:00〜1.5時間", "- 10:00 - 11:30"),
            ("2026/12/8 23:00から2時間", "2026-12-08 23:00 2026-12-09 01:00"),
            ("14時開始、16時終了", "- 14:00 - 16:00"),
            ("開演14:00 終演16:00", "- 14:00 - 16:00"),
            ("2026/12/8 10:00開始 12:00終了", "2026-12-08 10:00 - 12:00"),
            ("令和8年12月第2火曜日 13:30", "2026-12-08 13:30 - -"),
            ("2026年12月第5火曜", "2026-12-29 - - -"),
            ("R8.12.8", "2026-12-08 - - -"),
            ("R8.12.8(火)13:30-16:00", "2026-12-08 13:30 - 16:00"),
            (
                "令和 8年12月 8日 火曜日 午前10時〜正午",
                "2026-12-08 10:00 - 12:00",
            ),
            ("2026年12月8日火曜日 10時〜12時", "2026-12-08 10:00 - 12:00"),
            ("2026/12/1 3:30", "2026-12-01 03:30 - -"),
            ("2026/12/8 0:00", "2026-12-08 - - -"),
            ("2026-12-08T13:30:00", "2026-12-08 13:30 - -"),
            ("2026-12-08T04:30:00Z", "2026-12-08 13:30 - -"),
            ("令和8年12月8日午前10時から3時まで", "2026-12-08 10:00 - 15:00"),
            ("2026/12/8 13:30〜16:00（開場13:00）", "2026-12-08 13:30 - 16:00"),
            ("2026/12/8（13:30〜16:00）", "2026-12-08 13:30 - 16:00"),
            ("R8.12.8〜R8.12.10", "2026-12-08 - 2026-12-10 -"),
            (
                "2026年12月8日 13:30〜10日 16:00",
                "2026-12-08 13:30 2026-12-10 16:00",
            ),
            ("2026年12月8日〜12月9日", "2026-12-08 - 2026-12-09 -"),
            ("13:30〜16:00", "- 13:30 - 16:00"),
            ("午後1時から3時", "- 13:00 - 15:00"),
            ("13:30〜", "- 13:30 - -"),
            ("〜16:00", "- - - 16:00"),
            ("2026/12/8 PM1:00〜3:00", "2026-12-08 13:00 - 15:00"),
            ("2026-12-08 13:30-16:00", "2026-12-08 13:30 - 16:00"),
            ("2026-12-08 10時", "2026-12-08 10:00 - -"),
            ("2026/12/8 22:00〜翌1:00", "2026-12-08 22:00 2026-12-09 01:00"),
            ("22:00〜翌日1:00", "- 22:00 - 01:00"),
            (
                "2026年12月8日〜10日 午後1時から3時",
                "2026-12-08 13:00 2026-12-10 15:00",
            ),
            (
                "2026/12/8〜12/10 10:00〜16:00",
                "2026-12-08 10:00 2026-12-10 16:00",
            ),
            ("2026/12/8〜12/10 16:00", "2026-12-08 - 2026-12-10 16:00"),
            // Over New Year. What can't be the next year is left to be found wrong.
            ("2026/12/28〜1/3", "2026-12-28 - 2027-01-03 -"),
            ("2026年11月1日〜4月20日", "2026-11-01 - 2027-04-20 -"),
            ("2026/4/7〜3/30", "2026-04-07 - 2027-03-30 -"),
            (
                "2026/10/6〜1/26 10:00〜12:00",
                "2026-10-06 10:00 2027-01-26 12:00",
            ),
            ("2026/12/8〜12/7", "2026-12-08 - 2026-12-07 -"),
            ("2026年12月8日〜7日", "2026-12-08 - 2026-12-07 -"),
            // Over the end of a month.
            ("2027/1/30〜2/2", "2027-01-30 - 2027-02-02 -"),
            ("2027年1月30日〜2日", "2027-01-30 - 2027-02-02 -"),
            ("2026年12月28日〜4日", "2026-12-28 - 2027-01-04 -"),
            ("令和8年12月28日〜1月4日", "2026-12-28 - 2027-01-04 -"),
            ("2027年3月28日(日)〜4月5日(月)", "2027-03-28 - 2027-04-05 -"),
        ] {
            assert_eq!(shown(text).unwrap_or_default(), expected, "{text}");
        }
        for wrong in [
            "",
            "12月8日 13:30",
            "2026-12",
            "2026-12-08 25:00",
            "R8.12.8 夕方",
            "R8.12.8、15 13:30",
            "近日",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn several_days_in_one_cell_are_all_read() {
        let shown = |text: &str, year: Option<StatedYear>| {
            let days = read_several(text, year)?;
            let one = |when: &When| {
                let day = when.day?.format("%m-%d").to_string();
                let last = when.last_day.map(|day| day.format("..%m-%d").to_string());
                let begin = when.begin.map(|time| time.format(" %H:%M").to_string());
                let end = when.end.map(|time| time.format("-%H:%M").to_string());
                let parts = [Some(day), last, begin, end];
                Some(parts.into_iter().flatten().collect::<String>())
            };
            let all = days.iter().map(one).collect::<Option<Vec<_>>>()?;
            Some(all.join(" / "))
        };
        for (text, expected) in [
            ("2026/10/5、10/12、10/19", "10-05 / 10-12 / 10-19"),
            ("2026年10月5日・12日・19日", "10-05 / 10-12 / 10-19"),
            ("令和8年10月5日（月）、12日（月）", "10-05 / 10-12"),
            ("R8.10.5、R8.10.12", "10-05 / 10-12"),
            ("R8.10.5、12", "10-05 / 10-12"),
            ("2026-10-05/2026-10-06", "10-05 / 10-06"),
            ("2026/10/5 10/12　10/19", "10-05 / 10-12 / 10-19"),
            ("2026年10月5日（月）10月12日（月）", "10-05 / 10-12"),
            ("2026/10/5と10/12", "10-05 / 10-12"),
            ("2026/10/5\n10/12", "10-05 / 10-12"),
            ("2026/10/5、10/12（全2回）", "10-05 / 10-12"),
            ("2026/12/20、1/10", "12-20 / 01-10"),
            ("2026/10/5〜10/7、10/12", "10-05..10-07 / 10-12"),
            ("2026年10月5日〜7日、12日", "10-05..10-07 / 10-12"),
            // Hours are those of their day, or of each.
            ("2026/10/5 13:30〜15:00、10/12", "10-05 13:30-15:00 / 10-12"),
            (
                "2026/10/5 10:00〜12:00、10/12 13:30〜",
                "10-05 10:00-12:00 / 10-12 13:30",
            ),
            (
                "2026/10/5・12 13:30〜15:00",
                "10-05 13:30-15:00 / 10-12 13:30-15:00",
            ),
            (
                "2026年10月5日、12日（各回13時30分〜15時）",
                "10-05 13:30-15:00 / 10-12 13:30-15:00",
            ),
            (
                "2026/10/5、10/12、いずれも午後1時から3時",
                "10-05 13:00-15:00 / 10-12 13:00-15:00",
            ),
            (
                "2026/10/5、10/12 22:00〜翌1:00",
                "10-05..10-06 22:00-01:00 / 10-12..10-13 22:00-01:00",
            ),
        ] {
            assert_eq!(shown(text, None).as_deref(), Some(expected), "{text}");
        }
        let title = Some(StatedYear::Fiscal(2026));
        assert_eq!(shown("12/20、1/10", title).as_deref(), Some("12-20 / 01-10"));
        let days = read_several("12/20、1/10", title).unwrap_or_default();
        let years: Vec<i32> = days.iter().filter_map(|when| Some(when.day?.year())).collect();
        assert_eq!(years, [2026, 2027]);
        // The fiscal year of a title is that of each day, unless the cell has another.
        let years = |text: &str| -> Vec<i32> {
            let days = read_several(text, title).unwrap_or_default();
            days.iter().filter_map(|when| Some(when.day?.year())).collect()
        };
        assert_eq!(years("6/1、3/1"), [2026, 2027]);
        assert_eq!(years("3/25、4/1"), [2027, 2027]);
        assert_eq!(years("6月1日、1月15日、3月1日"), [2026, 2027, 2027]);
        assert_eq!(years("2027/6/1、7/1"), [2027, 2027]);
        for wrong in [
            "",
            "2026/10/5",
            "10/5、10/12",
            "2026/10/5、未定",
            "2026/10/5、10/32",
            "2026/10/5、ほか",
            "13:30〜15:00、2026/10/5、10/12",
            "2026/10/5〜7日、12日、いずれも13:30",
            "2022/2/18",
            "2022-02-18/19",
        ] {
            assert_eq!(read_several(wrong, None), None, "{wrong}");
        }
    }

    #[test]
    fn a_column_of_weekdays_is_read_as_offices_write_it() {
        for (text, days, weeks) in [
            ("月", "Mon", ""),
            ("毎週火・木", "Tue Thu", ""),
            ("土日", "Sat Sun", ""),
            ("（水）", "Wed", ""),
            ("月曜日、水曜日", "Mon Wed", ""),
            ("日曜日", "Sun", ""),
            ("毎週日曜", "Sun", ""),
            ("毎日", "Mon Tue Wed Thu Fri Sat Sun", ""),
            ("平日", "Mon Tue Wed Thu Fri", ""),
            ("月〜金", "Mon Tue Wed Thu Fri", ""),
            ("土〜月", "Mon Sat Sun", ""),
            ("第2・第4土", "Sat", "2 4"),
            ("第2・4土曜日", "Sat", "2 4"),
            ("毎月第1,3火曜", "Tue", "1 3"),
            ("第1月・水", "Mon Wed", "1"),
        ] {
            let found = weekly(text).unwrap();
            let shown = (
                found
                    .days
                    .iter()
                    .map(Weekday::to_string)
                    .collect::<Vec<_>>()
                    .join(" "),
                found
                    .weeks
                    .iter()
                    .map(u32::to_string)
                    .collect::<Vec<_>>()
                    .join(" "),
            );
            assert_eq!(shown, (days.into(), weeks.into()), "{text}");
        }
        assert!(weekly("土日祝").is_some_and(|found| found.has_holidays));
        let long = "月".repeat(30_000);
        for other in [
            "",
            "隔週火",
            "不定期",
            "第2",
            "第6土",
            "月〜",
            "月水以外",
            "第1月・第3木",
            "月曜休館",
            &long,
        ] {
            assert_eq!(weekly(other), None, "{other:.20}");
        }
    }

    #[test]
    fn what_a_cell_says_of_each_week_is_split_from_the_rest() {
        let split = |text: &str| weekly_apart(text);
        let tuesdays = |rest: &str| Some((vec![Weekday::Tue], rest.to_owned()));
        for (text, rest) in [
            ("毎週火曜", ""),
            ("毎週火曜日 10:00〜12:00", "10:00〜12:00"),
            ("2026/10/6〜12/15 毎週火曜", "2026/10/6〜12/15"),
            (
                "2026年10月6日〜12月15日の毎週火曜日の10時から12時",
                "2026年10月6日〜12月15日 10時から12時",
            ),
        ] {
            assert_eq!(split(text), tuesdays(rest), "{text}");
        }
        let several = split("毎週土・日曜").map(|(days, _)| days);
        assert_eq!(several, Some(vec![Weekday::Sat, Weekday::Sun]));
        for other in [
            "毎週",
            "毎月第2火曜",
            "火曜",
            "毎週火曜（祝日を除く）",
            "毎週火曜（祝日は休み）",
            "毎週火曜 10:00〜12:00（祝日は休館）",
            "毎週火曜（第3週以外）",
            "毎週火曜 ただし12月は10:00から",
            "毎週月〜金曜",
            "毎週月曜から金曜 10:00〜12:00",
            "毎週月曜日-金曜日",
        ] {
            assert_eq!(split(other), None, "{other}");
        }
    }
}
