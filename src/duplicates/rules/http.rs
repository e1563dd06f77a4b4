//! The HTTP face of the rules.

use super::{DuplicateRule, DuplicateRules, NewDuplicateRule, store};
use crate::auth::{Reach, ReadDuplicates, WriteDuplicates, http::Caller, within_reach};
use crate::catalogue::{Catalogues, lookup};
use crate::db::{Instant, Pool};
use crate::error::{Error, Result};
use crate::http::query::path_text;
use crate::http::{Entity, IfMatch, Valid};
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, get, put};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list_rules).service(replace_rule);
}

/// List the rules of areas
///
/// From which score on pairs of an area are merged without anybody being asked; an area that has none has no such rule.
#[utoipa::path(operation_id = "list_duplicate_rules", tag = "Workers", security(("bearer" = ["duplicates:read"])),
    responses((status = 200, description = "All of your areas, ordered by code", body = DuplicateRules)))]
#[get("/duplicate-rules")]
async fn list_rules(caller: Caller<ReadDuplicates>, pool: Data<Pool>) -> Result<Json<DuplicateRules>> {
    let reach = caller.reach();
    let items = pool.read(move |db| store::list(db, &reach)).await?;
    Ok(Json(DuplicateRules { items }))
}

/// Set the rule of an area
///
/// Pairs found from now on, both of whose records are in areas with such a rule, are merged into the older record if
/// their score is so high, and can be separated as any others. Pairs that wait for a decision go on waiting.
#[utoipa::path(operation_id = "replace_duplicate_rule", tag = "Workers", security(("bearer" = ["duplicates:write"])),
    params(("area" = String, Path, description = "全国地方公共団体コード", pattern = "^[0-9]{5,6}$", example = "131041")),
    request_body = NewDuplicateRule,
    responses((status = 200, description = "Set", body = DuplicateRule),
              (status = 404, description = "There is no such area")))]
#[put("/duplicate-rules/{area}")]
async fn replace_rule(
    caller: Caller<WriteDuplicates>,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    if_match: IfMatch,
    new: Valid<NewDuplicateRule>,
) -> Result<Entity<DuplicateRule>> {
    let (actor, reach, rule) = (caller.actor(), caller.reach(), new.0);
    let mut area = path_text(&request, "area", 6)?;
    let saved = pool.write(move |db| {
        let mut faults = Vec::new();
        lookup::resolve_area(&*catalogues.current(db)?, &mut area, "/area", &mut faults);
        if !faults.is_empty() {
            return Err(Error::not_found("この区市町村", "area"));
        }
        within_reach(match &reach {
            Reach::Everything => true,
            Reach::Areas(areas) => areas.contains(&area),
            _ => false,
        })?;
        let before = store::find_to_change(db, &area)?;
        let version = match &before {
            None => if_match.check_absent().map(|()| 1)?,
            Some(before) => if_match.check(before.version).map(|()| before.version + 1)?,
        };
        match before {
            Some(before) if before.rule == rule => Ok(before),
            _ => {
                let new = DuplicateRule {
                    area,
                    rule,
                    version,
                    updated_at: Instant::now(),
                };
                store::save(db, &actor, &new)?;
                Ok(new)
            }
        }
    });
    let saved = saved.await?;
    Ok(Entity::new(saved.version, saved))
}
