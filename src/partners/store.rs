//! SQL of partners and their secrets.

use super::{ClientSecret, NewPartner, Partner, PartnerSecret, PartnerStatus};
use crate::audit::{self, Act, AuditAction};
use crate::auth::secret;
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::{partner_secrets, partners};
use crate::db::{Db, Doc, Id, Instant, keyset, lock, on_duplicate, update_version};
use crate::error::{Error, Result, Text};
use crate::http::page;
use crate::http::{Cursor, Page, Paging};
use diesel::prelude::*;
use partners::dsl;
use std::collections::{BTreeSet, HashMap};

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = partners, treat_none_as_default_value = false)]
struct PartnerRow {
    id: Id,
    code: String,
    status: String,
    details: Doc<NewPartner>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

impl PartnerRow {
    fn of(partner: &Partner) -> PartnerRow {
        PartnerRow {
            id: partner.id,
            code: partner.details.code.to_string(),
            status: partner.details.status.code().to_owned(),
            details: Doc(partner.details.clone()),
            version: partner.version,
            created_at: partner.created_at,
            updated_at: partner.updated_at,
        }
    }

    fn read(self, secrets: Vec<PartnerSecret>) -> Partner {
        Partner {
            id: self.id,
            details: self.details.0,
            secrets,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

pub fn find(db: &mut Db, id: Id) -> Result<Partner> {
    let found = dsl::partners.find(id).get_result::<PartnerRow>(db).optional()?;
    let row = found.ok_or_else(missing)?;
    let secrets = secrets(db, &[id])?.remove(&id).unwrap_or_default();
    Ok(row.read(secrets))
}

/// Finds a partner to change, and locks it until the transaction ends.
pub fn find_to_change(db: &mut Db, id: Id) -> Result<Partner> {
    lock(db, &format!("partner/{id}"))?;
    find(db, id)
}

fn secrets(db: &mut Db, of: &[Id]) -> Result<HashMap<Id, Vec<PartnerSecret>>> {
    use partner_secrets::dsl as s;
    let rows = s::partner_secrets
        .filter(s::partner_id.eq_any(of))
        .order(s::id)
        .select((s::partner_id, s::id, s::created_at, s::last_used_at))
        .load::<(Id, Id, Instant, Option<Instant>)>(db)?;
    let mut found: HashMap<Id, Vec<PartnerSecret>> = HashMap::new();
    for (partner, id, created_at, last_used_at) in rows {
        found.entry(partner).or_default().push(PartnerSecret {
            id,
            created_at,
            last_used_at,
        });
    }
    Ok(found)
}

pub fn list(db: &mut Db, filter: &Paging) -> Result<Page<Partner>> {
    let limit = page::limit(filter.limit)?;
    let cursor = Cursor::decode(filter.cursor.as_deref(), "-created_at")?;
    let first = cursor.map(|c| c.id);
    let rows = keyset!(dsl::partners.into_boxed(), first, dsl::id, descending)
        .limit(limit + 1)
        .load::<PartnerRow>(db)?;
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let mut secrets = secrets(db, &ids)?;
    let partner = |row: PartnerRow| {
        let own = secrets.remove(&row.id).unwrap_or_default();
        row.read(own)
    };
    let found = rows.into_iter().map(partner).collect();
    let page = Page::of(found, limit, |last: &Partner| Cursor {
        sort: "-created_at".to_owned(),
        value: String::new(),
        id: last.id,
    });
    page.counted(filter.count, || {
        let all = dsl::partners.select(dsl::id).limit(page::COUNTED);
        Ok(all.load::<Id>(db)?.len())
    })
}

/// Lists the origins of all active partners.
pub fn origins(db: &mut Db) -> Result<BTreeSet<String>> {
    let active = dsl::partners
        .filter(dsl::status.eq(PartnerStatus::Active.code()))
        .select(dsl::details);
    let details = active.load::<Doc<NewPartner>>(db)?.into_iter();
    Ok(details.flat_map(|Doc(details)| details.origins).collect())
}

pub fn insert(db: &mut Db, actor: &str, partner: &Partner) -> Result<()> {
    diesel::insert_into(partners::table)
        .values(PartnerRow::of(partner))
        .execute(db)
        .map_err(|error| on_duplicate(error, duplicate))?;
    log(db, actor, partner, Action::Created)?;
    audit::store::append(db, &Act::new(actor, AuditAction::PartnerRegistered, partner.id))
}

/// Writes the next version of a partner.
pub fn update(db: &mut Db, actor: &str, partner: &Partner) -> Result<()> {
    update_version!(db, partners, key: partner.id, before: partner.version - 1,
        set: PartnerRow::of(partner), missing: missing())?;
    log(db, actor, partner, Action::Updated)?;
    audit::store::append(db, &Act::new(actor, AuditAction::PartnerChanged, partner.id))
}

fn log(db: &mut Db, actor: &str, partner: &Partner, action: Action) -> Result<()> {
    let change = Change::new(Subject::Partner, partner.id, action, partner.version);
    changes::store::append(db, actor, &[change])
}

fn missing() -> Error {
    Error::not_found("連携アプリ", "partner")
}

fn duplicate() -> Error {
    Error::Conflict {
        code: "duplicate_partner",
        detail: Text::new(
            "この code の連携アプリはすでに登録されています。",
            "A partner with this code already exists.",
        ),
    }
}

/// Inserts a secret of a partner that is locked.
pub fn insert_secret(db: &mut Db, actor: &str, fresh: &ClientSecret) -> Result<()> {
    use partner_secrets::dsl as s;
    let row = (
        s::id.eq(fresh.id),
        s::partner_id.eq(fresh.client_id),
        s::digest.eq(secret::digest(fresh.client_secret.as_deref().unwrap_or_default())),
        s::created_at.eq(fresh.created_at),
    );
    diesel::insert_into(partner_secrets::table)
        .values(row)
        .execute(db)?;
    audit::store::append(db, &Act::new(actor, AuditAction::SecretCreated, fresh.client_id))
}

/// Deletes a secret of a partner that is locked.
pub fn delete_secret(db: &mut Db, actor: &str, partner: Id, id: Id) -> Result<()> {
    diesel::delete(partner_secrets::table.find(id)).execute(db)?;
    audit::store::append(db, &Act::new(actor, AuditAction::SecretRevoked, partner))
}

/// Finds the active partner with this id and secret. The digests are compared in constant time, outside the
/// database.
pub fn authenticate(db: &mut Db, id: Id, presented: &str, now: Instant) -> Result<Option<NewPartner>> {
    use partner_secrets::dsl as s;
    let digest = secret::digest(presented);
    let secrets = s::partner_secrets
        .filter(s::partner_id.eq(id))
        .select((s::id, s::digest))
        .load::<(Id, String)>(db)?;
    let mut matching = None;
    for (id, own) in secrets {
        let differing = own
            .bytes()
            .zip(digest.bytes())
            .fold(0, |sum, (a, b)| sum | (a ^ b));
        if differing == 0 && own.len() == digest.len() {
            matching = Some(id);
        }
    }
    let Some(matching) = matching else { return Ok(None) };
    let active = dsl::partners
        .find(id)
        .filter(dsl::status.eq(PartnerStatus::Active.code()))
        .select(dsl::details);
    let found = active.get_result::<Doc<NewPartner>>(db).optional()?;
    if found.is_some() {
        diesel::update(s::partner_secrets.find(matching))
            .set(s::last_used_at.eq(now))
            .execute(db)?;
    }
    Ok(found.map(|Doc(details)| details))
}
