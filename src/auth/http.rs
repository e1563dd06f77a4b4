//! The caller, as an extractor that refuses requests without the operation's scope, and our public keys.

use super::oidc::Issuer;
use super::quota::{self, RateLimit};
use super::store::PartnerUsage;
use super::{
    Beside, Claims, Extent, Keys, Principal, Reach, ReadApplications, ReadDeliverables, ReadOrganizations,
    ReadPersonalData, ReadWorkers, Scope, UserRole, Viewer, Writer, store,
};
use crate::db::{Id, Instant, Pool, of_caller};
use crate::error::{Error, Result, Text};
use crate::http::client::{ClientAddress, network_of};
use crate::http::disclosure::impersonal;
use crate::http::{Json, PublicReader, Submitter};
use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest, get};
use serde::Serialize;
use std::future::{Ready, ready};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::marker::PhantomData;
use std::rc::Rc;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(KeySet);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(public_keys);
}

/// The public keys of tokens (RFC 7517).
#[derive(Debug, Serialize, ToSchema)]
struct KeySet {
    /// Newest first.
    keys: Vec<PublicKey>,
}

/// One public key: Ed25519 (RFC 8037).
#[derive(Debug, Serialize, ToSchema)]
struct PublicKey {
    /// Always `OKP`.
    #[schema(example = "OKP")]
    kty: &'static str,
    /// Always `Ed25519`.
    #[schema(example = "Ed25519")]
    crv: &'static str,
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    x: String,
    /// The id that a token's header names: the RFC 7638 thumbprint.
    #[schema(example = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    kid: String,
    /// Always `EdDSA`.
    #[schema(example = "EdDSA")]
    alg: &'static str,
    /// Always `sig`.
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    purpose: &'static str,
}

/// Show the public keys
///
/// Use them to verify our tokens. The newest key signs; tokens signed with the others are still valid.
#[utoipa::path(operation_id = "show_public_keys", tag = "Authentication",
    responses((status = 200, description = "The keys", body = KeySet)))]
#[get("/.well-known/jwks.json")]
async fn public_keys(keys: Data<Keys>) -> Result<Json<KeySet>> {
    let key = |(kid, x)| PublicKey {
        kty: "OKP",
        crv: "Ed25519",
        x,
        kid,
        alg: "EdDSA",
        purpose: "sig",
    };
    let keys = keys.public()?.into_iter().map(key).collect();
    Ok(Json(KeySet { keys }))
}

/// A caller whose token is valid and has the scope `S`.
pub struct Caller<S> {
    principal: Principal,
    reach: Reach,
    scope: PhantomData<S>,
}

impl<S: Scope> Caller<S> {
    /// Returns the name for the change log.
    pub fn actor(&self) -> String {
        self.principal.actor()
    }

    /// Returns the sender of a request with an `Idempotency-Key`.
    pub fn submitter(&self) -> Submitter {
        let personal_data = self
            .may::<ReadPersonalData>()
            .then(|| ReadPersonalData::NAME.to_owned());
        Submitter {
            actor: self.actor(),
            grants: self.reach.words().into_iter().chain(personal_data).collect(),
        }
    }

    /// Returns whether the caller has another scope.
    pub fn may<Other: Scope>(&self) -> bool {
        self.principal.extent(Other::NAME).is_some()
    }

    /// Returns which records the caller may use the scope for.
    pub fn reach(&self) -> Reach {
        self.reach.clone()
    }

    pub fn viewer(&self) -> Viewer {
        Viewer {
            actor: self.actor(),
            reach: self.reach(),
            personal_data: self.may::<ReadPersonalData>(),
            sees_all: self.principal.extent(S::NAME) == Some(Extent::All),
            beside: Beside {
                organizations: self.may::<ReadOrganizations>(),
                deliverables: self.may::<ReadDeliverables>(),
                workers: self.may::<ReadWorkers>(),
                applications: self.may::<ReadApplications>(),
            },
        }
    }

    /// Returns the viewer for another scope, which the caller must have.
    pub fn viewer_with<Other: Scope>(&self) -> Result<Viewer> {
        let other: Caller<Other> = Caller::of(self.principal.clone())?;
        Ok(other.viewer())
    }

    pub fn writer(&self) -> Writer {
        Writer {
            actor: self.actor(),
            role: self.principal.role,
            reach: self.reach(),
        }
    }

    pub fn principal(&self) -> &Principal {
        &self.principal
    }
}

impl<S: Scope> FromRequest for Caller<S> {
    type Error = Error;
    type Future = Ready<Result<Caller<S>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let identity = request.extensions().get::<Identity>().cloned();
        let principal = identity.map_or_else(|| Err(missing()), |identity| identity.0);
        ready(principal.and_then(|principal| Caller::of(Rc::unwrap_or_clone(principal))))
    }
}

impl<S: Scope> Caller<S> {
    fn of(principal: Principal) -> Result<Caller<S>> {
        let reach = match principal.extent(S::NAME) {
            None => return Err(Error::InsufficientScope { scope: S::NAME }),
            Some(Extent::All) => Reach::Everything,
            Some(Extent::Own) => principal.reach.clone(),
        };
        Ok(Caller {
            principal,
            reach,
            scope: PhantomData,
        })
    }
}

/// Somebody who reads what is open to all. Without a valid token, their address has not read too often.
pub struct OpenReader;

impl FromRequest for OpenReader {
    type Error = Error;
    type Future = Ready<Result<OpenReader>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if sender(request).is_some() {
            return ready(Ok(OpenReader));
        }
        let reader = PublicReader::from_request(request, payload).into_inner();
        ready(reader.map(|_| OpenReader))
    }
}

/// Somebody who reads what is public: a caller, who may see more, or without a token; then their address has not read too often.
/// A token that isn't valid is refused.
pub struct Visitor(Option<Principal>);

impl Visitor {
    /// Returns which records the visitor may use a scope for. None: none.
    pub fn reach<S: Scope>(&self) -> Option<Reach> {
        let caller: Caller<S> = Caller::of(self.0.clone()?).ok()?;
        Some(caller.reach)
    }

    pub fn has_token(&self) -> bool {
        self.0.is_some()
    }
}

impl FromRequest for Visitor {
    type Error = Error;
    type Future = Ready<Result<Visitor>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let identity = request.extensions().get::<Identity>().cloned();
        ready(match identity {
            Some(identity) => identity
                .0
                .map(|principal| Visitor(Some(Rc::unwrap_or_clone(principal)))),
            None => {
                let reader = PublicReader::from_request(request, payload).into_inner();
                reader.map(|_| Visitor(None))
            }
        })
    }
}

/// The sender of a request, or why it is unknown.
#[derive(Clone)]
struct Identity(Result<Rc<Principal>>);

/// Authenticates a request before anything else is read, so that a caller without permission learns that, and
/// not what is wrong with the body. From here on, callers share the database: senders of tokens, and networks.
pub async fn identify<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let network = key_of(&ClientAddress::of(request.request()).0.map(network_of));
    if !request.headers().contains_key(AUTHORIZATION) {
        return of_caller(network, next.call(request)).await;
    }
    let sender = of_caller(network, authenticate(request.request())).await;
    let identity = Identity(sender.map(Rc::new));
    let caller = identity
        .0
        .as_ref()
        .map_or(network, |sender| key_of(&sender.subject));
    request.extensions_mut().insert(identity);
    let mut answer = of_caller(caller, next.call(request)).await?;
    add_rate_limits(&mut answer);
    Ok(answer)
}

fn key_of(caller: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    caller.hash(&mut hasher);
    hasher.finish()
}

/// Adds the number of remaining requests to each answer to a partner.
fn add_rate_limits<B>(answer: &mut ServiceResponse<B>) {
    let limit = answer.request().extensions().get::<RateLimit>().copied();
    let Some(limit) = limit else { return };
    for (name, value) in [("ratelimit-policy", limit.policy()), ("ratelimit", limit.state())] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            answer.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
}

/// Returns the sender of a request, if it has a valid token.
pub fn sender(request: &HttpRequest) -> Option<Rc<Principal>> {
    let identity = request.extensions().get::<Identity>().cloned()?;
    identity.0.ok()
}

async fn authenticate(request: &HttpRequest) -> Result<Principal> {
    let claims = verified(request).await?;
    let ended = || {
        Error::Unauthenticated(Text::new(
            "セッションが終了しました。もう一度ログインしてください。",
            "The session has ended. Log in again.",
        ))
    };
    let scope_limit = claims.scope;
    if claims.role == UserRole::Partner {
        let partner = claims.sub.parse().map(Id).map_err(|_| belongs_nowhere())?;
        let counted = count(request, partner).await?.ok_or_else(suspended)?;
        return Ok(Principal {
            role: claims.role,
            subject: claims.sub,
            session: None,
            scope_limit: intersect(scope_limit, counted.scopes),
            reach: Reach::Partner(counted.reach),
            expires_at: claims.exp,
        });
    }
    let Some(session) = claims.sid else {
        // A token of `musubi token` or of an identity provider.
        let reach = claims.role.reach(claims.belonging).ok_or_else(belongs_nowhere)?;
        return Ok(Principal {
            role: claims.role,
            subject: claims.sub,
            session: None,
            scope_limit,
            reach,
            expires_at: claims.exp,
        });
    };
    let found = pool(request)?.lookup(move |db| store::user_of_session(db, session, Instant::now()));
    let (user, role, belonging) = found.await?.ok_or_else(ended)?;
    Ok(Principal {
        role,
        subject: user.to_string(),
        session: Some(session),
        scope_limit,
        reach: role.reach(belonging).ok_or_else(belongs_nowhere)?,
        expires_at: claims.exp,
    })
}

/// Counts a partner's request and checks its quota. The response will say how many requests remain.
async fn count(request: &HttpRequest, partner: Id) -> Result<Option<PartnerUsage>> {
    let now = chrono::Utc::now().timestamp();
    let (minute, day) = quota::window_numbers(now);
    let counting = pool(request)?.write(move |db| store::count_request(db, partner, minute, day));
    let Some(counted) = counting.await? else {
        return Ok(None);
    };
    let limit = RateLimit::new(counted.quota, counted.used, now);
    request.extensions_mut().insert(limit);
    limit.check()?;
    Ok(Some(counted))
}

/// Limits a token's scopes to those that its partner has now. An empty list means all.
fn intersect(scope_limit: Option<String>, scopes: Vec<String>) -> Option<String> {
    if scopes.is_empty() {
        return scope_limit;
    }
    let is_in_token = |scope: &String| {
        let limit = scope_limit.as_ref();
        limit.is_none_or(|limit| limit.split(' ').any(|s| s == scope))
    };
    let remaining: Vec<String> = scopes.into_iter().filter(is_in_token).collect();
    Some(remaining.join(" "))
}

fn suspended() -> Error {
    Error::Unauthenticated(Text::new(
        "この連携アプリは停止中です。事務局にお問い合わせください。",
        "This partner is suspended. A new token won't help; contact the secretariat.",
    ))
}

fn belongs_nowhere() -> Error {
    Error::Unauthenticated(Text::new(
        "トークンに、役割に必要な所属が指定されていません。",
        "The token doesn't name the area, organization or worker that its role requires.",
    ))
}

fn pool(request: &HttpRequest) -> Result<&Data<Pool>> {
    request
        .app_data::<Data<Pool>>()
        .ok_or_else(|| Error::Internal("no database".into()))
}

fn missing() -> Error {
    Error::Unauthenticated(Text::new(
        "Authorization ヘッダーに Bearer トークンを指定してください。",
        "Send a bearer token in the Authorization header.",
    ))
}

async fn verified(request: &HttpRequest) -> Result<Claims> {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let (scheme, token) = header.and_then(|h| h.split_once(' ')).ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(missing());
    }
    let keys = request
        .app_data::<Data<Keys>>()
        .ok_or_else(|| Error::Internal("no token keys".into()))?;
    let token = token.trim();
    if let Some(claims) = keys.recall(token)? {
        return Ok(claims);
    }
    let provider = request.app_data::<Data<Option<Issuer>>>();
    let provider = provider.and_then(|provider| provider.as_ref().as_ref());
    if let Some(claims) = provider.and_then(|issuer| issuer.recall(token)) {
        return Ok(claims);
    }
    match provider {
        Some(issuer) if issuer.is_named_in(token) => issuer.verify(token).await,
        _ => keys.verify(token),
    }
}
