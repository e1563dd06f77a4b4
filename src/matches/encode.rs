//! Encodes records for the matcher: codes become positions, days become numbers, words become terms.

use super::requesters::Requesters;
use crate::catalogue::{Catalogue, DayPart, Format, calendar::day_number};
use crate::db::Id;
use crate::deliverables::NewDeliverable;
use crate::workers::{Consent, Evidence, Worker, WorkerStatus};
use matcher::words::Piece;
use matcher::{Candidate, Counted, EntryNo, Need, PastDeliveries, PastHours, RoleNeed, Wish};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Encodes a worker: what the profile says, and what was counted here. Codes that the catalogue no longer has count as
/// unanswered.
pub fn candidate(worker: &Worker, catalogue: &Catalogue) -> Candidate {
    let profile = &worker.profile;
    let positions = |codes: &Vec<String>, position: &dyn Fn(&str) -> Option<EntryNo>| {
        codes.iter().filter_map(|code| position(code)).collect::<Vec<_>>()
    };
    let skill = |own: &crate::workers::WorkerSkill| Some((catalogue.skills.position(&own.skill)?, own.level));
    let past = |family: &str, role: &str, count: u16| {
        let (family, role) = (
            catalogue.family_position(family)?,
            catalogue.roles.position(role)?,
        );
        Some(PastDeliveries { family, role, count })
    };
    let here = &worker.here;
    let delivered_here = here.by_role.iter().filter(|one| one.delivered > 0);
    let counted: Vec<PastDeliveries> = delivered_here
        .filter_map(|one| past(&one.family, &one.role, one.delivered))
        .collect();
    // For enough hours, a delivery counts twice.
    let worth: Vec<PastDeliveries> = here
        .by_role
        .iter()
        .filter(|one| one.delivered > 0)
        .filter_map(|one| {
            past(
                &one.family,
                &one.role,
                one.delivered.saturating_add(one.counted_twice()),
            )
        })
        .collect();
    let worked = here.by_role.iter().filter(|one| one.minutes > 0);
    let hours = worked.filter_map(|one| {
        Some(PastHours {
            family: catalogue.family_position(&one.family)?,
            role: catalogue.roles.position(&one.role)?,
            minutes: one.minutes,
            twice: one.counted_twice(),
        })
    });
    let declared = profile.experience.as_ref().map(|all| {
        let declared = all.iter();
        declared
            .filter_map(|one| past(&one.family, &one.role, one.delivered))
            .collect::<Vec<_>>()
    });
    let record = profile
        .track_record
        .as_ref()
        .map(|record| (record.completed, record.dropped));
    let record_here = (here.delivered, here.dropped);
    let evidence = profile.personal.iter().flat_map(|p| &p.evidence);
    let piece = |Evidence { title, text }: &Evidence| {
        Piece::of(&format!("{}\n{text}", title.as_deref().unwrap_or("")))
    };
    let told_formats = profile.accepted_formats.is_some() || profile.preferred_formats.is_some();
    let formats = |formats: &Option<Vec<Format>>| Format::set(formats.as_deref().unwrap_or_default());
    Candidate {
        id: worker.id.0.as_u128(),
        active: profile.status == WorkerStatus::Active,
        consented: profile.consent.as_ref().is_some_and(Consent::allows_ranking),
        blocked: profile
            .blocked_organization_ids
            .iter()
            .map(|id| id.0.as_u128())
            .collect(),
        conflicts: profile
            .conflict_organization_ids
            .iter()
            .map(|id| id.0.as_u128())
            .collect(),
        accepted_formats: told_formats.then(|| formats(&profile.accepted_formats)),
        preferred_formats: formats(&profile.preferred_formats),
        roles: profile
            .roles
            .as_ref()
            .map(|codes| positions(codes, &|code| catalogue.roles.position(code))),
        skills: profile
            .skills
            .as_ref()
            .map(|skills| skills.iter().filter_map(skill).collect()),
        available_from: profile.available_from.map(day_number),
        available_until: profile.available_until.map(day_number),
        hours_per_week: profile.hours_per_week,
        day_parts: profile.day_parts.as_deref().map(DayPart::set),
        area: profile
            .area
            .as_deref()
            .and_then(|code| catalogue.area_position(code)),
        travel_limit_km: profile.travel_limit_km,
        remote: profile.remote,
        capacity: profile.capacity,
        open_load: worker.open_load(),
        employer: profile
            .personal
            .as_ref()
            .and_then(|p| p.employer.as_deref())
            .map(employer),
        qualifications: profile.qualifications.as_ref().map(|words| comparable(words)),
        themes: profile
            .themes
            .as_ref()
            .map(|codes| positions(codes, &|code| catalogue.themes.position(code))),
        experience: match declared {
            None if worth.is_empty() => None,
            declared => Some([declared.unwrap_or_default(), worth].concat()),
        },
        record: match record {
            None if record_here == (0, 0) => None,
            declared => {
                let (completed, dropped) = declared.unwrap_or_default();
                Some((
                    completed.saturating_add(here.delivered),
                    dropped.saturating_add(here.dropped),
                ))
            }
        },
        reviews: (here.praise, here.criticism),
        last_active: profile.last_active_on.max(here.last_active_on).map(day_number),
        counted: Counted {
            deliveries: counted,
            hours: hours.collect(),
            reviews: here.reviews,
            record: record_here,
            last_active: here.last_active_on.map(day_number),
            withdrawn: here
                .by_role
                .iter()
                .fold(0u16, |sum, one| sum.saturating_add(one.withdrawn)),
            outcomes: here
                .by_role
                .iter()
                .filter(|one| one.ended > 0)
                .filter_map(|one| {
                    let role = catalogue.roles.position(&one.role)?;
                    Some((role, (one.placed, one.ended.saturating_sub(one.placed))))
                })
                .collect(),
        },
        evidence: evidence.map(piece).collect(),
    }
}

/// Encodes a resolved request of these organizations. If it has no themes, its lead organization's themes replace them.
pub fn need(
    id: u128,
    request: &NewDeliverable,
    asking: impl IntoIterator<Item = Id>,
    requesters: &Requesters,
    catalogue: &Catalogue,
) -> Need {
    let kind = catalogue.types.get(&request.type_).map(|entry| &entry.definition);
    let family = kind.and_then(|kind| catalogue.family_position(&kind.family));
    let themes: Vec<&str> = if request.themes.is_empty() {
        let own = requesters.themes(request.organization_id).unwrap_or_default();
        own.iter().map(String::as_str).collect()
    } else {
        request.themes.iter().map(|code| code.as_str()).collect()
    };
    let role = |role: &crate::catalogue::RoleWish| {
        let wish = |wish: &crate::catalogue::SkillWish| {
            let skill = catalogue.skills.position(&wish.skill)?;
            Some(Wish {
                skill,
                level: wish.level,
                weight: wish.weight,
                must_have: wish.must_have,
            })
        };
        let wishes = role.skills.iter().filter_map(wish).collect();
        Some(RoleNeed {
            role: catalogue.roles.position(&role.role)?,
            places: role.places,
            wishes,
        })
    };
    let records: BTreeSet<Id> = asking.into_iter().flat_map(|id| requesters.records(id)).collect();
    Need {
        id,
        organizations: records.into_iter().map(|id| id.0.as_u128()).collect(),
        family: family.unwrap_or(EntryNo::MAX),
        format: request.format.unwrap_or(Format::Other) as EntryNo,
        area: request
            .area
            .as_deref()
            .and_then(|code| catalogue.area_position(code))
            .unwrap_or(EntryNo::MAX),
        remote: request.remote,
        starts_on: request.starts_on.map(day_number),
        ends_on: request.ends_on.map(day_number),
        hours_per_week: request.hours_per_week.unwrap_or(1),
        day_parts: DayPart::set(&request.day_parts),
        themes: themes
            .iter()
            .filter_map(|code| catalogue.themes.position(code))
            .collect(),
        qualifications: comparable(&request.qualifications),
        roles: request.roles.iter().flatten().filter_map(role).collect(),
        words: Piece::of(&words(request)),
    }
}

/// Returns the text of a request that is compared with evidence.
pub fn words(request: &NewDeliverable) -> String {
    format!(
        "{}\n{}",
        request.title,
        request.trouble.as_deref().unwrap_or_default()
    )
}

/// Returns a number for an employer, however the name is written.
fn employer(name: &str) -> u64 {
    let digest = Sha256::digest(text::fold(name.trim()));
    digest
        .iter()
        .take(8)
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Returns a qualification as it is compared: width, case and spaces don't matter.
pub fn qualification(written: &str) -> String {
    text::fold(written).split_whitespace().collect()
}

/// Returns qualifications as they are compared, in order, each once.
fn comparable(qualifications: &[String]) -> Vec<String> {
    let each: BTreeSet<String> = qualifications.iter().map(|one| qualification(one)).collect();
    each.into_iter().collect()
}
