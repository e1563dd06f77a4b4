//! The HTTP face of imports. Rules are in `mod.rs` and below `jobs`, SQL in `jobs/store.rs`.

use super::ImportKind;
use super::columns::Mapping;
use super::jobs::{
    AbsentPolicy, ConflictPolicy, Import, ImportFilter, ImportFinding, ImportMode, ImportOptions, annotate,
    file, report, store, undo,
};
use super::upload::{self, Sender};
use crate::auth::{Reach, ReadImports, Scope, WriteImports, http::Caller};
use crate::db::{Id, Pool};
use crate::error::{Error, FieldError, Place, Result, Text};
use crate::http::stream::generate_file;
use crate::http::{Cursor, Language, Page, PathId, Query, page, query};
use actix_web::http::header;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse, get, post};
use futures_util::stream;
use serde::Deserialize;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(create)
        .service(list)
        .service(show)
        .service(findings)
        .service(events)
        .service(annotated)
        .service(cancel)
        .service(take_back)
        .configure(super::mappings::http::routes);
}

/// Everyone sees their own; administrators see all.
fn creator<S: Scope>(caller: &Caller<S>) -> Option<String> {
    caller.viewer().creator().map(str::to_owned)
}

/// How a file is to be imported, as parameters.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Parameters {
    #[param(inline)]
    pub kind: ImportKind,
    /// Where the records come from; with `external_id` it tells each record.
    #[param(min_length = 1, max_length = 100, default = "roster")]
    pub source: Option<String>,
    /// What is done with rows; `best_effort` where it isn't given.
    #[serde(default)]
    #[param(inline, required = false)]
    pub mode: ImportMode,
    /// With records that are there already; `update` where it isn't given.
    #[serde(default)]
    #[param(inline, required = false)]
    pub on_conflict: ConflictPolicy,
    /// With records of the source that the file does not have; `keep` where it isn't given.
    #[serde(default)]
    #[param(inline, required = false)]
    pub on_absent: AbsentPolicy,
    /// A JSON object of headings and the fields they mean; an empty field leaves a column out.
    #[param(example = r#"{"得意なこと": "skills"}"#)]
    pub mapping: Option<String>,
    /// Of text; detected where it isn't given: UTF-8, Shift_JIS, EUC-JP, ISO-2022-JP, UTF-16LE, UTF-16BE.
    #[param(max_length = 40)]
    pub encoding: Option<String>,
    /// Of a workbook; the first that holds anything where it isn't given.
    #[param(max_length = 100)]
    pub sheet: Option<String>,
    #[param(max_length = 255)]
    pub file_name: Option<String>,
}

impl Parameters {
    /// Whether they come as parameters or as fields of a form, what is wrong with them is told alike.
    pub fn parse(encoded: &str) -> Result<ImportOptions> {
        let parsed: Result<Parameters> = query::parse(encoded);
        let as_field = |fault: FieldError| match fault.place {
            Place::Parameter(name) => FieldError {
                place: Place::Pointer(format!("/{name}")),
                ..fault
            },
            Place::Pointer(_) => fault,
        };
        match parsed {
            Err(Error::InvalidParameters(faults)) => {
                Err(Error::Invalid(faults.into_iter().map(as_field).collect()))
            }
            parsed => parsed?.options(),
        }
    }

    fn options(self) -> Result<ImportOptions> {
        let mapping = match self.mapping.as_deref() {
            None | Some("") => Mapping::new(),
            Some(text) => serde_json::from_str(text).map_err(|_| {
                let rule = Text::new(
                    "見出しと項目名のJSONオブジェクトにしてください。",
                    "It has to be a JSON object of headings and fields.",
                );
                Error::invalid("/mapping", "wrong_type", rule)
            })?,
        };
        Ok(ImportOptions {
            mapping,
            source: self.source.unwrap_or_else(|| ImportOptions::of(self.kind).source),
            mode: self.mode,
            on_conflict: self.on_conflict,
            on_absent: self.on_absent,
            encoding: self.encoding,
            sheet: self.sheet,
            file_name: self.file_name,
            kind: self.kind,
        })
    }
}

/// Import a file
///
/// The body is the file itself, with the options as parameters; or `multipart/form-data`, whose fields are the options
/// and whose last one is `file`. CSV and TSV in any of Japan's encodings, XLSX, XLS, ODS, NDJSON and JSON are told apart
/// by what they hold. At most 2 GiB; workbooks 100 MiB and 200,000 rows, JSON 16 MiB.
///
/// Answers at once with a job. Sending the same again is safe: rows are known by `source` and `external_id` (or, without
/// an id, by address, number, or name and place), and rows that say what is there already write nothing. While the very
/// file is still waiting or running for you with the same options, that job is answered.
#[utoipa::path(operation_id = "create_import", tag = "Imports", security(("bearer" = ["imports:write"])),
    params(Parameters),
    request_body(content((String = "application/octet-stream"), (String = "text/csv"), (String = "multipart/form-data")),
        description = "The file", example = "氏名,区市町村,スキル\n佐藤 陽子,新宿区,デザイン\n"),
    responses((status = 202, description = "The job", body = Import),
              (status = 413, description = "Beyond 2 GiB"),
              (status = 422, description = "ImportOptions break their rules, or the file is empty or did not arrive whole")))]
#[post("/imports")]
async fn create(
    caller: Caller<WriteImports>,
    request: HttpRequest,
    pool: Data<Pool>,
    payload: Payload,
) -> Result<HttpResponse> {
    let areas = match caller.reach() {
        Reach::Areas(areas) => Some(areas),
        _ => None,
    };
    let sender = Sender {
        actor: caller.actor(),
        areas,
    };
    let media_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let job = if media_type.to_ascii_lowercase().starts_with("multipart/form-data") {
        upload::form(&pool, &sender, &request, payload, request.query_string()).await?
    } else {
        let options = Parameters::parse(request.query_string())?;
        upload::raw(&pool, &sender, options, payload).await?
    };
    let mut response = HttpResponse::Accepted();
    response.insert_header((header::LOCATION, format!("/v1/imports/{}", job.id)));
    Ok(response.json(job))
}

/// List imports
///
/// Newest first: your own; an administrator sees all. They are forgotten some days after their end, with their files.
#[utoipa::path(operation_id = "list_imports", tag = "Imports", security(("bearer" = ["imports:read"])),
    params(ImportFilter), responses((status = 200, description = "One page", body = Page<Import>)))]
#[get("/imports")]
async fn list(
    caller: Caller<ReadImports>,
    pool: Data<Pool>,
    filter: Query<ImportFilter>,
) -> Result<Page<Import>> {
    let creator = creator(&caller);
    let Query(filter) = filter;
    pool.read(move |db| store::list(db, creator.as_deref(), &filter))
        .await
}

/// Show an import
///
/// How far it is, and what became of it.
#[utoipa::path(operation_id = "show_import", tag = "Imports", security(("bearer" = ["imports:read"])),
    params(("id" = Id, Path, description = "The import")),
    responses((status = 200, description = "The job", body = Import)))]
#[get("/imports/{id}")]
async fn show(caller: Caller<ReadImports>, pool: Data<Pool>, id: PathId) -> Result<HttpResponse> {
    let creator = creator(&caller);
    let job = pool
        .read(move |db| store::find(db, creator.as_deref(), id.0))
        .await?;
    Ok(HttpResponse::Ok().json(job))
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FindingFilter {
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// List what an import found
///
/// Row by row, in the order of the file: the cells that broke a rule (`error`: the row was rejected), and those that
/// somebody should look at (`notice`: it was taken).
#[utoipa::path(operation_id = "list_import_findings", tag = "Imports", security(("bearer" = ["imports:read"])),
    params(("id" = Id, Path, description = "The import"), FindingFilter),
    responses((status = 200, description = "One page", body = Page<ImportFinding>)))]
#[get("/imports/{id}/findings")]
async fn findings(
    caller: Caller<ReadImports>,
    pool: Data<Pool>,
    id: PathId,
    filter: Query<FindingFilter>,
    language: Language,
) -> Result<Page<ImportFinding>> {
    const ORDER: &str = "position";
    let creator = creator(&caller);
    let limit = page::limit(filter.0.limit)?;
    let cursor = Cursor::decode(filter.0.cursor.as_deref(), ORDER)?;
    let after = page::after(&cursor, |value| value.parse::<i64>().ok())?.map(|(position, _)| position);
    let found = pool.read(move |db| {
        store::find(db, creator.as_deref(), id.0)?;
        report::store::findings(db, id.0, after, limit + 1)
    });
    let found = found.await?.into_iter();
    let shown = found.map(|(position, finding)| ImportFinding::of(position, finding, language));
    Ok(Page::of(shown.collect(), limit, |last: &ImportFinding| Cursor {
        sort: ORDER.to_owned(),
        value: last.position.to_string(),
        id: id.0,
    }))
}

/// One server-sent event.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"event": "progress", "data": "{\"status\": \"running\"}"}))]
#[allow(dead_code)]
pub struct ImportEvent {
    /// `progress` or `end`.
    event: String,
    /// The job, as JSON.
    data: String,
}

/// Follow an import
///
/// Server-sent events: `progress` with the job whenever it has changed, and `end` with its last state.
#[utoipa::path(operation_id = "follow_import", tag = "Imports", security(("bearer" = ["imports:read"])),
    params(("id" = Id, Path, description = "The import")),
    responses((status = 200, description = "The events", body = ImportEvent, content_type = "text/event-stream")))]
#[get("/imports/{id}/events")]
async fn events(caller: Caller<ReadImports>, pool: Data<Pool>, id: PathId) -> Result<HttpResponse> {
    const LOOK: Duration = Duration::from_millis(250);
    let creator = creator(&caller);
    let find = move |pool: Data<Pool>| {
        let creator = creator.clone();
        async move {
            pool.read(move |db| store::find(db, creator.as_deref(), id.0))
                .await
        }
    };
    let first = find(pool.clone()).await?;
    let begin = (Some(first), None, pool, find);
    let told = stream::unfold(begin, |(next, last, pool, find)| async move {
        let mut job: Import = next?;
        while last == Some(job.updated_at) {
            tokio::time::sleep(LOOK).await;
            job = find(pool.clone()).await.ok()?;
        }
        let name = if job.status.is_final() { "end" } else { "progress" };
        let data = serde_json::to_string(&job).ok()?;
        let event = Bytes::from(format!("event: {name}\ndata: {data}\n\n"));
        let (last, is_final) = (Some(job.updated_at), job.status.is_final());
        let next = (!is_final).then_some(job);
        Some((Ok::<Bytes, Error>(event), (next, last, pool, find)))
    });
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, "text/event-stream"));
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    // Compressed, events would wait for each other.
    response.insert_header((header::CONTENT_ENCODING, "identity"));
    Ok(response.streaming(Box::pin(told)))
}

/// Get the file again, with what was found in a column
///
/// The very file that was sent, with the column 取り込み結果: CSV and TSV in their own encoding, XLSX as it was; XLS,
/// ODS and JSON come as CSV.
#[utoipa::path(operation_id = "download_annotated_import", tag = "Imports", security(("bearer" = ["imports:read"])),
    params(("id" = Id, Path, description = "The import")),
    responses((status = 200, description = "The file", content((String = "text/csv"), (String = "text/tab-separated-values"),
                  (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
              (status = 409, description = "It has not ended, or the file was erased with somebody who was in it")))]
#[get("/imports/{id}/annotated-file")]
async fn annotated(
    caller: Caller<ReadImports>,
    pool: Data<Pool>,
    id: PathId,
    language: Language,
) -> Result<HttpResponse> {
    let creator = creator(&caller);
    let job = pool
        .read(move |db| store::find(db, creator.as_deref(), id.0))
        .await?;
    if !job.status.is_final() || job.detected.is_none() {
        return Err(Error::Conflict {
            code: "no_findings",
            detail: Text::new(
                "まだ終わっていないか、読めないファイルです。",
                "It has not ended, or the file could not be read.",
            ),
        });
    }
    let is_there = pool
        .read(move |db| Ok(store::chunk(db, id.0, 0)?.is_some()))
        .await?;
    if !is_there {
        return Err(file::gone());
    }
    let (name, media_type) = annotate::name_and_type(&job);
    let write = move |mut out: &mut dyn std::io::Write| annotate::write(&pool, &job, language, &mut out);
    Ok(generate_file(&name, media_type, write))
}

/// Cancel an import
///
/// One that waits ends at once, one that runs after its current step; rows that were written stay, and can be undone. One
/// that has ended is answered as it is.
#[utoipa::path(operation_id = "cancel_import", tag = "Imports", security(("bearer" = ["imports:write"])),
    params(("id" = Id, Path, description = "The import")),
    responses((status = 202, description = "The job", body = Import)))]
#[post("/imports/{id}/cancel")]
async fn cancel(caller: Caller<WriteImports>, pool: Data<Pool>, id: PathId) -> Result<HttpResponse> {
    let creator = creator(&caller);
    let job = pool.write(move |db| {
        let job = store::find(db, creator.as_deref(), id.0)?;
        if !job.status.is_final() {
            store::cancel(db, &job)?;
        }
        store::find(db, None, id.0)
    });
    Ok(HttpResponse::Accepted().json(job.await?))
}

/// Undo an import
///
/// Takes back everything that it wrote: what it registered is removed (workers erased, organizations and deliverables
/// archived), what it changed is as before. 409 `changed_since` where anything newer touched any of it.
#[utoipa::path(operation_id = "undo_import", tag = "Imports", security(("bearer" = ["imports:write"])),
    params(("id" = Id, Path, description = "The import")),
    responses((status = 202, description = "The job", body = Import),
              (status = 409, description = "It runs still, was undone, or something newer touched its records")))]
#[post("/imports/{id}/undo")]
async fn take_back(caller: Caller<WriteImports>, pool: Data<Pool>, id: PathId) -> Result<HttpResponse> {
    let creator = creator(&caller);
    let job = pool
        .read(move |db| store::find(db, creator.as_deref(), id.0))
        .await?;
    let begin = pool.clone();
    let begun = tokio::task::spawn_blocking(move || undo::begin(&begin, &job)).await;
    begun.map_err(|e| Error::Internal(e.to_string()))??;
    let job = pool.read(move |db| store::find(db, None, id.0)).await?;
    Ok(HttpResponse::Accepted().json(job))
}
