//! Writing iCalendar (RFC 5545).
//!
//! An event keeps its UID as long as its record exists, and SEQUENCE, DTSTAMP and LAST-MODIFIED follow the record's
//! versions: a change moves the event instead of adding another. Times are in UTC, which needs no description of a zone;
//! days are days. The zone of Tokyo is described all the same: a calendar has at least one component (3.6), also while it is
//! empty.

use crate::db::Instant;
use crate::error::Text;
use crate::events::{EventTime, only_day};
use crate::http::Language;
use chrono::NaiveDate;
use icalendar::{Calendar, Component, Event, EventLike, EventStatus, Property};

pub enum When {
    /// The first and the last day.
    Days(NaiveDate, NaiveDate),
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

/// Returns when an event is, each time with what it is called: its times, or else its day. Of a month there is nothing to show.
pub fn times_of(title: &str, times: &[EventTime], month: Option<&str>) -> Vec<(When, String)> {
    let time = |time: &EventTime| {
        let title = match &time.label {
            Some(label) => format!("{title}（{label}）"),
            None => title.to_owned(),
        };
        let when = match time.whole_days() {
            Some((first, last)) => When::Days(first, last),
            None => When::Time(time.starts_at, time.ends_at),
        };
        (when, title)
    };
    match only_day(month).filter(|_| times.is_empty()) {
        Some(day) => vec![(When::Days(day, day), title.to_owned())],
        None => times.iter().map(time).collect(),
    }
}

const END: &str = "END:VCALENDAR\r\n";

/// The zone of Tokyo.
const ZONE: &str = "BEGIN:VTIMEZONE\r\nTZID:Asia/Tokyo\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n\
    TZOFFSETFROM:+0900\r\nTZOFFSETTO:+0900\r\nTZNAME:JST\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";

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
    calendar.name(&line(name));
    if let Some(about) = about {
        calendar.append_property(Property::new("X-WR-CALDESC", line(about)));
    }
    for one in occasions {
        calendar.push(event(one, language));
    }
    let written = calendar.to_string();
    format!("{}{ZONE}{END}", written.strip_suffix(END).unwrap_or(&written))
}

/// Returns a text with one kind of line break: a bare carriage return ends a line of the calendar for some readers.
fn text(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace(['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'], "\n")
}

/// Returns a text in one line.
fn line(words: &str) -> String {
    text(words).replace('\n', " ")
}

fn event(one: &Occasion, language: Language) -> Event {
    let mut event = Event::new();
    event
        .uid(&format!("{}@musubi", one.uid))
        .summary(&line(language.choose(&one.summary)))
        .sequence(u32::try_from(one.sequence).unwrap_or(u32::MAX))
        .timestamp(one.changed_at.utc())
        .last_modified(one.changed_at.utc());
    match one.when {
        When::Days(first, _) => event.starts(first),
        When::Time(from, _) => event.starts(from.utc()),
    };
    match one.when {
        When::Time(_, Some(to)) => drop(event.ends(to.utc())),
        // The end of a whole day is the day after (RFC 5545, 3.6.1). Without one, the event has one day.
        When::Days(first, last) if last > first => {
            last.succ_opt().map(|end| event.ends(end));
        }
        _ => {}
    }
    if let Some(description) = &one.description {
        event.description(&text(description));
    }
    if let Some(location) = &one.location {
        event.location(&line(location));
    }
    if let Some(link) = &one.link {
        event.url(&line(link));
    }
    event.status(match one.is_cancelled {
        true => EventStatus::Cancelled,
        false => EventStatus::Confirmed,
    });
    event.done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_has_a_component_also_while_it_is_empty() {
        let written = printed("予定", None, &[], Language::Ja);
        assert!(
            written.ends_with("END:VTIMEZONE\r\nEND:VCALENDAR\r\n"),
            "{written:?}"
        );
        assert_eq!(written.matches("END:VCALENDAR").count(), 1);
        assert!(
            written.contains("TZOFFSETTO:+0900\r\nTZNAME:JST\r\n"),
            "{written:?}"
        );
    }

    #[test]
    fn a_day_without_hours_is_a_whole_day_and_a_month_is_none() {
        let of = |month: &str| times_of("報告会", &[], Some(month));
        assert!(of("2019-02").is_empty());
        let (when, title) = of("2019-02-22").pop().unwrap();
        let day = NaiveDate::from_ymd_opt(2019, 2, 22).unwrap();
        assert!(matches!(when, When::Days(first, last) if (first, last) == (day, day)));
        assert_eq!(title, "報告会");
        // So is each of several.
        let times = [5, 12].map(|n| NaiveDate::from_ymd_opt(2026, 10, n).unwrap());
        let times = times.map(|day| EventTime::of_days(day, day));
        let written: Vec<String> = times_of("講座", &times, None)
            .into_iter()
            .map(|(when, _)| match when {
                When::Days(first, last) => format!("{first} {last}"),
                When::Time(..) => "hours".to_owned(),
            })
            .collect();
        assert_eq!(written, ["2026-10-05 2026-10-05", "2026-10-12 2026-10-12"]);
    }

    #[test]
    fn words_with_any_line_break_add_no_line_to_a_calendar() {
        for end in ["\r\n", "\r", "\n", "\u{2028}", "\u{2029}"] {
            let words = format!("相談会{end}ATTENDEE:x");
            let day = NaiveDate::from_ymd_opt(2026, 10, 8).unwrap();
            let occasion = Occasion {
                uid: "event-1".into(),
                when: When::Days(day, day),
                summary: Text::new(words.clone(), words.clone()),
                description: Some(words.clone()),
                location: Some(words.clone()),
                link: None,
                is_cancelled: false,
                sequence: 1,
                changed_at: Instant::now(),
            };
            let written = printed(&words, Some(&words), &[occasion], Language::Ja);
            let bare = written.replace("\r\n", "");
            assert!(
                !bare.contains(['\r', '\n', '\u{2028}', '\u{2029}']),
                "{written:?}"
            );
            assert!(!written.contains("\nATTENDEE"), "{written}");
            assert!(written.contains("SUMMARY:相談会 ATTENDEE:x"), "{written}");
        }
    }
}
