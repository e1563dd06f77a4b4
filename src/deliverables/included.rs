//! Records that a page names and can bring along, so that one request fills a screen.

use super::filter::Include;
use super::{Deliverable, store};
use crate::auth::{ReadDeliverables, ReadOrganizations, Scope, Viewer};
use crate::catalogue::{self, Catalogue, DeliverableType, Shown};
use crate::db::{Db, Id};
use crate::error::{Error, Result};
use crate::http::Language;
use crate::http::page::Included;
use crate::http::query::Several;
use crate::organizations;
use std::collections::BTreeSet;

/// Who looks at a page, and how it is written.
pub struct Reader<'a> {
    pub viewer: &'a Viewer,
    pub catalogue: &'a Catalogue,
    pub language: Language,
}

/// What the items of a page name.
#[derive(Default)]
pub struct Named {
    pub deliverables: BTreeSet<Id>,
    pub organizations: BTreeSet<Id>,
    pub types: BTreeSet<String>,
}

impl Named {
    /// Adds a deliverable's organizations and types.
    pub fn add(&mut self, deliverable: &Deliverable) {
        let request = &deliverable.request;
        self.organizations.insert(request.organization_id);
        self.organizations.extend(&request.joint_organization_ids);
        let types = [&request.type_].into_iter().chain(&request.additional_types);
        self.types.extend(types.map(|code| code.as_str().to_owned()));
    }
}

/// Loads what a page was asked to bring along: with a few statements for each kind, and as the viewer may see it. Who
/// may not read a kind at all is refused.
pub fn load<I: Copy + Into<Include>>(
    db: &mut Db,
    reader: &Reader,
    asked: &Option<Several<I>>,
    named: impl FnOnce() -> Named,
) -> Result<Option<Included>> {
    let Some(Several(asked)) = asked else {
        return Ok(None);
    };
    let asked: Vec<Include> = asked.iter().map(|include| (*include).into()).collect();
    let (viewer, mut named) = (reader.viewer, named());
    let may = |kind, scope: &'static str, may_read: bool| match may_read || !asked.contains(&kind) {
        true => Ok(()),
        false => Err(Error::InsufficientScope { scope }),
    };
    may(
        Include::Organization,
        ReadOrganizations::NAME,
        viewer.beside.organizations,
    )?;
    may(
        Include::Deliverable,
        ReadDeliverables::NAME,
        viewer.beside.deliverables,
    )?;
    let mut included = Included::default();
    if !named.deliverables.is_empty() {
        let ids = Vec::from_iter(std::mem::take(&mut named.deliverables));
        let found = store::some(db, &viewer.reach, &ids)?.into_iter();
        let found: Vec<Deliverable> = found.map(|one| one.shown(&viewer.reach)).collect();
        found.iter().for_each(|one| named.add(one));
        if asked.contains(&Include::Deliverable) {
            included.add("deliverables", &found)?;
        }
    } else if asked.contains(&Include::Deliverable) {
        included.add::<Deliverable>("deliverables", &[])?;
    }
    if asked.contains(&Include::Organization) {
        let ids = Vec::from_iter(named.organizations);
        included.add("organizations", &organizations::listing::some(db, viewer, &ids)?)?;
    }
    if asked.contains(&Include::Type) {
        let types = named
            .types
            .iter()
            .filter_map(|code| reader.catalogue.types.get(code));
        let durations = catalogue::store::durations(db)?;
        let types = types.map(|entry| DeliverableType::view(entry.clone(), reader.language, &durations));
        included.add("deliverable_types", &types.collect::<Vec<_>>())?;
    }
    Ok(Some(included))
}
