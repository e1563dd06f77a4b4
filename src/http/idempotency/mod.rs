//! Idempotent POSTs: with an `Idempotency-Key`, a request can be repeated and is carried out once.
//!
//! * `submission`: the extractor that handlers use. `store`: SQL. `tasks`: forgets old answers.
//!
//! A key belongs to its caller. An answer is repeated only to a token that may still see it: it is stored with the
//! sender's [`grants`](Submitter::grants). The first request takes a lease on the key. Its answer is stored in the same
//! transaction as its writes, so a crash leaves both or neither. The same request with the same key returns the stored
//! answer; another request with that key is 422; a twin of a running request is 409. Errors are not stored: the key is
//! free again. If the connection is lost during the commit, the key tells afterwards whether it took effect. If a server
//! dies before it answers, the lease ends after [`LEASE`]. If the record is deleted, its answer goes, too, and the key is
//! used up (410): a request that is repeated late doesn't bring back somebody who was erased. Keys are forgotten after
//! [`KEPT`]. The answers stored for one caller take up to [`MAX_BYTES`]; then new keys are refused with 429, and the same
//! request without a key is accepted.

mod store;
mod submission;
pub mod tasks;

pub use store::{forget, purge};
pub use submission::Submission;

use super::conditional;
use super::disclosure::{Discloses, Disclosure};
use crate::db::Id;
use crate::error::{Error, Result, Text};
use actix_web::HttpResponse;
use actix_web::http::header;
use chrono::Duration;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How long a request without an answer holds its key.
pub const LEASE: Duration = Duration::minutes(1);
/// After this long, a request without an answer is probably dead.
pub const SOON: Duration = Duration::seconds(5);
/// How long an answer is stored.
pub const KEPT: Duration = Duration::days(1);
/// How many bytes of answers are stored for one caller.
pub const MAX_BYTES: i64 = 256 * 1024 * 1024;

/// Who sends a request.
#[derive(Debug, Clone)]
pub struct Submitter {
    /// The name for the change log. Each name has its own keys.
    pub actor: String,
    /// What the token shows its holder, as words. An answer is repeated only to a token that has all words of the first.
    pub grants: Vec<String>,
}

#[derive(Clone)]
struct Key {
    key: String,
    fingerprint: String,
}

impl Key {
    /// Takes a key with or without the quotes of a structured field (RFC 9651): `"a"` and `a` are the same.
    fn new(key: &str, target: &str, body: &[u8]) -> Result<Key> {
        let key = key.trim();
        let quoted = key.strip_prefix('"').and_then(|key| key.strip_suffix('"'));
        let key = quoted.unwrap_or(key);
        if !(1..=255).contains(&key.len()) || !key.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            let rule = Text::new(
                "1〜255文字の印字可能なASCII文字で指定してください。",
                "Use 1 to 255 printable ASCII characters.",
            );
            return Err(Error::parameter(
                "Idempotency-Key",
                "invalid_idempotency_key",
                rule,
            ));
        }
        let digest = Sha256::new().chain_update(target).chain_update(body).finalize();
        Ok(Key {
            key: key.to_owned(),
            fingerprint: hex::encode(digest),
        })
    }
}

/// Returns what is stored of a key that is used up. It may have been a name or an address, so only a digest is left. No key of a
/// request has the character with which it begins.
fn used_up(caller: &str, key: &str) -> String {
    let digest = Sha256::new()
        .chain_update(caller)
        .chain_update("\n")
        .chain_update(key);
    format!("\t{}", hex::encode(digest.finalize()))
}

/// The answer to a POST that wrote records. What is only computed is no such answer, and so never stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    /// Of the record that was created. None after a batch.
    location: Option<String>,
    version: Option<i64>,
    /// The record that the answer is about: erasing that record erases the stored answer, and uses up the key.
    #[serde(skip)]
    entity_id: Option<String>,
    /// Secrets, by their JSON pointers. They are sent, but not stored.
    #[serde(skip)]
    secrets: Vec<(&'static str, serde_json::Value)>,
    /// The grants of the token that got the answer first.
    #[serde(default)]
    grants: Vec<String>,
    /// The people whose personal data the body shows.
    #[serde(default)]
    people: Vec<Id>,
    body: serde_json::Value,
}

impl Answer {
    /// Answers 201 with the record at `location`.
    pub fn created(
        location: String,
        entity_id: impl ToString,
        version: i64,
        body: &(impl Serialize + Discloses),
    ) -> Result<Answer> {
        Ok(Answer {
            location: Some(location),
            version: Some(version),
            entity_id: Some(entity_id.to_string()),
            secrets: Vec::new(),
            grants: Vec::new(),
            people: body.people(),
            body: json(body)?,
        })
    }

    /// Answers 200 with what became of each record of a batch.
    pub fn of_batch(body: &(impl Serialize + Discloses)) -> Result<Answer> {
        Ok(Answer {
            location: None,
            version: None,
            entity_id: None,
            secrets: Vec::new(),
            grants: Vec::new(),
            people: body.people(),
            body: json(body)?,
        })
    }

    /// Marks the values at these JSON pointers as secrets. They are not stored: a repeated request gets null instead.
    pub fn showing_once(mut self, pointers: &[&'static str]) -> Answer {
        for pointer in pointers {
            if let Some(value) = self.body.pointer_mut(pointer) {
                self.secrets.push((pointer, value.take()));
            }
        }
        self
    }

    fn respond(mut self) -> HttpResponse {
        for (pointer, secret) in self.secrets {
            if let Some(place) = self.body.pointer_mut(pointer) {
                *place = secret;
            }
        }
        let mut response = match self.location {
            Some(_) => HttpResponse::Created(),
            None => HttpResponse::Ok(),
        };
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        if let Some(version) = self.version {
            response.insert_header((header::ETAG, conditional::tag(version)));
        }
        #[allow(clippy::disallowed_methods)]
        let response = response.json(self.body);
        Disclosure(self.people).attach(response)
    }
}

fn json(body: &impl Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(body).map_err(|e| Error::Internal(e.to_string()))
}
