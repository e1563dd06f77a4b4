//! Plans what the import of an archive writes. The plan is complete before anything is written.

use super::archive::{Fault, SOURCE};
use super::engagements::{Engagement, Engagements};
use super::finding::access_denied;
use super::log::Log;
use super::totals::Reconciliation;
use crate::auth::Writer;
use crate::catalogue::{Catalogue, Format};
use crate::changes::Action;
use crate::db::{Db, Id, Instant};
use crate::deliverables::{self, Deliverable, DeliverableStatus, NewDeliverable, Provenance};
use crate::duplicates::spellings::{self, SimilarNames, Spelling};
use crate::error::Result;
use crate::organizations::{self, NewOrganization, Organization, names};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};

/// What an import of an archive did, or would do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ArchiveReport {
    pub rows: usize,
    pub created_organizations: usize,
    pub updated_organizations: usize,
    pub created_deliverables: usize,
    pub unchanged_deliverables: usize,
    pub rejected: Vec<Fault>,
    /// Cells that name no known type; they are imported as `other`.
    pub unknown_types: Vec<Fault>,
    /// Spellings that were recognised as one organization.
    pub recognised: Vec<Vec<String>>,
    pub doubtful: Vec<SimilarNames>,
    pub reconciliation: Option<Reconciliation>,
}

/// Everything that an import writes, and its report.
pub struct Plan {
    created: Vec<Organization>,
    updated: Vec<Organization>,
    deliverables: Vec<Deliverable>,
    pub report: ArchiveReport,
    /// The number of rows of each year and category.
    pub listed: BTreeMap<(i32, String), (Format, i32)>,
}

pub fn plan(
    db: &mut Db,
    catalogue: &Catalogue,
    file: &str,
    writer: &Writer,
    read: Engagements,
    now: Instant,
) -> Result<Plan> {
    let Engagements {
        rows,
        accepted,
        rejected,
        unknown_types,
    } = read;
    let report = ArchiveReport {
        rows,
        rejected,
        unknown_types,
        ..ArchiveReport::default()
    };
    let (accepted, outside): (Vec<Engagement>, Vec<Engagement>) = accepted
        .into_iter()
        .partition(|row| writer.reach.covers_area(&row.area));
    let mut plan = Plan {
        created: Vec::new(),
        updated: Vec::new(),
        deliverables: Vec::new(),
        report,
        listed: BTreeMap::new(),
    };
    for engagement in &accepted {
        let key = (engagement.fiscal_year, engagement.category.clone());
        plan.listed.entry(key).or_insert((engagement.format, 0)).1 += 1;
    }
    let requesters = plan.organizations(db, writer, &accepted, now)?;
    plan.deliverables(db, catalogue, file, writer, &accepted, &requesters, now)?;
    plan.report.rejected.extend(outside.iter().map(refused));
    plan.report.rejected.sort_by_key(|fault| fault.line);
    Ok(plan)
}

/// A row about a record outside the sender's areas.
fn refused(row: &Engagement) -> Fault {
    let remark = access_denied();
    Fault {
        line: row.line,
        column: "地域名".to_owned(),
        value: row.cells.get(3).cloned().unwrap_or_default(),
        code: remark.code,
        message: remark.message,
    }
}

/// The organization of each (area, name).
type Requesters = HashMap<(String, String), Id>;

impl Plan {
    /// Finds or plans the organization of every spelling in the file.
    fn organizations(
        &mut self,
        db: &mut Db,
        writer: &Writer,
        accepted: &[Engagement],
        now: Instant,
    ) -> Result<Requesters> {
        let (existing, others): (Vec<Organization>, Vec<Organization>) = organizations::store::load_all(db)?
            .into_iter()
            .partition(|one| writer.reach.covers_area(&one.details.area));
        // An organization that came from an archive and has moved out of the sender's areas.
        let of_others: HashSet<&str> = others
            .iter()
            .filter(|one| one.details.source.as_deref() == Some(SOURCE))
            .filter_map(|one| one.details.external_id.as_deref())
            .collect();
        // Registered organizations come first, so that a group begins with one if it has one.
        let mut owners: Vec<Option<&Organization>> = Vec::new();
        let mut spellings: Vec<Spelling> = Vec::new();
        for organization in &existing {
            let details = &organization.details;
            for name in std::iter::once(&details.name).chain(&details.aliases) {
                spellings.push(Spelling::new(&details.area, name));
                owners.push(Some(organization));
            }
        }
        let mut seen: HashSet<(&str, &str)> = HashSet::new();
        for (engagement, name) in accepted
            .iter()
            .flat_map(|e| e.requesters.iter().map(move |name| (e, name)))
        {
            if seen.insert((&engagement.area, name)) {
                spellings.push(Spelling::new(&engagement.area, name));
                owners.push(None);
            }
        }
        let groups = spellings::group(&spellings);
        let mut requesters = Requesters::new();
        for group in &groups {
            let of_group: Vec<&Spelling> = group.iter().filter_map(|i| spellings.get(*i)).collect();
            let owner = group.iter().find_map(|i| owners.get(*i).copied().flatten());
            let id = match owner {
                Some(owner) => self.update(owner, &of_group, now),
                None => match spellings::best_name(group, &spellings) {
                    Some(best) if !of_others.contains(organization_id(best).as_str()) => {
                        self.create(best, &of_group, now)
                    }
                    _ => continue,
                },
            };
            for (i, spelling) in group.iter().filter_map(|i| Some((*i, spellings.get(*i)?))) {
                // Two registered organizations stay two, even if their names are similar.
                let own = owners.get(i).copied().flatten().map_or(id, |owner| owner.id);
                requesters
                    .entry((spelling.area.clone(), spelling.name.clone()))
                    .or_insert(own);
            }
            let mut names: Vec<String> = Vec::new();
            for spelling in of_group {
                if !names.contains(&spelling.name) {
                    names.push(spelling.name.clone());
                }
            }
            if names.len() > 1 {
                self.report.recognised.push(names);
            }
        }
        self.report.recognised.sort();
        self.report.doubtful = spellings::similar_names(&groups, &spellings);
        self.report.created_organizations = self.created.len();
        self.report.updated_organizations = self.updated.len();
        Ok(requesters)
    }

    /// Adds new spellings to a registered organization.
    fn update(&mut self, owner: &Organization, spellings: &[&Spelling], now: Instant) -> Id {
        let mut details = owner.details.clone();
        for spelling in spellings {
            if details.name != spelling.name && !details.aliases.contains(&spelling.name) {
                details.aliases.push(spelling.name.clone());
            }
        }
        if details != owner.details {
            self.updated.push(owner.changed(details, now));
        }
        owner.id
    }

    fn create(&mut self, best: &Spelling, spellings: &[&Spelling], now: Instant) -> Id {
        let others = spellings
            .iter()
            .filter(|s| s.name != best.name)
            .map(|s| s.name.clone());
        let details = NewOrganization {
            name: best.name.clone(),
            kana: None,
            kind: names::kind_of(&best.name),
            area: best.area.clone(),
            status: organizations::OrganizationStatus::Active,
            themes: Vec::new(),
            corporate_number: None,
            contact: None,
            intermediary: None,
            aliases: others.collect(),
            description: None,
            open_data: false,
            source: Some(SOURCE.to_owned()),
            external_id: Some(organization_id(best)),
        };
        let external_id = details.external_id.clone().unwrap_or_default();
        let organization = Organization::register(Id::derived(SOURCE, &external_id, now), details, now);
        let id = organization.id;
        self.created.push(organization);
        id
    }

    fn deliverables(
        &mut self,
        db: &mut Db,
        catalogue: &Catalogue,
        file: &str,
        writer: &Writer,
        accepted: &[Engagement],
        requesters: &Requesters,
        now: Instant,
    ) -> Result<()> {
        let present: HashMap<String, String> = deliverables::store::external_ids(db, SOURCE)?
            .into_iter()
            .collect();
        let mut repeats: HashMap<String, u32> = HashMap::new();
        for engagement in accepted {
            let external_id = external_id(engagement, &mut repeats);
            match present.get(&external_id) {
                Some(area) if !writer.reach.covers_area(area) => {
                    self.report.rejected.push(refused(engagement));
                    continue;
                }
                Some(_) => {
                    self.report.unchanged_deliverables += 1;
                    continue;
                }
                None => {}
            }
            let id_of = |name: &String| requesters.get(&(engagement.area.clone(), name.clone())).copied();
            let mut asking: Vec<Id> = Vec::new();
            let ids: Option<Vec<Id>> = engagement.requesters.iter().map(id_of).collect();
            for id in ids.into_iter().flatten() {
                if !asking.contains(&id) {
                    asking.push(id);
                }
            }
            let Some((lead, joint)) = asking.split_first() else {
                self.report.rejected.push(refused(engagement));
                continue;
            };
            let mut request = request(engagement, *lead, joint, &external_id);
            request.resolve(catalogue, &engagement.area, Some(&request.clone()))?;
            let id = Id::derived(SOURCE, &external_id, now);
            self.deliverables.push(Deliverable {
                fiscal_year: engagement.fiscal_year,
                provenance: Some(Provenance {
                    file: file.to_owned(),
                    row: engagement.row,
                    cells: engagement.cells.clone(),
                }),
                ..Deliverable::register(id, request, catalogue, now)
            });
        }
        self.report.created_deliverables = self.deliverables.len();
        Ok(())
    }

    /// Writes the plan, and adds what to log. Call it in the transaction in which it was made, or while nothing
    /// else has been written since.
    pub fn write(&self, db: &mut Db, log: &mut Log, progress: &dyn Fn(usize, usize)) -> Result<()> {
        let all = self.created.len() + self.updated.len() + self.deliverables.len();
        let mut done = 0;
        let mut tick = || {
            done += 1;
            progress(done, all);
        };
        for organization in &self.created {
            log.changes
                .push(organizations::store::insert_unlogged(db, organization)?);
            tick();
        }
        for organization in &self.updated {
            let change = organizations::store::update_unlogged(db, organization, Action::Updated)?;
            log.changes.push(change);
            tick();
        }
        for deliverable in &self.deliverables {
            log.changes
                .push(deliverables::store::insert_unlogged(db, deliverable)?);
            tick();
        }
        Ok(())
    }
}

/// Returns the external id of an organization.
fn organization_id(best: &Spelling) -> String {
    format!("{}/{}", best.area, names::name_key(&best.name))
}

/// Returns the external id of an engagement. It depends on what the row states and how often it was stated
/// before, but not on the row's position.
fn external_id(engagement: &Engagement, repeats: &mut HashMap<String, u32>) -> String {
    let Engagement {
        fiscal_year,
        category,
        area,
        requesters,
        request,
        ..
    } = engagement;
    let text = format!(
        "{fiscal_year}|{category}|{area}|{}|{request}",
        requesters.join("／")
    );
    let nth = repeats.entry(text.clone()).and_modify(|n| *n += 1).or_insert(1);
    let digest = Sha256::digest(format!("{text}|{nth}"));
    hex::encode(digest.get(..16).unwrap_or_default())
}

fn request(engagement: &Engagement, lead: Id, joint: &[Id], external_id: &str) -> NewDeliverable {
    let (first, others) = match engagement.types.split_first() {
        Some((first, others)) => (first.clone(), others.to_vec()),
        None => ("other".into(), Vec::new()),
    };
    NewDeliverable {
        shared_with_partners: false,
        organization_id: lead,
        joint_organization_ids: joint.to_vec(),
        type_: first,
        additional_types: others,
        title: engagement.request.clone(),
        trouble: None,
        format: Some(engagement.format),
        starts_on: None,
        ends_on: None,
        hours_per_week: None,
        day_parts: Vec::new(),
        area: Some(engagement.area.as_str().into()),
        remote: false,
        roles: None,
        qualifications: Vec::new(),
        themes: Vec::new(),
        status: DeliverableStatus::Delivered,
        source: Some(SOURCE.to_owned()),
        external_id: Some(external_id.to_owned()),
    }
}
