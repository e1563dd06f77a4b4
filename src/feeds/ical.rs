//! Writing iCalendar (RFC 5545).
//!
//! An event keeps its UID as long as its record exists, and SEQUENCE, DTSTAMP and LAST-MODIFIED follow the record's
//! versions: a change moves the event instead of adding another. Times are in UTC, which needs no description of a zone;
//! days are days.

use crate::db::Instant;
use crate::error::Text;
use crate::http::Language;
use chrono::NaiveDate;
use icalendar::{Calendar, Component, Event, EventLike, EventStatus, Property};

pub enum When {
    Day(NaiveDate),
    Time(Instant, Option<Instant>),
}

/// An event, still without its language.
pub struct Occasion {
    /// The kind and the id of its record.
    pub uid: String,
    pub when: When,
    pub summary: Text,
    pub description: Option<String>,
    pub location: Option<String>,
    pub link: Option<String>,
    pub is_cancelled: bool,
    /// How often its record was changed.
    pub sequence: i64,
    pub changed_at: Instant,
}

/// Writes a calendar with its name, and what is to be said about it.
pub fn printed(name: &str, about: Option<&str>, occasions: &[Occasion], language: Language) -> String {
    let mut calendar = Calendar::empty();
    for (name, value) in [
        ("VERSION", "2.0"),
        ("PRODID", "-//Musubi//Musubi//JA"),
        ("CALSCALE", "GREGORIAN"),
        ("X-WR-TIMEZONE", "Asia/Tokyo"),
    ] {
        calendar.append_property(Property::new(name, value));
    }
    calendar.name(name);
    if let Some(about) = about {
        calendar.append_property(Property::new("X-WR-CALDESC", about));
    }
    for one in occasions {
        calendar.push(event(one, language));
    }
    calendar.to_string()
}

fn event(one: &Occasion, language: Language) -> Event {
    let mut event = Event::new();
    event
        .uid(&format!("{}@musubi", one.uid))
        .summary(language.choose(&one.summary))
        .sequence(u32::try_from(one.sequence).unwrap_or(u32::MAX))
        .timestamp(one.changed_at.utc())
        .last_modified(one.changed_at.utc());
    match one.when {
        When::Day(day) => event.starts(day),
        When::Time(from, _) => event.starts(from.utc()),
    };
    if let When::Time(_, Some(to)) = one.when {
        event.ends(to.utc());
    }
    if let Some(description) = &one.description {
        event.description(description);
    }
    if let Some(location) = &one.location {
        event.location(location);
    }
    if let Some(link) = &one.link {
        event.url(link);
    }
    event.status(match one.is_cancelled {
        true => EventStatus::Cancelled,
        false => EventStatus::Confirmed,
    });
    event.done()
}
