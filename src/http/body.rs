//! JSON bodies: parsed strictly, then validated.
//!
//! A body has at most 1 MiB (a batch: 4 MiB), no duplicate keys, no unknown fields, no control characters except line breaks and tabs
//! (PostgreSQL can't store NUL), and no characters that nobody sees (two names would look alike). `11.0` is an integer, as in JSON Schema. Types of bodies derive `Validate`; all
//! broken rules are reported at once, each with a JSON pointer to the value.

use super::repair::{self, StandIn};
use super::{decode, rules};
use crate::db::{Db, Pool};
use crate::error::{Error, FieldError, Result, Text};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::cell::RefCell;
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use tables::strict_json::{self, JsonError};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use validator::{Validate, ValidationErrors};

/// The size of the largest JSON body.
pub const LIMIT_BYTES: usize = 1024 * 1024;
/// The size of the largest JSON body with many records.
pub const BATCH_LIMIT_BYTES: usize = 4 * LIMIT_BYTES;

/// How long a body may take to arrive.
const TIME_LIMIT: std::time::Duration = std::time::Duration::from_secs(30);

/// A body whose rules were checked.
pub enum Checked<T> {
    Valid(T),
    /// One that breaks rules. What else would be refused is found by trying a valid stand-in.
    Broken(Vec<FieldError>, StandIn<T>),
}

impl<T: DeserializeOwned + Validate> Checked<T> {
    /// Converts a JSON value. Fails if nothing can stand in for one that breaks rules.
    pub fn of(value: &Value) -> Result<Checked<T>> {
        match typed(value) {
            Ok(valid) => Ok(Checked::Valid(valid)),
            Err(Error::Invalid(faults)) => match StandIn::of(value) {
                Some(stand_in) => Ok(Checked::Broken(faults, stand_in)),
                None => Err(Error::Invalid(faults)),
            },
            Err(error) => Err(error),
        }
    }

    pub fn valid(&self) -> Result<&T> {
        match self {
            Checked::Valid(value) => Ok(value),
            Checked::Broken(faults, _) => Err(Error::Invalid(faults.clone())),
        }
    }

    /// Runs `f` with the value. The errors of one that breaks rules come together with those that `f` finds in its stand-in;
    /// the caller keeps nothing of what `f` has done then.
    pub fn settle<A>(self, f: impl FnOnce(T) -> Result<A>) -> Result<A> {
        match self {
            Checked::Valid(value) => f(value),
            Checked::Broken(faults, stand_in) => Err(Error::Invalid(stand_in.tried(faults, f))),
        }
    }

    /// Runs `f` in a transaction, as [`Checked::settle`] does.
    pub async fn write<A: Send + 'static>(
        self,
        pool: &Pool,
        f: impl FnOnce(&mut Db, T) -> Result<A> + Send + 'static,
    ) -> Result<A>
    where
        T: Send + 'static,
    {
        let own = self.valid().err();
        let written = pool.write(move |db| self.settle(|value| f(db, value))).await;
        or_own(written, own)
    }

    /// Like [`Checked::write`], for what only reads.
    pub async fn read<A: Send + 'static>(
        self,
        pool: &Pool,
        f: impl FnOnce(&mut Db, T) -> Result<A> + Send + 'static,
    ) -> Result<A>
    where
        T: Send + 'static,
    {
        let own = self.valid().err();
        let found = pool.read(move |db| self.settle(|value| f(db, value))).await;
        or_own(found, own)
    }
}

/// Whatever kept a body from being tried, it has its own errors.
fn or_own<A>(done: Result<A>, own: Option<Error>) -> Result<A> {
    match (done, own) {
        (Err(error), Some(own)) if !matches!(error, Error::Invalid(_)) => Err(own),
        (done, _) => done,
    }
}

/// A JSON body that satisfies every rule of its type.
pub struct Valid<T>(pub T);

/// A JSON body that also knows which members the client left out.
pub struct Stated<T> {
    pub body: Checked<T>,
    members: Vec<String>,
}

impl<T> Stated<T> {
    pub fn states(&self, member: &str) -> bool {
        self.members.iter().any(|stated| stated == member)
    }
}

impl<T: DeserializeOwned + Validate> FromRequest for Stated<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Stated<T>>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload, "application/json", LIMIT_BYTES);
        Box::pin(async move {
            let value = strict(&bytes.await?)?;
            let members = value.as_object().into_iter().flat_map(|members| members.keys());
            Ok(Stated {
                members: members.cloned().collect(),
                body: Checked::of(&value)?,
            })
        })
    }
}

/// A JSON Merge Patch (RFC 7396) of a `T`, not yet applied.
pub struct Patch<T> {
    patch: Value,
    /// How applying it has gone, for [`Patch::write`].
    applied: RefCell<Applied<T>>,
}

enum Applied<T> {
    /// Not yet, or without errors.
    Well,
    /// With errors, and what it makes.
    Broken(Value),
    /// What it makes is replaced by this: it is only tried, and nothing of it is kept.
    Trial(T),
}

impl<T> Patch<T> {
    fn of(patch: Value) -> Patch<T> {
        let applied = RefCell::new(Applied::Well);
        Patch { patch, applied }
    }
}

impl<T: DeserializeOwned + Validate> FromRequest for Valid<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Valid<T>>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload, "application/json", LIMIT_BYTES);
        Box::pin(async move { parse(&bytes.await?).map(Valid) })
    }
}

impl<T: DeserializeOwned + Validate> FromRequest for Checked<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Checked<T>>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload, "application/json", LIMIT_BYTES);
        Box::pin(async move { Checked::of(&strict(&bytes.await?)?) })
    }
}

impl<T: 'static> FromRequest for Patch<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Patch<T>>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload, "application/merge-patch+json", LIMIT_BYTES);
        Box::pin(async move {
            match strict(&bytes.await?)? {
                patch @ Value::Object(_) => Ok(Patch::of(patch)),
                _ => Err(Error::invalid(
                    "",
                    "wrong_type",
                    Text::new("オブジェクトで指定してください。", "Expected an object."),
                )),
            }
        })
    }
}

impl<T> Patch<T> {
    pub fn states(&self, member: &str) -> bool {
        self.patch.get(member).is_some()
    }

    /// Returns a member that the patch states, if it can be read.
    pub fn stated<M: DeserializeOwned>(&self, member: &str) -> Option<M> {
        serde_json::from_value(self.patch.get(member)?.clone()).ok()
    }

    /// Returns the patch with another member, which follows from what it states.
    pub fn with(&self, member: &str, value: Value) -> Patch<T> {
        let mut patch = self.patch.clone();
        if let Some(members) = patch.as_object_mut() {
            members.insert(member.to_owned(), value);
        }
        Patch::of(patch)
    }
}

impl<T: Serialize + DeserializeOwned + Validate> Patch<T> {
    /// Returns the patched value, validated like a new one.
    pub fn apply(&self, to: &T) -> Result<T> {
        let value = merged_value(to, &self.patch)?;
        let mut applied = self.applied.borrow_mut();
        if let Applied::Trial(stand_in) = &*applied {
            let stand_in = serde_json::to_value(stand_in).map_err(|e| Error::Internal(e.to_string()))?;
            return typed(&stand_in);
        }
        let patched = decode::value(&value).map_err(|e| Error::Invalid(repair::faults::<T>(&value, e)));
        let patched = patched.and_then(|patched| check_change(Some(to), &patched).map(|()| patched));
        patched.inspect_err(|_| *applied = Applied::Broken(value))
    }
}

/// What a change makes of a record, and what it is compared with to tell whether it is one.
pub struct Edited<T> {
    pub before: T,
    pub after: T,
}

impl<T: Clone> Edited<T> {
    /// Of somebody who reads all of the record.
    pub fn read(before: &T, after: T) -> Edited<T> {
        Edited {
            before: before.clone(),
            after,
        }
    }
}

/// A text that only some may read: its JSON pointer, and another value that it might have.
pub type Unread = (&'static str, Value);

impl<T: Serialize + DeserializeOwned> Patch<T> {
    /// Returns the change to `after` by somebody who can't read some texts. Where the patch writes one of them, `before` has another
    /// value: each write counts as a change, or else a guess would show whether it is what is stored.
    pub fn edited(&self, before: &T, after: T, unread: &[Unread]) -> Result<Edited<T>> {
        let internal = |e: serde_json::Error| Error::Internal(e.to_string());
        let mut other = serde_json::to_value(before).map_err(internal)?;
        let written = serde_json::to_value(&after).map_err(internal)?;
        for (pointer, value) in unread.iter().filter(|(pointer, _)| self.writes(pointer)) {
            if let Some(place) = other.pointer_mut(pointer) {
                *place = match written.pointer(pointer) == Some(value) {
                    true => Value::Null,
                    false => value.clone(),
                };
            }
        }
        let before = serde_json::from_value(other).map_err(internal)?;
        Ok(Edited { before, after })
    }
}

impl<T> Patch<T> {
    /// Returns whether the patch states what is at a pointer, or around it.
    fn writes(&self, pointer: &str) -> bool {
        let mut place = &self.patch;
        for member in pointer.split('/').skip(1) {
            match place.get(member) {
                Some(inner) => place = inner,
                None => return !place.is_object(),
            }
        }
        true
    }
}

impl<T: Serialize + DeserializeOwned + Validate + Send + 'static> Patch<T> {
    /// Runs `f`, which applies the patch, in a transaction. If the patch breaks rules, `f` is tried with a valid stand-in, and
    /// the errors of all its stages come together.
    pub async fn write<A: Send + 'static>(
        self,
        pool: &Pool,
        f: impl Fn(&mut Db, &Patch<T>) -> Result<A> + Send + 'static,
    ) -> Result<A> {
        pool.write(move |db| {
            let done = f(db, &self);
            let (Err(Error::Invalid(faults)), Applied::Broken(value)) =
                (&done, self.applied.replace(Applied::Well))
            else {
                return done;
            };
            let Some(stand_in) = StandIn::<T>::of(&value) else {
                return done;
            };
            let later = stand_in.tried(faults.clone(), |value| {
                self.applied.replace(Applied::Trial(value));
                f(db, &self)
            });
            Err(Error::Invalid(later))
        })
        .await
    }
}

/// Returns the value with a JSON Merge Patch (RFC 7396), validated like a new one.
pub fn merged<T: Serialize + DeserializeOwned + Validate>(to: &T, patch: &Value) -> Result<T> {
    typed(&merged_value(to, patch)?)
}

fn merged_value<T: Serialize>(to: &T, patch: &Value) -> Result<Value> {
    let mut value = serde_json::to_value(to).map_err(|e| Error::Internal(e.to_string()))?;
    json_patch::merge(&mut value, patch);
    Ok(value)
}

/// Every member of `T`, none required; null unsets a member.
impl<T: ToSchema> PartialSchema for Patch<T> {
    fn schema() -> RefOr<Schema> {
        let mut schema = T::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required.clear();
            object.example = None;
            object.examples.clear();
            object.default = None;
        }
        schema
    }
}

impl<T: ToSchema> ToSchema for Patch<T> {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}

/// Reads the whole body, up to the limit. A request may leave out its Content-Type.
pub fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    expected: &'static str,
    limit_bytes: usize,
) -> impl Future<Output = Result<Bytes>> + use<> {
    let media_type = request.headers().get(CONTENT_TYPE).map(|value| {
        let essence = value
            .to_str()
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default();
        essence.trim().to_ascii_lowercase()
    });
    let payload = Payload::take(payload);
    let request = request.clone();
    async move {
        if !media_type.is_none_or(|t| t == expected || t == "application/json") {
            return Err(Error::UnsupportedMediaType { expected });
        }
        let broken = |e: &dyn std::fmt::Display| Error::MalformedJson {
            line: 0,
            column: 0,
            reason: e.to_string(),
        };
        let payload = actix_web::web::Payload::from_request(&request, &mut { payload }).await;
        let reading = payload.map_err(|e| broken(&e))?.to_bytes_limited(limit_bytes);
        let read = tokio::time::timeout(TIME_LIMIT, reading).await;
        read.map_err(|_| Error::Timeout)?
            .map_err(|_| Error::TooLarge { limit_bytes })?
            .map_err(|e| broken(&e))
    }
}

/// Parses and validates a body.
pub fn parse<T: DeserializeOwned + Validate>(bytes: &[u8]) -> Result<T> {
    typed(&strict(bytes)?)
}

/// Members that hold prose: nothing is refused because of a control character in it.
const PROSE: [&str; 3] = ["evidence", "trouble", "description"];

/// Members whose spaces count.
const SECRETS: [&str; 6] = [
    "password",
    "current_password",
    "new_password",
    "token",
    "refresh_token",
    "client_secret",
];

/// Parses JSON strictly, and removes the spaces around every text that is neither prose nor a secret. A text with characters
/// that nobody sees is refused; from prose, they are taken out.
pub fn strict(bytes: &[u8]) -> Result<Value> {
    let mut value = parse_strictly(bytes)?;
    if let Err(pointer) = check_hidden(&mut value) {
        let rule = Text::new(
            "目に見えない文字や、文字の向きを変える文字は使用できません。",
            "Characters that nobody sees, or that change the direction of the text, are not allowed.",
        );
        return Err(Error::invalid(pointer, "control_character", rule));
    }
    trim(&mut value);
    Ok(value)
}

/// Returns the JSON pointer of the first text with characters that nobody sees.
fn check_hidden(value: &mut Value) -> std::result::Result<(), String> {
    let below = |step: &dyn Display, rest: String| format!("/{step}{rest}");
    match value {
        Value::String(text) if text::has_hidden(text) => Err(String::new()),
        Value::Array(items) => items
            .iter_mut()
            .enumerate()
            .try_for_each(|(at, item)| check_hidden(item).map_err(|rest| below(&at, rest))),
        Value::Object(members) => {
            let mut seen = members
                .iter_mut()
                .filter(|(name, _)| !SECRETS.contains(&name.as_str()));
            seen.try_for_each(|(name, member)| match PROSE.contains(&name.as_str()) {
                true => {
                    take_out_hidden(member);
                    Ok(())
                }
                false => check_hidden(member).map_err(|rest| below(&decode::step(name), rest)),
            })
        }
        _ => Ok(()),
    }
}

fn take_out_hidden(prose: &mut Value) {
    match prose {
        Value::String(text) if text::has_hidden(text) => *text = text::without_hidden(text).into_owned(),
        Value::Array(items) => items.iter_mut().for_each(take_out_hidden),
        Value::Object(members) => members.values_mut().for_each(take_out_hidden),
        _ => {}
    }
}

/// Removes the spaces around texts. One of spaces alone stays, to be refused by its own rule.
fn trim(value: &mut Value) {
    match value {
        Value::String(text) => {
            let trimmed = text.trim();
            if trimmed.len() < text.len() && !trimmed.is_empty() {
                *text = trimmed.to_owned();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(trim),
        Value::Object(members) => {
            let is_exact = |name: &str| PROSE.contains(&name) || SECRETS.contains(&name);
            let trimmed = members.iter_mut().filter(|(name, _)| !is_exact(name));
            trimmed.for_each(|(_, member)| trim(member));
        }
        _ => {}
    }
}

fn parse_strictly(bytes: &[u8]) -> Result<Value> {
    strict_json::parse_folding(bytes, &PROSE).map_err(|e| match e {
        JsonError::Malformed { line, column, reason } => Error::MalformedJson { line, column, reason },
        JsonError::DuplicateKey { pointer, key } => {
            let rule = decode::duplicate(&key);
            Error::invalid(
                format!("{pointer}/{}", decode::step(&key)),
                "duplicate_field",
                rule,
            )
        }
        JsonError::ControlCharacter { pointer } => {
            let rule = Text::new(
                "改行とタブ以外の制御文字は使用できません。",
                "Control characters other than line breaks and tabs are not allowed.",
            );
            Error::invalid(pointer, "control_character", rule)
        }
    })
}

/// Converts a JSON value, and checks every rule of its type.
pub fn typed<T: DeserializeOwned + Validate>(value: &Value) -> Result<T> {
    let parsed: T = decode::value(value).map_err(|e| Error::Invalid(repair::faults::<T>(value, e)))?;
    parsed.validate().map_err(|errors| invalid(&errors))?;
    Ok(parsed)
}

/// Checks every rule of what a record becomes. What stays as it was breaks none: a rule may be younger than the record, which
/// has to be changed elsewhere all the same.
pub fn check_change<T: Serialize + Validate>(before: Option<&T>, after: &T) -> Result<()> {
    let Err(errors) = after.validate() else {
        return Ok(());
    };
    let json = |value: &T| serde_json::to_value(value).map_err(|e| Error::Internal(e.to_string()));
    let (before, after) = (before.map(json).transpose()?, json(after)?);
    let is_new = |place: &str| {
        let was = before.as_ref().and_then(|before| before.pointer(place));
        was.is_none() || was != after.pointer(place)
    };
    let mut broken = rules::broken_of(&errors);
    broken.retain(|(place, _)| is_new(place));
    match broken.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(
            broken.into_iter().map(|(_, fault)| fault).collect(),
        )),
    }
}

/// Converts the broken rules of a value, each with its place.
pub fn invalid(errors: &ValidationErrors) -> Error {
    Error::Invalid(rules::broken(errors))
}
