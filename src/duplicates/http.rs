//! The HTTP face of duplicates. Rules are in `mod.rs`, SQL in `store.rs`.

use super::{Decision, Duplicate, DuplicateFilter, DuplicateKind, decide, store};
use crate::auth::{ReadDuplicates, WriteDuplicates, http::Caller, within_reach};
use crate::db::{Id, Pool};
use crate::error::Result;
use crate::http::{Entity, IfMatch, Page, Patch, PathId, Query};
use crate::reach::store::{has_organization, has_own_worker};
use actix_web::web::Data;
use actix_web::{get, patch};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list).service(show).service(update);
    cfg.configure(super::rules::http::routes);
}

/// List pairs that may be one person or organization
///
/// Found a moment after the second record came, whoever registered them: by e-mail address, phone number or 法人番号, or
/// by name, reading and area, also with spaces, legal forms, old kanji and small mistakes between them. `reasons` has
/// what each field says, in bits; together with what is known beforehand (−11 bits for workers, −10 for organizations)
/// they make the score, 2ʷ / (1 + 2ʷ) (Fellegi and Sunter, 1969). Pairs from 0.5 on are here.
#[utoipa::path(operation_id = "list_duplicates", tag = "Workers", security(("bearer" = ["duplicates:read"])),
    params(DuplicateFilter), responses((status = 200, description = "One page", body = Page<Duplicate>)))]
#[get("/duplicates")]
async fn list(
    caller: Caller<ReadDuplicates>,
    pool: Data<Pool>,
    filter: Query<DuplicateFilter>,
) -> Result<Page<Duplicate>> {
    let reach = caller.reach();
    pool.read(move |db| store::list(db, &reach, &filter.0)).await
}

/// Show a pair that may be one person or organization
///
/// With what they share, and what was decided.
#[utoipa::path(operation_id = "show_duplicate", tag = "Workers", security(("bearer" = ["duplicates:read"])),
    params(("id" = Id, Path, description = "The pair")),
    responses((status = 200, description = "The pair", body = Duplicate)))]
#[get("/duplicates/{id}")]
async fn show(caller: Caller<ReadDuplicates>, pool: Data<Pool>, id: PathId) -> Result<Entity<Duplicate>> {
    let reach = caller.reach();
    let found = pool.read(move |db| store::find(db, &reach, id.0)).await?;
    Ok(Entity::new(found.version, found))
}

/// Decide whether two records are one person or organization
///
/// JSON Merge Patch; with If-Match it changes only the version that you have read. `merged` names the record that
/// counts; the other stays as it is for whoever registered it, and is not ranked or listed. Any other status undoes that. Both
/// have to be within your areas; 409 `merged_elsewhere` where one of them is merged with a third record, or others are merged into the one that would not count.
#[utoipa::path(operation_id = "decide_duplicate", tag = "Workers", security(("bearer" = ["duplicates:write"])),
    params(("id" = Id, Path, description = "The pair")),
    request_body(content = inline(DecisionPatch), content_type = "application/merge-patch+json",
        example = json!({"status": "merged", "kept_id": "0192f0c1-7a11-7c02-8d1e-2b4c6d8e0f10"})),
    responses((status = 200, description = "Decided", body = Duplicate),
              (status = 409, description = "One of them is merged with a third record")))]
#[patch("/duplicates/{id}")]
async fn update(
    caller: Caller<WriteDuplicates>,
    pool: Data<Pool>,
    id: PathId,
    if_match: IfMatch,
    patch: DecisionPatch,
) -> Result<Entity<Duplicate>> {
    let (actor, reach) = (caller.actor(), caller.reach());
    let decided = pool.write(move |db| {
        let before = store::find_to_change(db, &reach, id.0)?;
        if_match.check(before.version)?;
        let decision = patch.apply(&before.decision)?;
        if decision == before.decision {
            return Ok(before);
        }
        for record in &before.records {
            within_reach(match before.kind {
                DuplicateKind::Worker => has_own_worker(db, &reach, record.id)?,
                DuplicateKind::Organization => has_organization(db, &reach, record.id)?,
            })?;
        }
        decide(db, &actor, &before, &decision)?;
        store::find(db, &reach, before.id)
    });
    let duplicate = decided.await?;
    Ok(Entity::new(duplicate.version, duplicate))
}
type DecisionPatch = Patch<Decision>;
