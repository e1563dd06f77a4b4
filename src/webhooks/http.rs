//! The HTTP operations of webhooks.

use super::delivering::Links;
use super::{
    Client, DeliveryFilter, NewReplay, NewSecret, NewWebhook, NoOptions, Replay, SecretRenewal, Webhook,
    WebhookDelivery, WebhookWithSecret, actions, store,
};
use crate::auth::{ReadWebhooks, WriteWebhooks, http::Caller};
use crate::config::PublicUrl;
use crate::db::{Db, Id, Pool};
use crate::error::{Error, Result};
use crate::following::Feed;
use crate::http::disclosure::impersonal;
use crate::http::query::path_id;
use crate::http::{Answer, Entity, IfMatch, Json, Page, Paging, Patch, PathId, Query, Submission};
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use utoipa_actix_web::service_config::ServiceConfig;

impersonal!(NewSecret, Replay, Webhook, WebhookDelivery, WebhookWithSecret);

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list)
        .service(create)
        .service(show)
        .service(update)
        .service(remove)
        .service(renew_secret)
        .service(remove_secret)
        .service(test)
        .service(replay_failed)
        .service(list_deliveries)
        .service(show_delivery)
        .service(replay_one);
}

/// List webhooks
///
/// Oldest first: a partner its own, an administrator all.
#[utoipa::path(operation_id = "list_webhooks", tag = "Webhooks", security(("bearer" = ["webhooks:read"])),
    params(Paging), responses((status = 200, description = "One page", body = Page<Webhook>)))]
#[get("/webhooks")]
async fn list(
    caller: Caller<ReadWebhooks>,
    pool: Data<Pool>,
    filter: Query<Paging>,
) -> Result<Page<Webhook>> {
    let reach = caller.reach();
    pool.read(move |db| store::list(db, &reach, &filter.0)).await
}

/// Finds out where a URL leads, before a transaction begins.
async fn check(client: &Data<Client>, url: &str) -> Result<()> {
    let (client, url) = (client.clone(), url.to_owned());
    let checked = web::block(move || client.check(&url)).await;
    checked.map_err(|e| Error::Internal(format!("a URL can't be checked: {e}")))?
}

/// Register a webhook
///
/// From the next change on, Musubi sends a signed message to `url` for each change that `GET /v1/changes` would list for
/// you, limited to `types`. The secret is shown only once; verify signatures with it as the Standard Webhooks specification
/// says. A partner or a user can have up to 10 webhooks (409 `too_many_webhooks`). The host has to have addresses in the
/// public internet only (422 `refused_address`, `unresolved_host`), and the URL has to begin with https (`insecure_url`).
#[utoipa::path(operation_id = "create_webhook", tag = "Webhooks", security(("bearer" = ["webhooks:write"])),
    request_body = NewWebhook,
    responses((status = 201, description = "Registered", body = WebhookWithSecret),
              (status = 403, description = "The token lacks the scope, or belongs to no user and no partner (`login_required`)"),
              (status = 409, description = "You have 10 webhooks")))]
#[post("/webhooks")]
async fn create(
    caller: Caller<WriteWebhooks>,
    pool: Data<Pool>,
    feed: Data<Feed>,
    client: Data<Client>,
    new: Submission<NewWebhook>,
) -> Result<HttpResponse> {
    let principal = caller.principal().clone();
    actions::owner(&principal)?;
    check(&client, &new.valid()?.url).await?;
    let register = move |db: &mut Db, new: NewWebhook| {
        let position = |sight: &_, seq| feed.position(sight, seq);
        let made = actions::register(db, &principal, position, &new)?;
        let (id, version) = (made.webhook.id, made.webhook.version);
        let answer = Answer::created(format!("/v1/webhooks/{id}"), id, version, &made)?;
        Ok(answer.showing_once(&["/secret/secret"]))
    };
    new.write(&pool, caller.submitter(), register).await
}

/// Show a webhook
///
/// With its state, and the ids of its secrets, but never the secrets.
#[utoipa::path(operation_id = "show_webhook", tag = "Webhooks", security(("bearer" = ["webhooks:read"])),
    params(("id" = Id, Path, description = "The webhook")),
    responses((status = 200, description = "The webhook", body = Webhook)))]
#[get("/webhooks/{id}")]
async fn show(caller: Caller<ReadWebhooks>, pool: Data<Pool>, id: PathId) -> Result<Entity<Webhook>> {
    let reach = caller.reach();
    let found = pool.read(move |db| store::find(db, &reach, id.0)).await?;
    Ok(Entity::composed(found.version, found))
}

/// Update a webhook
///
/// Send a JSON Merge Patch. With `{"enabled": false}` sending stops; changes wait in the log for 30 days. With
/// `{"enabled": true}` it goes on, also after Musubi switched the webhook off: with the messages that waited, then with
/// the changes since. A new URL is checked like a first one, and gets at once what waits.
#[utoipa::path(operation_id = "update_webhook", tag = "Webhooks", security(("bearer" = ["webhooks:write"])),
    params(("id" = Id, Path, description = "The webhook")),
    request_body(content = inline(WebhookPatch), content_type = "application/merge-patch+json",
        example = json!({"enabled": true})),
    responses((status = 200, description = "Updated", body = Webhook)))]
#[patch("/webhooks/{id}")]
async fn update(
    caller: Caller<WriteWebhooks>,
    pool: Data<Pool>,
    client: Data<Client>,
    id: PathId,
    if_match: IfMatch,
    patch: WebhookPatch,
) -> Result<Entity<Webhook>> {
    let (principal, reach) = (caller.principal().clone(), caller.reach());
    let before = pool.read({
        let reach = reach.clone();
        move |db| store::find(db, &reach, id.0)
    });
    let before = before.await?;
    if_match.check(before.version)?;
    let new = patch.apply(&before.details)?;
    if new.url != before.details.url {
        check(&client, &new.url).await?;
    }
    let change = move |db: &mut Db| actions::change(db, &principal, &reach, id.0, &if_match, &patch);
    let changed = pool.write(change).await?;
    Ok(Entity::composed(changed.version, changed))
}
type WebhookPatch = Patch<NewWebhook>;

/// Remove a webhook
///
/// With its secrets, the messages that wait and the log of its messages.
#[utoipa::path(operation_id = "remove_webhook", tag = "Webhooks", security(("bearer" = ["webhooks:write"])),
    params(("id" = Id, Path, description = "The webhook")),
    responses((status = 204, description = "Removed")))]
#[delete("/webhooks/{id}")]
async fn remove(
    caller: Caller<WriteWebhooks>,
    pool: Data<Pool>,
    id: PathId,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let (actor, reach) = (caller.actor(), caller.reach());
    pool.write(move |db| actions::remove(db, &actor, &reach, id.0, &if_match))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Renew the secret of a webhook
///
/// Returns a new secret, which is shown only once. For `keep_old_hours` messages have two signatures, one with each secret,
/// so that the receiver can change secrets at any moment of that time. There are at most two secrets (409
/// `too_many_secrets`).
#[utoipa::path(operation_id = "renew_webhook_secret", tag = "Webhooks", security(("bearer" = ["webhooks:write"])),
    params(("id" = Id, Path, description = "The webhook")), request_body = SecretRenewal,
    responses((status = 201, description = "The secret", body = NewSecret),
              (status = 409, description = "The webhook has two secrets")))]
#[post("/webhooks/{id}/secrets")]
async fn renew_secret(
    caller: Caller<WriteWebhooks>,
    pool: Data<Pool>,
    id: PathId,
    new: Submission<SecretRenewal>,
) -> Result<HttpResponse> {
    let (actor, reach) = (caller.actor(), caller.reach());
    let renew = move |db: &mut Db, renewal: SecretRenewal| {
        let (webhook, secret) = actions::renew_secret(db, &actor, &reach, id.0, &renewal)?;
        let location = format!("/v1/webhooks/{}", webhook.id);
        let answer = Answer::created(location, webhook.id, webhook.version, &secret)?;
        Ok(answer.showing_once(&["/secret"]))
    };
    new.write(&pool, caller.submitter(), renew).await
}

/// Remove a secret of a webhook
///
/// Messages are no longer signed with it. The last secret can't be removed (409 `last_secret`).
#[utoipa::path(operation_id = "remove_webhook_secret", tag = "Webhooks", security(("bearer" = ["webhooks:write"])),
    params(("id" = Id, Path, description = "The webhook"), ("secret_id" = Id, Path, description = "The secret")),
    responses((status = 204, description = "Removed"), (status = 409, description = "It is the last secret")))]
#[delete("/webhooks/{id}/secrets/{secret_id}")]
async fn remove_secret(
    caller: Caller<WriteWebhooks>,
    request: HttpRequest,
    pool: Data<Pool>,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let (actor, reach) = (caller.actor(), caller.reach());
    let of = (path_id(&request, "id")?, path_id(&request, "secret_id")?);
    pool.write(move |db| actions::remove_secret(db, &actor, &reach, of, &if_match))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Test a webhook
///
/// Sends one message of type `webhook.test`, even if the webhook is not enabled, and doesn't try it again. Read the delivery
/// to see how the receiver answered. The result changes nothing about the webhook.
#[utoipa::path(operation_id = "test_webhook", tag = "Webhooks", security(("bearer" = ["webhooks:write"])),
    params(("id" = Id, Path, description = "The webhook")), request_body = NoOptions,
    responses((status = 201, description = "The message is on its way", body = WebhookDelivery),
              (status = 409, description = "1,000 messages wait already (`full_queue`)")))]
#[post("/webhooks/{id}/test")]
async fn test(
    caller: Caller<WriteWebhooks>,
    pool: Data<Pool>,
    public_url: Data<PublicUrl>,
    id: PathId,
    new: Submission<NoOptions>,
) -> Result<HttpResponse> {
    let reach = caller.reach();
    let test = move |db: &mut Db, NoOptions {}: NoOptions| {
        let links = Links(public_url.0.clone());
        let delivery = actions::test(db, &reach, id.0, &links)?;
        let location = format!("/v1/webhooks/{}/deliveries/{}", id.0, delivery.id);
        Answer::created(location, delivery.id, 1, &delivery)
    };
    new.write(&pool, caller.submitter(), test).await
}

/// Send failed messages again
///
/// All that failed, or those about changes after a position, the oldest first, as many as have room in the queue. Each has
/// the id that it had.
#[utoipa::path(operation_id = "replay_failed_webhook_deliveries", tag = "Webhooks", security(("bearer" = ["webhooks:write"])),
    params(("id" = Id, Path, description = "The webhook")), request_body = NewReplay,
    responses((status = 200, description = "How many", body = Replay)))]
#[post("/webhooks/{id}/replay")]
async fn replay_failed(
    caller: Caller<WriteWebhooks>,
    pool: Data<Pool>,
    id: PathId,
    new: Submission<NewReplay>,
) -> Result<HttpResponse> {
    let reach = caller.reach();
    let replay = move |db: &mut Db, new: NewReplay| {
        let replayed = actions::replay_failed(db, &reach, id.0, &new)?;
        Answer::of_batch(&replayed)
    };
    new.write(&pool, caller.submitter(), replay).await
}

/// List the messages of a webhook
///
/// Newest first, with what became of them. Those that arrived are kept for 7 days, the others for 30.
#[utoipa::path(operation_id = "list_webhook_deliveries", tag = "Webhooks", security(("bearer" = ["webhooks:read"])),
    params(("id" = Id, Path, description = "The webhook"), DeliveryFilter),
    responses((status = 200, description = "One page", body = Page<WebhookDelivery>)))]
#[get("/webhooks/{id}/deliveries")]
async fn list_deliveries(
    caller: Caller<ReadWebhooks>,
    pool: Data<Pool>,
    id: PathId,
    filter: Query<DeliveryFilter>,
) -> Result<Page<WebhookDelivery>> {
    let reach = caller.reach();
    pool.read(move |db| actions::list_deliveries(db, &reach, id.0, &filter.0))
        .await
}

/// Show a message of a webhook
///
/// With its content and the last answer of the receiver.
#[utoipa::path(operation_id = "show_webhook_delivery", tag = "Webhooks", security(("bearer" = ["webhooks:read"])),
    params(("id" = Id, Path, description = "The webhook"), ("delivery_id" = Id, Path, description = "The message")),
    responses((status = 200, description = "The message", body = WebhookDelivery)))]
#[get("/webhooks/{id}/deliveries/{delivery_id}")]
async fn show_delivery(
    caller: Caller<ReadWebhooks>,
    request: HttpRequest,
    pool: Data<Pool>,
) -> Result<Json<WebhookDelivery>> {
    let reach = caller.reach();
    let (id, delivery) = (path_id(&request, "id")?, path_id(&request, "delivery_id")?);
    let found = pool.read(move |db| actions::find_delivery(db, &reach, id, delivery));
    Ok(Json(found.await?))
}

/// Send a message again
///
/// Whether it failed or arrived, under the id that it had. A message that waits for its next attempt gets it now. If the
/// webhook is not enabled, the message waits until it is.
#[utoipa::path(operation_id = "replay_webhook_delivery", tag = "Webhooks", security(("bearer" = ["webhooks:write"])),
    params(("id" = Id, Path, description = "The webhook"), ("delivery_id" = Id, Path, description = "The message")),
    request_body = NoOptions,
    responses((status = 200, description = "The message", body = WebhookDelivery),
              (status = 409, description = "1,000 messages wait already (`full_queue`)")))]
#[post("/webhooks/{id}/deliveries/{delivery_id}/replay")]
async fn replay_one(
    caller: Caller<WriteWebhooks>,
    request: HttpRequest,
    pool: Data<Pool>,
    new: Submission<NoOptions>,
) -> Result<HttpResponse> {
    let reach = caller.reach();
    let (id, delivery) = (path_id(&request, "id")?, path_id(&request, "delivery_id")?);
    let replay = move |db: &mut Db, NoOptions {}: NoOptions| {
        let replayed = actions::replay_one(db, &reach, id, delivery)?;
        Answer::of_batch(&replayed)
    };
    new.write(&pool, caller.submitter(), replay).await
}
