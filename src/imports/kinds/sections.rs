//! Places that stand above rows or beside them: a section line ■新宿区, a sheet for each ward, a title 新宿区の団体一覧, the
//! area that the sender states for the whole file. They count for rows that name no place themselves. A prefecture there
//! only tells which of several places of one name a row means.
//!
//! A place that stands alone where names stand may be a section line, or a group with that name. It is a section only if
//! rows below it follow that may lie there; else it stays a record. No record is lost for what it is called.

use crate::error::{Error, Result};
use crate::imports::ImportKind;
use crate::imports::columns::Columns;
use crate::imports::jobs::Import;
use crate::imports::vocabulary::Vocabulary;
use crate::values::city_of;
use std::collections::{BTreeMap, BTreeSet};
use tables::cells::is_placeholder;
use tables::{Remark, Row, Survey};
use text::fold;

/// The code of a place that a title gives to a row.
pub const FROM_TITLE: &str = "area_from_title";

/// Rows below a line that tell whether it is a section.
pub const ROWS_BELOW: usize = 5;

/// The fields of which a record has one: without any of them, a numbered row is empty.
pub const NAMES: [&str; 6] = [
    "name",
    "family_name",
    "organization",
    "organization_external_id",
    "title",
    "record_id",
];

/// The place of each row, in the order of the rows.
#[derive(Clone)]
pub struct Places {
    /// The position of their column.
    column: usize,
    /// The place that each sheet's name is, by the sheet's position.
    of_sheets: Vec<Option<String>>,
    /// The place of the whole file.
    of_file: Option<String>,
    /// The place that the lines above each sheet's header name.
    of_titles: BTreeMap<usize, String>,
    /// The prefecture that the lines above each sheet's header name.
    prefectures: BTreeMap<usize, String>,
    /// The sheet and the place of the last section line.
    of_section: Option<(usize, String)>,
    /// The sheet and the prefecture of the last line that is one.
    prefecture_of_section: Option<(usize, String)>,
    /// For each column, whether a value alone in it is of a record whose name is missing.
    headless: Vec<bool>,
    /// The columns that have names, and those that have places.
    names: Vec<usize>,
    areas: Vec<usize>,
    /// Whether no other column has anything.
    has_only_names: bool,
}

/// A line that has nothing but a place.
struct PlaceLine {
    column: usize,
    place: String,
    /// Whether it is marked as a heading: ■新宿区.
    is_marked: bool,
}

/// What stands above the headers and between the rows.
#[derive(Default)]
pub struct Surroundings {
    /// The first lines above the header of each sheet.
    titles: BTreeMap<usize, Vec<Row>>,
    has_sections: bool,
}

impl Surroundings {
    /// Keeps a line above a header.
    pub fn add_title(&mut self, row: &Row) {
        const MOST: usize = 40;
        let lines = self.titles.entry(row.sheet).or_default();
        if lines.len() < MOST {
            lines.push(row.clone());
        }
    }

    /// Returns the lines above each header, by the position of its sheet.
    pub fn titles(&self) -> &BTreeMap<usize, Vec<Row>> {
        &self.titles
    }

    /// Notes whether a row may be a section line.
    pub fn see(&mut self, row: &Row, vocabulary: &Vocabulary) {
        let is_section = || {
            PlaceLine::of(row, usize::MAX, vocabulary).is_some()
                || prefecture_line(row, usize::MAX, vocabulary).is_some()
        };
        self.has_sections = self.has_sections || is_section();
    }
}

impl Places {
    /// Returns none if neither a sheet, a title nor a row may be a place of rows.
    pub fn find(
        survey: &Survey,
        header: &[String],
        around: &Surroundings,
        job: &Import,
        vocabulary: &Vocabulary,
    ) -> Result<Option<Places>> {
        if job.options.kind == ImportKind::Engagements || survey.header_line == 0 {
            return Ok(None);
        }
        let detected = &survey.detected;
        let place = |name: &String| {
            let is_read = detected.read_sheets.contains(name);
            vocabulary
                .area(name.as_str())
                .ok()
                .filter(|_| is_read)
                .map(|_| name.clone())
        };
        let of_file = job.options.area.clone();
        if let Some(area) = &of_file {
            let fault = |remark: Remark| Error::invalid("/area", remark.code, remark.message);
            vocabulary.area(area.as_str()).map_err(fault)?;
        }
        let kind = job.options.kind;
        let of_titles: BTreeMap<usize, String> = match kind {
            ImportKind::Workers | ImportKind::Organizations => {
                let place = |lines: &Vec<Row>| place_of_title(lines, kind, vocabulary);
                let titles = around.titles.iter();
                titles
                    .filter_map(|(sheet, lines)| Some((*sheet, place(lines)?)))
                    .collect()
            }
            _ => BTreeMap::new(),
        };
        let prefecture =
            |(sheet, lines): (&usize, &Vec<Row>)| Some((*sheet, prefecture_of_title(lines, vocabulary)?));
        let prefectures: BTreeMap<usize, String> = around.titles.iter().filter_map(prefecture).collect();
        // 中央区 below the title 札幌市: the ward of that city, which other cities have too.
        let of_sheets: Vec<Option<String>> = detected
            .sheets
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let ward = || ward_of(of_titles.get(&at)?, name, vocabulary);
                let is_read = detected.read_sheets.contains(name);
                is_read.then(ward).flatten().or_else(|| place(name))
            })
            .collect();
        let has_place = around.has_sections
            || !of_titles.is_empty()
            || !prefectures.is_empty()
            || of_file.is_some()
            || of_sheets.iter().any(Option::is_some);
        Ok(has_place.then_some(Places {
            column: header.len(),
            of_sheets,
            of_file,
            of_titles,
            prefectures,
            of_section: None,
            prefecture_of_section: None,
            headless: Vec::new(),
            names: Vec::new(),
            areas: Vec::new(),
            has_only_names: false,
        }))
    }

    /// Returns how many columns the file has itself.
    pub fn own_width(&self) -> usize {
        self.column
    }

    /// Knows what the columns mean: a place alone in the column of addresses is no section line if a name would stand before
    /// it.
    pub fn understand(&mut self, columns: &Columns, sample: &[Row]) {
        self.headless = (0..columns.targets.len())
            .map(|at| is_headless(at, columns))
            .collect();
        self.names = columns.that_mean(&NAMES);
        self.areas = columns.that_mean(&["area", "areas", "organization_area"]);
        self.areas.retain(|at| *at != self.column);
        let is_other = |at: usize| !self.names.contains(&at) && at != self.column;
        let has_other = |row: &Row| filled(row).any(|(at, _)| is_other(at) && !columns.is_added(at));
        self.has_only_names = !sample.iter().any(has_other);
    }

    /// Returns whether the rows below a row have to tell if it is a section line.
    pub fn is_doubtful(&self, row: &Row, vocabulary: &Vocabulary) -> bool {
        PlaceLine::of(row, self.column, vocabulary).is_some_and(|line| self.may_be_name(&line))
    }

    fn may_be_name(&self, line: &PlaceLine) -> bool {
        !line.is_marked && self.names.contains(&line.column)
    }

    /// Returns the row with its place. `below` are the next rows, if they have to tell whether it is a section line.
    pub fn add(&mut self, mut row: Row, below: &[Row], vocabulary: &Vocabulary) -> Row {
        let mut is_place = false;
        if let Some(prefecture) = prefecture_line(&row, self.column, vocabulary) {
            self.prefecture_of_section = Some((row.sheet, prefecture));
            self.of_section = None;
        }
        let in_section = self
            .prefecture_of_section
            .as_ref()
            .filter(|(sheet, _)| *sheet == row.sheet);
        let prefecture = in_section
            .map(|(_, prefecture)| prefecture)
            .or_else(|| self.prefectures.get(&row.sheet));
        let prefecture = prefecture.cloned();
        if let Some(line) = PlaceLine::of(&row, self.column, vocabulary) {
            let is_record = match self.may_be_name(&line) {
                true => !self.is_shared(&line, below, vocabulary),
                false => !line.is_marked && self.headless.get(line.column) == Some(&true),
            };
            if !is_record {
                // ■府中市 below 【広島県】
                let whole = prefecture.map(|prefecture| format!("{prefecture}{}", line.place));
                let whole = whole.filter(|whole| vocabulary.area(whole.as_str()).is_ok());
                self.of_section = Some((row.sheet, whole.unwrap_or(line.place)));
                row.skipped = Some(section_row());
                return row;
            }
            if self.may_be_name(&line) {
                row.remarks.push(place_as_name(&line.place));
                is_place = true;
            }
        }
        // Who is called like a place doesn't lie in the section of another.
        let of_section = self
            .of_section
            .as_ref()
            .filter(|(sheet, _)| *sheet == row.sheet && !is_place);
        let of_section = of_section.map(|(_, place)| place.as_str());
        let of_sheet = || self.of_sheets.get(row.sheet).and_then(Option::as_deref);
        // That of the file is for rows that name none.
        let of_file = || {
            let place = self.of_file.as_deref()?;
            self.stated_area(&row, vocabulary).is_none().then_some(place)
        };
        let stated = of_section.or_else(of_sheet).or_else(of_file);
        let of_title = self
            .of_titles
            .get(&row.sheet)
            .filter(|_| stated.is_none() && self.of_file.is_none());
        if let Some(place) = of_title
            && self.stated_area(&row, vocabulary).is_none()
        {
            row.remarks.push(from_title(place, 1));
        }
        let place = stated.or(of_title.map(String::as_str)).map(str::to_owned);
        // A list of 石川県 may have people who live elsewhere.
        let place =
            place.or_else(|| prefecture.filter(|prefecture| self.names_one_of(prefecture, &row, vocabulary)));
        row.with_cell(self.column, place.as_deref())
    }

    /// Returns whether a row names a place that the prefecture has.
    fn names_one_of(&self, prefecture: &str, row: &Row, vocabulary: &Vocabulary) -> bool {
        filled(row).any(|(at, cell)| {
            let read = || vocabulary.area(format!("{prefecture}{cell}").as_str());
            self.areas.contains(&at) && read().map_or_else(|remark| remark.code == "ambiguous_area", |_| true)
        })
    }

    /// Returns whether rows below a place follow that may lie there.
    fn is_shared(&self, line: &PlaceLine, below: &[Row], vocabulary: &Vocabulary) -> bool {
        if self.has_only_names {
            return false;
        }
        let place = vocabulary.area(line.place.as_str()).ok();
        for row in below {
            if PlaceLine::of(row, self.column, vocabulary).is_some() {
                return false;
            }
            if filled(row).count() > 1 {
                let stated = self.stated_area(row, vocabulary);
                return stated.is_none() || stated == place;
            }
        }
        false
    }

    /// Returns the area that a row itself names.
    fn stated_area(&self, row: &Row, vocabulary: &Vocabulary) -> Option<String> {
        let cells = filled(row).filter(|(at, cell)| self.areas.contains(at) && !is_placeholder(cell));
        let mut areas = cells.filter_map(|(_, cell)| vocabulary.area(cell).ok());
        areas.next()
    }
}

impl PlaceLine {
    fn of(row: &Row, width: usize, vocabulary: &Vocabulary) -> Option<PlaceLine> {
        const LONGEST: usize = 60;
        let (column, first) = alone(row, width).filter(|(_, first)| first.len() <= LONGEST)?;
        let bare = without_number(first);
        let is_marked = is_marked(first);
        let is_place = match is_marked {
            true => !bare.is_ascii() && vocabulary.area(bare).is_ok(),
            false => is_just_place(bare, vocabulary),
        };
        is_place.then(|| PlaceLine {
            column,
            place: bare.to_owned(),
            is_marked,
        })
    }
}

/// Returns the prefecture that a line consists of: 【広島県】.
fn prefecture_line(row: &Row, width: usize, vocabulary: &Vocabulary) -> Option<String> {
    let (_, text) = alone(row, width)?;
    let bare = without_number(text);
    let all = &vocabulary.catalogue.fixed.areas.prefectures;
    all.iter()
        .find(|one| one.name == bare)
        .map(|one| one.name.clone())
}

/// Returns the prefecture that the lines above a header name, if they name just one: 令和6年度　広島県ボランティア名簿.
fn prefecture_of_title(rows: &[Row], vocabulary: &Vocabulary) -> Option<String> {
    let all = &vocabulary.catalogue.fixed.areas.prefectures;
    let lines = rows.iter().flat_map(|row| filled(row).map(|(_, cell)| cell));
    let lines: Vec<&str> = lines.filter(|line| !has_others(&fold(line))).collect();
    let mut named = all
        .iter()
        .filter(|one| lines.iter().any(|line| line.contains(&one.name)));
    let found = named.next()?;
    Some(found.name.clone()).filter(|_| named.next().is_none())
}

/// Returns the cells of a row that have a text, with their positions.
pub fn filled(row: &Row) -> impl Iterator<Item = (usize, &str)> {
    let cells = row.texts().map(str::trim).enumerate();
    cells.filter(|(_, cell)| !cell.is_empty())
}

/// Returns the only text of a row within this many columns, and its position. A merged cell has it several times.
pub fn alone(row: &Row, width: usize) -> Option<(usize, &str)> {
    let mut cells = filled(row).take_while(|(at, _)| *at < width);
    let first = cells.next()?;
    cells.all(|(_, cell)| cell == first.1).then_some(first)
}

/// Returns a ward with its city, if the city has it.
fn ward_of(city: &str, name: &str, vocabulary: &Vocabulary) -> Option<String> {
    let ward = format!("{city}{name}");
    let code = vocabulary.area(ward.as_str()).ok()?;
    let is_of_city = city_of(&code) == vocabulary.area(city).ok();
    (name.ends_with('区') && is_of_city).then_some(ward)
}

/// Returns whether a text is the name of a place and nothing else: not 墨田区社会福祉協議会.
fn is_just_place(text: &str, vocabulary: &Vocabulary) -> bool {
    /// Letters of a place whose name is written otherwise than today.
    const SHORT: usize = 6;
    if text.is_ascii() {
        return false;
    }
    let Ok(code) = vocabulary.area(text) else {
        return false;
    };
    let letters: String = fold(text).chars().filter(|c| !c.is_whitespace()).collect();
    let name = vocabulary
        .catalogue
        .fixed
        .areas
        .find(&code)
        .map(|area| fold(&area.name));
    let is_name = name.is_some_and(|name| letters.ends_with(&name));
    is_name || (letters.ends_with(['区', '市', '町', '村']) && letters.chars().count() <= SHORT)
}

/// Returns the place that a text begins with: 新宿区 of 新宿区ボランティア団体.
pub fn place_before<'t>(text: &'t str, vocabulary: &Vocabulary) -> Option<&'t str> {
    let code = vocabulary.area(text).ok()?;
    let name = &vocabulary.catalogue.fixed.areas.find(&code)?.name;
    let at = text.find(name.as_str())?;
    let before = text.get(..at)?;
    let is_first = before.is_empty() || before.ends_with(['都', '道', '府', '県', '郡', ' ', '\u{3000}']);
    text.get(..at + name.len()).filter(|_| is_first)
}

/// Returns whether a line, in the form in which texts are compared, says who wrote the list or whom to ask. They may be
/// elsewhere.
fn has_others(line: &str) -> bool {
    const OTHERS: [&str; 14] = [
        "問い合わせ",
        "問合せ",
        "問合わせ",
        "事務局",
        "作成",
        "発行",
        "連絡先",
        "電話",
        "tel",
        "fax",
        "担当",
        "提出",
        "〒",
        "送付",
    ];
    OTHERS.iter().any(|word| line.contains(word))
}

/// Returns the place that the lines above a header name, if they name one: 活動場所：新宿区, 令和6年度 新宿区の団体一覧.
fn place_of_title(rows: &[Row], kind: ImportKind, vocabulary: &Vocabulary) -> Option<String> {
    const LONGEST: usize = 200;
    const LISTS: [&str; 19] = [
        "一覧",
        "名簿",
        "リスト",
        "団体",
        "台帳",
        "グループ",
        "サークル",
        "登録",
        "ボランティア",
        "町会",
        "自治会",
        "クラブ",
        "npo",
        "会員",
        "施設",
        "list",
        "ガイド",
        "集計",
        "調査",
    ];
    let (mut exact, mut others) = (BTreeMap::new(), BTreeMap::new());
    for row in rows {
        let line: String = filled(row).map(|(_, cell)| fold(cell)).collect();
        if has_others(&line) {
            continue;
        }
        let cells: BTreeSet<&str> = filled(row).map(|(_, cell)| cell).collect();
        let cells = cells.into_iter().filter(|cell| cell.len() <= LONGEST);
        for cell in cells {
            let words = cell
                .split(|c: char| c.is_whitespace() || "：:()（）【】[]「」『』〔〕/／・,、;■●◆".contains(c));
            for word in words.filter(|word| !word.is_empty()) {
                let after_year = word.rfind("年度").map(|at| at + "年度".len());
                let word = after_year.and_then(|at| word.get(at..)).unwrap_or(word);
                let Ok(code) = vocabulary.area(word) else {
                    continue;
                };
                if is_just_place(word, vocabulary) {
                    exact.entry(code).or_insert(word.to_owned());
                } else if kind == ImportKind::Organizations
                    // A list of 新宿区 has volunteers who live elsewhere, but its groups are there.
                    && let Some(place) = place_before(word, vocabulary)
                    && LISTS.iter().any(|list| line.contains(list))
                {
                    others.entry(code).or_insert(place.to_owned());
                }
            }
        }
    }
    let found = if exact.is_empty() { others } else { exact };
    let mut places = found.into_values();
    places.next().filter(|_| places.next().is_none())
}

/// Says that a line is a heading of those below it.
pub fn section_row() -> Remark {
    Remark::new(
        "section_row",
        "見出しの行として読み飛ばしました。",
        "This line is a heading of the rows below it, so it was skipped.",
    )
}

fn place_as_name(place: &str) -> Remark {
    Remark::new(
        "place_as_name",
        format!(
            "「{place}」を名前として取り込みました。見出しの行でしたら、「■{place}」のように書いてください。"
        ),
        format!("{place:?} was taken for a name. If the line is a heading, write it like ■{place}."),
    )
}

/// Says that rows have the place of a title.
pub fn from_title(place: &str, rows: usize) -> Remark {
    let (ja, en) = match rows {
        1 => (String::new(), "It has".to_owned()),
        _ => (
            format!("この行を含む{rows}行を、"),
            format!("{rows} rows, this one first, have"),
        ),
    };
    Remark::new(
        FROM_TITLE,
        format!("区市町村の記載がないため、{ja}表の上に書かれた「{place}」として取り込みました。"),
        format!("No municipality is stated. {en} {place:?}, which stands above the table."),
    )
    .suggesting(Some(place))
}

/// Returns whether a line is marked as a heading of those below it: ■新宿区, 【高齢者支援】.
pub fn is_marked(key: &str) -> bool {
    key.starts_with([
        '【', '〔', '■', '◆', '●', '▼', '▽', '◇', '□', '〈', '《', '＜', '<', '≪', '★', '☆', '◎', '◉', '▶',
        '►', '・',
    ]) || (key.starts_with(['[', '［']) && key.ends_with([']', '］']))
}

/// Returns whether a value that stands alone in this column is of a record whose name is missing, not of a line between
/// records: a name, or an id in the first column, would stand before it.
pub fn is_headless(at: usize, columns: &Columns) -> bool {
    let is_in = |at: usize, fields: &[&str]| {
        let target = columns.targets.get(at).and_then(Option::as_ref);
        target.is_some_and(|target| fields.iter().any(|field| target.is_field(field)))
    };
    at > 0 && (is_in(0, &["external_id"]) || (0..at).any(|before| is_in(before, &NAMES)))
}

/// Returns a heading without marks, its own number and how many rows it has: 3．豊島区（12団体）, ■中野区の部.
pub fn without_number(heading: &str) -> &str {
    const ENDS: [&str; 8] = ["の部", "在住", "分", "の団体", "内の団体", "内", "地域", "在勤"];
    let is_mark = |c: char| !c.is_alphanumeric();
    let is_digit = |c: &char| c.is_numeric();
    let bare = heading.trim_matches(is_mark);
    let digits = bare.chars().take_while(is_digit).count();
    let number = bare.char_indices().nth(digits).map(|(at, _)| bare.split_at(at).1);
    let bare = number.filter(|_| (1..=2).contains(&digits)).unwrap_or(bare);
    let bare = bare.trim_start_matches(is_mark);
    let count = bare.split_once(['(', '（', '〔', '[', ' ', '\u{3000}', ':', '：']);
    let counted = count.filter(|(_, count)| count.chars().any(|c| c.is_numeric()));
    let bare = counted.map_or(bare, |(bare, _)| bare).trim_end();
    ENDS.iter().find_map(|end| bare.strip_suffix(end)).unwrap_or(bare)
}
