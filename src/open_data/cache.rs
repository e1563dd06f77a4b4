//! Keeping datasets as files until something changes.

use super::dataset::{self, failed};
use super::{Dataset, OpenDataFormat};
use crate::catalogue::Catalogues;
use crate::changes;
use crate::db::Pool;
use crate::error::Result;
use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::NamedTempFile;
use tokio::sync::Mutex;

/// How long a dataset is served after something has changed.
const MAX_AGE: Duration = Duration::from_secs(60);

/// The datasets that were requested so far.
#[derive(Default)]
pub struct OpenData {
    files: Mutex<HashMap<(Dataset, OpenDataFormat), CachedFile>>,
}

struct CachedFile {
    file: NamedTempFile,
    written_at: Instant,
    /// The newest change that the file contains.
    at_change: i64,
}

impl OpenData {
    /// Returns a dataset and the newest change that it contains. Concurrent requests wait for one writing,
    /// without a thread or a connection.
    pub async fn current(
        &self,
        pool: &Pool,
        catalogues: Arc<Catalogues>,
        dataset: Dataset,
        format: OpenDataFormat,
    ) -> Result<(File, i64)> {
        let mut files = self.files.lock().await;
        let latest = pool.read(changes::store::latest).await?;
        let is_fresh =
            |cached: &CachedFile| cached.at_change == latest || cached.written_at.elapsed() < MAX_AGE;
        let key = (dataset, format);
        if !files.get(&key).is_some_and(is_fresh) {
            let pool = pool.clone();
            let write = move || write(&pool, &catalogues, dataset, format);
            let written = tokio::task::spawn_blocking(write).await;
            files.insert(key, written.map_err(failed)??);
        }
        let cached = files.get(&key).ok_or_else(|| failed("it is missing"))?;
        Ok((cached.file.reopen().map_err(failed)?, cached.at_change))
    }
}

fn write(
    pool: &Pool,
    catalogues: &Catalogues,
    dataset: Dataset,
    format: OpenDataFormat,
) -> Result<CachedFile> {
    let file = NamedTempFile::new().map_err(failed)?;
    let at_change = pool.read_blocking(|db| {
        let catalogue = catalogues.current(db)?;
        dataset::write(db, &catalogue, dataset, format, file.as_file())?;
        changes::store::latest(db)
    })?;
    Ok(CachedFile {
        file,
        written_at: Instant::now(),
        at_change,
    })
}
