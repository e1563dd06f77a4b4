//! Workbooks: turns sheets into CSV whose rows begin with the position of their sheet and their number. Hidden
//! sheets are read only if they are asked for.
//!
//! A formula counts as the value that was saved with it: nothing is computed, no macro runs, no link is
//! followed. A vertically merged cell counts for each of its rows. In XLSX, the cells of a row that is crossed out as a whole
//! are written as ~~text~~.
//!
//! A workbook is small beside what it can claim: a far cell, a repeat, a count. `ods` streams and holds one
//! row; `sheet` bounds what is written. The parsers of XLSX and XLS allocate what a file claims, so read
//! workbooks where memory and time are limited: in a separate process, with [`exchange`] between the two.

pub mod exchange;
mod faults;
mod ods;
mod sheet;

use crate::error::Result;
use crate::format::{DetectedFormat, FileFormat};
use crate::limits::{
    MAX_PARTS, MAX_SHEET_ROWS, MAX_SHEETS, MAX_UNPACKED_BYTES, MAX_UNPACKED_PART_BYTES, MOST_READ,
};
use calamine::{Data, DataRef, Font, Reader, SheetVisible, Style, Xls, Xlsx, XlsxError};
use chrono::Timelike;
use faults::{damaged, detected, empty_sheet, password_protected, too_large, unknown_sheet};
use ods::Archive;
use sheet::{Merge, SheetWriter};
use std::io::{Cursor, Read, Write};

/// Returns whether the first bytes of a file are those of a ZIP archive or a compound file.
pub fn is_workbook(head: &[u8]) -> bool {
    [COMPOUND, b"PK\x03\x04", b"PK\x05\x06"]
        .iter()
        .any(|magic| head.starts_with(magic))
}

/// How a compound file begins.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Writes the rows of the sheet with this name as CSV, or else of all visible sheets that aren't empty. The format
/// names the first of them.
pub fn read_sheet(bytes: &[u8], name: Option<&str>, rows: &mut dyn Write) -> Result<DetectedFormat> {
    if bytes.starts_with(COMPOUND) {
        return read_xls(bytes, name, rows);
    }
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    if archive.len() > MAX_PARTS {
        return Err(too_large());
    }
    if archive.index_for_name("content.xml").is_some() {
        check_unpacked_size(&mut archive, |_| false)?;
        return ods::read(&mut archive, name, rows);
    }
    check_unpacked_size(&mut archive, |name| {
        name.contains("sharedStrings") || name.contains("styles")
    })?;
    read_xlsx(bytes, name, rows)
}

fn read_xlsx(bytes: &[u8], asked: Option<&str>, rows: &mut dyn Write) -> Result<DetectedFormat> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|e| match e {
        XlsxError::Password => password_protected(),
        e => damaged(&e),
    })?;
    let mut found = Found::of(&book, asked)?;
    for (at, name) in found.open() {
        found.last_opened = at;
        let merged = book.merge_cells_by_sheet_name(&name).map_err(|e| damaged(&e))?;
        let mut sheet = SheetWriter::new(rows, at, merged.into_iter().map(Merge::from).collect())?;
        let mut cells = match book.worksheet_cells_reader(&name) {
            Ok(cells) => cells,
            // A sheet that is a chart has no cells.
            Err(XlsxError::NotAWorksheet(_)) if asked.is_none() => continue,
            Err(e) => return Err(damaged(&e)),
        };
        let is_crossed_out = |style: &Style| style.font.as_ref().is_some_and(Font::has_strikethrough);
        let crossed_out: Vec<bool> = cells.styles().iter().map(is_crossed_out).collect();
        while let Some((cell, style)) = cells.next_cell_with_style_id().map_err(|e| damaged(&e))? {
            let (row, column) = cell.get_position();
            sheet.add(row, column, text_of_ref(cell.get_value()))?;
            if crossed_out.get(style) == Some(&true) {
                sheet.cross_out(column);
            }
        }
        if found.is_enough(name, sheet.finish()?) {
            break;
        }
    }
    found.detected(FileFormat::Xlsx, asked)
}

/// The sheets of a workbook, and what was found in them.
struct Found {
    names: Vec<String>,
    hidden: Vec<String>,
    /// The positions of the sheets to read.
    to_read: Vec<usize>,
    /// The position of the last sheet that was opened.
    last_opened: usize,
    /// The first sheet with rows.
    first: Option<String>,
    rows: u64,
}

impl Found {
    fn of<R>(book: &impl Reader<R>, asked: Option<&str>) -> Result<Found>
    where
        R: Read + std::io::Seek,
    {
        let sheets = book.sheets_metadata();
        if sheets.len() > MAX_SHEETS {
            return Err(too_large());
        }
        let names: Vec<String> = sheets.iter().map(|sheet| sheet.name.clone()).collect();
        let is_hidden = |sheet: &&calamine::Sheet| sheet.visible != SheetVisible::Visible;
        let hidden = sheets
            .iter()
            .filter(is_hidden)
            .map(|sheet| sheet.name.clone())
            .collect();
        let mut found = Found {
            names,
            hidden,
            to_read: Vec::new(),
            last_opened: 0,
            first: None,
            rows: 0,
        };
        found.to_read = found.wanted(asked)?;
        Ok(found)
    }

    /// Returns the positions of the sheets to read: the one that was asked for, or else the visible ones.
    fn wanted(&self, asked: Option<&str>) -> Result<Vec<usize>> {
        let Some(asked) = asked else {
            let visible = self
                .names
                .iter()
                .enumerate()
                .filter(|(_, name)| !self.hidden.contains(name));
            return Ok(visible.map(|(at, _)| at).collect());
        };
        let at = self.names.iter().position(|name| name == asked);
        at.map(|at| vec![at])
            .ok_or_else(|| unknown_sheet(&self.names, asked))
    }

    fn open(&self) -> Vec<(usize, String)> {
        let names = self.to_read.iter().take(MOST_READ);
        names
            .filter_map(|at| Some((*at, self.names.get(*at)?.clone())))
            .collect()
    }

    /// Counts the rows of a sheet. Returns whether no further sheet is read.
    fn is_enough(&mut self, name: String, rows: u64) -> bool {
        self.rows += rows;
        if rows > 0 {
            self.first.get_or_insert(name);
        }
        self.rows >= MAX_SHEET_ROWS
    }

    fn detected(self, format: FileFormat, asked: Option<&str>) -> Result<DetectedFormat> {
        let beyond = self.to_read.iter().filter(|at| **at > self.last_opened);
        let unopened_sheets = beyond.filter_map(|at| self.names.get(*at).cloned()).collect();
        match self.first {
            Some(first) => Ok(DetectedFormat {
                hidden_sheets: self.hidden,
                unopened_sheets,
                ..detected(format, first, self.names)
            }),
            None => Err(empty_sheet(asked.or(self.names.first().map(String::as_str)))),
        }
    }
}

fn read_xls(bytes: &[u8], asked: Option<&str>, rows: &mut dyn Write) -> Result<DetectedFormat> {
    // An encrypted XLSX is a compound file with a stream of this name.
    let encrypted: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    if bytes.windows(encrypted.len()).any(|w| w == encrypted) {
        return Err(password_protected());
    }
    let mut book: Xls<_> = Xls::new(Cursor::new(bytes)).map_err(|e| match e {
        calamine::XlsError::Password => password_protected(),
        e => damaged(&e),
    })?;
    let mut found = Found::of(&book, asked)?;
    for (at, name) in found.open() {
        found.last_opened = at;
        let merged = book.merge_cells_by_sheet_name(&name).map_err(|e| damaged(&e))?;
        let range = book.worksheet_range(&name).map_err(|e| damaged(&e))?;
        let (top, left) = range.start().unwrap_or_default();
        let mut sheet = SheetWriter::new(rows, at, merged.into_iter().map(Merge::from).collect())?;
        for (row, column, value) in range.used_cells() {
            sheet.add(top + row as u32, left + column as u32, text_of(value))?;
        }
        if found.is_enough(name, sheet.finish()?) {
            break;
        }
    }
    found.detected(FileFormat::Xls, asked)
}

fn text_of_ref(value: &DataRef) -> String {
    match value {
        DataRef::SharedString(text) => (*text).to_owned(),
        other => text_of(&other.clone().into()),
    }
}

/// Returns the text of a cell: dates as 2026-11-23, with their time unless that is midnight, times as 9:00, whole
/// numbers without a decimal point.
fn text_of(value: &Data) -> String {
    match value {
        Data::Empty | Data::Error(_) => String::new(),
        Data::String(text) => text.clone(),
        Data::Bool(truth) => truth.to_string(),
        Data::DateTime(moment) if moment.is_datetime() => {
            let time = moment.as_datetime();
            let text = |time: chrono::NaiveDateTime| match moment.as_f64() < 1.0 {
                true => clock(time.time()),
                false if time.time() == chrono::NaiveTime::MIN => time.date().to_string(),
                false => format!("{} {}", time.date(), time.time().format("%H:%M:%S")),
            };
            time.map_or_else(|| moment.as_f64().to_string(), text)
        }
        Data::DateTime(moment) if (0.0..1.0).contains(&moment.as_f64()) => {
            let time = moment.as_datetime();
            time.map_or_else(|| moment.as_f64().to_string(), |time| clock(time.time()))
        }
        // A time zone says which day in Japan it is.
        Data::DateTimeIso(text) if text.ends_with('Z') => text.clone(),
        Data::DateTimeIso(text) => text.split('T').next().unwrap_or_default().to_owned(),
        other => other.to_string(),
    }
}

/// Returns a time of day as a person writes it.
fn clock(time: chrono::NaiveTime) -> String {
    match time.second() {
        0 => time.format("%-H:%M").to_string(),
        _ => time.format("%-H:%M:%S").to_string(),
    }
}

/// Checks the sizes of a ZIP archive by unpacking all of it: the sizes that it states may be wrong.
fn check_unpacked_size(archive: &mut Archive, is_held: impl Fn(&str) -> bool) -> Result<()> {
    let mut all = 0;
    for i in 0..archive.len() {
        let part = archive.by_index(i).map_err(|e| match e {
            zip::result::ZipError::UnsupportedArchive(_) => password_protected(),
            e => damaged(&e),
        })?;
        let held = part.name().is_ok_and(|name| is_held(&name));
        let most = if held {
            MAX_UNPACKED_PART_BYTES
        } else {
            MAX_UNPACKED_BYTES
        };
        let unpacked = std::io::copy(&mut part.take(most + 1), &mut std::io::sink());
        let unpacked = unpacked.map_err(|e| damaged(&e))?;
        all += unpacked;
        if unpacked > most || all > MAX_UNPACKED_BYTES {
            return Err(too_large());
        }
    }
    Ok(())
}
