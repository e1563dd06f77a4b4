//! Applications (応募). A worker, or someone on the worker's behalf, applies for a place in a deliverable's
//! team.
//!
//! * `status`: the statuses of an application, and the moves between them.
//! * `filter`: the parameters of lists. `listing`: what a viewer sees in a list.
//! * `rules`: who can get which place. `actions`: the use cases, each in one transaction.
//! * `team`: what follows for places, loads and records. `requests`: changing and archiving a deliverable with its
//!   applications.
//! * `similar`: other open deliverables, for a worker who can't get the place.
//!
//! A role of a deliverable has one or more places, each with a number. Each accepted application has a place.
//! A unique index prevents two applications from having the same place.
//!
//! The messages between worker and coordinator are personal data: erasing the worker erases them. The
//! statistics still count that someone applied, for which role and with which outcome.
//!
//! Deliberately absent: invitations and the progress of the team.

pub mod actions;
pub mod filter;
pub mod http;
pub mod listing;
pub mod requests;
pub mod rules;
pub mod similar;
pub mod status;
pub mod store;
pub mod team;

pub use filter::{ApplicationFilter, ApplicationSort};
pub use status::{ApplicationReason, ApplicationStatus};

use crate::auth::Reach;
use crate::catalogue::calendar;
use crate::db::{Id, Instant};
use crate::http::Discloses;
use crate::values::Code;
use crate::workers::Worker;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// The fields of an application that clients write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"deliverable_id": "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d",
    "worker_id": "0192f0c1-7a11-7c02-8d1e-2b4c6d8e0f10", "role": "designer",
    "message": "会員募集チラシを二度担当しました。新宿区に住んでいます。"}))]
pub struct NewApplication {
    pub deliverable_id: Id,
    pub worker_id: Id,
    /// Code of a role in the deliverable's team.
    #[validate(custom(function = "Code::check"))]
    pub role: Code,
    /// A message to the organization or coordinator who decides.
    #[serde(default)]
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    pub message: Option<String>,
}

/// The part of an application that can change.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "submitted", "reason": null, "note": null}))]
pub struct Outcome {
    #[serde(default)]
    pub status: ApplicationStatus,
    /// Required if the status is declined (another_chosen, skills, schedule, no_longer_needed, request_closed, other) or
    /// withdrawn (schedule, workload, health, relocation, other_work, other). Otherwise null.
    #[serde(default)]
    pub reason: Option<ApplicationReason>,
    /// A note to the other side: the worker, or the person who decides.
    #[serde(default)]
    #[validate(length(max = 1000))]
    #[schema(max_length = 1000)]
    pub note: Option<String>,
}

/// An application.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Application {
    pub id: Id,
    pub deliverable_id: Id,
    /// Null after the worker is erased.
    pub worker_id: Option<Id>,
    /// Code of the role.
    pub role: Code,
    /// The number of the place in the role. Null unless the application is accepted.
    #[schema(minimum = 1, example = json!(null))]
    pub place: Option<u16>,
    /// Null without the scope `personal_data:read`, and after the worker is erased. The same holds for
    /// `note`.
    #[schema(example = "会員募集チラシを二度担当しました。新宿区に住んでいます。")]
    pub message: Option<String>,
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The partner app that sent the application.
    pub partner_id: Option<Id>,
    /// Whether a sandbox partner sent the application.
    pub sandbox: bool,
    /// Role and subject of the token that sent the application. Organizations see only the role.
    #[schema(example = "coordinator:shinjuku")]
    pub created_by: String,
    /// Counts the changes. Also the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// An application in a list. Only list items have `days_since_last_move`: the number grows while the
/// version stays the same.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApplicationListItem {
    #[serde(flatten)]
    pub application: Application,
    /// Days since `updated_at`, counted in Tokyo's time zone.
    #[schema(minimum = 0, example = 3)]
    pub days_since_last_move: u32,
}

/// An application in the export of a person's data.
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

impl Discloses for Application {
    fn people(&self) -> Vec<Id> {
        let has_text = self.message.is_some() || self.outcome.note.is_some();
        self.worker_id.filter(|_| has_text).into_iter().collect()
    }
}

impl Discloses for ApplicationListItem {
    fn people(&self) -> Vec<Id> {
        self.application.people()
    }
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

    /// Returns the application without what the caller may not see. Organizations don't see which partner app
    /// sent it.
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

    pub fn listed(self, today: NaiveDate) -> ApplicationListItem {
        let moved = calendar::day_in_tokyo(self.updated_at.utc());
        let days = calendar::day_number(today) - calendar::day_number(moved);
        ApplicationListItem {
            application: self,
            days_since_last_move: u32::try_from(days).unwrap_or(0),
        }
    }
}

/// How many applications and taken places a deliverable has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// All applications, whatever their status.
    pub answers: u32,
    /// Taken places.
    pub filled: u32,
}
