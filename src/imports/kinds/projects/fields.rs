//! The fields of a project, and how each cell is put into a draft.

use crate::db::{Id, Instant};
use crate::imports::engagements;
use crate::imports::fields::{
    Input, check_record_id, field_table, ignore, parse_code, parse_worded_json, parse_written_moment,
    without_repeats,
};
use crate::imports::kinds::applications::fields::{kept_here, parse_reason};
use crate::imports::kinds::deliverables::fields::{kept_year, parse_cancellation};
use crate::imports::vocabulary::unrecognized;
use crate::projects::{ProjectKind, ProjectReason, ProjectStatus, SupportKind};
use crate::values::Code;
use chrono::NaiveDate;
use serde::Deserialize;
use tables::Remark;
use tables::cells::{CellResult, split_items};

/// What a row says about a project, beside for whom and what it is. `None`: the row doesn't say.
#[derive(Default)]
pub struct Draft {
    pub kind: Option<ProjectKind>,
    pub title: Option<String>,
    /// Whether the title follows from what the work is, because the row has none.
    pub is_untitled: bool,
    pub area: Option<String>,
    pub status: Option<ProjectStatus>,
    pub reason: Option<ProjectReason>,
    pub message: Option<String>,
    pub starts_on: Option<NaiveDate>,
    pub ends_on: Option<NaiveDate>,
    pub delivered_on: Option<NaiveDate>,
    pub members: Vec<NamedMember>,
    /// Whether an own export tells of the team.
    pub is_exported_team: bool,
    /// How many members of such a team were erased.
    pub erased: usize,
    /// Since when the project has its status, and lacks somebody, of a project that comes back.
    pub status_since: Option<Instant>,
    pub vacant_since: Option<Instant>,
    pub needs: Option<String>,
    pub supports: Vec<SupportKind>,
    pub outcome: Option<String>,
    pub advisors: Vec<String>,
    /// That of an accompaniment that comes back.
    pub fiscal_year: Option<i32>,
    /// The fiscal year that a list of past accompaniments states instead of days.
    pub year: Option<i32>,
}

/// Somebody in a team, as a row names them.
pub struct NamedMember {
    pub who: Who,
    pub role: Option<Code>,
    pub joined_at: Option<Instant>,
    /// What an own export tells beside: by which application they came, and when and why they left.
    pub application: Option<Id>,
    pub left: Option<(Instant, Option<String>)>,
}

pub enum Who {
    Record(Id),
    /// The id in the source, or the name.
    Words(String),
}

field_table! { draft, cell: Draft;
    "record_id", "記録ID" => check_record_id(draft, cell)?;
    // These name the record, the organization and the deliverable's type, which are looked up.
    "source", "出所" => ignore(draft, cell);
    "external_id", "ID" => ignore(draft, cell);
    "organization", "団体名" => ignore(draft, cell);
    "organization_external_id", "団体ID" => ignore(draft, cell);
    "organization_area", "団体の区市町村" => ignore(draft, cell);
    "organization_id", "団体の記録ID" => check_record_id(draft, cell)?;
    "type", "支援内容" => ignore(draft, cell);
    "kind", "区分"
        => draft.kind = cell.parse(parse_kind)?;
    "title", "件名"
        => draft.title = cell.line();
    "area", "区市町村"
        => draft.area = cell.area()?;
    "status", "状態"
        => draft.status = cell.state(parse_status)?;
    "starts_on", "開始日"
        => draft.starts_on = cell.date()?;
    "delivered_on", "納品日"
        => draft.delivered_on = past_day(cell)?;
    "ends_on", "終了予定日"
        => draft.ends_on = cell.last_date()?;
    "members", "メンバー"
        => members(cell, draft)?;
    "reason", "中止の理由"
        => draft.reason = cell.parse(parse_cancellation)?;
    "message", "終了時のメッセージ"
        => draft.message = cell.text();
    "needs", "伴走支援のニーズ"
        => draft.needs = cell.text();
    "supports", "伴走支援の内容"
        => draft.supports = supports(cell)?;
    "outcome", "伴走支援の成果"
        => draft.outcome = cell.text();
    "advisors", "アドバイザー"
        => draft.advisors = bounded(cell.items(), MOST_ITEMS)?;
    "fiscal_year", "年度"
        => match engagements::fiscal_year(cell.text).filter(|_| !cell.is_stored) {
            Some(year) => draft.year = Some(year),
            None => draft.fiscal_year = kept_year(cell)?,
        };
    "status_since", "状態の開始日時"
        => draft.status_since = kept_moment(cell)?;
    "vacant_since", "欠員の発生日時"
        => draft.vacant_since = kept_moment(cell)?;
}

/// Reads when something happened to a project that comes back. Musubi keeps that itself.
fn kept_moment(cell: &Input) -> CellResult<Option<Instant>> {
    if !cell.is_stored && !cell.is_empty() {
        return Err(kept_here());
    }
    cell.parse(parse_written_moment)
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

/// The most items of a cell: names are looked up while a row is written, and others wait.
const MOST_ITEMS: usize = 50;

/// Returns the items of a cell, unless there are too many.
fn bounded<T>(items: Vec<T>, most: usize) -> CellResult<Vec<T>> {
    match items.len() <= most {
        true => Ok(items),
        false => Err(Remark::new(
            "too_many_members",
            format!("1つのセルに書けるのは{most}件までです。"),
            format!("A cell can have at most {most} items."),
        )),
    }
}

/// A member in Musubi's own exports.
#[derive(Deserialize)]
struct ExportedMember {
    application_id: Option<Id>,
    worker_id: Option<Id>,
    role: Code,
    joined_at: Instant,
    left_at: Option<Instant>,
    reason: Option<String>,
}

/// The most members of an own export, with all who have left.
const MOST_EXPORTED: usize = 1000;

/// Reads members: those of an export, or names with roles (山田 花子（デザイナー）, デザイナー：山田 花子). Who was erased is nobody
/// whom a list can add.
fn members(cell: &mut Input, draft: &mut Draft) -> CellResult<()> {
    if cell.text.starts_with('[') {
        let all: Vec<ExportedMember> =
            bounded(parse_worded_json(cell.written, cell.vocabulary())?, MOST_EXPORTED)?;
        draft.is_exported_team = true;
        for one in all {
            let Some(worker) = one.worker_id else {
                draft.erased += 1;
                continue;
            };
            draft.members.push(NamedMember {
                who: Who::Record(worker),
                role: Some(one.role),
                joined_at: Some(one.joined_at),
                application: one.application_id,
                left: one.left_at.map(|at| (at, one.reason.as_deref().map(reason_code))),
            });
        }
        return Ok(());
    }
    let items = bounded(split_items(cell.text, &|_| true), MOST_ITEMS)?;
    let named: Vec<&str> = items.iter().map(|item| without_count(item)).collect();
    if named.iter().zip(&items).any(|(named, item)| named != item) {
        cell.warnings.push(unnamed_members(cell.text));
    }
    let named = named.into_iter().filter(|item| !item.is_empty());
    for item in named {
        draft.members.push(member(cell, item)?);
    }
    Ok(())
}

/// Returns the code of why somebody left, which stands as its word under Japanese headings.
fn reason_code(word: &str) -> String {
    parse_reason(word).map_or_else(|_| word.to_owned(), |reason| reason.code().to_owned())
}

/// Returns an item without how many more there are: 鈴木 他3名, 5名.
fn without_count(item: &str) -> &str {
    const OTHERS: [&str; 7] = ["ほか", "他に", "他", "外", "計", "全", "約"];
    let bracket = item.strip_suffix(')').and_then(|item| item.rsplit_once('('));
    if let Some((name, note)) = bracket {
        let is_count = !note.is_empty() && without_count(note).is_empty();
        return if is_count { name.trim_end() } else { item };
    }
    let units = ["名程度", "人程度", "名", "人"].iter();
    let Some(rest) = units.filter_map(|unit| item.strip_suffix(unit)).next() else {
        return item;
    };
    let before = rest.trim_end_matches(|c: char| c.is_ascii_digit());
    if before.len() == rest.len() {
        return item;
    }
    let before = before.trim_end();
    let name = OTHERS.iter().find_map(|others| before.strip_suffix(others));
    match name {
        Some(name) => name.trim_end(),
        None if before.is_empty() => "",
        None => item,
    }
}

fn unnamed_members(cell: &str) -> Remark {
    let cell: String = cell.chars().take(80).collect();
    Remark::new(
        "unnamed_members",
        format!(
            "「{cell}」のうち、名前のある人だけを取り込みました。残りの人は、名前を書いて取り込み直してください。"
        ),
        format!(
            "Of {cell:?}, only those with a name were imported. Write the names of the others and import again."
        ),
    )
}

fn member(cell: &Input, item: &str) -> CellResult<NamedMember> {
    const BRACKETS: [char; 4] = ['(', ')', '（', '）'];
    let mut parts = match item.contains(BRACKETS) {
        true => item.split(BRACKETS),
        false => return named(cell, item.split_once([':', '：']), item),
    };
    let (name, role) = (parts.next().unwrap_or_default(), parts.next());
    named(cell, role.map(|role| (role, name)), item)
}

/// Returns a member with a role. Of `デザイナー：山田` and `山田：デザイナー`, the role is the part that is one.
fn named(cell: &Input, role_and_name: Option<(&str, &str)>, item: &str) -> CellResult<NamedMember> {
    let words = &cell.vocabulary().roles;
    let Some((role, name)) = role_and_name.map(|(role, name)| (role.trim(), name.trim())) else {
        return Ok(NamedMember {
            who: who(item),
            role: None,
            joined_at: None,
            application: None,
            left: None,
        });
    };
    let found = match words.recognize(role) {
        Ok(meaning) => Ok((meaning, name)),
        Err(near) => match words.recognize(name) {
            Ok(meaning) => Ok((meaning, role)),
            Err(_) => Err(unrecognized("unrecognized_role", role, near)),
        },
    };
    let (meaning, name) = found?;
    Ok(NamedMember {
        who: who(name),
        role: Some(meaning.code.into()),
        joined_at: None,
        application: None,
        left: None,
    })
}

fn who(words: &str) -> Who {
    let words = words.trim();
    words
        .parse()
        .map_or_else(|_| Who::Words(words.to_owned()), |id| Who::Record(Id(id)))
}

fn parse_kind(text: &str) -> CellResult<ProjectKind> {
    match text {
        "支援内容" | "成果物" | "プロジェクト" | "プロボノ" | "プロジェクト型支援" => {
            Ok(ProjectKind::Deliverable)
        }
        "伴走支援" | "伴走" | "アドバイザー派遣" => Ok(ProjectKind::Accompaniment),
        code => parse_code(code),
    }
}

/// Returns whether the kind of support that a row names is no deliverable.
pub fn is_accompaniment_word(word: &str) -> bool {
    matches!(parse_kind(word), Ok(ProjectKind::Accompaniment))
}

fn parse_status(text: &str) -> CellResult<ProjectStatus> {
    use ProjectStatus::*;
    match text {
        "準備中" | "予定" | "開始前" | "未着手" | "チーム決定" | "成立" => Ok(Planned),
        "進捗中" | "進行中" | "実施中" | "支援中" | "活動中" | "継続中" => Ok(InProgress),
        "納品済み" | "納品済" | "納品" | "成果物納品" | "提出済" | "提出済み" => {
            Ok(Delivered)
        }
        "完了" | "終了" | "修了" | "引き継ぎ済み" | "引継済" => Ok(Closed),
        "中止" | "取りやめ" | "打ち切り" | "キャンセル" | "取り下げ" | "取下げ" => {
            Ok(Cancelled)
        }
        code => parse_code(code),
    }
}

fn supports(cell: &Input) -> CellResult<Vec<SupportKind>> {
    let items = split_items(cell.text, &|item| {
        item == "相談・助言" || item == "企画・計画" || item == "研修・講座"
    });
    let kinds = bounded(items, MOST_ITEMS)?
        .iter()
        .map(|item| parse_support(item))
        .collect::<CellResult<_>>()?;
    Ok(without_repeats(kinds))
}

/// Returns the kinds of support that a description names.
pub fn supports_in(text: &str) -> Vec<SupportKind> {
    let named = [
        (SupportKind::Workshop, "ワークショップ"),
        (SupportKind::Training, "ゼミ"),
        (SupportKind::Training, "研修"),
        (SupportKind::Training, "勉強会"),
        (SupportKind::Survey, "アンケート"),
        (SupportKind::Survey, "ヒアリング"),
        (SupportKind::Planning, "プラン"),
        (SupportKind::Planning, "方針"),
        (SupportKind::Networking, "意見交換"),
    ];
    let found = named.into_iter().filter(|(_, word)| text.contains(word));
    without_repeats(found.map(|(kind, _)| kind).collect())
}

fn parse_support(text: &str) -> CellResult<SupportKind> {
    use SupportKind::*;
    match text {
        "相談・助言" | "相談" | "助言" | "訪問相談" => Ok(Consultation),
        "ワークショップ" => Ok(Workshop),
        "研修・講座" | "研修" | "講座" | "講演" => Ok(Training),
        "地域の調査" | "調査" => Ok(Survey),
        "企画・計画" | "企画" | "計画" => Ok(Planning),
        "団体同士の橋渡し" | "橋渡し" | "ネットワークづくり" => Ok(Networking),
        "その他" => Ok(Other),
        code => parse_code(code),
    }
}

/// What says which project it is, for whom, who is in it, and how far it has come.
pub const NEEDED: &[&str] = &[
    "record_id",
    "external_id",
    "organization",
    "organization_external_id",
    "organization_id",
    "title",
    "kind",
    "status",
    "members",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_more_there_are_is_nobody() {
        for (item, name) in [
            ("鈴木 他3名", "鈴木"),
            ("鈴木ほか3名", "鈴木"),
            ("鈴木外2人", "鈴木"),
            ("鈴木 花子(他2名)", "鈴木 花子"),
            ("他3名", ""),
            ("5名", ""),
            ("約10名程度", ""),
            ("計4人", ""),
            ("鈴木 花子", "鈴木 花子"),
            ("鈴木 花子(デザイナー)", "鈴木 花子(デザイナー)"),
            ("S-12", "S-12"),
            ("5", "5"),
            ("本名", "本名"),
            ("名", "名"),
        ] {
            assert_eq!(without_count(item), name, "{item}");
        }
    }
}
