//! Reads the figures of a file as official statistics lay it out: titles and units above the heading, a heading of one or two
//! lines, thousands separators, full-width digits, totals of the country, marks where a figure is withheld, notes below.

use super::headings::{self, Column, Figures};
use super::{Figure, FigureKind, Indicator, place, prefecture_code};
use crate::catalogue::Catalogue;
use crate::catalogue::areas::address::Place;
use crate::error::{Error, FieldError, Result, Text};
use crate::workbooks::Workbooks;
use chrono::{Datelike, NaiveDate};
use std::collections::BTreeMap;
use tables::cells::{is_placeholder, normalize};
use tables::{Hints, Row};

/// The most figures of a file.
pub const MOST_FIGURES: usize = 200_000;
/// The most faults that are named.
const MOST_FAULTS: usize = 100;
/// Characters of a basis.
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
    /// The prefecture that a row above names: it stands once beside all of its municipalities.
    prefecture: Option<String>,
    found: BTreeMap<Key, Figure>,
    rows_left_out: i64,
    faults: Vec<FieldError>,
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
    let columns: Vec<Option<Column>> = header.iter().map(|one| headings::read(one)).collect();
    let mut reader = Reader {
        catalogue,
        options,
        source,
        columns,
        year: None,
        thousands: false,
        prefecture: None,
        found: BTreeMap::new(),
        rows_left_out: 0,
        faults: Vec::new(),
        header,
    };
    reader.check_columns()?;
    let mut row = Row::default();
    if survey.header_line > 0 {
        let mut above = survey.all_rows(&bytes)?;
        let mut years = Vec::new();
        while above.next(&mut row)? && row.line < survey.header_line {
            for text in row.texts() {
                let text = normalize(text).unwrap_or_default();
                reader.thousands |= headings::says_thousands(&text);
                years.extend(headings::year(&text).map(|(year, _)| year));
            }
        }
        years.dedup();
        reader.year = match years[..] {
            [year] => Some(year),
            _ => None,
        };
    }
    let mut rows = survey.rows(&bytes)?;
    while rows.next(&mut row)? {
        reader.read_row(&row);
        if reader.faults.len() >= MOST_FAULTS {
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
            let rule = Text::new(
                "市区町村コードまたは市区町村名の列が見つかりません。",
                "No column has the codes or names of areas.",
            );
            return Err(Error::invalid("/file", "no_areas", rule));
        }
        if !has(|column| matches!(column, Column::Figures(_))) {
            return Err(no_figures());
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
            cells.get(at).map(String::as_str).filter(|text| !text.is_empty())
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
        let (code, name) = (cell(Column::Code), cell(Column::Name));
        let (prefecture_code, prefecture) = (cell(Column::PrefectureCode), cell(Column::Prefecture));
        let prefecture = prefecture.or(prefecture_code);
        let is_heading = [code, name, prefecture].iter().all(Option::is_none)
            && given
                .iter()
                .all(|(_, _, text)| !text.contains(|c: char| c.is_ascii_digit()));
        if is_heading {
            // A further line of the heading: units, or what is counted.
            self.rows_left_out += 1;
            return;
        }
        if let Some(prefecture) = prefecture {
            self.prefecture = Some(prefecture.to_owned());
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
            Ok(Some(area)) => area,
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
        let basis = cell(Column::Basis).map(str::to_owned);
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
            let value = match value(text, figures.thousands || self.thousands) {
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
            let kind = figures.kind.or(row_kind.flatten()).unwrap_or(default);
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
        const SUMS: [&str; 8] = ["全国", "日本", "総数", "区部", "市部", "郡部", "町村部", "島部"];
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
        match fixed.read_place(text) {
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
        if self.found.is_empty() {
            return Err(no_figures());
        }
        if self.found.len() > MOST_FIGURES {
            return Err(too_many());
        }
        Ok(ReadFile {
            figures: self.found.into_values().collect(),
            rows_left_out: self.rows_left_out,
        })
    }
}

fn no_figures() -> Error {
    let rule = Text::new(
        "登録できる数値がありません。見出しと出典を確認してください。",
        "The file has no figures of this source. Look at its headings.",
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
}
