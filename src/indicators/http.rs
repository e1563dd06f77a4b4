//! The HTTP face of indicators.

use super::actions::{self, SourceDetails};
use super::{Indicator, IndicatorFilter, IndicatorSource, ListedFigure, ReadOptions, ReplacedSource, store};
use crate::auth::{ReadStatistics, WriteIndicators, http::Caller};
use crate::catalogue::Catalogues;
use crate::db::Pool;
use crate::error::{Error, FieldError, Result, Text};
use crate::http::disclosure::{impersonal, json};
use crate::http::query::path_text;
use crate::http::stream::FileBody;
use crate::http::{IfMatch, Page, Query, conditional};
use crate::values::Code;
use crate::workbooks::Workbooks;
use actix_web::http::header;
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse, delete, get, put};
use chrono::NaiveDate;
use serde::Deserialize;
use std::time::Duration;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

/// The largest file, in bytes.
const LARGEST: usize = 8 * 1024 * 1024;
/// How long a file may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(60);

impersonal!(IndicatorSource, ListedFigure, ReplacedSource);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list)
        .service(list_sources)
        .service(replace)
        .service(remove);
}

/// List figures of areas
///
/// Population, residents of 65 and 75 and over and households, as counted and as projected, each with its source. By area,
/// indicator and year. Show the credit of the source where you show a figure.
#[utoipa::path(operation_id = "list_indicators", tag = "Statistics", security(("bearer" = ["statistics:read"])),
    params(IndicatorFilter),
    responses((status = 200, description = "One page", body = Page<ListedFigure>)))]
#[get("/indicators")]
async fn list(
    _: Caller<ReadStatistics>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    filter: Query<IndicatorFilter>,
) -> Result<Page<ListedFigure>> {
    let list = pool.read(move |db| {
        let catalogue = catalogues.current(db)?;
        actions::list(db, &catalogue, filter.0)
    });
    list.await
}

/// List the sources of figures
///
/// There are at most 50, so this is all of them.
#[utoipa::path(operation_id = "list_indicator_sources", tag = "Statistics", security(("bearer" = ["statistics:read"])),
    responses((status = 200, description = "The sources", body = Page<IndicatorSource>)))]
#[get("/indicator-sources")]
async fn list_sources(_: Caller<ReadStatistics>, pool: Data<Pool>) -> Result<Page<IndicatorSource>> {
    pool.read(store::sources).await.map(Page::all)
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SourceParameters {
    /// The name of the publication.
    #[param(
        min_length = 1,
        max_length = 200,
        example = "住民基本台帳に基づく人口（令和7年1月1日現在）"
    )]
    title: String,
    /// What the publisher wants to be shown with the figures.
    #[param(
        min_length = 1,
        max_length = 500,
        example = "総務省「住民基本台帳に基づく人口」を加工"
    )]
    credit: String,
    /// Where it was published.
    #[param(
        max_length = 500,
        pattern = "^https?://",
        example = "https://www.soumu.go.jp/"
    )]
    url: Option<String>,
    published_on: Option<NaiveDate>,
    /// The indicator of columns whose heading names only a year.
    #[param(inline)]
    indicator: Option<Indicator>,
    /// The year of figures for which neither the row nor a heading or title names one.
    #[param(minimum = 1900, maximum = 2200)]
    year: Option<i32>,
    /// Figures of this year and later are projections, where the file doesn't say it.
    #[param(minimum = 1900, maximum = 2200)]
    projected_from: Option<i32>,
    /// The sheet of a workbook. By default those whose headings are known.
    #[param(min_length = 1, max_length = 31, example = "第1表")]
    sheet: Option<String>,
}

impl SourceParameters {
    fn check(self, code: Code) -> Result<(SourceDetails, ReadOptions)> {
        let mut faults = Vec::new();
        let mut fault = |name: &str, rule: &'static str, ja: String, en: String| {
            faults.push(FieldError::parameter(name, rule, Text::new(ja, en)));
        };
        let lengths = [
            ("title", Some(&self.title), 200),
            ("credit", Some(&self.credit), 500),
            ("url", self.url.as_ref(), 500),
            ("sheet", self.sheet.as_ref(), 31),
        ];
        for (name, text, longest) in lengths {
            let length = text.map(|text| text.trim().chars().count());
            if length.is_some_and(|length| !(1..=longest).contains(&length)) {
                let (ja, en) = (
                    format!("1〜{longest}文字で指定してください。"),
                    format!("Use 1 to {longest} characters."),
                );
                fault(name, "invalid_length", ja, en);
            }
        }
        let is_web = |url: &String| url.starts_with("https://") || url.starts_with("http://");
        if self.url.as_ref().is_some_and(|url| !is_web(url)) {
            let (ja, en) = (
                "https:// から始まるURLを指定してください。",
                "Use a URL that begins with https://.",
            );
            fault("url", "invalid_url", ja.into(), en.into());
        }
        for (name, year) in [("year", self.year), ("projected_from", self.projected_from)] {
            if year.is_some_and(|year| !(1900..=2200).contains(&year)) {
                let (ja, en) = (
                    "1900〜2200の値を指定してください。",
                    "The value must be 1900 to 2200.",
                );
                fault(name, "out_of_range", ja.into(), en.into());
            }
        }
        if code.check().is_err() {
            let (ja, en) = (
                "英小文字で始まり、英小文字・数字・_ だけの64文字以内で指定してください。",
                "Use up to 64 lower-case letters, digits and underscores, beginning with a letter.",
            );
            fault("code", "invalid_code", ja.into(), en.into());
        }
        if !faults.is_empty() {
            return Err(Error::InvalidParameters(faults));
        }
        let details = SourceDetails {
            code,
            title: self.title.trim().to_owned(),
            credit: self.credit.trim().to_owned(),
            url: self.url,
            published_on: self.published_on,
        };
        let options = ReadOptions {
            indicator: self.indicator,
            year: self.year,
            projected_from: self.projected_from,
            sheet: self.sheet,
        };
        Ok((details, options))
    }
}

/// Replace the figures of a source
///
/// Send a CSV, TSV, XLSX, XLS or ODS file as the body, up to 8 MiB, as official statistics publish it: with titles and units above a heading
/// of one or two lines, thousands separators, full-width digits, totals and notes, in any Japanese encoding. A column has the
/// code or the name of the area (市区町村コード, 市区町村名, 都道府県名). The other columns are found by their headings:
///
/// - figures by what they count (総人口, 65歳以上, 75歳以上, 世帯数, 単独世帯, 65歳以上の単独世帯) with or without their year, or by
///   the year alone, for a file of one `indicator`. Or each row names its indicator (指標), and the figure is in 値.
/// - the year (年), the day (基準日) and whether it was counted or is projected (区分).
/// - `source`: rows whose source is another are left out, so that a file may have several.
/// - whom a row counts (性別, 年齢階級, 国籍), or a district (町丁): rows of all are read, those of a part are left out.
///
/// `columns_left_out` names the columns that aren't read: look there for a figure that is missing. A figure of a year to come is
/// a projection. What could be read in two ways is refused: `heading_unread` (a further line of the heading), `two_areas`,
/// `only_parts`.
///
/// The file is written as a whole or not at all. Each row that can't be used is named in `errors`, with its line and its
/// heading in the pointer: `unknown_area`, `former_area`, `not_a_figure` and so on, up to 100 of them.
#[utoipa::path(operation_id = "replace_indicator_source", tag = "Statistics", security(("bearer" = ["indicators:write"])),
    params(("code" = String, Path, description = "A code for the source, which you choose", pattern = "^[a-z][a-z0-9_]{0,63}$", example = "juki2025"),
           SourceParameters),
    request_body(content((inline(FileBody) = "text/csv"), (inline(FileBody) = "text/tab-separated-values"),
        (inline(FileBody) = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (inline(FileBody) = "application/vnd.ms-excel"), (inline(FileBody) = "application/vnd.oasis.opendocument.spreadsheet"),
        (inline(FileBody) = "application/octet-stream"))),
    responses((status = 200, description = "Replaced, or unchanged", body = ReplacedSource),
              (status = 201, description = "Added", body = ReplacedSource),
              (status = 409, description = "`too_many_sources`: there are 50"),
              (status = 413, description = "The file is larger than 8 MiB"),
              (status = 422, description = "Rows that can't be used, or no figures")))]
#[put("/indicator-sources/{code}")]
// Each is an extractor.
#[allow(clippy::too_many_arguments)]
async fn replace(
    caller: Caller<WriteIndicators>,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    workbooks: Data<Workbooks>,
    if_match: IfMatch,
    parameters: Query<SourceParameters>,
    payload: Payload,
) -> Result<HttpResponse> {
    let code = Code::from(path_text(&request, "code", 64)?.as_str());
    let (details, options) = parameters.0.check(code)?;
    let (actor, bytes) = (caller.actor(), receive(payload).await?);
    let catalogue = pool.read(move |db| catalogues.current(db)).await?;
    // Outside of a transaction: a workbook can take long.
    let of = details.code.clone();
    let read = move || actions::read(&catalogue, &of, &options, &bytes, Some(workbooks.get_ref()));
    let read = pool.work(read).await?;
    let replaced = pool.write(move |db| {
        let check = |before: Option<&IndicatorSource>| match before {
            Some(before) => if_match.check(before.version),
            None => if_match.check_absent(),
        };
        let (source, is_new) = actions::replace(db, &actor, details, &read, check)?;
        let columns_left_out = read.columns_left_out.clone();
        Ok((
            ReplacedSource {
                source,
                columns_left_out,
            },
            is_new,
        ))
    });
    let (replaced, is_new) = replaced.await?;
    let mut answer = match is_new {
        true => HttpResponse::Created(),
        false => HttpResponse::Ok(),
    };
    if is_new {
        let location = format!("/v1/indicators?source={}", replaced.source.code);
        answer.insert_header((header::LOCATION, location));
    }
    answer.insert_header((header::ETAG, conditional::tag(replaced.source.version)));
    Ok(json(&mut answer, &replaced))
}

async fn receive(payload: Payload) -> Result<Bytes> {
    let received = tokio::time::timeout(TIMEOUT, payload.to_bytes_limited(LARGEST)).await;
    let bytes = received.map_err(|_| Error::Timeout)?;
    let bytes = bytes.map_err(|_| Error::TooLarge { limit_bytes: LARGEST })?;
    bytes.map_err(|e| {
        let rule = Text::new(
            format!("ファイルを最後まで受信できませんでした（{e}）。もう一度送信してください。"),
            format!("The file did not arrive completely ({e}). Send it again."),
        );
        Error::invalid("/file", "incomplete_body", rule)
    })
}

/// Remove a source
///
/// Removes it together with its figures.
#[utoipa::path(operation_id = "delete_indicator_source", tag = "Statistics", security(("bearer" = ["indicators:write"])),
    params(("code" = String, Path, description = "The source", pattern = "^[a-z][a-z0-9_]{0,63}$", example = "juki2025")),
    responses((status = 204, description = "Removed"), (status = 404, description = "No such source")))]
#[delete("/indicator-sources/{code}")]
async fn remove(
    caller: Caller<WriteIndicators>,
    request: HttpRequest,
    pool: Data<Pool>,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let (actor, code) = (caller.actor(), path_text(&request, "code", 64)?);
    let remove = move |db: &mut crate::db::Db| {
        actions::remove(db, &actor, &code, |source| if_match.check(source.version))
    };
    pool.write(remove).await?;
    Ok(HttpResponse::NoContent().finish())
}
