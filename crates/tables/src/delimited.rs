//! CSV and TSV: detects the delimiter and quote, and reads the rows.

use crate::encoding::DecodedText;
use crate::error::{Error, Result};
use crate::format::{DetectedFormat, FileFormat};
use crate::limits::MAX_ROW_BYTES;
use crate::parts::Part;
use crate::row::Row;

use csv::{ReaderBuilder, StringRecord};
use std::collections::HashMap;
use std::io::Read;

const DELIMITERS: [u8; 4] = *b",\t;|";
const QUOTES: [Option<u8>; 2] = [Some(b'"'), Some(b'\'')];

/// Detects the delimiter and quote that split the rows of a sample most evenly. Unless the sample is the
/// whole file, its last row may be cut off.
pub fn detect(sample: &str, is_whole: bool) -> DetectedFormat {
    let mut best: Option<(f64, u8, Option<u8>)> = None;
    // A single quote is a quote only in a file without double quotes.
    let quotes = if sample.contains('"') {
        QUOTES.get(..1)
    } else {
        QUOTES.get(..)
    };
    for quote in quotes.unwrap_or_default().iter().copied() {
        for delimiter in DELIMITERS {
            let score = evenness(sample, is_whole, delimiter, quote);
            if best.is_none_or(|(most, ..)| score > most) {
                best = Some((score, delimiter, quote));
            }
        }
    }
    let (_, delimiter, quote) = best.unwrap_or((0.0, b',', Some(b'"')));
    let format = if delimiter == b'\t' {
        FileFormat::Tsv
    } else {
        FileFormat::Csv
    };
    DetectedFormat {
        delimiter: Some(char::from(delimiter)),
        quote: quote.map(char::from),
        ..DetectedFormat::of(format)
    }
}

/// Scores how evenly a delimiter splits the rows: the share of rows that have the most common number of
/// cells, plus a little for each cell. It is 0 if no row has two cells.
fn evenness(sample: &str, is_whole: bool, delimiter: u8, quote: Option<u8>) -> f64 {
    const ROWS: usize = 100;
    let mut reader = builder(delimiter, quote).from_reader(sample.as_bytes());
    let mut widths: Vec<usize> = Vec::new();
    let mut quoted = 0;
    for record in reader.records().take(ROWS).flatten() {
        widths.push(record.len());
        // Quotes that are left around a cell were not recognised as quotes.
        let around = |cell: &str| cell.len() > 1 && quote.is_none_or(|q| !cell.starts_with(char::from(q)));
        let marked = |cell: &&str| cell.starts_with(['"', '\'']) && around(cell);
        quoted += record.iter().filter(marked).count();
    }
    if !is_whole && widths.len() > 1 && widths.len() < ROWS {
        widths.pop();
    }
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for width in widths.iter().filter(|width| **width > 1) {
        *counts.entry(*width).or_default() += 1;
    }
    let common = counts.into_iter().max_by_key(|(width, count)| (*count, *width));
    common.map_or(0.0, |(width, count)| {
        let share = count as f64 / widths.len() as f64;
        share * (1.0 + width as f64 / 100.0) - quoted as f64 / 10_000.0
    })
}

fn builder(delimiter: u8, quote: Option<u8>) -> ReaderBuilder {
    let mut builder = ReaderBuilder::new();
    builder
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(64 * 1024);
    match quote {
        Some(quote) => builder.quote(quote),
        None => builder.quoting(false),
    };
    builder
}

/// Limits how many bytes are read for a row, and notes the end of the text.
struct RowInput<R> {
    inner: R,
    /// Bytes read since the last row.
    bytes: usize,
    /// Whether the end was reached. The text ends with a line feed, and its end is reached only by reading
    /// on; so a row that reaches it has an open quote.
    has_ended: bool,
}

/// The error of a [`RowInput`] whose row is too long.
#[derive(Debug)]
struct RowTooLong;

impl std::fmt::Display for RowTooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("the row is too long")
    }
}

impl std::error::Error for RowTooLong {}

impl<R: Read> Read for RowInput<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.bytes > MAX_ROW_BYTES {
            return Err(std::io::Error::other(RowTooLong));
        }
        let bytes = self.inner.read(buffer)?;
        self.bytes += bytes;
        self.has_ended |= bytes == 0;
        Ok(bytes)
    }
}

/// Reads the rows of a delimited text.
pub struct Reader<'s> {
    csv: csv::Reader<RowInput<Box<dyn Read + Send + 's>>>,
    record: StringRecord,
    /// Whether each row begins with its number, as a sheet that was turned into text does.
    is_numbered: bool,
    /// The sheets to read; all of them if there is none.
    parts: Vec<Part>,
    header_line: u64,
    header: Vec<String>,
}

impl<'s> Reader<'s> {
    pub fn new(
        text: DecodedText<'s>,
        detected: &DetectedFormat,
        header_line: u64,
        header: Vec<String>,
    ) -> Reader<'s> {
        let byte = |c: Option<char>| c.and_then(|c| u8::try_from(c).ok());
        let builder = builder(byte(detected.delimiter).unwrap_or(b','), byte(detected.quote));
        Reader::over(builder, Box::new(text), None, header_line, header)
    }

    /// Reads some of the sheets that were turned into text, or all of them.
    pub fn of_sheets(sheets: Box<dyn Read + Send + 's>, parts: Vec<Part>, header: Vec<String>) -> Reader<'s> {
        Reader::over(builder(b',', Some(b'"')), sheets, Some(parts), 0, header)
    }

    fn over(
        builder: ReaderBuilder,
        inner: Box<dyn Read + Send + 's>,
        parts: Option<Vec<Part>>,
        header_line: u64,
        header: Vec<String>,
    ) -> Reader<'s> {
        Reader {
            csv: builder.from_reader(RowInput {
                inner,
                bytes: 0,
                has_ended: false,
            }),
            record: StringRecord::new(),
            is_numbered: parts.is_some(),
            parts: parts.unwrap_or_default(),
            header_line,
            header,
        }
    }

    /// Makes [`Reader::next`] return the header and the rows above it, too.
    pub fn restart_at_top(&mut self) {
        self.header_line = 0;
        self.parts.iter_mut().for_each(|part| part.header_line = 0);
    }

    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Reads the next row below the header that is not blank. Returns false at the end.
    pub fn next(&mut self, row: &mut Row) -> Result<bool> {
        loop {
            let line = self.csv.position().line();
            self.csv.get_mut().bytes = 0;
            if !self
                .csv
                .read_record(&mut self.record)
                .map_err(|e| failed(e, line))?
            {
                return Ok(false);
            }
            if self.csv.get_ref().has_ended {
                return Err(unclosed_quote(self.first_line(line)));
            }
            row.clear();
            if self.is_numbered {
                let (sheet, line) = self
                    .record
                    .get(0)
                    .and_then(|at| at.split_once(':'))
                    .unwrap_or_default();
                row.sheet = sheet.parse().unwrap_or_default();
                row.line = line.parse().unwrap_or_default();
                let part = self.parts.iter().find(|part| part.sheet == row.sheet);
                if part.is_none() && !self.parts.is_empty() {
                    continue;
                }
                self.header_line = part.map_or(0, |part| part.header_line);
                match part.and_then(|part| part.columns.as_ref()) {
                    None => row.record.extend(self.record.iter().skip(1)),
                    Some(columns) => {
                        let cell = |at: &Option<usize>| at.and_then(|at| self.record.get(at + 1));
                        row.record
                            .extend(columns.iter().map(|at| cell(at).unwrap_or_default()));
                    }
                }
            } else {
                row.line = self.first_line(line);
                std::mem::swap(&mut row.record, &mut self.record);
            }
            let is_below = row.line > self.header_line;
            if is_below && !row.texts().all(is_blank) && !self.is_header_again(row) {
                return Ok(true);
            }
        }
    }

    /// Files that were concatenated have headers in the middle, possibly with byte order marks.
    fn is_header_again(&self, row: &Row) -> bool {
        let bare = |cell: &str| {
            cell.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
                .to_owned()
        };
        let is_below = self.header_line > 0 && row.width() == self.header.len();
        is_below
            && row
                .texts()
                .map(bare)
                .eq(self.header.iter().map(|name| bare(name)))
    }

    /// Returns the line where the last record begins. A record ends with a line feed and may have others
    /// inside.
    fn first_line(&self, at_least: u64) -> u64 {
        let inside = self.record.as_slice().bytes().filter(|b| *b == b'\n').count() as u64;
        let after = self.csv.position().line();
        after.saturating_sub(1 + inside).max(at_least)
    }
}

fn is_blank(cell: &str) -> bool {
    cell.chars().all(|c| c.is_whitespace() || c == '\u{feff}')
}

fn unclosed_quote(line: u64) -> Error {
    Error::invalid(
        "unclosed_quote",
        format!("{line}行目の引用符が閉じられていません。"),
        format!("The quote in line {line} is never closed."),
    )
}

fn failed(error: csv::Error, line: u64) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(e) if e.get_ref().is_some_and(|inner| inner.is::<RowTooLong>()) => Error::invalid(
            "row_too_long",
            format!("{line}行目からの行が1 MiBを超えています。引用符が閉じられているか確認してください。"),
            format!("The row in line {line} is longer than 1 MiB. Check that its quotes are closed."),
        ),
        csv::ErrorKind::Io(e) => Error::Io(e),
        kind => Error::Io(std::io::Error::other(format!("CSV: {kind:?}"))),
    }
}
