//! What workers are ranked for: a saved deliverable, one with changes on trial, or a need that is not saved.
//!
//! Who asks can't be tried: the organizations of a deliverable stay those that it has, so that nobody finds out by leaving
//! one out who is kept apart from it.

use super::encode;
use super::snapshot::Snapshot;
use super::team::Team;
use super::visibility;
use super::{PreviewNeed, PreviewRequest, below_need};
use crate::auth::{Reach, Viewer};
use crate::catalogue::Filters;
use crate::db::{Db, Id};
use crate::deliverables::{self, Deliverable, NewDeliverable, default_area};
use crate::error::{Error, FieldError, Place, Result, Text};
use crate::http::body::merged;
use crate::organizations;
use crate::reach::store::has_organization;
use matcher::{Need, Weights};
use serde_json::Value;

/// What a caller asks about.
pub enum Asked {
    Saved { deliverable: Id, role: Option<String> },
    Trial(Box<PreviewRequest>),
}

/// What workers are ranked for.
pub struct Inquiry {
    /// `None` for a need that is not saved.
    pub deliverable: Option<Deliverable>,
    pub request: NewDeliverable,
    /// The roles with an open place.
    open: Need,
    whole: Need,
    pub team: Team,
    pub weights: Weights,
    pub weights_version: String,
    role: Option<String>,
    role_place: Place,
}

impl Inquiry {
    pub fn of(db: &mut Db, snapshot: &Snapshot, viewer: &Viewer, asked: &Asked) -> Result<Inquiry> {
        match asked {
            Asked::Saved { deliverable, role } => {
                let deliverable = deliverables::store::find(db, &viewer.reach, *deliverable, false)?;
                let filters = Filters::of(&snapshot.catalogue);
                filters.entry("role", role, |c| &c.roles).check()?;
                let place = Place::Parameter("role".into());
                let weights = visibility::weights(viewer, &snapshot.weights);
                Inquiry::about(db, snapshot, viewer, deliverable, weights, (role.clone(), place))
            }
            Asked::Trial(trial) => {
                let (weights, place) = (
                    trial.weights(viewer, &snapshot.weights)?,
                    Place::Pointer("/role".into()),
                );
                let role = (trial.role.clone(), place);
                let stated = trial.stated()?;
                match trial.deliverable_id {
                    Some(id) => {
                        let saved = find(db, &viewer.reach, id)?;
                        let changed = changed(db, snapshot, saved, &stated, trial)?;
                        Inquiry::about(db, snapshot, viewer, changed, weights, role)
                    }
                    None => Inquiry::unsaved(db, snapshot, viewer, stated, weights, role),
                }
            }
        }
    }

    fn about(
        db: &mut Db,
        snapshot: &Snapshot,
        viewer: &Viewer,
        deliverable: Deliverable,
        (weights, weights_version): (Weights, String),
        (role, role_place): (Option<String>, Place),
    ) -> Result<Inquiry> {
        Ok(Inquiry {
            request: deliverable.request.clone(),
            open: snapshot.need(&deliverable),
            whole: snapshot.whole_need(&deliverable),
            team: Team::of(db, &viewer.reach, deliverable.id)?,
            deliverable: Some(deliverable),
            weights,
            weights_version,
            role,
            role_place,
        })
    }

    fn unsaved(
        db: &mut Db,
        snapshot: &Snapshot,
        viewer: &Viewer,
        mut stated: PreviewNeed,
        (weights, weights_version): (Weights, String),
        (role, role_place): (Option<String>, Place),
    ) -> Result<Inquiry> {
        // An organization can't find separated workers by leaving out its own id.
        if let Reach::Organization(own) = &viewer.reach {
            stated.organization_id.get_or_insert(*own);
        }
        if let Some(id) = stated.organization_id
            && (snapshot.requesters.themes(id).is_none() || !has_organization(db, &viewer.reach, id)?)
        {
            let unknown = deliverables::rules::unknown_organization("/need/organization_id");
            return Err(Error::Invalid(vec![unknown]));
        }
        let mut request = stated.request()?;
        request
            .resolve(&snapshot.catalogue, "", None)
            .map_err(below_need)?;
        let asking = [request.organization_id];
        let need = encode::need(0, &request, asking, &snapshot.requesters, &snapshot.catalogue);
        Ok(Inquiry {
            deliverable: None,
            request,
            open: need.clone(),
            whole: need,
            team: Team::default(),
            weights,
            weights_version,
            role,
            role_place,
        })
    }

    /// Returns the need of the places that are left, and the position of the role that is asked for. If that has none, the
    /// need has no roles.
    pub fn open_places(&self, snapshot: &Snapshot) -> Result<(Need, Option<usize>)> {
        let (mut need, asked) = (self.open.clone(), self.position(snapshot)?);
        let Some(role) = asked.and_then(|role| self.whole.roles.get(role)) else {
            return Ok((need, None));
        };
        let position = need.roles.iter().position(|open| open.role == role.role);
        if position.is_none() {
            need.roles.clear();
        }
        Ok((need, position))
    }

    /// Returns the same for every place of the team, taken or not.
    pub fn whole_team(&self, snapshot: &Snapshot) -> Result<(Need, Option<usize>)> {
        Ok((self.whole.clone(), self.position(snapshot)?))
    }

    /// Returns the position of the role that is asked for among all roles.
    fn position(&self, snapshot: &Snapshot) -> Result<Option<usize>> {
        let Some(code) = self.role.as_deref() else {
            return Ok(None);
        };
        let roles = self.whole.roles.iter();
        let codes: Vec<&str> = roles
            .filter_map(|r| snapshot.catalogue.roles.at(r.role))
            .map(|r| r.code.as_str())
            .collect();
        codes.iter().position(|c| *c == code).map(Some).ok_or_else(|| {
            let requested = codes.join(", ");
            let message = Text::new(
                format!(
                    "この支援内容では {code} を募集していません。募集中の役割（{requested}）から選んでください。"
                ),
                format!("This deliverable doesn't request {code}. Choose one of its roles: {requested}."),
            );
            Error::Invalid(vec![FieldError {
                place: self.role_place.clone(),
                code: "role_not_requested".into(),
                message,
            }])
        })
    }
}

fn find(db: &mut Db, reach: &Reach, id: Id) -> Result<Deliverable> {
    deliverables::store::find(db, reach, id, false).map_err(|error| match error {
        Error::NotFound { .. } => {
            let rule = Text::new(
                "この支援内容は登録されていません。",
                "This deliverable doesn't exist.",
            );
            Error::invalid("/deliverable_id", "unknown_deliverable", rule)
        }
        other => other,
    })
}

/// Returns the deliverable with the changes of a trial, as a PATCH would make them.
fn changed(
    db: &mut Db,
    snapshot: &Snapshot,
    saved: Deliverable,
    stated: &PreviewNeed,
    trial: &PreviewRequest,
) -> Result<Deliverable> {
    let lead = saved.request.organization_id;
    if stated.organization_id.is_some_and(|id| id != lead) {
        let rule = Text::new(
            "保存済みの支援内容では、団体を変えて試すことはできません。",
            "You can't try another organization for a saved deliverable.",
        );
        return Err(Error::invalid("/need/organization_id", "not_permitted", rule));
    }
    let mut changes = trial.need.clone();
    changes.remove("organization_id");
    if changes.is_empty() {
        return Ok(saved);
    }
    let lead = organizations::store::find(db, &Reach::Everything, lead, true)?;
    let before = &saved.request;
    let changes = Value::Object(changes);
    let mut request = merged(before, &changes).map_err(below_need)?;
    if request.type_ != before.type_ {
        request = merged(&before.clone().without_type_values(), &changes).map_err(below_need)?;
    }
    let resolved = request.resolve(&snapshot.catalogue, default_area(&lead), Some(before));
    resolved.map_err(below_need)?;
    Ok(saved.tried(request))
}
