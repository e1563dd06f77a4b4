//! Who may change what of a deliverable, and which organizations it may name.

use super::{Deliverable, DeliverableStatus, JointOrganization, JointStatus, NewDeliverable, ProjectReason};
use crate::auth::{DecideDeliverables, Reach, Scope, within_reach};
use crate::db::Id;
use crate::error::{Error, FieldError, Result, Text};
use std::collections::BTreeSet;

/// Checks that the caller may set a status: some are decisions, which need the scope `deliverables:decide`.
pub fn check_decision(
    may_decide: bool,
    status: DeliverableStatus,
    before: Option<DeliverableStatus>,
) -> Result<()> {
    if may_decide || !status.is_decision() || before == Some(status) {
        return Ok(());
    }
    Err(Error::InsufficientScope {
        scope: DecideDeliverables::NAME,
    })
}

/// Checks that a request to which people have agreed isn't cancelled without a reason.
pub fn check_reason(before: &NewDeliverable, after: &NewDeliverable) -> Result<()> {
    let is_cancelled = after.status == DeliverableStatus::Cancelled;
    if !is_cancelled || !before.status.needs_reason_to_cancel() || after.cancellation_reason.is_some() {
        return Ok(());
    }
    let rule = Text::new(
        "チームが決まった依頼の中止には理由が必要です。",
        "To cancel a request that has a team, give a reason.",
    );
    Err(Error::invalid("/cancellation_reason", "missing_field", rule))
}

/// Checks the reason for archiving a request: one to which people have agreed needs it, one that has ended has none.
pub fn check_archive_reason(before: &Deliverable, reason: Option<ProjectReason>) -> Result<()> {
    if before.is_over() && reason.is_some() {
        let rule = Text::new(
            "すでに終了した依頼の保管には、理由を指定できません。",
            "A request that has ended is archived without a reason.",
        );
        let fault = FieldError::parameter("reason", "unexpected_reason", rule);
        return Err(Error::Invalid(vec![fault]));
    }
    if before.request.status.needs_reason_to_cancel() && reason.is_none() {
        let rule = Text::new(
            "チームが決まった依頼の保管には理由が必要です。",
            "To archive a request that has a team, give a reason.",
        );
        let fault = FieldError::parameter("reason", "missing_field", rule);
        return Err(Error::Invalid(vec![fault]));
    }
    Ok(())
}

/// Checks that a request isn't declined by a mere change of its status.
pub fn check_declined(before: &NewDeliverable, after: &NewDeliverable) -> Result<()> {
    let is_declined = after.status == DeliverableStatus::Declined;
    if !is_declined || !before.status.is_under_review() {
        return Ok(());
    }
    let rule = Text::new(
        "見送りには理由が必要です。POST /v1/deliverables/{id}/decisions で決定してください。",
        "To decline a request, give a reason: decide with POST /v1/deliverables/{id}/decisions.",
    );
    Err(Error::invalid("/status", "decision_required", rule))
}

/// Checks that an organization that joined a request doesn't take it over: only the lead archives it (`after` is none)
/// or changes who requests it.
pub fn check_requesters(
    reach: &Reach,
    before: &NewDeliverable,
    after: Option<&NewDeliverable>,
) -> Result<()> {
    let Reach::Organization(caller) = reach else {
        return Ok(());
    };
    let are_same = after.is_some_and(|after| after.organization_ids().eq(before.organization_ids()));
    within_reach(before.organization_id == *caller || are_same)
}

/// Checks that every organization exists and none is named twice.
pub fn check_organizations(request: &NewDeliverable, existing: &BTreeSet<Id>) -> Result<()> {
    let mut faults = Vec::new();
    if !existing.contains(&request.organization_id) {
        faults.push(unknown_organization("/organization_id"));
    }
    let mut seen = BTreeSet::from([request.organization_id]);
    for (i, id) in request.joint_organization_ids.iter().enumerate() {
        let pointer = format!("/joint_organization_ids/{i}");
        if !seen.insert(*id) {
            let rule = Text::new(
                "同じ団体が重複しています。",
                "The same organization occurs twice.",
            );
            faults.push(FieldError::at(pointer, "duplicate", rule));
        } else if !existing.contains(id) {
            faults.push(unknown_organization(pointer));
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    }
}

/// How often an organization may refuse or leave a request. After that, nobody invites it again.
const MAX_REFUSALS: u8 = 3;

/// Checks that no organization is invited that has refused or left the request too often. It can still be accepted for by
/// who acts for it.
pub fn check_invitations(before: &Deliverable, after: &Deliverable) -> Result<()> {
    let is_new = |id: Id| before.joint_organization(id).is_none();
    let refusals = |id: Id| before.refusals.get(&id).copied().unwrap_or_default();
    let fault = |(i, one): (usize, &JointOrganization)| {
        let id = one.organization_id;
        let is_bothered = one.status == JointStatus::Invited && is_new(id) && refusals(id) >= MAX_REFUSALS;
        let rule = || {
            Text::new(
                format!(
                    "この団体は共同の依頼を{MAX_REFUSALS}回断っているため、もう一度招待することはできません。"
                ),
                format!(
                    "This organization has refused the request {MAX_REFUSALS} times and can't be invited again."
                ),
            )
        };
        is_bothered.then(|| {
            FieldError::at(
                format!("/joint_organization_ids/{i}"),
                "too_many_invitations",
                rule(),
            )
        })
    };
    let faults: Vec<FieldError> = after
        .joint_organizations
        .iter()
        .enumerate()
        .filter_map(fault)
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    }
}

/// The most requests, and the most events, of an organization that are drafts or wait for an office, and the most that one of its
/// users makes within a day.
pub const MOST_WAITING: i64 = 100;

/// How long something counts that somebody of an organization has made, whatever became of it.
pub const MADE_LATELY: chrono::Duration = chrono::Duration::days(1);

/// Checks that an organization may make one more request, or event, than it has in waiting, or has made lately.
pub fn check_waiting(waiting: i64) -> Result<()> {
    if waiting < MOST_WAITING {
        return Ok(());
    }
    Err(Error::Conflict {
        code: "too_many_drafts",
        detail: Text::new(
            format!(
                "団体の下書きと確認待ちが{MOST_WAITING}件あるか、1日以内に{MOST_WAITING}件作成しています。不要な下書きを削除するか（イベントの下書きは書き換えて使ってください）、時間をおいてください。"
            ),
            format!(
                "Your organization has {MOST_WAITING} that are drafts or wait for the office, or you have made {MOST_WAITING} within a day. Delete drafts (rewrite those of events), or wait."
            ),
        ),
    })
}

pub fn unknown_organization(pointer: impl Into<String>) -> FieldError {
    let rule = Text::new(
        "この団体は登録されていません。",
        "This organization doesn't exist.",
    );
    FieldError::at(pointer, "unknown_organization", rule)
}
