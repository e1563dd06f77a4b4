//! The worklist: what waits for the caller, of any kind, with the day by which it is due.
//!
//! * `actions`: collects the tasks and counts them. `http`: the operations.
//!
//! A task isn't stored: it is there as long as the record waits. Every kind is one query on the index of its status, so a
//! page costs a fixed number of statements. Tasks are ordered by the day on which they are due; of one day, by their kind in
//! the order of [`TaskKind`], then by how long they have waited.

pub mod actions;
pub mod http;

use crate::applications::ApplicationSide;
use crate::catalogue::calendar;
use crate::db::{Id, Instant};
use crate::http::query::Several;
use crate::{follow_ups, intake, reviews};
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What is to be done. Of one day, those come first for which somebody waits.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TaskKind {
    /// Shortlist, offer or decline an application. Due 14 days after it got its status; after 28 it expires.
    AnswerApplication,
    /// Say yes or no to an invitation. Due after 7 days; after 14 it expires.
    AnswerInvitation,
    /// Answer an offer with your goal and schedule, or withdraw. Due on the day when the offer ends.
    AnswerOffer,
    /// Agree to a worker's goal and schedule. Due on the day when the offer ends.
    ConfirmAgreement,
    /// Screen, hear or decide about a request. Due on the day that its intake names for the step, or else 14 days after
    /// the request got its status.
    ReviewRequest,
    /// Accept or decline to request a deliverable jointly. Due 14 days after the request changed last.
    AnswerJointInvitation,
    /// Finish a milestone whose day is over.
    FinishMilestone,
    /// Accept or return an artifact. Due 14 days after it was submitted.
    AnswerArtifact,
    /// Change an artifact of yours that was returned, and hand in a new version. Due 14 days after it was returned.
    ReviseArtifact,
    /// Find somebody for a place that became free while the work is under way. Due 14 days after that.
    FillPlace,
    /// Close a project that was delivered. Due 30 days after that.
    CloseProject,
    /// Take a step in the calendar of a programme. It waits from 14 days before its day.
    TakeStep,
    /// Decide whether two records are the same. Due 30 days after the pair was found.
    DecideDuplicate,
    /// Review a member of the team, or the organization. Due 14 days after the delivery; then the time is over.
    WriteReview,
    /// Say what became of delivered work. Due 30 days after the day of the question; after 180 days the time is over.
    AnswerFollowUp,
    /// Repair a file whose rows were rejected, and import it again, or undo the import. Due after 14 days; after 30 the
    /// task disappears.
    RepairImport,
    /// Repair the receiver of your webhook, which was switched off, and enable the webhook. Due after 7 days.
    RepairWebhook,
    /// Publish the event of an organization, or give it back as a draft. Due 7 days after it changed last, but at the latest
    /// on the day before the event; when the event is over, the task disappears.
    ReleaseEvent,
    /// Your application has left the waiting list: withdraw it if you no longer want the place. The task disappears when the
    /// application moves on, or after 7 days.
    CheckTurn,
}

impl TaskKind {
    /// Returns the number of days for a task of this kind.
    fn days(self) -> u64 {
        match self {
            TaskKind::FinishMilestone | TaskKind::TakeStep => 0,
            TaskKind::AnswerApplication
            | TaskKind::AnswerJointInvitation
            | TaskKind::AnswerArtifact
            | TaskKind::ReviseArtifact
            | TaskKind::FillPlace
            | TaskKind::RepairImport => 14,
            TaskKind::CloseProject | TaskKind::DecideDuplicate => 30,
            TaskKind::AnswerInvitation
            | TaskKind::AnswerOffer
            | TaskKind::ConfirmAgreement
            | TaskKind::RepairWebhook
            | TaskKind::ReleaseEvent
            | TaskKind::CheckTurn => 7,
            TaskKind::ReviewRequest => intake::STEP_DAYS,
            TaskKind::WriteReview => reviews::DAYS,
            TaskKind::AnswerFollowUp => follow_ups::DUE_DAYS,
        }
    }

    /// Returns which side of an application or a project waits for the caller, if one does.
    fn other_side(self, is_organization: bool) -> Option<ApplicationSide> {
        match self {
            TaskKind::AnswerApplication | TaskKind::ConfirmAgreement => Some(ApplicationSide::Worker),
            TaskKind::AnswerInvitation | TaskKind::AnswerOffer | TaskKind::CheckTurn => {
                Some(ApplicationSide::Organization)
            }
            TaskKind::WriteReview if is_organization => Some(ApplicationSide::Worker),
            TaskKind::WriteReview => Some(ApplicationSide::Organization),
            _ => None,
        }
    }

    /// Returns the day by which what has waited since a moment is due.
    fn due_on(self, since: Instant) -> NaiveDate {
        let day = calendar::day_in_tokyo(since.utc());
        day.checked_add_days(Days::new(self.days())).unwrap_or(day)
    }
}

/// Something that waits for you.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"id": "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b", "kind": "answer_application",
    "deliverable_id": "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d", "title": "会員募集のチラシ",
    "about": {"worker_id": "0192f0c1-7a11-7c02-8d1e-2b4c6d8e0f10", "organization_id": null, "name": "新宿区のデザイナー"},
    "since": "2026-11-10T02:00:00Z", "due_on": "2026-11-24", "overdue": true,
    "warned_at": "2026-11-24T02:00:00Z", "expires_at": "2026-12-08T02:00:00Z",
    "href": "/v1/applications/0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b"}))]
pub struct Task {
    /// The id of the record that waits.
    pub id: Id,
    pub kind: TaskKind,
    /// The deliverable that it is about. Null for duplicates,
    /// accompaniments, programmes, events, imports and webhooks.
    pub deliverable_id: Option<Id>,
    /// The title of the deliverable or the accompaniment, the name of the imported file, the step and its programme, the
    /// event, or the description of the webhook. Null for duplicates.
    pub title: Option<String>,
    /// Who waits for you: the worker who applies or agrees, or the organization that invites or offers; and whom a review is
    /// about. Null for all other tasks.
    pub about: Option<TaskSubject>,
    /// Since when it waits.
    pub since: Instant,
    /// The last day to do it, in Japan's time.
    pub due_on: NaiveDate,
    /// Whether that day is over.
    pub overdue: bool,
    /// When Musubi warned you. It does so once. Null before, and for tasks without a warning.
    pub warned_at: Option<Instant>,
    /// When the record expires if nobody answers. Null if it waits without end.
    pub expires_at: Option<Instant>,
    /// Where to read the record.
    pub href: String,
}

/// Whom a task is about: a worker or an organization.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"worker_id": "0192f0c1-7a11-7c02-8d1e-2b4c6d8e0f10", "organization_id": null,
    "name": "新宿区のデザイナー"}))]
pub struct TaskSubject {
    pub worker_id: Option<Id>,
    pub organization_id: Option<Id>,
    /// The alias of the worker, or the name of the organization. Null if you can't read it.
    pub name: Option<String>,
}

/// How many tasks of a kind wait for you.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"kind": "answer_application", "count": 3, "overdue": 1}))]
pub struct TaskCount {
    pub kind: TaskKind,
    /// At most 1000, which stands for 1000 or more.
    #[schema(minimum = 0, maximum = 1000)]
    pub count: u32,
    /// How many of them are overdue.
    #[schema(minimum = 0, maximum = 1000)]
    pub overdue: u32,
}

/// How many tasks wait for you.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TaskCounts {
    /// The kinds that you can do something about, those without tasks too.
    pub items: Vec<TaskCount>,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TaskFilter {
    /// Only tasks of this kind, or of several separated by commas.
    #[param(inline, style = Form, explode = false, min_items = 1, value_type = Option<Vec<TaskKind>>)]
    pub kind: Option<Several<TaskKind>>,
    /// With true, only tasks whose day is over; with false, only those whose day isn't.
    pub overdue: Option<bool>,
    /// The number of items on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` from the previous page.
    pub cursor: Option<String>,
}
