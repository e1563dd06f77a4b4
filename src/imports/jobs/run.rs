//! One import, from its file to its report. The rows of workers, organizations and deliverables become records here; those
//! of other kinds act (`acts`).
//!
//! `all_or_nothing` keeps the rows that it has checked in memory. So its one transaction reads no file and
//! needs no second connection, and it takes its place in the change log last, when all rows are written.

use super::acts;
use super::batches::{Batches, Read, Speed, too_many_at_once};
use super::file::JobFile;
use super::lease::{JobEnd, Lease};
use super::lines::{Lines, MOST_COMPARED};
use super::look::look;
use super::names::Names;
use super::rows::{BatchContext, ExternalIds, apply, retire};
use super::store::{self, findings, people, writes};
use super::{
    AbsentPolicy, Import, ImportMode, ImportProgress, ImportStatus, MOST_AT_ONCE, MOST_AT_ONCE_ON_SQLITE,
    MOST_BYTES_AT_ONCE, MOST_ROWS, rejected_rows,
};
use crate::applications::Application;
use crate::auth;
use crate::catalogue::calendar;
use crate::changes::{self, Subject};
use crate::db::{Db, commit_lazily};
use crate::deliverables::Deliverable;
use crate::error::{Error, Result, Text};
use crate::events::Event;
use crate::events::registration::Registration;
use crate::imports::columns::{Columns, PLACE_HEADING, SAMPLE, STATE_HEADING};
use crate::imports::fields::Context;
use crate::imports::finding::{Finding, Severity};
use crate::imports::headings::concepts;
use crate::imports::kinds::layout::{TableBelow, is_heading};
use crate::imports::kinds::months::Months;
use crate::imports::kinds::project_work::WorkRow;
use crate::imports::kinds::reading::Reading;
use crate::imports::kinds::record::{DERIVED_ID, Record};
use crate::imports::kinds::sections::{NAMES, Places, Surroundings, filled};
use crate::imports::kinds::states::States;
use crate::imports::kinds::when::StatedYear;
use crate::imports::log::Log;
use crate::imports::vocabulary::Vocabulary;
use crate::imports::{ImportKind, mappings};
use crate::organizations::Organization;
use crate::projects::Project;
use crate::workers::{self, Worker};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant as Clock;
use tables::{Remark, Row, Survey};

pub fn run(lease: &Lease, job: &mut Import) -> Result<JobEnd, JobEnd> {
    let speed = Speed {
        began: Clock::now(),
        rows_before: job.progress.rows_read,
    };
    let check = || lease.check();
    let file = JobFile::of(lease.pool, job).checked(&check);
    let columns = columns(lease, job)?;
    let survey = lease
        .workbooks
        .survey(&file, &|| file.check(), &job.options.hints(), &|row| {
            count_headings(&columns, job.options.kind, row)
        })?;
    job.detected = Some(survey.detected.clone());
    job.progress.total = Some(survey.row_count);
    look(lease, job, &survey, &file)?;
    let at_once = match job.options.mode {
        ImportMode::AllOrNothing => Some(most_at_once(lease)?),
        _ => None,
    };
    check_rows(survey.row_count, at_once)?;
    with_rows(
        lease,
        job,
        columns,
        &survey,
        &file,
        |job, batch, batches, about_columns| {
            let read = Read {
                batch,
                batches,
                about_columns,
            };
            match job.options.kind {
                ImportKind::Workers => run_records::<Worker>(lease, job, read, &speed),
                ImportKind::Organizations => run_records::<Organization>(lease, job, read, &speed),
                ImportKind::Deliverables | ImportKind::Engagements => {
                    run_records::<Deliverable>(lease, job, read, &speed)
                }
                ImportKind::Applications => acts::run::<Application>(lease, job, read, &speed),
                ImportKind::Projects => acts::run::<Project>(lease, job, read, &speed),
                ImportKind::ProjectWork => acts::run::<WorkRow>(lease, job, read, &speed),
                ImportKind::Events => acts::run::<Event>(lease, job, read, &speed),
                ImportKind::Registrations => acts::run::<Registration>(lease, job, read, &speed),
            }
        },
    )
}

/// Understands the columns of a file, and passes its rows to `work`.
fn with_rows(
    lease: &Lease,
    job: &mut Import,
    mut columns: Columns,
    survey: &Survey,
    file: &JobFile,
    work: impl FnOnce(&mut Import, &BatchContext, Batches, Vec<Finding>) -> Result<JobEnd, JobEnd>,
) -> Result<JobEnd, JobEnd> {
    let options = job.options.clone();
    let (catalogue, newest) = lease.pool.read_blocking(|db| {
        let newest = changes::store::latest_of(db, Subject::Catalogue)?;
        Ok((lease.catalogues.current(db)?, newest))
    })?;
    let digests = lease.pool.write_blocking(auth::store::digests)?;
    let vocabulary = Vocabulary::new(&catalogue);
    columns.has_header = survey.header_line > 0;
    let mut sample = sample(survey, file)?;
    let mut header = whole_header(survey, &sample);
    if is_form(options.kind, &columns, survey, file)? {
        return Err(downward_form().into());
    }
    if columns.has_header && has_two_lines_each(options.kind, &columns, survey, &sample) {
        return Err(two_lines_each().into());
    }
    let width_of_one = width_of_one(&header, job.options.kind).filter(|_| columns.has_header);
    if let Some(width) = width_of_one {
        header.truncate(width);
        sample = sample.iter().flat_map(|row| row.pieces(width)).collect();
        job.progress.total = Some(count_pieces(survey, file, width)?);
    }
    let mut around = Surroundings::default();
    let today = calendar::today();
    let mut states = States::of_list(options.kind, &header, today);
    let mut has_states = false;
    let mut other_table = OtherTable::default();
    read_around(survey, file, width_of_one, |row, is_above| match is_above {
        true => {
            around.add_title(row);
            other_table.see(row, &columns);
        }
        false => {
            around.see(row, &vocabulary);
            has_states |= states.as_ref().is_some_and(|states| states.is_said_by(row));
        }
    })?;
    states = states.map(|states| states.below(survey, &around));
    states = states.filter(|states| has_states || states.are_stated_above());
    let titles = around.titles().values().flatten().flat_map(|row| row.texts());
    let (sheets, name) = (&survey.detected.read_sheets, options.file_name.as_deref());
    let year = match options.kind {
        ImportKind::Events => StatedYear::of_file(titles, sheets, name),
        _ => None,
    };
    let months = Months::of_list(options.kind, &header).map(|months| months.below(year));
    if let Some(mut months) = months.clone() {
        sample = sample.into_iter().map(|row| months.add(row)).collect();
    }
    let mut places = Places::find(survey, &header, &around, job, &vocabulary)?;
    if let Some(mut places) = places.clone() {
        header.push(PLACE_HEADING.to_owned());
        sample = sample
            .into_iter()
            .map(|row| places.add(row, &[], &vocabulary))
            .collect();
    }
    states = states.map(|states| states.at(header.len()));
    if let Some(mut states) = states.clone() {
        header.push(STATE_HEADING.to_owned());
        sample = sample.into_iter().map(|row| states.add(row)).collect();
    }
    columns.assign(&header, &sample, &vocabulary);
    if let Some(places) = &mut places {
        places.understand(&columns, &sample);
    }
    if let Some(states) = &mut states {
        states.understand(&columns);
    }
    if columns.targets.iter().flatten().next().is_none() {
        return Err(no_known_column(&columns).into());
    }
    job.progress.columns = columns.mapped();
    job.progress.headings = columns.readings.clone();
    job.progress.layout = columns.layout.clone();
    let context = Context {
        vocabulary: &vocabulary,
        today,
        year,
        source: options.source.clone(),
        event: options.event_id,
        reach: job.reach(),
    };
    let (kind, mapped) = (options.kind.code(), &job.progress.columns);
    let strict = options.strict;
    let has_marks = columns.has_marked_skills;
    let mut seed = format!("6\n{kind}\n{newest}\n{strict}\n{mapped:?}\n{has_marks}\n");
    if !job.reads_personal {
        // Such a sender learns that a row was imported before only if they have sent it themselves.
        seed += &format!("{}\n", job.created_by);
    }
    if let Some(year) = context.year {
        seed += &format!("{year:?}\n");
    }
    let before = job.clone();
    let sources = context.reach.sources(&context.source);
    // Who may not read names doesn't learn by guesses who is known.
    let compares_names = job.reads_personal && options.kind == ImportKind::Workers;
    // What an earlier run of this import has made doesn't count: its rows mean the same whether it went on or began again.
    let has_derived = |db: &mut Db| -> Result<bool> {
        match workers::store::oldest_like(db, &sources, DERIVED_ID)? {
            Some(oldest) => Ok(!writes::has_written(db, job.id, oldest)?),
            None => Ok(false),
        }
    };
    let names = match compares_names && lease.pool.read_blocking(has_derived)? {
        true => Some(Names::of_file(survey, file, &columns, width_of_one)?),
        false => None,
    };
    let has_padded =
        |db: &mut Db| -> Result<bool> { Ok(workers::store::oldest_like(db, &sources, "0")?.is_some()) };
    let has_padded_ids = compares_names && lease.pool.read_blocking(has_padded)?;
    let mut batch = BatchContext {
        job: &before,
        columns: &columns,
        survey,
        context: &context,
        seed: seed.as_bytes(),
        digests: &digests,
        names,
        has_padded_ids,
        lines: None,
    };
    let mut about_columns = columns.findings(survey.header_line);
    about_columns.extend(unread_sheets(survey));
    about_columns.extend(width_of_one.map(|_| two_tables(survey.header_line)));
    about_columns.extend(other_table.finding(survey.header_line));
    let batches = || -> Result<Batches> {
        let mut batches = Batches::new(survey, file, !columns.is_own_export())?;
        batches.width_of_one = width_of_one;
        batches.below =
            (columns.has_header && !columns.is_own_export()).then(|| TableBelow::new(options.kind, &header));
        batches.months = months.clone();
        batches.places = places.clone().map(|places| (places, &vocabulary));
        batches.states = states.clone();
        Ok(batches)
    };
    if options.kind == ImportKind::Organizations
        && !columns.is_own_export()
        && survey.row_count <= MOST_COMPARED
    {
        batch.lines = lines_of(&batch, &batches)?;
    }
    work(job, &batch, batches()?, about_columns)
}

/// Looks through a list for organizations with several lines, and once more for what these say.
fn lines_of<'s>(batch: &BatchContext, batches: &impl Fn() -> Result<Batches<'s>>) -> Result<Option<Lines>> {
    let mut lines = Lines::default();
    each_row(batch, batches()?, |row, reading| {
        lines.see(reading, batch.row_hash(row), batch.context);
    })?;
    if !lines.has_several() {
        return Ok(None);
    }
    each_row(batch, batches()?, |row, reading| {
        let sheet = batch.survey.sheet_of(row);
        lines.add(reading, batch.row_hash(row), sheet, batch.context);
    })?;
    Ok(Some(lines))
}

fn each_row(
    batch: &BatchContext,
    mut batches: Batches,
    mut work: impl FnMut(&Row, &mut Reading),
) -> Result<()> {
    while let Some(rows) = batches.take()? {
        for row in &rows {
            work(row, &mut batch.read(row));
        }
    }
    Ok(())
}

/// Makes a record of each row.
fn run_records<R: Record>(
    lease: &Lease,
    job: &mut Import,
    read: Read,
    speed: &Speed,
) -> Result<JobEnd, JobEnd> {
    let Read {
        batch,
        mut batches,
        about_columns,
    } = read;
    let options = job.options.clone();
    let mut kept = Kept::default();
    let writes = options.mode == ImportMode::BestEffort;
    let keeps = options.mode == ImportMode::AllOrNothing;
    // The rows that an earlier run has done are read again, for their external ids.
    let done = job.progress.rows_read;
    let (mut read, mut has_stepped) = (0, false);
    while let Some(rows) = batches.take()? {
        read += rows.len() as u64;
        let is_done = read <= done;
        // What ends with its first step needs no second turn.
        if has_stepped {
            lease.give_way(job, done > 0)?;
        }
        // A step that writes no records runs in a read transaction, where it keeps no writer waiting.
        let checked = match writes && !is_done {
            true => None,
            false => {
                let check = |db: &mut Db| apply::<R>(db, batch, &rows, &batches.ids, None);
                Some(lease.pool.read_blocking(check)?)
            }
        };
        let outcome = match checked {
            Some(outcome) if is_done => outcome,
            checked => lease.step(job, |db, next| {
                commit_lazily(db)?;
                let mut log = Log::new(&next.created_by);
                let outcome = match checked {
                    Some(outcome) => outcome,
                    None => apply::<R>(db, batch, &rows, &batches.ids, Some(&mut log))?,
                };
                if next.progress.rows_read == 0 {
                    findings::report(db, next, &about_columns)?;
                }
                findings::report(db, next, &outcome.findings)?;
                people::insert(db, next.id, next.progress.rows_read, &outcome.people)?;
                writes::insert(db, next.id, &outcome.writes)?;
                speed.add(&mut next.progress, &outcome.counts);
                log.append(db)?;
                Ok(outcome)
            })?,
        };
        batches.ids.extend(outcome.external_ids);
        has_stepped |= !is_done;
        if keeps {
            kept.add(rows)?;
        }
    }
    let is_clean = job.progress.rejected == 0;
    let mut archives = options.on_absent == AbsentPolicy::Archive && is_clean;
    if let Some(reason) = not_archived(batch.survey, &batches).filter(|_| archives) {
        archives = false;
        lease.step(job, |db, next| findings::report(db, next, &[reason]))?;
    }
    if options.mode == ImportMode::AllOrNothing {
        if !is_clean {
            return Err(rejected_rows(job.progress.rejected).into());
        }
        return write_all_at_once::<R>(lease, job, batch, (&kept, archives), speed);
    }
    if archives {
        retire_absent::<R>(lease, job, batch, &batches.ids, writes)?;
    }
    job.status = match is_clean {
        true => ImportStatus::Succeeded,
        false => ImportStatus::Partial,
    };
    Ok(JobEnd::Finished)
}

/// Counts the headings of a row. Those of a list of groups count less if people are imported, and the other way round: a
/// workbook may have a sheet of each.
fn count_headings(columns: &Columns, kind: ImportKind, row: &Row) -> usize {
    const LESS: usize = 4;
    let other = match kind {
        ImportKind::Workers => ImportKind::Organizations,
        ImportKind::Organizations => ImportKind::Workers,
        _ => return columns.count(row),
    };
    let count = columns.count(row);
    let names = |kind| {
        let mut cells = row.texts().map(str::trim);
        cells.any(|cell| is_name_of(kind, cell))
    };
    match count > 0 && names(other) && !names(kind) {
        true => count.saturating_sub(LESS).max(1),
        false => count,
    }
}

/// Returns whether a heading is that of the names of records.
fn is_name_of(kind: ImportKind, heading: &str) -> bool {
    const LONGEST: usize = 300;
    let is_short = !heading.is_empty() && heading.len() < LONGEST;
    is_short
        && concepts()
            .field(kind, heading)
            .is_some_and(|field| NAMES.contains(&field))
}

/// Returns how many columns one of several tables has that stand side by side under the same headings. `None`: there is one.
fn width_of_one(header: &[String], kind: ImportKind) -> Option<usize> {
    /// Headings that make it sure, unless an empty column is between the tables.
    const SURELY: usize = 3;
    let header: Vec<&str> = header.iter().map(|heading| heading.trim()).collect();
    let (first, name) = header.iter().enumerate().find(|(_, one)| is_name_of(kind, one))?;
    let width = header.iter().skip(first + 1).position(|one| one == name)? + 1;
    let filled = |headings: &[&str]| headings.iter().filter(|one| !one.is_empty()).count();
    let (one, others) = header.split_at_checked(width)?;
    let is_sure = filled(one) >= SURELY || (filled(one) > 1 && one.last() == Some(&""));
    // Each further table has all of the first one's headings, in their places.
    let mut tables = others.chunks(width);
    let is_alike = |table: &[&str]| {
        filled(table) == 0 || filled(table) == filled(one) && one.iter().zip(table).all(|(a, b)| a == b)
    };
    (is_sure && tables.all(is_alike)).then_some(width)
}

/// Prepares to understand columns, with the mapping of the request and the one that was saved.
fn columns(lease: &Lease, job: &Import) -> Result<Columns> {
    let options = &job.options;
    let saved = lease
        .pool
        .read_blocking(|db| mappings::store::find_for(db, &job.created_by, options.kind, &options.source))?;
    let mut mapping = saved.map(|(mapping, _)| mapping).unwrap_or_default();
    mapping.extend(options.mapping.clone());
    let mut columns = Columns::new(options.kind, &mapping)?;
    columns.strict = options.strict;
    Ok(columns)
}

/// Returns the header with a heading for each column of the rows below it: of merged cells, only the first has a
/// heading. In a text, a few longer rows have a stray comma.
fn whole_header(survey: &Survey, sample: &[Row]) -> Vec<String> {
    let mut header = survey.header.clone();
    let width = |row: &Row| {
        let filled = row
            .texts()
            .enumerate()
            .filter(|(_, cell)| !cell.trim().is_empty());
        filled.last().map_or(0, |(column, _)| column + 1)
    };
    let longer: Vec<usize> = sample
        .iter()
        .map(width)
        .filter(|width| *width > header.len())
        .collect();
    let is_usual = survey.detected.sheet.is_some() || longer.len() * 2 > sample.len();
    if let Some(widest) = longer
        .into_iter()
        .max()
        .filter(|_| is_usual && survey.header_line > 0)
    {
        header.resize(widest, String::new());
    }
    header
}

/// Counts the rows of all tables that stand side by side.
fn count_pieces(survey: &Survey, file: &JobFile, width: usize) -> Result<u64> {
    let (mut rows, mut row, mut count) = (survey.rows(file)?, Row::default(), 0);
    while rows.next(&mut row)? {
        count += row.pieces(width).len() as u64;
    }
    Ok(count)
}

fn two_tables(line: u64) -> Finding {
    let remark = Remark::new(
        "two_tables",
        "同じ見出しの表が横に並んでいるため、1行を表ごとに分けて読み取りました。",
        "Tables with the same headings stand side by side, so each row was read once for each of them.",
    );
    Finding::new(line, None, "", remark, Severity::Warning)
}

/// Names the sheets of a workbook that are not read.
fn unread_sheets(survey: &Survey) -> Vec<Finding> {
    let detected = &survey.detected;
    let is_unread = |(at, name): &(usize, &String)| {
        let may_have_rows = survey.filled_sheets.contains(at)
            || detected.hidden_sheets.contains(name)
            || detected.unopened_sheets.contains(name);
        may_have_rows && !detected.read_sheets.contains(name)
    };
    let unread = detected
        .sheets
        .iter()
        .enumerate()
        .filter(is_unread)
        .map(|(_, name)| name);
    let finding = |name: &String| {
        let (ja, en) = match detected.hidden_sheets.contains(name) {
            true => (
                "非表示のシートのため、読み取っていません。取り込む場合は sheet で指定してください。",
                "The sheet is hidden, so it isn't read. Name it with sheet to import it.",
            ),
            false => (
                "このシートは読み取っていません。取り込む場合は sheet で指定して、もう一度送信してください。",
                "This sheet isn't read. Send the file again and name it with sheet to import it.",
            ),
        };
        Finding::new(
            0,
            None,
            name,
            Remark::new("unread_sheet", ja, en),
            Severity::Warning,
        )
    };
    unread.map(finding).collect()
}

/// Reads the first rows below the header.
fn sample(survey: &Survey, file: &JobFile) -> Result<Vec<Row>> {
    let mut rows = survey.rows(file)?;
    let (mut sample, mut row) = (Vec::new(), Row::default());
    while sample.len() < SAMPLE && rows.next(&mut row)? {
        sample.push(std::mem::take(&mut row));
    }
    Ok(sample)
}

/// A table above the one that is read, with fewer headings.
#[derive(Default)]
struct OtherTable {
    /// The line of its headings, and how many rows are below them.
    header: Option<(u64, usize)>,
}

impl OtherTable {
    fn see(&mut self, row: &Row, columns: &Columns) {
        /// What the headings of two fields count.
        const TWO: usize = 6;
        let is_row = row.texts().filter(|cell| !cell.trim().is_empty()).count() > 1;
        if let Some((_, rows)) = &mut self.header {
            *rows += usize::from(is_row);
        } else if is_row && columns.count(row) >= TWO {
            self.header = Some((row.line, 0));
        }
    }

    /// Says that its rows aren't read. The two lines above a heading may be a part of it.
    fn finding(&self, header_line: u64) -> Option<Finding> {
        let is_part = |line: u64| header_line <= line + 2;
        let (line, rows) = self.header.filter(|(line, rows)| *rows > 0 && !is_part(*line))?;
        let remark = Remark::new(
            "table_above",
            format!(
                "この見出しの下の{rows}行は、下にある表とは別の表のため、読み取っていません。別のファイルに分けて送信してください。"
            ),
            format!(
                "The {rows} rows below these headings are of another table than the one that is read. Send them as a file of their own."
            ),
        );
        Some(Finding::new(line, None, "", remark, Severity::Warning))
    }
}

/// Passes the lines above the headers to `see`, and the rows below them: a line far below may be a section.
fn read_around(
    survey: &Survey,
    file: &JobFile,
    width_of_one: Option<usize>,
    mut see: impl FnMut(&Row, bool),
) -> Result<()> {
    /// Rows of a text in which such lines are looked for: lists of offices are shorter. A workbook has bounds.
    const MOST: u64 = 20_000;
    if survey.header_line == 0 {
        return Ok(());
    }
    let headers: BTreeMap<usize, u64> = survey.header_lines().collect();
    let (mut rows, mut row, mut below) = (survey.all_rows(file)?, Row::default(), 0);
    while rows.next(&mut row)? {
        let header = headers.get(&row.sheet).copied().unwrap_or(survey.header_line);
        if row.line < header {
            see(&row, true);
        } else if row.line > header {
            below += 1;
            if headers.is_empty() && below > MOST {
                break;
            }
            match width_of_one {
                Some(width) => row.pieces(width).iter().for_each(|piece| see(piece, false)),
                None => see(&row, false),
            }
        }
    }
    Ok(())
}

/// Returns whether the headings stand below each other, with the values beside them, as in a form of one person.
fn is_form(kind: ImportKind, columns: &Columns, survey: &Survey, file: &JobFile) -> Result<bool> {
    const ROWS: usize = 40;
    const COLUMNS: usize = 3;
    /// Headings below each other that make a form, and those that do if nothing else stands among them.
    const FEWEST: usize = 4;
    const FEWEST_ALONE: usize = 3;
    // In a published layout, cells may resemble headings: 大南地区.
    let is_published = concepts().layout(&survey.header).is_some();
    if survey.header_line == 0 || survey.row_count > ROWS as u64 || is_published {
        return Ok(false);
    }
    let (mut rows, mut row) = (survey.all_rows(file)?, Row::default());
    let mut below: Vec<BTreeSet<String>> = vec![BTreeSet::new(); COLUMNS];
    // Whether each column has nothing but headings from the first of them on, and no other headings are beside them.
    let mut are_alone = [true; COLUMNS];
    let mut card = Card::default();
    let (mut first_sheet, mut read) = (None, 0);
    while read < ROWS && rows.next(&mut row)? {
        read += 1;
        if *first_sheet.get_or_insert(row.sheet) != row.sheet {
            break;
        }
        let cells: Vec<&str> = row.texts().map(str::trim).collect();
        card.see(&cells, kind, columns);
        let columns_of_row = below.iter_mut().zip(&mut are_alone).zip(cells.iter().enumerate());
        for ((texts, is_alone), (at, cell)) in columns_of_row {
            if cell.is_empty() {
                continue;
            }
            if columns.is_heading(cell) {
                texts.insert((*cell).to_owned());
                *is_alone &= cells.get(at + 1).is_none_or(|next| !columns.is_heading(next));
            } else {
                *is_alone &= texts.is_empty();
            }
        }
    }
    let beside = survey
        .header
        .iter()
        .filter(|cell| columns.is_heading(cell))
        .count();
    let is_form = |(texts, is_alone): (&BTreeSet<String>, &bool)| {
        let fewest = if *is_alone { FEWEST_ALONE } else { FEWEST };
        texts.len() >= fewest && texts.len() > 2 * beside
    };
    Ok(card.is_one() || below.iter().zip(&are_alone).any(is_form))
}

/// The lines of a card, each with headings and the value beside each (氏名, 佐藤, 電話, 03-5555-0101), or with a heading and its
/// value in one cell (氏名：佐藤).
#[derive(Default)]
struct Card {
    /// What the headings mean, and those before a colon.
    fields: BTreeSet<String>,
    labels: BTreeSet<String>,
    /// The lines of headings with values, and how many headings they have.
    lines: usize,
    counted: usize,
    /// Whether headings stand beside each other, as those of a list.
    is_list: bool,
}

impl Card {
    fn see(&mut self, cells: &[&str], kind: ImportKind, columns: &Columns) {
        let filled = cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty());
        let read: Vec<(usize, &str, bool)> = filled
            .map(|(at, cell)| (at % 2, *cell, columns.is_heading(cell)))
            .collect();
        let of = |side: usize| read.iter().filter(move |(own, ..)| *own == side);
        let is_pair = |side: &usize| {
            let (own, other) = (of(*side), of(1 - *side));
            own.clone().next().is_some()
                && own.clone().all(|(.., is_heading)| *is_heading)
                && other.clone().any(|(.., is_heading)| !is_heading)
        };
        if let Some(side) = [0, 1].iter().find(|side| is_pair(side)) {
            self.lines += 1;
            self.counted += of(*side).count();
            // Names may resemble headings, those of one field: 大南地区, 北地区.
            let field = |cell: &str| concepts().field(kind, cell).unwrap_or(cell).to_owned();
            self.fields.extend(of(*side).map(|(_, cell, _)| field(cell)));
        } else {
            self.is_list |= read.iter().filter(|(.., is_heading)| *is_heading).count() > 1;
        }
        let first = read.first().map(|(_, cell, _)| cell.trim_start_matches('【'));
        let label = first.and_then(|cell| cell.split_once([':', '：', '】']));
        let label = label.filter(|(label, value)| !value.is_empty() && columns.is_heading(label.trim()));
        self.labels
            .extend(label.map(|(label, _)| label.trim().to_owned()));
    }

    /// The headings of a list that has no others beside them come on one line, or are the same again.
    fn is_one(&self) -> bool {
        const FEWEST: usize = 4;
        const FEWEST_LABELS: usize = 3;
        let has_many = self.lines > 1 && self.fields.len() >= FEWEST;
        let are_different = has_many && self.fields.len() * 2 > self.counted;
        !self.is_list && (are_different || self.labels.len() >= FEWEST_LABELS)
    }
}

/// Returns whether each record stands on two lines, below headings on two lines: ふりがな below 氏名. By the first line of the
/// headings, the second line of everybody would be another person.
fn has_two_lines_each(kind: ImportKind, columns: &Columns, survey: &Survey, sample: &[Row]) -> bool {
    const RECORDS: usize = 20;
    let is_list = matches!(kind, ImportKind::Workers | ImportKind::Organizations);
    let is_published = concepts().layout(&survey.header).is_some();
    let Some((second, rows)) = sample.split_first().filter(|_| is_list && !is_published) else {
        return false;
    };
    let header = survey.header_lines().find(|(sheet, _)| *sheet == second.sheet);
    let header_line = header.map_or(survey.header_line, |(_, line)| line);
    if header_line == 0 || second.line != header_line + 1 {
        return false;
    }
    let heading = |at: usize| survey.header.get(at).map_or("", |heading| heading.trim());
    let field = |cell: &str| concepts().field(kind, cell);
    // A cell that is merged with the one above says nothing more.
    let own: Vec<(usize, &str)> = filled(second)
        .filter(|(at, cell)| heading(*at) != *cell)
        .collect();
    let others = own
        .iter()
        .filter(|(at, cell)| field(cell) != field(heading(*at)))
        .count();
    let are_headings = own
        .iter()
        .all(|(_, cell)| columns.is_heading(cell) || is_heading(kind, cell));
    if own.len() < 2 || others == 0 || !are_headings {
        return false;
    }
    let is_own = |at: &usize| own.iter().any(|(column, _)| column == at);
    let only_above: Vec<usize> = (0..survey.header.len())
        .filter(|at| !heading(*at).is_empty() && !is_own(at))
        .collect();
    let cell = |row: &Row, at: usize| row.texts().nth(at).unwrap_or_default().trim().to_owned();
    let is_record = |upper: &Row, lower: &Row| {
        let has_more = only_above.iter().any(|at| !cell(upper, *at).is_empty());
        let is_less = |at: &usize| cell(lower, *at).is_empty() || cell(lower, *at) == cell(upper, *at);
        upper.line + 1 == lower.line && has_more && only_above.iter().all(is_less)
    };
    let pairs = || rows.chunks_exact(2).take(RECORDS);
    if only_above.is_empty() {
        return others == own.len() && pairs().next().is_some() && rows.len().is_multiple_of(2);
    }
    let records = pairs().filter(|pair| matches!(pair, [upper, lower] if is_record(upper, lower)));
    let (records, all) = (records.count(), pairs().count());
    records > 0 && records * 4 >= all * 3
}

/// Writes every row and the final status in one transaction.
fn write_all_at_once<R: Record>(
    lease: &Lease,
    job: &mut Import,
    batch: &BatchContext,
    (kept, archives): (&Kept, bool),
    speed: &Speed,
) -> Result<JobEnd, JobEnd> {
    let mut ids = ExternalIds::default();
    let mut log = Log::new(&job.created_by);
    let mut done = job.clone();
    done.status = ImportStatus::Succeeded;
    done.progress = ImportProgress {
        total: job.progress.total,
        findings: job.progress.findings,
        unlisted_findings: job.progress.unlisted_findings,
        columns: job.progress.columns.clone(),
        headings: job.progress.headings.clone(),
        layout: job.progress.layout.clone(),
        ..ImportProgress::default()
    };
    lease.write(|db| {
        people::begin_rows(db, done.id)?;
        for rows in &kept.batches {
            lease.check()?;
            let outcome = apply::<R>(db, batch, rows, &ids, Some(&mut log))?;
            if outcome.counts.rejected > 0 {
                return Err(changed_meanwhile());
            }
            people::insert(db, done.id, done.progress.rows_read, &outcome.people)?;
            writes::insert(db, done.id, &outcome.writes)?;
            speed.add(&mut done.progress, &outcome.counts);
            ids.extend(outcome.external_ids);
        }
        if archives {
            let mut after = None;
            loop {
                lease.check()?;
                let (retired, last) = retire::<R>(db, batch, &ids, after, Some(&mut log))?;
                writes::insert(db, done.id, &retired)?;
                done.progress.archived += retired.len() as u64;
                after = last;
                if last.is_none() {
                    break;
                }
            }
        }
        lease.check()?;
        let state = store::finish(db, &done, lease.id)?;
        log.append(db)?;
        Ok(((), state))
    })?;
    *job = done;
    (lease.observer)(job);
    Ok(JobEnd::Saved)
}

/// Says why the records that the file doesn't have stay, though they were to be archived: it wasn't read whole, or isn't a list.
fn not_archived(survey: &Survey, batches: &Batches) -> Option<Finding> {
    let has_unread_table = batches.below.as_ref().is_some_and(TableBelow::has_rows);
    let (ja, en) = match survey.detected.unopened_sheets.is_empty() {
        false => (
            "読み取っていないシートがあるため、ほかの記録を保管していません。",
            "Some sheets weren't read, so nothing was archived.",
        ),
        true if has_unread_table => (
            "読み取っていない別の表があるため、ほかの記録を保管していません。",
            "Another table of the file wasn't read, so nothing was archived.",
        ),
        true if batches.ids.is_empty() => (
            "ファイルに記録が1件もないため、ほかの記録を保管していません。",
            "The file has no record, so nothing was archived.",
        ),
        true => return None,
    };
    let remark = Remark::new("not_archived", ja, en);
    Some(Finding::new(0, None, "", remark, Severity::Warning))
}

/// Archives or pauses the records that a full roster doesn't have.
fn retire_absent<R: Record>(
    lease: &Lease,
    job: &mut Import,
    batch: &BatchContext,
    ids: &ExternalIds,
    write: bool,
) -> Result<(), JobEnd> {
    let mut after = None;
    loop {
        let last = if write {
            lease.step(job, |db, next| {
                let mut log = Log::new(&next.created_by);
                let (retired, last) = retire::<R>(db, batch, ids, after, Some(&mut log))?;
                writes::insert(db, next.id, &retired)?;
                next.progress.archived += retired.len() as u64;
                log.append(db)?;
                Ok(last)
            })?
        } else {
            let (retired, last) = lease
                .pool
                .read_blocking(|db| retire::<R>(db, batch, ids, after, None))?;
            job.progress.archived += retired.len() as u64;
            last
        };
        if last.is_none() {
            return Ok(());
        }
        after = last;
    }
}

/// The checked rows of an `all_or_nothing` import.
#[derive(Default)]
struct Kept {
    batches: Vec<Vec<Row>>,
    size_bytes: usize,
}

impl Kept {
    fn add(&mut self, rows: Vec<Row>) -> Result<()> {
        self.size_bytes += rows.iter().map(Row::size_bytes).sum::<usize>();
        if self.size_bytes > MOST_BYTES_AT_ONCE {
            return Err(too_many_at_once("64 MiB", "64 MiB of text"));
        }
        self.batches.push(rows);
        Ok(())
    }
}

/// Returns how many rows one transaction may write.
pub fn most_at_once(lease: &Lease) -> Result<u64> {
    lease.pool.read_blocking(|db| {
        Ok(match db {
            Db::Pg(_) => MOST_AT_ONCE,
            Db::Sqlite(_) => MOST_AT_ONCE_ON_SQLITE,
        })
    })
}

/// Checks the number of a file's rows. `at_once` is how many there may be if one transaction writes them.
pub fn check_rows(rows: u64, at_once: Option<u64>) -> Result<()> {
    if rows > MOST_ROWS {
        return Err(Error::from(tables::Error::invalid(
            "too_many_rows",
            format!("ファイルは{MOST_ROWS}行までです。分割してください。"),
            format!("A file can have up to {MOST_ROWS} rows. Split it."),
        )));
    }
    match at_once {
        Some(most) if rows > most => Err(too_many_at_once(&format!("{most}行"), &format!("{most} rows"))),
        _ => Ok(()),
    }
}

/// Someone wrote between the check and the import.
fn changed_meanwhile() -> Error {
    Error::Conflict {
        code: "changed_meanwhile",
        detail: Text::new(
            "確認のあとでデータが変わりました。もう一度取り込んでください。",
            "The data changed after the check. Import the file again.",
        ),
    }
}

fn downward_form() -> Error {
    Error::from(tables::Error::invalid(
        "downward_form",
        "項目名が縦に並ぶ様式のため、一覧として読み取れません。項目名を1行目に横に並べ、1件を1行にしてください。Excelでは、範囲をコピーし、「形式を選択して貼り付け」で「行/列の入れ替え」を選ぶと、縦と横が入れ替わります。",
        "The headings of this file stand below each other, as in a form for one record. Put them side by side into the first row, and each record into one row. In Excel: copy the cells, then paste them with Paste Special, Transpose.",
    ))
}

fn two_lines_each() -> Error {
    Error::from(tables::Error::invalid(
        "two_lines_each",
        "見出しと記録がそれぞれ2行に分かれた表のため、一覧として読み取れません。2行目の見出しと値を1行目の右に移し、1件を1行にしてください。",
        "The headings and each record take two lines, so this can't be read as a list. Move the second lines to the right of the first ones: one row for each record.",
    ))
}

fn no_known_column(columns: &Columns) -> Error {
    let names: String = columns.names.join(", ").chars().take(200).collect();
    Error::from(tables::Error::invalid(
        "no_known_column",
        format!("項目名に対応する見出しがありません（{names}）。mapping で指定してください。"),
        format!("None of the headings is known ({names}). Map them to fields with mapping."),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_bounds() {
        let code = |rows, at_once| {
            let error = check_rows(rows, at_once).err()?;
            Some(crate::imports::jobs::ImportFailure::of(&error).code)
        };
        assert_eq!(code(MOST_ROWS, None), None);
        assert_eq!(code(MOST_ROWS + 1, None).as_deref(), Some("too_many_rows"));
        assert_eq!(code(MOST_AT_ONCE, Some(MOST_AT_ONCE)), None);
        let too_many = code(MOST_AT_ONCE + 1, Some(MOST_AT_ONCE));
        assert_eq!(too_many.as_deref(), Some("too_many_at_once"));
        let row = |text: &str| {
            let file = format!("氏名\n{text}\n");
            let source = file.as_bytes();
            let survey = tables::survey(&source, &tables::Hints::default(), &|row| {
                row.texts().filter(|t| *t == "氏名").count()
            });
            let (survey, mut row) = (survey.unwrap(), Row::default());
            assert!(survey.rows(&source).unwrap().next(&mut row).unwrap());
            row
        };
        let mut kept = Kept::default();
        let large = || vec![row(&"x".repeat(1_000_000))];
        (0..67).for_each(|_| kept.add(large()).unwrap());
        assert!(kept.add(large()).is_err(), "64 MiB");
    }
}
