//! Applications: a worker's bid, or one on their behalf, for a place in a deliverable's team (応募).
//!
//! * `status`: the life of an application, as one table. `filter`: how lists are filtered and ordered.
//! * `similar`: what else is open, for whoever can't have the place.
//! * `moves`: what else changes when an application is made or moves, in the same transaction.
//!
//! A role of a deliverable has one or more places, each with a number; an accepted application has one of them.
//! Two cannot have the same: the database says so.
//!
//! What worker and coordinator write to each other is personal data, and goes when the worker is erased; that
//! somebody applied, for which role and how it ended is counted on.
//!
//! Deliberately absent: invitations, and how the team gets on.

pub mod filter;
pub mod http;
pub mod listing;
pub mod moves;
pub mod similar;
pub mod status;
pub mod store;

pub use filter::{ApplicationFilter, ApplicationSort};
pub use status::{ApplicationStatus, Reason};

use crate::auth::Reach;
use crate::catalogue::calendar;
use crate::catalogue::entries::valid_code;
use crate::db::{Id, Instant};
use crate::deliverables::{Deliverable, DeliverableStatus};
use crate::error::{Error, FieldError, Result, Text};
use crate::workers::{NewWorker, Worker, WorkerStatus};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// An application as it is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"deliverable_id": "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d",
    "worker_id": "0192f0c1-7a11-7c02-8d1e-2b4c6d8e0f10", "role": "designer",
    "message": "会員募集チラシを二度担当しました。新宿区に住んでいます。"}))]
pub struct NewApplication {
    pub deliverable_id: Id,
    pub worker_id: Id,
    /// Code of a role that the deliverable asks for.
    #[validate(custom(function = "valid_code"))]
    #[schema(pattern = "^[a-z][a-z0-9_]{0,63}$")]
    pub role: String,
    /// To whoever decides.
    #[serde(default)]
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    pub message: Option<String>,
}

/// How an application stands: what can be changed of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "submitted", "reason": null, "note": null}))]
pub struct Outcome {
    #[serde(default)]
    pub status: ApplicationStatus,
    /// Needed where it is declined (another_chosen, skills, schedule, no_longer_needed, other) or withdrawn
    /// (schedule, workload, health, relocation, other_work, other); else null.
    #[serde(default)]
    pub reason: Option<Reason>,
    /// A kind word.
    #[serde(default)]
    #[validate(length(max = 1000))]
    #[schema(max_length = 1000)]
    pub note: Option<String>,
}

/// An application as it is kept.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Application {
    pub id: Id,
    pub deliverable_id: Id,
    /// Null once the worker is erased.
    pub worker_id: Option<Id>,
    /// Code of the role that is applied for.
    #[schema(example = "designer")]
    pub role: String,
    /// Which of the role's places it has; null unless it is accepted.
    #[schema(minimum = 1, example = json!(null))]
    pub place: Option<u16>,
    /// Null to those who may not see personal data, and once the worker is erased; so is `note`.
    #[schema(example = "会員募集チラシを二度担当しました。新宿区に住んでいます。")]
    pub message: Option<String>,
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The partner app through which it came.
    pub partner_id: Option<Id>,
    /// For trying a partner app only.
    pub sandbox: bool,
    /// Who sent it: role and subject of the token.
    #[schema(example = "coordinator:shinjuku")]
    pub created_by: String,
    /// Counts the changes; the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// An application in a list. How long it waits is told here alone: it grows while the version stays.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedApplication {
    #[serde(flatten)]
    pub application: Application,
    /// Days in Tokyo since `updated_at`.
    #[schema(minimum = 0, example = 3)]
    pub days_since_last_move: u32,
}

/// An application in a person's export.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApplicationRecord {
    pub id: Id,
    pub deliverable_id: Id,
    #[schema(example = "designer")]
    pub role: String,
    #[schema(example = "accepted")]
    pub status: String,
    #[schema(example = json!(null))]
    pub reason: Option<String>,
    pub message: Option<String>,
    pub note: Option<String>,
    #[schema(example = "worker:0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d")]
    pub created_by: String,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl Application {
    pub fn submit(id: Id, new: NewApplication, worker: &Worker, actor: &str, now: Instant) -> Application {
        Application {
            partner_id: worker.partner_id,
            sandbox: worker.sandbox,
            id,
            deliverable_id: new.deliverable_id,
            worker_id: Some(new.worker_id),
            role: new.role,
            place: None,
            message: new.message,
            outcome: Outcome::default(),
            created_by: actor.to_owned(),
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Without what the caller may not see. Through which app somebody came is not an organization's to know.
    pub fn shown(mut self, reach: &Reach, personal_data: bool) -> Application {
        if matches!(reach, Reach::Organization(_)) {
            self.partner_id = None;
            self.created_by = self.created_by.split(':').next().unwrap_or_default().to_owned();
        }
        if !personal_data {
            self.message = None;
            self.outcome.note = None;
        }
        self
    }

    pub fn listed(self, today: NaiveDate) -> ListedApplication {
        let moved = calendar::day_in_tokyo(self.updated_at.utc());
        let days = calendar::day_number(today) - calendar::day_number(moved);
        ListedApplication {
            application: self,
            days_since_last_move: u32::try_from(days).unwrap_or(0),
        }
    }
}

/// How many answered a deliverable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// All applications ever, however they ended.
    pub answers: u32,
    /// Places that are taken.
    pub filled: u32,
}

/// The places of a deliverable that are taken, by role.
pub type Taken = Vec<(String, u16)>;

/// The first free place of a role; none also where the role isn't asked for. A team that was made smaller may have
/// taken places beyond its size: they count.
pub fn free_place(deliverable: &Deliverable, role: &str, taken: &Taken) -> Option<u16> {
    let wish = deliverable
        .request
        .roles
        .iter()
        .flatten()
        .find(|wish| wish.role == role)?;
    let own: Vec<u16> = taken
        .iter()
        .filter(|(r, _)| r == role)
        .map(|(_, place)| *place)
        .collect();
    let is_free = own.len() < usize::from(wish.places);
    (1..=wish.places).find(|place| is_free && !own.contains(place))
}

/// Whether no role has a free place.
pub fn is_complete(deliverable: &Deliverable, taken: &Taken) -> bool {
    let mut roles = deliverable.request.roles.iter().flatten();
    roles.all(|wish| free_place(deliverable, &wish.role, taken).is_none())
}

/// The place that a worker would get in a role now: the deliverable has to be open, the role to have a free place, and
/// the worker to be there, willing, and not busy enough already.
pub fn place_for(
    deliverable: Option<&Deliverable>,
    worker: Option<&Worker>,
    role: &str,
    taken: &Taken,
) -> Result<u16> {
    let state = deliverable.map_or("archived", |d| d.request.status.code());
    let open = deliverable.filter(|d| d.request.status == DeliverableStatus::Open);
    let deliverable = open.ok_or_else(|| {
        conflict(
            "deliverable_not_open",
            format!("この支援内容は募集中ではありません(状態: {state})。"),
            format!("This deliverable takes no applications: it is {state}."),
        )
    })?;
    let place = free_place(deliverable, role, taken).ok_or_else(|| role_filled(role))?;
    // Whoever is kept apart is unavailable, and that is all that the other side learns.
    let asking: Vec<Id> = deliverable.request.organization_ids().collect();
    let apart = |p: &NewWorker| {
        let mut kept = p
            .blocked_organization_ids
            .iter()
            .chain(&p.conflict_organization_ids);
        kept.any(|id| asking.contains(id))
    };
    let willing = worker.map(|w| &w.profile).filter(|p| !apart(p));
    let willing = willing.filter(|p| p.status == WorkerStatus::Active && p.consent.is_some());
    let profile = willing.ok_or_else(|| {
        conflict(
            "worker_unavailable",
            "このワーカーは休止中、未同意、または削除済みです。".to_owned(),
            "This worker is paused, has not consented, or has been erased.".to_owned(),
        )
    })?;
    let capacity = profile.capacity;
    if profile.open_load >= capacity {
        return Err(conflict(
            "at_capacity",
            format!("このワーカーの担当は上限の{capacity}件に達しています。"),
            format!("This worker takes {capacity} projects at a time, and has them."),
        ));
    }
    Ok(place)
}

fn conflict(code: &'static str, ja: String, en: String) -> Error {
    let detail = Text::new(ja, en);
    Error::Conflict { code, detail }
}

pub fn role_filled(role: &str) -> Error {
    conflict(
        "role_filled",
        format!("役割 {role} に空きはありません。"),
        format!("The role {role} has no free place."),
    )
}

pub fn already_applied() -> Error {
    conflict(
        "already_applied",
        "このワーカーはこの支援内容にすでに応募しています。".to_owned(),
        "This worker has applied for this deliverable already.".to_owned(),
    )
}

impl NewApplication {
    /// What it names has to be there, and the role to be asked for: gives the worker.
    pub fn check<'a>(
        &self,
        deliverable: Option<&Deliverable>,
        worker: Option<&'a Worker>,
    ) -> Result<&'a Worker> {
        let mut faults = Vec::new();
        let mut fault = |pointer: &str, code, ja: String, en: String| {
            faults.push(FieldError::at(pointer, code, Text::new(ja, en)));
        };
        if deliverable.is_none() {
            let (ja, en) = ("この支援内容はありません。", "There is no such deliverable.");
            fault("/deliverable_id", "unknown_deliverable", ja.into(), en.into());
        }
        if worker.is_none() {
            let (ja, en) = ("このワーカーは登録されていません。", "There is no such worker.");
            fault("/worker_id", "unknown_worker", ja.into(), en.into());
        }
        let roles = deliverable.map(|d| d.request.roles.iter().flatten());
        let asked: Option<Vec<&str>> = roles.map(|roles| roles.map(|wish| wish.role.as_str()).collect());
        if let Some(asked) = asked.filter(|asked| !asked.contains(&self.role.as_str())) {
            let (role, list) = (&self.role, asked.join(", "));
            let ja = format!("役割 {role} は求められていません。求められている役割: {list}");
            fault(
                "/role",
                "role_not_asked",
                ja,
                format!("The role {role} isn't asked for, but {list}."),
            );
        }
        match worker {
            Some(worker) if faults.is_empty() => Ok(worker),
            _ => Err(Error::Invalid(faults)),
        }
    }
}

pub fn same_person() -> Error {
    conflict(
        "same_person",
        "同じ人が、別の登録ですでにこのチームにいます。".to_owned(),
        "The same person is in this team already, by another record.".to_owned(),
    )
}

pub fn sandbox() -> Error {
    conflict(
        "sandbox_application",
        "お試しの応募は承諾できません。".to_owned(),
        "An application for trying only can't be accepted.".to_owned(),
    )
}
