//! What an import finds in a row of a file.

use crate::error::Text;
use serde::{Deserialize, Serialize};
use tables::Remark;
use utoipa::ToSchema;

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Severity {
    /// The row was rejected.
    Error,
    /// The row was imported, but someone should check it.
    Warning,
}

impl Severity {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// The sender may not write the record of a row: it is outside their areas, in a place that the row names.
pub fn access_denied(place: Option<&str>) -> Remark {
    match place {
        Some(place) => Remark::new(
            "access_denied",
            format!("{place}は担当の区市町村ではありません。"),
            format!("{place} isn't one of your areas."),
        ),
        None => Remark::new(
            "access_denied",
            "この記録を登録・変更する権限がありません。",
            "You don't have access to this record.",
        ),
    }
}

/// A row states the id of a record that the sender doesn't reach, or that doesn't exist. Both are answered alike: nobody
/// learns whether there is one elsewhere.
pub fn not_among_yours() -> Remark {
    Remark::new(
        "access_denied",
        "この記録IDの記録は、担当の範囲に見つかりません。新しく登録する行では、記録IDを空欄にしてください。",
        "There is no record with this id among yours. To register a new one, leave the id empty.",
    )
}

/// The sender may write records of some areas only, and the row says nothing of where it is.
pub fn missing_area() -> Remark {
    Remark::new(
        "access_denied",
        "区市町村が分からないため、担当の記録かどうか分かりません。「区市町村」の列に、担当の区市町村を入力してください。",
        "The row doesn't say its municipality. Give one of your areas in the column 区市町村 (area).",
    )
}

/// Something that an import found in a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The sheet of the row, if several are read.
    pub sheet: Option<String>,
    pub line: u64,
    /// The column's heading, or the JSON Pointer of the member.
    pub column: Option<String>,
    /// The text of the cell, cut to 200 characters.
    pub value: String,
    pub severity: Severity,
    pub code: String,
    pub message: Text,
    pub suggestion: Option<String>,
}

impl Finding {
    pub fn new(
        line: u64,
        column: Option<String>,
        value: &str,
        remark: Remark,
        severity: Severity,
    ) -> Finding {
        const LONGEST: usize = 200;
        // PostgreSQL's text has no NUL.
        let value = value.chars().map(|c| if c == '\0' { '\u{fffd}' } else { c });
        Finding {
            sheet: None,
            line,
            column: column.map(|name| name.chars().take(LONGEST).collect()),
            value: value.take(LONGEST).collect(),
            severity,
            code: remark.code.to_owned(),
            message: remark.message,
            suggestion: remark.suggestion,
        }
    }
}
