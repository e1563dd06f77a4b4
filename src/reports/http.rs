//! The HTTP face of yearly reports.

use super::{Report, ReportFormat, ReportSpan, actions, html, xlsx};
use crate::auth::{ReadReports, http::Caller};
use crate::catalogue::Catalogues;
use crate::db::{Db, Pool};
use crate::error::{Error, Result, Text};
use crate::http::query::path_text;
use crate::http::stream::{FileBody, attachment};
use crate::http::{Disclosure, Language, Query, disclosure};
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(show_of_years).service(show);
}

/// How a report is written.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReportQuery {
    /// `json` by default.
    #[serde(default)]
    #[param(inline, required = false)]
    format: ReportFormat,
    /// The language of titles and words. By default that of `Accept-Language`.
    #[param(inline)]
    lang: Option<Language>,
    /// Counts demo data too.
    #[serde(default)]
    include_demo: bool,
}

/// The years of a report, and how it is written.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct YearsQuery {
    /// The first fiscal year: April to March, named by the year in which it begins.
    #[param(minimum = 1900, maximum = 2200, example = 2015)]
    from: i32,
    /// The last fiscal year. At most 20 years.
    #[param(minimum = 1900, maximum = 2200, example = 2022)]
    to: i32,
    /// `json` by default.
    #[serde(default)]
    #[param(inline, required = false)]
    format: ReportFormat,
    /// The language of titles and words. By default that of `Accept-Language`.
    #[param(inline)]
    lang: Option<Language>,
    /// Counts demo data too.
    #[serde(default)]
    include_demo: bool,
}

/// Show the report of several years
///
/// The same as the report of one year, over at most 20 (422 `too_many_years`). Where a figure is known of each year, the
/// tables have a row for each.
#[utoipa::path(operation_id = "show_report_of_years", tag = "Reports", security(("bearer" = ["reports:read"])),
    params(YearsQuery),
    responses((status = 200, description = "The report", content((Report = "application/json"),
        (inline(FileBody) = "text/html"),
        (inline(FileBody) = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
#[get("/reports")]
async fn show_of_years(
    caller: Caller<ReadReports>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    language: Language,
    years: Query<YearsQuery>,
) -> Result<HttpResponse> {
    let asked = years.0;
    let span = ReportSpan {
        from: asked.from,
        to: asked.to,
        language: asked.lang.unwrap_or(language),
        include_demo: asked.include_demo,
    };
    answer(&caller, &pool, catalogues, span, ("from", "to"), asked.format).await
}

/// Show the report of a year
///
/// Everything of a fiscal year as tables: figures of the year; requests and engagements against what publications declare;
/// every engagement with area, group and deliverable; accompaniments with needs, support and outcome; conferences; events with
/// attendance; from events to consultations to applications; outcomes of delivered work; coverage; calendars.
///
/// `json` has typed columns and rows. `html` is one page without scripts, which prints on A4. `xlsx` has a sheet for each
/// table. Coordinators get the report of their areas: records there, events that the areas hold, and what is for all areas. No
/// worker, advisor or contact is named.
#[utoipa::path(operation_id = "show_report", tag = "Reports", security(("bearer" = ["reports:read"])),
    params(("fiscal_year" = i32, Path, description = "April to March, named by the year in which it begins",
        minimum = 1900, maximum = 2200, example = 2021), ReportQuery),
    responses((status = 200, description = "The report", content((Report = "application/json"),
        (inline(FileBody) = "text/html"),
        (inline(FileBody) = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))))]
#[get("/reports/{fiscal_year}")]
async fn show(
    caller: Caller<ReadReports>,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    language: Language,
    query: Query<ReportQuery>,
) -> Result<HttpResponse> {
    const NAME: &str = "fiscal_year";
    let year = path_text(&request, NAME, 20)?.parse().map_err(|_| {
        let rule = Text::new(
            "2021 のような年度を指定してください。",
            "Give a fiscal year, such as 2021.",
        );
        Error::parameter(NAME, "wrong_type", rule)
    })?;
    let asked = query.0;
    let span = ReportSpan {
        from: year,
        to: year,
        language: asked.lang.unwrap_or(language),
        include_demo: asked.include_demo,
    };
    answer(&caller, &pool, catalogues, span, (NAME, NAME), asked.format).await
}

async fn answer(
    caller: &Caller<ReadReports>,
    pool: &Pool,
    catalogues: Data<Catalogues>,
    span: ReportSpan,
    names: (&'static str, &'static str),
    format: ReportFormat,
) -> Result<HttpResponse> {
    let reach = caller.reach();
    // A report is written where it is read, so that no more of them are in memory than there are connections.
    let write = move |db: &mut Db| {
        let catalogue = catalogues.current(db)?;
        let report = actions::report(db, &reach, &catalogue, &span, names)?;
        Ok(match format {
            ReportFormat::Json => Written::Report(Box::new(report)),
            ReportFormat::Html => Written::Page(html::write(&report)),
            ReportFormat::Xlsx => Written::Workbook(xlsx::write(&report)?),
        })
    };
    let mut answer = HttpResponse::Ok();
    let file = |extension: &str| {
        let years = if span.from == span.to {
            span.from.to_string()
        } else {
            format!("{}-{}", span.from, span.to)
        };
        format!("report-{years}.{extension}")
    };
    let answer = match pool.read(write).await? {
        Written::Report(report) => return Ok(disclosure::json(&mut answer, &*report)),
        Written::Page(page) => answer.content_type("text/html; charset=utf-8").body(page),
        Written::Workbook(bytes) => answer
            .content_type(XLSX)
            .insert_header((header::CONTENT_DISPOSITION, attachment(&file("xlsx"))))
            .body(bytes),
    };
    Ok(Disclosure::nobody().attach(answer))
}

/// A report in its format.
enum Written {
    Report(Box<Report>),
    Page(String),
    Workbook(Vec<u8>),
}
