//! SQL of the intake of requests.

use super::{DecisionReason, DecisionStatus, Intake, IntakeDecision, NewDecision, NewIntake};
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::{intake_decisions as decisions, intakes};
use crate::db::{Db, Doc, Id, Instant, on};
use crate::deliverables::Deliverable;
use crate::error::{Error, Result};
use diesel::prelude::*;
use std::collections::HashMap;

/// How many decisions about one request are shown.
const SHOWN: usize = 50;

type DecisionColumns = (Id, String, Option<String>, Option<String>, String, Instant);

/// Returns the intake of a request. It is empty before anything was recorded.
pub fn find(db: &mut Db, deliverable: &Deliverable) -> Result<Intake> {
    Ok(load(db, &[deliverable.id])?.take(deliverable))
}

/// What is recorded about some requests.
pub struct Recorded {
    records: HashMap<Id, (NewIntake, i64, Instant)>,
    decisions: HashMap<Id, Vec<IntakeDecision>>,
}

impl Recorded {
    /// Takes out the intake of a request.
    pub fn take(&mut self, deliverable: &Deliverable) -> Intake {
        let (record, version, updated_at) = match self.records.remove(&deliverable.id) {
            Some((record, version, at)) => (record, version, Some(at)),
            None => (NewIntake::default(), 0, None),
        };
        Intake {
            deliverable_id: deliverable.id,
            organization_id: deliverable.request.organization_id,
            due_on: record.due_on(deliverable.request.status, deliverable.status_since),
            record,
            decisions: self.decisions.remove(&deliverable.id).unwrap_or_default(),
            version,
            updated_at,
        }
    }
}

/// Looks up what is recorded about these requests, and how they were decided.
pub fn load(db: &mut Db, deliverables: &[Id]) -> Result<Recorded> {
    let recorded = intakes::table
        .filter(intakes::deliverable_id.eq_any(deliverables))
        .select((
            intakes::deliverable_id,
            intakes::record,
            intakes::version,
            intakes::updated_at,
        ))
        .load::<(Id, Doc<NewIntake>, i64, Instant)>(db)?;
    let made = decisions::table
        .filter(decisions::deliverable_id.eq_any(deliverables))
        .order(decisions::id.desc())
        .select((
            decisions::deliverable_id,
            (
                decisions::id,
                decisions::status,
                decisions::reason,
                decisions::message,
                decisions::decided_by,
                decisions::decided_at,
            ),
        ))
        .load::<(Id, DecisionColumns)>(db)?;
    let mut decisions: HashMap<Id, Vec<IntakeDecision>> = HashMap::new();
    for (id, columns) in made {
        let of_request = decisions.entry(id).or_default();
        if of_request.len() < SHOWN {
            of_request.push(decision(columns)?);
        }
    }
    let record =
        |(id, Doc(record), version, at): (Id, Doc<NewIntake>, i64, Instant)| (id, (record, version, at));
    Ok(Recorded {
        records: recorded.into_iter().map(record).collect(),
        decisions,
    })
}

/// Looks up what is recorded about these requests. Leaves out those about which nothing is.
pub fn load_some(db: &mut Db, deliverables: &[Id]) -> Result<HashMap<Id, NewIntake>> {
    let recorded = intakes::table
        .filter(intakes::deliverable_id.eq_any(deliverables))
        .select((intakes::deliverable_id, intakes::record));
    let rows = recorded.load::<(Id, Doc<NewIntake>)>(db)?;
    Ok(rows.into_iter().map(|(id, record)| (id, record.0)).collect())
}

fn decision((id, status, reason, message, by, at): DecisionColumns) -> Result<IntakeDecision> {
    let unknown = |code: &str| Error::Internal(format!("unknown code of a decision: {code}"));
    let reason = reason.map(|code| code.parse::<DecisionReason>().map_err(|_| unknown(&code)));
    Ok(IntakeDecision {
        id,
        decision: NewDecision {
            status: status.parse::<DecisionStatus>().map_err(|_| unknown(&status))?,
            reason: reason.transpose()?,
            message,
        },
        decided_by: Some(by),
        decided_at: at,
    })
}

/// Inserts or replaces what was recorded.
pub fn upsert(db: &mut Db, actor: &str, intake: &Intake, now: Instant) -> Result<()> {
    let values = (
        intakes::record.eq(Doc(&intake.record)),
        intakes::version.eq(intake.version),
        intakes::updated_at.eq(now),
    );
    let insert = diesel::insert_into(intakes::table)
        .values((intakes::deliverable_id.eq(intake.deliverable_id), values.clone()));
    on!(db, |c| insert
        .on_conflict(intakes::deliverable_id)
        .do_update()
        .set(values)
        .execute(c))?;
    let action = if intake.version == 1 {
        Action::Created
    } else {
        Action::Updated
    };
    let change = Change::new(Subject::Intake, intake.deliverable_id, action, intake.version);
    changes::store::append(db, actor, &[change])
}

/// Inserts a decision. The change of the request's status is the change that the log names.
pub fn insert_decision(db: &mut Db, actor: &str, deliverable: Id, made: &IntakeDecision) -> Result<()> {
    let status: &str = made.decision.status.into();
    let reason: Option<&str> = made.decision.reason.map(Into::into);
    diesel::insert_into(decisions::table)
        .values((
            decisions::id.eq(made.id),
            decisions::deliverable_id.eq(deliverable),
            decisions::status.eq(status),
            decisions::reason.eq(reason),
            decisions::message.eq(&made.decision.message),
            decisions::decided_by.eq(actor),
            decisions::decided_at.eq(made.decided_at),
        ))
        .execute(db)?;
    Ok(())
}
