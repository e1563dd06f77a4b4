//! The use cases of applications, and everything else that changes in the same transaction.
//!
//! An offer takes a place of the role and raises the worker's open load: an offered place is as busy as an agreed one, for
//! the worker too. When both sides agree, the place stays. If all places are agreed, the deliverable moves from open to
//! matched. Ending an application that holds a place undoes it: the load goes down, and a matched deliverable opens again.
//! A deliverable that is in progress keeps its status, and looks for a replacement. What follows for the team is in
//! `team`, for those who wait in `waitlist`.
//!
//! Every use case locks the deliverable first, then the worker, then the applications, then the change log. Who applies by a
//! request and who erases a worker lock the applicant before all of them. So two use
//! cases never each wait for a lock that the other one holds.

use super::moves::{self, Party};
use super::rules::{
    check_available, check_capacity, check_repeats, delivered_team, explained, free_place, not_offered,
    not_ranked, role_filled, sandbox, too_many_invitations, worker_elsewhere,
};
use super::team;
use super::terms::check_offer;
use super::twice;
use super::waitlist::{self, Room};
use super::{
    Application, ApplicationDirection, ApplicationReason, ApplicationStatus, NewApplication, Outcome, robot,
    store,
};
use crate::audit::{self, Act, AuditAction};
use crate::auth::{
    DecideApplications, Principal, Reach, RecordKind, Scope, SubmitApplications, UserRole, Viewer,
    WithdrawApplications, Writer, check_properties, not_permitted, within_reach,
};
use crate::changes;
use crate::db::{Db, Id, Instant};
use crate::deliverables::{self, Deliverable, DeliverableStatus};
use crate::error::{Error, Result, Text};
use crate::http::{Edited, IfMatch};
use crate::reach::store::{has_deliverable, has_own_worker, is_separated};
use crate::values::Lifecycle;
use crate::workers::{self, Counts, Worker};
use ApplicationReason::SamePerson;
use ApplicationStatus::{Agreed, Declined, Offered, Shortlisted, Submitted, Waitlisted, Withdrawn};
use chrono::NaiveDate;

/// The actor of a sandbox's other side.
const ROBOT: &str = "robot";

/// Submits an application for a worker within the reach, or an invitation of a worker whom rankings show. Refuses if the
/// worker couldn't get a place now. If all places are held, or enough applications wait, an application waits for its turn.
pub fn submit(
    db: &mut Db,
    writer: &Writer,
    may_decide: bool,
    new: NewApplication,
    now: Instant,
) -> Result<Application> {
    begin(db, writer, may_decide, (Id::new(), now), new, now)
}

/// Submits an application with this id, which the worker sent at this moment.
pub fn begin(
    db: &mut Db,
    writer: &Writer,
    may_decide: bool,
    (id, sent_at): (Id, Instant),
    new: NewApplication,
    now: Instant,
) -> Result<Application> {
    check_properties(writer.role, RecordKind::Applications, None, &new)?;
    let Writer { actor, reach, .. } = writer;
    let is_invitation = new.direction == ApplicationDirection::Invitation;
    if !is_invitation && writer.role == UserRole::Organization {
        return Err(Error::Invalid(vec![not_permitted("/direction")]));
    }
    if is_invitation && !may_decide {
        let scope = DecideApplications::NAME;
        return Err(Error::InsufficientScope { scope });
    }
    let deliverable = if_found(deliverables::store::find_for_update(
        db,
        reach,
        new.deliverable_id,
    ))?;
    let worker = if is_invitation {
        find_ranked(db, reach, deliverable.as_ref(), new.worker_id)?
    } else {
        let own = find_worker(db, reach, new.worker_id)?;
        if own.is_none() && is_ranked_elsewhere(db, reach, new.worker_id)? {
            return Err(worker_elsewhere());
        }
        own
    };
    let is_apart = is_kept_apart(db, deliverable.as_ref(), worker.as_ref())?;
    new.check(deliverable.as_ref(), worker.as_ref())?;
    let is_own_block = is_own_block(reach, deliverable.as_ref(), worker.as_ref());
    let (wanted, known) = check_available(deliverable.as_ref(), worker.as_ref(), is_apart, is_invitation)
        .map_err(|error| explained(error, is_own_block))?;
    check_capacity(known)?;
    let records = workers::store::same_person(db, known)?;
    check_repeats(
        new.direction,
        store::count(db, new.deliverable_id, &records, new.direction)?,
    )?;
    let active = store::of_deliverable(db, wanted.id, &[Submitted, Shortlisted, Offered, Agreed])?;
    let room = Room::of(wanted, &new.role, &active);
    let status = match room {
        Room { free: 0, .. } if is_invitation => return Err(role_filled(&new.role)),
        Room { invitations: 0, .. } if is_invitation => return Err(too_many_invitations(&new.role)),
        Room { pending: 0, .. } if !is_invitation && !known.sandbox => Waitlisted,
        _ => Submitted,
    };
    let application = Application {
        created_at: sent_at,
        ..Application::submit(id, new, status, known, actor, now)
    };
    if application.sandbox {
        // The robot's answer needs them, and comes after the change log.
        store::lock_active(db, wanted.id)?;
    }
    store::insert(db, actor, &application)?;
    store::responses::ask(db, &application)?;
    let counts = Counts {
        answered_on: team::answered_on(writer.role),
        ..Counts::default()
    };
    let change = team::count(db, &application, &wanted.family, counts, now)?;
    changes::store::append(db, actor, change.as_slice())?;
    let locked = LockedApplication {
        application,
        deliverable,
        worker,
    };
    answer_by_robot(db, locked, now)
}

/// Finds a worker whom rankings for a deliverable may show to the caller, and locks them.
fn find_ranked(
    db: &mut Db,
    reach: &Reach,
    deliverable: Option<&Deliverable>,
    worker: Id,
) -> Result<Option<Worker>> {
    let found = find_worker(db, &Reach::Everything, worker)?;
    let Some(worker) = found else { return Ok(None) };
    let is_apart = is_kept_apart(db, deliverable, Some(&worker))?;
    let is_shown = worker.is_candidate() && !is_apart;
    Ok((is_shown || has_own_worker(db, reach, worker.id)?).then_some(worker))
}

/// Says which gates remove a worker from the ranking for a role, of those that have no code of their own here. Rankings come
/// later among the modules, so the server brings it along.
pub struct RankingGates(pub Box<FindFailedGates>);

type FindFailedGates = dyn Fn(&mut Db, &Viewer, &NewApplication) -> Result<Vec<&'static str>> + Send + Sync;

/// Checks that a ranking shows the worker whom somebody invites, where they know the worker from rankings only. Who takes care of
/// a worker may know better than the answers do.
pub fn check_ranked(db: &mut Db, viewer: &Viewer, gates: &RankingGates, new: &NewApplication) -> Result<()> {
    let knows =
        matches!(viewer.reach, Reach::Everything) || has_own_worker(db, &viewer.reach, new.worker_id)?;
    if knows {
        return Ok(());
    }
    let failed = match gates.0(db, viewer, new) {
        // The invitation itself says what is missing.
        Err(
            Error::NotFound { .. } | Error::Invalid(_) | Error::InvalidParameters(_) | Error::Conflict { .. },
        ) => return Ok(()),
        failed => failed?,
    };
    match failed.is_empty() {
        true => Ok(()),
        false => Err(not_ranked(&failed)),
    }
}

/// Returns whether a coordinator sees this worker in rankings only, and so can't apply for them.
fn is_ranked_elsewhere(db: &mut Db, reach: &Reach, worker: Id) -> Result<bool> {
    if !matches!(reach, Reach::Areas(_)) {
        return Ok(false);
    }
    let worker = if_found(workers::store::find(db, &Reach::Everything, worker))?;
    Ok(worker.is_some_and(|worker| worker.is_candidate()))
}

pub fn is_kept_apart(
    db: &mut Db,
    deliverable: Option<&Deliverable>,
    worker: Option<&Worker>,
) -> Result<bool> {
    let (Some(deliverable), Some(worker)) = (deliverable, worker) else {
        return Ok(false);
    };
    let requesters: Vec<Id> = deliverable.requesters().collect();
    is_separated(db, worker.id, &requesters)
}

/// Returns whether the caller is the worker, and has blocked an organization that asks for the deliverable.
fn is_own_block(reach: &Reach, deliverable: Option<&Deliverable>, worker: Option<&Worker>) -> bool {
    let (Reach::Worker(_), Some(deliverable), Some(worker)) = (reach, deliverable, worker) else {
        return false;
    };
    let blocked = &worker.profile.blocked_organization_ids;
    deliverable.requesters().any(|id| blocked.contains(&id))
}

/// Changes the outcome of an application to what `change` returns: what the caller chose, or what a list tells. Writes
/// nothing if that is the old outcome.
pub fn update(
    db: &mut Db,
    by: (&Principal, bool),
    reach: &Reach,
    id: Id,
    if_match: &IfMatch,
    change: impl FnOnce(&Outcome) -> Result<Outcome>,
) -> Result<Application> {
    let edit = |before: &Outcome| Ok(Edited::read(before, change(before)?));
    self::edit(db, by, reach, id, if_match, edit)
}

/// Changes the outcome of an application, as [`update`] does, for somebody who may not read all of it.
pub fn edit(
    db: &mut Db,
    (principal, is_listed): (&Principal, bool),
    reach: &Reach,
    id: Id,
    if_match: &IfMatch,
    edit: impl FnOnce(&Outcome) -> Result<Edited<Outcome>>,
) -> Result<Application> {
    let locked = find_for_update(db, reach, id)?;
    if_match.check(locked.application.version)?;
    let edited = edit(&locked.application.outcome)?;
    let before = &Application {
        outcome: edited.before,
        ..locked.application.clone()
    };
    let outcome = edited.after;
    check_properties(
        principal.role,
        RecordKind::Applications,
        Some(&before.outcome),
        &outcome,
    )?;
    if outcome == before.outcome {
        return Ok(locked.application);
    }
    let now = Instant::now();
    let change = Change {
        principal,
        is_listed,
        reach,
        before,
        now,
    };
    let agrees_to_what_is_there = change.agrees_to_what_is_there(&outcome);
    let mut outcome = change.check(db, outcome)?;
    if change.acts_for_worker() {
        outcome = twice::unless_doubtful(db, before, locked.worker.as_ref(), outcome)?;
    }
    if_match.check_was_read(agrees_to_what_is_there)?;
    let answered_on = team::answered_on(principal.role);
    let is_own_block = is_own_block(reach, locked.deliverable.as_ref(), locked.worker.as_ref());
    let closes = outcome.status.is_end() && outcome.status != before.outcome.status;
    let after = set_outcome(db, &principal.actor(), locked, outcome, answered_on, now)
        .map_err(|error| explained(error, is_own_block))?;
    if closes {
        let mut act = Act::new(&principal.actor(), AuditAction::ApplicationClosed, after.id);
        act.subjects.push(after.deliverable_id);
        audit::store::append(db, &act)?;
    }
    Ok(after)
}

/// A change that a caller wants to make.
struct Change<'a> {
    principal: &'a Principal,
    /// Whether a list tells of it.
    is_listed: bool,
    reach: &'a Reach,
    before: &'a Application,
    now: Instant,
}

impl Change<'_> {
    /// Checks that the caller may make the change. Returns the outcome with what follows from it.
    fn check(&self, db: &mut Db, after: Outcome) -> Result<Outcome> {
        let before = &self.before.outcome;
        let (from, to) = (before.status, after.status);
        self.check_stage(&after)?;
        let party = if from == to {
            self.editor()?
        } else {
            moves::check(self.principal, from, to, self.before.is_unanswered())?
        };
        match party {
            Party::Worker if to == Withdrawn => {}
            Party::Worker => self.check_worker(db)?,
            _ => self.check_deliverable(db)?,
        }
        // Nobody chooses it, but lists tell of what was merged elsewhere.
        let is_joined = self.is_listed && to == Declined && after.reason == Some(SamePerson);
        if (from != to || before.reason != after.reason) && !is_joined {
            to.check_reason(party.side(), after.reason)?;
        }
        if self.before.sandbox && to.holds_place() && party != Party::Worker {
            return Err(sandbox());
        }
        let after = self.check_deadline(after)?;
        self.check_agreement(db, after)
    }

    /// Checks that the application is offered, or being agreed, if the change is about that. Whose it would be to say so
    /// doesn't matter before.
    fn check_stage(&self, after: &Outcome) -> Result<()> {
        let before = &self.before.outcome;
        let is_recorded = after.status == Agreed && before.status != Agreed;
        if after.status == Offered || is_recorded {
            return Ok(());
        }
        let fixed = [
            ("/agreement", after.agreement != before.agreement),
            ("/worker_agrees", after.worker_agrees != before.worker_agrees),
            (
                "/organization_agrees",
                after.organization_agrees != before.organization_agrees,
            ),
        ];
        match fixed.iter().find(|(_, is_changed)| *is_changed) {
            Some((pointer, _)) => Err(not_offered(pointer)),
            None => Ok(()),
        }
    }

    /// Returns in whose place the caller changes something without changing the status.
    fn editor(&self) -> Result<Party> {
        let (party, scope) = match self.before.outcome.status {
            Withdrawn => (Party::Worker, WithdrawApplications::NAME),
            Offered if self.acts_for_worker() => (Party::Worker, SubmitApplications::NAME),
            _ => (Party::Organization, DecideApplications::NAME),
        };
        self.check_scope(scope)?;
        Ok(party)
    }

    fn acts_for_worker(&self) -> bool {
        matches!(self.reach, Reach::Worker(_) | Reach::Partner(_))
    }

    fn check_scope(&self, scope: &'static str) -> Result<()> {
        match self.principal.extent(scope) {
            Some(_) => Ok(()),
            None => Err(Error::InsufficientScope { scope }),
        }
    }

    fn check_deliverable(&self, db: &mut Db) -> Result<()> {
        within_reach(has_deliverable(db, self.reach, self.before.deliverable_id)?)
    }

    /// Checks that the caller speaks for the worker.
    fn check_worker(&self, db: &mut Db) -> Result<()> {
        let is_own = match self.before.worker_id {
            Some(worker) => has_own_worker(db, self.reach, worker)?,
            None => false,
        };
        within_reach(is_own)
    }

    /// Only an offer sets the time until which it holds.
    fn check_deadline(&self, mut after: Outcome) -> Result<Outcome> {
        let before = &self.before.outcome;
        if after.respond_by == before.respond_by {
            after.respond_by = after.respond_by.filter(|_| after.status == before.status);
        } else if after.status != Offered {
            return Err(not_offered("/respond_by"));
        } else if let Some(at) = after.respond_by {
            check_offer(at, self.now)?;
        }
        Ok(after)
    }

    /// Returns whether somebody agrees to the goal or the schedule as it is, which the other side may have changed since. Lists
    /// tell of what was agreed elsewhere, and so does who sets `agreed`.
    fn agrees_to_what_is_there(&self, after: &Outcome) -> bool {
        let before = &self.before.outcome;
        let by_worker = after.worker_agrees && !before.worker_agrees;
        let by_organization = after.organization_agrees && !before.organization_agrees;
        let is_offered = before.status == Offered && after.status == Offered;
        let keeps_terms = match (&before.agreement, &after.agreement) {
            (Some(were), Some(are)) => were.goal == are.goal || were.schedule == are.schedule,
            (were, are) => were == are,
        };
        !self.is_listed && is_offered && keeps_terms && (by_worker || by_organization)
    }

    /// Both sides agree to an offer. If one side changes goal or schedule, the other has to agree again.
    fn check_agreement(&self, db: &mut Db, mut after: Outcome) -> Result<Outcome> {
        let before = &self.before.outcome;
        let is_recorded = after.status == Agreed && before.status != Agreed;
        let is_rewritten = after.agreement != before.agreement;
        let by_worker = after.worker_agrees != before.worker_agrees;
        let by_organization = after.organization_agrees != before.organization_agrees;
        if after.status != Offered && !is_recorded {
            return Ok(after);
        }
        if is_recorded {
            (after.worker_agrees, after.organization_agrees) = (true, true);
            return Ok(after);
        }
        if by_worker {
            self.check_scope(SubmitApplications::NAME)?;
            self.check_worker(db)?;
        }
        if by_organization {
            self.check_scope(DecideApplications::NAME)?;
            self.check_deliverable(db)?;
        }
        if is_rewritten && self.acts_for_worker() {
            after.organization_agrees &= !before.organization_agrees;
        } else if is_rewritten {
            after.worker_agrees &= !before.worker_agrees;
        }
        if after.agreement.is_none() && (after.worker_agrees || after.organization_agrees) {
            let rule = Text::new(
                "目標と日程を入力してください。",
                "Give the goal and the schedule.",
            );
            return Err(Error::invalid("/agreement", "missing_field", rule));
        }
        if after.worker_agrees && after.organization_agrees {
            after.status = Agreed;
        }
        Ok(after)
    }
}

/// An application with its deliverable and worker, locked until the transaction ends. `None` stands for an
/// archived deliverable or an erased worker.
pub struct LockedApplication {
    pub application: Application,
    pub deliverable: Option<Deliverable>,
    pub worker: Option<Worker>,
}

/// Finds an application within the reach, and locks it with its deliverable and worker.
pub fn find_for_update(db: &mut Db, reach: &Reach, id: Id) -> Result<LockedApplication> {
    let unlocked = store::find(db, reach, id)?;
    let everything = &Reach::Everything;
    let deliverable = deliverables::store::find_for_update(db, everything, unlocked.deliverable_id);
    let deliverable = if_found(deliverable)?;
    let worker = unlocked.worker_id.map(|id| find_worker(db, everything, id));
    let worker = worker.transpose()?.flatten();
    // Read the application again: it may have changed before the locks.
    let application = store::find(db, reach, id)?;
    Ok(LockedApplication {
        application,
        deliverable,
        worker,
    })
}

/// Finds a worker, with what was counted of all records of the person, and locks the record.
pub fn find_worker(db: &mut Db, reach: &Reach, id: Id) -> Result<Option<Worker>> {
    let mut worker = if_found(workers::store::find_to_change(db, reach, id))?;
    if let Some(worker) = &mut worker {
        workers::store::records::complete(db, worker)?;
    }
    Ok(worker)
}

fn if_found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(record) => Ok(Some(record)),
        // What the caller only sees isn't theirs either.
        Err(Error::NotFound { .. } | Error::AccessDenied { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

/// Sets the outcome of an application, which its caller has checked. Also changes the worker's load, the deliverable's
/// status, and who waits for a place, where needed.
pub fn set_outcome(
    db: &mut Db,
    actor: &str,
    locked: LockedApplication,
    outcome: Outcome,
    answered_on: Option<NaiveDate>,
    now: Instant,
) -> Result<Application> {
    let before = &locked.application;
    let (deliverable, worker) = (locked.deliverable.as_ref(), locked.worker.as_ref());
    let is_moved = outcome.status != before.outcome.status;
    let mut place = before.place;
    if is_moved && outcome.status.holds_place() && !before.sandbox {
        let is_apart = is_kept_apart(db, deliverable, worker)?;
        let (wanted, known) = check_available(deliverable, worker, is_apart, true)?;
        if before.place.is_none() {
            let taken = store::taken(db, wanted.id)?;
            let free = free_place(wanted, &before.role, &taken).ok_or_else(|| role_filled(&before.role))?;
            check_capacity(known)?;
            place = Some(free);
        }
        twice::check_move(db, before, known)?;
    } else if before.place.is_some() && !outcome.status.holds_place() {
        if deliverable.is_none_or(Deliverable::is_over) {
            return Err(delivered_team());
        }
        place = None;
    }
    // Everything is locked before the change log.
    if let Some(member) = worker.filter(|_| place != before.place) {
        team::lock_worker(db, member.id)?;
    }
    if is_moved {
        store::lock_active(db, before.deliverable_id)?;
    }
    let has_begun = deliverable.is_some_and(|one| one.request.status == DeliverableStatus::InProgress);
    let after = before.moved(actor, outcome, place, now);
    let counts = Counts {
        answered_on,
        ..team::counts(before, &after, has_begun)
    };
    store::update(db, actor, &after)?;
    let mut changes = Vec::new();
    let mut settled = locked.deliverable;
    if let Some(deliverable) = settled.take() {
        changes.extend(team::count(db, &after, &deliverable.family, counts, now)?);
        settled = Some(if is_moved {
            let (deliverable, settling) = team::settle(db, actor, deliverable, now)?;
            changes.extend(settling);
            changes.extend(waitlist::balance(db, &deliverable, now)?);
            deliverable
        } else {
            deliverable
        });
    }
    changes::store::append(db, actor, &changes)?;
    let locked = LockedApplication {
        application: store::find(db, &Reach::Everything, after.id)?,
        deliverable: settled,
        worker: locked.worker,
    };
    answer_by_robot(db, locked, now)
}

/// Lets the robot answer an application of a sandbox partner.
fn answer_by_robot(db: &mut Db, locked: LockedApplication, now: Instant) -> Result<Application> {
    let application = &locked.application;
    match robot::answer(application).filter(|_| application.sandbox) {
        Some(outcome) => set_outcome(db, ROBOT, locked, outcome, None, now),
        None => Ok(locked.application),
    }
}
