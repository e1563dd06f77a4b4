//! The files of artifacts: in as the body of a request, out as a download, neither of them as a whole in memory.

use super::work::EntryPath;
use crate::auth::{ReadProjectWork, WriteProjectWork, http::Caller};
use crate::config::ProjectFileQuotas;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::{Error, Result, Text};
use crate::http::slots::{Slot, Slots};
use crate::http::stream::{self as answers, FileBody, OpenAnswers};
use crate::http::{Disclosure, Entity, IfMatch};
use crate::projects::entries::{self, Author};
use crate::projects::files::{ArtifactFile, FileType, LARGEST, empty};
use crate::projects::store::work::find_piece;
use crate::projects::work::Artifact;
use actix_web::http::header;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, get, put};
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Write;
use std::time::Duration;
use utoipa_actix_web::service_config::ServiceConfig;

/// How long the next bytes may take, and the whole file.
const TIMEOUT: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(600);
/// How many callers can send all their files at once. Each file is on the disk of the server while it arrives.
const SENDING_CALLERS: usize = 16;

/// The files that are arriving.
pub struct Uploads(Slots<String>);

impl Uploads {
    pub fn new(each: usize) -> Uploads {
        Uploads(Slots::new(each, each * SENDING_CALLERS))
    }

    fn begin(&self, caller: String) -> Result<Slot<String>> {
        self.0.take(Some(caller)).ok_or(Error::TooManyRequests {
            code: "too_many_uploads",
            retry_after_s: 10,
        })
    }
}

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(replace).service(download);
}

/// Send the file of an artifact
///
/// Send the file as the body, up to 20 MiB, with its media type: PDF, PNG, JPEG, DOCX, XLSX, PPTX or MP4. The content has to be
/// of that type (422 `file_type_mismatch`); of `application/octet-stream`, the content says the type. The artifact is submitted to the organization, with the next `revision`; an
/// earlier file is replaced. The files of a project share its room, as do those of an organization's projects and of all
/// projects (429 `project_storage_exceeded`), and you can send a few at once (429 `too_many_uploads`).
#[utoipa::path(operation_id = "replace_artifact_file", tag = "Projects", security(("bearer" = ["project_work:write"])),
    params(("id" = Id, Path, description = "The project"), ("entry_id" = Id, Path, description = "The artifact")),
    request_body(content((inline(FileBody) = "application/pdf"), (inline(FileBody) = "image/png"),
        (inline(FileBody) = "image/jpeg"),
        (inline(FileBody) = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (inline(FileBody) = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (inline(FileBody) = "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        (inline(FileBody) = "video/mp4"), (inline(FileBody) = "application/octet-stream"))),
    responses((status = 200, description = "Stored", body = Artifact),
              (status = 409, description = "The artifact is accepted, or the project is closed or cancelled"),
              (status = 413, description = "The file is larger than 20 MiB"),
              (status = 422, description = "The file has another type, or is empty"),
              (status = 429, description = "`project_storage_exceeded`: the files of the project, of the organization or of all leave no room, so delete \
                  artifacts that aren't needed any more; `too_many_uploads`: wait until another file has arrived")))]
#[put("/projects/{id}/artifacts/{entry_id}/file")]
async fn replace(
    caller: Caller<WriteProjectWork>,
    pool: Data<Pool>,
    path: EntryPath,
    if_match: IfMatch,
    (quotas, uploads): (Data<ProjectFileQuotas>, Data<Uploads>),
    request: HttpRequest,
    payload: Payload,
) -> Result<Entity<Artifact>> {
    let _slot = uploads.begin(caller.actor())?;
    let (author, ids, first) = (Author::from(caller.viewer()), (path.0, path.1), if_match.clone());
    let (quotas, announced) = (**quotas, announced(&request));
    let author = pool
        .read(move |db| entries::check_file(db, &author, ids, &first, (quotas, announced)).map(|()| author))
        .await?;
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let named = FileType::named(content_type.and_then(|one| one.to_str().ok()).unwrap_or_default())?;
    let received = tokio::time::timeout(LONGEST, receive(payload)).await;
    let (mut content, size_bytes, sha256) = received.map_err(|_| Error::Timeout)??;
    let own = pool.clone();
    let store = move || {
        let type_ = match named {
            Some(type_) => type_.check(&mut content).map(|()| type_),
            None => FileType::of_content(&mut content),
        }?;
        let file = ArtifactFile {
            type_,
            size_bytes,
            sha256,
            stored_at: Instant::now(),
        };
        own.write_blocking(|db| {
            entries::store_file(db, &author, ids, &if_match, quotas, (file, &mut content))
        })
    };
    let (version, artifact) = pool.work(store).await?;
    Ok(Entity::new(version, artifact))
}

/// Returns the length of the body that is coming, as far as it is announced.
fn announced(request: &HttpRequest) -> u64 {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    length.unwrap_or_default()
}

/// Receives a body as a temporary file. Returns it with its size and its SHA-256 in hexadecimal.
async fn receive(mut payload: Payload) -> Result<(File, u64, String)> {
    let failed = |e: std::io::Error| Error::file("no temporary file", e);
    let mut content = tempfile::tempfile().map_err(failed)?;
    let (mut size, mut sha256) = (0, Sha256::new());
    loop {
        let part = tokio::time::timeout(TIMEOUT, payload.next()).await;
        let Some(bytes) = part.map_err(|_| Error::Timeout)? else {
            break;
        };
        let bytes = bytes.map_err(|e| {
            let rule = Text::new(
                format!("ファイルを最後まで受信できませんでした（{e}）。もう一度送信してください。"),
                format!("The file did not arrive completely ({e}). Send it again."),
            );
            Error::invalid("/file", "incomplete_body", rule)
        })?;
        size += bytes.len();
        if size > LARGEST {
            return Err(Error::TooLarge { limit_bytes: LARGEST });
        }
        sha256.update(&bytes);
        content.write_all(&bytes).map_err(failed)?;
    }
    match size {
        0 => Err(empty()),
        _ => Ok((content, size as u64, hex::encode(sha256.finalize()))),
    }
}

/// Download the file of an artifact
#[utoipa::path(operation_id = "download_artifact_file", tag = "Projects", security(("bearer" = ["project_work:read"])),
    description = "Returns the file as it was sent, named by the artifact's title.",
    params(("id" = Id, Path, description = "The project"), ("entry_id" = Id, Path, description = "The artifact")),
    responses((status = 200, description = "The file", content((inline(FileBody) = "application/pdf"),
        (inline(FileBody) = "image/png"), (inline(FileBody) = "image/jpeg"),
        (inline(FileBody) = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (inline(FileBody) = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (inline(FileBody) = "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        (inline(FileBody) = "video/mp4")))))]
#[get("/projects/{id}/artifacts/{entry_id}/file")]
async fn download(
    caller: Caller<ReadProjectWork>,
    pool: Data<Pool>,
    open: Data<OpenAnswers>,
    path: EntryPath,
) -> Result<HttpResponse> {
    let (reach, (project, id)) = (caller.reach(), (path.0, path.1));
    let (title, file) = pool
        .read(move |db| entries::find_file(db, &reach, project, id))
        .await?;
    let slot = open.download(caller.actor())?;
    let name = answers::named_attachment(&title, file.type_.extension(), &format!("artifact-{id}"));
    let own = pool.clone();
    let write = move || {
        own.read_blocking(|db| copy(db, id))
            .map(|file| (file, Disclosure::nobody()))
    };
    answers::write_file(name, file.type_.media_type(), slot, &pool, write).await
}

/// Copies a file out of the database.
fn copy(db: &mut Db, id: Id) -> Result<File> {
    let failed = |e: std::io::Error| Error::file("no temporary file", e);
    let mut file = tempfile::tempfile().map_err(failed)?;
    for position in 0.. {
        match find_piece(db, id, position)? {
            Some(piece) => file.write_all(&piece).map_err(failed)?,
            None => break,
        }
    }
    Ok(file)
}
