//! The file of an import request: the body, a form with the options and the file, or the file of an earlier import.

use crate::auth::Viewer;
use crate::db::{Id, Pool};
use crate::error::{Error, Result, Text};
use crate::http::decode::duplicate;
use crate::imports::jobs::{Import, ImportOptions, file, store};
use crate::imports::spool::{Sender, Spool};
use crate::imports::{ImportKind, actions, parameters};
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

/// Takes the file of an earlier import, which the viewer has to see.
pub async fn take(
    pool: &Pool,
    sender: &Sender,
    options: ImportOptions,
    viewer: Viewer,
    earlier: Id,
) -> Result<Import> {
    let found = pool.read(move |db| {
        let found = actions::find_ended(db, Some(&viewer), earlier)?;
        found.check_rows_shown_to(&viewer, true).map(|()| found)
    });
    let size_bytes = found.await?.size_bytes as u64;
    let mut spool = Spool::begin(pool, sender, options, Some(size_bytes)).await?;
    let mut taken = 0;
    for position in 0.. {
        let part = pool
            .read(move |db| store::find_part(db, earlier, position))
            .await?;
        let Some(bytes) = part else { break };
        taken += bytes.len() as u64;
        spool.write(&bytes).await?;
    }
    // It may be erased meanwhile.
    if taken != size_bytes {
        return Err(file::gone());
    }
    spool.finish().await
}

/// Receives a form with the file and options, in any order. While the form arrives, an import without a kind is one of
/// workers.
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
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut file: Option<Received> = None;
    while let Some(field) = next_field(&mut form).await? {
        let name = field.name().unwrap_or_default().to_owned();
        if name != "file" {
            if fields.len() >= MAX_FIELDS {
                return Err(too_long(&name));
            }
            let text = read_text(field, &name).await?;
            fields.push((name, text));
            continue;
        }
        if file.is_some() {
            return Err(Error::invalid("/file", "duplicate_field", duplicate(&name)));
        }
        let mut early = fields.clone();
        if !early.iter().any(|(name, _)| name == "kind") && !request.query_string().contains("kind=") {
            early.push(("kind".to_owned(), ImportKind::Workers.code().to_owned()));
        }
        let file_name = field.content_disposition().and_then(|d| d.get_filename());
        let file_name = file_name.map(|name| name.chars().take(255).collect());
        let options = options_of(request, &early, &file_name)?;
        let mut spool = Spool::begin(pool, sender, options.clone(), expected).await?;
        let bytes = Box::pin(field.map(|bytes| bytes.map_err(|e| incomplete_body(&e))));
        copy(&mut spool, bytes).await?;
        file = Some(Received {
            spool,
            file_name,
            options,
        });
    }
    let Some(file) = file else {
        let rule = Text::new(
            "file フィールドにファイルを入れてください。",
            "The form must have a field named file.",
        );
        return Err(Error::invalid("/file", "missing_field", rule));
    };
    let options = options_of(request, &fields, &file.file_name)?;
    if options != file.options {
        file.spool.change_options(sender, options).await?;
    }
    file.spool.finish().await
}

/// The file of a form, with the options that were known before it.
struct Received {
    spool: Spool,
    file_name: Option<String>,
    options: ImportOptions,
}

/// Returns the options of a query and a form. The file keeps its name unless they give it another.
fn options_of(
    request: &HttpRequest,
    fields: &[(String, String)],
    file_name: &Option<String>,
) -> Result<ImportOptions> {
    let asked = parameters::parse(request.query_string(), fields)?;
    if asked.file_of.is_some() {
        let rule = Text::new(
            "file_of はファイルの代わりに指定します。本文を空にしてください。",
            "Name file_of instead of sending a file: leave the body empty.",
        );
        return Err(Error::invalid("/file_of", "unexpected_option", rule));
    }
    let mut options = asked.options;
    if options.file_name.is_none() {
        options.file_name = file_name.clone();
    }
    Ok(options)
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

fn too_long(name: &str) -> Error {
    let rule = Text::new(
        "フィールドは20個まで、1つの長さは64 KiBまでです。",
        "A form can have up to 20 fields of up to 64 KiB each.",
    );
    Error::invalid(format!("/{name}"), "invalid_length", rule)
}
