//! Whether a row that states the id of a request is of another one: a list that is numbered anew gives ids to others.

use super::{find, requester};
use crate::db::{Db, Id};
use crate::deliverables::{self, NewDeliverable};
use crate::error::Result;
use crate::imports::fields::Context;
use crate::imports::kinds::reading::Reading;
use crate::organizations;
use crate::organizations::names::name_key;
use crate::reach::store::has_organization;
use tables::Remark;

/// Returns whether a row is of another request than the record of another organization whose id it states. Many ask for the same
/// under one title, so only one who asks for the same with the same words, or on the same day, is meant.
pub fn has_anothers_id(known: &NewDeliverable, row: &NewDeliverable, reading: &Reading) -> bool {
    let says = |field: &str| reading.text(field).is_some();
    let is_of_day = says("starts_on") && known.starts_on == row.starts_on;
    let is_of_title = says("title") && name_key(&known.title) == name_key(&row.title);
    !(is_of_title && (is_of_day || has_trouble_of(known, row, reading)))
}

/// Returns whether a row of the same organization may be about another request, as it has another title and another type.
pub fn may_have_anothers_id(known: &NewDeliverable, row: &NewDeliverable, reading: &Reading) -> bool {
    reading.text("title").is_some()
        && name_key(&known.title) != name_key(&row.title)
        && known.type_ != row.type_
        && !has_trouble_of(known, row, reading)
}

fn has_trouble_of(known: &NewDeliverable, row: &NewDeliverable, reading: &Reading) -> bool {
    reading.text("trouble").is_some() && known.trouble == row.trouble
}

pub fn may_be_another(known: &NewDeliverable) -> Remark {
    let title: String = known.title.chars().take(80).collect();
    Remark::new(
        "another_record",
        format!(
            "この番号の依頼は、前回まで件名も支援内容も異なる「{title}」でした。応募やチームはこの依頼に引き継がれます。番号を振り直した一覧でしたら、この取り込みを取り消し、前の番号に戻して送信してください。"
        ),
        format!(
            "Until now, the request with this id was {title:?}, of another type. Its applications and its team are kept. If the list was numbered anew, undo the import, and send it again with the ids from before."
        ),
    )
}

/// Returns whether a row that states the id of a request, or of its project, names an organization that asks for something else.
pub fn names_another(
    db: &mut Db,
    reading: &Reading,
    (id, organization): (Id, Id),
    context: &Context,
) -> Result<bool> {
    let Some(requester) = requester(reading, context) else {
        return Ok(false);
    };
    let Ok(named) = find(db, &requester, context)? else {
        return Ok(false);
    };
    // Nobody learns which groups are elsewhere.
    if named.id == organization || !has_organization(db, &context.reach, named.id)? {
        return Ok(false);
    }
    let own = organizations::store::load_archived_too(db, &[organization])?;
    let is_merged = own.iter().any(|one| one.merged_into == Some(named.id));
    let requests = deliverables::store::load_some(db, &[id])?;
    let is_joint = |one: &deliverables::Deliverable| one.joint_organization(named.id).is_some();
    Ok(!is_merged && !requests.iter().any(is_joint))
}

/// Says so of a row whose id finds the request, or its project.
pub fn of_another_organization() -> Remark {
    Remark::new(
        "another_record",
        "この番号は、別の団体の依頼のものです。番号か団体名を直してください。同じ依頼の場合は、記録IDで指定してください。",
        "This id is that of a request of another organization. Correct the id or the name. If it is the same request, give the id of its record.",
    )
}
