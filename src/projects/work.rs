//! The work in a project: milestones, meetings, hours, artifacts, risks and notes.
//!
//! Each kind is a document that clients write, and [`Work`] says what the rows and the rules need to know of it. Answers
//! show it with the members that every entry has.

use super::files::ArtifactFile;
use super::status::ArtifactStatus;
use crate::catalogue::calendar;
use crate::db::{Id, Instant};
use crate::error::{Error, Result, Text};
use crate::http::{Discloses, Patch, Unread};
use crate::values::{broken, broken_at, distinct_codes, not_blank, plausible_day};
use chrono::NaiveDate;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Debug;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// A kind of work.
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
pub enum WorkKind {
    Milestone,
    Meeting,
    Hours,
    Artifact,
    Risk,
    Note,
}

impl WorkKind {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Who reads a note.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Visibility {
    /// Everybody who works on the project: the members, the organization and the coordinators.
    #[default]
    Team,
    /// Coordinators, administrators and auditors only.
    Coordinators,
}

impl Visibility {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// How serious a risk is.
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
pub enum RiskLevel {
    Low,
    Medium,
    High,
}

/// A document of one kind.
pub trait Work:
    Debug + Clone + PartialEq + Serialize + DeserializeOwned + Validate + ToSchema + Send + Sync + 'static
{
    const KIND: WorkKind;
    type View: From<Entry<Self>> + Serialize + Discloses + Send;

    /// Returns the work with a patch.
    fn patched(patch: &Patch<Self>, before: &Self) -> Result<Self> {
        patch.apply(before)
    }

    /// Returns the day by which entries are ordered, if the work has one.
    fn day(&self) -> Option<NaiveDate> {
        None
    }

    /// Returns whether somebody has to do something about it.
    fn waits(&self) -> bool {
        false
    }

    /// Returns the code of its status, if the work has one.
    fn status(&self) -> Option<&'static str> {
        None
    }

    /// Returns the status and the words with which it was answered, if it is.
    fn answer(&self) -> Option<(ArtifactStatus, Option<String>)> {
        None
    }

    /// Returns whether somebody says yes to what others wrote, and so has to have read it.
    fn is_approved(&self, _: &Self) -> bool {
        false
    }

    /// Returns whether something else is handed in than before.
    fn is_new_version(&self, _: &Self) -> bool {
        false
    }

    /// Returns whether its author has to change it.
    fn is_returned(&self) -> bool {
        false
    }

    /// Returns whether those for whom it is made don't see it yet.
    fn is_draft(&self) -> bool {
        false
    }

    fn visibility(&self) -> Visibility {
        Visibility::Team
    }

    fn minutes(&self) -> Option<u16> {
        None
    }

    /// Returns the worker whose work it is. `None` where it is the author's.
    fn worker(&self) -> Option<Id> {
        None
    }

    /// Removes workers who aren't `known`, if that says who is, and without `personal_data` what was written about people.
    fn hide(&mut self, known: Option<&BTreeSet<Id>>, personal_data: bool);

    /// The texts that [`Work::hide`] clears.
    const WORDS: &'static [&'static str] = &[];

    /// Returns what somebody without `personal_data` doesn't read.
    fn unread() -> Vec<Unread> {
        Self::WORDS.iter().map(|pointer| (*pointer, "".into())).collect()
    }

    /// Returns whose personal data it shows in a project of this organization.
    fn people(&self, organization: Id) -> Vec<Id>;
}

/// An entry of a project.
#[derive(Debug, Clone)]
pub struct Entry<T> {
    pub id: Id,
    pub project_id: Id,
    /// The organization of the project.
    pub organization_id: Id,
    /// The worker who wrote it, or whose hours they are.
    pub worker_id: Option<Id>,
    pub work: T,
    pub file: Option<ArtifactFile>,
    /// How often it was submitted.
    pub revision: u16,
    /// What the organization said of the submitted versions.
    pub answers: Vec<ArtifactAnswer>,
    /// As what the hours count in the worker's record.
    pub counted_as: Option<CountedAs>,
    pub created_by: String,
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

/// The document of a row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Document<T> {
    pub work: T,
    #[serde(default)]
    pub file: Option<ArtifactFile>,
    #[serde(default)]
    pub revision: u16,
    #[serde(default)]
    pub answers: Vec<ArtifactAnswer>,
    #[serde(default)]
    pub counted_as: Option<CountedAs>,
}

/// What the organization said of a submitted version of an artifact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"revision": 1, "status": "returned", "answer": "電話番号を直してください。",
    "answered_at": "2026-12-12T03:00:00Z"}))]
pub struct ArtifactAnswer {
    #[schema(minimum = 0)]
    pub revision: u16,
    pub status: ArtifactStatus,
    /// Null without the scope `personal_data:read`, and if there were no words.
    pub answer: Option<String>,
    pub answered_at: Instant,
}

/// How many answers an artifact keeps.
const MOST_ANSWERS: usize = 50;

impl<T: Work> Entry<T> {
    /// Returns it with other work.
    pub fn with(&self, work: T) -> Entry<T> {
        Entry { work, ..self.clone() }
    }

    /// Returns it with the answer that the change from `before` gives, if it gives one.
    pub fn answered(mut self, before: &Entry<T>) -> Entry<T> {
        let is_moved = self.work.status() != before.work.status();
        if let Some((status, answer)) = self.work.answer().filter(|_| is_moved) {
            let skipped = (self.answers.len() + 1).saturating_sub(MOST_ANSWERS);
            self.answers.drain(..skipped);
            self.answers.push(ArtifactAnswer {
                revision: self.revision,
                status,
                answer,
                answered_at: self.updated_at,
            });
        }
        self
    }

    /// Clears what the caller may not see, as [`Work::hide`] does.
    pub fn hide(&mut self, known: Option<&BTreeSet<Id>>, personal_data: bool) {
        self.work.hide(known, personal_data);
        if !personal_data {
            self.answers.iter_mut().for_each(|one| one.answer = None);
        }
    }

    fn people(&self) -> Vec<Id> {
        let has_words = self.answers.iter().any(|one| one.answer.is_some());
        let mut people = self.work.people(self.organization_id);
        people.extend(has_words.then_some(self.organization_id));
        people
    }
}

/// The family and the role in which hours count. An entry keeps them, so that exactly what was added is taken off again
/// when the request has another type by then, or the member another role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CountedAs {
    pub family: String,
    pub role: String,
}

macro_rules! views {
    ($($(#[$about:meta])* $view:ident of $work:ident { $($(#[$about_more:meta])* $more:ident: $type:ty,)* })+) => {$(
        $(#[$about])*
        #[derive(Debug, Serialize, ToSchema)]
        pub struct $view {
            pub id: Id,
            pub project_id: Id,
            #[serde(flatten)]
            pub work: $work,
            $($(#[$about_more])* pub $more: $type,)*
            /// Role and subject of the token that created it. Of others' entries, only coordinators, administrators and auditors
            /// see the subject.
            #[schema(example = "coordinator")]
            pub created_by: String,
            /// Grows with each change. Also the ETag.
            #[schema(minimum = 1)]
            pub version: i64,
            pub created_at: Instant,
            pub updated_at: Instant,
            #[serde(skip)]
            people: Vec<Id>,
        }

        impl From<Entry<$work>> for $view {
            fn from(entry: Entry<$work>) -> $view {
                $view {
                    people: entry.people(),
                    id: entry.id,
                    project_id: entry.project_id,
                    work: entry.work,
                    $($more: entry.$more,)*
                    created_by: entry.created_by,
                    version: entry.version,
                    created_at: entry.created_at,
                    updated_at: entry.updated_at,
                }
            }
        }

        impl Discloses for $view {
            fn people(&self) -> Vec<Id> {
                self.people.clone()
            }
        }
    )+};
}

views! {
    /// A step of a project.
    Milestone of NewMilestone {}
    /// A meeting of a team, or a visit.
    Meeting of NewMeeting {}
    /// Hours that a member worked.
    HoursEntry of NewHours {}
    /// Something that a team hands to the organization.
    Artifact of NewArtifact {
        /// The file. Null before one is sent, and for a link.
        file: Option<ArtifactFile>,
        /// Of which version it is: it grows when it is submitted, and when its link or file changes while it is.
        #[schema(minimum = 0, example = 1)]
        revision: u16,
        /// What the organization said of each version, the newest last; of the last 50.
        answers: Vec<ArtifactAnswer>,
    }
    /// What may go wrong.
    Risk of NewRisk {}
    /// A note about a project.
    Note of NewNote {}
}

/// The fields of a milestone that clients write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "consistent", skip_on_field_errors = false))]
#[schema(example = json!({"title": "構成・ラフ", "due_on": "2027-01-09", "weight": 2, "progress": 50, "done_on": null}))]
pub struct NewMilestone {
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// The last day for it. Not before the project's first day.
    #[validate(custom(function = "plausible_day"))]
    pub due_on: NaiveDate,
    /// How much it counts among the milestones.
    #[serde(default = "one")]
    #[validate(range(min = 1, max = 100))]
    #[schema(minimum = 1, maximum = 100, default = 1)]
    pub weight: u16,
    /// In percent. Send either this or `done_on`: 100 sets the day to today, and less removes it. Both together have to agree.
    #[serde(default)]
    #[validate(range(max = 100))]
    #[schema(minimum = 0, maximum = 100)]
    pub progress: u16,
    /// The day on which it was done: with it, `progress` is 100. If you set it to null, a done milestone begins again at 0. Not in
    /// the future. It may be before the project's first day, since work may begin early.
    #[serde(default)]
    #[validate(custom(function = "past_day"))]
    pub done_on: Option<NaiveDate>,
}

fn one() -> u16 {
    1
}

/// Checks that a day isn't in the future.
pub fn past_day(day: &NaiveDate) -> Result<(), ValidationError> {
    plausible_day(day)?;
    if *day <= calendar::today() {
        return Ok(());
    }
    Err(broken(
        "day_in_future",
        "今日以前の日付にしてください。",
        "The day is in the future.",
    ))
}

/// Checks that progress and day agree. Where only one says that it is done, the other follows.
fn consistent(new: &NewMilestone) -> Result<(), ValidationError> {
    if new.done_on.is_none() || matches!(new.progress, 0 | 100) {
        return Ok(());
    }
    let Text { ja, en } = mismatch();
    Err(broken_at("progress", "progress_mismatch", &ja, &en))
}

fn mismatch() -> Text {
    Text::new(
        "done_on があるとき、progress は100にしてください。どちらか一方だけでもかまいません。",
        "With done_on, progress is 100. One of the two is enough.",
    )
}

impl NewMilestone {
    /// Lets the day follow from the progress, or the progress from the day.
    pub fn complete(&mut self, today: NaiveDate) {
        match (self.progress, self.done_on) {
            (100, None) => self.done_on = Some(today),
            (_, Some(_)) => self.progress = 100,
            _ => {}
        }
    }
}

impl Work for NewMilestone {
    const KIND: WorkKind = WorkKind::Milestone;
    type View = Milestone;

    fn patched(patch: &Patch<Self>, before: &Self) -> Result<Self> {
        let is_done = before.done_on.is_some();
        let is_day = patch.stated("done_on").is_some_and(|day: Value| !day.is_null());
        if is_day && patch.states("progress") && patch.stated("progress") != Some(100) {
            return Err(Error::invalid("/progress", "progress_mismatch", mismatch()));
        }
        match (patch.states("progress"), patch.states("done_on")) {
            (true, false) if is_done && patch.stated("progress") != Some(100) => {
                patch.with("done_on", Value::Null).apply(before)
            }
            (false, true) if is_done && patch.stated("done_on") == Some(Value::Null) => {
                patch.with("progress", 0.into()).apply(before)
            }
            (false, true) if patch.stated("done_on") != Some(Value::Null) => {
                patch.with("progress", 100.into()).apply(before)
            }
            _ => patch.apply(before),
        }
    }

    fn day(&self) -> Option<NaiveDate> {
        Some(self.due_on)
    }

    fn waits(&self) -> bool {
        self.done_on.is_none()
    }

    fn hide(&mut self, _: Option<&BTreeSet<Id>>, _: bool) {}

    fn people(&self, _: Id) -> Vec<Id> {
        Vec::new()
    }
}

/// The fields of a meeting that clients write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "in_order", skip_on_field_errors = false))]
#[schema(example = json!({"title": "キックオフ", "starts_at": "2026-10-03T01:00:00Z", "ends_at": "2026-10-03T03:00:00Z",
    "location": "戸山生涯学習館", "link": null, "attendee_ids": [], "guests": 2, "minutes": "対象を30代の親子に絞る。"}))]
pub struct NewMeeting {
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    pub starts_at: Instant,
    /// Not before `starts_at`.
    #[serde(default)]
    pub ends_at: Option<Instant>,
    #[serde(default)]
    #[validate(length(min = 1, max = 500), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 500)]
    pub location: Option<String>,
    /// Where to join online.
    #[serde(default)]
    #[validate(custom(function = "web_address"))]
    #[schema(max_length = 2000, pattern = "^https?://")]
    pub link: Option<String>,
    /// The workers who take part: members of the team, or former ones.
    #[serde(default)]
    #[validate(length(max = 200), custom(function = "distinct_ids"))]
    #[schema(max_items = 200)]
    pub attendee_ids: Vec<Id>,
    /// How many others take part.
    #[serde(default)]
    #[validate(range(max = 1000))]
    #[schema(minimum = 0, maximum = 1000)]
    pub guests: u16,
    /// What was said. Null without the scope `personal_data:read`.
    #[serde(default)]
    #[validate(length(min = 1, max = 20_000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 20_000)]
    pub minutes: Option<String>,
}

fn distinct_ids(ids: &[Id]) -> Result<(), ValidationError> {
    let ids: Vec<String> = ids.iter().map(Id::to_string).collect();
    distinct_codes(&ids)
}

fn in_order(new: &NewMeeting) -> Result<(), ValidationError> {
    if new.ends_at.is_none_or(|end| new.starts_at <= end) {
        return Ok(());
    }
    Err(broken_at(
        "ends_at",
        "dates_reversed",
        "終了日時は開始日時以降にしてください。",
        "The meeting ends before it begins.",
    ))
}

/// Checks that a link leads to a page.
fn web_address(link: &str) -> Result<(), ValidationError> {
    let rest = link
        .strip_prefix("https://")
        .or_else(|| link.strip_prefix("http://"));
    let is_address = |rest: &str| !rest.is_empty() && !rest.contains(char::is_whitespace);
    if link.chars().count() <= 2000 && rest.is_some_and(is_address) {
        return Ok(());
    }
    Err(broken(
        "invalid_url",
        "https:// で始まる2000文字以内のURLを指定してください。",
        "Use a URL of at most 2000 characters that begins with https://.",
    ))
}

impl Work for NewMeeting {
    const KIND: WorkKind = WorkKind::Meeting;
    const WORDS: &'static [&'static str] = &["/minutes"];
    type View = Meeting;

    fn day(&self) -> Option<NaiveDate> {
        Some(calendar::day_in_tokyo(self.starts_at.utc()))
    }

    fn hide(&mut self, known: Option<&BTreeSet<Id>>, personal_data: bool) {
        if let Some(known) = known {
            self.attendee_ids.retain(|id| known.contains(id));
        }
        self.minutes.take_if(|_| !personal_data);
    }

    fn people(&self, organization: Id) -> Vec<Id> {
        self.minutes.iter().map(|_| organization).collect()
    }
}

/// The fields of hours that clients write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"worker_id": null, "worked_on": "2026-11-14", "minutes": 120, "note": "ラフ案を2つ作成"}))]
pub struct NewHours {
    /// Who worked: a member of the team, or a former one. Members write their own, and may leave it out; coordinators name
    /// the member. Null after the worker is erased.
    #[serde(default)]
    pub worker_id: Option<Id>,
    /// Not in the future.
    #[validate(custom(function = "past_day"))]
    pub worked_on: NaiveDate,
    /// At most 24 hours a day in all.
    #[validate(range(min = 1, max = 1440))]
    #[schema(minimum = 1, maximum = 1440)]
    pub minutes: u16,
    /// Null without the scope `personal_data:read`.
    #[serde(default)]
    #[validate(length(min = 1, max = 500), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 500)]
    pub note: Option<String>,
}

impl Work for NewHours {
    const KIND: WorkKind = WorkKind::Hours;
    const WORDS: &'static [&'static str] = &["/note"];
    type View = HoursEntry;

    fn day(&self) -> Option<NaiveDate> {
        Some(self.worked_on)
    }

    fn minutes(&self) -> Option<u16> {
        Some(self.minutes)
    }

    fn worker(&self) -> Option<Id> {
        self.worker_id
    }

    fn hide(&mut self, _: Option<&BTreeSet<Id>>, personal_data: bool) {
        self.note.take_if(|_| !personal_data);
    }

    fn people(&self, organization: Id) -> Vec<Id> {
        self.note
            .iter()
            .map(|_| self.worker_id.unwrap_or(organization))
            .collect()
    }
}

/// The fields of an artifact that clients write.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "チラシ 第2案", "link": "https://example.jp/flyer-2.pdf", "note": "裏面の地図を直しました。",
    "status": "submitted", "answer": null}))]
pub struct NewArtifact {
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// Where it is, if it isn't a file here.
    #[serde(default)]
    #[validate(custom(function = "web_address"))]
    #[schema(max_length = 2000, pattern = "^https?://")]
    pub link: Option<String>,
    /// Words to the organization. Null without the scope `personal_data:read`.
    #[serde(default)]
    #[validate(length(min = 1, max = 2000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 2000)]
    pub note: Option<String>,
    /// To submit it, it needs a link or a file. The organization and coordinators set accepted and returned of what the team
    /// hands in; only coordinators, of what the organization gives to the team.
    #[serde(default)]
    pub status: ArtifactStatus,
    /// The organization's words about what was handed in. Required to return it. Null without the scope
    /// `personal_data:read`, and when a new version is handed in.
    #[serde(default)]
    #[validate(length(min = 1, max = 2000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 2000)]
    pub answer: Option<String>,
}

impl Work for NewArtifact {
    const KIND: WorkKind = WorkKind::Artifact;
    const WORDS: &'static [&'static str] = &["/note", "/answer"];
    type View = Artifact;

    fn waits(&self) -> bool {
        self.status == ArtifactStatus::Submitted
    }

    fn status(&self) -> Option<&'static str> {
        Some(self.status.into())
    }

    fn answer(&self) -> Option<(ArtifactStatus, Option<String>)> {
        self.status
            .is_answer()
            .then(|| (self.status, self.answer.clone()))
    }

    fn is_approved(&self, before: &Self) -> bool {
        self.status == ArtifactStatus::Accepted && self.status != before.status
    }

    fn is_new_version(&self, before: &Self) -> bool {
        self.waits() && (!before.waits() || self.link != before.link)
    }

    fn is_returned(&self) -> bool {
        self.status == ArtifactStatus::Returned
    }

    fn is_draft(&self) -> bool {
        self.status == ArtifactStatus::Draft
    }

    fn hide(&mut self, _: Option<&BTreeSet<Id>>, personal_data: bool) {
        if !personal_data {
            (self.note, self.answer) = (None, None);
        }
    }

    fn people(&self, organization: Id) -> Vec<Id> {
        let has_text = self.note.is_some() || self.answer.is_some();
        has_text.then_some(organization).into_iter().collect()
    }
}

/// The fields of a risk that clients write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "印刷費の見積もりが届かない", "level": "medium", "measure": "別の印刷所にも聞く", "over": false}))]
pub struct NewRisk {
    #[validate(length(min = 1, max = 500), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 500)]
    pub title: String,
    pub level: RiskLevel,
    /// What is done about it.
    #[serde(default)]
    #[validate(length(min = 1, max = 2000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 2000)]
    pub measure: Option<String>,
    /// Whether it no longer threatens.
    #[serde(default)]
    pub over: bool,
}

impl Work for NewRisk {
    const KIND: WorkKind = WorkKind::Risk;
    type View = Risk;

    fn hide(&mut self, _: Option<&BTreeSet<Id>>, _: bool) {}

    fn people(&self, _: Id) -> Vec<Id> {
        Vec::new()
    }
}

/// The fields of a note that clients write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"text": "次回までに団体の写真を集める。", "visibility": "team"}))]
pub struct NewNote {
    /// Required. Null without the scope `personal_data:read`, and after its author is erased.
    #[serde(default)]
    #[validate(length(min = 1, max = 10_000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 10_000)]
    pub text: Option<String>,
    /// Only coordinators write notes for coordinators.
    #[serde(default)]
    pub visibility: Visibility,
}

impl Work for NewNote {
    const KIND: WorkKind = WorkKind::Note;
    const WORDS: &'static [&'static str] = &["/text"];
    type View = Note;

    fn visibility(&self) -> Visibility {
        self.visibility
    }

    fn hide(&mut self, _: Option<&BTreeSet<Id>>, personal_data: bool) {
        self.text.take_if(|_| !personal_data);
    }

    fn people(&self, organization: Id) -> Vec<Id> {
        self.text.iter().map(|_| organization).collect()
    }
}
