//! Every error of a body, not only the first: decoding stops at one, rules are only checked on what was decoded, and only
//! what passes them is compared with the catalogue and with other records.
//!
//! Each error is mended in a copy, by leaving the member out or by putting some value of the right type there, until the
//! copy can be decoded. Then its rules are checked, apart from those that see a mended place. A copy that is mended further,
//! until it breaks no rule, is a stand-in: what is done with the body is tried with it, in a transaction that is rolled
//! back, to learn what else would be refused.

use super::decode::{self, DecodeError};
use super::rules;
use crate::error::{Error, FieldError, Place, Result};
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
    let Some(mut mending) = Mending::of(value) else {
        return vec![first.in_body()];
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
        match mending.mend(Obstacle::of(&error), decode::value::<T>, Obstacle::of) {
            Some(Err(next)) => error = next,
            Some(Ok(decoded)) => {
                let broken = decoded.validate().err().map(|errors| rules::broken_of(&errors));
                let independent =
                    |(of, fault): (String, FieldError)| (!mending.touches(&of)).then_some(fault);
                faults.extend(broken.into_iter().flatten().filter_map(independent));
                faults.truncate(MOST);
                return faults;
            }
            None => return faults,
        }
    }
}

/// A valid value in place of one with errors.
pub struct StandIn<T> {
    value: T,
    /// The places that were mended, as JSON pointers.
    mended: Vec<String>,
}

impl<T: DeserializeOwned + Validate> StandIn<T> {
    /// Mends a value until it is valid. `None`: that can't be done, or the value is too large.
    pub fn of(value: &Value) -> Option<StandIn<T>> {
        let mut mending = Mending::of(value)?;
        let mut tried = valid::<T>(value);
        loop {
            match tried {
                Ok(value) => {
                    let mended = mending.places;
                    return Some(StandIn { value, mended });
                }
                Err(obstacle) => tried = mending.mend(obstacle, valid::<T>, Obstacle::clone)?,
            }
        }
    }

    /// Tries what would be done with the value; nothing of that may be kept. Returns the errors of the value together with
    /// those that the trial has found elsewhere.
    pub fn tried<A>(self, faults: Vec<FieldError>, f: impl FnOnce(T) -> Result<A>) -> Vec<FieldError> {
        let (value, trial) = self.split(faults);
        trial.after(f(value))
    }

    /// Returns the value, and what becomes of the errors of the one for which it stands.
    pub fn split(self, faults: Vec<FieldError>) -> (T, Trial) {
        let mended = self.mended;
        (self.value, Trial { faults, mended })
    }
}

/// The errors of a value, while a stand-in is tried.
pub struct Trial {
    faults: Vec<FieldError>,
    mended: Vec<String>,
}

impl Trial {
    /// Returns the errors together with those of the trial that have nothing to do with what was mended.
    pub fn after<A>(&self, tried: Result<A>) -> Vec<FieldError> {
        let mut faults = self.faults.clone();
        let Err(Error::Invalid(later)) = tried else {
            return faults;
        };
        for fault in later {
            let is_known = faults.iter().any(|known| pointer(known) == pointer(&fault));
            let is_mended = |place: &String| {
                related(place, pointer(&fault)) || !is_of_one_member(&fault) && beside(place, &fault)
            };
            if !is_known && !self.mended.iter().any(is_mended) {
                faults.push(fault);
            }
        }
        faults.truncate(MOST);
        faults
    }
}

/// What keeps a value from being used.
#[derive(Clone)]
struct Obstacle {
    place: String,
    /// A value that the place takes, if one is known.
    allowed: Option<&'static str>,
    is_surplus: bool,
}

impl Obstacle {
    fn of(error: &DecodeError) -> Obstacle {
        Obstacle {
            place: pointer(&error.in_body()).to_owned(),
            allowed: error.allowed(),
            is_surplus: error.is_surplus(),
        }
    }
}

/// Decodes a value and checks its rules.
fn valid<T: DeserializeOwned + Validate>(value: &Value) -> std::result::Result<T, Obstacle> {
    let decoded = decode::value::<T>(value).map_err(|error| Obstacle::of(&error))?;
    let Err(errors) = decoded.validate() else {
        return Ok(decoded);
    };
    let broken = rules::broken(&errors);
    Err(Obstacle {
        place: broken
            .first()
            .map_or_else(String::new, |fault| pointer(fault).to_owned()),
        allowed: None,
        is_surplus: false,
    })
}

struct Mending {
    value: Value,
    /// The places that were mended, as JSON pointers.
    places: Vec<String>,
    attempts: usize,
}

impl Mending {
    fn of(value: &Value) -> Option<Mending> {
        let is_small = value.to_string().len() <= LARGEST_BYTES;
        is_small.then(|| Mending {
            value: value.clone(),
            places: Vec::new(),
            attempts: 0,
        })
    }

    /// Mends one place. Returns what `attempt` makes of the value then: the decoded value or the next error, which is
    /// elsewhere; none if nothing helps.
    fn mend<T, E>(
        &mut self,
        obstacle: Obstacle,
        attempt: impl Fn(&Value) -> std::result::Result<T, E>,
        obstacle_of: impl Fn(&E) -> Obstacle,
    ) -> Option<std::result::Result<T, E>> {
        let place = obstacle.place;
        let mut stand_ins = vec![None];
        if !obstacle.is_surplus {
            stand_ins.extend(obstacle.allowed.map(|allowed| Some(json!(allowed))));
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
                json!("a@example.jp"),
            ];
            stand_ins.extend(usual.map(Some));
        }
        let (parent, step) = place.rsplit_once('/')?;
        let step = step.replace("~1", "/").replace("~0", "~");
        let mut tried = 0;
        while let Some(stand_in) = stand_ins.get(tried).cloned() {
            tried += 1;
            if self.attempts == DECODINGS {
                return None;
            }
            match (self.value.pointer_mut(parent)?, stand_in) {
                (Value::Object(members), None) => drop(members.remove(&step)),
                (Value::Object(members), Some(value)) => drop(members.insert(step.clone(), value)),
                (Value::Array(items), Some(value)) => *items.get_mut(step.parse::<usize>().ok()?)? = value,
                _ => continue,
            }
            self.attempts += 1;
            let made = attempt(&self.value);
            match made.as_ref().err().map(&obstacle_of) {
                // An error at the same place may say what the place takes.
                Some(next) if related(&next.place, &place) => {
                    stand_ins.extend(next.allowed.map(|allowed| Some(json!(allowed))));
                }
                _ => {
                    // What has no place in the value is left out, and no rule sees it.
                    if !obstacle.is_surplus {
                        self.places.push(place);
                    }
                    return Some(made);
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

/// Returns whether an error is about its own member only, whatever the others of the object are: choices that are wrong for
/// a question of the kind that stands in may be right for the kind that was meant.
fn is_of_one_member(fault: &FieldError) -> bool {
    // Two days that are both there are reversed whatever else is wrong.
    const ALONE: [&str; 5] = [
        "missing_field",
        "not_permitted",
        "date_in_future",
        "differs_from_path",
        "dates_reversed",
    ];
    let code = fault.code.as_ref();
    code.starts_with("unknown_") || code.starts_with("retired_") || ALONE.contains(&code)
}

/// Returns whether a place is a member of the same object as that of an error.
fn beside(place: &str, fault: &FieldError) -> bool {
    let object = |pointer: &str| pointer.rsplit_once('/').map(|(object, _)| object.to_owned());
    object(place) == object(pointer(fault))
}

fn pointer(fault: &FieldError) -> &str {
    match &fault.place {
        Place::Pointer(place) | Place::Parameter(place) => place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Text;
    use crate::values::broken_at;
    use chrono::NaiveDate;
    use serde::{Deserialize, Serialize};
    use validator::ValidationError;

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

    /// A reason is for some formats only.
    #[derive(Debug, Serialize, Deserialize, Validate)]
    #[validate(schema(function = "has_no_reason"))]
    #[allow(dead_code)]
    struct Cancelled {
        format: crate::catalogue::Format,
        reason: Option<String>,
        #[validate(length(max = 2))]
        note: String,
    }

    fn has_no_reason(one: &Cancelled) -> std::result::Result<(), ValidationError> {
        match one.reason {
            Some(_) => Err(broken_at("reason", "unexpected_reason", "理由", "reason")),
            None => Ok(()),
        }
    }

    fn codes(faults: &[FieldError]) -> Vec<(String, String)> {
        let code = |fault: &FieldError| (pointer(fault).to_owned(), fault.code.to_string());
        faults.iter().map(code).collect()
    }

    fn found(value: &Value) -> Vec<(String, String)> {
        let first = decode::value::<Person>(value).unwrap_err();
        codes(&faults::<Person>(value, first))
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
    fn rules_of_several_members_wait_until_each_of_them_is_right() {
        let body = json!({"format": "no", "reason": "other", "note": "a"});
        let first = decode::value::<Cancelled>(&body).unwrap_err();
        let own = faults::<Cancelled>(&body, first);
        assert_eq!(codes(&own), [("/format".to_owned(), "unknown_value".to_owned())]);
    }

    #[test]
    fn what_a_trial_finds_beside_a_mended_place_comes_only_if_it_is_about_one_member() {
        for (mended, place, code, is_kept) in [
            (
                "/questions/0/kind",
                "/questions/0/choices",
                "invalid_choices",
                false,
            ),
            (
                "/questions/0/kind",
                "/questions/1/choices",
                "invalid_choices",
                true,
            ),
            ("/status", "/cancellation_reason", "unexpected_reason", false),
            ("/status", "/agreement", "not_offered", false),
            ("/status", "/status", "unknown_value", false),
            ("/emial", "/email", "missing_contact", false),
            ("/emial", "/source", "missing_field", true),
            ("/title", "/areas/0", "unknown_area", true),
            ("/title", "/open_load", "not_permitted", true),
            ("/title", "/type", "unknown_type", true),
            ("/title", "/role", "retired_role", true),
        ] {
            let known = FieldError::at(mended, "wrong_type", Text::new("", ""));
            let trial = Trial {
                faults: vec![known],
                mended: vec![mended.to_owned()],
            };
            let found = trial.after::<()>(Err(Error::invalid(place, code, Text::new("", ""))));
            assert_eq!(found.len() == 2, is_kept, "{mended} {place} {code}");
        }
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
