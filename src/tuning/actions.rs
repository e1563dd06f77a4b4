//! Finding the lists from which somebody was chosen.

use super::{ChosenList, ShownValues, TuningReport, report};
use crate::applications::{self, Application};
use crate::db::{BATCH, Db, Id, Instant};
use crate::deliverables::{self, DeliverableStatus};
use crate::error::Result;
use crate::exposures::{self, ListKind, ShownItem, ShownList};
use crate::{weights, workers};
use std::collections::HashSet;

/// Who only looks, and chooses nobody.
const LOOK_ON: [&str; 2] = ["admin", "auditor"];

/// Holds the weights in use against the applications that were agreed.
pub fn weigh(db: &mut Db) -> Result<TuningReport> {
    let mut lists = Vec::new();
    let mut after = None;
    loop {
        let agreed = applications::store::agreed(db, after, BATCH as i64)?;
        let Some(last) = agreed.last() else { break };
        after = Some(last.id);
        let deliverables: Vec<Id> = agreed.iter().map(|one| one.deliverable_id).collect();
        let delivered = deliverables::store::load_some(db, &deliverables)?.into_iter();
        let delivered = delivered.filter(|one| one.request.status == DeliverableStatus::Delivered);
        let delivered: HashSet<Id> = delivered.map(|one| one.id).collect();
        let people: Vec<Id> = agreed.iter().filter_map(|one| one.worker_id).collect();
        let people = workers::store::represented_by(db, &people)?;
        for one in &agreed {
            let Some(worker) = one.worker_id else { continue };
            let person = people.get(&worker).copied().unwrap_or(worker);
            let is_delivered = delivered.contains(&one.deliverable_id);
            // Those who decide look until the agreement; the worker looks until they apply.
            let asked = (ListKind::Workers, one.deliverable_id, one.updated_at);
            lists.extend(chosen(db, one, asked, person, is_delivered)?);
            let asked = (ListKind::Deliverables, worker, one.created_at);
            lists.extend(chosen(db, one, asked, one.deliverable_id, is_delivered)?);
        }
    }
    Ok(report(weights::store::current(db)?, &lists))
}

/// Returns the last list in a fair order that showed what was chosen to somebody who could choose.
fn chosen(
    db: &mut Db,
    application: &Application,
    (kind, subject, until): (ListKind, Id, Instant),
    item: Id,
    delivered: bool,
) -> Result<Option<ChosenList>> {
    let shown = exposures::store::shown_before(db, kind, subject, until)?;
    let role = application.role.as_str();
    let found = shown.iter().filter(|list| chooses(list)).find_map(|list| {
        let is_it = |one: &&ShownItem| one.id == item && one.role.as_deref() == Some(role);
        Some((list, list.content.items.iter().find(is_it)?))
    });
    let Some((list, own)) = found else { return Ok(None) };
    // In a list for a team, those of one role compete.
    let competes = |one: &&ShownItem| kind == ListKind::Deliverables || one.role == own.role;
    let competing = list.content.items.iter().filter(competes);
    let valued: Vec<(Id, ShownValues)> = competing.filter_map(|one| Some((one.id, values(one)?))).collect();
    let Some(chosen) = valued.iter().position(|(id, _)| *id == item) else {
        return Ok(None);
    };
    Ok(Some(ChosenList {
        request: application.deliverable_id.0.as_u128(),
        items: valued.into_iter().map(|(_, values)| values).collect(),
        chosen,
        rank: own.rank,
        drawn_with: own.swap.map(|swap| swap.with_rank),
        delivered,
        without_text: list.content.weights_version.ends_with("-without-text"),
    }))
}

fn chooses(list: &ShownList) -> bool {
    let role = list.viewer.split(':').next().unwrap_or_default();
    list.strength_ppm.is_some() && !LOOK_ON.contains(&role)
}

fn values(item: &ShownItem) -> Option<ShownValues> {
    let values: Vec<u64> = item
        .values_ppm
        .as_ref()?
        .iter()
        .map(|ppm| u64::from(*ppm))
        .collect();
    values.try_into().ok()
}
