//! Writing the items of a list as the rows of a file.

pub mod cell;
pub mod xlsx;

use super::columns::{Column, columns};
use super::words::Words;
use super::{ExportFormat, NewExport};
use crate::catalogue::Catalogue;
use crate::catalogue::calendar::time_in_tokyo;
use crate::db::Instant;
use crate::error::Result;
use crate::http::Language;
use cell::{Cell, cell, failed, harmless};
use serde_json::Value;
use std::fs::File;
use std::io::{BufWriter, Write};

/// A file that is being written.
pub struct Sheet<'s> {
    columns: &'static [Column],
    /// The words under Japanese headings.
    words: Option<Words<'s>>,
    catalogue: &'s Catalogue,
    output: Output,
}

enum Output {
    Csv(Box<csv::Writer<BufWriter<File>>>),
    Xlsx(Box<xlsx::Workbook>),
    Ndjson(BufWriter<File>),
}

impl<'s> Sheet<'s> {
    pub fn begin(new: &NewExport, catalogue: &'s Catalogue, mut file: File) -> Result<Sheet<'s>> {
        let columns = columns(new.kind);
        let heading = |column: &Column| match new.headings {
            Language::Ja => column.heading,
            Language::En => column.name,
        };
        let header = columns.iter().map(heading);
        let output = match new.format {
            ExportFormat::Csv => {
                file.write_all("\u{feff}".as_bytes()).map_err(failed)?;
                let mut builder = csv::WriterBuilder::new();
                let mut writer = builder
                    .terminator(csv::Terminator::CRLF)
                    .from_writer(BufWriter::new(file));
                writer.write_record(header).map_err(failed)?;
                Output::Csv(Box::new(writer))
            }
            ExportFormat::Xlsx => {
                let header: Vec<(&str, f64)> = header.zip(columns.iter().map(Column::width)).collect();
                let name = match new.headings {
                    Language::Ja => new.kind.name(),
                    Language::En => new.kind.code(),
                };
                Output::Xlsx(Box::new(xlsx::Workbook::begin(name, &header, file)?))
            }
            ExportFormat::Ndjson => Output::Ndjson(BufWriter::new(file)),
        };
        Ok(Sheet {
            columns,
            words: (new.headings == Language::Ja && new.format != ExportFormat::Ndjson)
                .then(|| Words::new(catalogue)),
            catalogue,
            output,
        })
    }

    pub fn write(&mut self, item: Value) -> Result<()> {
        match &mut self.output {
            Output::Ndjson(file) => {
                serde_json::to_writer(&mut *file, &item).map_err(failed)?;
                file.write_all(b"\n").map_err(failed)
            }
            Output::Csv(writer) => {
                for column in self.columns {
                    let text = match cell(column, &item, self.words.as_ref(), self.catalogue) {
                        Cell::Empty => String::new(),
                        Cell::Text(text) => harmless(text),
                        Cell::Number(number) => number.to_string(),
                        Cell::Flag(flag) => flag.to_string(),
                        Cell::Moment(text) if self.words.is_some() => in_tokyo(text),
                        Cell::Day(text) | Cell::Moment(text) => text,
                    };
                    writer.write_field(text).map_err(failed)?;
                }
                writer.write_record(None::<&[u8]>).map_err(failed)
            }
            Output::Xlsx(workbook) => {
                let cells = self.columns.iter();
                let cells = cells.map(|column| cell(column, &item, self.words.as_ref(), self.catalogue));
                workbook.write(cells.map(|cell| match cell {
                    // Typed cells run nothing. An apostrophe that an import would remove is doubled.
                    Cell::Text(text) if text.starts_with('\'') => Cell::Text(harmless(text)),
                    cell => cell,
                }))
            }
        }
    }

    pub fn end(self) -> Result<()> {
        match self.output {
            Output::Csv(mut writer) => writer.flush().map_err(failed),
            Output::Xlsx(workbook) => workbook.end(),
            Output::Ndjson(mut file) => file.flush().map_err(failed),
        }
    }
}

/// Returns the same moment with the offset of Tokyo, so that an office reads its own day.
fn in_tokyo(text: String) -> String {
    let at = Instant::parse(&text).map(|at| time_in_tokyo(at.utc()));
    at.map_or(text, |at| at.format("%Y-%m-%dT%H:%M:%S%.6f+09:00").to_string())
}
