//! What the columns of a file mean: known headings in Japanese and English, and mappings that override them.

use super::ImportKind;
use super::fields::Field;
use super::kinds::{deliverables, organizations, workers};
use super::vocabulary::{Vocabulary, day_parts};
use crate::catalogue::{DayPart, lookup, names};
use crate::error::{Error, FieldError, Result, Text};
use std::collections::{BTreeMap, HashMap};
use tables::Row;

/// Characters of a heading that an import shows.
const LONGEST_HEADING: usize = 200;

/// Returns the fields of a kind, in the order of their table.
pub fn fields(kind: ImportKind) -> Vec<&'static Field> {
    match kind {
        ImportKind::Workers => workers::fields::FIELDS.iter().map(|f| &f.field).collect(),
        ImportKind::Organizations => organizations::fields::FIELDS.iter().map(|f| &f.field).collect(),
        ImportKind::Deliverables => deliverables::fields::FIELDS.iter().map(|f| &f.field).collect(),
        ImportKind::Engagements => Vec::new(),
    }
}

/// What a column means.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// The field with this name, at this position of its kind's table.
    Field { name: &'static str, position: usize },
    /// A skill. The cells are ○ or a level.
    Skill(String),
    /// Some day-parts. The cells are ○ or times of day.
    DayParts(Vec<DayPart>),
}

impl Target {
    pub fn is_field(&self, name: &str) -> bool {
        matches!(self, Target::Field { name: own, .. } if *own == name)
    }
}

/// Returns a heading in the form in which headings are compared: without width, whitespace, marks and a
/// bracketed note.
fn heading_key(heading: &str) -> String {
    let key = names::key(heading);
    let bare = key
        .split(['(', '[', '【', '（'])
        .next()
        .filter(|bare| !bare.is_empty())
        .unwrap_or(&key);
    bare.trim_matches(|c: char| !c.is_alphanumeric() && c != 'ー')
        .to_owned()
}

/// The known headings of a kind.
pub struct Headings {
    kind: ImportKind,
    fields: Vec<&'static Field>,
    /// The position of each heading's field.
    by_key: HashMap<String, usize>,
}

impl Headings {
    pub fn of(kind: ImportKind) -> Headings {
        let fields = fields(kind);
        let mut by_key = HashMap::new();
        for (position, field) in fields.iter().enumerate() {
            for heading in field.headings() {
                by_key.entry(heading_key(heading)).or_insert(position);
            }
        }
        Headings { kind, fields, by_key }
    }

    fn is_known(&self, heading: &str) -> bool {
        self.by_key.contains_key(&heading_key(heading))
    }

    /// Returns the field at a position.
    fn field(&self, position: usize) -> Option<Target> {
        let name = self.fields.get(position)?.name;
        Some(Target::Field { name, position })
    }

    /// Counts the cells of a row that are known headings.
    pub fn count(&self, row: &Row) -> usize {
        row.texts()
            .filter(|cell| !cell.trim().is_empty() && self.is_known(cell))
            .count()
    }

    fn target(&self, heading: &str, vocabulary: &Vocabulary) -> Option<Target> {
        if let Some(position) = self.by_key.get(&heading_key(heading)) {
            return self.field(*position);
        }
        if self.kind != ImportKind::Workers {
            return None;
        }
        if let Some(meaning) = vocabulary
            .skills
            .find(heading)
            .filter(|m| m.confidence_ppm == 1_000_000)
        {
            return Some(Target::Skill(meaning.code));
        }
        day_parts(heading)
            .ok()
            .filter(|parts| !parts.is_empty())
            .map(Target::DayParts)
    }
}

/// Headings and the fields that they mean. A column whose field is empty is not imported.
pub type Mapping = BTreeMap<String, String>;

/// The columns of a file, and what each means.
pub struct Columns {
    headings: Headings,
    mapping: HashMap<String, String>,
    pub names: Vec<String>,
    pub targets: Vec<Option<Target>>,
    /// Headings that aren't known.
    pub unknown: Vec<String>,
}

impl Columns {
    pub fn new(kind: ImportKind, mapping: &Mapping) -> Result<Columns> {
        let headings = Headings::of(kind);
        let known: Vec<&str> = headings.fields.iter().map(|field| field.name).collect();
        let mut faults = Vec::new();
        for (heading, field) in mapping.iter().filter(|(_, field)| !field.is_empty()) {
            if !known.contains(&field.as_str()) {
                let pointer = format!("/mapping/{}", heading.replace('~', "~0").replace('/', "~1"));
                faults.push(lookup::unknown(
                    &pointer,
                    "unknown_field",
                    field,
                    known.iter().copied(),
                ));
            }
        }
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        let mapping = mapping
            .iter()
            .map(|(heading, field)| (heading_key(heading), field.clone()));
        Ok(Columns {
            headings,
            mapping: mapping.collect(),
            names: Vec::new(),
            targets: Vec::new(),
            unknown: Vec::new(),
        })
    }

    /// Adds the columns of a header that are new. A field has one column, unless the rows name their cells
    /// themselves, as JSON does: then each row may use another name for it.
    pub fn extend(&mut self, header: &[String], named_by_rows: bool, vocabulary: &Vocabulary) -> Result<()> {
        for name in header.iter().skip(self.names.len()) {
            let target = match self.mapping.get(&heading_key(name)) {
                Some(field) if field.is_empty() => None,
                Some(field) => {
                    let position = self.headings.fields.iter().position(|f| f.name == field);
                    position.and_then(|position| self.headings.field(position))
                }
                None => {
                    let target = self.headings.target(name, vocabulary);
                    if target.is_none() && !name.is_empty() {
                        self.unknown.push(name.clone());
                    }
                    target
                }
            };
            // Free text may come from several columns.
            const REPEATABLE: [&str; 5] = ["evidence", "skills", "themes", "trouble", "description"];
            let is_repeatable = target
                .as_ref()
                .is_some_and(|target| REPEATABLE.iter().any(|name| target.is_field(name)));
            if target.is_some() && !is_repeatable && !named_by_rows && self.targets.contains(&target) {
                return Err(Error::Invalid(vec![self.duplicate_column(name, &target)]));
            }
            self.names.push(name.clone());
            self.targets.push(target);
        }
        Ok(())
    }

    fn duplicate_column(&self, name: &str, target: &Option<Target>) -> FieldError {
        let first = self.targets.iter().position(|t| t == target);
        let first = first
            .and_then(|at| self.names.get(at))
            .cloned()
            .unwrap_or_default();
        let rule = Text::new(
            format!("列「{first}」と「{name}」は同じ項目です。mapping でどちらかを空にしてください。"),
            format!("The columns {first:?} and {name:?} mean the same field. Map one of them to \"\"."),
        );
        FieldError::at("/mapping", "duplicate_column", rule)
    }

    pub fn has(&self, field: &str) -> bool {
        self.targets.iter().flatten().any(|target| target.is_field(field))
    }

    /// Returns the beginning of each heading with the field that it means.
    pub fn mapped(&self) -> Mapping {
        let named = self.names.iter().zip(&self.targets).map(|(name, target)| {
            let field = match target {
                None => String::new(),
                Some(Target::Field { name, .. }) => (*name).to_owned(),
                Some(Target::Skill(code)) => format!("skill:{code}"),
                Some(Target::DayParts(_)) => "day_parts".to_owned(),
            };
            (name.chars().take(LONGEST_HEADING).collect(), field)
        });
        named
            .filter(|(name, _): &(String, String)| !name.is_empty())
            .collect()
    }
}
