//! Managing webhooks: registering, changing, renewing secrets, testing, and sending messages again.

use super::delivering::{self, Links};
use super::store::{self, deliveries};
use super::{
    DeliveryFilter, MAX_SECRETS, MAX_WAITING, MOST, NewReplay, NewSecret, NewWebhook, Replay, SecretRenewal,
    Webhook, WebhookDelivery, WebhookDeliveryStatus, WebhookOwner, WebhookOwnerKind, WebhookWithSecret,
    full_queue, last_secret, too_many, too_many_secrets,
};
use crate::auth::{Principal, Reach};
use crate::changes;
use crate::db::{Db, Id, Instant};
use crate::error::{Error, Result};
use crate::following::{Position, Sight};
use crate::http::{IfMatch, Page, Patch};
use chrono::Duration;

/// Returns who owns what a caller registers: a partner, or the user of a session.
pub fn owner(principal: &Principal) -> Result<WebhookOwner> {
    Ok(match &principal.reach {
        Reach::Partner(partner) => WebhookOwner {
            kind: WebhookOwnerKind::Partner,
            id: partner.id,
        },
        _ => WebhookOwner {
            kind: WebhookOwnerKind::User,
            id: principal.session_user()?,
        },
    })
}

/// Registers a webhook that begins with the next change.
pub fn register(
    db: &mut Db,
    principal: &Principal,
    log: impl Fn(&Sight, i64) -> Position,
    new: &NewWebhook,
) -> Result<WebhookWithSecret> {
    let owner = owner(principal)?;
    Sight::of(principal).limited(Some(&new.types))?;
    if store::count(db, owner)? >= MOST as i64 {
        return Err(too_many());
    }
    let sight = delivering::sights(db, &[owner])?.remove(&owner.id);
    let sight = sight.ok_or_else(super::missing)?;
    let (id, now) = (Id::new(), Instant::now());
    let position = log(&sight, changes::store::latest(db)?);
    store::insert(db, &principal.actor(), (id, owner), new, position, now)?;
    let secret = NewSecret::new(now)?;
    store::insert_secret(db, &principal.actor(), id, &secret, now)?;
    let webhook = store::find(db, &Reach::Everything, id)?;
    Ok(WebhookWithSecret { webhook, secret })
}

/// Changes a webhook. Enabling it, or giving it another address, sends what waits.
pub fn change(
    db: &mut Db,
    principal: &Principal,
    reach: &Reach,
    id: Id,
    if_match: &IfMatch,
    patch: &Patch<NewWebhook>,
) -> Result<Webhook> {
    let before = store::find_to_change(db, reach, id)?;
    if_match.check(before.version)?;
    let new = patch.apply(&before.details)?;
    if new == before.details {
        return Ok(before);
    }
    if new.types != before.details.types {
        Sight::of(principal).limited(Some(&new.types))?;
    }
    store::update(db, &principal.actor(), &before, &new, Instant::now())?;
    store::find(db, reach, id)
}

/// Removes a webhook with its messages.
pub fn remove(db: &mut Db, actor: &str, reach: &Reach, id: Id, if_match: &IfMatch) -> Result<()> {
    let webhook = store::find_to_change(db, reach, id)?;
    if_match.check(webhook.version)?;
    store::delete(db, actor, id)
}

/// Adds a secret; the old one ends after some hours.
pub fn renew_secret(
    db: &mut Db,
    actor: &str,
    reach: &Reach,
    id: Id,
    renewal: &SecretRenewal,
) -> Result<(Webhook, NewSecret)> {
    let webhook = store::find_to_change(db, reach, id)?;
    if webhook.secrets.len() >= MAX_SECRETS {
        return Err(too_many_secrets());
    }
    let now = Instant::now();
    let secret = NewSecret::new(now)?;
    let end = Instant::from(now.utc() + Duration::hours(renewal.keep_old_hours));
    store::insert_secret(db, actor, id, &secret, end)?;
    Ok((webhook, secret))
}

/// Removes one of two secrets.
pub fn remove_secret(
    db: &mut Db,
    actor: &str,
    reach: &Reach,
    (id, secret): (Id, Id),
    if_match: &IfMatch,
) -> Result<()> {
    let webhook = store::find_to_change(db, reach, id)?;
    if_match.check(webhook.version)?;
    if !webhook.secrets.iter().any(|own| own.id == secret) {
        return Err(Error::not_found("シークレット", "secret"));
    }
    if webhook.secrets.len() == 1 {
        return Err(last_secret());
    }
    store::delete_secret(db, actor, id, secret)
}

/// Queues a message with which a client can try its receiver.
pub fn test(db: &mut Db, reach: &Reach, id: Id, links: &Links) -> Result<WebhookDelivery> {
    let webhook = store::find_to_change(db, reach, id)?;
    has_room(db, id)?;
    let now = Instant::now();
    let message = delivering::test_message(id, webhook.position, links)?;
    let delivery = message.id;
    deliveries::insert(db, vec![message], now)?;
    deliveries::find(db, id, delivery)
}

fn has_room(db: &mut Db, webhook: Id) -> Result<()> {
    match deliveries::room(db, webhook)? {
        0 => Err(full_queue()),
        _ => Ok(()),
    }
}

pub fn list_deliveries(
    db: &mut Db,
    reach: &Reach,
    id: Id,
    filter: &DeliveryFilter,
) -> Result<Page<WebhookDelivery>> {
    store::find(db, reach, id)?;
    deliveries::list(db, id, filter)
}

pub fn find_delivery(db: &mut Db, reach: &Reach, id: Id, delivery: Id) -> Result<WebhookDelivery> {
    store::find(db, reach, id)?;
    deliveries::find(db, id, delivery)
}

/// Sends one message again, under the same id. One that waits for its next attempt gets it now.
pub fn replay_one(db: &mut Db, reach: &Reach, id: Id, delivery: Id) -> Result<WebhookDelivery> {
    let webhook = store::find_to_change(db, reach, id)?;
    let found = deliveries::find(db, id, delivery)?;
    if found.status == WebhookDeliveryStatus::Waiting {
        deliveries::hasten(db, delivery, Instant::now())?;
        return deliveries::find(db, id, delivery);
    }
    has_room(db, id)?;
    let is_sent = webhook.details.enabled || found.event == deliveries::TEST;
    deliveries::replay(db, delivery, is_sent.then(Instant::now))?;
    deliveries::find(db, id, delivery)
}

/// Sends the messages that failed again, as many as have room.
pub fn replay_failed(db: &mut Db, reach: &Reach, id: Id, new: &NewReplay) -> Result<Replay> {
    let webhook = store::find_to_change(db, reach, id)?;
    let after = new.after.as_deref();
    let after = after.map(|after| Position::parse("after", after)).transpose()?;
    let room = deliveries::room(db, id)?.min(MAX_WAITING);
    let due_at = webhook.details.enabled.then(Instant::now);
    let after = after.map(|after| after.seq);
    let (replayed, more) = deliveries::replay_failed(db, id, after, room, due_at)?;
    Ok(Replay { replayed, more })
}
