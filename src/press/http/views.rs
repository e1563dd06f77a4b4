//! How often pages are read, by month.

use crate::auth::ReadPress;
use crate::auth::http::Caller;
use crate::db::{Instant, Pool};
use crate::error::Result;
use crate::http::{Json, Query};
use crate::press::{PageViews, actions};
use actix_web::get;
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(count);
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PageViewFilter {
    /// The first month, 1900 to 2200; without it, 11 months before the last one.
    #[param(pattern = "^(19|2[01])[0-9]{2}-(0[1-9]|1[0-2])$", example = "2026-04")]
    from: Option<String>,
    /// The last month, up to 120 months from the first; without it, the month 11 after the first, or the current one.
    #[param(pattern = "^(19|2[01])[0-9]{2}-(0[1-9]|1[0-2])$", example = "2027-03")]
    until: Option<String>,
}

/// Count page views
///
/// How often pages were read without a token, by month and kind, and how many pages were published. Counted without cookies
/// and without anything about who reads; written within a few seconds. What caches answer isn't counted.
#[utoipa::path(operation_id = "count_page_views", tag = "Statistics", security(("bearer" = ["press:read"])),
    params(PageViewFilter), responses((status = 200, description = "The counts", body = PageViews)))]
#[get("/statistics/page-views")]
async fn count(
    _: Caller<ReadPress>,
    pool: Data<Pool>,
    filter: Query<PageViewFilter>,
) -> Result<Json<PageViews>> {
    let months = actions::months(filter.0.from.as_deref(), filter.0.until.as_deref())?;
    pool.read(move |db| actions::count_views(db, months, Instant::now()))
        .await
        .map(Json)
}
