//! Making the file.

use super::sheet::Sheet;
use super::{NewExport, lists};
use crate::audit::{self, Act, AuditAction};
use crate::auth::Viewer;
use crate::catalogue::Catalogues;
use crate::db::{BATCH, Pool};
use crate::error::{Error, Result};
use std::fs::File;

/// The whole list in a file without a name, which is gone when nobody holds it any more. Who is shown in it is in the
/// audit before anyone can read it.
pub fn make(pool: &Pool, catalogues: &Catalogues, viewer: &Viewer, asked: &NewExport) -> Result<File> {
    let failed = |e: std::io::Error| Error::Internal(format!("no temporary file: {e}"));
    let file = tempfile::tempfile().map_err(failed)?;
    let same = file.try_clone().map_err(failed)?;
    let personal = pool.read_blocking(|db| {
        let catalogue = catalogues.current(db)?;
        let mut sheet = Sheet::begin(asked, &catalogue, same)?;
        let personal = lists::walk(db, viewer, &catalogue, asked, &mut |item| sheet.put(item))?;
        sheet.end()?;
        Ok(personal)
    })?;
    for subjects in personal.chunks(BATCH) {
        let act = Act {
            actor: viewer.actor.clone(),
            action: AuditAction::PersonalDataRead,
            subjects: subjects.to_vec(),
        };
        pool.write_blocking(|db| audit::store::append(db, &act))?;
    }
    Ok(file)
}
