//! The operations of people without an account: they register for a published event, and get a secret.

use crate::db::{Db, Id, Instant, Pool};
use crate::error::Result;
use crate::events::answers::{AnswerNote, SecretAnswers};
use crate::events::receipts;
use crate::events::registration::{NewGuest, Receipt, ReceiptSecret};
use crate::http::disclosure::{impersonal, json};
use crate::http::{Answer, ClientAddress, PathId, Submission, Valid};
use crate::sessions::Client;
use crate::sessions::throttle::PublicWrite;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(Receipt);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(register)
        .service(show)
        .service(cancel)
        .service(answer);
}

/// Register for a published event
///
/// Without an account. The answer has a secret with which you show and cancel the registration and answer the questionnaire:
/// keep it, it is shown once. `/registration?secret=…` is a page for the same. The requests of an address are slowed down (429), guests from one network can have a quarter of the
/// places (409 `share_taken`), and `website` has to stay empty.
#[utoipa::path(operation_id = "create_guest_registration", tag = "Events",
    params(("id" = Id, Path, description = "The event")), request_body = NewGuest,
    responses((status = 201, description = "Registered, or waiting", body = Receipt),
              (status = 409, description = "Registration is closed, all places are taken, or the person is registered"),
              (status = 429, description = "Too many registrations; wait as long as Retry-After says")))]
#[post("/events/{id}/guest-registrations")]
async fn register(
    pool: Data<Pool>,
    address: ClientAddress,
    id: PathId,
    new: Submission<NewGuest>,
) -> Result<HttpResponse> {
    let client = Client::new(address.0, None);
    let submitter = receipts::slow_down(&pool, PublicWrite::Registration, client.clone()).await?;
    let insert = move |db: &mut Db, guest: NewGuest| {
        let (of, receipt) = receipts::register(db, &client, id.0, guest, Instant::now())?;
        let location = format!("/v1/events/{}", id.0);
        Ok(Answer::created(location, of, 1, &receipt)?.showing_once(&["/secret"]))
    };
    new.write(&pool, submitter, insert).await
}

/// Show a registration with its secret
///
/// With what became of its event: where that is cancelled or was moved, `notice` says why. The secret is in the body, so that no
/// log of URLs has it. One that is wrong counts for your address.
#[utoipa::path(operation_id = "show_guest_registration", tag = "Events", request_body = ReceiptSecret,
    responses((status = 200, description = "The registration", body = Receipt),
              (status = 429, description = "Too many failed attempts; wait as long as Retry-After says")))]
#[post("/registration-secrets/show")]
async fn show(
    pool: Data<Pool>,
    address: ClientAddress,
    Valid(of): Valid<ReceiptSecret>,
) -> Result<HttpResponse> {
    let receipt = receipts::show(&pool, Client::new(address.0, None), of.secret).await?;
    Ok(unstored(&receipt))
}

/// Cancel a registration with its secret
///
/// Forgets who you are; that a registration was cancelled stays. The place goes to who has waited longest. Once more changes
/// nothing.
#[utoipa::path(operation_id = "cancel_guest_registration", tag = "Events", request_body = ReceiptSecret,
    responses((status = 204, description = "Cancelled"),
              (status = 429, description = "Too many failed attempts; wait as long as Retry-After says")))]
#[post("/registration-secrets/cancel")]
async fn cancel(
    pool: Data<Pool>,
    address: ClientAddress,
    Valid(of): Valid<ReceiptSecret>,
) -> Result<HttpResponse> {
    receipts::cancel(&pool, Client::new(address.0, None), of.secret).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Answer a questionnaire with the secret of a registration
///
/// Once, from the begin of the event on. The answers don't say who gave them.
#[utoipa::path(operation_id = "answer_guest_questionnaire", tag = "Events", request_body = SecretAnswers,
    responses((status = 200, description = "Taken", body = AnswerNote),
              (status = 409, description = "There is no questionnaire, or it was answered already"),
              (status = 429, description = "Too many failed attempts; wait as long as Retry-After says")))]
#[post("/registration-secrets/answer")]
async fn answer(
    pool: Data<Pool>,
    address: ClientAddress,
    Valid(answers): Valid<SecretAnswers>,
) -> Result<HttpResponse> {
    let note = receipts::answer(&pool, Client::new(address.0, None), answers).await?;
    Ok(unstored(&note))
}

/// Answers with a body that no cache keeps.
fn unstored<T: serde::Serialize + crate::http::Discloses>(body: &T) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    json(&mut response, body)
}
