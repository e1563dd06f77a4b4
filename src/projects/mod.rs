//! Projects: the work of a team, from the kick-off to the hand-over.
//!
//! * `status`: statuses, and the moves between them. `filter`: the parameters of lists.
//! * `work`: milestones, meetings, hours, artifacts, risks and notes. `rules`: who may write which, and how milestones are
//!   laid out. `files`: what an artifact's file may be.
//! * `team`: what follows for a project when its deliverable or team changes. `actions`: accompaniments, and what callers
//!   see. `entries`: the use cases of the work. `hours`: what they count in a member's record. `past`: projects that lists of
//!   offices tell of. `schedule`: what follows when the days change. `durations`: how long projects of a type really took;
//!   `tasks` counts it again.
//!
//! A deliverable whose team is complete has a project with the same id; so has one whose team was formed elsewhere, once the
//! work begins. Its status follows the deliverable's; its members are the agreed applications, and those who left stay in
//! the history. An accompaniment is a project without a deliverable.
//!
//! All work is rows of one table: a kind, the columns by which rows are found, and a document. Every write locks its project,
//! and enters in the history who did it.
//!
//! Deliberately absent: moving a project through its statuses, which also moves its deliverable (`delivery`).

pub mod actions;
pub mod durations;
pub mod entries;
pub mod files;
pub mod filter;
pub mod hours;
pub mod http;
pub mod past;
pub mod rules;
pub mod schedule;
pub mod status;
pub mod store;
pub mod tasks;
pub mod team;
pub mod work;

pub use crate::deliverables::ProjectReason;
pub use filter::{ProjectFilter, ProjectSort};
pub use status::{ArtifactStatus, ProjectStatus};

use crate::auth::Reach;
use crate::catalogue::calendar;
use crate::db::{Id, Instant};
use crate::http::{Discloses, Language, Unread};
use crate::values::words;
use crate::values::{AreaCode, Code, broken, distinct, not_blank, not_reversed, plausible_day};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// What a project is about.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ProjectKind {
    /// A team makes what an organization asked for.
    Deliverable,
    /// Advisors accompany a municipality, a social welfare council or another organization (伴走支援).
    Accompaniment,
}

impl ProjectKind {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// A kind of support in an accompaniment.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SupportKind {
    /// Advice on site or online.
    Consultation,
    /// A workshop with those concerned.
    Workshop,
    /// A training or lecture.
    Training,
    /// Studying the area and its needs.
    Survey,
    /// Planning a scheme or an event.
    Planning,
    /// Bringing organizations together.
    Networking,
    Other,
}

/// What an accompaniment is about. Its visits are meetings of the project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"needs": "区内の居場所づくりを進めたいが、担い手が見つからない。", "supports": ["consultation", "workshop"],
    "outcome": null, "advisors": ["地域づくりアドバイザー 田中"]}))]
pub struct Accompaniment {
    /// What the organization needs.
    #[validate(length(min = 1, max = 10_000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 10_000)]
    pub needs: String,
    #[validate(length(min = 1, max = 7), custom(function = "distinct_supports"))]
    #[schema(min_items = 1, max_items = 7)]
    pub supports: Vec<SupportKind>,
    /// What came of it.
    #[serde(default)]
    #[validate(length(min = 1, max = 10_000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 10_000)]
    pub outcome: Option<String>,
    /// The names of those who advise. Empty without the scope `personal_data:read`.
    #[serde(default)]
    #[validate(length(max = 10), custom(function = "names"))]
    #[schema(max_items = 10)]
    pub advisors: Vec<String>,
}

fn distinct_supports(supports: &[SupportKind]) -> Result<(), ValidationError> {
    distinct(supports.iter().map(|kind| (*kind).into()))
}

fn names(names: &[String]) -> Result<(), ValidationError> {
    let is_name = |name: &String| !name.trim().is_empty() && name.chars().count() <= 100;
    if names.iter().all(is_name) {
        return Ok(());
    }
    Err(broken(
        "invalid_length",
        "名前はそれぞれ1〜100文字で入力してください。",
        "Give each name 1 to 100 characters.",
    ))
}

/// The fields of a project that clients write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "consistent", skip_on_field_errors = false))]
#[schema(example = json!({"organization_id": "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d", "title": "居場所づくりの伴走支援",
    "starts_on": "2026-10-01", "ends_on": "2027-03-31", "status": "planned", "reason": null, "message": null,
    "accompaniment": {"needs": "区内の居場所づくりを進めたいが、担い手が見つからない。",
    "supports": ["consultation", "workshop"], "outcome": null, "advisors": ["地域づくりアドバイザー 田中"]}}))]
pub struct NewProject {
    /// The organization that is helped. A deliverable's project has the deliverable's lead; it can't change.
    pub organization_id: Id,
    /// A deliverable's project has the deliverable's title.
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// The first day. It and `ends_on` are those of the deliverable: changing them here changes them there. Milestones that
    /// aren't done are laid out anew in proportion.
    #[serde(default)]
    #[validate(custom(function = "plausible_day"))]
    pub starts_on: Option<NaiveDate>,
    /// The planned last day.
    #[serde(default)]
    #[validate(custom(function = "plausible_day"))]
    pub ends_on: Option<NaiveDate>,
    #[serde(default)]
    pub status: ProjectStatus,
    /// Why it was cancelled. Required to cancel, otherwise null. Null, too, if the deliverable was cancelled.
    #[serde(default)]
    pub reason: Option<ProjectReason>,
    /// Words about the end. Null without the scope `personal_data:read`.
    #[serde(default)]
    #[validate(length(min = 1, max = 2000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 2000)]
    pub message: Option<String>,
    /// Null for the project of a deliverable; required for all others.
    #[serde(default)]
    #[validate(nested)]
    pub accompaniment: Option<Accompaniment>,
}

impl NewProject {
    /// Returns what somebody without `personal_data:read` doesn't read of it: see [`Project::shown`].
    pub fn unread() -> Vec<Unread> {
        vec![("/message", "".into()), ("/accompaniment/advisors", [""].into())]
    }
}

fn consistent(new: &NewProject) -> Result<(), ValidationError> {
    not_reversed(new.starts_on, new.ends_on, "ends_on")
}

/// How far a project has come.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"percent": 92, "words": "進捗中"}))]
pub struct Progress {
    /// The weight of what is done in the weight of all milestones. 100 once the project is delivered.
    #[schema(minimum = 0, maximum = 100)]
    pub percent: u8,
    /// The status in the language of `Accept-Language`, as a public page shows it.
    pub words: String,
}

/// Somebody in a team, or who was.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"worker_id": "0192f0c1-7a11-7c02-8d1e-2b4c6d8e0f10", "alias": "新宿区のデザイナー", "role": "designer",
    "joined_at": "2026-09-12T03:00:00Z", "left_at": null, "reason": null}))]
pub struct Member {
    #[serde(skip)]
    pub application_id: Id,
    #[serde(skip)]
    pub project_id: Id,
    /// Null after the worker is erased.
    pub worker_id: Option<Id>,
    /// Null if your token can't read workers.
    pub alias: Option<String>,
    /// Code of the role.
    pub role: Code,
    pub joined_at: Instant,
    pub left_at: Option<Instant>,
    /// Why the member left: a reason of applications. That somebody is ill or moves is for the office and for themselves.
    #[schema(pattern = "^[a-z_]+$")]
    pub reason: Option<String>,
}

/// The reasons of applications that only the office and the person learn of.
pub const PRIVATE_REASONS: [&str; 3] = ["health", "relocation", "same_person"];

/// Returns why a member left, for somebody with this reach. Who sent a person's record doesn't learn that another source has them,
/// too: what a merge ended looks like what a coordinator declined.
pub fn told_reason(reason: String, reach: &Reach) -> String {
    match reach {
        Reach::Partner(_) if reason == "same_person" => "other".to_owned(),
        _ => reason,
    }
}

impl Member {
    fn hide_private_reason(&mut self, reach: &Reach) {
        let is_own = matches!(reach, Reach::Worker(own) if self.worker_id == Some(*own));
        let is_private = |code: &String| PRIVATE_REASONS.contains(&code.as_str());
        let told = self.reason.take().map(|code| told_reason(code, reach));
        self.reason = told.filter(|code| is_own || !is_private(code));
    }
}

/// A project.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Project {
    /// The deliverable's id, unless it is an accompaniment.
    pub id: Id,
    pub kind: ProjectKind,
    #[serde(flatten)]
    pub plan: NewProject,
    pub area: AreaCode,
    /// The fiscal year (April to March in Tokyo) of the deliverable, or of an accompaniment's first day.
    #[schema(example = 2026)]
    pub fiscal_year: i32,
    /// The system that the record comes from, if it was imported as an accompaniment. That of another project is its
    /// deliverable's.
    pub source: Option<String>,
    /// The record's id in `source`.
    pub external_id: Option<String>,
    pub progress: Progress,
    /// Who is in the team. A single project also has those who have left. Members of an organization don't see who is kept
    /// apart from it, partners see their volunteers, and who has left sees only themselves.
    pub members: Vec<Member>,
    /// Since when the project has its status.
    pub status_since: Instant,
    /// The day on which it was delivered, in Tokyo.
    pub delivered_on: Option<NaiveDate>,
    /// Since when the team lacks somebody, while the work is under way.
    pub vacant_since: Option<Instant>,
    /// Grows with each change. Also the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl Discloses for Project {
    fn people(&self) -> Vec<Id> {
        let advisors = self.plan.accompaniment.iter().flat_map(|one| &one.advisors);
        let has_text = self.plan.message.is_some() || advisors.count() > 0;
        has_text
            .then_some(self.plan.organization_id)
            .into_iter()
            .collect()
    }
}

impl Project {
    /// Returns the next version, with another plan.
    pub fn changed(&self, plan: NewProject, now: Instant) -> Project {
        let is_same = plan.status == self.plan.status;
        let is_delivered = !is_same && plan.status == ProjectStatus::Delivered;
        let today = || calendar::day_in_tokyo(now.utc());
        Project {
            status_since: if is_same { self.status_since } else { now },
            delivered_on: if is_delivered {
                Some(today())
            } else {
                self.delivered_on
            },
            plan,
            version: self.version + 1,
            updated_at: now,
            ..self.clone()
        }
    }

    /// Returns the id of its deliverable. An accompaniment has none.
    pub fn deliverable_id(&self) -> Option<Id> {
        (self.kind == ProjectKind::Deliverable).then_some(self.id)
    }

    /// Returns whether its work is still to be done.
    pub fn is_under_way(&self) -> bool {
        matches!(
            self.plan.status,
            ProjectStatus::Planned | ProjectStatus::InProgress
        )
    }

    /// Returns whether nothing about it changes any more.
    pub fn is_over(&self) -> bool {
        matches!(self.plan.status, ProjectStatus::Closed | ProjectStatus::Cancelled)
    }

    /// Returns how many days the work took, the first and the last included. Nobody knows without both.
    pub fn days_taken(&self) -> Option<u32> {
        let (first, last) = self.plan.starts_on.zip(self.delivered_on)?;
        let days = last.signed_duration_since(first).num_days() + 1;
        u32::try_from(days).ok().filter(|days| *days > 0)
    }

    /// Returns the first day: the planned one, or the day of its creation.
    pub fn first_day(&self) -> NaiveDate {
        let created = || calendar::day_in_tokyo(self.created_at.utc());
        self.plan.starts_on.unwrap_or_else(created)
    }

    /// Returns it without what the caller may not see, and with its words.
    pub fn shown(mut self, reach: &Reach, personal_data: bool, language: Language) -> Project {
        if !matches!(reach, Reach::Everything | Reach::Areas(_)) {
            self.members
                .iter_mut()
                .for_each(|member| member.hide_private_reason(reach));
        }
        if !personal_data {
            self.plan.message = None;
            self.plan
                .accompaniment
                .iter_mut()
                .for_each(|one| one.advisors.clear());
        }
        if matches!(self.plan.status, ProjectStatus::Delivered | ProjectStatus::Closed) {
            self.progress.percent = 100;
        }
        let words = words::text("ProjectStatus", self.plan.status.code());
        self.progress.words = match language {
            Language::Ja => words.ja.into_owned(),
            Language::En => words.en.into_owned(),
        };
        self
    }
}

/// What somebody is to a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// A coordinator, an administrator or an auditor.
    Office,
    Organization(Id),
    Member(Id),
    /// A worker who has left the team.
    Former(Id),
    /// A partner, for its volunteers.
    Partner,
}

impl Seat {
    pub fn of(reach: &Reach, members: &[Member]) -> Seat {
        match reach {
            Reach::Everything | Reach::Areas(_) => Seat::Office,
            Reach::Organization(id) => Seat::Organization(*id),
            Reach::Partner(_) => Seat::Partner,
            Reach::Worker(id) => {
                let is_present = |one: &&Member| one.worker_id == Some(*id) && one.left_at.is_none();
                match members.iter().any(|one| is_present(&one)) {
                    true => Seat::Member(*id),
                    false => Seat::Former(*id),
                }
            }
        }
    }
}

/// A membership in the export of a person's data.
#[derive(Debug, Serialize, ToSchema)]
pub struct MembershipRecord {
    pub project_id: Id,
    #[schema(example = "designer", value_type = Code)]
    pub role: String,
    pub joined_at: Instant,
    pub left_at: Option<Instant>,
    #[schema(example = "schedule", pattern = "^[a-z_]+$")]
    pub reason: Option<String>,
}

/// What a person wrote or worked in a project, in the export of their data.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkRecord {
    pub id: Id,
    pub project_id: Id,
    #[schema(value_type = work::WorkKind)]
    pub kind: String,
    /// The entry as JSON.
    #[schema(example = "{\"worked_on\": \"2026-11-14\", \"minutes\": 120}")]
    pub document: String,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// What something in a project's history is about.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ProjectSubject {
    Project,
    Member,
    Milestone,
    Meeting,
    Hours,
    Artifact,
    Risk,
    Note,
}

impl From<work::WorkKind> for ProjectSubject {
    fn from(kind: work::WorkKind) -> ProjectSubject {
        use work::WorkKind;
        match kind {
            WorkKind::Milestone => ProjectSubject::Milestone,
            WorkKind::Meeting => ProjectSubject::Meeting,
            WorkKind::Hours => ProjectSubject::Hours,
            WorkKind::Artifact => ProjectSubject::Artifact,
            WorkKind::Risk => ProjectSubject::Risk,
            WorkKind::Note => ProjectSubject::Note,
        }
    }
}

/// What happened in a project.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ProjectAction {
    Created,
    Updated,
    Deleted,
    /// The project or the artifact got another status.
    Moved,
    /// A member joined the team.
    Joined,
    /// A member left the team.
    Left,
}

/// Something that happened in a project.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b", "subject": "member",
    "subject_id": "0192f0c1-7a11-7c02-8d1e-2b4c6d8e0f10", "action": "joined", "detail": "designer",
    "actor": "coordinator", "occurred_at": "2026-09-12T03:00:00Z"}))]
pub struct Happening {
    pub id: Id,
    #[schema(value_type = ProjectSubject)]
    pub subject: String,
    /// The id of the entry; of a member, the application's. Only coordinators, administrators and auditors see the latter.
    pub subject_id: Option<Id>,
    #[schema(value_type = ProjectAction)]
    pub action: String,
    /// Code of the status that the project or an artifact got, or of the member's role. What the organization said of an
    /// artifact is in its `answers`.
    pub detail: Option<String>,
    /// Role and subject of the token. Only coordinators, administrators and auditors see the subject.
    pub actor: String,
    pub occurred_at: Instant,
}

impl Discloses for Happening {
    fn people(&self) -> Vec<Id> {
        Vec::new()
    }
}
