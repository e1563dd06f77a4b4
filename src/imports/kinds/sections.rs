//! Places that stand above rows or beside them: a section line ■新宿区, a sheet for each ward, the area that the sender
//! states for the whole file. They count for rows that name no place themselves.

use crate::error::{Error, Result};
use crate::imports::ImportKind;
use crate::imports::columns::Columns;
use crate::imports::jobs::Import;
use crate::imports::vocabulary::Vocabulary;
use tables::{Row, Survey};

/// The heading of the column that they are put into.
pub const PLACE_HEADING: &str = "シート名・見出し";

/// The fields of which a record has one: without any of them, a numbered row is empty.
pub const NAMES: [&str; 6] = [
    "name",
    "family_name",
    "organization",
    "organization_external_id",
    "title",
    "record_id",
];

/// The place of each row, in the order of the rows.
#[derive(Clone)]
pub struct Places {
    /// The position of their column.
    column: usize,
    /// The place that each sheet's name is, by the sheet's position.
    of_sheets: Vec<Option<String>>,
    /// The place of the whole file.
    of_file: Option<String>,
    /// The sheet and the place of the last section line.
    of_section: Option<(usize, String)>,
    /// For each column, whether a value alone in it is of a record whose name is missing.
    headless: Vec<bool>,
}

impl Places {
    /// Returns none if neither a sheet nor a section of the first rows is a place.
    pub fn find(
        survey: &Survey,
        header: &[String],
        sample: &[Row],
        job: &Import,
        vocabulary: &Vocabulary,
    ) -> Result<Option<Places>> {
        if job.options.kind == ImportKind::Engagements || survey.header_line == 0 {
            return Ok(None);
        }
        let detected = &survey.detected;
        let place = |name: &String| {
            let is_read = detected.read_sheets.contains(name);
            vocabulary
                .area(name.as_str())
                .ok()
                .filter(|_| is_read)
                .map(|_| name.clone())
        };
        let of_sheets: Vec<Option<String>> = detected.sheets.iter().map(place).collect();
        let of_file = job.options.area.clone();
        if let Some(area) = &of_file {
            let fault = |remark: tables::Remark| Error::invalid("/area", remark.code, remark.message);
            vocabulary.area(area.as_str()).map_err(fault)?;
        }
        let has_section = sample.iter().any(|row| section(row, vocabulary).is_some());
        let has_place = has_section || of_file.is_some() || of_sheets.iter().any(Option::is_some);
        Ok(has_place.then_some(Places {
            column: header.len(),
            of_sheets,
            of_file,
            of_section: None,
            headless: Vec::new(),
        }))
    }

    /// Knows what the columns mean: a place alone in the column of addresses is no section line if a name would stand before
    /// it.
    pub fn understand(&mut self, columns: &Columns) {
        self.headless = (0..columns.targets.len())
            .map(|at| is_headless(at, columns))
            .collect();
    }

    /// Returns the row with its place.
    pub fn add(&mut self, row: Row, vocabulary: &Vocabulary) -> Row {
        if let Some(place) = section(&row, vocabulary).filter(|_| !self.is_headless(&row)) {
            self.of_section = Some((row.sheet, place));
            // A section line stays one.
            return row;
        }
        let of_section = self.of_section.as_ref().filter(|(sheet, _)| *sheet == row.sheet);
        let of_section = of_section.map(|(_, place)| place.as_str());
        let of_sheet = || self.of_sheets.get(row.sheet).and_then(Option::as_deref);
        let place = of_section.or_else(of_sheet).or(self.of_file.as_deref());
        let place = place.unwrap_or_default().to_owned();
        row.with_cell(self.column, &place)
    }

    fn is_headless(&self, row: &Row) -> bool {
        let mut filled = row
            .texts()
            .enumerate()
            .filter(|(_, text)| !text.trim().is_empty());
        let first = filled.next().filter(|(_, text)| !is_marked(text.trim()));
        first.is_some_and(|(at, _)| self.headless.get(at) == Some(&true))
    }
}

/// Returns whether a line is marked as a heading of those below it: ■新宿区, 【高齢者支援】.
pub fn is_marked(key: &str) -> bool {
    key.starts_with([
        '【', '〔', '■', '◆', '●', '▼', '▽', '◇', '□', '〈', '《', '＜', '<', '≪', '★', '☆', '・',
    ]) || (key.starts_with(['[', '［']) && key.ends_with([']', '］']))
}

/// Returns whether a value that stands alone in this column is of a record whose name is missing, not of a line between
/// records: a name, or an id in the first column, would stand before it.
pub fn is_headless(at: usize, columns: &Columns) -> bool {
    let is_in = |at: usize, fields: &[&str]| {
        let target = columns.targets.get(at).and_then(Option::as_ref);
        target.is_some_and(|target| fields.iter().any(|field| target.is_field(field)))
    };
    at > 0 && (is_in(0, &["external_id"]) || (0..at).any(|before| is_in(before, &NAMES)))
}

/// Returns the place that a section line names.
fn section(row: &Row, vocabulary: &Vocabulary) -> Option<String> {
    const LONGEST: usize = 60;
    let mut texts = row.texts().map(str::trim).filter(|text| !text.is_empty());
    let first = texts.next().filter(|first| first.len() <= LONGEST)?;
    if !texts.all(|text| text == first) {
        return None;
    }
    let bare = without_number(first);
    let is_place = !bare.is_ascii() && vocabulary.area(bare).is_ok();
    is_place.then(|| bare.to_owned())
}

/// Returns a heading without marks, its own number and how many rows it has: 3．豊島区（12団体）, ■中野区の部.
pub fn without_number(heading: &str) -> &str {
    let is_mark = |c: char| !c.is_alphanumeric();
    let is_digit = |c: &char| c.is_numeric();
    let bare = heading.trim_matches(is_mark);
    let digits = bare.chars().take_while(is_digit).count();
    let number = bare.char_indices().nth(digits).map(|(at, _)| bare.split_at(at).1);
    let bare = number.filter(|_| (1..=2).contains(&digits)).unwrap_or(bare);
    let bare = bare.trim_start_matches(is_mark);
    let count = bare.split_once(['(', '（', '〔', '[', ' ', '\u{3000}', ':', '：']);
    let counted = count.filter(|(_, count)| count.chars().any(|c| c.is_numeric()));
    let bare = counted.map_or(bare, |(bare, _)| bare).trim_end();
    ["の部", "在住", "分"]
        .iter()
        .find_map(|end| bare.strip_suffix(end))
        .unwrap_or(bare)
}
