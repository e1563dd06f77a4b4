//! An import's file in the database, read part by part.

use super::{Import, store};
use crate::db::{Id, Pool};
use crate::error::{Error, Result, Text};
use std::io::{self, Read};
use tables::Source;

/// An import's file in the database.
pub struct JobFile<'p> {
    pool: &'p Pool,
    /// Fails if the run that reads it has to end.
    check: &'p (dyn Fn() -> Result<()> + Sync),
    id: Id,
    size_bytes: u64,
}

impl<'p> JobFile<'p> {
    pub fn of(pool: &'p Pool, job: &Import) -> JobFile<'p> {
        JobFile {
            pool,
            check: &|| Ok(()),
            id: job.id,
            size_bytes: job.size_bytes as u64,
        }
    }

    /// The file of a running import. Reading it fails when `check` does.
    pub fn checked(self, check: &'p (dyn Fn() -> Result<()> + Sync)) -> JobFile<'p> {
        JobFile { check, ..self }
    }
}

impl JobFile<'_> {
    /// Fails if the run that reads the file has to end.
    pub fn check(&self) -> Result<()> {
        (self.check)()
    }
}

impl Source for JobFile<'_> {
    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(Parts {
            file: self,
            next: 0,
            read: 0,
            bytes: io::Cursor::new(Vec::new()),
        }))
    }

    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

/// Returned once a person was erased who may be in the file: the file was erased with them.
pub fn gone() -> Error {
    Error::Conflict {
        code: "file_gone",
        detail: Text::new(
            "このファイルから登録された人の記録が消去されたため、ファイルも消去されました。",
            "The file was erased together with the record of a person who was imported from it.",
        ),
    }
}

struct Parts<'f> {
    file: &'f JobFile<'f>,
    next: i64,
    read: u64,
    bytes: io::Cursor<Vec<u8>>,
}

impl Read for Parts<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.bytes.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.file.check().map_err(io::Error::other)?;
            let (pool, id, next) = (self.file.pool, self.file.id, self.next);
            let part = pool.read_blocking(|db| store::find_part(db, id, next));
            match part.map_err(io::Error::other)? {
                Some(bytes) => {
                    self.read += bytes.len() as u64;
                    self.bytes = io::Cursor::new(bytes);
                }
                None if self.read < self.file.size_bytes => return Err(io::Error::other(gone())),
                None => return Ok(0),
            }
            self.next += 1;
        }
    }
}
