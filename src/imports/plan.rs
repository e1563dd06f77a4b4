//! Plans what the import of an archive writes. The plan is complete before anything is written.

use super::archive::{Fault, SOURCE};
use super::engagements::{Engagement, Engagements};
use super::finding::access_denied;
use super::log::Log;
use super::totals::Reconciliation;
use crate::auth::Writer;
use crate::catalogue::{Catalogue, Format};
use crate::changes::Action;
use crate::db::{BATCH, Db, Id, Instant};
use crate::deliverables::{
    self, Deliverable, DeliverableStatus, JointOrganization, JointStatus, NewDeliverable, Provenance,
};
use crate::duplicates::similar::Similarities;
use crate::duplicates::spellings::{self, Spelling};
use crate::error::Result;
use crate::organizations::{self, MAX_ALIASES, NewOrganization, Organization, names};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

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
    pub doubtful: Similarities,
    /// Organizations that have as many aliases as they can; further spellings were not stored.
    pub full: BTreeSet<String>,
    pub reconciliation: Option<Reconciliation>,
}

/// What is registered already and may be what a file means. Only what the file touches is loaded.
pub struct Registered {
    /// Each organization of the file's areas, and which spelling in that area it has.
    organizations: Vec<(Id, Spelling)>,
    /// External ids of organizations of an archive that have moved out of the writer's areas.
    elsewhere: HashSet<String>,
    /// External ids and areas of engagements that were imported before.
    engagements: HashMap<String, String>,
}

/// Loads what is registered in those areas of a file that the writer covers.
pub fn load(db: &mut Db, writer: &Writer, accepted: &[Engagement]) -> Result<Registered> {
    let accepted: Vec<&Engagement> = accepted
        .iter()
        .filter(|engagement| writer.reach.covers_area(&engagement.area))
        .collect();
    let mut organizations = Vec::new();
    let areas: BTreeSet<&str> = accepted
        .iter()
        .map(|engagement| engagement.area.as_str())
        .collect();
    for area in areas {
        let mut after = None;
        loop {
            let there = organizations::store::of_area(db, area, after)?;
            after = there.last().map(|last| last.id);
            for Organization { id, details, .. } in &there {
                let names = std::iter::once(&details.name).chain(&details.aliases);
                organizations.extend(names.map(|name| (*id, Spelling::new(area, name))));
            }
            if there.len() < BATCH {
                break;
            }
        }
    }
    let named: BTreeSet<String> = accepted
        .iter()
        .flat_map(|e| {
            e.requesters
                .iter()
                .map(|name| organization_id(&Spelling::new(&e.area, name)))
        })
        .collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    let known = organizations::store::known(db, SOURCE, &named)?.into_iter();
    let elsewhere = known
        .filter(|(_, _, _, area)| area.as_ref().is_some_and(|area| !writer.reach.covers_area(area)))
        .map(|(external_id, ..)| external_id)
        .collect();
    let mut repeats = HashMap::new();
    let ids: Vec<String> = accepted
        .iter()
        .map(|engagement| external_id(engagement, &mut repeats))
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let engagements = deliverables::store::present(db, SOURCE, &ids)?;
    Ok(Registered {
        organizations,
        elsewhere,
        engagements,
    })
}

/// Everything that an import writes, and its report.
pub struct Plan {
    created: Vec<Organization>,
    /// New spellings of registered organizations.
    aliases: BTreeMap<Id, Vec<String>>,
    deliverables: Vec<Deliverable>,
    pub report: ArchiveReport,
    /// The number of rows of each year and category.
    pub listed: BTreeMap<(i32, String), (Format, i32)>,
}

/// Plans the import of a file. `similar` returns the similar names among groups of spellings; those from a
/// position on are the file's.
pub fn plan(
    catalogue: &Catalogue,
    registered: Registered,
    file: &str,
    writer: &Writer,
    read: Engagements,
    now: Instant,
    similar: impl FnOnce(&[Vec<usize>], &[Spelling], usize) -> Result<Similarities>,
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
        aliases: BTreeMap::new(),
        deliverables: Vec::new(),
        report,
        listed: BTreeMap::new(),
    };
    for engagement in &accepted {
        let key = (engagement.fiscal_year, engagement.category.clone());
        plan.listed.entry(key).or_insert((engagement.format, 0)).1 += 1;
    }
    let requesters = plan.organizations(&registered, &accepted, now, similar)?;
    plan.deliverables(catalogue, file, writer, &accepted, &requesters, &registered, now)?;
    plan.report.rejected.extend(outside.iter().map(refused));
    plan.report.rejected.sort_by_key(|fault| fault.line);
    Ok(plan)
}

/// A row about a record outside the sender's areas.
fn refused(row: &Engagement) -> Fault {
    let remark = access_denied(row.cells.get(3).map(String::as_str));
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
        registered: &Registered,
        accepted: &[Engagement],
        now: Instant,
        similar: impl FnOnce(&[Vec<usize>], &[Spelling], usize) -> Result<Similarities>,
    ) -> Result<Requesters> {
        // Registered organizations come first, so that a group begins with one if it has one.
        let (owners, mut spellings): (Vec<Id>, Vec<Spelling>) =
            registered.organizations.iter().cloned().unzip();
        let new = spellings.len();
        let mut seen: HashSet<(&str, &str)> = HashSet::new();
        for (engagement, name) in accepted
            .iter()
            .flat_map(|e| e.requesters.iter().map(move |name| (e, name)))
        {
            if seen.insert((&engagement.area, name)) {
                spellings.push(Spelling::new(&engagement.area, name));
            }
        }
        let groups = spellings::group(&spellings);
        let mut requesters = Requesters::new();
        for group in groups.iter().filter(|group| group.iter().any(|i| *i >= new)) {
            let of_group: Vec<&Spelling> = group.iter().filter_map(|i| spellings.get(*i)).collect();
            let mut names: Vec<&str> = Vec::new();
            let mut seen: HashSet<&str> = HashSet::new();
            names.extend(
                of_group
                    .iter()
                    .map(|s| s.name.as_str())
                    .filter(|name| seen.insert(name)),
            );
            let id = match group.iter().find_map(|i| owners.get(*i)) {
                Some(owner) => {
                    self.add_aliases(*owner, group, &owners, &spellings);
                    *owner
                }
                None => match spellings::best_name(group, &spellings) {
                    Some(best) if !registered.elsewhere.contains(&organization_id(best)) => {
                        self.create(best, &names, now)
                    }
                    _ => continue,
                },
            };
            for (i, spelling) in group.iter().filter_map(|i| Some((*i, spellings.get(*i)?))) {
                // Two registered organizations stay two, even if their names are similar.
                let own = owners.get(i).copied().unwrap_or(id);
                requesters
                    .entry((spelling.area.clone(), spelling.name.clone()))
                    .or_insert(own);
            }
            if names.len() > 1 {
                self.report
                    .recognised
                    .push(names.into_iter().map(str::to_owned).collect());
            }
        }
        self.report.recognised.sort();
        self.report.doubtful = similar(&groups, &spellings, new)?;
        self.report.created_organizations = self.created.len();
        self.report.updated_organizations = self.aliases.len();
        Ok(requesters)
    }

    /// Adds the file's spellings to a registered organization.
    fn add_aliases(&mut self, owner: Id, group: &[usize], owners: &[Id], spellings: &[Spelling]) {
        let names = |is_known: bool| {
            let those = group
                .iter()
                .filter(move |i| owners.get(**i).is_some() == is_known);
            those.filter_map(|i| spellings.get(*i))
        };
        let known: HashSet<&str> = names(true).map(|spelling| spelling.name.as_str()).collect();
        let own = group.iter().filter(|i| owners.get(**i) == Some(&owner)).count();
        // The name itself is no alias.
        let free = (MAX_ALIASES + 1).saturating_sub(own);
        let mut new = names(false)
            .map(|spelling| spelling.name.clone())
            .filter(|name| !known.contains(name.as_str()));
        let aliases: Vec<String> = new.by_ref().take(free).collect();
        if new.next().is_some() {
            let name = names(true).next().map(|spelling| spelling.name.clone());
            self.report.full.extend(name);
        }
        if !aliases.is_empty() {
            self.aliases.insert(owner, aliases);
        }
    }

    fn create(&mut self, best: &Spelling, names: &[&str], now: Instant) -> Id {
        if names.len() > MAX_ALIASES + 1 {
            self.report.full.insert(best.name.clone());
        }
        let others = names.iter().filter(|name| **name != best.name);
        let others = others.take(MAX_ALIASES).map(|name| (*name).to_owned());
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

    #[allow(clippy::too_many_arguments)]
    fn deliverables(
        &mut self,
        catalogue: &Catalogue,
        file: &str,
        writer: &Writer,
        accepted: &[Engagement],
        requesters: &Requesters,
        registered: &Registered,
        now: Instant,
    ) -> Result<()> {
        let mut repeats: HashMap<String, u32> = HashMap::new();
        for engagement in accepted {
            let external_id = external_id(engagement, &mut repeats);
            match registered.engagements.get(&external_id) {
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
            // The archive tells what was agreed and delivered.
            let accepted = |id: &Id| JointOrganization {
                organization_id: *id,
                status: JointStatus::Accepted,
            };
            self.deliverables.push(Deliverable {
                fiscal_year: engagement.fiscal_year,
                joint_organizations: joint.iter().map(accepted).collect(),
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
        let all = self.created.len() + self.aliases.len() + self.deliverables.len();
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
        let ids: Vec<Id> = self.aliases.keys().copied().collect();
        for ids in ids.chunks(BATCH) {
            for organization in organizations::store::load_some(db, ids)? {
                let mut details = organization.details.clone();
                details
                    .aliases
                    .extend(self.aliases.get(&organization.id).into_iter().flatten().cloned());
                let changed = organization.changed(details, Instant::now());
                let change = organizations::store::update_unlogged(db, &changed, Action::Updated)?;
                log.changes.push(change);
                tick();
            }
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
        external_team: true,
        applications_per_place: None,
        cancellation_reason: None,
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
