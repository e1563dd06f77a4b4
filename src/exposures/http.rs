//! The HTTP face of exposures.

use super::{
    ExposureStatistics, ListKind, Recorder, Share, ShownList, ShownListFilter, store, week_name, week_number,
};
use crate::auth::{ReadAudit, ReadStatistics, http::Caller};
use crate::catalogue::calendar;
use crate::db::{Db, Pool};
use crate::error::{Error, Result, Text};
use crate::http::{Page, Query};
use actix_web::get;
use actix_web::web::{Data, Json};
use matcher::fairness::gini_ppm;
use matcher::ppm::{PPM, ratio};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list_shown).service(exposure);
}

/// List the rankings that were shown
///
/// Newest first, each with what stood where, its fit, and the weights. A list appears once a day for each viewer; kept
/// for 400 days.
#[utoipa::path(operation_id = "list_shown_lists", tag = "Matches", security(("bearer" = ["audit:read"])),
    params(ShownListFilter),
    responses((status = 200, description = "A page of lists", body = Page<ShownList>)))]
#[get("/shown-lists")]
async fn list_shown(
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
    /// How many weeks, with the current one.
    #[param(minimum = 1, maximum = 52, default = 4)]
    weeks: Option<u32>,
}

/// How was attention shared?
///
/// The Gini coefficient of attention, the part that was never shown, and the quality that fairness gave up: once for
/// workers in the lists of organizations, once for deliverables in the lists of workers.
#[utoipa::path(operation_id = "measure_exposure", tag = "Statistics", security(("bearer" = ["statistics:read"])),
    params(ExposureFilter),
    responses((status = 200, description = "The shares", body = ExposureStatistics)))]
#[get("/statistics/exposure")]
async fn exposure(
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
    let to_week = week_number(calendar::today());
    let from_week = to_week + 1 - weeks as i32;
    let shares = pool.read(move |db| {
        Ok((
            share(db, ListKind::Workers, from_week)?,
            share(db, ListKind::Deliverables, from_week)?,
        ))
    });
    let (workers, deliverables) = shares.await?;
    Ok(Json(ExposureStatistics {
        from_week: week_name(from_week),
        to_week: week_name(to_week),
        workers,
        deliverables,
    }))
}

fn share(db: &mut Db, kind: ListKind, from_week: i32) -> Result<Share> {
    let (mut attention, considered) = store::attention(db, kind, from_week)?;
    let (considered, shown) = (considered as u64, attention.len() as u64);
    let never = considered.saturating_sub(shown);
    attention.resize(considered as usize, 0);
    let (lists, quality) = store::quality(db, kind, from_week * 7 - 3)?;
    Ok(Share {
        lists,
        considered,
        shown,
        never_shown_ppm: (considered > 0).then(|| ratio(never * PPM, considered)),
        gini_ppm: gini_ppm(attention),
        quality,
    })
}
