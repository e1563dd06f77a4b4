//! Whether a person or a group is still there, as lists say it: 活動中, 休会中, R5.3.31をもって解散.

use chrono::NaiveDate;
use tables::Remark;
use tables::cells::dates::parse_date;
use text::fold;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Active,
    /// May come back.
    Paused,
    /// Has gone for good.
    Ended,
}

const WORDS: [(Standing, &[&str]); 3] = [
    (
        Standing::Active,
        &[
            "活動",
            "登録",
            "有効",
            "在籍",
            "継続",
            "現役",
            "稼働",
            "存続",
            "現存",
            "再開",
            "活動再開",
            "復帰",
            "復会",
            "active",
        ],
    ),
    (
        Standing::Paused,
        &[
            "休止",
            "活動休止",
            "一時休止",
            "休会",
            "停止",
            "活動停止",
            "休眠",
            "休業",
            "休部",
            "非現役",
            "非在籍",
            "非活動",
            "紹介不可",
            "無効",
            "中断",
            "活動中断",
            "活動休会",
            "活動していない",
            "活動していません",
            "inactive",
            "paused",
            "suspended",
        ],
    ),
    (
        Standing::Ended,
        &[
            "解散",
            "団体解散",
            "廃止",
            "閉鎖",
            "閉会",
            "廃業",
            "廃部",
            "退会",
            "脱退",
            "退団",
            "抹消",
            "削除",
            "清算中",
            "清算結了",
            "解散手続",
            "解散手続き",
            "みなし解散",
            "合併解散",
            "合併により解散",
            "合併消滅",
            "破産",
            "認証取消",
            "認証取り消し",
            "認証取消し",
            "認証の取消",
            "設立認証取消",
            "登録抹消",
            "登録取消",
            "登録取り消し",
            "登録取消し",
            "登録廃止",
            "登録解除",
            "除籍",
            "除名",
            "消滅",
            "終了",
            "活動終了",
            "閉店",
            "閉所",
            "閉園",
            "辞退",
            "死亡",
            "死去",
            "逝去",
            "物故",
            "故人",
            "脱会",
            "お断り",
            "ob",
            "og",
            "obog",
            "dissolved",
            "closed",
            "withdrawn",
            "left",
        ],
    ),
];

/// Returns what a text says, if it says nothing else but a day: 退会（R6.3）.
pub fn standing(text: &str) -> Option<Standing> {
    const LONGEST: usize = 120;
    // Of 平成30年度末, the 年 belongs to the day.
    const BEFORE: [&str; 16] = [
        "以下",
        "ここから",
        "これより",
        "令和",
        "平成",
        "昭和",
        "度末",
        "度",
        "末",
        "で",
        "に",
        "をもって",
        "により",
        "にて",
        "付け",
        "付",
    ];
    const AFTER: [&str; 11] = [
        "しました",
        "しています",
        "している",
        "した",
        "済み",
        "済",
        "中",
        "です",
        "となる",
        "とする",
        "。",
    ];
    /// What takes an end back.
    const TAKEN_BACK: [&str; 11] = [
        "取消",
        "取消し",
        "取り消し",
        "取下",
        "取下げ",
        "取り下げ",
        "撤回",
        "キャンセル",
        "中止",
        "cancelled",
        "canceled",
    ];
    const WHOSE: [&str; 13] = [
        "分",
        "の団体一覧",
        "の団体",
        "団体一覧",
        "団体",
        "グループ",
        "の方",
        "会員",
        "者一覧",
        "者名簿",
        "者",
        "の部",
        "一覧",
    ];
    let is_of_day =
        |c: char| c.is_numeric() || c.is_whitespace() || "()[]【】.-/年月日、,。:~〜・元".contains(c);
    if text.len() > LONGEST {
        return None;
    }
    let folded = fold(text);
    let letters: String = folded.chars().filter(|c| !is_of_day(*c)).collect();
    let known = |word: &str| {
        let all = WORDS.iter().find(|(_, words)| words.contains(&word));
        all.map(|(standing, _)| *standing)
    };
    let mut rest = letters.as_str();
    while let Some(tail) = BEFORE.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = tail;
    }
    // R5.3.31解散, 休会中（R6.4〜）
    const ERAS: [char; 3] = ['r', 'h', 's'];
    let era = rest.strip_prefix(ERAS).or_else(|| rest.strip_suffix(ERAS));
    let rest = era.filter(|word| !word.is_ascii()).unwrap_or(rest);
    let rest = BEFORE
        .iter()
        .find_map(|word| rest.strip_prefix(word))
        .unwrap_or(rest);
    let plain = |word: &str| {
        let bare = || AFTER.iter().find_map(|end| word.strip_suffix(end));
        known(word).or_else(|| known(bare()?))
    };
    // 退会（取消）, 退会届を撤回: still there. 登録取消 takes back no end.
    let taken_back = || {
        let bare = AFTER.iter().find_map(|end| rest.strip_suffix(end));
        let end = TAKEN_BACK
            .iter()
            .find_map(|word| bare.unwrap_or(rest).strip_suffix(word))?;
        let end = ["の", "を", "は"]
            .iter()
            .find_map(|word| end.strip_suffix(word))
            .unwrap_or(end);
        let end = ["届", "届出", "申出"]
            .iter()
            .find_map(|word| end.strip_suffix(word))
            .unwrap_or(end);
        let end = end.strip_suffix('r').unwrap_or(end);
        plain(end).filter(|standing| *standing != Standing::Active)
    };
    let whose = || WHOSE.iter().find_map(|end| rest.strip_suffix(end));
    plain(rest)
        .or_else(|| taken_back().map(|_| Standing::Active))
        .or_else(|| plain(whose()?))
}

/// Returns whether a text says that somebody goes on a day that hasn't come: 2099年3月退会予定, R99.3.31をもって解散. Without a
/// day, who will leave may have left.
pub fn leaves_later(text: &str, today: NaiveDate) -> bool {
    standing(&unplanned(text)) == Some(Standing::Ended) && last_day_in(text).is_some_and(|day| day > today)
}

/// Returns a text without its word for a plan: 2099年3月退会（予定）, 解散予定（R9.3）.
pub fn unplanned(text: &str) -> String {
    let plans = ["する予定", "の予定", "予定"];
    plans
        .iter()
        .fold(text.to_owned(), |text, plan| text.replacen(plan, "", 1))
}

/// Returns what a text says of a group by this day. Of a plan, its day counts: 解散予定 without one lies ahead.
pub fn standing_of_group(text: &str, today: NaiveDate) -> Option<Standing> {
    if leaves_later(text, today) {
        return Some(Standing::Active);
    }
    standing(text).or_else(|| {
        let planned = standing(&unplanned(text))?;
        let is_over = last_day_in(text).is_some_and(|day| day <= today);
        Some(if is_over { planned } else { Standing::Active })
    })
}

/// Returns the last day that the first date of a text may mean.
fn last_day_in(text: &str) -> Option<NaiveDate> {
    let is_part = |c: char| c.is_ascii_digit() || "rhs令和平成昭元年月日度./-".contains(c);
    let folded = fold(text);
    let pieces = folded
        .split(|c: char| !is_part(c))
        .map(|piece| piece.trim_end_matches(['.', '/', '-']));
    let mut days = pieces.filter(|piece| piece.chars().any(|c| c.is_ascii_digit()));
    days.find_map(|piece| parse_date(piece).ok()).map(|day| day.last)
}

/// Returns the words of a line that say it of the rows below: 休止者, ■休止中の団体（3団体）, 【解散】.
pub fn of_line(line: &str) -> Option<&str> {
    let bare = line.trim_matches(|c: char| !c.is_alphanumeric());
    let bare = bare.split(['(', '（', ' ', '\u{3000}', ':', '：']).next()?;
    let bare = bare.trim_end_matches(|c: char| c.is_numeric() || "名件人".contains(c));
    standing(bare).map(|_| bare)
}

/// Returns the words of a sheet's name or of a title that say of all rows that they pause or have gone: 退会者, R7退会,
/// ボランティア退会者名簿, 退会者・休会者. What names others too says nothing: 登録者・退会者名簿, 退会者を除く.
pub fn of_list(title: &str) -> Option<&str> {
    /// What says that it is about others, too.
    const OTHERS: [&str; 7] = ["除", "含", "以外", "入会", "新規", "加入", "入退会"];
    /// What has another word of those in it.
    const APART: [&str; 3] = ["除籍", "除名", "解除"];
    let is_between = |c: char| c.is_whitespace() || "()（）[]【】「」_-■●◆".contains(c);
    let is_joint = |c: char| "・、/／".contains(c);
    let rest = APART
        .iter()
        .fold(title.to_owned(), |rest, word| rest.replace(word, ""));
    if OTHERS.iter().any(|word| rest.contains(word)) {
        return None;
    }
    let mut found = None;
    for joined in title.split(is_between) {
        let (mut gone, mut has_others) = (None, false);
        let parts = joined.split(is_joint);
        for part in parts.filter(|part| part.chars().any(char::is_alphabetic)) {
            match of_part(part) {
                Some((Standing::Active, _)) => return None,
                Some((_, words)) => gone = gone.or(Some(words)),
                None => has_others = true,
            }
        }
        if gone.is_some() && has_others {
            return None;
        }
        found = found.or(gone);
    }
    found
}

/// Returns what a part of a title says, with its words. Those of 終了者 have finished a course.
fn of_part<'t>(part: &'t str) -> Option<(Standing, &'t str)> {
    const ENDS: [&str; 9] = [
        "名簿",
        "一覧",
        "リスト",
        "台帳",
        "団体",
        "会員",
        "グループ",
        "者",
        "分",
    ];
    if is_of_course(part) {
        return None;
    }
    let mut stem = part;
    while let Some(rest) = ENDS.iter().find_map(|end| stem.strip_suffix(end)) {
        stem = rest;
    }
    let said = |words: &'t str| standing(words).map(|standing| (standing, words));
    let at_end = || gone_at_end(stem).and_then(said);
    said(part).or_else(|| said(stem)).or_else(at_end)
}

fn is_of_course(text: &str) -> bool {
    text.contains("終了") && !text.contains("活動終了")
}

/// Returns whether words that say who has gone only mean former members: a group of them may be there still.
pub fn is_of_alumni(words: &str) -> bool {
    let folded = fold(words);
    folded.contains("ob") || folded.contains("og")
}

/// Returns the words of a title of those who pause or have gone. A legend is none: 退会：赤字.
pub fn of_title(line: &str) -> Option<&str> {
    const LISTS: [&str; 5] = ["名簿", "一覧", "リスト", "台帳", "の部"];
    let is_legend = line.contains([':', '：', '=', '＝', '→']) || line.starts_with(['※', '＊', '*', '注']);
    let is_list = LISTS.iter().any(|word| line.contains(word));
    match is_list {
        _ if is_legend => None,
        true => of_list(line),
        false => {
            of_line(line).filter(|words| standing(words) != Some(Standing::Active) && !is_of_course(words))
        }
    }
}

/// Returns the word with which a text ends, if it says that somebody is gone: 退会 of ボランティア退会.
fn gone_at_end(text: &str) -> Option<&str> {
    const WORDS: [&str; 10] = [
        "退会",
        "脱会",
        "退団",
        "解散",
        "物故",
        "休会",
        "休止",
        "抹消",
        "除籍",
        "お断り",
    ];
    /// What says that it is about others, or about them too.
    const OTHERS: [&str; 12] = [
        "を", "は", "が", "除", "含", "以外", "未", "非", "登録", "現役", "活動", "在籍",
    ];
    let word = WORDS.iter().find(|word| text.ends_with(**word))?;
    let (before, word) = text.split_at_checked(text.len() - word.len())?;
    let names_others = OTHERS.iter().any(|other| before.contains(other));
    (!names_others).then_some(word)
}

/// What the heading of a column says that has something only for those who have gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// 退会 of 退会日, 解散 of 解散情報.
    pub word: &'static str,
    /// Whether the column has days.
    pub is_day: bool,
    /// Whether it has fiscal years, which end in March.
    pub is_fiscal_year: bool,
}

/// Returns what a heading says of those who have gone. It says nothing else: 解散時の財産 and 臨時閉鎖日 are no such headings.
pub fn of_ending(heading: &str) -> Option<Ending> {
    const OF: [&str; 5] = ["登録", "会員", "団体", "活動", "ボランティア"];
    const WORDS: [&str; 23] = [
        "登録抹消",
        "登録取消",
        "登録解除",
        "登録廃止",
        "認証取消",
        "清算結了",
        "廃止",
        "廃業",
        "閉会",
        "閉所",
        "閉店",
        "休止",
        "休会",
        "退会",
        "脱会",
        "退団",
        "脱退",
        "解散",
        "閉鎖",
        "除籍",
        "死亡",
        "逝去",
        "物故",
    ];
    const DAYS: [&str; 2] = ["年月日", "日"];
    const ENDS: [&str; 7] = ["情報", "理由", "事由", "時期", "年度", "年月", "届"];
    let folded = fold(heading);
    let whole = folded.trim();
    let bare = OF.iter().find_map(|of| whole.strip_prefix(of));
    let all = [Some(whole), bare];
    let ending = |text: &str, word: &'static str| {
        let end = text.strip_prefix(word)?;
        let is_day = DAYS.contains(&end);
        (is_day || ENDS.contains(&end)).then_some(Ending {
            word,
            is_day,
            is_fiscal_year: end == "年度",
        })
    };
    let mut texts = all.into_iter().flatten();
    texts.find_map(|text| WORDS.into_iter().find_map(|word| ending(text, word)))
}

/// Says that somebody goes later, so that they are still there.
pub fn not_yet_ended(text: &str) -> Remark {
    let text: String = text.chars().take(80).collect();
    Remark::new(
        "not_yet_ended",
        format!(
            "「{text}」はこれからのことなので、休止中にはしていません。その日を過ぎたら、もう一度取り込むか、状態を変更してください。"
        ),
        format!(
            "{text:?} lies ahead, so the record isn't paused. After that day, import the list again or change the status."
        ),
    )
}

/// What the heading of a column of marks says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// A mark is of those who have gone, which these words say: 退会 ○.
    Gone(&'static str),
    /// A refusal is: 現役 ×.
    Here(&'static str),
    /// The cells have words, among others those of a state: 登録区分 退会.
    Words,
}

/// Returns what a heading says that is no more than such a word: 退会, 休止中, 退会フラグ, 現役, 区分.
pub fn of_flag(heading: &str) -> Option<Flag> {
    const OF: [&str; 5] = ["登録", "会員", "団体", "活動", "ボランティア"];
    const GONE: [(&str, &str); 20] = [
        ("退会", "退会"),
        ("脱会", "脱会"),
        ("退団", "退団"),
        ("脱退", "脱退"),
        ("休会", "休会"),
        ("休止", "休止"),
        ("休眠", "休眠"),
        ("抹消", "抹消"),
        ("登録取消", "登録取消"),
        ("登録解除", "登録解除"),
        ("除籍", "除籍"),
        ("解散", "解散"),
        ("廃止", "廃止"),
        ("閉会", "閉会"),
        ("認証取消", "認証取消"),
        ("閉鎖", "閉鎖"),
        ("死亡", "死亡"),
        ("逝去", "逝去"),
        ("物故", "物故"),
        ("削除", "削除"),
    ];
    const HERE: [(&str, &str); 7] = [
        ("現役", "非現役"),
        ("在籍", "非在籍"),
        ("在籍中", "非在籍"),
        ("活動中", "非活動"),
        ("有効", "無効"),
        ("紹介可否", "紹介不可"),
        ("紹介可", "紹介不可"),
    ];
    const WORDS: [&str; 9] = [
        "区分",
        "登録区分",
        "会員区分",
        "在籍区分",
        "種別",
        "登録種別",
        "会員種別",
        "会員種類",
        "ボランティア区分",
    ];
    const ENDS: [&str; 9] = [
        "",
        "フラグ",
        "済",
        "済み",
        "済フラグ",
        "者",
        "中",
        "の有無",
        "有無",
    ];
    let folded = fold(heading);
    let whole = folded.trim();
    let bare = OF.iter().find_map(|of| whole.strip_prefix(of));
    let gone = |text: &str| {
        let found = GONE.iter().find(|(word, _)| {
            let end = text.strip_prefix(word);
            end.is_some_and(|end| ENDS.contains(&end))
        });
        found.map(|(_, words)| Flag::Gone(words))
    };
    let here = || {
        let text = whole.strip_suffix("フラグ").unwrap_or(whole);
        let found = HERE.iter().find(|(word, _)| *word == text);
        found.map(|(_, words)| Flag::Here(words))
    };
    let words = || WORDS.contains(&whole).then_some(Flag::Words);
    gone(whole).or_else(|| gone(bare?)).or_else(here).or_else(words)
}

/// Says that somebody who has gone is kept as one who pauses.
pub fn has_ended(text: &str) -> Remark {
    let text: String = text.chars().take(80).collect();
    Remark::new(
        "has_ended",
        format!(
            "「{text}」とあるため、休止中として取り込みました。もう残す必要がなければ、記録を保管または削除してください。"
        ),
        format!(
            "Because of {text:?}, the status is that of a pause. If the record is no longer needed, archive or delete it."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_say_who_is_still_there() {
        use Standing::*;
        for (text, expected) in [
            ("活動中", Some(Active)),
            ("休止", Some(Paused)),
            ("休会中（R6.4〜）", Some(Paused)),
            ("R5.3.31解散", Some(Ended)),
            ("令和5年3月31日をもって解散しました", Some(Ended)),
            ("平成30年度末廃止", Some(Ended)),
            ("令和4年度をもって解散", Some(Ended)),
            ("退会（R6.3）", Some(Ended)),
            ("r members", None),
            ("退会済み", Some(Ended)),
            ("物故", Some(Ended)),
            ("R7退会", Some(Ended)),
            ("退会（R6.3.31）", Some(Ended)),
            ("退会予定", None),
            ("解散した団体の代わり", None),
            ("認証取消", Some(Ended)),
            ("登録取消", Some(Ended)),
            ("登録取消し", Some(Ended)),
            ("入会取消", None),
            ("退会（取消）", Some(Active)),
            ("退会取り消し", Some(Active)),
            ("退会を取消しました", Some(Active)),
            ("退会届の取下げ", Some(Active)),
            ("退会（R6.3.31 取消）", Some(Active)),
            ("休会（撤回）", Some(Active)),
            ("登録抹消の取消", Some(Active)),
            ("Left (cancelled)", Some(Active)),
            ("清算中", Some(Ended)),
            ("活動終了", Some(Ended)),
            ("解散手続き中", Some(Ended)),
            ("活動再開", Some(Active)),
            ("R6.4 活動再開", Some(Active)),
            ("活動停止中", Some(Paused)),
            ("要連絡", None),
            ("", None),
        ] {
            assert_eq!(standing(text), expected, "{text}");
        }
        for (line, expected) in [
            ("休止者", Some(Paused)),
            ("■休止中の団体（3団体）", Some(Paused)),
            ("【解散】", Some(Ended)),
            ("退会者 2名", Some(Ended)),
            ("（以下、退会者）", Some(Ended)),
            ("○活動中の団体", Some(Active)),
            ("休止符の会", None),
            ("高齢者支援", None),
        ] {
            assert_eq!(of_line(line).and_then(standing), expected, "{line}");
        }
    }

    #[test]
    fn what_a_group_plans_counts_by_its_day() {
        use Standing::*;
        let today = NaiveDate::from_ymd_opt(2026, 11, 30).unwrap();
        for (text, expected) in [
            ("解散予定", Some(Active)),
            ("2099年3月解散予定", Some(Active)),
            ("解散予定（R9.3）", Some(Active)),
            ("2025年3月末で解散予定", Some(Ended)),
            ("休止予定（2025/4/1〜）", Some(Paused)),
            ("活動予定", Some(Active)),
            ("予定", None),
            ("要連絡", None),
        ] {
            assert_eq!(standing_of_group(text, today), expected, "{text}");
        }
    }

    #[test]
    fn who_leaves_later_is_still_there() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 30).unwrap();
        for (text, expected) in [
            ("2027年3月退会", true),
            ("2027年3月末で退会予定", true),
            ("2027年3月退会予定", true),
            ("退会（R9.3.31）", true),
            ("令和8年度末をもって解散", true),
            ("退会予定", false),
            ("退会（予定）", false),
            ("解散予定", false),
            ("退会（R9.3.31予定）", true),
            ("2027年3月退会（予定）", true),
            ("退会予定（R9.3.31）", true),
            ("退会（R8.11.30）", false),
            ("2025年3月退会予定", false),
            ("退会", false),
            ("休会中（〜2027/3）", false),
            ("活動予定", false),
            ("", false),
        ] {
            assert_eq!(leaves_later(text, today), expected, "{text}");
        }
    }

    #[test]
    fn headings_of_marks_say_who_has_gone() {
        for (heading, expected) in [
            ("退会", Some(Flag::Gone("退会"))),
            ("休会", Some(Flag::Gone("休会"))),
            ("休止中", Some(Flag::Gone("休止"))),
            ("活動休止", Some(Flag::Gone("休止"))),
            ("登録抹消", Some(Flag::Gone("抹消"))),
            ("退会フラグ", Some(Flag::Gone("退会"))),
            ("退会済", Some(Flag::Gone("退会"))),
            ("削除フラグ", Some(Flag::Gone("削除"))),
            ("解散", Some(Flag::Gone("解散"))),
            ("現役", Some(Flag::Here("非現役"))),
            ("紹介可否", Some(Flag::Here("紹介不可"))),
            ("会員種別", Some(Flag::Words)),
            ("退会日", None),
            ("退会予定", None),
            ("解散情報", None),
            ("休止理由", None),
            ("団体種別", None),
        ] {
            assert_eq!(of_flag(heading), expected, "{heading}");
        }
        for word in ["退会", "休会", "削除", "非現役", "紹介不可", "清算結了"] {
            assert!(
                standing(word).is_some_and(|one| one != Standing::Active),
                "{word}"
            );
        }
    }

    #[test]
    fn sheets_titles_and_columns_say_who_has_gone() {
        for (sheet, expected) in [
            ("退会者", true),
            ("R7退会", true),
            ("2024退会者", true),
            ("休止", true),
            ("物故者", true),
            ("お断り", true),
            ("登録抹消分", true),
            ("OB", true),
            ("解散団体", true),
            ("名簿（退会）", true),
            ("登録者", false),
            ("現役・OB", false),
            ("登録者・退会者", false),
            ("退会者を除く", false),
            ("退会者・休会者", true),
            ("除籍者", true),
            ("登録解除", true),
            ("R6・R7退会者", false),
            ("入会・退会", false),
            ("入退会", false),
            ("新規・退会", false),
            ("社会人・OB", false),
            ("終了者", false),
            ("活動終了", true),
            ("新宿区", false),
            ("Sheet1", false),
        ] {
            let found = of_list(sheet).and_then(standing);
            assert_eq!(found.is_some(), expected, "{sheet}: {found:?}");
        }
        for (title, expected) in [
            ("退会者名簿", true),
            ("令和6年度 ボランティア退会者名簿", true),
            ("登録者・退会者名簿", false),
            ("会員名簿（退会者・物故者を除く）", false),
            ("団体一覧（解散・休止団体は除く）", false),
            ("ボランティア名簿（退会者、休会者を除く）", false),
            ("会員名簿（退会者・休会者含む）", false),
            ("入会者・退会者名簿", false),
            ("ボランティア養成講座 終了者名簿", false),
            ("講座終了", false),
            ("会員名簿（退会者・物故者）", true),
            ("退会者を除く名簿", false),
            ("赤字は退会者", false),
            ("（退会：赤字）", false),
            ("ボランティア登録者名簿", false),
        ] {
            let found = of_title(title).and_then(standing);
            assert_eq!(found.is_some(), expected, "{title}: {found:?}");
        }
        for (heading, expected) in [
            ("退会日", Some(("退会", true))),
            ("登録解除日", Some(("登録解除", true))),
            ("会員退会日", Some(("退会", true))),
            ("脱会年月日", Some(("脱会", true))),
            ("解散情報", Some(("解散", false))),
            ("退会年月", Some(("退会", false))),
            ("団体解散届", Some(("解散", false))),
            ("解散年月日", Some(("解散", true))),
            ("廃止日", Some(("廃止", true))),
            ("認証取消日", Some(("認証取消", true))),
            ("活動休止日", Some(("休止", true))),
            ("退会予定日", None),
            ("活動終了日", None),
            ("辞退した数", None),
            ("死亡保険加入日", None),
            ("配偶者の死亡日", None),
            ("他団体の退会日", None),
            ("解散時の財産帰属情報", None),
            ("臨時閉鎖日", None),
            ("休館・閉鎖日", None),
        ] {
            let found = of_ending(heading).map(|ending| (ending.word, ending.is_day));
            assert_eq!(found, expected, "{heading}");
        }
    }
}
