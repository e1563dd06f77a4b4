//! Made-up workers, distributed like real ones: many marketers, few video creators, more in wards than in
//! villages, and a fifth of the answers missing.

use super::DEMO_SOURCE;
use crate::catalogue::calendar::{self, DayPart};
use crate::catalogue::{Area, Catalogue, Format};
use crate::db::{Id, Instant};
use crate::values::Code;
use crate::workers::{
    Consent, ConsentPurpose, Evidence, Experience, NewWorker, Personal, TrackRecord, Worker, WorkerSkill,
    WorkerStatus,
};
use chrono::NaiveDate;
use matcher::Draw;
use matcher::ppm::mix;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The number of workers in the demonstration.
pub const SIZE: u64 = 300;
/// With fewer, the teams of the year's projects can't be filled.
pub const SMALLEST: u64 = 100;

/// How often each role is a worker's first, in realistic proportions.
const ROLES: [(&str, u64); 14] = [
    ("marketer", 24),
    ("project_manager", 16),
    ("account_director", 11),
    ("strategist", 10),
    ("designer", 9),
    ("engineer", 8),
    ("copywriter", 6),
    ("researcher", 6),
    ("facilitator", 5),
    ("writer", 4),
    ("trainer", 4),
    ("photographer", 3),
    ("video_creator", 2),
    ("accountant", 2),
];

#[derive(Debug, Deserialize)]
struct People {
    family_names: Vec<(String, String)>,
    given_names: Vec<(String, String)>,
    evidence: BTreeMap<String, Vec<String>>,
}

/// Draws an answer; a fifth of the questions stay open.
fn answer<T>(draw: &mut Draw, answer: impl FnOnce(&mut Draw) -> T) -> Option<T> {
    let answer = answer(draw);
    draw.maybe(answer)
}

fn role(draw: &mut Draw) -> &'static str {
    let mut at = draw.below(ROLES.iter().map(|(_, share)| share).sum());
    let drawn = ROLES.iter().find(|(_, share)| {
        let here = at < *share;
        at = at.saturating_sub(*share);
        here
    });
    drawn.map_or("marketer", |(role, _)| role)
}

/// Returns the first `size` workers of an endless roster, the same for the same catalogue and day.
pub fn roster(
    catalogue: &Catalogue,
    today: NaiveDate,
    size: u64,
) -> Result<impl Iterator<Item = Worker>, serde_json::Error> {
    let people: People = serde_json::from_str(include_str!("people.json"))?;
    let now = Instant::now();
    let worker = move |number| {
        let external_id = format!("worker-{number:03}");
        let mut profile = profile(&mut Draw(mix(number)), &people, catalogue, today);
        profile.source = Some(DEMO_SOURCE.to_owned());
        profile.external_id = Some(external_id.clone());
        // The codes come from the catalogue, and may have been retired since. So faults are ignored.
        let _ = profile.resolve(catalogue, Some(&profile.clone()), today);
        Worker::register(Id::derived(DEMO_SOURCE, &external_id, now), profile, now)
    };
    Ok((1..=size).map(worker))
}

fn profile(draw: &mut Draw, people: &People, catalogue: &Catalogue, today: NaiveDate) -> NewWorker {
    let first = role(draw);
    let mut roles = vec![first.to_owned()];
    while draw.chance(30) && roles.len() < 3 {
        let next = role(draw).to_owned();
        if !roles.contains(&next) {
            roles.push(next);
        }
    }
    let skills = skills(draw, catalogue, &roles);
    let formats = [
        Format::Session,
        Format::OneDay,
        Format::OneMonth,
        Format::MidLong,
        Format::Long,
        Format::Individual,
    ];
    let accepted: Vec<Format> = formats
        .into_iter()
        .filter(|f| draw.chance(if *f == Format::OneDay { 85 } else { 55 }))
        .collect();
    let preferred: Vec<Format> = accepted.iter().copied().filter(|_| draw.chance(40)).collect();
    let themes: Vec<String> = catalogue
        .themes
        .iter()
        .map(|e| e.definition.code.to_string())
        .filter(|_| draw.chance(22))
        .collect();
    // Weekends first, then evenings, then working hours.
    let chance = |position: u8| match (position / 3, position % 3) {
        (5.., _) => 55,
        (_, 2) => 40,
        _ => 8,
    };
    let parts = (0..calendar::DAY_PARTS)
        .filter(|p| draw.chance(chance(*p)))
        .filter_map(DayPart::at)
        .collect();
    let families: Vec<&str> = catalogue.fixed.families.iter().map(|f| f.code.as_str()).collect();
    let mut experience = Vec::new();
    while draw.chance(45) && experience.len() < 3 {
        let family = draw.pick(&families).map_or("print", |family| family).to_owned();
        let role = draw.pick(&roles).cloned().unwrap_or_default();
        experience.push(Experience {
            family,
            role,
            delivered: 1 + draw.below(4) as u16,
        });
    }
    let done: u16 = experience.iter().map(|e| e.delivered).sum();
    let record = TrackRecord {
        completed: done,
        dropped: u16::from(draw.chance(8)),
    };
    let idle = draw.below(18) * draw.below(18);
    NewWorker {
        personal: Some(personal(draw, people, &roles)),
        status: if draw.chance(5) {
            WorkerStatus::Paused
        } else {
            WorkerStatus::Active
        },
        consent: (!draw.chance(4)).then(|| Consent {
            given_on: calendar::days_before(today, 30 + draw.below(700)),
            text_version: "2026-04".to_owned(),
            purpose: ConsentPurpose::Matching,
            given_at: None,
        }),
        area: area(draw, catalogue),
        travel_limit_km: answer(draw, |d| d.pick(&[5, 10, 10, 15, 20, 30]).copied().unwrap_or(10)),
        remote: answer(draw, |d| d.chance(70)),
        accepted_formats: answer(draw, |_| accepted),
        preferred_formats: Some(preferred).filter(|p| !p.is_empty()),
        roles: Some(roles),
        skills: answer(draw, |_| skills),
        themes: answer(draw, |_| themes),
        hours_per_week: answer(draw, |d| 2 + d.below(9) as u16),
        day_parts: answer(draw, |_| parts),
        capacity: 1 + u16::from(draw.chance(25)),
        open_load: u16::from(draw.chance(15)),
        experience: answer(draw, |_| experience),
        track_record: answer(draw, |_| record),
        last_active_on: answer(draw, |_| calendar::days_before(today, idle)),
        ..NewWorker::default()
    }
}

fn personal(draw: &mut Draw, people: &People, roles: &[String]) -> Personal {
    let (family, given) = (
        draw.pick(&people.family_names).cloned(),
        draw.pick(&people.given_names).cloned(),
    );
    let ((family, family_kana), (given, given_kana)) =
        (family.unwrap_or_default(), given.unwrap_or_default());
    let mut evidence = BTreeSet::new();
    for role in roles {
        let pieces = people.evidence.get(role).map(Vec::as_slice).unwrap_or_default();
        evidence.extend(draw.pick(pieces).filter(|_| !draw.0.is_multiple_of(5)));
    }
    Personal {
        email_verified: false,
        phone_verified: false,
        name: Some(format!("{family} {given}")),
        kana: Some(format!("{family_kana} {given_kana}")),
        email: Some(format!("demo{:05}@example.jp", draw.below(100_000))),
        phone: None,
        employer: None,
        evidence: evidence
            .into_iter()
            .map(|text| Evidence {
                title: None,
                text: text.clone(),
            })
            .collect(),
    }
}

/// Draws an area: a ward three times as likely as a city, villages and islands rarely.
fn area(draw: &mut Draw, catalogue: &Catalogue) -> Option<String> {
    let weight = |kind: &str, island: bool| match kind {
        _ if island => 1,
        "special_ward" => 25,
        "city" => 8,
        _ => 1,
    };
    let areas = || catalogue.fixed.served_areas();
    let weight = |a: &Area| weight(&a.kind, a.island.is_some());
    let mut at = draw.below(areas().map(weight).sum());
    let drawn = areas().find(|a| {
        let here = at < weight(a);
        at = at.saturating_sub(weight(a));
        here
    });
    drawn
        .map(|area| area.code.to_string())
        .filter(|_| !draw.chance(6))
}

/// Draws some of the skills that deliverable types require of these roles.
fn skills(draw: &mut Draw, catalogue: &Catalogue, roles: &[String]) -> Vec<WorkerSkill> {
    let teams = catalogue.types.iter().flat_map(|entry| &entry.definition.roles);
    let asked = teams
        .filter(|team| roles.iter().any(|role| team.role == *role))
        .flat_map(|team| &team.skills);
    let codes: BTreeSet<&Code> = asked.map(|wish| &wish.skill).collect();
    let held = codes.into_iter().filter_map(|skill| {
        let level = [1, 2, 2, 3, 3, 3, 4, 4, 5]
            .get(draw.below(9) as usize)
            .copied()
            .unwrap_or(3);
        draw.chance(60).then(|| WorkerSkill {
            skill: skill.to_string(),
            level,
        })
    });
    held.collect()
}
