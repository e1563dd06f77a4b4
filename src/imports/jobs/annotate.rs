//! The annotated file: the file that was sent, with the findings of each row in an added column.
//!
//! Delimited text keeps its delimiter, quotes and encoding. An XLSX keeps everything; the cells are added to
//! its sheet. Other formats become CSV. Of any format, the first rows can be had as NDJSON, as they were read.

use super::Import;
use super::file::JobFile;
use super::store::findings;
use crate::db::Pool;
use crate::error::{Error, Result};
use crate::http::Language;
use crate::http::stream::{attachment, named_attachment};
use crate::imports::finding::Finding;
use crate::workbooks::Workbooks;
use encoding_rs::Encoding;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, Write};
use tables::{FileFormat, Row, Source, Survey};

/// The heading of the added column.
pub const HEADING: &str = "取り込み結果";

/// How the annotated file is sent.
pub struct Download {
    /// The header with its name, which is that of the file that was sent.
    pub disposition: String,
    pub extension: &'static str,
    pub media_type: String,
}

pub fn download(job: &Import, only_rows: bool) -> Download {
    let detected = job.detected.as_ref();
    let format = detected.map(|detected| detected.format);
    let encoding = detected.and_then(|detected| detected.encoding.as_deref());
    let text = |kind| format!("text/{kind}; charset={}", encoding.unwrap_or("UTF-8"));
    let (extension, media_type) = match format {
        _ if only_rows => ("ndjson", "application/x-ndjson".to_owned()),
        Some(FileFormat::Xlsx) => (
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet".to_owned(),
        ),
        Some(FileFormat::Tsv) => ("tsv", text("tab-separated-values")),
        _ => ("csv", text("csv")),
    };
    let plain = format!("import-{}", job.id);
    let disposition = match &job.options.file_name {
        Some(sent) => {
            let stem = sent.rsplit_once('.').map_or(sent.as_str(), |(stem, _)| stem);
            named_attachment(&format!("{stem}-{HEADING}"), extension, &plain)
        }
        None => attachment(&format!("{plain}.{extension}")),
    };
    Download {
        disposition,
        extension,
        media_type,
    }
}

/// Writes the annotated file, or its first rows.
pub fn write(
    pool: &Pool,
    workbooks: &Workbooks,
    job: &Import,
    language: Language,
    only_rows: bool,
    into: &mut impl Write,
) -> Result<()> {
    let file = JobFile::of(pool, job);
    let mut notes = RowNotes {
        pool,
        job,
        language,
        page: Vec::new(),
        at: 0,
        after: None,
        has_ended: false,
    };
    let named = |row: &Row| {
        row.texts()
            .filter(|cell| job.progress.columns.contains_key(cell.trim()))
            .count()
    };
    let survey = workbooks.survey(&file, &|| file.check(), &job.options.hints(), &named)?;
    match survey.detected.format {
        _ if only_rows => first_rows(&file, &survey, into),
        FileFormat::Xlsx => xlsx(&file, &survey, &mut notes, into),
        _ => delimited(&file, &survey, &mut notes, into),
    }
}

/// Reads the findings in the order of their rows.
struct RowNotes<'t> {
    pool: &'t Pool,
    job: &'t Import,
    language: Language,
    page: Vec<(i64, Finding)>,
    at: usize,
    after: Option<i64>,
    has_ended: bool,
}

impl RowNotes<'_> {
    /// Describes the findings of a row. Rows must be asked for in the order of the file.
    fn of_row(&mut self, survey: &Survey, row: &Row) -> Result<String> {
        let sheets = &survey.detected.read_sheets;
        let place = |sheet: Option<&str>| sheets.iter().position(|read| Some(read.as_str()) == sheet);
        // Findings about the whole file come first.
        let of_finding = |finding: &Finding| match place(finding.sheet.as_deref()) {
            Some(sheet) => (sheet, finding.line),
            None if sheets.len() > 1 => (0, 0),
            None => (0, finding.line),
        };
        let own = (place(survey.sheet_of(row)).unwrap_or_default(), row.line);
        let mut words = Vec::new();
        loop {
            if self.at == self.page.len() {
                if self.has_ended {
                    break;
                }
                let (id, after) = (self.job.id, self.after);
                self.page = self
                    .pool
                    .read_blocking(|db| findings::list(db, id, after, 1000))?;
                self.at = 0;
                self.after = self.page.last().map(|(position, _)| *position).or(after);
                self.has_ended = self.page.is_empty();
                continue;
            }
            let Some((_, finding)) = self.page.get(self.at) else {
                break;
            };
            if of_finding(finding) > own {
                break;
            }
            if of_finding(finding) == own {
                let column = finding
                    .column
                    .as_ref()
                    .map(|name| format!("{name}: "))
                    .unwrap_or_default();
                let suggestion = finding
                    .suggestion
                    .as_ref()
                    .map(|s| format!(" → {s}"))
                    .unwrap_or_default();
                let message = self.language.choose(&finding.message);
                words.push(format!("{column}{message} [{}]{suggestion}", finding.code));
            }
            self.at += 1;
        }
        Ok(words.join(" / "))
    }
}

/// A row as it was read.
#[derive(Serialize)]
struct ReadRow<'r> {
    sheet: Option<&'r str>,
    line: u64,
    cells: Vec<&'r str>,
}

/// Writes the first rows of each sheet that is read.
fn first_rows(file: &JobFile, survey: &Survey, into: &mut impl Write) -> Result<()> {
    /// Enough to see how a file was understood, and more than anybody looks at.
    const MOST: usize = 2000;
    let sheets = survey.detected.read_sheets.len().max(1);
    let mut written: BTreeMap<usize, usize> = BTreeMap::new();
    let mut row = Row::default();
    let mut rows = survey.rows(file)?;
    while rows.next(&mut row)? {
        let of_sheet = written.entry(row.sheet).or_default();
        if *of_sheet == MOST && sheets == 1 {
            break;
        }
        if *of_sheet < MOST {
            *of_sheet += 1;
            let read = ReadRow {
                sheet: survey.sheet_of(&row),
                line: row.line,
                cells: row.texts().collect(),
            };
            serde_json::to_writer(&mut *into, &read).map_err(failed)?;
            into.write_all(b"\n").map_err(failed)?;
        }
    }
    Ok(())
}

fn delimited(file: &JobFile, survey: &Survey, notes: &mut RowNotes, into: &mut impl Write) -> Result<()> {
    let detected = &survey.detected;
    let is_text = matches!(detected.format, FileFormat::Csv | FileFormat::Tsv);
    let byte = |c: Option<char>| c.and_then(|c| u8::try_from(c).ok());
    let mut builder = csv::WriterBuilder::new();
    builder
        .flexible(true)
        .delimiter(byte(detected.delimiter).unwrap_or(b','));
    builder
        .quote(byte(detected.quote).unwrap_or(b'"'))
        .terminator(csv::Terminator::CRLF);
    let encoding = detected
        .encoding
        .as_deref()
        .filter(|_| is_text)
        .unwrap_or("UTF-8");
    let mut out = EncodedWriter { into, name: encoding };
    if !is_text || detected.byte_order_mark {
        out.write("\u{feff}")?;
    }
    let mut line = |cells: &mut dyn Iterator<Item = &str>| -> Result<()> {
        let mut writer = builder.from_writer(Vec::new());
        writer
            .write_record(cells)
            .map_err(|e| Error::Internal(e.to_string()))?;
        let bytes = writer.into_inner().map_err(|e| Error::Internal(e.to_string()))?;
        out.write(&String::from_utf8_lossy(&bytes))
    };
    let width = survey.header.len();
    let mut row = Row::default();
    let mut rows = survey.all_rows(file)?;
    let has_header = survey.header_line > 0;
    if !has_header {
        line(&mut survey.header.iter().map(String::as_str).chain([HEADING]))?;
    }
    while rows.next(&mut row)? {
        let text = if has_header && survey.is_header(&row) {
            HEADING.to_owned()
        } else {
            notes.of_row(survey, &row)?
        };
        let missing = width.saturating_sub(row.width());
        let blanks = std::iter::repeat_n("", missing);
        line(&mut row.texts().chain(blanks).chain([text.as_str()]))?;
    }
    Ok(())
}

/// Writes text in the file's encoding. Characters that it doesn't have become character references.
struct EncodedWriter<'w, W> {
    into: &'w mut W,
    name: &'w str,
}

impl<W: Write> EncodedWriter<'_, W> {
    fn write(&mut self, text: &str) -> Result<()> {
        let wide = |f: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(f).collect::<Vec<u8>>();
        let bytes = match self.name {
            "UTF-16LE" => wide(u16::to_le_bytes),
            "UTF-16BE" => wide(u16::to_be_bytes),
            name => match Encoding::for_label(name.as_bytes()) {
                Some(encoding) => encoding.encode(text).0.into_owned(),
                None => text.as_bytes().to_vec(),
            },
        };
        self.into.write_all(&bytes).map_err(failed)
    }
}

fn failed(e: impl std::fmt::Display) -> Error {
    Error::file("the annotated file can't be written", e)
}

/// Copies the workbook and adds the column to the sheets that are read.
fn xlsx(file: &JobFile, survey: &Survey, notes: &mut RowNotes, into: &mut impl Write) -> Result<()> {
    let mut texts: BTreeMap<usize, BTreeMap<u64, String>> = BTreeMap::new();
    for (sheet, line) in survey.header_lines() {
        texts.entry(sheet).or_default().insert(line, HEADING.to_owned());
    }
    let mut widest = survey.header.len();
    let mut row = Row::default();
    let mut rows = survey.rows(file)?;
    while rows.next(&mut row)? {
        widest = widest.max(row.width());
        let text = notes.of_row(survey, &row)?;
        if !text.is_empty() {
            texts.entry(row.sheet).or_default().insert(row.line, text);
        }
    }
    let temporary = || tempfile::tempfile().map_err(failed);
    let mut original = temporary()?;
    let read = file
        .open()
        .and_then(|mut file| std::io::copy(&mut file, &mut original));
    read.map_err(tables::Error::from)?;
    let mut archive = zip::ZipArchive::new(BufReader::new(original)).map_err(failed)?;
    let mut by_path = BTreeMap::new();
    for (sheet, texts) in texts {
        let name = survey.detected.sheets.get(sheet).map(String::as_str);
        by_path.insert(sheet_path(&mut archive, name.unwrap_or_default())?, texts);
    }
    let mut copy = zip::ZipWriter::new(BufWriter::new(temporary()?));
    for i in 0..archive.len() {
        let part = archive.by_index(i).map_err(failed)?;
        let path = part.name().map_err(failed)?.into_owned();
        let Some(texts) = by_path.get(&path) else {
            copy.raw_copy_file(part).map_err(failed)?;
            continue;
        };
        copy.start_file(path.as_str(), zip::write::SimpleFileOptions::default())
            .map_err(failed)?;
        with_column(BufReader::new(part), &mut copy, &letters(widest), texts)?;
    }
    let copy = copy.finish().map_err(failed)?;
    let mut copy = copy.into_inner().map_err(failed)?;
    copy.rewind().map_err(failed)?;
    std::io::copy(&mut copy, into).map_err(failed)?;
    Ok(())
}

type Archive = zip::ZipArchive<BufReader<File>>;

fn part(archive: &mut Archive, name: &str) -> Result<String> {
    const LARGEST: u64 = 1024 * 1024;
    let mut text = String::new();
    let part = archive.by_name(name).map_err(failed)?;
    part.take(LARGEST).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

fn attribute(element: &BytesStart, name: &[u8]) -> Option<String> {
    let found = element
        .attributes()
        .flatten()
        .find(|a| a.key.local_name().into_inner().as_bytes() == name)?;
    let text = String::from_utf8_lossy(found.value.as_bytes()).into_owned();
    quick_xml::escape::unescape(&text)
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// Finds the part of the workbook that is the named sheet.
fn sheet_path(archive: &mut Archive, name: &str) -> Result<String> {
    let elements = |text: &str, element: &str, of: &mut dyn FnMut(&BytesStart) -> bool| {
        let mut reader = Reader::from_str(text);
        while let Ok(event) = reader.read_event() {
            match event {
                Event::Start(e) | Event::Empty(e)
                    if e.local_name().into_inner().as_bytes() == element.as_bytes() && of(&e) =>
                {
                    break;
                }
                Event::Eof => break,
                _ => {}
            }
        }
    };
    let (mut id, mut target) = (None, None);
    elements(&part(archive, "xl/workbook.xml")?, "sheet", &mut |e| {
        let found = attribute(e, b"name").as_deref() == Some(name);
        if found {
            id = attribute(e, b"id");
        }
        found
    });
    elements(
        &part(archive, "xl/_rels/workbook.xml.rels")?,
        "Relationship",
        &mut |e| {
            let found = attribute(e, b"Id") == id;
            if found {
                target = attribute(e, b"Target");
            }
            found
        },
    );
    let target = target.ok_or_else(|| failed("the sheet is missing"))?;
    let absolute = target.strip_prefix('/').map(str::to_owned);
    Ok(absolute.unwrap_or_else(|| format!("xl/{target}")))
}

/// Copies a sheet and adds a cell to each row that has a text.
fn with_column(
    sheet: impl BufRead,
    into: &mut impl Write,
    column: &str,
    texts: &BTreeMap<u64, String>,
) -> Result<()> {
    let mut reader = Reader::from_reader(Pieces { sheet, left: 0 });
    let mut writer = Writer::new(into);
    let (mut buffer, mut row) = (Vec::new(), 0u64);
    loop {
        buffer.clear();
        reader.get_mut().left = LONGEST_PIECE;
        let event = reader.read_event_into(&mut buffer).map_err(failed)?;
        match &event {
            Event::Eof => return Ok(()),
            Event::Start(e) if e.local_name().into_inner().as_bytes() == b"row" => {
                let number = attribute(e, b"r").and_then(|n| n.parse().ok());
                row = number.unwrap_or(row + 1);
            }
            Event::End(e) if e.local_name().into_inner().as_bytes() == b"row" => {
                if let Some(text) = texts.get(&row) {
                    cell(&mut writer, &format!("{column}{row}"), text).map_err(failed)?;
                }
            }
            _ => {}
        }
        writer.write_event(event).map_err(failed)?;
    }
}

/// The longest element or text of a sheet, in bytes.
const LONGEST_PIECE: usize = 4 * 1024 * 1024;

/// Refuses to read longer pieces of a sheet, because each is held in memory.
struct Pieces<R> {
    sheet: R,
    /// Bytes that the current piece may still have.
    left: usize,
}

impl<R: BufRead> Read for Pieces<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Pieces<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        match self.left {
            0 => Err(std::io::Error::other("a part of the sheet is too long")),
            _ => self.sheet.fill_buf(),
        }
    }

    fn consume(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
        self.sheet.consume(bytes);
    }
}

fn cell<W: Write>(writer: &mut Writer<W>, place: &str, text: &str) -> std::io::Result<()> {
    let start = BytesStart::new("c").with_attributes([("r", place), ("t", "inlineStr")]);
    writer.write_event(Event::Start(start))?;
    writer.write_event(Event::Start(BytesStart::new("is")))?;
    writer.write_event(Event::Start(BytesStart::new("t")))?;
    writer.write_event(Event::Text(BytesText::new(text)))?;
    for end in ["t", "is", "c"] {
        writer.write_event(Event::End(BytesEnd::new(end)))?;
    }
    Ok(())
}

/// Returns the letters of a column; 0 is A.
fn letters(mut column: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.insert(0, char::from(b'A' + (column % 26) as u8));
        if column < 26 {
            return letters.into_iter().collect();
        }
        column = column / 26 - 1;
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_have_letters() {
        assert_eq!(
            [0, 25, 26, 51, 52, 701, 702].map(super::letters),
            ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]
        );
    }
}
