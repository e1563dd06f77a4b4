//! Days and parts of days as people write them: 土曜午前, 月・水の午前, 月〜金, 平日18時以降, 第2土曜, 土日以外.
//!
//! A part goes for all days of the list before it, and several parts stay on those days; the next day begins
//! another list. Where the part comes first (夜間 月・水、午前 土), it goes for the days after it. What a bracket or a ただし
//! excludes is taken from the list before it: 平日（水曜を除く）. Where it names some of the days before it, these are meant:
//! 平日午前（火・木）. Hours count as the
//! parts of which they cover two hours or more; one to five o'clock is in the afternoon unless the cell says otherwise.
//!
//! A colon, an arrow or a bracket may stand between a day and its part: 月：午前、水：午後, 【月】午前, 月→午後. A day with nothing
//! behind its colon isn't offered: 月：　火：夜.
//!
//! The worst reading is the opposite: 火曜休み, 不可, 土日以外不可. A cell that denies something in words that aren't known
//! can't be read as a whole, and neither can one whose days aren't known but its parts are. Nobody counts on what is still
//! to be talked about: 土日は応相談.

use crate::catalogue::{DayPart, calendar::DAY_PARTS};
use tables::Remark;
use tables::cells::{CellResult, parse_boolean};
use text::fold;

const ALL_DAYS: u8 = 0b111_1111;
const WEEKDAYS: u8 = 0b001_1111;
const SUNDAY: u8 = 0b100_0000;
/// Holidays: those who are free then count as free on Sundays, and those who aren't keep their Sundays.
const HOLIDAYS: u8 = 0b1000_0000;
const ALL_PARTS: u8 = 0b111;

/// What a cell says about days.
#[derive(Debug, Default, PartialEq)]
pub struct Days {
    pub parts: Vec<DayPart>,
    /// What can't be read of it.
    pub unknown: Vec<String>,
    /// Whether it says more than the parts do: which week of the month, how often.
    pub is_inexact: bool,
    pub says: Says,
}

/// What a cell names. Days and parts may stand in columns side by side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Says {
    #[default]
    Both,
    Days,
    Parts,
    /// Neither: いつでも.
    Any,
    /// Something that can't be read.
    Unread,
    Nothing,
}

/// Returns what days and parts name: whole days (月), a part of all days (午前), or both (土曜午前).
pub fn says_of(parts: &[DayPart]) -> Says {
    let set = DayPart::set(parts);
    let of_day = |day: u32| set >> (3 * day) & 0b111;
    if (0..7).all(|day| [0, 0b111].contains(&of_day(day))) {
        Says::Days
    } else if (0..7).all(|day| of_day(day) == of_day(0)) {
        Says::Parts
    } else {
        Says::Both
    }
}

/// What a mark below a heading says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Yes,
    No,
    /// Perhaps: nobody counts on it.
    Unsure,
}

/// Reads a mark: ○, ×, △, 休.
pub fn mark(cell: &str) -> Option<Mark> {
    const NO: [&str; 10] = [
        "休",
        "休み",
        "定休",
        "定休日",
        "お休み",
        "休日",
        "ng",
        "□",
        "☐",
        "不在",
    ];
    const UNSURE: [&str; 15] = [
        "△",
        "▲",
        "▽",
        "?",
        "？",
        "未定",
        "検討中",
        "調整中",
        "要相談",
        "応相談",
        "相談",
        "要調整",
        "時々",
        "たまに",
        "不定期",
    ];
    match parse_boolean(cell) {
        Ok(true) => Some(Mark::Yes),
        Ok(false) => Some(Mark::No),
        Err(_) if NO.contains(&cell.to_lowercase().as_str()) => Some(Mark::No),
        Err(_) => UNSURE.contains(&cell).then_some(Mark::Unsure),
    }
}

/// What a cell says of the days in the heading above it.
#[derive(Debug, PartialEq)]
pub struct Below {
    pub mark: Mark,
    /// The parts that the cell names; of the days in the heading, these.
    pub parts: Option<Vec<DayPart>>,
    /// Whether it says more: ○（要予約）.
    pub is_inexact: bool,
}

/// Reads a cell below a heading of days: ○, 午前, ○（午後のみ）, ×（応相談）.
pub fn below(cell: &str) -> CellResult<Below> {
    let of_mark = |mark, is_inexact| Below {
        mark,
        parts: None,
        is_inexact,
    };
    if let Some(mark) = mark(cell) {
        return Ok(of_mark(mark, false));
    }
    let first = cell.chars().next().map_or(0, char::len_utf8);
    let (lead, rest) = cell.split_at_checked(first).unwrap_or_default();
    let named = |text: &str| {
        let days = read(text).ok().filter(|days| days.unknown.is_empty())?;
        Some(Below {
            mark: Mark::Yes,
            parts: Some(days.parts),
            is_inexact: days.is_inexact,
        })
    };
    let is_sign = lead.chars().all(|c| !c.is_alphanumeric() || c == '〇');
    match mark(lead).filter(|_| is_sign) {
        Some(Mark::Yes) => Ok(named(rest.trim()).unwrap_or_else(|| of_mark(Mark::Yes, true))),
        Some(other) => Ok(of_mark(other, false)),
        None => named(cell).ok_or_else(|| match parse_boolean(cell) {
            Err(remark) => remark,
            Ok(_) => invalid(cell),
        }),
    }
}

/// Puts together what several cells of a row say: days in one and times in another mean these times of these days. Where pairs
/// of such cells follow each other (曜日1, 時間帯1, 曜日2, 時間帯2), each is of its own.
pub fn together(cells: &[(Says, Vec<DayPart>)]) -> Vec<DayPart> {
    let is_of = |says: &Says, of: Says| [of, Says::Any].contains(says);
    let is_pair = |pair: &[(Says, Vec<DayPart>)]| match pair {
        [(one, _), (other, _)] => {
            (is_of(one, Says::Days) && is_of(other, Says::Parts))
                || (is_of(one, Says::Parts) && is_of(other, Says::Days))
        }
        _ => false,
    };
    let pairs: Vec<&[(Says, Vec<DayPart>)]> = cells.chunks(2).collect();
    let says_nothing = |pair: &[(Says, Vec<DayPart>)]| pair.iter().all(|(says, _)| *says == Says::Nothing);
    let are_pairs = pairs.iter().all(|pair| is_pair(pair) || says_nothing(pair));
    match are_pairs {
        true => pairs.into_iter().flat_map(join).collect(),
        false => join(cells),
    }
}

fn join(cells: &[(Says, Vec<DayPart>)]) -> Vec<DayPart> {
    let has = |says: Says| cells.iter().any(|(own, _)| *own == says);
    let all = |says: Says| {
        let those = cells.iter().filter(move |(own, _)| *own == says);
        those.flat_map(|(_, parts)| parts.iter().copied())
    };
    let parts: Vec<DayPart> = all(Says::Parts).collect();
    let mut found: Vec<DayPart> = match (has(Says::Days), has(Says::Parts)) {
        (true, true) => all(Says::Days).filter(|part| parts.contains(part)).collect(),
        (true, false) => all(Says::Days).collect(),
        // Of which days is what can't be read.
        (false, true) if has(Says::Unread) => Vec::new(),
        (false, true) => parts,
        (false, false) if has(Says::Both) => Vec::new(),
        (false, false) => all(Says::Any).collect(),
    };
    found.extend(all(Says::Both));
    found
}

/// Parses day-parts, if all of the cell can be read.
pub fn day_parts(cell: &str) -> CellResult<Vec<DayPart>> {
    let days = read(cell)?;
    match days.unknown.first() {
        None => Ok(days.parts),
        Some(unknown) => Err(invalid(unknown)),
    }
}

/// Reads what a cell says about days, as far as it can be read.
pub fn read(cell: &str) -> CellResult<Days> {
    if cell.starts_with('[')
        && let Ok(items) = serde_json::from_str::<Vec<String>>(cell)
    {
        return match items.is_empty() {
            true => Ok(Days::default()),
            false => read(&items.join("、")),
        };
    }
    let mut reader = Reader::default();
    let text = without_spaces(&fold(cell));
    let mut rest = text.as_str();
    while let Some(next) = rest.chars().next() {
        let tail = reader.token(rest).unwrap_or_else(|| {
            // 月曜：会議
            reader.is_refused |= reader.is_behind_separator && reader.days != 0;
            reader.unknown.push(next);
            reader.is_within_words = true;
            rest.get(next.len_utf8()..).unwrap_or_default()
        });
        let word = rest.get(..rest.len() - tail.len()).unwrap_or_default();
        reader.is_behind_separator = separator(word) == Some("");
        reader.is_behind_comma = word.starts_with(COMMAS) || word.starts_with(OPENING);
        reader.is_behind_word = WORDS_OF_DAYS.contains(&word);
        rest = tail;
    }
    reader.finish(cell)
}

fn invalid(text: &str) -> Remark {
    let text: String = text.chars().take(80).collect();
    Remark::new(
        "invalid_day_part",
        format!(
            "「{text}」は曜日や時間帯として読み取れません。「土曜午前」「平日夜」のように入力してください。"
        ),
        format!("{text:?} is not a weekday or time of day. Write it like saturday_morning or 平日夜."),
    )
}

/// Says that a cell has more than days and parts of days.
pub fn inexact(text: &str) -> Remark {
    Remark::new(
        "inexact_day_parts",
        format!("「{text}」は曜日と時間帯だけを取り込みました。"),
        format!("Only weekdays and times of day were imported from {text:?}."),
    )
}

/// Reads a reading of days word by word.
#[derive(Default)]
struct Reader {
    set: u32,
    days: u8,
    parts: u8,
    /// The last day that was named, and whether a range to the next day is open.
    last_day: Option<u8>,
    is_range: bool,
    /// Whether parts were named since the last day.
    has_parts: bool,
    /// Days of the list that were named once more: 毎日 日曜を除く.
    named_again: u8,
    /// What the list isn't about.
    list_except: u32,
    /// The days and parts of the list before a bracket, while the bracket is open.
    outer: Option<(u8, u8)>,
    /// The parts that were named last, here and of that list: of 午前、午後（13時〜17時） the hours are about the afternoon.
    last_parts: u8,
    outer_last_parts: u8,
    /// The days of that list since the last comma, and those to which the bracket has given parts of their own.
    outer_recent: u8,
    outer_named: u8,
    /// Whether a のうち opened the bracket, so that a comma closes it.
    is_of_list: bool,
    /// Whether the bracket adds to the list, 毎日（土日も可）, or says something of some of its days, 月〜金（水曜は午前）.
    adds_to_list: bool,
    is_about_some: bool,
    /// Whether the list is what the list before it isn't about, because a word before it says so: 除く水曜, except Sunday.
    is_excepted: bool,
    /// Whether a word accepts the list, so that the next day begins another: 土日可、平日は夜.
    is_accepted: bool,
    /// Whether the list began with a part: 夜間 月・水.
    begins_with_part: bool,
    /// The days of the list since the last comma, and whether one of them was the last word.
    recent: u8,
    is_after_day: bool,
    /// Parts behind a comma: of 土日、午前は不可 only they are denied.
    parts_apart: u8,
    /// The days of the list before, for a part that has none of its own: 午前 土日 10時〜12時.
    days_before: u8,
    /// Whether the set is what an exclusion left of the whole week: what is named after it narrows it, and what was excluded
    /// doesn't come back.
    is_remainder: bool,
    denied: u32,
    /// Whether the cell denies what can't be told.
    is_refused: bool,
    unknown: String,
    unknowns: Vec<String>,
    is_inexact: bool,
    /// The days that a list isn't about: 水曜以外の平日.
    except: u32,
    /// Whether what comes next belongs to words that can't be read: the 日 of 休みの日 is no Sunday.
    is_within_words: bool,
    has_named_days: bool,
    has_named_parts: bool,
    /// Whether a day has nothing behind its colon, and whether one has a denial there: 月：×. It says nothing of days that
    /// the cell doesn't name.
    has_empty_days: bool,
    denies_in_form: bool,
    /// What the last word was.
    is_behind_separator: bool,
    is_behind_comma: bool,
    is_behind_word: bool,
    /// Whether nothing but small words came since the last day or part.
    is_close: bool,
    /// Whether the cell accepts what follows, so that a denial would be about what follows it, too: ○月水 ×火.
    accepts_next: bool,
    /// Whether a day follows a denial without a comma, and nothing accepts it yet: 月水×火.
    is_doubtful: bool,
}

/// All days, or all parts of the days that are named before: 平日いつでも.
const ANY: [&str; 11] = [
    "いつでも",
    "何時でも",
    "全日",
    "不問",
    "随時",
    "問わない",
    "問いません",
    "問わず",
    "指定なし",
    "any time",
    "anytime",
];
const DAYS: [(&str, u8); 45] = [
    ("毎日", ALL_DAYS),
    ("曜日不問", ALL_DAYS),
    ("曜日問わず", ALL_DAYS),
    ("曜日は問わない", ALL_DAYS),
    ("全曜日", ALL_DAYS),
    ("everyday", ALL_DAYS),
    ("every day", ALL_DAYS),
    ("any day", ALL_DAYS),
    ("daily", ALL_DAYS),
    ("土日祝日", 0b1110_0000),
    ("土日祝", 0b1110_0000),
    ("土日", 0b110_0000),
    ("平日", 0b001_1111),
    ("週末", 0b110_0000),
    ("休日", 0b110_0000),
    ("weekdays", 31),
    ("weekday", 31),
    ("weekends", 96),
    ("weekend", 96),
    ("monday", 1),
    ("tuesday", 2),
    ("wednesday", 4),
    ("thursday", 8),
    ("friday", 16),
    ("saturday", 32),
    ("sunday", 64),
    ("mon", 1),
    ("tue", 2),
    ("wed", 4),
    ("thur", 8),
    ("thu", 8),
    ("fri", 16),
    ("sat", 32),
    ("sun", 64),
    ("祝日", HOLIDAYS),
    ("月", 1),
    ("火", 2),
    ("水", 4),
    ("木", 8),
    ("金", 16),
    ("土", 32),
    ("日", 64),
    ("祝祭日", HOLIDAYS),
    ("祝", HOLIDAYS),
    ("holiday", HOLIDAYS),
];
const PARTS: [(&str, u8); 35] = [
    ("時間帯不問", 7),
    ("時間帯問わず", 7),
    ("時間帯は問わない", 7),
    ("時間帯は不問", 7),
    ("時間不問", 7),
    ("時間問わず", 7),
    ("早朝", 1),
    ("朝夕", 5),
    ("朝晩", 5),
    ("午前中", 1),
    ("午前", 1),
    ("朝", 1),
    ("午後", 2),
    ("お昼", 2),
    ("昼間", 3),
    ("昼", 2),
    ("日中", 3),
    ("夕方", 4),
    ("夕刻", 4),
    ("深夜", 4),
    ("夜間", 4),
    ("夜遅く", 4),
    ("夜", 4),
    ("晩", 4),
    ("終日", 7),
    ("一日中", 7),
    ("1日中", 7),
    ("all day", 7),
    ("daytime", 3),
    ("am", 1),
    ("pm", 2),
    ("morning", 1),
    ("afternoon", 2),
    ("evening", 4),
    ("night", 4),
];
/// Words that change nothing.
const NEUTRAL: [&str; 59] = [
    "無理のない範囲で",
    "無理のない範囲",
    "無理なく",
    "の間",
    "または",
    "もしくは",
    "又は",
    "あるいは",
    "および",
    "及び",
    "いずれも",
    "or",
    "and",
    "それぞれ",
    "か",
    "や",
    "+",
    "毎週",
    "曜日",
    "曜",
    "のみ",
    "の",
    "は",
    "なら",
    "であれば",
    "だけ",
    "中心に",
    "中心",
    "希望",
    "できれば",
    "主に",
    "特に",
    "を含む",
    "含む",
    "どちらでも",
    "どちらも",
    "まで",
    "every",
    "on",
    "only",
    "対応",
    "参加",
    "活動",
    "・",
    "、",
    ",",
    ";",
    "/",
    "|",
    "\n",
    "(",
    ")",
    "_",
    "。",
    "・",
    "&",
    "と",
    "も",
    " ",
];
/// Those of them with which a bracket adds to the list before it, and those that leave open whether it is all of that.
const ADDING: [&str; 3] = ["も", "を含む", "含む"];
const HEDGES: [&str; 3] = ["できれば", "主に", "特に"];
/// What ends a thought.
const COMMAS: [char; 7] = ['、', ',', ';', '/', '|', '\n', '。'];
/// What may stand between a day and its part.
const SEPARATORS: [&str; 15] = [
    ":", "→", "⇒", "⇨", "->", "=>", "=", "..", "】", "]", "》", "〉", "〕", "』", "」",
];
/// Those that may also say what became of something: 月→水.
const ARROWS: [&str; 5] = ["→", "⇒", "⇨", "->", "=>"];
const OPENING: [char; 7] = ['【', '[', '《', '〈', '〔', '『', '「'];
/// Words with which 日 is no Sunday: 活動日：土.
const WORDS_OF_DAYS: [&str; 5] = ["希望", "参加", "活動", "対応", "可能"];
/// Words that leave open whether somebody comes.
const UNSURE: [&str; 10] = [
    "要相談",
    "応相談",
    "ご相談",
    "相談",
    "要調整",
    "調整中",
    "検討中",
    "未定",
    "△",
    "▲",
];
/// Words that accept the days before them.
const ACCEPT: [&str; 8] = ["可能", "可", "ok", "○", "〇", "◯", "◎", "大丈夫"];
/// Words that say how often, which day-parts can't.
const OFTEN: [&str; 6] = ["隔週", "毎月", "月に", "不定期", "程度", "くらい"];
const RANGE: [&str; 9] = ["~", "〜", "-", "–", "ー", "から", "―", " to ", " to"];
const EXCEPT: [&str; 8] = [
    "以外",
    "を除く",
    "を除いて",
    "を除いた",
    "は除く",
    "除く",
    "を除き",
    "除外",
];
/// Words that deny the days before them.
const DENY: [&str; 13] = [
    "不可能",
    "不可",
    "ng",
    "×",
    "ダメ",
    "だめ",
    "駄目",
    "できません",
    "できない",
    "出来ません",
    "出来ない",
    "行けません",
    "行けない",
];
/// Words that deny if nothing follows: 無理のない範囲で denies nothing.
const DENY_LAST: [&str; 3] = ["無理", "難しい", "厳しい"];
/// Words before what is excepted.
const EXCEPT_NEXT: [&str; 6] = ["除く", "除:", "除", "except for", "except", "excluding"];
/// Words that deny, and don't tell what: no weekends, Mondays off. In a bracket they except: weekdays (not Wed).
const REFUSE: [&str; 21] = [
    "not",
    "no",
    "never",
    "nor",
    "neither",
    "unavailable",
    "unable",
    "cannot",
    "can't",
    "can’t",
    "cant",
    "don't",
    "don’t",
    "dont",
    "won't",
    "won’t",
    "wont",
    "impossible",
    "busy",
    "closed",
    "off",
];
/// What deny within words that can't be read.
const DENY_WITHIN: [&str; 9] = [
    "ない",
    "ません",
    "できな",
    "都合が悪",
    "悪い",
    "不在",
    "不参加",
    "不都合",
    "欠席",
];
/// What these say is welcome: 土日でもかまいません, of which か is a word.
const WELCOME: [&str; 10] = [
    "構いません",
    "まいません",
    "構わない",
    "まわない",
    "問題ありません",
    "問題ない",
    "支えありません",
    "支えない",
    "限りません",
    "限らない",
];

impl Reader {
    /// Reads a word, and returns what follows it.
    fn token<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let strip = |word: &str| strip(text, word);
        let is_within_words = std::mem::take(&mut self.is_within_words);
        let is_behind_word = std::mem::take(&mut self.is_behind_word);
        let is_letter = |c: char| c.is_ascii_alphabetic();
        if is_within_words && self.unknown.ends_with(is_letter) && text.starts_with(is_letter) {
            return None;
        }
        let is_named = self.days != 0 || self.parts != 0;
        if let Some(tail) = text.strip_prefix("以外").and_then(denial)
            && is_named
        {
            // 土日以外不可: these days, and no others.
            return Some(tail);
        }
        if !is_named
            && self.unknown.is_empty()
            && let Some(tail) = EXCEPT_NEXT.iter().find_map(|word| strip(word))
            && (self.outer.is_some() || DAYS.iter().any(|(word, _)| tail.trim_start().starts_with(word)))
        {
            self.is_excepted = true;
            return Some(tail);
        }
        if let Some(tail) = REFUSE.iter().find_map(|word| strip(word)) {
            if self.outer.is_some() && !is_named && self.unknown.is_empty() {
                self.is_excepted = true;
                return Some(tail);
            }
            self.is_refused = true;
            return None;
        }
        if is_named
            && let Some(tail) = ["except for", "except", "excluding", "but not"]
                .iter()
                .find_map(|word| strip(word))
        {
            self.end_unknown();
            self.close_bracket();
            self.outer = Some((self.days, self.parts));
            self.begin_list();
            self.is_excepted = true;
            return Some(tail);
        }
        if let Some(tail) = unsure(text).filter(|_| self.unknown.is_empty()) {
            if self.is_close {
                self.is_refused |= self.accepts_next && self.outer.is_none();
                self.drop_unsure();
                return Some(tail);
            }
            // 要相談：土日
            self.is_refused |= begins_with_day(separator(tail).unwrap_or(tail));
        }
        let excepting = EXCEPT.iter().find_map(|word| strip(word));
        if let Some(tail) = excepting.or_else(|| denial(text)) {
            if excepting.is_none() {
                // 不可：月, 不可な日は月, 月水、×火: what follows is denied, too.
                self.is_refused |= (self.accepts_next && self.outer.is_none())
                    || separator(tail).is_some()
                    || (tail.starts_with(['日', 'な', 'の']) && !tail.starts_with("日曜"))
                    || (self.is_behind_comma && begins_with_day(tail));
                self.is_doubtful |= begins_with_day(tail) && !self.is_behind_separator;
                self.denies_in_form |= self.is_behind_separator;
            }
            // 年末年始を除く: what can't be read is no day of the list.
            if !self.unknown.is_empty() && excepting.is_some() {
                self.end_unknown();
                self.is_inexact = true;
                return Some(tail);
            }
            // 不可 alone: nobody says when else. 不可：水曜 denies what follows.
            if !is_named || !self.unknown.is_empty() {
                self.is_refused |= excepting.is_none();
                return None;
            }
            let is_first = self.set == 0 && self.outer.is_none() && self.named_again == 0;
            let named = tail.strip_prefix('の').unwrap_or(tail);
            if is_first && (tail != named || begins_with_day(named)) {
                self.except |= self.take_excluded();
                return Some(named);
            }
            self.exclude();
            return Some(tail);
        }
        let of_list = text.strip_prefix("のうち").filter(|_| self.days != 0);
        if let Some(tail) = of_list.or_else(|| ["(", "ただし", "但し"].iter().find_map(|word| strip(word)))
        {
            self.end_unknown();
            self.close_bracket();
            if self.days != 0 || self.parts != 0 {
                (self.outer, self.outer_recent) = (Some((self.days, self.parts)), self.recent);
                self.outer_last_parts = self.last_parts;
                self.begin_list();
                (self.adds_to_list, self.is_about_some, self.outer_named) = (false, false, 0);
                self.is_of_list = of_list.is_some();
            }
            return Some(tail);
        }
        if let Some(tail) = strip(")") {
            self.end_unknown();
            self.close_bracket();
            return Some(tail);
        }
        if self.unknown.is_empty()
            && let Some(tail) = text.strip_prefix(OPENING)
        {
            (self.recent, self.is_after_day, self.is_close) = (0, false, false);
            return Some(tail);
        }
        if self.unknown.is_empty()
            && let Some(tail) = separator(text)
        {
            // 月→水, 午前→午後: what it was before, or from one to another.
            let is_arrow = ARROWS.iter().any(|arrow| text.starts_with(arrow));
            self.is_refused |= is_arrow && (self.has_parts || begins_with_day(tail));
            return Some(tail);
        }
        if let Some(tail) = ANY.iter().find_map(|word| strip(word)) {
            match self.days {
                0 if self.has_empty_days => self.is_refused = true,
                // 平日（いつでも）
                0 if self.outer.is_some_and(|(days, _)| days != 0) => self.add_parts(ALL_PARTS, tail),
                0 => {
                    let has_named_days = self.has_named_days;
                    self.begin_days(ALL_DAYS);
                    self.has_named_days = has_named_days;
                }
                _ => self.add_parts(ALL_PARTS, tail),
            }
            return Some(tail);
        }
        if let Some(tail) = ordinal(text).or_else(|| often(text)) {
            self.is_inexact = true;
            return Some(tail);
        }
        if let Some((hours, tail)) = hours(text) {
            self.add_parts(hours, tail);
            return Some(tail);
        }
        let find = |list: &[(&str, u8)]| list.iter().find_map(|(word, set)| Some((strip(word)?, *set)));
        // 夜勤, 昼休み: a character within other words is no part.
        let is_part = |tail: &str| !tail.starts_with(['勤', '食', '礼', '休', '学', '寝', '市']);
        if let Some((tail, set)) = find(&PARTS).filter(|(tail, _)| is_part(tail)) {
            let (set, tail) = span_of_parts(set, tail);
            self.add_parts(set, tail);
            return Some(tail);
        }
        if let Some((tail, set)) = find(&DAYS) {
            // 月末, 日によって, 来月, 休みの日: a character within other words is no day.
            let is_character = text
                .chars()
                .next()
                .is_some_and(|c| text.len() - tail.len() == c.len_utf8());
            let is_sure = !is_character || tail.starts_with('曜');
            if !is_within_words && let Some(tail) = without_value(tail) {
                self.end_unknown();
                (self.has_empty_days, self.is_close) = (true, false);
                return Some(tail);
            }
            if is_behind_word && !is_sure && set == SUNDAY {
                let is_list = begins_with_day(tail);
                if is_list || separator(tail).is_some() || tail.starts_with(['は', 'が']) {
                    // 活動 日月 may be a Sunday.
                    self.is_inexact |= is_list;
                    return Some(tail);
                }
            }
            if !is_sure && (is_within_words || !is_word_at(tail, MOST_CHARACTERS)) {
                return None;
            }
            self.begin_days(set);
            return Some(tail);
        }
        if self.last_day.is_some()
            && !self.has_parts
            && let Some(tail) = RANGE.iter().find_map(|word| strip(word))
        {
            self.is_range = true;
            return Some(tail);
        }
        if let Some(tail) = ACCEPT.iter().find_map(|word| strip(word)) {
            self.end_unknown();
            // 除く水曜、土日可: where the exception ends is a guess.
            self.is_refused |= self.is_excepted && self.outer.is_none();
            let is_first = !is_named && self.set == 0 && self.outer.is_none();
            // 可能日, 可能な曜日 only name what follows; ○日曜 accepts it.
            let is_name = tail.starts_with(['日', 'な', 'の', '曜']) && !tail.starts_with("日曜");
            self.accepts_next |= is_first && (!is_name || text.starts_with(['○', '〇', '◯', '◎']));
            self.is_doubtful &= self.days == 0;
            self.is_accepted = is_named;
            return Some(tail);
        }
        let tail = NEUTRAL.iter().find_map(|word| strip(word))?;
        self.end_unknown();
        if self.outer.is_some() {
            self.adds_to_list |= ADDING.iter().any(|word| text.starts_with(word));
            self.is_about_some |= text.starts_with('は');
            self.is_inexact |= HEDGES.iter().any(|word| text.starts_with(word));
        }
        if text.starts_with(COMMAS) {
            // 平日のうち火、木、土日は終日
            let next = DAYS.iter().find(|(word, _)| tail.starts_with(word));
            let is_of = |(days, _)| next.is_some_and(|(_, next)| next & days == *next);
            if self.is_of_list && !self.outer.is_some_and(is_of) {
                self.close_bracket();
            }
            (self.recent, self.is_after_day, self.is_close) = (0, false, false);
        }
        // 平日不可土日のみ
        self.is_doubtful &= self.days == 0 || !["のみ", "だけ"].iter().any(|word| text.starts_with(word));
        self.is_within_words = is_within_words && text.starts_with('の');
        Some(tail)
    }

    fn begin_days(&mut self, set: u8) {
        self.end_unknown();
        self.has_named_days = true;
        let is_ended = (self.has_parts && !self.begins_with_part) || self.is_accepted;
        if is_ended && self.days != 0 && !self.is_excepted {
            self.outer_named |= self.days;
            self.flush();
        }
        let is_one = set.is_power_of_two() && set != HOLIDAYS;
        let days = match self.last_day.filter(|_| self.is_range && is_one) {
            Some(from) => between(from, set),
            None => set,
        };
        // 平日：火・木
        if self.is_behind_separator && !self.has_parts && days & self.days == days {
            self.days = 0;
        }
        self.is_range = false;
        self.last_day = is_one.then_some(set);
        // 平日、祝日を除く: holidays fall on days of the list.
        let falls_on_list = days == HOLIDAYS && self.days == WEEKDAYS;
        if days & !self.days == 0 || falls_on_list {
            self.named_again |= days;
        }
        self.days |= days;
        self.recent |= days;
        (self.is_after_day, self.is_close) = (true, true);
    }

    fn add_parts(&mut self, set: u8, tail: &str) {
        // 月★午前: of which day is not known.
        self.is_refused |= is_unread_day(&self.unknown) || (self.has_empty_days && self.days == 0);
        self.end_unknown();
        (self.has_named_parts, self.is_close) = (true, true);
        if self.begins_with_part && self.days != 0 {
            // 午前 月・水、土の午後 goes on with its last days, 午前 月・水、午後 土 begins again.
            // Before days it begins again, too: 午前：月水 午後：火.
            let is_heading = match separator(tail) {
                Some(tail) => begins_with_day(tail),
                None => begins_with_day(tail) && self.recent == self.days,
            };
            let own = match self.is_after_day && !is_heading {
                true => self.recent,
                false => 0,
            };
            self.days &= !own;
            match self.days {
                0 => self.begin_list(),
                _ => self.flush(),
            }
            self.days = own;
        }
        self.begins_with_part |= self.days == 0;
        if self.days != 0 && !self.is_after_day && (!self.has_parts || self.parts_apart != 0) {
            self.parts_apart |= set;
        }
        self.parts |= set;
        self.last_parts = set;
        self.has_parts = true;
        self.is_range = false;
    }

    fn end_unknown(&mut self) {
        if !self.unknown.is_empty() {
            self.unknowns.push(std::mem::take(&mut self.unknown));
            self.is_close = false;
        }
    }

    fn begin_list(&mut self) {
        (self.days, self.parts, self.has_parts, self.last_day) = (0, 0, false, None);
        (
            self.is_range,
            self.named_again,
            self.is_accepted,
            self.begins_with_part,
        ) = (false, 0, false, false);
        (self.recent, self.is_after_day, self.parts_apart) = (0, false, 0);
    }

    /// Ends the list, and returns the parts of its days.
    fn take(&mut self) -> u32 {
        let (days, parts) = (self.days, self.parts);
        self.begin_list();
        // Holidays fall on any day of the week.
        self.is_inexact |= days & HOLIDAYS != 0 && days & SUNDAY == 0;
        let except = std::mem::take(&mut self.list_except);
        match (days, parts) {
            (0, 0) => 0,
            (0, parts) => mask(ALL_DAYS, parts) & !except,
            (days, 0) => mask(days, ALL_PARTS) & !except,
            (days, parts) => mask(days, parts) & !except,
        }
    }

    /// Ends a list of what is excluded. No day of the week goes for the holidays that may fall on it.
    fn take_excluded(&mut self) -> u32 {
        let is_holiday = self.days & HOLIDAYS != 0;
        self.is_inexact |= is_holiday;
        self.days &= !HOLIDAYS;
        if self.days == 0 && is_holiday {
            self.begin_list();
        }
        self.take()
    }

    fn flush(&mut self) {
        if self.days == 0 && self.parts != 0 {
            if self.is_remainder {
                self.set &= self.take();
                return;
            }
            self.days = self.days_before;
        }
        self.days_before |= self.days;
        let named = self.take();
        // 水曜は不可、木・金は可
        if named != 0 && std::mem::take(&mut self.is_remainder) {
            self.set &= named;
        } else {
            self.set |= named & !self.denied;
        }
    }

    /// Takes the days named last away from their list, from the lists before it, or from all.
    fn exclude(&mut self) {
        if let Some((days, parts)) = self.outer.take() {
            let gone = self.take_excluded();
            (self.days, self.parts, self.has_parts) = (days, parts, parts != 0);
            self.list_except |= gone;
        } else if self.parts_apart != 0 && self.parts_apart == self.parts {
            self.list_except |= mask(self.days, self.parts);
            (self.parts, self.has_parts, self.parts_apart) = (0, false, 0);
        } else if self.named_again != 0 && self.named_again != self.days {
            let again = std::mem::take(&mut self.named_again);
            if again & HOLIDAYS != 0 {
                self.is_inexact = true;
                self.days &= !HOLIDAYS;
            }
            self.list_except |= mask(again & !HOLIDAYS, ALL_PARTS);
        } else {
            let gone = self.take_excluded();
            let from = match self.set {
                0 => (1 << DAY_PARTS) - 1,
                set => set,
            };
            self.is_remainder |= self.set == 0;
            if self.is_remainder {
                self.denied |= gone;
            }
            self.set = from & !gone;
        }
    }

    /// Takes what is still to be talked about out of the list: 平日夜、土日は応相談.
    fn drop_unsure(&mut self) {
        (self.is_inexact, self.is_close) = (true, false);
        let is_named = self.days != 0 || self.parts != 0;
        let is_apart = self.parts_apart != 0 && self.parts_apart == self.parts;
        if !is_named {
            // 土日（応相談）
            self.outer = None;
        } else if self.outer.is_some() || is_apart {
            self.exclude();
        } else if self.days == 0 || self.recent & self.days == self.days {
            self.begin_list();
        } else if self.recent != 0 {
            self.days &= !self.recent;
            self.named_again &= self.days;
        } else {
            self.is_refused = true;
        }
    }

    /// Goes on with the list before a bracket that excluded nothing: 月〜金（水曜は午前のみ）, 火曜（午前中のみ）.
    fn close_bracket(&mut self) {
        if std::mem::take(&mut self.is_excepted) {
            self.exclude();
            return;
        }
        let Some((days, parts)) = self.outer.take() else {
            return;
        };
        let inner = (self.days, self.parts);
        let recent = std::mem::take(&mut self.outer_recent);
        let adds = std::mem::take(&mut self.adds_to_list);
        let is_about_some = std::mem::take(&mut self.is_about_some);
        self.is_of_list = false;
        self.begin_list();
        (self.days, self.parts) = (days, parts);
        match inner {
            // 午後（18時まで）, 午前（9時〜12時）、午後（13時〜17時）
            (0, of_days) if of_days & parts != 0 => {
                self.parts = (parts & !self.outer_last_parts) | (parts & of_days);
                self.last_parts = self.parts & self.outer_last_parts;
            }
            (0, of_days) => self.parts |= of_days,
            // 月〜金（水曜は午前のみ）, 夜（土日は午前も可）
            (some, of_some)
                if of_some != 0 && some != days && (is_about_some || adds || some & days != some) =>
            {
                self.set |= mask(some, of_some);
                self.list_except |= mask((some | self.outer_named) & days, ALL_PARTS);
            }
            // 平日午前（火・木）, 平日、土日（土）
            (some, of_some) if some & days != 0 && !adds => {
                self.is_inexact |= some & days != some || (of_some != 0 && some != days);
                let others = match some & recent == some {
                    true => days & !recent,
                    false => 0,
                };
                self.days = others | some;
                self.parts = match of_some & parts {
                    0 => parts | of_some,
                    both => both,
                };
            }
            (more, of_more) => (self.days, self.parts) = (days | more, parts | of_more),
        }
        self.has_parts = self.parts != 0;
        self.begins_with_part = days == 0 && parts != 0;
    }

    fn finish(mut self, cell: &str) -> CellResult<Days> {
        self.end_unknown();
        self.close_bracket();
        self.flush();
        self.is_refused |= self.denies_in_form && (self.is_remainder || self.set == 0);
        if self.except != 0 {
            let from = if self.set == 0 {
                (1 << DAY_PARTS) - 1
            } else {
                self.set
            };
            self.set = from & !self.except;
        }
        let denies = |text: &String| {
            let begins = ["休み", "お休み", "定休", "仕事", "勤務", "学校", "授業"]
                .iter()
                .any(|word| text.starts_with(word));
            let is_after = ["帰り", "後", "終", "休みの日"]
                .iter()
                .any(|word| text.contains(word));
            let bare = WELCOME
                .iter()
                .fold(text.clone(), |text, word| text.replace(word, ""));
            let mut denying = DENY.iter().chain(&DENY_LAST).chain(&DENY_WITHIN);
            (begins && !is_after) || denying.any(|word| bare.contains(word))
        };
        // Parts alone are those of all days, unless days are among what can't be read.
        let is_of_days = || !self.has_named_days && self.unknowns.iter().any(|text| names_day(text));
        if self.set == 0
            || self.is_refused
            || self.is_doubtful
            || self.unknowns.iter().any(denies)
            || is_of_days()
        {
            return Err(invalid(cell));
        }
        let parts = (0..DAY_PARTS).filter(|i| self.set & (1 << i) != 0);
        Ok(Days {
            parts: parts.filter_map(DayPart::at).collect(),
            unknown: self.unknowns,
            is_inexact: self.is_inexact,
            says: match (self.has_named_days, self.has_named_parts) {
                (true, false) => Says::Days,
                (false, true) => Says::Parts,
                (false, false) => Says::Any,
                (true, true) => Says::Both,
            },
        })
    }
}

/// Returns these parts of these days.
fn mask(days: u8, parts: u8) -> u32 {
    let days = match days & HOLIDAYS {
        0 => days,
        _ => days | 64,
    };
    let of_day = |day: u32| match days & (1 << day) != 0 {
        true => u32::from(parts) << (3 * day),
        false => 0,
    };
    (0..7).map(of_day).sum()
}

/// Returns a text without the spaces that separate no words of letters and no numbers.
fn without_spaces(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut is_space = false;
    for c in text.chars() {
        if c.is_whitespace() && c != '\n' {
            is_space = true;
            continue;
        }
        let before = short.chars().next_back().filter(|_| is_space);
        let is_alike = before.is_some_and(|before| {
            (before.is_ascii_alphabetic() && c.is_ascii_alphabetic())
                || (before.is_ascii_digit() && c.is_ascii_digit())
        });
        if is_alike {
            short.push(' ');
        }
        short.push(c);
        is_space = false;
    }
    short
}

/// Returns what follows a word. A word of letters ends where they end, apart from the plural: mon is not in monthly.
fn strip<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let rest = text.strip_prefix(word)?;
    let is_letter = |c: char| c.is_ascii_alphabetic();
    if !word.ends_with(is_letter) {
        return Some(rest);
    }
    let plural = rest.strip_prefix('s').unwrap_or(rest);
    [rest, plural]
        .into_iter()
        .find(|rest| !rest.starts_with(is_letter))
}

/// Returns what follows a denial: は不可, ではNG, 無理です.
fn denial(text: &str) -> Option<&str> {
    let text = ["の日は", "では", "は"]
        .iter()
        .find_map(|word| text.strip_prefix(word))
        .unwrap_or(text);
    let text = ["参加", "活動", "対応"]
        .iter()
        .find_map(|word| text.strip_prefix(word))
        .unwrap_or(text);
    let is_end = |rest: &&str| {
        let rest = rest.strip_prefix("です").unwrap_or(rest);
        rest.is_empty() || rest.starts_with(['、', ',', '。', ')', ';', '/', '・', '\n'])
    };
    let last = || {
        let mut ends = DENY_LAST.iter().filter_map(|word| text.strip_prefix(word));
        ends.find(is_end)
            .map(|rest| rest.strip_prefix("です").unwrap_or(rest))
    };
    DENY.iter().find_map(|word| strip(text, word)).or_else(last)
}

/// Returns what follows a word that leaves something open: は応相談, 要調整.
fn unsure(text: &str) -> Option<&str> {
    let bare = text.strip_prefix(['は', 'も', 'が']).unwrap_or(text);
    UNSURE.iter().find_map(|word| bare.strip_prefix(word))
}

/// Returns what follows a colon, an arrow, dots or a closing bracket.
fn separator(text: &str) -> Option<&str> {
    let rest = SEPARATORS.iter().find_map(|word| text.strip_prefix(word))?;
    Some(rest.trim_start_matches(['.', ':']))
}

fn begins_with_day(text: &str) -> bool {
    DAYS.iter().any(|(word, _)| text.starts_with(word))
}

/// Returns what follows the colon behind a day if nothing is written there: 月：　火：夜.
fn without_value(behind_day: &str) -> Option<&str> {
    let bare = |text: &'_ str| {
        let names = ["曜日", "曜"].iter();
        names
            .filter_map(|word| text.strip_prefix(word))
            .map(str::len)
            .next()
    };
    let without_name = |text: &'_ str| text.len() - bare(text).unwrap_or(text.len());
    let rest = behind_day.get(without_name(behind_day)..)?.strip_prefix(':')?;
    let is_next = || {
        let mut days = DAYS.iter().filter_map(|(word, _)| rest.strip_prefix(word));
        days.any(|tail| {
            tail.get(without_name(tail)..)
                .is_some_and(|tail| tail.starts_with(':'))
        })
    };
    (rest.is_empty() || rest.starts_with(COMMAS) || is_next()).then_some(rest)
}

fn is_day_character(c: char) -> bool {
    "月火水木金土日祝".contains(c)
}

/// Returns whether a text that can't be read is days with signs around them: 月★, ◆水.
fn is_unread_day(text: &str) -> bool {
    text.contains(is_day_character) && !text.chars().any(|c| c.is_alphanumeric() && !is_day_character(c))
}

/// Returns whether a text that can't be read has what may be a day: 月は in ◆月は. In 4月 and 来月 there is none.
fn names_day(text: &str) -> bool {
    let before = std::iter::once(' ').chain(text.chars());
    let mut pairs = before.zip(text.chars());
    pairs.any(|(before, c)| is_day_character(c) && !before.is_alphanumeric())
}

/// Reads what may follow a part: 夕方以降, 昼まで, 午前〜午後, 朝から晩まで.
fn span_of_parts(set: u8, tail: &str) -> (u8, &str) {
    let first = set & set.wrapping_neg();
    let from = ALL_PARTS & !(first - 1);
    let until = |set: u8| match set {
        2 => 1,
        4 => 3,
        set => set,
    };
    if let Some(tail) = ["以降", "以後"].iter().find_map(|word| tail.strip_prefix(word)) {
        return (from, tail);
    }
    let ends = ["まで", "以前", "前"].iter();
    if let Some(tail) = ends.filter_map(|word| tail.strip_prefix(word)).next()
        && !tail.starts_with('後')
    {
        return (until(set), tail);
    }
    let Some(rest) = RANGE.iter().find_map(|word| tail.strip_prefix(word)) else {
        return (set, tail);
    };
    if let Some((to, rest)) = clock(rest) {
        let begin = [9, 13, 18]
            .get(first.trailing_zeros() as usize)
            .copied()
            .unwrap_or_default();
        return (
            parts_of(begin, to.max(begin)) & from,
            rest.strip_prefix("まで").unwrap_or(rest),
        );
    }
    let last = PARTS
        .iter()
        .find_map(|(word, set)| Some((strip(rest, word)?, *set, *word)));
    match last {
        Some((rest, last, word)) if last.is_power_of_two() && last >= first => {
            let (is_until, rest) = rest
                .strip_prefix("まで")
                .map_or((false, rest), |rest| (true, rest));
            let last = if is_until && word.starts_with('夕') {
                2
            } else {
                last
            };
            (from & ((last << 1) - 1), rest)
        }
        // 昼から: nobody says until when.
        _ if tail.starts_with("から") => (set, rest),
        _ => (set, tail),
    }
}

/// How many characters in a row may be days of the week.
const MOST_CHARACTERS: u8 = 8;

/// Returns whether a text is at its end, or goes on with a word that is known beside days. In 土木作業, 木 is none.
fn is_word_at(text: &str, characters: u8) -> bool {
    let begins = |word: &&str| text.starts_with(*word);
    let lists = ANY
        .iter()
        .chain(&NEUTRAL)
        .chain(&ACCEPT)
        .chain(&OFTEN)
        .chain(&RANGE)
        .chain(&EXCEPT);
    let words = DAYS.iter().filter(|(word, _)| word.chars().count() > 1);
    let words = words.chain(&PARTS).map(|(word, _)| word);
    let is_day = || {
        let next = text.chars().next().filter(|c| is_day_character(*c));
        let tail = next.and_then(|next| text.strip_prefix(next));
        tail.is_some_and(|tail| {
            tail.starts_with('曜') || (characters > 0 && is_word_at(tail, characters - 1))
        })
    };
    text.is_empty()
        || text.starts_with(|c: char| c.is_ascii_digit())
        || denial(text).is_some()
        || lists.chain(words).any(begins)
        || is_day()
        || ordinal(text).is_some()
        || often(text).is_some()
        || unsure(text).is_some()
        || separator(text).is_some_and(is_value)
        || text
            .strip_prefix(OPENING)
            .is_some_and(|text| is_value(text) || begins_with_day(text))
}

/// Returns whether a text begins with what may be said of a day: 午前, 10時〜12時, ○, 不可.
fn is_value(text: &str) -> bool {
    ACCEPT.iter().any(|word| text.starts_with(word))
        || PARTS.iter().any(|(word, _)| strip(text, word).is_some())
        || ANY.iter().any(|word| text.starts_with(word))
        || denial(text).is_some()
        || unsure(text).is_some()
        || ordinal(text).is_some()
        || often(text).is_some()
        || hours(text).is_some()
}

/// Returns the days from one to another, over the end of the week if need be.
fn between(from: u8, to: u8) -> u8 {
    let (mut day, mut set) = (from, 0);
    for _ in 0..7 {
        set |= day;
        if day == to {
            break;
        }
        day = if day == 64 { 1 } else { day << 1 };
    }
    set
}

/// Reads a number. One of more digits is none, and isn't read to its end: its digits are looked at one by one later.
fn digits(text: &str) -> (Option<u8>, &str) {
    const MOST: usize = 3;
    let end = text.bytes().take(MOST + 1).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(end).unwrap_or_default();
    (number.parse().ok().filter(|_| end <= MOST), rest)
}

/// Reads 第2, 第2・4, 第1と第3, 第三.
fn ordinal(text: &str) -> Option<&str> {
    let number = |text: &'_ str| match digits(text) {
        (Some(_), rest) => Some(text.len() - rest.len()),
        _ => text
            .starts_with(['一', '二', '三', '四', '五'])
            .then_some('一'.len_utf8()),
    };
    let begin = text.strip_prefix('第')?;
    let mut rest = begin.get(number(begin)?..)?;
    while let Some(more) = rest.strip_prefix(['・', ',', '、', '.', 'と']) {
        let more = more.strip_prefix('第').unwrap_or(more);
        let Some(tail) = number(more).and_then(|length| more.get(length..)) else {
            break;
        };
        rest = tail;
    }
    Some(rest.strip_prefix('週').unwrap_or(rest))
}

/// Reads 隔週, 月2回, 週1〜2回, 月に1度.
fn often(text: &str) -> Option<&str> {
    let counted = ["毎月", "月に", "週に", "月", "週", "年"]
        .iter()
        .find_map(|word| {
            let rest = text.strip_prefix(word)?;
            // 月1,2回, 月1~2回
            let is_count = |c: char| c.is_ascii_digit() || "~〜-,、・".contains(c);
            let end = rest.find(|c: char| !is_count(c))?;
            let rest = rest
                .get(end..)
                .filter(|_| rest.starts_with(|c: char| c.is_ascii_digit()))?;
            ["回程度", "回以上", "回", "日程度", "日", "度"]
                .iter()
                .find_map(|unit| rest.strip_prefix(unit))
        });
    counted.or_else(|| OFTEN.iter().find_map(|word| text.strip_prefix(word)))
}

/// Reads 18時以降, 10時〜15時, 10:00-12:00, 〜17時, and returns the parts of the day.
fn hours(text: &str) -> Option<(u8, &str)> {
    let range = |text: &str| {
        RANGE
            .iter()
            .find_map(|word| text.strip_prefix(word).map(str::len))
    };
    let after_range = |text: &'_ str| range(text).and_then(|left| text.len().checked_sub(left));
    if let Some(at) = after_range(text) {
        let (to, rest) = clock(text.get(at..)?)?;
        return Some((parts_of(0, to), rest.strip_prefix("まで").unwrap_or(rest)));
    }
    let word_before = |words: &[&str]| words.iter().find_map(|word| strip(text, word));
    if let Some(rest) = word_before(&["until", "till", "before"]) {
        let (to, rest) = clock(rest.trim_start())?;
        return Some((parts_of(0, to), rest));
    }
    let (after, text) = match word_before(&["after", "from"]) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text),
    };
    let (from, rest) = clock(text).or_else(|| hour_of_span(text))?;
    if after && after_range(rest).is_none() {
        return Some((parts_of(from, 24), rest));
    }
    for word in ["以降", "以後", "過ぎ", "より後", "すぎ"] {
        if let Some(rest) = rest.strip_prefix(word) {
            return Some((parts_of(from, 24), rest));
        }
    }
    for word in ["まで", "以前", "前"] {
        if let Some(rest) = rest.strip_prefix(word) {
            return Some((parts_of(0, from), rest));
        }
    }
    if let Some(at) = after_range(rest) {
        let rest = rest.get(at..)?;
        if let Some((_, rest)) = rest.strip_prefix('翌').and_then(clock) {
            return Some((parts_of(from, 24), rest));
        }
        let Some((to, rest)) = clock(rest)
            .or_else(|| bare_hour(rest))
            .or_else(|| end_of_part(rest))
        else {
            return Some((parts_of(from, 24), rest));
        };
        // 午後7時半〜9時, 10時〜6時.
        let to = if to <= from && to <= 12 { to + 12 } else { to };
        let to = if to > from { to } else { 24 };
        return Some((parts_of(from, to), rest.strip_prefix("まで").unwrap_or(rest)));
    }
    Some((parts_of(from, from + 1), rest))
}

/// Reads the first number of 9〜17時, 午後1〜3時, 18-21.
fn hour_of_span(text: &str) -> Option<(u8, &str)> {
    let (is_late, rest) = match text.strip_prefix("午前") {
        Some(rest) => (false, rest),
        None => ["午後", "夜"]
            .iter()
            .find_map(|word| text.strip_prefix(word))
            .map_or((false, text), |rest| (true, rest)),
    };
    let is_early = text.len() != rest.len() && !is_late;
    let (hour, rest) = digits(rest);
    let hour = hour.filter(|hour| *hour <= 24)?;
    let next = RANGE.iter().find_map(|word| rest.strip_prefix(word))?;
    let is_hour = clock(next).is_some() || bare_hour(next).is_some_and(|(to, _)| (6..to).contains(&hour));
    let hour = match hour {
        1..=11 if is_late => hour + 12,
        1..=5 if !is_early => hour + 12,
        hour => hour,
    };
    is_hour.then_some((hour, rest))
}

/// Reads a part at the end of a span, as its last hour: 9時〜夕方.
fn end_of_part(text: &str) -> Option<(u8, &str)> {
    let mut parts = PARTS.iter().filter(|(_, set)| set.is_power_of_two());
    let (rest, set) = parts.find_map(|(word, set)| Some((strip(text, word)?, *set)))?;
    let hour = match set {
        1 => 12,
        2 if text.starts_with(['昼', 'お']) => 12,
        4 if !text.starts_with('夕') => 24,
        _ => 18,
    };
    Some((hour, rest))
}

/// Reads an hour without a unit at the end of a span: 18-21.
fn bare_hour(text: &str) -> Option<(u8, &str)> {
    let (hour, rest) = digits(text);
    let is_end = rest.is_empty() || rest.starts_with([')', '、', ',', ';', '/', '・', ' ', '\n', '。']);
    Some((hour.filter(|hour| *hour <= 24 && is_end)?, rest))
}

/// Reads 18時, 18時30分, 18:30, 午後6時半, 6pm, 夜7時ごろ, 正午.
fn clock(text: &str) -> Option<(u8, &str)> {
    const MORNING: [&str; 4] = ["午前", "am", "朝", "早朝"];
    const LATER: [&str; 6] = ["午後", "pm", "夕方", "夜", "晩", "昼"];
    let strip = |words: &[&str], text: &'_ str| {
        let found = words.iter().find_map(|word| text.strip_prefix(word));
        found.map(str::len)
    };
    let tail = |left: usize, text: &'_ str| text.len() - left;
    let about = |text: &'_ str| strip(&["ごろ", "頃", "前後"], text).map_or(0, |left| tail(left, text));
    if let Some(rest) = text.strip_prefix("正午") {
        return Some((12, rest.get(about(rest)..)?));
    }
    let (early, late) = (strip(&MORNING, text), strip(&LATER, text));
    let rest = text.get(early.or(late).map_or(0, |left| tail(left, text))..)?;
    let rest = rest
        .strip_prefix('の')
        .filter(|_| rest.len() < text.len())
        .unwrap_or(rest);
    let (hour, rest) = digits(rest);
    let hour = hour.filter(|hour| *hour <= 24)?;
    let rest = after_hour(rest)?;
    let (am, pm) = (rest.strip_prefix("am"), rest.strip_prefix("pm"));
    let hour = match hour {
        12 if text.starts_with(['夜', '晩']) => 24,
        1..=11 if late.is_some() || pm.is_some() => hour + 12,
        1..=5 if early.is_none() && am.is_none() => hour + 12,
        hour => hour,
    };
    let rest = am.or(pm).unwrap_or(rest);
    Some((hour, rest.get(about(rest)..)?))
}

/// Returns what follows the minutes of an hour: 時半, 時30分, :30, or am and pm.
fn after_hour(text: &str) -> Option<&str> {
    if text.starts_with("am") || text.starts_with("pm") {
        return Some(text);
    }
    if let Some(rest) = text.strip_prefix('時') {
        // 2時間 is a length.
        if rest.starts_with('間') {
            return None;
        }
        if let Some(rest) = rest.strip_prefix('半') {
            return Some(rest);
        }
        let (minutes, after) = digits(rest);
        return Some(minutes.and_then(|_| after.strip_prefix('分')).unwrap_or(rest));
    }
    let (minutes, rest) = digits(text.strip_prefix(':')?);
    minutes.map(|_| rest)
}

/// Returns the parts of which the hours cover two or more; else the one in which they begin.
fn parts_of(from: u8, to: u8) -> u8 {
    const BOUNDS: [(u8, u8, u8); 3] = [(0, 12, 1), (12, 18, 2), (18, 24, 4)];
    let covered = |(begin, end, set): &(u8, u8, u8)| {
        let hours = to.min(*end).saturating_sub(from.max(*begin));
        (hours >= 2).then_some(*set)
    };
    let set: u8 = BOUNDS.iter().filter_map(covered).sum();
    let first = BOUNDS
        .iter()
        .find(|(begin, end, _)| (*begin..*end).contains(&from));
    if set == 0 {
        first.map_or(4, |(_, _, set)| *set)
    } else {
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(cell: &str) -> String {
        let parts = read(cell).unwrap().parts.into_iter().map(String::from);
        let short = parts.map(|code| {
            let (day, part) = code.split_once('_').unwrap();
            format!("{}{}", &day[..2], &part[..1])
        });
        short.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn days_and_parts_as_people_write_them() {
        for (cell, expected) in [
            ("土曜午前", "sam"),
            ("月・水の午前", "mom wem"),
            ("月、水、金の夜", "moe wee fre"),
            ("saturday_morning、日曜日の夜", "sam sue"),
            ("土曜午前・午後", "sam saa"),
            ("土曜午前・午後、日曜夜", "sam saa sue"),
            ("月・水の午前、土曜", "mom wem sam saa sae"),
            ("月〜水の夜", "moe tue wee"),
            ("金～日 午前", "frm sam sum"),
            ("平日18時以降", "moe tue wee the fre"),
            ("平日19:00〜", "moe tue wee the fre"),
            ("土曜10時〜15時", "sam saa"),
            ("土曜 13:00-17:00", "saa"),
            ("月曜の17時まで", "mom moa"),
            ("第2土曜", "sam saa sae"),
            ("第2・4土曜の午後", "saa"),
            ("隔週日曜午前", "sum"),
            ("毎週火曜（午前中のみ）", "tum"),
            ("土日祝の午前", "sam sum"),
            ("土曜（月2回程度）午前", "sam"),
            ("平日夜（水曜を除く）", "moe tue the fre"),
            ("Mon, Wed evening", "moe wee"),
            ("土曜か日曜の午後", "saa sua"),
            ("土 または 日の夜", "sae sue"),
            ("水曜以外の平日、午前", "mom tum thm frm"),
            ("土曜日又は日曜日、いずれも午後", "saa sua"),
            ("月末の土曜午後", "saa"),
            ("4月から毎週金夜", "fre"),
            ("平日（祝日を除く）の夜", "moe tue wee the fre"),
            ("月〜金 夜（祝日除く）", "moe tue wee the fre"),
            ("平日午前（水曜以外）", "mom tum thm frm"),
            ("平日（水曜以外）午前", "mom tum thm frm"),
            ("平日 ただし水曜を除く、午前", "mom tum thm frm"),
            ("土日（第3日曜を除く）", "sam saa sae"),
            ("木曜を除く平日の夜", "moe tue wee fre"),
            ("土日午前、年末年始を除く", "sam sum"),
            ("土日（お盆・正月を除く）午前", "sam sum"),
            ("月・木の午後（祝日は不可）", "moa tha"),
            ("月〜水の午前（水曜は午後のみ）", "mom tum wea"),
            ("平日午後6時以降", "moe tue wee the fre"),
            ("火曜午後3時以降", "tua tue"),
            ("土曜午後1時から5時", "saa"),
            ("土曜1時〜5時", "saa"),
            ("土曜9時〜5時", "sam saa"),
            ("金曜夜7時以降", "fre"),
            ("月曜PM6:00以降", "moe"),
            ("月曜 6pm-9pm", "moe"),
            ("平日午後7時半〜9時", "moe tue wee the fre"),
            ("土曜の午後2時ごろから", "saa sae"),
            ("土曜 正午から3時", "saa"),
            ("土曜 AM9:00〜PM3:00", "sam saa"),
        ] {
            assert_eq!(codes(cell), expected, "{cell}");
        }
        for all in ["いつでも", "随時", "毎日", "曜日不問"] {
            assert_eq!(read(all).unwrap().parts.len(), 21, "{all}");
        }
        for (cell, parts) in [
            ("土日以外", 15),
            ("平日（祝日を除く）", 15),
            ("毎日（祝日を除く）", 21),
            ("毎日（日曜を除く）", 18),
            ("毎日、日曜以外", 18),
            ("いつでも（水曜以外）", 18),
            ("平日、水曜と金曜以外", 9),
            ("土日祝以外", 15),
            ("土日祝、祝日を除く", 6),
            ("平日、祝日を除く", 15),
            ("平日 夜12時まで", 15),
        ] {
            assert_eq!(read(cell).unwrap().parts.len(), parts, "{cell}");
        }
        assert!(read("平日（祝日を除く）").unwrap().is_inexact);
        assert!(read("平日 2時間").unwrap().unknown == ["2時間"]);
        assert_eq!(read("夜").unwrap().parts.len(), 7);
        for none in [
            "そのうち",
            "応相談",
            "月2回",
            "週1回程度",
            "",
            "要相談",
            "仕事が休みの日",
            "日によって違う",
            "都合の良い日",
            "来月",
            "毎日以外",
        ] {
            assert_eq!(read(none).unwrap_err().code, "invalid_day_part", "{none}");
        }
        assert!(read("第2土曜").unwrap().is_inexact);
        let partly = read("土曜、夏休み").unwrap();
        assert_eq!((partly.parts.len(), partly.unknown.len()), (3, 1));
        assert!(day_parts("土曜、夏休み").is_err());
        assert_eq!(read("[]").unwrap(), Days::default());
        let cells = ["月・木", "午前", "日曜の夜"].map(|cell| {
            let days = read(cell).unwrap();
            (days.says, days.parts)
        });
        assert_eq!(together(&cells[..2]), read("月・木の午前").unwrap().parts);
        assert_eq!(together(&cells[..1]).len(), 6);
        assert_eq!(together(&cells).len(), 3);
    }

    #[test]
    fn times_in_one_cell_are_those_of_the_days_in_another() {
        for (cells, same) in [
            (&["月・水", "午前 / 18時以降"][..], "月・水の午前と夜"),
            (&["午前", "月・水"], "月・水の午前"),
            (&["月・水", "いつでも"], "月・水"),
            (&["月・水", "指定なし"], "月・水"),
            (&["月・水", "時間帯は問わない"], "月・水"),
            (&["月・水", "応相談"], "月・水"),
            (&["いつでも", "夜"], "夜"),
            (&["毎日", "夜"], "夜"),
            (&["平日夜", "いつでも"], "平日夜"),
            (&["いつでも", ""], "毎日"),
            (&["月", "午前", "水", "夜"], "月の午前、水の夜"),
            (&["月", "午前", "水", "夜", "", ""], "月の午前、水の夜"),
            (&["月", "いつでも", "水", "夜"], "月曜終日、水の夜"),
            (&["午前", "月", "夜", "水"], "月の午前、水の夜"),
            (&["月", "水", "午前"], "月・水の午前"),
            // Of which days is unknown.
            (&["応相談", "午前"], ""),
            (&["月1回", "午前", "土曜夜", ""], "土曜夜"),
        ] {
            let said = cells.iter().map(|cell| match (*cell, read(cell)) {
                ("", _) => (Says::Nothing, Vec::new()),
                (_, Ok(days)) => (days.says, days.parts),
                (_, Err(_)) => (Says::Unread, Vec::new()),
            });
            let expected = read(same).map_or(0, |days| DayPart::set(&days.parts));
            assert_eq!(
                DayPart::set(&together(&said.collect::<Vec<_>>())),
                expected,
                "{cells:?}"
            );
        }
    }

    /// Returns the parts of a cell as letters of days, each with its parts: mo:me for Monday morning and evening.
    fn by_day(cell: &str) -> String {
        const DAYS: [&str; 7] = ["mo", "tu", "we", "th", "fr", "sa", "su"];
        let Ok(days) = read(cell) else {
            return "-".to_owned();
        };
        let set = DayPart::set(&days.parts);
        let of_day = |(at, day): (usize, &&str)| {
            let parts = ["m", "a", "e"].iter().enumerate();
            let own: String = parts
                .filter(|(part, _)| set & (1 << (3 * at + part)) != 0)
                .map(|(_, letter)| *letter)
                .collect();
            (!own.is_empty()).then(|| format!("{day}:{own}"))
        };
        DAYS.iter()
            .enumerate()
            .filter_map(of_day)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn no_spelling_means_its_opposite_or_more_than_it_says() {
        let all = |parts: &str| {
            let days = ["mo", "tu", "we", "th", "fr", "sa", "su"];
            days.map(|day| format!("{day}:{parts}")).join(" ")
        };
        let week = |parts: &str| {
            ["mo", "tu", "we", "th", "fr"]
                .map(|day| format!("{day}:{parts}"))
                .join(" ")
        };
        let end = |parts: &str| ["sa", "su"].map(|day| format!("{day}:{parts}")).join(" ");
        for (cell, expected) in [
            // Lists and ranges.
            ("土日祝", end("mae")),
            ("第2・第4土曜の午前", "sa:m".into()),
            ("第三土曜午後", "sa:a".into()),
            ("月水金", "mo:mae we:mae fr:mae".into()),
            ("月から金まで", week("mae")),
            ("平日OK", week("mae")),
            ("平日昼間", week("ma")),
            ("週末のみ", end("mae")),
            ("夜間可", all("e")),
            ("Mon-Fri evenings", week("e")),
            ("Mon to Fri evenings", week("e")),
            ("weekends", end("mae")),
            ("Weekday mornings only", week("m")),
            ("Tuesdays and Thursdays", "tu:mae th:mae".into()),
            ("Sat AM", "sa:m".into()),
            ("every day", all("mae")),
            ("月(午前)・水(午後)", "mo:m we:a".into()),
            ("午前（9時〜12時）、午後（13時〜17時）", all("ma")),
            (
                "月・水 午前(9-12), 午後(13-17), 夜間(18時以降)",
                "mo:mae we:mae".into(),
            ),
            (
                "土曜 午前（9時〜12時）、午後（13時〜15時）、日曜 夜",
                "sa:ma su:e".into(),
            ),
            ("平日 AM(9-12),PM(13-17)", week("ma")),
            ("終日（9時〜12時）", all("m")),
            ("月 午後（18時まで）、水 夜", "mo:a we:e".into()),
            // Hours.
            ("13時〜17時", all("a")),
            ("13〜17時", all("a")),
            ("平日9-17時", week("ma")),
            ("土曜 10-12", "sa:m".into()),
            ("火・木 18:00-20:00、土 午前", "tu:e th:e sa:m".into()),
            ("月〜金9時～12時、土13時～", format!("{} sa:ae", week("m"))),
            ("weekdays after 6pm", week("e")),
            ("sat until 12:00", "sa:m".into()),
            ("土曜 9時〜夕方", "sa:ma".into()),
            ("土曜 午後〜20時", "sa:ae".into()),
            ("金曜18時〜翌1時", "fr:e".into()),
            // Parts with an end.
            ("平日の夕方まで", week("ma")),
            ("土曜昼まで", "sa:m".into()),
            ("土曜午後以降", "sa:ae".into()),
            ("土曜朝から夕方まで", "sa:ma".into()),
            ("日曜朝から晩まで", "su:mae".into()),
            ("平日夜遅く", week("e")),
            // A part before its days.
            ("夜 月・水", "mo:e we:e".into()),
            ("午前 月・水、午後 金", "mo:m we:m fr:a".into()),
            ("午前 月・水、土の午後", "mo:m we:m sa:a".into()),
            (
                "夜間（平日）、終日（土日）",
                format!("{} {}", week("e"), end("mae")),
            ),
            // All parts of the days that are named, not all days.
            ("平日いつでも", week("mae")),
            (
                "土日は終日、平日は夜のみ",
                format!("{} {}", week("e"), end("mae")),
            ),
            ("平日 時間帯不問", week("mae")),
            ("土日随時", end("mae")),
            // Exceptions.
            ("土日祝日以外", week("mae")),
            (
                "毎日（日曜以外）",
                "mo:mae tu:mae we:mae th:mae fr:mae sa:mae".into(),
            ),
            ("月〜金（祝日除く）", week("mae")),
            ("平日（除く水曜）", "mo:mae tu:mae th:mae fr:mae".into()),
            ("平日（除：水曜）", "mo:mae tu:mae th:mae fr:mae".into()),
            ("Mon-Fri except Wed", "mo:mae tu:mae th:mae fr:mae".into()),
            ("any day except weekends", week("mae")),
            ("平日可、水曜不可", "mo:mae tu:mae th:mae fr:mae".into()),
            ("土日可、平日不可", end("mae")),
            ("平日不可、土日可", end("mae")),
            ("平日はNG、土日OK", end("mae")),
            ("平日は難しい、土日は可", end("mae")),
            ("土曜○、日曜×", "sa:mae".into()),
            ("土日可、平日は18時以降", format!("{} {}", week("e"), end("mae"))),
            ("土日以外不可", end("mae")),
            ("土日以外、夜", week("e")),
            ("土曜、午前は不可", "sa:ae".into()),
            ("午後（水曜は除く）", "mo:a tu:a th:a fr:a sa:a su:a".into()),
            ("夜（土日は午前も可）", format!("{} sa:me su:me", week("e"))),
            ("土曜、無理のない範囲で", "sa:mae".into()),
            ("土日でもかまいません", end("mae")),
            ("Mon-Fri but not Wed", "mo:mae tu:mae th:mae fr:mae".into()),
            ("Weekdays (not Wed)", "mo:mae tu:mae th:mae fr:mae".into()),
            ("月曜は不可能", "tu:mae we:mae th:mae fr:mae sa:mae su:mae".into()),
            // Where some days are denied and others accepted, these are the set.
            ("月・火・水曜日は不可、木・金は可", "th:mae fr:mae".into()),
            ("月曜不可、平日可", "tu:mae we:mae th:mae fr:mae".into()),
            ("月曜不可、火曜不可、土日可", end("mae")),
            ("水曜は不可、木曜可、平日は夜", "mo:e tu:e th:mae fr:e".into()),
            // These say when not, or nothing that can be kept.
            ("不可", "-".into()),
            ("活動不可", "-".into()),
            ("不可：水曜", "-".into()),
            ("不可の日：月・水", "-".into()),
            ("NG: 月曜", "-".into()),
            ("×月 ×水", "-".into()),
            ("月（不可）、火（可）", "-".into()),
            ("できない曜日：火", "-".into()),
            ("出来ません：日曜", "-".into()),
            ("都合の悪い日：月曜", "-".into()),
            ("年末年始は不可、土日可", "-".into()),
            ("会議のため不可、土日", "-".into()),
            ("月曜は不在", "-".into()),
            ("水曜は欠席", "-".into()),
            ("土曜は行かれない", "-".into()),
            ("火曜は出られません", "-".into()),
            ("no weekends", "-".into()),
            ("not available on Mondays", "-".into()),
            ("not Mon, Sat pm", "-".into()),
            ("unavailable Tue", "-".into()),
            ("Tue unavailable", "-".into()),
            ("never on Sundays", "-".into()),
            ("I can't do Mondays", "-".into()),
            ("cannot come Sat", "-".into()),
            ("don't call on Mon", "-".into()),
            ("busy on Tuesdays", "-".into()),
            ("Mondays off", "-".into()),
            ("weekends impossible", "-".into()),
            ("weekdays no, weekends yes", "-".into()),
            ("weekdays, not Wed", "-".into()),
            ("除く水曜、土日可", "-".into()),
            ("火曜休み", "-".into()),
            ("月曜定休", "-".into()),
            ("平日は仕事", "-".into()),
            ("日曜は都合が悪い", "-".into()),
            ("不定期", "-".into()),
            ("要相談", "-".into()),
            ("シフト制", "-".into()),
            ("monthly", "-".into()),
            ("夜勤あり", "-".into()),
            ("土木作業", "-".into()),
            ("年1回", "-".into()),
            // A sign between a day and its part.
            ("月：午前、水：午後", "mo:m we:a".into()),
            ("月:AM", "mo:m".into()),
            ("月：夜", "mo:e".into()),
            ("土日：午前", end("m")),
            ("月曜：午前、水曜：午後", "mo:m we:a".into()),
            ("月曜日：午前", "mo:m".into()),
            ("【月】午前 【水】午後", "mo:m we:a".into()),
            ("【月・水】午前【金】夜", "mo:m we:m fr:e".into()),
            ("【午前】月・水 【午後】金", "mo:m we:m fr:a".into()),
            ("月→午前、水→午後", "mo:m we:a".into()),
            ("月=午前、水＝午後", "mo:m we:a".into()),
            ("月…午前、水……午後", "mo:m we:a".into()),
            ("月 - 午前、水 - 午後", "mo:m we:a".into()),
            ("月・・・午前", "mo:m".into()),
            ("月：10時〜12時、木：13時〜15時", "mo:m th:a".into()),
            ("月：10:00-12:00", "mo:m".into()),
            ("月〜金：夜", week("e")),
            ("月・水：午前", "mo:m we:m".into()),
            ("Mon: AM, Wed: PM", "mo:m we:a".into()),
            ("午前：月、水", "mo:m we:m".into()),
            ("午前：月水金　午後：火木", "mo:m tu:a we:m th:a fr:m".into()),
            ("夜 月・水 午前 土", "mo:e we:e sa:m".into()),
            ("10時〜12時：月、13時〜15時：火", "mo:m tu:a".into()),
            ("平日：10時〜15時　土日：応相談", week("ma")),
            ("月：可、火：不可、水：可", "mo:mae we:mae".into()),
            ("月：不可、火：可、水：可", "tu:mae we:mae".into()),
            (
                "土日祝：終日／平日：18時〜",
                format!("{} {}", week("e"), end("mae")),
            ),
            ("【平日】×【土日】○", end("mae")),
            ("第1土曜：○、第3土曜：×", "-".into()),
            ("曜日：月　時間：午前", "-".into()),
            ("火曜以外：午前", "mo:m we:m th:m fr:m sa:m su:m".into()),
            ("月：○、火：×", "mo:mae".into()),
            ("月：○ 火：× 水：△", "mo:mae".into()),
            ("月：×、水：○", "we:mae".into()),
            ("月：× 水：○", "we:mae".into()),
            ("月：×", "-".into()),
            ("月：×　火：　水：×", "-".into()),
            ("月[午前] 水[午後]", "mo:m we:a".into()),
            ("可能：月・水の午前", "mo:m we:m".into()),
            // A form with a line for each day: where nothing stands, nothing is offered.
            ("月：午前　火：　水：午後", "mo:m we:a".into()),
            ("月曜：　火曜：午前", "tu:m".into()),
            ("月：\n火：夜\n水：", "tu:e".into()),
            ("月：\n午前", "-".into()),
            ("月：　火：", "-".into()),
            ("月：いつでも、火：", "mo:mae".into()),
            // Signs that nobody knows, and words behind a sign.
            ("月★午前、水★午後", "-".into()),
            ("◆月 午前 ◆水 午後", "-".into()),
            ("月：会議", "-".into()),
            ("月曜：会議", "-".into()),
            ("月：夜勤", "-".into()),
            ("休み：月・水", "-".into()),
            ("会議：月、午前", "-".into()),
            ("仕事が休みの日の午前", "-".into()),
            ("月→水", "-".into()),
            ("月曜→火曜 午前", "-".into()),
            ("土曜午前→午後", "-".into()),
            // The 日 of these is no Sunday.
            ("活動日：土", "sa:mae".into()),
            ("希望日は土曜", "sa:mae".into()),
            ("活動可能日：月・水の午前", "mo:m we:m".into()),
            ("参加可能日 土曜", "sa:mae".into()),
            ("【活動日】土", "sa:mae".into()),
            ("曜日：土日", end("mae")),
            // What is accepted or denied comes first: where one ends and the other begins is a guess.
            ("○月水 ×火", "-".into()),
            ("○月水、×火", "-".into()),
            ("○日曜 ×月曜", "-".into()),
            ("○日、×月", "-".into()),
            ("○：月水 ×：火", "-".into()),
            ("可：月水、不可：火", "-".into()),
            ("【○】月水 【×】火", "-".into()),
            ("土日可、不可：月", "-".into()),
            ("土日可、不可日は月", "-".into()),
            ("月水×火", "-".into()),
            ("月水、×火", "-".into()),
            ("月×火○", "tu:mae".into()),
            ("土曜不可日曜可", "su:mae".into()),
            ("可：平日（水曜は不可）", "mo:mae tu:mae th:mae fr:mae".into()),
            // Nobody counts on what is still to be talked about.
            ("土日は応相談", "-".into()),
            ("土日（応相談）", "-".into()),
            ("平日夜、土日は応相談", week("e")),
            ("平日、土日は要相談", week("mae")),
            ("土日（日曜は要相談）", "sa:mae".into()),
            ("土曜○、日曜△", "sa:mae".into()),
            ("△土曜 ○日曜", "-".into()),
            ("○土曜 △日曜", "-".into()),
            ("要相談：土日", "-".into()),
            ("土日、時間は応相談", end("mae")),
            ("夜は応相談", "-".into()),
            ("土曜午前、午後は要相談", "-".into()),
            // A bracket that names some of the days before it.
            ("平日午前中（火・木）", "tu:m th:m".into()),
            ("平日（火・木）午前中", "tu:m th:m".into()),
            ("平日10時〜16時（火・木）", "tu:ma th:ma".into()),
            ("平日（月・水・金）の夜", "mo:e we:e fr:e".into()),
            ("平日：火・木", "tu:mae th:mae".into()),
            ("週末（土曜）", "sa:mae".into()),
            ("週末（土曜午前）", "sa:m".into()),
            ("平日（火・木 午前）", "tu:m th:m".into()),
            ("平日（火・木）、土日（土）", "tu:mae th:mae sa:mae".into()),
            ("平日午前中（できれば火・木）", "tu:m th:m".into()),
            ("平日（火・土）", "tu:mae sa:mae".into()),
            ("平日のうち火・木", "tu:mae th:mae".into()),
            (
                "平日夜のうち火、木、土日は終日",
                format!("tu:e th:e {}", end("mae")),
            ),
            ("月〜金のうち週2日", week("mae")),
            ("平日夜、土日（土曜のみ）", format!("{} sa:mae", week("e"))),
            // One that adds to them, or says something of some of them.
            ("毎日（土日も可）", all("mae")),
            ("毎日（土日祝含む）", all("mae")),
            ("平日（土日も可）", all("mae")),
            ("平日夜（土曜午前も可）", format!("{} sa:m", week("e"))),
            (
                "月〜金（水曜は午前のみ）",
                "mo:mae tu:mae we:m th:mae fr:mae".into(),
            ),
            ("土日（土は午前、日は午後）", "sa:m su:a".into()),
            ("平日（月午前、水午後）", "mo:m we:a".into()),
            ("平日（月：午前、水：午後）", "mo:m we:a".into()),
            ("平日夜（水は午前、金は午後）", "mo:e tu:e we:m th:e fr:a".into()),
            ("毎日（土日は午前）", format!("{} {}", week("mae"), end("m"))),
            (
                "平日（水曜は不可）、土日（土）",
                "mo:mae tu:mae th:mae fr:mae sa:mae".into(),
            ),
            ("平日（いつでも）", week("mae")),
            ("平日（夜間）", week("e")),
            ("平日（水曜を除く）", "mo:mae tu:mae th:mae fr:mae".into()),
            ("月〜金（木は不可）", "mo:mae tu:mae we:mae fr:mae".into()),
            ("土日祝（第3日曜除く）", "sa:mae".into()),
            ("週2回（火・金）午後", "tu:a fr:a".into()),
            ("平日夜・土日終日", format!("{} {}", week("e"), end("mae"))),
            ("火・木の18時以降、土は午前のみ", "tu:e th:e sa:m".into()),
            ("夜間なら可", all("e")),
            ("平日は難しい", end("mae")),
            ("不定期（シフト制）", "-".into()),
            ("月水金or土", "mo:mae we:mae fr:mae sa:mae".into()),
            ("指定なし", all("mae")),
            // How often.
            ("月１，２回土曜", "sa:mae".into()),
            ("月1・2回、土曜午前", "sa:m".into()),
        ] {
            assert_eq!(by_day(cell), expected, "{cell}");
        }
        for inexact in [
            "祝日のみ",
            "土曜・祝日",
            "月曜（第2・第4）",
            "2と4の日曜",
            "月１，２回土曜",
            "平日夜、土日は応相談",
            "平日午前中（できれば火・木）",
            "平日（火・土）",
            "平日（火・木 午前）",
            "土日祝（第3日曜除く）",
            "週2回（火・金）午後",
            "土日のどちらか1日",
        ] {
            let days = read(inexact).unwrap();
            assert!(days.is_inexact || !days.unknown.is_empty(), "{inexact}");
        }
        for exact in [
            "月：午前、水：午後",
            "【月】午前",
            "活動日：土",
            "月：午前　火：　水：午後",
            "平日午前中（火・木）",
        ] {
            let days = read(exact).unwrap();
            assert!(!days.is_inexact && days.unknown.is_empty(), "{exact}: {days:?}");
        }
        // A cell of any length takes its time once. With its square, these would take minutes.
        for part in [
            "月",
            "1",
            "12 ",
            "月1,",
            "1~",
            "〜",
            "第",
            "第2・",
            "月:",
            "(",
            "（）",
            "夜:",
            "不可:",
            "10時~",
            "10:00-",
            "除\n",
            "以外",
            "、",
            ".",
            "午前",
            "いつでも",
            "ab ",
            "土日",
            "\u{3099}",
            "👍",
        ] {
            let _ = read(&part.repeat(90_000 / part.len()));
        }
    }

    #[test]
    fn cells_below_a_day_are_marks_or_parts_of_it() {
        for (cell, expected) in [
            ("○", Some((Mark::Yes, None))),
            ("■", Some((Mark::Yes, None))),
            ("●", Some((Mark::Yes, None))),
            ("◎", Some((Mark::Yes, None))),
            ("×", Some((Mark::No, None))),
            ("□", Some((Mark::No, None))),
            ("休", Some((Mark::No, None))),
            ("定休", Some((Mark::No, None))),
            ("△", Some((Mark::Unsure, None))),
            ("△（要相談）", Some((Mark::Unsure, None))),
            ("×（応相談）", Some((Mark::No, None))),
            ("午前", Some((Mark::Yes, Some(7)))),
            ("○（午後のみ）", Some((Mark::Yes, Some(7)))),
            ("○(要予約)", Some((Mark::Yes, None))),
            ("隔月", None),
        ] {
            let read = below(cell).ok();
            let read = read.map(|below| (below.mark, below.parts.map(|parts| parts.len())));
            assert_eq!(read, expected, "{cell}");
        }
    }
}
