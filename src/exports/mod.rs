//! Exports: every list as a file, with the list's own filters and what its caller may see of it.
//!
//! * `columns`: what a sheet has of each list. `lists`: the pages of a list, one after the other.
//! * `sheet`: CSV, XLSX and NDJSON. `make`: the file.
//!
//! A file is made whole before its first byte leaves: all of it in one transaction that no slow client can hold, of
//! pages, into a temporary file that has no name. Memory does not grow with the list.
//!
//! Deliberately absent: jobs. What can be listed page by page can be waited for.

pub mod columns;
pub mod http;
pub mod lists;
pub mod make;
pub mod sheet;

use crate::http::Language;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// A list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportKind {
    Workers,
    Organizations,
    Deliverables,
    Applications,
    Users,
    Partners,
    Duplicates,
    Audit,
    ShownLists,
    Imports,
}

impl ExportKind {
    pub const ALL: [ExportKind; 10] = [
        ExportKind::Workers,
        ExportKind::Organizations,
        ExportKind::Deliverables,
        ExportKind::Applications,
        ExportKind::Users,
        ExportKind::Partners,
        ExportKind::Duplicates,
        ExportKind::Audit,
        ExportKind::ShownLists,
        ExportKind::Imports,
    ];

    pub fn code(self) -> &'static str {
        match self {
            ExportKind::Workers => "workers",
            ExportKind::Organizations => "organizations",
            ExportKind::Deliverables => "deliverables",
            ExportKind::Applications => "applications",
            ExportKind::Users => "users",
            ExportKind::Partners => "partners",
            ExportKind::Duplicates => "duplicates",
            ExportKind::Audit => "audit",
            ExportKind::ShownLists => "shown_lists",
            ExportKind::Imports => "imports",
        }
    }

    pub fn of_code(code: &str) -> Option<ExportKind> {
        ExportKind::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// UTF-8 with a byte order mark, so that Excel opens it.
    Csv,
    Xlsx,
    /// The items as the list itself gives them, one on each line.
    Ndjson,
}

impl ExportFormat {
    pub fn extension(self) -> &'static str {
        match self {
            ExportFormat::Csv => "csv",
            ExportFormat::Xlsx => "xlsx",
            ExportFormat::Ndjson => "ndjson",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            ExportFormat::Csv => "text/csv",
            ExportFormat::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ExportFormat::Ndjson => "application/x-ndjson",
        }
    }
}

/// What is to be exported.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "organizations", "format": "xlsx", "filter": {"area": "131041"}}))]
pub struct NewExport {
    pub kind: ExportKind,
    pub format: ExportFormat,
    /// The parameters of the list, but `limit` and `cursor`.
    #[serde(default)]
    #[validate(custom(function = "simple_values"))]
    pub filter: Map<String, Value>,
    /// The language of the headings, and of the names of municipalities (else their codes).
    #[serde(default)]
    #[schema(default = "ja")]
    pub headings: Language,
}

fn simple_values(filter: &Map<String, Value>) -> Result<(), ValidationError> {
    if filter
        .values()
        .all(|value| !value.is_array() && !value.is_object())
    {
        return Ok(());
    }
    Err(crate::values::broken(
        "wrong_type",
        "filter の値は文字列・数・真偽値にしてください。",
        "Values of the filter are texts, numbers or true and false.",
    ))
}
