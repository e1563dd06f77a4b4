//! A report as a workbook: a sheet for each section, with its title, the headings in view and on each printed page, and typed
//! cells.

use super::html::sum_word;
use super::tables::{Cell, ReportColumn, ReportSection, Row};
use super::{ColumnKind, Report};
use crate::error::Result;
use crate::exports::sheet::cell::failed;
use crate::exports::sheet::xlsx::set_up;
use crate::http::Language;
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Workbook, Worksheet};

/// The row of the headings, below the title and an empty row.
const HEADINGS: u32 = 2;
/// Characters of a cell; Excel's limit.
const LONGEST: usize = 32_767;
/// The widest column, in halves of a Japanese letter.
const WIDEST: usize = 48;

struct Formats {
    title: Format,
    heading: Format,
    figure_heading: Format,
    sum: Format,
    note: Format,
}

/// Returns how the cells of a column are shown.
fn format(column: &ReportColumn, language: Language) -> Format {
    let format = Format::new().set_align(FormatAlign::Top);
    match column.kind {
        ColumnKind::Text | ColumnKind::Code | ColumnKind::Codes => format.set_text_wrap(),
        ColumnKind::Number => format.set_num_format("#,##0"),
        ColumnKind::Decimal => format.set_num_format("#,##0.0"),
        ColumnKind::Percent => format.set_num_format("0.0\"%\""),
        ColumnKind::Year => format
            .set_align(FormatAlign::Left)
            .set_num_format(match language {
                Language::Ja => "0\"年度\"",
                Language::En => "\"FY\"0",
            }),
        ColumnKind::Day => format.set_align(FormatAlign::Left).set_num_format("yyyy-mm-dd"),
    }
}

/// Writes a report as a workbook.
pub fn write(report: &Report) -> Result<Vec<u8>> {
    let mut workbook = Workbook::new();
    let bold = || Format::new().set_bold();
    let heading = bold()
        .set_background_color(Color::RGB(0x00E8_EEF5))
        .set_border_bottom(FormatBorder::Thin)
        .set_align(FormatAlign::Top)
        .set_text_wrap();
    let formats = Formats {
        title: bold().set_font_size(14),
        figure_heading: heading.clone().set_align(FormatAlign::Right),
        heading,
        sum: bold().set_border_top(FormatBorder::Thin),
        note: Format::new()
            .set_font_size(9)
            .set_font_color(Color::RGB(0x0055_5555)),
    };
    for section in &report.sections {
        let sheet = workbook.add_worksheet();
        write_section(sheet, section, report, &formats)?;
    }
    workbook.save_to_buffer().map_err(failed)
}

fn write_section(
    sheet: &mut Worksheet,
    section: &ReportSection,
    report: &Report,
    formats: &Formats,
) -> Result<()> {
    set_up(sheet, &sheet_name(&section.title), HEADINGS)?;
    let title = format!("{}　{}", section.title, report.title);
    sheet
        .write_string_with_format(0, 0, title, &formats.title)
        .map_err(failed)?;
    for (at, column) in (0..).zip(&section.columns) {
        let format = match column.kind.is_figure() {
            true => &formats.figure_heading,
            false => &formats.heading,
        };
        sheet
            .write_string_with_format(HEADINGS, at, column.title, format)
            .map_err(failed)?;
        sheet
            .set_column_width(at, width(section, usize::from(at)) as f64)
            .map_err(failed)?;
    }
    let shown: Vec<Format> = section
        .columns
        .iter()
        .map(|column| format(column, report.language))
        .collect();
    let mut next = HEADINGS + 1;
    for row in &section.rows {
        write_row(sheet, next, row, &shown)?;
        next += 1;
    }
    let last_column = (section.columns.len() as u16).saturating_sub(1);
    if next > HEADINGS + 1 {
        sheet
            .autofilter(HEADINGS, 0, next - 1, last_column)
            .map_err(failed)?;
    }
    if let Some(total) = &section.total {
        let shown: Vec<Format> = shown.iter().map(|format| format.merge(&formats.sum)).collect();
        for (at, format) in (0..).zip(&shown) {
            sheet.write_blank(next, at, format).map_err(failed)?;
        }
        write_row(sheet, next, total, &shown)?;
        sheet
            .write_string_with_format(next, 0, sum_word(report.language), &formats.sum)
            .map_err(failed)?;
        next += 1;
    }
    for note in &section.notes {
        next += 1;
        sheet
            .write_string_with_format(next, 0, note, &formats.note)
            .map_err(failed)?;
    }
    Ok(())
}

fn write_row(sheet: &mut Worksheet, row: u32, cells: &Row, formats: &[Format]) -> Result<()> {
    for ((at, cell), format) in (0..).zip(cells).zip(formats) {
        let text = |text: &str| text.chars().take(LONGEST).collect::<String>();
        let written = match cell {
            Cell::Empty => continue,
            Cell::Text(word) | Cell::Code { word, .. } => {
                sheet.write_string_with_format(row, at, text(word), format)
            }
            Cell::Codes(codes) => {
                let words: Vec<&str> = codes.iter().map(|(_, word)| word.as_str()).collect();
                sheet.write_string_with_format(row, at, words.join("、"), format)
            }
            Cell::Number(number) => sheet.write_number_with_format(row, at, *number as f64, format),
            Cell::Decimal(number) => sheet.write_number_with_format(row, at, *number, format),
            Cell::Year(year) => sheet.write_number_with_format(row, at, *year, format),
            Cell::Day(day) => sheet.write_datetime_with_format(row, at, day, format),
        };
        written.map_err(failed)?;
    }
    Ok(())
}

/// Returns a title as Excel takes it for a sheet: without some signs, at most 31 characters.
fn sheet_name(title: &str) -> String {
    let allowed = title.chars().filter(|c| !"[]:*?/\\'".contains(*c));
    allowed.take(31).collect()
}

/// Returns the width of a column from its widest cell, in halves of a Japanese letter.
fn width(section: &ReportSection, at: usize) -> usize {
    let wide = |text: &str| {
        text.chars()
            .map(|c| if c.is_ascii() { 1 } else { 2 })
            .sum::<usize>()
    };
    let cell = |cell: &Cell| match cell {
        Cell::Empty => 0,
        Cell::Text(text) | Cell::Code { word: text, .. } => wide(text),
        Cell::Codes(codes) => codes.iter().map(|(_, word)| wide(word) + 2).sum(),
        Cell::Number(number) => number.to_string().len() * 4 / 3,
        Cell::Decimal(number) => format!("{number:.1}").len() + 1,
        Cell::Year(_) | Cell::Day(_) => 10,
    };
    let heading = section
        .columns
        .get(at)
        .map_or(0, |column| wide(column.title).min(16));
    let rows = section
        .rows
        .iter()
        .chain(&section.total)
        .filter_map(|row| row.get(at));
    rows.map(cell).max().unwrap_or(0).max(heading).clamp(6, WIDEST) + 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_becomes_a_name_that_a_sheet_may_have() {
        assert_eq!(
            sheet_name("研修・イベント [2021/2022]"),
            "研修・イベント 20212022"
        );
        assert_eq!(sheet_name(&"あ".repeat(40)).chars().count(), 31);
    }
}
