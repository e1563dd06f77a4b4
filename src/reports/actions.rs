//! Computing a report.

use super::sections::{self, Gatherings, Names, Overview, Web};
use super::{MOST_ROWS, MOST_YEARS, Report, ReportSpan, years};
use crate::auth::Reach;
use crate::catalogue::{Catalogue, Filters};
use crate::db::{BATCH, Db, Id, Instant};
use crate::deliverables::DeliverableStatus;
use crate::error::{Error, FieldError, Place, Result, Text};
use crate::http::Language;
use crate::http::query::Several;
use crate::press::actions::Shown;
use crate::press::feedback::FeedbackSummary;
use crate::press::month::Month;
use crate::press::publications::{NewPublication, Publication};
use crate::reach::store::some_organizations;
use crate::statistics::coverage::CoverageFilter;
use crate::statistics::{self, Dimension, Group, StatisticsFilter};
use crate::workers::DEMO_SOURCE;
use crate::{deliverables, events, organizations, press, programmes, projects};
use std::collections::{BTreeSet, HashMap};

/// One more than a section shows, so that it knows whether there are more.
const LIMIT: i64 = MOST_ROWS as i64 + 1;

/// Checks the fiscal years of a report. `names` are the parameters that give them.
fn check(catalogue: &Catalogue, span: &ReportSpan, names: (&str, &str)) -> Result<()> {
    Filters::of(catalogue)
        .year(names.0, Some(span.from))
        .year(names.1, Some(span.to).filter(|_| names.0 != names.1))
        .check()?;
    let fault = |code: &'static str, rule: Text| {
        let fault = FieldError::at("", code, rule);
        let place = Place::Parameter(names.1.to_owned());
        Err(Error::Invalid(vec![FieldError { place, ..fault }]))
    };
    if span.to < span.from {
        let (ja, en) = (
            "終わりの年度は始まりの年度以降にしてください。",
            "The last year is before the first one.",
        );
        return fault("years_reversed", Text::new(ja, en));
    }
    if span.to - span.from >= MOST_YEARS {
        let rule = Text::new(
            format!("{MOST_YEARS}年度分までにしてください。"),
            format!("A report has at most {MOST_YEARS} years."),
        );
        return fault("too_many_years", rule);
    }
    Ok(())
}

/// Computes the report of some fiscal years, as far as the caller reaches.
pub fn report(
    db: &mut Db,
    reach: &Reach,
    catalogue: &Catalogue,
    span: &ReportSpan,
    names: (&str, &str),
) -> Result<Report> {
    check(catalogue, span, names)?;
    let of_years = (span.from, span.to);
    let areas: Option<Vec<String>> = match reach {
        Reach::Everything => None,
        Reach::Areas(areas) => Some(areas.clone()),
        Reach::Organization(_) | Reach::Worker(_) | Reach::Partner(_) => Some(Vec::new()),
    };
    let filter = StatisticsFilter {
        include_demo: span.include_demo,
        years: Some(of_years),
        areas: areas.clone(),
        ..StatisticsFilter::default()
    };
    let recorded = statistics::store::count_recorded(db, &filter)?.into_iter();
    let recorded: Vec<(Group, i64)> = recorded.map(|(group, _, count)| (group, count)).collect();
    // What a publication declares is of all areas.
    let declared = match areas {
        None => statistics::store::declared(db, of_years)?,
        Some(_) => Vec::new(),
    };
    let engaged = deliverables::store::engagements(db, reach, of_years, span.include_demo, LIMIT)?;
    let hidden = (!span.include_demo).then_some(DEMO_SOURCE);
    let accompanied = projects::store::accompaniments(db, reach, of_years, hidden, LIMIT)?;
    let leads = engaged.iter().flat_map(|one| one.request.organization_ids());
    let helped = accompanied.iter().map(|one| one.plan.organization_id);
    let published = publications(db, reach, areas.as_deref(), (of_years, span.include_demo))?;
    let sent_to = published.iter().flat_map(|one| &one.plan.recipients);
    let sent_to = sent_to.filter_map(|recipient| recipient.organization_id);
    let named: BTreeSet<Id> = leads.chain(helped).chain(sent_to).collect();
    let names = Names {
        catalogue,
        language: span.language,
        organizations: organization_names(db, reach, &named.into_iter().collect::<Vec<_>>())?,
    };
    let events = events::store::of_years(db, areas.as_deref(), of_years, span.include_demo, LIMIT)?;
    let gatherings = Gatherings {
        attendance: events::funnel::attendance(db, &events)?,
        events,
    };
    let funnels = events::funnel::of_consultations(db, reach, &gatherings.events)?;
    let delivered = StatisticsFilter {
        status: Some(Several(vec![DeliverableStatus::Delivered])),
        ..filter
    };
    let by_year = vec![Dimension::FiscalYear];
    let outcomes = statistics::actions::add_up_outcomes(db, by_year, &delivered)?;
    let coverage = CoverageFilter {
        from: Some(span.from),
        to: Some(span.to),
        include_demo: span.include_demo,
        ..CoverageFilter::default()
    };
    let coverage = statistics::actions::coverage(db, catalogue, &coverage)?;
    let programmes = programmes::store::of_years(db, areas.as_deref(), of_years, span.include_demo, LIMIT)?;
    let web = Web {
        views: press::store::views::count(db, Month::of_years(span.from, span.to))?,
        is_of_areas: areas.is_some(),
    };
    let counts = sections::count_engagements(&recorded, &declared);
    let overview = Overview {
        counts: &counts,
        gatherings: &gatherings,
        projects: &accompanied,
    };
    let sections = vec![
        sections::overview(&names, span, &overview),
        sections::engagement_counts(&names, &counts, !declared.is_empty()),
        sections::engagement_types(&names, &recorded),
        sections::engagements(&names, &engaged),
        sections::accompaniments(&names, &accompanied),
        sections::conferences(&names, &gatherings),
        sections::event_counts(&names, &gatherings),
        sections::events(&names, &gatherings),
        sections::funnels(&names, &gatherings, &funnels),
        sections::outcomes(&names, &outcomes),
        sections::publications(&names, &published),
        sections::page_views(&names, &web),
        sections::coverage(&names, coverage, |area| reach.covers_area(area)),
        sections::calendar(&names, &programmes),
    ];
    let title = years::span(span.from, span.to, span.language);
    let made_up = match (span.include_demo, span.language) {
        (false, _) => "",
        (true, Language::Ja) => "（見本の架空の記録を含む）",
        (true, Language::En) => " (with sample records, made up)",
    };
    let area_names = areas.iter().flatten().map(|code| names.area(code).word());
    Ok(Report {
        title: match span.language {
            Language::Ja => format!("年次報告　{title}{made_up}"),
            Language::En => format!("Yearly report, {title}{made_up}"),
        },
        from: span.from,
        to: span.to,
        language: span.language,
        area_names: area_names.collect(),
        areas: areas.map(|areas| areas.into_iter().map(Into::into).collect()),
        include_demo: span.include_demo,
        created_at: Instant::now(),
        sections,
    })
}

/// Finds the publications of some years with their feedback, without the recipients of those that the caller may not change.
fn publications(
    db: &mut Db,
    reach: &Reach,
    areas: Option<&[String]>,
    ((from, to), with_demo): ((i32, i32), bool),
) -> Result<Vec<Publication>> {
    let (months, now) = (Month::of_years(from, to), Instant::now());
    let items = press::store::of_months::<NewPublication>(db, areas, months, (now, with_demo), LIMIT)?;
    let ids: Vec<Id> = items.iter().map(|item| item.id).collect();
    let mut feedback: HashMap<Id, FeedbackSummary> = HashMap::new();
    let mut held: BTreeSet<Id> = BTreeSet::new();
    for ids in ids.chunks(BATCH) {
        feedback.extend(press::store::feedback::summaries(db, ids)?);
        held.extend(press::store::held(db, Some(reach), ids)?);
    }
    let shown = items.into_iter().map(|item| {
        let summary = feedback.remove(&item.id).unwrap_or_default();
        let is_held = held.contains(&item.id);
        let shown = Publication::of(item, summary);
        if is_held { shown } else { shown.public() }
    });
    Ok(shown.collect())
}

/// Looks up the names of the organizations that the caller knows of. Who is helped in an area may belong to another one.
fn organization_names(db: &mut Db, reach: &Reach, ids: &[Id]) -> Result<HashMap<Id, String>> {
    let mut names = HashMap::new();
    for ids in ids.chunks(BATCH) {
        let known = match reach {
            Reach::Everything => ids.to_vec(),
            _ => some_organizations(db, reach, ids)?.into_iter().collect(),
        };
        let labels = organizations::store::labels(db, &known)?;
        names.extend(labels.into_iter().map(|(id, label)| (id, label.name)));
    }
    Ok(names)
}
