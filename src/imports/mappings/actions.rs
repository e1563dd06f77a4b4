//! Saving mappings.

use super::{SavedMapping, store};
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
    crate::db::lock(db, &format!("import_mapping/{source}"))?;
    let owner = writer.creator().unwrap_or(store::EVERYONE);
    let version = match store::find(db, owner, kind, source)? {
        None => {
            if_match.check_absent()?;
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
