//! Files that the command line reads and writes.

use musubi::error::{Error, Result};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

pub fn open(file: &Path) -> Result<File> {
    File::open(file).map_err(|e| unreadable(file, &e))
}

pub fn read(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).map_err(|e| unreadable(file, &e))
}

fn unreadable(file: &Path, error: &std::io::Error) -> Error {
    Error::Internal(format!("cannot read {}: {error}", file.display()))
}

fn unwritable(file: &Path) -> impl Fn(std::io::Error) -> Error {
    move |e| Error::Internal(format!("cannot write {}: {e}", file.display()))
}

/// Writes a file that only its owner may read. It appears under its name once it is complete.
pub fn write_whole(file: &Path, write: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let part = file.with_extension("part");
    let mut out = BufWriter::new(create_private(&part).map_err(unwritable(&part))?);
    write(&mut out)?;
    out.flush().map_err(unwritable(&part))?;
    std::fs::rename(&part, file).map_err(unwritable(file))
}

fn create_private(file: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}
