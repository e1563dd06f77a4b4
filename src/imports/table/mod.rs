//! Files as rows: whatever the format and encoding, a row is its line and its cells.
//!
//! * `text`: which encoding. `delimited`: CSV and TSV. `json`: NDJSON and JSON. `workbook`: XLSX, XLS, ODS.
//!
//! A file is looked at whole before anything of it is used ([`survey`]): what it is, and whether its structure holds to
//! the end. Delimited files and NDJSON are streamed, so that memory does not grow with them.
//!
//! Deliberately absent: what the cells mean.

pub mod delimited;
pub mod json;
pub mod text;
pub mod workbook;

use crate::error::{Error, FieldError, Result, Text};
use csv::StringRecord;
use serde::{Deserialize, Serialize};
use std::io::Read;
use utoipa::ToSchema;

/// The longest row, in bytes: what is longer has a quote that is never closed.
pub const LONGEST_ROW: usize = 1024 * 1024;
/// The most columns.
pub const MOST_COLUMNS: usize = 1000;
/// The largest workbook, in bytes; it can't be streamed.
pub const LARGEST_WORKBOOK: u64 = 100 * 1024 * 1024;
/// The largest JSON document, in bytes; it can't be streamed either, and takes several times as much in memory.
pub const LARGEST_JSON: u64 = 16 * 1024 * 1024;
/// Stands in a cell for a member that a JSON row does not have: unlike null, it tells nothing.
pub const ABSENT: &str = "\u{10fffe}";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    Csv,
    Tsv,
    Xlsx,
    Xls,
    Ods,
    Ndjson,
    Json,
}

/// What a file was found to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Detected {
    pub format: FileFormat,
    /// Of text: `UTF-8`, `Shift_JIS` (as Windows writes it, CP932), `EUC-JP`, `ISO-2022-JP`, `UTF-16LE`, `UTF-16BE`.
    #[schema(example = "Shift_JIS")]
    pub encoding: Option<String>,
    /// Whether it begins with a byte order mark.
    pub byte_order_mark: bool,
    /// Of CSV: the character between cells.
    #[schema(example = ",")]
    pub delimiter: Option<char>,
    /// Of CSV: the character around cells; null where there is none.
    #[schema(example = "\"")]
    pub quote: Option<char>,
    /// Of a workbook: the sheet that is read.
    #[schema(example = "名簿")]
    pub sheet: Option<String>,
    /// Of a workbook: all its sheets.
    #[schema(example = json!(["名簿", "記入例"]))]
    pub sheets: Vec<String>,
}

impl Detected {
    fn of(format: FileFormat) -> Detected {
        Detected {
            format,
            encoding: None,
            byte_order_mark: false,
            delimiter: None,
            quote: None,
            sheet: None,
            sheets: Vec::new(),
        }
    }
}

/// What the sender says of a file; all of it may be left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Hints {
    pub encoding: Option<String>,
    pub sheet: Option<String>,
}

/// The bytes of a file, to be read as often as needed.
pub trait Source: Sync {
    fn open(&self) -> Result<Box<dyn Read + Send + '_>>;
    fn length(&self) -> u64;
}

impl Source for &[u8] {
    fn open(&self) -> Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(*self))
    }
    fn length(&self) -> u64 {
        self.len() as u64
    }
}

/// One row. Cells stand in the order of [`Rows::header`].
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// The line where it begins, or the row of a sheet; the first is 1.
    pub line: u64,
    pub cells: StringRecord,
    /// Why it can't be understood at all.
    pub fault: Option<FieldError>,
}

/// The rows of a file behind its header, one after the other.
pub enum Rows<'s> {
    Delimited(delimited::Reader<'s>),
    Json(json::Reader<'s>),
}

impl Rows<'_> {
    /// Fills the row with the next one; false at the end.
    pub fn next(&mut self, row: &mut Row) -> Result<bool> {
        match self {
            Rows::Delimited(reader) => reader.next(row),
            Rows::Json(reader) => reader.next(row),
        }
    }

    /// The names of the columns; those of JSON grow as members appear.
    pub fn header(&self) -> &[String] {
        match self {
            Rows::Delimited(reader) => reader.header(),
            Rows::Json(reader) => reader.header(),
        }
    }
}

/// A file that was looked at whole.
pub struct Survey {
    pub detected: Detected,
    /// The line of the header; 0 where the rows name their cells themselves.
    pub header_line: u64,
    pub header: Vec<String>,
    pub rows: u64,
    /// A workbook's sheet, as text.
    sheet: Option<Vec<u8>>,
}

/// Looks at a whole file. `is_header` tells how many of a row's cells are known names of columns.
pub fn survey(
    source: &(dyn Source + '_),
    hints: &Hints,
    known: &dyn Fn(&StringRecord) -> usize,
) -> Result<Survey> {
    if source.length() == 0 {
        return Err(empty());
    }
    let mut head = vec![0; 64 * 1024];
    let length = text::fill(&mut source.open()?, &mut head)?;
    head.truncate(length);
    let (detected, sheet) = if workbook::is_one(&head) {
        let bytes = whole(source)?;
        let (detected, sheet) = workbook::as_text(&bytes, hints.sheet.as_deref())?;
        (detected, Some(sheet))
    } else {
        let encoding = text::detect(source, &head, hints.encoding.as_deref())?;
        let sample = encoding.decoded(&head);
        let mut detected = match json::format(&sample) {
            Some(format) => Detected::of(format),
            None => delimited::detect(&sample, length < 64 * 1024)?,
        };
        detected.encoding = Some(encoding.name().to_owned());
        detected.byte_order_mark = encoding.byte_order_mark;
        (detected, None)
    };
    let mut survey = Survey {
        detected,
        header_line: 0,
        header: Vec::new(),
        rows: 0,
        sheet,
    };
    if !matches!(survey.detected.format, FileFormat::Ndjson | FileFormat::Json) {
        survey.find_header(source, known)?;
    }
    let mut row = Row::default();
    let mut rows = survey.rows(source)?;
    let mut count = 0;
    while rows.next(&mut row)? {
        count += 1;
    }
    let header = rows.header().to_vec();
    drop(rows);
    (survey.header, survey.rows) = (header, count);
    Ok(survey)
}

impl Survey {
    /// The rows behind the header, from the first one.
    pub fn rows<'s>(&'s self, source: &'s (dyn Source + 's)) -> Result<Rows<'s>> {
        let detected = &self.detected;
        match (detected.format, &self.sheet) {
            (FileFormat::Ndjson, _) => Ok(Rows::Json(json::Reader::lines(text::decode(source, detected)?))),
            (FileFormat::Json, _) => {
                fits(
                    source,
                    LARGEST_JSON,
                    "16 MiBを超えるJSONは、NDJSONにしてください。",
                    "Beyond 16 MiB, send NDJSON.",
                )?;
                Ok(Rows::Json(json::Reader::document(text::decode(
                    source, detected,
                )?)?))
            }
            (_, Some(sheet)) => {
                let reader = delimited::Reader::of_sheet(sheet, self.header_line, self.header.clone());
                Ok(Rows::Delimited(reader))
            }
            (_, None) => {
                let text = text::decode(source, detected)?;
                let reader = delimited::Reader::new(text, detected, self.header_line, self.header.clone());
                Ok(Rows::Delimited(reader))
            }
        }
    }

    /// All of the rows that are not blank, the header and what stands above it among them.
    pub fn every_row<'s>(&'s self, source: &'s (dyn Source + 's)) -> Result<Rows<'s>> {
        let mut rows = self.rows(source)?;
        if let Rows::Delimited(reader) = &mut rows {
            reader.from_the_top();
        }
        Ok(rows)
    }

    /// The header is the row with the most known names among the first ones, since a title may stand above it.
    fn find_header(
        &mut self,
        source: &(dyn Source + '_),
        known: &dyn Fn(&StringRecord) -> usize,
    ) -> Result<()> {
        const TITLES: usize = 20;
        let mut best: Option<(usize, Row)> = None;
        let mut rows = self.rows(source)?;
        let mut row = Row::default();
        for _ in 0..TITLES {
            if !rows.next(&mut row)? {
                break;
            }
            let found = known(&row.cells);
            if best.as_ref().is_none_or(|(most, _)| found > *most) {
                best = Some((found, row.clone()));
            }
        }
        drop(rows);
        let Some((_, header)) = best else {
            return Err(unreadable("no_rows", "行がありません。", "There is no row."));
        };
        if header.cells.len() > MOST_COLUMNS {
            return Err(unreadable(
                "too_many_columns",
                format!("列は{MOST_COLUMNS}までです。"),
                format!("There may be {MOST_COLUMNS} columns at most."),
            ));
        }
        self.header_line = header.line;
        self.header = header.cells.iter().map(|cell| cell.trim().to_owned()).collect();
        Ok(())
    }
}

fn fits(source: &(dyn Source + '_), most: u64, ja: &'static str, en: &'static str) -> Result<()> {
    if source.length() <= most {
        Ok(())
    } else {
        Err(unreadable("too_large", ja, en))
    }
}

fn whole(source: &(dyn Source + '_)) -> Result<Vec<u8>> {
    let ja = "100 MiBを超える表計算ファイルは、CSVで保存してください。";
    fits(source, LARGEST_WORKBOOK, ja, "Beyond 100 MiB, save it as CSV.")?;
    let mut bytes = Vec::with_capacity(source.length() as usize);
    source.open()?.read_to_end(&mut bytes).map_err(broken)?;
    Ok(bytes)
}

pub fn empty() -> Error {
    unreadable("empty_file", "ファイルが空です。", "The file is empty.")
}

/// A file that can't be read as what it seems to be.
pub fn unreadable(
    code: &'static str,
    ja: impl Into<std::borrow::Cow<'static, str>>,
    en: impl Into<std::borrow::Cow<'static, str>>,
) -> Error {
    Error::invalid("/file", code, Text::new(ja, en))
}

fn broken(e: std::io::Error) -> Error {
    match e.downcast::<Error>() {
        Ok(own) => own,
        Err(e) => Error::Internal(format!("a file can't be read: {e}")),
    }
}

#[cfg(test)]
mod tests;
