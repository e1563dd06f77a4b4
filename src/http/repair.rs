//! Every error of a body, not only the first: decoding stops at one, and rules are only checked on what was decoded.
//!
//! Each error is mended in a copy, by leaving the member out or by putting some value of the right type there, until the
//! copy can be decoded. Then its rules are checked, apart from those that see a mended place.

use super::decode::{self, DecodeError};
use super::rules;
use crate::error::{FieldError, Place};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use validator::Validate;

/// The most errors that are reported, and the most times that a body is decoded for them.
const MOST: usize = 20;
const DECODINGS: usize = 64;
/// The largest body that is decoded more than once, as JSON text. Of a larger one, the first error is reported.
const LARGEST_BYTES: usize = 64 * 1024;

/// Returns the errors of a value that can't be decoded, given the first.
pub fn faults<T: DeserializeOwned + Validate>(value: &Value, first: DecodeError) -> Vec<FieldError> {
    if value.to_string().len() > LARGEST_BYTES {
        return vec![first.in_body()];
    }
    let mut mending = Mending {
        value: value.clone(),
        places: Vec::new(),
        decodings: 0,
    };
    let mut faults = Vec::new();
    let mut error = first;
    loop {
        let fault = error.in_body();
        let place = pointer(&fault).to_owned();
        // A member that was left out may have been required.
        if !mending.places.contains(&place) {
            faults.push(fault);
        }
        if faults.len() == MOST {
            return faults;
        }
        match mending.mend::<T>(place, &error) {
            Some(Err(next)) => error = next,
            Some(Ok(decoded)) => {
                let broken = decoded.validate().err().map(|errors| rules::broken(&errors));
                let independent = |fault: &FieldError| !mending.touches(pointer(fault));
                faults.extend(broken.into_iter().flatten().filter(independent));
                faults.truncate(MOST);
                return faults;
            }
            None => return faults,
        }
    }
}

struct Mending {
    value: Value,
    /// The places that were mended, as JSON pointers.
    places: Vec<String>,
    decodings: usize,
}

impl Mending {
    /// Mends one place. Returns the decoded value or the next error, which is elsewhere; none if nothing helps.
    fn mend<T: DeserializeOwned>(
        &mut self,
        place: String,
        error: &DecodeError,
    ) -> Option<Result<T, DecodeError>> {
        let mut stand_ins = vec![None];
        if !error.is_surplus() {
            stand_ins.extend(error.allowed().map(|allowed| Some(json!(allowed))));
            let usual = [
                json!(null),
                json!("a"),
                json!(1),
                json!(false),
                json!([]),
                json!({}),
                json!("00000000-0000-7000-8000-000000000000"),
                json!("2000-01-01"),
                json!("2000-01-01T00:00:00Z"),
            ];
            stand_ins.extend(usual.map(Some));
        }
        let (parent, step) = place.rsplit_once('/')?;
        let step = step.replace("~1", "/").replace("~0", "~");
        let mut tried = 0;
        while let Some(stand_in) = stand_ins.get(tried).cloned() {
            tried += 1;
            if self.decodings == DECODINGS {
                return None;
            }
            match (self.value.pointer_mut(parent)?, stand_in) {
                (Value::Object(members), None) => drop(members.remove(&step)),
                (Value::Object(members), Some(value)) => drop(members.insert(step.clone(), value)),
                (Value::Array(items), Some(value)) => *items.get_mut(step.parse::<usize>().ok()?)? = value,
                _ => continue,
            }
            self.decodings += 1;
            let decoded = decode::value::<T>(&self.value);
            match &decoded {
                // An error at the same place may say what the place takes.
                Err(next) if related(pointer(&next.in_body()), &place) => {
                    stand_ins.extend(next.allowed().map(|allowed| Some(json!(allowed))));
                }
                _ => {
                    self.places.push(place);
                    return Some(decoded);
                }
            }
        }
        None
    }

    /// Whether a rule about this place may depend on what was mended.
    fn touches(&self, place: &str) -> bool {
        self.places.iter().any(|mended| related(mended, place))
    }
}

/// Whether two places are the same, or one holds the other.
fn related(a: &str, b: &str) -> bool {
    let holds = |outer: &str, inner: &str| {
        inner
            .strip_prefix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    holds(a, b) || holds(b, a)
}

fn pointer(fault: &FieldError) -> &str {
    match &fault.place {
        Place::Pointer(place) | Place::Parameter(place) => place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Serialize, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Wish {
        #[validate(range(min = 1, max = 5))]
        level: u8,
        format: crate::catalogue::Format,
    }

    #[derive(Debug, Serialize, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Person {
        #[validate(length(min = 1, max = 3))]
        name: String,
        #[validate(length(max = 3))]
        kana: String,
        #[validate(length(max = 2), nested)]
        wishes: Vec<Wish>,
        since: NaiveDate,
        id: uuid::Uuid,
    }

    fn found(value: &Value) -> Vec<(String, String)> {
        let first = decode::value::<Person>(value).unwrap_err();
        let faults = faults::<Person>(value, first);
        faults
            .iter()
            .map(|fault| (pointer(fault).to_owned(), fault.code.to_string()))
            .collect()
    }

    #[test]
    fn errors_of_types_and_of_rules_come_together() {
        let body = json!({
            "nmae": "x", "kana": "long one", "since": "someday", "id": 7,
            "wishes": [{"level": 9, "format": "one_day"}, {"level": "3", "format": "no"}]
        });
        let mut found = found(&body);
        found.sort();
        let expected = [
            ("/id", "wrong_type"),
            ("/kana", "invalid_length"),
            ("/name", "missing_field"),
            ("/nmae", "unknown_field"),
            ("/since", "invalid_value"),
            ("/wishes/0/level", "out_of_range"),
            ("/wishes/1/format", "unknown_value"),
            ("/wishes/1/level", "wrong_type"),
        ];
        assert_eq!(
            found,
            expected.map(|(place, code)| (place.to_owned(), code.to_owned()))
        );
    }

    #[test]
    fn what_was_mended_breaks_no_rule() {
        let body = json!({"name": 1, "kana": "a", "since": "2026-01-01", "id": "00000000-0000-7000-8000-000000000000",
            "wishes": [1, 2, 3]});
        let places: Vec<String> = found(&body).into_iter().map(|(place, _)| place).collect();
        assert_eq!(places, ["/name", "/wishes/0"]);
    }

    #[test]
    fn errors_are_limited() {
        let body: serde_json::Map<String, Value> = (0..100).map(|n| (format!("x{n}"), json!(n))).collect();
        assert_eq!(found(&Value::Object(body)).len(), MOST);
        assert_eq!(found(&json!([])).len(), 1);
    }

    #[test]
    fn a_large_body_is_not_decoded_again() {
        let body = |bytes: usize| json!({"kana": "a".repeat(bytes), "x": 1, "y": 2});
        assert!(found(&body(10)).len() > 2);
        assert_eq!(found(&body(LARGEST_BYTES)).len(), 1);
    }
}
