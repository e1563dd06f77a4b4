//! The extractor for POSTs that can be repeated.

use super::{Answer, Key, Submitter, store};
use crate::db::{Db, Id, Pool};
use crate::error::{Error, Fault, Result, Text};
use crate::http::body::{self, Checked};
use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload};
use serde::de::DeserializeOwned;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use validator::Validate;

const HEADER: &str = "Idempotency-Key";

/// A body of up to `LIMIT` bytes, and the `Idempotency-Key`, if the request has one.
pub struct Submission<T, const LIMIT: usize = { body::LIMIT_BYTES }> {
    body: Checked<T>,
    key: Option<Key>,
}

impl<T: DeserializeOwned + Validate + 'static, const LIMIT: usize> FromRequest for Submission<T, LIMIT> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Submission<T, LIMIT>>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = body::read(request, payload, "application/json", LIMIT);
        let header = request
            .headers()
            .get(HEADER)
            .map(|value| value.to_str().unwrap_or_default().to_owned());
        let target = format!("{} {}\n", request.method(), request.path());
        Box::pin(async move {
            let bytes = bytes.await?;
            let key = header.map(|key| Key::new(&key, &target, &bytes)).transpose()?;
            Ok(Submission {
                body: Checked::of(&body::strict(&bytes)?)?,
                key,
            })
        })
    }
}

impl<T: DeserializeOwned + Validate + Send + 'static, const LIMIT: usize> Submission<T, LIMIT> {
    /// Checks that the request has a key, for callers that have to send one.
    pub fn check_key(&self) -> Result<()> {
        if self.key.is_some() {
            return Ok(());
        }
        let rule = Text::new(
            "Idempotency-Key ヘッダーを指定してください。",
            "The header Idempotency-Key is required.",
        );
        Err(Error::parameter(HEADER, "missing_parameter", rule))
    }

    /// Returns the body if it breaks no rule, for what has to be known before it is written.
    pub fn valid(&self) -> Result<&T> {
        self.body.valid()
    }

    /// Runs `f` once. Its writes and its answer are stored in one transaction. The errors of a body that breaks rules come
    /// together with those that `f` would find: it is tried, and nothing of it is kept.
    pub async fn write(
        self,
        pool: &Pool,
        caller: Submitter,
        f: impl FnOnce(&mut Db, T) -> Result<Answer> + Send + 'static,
    ) -> Result<HttpResponse> {
        match (self.body, self.key) {
            (Checked::Valid(value), Some(key)) => write_once(pool, caller, key, move |db| f(db, value)).await,
            (body, _) => body.write(pool, f).await.map(Answer::respond),
        }
    }
}

async fn write_once(
    pool: &Pool,
    caller: Submitter,
    key: Key,
    f: impl FnOnce(&mut Db) -> Result<Answer> + Send + 'static,
) -> Result<HttpResponse> {
    let (lease, owner) = (Id::new(), caller);
    let (taken_by, taken) = (owner.clone(), key.clone());
    if let Some(first) = pool
        .write(move |db| store::take(db, &taken_by, &taken, lease))
        .await?
    {
        return Ok(first.respond());
    }
    let (answered_by, answered) = (owner.clone(), key.clone());
    let kept = Arc::new(OnceLock::new());
    let keep = Arc::clone(&kept);
    let answer = pool.write(move |db| {
        let answer = f(db)?;
        store::complete(db, &answered_by, &answered, lease, &answer)?;
        // For the case that the commit takes effect, but its own answer is lost.
        let _ = keep.set(answer.clone());
        Ok(answer)
    });
    let began = Instant::now();
    let error = match answer.await {
        Ok(answer) => return Ok(answer.respond()),
        Err(error) => error,
    };
    // Goes on in the background if the caller has waited long enough. If it fails, the lease ends by itself.
    let settled = pool.write(move |db| store::settle(db, &owner.actor, &key, lease));
    let left = pool.longest_wait().saturating_sub(began.elapsed());
    match tokio::time::timeout(left, settled).await {
        Ok(Ok(true)) => match kept.get() {
            Some(answer) => Ok(answer.clone().respond()),
            None => Err(error),
        },
        Ok(Ok(false)) => Err(not_written(error)),
        Ok(Err(_)) | Err(_) => Err(error),
    }
}

/// The outcome of a commit is known now: it did not take effect.
fn not_written(error: Error) -> Error {
    match error {
        Error::Fault {
            fault: Fault::OutcomeUnknown,
            reason,
        } => Error::fault(Fault::Unreachable, reason),
        other => other,
    }
}
