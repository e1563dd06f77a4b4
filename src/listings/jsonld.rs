//! Listings as schema.org describes events.
//!
//! An opening for volunteers is an event that one can join (`JoinAction`): schema.org has no type for voluntary work.

use super::{Listing, ListingRegistration};
use crate::catalogue::calendar::time_in_tokyo;
use crate::db::Instant;
use crate::events::rules::first_day_of;
use crate::events::{Breakout, EventKind, EventStatus, EventTime, Speaker};
use serde_json::{Value, json};

const CONTEXT: &str = "https://schema.org";

/// Writes one listing.
pub fn one(listing: &Listing) -> Value {
    let mut node = node(listing);
    if let Some(members) = node.as_object_mut() {
        members.insert("@context".into(), CONTEXT.into());
    }
    node
}

/// Writes several.
pub fn all(listings: &[Listing]) -> Value {
    let nodes: Vec<Value> = listings.iter().map(node).collect();
    json!({"@context": CONTEXT, "@graph": nodes})
}

/// Writes a moment with the offset of Tokyo.
fn moment(at: Instant) -> String {
    time_in_tokyo(at.utc())
        .format("%Y-%m-%dT%H:%M:%S+09:00")
        .to_string()
}

/// Returns when a time begins: of whole days, the first.
fn begin(time: &EventTime) -> String {
    match time.whole_days() {
        Some((first, _)) => first.to_string(),
        None => moment(time.starts_at),
    }
}

/// Returns when a time ends: of whole days, the last.
fn end(time: &EventTime) -> Option<String> {
    match time.whole_days() {
        Some((_, last)) => Some(last.to_string()),
        None => time.ends_at.map(moment),
    }
}

/// Returns when an event begins.
fn start(times: &[EventTime], breakouts: &[Breakout], month: Option<&String>) -> Option<String> {
    let first = times.iter().min_by_key(|time| time.starts_at).map(begin);
    // A month or a day as it is: the first day of a month, or midnight, would be a guess.
    first
        .or_else(|| first_day_of(times, breakouts, None).map(|day| day.to_string()))
        .or_else(|| month.cloned())
}

fn type_of(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Training
        | EventKind::CaseStudy
        | EventKind::PublicLecture
        | EventKind::BasicCourse
        | EventKind::Seminar
        | EventKind::Course => "EducationEvent",
        EventKind::CommunityEvent => "SocialEvent",
        EventKind::Consultation
        | EventKind::Briefing
        | EventKind::ResultsMeeting
        | EventKind::Conference
        | EventKind::VolunteerOpening => "Event",
    }
}

fn node(one: &Listing) -> Value {
    let starts = start(&one.times, &one.breakouts, one.month.as_ref());
    let mut previous: Vec<String> = one
        .earlier
        .iter()
        .filter_map(|before| start(&before.times, &[], before.month.as_ref()))
        .collect();
    // Of several moves, some may have left the begin as it was.
    previous.retain(|before| starts.as_ref() != Some(before));
    previous.dedup();
    let previous = match previous.as_slice() {
        [one] => json!(one),
        all => json!(all),
    };
    let ends = one.times.iter().filter(|time| time.ends_at.is_some());
    let ends = ends.max_by_key(|time| time.ends_at).and_then(end);
    let place = one.place.as_ref().map(|place| {
        let wheelchair = place.wheelchair.map(
            |is| json!({"@type": "LocationFeatureSpecification", "name": "車椅子での利用", "value": is}),
        );
        stated(json!({"@type": "Place", "name": place.name,
            "address": place.address.as_ref().unwrap_or(&place.name), "amenityFeature": wheelchair}))
    });
    let online = one
        .online
        .then(|| json!({"@type": "VirtualLocation", "url": one.links.page}));
    let mode = match (&place, &online) {
        (Some(_), Some(_)) => Some("MixedEventAttendanceMode"),
        (None, Some(_)) => Some("OnlineEventAttendanceMode"),
        (Some(_), None) => Some("OfflineEventAttendanceMode"),
        (None, None) => None,
    };
    // Another place is in `location`: only another time makes a schedule another one.
    let status = match (one.status, one.is_rescheduled) {
        (EventStatus::Cancelled, _) => "EventCancelled",
        (_, true) => "EventRescheduled",
        (_, false) => "EventScheduled",
    };
    let locations: Vec<Value> = place.into_iter().chain(online).collect();
    let hosts = one.hosts.iter().map(|name| (name, None));
    let contact = one.contact.as_ref();
    let contact = contact.map(|contact| (&contact.office, contact.phone.as_ref()));
    let organizers: Vec<Value> = hosts
        .chain(contact)
        .map(|(name, phone)| stated(json!({"@type": "Organization", "name": name, "telephone": phone})))
        .collect();
    let parts: Vec<Value> = match one.times.len() {
        0 | 1 => Vec::new(),
        _ => one.times.iter().map(|time| part(one, time)).collect(),
    };
    let parts: Vec<Value> = parts
        .into_iter()
        .chain(one.breakouts.iter().map(|breakout| part_of(one, breakout)))
        .collect();
    let closes = one.registration_closes_at.map(moment);
    let is_full = one.registration.is_full();
    let availability = match one.registration {
        ListingRegistration::Open => Some("https://schema.org/InStock"),
        ListingRegistration::WaitingList | ListingRegistration::Full => Some("https://schema.org/SoldOut"),
        ListingRegistration::NotTaken | ListingRegistration::Closed => None,
    };
    // What is full is said even if nobody knows what it costs.
    let offer = (one.fee_yen.is_some() || is_full).then(|| {
        stated(
            json!({"@type": "Offer", "price": one.fee_yen, "priceCurrency": one.fee_yen.map(|_| "JPY"),
            "url": one.links.page, "availability": availability, "validThrough": closes}),
        )
    });
    let is_opening = one.kind == EventKind::VolunteerOpening;
    let is_on = one.status == EventStatus::Published && !one.over;
    // An opening that one answers by phone, or on another page, is one that one can join, too.
    let is_answered = is_opening && is_on && (one.url.is_some() || one.contact.is_some());
    let action = match (&one.links.register, &one.links.apply) {
        (_, Some(_)) => Some("ApplyAction"),
        (Some(_), _) if is_opening => Some("JoinAction"),
        (Some(_), _) => Some("RegisterAction"),
        (None, None) => is_answered.then_some("JoinAction"),
    };
    let audience = one
        .audience
        .as_ref()
        .map(|of| json!({"@type": "Audience", "audienceType": of}));
    let series = one
        .series
        .as_ref()
        .map(|name| json!({"@type": "EventSeries", "name": name}));
    stated(json!({
        "@type": type_of(one.kind), "@id": format!("urn:uuid:{}", one.id), "name": one.title,
        "description": one.description, "url": one.url.as_ref().unwrap_or(&one.links.page),
        "startDate": starts, "endDate": ends, "previousStartDate": previous, "inLanguage": "ja",
        "eventStatus": format!("https://schema.org/{status}"),
        "eventAttendanceMode": mode.map(|mode| format!("https://schema.org/{mode}")),
        "location": locations, "organizer": organizers, "performer": one.speakers.iter().map(person).collect::<Vec<_>>(),
        "isAccessibleForFree": one.fee_yen.map(|yen| yen == 0), "offers": offer,
        "maximumAttendeeCapacity": one.capacity, "remainingAttendeeCapacity": is_full.then_some(0),
        "audience": audience, "superEvent": series, "subEvent": parts,
        "potentialAction": action.map(|type_| json!({"@type": type_, "target": one.links.page})),
    }))
}

fn part(one: &Listing, time: &EventTime) -> Value {
    stated(
        json!({"@type": "Event", "name": time.label.as_ref().unwrap_or(&one.title),
        "startDate": begin(time), "endDate": end(time)}),
    )
}

fn part_of(one: &Listing, breakout: &Breakout) -> Value {
    let address = one
        .place
        .as_ref()
        .map(|place| place.address.as_ref().unwrap_or(&place.name));
    let room = breakout
        .room
        .as_ref()
        .map(|room| json!({"@type": "Place", "name": room, "address": address.unwrap_or(room)}));
    let speakers: Vec<Value> = breakout.speakers.iter().map(person).collect();
    stated(
        json!({"@type": "Event", "name": breakout.title, "startDate": breakout.starts_at.map(moment),
        "endDate": breakout.ends_at.map(moment), "location": room, "performer": speakers}),
    )
}

fn person(speaker: &Speaker) -> Value {
    let affiliation = speaker
        .affiliation
        .as_ref()
        .map(|name| json!({"@type": "Organization", "name": name}));
    stated(json!({"@type": "Person", "name": speaker.name, "affiliation": affiliation}))
}

/// Leaves out what isn't known: in JSON-LD, null and an empty list say nothing.
fn stated(mut node: Value) -> Value {
    if let Some(members) = node.as_object_mut() {
        members.retain(|_, value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()));
    }
    node
}
