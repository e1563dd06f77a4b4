//! The OpenAPI document: it is complete, and the committed one is up to date.

use crate::support::{TestApp, on_both};
use musubi::server::document::Document;
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn the_committed_document_is_up_to_date() {
    let committed = std::fs::read_to_string("openapi/openapi.json").unwrap();
    assert!(
        committed == Document::shared().text(),
        "it is outdated: cargo run -- openapi > openapi/openapi.json"
    );
}

/// Returns the sources of a folder.
fn sources(folder: &std::path::Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(std::fs::read_to_string(path).unwrap());
        }
    }
}

/// The document can't see what a handler takes out of the headers; its signature says so.
#[test]
fn an_operation_has_if_match_exactly_if_its_handler_takes_it() {
    let document = Document::shared();
    let (mut files, mut checked, mut faults) = (Vec::new(), 0, Vec::new());
    sources("src".as_ref(), &mut files);
    let handlers = files
        .iter()
        .flat_map(|file| file.split("#[utoipa::path(").skip(1));
    for handler in handlers {
        // A macro that makes handlers of several operations has no name here.
        let Some((_, rest)) = handler.split_once("operation_id = \"") else {
            continue;
        };
        let (id, rest) = rest.split_once('"').unwrap();
        let (_, rest) = rest.split_once("async fn ").unwrap();
        let (signature, _) = rest.split_once(" -> ").unwrap();
        let takes = signature.contains("IfMatch");
        let operation = document.operations().find(|one| one.id() == id);
        let operation = operation.unwrap_or_else(|| panic!("{id} is not in the document"));
        let parameters = operation.object["parameters"].as_array().unwrap();
        let has = parameters.iter().any(|parameter| parameter["name"] == "If-Match");
        let may_fail = operation.object["responses"].get("412").is_some();
        checked += usize::from(takes);
        if has != takes || may_fail && !has || takes && !may_fail {
            faults.push(format!("{id}: takes {takes}, has {has}, 412 {may_fail}"));
        }
    }
    assert!(checked > 30 && faults.is_empty(), "{checked}: {faults:#?}");
}

/// Whoever reads a list in pages may ask how long it is.
#[test]
fn every_list_in_pages_takes_count() {
    // `/v1/tasks/counts` has those of each kind.
    const COUNTED_APART: [&str; 1] = ["list_tasks"];
    let document = Document::shared();
    let (mut lists, mut faults) = (0, Vec::new());
    for operation in document.operations().filter(|one| one.method == "get") {
        let answer = operation.object["responses"].pointer("/200/content/application~1json/schema/$ref");
        let is_page = answer.is_some_and(|name| name.to_string().contains("/Page_"));
        let parameters = operation.object["parameters"].as_array().unwrap();
        let takes = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name);
        if is_page && takes("cursor") {
            lists += 1;
            if takes("count") == COUNTED_APART.contains(&operation.id()) {
                faults.push(operation.id().to_owned());
            }
        }
    }
    assert!(lists > 30 && faults.is_empty(), "{lists}: {faults:#?}");
}

#[test]
fn describes_every_operation_completely() {
    let document = Document::shared();
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
        let responses = &operation.object["responses"];
        let makes_what_is_missing = operation.method == "put" && responses.get("201").is_some();
        if operation.path.contains('{') && !makes_what_is_missing && responses.get("404").is_none() {
            fault("404 is not described");
        }
        for parameter in operation.object["parameters"].as_array().into_iter().flatten() {
            if parameter["in"] == "header" && parameter["schema"]["type"] != "string" {
                fault(&format!("{} is not a text", parameter["name"]));
            }
        }
        // The body of an import, an artifact or a source of figures is a file.
        if let Some(body) = operation.object.get("requestBody").filter(|_| {
            ![
                "create_import",
                "replace_artifact_file",
                "replace_indicator_source",
            ]
            .contains(&id.as_str())
        }) {
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
    let value: Value = serde_json::from_str(Document::shared().text()).unwrap();
    let mut found = Vec::new();
    empty_objects(&value, "", &mut found);
    assert_eq!(found, Vec::<String>::new());
}

fn document() -> Value {
    serde_json::from_str(Document::shared().text()).unwrap()
}

/// Returns every operation of a document, with its method and path as its name.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
    });
    operations.collect()
}

#[test]
fn files_are_binary_and_a_json_answer_has_one_type() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let is_binary = |schema: &Value| schema["type"] == "string" && schema["format"] == "binary";
    let mut files = 0;
    for (name, operation) in operations(&document) {
        let responses = operation["responses"].as_object().unwrap().iter();
        let good = responses.filter(|(status, _)| status.starts_with('2'));
        let answers = good.map(|(_, response)| &response["content"]);
        for content in answers.chain([&operation["requestBody"]["content"]]) {
            let content = content.as_object().into_iter().flatten();
            let content: Vec<(&String, &Value)> = content.collect();
            let is_json = |kind: &str| {
                kind.ends_with("json") && kind != "application/x-ndjson" && kind != "application/ld+json"
            };
            // With the parameter `format`, the caller chooses.
            let mut parameters = operation["parameters"].as_array().into_iter().flatten();
            let is_chosen = parameters.any(|parameter| parameter["name"] == "format");
            if !is_chosen && content.iter().any(|(kind, _)| *kind == "application/json") {
                assert!(content.iter().all(|(kind, _)| is_json(kind)), "{name}");
            }
            for (kind, media) in content {
                let schema = &media["schema"];
                match kind.as_str() {
                    "multipart/form-data" => {
                        let form = &schemas[schema["$ref"].as_str().unwrap().rsplit('/').next().unwrap()];
                        assert_eq!(form["type"], "object", "{name}");
                        assert_eq!(form["required"], serde_json::json!(["kind", "file"]));
                        assert!(is_binary(&form["properties"]["file"]), "{name}");
                    }
                    "application/x-www-form-urlencoded" | "text/event-stream" | "application/ld+json" => {
                        continue;
                    }
                    kind if is_json(kind) => continue,
                    kind => assert!(is_binary(schema), "{name} {kind}"),
                }
                files += 1;
            }
        }
    }
    assert!(files >= 10, "{files}");
}

#[test]
fn no_example_fills_an_optional_parameter() {
    let document = document();
    for (name, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().unwrap() {
            if parameter["required"] == true {
                continue;
            }
            let schema = &parameter["schema"];
            let referred = schema["$ref"].as_str().map(|path| path.trim_start_matches('#'));
            let referred = referred.map_or(&Value::Null, |path| document.pointer(path).unwrap());
            for place in [parameter, schema, referred] {
                let has_example = place.get("example").is_some() || place.get("examples").is_some();
                assert!(!has_example, "{name} {parameter}");
            }
        }
    }
}

#[test]
fn codes_have_types() {
    const CODES: [&str; 25] = [
        "action",
        "agreement",
        "area",
        "areas",
        "change",
        "code",
        "families",
        "family",
        "format",
        "gate",
        "kind",
        "mode",
        "purpose",
        "reason",
        "relaxation",
        "role",
        "roles",
        "scopes",
        "severity",
        "skill",
        "status",
        "theme",
        "themes",
        "unconfirmed",
        "verdict",
    ];
    fn is_typed(schema: &Value) -> bool {
        let has = |key: &str| schema.get(key).is_some();
        let choices = schema.get("oneOf").and_then(Value::as_array);
        has("$ref")
            || has("enum")
            || has("pattern")
            || choices.is_some_and(|choices| choices.iter().any(is_typed))
            || schema.get("items").is_some_and(is_typed)
            || ["integer", "number", "boolean"]
                .iter()
                .any(|kind| schema["type"] == *kind)
    }
    let document = document();
    let mut found = Vec::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let properties = schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        for (property, schema) in properties {
            // The area of an import may be a name.
            let is_name = property == "area" && name.starts_with("Import");
            // Why an administrator changed the weights is said in words.
            let is_words = property == "reason" && name.ends_with("Weights") || name == "WeightsVersion";
            let is_free = is_name || is_words;
            if CODES.contains(&property.as_str()) && !is_free && !is_typed(schema) {
                found.push(format!("{name}.{property}"));
            }
            // An object without named members says nothing, except in what follows another standard or holds your own keys.
            let is_open = schema["type"] == "object" && schema["additionalProperties"] == true;
            if is_open || (property == "inputs" && !is_typed(schema)) {
                found.push(format!("{name}.{property} is open"));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn both_ways_to_get_a_token_are_declared() {
    use musubi::auth::{UserRole, extent};
    let document = document();
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["bearer"]["scheme"], "bearer");
    let flow = &schemes["client_credentials"]["flows"]["clientCredentials"];
    assert_eq!(flow["tokenUrl"], "/v1/oauth/token");
    for (name, operation) in operations(&document) {
        let security = operation["security"].as_array().unwrap();
        let Some(scope) = security.first().and_then(|first| first["bearer"][0].as_str()) else {
            continue;
        };
        let of_partners = extent(UserRole::Partner, scope).is_some();
        let offered: Vec<&Value> = security
            .iter()
            .filter_map(|way| way.get("client_credentials"))
            .collect();
        let expected = serde_json::json!([scope]);
        assert_eq!(
            offered,
            if of_partners { vec![&expected] } else { vec![] },
            "{name}"
        );
        assert_eq!(flow["scopes"].get(scope).is_some(), of_partners, "{name}");
    }
}

on_both! {
    serves_the_committed_document,
    a_span_that_ends_before_it_begins_is_refused_everywhere,
}

fn serves_the_committed_document(app: &TestApp) {
    let served = app.send("GET", "/openapi.json", &[], b"").expect(200);
    assert!(served.text == std::fs::read_to_string("openapi/openapi.json").unwrap());
}

/// Every list and table with a begin and an end: `from`, and `to` or `until`.
fn a_span_that_ends_before_it_begins_is_refused_everywhere(app: &TestApp) {
    let mut found = 0;
    for operation in Document::shared().operations() {
        let parameters = operation.object.get("parameters").and_then(Value::as_array);
        let parameter = |name: &str| {
            let mut all = parameters.into_iter().flatten();
            all.find(|one| one["name"] == name && one["in"] == "query")
        };
        let (Some(from), Some((end, _))) = (
            parameter("from"),
            ["to", "until"]
                .into_iter()
                .find_map(|name| parameter(name).map(|one| (name, one))),
        ) else {
            continue;
        };
        found += 1;
        let schema = from["schema"].to_string();
        let (early, late) = match () {
            () if schema.contains("integer") => ("2025", "2026"),
            () if schema.contains("\"date\"") => ("2026-04-01", "2026-04-02"),
            () => ("2026-04", "2026-05"),
        };
        let of = |from: &str, to: &str| app.get(&format!("{}?from={from}&{end}={to}", operation.path));
        let refused = of(late, early).expect(422).faults();
        let code = match operation.path.as_str() {
            "/v1/reports" => "years_reversed",
            _ => "span_reversed",
        };
        assert_eq!(refused, [(end.to_owned(), code.to_owned())], "{}", operation.path);
        for (from, to) in [(early, late), (late, late)] {
            assert!(of(from, to).status < 300, "{}", operation.path);
        }
    }
    assert!(found >= 10, "{found}");
}
