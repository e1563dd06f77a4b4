//! The HTTP face of saved mappings.

use super::{SavedMapping, store};
use crate::auth::{ReadImports, WriteImports, http::Caller};
use crate::db::Pool;
use crate::error::{Error, Result};
use crate::http::query::path_text;
use crate::http::{Entity, IfMatch, Valid};
use crate::imports::ImportKind;
use crate::imports::columns::Columns;
use actix_web::web::Data;
use actix_web::{HttpRequest, get, put};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(show_mapping).service(replace_mapping);
}

fn kind_and_source(request: &HttpRequest) -> Result<(ImportKind, String)> {
    let kind = path_text(request, "kind", 20)?;
    let kind = kind.parse().map_err(|_| Error::not_found("この種類", "kind"))?;
    Ok((kind, path_text(request, "source", 100)?))
}

/// Show the saved mapping of a source
///
/// It counts for every file of this kind and source that is imported.
#[utoipa::path(operation_id = "show_import_mapping", tag = "Imports", security(("bearer" = ["imports:read"])),
    params(("kind" = ImportKind, Path, description = "Of which records"),
           ("source" = String, Path, description = "Of which source", min_length = 1, max_length = 100, example = "roster")),
    responses((status = 200, description = "The mapping", body = SavedMapping)))]
#[get("/import-mappings/{kind}/{source}")]
async fn show_mapping(
    _: Caller<ReadImports>,
    request: HttpRequest,
    pool: Data<Pool>,
) -> Result<Entity<SavedMapping>> {
    let (kind, source) = kind_and_source(&request)?;
    let found = pool.read(move |db| store::find(db, kind, &source)).await?;
    let (mapping, version) = found.ok_or_else(|| Error::not_found("この対応表", "mapping"))?;
    Ok(Entity::new(version, SavedMapping { mapping }))
}

/// Save the mapping of a source
///
/// What a request says itself counts more.
#[utoipa::path(operation_id = "replace_import_mapping", tag = "Imports", security(("bearer" = ["imports:write"])),
    params(("kind" = ImportKind, Path, description = "Of which records"),
           ("source" = String, Path, description = "Of which source", min_length = 1, max_length = 100, example = "roster")),
    request_body = SavedMapping,
    responses((status = 200, description = "Saved", body = SavedMapping),
              (status = 404, description = "There is no such kind")))]
#[put("/import-mappings/{kind}/{source}")]
async fn replace_mapping(
    caller: Caller<WriteImports>,
    request: HttpRequest,
    pool: Data<Pool>,
    if_match: IfMatch,
    new: Valid<SavedMapping>,
) -> Result<Entity<SavedMapping>> {
    let (kind, source) = kind_and_source(&request)?;
    let (actor, mapping) = (caller.actor(), new.0.mapping);
    Columns::new(kind, &mapping)?;
    let saved = pool.write(move |db| {
        crate::db::lock(db, &format!("import_mapping/{source}"))?;
        let version = match store::find(db, kind, &source)? {
            None => {
                if_match.check_absent()?;
                1
            }
            Some((before, version)) => {
                if_match.check(version)?;
                if before == mapping {
                    return Ok((mapping, version));
                }
                version + 1
            }
        };
        store::save(db, &actor, kind, &source, &mapping, version)?;
        Ok((mapping, version))
    });
    let (mapping, version) = saved.await?;
    Ok(Entity::new(version, SavedMapping { mapping }))
}
