//! Who sees each record: kept with every write, so that the next one knows who saw it before.

use crate::changes::{Action, Change, Subject};
use crate::db::schema::audiences::{self, dsl};
use crate::db::{BATCH, Db, Id, insert_all};
use crate::error::Result;
use crate::reach::audience::Audience;
use crate::reach::store::audiences::{self as reach, Audiences};
use diesel::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Finds the audiences of some records of a kind.
type Find = fn(&mut Db, &[Id]) -> Result<Audiences>;
/// Lists the next records of a kind.
type List = fn(&mut Db, Option<Id>) -> Result<Vec<Id>>;

/// The kinds of records that have audiences. Deliverables come first: they decide about the others.
const KINDS: [(Subject, Find, List); 15] = [
    (
        Subject::Deliverable,
        reach::of_deliverables,
        reach::some_deliverables,
    ),
    (
        Subject::Organization,
        reach::of_organizations,
        reach::some_organizations,
    ),
    (Subject::Worker, reach::of_workers, reach::some_workers),
    (
        Subject::Application,
        reach::of_applications,
        reach::some_applications,
    ),
    (Subject::Project, reach::of_projects, reach::some_projects),
    (Subject::Intake, reach::of_intakes, reach::some_deliverables),
    (Subject::ProjectEntry, reach::of_entries, reach::some_entries),
    (Subject::Review, reach::of_reviews, reach::some_reviews),
    (Subject::FollowUp, reach::of_follow_ups, reach::some_follow_ups),
    (Subject::Round, reach::of_rounds, reach::some_rounds),
    (Subject::Event, reach::of_events, reach::some_events),
    (
        Subject::Registration,
        reach::of_registrations,
        reach::some_registrations,
    ),
    (Subject::Card, reach::of_press_items, reach::some_cards),
    (Subject::Post, reach::of_press_items, reach::some_posts),
    (
        Subject::Publication,
        reach::of_press_items,
        reach::some_publications,
    ),
];

/// Who saw a record before, and who sees it now, as words.
pub type Seen = BTreeMap<(Subject, String), (String, String)>;

#[derive(Insertable)]
#[diesel(table_name = audiences, treat_none_as_default_value = false)]
struct AudienceRow {
    entity: &'static str,
    entity_id: Id,
    words: String,
}

/// Records by their kinds.
type Records = BTreeMap<Subject, BTreeSet<Id>>;

/// Writes the audiences of what has changed, and of all records whose audience follows from it. Returns them all. The
/// caller holds the lock of the log, unless nobody else can know the records.
pub fn settle(db: &mut Db, changes: &[&Change]) -> Result<Seen> {
    let mut touched = Records::new();
    for change in changes {
        let id = change.subject_id.parse().map(Id);
        let has_audience = KINDS.iter().any(|(kind, ..)| *kind == change.subject);
        if let Some(id) = id.ok().filter(|_| has_audience) {
            touched.entry(change.subject).or_default().insert(id);
        }
    }
    spread(db, changes, &mut touched)?;
    let mut seen = Seen::new();
    for (kind, find, _) in KINDS {
        let records = touched.get(&kind).cloned().unwrap_or_default();
        let settled = settle_kind(db, kind, find, &records)?;
        if kind == Subject::Deliverable {
            follow_deliverables(db, &settled, &mut touched)?;
        }
        if kind == Subject::Event {
            follow_events(db, &settled, &mut touched)?;
        }
        let words = settled.into_iter();
        seen.extend(words.map(|(id, (before, after))| ((kind, id.to_string()), (before, after))));
    }
    Ok(seen)
}

/// Adds the records that these changes concern.
fn spread(db: &mut Db, changes: &[&Change], touched: &mut Records) -> Result<()> {
    let of = |touched: &Records, kind| touched.get(&kind).cloned().unwrap_or_default();
    // Nothing depends on a new record yet.
    let known = |kind| -> BTreeSet<Id> {
        let known = changes
            .iter()
            .filter(|change| change.subject == kind && change.action != Action::Created);
        known
            .filter_map(|change| change.subject_id.parse().ok().map(Id))
            .collect()
    };
    let mut people = known(Subject::Worker);
    people.extend(each(db, &known(Subject::Organization), reach::separated_from)?);
    let people = each(db, &people, reach::other_records)?;
    let own = each(db, &people, reach::applications_by)?;
    touched.entry(Subject::Application).or_default().extend(own);
    let projects = each(db, &people, reach::projects_of)?;
    touched.entry(Subject::Project).or_default().extend(projects);
    touched.entry(Subject::Worker).or_default().extend(people);
    for applications in batches(&of(touched, Subject::Application)) {
        let (deliverables, workers) = reach::sides_of(db, &applications)?;
        // A project has the id of its deliverable.
        touched.entry(Subject::Project).or_default().extend(&deliverables);
        touched
            .entry(Subject::Deliverable)
            .or_default()
            .extend(deliverables);
        touched.entry(Subject::Worker).or_default().extend(workers);
    }
    Ok(())
}

/// Adds what is seen by those who see a deliverable, where these have changed.
fn follow_deliverables(
    db: &mut Db,
    settled: &BTreeMap<Id, (String, String)>,
    touched: &mut Records,
) -> Result<()> {
    let changed = settled.iter().filter(|(_, (before, after))| before != after);
    let changed: BTreeSet<Id> = changed.map(|(id, _)| *id).collect();
    let before = settled.iter().filter(|(id, _)| changed.contains(id));
    let before = before.flat_map(|(_, (before, _))| {
        Audience::from(before.as_str())
            .organizations()
            .collect::<Vec<_>>()
    });
    touched.entry(Subject::Organization).or_default().extend(before);
    let organizations = each(db, &changed, reach::organizations_of)?;
    touched
        .entry(Subject::Organization)
        .or_default()
        .extend(organizations);
    let applications = each(db, &changed, reach::applications_for)?;
    for applications in batches(&applications) {
        let (_, workers) = reach::sides_of(db, &applications)?;
        touched.entry(Subject::Worker).or_default().extend(workers);
    }
    touched
        .entry(Subject::Application)
        .or_default()
        .extend(applications);
    let rounds = each(db, &changed, reach::rounds_of)?;
    touched.entry(Subject::Round).or_default().extend(rounds);
    touched.entry(Subject::Project).or_default().extend(changed);
    Ok(())
}

/// Adds the registrations for events that other areas hold now.
fn follow_events(db: &mut Db, settled: &BTreeMap<Id, (String, String)>, touched: &mut Records) -> Result<()> {
    let areas = |words: &str| -> BTreeSet<String> {
        let words = words.split(' ').filter(|word| word.starts_with("area:"));
        words.map(str::to_owned).collect()
    };
    let moved = settled.iter().filter(|(_, (before, after))| {
        let is_new = before.is_empty();
        !is_new && areas(before) != areas(after)
    });
    let moved: BTreeSet<Id> = moved.map(|(id, _)| *id).collect();
    let registrations = each(db, &moved, reach::registrations_for)?;
    touched
        .entry(Subject::Registration)
        .or_default()
        .extend(registrations);
    Ok(())
}

/// Asks for some records at a time.
fn each(
    db: &mut Db,
    ids: &BTreeSet<Id>,
    ask: impl Fn(&mut Db, &[Id]) -> Result<Vec<Id>>,
) -> Result<BTreeSet<Id>> {
    let mut found = BTreeSet::new();
    for some in batches(ids) {
        found.extend(ask(db, &some)?);
    }
    Ok(found)
}

fn batches(ids: &BTreeSet<Id>) -> Vec<Vec<Id>> {
    let all: Vec<Id> = ids.iter().copied().collect();
    all.chunks(BATCH).map(<[Id]>::to_vec).collect()
}

/// Writes the audiences of records of one kind. Returns who saw each before, and who sees it now.
fn settle_kind(
    db: &mut Db,
    kind: Subject,
    find: Find,
    ids: &BTreeSet<Id>,
) -> Result<BTreeMap<Id, (String, String)>> {
    let mut settled = BTreeMap::new();
    for some in batches(ids) {
        let stored = dsl::audiences.filter(dsl::entity.eq(kind.code()).and(dsl::entity_id.eq_any(&some)));
        let stored: Vec<(Id, String)> = stored.select((dsl::entity_id, dsl::words)).load(db)?;
        let mut before: BTreeMap<Id, String> = stored.into_iter().collect();
        let mut after = find(db, &some)?;
        let mut replaced = Vec::new();
        let mut rows = Vec::new();
        for id in some {
            let is_stored = before.contains_key(&id);
            let before = before.remove(&id).unwrap_or_default();
            let after = after
                .remove(&id)
                .map(|audience| audience.to_string())
                .unwrap_or_default();
            if before != after {
                if is_stored {
                    replaced.push(id);
                }
                rows.extend((!after.is_empty()).then(|| AudienceRow {
                    entity: kind.code(),
                    entity_id: id,
                    words: after.clone(),
                }));
            }
            settled.insert(id, (before, after));
        }
        if !replaced.is_empty() {
            let replaced = dsl::entity.eq(kind.code()).and(dsl::entity_id.eq_any(&replaced));
            diesel::delete(dsl::audiences.filter(replaced)).execute(db)?;
        }
        insert_all!(db, audiences::table, &rows)?;
    }
    Ok(settled)
}

/// Returns the kinds of records that have audiences.
pub fn kinds() -> impl Iterator<Item = Subject> {
    KINDS.into_iter().map(|(kind, ..)| kind)
}

/// Writes the audiences of the next records of a kind, which an earlier release left without. Returns the last of them.
pub fn fill(db: &mut Db, kind: Subject, after: Option<Id>) -> Result<Option<Id>> {
    let Some((_, find, list)) = KINDS.into_iter().find(|(known, ..)| *known == kind) else {
        return Ok(None);
    };
    let ids: BTreeSet<Id> = list(db, after)?.into_iter().collect();
    settle_kind(db, kind, find, &ids)?;
    Ok(ids.last().copied())
}
