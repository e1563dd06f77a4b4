//! What the columns of a file mean: mappings, and else the best assignment of headings to fields as a whole.

use super::ImportKind;
use super::assignment::assign;
use super::days::{Says, day_parts, mark, read, says_of};
use super::fields::Field;
use super::finding::{Finding, Severity};
use super::headings::{
    Concept, EXACT, NEAR, SURE, Values, concepts, fits, heading_key, is_period, with_values,
};
use super::kinds::months::Months;
use super::kinds::{
    applications, deliverables, events, organizations, project_work, projects, registrations, workers,
};
use super::vocabulary::Vocabulary;
use crate::catalogue::{DayPart, calendar::DAY_PARTS, lookup};
use crate::error::{Error, Result};
use crate::values::words;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use tables::cells::hours::parse_hours;
use tables::cells::{is_placeholder, normalize, parse_boolean, unprotected};
use tables::{Remark, Row};
use utoipa::ToSchema;

/// The headings of columns that are added to a file, for what stands above its rows or in their remarks.
pub const PLACE_HEADING: &str = "シート名・見出し";
pub const STATE_HEADING: &str = "見出し・備考の状態";
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
    DayParts {
        parts: Vec<DayPart>,
        /// Whether the heading says something else than a weekday: 祝.
        is_inexact: bool,
    },
}

impl Target {
    pub fn is_field(&self, name: &str) -> bool {
        match self {
            Target::Field { name: own, .. } | Target::Answer { name: own, .. } => *own == name,
            Target::Skill(_) => name == "skills",
            Target::DayParts { .. } => name == "day_parts",
        }
    }

    /// Returns whether the values of several columns are put together. Of other fields, the first value counts.
    pub fn is_collected(&self) -> bool {
        const COLLECTED: [&str; 11] = [
            "consent",
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
    /// The columns that help to tell which place a row means, the closest first: that one, the added one, those of post
    /// codes and of the authority.
    pub beside: Vec<usize>,
    /// The column that says when a form was answered, which is the day of a consent in it.
    pub answered_at: Option<usize>,
    /// Columns that take a consent back, and those of other consents, of which only a refusal counts.
    withdrawals: HashSet<usize>,
    refusals: HashSet<usize>,
    /// Whether the columns of skills have no levels, only marks: 1 is ○.
    pub has_marked_skills: bool,
    /// The columns of skills whose levels have a column of their own, with that column.
    levels: HashMap<usize, usize>,
    /// The columns of a calendar that complete its days: those of the year and of the day of the week.
    completing: HashSet<usize>,
    /// The marks before names in rows that have more: ◎ before a leader's.
    name_marks: HashSet<char>,
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
    /// Columns of a published layout that no field is for.
    without_field: HashSet<usize>,
    /// Columns without a heading in which the first rows have nothing: nothing is said of them.
    unsaid: HashSet<usize>,
    /// Whether every cell that can't be used rejects its row.
    pub strict: bool,
    /// Whether the columns have a header; rows of JSON name their cells themselves.
    pub has_header: bool,
}

/// Returns whether a cell says more than yes, no or a mark.
fn is_worded(cell: &str) -> bool {
    let is_letter = |c: &char| c.is_alphabetic();
    let is_answer = normalize(cell).is_ok_and(|text| parse_boolean(&text).is_ok() || mark(&text).is_some());
    !is_answer && cell.chars().filter(is_letter).count() > 1
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
            beside: Vec::new(),
            answered_at: None,
            withdrawals: HashSet::new(),
            refusals: HashSet::new(),
            has_marked_skills: false,
            levels: HashMap::new(),
            completing: HashSet::new(),
            name_marks: HashSet::new(),
            name_with_reading: None,
            has_split_reading: false,
            reading_of_name: None,
            layout: None,
            turns: Vec::new(),
            shared: HashSet::new(),
            left_out: HashSet::new(),
            without_field: HashSet::new(),
            unsaid: HashSet::new(),
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
        const FIELDS: [&str; 27] = [
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
            "team",
        ];
        let is_field =
            matches!(target, Target::Field { .. }) && FIELDS.iter().any(|name| target.is_field(name));
        is_field && self.has_header && !self.is_own_export() && !text.is_empty() && is_placeholder(text)
    }

    /// Returns whether the rows are people, not groups or what they do.
    pub fn is_of_people(&self) -> bool {
        self.kind == ImportKind::Workers
    }

    /// Returns whether all rows are NPO corporations, as their published lists and headings like NPO法人名 say.
    pub fn is_of_npos(&self) -> bool {
        const LAYOUTS: [&str; 2] = ["npo_list", "certified_npo_list"];
        const HEADINGS: [&str; 6] = [
            "npo法人名",
            "npo法人名称",
            "特定非営利活動法人名",
            "特定非営利活動法人名称",
            "認定npo法人名",
            "認定特定非営利活動法人名称",
        ];
        let is_named_so = || {
            let mut names = self.that_mean(&["name"]).into_iter().take(1);
            names.any(|at| {
                let heading = self.names.get(at).map_or("", String::as_str);
                HEADINGS.contains(&heading_key(heading).as_str())
            })
        };
        let layout = self.layout.as_deref();
        layout.is_some_and(|code| LAYOUTS.contains(&code)) || is_named_so()
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
            let scores = concepts().scores_of(self.kind, cell);
            let best = scores.iter().take_while(|one| one.score >= SURE);
            let mut best = best.filter_map(|one| concepts().get(one.concept));
            let weigh = |concept: &Concept| if concept.field(self.kind).is_some() { 3 } else { 1 };
            let first = best.next().map_or(0, weigh);
            match best.map(weigh).fold(first, usize::max) {
                0 if self.answer(cell, false).is_some() => 2,
                0 if self.kind == ImportKind::Workers && day_parts(cell).is_ok() => {
                    // 月_午前: a day and its part below each other.
                    1 + usize::from(cell.contains('_'))
                }
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
        let is_answer = |answer: &str| {
            let scores = concepts().scores_of(self.kind, answer);
            let means = scores.first().filter(|one| one.score >= SURE);
            let means = means.and_then(|one| concepts().get(one.concept));
            means.is_none_or(|concept| has_marks && !MARKED.contains(&concept.means.as_str()))
        };
        // 活動できる日_月_午前: a heading above two others.
        let mut splits = name.rmatch_indices('_').filter_map(|(at, _)| {
            let (group, answer) = (name.get(..at)?, name.get(at + 1..)?);
            Some((self.answered(group)?, answer))
        });
        let (field, answer) = splits.next()?;
        (!answer.trim().is_empty() && is_answer(answer)).then_some((field, answer))
    }

    /// Returns the field whose answers may have a column each below this heading.
    fn answered(&self, group: &str) -> Option<&'static Field> {
        let field = concepts().field(self.kind, group)?;
        let known = self.fields.iter().find(|own| own.name == field)?;
        ANSWERED.contains(&known.name).then_some(*known)
    }

    /// Returns the field and the answer that one heading names together: 活動日（月）, 参加できる曜日 ［火］, 活動日 月.
    fn answer_beside<'n>(
        &self,
        name: &'n str,
        cells: &[&str],
        are_marks: bool,
    ) -> Option<(&'static Field, &'n str)> {
        const OPENING: [char; 7] = ['(', '（', '[', '［', '【', '「', '〔'];
        let is_between = |c: char| c.is_whitespace() || "_:：/／".contains(c) || OPENING.contains(&c);
        let is_around = |c: char| is_between(c) || ")）]］】」〕".contains(c);
        let splits = name.char_indices().filter(|(at, c)| *at > 0 && is_between(*c));
        let mut found = splits.filter_map(|(at, c)| {
            let (group, answer) = name.split_at_checked(at)?;
            let answer = answer.trim_matches(is_around);
            let field = self.answered(group).filter(|_| !answer.is_empty())?;
            let is_answer = match day_parts(answer) {
                Ok(parts) if field.name == "day_parts" => is_answered(&parts, cells),
                _ => are_marks && OPENING.contains(&c) && !concepts().is_mark(answer),
            };
            is_answer.then_some((field, answer))
        });
        found.next()
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
                if position.is_none() && !mapped.contains_key(&column) {
                    self.without_field.insert(column);
                }
                mapped.entry(column).or_insert(position);
            }
        }
        let months = Months::of_list(self.kind, header);
        if let Some(months) = &months {
            let day = (months.day, "starts_on");
            for (column, field) in months.month.map(|at| (at, "month")).into_iter().chain([day]) {
                let position = self.fields.iter().position(|own| own.name == field);
                mapped.entry(column).or_insert(position);
            }
            // What completes the day is none by itself, though the mapping of an earlier import says that it is a part of it.
            let day = self.fields.iter().position(|own| own.name == "starts_on");
            let completes = |column: &usize| mapped.get(column).is_none_or(|position| *position == day);
            self.completing = months.beside().filter(completes).collect();
            mapped.retain(|column, _| !self.completing.contains(column));
        }
        let mut candidates: Vec<Vec<Candidate>> = Vec::with_capacity(header.len());
        let mut nearest: Vec<Option<usize>> = Vec::with_capacity(header.len());
        let mut special: Vec<Option<Target>> = Vec::with_capacity(header.len());
        let officer = self.officer_of_all(header);
        for (column, name) in header.iter().enumerate() {
            let cells: Vec<&str> = sample
                .iter()
                .filter_map(|row| row.texts().nth(column))
                .filter(|cell| !is_placeholder(cell))
                .collect();
            let (found, near) = match mapped.contains_key(&column) {
                true => Default::default(),
                false => {
                    let own = officer.and_then(|word| name.strip_prefix(word));
                    let own = own.filter(|own| !own.is_empty());
                    self.candidates(own.unwrap_or(name), &cells, vocabulary)
                }
            };
            let is_known = found.first().is_some_and(|one| one.score >= EXACT - 100);
            special.push(match mapped.contains_key(&column) {
                true => None,
                false => self.special_target(name, &cells, is_known, vocabulary),
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
            let is_completing = self.completing.contains(&column);
            let target = special.filter(|_| !is_completing).or_else(|| {
                let position = position.filter(|_| !is_completing)?;
                let name = self.fields.get(position)?.name;
                Some(Target::Field { name, position })
            });
            let near = nearest
                .get(column)
                .copied()
                .flatten()
                .filter(|_| target.is_none() && !is_completing);
            self.readings.push(ColumnReading {
                heading: name.chars().take(LONGEST_HEADING).collect(),
                field: match is_completing {
                    true => Some("starts_on".to_owned()),
                    false => target.as_ref().map(field_name),
                },
                confidence_ppm: match is_completing {
                    true => EXACT * 1000,
                    false if target.is_some() => confidence * 1000,
                    false => 0,
                },
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
        self.pair_levels(header);
        self.let_stand_in(header, sample, vocabulary);
        self.put_person_first();
        self.tell_consents(header, &mapped);
        self.has_marked_skills = self.are_skills_marked(sample);
        self.name_marks = self.marks_of_names(sample);
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
        let unused_about = |means: &str| {
            let mut all = self.targets.iter().zip(header);
            all.position(|(target, name)| target.is_none() && concepts().is_about(self.kind, name, means))
        };
        self.prefecture = unused_about("prefecture");
        let above = header.iter().position(|name| name == PLACE_HEADING);
        let beside = [
            self.prefecture,
            above,
            unused_about("postal_code"),
            unused_about("publisher"),
        ];
        self.beside = beside.into_iter().flatten().collect();
        let is_unsaid = |column: &usize| {
            let is_unused = self.targets.get(*column) == Some(&None) && !self.left_out.contains(column);
            is_unused
                && header.get(*column).is_some_and(|name| is_no_heading(name))
                && is_empty(sample, *column)
        };
        self.unsaid = (0..header.len()).filter(is_unsaid).collect();
    }

    /// Returns the word for the people of a list if its only names are those of officers: beside 指導者氏名, 指導者電話 is their own.
    fn officer_of_all<'h>(&self, header: &'h [String]) -> Option<&'h str> {
        const NAMED: [&str; 3] = ["name", "family_name", "given_name"];
        let is_mapped = self.mapping.values().any(|field| NAMED.contains(&field.as_str()));
        let is_name = |heading: &&String| {
            let field = concepts().field(self.kind, heading);
            field.is_some_and(|field| NAMED.contains(&field))
        };
        let mut names = header.iter().filter(is_name);
        let officer = concepts().officer(names.next()?)?;
        Some(officer).filter(|word| !is_mapped && names.all(|name| name.starts_with(word)))
    }

    /// Returns whether nothing is said of a column that isn't used, as its first cells are empty.
    pub fn is_unsaid(&self, column: usize) -> bool {
        self.unsaid.contains(&column)
    }

    /// Pairs columns of levels with those of their skills: レベル1 with スキル1, and a レベル with the スキル before it. A column of
    /// levels is no list of skills, whatever the mapping says of it.
    fn pair_levels(&mut self, header: &[String]) {
        if self.kind != ImportKind::Workers || self.is_own_export() {
            return;
        }
        let of_level: HashMap<usize, Option<u32>> = header
            .iter()
            .enumerate()
            .filter(|(at, _)| !self.left_out.contains(at))
            .filter_map(|(at, name)| Some((at, self.number_of_level(name)?)))
            .collect();
        let is_skill = |at: usize| {
            let target = self.targets.get(at).and_then(Option::as_ref);
            let is_field = target.is_some_and(|one| matches!(one, Target::Field { name: "skills", .. }));
            is_field && !of_level.contains_key(&at)
        };
        let skills: Vec<usize> = (0..header.len()).filter(|at| is_skill(*at)).collect();
        let number = |at: &usize| header.get(*at).and_then(|name| split_number(name).1);
        let mut pairs: HashMap<usize, Vec<usize>> = HashMap::new();
        for (level, stated) in &of_level {
            let same: Vec<usize> = skills
                .iter()
                .copied()
                .filter(|at| number(at) == *stated)
                .collect();
            let before = skills.iter().copied().find(|at| at + 1 == *level);
            let skill = match (stated, same.as_slice()) {
                (_, [only]) => Some(*only),
                (Some(_), _) => None,
                (None, _) => before,
            };
            if let Some(skill) = skill {
                pairs.entry(skill).or_default().push(*level);
            }
        }
        // Of two levels of one skill, nobody knows which counts.
        let single = pairs.into_iter().filter_map(|(skill, levels)| match levels[..] {
            [level] => Some((skill, level)),
            _ => None,
        });
        self.levels = single.collect();
        for level in self.levels.values() {
            if let Some(target) = self.targets.get_mut(*level) {
                *target = None;
            }
            if let Some(reading) = self.readings.get_mut(*level) {
                (reading.field, reading.confidence_ppm) = (Some("skills".to_owned()), EXACT * 1000);
                reading.nearest = None;
            }
        }
    }

    /// Returns the number of a heading of levels, if it is one: レベル1, スキル1_レベル, Skill Level 1.
    fn number_of_level(&self, heading: &str) -> Option<Option<u32>> {
        const LEVELS: [&str; 6] = ["レベル", "習熟度", "熟練度", "スキル度", "level", "proficiency"];
        let (key, number) = split_number(heading);
        let before = LEVELS
            .iter()
            .find_map(|word| key.strip_suffix(&heading_key(word)))?;
        let is_of_skills = before.is_empty() || concepts().field(self.kind, before) == Some("skills");
        is_of_skills.then_some(number)
    }

    /// Returns the column with the level of the skills in a column.
    pub fn level_of(&self, column: usize) -> Option<usize> {
        self.levels.get(&column).copied()
    }

    /// Lets a column say what no other does, if most of its cells do: 活動場所 where nothing else names a place, メンバー where
    /// nothing else names people.
    fn let_stand_in(&mut self, header: &[String], sample: &[Row], vocabulary: &Vocabulary) {
        for (column, name) in header.iter().enumerate().take(MOST_STAND_INS) {
            let is_free = self.targets.get(column) == Some(&None) && !self.left_out.contains(&column);
            if !is_free || name.len() > LONGEST_HEADING {
                continue;
            }
            let scores = concepts().scores_of(self.kind, name);
            let best = scores.first().map_or(0, |one| one.score);
            let mut equal = scores.iter().take_while(|one| one.score == best);
            let field = equal.find_map(|one| concepts().get(one.concept)?.instead(self.kind));
            let Some(field) = field.filter(|_| best >= SURE) else {
                continue;
            };
            let has_part = field == "name" && (self.has("family_name") || self.has("given_name"));
            let is_said = has_part || self.has(field);
            let cells = sample.iter().filter_map(|row| row.texts().nth(column));
            let cells: Vec<&str> = cells.filter(|cell| !is_placeholder(cell)).collect();
            let says_it = |cell: &&&str| match field {
                // 有, はい and ○ are answers to a question about them.
                "name" => fits(Values::Person, cell, vocabulary) && is_worded(cell),
                _ => normalize(cell).is_ok_and(|cell| vocabulary.area(cell.as_str()).is_ok()),
            };
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
    fn special_target(
        &self,
        name: &str,
        cells: &[&str],
        is_known: bool,
        vocabulary: &Vocabulary,
    ) -> Option<Target> {
        // Its headings are names of fields: days_to_match is no answer of days.
        if self.is_own_export() {
            return None;
        }
        let is_mark =
            |cell: &&str| normalize(cell).is_ok_and(|cell| cell.is_empty() || mark(&cell).is_some());
        let are_marks = !cells.is_empty() && cells.iter().all(is_mark);
        let below = match is_known {
            true => None,
            false => self.answer(name, are_marks),
        };
        let below = below.or_else(|| self.answer_beside(name, cells, are_marks));
        if is_known && below.is_none() {
            return None;
        }
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
            let mut days = parts.filter_map(|text| read(text).ok());
            let days = days.find(|days| days.unknown.is_empty());
            if let Some(days) = days.filter(|days| !days.parts.is_empty()) {
                return Some(Target::DayParts {
                    parts: days.parts,
                    is_inexact: days.is_inexact,
                });
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
        let scores = concepts().scores_of(self.kind, name);
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

    /// Tells apart the columns of consents. What is no consent to be matched gives none; a refusal or a withdrawal always
    /// counts. The moment of a form's answer is the day of the consent in it, whatever the mapping says.
    fn tell_consents(&mut self, header: &[String], mapped: &HashMap<usize, Option<usize>>) {
        const MOMENTS: [&str; 10] = [
            "たいむすたんぷ",
            "timestamp",
            "回答日時",
            "送信日時",
            "完了時刻",
            "completiontime",
            "申込日時",
            "申込み日時",
            "申し込み日時",
            "作成日時",
        ];
        if self.is_own_export() {
            return;
        }
        let name = |at: usize| header.get(at).map_or("", String::as_str);
        let about = |at: usize, means: &str| concepts().is_about(self.kind, name(at), means);
        let is_moment = |at: usize| MOMENTS.contains(&heading_key(name(at)).as_str());
        let (withdrawals, consents): (Vec<usize>, Vec<usize>) = self
            .that_mean(&["consent"])
            .into_iter()
            .partition(|at| about(*at, "consent_withdrawn"));
        self.withdrawals.extend(withdrawals);
        let (mut moments, consents): (Vec<usize>, Vec<usize>) = consents
            .into_iter()
            .partition(|at| mapped.contains_key(at) && (is_moment(*at) || about(*at, "dates")));
        let (beside, given): (Vec<usize>, Vec<usize>) = consents
            .into_iter()
            .partition(|at| !mapped.contains_key(at) && about(*at, "consent_beside"));
        // Where the mapping names a moment, a question that isn't known is what was answered then.
        let is_answered = !given.is_empty() || (!moments.is_empty() && !beside.is_empty());
        if !is_answered {
            for at in beside.into_iter().filter(|_| moments.is_empty()) {
                if let Some(target) = self.targets.get_mut(at) {
                    *target = None;
                }
                if let Some(reading) = self.readings.get_mut(at) {
                    reading.nearest = reading.field.take();
                    reading.confidence_ppm = 0;
                }
            }
            return;
        }
        if !given.is_empty() {
            self.refusals.extend(beside);
        }
        if moments.is_empty() {
            let is_free = |at: &usize| self.targets.get(*at) == Some(&None) && !self.left_out.contains(at);
            moments.extend((0..header.len()).find(|at| is_free(at) && is_moment(*at)));
        }
        self.answered_at = moments.first().copied();
        for at in moments {
            if let Some(target) = self.targets.get_mut(at) {
                *target = None;
            }
        }
    }

    /// Returns whether a column takes a consent back.
    pub fn is_withdrawal(&self, column: usize) -> bool {
        self.withdrawals.contains(&column)
    }

    /// Returns whether a column is of a consent that only counts if it is refused.
    pub fn is_refusal(&self, column: usize) -> bool {
        self.refusals.contains(&column)
    }

    /// Returns whether the columns of skills have nothing but 1 and 0, as apps write what is ticked.
    fn are_skills_marked(&self, sample: &[Row]) -> bool {
        let is_skill = |at: usize| matches!(self.targets.get(at), Some(Some(Target::Skill(_))));
        let cells = sample
            .iter()
            .flat_map(|row| row.texts().map(str::trim).enumerate());
        let mut cells = cells
            .filter(|(at, cell)| is_skill(*at) && !cell.is_empty())
            .peekable();
        cells.peek().is_some()
            && cells.all(|(_, cell)| normalize(cell).is_ok_and(|cell| cell == "1" || cell == "0"))
    }

    /// Returns the marks before names in rows that have more than that and, say, how many there are.
    fn marks_of_names(&self, sample: &[Row]) -> HashSet<char> {
        const FEWEST: usize = 3;
        const MARKS: [char; 5] = ['◎', '◉', '★', '☆', '●'];
        let columns = self.that_mean(&["name", "family_name"]);
        let has_more = |row: &&Row| row.texts().filter(|cell| !cell.trim().is_empty()).count() >= FEWEST;
        let names = sample.iter().filter(has_more).flat_map(|row| {
            let cells = row.texts().enumerate();
            cells.filter(|(at, _)| columns.contains(at))
        });
        let firsts = names.filter_map(|(_, cell)| cell.trim().chars().next());
        firsts.filter(|first| MARKS.contains(first)).collect()
    }

    /// Returns whether a text begins with a mark that stands before names of this list.
    pub fn has_mark_of_names(&self, text: &str) -> bool {
        text.chars()
            .next()
            .is_some_and(|first| self.name_marks.contains(&first))
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
        // 氏名・ふりがな, ふりがな／氏名, 氏名 フリガナ: in whatever order.
        let is_between = |c: char| c.is_whitespace() || "()（）[]［］【】・／/,、".contains(c);
        let mut parts = heading.split(is_between).map(str::trim);
        if !parts.any(|part| concepts().field(self.kind, part) == Some("name")) {
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
        split_reading(text, self.is_of_people())
    }

    /// Returns the period that a heading states for its numbers, if the cell states none: 1か月の活動時間.
    pub fn with_period(&self, column: usize, target: &Target, text: &str) -> Option<String> {
        if self.is_own_export() || !target.is_field("hours_per_week") {
            return None;
        }
        let period = is_period(self.names.get(column)?)?;
        let states_none = parse_hours(text).is_ok_and(|hours| hours.amount.per.is_none());
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

    /// Returns the columns that mean one of these fields.
    pub fn that_mean(&self, fields: &[&str]) -> Vec<usize> {
        let means = |target: &Option<Target>| {
            let target = target.as_ref();
            target.is_some_and(|target| fields.iter().any(|field| target.is_field(field)))
        };
        let targets = self.targets.iter().enumerate();
        targets
            .filter(|(_, target)| means(target))
            .map(|(at, _)| at)
            .collect()
    }

    /// Returns whether a column isn't the file's own.
    pub fn is_added(&self, column: usize) -> bool {
        let name = self.names.get(column).map(String::as_str);
        name.is_some_and(|name| [PLACE_HEADING, STATE_HEADING].contains(&name))
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
    pub fn findings(&self, line: u64) -> Vec<Finding> {
        let mut findings = Vec::new();
        let heading_of = |name: &str| {
            let field = self.fields.iter().find(|field| field.name == name);
            field.map_or_else(|| name.to_owned(), |field| field.heading.to_owned())
        };
        let is_told = |column: usize| self.without_field.contains(&column) && !self.is_own_export();
        let mut seen: HashMap<(&str, u8), &str> = HashMap::new();
        for (column, reading) in self.readings.iter().enumerate() {
            let target = self.targets.get(column).and_then(Option::as_ref);
            let remark = match target {
                None if self.left_out.contains(&column) && !is_told(column) => continue,
                None if self.prefecture == Some(column) && self.has_place() => continue,
                None if self.is_own_export() && concepts().is_kept(&reading.heading) => continue,
                // A note beside the heading is no column.
                None if self.is_unsaid(column) => continue,
                None if self.completing.contains(&column) => continue,
                None if self.levels.values().any(|level| *level == column) => continue,
                None if self.answered_at == Some(column) => day_of_consent(),
                None => unused_column(reading, self.kind, heading_of),
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

/// Returns whether cells answer a heading that names days or their parts: with marks, or with the parts of these days. A
/// heading that lists all of them explains the cells: 時間帯（午前・午後・夜）.
fn is_answered(parts: &[DayPart], cells: &[&str]) -> bool {
    let says = says_of(parts);
    let is_all = parts.len() == usize::from(DAY_PARTS);
    let answers = |cell: &&str| {
        let Ok(text) = normalize(cell) else { return false };
        let other = || read(&text).is_ok_and(|days| days.says != Says::Both && days.says != says);
        text.is_empty() || mark(&text).is_some() || (says != Says::Both && !is_all && other())
    };
    match cells.is_empty() {
        true => !is_all,
        false => cells.iter().all(answers),
    }
}

/// Splits the number of one of several columns from its heading, in the form in which headings are compared: スキル1, 1_スキル.
fn split_number(heading: &str) -> (String, Option<u32>) {
    let (digits, key): (String, String) = heading_key(heading).chars().partition(char::is_ascii_digit);
    (key, digits.parse().ok())
}

/// Splits a name from its reading: すみれ会（すみれかい）. Those of people may have other signs between them, and any order:
/// さとう はなこ／佐藤 花子, 佐藤 花子 さとう はなこ.
pub fn split_reading(text: &str, is_of_person: bool) -> Option<(&str, &str)> {
    let is_kana = |text: &str| {
        let is_one = |c: char| matches!(text::hiragana(c), 'ぁ'..='ん' | 'ー' | '・') || c.is_whitespace();
        !text.is_empty() && text.chars().all(is_one)
    };
    let of_person = || {
        let split = text.split_once(['/', '／']).or_else(|| text.split_once('・'));
        split.or_else(|| split_words(text))
    };
    let apart = text
        .strip_suffix([')', '）'])
        .and_then(|text| text.rsplit_once(['(', '（']))
        .or_else(|| text.rsplit_once('\n'));
    let split = apart.or_else(|| is_of_person.then(of_person)?);
    let (one, other) = split.map(|(one, other)| (one.trim(), other.trim()))?;
    // 佐藤・マリア, マリア（田中）: that of a whole name is longer than it.
    let is_whole = |name: &str, kana: &str| {
        let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
        let has_both = letters(name) >= 3 || name.contains(char::is_whitespace);
        has_both && letters(kana) > letters(name)
    };
    match (is_kana(one), is_kana(other)) {
        // ジョン・スミス is one name.
        (true, true) if apart.is_some() => Some((one, other)),
        (false, true) if !one.is_empty() && (apart.is_some() || is_whole(one, other)) => Some((one, other)),
        (true, false) if is_of_person && is_whole(other, one) => Some((other, one)),
        _ => None,
    }
}

/// Splits 佐藤 花子 さとう はなこ in its middle. Of two words, the second is a reading only if it is longer than a name.
fn split_words(text: &str) -> Option<(&str, &str)> {
    let (mut starts, mut is_between) = (Vec::new(), true);
    for (at, c) in text.char_indices() {
        if !c.is_whitespace() && is_between {
            starts.push(at);
        }
        is_between = c.is_whitespace();
    }
    let at = match starts[..] {
        [_, second] => {
            let (one, other) = text.split_at_checked(second)?;
            let (one, other) = (one.trim_end().chars().count(), other.chars().count());
            (one >= 4 && other > one).then_some(second)?
        }
        [_, _, third, _] => third,
        _ => return None,
    };
    text.split_at_checked(at)
}

fn is_no_heading(heading: &str) -> bool {
    heading.is_empty() || heading.starts_with('※')
}

fn is_empty(sample: &[Row], column: usize) -> bool {
    let mut cells = sample.iter().filter_map(|row| row.texts().nth(column));
    cells.all(|cell| cell.trim().is_empty())
}

fn unused_column(reading: &ColumnReading, kind: ImportKind, heading_of: impl Fn(&str) -> String) -> Remark {
    let near = reading.nearest.as_deref();
    let ja = near.map(|name| {
        format!(
            "「{}」（{name}）でしたら、列の意味（mapping）で指定してください。",
            heading_of(name)
        )
    });
    let en = near.map(|name| {
        let word = words::text(kind.field_words(), name).en;
        format!(" If it is {word:?} ({name}), say so in the mapping of columns.")
    });
    Remark::new(
        "unused_column",
        format!("この列は取り込みません。{}", ja.unwrap_or_default()),
        format!("This column is not imported.{}", en.unwrap_or_default()),
    )
    .suggesting(near)
}

fn day_of_consent() -> Remark {
    Remark::new(
        "day_of_consent",
        "同意すると答えた人の同意日として使います。同意日でない場合は、mapping でこの列を空にしてください。",
        "This is the day of the consent of those who agree. If it isn't, map this column to nothing.",
    )
}

fn same_field(first: &str, reading: &ColumnReading, field: &str) -> Remark {
    let own = &reading.heading;
    Remark::new(
        "same_field",
        format!(
            "列「{first}」と「{own}」は同じ項目（{field}）です。空欄でない最初の値を取り込みます。違う項目の場合は、列の意味（mapping）で指定してください。"
        ),
        format!(
            "The columns {first:?} and {own:?} mean the same field. The first value that isn't empty is imported. If one is another field, say so in the mapping of columns."
        ),
    )
}

fn field_name(target: &Target) -> String {
    match target {
        Target::Field { name, .. } | Target::Answer { name, .. } => (*name).to_owned(),
        Target::Skill(code) => format!("skill:{code}"),
        Target::DayParts { .. } => "day_parts".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_from_names() {
        for name in ["佐藤 花子", "林 薫", "さとう", "Kim"] {
            assert!(is_worded(name), "{name}");
        }
        for answer in ["○", "×", "有", "はい", "いいえ", "なし", "-", "NG"] {
            assert!(!is_worded(answer), "{answer}");
        }
    }

    #[test]
    fn names_are_told_from_their_readings() {
        let both = Some(("佐藤 花子", "さとう はなこ"));
        for text in [
            "佐藤 花子（さとう はなこ）",
            "佐藤 花子\nさとう はなこ",
            "佐藤 花子・さとう はなこ",
            "さとう はなこ／佐藤 花子",
            "さとう はなこ（佐藤 花子）",
            "佐藤 花子 さとう はなこ",
        ] {
            assert_eq!(split_reading(text, true), both, "{text}");
        }
        assert_eq!(
            split_reading("佐藤花子 サトウハナコ", true),
            Some(("佐藤花子", "サトウハナコ"))
        );
        for text in [
            "佐藤 はなこ",
            "長谷川 さくらこ",
            "佐藤 花子",
            "ジョン・スミス",
            "佐藤・マリア",
            "マリア・佐藤",
            "マリア（田中）",
            "",
        ] {
            assert_eq!(split_reading(text, true), None, "{text}");
        }
        assert_eq!(
            split_reading("さとう（サトウ）", true),
            Some(("さとう", "サトウ"))
        );
        // A group may be called so.
        assert_eq!(split_reading("ふれあい・港サロン", false), None);
        assert_eq!(
            split_reading("すみれ会（すみれかい）", false),
            Some(("すみれ会", "すみれかい"))
        );
    }
}
