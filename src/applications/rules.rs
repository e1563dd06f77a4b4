//! Who can get which place of a team.

use super::NewApplication;
use crate::deliverables::{Deliverable, DeliverableStatus};
use crate::error::{Error, FieldError, Result, Text};
use crate::workers::{NewWorker, Worker, WorkerStatus};

/// The taken places of a deliverable: role and number.
pub type Taken = Vec<(String, u16)>;

/// Returns the first free place of a role, or `None` if the team has no such role or no place is free. If the
/// team was made smaller, taken places beyond its size still count.
pub fn free_place(deliverable: &Deliverable, role: &str, taken: &Taken) -> Option<u16> {
    let mut roles = deliverable.request.roles.iter().flatten();
    let wish = roles.find(|wish| wish.role == *role)?;
    let of_role = taken.iter().filter(|(r, _)| r == role);
    let of_role: Vec<u16> = of_role.map(|(_, place)| *place).collect();
    let is_free = of_role.len() < usize::from(wish.places);
    (1..=wish.places).find(|place| is_free && !of_role.contains(place))
}

/// Returns whether no role has a free place.
pub fn is_complete(deliverable: &Deliverable, taken: &Taken) -> bool {
    let mut roles = deliverable.request.roles.iter().flatten();
    roles.all(|wish| free_place(deliverable, &wish.role, taken).is_none())
}

/// Returns the place that a worker would get in a role now. The deliverable must be open, and the role must
/// have a free place. The worker must be active, consenting and below capacity, and must not be kept apart
/// (`is_separated`) from an organization that asks for the deliverable.
pub fn place_for(
    deliverable: Option<&Deliverable>,
    worker: Option<&Worker>,
    is_separated: bool,
    role: &str,
    taken: &Taken,
) -> Result<u16> {
    let status = deliverable.map_or("archived", |d| d.request.status.code());
    let open = deliverable.filter(|d| d.request.status == DeliverableStatus::Open);
    let deliverable = open.ok_or_else(|| {
        conflict(
            "deliverable_not_open",
            format!("この支援内容は現在募集していません（状態: {status}）。"),
            format!("This deliverable doesn't take applications: its status is {status}."),
        )
    })?;
    let place = free_place(deliverable, role, taken).ok_or_else(|| role_filled(role))?;
    // A worker who is kept apart is reported as "unavailable", so that the organization doesn't learn about it.
    let is_available = |profile: &&NewWorker| {
        profile.status == WorkerStatus::Active && profile.consent.is_some() && !is_separated
    };
    let profile = worker.map(|worker| &worker.profile).filter(is_available);
    let profile = profile.ok_or_else(|| {
        conflict(
            "worker_unavailable",
            "このワーカーは休止中、未同意、または削除済みのため応募できません。".to_owned(),
            "This worker is paused, has not consented, or has been erased.".to_owned(),
        )
    })?;
    let capacity = profile.capacity;
    if profile.open_load >= capacity {
        return Err(conflict(
            "at_capacity",
            format!("このワーカーの担当件数は上限（{capacity}件）に達しています。"),
            format!("This worker takes at most {capacity} projects at a time, and can't take another now."),
        ));
    }
    Ok(place)
}

impl NewApplication {
    /// Checks that the deliverable and the worker exist, and that the team has the role. Returns the worker.
    pub fn check<'a>(
        &self,
        deliverable: Option<&Deliverable>,
        worker: Option<&'a Worker>,
    ) -> Result<&'a Worker> {
        let mut faults = Vec::new();
        let mut fault = |pointer: &str, code, ja: String, en: String| {
            faults.push(FieldError::at(pointer, code, Text::new(ja, en)));
        };
        if deliverable.is_none() {
            let (ja, en) = (
                "この支援内容は登録されていません。",
                "This deliverable doesn't exist.",
            );
            fault("/deliverable_id", "unknown_deliverable", ja.into(), en.into());
        }
        if worker.is_none() {
            let (ja, en) = ("このワーカーは登録されていません。", "This worker doesn't exist.");
            fault("/worker_id", "unknown_worker", ja.into(), en.into());
        }
        let roles = deliverable.map(|d| d.request.roles.iter().flatten());
        let wanted: Option<Vec<&str>> = roles.map(|roles| roles.map(|wish| wish.role.as_str()).collect());
        if let Some(wanted) = wanted.filter(|wanted| !wanted.contains(&self.role.as_str())) {
            let (role, list) = (&self.role, wanted.join(", "));
            fault(
                "/role",
                "role_not_requested",
                format!("役割 {role} は募集していません。次から選んでください: {list}"),
                format!("The team has no role {role}. Use one of: {list}."),
            );
        }
        match worker {
            Some(worker) if faults.is_empty() => Ok(worker),
            _ => Err(Error::Invalid(faults)),
        }
    }
}

fn conflict(code: &'static str, ja: String, en: String) -> Error {
    let detail = Text::new(ja, en);
    Error::Conflict { code, detail }
}

pub fn role_filled(role: &str) -> Error {
    conflict(
        "role_filled",
        format!("役割 {role} に空きはありません。"),
        format!("The role {role} has no free place."),
    )
}

pub fn already_applied() -> Error {
    conflict(
        "already_applied",
        "このワーカーはすでにこの支援内容に応募しています。".to_owned(),
        "This worker has already applied for this deliverable.".to_owned(),
    )
}

/// How often one person may apply for the same deliverable. Ended applications count too.
const MOST_APPLICATIONS: i64 = 3;

/// Checks that a person who has applied for a deliverable this often may apply once more.
pub fn check_repeats(applications: i64) -> Result<()> {
    if applications < MOST_APPLICATIONS {
        return Ok(());
    }
    Err(conflict(
        "too_many_applications",
        format!("同じ支援内容に応募できるのは{MOST_APPLICATIONS}回までです。"),
        format!("A worker can apply at most {MOST_APPLICATIONS} times for the same deliverable."),
    ))
}

pub fn same_person() -> Error {
    conflict(
        "same_person",
        "同じ人が別の登録ですでにこのチームに参加しています。".to_owned(),
        "The same person is already in this team under another record.".to_owned(),
    )
}

pub fn sandbox() -> Error {
    conflict(
        "sandbox_application",
        "お試し用の応募は承諾できません。".to_owned(),
        "You can't accept an application of a sandbox partner.".to_owned(),
    )
}

/// Refuses to take a member out of a team whose work was delivered, which counts in everybody's record.
pub fn delivered_team() -> Error {
    conflict(
        "illegal_transition",
        "納品済みの支援内容のチームは変更できません。".to_owned(),
        "The work was delivered, so its team can't change any more.".to_owned(),
    )
}

/// Refuses an application by a coordinator for somebody whom they know from rankings only.
pub fn worker_elsewhere() -> Error {
    let rule = Text::new(
        "このワーカーは担当区域の外にいるため、代わりに応募できません。ワーカー本人か連携アプリ、または全域を担当する事務局が応募してください。",
        "This worker is outside your areas, so you can't apply for them. The worker, their partner app or a secretariat that reaches every area can.",
    );
    Error::invalid("/worker_id", "worker_elsewhere", rule)
}
