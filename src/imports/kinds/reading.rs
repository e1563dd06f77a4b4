//! Reads the cells of a row by its columns, and collects findings about them.

use crate::error::{Error, FieldError, Place, Result, Text};
use crate::imports::columns::{Columns, Target, split_reading};
use crate::imports::days::{Mark, mark};
use crate::imports::fields::{Context, Input};
use crate::imports::finding::{Finding, Severity};
use crate::imports::kinds::organizations::fields::may_be_open;
use crate::imports::kinds::workers::fields::{agrees, declines, parse_level};
use crate::imports::places::Written;
use crate::values::city_of;
use chrono::NaiveDate;
use std::borrow::Cow;
use std::collections::HashMap;
use tables::cells::dates::parse_date;
use tables::cells::{CellResult, bare, is_ditto, is_placeholder, normalize, parse_boolean, split_items};
use tables::{Remark, Row};

/// A cell of a column that is imported. Its text is empty if it unsets the field.
pub struct Cell<'r> {
    pub column: usize,
    pub target: &'r Target,
    pub text: String,
    /// The text as it is to be stored: as it is written.
    written: Cow<'r, str>,
    raw: &'r str,
    /// Whether Musubi wrote the file, so that the text is exactly what was stored.
    is_stored: bool,
    /// The level of the skills in it, if that has a column of its own.
    level: Option<u8>,
}

impl Cell<'_> {
    /// Returns an id or another text whose width says nothing.
    fn code(&self) -> &str {
        if self.is_stored { &self.written } else { &self.text }
    }
}

/// The turns of columns with addresses, and of the place above a row: see `data/headings.json`.
const ADDRESS_TURN: u8 = 3;
const PLACE_TURN: u8 = 9;

/// What a cell adds to the columns of its field before it.
enum Together {
    Nothing,
    All(Collected),
}

/// The text of all columns of a field so far, as it is read and as it is written.
#[derive(Clone)]
struct Collected {
    text: String,
    written: String,
}

/// Puts a cell's text behind those of the columns before it that mean the same field. Returns `None` for a field whose
/// setter does that itself, as for the days of people, and for the first of its columns.
fn put_together<'c>(
    cell: &'c Cell,
    columns: &Columns,
    collected: &mut HashMap<&'c str, Collected>,
) -> Option<Together> {
    const FIELDS: [(&str, &str); 9] = [
        ("day_parts", "、"),
        ("themes", "、"),
        ("roles", "、"),
        ("qualifications", "、"),
        ("aliases", "、"),
        ("members", "、"),
        ("description", "\n"),
        ("trouble", "\n"),
        ("kana", " "),
    ];
    let (field, between) = FIELDS.iter().find(|(name, _)| cell.target.is_field(name))?;
    let is_apart = match *field {
        "kana" => !columns.has_split_reading,
        "day_parts" => columns.is_of_people(),
        _ => false,
    };
    if is_apart {
        return None;
    }
    let Some(before) = collected.get_mut(field) else {
        let (text, written) = (cell.text.clone(), cell.written.to_string());
        collected.insert(field, Collected { text, written });
        return None;
    };
    if cell.text.is_empty() {
        return Some(Together::Nothing);
    }
    for (before, more) in [
        (&mut before.text, &*cell.text),
        (&mut before.written, &*cell.written),
    ] {
        if !before.is_empty() {
            before.push_str(between);
        }
        before.push_str(more);
    }
    Some(Together::All(before.clone()))
}

/// Says that a cell has no heading, and so no use.
fn unused_cell() -> Remark {
    Remark::new(
        "unused_cell",
        "見出しのない列の値は取り込みません。取り込む場合は、列に見出しを付けてください。",
        "A value without a heading above it is not imported. If you need it, give its column a heading.",
    )
}

/// Says of a cell that says "as above" that nothing stands there.
fn nothing_above() -> Remark {
    Remark::new(
        "nothing_above",
        "上のセルが空欄のため、空欄として取り込みました。値があれば、このセルに直接入力してください。",
        "The cell above is empty, so this one was taken for empty. If there is a value, write it here.",
    )
}

/// Says of a level that the rows before it have marks where it stands.
fn level_among_marks() -> Remark {
    Remark::new(
        "guessed_skill",
        "初めの行が1と0だけのため、スキルの列の1を○として取り込んでいます。レベルの表でしたら、1を「レベル1」と入力してください。",
        "As the first rows have nothing but 1 and 0, a 1 in the columns of skills was taken for ○. If these are levels, write レベル1 instead of 1.",
    )
}

/// A text that stands in a column of another line about the same record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Below {
    pub column: usize,
    pub text: String,
    /// How many themes it names at most.
    pub themes: usize,
    /// The characters that a description gets by it.
    pub characters: usize,
}

fn invalid_level() -> Remark {
    Remark::new(
        "invalid_level",
        "レベルは 1〜5 か、初級・中級・上級で入力してください。レベルの記載がないスキルとして取り込みました。",
        "Write a level from 1 to 5. The skill was imported as one without a level.",
    )
}

/// Says of a level that the cell of its skill is empty.
fn level_of_nothing() -> Remark {
    Remark::new(
        "unused_cell",
        "対応するスキルが空欄のため、このレベルは取り込んでいません。",
        "The cell of its skill is empty, so this level wasn't imported.",
    )
}

/// The cells of a row, and the findings about them.
pub struct Reading<'r> {
    pub line: u64,
    columns: &'r Columns,
    pub cells: Vec<Cell<'r>>,
    pub findings: Vec<Finding>,
    /// The places that are written beside the row's, the closest first.
    beside: Vec<&'r str>,
    /// When a form was answered, if a column says so.
    answered_at: Option<&'r str>,
    /// Whether the row has cells beyond the header.
    has_surplus: bool,
    /// Whether the row is no record.
    pub is_skipped: bool,
    /// The number of findings that hold whatever record the row is compared with.
    lasting: usize,
}

impl<'r> Reading<'r> {
    pub fn of(row: &'r Row, columns: &'r Columns) -> Reading<'r> {
        let cell_of = |column: Option<usize>| {
            let cell = column.and_then(|column| row.texts().nth(column));
            cell.map(str::trim).filter(|cell| !cell.is_empty())
        };
        let mut reading = Reading {
            line: row.line,
            columns,
            cells: Vec::new(),
            findings: Vec::new(),
            beside: columns
                .beside
                .iter()
                .filter_map(|at| cell_of(Some(*at)))
                .collect(),
            answered_at: cell_of(columns.answered_at),
            has_surplus: false,
            is_skipped: false,
            lasting: 0,
        };
        if let Some(fault) = &row.fault {
            let finding = Finding::new(row.line, None, "", fault.clone(), Severity::Error);
            reading.findings.push(finding);
            return reading;
        }
        let surplus = row
            .texts()
            .skip(columns.targets.len())
            .find(|cell| !cell.trim().is_empty());
        if let Some(cell) = surplus {
            let remark = Remark::new(
                "too_many_cells",
                format!(
                    "セルが{}個あり、見出しの数を超えています。余分な区切りがないか確認してください。",
                    row.width()
                ),
                format!(
                    "The row has {} cells, more than the header. Look for a separator too many.",
                    row.width()
                ),
            );
            // A stray comma shifts the cells after it; that must not pass for data.
            reading.has_surplus = true;
            reading.add_row(
                cell,
                remark,
                if columns.strict {
                    Severity::Error
                } else {
                    Severity::Warning
                },
            );
        }
        for (column, (raw, target)) in row.cells().zip(&columns.targets).enumerate() {
            let Some(raw) = raw else { continue };
            let Some(target) = target.as_ref() else {
                if columns.is_unsaid(column) && !raw.trim().is_empty() {
                    let name = Some(format!("({})", column + 1));
                    let finding = Finding::new(row.line, name, raw, unused_cell(), Severity::Warning);
                    reading.findings.push(finding);
                }
                continue;
            };
            match normalize(raw) {
                Ok(text) => {
                    let level = columns.level_of(column);
                    let level = level.and_then(|at| Some((at, row.texts().nth(at)?)));
                    let level = level.and_then(|level| reading.level(level, target, text.is_empty()));
                    reading.add_cell(column, target, raw, text, level);
                }
                Err(remark) => {
                    let severity = reading.severity(target);
                    reading.add(column, raw, remark, severity);
                }
            }
        }
        // Of several columns of a field, the best comes first.
        if columns.has_shared() {
            // Who refuses to be shown in one of them isn't shown.
            let refuses =
                |cell: &Cell| cell.target.is_field("open_data") && may_be_open(&cell.text) == Ok(false);
            reading
                .cells
                .sort_by_key(|cell| (columns.turn(cell.column), !refuses(cell)));
        }
        reading.lasting = reading.findings.len();
        reading
    }

    /// Reads the level of a skill in a column of its own.
    fn level(&mut self, (column, raw): (usize, &str), skill: &Target, has_no_skill: bool) -> Option<u8> {
        let text = normalize(raw).unwrap_or_default();
        if is_placeholder(&text) {
            return None;
        }
        let level = parse_level(&text);
        let remark = match (has_no_skill, level) {
            (false, Some(_)) => return level,
            (false, None) => invalid_level(),
            (true, _) => level_of_nothing(),
        };
        self.add(column, raw, remark, self.severity(skill));
        None
    }

    fn add_cell(&mut self, column: usize, target: &'r Target, raw: &'r str, text: String, level: Option<u8>) {
        let columns = self.columns;
        let stored = columns.stored(raw);
        let written = stored.map_or_else(|| bare(raw), Cow::Borrowed);
        // A matrix of levels may begin with nothing but 0 and 1.
        let is_level = text.parse::<u8>().is_ok_and(|level| (2..=5).contains(&level));
        if columns.has_marked_skills && is_level && matches!(target, Target::Skill(_)) {
            self.add(column, raw, level_among_marks(), Severity::Warning);
        }
        let (text, written) = match target {
            _ if stored.is_none() && is_ditto(&text) => {
                self.add(column, raw, nothing_above(), Severity::Warning);
                (String::new(), Cow::default())
            }
            _ if columns.says_nothing(target, &text) => (String::new(), Cow::default()),
            Target::Skill(_) if columns.has_marked_skills && text == "1" => ("○".to_owned(), written),
            _ if target.is_field("consent") => match self.consent(column, text) {
                Some(text) => (text, written),
                None => return,
            },
            Target::Answer { answer, .. } => match parse_boolean(&text) {
                Ok(true) => (answer.clone(), Cow::Borrowed(answer.as_str())),
                Err(remark) if !text.is_empty() && mark(&text) != Some(Mark::No) => {
                    self.add(column, raw, remark, Severity::Warning);
                    (String::new(), Cow::default())
                }
                _ => (String::new(), Cow::default()),
            },
            _ => (
                columns.with_period(column, target, &text).unwrap_or(text),
                written,
            ),
        };
        let cell = |target, text, written| Cell {
            column,
            target,
            text,
            written,
            raw,
            is_stored: stored.is_some(),
            level,
        };
        let Some((name, kana)) = columns.with_reading(column, &text) else {
            self.cells.push(cell(target, text, written));
            return;
        };
        let own = split_reading(&written, columns.is_of_people()).map_or(&*written, |(name, _)| name);
        let own = own.to_owned();
        self.cells.push(cell(target, name.to_owned(), own.into()));
        let kana = |target| cell(target, kana.to_owned(), kana.to_owned().into());
        self.cells.extend(columns.reading_of_name.as_ref().map(kana));
    }

    /// Returns what a cell says about the consent to be matched, unless it says nothing: a day below 同意撤回日 takes it back,
    /// and of another consent only a refusal counts.
    fn consent(&self, column: usize, text: String) -> Option<String> {
        const TAKEN_BACK: &str = "撤回";
        if self.columns.is_withdrawal(column) {
            let says_no = is_placeholder(&text) || parse_boolean(&text) == Ok(false);
            // 同意 below 同意撤回 isn't withdrawn.
            let says_yes = ["同意", "承諾"].iter().any(|word| text.starts_with(word)) && agrees(&text);
            return (!says_no && !says_yes).then(|| TAKEN_BACK.to_owned());
        }
        if self.columns.is_refusal(column) && !declines(&text) {
            return None;
        }
        Some(text)
    }

    /// Returns the day on which a form was answered.
    pub fn answered_on(&self) -> Option<NaiveDate> {
        let text = normalize(self.answered_at?).ok()?;
        // 2026/04/01 9:15:30 午前 GMT+9
        let first = text.split_whitespace().next().unwrap_or_default();
        let day = parse_date(&text).or_else(|_| parse_date(first)).ok()?;
        day.is_exact.then_some(day.date)
    }

    /// A cell that can't be used rejects its row only if it identifies the row, or if safety needs it.
    fn severity(&self, target: &Target) -> Severity {
        match self.columns.needs(target) {
            true => Severity::Error,
            false => Severity::Warning,
        }
    }

    /// Returns whether the list is one of NPO corporations only.
    pub fn is_of_npos(&self) -> bool {
        self.columns.is_of_npos()
    }

    /// Returns whether every cell that can't be used rejects the row.
    pub fn is_strict(&self) -> bool {
        self.columns.strict
    }

    /// Returns whether Musubi has stored the row's record before, here or elsewhere.
    pub fn is_stored(&self) -> bool {
        self.columns.is_own_export() && self.text("record_id").is_some()
    }

    /// Returns whether the row has a cell of this field, and it is empty.
    pub fn is_blank(&self, field: &str) -> bool {
        self.cells.iter().any(|cell| cell.target.is_field(field)) && self.text(field).is_none()
    }

    /// Returns the texts of what an organization does.
    pub fn says_of_work(&self) -> Vec<Below> {
        let is_of_work = |cell: &&Cell| {
            let mut fields = ["themes", "description"].iter();
            !cell.text.is_empty() && fields.any(|field| cell.target.is_field(field))
        };
        let below = |cell: &Cell| {
            let (themes, characters) = match cell.target.is_field("themes") {
                true => (split_items(&cell.text, &|_| false).len(), 0),
                // With the line break before it.
                false => (0, cell.text.chars().count().max(cell.written.chars().count()) + 1),
            };
            Below {
                column: cell.column,
                text: cell.raw.trim().to_owned(),
                themes,
                characters,
            }
        };
        self.cells.iter().filter(is_of_work).map(below).collect()
    }

    /// Adds what other lines say of the same record, as if it stood in further columns of this one.
    pub fn add_below(&mut self, below: &'r [Below]) {
        let columns = self.columns;
        for Below { column, text, .. } in below {
            let stands_here = |cell: &Cell| cell.column == *column && cell.raw.trim() == text;
            let target = columns.targets.get(*column).and_then(Option::as_ref);
            if let (Some(target), Ok(plain)) = (target, normalize(text))
                && !self.cells.iter().any(stands_here)
            {
                self.add_cell(*column, target, text, plain, None);
            }
        }
        self.lasting = self.findings.len();
    }

    /// Skips a row that is no record.
    pub fn skip(&mut self, remark: Remark) {
        self.cells.clear();
        self.findings.clear();
        self.is_skipped = true;
        self.add_row("", remark, Severity::Warning);
    }

    /// Adds a warning about the whole row, whatever record it is compared with.
    pub fn note(&mut self, remark: Remark) {
        self.add_row("", remark, Severity::Warning);
        self.lasting = self.findings.len();
    }

    /// Rejects a row whose cells can't be told apart.
    pub fn refuse(&mut self, remark: Remark) {
        self.cells.clear();
        self.findings.clear();
        self.add_row("", remark, Severity::Error);
    }

    fn add_row(&mut self, value: &str, remark: Remark, severity: Severity) {
        self.findings
            .push(Finding::new(self.line, None, value, remark, severity));
    }

    fn add(&mut self, column: usize, raw: &str, remark: Remark, severity: Severity) {
        let name = self.columns.names.get(column).cloned();
        self.findings
            .push(Finding::new(self.line, name, raw, remark, severity));
    }

    /// Adds a warning about a field.
    pub fn warn(&mut self, field: &str, remark: Remark) {
        self.add_about(field, remark, Severity::Warning);
    }

    /// Adds a warning about a field that holds whatever record the row is compared with.
    pub fn warn_first(&mut self, field: &str, remark: Remark) {
        self.warn(field, remark);
        self.lasting = self.findings.len();
    }

    /// Rejects the row because of a field.
    pub fn reject(&mut self, field: &str, remark: Remark) {
        self.add_about(field, remark, Severity::Error);
    }

    fn add_about(&mut self, field: &str, remark: Remark, severity: Severity) {
        let cell = self.cells.iter().find(|cell| cell.target.is_field(field));
        let name = cell.and_then(|cell| self.columns.names.get(cell.column).cloned());
        let raw = cell.map_or("", |cell| cell.raw);
        self.findings
            .push(Finding::new(self.line, name, raw, remark, severity));
    }

    pub fn is_rejected(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }

    /// Returns the text of a field's cell, unless it is empty.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.filled(field).map(|cell| cell.text.as_str())
    }

    /// Returns the texts of all columns of a field that aren't empty.
    pub fn all(&self, field: &str) -> Vec<&str> {
        let cells = self.cells.iter().filter(|cell| cell.target.is_field(field));
        let texts = cells.map(|cell| cell.text.as_str());
        texts.filter(|text| !text.is_empty()).collect()
    }

    /// Returns a field's text as it is written, unless it is empty.
    pub fn written(&self, field: &str) -> Option<&str> {
        self.filled(field).map(|cell| &*cell.written)
    }

    /// Returns a field's id or another text whose width says nothing, unless it is empty.
    pub fn code(&self, field: &str) -> Option<&str> {
        self.filled(field).map(Cell::code)
    }

    /// Returns the heading of a field's text, unless it is empty.
    pub fn heading(&self, field: &str) -> Option<&str> {
        let column = self.filled(field)?.column;
        self.columns.names.get(column).map(String::as_str)
    }

    fn filled(&self, field: &str) -> Option<&Cell<'r>> {
        let mut cells = self.cells.iter().filter(|cell| cell.target.is_field(field));
        cells.find(|cell| !cell.text.is_empty())
    }

    /// Applies each cell to a draft. A rule that a cell breaks becomes a finding.
    pub fn apply(&mut self, context: &Context, mut apply: impl FnMut(&Target, &mut Input) -> CellResult<()>) {
        let cells = std::mem::take(&mut self.cells);
        let beside = self.beside.clone();
        let mut warnings = Vec::new();
        // Whether a column of the field had a value, that value, and the column's turn.
        let mut first: HashMap<usize, (&str, bool, u8)> = HashMap::new();
        // The findings that rejected the row because of one of several columns of a field.
        let mut failed: Vec<(usize, u8, usize)> = Vec::new();
        // What the columns of a field said so far, if their values are put together.
        let mut collected: HashMap<&str, Collected> = HashMap::new();
        for cell in &cells {
            let together = match cell.is_stored {
                true => None,
                false => put_together(cell, self.columns, &mut collected),
            };
            let (text, written) = match &together {
                Some(Together::Nothing) => continue,
                Some(Together::All(all)) => (all.text.as_str(), all.written.as_str()),
                None => (cell.text.as_str(), &*cell.written),
            };
            let shared = match cell.target {
                _ if together.is_some() => None,
                Target::Field { position, .. } if self.columns.is_shared(*position) => Some(*position),
                _ => None,
            };
            let known = shared.and_then(|position| first.get(&position));
            // A ward says more than its city in a column before it.
            if let Some(known) = known.filter(|known| !self.is_ward_of(cell, known.0, context)) {
                if let (Some(remark), true) = (self.further(cell, *known, context), !cell.text.is_empty()) {
                    self.add(cell.column, cell.raw, remark, Severity::Warning);
                }
                if cell.text.is_empty() || known.1 {
                    continue;
                }
            }
            let mut input = Input {
                text,
                written,
                is_stored: cell.is_stored,
                level: cell.level,
                beside: &beside,
                context,
                warnings: &mut warnings,
            };
            let applied = apply(cell.target, &mut input);
            if together.is_some() {
                // What was said about the columns before isn't said again.
                let said = |one: &Remark| {
                    let is_it = |known: &Finding| known.code == one.code && known.message == one.message;
                    self.findings.iter().any(is_it)
                };
                warnings.retain(|one| !said(one));
            }
            if let Some(position) = shared {
                let is_used = applied.is_ok() && !cell.text.is_empty();
                first.insert(position, (&cell.text, is_used, self.columns.turn(cell.column)));
            }
            for warning in warnings.drain(..) {
                self.add(cell.column, cell.raw, warning, Severity::Warning);
            }
            if let Err(remark) = applied {
                let severity = self.severity(cell.target);
                if let Some(position) = shared {
                    failed.push((position, self.columns.turn(cell.column), self.findings.len()));
                }
                self.add(cell.column, cell.raw, remark, severity);
            }
        }
        // Where another column says it, one that doesn't loses nobody. A street needs no municipality if its sheet has
        // one, and a prefecture is none.
        for (position, turn, at) in failed.into_iter().rev() {
            let used = first
                .get(&position)
                .filter(|(_, is_used, _)| *is_used && !self.columns.strict);
            match used {
                Some((.., PLACE_TURN)) if turn == ADDRESS_TURN => drop(self.findings.remove(at)),
                Some(_)
                    if self
                        .findings
                        .get(at)
                        .is_some_and(|one| one.code == "incomplete_area") =>
                {
                    self.findings.remove(at);
                }
                Some(_) => {
                    if let Some(finding) = self.findings.get_mut(at) {
                        finding.severity = Severity::Warning;
                    }
                }
                None => {}
            }
        }
        self.cells = cells;
    }

    /// Makes a record of the row. A cell that breaks a rule of the API is left out, unless the row can't do
    /// without it: then the row is rejected. `field_of` returns the field that a JSON pointer into the record
    /// means.
    pub fn make<T>(
        &mut self,
        field_of: impl Fn(&str) -> Option<&'static str>,
        attempt: impl Fn(&mut Reading<'r>) -> Result<T>,
    ) -> Option<T> {
        loop {
            let made = attempt(self);
            if self.is_rejected() {
                if let Err(error) = made {
                    self.reject_faults(faults_of(error), &field_of, Severity::Error);
                }
                return None;
            }
            let error = match made {
                Ok(_) if self.has_surplus && self.findings.len() > 1 => {
                    self.findings
                        .iter_mut()
                        .for_each(|one| one.severity = Severity::Error);
                    return None;
                }
                Ok(record) => return Some(record),
                Err(error) => error,
            };
            if !self.leave_out(error, &field_of) {
                return None;
            }
        }
    }

    /// Returns the findings in the order of their cells. Until then those that last come first.
    pub fn into_findings(mut self) -> Vec<Finding> {
        let names = &self.columns.names;
        self.findings
            .sort_by_cached_key(|one| names.iter().position(|name| one.column.as_ref() == Some(name)));
        self.findings
    }

    /// Forgets the findings of an attempt, but keeps those about cells that were left out.
    pub fn begin_again(&mut self) {
        self.findings.truncate(self.lasting);
    }

    /// Leaves out the cells that break rules, for another attempt. Returns whether the row can do without
    /// them; otherwise it is rejected.
    pub fn leave_out(&mut self, error: Error, field_of: &impl Fn(&str) -> Option<&'static str>) -> bool {
        let faults = faults_of(error);
        let fields: Vec<Option<&'static str>> = faults.iter().map(|fault| field_of(pointer(fault))).collect();
        let is_dispensable = |field: &Option<&'static str>| {
            let of_field = |cell: &&Cell| field.is_some_and(|field| cell.target.is_field(field));
            let mut cells = self.cells.iter().filter(of_field).peekable();
            cells.peek().is_some() && cells.all(|cell| !self.columns.needs(cell.target))
        };
        if !fields.iter().all(is_dispensable) {
            self.reject_faults(faults, field_of, Severity::Error);
            return false;
        }
        self.begin_again();
        self.reject_faults(faults, field_of, Severity::Warning);
        self.lasting = self.findings.len();
        let gone: Vec<&str> = fields.into_iter().flatten().collect();
        self.cells
            .retain(|cell| !gone.iter().any(|field| cell.target.is_field(field)));
        true
    }

    /// Rejects the row because the record breaks rules of the API. `field_of` returns the field that a JSON
    /// pointer into the record means.
    pub fn reject_error(&mut self, error: Error, field_of: impl Fn(&str) -> Option<&'static str>) {
        self.reject_faults(faults_of(error), field_of, Severity::Error);
    }

    fn reject_faults(
        &mut self,
        faults: Vec<FieldError>,
        field_of: impl Fn(&str) -> Option<&'static str>,
        severity: Severity,
    ) {
        for fault in faults {
            let place = pointer(&fault).to_owned();
            let cell =
                field_of(&place).and_then(|field| self.cells.iter().find(|cell| cell.target.is_field(field)));
            let name = cell.and_then(|cell| self.columns.names.get(cell.column).cloned());
            let remark = Remark {
                code: "",
                message: fault.message,
                suggestion: None,
            };
            let raw = cell.map_or("", |cell| cell.raw);
            let finding = Finding::new(self.line, name.or(Some(place)), raw, remark, severity);
            self.findings.push(Finding {
                code: fault.code.into_owned(),
                ..finding
            });
        }
    }

    /// Returns a cell that names a place, with the places beside it.
    pub fn place<'t>(&'t self, cell: &'t str) -> Written<'t> {
        let beside = &self.beside;
        Written { cell, beside }
    }

    /// Returns whether a cell names a ward of the city that another one names.
    fn is_ward_of(&self, cell: &Cell, city: &str, context: &Context) -> bool {
        let area = |text: &str| context.vocabulary.area(self.place(text)).ok();
        cell.target.is_field("area")
            && area(&cell.text)
                .and_then(|ward| city_of(&ward))
                .is_some_and(|own| Some(own) == area(city))
    }

    /// Says that a further column of the same field isn't used, unless it says the same.
    fn further(
        &self,
        cell: &Cell,
        (first, is_used, _): (&str, bool, u8),
        context: &Context,
    ) -> Option<Remark> {
        let is_area = ["area", "areas", "organization_area"]
            .iter()
            .any(|field| cell.target.is_field(field));
        let area = |text: &str| context.vocabulary.area(self.place(text)).ok();
        if !is_used
            || first == cell.text
            || (is_area && area(&cell.text).is_none_or(|own| Some(own) == area(first)))
        {
            return None;
        }
        let first: String = first.chars().take(80).collect();
        Some(match is_area {
            true => Remark::new(
                "areas_disagree",
                format!("「{first}」と一致しません。「{first}」を取り込みました。"),
                format!("This disagrees with {first:?}, which was imported."),
            ),
            false => Remark::new(
                "second_value",
                format!("同じ項目に「{first}」を取り込んだため、この値は使っていません。"),
                format!("This value isn't used, because {first:?} was imported for the same field."),
            ),
        })
    }
}

fn faults_of(error: Error) -> Vec<FieldError> {
    match error {
        Error::Invalid(faults) => faults,
        Error::PreconditionRequired => vec![FieldError {
            message: Text::new(
                "受付済みの依頼は、内容を確認した人が公開します。取り込みでは公開できません。",
                "A submitted request is opened by somebody who has read it, not by an import.",
            ),
            ..field_error(&Error::PreconditionRequired)
        }],
        other => vec![field_error(&other)],
    }
}

fn pointer(fault: &FieldError) -> &str {
    let (Place::Pointer(place) | Place::Parameter(place)) = &fault.place;
    place
}

/// Returns an error of the service as an error of the whole record.
fn field_error(error: &Error) -> FieldError {
    FieldError {
        place: Place::Pointer(String::new()),
        code: error.code().into(),
        message: error.detail(),
    }
}
