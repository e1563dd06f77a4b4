//! One row of a file.

use crate::remark::Remark;
use csv::StringRecord;

/// One row of a file: its cells in the order of the header.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// The line where the row begins, or its number in a sheet or JSON array; the first is 1.
    pub line: u64,
    /// The position of its sheet in a workbook.
    pub sheet: usize,
    /// Why the row can't be read at all.
    pub fault: Option<Remark>,
    /// Why the row is no record, by the rows around it. Who reads them may say so.
    pub skipped: Option<Remark>,
    /// What else is to be said about it, because of them.
    pub remarks: Vec<Remark>,
    /// Swapped with the CSV reader's own record, so that reading a row allocates nothing.
    pub(crate) record: StringRecord,
    /// Which cells are absent; empty where none is.
    pub(crate) absent: Vec<bool>,
}

impl Row {
    /// The number of cells, which may differ from that of the header.
    pub fn width(&self) -> usize {
        self.record.len()
    }

    /// The memory that the row takes, about.
    pub fn size_bytes(&self) -> usize {
        self.record.as_slice().len() + self.width() * size_of::<usize>() + size_of::<Row>()
    }

    /// The cells. `None` is a member that a JSON object doesn't have, which is not the same as an empty text
    /// or null.
    pub fn cells(&self) -> impl Iterator<Item = Option<&str>> {
        let is_absent = |column: usize| self.absent.get(column).is_some_and(|absent| *absent);
        let cells = self.record.iter().enumerate();
        cells.map(move |(column, text)| (!is_absent(column)).then_some(text))
    }

    /// The cells as text; an absent cell is empty.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.record.iter()
    }

    /// Returns the row with other texts in some of its columns.
    pub fn with_texts(mut self, texts: &std::collections::BTreeMap<usize, String>) -> Row {
        let cells = self.record.iter().enumerate();
        let cells = cells.map(|(column, text)| texts.get(&column).map_or(text, String::as_str));
        self.record = cells.collect();
        self
    }

    /// Returns the row with another cell, before what is beyond the header. `None`: it is absent.
    pub fn with_cell(mut self, at: usize, text: Option<&str>) -> Row {
        let own = self.record.iter().take(at);
        let blank = std::iter::repeat_n("", at.saturating_sub(self.record.len()));
        let beyond = self.record.iter().skip(at);
        let cell = text.unwrap_or_default();
        self.record = own.chain(blank).chain([cell]).chain(beyond).collect();
        if text.is_none() || !self.absent.is_empty() {
            self.absent.resize(self.absent.len().max(at), false);
            self.absent.insert(at, text.is_none());
        }
        self
    }

    /// Returns the rows of tables with this many columns each that stand side by side, without those that are empty.
    pub fn pieces(&self, width: usize) -> Vec<Row> {
        if self.fault.is_some() {
            return vec![self.clone()];
        }
        let texts: Vec<String> = self.texts().map(str::to_owned).collect();
        let filled = texts
            .chunks(width.max(1))
            .filter(|piece| piece.iter().any(|text| !text.trim().is_empty()));
        filled
            .map(|piece| Row::of_texts(self.line, self.sheet, piece))
            .collect()
    }

    /// Returns a row with these cells.
    pub(crate) fn of_texts(line: u64, sheet: usize, texts: &[String]) -> Row {
        Row {
            line,
            sheet,
            record: texts.iter().collect(),
            ..Row::default()
        }
    }

    pub(crate) fn clear(&mut self) {
        self.record.clear();
        self.absent.clear();
        self.fault = None;
        self.skipped = None;
        self.remarks.clear();
    }
}
