//! The fields of an event, and how each cell is put into a draft.

use super::beside::{self, Apart, Change};
use crate::catalogue::calendar::{day_in_tokyo, midnight_in_tokyo};
use crate::db::{Id, Instant};
use crate::events::rules::{begins_in, to_the_minute};
use crate::events::{
    Breakout, EventContact, EventKind, EventMaterial, EventPlace, EventStatus, EventTime, NewEvent, Question,
    Speaker, days_of,
};
use crate::imports::fields::{
    Input, check_record_id, field_table, parse_code, parse_id, parse_ids, parse_json, parse_moment,
    parse_written_moment,
};
use crate::imports::kinds::when::{self, When, moment, parse_time};
use crate::values::AreaCode;
use chrono::{Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Weekday};
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use tables::Remark;
use tables::cells::dates::parse_date;
use tables::cells::{CellResult, is_placeholder, one_line, split_items};
use text::fold;

/// What a row says about an event. `None`: the row doesn't say.
#[derive(Default)]
pub struct Draft {
    pub kind: Option<EventKind>,
    pub title: Option<String>,
    pub kana: Option<String>,
    pub status: Option<EventStatus>,
    pub notice: Option<String>,
    pub description: Option<String>,
    pub series: Option<String>,
    pub number: Option<String>,
    pub times: Option<Vec<EventTime>>,
    pub starts_on: Option<NaiveDate>,
    pub starts_time: Option<NaiveTime>,
    /// The begin as it is written: 午後1時半.
    pub starts_text: String,
    pub ends_on: Option<NaiveDate>,
    pub ends_time: Option<NaiveTime>,
    /// Whether the end is on the day after the begin: 22:00〜翌1:00.
    pub ends_next_day: bool,
    /// The days of several times in one row, with the hours that stand beside them: 10/5、10/12 13:30.
    pub days: Vec<When>,
    /// The hours of several times in a column of their own: 19:00-21:00/13:00-18:00.
    pub spans: Vec<(NaiveTime, Option<NaiveTime>)>,
    /// The days of each week on which it is, between the first and the last day: 毎週火曜.
    pub weekdays: Vec<Weekday>,
    /// Those that stand beside a span: 土・日. They are the days of a long one.
    pub weekdays_beside: Vec<Weekday>,
    /// Whether the hours in a column of their own are those of each day.
    pub is_each_day: bool,
    /// Those in a column of their own: of a day what day it is, of a span the days of it.
    pub weekday_column: Vec<Weekday>,
    /// The weeks of each month that the column names: 第2・第4土.
    pub weeks: Vec<u32>,
    /// Whether the days of the row are those of that column.
    pub is_by_column: bool,
    /// Whether the days of a long span can't be told, as some of them are left out: 土日祝, 第2土曜.
    pub is_uncountable: bool,
    /// What says beside the day that the event is cancelled.
    pub cancelled: Option<String>,
    pub month: Option<String>,
    /// Whether a column of days names only that month.
    pub lacks_day: bool,
    pub place_name: Option<String>,
    pub address: Option<String>,
    pub wheelchair: Option<bool>,
    pub online: Option<bool>,
    pub online_url: Option<String>,
    pub url: Option<String>,
    pub areas: Vec<AreaCode>,
    pub contact_office: Option<String>,
    pub contact_phone: Option<String>,
    pub audience: Option<String>,
    pub fee_yen: Option<i32>,
    pub takes_registrations: Option<bool>,
    pub capacity: Option<i32>,
    pub waiting_list: Option<bool>,
    pub closes: Option<Closing>,
    pub closes_time: Option<NaiveTime>,
    pub declared_attendance: Option<i32>,
    pub speakers: Option<Vec<Speaker>>,
    pub breakouts: Option<Vec<Breakout>>,
    pub declared_breakouts: Option<i32>,
    pub materials: Option<Vec<EventMaterial>>,
    pub questions: Option<Vec<Question>>,
    pub host_ids: Option<Vec<Id>>,
    pub programme_id: Option<Id>,
    pub deliverable_id: Option<Id>,
    pub follows_event_ids: Option<Vec<Id>>,
}

/// Until when people can register.
#[derive(Clone, Copy)]
pub enum Closing {
    At(Instant),
    On(NaiveDate),
}

field_table! { draft, cell: Draft;
    "record_id", "記録ID" => check_record_id(draft, cell)?;
    "kind", "種別"
        => draft.kind = cell.parse(parse_kind)?;
    "title", "イベント名"
        => draft.title = cell.line();
    "kana", "ふりがな"
        => draft.kana = cell.kana()?;
    "status", "状態"
        => draft.status = cell.state(parse_status)?;
    "notice", "お知らせ"
        => draft.notice = cell.text();
    "description", "内容"
        => draft.description = cell.text();
    "series", "シリーズ"
        => draft.series = cell.line();
    "number", "回"
        => draft.number = cell.code().map(|text| if cell.is_stored { text } else { plain_number(&text) });
    "times", "日時"
        => moments(cell, draft)?;
    "starts_on", "開催日"
        => first_day(cell, draft)?;
    "starts_at", "開始時刻"
        => clock(cell, draft)?;
    "ends_on", "終了日"
        => last_day(cell, draft)?;
    "ends_at", "終了時刻"
        => last_clock(cell, draft)?;
    "weekdays", "曜日"
        => weekdays(cell, draft);
    "month", "開催月・開催日"
        => set_month(cell, draft);
    "place_name", "場所"
        => draft.place_name = cell.line();
    "address", "住所"
        => draft.address = cell.line();
    "wheelchair", "車椅子可"
        => draft.wheelchair = cell.boolean()?;
    "online", "オンライン可"
        => draft.online = cell.online()?;
    "online_url", "オンライン会場のURL"
        => draft.online_url = cell.code();
    "url", "URL"
        => draft.url = page(cell);
    "areas", "区市町村"
        => draft.areas = areas(cell)?;
    "contact_office", "問い合わせ先"
        => draft.contact_office = cell.line();
    "contact_phone", "電話番号"
        => draft.contact_phone = cell.phone()?;
    "audience", "対象"
        => draft.audience = cell.line();
    "fee_yen", "費用"
        => draft.fee_yen = cell.parse(parse_yen)?;
    "takes_registrations", "申込み受付"
        => draft.takes_registrations = cell.boolean()?;
    "capacity", "定員"
        => draft.capacity = cell.parse(parse_count)?;
    "waiting_list", "キャンセル待ち"
        => draft.waiting_list = cell.boolean()?;
    "registration_closes_at", "申込期限"
        => draft.closes = closing(cell)?;
    "registration_closes_time", "申込期限の時刻"
        => draft.closes_time = cell.parse(parse_time)?;
    "declared_attendance", "公表した参加者数"
        => draft.declared_attendance = cell.parse(parse_count)?;
    "speakers", "講師"
        => draft.speakers = speakers(cell)?;
    "breakouts", "分科会"
        => draft.breakouts = json(cell)?;
    "materials", "資料"
        => draft.materials = json(cell)?;
    "questions", "アンケート"
        => draft.questions = json(cell)?;
    "declared_breakouts", "公表した分科会数"
        => draft.declared_breakouts = cell.parse(parse_count)?;
    "host_ids", "主催団体の記録ID"
        => draft.host_ids = parse_ids(cell)?;
    "programme_id", "プログラムの記録ID"
        => draft.programme_id = parse_id(cell)?;
    "deliverable_record_id", "申込み先の支援内容の記録ID"
        => draft.deliverable_id = parse_id(cell)?;
    "follows_event_ids", "フォローするイベントの記録ID"
        => draft.follows_event_ids = parse_ids(cell)?;
}

/// Without these, a row can't be an event: what it is called, and when it is.
pub const NEEDED: &[&str] = &[
    "record_id",
    "title",
    "times",
    "starts_on",
    "ends_on",
    "month",
    "status",
];

impl Draft {
    /// Returns the plan that the row makes of the one before, or of nothing. What the row doesn't say stays.
    pub fn plan(&self, before: Option<&NewEvent>) -> NewEvent {
        let mut plan = before.cloned().unwrap_or_else(blank);
        fn put<T: Clone>(field: &mut T, value: &Option<T>) {
            if let Some(value) = value {
                *field = value.clone();
            }
        }
        fn put_known<T: Clone>(field: &mut Option<T>, value: &Option<T>) {
            if value.is_some() {
                field.clone_from(value);
            }
        }
        put(&mut plan.kind, &self.kind);
        put(&mut plan.title, &self.title);
        put(&mut plan.status, &self.status);
        put(&mut plan.online, &self.online);
        put(&mut plan.takes_registrations, &self.takes_registrations);
        put(&mut plan.waiting_list, &self.waiting_list);
        put(&mut plan.speakers, &self.speakers);
        put(&mut plan.breakouts, &self.breakouts);
        put(&mut plan.materials, &self.materials);
        put(&mut plan.questions, &self.questions);
        put(&mut plan.host_ids, &self.host_ids);
        put(&mut plan.follows_event_ids, &self.follows_event_ids);
        put_known(&mut plan.programme_id, &self.programme_id);
        put_known(&mut plan.deliverable_id, &self.deliverable_id);
        put_known(&mut plan.declared_breakouts, &self.declared_breakouts);
        put_known(&mut plan.kana, &self.kana);
        put_known(&mut plan.notice, &self.notice);
        put_known(&mut plan.description, &self.description);
        put_known(&mut plan.series, &self.series);
        put_known(&mut plan.number, &self.number);
        put_known(&mut plan.online_url, &self.online_url);
        put_known(&mut plan.url, &self.url);
        put_known(&mut plan.audience, &self.audience);
        put_known(&mut plan.fee_yen, &self.fee_yen);
        put_known(&mut plan.capacity, &self.capacity);
        put_known(&mut plan.declared_attendance, &self.declared_attendance);
        if !self.areas.is_empty() {
            plan.areas.clone_from(&self.areas);
        }
        if let Some((times, month)) = self.when(&plan) {
            (plan.times, plan.month) = (times, month);
        }
        if let Some(closes) = self.closes.map(|closes| self.closing(closes)) {
            // A workbook has no fractions of seconds.
            let is_known = |own: Instant| own.utc().timestamp() == closes.utc().timestamp();
            let known = plan.registration_closes_at.filter(|own| is_known(*own));
            plan.registration_closes_at = known.or(Some(closes));
        }
        let place = plan.place.take();
        let name = self
            .place_name
            .clone()
            .or(place.as_ref().map(|own| own.name.clone()));
        // An address alone is where it is, too.
        plan.place = name.or(self.address.clone()).map(|name| EventPlace {
            name,
            address: self
                .address
                .clone()
                .filter(|_| self.place_name.is_some() || place.is_some())
                .or(place.as_ref().and_then(|own| own.address.clone())),
            wheelchair: self.wheelchair.or(place.and_then(|own| own.wheelchair)),
        });
        let contact = plan.contact.take();
        let office = self
            .contact_office
            .clone()
            .or(contact.as_ref().map(|own| own.office.clone()));
        plan.contact = office.map(|office| EventContact {
            office,
            phone: self.contact_phone.clone().or(contact.and_then(|own| own.phone)),
        });
        plan
    }

    /// Returns when the event is: its times, or else its day or month. `None`: the row says nothing that isn't known.
    fn when(&self, before: &NewEvent) -> Option<(Vec<EventTime>, Option<String>)> {
        if let Some(times) = &self.times
            && (!times.is_empty() || self.month.is_some())
        {
            return Some((times.clone(), self.month.clone()));
        }
        if let Some(times) = self.several() {
            let times = with_known_hours(as_known(times, before), before);
            let at = |time: &EventTime| (to_the_minute(time.starts_at), time.ends_at.map(to_the_minute));
            let sorted = |times: &[EventTime]| {
                let mut all: Vec<_> = times.iter().map(at).collect();
                all.sort_unstable();
                all
            };
            return (sorted(&times) != sorted(&before.times)).then_some((times, None));
        }
        let whole_month = self.whole_month();
        let Some(first) = self.starts_on.filter(|_| whole_month.is_none()) else {
            // Of an event that is known, the times or the day of that month stay.
            let is_new = |month: &String| {
                let has_day = before
                    .month
                    .as_ref()
                    .is_some_and(|known| known.starts_with(month));
                !has_day && !before.times.iter().any(|time| begins_in(time, month))
            };
            let month = self.month.clone().or(whole_month).filter(is_new);
            return month.map(|month| (Vec::new(), Some(month)));
        };
        let begins = |time: &EventTime| day_in_tokyo(time.starts_at.utc()) == first;
        let Some(begin) = self.starts_time else {
            // Of an event that is known, the hour stays.
            let is_known = before.times.iter().any(begins);
            return (!is_known).then(|| (Vec::new(), Some(first.to_string())));
        };
        let next = first.succ_opt().filter(|_| self.ends_next_day);
        let last = self.ends_on.or(next).unwrap_or(first);
        let time = time_on((first, last), Some((begin, self.ends_time)));
        let (starts_at, ends_at) = (time.starts_at, time.ends_at);
        // A list has no seconds.
        let is_at =
            |one: Option<Instant>, other: Option<Instant>| one.map(to_the_minute) == other.map(to_the_minute);
        let is_same = |time: &EventTime| {
            is_at(Some(time.starts_at), Some(starts_at))
                && (ends_at.is_none() || is_at(time.ends_at, ends_at))
        };
        // A list has the first begin and the last end of an event with several times.
        let begins = before.times.iter().map(|time| time.starts_at).min();
        let ends = before.times.iter().filter_map(|time| time.ends_at).max();
        let is_whole = is_at(begins, Some(starts_at)) && ends_at.is_some() && is_at(ends, ends_at);
        if is_whole || before.times.iter().any(is_same) {
            return None;
        }
        Some((vec![time], None))
    }

    /// Returns the times of a row that has several days, or several times of one: each day with its hours, or else as a whole.
    fn several(&self) -> Option<Vec<EventTime>> {
        let own = self.starts_time.map(|begin| (begin, self.ends_time));
        // Days that are listed are all there are: 10/6、10/13 beside 毎週火曜 10:00.
        let mut times: Vec<EventTime> = if !self.weekdays.is_empty() && self.days.is_empty() {
            let (first, last) = self.starts_on.zip(self.ends_on)?;
            let days = first.iter_days().take_while(|day| *day <= last).take(MOST_DAYS);
            let is_of_week =
                |day: &NaiveDate| self.weeks.is_empty() || self.weeks.contains(&(day.day0() / 7 + 1));
            let days = days.filter(|day| self.weekdays.contains(&day.weekday()) && is_of_week(day));
            let until = |day: NaiveDate| match self.ends_next_day {
                true => day.succ_opt().unwrap_or(day),
                false => day,
            };
            days.map(|day| time_on((day, until(day)), own)).collect()
        } else if self.days.is_empty() {
            let first = self.starts_on?;
            let last = self.ends_on.filter(|last| *last > first);
            match last {
                None if self.spans.len() > 1 => {
                    let spans = self.spans.iter();
                    spans.map(|span| time_on((first, first), Some(*span))).collect()
                }
                Some(last) if own.is_none() && self.whole_month().is_none() => {
                    vec![EventTime::of_days(first, last)]
                }
                _ => return None,
            }
        } else {
            let has_own = self.spans.len() > 1 && self.days.len() == self.spans.len();
            let time = |(at, when): (usize, &When)| {
                let stated = when.begin.map(|begin| (begin, when.end));
                let span = self.spans.get(at).copied().filter(|_| has_own);
                let day = when.day?;
                // The night after it, of a day whose hours stand in another column.
                let next = day.succ_opt().filter(|_| self.ends_next_day && stated.is_none());
                let last = when.last_day.or(next).unwrap_or(day);
                Some(time_on((day, last), stated.or(span).or(own)))
            };
            self.days.iter().enumerate().filter_map(time).collect()
        };
        times.sort_by_key(|time| (time.starts_at, time.ends_at));
        times.dedup();
        (!times.is_empty()).then_some(times)
    }

    /// Returns the month whose first and last day the row has, without hours: so the open data definition writes a month.
    fn whole_month(&self) -> Option<String> {
        let month = self.starts_on?.format("%Y-%m").to_string();
        let is_whole = days_of(&month) == self.starts_on.zip(self.ends_on);
        let is_plain = self.starts_time.is_none() && self.days.is_empty() && self.weekdays.is_empty();
        (is_whole && is_plain).then_some(month)
    }

    /// Returns whether the row has several hours that suit its days no more than one another: only the days are kept.
    pub fn loses_hours(&self) -> bool {
        let are_days = match self.days.len() {
            0 => self.ends_on > self.starts_on,
            days => days != self.spans.len(),
        };
        self.times.is_none() && self.spans.len() > 1 && (are_days || !self.weekdays.is_empty())
    }

    /// Takes the days of the week that stand beside those of a row. Returns whether its days can't be told.
    pub fn settle(&mut self) -> bool {
        /// Days of a span of which 土・日 only says what days they are.
        const SHORT: i64 = 7;
        let length = self
            .ends_on
            .zip(self.starts_on)
            .map(|(last, first)| (last - first).num_days());
        let is_long = length.is_some_and(|days| days > SHORT) && self.days.is_empty();
        let is_of = |day: Option<NaiveDate>| day.is_some_and(|day| self.weekdays_beside == [day.weekday()]);
        // 12/8〜12/20 日曜日: that of the last day.
        let is_of_last = is_of(self.ends_on) && !is_of(self.starts_on);
        // 4/4〜6/27 土曜日 各日10:00
        let is_each =
            self.weekdays.is_empty() || (self.weekdays.len() == 7 && !self.weekdays_beside.is_empty());
        if is_long && is_each && !is_of_last {
            self.weekdays = std::mem::take(&mut self.weekdays_beside);
        }
        let is_span = length.is_some_and(|days| days > 0) && self.days.is_empty();
        if is_span && self.is_each_day && self.weekdays.is_empty() {
            self.weekdays = when::every_day();
        }
        let is_all_of_span = || {
            let span = self.starts_on.zip(self.ends_on);
            let mut days = span.into_iter().flat_map(|(first, last)| {
                first
                    .iter_days()
                    .take_while(move |day| *day <= last)
                    .take(MOST_DAYS)
            });
            days.all(|day| self.weekday_column.contains(&day.weekday()))
        };
        let is_open = self.weekdays.is_empty() || self.weekdays.len() == 7;
        // 4/3〜4/4 土・日 is one span, and 4/5〜4/9 月〜金 10:00 five days.
        if is_span
            && is_open
            && !self.is_uncountable
            && !self.weekday_column.is_empty()
            && (self.starts_time.is_some() || !self.weeks.is_empty() || !is_all_of_span())
        {
            self.weekdays = std::mem::take(&mut self.weekday_column);
            self.is_by_column = true;
        }
        is_long && self.is_uncountable
    }

    /// Returns the day of a row whose column of weekdays says another.
    pub fn weekday_disagrees(&self) -> Option<NaiveDate> {
        let is_one_day = self.days.is_empty() && self.ends_on.is_none_or(|last| Some(last) == self.starts_on);
        let day = self
            .starts_on
            .filter(|_| is_one_day && !self.weekday_column.is_empty())?;
        (!self.weekday_column.contains(&day.weekday())).then_some(day)
    }

    /// Returns how many days a row has by its column of weekdays.
    pub fn days_by_column(&self) -> Option<usize> {
        self.is_by_column
            .then(|| self.several().map_or(0, |times| times.len()))
    }

    /// Returns whether the last day of the row is before the first.
    pub fn is_reversed(&self) -> bool {
        let days = self.ends_on.zip(self.starts_on);
        self.times.is_none() && self.days.is_empty() && days.is_some_and(|(last, first)| last < first)
    }

    /// Returns whether the row says a day of each week, and not from when until when: only the first day is kept.
    pub fn loses_weeks(&self) -> bool {
        self.times.is_none() && !self.weekdays.is_empty() && self.several().is_none()
    }

    /// Returns a name for a session of a list that gives none: its kind and its number. A row that says neither the number nor
    /// how many came may be something else.
    pub fn name_of_session(&self, kind: Option<&str>) -> Option<String> {
        let kind = kind?;
        match &self.number {
            Some(number) => Some(format!("{kind} 第{number}回")),
            None => self.declared_attendance.map(|_| kind.to_owned()),
        }
    }

    /// Returns the moment at which registration closes: without an hour, when the day is over.
    fn closing(&self, closes: Closing) -> Instant {
        match (closes, self.closes_time) {
            (Closing::At(at), _) => at,
            (Closing::On(day), Some(time)) => moment(day, time),
            (Closing::On(day), None) => midnight(day.checked_add_days(Days::new(1)).unwrap_or(day)),
        }
    }
}

/// One day of each week of so many days is more often than an event can have times, so that nothing is cut off unseen.
const MOST_DAYS: usize = 400;

/// Returns a time from one day to another, with its hours, or as whole days.
fn time_on(
    (first, last): (NaiveDate, NaiveDate),
    hours: Option<(NaiveTime, Option<NaiveTime>)>,
) -> EventTime {
    let Some((begin, end)) = hours else {
        return EventTime::of_days(first, last);
    };
    let ends_at = match end {
        Some(end) => Some(moment(last, end)),
        None if last > first => last.checked_add_days(Days::new(1)).map(midnight),
        None => None,
    };
    EventTime {
        starts_at: moment(first, begin),
        ends_at,
        label: None,
    }
}

/// Returns times with the hours that are known of their whole days, if an event begins on the first of them, and begins or ends
/// on the last.
fn with_known_hours(times: Vec<EventTime>, before: &NewEvent) -> Vec<EventTime> {
    fn day(time: &EventTime) -> NaiveDate {
        day_in_tokyo(time.starts_at.utc())
    }
    let known = |time: EventTime| {
        let Some((first, last)) = time.whole_days() else {
            return vec![time];
        };
        let own = before
            .times
            .iter()
            .filter(|own| (first..=last).contains(&day(own)));
        let own: Vec<EventTime> = own.cloned().collect();
        // What ends at midnight ends on the day before.
        let end = |time: &EventTime| {
            let last = time
                .ends_at
                .map(|at| day_in_tokyo(at.utc() - TimeDelta::microseconds(1)));
            last.unwrap_or_else(|| day(time))
        };
        let (begins, ends) = (own.iter().map(day), own.iter().map(end));
        let is_until = begins.clone().max() == Some(last) || ends.max() == Some(last);
        match begins.min() == Some(first) && is_until {
            true => own,
            false => vec![time],
        }
    };
    times.into_iter().flat_map(known).collect()
}

/// Returns times as they are known, with their names and seconds, which lists don't have. The end of one may be missing, too.
fn as_known(times: Vec<EventTime>, before: &NewEvent) -> Vec<EventTime> {
    let end = |time: &EventTime| time.ends_at.map(to_the_minute);
    let known = |time: EventTime| {
        let is_it = |own: &&EventTime| {
            to_the_minute(own.starts_at) == to_the_minute(time.starts_at)
                && (time.ends_at.is_none() || end(own) == end(&time))
        };
        let own = before.times.iter().find(is_it).cloned();
        own.unwrap_or(time)
    };
    times.into_iter().map(known).collect()
}

fn midnight(day: NaiveDate) -> Instant {
    midnight_in_tokyo(day).into()
}

/// Returns an event of which nothing is known.
fn blank() -> NewEvent {
    NewEvent {
        kind: EventKind::CommunityEvent,
        title: String::new(),
        kana: None,
        status: EventStatus::Draft,
        notice: None,
        description: None,
        series: None,
        number: None,
        programme_id: None,
        times: Vec::new(),
        month: None,
        place: None,
        online: false,
        online_url: None,
        url: None,
        areas: Vec::new(),
        host_ids: Vec::new(),
        contact: None,
        audience: None,
        fee_yen: None,
        takes_registrations: true,
        capacity: None,
        waiting_list: true,
        registration_closes_at: None,
        declared_attendance: None,
        breakouts: Vec::new(),
        declared_breakouts: None,
        speakers: Vec::new(),
        materials: Vec::new(),
        questions: Vec::new(),
        follows_event_ids: Vec::new(),
        deliverable_id: None,
    }
}

/// Reads a list as an export has it. An empty list is one.
fn json<T: DeserializeOwned>(cell: &Input) -> CellResult<Option<Vec<T>>> {
    if cell.is_empty() {
        return Ok(None);
    }
    parse_json(cell.written).map(Some)
}

/// Reads speakers as an export has them, or as an office writes them: 田中 さくら（地域づくり研究所）、…
fn speakers(cell: &Input) -> CellResult<Option<Vec<Speaker>>> {
    if cell.is_empty() || cell.text.starts_with('[') {
        return json(cell);
    }
    let speaker = |item: &String| {
        let mut parts = item.split(['(', '（', ')', '）']).map(one_line);
        Speaker {
            name: parts.next().unwrap_or_default(),
            affiliation: parts.next().filter(|text| !text.is_empty()),
        }
    };
    Ok(Some(
        split_items(cell.written, &|_| false)
            .iter()
            .map(speaker)
            .collect(),
    ))
}

/// Reads the column of all days and hours: as an export has it, or as an office writes it.
fn moments(cell: &mut Input, draft: &mut Draft) -> CellResult<()> {
    if cell.is_empty() || cell.text.starts_with('[') {
        draft.times = json(cell)?;
        return Ok(());
    }
    first_day(cell, draft).map_err(|remark| match remark.code {
        "changed_day" => remark,
        _ => no_moment(),
    })
}

/// Reads the first day, which may have its hours and notes beside it: R8.12.8 13:30〜16:00 ※要申込.
fn first_day(cell: &mut Input, draft: &mut Draft) -> CellResult<()> {
    if cell.is_empty() {
        return Ok(());
    }
    let text = cell.text;
    if cell.is_stored {
        return day_of(cell, text, draft);
    }
    match beside::change(cell.text) {
        Some(Change::To(from, to)) => return changed_day(cell, (&from, &to), draft),
        Some(Change::Unknown) => return Err(day_has_changed()),
        None => {}
    }
    if beside::is_cancelled(cell.text) {
        draft.cancelled = Some(cell.text.to_owned());
    }
    let weekly = when::weekly_apart(cell.text);
    if let Some((days, rest)) = &weekly {
        draft.weekdays.clone_from(days);
        if rest.is_empty() {
            return Ok(());
        }
    }
    let text = weekly.as_ref().map_or(cell.text, |(_, rest)| rest.as_str());
    let year = cell.context.year;
    let read = |text: &str| {
        let own = when::read(text).filter(|when| when.day.is_some());
        own.or_else(|| when::read(&year?.before(text)?))
    };
    let is_read = |text: &str| read(text).is_some() || when::read_several(text, year).is_some();
    let is_span = |text: &str| read(text).is_some_and(|when| when.last_day.is_some());
    let has_hours =
        |text: &str| read(text).is_some_and(|when| when.last_day.is_some() && when.begin.is_some());
    let each = when::each_day_apart(text).filter(|(_, rest)| has_hours(rest));
    if let Some((days, _)) = each.as_ref().filter(|_| draft.weekdays.is_empty()) {
        draft.weekdays.clone_from(days);
    }
    let text = each.as_ref().map_or(text, |(_, rest)| rest.as_str());
    let text = apart_from_weeks(text, draft, &is_span);
    let own = beside::apart(&text, &is_read);
    day_of(cell, &own.text, draft)?;
    take_notes(cell, &own.notes, draft);
    Ok(())
}

/// Splits the days of the week of a span from a cell: 4/4〜6/27 土曜日. Whether they are those of each week, the length of the span says.
fn apart_from_weeks<'t>(text: &'t str, draft: &mut Draft, is_read: &dyn Fn(&str) -> bool) -> Cow<'t, str> {
    match when::weekdays_apart(text).filter(|(.., rest)| is_read(rest)) {
        Some((days, has_holidays, rest)) => {
            draft.weekdays_beside = days;
            draft.is_uncountable |= has_holidays;
            rest.into()
        }
        None => text.into(),
    }
}

/// Reads the first day of a cell, or its month.
fn day_of(cell: &mut Input, text: &str, draft: &mut Draft) -> CellResult<()> {
    let dated = dated(cell, text);
    let text = dated.as_deref().unwrap_or(text);
    let found = when::read(text).filter(|when| when.day.is_some());
    if found.is_none() && several_days(cell, text, draft) {
        return Ok(());
    }
    match found {
        Some(when) => {
            if !cell.is_stored {
                let wrong = when::stated_wrongly(text, &when);
                cell.warnings.extend(wrong.into_iter().map(weekday_disagrees));
            }
            put(draft, when);
        }
        // Of a month, at least that is known.
        None if parse_date(text).is_ok_and(|day| !day.names_month()) => return Err(no_moment()),
        None if parse_date(text).is_ok_and(|day| !day.is_exact) => {
            let month = parse_date(text)?.date.format("%Y-%m").to_string();
            cell.warnings.push(only_month(&month));
            draft.month = draft.month.take().or(Some(month));
            draft.lacks_day = true;
        }
        None => {
            let said = cell.warnings.len();
            let day = cell.date()?;
            // The first day alone, of several that can't be read, would be less than the cell says.
            if day.is_some() && (parse_date(cell.text).is_err() || when::has_another_day(cell.text)) {
                cell.warnings.truncate(said);
                return Err(no_moment());
            }
            let has_hours = fold(cell.text).contains([':', '時', '午']);
            if day.is_some() && has_hours && !cell.is_stored {
                cell.warnings.push(unread_hours());
            }
            draft.starts_on = day.or(draft.starts_on);
        }
    }
    Ok(())
}

/// Reads the day to which an event was moved: 2027/1/9(土)→1/16(土)に延期. The hours from before stay, unless they have moved.
fn changed_day(cell: &mut Input, (from, to): (&str, &str), draft: &mut Draft) -> CellResult<()> {
    let year = cell.context.year;
    let of_year = |text: &str| when::read(text).or_else(|| when::read(&year?.before(text)?));
    let before = of_year(from).unwrap_or_default();
    let next = || before.day.and_then(|day| when::read_beside(to, day));
    let after = when::read(to).or_else(next).or_else(|| of_year(to));
    let after = after.ok_or_else(day_has_changed)?;
    let is_known = from.is_empty() || before.day.is_some();
    let day = after
        .day
        .or(before.day)
        .filter(|_| is_known)
        .ok_or_else(day_has_changed)?;
    let has_span = before.last_day.is_some() && after.day.is_some() && after.last_day.is_none();
    if has_span && !before.ends_next_day {
        return Err(day_has_changed());
    }
    let when = match after.begin {
        Some(_) => When {
            day: Some(day),
            ..after
        },
        None => When {
            day: Some(day),
            last_day: after.last_day,
            ..before
        },
    };
    cell.warnings.extend(
        when::stated_wrongly(to, &after)
            .into_iter()
            .map(weekday_disagrees),
    );
    cell.warnings.push(day_was_changed(day));
    put(draft, when);
    Ok(())
}

/// Reads several days of one event: 2022-02-18/2022-02-19, 10/5、10/12、10/19. Returns whether the cell has several.
fn several_days(cell: &mut Input, text: &str, draft: &mut Draft) -> bool {
    let Some(days) = when::read_several(text, cell.context.year) else {
        return false;
    };
    let first = days.first().and_then(|when| when.day);
    // Without a year of its own, only the title says it.
    let is_dated = when::read_several(text, None).is_none();
    cell.warnings.extend(
        first
            .filter(|_| is_dated)
            .map(|day| year_from_title(&day.to_string())),
    );
    let stated = when::stated_weekdays(text);
    if stated.len() == days.len() {
        let each = days.iter().filter_map(|when| when.day).zip(stated);
        let wrong = each.filter(|(day, stated)| *stated != day.weekday());
        cell.warnings.extend(wrong.map(|(day, _)| weekday_disagrees(day)));
    }
    draft.starts_on = draft.starts_on.or(days.iter().filter_map(|when| when.day).min());
    draft.days = days;
    true
}

/// Reads the hours of several times: 19:00-21:00/13:00-18:00.
fn several_spans(text: &str) -> Option<Vec<(NaiveTime, Option<NaiveTime>)>> {
    // Otherwise it is a day: 2026/12/8 13:30.
    let is_hour = |part: &&str| part.contains([':', '時']);
    let span = |part: &str| {
        let part = Some(part).filter(is_hour)?;
        let when = when::read(part.trim())
            .filter(|when| when.day.is_none() && when.last_day.is_none() && !when.ends_next_day)?;
        Some((when.begin?, when.end))
    };
    let spans = text.split('/').map(span).collect::<Option<Vec<_>>>()?;
    (spans.len() > 1).then_some(spans)
}

/// Names what isn't kept of a cell.
fn take_notes(cell: &mut Input, notes: &[String], draft: &mut Draft) {
    draft.is_uncountable |= notes.iter().any(|note| beside::is_recurring(note));
    let notes = notes.iter().filter(|note| !beside::is_cancelled(note));
    cell.warnings.extend(notes.map(|note| moment_note(note)));
}

fn moment_note(note: &str) -> Remark {
    Remark::new(
        "moment_note",
        format!(
            "「{note}」は日時ではないため、取り込んでいません。必要な場合は、お知らせか内容の列に入力してください。"
        ),
        format!(
            "{note:?} is no day or hour, so it wasn't imported. If it is needed, put it into the column of the notice or the description."
        ),
    )
}

fn unread_hours() -> Remark {
    Remark::new(
        "unread_hours",
        "時刻を読み取れないため、日だけを取り込みました。時刻は「13:30〜16:00」のように入力してください。",
        "The hours can't be read, so only the day was imported. Write them like 13:30-16:00.",
    )
}

fn day_was_changed(day: NaiveDate) -> Remark {
    Remark::new(
        "changed_day",
        format!("延期や変更の前と後の日があるため、後の{day}として取り込みました。"),
        format!("The cell has a day and the one to which the event was moved, so {day} was taken."),
    )
}

fn day_has_changed() -> Remark {
    Remark::new(
        "changed_day",
        "延期や変更とありますが、新しい日時を読み取れません。新しい日時だけを「2027/1/16 13:30〜16:00」のように入力してください。",
        "The event was moved, and the new day can't be read. Write only the new one, like 2027-01-16 13:30-16:00.",
    )
}

/// Says of an event that its day is said to be cancelled.
pub fn said_cancelled(is_published: bool) -> Remark {
    match is_published {
        true => Remark::new(
            "said_cancelled",
            "日時の欄に中止とあるため、状態を中止として取り込みました。",
            "The cell of the day says that it is cancelled, so the status is cancelled.",
        ),
        false => Remark::new(
            "said_cancelled",
            "日時の欄に中止とありますが、この行の状態が公開でないため、状態は変えていません。中止を知らせる場合は、状態を「中止」にして、お知らせを入力してください。",
            "The cell of the day says that it is cancelled. As the row doesn't publish it, the status stays. To announce it, set the status to cancelled and give a notice.",
        ),
    }
}

/// Says of several days that which of them is cancelled can't be told.
pub fn some_day_cancelled() -> Remark {
    Remark::new(
        "said_cancelled",
        "中止とありますが、どの日のことか分かりません。開催する日だけを入力してください。すべての日が中止の場合は「いずれも中止」と入力してください。",
        "Something is cancelled, and nobody can tell which of the days. Write only those on which the event takes place, or いずれも中止 if it doesn't on any.",
    )
}

fn only_month(month: &str) -> Remark {
    Remark::new(
        "imprecise_date",
        format!("日の記載がないため、開催月（{month}）だけを取り込みました。"),
        format!("The cell has no day, so only the month {month} was imported."),
    )
}

/// Reads the hour of the begin, a span (13:30〜16:00), or the day of the begin with its hour.
fn clock(cell: &mut Input, draft: &mut Draft) -> CellResult<()> {
    if cell.is_empty() || is_placeholder(cell.text) || cell.text == "終日" {
        return Ok(());
    }
    if let Some(spans) = several_spans(cell.text) {
        draft.spans = spans;
        return Ok(());
    }
    let weekly = when::weekly_apart(cell.text);
    if let Some((days, rest)) = &weekly {
        draft.weekdays.clone_from(days);
        if rest.is_empty() {
            return Ok(());
        }
    }
    let text = weekly.as_ref().map_or(cell.text, |(_, rest)| rest.as_str());
    let is_read = |text: &str| when::read(text).is_some_and(|when| when != When::default());
    let each = when::each_day_apart(text).filter(|(_, rest)| is_read(rest) && !cell.is_stored);
    // Of a single day, 各日 says nothing more.
    draft.is_each_day |= each.is_some() && !text.contains("毎日");
    if let Some((days, _)) = each
        .as_ref()
        .filter(|_| draft.weekdays.is_empty() && !draft.is_each_day)
    {
        draft.weekdays.clone_from(days);
    }
    let text = each.as_ref().map_or(text, |(_, rest)| rest.trim());
    let own = match cell.is_stored {
        true => Apart::of(text),
        false => beside::apart(&apart_from_weeks(text, draft, &is_read), &is_read),
    };
    let Some(when) = when::read(&own.text) else {
        draft.is_uncountable |= beside::is_recurring(&own.text);
        return parse_time(&own.text).map(drop);
    };
    take_notes(cell, &own.notes, draft);
    draft.starts_time = when.begin.or(draft.starts_time);
    draft.starts_text.clone_from(&own.text);
    put(draft, when);
    Ok(())
}

/// Reads the days of the week.
fn weekdays(cell: &mut Input, draft: &mut Draft) {
    if cell.is_empty() || is_placeholder(cell.text) {
        return;
    }
    let Some(found) = when::weekly(cell.text) else {
        draft.is_uncountable |= beside::is_recurring(cell.text);
        cell.warnings.push(unread_weekdays());
        return;
    };
    draft.is_uncountable |= found.has_holidays;
    draft.weeks = found.weeks;
    // Without a last day, a day of each week is more than the row can say.
    match found.is_each && draft.ends_on.is_none() && draft.days.is_empty() && draft.weekdays.is_empty() {
        true => draft.weekdays = found.days,
        false => draft.weekday_column = found.days,
    }
}

fn unread_weekdays() -> Remark {
    Remark::new(
        "invalid_weekday",
        "曜日は「火・木」や「第2・第4土」のように入力してください。",
        "Write days of the week like 火・木 or 第2・第4土.",
    )
}

/// Says that the days of a row are those that its column of weekdays names.
pub fn days_by_weekday(count: usize) -> Remark {
    Remark::new(
        "days_by_weekday",
        format!("期間のうち、曜日の列にあたる{count}日として取り込みました。"),
        format!(
            "Of the days from the first to the last, the {count} that the column of weekdays names were imported."
        ),
    )
}

fn last_day(cell: &mut Input, draft: &mut Draft) -> CellResult<()> {
    let year = cell.context.year.filter(|_| !cell.is_stored);
    let of_title = || when::read(&year?.before(cell.text)?);
    // 1/4 below 終了日, beside 12/28.
    let of_first = || when::read_end(cell.text, draft.starts_on.filter(|_| !cell.is_stored)?);
    let found = when::read(cell.text).filter(|when| when.day.is_some());
    match found.or_else(of_first).or_else(of_title) {
        Some(when) => {
            draft.ends_on = when.last_day.or(when.day);
            draft.ends_time = draft.ends_time.or(when.end).or(when.begin);
        }
        None => draft.ends_on = cell.last_date()?.or(draft.ends_on),
    }
    Ok(())
}

/// Reads the hour of the end, or the day of the end with its hour.
fn last_clock(cell: &Input, draft: &mut Draft) -> CellResult<()> {
    if cell.is_empty() || is_placeholder(cell.text) || cell.text == "終日" {
        return Ok(());
    }
    let Some(when) = when::read(cell.text) else {
        return parse_time(cell.text).map(drop);
    };
    draft.ends_on = draft.ends_on.or(when.last_day).or(when.day);
    let end = when.end.or(when.begin);
    let is_one_day = draft.ends_on.is_none() || draft.ends_on == draft.starts_on;
    let end = match draft.starts_time {
        // 午後1時半 in one column, 4時 in the other.
        Some(begin) if is_one_day => {
            end.map(|end| when::end_of((begin, &draft.starts_text), (end, cell.text)))
        }
        _ => end,
    };
    draft.ends_time = end.or(draft.ends_time);
    Ok(())
}

/// Puts into the draft what no other column has said.
fn put(draft: &mut Draft, when: When) {
    draft.starts_on = draft.starts_on.or(when.day);
    draft.starts_time = draft.starts_time.or(when.begin);
    draft.ends_on = draft.ends_on.or(when.last_day);
    draft.ends_time = draft.ends_time.or(when.end);
    draft.ends_next_day |= when.ends_next_day;
}

/// Puts a month into the draft, or a day, which may have its hours in a column of their own.
fn set_month(cell: &mut Input, draft: &mut Draft) {
    let Some(text) = month(cell) else { return };
    match text.parse::<NaiveDate>().ok().filter(|_| !cell.is_stored) {
        Some(day) => draft.starts_on = draft.starts_on.or(Some(day)),
        None => draft.month = Some(text),
    }
}

/// Reads a month or a day: 2026-12, 令和8年12月, 2026/12/8, or 12月 below a title with its year.
fn month(cell: &mut Input) -> Option<String> {
    let text = cell.code()?;
    let of_date = |text: &str| {
        let found = parse_date(text).ok()?;
        if found.is_exact {
            // Beside hours or until another day, it is more than this column can say.
            let day = When {
                day: Some(found.date),
                ..When::default()
            };
            return (when::read(text) == Some(day)).then(|| found.date.to_string());
        }
        found
            .names_month()
            .then(|| found.date.format("%Y-%m").to_string())
    };
    let is_as_stored = text.len() == "2026-12".len() && text.as_bytes().get(4) == Some(&b'-');
    if cell.is_stored || is_as_stored {
        return Some(text);
    }
    if let Some(month) = of_date(cell.text) {
        return Some(month);
    }
    let dated = cell.context.year.and_then(|year| year.before(cell.text));
    match dated.and_then(|text| of_date(&text)) {
        Some(month) => {
            cell.warnings.push(year_from_title(&month));
            Some(month)
        }
        None => Some(text),
    }
}

/// Reads a day that lacks its year, which a title of the file states. Without such a title, the cell stays as it is.
fn dated(cell: &mut Input, text: &str) -> Option<String> {
    let has_year = cell.is_stored || parse_date(text).is_ok();
    let year = cell.context.year.filter(|_| !has_year)?;
    let text = year.before(text)?;
    let day = when::read(&text)?.day?;
    cell.warnings.push(year_from_title(&day.to_string()));
    Some(text)
}

fn year_from_title(when: &str) -> Remark {
    Remark::new(
        "year_from_title",
        format!(
            "年の記載がないため、表題（なければシートかファイルの名前）の年から{when}として取り込みました。"
        ),
        format!(
            "The cell has no year, so {when} was taken by that of the title, or else of the sheet's or the file's name."
        ),
    )
}

pub fn weekday_disagrees(day: NaiveDate) -> Remark {
    let weekday = ["月", "火", "水", "木", "金", "土", "日"];
    let stated = weekday
        .get(day.weekday().num_days_from_monday() as usize)
        .copied()
        .unwrap_or_default();
    Remark::new(
        "weekday_disagrees",
        format!("{day}は{stated}曜日です。日付か曜日を確認してください。"),
        format!(
            "{day} is a {}. Check the date and the day of the week.",
            day.format("%A")
        ),
    )
}

pub fn no_moment() -> Remark {
    Remark::new(
        "invalid_moment",
        "日時は「令和8年12月8日 13:30〜16:00」や「2026/10/5、10/12、10/19」のように、年から入力してください。",
        "Write days and hours like 2026-12-08 13:30-16:00 or 2026/10/5、10/12、10/19, with the year.",
    )
}

fn closing(cell: &mut Input) -> CellResult<Option<Closing>> {
    if cell.is_empty() {
        return Ok(None);
    }
    let written = match cell.is_stored {
        true => parse_written_moment(cell.text),
        false => parse_moment(cell.text),
    };
    if let Ok(at) = written {
        return Ok(Some(Closing::At(at)));
    }
    // R8.12.1（火）17:00まで, 令和8年12月1日必着
    let bare = ["まで", "必着", "締切"]
        .iter()
        .find_map(|ending| cell.text.strip_suffix(ending));
    match when::read(bare.unwrap_or(cell.text)).map(|when| (when.day, when.begin)) {
        Some((Some(day), Some(time))) => Ok(Some(Closing::At(moment(day, time)))),
        Some((Some(day), None)) => Ok(Some(Closing::On(day))),
        _ => Ok(cell.last_date()?.map(Closing::On)),
    }
}

/// Reads the address of a page, which may have words before it.
fn page(cell: &Input) -> Option<String> {
    let text = cell.code()?;
    let begin = text.find("https://").or_else(|| text.find("http://"));
    let Some(begin) = begin.filter(|_| !cell.is_stored) else {
        return Some(text);
    };
    let address = text.get(begin..)?.split(char::is_whitespace).next()?;
    Some(address.trim_end_matches(['。', '、', '）', ')']).to_owned())
}

fn areas(cell: &mut Input) -> CellResult<Vec<AreaCode>> {
    let mut found = Vec::new();
    for item in split_items(cell.text, &|_| false) {
        let mut one = Input {
            text: &item,
            written: &item,
            is_stored: false,
            level: None,
            beside: cell.beside,
            context: cell.context,
            warnings: cell.warnings,
        };
        found.extend(one.area()?.map(AreaCode::from));
    }
    Ok(found)
}

/// Returns the number of a session without what is around it: 第2回.
fn plain_number(text: &str) -> String {
    text.trim_start_matches('第')
        .trim_end_matches('回')
        .trim()
        .to_owned()
}

fn number(text: &str) -> Option<i32> {
    const BEFORE: [&str; 11] = [
        "約",
        "およそ",
        "先着順",
        "先着",
        "定員",
        "最大",
        "各回",
        "各",
        "¥",
        "\\",
        "参加費",
    ];
    const AFTER: [&str; 9] = [
        "程度",
        "前後",
        "ほど",
        "くらい",
        "ぐらい",
        "以内",
        "限定",
        "まで",
        "先着順",
    ];
    let text = fold(text).replace(',', "");
    // 30名（先着順）, 500円（資料代）: a note in brackets adds nothing to the number.
    let text = match text
        .trim()
        .strip_suffix(')')
        .and_then(|text| text.split_once('('))
    {
        Some((number, note)) if !note.contains(|c: char| c.is_ascii_digit()) => number,
        _ => text.as_str(),
    };
    let text = BEFORE.iter().fold(text.trim(), |text, word| {
        text.strip_prefix(word)
            .map_or(text, |rest| rest.trim_start_matches([':', ' ', '\u{3000}']))
    });
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at_checked(digits)?;
    let unit = AFTER.iter().fold(unit.trim(), |unit, word| {
        unit.strip_suffix(word).map_or(unit, str::trim_end)
    });
    let is_unit = ["", "円", "人", "名", "組", "席"].contains(&unit);
    number.parse().ok().filter(|_| is_unit)
}

fn no_number() -> Remark {
    Remark::new("invalid_number", "数字で入力してください。", "Enter a number.")
}

fn parse_yen(text: &str) -> CellResult<i32> {
    match text {
        "無料" | "なし" | "free" => Ok(0),
        text => number(text).ok_or_else(no_number),
    }
}

fn parse_count(text: &str) -> CellResult<i32> {
    number(text).ok_or_else(no_number)
}

/// Returns whether a text is only the kind of an event, and not the name of a series: セミナー, 地域づくりゼミ.
pub fn is_kind_alone(text: &str) -> bool {
    kind_alone(text).is_ok()
}

fn parse_kind(text: &str) -> CellResult<EventKind> {
    let is_seminar = text.ends_with("ゼミ") || text.ends_with("セミナー");
    kind_alone(text).or_else(|remark| {
        if is_seminar {
            Ok(EventKind::Seminar)
        } else {
            Err(remark)
        }
    })
}

fn kind_alone(text: &str) -> CellResult<EventKind> {
    match text {
        "講演会" | "公開講座・講演会" => Ok(EventKind::PublicLecture),
        "セミナー" | "ゼミ" | "ワークショップ" => Ok(EventKind::Seminar),
        "全体研修" => Ok(EventKind::Training),
        "大会" | "総会" | "報告会・総会" => Ok(EventKind::Conference),
        "報告会" => Ok(EventKind::ResultsMeeting),
        "相談会" | "個別相談会" => Ok(EventKind::Consultation),
        "事例検討会" | "勉強会" => Ok(EventKind::CaseStudy),
        "イベント" | "地域イベント" | "交流会" | "催し" => Ok(EventKind::CommunityEvent),
        "ボランティア" | "ボランティア・活動者募集" => Ok(EventKind::VolunteerOpening),
        "教室" | "体験講座" => Ok(EventKind::Course),
        text => parse_code(text),
    }
}

fn parse_status(text: &str) -> CellResult<EventStatus> {
    match text {
        "公開中" | "公開済み" | "開催" => Ok(EventStatus::Published),
        "非公開" | "準備中" => Ok(EventStatus::Draft),
        "取りやめ" | "キャンセル" => Ok(EventStatus::Cancelled),
        text => parse_code(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_are_read_as_offices_write_them() {
        assert_eq!(parse_yen("無料").ok(), Some(0));
        assert_eq!(parse_yen("1,500円").ok(), Some(1500));
        assert_eq!(parse_yen("500円（資料代）").ok(), Some(500));
        for text in [
            "約30名",
            "30人程度",
            "先着30名",
            "先着順 30名",
            "定員：30人",
            "30名（先着順）",
            "各回30名まで",
        ] {
            assert_eq!(parse_count(text).ok(), Some(30), "{text}");
        }
        assert!(parse_count("30〜40名").is_err());
        assert!(parse_count("30名（うち託児10名）").is_err());
        assert!(parse_count("若干名").is_err());
    }

    #[test]
    fn kinds_days_and_hours_are_read_as_lists_of_sessions_have_them() {
        for word in ["地域づくりゼミ", "基盤整備セミナー"] {
            assert_eq!(parse_kind(word).ok(), Some(EventKind::Seminar), "{word}");
            assert!(!is_kind_alone(word), "{word}");
        }
        assert!(is_kind_alone("セミナー") && is_kind_alone("個別相談") && is_kind_alone("成果報告会"));
        for word in ["大会・総会", "報告会・総会", "総会"] {
            assert_eq!(parse_kind(word).ok(), Some(EventKind::Conference), "{word}");
        }
        assert!(parse_kind("謎の種別").is_err());
        let mut draft = Draft {
            days: when::read_several("2022-02-18/2022-02-19", None).unwrap(),
            spans: several_spans("19:00-21:00/13:00-18:00").unwrap(),
            ..Draft::default()
        };
        draft.starts_on = draft.days[0].day;
        let begins = |draft: &Draft| {
            let times = draft.plan(None).times;
            times
                .iter()
                .map(|time| time.starts_at.to_string())
                .collect::<Vec<_>>()
        };
        let expected = ["2022-02-18T10:00:00.000000Z", "2022-02-19T04:00:00.000000Z"];
        assert_eq!(begins(&draft), expected);
        assert!(!draft.loses_hours());
        let plan = draft.plan(None);
        assert_eq!(draft.plan(Some(&plan)), plan);
        // Hours that don't suit the days are no hours, and the days are kept.
        draft.spans.extend(several_spans("9:00/10:00").unwrap());
        let days = ["2022-02-17T15:00:00.000000Z", "2022-02-18T15:00:00.000000Z"];
        assert_eq!(begins(&draft), days);
        assert!(draft.loses_hours() && draft.plan(None).month.is_none());
        // The hours of an event that is known stay.
        assert_eq!(draft.plan(Some(&plan)), plan);
        assert_eq!(several_spans("13:00-18:00"), None);
        // A session without a name is called by its kind, with its number.
        let session = |number: Option<&str>, came| Draft {
            number: number.map(str::to_owned),
            declared_attendance: came,
            ..Draft::default()
        };
        let name = |draft: Draft| draft.name_of_session(Some("個別相談"));
        assert_eq!(name(session(Some("2"), None)).as_deref(), Some("個別相談 第2回"));
        assert_eq!(name(session(None, Some(14))).as_deref(), Some("個別相談"));
        assert_eq!(name(session(None, None)), None);
    }

    #[test]
    fn all_days_of_a_row_are_times_of_its_event() {
        let clock = |text: &str| parse_time(text).unwrap();
        let times = |draft: &Draft| -> Vec<String> {
            let plan = draft.plan(None);
            assert_eq!(plan.month, None);
            let shown = |at: Instant| {
                let at = crate::catalogue::calendar::time_in_tokyo(at.utc());
                at.format("%m-%d %H:%M").to_string()
            };
            let time = |time: &EventTime| match (time.whole_days(), time.ends_at) {
                (Some((first, last)), _) => format!("{}..{}", first.format("%m-%d"), last.format("%m-%d")),
                (None, Some(end)) => format!("{}-{}", shown(time.starts_at), shown(end)),
                (None, None) => shown(time.starts_at),
            };
            plan.times.iter().map(time).collect()
        };
        let of_days = |text: &str| {
            let days = when::read_several(text, None).unwrap();
            Draft {
                starts_on: days[0].day,
                days,
                ..Draft::default()
            }
        };
        let mut draft = of_days("2026/10/19、10/5、10/12、10/5");
        assert_eq!(times(&draft), ["10-05..10-05", "10-12..10-12", "10-19..10-19"]);
        // Hours in another column are those of each day.
        draft.starts_time = Some(clock("13:30"));
        draft.ends_time = Some(clock("15:00"));
        let each = [
            "10-05 13:30-10-05 15:00",
            "10-12 13:30-10-12 15:00",
            "10-19 13:30-10-19 15:00",
        ];
        assert_eq!(times(&draft), each);
        // Hours beside a day are its own.
        let mut draft = of_days("2026/10/5 10:00〜11:00、10/12");
        draft.starts_time = Some(clock("13:30"));
        assert_eq!(times(&draft), ["10-05 10:00-10-05 11:00", "10-12 13:30"]);
        // Days from the first to the last are one time, unless they are those of each week.
        let mut draft = Draft {
            starts_on: Some(day("2026-10-05")),
            ends_on: Some(day("2026-10-19")),
            ..Draft::default()
        };
        assert_eq!(times(&draft), ["10-05..10-19"]);
        draft.weekdays = vec![Weekday::Mon];
        assert_eq!(times(&draft), ["10-05..10-05", "10-12..10-12", "10-19..10-19"]);
        draft.starts_time = Some(clock("22:00"));
        draft.ends_time = Some(clock("1:00"));
        draft.ends_next_day = true;
        assert_eq!(times(&draft)[1], "10-12 22:00-10-13 01:00");
        assert!(!draft.loses_weeks());
        draft.ends_on = None;
        assert!(draft.loses_weeks());
        // What is known of the days of a row that has only the first and the last stays.
        let known = of_days("2026/10/5 13:30、10/19 13:30").plan(None);
        let span = Draft {
            starts_on: Some(day("2026-10-05")),
            ends_on: Some(day("2026-10-19")),
            ..Draft::default()
        };
        assert_eq!(span.plan(Some(&known)), known);
        let longer = Draft {
            ends_on: Some(day("2026-10-20")),
            ..span
        };
        assert_ne!(longer.plan(Some(&known)), known);
        // So does one time that goes on over all of them, and until midnight or into the night after.
        let days = |last: &str| Draft {
            starts_on: Some(day("2026-10-05")),
            ends_on: Some(day(last)),
            ..Draft::default()
        };
        for end in ["2026-10-07T07:00:00Z", "2026-10-07T15:00:00Z"] {
            let mut known = known.clone();
            known.times = vec![EventTime {
                starts_at: moment(day("2026-10-05"), clock("10:00")),
                ends_at: Instant::parse(end),
                label: None,
            }];
            assert_eq!(days("2026-10-07").plan(Some(&known)), known, "{end}");
            for other in ["2026-10-06", "2026-10-08"] {
                assert_ne!(days(other).plan(Some(&known)), known, "{end} {other}");
            }
        }
        // A day of the week beside days that are listed adds none.
        let mut draft = of_days("2026/10/6、10/13");
        draft.weekdays = vec![Weekday::Tue];
        draft.starts_time = Some(clock("10:00"));
        assert_eq!(times(&draft), ["10-06 10:00", "10-13 10:00"]);
        assert!(!draft.loses_weeks());
        // Times that stay keep their names, their seconds, and an end that the row doesn't say.
        let mut known = of_days("2026/10/6 10:00〜12:00、10/13 10:00〜12:00").plan(None);
        known.times[0].label = Some("第1部".into());
        known.times[0].starts_at = Instant::parse("2026-10-06T01:00:30Z").unwrap();
        let more = of_days("2026/10/6 10:00〜12:00、10/13 10:00、10/20")
            .plan(Some(&known))
            .times;
        assert_eq!((more.len(), &more[..2]), (3, &known.times[..]));
        let later = of_days("2026/10/6 10:00〜12:30、10/13 10:00")
            .plan(Some(&known))
            .times;
        assert_eq!((&later[0].label, &later[1]), (&None, &known.times[1]));
    }

    #[test]
    fn a_row_becomes_a_time_or_a_day_or_a_month_and_keeps_what_is_known() {
        let mut draft = Draft {
            starts_on: Some(day("2026-10-08")),
            ..Draft::default()
        };
        let day_alone = draft.plan(None);
        assert_eq!(
            (day_alone.times.len(), day_alone.month.as_deref()),
            (0, Some("2026-10-08"))
        );
        draft.starts_time = NaiveTime::from_hms_opt(13, 30, 0);
        draft.ends_time = NaiveTime::from_hms_opt(16, 0, 0);
        let plan = draft.plan(None);
        let time = &plan.times[0];
        assert_eq!(time.starts_at, Instant::parse("2026-10-08T04:30:00Z").unwrap());
        assert_eq!(time.ends_at, Instant::parse("2026-10-08T07:00:00Z"));
        // The hour stays where a row has only the day, and so do several times with the same begin and end.
        let only_day = Draft {
            starts_on: draft.starts_on,
            ..Draft::default()
        };
        assert_eq!(only_day.plan(Some(&plan)), plan);
        // So do its times where a row has only the month.
        let only_month = |month: &str| Draft {
            month: Some(month.to_owned()),
            lacks_day: true,
            ..Draft::default()
        };
        assert_eq!(only_month("2026-10").plan(Some(&plan)), plan);
        assert!(only_month("2026-11").plan(Some(&plan)).times.is_empty());
        // A whole month is no day of it.
        let whole = Draft {
            starts_on: Some(day("2026-10-01")),
            ends_on: Some(day("2026-10-31")),
            ..Draft::default()
        };
        assert_eq!(whole.plan(None).month.as_deref(), Some("2026-10"));
        assert!(whole.plan(None).times.is_empty() && whole.plan(Some(&plan)) == plan);
        // And so does its day, and the day of an event of which only the month was known.
        assert_eq!(only_month("2026-10").plan(Some(&day_alone)), day_alone);
        let month_alone = only_month("2026-10").plan(None);
        assert_eq!(
            only_day.plan(Some(&month_alone)).month.as_deref(),
            Some("2026-10-08")
        );
        let mut several = plan.clone();
        several.times[0].ends_at = Instant::parse("2026-10-08T05:30:00Z");
        several.times.push(EventTime {
            starts_at: Instant::parse("2026-10-08T06:00:00Z").unwrap(),
            ends_at: Instant::parse("2026-10-08T07:00:00Z"),
            label: None,
        });
        assert_eq!(draft.plan(Some(&several)), several);
        draft.closes = Some(Closing::On(day("2026-10-01")));
        let closes = draft.plan(None).registration_closes_at;
        assert_eq!(closes, Instant::parse("2026-10-01T15:00:00Z"));
    }
}
