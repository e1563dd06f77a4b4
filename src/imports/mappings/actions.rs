//! Saving and deleting mappings.

use super::{MOST, SavedMapping, missing, store, too_many};
use crate::auth::Viewer;
use crate::db::Db;
use crate::error::Result;
use crate::http::IfMatch;
use crate::imports::ImportKind;
use crate::imports::columns::Columns;

/// Replaces the writer's own mapping of a kind and source, or everyone's if the writer is an administrator, and
/// returns it with its version. An equal mapping changes nothing.
pub fn replace(
    db: &mut Db,
    writer: &Viewer,
    kind: ImportKind,
    source: &str,
    new: SavedMapping,
    if_match: &IfMatch,
) -> Result<(SavedMapping, i64)> {
    Columns::new(kind, &new.mapping)?;
    let owner = writer.creator().unwrap_or(store::EVERYONE);
    store::lock(db, owner)?;
    let version = match store::find(db, owner, kind, source)? {
        None => {
            if_match.check_absent()?;
            if store::count(db, owner)? >= MOST {
                return Err(too_many());
            }
            1
        }
        Some((before, version)) => {
            if_match.check(version)?;
            if before == new.mapping {
                return Ok((new, version));
            }
            version + 1
        }
    };
    store::upsert(db, owner, &writer.actor, kind, source, &new.mapping, version)?;
    Ok((new, version))
}

/// Deletes the writer's own mapping of a kind and source, or everyone's if the writer is an administrator.
pub fn remove(
    db: &mut Db,
    writer: &Viewer,
    kind: ImportKind,
    source: &str,
    if_match: &IfMatch,
) -> Result<()> {
    let owner = writer.creator().unwrap_or(store::EVERYONE);
    store::lock(db, owner)?;
    let (_, version) = store::find(db, owner, kind, source)?.ok_or_else(missing)?;
    if_match.check(version)?;
    store::delete(db, owner, kind, source)
}
