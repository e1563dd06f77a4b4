//! The HTTP face of statistics. Each count has two paths: one answers with JSON, the other with the same as a table.

use super::coverage::{Coverage, CoverageFilter};
use super::outcomes::OutcomeStatistics;
use super::responses::{CoordinatorResponses, OrganizationResponses, ResponseFilter};
use super::{
    ApplicationStatistics, ApplicationStatisticsFilter, DeliverableStatistics, OutcomeFilter,
    StatisticsFilter, actions, csv,
};
use crate::auth::{ReadOrganizations, ReadResponses, ReadStatistics, http::Caller};
use crate::catalogue::{Catalogues, calendar};
use crate::db::{Id, Pool};
use crate::error::Result;
use crate::http::disclosure::impersonal;
use crate::http::page::Paging;
use crate::http::stream::{FileBody, attachment};
use crate::http::{Discloses, Disclosure, Json, Page, Query};
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(
    ApplicationStatistics,
    Coverage,
    DeliverableStatistics,
    OrganizationResponses,
    OutcomeStatistics
);

impl Discloses for CoordinatorResponses {
    fn people(&self) -> Vec<Id> {
        vec![self.user_id]
    }
}

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(count_deliverables)
        .service(download_deliverables)
        .service(count_applications)
        .service(download_applications)
        .service(count_outcomes)
        .service(download_outcomes)
        .service(show_coverage)
        .service(download_coverage)
        .service(list_organization_responses)
        .service(list_coordinator_responses);
}

/// Count deliverables
///
/// Groups deliverables by the dimensions in `group_by`. Year, quarter and month are those of the first day, or of the
/// creation. `unlisted` counts those that a publication declares without listing them.
#[utoipa::path(operation_id = "count_deliverables", tag = "Statistics", security(("bearer" = ["statistics:read"])),
    params(StatisticsFilter),
    responses((status = 200, description = "The counts", body = DeliverableStatistics)))]
#[get("/statistics/deliverables")]
async fn count_deliverables(
    caller: Caller<ReadStatistics>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<StatisticsFilter>,
) -> Result<Json<DeliverableStatistics>> {
    deliverables(&caller, &pool, catalogues, filter).await.map(Json)
}

/// Download counts of deliverables
///
/// Returns the same counts as a CSV table with one row per group.
#[utoipa::path(operation_id = "download_deliverable_counts", tag = "Statistics", security(("bearer" = ["statistics:read"])),
    params(StatisticsFilter),
    responses((status = 200, description = "The table", body = inline(FileBody), content_type = "text/csv",
        example = "fiscal_year,format,recorded,unlisted,total,matched,timed,median_days_to_match\n2021,one_month,10,0,10,8,6,9\n")))]
#[get("/statistics/deliverables.csv")]
async fn download_deliverables(
    caller: Caller<ReadStatistics>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<StatisticsFilter>,
) -> Result<HttpResponse> {
    table(
        "deliverables",
        &deliverables(&caller, &pool, catalogues, filter).await?,
    )
}

async fn deliverables(
    caller: &Caller<ReadStatistics>,
    pool: &Pool,
    catalogues: Data<Catalogues>,
    Query(filter): Query<StatisticsFilter>,
) -> Result<DeliverableStatistics> {
    let reach = match filter.organization_id {
        Some(_) => caller.viewer_with::<ReadOrganizations>()?.reach,
        None => caller.reach(),
    };
    let count = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        actions::count(db, &reach, &catalogue, filter)
    });
    count.await
}

/// Count applications
///
/// Groups applications by the dimensions in `group_by`. Those of sandbox partners are left out.
#[utoipa::path(operation_id = "count_applications", tag = "Statistics", security(("bearer" = ["statistics:read"])),
    params(ApplicationStatisticsFilter),
    responses((status = 200, description = "The counts", body = ApplicationStatistics)))]
#[get("/statistics/applications")]
async fn count_applications(
    _: Caller<ReadStatistics>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<ApplicationStatisticsFilter>,
) -> Result<Json<ApplicationStatistics>> {
    applications(&pool, catalogues, filter).await.map(Json)
}

/// Download counts of applications
///
/// Returns the same counts as a CSV table with one row per group.
#[utoipa::path(operation_id = "download_application_counts", tag = "Statistics", security(("bearer" = ["statistics:read"])),
    params(ApplicationStatisticsFilter),
    responses((status = 200, description = "The table", body = inline(FileBody), content_type = "text/csv",
        example = "month,status,count\n2026-10,submitted,14\n")))]
#[get("/statistics/applications.csv")]
async fn download_applications(
    _: Caller<ReadStatistics>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<ApplicationStatisticsFilter>,
) -> Result<HttpResponse> {
    table("applications", &applications(&pool, catalogues, filter).await?)
}

async fn applications(
    pool: &Pool,
    catalogues: Data<Catalogues>,
    Query(filter): Query<ApplicationStatisticsFilter>,
) -> Result<ApplicationStatistics> {
    let count = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        actions::count_applications(db, &catalogue, filter)
    });
    count.await
}

/// Count outcomes
///
/// What became of delivered work: whether it is still in use after 6 and 12 months, how many people it reached, whether the
/// organizations would do it again, and the means of the reviews. Year is that of the first day, or of the creation. A mean
/// needs reviews of at least 5 organizations and 5 workers and is rounded to halves, so that no single review can be read
/// from it; below that it is null.
#[utoipa::path(operation_id = "count_outcomes", tag = "Statistics", security(("bearer" = ["statistics:read"])),
    params(OutcomeFilter),
    responses((status = 200, description = "The outcomes", body = OutcomeStatistics)))]
#[get("/statistics/outcomes")]
async fn count_outcomes(
    _: Caller<ReadStatistics>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<OutcomeFilter>,
) -> Result<Json<OutcomeStatistics>> {
    outcomes(&pool, catalogues, filter).await.map(Json)
}

/// Download outcomes
///
/// Returns the same outcomes as a CSV table with one row per group.
#[utoipa::path(operation_id = "download_outcomes", tag = "Statistics", security(("bearer" = ["statistics:read"])),
    params(OutcomeFilter),
    responses((status = 200, description = "The table", body = inline(FileBody), content_type = "text/csv",
        example = "fiscal_year,delivered,answered_after_6_months,in_use_after_6_months\n2026,30,12,9\n")))]
#[get("/statistics/outcomes.csv")]
async fn download_outcomes(
    _: Caller<ReadStatistics>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<OutcomeFilter>,
) -> Result<HttpResponse> {
    table("outcomes", &outcomes(&pool, catalogues, filter).await?)
}

async fn outcomes(
    pool: &Pool,
    catalogues: Data<Catalogues>,
    Query(filter): Query<OutcomeFilter>,
) -> Result<OutcomeStatistics> {
    let count = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        actions::count_outcomes(db, &catalogue, filter)
    });
    count.await
}

/// Show coverage
///
/// For each served area: how many people of 75 and over live there (the latest count and the projection, each with its
/// source), the groups, requests, engagements and deliveries, the workers near, and how many more engagements it would have
/// at the mean of all areas. `bounds` has the scale for a map or a chart. Where no figures are loaded, `need` is null and
/// `need_status` says so; load them with `PUT /v1/indicator-sources/{code}`.
#[utoipa::path(operation_id = "show_coverage", tag = "Statistics", security(("bearer" = ["statistics:read"])),
    params(CoverageFilter),
    responses((status = 200, description = "The coverage", body = Coverage)))]
#[get("/statistics/coverage")]
async fn show_coverage(
    _: Caller<ReadStatistics>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<CoverageFilter>,
) -> Result<Json<Coverage>> {
    coverage(&pool, catalogues, filter).await.map(Json)
}

/// Download coverage
///
/// Returns the same as a CSV table with one row per area, with the credits of its figures.
#[utoipa::path(operation_id = "download_coverage", tag = "Statistics", security(("bearer" = ["statistics:read"])),
    params(CoverageFilter),
    responses((status = 200, description = "The table", body = inline(FileBody), content_type = "text/csv",
        example = "area,name,need,need_year,need_credit\n131041,新宿区,33563,2025,総務省「住民基本台帳に基づく人口」を加工\n")))]
#[get("/statistics/coverage.csv")]
async fn download_coverage(
    _: Caller<ReadStatistics>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<CoverageFilter>,
) -> Result<HttpResponse> {
    csv_file("coverage", coverage(&pool, catalogues, filter).await?.csv()?)
}

async fn coverage(
    pool: &Pool,
    catalogues: Data<Catalogues>,
    Query(filter): Query<CoverageFilter>,
) -> Result<Coverage> {
    let cover = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        actions::coverage(db, &catalogue, &filter)
    });
    cover.await
}

/// List how fast organizations answer
///
/// By name. Counted are the applications of the last 365 days that were answered, by the organization or a coordinator, or
/// have waited for 14 days. Below 3 of them there is no rate. An organization sees its own, and workers and partners those
/// of the deliverables that they may read.
#[utoipa::path(operation_id = "list_organization_responses", tag = "Statistics", security(("bearer" = ["organizations:read"])),
    params(ResponseFilter),
    responses((status = 200, description = "One page", body = Page<OrganizationResponses>)))]
#[get("/statistics/organization-responses")]
async fn list_organization_responses(
    caller: Caller<ReadOrganizations>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<ResponseFilter>,
) -> Result<Page<OrganizationResponses>> {
    let reach = caller.reach();
    let list = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        actions::organization_responses(db, &reach, &catalogue, filter.0)
    });
    list.await
}

/// List how fast coordinators answer
///
/// Administrators see every coordinator, coordinators themselves. `areas` counts the applications in the coordinator's areas
/// that no member of an organization answered: they are left to all coordinators there.
#[utoipa::path(operation_id = "list_coordinator_responses", tag = "Statistics", security(("bearer" = ["responses:read"])),
    params(Paging),
    responses((status = 200, description = "One page", body = Page<CoordinatorResponses>)))]
#[get("/statistics/coordinator-responses")]
async fn list_coordinator_responses(
    caller: Caller<ReadResponses>,
    pool: Data<Pool>,
    paging: Query<Paging>,
) -> Result<Page<CoordinatorResponses>> {
    let own = (!caller.viewer().sees_all).then(|| caller.principal().user());
    pool.read(move |db| actions::coordinator_responses(db, own, paging.0))
        .await
}

fn table(name: &str, statistics: &impl csv::Table) -> Result<HttpResponse> {
    csv_file(name, csv::write(statistics)?)
}

/// Sends a table with a byte order mark, without which spreadsheets don't read it as UTF-8.
fn csv_file(name: &str, bytes: Vec<u8>) -> Result<HttpResponse> {
    let name = format!("{name}-{}.csv", calendar::today());
    let response = HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((header::CONTENT_DISPOSITION, attachment(&name)))
        .body(["\u{feff}".as_bytes(), bytes.as_slice()].concat());
    Ok(Disclosure::nobody().attach(response))
}
