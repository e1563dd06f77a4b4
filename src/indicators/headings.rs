//! What the heading of a column says. Official statistics write it over one or two lines, in many words: "2020年_65歳以上人口
//! （千人）" names a year, an indicator and a unit at once.

use super::{FigureKind, Indicator};
use std::ops::Range;

/// What a column has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Code,
    Name,
    /// The prefecture alone: a municipality may stand in a column of its own.
    PrefectureCode,
    Prefecture,
    Year,
    Basis,
    Day,
    Source,
    Indicator,
    /// Thousands or single ones, in each row.
    Unit,
    /// Whom of the residents a row counts: 性別, 年齢.
    Group,
    /// The part of a municipality that a row is about: 町丁.
    District,
    Figures(Figures),
}

/// What a heading says of the figures below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// None in a column whose rows say it, or whose file is of one indicator.
    pub indicator: Option<Indicator>,
    pub year: Option<i32>,
    pub kind: Option<FigureKind>,
    pub thousands: bool,
}

impl Column {
    /// Returns whether it says where a row is.
    pub fn is_area(self) -> bool {
        use Column::{Code, Name, Prefecture, PrefectureCode};
        matches!(self, Code | Name | PrefectureCode | Prefecture)
    }
}

const COLUMNS: [(Column, &[&str]); 12] = [
    (
        Column::Code,
        &[
            "code",
            "コード",
            "地域コード",
            "団体コード",
            "市区町村コード",
            "都道府県コード又は市区町村コード",
            "都道府県市区町村コード",
            "自治体コード",
            "全国地方公共団体コード",
            "地方公共団体コード",
            "標準地域コード",
            "全国都道府県市区町村コード",
            "全国都道府県市町村コード",
            "都道府県市町村コード",
            "areacode",
            "area",
        ],
    ),
    (
        Column::Name,
        &[
            "name",
            "地域",
            "地域名",
            "市区町村",
            "市区町村名",
            "自治体名",
            "団体名",
            "都道府県市区町村",
            "都道府県市区町村名",
            "区市町村",
            "区市町村名",
        ],
    ),
    (Column::PrefectureCode, &["都道府県コード", "prefecturecode"]),
    (Column::Prefecture, &["都道府県", "都道府県名", "prefecture"]),
    (Column::Year, &["year", "年", "年次", "西暦", "調査年", "年度"]),
    (
        Column::Basis,
        &["basis", "kind", "区分", "種別", "実績推計", "実績推計区分"],
    ),
    (
        Column::Day,
        &[
            "date",
            "dated_on",
            "基準日",
            "調査日",
            "時点",
            "年月日",
            "調査年月日",
            "調査基準日",
            "基準年月日",
        ],
    ),
    (Column::Source, &["source"]),
    (
        Column::Indicator,
        &["indicator", "指標", "指標コード", "項目", "統計項目"],
    ),
    (Column::Unit, &["unit", "単位"]),
    (
        Column::Group,
        &[
            "sex",
            "gender",
            "性",
            "性別",
            "男女別",
            "age",
            "年齢",
            "年齢別",
            "年齢各歳",
            "年齢階級",
            "年齢階級別",
            "年齢階層",
            "年齢区分",
            "年齢5歳階級",
            "年齢(5歳階級",
            "年齢(各歳",
            "年齢3区分",
            "年齢(3区分",
            "年代",
            "nationality",
            "国籍",
            "国籍別",
            "国籍区分",
            "日本人外国人",
            "日本人外国人別",
            "住民区分",
            "世帯類型",
            "世帯の種類",
            "家族類型",
            "世帯の家族類型",
            "配偶関係",
        ],
    ),
    (
        Column::District,
        &[
            "町丁",
            "町丁名",
            "町丁字",
            "町丁字名",
            "町丁目",
            "町丁目名",
            "町字",
            "町字名",
            "町名",
            "大字",
            "大字名",
            "大字町名",
            "大字町丁名",
            "大字町丁目名",
            "字丁目名",
            "地区",
            "地区名",
            "小地域",
            "小地域名",
            "地域名(町丁",
            "地域名(町丁目",
            "地域名(町字",
        ],
    ),
];
/// A name or a code that can be that of a district beside the column of its municipality.
const OF_ANY_AREA: [&str; 4] = ["地域", "地域名", "地域コード", "area"];
/// What stands below an indicator in the second line of a heading.
const PARTS: [&str; 10] = [
    "総数",
    "計",
    "合計",
    "男女計",
    "日本人",
    "外国人",
    "日本人住民",
    "外国人住民",
    "昼間",
    "夜間",
];
/// All, where something else could stand that is only a part.
const TOTALS: [&str; 19] = [
    "総数",
    "計",
    "合計",
    "総計",
    "総人口",
    "人口",
    "男女計",
    "男女",
    "男女総数",
    "全体",
    "全域",
    "全市",
    "全年齢",
    "年齢計",
    "全国籍",
    "全て",
    "すべて",
    "total",
    "all",
];
const VALUES: [&str; 6] = ["value", "値", "数値", "人数", "数", "figure"];
const PROJECTED: [&str; 7] = [
    "将来推計",
    "推計値",
    "推計",
    "将来",
    "予測",
    "projection",
    "forecast",
];
const COUNTED: [&str; 9] = [
    "国勢調査",
    "住民基本台帳",
    "実績値",
    "実績",
    "確定",
    "census",
    "register",
    "fact",
    "現在",
];
/// What is no count.
const RATES: [&str; 12] = [
    "率",
    "割合",
    "構成比",
    "比率",
    "%",
    "指数",
    "増減",
    "密度",
    "当たり",
    "あたり",
    "平均",
    "人員",
];

/// Whose count isn't that of all residents.
const OTHERS: [&str; 23] = [
    "認知症",
    "要介護",
    "要支援",
    "認定",
    "施設",
    "就業",
    "労働",
    "被保険者",
    "障害",
    "障がい",
    "世帯員",
    "昼間",
    "夜間",
    "人口集中",
    "転入",
    "転出",
    "出生",
    "死亡",
    "従業",
    "通学",
    "通勤",
    "未婚",
    "有配偶",
];
/// The age, and what else may stand beside it in the heading of a population.
const OLD: [&str; 3] = ["65歳以上", "65plus", "前期高齢"];
const OLD_BY_NAME: [&str; 2] = ["高齢", "老年"];
const VERY_OLD: [&str; 3] = ["75歳以上", "75plus", "後期高齢"];
const BESIDE_AGE: [&str; 14] = [
    "男女計",
    "男女",
    "再掲",
    "うち",
    "総人口",
    "人口",
    "総数",
    "合計",
    "計",
    "者",
    "数",
    "の",
    "population",
    "age",
];

/// Returns what a heading says, in NFKC. None if it is another column. The lines of a heading are joined by `_`; the last line is
/// nearest to the figures, so it counts where two say different things. A title above may have become the first.
pub fn read(heading: &str) -> Option<Column> {
    let key = folded(heading);
    let last = bare(key.rsplit('_').next().unwrap_or_default());
    let whole = bare(&key);
    let means = |words: &[&str]| words.contains(&last.as_str()) || words.contains(&whole.as_str());
    if let Some((column, _)) = COLUMNS.iter().find(|(_, words)| means(words)) {
        return Some(*column);
    }
    // Below an indicator, it is the sum of both.
    if whole == "男女" {
        return Some(Column::Group);
    }
    let is_of_all = key.replace("日本人・外国人", "").replace("日本人外国人", "");
    if RATES.iter().chain(&OTHERS).any(|other| key.contains(other))
        || is_of_all.contains("日本人") != is_of_all.contains("外国人")
    {
        return None;
    }
    let lines: Vec<&str> = without_code(&key).split('_').collect();
    let without_year = |line: &&str| match year(line) {
        Some((_, at)) => [line.get(..at.start), line.get(at.end..)]
            .into_iter()
            .flatten()
            .collect(),
        None => (*line).to_owned(),
    };
    let mut rest = lines.iter().map(without_year).collect::<Vec<String>>().join("_");
    for word in PROJECTED.iter().chain(&COUNTED) {
        rest = rest.replace(word, "");
    }
    let rest = bare(&rest.replace("時点", ""));
    let year = lines
        .iter()
        .rev()
        .find_map(|line| year(line).map(|(year, _)| year));
    let indicator = indicator(&rest);
    let says_no_more = rest.is_empty() && year.is_some();
    let is_figures = indicator.is_some() || says_no_more || VALUES.contains(&rest.as_str());
    is_figures.then_some(Column::Figures(Figures {
        indicator,
        year,
        kind: lines.iter().rev().find_map(|line| kind(line)),
        thousands: says_thousands(&key),
    }))
}

/// Returns how much of a row of headings is understood. A row that names no area is a title or one of two lines.
pub fn weight_of_all(headings: &[String]) -> usize {
    let sum = headings.iter().map(|heading| weight(heading)).sum();
    let has_area = |heading: &String| read(heading).is_some_and(Column::is_area);
    match headings.iter().any(has_area) {
        true => sum,
        false => sum.min(1),
    }
}

/// Returns how much of a heading is understood: two lines that say more together are one heading.
fn weight(heading: &str) -> usize {
    // 総数, 男, 女 below an indicator are what its columns count.
    let below = heading.rsplit_once('_').map(|(_, below)| bare(&folded(below)));
    let is_part = below
        .as_ref()
        .is_some_and(|below| PARTS.contains(&below.as_str()) || is_of_sex(below));
    let says_indicator =
        |text: &str| matches!(read(text), Some(Column::Figures(one)) if one.indicator.is_some());
    let is_own = below.is_some_and(|below| says_indicator(&below));
    let is_part = if is_part { 2 } else { usize::from(is_own) };
    match read(heading) {
        None => is_part,
        Some(Column::Figures(Figures { indicator, year, .. })) => {
            let is_named = heading.contains('年');
            is_part
                + match (indicator, year) {
                    (Some(_), Some(_)) if is_named => 5,
                    (Some(_), Some(_)) => 3,
                    (Some(_), None) => 2,
                    (None, _) => 1,
                }
        }
        Some(_) => 1,
    }
}

/// Returns a heading in lower case, without whitespace, its brackets round.
fn folded(heading: &str) -> String {
    let round = |c: char| match c {
        '[' | '【' | '〔' | '「' => '(',
        ']' | '】' | '〕' | '」' => ')',
        c => c,
    };
    let key: String = heading
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(round)
        .collect();
    key.to_lowercase()
}

/// Removes the code of an item of e-Stat: A1101_総人口.
fn without_code(key: &str) -> &str {
    let rest = key.trim_start_matches('#');
    let digits = rest
        .strip_prefix(|c: char| c.is_ascii_lowercase())
        .unwrap_or_default();
    let name = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    match digits.len() >= name.len() + 4 && !name.is_empty() && !name.starts_with('年') {
        true => name.trim_start_matches('_'),
        false => key,
    }
}

/// Removes units in brackets and the marks between the parts of a heading.
fn bare(key: &str) -> String {
    let mut without = key.to_owned();
    for unit in ["人", "千人", "世帯", "千世帯", "名"] {
        without = without
            .replace(&format!("({unit})"), "")
            .replace(&format!("(単位:{unit})"), "");
    }
    for unit in ["単位:千人", "単位:千世帯", "単位:人", "単位:世帯"] {
        without = without.replace(unit, "");
    }
    let is_mark = |c: char| "_()・:/、,-".contains(c);
    without_footnote(&without).trim_matches(is_mark).replace("・", "")
}

/// Removes the mark of a footnote at the end: 総人口 1), 総人口(注2), 総人口※.
fn without_footnote(key: &str) -> &str {
    const MARKS: [char; 4] = ['注', '*', '※', '('];
    let bare = key.trim_end_matches([')', '*', '※']);
    let stem = bare.trim_end_matches(|c: char| c.is_ascii_digit());
    match bare.len() < key.len() && (stem.len() < bare.len() || stem.ends_with('注')) {
        true => stem.trim_end_matches(MARKS),
        false => key.trim_end_matches(['*', '※']),
    }
}

/// Returns whether a text says that figures are in thousands.
pub fn says_thousands(text: &str) -> bool {
    let is_counted_so = text.contains("単位") && (text.contains("1,000人") || text.contains("1000人"));
    text.contains("千人") || text.contains("千世帯") || is_counted_so
}

/// Returns whether a text is a unit, and then whether it says thousands.
pub fn unit(text: &str) -> Option<bool> {
    let key = folded(text);
    match key.trim_matches(['(', ')']).trim_start_matches("単位:") {
        "人" | "世帯" | "名" | "person" | "persons" | "household" | "households" => Some(false),
        "千人" | "千世帯" | "1,000人" | "1000人" => Some(true),
        _ => None,
    }
}

/// Returns whether a text counts in units that can't be read: 万人, or thousands of some and single ones of others.
pub fn says_other_unit(text: &str) -> bool {
    let Some((_, units)) = text.split_once("単位") else {
        return false;
    };
    let units = units.replace("1,000", "千").replace("1000", "千");
    let all = || units.split([':', ',', '、', '・', '/', ' ', '(', ')', '】', '〕']);
    let has = |wanted: &[&str]| all().any(|unit| wanted.contains(&unit));
    has(&["万人", "百人", "万世帯", "百世帯"]) || has(&["千人", "千世帯"]) && has(&["人", "世帯", "名"])
}

/// Returns whether a line below a heading changes nothing of what the heading says: a unit, the mark of a footnote, or all.
pub fn adds_nothing(heading: &str, below: &str) -> bool {
    let key = folded(below);
    let is_footnote = !key.chars().all(|c| c.is_ascii_digit())
        && key.chars().all(|c| c.is_ascii_digit() || "注※*()、,".contains(c));
    let is_all = [
        "総数",
        "計",
        "合計",
        "男女計",
        "total",
        "population",
        "totalpopulation",
        "households",
    ];
    let of = |text: &str| match read(text) {
        Some(Column::Figures(figures)) => Some((figures.indicator, figures.year)),
        _ => None,
    };
    let is_same = || of(&format!("{heading}_{below}")).is_some_and(|joined| Some(joined) == of(heading));
    is_footnote || is_all.contains(&key.as_str()) || unit(below).is_some() || is_same()
}

/// Returns whether a text means all, where a row could count only a part: 計, 総数(年齢).
pub fn is_total(text: &str) -> bool {
    let key = folded(text);
    let numbered = key.trim_start_matches(|c: char| c.is_ascii_digit() || "_.:".contains(c));
    let name = numbered.split('(').next().unwrap_or_default();
    TOTALS.contains(&name)
}

/// Returns whether a heading is that of any area, so that its column has districts beside one of municipalities.
pub fn is_of_any_area(heading: &str) -> bool {
    let key = folded(heading);
    let last = bare(key.rsplit('_').next().unwrap_or_default());
    OF_ANY_AREA.contains(&last.as_str())
}

/// Returns whether a heading before that of the municipalities has regions of several: 区部.
pub fn is_of_region(heading: &str) -> bool {
    ["地区", "地区名"].contains(&bare(&folded(heading)).as_str())
}

/// Returns whether a heading counts one sex.
fn is_of_sex(word: &str) -> bool {
    let both = ["男女計", "男女別", "男女総数", "男女"].iter();
    let rest = both.fold(word.to_owned(), |rest, both| rest.replace(both, ""));
    ["男", "女", "male"].iter().any(|sex| rest.contains(sex))
}

pub fn indicator(word: &str) -> Option<Indicator> {
    // 才 is written for 歳 where there is little room.
    let spelled = word.replace('才', "歳");
    let word = spelled.as_str();
    if let Ok(known) = word.parse() {
        return Some(known);
    }
    // Whose count it is may stand above it.
    if is_of_sex(word) {
        return None;
    }
    let word = without_totals(word);
    let Some((above, last)) = word.rsplit_once('_') else {
        return single(word);
    };
    let own = single(last);
    // The people below an age or a kind of household are those. A title above says nothing against 総人口.
    let is_of_part =
        last != "総人口" && (says_age(above) || above.contains("世帯") && !above.contains("人口"));
    match own {
        Some(Indicator::Population) if is_of_part => single(word),
        Some(Indicator::Population | Indicator::Population65Plus | Indicator::Population75Plus) => own,
        _ => single(word),
    }
}

/// Removes what only says that a heading counts all: 人口_計.
fn without_totals(word: &str) -> &str {
    const ALL: [&str; 7] = ["_総数", "_計", "_合計", "_総計", "_男女計", "_男女", "_total"];
    let mut rest = word;
    while let Some(stem) = ALL.iter().find_map(|all| rest.strip_suffix(all)) {
        rest = stem;
    }
    rest
}

fn says_age(text: &str) -> bool {
    let words = ["歳", "年少", "生産年齢", "plus"];
    words.iter().chain(&OLD_BY_NAME).any(|word| text.contains(word))
}

fn single(word: &str) -> Option<Indicator> {
    let has = |words: &[&str]| words.iter().any(|one| word.contains(one));
    if is_of_sex(word) || RATES.iter().any(|rate| word.contains(rate)) {
        return None;
    }
    let is_single = has(&[
        "単独",
        "単身",
        "一人暮らし",
        "ひとり暮らし",
        "1人世帯",
        "一人世帯",
    ]);
    let is_old = has(&OLD) || has(&OLD_BY_NAME);
    let is_very_old = has(&VERY_OLD);
    let is_of_households = has(&["世帯"]) || is_single;
    Some(match (is_single, is_of_households, is_very_old, is_old) {
        (true, _, false, true) => Indicator::SingleHouseholds65Plus,
        (true, _, false, false) => Indicator::SingleHouseholds,
        (false, false, true, _) if says_only_the_age(word) => Indicator::Population75Plus,
        (false, false, false, true) if !has(&["前期"]) && says_only_the_age(word) => {
            Indicator::Population65Plus
        }
        (false, true, false, false)
            if matches!(word, "世帯数" | "総世帯数" | "総世帯" | "一般世帯数" | "世帯") =>
        {
            Indicator::Households
        }
        (false, false, false, false)
            if matches!(
                word,
                "総人口"
                    | "人口"
                    | "人口総数"
                    | "人口計"
                    | "人口合計"
                    | "総数"
                    | "total"
                    | "人口(総数"
                    | "人口(総数)"
                    | "人口(計"
                    | "総人口(計"
            ) =>
        {
            Indicator::Population
        }
        _ => return None,
    })
}

/// Returns whether a heading says nothing beside an age but that people are counted, and the day.
fn says_only_the_age(word: &str) -> bool {
    let words = OLD.iter().chain(&VERY_OLD).chain(&OLD_BY_NAME).chain(&BESIDE_AGE);
    let rest = words.fold(word.to_owned(), |rest, one| rest.replace(one, ""));
    rest.chars()
        .all(|c| c.is_ascii_digit() || "月日時点_()・:/、,-+".contains(c))
}

/// Returns whether a text says that figures were counted or are projected.
pub fn kind(text: &str) -> Option<FigureKind> {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&PROJECTED) {
        Some(FigureKind::Projection)
    } else if says(&COUNTED) {
        Some(FigureKind::Fact)
    } else {
        None
    }
}

/// Finds all years in a text but those in which it was only published.
pub fn years(text: &str) -> Vec<i32> {
    const PUBLISHED: [&str; 8] = ["公表", "更新", "作成", "公開", "発行", "掲載", "訂正", "修正"];
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some((one, at)) = year(rest) {
        let before = rest.get(..at.start).unwrap_or_default();
        rest = rest.get(at.end..).unwrap_or_default();
        let is_of_day = |c: char| c.is_ascii_digit() || c.is_whitespace() || "年月日末に付".contains(c);
        let after = rest.trim_start_matches(is_of_day);
        let label = before.trim_end_matches([' ', ':']);
        let is_published = PUBLISHED.iter().any(|word| {
            let own = after.strip_prefix(word);
            // 公表日 is what the year behind it is.
            own.is_some_and(|more| !more.starts_with(['日', ':']))
                || label
                    .strip_suffix('日')
                    .is_some_and(|label| label.ends_with(word))
                || label.len() < before.trim_end().len() && label.ends_with(word)
        });
        if !is_published {
            found.push(one);
        }
    }
    found
}

/// Finds the first year in a text, as 2020年, 令和2年, R2 or 2020 alone, and where it stands.
pub fn year(text: &str) -> Option<(i32, Range<usize>)> {
    const ERAS: [(&str, i32); 3] = [("令和", 2018), ("平成", 1988), ("昭和", 1925)];
    let of_era = ERAS.iter().filter_map(|(era, before)| {
        let start = text.find(era)?;
        let from = start + era.len();
        let rest = text.get(from..)?;
        let (number, length) = match rest.strip_prefix('元') {
            Some(_) => (1, '元'.len_utf8()),
            None => {
                let length = rest.bytes().take_while(u8::is_ascii_digit).count();
                (
                    rest.get(..length)?
                        .parse::<i32>()
                        .ok()
                        .filter(|n| (1..=99).contains(n))?,
                    length,
                )
            }
        };
        Some((before + number, start..with_year(text, from + length)))
    });
    let of_letter = || {
        let (at, c) = text.char_indices().find(|(_, c)| c.is_ascii_alphanumeric())?;
        let before = match c.to_ascii_lowercase() {
            'r' => 2018,
            'h' => 1988,
            _ => return None,
        };
        let is_first = text.get(..at)?.chars().all(|c| "_(".contains(c));
        let rest = text.get(at + 1..)?;
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = rest.get(..length)?.parse::<i32>().ok();
        let number = number.filter(|n| (1..=99).contains(n) && is_first)?;
        let after = rest.get(length..)?;
        let ends = after.is_empty() || after.starts_with(['年', '_', '(', ')', '.', '/']);
        let end = at + 1 + length;
        ends.then(|| (before + number, at..with_year(text, end)))
    };
    let western = || {
        let mut parts = text
            .char_indices()
            .filter(|(_, c)| c.is_ascii_digit())
            .map(|(at, _)| at);
        parts.find_map(|at| {
            let follows = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
            let (before, four) = (text.get(..at)?, text.get(at..at + 4)?);
            let after = text.get(at + 4..)?;
            let is_whole = !follows(before.chars().last()) && !follows(after.chars().next());
            let year: i32 = four.parse().ok().filter(|year| (1900..=2200).contains(year))?;
            let is_alone = before.is_empty() || before.ends_with(['_', '(']);
            let ends = after.is_empty() || after.starts_with(['年', '_', '(', ')']);
            (is_whole && (after.starts_with('年') || is_alone && ends))
                .then(|| (year, at..with_year(text, at + 4)))
        })
    };
    let mut found: Vec<(i32, Range<usize>)> = of_era.chain(of_letter()).chain(western()).collect();
    found.sort_by_key(|(_, at)| at.start);
    let (year, mut at) = found.first()?.clone();
    // 2020年(令和2年) is one year.
    if let Some((same, more)) = found.get(1)
        && *same == year
        && let Some(between @ ("(" | "/" | "")) = text.get(at.end..more.start)
    {
        at.end = more.end;
        let rest = text.get(at.end..).unwrap_or_default();
        if between == "(" && rest.starts_with(')') {
            at.end = with_year(text, at.end + 1);
        }
    }
    Some((year, at))
}

/// Returns the end of a year with the word 年 or 年度 behind it, and with a month and a day.
fn with_year(text: &str, end: usize) -> usize {
    let rest = text.get(end..).unwrap_or_default();
    let word = ["年度", "年"].iter().find(|word| rest.starts_with(**word));
    let end = end + word.map_or(0, |word| word.len());
    let rest = text.get(end..).unwrap_or_default();
    let number = |text: &str| {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        (1..=2).contains(&digits).then_some(digits)
    };
    let part = |rest: &str, before: &[&str], after: &[&str]| {
        let begin = before.iter().find(|mark| rest.starts_with(**mark))?.len();
        let until = begin + number(rest.get(begin..)?)?;
        let last = rest.get(until..)?;
        let unit = after.iter().find(|mark| last.starts_with(**mark))?;
        Some(until + unit.len())
    };
    let (before, month, day): (&[&str], &[&str], &[&str]) = match word {
        Some(_) => (&[""], &["月末", "月"], &["日"]),
        None => (&[".", "/", "-"], &[""], &[""]),
    };
    let Some(months) = part(rest, before, month) else {
        return end;
    };
    let days = part(rest.get(months..).unwrap_or_default(), before, day);
    match (word, days) {
        // 2020.5 is no month by itself.
        (None, None) => end,
        (_, days) => end + months + days.unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = (Option<Indicator>, Option<i32>, Option<FigureKind>, bool);

    fn figures(heading: &str) -> Option<Read> {
        match read(heading) {
            Some(Column::Figures(one)) => Some((one.indicator, one.year, one.kind, one.thousands)),
            _ => None,
        }
    }

    #[test]
    fn headings_of_official_statistics_mean_what_they_say() {
        use Indicator::*;
        for (heading, expected) in [
            ("総人口", (Some(Population), None, None, false)),
            ("age75plus", (Some(Population75Plus), None, None, false)),
            (
                "2020年_75歳以上人口",
                (Some(Population75Plus), Some(2020), None, false),
            ),
            (
                "65歳以上_令和7年(推計)",
                (
                    Some(Population65Plus),
                    Some(2025),
                    Some(FigureKind::Projection),
                    false,
                ),
            ),
            (
                "75歳以上人口(千人)_2050年",
                (Some(Population75Plus), Some(2050), None, true),
            ),
            ("2040年(令和22年)", (None, Some(2040), None, false)),
            ("2030", (None, Some(2030), None, false)),
            (
                "65歳以上の単独世帯",
                (Some(SingleHouseholds65Plus), None, None, false),
            ),
            ("単独世帯数", (Some(SingleHouseholds), None, None, false)),
            ("世帯数", (Some(Households), None, None, false)),
            (
                "平成27年国勢調査_人口総数",
                (Some(Population), Some(2015), Some(FigureKind::Fact), false),
            ),
            ("値", (None, None, None, false)),
            ("総人口 1)", (Some(Population), None, None, false)),
            ("総人口(注2)", (Some(Population), None, None, false)),
            ("75歳以上人口 注)", (Some(Population75Plus), None, None, false)),
            ("世帯数_総数", (Some(Households), None, None, false)),
            ("老年人口(65歳以上)", (Some(Population65Plus), None, None, false)),
            ("高齢者数", (Some(Population65Plus), None, None, false)),
            ("後期高齢者人口", (Some(Population75Plus), None, None, false)),
            ("75才以上", (Some(Population75Plus), None, None, false)),
            (
                "2020年_65才以上人口",
                (Some(Population65Plus), Some(2020), None, false),
            ),
            ("総人口_うち75歳以上", (Some(Population75Plus), None, None, false)),
            (
                "2020年10月1日現在65歳以上",
                (Some(Population65Plus), Some(2020), Some(FigureKind::Fact), false),
            ),
            ("65歳以上_総数", (Some(Population65Plus), None, None, false)),
            (
                "令和2年65歳以上人口_総人口",
                (Some(Population), Some(2020), None, false),
            ),
            (
                "令和5年推計75歳以上人口_2040年",
                (
                    Some(Population75Plus),
                    Some(2040),
                    Some(FigureKind::Projection),
                    false,
                ),
            ),
            (
                "65歳以上_単独世帯",
                (Some(SingleHouseholds65Plus), None, None, false),
            ),
            ("人口_計", (Some(Population), None, None, false)),
            ("総人口(人)_計_計", (Some(Population), None, None, false)),
            ("世帯数_計", (Some(Households), None, None, false)),
            ("男女別人口_総人口", (Some(Population), None, None, false)),
            ("65歳以上_人口", (Some(Population65Plus), None, None, false)),
            ("A1101_総人口【人】", (Some(Population), None, None, false)),
            ("A7101_世帯数【世帯】", (Some(Households), None, None, false)),
            ("75歳以上人口【千人】", (Some(Population75Plus), None, None, true)),
            ("R7.1.1人口", (Some(Population), Some(2025), None, false)),
            (
                "2025(令和7)年 75歳以上",
                (Some(Population75Plus), Some(2025), None, false),
            ),
            (
                "令和7年1月1日現在人口",
                (Some(Population), Some(2025), Some(FigureKind::Fact), false),
            ),
            ("令和6年3月末人口", (Some(Population), Some(2024), None, false)),
        ] {
            assert_eq!(figures(heading), Some(expected), "{heading}");
        }
        for other in [
            "高齢化率(65歳以上)",
            "15歳未満人口",
            "人口密度",
            "65歳以上_男",
            "世帯人員",
            "備考",
            "age_unknown",
            "面積",
            "認知症高齢者数",
            "要介護認定者数(65歳以上)",
            "要介護認定者_65歳以上",
            "高齢者施設数",
            "65歳以上就業者数",
            "外国人_65歳以上",
            "65歳以上75歳未満",
            "75歳以上85歳未満人口",
            "世帯数_核家族",
            "人口_男",
            "人口_計_女",
            "女_人口",
            "男女別人口_男",
            "Female_総人口",
            "人口_日本人_計",
            "昼間_人口",
            "昼間人口",
            "15歳未満_人口",
            "一般世帯_人口",
            "人口(万人)",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
        assert_eq!(read("市区町村コード"), Some(Column::Code));
        assert_eq!(read("都道府県コード"), Some(Column::PrefectureCode));
        assert_eq!(read("都道府県名"), Some(Column::Prefecture));
        for (heading, year) in [
            ("R2", 2020),
            ("h27", 2015),
            ("R2.10.1", 2020),
            ("R2D2", 0),
            ("人口r2", 0),
        ] {
            let found = super::year(heading).map(|(year, _)| year);
            assert_eq!(found, Some(year).filter(|year| *year > 0), "{heading}");
        }
        assert_eq!(read("調査年月日"), Some(Column::Day));
        for group in ["性別", "年齢(5歳階級)", "国籍", "日本人・外国人別"] {
            assert_eq!(read(group), Some(Column::Group), "{group}");
        }
        assert_eq!(
            read("地域名（町丁）").or(read("地域名(町丁)")),
            Some(Column::District)
        );
        assert_eq!(read("実績・推計区分"), Some(Column::Basis));
        assert_eq!(read("75歳以上人口(千人)_市区町村"), Some(Column::Name));
    }

    #[test]
    fn a_title_names_the_years_in_which_was_counted() {
        for (title, expected) in [
            ("令和5年3月公表 令和2年国勢調査", vec![2020]),
            ("国勢調査(令和2年)(公表日:令和5年3月1日)", vec![2020]),
            ("令和5年3月31日に更新", vec![]),
            ("令和2年(2020年)国勢調査", vec![2020]),
            ("令和2年と平成27年の比較", vec![2020, 2015]),
            ("日本の地域別将来推計人口(令和5(2023)年推計)", vec![2023]),
            ("第3表 市区町村別人口", vec![]),
        ] {
            assert_eq!(years(title), expected, "{title}");
        }
    }

    #[test]
    fn what_adds_nothing_to_a_heading_is_told_from_what_does() {
        for below in ["(人)", "千人", "計", "総数", "注1)", "※", "Population"] {
            assert!(adds_nothing("人口", below), "{below}");
        }
        for below in ["男", "日本人", "昼間", "65歳以上", "2020年", "1"] {
            assert!(!adds_nothing("人口", below), "{below}");
        }
        for all in ["計", "総数", "男女計", "総数(年齢)", "000_総数", "Total"] {
            assert!(is_total(all), "{all}");
        }
        for part in ["男", "女", "75歳以上", "外国人", "", "四谷"] {
            assert!(!is_total(part), "{part}");
        }
        assert_eq!(
            [unit("人"), unit("【千人】"), unit("万人")],
            [Some(false), Some(true), None]
        );
        for title in ["(単位:万人)", "(単位:千人、世帯)", "単位 1,000人,世帯"] {
            assert!(says_other_unit(title), "{title}");
        }
        for title in [
            "(単位:人、世帯)",
            "(単位:千人、千世帯)",
            "人口10万人以上の市",
            "単位:千人",
        ] {
            assert!(!says_other_unit(title), "{title}");
        }
    }
}
