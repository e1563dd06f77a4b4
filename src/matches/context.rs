//! What a ranking is computed with: the database, the catalogue, the match index and the history of shown
//! lists.

use super::Fairness;
use super::index::MatchIndex;
use super::ranking::ShownRanking;
use super::snapshot::Snapshot;
use crate::catalogue::{Catalogues, calendar};
use crate::db::{Db, Pool};
use crate::error::Result;
use crate::exposures::{History, Recorder};
use std::sync::Arc;

#[derive(Clone)]
pub struct RankingContext {
    pub pool: Arc<Pool>,
    pub catalogues: Arc<Catalogues>,
    pub index: Arc<MatchIndex>,
    pub recorder: Arc<Recorder>,
}

impl RankingContext {
    /// Returns today's snapshot, as new as what the transaction sees.
    pub fn snapshot(&self, db: &mut Db) -> Result<Arc<Snapshot>> {
        self.index.current(db, &self.catalogues, calendar::today())
    }

    /// Returns the attention that every worker got before this week, or `None` where fairness is off.
    pub fn history(&self, db: &mut Db, fairness: Fairness) -> Result<Option<Arc<History>>> {
        let is_on = fairness == Fairness::On;
        is_on
            .then(|| self.recorder.history(db, calendar::today()))
            .transpose()
    }

    /// Records that a ranking was shown, and returns the ranking.
    pub async fn record<T>(&self, shown: ShownRanking<T>) -> Result<T> {
        if let Some(list) = shown.list {
            self.recorder.record(&self.pool, list).await?;
        }
        Ok(shown.ranking)
    }
}
