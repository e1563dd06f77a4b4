//! HTTP endpoints of saved mappings.

use super::{SavedMapping, actions, missing, store};
use crate::auth::{ReadImports, WriteImports, http::Caller};
use crate::db::Pool;
use crate::error::{Error, Result};
use crate::http::disclosure::impersonal;
use crate::http::query::path_text;
use crate::http::{Entity, IfMatch, Valid};
use crate::imports::ImportKind;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, put};
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(SavedMapping);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(show_mapping)
        .service(replace_mapping)
        .service(remove_mapping);
}

fn kind_and_source(request: &HttpRequest) -> Result<(ImportKind, String)> {
    let kind = path_text(request, "kind", 20)?;
    let kind = kind.parse().map_err(|_| Error::not_found("この種類", "kind"))?;
    Ok((kind, path_text(request, "source", 100)?))
}

/// Show the saved mapping of a source
///
/// The mapping applies to each of your imports of this kind and source: your own, or else the one that an
/// administrator saved for everyone.
#[utoipa::path(operation_id = "show_import_mapping", tag = "Imports", security(("bearer" = ["imports:read"])),
    params(("kind" = ImportKind, Path, description = "The kind of records"),
           ("source" = String, Path, description = "The source of the records", min_length = 1, max_length = 100, example = "roster")),
    responses((status = 200, description = "The mapping", body = SavedMapping)))]
#[get("/import-mappings/{kind}/{source}")]
async fn show_mapping(
    caller: Caller<ReadImports>,
    request: HttpRequest,
    pool: Data<Pool>,
) -> Result<Entity<SavedMapping>> {
    let (kind, source) = kind_and_source(&request)?;
    let owner = caller.viewer().creator().unwrap_or(store::EVERYONE).to_owned();
    let found = pool.read(move |db| store::find_for(db, &owner, kind, &source));
    let found = found.await?;
    let (mapping, version) = found.ok_or_else(missing)?;
    Ok(Entity::new(version, SavedMapping { mapping }))
}

/// Save the mapping of a source
///
/// The mapping applies to each of your later imports of this kind and source. An administrator saves one for
/// everyone; your own takes precedence over it, and mappings in a request over both. Nobody replaces the mapping of
/// somebody else. You can save up to 200 (409 `too_many_mappings`), and administrators as many for everyone.
#[utoipa::path(operation_id = "replace_import_mapping", tag = "Imports", security(("bearer" = ["imports:write"])),
    params(("kind" = ImportKind, Path, description = "The kind of records"),
           ("source" = String, Path, description = "The source of the records", min_length = 1, max_length = 100, example = "roster")),
    request_body = SavedMapping,
    responses((status = 200, description = "Saved", body = SavedMapping),
              (status = 404, description = "There is no such kind"),
              (status = 409, description = "You have saved as many as you can")))]
#[put("/import-mappings/{kind}/{source}")]
async fn replace_mapping(
    caller: Caller<WriteImports>,
    request: HttpRequest,
    pool: Data<Pool>,
    if_match: IfMatch,
    new: Valid<SavedMapping>,
) -> Result<Entity<SavedMapping>> {
    let (kind, source) = kind_and_source(&request)?;
    let writer = caller.viewer();
    let saved = pool.write(move |db| actions::replace(db, &writer, kind, &source, new.0, &if_match));
    let (mapping, version) = saved.await?;
    Ok(Entity::new(version, mapping))
}

/// Delete the saved mapping of a source
///
/// Your own, or, if you are an administrator, the one for everyone. Your later imports use the one for everyone, if there is one, and
/// the known headings. Nobody deletes the mapping of somebody else.
#[utoipa::path(operation_id = "remove_import_mapping", tag = "Imports", security(("bearer" = ["imports:write"])),
    params(("kind" = ImportKind, Path, description = "The kind of records"),
           ("source" = String, Path, description = "The source of the records", min_length = 1, max_length = 100, example = "roster")),
    responses((status = 204, description = "Deleted"),
              (status = 404, description = "There is no such kind, or you have saved none")))]
#[delete("/import-mappings/{kind}/{source}")]
async fn remove_mapping(
    caller: Caller<WriteImports>,
    request: HttpRequest,
    pool: Data<Pool>,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let (kind, source) = kind_and_source(&request)?;
    let writer = caller.viewer();
    pool.write(move |db| actions::remove(db, &writer, kind, &source, &if_match))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
