//! The cells of a sheet, from the items of a list.

use crate::catalogue::Catalogue;
use crate::error::Error;
use crate::exports::columns::{Column, Shape};
use crate::http::Language;
use serde_json::Value;

/// A cell; XLSX keeps its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Empty,
    Text(String),
    Number(f64),
    Flag(bool),
    Day(String),
    Moment(String),
}

pub fn failed(error: impl std::fmt::Display) -> Error {
    Error::file("the export can't be written", error)
}

/// Prefixes text that a spreadsheet would run as a formula with an apostrophe. Imports remove the apostrophe
/// again.
pub fn harmless(text: String) -> String {
    let rest = text.trim_start_matches('\'');
    if rest.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text
    }
}

/// Reads a column's cell from an item.
pub fn cell(column: &Column, item: &Value, headings: Language, catalogue: &Catalogue) -> Cell {
    let Some(value) = item.pointer(column.pointer).filter(|value| !value.is_null()) else {
        return Cell::Empty;
    };
    let text = || match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match (column.shape, value) {
        (Shape::Number, Value::Number(number)) => number.as_f64().map_or(Cell::Empty, Cell::Number),
        (Shape::Flag, Value::Bool(flag)) => Cell::Flag(*flag),
        (Shape::Day, Value::String(day)) => Cell::Day(day.clone()),
        (Shape::Moment, Value::String(moment)) => Cell::Moment(moment.clone()),
        (Shape::List, Value::Array(items)) if items.is_empty() => Cell::Empty,
        (Shape::List | Shape::NullableList, Value::Array(items)) => list(items),
        (Shape::Levels, Value::Array(skills)) => levels(skills),
        (Shape::Evidence, Value::Array(pieces)) => evidence(pieces),
        (Shape::Area, Value::String(code)) => {
            let area = catalogue.area(code).filter(|_| headings == Language::Ja);
            Cell::Text(area.map_or_else(|| code.clone(), |area| catalogue.fixed.name_here(area)))
        }
        _ => Cell::Text(text()),
    }
}

/// Joins texts with 、, or writes JSON if an import couldn't split them again.
fn list(items: &[Value]) -> Cell {
    const SEPARATORS: [char; 11] = ['、', ',', ';', '/', '|', '\n', '\t', '､', '・', '[', '"'];
    let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
    let is_simple = |text: &&str| !text.contains(SEPARATORS) && *text == text.trim() && !text.is_empty();
    if !items.is_empty() && texts.len() == items.len() && texts.iter().all(is_simple) {
        Cell::Text(texts.join("、"))
    } else {
        Cell::Text(Value::from(items.to_vec()).to_string())
    }
}

fn levels(skills: &[Value]) -> Cell {
    let one = |skill: &Value| {
        let (code, level) = (skill.get("skill")?.as_str()?, skill.get("level")?.as_u64()?);
        Some(format!("{code}({level})"))
    };
    let all: Vec<String> = skills.iter().filter_map(one).collect();
    Cell::Text(if all.is_empty() {
        "[]".to_owned()
    } else {
        all.join("、")
    })
}

fn evidence(pieces: &[Value]) -> Cell {
    let only = match pieces {
        [] => return Cell::Empty,
        [one] if one.get("title").is_none_or(Value::is_null) => one.get("text").and_then(Value::as_str),
        _ => None,
    };
    let plain = only.filter(|text| *text == text.trim() && !text.starts_with("[{"));
    Cell::Text(plain.map_or_else(|| Value::from(pieces.to_vec()).to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn prefixes_formulas_with_an_apostrophe() {
        for dangerous in ["=1+1", "+81 90", "-1", "@SUM(A1)", "\t=1", "'=1", "''@x"] {
            assert_eq!(harmless(dangerous.into()), format!("'{dangerous}"));
        }
        for plain in ["", "a=b", "'quoted'", "1-2"] {
            assert_eq!(harmless(plain.into()), plain);
        }
    }

    #[test]
    fn joins_lists_that_an_import_can_split_again() {
        assert_eq!(list(&[json!("a"), json!("b")]), Cell::Text("a、b".into()));
        assert_eq!(
            list(&[json!("みたか・みんなの広場")]),
            Cell::Text("[\"みたか・みんなの広場\"]".into())
        );
        assert_eq!(list(&[]), Cell::Text("[]".into()));
        assert_eq!(
            levels(&[json!({"skill": "editing", "level": 4})]),
            Cell::Text("editing(4)".into())
        );
        assert_eq!(
            evidence(&[json!({"title": null, "text": "書く"})]),
            Cell::Text("書く".into())
        );
        assert!(
            matches!(evidence(&[json!({"title": "a", "text": "書く"})]), Cell::Text(text) if text.starts_with("[{"))
        );
    }
}
