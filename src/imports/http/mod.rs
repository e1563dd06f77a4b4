//! The HTTP face of imports. `upload` receives the file of a request.

mod upload;

use super::jobs::store::findings;
use super::jobs::{Import, ImportFilter, ImportFinding, annotate, store};
use super::parameters::{self, ImportForm, ImportParameters};
use super::spool::Sender;
use super::{actions, mappings};
use crate::auth::{self, Principal, Reach, ReadImports, Viewer, WriteImports, http::Caller};
use crate::config::ImportQuotas;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::Result;
use crate::http::disclosure::{impersonal, json};
use crate::http::slots::Slot;
use crate::http::stream::{self as answers, FileBody, OpenAnswers};
use crate::http::{Cursor, Disclosure, Json, Language, Page, Paging, PathId, Query, page};
use crate::values::words::EventName;
use crate::workbooks::Workbooks;
use actix_web::http::header;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use futures_util::{Stream, stream};
use serde::Deserialize;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(Import);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(create)
        .service(list)
        .service(show)
        .service(list_findings)
        .service(follow)
        .service(download_annotated)
        .service(cancel)
        .service(undo)
        .service(remove)
        .configure(mappings::http::routes);
}

/// Import a file
///
/// Send the file as the body, with the options as parameters. Or send `multipart/form-data` with the options
/// as fields and the file in the field `file`; a field overrides the parameter of the same name. The format is detected from the content: CSV or TSV in
/// any Japanese encoding, XLSX, XLS, ODS, NDJSON or JSON. A file can have up to 2 GiB; a workbook 100 MiB and
/// 200,000 rows; a JSON document 16 MiB.
///
/// The response is a queued import. You can safely send the same file again: a record is identified by
/// `source` and `external_id` (without an id: by email address, corporate number, or name and place), and
/// rows that change nothing write nothing. If the same file with the same options is still waiting or
/// running, you get that import. To import the file of an earlier import again, with other options, name the import
/// (`file_of`) and send no body; a token that may see less than the one that sent it gets 403 `narrower_token`.
///
/// Lists of applications do what the API does, so their sender needs its scopes too: `applications:submit`,
/// `applications:write`, `applications:decide` and `applications:withdraw`. Lists of projects need `projects:write`,
/// `deliverables:write`, `deliverables:decide`, `applications:submit` and `applications:decide`; lists of events `events:write`;
/// the work of projects `project_work:read` and `project_work:write`; lists of registrations `registrations:read` and
/// `registrations:write`. All of these but events find people by their names, so they also need `personal_data:read`.
#[utoipa::path(operation_id = "create_import", tag = "Imports", security(("bearer" = ["imports:write"])),
    params(ImportParameters),
    request_body(content((inline(FileBody) = "application/octet-stream"), (ImportForm = "multipart/form-data")),
        description = "The file, under any media type, or a form with the file"),
    responses((status = 202, description = "The import, queued", body = Import),
              (status = 404, description = "There is no import `file_of`, or you may not see it"),
              (status = 409, description = "`cancelled`: someone cancelled the import while its file arrived; \
                  `not_ended`: the import `file_of` has not ended; `file_gone`: its file was erased together with a \
                  person who was imported from it"),
              (status = 413, description = "The file is larger than 2 GiB, or than everything that your imports may take"),
              (status = 429, description = "`too_many_imports`: too many imports are unfinished; \
                  `import_storage_exceeded`: the files of earlier imports leave no room, so delete imports that you \
                  don't need any more"),
              (status = 422, description = "An option is invalid, or the file is empty or incomplete")))]
#[post("/imports")]
async fn create(
    caller: Caller<WriteImports>,
    request: HttpRequest,
    pool: Data<Pool>,
    quotas: Data<ImportQuotas>,
    payload: Payload,
) -> Result<HttpResponse> {
    let sender = Sender {
        principal: caller.principal().clone(),
        areas: match caller.reach() {
            Reach::Everything => None,
            Reach::Areas(areas) => Some(areas),
            Reach::Organization(_) | Reach::Worker(_) | Reach::Partner(_) => Some(Vec::new()),
        },
        quotas: **quotas,
    };
    let length = request.headers().get(header::CONTENT_LENGTH);
    let expected = length.and_then(|v| v.to_str().ok()?.parse().ok());
    let import = if is_form(&request) {
        upload::receive_form(&pool, &sender, &request, expected, payload).await?
    } else {
        let asked = parameters::parse(request.query_string(), &[])?;
        match asked.file_of {
            Some(earlier) => upload::take(&pool, &sender, asked.options, caller.viewer(), earlier).await?,
            None => upload::receive_body(&pool, &sender, asked.options, expected, payload).await?,
        }
    };
    let location = (header::LOCATION, format!("/v1/imports/{}", import.id));
    Ok(json(HttpResponse::Accepted().insert_header(location), &import))
}

fn is_form(request: &HttpRequest) -> bool {
    let media_type = request.headers().get(header::CONTENT_TYPE);
    let media_type = media_type.and_then(|v| v.to_str().ok()).unwrap_or_default();
    media_type.to_ascii_lowercase().starts_with("multipart/form-data")
}

/// List imports
///
/// Returns your imports, the newest first; administrators get everyone's. An import with areas that your token
/// doesn't reach is left out. Imports are deleted some days after
/// they end, together with their files.
#[utoipa::path(operation_id = "list_imports", tag = "Imports", security(("bearer" = ["imports:read"])),
    params(ImportFilter), responses((status = 200, description = "One page", body = Page<Import>)))]
#[get("/imports")]
async fn list(
    caller: Caller<ReadImports>,
    pool: Data<Pool>,
    filter: Query<ImportFilter>,
) -> Result<Page<Import>> {
    let (viewer, may_send, Query(filter)) = (caller.viewer(), caller.may::<WriteImports>(), filter);
    let listed = move |db: &mut Db| {
        let mut page = store::list(db, Some(&viewer), &filter)?;
        let shown = |import: Import| import.shown_to(&viewer, may_send);
        page.items = page.items.into_iter().map(shown).collect();
        Ok(page)
    };
    pool.read(listed).await
}

/// Show an import
///
/// Returns its status, its progress and, if it failed, why. A token that may see less than the one that sent the file sees
/// none of its headings: in a file without headings, the first row stands for them.
#[utoipa::path(operation_id = "show_import", tag = "Imports", security(("bearer" = ["imports:read"])),
    params(("id" = Id, Path, description = "The import")),
    responses((status = 200, description = "The import", body = Import)))]
#[get("/imports/{id}")]
async fn show(caller: Caller<ReadImports>, pool: Data<Pool>, id: PathId) -> Result<Json<Import>> {
    let (viewer, may_send) = (caller.viewer(), caller.may::<WriteImports>());
    let find = move |db: &mut Db| Ok(store::find(db, Some(&viewer), id.0)?.shown_to(&viewer, may_send));
    Ok(Json(pool.lookup(find).await?))
}

/// List the findings of an import
///
/// Returns them in the order of the file. A row with a finding of severity `error` was rejected; one with a
/// `warning` was imported, but someone should check it. A token that may see less than the one that sent the file gets 403
/// `narrower_token`.
#[utoipa::path(operation_id = "list_import_findings", tag = "Imports", security(("bearer" = ["imports:read"])),
    params(("id" = Id, Path, description = "The import"), Paging),
    responses((status = 200, description = "One page", body = Page<ImportFinding>)))]
#[get("/imports/{id}/findings")]
async fn list_findings(
    caller: Caller<ReadImports>,
    pool: Data<Pool>,
    id: PathId,
    paging: Query<Paging>,
    language: Language,
) -> Result<Page<ImportFinding>> {
    const ORDER: &str = "position";
    let (viewer, may_send) = (caller.viewer(), caller.may::<WriteImports>());
    let Query(paging) = paging;
    let limit = page::limit(paging.limit)?;
    let cursor = Cursor::decode(paging.cursor.as_deref(), ORDER)?;
    let after = page::after(&cursor, |value| value.parse::<i64>().ok())?.map(|(position, _)| position);
    let listed = pool.read(move |db| {
        store::find(db, Some(&viewer), id.0)?.check_rows_shown_to(&viewer, may_send)?;
        let count = || findings::count(db, id.0);
        let counted = paging.count.then(count).transpose()?.unwrap_or(0);
        Ok((findings::list(db, id.0, after, limit + 1)?, counted))
    });
    let (items, counted) = listed.await?;
    let items = items.into_iter().map(|(position, finding)| ImportFinding {
        import_id: Some(id.0),
        ..ImportFinding::of(position, finding, language)
    });
    let page = Page::of(items.collect(), limit, |last: &ImportFinding| Cursor {
        sort: ORDER.to_owned(),
        value: last.position.to_string(),
        id: id.0,
    });
    page.counted(paging.count, || Ok(counted))
}

/// One server-sent event.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"event": "progress", "data": "{\"status\": \"running\"}"}))]
#[allow(dead_code)]
pub struct ImportEvent {
    #[schema(value_type = EventName)]
    event: String,
    /// The import, as JSON.
    data: String,
}

/// Follow an import
///
/// Streams server-sent events: `progress` with the import each time it changes, then `end` with its final
/// status. The stream also ends when your token expires or is revoked, and when your permissions change. Returns 429
/// `too_many_streams` while you follow several imports already.
#[utoipa::path(operation_id = "follow_import", tag = "Imports", security(("bearer" = ["imports:read"])),
    params(("id" = Id, Path, description = "The import")),
    responses((status = 200, description = "The events", body = ImportEvent, content_type = "text/event-stream")))]
#[get("/imports/{id}/events")]
async fn follow(
    caller: Caller<ReadImports>,
    pool: Data<Pool>,
    open: Data<OpenAnswers>,
    id: PathId,
) -> Result<HttpResponse> {
    let viewer = caller.viewer();
    let first = pool.read(move |db| store::find(db, Some(&viewer), id.0)).await?;
    let follower = Follower {
        slot: open.events(caller.actor())?,
        principal: caller.principal().clone(),
        viewer: caller.viewer(),
        may_send: caller.may::<WriteImports>(),
        pool,
    };
    Ok(answers::event_stream(events(follower, first)))
}

/// Who follows an import.
struct Follower {
    pool: Data<Pool>,
    principal: Principal,
    viewer: Viewer,
    may_send: bool,
    #[allow(dead_code)]
    slot: Slot<String>,
}

impl Follower {
    /// Reads the import again. Returns none when the follower may no longer see it.
    async fn look(&self, id: Id) -> Option<Import> {
        let (principal, viewer) = (self.principal.clone(), self.viewer.clone());
        let look = self.pool.read(move |db| {
            let is_active = auth::store::is_active(db, &principal, Instant::now())?;
            is_active.then(|| store::find(db, Some(&viewer), id)).transpose()
        });
        look.await.ok()?
    }
}

/// Streams an import as events, each time that it has changed. Between changes, comments show that it goes on, and find
/// out that the client is gone.
fn events(follower: Follower, first: Import) -> impl Stream<Item = Result<Bytes>> {
    const INTERVAL: Duration = Duration::from_millis(250);
    const SILENT: usize = 40;
    stream::unfold(
        (Some(first), None, follower),
        |(next, last, follower)| async move {
            let mut import: Import = next?;
            let mut looks = 0;
            while last == Some(import.updated_at) {
                if looks == SILENT {
                    let comment = Bytes::from_static(b": unchanged\n\n");
                    return Some((Ok(comment), (Some(import), last, follower)));
                }
                looks += 1;
                tokio::time::sleep(INTERVAL).await;
                import = follower.look(import.id).await?;
            }
            let is_final = import.status.is_final();
            let name = if is_final { "end" } else { "progress" };
            let shown = import.clone().shown_to(&follower.viewer, follower.may_send);
            let data = serde_json::to_string(&shown).ok()?;
            let event = Bytes::from(format!("event: {name}\ndata: {data}\n\n"));
            let last = Some(import.updated_at);
            Some((Ok(event), ((!is_final).then_some(import), last, follower)))
        },
    )
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AnnotatedFilter {
    /// Whether to return the first 2,000 rows of each sheet as NDJSON, each with its `sheet` (null where there is one), its
    /// `line` and its `cells`.
    #[serde(default)]
    rows: bool,
}

/// Download the annotated file
///
/// Returns the file that you sent with an added column 取り込み結果 that has the findings of each row. CSV and TSV
/// keep their encoding, XLSX keeps its formatting; XLS, ODS and JSON are returned as CSV. With `rows=true` it returns the
/// first rows instead, as they were read: the cells are in the order of `progress.headings`. A token that may see less than
/// the one that sent the file gets 403 `narrower_token`.
#[utoipa::path(operation_id = "download_annotated_import", tag = "Imports", security(("bearer" = ["imports:read"])),
    params(("id" = Id, Path, description = "The import"), AnnotatedFilter),
    responses((status = 200, description = "The file", content((inline(FileBody) = "text/csv"),
                  (inline(FileBody) = "application/x-ndjson"),
                  (inline(FileBody) = "text/tab-separated-values"),
                  (inline(FileBody) = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
              (status = 409, description = "`no_findings`: the import has not ended, or its file could not be read; \
                  `file_gone`: the file was erased together with a person who was imported from it")))]
#[get("/imports/{id}/annotated-file")]
async fn download_annotated(
    caller: Caller<ReadImports>,
    pool: Data<Pool>,
    workbooks: Data<Workbooks>,
    open: Data<OpenAnswers>,
    id: PathId,
    filter: Query<AnnotatedFilter>,
    language: Language,
) -> Result<HttpResponse> {
    let only_rows = filter.0.rows;
    let (viewer, may_send) = (caller.viewer(), caller.may::<WriteImports>());
    let found = pool.read(move |db| {
        let import = actions::find_annotatable(db, Some(&viewer), id.0)?;
        import.check_rows_shown_to(&viewer, may_send)?;
        // The file has rows of other people too, who were rejected: they are known by the import only.
        let mut people = store::writes::records(db, import.id)?;
        people.push(import.id);
        Ok((import, Disclosure(people)))
    });
    let (import, disclosure) = found.await?;
    let slot = open.download(caller.actor())?;
    let file = annotate::download(&import, only_rows);
    let own = pool.clone();
    let write = move || {
        let file = actions::write_annotated(&own, &workbooks, &import, language, only_rows)?;
        Ok((file, disclosure))
    };
    answers::write_file(file.disposition, &file.media_type, slot, &pool, write).await
}

/// Cancel an import
///
/// An import that waits is cancelled at once, one that runs after its current step. Rows that were written
/// stay; you can undo them. Cancelling an import that has ended changes nothing.
#[utoipa::path(operation_id = "cancel_import", tag = "Imports", security(("bearer" = ["imports:write"])),
    params(("id" = Id, Path, description = "The import")),
    responses((status = 202, description = "The import", body = Import)))]
#[post("/imports/{id}/cancel")]
async fn cancel(caller: Caller<WriteImports>, pool: Data<Pool>, id: PathId) -> Result<HttpResponse> {
    let viewer = caller.viewer();
    let import = pool
        .write(move |db| Ok(actions::cancel(db, Some(&viewer), id.0)?.shown_to(&viewer, true)))
        .await?;
    Ok(json(&mut HttpResponse::Accepted(), &import))
}

/// Undo an import
///
/// Undoes everything that the import wrote: records that it created are removed (workers with all of their records,
/// organizations and deliverables archived), records that it changed are restored.
#[utoipa::path(operation_id = "undo_import", tag = "Imports", security(("bearer" = ["imports:write"])),
    params(("id" = Id, Path, description = "The import")),
    responses((status = 202, description = "The import", body = Import),
              (status = 409, description = "`not_undoable`: the import is still running, was undone, or is a published \
                  archive; `changed_since`: one of its records has changed since")))]
#[post("/imports/{id}/undo")]
async fn undo(caller: Caller<WriteImports>, pool: Data<Pool>, id: PathId) -> Result<HttpResponse> {
    let viewer = caller.viewer();
    let own = pool.clone();
    let undo = move || Ok(actions::undo(&own, Some(&viewer), id.0)?.shown_to(&viewer, true));
    let import = pool.work(undo).await?;
    Ok(json(&mut HttpResponse::Accepted(), &import))
}

/// Delete an import
///
/// Deletes an import that has ended, with its file and its report, before that happens by itself. The records
/// that it wrote stay, and it can't be undone any more.
#[utoipa::path(operation_id = "delete_import", tag = "Imports", security(("bearer" = ["imports:write"])),
    params(("id" = Id, Path, description = "The import")),
    responses((status = 204, description = "Deleted"),
              (status = 409, description = "`not_ended`: the import has not ended; cancel it first")))]
#[delete("/imports/{id}")]
async fn remove(caller: Caller<WriteImports>, pool: Data<Pool>, id: PathId) -> Result<HttpResponse> {
    let viewer = caller.viewer();
    pool.write(move |db| actions::delete(db, Some(&viewer), id.0))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
