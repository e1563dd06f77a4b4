//! What is said about areas, in Japanese and English.

use super::{Area, Areas, FormerArea, Known};
use crate::error::Text;
use chrono::Datelike;
use matcher::EntryNo;

/// How many areas a text lists.
const LISTED: usize = 5;

/// What stands for an area is no code. It names these areas.
pub fn no_code(areas: &Areas, named: &[EntryNo]) -> Text {
    if named.is_empty() {
        return Text::new(
            "地域コードは5桁または6桁の数字で指定してください。",
            "An area code has five or six digits.",
        );
    }
    let (ja, en) = listed(areas, named);
    Text::new(
        format!("地域は名称ではなくコードで指定してください。{ja}"),
        format!("Give an area's code instead of its name: {en}."),
    )
}

/// A municipality is known, but not served.
pub fn not_served(areas: &Areas, area: &Area) -> Text {
    Text::new(
        format!("{}は対象地域に含まれていません。", areas.full_name(area)),
        format!(
            "{} is not among the areas that are served.",
            areas.full_english(area)
        ),
    )
}

/// A former municipality was divided among several of today.
pub fn divided(areas: &Areas, former: Known, present: &[EntryNo]) -> Text {
    let names = match former {
        // Former municipalities have no English name.
        Known::Former(former) => areas
            .former_at(former)
            .map(former_name)
            .map(|name| (name.clone(), name)),
        Known::Present(area) => areas
            .at(area)
            .map(|area| (areas.full_name(area), areas.full_english(area))),
    };
    let (name, english) = names.unwrap_or_default();
    let (ja, en) = listed(areas, present);
    Text::new(
        format!("{name}は現在、複数の区市町村に分かれています。{ja}のいずれかを指定してください。"),
        format!("{english} is divided today. Name one of {en}."),
    )
}

/// Several municipalities have a name.
pub fn ambiguous(areas: &Areas, several: &[EntryNo]) -> Text {
    let (ja, en) = listed(areas, several);
    Text::new(
        format!("{ja}のいずれを指すか分かりません。都道府県名から入力してください。"),
        format!("This may be {en}. Begin with the prefecture."),
    )
}

/// A former municipality was named, and that of today is used.
pub fn former(areas: &Areas, former: &FormerArea, today: &Area) -> Text {
    let (name, until) = (former_name(former), former.until);
    let (today, english) = (areas.full_name(today), areas.full_english(today));
    let (year, month, day) = (until.year(), until.month(), until.day());
    Text::new(
        format!("{name}は{year}年{month}月{day}日に変更された区市町村です。{today}として取り込みました。"),
        format!("{name} was changed on {until}; {english} was used."),
    )
}

/// Two municipalities were named, and the first is used.
pub fn first_of_two(areas: &Areas, first: &Area, second: &Area) -> Text {
    let used = Text::new(areas.full_name(first), areas.full_english(first));
    let unused = Text::new(areas.full_name(second), areas.full_english(second));
    Text::new(
        format!(
            "複数の区市町村が書かれています。{}として取り込み、{}は使いませんでした。",
            used.ja, unused.ja
        ),
        format!(
            "The cell names several areas. {} was used, {} was not.",
            used.en, unused.en
        ),
    )
}

fn former_name(former: &FormerArea) -> String {
    format!("{}{}", former.county.as_deref().unwrap_or_default(), former.name)
}

fn listed(areas: &Areas, several: &[EntryNo]) -> (String, String) {
    let listed = || several.iter().filter_map(|area| areas.at(*area)).take(LISTED);
    let japanese = listed().map(|area| format!("{}（{}）", areas.full_name(area), area.code));
    let english = listed().map(|area| format!("{} ({})", areas.full_english(area), area.code));
    let (japanese, english): (Vec<String>, Vec<String>) = (japanese.collect(), english.collect());
    let (ja, en) = match several.len().saturating_sub(LISTED) {
        0 => (String::new(), String::new()),
        more => (format!("、ほか{more}件"), format!(" and {more} more")),
    };
    (japanese.join("、") + &ja, english.join("; ") + &en)
}
