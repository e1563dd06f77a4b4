//! What a transaction of an import has written, to be logged when it ends.
//!
//! From its first entry in the change log on, a transaction keeps every other writer waiting. So an import
//! collects its entries and appends them last, whatever it writes before.

use crate::audit::{self, Act};
use crate::changes::{self, Change};
use crate::db::Db;
use crate::error::Result;

pub struct Log {
    pub actor: String,
    pub changes: Vec<Change>,
    pub acts: Vec<Act>,
}

impl Log {
    pub fn new(actor: &str) -> Log {
        Log {
            actor: actor.to_owned(),
            changes: Vec::new(),
            acts: Vec::new(),
        }
    }

    /// Appends everything to the change log and to the audit. Call it last.
    pub fn append(self, db: &mut Db) -> Result<()> {
        changes::store::append(db, &self.actor, &self.changes)?;
        audit::store::append_all(db, &self.acts)
    }
}
