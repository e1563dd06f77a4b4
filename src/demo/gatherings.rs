//! This year's gatherings, with made-up people: a series that takes registrations and has full sessions, an opening for
//! volunteers, and a seminar with its attendance list.

use super::embedded::{ACTOR, unreadable};
use crate::auth::{Beside, Reach, Viewer, Writer};
use crate::catalogue::Catalogue;
use crate::catalogue::calendar::{fiscal_year, midnight_in_tokyo};
use crate::db::{Db, Id, Instant};
use crate::error::Result;
use crate::events::registration::NewRegistration;
use crate::events::{self, NewEvent, registering, store};
use chrono::{NaiveDate, TimeDelta};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A made-up event, and who is on its list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gathering {
    /// Before today, if negative.
    in_days: i64,
    /// From when until when.
    hours: (i64, i64),
    event: Map<String, Value>,
    registrations: Vec<NewRegistration>,
}

/// Adds the events, to the programme if they are of its year.
pub fn load(db: &mut Db, catalogue: &Catalogue, programme: Id, today: NaiveDate) -> Result<()> {
    let all: Vec<Gathering> = serde_json::from_str(include_str!("gatherings.json")).map_err(unreadable)?;
    let writer = Writer::operator(ACTOR);
    // People register on the day of the demonstration, whatever the clock says.
    let noon = Instant::from(midnight_in_tokyo(today) + TimeDelta::hours(12));
    let now = Instant::now().min(noon);
    let viewer = Viewer {
        actor: ACTOR.to_owned(),
        reach: Reach::Everything,
        personal_data: true,
        sees_all: true,
        beside: Beside::EVERYTHING,
    };
    for gathering in all {
        let midnight = midnight_in_tokyo(today) + TimeDelta::days(gathering.in_days);
        let hour = |hour: i64| Instant::from(midnight + TimeDelta::hours(hour));
        let (from, until) = gathering.hours;
        let mut event = gathering.event;
        event.insert("status".to_owned(), json!("published"));
        event.insert(
            "times".to_owned(),
            json!([{"starts_at": hour(from), "ends_at": hour(until)}]),
        );
        let mut plan: NewEvent = serde_json::from_value(event.into()).map_err(unreadable)?;
        plan.programme_id = (store::year_of(&plan) == fiscal_year(today)).then_some(programme);
        let made = events::actions::create(db, &writer, catalogue, plan, now)?;
        store::mark_demo(db, &[made.id])?;
        for person in gathering.registrations {
            registering::create(db, &viewer, made.id, person, now)?;
        }
    }
    Ok(())
}
