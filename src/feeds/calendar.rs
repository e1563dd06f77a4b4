//! Milestones, meetings, last days, events and the steps of programmes in a calendar. What belongs to a cancelled project is
//! cancelled.

use super::Owner;
use super::ical::{Occasion, When, printed};
use crate::applications::{self, ApplicationSide, ApplicationStatus};
use crate::auth::{
    Reach, ReadApplications, ReadDeliverables, ReadEvents, ReadProgrammes, ReadProjectWork, ReadProjects,
};
use crate::catalogue::calendar::{day_number, days_before, midnight_in_tokyo, today};
use crate::db::{Db, Id, Instant};
use crate::deliverables::{self, DeliverableFilter, DeliverableSort, DeliverableStatus};
use crate::error::{Result, Text};
use crate::events::{self, EventTime};
use crate::http::Language;
use crate::http::page::MAX_LIMIT;
use crate::http::query::Several;
use crate::programmes::{self, DatedStep};
use crate::projects::work::{NewMeeting, NewMilestone};
use crate::projects::{self, ProjectFilter, ProjectStatus};
use crate::values::words;
use std::collections::{BTreeSet, HashMap};

/// How many events of each kind a calendar has at most.
const MOST: i64 = 500;
/// How many days back it begins.
const DAYS_BACK: u64 = 90;

/// Everything that a calendar shows.
#[derive(Default)]
struct Occasions {
    all: Vec<Occasion>,
    /// Whether there are more than it shows.
    is_cut: bool,
}

impl Occasions {
    fn add(&mut self, mut more: Vec<Occasion>, most: i64) {
        self.is_cut |= more.len() as i64 > most;
        more.truncate(most as usize);
        self.all.append(&mut more);
    }
}

/// Writes the calendar of an owner. Returns when it changed last.
pub fn write(db: &mut Db, owner: &Owner, language: Language) -> Result<(String, Option<Instant>)> {
    let mut occasions = Occasions::default();
    if let Some(reach) = owner.reach::<ReadProjectWork>() {
        add_work(db, &reach, &mut occasions)?;
    }
    if let Some(reach) = owner.reach::<ReadProjects>() {
        occasions.add(last_days(db, &reach)?, MAX_LIMIT.into());
    }
    if let Some(reach) = owner.reach::<ReadDeliverables>() {
        occasions.add(requested_days(db, &reach)?, MAX_LIMIT.into());
    }
    if let Some(reach) = owner.reach::<ReadApplications>() {
        occasions.add(offers(db, &reach)?, MOST);
    }
    if owner.reach::<ReadProgrammes>().is_some() {
        occasions.add(steps(db, &owner.reach)?, MOST);
    }
    if let Some(reach) = owner.reach::<ReadEvents>() {
        occasions.add(events(db, &reach)?, MOST);
    }
    let changed_at = occasions.all.iter().map(|one| one.changed_at).max();
    let cut = Text::new(
        format!("種類ごとに{MAX_LIMIT}〜{MOST}件まで表示しています。これより多くの予定があります。"),
        format!("There are more events: of each kind, only the first {MAX_LIMIT} to {MOST} are shown."),
    );
    let about = occasions.is_cut.then(|| language.choose(&cut));
    Ok((printed("Musubi", about, &occasions.all, language), changed_at))
}

/// Adds milestones and meetings.
fn add_work(db: &mut Db, reach: &Reach, occasions: &mut Occasions) -> Result<()> {
    let from = day_number(days_before(today(), DAYS_BACK));
    let milestones = projects::store::work::dated::<NewMilestone>(db, reach, from, MOST + 1)?;
    let meetings = projects::store::work::dated::<NewMeeting>(db, reach, from, MOST + 1)?;
    let of_milestones = milestones.iter().map(|one| one.project_id);
    let ids: BTreeSet<Id> = of_milestones
        .chain(meetings.iter().map(|one| one.project_id))
        .collect();
    let found = projects::store::load_some(db, &Vec::from_iter(ids))?;
    let known: HashMap<Id, (String, bool)> = found
        .into_iter()
        .map(|one| {
            (
                one.id,
                (one.plan.title, one.plan.status == ProjectStatus::Cancelled),
            )
        })
        .collect();
    let of = |project: &Id| known.get(project).cloned().unwrap_or_default();
    let milestone = |one: crate::projects::work::Entry<NewMilestone>| {
        let (project, is_cancelled) = of(&one.project_id);
        let title = &one.work.title;
        Occasion {
            uid: format!("milestone-{}", one.id),
            when: When::Days(one.work.due_on, one.work.due_on),
            summary: Text::new(
                format!("マイルストーン：{title}（{project}）"),
                format!("Milestone: {title} ({project})"),
            ),
            location: None,
            link: None,
            description: None,
            is_cancelled,
            sequence: one.version - 1,
            changed_at: one.updated_at,
        }
    };
    occasions.add(milestones.into_iter().map(milestone).collect(), MOST);
    let meeting = |one: crate::projects::work::Entry<NewMeeting>| {
        let (project, is_cancelled) = of(&one.project_id);
        let title = &one.work.title;
        Occasion {
            uid: format!("meeting-{}", one.id),
            when: When::Time(one.work.starts_at, one.work.ends_at),
            summary: Text::new(format!("{title}（{project}）"), format!("{title} ({project})")),
            location: one.work.location,
            link: one.work.link,
            description: None,
            is_cancelled,
            sequence: one.version - 1,
            changed_at: one.updated_at,
        }
    };
    occasions.add(meetings.into_iter().map(meeting).collect(), MOST);
    Ok(())
}

/// Returns the last days of projects, the newest projects first.
fn last_days(db: &mut Db, reach: &Reach) -> Result<Vec<Occasion>> {
    let filter = ProjectFilter {
        limit: Some(MAX_LIMIT),
        ..ProjectFilter::default()
    };
    let page = projects::store::list(db, reach, &filter)?;
    let from = days_before(today(), DAYS_BACK);
    let last_day = |one: projects::Project| {
        let title = &one.plan.title;
        let day = one.plan.ends_on.filter(|day| *day >= from)?;
        Some(Occasion {
            uid: format!("project-{}", one.id),
            when: When::Days(day, day),
            summary: Text::new(format!("最終日：{title}"), format!("Last day: {title}")),
            location: None,
            link: None,
            description: None,
            is_cancelled: one.plan.status == ProjectStatus::Cancelled,
            sequence: one.version - 1,
            changed_at: one.updated_at,
        })
    };
    Ok(page.items.into_iter().filter_map(last_day).collect())
}

/// Returns the days by which open requests are to be done, for those who ask and coordinate.
fn requested_days(db: &mut Db, reach: &Reach) -> Result<Vec<Occasion>> {
    if matches!(reach, Reach::Worker(_) | Reach::Partner(_)) {
        return Ok(Vec::new());
    }
    let filter = DeliverableFilter {
        status: Some(Several(vec![DeliverableStatus::Open])),
        sort: DeliverableSort::EndsOn,
        limit: Some(MAX_LIMIT),
        ..DeliverableFilter::default()
    };
    let page = deliverables::store::list(db, reach, &filter, false)?;
    let last_day = |one: deliverables::Deliverable| {
        let title = &one.request.title;
        Some(Occasion {
            uid: format!("deliverable-{}", one.id),
            when: When::Days(one.request.ends_on?, one.request.ends_on?),
            summary: Text::new(format!("納期：{title}"), format!("Due: {title}")),
            location: None,
            link: None,
            description: None,
            is_cancelled: false,
            sequence: one.version - 1,
            changed_at: one.updated_at,
        })
    };
    Ok(page.items.into_iter().filter_map(last_day).collect())
}

/// Returns when the offers end that wait for an answer.
fn offers(db: &mut Db, reach: &Reach) -> Result<Vec<Occasion>> {
    let side = match reach {
        Reach::Worker(_) | Reach::Partner(_) => ApplicationSide::Worker,
        _ => ApplicationSide::Organization,
    };
    let offered = [ApplicationStatus::Offered];
    let found = applications::store::waiting(db, reach, side, &offered, None, MOST + 1)?;
    let ids: Vec<Id> = found.iter().map(|one| one.deliverable_id).collect();
    let titles = deliverables::store::titles(db, reach, &ids)?;
    let end = |one: applications::store::UnansweredRow| {
        let title = titles
            .get(&one.deliverable_id)
            .map(String::as_str)
            .unwrap_or_default();
        Some(Occasion {
            uid: format!("offer-{}", one.id),
            when: When::Time(one.times.0?, None),
            summary: Text::new(format!("回答期限：{title}"), format!("Answer until: {title}")),
            location: None,
            link: None,
            description: None,
            is_cancelled: false,
            sequence: 0,
            changed_at: one.since,
        })
    };
    Ok(found.into_iter().filter_map(end).collect())
}

/// Returns the times of the events that the owner holds, or for which they are registered.
fn events(db: &mut Db, reach: &Reach) -> Result<Vec<Occasion>> {
    let from = Instant::from(midnight_in_tokyo(days_before(today(), DAYS_BACK)));
    let found = events::store::dated(db, reach, from, MOST + 1)?;
    let occasion = |(event, i, time): (&events::Event, usize, &EventTime)| {
        let title = match &time.label {
            Some(label) => format!("{}（{label}）", event.plan.title),
            None => event.plan.title.clone(),
        };
        Occasion {
            uid: format!("event-{}-{i}", event.id),
            when: When::Time(time.starts_at, time.ends_at),
            summary: Text::new(title.clone(), title),
            location: event.plan.place.as_ref().map(|place| place.name.clone()),
            link: event.plan.url.clone(),
            description: None,
            is_cancelled: event.plan.status == events::EventStatus::Cancelled,
            sequence: event.version - 1,
            changed_at: event.updated_at,
        }
    };
    let times = found.iter().flat_map(|event| {
        let times = event.plan.times.iter().enumerate();
        times.map(move |(i, time)| (event, i, time))
    });
    Ok(times.map(occasion).collect())
}

/// Returns the steps of the programmes that concern the owner.
fn steps(db: &mut Db, reach: &Reach) -> Result<Vec<Occasion>> {
    let from = day_number(days_before(today(), DAYS_BACK));
    let step = |one: DatedStep| {
        let words = words::text("StepKind", one.kind.code());
        let programme = &one.programme;
        let (ja, en) = match &one.title {
            Some(title) => (title.as_str(), title.as_str()),
            None => (words.ja.as_ref(), words.en.as_ref()),
        };
        Occasion {
            uid: format!("step-{}", one.id),
            when: When::Days(one.day, one.last_day),
            summary: Text::new(format!("{ja}（{programme}）"), format!("{en} ({programme})")),
            location: None,
            link: None,
            description: None,
            is_cancelled: false,
            sequence: one.version - 1,
            changed_at: one.changed_at,
        }
    };
    let found = programmes::store::dated(db, reach, from, MOST + 1)?;
    Ok(found.into_iter().map(step).collect())
}
