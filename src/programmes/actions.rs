//! The use cases of programmes.

use super::rules::{check_calendar, notices};
use super::{
    NewProgramme, NewProgrammeRecord, Programme, ProgrammeFilter, ProgrammeRecord, ProgrammeRecordKind, store,
};
use crate::auth::{Reach, Writer, within_reach};
use crate::catalogue::lookup::resolve_area;
use crate::catalogue::{Catalogue, Filters};
use crate::db::{Db, Id, Instant};
use crate::error::{Error, Result, Text};
use crate::http::query::Several;
use crate::http::{IfMatch, Language, Page, Paging, page};
use crate::projects::{self, ProjectFilter, ProjectKind};
use crate::{deliverables, values::AreaCode};
use std::collections::HashMap;

/// Returns a programme with what to look at.
pub fn noted(mut programme: Programme, language: Language) -> Programme {
    programme.notices = notices(&programme.plan, language);
    programme
}

pub fn list(
    db: &mut Db,
    catalogue: &Catalogue,
    mut filter: ProgrammeFilter,
    language: Language,
) -> Result<Page<Programme>> {
    Filters::of(catalogue)
        .area(&mut filter.area)
        .fiscal_year(filter.fiscal_year)
        .check()?;
    Ok(store::list(db, &filter)?.map(|one| noted(one, language)))
}

/// Completes the areas' codes to six digits.
fn resolve(catalogue: &Catalogue, areas: &mut [AreaCode]) -> Result<()> {
    let mut faults = Vec::new();
    for (i, area) in areas.iter_mut().enumerate() {
        resolve_area(&catalogue.fixed, area, &format!("/areas/{i}"), &mut faults);
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    }
}

/// Checks that the caller reaches each area that is new. Only those who reach everything write programmes of all areas.
fn check_areas(reach: &Reach, before: &[AreaCode], after: &[AreaCode]) -> Result<()> {
    let is_whole = after.is_empty() && *reach != Reach::Everything;
    let mut added = after.iter().filter(|area| !before.contains(area));
    within_reach(!is_whole && added.all(|area| *reach == Reach::Everything || reach.covers_area(area)))
}

pub fn create(
    db: &mut Db,
    writer: &Writer,
    catalogue: &Catalogue,
    mut plan: NewProgramme,
    now: Instant,
) -> Result<Programme> {
    Error::together([resolve(catalogue, &mut plan.areas), check_calendar(&plan)])?;
    check_areas(&writer.reach, &[], &plan.areas)?;
    let programme = Programme {
        id: Id::new(),
        plan,
        notices: Vec::new(),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    store::insert(db, &writer.actor, &programme)?;
    Ok(programme)
}

/// Changes a programme to what `change` returns. Writes nothing if that is the same. The fiscal year stays.
pub fn update(
    db: &mut Db,
    writer: &Writer,
    catalogue: &Catalogue,
    id: Id,
    if_match: &IfMatch,
    change: impl FnOnce(&NewProgramme) -> Result<NewProgramme>,
) -> Result<Programme> {
    let before = store::find_for_update(db, &writer.reach, id)?;
    if_match.check(before.version)?;
    let mut plan = change(&before.plan)?;
    if plan.fiscal_year != before.plan.fiscal_year {
        // Everything that belongs to it is of its year.
        let rule = Text::new(
            "年度は変更できません。ほかの年度のプログラムは、新しく登録してください。",
            "The fiscal year can't change. Register another programme for another year.",
        );
        return Err(Error::invalid("/fiscal_year", "not_permitted", rule));
    }
    Error::together([resolve(catalogue, &mut plan.areas), check_calendar(&plan)])?;
    if plan == before.plan {
        return Ok(before);
    }
    check_areas(&writer.reach, &before.plan.areas, &plan.areas)?;
    let after = Programme {
        plan,
        version: before.version + 1,
        updated_at: Instant::now(),
        ..before
    };
    store::update(db, &writer.actor, &after)?;
    Ok(after)
}

/// Notes in the log that the programme has other records.
fn touch(db: &mut Db, actor: &str, before: Programme, now: Instant) -> Result<()> {
    let after = Programme {
        version: before.version + 1,
        updated_at: now,
        ..before
    };
    store::update(db, actor, &after)
}

/// What a record is called, and its fiscal year.
type Named = (String, i32);

/// Returns the names of records that a caller sees.
fn named(db: &mut Db, sight: &Sight, kind: ProgrammeRecordKind, ids: Vec<Id>) -> Result<HashMap<Id, Named>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    match (kind, &sight.deliverables, &sight.projects) {
        (ProgrammeRecordKind::Deliverable, Some(reach), _) => {
            let found = deliverables::store::some(db, reach, &ids)?.into_iter();
            Ok(found
                .map(|one| (one.id, (one.request.title, one.fiscal_year)))
                .collect())
        }
        (ProgrammeRecordKind::Project, _, Some(reach)) => {
            let filter = ProjectFilter {
                ids: Some(Several(ids)),
                kind: Some(Several(vec![ProjectKind::Accompaniment])),
                ..ProjectFilter::default()
            };
            let found = projects::store::list(db, reach, &filter)?.items.into_iter();
            Ok(found
                .map(|one| (one.id, (one.plan.title, one.fiscal_year)))
                .collect())
        }
        _ => Ok(HashMap::new()),
    }
}

/// Which deliverables and projects a caller may read. None: none.
pub struct Sight {
    pub deliverables: Option<Reach>,
    pub projects: Option<Reach>,
}

fn shown(
    kind: ProgrammeRecordKind,
    id: Id,
    (title, fiscal_year): Named,
    added_at: Instant,
) -> ProgrammeRecord {
    let list = match kind {
        ProgrammeRecordKind::Deliverable => "deliverables",
        ProgrammeRecordKind::Project => "projects",
    };
    ProgrammeRecord {
        kind,
        record_id: id,
        title,
        fiscal_year,
        added_at,
        href: format!("/v1/{list}/{id}"),
    }
}

/// Returns those of the members that the caller sees.
fn known(db: &mut Db, sight: &Sight, members: &[store::Member]) -> Result<HashMap<Id, Named>> {
    let mut known = HashMap::new();
    for kind in [ProgrammeRecordKind::Deliverable, ProgrammeRecordKind::Project] {
        let of_kind = members.iter().filter(|(_, of, _)| *of == kind);
        let ids = of_kind.map(|(id, ..)| *id).collect();
        known.extend(named(db, sight, kind, ids)?);
    }
    Ok(known)
}

/// Lists the records of a programme that the caller sees.
pub fn records(db: &mut Db, sight: &Sight, id: Id, paging: &Paging) -> Result<Page<ProgrammeRecord>> {
    store::find(db, id)?;
    let mut page = store::records(db, id, paging)?;
    let mut known = known(db, sight, &page.items)?;
    page.retain(|(id, ..)| known.contains_key(id));
    let page = page.counted(paging.count, || {
        let mut seen = 0;
        for members in store::members(db, id, page::COUNTED)?.chunks(page::MAX_LIMIT as usize) {
            seen += self::known(db, sight, members)?.len();
        }
        Ok(seen)
    })?;
    Ok(page.map(|(id, kind, added_at)| {
        let named = known.remove(&id).unwrap_or_default();
        shown(kind, id, named, added_at)
    }))
}

/// Adds a record that the caller sees to a programme of its fiscal year.
pub fn add_record(
    db: &mut Db,
    writer: &Writer,
    sight: &Sight,
    id: Id,
    new: &NewProgrammeRecord,
    now: Instant,
) -> Result<ProgrammeRecord> {
    let programme = store::find_for_update(db, &writer.reach, id)?;
    store::lock_record(db, new.record_id)?;
    let mut found = named(db, sight, new.kind, vec![new.record_id])?;
    let unknown = || {
        let rule = Text::new(
            "このIDの支援内容・伴走支援は見つかりません。",
            "There is no such deliverable or accompaniment.",
        );
        Error::invalid("/record_id", "unknown_record", rule)
    };
    let (title, year) = found.remove(&new.record_id).ok_or_else(unknown)?;
    if year != programme.plan.fiscal_year {
        let own = programme.plan.fiscal_year;
        let rule = Text::new(
            format!("{own}年度のプログラムです。{year}年度の記録は登録できません。"),
            format!("The programme is of fiscal year {own}, and the record of {year}."),
        );
        return Err(Error::invalid("/record_id", "outside_fiscal_year", rule));
    }
    if !store::insert_record(db, id, new.kind, new.record_id, now)? {
        return Err(Error::Conflict {
            code: "already_in_programme",
            detail: Text::new(
                "すでにプログラムに登録されています。",
                "It belongs to a programme already.",
            ),
        });
    }
    touch(db, &writer.actor, programme, now)?;
    Ok(shown(new.kind, new.record_id, (title, year), now))
}

/// Checks that a record which moves to this fiscal year belongs to no programme of another one.
pub fn check_year(db: &mut Db, record: Id, year: i32) -> Result<()> {
    store::lock_record(db, record)?;
    match store::year_of_record(db, record)?.filter(|own| *own != year) {
        None => Ok(()),
        Some(own) => {
            let rule = Text::new(
                format!(
                    "{own}年度のプログラムに登録されています。ほかの年度に移すときは、先にプログラムから外してください。"
                ),
                format!(
                    "It belongs to a programme of fiscal year {own}. To move it to another year, first take it out of the programme."
                ),
            );
            Err(Error::invalid("/starts_on", "outside_fiscal_year", rule))
        }
    }
}

/// Takes a record out of a programme.
pub fn remove_record(
    db: &mut Db,
    writer: &Writer,
    if_match: &IfMatch,
    id: Id,
    record: Id,
    now: Instant,
) -> Result<()> {
    let programme = store::find_for_update(db, &writer.reach, id)?;
    if_match.check(programme.version)?;
    if !store::delete_record(db, id, record)? {
        return Err(Error::not_found("プログラムの項目", "record of the programme"));
    }
    touch(db, &writer.actor, programme, now)
}
