//! Sheets of a workbook that are parts of one table: a sheet for each ward.

use crate::limits::MAX_COLUMNS;
use crate::row::Row;
use text::fold;

/// A sheet that has rows of the table.
#[derive(Debug, Clone)]
pub struct Part {
    pub sheet: usize,
    pub header_line: u64,
    /// Where each column of the table is in this sheet; none if they are in the same order.
    pub columns: Option<Vec<Option<usize>>>,
}

/// Returns whether two sheets are parts of one table: at least four of five of their headings are the same.
pub fn have_same_headings(one: &Row, other: &Row) -> bool {
    let headings = |row: &Row| -> Vec<String> {
        let texts = row.texts().map(bare).filter(|heading| !heading.is_empty());
        texts.collect()
    };
    let (one, other) = (headings(one), headings(other));
    let shared = one.iter().filter(|heading| other.contains(heading)).count();
    shared >= 2 && shared * 5 >= one.len().max(other.len()) * 4
}

fn bare(heading: &str) -> String {
    heading.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Returns where each column of the table is in a sheet. Headings that only this sheet has are added to the table.
pub fn columns_of(table: &mut Vec<String>, header: &Row) -> Vec<Option<usize>> {
    let own: Vec<String> = header.texts().map(bare).collect();
    let mut left: Vec<bool> = own.iter().map(|heading| !heading.is_empty()).collect();
    let mut columns = Vec::with_capacity(table.len());
    for (at, heading) in table.iter().enumerate() {
        let heading = bare(heading);
        // A column without a heading stays where it is.
        let found = match heading.is_empty() {
            true => Some(at),
            false => (0..own.len()).find(|at| left.get(*at) == Some(&true) && own.get(*at) == Some(&heading)),
        };
        if let Some(place) = found.and_then(|at| left.get_mut(at)) {
            *place = false;
        }
        columns.push(found);
    }
    for (at, heading) in header.texts().enumerate() {
        if left.get(at) == Some(&true) && table.len() < MAX_COLUMNS {
            table.push(heading.trim().to_owned());
            columns.push(Some(at));
        }
    }
    columns
}

/// Returns whether a sheet isn't meant to be read beside another one: an old one, a copy, a form, or another year's. `all` are the
/// names of the workbook's sheets.
pub fn is_set_aside(name: &str, main: &str, all: &[String]) -> bool {
    is_old_or_sample(name) || is_copy(name, all) || is_another_year(name, main)
}

/// Returns whether a sheet is a copy of another one, as spreadsheets name it: 名簿 (2).
pub fn is_copy(name: &str, all: &[String]) -> bool {
    let copied = name.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
    copied.is_some_and(|(of, number)| {
        let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
        is_number && all.iter().any(|other| other == of)
    })
}

/// Returns whether a sheet's name says that it is an old one, a copy, a form or an extract, or of others: those to call in an
/// emergency, those who aren't wanted.
pub fn is_old_or_sample(name: &str) -> bool {
    const WORDS: [&str; 25] = [
        "前年度",
        "昨年度",
        "過年度",
        "印刷用",
        "宛名",
        "抽出",
        "緊急連絡",
        "ブラックリスト",
        "転出",
        "異動",
        "旧",
        "古い",
        "テスト",
        "old",
        "コピー",
        "copy",
        "原本",
        "控",
        "様式",
        "例",
        "見本",
        "テンプレ",
        "backup",
        "バックアップ",
        "削除",
    ];
    let folded = name.to_lowercase().replace("コンテスト", "");
    WORDS.iter().any(|word| folded.contains(word))
}

/// Returns whether two names differ only in the year that they name, and in how sure that is: 令和8年度（見込）.
fn is_another_year(name: &str, main: &str) -> bool {
    const REMARKS: [&str; 7] = ["見込み", "見込", "予定", "暫定", "確定", "仮", "案"];
    let bare = |name: &str| {
        let folded = fold(name);
        let ends = REMARKS.iter().map(|remark| format!("({remark})"));
        let end = ends
            .into_iter()
            .find(|end| folded.ends_with(end))
            .unwrap_or_default();
        western(folded.strip_suffix(&end).unwrap_or(&folded).trim())
    };
    let (name, main) = (bare(name), bare(main));
    let is_alike = without_digits(&name) == without_digits(&main);
    is_alike && names_year(&name) && names_year(&main) && numbers_in(&name) != numbers_in(&main)
}

/// Returns whether a sheet is that of a later year.
pub fn is_later_year(name: &str, main: &str) -> bool {
    is_another_year(name, main) && numbers_in(&western(name)) > numbers_in(&western(main))
}

/// Returns a name with its years as western ones: 平成31年度, 令和元年度 and R1年度 are 2019年度.
fn western(name: &str) -> String {
    const ERAS: [(&str, u32); 4] = [("令和", 2018), ("平成", 1988), ("r", 2018), ("h", 1988)];
    let text = fold(name).replace("和元", "和1").replace("成元", "成1");
    let (mut written, mut rest) = (String::new(), text.as_str());
    while let Some(first) = rest.chars().next() {
        let is_in_word = written.ends_with(|c: char| c.is_ascii_alphabetic());
        let year = ERAS.iter().filter(|_| !is_in_word).find_map(|(era, before)| {
            let after = rest.strip_prefix(era)?;
            let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            // R0604: with its month, and maybe its day.
            let length = match digits {
                4 | 6 => 2,
                1 | 2 => digits,
                _ => return None,
            };
            let (year, after) = after.split_at_checked(length)?;
            Some((before + year.parse::<u32>().ok()?, after))
        });
        match year {
            Some((year, after)) => {
                written += &year.to_string();
                rest = after;
            }
            None => {
                written.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    written
}

fn without_digits(name: &str) -> String {
    name.chars().filter(|c| !c.is_ascii_digit()).collect()
}

fn numbers_in(name: &str) -> Vec<u64> {
    let numbers = name.split(|c: char| !c.is_ascii_digit());
    numbers.filter_map(|digits| digits.parse().ok()).collect()
}

fn names_year(name: &str) -> bool {
    let is_year = |number: &u64| {
        let ranges = [1950..2100, 195_001..210_013, 19_500_101..21_001_232];
        ranges.iter().any(|range| range.contains(number))
    };
    let numbers = numbers_in(name);
    numbers.iter().any(is_year) || (name.contains('年') && numbers.iter().any(|number| *number > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_and_old_sheets_are_set_aside() {
        let all = [
            "名簿",
            "名簿 (2)",
            "新宿区",
            "中野区",
            "中野区 (2)",
            "1班 (1)",
            "1班 (2)",
        ];
        let all = all.map(str::to_owned);
        for (name, main) in [
            ("令和5年度", "令和6年度"),
            ("R5", "R6"),
            ("2023", "2024"),
            ("令和元年度", "令和2年度"),
            ("平成31年度", "令和２年度"),
            ("H30", "R1"),
            ("名簿R5", "名簿R6"),
            ("名簿（旧）", "名簿"),
            ("記入例", "名簿"),
            ("名簿(古い)", "名簿"),
            ("テスト", "名簿"),
            ("名簿 (2)", "名簿"),
            ("中野区 (2)", "新宿区"),
            ("令和7年度", "令和8年度（見込）"),
            ("前年度", "名簿"),
            ("宛名印刷", "名簿"),
            ("緊急連絡網", "名簿"),
        ] {
            assert!(is_set_aside(name, main, &all), "{name}");
        }
        for (name, main) in [
            ("新宿区", "中野区"),
            ("1班", "2班"),
            ("Sheet2", "Sheet1"),
            ("新宿区R6", "中野区R6"),
            ("平成31年度", "令和元年度"),
            ("Member5", "Member6"),
            ("コンテスト参加者", "登録者"),
            ("1班 (2)", "1班 (1)"),
            ("1年（A組）", "2年（B組）"),
        ] {
            assert!(!is_set_aside(name, main, &all), "{name}");
        }
        for (later, earlier) in [
            ("令和6年度", "令和5年度"),
            ("令和2年度", "令和元年度"),
            ("令和2年度", "平成31年度"),
            ("R1", "H30"),
            ("令和6年10月", "令和6年4月"),
            ("令和6年4月", "令和5年12月"),
        ] {
            assert!(
                is_later_year(later, earlier) && !is_later_year(earlier, later),
                "{later}"
            );
        }
    }

    #[test]
    fn columns_are_found_by_their_headings() {
        let row = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            Row::of_texts(1, 0, &texts)
        };
        let (one, other) = (
            row(&["No.", "団体名", "電話", "住所"]),
            row(&["No.", "住所", "団 体 名", "電話", "備考"]),
        );
        assert!(have_same_headings(&one, &other));
        assert!(!have_same_headings(&one, &row(&["氏名", "住所", "電話"])));
        let mut table: Vec<String> = one.texts().map(str::to_owned).collect();
        let columns = columns_of(&mut table, &other);
        assert_eq!(columns, [Some(0), Some(2), Some(3), Some(1), Some(4)]);
        assert_eq!(table.last().map(String::as_str), Some("備考"));
    }
}
