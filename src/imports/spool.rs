//! Storing a file that arrives over the network, part by part, so that memory doesn't grow with it.

use super::jobs::{Import, ImportOptions, OptionsDocument, store};
use super::quotas;
use crate::auth::{Principal, ReadPersonalData, Scope};
use crate::config::ImportQuotas;
use crate::db::{Id, Instant, Pool};
use crate::error::{Error, Result, Text};
use crate::events;
use sha2::{Digest, Sha256};

/// The largest file, in bytes.
pub const LARGEST: u64 = 2 * 1024 * 1024 * 1024;
/// Bytes of one part in the database.
pub const PART: usize = 1024 * 1024;

/// Bytes that are reserved at a time for a file of unknown length.
const RESERVE: u64 = 16 * PART as u64;

/// Who sends a file.
pub struct Sender {
    pub principal: Principal,
    /// The areas that the sender may write; every area if `None`.
    pub areas: Option<Vec<String>>,
    pub quotas: ImportQuotas,
}

impl Sender {
    fn document(&self, options: ImportOptions) -> OptionsDocument {
        OptionsDocument {
            options,
            areas: self.areas.clone(),
            role: self.principal.role,
            reads_personal: self.principal.extent(ReadPersonalData::NAME).is_some(),
        }
    }

    /// Checks the options, and that the sender may import what the rows are.
    fn check(&self, options: &ImportOptions) -> Result<()> {
        options.check()?;
        let mut scopes = options.kind.scopes().iter();
        match scopes.find(|scope| self.principal.extent(scope).is_none()) {
            Some(scope) => Err(Error::InsufficientScope { scope }),
            None => Ok(()),
        }
    }
}

fn not_held() -> Text {
    Text::new(
        "主催しているイベントの中に見つかりません。",
        "You hold no such event.",
    )
}

/// A file that is being written into the database. It is deleted if it is dropped before it is finished, for
/// example because the connection was lost.
pub struct Spool {
    pool: Pool,
    id: Id,
    actor: String,
    quotas: ImportQuotas,
    reserved: u64,
    is_finished: bool,
    buffer: Vec<u8>,
    parts: i64,
    size_bytes: u64,
    sha256: Sha256,
}

impl Spool {
    /// Reserves room for a file of `expected` bytes, or for its beginning if nobody knows its length.
    pub async fn begin(
        pool: &Pool,
        sender: &Sender,
        options: ImportOptions,
        expected: Option<u64>,
    ) -> Result<Spool> {
        sender.check(&options)?;
        if let Some(event) = options.event_id {
            let reach = sender.principal.reach.clone();
            let held = pool
                .read(move |db| events::store::held(db, &reach, &[event]))
                .await?;
            if held.is_empty() {
                return Err(Error::invalid("/event_id", "unknown_event", not_held()));
            }
        }
        if expected.is_some_and(|bytes| bytes > LARGEST) {
            return Err(too_large());
        }
        let smallest = sender.quotas.of_caller.bytes.min(sender.quotas.of_all.bytes);
        let reserved = expected.unwrap_or(RESERVE.min(smallest));
        let id = Id::new();
        let (actor, quotas) = (sender.principal.actor(), sender.quotas);
        let options = sender.document(options);
        pool.write(move |db| {
            quotas::check(db, &quotas, &actor, reserved, true)?;
            store::insert(db, id, &actor, &options, reserved as i64, Instant::now())
        })
        .await?;
        Ok(Spool {
            pool: pool.clone(),
            id,
            actor: sender.principal.actor(),
            quotas,
            reserved,
            is_finished: false,
            buffer: Vec::with_capacity(PART),
            parts: 0,
            size_bytes: 0,
            sha256: Sha256::new(),
        })
    }

    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.size_bytes += bytes.len() as u64;
        if self.size_bytes > LARGEST {
            return Err(too_large());
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
        let more = match self.size_bytes > self.reserved {
            true => RESERVE.max(self.size_bytes - self.reserved),
            false => 0,
        };
        let (actor, quotas, reserved) = (self.actor.clone(), self.quotas, self.reserved + more);
        self.pool
            .write(move |db| {
                if more > 0 {
                    quotas::check(db, &quotas, &actor, more, false)?;
                    store::reserve(db, id, reserved as i64)?;
                }
                store::insert_part(db, id, part, &bytes)
            })
            .await?;
        self.reserved = reserved;
        self.parts += 1;
        Ok(())
    }

    /// Replaces the options, for a form in which some follow the file.
    pub async fn change_options(&self, sender: &Sender, options: ImportOptions) -> Result<()> {
        sender.check(&options)?;
        let (id, options) = (self.id, sender.document(options));
        self.pool
            .write(move |db| store::set_options(db, id, &options))
            .await
    }

    /// Queues the import once the whole file has arrived. Returns the earlier import if the same file already
    /// waits.
    pub async fn finish(mut self) -> Result<Import> {
        if self.size_bytes == 0 {
            return Err(tables::Error::empty_file().into());
        }
        if !self.buffer.is_empty() {
            self.flush().await?;
        }
        let sha256 = hex::encode(std::mem::take(&mut self.sha256).finalize());
        let (id, size_bytes) = (self.id, self.size_bytes as i64);
        let enqueued = self
            .pool
            .write(move |db| store::enqueue(db, id, &sha256, size_bytes))
            .await?;
        self.is_finished = true;
        Ok(enqueued)
    }
}

impl Drop for Spool {
    /// Deletes a file that didn't arrive whole.
    fn drop(&mut self) {
        let (pool, id) = (self.pool.clone(), self.id);
        let delete = move || {
            if let Err(error) = pool.write_blocking(|db| store::delete_incomplete(db, id)) {
                tracing::warn!(%error, "an incomplete file could not be deleted; it is deleted with the next purge");
            }
        };
        if let (false, Ok(runtime)) = (self.is_finished, tokio::runtime::Handle::try_current()) {
            runtime.spawn_blocking(delete);
        }
    }
}

fn too_large() -> Error {
    Error::TooLarge {
        limit_bytes: LARGEST as usize,
    }
}
