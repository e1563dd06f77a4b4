//! Surveys a file: detects its format, finds its header, and counts its rows.

use crate::error::{Error, Result};
use crate::format::{DetectedFormat, FileFormat, Hints};
use crate::limits::{MAX_COLUMNS, MAX_WORKBOOK_BYTES};
use crate::parts::{
    Part, columns_of, have_same_headings, is_copy, is_later_year, is_old_or_sample, is_set_aside,
};
use crate::row::Row;
use crate::source::{Source, fill};
use crate::{delimited, encoding, json, workbook};
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
    /// A workbook's sheets, as CSV, and those that have rows of the table.
    sheet: Option<Box<dyn Source + Send>>,
    parts: Vec<Part>,
    /// The positions of the sheets that have rows.
    pub filled_sheets: Vec<usize>,
}

/// A sheet that was read from a workbook.
pub struct Sheet {
    pub detected: DetectedFormat,
    /// Its rows as [`workbook::read_sheet`] writes them.
    pub csv: Box<dyn Source + Send>,
}

/// Returns whether a file is a workbook. Fails if it is a workbook that is too large to be read.
pub fn is_workbook(source: &(dyn Source + '_)) -> Result<bool> {
    let mut head = [0; 8];
    let length = fill(&mut source.open()?, &mut head)?;
    let is_workbook = workbook::is_workbook(head.get(..length).unwrap_or_default());
    if is_workbook && source.size_bytes() > MAX_WORKBOOK_BYTES {
        return Err(Error::invalid(
            "too_large",
            "表計算ファイルは100 MiBまでです。CSV形式で保存してください。",
            "A workbook can have up to 100 MiB. Save it as CSV.",
        ));
    }
    Ok(is_workbook)
}

/// Finds the header of a sheet and counts its rows, as [`survey`] does for a text.
pub fn survey_sheet(sheet: Sheet, count_headings: &dyn Fn(&Row) -> usize) -> Result<Survey> {
    let nothing: &[u8] = &[];
    Survey::begin(sheet.detected, Some(sheet.csv)).complete(&nothing, count_headings)
}

/// Reads a whole text to detect its format and to check its structure. `count_headings` returns how many
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
    let encoding = encoding::detect(source, &head, hints.encoding.as_deref())?;
    let sample = encoding.decode_head(&head);
    if is_page(&sample) {
        return Err(Error::invalid(
            "html_file",
            "ウェブページの形の表です（拡張子が .xls でも中身はHTMLです）。Excelで開き、「名前を付けて保存」で .xlsx にして送ってください。",
            "This is a table of a web page (HTML), though its name may end in .xls. Open it in a spreadsheet and save it as .xlsx.",
        ));
    }
    let mut detected = match json::detect(&sample) {
        Some(format) => DetectedFormat::of(format),
        None => delimited::detect(&sample, length < 64 * 1024),
    };
    detected.encoding = Some(encoding.name().to_owned());
    detected.byte_order_mark = encoding.byte_order_mark;
    Survey::begin(detected, None).complete(source, count_headings)
}

/// Returns whether a text is a web page, as some systems write them under the name of a workbook.
fn is_page(text: &str) -> bool {
    const LONGEST: usize = 2000;
    let head: String = text.trim_start().chars().take(LONGEST).collect();
    let head = head.to_ascii_lowercase();
    let begins = ["<html", "<!doctype html", "<table", "<head", "<meta", "<body"];
    begins.iter().any(|tag| head.starts_with(tag))
        || (head.starts_with("<?xml") && ["<html", "<table"].iter().any(|tag| head.contains(tag)))
}

impl Survey {
    fn begin(detected: DetectedFormat, sheet: Option<Box<dyn Source + Send>>) -> Survey {
        Survey {
            detected,
            header_line: 0,
            header: Vec::new(),
            row_count: 0,
            sheet,
            parts: Vec::new(),
            filled_sheets: Vec::new(),
        }
    }

    fn complete(
        mut self,
        source: &(dyn Source + '_),
        count_headings: &dyn Fn(&Row) -> usize,
    ) -> Result<Survey> {
        if !matches!(self.detected.format, FileFormat::Ndjson | FileFormat::Json) {
            self.find_header(source, count_headings)?;
        }
        let mut row = Row::default();
        let mut rows = self.rows(source)?;
        let mut count = 0;
        while rows.next(&mut row)? {
            count += 1;
        }
        let header = rows.header().to_vec();
        drop(rows);
        (self.header, self.row_count) = (header, count);
        Ok(self)
    }

    /// Begins to read the rows below the header.
    pub fn rows<'s>(&'s self, source: &'s (dyn Source + 's)) -> Result<Rows<'s>> {
        let detected = &self.detected;
        match (detected.format, &self.sheet) {
            (FileFormat::Ndjson, _) => {
                let text = encoding::decode(source, detected)?;
                Ok(Rows(Reader::Json(json::Reader::lines(text))))
            }
            (FileFormat::Json, _) => {
                let text = encoding::decode(source, detected)?;
                Ok(Rows(Reader::Json(json::Reader::document(text)?)))
            }
            (_, Some(sheet)) => {
                let (parts, header) = (self.parts.clone(), self.header.clone());
                let reader = delimited::Reader::of_sheets(sheet.open()?, parts, header);
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

    /// Begins to read all rows that are not blank of all sheets that were opened, their cells as they stand there.
    pub fn rows_of_all_sheets<'s>(&'s self, source: &'s (dyn Source + 's)) -> Result<Rows<'s>> {
        match &self.sheet {
            Some(sheet) => {
                let reader = delimited::Reader::of_sheets(sheet.open()?, Vec::new(), Vec::new());
                Ok(Rows(Reader::Delimited(reader)))
            }
            None => self.all_rows(source),
        }
    }

    /// Returns whether a row is the header of its sheet.
    pub fn is_header(&self, row: &Row) -> bool {
        match self.parts.iter().find(|part| part.sheet == row.sheet) {
            Some(part) => part.header_line == row.line,
            None => self.header_line == row.line,
        }
    }

    /// Returns the sheets of a workbook that are read, each with the line of its header.
    pub fn header_lines(&self) -> impl Iterator<Item = (usize, u64)> {
        self.parts.iter().map(|part| (part.sheet, part.header_line))
    }

    /// Returns the name of a row's sheet, if several are read.
    pub fn sheet_of(&self, row: &Row) -> Option<&str> {
        let names = &self.detected.sheets;
        names
            .get(row.sheet)
            .filter(|_| self.parts.len() > 1)
            .map(String::as_str)
    }

    /// Finds the header: the row with the most known headings among the first rows of each sheet, since it may
    /// have a title above it; or two rows that have more together.
    fn find_header(
        &mut self,
        source: &(dyn Source + '_),
        count_headings: &dyn Fn(&Row) -> usize,
    ) -> Result<()> {
        const MAX_ROWS: usize = 40;
        /// How much better a later sheet, or a second row, must be.
        const CLEARLY: usize = 2;
        /// What the heading of a field counts.
        const FIELD: usize = 3;
        // The best row of each sheet.
        let mut best: Vec<(usize, Row)> = Vec::new();
        let mut rows = self.rows(source)?;
        let (mut row, mut last): (Row, Option<(usize, Row)>) = (Row::default(), None);
        let (mut of_sheet, mut seen, mut filled) = (0, 0, Vec::new());
        let mut has_wide = false;
        loop {
            if self.sheet.is_none() && seen == MAX_ROWS {
                break;
            }
            if !rows.next(&mut row)? {
                break;
            }
            if filled.last() != Some(&row.sheet) {
                filled.push(row.sheet);
            }
            if row.sheet != of_sheet {
                (of_sheet, seen, last) = (row.sheet, 0, None);
            }
            seen += 1;
            if seen > MAX_ROWS {
                continue;
            }
            // Headings aren't looked for in a row that is too wide for a header.
            let is_wide = row.width() > MAX_COLUMNS;
            has_wide |= is_wide;
            let found = if is_wide { 0 } else { count_headings(&row) };
            let add = |found: usize, header: Row, best: &mut Vec<(usize, Row)>| match best.last_mut() {
                Some(known) if known.1.sheet == header.sheet => {
                    if found > known.0 {
                        *known = (found, header);
                    }
                }
                _ => best.push((found, header)),
            };
            add(found, row.clone(), &mut best);
            // The second line of a heading stands directly below the first, and a third below both.
            let above = last.replace((found, row.clone()));
            if let Some((above, upper)) = above.filter(|(above, upper)| {
                *above > 0 && !is_wide && upper.line + 1 == row.line && is_stacked(upper, &row)
            }) {
                let joined = joined(&upper, &row);
                let together = count_headings(&joined);
                // Where the second line has the headings, those above it say whose they are: 代表者 above 氏名.
                let is_complete =
                    above >= FIELD && found > above && together >= found && is_group_line(&upper);
                if together > found.max(above) {
                    last = Some((together, joined.clone()));
                }
                if is_complete || together > found.max(above) + CLEARLY {
                    add(together.max(found + usize::from(is_complete)), joined, &mut best);
                } else if found <= above && is_no_record(&upper, &row, count_headings) {
                    last = Some((together.max(above), joined.clone()));
                    add(together.max(above + 1), joined, &mut best);
                }
            }
        }
        drop(rows);
        self.filled_sheets = filled;
        let names = self.detected.sheets.clone();
        let name = |row: &Row| names.get(row.sheet).map_or("", String::as_str);
        let better = |known: (usize, Row), one: (usize, Row)| {
            let (own, other) = (name(&one.1), name(&known.1));
            // An old list or an example stands aside for the one that it is like, also if it comes first.
            let stands_aside = |name: &str| is_old_or_sample(name) || is_copy(name, &names);
            let is_real = stands_aside(other) && !stands_aside(own) && have_same_headings(&one.1, &known.1);
            let is_instead = is_real || is_later_year(own, other);
            if one.0 > known.0 + CLEARLY || (is_instead && one.0 + CLEARLY >= known.0) {
                one
            } else {
                known
            }
        };
        let Some((score, header)) = best.iter().cloned().reduce(better) else {
            return Err(Error::invalid(
                "no_rows",
                "行がありません。",
                "The file has no rows.",
            ));
        };
        if header.width() > MAX_COLUMNS || (score == 0 && has_wide) {
            return Err(Error::too_many_columns());
        }
        self.header_line = header.line;
        self.header = header.texts().map(|cell| cell.trim().to_owned()).collect();
        if self.sheet.is_some() {
            self.detected.sheet = names.get(header.sheet).cloned();
            for (_, own) in &best {
                let is_main = own.sheet == header.sheet;
                let is_twin = own.width() <= MAX_COLUMNS
                    && !is_set_aside(name(own), name(&header), &names)
                    && have_same_headings(own, &header);
                if is_main || is_twin {
                    let columns = columns_of(&mut self.header, own);
                    let is_same = columns.iter().enumerate().all(|(at, column)| *column == Some(at));
                    self.parts.push(Part {
                        sheet: own.sheet,
                        header_line: own.line,
                        columns: (!is_same).then_some(columns),
                    });
                    self.detected.read_sheets.extend(names.get(own.sheet).cloned());
                }
            }
        }
        Ok(())
    }
}

/// Returns whether a row has at least two different texts: a title has one.
fn is_group_line(row: &Row) -> bool {
    let mut texts = row.texts().map(str::trim).filter(|text| !text.is_empty());
    let first = texts.next();
    texts.any(|text| Some(text) != first)
}

/// Returns whether a row may be the second line of a heading: below most headings that stand alone, it has nothing new.
fn is_stacked(upper: &Row, lower: &Row) -> bool {
    let texts = |row: &Row| -> Vec<String> { row.texts().map(|text| text.trim().to_owned()).collect() };
    let (upper, lower) = (texts(upper), texts(lower));
    let at = |texts: &[String], column: usize| texts.get(column).cloned().unwrap_or_default();
    let is_alone = |column: &usize| {
        let own = at(&upper, *column);
        let next = at(&upper, column + 1);
        !own.is_empty() && next != own && (!next.is_empty() || column + 1 >= upper.len().max(lower.len()))
    };
    let alone: Vec<usize> = (0..upper.len()).filter(is_alone).collect();
    let is_new = |column: &&usize| {
        let below = at(&lower, **column);
        !below.is_empty() && below != at(&upper, **column) && !below.starts_with(['(', '（', '※', '[', '〔'])
    };
    let new = alone.iter().filter(is_new).count();
    new * 2 <= alone.len()
}

/// Returns whether a row below headings has nothing but the same ones again, as cells that are merged downwards have, and others below
/// wide headings: nobody is called 氏名.
fn is_no_record(upper: &Row, lower: &Row, count_headings: &dyn Fn(&Row) -> usize) -> bool {
    const FEWEST: usize = 2;
    let texts = |row: &Row| -> Vec<String> { row.texts().map(|text| text.trim().to_owned()).collect() };
    let (upper, below) = (texts(upper), texts(lower));
    let above = |column: usize| upper.get(column).map_or("", String::as_str);
    let mut own = 0;
    for (column, cell) in below.iter().enumerate() {
        if cell.is_empty() || cell == above(column) {
            continue;
        }
        let (wide, next) = (above(column), above(column + 1));
        let is_below_wide = wide.is_empty() || next.is_empty() || next == wide;
        let alone = Row::of_texts(lower.line, lower.sheet, std::slice::from_ref(cell));
        if !is_below_wide || count_headings(&alone) == 0 {
            return false;
        }
        own += 1;
    }
    own >= FEWEST
}

/// Joins the two lines of a header: a heading above several columns stands before each of theirs.
fn joined(upper: &Row, lower: &Row) -> Row {
    let width = upper.width().max(lower.width());
    let (upper_texts, lower_texts): (Vec<&str>, Vec<&str>) =
        (upper.texts().collect(), lower.texts().collect());
    let at = |texts: &[&str], column: usize| {
        texts
            .get(column)
            .map_or_else(String::new, |text| text.trim().to_owned())
    };
    let mut group = String::new();
    let mut texts = Vec::with_capacity(width.min(MAX_COLUMNS + 1));
    for column in 0..width.min(MAX_COLUMNS + 1) {
        let (above, below) = (at(&upper_texts, column), at(&lower_texts, column));
        if !above.is_empty() {
            group.clone_from(&above);
        }
        texts.push(match (above.is_empty(), below.is_empty()) {
            (_, true) => above,
            (_, false) if group.is_empty() || group == below => below,
            (_, false) => format!("{group}_{below}"),
        });
    }
    Row::of_texts(lower.line, lower.sheet, &texts)
}
