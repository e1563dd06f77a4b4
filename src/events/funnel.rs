//! The funnel of an event: who came, how many asked for consultation and got it, and how many then applied.

use super::actions::find_held;
use super::store::registrations::{self, Visit, visitors};
use super::{Event, EventKind, EventStatus, store};
use crate::auth::Reach;
use crate::catalogue::calendar::midnight_in_tokyo;
use crate::db::{Db, Id, Instant};
use crate::error::Result;
use crate::http::disclosure::impersonal;
use crate::{applications, deliverables};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use utoipa::ToSchema;

impersonal!(Funnel);

/// How many registrations are looked through.
const MOST: i64 = 10_000;
/// The same, for the funnels of many consultations together.
const MOST_TOGETHER: i64 = 100_000;

/// An event in a funnel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"event_id": "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b", "title": "基盤整備セミナー", "number": "1",
    "attendance": 32}))]
pub struct FunnelEvent {
    pub event_id: Id,
    pub title: String,
    pub number: Option<String>,
    /// Null if nobody counted.
    pub attendance: Option<i64>,
}

/// From events to consultations to applications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"event_id": "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b",
    "events": [{"event_id": "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2b", "title": "基盤整備セミナー", "number": "1", "attendance": 32},
        {"event_id": "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2c", "title": "基盤整備セミナー", "number": "2", "attendance": 29}],
    "came": 61, "asked": null,
    "consultations": [{"event_id": "0192f0c1-8a22-7d13-8e2f-3c5d7e9f1a2d", "title": "個別相談", "number": null, "attendance": 14}],
    "consulted": 14, "applied": null}))]
pub struct Funnel {
    pub event_id: Id,
    /// The events from which it leads: this one and those with which it shares a consultation; of a consultation, those that
    /// it follows up.
    pub events: Vec<FunnelEvent>,
    /// How many came to them, each time that somebody came.
    #[schema(minimum = 0)]
    pub came: i64,
    /// How many of those on the lists asked for consultation. Null without a list.
    pub asked: Option<i64>,
    /// The consultations that follow up these events.
    pub consultations: Vec<FunnelEvent>,
    /// How many came to them.
    #[schema(minimum = 0)]
    pub consulted: i64,
    /// How many workers and organizations of the lists then applied or requested a deliverable, from the first event's day
    /// on, as far as you see these applications and requests. Null without a list.
    pub applied: Option<i64>,
}

/// Returns those of the events that take place, as everybody sees them: nobody came to a draft, or to what was cancelled.
fn taking_place(events: Vec<Event>) -> Vec<Event> {
    let public = events.into_iter().map(Event::as_public);
    public
        .filter(|one| one.plan.status == EventStatus::Published)
        .collect()
}

/// Returns the funnel of an event that the caller holds. Events that they don't see are left out, and those that don't
/// take place.
pub fn funnel(db: &mut Db, reach: &Reach, id: Id) -> Result<Funnel> {
    let own = find_held(db, reach, id)?.as_public();
    let (mut events, mut consultations) = (BTreeSet::new(), BTreeSet::new());
    match own.plan.kind {
        EventKind::Consultation => {
            consultations.insert(id);
            events.extend(&own.plan.follows_event_ids);
        }
        _ => {
            events.insert(id);
            consultations.extend(store::following(db, id)?);
        }
    }
    let known: Vec<Id> = consultations.iter().copied().collect();
    let known = store::some(db, reach, &known)?;
    let known: Vec<Event> = taking_place(known)
        .into_iter()
        // What waits doesn't follow it up yet.
        .filter(|one| one.id == id || one.plan.follows_event_ids.contains(&id))
        .filter(|one| one.plan.kind == EventKind::Consultation)
        .collect();
    events.extend(known.iter().flat_map(|one| &one.plan.follows_event_ids));
    let ids: Vec<Id> = events.into_iter().collect();
    let events = taking_place(store::some(db, reach, &ids)?);
    let all: Vec<Id> = events.iter().chain(&known).map(|one| one.id).collect();
    let counts = registrations::counts(db, &all)?;
    let shown = |event: &Event| {
        let listed = counts.get(&event.id).map(|counts| counts.attended);
        FunnelEvent {
            event_id: event.id,
            title: event.plan.title.clone(),
            number: event.plan.number.clone(),
            attendance: event.attendance.or(listed.filter(|count| *count > 0)),
        }
    };
    let (shown_events, shown_consultations): (Vec<FunnelEvent>, Vec<FunnelEvent>) = (
        events.iter().map(shown).collect(),
        known.iter().map(shown).collect(),
    );
    let sum = |of: &[FunnelEvent]| of.iter().filter_map(|one| one.attendance).sum::<i64>();
    let held = store::held(db, reach, &all)?;
    let before: Vec<Id> = events
        .iter()
        .map(|one| one.id)
        .filter(|one| held.contains(one))
        .collect();
    let (came, everybody) = (visitors(db, &before, MOST)?, visitors(db, &held, MOST)?);
    let first = events
        .iter()
        .chain(&known)
        .filter_map(|one| super::rules::first_day(&one.plan))
        .min();
    let applied = match first.filter(|_| everybody.listed) {
        None => None,
        Some(first) => {
            let since = Instant::from(midnight_in_tokyo(first));
            let applied = applications::store::last_applied(db, reach, &everybody.workers)?;
            let requested = deliverables::store::last_requested(db, reach, &everybody.organizations)?;
            let last = applied.values().chain(requested.values());
            Some(last.filter(|last| **last >= since).count() as i64)
        }
    };
    Ok(Funnel {
        event_id: id,
        came: sum(&shown_events),
        asked: came.listed.then_some(came.asked),
        consulted: sum(&shown_consultations),
        events: shown_events,
        consultations: shown_consultations,
        applied,
    })
}

/// Returns how many came to events: as declared, or as their lists say.
pub fn attendance(db: &mut Db, events: &[Event]) -> Result<HashMap<Id, i64>> {
    let ids: Vec<Id> = events.iter().map(|one| one.id).collect();
    let counts = registrations::counts(db, &ids)?;
    let known = events.iter().filter_map(|event| {
        let listed = counts.get(&event.id).map(|counts| counts.attended);
        let came = event.attendance.or(listed.filter(|count| *count > 0));
        Some((event.id, came?))
    });
    Ok(known.collect())
}

/// Returns the funnel of each consultation among these events, in their order, with a fixed number of statements. Events
/// that the caller doesn't see or that don't take place are left out, and the lists of events that they don't hold.
pub fn of_consultations(db: &mut Db, reach: &Reach, events: &[Event]) -> Result<Vec<Funnel>> {
    let mut consultations = taking_place(events.to_vec());
    consultations
        .retain(|one| one.plan.kind == EventKind::Consultation && !one.plan.follows_event_ids.is_empty());
    if consultations.is_empty() {
        return Ok(Vec::new());
    }
    let followed: BTreeSet<Id> = consultations
        .iter()
        .flat_map(|one| one.plan.follows_event_ids.iter().copied())
        .collect();
    let followed: Vec<Id> = followed.into_iter().collect();
    let mut known = taking_place(store::some(db, reach, &followed)?);
    known.extend(consultations.iter().cloned());
    let came = attendance(db, &known)?;
    let all: Vec<Id> = known.iter().map(|one| one.id).collect();
    let held = store::held(db, reach, &all)?;
    let mut visits: HashMap<Id, Vec<Visit>> = HashMap::new();
    for visit in registrations::visits(db, &held, MOST_TOGETHER)? {
        visits.entry(visit.event).or_default().push(visit);
    }
    let visitors = |of: fn(&Visit) -> Option<Id>| {
        let ids: BTreeSet<Id> = visits.values().flatten().filter_map(of).collect();
        ids.into_iter().collect::<Vec<Id>>()
    };
    let applied = applications::store::last_applied(db, reach, &visitors(|one| one.worker))?;
    let requested = deliverables::store::last_requested(db, reach, &visitors(|one| one.organization))?;
    let known: BTreeMap<Id, &Event> = known.iter().map(|one| (one.id, one)).collect();
    let shown = |event: &Event| FunnelEvent {
        event_id: event.id,
        title: event.plan.title.clone(),
        number: event.plan.number.clone(),
        attendance: came.get(&event.id).copied(),
    };
    let listed = |ids: &[Id]| {
        let lists = ids.iter().filter_map(|id| visits.get(id));
        lists.flatten().collect::<Vec<&Visit>>()
    };
    let funnel = |consultation: &Event| {
        let mut before: Vec<&Event> = consultation
            .plan
            .follows_event_ids
            .iter()
            .filter_map(|id| known.get(id).copied())
            .collect();
        before.sort_by_key(|one| (super::rules::first_day(&one.plan), one.id));
        let ids: Vec<Id> = before.iter().map(|one| one.id).collect();
        let asking = listed(&ids);
        let everybody = listed(&[ids, vec![consultation.id]].concat());
        let all = before.iter().copied().chain([consultation]);
        let first = all.filter_map(|one| super::rules::first_day(&one.plan)).min();
        let since = first.map(|day| Instant::from(midnight_in_tokyo(day)));
        let acted = |of: fn(&Visit) -> Option<Id>, last: &HashMap<Id, Instant>| {
            let people: BTreeSet<Id> = everybody.iter().filter_map(|one| of(one)).collect();
            let has_acted = |one: &&Id| {
                last.get(one)
                    .zip(since)
                    .is_some_and(|(last, since)| *last >= since)
            };
            people.iter().filter(has_acted).count() as i64
        };
        let sum = |of: &[FunnelEvent]| of.iter().filter_map(|one| one.attendance).sum::<i64>();
        let asked = asking.iter().filter(|one| one.wants_consultation);
        let asked: i64 = asked.map(|one| one.places).sum();
        let applied = acted(|one| one.worker, &applied) + acted(|one| one.organization, &requested);
        let (events, consultations): (Vec<FunnelEvent>, Vec<FunnelEvent>) =
            (before.into_iter().map(shown).collect(), vec![shown(consultation)]);
        Funnel {
            event_id: consultation.id,
            came: sum(&events),
            asked: (!asking.is_empty()).then_some(asked),
            consulted: sum(&consultations),
            applied: (!everybody.is_empty()).then_some(applied),
            events,
            consultations,
        }
    };
    Ok(consultations.iter().map(funnel).collect())
}
