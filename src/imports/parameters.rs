//! The options of an import as parameters of a query, or as fields of a form.

use super::ImportKind;
use super::columns::Mapping;
use super::jobs::{AbsentPolicy, ConflictPolicy, ImportMode, ImportOptions};
use crate::db::Id;
use crate::error::{Error, FieldError, Place, Result, Text};
use crate::http::query;
use crate::http::stream::FileBody;
use serde::Deserialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

/// How to import a file.
#[derive(Debug, Clone, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportParameters {
    /// What the rows are. It has to be given, here or in the form.
    #[param(inline, required = false)]
    pub kind: ImportKind,
    /// Where the records come from. Together with `external_id` it identifies a record; `roster` by default.
    #[param(min_length = 1, max_length = 100)]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 100)]
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
    #[param(required = false)]
    pub strict: bool,
    /// A JSON object with the field that each heading means. An empty field leaves the column out.
    #[param(example = r#"{"得意なこと": "skills"}"#)]
    #[schema(value_type = String, required = false)]
    pub mapping: Option<String>,
    /// The municipality of rows that name none, by its code or name.
    #[param(max_length = 100)]
    pub area: Option<String>,
    /// The event of a list of registrations whose rows name none. You have to hold it.
    #[param(value_type = Option<Id>)]
    #[schema(value_type = String, required = false, format = "uuid")]
    pub event_id: Option<Id>,
    /// The encoding of a text file: UTF-8, Shift_JIS, EUC-JP, ISO-2022-JP, UTF-16LE or UTF-16BE. Detected by
    /// default.
    #[param(max_length = 40)]
    #[schema(value_type = String, required = false, max_length = 40)]
    pub encoding: Option<String>,
    /// The sheet of a workbook. By default the one with the most known headings, and those with the same headings.
    #[param(max_length = 100)]
    #[schema(value_type = String, required = false, max_length = 100)]
    pub sheet: Option<String>,
    #[param(max_length = 255)]
    #[schema(value_type = String, required = false, max_length = 255)]
    pub file_name: Option<String>,
    /// An import that has ended: its file is imported again. Leave the body empty then.
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    pub file_of: Option<Id>,
}

/// What is to be imported, and how.
pub struct Asked {
    pub options: ImportOptions,
    pub file_of: Option<Id>,
}

/// A form with the options and the file.
pub struct ImportForm;

impl PartialSchema for ImportForm {
    fn schema() -> RefOr<Schema> {
        let mut schema = ImportParameters::schema();
        if let RefOr::T(Schema::Object(form)) = &mut schema {
            form.properties.insert("file".to_owned(), FileBody::schema());
            form.properties.remove("file_of");
            form.required = vec!["kind".to_owned(), "file".to_owned()];
            form.description = None;
        }
        schema
    }
}

impl ToSchema for ImportForm {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ImportParameters::schemas(schemas);
    }
}

/// Parses the options of a query and of the fields of a form, which win. Errors name the field, whichever of the two it
/// came in.
pub fn parse(query: &str, fields: &[(String, String)]) -> Result<Asked> {
    let is_field = |name: &str| fields.iter().any(|(field, _)| field == name);
    let given = form_urlencoded::parse(query.as_bytes()).into_owned();
    let pairs = given
        .filter(|(name, _)| !is_field(name))
        .chain(fields.iter().cloned());
    let encoded = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let parsed: Result<ImportParameters> = query::parse(&encoded);
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
        parsed => parsed?.asked(),
    }
}

impl ImportParameters {
    fn asked(self) -> Result<Asked> {
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
        let options = ImportOptions {
            mapping,
            source: self.source.unwrap_or_else(|| ImportOptions::of(self.kind).source),
            mode: self.mode,
            on_conflict: self.on_conflict,
            on_absent: self.on_absent,
            strict: self.strict,
            area: self.area.filter(|area| !area.is_empty()),
            event_id: self.event_id,
            encoding: self.encoding,
            sheet: self.sheet,
            file_name: self.file_name,
            kind: self.kind,
        };
        Ok(Asked {
            options,
            file_of: self.file_of,
        })
    }
}
