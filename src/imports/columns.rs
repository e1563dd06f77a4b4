//! Which column means what: headers in Japanese and English, and mappings that say otherwise.

use super::ImportKind;
use super::fields::fields;
use super::vocabulary::{Vocabulary, day_parts};
use crate::catalogue::{DayPart, lookup};
use crate::error::{Error, FieldError, Result, Text};
use std::collections::{BTreeMap, HashMap};
use tables::Row;

/// What a column means.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    Field(&'static str),
    /// A column for one skill; its cells are ○ or a level.
    Skill(String),
    /// A column for some day-parts; its cells are ○ or times of day.
    DayParts(Vec<DayPart>),
}

impl Target {
    pub fn is_field(&self, name: &str) -> bool {
        matches!(self, Target::Field(field) if *field == name)
    }
}

/// A heading as it is compared: without width, blanks, marks and what stands in brackets behind it.
fn heading_key(heading: &str) -> String {
    let key = lookup::key(heading);
    let bare = key
        .split(['(', '[', '【', '（'])
        .next()
        .filter(|bare| !bare.is_empty())
        .unwrap_or(&key);
    bare.trim_matches(|c: char| !c.is_alphanumeric() && c != 'ー')
        .to_owned()
}

/// Knows the headings of one kind.
pub struct Headings {
    kind: ImportKind,
    by_key: HashMap<String, &'static str>,
}

impl Headings {
    pub fn of(kind: ImportKind) -> Headings {
        let mut by_key = HashMap::new();
        for field in fields(kind) {
            for name in field.headings() {
                by_key.entry(heading_key(name)).or_insert(field.name);
            }
        }
        Headings { kind, by_key }
    }

    pub fn field(&self, heading: &str) -> Option<&'static str> {
        self.by_key.get(&heading_key(heading)).copied()
    }

    /// How many of a row's cells are headings.
    pub fn count(&self, row: &Row) -> usize {
        row.texts()
            .filter(|cell| !cell.trim().is_empty() && self.field(cell).is_some())
            .count()
    }

    fn target(&self, heading: &str, vocabulary: &Vocabulary) -> Option<Target> {
        if let Some(field) = self.field(heading) {
            return Some(Target::Field(field));
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

/// Headings and the fields they mean; an empty field leaves the column out.
pub type Mapping = BTreeMap<String, String>;

/// The columns of a file: what each means, if anything.
pub struct Columns {
    headings: Headings,
    mapping: HashMap<String, String>,
    pub names: Vec<String>,
    pub targets: Vec<Option<Target>>,
    /// Headings that nothing is known of.
    pub unknown: Vec<String>,
}

impl Columns {
    pub fn new(kind: ImportKind, mapping: &Mapping) -> Result<Columns> {
        let known: Vec<&str> = fields(kind).iter().map(|field| field.name).collect();
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
            headings: Headings::of(kind),
            mapping: mapping.collect(),
            names: Vec::new(),
            targets: Vec::new(),
            unknown: Vec::new(),
        })
    }

    /// Takes in the columns that are new. One field has one column, unless rows name their cells themselves: then each
    /// may use its own name for it.
    pub fn extend(&mut self, header: &[String], named_by_rows: bool, vocabulary: &Vocabulary) -> Result<()> {
        for name in header.iter().skip(self.names.len()) {
            let target = match self.mapping.get(&heading_key(name)) {
                Some(field) if field.is_empty() => None,
                Some(field) => {
                    let known = fields(self.headings.kind).iter().find(|f| f.name == field);
                    known.map(|field| Target::Field(field.name))
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
            let several = matches!(
                target,
                Some(Target::Field(
                    "evidence" | "skills" | "themes" | "trouble" | "description"
                ))
            );
            let taken = target.is_some() && !several && !named_by_rows && self.targets.contains(&target);
            if taken {
                return Err(Error::Invalid(vec![self.twice(name, &target)]));
            }
            self.names.push(name.clone());
            self.targets.push(target);
        }
        Ok(())
    }

    fn twice(&self, name: &str, target: &Option<Target>) -> FieldError {
        let first = self.targets.iter().position(|t| t == target);
        let first = first
            .and_then(|at| self.names.get(at))
            .cloned()
            .unwrap_or_default();
        let rule = Text::new(
            format!("列「{first}」と「{name}」は同じ意味です。mapping で片方を空にしてください。"),
            format!(
                "The columns {first:?} and {name:?} mean the same: leave one out by mapping it to nothing."
            ),
        );
        FieldError::at("/mapping", "duplicate_column", rule)
    }

    pub fn has(&self, field: &str) -> bool {
        self.targets.iter().flatten().any(|target| target.is_field(field))
    }

    /// What the file's headings were taken for.
    pub fn mapped(&self) -> Mapping {
        let named = self.names.iter().zip(&self.targets).map(|(name, target)| {
            let field = match target {
                None => String::new(),
                Some(Target::Field(field)) => (*field).to_owned(),
                Some(Target::Skill(code)) => format!("skill:{code}"),
                Some(Target::DayParts(_)) => "day_parts".to_owned(),
            };
            (name.clone(), field)
        });
        named.filter(|(name, _)| !name.is_empty()).collect()
    }
}
