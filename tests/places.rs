//! Which municipality a text means: every name and code of Japan, and the spellings that occur in files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use musubi::catalogue::areas::address::Place;
use musubi::catalogue::areas::{Area, Areas, Known};
use musubi::catalogue::fixed::Fixed;
use musubi::catalogue::store;
use musubi::config::ServedAreas;
use musubi::values::{city_of, with_wards};
use std::collections::BTreeSet;

fn serving(areas: &str) -> Fixed {
    store::fixed(&areas.parse::<ServedAreas>().unwrap()).unwrap()
}

fn nowhere() -> Fixed {
    let mut fixed = serving("13");
    fixed.served.fill(false);
    fixed
}

/// Writes a place as the tables do: `131041`, `131041<former`, `131041+second`, `?proposed`, `one|or|another`.
fn written(areas: &Areas, place: &Place) -> String {
    let code = |area: &u16| areas.at(*area).unwrap().code.to_string();
    match place {
        Place::Found { area, former, second } => {
            let former = former.map(|former| format!("<{}", areas.former_at(former).unwrap().code));
            let second = second.map(|second| format!("+{}", code(&second)));
            format!(
                "{}{}{}",
                code(area),
                former.unwrap_or_default(),
                second.unwrap_or_default()
            )
        }
        Place::Proposed(area) => format!("?{}", code(area)),
        Place::Several(several) => several.iter().map(code).collect::<Vec<_>>().join("|"),
        Place::Divided(_) => "divided".into(),
        Place::Prefecture => "prefecture".into(),
        Place::Unknown => "unknown".into(),
    }
}

fn rows(path: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_path(path)
        .unwrap();
    let rows = reader
        .records()
        .map(|row| row.unwrap().iter().map(str::to_owned).collect());
    rows.collect()
}

fn assert_none(wrong: Vec<String>) {
    assert!(
        wrong.is_empty(),
        "{} are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn texts_mean_what_the_table_says() {
    let mut wrong = Vec::new();
    for row in rows("tests/data/places.csv") {
        let [served, text, expected] = &row[..] else {
            panic!("{row:?}")
        };
        let fixed = serving(served);
        let read = written(&fixed.areas, &fixed.read_place(text));
        if read != *expected {
            wrong.push(format!("{text} (serving {served}): {read}, not {expected}"));
        }
    }
    assert_none(wrong);
}

#[test]
fn places_beside_a_text_tell_which_of_several_it_means() {
    let mut wrong = Vec::new();
    for row in rows("tests/data/places_beside.csv") {
        let [served, text, beside, expected] = &row[..] else {
            panic!("{row:?}")
        };
        let fixed = serving(served);
        let all: Vec<&str> = beside.split('|').filter(|one| !one.is_empty()).collect();
        let read = written(&fixed.areas, &fixed.read_place_beside(text, &all));
        if read != *expected {
            wrong.push(format!(
                "{text} beside {beside} (serving {served}): {read}, not {expected}"
            ));
        }
    }
    assert_none(wrong);
}

#[test]
fn every_municipality_is_found_by_its_name_code_and_reading() {
    for fixed in [serving("13"), serving("all"), nowhere()] {
        let areas = &fixed.areas;
        assert_eq!(areas.all.len(), 1912);
        let mut wrong = Vec::new();
        for area in &areas.all {
            let full = areas.full_name(area);
            let parent = area.parent.as_ref().map(|city| areas.find(city).unwrap());
            let prefecture = areas.prefecture(&area.code).unwrap();
            let kana = format!("{}{}", parent.map_or("", |city| &city.kana), area.kana);
            let mut texts = vec![
                area.code.to_string(),
                area.code[..5].to_owned(),
                full.clone(),
                full.strip_prefix(prefecture.name.as_str()).unwrap().to_owned(),
                format!("{full}1丁目2-3"),
                format!("〒100-0001　{full}"),
                format!("（{full}）"),
                full.chars().flat_map(|c| [c, '\u{3000}']).collect(),
            ];
            // A name that several have needs what stands before it, and so do equal readings.
            let bare = full.strip_prefix(prefecture.name.as_str()).unwrap();
            let is_bare = |other: &Area| other.name == bare || full_without_prefecture(areas, other) == bare;
            if areas.all.iter().filter(|other| is_bare(other)).count() <= 1 {
                texts.push(bare.to_owned());
            } else {
                texts.retain(|text| text != bare);
            }
            for text in texts {
                let read = written(areas, &fixed.read_place(&text));
                if read != *area.code {
                    wrong.push(format!("{text}: {read}, not {}", area.code));
                }
            }
            for text in [
                format!("{}{kana}", prefecture.name),
                format!("{}{kana}", prefecture.kana),
            ] {
                let read = written(areas, &fixed.read_place(&text));
                if !read.split('|').any(|code| area.code == code) {
                    wrong.push(format!("{text}: {read}, not {}", area.code));
                }
            }
        }
        assert_none(wrong);
    }
}

fn full_without_prefecture(areas: &Areas, area: &Area) -> String {
    let prefecture = &areas.prefecture(&area.code).unwrap().name;
    areas
        .full_name(area)
        .strip_prefix(prefecture.as_str())
        .unwrap()
        .to_owned()
}

#[test]
fn every_reading_of_one_municipality_is_its_own() {
    let fixed = nowhere();
    let areas = &fixed.areas;
    let mut wrong = Vec::new();
    for area in &areas.all {
        let namesakes = areas.all.iter().filter(|other| other.kana == area.kana).count();
        let read = written(areas, &fixed.read_place(&area.kana));
        let is_right = match namesakes {
            1 => read == *area.code || read.contains('|') && read.contains(area.code.as_str()),
            _ => read.contains('|') && read.contains(area.code.as_str()),
        };
        if !is_right {
            wrong.push(format!("{}: {read}, not {}", area.kana, area.code));
        }
    }
    assert_none(wrong);
}

#[test]
fn every_former_code_and_name_leads_to_today() {
    for fixed in [serving("13"), nowhere()] {
        let areas = &fixed.areas;
        assert_eq!(areas.former.len(), 2213);
        let mut wrong = Vec::new();
        for former in &areas.former {
            let present: BTreeSet<&str> = former.present.iter().map(|code| code.as_str()).collect();
            assert!(
                present.iter().all(|code| areas.find(code).is_some()),
                "{former:?}"
            );
            let prefecture = &areas.prefecture(&former.code).unwrap().name;
            let county = former.county.as_deref().unwrap_or_default();
            let full = format!("{prefecture}{county}{}", former.name);
            for text in [former.code.to_string(), former.code[..5].to_owned(), full] {
                let place = fixed.read_place(&text);
                let found: BTreeSet<&str> = match &place {
                    Place::Found { area, .. } => [areas.at(*area).unwrap().code.as_str()].into(),
                    Place::Divided(former) => {
                        let today = areas.today(Known::Former(*former));
                        today
                            .iter()
                            .map(|area| areas.at(*area).unwrap().code.as_str())
                            .collect()
                    }
                    _ => BTreeSet::new(),
                };
                // A code that is still in use means its area of today.
                let kept = areas.find(&former.code).map(|area| area.code.as_str());
                if found != present && kept.is_none_or(|kept| found != [kept].into()) {
                    wrong.push(format!("{text}: {place:?}, not {present:?}"));
                }
            }
        }
        assert_none(wrong);
    }
}

#[test]
fn spellings_in_official_files_are_understood() {
    let fixed = serving("13");
    let mut wrong = Vec::new();
    for row in rows("tests/data/place_spellings.csv") {
        let [code, name, variant, kind] = &row[..] else {
            panic!("{row:?}")
        };
        // A name that several municipalities have, and none of them in Tokyo, stays open.
        let is_open = |read: &str| read.contains('|') && read.contains(code.as_str());
        let read = written(&fixed.areas, &fixed.read_place(variant));
        let is_right = match kind.as_str() {
            // 三宅島 and 新宿 are proposed.
            "short" | "short_ambiguous" => read == format!("?{code}") || read == *code,
            _ => read == *code || is_open(&read),
        };
        if !is_right {
            wrong.push(format!("{variant} ({kind} of {name}): {read}, not {code}"));
        }
    }
    assert_none(wrong);
}

#[test]
fn cities_cover_exactly_their_wards() {
    let areas = serving("all").areas;
    let known = |code: &String| areas.find(code).is_some_and(|area| area.code == *code);
    for area in &areas.all {
        let wards = areas
            .all
            .iter()
            .filter(|ward| ward.parent.as_ref() == Some(&area.code));
        let expected: BTreeSet<String> = wards.chain([area]).map(|area| area.code.to_string()).collect();
        let covered: BTreeSet<String> = with_wards(&area.code).into_iter().filter(known).collect();
        assert_eq!(covered, expected, "{}", area.name);
        assert_eq!(
            city_of(&area.code),
            area.parent.as_ref().map(|city| city.to_string()),
            "{}",
            area.name
        );
    }
}

#[test]
fn what_is_served_is_prefectures_municipalities_and_cities_with_their_wards() {
    let served = |text: &str| serving(text).served_areas().count();
    assert_eq!(served("13"), 62);
    assert_eq!(served("all"), 1912);
    assert_eq!(served("131041,13113"), 2);
    assert_eq!(served("011002"), 11);
    assert_eq!(served("13, 011011"), 63);
    for wrong in ["", "tokyo", "1", "13,,14", "1310"] {
        assert!(wrong.parse::<ServedAreas>().is_err(), "{wrong}");
    }
    for unknown in ["99", "131049", "132161"] {
        assert!(store::fixed(&unknown.parse().unwrap()).is_err(), "{unknown}");
    }
}

#[test]
fn islands_of_several_municipalities_are_one_land() {
    let areas = serving("13").areas;
    let reaches = |from: &str, to: &str| {
        let position = |code| areas.position(code).unwrap();
        areas.geography.is_reachable(position(from), position(to))
    };
    assert_eq!(areas.all.iter().filter(|area| area.island.is_some()).count(), 63);
    // 青ヶ島 and 新宿, 八丈島 and 青ヶ島; 徳之島's towns; the mainland, over the Inland Sea as well.
    assert!(!reaches("134023", "131041") && !reaches("131041", "134023") && !reaches("134015", "134023"));
    assert!(reaches("465305", "465313") && !reaches("465305", "462225"));
    assert!(reaches("131041", "132012") && reaches("271004", "372013"));
}

/// The last digit checks: weights 6, 5, 4, 3, 2 on the first five, 11 − sum mod 11, its last digit.
#[test]
fn every_code_has_its_check_digit() {
    let areas = serving("13").areas;
    let former = areas.former.iter().map(|area| &area.code);
    for code in areas.all.iter().map(|area| &area.code).chain(former) {
        let digits: Vec<u32> = code.chars().map(|c| c.to_digit(10).unwrap()).collect();
        let sum: u32 = digits
            .iter()
            .zip([6, 5, 4, 3, 2])
            .map(|(digit, weight)| digit * weight)
            .sum();
        assert_eq!(digits[5], (11 - sum % 11) % 10, "{code}");
    }
}
