//! SQL of webhooks and their secrets. `deliveries` has their messages.

pub mod deliveries;

use super::{
    MOST, NewSecret, NewWebhook, Webhook, WebhookOffReason, WebhookOwner, WebhookOwnerKind, WebhookSecret,
    WebhookSwitchedOff, missing,
};
use crate::audit::{self, Act, AuditAction};
use crate::auth::Reach;
use crate::db::schema::{webhook_secrets, webhooks, webhooks::dsl};
use crate::db::{Db, Doc, Id, Instant, keyset, lock, update_version};
use crate::error::{Error, Result};
use crate::following::Position;
use crate::http::page;
use crate::http::{Cursor, Page, Paging};
use crate::metrics::Figure;
use crate::reach::store as reach;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use webhook_secrets::dsl as s;

/// What isn't queried.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Details {
    url: String,
    types: Vec<crate::changes::Subject>,
    description: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhooks)]
struct WebhookRow {
    id: Id,
    partner_id: Option<Id>,
    user_id: Option<Id>,
    enabled: bool,
    details: Doc<Details>,
    position: i64,
    mark: i64,
    failures: i32,
    failing_since: Option<Instant>,
    off_at: Option<Instant>,
    off_reason: Option<String>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

impl WebhookRow {
    fn owner(&self) -> WebhookOwner {
        match (self.partner_id, self.user_id) {
            (Some(id), _) => WebhookOwner {
                kind: WebhookOwnerKind::Partner,
                id,
            },
            (None, user) => WebhookOwner {
                kind: WebhookOwnerKind::User,
                id: user.unwrap_or(self.id),
            },
        }
    }

    fn read(self, waiting: i64, secrets: Vec<WebhookSecret>) -> Result<Webhook> {
        let owner = self.owner();
        let strange = |_| Error::Internal(format!("webhook {} is off for an unknown reason", self.id));
        let reason = self.off_reason.as_deref().map(str::parse::<WebhookOffReason>);
        let off = self.off_at.zip(reason.transpose().map_err(strange)?);
        let Doc(details) = self.details;
        Ok(Webhook {
            id: self.id,
            owner,
            details: NewWebhook {
                url: details.url,
                types: details.types,
                description: details.description,
                enabled: self.enabled,
            },
            switched_off: off.map(|(at, reason)| WebhookSwitchedOff { at, reason }),
            failures: self.failures,
            failing_since: self.failing_since,
            waiting,
            position: Position {
                seq: self.position,
                mark: mark_of(self.mark),
            },
            secrets,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Returns a stored mark. Those that were never one are shown as 0.
fn mark_of(stored: i64) -> u32 {
    u32::try_from(stored).unwrap_or(0)
}

/// Lists webhooks within the reach, oldest first.
pub fn list(db: &mut Db, reach: &Reach, paging: &Paging) -> Result<Page<Webhook>> {
    const SORT: &str = "created_at";
    let limit = page::limit(paging.limit)?;
    let after = Cursor::decode(paging.cursor.as_deref(), SORT)?.map(|cursor| cursor.id);
    let all = || {
        let mut query = dsl::webhooks.select(WebhookRow::as_select()).into_boxed();
        if let Some(condition) = reach::webhooks(reach) {
            query = query.filter(condition);
        }
        query
    };
    let rows: Vec<WebhookRow> = keyset!(all(), after, dsl::id, ascending)
        .limit(limit + 1)
        .load(db)?;
    let found = complete(db, rows)?;
    let page = Page::of(found, limit, |last: &Webhook| Cursor {
        sort: SORT.to_owned(),
        value: String::new(),
        id: last.id,
    });
    page.counted(paging.count, || {
        let all = all().select(dsl::id).limit(page::COUNTED);
        Ok(all.load::<Id>(db)?.len())
    })
}

/// Adds to rows what is in other tables.
fn complete(db: &mut Db, rows: Vec<WebhookRow>) -> Result<Vec<Webhook>> {
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let waiting = deliveries::count_waiting(db, &ids)?;
    let mut secrets = secrets(db, &ids)?;
    rows.into_iter()
        .map(|row| {
            let own = secrets.remove(&row.id).unwrap_or_default();
            let waiting = waiting.get(&row.id).copied().unwrap_or(0);
            row.read(waiting, own)
        })
        .collect()
}

/// Finds a webhook within the reach.
pub fn find(db: &mut Db, reach: &Reach, id: Id) -> Result<Webhook> {
    let mut query = dsl::webhooks
        .filter(dsl::id.eq(id))
        .select(WebhookRow::as_select())
        .into_boxed();
    if let Some(condition) = reach::webhooks(reach) {
        query = query.filter(condition);
    }
    let found = query.get_result::<WebhookRow>(db).optional()?;
    let found = complete(db, found.into_iter().collect())?;
    found.into_iter().next().ok_or_else(missing)
}

/// Finds a webhook within the reach, and locks it until the transaction ends.
pub fn find_to_change(db: &mut Db, reach: &Reach, id: Id) -> Result<Webhook> {
    lock_one(db, id)?;
    find(db, reach, id)
}

fn lock_one(db: &mut Db, id: Id) -> Result<()> {
    lock(db, &format!("webhook/{id}"))
}

/// Counts the webhooks of an owner. No other one of theirs comes in until the transaction ends.
pub fn count(db: &mut Db, owner: WebhookOwner) -> Result<i64> {
    lock(db, &format!("webhooks of {}", owner.id))?;
    let all = dsl::webhooks.into_boxed();
    let own = match owner.kind {
        WebhookOwnerKind::Partner => all.filter(dsl::partner_id.eq(owner.id)),
        WebhookOwnerKind::User => all.filter(dsl::user_id.eq(owner.id)),
    };
    Ok(own.count().get_result(db)?)
}

/// Inserts a webhook that begins at a position.
pub fn insert(
    db: &mut Db,
    actor: &str,
    (id, owner): (Id, WebhookOwner),
    new: &NewWebhook,
    position: Position,
    now: Instant,
) -> Result<()> {
    let owned_by = |kind| (owner.kind == kind).then_some(owner.id);
    let row = (
        dsl::id.eq(id),
        dsl::partner_id.eq(owned_by(WebhookOwnerKind::Partner)),
        dsl::user_id.eq(owned_by(WebhookOwnerKind::User)),
        dsl::enabled.eq(new.enabled),
        dsl::details.eq(details(new)),
        dsl::position.eq(position.seq),
        dsl::mark.eq(i64::from(position.mark)),
        dsl::failures.eq(0),
        dsl::version.eq(1_i64),
        dsl::created_at.eq(now),
        dsl::updated_at.eq(now),
    );
    diesel::insert_into(webhooks::table).values(row).execute(db)?;
    audit::store::append(db, &Act::new(actor, AuditAction::WebhookRegistered, id))
}

fn details(new: &NewWebhook) -> Doc<Details> {
    Doc(Details {
        url: new.url.clone(),
        types: new.types.clone(),
        description: new.description.clone(),
    })
}

/// Writes the next version of a webhook. One that is enabled, or goes to another address, begins without failures.
pub fn update(db: &mut Db, actor: &str, before: &Webhook, new: &NewWebhook, now: Instant) -> Result<()> {
    let values = (
        dsl::enabled.eq(new.enabled),
        dsl::details.eq(details(new)),
        dsl::version.eq(before.version + 1),
        dsl::updated_at.eq(now),
    );
    update_version!(db, webhooks, key: before.id, before: before.version, set: values, missing: missing())?;
    let begins_again = !before.details.enabled || new.url != before.details.url;
    if new.enabled && begins_again {
        clear_failures(db, before.id)?;
        deliveries::resume(db, before.id, now)?;
    } else if before.details.enabled && !new.enabled {
        deliveries::hold(db, before.id)?;
    }
    audit::store::append(db, &Act::new(actor, AuditAction::WebhookChanged, before.id))
}

/// Notes that a message arrived.
pub fn clear_failures(db: &mut Db, id: Id) -> Result<()> {
    let failing = dsl::webhooks
        .find(id)
        .filter(dsl::failures.gt(0).or(dsl::off_at.is_not_null()));
    let values = (
        dsl::failures.eq(0),
        dsl::failing_since.eq(None::<Instant>),
        dsl::off_at.eq(None::<Instant>),
        dsl::off_reason.eq(None::<String>),
    );
    diesel::update(failing).set(values).execute(db)?;
    Ok(())
}

/// Counts a failure that began at a moment.
pub fn add_failure(db: &mut Db, id: Id, failing_since: Instant) -> Result<()> {
    let values = (
        dsl::failures.eq(dsl::failures + 1),
        dsl::failing_since.eq(failing_since),
    );
    diesel::update(dsl::webhooks.find(id)).set(values).execute(db)?;
    Ok(())
}

/// Switches an enabled webhook off, and holds its messages.
pub fn switch_off(db: &mut Db, id: Id, reason: WebhookOffReason, now: Instant) -> Result<()> {
    let values = (
        dsl::enabled.eq(false),
        dsl::off_at.eq(now),
        dsl::off_reason.eq(<&str>::from(reason)),
        dsl::version.eq(dsl::version + 1),
        dsl::updated_at.eq(now),
    );
    let enabled = dsl::webhooks.find(id).filter(dsl::enabled.eq(true));
    if diesel::update(enabled).set(values).execute(db)? == 1 {
        deliveries::hold(db, id)?;
        audit::store::append(db, &Act::new(FOLLOWER_ACTOR, AuditAction::WebhookChanged, id))?;
    }
    Ok(())
}

/// Switches off the enabled webhooks that a user registered.
pub fn switch_off_all(db: &mut Db, user: Id, reason: WebhookOffReason, now: Instant) -> Result<()> {
    let own = dsl::webhooks.filter(dsl::user_id.eq(user));
    let enabled = own.filter(dsl::enabled.eq(true)).order(dsl::id);
    for id in enabled.select(dsl::id).load::<Id>(db)? {
        lock_one(db, id)?;
        switch_off(db, id, reason, now)?;
    }
    Ok(())
}

/// Who switches webhooks off, in the audit.
const FOLLOWER_ACTOR: &str = "webhooks";

/// Deletes a webhook with its secrets and messages.
pub fn delete(db: &mut Db, actor: &str, id: Id) -> Result<()> {
    diesel::delete(dsl::webhooks.find(id)).execute(db)?;
    audit::store::append(db, &Act::new(actor, AuditAction::WebhookRemoved, id))
}

fn secrets(db: &mut Db, of: &[Id]) -> Result<HashMap<Id, Vec<WebhookSecret>>> {
    let now = Instant::now();
    let live = s::webhook_secrets
        .filter(s::webhook_id.eq_any(of))
        .filter(s::expires_at.is_null().or(s::expires_at.gt(now)))
        .order(s::id)
        .select((s::webhook_id, s::id, s::created_at, s::expires_at));
    let mut found: HashMap<Id, Vec<WebhookSecret>> = HashMap::new();
    for (webhook, id, created_at, expires_at) in live.load::<(Id, Id, Instant, Option<Instant>)>(db)? {
        found.entry(webhook).or_default().push(WebhookSecret {
            id,
            created_at,
            expires_at,
        });
    }
    Ok(found)
}

/// Lists the secrets with which a webhook signs now, the newest first.
pub fn signing_secrets(db: &mut Db, webhook: Id, now: Instant) -> Result<Vec<String>> {
    let live = s::webhook_secrets
        .filter(s::webhook_id.eq(webhook))
        .filter(s::expires_at.is_null().or(s::expires_at.gt(now)))
        .order(s::id.desc())
        .select(s::secret);
    Ok(live.load(db)?)
}

/// Inserts the newest secret of a webhook that is locked. The others end at `others_end`.
pub fn insert_secret(
    db: &mut Db,
    actor: &str,
    webhook: Id,
    fresh: &NewSecret,
    others_end: Instant,
) -> Result<()> {
    let others = s::webhook_secrets.filter(s::webhook_id.eq(webhook));
    diesel::delete(others.filter(s::expires_at.le(fresh.created_at))).execute(db)?;
    diesel::update(others)
        .set(s::expires_at.eq(others_end))
        .execute(db)?;
    let row = (
        s::id.eq(fresh.id),
        s::webhook_id.eq(webhook),
        s::secret.eq(fresh.secret.as_deref().unwrap_or_default()),
        s::created_at.eq(fresh.created_at),
    );
    diesel::insert_into(webhook_secrets::table)
        .values(row)
        .execute(db)?;
    audit::store::append(db, &Act::new(actor, AuditAction::WebhookSecretCreated, webhook))
}

/// Deletes a secret of a webhook that is locked. The one that is left no longer ends.
pub fn delete_secret(db: &mut Db, actor: &str, webhook: Id, id: Id) -> Result<()> {
    diesel::delete(s::webhook_secrets.find(id)).execute(db)?;
    let left = s::webhook_secrets.filter(s::webhook_id.eq(webhook));
    let left = left.filter(s::expires_at.gt(Instant::now()));
    diesel::update(left)
        .set(s::expires_at.eq(None::<Instant>))
        .execute(db)?;
    audit::store::append(db, &Act::new(actor, AuditAction::WebhookSecretRemoved, webhook))
}

/// An enabled webhook, as far as it follows the log.
#[derive(Debug, Clone)]
pub struct Following {
    pub id: Id,
    pub owner: WebhookOwner,
    pub types: Vec<crate::changes::Subject>,
    pub position: i64,
    /// -1 if messages were lost while it was not enabled.
    pub mark: i64,
}

/// Lists all enabled webhooks.
pub fn following(db: &mut Db) -> Result<Vec<Following>> {
    let enabled = dsl::webhooks.filter(dsl::enabled.eq(true));
    let rows: Vec<WebhookRow> = enabled.select(WebhookRow::as_select()).load(db)?;
    let of = |row: WebhookRow| Following {
        id: row.id,
        owner: row.owner(),
        position: row.position,
        mark: row.mark,
        types: row.details.0.types,
    };
    Ok(rows.into_iter().map(of).collect())
}

/// Moves an enabled webhook from one position to another, unless another server has done that.
pub fn advance(db: &mut Db, of: &Following, to: i64, mark: i64) -> Result<bool> {
    let unmoved = dsl::webhooks
        .find(of.id)
        .filter(dsl::enabled.eq(true))
        .filter(dsl::position.eq(of.position))
        .filter(dsl::mark.eq(of.mark));
    let moved = diesel::update(unmoved).set((dsl::position.eq(to), dsl::mark.eq(mark)));
    Ok(moved.execute(db)? == 1)
}

/// What is needed to send a message.
#[derive(Debug, Clone)]
pub struct Target {
    pub owner: WebhookOwner,
    pub enabled: bool,
    pub url: String,
    pub failing_since: Option<Instant>,
}

/// Finds where the messages of a webhook go, and locks it until the transaction ends.
pub fn target(db: &mut Db, id: Id) -> Result<Option<Target>> {
    lock_one(db, id)?;
    let found = dsl::webhooks.find(id).select(WebhookRow::as_select());
    let found = found.get_result::<WebhookRow>(db).optional()?;
    Ok(found.map(|row| Target {
        owner: row.owner(),
        enabled: row.enabled,
        failing_since: row.failing_since,
        url: row.details.0.url,
    }))
}

/// Says that messages of a webhook were lost, so that its receiver lists everything again.
pub fn mark_lost(db: &mut Db, ids: &[Id]) -> Result<()> {
    let lost = dsl::webhooks.filter(dsl::id.eq_any(ids));
    diesel::update(lost).set(dsl::mark.eq(-1_i64)).execute(db)?;
    Ok(())
}

/// Lists the webhooks of an owner that were switched off, each with its title and since when.
pub fn switched_off(
    db: &mut Db,
    owner: WebhookOwner,
    after: Option<Id>,
) -> Result<Vec<(Id, String, Instant)>> {
    let off = dsl::webhooks
        .filter(dsl::off_at.is_not_null())
        .select(WebhookRow::as_select())
        .into_boxed();
    let off = match owner.kind {
        WebhookOwnerKind::Partner => off.filter(dsl::partner_id.eq(owner.id)),
        WebhookOwnerKind::User => off.filter(dsl::user_id.eq(owner.id)),
    };
    let rows: Vec<WebhookRow> = keyset!(off, after, dsl::id, ascending)
        .limit(MOST as i64)
        .load(db)?;
    let task = |row: WebhookRow| {
        let Doc(details) = row.details;
        let title = details.description.unwrap_or(details.url);
        Some((row.id, title, row.off_at?))
    };
    Ok(rows.into_iter().filter_map(task).collect())
}

/// Counts what waits to be sent, and the webhooks that were switched off.
pub fn figures(db: &mut Db) -> Result<Vec<Figure>> {
    let off = dsl::webhooks.filter(dsl::off_at.is_not_null()).count();
    let off: i64 = off.get_result(db)?;
    let help = "Webhooks that were switched off because their receivers failed.";
    let mut figures = vec![Figure::new("musubi_webhooks_switched_off", help, off as f64)];
    figures.extend(deliveries::figures(db, Instant::now())?);
    Ok(figures)
}
