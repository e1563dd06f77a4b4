//! The HTTP face of exposures.

use super::{ExposureStatistics, Recorder, ShownList, ShownListFilter, actions, store};
use crate::auth::{ReadAudit, ReadStatistics, http::Caller};
use crate::catalogue::calendar;
use crate::db::Pool;
use crate::error::{Error, Result, Text};
use crate::http::disclosure::impersonal;
use crate::http::{Json, Page, Query};
use actix_web::get;
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(ExposureStatistics, ShownList);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list).service(measure);
}

/// List shown rankings
///
/// Returns the newest first, with the ranks and fits of their items. A list that the same viewer sees again
/// on the same day appears once. Lists are kept for 400 days.
#[utoipa::path(operation_id = "list_shown_lists", tag = "Matches", security(("bearer" = ["audit:read"])),
    params(ShownListFilter),
    responses((status = 200, description = "A page of lists", body = Page<ShownList>)))]
#[get("/shown-lists")]
async fn list(
    _: Caller<ReadAudit>,
    pool: Data<Pool>,
    recorder: Data<Recorder>,
    filter: Query<ShownListFilter>,
) -> Result<Page<ShownList>> {
    recorder.flush(&pool).await?;
    pool.read(move |db| store::list(db, &filter.0)).await
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExposureFilter {
    /// The number of weeks, including the current one.
    #[param(minimum = 1, maximum = 52, default = 4)]
    weeks: Option<u32>,
}

/// Measure how attention was shared
///
/// Returns the Gini coefficient of attention, the share that was never shown, and the ranking quality that
/// fairness cost: once for workers in the lists of organizations, once for deliverables in the lists of
/// workers.
#[utoipa::path(operation_id = "measure_exposure", tag = "Statistics", security(("bearer" = ["statistics:read"])),
    params(ExposureFilter),
    responses((status = 200, description = "The statistics", body = ExposureStatistics)))]
#[get("/statistics/exposure")]
async fn measure(
    _: Caller<ReadStatistics>,
    pool: Data<Pool>,
    recorder: Data<Recorder>,
    filter: Query<ExposureFilter>,
) -> Result<Json<ExposureStatistics>> {
    recorder.flush(&pool).await?;
    let weeks = filter.0.weeks.unwrap_or(4);
    if !(1..=52).contains(&weeks) {
        let rule = Text::new("値は1〜52にしてください。", "The value has to be 1 to 52.");
        return Err(Error::parameter("weeks", "out_of_range", rule));
    }
    let today = calendar::today();
    let measured = pool.read(move |db| actions::measure(db, today, weeks as i32));
    measured.await.map(Json)
}
