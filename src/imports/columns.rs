//! What the columns of a file mean: mappings, and else the best assignment of headings to fields as a whole.

use super::ImportKind;
use super::assignment::assign;
use super::days::day_parts;
use super::fields::Field;
use super::finding::{Finding, Severity};
use super::headings::{Concept, EXACT, NEAR, SURE, Values, concepts, heading_key, is_period, with_values};
use super::kinds::{
    applications, deliverables, events, organizations, project_work, projects, registrations, workers,
};
use super::vocabulary::Vocabulary;
use crate::catalogue::{DayPart, lookup};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use tables::cells::{is_placeholder, normalize, parse_amount, parse_boolean, unprotected};
use tables::{Remark, Row};
use utoipa::ToSchema;

/// Characters of a heading that an import shows.
const LONGEST_HEADING: usize = 200;
/// Rows below the header whose cells help to understand it.
pub const SAMPLE: usize = 30;
/// How many columns may say what no other does.
const MOST_STAND_INS: usize = 200;
/// Fields whose answers may have a column each, marked with ○.
const ANSWERED: [&str; 4] = ["skills", "themes", "roles", "day_parts"];

/// Returns the fields of a kind, in the order of their table.
pub fn fields(kind: ImportKind) -> Vec<&'static Field> {
    match kind {
        ImportKind::Workers => workers::fields::FIELDS.iter().map(|f| &f.field).collect(),
        ImportKind::Organizations => organizations::fields::FIELDS.iter().map(|f| &f.field).collect(),
        ImportKind::Deliverables => deliverables::fields::FIELDS.iter().map(|f| &f.field).collect(),
        ImportKind::Applications => applications::fields::FIELDS.iter().map(|f| &f.field).collect(),
        ImportKind::Projects => projects::fields::FIELDS.iter().map(|f| &f.field).collect(),
        ImportKind::ProjectWork => project_work::fields::FIELDS.iter().map(|f| &f.field).collect(),
        ImportKind::Events => events::fields::FIELDS.iter().map(|f| &f.field).collect(),
        ImportKind::Registrations => registrations::fields::FIELDS.iter().map(|f| &f.field).collect(),
        ImportKind::Engagements => Vec::new(),
    }
}

/// What a column means.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// The field with this name, at this position of its kind's table.
    Field { name: &'static str, position: usize },
    /// One answer of the field with this name and position. The cells are ○ or empty.
    Answer {
        name: &'static str,
        position: usize,
        answer: String,
    },
    /// A skill. The cells are ○ or a level.
    Skill(String),
    /// Some day-parts. The cells are ○ or times of day.
    DayParts(Vec<DayPart>),
}

impl Target {
    pub fn is_field(&self, name: &str) -> bool {
        match self {
            Target::Field { name: own, .. } | Target::Answer { name: own, .. } => *own == name,
            Target::Skill(_) => name == "skills",
            Target::DayParts(_) => name == "day_parts",
        }
    }

    /// Returns whether the values of several columns are put together. Of other fields, the first value counts.
    pub fn is_collected(&self) -> bool {
        const COLLECTED: [&str; 10] = [
            "evidence",
            "skills",
            "themes",
            "trouble",
            "description",
            "day_parts",
            "roles",
            "qualifications",
            "aliases",
            "members",
        ];
        COLLECTED.iter().any(|name| self.is_field(name))
    }
}

/// Headings and the fields that they mean. A column whose field is empty is not imported.
pub type Mapping = BTreeMap<String, String>;

/// How a column was understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"heading": "お住まいの区市町村", "field": "area", "confidence_ppm": 788000, "nearest": null}))]
pub struct ColumnReading {
    /// The first 200 characters of the heading.
    pub heading: String,
    /// The field that it is imported as; null if the column is not used.
    pub field: Option<String>,
    /// How well heading and cells fit the field; 1000000 for a mapping.
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub confidence_ppm: u32,
    /// The field that an unused column resembles most, if any.
    pub nearest: Option<String>,
}

/// The columns of a file, and what each means.
pub struct Columns {
    kind: ImportKind,
    fields: Vec<&'static Field>,
    mapping: Mapping,
    pub names: Vec<String>,
    pub targets: Vec<Option<Target>>,
    pub readings: Vec<ColumnReading>,
    /// The column that names the prefecture of a place beside it.
    pub prefecture: Option<usize>,
    /// The column that has names with their readings.
    name_with_reading: Option<usize>,
    /// Whether the readings of family name and given name have a column each.
    pub has_split_reading: bool,
    /// What those readings are.
    pub reading_of_name: Option<Target>,
    /// The published layout that the headings are of.
    pub layout: Option<String>,
    /// For each column, its turn among those of its field.
    turns: Vec<u8>,
    /// The positions of fields that several columns mean, though only one value counts.
    shared: HashSet<usize>,
    /// Columns that the mapping leaves out.
    left_out: HashSet<usize>,
    /// Whether every cell that can't be used rejects its row.
    pub strict: bool,
    /// Whether the columns have a header; rows of JSON name their cells themselves.
    pub has_header: bool,
}

/// A field that a column may mean.
struct Candidate {
    position: usize,
    score: u32,
    turn: u8,
}

impl Columns {
    pub fn new(kind: ImportKind, mapping: &Mapping) -> Result<Columns> {
        let fields = fields(kind);
        let known: Vec<&str> = fields.iter().map(|field| field.name).collect();
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
        Ok(Columns {
            kind,
            fields,
            mapping: mapping.clone(),
            names: Vec::new(),
            targets: Vec::new(),
            readings: Vec::new(),
            prefecture: None,
            name_with_reading: None,
            has_split_reading: false,
            reading_of_name: None,
            layout: None,
            turns: Vec::new(),
            shared: HashSet::new(),
            left_out: HashSet::new(),
            strict: false,
            has_header: true,
        })
    }

    /// Returns whether a row is rejected if this column's cell can't be used.
    pub fn needs(&self, target: &Target) -> bool {
        let needed = match self.kind {
            ImportKind::Workers => workers::fields::NEEDED,
            ImportKind::Organizations => organizations::fields::NEEDED,
            ImportKind::Deliverables => deliverables::fields::NEEDED,
            ImportKind::Applications => applications::fields::NEEDED,
            ImportKind::Projects => projects::fields::NEEDED,
            ImportKind::ProjectWork => project_work::fields::NEEDED,
            ImportKind::Events => events::fields::NEEDED,
            ImportKind::Registrations => registrations::fields::NEEDED,
            ImportKind::Engagements => &[],
        };
        self.strict || needed.iter().any(|field| target.is_field(field))
    }

    /// Returns whether a cell only says that there is no value: 非公開, なし, -. In Musubi's own exports, every text
    /// is what it says.
    pub fn says_nothing(&self, target: &Target, text: &str) -> bool {
        const FIELDS: [&str; 26] = [
            "external_id",
            "kana",
            "email",
            "phone",
            "contact_email",
            "contact_phone",
            "contact_person",
            "corporate_number",
            "area",
            "organization_area",
            "travel_limit_km",
            "hours_per_week",
            "day_parts",
            "skills",
            "themes",
            "roles",
            "qualifications",
            "available_from",
            "available_until",
            "starts_on",
            "ends_on",
            "aliases",
            "intermediary_name",
            "delivered_on",
            "members",
            "advisors",
        ];
        let is_field =
            matches!(target, Target::Field { .. }) && FIELDS.iter().any(|name| target.is_field(name));
        is_field && self.has_header && !self.is_own_export() && !text.is_empty() && is_placeholder(text)
    }

    /// Returns whether the rows are people, not groups or what they do.
    pub fn is_of_people(&self) -> bool {
        self.kind == ImportKind::Workers
    }

    /// Returns whether Musubi wrote the file.
    pub fn is_own_export(&self) -> bool {
        self.layout.as_deref() == Some("own_export")
    }

    /// Returns the text of a cell as it was stored, if Musubi wrote the file.
    pub fn stored<'t>(&self, raw: &'t str) -> Option<&'t str> {
        let stored = if self.has_header { unprotected(raw) } else { raw };
        Some(stored).filter(|stored| self.is_own_export() && !text::has_hidden(stored))
    }

    /// Counts the cells of a row that are headings: three for one that is a field or mapped, two for one of several
    /// answers below a heading (活動分野_福祉), one for another that is known, such as a weekday.
    pub fn count(&self, row: &Row) -> usize {
        const LONGEST: usize = 300;
        const MOST: usize = 200;
        let cells = row
            .texts()
            .map(str::trim)
            .filter(|cell| !cell.is_empty() && cell.len() < LONGEST);
        let weight = |cell: &str| {
            if self.mapping.contains_key(cell) {
                return 3;
            }
            let scores = concepts().scores(cell);
            let best = scores.iter().take_while(|one| one.score >= SURE);
            let mut best = best.filter_map(|one| concepts().get(one.concept));
            let weigh = |concept: &Concept| if concept.field(self.kind).is_some() { 3 } else { 1 };
            let first = best.next().map_or(0, weigh);
            match best.map(weigh).fold(first, usize::max) {
                0 if self.answer(cell, false).is_some() => 2,
                0 if self.kind == ImportKind::Workers && day_parts(cell).is_ok() => 1,
                weight => weight,
            }
        };
        cells.take(MOST).map(weight).sum()
    }

    /// Returns whether a cell is the heading of a field. A long text is none: to compare it with all headings takes long.
    pub fn is_heading(&self, cell: &str) -> bool {
        let is_short = cell.len() <= LONGEST_HEADING;
        self.mapping.contains_key(cell) || is_short && concepts().field(self.kind, cell).is_some()
    }

    /// Returns the field and the answer of a column that is one of several below a heading: 活動分野_福祉. An answer that
    /// is a heading itself (地域) is one only if the cells are marks.
    fn answer<'n>(&self, name: &'n str, has_marks: bool) -> Option<(&'static Field, &'n str)> {
        const MARKED: [&str; 4] = ["consent_print", "open_data", "consent", "shared"];
        let (group, answer) = name.rsplit_once('_')?;
        let field = concepts().field(self.kind, group)?;
        let known = self.fields.iter().find(|own| own.name == field)?;
        let scores = concepts().scores(answer);
        let means = scores.first().filter(|one| one.score >= SURE);
        let means = means.and_then(|one| concepts().get(one.concept));
        let is_answer = means.is_none_or(|concept| has_marks && !MARKED.contains(&concept.means.as_str()));
        (ANSWERED.contains(&known.name) && !answer.trim().is_empty() && is_answer).then_some((*known, answer))
    }

    /// Decides what the columns of a header mean. `sample` are rows below it.
    pub fn assign(&mut self, header: &[String], sample: &[Row], vocabulary: &Vocabulary) {
        let layout = concepts().layout(header);
        self.layout = layout.map(|layout| layout.code.clone());
        let mut mapped = self.mapped_columns(header);
        for (column, name) in header.iter().enumerate() {
            // What a published layout means by a heading counts more than the word.
            if let Some(field) = layout.and_then(|layout| layout.columns.get(name.as_str())) {
                let position = self.fields.iter().position(|own| own.name == field);
                mapped.entry(column).or_insert(position);
            }
        }
        let mut candidates: Vec<Vec<Candidate>> = Vec::with_capacity(header.len());
        let mut nearest: Vec<Option<usize>> = Vec::with_capacity(header.len());
        let mut special: Vec<Option<Target>> = Vec::with_capacity(header.len());
        for (column, name) in header.iter().enumerate() {
            let cells: Vec<&str> = sample
                .iter()
                .filter_map(|row| row.texts().nth(column))
                .filter(|cell| !is_placeholder(cell))
                .collect();
            let (found, near) = match mapped.contains_key(&column) {
                true => Default::default(),
                false => self.candidates(name, &cells, vocabulary),
            };
            let is_known = found.first().is_some_and(|one| one.score >= EXACT - 100);
            special.push(match mapped.contains_key(&column) || is_known {
                true => None,
                false => self.special_target(name, &cells, vocabulary),
            });
            candidates.push(found);
            nearest.push(near);
        }
        let mut scores = vec![vec![0; header.len()]; self.fields.len()];
        for (column, found) in candidates.iter().enumerate() {
            let is_special = special.get(column).is_some_and(Option::is_some);
            for one in found.iter().filter(|one| one.score >= SURE && !is_special) {
                if let Some(place) = scores.get_mut(one.position).and_then(|row| row.get_mut(column)) {
                    // Of two equal columns, the first.
                    *place = one.score * 2000 + (1000 - column.min(1000) as u32);
                }
            }
        }
        // A field that the mapping names is taken.
        for position in mapped.values().flatten() {
            if let Some(row) = scores.get_mut(*position) {
                row.fill(0);
            }
        }
        let mut of_column: HashMap<usize, usize> = HashMap::new();
        for (position, column) in assign(&scores).into_iter().enumerate() {
            of_column.extend(column.map(|column| (column, position)));
        }
        for (column, name) in header.iter().enumerate() {
            let found = candidates.get(column).map(Vec::as_slice).unwrap_or_default();
            let special = special.get_mut(column).and_then(Option::take);
            // A column that got no field shares the one that it means most.
            let own = of_column.get(&column).copied();
            let shared = || {
                found
                    .first()
                    .filter(|one| one.score >= SURE)
                    .map(|one| one.position)
            };
            let (position, confidence) = match mapped.get(&column) {
                Some(position) => (*position, EXACT),
                None if special.is_some() => (None, EXACT),
                None => {
                    let position = own.or_else(shared);
                    let score = found.iter().find(|one| Some(one.position) == position);
                    (position, score.map_or(0, |one| one.score))
                }
            };
            let turn = found
                .iter()
                .find(|one| Some(one.position) == position)
                .map_or(0, |one| one.turn);
            if mapped.get(&column) == Some(&None) {
                self.left_out.insert(column);
            }
            let target = special.or_else(|| {
                let position = position?;
                let name = self.fields.get(position)?.name;
                Some(Target::Field { name, position })
            });
            let near = nearest
                .get(column)
                .copied()
                .flatten()
                .filter(|_| target.is_none());
            self.readings.push(ColumnReading {
                heading: name.chars().take(LONGEST_HEADING).collect(),
                field: target.as_ref().map(field_name),
                confidence_ppm: if target.is_some() { confidence * 1000 } else { 0 },
                nearest: near
                    .and_then(|at| self.fields.get(at))
                    .map(|field| field.name.to_owned()),
            });
            if let Some(Target::Field { position, .. }) = target
                && !target.as_ref().is_some_and(Target::is_collected)
                && self.targets.contains(&target)
            {
                self.shared.insert(position);
            }
            self.names.push(name.clone());
            self.targets.push(target);
            self.turns.push(turn);
        }
        self.let_stand_in(header, sample, vocabulary);
        self.put_person_first();
        let of_kana = |at: &usize| {
            let target = self.targets.get(*at).and_then(Option::as_ref);
            target.is_some_and(|target| target.is_field("kana"))
        };
        let kana: Vec<usize> = (0..header.len()).filter(of_kana).collect();
        let is_part = |at: &usize| {
            header
                .get(*at)
                .is_some_and(|name| concepts().is_part_of_reading(name))
        };
        self.has_split_reading = kana.len() == 2 && kana.iter().all(is_part);
        self.take_name_with_reading(header);
        let mut unused = self
            .targets
            .iter()
            .zip(header)
            .map(|(target, name)| target.is_none().then_some(name));
        let is_prefecture = |name: Option<&String>| name.is_some_and(|name| concepts().is_prefecture(name));
        self.prefecture = unused.position(is_prefecture);
    }

    /// Lets a column say what no other does, if most of its cells do: 活動場所 where nothing else names a place.
    fn let_stand_in(&mut self, header: &[String], sample: &[Row], vocabulary: &Vocabulary) {
        for (column, name) in header.iter().enumerate().take(MOST_STAND_INS) {
            let is_free = self.targets.get(column) == Some(&None) && !self.left_out.contains(&column);
            if !is_free || name.len() > LONGEST_HEADING {
                continue;
            }
            let scores = concepts().scores(name);
            let best = scores.first().map_or(0, |one| one.score);
            let mut equal = scores.iter().take_while(|one| one.score == best);
            let field = equal.find_map(|one| concepts().get(one.concept)?.instead(self.kind));
            let Some(field) = field.filter(|_| best >= SURE) else {
                continue;
            };
            let is_said = self.targets.iter().flatten().any(|target| target.is_field(field));
            let cells = sample.iter().filter_map(|row| row.texts().nth(column));
            let cells: Vec<&str> = cells.filter(|cell| !is_placeholder(cell)).collect();
            let says_it =
                |cell: &&&str| normalize(cell).is_ok_and(|cell| vocabulary.area(cell.as_str()).is_ok());
            let saying = cells.iter().filter(says_it).count();
            let position = self.fields.iter().position(|own| own.name == field);
            let Some(position) = position.filter(|_| !is_said && saying * 10 > cells.len() * 6) else {
                continue;
            };
            let name = self.fields.get(position).map_or("", |field| field.name);
            if let (Some(target), Some(reading)) =
                (self.targets.get_mut(column), self.readings.get_mut(column))
            {
                *target = Some(Target::Field { name, position });
                (reading.field, reading.confidence_ppm) = (Some(name.to_owned()), best * 1000);
                reading.nearest = None;
            }
        }
    }

    /// Returns the target of a column for one skill, for some day-parts, or for another answer of several.
    fn special_target(&self, name: &str, cells: &[&str], vocabulary: &Vocabulary) -> Option<Target> {
        let are_marks = !cells.is_empty()
            && cells.iter().all(|cell| {
                normalize(cell).is_ok_and(|cell| cell.is_empty() || parse_boolean(&cell).is_ok())
            });
        let below = self.answer(name, are_marks);
        let answer = below.map_or(name, |(_, answer)| answer);
        if self.kind == ImportKind::Workers {
            let skill = vocabulary.skills.find(answer);
            let is_skills = below.is_none_or(|(field, _)| field.name == "skills");
            if let Some(meaning) = skill.filter(|one| is_skills && one.confidence_ppm == 1_000_000) {
                return Some(Target::Skill(meaning.code));
            }
            // Below 活動可能日 only the answer counts: the 日 of the heading is no Sunday.
            let of_heading = below
                .is_none_or(|(field, _)| field.name != "day_parts")
                .then_some(name);
            let parts = of_heading.into_iter().chain([answer]);
            let parts = parts.map(day_parts).find_map(Result::ok);
            if let Some(parts) = parts.filter(|parts| !parts.is_empty()) {
                return Some(Target::DayParts(parts));
            }
        }
        let of_themes = || {
            let themes = self.fields.iter().find(|field| field.name == "themes")?;
            vocabulary.themes.is_known(name).then_some((*themes, name))
        };
        let (field, answer) = below.or_else(of_themes).filter(|_| are_marks)?;
        let position = self.fields.iter().position(|own| own.name == field.name)?;
        Some(Target::Answer {
            name: field.name,
            position,
            answer: answer.trim().to_owned(),
        })
    }

    /// Returns the fields that a heading may mean, the best first, and the one that it resembles most.
    fn candidates(
        &self,
        name: &str,
        cells: &[&str],
        vocabulary: &Vocabulary,
    ) -> (Vec<Candidate>, Option<usize>) {
        /// How much better another concept must be than a field.
        const CLEARLY: u32 = 60;
        let mut found: Vec<Candidate> = Vec::new();
        let mut strongest_other = 0;
        let scores = concepts().scores(name);
        let of_other = scores.iter().filter(|one| {
            let concept = concepts().get(one.concept);
            concept.is_some_and(|concept| concept.field(self.kind).is_none())
        });
        let other_by_name = of_other.map(|one| one.score).max().unwrap_or_default();
        for one in scores {
            let Some(concept) = concepts().get(one.concept) else {
                continue;
            };
            // 緊急連絡先電話番号: cells of numbers don't make it the volunteer's own.
            let position = concept
                .field(self.kind)
                .and_then(|field| self.fields.iter().position(|own| own.name == field));
            // What looks like a person's name may be a group's, so it is none the more for that.
            let is_less = one.score + CLEARLY < other_by_name && other_by_name >= 900;
            let is_vague = position.is_none() && !concept.values.is_some_and(Values::is_strict);
            let score = match is_less || is_vague {
                true => one.score,
                false => with_values(one.score, concept, cells, vocabulary),
            };
            match position {
                None => strongest_other = strongest_other.max(score),
                Some(position) => match found.iter_mut().find(|other| other.position == position) {
                    Some(known) if known.score >= score => {}
                    Some(known) => (known.score, known.turn) = (score, concept.priority),
                    None => found.push(Candidate {
                        position,
                        score,
                        turn: concept.priority,
                    }),
                },
            }
        }
        found.sort_by_key(|one| (std::cmp::Reverse(one.score), one.position));
        let near = found
            .first()
            .filter(|one| one.score >= NEAR)
            .map(|one| one.position);
        let least = match found.first() {
            Some(first) if first.score >= strongest_other => first.score.saturating_sub(CLEARLY * 4),
            Some(first) if first.score + CLEARLY > strongest_other && strongest_other < 900 => first.score,
            _ => u32::MAX,
        };
        found.retain(|one| one.score >= least);
        (found, near)
    }

    /// Lets the number of a representative come after that of the contact person, as their names do.
    fn put_person_first(&mut self) {
        const LATER: u8 = 20;
        for ((name, target), turn) in self.names.iter().zip(&self.targets).zip(&mut self.turns) {
            let is_contact = target
                .as_ref()
                .is_some_and(|target| target.is_field("contact_phone") || target.is_field("contact_email"));
            if is_contact && concepts().is_of_representative(name) {
                *turn += LATER;
            }
        }
    }

    /// Takes 団体名（ふりがな） for the name if no other column has it.
    fn take_name_with_reading(&mut self, header: &[String]) {
        let Some(position) = self.fields.iter().position(|field| field.name == "name") else {
            return;
        };
        let has_name = ["name", "family_name", "given_name"]
            .iter()
            .any(|field| self.has(field));
        let mut kana = (0..header.len()).filter(|at| {
            let target = self.targets.get(*at).and_then(Option::as_ref);
            target.is_some_and(|target| target.is_field("kana"))
        });
        let (Some(column), None, false) = (kana.next(), kana.next(), has_name) else {
            return;
        };
        let heading = header.get(column).map_or("", String::as_str);
        let outside = heading.find(['(', '（', '\n', '[', '［', '【']);
        let name = outside.and_then(|end| heading.get(..end)).unwrap_or_default();
        if concepts().field(self.kind, name) != Some("name") {
            return;
        }
        if let Some(target) = self.targets.get_mut(column) {
            let name = Target::Field {
                name: "name",
                position,
            };
            self.reading_of_name = target.replace(name);
        }
        if let Some(reading) = self.readings.get_mut(column) {
            reading.field = Some("name".to_owned());
        }
        self.name_with_reading = Some(column);
    }

    /// Returns the name and the reading of a cell that has both: すみれ会（すみれかい）.
    pub fn with_reading<'t>(&self, column: usize, text: &'t str) -> Option<(&'t str, &'t str)> {
        let text = Some(text).filter(|_| self.name_with_reading == Some(column))?;
        let split = text
            .strip_suffix(')')
            .and_then(|text| text.rsplit_once('('))
            .or_else(|| text.rsplit_once('\n'));
        let (name, kana) = split.map(|(name, kana)| (name.trim(), kana.trim()))?;
        let is_kana = |c: char| matches!(text::hiragana(c), 'ぁ'..='ん' | 'ー' | ' ' | '・');
        (!name.is_empty() && !kana.is_empty() && kana.chars().all(is_kana)).then_some((name, kana))
    }

    /// Returns the period that a heading states for its numbers, if the cell states none: 1か月の活動時間.
    pub fn with_period(&self, column: usize, target: &Target, text: &str) -> Option<String> {
        if self.is_own_export() || !target.is_field("hours_per_week") {
            return None;
        }
        let period = is_period(self.names.get(column)?)?;
        let states_none = parse_amount(text).is_ok_and(|amount| amount.per.is_none());
        states_none.then(|| format!("{period}{text}"))
    }

    /// Returns the columns that the mapping names with the position of their field; none if it leaves them out. A
    /// heading is first compared as it is written, then in the form in which headings are compared, then without
    /// its notes.
    fn mapped_columns(&self, header: &[String]) -> HashMap<usize, Option<usize>> {
        let bare = |heading: &str| {
            let end = heading
                .find(['(', '（', '[', '【', '［'])
                .unwrap_or(heading.len());
            heading_key(heading.get(..end).unwrap_or_default())
        };
        let forms: [&dyn Fn(&str) -> String; 3] = [&|heading| heading.trim().to_owned(), &heading_key, &bare];
        let mut columns = HashMap::new();
        let mut open: Vec<(&String, &String)> = self.mapping.iter().collect();
        for form in forms {
            let keys: Vec<String> = header.iter().map(|name| form(name)).collect();
            open.retain(|(heading, field)| {
                let key = form(heading);
                let same = keys
                    .iter()
                    .enumerate()
                    .filter(|(_, own)| !key.is_empty() && **own == key);
                let mut is_found = false;
                for (column, _) in same {
                    let position = self.fields.iter().position(|own| own.name == *field);
                    columns.entry(column).or_insert(position);
                    is_found = true;
                }
                !is_found
            });
        }
        columns
    }

    pub fn has(&self, field: &str) -> bool {
        self.targets.iter().flatten().any(|target| target.is_field(field))
    }

    fn has_place(&self) -> bool {
        self.has("area") || self.has("organization_area")
    }

    /// Returns whether there is a field of which several columns are but only one value counts.
    pub fn has_shared(&self) -> bool {
        !self.shared.is_empty()
    }

    /// Returns whether several columns mean the field, of which only one value counts.
    pub fn is_shared(&self, position: usize) -> bool {
        self.shared.contains(&position)
    }

    /// Returns a column's turn among those of its field.
    pub fn turn(&self, column: usize) -> u8 {
        self.turns.get(column).copied().unwrap_or_default()
    }

    /// Returns the beginning of each heading with the field that it means.
    pub fn mapped(&self) -> Mapping {
        let named = self.readings.iter().filter(|reading| !reading.heading.is_empty());
        let mut mapped = Mapping::new();
        for reading in named {
            let field = mapped.entry(reading.heading.clone()).or_default();
            if field.is_empty() {
                *field = reading.field.clone().unwrap_or_default();
            }
        }
        mapped
    }

    /// Says which columns are not used, and which mean the same field.
    pub fn findings(&self, line: u64, sample: &[Row]) -> Vec<Finding> {
        let mut findings = Vec::new();
        let heading_of = |name: &str| {
            let field = self.fields.iter().find(|field| field.name == name);
            field.map_or_else(|| name.to_owned(), |field| field.heading.to_owned())
        };
        let mut seen: HashMap<(&str, u8), &str> = HashMap::new();
        for (column, reading) in self.readings.iter().enumerate() {
            let target = self.targets.get(column).and_then(Option::as_ref);
            let remark = match target {
                None if self.left_out.contains(&column) => continue,
                None if self.prefecture == Some(column) && self.has_place() => continue,
                None if self.is_own_export() && concepts().is_kept(&reading.heading) => continue,
                // A note beside the heading is no column.
                None if is_no_heading(&reading.heading) && is_empty(sample, column) => continue,
                None => unused_column(reading, heading_of),
                Some(Target::Field { name, .. }) => {
                    let first = *seen.entry((name, self.turn(column))).or_insert(&reading.heading);
                    let is_collected = target.is_some_and(Target::is_collected)
                        || (self.has_split_reading && *name == "kana");
                    // Rows that name their cells may name them differently.
                    if is_collected || !self.has_header || std::ptr::eq(first, reading.heading.as_str()) {
                        continue;
                    }
                    same_field(first, reading, &heading_of(name))
                }
                Some(_) => continue,
            };
            let heading = match reading.heading.is_empty() {
                true => Some(format!("({})", column + 1)),
                false => Some(reading.heading.clone()),
            };
            findings.push(Finding::new(line, heading, "", remark, Severity::Warning));
        }
        findings
    }
}

fn is_no_heading(heading: &str) -> bool {
    heading.is_empty() || heading.starts_with('※')
}

fn is_empty(sample: &[Row], column: usize) -> bool {
    let mut cells = sample.iter().filter_map(|row| row.texts().nth(column));
    cells.all(|cell| cell.trim().is_empty())
}

fn unused_column(reading: &ColumnReading, heading_of: impl Fn(&str) -> String) -> Remark {
    let near = reading.nearest.as_deref();
    let ja = near.map(|name| {
        format!(
            "「{}」（{name}）でしたら、mapping で指定してください。",
            heading_of(name)
        )
    });
    let en = near.map(|name| format!(" If it is {name}, say so with mapping."));
    Remark::new(
        "unused_column",
        format!("この列は取り込みません。{}", ja.unwrap_or_default()),
        format!("This column is not imported.{}", en.unwrap_or_default()),
    )
    .suggesting(near)
}

fn same_field(first: &str, reading: &ColumnReading, field: &str) -> Remark {
    let own = &reading.heading;
    Remark::new(
        "same_field",
        format!(
            "列「{first}」と「{own}」は同じ項目（{field}）です。空欄でない最初の値を取り込みます。違う項目の場合は mapping で指定してください。"
        ),
        format!(
            "The columns {first:?} and {own:?} mean the same field. The first value that isn't empty is imported. If one is another field, map it."
        ),
    )
}

fn field_name(target: &Target) -> String {
    match target {
        Target::Field { name, .. } | Target::Answer { name, .. } => (*name).to_owned(),
        Target::Skill(code) => format!("skill:{code}"),
        Target::DayParts(_) => "day_parts".to_owned(),
    }
}
