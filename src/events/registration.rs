//! Registrations: who comes to an event.

use super::{EventPlace, EventStatus, EventTime, Question};
use crate::db::{Id, Instant};
use crate::http::Discloses;
use crate::values::{AreaCode, Lifecycle, coded_enum, email_address, not_blank, phone_number};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// The most places that somebody without an account registers for.
pub const MOST_GUEST_PLACES: i32 = 4;

coded_enum! {
    /// What became of a registration.
    RegistrationStatus {
        Registered,
        /// All places are taken. It moves up when one becomes free.
        Waiting,
        Attended,
        Absent,
        Cancelled,
    }
}

impl Lifecycle for RegistrationStatus {
    const NAME: (&'static str, &'static str) = ("申込みの状態", "The status of a registration");
    const SCHEMA: &'static str = "RegistrationStatus";

    fn next(self) -> &'static [RegistrationStatus] {
        use RegistrationStatus::*;
        match self {
            Registered => &[Attended, Absent, Cancelled],
            Waiting => &[Registered, Attended, Cancelled],
            Attended => &[Registered, Absent],
            Absent => &[Registered, Attended],
            Cancelled => &[],
        }
    }
}

impl RegistrationStatus {
    /// Returns whether it takes a place.
    pub fn takes_place(self) -> bool {
        use RegistrationStatus::*;
        matches!(self, Registered | Attended | Absent)
    }
}

/// Who comes: personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registrant {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub affiliation: Option<String>,
    pub note: Option<String>,
}

impl Registrant {
    pub fn is_empty(&self) -> bool {
        *self == Registrant::default()
    }
}

fn one() -> i32 {
    1
}

fn registered() -> RegistrationStatus {
    RegistrationStatus::Registered
}

/// A registration that clients write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "山田 花子", "email": "hanako@example.jp", "phone": null, "affiliation": "ケア24上荻",
    "worker_id": null, "organization_id": null, "places": 1, "wants_consultation": true, "note": null, "status": "registered"}))]
pub struct NewRegistration {
    /// Required unless it is for a worker. Null without the scope `personal_data:read`, and after it is forgotten.
    #[serde(default)]
    #[validate(length(min = 1, max = 100), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    #[serde(default)]
    #[validate(length(max = 254), custom(function = "email_address"))]
    #[schema(max_length = 254, format = "email")]
    pub email: Option<String>,
    #[serde(default)]
    #[validate(custom(function = "phone_number"), length(max = 30))]
    #[schema(min_length = 1, max_length = 30)]
    pub phone: Option<String>,
    /// The office or group from which they come.
    #[serde(default)]
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub affiliation: Option<String>,
    /// A worker who comes. Workers register themselves, partner apps their volunteers.
    #[serde(default)]
    pub worker_id: Option<Id>,
    /// The organization whose people come. Members of an organization register theirs; an office that doesn't hold the event, only
    /// its own staff.
    #[serde(default)]
    pub organization_id: Option<Id>,
    /// How many people come.
    #[serde(default = "one")]
    #[validate(range(min = 1, max = 20))]
    #[schema(minimum = 1, maximum = 20, default = 1)]
    pub places: i32,
    /// Whether they ask for consultation.
    #[serde(default)]
    pub wants_consultation: bool,
    #[serde(default)]
    #[validate(length(min = 1, max = 2000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 2000)]
    pub note: Option<String>,
    /// If all places are taken, `registered` becomes `waiting`. Only those who hold the event say who attended.
    #[serde(default = "registered")]
    #[schema(default = "registered")]
    pub status: RegistrationStatus,
}

impl NewRegistration {
    pub fn registrant(&self) -> Registrant {
        Registrant {
            name: self.name.clone(),
            email: self.email.clone(),
            phone: self.phone.clone(),
            affiliation: self.affiliation.clone(),
            note: self.note.clone(),
        }
    }
}

/// A registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Registration {
    pub id: Id,
    pub event_id: Id,
    #[serde(flatten)]
    pub new: NewRegistration,
    /// The name of the worker, if you may read it. Null otherwise, and if no worker is named.
    #[schema(example = "佐藤 陽子")]
    pub worker_name: Option<String>,
    /// Whether the questionnaire was answered.
    pub answered: bool,
    /// The address of the online room, for a registration that has a place.
    pub online_url: Option<String>,
    /// Grows with each change. Also the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// The area of the office that registered its staff, for an event that it doesn't hold. Null for all others.
    pub office_area: Option<AreaCode>,
    #[serde(skip)]
    pub partner_id: Option<Id>,
}

/// On whose behalf somebody is registered.
#[derive(Debug, Clone, Default)]
pub struct Through {
    pub partner_id: Option<Id>,
    pub office_area: Option<AreaCode>,
}

impl Registration {
    /// Returns it without what the caller may not see.
    pub fn shown(mut self, personal_data: bool, online_url: Option<&String>) -> Registration {
        if !personal_data {
            self.forget();
        }
        self.online_url = online_url.filter(|_| self.new.status.takes_place()).cloned();
        self
    }

    /// Removes what is personal.
    pub fn forget(&mut self) {
        self.new.name = None;
        self.new.email = None;
        self.new.phone = None;
        self.new.affiliation = None;
        self.new.note = None;
        self.worker_name = None;
    }
}

impl Discloses for Registration {
    fn people(&self) -> Vec<Id> {
        let subject = self.new.worker_id.unwrap_or(self.id);
        (self.worker_name.is_some() || !self.new.registrant().is_empty())
            .then_some(subject)
            .into_iter()
            .collect()
    }
}

/// Registers somebody without an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "山田 花子", "email": "hanako@example.jp", "phone": null, "affiliation": null, "places": 1,
    "wants_consultation": false, "note": null, "website": ""}))]
pub struct NewGuest {
    #[validate(length(min = 1, max = 100), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    #[validate(length(max = 254), custom(function = "email_address"))]
    #[schema(max_length = 254, format = "email")]
    pub email: String,
    #[serde(default)]
    #[validate(custom(function = "phone_number"), length(max = 30))]
    #[schema(min_length = 1, max_length = 30)]
    pub phone: Option<String>,
    #[serde(default)]
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200)]
    pub affiliation: Option<String>,
    #[serde(default = "one")]
    #[validate(range(min = 1, max = MOST_GUEST_PLACES))]
    #[schema(minimum = 1, maximum = 4, default = 1)]
    pub places: i32,
    #[serde(default)]
    pub wants_consultation: bool,
    #[serde(default)]
    #[validate(length(min = 1, max = 2000), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 2000)]
    pub note: Option<String>,
    /// Leave it empty: people don't see this field, and programs that fill in every field give themselves away.
    #[serde(default)]
    #[validate(length(max = 200))]
    #[schema(max_length = 200)]
    pub website: String,
}

/// What somebody without an account gets for a registration, and sees of its event.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"event_id": "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b", "title": "地域づくりゼミ 広報の基礎",
    "event_status": "published", "notice": null, "moved_at": null,
    "times": [{"starts_at": "2026-10-08T04:30:00Z", "ends_at": "2026-10-08T07:00:00Z", "label": null}], "month": null,
    "place": {"name": "新宿区役所 第一分庁舎", "address": "東京都新宿区歌舞伎町1-5-1", "wheelchair": true}, "online": true,
    "status": "registered", "places": 1, "online_url": null, "questions": [], "answered": false, "secret": "mrg_…"}))]
pub struct Receipt {
    pub event_id: Id,
    pub title: String,
    /// `cancelled`: the event doesn't take place, whatever the `status` of the registration is.
    pub event_status: EventStatus,
    /// Why the event is cancelled or was moved.
    pub notice: Option<String>,
    /// When it was moved last to another time, place or online room.
    pub moved_at: Option<Instant>,
    /// When it takes place.
    pub times: Vec<EventTime>,
    /// The month or the day, while the hours aren't known.
    pub month: Option<String>,
    /// Where it takes place. Null: online only, or not decided.
    pub place: Option<EventPlace>,
    /// Whether one can take part online.
    pub online: bool,
    pub status: RegistrationStatus,
    pub places: i32,
    /// The address of the online room, once there is a place.
    pub online_url: Option<String>,
    /// The questionnaire, while it can be answered with this registration.
    pub questions: Vec<Question>,
    /// Whether the questionnaire was answered.
    pub answered: bool,
    /// With it the registration is shown, cancelled, and the questionnaire answered. Shown once, when it is made.
    pub secret: Option<String>,
}

/// The secret of a registration.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"secret": "mrg_…"}))]
pub struct ReceiptSecret {
    #[validate(length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100)]
    pub secret: String,
}
