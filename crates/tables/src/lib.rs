//! Files as rows of cells: CSV, TSV, XLSX, XLS, ODS, NDJSON and JSON, in any common Japanese encoding.
//!
//! ```
//! let file: &[u8] = "名簿,\n氏名,地域\n佐藤 陽子,新宿区\n".as_bytes();
//! let count_headings = |row: &tables::Row| row.texts().filter(|text| ["氏名", "地域"].contains(text)).count();
//! let survey = tables::survey(&file, &tables::Hints::default(), &count_headings)?;
//! assert_eq!(survey.header, ["氏名", "地域"]);
//!
//! let mut row = tables::Row::default();
//! let mut rows = survey.rows(&file)?;
//! assert!(rows.next(&mut row)?);
//! assert_eq!((row.line, row.texts().collect()), (3, vec!["佐藤 陽子", "新宿区"]));
//! # Ok::<(), tables::Error>(())
//! ```
//!
//! * [`survey()`] reads a whole file once. It detects the format, finds the header and checks the structure, so
//!   that a file that ends in the middle of a quote fails before any of its rows are used.
//! * [`Survey::rows`] then streams the rows. CSV, TSV and NDJSON take the same memory however long the file
//!   is.
//! * [`cells`] parses the text of a cell: dates, numbers, phone numbers, yes or no, lists.
//! * [`strict_json`] parses JSON without leniency.
//!
//! Deliberately absent: what the columns and cells mean.
//!
//! Invariant: every input is bounded (see [`limits`]), and no input makes a function of this crate panic.

pub mod cells;
mod delimited;
mod encoding;
mod error;
mod format;
mod json;
pub mod limits;
mod remark;
mod row;
mod source;
pub mod strict_json;
mod survey;
mod workbook;

pub use error::{Error, Result};
pub use format::{DetectedFormat, FileFormat, Hints};
pub use remark::Remark;
pub use row::Row;
pub use source::{Source, fill};
pub use survey::{Rows, Survey, survey};

#[cfg(test)]
mod tests;
