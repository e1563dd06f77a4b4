//! The fields of the work in projects, and how each cell is put into a draft.

use crate::catalogue::calendar::day_in_tokyo;
use crate::db::{Id, Instant};
use crate::imports::fields::{
    Input, check_record_id, field_table, ignore, parse_code, parse_id, parse_ids, parse_moment,
    parse_written_moment,
};
use crate::imports::kinds::when::{self, moment};
use crate::projects::work::{NewHours, NewMeeting, NewMilestone, WorkKind};
use chrono::NaiveDate;
use tables::Remark;
use tables::cells::CellResult;
use text::fold;

/// What a row says about an entry. `None`: the row doesn't say.
#[derive(Default)]
pub struct Draft {
    pub kind: Option<WorkKind>,
    pub title: Option<String>,
    pub due_on: Option<NaiveDate>,
    pub weight: Option<u16>,
    pub progress: Option<u16>,
    pub done_on: Option<NaiveDate>,
    pub starts_at: Option<Instant>,
    pub ends_at: Option<Instant>,
    pub location: Option<String>,
    pub link: Option<String>,
    pub attendee_ids: Option<Vec<Id>>,
    pub guests: Option<u16>,
    pub minutes: Option<String>,
    pub worker_id: Option<Id>,
    pub worked_on: Option<NaiveDate>,
    pub worked_minutes: Option<u16>,
    pub note: Option<String>,
}

field_table! { draft, cell: Draft;
    "record_id", "記録ID" => check_record_id(draft, cell)?;
    "project_id", "プロジェクトの記録ID" => check_record_id(draft, cell)?;
    "kind", "区分"
        => draft.kind = cell.parse(parse_kind)?;
    "title", "件名"
        => draft.title = cell.line();
    "deadline", "期限"
        => draft.due_on = cell.last_date()?;
    "weight", "重み"
        => draft.weight = cell.at_most()?;
    "progress", "進み具合（%）"
        => draft.progress = cell.parse(parse_percent)?;
    "done_on", "完了日"
        => draft.done_on = cell.date()?;
    "starts_at", "開始日時"
        => begin(cell, draft)?;
    "ends_at", "終了日時"
        => end(cell, draft)?;
    "location", "場所"
        => draft.location = cell.text();
    "link", "リンク"
        => draft.link = cell.code();
    "attendee_ids", "参加者の記録ID"
        => draft.attendee_ids = parse_ids(cell)?;
    "guests", "そのほかの参加人数"
        => draft.guests = cell.at_most()?;
    "minutes", "議事録"
        => draft.minutes = cell.text();
    "worker_id", "ワーカーの記録ID"
        => draft.worker_id = parse_id(cell)?;
    // It names the member, who is looked up.
    "name", "氏名" => ignore(draft, cell);
    "worked_on", "活動日"
        => draft.worked_on = cell.date()?;
    "worked_minutes", "活動時間（分）"
        => draft.worked_minutes = cell.parse(parse_minutes)?;
    "note", "メモ"
        => draft.note = cell.text();
}

/// What says which entry it is, and of what.
pub const NEEDED: &[&str] = &[
    "record_id",
    "project_id",
    "kind",
    "title",
    "deadline",
    "starts_at",
    "worker_id",
    "name",
    "worked_on",
    "worked_minutes",
];

impl Draft {
    /// Returns what the row is: as it says, or as its days tell.
    pub fn kind(&self) -> Option<WorkKind> {
        self.kind.or(match self {
            Draft { due_on: Some(_), .. }
            | Draft {
                progress: Some(_), ..
            }
            | Draft { done_on: Some(_), .. } => Some(WorkKind::Milestone),
            Draft {
                starts_at: Some(_), ..
            } => Some(WorkKind::Meeting),
            Draft {
                worked_on: Some(_), ..
            } => Some(WorkKind::Hours),
            _ => None,
        })
    }

    /// Returns the milestone that the row makes of the one before, or of nothing. What the row doesn't say stays.
    pub fn milestone(&self, before: Option<&NewMilestone>) -> Option<NewMilestone> {
        let own = before.cloned();
        let mut milestone = NewMilestone {
            title: self.title.clone().or(own.as_ref().map(|own| own.title.clone()))?,
            due_on: self.due_on.or(own.as_ref().map(|own| own.due_on))?,
            weight: self.weight.or(own.as_ref().map(|own| own.weight)).unwrap_or(1),
            progress: self
                .progress
                .or(own.as_ref().map(|own| own.progress))
                .unwrap_or_default(),
            done_on: self.done_on.or(own.as_ref().and_then(|own| own.done_on)),
        };
        // As in the API, one of both is enough.
        match (self.progress, self.done_on) {
            (Some(progress), None) if progress < 100 => milestone.done_on = None,
            (None, Some(_)) => milestone.progress = 100,
            _ => {}
        }
        Some(milestone)
    }

    /// Returns the meeting that the row makes of the one before, or of nothing.
    pub fn meeting(&self, before: Option<&NewMeeting>) -> Option<NewMeeting> {
        let own = before.cloned();
        // A workbook has no fractions of seconds.
        let same = |stated: Option<Instant>, own: Option<Instant>| match (stated, own) {
            (Some(stated), Some(own)) if stated.utc().timestamp() == own.utc().timestamp() => Some(own),
            (stated, own) => stated.or(own),
        };
        Some(NewMeeting {
            title: self.title.clone().or(own.as_ref().map(|own| own.title.clone()))?,
            starts_at: same(self.starts_at, own.as_ref().map(|own| own.starts_at))?,
            ends_at: same(self.ends_at, own.as_ref().and_then(|own| own.ends_at)),
            location: self
                .location
                .clone()
                .or(own.as_ref().and_then(|own| own.location.clone())),
            link: self
                .link
                .clone()
                .or(own.as_ref().and_then(|own| own.link.clone())),
            attendee_ids: self
                .attendee_ids
                .clone()
                .or(own.as_ref().map(|own| own.attendee_ids.clone()))
                .unwrap_or_default(),
            guests: self
                .guests
                .or(own.as_ref().map(|own| own.guests))
                .unwrap_or_default(),
            minutes: self.minutes.clone().or(own.and_then(|own| own.minutes)),
        })
    }

    /// Returns the hours that the row makes of those before, or of nothing.
    pub fn hours(&self, before: Option<&NewHours>, worker: Option<Id>) -> Option<NewHours> {
        let own = before.cloned();
        Some(NewHours {
            worker_id: worker.or(own.as_ref().and_then(|own| own.worker_id)),
            worked_on: self.worked_on.or(own.as_ref().map(|own| own.worked_on))?,
            minutes: self.worked_minutes.or(own.as_ref().map(|own| own.minutes))?,
            note: self.note.clone().or(own.and_then(|own| own.note)),
        })
    }
}

/// Reads the begin of a meeting: as an export has it, or as an office writes it, maybe with its end (2026/10/9 13:00〜15:00).
fn begin(cell: &Input, draft: &mut Draft) -> CellResult<()> {
    let when = when::read(cell.text).filter(|_| parse_moment(cell.text).is_err());
    let Some((when, day, time)) = when.and_then(|when| Some((when, when.day?, when.begin?))) else {
        draft.starts_at = cell.parse(parse_written_moment)?;
        return Ok(());
    };
    draft.starts_at = Some(moment(day, time));
    let end = when.end.map(|end| moment(when.last_day.unwrap_or(day), end));
    draft.ends_at = draft.ends_at.or(end);
    Ok(())
}

/// Reads the end of a meeting, which may lack the day.
fn end(cell: &Input, draft: &mut Draft) -> CellResult<()> {
    let begins_on = draft.starts_at.map(|at| day_in_tokyo(at.utc()));
    let when = when::read(cell.text).filter(|_| parse_moment(cell.text).is_err());
    let whole = when.and_then(|when| {
        let day = when.last_day.or(when.day).or(begins_on)?;
        Some(moment(day, when.end.or(when.begin)?))
    });
    match whole {
        Some(at) => draft.ends_at = Some(at),
        None => draft.ends_at = cell.parse(parse_written_moment)?.or(draft.ends_at),
    }
    Ok(())
}

fn parse_kind(text: &str) -> CellResult<WorkKind> {
    match text {
        "マイルストーン" | "工程" | "予定" => Ok(WorkKind::Milestone),
        "会議" | "打ち合わせ" | "打合せ" | "訪問" | "ミーティング" => Ok(WorkKind::Meeting),
        "活動時間" | "稼働" | "活動" | "作業" => Ok(WorkKind::Hours),
        code => parse_code(code),
    }
}

fn parse_percent(text: &str) -> CellResult<u16> {
    let text = fold(text);
    let number = text.trim().trim_end_matches('%').trim().parse();
    number.map_err(|_| Remark::new("invalid_number", "数字で入力してください。", "Enter a number."))
}

/// Reads how long somebody worked: 120, 90分, 2時間, 1時間30分, 1.5時間. A number alone is minutes.
fn parse_minutes(text: &str) -> CellResult<u16> {
    let plain: String = fold(text).split_whitespace().collect();
    let invalid = || {
        Remark::new(
            "invalid_number",
            "「120」「2時間」「1時間30分」のように入力してください。",
            "Write minutes like 120.",
        )
    };
    let whole = |text: &str| text.parse::<u16>().map_err(|_| invalid());
    let Some((hours, rest)) = plain.split_once("時間") else {
        return whole(plain.trim_end_matches('分'));
    };
    let half = match hours.split_once('.') {
        Some((_, "5")) => 30,
        Some((_, "0")) | None => 0,
        Some(_) => return Err(invalid()),
    };
    let hours = whole(hours.split('.').next().unwrap_or_default())?;
    let rest = match rest.trim_end_matches('分') {
        "" => 0,
        "半" => 30,
        rest => whole(rest)?,
    };
    hours
        .checked_mul(60)
        .and_then(|minutes| minutes.checked_add(half)?.checked_add(rest))
        .ok_or_else(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_hours_are_read_as_offices_write_them() {
        for (text, expected) in [
            ("120", 120),
            ("９０分", 90),
            ("2時間", 120),
            ("1時間30分", 90),
            ("1.5時間", 90),
            ("1時間半", 90),
        ] {
            assert_eq!(parse_minutes(text).ok(), Some(expected), "{text}");
        }
        for wrong in ["半日", "1.2時間", "-5", "2000時間", "1.5時間65530分"] {
            assert!(parse_minutes(wrong).is_err(), "{wrong}");
        }
    }
}
