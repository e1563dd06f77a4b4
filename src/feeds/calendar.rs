//! Milestones, meetings, last days, events, the steps of programmes and the deadlines of answers and reviews in a calendar.
//! What belongs to a cancelled project is cancelled. What waits for nobody any more is gone.

use super::Owner;
use super::ical::{Occasion, When, printed, times_of};
use crate::applications::{self, ApplicationSide, ApplicationStatus};
use crate::auth::{
    Reach, ReadApplications, ReadDeliverables, ReadEvents, ReadIntake, ReadProgrammes, ReadProjectWork,
    ReadProjects,
};
use crate::catalogue::calendar::{day_number, days_before, midnight_in_tokyo, today};
use crate::db::{Db, Id, Instant};
use crate::deliverables::{self, DeliverableFilter, DeliverableSort, DeliverableStatus};
use crate::error::{Result, Text};
use crate::events::{
    self,
    store::registrations::{self, OwnPlace},
};
use crate::http::page::MAX_LIMIT;
use crate::http::query::Several;
use crate::http::{Language, Page};
use crate::intake;
use crate::programmes::{self, DatedStep};
use crate::projects::work::{NewMeeting, NewMilestone};
use crate::projects::{self, ProjectFilter, ProjectStatus};
use crate::values::words;
use std::collections::{BTreeSet, HashMap, HashSet};
use strum::VariantArray;

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

    /// Adds the occasions of a page of records: all of those that it has, however many each.
    fn add_page<T>(&mut self, page: Page<T>, of: impl FnMut(T) -> Vec<Occasion>) {
        self.is_cut |= page.next.is_some();
        self.all.extend(page.items.into_iter().flat_map(of));
    }
}

/// Writes the calendar of an owner.
pub fn write(db: &mut Db, owner: &Owner, language: Language) -> Result<String> {
    let mut occasions = Occasions::default();
    if let Some(reach) = owner.reach::<ReadProjectWork>() {
        add_work(db, &reach, &mut occasions)?;
    }
    if let Some(reach) = owner.reach::<ReadProjects>() {
        add_last_days(db, &reach, &mut occasions)?;
    }
    if let Some(reach) = owner.reach::<ReadDeliverables>() {
        add_requested_days(db, &reach, &mut occasions)?;
    }
    if let Some(reach) = owner.reach::<ReadApplications>() {
        occasions.add(answers(db, &reach)?, MOST);
    }
    if let Some(reach) = owner.reach::<ReadIntake>() {
        add_reviews(db, &reach, &mut occasions)?;
    }
    if owner.reach::<ReadProgrammes>().is_some() {
        occasions.add(steps(db, &owner.reach)?, MOST);
    }
    if let Some(reach) = owner.reach::<ReadEvents>() {
        occasions.add(events(db, &reach)?, MOST);
    }
    let cut = Text::new(
        format!("種類ごとに{MAX_LIMIT}〜{MOST}件まで表示しています。ほかにも予定があるかもしれません。"),
        format!("There may be more events: of each kind, only the first {MAX_LIMIT} to {MOST} are shown."),
    );
    let about = occasions.is_cut.then(|| language.choose(&cut));
    Ok(printed("Musubi", about, &occasions.all, language))
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
    // The title of each, and since when it is cancelled.
    let known: HashMap<Id, (String, Option<Instant>)> = found
        .into_iter()
        .map(|one| {
            let is_cancelled = one.plan.status == ProjectStatus::Cancelled;
            (one.id, (one.plan.title, is_cancelled.then_some(one.status_since)))
        })
        .collect();
    let of = |project: &Id| known.get(project).cloned().unwrap_or_default();
    let milestone = |one: crate::projects::work::Entry<NewMilestone>| {
        let (project, cancelled_at) = of(&one.project_id);
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
            is_cancelled: cancelled_at.is_some(),
            // The end of its project is one more change of what stands here.
            sequence: one.version - 1 + i64::from(cancelled_at.is_some()),
            changed_at: cancelled_at.unwrap_or(one.updated_at),
        }
    };
    occasions.add(milestones.into_iter().map(milestone).collect(), MOST);
    let meeting = |one: crate::projects::work::Entry<NewMeeting>| {
        let (project, cancelled_at) = of(&one.project_id);
        let title = &one.work.title;
        Occasion {
            uid: format!("meeting-{}", one.id),
            when: When::Time(one.work.starts_at, one.work.ends_at),
            summary: Text::new(format!("{title}（{project}）"), format!("{title} ({project})")),
            location: one.work.location,
            link: one.work.link,
            description: None,
            is_cancelled: cancelled_at.is_some(),
            // The end of its project is one more change of what stands here.
            sequence: one.version - 1 + i64::from(cancelled_at.is_some()),
            changed_at: cancelled_at.unwrap_or(one.updated_at),
        }
    };
    occasions.add(meetings.into_iter().map(meeting).collect(), MOST);
    Ok(())
}

/// Adds the last days of projects, the newest projects first.
fn add_last_days(db: &mut Db, reach: &Reach, occasions: &mut Occasions) -> Result<()> {
    let filter = ProjectFilter {
        limit: Some(MAX_LIMIT),
        ..ProjectFilter::default()
    };
    let page = projects::store::list(db, reach, &filter)?;
    // Who has left a team still reads its project, but doesn't work until its last day. The team of a cancelled project left
    // in that moment, and has to learn that the day is off.
    let cancelled_at: HashMap<Id, Instant> = page
        .items
        .iter()
        .filter(|one| one.plan.status == ProjectStatus::Cancelled)
        .map(|one| (one.id, one.status_since))
        .collect();
    let stayed = |one: &projects::Member| match (one.left_at, cancelled_at.get(&one.project_id)) {
        (None, _) => true,
        (Some(left_at), Some(cancelled_at)) => left_at >= *cancelled_at,
        (Some(_), None) => false,
    };
    let worked_on: Option<HashSet<Id>> = match reach {
        Reach::Worker(_) | Reach::Partner(_) => {
            let ids: Vec<Id> = page.items.iter().map(|one| one.id).collect();
            let mut members = projects::store::members(db, reach, &ids, false)?;
            members.retain(stayed);
            if let Reach::Worker(own) = reach {
                members.retain(|one| one.worker_id == Some(*own));
            }
            Some(members.into_iter().map(|one| one.project_id).collect())
        }
        _ => None,
    };
    let from = days_before(today(), DAYS_BACK);
    let last_day = |one: projects::Project| {
        if worked_on.as_ref().is_some_and(|ids| !ids.contains(&one.id)) {
            return None;
        }
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
    occasions.add_page(page, |one| Vec::from_iter(last_day(one)));
    Ok(())
}

/// Adds the days by which open requests are to be done, for those who ask and coordinate.
fn add_requested_days(db: &mut Db, reach: &Reach, occasions: &mut Occasions) -> Result<()> {
    if matches!(reach, Reach::Worker(_) | Reach::Partner(_)) {
        return Ok(());
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
    occasions.add_page(page, |one| Vec::from_iter(last_day(one)));
    Ok(())
}

/// Returns until when applications, invitations and offers wait for the owner's answer.
fn answers(db: &mut Db, reach: &Reach) -> Result<Vec<Occasion>> {
    use ApplicationStatus::{Offered, Shortlisted, Submitted};
    let side = match reach {
        Reach::Worker(_) | Reach::Partner(_) => ApplicationSide::Worker,
        _ => ApplicationSide::Organization,
    };
    let open = [Submitted, Shortlisted, Offered];
    let found = applications::store::waiting(db, reach, side, &open, None, MOST + 1)?;
    let ids: Vec<Id> = found.iter().map(|one| one.deliverable_id).collect();
    let titles = deliverables::store::titles(db, reach, &ids)?;
    let end = |one: applications::store::UnansweredRow| {
        let title = titles
            .get(&one.deliverable_id)
            .map(String::as_str)
            .unwrap_or_default();
        let kind = match one.status.parse() {
            Ok(Offered) => "offer",
            _ if side == ApplicationSide::Worker => "invitation",
            _ => "application",
        };
        Some(Occasion {
            uid: format!("{kind}-{}", one.id),
            when: When::Time(one.times.0?, None),
            summary: Text::new(format!("回答期限：{title}"), format!("Answer until: {title}")),
            location: None,
            link: None,
            description: None,
            is_cancelled: false,
            sequence: one.version - 1,
            changed_at: one.since,
        })
    };
    Ok(found.into_iter().filter_map(end).collect())
}

/// Adds the days of hearings, and by when the steps are due that requests under review have before them.
fn add_reviews(db: &mut Db, reach: &Reach, occasions: &mut Occasions) -> Result<()> {
    let under_review = DeliverableStatus::VARIANTS.iter().copied();
    let filter = DeliverableFilter {
        status: Some(Several(
            under_review.filter(|status| status.is_under_review()).collect(),
        )),
        sort: DeliverableSort::Created,
        limit: Some(MAX_LIMIT),
        ..DeliverableFilter::default()
    };
    let page = deliverables::store::list(db, reach, &filter, false)?;
    let ids: Vec<Id> = page.items.iter().map(|one| one.id).collect();
    let mut recorded = intake::store::load(db, &ids)?;
    let from = days_before(today(), DAYS_BACK);
    let days = |one: deliverables::Deliverable| {
        let intake = recorded.take(&one);
        let (id, title) = (one.id, &one.request.title);
        let day = |uid: String, day, (ja, en): (&str, &str)| Occasion {
            uid,
            when: When::Days(day, day),
            summary: Text::new(format!("{ja}：{title}"), format!("{en}: {title}")),
            location: None,
            link: None,
            description: None,
            is_cancelled: false,
            // Both records decide about the day, and each version only grows.
            sequence: one.version + intake.version - 1,
            changed_at: intake
                .updated_at
                .map_or(one.updated_at, |at| at.max(one.updated_at)),
        };
        let hearing = intake.record.hearing.as_ref().map(|hearing| hearing.held_on);
        let hearing = hearing.filter(|held_on| *held_on >= from);
        let hearing = hearing.map(|held_on| day(format!("hearing-{id}"), held_on, ("ヒアリング", "Hearing")));
        let due = intake.record.steps(one.request.status, one.status_since);
        let due = due.into_iter().map(|(step, due_on)| {
            let words = match step {
                DeliverableStatus::Submitted => ("審査期限", "Screening due"),
                DeliverableStatus::Screening => ("ヒアリング期限", "Hearing due"),
                _ => ("決定期限", "Decision due"),
            };
            day(format!("intake-{id}-{}", step.code()), due_on, words)
        });
        hearing.into_iter().chain(due).collect::<Vec<_>>()
    };
    occasions.add_page(page, days);
    Ok(())
}

/// Returns the times of the events that the owner holds, or for which they are registered. Who only waits for a place doesn't
/// learn the address of the online room.
fn events(db: &mut Db, reach: &Reach) -> Result<Vec<Occasion>> {
    let from = Instant::from(midnight_in_tokyo(days_before(today(), DAYS_BACK)));
    let found = events::store::dated(db, reach, from, MOST + 1)?;
    let places: Option<HashMap<Id, OwnPlace>> = match reach {
        Reach::Worker(own) => {
            let ids: Vec<Id> = found.iter().map(|event| event.id).collect();
            Some(registrations::places_of_worker(db, *own, &ids)?)
        }
        _ => None,
    };
    let mut occasions = Vec::new();
    for event in &found {
        let plan = &event.plan;
        let is_cancelled = plan.status == events::EventStatus::Cancelled;
        let own = places.as_ref().and_then(|places| places.get(&event.id));
        let comes = places.is_none() || own.is_some_and(|own| own.has_place);
        let room = plan.online_url.as_ref().filter(|_| comes && !is_cancelled);
        let description: Vec<&str> = plan.notice.iter().chain(room).map(String::as_str).collect();
        let place = plan.place.as_ref().map(|place| match &place.address {
            Some(address) => format!("{}（{address}）", place.name),
            None => place.name.clone(),
        });
        let occasion = |(i, (when, title)): (usize, (When, String))| Occasion {
            uid: format!("event-{}-{}", event.id, event.numbers.at(i)),
            when,
            summary: Text::new(title.clone(), title),
            location: place.clone(),
            link: plan.url.clone(),
            description: Some(description.join("\n")).filter(|text| !text.is_empty()),
            is_cancelled,
            // Both records decide about the room, and each version only grows.
            sequence: event.version - 1 + own.map_or(0, |own| own.version - 1),
            changed_at: own.map_or(event.updated_at, |own| own.updated_at.max(event.updated_at)),
        };
        let times = times_of(&plan.title, &plan.times, plan.month.as_deref());
        occasions.extend(times.into_iter().enumerate().map(occasion));
    }
    Ok(occasions)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_by_its_records_and_not_by_what_each_of_them_has() {
        let occasion = |i: usize| Occasion {
            uid: i.to_string(),
            when: When::Days(today(), today()),
            summary: Text::new("予定", "event"),
            location: None,
            link: None,
            description: None,
            is_cancelled: false,
            sequence: 0,
            changed_at: Instant::now(),
        };
        let four = |_: u32| (0..4).map(occasion).collect::<Vec<_>>();
        let mut occasions = Occasions::default();
        occasions.add_page(Page::all((0..MAX_LIMIT).collect()), four);
        assert_eq!(
            (occasions.all.len(), occasions.is_cut),
            (4 * MAX_LIMIT as usize, false)
        );
        // Records behind the page are more than it shows, however few it has.
        let mut more = Page::all(vec![1]);
        more.next = Some("cursor".to_owned());
        occasions.add_page(more, four);
        assert!(occasions.is_cut);
    }
}
