//! The fields of a worker, and how each cell is put into a draft of the profile.

use crate::catalogue::DayPart;
use crate::imports::fields::{Input, field_table, parse_code, parse_json, unrecognized};
use crate::imports::vocabulary::day_parts;
use crate::workers::{
    ConsentPurpose, Evidence, Experience, NewWorker, Personal, TrackRecord, WorkerSkill, WorkerStatus,
};
use chrono::NaiveDate;
use tables::Remark;
use tables::cells::{CellResult, parse_boolean, split_items};

/// The level of a skill that is named without one: works independently.
pub const DEFAULT_LEVEL: u8 = 3;

/// How a cell states that there are none; an empty cell states nothing.
const NONE: &str = "[]";

/// A profile that a row is changing. Values that come from several cells are collected until the end of the
/// row.
#[derive(Default)]
pub struct Draft {
    pub worker: NewWorker,
    pub personal: Personal,
    pub family_name: Option<String>,
    pub given_name: Option<String>,
    pub consent: Option<ConsentAnswer>,
    pub consent_text_version: Option<String>,
    pub consent_purpose: Option<ConsentPurpose>,
    pub skills: Option<Vec<WorkerSkill>>,
    /// Whether a cell states that there are no skills.
    pub has_no_skills: bool,
    pub unrecognized_skills: Vec<String>,
    pub day_parts: Option<Vec<DayPart>>,
    pub evidence: Option<Vec<Evidence>>,
}

/// What a cell states about consent.
pub enum ConsentAnswer {
    GivenOn(NaiveDate),
    /// Yes, without a date.
    Yes,
    No,
}

field_table! { draft, cell: Draft;
    "external_id", "ID",
        ["会員番号", "登録番号", "管理番号", "番号", "No", "No.", "ワーカーID", "id", "member_id"]
        => draft.worker.external_id = cell.text();
    "name", "氏名", ["名前", "お名前", "ご氏名", "フルネーム", "full_name", "personal.name"]
        => draft.personal.name = cell.line();
    "family_name", "姓", ["名字", "苗字", "last_name", "surname"]
        => draft.family_name = cell.line();
    "given_name", "名", ["first_name"]
        => draft.given_name = cell.line();
    "kana", "ふりがな",
        ["フリガナ", "ヨミ", "よみがな", "かな", "カナ", "氏名カナ", "氏名かな", "personal.kana"]
        => draft.personal.kana = cell.line();
    "email", "メールアドレス", ["メール", "Eメール", "e-mail", "mail", "連絡先メール", "personal.email"]
        => set_email(draft, cell);
    "phone", "電話番号",
        ["電話", "TEL", "携帯", "携帯電話", "連絡先電話番号", "連絡先", "mobile", "personal.phone"]
        => set_phone(draft, cell)?;
    "alias", "呼び名", ["ニックネーム", "表示名", "nickname"]
        => draft.worker.alias = cell.line();
    "status", "状態", ["登録状況", "ステータス", "活動状況"]
        => draft.worker.status = parse_status(cell.text)?;
    "area", "区市町村",
        ["地域", "地域名", "市区町村", "住所", "居住地", "お住まい", "自治体コード", "全国地方公共団体コード",
         "area_code", "municipality", "address"]
        => draft.worker.area = cell.area()?;
    "travel_limit_km", "移動できる距離", ["移動距離", "移動可能距離", "活動範囲"]
        => draft.worker.travel_limit_km = cell.number()?;
    "remote", "オンライン可", ["オンライン", "リモート", "リモート可", "在宅可", "online"]
        => draft.worker.remote = cell.boolean()?;
    "accepted_formats", "参加できる形式", ["参加形式", "形式", "希望期間", "formats"]
        => draft.worker.accepted_formats = cell.formats()?;
    "preferred_formats", "希望する形式", ["希望形式"]
        => draft.worker.preferred_formats = cell.formats()?;
    "roles", "役割", ["希望役割", "ロール", "担当できる役割", "職種", "role"]
        => draft.worker.roles = {
            let codes = cell.codes(&cell.vocabulary().roles, "unrecognized_role");
            (!cell.is_empty()).then_some(codes)
        };
    "skills", "スキル",
        ["得意分野", "特技", "得意なこと", "専門", "専門分野", "できること", "経験スキル", "skill"]
        => add_skills(draft, cell)?;
    "themes", "関心テーマ", ["テーマ", "関心", "関心分野", "興味", "興味のある分野", "interests"]
        => draft.worker.themes = {
            let codes = cell.codes(&cell.vocabulary().themes, "unrecognized_theme");
            (!cell.is_empty()).then_some(codes)
        };
    "hours_per_week", "週の時間", ["週あたり時間", "活動時間", "参加可能時間", "稼働時間", "hours"]
        => draft.worker.hours_per_week = cell.number()?;
    "day_parts", "参加可能曜日",
        ["活動可能日", "参加可能日", "曜日", "参加可能曜日・時間帯", "活動曜日", "availability", "days"]
        => add_day_parts(draft, cell)?;
    "available_from", "活動開始日", ["開始日", "参加可能開始日"]
        => draft.worker.available_from = cell.date()?;
    "available_until", "活動終了日", ["終了日", "参加可能終了日"]
        => draft.worker.available_until = cell.date()?;
    "capacity", "同時に参加できる数", ["同時参加数"]
        => draft.worker.capacity = cell.number()?.unwrap_or(1);
    "open_load", "参加中の数", ["参加中"]
        => draft.worker.open_load = cell.number()?.unwrap_or_default();
    "qualifications", "資格", ["保有資格", "免許"]
        => draft.worker.qualifications = (!cell.is_empty()).then(|| split_items(cell.text, &|_| false));
    "experience", "支援実績の内訳", []
        => draft.worker.experience = cell.parse(parse_json::<Vec<Experience>>)?;
    "completed", "完了した数", ["参加実績", "実績", "参加回数", "track_record.completed"]
        => set_count(draft, cell, |record| &mut record.completed)?;
    "dropped", "辞退した数", ["track_record.dropped"]
        => set_count(draft, cell, |record| &mut record.dropped)?;
    "last_active_on", "最終活動日", ["最終ログイン", "最終参加日"]
        => draft.worker.last_active_on = cell.date()?;
    "consent", "同意日",
        ["同意", "登録同意", "個人情報同意", "マッチング同意", "consent.given_on", "consented_on"]
        => draft.consent = Some(match parse_boolean(cell.text) {
            Ok(true) => ConsentAnswer::Yes,
            Ok(false) => ConsentAnswer::No,
            Err(_) => cell.date()?.map_or(ConsentAnswer::No, ConsentAnswer::GivenOn),
        });
    "consent_text_version", "同意した文面", ["consent.text_version"]
        => draft.consent_text_version = cell.text();
    "consent_purpose", "同意の目的", ["consent.purpose"]
        => draft.consent_purpose = cell.parse(parse_code::<ConsentPurpose>)?;
    "evidence", "自己紹介",
        ["自己PR", "プロフィール", "職歴", "経歴", "備考", "メモ", "活動実績", "profile", "notes",
         "personal.evidence"]
        => add_evidence(draft, cell)?;
    "email_verified", "メール確認済み", ["personal.email_verified"]
        => draft.personal.email_verified = cell.boolean()?.unwrap_or_default();
    "phone_verified", "電話確認済み", ["personal.phone_verified"]
        => draft.personal.phone_verified = cell.boolean()?.unwrap_or_default();
}

fn set_email(draft: &mut Draft, cell: &Input) {
    let email = cell.text();
    let email = email.map(|email| email.strip_prefix("mailto:").map(str::to_owned).unwrap_or(email));
    let email = email.filter(|email| !email.is_empty());
    draft.personal.email_verified &= draft.personal.email == email;
    draft.personal.email = email;
}

fn set_phone(draft: &mut Draft, cell: &mut Input) -> CellResult<()> {
    let phone = cell.phone()?;
    draft.personal.phone_verified &= draft.personal.phone == phone;
    draft.personal.phone = phone;
    Ok(())
}

fn parse_status(text: &str) -> CellResult<WorkerStatus> {
    match text {
        "" | "active" | "活動中" | "登録中" | "有効" | "在籍" => Ok(WorkerStatus::Active),
        "paused" | "休止" | "休止中" | "休会" | "停止" | "退会" => Ok(WorkerStatus::Paused),
        _ => Err(Remark::new(
            "invalid_status",
            "状態は active（活動中）か paused（休止中）で入力してください。",
            "The status has to be active or paused.",
        )),
    }
}

fn set_count(draft: &mut Draft, cell: &Input, place: fn(&mut TrackRecord) -> &mut u16) -> CellResult<()> {
    let count = cell.number()?;
    if count.is_some() || draft.worker.track_record.is_some() {
        let record = draft.worker.track_record.get_or_insert(TrackRecord {
            completed: 0,
            dropped: 0,
        });
        *place(record) = count.unwrap_or_default();
    }
    Ok(())
}

fn add_day_parts(draft: &mut Draft, cell: &Input) -> CellResult<()> {
    if cell.is_empty() {
        (draft.day_parts, draft.worker.day_parts) = (None, None);
    } else {
        let day_parts = day_parts(cell.text)?;
        draft.day_parts.get_or_insert_default().extend(day_parts);
    }
    Ok(())
}

fn add_evidence(draft: &mut Draft, cell: &Input) -> CellResult<()> {
    let evidence = draft.evidence.get_or_insert_default();
    if cell.text.starts_with("[{") {
        evidence.extend(parse_json::<Vec<Evidence>>(cell.text)?);
    } else if !cell.is_empty() {
        evidence.push(Evidence {
            title: None,
            text: cell.text.to_owned(),
        });
    }
    Ok(())
}

fn add_skills(draft: &mut Draft, cell: &mut Input) -> CellResult<()> {
    let skills = draft.skills.get_or_insert_default();
    if cell.text.starts_with("[{") || cell.text == NONE {
        skills.extend(parse_json::<Vec<WorkerSkill>>(cell.text)?);
        draft.has_no_skills = skills.is_empty();
        return Ok(());
    }
    let words = &cell.vocabulary().skills;
    for item in words.split(cell.text) {
        let (word, level) = split_level(&item);
        match words.recognize(word) {
            Ok(meaning) => {
                if meaning.confidence_ppm < 1_000_000 {
                    let (code, percent) = (meaning.code.clone(), meaning.confidence_ppm / 10_000);
                    let remark = Remark::new(
                        "guessed_skill",
                        format!("「{word}」を {code} として取り込みました（確信度{percent}%）。"),
                        format!("{word:?} was imported as {code} (confidence {percent}%)."),
                    );
                    cell.warnings.push(remark.suggesting(Some(code)));
                }
                add_skill(skills, &meaning.code, level.unwrap_or(DEFAULT_LEVEL));
            }
            Err(near) => {
                cell.warnings.push(unrecognized("unrecognized_skill", word, near));
                draft.unrecognized_skills.push(word.to_owned());
            }
        }
    }
    Ok(())
}

/// Adds a skill. If the list has it, the higher level counts.
pub fn add_skill(skills: &mut Vec<WorkerSkill>, code: &str, level: u8) {
    match skills.iter_mut().find(|skill| skill.skill == code) {
        Some(skill) => skill.level = skill.level.max(level),
        None => skills.push(WorkerSkill {
            skill: code.to_owned(),
            level,
        }),
    }
}

/// Splits a skill from its level: "編集(4)", "編集:4", "編集 上級".
fn split_level(item: &str) -> (&str, Option<u8>) {
    let bare = item.trim_end_matches(')');
    match bare.rsplit_once(['(', ':', ' ']) {
        Some((word, level)) if !word.trim().is_empty() => match parse_level(level) {
            Some(level) => (word.trim(), Some(level)),
            None => (item, None),
        },
        _ => (item, None),
    }
}

/// Parses the level of a skill, 1 to 5.
pub fn parse_level(text: &str) -> Option<u8> {
    match text.trim() {
        "初級" | "初心者" | "beginner" => Some(2),
        "中級" | "intermediate" => Some(3),
        "上級" | "得意" | "advanced" => Some(4),
        "講師" | "専門" | "expert" => Some(5),
        number => number
            .trim_start_matches("レベル")
            .parse()
            .ok()
            .filter(|level| (1..=5).contains(level)),
    }
}
