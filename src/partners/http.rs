//! The HTTP face of partners. Rules are in `mod.rs` and `oauth.rs`, SQL in `store.rs`.

use super::oauth::{TokenError, TokenRequest, TokenResponse, credentials};
use super::{ClientSecret, NewPartner, Partner, PartnerFilter, RegisteredPartner, store};
use crate::auth::{Claims, Keys, PERMISSIONS, ReadPartners, UserRole, WritePartners, extent, http::Caller};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::Result;
use crate::http::query::path_id;
use crate::http::{Answer, ClientAddress, Entity, IfMatch, Page, Patch, PathId, Query, Submission, body};
use crate::sessions::{ACCESS_SECONDS, store as attempts, throttle::Throttle};
use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(token)
        .service(list)
        .service(create)
        .service(show)
        .service(update)
        .service(add_secret)
        .service(revoke_secret);
}

/// Get an access token for an app
///
/// Client credentials grant (RFC 6749): the partner's id and one of its secrets, in the form or as `Authorization:
/// Basic`. The token is valid for 15 minutes and for the scopes that the partner has, or the fewer that are asked for.
/// Errors have the form of the standard. After five failures for a client from one address each further attempt has to wait.
#[utoipa::path(operation_id = "issue_token", tag = "Authentication",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token", body = TokenResponse),
              (status = 400, description = "The request, the grant type or a scope is wrong", body = TokenError),
              (status = 401, description = "The client id or secret is wrong", body = TokenError),
              (status = 429, description = "Too many attempts failed: Retry-After says when to go on")))]
#[post("/oauth/token")]
async fn token(
    request: HttpRequest,
    payload: actix_web::web::Payload,
    pool: Data<Pool>,
    keys: Data<Keys>,
    client: ClientAddress,
) -> Result<HttpResponse> {
    let form = body::read(
        &request,
        &mut payload.into_inner(),
        "application/x-www-form-urlencoded",
    )
    .await?;
    let authorization = request.headers().get(header::AUTHORIZATION);
    let asked = match credentials(&form, authorization.and_then(|value| value.to_str().ok())) {
        Ok(asked) => asked,
        Err(error) => return Ok(refused(&error)),
    };
    let Some(id) = asked.client else {
        return Ok(refused(&TokenError::INVALID_CLIENT));
    };
    // Together with the address: a client's id is no secret, and nobody else may lock it out.
    let account = Throttle::account(&format!("client {id} {:?}", client.0));
    let address = client.0.map(|address| Throttle::address(&address.to_string()));
    let found = pool.write(move |db| {
        let now = Instant::now();
        if let Some(address) = &address {
            attempts::attempt(db, address, now)?;
        }
        attempts::attempt(db, &account, now)?;
        let found = store::authenticate(db, id, &asked.secret, now)?;
        if found.is_some() {
            attempts::succeed(db, &account, address.as_ref())?;
        }
        Ok(found)
    });
    let Some(details) = found.await? else {
        return Ok(refused(&TokenError::INVALID_CLIENT));
    };
    let Some(scope) = granted(&details, asked.scope.as_deref()) else {
        return Ok(refused(&TokenError::INVALID_SCOPE));
    };
    let mut claims = Claims::new(
        UserRole::Partner,
        id,
        chrono::Utc::now().timestamp(),
        ACCESS_SECONDS,
    );
    claims.scope = Some(scope.clone());
    let answer = TokenResponse {
        access_token: keys.sign(&claims)?,
        token_type: "Bearer",
        expires_in: ACCESS_SECONDS,
        scope,
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(answer))
}

fn refused(error: &TokenError) -> HttpResponse {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"musubi\""));
    }
    response.json(error)
}

/// What is asked for, if the partner has it all; everything that it has where nothing is asked for.
fn granted(details: &NewPartner, asked: Option<&str>) -> Option<String> {
    let scopes = PERMISSIONS.iter().map(|row| row.scope);
    let own = |scope: &&str| {
        extent(UserRole::Partner, scope).is_some()
            && (details.scopes.is_empty() || details.scopes.iter().any(|own| own == scope))
    };
    let own: Vec<&str> = scopes.filter(own).collect();
    let Some(asked) = asked else {
        return Some(own.join(" "));
    };
    let asked: Vec<&str> = asked.split_whitespace().collect();
    asked
        .iter()
        .all(|scope| own.contains(scope))
        .then(|| asked.join(" "))
}

/// List partners
///
/// Newest first.
#[utoipa::path(operation_id = "list_partners", tag = "Partners", security(("bearer" = ["partners:read"])),
    params(PartnerFilter), responses((status = 200, description = "One page", body = Page<Partner>)))]
#[get("/partners")]
async fn list(
    _: Caller<ReadPartners>,
    pool: Data<Pool>,
    filter: Query<PartnerFilter>,
) -> Result<Page<Partner>> {
    pool.read(move |db| store::list(db, &filter.0)).await
}

/// Register a partner
///
/// The answer has its first client secret, shown once: repeating the request with the same Idempotency-Key shows the
/// partner again, and not the secret.
#[utoipa::path(operation_id = "create_partner", tag = "Partners", security(("bearer" = ["partners:write"])),
    request_body = NewPartner,
    responses((status = 201, description = "Registered", body = RegisteredPartner),
              (status = 409, description = "The code is taken")))]
#[post("/partners")]
async fn create(
    caller: Caller<WritePartners>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    new: Submission<NewPartner>,
) -> Result<HttpResponse> {
    let actor = caller.actor();
    let insert = move |db: &mut Db, mut details: NewPartner| {
        details.resolve(&*catalogues.current(db)?)?;
        let now = Instant::now();
        let partner = Partner::register(Id::new(), details, now);
        store::insert(db, &actor, &partner)?;
        let secret = ClientSecret::new(partner.id, now)?;
        store::insert_secret(db, &actor, &partner, &secret)?;
        let partner = store::find(db, partner.id)?;
        let (id, version) = (partner.id, partner.version);
        let answer = RegisteredPartner { partner, secret };
        let answer = Answer::created(format!("/v1/partners/{id}"), id, version, &answer)?;
        Ok(answer.showing_once(&["/secret/client_secret"]))
    };
    new.write(&pool, &caller.actor(), insert).await
}

/// Show a partner
///
/// With its secrets' ids, never the secrets.
#[utoipa::path(operation_id = "show_partner", tag = "Partners", security(("bearer" = ["partners:read"])),
    params(("id" = Id, Path, description = "The partner")),
    responses((status = 200, description = "The partner", body = Partner)))]
#[get("/partners/{id}")]
async fn show(_: Caller<ReadPartners>, pool: Data<Pool>, id: PathId) -> Result<Entity<Partner>> {
    let partner = pool.read(move |db| store::find(db, id.0)).await?;
    Ok(Entity::new(partner.version, partner))
}

/// Change a partner
///
/// JSON Merge Patch; with If-Match it changes only the version that you have read. It counts from the partner's next
/// request. Code and sandbox stay as they are.
#[utoipa::path(operation_id = "update_partner", tag = "Partners", security(("bearer" = ["partners:write"])),
    params(("id" = Id, Path, description = "The partner")),
    request_body(content = inline(PartnerPatch), content_type = "application/merge-patch+json",
        example = json!({"status": "suspended"})),
    responses((status = 200, description = "Changed", body = Partner)))]
#[patch("/partners/{id}")]
async fn update(
    caller: Caller<WritePartners>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    id: PathId,
    if_match: IfMatch,
    patch: PartnerPatch,
) -> Result<Entity<Partner>> {
    let actor = caller.actor();
    let updated = pool.write(move |db| {
        let before = store::find_to_change(db, id.0)?;
        if_match.check(before.version)?;
        let mut details = patch.apply(&before.details)?;
        details.check_kept(&before.details)?;
        details.resolve(&*catalogues.current(db)?)?;
        if details == before.details {
            return Ok(before);
        }
        let after = before.changed(details, Instant::now());
        store::update(db, &actor, &after)?;
        Ok(after)
    });
    let partner = updated.await?;
    Ok(Entity::new(partner.version, partner))
}
type PartnerPatch = Patch<NewPartner>;

/// Nothing has to be said.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
struct NewClientSecret {}

/// Add a client secret
///
/// Shown once. Both secrets work until the older one is revoked; there are two at most (409 `two_secrets`).
#[utoipa::path(operation_id = "create_client_secret", tag = "Partners", security(("bearer" = ["partners:write"])),
    params(("id" = Id, Path, description = "The partner")), request_body = NewClientSecret,
    responses((status = 201, description = "The secret", body = ClientSecret),
              (status = 409, description = "There are two already")))]
#[post("/partners/{id}/secrets")]
async fn add_secret(
    caller: Caller<WritePartners>,
    pool: Data<Pool>,
    id: PathId,
    new: Submission<NewClientSecret>,
) -> Result<HttpResponse> {
    let actor = caller.actor();
    let insert = move |db: &mut Db, NewClientSecret {}: NewClientSecret| {
        let partner = store::find_to_change(db, id.0)?;
        let secret = ClientSecret::new(partner.id, Instant::now())?;
        store::insert_secret(db, &actor, &partner, &secret)?;
        let location = format!("/v1/partners/{}", partner.id);
        let answer = Answer::created(location, partner.id, partner.version, &secret)?;
        Ok(answer.showing_once(&["/client_secret"]))
    };
    new.write(&pool, &caller.actor(), insert).await
}

/// Revoke a client secret
///
/// With If-Match, only if the partner is of that version. Tokens that were got with it go on until they expire, 15 minutes
/// at most. The last one stays (409 `last_secret`).
#[utoipa::path(operation_id = "revoke_client_secret", tag = "Partners", security(("bearer" = ["partners:write"])),
    params(("id" = Id, Path, description = "The partner"), ("secret_id" = Id, Path, description = "The secret")),
    responses((status = 204, description = "Revoked"), (status = 409, description = "It is the last one")))]
#[delete("/partners/{id}/secrets/{secret_id}")]
async fn revoke_secret(
    caller: Caller<WritePartners>,
    request: HttpRequest,
    pool: Data<Pool>,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let actor = caller.actor();
    let (id, secret) = (path_id(&request, "id")?, path_id(&request, "secret_id")?);
    let revoked = pool.write(move |db| {
        let partner = store::find_to_change(db, id)?;
        if_match.check(partner.version)?;
        store::delete_secret(db, &actor, &partner, secret)
    });
    revoked.await?;
    Ok(HttpResponse::NoContent().finish())
}
