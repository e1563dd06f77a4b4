//! ODS, read as a stream: one row is in memory, however many it repeats.

use super::faults::{damaged, detected, empty_sheet, password_protected, too_large, unknown_sheet};
use super::sheet::{Merge, SheetWriter};
use crate::error::{Error, Result};
use crate::format::{DetectedFormat, FileFormat};
use crate::limits::{MAX_COLUMNS, MAX_ROW_BYTES, MAX_SHEET_ROWS, MAX_SHEETS, MOST_READ};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::QName;
use std::io::{BufRead, BufReader, Cursor, Read, Write};

pub type Archive<'b> = zip::ZipArchive<Cursor<&'b [u8]>>;

/// Writes the rows of the sheet with this name, or else of all visible ones.
pub fn read(archive: &mut Archive, asked: Option<&str>, rows: &mut dyn Write) -> Result<DetectedFormat> {
    if is_encrypted(archive)? {
        return Err(password_protected());
    }
    let part = archive.by_name("content.xml").map_err(|e| damaged(&e))?;
    let mut content = Content::new(BufReader::new(part));
    let (mut names, mut found): (Vec<String>, Option<String>) = (Vec::new(), None);
    let (mut hidden, mut unopened, mut rows_so_far) = (Vec::new(), Vec::new(), 0);
    // The style of tables that is being read, and those that hide a table.
    let (mut style, mut hiding): (Option<String>, Vec<String>) = (None, Vec::new());
    loop {
        match content.next()? {
            Node::Start(element) if element.name() == TABLE => {
                let name = element.text("table:name")?.unwrap_or_default();
                let is_hidden = element
                    .text("table:style-name")?
                    .is_some_and(|own| hiding.contains(&own));
                if is_hidden {
                    hidden.push(name.clone());
                }
                let is_open = !is_hidden && names.len() < MOST_READ && rows_so_far < MAX_SHEET_ROWS;
                if asked.map_or(is_open, |asked| asked == name) {
                    let read = read_table(&mut content, names.len(), rows)?;
                    rows_so_far += read;
                    if read > 0 {
                        found.get_or_insert(name.clone());
                    }
                } else {
                    if asked.is_none() && !is_hidden {
                        unopened.push(name.clone());
                    }
                    content.skip(&element)?;
                }
                if names.len() == MAX_SHEETS {
                    return Err(too_large());
                }
                names.push(name);
            }
            Node::Start(element) if element.name() == "style:style" => style = element.text("style:name")?,
            Node::Start(element) if element.name() == "style:table-properties" => {
                let hides = element.text("table:display")?.as_deref() == Some("false");
                let has_room = hiding.len() < MAX_SHEETS;
                hiding.extend(style.clone().filter(|_| hides && has_room));
            }
            // Both have tables that are no sheets.
            Node::Start(element)
                if ["table:tracked-changes", "table:dde-links"].contains(&element.name()) =>
            {
                content.skip(&element)?;
            }
            Node::Eof => break,
            _ => {}
        }
    }
    match (found, asked) {
        (Some(name), _) => Ok(DetectedFormat {
            hidden_sheets: hidden,
            unopened_sheets: unopened,
            ..detected(FileFormat::Ods, name, names)
        }),
        (None, Some(asked)) if !names.iter().any(|name| name == asked) => Err(unknown_sheet(&names, asked)),
        (None, _) => Err(empty_sheet(asked.or(names.first().map(String::as_str)))),
    }
}

const TABLE: &str = "table:table";
const ROW: &str = "table:table-row";
const CELLS: [&str; 2] = ["table:table-cell", "table:covered-table-cell"];

fn is_encrypted(archive: &mut Archive) -> Result<bool> {
    const LARGEST: u64 = 1024 * 1024;
    let Ok(part) = archive.by_name("META-INF/manifest.xml") else {
        return Ok(false);
    };
    let mut manifest = Vec::new();
    let read = part.take(LARGEST).read_to_end(&mut manifest);
    read.map_err(|e| damaged(&e))?;
    Ok(String::from_utf8_lossy(&manifest).contains("encryption-data"))
}

/// Reads a table to its end. Returns the number of its rows that aren't empty.
fn read_table(content: &mut Content<impl BufRead>, at: usize, rows: &mut dyn Write) -> Result<u64> {
    let mut sheet = SheetWriter::new(rows, at, Vec::new())?;
    let mut row = 0u32;
    loop {
        match content.next()? {
            Node::Start(element) if element.name() == ROW => {
                let repeated = element.number("table:number-rows-repeated")?;
                let cells = read_row(content)?;
                if !cells.is_empty() {
                    // The sheet refuses to have too many rows long before a large repeat ends.
                    for row in row..row.saturating_add(repeated) {
                        for cell in &cells {
                            sheet.add(row, cell.column, cell.text.clone())?;
                            sheet.merge(Merge {
                                first_row: row,
                                last_row: row.saturating_add(cell.rows_spanned - 1),
                                column: cell.column,
                            });
                        }
                    }
                }
                row = row.saturating_add(repeated);
            }
            // Drawings have paragraphs, and a table may be in a cell of another.
            Node::Start(element) if ["table:shapes", TABLE].contains(&element.name()) => {
                content.skip(&element)?;
            }
            Node::End(name) if name == TABLE => return sheet.finish(),
            Node::Eof => return Err(damaged(&"a table has no end")),
            _ => {}
        }
    }
}

struct Cell {
    column: u32,
    text: String,
    rows_spanned: u32,
}

/// Reads a row to its end. Returns the cells that have a text.
fn read_row(content: &mut Content<impl BufRead>) -> Result<Vec<Cell>> {
    let (mut cells, mut column, mut bytes) = (Vec::new(), 0u32, 0);
    loop {
        match content.next()? {
            Node::Start(element) if CELLS.contains(&element.name()) => {
                let repeated = element.number("table:number-columns-repeated")?;
                let rows_spanned = element.number("table:number-rows-spanned")?.max(1);
                let text = read_cell(content, &element)?;
                let end = column.saturating_add(repeated);
                if !text.is_empty() {
                    if end as usize > MAX_COLUMNS {
                        return Err(Error::too_many_columns());
                    }
                    bytes += text.len() * repeated as usize;
                    if bytes > MAX_ROW_BYTES {
                        return Err(too_large());
                    }
                    cells.extend((column..end).map(|column| Cell {
                        column,
                        text: text.clone(),
                        rows_spanned,
                    }));
                }
                column = end;
            }
            Node::Start(element) => content.skip(&element)?,
            Node::End(_) => return Ok(cells),
            Node::Eof => return Err(damaged(&"a row has no end")),
            Node::Text(_) => {}
        }
    }
}

/// Reads a cell to its end, and returns its text: dates as 2026-11-23, whole numbers without a decimal point.
fn read_cell(content: &mut Content<impl BufRead>, cell: &Element) -> Result<String> {
    let paragraphs = read_paragraphs(content)?;
    let value = |name| Ok::<_, Error>(cell.text(name)?.unwrap_or_default());
    Ok(match cell.text("office:value-type")?.as_deref() {
        Some("float" | "percentage" | "currency") => {
            let number = value("office:value")?;
            number.parse::<f64>().map_or(number, |number| number.to_string())
        }
        Some("date") => {
            let date = value("office:date-value")?;
            date.split('T').next().unwrap_or_default().to_owned()
        }
        Some("time") => clock(&value("office:time-value")?),
        Some("boolean") => value("office:boolean-value")?,
        Some("string") => cell.text("office:string-value")?.unwrap_or(paragraphs),
        _ => String::new(),
    })
}

/// Returns a duration like PT09H30M00S as a time of day, 9:30.
fn clock(duration: &str) -> String {
    let parts = || {
        let (hours, rest) = duration.strip_prefix("PT")?.split_once('H')?;
        let (minutes, _) = rest.split_once('M')?;
        let (hours, minutes) = (hours.parse::<u32>().ok()?, minutes.parse::<u32>().ok()?);
        Some(format!("{hours}:{minutes:02}"))
    };
    parts().unwrap_or_else(|| duration.to_owned())
}

/// Reads what is in a cell, and returns the text of its paragraphs.
fn read_paragraphs(content: &mut Content<impl BufRead>) -> Result<String> {
    let (mut text, mut paragraphs, mut is_inside) = (String::new(), 0, false);
    loop {
        match content.next()? {
            Node::Start(element) => match element.name() {
                "text:p" => {
                    if paragraphs > 0 {
                        text.push('\n');
                    }
                    (paragraphs, is_inside) = (paragraphs + 1, true);
                }
                "text:s" => {
                    let spaces = element.number("text:c")? as usize;
                    text.extend(std::iter::repeat_n(' ', spaces.min(MAX_ROW_BYTES + 1)));
                }
                "text:tab" => text.push('\t'),
                "text:line-break" => text.push('\n'),
                "office:annotation" | "draw:frame" | TABLE => content.skip(&element)?,
                _ => {}
            },
            Node::Text(piece) if is_inside => text.push_str(&piece),
            Node::Text(_) => {}
            Node::End(name) if name == "text:p" => is_inside = false,
            Node::End(name) if CELLS.contains(&name.as_str()) => return Ok(text),
            Node::End(_) => {}
            Node::Eof => return Err(damaged(&"a cell has no end")),
        }
        if text.len() > MAX_ROW_BYTES {
            return Err(too_large());
        }
    }
}

/// A piece of an XML document.
enum Node {
    Start(Element),
    End(String),
    Text(String),
    Eof,
}

struct Element(BytesStart<'static>);

impl Element {
    fn name(&self) -> &str {
        self.0.name().into_inner()
    }

    fn text(&self, name: &str) -> Result<Option<String>> {
        let found = self.0.try_get_attribute(name).map_err(|e| damaged(&e))?;
        let text = found.map(|attribute| attribute.normalized_value(XmlVersion::Implicit1_0));
        let text = text.transpose().map_err(|e| damaged(&e))?;
        Ok(text.map(std::borrow::Cow::into_owned))
    }

    /// Returns a count; 1 if there is none, and the largest possible one if it is larger.
    fn number(&self, name: &str) -> Result<u32> {
        let Some(text) = self.text(name)? else {
            return Ok(1);
        };
        let digits = text.trim();
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(damaged(&format!("{name} is not a number")));
        }
        Ok(digits.parse().unwrap_or(u32::MAX))
    }
}

/// Reads an XML document piece by piece.
struct Content<R> {
    reader: quick_xml::Reader<R>,
    buffer: Vec<u8>,
}

impl<R: BufRead> Content<R> {
    fn new(input: R) -> Content<R> {
        let mut reader = quick_xml::Reader::from_reader(input);
        reader.config_mut().expand_empty_elements = true;
        Content {
            reader,
            buffer: Vec::new(),
        }
    }

    fn next(&mut self) -> Result<Node> {
        loop {
            self.buffer.clear();
            let event = self.reader.read_event_into(&mut self.buffer);
            return Ok(match event.map_err(|e| damaged(&e))? {
                Event::Start(element) => Node::Start(Element(element.into_owned())),
                Event::End(element) => Node::End(element.name().into_inner().to_owned()),
                Event::Text(text) => Node::Text(text.xml10_content().into_owned()),
                Event::CData(text) => Node::Text(text.xml10_content().into_owned()),
                Event::GeneralRef(entity) => {
                    let known = quick_xml::escape::resolve_xml_entity(&entity).map(str::to_owned);
                    let character = entity.resolve_char_ref().map_err(|e| damaged(&e))?;
                    let text = known.or(character.map(String::from));
                    Node::Text(text.ok_or_else(|| damaged(&"it has an unknown entity"))?)
                }
                Event::Eof => Node::Eof,
                _ => continue,
            });
        }
    }

    /// Reads to the end of an element.
    fn skip(&mut self, element: &Element) -> Result<()> {
        self.buffer.clear();
        let read = self
            .reader
            .read_to_end_into(QName(element.name()), &mut self.buffer);
        read.map(drop).map_err(|e| damaged(&e))
    }
}
