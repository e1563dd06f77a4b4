//! The HTTP face of logging in.

use super::actions::{self, TokenPair};
use super::{CurrentUser, InvitationAcceptance, Login, NewPassword, Refresh, Tokens, wrong_refresh_token};
use crate::auth::{ACCESS_SECONDS, Account, Keys, http::Caller, secret};
use crate::config::SessionLimits;
use crate::db::Pool;
use crate::error::{Error, Result, Text};
use crate::http::{ClientAddress, Valid};
use crate::sessions::Client;
use crate::users;
use crate::users::password::Passwords;
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::http::header;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use utoipa_actix_web::service_config::ServiceConfig;

const REFRESH_COOKIE: &str = "__Secure-musubi_refresh";
const CSRF_COOKIE: &str = "__Secure-musubi_csrf";
const CSRF_HEADER: &str = "x-csrf-token";

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(accept_invitation)
        .service(log_in)
        .service(refresh)
        .service(log_out)
        .service(show)
        .service(change_password);
}

/// Accept an invitation
///
/// Sets the user's password. With the first administrator's link, send an email address and a name too.
#[utoipa::path(operation_id = "accept_invitation", tag = "Authentication", request_body = InvitationAcceptance,
    responses((status = 204, description = "The password is set; you can log in"),
              (status = 409, description = "A user with this address exists"),
              (status = 429, description = "Too many failed attempts; wait as long as Retry-After says")))]
#[post("/auth/invitations/accept")]
async fn accept_invitation(
    pool: Data<Pool>,
    passwords: Data<Passwords>,
    address: ClientAddress,
    Valid(acceptance): Valid<InvitationAcceptance>,
) -> Result<HttpResponse> {
    let address = Client::new(address.0, None).throttle();
    actions::accept_invitation(&pool, &passwords, address, acceptance).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Log in
///
/// Returns the same error for a wrong password and for an unknown address. After five failed attempts for an
/// account, or fifty from an address, each attempt has to wait: 429 `too_many_attempts` with Retry-After.
#[utoipa::path(operation_id = "log_in", tag = "Authentication", request_body = Login,
    responses((status = 200, description = "Logged in", body = Tokens),
              (status = 401, description = "The email address or password is wrong"),
              (status = 429, description = "Too many failed attempts; wait as long as Retry-After says")))]
#[post("/auth/login")]
async fn log_in(
    request: HttpRequest,
    pool: Data<Pool>,
    keys: Data<Keys>,
    passwords: Data<Passwords>,
    limits: Data<SessionLimits>,
    address: ClientAddress,
    Valid(login): Valid<Login>,
) -> Result<HttpResponse> {
    let client = Client::new(address.0, user_agent(&request));
    let by_cookie = login.cookie;
    let pair = actions::log_in(&pool, &passwords, &keys, **limits, client, login).await?;
    Ok(answer(pair, by_cookie, &limits))
}

fn user_agent(request: &HttpRequest) -> Option<&str> {
    request.headers().get(header::USER_AGENT)?.to_str().ok()
}

fn answer(pair: TokenPair, by_cookie: bool, limits: &SessionLimits) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    let csrf = csrf_token(&pair.refresh_token);
    if by_cookie {
        set_cookies(
            &mut response,
            &pair.refresh_token,
            &csrf,
            limits.idle.num_seconds(),
        );
    }
    response.json(Tokens {
        access_token: pair.access_token,
        token_type: "Bearer",
        expires_in: ACCESS_SECONDS,
        refresh_token: Some(pair.refresh_token).filter(|_| !by_cookie),
        csrf_token: Some(csrf).filter(|_| by_cookie),
    })
}

/// Refresh the access token
///
/// Uses up the refresh token and returns the next one. Using a refresh token twice revokes the session.
#[utoipa::path(operation_id = "refresh_session", tag = "Authentication", request_body = Refresh,
    params(("X-CSRF-Token" = Option<String>, Header, description = "Required if the refresh token is in the cookie", example = "Zm9vYmFyYmF6cXV4")),
    responses((status = 200, description = "Refreshed", body = Tokens),
              (status = 401, description = "The refresh token is not valid; log in again"),
              (status = 403, description = "The header X-CSRF-Token is missing or wrong")))]
#[post("/auth/refresh")]
async fn refresh(
    request: HttpRequest,
    pool: Data<Pool>,
    keys: Data<Keys>,
    limits: Data<SessionLimits>,
    Valid(body): Valid<Refresh>,
) -> Result<HttpResponse> {
    let (old, by_cookie) = refresh_token_of(&request, body.refresh_token)?;
    let pair = actions::refresh(&pool, &keys, **limits, old).await?;
    Ok(answer(pair, by_cookie, &limits))
}

/// Log out
///
/// Revokes the session of the refresh token, used or not, and clears the cookies. Returns 204 for an unknown
/// token too.
#[utoipa::path(operation_id = "log_out", tag = "Authentication", request_body = Refresh,
    params(("X-CSRF-Token" = Option<String>, Header, description = "Required if the refresh token is in the cookie", example = "Zm9vYmFyYmF6cXV4")),
    responses((status = 204, description = "Logged out"),
              (status = 401, description = "The request has no refresh token"),
              (status = 403, description = "The header X-CSRF-Token is missing or wrong")))]
#[post("/auth/logout")]
async fn log_out(
    request: HttpRequest,
    pool: Data<Pool>,
    Valid(body): Valid<Refresh>,
) -> Result<HttpResponse> {
    let (token, by_cookie) = refresh_token_of(&request, body.refresh_token)?;
    pool.write(move |db| actions::log_out(db, &token)).await?;
    let mut response = HttpResponse::NoContent();
    if by_cookie {
        set_cookies(&mut response, "", "", 0);
    }
    Ok(response.finish())
}

/// Show the current user
///
/// Returns the user or app that the token belongs to, and its permissions.
#[utoipa::path(operation_id = "show_current_user", tag = "Authentication", security(("bearer" = ["account"])),
    responses((status = 200, description = "The current user", body = CurrentUser)))]
#[get("/auth/me")]
async fn show(caller: Caller<Account>, pool: Data<Pool>) -> Result<Json<CurrentUser>> {
    let user = match caller.principal().user() {
        Some(id) => Some(pool.read(move |db| users::store::find(db, id)).await?),
        None => None,
    };
    Ok(Json(CurrentUser::new(caller.principal(), user)))
}

/// Change your password
///
/// Revokes your other sessions. A wrong current password counts as a failed login.
#[utoipa::path(operation_id = "change_password", tag = "Authentication", security(("bearer" = ["account"])),
    request_body = NewPassword,
    responses((status = 204, description = "Changed"),
              (status = 401, description = "The token or the current password is wrong"),
              (status = 404, description = "The token doesn't belong to a session"),
              (status = 429, description = "Too many failed attempts; wait as long as Retry-After says")))]
#[post("/auth/password")]
async fn change_password(
    caller: Caller<Account>,
    pool: Data<Pool>,
    passwords: Data<Passwords>,
    Valid(new): Valid<NewPassword>,
) -> Result<HttpResponse> {
    let (id, current) = (caller.principal().session_user()?, caller.principal().session);
    actions::change_password(&pool, &passwords, id, current, new).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Returns the value that a page needs to use the cookie with this refresh token.
fn csrf_token(refresh_token: &str) -> String {
    let digest = Sha256::new().chain_update("csrf\n").chain_update(refresh_token);
    URL_SAFE_NO_PAD.encode(digest.finalize())
}

/// Sets the cookies of the refresh token and of its CSRF token for `seconds`. Zero seconds clear them.
fn set_cookies(response: &mut HttpResponseBuilder, refresh_token: &str, csrf: &str, seconds: i64) {
    let cookie = |name: &'static str, value: &str, path: &'static str, http_only: bool| {
        Cookie::build(name, value.to_owned())
            .path(path)
            .secure(true)
            .http_only(http_only)
            .same_site(SameSite::Strict)
            .max_age(time::Duration::seconds(seconds))
            .finish()
    };
    response.cookie(cookie(REFRESH_COOKIE, refresh_token, "/v1/auth", true));
    response.cookie(cookie(CSRF_COOKIE, csrf, "/", false));
}

/// Returns the refresh token of a request, from the body or else from the cookie, and whether it was a
/// cookie. A cookie counts only with the header, which a page of another site can neither read nor set.
fn refresh_token_of(request: &HttpRequest, body: Option<String>) -> Result<(String, bool)> {
    if let Some(token) = body {
        return Ok((token, false));
    }
    let token = request.cookie(REFRESH_COOKIE).ok_or_else(wrong_refresh_token)?;
    let token = token.value().to_owned();
    let header = request.headers().get(CSRF_HEADER);
    let header = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
    if secret::digest(header) == secret::digest(&csrf_token(&token)) {
        return Ok((token, true));
    }
    Err(Error::AccessDenied(Text::new(
        "X-CSRF-Token ヘッダーに、Cookie「__Secure-musubi_csrf」の値を指定してください。",
        "Send the header X-CSRF-Token with the value of the cookie __Secure-musubi_csrf.",
    )))
}
