//! Rows that do what the API does, instead of being a record: what such a row did, and how it is taken back.

use super::reading::Reading;
use crate::auth::Principal;
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Instant};
use crate::error::{Error, Result};
use crate::imports::fields::Context;
use crate::imports::jobs::store::writes::RecordWriteRow;
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// Who sends the rows, and what all rows of an import have in common.
pub struct Acting<'a> {
    pub principal: &'a Principal,
    /// Whether rows may change what exists.
    pub updates: bool,
    pub context: &'a Context<'a>,
    pub catalogues: &'a Catalogues,
    /// The records that rows before were about, with their lines.
    pub seen: &'a HashMap<Id, Option<u64>>,
}

/// A row, as it was read.
pub struct Acts<'a, 'r> {
    pub reading: &'a mut Reading<'r>,
    pub hash: i64,
    /// The source that the row states, or that of the import.
    pub source: &'a str,
}

/// What a row wrote.
pub struct Written {
    pub id: Id,
    pub version: i64,
    /// What is needed to take it back.
    pub before: Option<serde_json::Value>,
    /// The version before the row, if that may have led to several ones.
    pub version_before: Option<i64>,
    /// The versions of what followed for the records of other rows.
    pub followed: Vec<(Id, i64)>,
}

impl Written {
    pub fn new(id: Id, version: i64) -> Written {
        Written {
            id,
            version,
            before: None,
            version_before: None,
            followed: Vec::new(),
        }
    }

    /// Returns it with the version that the record had before.
    pub fn after(self, version: i64) -> Written {
        Written {
            version_before: Some(version),
            ..self
        }
    }

    /// Returns it with what is needed to take it back.
    pub fn keeping(self, before: &impl Serialize) -> Result<Written> {
        let before = serde_json::to_value(before).map_err(|e| Error::Internal(e.to_string()))?;
        Ok(Written {
            before: Some(before),
            ..self
        })
    }
}

/// What a row did.
pub enum Done {
    Created(Written),
    Updated(Written),
    Unchanged(Id),
    /// The record exists, and the import leaves such ones alone.
    Existing(Id),
    Rejected,
}

impl Done {
    pub fn id(&self) -> Option<Id> {
        match self {
            Done::Created(one) | Done::Updated(one) => Some(one.id),
            Done::Unchanged(id) | Done::Existing(id) => Some(*id),
            Done::Rejected => None,
        }
    }
}

/// A kind of records whose rows act.
pub trait ActingRecord {
    /// What a run keeps from row to row, so that not every row reads it again.
    type Known: Default;

    /// Does what a row says. An error of the service rejects the row; what it wrote has to be taken back then.
    fn act(db: &mut Db, acting: &Acting, row: Acts, known: &mut Self::Known) -> Result<Done>;

    /// Returns the field that a JSON pointer into the record means.
    fn field_of(pointer: &str) -> Option<&'static str>;

    /// Returns the versions of those of the records that exist.
    fn versions(db: &mut Db, ids: &[Id]) -> Result<HashMap<Id, i64>>;

    /// Returns which of the records that an import made are used by now.
    fn used(_: &mut Db, _: &[Id]) -> Result<HashSet<Id>> {
        Ok(HashSet::new())
    }

    /// Takes back what a row did. Returns the versions of what followed for the records of other rows.
    fn take_back(
        db: &mut Db,
        actor: &str,
        catalogues: &Catalogues,
        write: &RecordWriteRow,
        now: Instant,
    ) -> Result<Vec<(Id, i64)>>;
}
