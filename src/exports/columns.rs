//! The columns of each list: heading, place in the item, and how the value is written.
//!
//! Columns that an import reads come first and have the headings of `imports::fields`, so that an exported
//! sheet can be imported again. The columns after those are for readers.

use super::ExportKind;
use Of::{
    AccountStatus, ApplicationDirection, ApplicationReason, ApplicationSide, ApplicationStatus, AuditAction,
    ConsentPurpose, DayPart, DecisionReason, DecisionStatus, DeliverableStatus, DuplicateAgreement,
    DuplicateField, EventKind, EventStatus, Family, Format, ImportMode, ImportStatus, IntermediaryKind,
    ListKind, OrganizationKind, OrganizationStatus, PairStatus, ProjectKind, ProjectReason, ProjectStatus,
    RecordKind, RegistrationStatus, Role, Skill, SupportKind, Theme, Type, UserRole, WorkKind, WorkerStatus,
};
use Shape::*;

/// How a value is written into a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Text,
    /// A code; its word under Japanese headings.
    Word(Of),
    Number,
    /// はい or いいえ under Japanese headings.
    Flag,
    /// `2026-04-01`
    Day,
    /// `2026-04-01T03:00:00.000000Z`; with the offset of Tokyo in a CSV under Japanese headings
    Moment,
    /// Texts or codes, joined by 、
    List(Of),
    /// Texts or codes, joined by 、; an empty list, which differs from a missing one, is `[]`.
    NullableList(Of),
    /// Skills with their levels: `編集(4)、…`
    Levels,
    /// Values that have no simpler form.
    Json,
    /// The same; members with these names have codes, wherever they are. Their words under Japanese headings.
    Coded(&'static [(&'static str, Of)]),
    /// The text of a single piece of evidence that has no title; JSON otherwise.
    Evidence,
    /// The code of a municipality; its name under Japanese headings.
    Area,
}

/// What codes stand for; `words` has the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(strum::VariantArray))]
pub enum Of {
    /// No codes.
    Text,
    Role,
    Skill,
    Theme,
    Type,
    Family,
    Format,
    DayPart,
    WorkerStatus,
    OrganizationStatus,
    OrganizationKind,
    IntermediaryKind,
    DeliverableStatus,
    ConsentPurpose,
    ApplicationDirection,
    ApplicationSide,
    ApplicationStatus,
    ApplicationReason,
    SupportKind,
    ListKind,
    DuplicateField,
    DuplicateAgreement,
    ProjectKind,
    ProjectStatus,
    ProjectReason,
    WorkKind,
    EventKind,
    EventStatus,
    RegistrationStatus,
    DecisionStatus,
    DecisionReason,
    AccountStatus,
    UserRole,
    PairStatus,
    RecordKind,
    ImportMode,
    ImportStatus,
    AuditAction,
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

impl Column {
    /// The width of its cells in characters of half width, with room for the filter's button.
    pub fn width(&self) -> f64 {
        let heading = self.heading.chars().count() as f64 * 2.0 + 4.0;
        let texts = match self.shape {
            Shape::Number | Shape::Flag => 8.0,
            Shape::Day => 12.0,
            Shape::Moment => 20.0,
            Shape::Word(_) | Shape::Area => 16.0,
            Shape::List(_) | Shape::NullableList(_) | Shape::Levels => 30.0,
            Shape::Json | Shape::Coded(_) | Shape::Evidence => 40.0,
            Shape::Text if self.pointer.ends_with("id") => 38.0,
            Shape::Text => 24.0,
        };
        f64::max(heading, texts)
    }
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
    column("employer", "雇用主", "/personal/employer", Text),
    column("alias", "呼び名", "/alias", Text),
    column("status", "状態", "/status", Word(WorkerStatus)),
    column("area", "区市町村", "/area", Area),
    column("travel_limit_km", "移動できる距離", "/travel_limit_km", Number),
    column("remote", "オンライン可", "/remote", Flag),
    column("accepted_formats", "参加できる形式", "/accepted_formats", NullableList(Format)),
    column("preferred_formats", "希望する形式", "/preferred_formats", NullableList(Format)),
    column("roles", "役割", "/roles", NullableList(Role)),
    column("skills", "スキル", "/skills", Levels),
    column("themes", "関心テーマ", "/themes", NullableList(Theme)),
    column("hours_per_week", "週の時間", "/hours_per_week", Number),
    column("day_parts", "参加可能曜日", "/day_parts", NullableList(DayPart)),
    column("available_from", "活動開始日", "/available_from", Day),
    column("available_until", "活動終了日", "/available_until", Day),
    column("capacity", "同時に参加できる数", "/capacity", Number),
    column("open_load", "参加中の数", "/open_load", Number),
    column("qualifications", "資格", "/qualifications", NullableList(Of::Text)),
    column("experience", "支援実績の内訳", "/experience", Json),
    column("completed", "完了した数", "/track_record/completed", Number),
    column("dropped", "辞退した数", "/track_record/dropped", Number),
    column("last_active_on", "最終活動日", "/last_active_on", Day),
    column("consent", "同意日", "/consent/given_on", Day),
    column("consent_text_version", "同意した文面", "/consent/text_version", Text),
    column("consent_purpose", "同意の目的", "/consent/purpose", Word(ConsentPurpose)),
    column("evidence", "自己紹介", "/personal/evidence", Evidence),
    column("email_verified", "メール確認済み", "/personal/email_verified", Flag),
    column("phone_verified", "電話確認済み", "/personal/phone_verified", Flag),
    column("blocked_organization_ids", "避けたい団体の記録ID", "/blocked_organization_ids", List(Of::Text)),
    column("conflict_organization_ids", "利害関係のある団体の記録ID", "/conflict_organization_ids", List(Of::Text)),
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
    column("kind", "種別", "/kind", Word(OrganizationKind)),
    column("area", "区市町村", "/area", Area),
    column("status", "状態", "/status", Word(OrganizationStatus)),
    column("themes", "テーマ", "/themes", List(Theme)),
    column("corporate_number", "法人番号", "/corporate_number", Text),
    column("contact_person", "担当者", "/contact/person", Text),
    column("contact_email", "メールアドレス", "/contact/email", Text),
    column("contact_phone", "電話番号", "/contact/phone", Text),
    column("intermediary_kind", "紹介元の種別", "/intermediary/kind", Word(IntermediaryKind)),
    column("intermediary_name", "紹介元", "/intermediary/name", Text),
    column("aliases", "別名", "/aliases", List(Of::Text)),
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
    column("type", "支援内容", "/type", Word(Type)),
    column("additional_types", "そのほかの支援内容", "/additional_types", List(Type)),
    column("title", "件名", "/title", Text),
    column("trouble", "困りごと", "/trouble", Text),
    column("format", "形式", "/format", Word(Format)),
    column("starts_on", "開始日", "/starts_on", Day),
    column("ends_on", "終了日", "/ends_on", Day),
    column("hours_per_week", "週の時間", "/hours_per_week", Number),
    column("day_parts", "曜日", "/day_parts", List(DayPart)),
    column("area", "区市町村", "/area", Area),
    column("remote", "オンライン可", "/remote", Flag),
    column("qualifications", "必要な資格", "/qualifications", List(Of::Text)),
    column("themes", "テーマ", "/themes", List(Theme)),
    column("shared_with_partners", "公開", "/shared_with_partners", Flag),
    column("status", "状態", "/status", Word(DeliverableStatus)),
    column("cancellation_reason", "中止の理由", "/cancellation_reason", Word(ProjectReason)),
    column("team", "チーム", "/roles", Coded(&[("role", Role), ("skill", Skill)])),
    column("external_team", "外部で組んだチーム", "/external_team", Flag),
    column("applications_per_place", "1席あたりの応募数", "/applications_per_place", Number),
    column("family", "分類", "/family", Word(Family)),
    column("fiscal_year", "年度", "/fiscal_year", Number),
    column("organization_record_id", "団体の記録ID", "/organization_id", Text),
    column("joint_organization_record_ids", "共同の団体の記録ID", "/joint_organization_ids", List(Of::Text)),
    column("record_id", "記録ID", "/id", Text),
    column("source", "出所", "/source", Text),
    column("archived_at", "保管日時", "/archived_at", Moment),
    column("archive_reason", "保管の理由", "/archive_reason", Word(ProjectReason)),
    column("provenance_file", "公表元のファイル", "/provenance/file", Text),
    column("provenance_row", "公表元の行", "/provenance/row", Number),
    column("provenance_cells", "公表元の内容", "/provenance/cells", Json),
    column("version", "版", "/version", Number),
    column("created_at", "登録日時", "/created_at", Moment),
    column("updated_at", "更新日時", "/updated_at", Moment),
];

// The first columns are those of deliverables: imported as deliverables, the sheet changes nothing.
#[rustfmt::skip]
const INTAKE: &[Column] = &[
    column("record_id", "記録ID", "/deliverable_id", Text),
    column("organization", "団体名", "/organization", Text),
    column("organization_record_id", "団体の記録ID", "/organization_id", Text),
    column("area", "区市町村", "/area", Area),
    column("title", "件名", "/title", Text),
    column("status", "状態", "/status", Word(DeliverableStatus)),
    column("endorsed_by_kind", "推薦者の種別", "/endorsement/intermediary/kind", Word(IntermediaryKind)),
    column("endorsed_by", "推薦者", "/endorsement/intermediary/name", Text),
    column("endorsed_by_person", "推薦者の担当者", "/endorsement/person", Text),
    column("endorsed_on", "推薦日", "/endorsement/endorsed_on", Day),
    column("endorsement", "推薦の言葉", "/endorsement/message", Text),
    column("hearing_held_on", "ヒアリング日", "/hearing/held_on", Day),
    column("hearing_participants", "ヒアリングの参加者", "/hearing/participants", List(Of::Text)),
    column("hearing_notes", "ヒアリングの記録", "/hearing/notes", Text),
    column("screening_due_on", "審査の期限", "/screening_due_on", Day),
    column("hearing_due_on", "ヒアリングの期限", "/hearing_due_on", Day),
    column("decision_due_on", "決定の期限", "/decision_due_on", Day),
    column("due_on", "次の期限", "/due_on", Day),
    column("decision", "決定の内容", "/decisions/0/status", Word(DecisionStatus)),
    column("decision_reason", "決定の理由", "/decisions/0/reason", Word(DecisionReason)),
    column("decision_message", "決定の連絡文", "/decisions/0/message", Text),
    column("decided_at", "決定日時", "/decisions/0/decided_at", Moment),
    column("decided_by", "決定者", "/decisions/0/decided_by", Text),
    column("decisions", "これまでの決定", "/decisions", Coded(&[("status", DecisionStatus), ("reason", DecisionReason)])),
    column("version", "版", "/version", Number),
    column("updated_at", "更新日時", "/updated_at", Moment),
];

#[rustfmt::skip]
const APPLICATIONS: &[Column] = &[
    column("record_id", "記録ID", "/id", Text),
    column("deliverable_id", "成果物の記録ID", "/deliverable_id", Text),
    column("organization", "団体名", "/organization", Text),
    column("title", "件名", "/deliverable_title", Text),
    column("worker_id", "ワーカーの記録ID", "/worker_id", Text),
    column("role", "役割", "/role", Word(Role)),
    column("direction", "応募・招待の別", "/direction", Word(ApplicationDirection)),
    column("place", "席", "/place", Number),
    column("status", "状態", "/status", Word(ApplicationStatus)),
    column("reason", "理由", "/reason", Word(ApplicationReason)),
    column("request_reason", "依頼の終了の理由", "/request_reason", Word(ProjectReason)),
    column("closed_at", "応募の終了日時", "/closed_at", Moment),
    column("closed_by", "応募を終了した人", "/closed_by", Text),
    column("awaits", "回答待ちの相手", "/awaits", Word(ApplicationSide)),
    column("respond_by", "回答期限", "/respond_by", Moment),
    column("warned_at", "督促日時", "/warned_at", Moment),
    column("moved_up_at", "繰り上がった日時", "/moved_up_at", Moment),
    column("goal", "目標", "/agreement/goal", Text),
    column("schedule", "日程", "/agreement/schedule", Text),
    column("worker_agrees", "ワーカーの合意", "/worker_agrees", Flag),
    column("organization_agrees", "団体の合意", "/organization_agrees", Flag),
    column("message", "応募・招待のメッセージ", "/message", Text),
    column("answer_note", "相手へのメモ", "/note", Text),
    column("days_since_last_move", "最後の動きからの日数", "/days_since_last_move", Number),
    column("partner_id", "連携アプリの記録ID", "/partner_id", Text),
    column("created_by", "登録者", "/created_by", Text),
    column("version", "版", "/version", Number),
    column("created_at", "登録日時", "/created_at", Moment),
    column("updated_at", "更新日時", "/updated_at", Moment),
];

#[rustfmt::skip]
const PROJECTS: &[Column] = &[
    column("record_id", "記録ID", "/id", Text),
    column("source", "出所", "/source", Text),
    column("external_id", "ID", "/external_id", Text),
    column("kind", "区分", "/kind", Word(ProjectKind)),
    column("title", "件名", "/title", Text),
    column("organization", "団体名", "/organization", Text),
    column("organization_id", "団体の記録ID", "/organization_id", Text),
    column("area", "区市町村", "/area", Area),
    column("fiscal_year", "年度", "/fiscal_year", Number),
    column("status", "状態", "/status", Word(ProjectStatus)),
    column("status_since", "状態の開始日時", "/status_since", Moment),
    column("percent", "進捗率", "/progress/percent", Number),
    column("starts_on", "開始日", "/starts_on", Day),
    column("ends_on", "終了予定日", "/ends_on", Day),
    column("delivered_on", "納品日", "/delivered_on", Day),
    column("members", "メンバー", "/members", Coded(&[("role", Role), ("reason", ApplicationReason)])),
    column("vacant_since", "欠員の発生日時", "/vacant_since", Moment),
    column("reason", "中止の理由", "/reason", Word(ProjectReason)),
    column("message", "終了時のメッセージ", "/message", Text),
    column("needs", "伴走支援のニーズ", "/accompaniment/needs", Text),
    column("supports", "伴走支援の内容", "/accompaniment/supports", List(SupportKind)),
    column("outcome", "伴走支援の成果", "/accompaniment/outcome", Text),
    column("advisors", "アドバイザー", "/accompaniment/advisors", List(Of::Text)),
    column("version", "版", "/version", Number),
    column("created_at", "登録日時", "/created_at", Moment),
    column("updated_at", "更新日時", "/updated_at", Moment),
];

#[rustfmt::skip]
const PROJECT_WORK: &[Column] = &[
    column("record_id", "記録ID", "/id", Text),
    column("project_id", "プロジェクトの記録ID", "/project_id", Text),
    column("kind", "区分", "/kind", Word(WorkKind)),
    column("title", "件名", "/title", Text),
    column("deadline", "期限", "/due_on", Day),
    column("weight", "重み", "/weight", Number),
    column("progress", "進み具合（%）", "/progress", Number),
    column("done_on", "完了日", "/done_on", Day),
    column("starts_at", "開始日時", "/starts_at", Moment),
    column("ends_at", "終了日時", "/ends_at", Moment),
    column("location", "場所", "/location", Text),
    column("link", "リンク", "/link", Text),
    column("attendee_ids", "参加者の記録ID", "/attendee_ids", List(Of::Text)),
    column("guests", "そのほかの参加人数", "/guests", Number),
    column("minutes", "議事録", "/minutes", Text),
    column("worker_id", "ワーカーの記録ID", "/worker_id", Text),
    column("worked_on", "活動日", "/worked_on", Day),
    column("worked_minutes", "活動時間（分）", "/worked_minutes", Number),
    column("note", "メモ", "/note", Text),
    column("created_by", "登録者", "/created_by", Text),
    column("version", "版", "/version", Number),
    column("created_at", "登録日時", "/created_at", Moment),
    column("updated_at", "更新日時", "/updated_at", Moment),
];

#[rustfmt::skip]
const EVENTS: &[Column] = &[
    column("record_id", "記録ID", "/id", Text),
    column("kind", "種別", "/kind", Word(EventKind)),
    column("title", "イベント名", "/title", Text),
    column("kana", "ふりがな", "/kana", Text),
    column("status", "状態", "/status", Word(EventStatus)),
    column("notice", "お知らせ", "/notice", Text),
    column("description", "内容", "/description", Text),
    column("series", "シリーズ", "/series", Text),
    column("number", "回", "/number", Text),
    column("times", "日時", "/times", Json),
    column("month", "開催月・開催日", "/month", Text),
    column("place_name", "場所", "/place/name", Text),
    column("address", "住所", "/place/address", Text),
    column("wheelchair", "車椅子可", "/place/wheelchair", Flag),
    column("online", "オンライン可", "/online", Flag),
    column("online_url", "オンライン会場のURL", "/online_url", Text),
    column("url", "URL", "/url", Text),
    column("areas", "区市町村", "/areas", List(Of::Text)),
    column("host_ids", "主催団体の記録ID", "/host_ids", List(Of::Text)),
    column("contact_office", "問い合わせ先", "/contact/office", Text),
    column("contact_phone", "電話番号", "/contact/phone", Text),
    column("audience", "対象", "/audience", Text),
    column("fee_yen", "費用", "/fee_yen", Number),
    column("takes_registrations", "申込み受付", "/takes_registrations", Flag),
    column("capacity", "定員", "/capacity", Number),
    column("waiting_list", "キャンセル待ち", "/waiting_list", Flag),
    column("registration_closes_at", "申込期限", "/registration_closes_at", Moment),
    column("declared_attendance", "公表した参加者数", "/declared_attendance", Number),
    column("attendance", "参加者数", "/attendance", Number),
    column("registered", "申込数", "/counts/registered", Number),
    column("waiting", "キャンセル待ちの数", "/counts/waiting", Number),
    column("attended", "参加した数", "/counts/attended", Number),
    column("absent", "欠席した数", "/counts/absent", Number),
    column("speakers", "講師", "/speakers", Json),
    column("breakouts", "分科会", "/breakouts", Json),
    column("declared_breakouts", "公表した分科会数", "/declared_breakouts", Number),
    column("materials", "資料", "/materials", Json),
    column("questions", "アンケート", "/questions", Json),
    column("fiscal_year", "年度", "/fiscal_year", Number),
    column("programme_id", "プログラムの記録ID", "/programme_id", Text),
    column("deliverable_record_id", "申込み先の支援内容の記録ID", "/deliverable_id", Text),
    column("follows_event_ids", "フォローするイベントの記録ID", "/follows_event_ids", List(Of::Text)),
    column("published_at", "公開日時", "/published_at", Moment),
    column("version", "版", "/version", Number),
    column("created_at", "登録日時", "/created_at", Moment),
    column("updated_at", "更新日時", "/updated_at", Moment),
];

#[rustfmt::skip]
const REGISTRATIONS: &[Column] = &[
    column("record_id", "記録ID", "/id", Text),
    column("event_id", "イベントの記録ID", "/event_id", Text),
    column("name", "氏名", "/name", Text),
    column("email", "メールアドレス", "/email", Text),
    column("phone", "電話番号", "/phone", Text),
    column("affiliation", "所属", "/affiliation", Text),
    column("status", "状態", "/status", Word(RegistrationStatus)),
    column("places", "人数", "/places", Number),
    column("wants_consultation", "個別相談の希望", "/wants_consultation", Flag),
    column("note", "連絡事項", "/note", Text),
    column("answered", "アンケート回答済み", "/answered", Flag),
    column("worker_id", "ワーカーの記録ID", "/worker_id", Text),
    column("name_of_worker", "ワーカーの氏名", "/worker_name", Text),
    column("organization_id", "団体の記録ID", "/organization_id", Text),
    column("office_area", "申し込んだ窓口の地域", "/office_area", Text),
    column("version", "版", "/version", Number),
    column("created_at", "登録日時", "/created_at", Moment),
    column("updated_at", "更新日時", "/updated_at", Moment),
];

#[rustfmt::skip]
const USERS: &[Column] = &[
    column("record_id", "記録ID", "/id", Text),
    column("name", "氏名", "/name", Text),
    column("email", "メールアドレス", "/email", Text),
    column("role", "役割", "/role", Word(UserRole)),
    column("status", "状態", "/status", Word(AccountStatus)),
    column("areas", "担当する区市町村", "/areas", List(Of::Text)),
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
    column("status", "状態", "/status", Word(AccountStatus)),
    column("areas", "対象の区市町村", "/areas", List(Of::Text)),
    column("families", "対象の分類", "/families", List(Family)),
    column("scopes", "権限", "/scopes", List(Of::Text)),
    column("sandbox", "テスト用", "/sandbox", Flag),
    column("version", "版", "/version", Number),
    column("created_at", "登録日時", "/created_at", Moment),
    column("updated_at", "更新日時", "/updated_at", Moment),
];

#[rustfmt::skip]
const DUPLICATES: &[Column] = &[
    column("record_id", "記録ID", "/id", Text),
    column("kind", "種別", "/kind", Word(RecordKind)),
    column("one_id", "一方の記録ID", "/records/0/id", Text),
    column("one_name", "一方の名前", "/records/0/name", Text),
    column("one_area", "一方の区市町村", "/records/0/area", Area),
    column("one_source", "一方の出所", "/records/0/source", Text),
    column("other_id", "他方の記録ID", "/records/1/id", Text),
    column("other_name", "他方の名前", "/records/1/name", Text),
    column("other_area", "他方の区市町村", "/records/1/area", Area),
    column("other_source", "他方の出所", "/records/1/source", Text),
    column("score", "確からしさ", "/score", Number),
    column("reasons", "理由", "/reasons", Coded(&[("field", DuplicateField), ("agreement", DuplicateAgreement)])),
    column("status", "状態", "/status", Word(PairStatus)),
    column("primary_id", "主記録ID", "/primary_id", Text),
    column("version", "版", "/version", Number),
    column("created_at", "登録日時", "/created_at", Moment),
    column("updated_at", "更新日時", "/updated_at", Moment),
];

#[rustfmt::skip]
const AUDIT: &[Column] = &[
    column("seq", "通し番号", "/seq", Number),
    column("at", "日時", "/occurred_at", Moment),
    column("actor", "行為者", "/actor", Text),
    column("action", "行為", "/action", Word(AuditAction)),
    column("operation", "操作", "/operation", Text),
    column("subjects", "対象の記録ID", "/subjects", List(Of::Text)),
    column("hash", "ハッシュ値", "/hash", Text),
];

#[rustfmt::skip]
const SHOWN_LISTS: &[Column] = &[
    column("record_id", "記録ID", "/id", Text),
    column("shown_at", "表示日時", "/shown_at", Moment),
    column("viewer", "閲覧者", "/viewer", Text),
    column("kind", "種別", "/kind", Word(ListKind)),
    column("subject_id", "対象の記録ID", "/subject_id", Text),
    column("strength_ppm", "公平化の強さ(ppm)", "/strength_ppm", Number),
    column("ndcg_ppm", "nDCG@50(ppm)", "/ndcg_ppm", Number),
    column("role", "役割", "/role", Word(Role)),
    column("weights_version", "重みの版", "/weights_version", Text),
    column("items", "順位", "/items", Coded(&[("role", Role)])),
];

#[rustfmt::skip]
const IMPORTS: &[Column] = &[
    column("record_id", "記録ID", "/id", Text),
    column("kind", "種別", "/kind", Word(RecordKind)),
    column("source", "出所", "/source", Text),
    column("file_name", "ファイル名", "/file_name", Text),
    column("mode", "モード", "/mode", Word(ImportMode)),
    column("status", "状態", "/status", Word(ImportStatus)),
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
        ExportKind::Intake => INTAKE,
        ExportKind::Applications => APPLICATIONS,
        ExportKind::Projects => PROJECTS,
        ExportKind::ProjectWork => PROJECT_WORK,
        ExportKind::Events => EVENTS,
        ExportKind::Registrations => REGISTRATIONS,
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
            (ExportKind::Applications, ImportKind::Applications),
            (ExportKind::Projects, ImportKind::Projects),
            (ExportKind::ProjectWork, ImportKind::ProjectWork),
            (ExportKind::Events, ImportKind::Events),
            (ExportKind::Registrations, ImportKind::Registrations),
        ] {
            for field in fields(of) {
                // Exports have the full name only, and the ids of what an application or a project is about.
                const FURTHER: [&str; 21] = [
                    "family_name",
                    "given_name",
                    "deliverable_external_id",
                    "organization",
                    "organization_external_id",
                    "organization_area",
                    "organization_record_id",
                    "type",
                    "worker_external_id",
                    "name",
                    "email",
                    "phone",
                    "applied_on",
                    "starts_on",
                    "starts_at",
                    "ends_on",
                    "ends_at",
                    "registration_closes_time",
                    "weekdays",
                    "event_title",
                    "event_day",
                ];
                let acts = of.acts();
                let is_looked_up = acts || field.name.ends_with("_name");
                if is_looked_up && FURTHER.contains(&field.name) {
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
            // Every heading is read: no column is mistaken for another field, and those that aren't fields are
            // what Musubi keeps itself.
            let layout_of = |heading: fn(&Column) -> &'static str| {
                let header: Vec<String> = columns(kind).iter().map(|c| heading(c).to_owned()).collect();
                concepts().layout(&header)
            };
            let layouts = [layout_of(|c| c.name), layout_of(|c| c.heading)];
            for column in columns(kind) {
                let is_field = fields(of).iter().any(|field| field.name == column.name);
                let expected = is_field.then_some(column.name);
                for (heading, layout) in [column.name, column.heading].into_iter().zip(layouts) {
                    // What an export means by a heading counts more than the word.
                    if let Some(field) = layout.and_then(|layout| layout.columns.get(heading)) {
                        assert_eq!(field, expected.unwrap_or_default(), "{}: {heading}", of.code());
                        continue;
                    }
                    let best = concepts().field(of, heading);
                    assert_eq!(best, expected, "{}: {heading}", of.code());
                    assert_eq!(concepts().is_kept(heading), !is_field, "{}: {heading}", of.code());
                }
            }
        }
    }
}
