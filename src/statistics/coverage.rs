//! Coverage: how what was done in each area stands against the need there, the people of 75 and over.
//!
//! An area is *served* by the engagements whose work began. Its *gap* is how many more it would have at the mean of all
//! areas, per person of 75 and over; the largest gap has rank 1. Without any engagement there is no mean to compare with, and
//! no gap.

use crate::deliverables::DeliverableStatus;
use crate::error::{Error, Result};
use crate::indicators::{Figure, FigureKind, SourceLabel};
use crate::values::AreaCode;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use utoipa::{IntoParams, ToSchema};

/// How far a worker may live away to be near.
pub const NEAR_METRES: u32 = 10_000;
/// Fewer workers than this are not told apart.
const FEWEST_WORKERS: i64 = 5;

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CoverageFilter {
    /// Only this municipality, or those of this prefecture: its 全国地方公共団体コード of six digits, or five without the check
    /// digit.
    #[param(pattern = "^[0-9]{5,6}$", example = "130001")]
    pub area: Option<String>,
    /// The first fiscal year whose requests and events are counted.
    #[param(minimum = 1900, maximum = 2200)]
    pub from: Option<i32>,
    /// The last one.
    #[param(minimum = 1900, maximum = 2200)]
    pub to: Option<i32>,
    /// The year of the projections; by default the last that there is.
    #[param(minimum = 1900, maximum = 2200)]
    pub projection_year: Option<i32>,
    /// Counts demo data too.
    #[serde(default)]
    pub include_demo: bool,
}

/// Whether the people of 75 and over are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NeedStatus {
    /// Of every area.
    Complete,
    /// Of some areas.
    Partial,
    /// Of none: load them with `PUT /v1/indicator-sources/{code}`.
    None,
}

/// How many people of 75 and over live in an area.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"value": 33_563, "year": 2025, "dated_on": "2025-01-01",
    "source": {"code": "juki2025", "title": "住民基本台帳に基づく人口（令和7年1月1日現在）",
        "credit": "総務省「住民基本台帳に基づく人口」を加工", "url": null}}))]
pub struct NeedFigure {
    #[schema(minimum = 0)]
    pub value: i64,
    pub year: i32,
    pub dated_on: Option<NaiveDate>,
    pub source: SourceLabel,
}

/// What is counted of an area.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct CoverageCounts {
    /// Organizations that aren't archived.
    #[schema(minimum = 0, example = 12)]
    pub groups: i64,
    /// Deliverables that were asked for: all but drafts.
    #[schema(minimum = 0, example = 9)]
    pub requests: i64,
    /// Those whose team was complete.
    #[schema(minimum = 0, example = 7)]
    pub engagements: i64,
    /// Those that were delivered.
    #[schema(minimum = 0, example = 6)]
    pub delivered: i64,
    /// Published events that the area holds, without those of all areas. One that several areas hold counts in each.
    #[schema(minimum = 0, example = 4)]
    pub events: i64,
}

/// Records that none of the areas counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"groups": 1, "requests": 2, "events": 3}))]
pub struct CoverageUncounted {
    /// Organizations in areas that aren't served.
    #[schema(minimum = 0)]
    pub groups: i64,
    /// Deliverables that were asked for in no area, or in one that isn't served.
    #[schema(minimum = 0)]
    pub requests: i64,
    /// Published events of all areas.
    #[schema(minimum = 0)]
    pub events: i64,
}

/// The coverage of an area.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AreaCoverage {
    pub area: AreaCode,
    #[schema(example = "新宿区")]
    pub name: String,
    /// The latest count of people of 75 and over; null where none is loaded.
    pub need: Option<NeedFigure>,
    /// The projection of it; null where none is loaded.
    pub projection: Option<NeedFigure>,
    /// By how many percent the projection is above the latest count.
    #[schema(example = 18.4)]
    pub trend_percent: Option<f64>,
    #[serde(flatten)]
    pub counts: CoverageCounts,
    /// Active workers who live within 10 km of the town hall. Null if they are 1 to 4.
    #[schema(minimum = 0, example = 41)]
    pub workers_near: Option<i64>,
    /// Engagements for 10,000 people of 75 and over.
    #[schema(minimum = 0, example = 2.09)]
    pub served_per_10000: Option<f64>,
    /// How many more engagements the area would have at the mean of all areas. Negative where it has more. Null where people
    /// aren't counted, and while there is no engagement in any area.
    #[schema(example = 3.4)]
    pub gap: Option<f64>,
    /// 1 is the largest gap. Null without a gap.
    #[schema(minimum = 1, example = 17)]
    pub rank: Option<usize>,
}

/// The least and the most of a member, for the scale of a map or a chart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({"least": 0.0, "most": 5.31}))]
pub struct Bounds {
    pub least: f64,
    pub most: f64,
}

/// The bounds of the members that are drawn. Null where no area has a value.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CoverageBounds {
    pub need: Option<Bounds>,
    pub projection: Option<Bounds>,
    pub trend_percent: Option<Bounds>,
    pub groups: Option<Bounds>,
    pub requests: Option<Bounds>,
    pub engagements: Option<Bounds>,
    pub delivered: Option<Bounds>,
    pub workers_near: Option<Bounds>,
    pub events: Option<Bounds>,
    pub served_per_10000: Option<Bounds>,
    pub gap: Option<Bounds>,
}

/// The sums over the areas.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CoverageTotal {
    /// People of 75 and over in the areas where they are known. Null if they are known in none.
    #[schema(minimum = 0, example = 1_838_345)]
    pub need: Option<i64>,
    #[schema(minimum = 0, example = 2_518_405)]
    pub projection: Option<i64>,
    #[serde(flatten)]
    pub counts: CoverageCounts,
    /// The mean of the areas whose need is known.
    #[schema(minimum = 0, example = 0.8)]
    pub served_per_10000: Option<f64>,
}

/// The coverage of areas.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Coverage {
    /// By code.
    pub items: Vec<AreaCoverage>,
    pub total: CoverageTotal,
    /// What is counted in none of all served areas, whichever were asked for.
    pub uncounted: CoverageUncounted,
    pub need_status: NeedStatus,
    /// How many of the areas have no count of people of 75 and over.
    #[schema(minimum = 0, example = 0)]
    pub areas_without_need: usize,
    pub bounds: CoverageBounds,
    /// Where the figures come from. Show their credits.
    pub sources: Vec<SourceLabel>,
}

/// An area before its coverage is known.
#[derive(Debug, Clone)]
pub struct CoveredArea {
    pub code: AreaCode,
    pub name: String,
    pub counts: CoverageCounts,
    pub workers_near: i64,
}

impl CoverageCounts {
    /// Counts deliverables of a status.
    pub fn add(&mut self, status: DeliverableStatus, count: i64) {
        use DeliverableStatus::{Delivered, Draft, InProgress, Matched};
        self.requests += if status == Draft { 0 } else { count };
        self.engagements += match status {
            Matched | InProgress | Delivered => count,
            _ => 0,
        };
        self.delivered += if status == Delivered { count } else { 0 };
    }

    fn plus(self, other: CoverageCounts) -> CoverageCounts {
        CoverageCounts {
            groups: self.groups + other.groups,
            requests: self.requests + other.requests,
            engagements: self.engagements + other.engagements,
            delivered: self.delivered + other.delivered,
            events: self.events + other.events,
        }
    }
}

/// The latest count and the projection of each area.
pub type Needs = HashMap<String, (Option<NeedFigure>, Option<NeedFigure>)>;

/// Picks the latest count of each area, and its projection: of a year, or the last one.
pub fn needs(
    figures: Vec<(Figure, String)>,
    sources: &HashMap<String, SourceLabel>,
    projection_year: Option<i32>,
) -> Needs {
    let mut needs = Needs::new();
    for (figure, source) in figures {
        let Some(source) = sources.get(&source).cloned() else {
            continue;
        };
        let of = needs.entry(figure.area).or_default();
        let (slot, is_asked) = match figure.kind {
            FigureKind::Fact => (&mut of.0, true),
            FigureKind::Projection => (&mut of.1, projection_year.is_none_or(|year| figure.year == year)),
        };
        let newer = slot
            .as_ref()
            .is_none_or(|known| (known.year, known.dated_on) < (figure.year, figure.dated_on));
        if is_asked && newer {
            *slot = Some(NeedFigure {
                value: figure.value,
                year: figure.year,
                dated_on: figure.dated_on,
                source,
            });
        }
    }
    needs
}

impl Coverage {
    /// Compares all served areas, and keeps those that were asked for.
    pub fn new(areas: Vec<CoveredArea>, mut needs: Needs, is_asked: impl Fn(&str) -> bool) -> Coverage {
        let mut items: Vec<AreaCoverage> = Vec::with_capacity(areas.len());
        let mut known = (0, 0);
        for area in areas {
            let (need, projection) = needs.remove(area.code.as_str()).unwrap_or_default();
            if let Some(need) = &need {
                known = (known.0 + need.value, known.1 + area.counts.engagements);
            }
            let trend = need
                .as_ref()
                .zip(projection.as_ref())
                .filter(|(need, _)| need.value > 0);
            let near = area.workers_near;
            items.push(AreaCoverage {
                area: area.code,
                name: area.name,
                trend_percent: trend.map(|(now, then)| {
                    rounded((then.value - now.value) as f64 * 100.0 / now.value as f64, 10.0)
                }),
                served_per_10000: need
                    .as_ref()
                    .and_then(|need| served(area.counts.engagements, need.value)),
                need,
                projection,
                counts: area.counts,
                workers_near: (near == 0 || near >= FEWEST_WORKERS).then_some(near),
                gap: None,
                rank: None,
            });
        }
        let (people, engagements) = known;
        if people > 0 && engagements > 0 {
            for item in &mut items {
                let expected = |need: &NeedFigure| need.value as f64 * engagements as f64 / people as f64;
                let more = |need: &NeedFigure| expected(need) - item.counts.engagements as f64;
                item.gap = item.need.as_ref().map(|need| rounded(more(need), 10.0));
            }
        }
        rank(&mut items);
        items.retain(|item| is_asked(&item.area));
        let (people, engagements) = items.iter().fold((0, 0), |sum, item| match &item.need {
            Some(need) => (sum.0 + need.value, sum.1 + item.counts.engagements),
            None => sum,
        });
        let without = items.iter().filter(|item| item.need.is_none()).count();
        let counts = items
            .iter()
            .fold(CoverageCounts::default(), |sum, item| sum.plus(item.counts));
        let sum = |of: fn(&AreaCoverage) -> Option<&NeedFigure>| {
            let all: Vec<i64> = items.iter().filter_map(of).map(|figure| figure.value).collect();
            (!all.is_empty()).then(|| all.iter().sum())
        };
        let total = CoverageTotal {
            need: sum(|item| item.need.as_ref()),
            projection: sum(|item| item.projection.as_ref()),
            counts,
            served_per_10000: served(engagements, people),
        };
        let figures = items
            .iter()
            .flat_map(|item| item.need.iter().chain(&item.projection));
        let sources: BTreeMap<String, SourceLabel> = figures
            .map(|figure| (figure.source.code.to_string(), figure.source.clone()))
            .collect();
        Coverage {
            total,
            uncounted: CoverageUncounted::default(),
            need_status: match without {
                0 if !items.is_empty() => NeedStatus::Complete,
                _ if without == items.len() => NeedStatus::None,
                _ => NeedStatus::Partial,
            },
            areas_without_need: without,
            bounds: CoverageBounds::of(&items),
            sources: sources.into_values().collect(),
            items,
        }
    }

    /// Writes the coverage as a table with one row per area.
    pub fn csv(&self) -> Result<Vec<u8>> {
        let failed = |e: &dyn std::fmt::Display| Error::Internal(format!("cannot write CSV: {e}"));
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        writer
            .write_record([
                "area",
                "name",
                "need",
                "need_year",
                "need_credit",
                "projection",
                "projection_year",
                "projection_credit",
                "trend_percent",
                "groups",
                "requests",
                "engagements",
                "delivered",
                "workers_near",
                "events",
                "served_per_10000",
                "gap",
                "rank",
            ])
            .map_err(|e| failed(&e))?;
        fn text(value: Option<impl ToString>) -> String {
            value.map(|value| value.to_string()).unwrap_or_default()
        }
        for item in &self.items {
            let figure = |figure: &Option<NeedFigure>| match figure {
                Some(one) => [
                    one.value.to_string(),
                    one.year.to_string(),
                    one.source.credit.clone(),
                ],
                None => Default::default(),
            };
            let counts = item.counts;
            let counts = [
                counts.groups,
                counts.requests,
                counts.engagements,
                counts.delivered,
            ];
            let mut cells = vec![item.area.to_string(), item.name.clone()];
            cells.extend(figure(&item.need));
            cells.extend(figure(&item.projection));
            cells.push(text(item.trend_percent));
            cells.extend(counts.iter().map(ToString::to_string));
            cells.extend([
                text(item.workers_near),
                item.counts.events.to_string(),
                text(item.served_per_10000),
                text(item.gap),
                text(item.rank),
            ]);
            writer.write_record(&cells).map_err(|e| failed(&e))?;
        }
        writer.into_inner().map_err(|e| failed(&e))
    }
}

impl CoverageBounds {
    fn of(items: &[AreaCoverage]) -> CoverageBounds {
        let bounds = |of: fn(&AreaCoverage) -> Option<f64>| {
            let values = items.iter().filter_map(of);
            let grow = |bounds: Option<Bounds>, value: f64| {
                Some(bounds.map_or(
                    Bounds {
                        least: value,
                        most: value,
                    },
                    |known| Bounds {
                        least: known.least.min(value),
                        most: known.most.max(value),
                    },
                ))
            };
            values.fold(None, grow)
        };
        CoverageBounds {
            need: bounds(|item| item.need.as_ref().map(|figure| figure.value as f64)),
            projection: bounds(|item| item.projection.as_ref().map(|figure| figure.value as f64)),
            trend_percent: bounds(|item| item.trend_percent),
            groups: bounds(|item| Some(item.counts.groups as f64)),
            requests: bounds(|item| Some(item.counts.requests as f64)),
            engagements: bounds(|item| Some(item.counts.engagements as f64)),
            delivered: bounds(|item| Some(item.counts.delivered as f64)),
            workers_near: bounds(|item| item.workers_near.map(|count| count as f64)),
            events: bounds(|item| Some(item.counts.events as f64)),
            served_per_10000: bounds(|item| item.served_per_10000),
            gap: bounds(|item| item.gap),
        }
    }
}

/// Gives areas of the same gap the same rank.
fn rank(items: &mut [AreaCoverage]) {
    let mut gaps: Vec<f64> = items.iter().filter_map(|item| item.gap).collect();
    gaps.sort_by(|a, b| b.total_cmp(a));
    for item in items {
        let above = |gap: f64| gaps.partition_point(|other| *other > gap);
        item.rank = item.gap.map(|gap| above(gap) + 1);
    }
}

fn served(engagements: i64, people: i64) -> Option<f64> {
    (people > 0).then(|| rounded(engagements as f64 * 10_000.0 / people as f64, 100.0))
}

/// Rounds to a part of one: 10 is one decimal. Adding 0 makes −0 plain.
fn rounded(value: f64, part: f64) -> f64 {
    (value * part).round() / part + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicators::Indicator;

    fn figure(area: &str, year: i32, kind: FigureKind, value: i64) -> (Figure, String) {
        let figure = Figure {
            area: area.into(),
            indicator: Indicator::Population75Plus,
            year,
            kind,
            value,
            dated_on: None,
            basis: None,
        };
        (figure, "census".into())
    }

    fn area(code: &str, engagements: i64, workers_near: i64) -> CoveredArea {
        CoveredArea {
            code: code.into(),
            name: code.into(),
            counts: CoverageCounts {
                engagements,
                requests: engagements,
                ..CoverageCounts::default()
            },
            workers_near,
        }
    }

    #[test]
    fn the_area_that_lacks_most_at_the_mean_has_the_first_rank() {
        use FigureKind::{Fact, Projection};
        let label = SourceLabel {
            code: "census".into(),
            title: "国勢調査".into(),
            credit: "総務省".into(),
            url: None,
        };
        let sources = HashMap::from([("census".to_owned(), label)]);
        let figures = vec![
            figure("a", 2015, Fact, 1),
            figure("a", 2020, Fact, 10_000),
            figure("a", 2030, Projection, 12_000),
            figure("a", 2050, Projection, 15_000),
            figure("b", 2020, Fact, 30_000),
        ];
        let areas = || vec![area("a", 6, 4), area("b", 2, 5), area("c", 1, 0)];
        let coverage = Coverage::new(areas(), needs(figures.clone(), &sources, None), |_| true);
        // At the mean of 2 for 10,000, a would have 2 and b 6.
        let found: Vec<_> = coverage
            .items
            .iter()
            .map(|one| {
                (
                    one.served_per_10000,
                    one.gap,
                    one.rank,
                    one.trend_percent,
                    one.workers_near,
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                (Some(6.0), Some(-4.0), Some(2), Some(50.0), None),
                (Some(0.67), Some(4.0), Some(1), None, Some(5)),
                (None, None, None, None, Some(0)),
            ]
        );
        assert_eq!(
            (coverage.need_status, coverage.areas_without_need),
            (NeedStatus::Partial, 1)
        );
        assert_eq!(
            coverage.bounds.gap,
            Some(Bounds {
                least: -4.0,
                most: 4.0
            })
        );
        assert_eq!(coverage.total.served_per_10000, Some(2.0));
        // Where nothing was done, no area lacks more than others.
        let idle = vec![area("a", 0, 0), area("b", 0, 0)];
        let idle = Coverage::new(idle, needs(figures.clone(), &sources, None), |_| true);
        for one in &idle.items {
            assert_eq!((one.served_per_10000, one.gap, one.rank), (Some(0.0), None, None));
        }
        assert_eq!(idle.bounds.gap, None);
        let then = Coverage::new(areas(), needs(figures, &sources, Some(2030)), |_| true);
        assert_eq!(then.items[0].trend_percent, Some(20.0));
        let none = Coverage::new(areas(), Needs::new(), |_| true);
        assert_eq!((none.need_status, none.total.need), (NeedStatus::None, None));
    }
}
