//! What was found about one row of a file.

use crate::error::Text;
use serde::{Deserialize, Serialize};
use tables::Remark;
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The row was rejected.
    Error,
    /// The row was taken, and somebody should look at it.
    Warning,
}

impl Severity {
    pub fn code(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }

    pub fn of_code(code: &str) -> Option<Severity> {
        [Severity::Error, Severity::Warning]
            .into_iter()
            .find(|s| s.code() == code)
    }
}

/// What was found about one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub line: u64,
    /// The column's heading, or where in the record it is.
    pub column: Option<String>,
    /// The cell's text; its beginning, if it is long.
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
        let value = value.chars().map(|c| if c == '\0' { '\u{fffd}' } else { c });
        Finding {
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
