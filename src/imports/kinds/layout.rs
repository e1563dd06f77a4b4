//! Rows of a sheet that are no records: section lines, totals, notes, examples, and the numbered rows of a form that
//! nobody has filled in. And cells that say "as above".

use super::sections::{NAMES, alone, filled, is_headless, is_marked, section_row};
use crate::imports::ImportKind;
use crate::imports::columns::{Columns, PLACE_HEADING, STATE_HEADING, Target};
use crate::imports::days::mark;
use crate::imports::headings::{EXACT, concepts};
use crate::imports::persons::is_vacancy;
use std::collections::BTreeMap;
use tables::cells::{is_ditto, is_placeholder, normalize};
use tables::{Remark, Row};
use text::fold;
use uuid::Uuid;

/// The code of a numbered row that is empty otherwise. There may be many of them.
pub const BLANK: &str = "blank_row";

/// What only somebody has: a row with one of these isn't that of a vacant place, whatever stands for the name.
const OF_SOMEBODY: [&str; 5] = ["record_id", "given_name", "kana", "email", "phone"];

/// Tells the rows of a second table below the one that is read, with other headings: by the columns above, they would be read
/// wrongly.
pub struct TableBelow {
    kind: ImportKind,
    /// The headings of the table that is read.
    header: Vec<String>,
    /// The sheet and the line of the last row, and whether that has one text alone, such as a title.
    last: Option<(usize, u64, bool)>,
    is_below: bool,
    has_rows: bool,
}

impl TableBelow {
    pub fn new(kind: ImportKind, header: &[String]) -> TableBelow {
        TableBelow {
            kind,
            header: header.to_vec(),
            last: None,
            is_below: false,
            has_rows: false,
        }
    }

    /// Returns whether rows of such a table were found so far.
    pub fn has_rows(&self) -> bool {
        self.has_rows
    }

    /// Marks the next row if it is of such a table. Headings stand below a blank line or a title.
    pub fn mark(&mut self, row: &mut Row) {
        let last = self.last.filter(|(sheet, ..)| *sheet == row.sheet);
        self.is_below &= last.is_some();
        let may_begin = last.is_some_and(|(_, line, is_title)| is_title || row.line > line + 1);
        let cells: Vec<(usize, &str)> = filled(row).collect();
        let is_again = may_begin && are_headings(self.kind, &cells) && {
            let is_own = |(at, cell): &&(usize, &str)| self.is_own(*at, cell);
            let others: Vec<&(usize, &str)> = cells.iter().filter(|one| !is_own(one)).collect();
            self.is_below = match others[..] {
                [] => false,
                [(at, cell)] => !self.is_more(*at, cell),
                _ => true,
            };
            !self.is_below
        };
        self.has_rows |= self.is_below;
        self.last = Some((row.sheet, row.line, cells.len() == 1));
        if is_again {
            row.skipped = Some(Remark::new(
                "note_row",
                "見出しの行として読み飛ばしました。",
                "This row has the headings again, so it was skipped.",
            ));
        } else if self.is_below && row.skipped.is_none() {
            row.skipped = Some(Remark::new(
                "table_below",
                "上にある表とは見出しの異なる別の表の行のため、読み取っていません。別のファイルに分けて送信してください。",
                "This row is of another table than the one above, with other headings, so it was not read. Send that table as a \
                 file of its own.",
            ));
        }
    }

    /// Returns whether a cell is an unknown heading where the table above has none: the others may be its own.
    fn is_more(&self, at: usize, cell: &str) -> bool {
        let above = self.header.get(at).map_or("", |heading| heading.trim());
        ["", PLACE_HEADING, STATE_HEADING].contains(&above) && !is_heading(self.kind, cell)
    }

    /// Returns whether a cell says the same as the heading of its column, or a part of it.
    fn is_own(&self, at: usize, cell: &str) -> bool {
        let scores = |heading: &str| concepts().scores_of(self.kind, heading);
        let means = |heading: &str| scores(heading).first().map(|one| one.concept);
        self.header.get(at).is_some_and(|heading| {
            let (whole, part) = (fold(heading), fold(cell));
            let is_part = whole.starts_with(&part) || whole.ends_with(&part);
            is_part || means(heading).is_some_and(|meant| means(cell) == Some(meant))
        })
    }
}

/// Returns whether a cell is a heading that is known as it is.
pub fn is_heading(kind: ImportKind, cell: &str) -> bool {
    const LONGEST: usize = 100;
    let scores = || concepts().scores_of(kind, cell);
    cell.len() < LONGEST && scores().first().is_some_and(|one| one.score >= EXACT)
}

/// Returns whether the cells of a row are headings: the first one, and nearly all.
fn are_headings(kind: ImportKind, cells: &[(usize, &str)]) -> bool {
    let is_heading = |cell: &str| is_heading(kind, cell);
    let known = || cells.iter().filter(|(_, cell)| is_heading(cell)).count();
    let is_known = |known: usize| known > 1 && known * 4 >= cells.len() * 3;
    cells.len() > 1 && cells.first().is_some_and(|(_, cell)| is_heading(cell)) && is_known(known())
}

/// Says that a line separates its cells in another way than its file. Read as one cell, it would seem to be a heading.
pub fn other_delimiter(row: &Row, columns: &Columns) -> Option<Remark> {
    let mut cells = own_cells(row, columns);
    let ((_, cell), None) = (cells.next()?, cells.next()) else {
        return None;
    };
    let width = (0..columns.names.len())
        .filter(|at| !columns.is_added(*at))
        .count();
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

/// Returns the texts of a row, without those that Musubi has added to it.
fn own_cells<'r>(row: &'r Row, columns: &Columns) -> impl Iterator<Item = (usize, &'r str)> {
    filled(row).filter(|(at, _)| !columns.is_added(*at))
}

/// Says why a row is no record, if it isn't one.
pub fn no_record(row: &Row, columns: &Columns) -> Option<Remark> {
    // Rows that name their cells are records, and so are those that Musubi wrote. Somebody may have written below these.
    if row.fault.is_some() || !columns.has_header || (columns.is_own_export() && has_record_id(row, columns))
    {
        return None;
    }
    if row.skipped.is_some() {
        return row.skipped.clone();
    }
    let filled: Vec<(usize, &str)> = own_cells(row, columns).collect();
    let (first_at, first) = *filled.first()?;
    let is_in = |at: usize, fields: &[&str]| {
        let target = columns.targets.get(at).and_then(Option::as_ref);
        target.is_some_and(|target| fields.iter().any(|field| target.is_field(field)))
    };
    let has_names = (0..columns.targets.len()).any(|at| is_in(at, &NAMES));
    let is_sign = |c: char| c.is_ascii_alphanumeric() || ",.-_".contains(c);
    let is_number = |cell: &str| cell.chars().all(char::is_numeric);
    let is_id = |at: usize, cell: &str| {
        let is_short = cell.chars().count() <= 12;
        is_in(at, &["external_id"]) && is_short && (cell.chars().all(is_sign) || is_number(cell))
    };
    let is_empty = |at: usize, cell: &str| is_placeholder(cell) || is_id(at, cell);
    // An id that is no mere number may be of somebody: V-002 with a ○ may be an answer.
    let is_prefilled = |at: usize, cell: &str| {
        let of_field = match columns.targets.get(at).and_then(Option::as_ref) {
            Some(target) if target.is_field("external_id") => is_number(cell),
            Some(Target::Field { name, .. }) if name.ends_with("_id") => false,
            _ => is_untouched(cell),
        };
        of_field || is_placeholder(cell)
    };
    if has_names
        && (filled.iter().all(|(at, cell)| is_empty(*at, cell))
            || filled.iter().all(|(at, cell)| is_prefilled(*at, cell)))
    {
        return Some(blank_rows(1));
    }
    if filled
        .iter()
        .all(|(at, cell)| is_id(*at, cell) || is_crossed_out(cell))
        && filled.iter().any(|(at, _)| is_in(*at, &NAMES))
    {
        return Some(Remark::new(
            "crossed_out",
            "取り消し線の行として読み飛ばしました。",
            "This row is crossed out, so it was skipped.",
        ));
    }
    let has = |fields: &[&str], is_one: &dyn Fn(&str) -> bool| {
        filled.iter().any(|(at, cell)| is_in(*at, fields) && is_one(cell))
    };
    if columns.is_of_people()
        && has(&["name", "family_name"], &is_vacancy)
        && !has(&OF_SOMEBODY, &|cell| !is_placeholder(cell))
    {
        return Some(Remark::new(
            "vacant_row",
            "欠員や募集中の行で、人の記録ではないため、読み飛ばしました。",
            "This place is vacant, so its row is nobody's record and was skipped.",
        ));
    }
    let key: String = first.chars().filter(|c| !c.is_whitespace()).collect();
    let cells: Vec<&str> = filled.iter().map(|(_, cell)| *cell).collect();
    if let Some(remark) = total(&cells) {
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
    // 以上, 12団体
    if without_counts(&key) == "以上"
        && cells
            .iter()
            .skip(1)
            .all(|cell| cell.chars().any(char::is_numeric))
    {
        return note(first, false);
    }
    let is_one_text = cells.iter().all(|cell| *cell == first);
    if !is_one_text || columns.targets.len() < 2 {
        return None;
    }
    let is_name = is_in(first_at, &NAMES);
    let is_headless = is_headless(first_at, columns);
    let signature = || (is_headless && is_signature(first)).then(note_row);
    if let Some(remark) = note(first, is_name).or_else(signature) {
        return Some(remark);
    }
    // 休止者, 第2班: nobody is called that.
    const GROUPS: [&str; 8] = ["者", "会員", "班", "一覧", "名簿", "部会", "の部", "期生"];
    let is_group =
        is_in(first_at, &["name"]) && columns.is_of_people() && GROUPS.iter().any(|end| key.ends_with(end));
    // Where ◎ stands before names, ◎佐藤 alone is one.
    let is_marked = is_marked(&key) && !(is_name && columns.has_mark_of_names(&key));
    (is_marked || is_group || (!is_name && has_names && !is_headless)).then(section_row)
}

/// Returns whether a row states the id of a record: every row that Musubi wrote does.
fn has_record_id(row: &Row, columns: &Columns) -> bool {
    own_cells(row, columns).any(|(at, cell)| {
        let target = columns.targets.get(at).and_then(Option::as_ref);
        target.is_some_and(|target| target.is_field("record_id")) && cell.parse::<Uuid>().is_ok()
    })
}

/// Says that rows are those of a form that nobody has filled in.
pub fn blank_rows(rows: usize) -> Remark {
    let (ja, en) = match rows {
        1 => (
            "番号や印のほかに記入がないため、読み飛ばしました。".to_owned(),
            "The row has nothing but a number or marks, so it was skipped.".to_owned(),
        ),
        _ => (
            format!("番号や印のほかに記入がないため、この行を含む{rows}行を読み飛ばしました。"),
            format!("{rows} rows, this one first, have nothing but a number or marks, so they were skipped."),
        ),
    };
    Remark::new(BLANK, ja, en)
}

/// Returns whether a cell may stand in a form before anybody fills it in: a mark, or what a formula makes of nothing.
fn is_untouched(cell: &str) -> bool {
    const OF_NOTHING: [&str; 12] = [
        "0:00",
        "00:00",
        "0円",
        "0人",
        "0名",
        "0歳",
        "0件",
        "0時間",
        "0%",
        "1900-01-00",
        "1899-12-30",
        "1900-01-01",
    ];
    const TO_CHOOSE: [&str; 6] = ["選択してください", "選択", "▼", "▼選択", "有・無", "男・女"];
    let Ok(text) = normalize(cell) else {
        return false;
    };
    let is_zero = text.contains('0') && text.chars().all(|c| "0.,¥￥".contains(c));
    is_zero
        || text.starts_with("#N/A")
        || text.starts_with("#REF")
        || mark(&text).is_some()
        || OF_NOTHING.contains(&text.as_str())
        || TO_CHOOSE.contains(&text.as_str())
}

/// Returns whether a text has a line through it: ~~風の会~~, or with the character that draws one.
fn is_crossed_out(cell: &str) -> bool {
    let has_line = |c: char| matches!(c, '\u{335}' | '\u{336}');
    let between = cell.strip_prefix("~~").and_then(|rest| rest.strip_suffix("~~"));
    between.is_some_and(|text| !text.is_empty()) || cell.chars().filter(|c| has_line(*c)).count() > 1
}

/// Says why a row of a published archive is none of its rows.
pub fn total_or_note(row: &Row) -> Option<Remark> {
    let cells: Vec<&str> = filled(row).map(|(_, cell)| cell).collect();
    total_or_note_of(&cells, false)
}

/// Says that cells are a total or a note. What stands among names may be one.
fn total_or_note_of(cells: &[&str], is_name: bool) -> Option<Remark> {
    let first = cells.first()?;
    total(cells).or_else(|| note(first, is_name).filter(|_| cells.iter().all(|cell| cell == first)))
}

/// Says that a row has totals: one cell says so (新宿区 計, 合計（新宿区）, 計12団体), and the others are numbers and what is counted.
fn total(cells: &[&str]) -> Option<Remark> {
    let is_number = |cell: &str| cell.chars().any(char::is_numeric) || is_placeholder(cell);
    let at = cells.iter().position(|cell| is_total(cell))?;
    let (before, after) = cells.split_at(at);
    let is_counted = |cell: &&str| is_number(cell) || is_counted(cell) || is_total(cell);
    let is_total = before.iter().all(is_counted) && after.iter().skip(1).all(is_counted);
    is_total.then(|| {
        Remark::new(
            "total_row",
            "合計の行として読み飛ばしました。",
            "This row of totals was skipped.",
        )
    })
}

const UNITS: &str = "件人名団体グループ世帯か所箇所組";

/// Returns a word without numbers and their units: 12団体.
fn without_counts(word: &str) -> &str {
    word.trim_matches(|c: char| c.is_numeric() || UNITS.contains(c))
}

/// Returns whether a word says what a total is of: a place, or nothing but a number.
fn is_counted(word: &str) -> bool {
    let bare = without_counts(word);
    bare.is_empty() || bare.ends_with(['区', '市', '町', '村', '島', '内', '部'])
}

/// Returns whether a cell says that its row is one of totals. 計算サポートの会 doesn't.
fn is_total(cell: &str) -> bool {
    const TOTALS: [&str; 13] = [
        "合計",
        "計",
        "小計",
        "総計",
        "総数",
        "総合計",
        "平均",
        "累計",
        "延べ",
        "中計",
        "通計",
        "total",
        "subtotal",
    ];
    /// Words that no name ends with.
    const ENDS: [&str; 6] = ["合計", "小計", "総計", "累計", "総数", "通計"];
    const LONGEST: usize = 100;
    // Hardly any cell comes near.
    if cell.len() > LONGEST || !cell.contains(['計', '総', '均', '延', 't', 'T']) {
        return false;
    }
    let key: String = cell.chars().filter(|c| !c.is_whitespace()).collect();
    let is_word = |word: &str| TOTALS.contains(&word.to_lowercase().as_str());
    let is_of_place = |word: &str| {
        let of = word.strip_suffix('計').filter(|of| is_counted(of));
        let of = of.or_else(|| ENDS.iter().find_map(|total| word.strip_prefix(total)));
        of.is_some_and(|of| !of.is_empty() && is_counted(of))
    };
    let is_one =
        |word: &str| is_word(word) || is_of_place(word) || ENDS.iter().any(|end| word.ends_with(end));
    if is_one(without_counts(&key)) {
        return true;
    }
    let words = cell.split(|c: char| c.is_whitespace() || "()（）【】[]：:・、,/=".contains(c));
    let words: Vec<&str> = words.map(without_counts).collect();
    let at = words.iter().position(|word| is_one(word));
    // 高齢者支援 小計, 合計（新宿区）; but not 計 サポートの会.
    at.is_some_and(|at| words.iter().skip(at + 1).all(|word| is_counted(word)))
}

/// Says that a line is a note. What stands among names may be one: 注文の会, 資料館友の会.
fn note(cell: &str, is_name: bool) -> Option<Remark> {
    const WORDS: [&str; 11] = [
        "（注",
        "(注",
        "備考",
        "出典",
        "資料",
        "以上",
        "作成",
        "問い合わせ",
        "お問い合わせ",
        "問合せ",
        "お問合せ",
    ];
    /// What follows these words in a note.
    const AFTER: [&str; 10] = ["先", "者", "日", "元", "課", "は", "提供", "出所", "、", "。"];
    let key: String = cell.chars().filter(|c| !c.is_whitespace()).collect();
    let begins = |word: &&str| {
        let rest = key.strip_prefix(*word);
        rest.is_some_and(|rest| {
            let is_over = rest.is_empty() || !rest.starts_with(char::is_alphabetic);
            !is_name || is_over || AFTER.iter().any(|after| rest.starts_with(after))
        })
    };
    let of_remark = key.strip_prefix('注');
    let is_remark = of_remark.is_some_and(|rest| !is_name || !rest.starts_with(char::is_alphabetic));
    let is_note = key.starts_with(['※', '＊', '*', '†'])
        || is_remark
        || WORDS.iter().any(begins)
        || (key.contains("現在") && key.chars().any(char::is_numeric))
        || (is_name && is_signature(cell));
    is_note.then(note_row)
}

fn note_row() -> Remark {
    Remark::new(
        "note_row",
        "注記の行として読み飛ばしました。",
        "This note was skipped.",
    )
}

/// Returns whether a line says who made the list, or where its page ends: 担当：山田, 作成者 山田, 印, 以下余白, 次ページへ続く.
fn is_signature(cell: &str) -> bool {
    /// Behind these words stands somebody who is no row, or a day.
    const MADE: [&str; 18] = [
        "担当",
        "担当者",
        "担当課",
        "担当部署",
        "作成",
        "作成者",
        "作成日",
        "作成部署",
        "確認者",
        "承認者",
        "記入者",
        "記録者",
        "発行者",
        "発行元",
        "発行日",
        "文責",
        "出力日",
        "印刷日",
    ];
    /// 事務局 山田 may be a row; before a colon, these are words of a signature.
    const BEFORE_COLON: [&str; 12] = [
        "事務局",
        "主催",
        "共催",
        "後援",
        "所管",
        "所管課",
        "連絡先",
        "更新日",
        "改訂日",
        "提供",
        "提供元",
        "発行",
    ];
    const WHOLE: [&str; 13] = [
        "印",
        "㊞",
        "承認印",
        "確認印",
        "受付印",
        "以下余白",
        "以下空白",
        "余白",
        "続き",
        "つづき",
        "次頁",
        "次ページ",
        "前ページより",
    ];
    const ENDS: [&str; 6] = [
        "へ続く",
        "に続く",
        "へつづく",
        "につづく",
        "へ続きます",
        "に続きます",
    ];
    const PHONES: [&str; 6] = ["内線", "電話", "TEL", "Tel", "℡", "FAX"];
    const LONGEST: usize = 200;
    let is_around = |c: char| c.is_whitespace() || "()（）〔〕[]［］<>＜＞→⇒・…-－".contains(c);
    let text = cell.trim_matches(is_around);
    if text.is_empty() || cell.len() > LONGEST {
        return false;
    }
    let is_number = |rest: &str| {
        rest.contains(char::is_numeric)
            && rest
                .chars()
                .all(|c| c.is_numeric() || c.is_whitespace() || "-－‐:：.()（）".contains(c))
    };
    let of_phone = || PHONES.iter().find_map(|word| text.strip_prefix(word));
    let is_of = |words: &[&str], (label, rest): (&str, &str)| {
        words.contains(&label.trim()) && !rest.trim().is_empty()
    };
    let colon = text.split_once([':', '：']);
    let space = text.split_once(char::is_whitespace);
    WHOLE.contains(&text)
        || ENDS.iter().any(|end| text.ends_with(end))
        || colon.is_some_and(|parts| is_of(&MADE, parts) || is_of(&BEFORE_COLON, parts))
        || space.is_some_and(|parts| is_of(&MADE, parts))
        || of_phone().is_some_and(is_number)
}

/// How far above a value may be that a cell takes over, if lines that are no records are between.
pub const MOST_ABOVE: usize = 5;

/// Returns the row with the values above in place of cells that say "as above". `above` are the rows before it, the closest first,
/// and `width` is the number of columns that they have without those that were added. Where the cell above is empty, it stays as it
/// is, and says so when it is read.
pub fn with_values_above<'r>(row: Row, above: impl Iterator<Item = &'r Row> + Clone, width: usize) -> Row {
    if !row.texts().take(width).any(is_ditto) {
        return row;
    }
    let is_between = |row: &Row| {
        let own = filled(row).take_while(|(at, _)| *at < width);
        let cells: Vec<&str> = own.map(|(_, cell)| cell).collect();
        row.skipped.is_some()
            || cells.is_empty()
            || alone(row, width).is_some_and(|(_, cell)| is_marked(cell))
            || total_or_note_of(&cells, true).is_some()
    };
    let sheet = row.sheet;
    let above = above.take(MOST_ABOVE).take_while(|one| one.sheet == sheet);
    let mut texts = BTreeMap::new();
    let cells = row.texts().take(width).enumerate();
    for (column, _) in cells.filter(|(_, cell)| is_ditto(cell)) {
        let mut rows = above.clone().filter(|row| !is_between(row));
        let cell = rows.next().and_then(|row| row.texts().nth(column)).map(str::trim);
        let value = cell.filter(|cell| !cell.is_empty());
        texts.extend(value.map(|value| (column, value.to_owned())));
    }
    row.with_texts(&texts)
}
