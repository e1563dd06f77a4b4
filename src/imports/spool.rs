//! Storing a file that arrives over the network, part by part, so that memory doesn't grow with it.

use super::jobs::{Import, ImportOptions, OptionsDocument, store};
use crate::db::{Id, Instant, Pool};
use crate::error::{Error, Result};
use sha2::{Digest, Sha256};

/// The largest file, in bytes.
pub const LARGEST: u64 = 2 * 1024 * 1024 * 1024;
/// Bytes of one part in the database.
pub const PART: usize = 1024 * 1024;

/// Who sends a file.
pub struct Sender {
    pub actor: String,
    /// The areas that the sender may write; every area if `None`.
    pub areas: Option<Vec<String>>,
}

/// A file that is being written into the database.
pub struct Spool {
    pool: Pool,
    id: Id,
    buffer: Vec<u8>,
    parts: i64,
    size_bytes: u64,
    sha256: Sha256,
}

impl Spool {
    pub async fn begin(pool: &Pool, sender: &Sender, options: ImportOptions) -> Result<Spool> {
        options.check()?;
        let id = Id::new();
        let actor = sender.actor.clone();
        let options = OptionsDocument {
            options,
            areas: sender.areas.clone(),
        };
        pool.write(move |db| store::insert(db, id, &actor, &options, Instant::now()))
            .await?;
        Ok(Spool {
            pool: pool.clone(),
            id,
            buffer: Vec::with_capacity(PART),
            parts: 0,
            size_bytes: 0,
            sha256: Sha256::new(),
        })
    }

    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.size_bytes += bytes.len() as u64;
        if self.size_bytes > LARGEST {
            return Err(Error::TooLarge {
                limit_bytes: LARGEST as usize,
            });
        }
        self.sha256.update(bytes);
        let mut rest = bytes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(PART - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            rest = later;
            if self.buffer.len() == PART {
                self.flush().await?;
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        let (id, part) = (self.id, self.parts);
        let bytes = std::mem::replace(&mut self.buffer, Vec::with_capacity(PART));
        self.pool
            .write(move |db| store::insert_part(db, id, part, &bytes))
            .await?;
        self.parts += 1;
        Ok(())
    }

    /// Queues the import once the whole file has arrived. Returns the earlier import if the same file already
    /// waits.
    pub async fn finish(mut self) -> Result<Import> {
        if self.size_bytes == 0 {
            self.discard().await;
            return Err(tables::Error::empty_file().into());
        }
        if !self.buffer.is_empty() {
            self.flush().await?;
        }
        let sha256 = hex::encode(std::mem::take(&mut self.sha256).finalize());
        let (id, size_bytes) = (self.id, self.size_bytes as i64);
        self.pool
            .write(move |db| store::enqueue(db, id, &sha256, size_bytes))
            .await
    }

    /// Deletes a file that didn't arrive whole.
    pub async fn discard(self) {
        let id = self.id;
        if let Err(error) = self.pool.write(move |db| store::delete(db, id)).await {
            tracing::warn!(%error, "an incomplete file could not be deleted; it is deleted with the next purge");
        }
    }
}
