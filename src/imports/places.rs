//! What a cell about a place means: a municipality, or what to write instead.

use crate::catalogue::areas::address::Place;
use crate::catalogue::areas::{Known, wording};
use crate::catalogue::fixed::Fixed;
use crate::catalogue::{lookup, names};
use crate::error::Text;
use tables::Remark;
use tables::cells::CellResult;

/// A cell that names a place, and the places that are written beside it, the closest first: a prefecture in another column,
/// a line above, a post code.
#[derive(Clone, Copy)]
pub struct Written<'c> {
    pub cell: &'c str,
    pub beside: &'c [&'c str],
}

impl<'c> From<&'c str> for Written<'c> {
    fn from(cell: &'c str) -> Written<'c> {
        Written { cell, beside: &[] }
    }
}

/// Finds the municipality that a cell names. `warnings` receives what the sender should check.
pub fn area<'c>(
    fixed: &Fixed,
    written: impl Into<Written<'c>>,
    warnings: &mut Vec<Remark>,
) -> CellResult<String> {
    let areas = &*fixed.areas;
    let written = written.into();
    match fixed.read_place_beside(written.cell, written.beside) {
        Place::Found { area, former, second } => {
            let area = areas.at(area).ok_or_else(|| unknown_area(None))?;
            if let Some(former) = former.and_then(|former| areas.former_at(former)) {
                warnings.push(remark("former_area", wording::former(areas, former, area)));
            }
            if let Some(second) = second.and_then(|second| areas.at(second)) {
                warnings.push(remark(
                    "several_areas",
                    wording::first_of_two(areas, area, second),
                ));
            }
            Ok(area.code.to_string())
        }
        Place::Proposed(area) => Err(unknown_area(areas.at(area).map(|area| fixed.name_here(area)))),
        Place::Several(several) => Err(remark("ambiguous_area", wording::ambiguous(areas, &several))),
        Place::Divided(former) => {
            let (known, present) = (Known::Former(former), areas.today(Known::Former(former)));
            Err(remark("ambiguous_area", wording::divided(areas, known, &present)))
        }
        Place::Prefecture => Err(incomplete_area()),
        Place::Unknown if is_code_of_prefecture(written.cell) => Err(incomplete_area()),
        Place::Unknown => {
            let served = fixed.served_areas().map(|area| area.name.as_str());
            Err(unknown_area(
                lookup::nearest(&names::key(written.cell), served).map(str::to_owned),
            ))
        }
    }
}

/// Finds the municipality that a cell names, if it is served.
pub fn served_area(fixed: &Fixed, cell: &str, warnings: &mut Vec<Remark>) -> CellResult<String> {
    let code = area(fixed, cell, warnings)?;
    match fixed.areas.find(&code).filter(|_| !fixed.is_served(&code)) {
        Some(elsewhere) => Err(remark(
            "area_not_served",
            wording::not_served(&fixed.areas, elsewhere),
        )),
        None => Ok(code),
    }
}

fn remark(code: &'static str, message: Text) -> Remark {
    Remark {
        code,
        message,
        suggestion: None,
    }
}

/// Returns whether a cell is the code of a prefecture, as a prefecture's own lists have it: 14, 140007.
fn is_code_of_prefecture(cell: &str) -> bool {
    let number = |digits: Option<&str>| digits.and_then(|digits| digits.parse::<u32>().ok());
    let is_prefecture = |number: Option<u32>| number.is_some_and(|number| (1..=47).contains(&number));
    cell.bytes().all(|b| b.is_ascii_digit())
        && match cell.len() {
            1 | 2 => is_prefecture(number(Some(cell))),
            5 | 6 => is_prefecture(number(cell.get(..2))) && cell.get(2..5) == Some("000"),
            _ => false,
        }
}

fn incomplete_area() -> Remark {
    Remark::new(
        "incomplete_area",
        "区市町村まで入力してください。都道府県だけでは地域が決まりません。",
        "Name a municipality. A prefecture is not enough.",
    )
}

fn unknown_area(near: Option<String>) -> Remark {
    let hint = |ask: &str, end: &str, how: &str| {
        near.as_ref()
            .map_or_else(|| how.to_owned(), |near| format!("{ask}{near}{end}"))
    };
    Remark::new(
        "unknown_area",
        format!(
            "この地域は登録されていません。{}",
            hint(
                "「",
                "」ではありませんか。",
                "「東京都新宿区」のように、区市町村の名前かコードを入力してください。"
            )
        ),
        format!(
            "There is no such area.{}",
            hint(
                " Did you mean ",
                "?",
                " Write the name or the code of a municipality, like 東京都新宿区."
            )
        ),
    )
    .suggesting(near)
}
