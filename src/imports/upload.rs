//! A file that arrives by HTTP: into the database part by part, so that memory does not grow with it.

use super::jobs::{Import, ImportOptions, OptionsDocument, store};
use crate::db::{Id, Instant, Pool};
use crate::error::{Error, Result, Text};
use actix_multipart::{Field, Multipart};
use actix_web::error::PayloadError;
use actix_web::web::{Bytes, Payload};
use actix_web::{FromRequest, HttpRequest};
use futures_util::{Stream, StreamExt};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// The largest file, in bytes.
pub const LARGEST: u64 = 2 * 1024 * 1024 * 1024;
/// Bytes of one part in the database.
pub const PART: usize = 1024 * 1024;
/// How long the next bytes may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Fields of a form besides the file.
const MOST_FIELDS: usize = 20;
const LONGEST_FIELD: usize = 64 * 1024;

/// Takes a file that is at hand.
pub fn local(
    pool: &Pool,
    actor: &str,
    options: ImportOptions,
    file: &mut impl std::io::Read,
) -> Result<Import> {
    options.check()?;
    let id = Id::new();
    let kept = OptionsDocument { options, areas: None };
    pool.write_blocking(|db| store::begin(db, id, actor, &kept, Instant::now()))?;
    let (mut digest, mut part, mut length) = (Sha256::new(), vec![0; PART], 0);
    for position in 0.. {
        let read = tables::fill(file, &mut part).map_err(tables::Error::from)?;
        let bytes = part.get(..read).unwrap_or_default();
        if read == 0 {
            break;
        }
        digest.update(bytes);
        length += read as i64;
        pool.write_blocking(|db| store::add_chunk(db, id, position, bytes))?;
    }
    let digest = hex::encode(digest.finalize());
    pool.write_blocking(|db| store::enqueue(db, id, &digest, length))
}

/// Who sends, and what they reach.
pub struct Sender {
    pub actor: String,
    pub areas: Option<Vec<String>>,
}

/// A file that is being written into the database.
pub struct Spool {
    pool: Pool,
    id: Id,
    buffer: Vec<u8>,
    parts: i64,
    length: u64,
    digest: Sha256,
}

impl Spool {
    pub async fn begin(pool: &Pool, sender: &Sender, options: ImportOptions) -> Result<Spool> {
        options.check()?;
        let id = Id::new();
        let (actor, areas) = (sender.actor.clone(), sender.areas.clone());
        pool.write(move |db| {
            store::begin(
                db,
                id,
                &actor,
                &OptionsDocument { options, areas },
                Instant::now(),
            )
        })
        .await?;
        Ok(Spool {
            pool: pool.clone(),
            id,
            buffer: Vec::with_capacity(PART),
            parts: 0,
            length: 0,
            digest: Sha256::new(),
        })
    }

    pub async fn add(&mut self, bytes: &[u8]) -> Result<()> {
        self.length += bytes.len() as u64;
        if self.length > LARGEST {
            return Err(Error::TooLarge {
                limit_bytes: LARGEST as usize,
            });
        }
        self.digest.update(bytes);
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
            .write(move |db| store::add_chunk(db, id, part, &bytes))
            .await?;
        self.parts += 1;
        Ok(())
    }

    /// The whole file is there: the job waits to be run. It may be one that was sent before and waits still.
    pub async fn finish(mut self) -> Result<Import> {
        if self.length == 0 {
            self.abandon().await;
            return Err(tables::Error::empty_file().into());
        }
        if !self.buffer.is_empty() {
            self.flush().await?;
        }
        let digest = hex::encode(std::mem::take(&mut self.digest).finalize());
        let (id, length) = (self.id, self.length as i64);
        self.pool
            .write(move |db| store::enqueue(db, id, &digest, length))
            .await
    }

    /// It never came whole.
    pub async fn abandon(self) {
        let id = self.id;
        if let Err(error) = self.pool.write(move |db| store::forget(db, id)).await {
            tracing::warn!(%error, "a file that never came whole stays until it is purged");
        }
    }
}

/// Takes the body as the file, with the options of the query.
pub async fn raw(pool: &Pool, sender: &Sender, options: ImportOptions, payload: Payload) -> Result<Import> {
    let mut spool = Spool::begin(pool, sender, options).await?;
    match pour(&mut spool, payload.map(|part| part.map_err(cut))).await {
        Ok(()) => spool.finish().await,
        Err(error) => {
            spool.abandon().await;
            Err(error)
        }
    }
}

async fn pour(spool: &mut Spool, mut parts: impl Stream<Item = Result<Bytes>> + Unpin) -> Result<()> {
    loop {
        let part = tokio::time::timeout(PATIENCE, parts.next()).await;
        match part.map_err(|_| Error::Timeout)? {
            Some(bytes) => spool.add(&bytes?).await?,
            None => return Ok(()),
        }
    }
}

fn cut(error: PayloadError) -> Error {
    broken_body(&error)
}

fn broken_body(error: &dyn std::fmt::Display) -> Error {
    let rule = Text::new(
        format!("ファイルの受信が途切れました({error})。"),
        format!("The file did not arrive whole ({error})."),
    );
    Error::invalid("/file", "incomplete_body", rule)
}

/// Takes a form: its fields are the options, its last one is the file.
pub async fn form(
    pool: &Pool,
    sender: &Sender,
    request: &HttpRequest,
    payload: Payload,
    query: &str,
) -> Result<Import> {
    let mut inner = payload.into_inner();
    let mut form = Multipart::from_request(request, &mut inner)
        .await
        .map_err(|e| broken_body(&e))?;
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    while let Some(field) = next(&mut form).await? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            let file_name = field
                .content_disposition()
                .and_then(|d| d.get_filename().map(str::to_owned));
            if let Some(file_name) = file_name.filter(|_| !pairs.iter().any(|(name, _)| name == "file_name"))
            {
                pairs.push(("file_name".to_owned(), file_name.chars().take(255).collect()));
            }
            let options = options(&pairs)?;
            let mut spool = Spool::begin(pool, sender, options).await?;
            let poured = pour(
                &mut spool,
                Box::pin(field.map(|part| part.map_err(|e| broken_body(&e)))),
            )
            .await;
            let ended = match poured {
                Ok(()) => match next(&mut form).await {
                    Ok(None) => Ok(()),
                    Ok(Some(_)) => Err(after_file()),
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            };
            return match ended {
                Ok(()) => spool.finish().await,
                Err(error) => {
                    spool.abandon().await;
                    Err(error)
                }
            };
        }
        if pairs.len() >= MOST_FIELDS {
            return Err(too_much(&name));
        }
        let text = text_of(field, &name).await?;
        pairs.push((name, text));
    }
    let rule = Text::new("フィールド file がありません。", "There is no field named file.");
    Err(Error::invalid("/file", "missing_field", rule))
}

async fn next(form: &mut Multipart) -> Result<Option<Field>> {
    let field = tokio::time::timeout(PATIENCE, form.next())
        .await
        .map_err(|_| Error::Timeout)?;
    field.transpose().map_err(|e| broken_body(&e))
}

fn after_file() -> Error {
    let rule = Text::new(
        "file は最後のフィールドにしてください。",
        "The file has to be the last field.",
    );
    Error::invalid("/file", "field_after_file", rule)
}

fn too_much(name: &str) -> Error {
    let rule = Text::new(
        "フィールドが多すぎるか、長すぎます。",
        "There are too many fields, or one is too long.",
    );
    Error::invalid(format!("/{name}"), "invalid_length", rule)
}

async fn text_of(mut field: Field, name: &str) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(part) = field.next().await {
        bytes.extend_from_slice(&part.map_err(|e| broken_body(&e))?);
        if bytes.len() > LONGEST_FIELD {
            return Err(too_much(name));
        }
    }
    String::from_utf8(bytes).map_err(|_| {
        let rule = Text::new("UTF-8ではありません。", "It is not UTF-8.");
        Error::invalid(format!("/{name}"), "invalid_utf8", rule)
    })
}

/// ImportOptions as parameters: texts, the mapping as a JSON object.
fn options(pairs: &[(String, String)]) -> Result<ImportOptions> {
    let encoded = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    super::http::Parameters::parse(&encoded)
}
