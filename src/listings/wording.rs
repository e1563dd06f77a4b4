//! When and where a listing is, and what it costs, in words.

use super::Listing;
use crate::catalogue::calendar::{day_in_tokyo, time_in_tokyo};
use crate::catalogue::{Area, Catalogue};
use crate::db::Instant;
use crate::events::{EventPlace, EventTime, Speaker, only_day};
use crate::http::Language;
use crate::press::month::Month;
use crate::values::{AreaCode, words};
use chrono::{Datelike, NaiveDate, NaiveDateTime};

const DAYS: [(&str, &str); 7] = [
    ("月", "Mon"),
    ("火", "Tue"),
    ("水", "Wed"),
    ("木", "Thu"),
    ("金", "Fri"),
    ("土", "Sat"),
    ("日", "Sun"),
];

/// Writes a day, with that of the week.
fn day(at: NaiveDate, language: Language) -> String {
    let weekday = at.weekday().num_days_from_monday() as usize;
    let (ja, en) = DAYS.get(weekday).copied().unwrap_or_default();
    match language {
        Language::Ja => format!("{}年{}月{}日（{ja}）", at.year(), at.month(), at.day()),
        Language::En => format!("{en} {at}"),
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
    format!("{} {}", day(at.date(), language), clock(at))
}

fn between(language: Language) -> &'static str {
    match language {
        Language::Ja => "〜",
        Language::En => "–",
    }
}

/// Writes from when until when, in Tokyo: 2026年10月8日（木） 13:30〜16:00, Thu 2026-10-08 13:30–16:00.
pub fn span(starts_at: Instant, ends_at: Option<Instant>, language: Language) -> String {
    let from = in_tokyo(starts_at);
    let begin = moment(starts_at, language);
    let between = between(language);
    match ends_at.map(in_tokyo) {
        None => format!("{begin}{between}"),
        Some(to) if to.date() == from.date() => format!("{begin}{between}{}", clock(to)),
        Some(to) => format!("{begin}{between}{} {}", day(to.date(), language), clock(to)),
    }
}

/// Writes one time. Of whole days, there is no hour.
fn time(time: &EventTime, language: Language) -> String {
    let span = match time.whole_days() {
        None => span(time.starts_at, time.ends_at, language),
        Some((first, last)) if first == last => day(first, language),
        Some((first, last)) => {
            let days = [first, last].map(|one| day(one, language));
            days.join(between(language))
        }
    };
    match &time.label {
        Some(label) => format!("{span} {label}"),
        None => span,
    }
}

/// Writes all times of a listing, or else its day or month.
pub fn times(one: &Listing, language: Language) -> Vec<String> {
    when(&one.times, one.month.as_ref(), language)
}

/// Writes the first time of a listing that isn't over at a moment, and how many others there are.
pub fn next_time(one: &Listing, since: Instant, language: Language) -> Option<String> {
    let is_to_come = |time: &&EventTime| match time.ends_at {
        Some(end) => end > since,
        None => day_in_tokyo(time.starts_at.utc()) >= day_in_tokyo(since.utc()),
    };
    let begin = |time: &&EventTime| time.starts_at;
    let next = one.times.iter().filter(is_to_come).min_by_key(begin);
    let next = next.or_else(|| one.times.iter().max_by_key(begin));
    let Some(next) = next.filter(|_| one.times.len() > 1) else {
        return times(one, language).into_iter().next();
    };
    let (next, others) = (time(next, language), one.times.len() - 1);
    Some(match language {
        Language::Ja => format!("{next}（ほか{others}回）"),
        Language::En => format!("{next} and {others} more"),
    })
}

/// Writes times, or else the day or the month.
pub fn when(times: &[EventTime], month: Option<&String>, language: Language) -> Vec<String> {
    match month {
        Some(month) if times.is_empty() => {
            let words = match only_day(Some(month)) {
                Some(known) => Some(day(known, language)),
                None => Month::parse(month).map(|month| month.in_words(language)),
            };
            vec![words.unwrap_or_else(|| month.clone())]
        }
        _ => times.iter().map(|each| time(each, language)).collect(),
    }
}

pub fn speaker(one: &Speaker) -> String {
    match &one.affiliation {
        Some(of) => format!("{}（{of}）", one.name),
        None => one.name.clone(),
    }
}

/// Writes the place of a listing, and whether one can take part online.
pub fn place(one: &Listing, language: Language) -> Option<String> {
    venue(one.place.as_ref(), one.online, language)
}

/// Writes a place, and whether one can take part online.
pub fn venue(place: Option<&EventPlace>, online: bool, language: Language) -> Option<String> {
    let place = place.map(|place| match &place.address {
        Some(address) => format!("{}（{address}）", place.name),
        None => place.name.clone(),
    });
    let online = online.then(|| {
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
    let name = |area: &Area| match language {
        Language::Ja => area.name.clone(),
        Language::En => area.english.clone(),
    };
    areas.map(name).collect()
}

/// Returns the codes and names of the areas that are served, and of the one that was chosen.
pub fn area_choices(
    chosen: Option<&str>,
    catalogue: &Catalogue,
    language: Language,
) -> Vec<(String, String)> {
    let mut areas: Vec<&Area> = catalogue.fixed.served_areas().collect();
    let chosen = chosen.filter(|code| !catalogue.fixed.is_served(code));
    areas.extend(chosen.and_then(|code| catalogue.area(code)));
    let name = |area: &Area| match language {
        Language::Ja => catalogue.fixed.name_here(area),
        Language::En => area.english.clone(),
    };
    areas
        .iter()
        .map(|area| (area.code.to_string(), name(area)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_stands_for_days_that_nobody_knows_yet() {
        let month = "2027-02".to_owned();
        assert_eq!(when(&[], Some(&month), Language::Ja), ["2027年2月"]);
        assert_eq!(when(&[], Some(&month), Language::En), ["February 2027"]);
        let day = "2019-02-22".to_owned();
        assert_eq!(when(&[], Some(&day), Language::Ja), ["2019年2月22日（金）"]);
        assert_eq!(when(&[], Some(&day), Language::En), ["Fri 2019-02-22"]);
    }

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
        assert_eq!(of(starts, ends, Language::En), "Thu 2026-10-08 13:30–16:00");
        assert_eq!(
            of("2026-10-08T15:30:00Z", None, Language::En),
            "Fri 2026-10-09 00:30–"
        );
        // From midnight to midnight are days.
        let (starts, ends) = ("2026-10-07T15:00:00Z", Some("2026-10-08T15:00:00Z"));
        assert_eq!(of(starts, ends, Language::Ja), "2026年10月8日（木）");
        assert_eq!(
            of(starts, Some("2026-10-09T15:00:00Z"), Language::En),
            "Thu 2026-10-08–Fri 2026-10-09"
        );
    }
}
