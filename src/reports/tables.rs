//! The tables of a report: sections with typed columns.

use crate::http::Language;
use crate::values::words;
use chrono::NaiveDate;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{ArrayBuilder, Object, OneOfBuilder};
use utoipa::openapi::{RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A section of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SectionCode {
    /// The figures of each year.
    Overview,
    /// Requests and engagements by year and format, against what publications declare.
    EngagementCounts,
    /// Engagements by what was made.
    EngagementTypes,
    /// Every engagement.
    Engagements,
    Conferences,
    /// Other events and how many came, by year and kind.
    EventCounts,
    /// Every event but conferences.
    Events,
    /// From events to consultations to applications.
    Funnels,
    Accompaniments,
    /// What became of delivered work.
    Outcomes,
    /// Playbooks and textbooks, to whom they were sent, and what readers think of them.
    Publications,
    /// How often pages were read, by month and kind.
    PageViews,
    /// What was done in each area against the need there.
    Coverage,
    /// The calendars of the programmes.
    Calendar,
}

impl SectionCode {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    Text,
    /// A code of the vocabulary, of the catalogue or of an area. A page and a workbook have its name.
    Code,
    /// Codes.
    Codes,
    /// A whole number.
    Number,
    Decimal,
    /// Percent.
    Percent,
    /// A fiscal year: April to March, named by the year in which it begins.
    Year,
    /// A day, or a month if no more is known.
    Day,
}

impl ColumnKind {
    /// Returns whether its cells are figures, which stand on the right.
    pub fn is_figure(self) -> bool {
        matches!(
            self,
            ColumnKind::Number | ColumnKind::Decimal | ColumnKind::Percent
        )
    }
}

/// A column of a section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"code": "attendance", "title": "参加者数", "kind": "number"}))]
pub struct ReportColumn {
    #[schema(pattern = "^[a-z][a-z0-9_]*$")]
    pub code: &'static str,
    pub title: &'static str,
    pub kind: ColumnKind,
}

/// A column in both languages: code, Japanese, English, kind.
pub type ColumnWords = (&'static str, &'static str, &'static str, ColumnKind);

/// A cell of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Empty,
    Text(String),
    Code { code: String, word: String },
    Codes(Vec<(String, String)>),
    Number(i64),
    Decimal(f64),
    Year(i32),
    Day(NaiveDate),
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Cell {
        Cell::Text(text.into())
    }

    /// Makes a cell of a text that may be missing.
    pub fn known(text: Option<String>) -> Cell {
        text.map_or(Cell::Empty, Cell::Text)
    }

    pub fn number(number: impl Into<Option<i64>>) -> Cell {
        number.into().map_or(Cell::Empty, Cell::Number)
    }

    pub fn decimal(number: Option<f64>) -> Cell {
        number.map_or(Cell::Empty, Cell::Decimal)
    }

    pub fn day(day: Option<NaiveDate>) -> Cell {
        day.map_or(Cell::Empty, Cell::Day)
    }

    /// Returns a code's word.
    pub fn word(self) -> String {
        match self {
            Cell::Code { word, .. } => word,
            _ => String::new(),
        }
    }

    /// Makes a cell of a code with a schema.
    pub fn coded(schema: &str, code: &str, language: Language) -> Cell {
        let word = language.choose(&words::text(schema, code)).to_owned();
        Cell::Code {
            code: code.to_owned(),
            word,
        }
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Cell::Empty => serializer.serialize_none(),
            Cell::Text(text) | Cell::Code { code: text, .. } => serializer.serialize_str(text),
            Cell::Codes(codes) => serializer.collect_seq(codes.iter().map(|(code, _)| code)),
            Cell::Number(number) => serializer.serialize_i64(*number),
            Cell::Decimal(number) => serializer.serialize_f64(*number),
            Cell::Year(year) => serializer.serialize_i32(*year),
            Cell::Day(day) => day.serialize(serializer),
        }
    }
}

/// The value of a cell: text, a code or a day; a number; codes; nothing.
pub struct ReportValue;

impl PartialSchema for ReportValue {
    fn schema() -> RefOr<Schema> {
        let of = |kind: Type| Object::with_type(kind);
        let codes = ArrayBuilder::new().items(of(Type::String));
        let value = OneOfBuilder::new()
            .description(Some(
                "The value of a cell: text, a code or a day; a number; codes; nothing",
            ))
            .item(of(Type::String))
            .item(of(Type::Number))
            .item(codes)
            .item(of(Type::Null));
        Schema::OneOf(value.examples([32]).build()).into()
    }
}
impl ToSchema for ReportValue {}

/// The cells of a row.
pub type Row = Vec<Cell>;

/// A table of a report.
#[derive(Debug, Clone, PartialEq, ToSchema)]
#[schema(example = json!({"code": "event_counts", "title": "研修・イベントの件数", "columns": [
        {"code": "fiscal_year", "title": "年度", "kind": "year"}, {"code": "kind", "title": "種別", "kind": "code"},
        {"code": "events", "title": "回数", "kind": "number"}, {"code": "attendance", "title": "参加者数", "kind": "number"}],
    "rows": [{"fiscal_year": 2021, "kind": "public_lecture", "events": 2, "attendance": 113}], "total": null, "notes": [],
    "complete": true}))]
pub struct ReportSection {
    pub code: SectionCode,
    #[schema(example = "大会")]
    pub title: String,
    pub columns: Vec<ReportColumn>,
    /// The rows, each with the codes of the columns as its members.
    #[schema(value_type = Vec<BTreeMap<String, ReportValue>>)]
    pub rows: Vec<Row>,
    /// The sums, with the same members. Null where rows don't add up.
    #[schema(value_type = Option<BTreeMap<String, ReportValue>>)]
    pub total: Option<Row>,
    /// What to know about the figures: credits, what is left out.
    pub notes: Vec<String>,
    /// Whether these are all rows: a section has at most 3,000.
    pub complete: bool,
}

/// A row as an object.
struct Members<'r>(&'r [ReportColumn], &'r Row);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (column, cell) in self.0.iter().zip(self.1) {
            map.serialize_entry(column.code, cell)?;
        }
        map.end()
    }
}

impl Serialize for ReportSection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows: Vec<Members> = self.rows.iter().map(|row| Members(&self.columns, row)).collect();
        let mut map = serializer.serialize_map(Some(7))?;
        map.serialize_entry("code", &self.code)?;
        map.serialize_entry("title", &self.title)?;
        map.serialize_entry("columns", &self.columns)?;
        map.serialize_entry("rows", &rows)?;
        map.serialize_entry(
            "total",
            &self.total.as_ref().map(|row| Members(&self.columns, row)),
        )?;
        map.serialize_entry("notes", &self.notes)?;
        map.serialize_entry("complete", &self.complete)?;
        map.end()
    }
}

impl ReportSection {
    /// Begins a section with its title from the vocabulary.
    pub fn new(code: SectionCode, language: Language, columns: &[ColumnWords]) -> ReportSection {
        let column = |(code, ja, en, kind): &ColumnWords| ReportColumn {
            code,
            title: match language {
                Language::Ja => ja,
                Language::En => en,
            },
            kind: *kind,
        };
        let title = words::text("SectionCode", code.code());
        ReportSection {
            code,
            title: language.choose(&title).to_owned(),
            columns: columns.iter().map(column).collect(),
            rows: Vec::new(),
            total: None,
            notes: Vec::new(),
            complete: true,
        }
    }

    pub fn note(&mut self, language: Language, ja: &str, en: &str) {
        let note = match language {
            Language::Ja => ja,
            Language::En => en,
        };
        self.notes.push(note.to_owned());
    }

    /// Adds up the whole numbers of all rows. A column without any number has no sum.
    pub fn add_up(&mut self) {
        if self.rows.is_empty() || !self.complete {
            return;
        }
        let sum = |at: usize, column: &ReportColumn| {
            if column.kind != ColumnKind::Number {
                return Cell::Empty;
            }
            let numbers: Vec<i64> = self
                .rows
                .iter()
                .filter_map(|row| match row.get(at) {
                    Some(Cell::Number(number)) => Some(*number),
                    _ => None,
                })
                .collect();
            Cell::number((!numbers.is_empty()).then(|| numbers.iter().sum()))
        };
        let sums = self.columns.iter().enumerate();
        self.total = Some(sums.map(|(at, column)| sum(at, column)).collect());
    }

    /// Returns whether a year has many rows, so that a page gives it a heading instead of a column.
    pub fn has_many_rows_a_year(&self) -> bool {
        use SectionCode::*;
        matches!(
            self.code,
            EngagementCounts
                | Engagements
                | EventCounts
                | Events
                | Accompaniments
                | Publications
                | PageViews
                | Calendar
        )
    }
}
