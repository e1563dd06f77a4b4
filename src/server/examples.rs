//! An example for every answer, composed from the examples of its parts.
//!
//! A member's own example comes first, then the one in the example of its object, then a value that its schema allows.

use serde_json::{Map, Value, json};

type Schemas = Map<String, Value>;

/// Examples of members that are codes, by name. utoipa drops the example of a member whose schema is a reference.
const CODES: [(&str, &str); 3] = [
    ("family", "print"),
    ("role", "designer"),
    ("skill", "graphic_design"),
];

/// Adds an example to every successful JSON answer.
pub fn add(value: &mut Value) {
    let schemas = value
        .pointer("/components/schemas")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let paths = value.get_mut("paths").and_then(Value::as_object_mut);
    let operations = paths
        .into_iter()
        .flat_map(|paths| paths.values_mut())
        .filter_map(Value::as_object_mut);
    for operation in operations.flat_map(|item| item.values_mut()) {
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for (_, response) in responses
            .into_iter()
            .flatten()
            .filter(|(status, _)| status.starts_with('2'))
        {
            let media = response
                .pointer_mut("/content/application~1json")
                .and_then(Value::as_object_mut);
            if let Some(media) = media.filter(|media| !media.contains_key("example"))
                && let Some(schema) = media.get("schema").cloned()
            {
                media.insert("example".to_owned(), example(&schema, &schemas));
            }
        }
    }
}

/// Copies the members of an object's example to the members that have none.
pub fn hand_down(schema: &Value, properties: &mut Map<String, Value>) {
    let whole = schema.get("example").and_then(Value::as_object);
    for (name, example) in whole.into_iter().flatten() {
        if let Some(property) = properties.get_mut(name).and_then(Value::as_object_mut) {
            property.entry("example").or_insert_with(|| example.clone());
        }
    }
}

fn example(schema: &Value, schemas: &Schemas) -> Value {
    if let Some(own) = schema.get("example") {
        return own.clone();
    }
    if let Some(first) = schema.pointer("/examples/0") {
        return first.clone();
    }
    if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
        let name = path.rsplit('/').next().unwrap_or_default();
        return schemas
            .get(name)
            .map_or(Value::Null, |schema| example(schema, schemas));
    }
    if let Some(first) = schema.pointer("/enum/0") {
        return first.clone();
    }
    for choice in ["oneOf", "anyOf"] {
        let choices = schema.get(choice).and_then(Value::as_array).into_iter().flatten();
        if let Some(some) = choices
            .into_iter()
            .find(|choice| choice.get("type") != Some(&json!("null")))
        {
            return example(some, schemas);
        }
    }
    let kind = schema.get("type");
    let is = |name: &str| {
        kind.and_then(Value::as_str) == Some(name)
            || kind
                .and_then(Value::as_array)
                .is_some_and(|kinds| kinds.contains(&json!(name)))
    };
    match () {
        () if is("object") => {
            let mut properties = schema
                .get("properties")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default();
            hand_down(schema, &mut properties);
            for (name, code) in CODES {
                if let Some(property) = properties.get_mut(name).and_then(Value::as_object_mut)
                    && property.get("$ref") == Some(&json!("#/components/schemas/Code"))
                {
                    property.entry("example").or_insert_with(|| json!(code));
                }
            }
            properties
                .into_iter()
                .map(|(name, property)| (name, example(&property, schemas)))
                .collect()
        }
        () if is("array") => schema
            .get("items")
            .map_or_else(|| json!([]), |items| json!([example(items, schemas)])),
        () if is("integer") || is("number") => schema.get("minimum").cloned().unwrap_or(json!(0)),
        () if is("boolean") => json!(false),
        () if is("null") || kind.and_then(Value::as_array).is_some() => Value::Null,
        () => text(schema.get("format").and_then(Value::as_str).unwrap_or_default()),
    }
}

fn text(format: &str) -> Value {
    json!(match format {
        "uuid" => "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d",
        "date-time" => "2026-11-23T09:00:00.000000Z",
        "date" => "2026-11-23",
        "email" => "info@example.jp",
        _ => "例",
    })
}
