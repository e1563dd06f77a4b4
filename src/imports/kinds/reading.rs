//! Reads the cells of a row by its columns, and collects findings about them.

use crate::error::{Error, FieldError, Place};
use crate::imports::columns::{Columns, Target};
use crate::imports::fields::{Context, Input};
use crate::imports::finding::{Finding, Severity};
use tables::cells::{CellResult, normalize};
use tables::{Remark, Row};

/// A cell of a column that is imported. Its text is empty if it unsets the field.
pub struct Cell<'r> {
    pub column: usize,
    pub target: &'r Target,
    pub text: String,
    raw: &'r str,
}

/// The cells of a row, and the findings about them.
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
                format!("セルが{}個あり、見出しの数を超えています。", row.width()),
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
                Err(remark) => reading.add(column, raw, remark, Severity::Error),
            }
        }
        reading
    }

    fn add(&mut self, column: usize, raw: &str, remark: Remark, severity: Severity) {
        let name = self.columns.names.get(column).cloned();
        self.findings
            .push(Finding::new(self.line, name, raw, remark, severity));
    }

    /// Adds a warning about a field.
    pub fn warn(&mut self, field: &str, remark: Remark) {
        self.add_about(field, remark, Severity::Warning);
    }

    /// Rejects the row because of a field.
    pub fn reject(&mut self, field: &str, remark: Remark) {
        self.add_about(field, remark, Severity::Error);
    }

    fn add_about(&mut self, field: &str, remark: Remark, severity: Severity) {
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

    /// Returns the text of a field's cell, unless it is empty.
    pub fn text(&self, field: &str) -> Option<&str> {
        let cell = self.cells.iter().find(|cell| cell.target.is_field(field))?;
        Some(cell.text.as_str()).filter(|text| !text.is_empty())
    }

    /// Applies each cell to a draft. A rule that a cell breaks becomes a finding.
    pub fn apply(&mut self, context: &Context, mut apply: impl FnMut(&Target, &mut Input) -> CellResult<()>) {
        let cells = std::mem::take(&mut self.cells);
        let mut warnings = Vec::new();
        for cell in &cells {
            let mut input = Input {
                text: &cell.text,
                context,
                warnings: &mut warnings,
            };
            let applied = apply(cell.target, &mut input);
            for warning in warnings.drain(..) {
                self.add(cell.column, cell.raw, warning, Severity::Warning);
            }
            if let Err(remark) = applied {
                self.add(cell.column, cell.raw, remark, Severity::Error);
            }
        }
        self.cells = cells;
    }

    /// Rejects the row because the record breaks rules of the API. `field_of` returns the field that a JSON
    /// pointer into the record means.
    pub fn reject_error(&mut self, error: Error, field_of: impl Fn(&str) -> Option<&'static str>) {
        let faults = match error {
            Error::Invalid(faults) => faults,
            other => vec![field_error(&other)],
        };
        for fault in faults {
            let (Place::Pointer(place) | Place::Parameter(place)) = fault.place;
            let cell =
                field_of(&place).and_then(|field| self.cells.iter().find(|cell| cell.target.is_field(field)));
            let name = cell.and_then(|cell| self.columns.names.get(cell.column).cloned());
            let remark = Remark {
                code: "",
                message: fault.message,
                suggestion: None,
            };
            let raw = cell.map_or("", |cell| cell.raw);
            let finding = Finding::new(self.line, name.or(Some(place)), raw, remark, Severity::Error);
            self.findings.push(Finding {
                code: fault.code.into_owned(),
                ..finding
            });
        }
    }
}

/// Returns an error of the service as an error of the whole record.
fn field_error(error: &Error) -> FieldError {
    FieldError {
        place: Place::Pointer(String::new()),
        code: error.code().into(),
        message: error.detail(),
    }
}
