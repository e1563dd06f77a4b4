//! The use cases of the work in projects, the same for each kind. Each locks the project, checks, writes, and enters in the
//! history who did it.

use super::actions::actor_shown;
use super::files::{ArtifactFile, PIECE, Room};
use super::rules::{self, Handling, Ruled, Writing, day_exceeded, too_many};
use super::status::ArtifactStatus;
use super::store::{self, work as store_work};
use super::team::{Event, record};
use super::work::{CountedAs, Entry, NewArtifact, NewMilestone, Work, WorkKind};
use super::{Member, Project, ProjectAction, ProjectKind, Seat, hours};
use crate::auth::{Reach, Viewer};
use crate::catalogue::calendar::day_number;
use crate::changes::{self, Change};
use crate::config::ProjectFileQuotas;
use crate::db::{Db, Id, Instant};
use crate::deliverables::{self, Deliverable};
use crate::error::{Error, Result, Text};
use crate::http::{Edited, IfMatch, Page, Paging};
use crate::values::Lifecycle;
use std::io::Read;

/// A project as a caller works on it.
struct Workplace {
    project: Project,
    /// Those whom the caller may know of, also those who have left.
    members: Vec<Member>,
    seat: Seat,
    /// The deliverable, where it is locked, too.
    deliverable: Option<Deliverable>,
}

impl Workplace {
    fn of(db: &mut Db, reach: &Reach, project: Project) -> Result<Workplace> {
        let members = store::members(db, reach, &[project.id], false)?;
        let seat = Seat::of(reach, &members);
        Ok(Workplace {
            project,
            members,
            seat,
            deliverable: None,
        })
    }

    fn find(db: &mut Db, reach: &Reach, id: Id) -> Result<Workplace> {
        let project = store::find(db, reach, id)?;
        Workplace::of(db, reach, project)
    }

    fn find_for_update(db: &mut Db, reach: &Reach, id: Id) -> Result<Workplace> {
        let project = store::find_for_update(db, reach, id)?;
        Workplace::of(db, reach, project)
    }

    /// Finds the project to write work of a kind. Hours also lock the deliverable, before the project and the worker, as
    /// everything does that counts in a worker's record.
    fn find_to_write(db: &mut Db, reach: &Reach, id: Id, kind: WorkKind) -> Result<Workplace> {
        let deliverable = match kind {
            WorkKind::Hours if store::find(db, reach, id)?.kind == ProjectKind::Deliverable => {
                Some(deliverables::store::find_archived_too_for_update(db, id)?)
            }
            _ => None,
        };
        let place = Workplace::find_for_update(db, reach, id)?;
        Ok(Workplace { deliverable, ..place })
    }

    /// Returns as what hours of a worker count, where there is a deliverable and they are in its team.
    fn counts_as(&self, worker: Option<Id>) -> Option<CountedAs> {
        let of_worker = self.members.iter().filter(|one| one.worker_id == worker);
        let last = of_worker.max_by_key(|one| one.joined_at)?;
        Some(CountedAs {
            family: self.deliverable.as_ref()?.family.to_string(),
            role: last.role.to_string(),
        })
    }

    fn key(&self) -> (Id, Id) {
        (self.project.id, self.project.plan.organization_id)
    }

    /// Returns an entry as the caller sees it, who also learns what is their own.
    fn shown<T: Work>(&self, mut entry: Entry<T>, actor: &str, personal_data: bool) -> T::View {
        let known = self.members.iter().filter_map(|one| one.worker_id).collect();
        entry.hide(Some(&known), personal_data);
        if entry.created_by != actor {
            entry.created_by = actor_shown(entry.created_by, self.seat);
        }
        entry.into()
    }
}

/// Who writes work.
pub struct Author {
    pub actor: String,
    pub reach: Reach,
    pub personal_data: bool,
    /// Whether a list tells of it: what was approved elsewhere, somebody has read.
    pub is_listed: bool,
}

impl From<Viewer> for Author {
    fn from(viewer: Viewer) -> Author {
        Author {
            actor: viewer.actor,
            reach: viewer.reach,
            personal_data: viewer.personal_data,
            is_listed: false,
        }
    }
}

pub fn list<T: Work>(db: &mut Db, viewer: &Viewer, project: Id, paging: &Paging) -> Result<Page<T::View>> {
    let place = Workplace::find(db, &viewer.reach, project)?;
    if !place.seat.reads(T::KIND) {
        return Page::all(Vec::new()).counted(paging.count, || Ok(0));
    }
    let page = store_work::list::<T>(db, place.key(), place.seat, paging)?;
    Ok(page.map(|entry| place.shown(entry, &viewer.actor, viewer.personal_data)))
}

/// Returns an entry and its version.
pub fn show<T: Work>(db: &mut Db, viewer: &Viewer, project: Id, id: Id) -> Result<(i64, T::View)> {
    let place = Workplace::find(db, &viewer.reach, project)?;
    let entry = find::<T>(db, &place, id)?;
    Ok((
        entry.version,
        place.shown(entry, &viewer.actor, viewer.personal_data),
    ))
}

fn find<T: Work>(db: &mut Db, place: &Workplace, id: Id) -> Result<Entry<T>> {
    if !place.seat.reads(T::KIND) {
        return Err(Error::not_found("項目", "entry"));
    }
    store_work::find(db, place.key(), id, place.seat)
}

/// Adds an entry. Returns its id, the worker whose it is, and what the author sees.
pub fn create<T: Ruled>(
    db: &mut Db,
    author: &Author,
    project: Id,
    new: T,
    now: Instant,
) -> Result<(Id, Option<Id>, T::View)> {
    create_as(db, author, (project, Id::new()), new, false, now)
}

/// Adds an entry under an id. What comes back (`is_back`) also comes into a project that has ended.
pub fn create_as<T: Ruled>(
    db: &mut Db,
    author: &Author,
    (project, id): (Id, Id),
    mut new: T,
    is_back: bool,
    now: Instant,
) -> Result<(Id, Option<Id>, T::View)> {
    let place = Workplace::find_to_write(db, &author.reach, project, T::KIND)?;
    let writing = Writing {
        is_back,
        ..writing(&place, author)
    };
    match is_back {
        true => writing.check_seat(T::KIND)?,
        false => writing.check(T::KIND)?,
    }
    new.check(None, &writing)?;
    if store_work::count(db, project, T::KIND)? >= rules::most(T::KIND) {
        return Err(too_many(T::KIND));
    }
    let own = match place.seat {
        Seat::Member(worker) => Some(worker),
        _ => None,
    };
    let worker_id = new.worker().or(own);
    let entry = Entry {
        id,
        project_id: project,
        organization_id: place.project.plan.organization_id,
        worker_id,
        answers: Vec::new(),
        counted_as: place.counts_as(worker_id),
        revision: u16::from(new.waits() && T::KIND == WorkKind::Artifact),
        work: new,
        file: None,
        created_by: author.actor.clone(),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    check_day(db, &entry)?;
    let mut changes = hours::count(db, None, Some(&entry), now)?;
    changes.push(store_work::insert_unlogged(db, &entry)?);
    finish(db, author, &place, ProjectAction::Created, &entry, changes, now)?;
    Ok((
        entry.id,
        entry.worker_id,
        place.shown(entry, &author.actor, author.personal_data),
    ))
}

/// Changes an entry to what `change` returns. Writes nothing if that is the same.
pub fn update<T: Ruled>(
    db: &mut Db,
    author: &Author,
    at: (Id, Id),
    if_match: &IfMatch,
    change: impl FnOnce(&T) -> Result<T>,
    now: Instant,
) -> Result<(i64, T::View)> {
    let edit = |before: &T| Ok(Edited::read(before, change(before)?));
    self::edit(db, author, at, if_match, edit, now)
}

/// Changes an entry, as [`update`] does, for somebody who may not read all of it.
pub fn edit<T: Ruled>(
    db: &mut Db,
    author: &Author,
    (project, id): (Id, Id),
    if_match: &IfMatch,
    edit: impl FnOnce(&T) -> Result<Edited<T>>,
    now: Instant,
) -> Result<(i64, T::View)> {
    let place = Workplace::find_to_write(db, &author.reach, project, T::KIND)?;
    let before = find::<T>(db, &place, id)?;
    let writing = writing(&place, author);
    writing.check(T::KIND)?;
    writing.check_owner(&before)?;
    if_match.check(before.version)?;
    let edited = edit(&before.work)?;
    let (compared, mut work) = (before.with(edited.before), edited.after);
    work.check(Some(&compared), &writing)?;
    if_match.check_was_read(!author.is_listed && work.is_approved(&before.work))?;
    if work == compared.work {
        return Ok((
            before.version,
            place.shown(before, &author.actor, author.personal_data),
        ));
    }
    let is_new_version = work.is_new_version(&before.work);
    let worker_id = work.worker().or(before.worker_id);
    let is_same = worker_id == before.worker_id;
    let counted_as = before.counted_as.clone().filter(|_| is_same);
    let after = Entry {
        worker_id,
        counted_as: counted_as.or_else(|| place.counts_as(worker_id)),
        revision: before.revision.saturating_add(is_new_version.into()),
        work,
        version: before.version + 1,
        updated_at: now,
        ..before.clone()
    };
    let after = after.answered(&before);
    check_day(db, &after)?;
    let mut changes = hours::count(db, Some(&before), Some(&after), now)?;
    changes.push(store_work::update_unlogged(db, &after)?);
    let action = written(&before, &after);
    finish(db, author, &place, action, &after, changes, now)?;
    Ok((
        after.version,
        place.shown(after, &author.actor, author.personal_data),
    ))
}

/// Returns what a change of an entry is: another status counts more than anything else.
fn written<T: Work>(before: &Entry<T>, after: &Entry<T>) -> ProjectAction {
    match before.work.status() == after.work.status() {
        true => ProjectAction::Updated,
        false => ProjectAction::Moved,
    }
}

pub fn delete<T: Ruled>(
    db: &mut Db,
    author: &Author,
    at: (Id, Id),
    if_match: &IfMatch,
    now: Instant,
) -> Result<()> {
    delete_as::<T>(db, author, at, if_match, false, now)
}

/// Deletes an entry. What an own export had brought back (`was_back`) also goes from a project that has ended.
pub fn delete_as<T: Ruled>(
    db: &mut Db,
    author: &Author,
    (project, id): (Id, Id),
    if_match: &IfMatch,
    was_back: bool,
    now: Instant,
) -> Result<()> {
    let place = Workplace::find_to_write(db, &author.reach, project, T::KIND)?;
    let before = find::<T>(db, &place, id)?;
    let writing = writing(&place, author);
    match was_back {
        true => writing.check_seat(T::KIND)?,
        false => writing.check(T::KIND)?,
    }
    writing.check_owner(&before)?;
    if_match.check(before.version)?;
    T::check_deletion(&before, &writing)?;
    let mut changes = hours::count(db, Some(&before), None, now)?;
    changes.push(store_work::delete_unlogged(db, id, before.version)?);
    finish(db, author, &place, ProjectAction::Deleted, &before, changes, now)
}

fn writing<'a>(place: &'a Workplace, author: &'a Author) -> Writing<'a> {
    Writing {
        project: &place.project,
        members: &place.members,
        seat: place.seat,
        actor: &author.actor,
        is_back: false,
        external_team: place
            .deliverable
            .as_ref()
            .is_some_and(|one| one.request.external_team),
    }
}

/// Checks that nobody works more than a day has hours.
fn check_day<T: Work>(db: &mut Db, entry: &Entry<T>) -> Result<()> {
    let (Some(minutes), Some(worker), Some(day)) = (entry.work.minutes(), entry.worker_id, entry.work.day())
    else {
        return Ok(());
    };
    let others = store_work::minutes_on(db, worker, day_number(day), entry.id)?;
    match others + i64::from(minutes) > rules::MINUTES_OF_DAY {
        true => Err(day_exceeded()),
        false => Ok(()),
    }
}

/// Counts the project's progress again where milestones change, enters the write in the history, and logs it.
fn finish<T: Work>(
    db: &mut Db,
    author: &Author,
    place: &Workplace,
    action: ProjectAction,
    entry: &Entry<T>,
    mut changes: Vec<Change>,
    now: Instant,
) -> Result<()> {
    if T::KIND == WorkKind::Milestone {
        changes.extend(measure(db, &place.project, now)?);
    }
    record(
        db,
        &author.actor,
        &place.project,
        Event::of_work(action, entry),
        now,
    )?;
    changes::store::append(db, &author.actor, &changes)
}

/// Writes how far a project has come, if that is not what it was.
fn measure(db: &mut Db, project: &Project, now: Instant) -> Result<Option<Change>> {
    let milestones = store_work::all::<NewMilestone>(db, project.id)?;
    let percent = rules::progress(milestones.iter().map(|one| &one.work));
    if percent == project.progress.percent {
        return Ok(None);
    }
    let mut next = project.changed(project.plan.clone(), now);
    next.progress.percent = percent;
    store::update_unlogged(db, &next).map(Some)
}

/// Checks that the caller may send a file of `bytes` for an artifact, before it arrives. A length that isn't known yet is 0.
pub fn check_file(
    db: &mut Db,
    author: &Author,
    (project, id): (Id, Id),
    if_match: &IfMatch,
    (quotas, bytes): (ProjectFileQuotas, u64),
) -> Result<()> {
    let place = Workplace::find(db, &author.reach, project)?;
    let before = find::<NewArtifact>(db, &place, id)?;
    check_artifact(&place, author, &before, if_match)?;
    check_room(db, &place, id, quotas, bytes)
}

/// Checks that the file of an artifact has room beside the others of its project, of the organization, and of all.
fn check_room(
    db: &mut Db,
    place: &Workplace,
    artifact: Id,
    quotas: ProjectFileQuotas,
    bytes: u64,
) -> Result<()> {
    let (project, organization) = place.key();
    for room in [
        Room::Project(project),
        Room::Organization(organization),
        Room::All,
    ] {
        let others = store_work::other_file_bytes(db, room, artifact)?;
        room.check(quotas, others, bytes)?;
    }
    Ok(())
}

fn check_artifact(
    place: &Workplace,
    author: &Author,
    before: &Entry<NewArtifact>,
    if_match: &IfMatch,
) -> Result<()> {
    let writing = writing(place, author);
    writing.check(WorkKind::Artifact)?;
    writing.check_handling(Handling::HandIn, Some(before))?;
    if_match.check(before.version)?;
    if before.work.status.is_end() {
        return Err(before.work.status.illegal_move(ArtifactStatus::Submitted));
    }
    Ok(())
}

/// Stores the file of an artifact, in pieces, and submits it.
pub fn store_file(
    db: &mut Db,
    author: &Author,
    (project, id): (Id, Id),
    if_match: &IfMatch,
    quotas: ProjectFileQuotas,
    (file, content): (ArtifactFile, &mut impl Read),
) -> Result<(i64, <NewArtifact as Work>::View)> {
    let place = Workplace::find_for_update(db, &author.reach, project)?;
    let before = find::<NewArtifact>(db, &place, id)?;
    check_artifact(&place, author, &before, if_match)?;
    store_work::delete_file(db, id)?;
    for position in 0.. {
        let mut piece = Vec::with_capacity(PIECE);
        let read = content.by_ref().take(PIECE as u64).read_to_end(&mut piece);
        if read.map_err(|e| Error::file("a file can't be read", e))? == 0 {
            break;
        }
        store_work::insert_piece(db, id, position, &piece)?;
    }
    // After the pieces: other uploads wait for the lock until this one is over.
    store_work::lock_room(db)?;
    check_room(db, &place, id, quotas, file.size_bytes)?;
    let now = file.stored_at;
    let after = Entry {
        revision: before.revision.saturating_add(1),
        work: NewArtifact {
            status: ArtifactStatus::Submitted,
            // It was about the version before.
            answer: None,
            ..before.work.clone()
        },
        file: Some(file),
        version: before.version + 1,
        updated_at: now,
        ..before.clone()
    };
    let change = store_work::update_unlogged(db, &after)?;
    let action = written(&before, &after);
    finish(db, author, &place, action, &after, vec![change], now)?;
    Ok((
        after.version,
        place.shown(after, &author.actor, author.personal_data),
    ))
}

/// Finds the file of an artifact, with the artifact's title.
pub fn find_file(db: &mut Db, reach: &Reach, project: Id, id: Id) -> Result<(String, ArtifactFile)> {
    let place = Workplace::find(db, reach, project)?;
    let missing = || Error::NotFound {
        what: Text::new("ファイル", "file"),
    };
    let artifact = find::<NewArtifact>(db, &place, id)?;
    Ok((artifact.work.title, artifact.file.ok_or_else(missing)?))
}
