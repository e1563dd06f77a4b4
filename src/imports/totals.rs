//! Compares the totals that a publication declares with the rows that it lists.

use super::archive::{ArchiveError, check_text, find_columns};
use super::engagements;
use crate::catalogue::Format;
use crate::statistics::store::DeclaredTotal;
use std::collections::BTreeMap;
use std::fmt;

const HEADER: [&str; 3] = ["年度", "区分", "団体数"];

/// The format and number of each year and category.
pub type Totals = BTreeMap<(i32, String), (Format, i32)>;

/// Reads the declared totals. There are few and all are needed, so any invalid cell is an error.
pub fn read(bytes: &[u8]) -> Result<Totals, ArchiveError> {
    let mut reader = csv::Reader::from_reader(check_text(bytes)?);
    let [year, category, count] = find_columns(reader.headers()?, HEADER)?;
    let mut declared = Totals::new();
    for record in reader.records() {
        let record = record?;
        let cell = |at: usize| record.get(at).unwrap_or_default().trim();
        let line = record.position().map_or(0, csv::Position::line);
        let invalid = |column: &'static str, value: &str| ArchiveError::InvalidTotal {
            line,
            column,
            value: value.to_owned(),
        };
        let fiscal_year = engagements::fiscal_year(cell(year)).ok_or_else(|| invalid("年度", cell(year)))?;
        let format =
            engagements::format(cell(category), "").ok_or_else(|| invalid("区分", cell(category)))?;
        let number: i32 = cell(count)
            .parse()
            .ok()
            .filter(|n| *n >= 0)
            .ok_or_else(|| invalid("団体数", cell(count)))?;
        if declared
            .insert((fiscal_year, cell(category).to_owned()), (format, number))
            .is_some()
        {
            return Err(ArchiveError::DuplicateTotal { line });
        }
    }
    Ok(declared)
}

/// The declared and listed totals of each year and category.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconciliation {
    pub rows: Vec<ReconciledRow>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ReconciledRow {
    pub fiscal_year: i32,
    pub category: String,
    pub format: Format,
    pub declared: i32,
    pub listed: i32,
}

/// Compares the declared totals with the listed ones, whose formats follow from the periods.
pub fn reconcile(declared: &Totals, listed: &Totals) -> Reconciliation {
    let mut rows: BTreeMap<&(i32, String), ReconciledRow> = BTreeMap::new();
    for (from_listed, figures) in [(false, declared), (true, listed)] {
        for (key, (format, count)) in figures {
            let (fiscal_year, category) = key.clone();
            let fresh = ReconciledRow {
                fiscal_year,
                category,
                format: *format,
                declared: 0,
                listed: 0,
            };
            let row = rows.entry(key).or_insert(fresh);
            if from_listed {
                (row.format, row.listed) = (*format, *count);
            } else {
                row.declared = *count;
            }
        }
    }
    Reconciliation {
        rows: rows.into_values().collect(),
    }
}

impl Reconciliation {
    pub fn declared(&self) -> i32 {
        self.rows.iter().map(|row| row.declared).sum()
    }

    pub fn listed(&self) -> i32 {
        self.rows.iter().map(|row| row.listed).sum()
    }

    pub fn declared_totals(&self, source: &str) -> Vec<DeclaredTotal> {
        let total = |row: &ReconciledRow| DeclaredTotal {
            source: source.to_owned(),
            fiscal_year: row.fiscal_year,
            category: row.category.clone(),
            format: row.format.code().to_owned(),
            declared: row.declared,
            listed: row.listed,
        };
        self.rows.iter().map(total).collect()
    }
}

impl fmt::Display for Reconciliation {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(
            f,
            "Reconciliation: {} listed of {} declared",
            self.listed(),
            self.declared()
        )?;
        writeln!(f, "  year  declared  listed  category")?;
        for row in &self.rows {
            let missing = row.declared - row.listed;
            let note = match missing {
                0 => String::new(),
                1.. => format!("  <- {missing} declared but not listed"),
                _ => format!("  <- {} listed but not declared", -missing),
            };
            writeln!(
                f,
                "  {}  {:>8}  {:>6}  {}{note}",
                row.fiscal_year, row.declared, row.listed, row.category
            )?;
        }
        Ok(())
    }
}
