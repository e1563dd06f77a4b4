//! Who sees records: the conditions of `store`, turned around. A change is logged together with its audience, so that
//! thousands of followers can be told of it without a query for each.
//!
//! Each `of_…` returns an audience for those of the records that exist. The callers give at most a batch of ids.

use super::{ACTIVE, kept};
use crate::db::schema::{
    applications as a, deliverable_organizations as joint, deliverables as d,
    deliverables_shared_with_partners as shared, event_areas as ea, event_hosts as eh,
    event_registrations as er, events as ev, follow_ups as f, marked_registrations as mr, organizations as o,
    press_items as pi, project_entries as e, project_members as m, project_reviews as r, projects as pr,
    released_deliverables as released, round_deliverables as within, rounds as ro,
    worker_separations as separations, workers as w,
};
use crate::db::{BATCH, Db, Id, Instant};
use crate::error::Result;
use crate::reach::audience::Audience;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use std::collections::{BTreeSet, HashMap, HashSet};

pub type Audiences = HashMap<Id, Audience>;

fn of<'a>(audiences: &'a mut Audiences, id: &Id) -> &'a mut Audience {
    audiences.entry(*id).or_default()
}

pub fn of_deliverables(db: &mut Db, ids: &[Id]) -> Result<Audiences> {
    type Row = (Id, Id, String, String, String, Option<Instant>);
    let columns = (
        d::id,
        d::organization_id,
        d::area,
        d::family,
        d::status,
        d::archived_at,
    );
    let rows: Vec<Row> = d::table.filter(d::id.eq_any(ids)).select(columns).load(db)?;
    if rows.is_empty() {
        return Ok(Audiences::new());
    }
    let shared = shared::table.filter(shared::deliverable_id.eq_any(ids));
    let shared: HashSet<Id> = shared
        .select(shared::deliverable_id)
        .load(db)?
        .into_iter()
        .collect();
    let mut audiences = Audiences::new();
    let mut open = HashSet::new();
    for (id, organization, area, family, status, archived_at) in rows {
        let audience = of(&mut audiences, &id);
        audience.add("area", &area);
        audience.add("organization", organization);
        if status == "open" && archived_at.is_none() {
            open.insert(id);
            audience.add_every_worker();
            if shared.contains(&id) {
                audience.add_offer(&area, &family);
            }
        }
    }
    for (id, organization) in jointly(db, ids)? {
        of(&mut audiences, &id).add("organization", organization);
    }
    let released = released::table.filter(released::deliverable_id.eq_any(ids));
    let released: Vec<Id> = released.select(released::deliverable_id).load(db)?;
    let applied = a::table.filter(a::deliverable_id.eq_any(&released));
    let applied = applied
        .select((a::deliverable_id, a::worker_id, a::partner_id))
        .distinct();
    for (id, worker, partner) in applied.load::<(Id, Option<Id>, Option<Id>)>(db)? {
        let audience = of(&mut audiences, &id);
        // Every worker sees an open one.
        if let Some(worker) = worker.filter(|_| !open.contains(&id)) {
            audience.add("worker", worker);
        }
        if let Some(partner) = partner {
            audience.add("partner", partner);
        }
    }
    Ok(audiences)
}

/// Returns the deliverables with the organizations that request them jointly.
fn jointly(db: &mut Db, ids: &[Id]) -> Result<Vec<(Id, Id)>> {
    let joint = joint::table
        .filter(joint::deliverable_id.eq_any(ids))
        .filter(joint::status.eq("accepted"))
        .select((joint::deliverable_id, joint::organization_id));
    Ok(joint.load(db)?)
}

pub fn of_organizations(db: &mut Db, ids: &[Id]) -> Result<Audiences> {
    let rows = o::table.filter(o::id.eq_any(ids));
    let rows = rows.select((o::id, o::area, o::merged_into));
    let mut audiences = Audiences::new();
    for (id, area, merged_into) in rows.load::<(Id, String, Option<Id>)>(db)? {
        let audience = of(&mut audiences, &id);
        audience.add("area", area);
        audience.add("organization", id);
        if merged_into.is_some() {
            audience.leave_out_of_lists();
        }
    }
    let asked = d::table.filter(d::organization_id.eq_any(ids));
    let asked: Vec<(Id, Id)> = asked.select((d::id, d::organization_id)).load(db)?;
    for some in asked.chunks(BATCH) {
        let deliverables: Vec<Id> = some.iter().map(|(id, _)| *id).collect();
        let seen = of_deliverables(db, &deliverables)?;
        for (id, organization) in some {
            if let (Some(seen), Some(audience)) = (seen.get(id), audiences.get_mut(organization)) {
                audience.add_volunteers(seen);
            }
        }
    }
    Ok(audiences)
}

pub fn of_workers(db: &mut Db, ids: &[Id]) -> Result<Audiences> {
    let rows = w::table.filter(w::id.eq_any(ids));
    let rows: Vec<(Id, Option<String>, bool, Option<Id>)> = rows
        .select((w::id, w::area, w::sandbox, w::partner_id))
        .load(db)?;
    let mut audiences = Audiences::new();
    let mut real = Vec::new();
    for (id, area, sandbox, partner) in rows {
        let audience = of(&mut audiences, &id);
        audience.add("worker", id);
        if let Some(partner) = partner {
            audience.add("partner", partner);
        }
        if !sandbox {
            real.push(id);
            if let Some(area) = area {
                audience.add("area", area);
            }
        }
    }
    // As in `applicants!`.
    let active = a::table
        .filter(a::worker_id.assume_not_null().eq_any(&real))
        .filter(a::status.eq_any(ACTIVE))
        .filter(sql::<Bool>(
            "NOT (applications.status = 'submitted' AND applications.awaits = 'worker')",
        ))
        .select((a::worker_id.assume_not_null(), a::deliverable_id));
    let active: Vec<(Id, Id)> = active.load(db)?;
    add_requesters(
        db,
        &mut audiences,
        active
            .into_iter()
            .map(|(id, wanted)| (id, wanted, Some(id)))
            .collect(),
    )?;
    Ok(audiences)
}

/// Adds to records, each with its deliverable and worker, those who requested the deliverable and coordinate it, unless
/// the worker is kept apart from them.
fn add_requesters(db: &mut Db, audiences: &mut Audiences, records: Vec<(Id, Id, Option<Id>)>) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let workers: BTreeSet<Id> = records.iter().filter_map(|(.., worker)| *worker).collect();
    let apart = kept_apart(db, &workers.into_iter().collect::<Vec<_>>())?;
    let nobody = HashSet::new();
    for some in records.chunks(BATCH) {
        let wanted: BTreeSet<Id> = some.iter().map(|(_, wanted, _)| *wanted).collect();
        let seen = of_deliverables(db, &wanted.into_iter().collect::<Vec<_>>())?;
        for (id, wanted, worker) in some {
            let apart = worker.and_then(|worker| apart.get(&worker)).unwrap_or(&nobody);
            if let (Some(seen), Some(audience)) = (seen.get(wanted), audiences.get_mut(id)) {
                audience.add_offices(seen, apart);
            }
        }
    }
    Ok(())
}

/// Returns the organizations from which workers are kept apart, as in `separated_people!`.
fn kept_apart(db: &mut Db, workers: &[Id]) -> Result<HashMap<Id, HashSet<Id>>> {
    let mut apart = HashMap::new();
    for workers in workers.chunks(BATCH) {
        let person = kept(w::merged_into, w::id);
        let people = w::table.filter(w::id.eq_any(workers)).select((w::id, person));
        let people: Vec<(Id, Id)> = people.load(db)?;
        let kept_records: Vec<Id> = people.iter().map(|(_, kept)| *kept).collect();
        let is_record = w::id.eq_any(&kept_records);
        let is_record = is_record.or(w::merged_into.assume_not_null().eq_any(&kept_records));
        let separated = separations::table
            .inner_join(w::table.on(w::id.eq(separations::worker_id)))
            .filter(is_record)
            .select((kept(w::merged_into, w::id), separations::organization_id));
        let separated: Vec<(Id, Id)> = separated.load(db)?;
        if separated.is_empty() {
            continue;
        }
        let named: Vec<Id> = separated.iter().map(|(_, organization)| *organization).collect();
        let records = records_of(db, &named)?;
        for (worker, person) in people {
            let organizations = separated.iter().filter(|(of, _)| *of == person);
            let all =
                organizations.flat_map(|(_, organization)| records.get(organization).into_iter().flatten());
            apart.insert(worker, all.copied().collect());
        }
    }
    Ok(apart)
}

/// Returns all records of each of these organizations.
fn records_of(db: &mut Db, organizations: &[Id]) -> Result<HashMap<Id, Vec<Id>>> {
    let main = o::table.filter(o::id.eq_any(organizations));
    let main: Vec<(Id, Id)> = main.select((o::id, kept(o::merged_into, o::id))).load(db)?;
    let mains: Vec<Id> = main.iter().map(|(_, main)| *main).collect();
    let is_record = o::id
        .eq_any(&mains)
        .or(o::merged_into.assume_not_null().eq_any(&mains));
    let records = o::table
        .filter(is_record)
        .select((kept(o::merged_into, o::id), o::id));
    let records: Vec<(Id, Id)> = records.load(db)?;
    let of = |main: Id| {
        records
            .iter()
            .filter(move |(of, _)| *of == main)
            .map(|(_, id)| *id)
            .collect()
    };
    Ok(main.into_iter().map(|(id, main)| (id, of(main))).collect())
}

pub fn of_applications(db: &mut Db, ids: &[Id]) -> Result<Audiences> {
    type Row = (Id, Id, Option<Id>, Option<Id>, bool);
    let columns = (a::id, a::deliverable_id, a::worker_id, a::partner_id, a::sandbox);
    let rows: Vec<Row> = a::table.filter(a::id.eq_any(ids)).select(columns).load(db)?;
    let workers: Vec<Id> = rows.iter().filter_map(|(_, _, worker, ..)| *worker).collect();
    let areas = w::table.filter(w::id.eq_any(&workers)).select((w::id, w::area));
    let areas: HashMap<Id, Option<String>> = areas.load::<(Id, Option<String>)>(db)?.into_iter().collect();
    let mut audiences = Audiences::new();
    let mut real = Vec::new();
    for (id, deliverable, worker, partner, sandbox) in rows {
        let audience = of(&mut audiences, &id);
        if let Some(partner) = partner {
            audience.add("partner", partner);
        }
        if let Some(worker) = worker {
            audience.add("worker", worker);
        }
        if !sandbox {
            real.push((id, deliverable, worker));
            if let Some(Some(area)) = worker.and_then(|worker| areas.get(&worker)) {
                audience.add("area", area);
            }
        }
    }
    add_requesters(db, &mut audiences, real)?;
    Ok(audiences)
}

pub fn of_projects(db: &mut Db, ids: &[Id]) -> Result<Audiences> {
    let rows = pr::table
        .filter(pr::id.eq_any(ids))
        .select((pr::id, pr::area, pr::organization_id));
    let rows: Vec<(Id, String, Id)> = rows.load(db)?;
    if rows.is_empty() {
        return Ok(Audiences::new());
    }
    let mut audiences = Audiences::new();
    for (id, area, organization) in rows {
        let audience = of(&mut audiences, &id);
        audience.add("area", area);
        audience.add("organization", organization);
    }
    for (id, organization) in jointly(db, ids)? {
        if let Some(audience) = audiences.get_mut(&id) {
            audience.add("organization", organization);
        }
    }
    let members = m::table
        .inner_join(w::table.on(w::id.nullable().eq(m::worker_id)))
        .filter(m::project_id.eq_any(ids))
        .select((m::project_id, w::id, w::partner_id));
    for (id, worker, partner) in members.load::<(Id, Id, Option<Id>)>(db)? {
        let audience = of(&mut audiences, &id);
        audience.add("worker", worker);
        if let Some(partner) = partner {
            audience.add("partner", partner);
        }
    }
    Ok(audiences)
}

pub fn of_events(db: &mut Db, ids: &[Id]) -> Result<Audiences> {
    let rows = ev::table
        .filter(ev::id.eq_any(ids))
        .select((ev::id, ev::is_public));
    let rows: Vec<(Id, bool)> = rows.load(db)?;
    let mut audiences = Audiences::new();
    for (id, is_public) in rows {
        let audience = of(&mut audiences, &id);
        if is_public {
            audience.add_everyone();
        }
    }
    for (id, area) in event_areas(db, ids)? {
        of(&mut audiences, &id).add("area", area);
    }
    let hosts = eh::table.filter(eh::event_id.eq_any(ids));
    let hosts = hosts.select((eh::event_id, eh::organization_id));
    for (id, organization) in hosts.load::<(Id, Id)>(db)? {
        of(&mut audiences, &id).add("organization", organization);
    }
    Ok(audiences)
}

fn event_areas(db: &mut Db, ids: &[Id]) -> Result<Vec<(Id, String)>> {
    let areas = ea::table.filter(ea::event_id.eq_any(ids));
    Ok(areas.select((ea::event_id, ea::area)).load(db)?)
}

/// Registrations are followed by those who coordinate the event, by the office whose staff it is, and by the person: organizations
/// read them.
pub fn of_registrations(db: &mut Db, ids: &[Id]) -> Result<Audiences> {
    type Row = (Id, Id, Option<Id>, Option<Id>);
    let rows = er::table.filter(er::id.eq_any(ids));
    let columns = (er::id, er::event_id, er::worker_id, er::partner_id);
    let rows: Vec<Row> = rows.select(columns).load(db)?;
    let events: BTreeSet<Id> = rows.iter().map(|(_, event, ..)| *event).collect();
    let areas = event_areas(db, &events.into_iter().collect::<Vec<_>>())?;
    let mut audiences = Audiences::new();
    for (id, event, worker, partner) in rows {
        let audience = of(&mut audiences, &id);
        audience.add("of", event);
        for (_, area) in areas.iter().filter(|(of, _)| *of == event) {
            audience.add("area", area);
        }
        if let Some(worker) = worker {
            audience.add("worker", worker);
        }
        if let Some(partner) = partner {
            audience.add("partner", partner);
        }
    }
    let offices = mr::table
        .filter(mr::id.eq_any(ids).and(mr::office_area.is_not_null()))
        .select((mr::id, mr::office_area.assume_not_null()));
    for (id, office) in offices.load::<(Id, String)>(db)? {
        of(&mut audiences, &id).add("area", office);
    }
    Ok(audiences)
}

/// Returns the registrations for events.
pub fn registrations_for(db: &mut Db, events: &[Id]) -> Result<Vec<Id>> {
    let all = er::table.filter(er::event_id.eq_any(events));
    Ok(all.select(er::id).load(db)?)
}

/// Cards and posts are followed by those who may change them: everybody reads what is published.
pub fn of_press_items(db: &mut Db, ids: &[Id]) -> Result<Audiences> {
    let rows = pi::table.filter(pi::id.eq_any(ids));
    let rows = rows.select((pi::id, pi::area, pi::organization_id));
    let mut audiences = Audiences::new();
    for (id, area, organization) in rows.load::<(Id, Option<String>, Option<Id>)>(db)? {
        let audience = of(&mut audiences, &id);
        if let Some(area) = area {
            audience.add("area", area);
        }
        if let Some(organization) = organization {
            audience.add("organization", organization);
        }
    }
    Ok(audiences)
}

/// The intake of a request has its id.
pub fn of_intakes(db: &mut Db, ids: &[Id]) -> Result<Audiences> {
    let seen = of_deliverables(db, ids)?.into_iter();
    let intake = |(id, deliverable): (Id, Audience)| {
        let mut audience = Audience::default();
        audience.add("of", id);
        audience.add_offices(&deliverable, &HashSet::new());
        (id, audience)
    };
    Ok(seen.map(intake).collect())
}

macro_rules! of_parts {
    ($($name:ident: $table:ident.$column:ident, $whole:ident;)*) => {$(
        /// Parts of a project are followed by those who coordinate it: others see only some of each.
        pub fn $name(db: &mut Db, ids: &[Id]) -> Result<Audiences> {
            let rows = $table::table
                .inner_join($whole::table.on($whole::id.eq($table::$column)))
                .filter($table::id.eq_any(ids))
                .select(($table::id, $table::$column, $whole::area));
            let mut audiences = Audiences::new();
            for (id, whole, area) in rows.load::<(Id, Id, String)>(db)? {
                let audience = of(&mut audiences, &id);
                audience.add("of", whole);
                audience.add("area", area);
            }
            Ok(audiences)
        }
    )*};
}
of_parts! {
    of_entries: e.project_id, pr;
    of_reviews: r.deliverable_id, d;
    of_follow_ups: f.deliverable_id, d;
}

/// A round is followed by those who coordinate all of its deliverables.
pub fn of_rounds(db: &mut Db, ids: &[Id]) -> Result<Audiences> {
    let known: Vec<Id> = ro::table.filter(ro::id.eq_any(ids)).select(ro::id).load(db)?;
    let wanted = within::table
        .inner_join(d::table.on(d::id.eq(within::deliverable_id)))
        .filter(within::round_id.eq_any(ids))
        .select((within::round_id, d::area))
        .distinct();
    let mut areas: HashMap<Id, BTreeSet<String>> = HashMap::new();
    for (round, area) in wanted.load::<(Id, String)>(db)? {
        areas.entry(round).or_default().insert(area);
    }
    let mut audiences = Audiences::new();
    for id in known {
        of(&mut audiences, &id).add_all_areas(areas.entry(id).or_default());
    }
    Ok(audiences)
}

/// Returns the rounds that include deliverables.
pub fn rounds_of(db: &mut Db, deliverables: &[Id]) -> Result<Vec<Id>> {
    let rounds = within::table.filter(within::deliverable_id.eq_any(deliverables));
    Ok(rounds.select(within::round_id).distinct().load(db)?)
}

/// Returns the deliverables and workers of applications.
pub fn sides_of(db: &mut Db, applications: &[Id]) -> Result<(Vec<Id>, Vec<Id>)> {
    let sides = a::table.filter(a::id.eq_any(applications));
    let sides: Vec<(Id, Option<Id>)> = sides.select((a::deliverable_id, a::worker_id)).load(db)?;
    let workers = sides.iter().filter_map(|(_, worker)| *worker).collect();
    Ok((
        sides.into_iter().map(|(deliverable, _)| deliverable).collect(),
        workers,
    ))
}

/// Returns the applications for deliverables.
pub fn applications_for(db: &mut Db, deliverables: &[Id]) -> Result<Vec<Id>> {
    Ok(a::table
        .filter(a::deliverable_id.eq_any(deliverables))
        .select(a::id)
        .load(db)?)
}

/// Returns the applications by workers.
pub fn applications_by(db: &mut Db, workers: &[Id]) -> Result<Vec<Id>> {
    let applications = a::table.filter(a::worker_id.assume_not_null().eq_any(workers));
    Ok(applications.select(a::id).load(db)?)
}

/// Returns the organizations that request deliverables.
pub fn organizations_of(db: &mut Db, deliverables: &[Id]) -> Result<Vec<Id>> {
    Ok(d::table
        .filter(d::id.eq_any(deliverables))
        .select(d::organization_id)
        .load(db)?)
}

/// Returns the projects on which workers work or worked.
pub fn projects_of(db: &mut Db, workers: &[Id]) -> Result<Vec<Id>> {
    let members = m::table.filter(m::worker_id.assume_not_null().eq_any(workers));
    Ok(members.select(m::project_id).load(db)?)
}

/// Returns the other records of people, of whom these are some.
pub fn other_records(db: &mut Db, workers: &[Id]) -> Result<Vec<Id>> {
    let merged = w::table
        .filter(w::id.eq_any(workers))
        .filter(w::merged_into.is_not_null());
    let mut people: Vec<Id> = merged.select(w::merged_into.assume_not_null()).load(db)?;
    people.extend(workers);
    let records = w::table.filter(w::merged_into.assume_not_null().eq_any(&people));
    let mut records: Vec<Id> = records.select(w::id).load(db)?;
    records.extend(people);
    Ok(records)
}

/// Returns the workers who are kept apart from organizations whose records are merged.
pub fn separated_from(db: &mut Db, organizations: &[Id]) -> Result<Vec<Id>> {
    let records = records_of(db, organizations)?;
    let merged: Vec<Id> = records
        .into_values()
        .filter(|all| all.len() > 1)
        .flatten()
        .collect();
    if merged.is_empty() {
        return Ok(Vec::new());
    }
    let apart = separations::table.filter(separations::organization_id.eq_any(&merged));
    Ok(apart.select(separations::worker_id).load(db)?)
}

macro_rules! next_records {
    ($($name:ident: $table:ident;)*) => {$(
        /// Lists the next batch of ids after one.
        pub fn $name(db: &mut Db, after: Option<Id>) -> Result<Vec<Id>> {
            let mut next = $table::table.select($table::id).order($table::id).limit(BATCH as i64).into_boxed();
            if let Some(after) = after {
                next = next.filter($table::id.gt(after));
            }
            Ok(next.load(db)?)
        }
    )*};
}
next_records! {
    some_deliverables: d;
    some_organizations: o;
    some_workers: w;
    some_applications: a;
    some_projects: pr;
    some_entries: e;
    some_reviews: r;
    some_follow_ups: f;
    some_rounds: ro;
    some_events: ev;
    some_registrations: er;
}

macro_rules! next_press_items {
    ($($name:ident: [$($kind:literal),+];)*) => {$(
        pub fn $name(db: &mut Db, after: Option<Id>) -> Result<Vec<Id>> {
            let of_kind = pi::table.filter(pi::kind.eq_any([$($kind),+])).select(pi::id);
            let mut next = of_kind.order(pi::id).limit(BATCH as i64).into_boxed();
            if let Some(after) = after {
                next = next.filter(pi::id.gt(after));
            }
            Ok(next.load(db)?)
        }
    )*};
}
next_press_items! {
    some_cards: ["card"];
    some_posts: ["news", "newsletter"];
    some_publications: ["playbook", "textbook"];
}
