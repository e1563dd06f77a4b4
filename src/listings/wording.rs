//! When and where a listing is, and what it costs, in words.

use super::Listing;
use crate::catalogue::Catalogue;
use crate::catalogue::calendar::time_in_tokyo;
use crate::db::Instant;
use crate::events::EventTime;
use crate::http::Language;
use crate::values::{AreaCode, words};
use chrono::{Datelike, NaiveDateTime};

const DAYS: [(&str, &str); 7] = [
    ("月", "Mon"),
    ("火", "Tue"),
    ("水", "Wed"),
    ("木", "Thu"),
    ("金", "Fri"),
    ("土", "Sat"),
    ("日", "Sun"),
];

fn day(at: NaiveDateTime, language: Language) -> String {
    let weekday = at.weekday().num_days_from_monday() as usize;
    let (ja, en) = DAYS.get(weekday).copied().unwrap_or_default();
    match language {
        Language::Ja => format!("{}年{}月{}日（{ja}）", at.year(), at.month(), at.day()),
        Language::En => format!("{en} {}", at.date()),
    }
}

fn clock(at: NaiveDateTime) -> String {
    at.format("%H:%M").to_string()
}

fn in_tokyo(at: Instant) -> NaiveDateTime {
    time_in_tokyo(at.utc())
}

/// Writes a moment, in Tokyo.
pub fn moment(at: Instant, language: Language) -> String {
    let at = in_tokyo(at);
    format!("{} {}", day(at, language), clock(at))
}

/// Writes one time, in Tokyo: 2026年10月8日（木）13:30〜16:00.
pub fn time(time: &EventTime, language: Language) -> String {
    let from = in_tokyo(time.starts_at);
    let begin = moment(time.starts_at, language);
    let span = match time.ends_at.map(in_tokyo) {
        None => format!("{begin}〜"),
        Some(to) if to.date() == from.date() => format!("{begin}〜{}", clock(to)),
        Some(to) => format!("{begin}〜{} {}", day(to, language), clock(to)),
    };
    match &time.label {
        Some(label) => format!("{span} {label}"),
        None => span,
    }
}

/// Writes all times, or the month.
pub fn times(one: &Listing, language: Language) -> Vec<String> {
    match &one.month {
        Some(month) if one.times.is_empty() => vec![month.clone()],
        _ => one.times.iter().map(|each| time(each, language)).collect(),
    }
}

/// Writes the place, and whether one can take part online.
pub fn place(one: &Listing, language: Language) -> Option<String> {
    let place = one.place.as_ref().map(|place| match &place.address {
        Some(address) => format!("{}（{address}）", place.name),
        None => place.name.clone(),
    });
    let online = one.online.then(|| {
        let words = match language {
            Language::Ja => "オンライン",
            Language::En => "online",
        };
        words.to_owned()
    });
    let parts: Vec<String> = place.into_iter().chain(online).collect();
    (!parts.is_empty()).then(|| parts.join(" / "))
}

/// Says that all places are taken, and whether there is a waiting list.
pub fn full(one: &Listing, language: Language) -> Option<String> {
    let code: &str = one.registration.into();
    let words = words::text("ListingRegistration", code);
    one.registration
        .is_full()
        .then(|| language.choose(&words).to_owned())
}

pub fn fee(one: &Listing, language: Language) -> Option<String> {
    Some(match (one.fee_yen?, language) {
        (0, Language::Ja) => "無料".to_owned(),
        (0, Language::En) => "free of charge".to_owned(),
        (yen, Language::Ja) => format!("{yen}円"),
        (yen, Language::En) => format!("{yen} yen"),
    })
}

pub fn areas(codes: &[AreaCode], catalogue: &Catalogue, language: Language) -> Vec<String> {
    let areas = codes.iter().filter_map(|code| catalogue.area(code.as_str()));
    let name = |area: &crate::catalogue::Area| match language {
        Language::Ja => area.name.clone(),
        Language::En => area.english.clone(),
    };
    areas.map(name).collect()
}

/// Cuts a long text.
pub fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_tokyo() {
        let of = |starts: &str, ends: Option<&str>, language| {
            let time_of = EventTime {
                starts_at: Instant::parse(starts).unwrap(),
                ends_at: ends.and_then(Instant::parse),
                label: None,
            };
            time(&time_of, language)
        };
        let (starts, ends) = ("2026-10-08T04:30:00Z", Some("2026-10-08T07:00:00Z"));
        assert_eq!(of(starts, ends, Language::Ja), "2026年10月8日（木） 13:30〜16:00");
        assert_eq!(of(starts, ends, Language::En), "Thu 2026-10-08 13:30〜16:00");
        assert_eq!(
            of("2026-10-08T15:30:00Z", None, Language::En),
            "Fri 2026-10-09 00:30〜"
        );
        assert_eq!(
            (cut("あいう", 2), cut("あい", 2)),
            ("あい…".into(), "あい".into())
        );
    }
}
