//! Who can get which place of a team.

use super::{ApplicationDirection, NewApplication};
use crate::deliverables::{Deliverable, DeliverableStatus};
use crate::error::{Error, FieldError, Result, Text};
use crate::values::words;
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

/// Checks that a deliverable looks for its team, and that the worker is active, consenting and not kept apart
/// (`is_separated`) from an organization that asks for it. Workers apply while it is open; a team that has begun
/// (`begun_too`) may still invite, offer and agree, for the place of somebody who left, unless it was formed elsewhere.
pub fn check_available<'a>(
    deliverable: Option<&'a Deliverable>,
    worker: Option<&'a Worker>,
    is_separated: bool,
    begun_too: bool,
) -> Result<(&'a Deliverable, &'a Worker)> {
    let status = deliverable.map_or("archived", |d| d.request.status.code());
    let is_forming = |d: &&Deliverable| match d.request.status {
        DeliverableStatus::Open => true,
        DeliverableStatus::InProgress => begun_too && !d.request.external_team,
        _ => false,
    };
    let deliverable = deliverable.filter(is_forming).ok_or_else(|| {
        conflict(
            "deliverable_not_open",
            format!(
                "この支援内容は現在募集していません。状態: {}",
                words::with_code("DeliverableStatus", status)
            ),
            format!("This deliverable doesn't take applications: its status is {status}."),
        )
    })?;
    // A worker who is kept apart is reported as "unavailable", so that the organization doesn't learn about it.
    let is_available = |profile: &NewWorker| {
        profile.status == WorkerStatus::Active && profile.consent.is_some() && !is_separated
    };
    let available = worker.filter(|worker| is_available(&worker.profile));
    Ok((deliverable, available.ok_or_else(unavailable)?))
}

pub fn unavailable() -> Error {
    conflict(
        "worker_unavailable",
        "このワーカーは休止中、未同意、または削除済みのため応募できません。".to_owned(),
        "This worker is paused, has not consented, or has been erased.".to_owned(),
    )
}

/// Tells workers of their own block. Nobody else learns what makes a worker unavailable.
pub fn explained(error: Error, is_own_block: bool) -> Error {
    match error {
        Error::Conflict {
            code: "worker_unavailable",
            ..
        } if is_own_block => conflict(
            "worker_unavailable",
            "この団体とは組めない設定です。".to_owned(),
            "This worker is set not to work with this organization.".to_owned(),
        ),
        other => other,
    }
}

/// Checks that a worker takes another project.
pub fn check_capacity(worker: &Worker) -> Result<()> {
    let capacity = worker.profile.capacity;
    if worker.open_load() < capacity {
        return Ok(());
    }
    Err(conflict(
        "at_capacity",
        format!("このワーカーの担当件数は上限（{capacity}件）に達しています。"),
        format!("This worker takes at most {capacity} projects at a time, and can't take another now."),
    ))
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
        "すでに応募または招待があります。".to_owned(),
        "This worker has already applied for this deliverable, or was invited.".to_owned(),
    )
}

/// How often one person may apply, or be invited, for the same deliverable. What ended counts too.
const MOST_APPLICATIONS: i64 = 3;

/// Checks that a person who has applied for a deliverable, or was invited, this often may apply or be invited once more.
pub fn check_repeats(direction: ApplicationDirection, times: i64) -> Result<()> {
    if times < MOST_APPLICATIONS {
        return Ok(());
    }
    if direction == ApplicationDirection::Invitation {
        return Err(conflict(
            "too_many_invitations",
            format!("同じ支援内容に同じワーカーを招待できるのは{MOST_APPLICATIONS}回までです。"),
            format!("A worker can be invited at most {MOST_APPLICATIONS} times for the same deliverable."),
        ));
    }
    Err(conflict(
        "too_many_applications",
        format!("同じ支援内容に応募できるのは{MOST_APPLICATIONS}回までです。"),
        format!("A worker can apply at most {MOST_APPLICATIONS} times for the same deliverable."),
    ))
}

/// Refuses another invitation while so many workers have not answered theirs.
pub fn too_many_invitations(role: &str) -> Error {
    conflict(
        "too_many_invitations",
        format!(
            "役割 {role} には、回答待ちの招待がすでに多くあります。回答を待つか、招待を取り下げてください。"
        ),
        format!(
            "Too many workers have not answered their invitation as {role}. Wait for them, or withdraw one."
        ),
    )
}

/// Refuses what only an offer has.
pub fn not_offered(pointer: &str) -> Error {
    let rule = Text::new(
        "内定（offered）の応募でのみ変更できます。",
        "Only an offered application can have or change it.",
    );
    Error::invalid(pointer, "not_offered", rule)
}

pub fn same_person() -> Error {
    conflict(
        "same_person",
        "同じ人が別の登録ですでにこのチームに参加しています。".to_owned(),
        "The same person is already in this team under another record.".to_owned(),
    )
}

/// Refuses a place to somebody who may be in the team already. Only those who decide read it: who speaks for one record doesn't
/// learn of another.
pub fn possible_same_person() -> Error {
    conflict(
        "possible_same_person",
        "このチームには、同じ人と思われる別の登録があります。コーディネーターが重複の候補（/v1/duplicates）で統合するか、別人と決めてから、内定や成立にしてください。団体の方は、担当のコーディネーターに依頼してください。コーディネーターで、候補が見当たらないときや決められないときは、このワーカーのIDを添えて管理者に依頼してください。".to_owned(),
        "Somebody who seems to be the same person is in this team under another record. A coordinator has to merge the two records, or tell them apart (/v1/duplicates), before this worker gets a place. An organization asks its coordinator. A coordinator who doesn't find the pair there, or may not decide it, asks an administrator and names this worker's id.".to_owned(),
    )
}

pub fn sandbox() -> Error {
    conflict(
        "sandbox_application",
        "お試し用の応募には自動で回答します。内定や成立にすることはできません。".to_owned(),
        "A robot answers the applications of sandbox partners. You can't offer or agree to one.".to_owned(),
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

/// Refuses an invitation of somebody whom the ranking for the role removes, with the words for each reason.
pub fn not_ranked(gates: &[&str]) -> Error {
    let words = gates.iter().map(|gate| words::text("Gate", gate));
    let (ja, en): (Vec<String>, Vec<String>) = words
        .map(|words| (words.ja.into_owned(), words.en.into_owned()))
        .unzip();
    let rule = Text::new(
        format!(
            "このワーカーは、この役割のランキングに表示されないため招待できません。{}",
            ja.concat()
        ),
        format!(
            "The ranking for this role doesn't show this worker, so you can't invite them. {}",
            en.join(" ")
        ),
    );
    Error::invalid("/worker_id", "not_ranked", rule)
}

/// Refuses an application by a coordinator for somebody whom they know from rankings only.
pub fn worker_elsewhere() -> Error {
    let rule = Text::new(
        "このワーカーは担当区域の外にいるため、代わりに応募できません。direction を invitation にして招待してください。",
        "This worker is outside your areas, so you can't apply for them. Invite them: set direction to invitation.",
    );
    Error::invalid("/worker_id", "worker_elsewhere", rule)
}
