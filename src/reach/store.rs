//! The conditions for each reach, `None` for everything.
//!
//! The parts are macros, because diesel gives a condition inside a subquery its own type.

use crate::auth::Reach;
use crate::db::schema::{
    applications as a, deliverable_organizations as joint, deliverables as d,
    deliverables_shared_with_partners as shared, duplicates as p, organizations, organizations as o,
    released_deliverables as released, worker_separations as separations, workers, workers as w,
};
use crate::db::search::Condition;
use crate::db::{Db, Id, UniqueId};
use crate::error::Result;
use diesel::dsl::{exists, not};
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

/// Matches deliverables of an organization, alone or jointly. A joint one has to have accepted.
macro_rules! asked_by {
    ($id:expr) => {
        d::organization_id.eq($id).or(d::id.eq_any(
            joint::table
                .filter(joint::organization_id.eq($id))
                .filter(joint::status.eq("accepted"))
                .select(joint::deliverable_id),
        ))
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

/// Selects workers with an active application for one of these deliverables.
macro_rules! applicants {
    ($deliverables:expr) => {
        a::table
            .filter(a::deliverable_id.eq_any(d::table.filter($deliverables).select(d::id)))
            .filter(a::status.eq_any(["submitted", "accepted"]))
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
        Reach::Areas(areas) => Box::new(o::area.eq_any(areas.clone())),
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
        Reach::Areas(areas) => Box::new(d::area.eq_any(areas.clone())),
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
            let there = w::area.assume_not_null().eq_any(areas.clone());
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
            let separated = exists(
                w::table
                    .filter(w::id.nullable().eq(a::worker_id))
                    .filter(kept(w::merged_into, w::id).eq_any(separated_people!([*id]))),
            );
            Box::new(a::sandbox.eq(false).and(asked).and(not(separated)))
        }
        Reach::Worker(id) => Box::new(a::worker_id.assume_not_null().eq(*id)),
        Reach::Partner(partner) => Box::new(a::partner_id.assume_not_null().eq(partner.id)),
    })
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
}

/// Returns whether a worker is kept apart from any of these organizations.
pub fn is_separated(db: &mut Db, worker: Id, organizations: &[Id]) -> Result<bool> {
    let separated = w::table
        .filter(w::id.eq(worker))
        .filter(kept(w::merged_into, w::id).eq_any(separated_people!(organizations)));
    Ok(separated.select(w::id).first::<Id>(db).optional()?.is_some())
}

macro_rules! has_record {
    ($($name:ident, $table:ident, $condition:ident;)*) => {$(
        /// Returns whether the record exists within the reach.
        pub fn $name(db: &mut Db, reach: &Reach, id: Id) -> Result<bool> {
            let mut one = $table::table.filter($table::id.eq(id)).select($table::id).into_boxed();
            if let Some(condition) = $condition(reach) {
                one = one.filter(condition);
            }
            Ok(one.first::<Id>(db).optional()?.is_some())
        }
    )*};
}
has_record! {
    has_organization, o, organizations;
    has_own_organization, o, own_organizations;
    has_deliverable, d, deliverables;
    has_own_worker, w, own_workers;
}
