//! Counting deliverables and applications.

use super::coverage::{
    self, Coverage, CoverageCounts, CoverageFilter, CoverageUncounted, CoveredArea, NEAR_METRES,
};
use super::outcomes::OutcomeStatistics;
use super::responses::{CoordinatorResponses, OrganizationResponses, ResponseFilter};
use super::{
    ApplicationStatistics, ApplicationStatisticsFilter, DeliverableStatistics, Dimension, OutcomeFilter,
    StatisticsFilter, rules, store,
};
use crate::auth::{Reach, UserRole};
use crate::catalogue::calendar::{self, day_number};
use crate::catalogue::{Catalogue, Filters};
use crate::db::{Db, Id};
use crate::error::{Error, FieldError, Place, Result, Text};
use crate::http::Page;
use crate::http::page::Paging;
use crate::http::query::{Several, check_span};
use crate::indicators::{self, Indicator};
use crate::reach::store::has_organization;
use crate::users::{self, UserFilter};
use crate::values::with_wards;
use crate::workers::{self, DEMO_SOURCE};
use crate::{applications, events, organizations};
use matcher::EntryNo;
use std::collections::{HashMap, HashSet};

/// Counts the deliverables that match a filter. It may name an organization within the reach.
pub fn count(
    db: &mut Db,
    reach: &Reach,
    catalogue: &Catalogue,
    mut filter: StatisticsFilter,
) -> Result<DeliverableStatistics> {
    let group_by = rules::parse_dimensions(Dimension::OF_DELIVERABLES, &filter.group_by)?;
    check(catalogue, &mut filter)?;
    if let Some(organization) = filter.organization_id
        && !has_organization(db, reach, organization)?
    {
        let unknown = crate::deliverables::rules::unknown_organization("");
        let place = Place::Parameter("organization_id".into());
        return Err(Error::Invalid(vec![FieldError { place, ..unknown }]));
    }
    let recorded = store::count_recorded(db, &filter)?;
    let unlisted = if filter.applies_to_unlisted() {
        Some(store::count_unlisted(db, &filter)?)
    } else {
        None
    };
    Ok(DeliverableStatistics::new(group_by, recorded, unlisted))
}

fn check(catalogue: &Catalogue, filter: &mut StatisticsFilter) -> Result<()> {
    let filters = Filters::of(catalogue)
        .area(&mut filter.area)
        .family(&filter.family)
        .entry("type", &filter.type_, |c| &c.types);
    filters
        .entry("role", &filter.role, |c| &c.roles)
        .entry("skill", &filter.skill, |c| &c.skills)
        .fiscal_year(filter.fiscal_year)
        .check()
}

/// Counts what became of the delivered work that matches a filter.
pub fn count_outcomes(
    db: &mut Db,
    catalogue: &Catalogue,
    filter: OutcomeFilter,
) -> Result<OutcomeStatistics> {
    let mut filter = StatisticsFilter::from(filter);
    let group_by = rules::parse_dimensions(Dimension::OF_OUTCOMES, &filter.group_by)?;
    check(catalogue, &mut filter)?;
    add_up_outcomes(db, group_by, &filter)
}

/// Counts what became of the work that matches a filter, by some dimensions.
pub fn add_up_outcomes(
    db: &mut Db,
    group_by: Vec<Dimension>,
    filter: &StatisticsFilter,
) -> Result<OutcomeStatistics> {
    let delivered = store::count_recorded(db, filter)?.into_iter();
    let followed = store::followed(db, filter)?;
    let answers = store::follow_up_results(db, &followed)?;
    let reviews = store::marks(db, &followed)?;
    let durations = store::durations(db, filter)?;
    let counted = delivered.map(|(group, _, count)| (group, count)).collect();
    Ok(OutcomeStatistics::new(
        group_by, counted, durations, &answers, &reviews,
    ))
}

/// Lists organizations with how fast applications for what they request are answered.
pub fn organization_responses(
    db: &mut Db,
    reach: &Reach,
    catalogue: &Catalogue,
    mut filter: ResponseFilter,
) -> Result<Page<OrganizationResponses>> {
    Filters::of(catalogue).area(&mut filter.area).check()?;
    let page = organizations::store::list(db, reach, &filter.into())?;
    let ids: Vec<Id> = page.items.iter().map(|one| one.id).collect();
    let today = day_number(calendar::today());
    let tallies = applications::store::responses::of_organizations(db, &ids, today)?;
    Ok(page.map(|organization| OrganizationResponses {
        responses: tallies
            .get(&organization.id)
            .cloned()
            .unwrap_or_default()
            .responses(),
        organization_id: organization.id,
        name: organization.details.name,
    }))
}

/// Lists coordinators with how fast they answer. With `own`, only this one.
pub fn coordinator_responses(
    db: &mut Db,
    own: Option<Option<Id>>,
    paging: Paging,
) -> Result<Page<CoordinatorResponses>> {
    let page = match own {
        Some(own) => {
            let user = own.map(|id| users::store::find(db, id)).transpose()?;
            let own = Vec::from_iter(user);
            let count = own.len();
            Page::all(own).counted(paging.count, || Ok(count))?
        }
        None => {
            let filter = UserFilter {
                role: Some(Several(vec![UserRole::Coordinator])),
                count: paging.count,
                limit: paging.limit,
                cursor: paging.cursor,
                ..UserFilter::default()
            };
            users::store::list(db, &filter)?
        }
    };
    let of_areas = applications::store::responses::of_areas(db, day_number(calendar::today()))?;
    Ok(page.map(|user| CoordinatorResponses::new(user.id, user.details, &of_areas)))
}

/// Counts the applications that match a filter.
pub fn count_applications(
    db: &mut Db,
    catalogue: &Catalogue,
    mut filter: ApplicationStatisticsFilter,
) -> Result<ApplicationStatistics> {
    let group_by = rules::parse_dimensions(Dimension::OF_APPLICATIONS, &filter.group_by)?;
    let filters = Filters::of(catalogue)
        .area(&mut filter.area)
        .family(&filter.family)
        .entry("type", &filter.type_, |c| &c.types);
    filters
        .entry("role", &filter.role, |c| &c.roles)
        .fiscal_year(filter.fiscal_year)
        .check()?;
    let applications = store::count_applications(db, &filter)?;
    Ok(ApplicationStatistics::new(group_by, applications))
}

/// Compares what was done in each served area with the people of 75 and over there.
pub fn coverage(db: &mut Db, catalogue: &Catalogue, filter: &CoverageFilter) -> Result<Coverage> {
    let refused = |code: &'static str, rule: Text| {
        let fault = FieldError::at("", code, rule);
        let place = Place::Parameter("area".into());
        Error::Invalid(vec![FieldError { place, ..fault }])
    };
    let place = filter.area.as_deref().map(|code| {
        let found = indicators::place(catalogue, code);
        found.map(|(code, _)| code).ok_or_else(|| {
            let rule = Text::new("この地域はありません。", "There is no such area.");
            refused("unknown_area", rule)
        })
    });
    let place = place.transpose()?;
    Filters::of(catalogue)
        .year("from", filter.from)
        .year("to", filter.to)
        .year("projection_year", filter.projection_year)
        .check()?;
    check_span(filter.from, ("to", filter.to))?;
    let is_asked = |code: &str| {
        place.as_deref().is_none_or(|place| match catalogue.area(place) {
            Some(_) => with_wards(place).iter().any(|one| one == code),
            None => code.get(..2) == place.get(..2),
        })
    };
    let mut served = catalogue.fixed.served_areas();
    if place.is_some() && !served.any(|area| is_asked(area.code.as_str())) {
        let rule = Text::new("対象外の地域です。", "This area isn't served.");
        return Err(refused("area_not_served", rule));
    }
    let areas = catalogue.fixed.served_areas();
    let hidden = (!filter.include_demo).then_some(DEMO_SOURCE);
    let of_year =
        |year: i32| filter.from.is_none_or(|from| from <= year) && filter.to.is_none_or(|to| year <= to);
    let mut counts: HashMap<String, CoverageCounts> = HashMap::new();
    for (area, count) in organizations::store::count_by_area(db, hidden)? {
        counts.entry(area).or_default().groups += count;
    }
    let years = (filter.from.unwrap_or(i32::MIN), filter.to.unwrap_or(i32::MAX));
    for (area, count) in events::store::count_by_area(db, years, filter.include_demo)? {
        counts.entry(area).or_default().events += count;
    }
    let all = StatisticsFilter {
        include_demo: filter.include_demo,
        ..StatisticsFilter::default()
    };
    for (group, _, count) in store::count_recorded(db, &all)? {
        let status = group.status.and_then(|status| status.parse().ok());
        if let (Some(status), true) = (status, group.fiscal_year.is_some_and(of_year)) {
            let area = group.area.unwrap_or_default();
            counts.entry(area).or_default().add(status, count);
        }
    }
    let served = catalogue.fixed.served_areas();
    let served: HashSet<&str> = served.map(|area| area.code.as_str()).collect();
    let elsewhere = counts.iter().filter(|(area, _)| !served.contains(area.as_str()));
    let (groups, requests) = elsewhere.fold((0, 0), |sum, (_, counts)| {
        (sum.0 + counts.groups, sum.1 + counts.requests)
    });
    let uncounted = CoverageUncounted {
        groups,
        requests,
        events: events::store::count_of_all_areas(db, years, filter.include_demo)?,
    };
    let map = &catalogue.fixed.areas;
    let workers = workers::store::count_active_by_area(db, hidden)?.into_iter();
    let workers: Vec<_> = workers
        .filter_map(|(area, count)| Some((map.position(&area)?, count)))
        .collect();
    let covered = areas.map(|area| {
        let near = |here: &(EntryNo, i64)| {
            map.position(&area.code).is_some_and(|there| {
                let geography = &map.geography;
                geography.metres(here.0, there) <= NEAR_METRES && geography.is_reachable(here.0, there)
            })
        };
        CoveredArea {
            code: area.code.clone(),
            name: catalogue.fixed.name_here(area),
            counts: counts.get(area.code.as_str()).copied().unwrap_or_default(),
            workers_near: workers
                .iter()
                .filter(|here| near(here))
                .map(|(_, count)| count)
                .sum(),
        }
    });
    let covered: Vec<CoveredArea> = covered.collect();
    let figures = indicators::store::of_indicator(db, Indicator::Population75Plus)?;
    let sources = indicators::actions::labels(db)?;
    let needs = coverage::needs(figures, &sources, filter.projection_year);
    Ok(Coverage {
        uncounted,
        ..Coverage::new(covered, needs, is_asked)
    })
}
