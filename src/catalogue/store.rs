//! SQL of the catalogue, and its embedded entries.

use super::areas::Areas;
use super::entries::{Definition, DeliverableType, EntryKind, Role, Skill, Theme};
use super::fixed::{Fixed, FormatDefaults};
use super::state::{Catalogue, Entry, RealDuration, RealDurations};
use crate::changes::{self, Action, Change, Subject};
use crate::config::ServedAreas;
use crate::db::schema::catalogue_entries::{self, dsl};
use crate::db::schema::type_durations::{self, dsl as d};
use crate::db::{Db, Doc, Instant, lock, on, on_duplicate, update_version};
use crate::error::{Error, Result, Text};
use diesel::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = catalogue_entries, treat_none_as_default_value = false)]
struct EntryRow {
    kind: String,
    code: String,
    definition: Doc<Value>,
    position: i32,
    version: i64,
    updated_at: Instant,
}

impl EntryRow {
    fn new<T: Definition>(definition: &T, position: i32) -> Result<EntryRow> {
        Ok(EntryRow {
            kind: T::KIND.code().to_owned(),
            code: definition.code().to_owned(),
            definition: Doc(serde_json::to_value(definition).map_err(unreadable)?),
            position,
            version: 1,
            updated_at: Instant::now(),
        })
    }

    fn entry<T: DeserializeOwned>(self) -> Result<Entry<T>> {
        let definition = serde_json::from_value(self.definition.0).map_err(unreadable)?;
        Ok(Entry {
            definition,
            version: self.version,
        })
    }
}

fn unreadable(e: impl std::fmt::Display) -> Error {
    Error::Internal(format!("a catalogue entry can't be read: {e}"))
}

/// Reads formats, families and areas from the embedded files.
pub fn fixed(served: &ServedAreas) -> Result<Fixed> {
    let areas = areas()?;
    Ok(Fixed {
        formats: formats()?,
        families: embedded(include_str!("data/families.json"))?,
        served: areas.served(served)?,
        areas,
    })
}

pub fn formats() -> Result<Vec<FormatDefaults>> {
    embedded(include_str!("data/formats.json"))
}

/// Reads the areas, once in each process.
fn areas() -> Result<Arc<Areas>> {
    static AREAS: OnceLock<Arc<Areas>> = OnceLock::new();
    if let Some(areas) = AREAS.get() {
        return Ok(Arc::clone(areas));
    }
    let areas = Areas::new(
        embedded_rows(include_str!("data/areas.csv"))?,
        embedded_rows(include_str!("data/former_areas.csv"))?,
        embedded_rows(include_str!("data/prefectures.csv"))?,
    );
    Ok(Arc::clone(AREAS.get_or_init(|| Arc::new(areas))))
}

fn embedded_rows<T: DeserializeOwned>(csv: &str) -> Result<Vec<T>> {
    let rows = csv::Reader::from_reader(csv.as_bytes()).into_deserialize();
    rows.collect::<Result<_, csv::Error>>().map_err(unreadable)
}

fn embedded<T: DeserializeOwned>(json: &str) -> Result<Vec<T>> {
    serde_json::from_str(json).map_err(unreadable)
}

/// The actor that writes the built-in entries.
const SEED: &str = "system:seed";

/// Adds the built-in entries that are missing, and updates those that only this function has written. Entries that an
/// administrator changed or retired stay unchanged.
pub fn seed(db: &mut Db) -> Result<()> {
    fn rows<T: Definition>(json: &str) -> Result<Vec<EntryRow>> {
        let all: Vec<T> = embedded(json)?;
        all.iter()
            .enumerate()
            .map(|(i, definition)| EntryRow::new(definition, i as i32))
            .collect()
    }
    let mut built_in = rows::<Skill>(include_str!("data/skills.json"))?;
    built_in.extend(rows::<Role>(include_str!("data/roles.json"))?);
    built_in.extend(rows::<Theme>(include_str!("data/themes.json"))?);
    built_in.extend(rows::<DeliverableType>(include_str!(
        "data/deliverable_types.json"
    ))?);
    // Servers that start together take turns.
    lock(db, "catalogue seed")?;
    let present: Vec<EntryRow> = dsl::catalogue_entries.select(EntryRow::as_select()).load(db)?;
    let present: HashMap<(String, String), EntryRow> = present
        .into_iter()
        .map(|row| ((row.kind.clone(), row.code.clone()), row))
        .collect();
    let by_others = changes::store::written_by_others(db, Subject::Catalogue, SEED)?;
    let (mut new, mut changes) = (Vec::new(), Vec::new());
    for mut row in built_in {
        match present.get(&(row.kind.clone(), row.code.clone())) {
            None => {
                changes.push(change(&row, Action::Created));
                new.push(row);
            }
            Some(before) => {
                row.version = before.version + 1;
                let updated = change(&row, Action::Updated);
                if before.definition.0 != row.definition.0 && !by_others.contains(&updated.subject_id) {
                    let values = (
                        dsl::definition.eq(row.definition),
                        dsl::version.eq(row.version),
                        dsl::updated_at.eq(row.updated_at),
                    );
                    let key = (before.kind.as_str(), before.code.as_str());
                    diesel::update(dsl::catalogue_entries.find(key))
                        .set(values)
                        .execute(db)?;
                    changes.push(updated);
                }
            }
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    on!(db, |c| diesel::insert_into(catalogue_entries::table)
        .values(&new)
        .execute(c))?;
    changes::store::append(db, SEED, &changes)
}

fn change(row: &EntryRow, action: Action) -> Change {
    Change::new(
        Subject::Catalogue,
        format!("{}/{}", row.kind, row.code),
        action,
        row.version,
    )
}

/// Loads the whole catalogue.
pub fn load(db: &mut Db, fixed: Arc<Fixed>) -> Result<Catalogue> {
    Ok(Catalogue::new(all(db)?, all(db)?, all(db)?, all(db)?, fixed))
}

/// Lists the entries of a kind in their order, retired ones too.
pub fn all<T: Definition>(db: &mut Db) -> Result<Vec<Entry<T>>> {
    let rows = dsl::catalogue_entries
        .filter(dsl::kind.eq(T::KIND.code()))
        .order((dsl::position, dsl::code))
        .select(EntryRow::as_select());
    rows.load(db)?.into_iter().map(EntryRow::entry).collect()
}

fn missing(kind: EntryKind) -> Error {
    Error::NotFound { what: kind.names() }
}

fn row(db: &mut Db, kind: EntryKind, code: &str) -> Result<EntryRow> {
    let found = dsl::catalogue_entries
        .find((kind.code(), code))
        .select(EntryRow::as_select())
        .get_result(db)
        .optional()?;
    found.ok_or_else(|| missing(kind))
}

pub fn find<T: Definition>(db: &mut Db, code: &str) -> Result<Entry<T>> {
    row(db, T::KIND, code)?.entry()
}

/// Finds an entry and locks it until the transaction ends.
pub fn find_for_update<T: Definition>(db: &mut Db, code: &str) -> Result<Entry<T>> {
    lock(db, &format!("catalogue/{}/{code}", T::KIND.code()))?;
    find(db, code)
}

/// Adds an entry at the end.
pub fn insert<T: Definition>(db: &mut Db, actor: &str, definition: &T) -> Result<Entry<T>> {
    let last: Option<i32> = dsl::catalogue_entries
        .filter(dsl::kind.eq(T::KIND.code()))
        .select(diesel::dsl::max(dsl::position))
        .get_result(db)?;
    let row = EntryRow::new(definition, last.map_or(0, |p| p + 1))?;
    let change = change(&row, Action::Created);
    let insert = diesel::insert_into(catalogue_entries::table).values(row);
    let taken = || Error::Conflict {
        code: "duplicate_code",
        detail: Text::new(
            "このコードはすでに使われています。",
            "This code is already in use.",
        ),
    };
    insert.execute(db).map_err(|e| on_duplicate(e, taken))?;
    changes::store::append(db, actor, &[change])?;
    find(db, definition.code())
}

/// Writes the next version of an entry.
pub fn update<T: Definition>(db: &mut Db, actor: &str, before: &Entry<T>, after: &T) -> Result<Entry<T>> {
    let key = (T::KIND.code(), after.code());
    let definition = Doc(serde_json::to_value(after).map_err(unreadable)?);
    let values = (
        dsl::definition.eq(definition),
        dsl::version.eq(before.version + 1),
        dsl::updated_at.eq(Instant::now()),
    );
    let gone = missing(T::KIND);
    update_version!(db, catalogue_entries, key: key, before: before.version, set: values, missing: gone)?;
    let row = row(db, T::KIND, after.code())?;
    changes::store::append(db, actor, &[change(&row, Action::Updated)])?;
    row.entry()
}

/// Returns how long projects of each type took.
pub fn durations(db: &mut Db) -> Result<RealDurations> {
    let rows = d::type_durations.select((d::type_code, d::median_days, d::deliveries));
    let number = |n: i32| u32::try_from(n).unwrap_or_default();
    let read = |(code, median, deliveries): (String, Option<i32>, i32)| {
        let duration = RealDuration {
            median_days: median.map(number),
            deliveries: number(deliveries),
        };
        (code, duration)
    };
    Ok(rows.load(db)?.into_iter().map(read).collect())
}

/// Writes how long projects of a type took.
pub fn upsert_duration(db: &mut Db, type_code: &str, duration: RealDuration) -> Result<()> {
    let number = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let values = || {
        (
            d::median_days.eq(duration.median_days.map(number)),
            d::deliveries.eq(number(duration.deliveries)),
        )
    };
    on!(db, |c| diesel::insert_into(type_durations::table)
        .values((d::type_code.eq(type_code), values()))
        .on_conflict(d::type_code)
        .do_update()
        .set(values())
        .execute(c))?;
    Ok(())
}
