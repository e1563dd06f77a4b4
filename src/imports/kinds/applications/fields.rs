//! The fields of an application, and how each cell is put into a draft.

use crate::applications::{ApplicationDirection, ApplicationReason, ApplicationStatus};
use crate::db::Instant;
use crate::deliverables::ProjectReason;
use crate::imports::fields::{Input, check_record_id, field_table, ignore, parse_code, parse_written_moment};
use crate::imports::kinds::deliverables::fields::parse_cancellation;
use crate::imports::vocabulary::unrecognized;
use crate::values::Code;
use chrono::NaiveDate;
use tables::Remark;
use tables::cells::CellResult;

/// What a row says about an application, beside whose it is and for what. `None`: the row doesn't say.
#[derive(Default)]
pub struct Draft {
    pub role: Option<Code>,
    pub direction: Option<ApplicationDirection>,
    pub status: Option<ApplicationStatus>,
    pub reason: Option<ApplicationReason>,
    pub applied_on: Option<NaiveDate>,
    pub message: Option<String>,
    pub goal: Option<String>,
    pub schedule: Option<String>,
    pub answer_note: Option<String>,
    // What follows is only known of an application that comes back from an own export.
    pub place: Option<u16>,
    pub request_reason: Option<ProjectReason>,
    pub respond_by: Option<Instant>,
    pub warned_at: Option<Instant>,
    pub moved_up_at: Option<Instant>,
    pub closed_at: Option<Instant>,
    pub worker_agrees: Option<bool>,
    pub organization_agrees: Option<bool>,
    pub created_at: Option<Instant>,
    pub updated_at: Option<Instant>,
}

field_table! { draft, cell: Draft;
    "record_id", "記録ID" => check_record_id(draft, cell)?;
    // These name the request and the worker, which are looked up.
    "deliverable_id", "成果物の記録ID" => check_record_id(draft, cell)?;
    "deliverable_external_id", "案件番号" => ignore(draft, cell);
    "organization", "団体名" => ignore(draft, cell);
    "organization_external_id", "団体ID" => ignore(draft, cell);
    "organization_area", "団体の区市町村" => ignore(draft, cell);
    "organization_record_id", "団体の記録ID" => check_record_id(draft, cell)?;
    "title", "件名" => ignore(draft, cell);
    "type", "支援内容" => ignore(draft, cell);
    "worker_id", "ワーカーの記録ID" => check_record_id(draft, cell)?;
    "worker_external_id", "登録番号" => ignore(draft, cell);
    "name", "氏名" => ignore(draft, cell);
    "email", "メールアドレス" => ignore(draft, cell);
    "phone", "電話番号" => ignore(draft, cell);
    "role", "役割"
        => draft.role = role(cell)?;
    "direction", "応募・招待の別"
        => draft.direction = cell.parse(parse_direction)?;
    "status", "状態"
        => draft.status = cell.state(parse_status)?;
    "reason", "理由"
        => draft.reason = cell.parse(parse_reason)?;
    "applied_on", "応募日"
        => draft.applied_on = past_day(cell)?;
    "message", "応募・招待のメッセージ"
        => draft.message = cell.text();
    "goal", "目標"
        => draft.goal = cell.text();
    "schedule", "日程"
        => draft.schedule = cell.text();
    "answer_note", "相手へのメモ"
        => draft.answer_note = cell.text();
    "place", "席"
        => draft.place = kept(cell, |cell| cell.at_most())?;
    "request_reason", "依頼の終了の理由"
        => draft.request_reason = kept(cell, |cell| cell.parse(parse_cancellation))?;
    "respond_by", "回答期限"
        => draft.respond_by = kept(cell, |cell| cell.parse(parse_written_moment))?;
    "warned_at", "督促日時"
        => draft.warned_at = kept(cell, |cell| cell.parse(parse_written_moment))?;
    "moved_up_at", "繰り上がった日時"
        => draft.moved_up_at = kept(cell, |cell| cell.parse(parse_written_moment))?;
    "closed_at", "応募の終了日時"
        => draft.closed_at = kept(cell, |cell| cell.parse(parse_written_moment))?;
    "worker_agrees", "ワーカーの合意"
        => draft.worker_agrees = kept(cell, |cell| cell.boolean())?;
    "organization_agrees", "団体の合意"
        => draft.organization_agrees = kept(cell, |cell| cell.boolean())?;
    "created_at", "登録日時"
        => draft.created_at = kept(cell, |cell| cell.parse(parse_written_moment))?;
    "updated_at", "更新日時"
        => draft.updated_at = kept(cell, |cell| cell.parse(parse_written_moment))?;
}

/// Reads what Musubi keeps itself, and what only its own exports bring back.
pub fn kept<T>(
    cell: &mut Input,
    read: impl FnOnce(&mut Input) -> CellResult<Option<T>>,
) -> CellResult<Option<T>> {
    if !cell.is_stored && !cell.is_empty() {
        return Err(kept_here());
    }
    read(cell)
}

pub fn kept_here() -> Remark {
    Remark::new(
        "fixed_value",
        "この項目はシステムが管理するため、取り込んでいません。",
        "Musubi keeps this itself, so it wasn't imported.",
    )
}

fn role(cell: &mut Input) -> CellResult<Option<Code>> {
    let words = &cell.vocabulary().roles;
    if cell.is_empty() || words.is_code(cell.text) {
        return Ok(cell.code().map(Code::from));
    }
    match words.recognize(cell.text) {
        Ok(meaning) => Ok(Some(meaning.code.into())),
        Err(near) => Err(unrecognized("unrecognized_role", cell.text, near)),
    }
}

fn past_day(cell: &mut Input) -> CellResult<Option<NaiveDate>> {
    let day = cell.date()?;
    match day {
        Some(day) if day > cell.context.today => Err(Remark::new(
            "day_in_future",
            "今日以前の日付にしてください。",
            "The day is in the future. Give today or a day before.",
        )),
        _ => Ok(day),
    }
}

fn parse_direction(text: &str) -> CellResult<ApplicationDirection> {
    match text {
        "応募" | "申込" | "本人の応募" => Ok(ApplicationDirection::Application),
        "招待" | "打診" | "声かけ" | "依頼" => Ok(ApplicationDirection::Invitation),
        code => parse_code(code),
    }
}

fn parse_status(text: &str) -> CellResult<ApplicationStatus> {
    use ApplicationStatus::*;
    match text {
        "回答待ち" | "応募" | "応募中" | "応募済" | "応募済み" | "申込" | "申込済" | "申込済み" | "受付"
        | "受付済" | "受付済み" | "検討中" | "審査中" | "未定" => Ok(Submitted),
        "候補" | "候補者" | "選考中" | "書類通過" | "一次通過" | "面談" | "面談中" | "調整中" => {
            Ok(Shortlisted)
        }
        "内定" | "打診中" | "条件調整中" => Ok(Offered),
        "成立"
        | "決定"
        | "採用"
        | "参加"
        | "参加決定"
        | "参加中"
        | "活動中"
        | "マッチング成立"
        | "完了"
        | "終了"
        | "修了"
        | "納品"
        | "納品済"
        | "納品済み" => Ok(Agreed),
        "空き待ち" | "補欠" | "キャンセル待ち" | "保留" | "保留中" => Ok(Waitlisted),
        "見送り" | "不採用" | "落選" | "不成立" | "お断り" => Ok(Declined),
        "辞退" | "取り下げ" | "取下げ" | "キャンセル" | "離脱" => Ok(Withdrawn),
        "期限切れ" => Ok(Expired),
        code => parse_code(code),
    }
}

pub fn parse_reason(text: &str) -> CellResult<ApplicationReason> {
    use ApplicationReason::*;
    match text {
        "ほかの方に決定" | "他の方に決定" => Ok(AnotherChosen),
        "スキルが合わない" | "スキル" => Ok(Skills),
        "日程が合わない" | "日程" | "スケジュール" => Ok(Schedule),
        "支援が不要になった" => Ok(NoLongerNeeded),
        "募集の終了" | "募集終了" => Ok(RequestClosed),
        "同じ人の別の応募" => Ok(SamePerson),
        "ほかの活動で手いっぱい" | "多忙" => Ok(Workload),
        "体調" | "体調不良" => Ok(Health),
        "転居" | "引っ越し" => Ok(Relocation),
        "本業の都合" | "仕事の都合" | "本業" => Ok(OtherWork),
        "その他" => Ok(Other),
        code => parse_code(code),
    }
}

/// What says whose application it is, for what, and how far it has come.
pub const NEEDED: &[&str] = &[
    "record_id",
    "deliverable_id",
    "deliverable_external_id",
    "organization",
    "organization_external_id",
    "organization_record_id",
    "title",
    "worker_id",
    "worker_external_id",
    "name",
    "role",
    "direction",
    "status",
    "applied_on",
];
