//! Pages of a ranking: a cursor holds the rank key, so that whoever comes in above neither repeats nor hides others.

use crate::error::Result;
use crate::http::page;
use matcher::RankKey;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use uuid::Uuid;

/// Where a page of a ranking ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    pub key: RankKey,
    /// How many stood up to there in an order that fairness has adjusted; none in the order of fit.
    pub position: Option<usize>,
}

#[derive(Serialize, Deserialize)]
struct RankCursor {
    /// Which ranking: the cursor of another one means nothing here.
    list: String,
    fit_ppm: u64,
    tie: u64,
    need: Uuid,
    candidate: Uuid,
    position: Option<usize>,
}

impl Ended {
    pub fn decode(cursor: Option<&str>, list: &str) -> Result<Option<Ended>> {
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
        Ok(Some(Ended {
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

/// Where the next page starts in an order that was computed again: behind the last item shown, or, where that has gone,
/// where it stood.
pub fn start(keys: &[RankKey], ended: Option<Ended>) -> usize {
    let Some(Ended { key, position }) = ended else {
        return 0;
    };
    let same = |k: &RankKey| (k.need, k.candidate) == (key.need, key.candidate);
    keys.iter()
        .position(same)
        .map_or(position.unwrap_or(0), |at| at + 1)
        .min(keys.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_starts_behind_the_last_item_wherever_that_stands_now() {
        let key = |candidate| RankKey {
            fit_ppm: Reverse(1),
            tie: 0,
            need: 1,
            candidate,
        };
        let ended = |candidate| {
            Some(Ended {
                key: key(candidate),
                position: Some(2),
            })
        };
        let keys = [5, 3, 9, 7].map(key);
        assert_eq!(start(&keys, None), 0);
        assert_eq!([9, 5, 8].map(|last| start(&keys, ended(last))), [3, 1, 2]);
        assert_eq!(start(&[], ended(9)), 0);
    }
}
