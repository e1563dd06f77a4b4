//! NDJSON and JSON: each object is a row, its members are the cells.
//!
//! Objects inside are flattened, their names joined by dots; lists stay JSON text, which the cells' rules understand.

use super::text::{Decoded, END};
use super::{ABSENT, FileFormat, LONGEST_ROW, MOST_COLUMNS, Row, broken, unreadable};
use crate::error::{Error, FieldError, Result, Text};
use crate::http::body;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};

/// What begins with a bracket is JSON; a first line that is an object by itself makes it NDJSON.
pub fn format(sample: &str) -> Option<FileFormat> {
    let start = sample.trim_start();
    if start.starts_with('[') {
        return Some(FileFormat::Json);
    }
    if !start.starts_with('{') {
        return None;
    }
    let first = start.lines().next().unwrap_or_default();
    let is_object = serde_json::from_str::<Map<String, Value>>(first).is_ok();
    let more = start.lines().skip(1).any(|line| !line.trim().is_empty());
    let is_wrapped = is_object && !more && wrapped(first).is_some();
    let ends = first.trim_end().ends_with('}') || (first.len() == start.len() && sample.len() > 60_000);
    Some(if (is_object || ends) && !is_wrapped {
        FileFormat::Ndjson
    } else {
        FileFormat::Json
    })
}

/// The list in `{"items": [...]}`.
fn wrapped(text: &str) -> Option<Vec<Value>> {
    match serde_json::from_str(text).ok()? {
        Value::Object(mut members) => match members.remove("items")? {
            Value::Array(items) => Some(items),
            _ => None,
        },
        _ => None,
    }
}

enum From<'s> {
    Lines(Box<BufReader<Decoded<'s>>>),
    Items(std::vec::IntoIter<Value>),
}

pub struct Reader<'s> {
    from: From<'s>,
    line: u64,
    buffer: Vec<u8>,
    header: Vec<String>,
    positions: HashMap<String, usize>,
}

impl<'s> Reader<'s> {
    pub fn lines(text: Decoded<'s>) -> Reader<'s> {
        Reader::over(From::Lines(Box::new(BufReader::with_capacity(64 * 1024, text))))
    }

    /// An array of objects, or an object whose `items` are one.
    pub fn document(mut text: Decoded<'s>) -> Result<Reader<'s>> {
        let mut document = String::new();
        text.read_to_string(&mut document).map_err(broken)?;
        let document = document.trim_end().trim_end_matches(END);
        let items = match serde_json::from_str(document) {
            Ok(Value::Array(items)) => items,
            Ok(Value::Object(_)) => wrapped(document).ok_or_else(no_list)?,
            Ok(_) => return Err(no_list()),
            Err(e) => {
                return Err(unreadable(
                    "malformed_json",
                    format!("JSONではありません({}行目{}文字目)。", e.line(), e.column()),
                    format!("This is no JSON: line {}, column {}.", e.line(), e.column()),
                ));
            }
        };
        Ok(Reader::over(From::Items(items.into_iter())))
    }

    fn over(from: From<'s>) -> Reader<'s> {
        Reader {
            from,
            line: 0,
            buffer: Vec::new(),
            header: Vec::new(),
            positions: HashMap::new(),
        }
    }

    pub fn header(&self) -> &[String] {
        &self.header
    }

    pub fn next(&mut self, row: &mut Row) -> Result<bool> {
        row.cells.clear();
        row.fault = None;
        let value = match &mut self.from {
            From::Items(items) => match items.next() {
                Some(item) => {
                    self.line += 1;
                    Ok(item)
                }
                None => return Ok(false),
            },
            From::Lines(lines) => loop {
                self.buffer.clear();
                self.line += 1;
                let most = LONGEST_ROW as u64 + 1;
                let read = lines.by_ref().take(most).read_until(b'\n', &mut self.buffer);
                let text = self.buffer.trim_ascii();
                if read.map_err(broken)? == 0 || text == END.as_bytes() {
                    return Ok(false);
                }
                if self.buffer.len() > LONGEST_ROW {
                    let (ja, en) = ("の行が1 MiBを超えます。", "is longer than 1 MiB.");
                    let line = self.line;
                    return Err(unreadable(
                        "row_too_long",
                        format!("{line}行目{ja}"),
                        format!("Line {line} {en}"),
                    ));
                }
                if !text.is_empty() {
                    break body::strict(text);
                }
            },
        };
        row.line = self.line;
        match value {
            Ok(Value::Object(members)) => self.fill(members, row)?,
            Ok(_) => {
                let rule = Text::new("行はオブジェクトにしてください。", "A row has to be an object.");
                row.fault = Some(FieldError::at("", "wrong_type", rule));
            }
            Err(error) => row.fault = Some(malformed(error)),
        }
        Ok(true)
    }

    fn fill(&mut self, members: Map<String, Value>, row: &mut Row) -> Result<()> {
        let mut flat = Vec::new();
        flatten(members, "", &mut flat);
        let mut cells: Vec<Option<String>> = vec![None; self.header.len()];
        for (name, text) in flat {
            let next = self.header.len();
            let at = *self.positions.entry(name.clone()).or_insert(next);
            if at == next {
                if next == MOST_COLUMNS {
                    return Err(unreadable(
                        "too_many_columns",
                        format!("項目の名前は{MOST_COLUMNS}までです。"),
                        format!("There may be {MOST_COLUMNS} names of members at most."),
                    ));
                }
                self.header.push(name);
                cells.push(None);
            }
            if let Some(cell) = cells.get_mut(at) {
                *cell = Some(text);
            }
        }
        row.cells
            .extend(cells.iter().map(|cell| cell.as_deref().unwrap_or(ABSENT)));
        Ok(())
    }
}

fn flatten(members: Map<String, Value>, at: &str, into: &mut Vec<(String, String)>) {
    for (name, value) in members {
        let name = if at.is_empty() {
            name
        } else {
            format!("{at}.{name}")
        };
        match value {
            Value::Object(inner) if !inner.is_empty() => flatten(inner, &name, into),
            Value::Null => into.push((name, String::new())),
            Value::String(text) => into.push((name, text)),
            other => into.push((name, other.to_string())),
        }
    }
}

fn no_list() -> Error {
    unreadable(
        "no_list",
        "JSONは、オブジェクトの配列か、items を持つオブジェクトにしてください。",
        "JSON has to be an array of objects, or an object with items.",
    )
}

fn malformed(error: Error) -> FieldError {
    match error {
        Error::Invalid(mut faults) if !faults.is_empty() => faults.swap_remove(0),
        Error::MalformedJson { column, reason, .. } => {
            let rule = Text::new(
                format!("JSONではありません({column}文字目: {reason})。"),
                format!("This is no JSON (column {column}: {reason})."),
            );
            FieldError::at("", "malformed_json", rule)
        }
        other => FieldError::at(
            "",
            "malformed_json",
            Text::new(other.to_string(), other.to_string()),
        ),
    }
}
