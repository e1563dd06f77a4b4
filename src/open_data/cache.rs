//! Keeping datasets as files until something changes.

use super::dataset::{self, failed};
use super::{Dataset, OpenDataFormat};
use crate::catalogue::Catalogues;
use crate::changes;
use crate::db::Pool;
use crate::error::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::NamedTempFile;
use tokio::sync::Mutex;

/// How long a dataset is served before we look for changes. Public caches keep it as long again.
pub const MAX_AGE: Duration = Duration::from_secs(60);

/// The datasets that were requested so far.
#[derive(Default)]
pub struct OpenData {
    files: Mutex<HashMap<(Dataset, OpenDataFormat), CachedFile>>,
}

struct CachedFile {
    plain: NamedTempFile,
    /// The same, compressed.
    gzip: NamedTempFile,
    /// A hash of the content, so that it stays the same when other records change.
    tag: Arc<str>,
    checked_at: Instant,
    /// The newest change that the file contains.
    at_change: i64,
}

/// A dataset to send.
pub struct OpenedFile {
    pub file: File,
    /// The ETag.
    pub tag: String,
}

impl OpenData {
    /// Opens a dataset, compressed if you want. Concurrent requests wait for one writing, without a thread or a
    /// connection.
    pub async fn current(
        &self,
        pool: &Pool,
        catalogues: Arc<Catalogues>,
        dataset: Dataset,
        format: OpenDataFormat,
        compressed: bool,
    ) -> Result<OpenedFile> {
        let mut files = self.files.lock().await;
        let key = (dataset, format);
        let is_fresh = |cached: &CachedFile| cached.checked_at.elapsed() < MAX_AGE;
        if !files.get(&key).is_some_and(is_fresh) {
            let latest = pool.read(changes::store::latest).await?;
            match files.get_mut(&key) {
                Some(cached) if cached.at_change == latest => cached.checked_at = Instant::now(),
                _ => {
                    let own = pool.clone();
                    let write = move || write(&own, &catalogues, dataset, format);
                    files.insert(key, pool.work(write).await?);
                }
            }
        }
        let cached = files.get(&key).ok_or_else(|| failed("it is missing"))?;
        let (file, suffix) = if compressed {
            (&cached.gzip, "-gzip")
        } else {
            (&cached.plain, "")
        };
        Ok(OpenedFile {
            file: file.reopen().map_err(failed)?,
            tag: format!("\"{}{suffix}\"", cached.tag),
        })
    }
}

fn write(
    pool: &Pool,
    catalogues: &Catalogues,
    dataset: Dataset,
    format: OpenDataFormat,
) -> Result<CachedFile> {
    let mut plain = NamedTempFile::new().map_err(failed)?;
    let at_change = pool.read_blocking(|db| {
        let catalogue = catalogues.current(db)?;
        dataset::write(db, &catalogue, dataset, format, plain.as_file())?;
        changes::store::latest(db)
    })?;
    let (gzip, tag) = compress(&mut plain).map_err(failed)?;
    Ok(CachedFile {
        plain,
        gzip,
        tag,
        checked_at: Instant::now(),
        at_change,
    })
}

/// Compresses a file into another one, and hashes it.
fn compress(plain: &mut NamedTempFile) -> std::io::Result<(NamedTempFile, Arc<str>)> {
    let mut encoder = GzEncoder::new(NamedTempFile::new()?, Compression::default());
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 64 * 1024]);
    plain.seek(SeekFrom::Start(0))?;
    loop {
        let read = plain.read(&mut piece)?;
        let bytes = piece.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        hash.update(bytes);
        encoder.write_all(bytes)?;
    }
    let mut tag = hex::encode(hash.finalize());
    tag.truncate(32);
    Ok((encoder.finish()?, tag.into()))
}
