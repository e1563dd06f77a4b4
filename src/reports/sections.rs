//! What each section of a report says.

use super::ColumnKind::{Code, Codes, Day, Decimal, Number, Percent, Text, Year};
use super::tables::{Cell, ColumnWords, ReportSection, SectionCode};
use super::{MOST_ROWS, ReportSpan};
use crate::catalogue::Catalogue;
use crate::catalogue::calendar::{day_in_tokyo, fiscal_year};
use crate::db::Id;
use crate::deliverables::{Deliverable, DeliverableStatus, JointStatus};
use crate::events::funnel::{Funnel, FunnelEvent};
use crate::events::rules::first_day;
use crate::events::{Event, EventKind, EventStatus, only_day};
use crate::http::Language;
use crate::press::PageKind;
use crate::press::month::Month;
use crate::press::publications::{Publication, Recipient};
use crate::programmes::Programme;
use crate::projects::{Project, ProjectStatus};
use crate::statistics::Group;
use crate::statistics::coverage::{Coverage, CoverageUncounted};
use crate::statistics::outcomes::OutcomeStatistics;
use crate::statistics::store::DeclaredTotal;
use chrono::{Duration, NaiveDate};
use std::collections::{BTreeMap, HashMap, HashSet};

const YEAR: ColumnWords = ("fiscal_year", "年度", "Fiscal year", Year);
const AREA: ColumnWords = ("area", "地域", "Area", Code);
const GROUP: ColumnWords = ("group", "団体", "Group", Text);
const STATUS: ColumnWords = ("status", "状況", "Status", Code);
const FORMAT: ColumnWords = ("format", "区分", "Format", Code);
const ATTENDANCE: ColumnWords = ("attendance", "参加者数", "Attendance", Number);

/// What sections need to name what they list.
pub struct Names<'n> {
    pub catalogue: &'n Catalogue,
    pub language: Language,
    /// Organizations that the caller knows of.
    pub organizations: HashMap<Id, String>,
}

impl Names<'_> {
    pub fn area(&self, code: &str) -> Cell {
        let found = self.catalogue.area(code);
        let word = found.map(|area| match self.language {
            Language::Ja => self.catalogue.fixed.name_here(area),
            Language::En => area.english.clone(),
        });
        Cell::Code {
            word: word.unwrap_or_else(|| code.to_owned()),
            code: code.to_owned(),
        }
    }

    fn format(&self, code: &str) -> Cell {
        let formats = &self.catalogue.fixed.formats;
        let found = formats.iter().find(|one| one.code.code() == code);
        let word = found.map_or(code, |one| one.names.in_language(self.language));
        Cell::Code {
            code: code.to_owned(),
            word: word.to_owned(),
        }
    }

    fn type_(&self, code: &str) -> Cell {
        let found = self.catalogue.types.get(code);
        let word = found.map_or(code, |one| one.definition.names.in_language(self.language));
        Cell::Code {
            code: code.to_owned(),
            word: word.to_owned(),
        }
    }

    fn family(&self, code: &str) -> Cell {
        let families = &self.catalogue.fixed.families;
        let found = families.iter().find(|one| *one.code == *code);
        let word = found.map_or(code, |one| one.names.in_language(self.language));
        Cell::Code {
            code: code.to_owned(),
            word: word.to_owned(),
        }
    }

    fn coded(&self, schema: &str, code: &str) -> Cell {
        Cell::coded(schema, code, self.language)
    }

    fn section(&self, code: SectionCode, columns: &[ColumnWords]) -> ReportSection {
        ReportSection::new(code, self.language, columns)
    }

    /// Joins texts.
    fn list(&self, texts: &[String]) -> String {
        texts.join(match self.language {
            Language::Ja => "、",
            Language::En => ", ",
        })
    }
}

/// Puts rows into a section, which says if they are more than fit.
fn fill(section: &mut ReportSection, rows: impl IntoIterator<Item = Vec<Cell>>, language: Language) {
    section.rows = rows.into_iter().take(MOST_ROWS + 1).collect();
    if section.rows.len() > MOST_ROWS {
        section.rows.truncate(MOST_ROWS);
        section.complete = false;
        section.note(
            language,
            "件数が多いため、先頭の3,000件だけを載せています。",
            "Only the first 3,000 rows are shown.",
        );
    }
}

/// What is counted of the deliverables of a year and format.
#[derive(Debug, Clone, Copy, Default)]
pub struct EngagementCount {
    pub requests: i64,
    pub engagements: i64,
    pub declared: Option<i64>,
    pub unlisted: i64,
}

/// The counts of deliverables, by year and format.
pub type EngagementCounts = BTreeMap<(i32, String), EngagementCount>;

/// Adds up what is recorded and what publications declare.
pub fn count_engagements(recorded: &[(Group, i64)], declared: &[DeclaredTotal]) -> EngagementCounts {
    let mut counts = EngagementCounts::new();
    for (group, count) in recorded {
        let (Some(year), Some(format)) = (group.fiscal_year, &group.format) else {
            continue;
        };
        let status: Option<DeliverableStatus> = group.status.as_deref().and_then(|code| code.parse().ok());
        let of = counts.entry((year, format.clone())).or_default();
        if status.is_some_and(|status| status != DeliverableStatus::Draft) {
            of.requests += count;
        }
        if status.is_some_and(DeliverableStatus::has_team) {
            of.engagements += count;
        }
    }
    for total in declared {
        let of = counts
            .entry((total.fiscal_year, total.format.clone()))
            .or_default();
        *of.declared.get_or_insert(0) += i64::from(total.declared);
        of.unlisted += i64::from(total.declared - total.listed).max(0);
    }
    counts.retain(|_, one| one.requests + one.engagements + one.unlisted > 0 || one.declared.is_some());
    counts
}

pub fn engagement_counts(names: &Names, counts: &EngagementCounts, has_declared: bool) -> ReportSection {
    const COLUMNS: &[ColumnWords] = &[
        YEAR,
        FORMAT,
        ("requests", "依頼", "Requests", Number),
        ("engagements", "支援", "Engagements", Number),
        ("declared", "公表件数", "Declared", Number),
        ("unlisted", "うち一覧にない件数", "Declared, not listed", Number),
    ];
    let mut section = names.section(SectionCode::EngagementCounts, COLUMNS);
    let formats = &names.catalogue.fixed.formats;
    let position = |code: &str| formats.iter().position(|one| one.code.code() == code);
    let mut sorted: Vec<_> = counts.iter().collect();
    sorted.sort_by_key(|((year, format), _)| (*year, position(format)));
    let row = |((year, format), one): (&(i32, String), &EngagementCount)| {
        vec![
            Cell::Year(*year),
            names.format(format),
            Cell::Number(one.requests),
            Cell::Number(one.engagements),
            Cell::number(one.declared),
            Cell::number(one.declared.map(|_| one.unlisted)),
        ]
    };
    fill(&mut section, sorted.into_iter().map(row), names.language);
    section.add_up();
    section.note(
        names.language,
        "依頼は下書きを除く受付件数、支援はチームが決まった件数です。",
        "Requests are all but drafts. Engagements are those whose team was complete.",
    );
    if has_declared {
        section.note(
            names.language,
            "公表件数は公表資料の件数です。一覧にない件数は、資料が件数だけを示しているものです。",
            "Declared is what publications say. They give some only as a number, without listing them.",
        );
    }
    section
}

pub fn engagement_types(names: &Names, recorded: &[(Group, i64)]) -> ReportSection {
    const COLUMNS: &[ColumnWords] = &[
        ("family", "分野", "Family", Code),
        ("type", "支援内容", "Deliverable type", Code),
        ("engagements", "支援", "Engagements", Number),
    ];
    let mut section = names.section(SectionCode::EngagementTypes, COLUMNS);
    let mut counts: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for (group, count) in recorded {
        let status = group.status.as_deref().and_then(|code| code.parse().ok());
        if status.is_some_and(DeliverableStatus::has_team)
            && let (Some(family), Some(code)) = (&group.family, &group.type_)
        {
            *counts.entry((family, code)).or_default() += count;
        }
    }
    let families = &names.catalogue.fixed.families;
    let position = |code: &str| families.iter().position(|one| *one.code == *code);
    let mut sorted: Vec<_> = counts.into_iter().collect();
    sorted.sort_by_key(|((family, code), count)| (position(family), -count, *code));
    let row = |((family, code), count): ((&str, &str), i64)| {
        vec![names.family(family), names.type_(code), Cell::Number(count)]
    };
    fill(&mut section, sorted.into_iter().map(row), names.language);
    section.add_up();
    section
}

pub fn engagements(names: &Names, found: &[Deliverable]) -> ReportSection {
    const COLUMNS: &[ColumnWords] = &[
        YEAR,
        FORMAT,
        AREA,
        GROUP,
        ("deliverable", "支援内容", "Deliverable", Text),
        ("type", "種類", "Type", Code),
        STATUS,
    ];
    let mut section = names.section(SectionCode::Engagements, COLUMNS);
    let row = |one: &Deliverable| {
        let joint = one.joint_organizations.iter();
        let joint = joint.filter(|other| other.status == JointStatus::Accepted);
        let ids =
            std::iter::once(one.request.organization_id).chain(joint.map(|other| other.organization_id));
        let groups: Vec<String> = ids
            .filter_map(|id| names.organizations.get(&id).cloned())
            .collect();
        vec![
            Cell::Year(one.fiscal_year),
            names.format(one.format().code()),
            names.area(one.request.area.as_deref().unwrap_or_default()),
            Cell::known((!groups.is_empty()).then(|| names.list(&groups))),
            Cell::text(&one.request.title),
            names.type_(&one.request.type_),
            names.coded("DeliverableStatus", one.request.status.code()),
        ]
    };
    fill(&mut section, found.iter().map(row), names.language);
    section
}

/// Events with how many came to them.
pub struct Gatherings {
    pub events: Vec<Event>,
    pub attendance: HashMap<Id, i64>,
}

impl Gatherings {
    fn cell(&self, event: &Event) -> Cell {
        Cell::number(self.attendance.get(&event.id).copied())
    }

    fn of_kind(&self, is_conference: bool) -> impl Iterator<Item = &Event> {
        let all = self.events.iter();
        all.filter(move |one| (one.plan.kind == EventKind::Conference) == is_conference)
    }
}

/// Returns the first day of an event, or its month if no day is known, and its last day if it has several.
fn days(event: &Event) -> (Cell, Option<NaiveDate>) {
    if event.plan.times.is_empty() {
        let month = event.plan.month.clone();
        let day = only_day(month.as_deref());
        return (day.map_or_else(|| Cell::known(month), Cell::Day), None);
    }
    let first = first_day(&event.plan);
    let last = event.plan.times.iter().map(|time| {
        let start = time.starts_at.utc();
        // What ends at midnight ends on the day before.
        let end = time
            .ends_at
            .and_then(|end| end.utc().checked_sub_signed(Duration::seconds(1)));
        day_in_tokyo(end.map_or(start, |end| end.max(start)))
    });
    (Cell::day(first), last.max().filter(|last| Some(*last) > first))
}

fn place(event: &Event, language: Language) -> Cell {
    let online = match language {
        Language::Ja => "オンライン",
        Language::En => "online",
    };
    Cell::known(match (&event.plan.place, event.plan.online) {
        (Some(place), true) => Some(match language {
            Language::Ja => format!("{}・{online}", place.name),
            Language::En => format!("{}, {online}", place.name),
        }),
        (Some(place), false) => Some(place.name.clone()),
        (None, true) => Some(online.to_owned()),
        (None, false) => None,
    })
}

pub fn conferences(names: &Names, gatherings: &Gatherings) -> ReportSection {
    const COLUMNS: &[ColumnWords] = &[
        YEAR,
        ("starts_on", "開催日", "First day", Day),
        ("ends_on", "最終日", "Last day", Day),
        ("title", "テーマ", "Title", Text),
        ("place", "会場", "Place", Text),
        ("breakouts", "分科会", "Breakouts", Number),
        ATTENDANCE,
        STATUS,
    ];
    let mut section = names.section(SectionCode::Conferences, COLUMNS);
    let row = |event: &Event| {
        let (first, last) = days(event);
        let listed = Some(event.plan.breakouts.len() as i64).filter(|count| *count > 0);
        let breakouts = listed.or(event.plan.declared_breakouts.map(i64::from));
        let took_place = event.plan.status == EventStatus::Published;
        vec![
            Cell::Year(event.fiscal_year),
            first,
            Cell::day(last),
            Cell::text(&event.plan.title),
            place(event, names.language),
            // Nothing of one that was cancelled is added up.
            Cell::number(breakouts.filter(|_| took_place)),
            match took_place {
                true => gatherings.cell(event),
                false => Cell::Empty,
            },
            names.coded("EventStatus", event.plan.status.code()),
        ]
    };
    fill(&mut section, gatherings.of_kind(true).map(row), names.language);
    section.add_up();
    section
}

/// The events of a year and kind: how many, of how many it is known who came, and how many came.
type Counted = (i64, i64, Option<i64>);

fn count_events(gatherings: &Gatherings) -> BTreeMap<(i32, EventKind), Counted> {
    let mut counts: BTreeMap<(i32, EventKind), Counted> = BTreeMap::new();
    let took_place = |event: &&Event| event.plan.status == EventStatus::Published;
    for event in gatherings.events.iter().filter(took_place) {
        let of = counts.entry((event.fiscal_year, event.plan.kind)).or_default();
        of.0 += 1;
        if let Some(came) = gatherings.attendance.get(&event.id) {
            of.1 += 1;
            *of.2.get_or_insert(0) += came;
        }
    }
    counts
}

pub fn event_counts(names: &Names, gatherings: &Gatherings) -> ReportSection {
    const COLUMNS: &[ColumnWords] = &[
        YEAR,
        ("kind", "種別", "Kind", Code),
        ("events", "回数", "Events", Number),
        ("counted", "うち参加者数が分かる回数", "With attendance", Number),
        ATTENDANCE,
    ];
    let mut section = names.section(SectionCode::EventCounts, COLUMNS);
    let counts = count_events(gatherings).into_iter();
    let others = counts.filter(|((_, kind), _)| *kind != EventKind::Conference);
    let row = |((year, kind), (events, counted, came)): ((i32, EventKind), Counted)| {
        vec![
            Cell::Year(year),
            names.coded("EventKind", kind.code()),
            Cell::Number(events),
            Cell::Number(counted),
            Cell::number(came),
        ]
    };
    fill(&mut section, others.map(row), names.language);
    section.add_up();
    section
}

/// Names an event by its series and number, or by its title.
fn event_name(series: Option<&str>, number: Option<&str>, title: &str, language: Language) -> String {
    let name = series.unwrap_or(title);
    match (number, language) {
        (None, _) => name.to_owned(),
        (Some(number), Language::Ja) => format!("{name} 第{number}回"),
        (Some(number), Language::En) => format!("{name} no. {number}"),
    }
}

pub fn events(names: &Names, gatherings: &Gatherings) -> ReportSection {
    const COLUMNS: &[ColumnWords] = &[
        YEAR,
        ("starts_on", "開催日", "First day", Day),
        ("kind", "種別", "Kind", Code),
        ("series", "シリーズ", "Series", Text),
        ("number", "回", "No.", Text),
        ("title", "テーマ", "Title", Text),
        ("place", "会場", "Place", Text),
        ATTENDANCE,
        STATUS,
    ];
    let mut section = names.section(SectionCode::Events, COLUMNS);
    let row = |event: &Event| {
        vec![
            Cell::Year(event.fiscal_year),
            days(event).0,
            names.coded("EventKind", event.plan.kind.code()),
            Cell::known(event.plan.series.clone()),
            Cell::known(event.plan.number.clone()),
            Cell::text(&event.plan.title),
            place(event, names.language),
            gatherings.cell(event),
            names.coded("EventStatus", event.plan.status.code()),
        ]
    };
    fill(&mut section, gatherings.of_kind(false).map(row), names.language);
    section
}

pub fn funnels(names: &Names, gatherings: &Gatherings, funnels: &[Funnel]) -> ReportSection {
    const COLUMNS: &[ColumnWords] = &[
        YEAR,
        ("events", "研修・イベント", "Events", Text),
        ("came", "参加", "Came", Number),
        ("asked", "相談を希望", "Asked", Number),
        ("consultation", "個別相談", "Consultation", Text),
        ("consulted", "相談", "Consulted", Number),
        ("applied", "応募・依頼", "Applied", Number),
    ];
    let mut section = names.section(SectionCode::Funnels, COLUMNS);
    let known: HashMap<Id, &Event> = gatherings.events.iter().map(|one| (one.id, one)).collect();
    let named = |one: &FunnelEvent| {
        let series = known
            .get(&one.event_id)
            .and_then(|event| event.plan.series.as_deref());
        let name = event_name(series, one.number.as_deref(), &one.title, names.language);
        match (one.attendance, names.language) {
            (None, _) => name,
            (Some(came), Language::Ja) => format!("{name}（{came}名）"),
            (Some(came), Language::En) => format!("{name} ({came})"),
        }
    };
    let row = |funnel: &Funnel| {
        let texts = |of: &[FunnelEvent]| names.list(&of.iter().map(named).collect::<Vec<_>>());
        let year = known.get(&funnel.event_id)?.fiscal_year;
        Some(vec![
            Cell::Year(year),
            Cell::text(texts(&funnel.events)),
            Cell::Number(funnel.came),
            Cell::number(funnel.asked),
            Cell::text(texts(&funnel.consultations)),
            Cell::Number(funnel.consulted),
            Cell::number(funnel.applied),
        ])
    };
    fill(&mut section, funnels.iter().filter_map(row), names.language);
    section.note(
        names.language,
        "参加はのべ人数です。相談の希望と応募・依頼は、参加者名簿がある場合に分かります。",
        "Everybody counts each time that they came. Who asked and who applied is known where there is a list.",
    );
    section
}

pub fn accompaniments(names: &Names, found: &[Project]) -> ReportSection {
    const COLUMNS: &[ColumnWords] = &[
        YEAR,
        AREA,
        GROUP,
        ("needs", "課題・ニーズ", "Needs", Text),
        ("supports", "支援の種類", "Support", Codes),
        ("outcome", "支援内容・成果", "Outcome", Text),
        STATUS,
    ];
    let mut section = names.section(SectionCode::Accompaniments, COLUMNS);
    let row = |one: &Project| {
        let about = one.plan.accompaniment.as_ref();
        let supports = about.into_iter().flat_map(|about| &about.supports);
        let supports = supports.map(|kind| {
            let code: &'static str = (*kind).into();
            let word = crate::values::words::text("SupportKind", code);
            (code.to_owned(), names.language.choose(&word).to_owned())
        });
        vec![
            Cell::Year(one.fiscal_year),
            names.area(&one.area),
            Cell::known(names.organizations.get(&one.plan.organization_id).cloned()),
            Cell::known(about.map(|about| about.needs.clone())),
            Cell::Codes(supports.collect()),
            Cell::known(about.and_then(|about| about.outcome.clone())),
            names.coded("ProjectStatus", one.plan.status.code()),
        ]
    };
    fill(&mut section, found.iter().map(row), names.language);
    section
}

pub fn outcomes(names: &Names, outcomes: &OutcomeStatistics) -> ReportSection {
    const COLUMNS: &[ColumnWords] = &[
        YEAR,
        ("delivered", "納品", "Delivered", Number),
        (
            "answered_after_6_months",
            "6か月後の回答",
            "Answered after 6 months",
            Number,
        ),
        ("in_use_after_6_months", "使用中", "In use", Percent),
        (
            "answered_after_12_months",
            "12か月後の回答",
            "Answered after 12 months",
            Number,
        ),
        ("in_use_after_12_months", "使用中", "In use", Percent),
        ("reach", "届いた人数", "People reached", Number),
        ("would_do_again", "また依頼したい", "Would do it again", Percent),
        ("quality", "成果物の評価", "Quality", Decimal),
    ];
    let mut section = names.section(SectionCode::Outcomes, COLUMNS);
    let percent = |percent: Option<i64>| Cell::decimal(percent.map(|percent| percent as f64));
    let rows = outcomes.items.iter().filter_map(|item| {
        let of = &item.outcome;
        let (half, whole) = (of.in_use_after_6_months, of.in_use_after_12_months);
        Some(vec![
            Cell::Year(item.group.fiscal_year?),
            Cell::Number(of.delivered),
            Cell::Number(half.answered),
            percent(half.percent),
            Cell::Number(whole.answered),
            percent(whole.percent),
            Cell::number(of.reach),
            percent(of.would_do_again.percent),
            Cell::decimal(of.reviews_of_members.map(|means| means.quality)),
        ])
    });
    fill(&mut section, rows, names.language);
    section.add_up();
    // Shares and means of all years together: they don't add up.
    let all = &outcomes.total;
    let (half, whole) = (all.in_use_after_6_months, all.in_use_after_12_months);
    for (at, cell) in [
        (3, percent(half.percent)),
        (5, percent(whole.percent)),
        (7, percent(all.would_do_again.percent)),
        (
            8,
            Cell::decimal(all.reviews_of_members.map(|means| means.quality)),
        ),
    ] {
        if let Some(total) = section.total.as_mut().and_then(|total| total.get_mut(at)) {
            *total = cell;
        }
    }
    section.note(
        names.language,
        "成果物の評価は1〜5の平均で、5団体・5人以上の評価がある場合に示します。",
        "Quality is a mean from 1 to 5, shown where at least 5 groups and 5 workers come together.",
    );
    section
}

pub fn coverage(names: &Names, coverage: Coverage, is_shown: impl Fn(&str) -> bool) -> ReportSection {
    const COLUMNS: &[ColumnWords] = &[
        AREA,
        ("need", "75歳以上", "Aged 75 and over", Number),
        ("projection", "将来推計", "Projection", Number),
        ("trend_percent", "増減", "Change", Percent),
        ("groups", "団体", "Groups", Number),
        ("requests", "依頼", "Requests", Number),
        ("engagements", "支援", "Engagements", Number),
        ("delivered", "納品", "Delivered", Number),
        ("workers_near", "近くのワーカー", "Workers near", Number),
        ("events", "イベント", "Events", Number),
        ("served_per_10000", "1万人当たり", "Per 10,000", Decimal),
        ("gap", "不足", "Gap", Decimal),
        ("rank", "順位", "Rank", Number),
    ];
    let mut section = names.section(SectionCode::Coverage, COLUMNS);
    let shown = coverage.items.iter().filter(|item| is_shown(&item.area));
    let row = |item: &crate::statistics::coverage::AreaCoverage| {
        vec![
            names.area(&item.area),
            Cell::number(item.need.as_ref().map(|figure| figure.value)),
            Cell::number(item.projection.as_ref().map(|figure| figure.value)),
            Cell::decimal(item.trend_percent),
            Cell::Number(item.counts.groups),
            Cell::Number(item.counts.requests),
            Cell::Number(item.counts.engagements),
            Cell::Number(item.counts.delivered),
            Cell::number(item.workers_near),
            Cell::Number(item.counts.events),
            Cell::decimal(item.served_per_10000),
            Cell::decimal(item.gap),
            Cell::number(item.rank.map(|rank| rank as i64)),
        ]
    };
    let rows: Vec<Vec<Cell>> = shown.map(row).collect();
    let is_whole = rows.len() == coverage.items.len();
    fill(&mut section, rows, names.language);
    if is_whole && section.complete && !section.rows.is_empty() {
        let total = &coverage.total;
        section.total = Some(vec![
            Cell::Empty,
            Cell::number(total.need),
            Cell::number(total.projection),
            Cell::Empty,
            Cell::Number(total.counts.groups),
            Cell::Number(total.counts.requests),
            Cell::Number(total.counts.engagements),
            Cell::Number(total.counts.delivered),
            Cell::Empty,
            Cell::Number(total.counts.events),
            Cell::decimal(total.served_per_10000),
            Cell::Empty,
            Cell::Empty,
        ]);
    }
    section.note(
        names.language,
        "不足は、75歳以上の人口当たりの支援を全地域の平均にするために足りない件数です。近くのワーカーは役所から10km以内に住む人数で、1〜4人は示しません。",
        "Gap is how many more engagements an area would have at the mean of all areas, per person of 75 and over. Workers near live within 10 km of the town hall; 1 to 4 are not told.",
    );
    let left_out = coverage.uncounted;
    if is_whole && left_out != CoverageUncounted::default() {
        let CoverageUncounted {
            groups,
            requests,
            events,
        } = left_out;
        section.note(
            names.language,
            &format!(
                "どの地域にも数えていないもの：対象外の地域の団体{groups}、地域のない、または対象外の地域の依頼{requests}、全地域のイベント{events}。"
            ),
            &format!(
                "Counted in no area: groups in areas that aren't served: {groups}; requests without a served area: {requests}; events of all areas: {events}."
            ),
        );
    }
    let years = |of: fn(&crate::statistics::coverage::AreaCoverage) -> Option<i32>| {
        let mut years: Vec<String> = coverage
            .items
            .iter()
            .filter_map(of)
            .map(|year| year.to_string())
            .collect();
        years.sort_unstable();
        years.dedup();
        names.list(&years)
    };
    let need = years(|item| item.need.as_ref().map(|figure| figure.year));
    let projection = years(|item| item.projection.as_ref().map(|figure| figure.year));
    if coverage.sources.is_empty() {
        section.note(
            names.language,
            "人口の統計が登録されていないため、75歳以上の人口と不足は分かりません。",
            "No figures of population are loaded, so need and gap are unknown.",
        );
    } else {
        let credits: Vec<String> = coverage.sources.iter().map(|one| one.credit.clone()).collect();
        let credits = names.list(&credits);
        section.note(
            names.language,
            &format!("75歳以上は{need}年、将来推計は{projection}年。出典：{credits}"),
            &format!("Aged 75 and over: {need}; projection: {projection}. Sources: {credits}"),
        );
    }
    section
}

pub fn publications(names: &Names, found: &[Publication]) -> ReportSection {
    const COLUMNS: &[ColumnWords] = &[
        YEAR,
        ("published_on", "公開日", "Published", Day),
        ("kind", "種別", "Kind", Code),
        ("title", "題名", "Title", Text),
        ("version", "版", "Version", Text),
        ("sent_to", "送付先", "Sent to", Text),
        ("copies", "部数", "Copies", Number),
        ("feedback", "感想", "Feedback", Number),
        ("mean", "平均", "Mean", Decimal),
    ];
    let mut section = names.section(SectionCode::Publications, COLUMNS);
    let row = |one: &Publication| {
        let day = day_in_tokyo(one.published_at.unwrap_or(one.created_at).utc());
        let latest = one.plan.versions.iter().max_by_key(|version| version.on);
        let recipients = &one.plan.recipients;
        let name = |recipient: &Recipient| match recipient.organization_id {
            Some(id) => names.organizations.get(&id).cloned(),
            None => recipient.name.clone(),
        };
        let mut sent_to: Vec<String> = recipients.iter().filter_map(name).collect();
        // An office that got several parcels is named once.
        let mut seen = HashSet::new();
        sent_to.retain(|name| seen.insert(name.clone()));
        let copies: i64 = recipients.iter().map(|one| i64::from(one.copies)).sum();
        vec![
            Cell::Year(fiscal_year(day)),
            Cell::Day(day),
            names.coded("PublicationKind", one.plan.kind.code()),
            Cell::text(&one.plan.title),
            Cell::known(latest.map(|version| version.label.clone())),
            Cell::known((!sent_to.is_empty()).then(|| names.list(&sent_to))),
            Cell::number((!recipients.is_empty()).then_some(copies)),
            Cell::Number(one.feedback.count),
            Cell::decimal(one.feedback.mean),
        ]
    };
    fill(&mut section, found.iter().map(row), names.language);
    section.add_up();
    section.note(
        names.language,
        "版は最新のものです。送付先と感想は、作成日までのすべてです。平均は1（役に立たない）〜5（とても役に立つ）の平均です。",
        "The version is the latest. Recipients and feedback are all until today. The mean is of marks from 1 (no help) to 5 (a great help).",
    );
    section
}

/// How often pages were read.
pub struct Web {
    /// By month and code of the kind.
    pub views: Vec<(i32, String, i64)>,
    /// Whether the report is of some areas.
    pub is_of_areas: bool,
}

pub fn page_views(names: &Names, web: &Web) -> ReportSection {
    const COLUMNS: &[ColumnWords] = &[
        YEAR,
        ("month", "月", "Month", Day),
        ("card", "カード", "Cards", Number),
        ("post", "お知らせ・会報", "Posts", Number),
        ("publication", "資料", "Publications", Number),
        ("event", "イベント", "Events", Number),
        ("listing", "イベントの一覧", "Lists of events", Number),
        ("views", "合計", "All", Number),
    ];
    // In the order of the columns.
    const KINDS: [PageKind; 5] = [
        PageKind::Card,
        PageKind::Post,
        PageKind::Publication,
        PageKind::Event,
        PageKind::Listing,
    ];
    let mut section = names.section(SectionCode::PageViews, COLUMNS);
    let mut months: BTreeMap<i32, HashMap<&str, i64>> = BTreeMap::new();
    for (month, kind, views) in &web.views {
        *months.entry(*month).or_default().entry(kind).or_default() += views;
    }
    let rows = months.into_iter().filter_map(|(month, views)| {
        let month = Month(month);
        let counts = KINDS.map(|kind| views.get(kind.code()).copied().unwrap_or_default());
        let mut row = vec![Cell::Year(month.fiscal_year()?), Cell::text(month.to_string())];
        row.extend(counts.map(Cell::Number));
        row.push(Cell::Number(counts.iter().sum()));
        Some(row)
    });
    fill(&mut section, rows, names.language);
    section.add_up();
    section.note(
        names.language,
        "トークンなしの閲覧を、Cookieも個人の情報も使わずに数えています。キャッシュが答えた閲覧は含みません。閲覧のない月は載せていません。",
        "Readings without a token, counted without cookies and without anything about who reads. What caches answer isn't counted. Months without views are left out.",
    );
    if web.is_of_areas {
        section.note(
            names.language,
            "閲覧数は地域ごとには数えていないため、全地域の合計です。",
            "Views aren't counted by area: these are of all areas.",
        );
    }
    section
}

pub fn calendar(names: &Names, programmes: &[Programme]) -> ReportSection {
    const COLUMNS: &[ColumnWords] = &[
        YEAR,
        ("programme", "プログラム", "Programme", Text),
        ("step", "段階", "Step", Code),
        ("on", "日", "Day", Day),
        ("until", "最終日", "Last day", Day),
        ("title", "内容", "What", Text),
    ];
    let mut section = names.section(SectionCode::Calendar, COLUMNS);
    let rows = programmes.iter().flat_map(|programme| {
        let mut steps: Vec<_> = programme.plan.calendar.iter().collect();
        steps.sort_by_key(|step| step.on);
        steps.into_iter().map(|step| {
            vec![
                Cell::Year(programme.plan.fiscal_year),
                Cell::text(&programme.plan.title),
                names.coded("StepKind", step.kind.code()),
                Cell::Day(step.on),
                Cell::day(step.until),
                Cell::known(step.title.clone()),
            ]
        })
    });
    fill(&mut section, rows, names.language);
    section
}

/// What the overview adds up.
pub struct Overview<'o> {
    pub counts: &'o EngagementCounts,
    pub gatherings: &'o Gatherings,
    pub projects: &'o [Project],
}

pub fn overview(names: &Names, span: &ReportSpan, of: &Overview) -> ReportSection {
    const COLUMNS: &[ColumnWords] = &[
        YEAR,
        ("engagements", "支援", "Engagements", Number),
        ("declared", "公表件数", "Declared", Number),
        ("accompaniments", "伴走支援", "Accompaniments", Number),
        ("events", "研修・イベント", "Events", Number),
        ("event_attendance", "その参加者数", "Their attendance", Number),
        ("conference_attendance", "大会の参加者数", "Conference", Number),
    ];
    let mut section = names.section(SectionCode::Overview, COLUMNS);
    let events = count_events(of.gatherings);
    let row = |year: i32| {
        let counts = of.counts.range((year, String::new())..(year + 1, String::new()));
        let (mut engagements, mut declared) = (0, None);
        for (_, one) in counts {
            engagements += one.engagements;
            if let Some(more) = one.declared {
                *declared.get_or_insert(0) += more;
            }
        }
        let projects = of
            .projects
            .iter()
            .filter(|one| one.fiscal_year == year && one.plan.status != ProjectStatus::Cancelled);
        let (mut held, mut came, mut at_conference) = (0, None, None);
        for ((_, kind), (count, _, attendance)) in events.iter().filter(|((of, _), _)| *of == year) {
            let sum = match kind {
                EventKind::Conference => &mut at_conference,
                _ => {
                    held += count;
                    &mut came
                }
            };
            if let Some(more) = attendance {
                *sum.get_or_insert(0) += more;
            }
        }
        vec![
            Cell::Year(year),
            Cell::Number(engagements),
            Cell::number(declared),
            Cell::Number(projects.count() as i64),
            Cell::Number(held),
            Cell::number(came),
            Cell::number(at_conference),
        ]
    };
    fill(&mut section, (span.from..=span.to).map(row), names.language);
    section.add_up();
    section
}
