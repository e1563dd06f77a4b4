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
//! * [`survey()`] reads a whole text once. It detects the format, finds the header and checks the structure, so
//!   that a file that ends in the middle of a quote fails before any of its rows are used.
//! * [`workbook`] reads a sheet of a workbook; [`survey_sheet`] surveys it.
//! * [`Survey::rows`] then streams the rows. They take the same memory however long the file is.
//! * [`cells`] parses the text of a cell: dates, numbers, phone numbers, yes or no, lists.
//! * [`strict_json`] parses JSON without leniency.
//!
//! Deliberately absent: what the columns and cells mean.
//!
//! Invariant: every input is bounded (see [`limits`]), and no input makes a function of this crate panic. The
//! exception is [`workbook::read_sheet`], which belongs into a separate process.

pub mod cells;
mod delimited;
mod encoding;
mod error;
mod format;
mod items;
mod json;
pub mod limits;
mod parts;
mod remark;
mod row;
mod source;
pub mod strict_json;
mod survey;
pub mod workbook;

pub use error::{Error, Result};
pub use format::{DetectedFormat, FileFormat, Hints};
pub use remark::Remark;
pub use row::Row;
pub use source::{Source, fill};
pub use survey::{Rows, Sheet, Survey, is_workbook, survey, survey_sheet};

#[cfg(test)]
mod tests;
