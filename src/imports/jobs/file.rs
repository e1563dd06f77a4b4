//! A job's file in the database, read part by part.

use super::store;
use crate::db::{Id, Pool};
use crate::error::{Error, Text};
use std::io::{self, Read};
use tables::Source;

/// A job's file in the database.
pub struct JobFile<'p> {
    pub pool: &'p Pool,
    pub id: Id,
    pub length: u64,
}

impl Source for JobFile<'_> {
    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(Chunks {
            file: self,
            next: 0,
            read: 0,
            bytes: std::io::Cursor::new(Vec::new()),
        }))
    }

    fn size_bytes(&self) -> u64 {
        self.length
    }
}

/// A file is forgotten as soon as somebody is erased who may be in it.
pub fn gone() -> Error {
    Error::Conflict {
        code: "file_gone",
        detail: Text::new(
            "このファイルにいた人の記録が消去されたため、ファイルも消去されています。",
            "The file was erased, since somebody was who came with it.",
        ),
    }
}

struct Chunks<'f> {
    file: &'f JobFile<'f>,
    next: i64,
    read: u64,
    bytes: std::io::Cursor<Vec<u8>>,
}

impl Read for Chunks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.bytes.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let (pool, id, next) = (self.file.pool, self.file.id, self.next);
            let chunk = pool.read_blocking(|db| store::chunk(db, id, next));
            match chunk.map_err(io::Error::other)? {
                Some(bytes) => {
                    self.read += bytes.len() as u64;
                    self.bytes = std::io::Cursor::new(bytes);
                }
                None if self.read < self.file.length => return Err(io::Error::other(gone())),
                None => return Ok(0),
            }
            self.next += 1;
        }
    }
}
