//! Reads the rows of a published archive of engagements.
//!
//! Columns: 年度, 区分, 期間, 地域名, 団体名, 支援内容, in any order. A blank cell repeats the one above it within the same
//! year and category, like a merged cell of the publication. A blank requester is never repeated; 同上 repeats what is above.

use super::archive::{ArchiveError, Fault, check_text, find_columns};
use super::headings::heading_key;
use super::places;
use super::vocabulary::Vocabulary;
use crate::catalogue::{Catalogue, Format, lookup, names};
use crate::values::Code;
use tables::cells::is_ditto;
use text::{Text, fold};

pub const HEADER: [&str; 6] = ["年度", "区分", "期間", "地域名", "団体名", "支援内容"];

/// One row of the archive.
#[derive(Debug, Clone, PartialEq)]
pub struct Engagement {
    pub line: u64,
    /// Counts the rows below the header; the first is 1.
    pub row: u32,
    /// The cells as published, in the order of [`HEADER`].
    pub cells: Vec<String>,
    pub fiscal_year: i32,
    pub category: String,
    pub format: Format,
    /// Code of the area.
    pub area: String,
    /// One, or several that ask jointly.
    pub requesters: Vec<String>,
    /// The text of the request. A blank cell repeats the one above it.
    pub request: String,
    /// The types that the request names; empty if it names no known one.
    pub types: Vec<Code>,
}

#[derive(Debug, Default)]
pub struct Engagements {
    pub rows: usize,
    pub accepted: Vec<Engagement>,
    pub rejected: Vec<Fault>,
    pub unknown_types: Vec<Fault>,
}

/// Reads the whole file. A row that breaks a rule is rejected; only a file without text in UTF-8 or without
/// the header is an error.
pub fn read(bytes: &[u8], catalogue: &Catalogue) -> Result<Engagements, ArchiveError> {
    let bytes = check_text(bytes)?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let positions = find_columns(reader.headers()?, HEADER)?;
    let width = reader.headers()?.len();
    let mut read = Engagements::default();
    let vocabulary = Vocabulary::new(catalogue);
    let mut above = CellsAbove::default();
    let mut lines = Lines {
        bytes,
        at: 0,
        line: 1,
    };
    for record in reader.byte_records() {
        let record = record?;
        if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
            continue;
        }
        read.rows += 1;
        let line = lines.of(record.position().map_or(0, csv::Position::byte));
        if record.len() != width {
            let cells = record.len();
            let message = Text::new(
                format!("セルが{cells}個あり、見出しの{width}個と一致しません。"),
                format!("The row has {cells} cells and the header {width}. Is the file complete?"),
            );
            let shown: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
            let value = shown.join(",").chars().take(200).collect();
            let (column, code) = ("row".to_owned(), "wrong_number_of_cells");
            read.rejected.push(Fault {
                line,
                column,
                value,
                code,
                message,
            });
            continue;
        }
        let understood = cells(line, &positions, &record)
            .and_then(|cells| understand(line, read.rows as u32, cells, &mut above, &vocabulary));
        match understood {
            Ok(engagement) => {
                if engagement.types.is_empty() {
                    read.unknown_types.push(unknown_type(&engagement, catalogue));
                }
                read.accepted.push(engagement);
            }
            Err(faults) => read.rejected.extend(faults),
        }
    }
    Ok(read)
}

/// Counts lines. A record begins after the line breaks before it.
struct Lines<'b> {
    bytes: &'b [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    fn of(&mut self, record_at: u64) -> u64 {
        let rest = self.bytes.get(record_at as usize..).unwrap_or_default();
        let blank = rest.iter().take_while(|b| [b'\r', b'\n'].contains(b)).count();
        let begins = record_at as usize + blank;
        let passed = self.bytes.get(self.at..begins).unwrap_or_default();
        self.line += passed.iter().filter(|b| **b == b'\n').count() as u64;
        self.at = begins;
        self.line
    }
}

/// The most characters of a cell, as of a name or title.
const MAX_CHARS: usize = 200;

/// Returns the cells of a row in the order of [`HEADER`].
fn cells(line: u64, positions: &[usize], record: &csv::ByteRecord) -> Result<Vec<String>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut texts = Vec::new();
    for (at, name) in positions.iter().zip(HEADER) {
        let bytes = record.get(*at).unwrap_or_default();
        let text = String::from_utf8_lossy(bytes).into_owned();
        let broken = match () {
            () if std::str::from_utf8(bytes).is_err() => {
                let (ja, en) = (
                    "UTF-8では読めない文字があります。",
                    "The cell has bytes that are not UTF-8.",
                );
                Some(("invalid_utf8", Text::new(ja, en)))
            }
            () if text
                .chars()
                .any(|c| c.is_control() && !['\n', '\r', '\t'].contains(&c)) =>
            {
                let (ja, en) = ("制御文字は使えません。", "The cell has a control character.");
                Some(("control_character", Text::new(ja, en)))
            }
            () if text.chars().count() > MAX_CHARS => {
                let (ja, en) = (
                    format!("{MAX_CHARS}文字以内にしてください。"),
                    format!("The cell has more than {MAX_CHARS} characters."),
                );
                Some(("invalid_length", Text::new(ja, en)))
            }
            () => None,
        };
        if let Some((code, message)) = broken {
            let value = text.chars().take(80).collect();
            faults.push(Fault {
                line,
                column: name.to_owned(),
                value,
                code,
                message,
            });
        }
        texts.push(text);
    }
    if faults.is_empty() { Ok(texts) } else { Err(faults) }
}

/// The cells above, which blank cells repeat.
#[derive(Default)]
struct CellsAbove {
    year: String,
    category: String,
    area: String,
    requesters: String,
    request: String,
}

impl CellsAbove {
    /// Returns the cell, or the one above it if it is blank.
    fn fill(cell: &str, above: &mut String) -> String {
        if !cell.is_empty() {
            above.clear();
            above.push_str(cell);
        }
        above.clone()
    }
}

fn understand(
    line: u64,
    row: u32,
    cells: Vec<String>,
    above: &mut CellsAbove,
    vocabulary: &Vocabulary,
) -> Result<Engagement, Vec<Fault>> {
    let catalogue = vocabulary.catalogue;
    let said = [
        above.year.clone(),
        above.category.clone(),
        String::new(),
        above.area.clone(),
        above.requesters.clone(),
        above.request.clone(),
    ];
    let cell = |i: usize| match cells.get(i).map(|cell| cell.trim()).unwrap_or_default() {
        cell if is_ditto(cell) => said.get(i).map(String::as_str).unwrap_or_default(),
        cell => cell,
    };
    let block = (above.year.clone(), above.category.clone());
    let year = CellsAbove::fill(cell(0), &mut above.year);
    let category = CellsAbove::fill(cell(1), &mut above.category);
    if block != (above.year.clone(), above.category.clone()) {
        (above.area, above.request) = (String::new(), String::new());
    }
    let area = CellsAbove::fill(cell(3), &mut above.area);
    let request = CellsAbove::fill(cell(5), &mut above.request);
    cell(4).clone_into(&mut above.requesters);
    let requesters: Vec<String> = cell(4)
        .split(['／', '/'])
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();

    let mut faults = Vec::new();
    let mut fault = |column: usize, value: &str, code, ja: String, en: String| {
        let column = HEADER.get(column).copied().unwrap_or_default().to_owned();
        faults.push(Fault {
            line,
            column,
            value: value.to_owned(),
            code,
            message: Text::new(ja, en),
        });
    };
    let fiscal_year = fiscal_year(&year);
    if fiscal_year.is_none() {
        fault(
            0,
            &year,
            "invalid_fiscal_year",
            "年度は 令和3年度、平成27年度、2021年度 のように入力してください。".into(),
            "Write the fiscal year like 令和3年度, 平成27年度 or 2021年度.".into(),
        );
    }
    let format = format(&category, cell(2));
    if format.is_none() {
        let known = "長期プロジェクト, 中・長期プロジェクト, 短期プロジェクト, 個人型プロジェクト, その他";
        fault(
            1,
            &category,
            "unknown_category",
            format!("区分は {known} のいずれかで入力してください。"),
            format!("The category has to be one of {known}."),
        );
    }
    let found = places::served_area(&catalogue.fixed, &area, &mut Vec::new());
    if let Err(remark) = &found {
        let Text { ja, en } = remark.message.clone();
        fault(3, &area, remark.code, ja.into_owned(), en.into_owned());
    }
    if requesters.is_empty() {
        fault(
            4,
            cell(4),
            "missing_requester",
            "団体名は入力必須です。上の行と同じ団体のときは「同上」と入力してください。".into(),
            "The name of the organization is required. Write 同上 if it is the one above.".into(),
        );
    }
    if request.is_empty() {
        fault(
            5,
            "",
            "missing_request",
            "支援内容は入力必須です。".into(),
            "The request is required.".into(),
        );
    }
    let types = vocabulary.types_named(&request);
    match (fiscal_year, format, found) {
        (Some(fiscal_year), Some(format), Ok(area)) if faults.is_empty() => Ok(Engagement {
            line,
            row,
            fiscal_year,
            category,
            format,
            area,
            requesters,
            request,
            types,
            cells,
        }),
        _ => Err(faults),
    }
}

fn unknown_type(engagement: &Engagement, catalogue: &Catalogue) -> Fault {
    let names = catalogue
        .types
        .iter()
        .map(|entry| entry.definition.names.ja.as_str());
    let near = lookup::nearest(&engagement.request, names);
    let hint = |before: &str, after: &str| {
        near.map(|near| format!("{before}{near}{after}"))
            .unwrap_or_default()
    };
    Fault {
        line: engagement.line,
        column: "支援内容".to_owned(),
        value: engagement.request.clone(),
        code: "unknown_type",
        message: Text::new(
            format!(
                "支援内容が見つからないため「その他」として取り込みました。{}",
                hint("「", "」ではありませんか。")
            ),
            format!(
                "No type has this name, so it was imported as other.{}",
                hint(" Did you mean ", "?")
            ),
        ),
    }
}

/// Parses a fiscal year: 平成31年度, 令和元年度 and 2019年度 are all 2019.
pub fn fiscal_year(text: &str) -> Option<i32> {
    let folded: String = fold(text).chars().filter(|c| !c.is_whitespace()).collect();
    let bare = folded
        .strip_suffix("年度")
        .or_else(|| folded.strip_suffix('年'))
        .unwrap_or(&folded);
    let bare = bare.strip_prefix("fy").unwrap_or(bare);
    let eras = [
        (["昭和", "s"], 64, 1925),
        (["平成", "h"], 31, 1988),
        (["令和", "r"], 99, 2018),
    ];
    let (era, last, number) = eras
        .into_iter()
        .find_map(|(names, last, before)| {
            let number = names.into_iter().find_map(|name| bare.strip_prefix(name));
            number.map(|number| (before, last, number))
        })
        .unwrap_or((0, 2200, bare));
    let number = if number == "元" && era > 0 {
        1
    } else {
        number.parse::<i32>().ok()?
    };
    let year = era + number;
    ((1..=last).contains(&number) && (1926..=2200).contains(&year)).then_some(year)
}

/// Returns the format of a category. A short project was a day in the first years and a month later.
pub fn format(category: &str, period: &str) -> Option<Format> {
    let (category, period) = (names::key(category), names::key(period));
    let bare = category.strip_suffix("プロジェクト").unwrap_or(&category);
    Some(match bare.strip_suffix('型').unwrap_or(bare) {
        "長期" => Format::Long,
        "中・長期" | "中長期" => Format::MidLong,
        "短期" if period == names::key("1か月") => Format::OneMonth,
        "短期" | "1日" => Format::OneDay,
        "1か月" => Format::OneMonth,
        "その他" => Format::Other,
        individual
            if ["個人", "grant"]
                .iter()
                .any(|begin| individual.starts_with(begin)) =>
        {
            Format::Individual
        }
        _ => return None,
    })
}

/// Returns the column of the archive that a heading means.
pub fn column(heading: &str) -> Option<&'static str> {
    const OTHERS: [(&str, &[&str]); 6] = [
        (
            "年度",
            &["実施年度", "支援年度", "採択年度", "fiscal year", "year"],
        ),
        (
            "区分",
            &[
                "支援区分",
                "プロジェクト区分",
                "プログラム",
                "プログラム区分",
                "形式",
                "category",
            ],
        ),
        (
            "期間",
            &["支援期間", "実施期間", "プロジェクト期間", "period", "duration"],
        ),
        (
            "地域名",
            &[
                "地域",
                "区市町村",
                "区市町村名",
                "市区町村",
                "市区町村名",
                "自治体",
                "自治体名",
                "活動地域",
                "area",
                "municipality",
            ],
        ),
        (
            "団体名",
            &[
                "団体",
                "団体名称",
                "支援団体",
                "支援団体名",
                "支援先",
                "支援先団体",
                "支援先団体名",
                "実施団体",
                "依頼団体",
                "organization",
                "organisation",
            ],
        ),
        (
            "支援内容",
            &[
                "支援の内容",
                "支援メニュー",
                "成果物",
                "支援成果物",
                "内容",
                "deliverable",
                "support",
            ],
        ),
    ];
    let key = heading_key(heading);
    let is_it = |(name, others): &&(&str, &[&str])| {
        heading_key(name) == key || others.iter().any(|other| heading_key(other) == key)
    };
    OTHERS.iter().find(is_it).map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fiscal_years_of_every_era() {
        assert_eq!(fiscal_year("平成31年度"), Some(2019));
        assert_eq!(fiscal_year("令和元年度"), Some(2019));
        assert_eq!(fiscal_year("令和３年度"), Some(2021));
        assert_eq!(fiscal_year("2019年度"), Some(2019));
        assert_eq!(fiscal_year("Ｈ３１"), Some(2019));
        assert_eq!(fiscal_year("R元年度"), Some(2019));
        for none in [
            "",
            "元年度",
            "令和0年度",
            "平成32年度",
            "慶応3年度",
            "年度",
            "二〇一九年度",
            "99999999999年度",
        ] {
            assert_eq!(fiscal_year(none), None, "{none}");
        }
    }

    #[test]
    fn the_period_decides_the_format_of_a_short_project() {
        assert_eq!(format("短期プロジェクト", "1日"), Some(Format::OneDay));
        assert_eq!(format("短期プロジェクト", "１か月"), Some(Format::OneMonth));
        assert_eq!(
            format("個人型プロジェクト「GRANT」", ""),
            Some(Format::Individual)
        );
        assert_eq!(format("中長期", ""), Some(Format::MidLong));
        assert_eq!(format("短期型", "1日"), Some(Format::OneDay));
        assert_eq!(format("謎", ""), None);
    }

    #[test]
    fn headings_of_the_archive_may_be_written_otherwise() {
        assert_eq!(column("実施年度"), Some("年度"));
        assert_eq!(column("支援先 団体"), Some("団体名"));
        assert_eq!(column("Fiscal Year"), Some("年度"));
        assert_eq!(column("備考"), None);
    }
}
