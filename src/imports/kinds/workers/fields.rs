//! The fields of a worker, and how each cell is put into a draft of the profile.

use crate::catalogue::{DayPart, Definition};
use crate::db::{Id, Instant};
use crate::imports::days::{self, Says};
use crate::imports::fields::{
    Input, check_record_id, date_note, field_table, ignore, imprecise, parse_code, parse_ids, parse_json,
    parse_moment,
};
use crate::imports::persons::{check_one, check_part};
use crate::imports::standing::{Standing, has_ended, leaves_later, not_yet_ended, standing};
use crate::imports::vocabulary::{confidence, guessed, unrecognized};
use crate::workers::person::without_title;
use crate::workers::{
    ConsentPurpose, Evidence, Experience, NewWorker, Personal, TrackRecord, WorkerSkill, WorkerStatus,
};
use chrono::NaiveDate;
use tables::Remark;
use tables::cells::dates::{Beside, CellDate, find_date};
use tables::cells::{CellResult, normalize, parse_boolean};
use text::fold;

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
    /// The e-mail address in the column of numbers, which counts if no column of addresses has one.
    pub address_beside: Option<String>,
    /// The address before the row, if it is known to be the worker's.
    pub verified_email: Option<String>,
}

/// What the cells of a row state about consent.
#[derive(Clone, Copy, PartialEq)]
pub enum ConsentAnswer {
    GivenOn(NaiveDate),
    /// Yes, without a date.
    Yes,
    /// Nothing is stated.
    Blank,
    /// What is stated can't be read, which is no consent, and takes none back either.
    Unread,
    /// What is stated leaves open whether there is a consent, and for all of it.
    Open,
    /// Refused or withdrawn.
    No,
}

impl ConsentAnswer {
    /// Puts together what two cells state, in whatever order: a refusal counts more than any consent, so does what leaves it open
    /// (未確認, 条件付き), and a day counts more than a yes.
    fn and(self, other: ConsentAnswer, cell: &mut Input) -> ConsentAnswer {
        use ConsentAnswer::{Blank, GivenOn, No, Open, Unread, Yes};
        match (self, other) {
            (Blank, one) | (one, Blank) => one,
            (Unread, one) | (one, Unread) => one,
            (No, No | Open) | (Open, No) => No,
            (No, _) | (_, No) => {
                cell.warnings.push(refused());
                No
            }
            (Open, _) | (_, Open) => Open,
            (GivenOn(first), GivenOn(second)) if first != second => {
                cell.warnings.push(another_day(first));
                self
            }
            (GivenOn(_), _) => self,
            (Yes, one) => one,
        }
    }
}

fn refused() -> Remark {
    Remark::new(
        "consent_refused",
        "同意を示す列と、不同意・撤回などを示す列があるため、同意なしとして取り込みました。",
        "One column states a consent and another one a refusal or a withdrawal, so no consent was recorded.",
    )
}

fn another_day(first: NaiveDate) -> Remark {
    Remark::new(
        "second_value",
        format!("同じ項目に「{first}」を取り込んだため、この値は使っていません。"),
        format!("This value isn't used, because \"{first}\" was imported for the same field."),
    )
}

field_table! { draft, cell: Draft;
    "record_id", "記録ID" => check_record_id(draft, cell)?;
    "source", "出所" => ignore(draft, cell);
    "merged_into", "統合先の記録ID" => ignore(draft, cell);
    "external_id", "ID"
        => draft.worker.external_id = cell.code();
    "name", "氏名"
        => {
            if !cell.is_stored {
                check_one(cell.text)?;
            }
            draft.personal.name = cell.person()?;
        };
    "family_name", "姓"
        => draft.family_name = part_of_name(cell)?;
    "given_name", "名"
        => draft.given_name = part_of_name(cell)?;
    "kana", "ふりがな"
        => draft.personal.kana = cell.kana()?;
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
        => draft.worker.remote = cell.online()?;
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
        => set_hours(draft, cell)?;
    "day_parts", "参加可能曜日"
        => add_day_parts(draft, cell)?;
    "available_from", "活動開始日"
        => draft.worker.available_from = cell.date()?;
    "available_until", "活動終了日"
        => draft.worker.available_until = cell.last_date()?;
    "capacity", "同時に参加できる数"
        => draft.worker.capacity = cell.at_least()?.unwrap_or(1);
    "open_load", "参加中の数"
        => draft.worker.open_load = cell.at_most()?.unwrap_or_default();
    "qualifications", "資格"
        => draft.worker.qualifications = (!cell.is_empty()).then(|| cell.qualifications());
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

/// Reads the family name or the given name of one person.
fn part_of_name(cell: &Input) -> CellResult<Option<String>> {
    if !cell.is_stored {
        check_part(cell.text)?;
        return Ok(cell.line().map(|part| without_title(&part)));
    }
    Ok(cell.line())
}

fn set_email(draft: &mut Draft, cell: &mut Input) {
    let email = cell.email();
    draft.personal.email_verified &= draft.personal.email == email;
    draft.personal.email = email;
}

fn set_phone(draft: &mut Draft, cell: &mut Input) -> CellResult<()> {
    // 連絡先 may be either.
    let (address, rest) = cell.address_apart();
    let has_address = address.is_some();
    draft.address_beside = address.or(draft.address_beside.take());
    let phone = match has_address {
        true => cell.phone_beside(&rest)?,
        false => cell.phone()?,
    };
    draft.personal.phone_verified &= draft.personal.phone == phone;
    draft.personal.phone = phone;
    Ok(())
}

/// Reads an answer, or the day on which the consent was given. What can't be read is no consent, and no refusal of the one
/// in another column.
fn set_consent(draft: &mut Draft, cell: &mut Input) -> CellResult<()> {
    let (stated, fault) = match answer(cell.text) {
        _ if cell.text.chars().all(|c| "-ー―".contains(c)) => (ConsentAnswer::Blank, None),
        Some(true) => (ConsentAnswer::Yes, None),
        Some(false) => (ConsentAnswer::No, None),
        None => day_of_consent(cell),
    };
    let both = draft.consent.map_or(stated, |before| before.and(stated, cell));
    draft.consent = Some(both);
    fault.map_or(Ok(()), Err)
}

/// Reads the day of a consent. The words beside it or in its place may say that it ended, or leave open whether it was given.
fn day_of_consent(cell: &mut Input) -> (ConsentAnswer, Option<Remark>) {
    let Ok(day) = find_date(cell.text) else {
        let stated = without_day(cell.text);
        let remark = match stated {
            ConsentAnswer::Unread => Remark::new(
                "invalid_consent",
                "同意した日として読み取れないため、この記載は使っていません。登録していた同意があれば、そのままです。2026-04-01 のように入力してください。",
                "This is no date, so it isn't used, and a consent that was recorded here stays. Write a date like 2026-04-01.",
            ),
            _ => Remark::new(
                "invalid_consent",
                "同意した日として読み取れないため、同意なしとして取り込みました。2026-04-01 のように入力してください。",
                "This is no date, so no consent was recorded. Write a date like 2026-04-01.",
            ),
        };
        return (stated, Some(remark));
    };
    let stated = match beside_consent(&day) {
        BesideConsent::Given => ConsentAnswer::GivenOn(day.date),
        BesideConsent::Unknown => {
            return (ConsentAnswer::Unread, Some(unknown_beside_consent(&day.words)));
        }
        BesideConsent::Open => ConsentAnswer::Open,
        BesideConsent::Ended => ConsentAnswer::No,
    };
    if !matches!(stated, ConsentAnswer::GivenOn(_)) {
        return (stated, Some(no_consent_with(&day.words)));
    }
    if !day.is_exact {
        cell.warnings.push(imprecise(day.date));
    }
    let says_it = |word: &str| answer(word) == Some(true) || word == "同意日";
    if day.says() == Beside::Other && !day.words.split(' ').all(says_it) {
        cell.warnings.push(date_note(&day.words));
    }
    (stated, None)
}

/// What the words beside the day of a consent say of it.
#[derive(PartialEq)]
enum BesideConsent {
    Given,
    /// Nobody knows the words.
    Unknown,
    /// Whether it was given, and for all of it, is open.
    Open,
    /// It was refused or taken back.
    Ended,
}

/// Words that refuse a consent or take it back; beside its day, those that end it; those that leave open whether it was given; and
/// those that only say how it was. With others, no consent is recorded, and the one before stays.
const REFUSED: &str = "撤回 取消 取り消 取下 取り下 不同意 非同意 同意せず 同意しない 同意しません 同意なし 拒否 辞退 退会 脱会 解除 解約 \
     しかね 致しかね 同意いたしません 同意致しません 同意できな 同意できませ 同意出来な 同意出来ませ 承諾しない 承諾しません 承諾せず 承諾できな 承諾できませ 断り 断る 断っ \
     withdr revoke refus declin";
const ENDED: &str = "失効 無効 破棄 抹消 削除 停止 中止 終了 満了 期限切 死亡 逝去";
const OPEN: &str = "未 予定 待 保留 後日 仮 見込 期限 まで のみ だけ 限 除 以外 条件";
const HOW: &str = "同意 承諾 了承 許諾 口頭 書面 文書 用紙 書類 電話 tel メール mail fax web ウェブ フォーム オンライン 郵送 窓口 来所 来庁 \
     面談 面接 対面 説明会 署名 サイン 押印 捺印 受領 受理 受付 取得 提出 記入 回収 本人 登録 申込 入会 更新 確認 済み 済 有り 有 あり ○ \
     による にて から より 書 日 時 で の を に 、 ・ / :";

/// What says in place of a day that there may be no consent.
const DENIED: &str = "× ✕ ✗ ✖ 無 なし ない せず ません いいえ 不 否 拒 断 離 失 消 \
     no not ng without reject cancel expire object opt";

fn has_word_of(text: &str, all: &str) -> bool {
    all.split_whitespace().any(|word| text.contains(word))
}

/// Reads an answer that is no day: 同意を撤回しました takes the consent back, 返事待ち leaves it open, and 電話連絡 says nothing of it.
fn without_day(text: &str) -> ConsentAnswer {
    let folded = fold(text);
    let has = |all: &str| has_word_of(&folded, all);
    if has("撤回なし 撤回無 撤回していな 不明") {
        return ConsentAnswer::Unread;
    }
    match has(REFUSED) {
        true => ConsentAnswer::No,
        false if has(ENDED) || has(OPEN) || has(DENIED) => ConsentAnswer::Open,
        false => ConsentAnswer::Unread,
    }
}

fn beside_consent(day: &CellDate) -> BesideConsent {
    let has = |all: &str| has_word_of(&day.words, all);
    let is_how = |word: &str| {
        let mut rest = word;
        while let Some(tail) = HOW.split_whitespace().find_map(|how| rest.strip_prefix(how)) {
            rest = tail;
        }
        rest.is_empty()
    };
    match day.says() {
        Beside::Nothing | Beside::Begin => BesideConsent::Given,
        _ if has(REFUSED) || has(ENDED) => BesideConsent::Ended,
        _ if day.words.split(' ').all(is_how) && !has(OPEN) => BesideConsent::Given,
        _ if has(OPEN) || has(DENIED) => BesideConsent::Open,
        _ => BesideConsent::Unknown,
    }
}

fn unknown_beside_consent(words: &str) -> Remark {
    let words: String = words.chars().take(80).collect();
    Remark::new(
        "invalid_consent",
        format!(
            "日付のそばに「{words}」とあるため、この記載は使っていません。登録していた同意があれば、そのままです。同意がある場合は、同意した日だけを入力してください。"
        ),
        format!(
            "{words:?} stands beside the day, so this isn't used, and a consent that was recorded here stays. If there is a new one, write only its day."
        ),
    )
}

fn no_consent_with(words: &str) -> Remark {
    let words: String = words.chars().take(80).collect();
    Remark::new(
        "invalid_consent",
        format!(
            "日付のそばに「{words}」とあるため、同意なしとして取り込みました。同意がある場合は、同意した日だけを入力してください。"
        ),
        format!(
            "{words:?} stands beside the day, so no consent was recorded. If there is one, write only its day."
        ),
    )
}

/// Returns whether a text gives a consent.
pub fn agrees(text: &str) -> bool {
    let is_given = |day: CellDate| beside_consent(&day) == BesideConsent::Given;
    answer(text) == Some(true) || find_date(text).is_ok_and(is_given)
}

/// Returns whether a text refuses one. A mere - states nothing.
pub fn declines(text: &str) -> bool {
    let is_said = text.chars().any(|c| c.is_alphanumeric() || "×✕✗✖".contains(c));
    let is_ended = || match find_date(text) {
        Ok(day) => beside_consent(&day) == BesideConsent::Ended,
        Err(_) => without_day(text) == ConsentAnswer::No,
    };
    is_said && answer(text).map_or_else(is_ended, |yes| !yes)
}

/// Reads whether somebody agrees. A form repeats what was ticked: 個人情報の取り扱いに同意します.
fn answer(text: &str) -> Option<bool> {
    const AGREES: [&str; 12] = [
        "同意する",
        "同意します",
        "同意しました",
        "同意いたします",
        "同意致します",
        "承諾する",
        "承諾します",
        "承諾いたします",
        "了承します",
        "了承しました",
        "i agree",
        "i consent",
    ];
    /// What somebody may agree to who doesn't agree to be matched.
    const OTHER: &str =
        "写真 肖像 撮影 映像 動画 掲載 配信 メルマガ ニュース アンケート 保険 photo newsletter";
    const YES: [&str; 18] = [
        "ok",
        "agree",
        "agreed",
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
        "取得済",
        "取得済み",
    ];
    const NO: [&str; 10] = [
        "",
        "不同意",
        "同意しない",
        "同意しません",
        "同意なし",
        "未同意",
        "撤回",
        "取消",
        "未提出",
        "未取得",
    ];
    let folded = fold(text);
    let (text, bare) = (folded.as_str(), folded.trim_end_matches(['。', '.']));
    let words = [REFUSED, ENDED, OPEN, DENIED, OTHER];
    // With a day, it is that of the consent.
    let leaves_open = || text.contains(char::is_numeric) || words.iter().any(|all| has_word_of(text, all));
    match parse_boolean(text) {
        Ok(answer) => Some(answer),
        Err(_) if YES.contains(&text) => Some(true),
        Err(_) if NO.contains(&text) => Some(false),
        Err(_) if AGREES.contains(&bare) => Some(true),
        Err(_) if AGREES.iter().any(|end| bare.ends_with(end)) && !leaves_open() => Some(true),
        Err(_) => None,
    }
}

/// Reads the status. Who may have left isn't proposed to anyone.
fn set_status(draft: &mut Draft, cell: &mut Input) -> CellResult<()> {
    draft.worker.status = WorkerStatus::Paused;
    match standing(cell.text) {
        _ if cell.is_empty() => draft.worker.status = WorkerStatus::Active,
        Some(Standing::Active) => draft.worker.status = WorkerStatus::Active,
        _ if leaves_later(cell.text, cell.context.today) => {
            draft.worker.status = WorkerStatus::Active;
            cell.warnings.push(not_yet_ended(cell.text));
        }
        Some(Standing::Paused) => {}
        Some(Standing::Ended) => cell.warnings.push(has_ended(cell.text)),
        None => {
            return Err(Remark::new(
                "invalid_status",
                "状態が読み取れないため、休止中としました。active（活動中）か paused（休止中）で入力してください。",
                "The status isn't known, so the worker is paused. Write active or paused.",
            ));
        }
    }
    Ok(())
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
    let cells = draft.day_parts.get_or_insert_default();
    if cell.is_empty() {
        draft.worker.day_parts = None;
        cells.push((Says::Nothing, Vec::new()));
        return Ok(());
    }
    let days = cell.days();
    cells.push(match &days {
        Ok(days) => (days.says, days.parts.clone()),
        Err(_) => (Says::Unread, Vec::new()),
    });
    days.map(drop)
}

/// Reads hours a week. 活動可能時間 may ask when somebody has time, too: 午前, 18時以降.
fn set_hours(draft: &mut Draft, cell: &mut Input) -> CellResult<()> {
    let unread = match cell.hours(true) {
        Ok(hours) => {
            draft.worker.hours_per_week = hours;
            return Ok(());
        }
        Err(unread) => unread,
    };
    let times = days::read(cell.text).ok().filter(|days| days.unknown.is_empty());
    let Some(times) = times.filter(|days| matches!(days.says, Says::Parts | Says::Both)) else {
        return Err(unread);
    };
    cell.warnings.push(as_times(cell.text));
    let cells = draft.day_parts.get_or_insert_default();
    cells.push((times.says, times.parts));
    Ok(())
}

/// Says of a number of hours that it is a time of day.
fn as_times(text: &str) -> Remark {
    let text: String = text.chars().take(80).collect();
    Remark::new(
        "inexact_day_parts",
        format!("「{text}」は時間数ではないため、参加できる時間帯として取り込みました。"),
        format!("{text:?} is no number of hours, so it was imported as the times of day that suit."),
    )
}

fn add_evidence(draft: &mut Draft, cell: &Input) -> CellResult<()> {
    let evidence = draft.evidence.get_or_insert_default();
    if cell.text.starts_with("[{") || cell.text == NONE {
        evidence.extend(parse_json::<Vec<Evidence>>(cell.written)?);
    } else if !cell.is_empty() {
        evidence.push(Evidence {
            title: None,
            text: cell.written.to_owned(),
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
    // A word that nobody knows is kept as text, as it is written.
    for written in words.split(cell.written) {
        let item = normalize(&written)?;
        let Some(bare) = cell.meant(words, &item, "unrecognized_skill") else {
            continue;
        };
        let (word, level) = split_level(bare);
        let level = level.or(cell.level);
        if cell.is_stored && words.is_code(word) {
            add_skill(skills, word, level.unwrap_or(DEFAULT_LEVEL));
            continue;
        }
        match words.recognize(word) {
            Ok(meaning) => {
                if meaning.confidence_ppm < 1_000_000 {
                    let (code, percent) = (meaning.code.clone(), meaning.confidence_ppm / 10_000);
                    let entry = cell.vocabulary().catalogue.skills.get(&code);
                    let how = confidence(percent);
                    cell.warnings.extend(entry.map(|entry| {
                        let names = entry.definition.names();
                        guessed("guessed_skill", word, &code, names, (&how.0, &how.1))
                    }));
                }
                add_skill(skills, &meaning.code, level.unwrap_or(DEFAULT_LEVEL));
            }
            Err(near) => {
                cell.warnings.push(unrecognized("unrecognized_skill", word, near));
                let kept = if word.len() < item.len() { word } else { &written };
                draft.unrecognized_skills.push(kept.to_owned());
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
        number => {
            let number = number.to_lowercase();
            let bare = ["レベル", "level", "lv.", "lv"]
                .iter()
                .find_map(|word| number.strip_prefix(word))
                .unwrap_or(&number);
            bare.trim().parse().ok().filter(|level| (1..=5).contains(level))
        }
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
