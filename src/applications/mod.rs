//! Applications (応募). A worker, or someone on the worker's behalf, applies for a place in a deliverable's
//! team; or the organization, or a coordinator, invites a worker.
//!
//! * `status`: the statuses of an application, and the moves between them. `moves`: who may make which.
//! * `terms`: what both sides agree on, and how long somebody has for an answer. `answers`: whose answer is missing, and
//!   until when. `deadlines`: warns, and ends what nobody answers; `tasks` repeats that.
//! * `waitlist`: who waits for a place, and whose turn it is.
//! * `robot`: answers the applications of sandbox partners.
//! * `filter`: the parameters of lists. `listing`: what a viewer sees in a list of applications or deliverables.
//! * `rules`: who can get which place. `twice`: one place for one person. `actions`: the use cases, each in one transaction.
//! * `team`: what follows for places, loads and records. `requests`: changing and archiving a deliverable with its
//!   applications.
//! * `leaving`: what ends when a person is erased.
//! * `past`: members of teams that were formed elsewhere, and taking back what an import wrote.
//! * `responses`: how fast applications are answered.
//! * `similar`: other open deliverables, for a worker who can't get the place.
//!
//! A role of a deliverable has one or more places, each with a number. Each offered or agreed application holds a place,
//! and counts in the worker's open load. A unique index prevents two applications from having the same place.
//!
//! The messages between worker and coordinator are personal data: erasing the worker erases them. The
//! statistics still count that someone applied, for which role and with which outcome.
//!
//! Deliberately absent: the progress of the team.

pub mod actions;
pub mod answers;
pub mod deadlines;
pub mod filter;
pub mod http;
pub mod leaving;
pub mod listing;
pub mod moves;
pub mod past;
pub mod requests;
pub mod responses;
mod robot;
pub mod rules;
pub mod similar;
pub mod status;
pub mod store;
pub mod tasks;
pub mod team;
pub mod terms;
pub mod twice;
mod waitlist;

pub use filter::{ApplicationFilter, ApplicationSort};
pub use status::{ApplicationDirection, ApplicationReason, ApplicationSide, ApplicationStatus};
pub use terms::ApplicationAgreement;

use crate::auth::{Reach, UserRole};
use crate::catalogue::calendar;
use crate::db::{Id, Instant};
use crate::deliverables::{Deliverable, Places, ProjectReason};
use crate::http::page::Total;
use crate::http::{Discloses, Unread};
use crate::values::{Code, Lifecycle};
use crate::workers::Worker;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use validator::Validate;

/// The fields of an application that clients write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"deliverable_id": "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d",
    "worker_id": "0192f0c1-7a11-7c02-8d1e-2b4c6d8e0f10", "role": "designer",
    "message": "会員募集チラシを二度担当しました。新宿区に住んでいます。"}))]
pub struct NewApplication {
    /// An application by default. An invitation is for who may decide: it asks a worker whom rankings show.
    #[serde(default)]
    pub direction: ApplicationDirection,
    pub deliverable_id: Id,
    pub worker_id: Id,
    /// Code of a role in the deliverable's team.
    #[validate(custom(function = "Code::check"))]
    pub role: Code,
    /// A message to the other side: to who decides, or to the invited worker.
    #[serde(default)]
    #[validate(length(max = 2000))]
    #[schema(max_length = 2000)]
    pub message: Option<String>,
}

/// The part of an application that can change.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "submitted", "reason": null, "note": null, "respond_by": "2026-12-08T03:00:00Z",
    "agreement": null, "worker_agrees": false, "organization_agrees": false}))]
pub struct Outcome {
    #[serde(default)]
    pub status: ApplicationStatus,
    /// Required if the status is declined (another_chosen, skills, schedule, no_longer_needed, request_closed, other) or
    /// withdrawn (schedule, workload, health, relocation, other_work, other). Of an unanswered invitation it is the other
    /// way round: the worker declines, and the organization withdraws. Otherwise null.
    #[serde(default)]
    pub reason: Option<ApplicationReason>,
    /// A note to the other side: the worker, or the person who decides.
    #[serde(default)]
    #[validate(length(max = 1000))]
    #[schema(max_length = 1000)]
    pub note: Option<String>,
    /// Until when the answer has to come; after that it expires. An offer may set it, up to 30 days ahead; otherwise it is
    /// set for you: an offer 7 days, an invitation 14, an application 28. Null if it waits for nobody.
    #[serde(default)]
    pub respond_by: Option<Instant>,
    /// The goal and the schedule. Only offers may set or change them; what one side changes, the other side has to agree
    /// to again. Null without the scope `personal_data:read`.
    #[serde(default)]
    #[validate(nested)]
    pub agreement: Option<ApplicationAgreement>,
    /// Whether the worker agrees to the offer with this agreement. When both sides agree, the status becomes agreed.
    #[serde(default)]
    pub worker_agrees: bool,
    /// Whether the organization agrees.
    #[serde(default)]
    pub organization_agrees: bool,
}

impl Outcome {
    /// Returns what somebody without `personal_data:read` doesn't read of it: see [`Application::shown`].
    pub fn unread() -> Vec<Unread> {
        let agreement = json!({"goal": "", "schedule": ""});
        vec![("/note", "".into()), ("/agreement", agreement)]
    }
}

/// An application, or an invitation.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Application {
    pub id: Id,
    pub direction: ApplicationDirection,
    pub deliverable_id: Id,
    /// Null after the worker is erased.
    pub worker_id: Option<Id>,
    /// Code of the role.
    pub role: Code,
    /// The number of the place in the role. It stays when the request asks for fewer places later, so it may be greater than
    /// how many there are. Null unless the application is offered or agreed, and for sandbox partners.
    #[schema(minimum = 1, example = json!(null))]
    pub place: Option<u16>,
    /// Null without the scope `personal_data:read`, and after the worker is erased. The same holds for
    /// `note`.
    #[schema(example = "会員募集チラシを二度担当しました。新宿区に住んでいます。")]
    pub message: Option<String>,
    #[serde(flatten)]
    pub outcome: Outcome,
    /// Whose answer it waits for. Null if nobody's.
    pub awaits: Option<ApplicationSide>,
    /// When Musubi warned that the answer is overdue or the offer ends soon. It does so once.
    #[schema(example = json!(null))]
    pub warned_at: Option<Instant>,
    /// When it left the waiting list. Null before, and once it has moved on.
    #[schema(example = json!(null))]
    pub moved_up_at: Option<Instant>,
    /// Why the request was cancelled or archived, if the application ended with it (`request_closed`) and a reason was given.
    #[schema(example = json!(null))]
    pub request_reason: Option<ProjectReason>,
    /// When it was declined, withdrawn or expired. Null while it goes on, and if it ended before Musubi noted that.
    #[schema(example = json!(null))]
    pub closed_at: Option<Instant>,
    /// Who closed it: role and subject of the token, or `service` if Musubi did by itself, because nobody answered in time or
    /// two records of a person were merged by rule. Workers, organizations and partners see only the role. Who cancelled the
    /// request closed its applications, too.
    #[schema(example = json!(null))]
    pub closed_by: Option<String>,
    /// When the server has to look at it again.
    #[serde(skip)]
    pub next_check_at: Option<Instant>,
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
    /// Null if you can't read the deliverable.
    #[schema(example = "会員募集のチラシ")]
    pub deliverable_title: Option<String>,
    /// In the language of `Accept-Language` if it is composed of area and role. Null if you can't read the worker's
    /// profile.
    #[schema(example = "新宿区のデザイナー")]
    pub worker_alias: Option<String>,
}

/// How many applications a deliverable has, in each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"submitted": 2, "shortlisted": 1, "offered": 0, "agreed": 1, "waitlisted": 0, "declined": 0,
    "withdrawn": 0, "expired": 0}))]
pub struct StatusCounts {
    pub submitted: i64,
    pub shortlisted: i64,
    pub offered: i64,
    pub agreed: i64,
    pub waitlisted: i64,
    pub declined: i64,
    pub withdrawn: i64,
    pub expired: i64,
}

impl StatusCounts {
    fn of_status(&mut self, status: ApplicationStatus) -> &mut i64 {
        match status {
            ApplicationStatus::Submitted => &mut self.submitted,
            ApplicationStatus::Shortlisted => &mut self.shortlisted,
            ApplicationStatus::Offered => &mut self.offered,
            ApplicationStatus::Agreed => &mut self.agreed,
            ApplicationStatus::Waitlisted => &mut self.waitlisted,
            ApplicationStatus::Declined => &mut self.declined,
            ApplicationStatus::Withdrawn => &mut self.withdrawn,
            ApplicationStatus::Expired => &mut self.expired,
        }
    }
}

/// The lead organization of a deliverable in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadOrganization {
    pub id: Id,
    /// Null if you can't read the organization.
    #[schema(example = "戸山ふれあいの会")]
    pub name: Option<String>,
}

/// A deliverable in a list, with what an office looks at first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedDeliverable {
    #[serde(flatten)]
    pub deliverable: Deliverable,
    pub organization: LeadOrganization,
    /// The places of all roles together.
    pub places: Places,
    /// How many of its applications you can read, by status. Null without the scope `applications:read`.
    pub applications: Option<StatusCounts>,
}

/// How many applications have moved last within some days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgeCount {
    /// Days since the last move, counted in Tokyo's time zone.
    #[schema(minimum = 0, example = 3)]
    pub from_days: u32,
    /// Null: any longer.
    #[schema(minimum = 0, example = 6)]
    pub to_days: Option<u32>,
    #[schema(minimum = 0, example = 4)]
    pub count: usize,
}

/// How many applications have a status, in all and by days since their last move.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApplicationCount {
    pub status: ApplicationStatus,
    pub total: Total,
    /// Adds up to `total.count`.
    pub by_age: Vec<AgeCount>,
}

/// An application in the export of a person's data.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApplicationRecord {
    pub id: Id,
    pub direction: ApplicationDirection,
    pub deliverable_id: Id,
    #[schema(example = "designer", value_type = Code)]
    pub role: String,
    #[schema(example = "agreed", value_type = ApplicationStatus)]
    pub status: String,
    #[schema(example = json!(null), value_type = Option<ApplicationReason>)]
    pub reason: Option<String>,
    pub message: Option<String>,
    pub note: Option<String>,
    pub agreement: Option<ApplicationAgreement>,
    pub closed_at: Option<Instant>,
    /// As in the application.
    #[schema(example = json!(null))]
    pub closed_by: Option<String>,
    #[schema(example = "worker:0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d")]
    pub created_by: String,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl Discloses for Application {
    fn people(&self) -> Vec<Id> {
        let outcome = &self.outcome;
        let has_text = self.message.is_some() || outcome.note.is_some() || outcome.agreement.is_some();
        self.worker_id.filter(|_| has_text).into_iter().collect()
    }
}

impl Discloses for ApplicationListItem {
    fn people(&self) -> Vec<Id> {
        self.application.people()
    }
}

impl Application {
    pub fn submit(
        id: Id,
        new: NewApplication,
        status: ApplicationStatus,
        worker: &Worker,
        actor: &str,
        now: Instant,
    ) -> Application {
        let application = Application {
            closed_at: None,
            closed_by: None,
            partner_id: worker.partner_id,
            sandbox: worker.sandbox,
            id,
            direction: new.direction,
            deliverable_id: new.deliverable_id,
            worker_id: Some(new.worker_id),
            role: new.role,
            place: None,
            message: new.message,
            outcome: Outcome {
                status,
                ..Outcome::default()
            },
            awaits: None,
            warned_at: None,
            moved_up_at: None,
            request_reason: None,
            next_check_at: None,
            created_by: actor.to_owned(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        application.awaiting(None, now)
    }

    /// Returns the next version, with this outcome and place, as the actor wants it.
    pub fn moved(&self, actor: &str, outcome: Outcome, place: Option<u16>, now: Instant) -> Application {
        let is_moved = outcome.status != self.outcome.status;
        let (closed_at, closed_by) = match is_moved {
            true => outcome.status.is_end().then(|| (now, actor.to_owned())).unzip(),
            false => (self.closed_at, self.closed_by.clone()),
        };
        let next = Application {
            closed_at,
            closed_by,
            moved_up_at: self.moved_up_at.filter(|_| !is_moved),
            outcome,
            place,
            version: self.version + 1,
            updated_at: now,
            ..self.clone()
        };
        next.awaiting(Some(self), now)
    }

    /// Returns the next version in a status that the service sets by itself, and that is no end.
    pub fn set(&self, status: ApplicationStatus, now: Instant) -> Application {
        let outcome = Outcome {
            status,
            respond_by: None,
            ..self.outcome.clone()
        };
        self.moved(SERVICE, outcome, self.place, now)
    }

    /// Returns the application without what the caller may not see. Organizations don't see which partner app
    /// sent it, nor that somebody is ill or moves. Who sent a person's record doesn't learn that another source has them, too:
    /// what a merge closed looks like what a coordinator declined.
    pub fn shown(mut self, reach: &Reach, personal_data: bool) -> Application {
        let sees_accounts = matches!(reach, Reach::Everything | Reach::Areas(_));
        if let Some(by) = self
            .closed_by
            .as_mut()
            .filter(|by| !sees_accounts || role_of(by) == SERVICE)
        {
            *by = role_of(by).to_owned();
        }
        if matches!(reach, Reach::Organization(_)) {
            self.partner_id = None;
            self.outcome.reason = self.outcome.reason.filter(|reason| !reason.is_private());
            self.created_by = self.created_by.split(':').next().unwrap_or_default().to_owned();
        }
        if matches!(reach, Reach::Partner(_)) && self.outcome.reason == Some(ApplicationReason::SamePerson) {
            self.outcome.reason = Some(ApplicationReason::Other);
            self.closed_by = self.closed_by.map(|_| UserRole::Coordinator.code().to_owned());
        }
        if !personal_data {
            self.message = None;
            self.outcome.note = None;
            self.outcome.agreement = None;
        }
        self
    }

    pub fn listed(self) -> ApplicationListItem {
        let days_since_last_move = calendar::days_since(self.updated_at.utc());
        ApplicationListItem {
            application: self,
            days_since_last_move,
            deliverable_title: None,
            worker_alias: None,
        }
    }
}

/// What Musubi does by itself.
const SERVICE: &str = "service";

/// Returns the role of an actor.
fn role_of(actor: &str) -> &str {
    let (role, _) = actor.split_once(':').unwrap_or((actor, ""));
    match role.parse::<UserRole>() {
        Ok(_) => role,
        Err(_) => SERVICE,
    }
}

/// How many applications and taken places a deliverable has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// All applications, whatever their status.
    pub answers: u32,
    /// Taken places.
    pub filled: u32,
    /// How many applications wait for an answer in each role.
    pub waiting: BTreeMap<String, u32>,
}
