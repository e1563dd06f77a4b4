//! The conditions for each reach, `None` for everything.
//!
//! The parts are macros, because diesel gives a condition inside a subquery its own type.

pub mod audiences;

use crate::auth::Reach;
use crate::db::schema::{
    applications as a, deliverable_organizations as joint, deliverables as d,
    deliverables_shared_with_partners as shared, duplicates as p, event_areas as ea, event_hosts as eh,
    event_registrations as er, events as ev, follow_ups as f, marked_registrations as mr, organizations,
    organizations as o, press_items as pi, programme_areas as pa, programme_steps as ps, programmes as pg,
    project_entries as e, project_members as m, projects as pr, released_deliverables as released,
    round_deliverables as within, rounds as r, webhooks as hooks, worker_separations as separations, workers,
    workers as w,
};
use crate::db::search::Condition;
use crate::db::{Db, Id, Instant, MicrosecondTime, UniqueId};
use crate::error::Result;
use diesel::dsl::{exists, not, sql};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable};
use std::collections::BTreeSet;

diesel::define_sql_function! {
    /// Returns the record that stands for another one: the record that it is merged into, or itself.
    #[sql_name = "coalesce"]
    fn kept(merged_into: Nullable<UniqueId>, id: UniqueId) -> UniqueId;
}

/// Selects the people who are kept apart from any of these organizations, by the records that stand for them. All
/// records of a person and all records of an organization count: being merged hides nobody's wish.
macro_rules! separated_people {
    ($organizations:expr) => {{
        let (named, records, apart) =
            diesel::alias!(organizations as named, organizations as records, workers as apart);
        let named = named
            .filter(named.field(o::id).eq_any($organizations))
            .select(kept(named.field(o::merged_into), named.field(o::id)));
        let is_record = kept(records.field(o::merged_into), records.field(o::id)).eq_any(named);
        let records = records.filter(is_record).select(records.field(o::id));
        separations::table
            .inner_join(apart.on(apart.field(w::id).eq(separations::worker_id)))
            .filter(separations::organization_id.eq_any(records))
            .select(kept(apart.field(w::merged_into), apart.field(w::id)))
    }};
}

/// Matches workers who aren't kept apart from an organization.
macro_rules! not_separated {
    ($organization:expr) => {
        kept(w::merged_into, w::id).ne_all(separated_people!([$organization]))
    };
}

/// Matches what is of a worker who is kept apart from an organization.
macro_rules! by_separated {
    ($worker:expr, $organization:expr) => {
        exists(
            w::table
                .filter(w::id.nullable().eq($worker))
                .filter(kept(w::merged_into, w::id).eq_any(separated_people!([$organization]))),
        )
    };
}

/// Matches one of the areas. Most callers have a single one: a statement without a list is prepared only once.
macro_rules! in_areas {
    ($column:expr, $areas:expr) => {
        match $areas.as_slice() {
            [area] => Box::new($column.eq(area.clone())) as Condition<_>,
            _ => Box::new($column.eq_any($areas.clone())),
        }
    };
}

/// Selects the deliverables that an organization requests jointly. It has to have accepted.
macro_rules! jointly {
    ($id:expr) => {
        joint::table
            .filter(joint::organization_id.eq($id))
            .filter(joint::status.eq("accepted"))
            .select(joint::deliverable_id)
    };
}

/// Matches deliverables of an organization, alone or jointly.
macro_rules! asked_by {
    ($id:expr) => {
        d::organization_id.eq($id).or(d::id.eq_any(jointly!($id)))
    };
}

macro_rules! is_open {
    () => {
        d::status.eq("open").and(d::archived_at.is_null())
    };
}

/// Matches deliverables that one of these applications is for. What was rewritten is shown again once a coordinator has
/// released it.
macro_rules! applied_for {
    ($applications:expr) => {
        d::id
            .eq_any(released::table.select(released::deliverable_id))
            .and(d::id.eq_any($applications.select(a::deliverable_id)))
    };
}

/// Matches deliverables that a worker may see.
macro_rules! open_to_worker {
    ($id:expr) => {
        is_open!().or(applied_for!(a::table.filter(a::worker_id.eq($id))))
    };
}

/// Matches deliverables that a partner may see.
macro_rules! open_to_partner {
    ($partner:expr) => {{
        let partner = $partner;
        let every_area = partner.areas.is_empty().into_sql::<Bool>();
        let every_family = partner.families.is_empty().into_sql::<Bool>();
        is_open!()
            .and(d::id.eq_any(shared::table.select(shared::deliverable_id)))
            .and(every_area.or(d::area.eq_any(partner.areas.clone())))
            .and(every_family.or(d::family.eq_any(partner.families.clone())))
            .or(applied_for!(a::table.filter(a::partner_id.eq(partner.id))))
    }};
}

/// The statuses of applications that haven't ended.
pub const ACTIVE: [&str; 5] = ["submitted", "shortlisted", "offered", "agreed", "waitlisted"];

/// Selects workers with an active application for one of these deliverables. Who was invited and has not said yes is not
/// among them.
macro_rules! applicants {
    ($deliverables:expr) => {
        a::table
            .filter(a::deliverable_id.eq_any(d::table.filter($deliverables).select(d::id)))
            .filter(a::status.eq_any(ACTIVE))
            .filter(sql::<Bool>(
                "NOT (applications.status = 'submitted' AND applications.awaits = 'worker')",
            ))
            .filter(a::worker_id.is_not_null())
            .select(a::worker_id.assume_not_null())
    };
}

pub fn organizations(reach: &Reach) -> Option<Condition<o::table>> {
    macro_rules! asking {
        ($deliverables:expr) => {
            o::id.eq_any(d::table.filter($deliverables).select(d::organization_id))
        };
    }
    Some(match reach {
        Reach::Everything => return None,
        Reach::Areas(areas) => in_areas!(o::area, areas),
        Reach::Organization(id) => Box::new(o::id.eq(*id)),
        Reach::Worker(id) => Box::new(asking!(open_to_worker!(*id))),
        Reach::Partner(partner) => Box::new(asking!(open_to_partner!(partner))),
    })
}

/// Limits organizations to those that a caller acts for.
pub fn own_organizations(reach: &Reach) -> Option<Condition<o::table>> {
    match reach {
        Reach::Worker(_) | Reach::Partner(_) => Some(Box::new(false.into_sql::<Bool>())),
        _ => organizations(reach),
    }
}

/// Limits deliverables to those whose lead organization is within the reach too. Workers and partners reach the
/// organizations of all their deliverables.
pub fn with_known_lead(reach: &Reach) -> Option<Condition<d::table>> {
    match reach {
        Reach::Everything | Reach::Worker(_) | Reach::Partner(_) => None,
        Reach::Areas(areas) => {
            let there = o::table.filter(o::area.eq_any(areas.clone())).select(o::id);
            Some(Box::new(d::organization_id.eq_any(there)))
        }
        Reach::Organization(id) => Some(Box::new(d::organization_id.eq(*id))),
    }
}

pub fn deliverables(reach: &Reach) -> Option<Condition<d::table>> {
    Some(match reach {
        Reach::Everything => return None,
        Reach::Areas(areas) => in_areas!(d::area, areas),
        Reach::Organization(id) => Box::new(asked_by!(*id)),
        Reach::Worker(id) => Box::new(open_to_worker!(*id)),
        Reach::Partner(partner) => Box::new(open_to_partner!(partner)),
    })
}

pub fn workers(reach: &Reach) -> Option<Condition<w::table>> {
    Some(match reach {
        Reach::Everything => return None,
        Reach::Areas(areas) => {
            let there = w::area.assume_not_null().eq_any(areas.clone());
            let known = w::id.eq_any(applicants!(d::area.eq_any(areas.clone())));
            Box::new(w::sandbox.eq(false).and(there.or(known)))
        }
        Reach::Organization(id) => {
            let known = w::id.eq_any(applicants!(asked_by!(*id)));
            Box::new(w::sandbox.eq(false).and(known).and(not_separated!(*id)))
        }
        Reach::Worker(id) => Box::new(w::id.eq(*id)),
        Reach::Partner(partner) => Box::new(w::partner_id.assume_not_null().eq(partner.id)),
    })
}

/// Limits workers to those that a caller may change. An application lets a caller see a worker, not change
/// them.
pub fn own_workers(reach: &Reach) -> Option<Condition<w::table>> {
    match reach {
        Reach::Areas(areas) => {
            let there = in_areas!(w::area.assume_not_null(), areas);
            Some(Box::new(w::sandbox.eq(false).and(there)))
        }
        Reach::Organization(_) => Some(Box::new(false.into_sql::<Bool>())),
        _ => workers(reach),
    }
}

pub fn applications(reach: &Reach) -> Option<Condition<a::table>> {
    Some(match reach {
        Reach::Everything => return None,
        Reach::Areas(areas) => {
            let asked = exists(
                d::table
                    .filter(d::id.eq(a::deliverable_id))
                    .filter(d::area.eq_any(areas.clone())),
            );
            let own = exists(
                w::table
                    .filter(w::id.nullable().eq(a::worker_id))
                    .filter(w::area.eq_any(areas.clone())),
            );
            Box::new(a::sandbox.eq(false).and(asked.or(own)))
        }
        Reach::Organization(id) => {
            let asked = a::deliverable_id.eq_any(d::table.filter(asked_by!(*id)).select(d::id));
            let separated = by_separated!(a::worker_id, *id);
            Box::new(a::sandbox.eq(false).and(asked).and(not(separated)))
        }
        Reach::Worker(id) => Box::new(a::worker_id.assume_not_null().eq(*id)),
        Reach::Partner(partner) => Box::new(a::partner_id.assume_not_null().eq(partner.id)),
    })
}

/// Matches what belongs to one of these deliverables and waits for those who ask for them or coordinate them.
macro_rules! of_requesters {
    ($deliverable:expr, $some:expr, $reach:expr) => {
        match $reach {
            Reach::Everything => Box::new($deliverable.eq_any($some.select(d::id))) as Condition<_>,
            Reach::Areas(areas) => {
                let there = $some.filter(d::area.eq_any(areas.clone()));
                Box::new($deliverable.eq_any(there.select(d::id)))
            }
            Reach::Organization(id) => {
                let own = $some.filter(asked_by!(*id));
                Box::new($deliverable.eq_any(own.select(d::id)))
            }
            Reach::Worker(_) | Reach::Partner(_) => Box::new(false.into_sql::<Bool>()),
        }
    };
}

/// Selects deliverables whose team is looked for or completed again, or complete while answers are still missing.
macro_rules! forming {
    () => {
        d::table
            .filter(d::status.eq_any(["open", "matched", "in_progress"]))
            .filter(d::archived_at.is_null())
    };
}

/// Limits applications to those for a deliverable whose team is looked for.
pub fn for_forming_team() -> Condition<a::table> {
    Box::new(a::deliverable_id.eq_any(forming!().select(d::id)))
}

/// Limits applications to those for such a deliverable whose status has been the same since a moment.
pub fn for_team_as_it_was(since: Instant) -> Condition<a::table> {
    let unmoved = forming!().filter(sql::<MicrosecondTime>("deliverables.status_since").le(since));
    Box::new(a::deliverable_id.eq_any(unmoved.select(d::id)))
}

/// Limits applications to those for a deliverable whose team is looked for that the caller decides about.
pub fn decidable_applications(reach: &Reach) -> Condition<a::table> {
    let decidable: Condition<a::table> = of_requesters!(a::deliverable_id, forming!(), reach);
    Box::new(a::sandbox.eq(false).and(decidable))
}

/// Limits follow-ups to those of delivered work for which the caller answers.
pub fn open_follow_ups(reach: &Reach) -> Condition<f::table> {
    let delivered = d::table.filter(d::status.eq("delivered"));
    of_requesters!(f::deliverable_id, delivered, reach)
}

/// Selects the projects of which a worker is a member, or was.
macro_rules! worked_on {
    ($worker:expr) => {
        m::table.filter(m::worker_id.eq($worker)).select(m::project_id)
    };
}

/// Selects the records of a partner's volunteers.
macro_rules! volunteers {
    ($partner:expr) => {
        w::table.filter(w::partner_id.eq($partner.id)).select(w::id)
    };
}

/// Selects the projects of which a worker is a member now.
macro_rules! works_on {
    ($worker:expr) => {
        m::table
            .filter(m::worker_id.eq($worker))
            .filter(m::left_at.is_null())
            .select(m::project_id)
    };
}

/// Selects the cancelled projects of which a worker was a member until then: the team left in the moment of the cancellation.
macro_rules! was_cancelled_on {
    ($worker:expr) => {
        m::table
            .inner_join(pr::table.on(pr::id.eq(m::project_id)))
            .filter(m::worker_id.eq($worker))
            .filter(pr::status.eq("cancelled"))
            .filter(m::left_at.ge(pr::status_since.nullable()))
            .select(m::project_id)
    };
}

/// Matches projects of an organization, alone or jointly.
macro_rules! helps {
    ($id:expr) => {
        pr::organization_id.eq($id).or(pr::id.eq_any(jointly!($id)))
    };
}

/// Matches members who aren't kept apart from an organization.
macro_rules! known_to {
    ($organization:expr) => {
        not(by_separated!(m::worker_id, $organization))
    };
}

pub fn projects(reach: &Reach) -> Option<Condition<pr::table>> {
    Some(match reach {
        Reach::Everything => return None,
        Reach::Areas(areas) => in_areas!(pr::area, areas),
        Reach::Organization(id) => Box::new(helps!(*id)),
        Reach::Worker(id) => Box::new(pr::id.eq_any(worked_on!(*id))),
        Reach::Partner(partner) => {
            let teams = m::table.filter(m::worker_id.assume_not_null().eq_any(volunteers!(partner)));
            Box::new(pr::id.eq_any(teams.select(m::project_id)))
        }
    })
}

/// Selects the programmes of some areas.
macro_rules! programmes_of {
    ($areas:expr) => {
        pa::table
            .filter(pa::area.eq_any($areas.clone()))
            .select(pa::programme_id)
    };
}

/// Limits programmes to those that a caller may change: those of their areas.
pub fn own_programmes(reach: &Reach) -> Option<Condition<pg::table>> {
    Some(match reach {
        Reach::Everything => return None,
        Reach::Areas(areas) => Box::new(pg::id.eq_any(programmes_of!(areas))),
        Reach::Organization(_) | Reach::Worker(_) | Reach::Partner(_) => Box::new(false.into_sql::<Bool>()),
    })
}

/// Limits steps of programmes to those of programmes that a caller may change.
pub fn own_programme_steps(reach: &Reach) -> Option<Condition<ps::table>> {
    Some(match reach {
        Reach::Everything => return None,
        Reach::Areas(areas) => Box::new(ps::programme_id.eq_any(programmes_of!(areas))),
        Reach::Organization(_) | Reach::Worker(_) | Reach::Partner(_) => Box::new(false.into_sql::<Bool>()),
    })
}

/// Limits steps of programmes to those that concern a caller: of programmes for all areas, and for their areas.
pub fn programme_steps_nearby(reach: &Reach) -> Option<Condition<ps::table>> {
    let of_all = ps::programme_id.ne_all(pa::table.select(pa::programme_id));
    Some(match reach {
        Reach::Everything => return None,
        Reach::Areas(areas) => Box::new(of_all.or(ps::programme_id.eq_any(programmes_of!(areas)))),
        Reach::Organization(_) | Reach::Worker(_) | Reach::Partner(_) => Box::new(of_all),
    })
}

/// Selects the events that some areas hold.
macro_rules! events_of {
    ($areas:expr) => {
        ea::table
            .filter(ea::area.eq_any($areas.clone()))
            .select(ea::event_id)
    };
}

/// Selects the events that an organization holds.
macro_rules! events_by {
    ($id:expr) => {
        eh::table.filter(eh::organization_id.eq($id)).select(eh::event_id)
    };
}

/// Limits events to those that a caller sees: what is public, and what they hold.
pub fn events(reach: &Reach) -> Option<Condition<ev::table>> {
    let public = ev::is_public.eq(true);
    Some(match reach {
        Reach::Everything => return None,
        Reach::Areas(areas) => Box::new(public.or(ev::id.eq_any(events_of!(areas)))),
        Reach::Organization(id) => Box::new(public.or(ev::id.eq_any(events_by!(*id)))),
        Reach::Worker(_) | Reach::Partner(_) => Box::new(public),
    })
}

/// Limits events to those that a caller holds.
pub fn own_events(reach: &Reach) -> Option<Condition<ev::table>> {
    Some(match reach {
        Reach::Everything => return None,
        Reach::Areas(areas) => Box::new(ev::id.eq_any(events_of!(areas))),
        Reach::Organization(id) => Box::new(ev::id.eq_any(events_by!(*id))),
        Reach::Worker(_) | Reach::Partner(_) => Box::new(false.into_sql::<Bool>()),
    })
}

/// Limits events to those that a caller holds, or for which they are registered.
pub fn attended_events(reach: &Reach) -> Option<Condition<ev::table>> {
    match reach {
        Reach::Worker(id) => {
            let own = er::table
                .filter(er::worker_id.assume_not_null().eq(*id))
                .filter(er::status.ne("cancelled"));
            Some(Box::new(ev::id.eq_any(own.select(er::event_id))))
        }
        _ => own_events(reach),
    }
}

/// Limits registrations to those that a caller made, and those for events that they hold. Nobody who is kept apart from an
/// organization is shown to it.
pub fn registrations(reach: &Reach) -> Option<Condition<er::table>> {
    Some(match reach {
        Reach::Everything => return None,
        Reach::Areas(areas) => {
            let of_office = mr::office_area.assume_not_null().eq_any(areas.clone());
            let own = er::id.eq_any(mr::table.filter(of_office).select(mr::id));
            Box::new(er::event_id.eq_any(events_of!(areas)).or(own))
        }
        Reach::Organization(id) => {
            let held = er::event_id.eq_any(events_by!(*id));
            let own = er::organization_id
                .assume_not_null()
                .eq(*id)
                .and(er::organization_id.is_not_null());
            Box::new(held.or(own).and(not(by_separated!(er::worker_id, *id))))
        }
        Reach::Worker(id) => Box::new(er::worker_id.assume_not_null().eq(*id)),
        Reach::Partner(partner) => Box::new(er::partner_id.assume_not_null().eq(partner.id)),
    })
}

/// Limits what is shown to everybody to what a caller may change: of their areas, or the cards of the organization.
pub fn press_items(reach: &Reach) -> Option<Condition<pi::table>> {
    Some(match reach {
        Reach::Everything => return None,
        Reach::Areas(areas) => Box::new(
            pi::area
                .assume_not_null()
                .eq_any(areas.clone())
                .and(pi::area.is_not_null()),
        ),
        Reach::Organization(id) => Box::new(
            pi::organization_id
                .assume_not_null()
                .eq(*id)
                .and(pi::organization_id.is_not_null()),
        ),
        Reach::Worker(_) | Reach::Partner(_) => Box::new(false.into_sql::<Bool>()),
    })
}

/// Limits rounds to those whose deliverables are all within the reach.
pub fn rounds(reach: &Reach) -> Option<Condition<r::table>> {
    Some(match reach {
        Reach::Everything => return None,
        Reach::Areas(areas) => {
            let here = d::table.filter(d::area.eq_any(areas.clone())).select(d::id);
            let elsewhere = within::table
                .filter(within::round_id.eq(r::id))
                .filter(within::deliverable_id.ne_all(here));
            Box::new(not(exists(elsewhere)))
        }
        Reach::Organization(_) | Reach::Worker(_) | Reach::Partner(_) => Box::new(false.into_sql::<Bool>()),
    })
}

/// Limits webhooks to those of a partner. Administrators manage all of them.
pub fn webhooks(reach: &Reach) -> Option<Condition<hooks::table>> {
    Some(match reach {
        Reach::Everything => return None,
        Reach::Partner(partner) => Box::new(hooks::partner_id.eq(partner.id).assume_not_null()),
        Reach::Areas(_) | Reach::Organization(_) | Reach::Worker(_) => Box::new(false.into_sql::<Bool>()),
    })
}

/// Limits projects to those that a caller works on. A member who has left doesn't any more.
pub fn own_projects(reach: &Reach) -> Option<Condition<pr::table>> {
    match reach {
        Reach::Worker(id) => Some(Box::new(pr::id.eq_any(works_on!(*id)))),
        Reach::Partner(_) => Some(Box::new(false.into_sql::<Bool>())),
        _ => projects(reach),
    }
}

/// Limits the work in projects to that of the projects on which a caller works, or worked until they were cancelled: who has a
/// date in their calendar learns that it is off.
pub fn project_work(reach: &Reach) -> Option<Condition<e::table>> {
    macro_rules! of_projects {
        ($condition:expr) => {
            Box::new(e::project_id.eq_any(pr::table.filter($condition).select(pr::id)))
        };
    }
    Some(match reach {
        Reach::Everything => return None,
        Reach::Areas(areas) => of_projects!(pr::area.eq_any(areas.clone())),
        Reach::Organization(id) => {
            let helped = pr::table.filter(helps!(*id)).select(pr::id);
            Box::new(e::project_id.eq_any(helped).and(known_work(*id)))
        }
        Reach::Worker(id) => {
            let works = e::project_id.eq_any(works_on!(*id));
            Box::new(works.or(e::project_id.eq_any(was_cancelled_on!(*id))))
        }
        Reach::Partner(_) => Box::new(false.into_sql::<Bool>()),
    })
}

/// Limits the work in projects of an organization to what isn't of somebody kept apart from it.
pub fn known_work(organization: Id) -> Condition<e::table> {
    Box::new(not(by_separated!(e::worker_id, organization)))
}

/// Limits the members of projects within the reach to those that a caller may know of.
pub fn project_members(reach: &Reach) -> Option<Condition<m::table>> {
    Some(match reach {
        Reach::Everything | Reach::Areas(_) | Reach::Worker(_) => return None,
        Reach::Organization(id) => Box::new(known_to!(*id)),
        Reach::Partner(partner) => Box::new(m::worker_id.assume_not_null().eq_any(volunteers!(partner))),
    })
}

/// Limits projects within the reach to those with a worker in the team. Nobody finds a member whom they don't see.
pub fn projects_with(reach: &Reach, worker: Id) -> Condition<pr::table> {
    match reach {
        Reach::Everything | Reach::Areas(_) => Box::new(pr::id.eq_any(works_on!(worker))),
        Reach::Organization(id) => Box::new(pr::id.eq_any(works_on!(worker).filter(known_to!(*id)))),
        Reach::Worker(own) => Box::new(
            pr::id
                .eq_any(works_on!(worker))
                .and(pr::id.eq_any(works_on!(*own))),
        ),
        Reach::Partner(partner) => {
            let is_theirs = m::worker_id.assume_not_null().eq_any(volunteers!(partner));
            Box::new(pr::id.eq_any(works_on!(worker).filter(is_theirs)))
        }
    }
}

/// Limits duplicates to pairs whose records are both in the caller's areas and aren't merged with a record
/// elsewhere. Nobody learns from duplicates that somebody is known in another area.
pub fn duplicates(reach: &Reach) -> Option<Condition<p::table>> {
    let Reach::Areas(areas) = reach else {
        let none = || -> Condition<p::table> { Box::new(false.into_sql::<Bool>()) };
        return (*reach != Reach::Everything).then(none);
    };
    macro_rules! here {
        ($table:ident, $own:expr, $other:expr) => {
            exists(
                $table::table
                    .filter($table::id.eq($own))
                    .filter($table::area.eq_any(areas.clone()))
                    .filter(
                        $table::merged_into
                            .is_null()
                            .or($table::merged_into.assume_not_null().eq($other)),
                    ),
            )
        };
    }
    macro_rules! merged_elsewhere {
        ($table:ident, $is_elsewhere:expr) => {
            exists(
                $table::table
                    .filter(
                        $table::merged_into
                            .assume_not_null()
                            .eq(p::one_id)
                            .or($table::merged_into.assume_not_null().eq(p::other_id)),
                    )
                    .filter($is_elsewhere),
            )
        };
    }
    let people = here!(w, p::one_id, p::other_id).and(here!(w, p::other_id, p::one_id));
    let groups = here!(o, p::one_id, p::other_id).and(here!(o, p::other_id, p::one_id));
    let is_elsewhere = w::area
        .is_null()
        .or(w::area.assume_not_null().ne_all(areas.clone()));
    let people = people.and(not(merged_elsewhere!(w, is_elsewhere)));
    let groups = groups.and(not(merged_elsewhere!(o, o::area.ne_all(areas.clone()))));
    Some(Box::new(people.or(groups)))
}

macro_rules! some_records {
    ($($name:ident, $table:ident, $condition:ident;)*) => {$(
        /// Returns those of the records that exist within the reach.
        pub fn $name(db: &mut Db, reach: &Reach, ids: &[Id]) -> Result<BTreeSet<Id>> {
            let mut some = $table::table.filter($table::id.eq_any(ids)).select($table::id).into_boxed();
            if let Some(condition) = $condition(reach) {
                some = some.filter(condition);
            }
            Ok(some.load::<Id>(db)?.into_iter().collect())
        }
    )*};
}
some_records! {
    some_organizations, o, organizations;
    some_own_organizations, o, own_organizations;
    some_workers, w, workers;
    some_deliverables, d, deliverables;
    some_events, ev, events;
}

/// Returns whether a worker is kept apart from any of these organizations.
pub fn is_separated(db: &mut Db, worker: Id, organizations: &[Id]) -> Result<bool> {
    let separated = w::table
        .filter(w::id.eq(worker))
        .filter(kept(w::merged_into, w::id).eq_any(separated_people!(organizations)));
    Ok(separated.select(w::id).get_result::<Id>(db).optional()?.is_some())
}

/// Returns the pairs of these workers whom somebody has told apart: they are two persons, however alike they look.
pub fn told_apart(db: &mut Db, workers: &[Id]) -> Result<Vec<(Id, Id)>> {
    let apart = p::table
        .filter(p::status.eq("distinct"))
        .filter(p::one_id.eq_any(workers))
        .filter(p::other_id.eq_any(workers));
    Ok(apart.select((p::one_id, p::other_id)).load(db)?)
}

macro_rules! has_record {
    ($($name:ident, $table:ident, $condition:ident;)*) => {$(
        /// Returns whether the record exists within the reach.
        pub fn $name(db: &mut Db, reach: &Reach, id: Id) -> Result<bool> {
            let mut one = $table::table.filter($table::id.eq(id)).select($table::id).into_boxed();
            if let Some(condition) = $condition(reach) {
                one = one.filter(condition);
            }
            Ok(one.get_result::<Id>(db).optional()?.is_some())
        }
    )*};
}
has_record! {
    has_organization, o, organizations;
    has_own_organization, o, own_organizations;
    has_deliverable, d, deliverables;
    has_own_worker, w, own_workers;
}
