//! Listings for calendar programs and feed readers.

use super::{Listing, wording};
use crate::db::Instant;
use crate::error::{Result, Text};
use crate::events::EventStatus;
use crate::feeds::atom::{self, Entry};
use crate::feeds::ical::{Occasion, When, printed, times_of};
use crate::http::Language;
use crate::http::pages::markup::{NamedLanguage, cut};
use crate::values::words;

/// How much of a description they get, in characters.
const SHOWN: usize = 1000;

fn name(language: Language) -> &'static str {
    match language {
        Language::Ja => "地域のイベントとボランティア募集",
        Language::En => "Events and openings for volunteers",
    }
}

/// Returns when the newest change was.
pub fn changed_at(listings: &[Listing]) -> Option<Instant> {
    listings.iter().map(|one| one.updated_at).max()
}

/// Writes listings as iCalendar, one entry for each time, or for the day if that is all that is known. Of a month there is
/// nothing to show.
pub fn calendar(listings: &[Listing], is_cut: bool, language: Language) -> String {
    let occasion = |one: &Listing, i: usize, (when, title): (When, String)| Occasion {
        uid: format!("event-{}-{}", one.id, one.numbers.at(i)),
        when,
        summary: Text::new(title.clone(), title),
        description: Some(about(one, language)).filter(|text| !text.is_empty()),
        location: wording::place(one, language),
        link: Some(one.url.clone().unwrap_or_else(|| page_of(one, language))),
        is_cancelled: one.status == EventStatus::Cancelled,
        sequence: one.version - 1,
        changed_at: one.updated_at,
    };
    let mut occasions = Vec::new();
    for one in listings {
        let times = times_of(&one.title, &one.times, one.month.as_deref());
        let times = times.into_iter().enumerate();
        occasions.extend(times.map(|(i, time)| occasion(one, i, time)));
    }
    let cut = Text::new(
        "これより多くのイベントがあります。条件で絞り込んでください。",
        "There are more events. Use the filters.",
    );
    printed(
        name(language),
        is_cut.then(|| language.choose(&cut)),
        &occasions,
        language,
    )
}

/// Writes listings as Atom, what changed last first.
pub fn atom(listings: &[Listing], base: &str, path: &str, language: Language) -> Result<String> {
    let entry = |one: &Listing| {
        let when = wording::times(one, language).join("\n");
        let lines = [
            Some(when),
            wording::place(one, language),
            Some(about(one, language)),
        ];
        let lines = lines.into_iter().flatten().filter(|line| !line.is_empty());
        Entry {
            id: format!("urn:uuid:{}", one.id),
            url: page_of(one, language),
            title: titled(one, language),
            summary: lines.collect::<Vec<_>>().join("\n"),
            content: None,
            published_at: one.published_at.unwrap_or(one.updated_at),
            changed_at: one.updated_at,
        }
    };
    let entries: Vec<Entry> = listings.iter().map(entry).collect();
    let own = format!("{}{path}", base.trim_end_matches('/'));
    atom::write(&own, name(language), &[("self", &own)], &entries)
}

/// Returns the page of a listing. That of a feed which was asked for in another language than the usual one is in it.
fn page_of(one: &Listing, language: Language) -> String {
    let is_asked = language != Language::default();
    NamedLanguage(is_asked.then_some(language)).address(&one.links.page)
}

/// Returns the title, with the status of what is cancelled.
fn titled(one: &Listing, language: Language) -> String {
    match one.status {
        EventStatus::Cancelled => {
            let words = words::text("EventStatus", one.status.code());
            format!("【{}】{}", language.choose(&words), one.title)
        }
        _ => one.title.clone(),
    }
}

fn about(one: &Listing, language: Language) -> String {
    let description = one.description.as_ref().map(|text| cut(text, SHOWN));
    let parts = [
        one.notice.clone(),
        wording::full(one, language),
        wording::fee(one, language),
        description,
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n")
}
