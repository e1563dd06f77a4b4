//! NDJSON and JSON: each object is a row, and its members are the cells.
//!
//! An object inside an object is flattened: `{"personal": {"name": …}}` has the column `personal.name`. A
//! list stays JSON text, which [`split_items`](crate::cells::split_items) understands.

use crate::encoding::DecodedText;
use crate::error::{Error, Result};
use crate::format::FileFormat;
use crate::items::Items;
use crate::limits::{MAX_COLUMNS, MAX_NAME_BYTES, MAX_ROW_BYTES};
use crate::remark::Remark;
use crate::row::Row;
use crate::strict_json::{self, JsonError};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};

/// Detects JSON, which begins with a bracket, and NDJSON, whose first line is a complete object.
pub fn detect(sample: &str) -> Option<FileFormat> {
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
    let is_wrapped = is_object && !more && serde_json::from_str(first).ok().and_then(items_of).is_some();
    let ends = first.trim_end().ends_with('}') || (first.len() == start.len() && sample.len() > 60_000);
    Some(if (is_object || ends) && !is_wrapped {
        FileFormat::Ndjson
    } else {
        FileFormat::Json
    })
}

/// Returns the items of `[…]` or `{"items": […]}`.
fn items_of(document: Value) -> Option<Vec<Value>> {
    match document {
        Value::Array(items) => Some(items),
        Value::Object(mut members) => match members.remove("items")? {
            Value::Array(items) => Some(items),
            _ => None,
        },
        _ => None,
    }
}

enum Input<'s> {
    Lines(Box<BufReader<DecodedText<'s>>>),
    Items(Box<Items<BufReader<DecodedText<'s>>>>),
}

/// Reads the rows of a JSON text.
pub struct Reader<'s> {
    input: Input<'s>,
    line: u64,
    buffer: Vec<u8>,
    header: Vec<String>,
    positions: HashMap<String, usize>,
}

impl<'s> Reader<'s> {
    /// Reads NDJSON.
    pub fn lines(text: DecodedText<'s>) -> Reader<'s> {
        Reader::new(Input::Lines(Box::new(BufReader::with_capacity(64 * 1024, text))))
    }

    /// Reads an array of objects, or an object whose `items` are one.
    pub fn document(text: DecodedText<'s>) -> Result<Reader<'s>> {
        let items = Items::begin(BufReader::with_capacity(64 * 1024, text))?;
        Ok(Reader::new(Input::Items(Box::new(items))))
    }

    fn new(input: Input<'s>) -> Reader<'s> {
        Reader {
            input,
            line: 0,
            buffer: Vec::new(),
            header: Vec::new(),
            positions: HashMap::new(),
        }
    }

    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Reads the next row. Returns false at the end.
    pub fn next(&mut self, row: &mut Row) -> Result<bool> {
        row.clear();
        let value = match &mut self.input {
            Input::Items(items) => match items.next()? {
                Some(item) => {
                    self.line += 1;
                    item
                }
                None => return Ok(false),
            },
            Input::Lines(lines) => loop {
                self.buffer.clear();
                self.line += 1;
                let most = MAX_ROW_BYTES as u64 + 1;
                if lines.by_ref().take(most).read_until(b'\n', &mut self.buffer)? == 0 {
                    return Ok(false);
                }
                if self.buffer.len() > MAX_ROW_BYTES {
                    let line = self.line;
                    return Err(Error::invalid(
                        "row_too_long",
                        format!("{line}行目が1 MiBを超えています。"),
                        format!("Line {line} is longer than 1 MiB."),
                    ));
                }
                let text = self.buffer.trim_ascii();
                if !text.is_empty() {
                    break strict_json::parse(text);
                }
            },
        };
        row.line = self.line;
        match value {
            Ok(Value::Object(members)) => self.fill(members, row)?,
            Ok(_) => {
                row.fault = Some(Remark::new(
                    "wrong_type",
                    "行はオブジェクトにしてください。",
                    "A row has to be an object.",
                ));
            }
            Err(error) => row.fault = Some(fault(error)),
        }
        Ok(true)
    }

    fn fill(&mut self, members: Map<String, Value>, row: &mut Row) -> Result<()> {
        let mut flat = Vec::new();
        flatten(members, "", &mut flat)?;
        let mut cells: Vec<Option<String>> = vec![None; self.header.len()];
        for (name, text) in flat {
            let next = self.header.len();
            let at = *self.positions.entry(name.clone()).or_insert(next);
            if at == next {
                if next == MAX_COLUMNS {
                    return Err(Error::too_many_columns());
                }
                self.header.push(name);
                cells.push(None);
            }
            if let Some(cell) = cells.get_mut(at) {
                *cell = Some(text);
            }
        }
        row.record
            .extend(cells.iter().map(|cell| cell.as_deref().unwrap_or_default()));
        row.absent.extend(cells.iter().map(Option::is_none));
        Ok(())
    }
}

/// Lists the members of an object and of the objects in it. Names are put together, so their length and number
/// are bounded first.
fn flatten(members: Map<String, Value>, at: &str, into: &mut Vec<(String, String)>) -> Result<()> {
    for (name, value) in members {
        if at.len() + name.len() > MAX_NAME_BYTES {
            return Err(Error::invalid(
                "column_name_too_long",
                format!("項目名は{MAX_NAME_BYTES}バイトまでです。"),
                format!("The name of a column can have up to {MAX_NAME_BYTES} bytes."),
            ));
        }
        if into.len() == MAX_COLUMNS {
            return Err(Error::too_many_columns());
        }
        let name = if at.is_empty() {
            name
        } else {
            format!("{at}.{name}")
        };
        match value {
            Value::Object(inner) if !inner.is_empty() => flatten(inner, &name, into)?,
            Value::Null => into.push((name, String::new())),
            Value::String(text) => into.push((name, text)),
            other => into.push((name, other.to_string())),
        }
    }
    Ok(())
}

fn fault(error: JsonError) -> Remark {
    match error {
        JsonError::Malformed { column, reason, .. } => Remark::new(
            "malformed_json",
            format!("JSONとして読み取れません（{column}文字目）。"),
            format!("The line is not valid JSON (column {column}: {reason})."),
        ),
        JsonError::DuplicateKey { key, .. } => Remark::new(
            "duplicate_field",
            format!("「{key}」が重複しています。"),
            format!("{key} appears twice."),
        ),
        JsonError::ControlCharacter { .. } => Remark::control_character(),
    }
}
