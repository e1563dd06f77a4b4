//! What is said about areas, in Japanese and English.

use super::{Area, Areas, FormerArea, Known};
use crate::error::Text;
use chrono::Datelike;
use matcher::EntryNo;

/// How many areas a text lists.
const LISTED: usize = 5;

/// A municipality is known, but not served.
pub fn not_served(areas: &Areas, area: &Area) -> Text {
    let name = areas.full_name(area);
    Text::new(
        format!("{name}は対象地域に含まれていません。"),
        format!("{name} is not among the areas that are served."),
    )
}

/// A former municipality was divided among several of today.
pub fn divided(areas: &Areas, former: Known, present: &[EntryNo]) -> Text {
    let name = match former {
        Known::Former(former) => areas.former_at(former).map(former_name).unwrap_or_default(),
        Known::Present(area) => areas
            .at(area)
            .map(|area| areas.full_name(area))
            .unwrap_or_default(),
    };
    let (ja, en) = listed(areas, present);
    Text::new(
        format!("{name}は現在、複数の区市町村に分かれています。{ja}のいずれかを指定してください。"),
        format!("{name} is divided today. Name one of {en}."),
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
    let (name, today, until) = (former_name(former), areas.full_name(today), former.until);
    let (year, month, day) = (until.year(), until.month(), until.day());
    Text::new(
        format!("{name}は{year}年{month}月{day}日に変更された区市町村です。{today}として取り込みました。"),
        format!("{name} was changed on {until}; {today} was used."),
    )
}

/// Two municipalities were named, and the first is used.
pub fn first_of_two(areas: &Areas, first: &Area, second: &Area) -> Text {
    let (first, second) = (areas.full_name(first), areas.full_name(second));
    Text::new(
        format!("複数の区市町村が書かれています。{first}として取り込み、{second}は使いませんでした。"),
        format!("The cell names several areas. {first} was used, {second} was not."),
    )
}

fn former_name(former: &FormerArea) -> String {
    format!("{}{}", former.county.as_deref().unwrap_or_default(), former.name)
}

fn listed(areas: &Areas, several: &[EntryNo]) -> (String, String) {
    let names = several.iter().filter_map(|area| areas.at(*area));
    let names = names.map(|area| format!("{} ({})", areas.full_name(area), area.code));
    let listed: Vec<String> = names.take(LISTED).collect();
    let more = several.len().saturating_sub(listed.len());
    let (ja, en) = match more {
        0 => (String::new(), String::new()),
        more => (format!("、ほか{more}件"), format!(" and {more} more")),
    };
    let japanese = listed.join("、").replace(" (", "（").replace(')', "）");
    (japanese + &ja, listed.join(", ") + &en)
}
