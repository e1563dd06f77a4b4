//! Rows of a sheet that are no records: section lines, totals, notes, examples, and the numbered rows of a form that
//! nobody has filled in. And cells that say "as above".

use super::sections::{NAMES, PLACE_HEADING, is_headless, is_marked, without_number};
use crate::imports::columns::Columns;
use crate::imports::vocabulary::Vocabulary;
use std::collections::BTreeMap;
use tables::cells::is_placeholder;
use tables::{Remark, Row};

/// The code of a numbered row that is empty otherwise. There may be many of them.
pub const BLANK: &str = "blank_row";

/// Says that a line separates its cells in another way than its file. Read as one cell, it would seem to be a heading.
pub fn other_delimiter(row: &Row, columns: &Columns) -> Option<Remark> {
    let mut cells = row.texts().map(str::trim).filter(|cell| !cell.is_empty());
    let (cell, None) = (cells.next()?, cells.next()) else {
        return None;
    };
    let width = columns.names.len();
    let has_as_many = |delimiter: &&str| width > 1 && cell.split(*delimiter).count() == width;
    let found = [";", "\t", "|"].into_iter().find(has_as_many)?;
    let (ja, en) = match found {
        "\t" => ("タブ", "tabs"),
        other => (other, other),
    };
    Some(Remark::new(
        "other_delimiter",
        format!("この行の区切り文字（{ja}）は、ほかの行と異なります。ほかの行にそろえてください。"),
        format!(
            "The cells of this line are separated by {en}, unlike those of the other lines. Separate them alike."
        ),
    ))
}

/// Says why a row is no record, if it isn't one.
pub fn no_record(row: &Row, columns: &Columns, vocabulary: &Vocabulary) -> Option<Remark> {
    // Rows that name their cells are records, and so are those that Musubi wrote.
    if row.fault.is_some() || !columns.has_header || columns.is_own_export() {
        return None;
    }
    let filled: Vec<(usize, &str)> = row
        .texts()
        .map(str::trim)
        .enumerate()
        .filter(|(at, cell)| {
            !cell.is_empty() && columns.names.get(*at).is_none_or(|name| name != PLACE_HEADING)
        })
        .collect();
    let (first_at, first) = *filled.first()?;
    let is_in = |at: usize, fields: &[&str]| {
        let target = columns.targets.get(at).and_then(Option::as_ref);
        target.is_some_and(|target| fields.iter().any(|field| target.is_field(field)))
    };
    let has_names = (0..columns.targets.len()).any(|at| is_in(at, &NAMES));
    let is_sign = |c: char| c.is_ascii_alphanumeric() || ",.-_".contains(c);
    let is_id = |at: usize, cell: &str| {
        let is_short = cell.chars().count() <= 12;
        is_in(at, &["external_id"])
            && is_short
            && (cell.chars().all(is_sign) || cell.chars().all(char::is_numeric))
    };
    if has_names
        && filled
            .iter()
            .all(|(at, cell)| is_placeholder(cell) || is_id(*at, cell))
    {
        return Some(Remark::new(
            BLANK,
            "番号のほかに記入がないため、読み飛ばしました。",
            "The row has nothing but a number, so it was skipped.",
        ));
    }
    let key: String = first.chars().filter(|c| !c.is_whitespace()).collect();
    let cells: Vec<&str> = filled.iter().map(|(_, cell)| *cell).collect();
    if let Some(remark) = total(&key, &cells) {
        return Some(remark);
    }
    const MARKS: [&str; 14] = [
        "必須",
        "任意",
        "推奨",
        "条件付き必須",
        "◎",
        "○",
        "△",
        "必須項目",
        "任意項目",
        "半角",
        "全角",
        "文字列",
        "数値",
        "-",
    ];
    if filled.len() > 1 && filled.iter().all(|(_, cell)| MARKS.contains(cell)) && has_names {
        return Some(Remark::new(
            "note_row",
            "項目の説明の行として読み飛ばしました。",
            "This row explains the columns, so it was skipped.",
        ));
    }
    const EXAMPLES: [&str; 4] = ["例", "記入例", "入力例", "見本"];
    let bare = key.trim_matches([
        '(', ')', '（', '）', '【', '】', '[', ']', '※', '<', '>', '＜', '＞',
    ]);
    if EXAMPLES
        .iter()
        .any(|word| bare == *word || (key.starts_with(word) && key.len() < word.len() + 6))
        && filled.len() > 1
    {
        return Some(Remark::new(
            "example_row",
            "記入例の行として読み飛ばしました。",
            "This example was skipped.",
        ));
    }
    let is_one_text = cells.iter().all(|cell| *cell == first);
    if !is_one_text || columns.targets.len() < 2 {
        return None;
    }
    if let Some(remark) = note(&key) {
        return Some(remark);
    }
    let is_marked = is_marked(&key);
    let is_area = !is_in(first_at, &["area"]) && vocabulary.area(without_number(first)).is_ok();
    let is_name = is_in(first_at, &NAMES);
    // 休止者, 第2班: nobody is called that.
    const GROUPS: [&str; 8] = ["者", "会員", "班", "一覧", "名簿", "部会", "の部", "期生"];
    let is_group =
        is_in(first_at, &["name"]) && columns.is_of_people() && GROUPS.iter().any(|end| key.ends_with(end));
    let is_headless = is_headless(first_at, columns);
    (is_marked || is_area || is_group || (!is_name && has_names && !is_headless)).then(|| {
        Remark::new(
            "section_row",
            "見出しの行として読み飛ばしました。",
            "This line is a heading of the rows below it, so it was skipped.",
        )
    })
}

/// Says why a row of a published archive is none of its rows.
pub fn total_or_note(row: &Row) -> Option<Remark> {
    let cells: Vec<&str> = row
        .texts()
        .map(str::trim)
        .filter(|cell| !cell.is_empty())
        .collect();
    let first = cells.first()?;
    let key: String = first.chars().filter(|c| !c.is_whitespace()).collect();
    total(&key, &cells).or_else(|| note(&key).filter(|_| cells.iter().all(|cell| cell == first)))
}

/// Says that a row has totals.
fn total(key: &str, cells: &[&str]) -> Option<Remark> {
    const TOTALS: [&str; 8] = ["合計", "計", "小計", "総計", "総数", "総合計", "平均", "累計"];
    let bare = key.trim_end_matches(|c: char| c.is_numeric() || "()（）件人名団体".contains(c));
    let are_numbers = |cell: &&str| cell.chars().any(char::is_numeric) || is_placeholder(cell);
    let is_total = (TOTALS.contains(&bare) || TOTALS.contains(&key)) && cells.iter().skip(1).all(are_numbers);
    is_total.then(|| {
        Remark::new(
            "total_row",
            "合計の行として読み飛ばしました。",
            "This row of totals was skipped.",
        )
    })
}

/// Says that a line is a note.
fn note(key: &str) -> Option<Remark> {
    const WORDS: [&str; 9] = [
        "（注",
        "(注",
        "備考",
        "出典",
        "資料",
        "以上",
        "作成",
        "問い合わせ",
        "お問い合わせ",
    ];
    let is_note = key.starts_with(['※', '＊', '*', '注', '†'])
        || WORDS.iter().any(|word| key.starts_with(word))
        || (key.contains("現在") && key.chars().any(char::is_numeric));
    is_note.then(|| {
        Remark::new(
            "note_row",
            "注記の行として読み飛ばしました。",
            "This note was skipped.",
        )
    })
}

/// Returns whether a cell says that its value is that of the cell above.
fn is_ditto(cell: &str) -> bool {
    cell.len() <= 12
        && matches!(
            cell.trim(),
            "〃" | "々" | "″" | "”" | "\"" | "同上" | "同じ" | "同" | "仝" | "上に同じ" | "〻"
        )
}

/// Returns the row with the values above in place of cells that say "as above". `above` are the rows before it.
pub fn with_values_above(row: Row, above: &[Row]) -> Row {
    /// How far above the value may be, if section lines are between.
    const MOST: usize = 5;
    if !row.texts().any(is_ditto) {
        return row;
    }
    let mut texts = BTreeMap::new();
    for (column, _) in row.texts().enumerate().filter(|(_, cell)| is_ditto(cell)) {
        let cells = above
            .iter()
            .rev()
            .take(MOST)
            .filter_map(|row| row.texts().nth(column));
        let value = cells.map(str::trim).find(|cell| !cell.is_empty());
        texts.extend(value.map(|value| (column, value.to_owned())));
    }
    row.with_texts(&texts)
}
