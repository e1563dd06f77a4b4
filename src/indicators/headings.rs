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

const COLUMNS: [(Column, &[&str]); 9] = [
    (
        Column::Code,
        &[
            "code",
            "コード",
            "地域コード",
            "団体コード",
            "市区町村コード",
            "都道府県市区町村コード",
            "自治体コード",
            "全国地方公共団体コード",
            "地方公共団体コード",
            "標準地域コード",
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
        &["date", "dated_on", "基準日", "調査日", "時点", "年月日"],
    ),
    (Column::Source, &["source"]),
    (
        Column::Indicator,
        &["indicator", "指標", "指標コード", "項目", "統計項目"],
    ),
];
/// What stands below an indicator in the second line of a heading.
const PARTS: [&str; 7] = ["総数", "計", "男", "女", "男性", "女性", "男女計"];
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
const OTHERS: [&str; 11] = [
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
    let key: String = heading.chars().filter(|c| !c.is_whitespace()).collect();
    let key = key.to_lowercase();
    let last = bare(key.rsplit('_').next().unwrap_or_default());
    let whole = bare(&key);
    let means = |words: &[&str]| words.contains(&last.as_str()) || words.contains(&whole.as_str());
    if let Some((column, _)) = COLUMNS.iter().find(|(_, words)| means(words)) {
        return Some(*column);
    }
    if RATES.iter().chain(&OTHERS).any(|other| key.contains(other))
        || key.contains("日本人") != key.contains("外国人")
    {
        return None;
    }
    let lines: Vec<&str> = key.split('_').collect();
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
    let rest = bare(&rest);
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
    let below = heading.rsplit_once('_').map(|(_, below)| below.trim());
    let is_part = usize::from(below.is_some_and(|below| PARTS.contains(&below)));
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

/// Removes units in brackets and the marks between the parts of a heading.
fn bare(key: &str) -> String {
    const UNITS: [&str; 12] = [
        "(人)",
        "(千人)",
        "(世帯)",
        "(千世帯)",
        "[人]",
        "[千人]",
        "(名)",
        "単位:人",
        "単位:千人",
        "[世帯]",
        "[千世帯]",
        "(単位:世帯)",
    ];
    let without = UNITS
        .iter()
        .fold(key.to_owned(), |text, unit| text.replace(unit, ""));
    let is_mark = |c: char| "_()[]・:/、,-「」【】".contains(c);
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
    text.contains("千人") || text.contains("千世帯")
}

pub fn indicator(word: &str) -> Option<Indicator> {
    if let Ok(known) = word.parse() {
        return Some(known);
    }
    let last = word.rsplit('_').next().unwrap_or_default();
    let says_its_own = last != word && !matches!(last, "総数" | "計" | "total");
    match single(last).filter(|_| says_its_own) {
        Some(one @ (Indicator::Population | Indicator::Population65Plus | Indicator::Population75Plus)) => {
            Some(one)
        }
        _ => single(word),
    }
}

fn single(word: &str) -> Option<Indicator> {
    let has = |words: &[&str]| words.iter().any(|one| word.contains(one));
    let of_sex = ["男", "女"].iter().any(|sex| word.contains(sex)) && !word.contains("男女計");
    if of_sex || RATES.iter().any(|rate| word.contains(rate)) {
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
            if matches!(
                word.trim_end_matches("_総数").trim_end_matches("_計"),
                "世帯数" | "総世帯数" | "総世帯" | "一般世帯数" | "世帯"
            ) =>
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
                    | "総数"
                    | "人口_総数"
                    | "総数_人口"
                    | "total"
                    | "総人口_総数"
                    | "人口(総数)"
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
        .all(|c| c.is_ascii_digit() || "月日時点_()[]・:/、,-「」【】+".contains(c))
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
        && matches!(text.get(at.end..more.start), Some("(" | "/" | ""))
    {
        at.end = more.end;
    }
    Some((year, at))
}

/// Returns the end of a year with the word 年 or 年度 behind it.
fn with_year(text: &str, end: usize) -> usize {
    let rest = text.get(end..).unwrap_or_default();
    let word = ["年度", "年"].iter().find(|word| rest.starts_with(**word));
    end + word.map_or(0, |word| word.len())
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
        assert_eq!(read("実績・推計区分"), Some(Column::Basis));
        assert_eq!(read("75歳以上人口(千人)_市区町村"), Some(Column::Name));
    }
}
