//! A workbook with one sheet, written row by row. The header stays in view, filters, and is printed on each page;
//! numbers, days and moments are typed.

use super::cell::{Cell, failed};
use crate::catalogue::calendar;
use crate::error::{Error, Result, Text};
use chrono::{DateTime, NaiveDate};
use rust_xlsxwriter::{Format, Worksheet};
use std::fs::File;
use std::io::BufWriter;

/// Rows of a sheet, including the header; Excel's limit.
const MOST_ROWS: u32 = 1_048_576;
/// Characters of a cell.
const LONGEST: usize = 32_767;

pub struct Workbook {
    workbook: rust_xlsxwriter::Workbook,
    day: Format,
    moment: Format,
    next: u32,
    last_column: u16,
    file: File,
}

impl Workbook {
    /// Begins with the headings and the widths of their columns.
    pub fn begin(name: &str, header: &[(&str, f64)], file: File) -> Result<Workbook> {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet_with_constant_memory().map_err(failed)?;
        set_up(sheet, name, 0)?;
        let bold = Format::new().set_bold();
        for (column, (heading, width)) in (0..).zip(header) {
            sheet.set_column_width(column, *width).map_err(failed)?;
            sheet
                .write_string_with_format(0, column, *heading, &bold)
                .map_err(failed)?;
        }
        Ok(Workbook {
            workbook,
            day: Format::new().set_num_format("yyyy-mm-dd"),
            moment: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            next: 1,
            last_column: (header.len() as u16).saturating_sub(1),
            file,
        })
    }

    pub fn write(&mut self, cells: impl Iterator<Item = Cell>) -> Result<()> {
        let row = self.next;
        if row == MOST_ROWS {
            return Err(too_many());
        }
        let sheet = self.workbook.worksheet_from_index(0).map_err(failed)?;
        for (column, cell) in (0..).zip(cells) {
            write_cell(sheet, (row, column), cell, &self.day, &self.moment)?;
        }
        self.next += 1;
        Ok(())
    }

    pub fn end(mut self) -> Result<()> {
        let sheet = self.workbook.worksheet_from_index(0).map_err(failed)?;
        let last = (self.next - 1, self.last_column);
        sheet.autofilter(0, 0, last.0, last.1).map_err(failed)?;
        self.workbook
            .save_to_writer(BufWriter::new(self.file))
            .map_err(failed)
    }
}

/// Names a sheet, keeps the row with its headings in view, and sets up how it is printed.
pub fn set_up(sheet: &mut Worksheet, name: &str, heading_row: u32) -> Result<()> {
    const A4: u8 = 9;
    sheet.set_name(name).map_err(failed)?;
    sheet.set_freeze_panes(heading_row + 1, 0).map_err(failed)?;
    sheet.set_landscape().set_paper_size(A4);
    // As wide as a page, and as many pages as there are.
    sheet.set_print_fit_to_pages(1, 0);
    sheet.set_repeat_rows(heading_row, heading_row).map_err(failed)?;
    sheet.set_footer("&L&A&R&P / &N");
    Ok(())
}

fn write_cell(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: Cell,
    day: &Format,
    moment: &Format,
) -> Result<()> {
    let written = match cell {
        Cell::Empty => return Ok(()),
        Cell::Text(text) if text.chars().count() > LONGEST => return Err(too_long(row)),
        Cell::Text(text) => sheet.write_string(row, column, text),
        Cell::Number(number) => sheet.write_number(row, column, number),
        Cell::Flag(flag) => sheet.write_boolean(row, column, flag),
        Cell::Day(text) => match text.parse::<NaiveDate>() {
            Ok(at) => sheet.write_datetime_with_format(row, column, at, day),
            Err(_) => sheet.write_string(row, column, text),
        },
        // A sheet's moments have no time zone: Tokyo's is used.
        Cell::Moment(text) => match DateTime::parse_from_rfc3339(&text) {
            Ok(at) => {
                let there = calendar::time_in_tokyo(at.to_utc());
                sheet.write_datetime_with_format(row, column, there, moment)
            }
            Err(_) => sheet.write_string(row, column, text),
        },
    };
    written.map(drop).map_err(failed)
}

fn too_many() -> Error {
    let rule = Text::new(
        "XLSXに書き出せるのは1,048,575件までです。csv または ndjson を指定してください。",
        "An XLSX file can have at most 1,048,575 rows. Use csv or ndjson.",
    );
    Error::invalid("/format", "too_many_rows", rule)
}

fn too_long(row: u32) -> Error {
    let rule = Text::new(
        format!(
            "{}行目に32,767文字を超えるセルがあります。csv または ndjson を指定してください。",
            row + 1
        ),
        format!(
            "Row {} has a cell with more than 32,767 characters. Use csv or ndjson.",
            row + 1
        ),
    );
    Error::invalid("/format", "too_long", rule)
}
