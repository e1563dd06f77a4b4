//! The HTTP face of open data, which needs no token.

use super::cache::{MAX_AGE, OpenData};
use super::{Dataset, OpenDataFormat};
use crate::auth::http::OpenReader;
use crate::catalogue::Catalogues;
use crate::catalogue::areas;
use crate::config::{OpenDataLicense, PublicUrl};
use crate::db::Pool;
use crate::error::{Error, Result};
use crate::http::conditional::make_public;
use crate::http::disclosure::{impersonal, json};
use crate::http::query::path_text;
use crate::http::stream::FileBody;
use crate::http::{Disclosure, Query, compress, stream};
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use serde::{Deserialize, Serialize};
use serde_json::json;
use strum::VariantArray;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(OpenDataCatalogue);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list).service(show);
}

/// The public datasets as a DCAT catalogue (W3C).
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"@context": "http://www.w3.org/ns/dcat.jsonld", "@type": "dcat:Catalog", "dct:title": "Musubi", "dcat:dataset": []}))]
pub struct OpenDataCatalogue {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@type")]
    type_: &'static str,
    #[serde(rename = "dct:title")]
    title: &'static str,
    /// The datasets with their titles, licence and distributions.
    #[serde(rename = "dcat:dataset")]
    #[schema(value_type = Vec<Object>)]
    datasets: Vec<serde_json::Value>,
}

/// List public datasets
///
/// Returns a DCAT catalogue in JSON-LD with the licence and the URL of every file. No token is needed.
#[utoipa::path(operation_id = "list_open_data", tag = "Open data",
    responses((status = 200, description = "The catalogue", body = OpenDataCatalogue, content_type = "application/ld+json")))]
#[get("/open-data")]
async fn list(_: OpenReader, public_url: Data<PublicUrl>, license: Data<OpenDataLicense>) -> HttpResponse {
    let base = format!("{}/v1/open-data", public_url.0);
    let dataset = |dataset: Dataset| {
        let address = format!("{base}/{}", dataset.code());
        let distribution = OpenDataFormat::VARIANTS.iter().map(|format| {
            let media_type = format.media_type().split(';').next();
            json!({"@type": "dcat:Distribution", "dcat:mediaType": media_type, "dct:license": license.0,
                "dcat:downloadURL": format!("{address}?format={}", format.code())})
        });
        let distribution: Vec<_> = distribution.collect();
        json!({"@type": "dcat:Dataset", "@id": address, "dct:title": dataset.title(), "dct:license": license.0,
            "dct:language": "ja", "dct:rights": areas::CREDITS, "dcat:distribution": distribution})
    };
    let catalogue = OpenDataCatalogue {
        context: "http://www.w3.org/ns/dcat.jsonld",
        type_: "dcat:Catalog",
        title: "Musubi",
        datasets: Dataset::VARIANTS.iter().copied().map(dataset).collect(),
    };
    let mut answer = json(HttpResponse::Ok().content_type("application/ld+json"), &catalogue);
    make_public(&mut answer, MAX_AGE);
    answer
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OpenDataQuery {
    /// The format of the file; `csv` by default.
    #[serde(default)]
    #[param(inline, required = false)]
    pub format: OpenDataFormat,
}

/// A dataset as JSON-LD.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"@context": "https://schema.org", "@graph": [{"@type": "Organization",
    "@id": "urn:uuid:0193f2a0-0000-7000-8000-000000000000", "name": "風のひろば"}]}))]
pub struct OpenDataGraph {
    #[serde(rename = "@context")]
    context: String,
    #[serde(rename = "@graph")]
    #[schema(value_type = Vec<Object>)]
    graph: Vec<serde_json::Value>,
}

/// Download a public dataset
///
/// `organizations` has the organizations that agreed to be published, `deliverables` their deliverables from
/// when they are open, `statistics` counts of all deliverables. CSV follows 自治体標準オープンデータセット (UTF-8 with a
/// byte order mark; 全国地方公共団体コード, ID and 地方公共団体名 first), JSON-LD uses the vocabulary of schema.org. A dataset
/// is at most one minute old, and may be kept by caches for another. No token is needed.
#[utoipa::path(operation_id = "show_open_data", tag = "Open data",
    params(("dataset" = inline(Dataset), Path, description = "The dataset"), OpenDataQuery),
    responses((status = 200, description = "The dataset", content((inline(FileBody) = "text/csv"), (OpenDataGraph = "application/ld+json"))),
              (status = 404, description = "The dataset doesn't exist")))]
#[get("/open-data/{dataset}")]
async fn show(
    _: OpenReader,
    request: HttpRequest,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    open_data: Data<OpenData>,
    license: Data<OpenDataLicense>,
    query: Query<OpenDataQuery>,
) -> Result<HttpResponse> {
    let code = path_text(&request, "dataset", 20)?;
    let dataset: Dataset = code
        .parse()
        .map_err(|_| Error::not_found("このデータセット", "dataset"))?;
    let format = query.0.format;
    let compressed = compress::accepts_gzip(&request);
    let catalogues = catalogues.into_inner();
    let opened = open_data
        .current(&pool, catalogues, dataset, format, compressed)
        .await?;
    let name = format!("{}.{}", dataset.code(), format.code());
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, format.media_type()))
        .insert_header((header::CONTENT_DISPOSITION, stream::attachment(&name)))
        .insert_header((header::ETAG, opened.tag))
        .insert_header((header::LINK, format!("<{}>; rel=\"license\"", license.0)))
        .append_header((header::VARY, "Accept-Encoding"));
    if compressed {
        answer.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    let mut answer = answer.body(stream::file_body(opened.file, None)?);
    make_public(&mut answer, MAX_AGE);
    Ok(Disclosure::nobody().attach(answer))
}
