//! The HTTP face of the audit.

use super::actions::views;
use super::{AuditEntry, AuditFilter, store};
use crate::auth::{ReadAudit, http::Caller, http::sender};
use crate::db::Pool;
use crate::error::{Error, Result};
use crate::http::disclosure::impersonal;
use crate::http::query::check_length;
use crate::http::{Disclosure, Page, Query};
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::get;
use actix_web::middleware::Next;
use actix_web::web::Data;
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(AuditEntry);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list);
}

/// List audit entries
///
/// Returns entries newest first: each time someone viewed another person's data, and each decision about
/// permissions, consents and erasures. Entries contain ids only. `musubi audit verify` checks the chain of
/// hashes.
#[utoipa::path(operation_id = "list_audit", tag = "Audit", security(("bearer" = ["audit:read"])),
    params(AuditFilter), responses((status = 200, description = "One page", body = Page<AuditEntry>)))]
#[get("/audit")]
async fn list(
    _: Caller<ReadAudit>,
    pool: Data<Pool>,
    filter: Query<AuditFilter>,
) -> Result<Page<AuditEntry>> {
    check_length("actor", &filter.0.actor, 200)?;
    pool.read(move |db| store::list(db, &filter.0)).await
}

/// Enters whose personal data an answer shows to somebody else, before it leaves. An answer with a body that doesn't say
/// whose data it shows does not leave at all.
pub async fn disclose<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let response = next.call(request).await?;
    let has_body = !matches!(
        response.response().body().size(),
        BodySize::None | BodySize::Sized(0)
    );
    let request = response.request();
    if !response.status().is_success() || !has_body || !request.path().starts_with("/v1/") {
        return Ok(response);
    }
    let operation = || {
        let route = request.match_pattern().unwrap_or_default();
        format!("{} {route}", request.method())
    };
    let disclosure = response.response().extensions().get::<Disclosure>().cloned();
    let Some(Disclosure(mut people)) = disclosure else {
        let operation = operation();
        return Err(Error::Internal(format!("{operation} doesn't say whose personal data it shows")).into());
    };
    if people.is_empty() {
        return Ok(response);
    }
    let sender = sender(request);
    people.retain(|id| !sender.as_ref().is_some_and(|sender| sender.is(*id)));
    people.sort_unstable();
    people.dedup();
    if people.is_empty() {
        return Ok(response);
    }
    let operation = operation();
    let (Some(sender), Some(pool)) = (sender, request.app_data::<Data<Pool>>().cloned()) else {
        return Err(Error::Internal(format!("{operation} shows personal data to an unknown caller")).into());
    };
    let acts = views(&sender.actor(), Some(&operation), &people);
    pool.write(move |db| store::append_all(db, &acts)).await?;
    Ok(response)
}
