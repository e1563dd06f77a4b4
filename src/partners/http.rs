//! The HTTP face of partners.

use super::oauth::{TokenError, TokenRequest, TokenResponse, credentials};
use super::{ClientSecret, NewPartner, Partner, PartnerWithSecret, actions, store};
use crate::auth::{Keys, ReadPartners, WritePartners, http::Caller};
use crate::catalogue::Catalogues;
use crate::db::{Db, Id, Pool};
use crate::error::Result;
use crate::http::disclosure::{impersonal, json};
use crate::http::query::path_id;
use crate::http::{
    Answer, ClientAddress, Entity, IfMatch, Page, Paging, Patch, PathId, Query, Submission, body,
};
use crate::sessions::Client;
use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, delete, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

impersonal!(
    ClientSecret,
    Partner,
    PartnerWithSecret,
    TokenError,
    TokenResponse
);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(token)
        .service(list)
        .service(create)
        .service(show)
        .service(update)
        .service(add_secret)
        .service(revoke_secret);
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Get an access token for an app
///
/// OAuth 2.0 client credentials grant (RFC 6749). Send the partner's id and one of its secrets in the form or
/// as `Authorization: Basic`. The token is valid for 15 minutes, for all scopes of the partner or the ones
/// you request. Errors have the standard's format. After fifty failed attempts from an address, further ones are
/// answered with 429; a right secret is never refused.
#[utoipa::path(operation_id = "issue_token", tag = "Authentication",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token", body = TokenResponse),
              (status = 400, description = "The request, the grant type or a scope is not valid", body = TokenError),
              (status = 401, description = "The client id or secret is wrong", body = TokenError),
              (status = 429, description = "Too many failed attempts; wait as long as Retry-After says")))]
#[post("/oauth/token")]
async fn token(
    request: HttpRequest,
    payload: Payload,
    pool: Data<Pool>,
    keys: Data<Keys>,
    address: ClientAddress,
) -> Result<HttpResponse> {
    let form = body::read(&request, &mut payload.into_inner(), FORM, body::LIMIT_BYTES).await?;
    let authorization = request.headers().get(header::AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    let issued = match credentials(&form, authorization) {
        Ok(credentials) => {
            let client = Client::new(address.0, None);
            actions::issue_token(&pool, &keys, client, credentials).await?
        }
        Err(error) => Err(error),
    };
    Ok(issued.map_or_else(
        |error| refusal(&error),
        |token| json(&mut no_store(StatusCode::OK), &token),
    ))
}

fn no_store(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    response
}

fn refusal(error: &TokenError) -> HttpResponse {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = no_store(status);
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"musubi\""));
    }
    json(&mut response, error)
}

/// List partners
///
/// Newest first.
#[utoipa::path(operation_id = "list_partners", tag = "Partners", security(("bearer" = ["partners:read"])),
    params(Paging), responses((status = 200, description = "One page", body = Page<Partner>)))]
#[get("/partners")]
async fn list(_: Caller<ReadPartners>, pool: Data<Pool>, filter: Query<Paging>) -> Result<Page<Partner>> {
    pool.read(move |db| store::list(db, &filter.0)).await
}

/// Register a partner
///
/// Returns the partner and its first client secret, which is shown only once. Repeating the request with the
/// same Idempotency-Key returns the partner again, without the secret.
#[utoipa::path(operation_id = "create_partner", tag = "Partners", security(("bearer" = ["partners:write"])),
    request_body = NewPartner,
    responses((status = 201, description = "Registered", body = PartnerWithSecret),
              (status = 409, description = "A partner with this code exists")))]
#[post("/partners")]
async fn create(
    caller: Caller<WritePartners>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    new: Submission<NewPartner>,
) -> Result<HttpResponse> {
    let writer = caller.writer();
    let insert = move |db: &mut Db, details: NewPartner| {
        let catalogue = catalogues.current(db)?;
        let registered = actions::register(db, &catalogue, &writer, details)?;
        let (id, version) = (registered.partner.id, registered.partner.version);
        let answer = Answer::created(format!("/v1/partners/{id}"), id, version, &registered)?;
        Ok(answer.showing_once(&["/secret/client_secret"]))
    };
    new.write(&pool, caller.submitter(), insert).await
}

/// Show a partner
///
/// Includes the ids of its secrets, but never the secrets.
#[utoipa::path(operation_id = "show_partner", tag = "Partners", security(("bearer" = ["partners:read"])),
    params(("id" = Id, Path, description = "The partner")),
    responses((status = 200, description = "The partner", body = Partner)))]
#[get("/partners/{id}")]
async fn show(_: Caller<ReadPartners>, pool: Data<Pool>, id: PathId) -> Result<Entity<Partner>> {
    let partner = pool.read(move |db| store::find(db, id.0)).await?;
    Ok(Entity::new(partner.version, partner))
}

/// Update a partner
///
/// Send a JSON Merge Patch. Changes apply from the partner's next request. `code` and `sandbox` can't be
/// changed.
#[utoipa::path(operation_id = "update_partner", tag = "Partners", security(("bearer" = ["partners:write"])),
    params(("id" = Id, Path, description = "The partner")),
    request_body(content = inline(PartnerPatch), content_type = "application/merge-patch+json",
        example = json!({"status": "suspended"})),
    responses((status = 200, description = "Updated", body = Partner)))]
#[patch("/partners/{id}")]
async fn update(
    caller: Caller<WritePartners>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    id: PathId,
    if_match: IfMatch,
    patch: PartnerPatch,
) -> Result<Entity<Partner>> {
    let writer = caller.writer();
    let updated = patch.write(&pool, move |db, patch| {
        let catalogue = catalogues.current(db)?;
        actions::change(db, &catalogue, &writer, id.0, &if_match, patch)
    });
    let partner = updated.await?;
    Ok(Entity::new(partner.version, partner))
}
type PartnerPatch = Patch<NewPartner>;

/// An empty object.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
struct NewClientSecret {}

/// Add a client secret
///
/// Returns the secret, which is shown only once. Both secrets work until you revoke the older one. A partner
/// has at most two (409 `too_many_secrets`).
#[utoipa::path(operation_id = "create_client_secret", tag = "Partners", security(("bearer" = ["partners:write"])),
    params(("id" = Id, Path, description = "The partner")), request_body = NewClientSecret,
    responses((status = 201, description = "The secret", body = ClientSecret),
              (status = 409, description = "The partner has two secrets")))]
#[post("/partners/{id}/secrets")]
async fn add_secret(
    caller: Caller<WritePartners>,
    pool: Data<Pool>,
    id: PathId,
    new: Submission<NewClientSecret>,
) -> Result<HttpResponse> {
    let actor = caller.actor();
    let insert = move |db: &mut Db, NewClientSecret {}: NewClientSecret| {
        let PartnerWithSecret { partner, secret } = actions::add_secret(db, &actor, id.0)?;
        let location = format!("/v1/partners/{}", partner.id);
        let answer = Answer::created(location, partner.id, partner.version, &secret)?;
        Ok(answer.showing_once(&["/client_secret"]))
    };
    new.write(&pool, caller.submitter(), insert).await
}

/// Revoke a client secret
///
/// Send If-Match with the partner's ETag to revoke only from the version you have read. Tokens issued with
/// the secret keep working until they expire, at most 15 minutes. The last secret can't be revoked (409
/// `last_secret`).
#[utoipa::path(operation_id = "revoke_client_secret", tag = "Partners", security(("bearer" = ["partners:write"])),
    params(("id" = Id, Path, description = "The partner"), ("secret_id" = Id, Path, description = "The secret")),
    responses((status = 204, description = "Revoked"), (status = 409, description = "It is the partner's last secret")))]
#[delete("/partners/{id}/secrets/{secret_id}")]
async fn revoke_secret(
    caller: Caller<WritePartners>,
    request: HttpRequest,
    pool: Data<Pool>,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let actor = caller.actor();
    let (id, secret) = (path_id(&request, "id")?, path_id(&request, "secret_id")?);
    let revoked = pool.write(move |db| actions::revoke_secret(db, &actor, id, secret, &if_match));
    revoked.await?;
    Ok(HttpResponse::NoContent().finish())
}
