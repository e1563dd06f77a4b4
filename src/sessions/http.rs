//! The HTTP face of sessions. Rules are in `mod.rs`, `password.rs` and `throttle.rs`, SQL in `store.rs`.

use super::password::{self, Passwords};
use super::store::{self, Opened, Refreshed};
use super::throttle::Throttle;
use super::{
    ACCESS_SECONDS, Acceptance, Login, Me, NewPassword, Refresh, Session, Tokens, csrf_token,
    fresh_refresh_token, wrong_invitation, wrong_login, wrong_refresh,
};
use crate::audit::{self, Act, AuditAction};
use crate::auth::{Account, Claims, Keys, UserRole, http::Caller, secret};
use crate::config::SessionLimits;
use crate::db::{Id, Instant, Pool};
use crate::error::{Error, FieldError, Result, Text};
use crate::http::{ClientAddress, Page, PathId, Valid};
use crate::users::{self, NewUser, User};
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::http::header;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, delete, get, post};
use utoipa_actix_web::service_config::ServiceConfig;

const REFRESH_COOKIE: &str = "__Secure-musubi_refresh";
const CSRF_COOKIE: &str = "__Secure-musubi_csrf";
const CSRF_HEADER: &str = "x-csrf-token";

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(accept)
        .service(login)
        .service(refresh)
        .service(logout)
        .service(me)
        .service(change_password)
        .service(list)
        .service(end);
}

/// Accept an invitation
///
/// Chooses the password. The first administrator's link also asks for address and name.
#[utoipa::path(operation_id = "accept_invitation", tag = "Authentication", request_body = Acceptance,
    responses((status = 204, description = "The password is chosen: log in"),
              (status = 409, description = "The address has a user already"),
              (status = 429, description = "Too many attempts failed: Retry-After says when to go on")))]
#[post("/auth/invitations/accept")]
async fn accept(
    pool: Data<Pool>,
    passwords: Data<Passwords>,
    client: ClientAddress,
    Valid(acceptance): Valid<Acceptance>,
) -> Result<HttpResponse> {
    // Looked for first: hashing is slow, and not for everyone to ask for.
    let (token, address) = (acceptance.token.clone(), address_of(client));
    let known = pool.write(move |db| {
        let now = Instant::now();
        if users::store::has_invitation(db, &token, now)? {
            return Ok(true);
        }
        address.map_or(Ok(()), |address| store::attempt(db, &address, now))?;
        Ok(false)
    });
    if !known.await? {
        return Err(wrong_invitation());
    }
    let about = [acceptance.email.as_deref(), acceptance.name.as_deref()];
    let about: Vec<&str> = about.into_iter().flatten().collect();
    password::check(&acceptance.password, "/password", &about)?;
    let hash = passwords.hash(acceptance.password.clone()).await?;
    let accepted = pool.write(move |db| {
        let now = Instant::now();
        let whose = users::store::take_invitation(db, &acceptance.token, now)?;
        let id = match whose.ok_or_else(wrong_invitation)? {
            Some(id) => id,
            None => first_administrator(db, &acceptance, now)?,
        };
        users::store::set_password(db, id, &hash)?;
        store::end_others(db, id, None, now)
    });
    accepted.await?;
    Ok(HttpResponse::NoContent().finish())
}

fn first_administrator(db: &mut crate::db::Db, acceptance: &Acceptance, now: Instant) -> Result<Id> {
    if !users::store::is_empty(db)? {
        return Err(wrong_invitation());
    }
    let missing = |pointer: &str| {
        let rule = Text::new(
            "最初の管理者には必要です。",
            "The first administrator's is needed.",
        );
        FieldError::at(pointer, "missing_field", rule)
    };
    let mut faults = Vec::new();
    if acceptance.email.is_none() {
        faults.push(missing("/email"));
    }
    if acceptance.name.is_none() {
        faults.push(missing("/name"));
    }
    let (Some(email), Some(name)) = (&acceptance.email, &acceptance.name) else {
        return Err(Error::Invalid(faults));
    };
    let user = User::invite(Id::new(), NewUser::administrator(email, name), now);
    users::store::insert(db, &format!("{}:{}", UserRole::Admin.code(), user.id), &user)?;
    Ok(user.id)
}

/// Log in
///
/// The answer is the same for a wrong password and for an address that nobody has. After five failures for an
/// account, or fifty from an address, each further attempt has to wait: 429 `too_many_attempts` with Retry-After.
#[utoipa::path(operation_id = "log_in", tag = "Authentication", request_body = Login,
    responses((status = 200, description = "Logged in", body = Tokens),
              (status = 401, description = "The address or the password is wrong"),
              (status = 429, description = "Too many attempts failed: Retry-After says when to go on")))]
#[post("/auth/login")]
async fn login(
    request: HttpRequest,
    pool: Data<Pool>,
    keys: Data<Keys>,
    passwords: Data<Passwords>,
    limits: Data<SessionLimits>,
    client: ClientAddress,
    Valid(login): Valid<Login>,
) -> Result<HttpResponse> {
    let account = Throttle::account(&login.email);
    let address = address_of(client);
    let (counted, email) = ((account.clone(), address.clone()), login.email.to_lowercase());
    let found = pool.write(move |db| {
        let now = Instant::now();
        if let Some(address) = &counted.1 {
            store::attempt(db, address, now)?;
        }
        store::attempt(db, &counted.0, now)?;
        users::store::find_login(db, &email)
    });
    let (user, hash) = found.await?.unzip();
    let is_right = passwords.verify(login.password, hash).await?;
    let user = user.filter(|_| is_right).ok_or_else(wrong_login)?;
    let opened = Opened {
        address: client.0.map(|address| address.to_string()),
        user_agent: user_agent(&request),
    };
    let (token, id, limit) = (fresh_refresh_token()?, user.id, *limits.get_ref());
    let first = token.clone();
    let actor = format!("{}:{id}", user.details.role.code());
    let session = pool.write(move |db| {
        let now = Instant::now();
        store::succeed(db, &account, address.as_ref())?;
        users::store::logged_in(db, id, now)?;
        let session = store::insert(db, id, &opened, &first, now, &limit)?;
        audit::store::append(db, &Act::new(&actor, AuditAction::SessionOpened, id))?;
        Ok(session)
    });
    let session = session.await?;
    let access = access_token(&keys, user.id, user.details.role, session)?;
    Ok(answer(access, token, login.cookie, &limits))
}

fn address_of(client: ClientAddress) -> Option<Throttle> {
    client.0.map(|address| Throttle::address(&address.to_string()))
}

/// The first 200 characters of what the browser says of itself.
fn user_agent(request: &HttpRequest) -> Option<String> {
    let said = request.headers().get(header::USER_AGENT)?.to_str().ok()?;
    Some(said.chars().take(200).collect())
}

fn access_token(keys: &Keys, user: Id, role: UserRole, session: Id) -> Result<String> {
    let mut claims = Claims::new(role, user, chrono::Utc::now().timestamp(), ACCESS_SECONDS);
    claims.sid = Some(session);
    keys.sign(&claims)
}

fn answer(
    access_token: String,
    refresh_token: String,
    by_cookie: bool,
    limits: &SessionLimits,
) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    let csrf = csrf_token(&refresh_token);
    if by_cookie {
        set_cookies(&mut response, &refresh_token, &csrf, limits.idle.num_seconds());
    }
    response.json(Tokens {
        access_token,
        token_type: "Bearer",
        expires_in: ACCESS_SECONDS,
        refresh_token: Some(refresh_token).filter(|_| !by_cookie),
        csrf_token: Some(csrf).filter(|_| by_cookie),
    })
}

fn set_cookies(response: &mut HttpResponseBuilder, refresh_token: &str, csrf: &str, seconds: i64) {
    let cookie = |name: &'static str, value: &str, path: &'static str, hidden: bool| {
        Cookie::build(name, value.to_owned())
            .path(path)
            .secure(true)
            .http_only(hidden)
            .same_site(SameSite::Strict)
            .max_age(time::Duration::seconds(seconds))
            .finish()
    };
    response.cookie(cookie(REFRESH_COOKIE, refresh_token, "/v1/auth", true));
    response.cookie(cookie(CSRF_COOKIE, csrf, "/", false));
}

/// The refresh token of a request, and whether it came as a cookie. One that did counts only with the header that a
/// page of another site can neither read nor set.
fn presented(request: &HttpRequest, body: Refresh) -> Result<(String, bool)> {
    if let Some(token) = body.refresh_token {
        return Ok((token, false));
    }
    let token = request.cookie(REFRESH_COOKIE).ok_or_else(wrong_refresh)?;
    let token = token.value().to_owned();
    let header = request.headers().get(CSRF_HEADER);
    let said = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
    if secret::digest(said) == secret::digest(&csrf_token(&token)) {
        return Ok((token, true));
    }
    Err(Error::OutsideReach(Text::new(
        "X-CSRF-Token ヘッダーが必要です。",
        "The header X-CSRF-Token is needed, with the value of the cookie __Secure-musubi_csrf.",
    )))
}

/// Refresh the access token
///
/// With the refresh token of the last answer, which is then used up. One that comes a second time ends the session.
#[utoipa::path(operation_id = "refresh_session", tag = "Authentication", request_body = Refresh,
    params(("X-CSRF-Token" = Option<String>, Header, description = "Needed where the refresh token comes as a cookie", example = "Zm9vYmFyYmF6cXV4")),
    responses((status = 200, description = "Refreshed", body = Tokens),
              (status = 401, description = "The refresh token is not valid: log in again"),
              (status = 403, description = "The cookie came without the header X-CSRF-Token")))]
#[post("/auth/refresh")]
async fn refresh(
    request: HttpRequest,
    pool: Data<Pool>,
    keys: Data<Keys>,
    limits: Data<SessionLimits>,
    Valid(body): Valid<Refresh>,
) -> Result<HttpResponse> {
    let (old, by_cookie) = presented(&request, body)?;
    let (token, limit) = (fresh_refresh_token()?, *limits.get_ref());
    let next = token.clone();
    let refreshed = pool.write(move |db| {
        let refreshed = store::refresh(db, &old, &next, Instant::now(), &limit)?;
        let user = match &refreshed {
            Refreshed::Yes { user, .. } => Some(users::store::find(db, *user)?),
            Refreshed::Reused { user, .. } => {
                let reused = Act::new("anonymous", AuditAction::RefreshTokenReused, *user);
                audit::store::append(db, &reused)?;
                None
            }
            Refreshed::No => None,
        };
        Ok((refreshed, user))
    });
    match refreshed.await? {
        (Refreshed::Yes { session, .. }, Some(user)) => {
            let access = access_token(&keys, user.id, user.details.role, session)?;
            Ok(answer(access, token, by_cookie, &limits))
        }
        (Refreshed::Reused { session, user }, _) => {
            tracing::warn!(%session, %user, "a refresh token came a second time: the session is ended");
            Err(wrong_refresh())
        }
        _ => Err(wrong_refresh()),
    }
}

/// Log out
///
/// Ends the session of the refresh token, used or not, and clears the cookies. The answer tells nothing else.
#[utoipa::path(operation_id = "log_out", tag = "Authentication", request_body = Refresh,
    params(("X-CSRF-Token" = Option<String>, Header, description = "Needed where the refresh token comes as a cookie", example = "Zm9vYmFyYmF6cXV4")),
    responses((status = 204, description = "Logged out"),
              (status = 401, description = "No refresh token came"),
              (status = 403, description = "The cookie came without the header X-CSRF-Token")))]
#[post("/auth/logout")]
async fn logout(request: HttpRequest, pool: Data<Pool>, Valid(body): Valid<Refresh>) -> Result<HttpResponse> {
    let (token, by_cookie) = presented(&request, body)?;
    let ended = pool.write(move |db| match store::session_of(db, &token)? {
        Some((session, _)) => store::end(db, session, Instant::now()),
        None => Ok(()),
    });
    ended.await?;
    let mut response = HttpResponse::NoContent();
    if by_cookie {
        set_cookies(&mut response, "", "", 0);
    }
    Ok(response.finish())
}

/// Who am I?
///
/// The user or app that the token stands for, and what it may do.
#[utoipa::path(operation_id = "show_me", tag = "Authentication", security(("bearer" = ["account"])),
    responses((status = 200, description = "The caller", body = Me)))]
#[get("/auth/me")]
async fn me(caller: Caller<Account>, pool: Data<Pool>) -> Result<Json<Me>> {
    let user = match own_id(&caller) {
        Some(id) => Some(pool.read(move |db| users::store::find(db, id)).await?),
        None => None,
    };
    Ok(Json(Me::of(caller.principal(), user)))
}

/// The id of the user whose session this is.
fn own_id(caller: &Caller<Account>) -> Option<Id> {
    let principal = caller.principal();
    principal.session?;
    principal.subject.parse().ok().map(Id)
}

fn of_a_session(caller: &Caller<Account>) -> Result<Id> {
    own_id(caller).ok_or_else(|| Error::not_found("このトークンのセッション", "session of this token"))
}

/// Change the password
///
/// Ends all other sessions. Wrong current passwords count as failed logins do.
#[utoipa::path(operation_id = "change_password", tag = "Authentication", security(("bearer" = ["account"])),
    request_body = NewPassword,
    responses((status = 204, description = "Changed"),
              (status = 401, description = "The token, or the current password, is wrong"),
              (status = 404, description = "The token belongs to no session"),
              (status = 429, description = "Too many attempts failed: Retry-After says when to go on")))]
#[post("/auth/password")]
async fn change_password(
    caller: Caller<Account>,
    pool: Data<Pool>,
    passwords: Data<Passwords>,
    Valid(new): Valid<NewPassword>,
) -> Result<HttpResponse> {
    let id = of_a_session(&caller)?;
    let found = pool.write(move |db| {
        let user = users::store::find(db, id)?;
        store::attempt(db, &Throttle::account(&user.details.email), Instant::now())?;
        Ok((user, users::store::password_hash(db, id)?))
    });
    let (user, hash) = found.await?;
    if !passwords.verify(new.current_password, hash).await? {
        return Err(wrong_login());
    }
    let details = &user.details;
    password::check(
        &new.new_password,
        "/new_password",
        &[&details.email, &details.name],
    )?;
    let (hash, session) = (
        passwords.hash(new.new_password).await?,
        caller.principal().session,
    );
    let changed = pool.write(move |db| {
        store::succeed(db, &Throttle::account(&user.details.email), None)?;
        users::store::set_password(db, id, &hash)?;
        store::end_others(db, id, session, Instant::now())
    });
    changed.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// List one's own sessions
///
/// Those that go on, newest first.
#[utoipa::path(operation_id = "list_sessions", tag = "Authentication", security(("bearer" = ["account"])),
    responses((status = 200, description = "The sessions", body = Page<Session>)))]
#[get("/auth/sessions")]
async fn list(caller: Caller<Account>, pool: Data<Pool>) -> Result<Page<Session>> {
    let current = caller.principal().session;
    let Some(user) = own_id(&caller) else {
        return Ok(Page::all(Vec::new()));
    };
    let found = pool.read(move |db| store::list(db, user, current, Instant::now()));
    Ok(Page::all(found.await?))
}

/// End one of one's own sessions
///
/// Its tokens are void from the next request.
#[utoipa::path(operation_id = "end_session", tag = "Authentication", security(("bearer" = ["account"])),
    params(("id" = Id, Path, description = "The session")),
    responses((status = 204, description = "Ended")))]
#[delete("/auth/sessions/{id}")]
async fn end(caller: Caller<Account>, pool: Data<Pool>, id: PathId) -> Result<HttpResponse> {
    let user = of_a_session(&caller)?;
    let ended = pool.write(move |db| store::end_own(db, user, id.0, Instant::now()));
    ended.await?;
    Ok(HttpResponse::NoContent().finish())
}
