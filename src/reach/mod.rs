//! What each caller may see and change, over the tables of several slices.
//!
//! This is the only place that turns a [`Reach`](crate::auth::Reach) into conditions:
//!
//! | reach | organizations | deliverables | workers | applications |
//! |---|---|---|---|---|
//! | areas | in these areas | in these areas | in these areas, or with an active application there | for a deliverable there, or by a worker there |
//! | organization | itself | its own, alone or as a joint organization that has accepted | with an active application to it, unless kept apart from it | for its own deliverables, unless by a worker kept apart from it |
//! | worker | of the deliverables on the right | open ones, and those applied for | themselves | their own |
//! | partner | of the deliverables on the right | open ones shared with partners, within the partner's areas and families, and those applied for | its volunteers | by its volunteers |
//!
//! Projects: those in the areas; of the organization, alone or jointly; on which the worker works or worked; with a
//! volunteer of the partner. An organization sees neither a member who is kept apart from it nor what they wrote or worked,
//! a partner only its volunteers.
//!
//! A worker is kept apart from the organizations that the profile lists as blocked or in conflict. That holds from the
//! moment when it is written, for applications that were sent before, too, and for all records of the person and of the
//! organization. Rankings and new applications obey the same rule.
//!
//! Events: what is public, and what the areas or the organization hold. Registrations: those for events that they hold, and the
//! caller's own, or those of the office's staff; an organization sees nobody who is kept apart from it.
//!
//! Reviews are read with the application of their member, follow-ups with their deliverable.
//!
//! Who is invited and has not said yes is hidden from those who invited them, as if there were no application.
//!
//! Areas also cover pairs of duplicates with a record in them. Other limited reaches cover no pairs.
//!
//! A slice's store adds the condition of `store` to its own queries, so that a record outside the reach is
//! not found. `audience` and `store::audiences` turn this around: who sees a record. The change log stores that with each
//! change.
//!
//! Invariants: lists and single records use the same condition, so they agree. An audience includes exactly those whose
//! condition the record meets; a random walk in `tests/api/following.rs` compares them.

pub mod audience;
pub mod store;

use crate::auth::{PartnerReach, Reach};
use crate::db::Id;
use crate::error::{Error, Result, Text};

/// Source and external id of a record.
pub type Origin<'a> = (&'a Option<String>, &'a Option<String>);

/// Returns the source and external id that a caller gives to a record, unless it has them already or the caller
/// reaches everything, whose names the database keeps unique.
pub fn newly_named<'a>(
    reach: &Reach,
    before: Option<Origin>,
    after: Origin<'a>,
) -> Option<(&'a str, &'a str)> {
    let is_kept = before.is_some_and(|before| before == after);
    let named = after.0.as_deref().zip(after.1.as_deref());
    named.filter(|_| !is_kept && matches!(reach, Reach::Areas(_)))
}

/// The longest source.
pub const SOURCE_LENGTH: usize = 100;

/// Returns the source of a record that a caller names within an area.
pub fn named_source(reach: &Reach, source: &str, area: &str) -> Result<String> {
    let own = reach.own_source(source, area);
    if own.chars().count() <= SOURCE_LENGTH {
        return Ok(own);
    }
    let most = SOURCE_LENGTH - area.len() - 1;
    let rule = Text::new(
        format!("{most}文字以内で入力してください。"),
        format!("Use at most {most} characters."),
    );
    Err(Error::invalid("/source", "invalid_length", rule))
}

/// Returns whether a partner may see an open deliverable. `store::deliverables` asks the same of the
/// database.
pub fn is_offered(partner: &PartnerReach, shared: bool, area: Option<&str>, family: &str) -> bool {
    let includes = |codes: &[String], one: &str| codes.is_empty() || codes.iter().any(|code| code == one);
    shared && includes(&partner.areas, area.unwrap_or_default()) && includes(&partner.families, family)
}

/// What decides whether a caller may change a worker.
pub struct WorkerOwner<'a> {
    pub id: Id,
    pub area: Option<&'a str>,
    pub partner: Option<Id>,
    pub sandbox: bool,
}

/// Returns whether a caller may change a worker. `store::own_workers` asks the same of the database.
pub fn is_own_worker(reach: &Reach, worker: &WorkerOwner) -> bool {
    match reach {
        Reach::Everything => true,
        Reach::Areas(_) => !worker.sandbox && worker.area.is_some_and(|area| reach.covers_area(area)),
        Reach::Organization(_) => false,
        Reach::Worker(id) => worker.id == *id,
        Reach::Partner(partner) => worker.partner == Some(partner.id),
    }
}
