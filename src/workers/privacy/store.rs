//! SQL of what is held on one person, and of erasing it.

use super::super::store::find;
use super::super::{Consent, RecordedConsent, Worker};
use super::{AuditedSum, HeldAccount, HeldApplication, HeldSession, PersonalData};
use crate::audit::{self, Act, AuditAction};
use crate::auth::Reach;
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::{
    applications, audit as entries, audit_subjects, consents as given, duplicates, import_chunks,
    import_findings, import_jobs, import_writes, imported_records, sessions, users, workers,
};
use crate::db::{Db, Doc, Id, Instant, insert_all};
use crate::error::{Error, Result};
use crate::http::idempotency;
use diesel::dsl::{count_star, max, min};
use diesel::prelude::*;
use workers::dsl;

/// Erases the person, what they wrote to us and what we answered about them. The log keeps that there was someone.
pub fn delete(db: &mut Db, actor: &str, worker: &Worker) -> Result<()> {
    let mut changes = forget_applications(db, worker.id)?;
    let account = users::table
        .filter(users::worker_id.eq(worker.id))
        .select(users::id);
    let account = account.first::<Id>(db).optional()?;
    changes.append(&mut separate(db, worker.id)?);
    let before = dsl::workers
        .find(worker.id)
        .filter(dsl::version.eq(worker.version));
    if diesel::delete(before).execute(db)? == 0 {
        return Err(Error::PreconditionFailed {
            current: find(db, &Reach::Everything, worker.id)?.version,
        });
    }
    // What imports keep of them: the row they were made of, and what they were before.
    diesel::delete(imported_records::table.find(worker.id)).execute(db)?;
    let jobs = import_jobs::table.select(import_jobs::id);
    let kept = import_writes::table
        .filter(import_writes::job_id.eq_any(jobs))
        .filter(import_writes::record_id.eq(worker.id));
    let files: Vec<Id> = kept.select(import_writes::job_id).load(db)?;
    diesel::delete(kept).execute(db)?;
    // Nobody can tell which of a file's rows are about them: the whole file goes, and what was quoted of it.
    diesel::delete(import_chunks::table.filter(import_chunks::job_id.eq_any(&files))).execute(db)?;
    let quoted = import_findings::table.filter(import_findings::job_id.eq_any(&files));
    diesel::update(quoted)
        .set(import_findings::value.eq(""))
        .execute(db)?;
    let pairs = duplicates::one_id
        .eq(worker.id)
        .or(duplicates::other_id.eq(worker.id));
    diesel::delete(duplicates::table.filter(pairs)).execute(db)?;
    // The row of their account went with theirs.
    for forgotten in account.into_iter().chain([worker.id]) {
        idempotency::forget(db, &forgotten.to_string())?;
    }
    changes.push(Change::new(
        Subject::Worker,
        worker.id,
        Action::Deleted,
        worker.version + 1,
    ));
    changes::store::append(db, actor, &changes)?;
    audit::store::append(db, &Act::new(actor, AuditAction::WorkerErased, worker.id))
}

/// Whoever was merged into this record counts again.
fn separate(db: &mut Db, worker: Id) -> Result<Vec<Change>> {
    let merged = dsl::workers.filter(dsl::merged_into.eq(worker));
    let found = merged.select((dsl::id, dsl::version)).load::<(Id, i64)>(db)?;
    let separated = (
        dsl::merged_into.eq(None::<Id>),
        dsl::version.eq(dsl::version + 1),
        dsl::updated_at.eq(Instant::now()),
    );
    diesel::update(merged).set(separated).execute(db)?;
    let change = |(id, version)| Change::new(Subject::Worker, id, Action::Updated, version + 1);
    Ok(found.into_iter().map(change).collect())
}

/// That someone applied is counted on; who it was and what was said is not kept. The applications' own slice is below
/// this one, and a person has to be gone from everywhere at once.
fn forget_applications(db: &mut Db, worker: Id) -> Result<Vec<Change>> {
    use applications::dsl as a;
    let theirs = a::applications.filter(a::worker_id.eq(worker));
    let found = theirs.select((a::id, a::version)).load::<(Id, i64)>(db)?;
    let forgotten = (
        a::worker_id.eq(None::<Id>),
        a::message.eq(None::<String>),
        a::note.eq(None::<String>),
        a::version.eq(a::version + 1),
        a::updated_at.eq(Instant::now()),
    );
    diesel::update(theirs).set(forgotten).execute(db)?;
    let change = |(id, version)| Change::new(Subject::Application, id, Action::Updated, version + 1);
    Ok(found.into_iter().map(change).collect())
}

/// Records the consents of those who are new.
pub fn record_consents(db: &mut Db, actor: &str, workers: &[Worker]) -> Result<()> {
    use given::dsl as g;
    let row = |worker: &Worker| {
        let consent = worker.profile.consent.clone()?;
        Some((
            g::id.eq(Id::new()),
            g::worker_id.eq(worker.id),
            g::consent.eq(Doc(consent)),
            g::recorded_by.eq(actor.to_owned()),
            g::recorded_at.eq(worker.updated_at),
        ))
    };
    let rows: Vec<_> = workers.iter().filter_map(row).collect();
    insert_all!(db, given::table, &rows)?;
    Ok(())
}

/// Follows a consent that was given, withdrawn or replaced: what was done, for the audit.
pub fn follow_consent(db: &mut Db, actor: &str, worker: &Worker) -> Result<Option<AuditAction>> {
    use given::dsl as g;
    let standing = g::consents
        .filter(g::worker_id.eq(worker.id))
        .filter(g::withdrawn_at.is_null());
    let before = standing
        .select((g::id, g::consent))
        .first::<(Id, Doc<Consent>)>(db)
        .optional()?;
    let (before, now) = (
        before.as_ref().map(|(id, Doc(consent))| (*id, consent)),
        &worker.profile.consent,
    );
    if before.map(|(_, consent)| consent) == now.as_ref() {
        return Ok(None);
    }
    if let Some((id, _)) = before {
        let withdrawn = (g::withdrawn_by.eq(actor), g::withdrawn_at.eq(worker.updated_at));
        diesel::update(g::consents.find(id)).set(withdrawn).execute(db)?;
    }
    record_consents(db, actor, std::slice::from_ref(worker))?;
    Ok(Some(match now {
        Some(_) => AuditAction::ConsentGiven,
        None => AuditAction::ConsentWithdrawn,
    }))
}

pub fn consents(db: &mut Db, worker: Id) -> Result<Vec<RecordedConsent>> {
    use given::dsl as g;
    type Row = (Doc<Consent>, String, Instant, Option<String>, Option<Instant>);
    let rows = g::consents
        .filter(g::worker_id.eq(worker))
        .order((g::recorded_at, g::id))
        .select((
            g::consent,
            g::recorded_by,
            g::recorded_at,
            g::withdrawn_by,
            g::withdrawn_at,
        ))
        .load::<Row>(db)?;
    let recorded = |(Doc(consent), recorded_by, recorded_at, withdrawn_by, withdrawn_at)| RecordedConsent {
        consent,
        recorded_by,
        recorded_at,
        withdrawn_by,
        withdrawn_at,
    };
    Ok(rows.into_iter().map(recorded).collect())
}

/// Everything that is held on one person.
pub fn held(db: &mut Db, worker: Worker) -> Result<PersonalData> {
    let id = worker.id;
    let account = account(db, id)?;
    Ok(PersonalData {
        consents: consents(db, id)?,
        applications: applications_of(db, id)?,
        sessions: match &account {
            Some(account) => sessions_of(db, account.id)?,
            None => Vec::new(),
        },
        account,
        audited: audited(db, id)?,
        worker,
    })
}

fn applications_of(db: &mut Db, worker: Id) -> Result<Vec<HeldApplication>> {
    use applications::dsl as a;
    type Row = (
        Id,
        Id,
        String,
        String,
        Option<String>,
        Option<String>,
        Option<String>,
        String,
        Instant,
        Instant,
    );
    let rows = a::applications
        .filter(a::worker_id.eq(worker))
        .order(a::id)
        .select((
            a::id,
            a::deliverable_id,
            a::role,
            a::status,
            a::reason,
            a::message,
            a::note,
            a::created_by,
            a::created_at,
            a::updated_at,
        ))
        .load::<Row>(db)?;
    let held = |row: Row| {
        let (id, deliverable_id, role, status, reason, message, note, created_by, created_at, updated_at) =
            row;
        HeldApplication {
            id,
            deliverable_id,
            role,
            status,
            reason,
            message,
            note,
            created_by,
            created_at,
            updated_at,
        }
    };
    Ok(rows.into_iter().map(held).collect())
}

fn account(db: &mut Db, worker: Id) -> Result<Option<HeldAccount>> {
    let row = users::table
        .filter(users::worker_id.eq(worker))
        .select((
            users::id,
            users::email,
            users::name,
            users::created_at,
            users::last_login_at,
        ))
        .first::<(Id, String, String, Instant, Option<Instant>)>(db)
        .optional()?;
    Ok(
        row.map(|(id, email, name, created_at, last_login_at)| HeldAccount {
            id,
            email,
            name,
            created_at,
            last_login_at,
        }),
    )
}

fn sessions_of(db: &mut Db, user: Id) -> Result<Vec<HeldSession>> {
    use sessions::dsl as s;
    let rows = s::sessions
        .filter(s::user_id.eq(user))
        .order(s::id)
        .select((s::address, s::user_agent, s::created_at, s::last_used_at))
        .load::<(Option<String>, Option<String>, Instant, Instant)>(db)?;
    let held = |(address, user_agent, created_at, last_used_at)| HeldSession {
        address,
        user_agent,
        created_at,
        last_used_at,
    };
    Ok(rows.into_iter().map(held).collect())
}

fn audited(db: &mut Db, worker: Id) -> Result<Vec<AuditedSum>> {
    type Row = (String, String, i64, Option<Instant>, Option<Instant>);
    let about = audit_subjects::table
        .filter(audit_subjects::subject_id.eq(worker))
        .select(audit_subjects::seq);
    let rows = entries::table
        .filter(entries::seq.eq_any(about))
        .group_by((entries::actor, entries::action))
        .select((
            entries::actor,
            entries::action,
            count_star(),
            min(entries::at),
            max(entries::at),
        ))
        .order((entries::actor, entries::action))
        .load::<Row>(db)?;
    let sum = |(actor, action, times, first_at, last_at): Row| {
        Some(AuditedSum {
            actor,
            action,
            times,
            first_at: first_at?,
            last_at: last_at?,
        })
    };
    Ok(rows.into_iter().filter_map(sum).collect())
}

/// How many are forgotten in one transaction.
const AT_ONCE: i64 = 100;

/// The actor of what nobody asks for.
const RETENTION: &str = "retention";

/// Erases workers whose records nobody changed since, and who wait for no answer and are in no project. Gives how many;
/// there may be more.
pub fn erase_idle(db: &mut Db, since: Instant) -> Result<usize> {
    let busy = applications::table
        .filter(applications::status.eq_any(["submitted", "accepted"]))
        .filter(applications::worker_id.is_not_null())
        .select(applications::worker_id.assume_not_null());
    let idle = dsl::workers
        .filter(dsl::updated_at.lt(since))
        .filter(dsl::id.ne_all(busy))
        .order(dsl::updated_at)
        .limit(AT_ONCE)
        .select(dsl::id);
    let idle = idle.load::<Id>(db)?;
    for id in &idle {
        let worker = super::super::store::find_to_change(db, &Reach::Everything, *id)?;
        delete(db, RETENTION, &worker)?;
    }
    Ok(idle.len())
}

/// Forgets what was written in applications that ended before. Gives how many; there may be more.
pub fn forget_messages(db: &mut Db, before: Instant) -> Result<usize> {
    use applications::dsl as a;
    let ended = a::applications
        .filter(a::updated_at.lt(before))
        .filter(a::status.eq_any(["declined", "withdrawn"]))
        .filter(a::message.is_not_null().or(a::note.is_not_null()))
        .order(a::updated_at)
        .limit(AT_ONCE)
        .select((a::id, a::version));
    let ended = ended.load::<(Id, i64)>(db)?;
    let ids: Vec<Id> = ended.iter().map(|(id, _)| *id).collect();
    let forgotten = (
        a::message.eq(None::<String>),
        a::note.eq(None::<String>),
        a::version.eq(a::version + 1),
        a::updated_at.eq(Instant::now()),
    );
    diesel::update(a::applications.filter(a::id.eq_any(ids)))
        .set(forgotten)
        .execute(db)?;
    let change =
        |(id, version): &(Id, i64)| Change::new(Subject::Application, id, Action::Updated, version + 1);
    changes::store::append(db, RETENTION, &ended.iter().map(change).collect::<Vec<_>>())?;
    Ok(ended.len())
}
