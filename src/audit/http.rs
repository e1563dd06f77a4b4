//! The HTTP face of the audit.

use super::actions::views;
use super::{Act, AuditEntry, AuditFilter, store};
use crate::auth::{ReadAudit, http::Caller, http::sender};
use crate::db::Pool;
use crate::error::{Error, Fault, Result};
use crate::http::disclosure::impersonal;
use crate::http::query::check_length;
use crate::http::{Disclosure, Page, Query};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::get;
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::Data;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(AuditEntry);

/// How often entering what an answer shows is tried, and how long after a failure.
const MOST_TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(100);

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
pub async fn disclose(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, actix_web::Error> {
    let response = next.call(request).await?;
    Ok(match enter_people(&response).await {
        Ok(()) => response,
        // An error that is returned would leave as it is: without a body, an id and a line in the log.
        Err(error) => response.error_response(error),
    })
}

async fn enter_people(response: &ServiceResponse) -> Result<()> {
    let has_body = !matches!(
        response.response().body().size(),
        BodySize::None | BodySize::Sized(0)
    );
    let request = response.request();
    if !response.status().is_success() || !has_body || !request.path().starts_with("/v1/") {
        return Ok(());
    }
    let operation = || {
        let route = request.match_pattern().unwrap_or_default();
        format!("{} {route}", request.method())
    };
    let disclosure = response.response().extensions().get::<Disclosure>().cloned();
    let Some(Disclosure(mut people)) = disclosure else {
        let operation = operation();
        return Err(Error::Internal(format!(
            "{operation} doesn't say whose personal data it shows"
        )));
    };
    if people.is_empty() {
        return Ok(());
    }
    let sender = sender(request);
    people.retain(|id| !sender.as_ref().is_some_and(|sender| sender.is(*id)));
    people.sort_unstable();
    people.dedup();
    if people.is_empty() {
        return Ok(());
    }
    let operation = operation();
    let (Some(sender), Some(pool)) = (sender, request.app_data::<Data<Pool>>().cloned()) else {
        return Err(Error::Internal(format!(
            "{operation} shows personal data to an unknown caller"
        )));
    };
    let acts = views(&sender.actor(), Some(&operation), &people);
    let entered = enter(&pool, acts).await;
    let only_reads = [Method::GET, Method::HEAD].contains(request.method());
    entered.map_err(|error| if only_reads { error } else { unshown(&error) })
}

/// Enters acts, and tries again while others are in the way, unless that took long: the answer may be about something that is
/// written already. An entry whose commit got lost may come twice.
async fn enter(pool: &Pool, acts: Vec<Act>) -> Result<()> {
    let (acts, end) = (Arc::new(acts), Instant::now() + pool.longest_wait() / 2);
    let mut tries = 1;
    loop {
        let acts = Arc::clone(&acts);
        let entered = pool.write(move |db| store::append_all(db, &acts)).await;
        match entered {
            Err(Error::Fault {
                fault: Fault::Busy | Fault::TimedOut | Fault::Unreachable | Fault::OutcomeUnknown,
                ..
            }) if tries < MOST_TRIES && Instant::now() + PAUSE < end => {
                tries += 1;
                sleep(PAUSE).await;
            }
            other => return other,
        }
    }
}

/// What was written stays, but isn't shown. The client has to do what it does when the outcome is unknown: repeat the request
/// with its key, which shows the stored answer once that can be entered, or look.
fn unshown(error: &Error) -> Error {
    let reason = format!("the answer to a write can't be entered into the audit: {error}");
    Error::fault(Fault::OutcomeUnknown, reason)
}
