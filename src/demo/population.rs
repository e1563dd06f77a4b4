//! The published figures of population: counted and projected, of Tokyo's municipalities and of the prefectures. `NOTICE` says
//! where they come from and which credits they need.

use super::embedded::ACTOR;
use crate::catalogue::Catalogue;
use crate::db::Db;
use crate::error::Result;
use crate::indicators::actions::{SourceDetails, read, replace};
use crate::indicators::{IndicatorSource, ReadOptions};

pub const MUNICIPALITIES: &str = include_str!("population_75.csv");
pub const PREFECTURES: &str = include_str!("population_75_prefectures.csv");

struct Published {
    source: &'static str,
    title: &'static str,
    credit: &'static str,
    url: &'static str,
}

/// The sources of the files; both files have rows of each.
const SOURCES: [Published; 2] = [
    Published {
        source: "ipss2023",
        title: "日本の地域別将来推計人口（令和5（2023）年推計）",
        credit: "国立社会保障・人口問題研究所「日本の地域別将来推計人口（令和5（2023）年推計）」を加工",
        url: "https://www.ipss.go.jp/pp-shicyoson/j/shicyoson23/t-page.asp",
    },
    Published {
        source: "juki2025",
        title: "住民基本台帳に基づく人口（令和7年1月1日現在）",
        credit: "総務省「住民基本台帳に基づく人口」（令和7年1月1日現在）を加工",
        url: "https://www.soumu.go.jp/main_sosiki/jichi_gyousei/daityo/jinkou_jinkoudoutai-setaisuu.html",
    },
];

/// Loads the figures. Returns how many are new.
pub fn load(db: &mut Db, catalogue: &Catalogue) -> Result<usize> {
    let mut loaded = 0;
    // Their headings differ in the name of the area only.
    let rows = PREFECTURES.split_once('\n').map_or("", |(_, rows)| rows);
    let both = format!("{MUNICIPALITIES}{rows}");
    for Published {
        source,
        title,
        credit,
        url,
    } in SOURCES
    {
        let details = SourceDetails {
            code: source.into(),
            title: title.to_owned(),
            credit: credit.to_owned(),
            url: Some(url.to_owned()),
            published_on: None,
        };
        let options = ReadOptions::default();
        let figures = read(catalogue, source, &options, both.as_bytes(), None)?;
        let mut before = None;
        let note = |found: Option<&IndicatorSource>| {
            before = found.map(|found| found.version);
            Ok(())
        };
        let (now, _) = replace(db, ACTOR, details, &figures, note)?;
        if before != Some(now.version) {
            loaded += now.figures as usize;
        }
    }
    Ok(loaded)
}
