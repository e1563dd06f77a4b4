//! Workbooks: one sheet as text, each row beginning with its number.
//!
//! Of a formula counts the value that was saved with it; nothing is computed, no macro runs, no link is followed. A
//! vertically merged cell counts for each of its rows. What unpacks to more than it may is refused before it is read.

use super::{Detected, FileFormat, MOST_COLUMNS, unreadable};
use crate::error::{Error, Result};
use calamine::{Data, DataRef, Dimensions, Ods, Reader, Xls, Xlsx, XlsxError};
use std::collections::BTreeMap;
use std::io::{Cursor, Read};

/// The most rows of a sheet.
pub const MOST_ROWS: u64 = 200_000;
/// What a workbook may unpack to, in bytes, and each part of it that is held in memory.
const LARGEST_UNPACKED: u64 = 600 * 1024 * 1024;
const LARGEST_PART: u64 = 120 * 1024 * 1024;
/// Of a sheet that has to be held whole.
const MOST_CELLS: u64 = 4_000_000;

/// Whether the first bytes are those of a ZIP archive or a compound file.
pub fn is_one(head: &[u8]) -> bool {
    [COMPOUND, b"PK\x03\x04", b"PK\x05\x06"]
        .iter()
        .any(|magic| head.starts_with(magic))
}

const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Which of the three it is.
fn format(bytes: &[u8]) -> Result<FileFormat> {
    if bytes.starts_with(COMPOUND) {
        return Ok(FileFormat::Xls);
    }
    let archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    let is_ods = archive.index_for_name("content.xml").is_some();
    Ok(if is_ods { FileFormat::Ods } else { FileFormat::Xlsx })
}

/// The sheet that is asked for by name, or the first one that holds anything.
pub fn as_text(bytes: &[u8], asked: Option<&str>) -> Result<(Detected, Vec<u8>)> {
    let format = format(bytes)?;
    // Whatever a damaged file makes a reader do, it is the file that is told to be damaged.
    let read = std::panic::catch_unwind(|| match format {
        FileFormat::Xls => xls(bytes, asked),
        FileFormat::Ods => ods(bytes, asked),
        _ => xlsx(bytes, asked),
    });
    let (sheets, sheet, text) = read.unwrap_or_else(|_| Err(damaged(&"its reader gave up")))?;
    let mut detected = Detected::of(format);
    (detected.sheet, detected.sheets) = (Some(sheet), sheets);
    Ok((detected, text))
}

type Read_ = (Vec<String>, String, Vec<u8>);

fn xlsx(bytes: &[u8], asked: Option<&str>) -> Result<Read_> {
    unpacks_within(bytes, |name| {
        name.contains("sharedStrings") || name.contains("styles")
    })?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|e| match e {
        XlsxError::Password => protected(),
        e => damaged(&e),
    })?;
    let sheets = book.sheet_names();
    let mut tried = None;
    for name in chosen(&sheets, asked)? {
        let merged = book.merge_cells_by_sheet_name(&name).map_err(|e| damaged(&e))?;
        let mut rows = Rows::new(&merged);
        let mut cells = book.worksheet_cells_reader(&name).map_err(|e| damaged(&e))?;
        while let Some(cell) = cells.next_cell().map_err(|e| damaged(&e))? {
            let (row, column) = cell.get_position();
            rows.cell(row, column, shown_ref(cell.get_value()))?;
        }
        let text = rows.finish()?;
        if !text.is_empty() {
            return Ok((sheets, name, text));
        }
        tried.get_or_insert(name);
    }
    Err(no_sheet(tried))
}

fn xls(bytes: &[u8], asked: Option<&str>) -> Result<Read_> {
    // An encrypted XLSX is a compound file that has a stream of this name.
    let encrypted: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    if bytes.windows(encrypted.len()).any(|w| w == encrypted) {
        return Err(protected());
    }
    let book: Xls<_> = Xls::new(Cursor::new(bytes)).map_err(|e| match e {
        calamine::XlsError::Password => protected(),
        e => damaged(&e),
    })?;
    ranged(book, asked)
}

fn ods(bytes: &[u8], asked: Option<&str>) -> Result<Read_> {
    unpacks_within(bytes, |name| name.ends_with(".xml"))?;
    repeats_within(bytes)?;
    let book: Ods<_> = Ods::new(Cursor::new(bytes)).map_err(|e| match e {
        calamine::OdsError::Password => protected(),
        e => damaged(&e),
    })?;
    ranged(book, asked)
}

fn ranged<R: Reader<Cursor<B>>, B: AsRef<[u8]>>(mut book: R, asked: Option<&str>) -> Result<Read_>
where
    R::Error: std::fmt::Display,
{
    let sheets = book.sheet_names();
    let mut tried = None;
    for name in chosen(&sheets, asked)? {
        let range = book.worksheet_range(&name).map_err(|e| damaged(&e))?;
        let (top, left) = range.start().unwrap_or_default();
        let mut rows = Rows::new(&[]);
        for (row, column, value) in range.used_cells() {
            rows.cell(top + row as u32, left + column as u32, shown(value))?;
        }
        let text = rows.finish()?;
        if !text.is_empty() {
            return Ok((sheets, name, text));
        }
        tried.get_or_insert(name);
    }
    Err(no_sheet(tried))
}

fn chosen(sheets: &[String], asked: Option<&str>) -> Result<Vec<String>> {
    let Some(asked) = asked else {
        return Ok(sheets.to_vec());
    };
    if sheets.iter().any(|name| name == asked) {
        return Ok(vec![asked.to_owned()]);
    }
    let names = sheets.join(", ");
    Err(unreadable(
        "unknown_sheet",
        format!("シート {asked} はありません。あるのは {names} です。"),
        format!("There is no sheet {asked}, only {names}."),
    ))
}

/// Cells in any order within a row, rows in their order, as text.
struct Rows {
    writer: csv::Writer<Vec<u8>>,
    row: u32,
    cells: BTreeMap<u32, String>,
    count: u64,
    /// First and last row and column of what is merged over several rows, and what stands in its first cell.
    merged: Vec<(Dimensions, Option<String>)>,
}

impl Rows {
    fn new(merged: &[Dimensions]) -> Rows {
        let tall = merged
            .iter()
            .filter(|m| m.end.0 > m.start.0 && m.start.1 < MOST_COLUMNS as u32);
        Rows {
            writer: csv::WriterBuilder::new().flexible(true).from_writer(Vec::new()),
            row: 0,
            cells: BTreeMap::new(),
            count: 0,
            merged: tall.map(|m| (*m, None)).collect(),
        }
    }

    fn cell(&mut self, row: u32, column: u32, text: String) -> Result<()> {
        if row != self.row {
            self.end_row()?;
            self.row = row;
        }
        if column as usize >= MOST_COLUMNS && !text.is_empty() {
            return Err(unreadable(
                "too_many_columns",
                format!("列は{MOST_COLUMNS}までです。"),
                format!("There may be {MOST_COLUMNS} columns at most."),
            ));
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
        if self.count > MOST_ROWS + 20 {
            return Err(unreadable(
                "too_many_rows",
                format!("表計算ファイルは{MOST_ROWS}行までです。CSVで保存してください。"),
                format!("A workbook may have {MOST_ROWS} rows at most: save it as CSV."),
            ));
        }
        let last = self.cells.keys().next_back().copied().unwrap_or_default();
        let number = (row + 1).to_string();
        let cells = (0..=last).map(|column| self.cells.get(&column).map_or("", String::as_str));
        let written = self
            .writer
            .write_record(std::iter::once(number.as_str()).chain(cells));
        written.map_err(|e| Error::Internal(e.to_string()))?;
        self.cells.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<u8>> {
        self.end_row()?;
        self.writer
            .into_inner()
            .map_err(|e| Error::Internal(e.to_string()))
    }
}

fn shown_ref(value: &DataRef) -> String {
    match value {
        DataRef::SharedString(text) => (*text).to_owned(),
        other => shown(&other.clone().into()),
    }
}

/// Days as 2026-11-23, numbers without a needless point.
fn shown(value: &Data) -> String {
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

/// Unpacks everything once without keeping it: what a ZIP archive says of its sizes may be a lie.
fn unpacks_within(bytes: &[u8], is_held: impl Fn(&str) -> bool) -> Result<()> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    let mut all = 0;
    for i in 0..archive.len() {
        let part = archive.by_index(i).map_err(|e| match e {
            zip::result::ZipError::UnsupportedArchive(_) => protected(),
            e => damaged(&e),
        })?;
        let held = part.name().is_ok_and(|name| is_held(&name));
        let most = if held { LARGEST_PART } else { LARGEST_UNPACKED };
        let unpacked = std::io::copy(&mut part.take(most + 1), &mut std::io::sink());
        let unpacked = unpacked.map_err(|e| damaged(&e))?;
        all += unpacked;
        if unpacked > most || all > LARGEST_UNPACKED {
            return Err(unreadable(
                "unpacks_too_large",
                "展開すると大きすぎます。CSVで保存してください。",
                "It unpacks to too much: save it as CSV.",
            ));
        }
    }
    Ok(())
}

/// Few bytes of an ODS may stand for many cells, by repeating: those with content are counted before they are made.
fn repeats_within(bytes: &[u8]) -> Result<()> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    let mut content = String::new();
    let part = archive.by_name("content.xml").map_err(|e| damaged(&e))?;
    part.take(LARGEST_PART)
        .read_to_string(&mut content)
        .map_err(|e| damaged(&e))?;
    let number = |element: &str, name: &str| -> u64 {
        let value = element
            .split_once(name)
            .and_then(|(_, rest)| rest.split('"').nth(1));
        value.and_then(|n| n.parse().ok()).unwrap_or(1)
    };
    // The columns that a row reaches to, for as many rows as reach down to it.
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
    if reach > MOST_CELLS * 4 || rows > MOST_ROWS * 6 {
        return Err(unreadable(
            "unpacks_too_large",
            "セルが多すぎます。CSVで保存してください。",
            "It has too many cells: save it as CSV.",
        ));
    }
    Ok(())
}

fn protected() -> Error {
    unreadable(
        "password_protected",
        "パスワードで保護されています。保護を外して送ってください。",
        "It is protected by a password: send it without.",
    )
}

fn damaged(e: &dyn std::fmt::Display) -> Error {
    let why: String = e.to_string().chars().take(200).collect();
    unreadable(
        "damaged_workbook",
        format!("表計算ファイルとして読めません({why})。"),
        format!("It can't be read as a workbook ({why})."),
    )
}

fn no_sheet(tried: Option<String>) -> Error {
    let name = tried.unwrap_or_default();
    unreadable(
        "no_rows",
        format!("シートに行がありません({name})。"),
        format!("The sheet has no row ({name})."),
    )
}
