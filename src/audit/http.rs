//! The HTTP face of the audit.

use super::{AuditEntry, AuditFilter, store};
use crate::auth::{ReadAudit, http::Caller};
use crate::db::Pool;
use crate::error::Result;
use crate::http::query::check_length;
use crate::http::{Page, Query};
use actix_web::get;
use actix_web::web::Data;
use utoipa_actix_web::service_config::ServiceConfig;

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
