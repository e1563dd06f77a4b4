//! The OpenAPI document: it is complete, and the committed one is up to date.

use crate::support::{TestApp, on_both};
use musubi::server::document::Document;
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn the_committed_document_is_up_to_date() {
    let committed = std::fs::read_to_string("openapi/openapi.json").unwrap();
    assert!(
        committed == Document::new().text(),
        "it is outdated: cargo run -- openapi > openapi/openapi.json"
    );
}

#[test]
fn describes_every_operation_completely() {
    let document = Document::new();
    let value: Value = serde_json::from_str(document.text()).unwrap();
    let schemas = value["components"]["schemas"].as_object().unwrap();
    let mut ids = BTreeSet::new();
    let mut faults = Vec::new();
    for operation in document.operations() {
        let id = operation.id().to_owned();
        let mut fault = |what: &str| faults.push(format!("{id}: {what}"));
        let text = |key: &str| {
            operation
                .object
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .trim()
        };
        if text("summary").is_empty() || text("description").is_empty() {
            fault("no summary or description");
        }
        if !operation.object.contains_key("security") {
            fault("no security");
        }
        if operation.object["tags"].as_array().is_none_or(Vec::is_empty) {
            fault("no tag");
        }
        for (status, response) in operation.object["responses"].as_object().unwrap() {
            if response["description"].as_str().is_none_or(str::is_empty) {
                fault(&format!("{status} is not described"));
            }
            let json = response["content"].get("application/json");
            if status.starts_with('2') && json.is_some_and(|media| media.get("example").is_none()) {
                fault(&format!("{status} has no example"));
            }
            let is_error = status.starts_with(['4', '5']);
            // RFC 6749 defines another form of errors.
            let is_oauth = id == "issue_token" && ["400", "401"].contains(&status.as_str());
            if is_error && !is_oauth && response["content"].get("application/problem+json").is_none() {
                fault(&format!("{status} is not a problem document"));
            }
        }
        // The body of an import is a file.
        if let Some(body) = operation
            .object
            .get("requestBody")
            .filter(|_| id != "create_import")
        {
            let media = body["content"].as_object().unwrap().values().next().unwrap();
            let name = media["schema"]["$ref"]
                .as_str()
                .and_then(|path| path.rsplit('/').next());
            let schema = name.map_or(&media["schema"], |name| &schemas[name]);
            let is_patch = operation.method == "patch";
            if !is_patch && schema.get("example").is_none() {
                fault("its body has no example");
            }
            if schema["additionalProperties"] != false && id != "issue_token" {
                fault("its body allows unknown fields");
            }
        }
        if !ids.insert(id.clone()) {
            faults.push(format!("{id}: twice"));
        }
    }
    assert!(ids.len() > 35, "{ids:?}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(
        document.text().contains("会員募集"),
        "the examples have Japanese content"
    );
}

/// Collects the paths of schemas that say nothing about their value.
fn empty_objects(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if members.get("type").is_some_and(|of| of == "object")
                && members
                    .get("properties")
                    .and_then(Value::as_object)
                    .is_some_and(serde_json::Map::is_empty)
            {
                found.push(path.to_owned());
            }
            for (name, member) in members {
                empty_objects(member, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                empty_objects(item, &format!("{path}/{i}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_schema_says_what_its_value_is() {
    let value: Value = serde_json::from_str(Document::new().text()).unwrap();
    let mut found = Vec::new();
    empty_objects(&value, "", &mut found);
    assert_eq!(found, Vec::<String>::new());
}

on_both! {
    serves_the_committed_document,
}

fn serves_the_committed_document(app: &TestApp) {
    let served = app.send("GET", "/openapi.json", &[], b"").expect(200);
    assert!(served.text == std::fs::read_to_string("openapi/openapi.json").unwrap());
}
