//! The HTTP face of statistics.

use super::{DeliverableStatistics, Dimension, StatisticsFilter, store};
use crate::auth::{ReadStatistics, http::Caller};
use crate::catalogue::{Catalogues, Filters, lookup};
use crate::db::Pool;
use crate::error::{Error, FieldError, Place, Result};
use crate::http::Query;
use actix_web::http::header::{self, Accept, Header};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(count_deliverables);
}

/// Count deliverables
///
/// Grouped by what you ask for. `unlisted` is what a publication declares beyond what it lists. As CSV where Accept
/// prefers `text/csv`: one row a group, without the total.
#[utoipa::path(operation_id = "count_deliverables", tag = "Statistics", security(("bearer" = ["statistics:read"])),
    params(StatisticsFilter),
    responses((status = 200, description = "The counts", content((DeliverableStatistics = "application/json"),
        (String = "text/csv", example = "fiscal_year,format,recorded,unlisted,total\n2021,one_month,10,0,10\n"))),
        (status = 406, description = "Neither JSON nor CSV is accepted")))]
#[get("/statistics/deliverables")]
async fn count_deliverables(
    _: Caller<ReadStatistics>,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<StatisticsFilter>,
) -> Result<HttpResponse> {
    let as_csv = prefers_csv(&request)?;
    let Query(mut filter) = filter;
    let group_by = dimensions(&filter.group_by)?;
    let counted = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        let filters = Filters::of(&catalogue)
            .area(&mut filter.area)
            .family(&filter.family);
        filters
            .entry("type", &filter.type_, |c| &c.types)
            .fiscal_year(filter.fiscal_year)
            .check()?;
        let recorded = store::recorded(db, &filter)?;
        let unlisted = if filter.fits_declared() {
            Some(store::unlisted(db, &filter)?)
        } else {
            None
        };
        Ok(DeliverableStatistics::of(group_by, recorded, unlisted))
    });
    let statistics = counted.await?;
    if !as_csv {
        return Ok(HttpResponse::Ok().json(statistics));
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8"))
        .body(csv(&statistics)?))
}

fn dimensions(text: &str) -> Result<Vec<Dimension>> {
    let mut found = Vec::new();
    for code in text.split(',').map(str::trim).filter(|code| !code.is_empty()) {
        let known = Dimension::ALL
            .iter()
            .find(|(known, _)| *known == code)
            .map(|(_, dimension)| *dimension);
        let Some(dimension) = known else {
            let codes = Dimension::ALL.iter().map(|(code, _)| *code);
            let fault = lookup::unknown("", "unknown_dimension", code, codes);
            let place = Place::Parameter("group_by".into());
            return Err(Error::InvalidParameters(vec![FieldError { place, ..fault }]));
        };
        if !found.contains(&dimension) {
            found.push(dimension);
        }
    }
    Ok(found)
}

/// The first of the accepted types that we have.
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

fn csv(statistics: &DeliverableStatistics) -> Result<Vec<u8>> {
    let failed = |e: &dyn std::fmt::Display| Error::Internal(format!("cannot write CSV: {e}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let dimensions = &statistics.group_by;
    let counts = ["recorded", "unlisted", "total"].into_iter();
    writer
        .write_record(dimensions.iter().map(|d| d.code()).chain(counts))
        .map_err(|e| failed(&e))?;
    for item in &statistics.items {
        let counts = &item.counts;
        let unlisted = counts.unlisted.map(|n| n.to_string()).unwrap_or_default();
        let counts = [counts.recorded.to_string(), unlisted, counts.total.to_string()].into_iter();
        let row = dimensions.iter().map(|d| item.group.value(*d)).chain(counts);
        writer.write_record(row).map_err(|e| failed(&e))?;
    }
    writer.into_inner().map_err(|e| failed(&e))
}
