//! The current catalogue in memory: read again when the change log says so.

use super::{Catalogue, store};
use crate::changes::{self, Subject};
use crate::db::Db;
use crate::error::Result;
use std::sync::{Arc, PoisonError, RwLock};

/// Hands out the catalogue as the reading transaction sees it.
pub struct Catalogues {
    fixed: Arc<super::fixed::Fixed>,
    newest: RwLock<Option<(i64, Arc<Catalogue>)>>,
}

impl Catalogues {
    pub fn new() -> Result<Catalogues> {
        Ok(Catalogues {
            fixed: Arc::new(store::fixed()?),
            newest: RwLock::new(None),
        })
    }

    /// The catalogue of this transaction; from memory while it has not changed.
    pub fn current(&self, db: &mut Db) -> Result<Arc<Catalogue>> {
        let seq = changes::store::latest_of(db, Subject::Catalogue)?;
        if let Some((at, catalogue)) = &*self.newest.read().unwrap_or_else(PoisonError::into_inner)
            && *at == seq
        {
            return Ok(Arc::clone(catalogue));
        }
        let catalogue = Arc::new(store::load(db, Arc::clone(&self.fixed))?);
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        // A slower reader of an older state doesn't overwrite a newer one.
        if newest.as_ref().is_none_or(|(at, _)| *at < seq) {
            *newest = Some((seq, Arc::clone(&catalogue)));
        }
        Ok(catalogue)
    }
}
