//! SQL of messages and what became of them.

use crate::db::schema::{webhook_deliveries, webhook_deliveries::dsl};
use crate::db::{BATCH, Db, Doc, Id, Instant, MicrosecondTime, UniqueId, insert_all, keyset};
use crate::error::{Error, Result};
use crate::http::query::with_codes;
use crate::http::{Cursor, Page, page};
use crate::metrics::Figure;
use crate::webhooks::signature::message_id;
use crate::webhooks::{
    DeliveryFilter, MAX_WAITING, WebhookDelivery, WebhookDeliveryStatus, WebhookOutcome, missing_delivery,
};
use WebhookDeliveryStatus::{Delivered, Failed, Waiting};
use chrono::Duration;
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// How long an attempt may take until another server makes the next one. Longer than a request can take.
const LEASE: Duration = Duration::seconds(25);
/// How long messages that arrived stay in the log, and the others.
const KEPT_DELIVERED: Duration = Duration::days(7);
const KEPT: Duration = Duration::days(30);

/// The type of messages that a client asks for to try its receiver. They are sent once, even if the webhook is not enabled.
pub const TEST: &str = "webhook.test";

/// A message to queue.
pub struct NewDelivery {
    pub id: Id,
    pub webhook: Id,
    pub event: String,
    pub seq: Option<i64>,
    pub payload: String,
}

#[derive(Insertable)]
#[diesel(table_name = webhook_deliveries, treat_none_as_default_value = false)]
struct NewRow {
    id: Id,
    webhook_id: Id,
    event: String,
    seq: Option<i64>,
    payload: String,
    status: &'static str,
    attempts: i32,
    due_at: Option<Instant>,
    created_at: Instant,
}

/// Queues messages, to be sent at once.
pub fn insert(db: &mut Db, new: Vec<NewDelivery>, now: Instant) -> Result<()> {
    let row = |one: NewDelivery| NewRow {
        id: one.id,
        webhook_id: one.webhook,
        event: one.event,
        seq: one.seq,
        payload: one.payload,
        status: Waiting.code(),
        attempts: 0,
        due_at: Some(now),
        created_at: now,
    };
    let rows: Vec<NewRow> = new.into_iter().map(row).collect();
    insert_all!(db, webhook_deliveries::table, &rows)?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhook_deliveries)]
struct DeliveryRow {
    id: Id,
    event: String,
    payload: String,
    status: String,
    attempts: i32,
    due_at: Option<Instant>,
    first_attempt_at: Option<Instant>,
    last_attempt_at: Option<Instant>,
    outcome: Option<Doc<WebhookOutcome>>,
    created_at: Instant,
}

impl DeliveryRow {
    fn read(self) -> Result<WebhookDelivery> {
        let strange = || Error::Internal(format!("delivery {} is broken", self.id));
        let payload: Value = serde_json::from_str(&self.payload).map_err(|_| strange())?;
        Ok(WebhookDelivery {
            id: self.id,
            message_id: message_id(self.id),
            status: self.status.parse().map_err(|_| strange())?,
            event: self.event,
            attempts: self.attempts,
            next_attempt_at: self.due_at,
            first_attempt_at: self.first_attempt_at,
            last_attempt_at: self.last_attempt_at,
            outcome: self.outcome.map(|Doc(outcome)| outcome),
            payload,
            created_at: self.created_at,
        })
    }
}

/// Lists the messages of a webhook, newest first.
pub fn list(db: &mut Db, webhook: Id, filter: &DeliveryFilter) -> Result<Page<WebhookDelivery>> {
    const SORT: &str = "-created_at";
    let limit = page::limit(filter.limit)?;
    let before = Cursor::decode(filter.cursor.as_deref(), SORT)?.map(|cursor| cursor.id);
    let all = || {
        let mut query = dsl::webhook_deliveries
            .filter(dsl::webhook_id.eq(webhook))
            .select(DeliveryRow::as_select())
            .into_boxed();
        if let Some(statuses) = &filter.status {
            query = with_codes!(query, dsl::status, statuses);
        }
        if let Some(event) = &filter.event {
            query = query.filter(dsl::event.eq(event));
        }
        query
    };
    let rows: Vec<DeliveryRow> = keyset!(all(), before, dsl::id, descending)
        .limit(limit + 1)
        .load(db)?;
    let found = rows
        .into_iter()
        .map(DeliveryRow::read)
        .collect::<Result<Vec<_>>>()?;
    let page = Page::of(found, limit, |last: &WebhookDelivery| Cursor {
        sort: SORT.to_owned(),
        value: String::new(),
        id: last.id,
    });
    page.counted(filter.count, || {
        let all = all().select(dsl::id).limit(page::COUNTED);
        Ok(all.load::<Id>(db)?.len())
    })
}

/// Finds a message of a webhook.
pub fn find(db: &mut Db, webhook: Id, id: Id) -> Result<WebhookDelivery> {
    let own = dsl::webhook_deliveries
        .find(id)
        .filter(dsl::webhook_id.eq(webhook));
    let found = own.select(DeliveryRow::as_select()).get_result(db).optional()?;
    found.ok_or_else(missing_delivery).and_then(DeliveryRow::read)
}

/// Counts the waiting messages of webhooks.
pub fn count_waiting(db: &mut Db, webhooks: &[Id]) -> Result<HashMap<Id, i64>> {
    let waiting = dsl::webhook_deliveries
        .filter(dsl::webhook_id.eq_any(webhooks))
        .filter(dsl::status.eq(Waiting.code()))
        .group_by(dsl::webhook_id)
        .select((dsl::webhook_id, count_star()));
    Ok(waiting.load::<(Id, i64)>(db)?.into_iter().collect())
}

/// Returns how many more messages a webhook may have waiting.
pub fn room(db: &mut Db, webhook: Id) -> Result<usize> {
    let waiting = count_waiting(db, &[webhook])?.remove(&webhook).unwrap_or(0);
    Ok(MAX_WAITING.saturating_sub(usize::try_from(waiting).unwrap_or(0)))
}

/// Matches the waiting messages of a webhook.
macro_rules! waiting {
    ($webhook:expr) => {
        dsl::webhook_deliveries
            .filter(dsl::webhook_id.eq($webhook))
            .filter(dsl::status.eq(Waiting.code()))
    };
}

/// Stops sending the waiting messages of a webhook. Attempts under way end by themselves.
pub fn hold(db: &mut Db, webhook: Id) -> Result<()> {
    let waiting = waiting!(webhook).filter(dsl::event.ne(TEST));
    diesel::update(waiting)
        .set(dsl::due_at.eq(None::<Instant>))
        .execute(db)?;
    Ok(())
}

/// Sends the waiting messages of a webhook at once, as if they were new. An attempt under way no longer counts.
pub fn resume(db: &mut Db, webhook: Id, now: Instant) -> Result<()> {
    let waiting = waiting!(webhook).filter(dsl::event.ne(TEST));
    diesel::update(waiting).set(afresh(Some(now))).execute(db)?;
    Ok(())
}

/// Makes the next attempt of a message due, unless it is held or an attempt is under way.
pub fn hasten(db: &mut Db, id: Id, now: Instant) -> Result<()> {
    let later = dsl::webhook_deliveries
        .find(id)
        .filter(dsl::status.eq(Waiting.code()))
        .filter(dsl::lease.is_null())
        .filter(dsl::due_at.gt(now));
    diesel::update(later).set(dsl::due_at.eq(Some(now))).execute(db)?;
    Ok(())
}

type Afresh = (
    diesel::dsl::Eq<dsl::status, &'static str>,
    diesel::dsl::Eq<dsl::due_at, Option<Instant>>,
    diesel::dsl::Eq<dsl::lease, Option<Id>>,
    diesel::dsl::Eq<dsl::attempts, i32>,
    diesel::dsl::Eq<dsl::first_attempt_at, Option<Instant>>,
);

/// The values of a message that was never tried.
fn afresh(due_at: Option<Instant>) -> Afresh {
    (
        dsl::status.eq(Waiting.code()),
        dsl::due_at.eq(due_at),
        dsl::lease.eq(None),
        dsl::attempts.eq(0),
        dsl::first_attempt_at.eq(None),
    )
}

/// Queues a finished message again.
pub fn replay(db: &mut Db, id: Id, due_at: Option<Instant>) -> Result<()> {
    let finished = dsl::webhook_deliveries
        .find(id)
        .filter(dsl::status.ne(Waiting.code()));
    diesel::update(finished).set(afresh(due_at)).execute(db)?;
    Ok(())
}

/// Queues up to `most` failed messages about changes after a position again, the oldest first. Returns how many, and whether
/// there are more.
pub fn replay_failed(
    db: &mut Db,
    webhook: Id,
    after: Option<i64>,
    most: usize,
    due_at: Option<Instant>,
) -> Result<(usize, bool)> {
    let mut failed = dsl::webhook_deliveries
        .filter(dsl::webhook_id.eq(webhook))
        .filter(dsl::status.eq(Failed.code()))
        .filter(dsl::event.ne(TEST))
        .into_boxed();
    if let Some(after) = after {
        failed = failed.filter(dsl::seq.gt(after));
    }
    let ids = failed.order(dsl::id).limit(most as i64 + 1).select(dsl::id);
    let mut ids: Vec<Id> = ids.load(db)?;
    let more = ids.len() > most;
    ids.truncate(most);
    let count = ids.len();
    let again = dsl::webhook_deliveries.filter(dsl::id.eq_any(ids));
    diesel::update(again).set(afresh(due_at)).execute(db)?;
    Ok((count, more))
}

/// A webhook with messages that are due.
#[derive(Debug, QueryableByName)]
pub struct Due {
    #[diesel(sql_type = UniqueId)]
    pub id: Id,
    #[diesel(sql_type = Integer)]
    pub failures: i32,
    #[diesel(sql_type = BigInt)]
    pub number: i64,
}

/// Counts what is due for each webhook, at most `most` of each.
pub fn due(db: &mut Db, now: Instant, most: i64) -> Result<Vec<Due>> {
    // One short look into the index of due messages for each webhook, however many messages wait.
    let query = diesel::sql_query(
        "SELECT w.id AS id, w.failures AS failures,
             (SELECT count(*) FROM (SELECT 1 FROM webhook_deliveries d
                 WHERE d.webhook_id = w.id AND d.due_at <= $1 LIMIT $2) AS few) AS number
         FROM webhooks w
         WHERE EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.due_at <= $1)",
    );
    let query = query.bind::<MicrosecondTime, _>(now).bind::<BigInt, _>(most);
    Ok(query.load(db)?)
}

/// A message that this server is sending.
#[derive(Debug, Clone)]
pub struct Leased {
    pub id: Id,
    pub webhook: Id,
    pub lease: Id,
    pub event: String,
    pub payload: String,
    /// How many attempts there were, this one included.
    pub attempts: i32,
    pub first_attempt_at: Instant,
    pub begun_at: Instant,
}

/// Takes a lease of the message of a webhook that is due first. The webhook has to be locked.
pub fn lease(db: &mut Db, webhook: Id, only_tests: bool, now: Instant) -> Result<Option<Leased>> {
    let mut due = dsl::webhook_deliveries
        .filter(dsl::webhook_id.eq(webhook))
        .filter(dsl::due_at.le(now))
        .into_boxed();
    if only_tests {
        due = due.filter(dsl::event.eq(TEST));
    }
    let first = due.order(dsl::due_at).limit(1).select((
        dsl::id,
        dsl::event,
        dsl::payload,
        dsl::attempts,
        dsl::first_attempt_at,
    ));
    type First = (Id, String, String, i32, Option<Instant>);
    let Some((id, event, payload, attempts, first_attempt_at)) = first.get_result::<First>(db).optional()?
    else {
        return Ok(None);
    };
    let lease = Id::new();
    let first_attempt_at = first_attempt_at.unwrap_or(now);
    let values = (
        dsl::lease.eq(Some(lease)),
        dsl::due_at.eq(Some(Instant::from(now.utc() + LEASE))),
        dsl::attempts.eq(attempts + 1),
        dsl::first_attempt_at.eq(Some(first_attempt_at)),
    );
    diesel::update(dsl::webhook_deliveries.find(id))
        .set(values)
        .execute(db)?;
    Ok(Some(Leased {
        id,
        webhook,
        lease,
        event,
        payload,
        attempts: attempts + 1,
        first_attempt_at,
        begun_at: now,
    }))
}

/// Looks at the due messages of a webhook again later.
pub fn postpone(db: &mut Db, webhook: Id, now: Instant, until: Instant) -> Result<()> {
    let due = waiting!(webhook).filter(dsl::due_at.le(now));
    diesel::update(due).set(dsl::due_at.eq(Some(until))).execute(db)?;
    Ok(())
}

/// Notes how an attempt ended, unless its lease ended before. Returns whether it is noted.
pub fn settle(
    db: &mut Db,
    leased: &Leased,
    status: WebhookDeliveryStatus,
    due_at: Option<Instant>,
    outcome: &WebhookOutcome,
) -> Result<bool> {
    let own = dsl::webhook_deliveries
        .find(leased.id)
        .filter(dsl::lease.eq(Some(leased.lease)));
    let values = (
        dsl::status.eq(status.code()),
        dsl::due_at.eq(due_at),
        dsl::lease.eq(None::<Id>),
        dsl::last_attempt_at.eq(Some(leased.begun_at)),
        dsl::outcome.eq(Some(Doc(outcome.clone()))),
    );
    Ok(diesel::update(own).set(values).execute(db)? == 1)
}

/// Deletes up to a batch of old messages. Returns how many, and the webhooks of those that never arrived and were held.
pub fn purge(db: &mut Db, now: Instant) -> Result<(usize, Vec<Id>)> {
    let (mut purged, mut lost) = (0, BTreeSet::new());
    for (status, kept) in [(Delivered, KEPT_DELIVERED), (Failed, KEPT), (Waiting, KEPT)] {
        let old = dsl::webhook_deliveries
            .filter(dsl::status.eq(status.code()))
            .filter(dsl::created_at.lt(Instant::from(now.utc() - kept)))
            .filter(dsl::due_at.is_null())
            .order(dsl::created_at)
            .limit(BATCH as i64)
            .select((dsl::id, dsl::webhook_id));
        let old: Vec<(Id, Id)> = old.load(db)?;
        let ids = old.iter().map(|(id, _)| *id);
        let gone = dsl::webhook_deliveries.filter(dsl::id.eq_any(ids));
        purged += diesel::delete(gone).execute(db)?;
        if status == Waiting {
            lost.extend(old.into_iter().map(|(_, webhook)| webhook));
        }
    }
    Ok((purged, lost.into_iter().collect()))
}

/// Counts what waits, and says how late the first of it is.
pub fn figures(db: &mut Db, now: Instant) -> Result<Vec<Figure>> {
    let waiting = dsl::webhook_deliveries.filter(dsl::due_at.is_not_null());
    let (count, first): (i64, Option<Instant>) = waiting
        .select((count_star(), diesel::dsl::min(dsl::due_at)))
        .get_result(db)?;
    let late = first.map_or(0, |first| (now.utc() - first.utc()).num_seconds().max(0));
    let help = "Messages to webhooks that are to be sent, first attempts and later ones.";
    let help_late = "By how many seconds the most urgent message to a webhook is late.";
    Ok(vec![
        Figure::new("musubi_webhook_queue", help, count as f64),
        Figure::new("musubi_webhook_queue_late_seconds", help_late, late as f64),
    ])
}
