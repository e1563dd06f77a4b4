//! CSV and TSV: which character parts the cells, and their rows.

use super::text::{Decoded, END};
use super::{Detected, FileFormat, LONGEST_ROW, Row, broken, unreadable};
use crate::error::{Error, Result};
use csv::{ReaderBuilder, StringRecord};
use std::collections::HashMap;
use std::io::Read;

const DELIMITERS: [u8; 4] = *b",\t;|";
const QUOTES: [Option<u8>; 2] = [Some(b'"'), Some(b'\'')];

/// The delimiter and quote that part a sample's rows most evenly; among equals the first. The last row of a sample
/// may be cut.
pub fn detect(sample: &str, is_whole: bool) -> Result<Detected> {
    let mut best: Option<(f64, u8, Option<u8>)> = None;
    // Single quotes are quotes only where nobody uses the usual ones.
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
    Ok(Detected {
        delimiter: Some(char::from(delimiter)),
        quote: quote.map(char::from),
        ..Detected::of(format)
    })
}

/// How many rows have the commonest number of cells, and how many cells that is; 0 where no row is parted.
fn evenness(sample: &str, is_whole: bool, delimiter: u8, quote: Option<u8>) -> f64 {
    const ROWS: usize = 100;
    let mut reader = builder(delimiter, quote).from_reader(sample.as_bytes());
    let mut widths: Vec<usize> = Vec::new();
    let mut quoted = 0;
    for record in reader.records().take(ROWS).flatten() {
        widths.push(record.len());
        // A quote that is still there was none.
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

/// Lets a reader go on only so far between two rows.
struct Bounded<R> {
    inner: R,
    read: usize,
}

/// What [`Bounded`] says: the row is too long.
#[derive(Debug)]
struct TooLong;

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("the row is too long")
    }
}

impl std::error::Error for TooLong {}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.read > LONGEST_ROW {
            return Err(std::io::Error::other(TooLong));
        }
        let read = self.inner.read(buffer)?;
        self.read += read;
        Ok(read)
    }
}

/// The rows of a delimited text.
pub struct Reader<'s> {
    csv: csv::Reader<Bounded<Box<dyn Read + Send + 's>>>,
    record: StringRecord,
    /// Whether each row begins with its number, as those of sheets do.
    numbered: bool,
    header_line: u64,
    header: Vec<String>,
}

impl<'s> Reader<'s> {
    pub fn new(text: Decoded<'s>, detected: &Detected, header_line: u64, header: Vec<String>) -> Reader<'s> {
        let byte = |c: Option<char>| c.and_then(|c| u8::try_from(c).ok());
        let builder = builder(byte(detected.delimiter).unwrap_or(b','), byte(detected.quote));
        Reader::over(builder, Box::new(text), false, header_line, header)
    }

    /// Of a sheet that was turned into text.
    pub fn of_sheet(sheet: &'s [u8], header_line: u64, header: Vec<String>) -> Reader<'s> {
        Reader::over(
            builder(b',', Some(b'"')),
            Box::new(sheet),
            true,
            header_line,
            header,
        )
    }

    fn over(
        builder: ReaderBuilder,
        inner: Box<dyn Read + Send + 's>,
        numbered: bool,
        header_line: u64,
        header: Vec<String>,
    ) -> Reader<'s> {
        Reader {
            csv: builder.from_reader(Bounded { inner, read: 0 }),
            record: StringRecord::new(),
            numbered,
            header_line,
            header,
        }
    }

    /// Gives what stands above the header, and the header, too.
    pub fn from_the_top(&mut self) {
        self.header_line = 0;
    }

    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The next row that is not blank and stands below the header.
    pub fn next(&mut self, row: &mut Row) -> Result<bool> {
        loop {
            let line = self.csv.position().line();
            self.csv.get_mut().read = 0;
            if !self
                .csv
                .read_record(&mut self.record)
                .map_err(|e| failed(e, line))?
            {
                return Ok(false);
            }
            if self.numbered {
                row.line = self
                    .record
                    .get(0)
                    .and_then(|n| n.parse().ok())
                    .unwrap_or_default();
                row.cells.clear();
                row.cells.extend(self.record.iter().skip(1));
            } else {
                let is_end = self.record.as_slice().contains(END);
                if is_end && self.record.as_slice() == END {
                    return Ok(false);
                }
                if is_end {
                    return Err(unclosed(self.begin(line)));
                }
                row.line = self.begin(line);
                std::mem::swap(&mut row.cells, &mut self.record);
            }
            let below = row.line > self.header_line;
            if below && !row.cells.iter().all(is_blank) && !self.is_header_again(row) {
                return Ok(true);
            }
        }
    }

    /// Files that were put behind each other have their headers in the middle, with byte order marks.
    fn is_header_again(&self, row: &Row) -> bool {
        let bare = |cell: &str| {
            cell.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
                .to_owned()
        };
        let is_below = self.header_line > 0 && row.cells.len() == self.header.len();
        is_below
            && row
                .cells
                .iter()
                .map(bare)
                .eq(self.header.iter().map(|name| bare(name)))
    }

    /// The line where the last row began: behind it stands a line feed, and there may be some inside.
    fn begin(&self, at_least: u64) -> u64 {
        let inside = self.record.as_slice().bytes().filter(|b| *b == b'\n').count() as u64;
        let after = self.csv.position().line();
        after.saturating_sub(1 + inside).max(at_least)
    }
}

fn is_blank(cell: &str) -> bool {
    cell.chars().all(|c| c.is_whitespace() || c == '\u{feff}')
}

fn unclosed(line: u64) -> Error {
    unreadable(
        "unclosed_quote",
        format!("{line}行目で始まる引用符が閉じていません。"),
        format!("A quote that opens in line {line} is never closed."),
    )
}

fn failed(error: csv::Error, line: u64) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(e) if e.get_ref().is_some_and(|inner| inner.is::<TooLong>()) => unreadable(
            "row_too_long",
            format!("{line}行目から1 MiBを超えます。引用符が閉じていないかもしれません。"),
            format!("The row of line {line} is longer than 1 MiB: maybe a quote is never closed."),
        ),
        csv::ErrorKind::Io(e) => broken(e),
        kind => Error::Internal(format!("CSV: {kind:?}")),
    }
}
