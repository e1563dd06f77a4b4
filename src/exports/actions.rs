//! Exporting a list into a file.

use super::sheet::Sheet;
use super::{NewExport, lists};
use crate::auth::Viewer;
use crate::catalogue::Catalogues;
use crate::db::Pool;
use crate::error::{Error, Result};
use crate::http::Disclosure;
use std::fs::File;

/// Writes the whole list into a temporary file that has no name and disappears when it is closed. Also returns
/// whose personal data it shows.
pub fn create(
    pool: &Pool,
    catalogues: &Catalogues,
    viewer: &Viewer,
    new: &NewExport,
) -> Result<(File, Disclosure)> {
    let failed = |e: std::io::Error| Error::file("no temporary file", e);
    pool.read_long_blocking(|db| {
        let file = tempfile::tempfile().map_err(failed)?;
        let out = file.try_clone().map_err(failed)?;
        let catalogue = catalogues.current(db)?;
        let mut sheet = Sheet::begin(new, &catalogue, out)?;
        let people = lists::walk(db, viewer, &catalogue, new, &mut |item| sheet.write(item))?;
        sheet.end()?;
        Ok((file, Disclosure(people)))
    })
}
