//! A row of the work in projects: a milestone, a meeting, or hours. It does what the API does.
//!
//! The id of a record names an entry of its project, else the title names a milestone, the title and the begin a meeting, and
//! the member, the day and the length hours. What comes back from an export with its ids also comes into a project that has
//! ended.

pub mod fields;

use super::acting::{Acting, ActingRecord, Acts, Done, Written};
use super::reading::Reading;
use crate::auth::Reach;
use crate::catalogue::Catalogues;
use crate::catalogue::calendar;
use crate::db::{Db, Id, Instant};
use crate::error::{Error, FieldError, Place, Result};
use crate::http::IfMatch;
use crate::imports::columns::Target;
use crate::imports::fields::{Context, set};
use crate::imports::jobs::store::writes::{RecordWriteRow, row_hashes};
use crate::projects::entries::{self, Author};
use crate::projects::rules::Ruled;
use crate::projects::store as projects;
use crate::projects::store::work as store;
use crate::projects::work::{Entry, NewHours, NewMeeting, NewMilestone, Work, WorkKind};
use crate::workers;
use fields::{Draft, FIELDS};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tables::Remark;
use text::fold;

/// The rows of this kind.
pub struct WorkRow;

/// What is kept of a row, to take it back: no texts about people.
#[derive(Serialize, Deserialize)]
struct Kept {
    project: Id,
    kind: WorkKind,
    /// The entry before. Null for a new one.
    before: Option<serde_json::Value>,
    /// Whether an own export brought it back, maybe into a project that had ended.
    #[serde(default)]
    is_back: bool,
}

impl ActingRecord for WorkRow {
    type Known = ();

    fn act(db: &mut Db, acting: &Acting, row: Acts, (): &mut ()) -> Result<Done> {
        act(db, acting, row)
    }
    fn field_of(pointer: &str) -> Option<&'static str> {
        field_of(pointer)
    }
    fn versions(db: &mut Db, ids: &[Id]) -> Result<HashMap<Id, i64>> {
        store::versions(db, ids)
    }
    fn take_back(
        db: &mut Db,
        actor: &str,
        _: &Catalogues,
        write: &RecordWriteRow,
        now: Instant,
    ) -> Result<Vec<(Id, i64)>> {
        let id = write.record_id;
        let kept: Option<Kept> = write.kept()?;
        let kept = kept.ok_or_else(|| Error::Internal(format!("nothing was kept of {id}")))?;
        let kind = kept.kind;
        match kind {
            WorkKind::Milestone => restore(db, actor, id, kept, |_, own: NewMilestone| own, now)?,
            WorkKind::Meeting => {
                let back = |now: &NewMeeting, own: NewMeeting| NewMeeting {
                    attendee_ids: now.attendee_ids.clone(),
                    minutes: now.minutes.clone(),
                    ..own
                };
                restore(db, actor, id, kept, back, now)?;
            }
            _ => {
                let back = |now: &NewHours, own: NewHours| NewHours {
                    worker_id: now.worker_id,
                    note: now.note.clone(),
                    ..own
                };
                restore(db, actor, id, kept, back, now)?;
            }
        }
        Ok(Vec::new())
    }
}

/// Deletes an entry that a row made, or gives it back what it was.
fn restore<T: Ruled>(
    db: &mut Db,
    actor: &str,
    id: Id,
    kept: Kept,
    back: impl FnOnce(&T, T) -> T,
    now: Instant,
) -> Result<()> {
    let author = author(actor.to_owned(), Reach::Everything);
    let at = (kept.project, id);
    let Some(before) = kept.before else {
        return entries::delete_as::<T>(db, &author, at, &IfMatch::Absent, kept.is_back, now);
    };
    let before: T = serde_json::from_value(before).map_err(|e| Error::Internal(e.to_string()))?;
    let change = |current: &T| Ok(back(current, before));
    entries::update::<T>(db, &author, at, &IfMatch::Absent, change, now).map(drop)
}

fn author(actor: String, reach: Reach) -> Author {
    Author {
        actor,
        reach,
        personal_data: true,
        is_listed: true,
    }
}

fn act(db: &mut Db, acting: &Acting, row: Acts) -> Result<Done> {
    let Acts { reading, hash, .. } = row;
    let context = acting.context;
    let Some(mut draft) = understand(reading, context) else {
        return Ok(Done::Rejected);
    };
    let reach = &context.reach;
    let project = reading.text("project_id").and_then(|id| id.parse().ok().map(Id));
    let project = match project.map(|id| projects::find(db, reach, id)) {
        None => Err(missing("プロジェクトの記録ID", "the id of the project")),
        Some(Ok(project)) => Ok(project.id),
        Some(Err(Error::NotFound { .. })) => Err(unknown_project()),
        Some(Err(error)) => return Err(error),
    };
    let project = match project {
        Ok(project) => project,
        Err(remark) => {
            reading.reject("project_id", remark);
            return Ok(Done::Rejected);
        }
    };
    if reading.is_stored() && draft.attendee_ids.is_some() {
        leave_strangers_out(db, reading, project, &mut draft)?;
    }
    let mut line = Line {
        acting,
        reading,
        hash,
        project,
        now: Instant::now(),
    };
    match draft.kind() {
        Some(WorkKind::Milestone) => {
            let title = draft.title.clone();
            let make = |before: Option<&NewMilestone>| {
                let mut milestone = draft.milestone(before)?;
                milestone.complete(calendar::today());
                Some(milestone)
            };
            line.write(db, make, |one| Some(&one.work.title) == title.as_ref())
        }
        Some(WorkKind::Meeting) => line.write(
            db,
            |before| draft.meeting(before),
            |one| {
                let is_same = |at: Instant| at.utc().timestamp() == one.work.starts_at.utc().timestamp();
                Some(&one.work.title) == draft.title.as_ref() && draft.starts_at.is_some_and(is_same)
            },
        ),
        Some(WorkKind::Hours) => {
            let worker = match line.worker(db, &draft)? {
                Ok(worker) => worker,
                Err(remark) => {
                    line.reading.reject("name", remark);
                    return Ok(Done::Rejected);
                }
            };
            line.write(
                db,
                |before| draft.hours(before, worker),
                |one: &Entry<NewHours>| {
                    one.worker_id == worker
                        && draft.worked_on == Some(one.work.worked_on)
                        && draft.worked_minutes == Some(one.work.minutes)
                },
            )
            .map_err(about_hours)
        }
        _ => {
            line.reading.reject("kind", no_kind());
            Ok(Done::Rejected)
        }
    }
}

/// Leaves out of a meeting that comes back who is in no team here: who was erased, or whose project came without them.
fn leave_strangers_out(db: &mut Db, reading: &mut Reading, project: Id, draft: &mut Draft) -> Result<()> {
    let stated = reading.text("record_id").and_then(|id| id.parse().ok().map(Id));
    let is_here = !store::versions(db, stated.as_slice())?.is_empty();
    let members = projects::members(db, &Reach::Everything, &[project], false)?;
    let is_member = |id: &Id| members.iter().any(|one| one.worker_id == Some(*id));
    let attendees = draft.attendee_ids.iter_mut().filter(|_| !is_here);
    for ids in attendees {
        let before = ids.len();
        ids.retain(is_member);
        if ids.len() < before {
            reading.warn("attendee_ids", absent_members(before - ids.len()));
        }
    }
    Ok(())
}

/// Reads the cells of a row.
fn understand(reading: &mut Reading, context: &Context) -> Option<Draft> {
    reading.make(field_of, |reading| {
        let mut draft = Draft::default();
        reading.apply(context, |target, cell| match target {
            Target::Field { position, .. } => set(FIELDS, *position, &mut draft, cell),
            _ => Ok(()),
        });
        // What breaks a rule of the API is left out, if the row can do without it.
        match draft.kind() {
            Some(WorkKind::Milestone) => draft.milestone(None).map(|one| check(&one)),
            Some(WorkKind::Meeting) => draft.meeting(None).map(|one| check(&one)),
            Some(WorkKind::Hours) => draft
                .hours(None, None)
                .map(|one| check(&one).map_err(about_hours)),
            _ => None,
        }
        .unwrap_or(Ok(()))?;
        Ok(draft)
    })
}

fn check<T: Work>(work: &T) -> Result<()> {
    work.validate()
        .map_err(|errors| crate::http::body::invalid(&errors))
}

/// A row about an entry of a project.
struct Line<'l, 'r> {
    acting: &'l Acting<'l>,
    reading: &'l mut Reading<'r>,
    hash: i64,
    project: Id,
    now: Instant,
}

impl Line<'_, '_> {
    /// Adds an entry, or changes the one that is there. `make` says what the row makes of what was before, and `is_it` which entry
    /// it is, where the row has no id.
    fn write<T: Ruled>(
        &mut self,
        db: &mut Db,
        make: impl Fn(Option<&T>) -> Option<T>,
        is_it: impl Fn(&Entry<T>) -> bool,
    ) -> Result<Done> {
        let stated = self
            .reading
            .text("record_id")
            .and_then(|id| id.parse().ok().map(Id));
        let all = store::all::<T>(db, self.project)?;
        let of_id = all.iter().find(|one| Some(one.id) == stated);
        // What comes back is another entry than one that is like it.
        let is_back = self.reading.is_stored();
        let found = of_id.or_else(|| all.iter().find(|one| !is_back && is_it(one)));
        let author = author(self.acting.principal.actor(), self.acting.context.reach.clone());
        let Some(before) = found else {
            let Some(new) = make(None) else {
                self.reading.reject("title", incomplete());
                return Ok(Done::Rejected);
            };
            check(&new)?;
            let is_taken = match stated {
                Some(id) => !store::versions(db, &[id])?.is_empty(),
                None => false,
            };
            // An id means an entry of this project; only what comes back brings a new one along.
            if is_taken || stated.is_some() && !is_back {
                self.reading.reject("record_id", unknown_entry());
                return Ok(Done::Rejected);
            }
            let at = (self.project, stated.unwrap_or_default());
            let (id, ..) = entries::create_as(db, &author, at, new, is_back, self.now)?;
            let kept = Kept {
                project: self.project,
                kind: T::KIND,
                before: None,
                is_back,
            };
            return Ok(Done::Created(Written::new(id, 1).keeping(&kept)?));
        };
        let hashes = row_hashes(db, &[before.id])?;
        if hashes.get(&before.id).is_some_and(|(own, _)| *own == self.hash) {
            self.reading.findings.clear();
            return Ok(Done::Unchanged(before.id));
        }
        let Some(after) = make(Some(&before.work)).filter(|after| *after != before.work) else {
            return Ok(Done::Unchanged(before.id));
        };
        if !self.acting.updates {
            return Ok(Done::Existing(before.id));
        }
        check(&after)?;
        let (at, now) = ((self.project, before.id), self.now);
        let mut plain = None;
        // The entry is locked by now: somebody may have changed it since it was looked for.
        let change = |current: &T| {
            plain = Some(current.clone());
            let after = make(Some(current)).unwrap_or(after);
            check(&after)?;
            Ok(after)
        };
        let (version, _) = entries::update::<T>(db, &author, at, &IfMatch::Absent, change, now)?;
        let mut plain = plain.unwrap_or_else(|| before.work.clone());
        plain.hide(None, false);
        let plain = serde_json::to_value(plain).map_err(|e| Error::Internal(e.to_string()))?;
        let kept = Kept {
            project: self.project,
            kind: T::KIND,
            before: Some(plain),
            is_back: false,
        };
        if version == before.version {
            return Ok(Done::Unchanged(before.id));
        }
        Ok(Done::Updated(Written::new(before.id, version).keeping(&kept)?))
    }

    /// Returns whose hours a row is about: the member with this id, or the only one with this name.
    fn worker(&self, db: &mut Db, draft: &Draft) -> Result<std::result::Result<Option<Id>, Remark>> {
        let Some(name) = self.reading.text("name").filter(|_| draft.worker_id.is_none()) else {
            return Ok(Ok(draft.worker_id));
        };
        let reach = &self.acting.context.reach;
        let members = projects::members(db, reach, &[self.project], false)?;
        let mut ids: Vec<Id> = members.iter().filter_map(|one| one.worker_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let plain = |text: &str| fold(text).split_whitespace().collect::<String>();
        let mut found = workers::store::load_some(db, &ids)?.into_iter().filter(|one| {
            let own = one.profile.personal.as_ref();
            own.and_then(|own| own.name.as_deref())
                .is_some_and(|own| plain(own) == plain(name))
        });
        Ok(match (found.next(), found.next()) {
            (Some(one), None) => Ok(Some(one.id)),
            (None, _) => Err(not_a_member()),
            _ => Err(ambiguous()),
        })
    }
}

/// Names the column of how long somebody worked: the minutes of a meeting are its record.
fn about_hours(error: Error) -> Error {
    let Error::Invalid(faults) = error else {
        return error;
    };
    let renamed = |fault: FieldError| match &fault.place {
        Place::Pointer(pointer) if pointer == "/minutes" => FieldError {
            place: Place::Pointer("/worked_minutes".to_owned()),
            ..fault
        },
        _ => fault,
    };
    Error::Invalid(faults.into_iter().map(renamed).collect())
}

fn missing(ja: &str, en: &str) -> Remark {
    Remark::new(
        "missing_field",
        format!("{ja}を入力してください。"),
        format!("Give {en}."),
    )
}

fn incomplete() -> Remark {
    Remark::new(
        "missing_field",
        "マイルストーンには件名と期限、会議には件名と開始日時、活動時間には活動日と長さが必要です。",
        "A milestone needs title and deadline, a meeting title and begin, hours a day and how long.",
    )
}

fn no_kind() -> Remark {
    Remark::new(
        "missing_field",
        "区分（マイルストーン、会議、活動時間）を入力してください。",
        "Give the kind: milestone, meeting or hours.",
    )
}

fn unknown_entry() -> Remark {
    Remark::new(
        "unknown_record",
        "このプロジェクトに、この記録IDの記録はありません。新しい記録は、記録IDを空欄にしてください。",
        "The project has no entry with this id. Leave the id of a new one empty.",
    )
}

fn unknown_project() -> Remark {
    Remark::new(
        "unknown_record",
        "このIDのプロジェクトは見つかりません。プロジェクトの記録IDを確認してください。",
        "There is no such project. Check the id of its record.",
    )
}

fn absent_members(count: usize) -> Remark {
    Remark::new(
        "not_a_member",
        format!("チームの記録にいない参加者{count}人は、取り込んでいません。"),
        format!("{count} of those who were there are in no record of the team, so they weren't imported."),
    )
}

fn not_a_member() -> Remark {
    Remark::new(
        "not_a_member",
        "この氏名のメンバーはいません。チームにいる人の氏名か、ワーカーの記録IDを入力してください。",
        "The project has no member with this name. Give the name of somebody on the team, or the id of the worker.",
    )
}

fn ambiguous() -> Remark {
    Remark::new(
        "ambiguous_worker",
        "同じ氏名のメンバーが複数います。ワーカーの記録IDを入力してください。",
        "Several members have this name. Give the id of the worker.",
    )
}

/// Returns the field that a JSON pointer into an entry means.
fn field_of(pointer: &str) -> Option<&'static str> {
    let member = pointer.split('/').nth(1).unwrap_or_default();
    let member = match member {
        "due_on" => "deadline",
        member => member,
    };
    let mut names = FIELDS.iter().map(|setter| setter.field.name);
    names.find(|name| *name == member)
}
