//! SQL of the statistics.

use super::outcomes::{FollowUpResult, Marks};
use super::rules::{self, Recorded, month_name, quarter_name};
use super::{ApplicationStatisticsFilter, Group, StatisticsFilter};
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::{
    applications::dsl as a, declared_totals, deliverables, deliverables::dsl as d, follow_ups::dsl as f,
    project_reviews::dsl as r, projects::dsl as p,
};
use crate::db::search::Condition;
use crate::db::{BATCH, Db, Id, on};
use crate::error::Result;
use crate::http::query::with_codes;
use crate::projects;
use crate::values::with_wards;
use crate::workers::DEMO_SOURCE;
use diesel::dsl::{count_star, exists, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use std::collections::HashMap;

/// Counts deliverables by all dimensions at once. One index covers all of them.
pub fn count_recorded(db: &mut Db, filter: &StatisticsFilter) -> Result<Vec<Recorded>> {
    type Row = (
        i32,
        Option<i32>,
        String,
        String,
        String,
        String,
        String,
        Option<i32>,
        i64,
    );
    type Columns = (
        Integer,
        Nullable<Integer>,
        Text,
        Text,
        Text,
        Text,
        Text,
        Nullable<Integer>,
        BigInt,
    );
    // As text, since diesel doesn't know the further columns as those of this table.
    const GROUP: &str = "fiscal_year, month, format, area, family, deliverable_type, status, days_to_match";
    let grouped = d::deliverables
        .group_by(sql::<Integer>(GROUP))
        .select(sql::<Columns>(&format!("{GROUP}, COUNT(*)")));
    let mut query = grouped.into_boxed();
    for condition in conditions(db, filter)? {
        query = query.filter(condition);
    }
    let group = |(year, month, format, area, family, type_, status, days, count): Row| {
        let (format, area, family) = (Some(format), Some(area), Some(family));
        let group = Group {
            fiscal_year: Some(year),
            quarter: month.map(quarter_name),
            month: month.map(month_name),
            format,
            area,
            family,
            type_: Some(type_),
            role: None,
            status: Some(status),
        };
        (group, days, count)
    };
    Ok(query.load::<Row>(db)?.into_iter().map(group).collect())
}

/// Returns the conditions of a filter of deliverables.
fn conditions(db: &mut Db, filter: &StatisticsFilter) -> Result<Vec<Condition<deliverables::table>>> {
    let (role, skill) = (filter.role.as_deref(), filter.skill.as_deref());
    let mut conditions = crate::deliverables::store::asked(db, filter.organization_id, role, skill)?;
    if !filter.include_demo {
        let is_real = d::source
            .is_null()
            .or(d::source.assume_not_null().ne(DEMO_SOURCE));
        conditions.push(Box::new(is_real));
    }
    if let Some(year) = filter.fiscal_year {
        conditions.push(Box::new(d::fiscal_year.eq(year)));
    }
    if let Some((from, to)) = filter.years {
        conditions.push(Box::new(d::fiscal_year.between(from, to)));
    }
    if let Some(areas) = &filter.areas {
        conditions.push(Box::new(d::area.eq_any(areas.clone())));
    }
    if let Some(formats) = &filter.format {
        conditions.push(Box::new(d::format.eq_any(formats.codes())));
    }
    if let Some(area) = &filter.area {
        conditions.push(Box::new(d::area.eq_any(with_wards(area))));
    }
    if let Some(family) = &filter.family {
        conditions.push(Box::new(d::family.eq(family.clone())));
    }
    if let Some(code) = &filter.type_ {
        conditions.push(Box::new(d::deliverable_type.eq(code.clone())));
    }
    if let Some(statuses) = &filter.status {
        conditions.push(Box::new(d::status.eq_any(statuses.codes())));
    }
    Ok(conditions)
}

/// The dimensions of outcomes: year, format, area, family and type.
type Dimensions = (i32, String, String, String, String);

const DIMENSIONS: (d::fiscal_year, d::format, d::area, d::family, d::deliverable_type) =
    (d::fiscal_year, d::format, d::area, d::family, d::deliverable_type);

fn group((year, format, area, family, type_): Dimensions) -> Group {
    Group {
        fiscal_year: Some(year),
        format: Some(format),
        area: Some(area),
        family: Some(family),
        type_: Some(type_),
        ..Group::default()
    }
}

/// A deliverable with answered follow-ups or reviews.
pub struct Followed {
    pub group: Group,
    pub organization: Id,
}

/// Looks up the deliverables that pass a filter and have answered follow-ups or reviews.
pub fn followed(db: &mut Db, filter: &StatisticsFilter) -> Result<HashMap<Id, Followed>> {
    let answered = f::follow_ups
        .filter(f::deliverable_id.eq(d::id))
        .filter(f::answered_at.is_not_null());
    let reviewed = r::project_reviews.filter(r::deliverable_id.eq(d::id));
    let followed = d::deliverables.filter(exists(answered).or(exists(reviewed)));
    let mut query = followed
        .select((d::id, d::organization_id, DIMENSIONS))
        .into_boxed();
    for condition in conditions(db, filter)? {
        query = query.filter(condition);
    }
    let read = |(id, organization, dimensions): (Id, Id, Dimensions)| {
        let group = group(dimensions);
        (id, Followed { group, organization })
    };
    Ok(query.load(db)?.into_iter().map(read).collect())
}

/// Lists how many days each of the delivered projects of deliverables that pass a filter took.
pub fn durations(db: &mut Db, filter: &StatisticsFilter) -> Result<Vec<(Group, u32)>> {
    let delivered = p::projects
        .filter(p::id.eq(d::id))
        .filter(p::delivered_day.is_not_null());
    let mut query = d::deliverables
        .filter(exists(delivered))
        .select((d::id, DIMENSIONS))
        .into_boxed();
    for condition in conditions(db, filter)? {
        query = query.filter(condition);
    }
    let groups: HashMap<Id, Dimensions> = query.load::<(Id, Dimensions)>(db)?.into_iter().collect();
    let ids: Vec<Id> = groups.keys().copied().collect();
    let mut found = Vec::new();
    for ids in ids.chunks(BATCH) {
        for project in projects::store::load_some(db, ids)? {
            let dimensions = groups.get(&project.id).cloned();
            found.extend(dimensions.map(group).zip(project.days_taken()));
        }
    }
    Ok(found)
}

/// Lists the answers about these deliverables.
pub fn follow_up_results(
    db: &mut Db,
    followed: &HashMap<Id, Followed>,
) -> Result<Vec<(Group, FollowUpResult)>> {
    type Row = (Id, i32, bool, Option<i32>, bool);
    let ids: Vec<Id> = followed.keys().copied().collect();
    let mut found = Vec::new();
    for ids in ids.chunks(BATCH) {
        let rows = f::follow_ups
            .filter(f::deliverable_id.eq_any(ids))
            .filter(f::answered_at.is_not_null())
            .select((
                f::deliverable_id,
                f::months,
                f::still_in_use.assume_not_null(),
                f::reach,
                f::would_do_again.assume_not_null(),
            ))
            .load::<Row>(db)?;
        let read = |(deliverable, months, still_in_use, reach, would_do_again): Row| {
            let result = FollowUpResult {
                deliverable,
                months,
                still_in_use,
                reach,
                would_do_again,
            };
            Some((followed.get(&deliverable)?.group.clone(), result))
        };
        found.extend(rows.into_iter().filter_map(read));
    }
    Ok(found)
}

/// Lists the marks of the reviews of these deliverables.
pub fn marks(db: &mut Db, followed: &HashMap<Id, Followed>) -> Result<Vec<(Group, Marks)>> {
    type Row = (Id, Option<Id>, String, (i32, i32, i32, i32));
    let ids: Vec<Id> = followed.keys().copied().collect();
    let mut found = Vec::new();
    for ids in ids.chunks(BATCH) {
        let rows = r::project_reviews
            .inner_join(a::applications.on(a::id.eq(r::application_id)))
            .filter(r::deliverable_id.eq_any(ids))
            .select((
                r::deliverable_id,
                a::worker_id,
                r::author,
                (r::communication, r::quality, r::reliability, r::again),
            ))
            .load::<Row>(db)?;
        let read = |(deliverable, worker, author, (one, two, three, four)): Row| {
            let of = followed.get(&deliverable)?;
            let marks = Marks {
                author: author.parse().ok()?,
                organization: of.organization,
                worker,
                marks: [one, two, three, four],
            };
            Some((of.group.clone(), marks))
        };
        found.extend(rows.into_iter().filter_map(read));
    }
    Ok(found)
}

/// Counts applications by all dimensions at once.
pub fn count_applications(db: &mut Db, filter: &ApplicationStatisticsFilter) -> Result<Vec<(Group, i64)>> {
    type Row = (i32, String, String, String, String, String, String, i64);
    let columns = (
        a::month,
        a::status,
        a::role,
        d::format,
        d::area,
        d::family,
        d::deliverable_type,
    );
    let (month, status, role, format, area, family, kind) = columns;
    let grouped = a::applications
        .inner_join(d::deliverables.on(d::id.eq(a::deliverable_id)))
        .group_by(columns)
        .select((month, status, role, format, area, family, kind, count_star()));
    let mut query = grouped.into_boxed().filter(a::sandbox.eq(false));
    if !filter.include_demo {
        query = query.filter(d::source.is_null().or(d::source.ne(DEMO_SOURCE)));
    }
    if let Some(year) = filter.fiscal_year {
        let april = year * 12 + 3;
        query = query.filter(a::month.ge(april).and(a::month.lt(april + 12)));
    }
    if let Some(statuses) = &filter.status {
        query = with_codes!(query, a::status, statuses);
    }
    if let Some(role) = &filter.role {
        query = query.filter(a::role.eq(role));
    }
    if let Some(area) = &filter.area {
        query = query.filter(d::area.eq_any(with_wards(area)));
    }
    if let Some(family) = &filter.family {
        query = query.filter(d::family.eq(family));
    }
    if let Some(code) = &filter.type_ {
        query = query.filter(d::deliverable_type.eq(code));
    }
    let group = |(month, status, role, format, area, family, type_, count): Row| {
        let group = Group {
            fiscal_year: Some(rules::fiscal_year(month)),
            quarter: Some(quarter_name(month)),
            month: Some(month_name(month)),
            format: Some(format),
            area: Some(area),
            family: Some(family),
            type_: Some(type_),
            role: Some(role),
            status: Some(status),
        };
        (group, count)
    };
    Ok(query.load::<Row>(db)?.into_iter().map(group).collect())
}

/// Counts what was declared without being listed, by year and format.
pub fn count_unlisted(db: &mut Db, filter: &StatisticsFilter) -> Result<Vec<(Group, i64)>> {
    use declared_totals::dsl as t;
    let mut query = t::declared_totals
        .select((t::fiscal_year, t::format, t::declared, t::listed))
        .into_boxed();
    if let Some(year) = filter.fiscal_year {
        query = query.filter(t::fiscal_year.eq(year));
    }
    if let Some(formats) = &filter.format {
        query = with_codes!(query, t::format, formats);
    }
    let group = |(year, format, declared, listed): (i32, String, i32, i32)| {
        let missing = i64::from(declared - listed).max(0);
        (
            Group {
                fiscal_year: Some(year),
                format: Some(format),
                ..Group::default()
            },
            missing,
        )
    };
    Ok(query.load(db)?.into_iter().map(group).collect())
}

/// What a publication declares for a year and category, and how many of those it lists.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Queryable, Insertable)]
#[diesel(table_name = declared_totals)]
pub struct DeclaredTotal {
    pub source: String,
    pub fiscal_year: i32,
    pub category: String,
    pub format: String,
    pub declared: i32,
    pub listed: i32,
}

/// Lists what publications declare for some fiscal years.
pub fn declared(db: &mut Db, (from, to): (i32, i32)) -> Result<Vec<DeclaredTotal>> {
    use declared_totals::dsl as t;
    let all = t::declared_totals.filter(t::fiscal_year.between(from, to));
    Ok(all.load(db)?)
}

/// Replaces the totals that a source declares. Returns whether they changed.
pub fn replace_declared(db: &mut Db, actor: &str, source: &str, totals: &[DeclaredTotal]) -> Result<bool> {
    use declared_totals::dsl as t;
    let mut before: Vec<DeclaredTotal> = t::declared_totals.filter(t::source.eq(source)).load(db)?;
    let mut after = totals.to_vec();
    before.sort();
    after.sort();
    if before == after {
        return Ok(false);
    }
    diesel::delete(t::declared_totals.filter(t::source.eq(source))).execute(db)?;
    on!(db, |c| diesel::insert_into(declared_totals::table)
        .values(&after)
        .execute(c))?;
    let change = Change::new(Subject::DeclaredTotal, source, Action::Updated, 1);
    changes::store::append(db, actor, &[change])?;
    Ok(true)
}
