//! Decides about pairs, for a person or by an area's rule, and sets these rules.

use super::rules::{self, DuplicateRule, NewDuplicateRule};
use super::{Decision, Duplicate, DuplicateFilter, DuplicateKind, DuplicateStatus, store};
use crate::audit::{self, Act, AuditAction};
use crate::auth::{Reach, Viewer, within_reach};
use crate::catalogue::{Catalogue, lookup};
use crate::changes;
use crate::db::{Db, Id, Instant};
use crate::error::{Error, Result, Text};
use crate::http::Page;
use crate::reach::store::{has_organization, has_own_worker};
use crate::{applications, organizations, workers};

/// Lists pairs as a viewer sees them.
pub fn list(db: &mut Db, viewer: &Viewer, filter: &DuplicateFilter) -> Result<Page<Duplicate>> {
    let page = store::list(db, &viewer.reach, filter, viewer.personal_data)?;
    Ok(page.map(|pair| pair.shown(viewer.personal_data)))
}

/// Decides about a pair. Both of its records have to be within the reach. `edit` returns the new decision.
pub fn decide(
    db: &mut Db,
    actor: &str,
    reach: &Reach,
    id: Id,
    edit: impl FnOnce(&Duplicate) -> Result<Decision>,
) -> Result<Duplicate> {
    let before = store::find_to_change(db, reach, id)?;
    let decision = edit(&before)?;
    if decision == before.decision {
        return Ok(before);
    }
    for record in &before.records {
        within_reach(match before.kind {
            DuplicateKind::Worker => has_own_worker(db, reach, record.id)?,
            DuplicateKind::Organization => has_organization(db, reach, record.id)?,
        })?;
    }
    apply(db, actor, &before, &decision)?;
    store::find(db, reach, id)
}

/// Merges pairs into their older records. A pair of which one record is already merged with a third one stays as it is.
pub fn merge_by_rule(db: &mut Db, ids: &[Id]) -> Result<()> {
    let find = |id: &Id| store::find(db, &Reach::Everything, *id);
    let pairs: Vec<Duplicate> = ids.iter().map(find).collect::<Result<_>>()?;
    // All of them are locked before the first write to the change log.
    let mut records = Vec::new();
    for pair in pairs.iter().filter(|pair| pair.kind == DuplicateKind::Worker) {
        records.extend(of_person(db, pair)?);
    }
    applications::leaving::lock_to_join(db, &records)?;
    pairs.iter().try_for_each(|pair| merge_older(db, pair))
}

fn merge_older(db: &mut Db, pair: &Duplicate) -> Result<()> {
    let decision = Decision {
        status: DuplicateStatus::Merged,
        primary_id: pair.records.first().map(|older| older.id),
    };
    match apply(db, rules::ACTOR, pair, &decision) {
        Err(Error::Conflict { .. }) => Ok(()),
        applied => applied,
    }
}

/// Returns the workers of a pair, and those who are merged into one of them.
fn of_person(db: &mut Db, pair: &Duplicate) -> Result<Vec<Id>> {
    let mut all = Vec::new();
    for record in &pair.records {
        let worker = workers::store::find(db, &Reach::Everything, record.id)?;
        all.extend(workers::store::same_person(db, &worker)?);
    }
    Ok(all)
}

/// Writes a decision about a pair, merges or separates the records, and appends to the change log and the
/// audit. A person whose records are merged keeps one application for each deliverable, which a separation doesn't bring
/// back. The caller has to lock all pairs first.
fn apply(db: &mut Db, actor: &str, pair: &Duplicate, decision: &Decision) -> Result<()> {
    let ids: Vec<Id> = pair.records.iter().map(|record| record.id).collect();
    if decision.primary_id.is_some_and(|primary| !ids.contains(&primary)) {
        let rule = Text::new(
            "この組の記録のIDを指定してください。",
            "Give the id of one of the two records.",
        );
        return Err(Error::invalid("/primary_id", "not_in_pair", rule));
    }
    let now = Instant::now();
    let joined = decision.primary_id.filter(|_| pair.kind == DuplicateKind::Worker);
    let of_person = match joined {
        Some(_) => of_person(db, pair)?,
        None => Vec::new(),
    };
    applications::leaving::lock_to_join(db, &of_person)?;
    let mut logged = Vec::new();
    for id in &ids {
        let into = decision.primary_id.filter(|primary| primary != id);
        let (before, is_primary) = match pair.kind {
            DuplicateKind::Worker => (
                workers::store::merged_into(db, *id)?,
                workers::store::has_merged(db, *id, &ids)?,
            ),
            DuplicateKind::Organization => (
                organizations::store::merged_into(db, *id)?,
                organizations::store::has_merged(db, *id, &ids)?,
            ),
        };
        // Merges don't form chains: it would be unclear which record is the primary one.
        if before.is_some_and(|primary| !ids.contains(&primary)) || into.is_some() && is_primary {
            return Err(already_merged());
        }
        if before != into {
            logged.push(match pair.kind {
                DuplicateKind::Worker => workers::store::merge(db, *id, into, now)?,
                DuplicateKind::Organization => organizations::store::merge(db, *id, into, now)?,
            });
        }
    }
    store::update(db, pair, decision, now)?;
    changes::store::append(db, actor, &logged)?;
    if let Some(primary) = joined {
        applications::leaving::join(db, actor, primary, &of_person, now)?;
    }
    let act = Act {
        operation: None,
        actor: actor.to_owned(),
        action: match decision.status {
            DuplicateStatus::Merged => AuditAction::DuplicateMerged,
            _ => AuditAction::DuplicateSeparated,
        },
        subjects: ids,
    };
    audit::store::append(db, &act)
}

fn already_merged() -> Error {
    Error::Conflict {
        code: "already_merged",
        detail: Text::new(
            "どちらかの記録が、すでに別の記録と統合されています。先にその統合を取り消してください。",
            "One of the records is already merged with a third one. Undo that merge first.",
        ),
    }
}

/// Sets the rule of an area. `check` gets the rule that would be replaced, and may refuse.
pub fn replace_rule(
    db: &mut Db,
    catalogue: &Catalogue,
    actor: &str,
    reach: &Reach,
    mut area: String,
    rule: NewDuplicateRule,
    check: impl FnOnce(Option<&DuplicateRule>) -> Result<()>,
) -> Result<DuplicateRule> {
    let mut faults = Vec::new();
    lookup::resolve_area(&catalogue.fixed, &mut area, "/area", &mut faults);
    if !faults.is_empty() {
        return Err(Error::not_found("この区市町村", "area"));
    }
    within_reach(match reach {
        Reach::Everything => true,
        Reach::Areas(areas) => areas.contains(&area),
        _ => false,
    })?;
    let before = store::rules::find_to_change(db, &area)?;
    check(before.as_ref())?;
    match before {
        Some(before) if before.rule == rule => Ok(before),
        before => {
            let new = DuplicateRule {
                area,
                rule,
                version: before.map_or(1, |before| before.version + 1),
                updated_at: Instant::now(),
            };
            store::rules::upsert(db, actor, &new)?;
            Ok(new)
        }
    }
}
