//! The URL table: one line for each slice. The app and the OpenAPI document are built from it together.
//!
//! * `document`: what every operation shares in the document; `examples`: of its answers. `health`: /healthz, /readyz.
//! * `pages`: choosing a password by a one-time link.

pub mod document;
mod examples;
pub mod health;
mod pages;

use crate::audit;
use crate::auth::oidc::Issuer;
use crate::auth::{self, Keys};
use crate::background::{Loops, aside};
use crate::catalogue::{self, Catalogues, calendar};
use crate::config::{Config, Listen, OpenDataLicense, PublicUrl, Retention, SessionLimits, TrustedProxies};
use crate::db::{self, Instant, Pool};
use crate::error::{Error, Result};
use crate::exposures::Recorder;
use crate::http::security::{self, Origins};
use crate::http::{conditional, idempotency, problem, trace};
use crate::imports::jobs::run::{LEASE, Runner};
use crate::matches::MatchIndex;
use crate::open_data::make::OpenData;
use crate::sessions::{self, password::Passwords};
use crate::workers::privacy;
use crate::{
    applications, deliverables, duplicates, exports, exposures, imports, matches, open_data, organizations,
    partners, statistics, triage, users, workers,
};
use actix_web::body::MessageBody;
use actix_web::dev::{ResourceDef, Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::{Compress, Next, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::net::SocketAddr;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::{Config as SwaggerConfig, SwaggerUi};

/// The URL table.
fn routes(cfg: &mut ServiceConfig) {
    cfg.configure(catalogue::http::routes)
        .configure(organizations::http::routes)
        .configure(deliverables::http::routes)
        .configure(workers::http::routes)
        .configure(applications::http::routes)
        .configure(matches::http::routes)
        .configure(exposures::http::routes)
        .configure(statistics::http::routes)
        .configure(triage::http::routes)
        .configure(sessions::http::routes)
        .configure(users::http::routes)
        .configure(partners::http::routes)
        .configure(audit::http::routes)
        .configure(duplicates::http::routes)
        .configure(exports::http::routes)
        .configure(open_data::http::routes)
        .configure(imports::http::routes);
}

/// What the handlers share.
#[derive(Clone)]
pub struct State {
    pub pool: Pool,
    pub catalogues: Data<Catalogues>,
    pub index: Data<MatchIndex>,
    pub recorder: Data<Recorder>,
    pub keys: Data<Keys>,
    pub passwords: Data<Passwords>,
    pub public_url: Option<String>,
    pub origins: Origins,
    /// Tells what takes long that the server is about to end.
    pub stopping: Arc<AtomicBool>,
}

impl State {
    /// Opens the database, brings it up to date and gives it the catalogue.
    pub fn open(config: &Config) -> Result<State> {
        let url = config.database()?;
        db::migrate(&url)?;
        let pool = Pool::open(&url)?;
        pool.write_blocking(catalogue::store::seed)?;
        let keys = Keys::open(config.token_key.as_deref(), &config.data_dir()?)?;
        let (catalogues, index) = (Data::new(Catalogues::new()?), Data::new(MatchIndex::default()));
        Ok(State {
            pool,
            catalogues,
            index,
            recorder: Data::default(),
            keys: Data::new(keys),
            passwords: Data::new(Passwords::new()?),
            public_url: config.public_url.clone(),
            origins: Origins::default(),
            stopping: Arc::default(),
        })
    }

    /// The loops that a server needs.
    fn loops(&self, retention: Retention) -> Loops {
        let mut loops = Loops::default();
        let State {
            pool,
            catalogues,
            index,
            ..
        } = self.clone();
        // Requests look by themselves; this makes the first one, spares them the work, and begins the epochs.
        loops.spawn("match index", Duration::from_millis(100), move || {
            let (pool, catalogues, index) = (pool.clone(), catalogues.clone(), index.clone());
            let follow = move || index.follow(&pool, &catalogues, calendar::today());
            async move {
                tokio::task::spawn_blocking(follow)
                    .await
                    .unwrap_or_else(|e| Err(Error::Internal(e.to_string())))
            }
        });
        let (pool, recorder) = (self.pool.clone(), self.recorder.clone());
        loops.spawn("shown lists", Duration::from_secs(1), move || {
            let (pool, recorder) = (pool.clone(), recorder.clone());
            async move {
                recorder.flush(&pool).await?;
                // So that no request waits for a new week's.
                pool.read(move |db| recorder.histories(db, calendar::today()).map(drop))
                    .await
            }
        });
        let pool = self.pool.clone();
        loops.spawn("old lists", Duration::from_secs(3600), move || {
            let pool = pool.clone();
            async move {
                pool.write(|db| exposures::store::purge(db, calendar::today()).map(drop))
                    .await
            }
        });
        let pool = self.pool.clone();
        loops.spawn("idempotency keys", Duration::from_secs(3600), move || {
            let pool = pool.clone();
            async move {
                pool.write(|db| idempotency::purge(db, Instant::now()).map(drop))
                    .await
            }
        });
        let pool = self.pool.clone();
        loops.spawn("old sessions", Duration::from_secs(3600), move || {
            let pool = pool.clone();
            async move { pool.write(|db| sessions::store::purge(db, Instant::now())).await }
        });
        let (pool, origins) = (self.pool.clone(), self.origins.clone());
        loops.spawn("origins of partners", Duration::from_secs(1), move || {
            let (pool, origins) = (pool.clone(), origins.clone());
            async move {
                origins.set_partners(pool.read(partners::store::origins).await?);
                Ok::<_, Error>(())
            }
        });
        let (pool, catalogues, stopping) =
            (self.pool.clone(), self.catalogues.clone(), self.stopping.clone());
        let importing = Arc::new(AtomicBool::new(false));
        let is_importing = Arc::clone(&importing);
        loops.spawn("imports", Duration::from_millis(200), move || {
            let (pool, catalogues, stopping) = (pool.clone(), catalogues.clone(), stopping.clone());
            let importing = Arc::clone(&importing);
            let run = move || {
                let runner = Runner {
                    pool: &pool,
                    catalogues: &catalogues,
                    stopping: &stopping,
                    lease: LEASE,
                    observer: &|_| {},
                };
                let mut ran = Ok(true);
                while let Ok(true) = ran {
                    importing.store(true, Ordering::Relaxed);
                    ran = runner.run_next(None).map(|job| job.is_some());
                }
                importing.store(false, Ordering::Relaxed);
                ran.map(drop)
            };
            async move { aside(run).await }
        });
        let (pool, stopping) = (self.pool.clone(), self.stopping.clone());
        loops.spawn("duplicates", Duration::from_millis(100), move || {
            let (pool, stopping) = (pool.clone(), stopping.clone());
            let follow = move || duplicates::following::follow(&pool, &stopping);
            let may_wait = is_importing.load(Ordering::Relaxed);
            async move {
                // What comes in is looked at when all of it is there.
                if may_wait { Ok(()) } else { aside(follow).await }
            }
        });
        let pool = self.pool.clone();
        loops.spawn("old imports", Duration::from_secs(3600), move || {
            let pool = pool.clone();
            async move { forget_imports(&pool, retention).await }
        });
        let pool = self.pool.clone();
        loops.spawn("retention", Duration::from_secs(3600), move || {
            let pool = pool.clone();
            async move { retain(&pool, retention).await }
        });
        loops
    }
}

/// Forgets the files and reports of imports that ended, and files that stopped arriving.
async fn forget_imports(pool: &Pool, retention: Retention) -> Result<()> {
    let before = |kept: chrono::Duration| Instant::from(chrono::Utc::now() - kept);
    let (ended, stalled) = (before(retention.imports), before(chrono::Duration::hours(1)));
    while pool
        .write(move |db| imports::jobs::store::purge(db, ended, stalled))
        .await?
        > 0
    {}
    Ok(())
}

/// Forgets what is older than it may be, some at a time.
async fn retain(pool: &Pool, retention: Retention) -> Result<()> {
    let before = |kept: chrono::Duration| Instant::from(chrono::Utc::now() - kept);
    if let Some(kept) = retention.workers {
        while pool
            .write(move |db| privacy::store::erase_idle(db, before(kept)))
            .await?
            > 0
        {}
    }
    if let Some(kept) = retention.messages {
        while pool
            .write(move |db| privacy::store::forget_messages(db, before(kept)))
            .await?
            > 0
        {}
    }
    Ok(())
}

/// A server that is listening; `run` it to answer.
pub struct Listening {
    pub address: SocketAddr,
    state: State,
    retention: Retention,
    server: Server,
}

impl Listening {
    pub fn bind(mut state: State, listen: &Listen) -> Result<Listening> {
        state.origins = Origins::new(listen.cors_origins.iter().cloned());
        let failed = |e: std::io::Error| Error::Internal(format!("cannot listen on {}: {e}", listen.listen));
        let shared = Shared {
            state: state.clone(),
            document: Data::new(document::Document::new()),
            limits: Data::new(listen.session_limits()),
            proxies: Data::new(listen.trusted_proxies.clone()),
            provider: Data::new(Issuer::of(&listen.oidc)?),
            origins: state.origins.clone(),
            open_data: Data::default(),
            license: Data::new(OpenDataLicense(listen.open_data_license.clone())),
            public_url: Data::new(listen.public_url(state.public_url.as_deref())),
        };
        let mut server = HttpServer::new(move || app(shared.clone()))
            .shutdown_timeout(30)
            .keep_alive(Duration::from_secs(75))
            .client_request_timeout(Duration::from_secs(10))
            .client_disconnect_timeout(Duration::from_secs(5))
            .tls_handshake_timeout(Duration::from_secs(5));
        if listen.workers > 0 {
            server = server.workers(listen.workers);
        }
        let server = match (&listen.tls_cert, &listen.tls_key) {
            (Some(certificate), Some(key)) => server.bind_rustls_0_23(listen.listen, tls(certificate, key)?),
            _ => server.bind(listen.listen),
        };
        let server = server.map_err(failed)?;
        let address = server.addrs().first().copied().unwrap_or(listen.listen);
        Ok(Listening {
            address,
            state,
            retention: listen.retention(),
            server: server.run(),
        })
    }

    /// To stop it from elsewhere.
    pub fn handle(&self) -> actix_web::dev::ServerHandle {
        self.server.handle()
    }

    /// Answers until a signal or the handle ends it, then finishes what is running.
    pub async fn run(self) -> Result<()> {
        let loops = self.state.loops(self.retention);
        let served = self.server.await;
        self.state.stopping.store(true, Ordering::Relaxed);
        loops.end().await;
        self.state.recorder.flush(&self.state.pool).await?;
        served.map_err(|e| Error::Internal(format!("the server failed: {e}")))
    }
}

/// TLS 1.2 and 1.3, with the certificate chain and the private key in these files.
fn tls(certificate: &Path, key: &Path) -> Result<ServerConfig> {
    let failed = |what: &dyn std::fmt::Display| {
        Error::Internal(format!(
            "TLS with {} and {}: {what}",
            certificate.display(),
            key.display()
        ))
    };
    let chain = CertificateDer::pem_file_iter(certificate).map_err(|e| failed(&e))?;
    let chain: std::result::Result<Vec<_>, _> = chain.collect();
    let (chain, key) = (
        chain.map_err(|e| failed(&e))?,
        PrivateKeyDer::from_pem_file(key).map_err(|e| failed(&e))?,
    );
    let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(|e| failed(&e))?;
    builder
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| failed(&e))
}

/// What the threads that answer have in common.
#[derive(Clone)]
struct Shared {
    state: State,
    document: Data<document::Document>,
    limits: Data<SessionLimits>,
    proxies: Data<TrustedProxies>,
    provider: Data<Option<Issuer>>,
    origins: Origins,
    public_url: Data<PublicUrl>,
    open_data: Data<OpenData>,
    license: Data<OpenDataLicense>,
}

fn app(
    shared: Shared,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let state = shared.state;
    let (app, _) = App::new()
        .into_utoipa_app()
        .configure(health::routes)
        .configure(auth::http::routes)
        .service(utoipa_actix_web::scope("/v1").configure(routes))
        .split_for_parts();
    let swagger = SwaggerConfig::new(["/openapi.json"]).persist_authorization(true);
    app.app_data(Data::new(state.pool))
        .app_data(state.catalogues)
        .app_data(state.index)
        .app_data(state.recorder)
        .app_data(state.keys)
        .app_data(state.passwords)
        .app_data(shared.public_url)
        .app_data(shared.open_data)
        .app_data(shared.license)
        .app_data(shared.limits)
        .app_data(shared.proxies)
        .app_data(shared.provider)
        .app_data(shared.document)
        .configure(pages::routes)
        .route("/openapi.json", web::get().to(openapi_json))
        .service(web::redirect("/docs", "/docs/"))
        .service(SwaggerUi::new("/docs/{_:.*}").config(swagger))
        .default_service(web::to(elsewhere))
        .wrap(from_fn(auth::http::identify))
        .wrap(from_fn(conditional::not_modified))
        .wrap(from_fn(problem::problems))
        .wrap(from_fn(auth::http::rate_limits))
        .wrap(Compress::default())
        .wrap(from_fn(trace::trace))
        .wrap(shared.origins.cors())
        .wrap(from_fn(security::headers))
        .wrap(from_fn(head_as_get))
}

/// HEAD is GET whose body stays here: the protocol's encoder leaves it out.
async fn head_as_get<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> actix_web::Result<ServiceResponse<B>> {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    next.call(request).await
}

async fn openapi_json(document: Data<document::Document>) -> HttpResponse {
    let json = (header::CONTENT_TYPE, "application/json");
    HttpResponse::Ok()
        .insert_header(json)
        .body(document.text().to_owned())
}

/// No handler has this path and method: is it the path, or the method?
async fn elsewhere(request: HttpRequest, document: Data<document::Document>) -> Result<HttpResponse> {
    let fits = |template: &str| ResourceDef::new(template).is_match(request.path());
    let mut allowed: Vec<String> = document
        .operations()
        .filter(|operation| fits(&operation.path))
        .map(|operation| operation.method.to_uppercase())
        .collect();
    allowed.sort();
    allowed.dedup();
    let known = Method::from_str(request.method().as_str()).is_ok();
    if allowed.is_empty() || !known {
        return Err(Error::not_found("このパス", "path"));
    }
    Err(Error::MethodNotAllowed {
        allow: allowed.join(", "),
    })
}
