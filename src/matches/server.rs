//! What a handler makes its rankings with.

use super::Fairness;
use super::index::MatchIndex;
use super::snapshot::Snapshot;
use super::view::{EasingsView, GateView, Head, Removed, WorkerBrief};
use crate::auth::Reach;
use crate::auth::reach::store::holds_own_worker;
use crate::catalogue::{Catalogues, Filters, calendar};
use crate::db::{Db, Id, Pool};
use crate::error::{Error, FieldError, Place, Result, Text};
use crate::exposures::{Histories, Recorder};
use crate::workers;
use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use matcher::gates::Gate;
use matcher::{Candidate, Need};
use std::future::{Ready, ready};
use std::sync::Arc;

/// What a ranking is made with.
#[derive(Clone)]
pub struct Server {
    pub pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    pub index: Data<MatchIndex>,
    pub recorder: Data<Recorder>,
}

impl Server {
    pub fn snapshot(&self, db: &mut Db) -> Result<Arc<Snapshot>> {
        self.index.current(db, &self.catalogues, calendar::today())
    }

    pub fn histories(&self, db: &mut Db, fairness: Fairness) -> Result<Option<Arc<Histories>>> {
        let asked = fairness == Fairness::On;
        asked
            .then(|| self.recorder.histories(db, calendar::today()))
            .transpose()
    }
}

impl FromRequest for Server {
    type Error = Error;
    type Future = Ready<Result<Server>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let server = || {
            Some(Server {
                pool: request.app_data().cloned()?,
                catalogues: request.app_data().cloned()?,
                index: request.app_data().cloned()?,
                recorder: request.app_data().cloned()?,
            })
        };
        ready(server().ok_or_else(|| Error::Internal("the server lacks a part".into())))
    }
}

/// The position of a role in a need, by its code.
pub fn role_position(
    snapshot: &Snapshot,
    need: &Need,
    code: Option<&str>,
    place: Place,
) -> Result<Option<usize>> {
    let Some(code) = code else { return Ok(None) };
    let codes: Vec<&str> = need
        .roles
        .iter()
        .filter_map(|r| snapshot.catalogue.roles.at(r.role))
        .map(|r| r.code.as_str())
        .collect();
    codes.iter().position(|c| *c == code).map(Some).ok_or_else(|| {
        let asked = codes.join(", ");
        let message = Text::new(
            format!("この支援内容では {code} を募集していません(募集: {asked})。"),
            format!("{code} is not asked for here, only {asked}."),
        );
        Error::Invalid(vec![FieldError {
            place,
            code: "role_not_asked".into(),
            message,
        }])
    })
}

/// The position of the role that a parameter asks for.
pub fn asked_role(snapshot: &Snapshot, need: &Need, role: &Option<String>) -> Result<Option<usize>> {
    let filters = Filters::of(&snapshot.catalogue);
    filters.entry("role", role, |c| &c.roles).check()?;
    role_position(snapshot, need, role.as_deref(), Place::Parameter("role".into()))
}

/// Who is no candidate, or keeps apart from the organization that asks, is not there for it; a coordinator is told why
/// of their own alone.
pub fn check_visible(db: &mut Db, reach: &Reach, worker: Id, failed: &[Gate]) -> Result<()> {
    let is_no_candidate = failed
        .iter()
        .any(|gate| matches!(gate, Gate::Inactive | Gate::ConsentMissing));
    let keeps_apart = failed.iter().any(|gate| APART.contains(gate));
    let is_hidden = match reach {
        Reach::Everything => false,
        Reach::Areas(_) => is_no_candidate && !holds_own_worker(db, reach, worker)?,
        _ => is_no_candidate || keeps_apart,
    };
    if is_hidden {
        return Err(workers::store::missing());
    }
    Ok(())
}

/// The gates by which somebody keeps apart from the organization that asks.
const APART: [Gate; 2] = [Gate::Blocked, Gate::ConflictOfInterest];

/// Whether an organization itself asks: who keeps apart from it is not even a number to it.
fn hides_apart(reach: &Reach) -> bool {
    !matches!(reach, Reach::Everything | Reach::Areas(_))
}

impl Head {
    /// Without what the caller may not know.
    pub fn shown_to(mut self, reach: &Reach) -> Head {
        if let Some(removed) = self.removed.as_mut().filter(|_| hides_apart(reach)) {
            let is_apart = |one: &Removed| APART.iter().any(|gate| gate.code() == one.gate);
            let apart: usize = removed
                .extract_if(.., |one| is_apart(one))
                .map(|one| one.count)
                .sum();
            self.considered = self.considered.map(|all| all - apart);
        }
        self
    }
}

impl EasingsView {
    /// Without what the caller may not know.
    pub fn shown_to(mut self, reach: &Reach) -> EasingsView {
        if hides_apart(reach) {
            let is_apart = |one: &GateView| APART.iter().any(|gate| gate.code() == one.gate);
            let apart: usize = self
                .gates
                .extract_if(.., |one| is_apart(one))
                .map(|one| one.removed)
                .sum();
            self.considered -= apart;
        }
        self
    }
}

/// Someone who can be ranked, with what organizations see of them.
pub fn ranked_worker(db: &mut Db, snapshot: &Snapshot, id: Id) -> Result<(Arc<Candidate>, WorkerBrief)> {
    let missing = workers::store::missing;
    let candidate = snapshot.index.get(id.0.as_u128()).ok_or_else(missing)?;
    let face = workers::store::faces(db, &[id])?.remove(&id);
    Ok((
        Arc::clone(candidate),
        WorkerBrief::of(id, &face.ok_or_else(missing)?),
    ))
}
