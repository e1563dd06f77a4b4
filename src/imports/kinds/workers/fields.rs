//! The fields of a worker, and how each cell is put into a draft of the profile.

use crate::catalogue::{DayPart, Definition};
use crate::db::{Id, Instant};
use crate::imports::days::Says;
use crate::imports::fields::{
    Input, check_record_id, field_table, ignore, parse_code, parse_ids, parse_json, parse_moment,
    unrecognized,
};
use crate::workers::{
    ConsentPurpose, Evidence, Experience, NewWorker, Personal, TrackRecord, WorkerSkill, WorkerStatus,
};
use chrono::NaiveDate;
use tables::Remark;
use tables::cells::dates::parse_date;
use tables::cells::{CellResult, parse_boolean};

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
    pub consent_given_at: Option<Instant>,
    pub skills: Option<Vec<WorkerSkill>>,
    /// Whether a cell states that there are no skills.
    pub has_no_skills: bool,
    pub unrecognized_skills: Vec<String>,
    /// What each cell about days says.
    pub day_parts: Option<Vec<(Says, Vec<DayPart>)>>,
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
    "record_id", "記録ID" => check_record_id(draft, cell)?;
    "source", "出所" => ignore(draft, cell);
    "merged_into", "統合先の記録ID" => ignore(draft, cell);
    "external_id", "ID"
        => draft.worker.external_id = cell.text();
    "name", "氏名"
        => draft.personal.name = cell.person();
    "family_name", "姓"
        => draft.family_name = cell.line();
    "given_name", "名"
        => draft.given_name = cell.line();
    "kana", "ふりがな"
        => draft.personal.kana = cell.line();
    "email", "メールアドレス"
        => set_email(draft, cell);
    "phone", "電話番号"
        => set_phone(draft, cell)?;
    "employer", "雇用主"
        => draft.personal.employer = cell.line();
    "alias", "呼び名"
        => draft.worker.alias = cell.line();
    "blocked_organization_ids", "避けたい団体の記録ID"
        => set_ids(&mut draft.worker.blocked_organization_ids, parse_ids(cell)?);
    "conflict_organization_ids", "利害関係のある団体の記録ID"
        => set_ids(&mut draft.worker.conflict_organization_ids, parse_ids(cell)?);
    "status", "状態"
        => set_status(draft, cell)?;
    "area", "区市町村"
        => draft.worker.area = cell.area()?;
    "travel_limit_km", "移動できる距離"
        => draft.worker.travel_limit_km = cell.at_least()?;
    "remote", "オンライン可"
        => draft.worker.remote = cell.boolean()?;
    "accepted_formats", "参加できる形式"
        => draft.worker.accepted_formats = cell.formats()?;
    "preferred_formats", "希望する形式"
        => draft.worker.preferred_formats = cell.formats()?;
    "roles", "役割"
        => draft.worker.roles = {
            let codes = cell.codes(&cell.vocabulary().roles, "unrecognized_role");
            (!cell.is_empty()).then_some(codes)
        };
    "skills", "スキル"
        => add_skills(draft, cell)?;
    "themes", "関心テーマ"
        => draft.worker.themes = {
            let codes = cell.codes(&cell.vocabulary().themes, "unrecognized_theme");
            (!cell.is_empty()).then_some(codes)
        };
    "hours_per_week", "週の時間"
        => draft.worker.hours_per_week = cell.hours(true)?;
    "day_parts", "参加可能曜日"
        => add_day_parts(draft, cell)?;
    "available_from", "活動開始日"
        => draft.worker.available_from = cell.date()?;
    "available_until", "活動終了日"
        => draft.worker.available_until = cell.date()?;
    "capacity", "同時に参加できる数"
        => draft.worker.capacity = cell.at_least()?.unwrap_or(1);
    "open_load", "参加中の数"
        => draft.worker.open_load = cell.at_most()?.unwrap_or_default();
    "qualifications", "資格"
        => draft.worker.qualifications = (!cell.is_empty()).then(|| cell.items(false));
    "experience", "支援実績の内訳"
        => draft.worker.experience = cell.parse(parse_json::<Vec<Experience>>)?;
    "completed", "完了した数"
        => {
            let count = cell.at_least()?;
            set_count(draft, count, |record| &mut record.completed);
        };
    "dropped", "辞退した数"
        => {
            let count = cell.at_most()?;
            set_count(draft, count, |record| &mut record.dropped);
        };
    "last_active_on", "最終活動日"
        => draft.worker.last_active_on = cell.date()?;
    "consent", "同意日"
        => set_consent(draft, cell)?;
    "consent_text_version", "同意した文面"
        => draft.consent_text_version = cell.text();
    "consent_purpose", "同意の目的"
        => draft.consent_purpose = cell.parse(parse_purpose)?;
    "consent_given_at", "同意日時"
        => draft.consent_given_at = cell.parse(parse_moment)?;
    "evidence", "自己紹介"
        => add_evidence(draft, cell)?;
    "email_verified", "メール確認済み"
        => draft.personal.email_verified = cell.boolean()?.unwrap_or_default();
    "phone_verified", "電話確認済み"
        => draft.personal.phone_verified = cell.boolean()?.unwrap_or_default();
}

fn set_email(draft: &mut Draft, cell: &mut Input) {
    let email = cell.email();
    draft.personal.email_verified &= draft.personal.email == email;
    draft.personal.email = email;
}

fn set_phone(draft: &mut Draft, cell: &mut Input) -> CellResult<()> {
    let phone = cell.phone()?;
    draft.personal.phone_verified &= draft.personal.phone == phone;
    draft.personal.phone = phone;
    Ok(())
}

/// Reads an answer, or the day on which the consent was given. What can't be read is no consent.
fn set_consent(draft: &mut Draft, cell: &mut Input) -> CellResult<()> {
    draft.consent = Some(ConsentAnswer::No);
    let answer = match (answer(cell.text), day_beside(cell.text)) {
        (Some(true), _) => ConsentAnswer::Yes,
        (Some(false), _) => ConsentAnswer::No,
        (None, Some(day)) => ConsentAnswer::GivenOn(day),
        (None, None) => match parse_date(cell.text) {
            Ok(_) => cell.date()?.map_or(ConsentAnswer::No, ConsentAnswer::GivenOn),
            Err(_) => {
                let (ja, en) = (
                    "同意した日として読み取れないため、同意なしとして取り込みました。2026-04-01 のように入力してください。",
                    "This is no date, so no consent was recorded. Write a date like 2026-04-01.",
                );
                return Err(Remark::new("invalid_consent", ja, en));
            }
        },
    };
    draft.consent = Some(answer);
    Ok(())
}

/// Reads whether somebody agrees.
fn answer(text: &str) -> Option<bool> {
    const YES: [&str; 16] = [
        "同意する",
        "同意します",
        "同意しました",
        "同意済",
        "同意済み",
        "同意あり",
        "承諾",
        "承諾済",
        "了承",
        "同意書あり",
        "同意書受領",
        "同意書受領済",
        "同意書提出",
        "同意書提出済",
        "受領",
        "提出済",
    ];
    const NO: [&str; 9] = [
        "",
        "不同意",
        "同意しない",
        "同意しません",
        "同意なし",
        "未同意",
        "撤回",
        "取消",
        "未提出",
    ];
    match parse_boolean(text) {
        Ok(answer) => Some(answer),
        Err(_) if YES.contains(&text) => Some(true),
        Err(_) if NO.contains(&text) => Some(false),
        Err(_) => None,
    }
}

/// Reads the day beside a yes: 有（R7.3.3）, 2026/4/1 同意書受領. There is none if anything else stands there.
fn day_beside(text: &str) -> Option<NaiveDate> {
    let is_between = |c: char| c.is_whitespace() || "()（）、,:".contains(c);
    let words = text.split(is_between).filter(|word| !word.is_empty());
    let (days, rest): (Vec<&str>, Vec<&str>) = words.partition(|word| parse_date(word).is_ok());
    let [day] = days[..] else { return None };
    let is_yes = rest
        .iter()
        .all(|word| answer(word) == Some(true) || *word == "同意日");
    let day = parse_date(day)
        .ok()
        .filter(|day| day.is_exact && is_yes && !rest.is_empty())?;
    Some(day.date)
}

/// Reads the status. Who may have left isn't proposed to anyone.
fn set_status(draft: &mut Draft, cell: &Input) -> CellResult<()> {
    draft.worker.status =
        parse_status(cell.text).inspect_err(|_| draft.worker.status = WorkerStatus::Paused)?;
    Ok(())
}

fn parse_status(text: &str) -> CellResult<WorkerStatus> {
    match text {
        "" | "active" | "活動中" | "登録中" | "登録" | "登録済" | "登録済み" | "有効" | "在籍" | "継続"
        | "現役" => Ok(WorkerStatus::Active),
        "paused" | "休止" | "休止中" | "休会" | "休会中" | "停止" | "停止中" | "退会" | "退会済" | "脱退"
        | "辞退" | "無効" => Ok(WorkerStatus::Paused),
        _ => Err(Remark::new(
            "invalid_status",
            "状態が読み取れないため、休止中としました。active（活動中）か paused（休止中）で入力してください。",
            "The status isn't known, so the worker is paused. Write active or paused.",
        )),
    }
}

fn set_count(draft: &mut Draft, count: Option<u16>, place: fn(&mut TrackRecord) -> &mut u16) {
    if count.is_some() || draft.worker.track_record.is_some() {
        let record = draft.worker.track_record.get_or_insert(TrackRecord {
            completed: 0,
            dropped: 0,
        });
        *place(record) = count.unwrap_or_default();
    }
}

fn add_day_parts(draft: &mut Draft, cell: &mut Input) -> CellResult<()> {
    if cell.is_empty() {
        draft.worker.day_parts = None;
    } else {
        let days = cell.days()?;
        draft
            .day_parts
            .get_or_insert_default()
            .push((days.says, days.parts));
    }
    Ok(())
}

fn add_evidence(draft: &mut Draft, cell: &Input) -> CellResult<()> {
    let evidence = draft.evidence.get_or_insert_default();
    if cell.text.starts_with("[{") || cell.text == NONE {
        evidence.extend(parse_json::<Vec<Evidence>>(cell.spelling())?);
    } else if !cell.is_empty() {
        evidence.push(Evidence {
            title: None,
            text: cell.spelling().to_owned(),
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
        if cell.stored.is_some() && words.is_code(word) {
            add_skill(skills, word, level.unwrap_or(DEFAULT_LEVEL));
            continue;
        }
        match words.recognize(word) {
            Ok(meaning) => {
                if meaning.confidence_ppm < 1_000_000 {
                    let (code, percent) = (meaning.code.clone(), meaning.confidence_ppm / 10_000);
                    let entry = cell.vocabulary().catalogue.skills.get(&code);
                    let name = entry.map_or(code.as_str(), |entry| entry.definition.names().ja.as_str());
                    let remark = Remark::new(
                        "guessed_skill",
                        format!("「{word}」を「{name}」（{code}）として取り込みました（確信度{percent}%）。"),
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

/// Sets the organizations that a worker is kept apart from. An empty cell leaves them as they are.
fn set_ids(ids: &mut Vec<Id>, found: Option<Vec<Id>>) {
    if let Some(found) = found {
        *ids = found;
    }
}

fn parse_purpose(text: &str) -> CellResult<ConsentPurpose> {
    match text {
        "マッチングと応募" | "マッチング" => Ok(ConsentPurpose::Matching),
        "応募のみ" | "応募" => Ok(ConsentPurpose::Applying),
        code => parse_code(code),
    }
}

/// What identifies a worker, and what keeps people apart who must not meet.
pub const NEEDED: &[&str] = &[
    "record_id",
    "external_id",
    "name",
    "family_name",
    "given_name",
    "blocked_organization_ids",
    "conflict_organization_ids",
];
