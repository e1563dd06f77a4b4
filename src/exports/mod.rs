//! Exports: every list as a file, with the list's own filters, showing what the list shows its caller.
//!
//! * `columns`: the columns of each list. `words`: words in place of codes. `lists`: the pages of a list, one after the other.
//! * `sheet`: CSV, XLSX and NDJSON. `actions`: writing the file.
//!
//! A file is complete before its first byte is sent. It is read page by page in one transaction, which no
//! slow client can keep open, into a temporary file. Memory doesn't grow with the list.
//!
//! Deliberately absent: background jobs. A list that can be read page by page can be waited for.

pub mod actions;
pub mod columns;
pub mod http;
pub mod lists;
pub mod sheet;
pub mod words;

use crate::http::Language;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// A list that can be exported.
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
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ExportKind {
    Workers,
    Organizations,
    Deliverables,
    /// How requests were examined and decided: the list of deliverables, with what `GET /v1/deliverables/{id}/intake` shows.
    Intake,
    Applications,
    Projects,
    /// The milestones, meetings and hours of projects. `filter` is that of projects.
    ProjectWork,
    Events,
    /// The registrations for one event: `filter` needs its `event_id`.
    Registrations,
    Users,
    Partners,
    Duplicates,
    Audit,
    ShownLists,
    Imports,
}

impl ExportKind {
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Returns the name of its sheet.
    pub fn name(self) -> &'static str {
        match self {
            ExportKind::Workers => "ワーカー",
            ExportKind::Organizations => "団体",
            ExportKind::Deliverables => "支援内容",
            ExportKind::Intake => "受付",
            ExportKind::Applications => "応募",
            ExportKind::Projects => "プロジェクト",
            ExportKind::ProjectWork => "プロジェクトの活動",
            ExportKind::Events => "イベント",
            ExportKind::Registrations => "申込み",
            ExportKind::Users => "利用者",
            ExportKind::Partners => "連携アプリ",
            ExportKind::Duplicates => "重複",
            ExportKind::Audit => "監査",
            ExportKind::ShownLists => "表示した順位",
            ExportKind::Imports => "取り込み",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ExportFormat {
    /// UTF-8 with a byte order mark, so that Excel opens it correctly.
    Csv,
    Xlsx,
    /// The items of the list, one per line.
    Ndjson,
}

impl ExportFormat {
    pub fn extension(self) -> &'static str {
        self.into()
    }

    pub fn media_type(self) -> &'static str {
        match self {
            ExportFormat::Csv => "text/csv; charset=utf-8",
            ExportFormat::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ExportFormat::Ndjson => "application/x-ndjson",
        }
    }
}

/// What to export.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"kind": "organizations", "format": "xlsx", "filter": {"area": "131041"}}))]
pub struct NewExport {
    pub kind: ExportKind,
    pub format: ExportFormat,
    /// Parameters of the list, except `limit` and `cursor`.
    #[serde(default)]
    #[validate(custom(function = "simple_values"))]
    pub filter: Map<String, Value>,
    /// The language of the headings of a sheet. With `ja`, words and the names of municipalities stand in place of
    /// codes.
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
        "filter の値は文字列・数値・真偽値にしてください。",
        "The values of filter must be strings, numbers or booleans.",
    ))
}
