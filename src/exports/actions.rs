//! Exporting a list into a file.

use super::sheet::Sheet;
use super::{NewExport, lists};
use crate::audit::{self, Act, AuditAction};
use crate::auth::Viewer;
use crate::catalogue::Catalogues;
use crate::db::{BATCH, Pool};
use crate::error::{Error, Result};
use std::fs::File;

/// Writes the whole list into a temporary file that has no name and disappears when it is closed. The audit
/// records the people in it before anyone can read it.
pub fn create(pool: &Pool, catalogues: &Catalogues, viewer: &Viewer, new: &NewExport) -> Result<File> {
    let failed = |e: std::io::Error| Error::file("no temporary file", e);
    let file = tempfile::tempfile().map_err(failed)?;
    let out = file.try_clone().map_err(failed)?;
    let people = pool.read_blocking(|db| {
        let catalogue = catalogues.current(db)?;
        let mut sheet = Sheet::begin(new, &catalogue, out)?;
        let people = lists::walk(db, viewer, &catalogue, new, &mut |item| sheet.write(item))?;
        sheet.end()?;
        Ok(people)
    })?;
    for subjects in people.chunks(BATCH) {
        let act = Act {
            actor: viewer.actor.clone(),
            action: AuditAction::PersonalDataRead,
            subjects: subjects.to_vec(),
        };
        pool.write_blocking(|db| audit::store::append(db, &act))?;
    }
    Ok(file)
}
