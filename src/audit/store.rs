//! SQL of the audit.

use super::{Act, AuditEntry, AuditEvent, AuditFilter, AuditSummary, GENESIS, chain};
use crate::db::order::{Log, locks};
use crate::db::schema::{audit, audit_subjects};
use crate::db::{BATCH, Db, Id, Instant, insert_all};
use crate::error::{Error, Result};
use crate::http::page;
use crate::http::query::with_codes;
use crate::http::{Cursor, Page};
use audit::dsl;
use diesel::connection::SimpleConnection;
use diesel::dsl::{count_star, max, min};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

/// Enters what a transaction has done. Call it last, after `changes::store::append`, because it locks the
/// audit until the transaction ends. [`crate::db::order`] says why the changes come first.
pub fn append(db: &mut Db, act: &Act) -> Result<()> {
    append_all(db, std::slice::from_ref(act))
}

/// Enters everything that a transaction has done. Call it last.
pub fn append_all(db: &mut Db, acts: &[Act]) -> Result<()> {
    use audit_subjects::dsl as s;
    if acts.is_empty() {
        return Ok(());
    }
    locks(Log::Audit);
    if let Db::Pg(c) = db {
        c.batch_execute("SELECT pg_advisory_xact_lock(6385439)")?;
    }
    let last = dsl::audit
        .order(dsl::seq.desc())
        .select((dsl::seq, dsl::hash))
        .first::<(i64, String)>(db)
        .optional()?;
    let (mut seq, mut hash) = last.unwrap_or_else(|| (0, GENESIS.to_owned()));
    for batch in acts.chunks(BATCH) {
        let (mut rows, mut about) = (Vec::with_capacity(batch.len()), Vec::new());
        for act in batch {
            seq += 1;
            let mut subjects = act.subjects.clone();
            subjects.sort_unstable();
            subjects.dedup();
            about.extend(subjects.iter().map(|id| (s::subject_id.eq(*id), s::seq.eq(seq))));
            let event = AuditEvent {
                seq,
                occurred_at: Instant::now(),
                actor: act.actor.clone(),
                action: act.action,
                operation: act.operation.clone(),
                subjects,
            };
            let text = serde_json::to_string(&event).map_err(|e| Error::Internal(e.to_string()))?;
            hash = chain(&hash, &text);
            rows.push((
                dsl::seq.eq(seq),
                dsl::occurred_at.eq(event.occurred_at),
                dsl::actor.eq(event.actor),
                dsl::action.eq(event.action.code()),
                dsl::hash.eq(hash.clone()),
                dsl::entry.eq(text),
            ));
        }
        insert_all!(db, audit::table, &rows)?;
        for about in about.chunks(BATCH) {
            insert_all!(db, audit_subjects::table, about)?;
        }
    }
    Ok(())
}

/// Lists entries, newest first.
pub fn list(db: &mut Db, filter: &AuditFilter) -> Result<Page<AuditEntry>> {
    let limit = page::limit(filter.limit)?;
    let cursor = Cursor::decode(filter.cursor.as_deref(), "-seq")?;
    let all = || {
        let mut query = dsl::audit.select((dsl::entry, dsl::hash)).into_boxed();
        if let Some(actor) = &filter.actor {
            query = query.filter(dsl::actor.eq(actor));
        }
        if let Some(actions) = &filter.action {
            query = with_codes!(query, dsl::action, actions);
        }
        if let Some(id) = filter.subject_id {
            let about = audit_subjects::table
                .filter(audit_subjects::subject_id.eq(id))
                .select(audit_subjects::seq);
            query = query.filter(dsl::seq.eq_any(about));
        }
        query
    };
    let mut query = all();
    if let Some((seq, _)) = page::after(&cursor, |value| value.parse::<i64>().ok())? {
        query = query.filter(dsl::seq.lt(seq));
    }
    let rows = query
        .order(dsl::seq.desc())
        .limit(limit + 1)
        .load::<(String, String)>(db)?;
    let entry = |(text, hash): (String, String)| {
        let unreadable = |e| Error::Internal(format!("an audit entry can't be read: {e}"));
        let event = serde_json::from_str(&text).map_err(unreadable)?;
        Ok(AuditEntry { event, hash })
    };
    let found: Result<Vec<AuditEntry>> = rows.into_iter().map(entry).collect();
    let page = Page::of(found?, limit, |last: &AuditEntry| Cursor {
        sort: "-seq".to_owned(),
        value: last.event.seq.to_string(),
        id: Id(Uuid::nil()),
    });
    page.counted(filter.count, || {
        let all = all().select(dsl::seq).limit(page::COUNTED);
        Ok(all.load::<i64>(db)?.len())
    })
}

/// Counts what each actor did to a subject, or only one of them, for a person's export: the first ones after an actor and action.
pub fn summarize(
    db: &mut Db,
    subject: Id,
    only: Option<&str>,
    after: Option<&(String, String)>,
    limit: i64,
) -> Result<Vec<AuditSummary>> {
    type Row = (String, String, i64, Option<Instant>, Option<Instant>);
    let about = audit_subjects::table
        .filter(audit_subjects::subject_id.eq(subject))
        .select(audit_subjects::seq);
    // Nothing is before the empty actor.
    let (actor, action) = after.map_or(("", ""), |(actor, action)| (actor.as_str(), action.as_str()));
    let is_later = dsl::actor
        .gt(actor)
        .or(dsl::actor.eq(actor).and(dsl::action.gt(action)));
    let is_told = dsl::actor
        .eq(only.unwrap_or_default())
        .or(only.is_none().into_sql::<Bool>());
    let rows = dsl::audit
        .filter(dsl::seq.eq_any(about))
        .filter(is_told)
        .filter(is_later)
        .group_by((dsl::actor, dsl::action))
        .select((
            dsl::actor,
            dsl::action,
            count_star(),
            min(dsl::occurred_at),
            max(dsl::occurred_at),
        ))
        .order((dsl::actor, dsl::action))
        .limit(limit)
        .load::<Row>(db)?;
    let summary = |(actor, action, count, first_at, last_at): Row| {
        Some(AuditSummary {
            actor,
            action,
            count,
            first_at: first_at?,
            last_at: last_at?,
        })
    };
    Ok(rows.into_iter().filter_map(summary).collect())
}

/// The length and the last hash of an intact chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainSummary {
    pub entries: i64,
    /// The hash of the last entry.
    pub hash: String,
}

/// Verifies the whole chain: the numbers, the columns against the text, and the hashes. With `expected`, the
/// entry with that number must have that hash. The inner error describes the first entry that doesn't match.
pub fn verify(db: &mut Db, expected: Option<(i64, &str)>) -> Result<Result<ChainSummary, String>> {
    type Row = (i64, Instant, String, String, String, String);
    let mut known = ChainSummary {
        entries: 0,
        hash: GENESIS.to_owned(),
    };
    loop {
        let next = dsl::audit
            .filter(dsl::seq.gt(known.entries))
            .order(dsl::seq)
            .limit(BATCH as i64)
            .select((
                dsl::seq,
                dsl::occurred_at,
                dsl::actor,
                dsl::action,
                dsl::entry,
                dsl::hash,
            ));
        let rows = next.load::<Row>(db)?;
        let Some((last, ..)) = rows.last() else { break };
        let about = audit_subjects::table
            .filter(audit_subjects::seq.gt(known.entries))
            .filter(audit_subjects::seq.le(*last))
            .order((audit_subjects::seq, audit_subjects::subject_id))
            .select((audit_subjects::seq, audit_subjects::subject_id));
        let mut about = about.load::<(i64, Id)>(db)?.into_iter().peekable();
        for (seq, occurred_at, actor, action, text, hash) in rows {
            let fault = |what: &str| Ok(Err(format!("entry {seq}: {what}")));
            if seq != known.entries + 1 {
                return fault("an entry before it is missing");
            }
            if chain(&known.hash, &text) != hash {
                return fault("its hash doesn't match its text and the previous entry");
            }
            let Ok(event) = serde_json::from_str::<AuditEvent>(&text) else {
                return fault("its text can't be read");
            };
            let mut subjects = Vec::new();
            while let Some((_, id)) = about.next_if(|(of, _)| *of == seq) {
                subjects.push(id);
            }
            let content = (
                event.seq,
                event.occurred_at,
                event.actor.as_str(),
                event.action.code(),
            );
            if content != (seq, occurred_at, actor.as_str(), action.as_str()) || event.subjects != subjects {
                return fault("its columns differ from its text");
            }
            if expected.is_some_and(|(number, known)| number == seq && known != hash) {
                return fault("its hash differs from the expected one");
            }
            (known.entries, known.hash) = (seq, hash);
        }
    }
    match expected {
        Some((number, _)) if number > known.entries => Ok(Err(format!(
            "entry {number} is expected, but the audit has only {}",
            known.entries
        ))),
        _ => Ok(Ok(known)),
    }
}
