//! The HTTP face of logging in.

use super::actions::{self, TokenPair};
use super::{
    CurrentSession, CurrentUser, InvitationAcceptance, InvitationToken, InvitationView, Login, NewPassword,
    Refresh, Tokens, wrong_refresh_token,
};
use crate::auth::{ACCESS_SECONDS, Account, Keys, access_denied, http::Caller, secret};
use crate::catalogue::Catalogues;
use crate::config::{FrontendUrl, SessionLimits};
use crate::db::{Db, Pool};
use crate::error::{Error, Result, Text};
use crate::http::cors::Origins;
use crate::http::disclosure::{impersonal, json};
use crate::http::{ClientAddress, Json, Valid};
use crate::sessions::store::DEVICE_DAYS;
use crate::sessions::{Client, Devices};
use crate::users;
use crate::users::password::Passwords;
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use utoipa_actix_web::service_config::ServiceConfig;

const REFRESH_COOKIE: &str = "__Secure-musubi_refresh";
const DEVICE_COOKIE: &str = "__Secure-musubi_device";
const CSRF_HEADER: &str = "x-csrf-token";

impersonal!(CurrentSession, InvitationView, Tokens);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(show_invitation)
        .service(accept_invitation)
        .service(log_in)
        .service(show_session)
        .service(refresh)
        .service(log_out)
        .service(show)
        .service(change_password);
}

/// Show an invitation
///
/// Returns who invites whom, and to what. The secret is in the body, so that no log of URLs has it. A secret
/// that is wrong counts for your address; a right one is never refused.
#[utoipa::path(operation_id = "show_invitation", tag = "Authentication", request_body = InvitationToken,
    responses((status = 200, description = "The invitation", body = InvitationView),
              (status = 429, description = "Too many failed attempts; wait as long as Retry-After says")))]
#[post("/auth/invitations/show")]
async fn show_invitation(
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    frontend: Data<FrontendUrl>,
    address: ClientAddress,
    Valid(invitation): Valid<InvitationToken>,
) -> Result<HttpResponse> {
    let (client, login_url) = (Client::new(address.0, None), frontend.0.clone());
    let catalogue = move |db: &mut Db| catalogues.current(db);
    let view = actions::show_invitation(&pool, catalogue, login_url, client, invitation.token).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(json(&mut response, &view))
}

/// Accept an invitation
///
/// Sets the user's password and ends their sessions. With the first administrator's link, send an email
/// address and a name too. The device is known from then on, as after a login.
#[utoipa::path(operation_id = "accept_invitation", tag = "Authentication", request_body = InvitationAcceptance,
    responses((status = 204, description = "The password is set; you can log in"),
              (status = 409, description = "A user with this address exists"),
              (status = 429, description = "Too many failed attempts; wait as long as Retry-After says")))]
#[post("/auth/invitations/accept")]
async fn accept_invitation(
    request: HttpRequest,
    pool: Data<Pool>,
    passwords: Data<Passwords>,
    address: ClientAddress,
    Valid(acceptance): Valid<InvitationAcceptance>,
) -> Result<HttpResponse> {
    let (client, devices) = (Client::new(address.0, None), devices(&request));
    let devices = actions::accept_invitation(&pool, &passwords, client, devices, acceptance).await?;
    let mut response = HttpResponse::NoContent();
    response.cookie(device_cookie(&devices));
    Ok(response.finish())
}

/// Log in
///
/// Returns the same error for a wrong password and for an unknown address. After five failed attempts for an
/// account from one address, fifty from one address, or a hundred for an account from everywhere, each
/// further attempt has to wait: 429 `too_many_attempts` with Retry-After. A device from which you have logged
/// in before is recognised by the cookie `__Secure-musubi_device`, and waits only after its own failures.
#[utoipa::path(operation_id = "log_in", tag = "Authentication", request_body = Login,
    responses((status = 200, description = "Logged in", body = Tokens),
              (status = 401, description = "The email address or password is wrong"),
              (status = 429, description = "Too many failed attempts; wait as long as Retry-After says"),
              (status = 503, description = "Too many people are logging in at the moment")))]
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
    let (by_cookie, devices) = (login.cookie, devices(&request));
    let logged_in = actions::log_in(&pool, &passwords, &keys, **limits, client, devices, login);
    let (pair, devices) = logged_in.await?;
    let mut response = answer(pair, by_cookie, &limits);
    let added = response.add_cookie(&device_cookie(&devices));
    added.map_err(|e| Error::Internal(format!("a cookie can't be set: {e}")))?;
    Ok(response)
}

fn devices(request: &HttpRequest) -> Devices {
    let cookie = request.cookie(DEVICE_COOKIE);
    cookie
        .map(|cookie| Devices::parse(cookie.value()))
        .unwrap_or_default()
}

fn device_cookie(devices: &Devices) -> Cookie<'static> {
    cookie(DEVICE_COOKIE, &devices.text(), DEVICE_DAYS * 86_400)
}

/// Makes a cookie for this part of the API, which scripts and other sites can't read. Zero seconds clear it.
fn cookie(name: &'static str, value: &str, seconds: i64) -> Cookie<'static> {
    Cookie::build(name, value.to_owned())
        .path("/v1/auth")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(time::Duration::seconds(seconds))
        .finish()
}

fn user_agent(request: &HttpRequest) -> Option<&str> {
    request.headers().get(header::USER_AGENT)?.to_str().ok()
}

fn answer(pair: TokenPair, by_cookie: bool, limits: &SessionLimits) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    let csrf = csrf_token(&pair.refresh_token);
    if by_cookie {
        response.cookie(cookie(
            REFRESH_COOKIE,
            &pair.refresh_token,
            limits.idle.num_seconds(),
        ));
    }
    let tokens = Tokens {
        access_token: pair.access_token,
        token_type: "Bearer",
        expires_in: ACCESS_SECONDS,
        refresh_token: Some(pair.refresh_token).filter(|_| !by_cookie),
        csrf_token: Some(csrf).filter(|_| by_cookie),
    };
    json(&mut response, &tokens)
}

/// Show the session of the cookie
///
/// For pages that keep the refresh token in the cookie: after a reload, this returns the CSRF token, which the
/// next refresh needs. Call it with credentials from an origin in `MUSUBI_CORS_ORIGINS` or from this server's
/// own pages; pages of other origins, also of partners, get 403. 401 means: log in.
#[utoipa::path(operation_id = "show_session", tag = "Authentication",
    responses((status = 200, description = "The session", body = CurrentSession),
              (status = 401, description = "There is no cookie, or its session has ended; log in"),
              (status = 403, description = "The page's origin may not continue sessions")))]
#[get("/auth/session")]
async fn show_session(
    request: HttpRequest,
    pool: Data<Pool>,
    limits: Data<SessionLimits>,
    origins: Data<Origins>,
) -> Result<HttpResponse> {
    let origin = request.headers().get(header::ORIGIN);
    if origin.is_some_and(|origin| !origins.is_configured(origin)) {
        return Err(access_denied());
    }
    let token = request.cookie(REFRESH_COOKIE).ok_or_else(wrong_refresh_token)?;
    let (token, csrf) = (token.value().to_owned(), csrf_token(token.value()));
    let session = actions::show_session(&pool, **limits, token, csrf).await?;
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(json(&mut response, &session))
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
        response.cookie(cookie(REFRESH_COOKIE, "", 0));
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
        Some(id) => Some(pool.lookup(move |db| users::store::find(db, id)).await?),
        None => None,
    };
    Ok(Json(CurrentUser::new(caller.principal(), user)))
}

/// Change your password
///
/// Revokes your other sessions, deletes your feeds, and switches your own webhooks off: whoever knew the old password may have
/// added some. Enable a webhook again once you have looked at its address. After five wrong current passwords, each further
/// attempt in the same session has to wait.
#[utoipa::path(operation_id = "change_password", tag = "Authentication", security(("bearer" = ["account"])),
    request_body = NewPassword,
    responses((status = 204, description = "Changed"),
              (status = 401, description = "The token or the current password is wrong"),
              (status = 403, description = "The token lacks the scope, or belongs to no user (`login_required`)"),
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
    let (code, detail) = if header.is_empty() {
        (
            "missing_csrf_token",
            Text::new(
                "X-CSRF-Token ヘッダーに、csrf_token の値を指定してください。再読み込みのあとは GET /v1/auth/session で取得できます。",
                "Send the header X-CSRF-Token with the value of csrf_token. After a reload, GET /v1/auth/session returns it.",
            ),
        )
    } else {
        (
            "wrong_csrf_token",
            Text::new(
                "X-CSRF-Token が一致しません。GET /v1/auth/session で取得し直してください。",
                "X-CSRF-Token doesn't match. Get it again from GET /v1/auth/session.",
            ),
        )
    };
    Err(Error::AccessDenied { code, detail })
}
