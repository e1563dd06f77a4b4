//! A row of a list of applications: whose it is, for what, and how far it has come. It does what the API does: submits,
//! and moves. Its statuses are those that the sender may set.

pub mod fields;
pub mod named;

use super::acting::{Acting, ActingRecord, Acts, Done, Written};
use super::reading::Reading;
use crate::applications::{
    Application, ApplicationAgreement, ApplicationReason, ApplicationStatus, NewApplication, Outcome,
    actions, past, store,
};
use crate::auth::{Principal, Reach, Writer};
use crate::catalogue::Catalogues;
use crate::catalogue::calendar::{day_in_tokyo, midnight_in_tokyo};
use crate::db::{Db, Id, Instant};
use crate::deliverables::Deliverable;
use crate::error::{Error, Result, Text};
use crate::http::IfMatch;
use crate::imports::columns::Target;
use crate::imports::fields::{Context, set};
use crate::imports::finding::not_among_yours;
use crate::imports::jobs::store::writes::{RecordWriteRow, row_hashes};
use crate::values::{Code, Lifecycle};
use crate::workers;
use fields::{Draft, FIELDS};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tables::Remark;
use validator::Validate;

impl ActingRecord for Application {
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
        let before = match write.kept::<Kept>()? {
            Some(Kept::Back { has_joined }) => {
                past::take_away(db, actor, write.record_id, has_joined, now)?;
                return Ok(Vec::new());
            }
            Some(Kept::Moved(before)) => Some(before),
            None => None,
        };
        let deliverable = past::take_back(db, actor, write.record_id, before, now)?;
        store::touched(db, deliverable, now)
    }
}

/// What is kept of a row, to take it back. Nothing is kept of an application that a row began as the API does.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Kept {
    /// An own export has brought the application back.
    Back { has_joined: bool },
    /// The outcome before.
    Moved(Outcome),
}

/// Returns what a row wrote, with what followed for the other applications for the same deliverable.
fn written(db: &mut Db, one: &Application, began: Instant) -> Result<Written> {
    Ok(Written {
        followed: store::touched(db, one.deliverable_id, began)?,
        ..Written::new(one.id, one.version)
    })
}

/// Returns what is kept of an outcome, to put it back: no texts, which are about a person.
fn kept(before: Outcome) -> Kept {
    Kept::Moved(Outcome {
        note: None,
        agreement: None,
        ..before
    })
}

fn act(db: &mut Db, acting: &Acting, row: Acts) -> Result<Done> {
    let began = Instant::now();
    let Acts {
        reading,
        hash: row_hash,
        ..
    } = row;
    let Acting {
        principal,
        updates,
        context,
        ..
    } = *acting;
    let Some(draft) = understand(reading, context) else {
        return Ok(Done::Rejected);
    };
    let stated = reading.text("record_id").and_then(|id| id.parse().ok().map(Id));
    let (known, free_id) = match stated {
        None => (None, None),
        Some(id) => named_by(db, &context.reach, id)?,
    };
    if let Some(before) = known {
        return match updates {
            false => Ok(Done::Existing(before.id)),
            true => change(db, (principal, began), reading, before, draft, context),
        };
    }
    if stated.is_some() && context.reach != Reach::Everything {
        reading.reject("record_id", not_among_yours());
        return Ok(Done::Rejected);
    }
    // Each row of an export is another application, also if one person has applied twice.
    let is_back = free_id.is_some() && reading.is_stored();
    if is_back && reading.is_blank("worker_id") {
        reading.skip(nobody());
        return Ok(Done::Rejected);
    }
    let found = (
        named::deliverable(db, reading, context)?,
        named::worker(db, reading, context)?,
    );
    let (deliverable, worker) = match found {
        (Ok(deliverable), Ok(worker)) => (deliverable, worker),
        (deliverable, worker) => {
            for (field, remark) in [deliverable.err(), worker.err()].into_iter().flatten() {
                reading.reject(field, remark);
            }
            return Ok(Done::Rejected);
        }
    };
    let Some(role) = draft.role.clone().or_else(|| only_role(&deliverable)) else {
        reading.reject("role", missing_role(&deliverable));
        return Ok(Done::Rejected);
    };
    let mut records = workers::store::same_person(db, &worker)?;
    records.retain(|id| *id != worker.id);
    records.push(worker.id);
    let mut earlier = store::of_workers(db, Some(&[deliverable.id]), &records)?;
    let is_over = |status: ApplicationStatus| status.is_end();
    let ends = is_back && draft.status.is_some_and(is_over);
    earlier.retain(|one| one.role == role && !ends && !(is_back && is_over(one.outcome.status)));
    let ids: Vec<Id> = earlier.iter().map(|one| one.id).collect();
    let hashes = row_hashes(db, &ids)?;
    // A row that began an application has done so, however far that has come since.
    let is_done = |one: &Application| hashes.get(&one.id).is_some_and(|(hash, _)| *hash == row_hash);
    if let Some(done) = earlier.iter().find(|one| is_done(one)) {
        return Ok(Done::Unchanged(done.id));
    }
    let rank = |one: &Application| {
        let is_end = one.outcome.status.is_end();
        (!is_end, draft.status == Some(one.outcome.status))
    };
    match earlier.into_iter().max_by_key(rank) {
        Some(before) if !updates => Ok(Done::Existing(before.id)),
        Some(before) => change(db, (principal, began), reading, before, draft, context),
        None => {
            let id = free_id.unwrap_or_default();
            let writer = Writer {
                actor: principal.actor(),
                role: principal.role,
                reach: context.reach.clone(),
            };
            let new = NewApplication {
                direction: draft.direction.unwrap_or_default(),
                deliverable_id: deliverable.id,
                worker_id: worker.id,
                role,
                message: draft.message.clone(),
            };
            new.validate()
                .map_err(|errors| crate::http::body::invalid(&errors))?;
            if is_back {
                return put_back(db, &writer, reading, (id, new), draft);
            }
            let begun = begin(
                db,
                (principal, &writer),
                reading,
                (id, new),
                &deliverable,
                draft,
                context,
            )?;
            Ok(Done::Created(written(db, &begun, began)?))
        }
    }
}

fn understand(reading: &mut Reading, context: &Context) -> Option<Draft> {
    reading.make(
        |_| None,
        |reading| {
            let mut draft = Draft::default();
            reading.apply(context, |target, cell| match target {
                Target::Field { position, .. } => set(FIELDS, *position, &mut draft, cell),
                _ => Ok(()),
            });
            Ok(draft)
        },
    )
}

/// Returns the application with an id, or the id if a new one may get it.
fn named_by(db: &mut Db, reach: &Reach, id: Id) -> Result<(Option<Application>, Option<Id>)> {
    match store::find(db, reach, id) {
        Ok(found) => return Ok((Some(found), None)),
        Err(Error::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    // Only an import that is undone deletes an application, and the same file brings it back under its id.
    let is_taken = !store::versions(db, &[id])?.is_empty();
    Ok((None, Some(id).filter(|_| !is_taken)))
}

fn only_role(deliverable: &Deliverable) -> Option<Code> {
    let mut roles = deliverable.request.roles.iter().flatten();
    let first = roles.next()?.role.clone();
    roles.next().is_none().then_some(first)
}

fn missing_role(deliverable: &Deliverable) -> Remark {
    let roles = deliverable.request.roles.iter().flatten();
    let roles: Vec<&str> = roles.map(|wish| wish.role.as_str()).collect();
    let list = roles.join(", ");
    Remark::new(
        "missing_field",
        format!("役割を入力してください: {list}"),
        format!("Give the role: {list}."),
    )
}

/// Puts an application that an own export brings back where it was.
fn put_back(
    db: &mut Db,
    writer: &Writer,
    reading: &mut Reading,
    (id, new): (Id, NewApplication),
    draft: Draft,
) -> Result<Done> {
    let now = Instant::now();
    let sent_on = draft.applied_on.map(|day| Instant::from(midnight_in_tokyo(day)));
    let sent_at = draft.created_at.or(sent_on).unwrap_or(now).min(now);
    let status = draft.status.unwrap_or_default();
    let is_member = status == ApplicationStatus::Agreed;
    let outcome = Outcome {
        respond_by: draft.respond_by,
        worker_agrees: draft.worker_agrees.unwrap_or(is_member),
        organization_agrees: draft.organization_agrees.unwrap_or(is_member),
        ..outcome(&Outcome::default(), status, &draft, reading)?
    };
    let told = past::Told {
        place: draft.place,
        request_reason: draft.request_reason,
        warned_at: draft.warned_at,
        moved_up_at: draft.moved_up_at,
        closed_at: draft.closed_at,
        updated_at: draft.updated_at,
    };
    let back = past::put_back(db, writer, (id, sent_at), new, outcome, told, now)?;
    let application = back.application;
    if application.outcome.status != status {
        reading.warn("status", closed_meanwhile());
    } else if draft.place.is_some() && application.place != draft.place {
        reading.warn("place", other_place());
    }
    let kept = Kept::Back {
        has_joined: back.has_joined,
    };
    Ok(Done::Created(
        Written::new(application.id, application.version).keeping(&kept)?,
    ))
}

/// Begins an application, and moves it to where the row says that it is.
fn begin(
    db: &mut Db,
    (principal, writer): (&Principal, &Writer),
    reading: &mut Reading,
    (id, new): (Id, NewApplication),
    deliverable: &Deliverable,
    draft: Draft,
    context: &Context,
) -> Result<Application> {
    let now = Instant::now();
    let sent_at = match draft.applied_on.filter(|day| *day < context.today) {
        Some(day) => Instant::from(midnight_in_tokyo(day)),
        None => now,
    };
    let status = draft.status.unwrap_or_default();
    if past::is_listed(deliverable) {
        let outcome = outcome(&Outcome::default(), status, &draft, reading)?;
        return past::record(db, writer, (id, sent_at), new, outcome, now);
    }
    let begun = actions::begin(db, writer, true, (id, sent_at), new, now)?;
    if is_waiting(status) {
        // Who waits, and who has a turn, is for the waiting list to say.
        return Ok(begun);
    }
    let after = outcome(&begun.outcome, status, &draft, reading)?;
    // It was answered elsewhere, nobody knows how fast.
    store::responses::delete(db, begun.id)?;
    let (by, reach) = ((principal, true), &context.reach);
    actions::update(db, by, reach, begun.id, &IfMatch::Absent, |_| Ok(after))
}

/// Moves an application to where the row says that it is.
fn change(
    db: &mut Db,
    (principal, began): (&Principal, Instant),
    reading: &mut Reading,
    before: Application,
    draft: Draft,
    context: &Context,
) -> Result<Done> {
    warn_about_fixed(reading, &before, &draft);
    let status = match draft.status {
        Some(status) if !(is_waiting(status) && is_waiting(before.outcome.status)) => status,
        _ => before.outcome.status,
    };
    let after = outcome(&before.outcome, status, &draft, reading)?;
    if after == before.outcome {
        return Ok(Done::Unchanged(before.id));
    }
    let (by, reach) = ((principal, true), &context.reach);
    let moved = actions::update(db, by, reach, before.id, &IfMatch::Absent, |_| Ok(after))?;
    let written = written(db, &moved, began)?;
    Ok(Done::Updated(
        written.after(before.version).keeping(&kept(before.outcome))?,
    ))
}

/// Returns whether an application waits for its first answer. Musubi decides which of them are on the waiting list.
fn is_waiting(status: ApplicationStatus) -> bool {
    matches!(
        status,
        ApplicationStatus::Submitted | ApplicationStatus::Waitlisted
    )
}

/// Returns the outcome that a row makes of the one before. Texts that the row doesn't have stay.
fn outcome(
    before: &Outcome,
    status: ApplicationStatus,
    draft: &Draft,
    reading: &mut Reading,
) -> Result<Outcome> {
    let is_moved = status != before.status;
    let needs_reason = matches!(status, ApplicationStatus::Declined | ApplicationStatus::Withdrawn);
    let reason = match draft.reason.or(before.reason.filter(|_| !is_moved)) {
        None if needs_reason => {
            reading.warn("status", assumed_reason());
            Some(ApplicationReason::Other)
        }
        reason => reason,
    };
    let agreement = match (&draft.goal, &draft.schedule) {
        (None, None) => before.agreement.clone(),
        (goal, schedule) => {
            let kept = before.agreement.clone();
            let (own_goal, own_schedule) =
                kept.map_or((None, None), |kept| (Some(kept.goal), Some(kept.schedule)));
            let both = goal.clone().or(own_goal).zip(schedule.clone().or(own_schedule));
            let (goal, schedule) = both.ok_or_else(missing_agreement)?;
            Some(ApplicationAgreement { goal, schedule })
        }
    };
    let after = Outcome {
        status,
        reason,
        note: draft.answer_note.clone().or_else(|| before.note.clone()),
        agreement,
        ..before.clone()
    };
    after
        .validate()
        .map_err(|errors| crate::http::body::invalid(&errors))?;
    Ok(after)
}

fn nobody() -> Remark {
    Remark::new(
        "person_erased",
        "本人の記録が消去された応募のため、読み飛ばしました。",
        "The person's record was erased, so the application was skipped.",
    )
}

fn closed_meanwhile() -> Remark {
    Remark::new(
        "deliverable_not_open",
        "支援内容がすでに終了しているため、募集の終了による見送りとして取り込みました。",
        "The request is over by now, so the application came in as declined with the end of the request.",
    )
}

fn other_place() -> Remark {
    Remark::new(
        "places_held",
        "この席にはすでに別の方がいるため、空いている席に取り込みました。",
        "Somebody else has this place by now, so another one was used.",
    )
}

fn assumed_reason() -> Remark {
    Remark::new(
        "assumed_reason",
        "理由の記載がないため、その他（other）として取り込みました。",
        "The row gives no reason, so other was used.",
    )
}

fn missing_agreement() -> Error {
    let rule = Text::new(
        "目標と日程は、両方を入力してください。",
        "Give both the goal and the schedule.",
    );
    Error::invalid("/agreement", "missing_field", rule)
}

/// Says what a row can't change about an application.
fn warn_about_fixed(reading: &mut Reading, before: &Application, draft: &Draft) {
    let sent_on = day_in_tokyo(before.created_at.utc());
    let is_other = |field, own: Option<Id>| {
        let stated = reading.text(field).and_then(|id| id.parse().ok().map(Id));
        stated.is_some() && stated != own
    };
    let fixed = [
        (
            "deliverable_id",
            is_other("deliverable_id", Some(before.deliverable_id)),
        ),
        ("worker_id", is_other("worker_id", before.worker_id)),
        (
            "role",
            draft.role.as_ref().is_some_and(|role| *role != before.role),
        ),
        (
            "direction",
            draft
                .direction
                .is_some_and(|direction| direction != before.direction),
        ),
        ("applied_on", draft.applied_on.is_some_and(|day| day != sent_on)),
        (
            "message",
            draft.message.is_some() && draft.message != before.message,
        ),
    ];
    for (field, _) in fixed.iter().filter(|(_, is_changed)| *is_changed) {
        let remark = Remark::new(
            "fixed_value",
            "登録済みの応募では変更できないため、取り込んでいません。",
            "This can't change any more, so it wasn't imported.",
        );
        reading.warn(field, remark);
    }
}

/// Returns the field that a JSON pointer into an application means.
fn field_of(pointer: &str) -> Option<&'static str> {
    let member = match pointer.split('/').nth(1).unwrap_or_default() {
        "" => "status",
        "note" => "answer_note",
        "agreement" if pointer.ends_with("schedule") => "schedule",
        "agreement" => "goal",
        member => member,
    };
    let mut names = FIELDS.iter().map(|setter| setter.field.name);
    names.find(|name| *name == member)
}
