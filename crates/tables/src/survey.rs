//! Surveys a file: detects its format, finds its header, and counts its rows.

use crate::error::{Error, Result};
use crate::format::{DetectedFormat, FileFormat, Hints};
use crate::limits::{MAX_COLUMNS, MAX_JSON_BYTES, MAX_WORKBOOK_BYTES};
use crate::row::Row;
use crate::source::{Source, fill};
use crate::{delimited, encoding, json, workbook};
use std::io::Read;

/// The rows of a file below its header, one after the other.
pub struct Rows<'s>(Reader<'s>);

enum Reader<'s> {
    Delimited(delimited::Reader<'s>),
    Json(json::Reader<'s>),
}

impl Rows<'_> {
    /// Reads the next row. Returns false at the end.
    pub fn next(&mut self, row: &mut Row) -> Result<bool> {
        match &mut self.0 {
            Reader::Delimited(reader) => reader.next(row),
            Reader::Json(reader) => reader.next(row),
        }
    }

    /// The names of the columns. Those of JSON and NDJSON grow as rows with new members are read.
    pub fn header(&self) -> &[String] {
        match &self.0 {
            Reader::Delimited(reader) => reader.header(),
            Reader::Json(reader) => reader.header(),
        }
    }
}

/// The structure of a file that was read to its end.
pub struct Survey {
    pub detected: DetectedFormat,
    /// The line of the header; 0 if the rows name their cells themselves, as JSON does.
    pub header_line: u64,
    pub header: Vec<String>,
    /// The number of rows below the header that are not blank.
    pub row_count: u64,
    /// A workbook's sheet, as CSV.
    sheet: Option<Vec<u8>>,
}

/// Reads a whole file to detect its format and to check its structure. `count_headings` returns how many
/// cells of a row are known headings of columns.
pub fn survey(
    source: &(dyn Source + '_),
    hints: &Hints,
    count_headings: &dyn Fn(&Row) -> usize,
) -> Result<Survey> {
    if source.size_bytes() == 0 {
        return Err(Error::empty_file());
    }
    let mut head = vec![0; 64 * 1024];
    let length = fill(&mut source.open()?, &mut head)?;
    head.truncate(length);
    let (detected, sheet) = if workbook::is_workbook(&head) {
        let bytes = read_workbook(source)?;
        let (detected, sheet) = workbook::read_sheet(&bytes, hints.sheet.as_deref())?;
        (detected, Some(sheet))
    } else {
        let encoding = encoding::detect(source, &head, hints.encoding.as_deref())?;
        let sample = encoding.decode_head(&head);
        let mut detected = match json::detect(&sample) {
            Some(format) => DetectedFormat::of(format),
            None => delimited::detect(&sample, length < 64 * 1024),
        };
        detected.encoding = Some(encoding.name().to_owned());
        detected.byte_order_mark = encoding.byte_order_mark;
        (detected, None)
    };
    let mut survey = Survey {
        detected,
        header_line: 0,
        header: Vec::new(),
        row_count: 0,
        sheet,
    };
    if !matches!(survey.detected.format, FileFormat::Ndjson | FileFormat::Json) {
        survey.find_header(source, count_headings)?;
    }
    let mut row = Row::default();
    let mut rows = survey.rows(source)?;
    let mut count = 0;
    while rows.next(&mut row)? {
        count += 1;
    }
    let header = rows.header().to_vec();
    drop(rows);
    (survey.header, survey.row_count) = (header, count);
    Ok(survey)
}

impl Survey {
    /// Begins to read the rows below the header.
    pub fn rows<'s>(&'s self, source: &'s (dyn Source + 's)) -> Result<Rows<'s>> {
        let detected = &self.detected;
        match (detected.format, &self.sheet) {
            (FileFormat::Ndjson, _) => Ok(Rows(Reader::Json(json::Reader::lines(encoding::decode(
                source, detected,
            )?)))),
            (FileFormat::Json, _) => {
                check_size(
                    source,
                    MAX_JSON_BYTES,
                    "JSONは16 MiBまでです。NDJSON形式にしてください。",
                    "A JSON file can have up to 16 MiB. Send larger files as NDJSON.",
                )?;
                let text = encoding::decode(source, detected)?;
                Ok(Rows(Reader::Json(json::Reader::document(text)?)))
            }
            (_, Some(sheet)) => {
                let reader = delimited::Reader::of_sheet(sheet, self.header_line, self.header.clone());
                Ok(Rows(Reader::Delimited(reader)))
            }
            (_, None) => {
                let text = encoding::decode(source, detected)?;
                let reader = delimited::Reader::new(text, detected, self.header_line, self.header.clone());
                Ok(Rows(Reader::Delimited(reader)))
            }
        }
    }

    /// Begins to read all rows that are not blank, including the header and the rows above it.
    pub fn all_rows<'s>(&'s self, source: &'s (dyn Source + 's)) -> Result<Rows<'s>> {
        let mut rows = self.rows(source)?;
        if let Reader::Delimited(reader) = &mut rows.0 {
            reader.restart_at_top();
        }
        Ok(rows)
    }

    /// Finds the header: the row with the most known headings among the first rows, since it may have a title
    /// above it.
    fn find_header(
        &mut self,
        source: &(dyn Source + '_),
        count_headings: &dyn Fn(&Row) -> usize,
    ) -> Result<()> {
        const MAX_ROWS: usize = 20;
        let mut best: Option<(usize, Row)> = None;
        let mut rows = self.rows(source)?;
        let mut row = Row::default();
        for _ in 0..MAX_ROWS {
            if !rows.next(&mut row)? {
                break;
            }
            let found = count_headings(&row);
            if best.as_ref().is_none_or(|(most, _)| found > *most) {
                best = Some((found, row.clone()));
            }
        }
        drop(rows);
        let Some((_, header)) = best else {
            return Err(Error::invalid(
                "no_rows",
                "行がありません。",
                "The file has no rows.",
            ));
        };
        if header.width() > MAX_COLUMNS {
            return Err(Error::too_many_columns());
        }
        self.header_line = header.line;
        self.header = header.texts().map(|cell| cell.trim().to_owned()).collect();
        Ok(())
    }
}

fn check_size(source: &(dyn Source + '_), most: u64, ja: &'static str, en: &'static str) -> Result<()> {
    if source.size_bytes() <= most {
        Ok(())
    } else {
        Err(Error::invalid("too_large", ja, en))
    }
}

fn read_workbook(source: &(dyn Source + '_)) -> Result<Vec<u8>> {
    check_size(
        source,
        MAX_WORKBOOK_BYTES,
        "表計算ファイルは100 MiBまでです。CSV形式で保存してください。",
        "A workbook can have up to 100 MiB. Save it as CSV.",
    )?;
    let mut bytes = Vec::with_capacity(source.size_bytes() as usize);
    source.open()?.read_to_end(&mut bytes)?;
    Ok(bytes)
}
