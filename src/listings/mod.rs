//! Listings: published events as everybody sees them, without a token.
//!
//! * `actions`: lists them, and finds one. `wording`: when and where, in words. `jsonld`: as schema.org describes events.
//!   `feed`: for calendar programs and feed readers. `sheet`: for spreadsheets. `html`: as pages, with a `form` for registering
//!   and the page of a registration, its `receipt`. `http`: the operations and the pages.
//!
//! A listing goes when the event is over. A cancelled event stays until then, so that calendars learn of it.
//!
//! Deliberately absent: the address of the online room, documents for those who come, figures of registrations (only whether
//! all places are taken), and the names of organizations that didn't agree to be published (`open_data`).

pub mod actions;
mod feed;
mod form;
mod html;
pub mod http;
mod jsonld;
mod receipt;
mod sheet;
mod wording;

use crate::db::{Id, Instant};
use crate::events::rules::last_moment;
use crate::events::{
    Breakout, Event, EventContact, EventKind, EventPlace, EventStatus, EventTime, NewEvent, Schedule,
    Speaker, TimeNumbers,
};
use crate::http::disclosure::impersonal;
use crate::values::AreaCode;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};
use utoipa::ToSchema;

impersonal!(Listing);

/// Where a listing leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"page": "https://musubi.example.jp/events/0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b",
    "json": "https://musubi.example.jp/v1/listings/0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b",
    "calendar": "https://musubi.example.jp/v1/listings/0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b/event.ics",
    "json_ld": "https://musubi.example.jp/v1/listings/0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b/event.jsonld",
    "register": "https://musubi.example.jp/v1/events/0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b/guest-registrations",
    "deliverable": null, "apply": null}))]
pub struct ListingLinks {
    /// The listing as a page.
    pub page: String,
    /// The listing itself.
    pub json: String,
    /// As iCalendar.
    pub calendar: String,
    /// As JSON-LD.
    pub json_ld: String,
    /// Where to register with POST, without an account. Null: registration is closed, all places are taken without a
    /// waiting list, or one doesn't register here.
    pub register: Option<String>,
    /// The deliverable for which those who are interested can apply, with a token. Null: there is none that is open.
    pub deliverable: Option<String>,
    /// Where to apply for it with POST and a token.
    pub apply: Option<String>,
}

/// Whether one can register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ListingRegistration {
    /// It takes no registrations here.
    NotTaken,
    Open,
    /// All places are taken. Who registers is put on the waiting list.
    WaitingList,
    /// All places are taken, and there is no waiting list.
    Full,
    /// The time to register is over, or the event is over or cancelled.
    Closed,
}

impl ListingRegistration {
    /// Returns whether all places are taken.
    pub fn is_full(self) -> bool {
        matches!(self, ListingRegistration::WaitingList | ListingRegistration::Full)
    }

    fn takes(self) -> bool {
        matches!(self, ListingRegistration::Open | ListingRegistration::WaitingList)
    }
}

/// A published event, as everybody sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"id": "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b", "kind": "seminar", "title": "地域づくりゼミ 広報の基礎",
    "kana": null, "status": "published", "notice": null,
    "description": "チラシと口コミで活動を知ってもらう方法を、演習を交えて学びます。", "series": "地域づくりゼミ", "number": "2",
    "times": [{"starts_at": "2026-10-08T04:30:00Z", "ends_at": "2026-10-08T07:00:00Z", "label": null}], "month": null,
    "place": {"name": "新宿区役所 第一分庁舎", "address": "東京都新宿区歌舞伎町1-5-1", "wheelchair": true}, "online": true, "url": null,
    "areas": ["131041"], "hosts": ["風のひろば"], "contact": null, "audience": "生活支援コーディネーター", "fee_yen": 0,
    "capacity": 30, "registration": "open", "registration_closes_at": null, "speakers": [], "breakouts": [], "moved_at": null,
    "published_at": "2026-09-01T00:00:00Z", "updated_at": "2026-09-01T00:00:00Z", "over": false, "demo": false,
    "links": {"page": "https://musubi.example.jp/events/0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b",
        "json": "https://musubi.example.jp/v1/listings/0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b",
        "calendar": "https://musubi.example.jp/v1/listings/0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b/event.ics",
        "json_ld": "https://musubi.example.jp/v1/listings/0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b/event.jsonld",
        "register": "https://musubi.example.jp/v1/events/0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b/guest-registrations",
        "deliverable": null, "apply": null}}))]
pub struct Listing {
    pub id: Id,
    pub kind: EventKind,
    pub title: String,
    /// The title in kana.
    pub kana: Option<String>,
    /// `published` or `cancelled`.
    pub status: EventStatus,
    /// Why it is cancelled or was moved.
    pub notice: Option<String>,
    pub description: Option<String>,
    pub series: Option<String>,
    pub number: Option<String>,
    /// When it takes place.
    pub times: Vec<EventTime>,
    /// The month or the day, while the hours aren't known.
    pub month: Option<String>,
    pub place: Option<EventPlace>,
    /// Whether one can take part online.
    pub online: bool,
    /// A page about it.
    pub url: Option<String>,
    /// The areas that hold it. Empty: all.
    pub areas: Vec<AreaCode>,
    /// The organizations that hold it and agreed to be published.
    pub hosts: Vec<String>,
    pub contact: Option<EventContact>,
    /// For whom it is.
    pub audience: Option<String>,
    /// What it costs. 0: free of charge. Null: unknown.
    pub fee_yen: Option<i32>,
    pub capacity: Option<i32>,
    /// Whether one can register, and whether all places are taken.
    pub registration: ListingRegistration,
    pub registration_closes_at: Option<Instant>,
    pub speakers: Vec<Speaker>,
    pub breakouts: Vec<Breakout>,
    /// When it was moved last to another time, place or online room.
    pub moved_at: Option<Instant>,
    /// Whether its times were among what was moved.
    #[serde(skip)]
    pub is_rescheduled: bool,
    /// When it was to take place before.
    #[serde(skip)]
    pub earlier: Vec<Schedule>,
    /// By which numbers calendars know its times.
    #[serde(skip)]
    pub numbers: TimeNumbers,
    pub published_at: Option<Instant>,
    pub updated_at: Instant,
    /// Whether it is over.
    pub over: bool,
    /// Whether the demonstration made it up. Pages say so, and it is in no public figure.
    pub demo: bool,
    pub links: ListingLinks,
    /// How often its record was changed.
    #[serde(skip)]
    pub version: i64,
}

/// What listings say about other records.
#[derive(Default)]
struct Surroundings {
    /// The names of organizations that agreed to be published.
    hosts: HashMap<Id, String>,
    /// The deliverables for which one can apply.
    open: BTreeSet<Id>,
    /// What the demonstration made up.
    demo: BTreeSet<Id>,
    /// How many places are taken of the events that have a capacity.
    taken: HashMap<Id, i64>,
    /// The address of the server.
    base: String,
}

impl Listing {
    fn of(event: Event, around: &Surroundings, now: Instant) -> Listing {
        let (id, base) = (event.id, &around.base);
        let over = last_moment(&event.plan).is_some_and(|last| last <= now);
        let is_on = event.plan.status == EventStatus::Published && !over;
        let is_closed = event
            .plan
            .registration_closes_at
            .is_some_and(|closes| closes <= now);
        let taken = around.taken.get(&id).copied().unwrap_or_default();
        let is_full = event
            .plan
            .capacity
            .is_some_and(|capacity| taken >= i64::from(capacity));
        let registration = match (is_full, event.plan.waiting_list) {
            _ if !event.plan.takes_registrations => ListingRegistration::NotTaken,
            _ if !is_on || is_closed => ListingRegistration::Closed,
            (false, _) => ListingRegistration::Open,
            (true, true) => ListingRegistration::WaitingList,
            (true, false) => ListingRegistration::Full,
        };
        let deliverable = event.plan.deliverable_id;
        let open = deliverable.filter(|id| is_on && around.open.contains(id));
        let NewEvent { host_ids, .. } = &event.plan;
        let hosts = host_ids.iter().filter_map(|id| around.hosts.get(id).cloned());
        let hosts = hosts.collect();
        let json = format!("{base}/v1/listings/{id}");
        let links = ListingLinks {
            page: format!("{base}/events/{id}"),
            calendar: format!("{json}/event.ics"),
            json_ld: format!("{json}/event.jsonld"),
            register: registration
                .takes()
                .then(|| format!("{base}/v1/events/{id}/guest-registrations")),
            deliverable: open.map(|id| format!("{base}/v1/deliverables/{id}")),
            apply: open.map(|_| format!("{base}/v1/applications")),
            json,
        };
        let plan = event.plan;
        Listing {
            id,
            kind: plan.kind,
            title: plan.title,
            kana: plan.kana,
            status: plan.status,
            notice: plan.notice,
            description: plan.description,
            series: plan.series,
            number: plan.number,
            times: plan.times,
            month: plan.month,
            place: plan.place,
            online: plan.online,
            url: plan.url,
            areas: plan.areas,
            hosts,
            contact: plan.contact,
            audience: plan.audience,
            fee_yen: plan.fee_yen,
            capacity: plan.capacity,
            registration,
            registration_closes_at: plan.registration_closes_at,
            speakers: plan.speakers,
            breakouts: plan.breakouts,
            moved_at: event.moved_at,
            is_rescheduled: event.is_rescheduled,
            earlier: event.earlier,
            numbers: event.numbers,
            published_at: event.published_at,
            updated_at: event.updated_at,
            over,
            demo: around.demo.contains(&id),
            links,
            version: event.version,
        }
    }
}
