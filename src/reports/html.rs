//! A report as one page that prints well: no script, nothing loaded, headings that stay with their tables, headings of
//! columns on each page.

use super::tables::{Cell, ReportColumn, ReportSection, Row};
use super::{ColumnKind, Report, years};
use crate::catalogue::calendar::time_in_tokyo;
use crate::http::Language;
use crate::press::month::Month;
use chrono::{Datelike, NaiveDate};
use quick_xml::escape::escape;
use std::fmt::Write;

const STYLE: &str = include_str!("report.css");
/// The page says itself that it loads nothing, for when it is opened as a file.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// Characters of a text that isn't broken into lines: Japanese may break after each letter.
const SHORT: usize = 11;

/// Rows of a table that isn't broken into pages.
const WHOLE: usize = 10;

/// Writes a report as a page.
pub fn write(report: &Report) -> String {
    let language = report.language;
    let title = escape(&report.title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<header>\n<h1>{title}</h1>\n<p>{}</p>\n</header>\n<nav>\n<ol>\n",
        language.tag(),
        escape(about(report)),
    );
    for section in &report.sections {
        let (code, title) = (section.code.code(), escape(&section.title));
        let _ = writeln!(page, "<li><a href=\"#{code}\">{title}</a></li>");
    }
    page += "</ol>\n</nav>\n<main>\n";
    for section in &report.sections {
        write_section(&mut page, section, report);
    }
    page + "</main>\n</body>\n</html>\n"
}

/// Says of which areas a report is, and from when.
fn about(report: &Report) -> String {
    let day = time_in_tokyo(report.created_at.utc()).date();
    let names = &report.area_names;
    match report.language {
        Language::Ja => {
            let areas = match names.as_slice() {
                [] => "全地域".to_owned(),
                names => names.join("、"),
            };
            format!("対象：{areas}　／　作成日：{}", written_day(day, Language::Ja))
        }
        Language::En => {
            let areas = match names.as_slice() {
                [] => "All areas".to_owned(),
                names => names.join(", "),
            };
            format!("{areas}. As of {day}.")
        }
    }
}

fn write_section(page: &mut String, section: &ReportSection, report: &Report) {
    let language = report.language;
    let (code, title) = (section.code.code(), escape(&section.title));
    let whole = match section.rows.len() <= WHOLE {
        true => " class=\"whole\"",
        false => "",
    };
    let _ = writeln!(page, "<section id=\"{code}\"{whole}>\n<h2>{title}</h2>");
    if section.rows.is_empty() {
        let nothing = match language {
            Language::Ja => "この期間の記録はありません。",
            Language::En => "There is nothing from this time.",
        };
        let _ = writeln!(page, "<p class=\"none\">{nothing}</p>");
    } else {
        // Each year has a heading of its rows; a single year is in the title.
        let by_year = section.has_many_rows_a_year();
        let first = usize::from(by_year);
        let columns = section.columns.get(first..).unwrap_or_default();
        *page += "<table>\n<thead>\n<tr>";
        for column in columns {
            let _ = write!(
                page,
                "<th{}>{}</th>",
                class(column.kind, false),
                escape(column.title)
            );
        }
        *page += "</tr>\n</thead>\n<tbody>\n";
        let mut year = None;
        for row in &section.rows {
            if let (true, Some(Cell::Year(of))) = (by_year && report.from != report.to, row.first())
                && year != Some(of)
            {
                year = Some(of);
                let (width, name) = (columns.len(), years::name(*of, language));
                let _ = writeln!(
                    page,
                    "<tr class=\"year\"><th colspan=\"{width}\">{}</th></tr>",
                    escape(name)
                );
            }
            write_row(page, columns, row, first, language);
        }
        *page += "</tbody>\n";
        if let Some(total) = &section.total {
            *page += "<tfoot>\n";
            // What has no sum stays blank.
            let blank = |cell: &Cell| match cell {
                Cell::Empty => Cell::text(""),
                cell => cell.clone(),
            };
            let mut total: Row = total.iter().map(blank).collect();
            if let Some(cell) = total.get_mut(first) {
                *cell = Cell::text(sum_word(language));
            }
            write_row(page, columns, &total, first, language);
            *page += "</tfoot>\n";
        }
        *page += "</table>\n";
    }
    if !section.notes.is_empty() && !section.rows.is_empty() {
        *page += "<ul class=\"notes\">\n";
        for note in &section.notes {
            let mark = match language {
                Language::Ja => "※ ",
                Language::En => "",
            };
            let _ = writeln!(page, "<li>{mark}{}</li>", escape(note));
        }
        *page += "</ul>\n";
    }
    *page += "</section>\n";
}

/// Returns the word in the row of sums.
pub fn sum_word(language: Language) -> &'static str {
    match language {
        Language::Ja => "合計",
        Language::En => "Total",
    }
}

fn write_row(page: &mut String, columns: &[ReportColumn], row: &Row, first: usize, language: Language) {
    *page += "<tr>";
    for (column, cell) in columns.iter().zip(row.iter().skip(first)) {
        let text = written(cell, column.kind, language);
        let is_short = text.chars().count() <= SHORT;
        let class = class(column.kind, is_short);
        let _ = write!(page, "<td{class}>{}</td>", breakable(&text));
    }
    *page += "</tr>\n";
}

/// More letters of English than this without a space are no word: an address, or words that were run together.
const WORD: usize = 24;

/// Writes a text of which no word is wider than a page. Elsewhere columns don't shrink below a word.
fn breakable(text: &str) -> String {
    let is_long = |part: &str| {
        part.split(|c: char| !c.is_ascii_graphic())
            .any(|run| run.len() > WORD)
    };
    let part = |part: &str| match is_long(part) {
        true => format!("<span class=\"long\">{}</span>", escape(part)),
        false => escape(part).into_owned(),
    };
    text.split_inclusive(char::is_whitespace).map(part).collect()
}

fn class(kind: ColumnKind, is_short: bool) -> &'static str {
    match kind {
        kind if kind.is_figure() => " class=\"figure\"",
        ColumnKind::Year | ColumnKind::Day => " class=\"short\"",
        _ if is_short => " class=\"short\"",
        _ => "",
    }
}

/// Writes a cell as people read it.
fn written(cell: &Cell, kind: ColumnKind, language: Language) -> String {
    match cell {
        Cell::Empty => "–".to_owned(),
        Cell::Text(text) if kind == ColumnKind::Day => month(text, language),
        Cell::Text(text) | Cell::Code { word: text, .. } => text.clone(),
        Cell::Codes(codes) => {
            let words: Vec<&str> = codes.iter().map(|(_, word)| word.as_str()).collect();
            words.join(match language {
                Language::Ja => "、",
                Language::En => ", ",
            })
        }
        Cell::Number(number) => with_commas(*number),
        Cell::Decimal(number) if kind == ColumnKind::Percent => format!("{number}%"),
        Cell::Decimal(number) => format!("{number:.1}"),
        Cell::Year(year) => years::name(*year, language),
        Cell::Day(day) => written_day(*day, language),
    }
}

fn written_day(day: NaiveDate, language: Language) -> String {
    match language {
        Language::Ja => format!("{}年{}月{}日", day.year(), day.month(), day.day()),
        Language::En => day.to_string(),
    }
}

/// Writes a month such as `2018-06`.
fn month(text: &str, language: Language) -> String {
    let month = Month::parse(text);
    month.map_or_else(|| text.to_owned(), |month| month.in_words(language))
}

fn with_commas(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_cells_as_people_read_them() {
        let ja = |cell: Cell, kind| written(&cell, kind, Language::Ja);
        assert_eq!(ja(Cell::Number(1_234_567), ColumnKind::Number), "1,234,567");
        assert_eq!(ja(Cell::Number(-1_000), ColumnKind::Number), "-1,000");
        assert_eq!(ja(Cell::Number(882), ColumnKind::Number), "882");
        assert_eq!(ja(Cell::text("2018-06"), ColumnKind::Day), "2018年6月");
        let en = written(&Cell::text("2018-06"), ColumnKind::Day, Language::En);
        assert_eq!(en, "June 2018");
        assert_eq!(ja(Cell::Decimal(-3.0), ColumnKind::Decimal), "-3.0");
        assert_eq!(ja(Cell::Decimal(75.0), ColumnKind::Percent), "75%");
        assert_eq!(ja(Cell::Empty, ColumnKind::Number), "–");
    }

    #[test]
    fn what_is_longer_than_a_word_breaks_anywhere() {
        let address = "https://example.jp/a?b=c&d=efghijklmnop";
        let escaped = address.replace('&', "&amp;");
        let both = format!("See {address} for the municipality");
        let expected = format!("See <span class=\"long\">{escaped} </span>for the municipality");
        assert_eq!(breakable(&both), expected);
        let beside = format!("参照：{address}");
        assert_eq!(
            breakable(&beside),
            format!("<span class=\"long\">参照：{escaped}</span>")
        );
        for short in [
            "Implementation support",
            "事業実施段階における直接支援とワークショップの運営の支援",
            "",
        ] {
            assert_eq!(breakable(short), short);
        }
    }
}
