//! The cells of a sheet, from the items of a list.

use crate::catalogue::Catalogue;
use crate::error::Error;
use crate::exports::columns::{Column, Of, Shape};
use crate::exports::words::{SEPARATORS, Words};
use serde_json::Value;
use tables::cells::is_formula;

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
    match is_formula(&text) {
        true => format!("'{text}"),
        false => text,
    }
}

/// Reads a column's cell from an item. Without words, codes stay codes.
pub fn cell(column: &Column, item: &Value, words: Option<&Words>, catalogue: &Catalogue) -> Cell {
    let Some(value) = item.pointer(column.pointer).filter(|value| !value.is_null()) else {
        return Cell::Empty;
    };
    let text = || match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match (column.shape, value) {
        (Shape::Number, Value::Number(number)) => number.as_f64().map_or(Cell::Empty, Cell::Number),
        (Shape::Flag, Value::Bool(flag)) => match words {
            Some(_) => Cell::Text(if *flag { "はい" } else { "いいえ" }.to_owned()),
            None => Cell::Flag(*flag),
        },
        (Shape::Word(of), Value::String(code)) => {
            Cell::Text(words.map_or_else(|| code.clone(), |words| words.of(of, code)))
        }
        (Shape::Day, Value::String(day)) => Cell::Day(day.clone()),
        (Shape::Moment, Value::String(moment)) => Cell::Moment(moment.clone()),
        (Shape::List(_), Value::Array(items)) if items.is_empty() => Cell::Empty,
        (Shape::List(Of::Text) | Shape::NullableList(Of::Text), Value::Array(items)) => list(items),
        (Shape::List(of) | Shape::NullableList(of), Value::Array(items)) if !items.is_empty() => {
            let items = words.map_or_else(|| items.clone(), |words| words.of_list(of, items));
            joined(&items.iter().filter_map(Value::as_str).collect::<Vec<_>>())
        }
        (Shape::Coded(codes), value) => {
            let mut value = value.clone();
            if let Some(words) = words {
                reword(&mut value, codes, words);
            }
            Cell::Text(value.to_string())
        }
        (Shape::Levels, Value::Array(skills)) => levels(skills, words),
        (Shape::Evidence, Value::Array(pieces)) => evidence(pieces),
        (Shape::Area, Value::String(code)) => {
            let area = catalogue.area(code).filter(|_| words.is_some());
            Cell::Text(area.map_or_else(|| code.clone(), |area| catalogue.fixed.name_here(area)))
        }
        _ => Cell::Text(text()),
    }
}

/// Puts words in the place of codes, in the members with these names.
fn reword(value: &mut Value, codes: &[(&str, Of)], words: &Words) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| reword(item, codes, words)),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let of = codes.iter().find(|(coded, _)| coded == name);
                match (of, &member) {
                    (Some((_, of)), Value::String(code)) => *member = words.of(*of, code).into(),
                    _ => reword(member, codes, words),
                }
            }
        }
        _ => {}
    }
}

/// Joins texts with 、, or writes JSON if an import couldn't split them again.
fn list(items: &[Value]) -> Cell {
    let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
    let is_simple = |text: &&str| !text.contains(SEPARATORS) && *text == text.trim() && !text.is_empty();
    if !items.is_empty() && texts.len() == items.len() && texts.iter().all(is_simple) {
        joined(&texts)
    } else {
        Cell::Text(Value::from(items.to_vec()).to_string())
    }
}

fn joined(texts: &[&str]) -> Cell {
    Cell::Text(texts.join("、"))
}

fn levels(skills: &[Value], words: Option<&Words>) -> Cell {
    let one = |skill: &Value| {
        let (code, level) = (skill.get("skill")?.as_str()?, skill.get("level")?.as_u64()?);
        let word = words.map_or_else(|| code.to_owned(), |words| words.of(Of::Skill, code));
        Some(format!("{word}({level})"))
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
    let plain = only.filter(|text| *text == text.trim() && !text.starts_with('['));
    Cell::Text(plain.map_or_else(|| Value::from(pieces.to_vec()).to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn prefixes_formulas_with_an_apostrophe() {
        for dangerous in [
            "=1+1", "+81 90", "-1", "@SUM(A1)", "\t=1", "'=1", "''@x", "＝1+1", "＋81", "－1", "＠x", "'＝1",
        ] {
            assert_eq!(harmless(dangerous.into()), format!("'{dangerous}"));
        }
        for plain in ["", "a=b", "'quoted'", "1-2", "a＝b", "ー"] {
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
            levels(&[json!({"skill": "editing", "level": 4})], None),
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
