//! The HTTP operations for duplicates and the rules of areas. Use cases are in `actions.rs`, SQL is in
//! `store`.

use super::rules::{DuplicateRule, DuplicateRules, NewDuplicateRule};
use super::{Decision, Duplicate, DuplicateFilter, actions, store};
use crate::auth::{ReadDuplicates, WriteDuplicates, http::Caller};
use crate::catalogue::Catalogues;
use crate::db::{Id, Pool};
use crate::error::Result;
use crate::http::disclosure::impersonal;
use crate::http::query::path_text;
use crate::http::{Entity, IfMatch, Json, Page, Patch, PathId, Query, Valid};
use actix_web::web::Data;
use actix_web::{HttpRequest, get, patch, put};
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(Duplicate, DuplicateRule, DuplicateRules);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list).service(show).service(update);
    cfg.service(list_rules).service(replace_rule);
}

/// List possible duplicates
///
/// Returns pairs of workers, or of organizations, that may be the same. A pair is listed a moment after its
/// second record was registered, whatever the record's source. Records are compared by e-mail address, phone
/// number, 法人番号, name, reading and area. Spaces, legal forms, old kanji and small typing errors make little
/// or no difference.
///
/// `reasons` lists what each field contributes, in bits. These bits and the prior (−11 bits for workers, −10
/// for organizations) add up to w bits, and the score is 2ʷ / (1 + 2ʷ) (Fellegi and Sunter, 1969). Pairs with
/// a score of 0.5 or more are listed. Without the scope `personal_data:read`, the reasons leave out what agrees of personal data (the
/// address and the number, and of workers the names), and the score is that of the rest. A coordinator sees pairs whose records are both in their areas.
///
/// A record is compared with the 100 records that share most with it, and at most 100 pairs with it are listed, the
/// likeliest ones. `partly_compared` says that there may be more.
#[utoipa::path(operation_id = "list_duplicates", tag = "Duplicates", security(("bearer" = ["duplicates:read"])),
    params(DuplicateFilter), responses((status = 200, description = "One page", body = Page<Duplicate>)))]
#[get("/duplicates")]
async fn list(
    caller: Caller<ReadDuplicates>,
    pool: Data<Pool>,
    filter: Query<DuplicateFilter>,
) -> Result<Page<Duplicate>> {
    let viewer = caller.viewer();
    pool.read(move |db| actions::list(db, &viewer, &filter.0)).await
}

/// Show a possible duplicate
///
/// Returns both records, the reasons and the decision.
#[utoipa::path(operation_id = "show_duplicate", tag = "Duplicates", security(("bearer" = ["duplicates:read"])),
    params(("id" = Id, Path, description = "The pair")),
    responses((status = 200, description = "The pair", body = Duplicate)))]
#[get("/duplicates/{id}")]
async fn show(caller: Caller<ReadDuplicates>, pool: Data<Pool>, id: PathId) -> Result<Entity<Duplicate>> {
    let viewer = caller.viewer();
    let found = pool.read(move |db| store::find(db, &viewer.reach, id.0)).await?;
    let found = found.shown(caller.viewer().personal_data);
    Ok(Entity::composed(found.version, found))
}

/// Decide about a possible duplicate
///
/// Send a JSON Merge Patch. With `If-Match`, the pair changes only if it still has the version that you read.
/// The status `merged` requires `primary_id`, the record to use from now on. The other record stays visible
/// to its source, but is no longer ranked or listed. Any other status undoes a merge,
/// and then `primary_id` has to be sent as null.
///
/// After a merge, a person has one application for each deliverable, and so at most one place in a team: the one that got
/// furthest stays, of equal ones that of the primary record. The others end with the reason `same_person`. To undo the
/// merge doesn't bring them back.
///
/// Returns 409 `already_merged` if one of the records is merged with a third one.
#[utoipa::path(operation_id = "decide_duplicate", tag = "Duplicates", security(("bearer" = ["duplicates:write"])),
    params(("id" = Id, Path, description = "The pair")),
    request_body(content = inline(DecisionPatch), content_type = "application/merge-patch+json",
        example = json!({"status": "merged", "primary_id": "0192f0c1-7a11-7c02-8d1e-2b4c6d8e0f10"})),
    responses((status = 200, description = "The pair with the decision", body = Duplicate),
              (status = 409, description = "One of the records is merged with a third one")))]
#[patch("/duplicates/{id}")]
async fn update(
    caller: Caller<WriteDuplicates>,
    pool: Data<Pool>,
    id: PathId,
    if_match: IfMatch,
    patch: DecisionPatch,
) -> Result<Entity<Duplicate>> {
    let (actor, viewer) = (caller.actor(), caller.viewer());
    let personal_data = viewer.personal_data;
    let decided = patch.write(&pool, move |db, patch| {
        actions::decide(db, &actor, &viewer.reach, id.0, |before| {
            if_match.check(before.version)?;
            patch.apply(&before.decision)
        })
    });
    let duplicate = decided.await?.shown(personal_data);
    Ok(Entity::composed(duplicate.version, duplicate))
}
type DecisionPatch = Patch<Decision>;

/// List the rules for automatic merges
///
/// Returns the rules of all your areas, ordered by area code. In an area without a rule, nothing is merged
/// automatically.
#[utoipa::path(operation_id = "list_duplicate_rules", tag = "Duplicates", security(("bearer" = ["duplicates:read"])),
    responses((status = 200, description = "All rules of your areas", body = DuplicateRules)))]
#[get("/duplicate-rules")]
async fn list_rules(caller: Caller<ReadDuplicates>, pool: Data<Pool>) -> Result<Json<DuplicateRules>> {
    let reach = caller.reach();
    let items = pool.read(move |db| store::rules::list(db, &reach)).await?;
    Ok(Json(DuplicateRules { items }))
}

/// Set the rule for automatic merges in an area
///
/// New pairs whose score reaches the rules of both records' areas are merged into the older record. To undo
/// such a merge, decide about the pair as usual. Pairs that already wait for a decision stay as they are.
#[utoipa::path(operation_id = "replace_duplicate_rule", tag = "Duplicates", security(("bearer" = ["duplicates:write"])),
    params(("area" = String, Path, description = "全国地方公共団体コード", pattern = "^[0-9]{5,6}$", example = "131041")),
    request_body = NewDuplicateRule,
    responses((status = 200, description = "The rule", body = DuplicateRule),
              (status = 404, description = "No such area")))]
#[put("/duplicate-rules/{area}")]
async fn replace_rule(
    caller: Caller<WriteDuplicates>,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    if_match: IfMatch,
    new: Valid<NewDuplicateRule>,
) -> Result<Entity<DuplicateRule>> {
    let (actor, reach) = (caller.actor(), caller.reach());
    let area = path_text(&request, "area", 6)?;
    let replaced = pool.write(move |db| {
        let catalogue = catalogues.current(db)?;
        actions::replace_rule(
            db,
            &catalogue,
            &actor,
            &reach,
            area,
            new.0,
            |before| match before {
                Some(before) => if_match.check(before.version),
                None => if_match.check_absent(),
            },
        )
    });
    let rule = replaced.await?;
    Ok(Entity::new(rule.version, rule))
}
