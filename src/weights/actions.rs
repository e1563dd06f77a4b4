//! Setting new weights.

use super::{NewWeights, WeightsVersion, store};
use crate::audit::{self, Act, AuditAction};
use crate::db::{Db, Instant};
use crate::error::{Error, Result};
use crate::http::IfMatch;

/// Sets new weights. The caller has to have seen those in use. The same weights for the same reason change nothing.
pub fn replace(db: &mut Db, actor: &str, if_match: &IfMatch, new: NewWeights) -> Result<WeightsVersion> {
    let before = store::current_to_change(db)?;
    if !matches!(if_match, IfMatch::Versions(_)) {
        return Err(Error::PreconditionRequired);
    }
    if_match.check(before.number)?;
    if before.weights == new.weights && before.reason.as_ref() == Some(&new.reason) {
        return Ok(before);
    }
    let after = before.next(new, actor, Instant::now());
    store::insert(db, actor, &after)?;
    let act = Act {
        actor: actor.to_owned(),
        action: AuditAction::WeightsChanged,
        operation: None,
        subjects: Vec::new(),
    };
    audit::store::append(db, &act)?;
    Ok(after)
}
