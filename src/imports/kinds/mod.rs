//! Rows as records: what the cells of one row make of a worker, an organization or a deliverable.
//!
//! A row is put upon what is known already: a column with an empty cell unsets, a column that is not there leaves what is
//! there. The result has to keep the very rules of the API; a broken one is told with the cell that it comes from.

pub mod deliverables;
pub mod organizations;
pub mod record;
pub mod workers;

use super::columns::{Columns, Target};
use super::finding::{Finding, Severity};
use super::vocabulary::{Vocabulary, Words};
use crate::error::{Error, FieldError, Place};
use chrono::NaiveDate;
use tables::cells::normalize;
use tables::{Remark, Row};

/// What rows are understood with.
pub struct Context<'c> {
    pub vocabulary: &'c Vocabulary<'c>,
    pub today: NaiveDate,
    /// Where the records come from.
    pub source: String,
}

/// A cell that says something: its column, what that means, and its text, which is empty where it unsets.
pub struct Cell<'r> {
    pub column: usize,
    pub target: &'r Target,
    pub text: String,
    raw: &'r str,
}

/// The cells of a row with what was found wrong on the way.
pub struct Reading<'r> {
    pub line: u64,
    columns: &'r Columns,
    pub cells: Vec<Cell<'r>>,
    pub findings: Vec<Finding>,
}

impl<'r> Reading<'r> {
    pub fn of(row: &'r Row, columns: &'r Columns) -> Reading<'r> {
        let mut reading = Reading {
            line: row.line,
            columns,
            cells: Vec::new(),
            findings: Vec::new(),
        };
        if let Some(fault) = &row.fault {
            let finding = Finding::new(row.line, None, "", fault.clone(), Severity::Error);
            reading.findings.push(finding);
            return reading;
        }
        let surplus = row
            .texts()
            .skip(columns.targets.len())
            .find(|cell| !cell.trim().is_empty());
        if let Some(cell) = surplus {
            let remark = Remark::new(
                "too_many_cells",
                format!("見出しより多い{}個のセルがあります。", row.width()),
                format!("The row has {} cells, more than the header.", row.width()),
            );
            reading
                .findings
                .push(Finding::new(row.line, None, cell, remark, Severity::Error));
        }
        for (column, (raw, target)) in row.cells().zip(&columns.targets).enumerate() {
            let (Some(raw), Some(target)) = (raw, target.as_ref()) else {
                continue;
            };
            match normalize(raw) {
                Ok(text) => reading.cells.push(Cell {
                    column,
                    target,
                    text,
                    raw,
                }),
                Err(remark) => reading.remark(column, raw, remark, Severity::Error),
            }
        }
        reading
    }

    fn remark(&mut self, column: usize, raw: &str, remark: Remark, severity: Severity) {
        let name = self.columns.names.get(column).cloned();
        self.findings
            .push(Finding::new(self.line, name, raw, remark, severity));
    }

    /// About a field's cell, whatever it holds.
    pub fn notice(&mut self, field: &str, remark: Remark) {
        self.about(field, remark, Severity::Warning);
    }

    pub fn reject(&mut self, field: &str, remark: Remark) {
        self.about(field, remark, Severity::Error);
    }

    fn about(&mut self, field: &str, remark: Remark, severity: Severity) {
        let cell = self.cells.iter().find(|cell| cell.target.is_field(field));
        let name = cell.and_then(|cell| self.columns.names.get(cell.column).cloned());
        let raw = cell.map_or("", |cell| cell.raw);
        self.findings
            .push(Finding::new(self.line, name, raw, remark, severity));
    }

    pub fn is_rejected(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }

    /// The text of a field's cell, unless it is empty.
    pub fn text(&self, field: &str) -> Option<&str> {
        let cell = self.cells.iter().find(|cell| cell.target.is_field(field))?;
        Some(cell.text.as_str()).filter(|text| !text.is_empty())
    }

    /// Puts each cell to use; what it breaks is told.
    pub fn each(&mut self, mut apply: impl FnMut(&Cell, &mut Vec<Remark>) -> Result<(), Remark>) {
        let cells = std::mem::take(&mut self.cells);
        for cell in &cells {
            let mut notices = Vec::new();
            let applied = apply(cell, &mut notices);
            for notice in notices {
                self.remark(cell.column, cell.raw, notice, Severity::Warning);
            }
            if let Err(remark) = applied {
                self.remark(cell.column, cell.raw, remark, Severity::Error);
            }
        }
        self.cells = cells;
    }

    /// A rule of the API that the record breaks, told with the cell of the field.
    pub fn broken(&mut self, error: Error, field_of: impl Fn(&str) -> Option<&'static str>) {
        let faults = match error {
            Error::Invalid(faults) => faults,
            other => vec![of_error(&other)],
        };
        for fault in faults {
            let pointer = match &fault.place {
                Place::Pointer(pointer) => pointer.clone(),
                Place::Parameter(name) => name.clone(),
            };
            let field = field_of(&pointer);
            let cell = field.and_then(|field| self.cells.iter().find(|c| *c.target == Target::Field(field)));
            let raw = cell.map_or("", |cell| cell.raw).to_owned();
            let name = cell.and_then(|cell| self.columns.names.get(cell.column).cloned());
            let remark = Remark {
                code: "",
                message: fault.message,
                suggestion: None,
            };
            let finding = Finding::new(self.line, name.or(Some(pointer)), &raw, remark, Severity::Error);
            self.findings.push(Finding {
                code: fault.code.into_owned(),
                ..finding
            });
        }
    }
}

/// An error as it is told of a row.
pub fn of_error(error: &Error) -> FieldError {
    let (code, message) = (error.code(), error.detail());
    FieldError {
        place: Place::Pointer(String::new()),
        code: code.into(),
        message,
    }
}

/// An empty text is none.
pub fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Codes of a cell's words; a word that is not surely known is a notice.
pub fn known_codes(words: &Words, cell: &str, code: &'static str, notices: &mut Vec<Remark>) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    for word in words.items(cell) {
        match words.sure(&word) {
            Ok(meaning) if !codes.contains(&meaning.code) => codes.push(meaning.code),
            Ok(_) => {}
            Err(near) => notices.push(unsure(code, &word, near)),
        }
    }
    codes
}

/// A word that was kept as text, or left out.
pub fn unsure(code: &'static str, word: &str, near: Option<String>) -> Remark {
    let word: String = word.chars().take(80).collect();
    Remark::new(
        code,
        format!("「{word}」が何を指すか分かりません。"),
        format!("It is not sure what {word:?} means."),
    )
    .suggesting(near)
}
