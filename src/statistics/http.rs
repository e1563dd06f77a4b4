//! The HTTP face of statistics.

use super::{DeliverableStatistics, StatisticsFilter, actions, csv};
use crate::auth::{ReadStatistics, http::Caller};
use crate::catalogue::Catalogues;
use crate::db::Pool;
use crate::error::{Error, Result};
use crate::http::disclosure::{impersonal, json};
use crate::http::{Disclosure, Query};
use actix_web::http::header::{self, Accept, Header};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(DeliverableStatistics);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(count_deliverables);
}

/// Count deliverables
///
/// Groups deliverables by the dimensions in `group_by`. `unlisted` counts those that a publication declares without
/// listing them. Send `Accept: text/csv` to get a table with one row per group.
#[utoipa::path(operation_id = "count_deliverables", tag = "Statistics", security(("bearer" = ["statistics:read"])),
    params(StatisticsFilter),
    responses((status = 200, description = "The counts", content((DeliverableStatistics = "application/json"),
        (String = "text/csv", example = "fiscal_year,format,recorded,unlisted,total\n2021,one_month,10,0,10\n"))),
        (status = 406, description = "The Accept header allows neither JSON nor CSV")))]
#[get("/statistics/deliverables")]
async fn count_deliverables(
    _: Caller<ReadStatistics>,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    Query(filter): Query<StatisticsFilter>,
) -> Result<HttpResponse> {
    let as_csv = prefers_csv(&request)?;
    let count = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        actions::count(db, &catalogue, filter)
    });
    let statistics = count.await?;
    if !as_csv {
        return Ok(json(&mut HttpResponse::Ok(), &statistics));
    }
    let media_type = (header::CONTENT_TYPE, "text/csv; charset=utf-8");
    let response = HttpResponse::Ok()
        .insert_header(media_type)
        .body(csv::write(&statistics)?);
    Ok(Disclosure::nobody().attach(response))
}

/// Returns whether the client prefers CSV to JSON.
fn prefers_csv(request: &HttpRequest) -> Result<bool> {
    let accepted = Accept::parse(request)
        .map(|accept| accept.ranked())
        .unwrap_or_default();
    let offered =
        accepted
            .iter()
            .find_map(|range| match (range.type_().as_str(), range.subtype().as_str()) {
                ("text", "csv" | "*") => Some(true),
                ("application", "json" | "*") | ("*", "*") => Some(false),
                _ => None,
            });
    match offered {
        Some(csv) => Ok(csv),
        None if accepted.is_empty() => Ok(false),
        None => Err(Error::NotAcceptable {
            offered: "application/json, text/csv",
        }),
    }
}
