//! The rows of a published archive of engagements.
//!
//! Columns: 年度, 区分, 期間, 地域名, 団体名, 支援内容, in any order. A blank cell continues the one above within the
//! same year and category, as merged cells of the publication do; a requester is never continued.

use super::archive::{ArchiveError, Fault, check_text, find_columns};
use crate::catalogue::{Catalogue, Format, lookup};
use crate::values::Code;
use text::fold;

pub const HEADER: [&str; 6] = ["年度", "区分", "期間", "地域名", "団体名", "支援内容"];

/// One engagement, understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Engagement {
    pub line: u64,
    /// The first below the header is 1.
    pub row: u32,
    /// As published, in the order of [`HEADER`].
    pub cells: Vec<String>,
    pub fiscal_year: i32,
    pub category: String,
    pub format: Format,
    /// Code of the area.
    pub area: String,
    /// One or, where several ask jointly, more.
    pub requesters: Vec<String>,
    /// The text of the request, continued from above where the cell is blank.
    pub request: String,
    /// Codes of the types; empty where none is known.
    pub types: Vec<Code>,
}

#[derive(Debug, Default)]
pub struct Engagements {
    pub rows: usize,
    pub accepted: Vec<Engagement>,
    pub rejected: Vec<Fault>,
    pub unknown_types: Vec<Fault>,
}

/// Reads the whole file. Only what makes every row meaningless is an error: no text in UTF-8, no such header.
pub fn read(bytes: &[u8], catalogue: &Catalogue) -> Result<Engagements, ArchiveError> {
    let bytes = check_text(bytes)?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let positions = find_columns(reader.headers()?, HEADER)?;
    let width = reader.headers()?.len();
    let mut read = Engagements::default();
    let mut above = Above::default();
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
            let message = format!(
                "the row has {} cells and the header {width} (a truncated file?)",
                record.len()
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
            .and_then(|cells| understand(line, read.rows as u32, cells, &mut above, catalogue));
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

/// Counts lines as people do, whatever ends them: a record begins behind the line breaks before it.
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

/// As long as a name or a title may be.
const LONGEST: usize = 200;

/// The row's cells in the order of [`HEADER`], if each is a text that can be kept.
fn cells(line: u64, positions: &[usize], record: &csv::ByteRecord) -> Result<Vec<String>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut texts = Vec::new();
    for (at, name) in positions.iter().zip(HEADER) {
        let bytes = record.get(*at).unwrap_or_default();
        let text = String::from_utf8_lossy(bytes).into_owned();
        let broken = match () {
            () if std::str::from_utf8(bytes).is_err() => {
                Some(("invalid_utf8", "bytes that are none of UTF-8"))
            }
            () if text
                .chars()
                .any(|c| c.is_control() && !['\n', '\r', '\t'].contains(&c)) =>
            {
                Some(("control_character", "a control character"))
            }
            () if text.chars().count() > LONGEST => Some(("invalid_length", "more than 200 characters")),
            () => None,
        };
        if let Some((code, what)) = broken {
            let value = text.chars().take(80).collect();
            let message = format!("the cell holds {what}");
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

/// What blank cells continue.
#[derive(Default)]
struct Above {
    year: String,
    category: String,
    area: String,
    request: String,
}

impl Above {
    /// The cell, or what stands above it.
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
    above: &mut Above,
    catalogue: &Catalogue,
) -> Result<Engagement, Vec<Fault>> {
    let cell = |i: usize| cells.get(i).map(|cell| cell.trim()).unwrap_or_default();
    let block = (above.year.clone(), above.category.clone());
    let year = Above::fill(cell(0), &mut above.year);
    let category = Above::fill(cell(1), &mut above.category);
    if block != (above.year.clone(), above.category.clone()) {
        (above.area, above.request) = (String::new(), String::new());
    }
    let area = Above::fill(cell(3), &mut above.area);
    let request = Above::fill(cell(5), &mut above.request);
    let requesters: Vec<String> = cell(4)
        .split(['／', '/'])
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();

    let mut faults = Vec::new();
    let mut fault = |column: usize, value: &str, code, message: String| {
        let column = HEADER.get(column).copied().unwrap_or_default().to_owned();
        faults.push(Fault {
            line,
            column,
            value: value.to_owned(),
            code,
            message,
        });
    };
    let fiscal_year = fiscal_year(&year);
    if fiscal_year.is_none() {
        fault(
            0,
            &year,
            "unknown_year",
            "this is no fiscal year: expected 令和3年度, 平成27年度 or 2021年度".into(),
        );
    }
    let format = format(&category, cell(2));
    if format.is_none() {
        let known = "長期プロジェクト, 中・長期プロジェクト, 短期プロジェクト, 個人型プロジェクト, その他";
        fault(
            1,
            &category,
            "unknown_category",
            format!("this category is not known: expected {known}"),
        );
    }
    let found = find_area(&area, catalogue);
    if let Err(near) = found {
        let hint = near
            .map(|near| format!("; did you mean {near}?"))
            .unwrap_or_default();
        fault(3, &area, "unknown_area", format!("there is no such area{hint}"));
    }
    if requesters.is_empty() {
        fault(
            4,
            cell(4),
            "missing_requester",
            "nobody asks: the name of the organization is blank".into(),
        );
    }
    if request.is_empty() {
        fault(
            5,
            "",
            "missing_request",
            "nothing is asked for, here or above".into(),
        );
    }
    let types = catalogue
        .types_named(&request)
        .iter()
        .map(|kind| kind.code.clone())
        .collect();
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
    let near = lookup::nearest(&engagement.request, names).map(|near| format!("; the nearest is {near}"));
    Fault {
        line: engagement.line,
        column: "支援内容".to_owned(),
        value: engagement.request.clone(),
        code: "unknown_type",
        message: format!(
            "no type is known by this name: kept as other{}",
            near.unwrap_or_default()
        ),
    }
}

/// 平成31年度 and 令和元年度 are both 2019; 2019年度 is understood too.
pub fn fiscal_year(text: &str) -> Option<i32> {
    let folded: String = fold(text).chars().filter(|c| !c.is_whitespace()).collect();
    let bare = folded
        .strip_suffix("年度")
        .or_else(|| folded.strip_suffix('年'))
        .unwrap_or(&folded);
    let (era, last, number) = [("昭和", 64, 1925), ("平成", 31, 1988), ("令和", 99, 2018)]
        .into_iter()
        .find_map(|(era, last, before)| bare.strip_prefix(era).map(|number| (before, last, number)))
        .unwrap_or((0, 2200, bare));
    let number = if number == "元" && era > 0 {
        1
    } else {
        number.parse::<i32>().ok()?
    };
    let year = era + number;
    ((1..=last).contains(&number) && (1926..=2200).contains(&year)).then_some(year)
}

/// The publication's categories; the short ones were days at first and months later.
pub fn format(category: &str, period: &str) -> Option<Format> {
    let (category, period) = (lookup::key(category), lookup::key(period));
    Some(match category.as_str() {
        "長期プロジェクト" => Format::Long,
        "中・長期プロジェクト" => Format::MidLong,
        "短期プロジェクト" if period == lookup::key("1か月") => Format::OneMonth,
        "短期プロジェクト" => Format::OneDay,
        "その他" => Format::Other,
        individual if individual.starts_with("個人型プロジェクト") => Format::Individual,
        _ => return None,
    })
}

/// The code of an area by its name, in which spaces may stand; or the nearest name.
fn find_area<'c>(name: &str, catalogue: &'c Catalogue) -> Result<String, Option<&'c str>> {
    let key = lookup::key(name);
    let name = key
        .strip_prefix("東京都")
        .filter(|rest| !rest.is_empty())
        .unwrap_or(&key);
    let areas = &catalogue.fixed.areas;
    match areas
        .iter()
        .find(|area| area.name == name)
        .or_else(|| catalogue.area(name))
    {
        Some(area) => Ok(area.code.to_string()),
        None => Err(lookup::nearest(name, areas.iter().map(|area| area.name.as_str()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eras_meet_in_one_year() {
        assert_eq!(fiscal_year("平成31年度"), Some(2019));
        assert_eq!(fiscal_year("令和元年度"), Some(2019));
        assert_eq!(fiscal_year("令和３年度"), Some(2021));
        assert_eq!(fiscal_year("2019年度"), Some(2019));
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
    fn short_projects_are_told_apart_by_their_period() {
        assert_eq!(format("短期プロジェクト", "1日"), Some(Format::OneDay));
        assert_eq!(format("短期プロジェクト", "１か月"), Some(Format::OneMonth));
        assert_eq!(
            format("個人型プロジェクト「GRANT」", ""),
            Some(Format::Individual)
        );
        assert_eq!(format("謎", ""), None);
    }
}
