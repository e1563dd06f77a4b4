//! The fields of each kind: their names, their headings, and by what else they are known.

use super::ImportKind;

/// A field of a kind: its name in mappings and exports, its Japanese heading, and further ones.
pub struct Field {
    pub name: &'static str,
    pub heading: &'static str,
    others: &'static [&'static str],
}

const fn field(name: &'static str, heading: &'static str, others: &'static [&'static str]) -> Field {
    Field {
        name,
        heading,
        others,
    }
}

#[rustfmt::skip]
pub const WORKERS: &[Field] = &[
    field("external_id", "ID", &["会員番号", "登録番号", "管理番号", "番号", "No", "No.", "ワーカーID", "id", "member_id"]),
    field("name", "氏名", &["名前", "お名前", "ご氏名", "フルネーム", "full_name", "personal.name"]),
    field("family_name", "姓", &["名字", "苗字", "last_name", "surname"]),
    field("given_name", "名", &["first_name"]),
    field("kana", "ふりがな", &["フリガナ", "ヨミ", "よみがな", "かな", "カナ", "氏名カナ", "氏名かな", "personal.kana"]),
    field("email", "メールアドレス", &["メール", "Eメール", "e-mail", "mail", "連絡先メール", "personal.email"]),
    field("phone", "電話番号", &["電話", "TEL", "携帯", "携帯電話", "連絡先電話番号", "連絡先", "mobile", "personal.phone"]),
    field("alias", "呼び名", &["ニックネーム", "表示名", "nickname"]),
    field("status", "状態", &["登録状況", "ステータス", "活動状況"]),
    field("area", "区市町村", &["地域", "地域名", "市区町村", "住所", "居住地", "お住まい", "自治体コード", "全国地方公共団体コード", "area_code", "municipality", "address"]),
    field("travel_limit_km", "移動できる距離", &["移動距離", "移動可能距離", "活動範囲"]),
    field("remote", "オンライン可", &["オンライン", "リモート", "リモート可", "在宅可", "online"]),
    field("accepted_formats", "参加できる形式", &["参加形式", "形式", "希望期間", "formats"]),
    field("preferred_formats", "希望する形式", &["希望形式"]),
    field("roles", "役割", &["希望役割", "ロール", "担当できる役割", "職種", "role"]),
    field("skills", "スキル", &["得意分野", "特技", "得意なこと", "専門", "専門分野", "できること", "経験スキル", "skill"]),
    field("themes", "関心テーマ", &["テーマ", "関心", "関心分野", "興味", "興味のある分野", "interests"]),
    field("hours_per_week", "週の時間", &["週あたり時間", "活動時間", "参加可能時間", "稼働時間", "hours"]),
    field("day_parts", "参加可能曜日", &["活動可能日", "参加可能日", "曜日", "参加可能曜日・時間帯", "活動曜日", "availability", "days"]),
    field("available_from", "活動開始日", &["開始日", "参加可能開始日"]),
    field("available_until", "活動終了日", &["終了日", "参加可能終了日"]),
    field("capacity", "同時に参加できる数", &["同時参加数"]),
    field("open_load", "参加中の数", &["参加中"]),
    field("qualifications", "資格", &["保有資格", "免許"]),
    field("experience", "支援実績の内訳", &[]),
    field("completed", "完了した数", &["参加実績", "実績", "参加回数", "track_record.completed"]),
    field("dropped", "辞退した数", &["track_record.dropped"]),
    field("last_active_on", "最終活動日", &["最終ログイン", "最終参加日"]),
    field("consent", "同意日", &["同意", "登録同意", "個人情報同意", "マッチング同意", "consent.given_on", "consented_on"]),
    field("consent_text_version", "同意した文面", &["consent.text_version"]),
    field("consent_purpose", "同意の目的", &["consent.purpose"]),
    field("evidence", "自己紹介", &["自己PR", "プロフィール", "職歴", "経歴", "備考", "メモ", "活動実績", "profile", "notes", "personal.evidence"]),
    field("email_verified", "メール確認済み", &["personal.email_verified"]),
    field("phone_verified", "電話確認済み", &["personal.phone_verified"]),
];

#[rustfmt::skip]
pub const ORGANIZATIONS: &[Field] = &[
    field("external_id", "ID", &["団体番号", "団体ID", "登録番号", "管理番号", "番号", "No", "No.", "id"]),
    field("name", "団体名", &["名称", "団体", "法人名", "組織名", "名前", "organization", "organisation"]),
    field("kana", "ふりがな", &["フリガナ", "団体名カナ", "団体名かな", "よみがな", "かな", "カナ"]),
    field("kind", "種別", &["団体種別", "法人格", "組織形態", "区分", "type"]),
    field("area", "区市町村", &["地域", "地域名", "市区町村", "所在地", "住所", "自治体コード", "全国地方公共団体コード", "area_code", "municipality", "address"]),
    field("status", "状態", &["登録状況", "ステータス"]),
    field("themes", "テーマ", &["活動分野", "分野", "関心テーマ"]),
    field("corporate_number", "法人番号", &["corporate_no"]),
    field("contact_person", "担当者", &["担当者名", "代表者", "代表者名", "ご担当者", "contact", "contact.person"]),
    field("contact_email", "メールアドレス", &["メール", "Eメール", "e-mail", "email", "mail", "contact.email"]),
    field("contact_phone", "電話番号", &["電話", "TEL", "連絡先", "phone", "contact.phone"]),
    field("intermediary_kind", "紹介元の種別", &["intermediary.kind"]),
    field("intermediary_name", "紹介元", &["推薦", "推薦団体", "伴走", "intermediary.name"]),
    field("aliases", "別名", &["別称", "略称", "通称"]),
    field("description", "活動内容", &["概要", "説明", "団体概要", "紹介", "備考"]),
    field("open_data", "オープンデータ公開", &["オープンデータ", "公開同意"]),
];

#[rustfmt::skip]
pub const DELIVERABLES: &[Field] = &[
    field("external_id", "ID", &["案件番号", "番号", "管理番号", "No", "No.", "id"]),
    field("organization", "団体名", &["団体", "依頼団体", "organization_name", "organisation"]),
    field("organization_external_id", "団体ID", &["団体番号"]),
    field("organization_area", "団体の区市町村", &["団体所在地"]),
    field("type", "支援内容", &["成果物", "種類", "内容", "依頼内容", "deliverable_type"]),
    field("additional_types", "そのほかの支援内容", &[]),
    field("title", "件名", &["タイトル", "案件名", "題名", "名称"]),
    field("trouble", "困りごと", &["課題", "背景", "相談内容", "詳細", "description"]),
    field("format", "形式", &["期間", "区分", "実施形式"]),
    field("starts_on", "開始日", &["実施日", "開始"]),
    field("ends_on", "終了日", &["終了", "締切", "納期"]),
    field("hours_per_week", "週の時間", &["週あたり時間", "hours"]),
    field("day_parts", "曜日", &["実施曜日", "曜日・時間帯"]),
    field("area", "区市町村", &["地域", "地域名", "実施場所", "場所", "市区町村", "自治体コード", "area_code", "municipality"]),
    field("remote", "オンライン可", &["オンライン", "リモート", "online"]),
    field("qualifications", "必要な資格", &["資格"]),
    field("themes", "テーマ", &["分野"]),
    field("shared_with_partners", "公開", &["連携アプリに公開"]),
    field("status", "状態", &["ステータス", "進捗"]),
];

impl Field {
    /// All by which its column is known.
    pub fn headings(&self) -> impl Iterator<Item = &'static str> {
        [self.name, self.heading]
            .into_iter()
            .chain(self.others.iter().copied())
    }
}

pub fn fields(kind: ImportKind) -> &'static [Field] {
    match kind {
        ImportKind::Workers => WORKERS,
        ImportKind::Organizations => ORGANIZATIONS,
        ImportKind::Deliverables => DELIVERABLES,
        ImportKind::Engagements => &[],
    }
}
