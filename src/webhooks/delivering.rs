//! From the change log to the receiver's answer: queueing messages, taking one to send, and what follows from the answer.

use super::client::Attempt;
use super::schedule::{self, Consequence, Failure};
use super::store::deliveries::{self, Leased, NewDelivery};
use super::store::{self, Following};
use super::{
    FOLLOWER, WebhookDeliveryStatus, WebhookMessage, WebhookMessageData, WebhookOwner, WebhookOwnerKind,
    WebhookResyncReason, signature,
};
use crate::auth::{Reach, ReadWebhooks, Scope, UserRole, extent, store as auth};
use crate::changes;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::{Error, Result};
use crate::following::{Feed, Position, SeenChange, Sight, actions as following};
use chrono::Duration;
use std::collections::HashMap;

/// How many messages one transaction queues.
const BATCH: usize = 200;
/// How long messages of an owner who is not active wait until somebody looks again.
const INACTIVE: Duration = Duration::minutes(10);

/// The address of this API, to which the paths of records are added.
pub struct Links(pub String);

impl Links {
    fn link(&self, path: &str) -> String {
        format!("{}{path}", self.0.trim_end_matches('/'))
    }
}

fn message(webhook: Id, seq: Option<i64>, message: WebhookMessage) -> Result<NewDelivery> {
    let payload = serde_json::to_string(&message);
    Ok(NewDelivery {
        id: Id::new(),
        webhook,
        event: message.event,
        seq,
        payload: payload.map_err(|e| Error::Internal(format!("a message can't be written: {e}")))?,
    })
}

/// Makes a message that is about no change.
fn notice(
    webhook: Id,
    event: &str,
    position: Position,
    link: String,
    reason: Option<WebhookResyncReason>,
) -> Result<NewDelivery> {
    let data = WebhookMessageData {
        position,
        subject: None,
        id: None,
        action: None,
        version: None,
        link: Some(link),
        reason,
    };
    let notice = WebhookMessage {
        event: event.to_owned(),
        timestamp: Instant::now(),
        data,
    };
    // Replaying after a position finds it, except a test.
    let seq = reason.map(|_| position.seq);
    message(webhook, seq, notice)
}

/// Makes a message with which a client can try its receiver.
pub fn test_message(webhook: Id, position: Position, links: &Links) -> Result<NewDelivery> {
    let link = links.link(&format!("/v1/webhooks/{webhook}"));
    notice(webhook, deliveries::TEST, position, link, None)
}

fn change_message(webhook: Id, change: SeenChange, position: Position, links: &Links) -> Result<NewDelivery> {
    let seq = change.seq;
    let data = WebhookMessageData {
        position,
        subject: Some(change.subject),
        action: Some(change.action),
        version: change.version,
        link: change.href.as_deref().map(|path| links.link(path)),
        id: Some(change.id),
        reason: None,
    };
    let about = WebhookMessage {
        event: format!("{}.{}", change.subject.code(), change.action.code()),
        timestamp: change.at,
        data,
    };
    message(webhook, Some(seq), about)
}

/// Returns what active owners see. Those who may not use webhooks any more are left out.
pub fn sights(db: &mut Db, owners: &[WebhookOwner]) -> Result<HashMap<Id, Sight>> {
    let ids = |kind| -> Vec<Id> {
        let own = owners.iter().filter(|owner| owner.kind == kind);
        own.map(|owner| owner.id).collect()
    };
    let mut found = HashMap::new();
    for (id, (reach, scopes)) in auth::active_partners(db, &ids(WebhookOwnerKind::Partner))? {
        let may = |scope: &str| {
            let is_permitted = scopes.is_empty() || scopes.iter().any(|one| one == scope);
            is_permitted && extent(UserRole::Partner, scope).is_some()
        };
        if may(ReadWebhooks::NAME) {
            found.insert(id, Sight::new(Reach::Partner(reach), &id.to_string(), may));
        }
    }
    for id in auth::active_administrators(db, &ids(WebhookOwnerKind::User))? {
        let may = |scope: &str| extent(UserRole::Admin, scope).is_some();
        found.insert(id, Sight::new(Reach::Everything, &id.to_string(), may));
    }
    Ok(found)
}

/// Queues the messages for all changes that this server knows of. Positions that only pass changes without a message are
/// stored if `is_whole`, and so is how far the log is read: a webhook that is still behind then has no room or an owner who
/// is not active, and may not keep the log from being trimmed.
pub fn queue(pool: &Pool, feed: &Feed, links: &Links, is_whole: bool) -> Result<()> {
    let head = feed.head();
    let (all, sights, stored) = pool.read_blocking(|db| {
        let all = store::following(db)?;
        let owners: Vec<WebhookOwner> = all.iter().map(|one| one.owner).collect();
        Ok((all, sights(db, &owners)?, changes::store::position(db, FOLLOWER)?))
    })?;
    for mut one in all {
        let Some(sight) = sights.get(&one.owner.id) else {
            continue;
        };
        while one.position < head {
            let Some(moved) = queue_next(pool, feed, links, (&one, sight), is_whole)? else {
                break;
            };
            (one.position, one.mark) = moved;
        }
    }
    // Another server may know of more.
    if is_whole && stored < head {
        pool.write_blocking(|db| changes::store::advance(db, FOLLOWER, head))?;
    }
    Ok(())
}

/// Queues the next messages of one webhook. Returns its new position and mark, or none if it can't go on now.
fn queue_next(
    pool: &Pool,
    feed: &Feed,
    links: &Links,
    (of, whole): (&Following, &Sight),
    is_whole: bool,
) -> Result<Option<(i64, i64)>> {
    let types = of.types.iter().filter(|one| whole.types.contains(one));
    let types: Vec<_> = types.copied().collect();
    let sight = whole.clone().limited(Some(&types))?;
    let mark = i64::from(feed.position(whole, 0).mark);
    if of.mark != mark {
        // What became visible with other permissions is in no change; and what was lost is in no message.
        let reason = match of.mark {
            ..0 => WebhookResyncReason::MessagesLost,
            _ => WebhookResyncReason::ForeignPosition,
        };
        return resync(pool, feed, links, of, whole, reason);
    }
    let seen = match feed.look(&sight, of.position, BATCH) {
        Some(seen) => seen,
        None => match pool.read_blocking(|db| following::page(db, &sight, of.position, BATCH)) {
            Err(Error::Gone { .. }) => {
                return resync(pool, feed, links, of, whole, WebhookResyncReason::ExpiredPosition);
            }
            seen => seen?,
        },
    };
    if seen.position == of.position || (seen.items.is_empty() && seen.is_last && !is_whole) {
        return Ok(None);
    }
    let (to, now) = (seen.position, Instant::now());
    let message = |change: SeenChange| {
        let position = feed.position(whole, change.seq);
        change_message(of.id, change, position, links)
    };
    let messages = seen.items.into_iter().map(message).collect::<Result<Vec<_>>>()?;
    let moved = pool.write_blocking(|db| {
        if !messages.is_empty() && deliveries::room(db, of.id)? < messages.len() {
            return Ok(false);
        }
        let moved = store::advance(db, of, to, mark)?;
        if moved {
            deliveries::insert(db, messages, now)?;
        }
        Ok(moved)
    })?;
    Ok(moved.then_some((to, mark)))
}

/// Tells a receiver to list everything again, and goes on from here.
fn resync(
    pool: &Pool,
    feed: &Feed,
    links: &Links,
    of: &Following,
    whole: &Sight,
    reason: WebhookResyncReason,
) -> Result<Option<(i64, i64)>> {
    let position = feed.position(whole, feed.head());
    let (mark, now) = (i64::from(position.mark), Instant::now());
    let link = links.link("/v1/changes");
    let message = notice(of.id, "webhook.resync", position, link, Some(reason))?;
    let moved = pool.write_blocking(|db| {
        let moved = store::advance(db, of, position.seq, mark)?;
        if moved {
            deliveries::insert(db, vec![message], now)?;
        }
        Ok(moved)
    })?;
    Ok(moved.then_some((position.seq, mark)))
}

/// A message to send now.
pub struct Ready {
    pub leased: Leased,
    pub url: String,
    pub message_id: String,
    pub timestamp_s: i64,
    pub signature: String,
}

/// Takes a message of a webhook to send it.
pub fn take(db: &mut Db, webhook: Id, now: Instant) -> Result<Option<Ready>> {
    let Some(target) = store::target(db, webhook)? else {
        return Ok(None);
    };
    if !sights(db, &[target.owner])?.contains_key(&target.owner.id) {
        let until = Instant::from(now.utc() + INACTIVE);
        deliveries::postpone(db, webhook, now, until)?;
        return Ok(None);
    }
    let Some(leased) = deliveries::lease(db, webhook, !target.enabled, now)? else {
        return Ok(None);
    };
    let secrets = store::signing_secrets(db, webhook, now)?;
    let message_id = signature::message_id(leased.id);
    let timestamp_s = now.utc().timestamp();
    let signature = signature::sign(&secrets, &message_id, timestamp_s, &leased.payload)?;
    Ok(Some(Ready {
        url: target.url,
        message_id,
        timestamp_s,
        signature,
        leased,
    }))
}

/// Notes how an attempt ended, and what follows from it.
pub fn settle(db: &mut Db, leased: &Leased, attempt: &Attempt, now: Instant, chance: u32) -> Result<()> {
    let outcome = &attempt.outcome;
    let Some(target) = store::target(db, leased.webhook)? else {
        return Ok(());
    };
    if outcome.fault.is_none() {
        let noted = deliveries::settle(db, leased, WebhookDeliveryStatus::Delivered, None, outcome)?;
        if noted && leased.event != deliveries::TEST && target.enabled {
            store::clear_failures(db, leased.webhook)?;
        }
        return Ok(());
    }
    if leased.event == deliveries::TEST {
        deliveries::settle(db, leased, WebhookDeliveryStatus::Failed, None, outcome)?;
        return Ok(());
    }
    let failing_since = target.failing_since.unwrap_or(leased.begun_at);
    let failure = Failure {
        attempts: leased.attempts,
        first_attempt_at: leased.first_attempt_at,
        failing_since,
        now,
        retry_after: attempt.retry_after,
        chance,
    };
    let Consequence { retry_at, switch_off } = schedule::consequence(outcome, &failure);
    // What waits for a webhook that is not enabled waits until it is.
    let (status, due_at) = match retry_at.filter(|_| target.enabled) {
        None if target.enabled => (WebhookDeliveryStatus::Failed, None),
        due_at => (WebhookDeliveryStatus::Waiting, due_at),
    };
    if deliveries::settle(db, leased, status, due_at, outcome)? && target.enabled {
        store::add_failure(db, leased.webhook, failing_since)?;
        if let Some(reason) = switch_off {
            store::switch_off(db, leased.webhook, reason, now)?;
        }
    }
    Ok(())
}
