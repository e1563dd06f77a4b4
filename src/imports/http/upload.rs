//! The body of an import request: the file itself, or a form with the options and the file.

use crate::db::Pool;
use crate::error::{Error, Result, Text};
use crate::imports::jobs::{Import, ImportOptions};
use crate::imports::parameters::ImportParameters;
use crate::imports::spool::{Sender, Spool};
use actix_multipart::{Field, Multipart};
use actix_web::web::{Bytes, Payload};
use actix_web::{FromRequest, HttpRequest};
use futures_util::{Stream, StreamExt};
use std::fmt::Display;
use std::time::Duration;

/// How long the next bytes may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Fields of a form in addition to the file.
const MAX_FIELDS: usize = 20;
const LONGEST_FIELD_BYTES: usize = 64 * 1024;

/// Receives a body that is the file, with the options in the query.
pub async fn receive_body(
    pool: &Pool,
    sender: &Sender,
    options: ImportOptions,
    expected: Option<u64>,
    payload: Payload,
) -> Result<Import> {
    let mut spool = Spool::begin(pool, sender, options, expected).await?;
    let bytes = payload.map(|bytes| bytes.map_err(|e| incomplete_body(&e)));
    copy(&mut spool, bytes).await?;
    spool.finish().await
}

/// Receives a form: its last field is the file, the others are options.
pub async fn receive_form(
    pool: &Pool,
    sender: &Sender,
    request: &HttpRequest,
    expected: Option<u64>,
    payload: Payload,
) -> Result<Import> {
    let mut inner = payload.into_inner();
    let mut form = Multipart::from_request(request, &mut inner)
        .await
        .map_err(|e| incomplete_body(&e))?;
    let query = request.query_string().as_bytes();
    let mut options: Vec<(String, String)> = form_urlencoded::parse(query).into_owned().collect();
    while let Some(field) = next_field(&mut form).await? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            return receive_file(pool, sender, form, field, options, expected).await;
        }
        if options.len() >= MAX_FIELDS {
            return Err(too_long(&name));
        }
        let text = read_text(field, &name).await?;
        options.push((name, text));
    }
    let rule = Text::new(
        "file フィールドにファイルを入れてください。",
        "The form must have a field named file.",
    );
    Err(Error::invalid("/file", "missing_field", rule))
}

async fn receive_file(
    pool: &Pool,
    sender: &Sender,
    mut form: Multipart,
    field: Field,
    mut options: Vec<(String, String)>,
    expected: Option<u64>,
) -> Result<Import> {
    let file_name = field.content_disposition().and_then(|d| d.get_filename());
    if let Some(file_name) = file_name.filter(|_| !options.iter().any(|(name, _)| name == "file_name")) {
        options.push(("file_name".to_owned(), file_name.chars().take(255).collect()));
    }
    let encoded = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&options)
        .finish();
    let options = ImportParameters::parse(&encoded)?;
    let mut spool = Spool::begin(pool, sender, options, expected).await?;
    let bytes = Box::pin(field.map(|bytes| bytes.map_err(|e| incomplete_body(&e))));
    copy(&mut spool, bytes).await?;
    match next_field(&mut form).await? {
        None => spool.finish().await,
        Some(_) => Err(field_after_file()),
    }
}

async fn copy(spool: &mut Spool, mut parts: impl Stream<Item = Result<Bytes>> + Unpin) -> Result<()> {
    loop {
        let part = tokio::time::timeout(TIMEOUT, parts.next()).await;
        match part.map_err(|_| Error::Timeout)? {
            Some(bytes) => spool.write(&bytes?).await?,
            None => return Ok(()),
        }
    }
}

async fn next_field(form: &mut Multipart) -> Result<Option<Field>> {
    let field = tokio::time::timeout(TIMEOUT, form.next())
        .await
        .map_err(|_| Error::Timeout)?;
    field.transpose().map_err(|e| incomplete_body(&e))
}

async fn read_text(mut field: Field, name: &str) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(part) = field.next().await {
        bytes.extend_from_slice(&part.map_err(|e| incomplete_body(&e))?);
        if bytes.len() > LONGEST_FIELD_BYTES {
            return Err(too_long(name));
        }
    }
    String::from_utf8(bytes).map_err(|_| {
        let rule = Text::new("UTF-8で送信してください。", "The field must be UTF-8.");
        Error::invalid(format!("/{name}"), "invalid_utf8", rule)
    })
}

fn incomplete_body(error: &dyn Display) -> Error {
    let rule = Text::new(
        format!("ファイルを最後まで受信できませんでした（{error}）。もう一度送信してください。"),
        format!("The file did not arrive completely ({error}). Send it again."),
    );
    Error::invalid("/file", "incomplete_body", rule)
}

fn field_after_file() -> Error {
    let rule = Text::new(
        "file は最後のフィールドにしてください。",
        "file must be the last field of the form.",
    );
    Error::invalid("/file", "field_after_file", rule)
}

fn too_long(name: &str) -> Error {
    let rule = Text::new(
        "フィールドは20個まで、1つの長さは64 KiBまでです。",
        "A form can have up to 20 fields of up to 64 KiB each.",
    );
    Error::invalid(format!("/{name}"), "invalid_length", rule)
}
