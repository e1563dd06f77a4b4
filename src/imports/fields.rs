//! Fields of an imported record, and how the text of a cell is put into the record.
//!
//! Each kind of record has one table of its fields: `kinds::workers::fields`, `kinds::organizations::fields`,
//! `kinds::deliverables::fields`.

use super::days::{self, Days};
use super::places::{self, Written};
use super::vocabulary::{Vocabulary, Words};
use crate::auth::Reach;
use crate::catalogue::{Format, calendar};
use crate::db::{Id, Instant};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tables::Remark;
use tables::cells::dates::{CellDate, parse_date};
use tables::cells::{
    Amount, CellResult, Period, one_line, parse_amount, parse_boolean, parse_phone, split_items,
};

/// A field: its name in mappings and exports, and its Japanese heading.
pub struct Field {
    pub name: &'static str,
    pub heading: &'static str,
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

/// Writes a table of fields: name, Japanese heading => what sets it.
macro_rules! field_table {
    ($draft:ident, $cell:ident: $type:ty; $($name:literal, $heading:literal => $set:expr;)*) => {
        pub const FIELDS: &[$crate::imports::fields::FieldSetter<$type>] = &[$(
            $crate::imports::fields::FieldSetter {
                field: $crate::imports::fields::Field {
                    name: $name,
                    heading: $heading,
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
    /// The event of rows that name none.
    pub event: Option<Id>,
    /// Which records the sender may read and write.
    pub reach: Reach,
}

impl Context<'_> {
    /// Returns the area of a new record whose row names none: that of a sender who looks after one area.
    pub fn only_area(&self) -> Option<&str> {
        match &self.reach {
            Reach::Areas(areas) => match areas.as_slice() {
                [only] => Some(only),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The text of a cell. It is empty if the cell unsets the field.
pub struct Input<'i> {
    /// The text in the form in which it is read.
    pub text: &'i str,
    /// The text as it was stored, in a file that Musubi wrote.
    pub stored: Option<&'i str>,
    /// The prefecture that another column of the row names.
    pub prefecture: Option<&'i str>,
    pub context: &'i Context<'i>,
    /// Receives what the sender should check, though the cell is used.
    pub warnings: &'i mut Vec<Remark>,
}

/// Returns a name without 様, さん and the like.
pub fn without_title(name: &str) -> &str {
    let bare = name.strip_suffix('様').map(str::trim_end).or_else(|| {
        let spaced = [" 殿", " さん", " 氏", " 先生", "(様)"];
        spaced.iter().find_map(|title| name.strip_suffix(title))
    });
    bare.filter(|bare| !bare.is_empty()).unwrap_or(name)
}

impl<'i> Input<'i> {
    pub fn vocabulary(&self) -> &'i Vocabulary<'i> {
        self.context.vocabulary
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Returns the text as it is to be stored.
    pub fn spelling(&self) -> &'i str {
        self.stored.unwrap_or(self.text)
    }

    /// Returns the text, or `None` if it is empty.
    pub fn text(&self) -> Option<String> {
        (!self.is_empty()).then(|| self.spelling().to_owned())
    }

    /// Returns the text as one line, or `None` if it is empty.
    pub fn line(&self) -> Option<String> {
        (!self.is_empty()).then(|| self.name())
    }

    /// Returns the text as one line.
    pub fn name(&self) -> String {
        self.stored.map_or_else(|| one_line(self.text), str::to_owned)
    }

    /// Returns the name of a person, without 様 and the like.
    pub fn person(&self) -> Option<String> {
        let name = self.line()?;
        if self.stored.is_some() {
            return Some(name);
        }
        Some(without_title(&name).to_owned())
    }

    /// Splits the text into the items of a list.
    pub fn items(&self, is_one: bool) -> Vec<String> {
        split_items(self.spelling(), &|_| is_one)
    }

    /// Parses the text, unless it is empty.
    pub fn parse<T>(&self, parse: impl FnOnce(&str) -> CellResult<T>) -> CellResult<Option<T>> {
        if self.is_empty() {
            return Ok(None);
        }
        parse(self.text).map(Some)
    }

    /// Parses a number. Of a range, the smaller end counts: it promises less.
    pub fn at_least(&mut self) -> CellResult<Option<u16>> {
        let amount = self.parse(parse_amount)?;
        Ok(amount.map(|amount| self.careful(amount, amount.least)))
    }

    /// Parses a number. Of a range, the larger end counts: it asks for more.
    pub fn at_most(&mut self) -> CellResult<Option<u16>> {
        let amount = self.parse(parse_amount)?;
        Ok(amount.map(|amount| self.careful(amount, amount.most)))
    }

    /// Parses hours as hours a week: what somebody offers, or else what is asked for.
    pub fn hours(&mut self, is_offer: bool) -> CellResult<Option<u16>> {
        let Some(amount) = self.parse(parse_amount)? else {
            return Ok(None);
        };
        let end = if is_offer { amount.least } else { amount.most };
        // A month has four weeks and a little; a day of the week may be the only one, or one of seven.
        let per_week = match (amount.per, is_offer) {
            (Some(Period::Month), true) => end * 12 / 52,
            (Some(Period::Month), false) => end.div_ceil(4),
            (Some(Period::Day), false) => end.saturating_mul(7),
            _ => end,
        };
        let is_weekly = matches!(amount.per, None | Some(Period::Week));
        let ends = if is_weekly {
            amount
        } else {
            Amount {
                least: 0,
                most: u16::MAX,
                ..amount
            }
        };
        Ok(Some(self.careful(ends, per_week)))
    }

    /// Warns if the cell doesn't say exactly the number that is used.
    fn careful(&mut self, amount: Amount, used: u16) -> u16 {
        if amount.least != amount.most {
            let text = self.text;
            self.warnings.push(Remark::new(
                "inexact_number",
                format!("「{text}」は{used}として取り込みました。"),
                format!("{text:?} was imported as {used}."),
            ));
        }
        used
    }

    pub fn boolean(&self) -> CellResult<Option<bool>> {
        self.parse(parse_boolean)
    }

    /// Finds the area that the text names. Warns if it is a former one, or if the text names two.
    pub fn area(&mut self) -> CellResult<Option<String>> {
        let mut warnings = Vec::new();
        let fixed = &self.vocabulary().catalogue.fixed;
        let prefecture = self.prefecture;
        let area = self.parse(|cell| places::area(fixed, Written { cell, prefecture }, &mut warnings));
        self.warnings.append(&mut warnings);
        area
    }

    pub fn formats(&self) -> CellResult<Option<Vec<Format>>> {
        self.parse(|text| self.vocabulary().formats(text))
    }

    /// Parses a date. Warns if only its month or year is known.
    pub fn date(&mut self) -> CellResult<Option<NaiveDate>> {
        self.day(|found| found.date)
    }

    /// Parses the day on which something ends. Of a month or a year, that is its last day.
    pub fn last_date(&mut self) -> CellResult<Option<NaiveDate>> {
        self.day(|found| found.last)
    }

    fn day(&mut self, choose: impl FnOnce(&CellDate) -> NaiveDate) -> CellResult<Option<NaiveDate>> {
        let Some(found) = self.parse(parse_date)? else {
            return Ok(None);
        };
        let date = choose(&found);
        if !found.is_exact {
            self.warnings.push(Remark::new(
                "imprecise_date",
                format!("日の記載がないため、{date}として取り込みました。"),
                format!("The cell has no day, so {date} was used."),
            ));
        }
        Ok(Some(date))
    }

    /// Reads days and parts of days. Warns about what can't be read or isn't kept.
    pub fn days(&mut self) -> CellResult<Days> {
        let days = days::read(self.text)?;
        if !days.unknown.is_empty() || days.is_inexact {
            let text = self.text;
            self.warnings.push(Remark::new(
                "inexact_day_parts",
                format!("「{text}」は曜日と時間帯だけを取り込みました。"),
                format!("Only weekdays and times of day were imported from {text:?}."),
            ));
        }
        Ok(days)
    }

    /// Returns the first of several things in a cell, and warns about the others.
    fn first_of(&mut self, split: &[char], is_one: impl Fn(&str) -> bool) -> &'i str {
        let text = self.text;
        let mut parts = text.split(split).map(str::trim).filter(|part| is_one(part));
        let (Some(first), Some(second)) = (parts.next(), parts.next()) else {
            return text;
        };
        let second: String = second.chars().take(80).collect();
        self.warnings.push(Remark::new(
            "second_value",
            format!("先に書かれた値を取り込みました。「{second}」は使っていません。"),
            format!("The first value was imported; {second:?} isn't used."),
        ));
        first
    }

    /// Returns an address without mailto: and the name around it.
    pub fn email(&mut self) -> Option<String> {
        if self.stored.is_some() {
            return self.text();
        }
        let several = [';', ',', '、', ' ', '\n', '/', '\t'];
        let first = self.first_of(&several, |part| part.contains('@'));
        let bare = first
            .rsplit_once('<')
            .map_or(first, |(_, rest)| rest.trim_end_matches('>'));
        let bare = bare.strip_prefix("mailto:").unwrap_or(bare).trim();
        (!bare.is_empty()).then(|| bare.to_owned())
    }

    /// Takes an e-mail address out of a cell that has a number or a person's name too. Returns it with the rest.
    pub fn address_apart(&self) -> (Option<String>, String) {
        let is_end = |c: char| c.is_whitespace() || "、,;/()（）".contains(c);
        let address = self.text.split(is_end).find(|word| word.contains('@'));
        let Some(address) = address.filter(|_| self.stored.is_none()) else {
            return (None, self.text.to_owned());
        };
        let bare = address.rsplit([':', '<']).next().unwrap_or(address);
        let rest = self.text.replace(address, " ");
        (Some(bare.trim_end_matches('>').to_owned()), rest)
    }

    /// Parses the phone number of a cell that may have an address too.
    pub fn phone_beside(&mut self, rest: &str) -> CellResult<Option<String>> {
        if !rest.chars().any(|c| c.is_ascii_digit()) {
            return Ok(None);
        }
        let mut input = Input {
            text: rest.trim(),
            stored: self.stored,
            prefecture: self.prefecture,
            context: self.context,
            warnings: self.warnings,
        };
        input.phone()
    }

    /// Parses a phone number. Warns if its leading 0 was missing, and about a note beside it.
    pub fn phone(&mut self) -> CellResult<Option<String>> {
        // A number that was stored may be no Japanese one. Without its first 0, a spreadsheet has changed it.
        let is_changed = |text: &str| parse_phone(text).is_ok_and(|phone| phone.is_restored);
        if self.is_empty() || self.stored.is_some_and(|stored| !is_changed(stored)) {
            return Ok(self.text());
        }
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
        let first = self.first_of(&['/', '、', ',', ';', '\n', '・', '|', '／'], |part| {
            digits(part) >= 9
        });
        let (number, note) = without_note(first);
        let phone = Some(parse_phone(&number)?);
        if !note.is_empty() {
            self.warnings.push(Remark::new(
                "phone_note",
                format!("電話番号だけを取り込みました。「{note}」は含めていません。"),
                format!("Only the number was imported, without {note:?}."),
            ));
        }
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
            // A record may keep a code that new ones can't have.
            if self.stored.is_some() && words.is_code(&word) {
                codes.push(word);
                continue;
            }
            match words.recognize(&word) {
                Ok(meaning) if !codes.contains(&meaning.code) => codes.push(meaning.code),
                Ok(_) => {}
                Err(near) => self.warnings.push(unrecognized(code, &word, near)),
            }
        }
        codes
    }
}

/// Splits a phone number from what is written beside it: 03-5555-0101（代）, 内線12, TEL:.
fn without_note(text: &str) -> (String, String) {
    let is_part = |c: char| c.is_ascii_digit() || "-()+. ‐‑–—−ー".contains(c);
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    // (小)054-…: the first bracket isn't that of an area code.
    let begins = |(at, c): &(usize, char)| {
        let after = text.get(at + c.len_utf8()..).and_then(|rest| rest.chars().next());
        c.is_ascii_digit() || *c == '+' || (*c == '(' && is_digit(after))
    };
    let start = text.char_indices().find(begins).map_or(0, |(at, _)| at);
    let rest = text.get(start..).unwrap_or_default();
    let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
    let (number, after) = rest.split_at(end);
    let number = number.trim_end_matches(|c: char| !c.is_ascii_digit());
    let before = text
        .get(..start)
        .unwrap_or_default()
        .trim_matches(|c: char| !c.is_alphanumeric());
    let is_label = ["tel", "電話", "携帯", "自宅", "fax", "℡"].contains(&before.to_lowercase().as_str());
    let note = after.trim_matches(|c: char| c.is_whitespace() || "()（）".contains(c));
    let before = if is_label { "" } else { before };
    let all = [before, note].into_iter().filter(|part| !part.is_empty());
    (number.to_owned(), all.collect::<Vec<_>>().join(" "))
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

/// Parses JSON in which the members `role` and `skill` have codes or, as Musubi writes them for an office, words.
pub fn parse_worded_json<T: DeserializeOwned>(text: &str, vocabulary: &Vocabulary) -> CellResult<T> {
    let mut value: Value = parse_json(text)?;
    let sets = [("role", &vocabulary.roles), ("skill", &vocabulary.skills)];
    put_codes(&mut value, &sets);
    decode(&value)
}

fn put_codes(value: &mut Value, sets: &[(&str, &Words)]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| put_codes(item, sets)),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let known = sets.iter().find(|(coded, _)| coded == name);
                let Some((_, words)) = known else {
                    put_codes(member, sets);
                    continue;
                };
                if let Value::String(word) = member
                    && !words.is_code(word)
                    && words.is_known(word)
                    && let Some(meaning) = words.find(word)
                {
                    *word = meaning.code;
                }
            }
        }
        _ => {}
    }
}

/// Parses a moment: 2026-04-01T00:00:00Z, or 2026-04-01 09:00:00 in Tokyo.
pub fn parse_moment(text: &str) -> CellResult<Instant> {
    let in_tokyo = || {
        let forms = [
            "%Y-%m-%d %H:%M:%S",
            "%Y/%m/%d %H:%M:%S",
            "%Y-%m-%d %H:%M",
            "%Y/%m/%d %H:%M",
        ];
        let mut read = forms.iter().map(|form| NaiveDateTime::parse_from_str(text, form));
        read.find_map(Result::ok).map(calendar::moment_in_tokyo)
    };
    let stated = DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc());
    stated.or_else(in_tokyo).map(Instant::from).ok_or_else(|| {
        Remark::new(
            "invalid_moment",
            "日時は 2026-04-01 09:00:00 のように入力してください。",
            "Write a date and time like 2026-04-01 09:00:00.",
        )
    })
}

/// Parses a moment in a file that Musubi wrote: a spreadsheet writes the first one of a day as that day.
pub fn parse_written_moment(text: &str) -> CellResult<Instant> {
    let has_clock = text.contains([':', '時']);
    parse_moment(text).or_else(|error| match parse_date(text) {
        Ok(day) if day.is_exact && !has_clock => Ok(Instant::from(calendar::midnight_in_tokyo(day.date))),
        _ => Err(error),
    })
}

/// Checks the id of a record, which is looked up before the draft is made.
pub fn check_record_id<D>(_: &mut D, cell: &Input) -> CellResult<()> {
    let id = cell.parse(|text| {
        text.parse::<uuid::Uuid>().map_err(|_| {
            Remark::new(
                "invalid_record_id",
                "記録IDとして読み取れません。書き出したままにするか、空欄にしてください。",
                "This is no id of a record. Leave it as it was exported, or empty.",
            )
        })
    });
    id.map(drop)
}

/// Checks a cell that isn't put into the record: what a file says about how Musubi keeps it.
pub fn ignore<D>(_: &mut D, _: &Input) {}

/// Parses the ids of records.
pub fn parse_ids(cell: &Input) -> CellResult<Option<Vec<Id>>> {
    let one = |text: &String| {
        text.parse().map(Id).map_err(|_| {
            Remark::new(
                "invalid_record_id",
                "記録IDとして読み取れません。書き出したままにするか、空欄にしてください。",
                "This is no id of a record. Leave it as it was exported, or empty.",
            )
        })
    };
    cell.parse(|text| split_items(text, &|_| false).iter().map(one).collect())
}

/// Parses the id of one record. Of several, nobody knows which is meant.
pub fn parse_id(cell: &Input) -> CellResult<Option<Id>> {
    match parse_ids(cell)?.as_deref() {
        None | Some([]) => Ok(None),
        Some([id]) => Ok(Some(*id)),
        Some(_) => Err(Remark::new(
            "invalid_record_id",
            "記録IDは1つだけ入力してください。",
            "Give one id only.",
        )),
    }
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
