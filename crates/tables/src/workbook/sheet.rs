//! Writes sheets as CSV within their limits. Each row begins with the position of its sheet and its number, as
//! 2:15. Merged cells count for each of their rows.

use super::faults::too_large;
use crate::error::{Error, Result};
use crate::limits::{MAX_COLUMNS, MAX_MERGED_RANGES, MAX_SHEET_BYTES, MAX_SHEET_CELLS, MAX_SHEET_ROWS};
use calamine::Dimensions;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// A range of cells that are merged over several rows; it counts in its first column.
#[derive(Debug, Clone, Copy)]
pub struct Merge {
    pub first_row: u32,
    pub last_row: u32,
    pub column: u32,
}

impl From<Dimensions> for Merge {
    fn from(range: Dimensions) -> Merge {
        Merge {
            first_row: range.start.0,
            last_row: range.end.0,
            column: range.start.1,
        }
    }
}

/// Writes the cells of a sheet. Rows come in order, the cells of a row in any order.
pub struct SheetWriter<'w> {
    writer: csv::Writer<Bounded<'w>>,
    sheet: usize,
    row: u32,
    cells: BTreeMap<u32, String>,
    /// Which of them are crossed out.
    crossed_out: BTreeSet<u32>,
    rows: u64,
    /// Cells of these rows.
    all_cells: u64,
    /// Ranges that have not begun yet; those that begin first are last.
    merges: Vec<Merge>,
    /// The last row and the text of the ranges that have begun, by column.
    open: BTreeMap<u32, (u32, String)>,
}

impl<'w> SheetWriter<'w> {
    pub fn new(rows: &'w mut dyn Write, sheet: usize, mut merges: Vec<Merge>) -> Result<SheetWriter<'w>> {
        if merges.len() > MAX_MERGED_RANGES {
            return Err(too_large());
        }
        merges.retain(Merge::is_tall);
        merges.sort_by_key(|merge| std::cmp::Reverse(merge.first_row));
        Ok(SheetWriter {
            writer: csv::WriterBuilder::new()
                .flexible(true)
                .from_writer(Bounded { rows, bytes: 0 }),
            sheet,
            row: 0,
            cells: BTreeMap::new(),
            crossed_out: BTreeSet::new(),
            rows: 0,
            all_cells: 0,
            merges,
            open: BTreeMap::new(),
        })
    }

    pub fn add(&mut self, row: u32, column: u32, text: String) -> Result<()> {
        if row != self.row {
            self.end_row()?;
            self.row = row;
        }
        if text.is_empty() {
            return Ok(());
        }
        if column as usize >= MAX_COLUMNS {
            return Err(Error::too_many_columns());
        }
        self.cells.insert(column, text);
        Ok(())
    }

    /// Notes that the cell that was added last, in this column, is crossed out.
    pub fn cross_out(&mut self, column: u32) {
        if self.cells.contains_key(&column) {
            self.crossed_out.insert(column);
        }
    }

    /// Returns whether the row is crossed out; its number may not be. A cell that is crossed out alone stays as it is.
    fn is_crossed_out(&mut self) -> bool {
        let crossed_out = std::mem::take(&mut self.crossed_out);
        let is_number = |text: &str| text.chars().all(char::is_numeric);
        let mut cells = self.cells.iter();
        !crossed_out.is_empty() && cells.all(|(at, text)| crossed_out.contains(at) || is_number(text))
    }

    /// Adds a range that begins in the row of the cell that was added last.
    pub fn merge(&mut self, merge: Merge) {
        if merge.is_tall() {
            self.merges.push(merge);
        }
    }

    fn end_row(&mut self) -> Result<()> {
        if self.cells.is_empty() {
            return Ok(());
        }
        let is_crossed_out = self.is_crossed_out();
        let row = self.row;
        self.open.retain(|_, (last, _)| *last >= row);
        for (column, (_, text)) in &self.open {
            self.cells.entry(*column).or_insert_with(|| text.clone());
        }
        while let Some(merge) = self.merges.pop_if(|merge| merge.first_row <= row) {
            if let Some(text) = self.cells.get(&merge.column).filter(|_| merge.first_row == row) {
                self.open.insert(merge.column, (merge.last_row, text.clone()));
            }
        }
        if is_crossed_out {
            let mark = |text: &mut String| *text = format!("~~{text}~~");
            self.cells.values_mut().for_each(mark);
        }
        self.rows += 1;
        if self.rows > MAX_SHEET_ROWS + 20 {
            return Err(Error::invalid(
                "too_many_rows",
                format!("表計算ファイルは{MAX_SHEET_ROWS}行までです。CSV形式で保存してください。"),
                format!("A sheet can have up to {MAX_SHEET_ROWS} rows. Save it as CSV."),
            ));
        }
        let last = self.cells.keys().next_back().copied().unwrap_or_default();
        self.all_cells += u64::from(last) + 1;
        if self.all_cells > MAX_SHEET_CELLS {
            return Err(too_large());
        }
        let number = format!("{}:{}", self.sheet, u64::from(row) + 1);
        let cells = (0..=last).map(|column| self.cells.get(&column).map_or("", String::as_str));
        self.writer
            .write_record(std::iter::once(number.as_str()).chain(cells))
            .map_err(|e| match e.into_kind() {
                csv::ErrorKind::Io(e) => failed(e),
                kind => failed(io::Error::other(format!("CSV: {kind:?}"))),
            })?;
        self.cells.clear();
        Ok(())
    }

    /// Writes the last row. Returns the number of rows.
    pub fn finish(mut self) -> Result<u64> {
        self.end_row()?;
        self.writer.flush().map_err(failed)?;
        Ok(self.rows)
    }
}

impl Merge {
    fn is_tall(&self) -> bool {
        self.last_row > self.first_row && (self.column as usize) < MAX_COLUMNS
    }
}

/// Refuses to write more than a sheet may have.
struct Bounded<'w> {
    rows: &'w mut dyn Write,
    bytes: u64,
}

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len() as u64;
        if self.bytes > MAX_SHEET_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.rows.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.rows.flush()
    }
}

fn failed(e: io::Error) -> Error {
    match e.kind() {
        io::ErrorKind::FileTooLarge => too_large(),
        _ => Error::Io(e),
    }
}
