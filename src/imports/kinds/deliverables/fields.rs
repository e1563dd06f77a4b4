//! The fields of a deliverable, and how each cell is put into a draft of the request.

use crate::catalogue::entries::RoleWish;
use crate::deliverables::{DeliverableStatus, NewDeliverable};
use crate::imports::fields::{Input, check_record_id, field_table, parse_code, parse_json};
use crate::values::{AreaCode, Code};
use tables::cells::{CellResult, one_line, split_items};

field_table! { request, cell: NewDeliverable;
    "record_id", "記録ID" => check_record_id(request, cell)?;
    "external_id", "ID"
        => {
            request.external_id = cell.text();
            request.source = cell.text().map(|_| cell.context.source.clone());
        };
    // These name the requester, which is looked up before.
    "organization", "団体名" => ignore(request, cell);
    "organization_external_id", "団体ID" => ignore(request, cell);
    "organization_area", "団体の区市町村" => ignore(request, cell);
    "organization_record_id", "団体の記録ID" => check_record_id(request, cell)?;
    "team", "チーム" => request.roles = cell.parse(parse_json::<Vec<RoleWish>>)?.or(request.roles.take());
    "type", "支援内容"
        => set_type(request, cell);
    "additional_types", "そのほかの支援内容"
        => request.additional_types = split_items(cell.text, &|_| true)
            .iter()
            .flat_map(|word| types_named(cell, word))
            .collect();
    "title", "件名"
        => request.title = one_line(cell.text);
    "trouble", "困りごと"
        => request.trouble = cell.text();
    "format", "形式"
        => request.format = cell.parse(|text| cell.vocabulary().format(text))?;
    "starts_on", "開始日"
        => request.starts_on = cell.date()?;
    "ends_on", "終了日"
        => request.ends_on = cell.date()?;
    "hours_per_week", "週の時間"
        => request.hours_per_week = cell.hours(false)?;
    "day_parts", "曜日"
        => request.day_parts = if cell.is_empty() { Vec::new() } else { cell.days()? };
    "area", "区市町村"
        => request.area = cell.area()?.map(AreaCode::from);
    "remote", "オンライン可"
        => request.remote = cell.boolean()?.unwrap_or_default();
    "qualifications", "必要な資格"
        => request.qualifications = split_items(cell.text, &|_| false);
    "themes", "テーマ"
        => {
            let codes = cell.codes(&cell.vocabulary().themes, "unrecognized_theme");
            request.themes = codes.into_iter().map(Code::from).collect();
        };
    "shared_with_partners", "公開"
        => request.shared_with_partners = cell.boolean()?.unwrap_or_default();
    "status", "状態"
        => request.status = cell.parse(parse_status)?.unwrap_or(request.status);
}

fn ignore(_: &mut NewDeliverable, _: &Input) {}

/// Sets the type and the additional types that a cell names. The type stays empty if none is known.
fn set_type(request: &mut NewDeliverable, cell: &Input) {
    let mut codes = types_named(cell, cell.text).into_iter();
    if let Some(first) = codes.next() {
        request.type_ = first;
        request.additional_types.extend(codes);
    } else if !cell.is_empty() {
        request.type_ = Code::default();
    }
}

fn types_named(cell: &Input, words: &str) -> Vec<Code> {
    let types = cell.vocabulary().catalogue.types_named(words);
    types.iter().map(|kind| kind.code.clone()).collect()
}

fn parse_status(text: &str) -> CellResult<DeliverableStatus> {
    use DeliverableStatus::*;
    match text {
        "下書き" => Ok(Draft),
        "申請" | "申請中" | "受付" => Ok(Submitted),
        "募集中" | "公開" | "公開中" => Ok(Open),
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
