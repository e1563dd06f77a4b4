//! Compares a part of a JSON document.

use serde_json::Value;

/// Asserts that `actual` has everything that `expected` has.
///
/// Every member of an expected object must be there with an equal value; other members don't matter. Arrays must have
/// the same length and are compared element by element.
#[track_caller]
pub fn assert_includes(actual: &Value, expected: &Value) {
    let mut differences = Vec::new();
    compare(actual, expected, "", &mut differences);
    assert!(
        differences.is_empty(),
        "{}\nin {actual:#}",
        differences.join("\n")
    );
}

fn compare(actual: &Value, expected: &Value, pointer: &str, differences: &mut Vec<String>) {
    match (actual, expected) {
        (Value::Object(members), Value::Object(expected)) => {
            for (name, expected) in expected {
                let pointer = format!("{pointer}/{name}");
                match members.get(name) {
                    Some(actual) => compare(actual, expected, &pointer, differences),
                    None => differences.push(format!("{pointer}: missing, expected {expected}")),
                }
            }
        }
        (Value::Array(items), Value::Array(expected)) if items.len() == expected.len() => {
            for (i, (actual, expected)) in items.iter().zip(expected).enumerate() {
                compare(actual, expected, &format!("{pointer}/{i}"), differences);
            }
        }
        _ if actual == expected => {}
        _ => differences.push(format!("{pointer}: {actual}, expected {expected}")),
    }
}
