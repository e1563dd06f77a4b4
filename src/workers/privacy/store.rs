//! SQL of what is held on one person, and of erasing it.

use super::super::Worker;
use super::super::store::find;
use crate::auth::Reach;
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::{applications, workers};
use crate::db::{Db, Id, Instant};
use crate::error::{Error, Result};
use crate::http::idempotency;
use diesel::prelude::*;
use workers::dsl;

/// Erases the person, what they wrote to us and what we answered about them. The log keeps that there was someone.
pub fn delete(db: &mut Db, actor: &str, worker: &Worker) -> Result<()> {
    let mut changes = forget_applications(db, worker.id)?;
    let before = dsl::workers
        .find(worker.id)
        .filter(dsl::version.eq(worker.version));
    if diesel::delete(before).execute(db)? == 0 {
        return Err(Error::PreconditionFailed {
            current: find(db, &Reach::Everything, worker.id)?.version,
        });
    }
    idempotency::forget(db, &worker.id.to_string())?;
    changes.push(Change::new(
        Subject::Worker,
        worker.id,
        Action::Deleted,
        worker.version + 1,
    ));
    changes::store::append(db, actor, &changes)
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
