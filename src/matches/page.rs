//! Cursors of a ranking. A cursor holds a rank key, so new entries further up neither repeat nor hide items.

use crate::error::Result;
use crate::http::page;
use matcher::RankKey;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use uuid::Uuid;

/// Where a page of a ranking ends.
#[derive(Debug, Clone, Copy)]
pub struct PageEnd {
    pub key: RankKey,
    /// How many items the list has up to there.
    pub position: usize,
}

#[derive(Serialize, Deserialize)]
struct RankCursor {
    /// Identifies the ranking. A cursor of another ranking is refused.
    list: String,
    fit_ppm: u64,
    tie: u64,
    need: Uuid,
    candidate: Uuid,
    position: usize,
}

impl PageEnd {
    pub fn decode(cursor: Option<&str>, list: &str) -> Result<Option<PageEnd>> {
        let Some(cursor): Option<RankCursor> = cursor.map(page::decode).transpose()? else {
            return Ok(None);
        };
        if cursor.list != list {
            return Err(page::invalid_cursor());
        }
        let key = RankKey {
            fit_ppm: Reverse(cursor.fit_ppm),
            tie: cursor.tie,
            need: cursor.need.as_u128(),
            candidate: cursor.candidate.as_u128(),
        };
        Ok(Some(PageEnd {
            key,
            position: cursor.position,
        }))
    }

    pub fn encode(&self, list: &str) -> String {
        page::encode(&RankCursor {
            list: list.to_owned(),
            fit_ppm: self.key.fit_ppm.0,
            tie: self.key.tie,
            need: Uuid::from_u128(self.key.need),
            candidate: Uuid::from_u128(self.key.candidate),
            position: self.position,
        })
    }
}

/// Returns where the next page starts in an order that was computed again: after the last item shown, or where it was
/// if it is gone.
pub fn start(keys: &[RankKey], end: Option<PageEnd>) -> usize {
    let Some(PageEnd { key, position }) = end else {
        return 0;
    };
    let same = |k: &RankKey| (k.need, k.candidate) == (key.need, key.candidate);
    keys.iter()
        .position(same)
        .map_or(position.saturating_sub(1), |at| at + 1)
        .min(keys.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_starts_after_the_last_item_shown_even_if_it_has_moved() {
        let key = |candidate| RankKey {
            fit_ppm: Reverse(1),
            tie: 0,
            need: 1,
            candidate,
        };
        let end = |candidate| {
            Some(PageEnd {
                key: key(candidate),
                position: 2,
            })
        };
        let keys = [5, 3, 9, 7].map(key);
        assert_eq!(start(&keys, None), 0);
        assert_eq!([9, 5, 8].map(|last| start(&keys, end(last))), [3, 1, 1]);
        assert_eq!(start(&[], end(9)), 0);
    }
}
