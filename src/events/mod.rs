//! Events: every gathering, from a training to the conference, from a consultation to an opening for volunteers.
//!
//! * `rules`: what an event must obey, what it is noted for, and how its status moves. `filter`: the parameters of lists.
//! * `registration`: who comes. `actions`: the use cases of events; `registering`: those of registrations; `receipts`: those
//!   of somebody without an account; `answers`: the questionnaire after it. `funnel`: who came, asked and applied.
//! * `store`: SQL. `http`: the operations.
//!
//! Sessions of a series are events with the same `series` and their own `number`. One event can have several times, with
//! breaks in between, and breakouts (分科会). What is known of an old event may be only its month or its day, and of its visitors
//! only their declared number.
//!
//! Coordinators and organizations draft an event; a published one is seen by everybody with a token. What an
//! organization writes is released by a coordinator before it is published.
//!
//! A registration is personal data of somebody who need not be a worker. Those who hold the event see it, and the one who
//! registered, which may be an office that doesn't hold the event and registers its staff; it is forgotten with the person, by its own secret, and after the time of retention. Answers to a
//! questionnaire don't say who gave them.
//!
//! Speakers and the contact of an event are published with it, so they are no secret.

pub mod actions;
pub mod answers;
pub mod departures;
pub mod filter;
pub mod funnel;
pub mod http;
pub mod receipts;
pub mod registering;
pub mod registrants;
pub mod registration;
pub mod rules;
pub mod signs;
pub mod store;
pub mod tasks;

pub use filter::{EventFilter, EventSort, ListingFilter};

use crate::catalogue::calendar::{midnight_in_tokyo, time_in_tokyo};
use crate::db::{Id, Instant};
use crate::http::disclosure::impersonal;
use crate::values::{AreaCode, broken, coded_enum, distinct_codes, not_blank, phone_number};
use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

impersonal!(Event);

coded_enum! {
    /// The kind of a gathering.
    EventKind {
        /// A training for coordinators (全体研修).
        Training,
        /// A study meeting about cases (ケース勉強会).
        CaseStudy,
        /// A lecture for everybody (公開講座).
        PublicLecture,
        /// A basic course (基礎講座).
        BasicCourse,
        /// A seminar or a workshop.
        Seminar,
        /// Consultation of single offices (個別相談).
        Consultation,
        /// A briefing before applications (説明会).
        Briefing,
        /// A meeting at which results are presented (成果報告会).
        ResultsMeeting,
        /// A conference.
        Conference,
        /// An event of a community organization.
        CommunityEvent,
        /// A course of a community organization.
        Course,
        /// An opening for volunteers (ボランティア募集).
        VolunteerOpening,
    }
}

coded_enum! {
    /// How far an event has come.
    EventStatus {
        /// Only those who hold it see it.
        Draft,
        /// An organization asks a coordinator to publish it.
        Submitted,
        /// Everybody sees it.
        Published,
        /// It doesn't take place. `notice` says why.
        Cancelled,
    }
}

/// One time of an event. Between two of them is a break. From midnight to midnight in Tokyo it stands for whole days, whose hours
/// aren't known, and is shown as these days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"starts_at": "2026-10-08T13:30:00+09:00", "ends_at": "2026-10-08T16:00:00+09:00", "label": "第1部"}))]
pub struct EventTime {
    pub starts_at: Instant,
    #[serde(default)]
    pub ends_at: Option<Instant>,
    /// What it is called, if it has a name.
    #[serde(default)]
    #[validate(length(min = 1, max = 100), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 100)]
    pub label: Option<String>,
}

impl EventTime {
    /// Returns a time of whole days.
    pub fn of_days(first: NaiveDate, last: NaiveDate) -> EventTime {
        let next = last.checked_add_days(Days::new(1)).unwrap_or(last);
        EventTime {
            starts_at: midnight_in_tokyo(first).into(),
            ends_at: Some(midnight_in_tokyo(next).into()),
            label: None,
        }
    }

    /// Returns the first and the last of the days that the time takes as a whole, from midnight to midnight.
    pub fn whole_days(&self) -> Option<(NaiveDate, NaiveDate)> {
        let midnight = |at: Instant| {
            let at = time_in_tokyo(at.utc());
            (at.time() == NaiveTime::MIN).then(|| at.date())
        };
        let (first, next) = (midnight(self.starts_at)?, midnight(self.ends_at?)?);
        let last = next.pred_opt()?;
        (first <= last).then_some((first, last))
    }
}

/// When an event is to take place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    pub times: Vec<EventTime>,
    pub month: Option<String>,
}

/// By which numbers calendars know the times of an event, in their order. A time keeps its number when others come, go or are sorted,
/// and when it is moved; no number is given twice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeNumbers {
    /// Empty: the times are numbered in their order.
    of: Vec<u32>,
    next: u32,
}

impl TimeNumbers {
    /// Returns the number of the time at a place, or of the day if that is all that is known.
    pub fn at(&self, place: usize) -> u32 {
        let in_order = || u32::try_from(place).unwrap_or(u32::MAX);
        self.of.get(place).copied().unwrap_or_else(in_order)
    }

    /// Returns the numbers after the times have changed. What is new and what is gone is a time that was moved, as far as there is
    /// one for the other: the same begin, name or day tell which.
    pub fn after(&self, before: &[EventTime], after: &[EventTime]) -> TimeNumbers {
        let minute = |at: Instant| at.utc().timestamp().div_euclid(60);
        let day = |time: &EventTime| time_in_tokyo(time.starts_at.utc()).date();
        let begins = |one: &EventTime, other: &EventTime| minute(one.starts_at) == minute(other.starts_at);
        let ends = |time: &EventTime| time.ends_at.map(minute);
        let is_named = |one: &EventTime, other: &EventTime| one.label == other.label;
        type IsSame<'t> = &'t dyn Fn(&EventTime, &EventTime) -> bool;
        let is_same: [IsSame; 5] = [
            &|one, other| begins(one, other) && ends(one) == ends(other) && is_named(one, other),
            &|one, other| begins(one, other),
            &|one, other| one.label.is_some() && is_named(one, other),
            &|one, other| day(one) == day(other),
            &|_, _| true,
        ];
        let known: Vec<u32> = (0..before.len().max(1)).map(|at| self.at(at)).collect();
        let mut next = known.iter().map(|number| number + 1).fold(self.next, u32::max);
        // Of a month or a day there is no time, but it has a number.
        let (mut left, day_alone): (Vec<(&EventTime, u32)>, Option<u32>) = match before.is_empty() {
            true => (Vec::new(), known.first().copied()),
            false => (before.iter().zip(known).collect(), None),
        };
        let mut of: Vec<Option<u32>> = vec![None; after.len()];
        for is_same in is_same {
            for (time, number) in after.iter().zip(&mut of).filter(|(_, number)| number.is_none()) {
                let at = left.iter().position(|(own, _)| is_same(own, time));
                *number = at.map(|at| left.remove(at).1);
            }
        }
        if let Some(first) = of.first_mut() {
            *first = first.or(day_alone);
        }
        let rest = left.first().map(|(_, number)| *number).or(day_alone);
        let fresh = |number: Option<u32>| {
            number.unwrap_or_else(|| {
                next += 1;
                next - 1
            })
        };
        let of = match after.is_empty() {
            true => rest.into_iter().collect(),
            false => of.into_iter().map(fresh).collect(),
        };
        TimeNumbers { of, next }
    }
}

/// Where an event takes place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "新宿区役所 第一分庁舎", "address": "東京都新宿区歌舞伎町1-5-1", "wheelchair": true}))]
pub struct EventPlace {
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    #[serde(default)]
    #[validate(length(min = 1, max = 300), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 300)]
    pub address: Option<String>,
    /// Whether it is accessible by wheelchair. Null: unknown.
    #[serde(default)]
    pub wheelchair: Option<bool>,
}

/// Somebody who speaks. Published with the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "田中 さくら", "affiliation": "地域づくり研究所"}))]
pub struct Speaker {
    #[validate(length(min = 1, max = 100), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    #[serde(default)]
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub affiliation: Option<String>,
}

/// A breakout session (分科会).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "移動支援をはじめる", "starts_at": "2026-10-08T14:00:00+09:00",
    "ends_at": "2026-10-08T15:00:00+09:00", "room": "301", "speakers": [{"name": "田中 さくら", "affiliation": null}]}))]
pub struct Breakout {
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    #[serde(default)]
    pub starts_at: Option<Instant>,
    #[serde(default)]
    pub ends_at: Option<Instant>,
    #[serde(default)]
    #[validate(length(min = 1, max = 100), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 100)]
    pub room: Option<String>,
    #[serde(default)]
    #[validate(length(max = 10), nested)]
    #[schema(max_items = 10)]
    pub speakers: Vec<Speaker>,
}

/// A document for those who come, by its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "配布資料", "url": "https://example.jp/handout.pdf"}))]
pub struct EventMaterial {
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    #[validate(length(max = 2000), custom(function = "web_address"))]
    #[schema(max_length = 2000, format = "uri")]
    pub url: String,
}

/// Where to ask about an event. Published with it: write what an office publishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"office": "新宿区社会福祉協議会", "phone": "03-0000-0000"}))]
pub struct EventContact {
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub office: String,
    #[serde(default)]
    #[validate(custom(function = "phone_number"), length(max = 30))]
    #[schema(min_length = 1, max_length = 30)]
    pub phone: Option<String>,
}

coded_enum! {
    /// How a question is answered.
    QuestionKind {
        /// 1 (not at all) to 5 (very).
        Scale,
        /// One of its choices.
        Choice,
        /// In words.
        Text,
    }
}

/// A question of the questionnaire after an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "choice", "text": "何で知りましたか。", "choices": ["区の広報", "知人", "その他"]}))]
pub struct Question {
    pub kind: QuestionKind,
    #[validate(length(min = 1, max = 300), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 300)]
    pub text: String,
    /// The choices, for this kind only.
    #[serde(default)]
    #[validate(length(max = 20), custom(function = "short_choices"))]
    #[schema(max_items = 20)]
    pub choices: Vec<String>,
}

/// An answer to one question, by the kind of the question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"scale": 4, "choice": null, "text": null}))]
pub struct Reply {
    #[serde(default)]
    #[validate(range(min = 1, max = 5))]
    #[schema(minimum = 1, maximum = 5)]
    pub scale: Option<i32>,
    /// One of the choices.
    #[serde(default)]
    #[validate(length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100)]
    pub choice: Option<String>,
    #[serde(default)]
    #[validate(length(min = 1, max = 2000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 2000)]
    pub text: Option<String>,
}

fn yes() -> bool {
    true
}

/// The fields of an event that clients write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "seminar", "title": "地域づくりゼミ 広報の基礎", "status": "published",
    "description": "チラシと口コミで活動を知ってもらう方法を、演習を交えて学びます。", "series": "地域づくりゼミ", "number": "2",
    "times": [{"starts_at": "2026-10-08T13:30:00+09:00", "ends_at": "2026-10-08T16:00:00+09:00", "label": null}],
    "place": {"name": "新宿区役所 第一分庁舎", "address": "東京都新宿区歌舞伎町1-5-1", "wheelchair": true}, "online": true,
    "areas": ["131041"], "audience": "生活支援コーディネーター", "capacity": 30, "fee_yen": 0}))]
pub struct NewEvent {
    pub kind: EventKind,
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// The title in kana.
    #[serde(default)]
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub kana: Option<String>,
    #[serde(default = "draft")]
    #[schema(default = "draft")]
    pub status: EventStatus,
    /// Why it is cancelled, moved, or not published yet. Required to cancel an event, and to move a published one to another
    /// time, place or online room: each time in other words than before.
    #[serde(default)]
    #[validate(length(min = 1, max = 2000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 2000)]
    pub notice: Option<String>,
    #[serde(default)]
    #[validate(length(min = 1, max = 10_000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 10_000)]
    pub description: Option<String>,
    /// The name that all sessions of a series share.
    #[serde(default)]
    #[validate(length(min = 1, max = 100), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 100)]
    pub series: Option<String>,
    /// The number within the series: `2`, or `1-2` for two sessions that were counted together.
    #[serde(default)]
    #[validate(length(min = 1, max = 20), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 20)]
    pub number: Option<String>,
    /// The programme to which it belongs, of the same fiscal year.
    #[serde(default)]
    pub programme_id: Option<Id>,
    /// When it takes place, the first time first. Of several days without hours, each is a time from midnight to midnight.
    #[serde(default)]
    #[validate(length(max = 50), nested)]
    #[schema(max_items = 50)]
    pub times: Vec<EventTime>,
    /// What is known while the hours aren't: the month, such as `2026-10`, or the day, such as `2026-10-08`.
    #[serde(default)]
    #[validate(custom(function = "real_month"))]
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$", example = "2026-10")]
    pub month: Option<String>,
    /// Null: online only, or not decided.
    #[serde(default)]
    #[validate(nested)]
    pub place: Option<EventPlace>,
    /// Whether one can take part online.
    #[serde(default)]
    pub online: bool,
    /// The address of the online room. Shown to those who hold the event and those who are registered.
    #[serde(default)]
    #[validate(length(max = 2000), custom(function = "web_address"))]
    #[schema(max_length = 2000, format = "uri")]
    pub online_url: Option<String>,
    /// A page about it.
    #[serde(default)]
    #[validate(length(max = 2000), custom(function = "web_address"))]
    #[schema(max_length = 2000, format = "uri")]
    pub url: Option<String>,
    /// The areas that hold it. Empty: all. Only the secretariat writes such an event.
    #[serde(default)]
    #[validate(length(max = 70), custom(function = "distinct_codes"))]
    #[schema(max_items = 70)]
    pub areas: Vec<AreaCode>,
    /// The organizations that hold it.
    #[serde(default)]
    #[validate(length(max = 20))]
    #[schema(max_items = 20)]
    pub host_ids: Vec<Id>,
    #[serde(default)]
    #[validate(nested)]
    pub contact: Option<EventContact>,
    /// For whom it is.
    #[serde(default)]
    #[validate(length(min = 1, max = 300), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 300)]
    pub audience: Option<String>,
    /// What it costs. 0: free of charge. Null: unknown.
    #[serde(default)]
    #[validate(range(min = 0, max = 1_000_000))]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub fee_yen: Option<i32>,
    /// Whether people can register here.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub takes_registrations: bool,
    /// How many can come. Null: any number.
    #[serde(default)]
    #[validate(range(min = 1, max = 100_000))]
    #[schema(minimum = 1, maximum = 100_000)]
    pub capacity: Option<i32>,
    /// Whether further people wait for a place. Otherwise a full event refuses them.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub waiting_list: bool,
    /// Until when people can register. Null: until its end.
    #[serde(default)]
    pub registration_closes_at: Option<Instant>,
    /// How many came, as it was declared. Null: as many as the list says.
    #[serde(default)]
    #[validate(range(min = 0, max = 1_000_000))]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub declared_attendance: Option<i32>,
    #[serde(default)]
    #[validate(length(max = 30), nested)]
    #[schema(max_items = 30)]
    pub breakouts: Vec<Breakout>,
    /// How many breakouts there were, if they aren't listed.
    #[serde(default)]
    #[validate(range(min = 0, max = 100))]
    #[schema(minimum = 0, maximum = 100)]
    pub declared_breakouts: Option<i32>,
    #[serde(default)]
    #[validate(length(max = 20), nested)]
    #[schema(max_items = 20)]
    pub speakers: Vec<Speaker>,
    #[serde(default)]
    #[validate(length(max = 30), nested)]
    #[schema(max_items = 30)]
    pub materials: Vec<EventMaterial>,
    /// The questionnaire after it.
    #[serde(default)]
    #[validate(length(max = 20), nested)]
    #[schema(max_items = 20)]
    pub questions: Vec<Question>,
    /// The events that it follows up: for a consultation, the seminars whose visitors asked for it.
    #[serde(default)]
    #[validate(length(max = 20))]
    #[schema(max_items = 20)]
    pub follows_event_ids: Vec<Id>,
    /// A deliverable for which those who are interested can apply.
    #[serde(default)]
    pub deliverable_id: Option<Id>,
}

/// Something to look at. Nothing is refused because of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"code": "speaker_overlap", "pointer": "/breakouts/1", "message": "田中 さくらさんの分科会が重なっています。"}))]
pub struct EventNotice {
    pub code: EventNoticeCode,
    /// Where in the event.
    pub pointer: String,
    /// In the language of `Accept-Language`.
    pub message: String,
}

coded_enum! {
    /// What an event is noted for.
    EventNoticeCode {
        /// Two breakouts of one speaker overlap.
        SpeakerOverlap,
        /// More people came than the capacity allows.
        AttendanceAboveCapacity,
        /// More places are taken than there are. Nobody loses theirs, and nobody else gets one.
        RegistrationsAboveCapacity,
        /// Two times of the event overlap.
        TimesOverlap,
        /// A breakout begins on a day on which the event doesn't take place.
        BreakoutOutside,
        /// Another session of the series has the same number in this fiscal year.
        SameNumber,
        /// It says how many came, and hasn't begun.
        AttendanceBeforeBegin,
    }
}

/// How many places are taken. Only those who hold the event see it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"registered": 24, "waiting": 2, "attended": 0, "absent": 0, "cancelled": 1}))]
pub struct EventCounts {
    #[schema(minimum = 0)]
    pub registered: i64,
    #[schema(minimum = 0)]
    pub waiting: i64,
    #[schema(minimum = 0)]
    pub attended: i64,
    #[schema(minimum = 0)]
    pub absent: i64,
    #[schema(minimum = 0)]
    pub cancelled: i64,
}

impl EventCounts {
    /// Returns how many places are taken.
    pub fn taken(self) -> i64 {
        self.registered + self.attended + self.absent
    }
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Event {
    pub id: Id,
    #[serde(flatten)]
    pub plan: NewEvent,
    /// The fiscal year (April to March in Tokyo) of its first day.
    #[schema(example = 2026)]
    pub fiscal_year: i32,
    /// How many came: as declared, or else as the list says. Null before anybody has come.
    #[schema(example = 16)]
    pub attendance: Option<i64>,
    /// Null unless you hold it.
    pub counts: Option<EventCounts>,
    /// What to look at. Empty unless you hold it.
    pub notices: Vec<EventNotice>,
    /// What everybody sees, while a change by an organization waits for a coordinator. Null otherwise, and unless you hold it.
    pub released: Option<NewEvent>,
    /// When the published event was moved last to another time, place or online room.
    pub moved_at: Option<Instant>,
    /// Whether its times were among what was moved.
    #[serde(skip)]
    pub is_rescheduled: bool,
    /// When it was to take place before, the first first. Not what it was moved back from.
    #[serde(skip)]
    pub earlier: Vec<Schedule>,
    /// By which numbers calendars know its public times.
    #[serde(skip)]
    pub numbers: TimeNumbers,
    /// Since when it is published.
    pub published_at: Option<Instant>,
    /// Grows with each change. Also the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl Event {
    /// Returns whether everybody sees it: published, or cancelled after that.
    pub fn is_public(&self) -> bool {
        match self.plan.status {
            EventStatus::Published => true,
            EventStatus::Cancelled => self.published_at.is_some(),
            EventStatus::Draft | EventStatus::Submitted => self.released.is_some(),
        }
    }

    /// Returns its plan, and what is public while that waits.
    pub fn plans(&self) -> impl Iterator<Item = &NewEvent> {
        std::iter::once(&self.plan).chain(&self.released)
    }

    /// Returns it as everybody sees it: a change that waits for a coordinator isn't public.
    pub fn as_public(mut self) -> Event {
        if let Some(released) = self.released.take() {
            self.attendance = released.declared_attendance.map(i64::from);
            self.plan = released;
        }
        self
    }
}

fn draft() -> EventStatus {
    EventStatus::Draft
}

fn web_address(url: &str) -> Result<(), ValidationError> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let is_plain =
        !url.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>'));
    if rest.is_some_and(|rest| !rest.is_empty()) && is_plain {
        return Ok(());
    }
    Err(broken(
        "invalid_url",
        "http:// または https:// で始まるURLを入力してください。",
        "Enter a URL that begins with http:// or https://.",
    ))
}

fn real_month(text: &str) -> Result<(), ValidationError> {
    if days_of(text).is_some_and(|(first, _)| (1900..=2200).contains(&first.year())) {
        return Ok(());
    }
    Err(broken(
        "invalid_month",
        "2026-10（年月）または 2026-10-08（日）のように、1900〜2200年で指定してください。",
        "Give a month such as 2026-10, or a day such as 2026-10-08, of the years 1900 to 2200.",
    ))
}

fn short_choices(choices: &[String]) -> Result<(), ValidationError> {
    if choices
        .iter()
        .all(|one| !one.trim().is_empty() && one.chars().count() <= 100)
    {
        return Ok(());
    }
    Err(broken(
        "invalid_length",
        "選択肢はそれぞれ1〜100文字で入力してください。",
        "Give each choice 1 to 100 characters.",
    ))
}

/// Returns the first and the last day of what `month` says: a month such as `2026-10`, or a day such as `2026-10-08`.
pub fn days_of(month: &str) -> Option<(NaiveDate, NaiveDate)> {
    let day = |text: &str| {
        let day: NaiveDate = text.parse().ok()?;
        (day.to_string() == text).then_some(day)
    };
    if let Some(day) = day(month) {
        return Some((day, day));
    }
    let first = day(&format!("{month}-01"))?;
    let last = first.checked_add_months(Months::new(1))?.pred_opt()?;
    Some((first, last))
}

/// Returns the day that `month` says, if it is one.
pub fn only_day(month: Option<&str>) -> Option<NaiveDate> {
    let (first, last) = days_of(month?)?;
    (first == last).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(at: &str, label: Option<&str>) -> EventTime {
        let starts_at: chrono::DateTime<chrono::Utc> = format!("{at}:00+09:00").parse().unwrap();
        EventTime {
            starts_at: starts_at.into(),
            ends_at: None,
            label: label.map(str::to_owned),
        }
    }

    #[test]
    fn a_time_keeps_its_number_when_others_go_come_and_are_sorted() {
        let [a, b, c] = ["2026-10-08T10:00", "2026-10-15T10:00", "2026-10-22T10:00"].map(|at| time(at, None));
        let (mut numbers, mut times) = (TimeNumbers::default(), vec![c.clone(), a.clone(), b.clone()]);
        let mut becomes = |after: Vec<EventTime>| {
            numbers = numbers.after(&times, &after);
            times = after;
            (0..times.len()).map(|at| numbers.at(at)).collect::<Vec<u32>>()
        };
        assert_eq!(
            becomes(vec![a.clone(), b.clone(), c.clone()]),
            [1, 2, 0],
            "sorted"
        );
        assert_eq!(becomes(vec![a.clone(), c.clone()]), [1, 0], "one taken out");
        assert_eq!(
            becomes(vec![a.clone(), b.clone(), c.clone()]),
            [1, 3, 0],
            "one more"
        );
        let later = time("2026-10-16T14:00", None);
        assert_eq!(
            becomes(vec![later.clone(), c.clone(), a]),
            [3, 0, 1],
            "one moved, all sorted"
        );
        assert_eq!(becomes(Vec::new()), Vec::<u32>::new(), "only a month");
        assert_eq!(becomes(vec![later]), [3], "known again");
    }

    #[test]
    fn times_that_are_all_moved_are_told_by_their_day_and_name() {
        let before = [
            time("2026-10-08T10:00", None),
            time("2026-10-08T13:00", Some("第2部")),
        ];
        let after = [
            time("2026-10-09T15:00", Some("第2部")),
            time("2026-10-10T09:00", None),
            time("2026-10-08T09:00", None),
        ];
        let numbers = TimeNumbers::default().after(&before, &after);
        assert_eq!([0, 1, 2].map(|at| numbers.at(at)), [1, 2, 0]);
        // The day that was all that was known is the first time then.
        let told = TimeNumbers::default().after(&[], &after);
        assert_eq!([0, 1, 2].map(|at| told.at(at)), [0, 1, 2]);
    }
}
