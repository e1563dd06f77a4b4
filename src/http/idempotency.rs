//! POSTs that may be sent twice: with an `Idempotency-Key`, the first answer is the only one.
//!
//! A key belongs to its caller. The first request takes a lease on it; its answer is kept in the same
//! transaction as what it wrote, so a crash leaves both or neither. The same request again replays the answer;
//! another request under the key is 422; while the first is under way a twin is 409. What failed is not kept:
//! the key is free again. A lease that was never answered, because its server died, ends after a minute. Keys
//! are forgotten after a day.

use super::{body, conditional};
use crate::db::schema::idempotency_keys::{self, dsl};
use crate::db::{Db, Doc, Id, Instant, Pool, on};
use crate::error::{Error, Result, Text};
use crate::tasks::Task;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload};
use chrono::Duration;
use diesel::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::future::Future;
use std::pin::Pin;
use validator::Validate;

const HEADER: &str = "idempotency-key";
const LEASE: Duration = Duration::minutes(1);
/// How long an answer is kept.
pub const KEPT: Duration = Duration::days(1);

/// A valid body that came by POST, with its key if it has one.
pub struct Submission<T> {
    pub value: T,
    key: Option<Key>,
}

#[derive(Clone)]
struct Key {
    key: String,
    fingerprint: String,
}

/// The answer to a POST: created things have a place and a version.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answer {
    status: u16,
    location: Option<String>,
    version: Option<i64>,
    /// What it is about, so that erasing a person erases this too.
    #[serde(skip)]
    entity_id: Option<String>,
    /// Secrets that the first answer alone has, by their pointers.
    #[serde(skip)]
    once: Vec<(&'static str, serde_json::Value)>,
    body: serde_json::Value,
}

impl Answer {
    pub fn created(
        location: String,
        entity_id: impl ToString,
        version: i64,
        body: &impl Serialize,
    ) -> Result<Answer> {
        let (status, entity_id) = (201, Some(entity_id.to_string()));
        Ok(Answer {
            status,
            location: Some(location),
            version: Some(version),
            entity_id,
            once: Vec::new(),
            body: json(body)?,
        })
    }

    pub fn computed(body: &impl Serialize) -> Result<Answer> {
        Ok(Answer {
            status: 200,
            location: None,
            version: None,
            entity_id: None,
            once: Vec::new(),
            body: json(body)?,
        })
    }

    /// The values at these pointers are secrets: they are not kept, and null where the answer is repeated.
    pub fn showing_once(mut self, pointers: &[&'static str]) -> Answer {
        for pointer in pointers {
            if let Some(value) = self.body.pointer_mut(pointer) {
                self.once.push((pointer, value.take()));
            }
        }
        self
    }

    fn respond(mut self) -> HttpResponse {
        for (pointer, secret) in self.once {
            if let Some(place) = self.body.pointer_mut(pointer) {
                *place = secret;
            }
        }
        let mut response = HttpResponse::build(StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK));
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        if let Some(version) = self.version {
            response.insert_header((header::ETAG, conditional::tag(version)));
        }
        response.json(self.body)
    }
}

fn json(body: &impl Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(body).map_err(|e| Error::Internal(e.to_string()))
}

impl<T: Serialize + DeserializeOwned + Validate + 'static> FromRequest for Submission<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Submission<T>>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = body::read(request, payload, "application/json");
        let header = request
            .headers()
            .get(HEADER)
            .map(|value| value.to_str().unwrap_or_default().to_owned());
        let target = format!("{} {}\n", request.method(), request.path());
        Box::pin(async move {
            let bytes = bytes.await?;
            let key = header.map(|key| Key::new(key, &target, &bytes)).transpose()?;
            Ok(Submission {
                value: body::parse(&bytes)?,
                key,
            })
        })
    }
}

impl Key {
    fn new(key: String, target: &str, body: &[u8]) -> Result<Key> {
        if !(1..=255).contains(&key.len()) || !key.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            let rule = Text::new(
                "1〜255文字のASCIIにしてください。",
                "It has 1 to 255 printable ASCII characters.",
            );
            return Err(Error::parameter(
                "Idempotency-Key",
                "invalid_idempotency_key",
                rule,
            ));
        }
        let digest = Sha256::new().chain_update(target).chain_update(body).finalize();
        Ok(Key {
            key,
            fingerprint: digest.iter().map(|b| format!("{b:02x}")).collect(),
        })
    }
}

impl<T: Send + 'static> Submission<T> {
    /// For whom a key is not a choice.
    pub fn check_key(&self) -> Result<()> {
        if self.key.is_some() {
            return Ok(());
        }
        let rule = Text::new(
            "Idempotency-Key ヘッダーが必要です。",
            "The header Idempotency-Key is needed.",
        );
        Err(Error::parameter("Idempotency-Key", "missing_parameter", rule))
    }

    /// Answers once: what `f` writes and the answer are kept together.
    pub async fn write(
        self,
        pool: &Pool,
        caller: &str,
        f: impl FnOnce(&mut Db, T) -> Result<Answer> + Send + 'static,
    ) -> Result<HttpResponse> {
        let value = self.value;
        match self.key {
            None => pool.write(move |db| f(db, value)).await.map(Answer::respond),
            Some(key) => once(pool, caller, key, move |db| f(db, value)).await,
        }
    }

    /// Answers once what writes nothing but the answer.
    pub async fn compute(
        self,
        pool: &Pool,
        caller: &str,
        f: impl FnOnce(&mut Db, T) -> Result<Answer> + Send + 'static,
    ) -> Result<HttpResponse> {
        match self.key {
            None => pool.read(move |db| f(db, self.value)).await.map(Answer::respond),
            Some(_) => self.write(pool, caller, f).await,
        }
    }
}

async fn once(
    pool: &Pool,
    caller: &str,
    key: Key,
    f: impl FnOnce(&mut Db) -> Result<Answer> + Send + 'static,
) -> Result<HttpResponse> {
    let (lease, owner) = (Id::new(), caller.to_owned());
    let (taken_by, taken) = (owner.clone(), key.clone());
    if let Some(first) = pool.write(move |db| take(db, &taken_by, &taken, lease)).await? {
        return Ok(first.respond());
    }
    let (answered_by, answered) = (owner.clone(), key.clone());
    let answer = pool.write(move |db| {
        let answer = f(db)?;
        keep(db, &answered_by, &answered, lease, &answer)?;
        Ok(answer)
    });
    match answer.await {
        Ok(answer) => Ok(answer.respond()),
        Err(error) => {
            pool.write(move |db| release(db, &owner, &key, lease)).await?;
            Err(error)
        }
    }
}

/// The first answer, or the lease on the key.
fn take(db: &mut Db, caller: &str, key: &Key, lease: Id) -> Result<Option<Answer>> {
    type Row = (String, Option<Doc<Answer>>, Instant);
    let now = Instant::now();
    let dead = Instant::from(now.utc() - LEASE);
    let mine = dsl::idempotency_keys.find((caller, &key.key));
    let abandoned = mine
        .filter(dsl::answer.is_null())
        .filter(dsl::created_at.lt(dead));
    diesel::delete(abandoned).execute(db)?;
    let row = (
        dsl::caller.eq(caller),
        dsl::key.eq(&key.key),
        dsl::fingerprint.eq(&key.fingerprint),
        dsl::lease.eq(lease),
        dsl::created_at.eq(now),
    );
    let insert = diesel::insert_into(idempotency_keys::table).values(row);
    let inserted = on!(db, |c| insert.on_conflict_do_nothing().execute(c))?;
    if inserted == 1 {
        return Ok(None);
    }
    let found = mine
        .select((dsl::fingerprint, dsl::answer, dsl::created_at))
        .first::<Row>(db)
        .optional()?;
    match found {
        Some((fingerprint, ..)) if fingerprint != key.fingerprint => Err(Error::IdempotencyKeyReused),
        Some((_, Some(Doc(first)), _)) => Ok(Some(first)),
        _ => Err(Error::Conflict {
            code: "request_in_progress",
            detail: Text::new(
                "同じ Idempotency-Key のリクエストを処理中です。",
                "A request with this Idempotency-Key is under way.",
            ),
        }),
    }
}

fn keep(db: &mut Db, caller: &str, key: &Key, lease: Id, answer: &Answer) -> Result<()> {
    let mine = dsl::idempotency_keys
        .find((caller, &key.key))
        .filter(dsl::lease.eq(lease));
    let values = (
        dsl::answer.eq(Doc(answer.clone())),
        dsl::entity_id.eq(&answer.entity_id),
    );
    match diesel::update(mine).set(values).execute(db)? {
        1 => Ok(()),
        // The lease ended and someone else has the key: what was written here is rolled back.
        _ => Err(Error::Conflict {
            code: "request_in_progress",
            detail: Text::new(
                "処理に時間がかかり、やり直されました。",
                "It took too long and was taken over.",
            ),
        }),
    }
}

fn release(db: &mut Db, caller: &str, key: &Key, lease: Id) -> Result<()> {
    let mine = dsl::idempotency_keys
        .find((caller, &key.key))
        .filter(dsl::lease.eq(lease));
    diesel::delete(mine).execute(db)?;
    Ok(())
}

/// Forgets the answers about one thing.
pub fn forget(db: &mut Db, entity_id: &str) -> Result<()> {
    diesel::delete(dsl::idempotency_keys.filter(dsl::entity_id.eq(entity_id))).execute(db)?;
    Ok(())
}

/// Forgets what is older than [`KEPT`].
pub fn purge(db: &mut Db, now: Instant) -> Result<usize> {
    let old = dsl::idempotency_keys.filter(dsl::created_at.lt(Instant::from(now.utc() - KEPT)));
    Ok(diesel::delete(old).execute(db)?)
}

/// The background task that forgets old answers.
pub fn purge_task(pool: &Pool) -> Task {
    let pool = pool.clone();
    Task::new(
        "idempotency keys",
        std::time::Duration::from_secs(3600),
        move || pool.write_blocking(|db| purge(db, Instant::now()).map(drop)),
    )
}
