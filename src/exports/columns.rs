//! The columns of each list: heading, place in the item, and how the value is written.
//!
//! Columns that an import reads come first and have the headings of `imports::fields`, so that an exported
//! sheet can be imported again. The columns after those are for readers.

use super::ExportKind;
use Shape::*;

/// How a value is written into a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Text,
    Number,
    Flag,
    /// `2026-04-01`
    Day,
    /// `2026-04-01T03:00:00.000000Z`
    Moment,
    /// Texts, joined by 、
    List,
    /// Texts, joined by 、; an empty list, which differs from a missing one, is `[]`.
    NullableList,
    /// Skills with their levels: `editing(4)、…`
    Levels,
    /// Values that have no simpler form.
    Json,
    /// The text of a single piece of evidence that has no title; JSON otherwise.
    Evidence,
    /// The code of a municipality; its name under Japanese headings.
    Area,
}

pub struct Column {
    /// The English heading.
    pub name: &'static str,
    /// The Japanese heading.
    pub heading: &'static str,
    /// JSON Pointer into an item.
    pub pointer: &'static str,
    pub shape: Shape,
}

const fn column(name: &'static str, heading: &'static str, pointer: &'static str, shape: Shape) -> Column {
    Column {
        name,
        heading,
        pointer,
        shape,
    }
}

#[rustfmt::skip]
const WORKERS: &[Column] = &[
    column("external_id", "ID", "/external_id", Text),
    column("name", "氏名", "/personal/name", Text),
    column("kana", "ふりがな", "/personal/kana", Text),
    column("email", "メールアドレス", "/personal/email", Text),
    column("phone", "電話番号", "/personal/phone", Text),
    column("alias", "呼び名", "/alias", Text),
    column("status", "状態", "/status", Text),
    column("area", "区市町村", "/area", Area),
    column("travel_limit_km", "移動できる距離", "/travel_limit_km", Number),
    column("remote", "オンライン可", "/remote", Flag),
    column("accepted_formats", "参加できる形式", "/accepted_formats", NullableList),
    column("preferred_formats", "希望する形式", "/preferred_formats", NullableList),
    column("roles", "役割", "/roles", NullableList),
    column("skills", "スキル", "/skills", Levels),
    column("themes", "関心テーマ", "/themes", NullableList),
    column("hours_per_week", "週の時間", "/hours_per_week", Number),
    column("day_parts", "参加可能曜日", "/day_parts", NullableList),
    column("available_from", "活動開始日", "/available_from", Day),
    column("available_until", "活動終了日", "/available_until", Day),
    column("capacity", "同時に参加できる数", "/capacity", Number),
    column("open_load", "参加中の数", "/open_load", Number),
    column("qualifications", "資格", "/qualifications", NullableList),
    column("experience", "支援実績の内訳", "/experience", Json),
    column("completed", "完了した数", "/track_record/completed", Number),
    column("dropped", "辞退した数", "/track_record/dropped", Number),
    column("last_active_on", "最終活動日", "/last_active_on", Day),
    column("consent", "同意日", "/consent/given_on", Day),
    column("consent_text_version", "同意した文面", "/consent/text_version", Text),
    column("consent_purpose", "同意の目的", "/consent/purpose", Text),
    column("evidence", "自己紹介", "/personal/evidence", Evidence),
    column("email_verified", "メール確認済み", "/personal/email_verified", Flag),
    column("phone_verified", "電話確認済み", "/personal/phone_verified", Flag),
    column("blocked_organization_ids", "避けたい団体の記録ID", "/blocked_organization_ids", List),
    column("conflict_organization_ids", "利害関係のある団体の記録ID", "/conflict_organization_ids", List),
    column("consent_given_at", "同意日時", "/consent/given_at", Moment),
    column("record_id", "記録ID", "/id", Text),
    column("source", "出所", "/source", Text),
    column("partner_id", "連携アプリの記録ID", "/partner_id", Text),
    column("merged_into", "統合先の記録ID", "/merged_into", Text),
    column("version", "版", "/version", Number),
    column("created_at", "登録日時", "/created_at", Moment),
    column("updated_at", "更新日時", "/updated_at", Moment),
];

#[rustfmt::skip]
const ORGANIZATIONS: &[Column] = &[
    column("external_id", "ID", "/external_id", Text),
    column("name", "団体名", "/name", Text),
    column("kana", "ふりがな", "/kana", Text),
    column("kind", "種別", "/kind", Text),
    column("area", "区市町村", "/area", Area),
    column("status", "状態", "/status", Text),
    column("themes", "テーマ", "/themes", List),
    column("corporate_number", "法人番号", "/corporate_number", Text),
    column("contact_person", "担当者", "/contact/person", Text),
    column("contact_email", "メールアドレス", "/contact/email", Text),
    column("contact_phone", "電話番号", "/contact/phone", Text),
    column("intermediary_kind", "紹介元の種別", "/intermediary/kind", Text),
    column("intermediary_name", "紹介元", "/intermediary/name", Text),
    column("aliases", "別名", "/aliases", List),
    column("description", "活動内容", "/description", Text),
    column("open_data", "オープンデータ公開", "/open_data", Flag),
    column("record_id", "記録ID", "/id", Text),
    column("source", "出所", "/source", Text),
    column("merged_into", "統合先の記録ID", "/merged_into", Text),
    column("archived_at", "保管日時", "/archived_at", Moment),
    column("version", "版", "/version", Number),
    column("created_at", "登録日時", "/created_at", Moment),
    column("updated_at", "更新日時", "/updated_at", Moment),
];

#[rustfmt::skip]
const DELIVERABLES: &[Column] = &[
    column("external_id", "ID", "/external_id", Text),
    column("organization", "団体名", "/organization/name", Text),
    column("organization_external_id", "団体ID", "/organization/external_id", Text),
    column("organization_area", "団体の区市町村", "/organization/area", Area),
    column("type", "支援内容", "/type", Text),
    column("additional_types", "そのほかの支援内容", "/additional_types", List),
    column("title", "件名", "/title", Text),
    column("trouble", "困りごと", "/trouble", Text),
    column("format", "形式", "/format", Text),
    column("starts_on", "開始日", "/starts_on", Day),
    column("ends_on", "終了日", "/ends_on", Day),
    column("hours_per_week", "週の時間", "/hours_per_week", Number),
    column("day_parts", "曜日", "/day_parts", List),
    column("area", "区市町村", "/area", Area),
    column("remote", "オンライン可", "/remote", Flag),
    column("qualifications", "必要な資格", "/qualifications", List),
    column("themes", "テーマ", "/themes", List),
    column("shared_with_partners", "公開", "/shared_with_partners", Flag),
    column("status", "状態", "/status", Text),
    column("team", "チーム", "/roles", Json),
    column("family", "分類", "/family", Text),
    column("fiscal_year", "年度", "/fiscal_year", Number),
    column("organization_record_id", "団体の記録ID", "/organization_id", Text),
    column("joint_organization_record_ids", "共同の団体の記録ID", "/joint_organization_ids", List),
    column("record_id", "記録ID", "/id", Text),
    column("source", "出所", "/source", Text),
    column("archived_at", "保管日時", "/archived_at", Moment),
    column("version", "版", "/version", Number),
    column("created_at", "登録日時", "/created_at", Moment),
    column("updated_at", "更新日時", "/updated_at", Moment),
];

#[rustfmt::skip]
const APPLICATIONS: &[Column] = &[
    column("record_id", "記録ID", "/id", Text),
    column("deliverable_id", "成果物の記録ID", "/deliverable_id", Text),
    column("worker_id", "ワーカーの記録ID", "/worker_id", Text),
    column("role", "役割", "/role", Text),
    column("place", "席", "/place", Number),
    column("status", "状態", "/status", Text),
    column("reason", "理由", "/reason", Text),
    column("message", "応募者からのメッセージ", "/message", Text),
    column("note", "メモ", "/note", Text),
    column("days_since_last_move", "最後の動きからの日数", "/days_since_last_move", Number),
    column("partner_id", "連携アプリの記録ID", "/partner_id", Text),
    column("created_by", "登録者", "/created_by", Text),
    column("version", "版", "/version", Number),
    column("created_at", "登録日時", "/created_at", Moment),
    column("updated_at", "更新日時", "/updated_at", Moment),
];

#[rustfmt::skip]
const USERS: &[Column] = &[
    column("record_id", "記録ID", "/id", Text),
    column("name", "氏名", "/name", Text),
    column("email", "メールアドレス", "/email", Text),
    column("role", "役割", "/role", Text),
    column("status", "状態", "/status", Text),
    column("areas", "担当する区市町村", "/areas", List),
    column("organization_id", "団体の記録ID", "/organization_id", Text),
    column("worker_id", "ワーカーの記録ID", "/worker_id", Text),
    column("has_password", "パスワード設定済み", "/has_password", Flag),
    column("last_login_at", "最終ログイン", "/last_login_at", Moment),
    column("version", "版", "/version", Number),
    column("created_at", "登録日時", "/created_at", Moment),
    column("updated_at", "更新日時", "/updated_at", Moment),
];

#[rustfmt::skip]
const PARTNERS: &[Column] = &[
    column("record_id", "記録ID", "/id", Text),
    column("code", "コード", "/code", Text),
    column("name", "名前", "/name", Text),
    column("status", "状態", "/status", Text),
    column("areas", "対象の区市町村", "/areas", List),
    column("families", "対象の分類", "/families", List),
    column("scopes", "権限", "/scopes", List),
    column("sandbox", "テスト用", "/sandbox", Flag),
    column("version", "版", "/version", Number),
    column("created_at", "登録日時", "/created_at", Moment),
    column("updated_at", "更新日時", "/updated_at", Moment),
];

#[rustfmt::skip]
const DUPLICATES: &[Column] = &[
    column("record_id", "記録ID", "/id", Text),
    column("kind", "種別", "/kind", Text),
    column("one_id", "一方の記録ID", "/records/0/id", Text),
    column("one_name", "一方の名前", "/records/0/name", Text),
    column("one_area", "一方の区市町村", "/records/0/area", Area),
    column("one_source", "一方の出所", "/records/0/source", Text),
    column("other_id", "他方の記録ID", "/records/1/id", Text),
    column("other_name", "他方の名前", "/records/1/name", Text),
    column("other_area", "他方の区市町村", "/records/1/area", Area),
    column("other_source", "他方の出所", "/records/1/source", Text),
    column("score", "確からしさ", "/score", Number),
    column("reasons", "理由", "/reasons", Json),
    column("status", "状態", "/status", Text),
    column("primary_id", "主記録ID", "/primary_id", Text),
    column("version", "版", "/version", Number),
    column("created_at", "登録日時", "/created_at", Moment),
    column("updated_at", "更新日時", "/updated_at", Moment),
];

#[rustfmt::skip]
const AUDIT: &[Column] = &[
    column("seq", "通し番号", "/seq", Number),
    column("at", "日時", "/at", Moment),
    column("actor", "行為者", "/actor", Text),
    column("action", "行為", "/action", Text),
    column("subjects", "対象の記録ID", "/subjects", List),
    column("hash", "ハッシュ値", "/hash", Text),
];

#[rustfmt::skip]
const SHOWN_LISTS: &[Column] = &[
    column("record_id", "記録ID", "/id", Text),
    column("shown_at", "表示日時", "/shown_at", Moment),
    column("viewer", "閲覧者", "/viewer", Text),
    column("kind", "種別", "/kind", Text),
    column("subject_id", "対象の記録ID", "/subject_id", Text),
    column("strength_ppm", "公平化の強さ(ppm)", "/strength_ppm", Number),
    column("ndcg_ppm", "nDCG@50(ppm)", "/ndcg_ppm", Number),
    column("role", "役割", "/role", Text),
    column("weights_version", "重みの版", "/weights_version", Text),
    column("items", "順位", "/items", Json),
];

#[rustfmt::skip]
const IMPORTS: &[Column] = &[
    column("record_id", "記録ID", "/id", Text),
    column("kind", "種別", "/kind", Text),
    column("source", "出所", "/source", Text),
    column("file_name", "ファイル名", "/file_name", Text),
    column("mode", "モード", "/mode", Text),
    column("status", "状態", "/status", Text),
    column("rows_read", "行数", "/progress/rows_read", Number),
    column("created", "登録", "/progress/created", Number),
    column("updated", "更新", "/progress/updated", Number),
    column("unchanged", "変更なし", "/progress/unchanged", Number),
    column("skipped", "スキップ", "/progress/skipped", Number),
    column("rejected", "取り込めない行", "/progress/rejected", Number),
    column("archived", "保管・休止", "/progress/archived", Number),
    column("findings", "指摘", "/progress/findings", Number),
    column("error", "エラー", "/error/code", Text),
    column("sha256", "SHA-256", "/sha256", Text),
    column("size_bytes", "バイト数", "/size_bytes", Number),
    column("created_by", "登録者", "/created_by", Text),
    column("created_at", "登録日時", "/created_at", Moment),
    column("finished_at", "終了日時", "/finished_at", Moment),
];

pub fn columns(kind: ExportKind) -> &'static [Column] {
    match kind {
        ExportKind::Workers => WORKERS,
        ExportKind::Organizations => ORGANIZATIONS,
        ExportKind::Deliverables => DELIVERABLES,
        ExportKind::Applications => APPLICATIONS,
        ExportKind::Users => USERS,
        ExportKind::Partners => PARTNERS,
        ExportKind::Duplicates => DUPLICATES,
        ExportKind::Audit => AUDIT,
        ExportKind::ShownLists => SHOWN_LISTS,
        ExportKind::Imports => IMPORTS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imports::headings::concepts;
    use crate::imports::{ImportKind, columns::fields};

    #[test]
    fn fields_of_imports_are_exported_under_the_same_heading() {
        for (kind, of) in [
            (ExportKind::Workers, ImportKind::Workers),
            (ExportKind::Organizations, ImportKind::Organizations),
            (ExportKind::Deliverables, ImportKind::Deliverables),
        ] {
            for field in fields(of) {
                // Exports have the full name only.
                if ["family_name", "given_name"].contains(&field.name) {
                    continue;
                }
                let same = |c: &&Column| c.name == field.name && c.heading == field.heading;
                assert!(
                    columns(kind).iter().any(|c| same(&c)),
                    "{}: {}",
                    of.code(),
                    field.name
                );
            }
            // No heading of a column is mistaken for another field.
            for column in columns(kind) {
                for heading in [column.name, column.heading] {
                    let best = concepts().field(of, heading);
                    let is_field = fields(of).iter().any(|field| field.name == column.name);
                    let expected = is_field.then_some(column.name);
                    assert_eq!(best, expected, "{}: {heading}", of.code());
                }
            }
        }
    }
}
