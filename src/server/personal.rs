//! Which properties and files hold personal data. The OpenAPI document marks them with `x-personal-data`, and the tests
//! check that no operation shows them to somebody else without an entry in the audit.

use serde_json::{Value, json};

/// The mark in the document.
pub const MARK: &str = "x-personal-data";

/// Schemas, and those of their properties that name a person, lead to one, or are a person's words.
const PROPERTIES: &[(&str, &[&str])] = &[
    (
        "Personal",
        &["name", "kana", "email", "phone", "employer", "evidence"],
    ),
    ("Contact", &["person", "email", "phone"]),
    ("NewUser", &["name", "email"]),
    ("AccountRecord", &["name", "email"]),
    ("Application", &["message"]),
    ("NewApplication", &["message"]),
    ("Outcome", &["note"]),
    ("ApplicationRecord", &["message", "note"]),
    ("CoordinatorResponses", &["name"]),
    ("Review", &["message"]),
    ("NewReview", &["message"]),
    (
        "NewRegistration",
        &["name", "email", "phone", "affiliation", "note"],
    ),
    ("ImportFinding", &["value", "suggestion"]),
];

/// Operations that answer with files of personal data.
const FILES: &[&str] = &["create_export", "download_annotated_import"];

/// Marks the properties in the schemas.
pub fn mark_properties(document: &mut Value) {
    for (schema, properties) in PROPERTIES {
        let Some(schema) = document.pointer_mut(&format!("/components/schemas/{schema}")) else {
            continue;
        };
        mark_in(schema, properties);
    }
}

/// Marks properties of an object, or of the parts that it is composed of.
fn mark_in(schema: &mut Value, properties: &[&str]) {
    for property in properties {
        if let Some(Value::Object(property)) = schema.pointer_mut(&format!("/properties/{property}")) {
            property.insert(MARK.to_owned(), json!(true));
        }
    }
    for part in schema
        .get_mut("allOf")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        mark_in(part, properties);
    }
}

/// Marks the files that an operation answers with.
pub fn mark_files(operation: &str, responses: &mut Value) {
    let content = responses
        .pointer_mut("/200/content")
        .and_then(Value::as_object_mut);
    for media_type in content
        .filter(|_| FILES.contains(&operation))
        .into_iter()
        .flatten()
    {
        if let Some(schema) = media_type.1.get_mut("schema").and_then(Value::as_object_mut) {
            schema.insert(MARK.to_owned(), json!(true));
        }
    }
}
