//! The app: the routes, what handlers extract, and the middleware around them.

use super::document::Document;
use super::health::Readiness;
use super::state::AppState;
use super::{console, pages, routes};
use crate::applications::actions::RankingGates;
use crate::audit;
use crate::auth;
use crate::auth::oidc::Issuer;
use crate::catalogue::http::CatalogueAnswers;
use crate::config::{
    FrontendUrl, ImportQuotas, OpenDataLicense, ProjectFileQuotas, PublicUrl, ServerConfig, SessionLimits,
    TrustedProxies,
};
use crate::error::{Error, Result};
use crate::following::{Followers, http::mark};
use crate::http::edge;
use crate::http::rates::PublicReads;
use crate::http::requests::Requests;
use crate::http::stream::OpenAnswers;
use crate::listings;
use crate::login;
use crate::matches::{self, context::RankingContext};
use crate::open_data::cache::OpenData;
use crate::press;
use crate::projects::http::files::Uploads;
use actix_web::dev::{ResourceDef, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse};
use std::str::FromStr;
use std::sync::Arc;
use utoipa_actix_web::AppExt;
use utoipa_swagger_ui::{Config as SwaggerConfig, SwaggerUi};

/// What the app of each worker thread is made of.
#[derive(Clone)]
pub struct AppParts {
    state: AppState,
    document: Data<Document>,
    limits: Data<SessionLimits>,
    quotas: Data<ImportQuotas>,
    proxies: Data<TrustedProxies>,
    issuer: Data<Option<Issuer>>,
    public_url: Data<PublicUrl>,
    frontend_url: Data<FrontendUrl>,
    open_data: Data<OpenData>,
    license: Data<OpenDataLicense>,
    open: Data<OpenAnswers>,
    uploads: Data<Uploads>,
    file_quotas: Data<ProjectFileQuotas>,
    followers: Data<Followers>,
    lists: Data<CatalogueAnswers>,
    public_reads: Data<PublicReads>,
    readiness: Data<Readiness>,
    pub requests: Data<Requests>,
}

impl AppParts {
    pub fn new(state: AppState, readiness: Arc<Readiness>, config: &ServerConfig) -> Result<AppParts> {
        let document = Document::shared();
        let operations = document.operations();
        let operations = operations.map(|one| (one.path.clone(), one.method.clone(), one.id().to_owned()));
        let requests = Requests::new(operations, config.slow_request())?;
        let public_url = config.public_url(state.public_url.as_deref());
        Ok(AppParts {
            requests: Data::new(requests),
            document: Data::from(document),
            limits: Data::new(config.session_limits()),
            quotas: Data::new(config.import_quotas()),
            proxies: Data::new(config.trusted_proxies.clone()),
            issuer: Data::new(Issuer::from_config(&config.oidc)?),
            frontend_url: Data::new(FrontendUrl(
                config
                    .frontend_url
                    .clone()
                    .or_else(|| Some(format!("{}/", public_url.0.trim_end_matches('/')))),
            )),
            public_url: Data::new(public_url),
            open_data: Data::default(),
            license: Data::new(OpenDataLicense(config.open_data_license.clone())),
            open: Data::new(OpenAnswers::new(config.max_downloads)),
            uploads: Data::new(Uploads::new(config.max_uploads)),
            file_quotas: Data::new(config.project_file_quotas()),
            followers: Data::new(Followers::new(config.follower_limits())),
            lists: Data::default(),
            public_reads: Data::new(PublicReads::new(config.public_reads_per_minute)),
            readiness: Data::from(readiness),
            state,
        })
    }
}

/// Builds the app of one worker thread. The last middleware is the first to see a request.
pub fn app(
    parts: AppParts,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let state = parts.state;
    let (app, _) = App::new()
        .into_utoipa_app()
        .configure(routes::routes)
        .split_for_parts();
    let swagger = SwaggerConfig::new(["/openapi.json"]).persist_authorization(true);
    let pool = Data::new(state.pool);
    let context = RankingContext {
        pool: Arc::clone(&pool),
        catalogues: Arc::clone(&state.catalogues),
        index: Arc::clone(&state.index),
        recorder: Arc::clone(&state.recorder),
    };
    let gates = RankingGates(Box::new(move |db, viewer, new| {
        let place = (new.deliverable_id, new.role.as_str());
        matches::actions::failed_gates(db, &context, viewer, place, new.worker_id)
    }));
    app.app_data(pool)
        .app_data(Data::new(gates))
        .app_data(Data::from(state.catalogues))
        .app_data(Data::from(state.workbooks))
        .app_data(Data::from(state.index))
        .app_data(Data::from(state.feed))
        .app_data(Data::from(state.webhooks))
        .app_data(Data::from(state.recorder))
        .app_data(Data::from(state.views))
        .app_data(Data::from(state.keys))
        .app_data(Data::from(state.passwords))
        .app_data(Data::new(login::actions::END_FORMER_ACCESS))
        .app_data(parts.public_url)
        .app_data(parts.frontend_url)
        .app_data(parts.open_data)
        .app_data(parts.license)
        .app_data(parts.open)
        .app_data(parts.uploads)
        .app_data(parts.file_quotas)
        .app_data(parts.followers)
        .app_data(parts.lists)
        .app_data(parts.public_reads)
        .app_data(Data::new(state.origins))
        .app_data(parts.readiness)
        .app_data(parts.requests)
        .app_data(parts.limits)
        .app_data(parts.quotas)
        .app_data(parts.proxies)
        .app_data(parts.issuer)
        .app_data(parts.document)
        .configure(pages::routes)
        .configure(listings::http::pages::routes)
        .configure(press::http::pages::routes)
        .configure(console::routes)
        .route("/openapi.json", web::get().to(openapi_json))
        .service(web::redirect("/docs", "/docs/"))
        .service(SwaggerUi::new("/docs/{_:.*}").config(swagger))
        .default_service(web::to(refuse_unknown))
        .wrap(from_fn(audit::http::disclose))
        .wrap(from_fn(mark))
        .wrap(from_fn(auth::http::identify))
        .wrap(from_fn(edge::edge))
}

async fn openapi_json(document: Data<Document>) -> HttpResponse {
    let json = (header::CONTENT_TYPE, "application/json");
    HttpResponse::Ok().insert_header(json).body(document.bytes())
}

/// Answers 405 where only the method is unknown, and 404 where the path is.
async fn refuse_unknown(request: HttpRequest, document: Data<Document>) -> Result<HttpResponse> {
    let fits = |template: &str| ResourceDef::new(template).is_match(request.path());
    let mut allowed: Vec<String> = document
        .operations()
        .filter(|operation| fits(&operation.path))
        .map(|operation| operation.method.to_uppercase())
        .collect();
    allowed.sort();
    allowed.dedup();
    let is_standard = Method::from_str(request.method().as_str()).is_ok();
    if allowed.is_empty() || !is_standard {
        return Err(Error::not_found("このパス", "path"));
    }
    Err(Error::MethodNotAllowed {
        allow: allowed.join(", "),
    })
}
