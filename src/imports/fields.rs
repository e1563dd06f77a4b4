//! Fields of an imported record: their headings, and how the text of a cell is put into the record.
//!
//! Each kind of record has one table of its fields: `kinds::workers::fields`, `kinds::organizations::fields`,
//! `kinds::deliverables::fields`.

use super::places;
use super::vocabulary::{Vocabulary, Words};
use crate::auth::Reach;
use crate::catalogue::Format;
use chrono::NaiveDate;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tables::Remark;
use tables::cells::dates::{CellDate, parse_date};
use tables::cells::{CellResult, one_line, parse_boolean, parse_number, parse_phone};

/// A field: its name in mappings and exports, its Japanese heading, and other headings that mean it.
pub struct Field {
    pub name: &'static str,
    pub heading: &'static str,
    pub others: &'static [&'static str],
}

impl Field {
    /// Returns every heading that means this field.
    pub fn headings(&self) -> impl Iterator<Item = &'static str> {
        [self.name, self.heading]
            .into_iter()
            .chain(self.others.iter().copied())
    }
}

/// A field, and how a cell is put into a draft of the record.
pub struct FieldSetter<D: 'static> {
    pub field: Field,
    pub set: fn(&mut D, &mut Input) -> CellResult<()>,
}

/// Puts a cell into the draft, as the field at this position of the table does.
pub fn set<D>(table: &[FieldSetter<D>], position: usize, draft: &mut D, input: &mut Input) -> CellResult<()> {
    table
        .get(position)
        .map_or(Ok(()), |field| (field.set)(draft, input))
}

/// Writes a table of fields: name, Japanese heading, other headings => what sets it.
macro_rules! field_table {
    ($draft:ident, $cell:ident: $type:ty; $($name:literal, $heading:literal, [$($other:literal),*] => $set:expr;)*) => {
        pub const FIELDS: &[$crate::imports::fields::FieldSetter<$type>] = &[$(
            $crate::imports::fields::FieldSetter {
                field: $crate::imports::fields::Field {
                    name: $name,
                    heading: $heading,
                    others: &[$($other),*],
                },
                set: |$draft, $cell| {
                    $set;
                    Ok(())
                },
            },
        )*];
    };
}
pub(super) use field_table;

/// What the cells of a file are interpreted with.
pub struct Context<'c> {
    pub vocabulary: &'c Vocabulary<'c>,
    pub today: NaiveDate,
    /// Where the records come from.
    pub source: String,
    /// Which records the sender may read and write.
    pub reach: Reach,
}

/// The text of a cell. It is empty if the cell unsets the field.
pub struct Input<'i> {
    pub text: &'i str,
    pub context: &'i Context<'i>,
    /// Receives what the sender should check, though the cell is used.
    pub warnings: &'i mut Vec<Remark>,
}

impl<'i> Input<'i> {
    pub fn vocabulary(&self) -> &'i Vocabulary<'i> {
        self.context.vocabulary
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Returns the text, or `None` if it is empty.
    pub fn text(&self) -> Option<String> {
        (!self.is_empty()).then(|| self.text.to_owned())
    }

    /// Returns the text as one line, or `None` if it is empty.
    pub fn line(&self) -> Option<String> {
        Some(one_line(self.text)).filter(|line| !line.is_empty())
    }

    /// Parses the text, unless it is empty.
    pub fn parse<T>(&self, parse: impl FnOnce(&str) -> CellResult<T>) -> CellResult<Option<T>> {
        if self.is_empty() {
            return Ok(None);
        }
        parse(self.text).map(Some)
    }

    pub fn number(&self) -> CellResult<Option<u16>> {
        self.parse(parse_number)
    }

    pub fn boolean(&self) -> CellResult<Option<bool>> {
        self.parse(parse_boolean)
    }

    /// Finds the area that the text names. Warns if it is a former one, or if the text names two.
    pub fn area(&mut self) -> CellResult<Option<String>> {
        let mut warnings = Vec::new();
        let area = self.parse(|text| places::area(&self.vocabulary().catalogue.fixed, text, &mut warnings));
        self.warnings.append(&mut warnings);
        area
    }

    pub fn formats(&self) -> CellResult<Option<Vec<Format>>> {
        self.parse(|text| self.vocabulary().formats(text))
    }

    /// Parses a date. Warns if only its month or year is known.
    pub fn date(&mut self) -> CellResult<Option<NaiveDate>> {
        let Some(CellDate { date, is_exact }) = self.parse(parse_date)? else {
            return Ok(None);
        };
        if !is_exact {
            self.warnings.push(Remark::new(
                "imprecise_date",
                format!("日の記載がないため、{date}として取り込みました。"),
                format!("The cell has no day, so {date} was used."),
            ));
        }
        Ok(Some(date))
    }

    /// Parses a phone number. Warns if its leading 0 was missing.
    pub fn phone(&mut self) -> CellResult<Option<String>> {
        let phone = self.parse(parse_phone)?;
        if phone.as_ref().is_some_and(|phone| phone.is_restored) {
            self.warnings.push(Remark::new(
                "leading_zero_restored",
                "先頭の0を補いました。",
                "The missing leading 0 was added.",
            ));
        }
        Ok(phone.map(|phone| phone.text))
    }

    /// Returns the codes of the words in the cell. Warns about words that aren't known, and leaves them out.
    pub fn codes(&mut self, words: &Words, code: &'static str) -> Vec<String> {
        let mut codes: Vec<String> = Vec::new();
        for word in words.split(self.text) {
            match words.recognize(&word) {
                Ok(meaning) if !codes.contains(&meaning.code) => codes.push(meaning.code),
                Ok(_) => {}
                Err(near) => self.warnings.push(unrecognized(code, &word, near)),
            }
        }
        codes
    }
}

/// A warning about a word that isn't known.
pub fn unrecognized(code: &'static str, word: &str, near: Option<String>) -> Remark {
    let word: String = word.chars().take(80).collect();
    Remark::new(
        code,
        format!("「{word}」に当たる項目が見つかりません。"),
        format!("{word:?} is not a known name, code or alias."),
    )
    .suggesting(near)
}

/// Parses a cell that holds JSON.
pub fn parse_json<T: DeserializeOwned>(text: &str) -> CellResult<T> {
    let value = serde_json::from_str(text).map_err(|e| {
        Remark::new(
            "malformed_json",
            "JSONとして読み取れません。",
            format!("The cell is not valid JSON: {e}."),
        )
    })?;
    decode(&value)
}

/// Parses the code of an enum's value.
pub fn parse_code<T: DeserializeOwned>(text: &str) -> CellResult<T> {
    decode(&text.into())
}

fn decode<T: DeserializeOwned>(value: &Value) -> CellResult<T> {
    crate::http::decode::value(value).map_err(|e| Remark {
        code: e.code(),
        message: e.text(),
        suggestion: None,
    })
}
