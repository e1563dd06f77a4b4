//! This year's programme: a goal, and the calendar of the real one. The made-up requests, gatherings and the accompaniment
//! belong to it.

use super::embedded::{ACTOR, unreadable};
use crate::auth::{Reach, Writer};
use crate::catalogue::{Catalogue, calendar};
use crate::db::{Db, Id, Instant};
use crate::deliverables::{self, DeliverableFilter};
use crate::error::Result;
use crate::http::page::MAX_LIMIT;
use crate::programmes::actions::Sight;
use crate::programmes::{
    self, NewProgramme, NewProgrammeRecord, ProgrammeKind, ProgrammeRecordKind, ProgrammeStep, StepKind,
};
use crate::values::AreaCode;
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// A month and a day of it.
type DayOfYear = (u32, u32);

/// The steps of a year, each with its day, and the last one if there are several.
const STEPS: [(StepKind, DayOfYear, Option<DayOfYear>); 9] = [
    (StepKind::ApplicationsOpen, (5, 11), None),
    (StepKind::ApplicationsClose, (6, 30), None),
    (StepKind::Screening, (7, 6), Some((7, 10))),
    (StepKind::Hearing, (7, 13), Some((7, 24))),
    (StepKind::Result, (8, 7), None),
    (StepKind::Teams, (9, 1), Some((9, 18))),
    (StepKind::KickOff, (10, 3), None),
    (StepKind::Conference, (2, 13), None),
    (StepKind::Delivery, (3, 12), None),
];

/// Adds the programme, and to it the requests of its year.
pub fn load(db: &mut Db, catalogue: &Catalogue, today: NaiveDate) -> Result<Id> {
    let year = calendar::fiscal_year(today);
    let filter = DeliverableFilter {
        fiscal_year: Some(year),
        limit: Some(MAX_LIMIT),
        ..DeliverableFilter::default()
    };
    let requests = deliverables::store::list(db, &Reach::Everything, &filter, false)?
        .items
        .into_iter();
    let requests: Vec<_> = requests.filter(|one| one.demo).collect();
    let areas: BTreeSet<&AreaCode> = requests
        .iter()
        .filter_map(|one| one.request.area.as_ref())
        .collect();
    let day = |(month, day): DayOfYear| {
        let year = if month < 4 { year + 1 } else { year };
        NaiveDate::from_ymd_opt(year, month, day).ok_or_else(|| unreadable(month))
    };
    let step = |(kind, on, until): (StepKind, DayOfYear, Option<DayOfYear>)| {
        let (on, until) = (day(on)?, until.map(day).transpose()?);
        Ok(ProgrammeStep {
            kind,
            on,
            until,
            title: None,
            done: until.unwrap_or(on) < today,
        })
    };
    let plan = NewProgramme {
        title: "地域づくり応援プロボノ".to_owned(),
        kind: ProgrammeKind::ProBono,
        fiscal_year: year,
        goal: Some(format!(
            "年度末までに、地域の団体へ情報発信と運営の成果物を{}件届ける。",
            requests.len()
        )),
        areas: areas.into_iter().cloned().collect(),
        calendar: STEPS.into_iter().map(step).collect::<Result<_>>()?,
    };
    let (writer, now) = (Writer::operator(ACTOR), Instant::now());
    let programme = programmes::actions::create(db, &writer, catalogue, plan, now)?.id;
    programmes::store::mark_demo(db, programme)?;
    for request in requests {
        add(db, programme, ProgrammeRecordKind::Deliverable, request.id)?;
    }
    Ok(programme)
}

/// Adds a record to a programme of its year.
pub fn add(db: &mut Db, programme: Id, kind: ProgrammeRecordKind, record_id: Id) -> Result<()> {
    let sight = Sight {
        deliverables: Some(Reach::Everything),
        projects: Some(Reach::Everything),
    };
    let record = NewProgrammeRecord { kind, record_id };
    programmes::actions::add_record(
        db,
        &Writer::operator(ACTOR),
        &sight,
        programme,
        &record,
        Instant::now(),
    )?;
    Ok(())
}
