//! SQL of idempotency keys.

use super::{Answer, KEPT, Key, LEASE, MAX_BYTES, SOON, Submitter, used_up};
use crate::db::schema::idempotency_keys::{self, dsl};
use crate::db::schema::idempotency_usage;
use crate::db::{self, Db, Doc, Id, Instant, on};
use crate::error::{Error, Result, Text};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

/// Returns the stored answer, or takes a lease on the key and returns none.
pub fn take(db: &mut Db, submitter: &Submitter, key: &Key, lease: Id) -> Result<Option<Answer>> {
    let caller = submitter.actor.as_str();
    type Row = (String, Option<Doc<Answer>>, Instant);
    let now = db::now(db)?;
    let dead = Instant::from(now.utc() - LEASE);
    // One from the future was made before the clock was set back.
    let impossible = Instant::from(now.utc() + LEASE);
    let is_dead = dsl::created_at.lt(dead).or(dsl::created_at.gt(impossible));
    let abandoned = dsl::answer.is_null().and(is_dead);
    diesel::delete(dsl::idempotency_keys.find((caller, &key.key)).filter(abandoned)).execute(db)?;
    let row = (
        dsl::caller.eq(caller),
        dsl::key.eq(&key.key),
        dsl::fingerprint.eq(&key.fingerprint),
        dsl::lease.eq(lease),
        dsl::created_at.eq(now),
    );
    let insert = diesel::insert_into(idempotency_keys::table).values(row);
    let inserted = on!(db, |c| insert.on_conflict_do_nothing().execute(c))?;
    if inserted == 1 {
        // The insert has waited for an erasure that uses up this key. An error rolls it back.
        check_used_up(db, caller, key)?;
        check_usage(db, caller)?;
        return Ok(None);
    }
    let stored = dsl::idempotency_keys
        .find((caller, &key.key))
        .select((dsl::fingerprint, dsl::answer, dsl::created_at))
        .get_result::<Row>(db)
        .optional()?;
    match stored {
        Some((fingerprint, ..)) if fingerprint != key.fingerprint => Err(Error::IdempotencyKeyReused),
        Some((_, Some(Doc(answer)), _))
            if answer.grants.iter().any(|one| !submitter.grants.contains(one)) =>
        {
            Err(narrower())
        }
        Some((_, Some(Doc(answer)), _)) => Ok(Some(answer)),
        // Usually it ends soon. If it doesn't, its server died, and the lease has to end.
        Some((_, None, since)) => {
            let age = now.utc() - since.utc();
            let is_young = age < SOON;
            Err(in_progress(if is_young {
                1
            } else {
                (LEASE - age).num_seconds()
            }))
        }
        // The other request failed at this moment.
        None => Err(in_progress(1)),
    }
}

fn check_used_up(db: &mut Db, caller: &str, key: &Key) -> Result<()> {
    let is_used_up = dsl::idempotency_keys.find((caller, used_up(caller, &key.key)));
    if diesel::select(diesel::dsl::exists(is_used_up)).get_result(db)? {
        return Err(deleted_since());
    }
    Ok(())
}

fn check_usage(db: &mut Db, caller: &str) -> Result<()> {
    let used = idempotency_usage::table
        .find(caller)
        .select(idempotency_usage::bytes);
    if used.get_result::<i64>(db).optional()?.unwrap_or(0) < MAX_BYTES {
        return Ok(());
    }
    let mib = MAX_BYTES / (1024 * 1024);
    Err(Error::QuotaExceeded {
        code: "idempotency_storage_exceeded",
        detail: Text::new(
            format!(
                "Idempotency-Key のために保存する回答が{mib} MiBに達しました。1日たつと古い回答から削除されます。それまではこのヘッダーを付けずに送信してください。"
            ),
            format!(
                "The answers stored for your Idempotency-Keys take {mib} MiB. Each is deleted after a day. Until then, send requests without this header."
            ),
        ),
        retry_after_s: 3600,
    })
}

fn deleted_since() -> Error {
    Error::Gone {
        code: "idempotency_key_used_up",
        detail: Text::new(
            "この Idempotency-Key で登録された情報は、その後、変更または削除されました。新しいキーで送る前に、登録されているか確認してください。",
            "What was made with this Idempotency-Key was changed or deleted since. Look whether it exists before you use a new key.",
        ),
    }
}

fn narrower() -> Error {
    Error::AccessDenied {
        code: "narrower_token",
        detail: Text::new(
            "最初のリクエストより権限の少ないトークンです。同じ回答は表示できません。",
            "This token may see less than the one that sent the request first, so it doesn't get the stored answer.",
        ),
    }
}

/// Stores the answer.
pub fn complete(db: &mut Db, submitter: &Submitter, key: &Key, lease: Id, answer: &Answer) -> Result<()> {
    let caller = submitter.actor.as_str();
    let stored = Answer {
        grants: submitter.grants.clone(),
        ..answer.clone()
    };
    let bytes = serde_json::to_vec(&stored).map_err(|e| Error::Internal(e.to_string()))?;
    let bytes = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let values = (
        dsl::answer.eq(Doc(stored)),
        dsl::entity_id.eq(&answer.entity_id),
        dsl::bytes.eq(bytes),
    );
    let leased = dsl::lease.eq(lease);
    let updated = diesel::update(dsl::idempotency_keys.find((caller, &key.key)).filter(leased))
        .set(values)
        .execute(db)?;
    match updated {
        1 => add_usage(db, caller, bytes),
        // The lease ended and another request took the key. The error rolls back this request's writes.
        _ => Err(in_progress(1)),
    }
}

fn add_usage(db: &mut Db, caller: &str, bytes: i64) -> Result<()> {
    use idempotency_usage::dsl as u;
    let insert = diesel::insert_into(u::idempotency_usage).values((u::caller.eq(caller), u::bytes.eq(bytes)));
    let upsert = insert
        .on_conflict(u::caller)
        .do_update()
        .set(u::bytes.eq(u::bytes + bytes));
    on!(db, |c| upsert.execute(c))?;
    Ok(())
}

fn in_progress(seconds: i64) -> Error {
    let retry_after_s = seconds.max(1).unsigned_abs();
    Error::InProgress { retry_after_s }
}

/// Frees the key of a request that failed. Returns whether it has an answer after all: then its commit took effect. A
/// commit that is still under way holds the row, so that this waits for its end.
pub fn settle(db: &mut Db, caller: &str, key: &Key, lease: Id) -> Result<bool> {
    let row = dsl::idempotency_keys
        .find((caller, &key.key))
        .filter(dsl::lease.eq(lease));
    diesel::delete(row.filter(dsl::answer.is_null())).execute(db)?;
    Ok(diesel::select(diesel::dsl::exists(row)).get_result(db)?)
}

/// Deletes the answers about a record, and uses up their keys.
pub fn forget(db: &mut Db, entity_id: &str) -> Result<()> {
    let of_record = dsl::idempotency_keys.filter(dsl::entity_id.eq(entity_id));
    let keys = of_record.select((dsl::caller, dsl::key));
    for (caller, key) in keys.load::<(String, String)>(db)? {
        diesel::update(dsl::idempotency_keys.find((&caller, &key)))
            .set((
                dsl::key.eq(used_up(&caller, &key)),
                dsl::fingerprint.eq(""),
                dsl::answer.eq(None::<Doc<Answer>>),
                dsl::entity_id.eq(None::<String>),
                dsl::bytes.eq(0),
            ))
            .execute(db)?;
    }
    Ok(())
}

/// Deletes keys that are older than [`KEPT`], and counts again what the others take up.
pub fn purge(db: &mut Db, now: Instant) -> Result<()> {
    let old = dsl::created_at.lt(Instant::from(now.utc() - KEPT));
    diesel::delete(dsl::idempotency_keys.filter(old)).execute(db)?;
    // An answer that is being stored is counted before or after, but not lost: the sums see what the locks waited for.
    if let Db::Pg(c) = db {
        c.batch_execute("SELECT 1 FROM idempotency_usage ORDER BY caller FOR UPDATE")?;
    }
    diesel::sql_query(
        "UPDATE idempotency_usage SET bytes = (SELECT CAST(coalesce(sum(k.bytes), 0) AS bigint)
             FROM idempotency_keys AS k WHERE k.caller = idempotency_usage.caller)",
    )
    .execute(db)?;
    diesel::delete(idempotency_usage::table.filter(idempotency_usage::bytes.eq(0))).execute(db)?;
    Ok(())
}
