//! Workbooks: turns one sheet into CSV whose rows begin with their numbers.
//!
//! A formula counts as the value that was saved with it: nothing is computed, no macro runs, no link is
//! followed. A vertically merged cell counts for each of its rows. A file that unpacks to too much is refused
//! before it is parsed.

use crate::error::{Error, Result};
use crate::format::{DetectedFormat, FileFormat};
use crate::limits::{
    MAX_COLUMNS, MAX_SHEET_CELLS, MAX_SHEET_ROWS, MAX_UNPACKED_BYTES, MAX_UNPACKED_PART_BYTES,
};
use calamine::{Data, DataRef, Dimensions, Ods, Reader, Xls, Xlsx, XlsxError};
use std::collections::BTreeMap;
use std::io::{Cursor, Read};

/// Returns whether the first bytes of a file are those of a ZIP archive or a compound file.
pub fn is_workbook(head: &[u8]) -> bool {
    [COMPOUND, b"PK\x03\x04", b"PK\x05\x06"]
        .iter()
        .any(|magic| head.starts_with(magic))
}

const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Detects which of the three formats a workbook has.
fn format(bytes: &[u8]) -> Result<FileFormat> {
    if bytes.starts_with(COMPOUND) {
        return Ok(FileFormat::Xls);
    }
    let archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    let is_ods = archive.index_for_name("content.xml").is_some();
    Ok(if is_ods { FileFormat::Ods } else { FileFormat::Xlsx })
}

/// Reads the sheet with this name, or else the first one that isn't empty.
pub fn read_sheet(bytes: &[u8], name: Option<&str>) -> Result<(DetectedFormat, Vec<u8>)> {
    let format = format(bytes)?;
    // If a damaged file makes a reader panic, that is the file's fault.
    let read = std::panic::catch_unwind(|| match format {
        FileFormat::Xls => read_xls(bytes, name),
        FileFormat::Ods => read_ods(bytes, name),
        _ => read_xlsx(bytes, name),
    });
    let sheet = read.unwrap_or_else(|_| Err(damaged(&"its reader gave up")))?;
    let detected = DetectedFormat {
        sheet: Some(sheet.name),
        sheets: sheet.all_names,
        ..DetectedFormat::of(format)
    };
    Ok((detected, sheet.csv))
}

/// A sheet as CSV, and the names of all sheets.
struct Sheet {
    name: String,
    all_names: Vec<String>,
    csv: Vec<u8>,
}

fn read_xlsx(bytes: &[u8], asked: Option<&str>) -> Result<Sheet> {
    check_unpacked_size(bytes, |name| {
        name.contains("sharedStrings") || name.contains("styles")
    })?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|e| match e {
        XlsxError::Password => password_protected(),
        e => damaged(&e),
    })?;
    let all_names = book.sheet_names();
    let mut tried = None;
    for name in names_to_try(&all_names, asked)? {
        let merged = book.merge_cells_by_sheet_name(&name).map_err(|e| damaged(&e))?;
        let mut rows = SheetWriter::new(&merged);
        let mut cells = book.worksheet_cells_reader(&name).map_err(|e| damaged(&e))?;
        while let Some(cell) = cells.next_cell().map_err(|e| damaged(&e))? {
            let (row, column) = cell.get_position();
            rows.add(row, column, text_of_ref(cell.get_value()))?;
        }
        let csv = rows.finish()?;
        if !csv.is_empty() {
            return Ok(Sheet { name, all_names, csv });
        }
        tried.get_or_insert(name);
    }
    Err(empty_sheet(tried))
}

fn read_xls(bytes: &[u8], asked: Option<&str>) -> Result<Sheet> {
    // An encrypted XLSX is a compound file with a stream of this name.
    let encrypted: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    if bytes.windows(encrypted.len()).any(|w| w == encrypted) {
        return Err(password_protected());
    }
    let book: Xls<_> = Xls::new(Cursor::new(bytes)).map_err(|e| match e {
        calamine::XlsError::Password => password_protected(),
        e => damaged(&e),
    })?;
    read_range(book, asked)
}

fn read_ods(bytes: &[u8], asked: Option<&str>) -> Result<Sheet> {
    check_unpacked_size(bytes, |name| name.ends_with(".xml"))?;
    check_repeated_cells(bytes)?;
    let book: Ods<_> = Ods::new(Cursor::new(bytes)).map_err(|e| match e {
        calamine::OdsError::Password => password_protected(),
        e => damaged(&e),
    })?;
    read_range(book, asked)
}

fn read_range<R: Reader<Cursor<B>>, B: AsRef<[u8]>>(mut book: R, asked: Option<&str>) -> Result<Sheet>
where
    R::Error: std::fmt::Display,
{
    let all_names = book.sheet_names();
    let mut tried = None;
    for name in names_to_try(&all_names, asked)? {
        let range = book.worksheet_range(&name).map_err(|e| damaged(&e))?;
        let (top, left) = range.start().unwrap_or_default();
        let mut rows = SheetWriter::new(&[]);
        for (row, column, value) in range.used_cells() {
            rows.add(top + row as u32, left + column as u32, text_of(value))?;
        }
        let csv = rows.finish()?;
        if !csv.is_empty() {
            return Ok(Sheet { name, all_names, csv });
        }
        tried.get_or_insert(name);
    }
    Err(empty_sheet(tried))
}

fn names_to_try(sheets: &[String], asked: Option<&str>) -> Result<Vec<String>> {
    let Some(asked) = asked else {
        return Ok(sheets.to_vec());
    };
    if sheets.iter().any(|name| name == asked) {
        return Ok(vec![asked.to_owned()]);
    }
    let names = sheets.join(", ");
    Err(Error::invalid(
        "unknown_sheet",
        format!("シート「{asked}」はありません。{names} のいずれかを指定してください。"),
        format!("There is no sheet {asked:?}. The sheets are: {names}."),
    ))
}

/// Writes a sheet as CSV. Rows come in order, the cells of a row in any order.
struct SheetWriter {
    writer: csv::Writer<Vec<u8>>,
    row: u32,
    cells: BTreeMap<u32, String>,
    count: u64,
    /// Ranges of cells that are merged over several rows, and the text of each range's first cell.
    merged: Vec<(Dimensions, Option<String>)>,
}

impl SheetWriter {
    fn new(merged: &[Dimensions]) -> SheetWriter {
        let tall = merged
            .iter()
            .filter(|m| m.end.0 > m.start.0 && m.start.1 < MAX_COLUMNS as u32);
        SheetWriter {
            writer: csv::WriterBuilder::new().flexible(true).from_writer(Vec::new()),
            row: 0,
            cells: BTreeMap::new(),
            count: 0,
            merged: tall.map(|m| (*m, None)).collect(),
        }
    }

    fn add(&mut self, row: u32, column: u32, text: String) -> Result<()> {
        if row != self.row {
            self.end_row()?;
            self.row = row;
        }
        if column as usize >= MAX_COLUMNS && !text.is_empty() {
            return Err(Error::too_many_columns());
        }
        if !text.is_empty() {
            self.cells.insert(column, text);
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<()> {
        if self.cells.is_empty() {
            return Ok(());
        }
        let row = self.row;
        for (place, first) in &mut self.merged {
            if row == place.start.0 {
                *first = self.cells.get(&place.start.1).cloned();
            } else if (place.start.0..=place.end.0).contains(&row)
                && let Some(first) = first
            {
                self.cells.entry(place.start.1).or_insert_with(|| first.clone());
            }
        }
        self.merged.retain(|(place, _)| place.end.0 > row);
        self.count += 1;
        if self.count > MAX_SHEET_ROWS + 20 {
            return Err(Error::invalid(
                "too_many_rows",
                format!("表計算ファイルは{MAX_SHEET_ROWS}行までです。CSV形式で保存してください。"),
                format!("A sheet can have up to {MAX_SHEET_ROWS} rows. Save it as CSV."),
            ));
        }
        let last = self.cells.keys().next_back().copied().unwrap_or_default();
        let number = (row + 1).to_string();
        let cells = (0..=last).map(|column| self.cells.get(&column).map_or("", String::as_str));
        let written = self
            .writer
            .write_record(std::iter::once(number.as_str()).chain(cells));
        written.map_err(std::io::Error::other)?;
        self.cells.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<u8>> {
        self.end_row()?;
        Ok(self.writer.into_inner().map_err(std::io::Error::other)?)
    }
}

fn text_of_ref(value: &DataRef) -> String {
    match value {
        DataRef::SharedString(text) => (*text).to_owned(),
        other => text_of(&other.clone().into()),
    }
}

/// Returns the text of a cell: dates as 2026-11-23, whole numbers without a decimal point.
fn text_of(value: &Data) -> String {
    match value {
        Data::Empty | Data::Error(_) => String::new(),
        Data::String(text) => text.clone(),
        Data::Bool(truth) => truth.to_string(),
        Data::DateTime(moment) if moment.is_datetime() => {
            let time = moment.as_datetime();
            time.map_or_else(|| moment.as_f64().to_string(), |time| time.date().to_string())
        }
        Data::DateTimeIso(text) => text.split('T').next().unwrap_or_default().to_owned(),
        other => other.to_string(),
    }
}

/// Checks the sizes of a ZIP archive by unpacking all of it: the sizes that it states may be wrong.
fn check_unpacked_size(bytes: &[u8], is_held: impl Fn(&str) -> bool) -> Result<()> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
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
            return Err(Error::invalid(
                "uncompressed_too_large",
                "展開後のサイズが大きすぎます。CSV形式で保存してください。",
                "The workbook is too large when uncompressed. Save it as CSV.",
            ));
        }
    }
    Ok(())
}

/// Counts the cells of an ODS before they are created: a few bytes can repeat a cell many times.
fn check_repeated_cells(bytes: &[u8]) -> Result<()> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    let mut content = String::new();
    let part = archive.by_name("content.xml").map_err(|e| damaged(&e))?;
    part.take(MAX_UNPACKED_PART_BYTES)
        .read_to_string(&mut content)
        .map_err(|e| damaged(&e))?;
    let number = |element: &str, name: &str| -> u64 {
        let value = element
            .split_once(name)
            .and_then(|(_, rest)| rest.split('"').nth(1));
        value.and_then(|n| n.parse().ok()).unwrap_or(1)
    };
    // The cells of the rectangle from the first cell to the last row and widest column with content.
    let (mut rows, mut widest) = (0u64, 0u64);
    let (mut reach, mut gap) = (0u64, 0u64);
    for row in content.split("<table:table-row").skip(1) {
        let mut cells = row.split("<table:table-cell");
        let repeated = number(cells.next().unwrap_or_default(), "number-rows-repeated");
        let (mut width, mut filled) = (0u64, 0u64);
        for cell in cells {
            let (head, body) = cell.split_once('>').unwrap_or((cell, ""));
            width += number(head, "number-columns-repeated");
            if head.contains("value") || body.starts_with("<text") {
                filled = width;
            }
        }
        if filled == 0 {
            gap += repeated;
            continue;
        }
        rows += gap + repeated;
        gap = 0;
        widest = widest.max(filled);
        reach = reach.max(rows.saturating_mul(widest));
    }
    if reach > MAX_SHEET_CELLS * 4 || rows > MAX_SHEET_ROWS * 6 {
        return Err(Error::invalid(
            "uncompressed_too_large",
            "セルの数が多すぎます。CSV形式で保存してください。",
            "The sheet has too many cells. Save it as CSV.",
        ));
    }
    Ok(())
}

fn password_protected() -> Error {
    Error::invalid(
        "password_protected",
        "パスワードで保護されています。保護を解除してから送ってください。",
        "The workbook is protected by a password. Remove the protection.",
    )
}

fn damaged(e: &dyn std::fmt::Display) -> Error {
    let why: String = e.to_string().chars().take(200).collect();
    Error::invalid(
        "damaged_workbook",
        format!("表計算ファイルとして読み取れません（{why}）。"),
        format!("The file can't be read as a workbook ({why})."),
    )
}

fn empty_sheet(tried: Option<String>) -> Error {
    let name = tried.unwrap_or_default();
    Error::invalid(
        "no_rows",
        format!("シート「{name}」に行がありません。"),
        format!("The sheet {name:?} has no rows."),
    )
}
