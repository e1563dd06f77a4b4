//! SQL of who the rows of imports are about, and of forgetting a person.

use super::{ImportStatus, OptionsDocument, ProgressDocument};
use crate::changes::Change;
use crate::db::schema::{
    erased_people, import_chunks, import_findings, import_jobs, import_people, import_writes,
    imported_records,
};
use crate::db::{BATCH, Db, Doc, Id, Instant, insert_all, lock};
use crate::error::Result;
use crate::imports::ImportKind;
use crate::imports::headings::concepts;
use crate::imports::jobs::ImportFailure;
use crate::imports::jobs::people::{Erased, RowPerson, encode};
use diesel::dsl::not;
use diesel::prelude::*;
use import_people::dsl;
use serde::Serialize;
use std::collections::BTreeSet;
use tables::DetectedFormat;

/// A text in both languages, as stored.
#[derive(Debug, Clone, Copy, Serialize)]
struct Words {
    ja: &'static str,
    en: &'static str,
}

/// What remains of a text that may name an erased person.
const ERASED: Words = Words {
    ja: "（消去されました）",
    en: "(erased)",
};

/// Parts that are read at once.
const PART: i64 = 50;

/// The position of the last part of what was found in a file before its rows were read; the others are before it.
const END: i64 = -1;
/// The position of the first part of what was said about rows, beyond any row.
const SAID: i64 = 1 << 40;

/// Inserts the people of some rows; `position` counts the rows before them.
pub fn insert(db: &mut Db, import: Id, position: u64, people: &[RowPerson]) -> Result<()> {
    match people {
        [] => Ok(()),
        people => insert_at(db, import, position as i64, people),
    }
}

/// Inserts the people whom a report names; `position` counts its findings before them.
pub fn insert_said(db: &mut Db, import: Id, position: u64, people: &[RowPerson]) -> Result<()> {
    insert_at(db, import, SAID + position as i64, people)
}

fn insert_at(db: &mut Db, import: Id, position: i64, people: &[RowPerson]) -> Result<()> {
    let row = (
        dsl::job_id.eq(import),
        dsl::position.eq(position),
        dsl::keys.eq(encode(people)),
    );
    diesel::insert_into(import_people::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

/// Deletes the digests of rows of records that have forgotten a person: from a guess, they would tell whether it is right.
pub fn forget_digests(db: &mut Db, changes: &[Change]) -> Result<()> {
    let ids = changes
        .iter()
        .filter_map(|change| change.subject_id.parse().ok().map(Id));
    forget_digests_of(db, &ids.collect::<Vec<_>>())
}

/// [`forget_digests`] of these records.
pub fn forget_digests_of(db: &mut Db, records: &[Id]) -> Result<()> {
    for ids in records.chunks(BATCH) {
        let of_them = imported_records::record_id.eq_any(ids);
        diesel::delete(imported_records::table.filter(of_them)).execute(db)?;
    }
    Ok(())
}

/// Forgets people: the records as they were before an import, and the rows of which they were made. Their files and what was found
/// in their rows are forgotten by [`crate::imports::jobs::forgetting::search`], since that reads what all imports have found: `people`
/// are the digests of each.
pub fn forget(db: &mut Db, workers: &[Id], people: &[BTreeSet<u64>]) -> Result<()> {
    if workers.is_empty() {
        return Ok(());
    }
    let records = imported_records::record_id.eq_any(workers);
    diesel::delete(imported_records::table.filter(records)).execute(db)?;
    // By import first: the table's key begins with it.
    let is_own = import_writes::record_id
        .eq_any(workers)
        .and(import_writes::job_id.eq_any(import_jobs::table.select(import_jobs::id)));
    diesel::delete(import_writes::table.filter(is_own)).execute(db)?;
    remember(db, people, Instant::now())
}

/// Deletes the texts of why an import failed: they may quote its first row.
fn forget_failure(db: &mut Db, import: Id) -> Result<()> {
    let of_import = import_jobs::table.find(import);
    let failure = of_import.select(import_jobs::error);
    let failure: Option<Option<Doc<ImportFailure>>> = failure.get_result(db).optional()?;
    let failure = failure
        .flatten()
        .map(|Doc(failure)| Doc(ImportFailure::new(&failure.code, ERASED.ja, ERASED.en)));
    diesel::update(of_import)
        .set(import_jobs::error.eq(failure))
        .execute(db)?;
    Ok(())
}

/// Deletes the file of an import, and the texts that were found in these lines of it; without lines, in all of them.
pub fn forget_rows(db: &mut Db, import: Id, lines: &BTreeSet<i64>) -> Result<()> {
    delete_file(db, import)?;
    forget_headings(db, import)?;
    forget_failure(db, import)?;
    let of_import = import_findings::table.filter(import_findings::job_id.eq(import));
    let blank = (
        import_findings::value.eq(""),
        import_findings::suggestion.eq(None::<String>),
        import_findings::message.eq(Doc(ERASED)),
    );
    if lines.is_empty() {
        diesel::update(of_import).set(blank.clone()).execute(db)?;
    }
    let lines: Vec<i64> = lines.iter().copied().collect();
    for lines in lines.chunks(BATCH) {
        let of_lines = of_import.filter(import_findings::line.eq_any(lines));
        diesel::update(of_lines).set(blank.clone()).execute(db)?;
    }
    Ok(())
}

/// Lets one write these digests at a time: an erasure and the searches after others write the same ones, in any order.
fn lock_erased(db: &mut Db) -> Result<()> {
    lock(db, "erased people")
}

/// Remembers the digests of erased people until their files were searched, and the imports that were sent before have ended.
fn remember(db: &mut Db, people: &[BTreeSet<u64>], now: Instant) -> Result<()> {
    lock_erased(db)?;
    let mut rows = Vec::new();
    for keys in people {
        // It leads to nobody: it only tells which digests are of one person.
        let person = Id::new();
        rows.extend(keys.iter().map(|key| {
            (
                erased_people::key.eq(*key as i64),
                erased_people::person.eq(person),
                erased_people::erased_at.eq(now),
                erased_people::is_searched.eq(false),
            )
        }));
    }
    for rows in rows.chunks(BATCH) {
        insert_all!(db, erased_people::table, rows)?;
    }
    Ok(())
}

/// Returns what digests, as they are stored with their people, are of.
fn of_people(found: Vec<(i64, Id)>) -> impl Iterator<Item = (u64, Id)> {
    found.into_iter().map(|(key, person)| (key as u64, person))
}

/// Returns whether anyone was erased after an import was sent.
pub fn is_anyone_erased_since(db: &mut Db, sent: Instant) -> Result<bool> {
    let since = erased_people::table.filter(erased_people::erased_at.ge(sent));
    Ok(since
        .select(erased_people::key)
        .first::<i64>(db)
        .optional()?
        .is_some())
}

/// Returns those of the digests whose people were erased after an import was sent.
pub fn erased_since(db: &mut Db, sent: Instant, keys: impl Iterator<Item = u64>) -> Result<Erased> {
    use erased_people::dsl as e;
    let since = e::erased_people.filter(e::erased_at.ge(sent));
    let mut found = Erased::default();
    let keys: Vec<i64> = keys.map(|key| key as i64).collect();
    for keys in keys.chunks(BATCH) {
        let erased = since.filter(e::key.eq_any(keys)).select((e::key, e::person));
        found.extend(of_people(erased.load(db)?));
    }
    Ok(found)
}

/// Forgets, as an import ends, the people who were erased while it waited or ran. They may be anywhere in a file that wasn't looked
/// through.
pub fn forget_at_end(db: &mut Db, import: Id, sent: Instant) -> Result<()> {
    if !is_anyone_erased_since(db, sent)? {
        return Ok(());
    }
    if !is_looked_through(db, import)? {
        return forget_rows(db, import, &BTreeSet::new());
    }
    let since = erased_people::table.filter(erased_people::erased_at.ge(sent));
    let erased = since.select((erased_people::key, erased_people::person));
    let erased: Erased = of_people(erased.load(db)?).collect();
    let lines = lines_of(db, import, &erased)?;
    match lines.is_empty() {
        true => Ok(()),
        false => forget_rows(db, import, &lines),
    }
}

/// Returns the lines of an import that name somebody.
fn lines_of(db: &mut Db, import: Id, erased: &Erased) -> Result<BTreeSet<i64>> {
    let mut lines = BTreeSet::new();
    let mut after = i64::MIN;
    loop {
        let parts = dsl::import_people
            .filter(dsl::job_id.eq(import))
            .filter(dsl::position.gt(after))
            .order(dsl::position)
            .limit(PART)
            .select((dsl::position, dsl::keys));
        let parts = parts.load::<(i64, Vec<u8>)>(db)?;
        for (_, part) in &parts {
            lines.append(&mut erased.lines_of(part));
        }
        match parts.last() {
            Some((position, _)) => after = *position,
            None => return Ok(lines),
        }
    }
}

/// Forgets these lines of an import, if it has ended; without lines, all. Otherwise it was sent after they were to be
/// forgotten.
pub fn forget_if_ended(db: &mut Db, import: Id, lines: &BTreeSet<i64>) -> Result<()> {
    wait_for_end(db, import)?;
    let ended = import_jobs::table
        .find(import)
        .filter(import_jobs::status.eq_any(ended()));
    match ended.select(import_jobs::id).get_result::<Id>(db).optional()? {
        Some(_) => forget_rows(db, import, lines),
        None => Ok(()),
    }
}

/// Returns the lists of registrations that are the same file as one of these imports, for the same event, each with that import:
/// it was tried out, or sent again.
pub fn same_lists(db: &mut Db, imports: &[Id]) -> Result<Vec<(Id, Id)>> {
    type List = (Id, String, Doc<OptionsDocument>);
    let lists = import_jobs::table
        .filter(import_jobs::kind.eq(ImportKind::Registrations.code()))
        .filter(import_jobs::sha256.ne(""));
    let columns = (import_jobs::id, import_jobs::sha256, import_jobs::options);
    let mut same = Vec::new();
    for imports in imports.chunks(BATCH) {
        let own: Vec<List> = lists
            .filter(import_jobs::id.eq_any(imports))
            .select(columns)
            .load(db)?;
        let files: Vec<&String> = own.iter().map(|(_, file, _)| file).collect();
        let others: Vec<List> = lists
            .filter(import_jobs::sha256.eq_any(files))
            .select(columns)
            .load(db)?;
        for (other, file, options) in &others {
            let of_file = own.iter().filter(|(id, own, of)| {
                id != other && own == file && of.0.options.event_id == options.0.options.event_id
            });
            same.extend(of_file.map(|(id, ..)| (*other, *id)));
        }
    }
    Ok(same)
}

/// Digests of erased people whose files are to be searched, about `limit` of them, with the moment of the last erasure. Those of a
/// person come together.
pub fn to_search(db: &mut Db, limit: i64) -> Result<Option<(Erased, Instant)>> {
    let waiting = erased_people::table.filter(not(erased_people::is_searched));
    let first = waiting
        .order((erased_people::erased_at, erased_people::person))
        .limit(limit)
        .select((
            erased_people::key,
            erased_people::person,
            erased_people::erased_at,
        ))
        .load::<(i64, Id, Instant)>(db)?;
    let Some((_, last_person, last)) = first.last().copied() else {
        return Ok(None);
    };
    let first = first.into_iter().map(|(key, person, _)| (key as u64, person));
    let mut erased: Erased = first.collect();
    let rest = waiting.filter(erased_people::person.eq(last_person));
    let rest = rest.select((erased_people::key, erased_people::person));
    erased.extend(of_people(rest.load(db)?));
    Ok(Some((erased, last)))
}

/// Notes that files were searched for people who were erased by then.
pub fn searched(db: &mut Db, erased: &Erased, last: Instant) -> Result<()> {
    lock_erased(db)?;
    let people = Vec::from_iter(erased.people());
    for people in people.chunks(BATCH) {
        let of_them = erased_people::table
            .filter(not(erased_people::is_searched))
            .filter(erased_people::erased_at.le(last))
            .filter(erased_people::person.eq_any(people));
        diesel::update(of_them)
            .set(erased_people::is_searched.eq(true))
            .execute(db)?;
    }
    Ok(())
}

/// The place of a part among those of all imports.
pub type Place = (Id, i64);

/// The statuses of imports that have ended.
fn ended() -> [&'static str; 5] {
    [
        ImportStatus::Failed.code(),
        ImportStatus::Cancelled.code(),
        ImportStatus::Undone.code(),
        ImportStatus::Succeeded.code(),
        ImportStatus::Partial.code(),
    ]
}

/// Lists imports that haven't ended.
pub fn unfinished(db: &mut Db) -> Result<Vec<Id>> {
    let unfinished = import_jobs::table
        .filter(import_jobs::finished_at.is_null())
        .select(import_jobs::id);
    Ok(unfinished.load(db)?)
}

/// Returns whether a list of registrations that was sent by then hasn't ended.
pub fn is_list_unfinished(db: &mut Db, sent_by: Instant) -> Result<bool> {
    let unfinished = import_jobs::table
        .filter(import_jobs::kind.eq(ImportKind::Registrations.code()))
        .filter(import_jobs::finished_at.is_null())
        .filter(import_jobs::created_at.le(sent_by))
        .select(import_jobs::id);
    Ok(unfinished.first::<Id>(db).optional()?.is_some())
}

/// Waits for an import that is just ending and may not have seen the last erasure. Wait for one in each transaction, so that no
/// import waits for another one.
pub fn wait_for_end(db: &mut Db, import: Id) -> Result<()> {
    if let Db::Pg(c) = db {
        let wait = diesel::sql_query("SELECT 1 FROM import_jobs WHERE id = $1 FOR SHARE");
        wait.bind::<diesel::sql_types::Uuid, _>(import.0).execute(c)?;
    }
    Ok(())
}

/// Reads the next parts of all imports of these kinds that were sent by then and have ended, not before `since`. The others need their files, and
/// forget erased people when they end.
pub fn parts(
    db: &mut Db,
    kinds: &[ImportKind],
    after: Option<Place>,
    since: Option<Instant>,
    sent_by: Instant,
) -> Result<Vec<(Place, Vec<u8>)>> {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.code()).collect();
    let sent = import_jobs::table
        .filter(import_jobs::status.eq_any(ended()))
        .filter(import_jobs::kind.eq_any(kinds))
        .filter(import_jobs::created_at.le(sent_by))
        .select(import_jobs::id);
    let mut query = dsl::import_people
        .filter(dsl::job_id.eq_any(sent))
        .select(((dsl::job_id, dsl::position), dsl::keys))
        .order((dsl::job_id, dsl::position))
        .limit(PART)
        .into_boxed();
    if let Some(since) = since {
        let ended = import_jobs::table
            .filter(import_jobs::finished_at.ge(since))
            .select(import_jobs::id);
        query = query.filter(dsl::job_id.eq_any(ended));
    }
    if let Some((import, position)) = after {
        let is_later = dsl::job_id.gt(import).or(dsl::position.gt(position));
        query = query.filter(dsl::job_id.ge(import).and(is_later));
    }
    Ok(query.load(db)?)
}

/// Returns whether the whole file of an import was looked through.
pub fn is_looked_through(db: &mut Db, import: Id) -> Result<bool> {
    let end = dsl::import_people.find((import, END)).select(dsl::position);
    Ok(end.get_result::<i64>(db).optional()?.is_some())
}

/// Begins to look through a file: deletes what a run has found that didn't get to its end.
pub fn begin(db: &mut Db, import: Id) -> Result<()> {
    let of_file = dsl::import_people
        .filter(dsl::job_id.eq(import))
        .filter(dsl::position.le(END));
    diesel::delete(of_file).execute(db)?;
    Ok(())
}

/// Begins to do the rows of an import again: deletes whom they named.
pub fn begin_rows(db: &mut Db, import: Id) -> Result<()> {
    let of_rows = dsl::import_people
        .filter(dsl::job_id.eq(import))
        .filter(dsl::position.gt(END))
        .filter(dsl::position.lt(SAID));
    diesel::delete(of_rows).execute(db)?;
    Ok(())
}

/// Adds a part of what was found in a file. Parts count from 0.
pub fn add(db: &mut Db, import: Id, part: i64, people: &[RowPerson]) -> Result<()> {
    insert_at(db, import, END - 1 - part, people)
}

/// Adds the last part, also if nothing is in it: the file was looked through.
pub fn end(db: &mut Db, import: Id, people: &[RowPerson]) -> Result<()> {
    insert_at(db, import, END, people)
}

/// Notes that an import ended before its rows were done. Only they tell that a name stands in a column of names, so its file goes
/// with the next person who is erased, like one that nobody could look through.
pub fn cut_short(db: &mut Db, import: Id) -> Result<()> {
    diesel::delete(dsl::import_people.find((import, END))).execute(db)?;
    Ok(())
}

/// Deletes digests of people who were erased before.
pub fn purge(db: &mut Db, before: Instant) -> Result<()> {
    lock_erased(db)?;
    let old = erased_people::erased_at.lt(before);
    diesel::delete(erased_people::table.filter(old)).execute(db)?;
    Ok(())
}

/// Finds imports that were sent by then, have ended, and still have a file that nobody has looked through: a damaged one, or one
/// whose import was cut short.
pub fn unread(db: &mut Db, sent_by: Instant) -> Result<Vec<Id>> {
    let with_file = import_chunks::table
        .filter(import_chunks::position.eq(0))
        .select(import_chunks::job_id);
    let looked_through = dsl::import_people
        .filter(dsl::position.eq(END))
        .select(dsl::job_id);
    let unread = import_jobs::table
        .filter(import_jobs::status.eq_any(ended()))
        .filter(import_jobs::created_at.le(sent_by))
        .filter(import_jobs::id.eq_any(with_file))
        .filter(import_jobs::id.ne_all(looked_through))
        .select(import_jobs::id);
    Ok(unread.load(db)?)
}

/// Deletes headings and names of sheets in what was found, but for headings that are no more than known words.
fn forget_headings(db: &mut Db, import: Id) -> Result<()> {
    let of_import = import_findings::table.filter(import_findings::job_id.eq(import));
    let headings = of_import.select(import_findings::heading).distinct();
    let headings: Vec<Option<String>> = headings.load(db)?;
    let texts = headings.into_iter().flatten();
    let texts: Vec<String> = texts.filter(|heading| !concepts().is_word(heading)).collect();
    for texts in texts.chunks(BATCH) {
        let of_texts = of_import.filter(import_findings::heading.assume_not_null().eq_any(texts.to_vec()));
        diesel::update(of_texts)
            .set(import_findings::heading.eq(None::<String>))
            .execute(db)?;
    }
    // It quotes the headings of two columns.
    diesel::update(of_import.filter(import_findings::code.eq("same_field")))
        .set(import_findings::message.eq(Doc(ERASED)))
        .execute(db)?;
    diesel::update(of_import.filter(import_findings::sheet.is_not_null()))
        .set(import_findings::sheet.eq(None::<String>))
        .execute(db)?;
    Ok(())
}

/// Deletes the file of an import, with its name, those of its sheets, and its headings, but for those that are no more than known
/// words.
fn delete_file(db: &mut Db, import: Id) -> Result<()> {
    type Told = (
        Doc<OptionsDocument>,
        Doc<ProgressDocument>,
        Option<Doc<DetectedFormat>>,
    );
    diesel::delete(import_chunks::table.filter(import_chunks::job_id.eq(import))).execute(db)?;
    let of_import = import_jobs::table.find(import);
    let told = of_import.select((import_jobs::options, import_jobs::progress, import_jobs::detected));
    let Some((Doc(mut options), Doc(mut progress), detected)) = told.get_result::<Told>(db).optional()?
    else {
        return Ok(());
    };
    options.options.file_name = None;
    options.options.sheet = None;
    let mapping = &mut options.options.mapping;
    mapping.retain(|heading, _| concepts().is_word(heading));
    let columns = &mut progress.progress.columns;
    columns.retain(|heading, _| concepts().is_word(heading));
    for column in &mut progress.progress.headings {
        if !concepts().is_word(&column.heading) {
            column.heading.clear();
        }
    }
    let detected = detected.map(|Doc(detected)| {
        Doc(DetectedFormat {
            sheet: None,
            read_sheets: Vec::new(),
            sheets: Vec::new(),
            hidden_sheets: Vec::new(),
            unopened_sheets: Vec::new(),
            ..detected
        })
    });
    diesel::update(of_import)
        .set((
            import_jobs::options.eq(Doc(options)),
            import_jobs::progress.eq(Doc(progress)),
            import_jobs::detected.eq(detected),
        ))
        .execute(db)?;
    Ok(())
}
