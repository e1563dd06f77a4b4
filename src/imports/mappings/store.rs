//! SQL of saved mappings.

use crate::db::schema::import_mappings;
use crate::db::{Db, Doc, Instant};
use crate::error::Result;
use crate::imports::ImportKind;
use crate::imports::columns::Mapping;
use diesel::prelude::*;

/// The owner of a mapping that applies to everyone's imports.
pub const EVERYONE: &str = "";

/// Finds the mapping that an owner saved for a kind and source, and its version.
pub fn find(db: &mut Db, owner: &str, kind: ImportKind, source: &str) -> Result<Option<(Mapping, i64)>> {
    use import_mappings::dsl as m;
    let found = m::import_mappings
        .find((source, kind.code(), owner))
        .select((m::mapping, m::version));
    let found = found.get_result::<(Doc<Mapping>, i64)>(db).optional()?;
    Ok(found.map(|(Doc(mapping), version)| (mapping, version)))
}

/// Finds the mapping that applies to an owner's imports of a kind and source: their own, or else everyone's.
pub fn find_for(db: &mut Db, owner: &str, kind: ImportKind, source: &str) -> Result<Option<(Mapping, i64)>> {
    match find(db, owner, kind, source)? {
        None => find(db, EVERYONE, kind, source),
        own => Ok(own),
    }
}

/// Lets one write the mappings of an owner at a time.
pub fn lock(db: &mut Db, owner: &str) -> Result<()> {
    crate::db::lock(db, &format!("import_mappings/{owner}"))
}

/// Counts the mappings of an owner.
pub fn count(db: &mut Db, owner: &str) -> Result<i64> {
    use import_mappings::dsl as m;
    let own = m::import_mappings.filter(m::owner.eq(owner));
    Ok(own.count().get_result(db)?)
}

/// Replaces an owner's mapping of a kind and source.
pub fn upsert(
    db: &mut Db,
    owner: &str,
    actor: &str,
    kind: ImportKind,
    source: &str,
    mapping: &Mapping,
    version: i64,
) -> Result<()> {
    use import_mappings::dsl as m;
    delete(db, owner, kind, source)?;
    let row = (
        m::source.eq(source),
        m::kind.eq(kind.code()),
        m::mapping.eq(Doc(mapping.clone())),
        m::version.eq(version),
        m::updated_by.eq(actor),
        m::updated_at.eq(Instant::now()),
        m::owner.eq(owner),
    );
    diesel::insert_into(import_mappings::table)
        .values(row)
        .execute(db)?;
    Ok(())
}

pub fn delete(db: &mut Db, owner: &str, kind: ImportKind, source: &str) -> Result<()> {
    let one = import_mappings::table.find((source, kind.code(), owner));
    diesel::delete(one).execute(db)?;
    Ok(())
}
