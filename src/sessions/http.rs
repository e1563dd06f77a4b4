//! The HTTP face of sessions.

use super::{Session, store};
use crate::auth::{Account, http::Caller};
use crate::db::{Id, Instant, Pool};
use crate::error::Result;
use crate::http::disclosure::impersonal;
use crate::http::{Page, PathId};
use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get};
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(Session);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list).service(revoke);
}

/// List your sessions
///
/// Returns active sessions, newest first.
#[utoipa::path(operation_id = "list_sessions", tag = "Authentication", security(("bearer" = ["account"])),
    responses((status = 200, description = "Active sessions", body = Page<Session>)))]
#[get("/auth/sessions")]
async fn list(caller: Caller<Account>, pool: Data<Pool>) -> Result<Page<Session>> {
    let current = caller.principal().session;
    let Some(user) = caller.principal().user() else {
        return Ok(Page::all(Vec::new()));
    };
    let found = pool.read(move |db| store::list(db, user, current, Instant::now()));
    Ok(Page::all(found.await?))
}

/// Revoke a session
///
/// Its tokens stop working with the next request.
#[utoipa::path(operation_id = "revoke_session", tag = "Authentication", security(("bearer" = ["account"])),
    params(("id" = Id, Path, description = "The session")),
    responses((status = 204, description = "Revoked")))]
#[delete("/auth/sessions/{id}")]
async fn revoke(caller: Caller<Account>, pool: Data<Pool>, id: PathId) -> Result<HttpResponse> {
    let user = caller.principal().session_user()?;
    let revoked = pool.write(move |db| store::revoke_own(db, user, id.0, Instant::now()));
    revoked.await?;
    Ok(HttpResponse::NoContent().finish())
}
