//! Pages of a ranking: a cursor holds the rank key, so that whoever comes in above neither repeats nor hides others.

use crate::error::Result;
use crate::http::page;
use crate::matcher::RankKey;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use uuid::Uuid;

/// Where a page of a ranking ended.
#[derive(Serialize, Deserialize)]
struct RankCursor {
    /// Which ranking: the cursor of another one means nothing here.
    list: String,
    fit_ppm: u64,
    tie: u64,
    need: Uuid,
    candidate: Uuid,
}

impl RankCursor {
    fn key(&self) -> RankKey {
        let (need, candidate) = (self.need.as_u128(), self.candidate.as_u128());
        RankKey {
            fit_ppm: Reverse(self.fit_ppm),
            tie: self.tie,
            need,
            candidate,
        }
    }
}

/// One page of a ranking: each item with its rank, its key and the key of the one above.
pub type Ranked<'r, T> = (u64, &'r RankKey, Option<RankKey>, &'r T);

pub fn page_of<'r, T>(
    ranked: &'r [(RankKey, T)],
    limit: Option<u32>,
    cursor: Option<&str>,
    list: &str,
) -> Result<(Vec<Ranked<'r, T>>, Option<String>)> {
    let limit = page::limit(limit)? as usize;
    let after: Option<RankCursor> = cursor.map(page::decode).transpose()?;
    if after.as_ref().is_some_and(|c| c.list != list) {
        return Err(page::invalid_cursor());
    }
    let first = after.map_or(0, |c| ranked.partition_point(|(key, _)| *key <= c.key()));
    let mut above = first
        .checked_sub(1)
        .and_then(|i| ranked.get(i))
        .map(|(key, _)| *key);
    let mut items: Vec<Ranked<T>> = Vec::new();
    for (i, (key, item)) in ranked.iter().enumerate().skip(first).take(limit) {
        items.push((i as u64 + 1, key, above, item));
        above = Some(*key);
    }
    let more = ranked.len() > first + items.len();
    let next = items.last().filter(|_| more).map(|(_, key, ..)| {
        page::encode(&RankCursor {
            list: list.to_owned(),
            fit_ppm: key.fit_ppm.0,
            tie: key.tie,
            need: Uuid::from_u128(key.need),
            candidate: Uuid::from_u128(key.candidate),
        })
    });
    Ok((items, next))
}
