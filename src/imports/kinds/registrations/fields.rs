//! The fields of a registration, and how each cell is put into a draft.

use crate::db::Id;
use crate::events::registration::{NewRegistration, RegistrationStatus};
use crate::imports::fields::{Input, check_record_id, field_table, ignore, parse_code, parse_id};
use crate::imports::kinds::applications::fields::kept;
use crate::values::AreaCode;
use chrono::NaiveDate;
use tables::cells::{CellResult, parse_amount, parse_boolean};

/// What a row says about a registration. `None`: the row doesn't say.
#[derive(Default)]
pub struct Draft {
    pub event_day: Option<NaiveDate>,
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub affiliation: Option<String>,
    pub worker_id: Option<Id>,
    pub organization_id: Option<Id>,
    pub places: Option<i32>,
    pub wants_consultation: Option<bool>,
    pub note: Option<String>,
    pub status: Option<RegistrationStatus>,
    pub office_area: Option<AreaCode>,
}

field_table! { draft, cell: Draft;
    "record_id", "記録ID" => check_record_id(draft, cell)?;
    // These name the event, which is looked up.
    "event_id", "イベントの記録ID" => check_record_id(draft, cell)?;
    "event_title", "イベント名" => ignore(draft, cell);
    "event_day", "開催日"
        => draft.event_day = cell.date()?;
    "name", "氏名"
        => draft.name = cell.person()?;
    "email", "メールアドレス"
        => draft.email = cell.email();
    "phone", "電話番号"
        => draft.phone = cell.phone()?;
    "affiliation", "所属"
        => draft.affiliation = cell.line();
    "status", "状態"
        => draft.status = status(cell)?;
    "places", "人数"
        => draft.places = places(cell)?;
    "wants_consultation", "個別相談の希望"
        => draft.wants_consultation = cell.parse(parse_wish)?;
    "note", "連絡事項"
        => draft.note = cell.text();
    "worker_id", "ワーカーの記録ID"
        => draft.worker_id = parse_id(cell)?;
    "organization_id", "団体の記録ID"
        => draft.organization_id = parse_id(cell)?;
    "office_area", "申し込んだ窓口の地域"
        => draft.office_area = kept(cell, office)?;
}

/// What says who it is, for which event, and whether they came.
pub const NEEDED: &[&str] = &[
    "record_id",
    "event_id",
    "event_title",
    "event_day",
    "name",
    "worker_id",
    "status",
];

impl Draft {
    /// Returns the registration that the row makes of the one before, or of nothing. What the row doesn't say stays.
    pub fn registration(&self, before: Option<&NewRegistration>) -> NewRegistration {
        let before = before.cloned().unwrap_or(NewRegistration {
            name: None,
            email: None,
            phone: None,
            affiliation: None,
            worker_id: None,
            organization_id: None,
            places: 1,
            wants_consultation: false,
            note: None,
            status: RegistrationStatus::Registered,
        });
        NewRegistration {
            name: self.name.clone().or(before.name),
            email: self.email.clone().or(before.email),
            phone: self.phone.clone().or(before.phone),
            affiliation: self.affiliation.clone().or(before.affiliation),
            worker_id: self.worker_id.or(before.worker_id),
            organization_id: self.organization_id.or(before.organization_id),
            places: self.places.unwrap_or(before.places),
            wants_consultation: self.wants_consultation.unwrap_or(before.wants_consultation),
            note: self.note.clone().or(before.note),
            status: self.status.unwrap_or(before.status),
        }
    }
}

fn office(cell: &mut Input) -> CellResult<Option<AreaCode>> {
    let area = cell.code().map(AreaCode::from);
    Ok(area.filter(AreaCode::is_well_formed))
}

/// Reads what became of a registration, or a mark of who came: ○, ×.
fn status(cell: &mut Input) -> CellResult<Option<RegistrationStatus>> {
    const UNKNOWN: [&str; 10] = ["-", "ー", "―", "−", "未", "未定", "不明", "未記入", "未回答", "*"];
    if cell.is_empty() || UNKNOWN.contains(&cell.text) {
        return Ok(None);
    }
    cell.state(parse_status)
}

/// Reads how many come, without what a note says of them: 3名（大人2、子ども1）, 本人のみ.
fn places(cell: &mut Input) -> CellResult<Option<i32>> {
    if ["本人", "本人のみ", "1人", "一人"].contains(&cell.text) {
        return Ok(Some(1));
    }
    let number = cell.at_most();
    let text = cell.text;
    let bare = text.strip_suffix(')').and_then(|text| text.split_once('('));
    let of_note = bare.and_then(|(number, _)| parse_amount(number.trim()).ok());
    match (number, of_note) {
        (Err(_), Some(amount)) => Ok(Some(amount.most.into())),
        (number, _) => Ok(number?.map(i32::from)),
    }
}

fn parse_status(text: &str) -> CellResult<RegistrationStatus> {
    use RegistrationStatus::*;
    match text {
        "オンライン" | "オンライン参加" | "オンライン出席" | "会場" | "会場参加" => {
            Ok(Attended)
        }
        "遅刻" | "早退" | "途中参加" | "途中退席" => Ok(Attended),
        "出席" | "出" | "来場" | "参加済み" | "参加した" | "来場済み" | "受付済み" | "受付済" => {
            Ok(Attended)
        }
        "欠席" | "欠" | "不参加" | "無断欠席" | "当日欠席" | "来場なし" => Ok(Absent),
        "申込" | "申込み" | "申込済" | "申し込み" | "予約" | "登録済み" | "参加予定" | "出席予定" => {
            Ok(Registered)
        }
        "待機" | "補欠" | "待ち" => Ok(Waiting),
        "キャンセル" | "辞退" | "取り消し" | "取消し" | "取消済み" => Ok(Cancelled),
        text => match parse_boolean(text) {
            Ok(true) => Ok(Attended),
            Ok(false) => Ok(Absent),
            Err(_) => parse_code(text),
        },
    }
}

/// Reads whether somebody wishes for something.
fn parse_wish(text: &str) -> CellResult<bool> {
    match text {
        "希望" | "希望する" | "希望します" | "希望あり" | "する" | "します" | "要" => {
            Ok(true)
        }
        "希望しない" | "希望しません" | "希望なし" | "しない" | "しません" | "不要" => {
            Ok(false)
        }
        text => parse_boolean(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_is_read_as_offices_write_it() {
        use RegistrationStatus::*;
        for (text, expected) in [
            ("出席", Attended),
            ("○", Attended),
            ("はい", Attended),
            ("参加", Attended),
            ("×", Absent),
            ("欠席", Absent),
            ("申込済み", Registered),
            ("キャンセル待ち", Waiting),
            ("キャンセル", Cancelled),
            ("attended", Attended),
            ("オンライン", Attended),
            ("遅刻", Attended),
            ("当日欠席", Absent),
        ] {
            assert_eq!(parse_status(text).ok(), Some(expected), "{text}");
        }
        assert!(parse_status("たぶん").is_err());
        let wishes = ["希望する", "希望しない", "○", "なし"].map(|text| parse_wish(text).ok());
        assert_eq!(wishes, [Some(true), Some(false), Some(true), Some(false)]);
        assert!(parse_wish("検討中").is_err());
    }
}
