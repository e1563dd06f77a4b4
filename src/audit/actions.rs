//! Entering what isn't part of a write.

use super::{Act, AuditAction, store};
use crate::db::{Id, Pool};
use crate::error::Result;

/// Enters that someone viewed the personal data of these people, if there are any.
pub async fn personal_data_was_read(pool: &Pool, actor: String, subjects: Vec<Id>) -> Result<()> {
    if subjects.is_empty() {
        return Ok(());
    }
    let act = Act {
        actor,
        action: AuditAction::PersonalDataRead,
        subjects,
    };
    pool.write(move |db| store::append(db, &act)).await
}
