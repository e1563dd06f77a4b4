//! A batch of rows: which record each row is about, and what it does to that record.
//!
//! A row that made the current version of its record is recognised by its hash before it is parsed. That
//! makes importing the same file again cheap. Only a row in which something was found is parsed again, so that the
//! report says what is wrong with the file each time it is sent.

use super::lines::{Lines, Part, other_line};
use super::names::{Names, known_by_name, possible_duplicate, written_otherwise};
use super::people::{self, RowPerson};
use super::store::{self, writes, writes::RecordWrite};
use super::{ConflictPolicy, Import, ImportProgress};
use crate::auth::secret::KeyedDigest;
use crate::auth::{RecordKind, check_properties};
use crate::changes::{self, Action};
use crate::db::{Db, Id, Instant};
use crate::error::{Error, Result};
use crate::imports::columns::Columns;
use crate::imports::fields::Context;
use crate::imports::finding::{Finding, Severity, access_denied, missing_area, not_among_yours};
use crate::imports::kinds::layout::{BLANK, blank_rows, no_record, other_delimiter};
use crate::imports::kinds::reading::Reading;
use crate::imports::kinds::record::{DERIVED_ID, Record};
use crate::imports::kinds::sections::{FROM_TITLE, from_title};
use crate::imports::log::Log;
use crate::reach::SOURCE_LENGTH;
use crate::workers::is_partners;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tables::cells::{normalize, one_line};
use tables::{Remark, Row, Survey};

/// What the batches of an import have in common.
pub struct BatchContext<'b> {
    pub job: &'b Import,
    pub columns: &'b Columns,
    pub survey: &'b Survey,
    pub context: &'b Context<'b>,
    /// Starts every row's hash: everything except the cells that decides what a row means (columns,
    /// catalogue, format of the hash).
    pub seed: &'b [u8],
    pub digests: &'b KeyedDigest,
    /// The names of the file, if people without ids have come from its source before.
    pub names: Option<Names>,
    /// Whether ids of its source begin with a 0.
    pub has_padded_ids: bool,
    /// The organizations of the file that have several lines.
    pub lines: Option<Lines>,
}

/// The external ids that a file had so far, as hashes.
#[derive(Default)]
pub struct ExternalIds(HashMap<u64, Claim>);

/// The row that has an external id.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    line: u32,
    /// Whether it came in: one that was rejected leaves the id to the rows below it.
    came_in: bool,
}

impl ExternalIds {
    pub fn contains(&self, external_id: &str) -> bool {
        self.0.contains_key(&hash(external_id))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn extend(&mut self, more: Vec<(u64, Claim)>) {
        for (id, claim) in more {
            let known = self.0.entry(id).or_insert(claim);
            if !known.came_in {
                *known = claim;
            }
        }
    }
}

fn hash(text: &str) -> u64 {
    first_bytes(&Sha256::digest(text))
}

/// Returns the hash that is kept of a row in which something was found.
fn with_findings(row_hash: i64) -> i64 {
    !row_hash
}

fn first_bytes(digest: &[u8]) -> u64 {
    digest.iter().take(8).fold(0, |n, byte| n << 8 | u64::from(*byte))
}

/// What a batch of rows did.
#[derive(Default)]
pub struct BatchOutcome {
    pub counts: ImportProgress,
    pub findings: Vec<Finding>,
    pub writes: Vec<RecordWrite>,
    /// The batch's external ids, as hashes, with their rows.
    pub external_ids: Vec<(u64, Claim)>,
    /// Whom the rows name.
    pub people: Vec<RowPerson>,
}

/// One row, with the record that it is about.
struct Candidate<'r, R: Record> {
    row: &'r Row,
    reading: Reading<'r>,
    external_id: String,
    /// The id that an earlier version derived for a row without one.
    former_id: Option<String>,
    /// The id of a row without one if another person has what identifies it: a couple with one number.
    own_id: Option<String>,
    /// What a row in a copy of its sheet says, too, if the rows of each sheet are numbered.
    numbered: Option<u64>,
    /// Its external ids as hashes, the one that counts first.
    ids: Vec<u64>,
    row_hash: i64,
    /// The finding of a row that is about the organization of a row further up.
    other_line: Option<Remark>,
    /// The source that the row states, or that of the import.
    stated_source: String,
    /// The source of its record.
    source: String,
    /// The record whose id the row states.
    stated: Option<Stated>,
    /// The id that the row states if no record has it.
    free_id: Option<Id>,
    /// Whether its record had neither a source nor an id there.
    is_unnamed: bool,
    /// Id and version of the record, if it exists.
    existing: Option<(Id, i64)>,
    /// The parsed row, if it had to be parsed to find its record.
    details: Option<R::Details>,
    /// Whether the row made the current version of its record, and something was found in it then.
    is_repeated: bool,
    fate: Fate,
}

/// A record that a row names by its id, as Musubi's own exports do. It keeps its source and its id there.
#[derive(Clone)]
struct Stated {
    id: Id,
    version: i64,
    source: Option<String>,
    external_id: Option<String>,
    /// Whether the sender may write it. Others they only read.
    is_own: bool,
}

/// A record that a row may be about.
struct Known {
    source: String,
    /// The source that rows about it state.
    stated_source: String,
    id: Id,
    version: i64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Open,
    Unchanged,
    Skipped,
    Rejected,
}

/// Applies rows to their records, and writes the records if there is a log for them.
pub fn apply<'r, R: Record>(
    db: &mut Db,
    batch: &BatchContext<'r>,
    rows: &'r [Row],
    earlier: &ExternalIds,
    log: Option<&mut Log>,
) -> Result<BatchOutcome> {
    let mut candidates: Vec<Candidate<R>> = Vec::with_capacity(rows.len());
    let readings: Vec<Reading> = rows.iter().map(|row| batch.read(row)).collect();
    let mut references = R::refer(db, &readings, batch.context)?;
    let stated_ids = StatedIds::find::<R>(db, batch, &readings)?;
    for (row, mut reading) in rows.iter().zip(readings) {
        let (mut row_hash, mut about) = (batch.row_hash(row), None);
        match batch
            .lines
            .as_ref()
            .and_then(|lines| lines.part(&reading, row_hash, batch.context))
        {
            Some(Part::First(below)) => {
                reading.add_below(below);
                let texts = below.iter().flat_map(|one| [one.text.as_str(), "\n"]);
                let texts: String = texts.collect();
                if !texts.is_empty() {
                    row_hash ^= hash(&texts) as i64;
                }
            }
            Some(Part::Other(sheet, line, is_whole)) => about = Some(other_line(sheet, line, is_whole)),
            None => {}
        }
        let own_id = |text: &str| match batch.columns.is_own_export() {
            true => text.to_owned(),
            false => one_line(text),
        };
        let mut external_id = reading.code("external_id").map(own_id).unwrap_or_default();
        let mut numbered = None;
        if let Some(of_sheet) = number_in_sheet(batch.survey.sheet_of(row), &external_id) {
            numbered = numbered_row(&reading);
            external_id = of_sheet;
        }
        let mut stated_source = batch.source_of(&mut reading);
        let (stated, free_id) = match record_id(&reading) {
            Some(id) => stated_ids.of(id),
            None => (None, None),
        };
        if record_id(&reading).is_some() && stated.is_none() && batch.job.areas.is_some() {
            reading.reject("record_id", not_among_yours());
        }
        let is_unnamed = free_id.is_some()
            && reading.is_stored()
            && external_id.is_empty()
            && reading.text("source").is_none();
        if let Some(stated) = &stated {
            stated_source = stated.source.clone().unwrap_or(stated_source);
            let own = stated.external_id.clone();
            external_id = own.unwrap_or_else(|| record_name(stated.id));
        } else if let Some(id) = free_id.filter(|_| is_unnamed) {
            external_id = record_name(id);
        }
        let (mut details, mut former_id, mut own_id) = (None, None, None);
        if external_id.is_empty() && !reading.is_rejected() && !reading.is_skipped {
            details = R::understand(&mut reading, None, &references, batch.context);
            if let Some(details) = &details {
                let likeness = R::likeness(details);
                external_id = batch.derived(&likeness);
                former_id = Some(formerly_derived(&likeness));
                own_id = R::namesake(details).map(|name| batch.derived(&format!("{likeness}\n{name}")));
            }
        }
        let fate = match reading.is_rejected() {
            true => Fate::Rejected,
            false if reading.is_skipped => Fate::Skipped,
            false => Fate::Open,
        };
        candidates.push(Candidate {
            row,
            reading,
            external_id,
            former_id,
            own_id,
            numbered,
            ids: Vec::new(),
            row_hash,
            other_line: about,
            source: stated_source.clone(),
            stated_source,
            stated,
            free_id,
            is_unnamed,
            existing: None,
            details,
            is_repeated: false,
            fate,
        });
    }
    let mut outcome = BatchOutcome::default();
    let mut before = match_records(db, batch, &mut candidates, earlier, &references, &mut outcome)?;
    refuse_erased(db, batch, &mut candidates)?;
    let now = Instant::now();
    let open = candidates.iter().filter(|c| c.fate == Fate::Open);
    let ids: BTreeSet<Id> = open.filter_map(|c| c.existing.map(|(id, _)| id)).collect();
    before.retain(|id, _| ids.contains(id));
    let ids: Vec<Id> = ids.into_iter().filter(|id| !before.contains_key(id)).collect();
    before.extend(R::load(db, &ids)?.into_iter().map(|record| (record.id(), record)));
    R::recall(db, &before, &mut references)?;
    let (mut created, mut updated) = (Vec::new(), Vec::new());
    let mut came_in: HashMap<u64, u32> = HashMap::new();
    for candidate in &mut candidates {
        if candidate.fate == Fate::Rejected {
            continue;
        }
        if let Some(first) = candidate.ids.first().and_then(|id| came_in.get(id)) {
            candidate.is_of_record(*first);
            continue;
        }
        let effect = match candidate.fate {
            Fate::Open => {
                let known = candidate.existing.and_then(|(id, _)| before.get(&id));
                effect::<R>(candidate, known, batch, &references, now)?
            }
            _ => RowEffect::Nothing,
        };
        if candidate.is_repeated {
            // It is done, whatever it would do today. Only what was found in it counts.
            candidate.fate = Fate::Unchanged;
            let findings = &mut candidate.reading.findings;
            findings.retain(|finding| finding.severity == Severity::Warning);
        }
        if candidate.fate == Fate::Rejected {
            continue;
        }
        came_in.extend(candidate.ids.iter().map(|id| (*id, candidate.line())));
        R::came_in(&candidate.reading, &mut references);
        if candidate.is_repeated {
            continue;
        }
        let row_hash = match candidate.reading.findings.is_empty() {
            true => candidate.row_hash,
            false => with_findings(candidate.row_hash),
        };
        match effect {
            RowEffect::Create(record) => {
                if R::KIND == RecordKind::Workers {
                    let person = people::of_record(batch.digests, candidate.row.line, record.id());
                    outcome.people.push(person);
                }
                created.push((record, row_hash));
            }
            RowEffect::Update(record, old) => updated.push((record, old, row_hash)),
            RowEffect::Nothing => {}
        }
    }
    let came_in = came_in.into_iter();
    outcome
        .external_ids
        .extend(came_in.map(|(id, line)| (id, Claim { line, came_in: true })));
    outcome.counts.created = created.len() as u64;
    outcome.counts.updated = updated.len() as u64;
    for candidate in candidates {
        outcome.people.extend(batch.people(&candidate));
        match candidate.fate {
            Fate::Open => {}
            Fate::Unchanged => outcome.counts.unchanged += 1,
            Fate::Skipped => outcome.counts.skipped += 1,
            Fate::Rejected => outcome.counts.rejected += 1,
        }
        let sheet = batch.survey.sheet_of(candidate.row);
        let in_sheet = |finding| Finding {
            sheet: sheet.map(str::to_owned),
            ..finding
        };
        outcome
            .findings
            .extend(candidate.reading.into_findings().into_iter().map(in_sheet));
    }
    say_once(&mut outcome.findings, |one| one.code == BLANK, blank_rows);
    let titles = outcome.findings.iter().filter(|one| one.code == FROM_TITLE);
    let places: BTreeSet<Option<String>> = titles.map(|one| one.suggestion.clone()).collect();
    for place in places {
        let is_it = |one: &Finding| one.code == FROM_TITLE && one.suggestion == place;
        let text = place.as_deref().unwrap_or_default();
        say_once(&mut outcome.findings, is_it, |rows| from_title(text, rows));
    }
    outcome.counts.rows_read = rows.len() as u64;
    if let Some(log) = log {
        write_records(db, log, created, updated, &mut outcome)?;
    }
    Ok(outcome)
}

/// Leaves one finding where many rows have the same: the blank rows of a form, and those whose place stands in a title.
fn say_once(
    findings: &mut Vec<Finding>,
    is_it: impl Fn(&Finding) -> bool,
    of_rows: impl Fn(usize) -> Remark,
) {
    let count = findings.iter().filter(|finding| is_it(finding)).count();
    let Some(first) = findings.iter().position(&is_it).filter(|_| count > 1) else {
        return;
    };
    if let Some(finding) = findings.get_mut(first) {
        finding.message = of_rows(count).message;
    }
    let mut at = 0;
    findings.retain(|finding| {
        at += 1;
        at == first + 1 || !is_it(finding)
    });
}

/// The records that rows may be about, by their external ids.
type ByExternalId = HashMap<String, Vec<Known>>;

/// Finds the records with these external ids of each source that rows state.
fn find_known<R: Record>(
    db: &mut Db,
    batch: &BatchContext,
    named: &BTreeMap<String, Vec<&str>>,
    by_external_id: &mut ByExternalId,
) -> Result<()> {
    for (stated_source, named) in named {
        for source in batch.context.reach.sources(stated_source) {
            for (external_id, id, version, area) in R::known(db, &source, named)? {
                // A record elsewhere may have the same name. Nobody learns whether there is one.
                if batch.job.may_write(area.as_deref()) {
                    let (source, stated_source) = (source.clone(), stated_source.clone());
                    let known = Known {
                        source,
                        stated_source,
                        id,
                        version,
                    };
                    by_external_id.entry(external_id).or_default().push(known);
                }
            }
        }
    }
    Ok(())
}

/// Finds the records of rows whose ids a spreadsheet has made numbers: 0001 has become 1. One of them has to have the name.
fn restore_zeros<R: Record>(
    db: &mut Db,
    batch: &BatchContext,
    candidates: &mut [Candidate<R>],
    references: &R::References,
    by_external_id: &mut ByExternalId,
) -> Result<()> {
    /// Digits of the longest id that is looked for.
    const LONGEST: usize = 10;
    if R::KIND != RecordKind::Workers || !batch.job.reads_personal {
        return Ok(());
    }
    let others = |candidate: &Candidate<R>| -> Vec<String> {
        let (id, sheet) = (&candidate.external_id, batch.survey.sheet_of(candidate.row));
        let number = sheet.and_then(|sheet| id.strip_prefix(sheet)?.strip_prefix(':'));
        let number = number.unwrap_or(id);
        let bare = number.trim_start_matches('0');
        let is_number = !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_digit());
        let may_be_cut = is_number && (batch.has_padded_ids || sheet.is_some() || bare.len() < number.len());
        let all = (bare.len()..=LONGEST).map(|width| format!("{bare:0>width$}"));
        let all = all.map(|other| number_in_sheet(sheet, &other).unwrap_or(other));
        all.filter(|other| may_be_cut && other != id).collect()
    };
    let mut unknown: Vec<(&mut Candidate<R>, Vec<String>)> = Vec::new();
    for candidate in candidates.iter_mut() {
        let states_id = candidate.stated.is_none() && candidate.details.is_none();
        if states_id && candidate.fate == Fate::Open && !by_external_id.contains_key(&candidate.external_id) {
            let others = others(&*candidate);
            unknown.push((candidate, others));
        }
    }
    unknown.retain(|(_, others)| !others.is_empty());
    if unknown.is_empty() {
        return Ok(());
    }
    let mut named: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (candidate, others) in &unknown {
        let of_source = named.entry(candidate.stated_source.clone()).or_default();
        of_source.extend(others.iter().map(String::as_str));
    }
    let mut found = ByExternalId::new();
    find_known::<R>(db, batch, &named, &mut found)?;
    let ids: Vec<Id> = found.values().flatten().map(|known| known.id).collect();
    let records = R::load(db, &ids)?.into_iter();
    let records: HashMap<Id, R> = records.map(|record| (record.id(), record)).collect();
    for (candidate, others) in unknown {
        let of_source = |id: &String| {
            let known = found.get(id).into_iter().flatten();
            let mut known = known.filter(|known| known.stated_source == candidate.stated_source);
            known.next().map(|known| (id.clone(), known.id))
        };
        let all: Vec<(String, Id)> = others.iter().filter_map(of_source).collect();
        if all.is_empty() {
            continue;
        }
        let name = R::understand(&mut candidate.reading, None, references, batch.context);
        let name = name.and_then(|details| R::plain_name(&details));
        candidate.reading.begin_again();
        let own = |id: &Id| records.get(id).and_then(|record| R::plain_name(record.details()));
        let mut same = all.iter().filter(|(_, id)| name.is_some() && own(id) == name);
        if let (Some((external_id, _)), None) = (same.next(), same.next()) {
            candidate
                .reading
                .warn_first("external_id", zeros_restored(external_id));
            candidate.external_id.clone_from(external_id);
        }
    }
    for (external_id, known) in found {
        by_external_id.entry(external_id).or_default().extend(known);
    }
    Ok(())
}

/// Finds the records that rows are about, and decides the rows that need no parsing. Returns the records that it had to look at.
fn match_records<R: Record>(
    db: &mut Db,
    batch: &BatchContext,
    candidates: &mut [Candidate<R>],
    earlier: &ExternalIds,
    references: &R::References,
    outcome: &mut BatchOutcome,
) -> Result<HashMap<Id, R>> {
    let mut named: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for candidate in candidates.iter().filter(|one| one.stated.is_none()) {
        let ids = candidate.former_id.as_deref().into_iter();
        let ids = ids.chain(candidate.own_id.as_deref());
        let ids = ids.chain([candidate.external_id.as_str()]);
        let of_source = named.entry(candidate.stated_source.clone()).or_default();
        of_source.extend(ids.filter(|id| !id.is_empty()));
    }
    let mut by_external_id = ByExternalId::new();
    find_known::<R>(db, batch, &named, &mut by_external_id)?;
    restore_zeros(db, batch, candidates, references, &mut by_external_id)?;
    let stated = candidates
        .iter()
        .filter_map(|one| one.stated.as_ref().map(|stated| stated.id));
    let known = by_external_id.values().flatten().map(|known| known.id);
    let ids: Vec<Id> = known.chain(stated).collect();
    let row_hashes = writes::row_hashes(db, &ids)?;
    let looked_at = sharers(db, batch, candidates, &by_external_id, &row_hashes)?;
    let mut here: HashMap<u64, u32> = HashMap::new();
    for candidate in candidates.iter_mut().filter(|c| !c.external_id.is_empty()) {
        // One id may be that of two records if their sources differ.
        let in_source = |id: &str| match candidate.stated_source == batch.context.source {
            true => hash(id),
            false => hash(&format!("{}\n{id}", candidate.stated_source)),
        };
        let own_key = candidate.own_id.as_deref().map(in_source);
        let is_taken = |key: &u64| {
            let above = earlier.0.get(key).map(|claim| claim.line);
            above.or_else(|| here.get(key).copied())
        };
        let is_known = candidate
            .own_id
            .as_ref()
            .is_some_and(|id| by_external_id.contains_key(id));
        let is_shared = is_taken(&in_source(&candidate.external_id)).is_some();
        let another = match is_known || is_shared {
            true => None,
            false => contact_of_another(candidate, batch, &by_external_id, &looked_at),
        };
        let is_own = is_known || is_shared || another.is_some();
        if let Some(own_id) = candidate.own_id.take_if(|_| is_own) {
            candidate.external_id = own_id;
            candidate.former_id = None;
            let details = candidate.details.as_ref();
            let may_be = |one: &&R| {
                details.is_some_and(|details| {
                    one.may_be_written_anew(details) && !stands_elsewhere(*one, details, batch)
                })
            };
            if let Some(other) = another.filter(may_be) {
                let field = name_field(&candidate.reading);
                candidate.reading.warn(field, written_otherwise(other.id()));
            }
        }
        let key = in_source(&candidate.external_id);
        let former_key = candidate.former_id.as_deref().map(in_source);
        candidate.source = batch.own_source(&candidate.stated_source, &candidate.reading);
        let of_record = |external_id: &String| {
            let known = by_external_id.get(external_id)?.iter();
            let known = known.filter(|known| known.stated_source == candidate.stated_source);
            known.min_by_key(|known| {
                (
                    known.source != candidate.source,
                    known.source != candidate.stated_source,
                )
            })
        };
        let copied = candidate.numbered.as_ref().and_then(is_taken);
        let has_record = candidate.stated.is_some() || of_record(&candidate.external_id).is_some();
        let is_there = is_taken(&key).is_some();
        let is_other_line = candidate.fate == Fate::Open && (is_there || !has_record);
        if let Some(remark) = candidate.other_line.take_if(|_| is_other_line) {
            candidate.reading.skip(remark);
            candidate.fate = Fate::Skipped;
            continue;
        }
        // Whether a row further up in this batch comes in isn't known yet. Who has two rows is one person all the same.
        let above = match R::KIND {
            RecordKind::Workers => is_taken(&key),
            _ => earlier
                .0
                .get(&key)
                .filter(|claim| claim.came_in)
                .map(|claim| claim.line),
        };
        if let Some(first) = above {
            candidate.is_of_record(first);
            continue;
        }
        // A row that has a record by now keeps it.
        if let Some(first) = copied.filter(|_| !has_record && candidate.fate == Fate::Open) {
            candidate.reading.warn("external_id", copied_row(first));
            candidate.fate = Fate::Skipped;
            continue;
        }
        let line = candidate.line();
        candidate.ids = [Some(key), former_key, own_key].into_iter().flatten().collect();
        here.extend(
            [key]
                .into_iter()
                .chain(candidate.numbered)
                .chain(own_key)
                .map(|id| (id, line)),
        );
        let ids = candidate.ids.iter().copied().chain(candidate.numbered);
        outcome
            .external_ids
            .extend(ids.map(|id| (id, Claim { line, came_in: false })));
        let stated = candidate.stated.as_ref().map(|stated| Known {
            source: stated.source.clone().unwrap_or_default(),
            stated_source: String::new(),
            id: stated.id,
            version: stated.version,
        });
        let known = stated.as_ref().or_else(|| of_record(&candidate.external_id));
        let has_former_id = known.is_none();
        let Some(known) = known.or_else(|| of_record(candidate.former_id.as_ref()?)) else {
            continue;
        };
        let (id, version, source) = (known.id, known.version, known.source.clone());
        candidate.existing = Some((id, version));
        candidate.source = source;
        if candidate.fate != Fate::Open {
            continue;
        }
        // A record that still has its former id gets the new one.
        let made_by = |hash| !has_former_id && row_hashes.get(&id) == Some(&(hash, version));
        candidate.is_repeated = made_by(with_findings(candidate.row_hash));
        match made_by(candidate.row_hash) {
            true => candidate.fate = Fate::Unchanged,
            false if candidate.is_repeated => {}
            false => candidate.exists(batch.job.options.on_conflict),
        }
    }
    let is_taken = |id: &str| earlier.contains(id) || here.contains_key(&hash(id));
    match_by_name(db, batch, candidates, is_taken, outcome)?;
    Ok(looked_at)
}

/// Loads the records that have the number or the address of a row without an id, unless the row made them: they may be of
/// somebody else.
fn sharers<R: Record>(
    db: &mut Db,
    batch: &BatchContext,
    candidates: &[Candidate<R>],
    by_external_id: &ByExternalId,
    row_hashes: &HashMap<Id, (i64, i64)>,
) -> Result<HashMap<Id, R>> {
    // Who may not read names doesn't learn by guesses whose number it is.
    let candidates = candidates.iter().filter(|_| batch.job.reads_personal);
    let with_contact = candidates.filter(|one| one.own_id.is_some() && one.fate == Fate::Open);
    let ids = with_contact.flat_map(|one| {
        let made = [one.row_hash, with_findings(one.row_hash)];
        let is_made = move |known: &&Known| {
            let made_by = row_hashes.get(&known.id);
            made_by.is_some_and(|(hash, version)| *version == known.version && made.contains(hash))
        };
        let ids = [Some(&one.external_id), one.former_id.as_ref()]
            .into_iter()
            .flatten();
        let known = ids.filter_map(|id| by_external_id.get(id)).flatten();
        known.filter(move |known| !is_made(known)).map(|known| known.id)
    });
    let ids: BTreeSet<Id> = ids.collect();
    let records = R::load(db, &ids.into_iter().collect::<Vec<_>>())?.into_iter();
    Ok(records.map(|record| (record.id(), record)).collect())
}

/// Returns the record with a row's number or address that is of somebody else: by its name, or since that stands in another row.
fn contact_of_another<'l, R: Record>(
    candidate: &Candidate<R>,
    batch: &BatchContext,
    by_external_id: &ByExternalId,
    looked_at: &'l HashMap<Id, R>,
) -> Option<&'l R> {
    let details = candidate.details.as_ref()?;
    let ids = [Some(&candidate.external_id), candidate.former_id.as_ref()];
    let known = ids.into_iter().flatten().filter_map(|id| by_external_id.get(id));
    let known = known
        .flatten()
        .filter(|known| known.stated_source == candidate.stated_source);
    let mut records = known.filter_map(|known| looked_at.get(&known.id));
    records.find(|&record| record.has_contact_of_another(details) || stands_elsewhere(record, details, batch))
}

/// Returns whether the name of a record, which isn't that of a row, stands in another row.
fn stands_elsewhere<R: Record>(record: &R, details: &R::Details, batch: &BatchContext) -> bool {
    let known = R::plain_name(record.details());
    let names = batch.names.as_ref();
    known != R::plain_name(details)
        && known.is_some_and(|name| names.is_some_and(|names| names.contains(&name)))
}

/// Returns the field with somebody's name, or its beginning.
fn name_field(reading: &Reading) -> &'static str {
    match reading.text("name") {
        Some(_) => "name",
        None => "family_name",
    }
}

impl<R: Record> Candidate<'_, R> {
    fn line(&self) -> u32 {
        self.row.line.min(u64::from(u32::MAX)) as u32
    }

    /// Rejects a row about the record of a row further up.
    fn is_of_record(&mut self, first: u32) {
        let (ja, en) = (
            format!("{first}行目と同じ記録の行です。"),
            format!("Line {first} is about the same record."),
        );
        self.reading
            .reject("external_id", Remark::new("duplicate_row", ja, en));
        self.fate = Fate::Rejected;
    }

    /// Decides about a row whose record exists and may change.
    fn exists(&mut self, on_conflict: ConflictPolicy) {
        match on_conflict {
            ConflictPolicy::Update => {}
            ConflictPolicy::Skip => self.fate = Fate::Skipped,
            ConflictPolicy::Fail => {
                let (ja, en) = ("すでに登録されています。", "This record already exists.");
                self.reading
                    .reject("external_id", Remark::new("already_exists", ja, en));
                self.fate = Fate::Rejected;
            }
        }
    }
}

/// Finds the records of rows without ids whose number or address nobody has. If one person of their source has their name, and
/// nobody else of the file does, theirs has changed; where two may be meant, the row says so.
fn match_by_name<R: Record>(
    db: &mut Db,
    batch: &BatchContext,
    candidates: &mut [Candidate<R>],
    is_taken: impl Fn(&str) -> bool,
    outcome: &mut BatchOutcome,
) -> Result<()> {
    let Some(names) = &batch.names else {
        return Ok(());
    };
    let source = &batch.context.source;
    let name_of = |one: &Candidate<R>| {
        let is_new = one.fate == Fate::Open && one.existing.is_none() && one.stated_source == *source;
        R::plain_name(one.details.as_ref().filter(|_| is_new)?)
    };
    let wanted: BTreeSet<String> = candidates.iter().filter_map(name_of).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let mut known: HashMap<String, Vec<R>> = HashMap::new();
    for record in R::with_names(db, &batch.context.reach.sources(source), &wanted)? {
        let name = R::plain_name(record.details());
        if let Some(name) = name.filter(|_| batch.job.may_write(R::area(record.details()))) {
            known.entry(name).or_default().push(record);
        }
    }
    let mut found = BTreeSet::new();
    for candidate in candidates {
        let Some(name) = name_of(candidate) else { continue };
        let Some(details) = &candidate.details else {
            continue;
        };
        let alike = known.get(&name).into_iter().flatten();
        let alike: Vec<&R> = alike.filter(|one| one.may_be(details)).collect();
        let Some(first) = alike.first().copied() else {
            continue;
        };
        // Whoever has the number or the address as well is meant, though another one came first or it is written differently.
        let mut reached = alike.iter().copied().filter(|one| one.shares_contact(details));
        let (reached, is_sure) = match (reached.next(), reached.next()) {
            (Some(one), None) => (one, true),
            _ => (first, false),
        };
        let first = reached;
        let external_id = first.external_id().unwrap_or_default();
        let is_known_by_name = alike.len() == 1 && first.is_in_use(details) && names.is_alone(&name);
        let is_the_one = (is_sure || is_known_by_name) && !is_taken(external_id) && found.insert(first.id());
        let field = name_field(&candidate.reading);
        if !is_the_one {
            candidate.reading.warn(field, possible_duplicate(first.id()));
            continue;
        }
        // Whatever the file says below, it has this person.
        let claim = Claim {
            line: candidate.line(),
            came_in: true,
        };
        outcome.external_ids.push((hash(external_id), claim));
        candidate.existing = Some((first.id(), first.version()));
        let mut of_record = first.details().clone();
        candidate.source = R::origin(&mut of_record).0.take().unwrap_or_default();
        candidate.exists(batch.job.options.on_conflict);
        if candidate.fate == Fate::Open {
            candidate.reading.begin_again();
            if !is_sure {
                candidate.reading.warn_first(field, known_by_name());
            }
        }
    }
    Ok(())
}

/// Rejects rows about people who were erased after the file was sent.
fn refuse_erased<R: Record>(
    db: &mut Db,
    batch: &BatchContext,
    candidates: &mut [Candidate<R>],
) -> Result<()> {
    let sent = batch.job.created_at;
    if R::KIND != RecordKind::Workers || !store::people::is_anyone_erased_since(db, sent)? {
        return Ok(());
    }
    // Somebody with the same name may be somebody else.
    let people: Vec<BTreeSet<u64>> = candidates.iter().map(|one| batch.identities(one)).collect();
    let forms = people.iter().flatten().flat_map(|key| people::forms(*key));
    let erased = store::people::erased_since(db, sent, forms)?;
    for (candidate, people) in candidates.iter_mut().zip(people) {
        if candidate.fate != Fate::Rejected && erased.is_named(&people) {
            let remark = Remark::new(
                "person_erased",
                "この人の登録は、ファイルの送信後に消去されました。別の人の場合は、もう一度送信してください。",
                "This person was erased after the file was sent. If it is somebody else, send the row again.",
            );
            candidate.reading.findings = vec![Finding::new(
                candidate.row.line,
                None,
                "",
                remark,
                Severity::Error,
            )];
            candidate.fate = Fate::Rejected;
        }
    }
    Ok(())
}

/// Returns the ids in its source that the worker of a row may have.
fn own_ids<'c, R: Record>(candidate: &'c Candidate<R>) -> impl Iterator<Item = &'c str> {
    let ids = [
        Some(candidate.external_id.as_str()),
        candidate.former_id.as_deref(),
    ];
    let ids = ids.into_iter().flatten();
    ids.filter(|id| !id.is_empty() && R::KIND == RecordKind::Workers)
}

/// Returns what stands for the number of a row in its sheet, if several are read: each counts its rows from 1.
fn number_in_sheet(sheet: Option<&str>, external_id: &str) -> Option<String> {
    let is_row_number =
        (1..=6).contains(&external_id.len()) && external_id.bytes().all(|b| b.is_ascii_digit());
    Some(format!("{}:{external_id}", sheet.filter(|_| is_row_number)?))
}

/// Returns the hash of the number of a row with whom it names and where: another sheet that has them all is a copy.
fn numbered_row(reading: &Reading) -> Option<u64> {
    let text = |field: &'static str| reading.text(field).unwrap_or_default();
    let name = ["name", "family_name", "given_name"].map(text).concat();
    let others = [
        "external_id",
        "email",
        "contact_email",
        "phone",
        "contact_phone",
        "area",
    ]
    .map(text);
    (!name.is_empty()).then(|| hash(&format!("{name}\n{}", others.join("\n"))))
}

/// Returns the id that a row states for its record.
fn record_id(reading: &Reading) -> Option<Id> {
    reading.text("record_id")?.parse().ok().map(Id)
}

/// Returns what stands for the external id of a record that has none.
fn record_name(id: Id) -> String {
    format!("record:{id}")
}

/// The ids that rows state for their records.
struct StatedIds {
    /// The records that the sender reads.
    known: HashMap<Id, Stated>,
    /// The ids that no new record may get: of records that the sender doesn't reach, or that were deleted.
    taken: BTreeSet<Id>,
}

impl StatedIds {
    fn find<R: Record>(db: &mut Db, batch: &BatchContext, readings: &[Reading]) -> Result<StatedIds> {
        let ids: Vec<Id> = readings.iter().filter_map(record_id).collect();
        let (mut known, mut taken) = (HashMap::new(), BTreeSet::new());
        if ids.is_empty() {
            return Ok(StatedIds { known, taken });
        }
        let readable = match batch.job.areas {
            Some(_) => R::readable(db, &batch.context.reach, &ids)?,
            None => BTreeSet::new(),
        };
        for record in R::load(db, &ids)? {
            taken.insert(record.id());
            let is_own = batch.job.may_write(R::area(record.details()));
            if !is_own && !readable.contains(&record.id()) {
                continue;
            }
            let mut details = record.details().clone();
            let (source, external_id) = R::origin(&mut details);
            let stated = Stated {
                id: record.id(),
                version: record.version(),
                source: source.take(),
                external_id: external_id.take(),
                is_own,
            };
            known.insert(stated.id, stated);
        }
        let unknown: Vec<Id> = ids.into_iter().filter(|id| !taken.contains(id)).collect();
        if !unknown.is_empty() {
            taken.extend(changes::store::deleted(db, &unknown)?);
        }
        Ok(StatedIds { known, taken })
    }

    /// Returns the record with an id, or else the id if a new record may get it.
    fn of(&self, id: Id) -> (Option<Stated>, Option<Id>) {
        let known = self.known.get(&id).cloned();
        (known, Some(id).filter(|id| !self.taken.contains(id)))
    }
}

/// Returns details in which a text that is only written differently (（ほし） and (ほし)) is as it was before.
fn with_stored_spelling<D: serde::Serialize + serde::de::DeserializeOwned>(
    after: &D,
    before: &D,
) -> Result<D> {
    let mut value = json(after)?;
    keep_spelling(&mut value, &json(before)?);
    serde_json::from_value(value).map_err(|e| Error::Internal(e.to_string()))
}

fn keep_spelling(after: &mut serde_json::Value, before: &serde_json::Value) {
    use serde_json::Value;
    match (after, before) {
        (Value::String(after), Value::String(before)) => {
            let plain = |text: &str| normalize(text).map(|text| one_line(&text)).ok();
            if after != before && plain(after).is_some_and(|own| Some(own) == plain(before)) {
                after.clone_from(before);
            }
        }
        (Value::Object(after), Value::Object(before)) => {
            for (name, value) in after {
                match before.get(name) {
                    Some(before) if name == "phone" && is_same_number(value, before) => {
                        value.clone_from(before);
                    }
                    Some(before) => keep_spelling(value, before),
                    None => {}
                }
            }
        }
        (Value::Array(after), Value::Array(before)) => {
            for (value, before) in after.iter_mut().zip(before) {
                keep_spelling(value, before);
            }
        }
        // A sheet doesn't tell no text from an empty one, and no contact from one without members.
        (after @ Value::Null, before) if is_nothing(before) => after.clone_from(before),
        _ => {}
    }
}

/// Returns whether two phone numbers differ by their hyphens and brackets only.
fn is_same_number(after: &serde_json::Value, before: &serde_json::Value) -> bool {
    let is_sign = |c: char| c.is_whitespace() || "-()‐‑–—−ー".contains(c);
    let bare = |value: &serde_json::Value| {
        let text = normalize(value.as_str()?).ok()?;
        Some(text.replace(is_sign, "")).filter(|bare| !bare.is_empty())
    };
    bare(after).is_some_and(|after| Some(after) == bare(before))
}

fn is_nothing(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Object(members) => members.values().all(|member| {
            is_nothing(member)
                || *member == Value::Bool(false)
                || member.as_array().is_some_and(Vec::is_empty)
        }),
        _ => false,
    }
}

fn not_merged() -> Remark {
    Remark::new(
        "not_merged",
        "統合の情報は取り込みません。必要な場合は、重複の一覧で統合してください。",
        "What the record was merged into isn't imported. Merge it again in the list of duplicates.",
    )
}

fn zeros_restored(external_id: &str) -> Remark {
    let remark = Remark::new(
        "leading_zero_restored",
        format!(
            "前回までのIDは「{external_id}」で、氏名も同じため、その方の登録として取り込みました。先頭の0は、表計算ソフトで消えることがあります。"
        ),
        format!(
            "Until now, the id was {external_id}, and the name is the same, so the row was imported for that record. Spreadsheets drop zeros at the beginning."
        ),
    );
    remark.suggesting(Some(external_id.to_owned()))
}

fn copied_row(first: u32) -> Remark {
    Remark::new(
        "duplicate_row",
        format!(
            "別のシートの{first}行目に、番号・氏名・連絡先・区市町村の同じ行があるため、この行は取り込んでいません。ほかの内容が違う場合は、1行にまとめてください。"
        ),
        format!(
            "Line {first} of another sheet has the same number, name, contact and municipality, so this row wasn't imported. If they say different things otherwise, put them together into one row."
        ),
    )
}

fn unusable_source() -> Remark {
    Remark::new(
        "unusable_source",
        "この出所は使えないため、取り込みの出所を使いました。",
        "This source can't be used, so that of the import was.",
    )
}

enum RowEffect<R: Record> {
    Create(R),
    /// With the details before.
    Update(R, R::Details),
    Nothing,
}

/// Decides what a row does to its record.
fn effect<'r, R: Record>(
    candidate: &mut Candidate<'r, R>,
    before: Option<&R>,
    batch: &BatchContext<'r>,
    references: &R::References,
    now: Instant,
) -> Result<RowEffect<R>> {
    let context = batch.context;
    let details = match (candidate.details.take(), before) {
        (Some(details), None) => Some(details),
        (_, before) => {
            candidate.reading.begin_again();
            R::understand(
                &mut candidate.reading,
                before.map(R::details),
                references,
                context,
            )
        }
    };
    let Some(mut details) = details else {
        candidate.fate = Fate::Rejected;
        return Ok(RowEffect::Nothing);
    };
    let states_id = candidate.stated.is_none() && candidate.reading.text("external_id").is_some();
    let reads_personal = batch.job.reads_personal;
    let is_another =
        |before: &R| before.has_id_of_another(&details, &candidate.reading, references, reads_personal);
    if states_id && before.is_some_and(is_another) {
        // What it says of the other's record isn't done.
        candidate.reading.begin_again();
        candidate.reading.reject("external_id", R::id_of_another());
        candidate.fate = Fate::Rejected;
        return Ok(RowEffect::Nothing);
    }
    if !R::agrees(&mut candidate.reading, &mut details, before, references) {
        candidate.fate = Fate::Rejected;
        return Ok(RowEffect::Nothing);
    }
    let is_foreign = candidate.stated.as_ref().is_some_and(|stated| !stated.is_own);
    if !is_foreign && !batch.job.may_write(R::area(&details)) {
        let named = candidate.reading.text("area").filter(|text| {
            let read = context.vocabulary.area(candidate.reading.place(text)).ok();
            read.as_deref() == R::area(&details)
        });
        let named = named.map(str::to_owned);
        let remark = match R::area(&details) {
            Some(_) => access_denied(named.as_deref()),
            None => missing_area(),
        };
        candidate.reading.reject("area", remark);
        candidate.fate = Fate::Rejected;
        return Ok(RowEffect::Nothing);
    }
    if before.is_none() {
        let area = R::area(&details).unwrap_or_default();
        candidate.source = context.reach.own_source(&candidate.stated_source, area);
    }
    let (source, external_id) = R::origin(&mut details);
    (*source, *external_id) = match &candidate.stated {
        Some(stated) => (stated.source.clone(), stated.external_id.clone()),
        None if candidate.is_unnamed => (None, None),
        None => (
            Some(candidate.source.clone()),
            Some(candidate.external_id.clone()),
        ),
    };
    if let Some(before) = before.filter(|before| details != *before.details()) {
        details = with_stored_spelling(&details, before.details())?;
    }
    if is_foreign {
        // A row that changes nothing needs no right to change it.
        candidate.fate = match before.is_some_and(|before| details == *before.details()) {
            true => Fate::Unchanged,
            false => {
                candidate.reading.reject("record_id", access_denied(None));
                Fate::Rejected
            }
        };
        return Ok(RowEffect::Nothing);
    }
    if let Err(error) = check_properties(batch.job.role, R::KIND, before.map(R::details), &details) {
        candidate.reading.reject_error(error, |_| None);
        candidate.fate = Fate::Rejected;
        return Ok(RowEffect::Nothing);
    }
    let Some(before) = before else {
        let id = candidate.free_id.unwrap_or_default();
        let mut record = R::register(id, details, context, now);
        record.settle(None, references)?;
        if candidate.free_id.is_some() && candidate.reading.is_stored() {
            record = record.brought_back(&candidate.reading);
        }
        if candidate.reading.text("archived_at").is_some() {
            record = record.put_away(now);
        }
        if candidate.reading.text("merged_into").is_some() {
            candidate.reading.warn("merged_into", not_merged());
        }
        return Ok(RowEffect::Create(record));
    };
    if details == *before.details() && !batch.is_blind::<R>(&candidate.reading) {
        candidate.fate = Fate::Unchanged;
        return Ok(RowEffect::Nothing);
    }
    let changed = before.changed(details, context, now).and_then(|mut after| {
        after.settle(Some(before), references)?;
        Ok(after)
    });
    match changed {
        Ok(after) => Ok(RowEffect::Update(after, before.details().clone())),
        // The record can't go from its status to the row's, nobody has read what the row would release, or its team holds
        // more places than the row's.
        Err(error @ (Error::Conflict { .. } | Error::Invalid(_) | Error::PreconditionRequired)) => {
            let field = match error.code() {
                "places_held" => "team",
                _ => "status",
            };
            if candidate.reading.leave_out(error, &|_| Some(field)) {
                return effect(candidate, Some(before), batch, references, now);
            }
            candidate.fate = Fate::Rejected;
            Ok(RowEffect::Nothing)
        }
        Err(error) => Err(error),
    }
}

fn write_records<R: Record>(
    db: &mut Db,
    log: &mut Log,
    created: Vec<(R, i64)>,
    updated: Vec<(R, R::Details, i64)>,
    outcome: &mut BatchOutcome,
) -> Result<()> {
    let (records, row_hashes): (Vec<R>, Vec<i64>) = created.into_iter().unzip();
    for (record, row_hash) in records.iter().zip(row_hashes) {
        outcome.writes.push(RecordWrite {
            record: record.id(),
            action: Action::Created.code(),
            version: record.version(),
            before: None,
            version_before: None,
            row_hash: Some(row_hash),
        });
    }
    R::insert(db, log, &records)?;
    for (record, before, row_hash) in updated {
        let version = R::update(db, log, &record, Action::Updated)?;
        outcome.writes.push(RecordWrite {
            record: record.id(),
            action: Action::Updated.code(),
            version,
            before: Some(json(&before)?),
            version_before: Some(record.version() - 1),
            row_hash: Some(row_hash),
        });
    }
    Ok(())
}

/// Archives or pauses a page of the source's records that the file doesn't have, and writes them if there is
/// a log for them. Returns the writes and the last id of the page, `None` after the last page.
pub fn retire<R: Record>(
    db: &mut Db,
    batch: &BatchContext,
    ids: &ExternalIds,
    after: Option<Id>,
    mut log: Option<&mut Log>,
) -> Result<(Vec<RecordWrite>, Option<Id>)> {
    let sources = batch.context.reach.sources(&batch.context.source);
    let page = R::of_source(db, &sources, after)?;
    let last = page.last().map(Record::id);
    let mut writes = Vec::new();
    let now = Instant::now();
    for record in page {
        let is_in_file = record.external_id().is_some_and(|id| ids.contains(id));
        let is_own = batch.job.may_write(R::area(record.details()));
        let Some(retired) = record.retired(now).filter(|_| !is_in_file && is_own) else {
            continue;
        };
        let version = match &mut log {
            Some(log) => R::update(db, log, &retired, Action::Archived)?,
            None => retired.version(),
        };
        writes.push(RecordWrite {
            record: record.id(),
            action: Action::Archived.code(),
            version,
            before: Some(json(record.details())?),
            version_before: Some(record.version()),
            row_hash: None,
        });
    }
    Ok((writes, last))
}

fn json(details: &impl serde::Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(details).map_err(|e| Error::Internal(e.to_string()))
}

/// Derives the external id that earlier versions gave to a row without one: it had no key, so it told an address to
/// whoever tried them all.
fn formerly_derived(likeness: &str) -> String {
    let mut hash = hex::encode(Sha256::digest(likeness));
    hash.truncate(20);
    format!("{DERIVED_ID}{hash}")
}

impl BatchContext<'_> {
    /// Derives an external id for a row that has none, from what identifies its record.
    fn derived(&self, likeness: &str) -> String {
        let mut hash = hex::encode(self.digests.of("likeness", likeness));
        hash.truncate(32);
        format!("{DERIVED_ID}{hash}")
    }

    /// Returns the source that a row states, or that of the import.
    pub fn source_of(&self, reading: &mut Reading) -> String {
        let Some(stated) = reading.code("source") else {
            return self.context.source.clone();
        };
        if !is_partners(stated) && stated.chars().count() <= SOURCE_LENGTH {
            return stated.to_owned();
        }
        reading.warn_first("source", unusable_source());
        self.context.source.clone()
    }

    /// Returns the source that a new record of this row would get.
    fn own_source(&self, source: &str, reading: &Reading) -> String {
        let area = reading.text("area");
        let area = area.and_then(|area| self.context.vocabulary.area(reading.place(area)).ok());
        let reach = &self.context.reach;
        reach.own_source(source, area.as_deref().unwrap_or_default())
    }

    /// Reads the cells of a row, unless it is no record.
    pub fn read<'r>(&'r self, row: &'r Row) -> Reading<'r> {
        let mut reading = Reading::of(row, self.columns);
        if row.fault.is_none()
            && let Some(remark) = other_delimiter(row, self.columns)
        {
            reading.refuse(remark);
        } else if let Some(remark) = no_record(row, self.columns) {
            reading.skip(remark);
        } else {
            row.remarks.iter().for_each(|remark| reading.note(remark.clone()));
        }
        reading
    }

    /// Returns whom a row names.
    fn people<R: Record>(&self, candidate: &Candidate<R>) -> Vec<RowPerson> {
        let mut sources = self.context.reach.sources(&candidate.stated_source);
        sources.push(candidate.source.clone());
        let (digests, kind, row) = (self.digests, self.job.options.kind, candidate.row);
        let mut people = people::of_row(digests, kind, self.columns, row, &sources, own_ids(candidate));
        if let Some((id, _)) = candidate.existing.filter(|_| R::KIND == RecordKind::Workers) {
            people.push(people::of_record(digests, row.line, id));
        }
        people
    }

    /// Returns by what a row identifies a worker.
    fn identities<R: Record>(&self, candidate: &Candidate<R>) -> BTreeSet<u64> {
        let text = |field: &'static str| candidate.reading.text(field).unwrap_or_default();
        let name = ["name", "family_name", "given_name"].map(text).concat();
        let contacts = ["email", "phone", "record_id"].into_iter().map(text);
        let ids = own_ids(candidate);
        people::identities(self.digests, &candidate.source, &name, contacts, ids)
    }

    /// Returns whether a row states personal data that its sender may not read. It counts as a change in any case, or else
    /// a guess would show whether it is right.
    fn is_blind<R: Record>(&self, reading: &Reading) -> bool {
        if self.job.reads_personal {
            return false;
        }
        // Skills that the catalogue doesn't know are kept as free text.
        let is_kept_as_text = |finding: &Finding| finding.code == "unrecognized_skill";
        R::PERSONAL.iter().any(|field| reading.text(field).is_some())
            || reading.findings.iter().any(is_kept_as_text)
    }

    /// Hashes what a row says, the first 8 bytes of a SHA-256.
    pub fn row_hash(&self, row: &Row) -> i64 {
        let mut digest = Sha256::new().chain_update(self.seed);
        for cell in row.cells() {
            // No text is that long: an absent cell is not the same as an empty one.
            digest.update(cell.map_or(u64::MAX, |text| text.len() as u64).to_le_bytes());
            digest.update(cell.unwrap_or_default());
        }
        first_bytes(&digest.finalize()) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn another_spelling_changes_nothing() {
        let before =
            json!({"personal": {"name": "佐藤 陽子", "phone": "03-5555-0101"}, "contact": {"phone": null}});
        for (name, phone, is_kept) in [
            ("佐藤　陽子", "0355550101", true),
            ("佐藤 陽子", "03(5555)0101", true),
            ("佐藤 陽子", "０３－５５５５－０１０１", true),
            ("佐藤 陽子", "03-5555-0102", false),
            ("佐藤 陽子", "", false),
        ] {
            let mut after = json!({"personal": {"name": name, "phone": phone}, "contact": {"phone": null}});
            keep_spelling(&mut after, &before);
            assert_eq!(after == before, is_kept, "{phone}");
        }
    }
}
