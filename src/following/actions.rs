//! Reading on from a position.

use super::feed::STEP;
use super::{Feed, Position, Seen, Sight, position};
use crate::changes;
use crate::db::{Db, Pool};
use crate::error::Result;

/// How many changes one request looks through at most.
const MOST: usize = 10_000;

/// Returns what a follower sees after a change, from the log. Goes through a part of it at a time: the answer may be empty
/// and not the last.
pub fn page(db: &mut Db, sight: &Sight, after: i64, limit: usize) -> Result<Seen> {
    if after < changes::store::trimmed(db)? {
        return Err(position::expired());
    }
    let mut seen = Seen {
        position: after,
        ..Seen::default()
    };
    for _ in 0..MOST / STEP as usize {
        let changes = changes::store::read(db, seen.position, STEP)?;
        let took_all = sight.look(changes.iter(), limit, &mut seen);
        seen.is_last = took_all && (changes.len() as i64) < STEP;
        if seen.is_last || !took_all {
            break;
        }
    }
    Ok(seen)
}

/// Like [`page`], from memory where that goes back so far.
pub async fn next(pool: &Pool, feed: &Feed, sight: &Sight, after: i64, limit: usize) -> Result<Seen> {
    match feed.look(sight, after, limit) {
        Some(seen) => Ok(seen),
        None => {
            let sight = sight.clone();
            pool.read(move |db| page(db, &sight, after, limit)).await
        }
    }
}

/// Checks that a position is one of this log and of a follower who sees the same.
pub async fn check(pool: &Pool, feed: &Feed, sight: &Sight, given: Position) -> Result<i64> {
    // Another server may know of more changes than this one.
    let is_possible = given.seq <= feed.head() || given.seq <= pool.read(changes::store::latest).await?;
    if given != feed.position(sight, given.seq) || !is_possible {
        return Err(position::foreign());
    }
    Ok(given.seq)
}
