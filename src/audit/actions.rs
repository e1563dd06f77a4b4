//! Entering what isn't part of a write.

use super::{Act, AuditAction, store};
use crate::db::{BATCH, Id, Pool};
use crate::error::Result;

/// Enters that someone viewed the personal data of these people, if there are any. Call it before the data leaves.
pub fn personal_data_was_read(
    pool: &Pool,
    actor: &str,
    operation: Option<&str>,
    people: &[Id],
) -> Result<()> {
    for act in views(actor, operation, people) {
        pool.write_blocking(|db| store::append(db, &act))?;
    }
    Ok(())
}

/// Returns the entries of such a view.
pub fn views(actor: &str, operation: Option<&str>, people: &[Id]) -> Vec<Act> {
    let entry = |people: &[Id]| Act {
        actor: actor.to_owned(),
        action: AuditAction::PersonalDataRead,
        operation: operation.map(str::to_owned),
        subjects: people.to_vec(),
    };
    people.chunks(BATCH).map(entry).collect()
}
