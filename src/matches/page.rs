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

/// Where the page before ended.
pub fn after(cursor: Option<&str>, list: &str) -> Result<Option<RankKey>> {
    let Some(cursor): Option<RankCursor> = cursor.map(page::decode).transpose()? else {
        return Ok(None);
    };
    if cursor.list != list {
        return Err(page::invalid_cursor());
    }
    Ok(Some(RankKey {
        fit_ppm: Reverse(cursor.fit_ppm),
        tie: cursor.tie,
        need: cursor.need.as_u128(),
        candidate: cursor.candidate.as_u128(),
    }))
}

/// The cursor of the page behind the last item.
pub fn next(last: &RankKey, list: &str) -> String {
    page::encode(&RankCursor {
        list: list.to_owned(),
        fit_ppm: last.fit_ppm.0,
        tie: last.tie,
        need: Uuid::from_u128(last.need),
        candidate: Uuid::from_u128(last.candidate),
    })
}

/// One item: its rank, its key, the key of the one above, and what it is.
pub type Ranked<'r, T> = (u64, &'r RankKey, Option<RankKey>, &'r T);

/// A page of a whole ranking.
pub fn page_of<'r, T>(
    ranked: &'r [(RankKey, T)],
    limit: Option<u32>,
    cursor: Option<&str>,
    list: &str,
) -> Result<(Vec<Ranked<'r, T>>, Option<String>)> {
    let limit = page::limit(limit)? as usize;
    let first = after(cursor, list)?.map_or(0, |after| ranked.partition_point(|(key, _)| *key <= after));
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
    let last = items.last().filter(|_| more);
    let next = last.map(|(_, key, ..)| next(key, list));
    Ok((items, next))
}
