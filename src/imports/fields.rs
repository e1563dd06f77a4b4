//! Fields of an imported record, and how the text of a cell is put into the record.
//!
//! Each kind of record has one table of its fields: `kinds::workers::fields`, `kinds::organizations::fields`,
//! `kinds::deliverables::fields`.

use super::contacts;
use super::days::{self, Days};
use super::kinds::when::StatedYear;
use super::persons::check_somebody;
use super::places::{self, Written};
use super::vocabulary::{Vocabulary, Words, ticked, unrecognized, within_bounds};
use crate::auth::Reach;
use crate::catalogue::{Format, calendar, names};
use crate::db::{Id, Instant};
use crate::values::words;
use crate::workers::person::without_title;
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Write;
use tables::Remark;
use tables::cells::dates::{Beside, CellDate, find_date, parse_date};
use tables::cells::hours::{Hours, parse_hours};
use tables::cells::{
    Amount, CellResult, Period, one_line, parse_amount, parse_boolean, parse_phone, split_items,
};
use text::{hiragana, is_japanese};
use utoipa::ToSchema;

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
    /// The year that a title of the file states.
    pub year: Option<StatedYear>,
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

/// How many records an error names.
const NAMED: usize = 5;

/// Names candidates: what a person recognises them by, and the id that says which is meant.
pub fn candidates<'c, T: 'c>(
    found: impl IntoIterator<Item = &'c T>,
    name: impl Fn(&T) -> (String, Id),
) -> String {
    let mut text = String::new();
    for (n, one) in found.into_iter().take(NAMED).enumerate() {
        let (name, id) = name(one);
        let comma = if n == 0 { "" } else { ", " };
        let _ = write!(text, "{comma}{name} ({id})");
    }
    text
}

/// The text of a cell. It is empty if the cell unsets the field.
pub struct Input<'i> {
    /// The text in the form in which it is read and compared: ①, ㈱ and half-width kana are 1, (株) and whole kana.
    pub text: &'i str,
    /// The text as it is written, which is what free texts are stored as.
    pub written: &'i str,
    /// Whether Musubi wrote the file, so that the text is exactly what was stored.
    pub is_stored: bool,
    /// The level of the skills that the cell names, if that has a column of its own.
    pub level: Option<u8>,
    /// The places that are written beside the row's.
    pub beside: &'i [&'i str],
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

    /// Returns the text as it is to be stored, or `None` if it is empty.
    pub fn text(&self) -> Option<String> {
        (!self.is_empty()).then(|| self.written.to_owned())
    }

    /// Returns an id, an address of a page or another text whose width says nothing; `None` if it is empty.
    pub fn code(&self) -> Option<String> {
        let code = if self.is_stored { self.written } else { self.text };
        (!self.is_empty()).then(|| code.to_owned())
    }

    /// Returns the text as one line, or `None` if it is empty.
    pub fn line(&self) -> Option<String> {
        (!self.is_empty()).then(|| self.name())
    }

    /// Returns the text as one line.
    pub fn name(&self) -> String {
        match self.is_stored {
            true => self.written.to_owned(),
            false => one_line(self.written),
        }
    }

    /// Returns how a name is read, in whole kana, or `None` if the cell is empty. Kanji alone say it no better than the name.
    pub fn kana(&self) -> CellResult<Option<String>> {
        let Some(kana) = self.code() else {
            return Ok(None);
        };
        if self.is_stored {
            return Ok(Some(kana));
        }
        let is_kana = |c: char| matches!(hiragana(c), 'ぁ'..='ゖ');
        let is_kanji = |c: char| is_japanese(c) && !is_kana(c) && c.is_alphabetic();
        let can_be_read = kana.chars().any(is_kana)
            || (kana.chars().any(char::is_alphabetic) && !kana.chars().any(is_kanji));
        match can_be_read {
            true => Ok(Some(one_line(&kana))),
            false => Err(Remark::new(
                "invalid_kana",
                "読み仮名として読み取れません。ひらがなかカタカナで入力してください。",
                "This is no reading of a name. Write it in hiragana or katakana.",
            )),
        }
    }

    /// Returns the name of a person, without 様 and the like. A number is none.
    pub fn person(&self) -> CellResult<Option<String>> {
        let Some(name) = self.line() else {
            return Ok(None);
        };
        if self.is_stored {
            return Ok(Some(name));
        }
        if !name.chars().any(char::is_alphabetic) {
            return Err(Remark::new(
                "invalid_name",
                "名前として読み取れません。氏名を入力してください。",
                "This is no name. Write the name of a person.",
            ));
        }
        check_somebody(self.text)?;
        Ok(Some(without_title(&name)))
    }

    /// Splits a list of names or free texts.
    pub fn items(&self) -> Vec<String> {
        let items = split_items(self.written, &|_| true);
        match self.is_stored {
            true => items,
            false => items.iter().map(|item| one_line(item)).collect(),
        }
    }

    /// Splits a list of qualifications. They are compared as they are stored, so their width is made one.
    pub fn qualifications(&self) -> Vec<String> {
        split_items(&self.code().unwrap_or_default(), &|_| false)
    }

    /// Parses the text, unless it is empty.
    pub fn parse<T>(&self, parse: impl FnOnce(&str) -> CellResult<T>) -> CellResult<Option<T>> {
        if self.is_empty() {
            return Ok(None);
        }
        parse(self.text).map(Some)
    }

    /// Parses a state that may have a note in brackets behind it: 不採用（スキル不足）. With a note that may turn it, it is no
    /// state: 採用（辞退）.
    pub fn state<T>(&mut self, parse: impl Fn(&str) -> CellResult<T>) -> CellResult<Option<T>> {
        const TURNS: [&str; 30] = [
            "取消",
            "取り消",
            "取りや",
            "取り下",
            "取下",
            "撤回",
            "辞退",
            "キャンセル",
            "欠席",
            "不参加",
            "不採用",
            "不成立",
            "未定",
            "未確",
            "予定",
            "仮",
            "条件",
            "変更",
            "検討",
            "調整",
            "待",
            "保留",
            "落選",
            "見送",
            "採用",
            "決定",
            "内定",
            "出席",
            "参加",
            "?",
        ];
        let stated = self.parse(&parse);
        let text = self.text;
        let note = text
            .strip_suffix([')', '）'])
            .and_then(|text| text.split_once(['(', '（']));
        let note = note.filter(|(_, note)| !TURNS.iter().any(|turn| note.contains(turn)));
        match (stated, note) {
            (Err(fault), Some((word, note))) => {
                let state = parse(word.trim()).map_err(|_| fault)?;
                self.warnings.push(status_note(note));
                Ok(Some(state))
            }
            (stated, _) => stated,
        }
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

    /// Parses hours as hours a week: what somebody offers, or else what is asked for. Less than one is one.
    pub fn hours(&mut self, is_offer: bool) -> CellResult<Option<u16>> {
        let Some(Hours { amount, has_note }) = self.parse(parse_hours)? else {
            return Ok(None);
        };
        let end = if is_offer { amount.least } else { amount.most };
        // A month has four weeks and a little; a day of the week may be the only one, or one of seven.
        let per_week = match (amount.per, is_offer) {
            (Some(Period::Year), true) => end / 52,
            (Some(Period::Year), false) => end.div_ceil(52),
            (Some(Period::Month), true) => (u32::from(end) * 12 / 52) as u16,
            (Some(Period::Month), false) => end.div_ceil(4),
            (Some(Period::Day), false) => end.saturating_mul(7),
            _ => end,
        };
        let per_week = match amount.most {
            0 => per_week,
            _ => per_week.max(1),
        };
        let is_exact = matches!(amount.per, None | Some(Period::Week))
            && !has_note
            && (amount.least, amount.most) == (per_week, per_week);
        if !is_exact {
            self.warnings.push(inexact(self.text, per_week));
        }
        Ok(Some(per_week))
    }

    /// Warns if the cell doesn't say exactly the number that is used.
    fn careful(&mut self, amount: Amount, used: u16) -> u16 {
        if amount.least != amount.most {
            self.warnings.push(inexact(self.text, used));
        }
        used
    }

    pub fn boolean(&self) -> CellResult<Option<bool>> {
        self.parse(parse_boolean)
    }

    /// Parses whether something takes place online, which lists of places say in words: オンラインのみ, 対面.
    pub fn online(&self) -> CellResult<Option<bool>> {
        const ONLINE: [&str; 19] = [
            "在宅のみ",
            "どちらも可",
            "どちらでも可",
            "どちらでも",
            "両方可",
            "オンライン・対面どちらも可",
            "オンライン・対面どちらでも可",
            "オンライン",
            "オンラインのみ",
            "オンライン可",
            "オンライン可能",
            "オンライン希望",
            "オンライン中心",
            "オンライン・対面",
            "対面・オンライン",
            "対面・オンライン併用",
            "ハイブリッド",
            "リモート",
            "リモート可",
        ];
        const ON_SITE: [&str; 7] = [
            "対面",
            "対面のみ",
            "対面希望",
            "対面限定",
            "現地",
            "現地のみ",
            "オンライン不可",
        ];
        match self.text {
            text if ONLINE.contains(&text) => Ok(Some(true)),
            text if ON_SITE.contains(&text) => Ok(Some(false)),
            _ => self.boolean(),
        }
    }

    /// Finds the area that the text names. Warns if it is a former one, or if the text names two.
    pub fn area(&mut self) -> CellResult<Option<String>> {
        let mut warnings = Vec::new();
        let fixed = &self.vocabulary().catalogue.fixed;
        let beside = self.beside;
        let area = self.parse(|cell| places::area(fixed, Written { cell, beside }, &mut warnings));
        self.warnings.append(&mut warnings);
        area
    }

    pub fn formats(&self) -> CellResult<Option<Vec<Format>>> {
        self.parse(|text| self.vocabulary().formats(text))
    }

    /// Parses a date, or the first of a span. Warns if only its month or year is known.
    pub fn date(&mut self) -> CellResult<Option<NaiveDate>> {
        self.day(|found| found.date, false)
    }

    /// Parses the day on which something ends, or the last of a span. Of a month or a year, that is its last day.
    pub fn last_date(&mut self) -> CellResult<Option<NaiveDate>> {
        self.day(|found| found.last, true)
    }

    fn day(
        &mut self,
        choose: impl FnOnce(&CellDate) -> NaiveDate,
        is_last: bool,
    ) -> CellResult<Option<NaiveDate>> {
        let found = self.parse(|text| end_of_span(text, is_last).map_or_else(|| find_date(text), Ok))?;
        let Some(found) = found else {
            return Ok(None);
        };
        // A day that doesn't hold is none, and neither is the other end.
        match (found.says(), is_last) {
            (Beside::Nothing, _) | (Beside::Begin, false) | (Beside::End, true) => {}
            (Beside::Other, _) | (Beside::Span, false) => self.warnings.push(date_note(&found.words)),
            _ => return Err(no_date_with(&found.words)),
        }
        let date = choose(&found);
        if !found.is_exact {
            self.warnings.push(imprecise(date));
        }
        Ok(Some(date))
    }

    /// Reads days and parts of days. Warns about what can't be read or isn't kept.
    pub fn days(&mut self) -> CellResult<Days> {
        let ticked = ticked(self.text);
        let days = days::read(ticked.as_deref().unwrap_or(self.text))?;
        if !days.unknown.is_empty() || days.is_inexact {
            self.warnings.push(days::inexact(self.text));
        }
        Ok(days)
    }

    /// Returns the e-mail address of a cell, without what is written around it.
    pub fn email(&mut self) -> Option<String> {
        if self.is_stored {
            return self.text();
        }
        let found = contacts::email(self.text);
        self.warnings.extend(found.remarks);
        found.value
    }

    /// Takes an e-mail address out of a cell that has a number or a person's name too. Returns it with the rest.
    pub fn address_apart(&self) -> (Option<String>, String) {
        match self.is_stored {
            true => (None, self.text.to_owned()),
            false => contacts::address_apart(self.text),
        }
    }

    /// Parses the phone number of a cell that may have an address too.
    pub fn phone_beside(&mut self, rest: &str) -> CellResult<Option<String>> {
        if !rest.chars().any(|c| c.is_ascii_digit()) {
            self.warnings.extend(contacts::beside_address(rest));
            return Ok(None);
        }
        let mut input = Input {
            text: rest.trim(),
            written: rest.trim(),
            is_stored: self.is_stored,
            level: None,
            beside: self.beside,
            context: self.context,
            warnings: self.warnings,
        };
        input.phone()
    }

    /// Parses a phone number. Warns about what else the cell says, and about a restored 0.
    pub fn phone(&mut self) -> CellResult<Option<String>> {
        // A number that was stored may be no Japanese one. Without its first 0, a spreadsheet has changed it.
        let is_changed = |text: &str| parse_phone(text).is_ok_and(|phone| phone.is_restored);
        if self.is_empty() || (self.is_stored && !is_changed(self.written)) {
            return Ok(self.text());
        }
        let found = contacts::phone(self.text)?;
        self.warnings.extend(found.remarks);
        Ok(found.value)
    }

    /// Returns a word of the cell without what is said of its bounds, unless it is denied. Warns of what isn't meant.
    pub fn meant<'w>(&mut self, words: &Words, word: &'w str, code: &'static str) -> Option<&'w str> {
        if self.is_stored || words.is_known(word) {
            return Some(word);
        }
        let (bare, left_out) = within_bounds(word).unzip();
        let denied = bare.map_or(Some(word), |_| left_out.flatten());
        let warning = denied.map(|denied| unrecognized(code, denied, None));
        self.warnings.extend(warning);
        bare
    }

    /// Returns the codes of the words in the cell. Warns about words that aren't known, and leaves them out.
    pub fn codes(&mut self, words: &Words, code: &'static str) -> Vec<String> {
        let mut codes: Vec<String> = Vec::new();
        for word in words.split(self.text) {
            // A record may keep a code that new ones can't have.
            if self.is_stored && words.is_code(&word) {
                codes.push(word);
                continue;
            }
            let Some(bare) = self.meant(words, &word, code) else {
                continue;
            };
            match words.recognize(bare) {
                Ok(meaning) if !codes.contains(&meaning.code) => codes.push(meaning.code),
                Ok(_) => {}
                Err(near) => self.warnings.push(unrecognized(code, bare, near)),
            }
        }
        codes
    }
}

/// Reads one end of 2025/4/1〜2026/3/31.
fn end_of_span(text: &str, is_last: bool) -> Option<CellDate> {
    let (first, last) = ["~", "〜", "から"]
        .iter()
        .find_map(|word| text.split_once(word))?;
    let (first, last) = (
        parse_date(first).ok()?,
        parse_date(last.trim_end_matches("まで")).ok()?,
    );
    Some(if is_last { last } else { first })
}

/// Says of a date without a day which one was used.
pub fn imprecise(date: NaiveDate) -> Remark {
    Remark::new(
        "imprecise_date",
        format!("日の記載がないため、{date}として取り込みました。"),
        format!("The cell has no day, so {date} was used."),
    )
}

/// Says of words beside a date that they aren't used.
pub fn date_note(words: &str) -> Remark {
    let words: String = words.chars().take(80).collect();
    Remark::new(
        "date_note",
        format!("日付のそばの「{words}」は取り込んでいません。"),
        format!("{words:?} beside the date wasn't imported."),
    )
}

fn status_note(words: &str) -> Remark {
    let words: String = words.chars().take(80).collect();
    Remark::new(
        "status_note",
        format!("状態のそばの「{words}」は取り込んでいません。"),
        format!("{words:?} beside the status wasn't imported."),
    )
}

/// Says of words beside a date that it doesn't hold with them.
fn no_date_with(words: &str) -> Remark {
    let words: String = words.chars().take(80).collect();
    Remark::new(
        "invalid_date",
        format!("日付のそばに「{words}」とあるため、取り込んでいません。今の日付だけを入力してください。"),
        format!("With {words:?} beside it, this date wasn't imported. Write only the date that holds."),
    )
}

fn inexact(text: &str, used: u16) -> Remark {
    Remark::new(
        "inexact_number",
        format!("「{text}」は{used}として取り込みました。"),
        format!("{text:?} was imported as {used}."),
    )
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
    let ids = |text: &str| -> CellResult<Vec<Id>> {
        let ids: Vec<Id> = split_items(text, &|_| false)
            .iter()
            .map(one)
            .collect::<CellResult<_>>()?;
        Ok(without_repeats(ids))
    };
    cell.parse(ids)
}

/// Returns the items of a cell, each once: who writes a list by hand may name something twice.
pub fn without_repeats<T: PartialEq>(items: Vec<T>) -> Vec<T> {
    let mut found = Vec::with_capacity(items.len());
    for item in items {
        if !found.contains(&item) {
            found.push(item);
        }
    }
    found
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

/// Parses the code of an enum's value, or its word in the vocabulary. Who wrote something else learns the words.
pub fn parse_code<T: DeserializeOwned + ToSchema>(text: &str) -> CellResult<T> {
    let key = names::key(text);
    let set = words::sets().get(T::name().as_ref());
    let is_meant = |word: &str| names::key(word) == key;
    let found = set.and_then(|set| {
        set.iter()
            .find(|(_, words)| is_meant(&words.ja) || is_meant(&words.en))
    });
    decode(&found.map_or(text, |(code, _)| code).into()).map_err(|remark| match set {
        Some(set) => {
            let ja: Vec<String> = set.values().map(|words| format!("「{}」", words.ja)).collect();
            let en: Vec<&str> = set.values().map(|words| words.en.as_str()).collect();
            let text: String = text.chars().take(80).collect();
            Remark::new(
                remark.code,
                format!(
                    "「{text}」は使えません。{}のいずれかを入力してください。",
                    ja.concat()
                ),
                format!("{text:?} isn't known here. Write one of: {}.", en.join(", ")),
            )
        }
        None => remark,
    })
}

fn decode<T: DeserializeOwned>(value: &Value) -> CellResult<T> {
    crate::http::decode::value(value).map_err(|e| Remark {
        code: e.code(),
        message: e.text(),
        suggestion: None,
    })
}
