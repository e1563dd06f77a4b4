//! Reads the figures of a file as official statistics lay it out: titles and units above the heading, a heading of one or two
//! lines, thousands separators, full-width digits, totals of the country, marks where a figure is withheld, notes below.

use super::headings::{self, Column, Figures};
use super::{Figure, FigureKind, Indicator, place, prefecture_code};
use crate::catalogue::Catalogue;
use crate::catalogue::areas::address::Place;
use crate::catalogue::areas::{Areas, Prefecture};
use crate::catalogue::calendar::today;
use crate::error::{Error, FieldError, Result, Text};
use crate::values::words;
use crate::workbooks::Workbooks;
use chrono::{Datelike, NaiveDate};
use std::collections::BTreeMap;
use tables::cells::{is_placeholder, normalize};
use tables::{Hints, Row};

/// The most figures of a file.
pub const MOST_FIGURES: usize = 200_000;
/// The most faults that are named, and the most columns that are passed over.
const MOST_NAMED: usize = 100;
/// Indicators that count a part of what another one counts.
const PARTS: [(Indicator, Indicator); 6] = [
    (Indicator::Population65Plus, Indicator::Population),
    (Indicator::Population75Plus, Indicator::Population),
    (Indicator::Population75Plus, Indicator::Population65Plus),
    (Indicator::SingleHouseholds, Indicator::Households),
    (Indicator::SingleHouseholds65Plus, Indicator::Households),
    (Indicator::SingleHouseholds65Plus, Indicator::SingleHouseholds),
];
/// Characters of a basis, or of a heading that is passed over.
const LONGEST: usize = 100;

/// What a file doesn't say itself.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// The indicator of columns that name only a year.
    pub indicator: Option<Indicator>,
    /// The year of figures without one.
    pub year: Option<i32>,
    /// Figures of this year and later are projections, unless the file says it.
    pub projected_from: Option<i32>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
}

/// What was read.
#[derive(Debug, PartialEq)]
pub struct ReadFile {
    /// By area, indicator, year and kind.
    pub figures: Vec<Figure>,
    /// Rows without figures of one area.
    pub rows_left_out: i64,
    /// The headings of columns that aren't known, as far as they are named.
    pub columns_left_out: Vec<String>,
}

type Key = (String, Indicator, i32, FigureKind);

/// What a row says of where it is.
struct Named<'r> {
    code: Option<&'r str>,
    name: Option<&'r str>,
    /// The name or the code of the prefecture, in a column of its own.
    prefecture: Option<&'r str>,
}

impl Named<'_> {
    /// Returns the code of a municipality whose prefecture stands in another column: 13 and 104.
    fn whole_code(&self, code: &str, by_prefecture: impl Fn(&str) -> Option<String>) -> String {
        let prefecture = self
            .prefecture
            .filter(|_| code.len() == 3)
            .and_then(by_prefecture);
        match prefecture.as_ref().and_then(|whole| whole.get(..2)) {
            Some(two) if code != "000" => format!("{two}{code}"),
            _ => code.to_owned(),
        }
    }

    /// Returns the name with the prefecture: other municipalities may have the same.
    fn whole_name(&self, name: &str, has_prefecture: bool) -> String {
        let is_name = |text: &&str| !text.bytes().any(|b| b.is_ascii_digit());
        match self.prefecture.filter(is_name) {
            Some(prefecture) if !has_prefecture => format!("{prefecture}{name}"),
            _ => name.to_owned(),
        }
    }
}

struct Reader<'r> {
    catalogue: &'r Catalogue,
    options: &'r ReadOptions,
    source: &'r str,
    header: Vec<String>,
    columns: Vec<Option<Column>>,
    /// The year that a line above the heading names.
    year: Option<i32>,
    thousands: bool,
    /// The year after which nothing can be counted yet.
    this_year: i32,
    /// The sheet, and whether its rows have begun: above them, there may be further lines of the heading.
    sheet: usize,
    has_begun: bool,
    /// Rows that count only a part of the residents or of the area.
    parts_left_out: i64,
    /// The prefecture that a row above names: it stands once beside all of its municipalities.
    prefecture: Option<String>,
    /// The last city with wards and the last prefecture that rows or a title above name, the city first.
    around: Vec<String>,
    found: BTreeMap<Key, Figure>,
    rows_left_out: i64,
    faults: Vec<FieldError>,
}

/// Remembers what the area of a row tells about the names below it: 北区 below 大阪市 is a ward of it.
fn go_on_from(areas: &Areas, around: &mut Vec<String>, area: &str) {
    let is_it = |prefecture: &&Prefecture| prefecture_code(&prefecture.code) == area;
    if let Some(prefecture) = areas.prefectures.iter().find(is_it) {
        *around = vec![prefecture.name.clone()];
        return;
    }
    let Some(found) = areas.find(area).filter(|found| found.parent.is_none()) else {
        return;
    };
    around.retain(|name| areas.prefectures.iter().any(|one| one.name == *name));
    if areas
        .all
        .iter()
        .any(|ward| ward.parent.as_ref() == Some(&found.code))
    {
        around.insert(0, found.name.clone());
    }
}

/// Reads the figures of a source from a text, or with `workbooks` from a workbook. Names every row that can't be used; then
/// nothing is returned.
pub fn read(
    catalogue: &Catalogue,
    source: &str,
    options: &ReadOptions,
    bytes: &[u8],
    workbooks: Option<&Workbooks>,
) -> Result<ReadFile> {
    let known = |row: &Row| {
        let cells = row.texts().map(|text| normalize(text).unwrap_or_default());
        headings::weight_of_all(&cells.collect::<Vec<_>>())
    };
    let hints = Hints {
        sheet: options.sheet.clone(),
        ..Hints::default()
    };
    let survey = match workbooks {
        Some(workbooks) => workbooks.survey(&bytes, &|| Ok(()), &hints, &known)?,
        None => tables::survey(&bytes, &hints, &known)?,
    };
    let header: Vec<String> = survey
        .header
        .iter()
        .map(|one| normalize(one).unwrap_or_default())
        .collect();
    let mut columns: Vec<Option<Column>> = header.iter().map(|one| headings::read(one)).collect();
    settle(&header, &mut columns)?;
    let mut reader = Reader {
        catalogue,
        options,
        source,
        columns,
        year: None,
        thousands: false,
        this_year: today().year(),
        sheet: 0,
        has_begun: false,
        parts_left_out: 0,
        prefecture: None,
        around: Vec::new(),
        found: BTreeMap::new(),
        rows_left_out: 0,
        faults: Vec::new(),
        header,
    };
    reader.check_columns()?;
    let mut row = Row::default();
    if survey.header_line > 0 {
        let mut above = survey.all_rows(&bytes)?;
        let (mut years, mut titles) = (Vec::new(), Vec::new());
        while above.next(&mut row)? && row.line < survey.header_line {
            for text in row.texts() {
                let text = normalize(text).unwrap_or_default();
                if headings::says_other_unit(&text) {
                    return Err(Error::invalid(
                        format!("/file/{}", row.line),
                        "unknown_unit",
                        unknown_unit(&text),
                    ));
                }
                reader.thousands |= headings::says_thousands(&text);
                years.extend(headings::years(&text));
                titles.push(text);
            }
        }
        let all = catalogue.fixed.areas.prefectures.iter().map(|one| &one.name);
        let mut named = all.filter(|name| titles.iter().any(|title| title.contains(*name)));
        if let (Some(only), None) = (named.next(), named.next()) {
            reader.around = vec![only.clone()];
        }
        years.sort_unstable();
        years.dedup();
        reader.year = match years[..] {
            [year] => Some(year),
            _ => None,
        };
    }
    let mut rows = survey.rows(&bytes)?;
    while rows.next(&mut row)? {
        reader.read_row(&row);
        if reader.faults.len() >= MOST_NAMED {
            break;
        }
        if reader.found.len() > MOST_FIGURES {
            return Err(too_many());
        }
    }
    reader.finish()
}

impl Reader<'_> {
    /// Checks that the heading names areas and figures.
    fn check_columns(&self) -> Result<()> {
        let has = |is_meant: fn(&Column) -> bool| self.columns.iter().flatten().any(is_meant);
        if !has(|column| column.is_area()) {
            let found = shown(&self.header);
            let rule = Text::new(
                format!("市区町村コードまたは市区町村名の列が見つかりません。見出しは{found}です。"),
                format!(
                    "No column has the codes or names of areas (市区町村コード, 市区町村名). The headings are {found}."
                ),
            );
            return Err(Error::invalid("/file", "no_areas", rule));
        }
        if !has(|column| matches!(column, Column::Figures(_))) {
            return Err(no_figures(&self.header));
        }
        Ok(())
    }

    fn read_row(&mut self, row: &Row) {
        if let Some(fault) = &row.fault {
            let message = fault.message.clone();
            self.faults
                .push(FieldError::at(format!("/file/{}", row.line), fault.code, message));
            return;
        }
        let cells: Vec<String> = row
            .texts()
            .map(|text| normalize(text).unwrap_or_default())
            .collect();
        let cell = |wanted: Column| {
            let at = self.columns.iter().position(|column| *column == Some(wanted))?;
            let is_blank = |text: &str| text.is_empty() || wanted.is_area() && is_placeholder(text);
            cells.get(at).map(String::as_str).filter(|text| !is_blank(text))
        };
        let columns = self.columns.iter().enumerate();
        let given: Vec<(usize, Figures, &str)> = columns
            .filter_map(|(at, column)| match column {
                Some(Column::Figures(figures)) => Some((at, *figures, cells.get(at)?.as_str())),
                _ => None,
            })
            .filter(|(_, _, text)| !text.is_empty())
            .collect();
        let is_of_other = cell(Column::Source).is_some_and(|source| source != self.source);
        if given.is_empty() || is_of_other {
            self.rows_left_out += i64::from(!is_of_other);
            return;
        }
        // A thousands separator that isn't quoted shifts the figures after it.
        let mut beyond = cells.iter().skip(self.columns.len());
        if let Some(figure) = beyond.rfind(|text| matches!(value(text, false), Ok(Some(_)))) {
            let (width, shown) = (row.width(), figure.chars().take(40).collect::<String>());
            let message = Text::new(
                format!(
                    "セルが{width}個あり、見出しの数を超えています（「{shown}」）。桁区切りのカンマを含む数値は「\"」で囲んでください。"
                ),
                format!(
                    "The row has {width} cells, more than the heading (“{shown}”). Quote figures that have commas in them."
                ),
            );
            self.fault(row.line, None, "too_many_cells", message);
            return;
        }
        let (code, name) = (cell(Column::Code), cell(Column::Name));
        let (prefecture_code, prefecture) = (cell(Column::PrefectureCode), cell(Column::Prefecture));
        let prefecture = prefecture.or(prefecture_code);
        if row.sheet != self.sheet {
            (self.sheet, self.has_begun) = (row.sheet, false);
        }
        // Merged cells of the heading stand in each of its lines.
        let is_heading_again = |at: usize, text: &str| {
            let heading = self.header.get(at).map(String::as_str).unwrap_or_default();
            heading == text || heading.rsplit('_').next() == Some(text)
        };
        let mut of_areas = self.columns.iter().zip(&cells).enumerate();
        let is_of_no_area = of_areas.all(|(at, (column, text))| {
            !column.is_some_and(Column::is_area) || text.is_empty() || is_heading_again(at, text)
        });
        let is_heading = is_of_no_area
            && given.iter().all(|(at, _, text)| {
                let has_digit = text.contains(|c: char| c.is_ascii_digit());
                !has_digit
                    || self
                        .header
                        .get(*at)
                        .is_some_and(|heading| headings::adds_nothing(heading, text))
            });
        if is_heading {
            // What has no heading above it would be lost.
            let unnamed = self
                .header
                .iter()
                .zip(&cells)
                .enumerate()
                .filter(|(_, (heading, text))| {
                    heading.is_empty() && matches!(headings::read(text), Some(Column::Figures(_)))
                });
            let unnamed = unnamed.map(|(at, (_, text))| (at, text.clone()));
            let texts: Vec<(usize, String)> = given
                .iter()
                .map(|(at, _, text)| (*at, (*text).to_owned()))
                .chain(unnamed)
                .collect();
            self.read_heading(row.line, texts);
            return;
        }
        self.has_begun = true;
        if let Some(prefecture) = prefecture {
            self.prefecture = Some(prefecture.to_owned());
        }
        if self.is_of_part(&cells, code, name) {
            self.parts_left_out += 1;
            self.rows_left_out += 1;
            return;
        }
        let named = Named {
            code,
            name,
            prefecture: self
                .prefecture
                .as_deref()
                .filter(|_| prefecture.is_some() || name.is_some()),
        };
        let area = match self.area(&named) {
            Ok(Some(area)) => {
                go_on_from(&self.catalogue.fixed.areas, &mut self.around, &area);
                area
            }
            Ok(None) => {
                self.rows_left_out += 1;
                return;
            }
            Err((rule, message)) => {
                let of = |column: &&Column| match **column {
                    Column::Code => code.is_some(),
                    Column::Name => name.is_some(),
                    Column::Prefecture | Column::PrefectureCode => prefecture.is_some(),
                    _ => false,
                };
                let order = [
                    Column::Code,
                    Column::Name,
                    Column::Prefecture,
                    Column::PrefectureCode,
                ];
                let is_area = |column: &Option<Column>| column.is_some_and(Column::is_area);
                let at = match order.iter().find(of) {
                    Some(found) => self.columns.iter().position(|column| *column == Some(*found)),
                    None => self.columns.iter().position(is_area),
                };
                self.fault(row.line, at, rule, message);
                return;
            }
        };
        let basis = cell(Column::Basis).filter(|text| !headings::is_total(text));
        let basis = basis.map(str::to_owned);
        let day =
            cell(Column::Day).map(|text| tables::cells::dates::parse_date(text).ok().map(|date| date.date));
        if day == Some(None) {
            let at = self
                .columns
                .iter()
                .position(|column| *column == Some(Column::Day));
            let message = Text::new("日付として読み取れません。", "This is no date.");
            self.fault(row.line, at, "invalid_date", message);
            return;
        }
        let dated_on = day.flatten().or_else(|| basis.as_deref().and_then(trailing_day));
        let row_year = cell(Column::Year).map(|text| headings::year(text).map(|(year, _)| year));
        if row_year == Some(None) {
            let at = self
                .columns
                .iter()
                .position(|column| *column == Some(Column::Year));
            let message = Text::new("年として読み取れません。", "This is no year.");
            self.fault(row.line, at, "invalid_year", message);
            return;
        }
        let row_year = row_year.flatten().or(dated_on.map(|day| day.year()));
        let row_indicator = cell(Column::Indicator).map(headings::indicator);
        if row_indicator == Some(None) {
            let at = self
                .columns
                .iter()
                .position(|column| *column == Some(Column::Indicator));
            let message = Text::new("この指標は登録できません。", "This indicator isn't known.");
            self.fault(row.line, at, "unknown_indicator", message);
            return;
        }
        let row_kind = basis.as_deref().map(headings::kind);
        if row_kind == Some(None) {
            let at = self
                .columns
                .iter()
                .position(|column| *column == Some(Column::Basis));
            let message = Text::new(
                "実績か推計かを読み取れません。",
                "It doesn't say whether this was counted or is projected.",
            );
            self.fault(row.line, at, "unknown_figure_kind", message);
            return;
        }
        let row_unit = cell(Column::Unit).map(headings::unit);
        if row_unit == Some(None) {
            let is_unit = |column: &Option<Column>| *column == Some(Column::Unit);
            let at = self.columns.iter().position(is_unit);
            let message = unknown_unit(cell(Column::Unit).unwrap_or_default());
            self.fault(row.line, at, "unknown_unit", message);
            return;
        }
        let thousands = row_unit.flatten().unwrap_or(self.thousands);
        let mut read = Vec::new();
        let mut wrong = Vec::new();
        for (at, figures, text) in given {
            let indicator = figures
                .indicator
                .or(row_indicator.flatten())
                .or(self.options.indicator);
            let Some(indicator) = indicator else {
                let message = Text::new(
                    "何の数値かが分かりません。indicator を指定してください。",
                    "It isn't said what this counts. Use the parameter indicator.",
                );
                wrong.push((at, "unknown_indicator", message));
                continue;
            };
            let year = figures.year.or(row_year).or(self.year).or(self.options.year);
            let Some(year) = year else {
                let message = Text::new(
                    "何年の数値かが分かりません。year を指定してください。",
                    "The year isn't said. Use the parameter year.",
                );
                wrong.push((at, "no_year", message));
                continue;
            };
            let value = match value(text, figures.thousands || thousands) {
                Ok(Some(value)) => value,
                Ok(None) => continue,
                Err(()) => {
                    let shown: String = text.chars().take(40).collect();
                    let message = Text::new(
                        format!("「{shown}」は0以上の数値ではありません。"),
                        format!("“{shown}” is no figure of 0 or more."),
                    );
                    wrong.push((at, "not_a_figure", message));
                    continue;
                }
            };
            let from = self.options.projected_from;
            let default = match from.is_some_and(|from| year >= from) {
                true => FigureKind::Projection,
                false => FigureKind::Fact,
            };
            // What is yet to come wasn't counted, whatever the day beside it.
            let kind = match year > self.this_year {
                true => FigureKind::Projection,
                false => figures.kind.or(row_kind.flatten()).unwrap_or(default),
            };
            let basis = basis.as_ref().map(|basis| basis.chars().take(LONGEST).collect());
            read.push((
                at,
                Figure {
                    area: area.clone(),
                    indicator,
                    year,
                    kind,
                    value,
                    dated_on,
                    basis,
                },
            ));
        }
        for (at, rule, message) in wrong {
            self.fault(row.line, Some(at), rule, message);
        }
        for (at, figure) in read {
            if let Some(message) = self.exceeds(&figure) {
                self.fault(row.line, Some(at), "contradicting_figures", message);
                continue;
            }
            let key = (figure.area.clone(), figure.indicator, figure.year, figure.kind);
            match self.found.get(&key) {
                Some(before) if before.value != figure.value => {
                    let before = before.value;
                    let message = Text::new(
                        format!("同じ地域・指標・年の数値が、ほかの行では{before}です。"),
                        format!("Another row has {before} for the same area, indicator and year."),
                    );
                    self.fault(row.line, Some(at), "contradicting_figures", message);
                }
                Some(_) => {}
                None => {
                    self.found.insert(key, figure);
                }
            }
        }
    }

    /// Returns what is wrong with a figure that is above that of everybody whom it is a part of, or below that of its part.
    fn exceeds(&self, figure: &Figure) -> Option<Text> {
        let of = |indicator: Indicator| {
            let key = (figure.area.clone(), indicator, figure.year, figure.kind);
            self.found.get(&key).map(|found| (indicator, found.value))
        };
        let own = (figure.indicator, figure.value);
        let mut pairs = PARTS.iter().filter_map(|(part, whole)| match figure.indicator {
            indicator if indicator == *part => Some((own, of(*whole)?)),
            indicator if indicator == *whole => Some((of(*part)?, own)),
            _ => None,
        });
        let ((part, more), (whole, less)) = pairs.find(|((_, part), (_, whole))| part > whole)?;
        let word = |indicator: Indicator| words::text("IndicatorCode", indicator.code());
        let (part, whole) = (word(part), word(whole));
        Some(Text::new(
            format!("{}（{more}）が{}（{less}）を超えています。", part.ja, whole.ja),
            format!("{} ({more}) is more than {} ({less}).", part.en, whole.en),
        ))
    }

    /// Reads a line without an area. Above the rows, it is a further line of the heading: units, and else it has to say nothing
    /// new. Below them, it is a note.
    fn read_heading(&mut self, line: u64, texts: Vec<(usize, String)>) {
        self.rows_left_out += 1;
        if self.has_begun {
            return;
        }
        for (at, text) in texts {
            let heading = self.header.get(at).cloned().unwrap_or_default();
            if !(is_placeholder(&text) || headings::adds_nothing(&heading, &text)) {
                let (found, shown): (String, String) = (shown(&self.header), text.chars().take(40).collect());
                let message = Text::new(
                    format!(
                        "見出しの下の「{shown}」を読み取れません。読み取った見出しは{found}です。見出しを1行にまとめ、総数の列を「人口」のように書いてください。"
                    ),
                    format!(
                        "“{shown}” below the heading can't be read. The headings are {found}. Write them in one line, with 人口 above the column of all residents."
                    ),
                );
                self.fault(line, Some(at), "heading_unread", message);
            } else if headings::unit(&text) == Some(true)
                && let Some(Some(Column::Figures(figures))) = self.columns.get_mut(at)
            {
                figures.thousands = true;
            }
        }
    }

    /// Returns whether a row counts only some of the residents, as its column of sexes, ages or nationalities says, or only a
    /// district.
    fn is_of_part(&self, cells: &[String], code: Option<&str>, name: Option<&str>) -> bool {
        let is_whole = |text: &str| {
            let is_own = code == Some(text) || name.is_some_and(|name| name.ends_with(text));
            text.is_empty() || is_own || is_placeholder(text) || headings::is_total(text)
        };
        self.columns.iter().zip(cells).any(|(column, text)| match column {
            Some(Column::Group) => !headings::is_total(text),
            // 区分 is the kind of figure in some tables, the residents in others.
            Some(Column::Basis) => ["男", "女", "男性", "女性", "日本人", "外国人"].contains(&text.as_str()),
            Some(Column::District) => !is_whole(text),
            _ => false,
        })
    }

    /// Finds the area of a row. `Ok(None)` is more than one area: the country, or a sum.
    fn area(&self, named: &Named) -> Result<Option<String>, (&'static str, Text)> {
        const SUMS: [&str; 4] = ["計", "総数", "合計", "総計"];
        let is_zero = |text: &str| text.bytes().all(|b| b == b'0');
        let by_prefecture = |text: &str| self.prefecture_of(text).map(prefecture_code);
        let code = named.code.map(|code| named.whole_code(code, by_prefecture));
        if let (Some(code), Some(name)) = (&code, named.name)
            && let Some(area) = self.catalogue.fixed.areas.find(code)
            && !name.contains(&area.name)
            && let Ok(Some(other)) = self.place(&named.whole_name(name, self.begins_with_prefecture(name)))
            && place(self.catalogue, code).is_some_and(|(code, _)| code != other)
        {
            let message = Text::new(
                format!("コード {code} は「{name}」のものではありません。"),
                format!("The code {code} isn't that of “{name}”."),
            );
            return Err(("area_mismatch", message));
        }
        let of_municipality = |text: &&str| !is_zero(text) && !SUMS.contains(text);
        // Without a municipality, or with the sum of all, the row is that of the prefecture.
        let text = match (&code, named.name, named.prefecture) {
            (Some(code), ..) if !is_zero(code) => code.clone(),
            (_, Some(name), _) if of_municipality(&name) => {
                named.whole_name(name, self.begins_with_prefecture(name))
            }
            (_, _, Some(prefecture)) => prefecture.to_owned(),
            (code, name, None) => code.as_deref().or(name).unwrap_or_default().to_owned(),
        };
        self.place(&text)
    }

    /// Returns the two digits of the prefecture that a text names, or that its code does.
    fn prefecture_of(&self, text: &str) -> Option<&str> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let mut prefectures = self.catalogue.fixed.areas.prefectures.iter();
        let found = prefectures.find(|one| {
            let whole = prefecture_code(&one.code);
            let codes = [&one.code[..], &whole[..], whole.get(..5).unwrap_or_default()];
            let bare = one.name.trim_end_matches(['都', '府', '県']);
            text == one.name
                || text == bare
                || codes
                    .iter()
                    .any(|code| text == *code || text == code.trim_start_matches('0'))
        });
        found.map(|one| one.code.as_str())
    }

    fn begins_with_prefecture(&self, name: &str) -> bool {
        let mut prefectures = self.catalogue.fixed.areas.prefectures.iter();
        prefectures.any(|one| name.starts_with(&one.name))
    }

    /// Finds the area that a text names, or that its code does.
    fn place(&self, text: &str) -> Result<Option<String>, (&'static str, Text)> {
        const SUMS: [&str; 20] = [
            "全国",
            "日本",
            "総数",
            "区部",
            "市部",
            "郡部",
            "町村部",
            "島部",
            "郡",
            "支庁",
            "振興局",
            "全都",
            "全道",
            "全府",
            "全県",
            "全市",
            "多摩地域",
            "北多摩",
            "南多摩",
            "西多摩",
        ];
        let unknown = || {
            let shown: String = text.chars().take(40).collect();
            let message = Text::new(
                format!("「{shown}」という地域はありません。"),
                format!("There is no area “{shown}”."),
            );
            ("unknown_area", message)
        };
        if text.is_empty() {
            return Err(unknown());
        }
        let fixed = &self.catalogue.fixed;
        let is_sum = SUMS.iter().any(|sum| text.ends_with(sum)) || text.ends_with('計');
        if text.bytes().all(|b| b == b'0') || is_sum {
            return Ok(None);
        }
        if let Some(prefecture) = self.prefecture_of(text) {
            return Ok(Some(prefecture_code(prefecture)));
        }
        let around: Vec<&str> = self.around.iter().map(String::as_str).collect();
        match fixed.read_place_beside(text, &around) {
            Place::Found {
                area,
                former: None,
                second: None,
            } => {
                let area = fixed.areas.at(area).ok_or_else(unknown)?;
                Ok(place(self.catalogue, &area.code).map(|(code, _)| code))
            }
            // The figure of a former municipality isn't that of the one that it became part of.
            Place::Found { former: Some(_), .. } | Place::Divided(_) => {
                let message = Text::new(
                    format!("「{text}」は現在の市区町村ではありません。"),
                    format!("“{text}” is no municipality of today."),
                );
                Err(("former_area", message))
            }
            Place::Several(_) => {
                let message = Text::new(
                    format!("「{text}」は複数あります。市区町村コードで指定してください。"),
                    format!("There are several “{text}”. Use the code."),
                );
                Err(("ambiguous_area", message))
            }
            _ => Err(unknown()),
        }
    }

    fn fault(&mut self, line: u64, column: Option<usize>, rule: &'static str, message: Text) {
        let heading = column.and_then(|at| self.header.get(at));
        let heading = heading
            .map(|text| text.replace('~', "~0").replace('/', "~1"))
            .unwrap_or_default();
        self.faults
            .push(FieldError::at(format!("/file/{line}/{heading}"), rule, message));
    }

    fn finish(self) -> Result<ReadFile> {
        if !self.faults.is_empty() {
            return Err(Error::Invalid(self.faults));
        }
        if self.found.is_empty() && self.parts_left_out > 0 {
            let of_part = |column: &Option<Column>| matches!(column, Some(Column::Group | Column::District));
            let columns = self.header.iter().zip(&self.columns);
            let named = columns
                .filter(|(_, column)| of_part(column))
                .map(|(heading, _)| heading.clone());
            let found = shown(&named.collect::<Vec<_>>());
            let rule = Text::new(
                format!(
                    "{found}の列で分けた行だけで、全体の行がありません。性別・年齢・国籍などの列に「総数」と書いた行、または町丁などの列が空の行が必要です。"
                ),
                format!(
                    "All rows are of a part only, by the columns {found}. Add rows for all: with 総数 in a column of sexes, ages or nationalities, or with no district."
                ),
            );
            return Err(Error::invalid("/file", "only_parts", rule));
        }
        if self.found.is_empty() {
            return Err(no_figures(&self.header));
        }
        if self.found.len() > MOST_FIGURES {
            return Err(too_many());
        }
        let unknown = self.header.iter().zip(&self.columns);
        let unknown = unknown.filter(|(heading, column)| column.is_none() && !heading.is_empty());
        Ok(ReadFile {
            columns_left_out: unknown
                .map(|(heading, _)| heading.chars().take(LONGEST).collect())
                .take(MOST_NAMED)
                .collect(),
            figures: self.found.into_values().collect(),
            rows_left_out: self.rows_left_out,
        })
    }
}

/// Keeps one column for each thing that a row says. Areas side by side would get the figures of one another; beside the column
/// of municipalities, one of any areas has their districts, and one before it has regions of several: 区部. Of another thing
/// that is said twice, the first counts.
fn settle(header: &[String], columns: &mut [Option<Column>]) -> Result<()> {
    let of = |columns: &[Option<Column>], wanted: Column| -> Vec<usize> {
        let all = columns.iter().enumerate();
        all.filter(|(_, column)| **column == Some(wanted))
            .map(|(at, _)| at)
            .collect()
    };
    for wanted in [Column::Code, Column::Name] {
        let is_wide = |at: &usize| header.get(*at).is_some_and(|one| headings::is_of_any_area(one));
        let (wide, exact): (Vec<usize>, Vec<usize>) = of(columns, wanted).into_iter().partition(is_wide);
        let [exact] = exact[..] else { continue };
        for at in wide {
            if let Some(column) = columns.get_mut(at) {
                // What stands before the municipality is a region of several.
                *column = (at > exact).then_some(Column::District);
            }
        }
    }
    let exact = of(columns, Column::Name).first().copied();
    let exact = exact.or_else(|| of(columns, Column::Code).first().copied());
    for (column, heading) in columns.iter_mut().zip(header).take(exact.unwrap_or_default()) {
        if headings::is_of_region(heading) {
            *column = None;
        }
    }
    use Column::{Basis, Code, Day, Indicator, Name, Prefecture, PrefectureCode, Source, Unit, Year};
    for wanted in [Code, Name, PrefectureCode, Prefecture] {
        let twice = of(columns, wanted);
        if twice.len() > 1 {
            let named: Vec<String> = twice.iter().filter_map(|at| header.get(*at).cloned()).collect();
            let found = shown(&named);
            let rule = Text::new(
                format!(
                    "地域の列が複数あります（{found}）。横に並んだ表は縦に並べ、地域の列を1つにしてください。"
                ),
                format!(
                    "Several columns have the area: {found}. Put tables that stand side by side below each other."
                ),
            );
            return Err(Error::invalid("/file", "two_areas", rule));
        }
    }
    for wanted in [Year, Basis, Day, Source, Indicator, Unit] {
        for at in of(columns, wanted).into_iter().skip(1) {
            if let Some(column) = columns.get_mut(at) {
                *column = None;
            }
        }
    }
    Ok(())
}

/// Shows the headings that a file has, as far as there is room.
fn shown(header: &[String]) -> String {
    let named = header.iter().filter(|heading| !heading.is_empty());
    let named: Vec<String> = named
        .map(|heading| format!("「{}」", heading.chars().take(40).collect::<String>()))
        .collect();
    match named.len() {
        0 => "空".to_owned(),
        1..=12 => named.concat(),
        _ => format!("{}…", named.iter().take(12).cloned().collect::<String>()),
    }
}

fn unknown_unit(text: &str) -> Text {
    let shown: String = text.chars().take(40).collect();
    Text::new(
        format!("「{shown}」の単位は読み取れません。人、千人、世帯、千世帯のいずれかにしてください。"),
        format!("The unit “{shown}” isn't known. Use 人, 千人, 世帯 or 千世帯."),
    )
}

fn no_figures(header: &[String]) -> Error {
    let found = shown(header);
    let rule = Text::new(
        format!(
            "登録できる数値がありません。見出しは{found}です。総人口、65歳以上、75歳以上、世帯数、単独世帯、65歳以上の単独世帯のいずれかと書くか、年だけの見出しには indicator を指定してください。出典の列（source）も確認してください。"
        ),
        format!(
            "The file has no figures of this source. Its headings are {found}. Write 総人口, 65歳以上, 75歳以上, 世帯数, 単独世帯 or 65歳以上の単独世帯; or give the parameter indicator where a heading is only a year. Look at the column source, too."
        ),
    );
    Error::invalid("/file", "no_figures", rule)
}

fn too_many() -> Error {
    let rule = Text::new(
        format!("1つのファイルの数値は{MOST_FIGURES}件までです。"),
        format!("A file can have up to {MOST_FIGURES} figures."),
    );
    Error::invalid("/file", "too_many_figures", rule)
}

/// Reads a figure in NFKC. `Ok(None)` is one that isn't there: withheld, or not applicable.
fn value(text: &str, thousands: bool) -> Result<Option<i64>, ()> {
    let bare: String = text.chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
    let bare = bare.trim_matches(|c| "*※".contains(c));
    let bare = ["人", "世帯", "名"]
        .iter()
        .find_map(|unit| bare.strip_suffix(unit))
        .unwrap_or(bare);
    if is_placeholder(bare) || matches!(bare, "x" | "X" | "χ" | "...") {
        return Ok(None);
    }
    let (whole, fraction) = bare.split_once('.').unwrap_or((bare, "0"));
    let is_digits =
        |text: &str| !text.is_empty() && text.len() <= 12 && text.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return Err(());
    }
    let whole: i64 = whole.parse().map_err(|_| ())?;
    if !thousands {
        return match fraction.bytes().all(|b| b == b'0') {
            true => Ok(Some(whole)),
            false => Err(()),
        };
    }
    let three: String = fraction.chars().chain("000".chars()).take(3).collect();
    let three: i64 = three.parse().map_err(|_| ())?;
    Ok(Some(whole * 1000 + three))
}

/// Returns the day at the end of a basis: `resident_register_20250101`.
fn trailing_day(basis: &str) -> Option<NaiveDate> {
    let digits = basis.get(basis.len().checked_sub(8)?..)?;
    NaiveDate::parse_from_str(digits, "%Y%m%d").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_as_statistics_write_them() {
        let read = |text: &str| value(&normalize(text).unwrap(), false);
        for (text, expected) in [
            ("１，２３４", Ok(Some(1234))),
            ("1,234 ※", Ok(Some(1234))),
            ("5人", Ok(Some(5))),
            ("0", Ok(Some(0))),
            ("…", Ok(None)),
            ("-", Ok(None)),
            ("x", Ok(None)),
            ("約百人", Err(())),
            ("-5", Err(())),
            ("12.5", Err(())),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        assert_eq!(value("12.5", true), Ok(Some(12_500)));
        assert_eq!(
            trailing_day("resident_register_20250101"),
            NaiveDate::from_ymd_opt(2025, 1, 1)
        );
        assert_eq!(trailing_day("推計"), None);
    }

    /// Reads a file as that of the source `s`, with the year 2021 for what names none.
    fn figures(catalogue: &Catalogue, text: &str) -> std::result::Result<Vec<String>, String> {
        let options = ReadOptions {
            year: Some(2021),
            ..ReadOptions::default()
        };
        let shown = |one: Figure| {
            let kind = match one.kind {
                FigureKind::Fact => "",
                FigureKind::Projection => " projected",
            };
            format!("{} {} {}{kind}", one.indicator.code(), one.year, one.value)
        };
        match read(catalogue, "s", &options, text.as_bytes(), None) {
            Ok(read) => Ok(read.figures.into_iter().map(shown).collect()),
            Err(Error::Invalid(faults)) => {
                let first = faults.into_iter().next().map(|fault| fault.code.into_owned());
                Err(first.unwrap_or_default())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Each layout gives the figures that are meant, or is refused. None gives others.
    #[test]
    fn each_layout_is_read_as_it_is_meant_or_refused() {
        let fixed = crate::catalogue::store::fixed(&crate::config::ServedAreas::default()).unwrap();
        let catalogue = Catalogue::new(vec![], vec![], vec![], vec![], std::sync::Arc::new(fixed));
        let read: &[(&str, &[&str])] = &[
            // The sexes below the population.
            (
                "市区町村名,人口,,,世帯数\n,男,女,計,\n千代田区,34000,34835,68835,38000\n",
                &["population 2021 68835", "households 2021 38000"],
            ),
            (
                "団体コード,市区町村名,人口,,,世帯数\n団体コード,市区町村名,男,女,計,世帯数\n131016,千代田区,1,2,3,4\n",
                &["population 2021 3", "households 2021 4"],
            ),
            (
                "市区町村名,人口,,\n,計,男,女\n千代田区,3,1,2\n",
                &["population 2021 3"],
            ),
            (
                "市区町村名,世帯数,,\n,日本人,外国人,計\n千代田区,1,2,3\n",
                &["households 2021 3"],
            ),
            (
                "市区町村名,人口,,,,,,,,,世帯数\n,日本人,,,外国人,,,計,,,\n,男,女,計,男,女,計,男,女,計,\n\
                 千代田区,1,2,3,4,5,9,5,7,12,8\n",
                &["population 2021 12", "households 2021 8"],
            ),
            // Rows of a part of the residents.
            (
                "市区町村名,性別,総数,75歳以上\n千代田区,計,3,2\n千代田区,男,1,1\n千代田区,女,2,1\n",
                &["population 2021 3", "population_75_plus 2021 2"],
            ),
            (
                "市区町村名,年齢階級,人口\n千代田区,総数（年齢）,9\n千代田区,75歳以上,2\n",
                &["population 2021 9"],
            ),
            (
                "市区町村名,国籍,人口\n千代田区,総数,9\n千代田区,外国人,2\n",
                &["population 2021 9"],
            ),
            // The sex, or another part, above the indicator.
            (
                "市区町村名,総数,,女,\n,人口,75歳以上,人口,75歳以上\n千代田区,9,4,5,3\n",
                &["population 2021 9", "population_75_plus 2021 4"],
            ),
            (
                "市区町村名,65歳以上,\n,人口,割合\n千代田区,5,20\n",
                &["population_65_plus 2021 5"],
            ),
            // Districts of a municipality.
            (
                "市区町村名,地域名,総人口\n新宿区,,10\n新宿区,四谷,1\n",
                &["population 2021 10"],
            ),
            // Regions of several municipalities.
            (
                "地区,市区町村名,総人口\n区部,新宿区,10\n",
                &["population 2021 10"],
            ),
            (
                "地区,市区町村名,総人口\n区部,新宿区,10\n,千代田区,3\n",
                &["population 2021 10", "population 2021 3"],
            ),
            (
                "市区町村名,地区,総人口\n新宿区,,10\n新宿区,四谷,1\n",
                &["population 2021 10"],
            ),
            // What is yet to come is projected.
            (
                "市区町村名,75歳以上2050年,75歳以上2020年\n千代田区,2,1\n",
                &["population_75_plus 2020 1", "population_75_plus 2050 2 projected"],
            ),
            // Thousands.
            (
                "市区町村名,人口,世帯数\n,千人,世帯\n千代田区,67,40\n",
                &["population 2021 67000", "households 2021 40"],
            ),
            (
                "市区町村名,指標,値,単位\n千代田区,総人口,67,千人\n千代田区,世帯数,40,世帯\n",
                &["population 2021 67000", "households 2021 40"],
            ),
            // Years.
            (
                "令和5年3月公表 令和2年国勢調査,\n市区町村名,人口\n千代田区,3\n",
                &["population 2020 3"],
            ),
            (
                "市区町村名,調査年月日,総人口\n千代田区,2022-01-01,3\n",
                &["population 2022 3"],
            ),
            (
                "市区町村名,R7.1.1人口,2025（令和7）年 75歳以上\n千代田区,3,1\n",
                &["population 2025 3", "population_75_plus 2025 1"],
            ),
            // e-Stat.
            (
                "市区町村名,A1101_総人口【人】,75歳以上人口【千人】\n千代田区,3000,1\n",
                &["population 2021 3000", "population_75_plus 2021 1000"],
            ),
        ];
        for (file, expected) in read {
            let found = figures(&catalogue, file);
            let mut found = found.unwrap_or_else(|code| panic!("{code}: {file}"));
            let mut expected: Vec<String> = expected.iter().map(|one| (*one).to_owned()).collect();
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected, "{file}");
        }
        for (file, code) in [
            ("市区町村名,人口,\n,男,女\n千代田区,1,2\n", "heading_unread"),
            ("市区町村名,人口,\n,昼間,夜間\n千代田区,1,2\n", "heading_unread"),
            ("市区町村名,女,\n,人口,75歳以上\n千代田区,1,2\n", "no_figures"),
            ("市区町村名,性別,総数\n千代田区,女,1\n", "only_parts"),
            ("市区町村名,年齢階級,人口\n千代田区,75歳以上,1\n", "only_parts"),
            ("市区町村名,国籍,人口\n千代田区,外国人,1\n", "only_parts"),
            ("市区町村名,地域名(町丁),総人口\n新宿区,四谷,1000\n", "only_parts"),
            (
                "地域名,総人口,地域名,75歳以上\n千代田区,10,八王子市,1\n",
                "two_areas",
            ),
            (
                "都道府県名,総人口,都道府県名,総人口\n東京都,10,大阪府,1\n",
                "two_areas",
            ),
            (
                "市区町村名,指標,値,単位\n千代田区,総人口,6,万人\n",
                "unknown_unit",
            ),
            ("（単位：万人）,\n市区町村名,総人口\n千代田区,6\n", "unknown_unit"),
            ("市区町村名,面積\n千代田区,6\n", "no_figures"),
        ] {
            assert_eq!(figures(&catalogue, file), Err(code.to_owned()), "{file}");
        }
    }
}
