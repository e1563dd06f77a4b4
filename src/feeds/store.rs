//! SQL of feeds.

use super::Feed;
use crate::db::schema::feeds::{self, dsl};
use crate::db::{Db, Id, Instant};
use crate::error::Result;
use diesel::prelude::*;

pub fn insert(db: &mut Db, user: Id, feed: &Feed, digest: &str) -> Result<()> {
    let row = (
        dsl::id.eq(feed.id),
        dsl::user_id.eq(user),
        dsl::digest.eq(digest),
        dsl::created_at.eq(feed.created_at),
    );
    diesel::insert_into(feeds::table).values(row).execute(db)?;
    Ok(())
}

/// Lists a user's feeds, oldest first.
pub fn list(db: &mut Db, user: Id) -> Result<Vec<Feed>> {
    let own = dsl::feeds.filter(dsl::user_id.eq(user)).order(dsl::id);
    let rows = own.select((dsl::id, dsl::created_at)).load::<(Id, Instant)>(db)?;
    Ok(rows
        .into_iter()
        .map(|(id, created_at)| Feed { id, created_at })
        .collect())
}

/// Deletes a user's feed. Returns whether there was one.
pub fn delete(db: &mut Db, user: Id, id: Id) -> Result<bool> {
    let own = dsl::feeds.find(id).filter(dsl::user_id.eq(user));
    Ok(diesel::delete(own).execute(db)? == 1)
}

/// Deletes all feeds of a user.
pub fn delete_all(db: &mut Db, user: Id) -> Result<()> {
    diesel::delete(dsl::feeds.filter(dsl::user_id.eq(user))).execute(db)?;
    Ok(())
}

/// Finds the user and the digest of a feed.
pub fn find(db: &mut Db, id: Id) -> Result<Option<(Id, String)>> {
    let found = dsl::feeds.find(id).select((dsl::user_id, dsl::digest));
    Ok(found.get_result(db).optional()?)
}
