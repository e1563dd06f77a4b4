//! The options of an import as parameters of a query, or as fields of a form.

use super::ImportKind;
use super::columns::Mapping;
use super::jobs::{AbsentPolicy, ConflictPolicy, ImportMode, ImportOptions};
use crate::error::{Error, FieldError, Place, Result, Text};
use crate::http::query;
use serde::Deserialize;
use utoipa::IntoParams;

/// How to import a file.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportParameters {
    #[param(inline)]
    pub kind: ImportKind,
    /// Where the records come from. Together with `external_id` it identifies a record.
    #[param(min_length = 1, max_length = 100, default = "roster")]
    pub source: Option<String>,
    /// What the import may write; `best_effort` by default.
    #[serde(default)]
    #[param(inline, required = false)]
    pub mode: ImportMode,
    /// What happens to records that already exist; `update` by default.
    #[serde(default)]
    #[param(inline, required = false)]
    pub on_conflict: ConflictPolicy,
    /// What happens to records of the source that the file doesn't have; `keep` by default.
    #[serde(default)]
    #[param(inline, required = false)]
    pub on_absent: AbsentPolicy,
    /// Whether a row is rejected if any of its cells can't be used. By default such a cell is left out.
    #[serde(default)]
    #[param(required = false, default = false)]
    pub strict: bool,
    /// A JSON object with the field that each heading means. An empty field leaves the column out.
    #[param(example = r#"{"得意なこと": "skills"}"#)]
    pub mapping: Option<String>,
    /// The encoding of a text file: UTF-8, Shift_JIS, EUC-JP, ISO-2022-JP, UTF-16LE or UTF-16BE. Detected by
    /// default.
    #[param(max_length = 40)]
    pub encoding: Option<String>,
    /// The sheet of a workbook; the first one with content by default.
    #[param(max_length = 100)]
    pub sheet: Option<String>,
    #[param(max_length = 255)]
    pub file_name: Option<String>,
}

impl ImportParameters {
    /// Parses the options of a query or of a form. Errors name the field, whichever of the two it came in.
    pub fn parse(encoded: &str) -> Result<ImportOptions> {
        let parsed: Result<ImportParameters> = query::parse(encoded);
        let as_field = |fault: FieldError| match fault.place {
            Place::Parameter(name) => FieldError {
                place: Place::Pointer(format!("/{name}")),
                ..fault
            },
            Place::Pointer(_) => fault,
        };
        match parsed {
            Err(Error::InvalidParameters(faults)) => {
                Err(Error::Invalid(faults.into_iter().map(as_field).collect()))
            }
            parsed => parsed?.options(),
        }
    }

    fn options(self) -> Result<ImportOptions> {
        let mapping = match self.mapping.as_deref() {
            None | Some("") => Mapping::new(),
            Some(text) => serde_json::from_str(text).map_err(|_| {
                let rule = Text::new(
                    "見出しと項目名のJSONオブジェクトにしてください。",
                    "mapping must be a JSON object of headings and field names.",
                );
                Error::invalid("/mapping", "wrong_type", rule)
            })?,
        };
        Ok(ImportOptions {
            mapping,
            source: self.source.unwrap_or_else(|| ImportOptions::of(self.kind).source),
            mode: self.mode,
            on_conflict: self.on_conflict,
            on_absent: self.on_absent,
            strict: self.strict,
            encoding: self.encoding,
            sheet: self.sheet,
            file_name: self.file_name,
            kind: self.kind,
        })
    }
}
