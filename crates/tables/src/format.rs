//! What a file is: its format, encoding, delimiter and sheet.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    Csv,
    Tsv,
    Xlsx,
    Xls,
    Ods,
    Ndjson,
    Json,
}

/// The format that was detected in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DetectedFormat {
    pub format: FileFormat,
    /// Text only: `UTF-8`, `Shift_JIS` (as Windows writes it, CP932), `EUC-JP`, `ISO-2022-JP`, `UTF-16LE` or
    /// `UTF-16BE`.
    #[cfg_attr(feature = "schema", schema(example = "Shift_JIS"))]
    pub encoding: Option<String>,
    /// Whether the file begins with a byte order mark.
    pub byte_order_mark: bool,
    /// CSV and TSV only: the character between cells.
    #[cfg_attr(feature = "schema", schema(example = ","))]
    pub delimiter: Option<char>,
    /// CSV and TSV only: the character around cells; null if there is none.
    #[cfg_attr(feature = "schema", schema(example = "\""))]
    pub quote: Option<char>,
    /// Workbooks only: the sheet with the most known headings.
    #[cfg_attr(feature = "schema", schema(example = "名簿"))]
    pub sheet: Option<String>,
    /// Workbooks only: the sheets that are read together, because they have the same headings.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(example = json!(["名簿"])))]
    pub read_sheets: Vec<String>,
    /// Workbooks only: the names of all sheets.
    #[cfg_attr(feature = "schema", schema(example = json!(["名簿", "記入例"])))]
    pub sheets: Vec<String>,
    /// Workbooks only: the names of hidden sheets, which are read only if you name one.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(example = json!(["旧"])))]
    pub hidden_sheets: Vec<String>,
    /// Workbooks only: the names of sheets beyond the most that are read.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(example = json!([])))]
    pub unopened_sheets: Vec<String>,
}

impl DetectedFormat {
    pub(crate) fn of(format: FileFormat) -> DetectedFormat {
        DetectedFormat {
            format,
            encoding: None,
            byte_order_mark: false,
            delimiter: None,
            quote: None,
            sheet: None,
            read_sheets: Vec::new(),
            sheets: Vec::new(),
            hidden_sheets: Vec::new(),
            unopened_sheets: Vec::new(),
        }
    }
}

/// What the sender states about a file. It takes precedence over detection.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Hints {
    pub encoding: Option<String>,
    pub sheet: Option<String>,
}
