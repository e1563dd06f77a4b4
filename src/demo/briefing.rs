//! The published programme of 2015 to 2023: trainings and seminars with their attendance, the yearly conference, and the
//! accompaniment of municipalities. What isn't stated stays unknown.

use super::embedded::{ACCOMPANIMENTS, ACTOR, CONFERENCES, SESSIONS, unreadable};
use crate::auth::{Reach, Writer};
use crate::catalogue::Catalogue;
use crate::catalogue::Catalogues;
use crate::changes;
use crate::db::{Db, Id, Instant};
use crate::deliverables::actions::Editor;
use crate::delivery;
use crate::error::Result;
use crate::events::{self, NewEvent};
use crate::http::IfMatch;
use crate::imports::engagements::fiscal_year;
use crate::imports::kinds::projects::fields::supports_in;
use crate::imports::places;
use crate::organizations::{self, NewOrganization, names::name_key};
use crate::programmes::actions::Sight;
use crate::programmes::{self, NewProgramme, NewProgrammeRecord, ProgrammeFilter, ProgrammeKind};
use crate::programmes::{ProgrammeRecordKind, ProgrammeStep, StepKind};
use crate::projects::{self, Accompaniment, NewProject, ProjectStatus, SupportKind};
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What the programme of a year is called.
const TITLE: &str = "東京ホームタウンプロジェクト";

#[derive(Debug, Deserialize)]
struct Session {
    #[serde(rename = "年度")]
    year: String,
    #[serde(rename = "プログラム")]
    programme: String,
    #[serde(rename = "種別")]
    kind: String,
    #[serde(rename = "回")]
    number: String,
    #[serde(rename = "テーマ")]
    theme: String,
    #[serde(rename = "日時")]
    time: String,
    #[serde(rename = "参加者数")]
    attendance: Option<i32>,
}

#[derive(Debug, Deserialize)]
struct Conference {
    #[serde(rename = "年度")]
    year: String,
    #[serde(rename = "開催日")]
    days: String,
    #[serde(rename = "時間")]
    times: String,
    #[serde(rename = "場所")]
    place: String,
    #[serde(rename = "テーマ")]
    theme: String,
    #[serde(rename = "分科会数")]
    breakouts: i32,
    #[serde(rename = "来場者数")]
    attendance: i32,
    #[serde(rename = "備考")]
    note: String,
}

#[derive(Debug, Deserialize)]
struct Accompanied {
    #[serde(rename = "年度")]
    year: String,
    #[serde(rename = "プログラム")]
    programme: String,
    #[serde(rename = "地域")]
    area: String,
    #[serde(rename = "提案主体")]
    organization: String,
    #[serde(rename = "課題・ニーズ")]
    needs: String,
    #[serde(rename = "支援内容")]
    support: String,
    #[serde(rename = "アドバイザー")]
    advisors: String,
}

fn rows<T: for<'de> Deserialize<'de>>(text: &str) -> Result<Vec<T>> {
    let rows = csv::Reader::from_reader(text.as_bytes());
    rows.into_deserialize()
        .collect::<csv::Result<_>>()
        .map_err(unreadable)
}

fn year_of(text: &str) -> Result<i32> {
    fiscal_year(text).ok_or_else(|| unreadable(text))
}

fn optional(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// Loads what isn't there yet. Returns how many events were added.
pub fn load(db: &mut Db, catalogues: &Catalogues) -> Result<usize> {
    let catalogue = catalogues.current(db)?;
    let (sessions, conferences): (Vec<Session>, Vec<Conference>) = (rows(SESSIONS)?, rows(CONFERENCES)?);
    let accompanied: Vec<Accompanied> = rows(ACCOMPANIMENTS)?;
    let mut years = BTreeSet::new();
    let all = sessions.iter().map(|one| &one.year);
    let all = all.chain(conferences.iter().map(|one| &one.year));
    for year in all.chain(accompanied.iter().map(|one| &one.year)) {
        years.insert(year_of(year)?);
    }
    let present = ProgrammeFilter {
        fiscal_year: years.first().copied(),
        ..ProgrammeFilter::default()
    };
    let present = programmes::store::list(db, &present)?.items;
    if present.iter().any(|one| one.plan.title == TITLE) {
        return Ok(0);
    }
    let programmes = programmes_of(db, &catalogue, &years, &conferences)?;
    let added = sessions.len() + conferences.len();
    for conference in &conferences {
        let event = conference_event(conference)?;
        add_event(db, &catalogue, &programmes, &conference.year, event)?;
    }
    load_sessions(db, &catalogue, &programmes, &sessions)?;
    for one in &accompanied {
        accompany(db, catalogues, &programmes, one)?;
    }
    Ok(added)
}

/// Registers a programme for each year, with its conference in the calendar.
fn programmes_of(
    db: &mut Db,
    catalogue: &Catalogue,
    years: &BTreeSet<i32>,
    conferences: &[Conference],
) -> Result<BTreeMap<i32, Id>> {
    let mut programmes = BTreeMap::new();
    for &year in years {
        let mut calendar = Vec::new();
        for conference in conferences {
            if year_of(&conference.year)? != year {
                continue;
            }
            let days: Vec<NaiveDate> = conference
                .days
                .split('/')
                .map(|day| day.parse().map_err(unreadable))
                .collect::<Result<_>>()?;
            let first = days
                .first()
                .copied()
                .ok_or_else(|| unreadable(&conference.days))?;
            calendar.push(ProgrammeStep {
                kind: StepKind::Conference,
                on: first,
                until: days.last().copied().filter(|last| *last > first),
                title: Some(conference.theme.clone()),
                done: true,
            });
        }
        let plan = NewProgramme {
            title: TITLE.to_owned(),
            kind: ProgrammeKind::ProBono,
            fiscal_year: year,
            goal: None,
            areas: Vec::new(),
            calendar,
        };
        let writer = Writer::operator(ACTOR);
        let made = programmes::actions::create(db, &writer, catalogue, plan, Instant::now())?;
        programmes.insert(year, made.id);
    }
    Ok(programmes)
}

fn add_event(
    db: &mut Db,
    catalogue: &Catalogue,
    programmes: &BTreeMap<i32, Id>,
    year: &str,
    event: Value,
) -> Result<Id> {
    let mut plan: NewEvent = serde_json::from_value(event).map_err(unreadable)?;
    plan.programme_id = programmes.get(&year_of(year)?).copied();
    plan.status = events::EventStatus::Published;
    plan.takes_registrations = false;
    let writer = Writer::operator(ACTOR);
    Ok(events::actions::create(db, &writer, catalogue, plan, Instant::now())?.id)
}

/// Returns a moment in Tokyo's time.
fn moment(day: &str, time: &str) -> String {
    format!("{day}T{time}:00+09:00")
}

/// Returns the time of a day and a span such as `13:30-16:00`, or its begin alone.
fn event_time(day: &str, span: &str) -> Value {
    let (from, to) = span.split_once('-').unwrap_or((span, ""));
    let ends_at = optional(to).map(|to| moment(day, to));
    json!({"starts_at": moment(day, from), "ends_at": ends_at})
}

fn conference_event(one: &Conference) -> Result<Value> {
    let times = one.days.split('/').zip(one.times.split('/'));
    let times: Vec<Value> = times.map(|(day, span)| event_time(day, span)).collect();
    let is_online = one.place == "オンライン";
    let place = (!is_online).then(|| json!({"name": one.place}));
    Ok(
        json!({"kind": "conference", "title": one.theme, "times": times, "place": place, "online": is_online,
        "description": optional(&one.note), "declared_breakouts": one.breakouts, "declared_attendance": one.attendance}),
    )
}

/// Returns the code of a kind of session.
fn session_kind(kind: &str) -> Result<&'static str> {
    Ok(match kind {
        "基礎講座" => "basic_course",
        "公開講座" => "public_lecture",
        "基盤整備セミナー" | "地域づくりゼミ" | "目標設定ワークショップ・相談会" => {
            "seminar"
        }
        "個別相談" => "consultation",
        "成果報告会" => "results_meeting",
        "全体研修" => "training",
        "ケース勉強会" => "case_study",
        other => return Err(unreadable(other)),
    })
}

/// Loads the sessions. A consultation follows up the seminars of its year, or else the lectures.
fn load_sessions(
    db: &mut Db,
    catalogue: &Catalogue,
    programmes: &BTreeMap<i32, Id>,
    sessions: &[Session],
) -> Result<()> {
    let mut known: BTreeMap<(String, String), Vec<Id>> = BTreeMap::new();
    for one in sessions {
        let kind = session_kind(&one.kind)?;
        let title = match (one.theme.as_str(), one.number.as_str()) {
            ("", "") => one.kind.clone(),
            ("", number) => format!("{} 第{number}回", one.kind),
            (theme, _) => theme.to_owned(),
        };
        let (day, span) = one.time.split_once(' ').unwrap_or((&one.time, ""));
        // Of some only the month is known, or the day.
        let (month, times) = match span {
            "" => (Some(day), Vec::new()),
            span => (None, vec![event_time(day, span)]),
        };
        let of = |series: &str| known.get(&(one.year.clone(), series.to_owned()));
        let followed = of("基盤整備セミナー").or_else(|| of("公開講座"));
        let followed = followed.filter(|_| kind == "consultation");
        let event = json!({"kind": kind, "title": title, "series": one.kind, "description": one.programme,
            "number": optional(&one.number), "month": month, "times": times,
            "follows_event_ids": followed.cloned().unwrap_or_default(), "declared_attendance": one.attendance});
        let id = add_event(db, catalogue, programmes, &one.year, event)?;
        let of_series = known.entry((one.year.clone(), one.kind.clone()));
        of_series.or_default().push(id);
    }
    Ok(())
}

/// Finds the organization of an accompaniment, or registers it.
fn organization(db: &mut Db, catalogue: &Catalogue, one: &Accompanied) -> Result<Id> {
    let place = one.area.split_whitespace().next().unwrap_or_default();
    let area = places::area(&catalogue.fixed, place, &mut Vec::new()).map_err(|_| unreadable(place))?;
    let name = optional(&one.organization).unwrap_or(place);
    let found = organizations::store::find_by_name(db, &Reach::Everything, Some(&area), &name_key(name))?;
    if let Some(id) = found.first() {
        return Ok(*id);
    }
    let details = json!({"name": name, "area": area});
    let details: NewOrganization = serde_json::from_value(details).map_err(unreadable)?;
    let writer = Writer::operator(ACTOR);
    Ok(organizations::actions::register(db, catalogue, &writer, details)?.id)
}

/// Registers an accompaniment of a past year, and closes it.
fn accompany(
    db: &mut Db,
    catalogues: &Catalogues,
    programmes: &BTreeMap<i32, Id>,
    one: &Accompanied,
) -> Result<()> {
    let (catalogue, year) = (catalogues.current(db)?, year_of(&one.year)?);
    let day = |year: i32, month: u32, day: u32| NaiveDate::from_ymd_opt(year, month, day);
    let plan = NewProject {
        organization_id: organization(db, &catalogue, one)?,
        title: format!("{}：{}", one.programme, one.needs),
        starts_on: day(year, 4, 1),
        ends_on: day(year + 1, 3, 31),
        status: ProjectStatus::InProgress,
        reason: None,
        message: None,
        accompaniment: Some(Accompaniment {
            needs: one.needs.clone(),
            supports: match supports_in(&one.support).as_slice() {
                [] => vec![SupportKind::Consultation],
                some => some.to_vec(),
            },
            outcome: Some(one.support.clone()),
            advisors: one
                .advisors
                .split('/')
                .filter_map(optional)
                .map(str::to_owned)
                .collect(),
        }),
    };
    let (writer, now) = (Writer::operator(ACTOR), Instant::now());
    let project = projects::actions::create(db, &writer, plan, now)?.id;
    let editor = Editor::of(writer.clone(), true);
    for status in [ProjectStatus::Delivered, ProjectStatus::Closed] {
        let change = |plan: &NewProject| {
            Ok(NewProject {
                status,
                ..plan.clone()
            })
        };
        delivery::actions::update(db, &editor, catalogues, project, &IfMatch::Absent, change)?;
    }
    // It ended with its year, not today.
    let closed = projects::store::find(db, &Reach::Everything, project)?;
    let dated = projects::past::dated(closed, (None, None), day(year + 1, 3, 31), now);
    let change = projects::store::update_unlogged(db, &dated)?;
    changes::store::append(db, ACTOR, &[change])?;
    let Some(programme) = programmes.get(&year) else {
        return Ok(());
    };
    let sight = Sight {
        deliverables: Some(Reach::Everything),
        projects: Some(Reach::Everything),
    };
    let record = NewProgrammeRecord {
        kind: ProgrammeRecordKind::Project,
        record_id: project,
    };
    programmes::actions::add_record(db, &writer, &sight, *programme, &record, now)?;
    Ok(())
}
