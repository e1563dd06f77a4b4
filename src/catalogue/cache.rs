//! Keeps the current catalogue in memory, and reads it again when the change log has a newer change.

use super::fixed::Fixed;
use super::state::Catalogue;
use super::store;
use crate::changes::{self, Subject};
use crate::config::ServedAreas;
use crate::db::{Db, Pool};
use crate::error::Result;
use parking_lot::RwLock;
use std::sync::Arc;

/// Gives each transaction the catalogue as it sees it.
pub struct Catalogues {
    fixed: Arc<Fixed>,
    newest: RwLock<Option<(i64, Arc<Catalogue>)>>,
}

impl Catalogues {
    pub fn new(served: &ServedAreas) -> Result<Catalogues> {
        Ok(Catalogues {
            fixed: Arc::new(store::fixed(served)?),
            newest: RwLock::new(None),
        })
    }

    /// Returns the parts of the catalogue that never change.
    pub fn fixed(&self) -> &Fixed {
        &self.fixed
    }

    /// Returns the current catalogue.
    pub async fn latest(self: &Arc<Self>, pool: &Pool) -> Result<Arc<Catalogue>> {
        let (look, load) = (Arc::clone(self), Arc::clone(self));
        match pool.lookup(move |db| look.unchanged(db)).await? {
            (_, Some(catalogue)) => Ok(catalogue),
            _ => pool.read(move |db| load.current(db)).await,
        }
    }

    /// Returns the newest change of the catalogue, and the catalogue if it is in memory.
    fn unchanged(&self, db: &mut Db) -> Result<(i64, Option<Arc<Catalogue>>)> {
        let seq = changes::store::latest_of(db, Subject::Catalogue)?;
        let newest = self.newest.read();
        let known = newest.as_ref().filter(|(at, _)| *at == seq);
        Ok((seq, known.map(|(_, catalogue)| Arc::clone(catalogue))))
    }

    /// Returns the catalogue of this transaction, from memory while it hasn't changed.
    pub fn current(&self, db: &mut Db) -> Result<Arc<Catalogue>> {
        let (seq, known) = self.unchanged(db)?;
        if let Some(catalogue) = known {
            return Ok(catalogue);
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
