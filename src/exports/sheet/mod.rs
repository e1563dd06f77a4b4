//! Items as the rows of a file.

mod xlsx;

use super::columns::{Column, Shape, columns};
use super::{ExportFormat, NewExport};
use crate::catalogue::Catalogue;
use crate::error::{Error, Result};
use crate::http::Language;
use serde_json::Value;
use std::fs::File;
use std::io::{BufWriter, Write};

/// A cell, typed where the format has types.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Empty,
    Text(String),
    Number(f64),
    Flag(bool),
    Day(String),
    Moment(String),
}

/// A file that is being written.
pub struct Sheet<'s> {
    columns: &'static [Column],
    headings: Language,
    catalogue: &'s Catalogue,
    to: To,
}

enum To {
    Csv(Box<csv::Writer<BufWriter<File>>>),
    Xlsx(Box<xlsx::Workbook>),
    Ndjson(BufWriter<File>),
}

impl<'s> Sheet<'s> {
    pub fn begin(asked: &NewExport, catalogue: &'s Catalogue, mut file: File) -> Result<Sheet<'s>> {
        let columns = columns(asked.kind);
        let heading = |column: &Column| match asked.headings {
            Language::Ja => column.heading,
            Language::En => column.name,
        };
        let header = columns.iter().map(heading);
        let to = match asked.format {
            ExportFormat::Csv => {
                file.write_all("\u{feff}".as_bytes()).map_err(failed)?;
                let mut builder = csv::WriterBuilder::new();
                let mut writer = builder
                    .terminator(csv::Terminator::CRLF)
                    .from_writer(BufWriter::new(file));
                writer.write_record(header).map_err(failed)?;
                To::Csv(Box::new(writer))
            }
            ExportFormat::Xlsx => {
                let header: Vec<&str> = header.collect();
                To::Xlsx(Box::new(xlsx::Workbook::begin(asked.kind.code(), &header, file)?))
            }
            ExportFormat::Ndjson => To::Ndjson(BufWriter::new(file)),
        };
        Ok(Sheet {
            columns,
            headings: asked.headings,
            catalogue,
            to,
        })
    }

    pub fn put(&mut self, item: Value) -> Result<()> {
        match &mut self.to {
            To::Ndjson(file) => {
                serde_json::to_writer(&mut *file, &item).map_err(failed)?;
                file.write_all(b"\n").map_err(failed)
            }
            To::Csv(writer) => {
                for column in self.columns {
                    let text = match cell(column, &item, self.headings, self.catalogue) {
                        Cell::Empty => String::new(),
                        Cell::Text(text) => harmless(text),
                        Cell::Number(number) => number.to_string(),
                        Cell::Flag(flag) => flag.to_string(),
                        Cell::Day(text) | Cell::Moment(text) => text,
                    };
                    writer.write_field(text).map_err(failed)?;
                }
                writer.write_record(None::<&[u8]>).map_err(failed)
            }
            To::Xlsx(workbook) => {
                let cells = self.columns.iter();
                let cells = cells.map(|column| cell(column, &item, self.headings, self.catalogue));
                workbook.put(cells.map(|cell| match cell {
                    // Its cells are typed and run nothing; what imports would take off is doubled.
                    Cell::Text(text) if text.starts_with('\'') => Cell::Text(harmless(text)),
                    cell => cell,
                }))
            }
        }
    }

    pub fn end(self) -> Result<()> {
        match self.to {
            To::Csv(mut writer) => writer.flush().map_err(failed),
            To::Xlsx(workbook) => workbook.end(),
            To::Ndjson(mut file) => file.flush().map_err(failed),
        }
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("the export can't be written: {error}"))
}

/// A text that spreadsheets would run is told to be one, by an apostrophe that imports take off again.
pub fn harmless(text: String) -> String {
    let behind = text.trim_start_matches('\'');
    if behind.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text
    }
}

fn cell(column: &Column, item: &Value, headings: Language, catalogue: &Catalogue) -> Cell {
    let Some(value) = item.pointer(column.pointer).filter(|value| !value.is_null()) else {
        return Cell::Empty;
    };
    let text = || match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match (column.shape, value) {
        (Shape::Number, Value::Number(number)) => number.as_f64().map_or(Cell::Empty, Cell::Number),
        (Shape::Flag, Value::Bool(flag)) => Cell::Flag(*flag),
        (Shape::Day, Value::String(day)) => Cell::Day(day.clone()),
        (Shape::Moment, Value::String(moment)) => Cell::Moment(moment.clone()),
        (Shape::List, Value::Array(items)) if items.is_empty() => Cell::Empty,
        (Shape::List | Shape::Told, Value::Array(items)) => list(items),
        (Shape::Levels, Value::Array(skills)) => levels(skills),
        (Shape::Evidence, Value::Array(pieces)) => evidence(pieces),
        (Shape::Area, Value::String(code)) => {
            let named = catalogue.area(code).filter(|_| headings == Language::Ja);
            Cell::Text(named.map_or_else(|| code.clone(), |area| area.name.clone()))
        }
        _ => Cell::Text(text()),
    }
}

/// Parted by 、 where that can be read back, else JSON.
fn list(items: &[Value]) -> Cell {
    const PARTING: [char; 11] = ['、', ',', ';', '/', '|', '\n', '\t', '､', '・', '[', '"'];
    let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
    let simple = |text: &&str| !text.contains(PARTING) && *text == text.trim() && !text.is_empty();
    if !items.is_empty() && texts.len() == items.len() && texts.iter().all(simple) {
        Cell::Text(texts.join("、"))
    } else {
        Cell::Text(Value::from(items.to_vec()).to_string())
    }
}

fn levels(skills: &[Value]) -> Cell {
    let one = |skill: &Value| {
        let (code, level) = (skill.get("skill")?.as_str()?, skill.get("level")?.as_u64()?);
        Some(format!("{code}({level})"))
    };
    let all: Vec<String> = skills.iter().filter_map(one).collect();
    Cell::Text(if all.is_empty() {
        "[]".to_owned()
    } else {
        all.join("、")
    })
}

fn evidence(pieces: &[Value]) -> Cell {
    let alone = match pieces {
        [] => return Cell::Empty,
        [one] if one.get("title").is_none_or(Value::is_null) => one.get("text").and_then(Value::as_str),
        _ => None,
    };
    let plain = alone.filter(|text| *text == text.trim() && !text.starts_with("[{"));
    Cell::Text(plain.map_or_else(|| Value::from(pieces.to_vec()).to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_spreadsheet_would_run_is_told_to_be_text() {
        for dangerous in ["=1+1", "+81 90", "-1", "@SUM(A1)", "\t=1", "'=1", "''@x"] {
            assert_eq!(harmless(dangerous.into()), format!("'{dangerous}"));
        }
        for plain in ["", "a=b", "'quoted'", "1-2"] {
            assert_eq!(harmless(plain.into()), plain);
        }
    }

    #[test]
    fn lists_are_parted_where_that_can_be_read_back() {
        assert_eq!(list(&[json!("a"), json!("b")]), Cell::Text("a、b".into()));
        assert_eq!(
            list(&[json!("みたか・みんなの広場")]),
            Cell::Text("[\"みたか・みんなの広場\"]".into())
        );
        assert_eq!(list(&[]), Cell::Text("[]".into()));
        assert_eq!(
            levels(&[json!({"skill": "editing", "level": 4})]),
            Cell::Text("editing(4)".into())
        );
        assert_eq!(
            evidence(&[json!({"title": null, "text": "書く"})]),
            Cell::Text("書く".into())
        );
        assert!(
            matches!(evidence(&[json!({"title": "a", "text": "書く"})]), Cell::Text(text) if text.starts_with("[{"))
        );
    }
}
