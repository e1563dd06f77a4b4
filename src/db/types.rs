//! Column types for both databases: ids, instants, documents.

use super::MultiBackend;
use chrono::{DateTime, FixedOffset, SecondsFormat, Timelike, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{self, HasSqlType, SqlType};
use diesel::sqlite::{Sqlite, SqliteValue};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};
use std::io::Write;
use uuid::Uuid;

/// The SQL type of [`Id`]: uuid on PostgreSQL, 16 bytes on SQLite.
#[derive(SqlType, QueryId, Clone, Copy, Default)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951))]
#[diesel(sqlite_type(name = "Binary"))]
pub struct UniqueId;

/// The SQL type of [`Instant`]: timestamptz on PostgreSQL, fixed-width RFC 3339 text on SQLite.
#[derive(SqlType, QueryId, Clone, Copy, Default)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185))]
#[diesel(sqlite_type(name = "Text"))]
pub struct MicrosecondTime;

/// The SQL type of [`Doc`]: jsonb on PostgreSQL, text on SQLite.
#[derive(SqlType, QueryId, Clone, Copy, Default)]
#[diesel(postgres_type(oid = 3802, array_oid = 3807))]
#[diesel(sqlite_type(name = "Text"))]
pub struct JsonText;

impl sql_types::SqlOrd for UniqueId {}
impl sql_types::SqlOrd for MicrosecondTime {}

/// A UUID of version 7, so that ids sort by their time of creation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, AsExpression, FromSqlRow, Serialize, Deserialize,
)]
#[diesel(sql_type = UniqueId)]
#[serde(transparent)]
pub struct Id(pub Uuid);

impl Id {
    pub fn new() -> Id {
        Id(Uuid::now_v7())
    }

    /// Returns an id for a published record of another system: version 7 with the time `now`, the rest a hash of source and
    /// external id. So rankings break ties the same way wherever the record is loaded. Not for what isn't public: whoever has
    /// the id can try external ids until one fits.
    pub fn derived(source: &str, external_id: &str, now: Instant) -> Id {
        let digest = Sha256::new()
            .chain_update(source)
            .chain_update([0])
            .chain_update(external_id)
            .finalize();
        let mut random = [0; 10];
        random.iter_mut().zip(digest).for_each(|(byte, d)| *byte = d);
        let millis = now.0.timestamp_millis().max(0) as u64;
        Id(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// Returns the second in which the id was made, if it tells that.
    pub fn made_at(self) -> Option<Instant> {
        let (seconds, _) = self.0.get_timestamp()?.to_unix();
        DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0).map(Instant::from)
    }
}

impl Default for Id {
    fn default() -> Id {
        Id::new()
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A moment in UTC, cut to microseconds, which both databases store. It never lies in a leap second, which they don't know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = MicrosecondTime)]
pub struct Instant(DateTime<Utc>);

impl Instant {
    pub fn now() -> Instant {
        Instant::from(Utc::now())
    }

    /// Parses RFC 3339.
    pub fn parse(text: &str) -> Option<Instant> {
        let at = DateTime::parse_from_rfc3339(text)
            .ok()
            .filter(|at| !is_leap(at))?;
        Some(Instant::from(at.to_utc()))
    }

    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }
}

impl From<DateTime<Utc>> for Instant {
    fn from(at: DateTime<Utc>) -> Instant {
        let micros = (at.nanosecond() / 1000).min(999_999);
        Instant(at.with_nanosecond(micros * 1000).unwrap_or(at))
    }
}

/// chrono counts the nanoseconds of a leap second from a whole second on.
fn is_leap(at: &impl Timelike) -> bool {
    at.nanosecond() >= 1_000_000_000
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
        deserializer.deserialize_str(Rfc3339)
    }
}

struct Rfc3339;

impl Visitor<'_> for Rfc3339 {
    type Value = Instant;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("a time such as 2026-11-23T09:00:00Z")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Instant, E> {
        let at: DateTime<FixedOffset> = text.parse().map_err(E::custom)?;
        if is_leap(&at) {
            return Err(E::custom(
                "うるう秒は使用できません。59秒として指定してください。\nLeap seconds are not supported. Use second 59.",
            ));
        }
        Ok(Instant::from(at.to_utc()))
    }
}

impl std::fmt::Display for Instant {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl Serialize for Instant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A value stored as JSON. Queries never filter by its content: give such a member a column.
#[derive(Debug, Clone, PartialEq, AsExpression, FromSqlRow)]
#[diesel(sql_type = JsonText)]
pub struct Doc<T: std::fmt::Debug>(pub T);

macro_rules! on_either_backend {
    ($sql:ty, $rust:ty $(, $generic:ident: $($bound:tt)+)?) => {
        impl$(<$generic: $($bound)+ + Serialize>)? ToSql<$sql, MultiBackend> for $rust
        where
            $rust: ToSql<$sql, Pg> + ToSql<$sql, Sqlite>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
                out.set_value((<$sql>::default(), self));
                Ok(IsNull::No)
            }
        }
        impl$(<$generic: $($bound)+ + for<'de> Deserialize<'de>>)? FromSql<$sql, MultiBackend> for $rust {
            fn from_sql(value: super::MultiRawValue<'_>) -> deserialize::Result<Self> {
                value.from_sql::<Self, $sql>()
            }
        }
    };
}
on_either_backend!(UniqueId, Id);
on_either_backend!(MicrosecondTime, Instant);
on_either_backend!(JsonText, Doc<T>, T: std::fmt::Debug + Send + Sync + 'static);

macro_rules! known_to_both {
    ($($sql:ty),*) => {$(
        impl HasSqlType<$sql> for MultiBackend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                Self::lookup_sql_type::<$sql>(lookup)
            }
        }
    )*};
}
known_to_both!(UniqueId, MicrosecondTime, JsonText);

impl ToSql<UniqueId, Pg> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<sql_types::Uuid, Pg>::to_sql(&self.0, out)
    }
}
impl FromSql<UniqueId, Pg> for Id {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <Uuid as FromSql<sql_types::Uuid, Pg>>::from_sql(value).map(Id)
    }
}
impl ToSql<UniqueId, Sqlite> for Id {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}
impl FromSql<UniqueId, Sqlite> for Id {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Id(Uuid::from_slice(value.read_blob())?))
    }
}

impl ToSql<MicrosecondTime, Pg> for Instant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<sql_types::Timestamptz, Pg>::to_sql(&self.0, &mut out.reborrow())
    }
}
impl FromSql<MicrosecondTime, Pg> for Instant {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <DateTime<Utc> as FromSql<sql_types::Timestamptz, Pg>>::from_sql(value).map(Instant)
    }
}
impl ToSql<MicrosecondTime, Sqlite> for Instant {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        // Fixed width, so that the order of the text is the order of time.
        out.set_value(self.to_string());
        Ok(IsNull::No)
    }
}
impl FromSql<MicrosecondTime, Sqlite> for Instant {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Instant(
            DateTime::parse_from_rfc3339(value.read_text())?.with_timezone(&Utc),
        ))
    }
}

impl<T: Serialize + std::fmt::Debug> ToSql<JsonText, Pg> for Doc<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        // The binary form of jsonb is its version, 1, before the text.
        out.write_all(&[1])?;
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}
impl<T: for<'de> Deserialize<'de> + std::fmt::Debug> FromSql<JsonText, Pg> for Doc<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes().split_first() {
            Some((1, json)) => Ok(Doc(serde_json::from_slice(json)?)),
            _ => Err("an unknown version of jsonb".into()),
        }
    }
}
impl<T: Serialize + std::fmt::Debug> ToSql<JsonText, Sqlite> for Doc<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(&self.0)?);
        Ok(IsNull::No)
    }
}
impl<T: for<'de> Deserialize<'de> + std::fmt::Debug> FromSql<JsonText, Sqlite> for Doc<T> {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Doc(serde_json::from_str(value.read_text())?))
    }
}

// In the OpenAPI document both are strings; the columns' own names mean nothing to a client.
impl utoipa::PartialSchema for Id {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        string(utoipa::openapi::KnownFormat::Uuid)
    }
}
impl utoipa::ToSchema for Id {}
impl utoipa::PartialSchema for Instant {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        string(utoipa::openapi::KnownFormat::DateTime)
    }
}
impl utoipa::ToSchema for Instant {}

fn string(format: utoipa::openapi::KnownFormat) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    let format = utoipa::openapi::SchemaFormat::KnownFormat(format);
    let object = utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::Type::String);
    object.format(Some(format)).build().into()
}

/// External id, id, version and area of a record.
pub type KnownRecord = (String, Id, i64, Option<String>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_differ_only_in_their_time() {
        let at = |millis| Instant::from(DateTime::from_timestamp_millis(millis).unwrap());
        let id = Id::derived("roster", "42", at(1_427_814_000_000));
        let later = Id::derived("roster", "42", at(1_527_814_000_000));
        assert_eq!(id.0.get_version_num(), 7);
        assert!(id < later);
        assert_eq!(id.0.as_u128() as u64, later.0.as_u128() as u64);
        assert_ne!(id, Id::derived("roster4", "2", at(1_427_814_000_000)));
    }

    #[test]
    fn cuts_instants_to_microseconds_of_fixed_width() {
        let at = Instant::from(DateTime::from_timestamp(1_700_000_000, 123_456_789).unwrap());
        assert_eq!(at.to_string(), "2023-11-14T22:13:20.123456Z");
        assert_eq!(
            serde_json::from_str::<Instant>(&serde_json::to_string(&at).unwrap()).unwrap(),
            at
        );
    }
}
