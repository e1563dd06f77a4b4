//! Keeps the current catalogue in memory, and reads it again when the change log has a newer change.

use super::fixed::Fixed;
use super::state::Catalogue;
use super::store;
use crate::changes::{self, Subject};
use crate::db::Db;
use crate::error::Result;
use parking_lot::RwLock;
use std::sync::Arc;

/// Gives each transaction the catalogue as it sees it.
pub struct Catalogues {
    fixed: Arc<Fixed>,
    newest: RwLock<Option<(i64, Arc<Catalogue>)>>,
}

impl Catalogues {
    pub fn new() -> Result<Catalogues> {
        Ok(Catalogues {
            fixed: Arc::new(store::fixed()?),
            newest: RwLock::new(None),
        })
    }

    /// Returns the catalogue of this transaction, from memory while it hasn't changed.
    pub fn current(&self, db: &mut Db) -> Result<Arc<Catalogue>> {
        let seq = changes::store::latest_of(db, Subject::Catalogue)?;
        if let Some((at, catalogue)) = &*self.newest.read()
            && *at == seq
        {
            return Ok(Arc::clone(catalogue));
        }
        let catalogue = Arc::new(store::load(db, Arc::clone(&self.fixed))?);
        let mut newest = self.newest.write();
        // A slow reader of an older state must not overwrite a newer one.
        if newest.as_ref().is_none_or(|(at, _)| *at < seq) {
            *newest = Some((seq, Arc::clone(&catalogue)));
        }
        Ok(catalogue)
    }
}
