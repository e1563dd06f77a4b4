//! What is said about who is still there elsewhere than in a column of the state: a sheet or a title 退会者, a line 休止者, 解散
//! in 備考, a day below 退会日, a name with (退会). It counts for rows that don't say it in a column of their own.

use super::sections::{NAMES, Surroundings, alone, filled, is_headless, is_marked, section_row};
use crate::imports::ImportKind;
use crate::imports::columns::Columns;
use crate::imports::headings::{concepts, split_notes};
use crate::imports::standing::{
    Ending, Standing, is_of_alumni, leaves_later, not_yet_ended, of_ending, of_line, of_list, of_title,
    standing,
};
use crate::imports::standing::{Flag, of_flag};
use chrono::NaiveDate;
use std::borrow::Cow;
use std::collections::BTreeMap;
use tables::cells::dates::parse_date;
use tables::cells::{is_placeholder, parse_boolean};
use tables::{Remark, Row, Survey};

/// What is known of each row, in the order of the rows.
#[derive(Clone)]
pub struct States {
    /// The number of columns that the file has.
    width: usize,
    /// The position of their own column.
    column: usize,
    /// The columns of remarks, and those of the state itself.
    notes: Vec<usize>,
    own: Vec<usize>,
    /// The columns that only those have who have gone: 退会日.
    endings: Vec<(usize, Ending)>,
    /// Who leaves later is still there.
    today: NaiveDate,
    /// The columns of marks that say it: 退会 ○, 現役 ×.
    flags: Vec<(usize, Flag)>,
    /// The columns of names.
    named: Vec<usize>,
    is_of_people: bool,
    /// The words of each sheet's name and of the title above its header.
    of_sheets: BTreeMap<usize, String>,
    /// The sheet and the words of the last line about those below it.
    of_section: Option<(usize, String)>,
    /// Whether rows have followed that line, and whether sections are within it.
    has_rows: bool,
    has_sections: bool,
    /// For each column, whether a value alone in it is of a record whose name is missing.
    headless: Vec<bool>,
    names: Vec<usize>,
}

impl States {
    /// Returns none if a list of this kind says it elsewhere, as one that Musubi wrote.
    pub fn of_list(kind: ImportKind, header: &[String], today: NaiveDate) -> Option<States> {
        let is_own = concepts()
            .layout(header)
            .is_some_and(|layout| layout.code == "own_export");
        if is_own || !matches!(kind, ImportKind::Workers | ImportKind::Organizations) {
            return None;
        }
        let is_note = |heading: &String| concepts().is_about(kind, heading, "note");
        let notes = header.iter().enumerate().filter(|(_, heading)| is_note(heading));
        let endings = header.iter().enumerate();
        let endings = endings.filter_map(|(at, heading)| Some((at, of_ending(heading)?)));
        let is_status = |heading: &String| concepts().field(kind, heading) == Some("status");
        let flags = header
            .iter()
            .enumerate()
            .filter(|(_, heading)| !is_status(heading));
        let flags = flags.filter_map(|(at, heading)| Some((at, of_flag(heading)?)));
        let is_name = |heading: &String| {
            let field = concepts().field(kind, heading);
            field.is_some_and(|field| ["name", "family_name"].contains(&field))
        };
        let named = header.iter().enumerate().filter(|(_, heading)| is_name(heading));
        Some(States {
            endings: endings.collect(),
            today,
            flags: flags.collect(),
            named: named.map(|(at, _)| at).collect(),
            is_of_people: kind == ImportKind::Workers,
            of_sheets: BTreeMap::new(),
            width: header.len(),
            column: header.len(),
            notes: notes.map(|(at, _)| at).collect(),
            own: Vec::new(),
            of_section: None,
            has_rows: false,
            has_sections: false,
            headless: Vec::new(),
            names: Vec::new(),
        })
    }

    /// Returns whether a row says something of itself or of those below it.
    pub fn is_said_by(&self, row: &Row) -> bool {
        self.of_row(row).is_some() || self.of_line(row).is_some() || self.ahead(row).is_some()
    }

    /// Knows what the names of the sheets and the lines above their headers say.
    pub fn below(mut self, survey: &Survey, around: &Surroundings) -> States {
        for (sheet, name) in survey.detected.sheets.iter().enumerate() {
            if survey.detected.read_sheets.contains(name) {
                let words = of_list(name).filter(|words| self.may_say(words));
                self.of_sheets
                    .extend(words.map(|words| (sheet, words.to_owned())));
            }
        }
        for (sheet, lines) in around.titles() {
            let mut titles = lines.iter().filter_map(|row| of_title(alone(row, usize::MAX)?.1));
            let words = titles.find(|words| self.may_say(words));
            self.of_sheets
                .extend(words.map(|words| (*sheet, words.to_owned())));
        }
        self
    }

    /// Returns whether words count here: a group of former members may be there still.
    fn may_say(&self, words: &str) -> bool {
        self.is_of_people || !is_of_alumni(words)
    }

    /// Returns whether a sheet or a title says it of all its rows.
    pub fn are_stated_above(&self) -> bool {
        !self.of_sheets.is_empty()
    }

    /// Returns how many columns the file has itself.
    pub fn own_width(&self) -> usize {
        self.width
    }

    /// Puts them into another column.
    pub fn at(self, column: usize) -> States {
        States { column, ..self }
    }

    pub fn understand(&mut self, columns: &Columns) {
        self.headless = (0..columns.targets.len())
            .map(|at| is_headless(at, columns))
            .collect();
        self.names = columns.that_mean(&NAMES);
        self.own = columns.that_mean(&["status"]);
        self.own.retain(|at| *at != self.column);
        self.flags.retain(|(at, _)| !self.own.contains(at));
        self.named.extend(columns.that_mean(&["name", "family_name"]));
    }

    /// Returns the row with what is known of it.
    pub fn add(&mut self, mut row: Row) -> Row {
        if let Some(line) = self.of_line(&row) {
            self.of_section = Some((row.sheet, line.to_owned()));
            (self.has_rows, self.has_sections) = (false, false);
            row.skipped = Some(section_row());
            return row;
        }
        let is_other_section =
            alone(&row, self.width).is_some_and(|(_, cell)| row.skipped.is_some() || is_marked(cell));
        if is_other_section {
            // Directly below the line it is a part of it; below its rows, it begins something else.
            self.has_sections |= !self.has_rows;
            if self.has_rows && !self.has_sections {
                self.of_section = None;
            }
            return row;
        }
        self.has_rows = true;
        let of_section = self.of_section.as_ref().filter(|(sheet, _)| *sheet == row.sheet);
        let of_sheet = || self.of_sheets.get(&row.sheet);
        let above = of_section.map(|(_, words)| words).or_else(of_sheet);
        let of_row = self.of_row(&row).map(Cow::into_owned);
        let ahead = self.ahead(&row).filter(|_| of_row.is_none());
        if let Some(remark) = ahead.map(not_yet_ended) {
            row.remarks.push(remark);
        }
        let words = of_row.or_else(|| above.cloned());
        let states_it = filled(&row).any(|(at, _)| self.own.contains(&at));
        if let Some(words) = words.as_deref()
            && !states_it
            && standing(words) == Some(Standing::Paused)
        {
            row.remarks.push(paused(words));
        }
        // Where nothing says it, the record stays as it is.
        row.with_cell(self.column, words.as_deref())
    }

    /// Returns what a line between rows says of those below it.
    fn of_line<'r>(&self, row: &'r Row) -> Option<&'r str> {
        let (at, cell) = alone(row, self.width)?;
        let is_headless = self.headless.get(at) == Some(&true) && !self.names.contains(&at);
        of_line(cell).filter(|words| !is_headless && self.may_say(words))
    }

    /// Returns what the cells of a row say.
    fn of_row<'r>(&self, row: &'r Row) -> Option<Cow<'r, str>> {
        filled(row).find_map(|(at, cell)| {
            if self.notes.contains(&at) && says_gone(cell) && !leaves_later(cell, self.today) {
                return Some(Cow::Borrowed(cell));
            }
            let ending = self.endings.iter().find(|(column, _)| *column == at);
            if let Some((_, ending)) = ending {
                return ended(*ending, cell, self.today).map(Cow::Owned);
            }
            let flag = self.flags.iter().find(|(column, _)| *column == at);
            if let Some((_, flag)) = flag {
                return flagged(*flag, cell, self.today);
            }
            let of_name = self.named.contains(&at).then(|| self.of_name(cell))?;
            of_name.map(Cow::Owned)
        })
    }

    /// Returns the cell of a row that says that somebody goes later.
    fn ahead<'r>(&self, row: &'r Row) -> Option<&'r str> {
        let is_ahead = |at: usize, cell: &str| {
            let mut endings = self.endings.iter().filter(|(column, _)| *column == at);
            let of_ending =
                endings.any(|(_, ending)| day_of(*ending, cell).is_some_and(|last| last > self.today));
            of_ending || (self.notes.contains(&at) && leaves_later(cell, self.today))
        };
        filled(row)
            .find(|(at, cell)| is_ahead(*at, cell))
            .map(|(_, cell)| cell)
    }

    /// Returns what is written beside a name: (退会)佐藤花子, 佐藤花子※休会中, 亡 佐藤花子.
    fn of_name(&self, cell: &str) -> Option<String> {
        const LATE: [&str; 3] = ["亡", "故", "故人"];
        const LONGEST: usize = 200;
        if cell.len() > LONGEST {
            return None;
        }
        let (name, notes) = split_notes(cell);
        let is_late = |word: &str| self.is_of_people && LATE.contains(&word);
        let has_late = name
            .trim()
            .split_once(' ')
            .is_some_and(|(first, _)| is_late(first));
        if has_late || notes.iter().any(|note| is_late(note)) {
            return Some("死亡".to_owned());
        }
        // 「終了」を考える会 is called so.
        let has_note = !name.trim().is_empty() && !cell.contains('「');
        let says_it = |note: &String| says_gone(note) && !leaves_later(note, self.today);
        notes.into_iter().find(|note| has_note && says_it(note))
    }
}

/// Returns whether a text says that somebody pauses or has gone. An OB may be that of a school.
fn says_gone(text: &str) -> bool {
    standing(text).is_some_and(|standing| standing != Standing::Active) && !is_of_alumni(text)
}

/// Returns the last day that a cell below such a heading may mean.
fn day_of(ending: Ending, cell: &str) -> Option<NaiveDate> {
    let cell = cell.trim();
    let year = format!("{}年度", cell.trim_end_matches("年度").trim_end_matches('年'));
    let of_year = || parse_date(&year).ok().filter(|_| ending.is_fiscal_year);
    let day = of_year().or_else(|| parse_date(cell).ok());
    day.map(|day| day.last)
}

/// Returns what a cell says below a heading that only those have who have gone, with its day: 退会（R6.3.31）. What isn't yet
/// says nothing: 2099-03-31, 未提出; and so does what is no day where one is due.
fn ended(ending: Ending, cell: &str, today: NaiveDate) -> Option<String> {
    let Ending { word, is_day, .. } = ending;
    let cell = cell.trim();
    let with_day = format!("{word}（{cell}）");
    let stated = standing(&with_day);
    if stated == Some(Standing::Active) {
        // 取消: they may have been imported as gone.
        return Some(with_day);
    }
    let says_none = is_placeholder(cell)
        || parse_boolean(cell) == Ok(false)
        || standing(cell) == Some(Standing::Active)
        || cell.starts_with('未')
        || cell.ends_with("予定");
    let is_over = match day_of(ending, cell) {
        Some(last) => last <= today,
        None => !is_day || standing(cell).is_some(),
    };
    let words = if stated.is_some() {
        with_day
    } else {
        word.to_owned()
    };
    (is_over && !says_none).then_some(words)
}

/// Returns what a cell says below a heading of marks.
fn flagged(flag: Flag, cell: &str, today: NaiveDate) -> Option<Cow<'_, str>> {
    const NOTHING: [&str; 4] = ["なし", "無", "無し", "未"];
    let cell = cell.trim();
    let answer = parse_boolean(cell).ok();
    // 終了 may be that of a course.
    let of_words = || (says_gone(cell) && !cell.contains("終了")).then_some(Cow::Borrowed(cell));
    match flag {
        Flag::Gone(words) => {
            let is_day = || parse_date(cell).is_ok_and(|day| day.date <= today);
            let is_gone = answer == Some(true) || (answer.is_none() && is_day());
            is_gone.then_some(Cow::Borrowed(words)).or_else(of_words)
        }
        Flag::Here(words) => {
            let is_said = cell.chars().any(|c| c.is_alphanumeric() || "×✕✗✖".contains(c));
            let is_refused = answer == Some(false) && is_said && !NOTHING.contains(&cell);
            is_refused.then_some(Cow::Borrowed(words)).or_else(of_words)
        }
        Flag::Words => of_words(),
    }
}

fn paused(words: &str) -> Remark {
    let words: String = words.chars().take(80).collect();
    Remark::new(
        "status_elsewhere",
        format!("「{words}」とあるため、休止中として取り込みました。"),
        format!("Because of {words:?}, the status is that of a pause."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_below_an_ending_say_who_has_gone_by_now() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 30).unwrap();
        for (heading, cell, expected) in [
            ("退会日", "2026-03-31", Some("退会（2026-03-31）")),
            ("退会日", "R6.3.31", Some("退会（R6.3.31）")),
            ("退会日", "2026年11月", Some("退会（2026年11月）")),
            ("退会日", "退会済", Some("退会")),
            ("退会日", "2027-03-31", None),
            ("登録解除日", "R9.3.31", None),
            ("退会日", "-", None),
            ("閉鎖日", "毎週月曜", None),
            ("退会日", "転居のため", None),
            ("退会理由", "転居のため", Some("退会")),
            ("退会年度", "2027", None),
            ("退会年度", "令和8年度", None),
            ("退会年度", "R8", None),
            ("退会年度", "2026年", None),
            ("退会年度", "2025", Some("退会（2025）")),
            ("退会年度", "R7", Some("退会（R7）")),
            ("退会日", "2026年12月", None),
            ("退会年月", "2027年3月", None),
            ("退会届", "提出済", Some("退会")),
            ("退会届", "○", Some("退会")),
            ("退会届", "未提出", None),
            ("解散届", "未", None),
            ("解散情報", "解散予定", None),
            ("退会届", "なし", None),
            ("退会届", "取消", Some("退会（取消）")),
            ("退会届", "2026/5/1 取り下げ", Some("退会（2026/5/1 取り下げ）")),
            ("退会理由", "撤回", Some("退会（撤回）")),
            ("退会日", "2026/5/1 取消", Some("退会（2026/5/1 取消）")),
        ] {
            let found = ended(of_ending(heading).unwrap(), cell, today);
            assert_eq!(found.as_deref(), expected, "{heading} {cell}");
        }
    }

    #[test]
    fn marks_say_who_has_gone() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 30).unwrap();
        for (heading, cell, expected) in [
            ("退会", "○", Some("退会")),
            ("退会", "1", Some("退会")),
            ("退会", "TRUE", Some("退会")),
            ("退会", "2025/3/31", Some("退会")),
            ("退会", "2099/3/31", None),
            ("退会", "0", None),
            ("退会", "FALSE", None),
            ("退会", "×", None),
            ("退会", "なし", None),
            ("休止中", "休止", Some("休止")),
            ("現役", "×", Some("非現役")),
            ("現役", "0", Some("非現役")),
            ("現役", "○", None),
            ("現役", "-", None),
            ("現役", "OB", None),
            ("紹介可否", "不可", Some("紹介不可")),
            ("紹介可否", "可", None),
            ("登録区分", "退会", Some("退会")),
            ("登録区分", "休止", Some("休止")),
            ("登録区分", "正会員", None),
            ("区分", "終了", None),
        ] {
            let found = flagged(of_flag(heading).unwrap(), cell, today);
            assert_eq!(found.as_deref(), expected, "{heading} {cell}");
        }
    }

    #[test]
    fn former_members_of_a_school_are_still_there() {
        for (text, expected) in [
            ("退会", true),
            ("休会中", true),
            ("OB", false),
            ("OBOG", false),
            ("OB・OG", false),
            ("現役", false),
        ] {
            assert_eq!(says_gone(text), expected, "{text}");
        }
    }
}
