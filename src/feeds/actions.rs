//! Making, listing and revoking feeds, and opening one with its secret.

use super::{Feed, FeedWithUrls, MOST, Owner, missing, store, too_many};
use crate::auth::{self, secret};
use crate::db::{Db, Id, Instant, lock};
use crate::error::Result;

/// Makes a feed with addresses under `public_url`.
pub fn create(db: &mut Db, user: Id, public_url: &str, now: Instant) -> Result<FeedWithUrls> {
    lock(db, &format!("feeds/{user}"))?;
    if store::list(db, user)?.len() >= MOST {
        return Err(too_many());
    }
    let secret = secret::fresh("mfd_")?;
    let feed = Feed {
        id: Id::new(),
        created_at: now,
    };
    store::insert(db, user, &feed, &secret::digest(&secret))?;
    let base = format!("{}/v1/feeds/{}", public_url.trim_end_matches('/'), feed.id);
    let url = |file: &str| Some(format!("{base}/{file}?secret={secret}"));
    Ok(FeedWithUrls {
        feed,
        calendar_url: url("calendar.ics"),
        requests_url: url("requests.atom"),
        requests_json_url: url("requests.json"),
    })
}

pub fn list(db: &mut Db, user: Id) -> Result<Vec<Feed>> {
    store::list(db, user)
}

/// Revokes a feed: its addresses stop working at once.
pub fn revoke(db: &mut Db, user: Id, id: Id) -> Result<()> {
    match store::delete(db, user, id)? {
        true => Ok(()),
        false => Err(missing()),
    }
}

/// Opens a feed with its secret. The digests of two secrets tell nothing of the secrets, so comparing them needs no
/// constant time.
pub fn open(db: &mut Db, id: Id, secret: &str) -> Result<Owner> {
    let (user, digest) = store::find(db, id)?.ok_or_else(missing)?;
    if secret::digest(secret) != digest {
        return Err(missing());
    }
    let active = auth::store::active_user(db, user)?;
    let (role, belonging) = active.ok_or_else(missing)?;
    let reach = role.reach(belonging).ok_or_else(missing)?;
    Ok(Owner { role, reach })
}
