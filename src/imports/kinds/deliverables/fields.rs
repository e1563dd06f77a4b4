//! The fields of a deliverable, and how each cell is put into a draft of the request.

use crate::deliverables::{DeliverableStatus, NewDeliverable};
use crate::imports::fields::{Input, field_table, parse_code};
use crate::imports::vocabulary::day_parts;
use crate::values::{AreaCode, Code};
use tables::cells::{CellResult, one_line, split_items};

field_table! { request, cell: NewDeliverable;
    "external_id", "ID", ["案件番号", "番号", "管理番号", "No", "No.", "id"]
        => {
            request.external_id = cell.text();
            request.source = cell.text().map(|_| cell.context.source.clone());
        };
    // These name the requester, which is looked up before.
    "organization", "団体名", ["団体", "依頼団体", "organization_name", "organisation"] => ignore(request, cell);
    "organization_external_id", "団体ID", ["団体番号"] => ignore(request, cell);
    "organization_area", "団体の区市町村", ["団体所在地"] => ignore(request, cell);
    "type", "支援内容", ["成果物", "種類", "内容", "依頼内容", "deliverable_type"]
        => set_type(request, cell);
    "additional_types", "そのほかの支援内容", []
        => request.additional_types = split_items(cell.text, &|_| true)
            .iter()
            .flat_map(|word| types_named(cell, word))
            .collect();
    "title", "件名", ["タイトル", "案件名", "題名", "名称"]
        => request.title = one_line(cell.text);
    "trouble", "困りごと", ["課題", "背景", "相談内容", "詳細", "description"]
        => request.trouble = cell.text();
    "format", "形式", ["期間", "区分", "実施形式"]
        => request.format = cell.parse(|text| cell.vocabulary().format(text))?;
    "starts_on", "開始日", ["実施日", "開始"]
        => request.starts_on = cell.date()?;
    "ends_on", "終了日", ["終了", "締切", "納期"]
        => request.ends_on = cell.date()?;
    "hours_per_week", "週の時間", ["週あたり時間", "hours"]
        => request.hours_per_week = cell.number()?;
    "day_parts", "曜日", ["実施曜日", "曜日・時間帯"]
        => request.day_parts = cell.parse(day_parts)?.unwrap_or_default();
    "area", "区市町村",
        ["地域", "地域名", "実施場所", "場所", "市区町村", "自治体コード", "area_code", "municipality"]
        => request.area = cell.area()?.map(AreaCode::from);
    "remote", "オンライン可", ["オンライン", "リモート", "online"]
        => request.remote = cell.boolean()?.unwrap_or_default();
    "qualifications", "必要な資格", ["資格"]
        => request.qualifications = split_items(cell.text, &|_| false);
    "themes", "テーマ", ["分野"]
        => {
            let codes = cell.codes(&cell.vocabulary().themes, "unrecognized_theme");
            request.themes = codes.into_iter().map(Code::from).collect();
        };
    "shared_with_partners", "公開", ["連携アプリに公開"]
        => request.shared_with_partners = cell.boolean()?.unwrap_or_default();
    "status", "状態", ["ステータス", "進捗"]
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
