//! The fields of a deliverable, and how each cell is put into a draft of the request.

use crate::catalogue::DayPart;
use crate::catalogue::entries::RoleWish;
use crate::deliverables::{DeliverableStatus, NewDeliverable, ProjectReason};
use crate::imports::fields::{
    Input, check_record_id, field_table, ignore, parse_code, parse_ids, parse_worded_json,
};
use crate::imports::vocabulary::{parts, unrecognized};
use crate::values::{AreaCode, Code};
use tables::Remark;
use tables::cells::{CellResult, split_items};

field_table! { request, cell: NewDeliverable;
    "record_id", "記録ID" => check_record_id(request, cell)?;
    "source", "出所" => ignore(request, cell);
    "archived_at", "保管日時" => ignore(request, cell);
    // It follows from the first day, and comes back with a record of an own export.
    "fiscal_year", "年度" => check_year(request, cell)?;
    // These are no part of a request either, and come back with it.
    "archive_reason", "保管の理由" => ignore(request, cell);
    "provenance_file", "公表元のファイル" => ignore(request, cell);
    "provenance_row", "公表元の行" => ignore(request, cell);
    "provenance_cells", "公表元の内容" => ignore(request, cell);
    "external_id", "ID"
        => {
            request.external_id = cell.code();
            request.source = cell.text().map(|_| cell.context.source.clone());
        };
    // These name the requester, which is looked up before.
    "organization", "団体名" => ignore(request, cell);
    "organization_external_id", "団体ID" => ignore(request, cell);
    "organization_area", "団体の区市町村" => ignore(request, cell);
    "organization_record_id", "団体の記録ID" => check_record_id(request, cell)?;
    "joint_organization_record_ids", "共同の団体の記録ID"
        => request.joint_organization_ids = parse_ids(cell)?.unwrap_or_default();
    "external_team", "外部で組んだチーム"
        => request.external_team = cell.boolean()?.unwrap_or_default();
    "applications_per_place", "1席あたりの応募数"
        => request.applications_per_place = cell.at_most()?;
    "team", "チーム" => set_team(request, cell)?;
    "type", "支援内容"
        => set_type(request, cell);
    "additional_types", "そのほかの支援内容"
        => set_additional_types(request, cell);
    "title", "件名"
        => request.title = cell.name();
    "trouble", "困りごと"
        => request.trouble = cell.text();
    "format", "形式"
        => request.format = cell.parse(|text| cell.vocabulary().format(text))?;
    "starts_on", "開始日"
        => request.starts_on = cell.date()?;
    "ends_on", "終了日"
        => request.ends_on = cell.last_date()?;
    "hours_per_week", "週の時間"
        => request.hours_per_week = cell.hours(false)?;
    "day_parts", "曜日"
        => set_day_parts(request, cell)?;
    "area", "区市町村"
        => request.area = cell.area()?.map(AreaCode::from);
    "remote", "オンライン可"
        => request.remote = cell.online()?.unwrap_or_default();
    "qualifications", "必要な資格"
        => request.qualifications = cell.qualifications();
    "themes", "テーマ"
        => {
            let codes = cell.codes(&cell.vocabulary().themes, "unrecognized_theme");
            request.themes = codes.into_iter().map(Code::from).collect();
        };
    "shared_with_partners", "公開"
        => request.shared_with_partners = cell.boolean()?.unwrap_or_default();
    "status", "状態"
        => request.status = cell.state(parse_status)?.unwrap_or(request.status);
    "cancellation_reason", "中止の理由"
        => request.cancellation_reason = cell.parse(parse_cancellation)?;
}

/// Checks the fiscal year, which is no part of the request.
fn check_year(_: &mut NewDeliverable, cell: &Input) -> CellResult<()> {
    kept_year(cell).map(drop)
}

/// Parses the fiscal year of a record that comes back.
pub fn kept_year(cell: &Input) -> CellResult<Option<i32>> {
    if !cell.is_stored && !cell.is_empty() {
        return Err(fixed_year());
    }
    cell.parse(parse_year)
}

pub fn fixed_year() -> Remark {
    Remark::new(
        "fixed_value",
        "年度は開始日から決まるため、取り込んでいません。",
        "The fiscal year follows from the first day, so it wasn't imported.",
    )
}

pub fn parse_year(text: &str) -> CellResult<i32> {
    let year = text.parse().ok().filter(|year| (1900..=2200).contains(year));
    year.ok_or_else(|| Remark::new("invalid_number", "数字で入力してください。", "Enter a number."))
}

/// Reads a team as Musubi writes it, or as the words of an office: デザイナー2名、ライター.
fn set_team(request: &mut NewDeliverable, cell: &mut Input) -> CellResult<()> {
    if !names_roles(cell.text) {
        let team = cell.parse(|text| parse_worded_json::<Vec<RoleWish>>(text, cell.vocabulary()))?;
        request.roles = team.or(request.roles.take());
        return Ok(());
    }
    let words = &cell.vocabulary().roles;
    let mut team: Vec<RoleWish> = Vec::new();
    let is_role = |item: &str| words.recognize(split_places(item).0).is_ok();
    let items = words.split(cell.text);
    for item in items.iter().flat_map(|item| parts(item, &is_role)) {
        let (word, places) = match words.is_known(&item) {
            true => (item.as_str(), None),
            false => split_places(&item),
        };
        let role: Code = match words.recognize(word) {
            Ok(meaning) => meaning.code.into(),
            Err(near) => {
                cell.warnings.push(unrecognized("unrecognized_role", word, near));
                continue;
            }
        };
        let known = request.roles.iter().flatten().find(|wish| wish.role == role);
        match team.iter_mut().find(|wish| wish.role == role) {
            Some(wish) => wish.places = wish.places.saturating_add(places.unwrap_or(1)),
            None => team.push(RoleWish {
                places: places.or(known.map(|wish| wish.places)).unwrap_or(1),
                skills: known.map(|wish| wish.skills.clone()).unwrap_or_default(),
                role,
            }),
        }
    }
    if !team.is_empty() {
        request.roles = Some(team);
    }
    Ok(())
}

/// Returns whether a team is written in words.
pub fn names_roles(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('[')
}

/// Splits a role from how many people are wanted: デザイナー2名, ライター×1.
fn split_places(item: &str) -> (&str, Option<u16>) {
    let bare = item.trim_end_matches(['名', '人', ')']);
    let word = bare.trim_end_matches(|c: char| c.is_ascii_digit());
    let places = bare.get(word.len()..).and_then(|digits| digits.parse().ok());
    let places = places.filter(|places| (1..=20).contains(places));
    let word = word.trim_end_matches(|c: char| c.is_whitespace() || "(×x:".contains(c));
    match places {
        Some(_) if !word.is_empty() => (word, places),
        _ => (item, None),
    }
}

fn set_day_parts(request: &mut NewDeliverable, cell: &mut Input) -> CellResult<()> {
    let parts = if cell.is_empty() {
        Vec::new()
    } else {
        cell.days()?.parts
    };
    if DayPart::set(&parts) != DayPart::set(&request.day_parts) {
        request.day_parts = parts;
    }
    Ok(())
}

/// Sets the type and the additional types that a cell names. The type stays empty if none is known.
fn set_type(request: &mut NewDeliverable, cell: &mut Input) {
    let mut codes = match types_kept(cell, cell.text) {
        Some(code) => vec![code],
        None => {
            let (codes, remarks) = cell.vocabulary().types_listed(cell.text, cell.written);
            cell.warnings.extend(remarks);
            codes
        }
    }
    .into_iter();
    if let Some(first) = codes.next() {
        request.type_ = first;
        let known = &mut request.additional_types;
        let new: Vec<Code> = codes.filter(|code| !known.contains(code)).collect();
        known.extend(new);
    } else if !cell.is_empty() {
        request.type_ = Code::default();
    }
}

fn set_additional_types(request: &mut NewDeliverable, cell: &mut Input) {
    request.additional_types = Vec::new();
    for word in split_items(cell.text, &|_| true) {
        let types = match types_kept(cell, &word) {
            Some(code) => vec![code],
            None => cell.vocabulary().types_wished(&word),
        };
        if types.is_empty() {
            cell.warnings.push(unrecognized("unrecognized_type", &word, None));
        }
        request.additional_types.extend(types);
    }
}

/// Returns the code that a record brings back: it may keep a type that new ones can't have.
fn types_kept(cell: &Input, words: &str) -> Option<Code> {
    let is_code = cell.vocabulary().catalogue.types.get(words).is_some();
    (cell.is_stored && is_code).then(|| words.into())
}

pub fn parse_cancellation(text: &str) -> CellResult<ProjectReason> {
    use ProjectReason::*;
    match text {
        "支援が不要になった" | "不要になった" => Ok(NoLongerNeeded),
        "団体の都合" | "団体都合" => Ok(OrganizationUnavailable),
        "チームの解散" | "メンバー不足" | "解散" => Ok(TeamDissolved),
        "日程" | "日程の都合" | "スケジュール" => Ok(Schedule),
        "その他" => Ok(Other),
        code => parse_code(code),
    }
}

fn parse_status(text: &str) -> CellResult<DeliverableStatus> {
    use DeliverableStatus::*;
    match text {
        "下書き" => Ok(Draft),
        // Nobody decides about what is put off.
        "申請" | "申請中" | "受付" | "確認待ち" | "未対応" | "保留" | "保留中" => {
            Ok(Submitted)
        }
        "審査" | "審査中" | "書類審査" => Ok(Screening),
        "ヒアリング" | "ヒアリング中" | "面談" => Ok(Hearing),
        "募集中" | "公開" | "公開中" => Ok(Open),
        "成立" | "チーム決定" | "決定" => Ok(Matched),
        "進行中" | "実施中" | "支援中" | "対応中" => Ok(InProgress),
        "完了" | "終了" | "納品済" | "納品済み" | "対応済" | "対応済み" => Ok(Delivered),
        "不採用" | "不採択" | "見送り" | "却下" => Ok(Declined),
        "取り下げ" | "取下げ" | "中止" | "キャンセル" => Ok(Cancelled),
        code => parse_code(code),
    }
}

/// What says who asks, and what only some people may do.
pub const NEEDED: &[&str] = &[
    "record_id",
    "external_id",
    "organization_record_id",
    "organization",
    "organization_external_id",
    "qualifications",
];
