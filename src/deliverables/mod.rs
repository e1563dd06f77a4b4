//! Deliverables: one organization's request for one thing (支援内容).
//!
//! * `status`: the statuses of a request and the moves between them. `filter`: the parameters of lists.
//! * `rules`: who may change what. `release`: what a coordinator releases, and what may change afterwards.
//! * `joint`: organizations that request something together. `actions`: the use cases, each in one transaction.
//!
//! A request takes what it leaves out from its type and organization when it is written: team, hours, format, area.
//! Only themes are looked up later: a request without themes has those of its organization.
//!
//! Deliberately absent: teams and their progress.

pub mod actions;
pub mod filter;
pub mod http;
pub mod included;
pub mod joint;
pub mod listing;
pub mod release;
pub mod rules;
pub mod status;
pub mod store;

pub use filter::{ArchiveReason, DeliverableFilter, DeliverableSort};
pub use joint::{JointAnswer, JointDeliverable, JointFilter, JointOrganization, JointStatus};
pub use status::{DeliverableStatus, ProjectReason};

use crate::auth::Reach;
use crate::catalogue::calendar::{self, DayPart};
use crate::catalogue::entries::{RoleWish, distinct_roles};
use crate::catalogue::{Catalogue, Format, lookup};
use crate::db::{Id, Instant};
use crate::error::{Error, FieldError, Result, Text};
use crate::organizations::Organization;
use crate::values::{
    AreaCode, Code, Lifecycle, both_or_neither, broken_at, distinct_codes, not_blank, not_reversed,
    plausible_day, short_words,
};
use crate::workers::is_demo;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

/// The fields of a request that clients write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "consistent", skip_on_field_errors = false))]
#[schema(example = json!({"organization_id": "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d", "type": "flyer",
    "title": "会員募集のチラシ", "trouble": "会員が減っていて、若い世代にも活動を知ってもらいたい。", "format": "one_day",
    "starts_on": "2027-01-16", "ends_on": "2027-01-16", "day_parts": ["saturday_morning", "saturday_afternoon"],
    "remote": false, "themes": ["place_to_gather"], "status": "submitted"}))]
pub struct NewDeliverable {
    /// The lead organization.
    pub organization_id: Id,
    /// Organizations that request it together with the lead. Naming one invites it, unless you act for it: as a
    /// coordinator of its area, or as an administrator. To invite one again, remove it first. One that has declined or
    /// left three times can't be invited again (422 `too_many_invitations`).
    #[serde(default)]
    #[validate(length(max = 10))]
    #[schema(max_items = 10)]
    pub joint_organization_ids: Vec<Id>,
    /// Code of a deliverable type.
    #[serde(rename = "type")]
    #[schema(example = "flyer")]
    pub type_: Code,
    /// Codes of more types, if the request is for several things.
    #[serde(default)]
    #[validate(length(max = 5), custom(function = "distinct_codes"))]
    #[schema(max_items = 5)]
    pub additional_types: Vec<Code>,
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"\S",
        example = "会員募集のチラシ"
    )]
    pub title: String,
    /// The trouble in the organization's words. The matcher compares it with the workers' evidence.
    #[serde(default)]
    #[validate(length(max = 10_000))]
    #[schema(max_length = 10_000)]
    pub trouble: Option<String>,
    /// Defaults to the type's format.
    #[serde(default)]
    pub format: Option<Format>,
    #[serde(default)]
    #[validate(custom(function = "plausible_day"))]
    pub starts_on: Option<NaiveDate>,
    #[serde(default)]
    #[validate(custom(function = "plausible_day"))]
    pub ends_on: Option<NaiveDate>,
    /// Hours a week for each member of the team. Defaults to those of the type or format.
    #[serde(default)]
    #[validate(range(min = 1, max = 60))]
    #[schema(minimum = 1, maximum = 60)]
    pub hours_per_week: Option<u16>,
    /// When the work is done. Empty means any time.
    #[serde(default)]
    #[validate(length(max = 21))]
    #[schema(max_items = 21)]
    pub day_parts: Vec<DayPart>,
    /// Where the work is done. Defaults to the lead organization's area.
    #[serde(default)]
    pub area: Option<AreaCode>,
    /// Whether remote work is possible.
    #[serde(default)]
    pub remote: bool,
    /// The team. Defaults to the type's team.
    #[serde(default)]
    #[validate(length(min = 1, max = 10), nested, custom(function = "distinct_roles"))]
    #[schema(min_items = 1, max_items = 10)]
    pub roles: Option<Vec<RoleWish>>,
    /// Qualifications that every member needs, as short words: driving_licence.
    #[serde(default)]
    #[validate(
        length(max = 10),
        custom(function = "distinct_codes"),
        custom(function = "short_words")
    )]
    #[schema(max_items = 10)]
    pub qualifications: Vec<String>,
    /// Codes of themes. Empty means those of the lead organization.
    #[serde(default)]
    #[validate(length(max = 20), custom(function = "distinct_codes"))]
    #[schema(max_items = 20)]
    pub themes: Vec<Code>,
    /// Whether partner apps may show the request while it is open.
    #[serde(default)]
    pub shared_with_partners: bool,
    /// Whether the team was formed outside of this service. Without a team here, only such a request can be matched, in
    /// progress or delivered.
    #[serde(default)]
    pub external_team: bool,
    /// How many applications for each place may wait for an answer at a time; further ones are waitlisted. Null means 3.
    #[serde(default)]
    #[validate(range(min = 1, max = 100))]
    #[schema(minimum = 1, maximum = 100, example = json!(null))]
    pub applications_per_place: Option<u16>,
    /// A new request is a draft, submitted or open.
    #[serde(default)]
    #[schema(default = "draft")]
    pub status: DeliverableStatus,
    /// Why it was cancelled. Required to cancel a request that is matched or in progress; its project has the same reason.
    /// Null unless the request is cancelled.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub cancellation_reason: Option<ProjectReason>,
    /// The system that the record comes from. Give it together with `external_id`.
    #[serde(default)]
    #[validate(length(min = 1, max = 100), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 100, pattern = r"\S")]
    pub source: Option<String>,
    /// The record's id in `source`.
    #[serde(default)]
    #[validate(length(min = 1, max = 200), custom(function = "not_blank"))]
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    pub external_id: Option<String>,
}

fn consistent(new: &NewDeliverable) -> Result<(), ValidationError> {
    both_or_neither(&new.source, &new.external_id)?;
    if new.cancellation_reason.is_some() && new.status != DeliverableStatus::Cancelled {
        return Err(broken_at(
            "cancellation_reason",
            "unexpected_reason",
            "理由は、中止するときだけ指定できます。",
            "Only a cancelled request has a reason.",
        ));
    }
    not_reversed(new.starts_on, new.ends_on, "ends_on")
}

/// How many applications for each place may wait for an answer, unless the request says it.
const PENDING_PER_PLACE: u16 = 3;

impl NewDeliverable {
    /// Returns how many applications for each place may wait for an answer.
    pub fn pending_per_place(&self) -> u16 {
        self.applications_per_place.unwrap_or(PENDING_PER_PLACE)
    }

    /// Returns every organization that is named, the lead first.
    pub fn organization_ids(&self) -> impl Iterator<Item = Id> {
        std::iter::once(self.organization_id).chain(self.joint_organization_ids.iter().copied())
    }

    /// Leaves out what may have been taken from the type, so that another type can fill it in.
    pub fn without_type_values(self) -> NewDeliverable {
        NewDeliverable {
            format: None,
            hours_per_week: None,
            roles: None,
            ..self
        }
    }

    /// Checks every code against the catalogue, and fills in what was left out from the type and the organization's
    /// area. A retired code passes if `before` has it.
    pub fn resolve(
        &mut self,
        catalogue: &Catalogue,
        organization_area: &str,
        before: Option<&NewDeliverable>,
    ) -> Result<()> {
        let mut faults: Vec<FieldError> = Vec::new();
        let kept: Vec<&str> = before.map(NewDeliverable::codes).unwrap_or_default();
        lookup::check(&catalogue.types, &self.type_, "/type", &kept, &mut faults);
        for (i, code) in self.additional_types.iter().enumerate() {
            lookup::check(
                &catalogue.types,
                code,
                &format!("/additional_types/{i}"),
                &kept,
                &mut faults,
            );
        }
        for (i, theme) in self.themes.iter().enumerate() {
            lookup::check(
                &catalogue.themes,
                theme,
                &format!("/themes/{i}"),
                &kept,
                &mut faults,
            );
        }
        let area = self.area.get_or_insert_with(|| organization_area.into());
        let area_before = before.and_then(|before| before.area.as_deref());
        lookup::resolve_served_area(
            &catalogue.fixed,
            area,
            "/area",
            area_before.as_slice(),
            &mut faults,
        );
        if let Some(kind) = catalogue.types.get(&self.type_).map(|entry| &entry.definition) {
            let format = *self.format.get_or_insert(kind.format);
            let usual = catalogue.fixed.format(format).filter(|_| format != kind.format);
            self.hours_per_week
                .get_or_insert(usual.map_or(kind.hours_per_week, |f| f.hours_per_week));
            // The type's own team may have retired codes: only a team in the request is checked.
            match &self.roles {
                // Finished work of which nobody knows who was in the team has none.
                None if before.is_some_and(|before| before.roles.is_none()) => {}
                None => self.roles = Some(kind.roles.clone()),
                Some(roles) => lookup::check_roles(catalogue, roles, "/roles", &kept, &mut faults),
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(faults))
        }
    }

    fn codes(&self) -> Vec<&str> {
        let others = self
            .additional_types
            .iter()
            .chain(&self.themes)
            .chain([&self.type_])
            .map(Code::as_str);
        self.roles
            .iter()
            .flatten()
            .flat_map(RoleWish::codes)
            .chain(others)
            .collect()
    }
}

/// Where a published request comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Provenance {
    /// The name of the file.
    #[schema(example = "hometown_engagements.csv")]
    pub file: String,
    /// The row's number. The first row below the header is 1.
    #[schema(minimum = 1, example = 10)]
    pub row: u32,
    /// The row's cells as published, in the order of the header.
    #[schema(example = json!(["平成27年度", "短期プロジェクト", "1日", "狛江市", "NPO法人 むべの会", "課題整理ワークショップ"]))]
    pub cells: Vec<String>,
}

/// The places of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"role": "designer", "places": 2, "left": 1}))]
pub struct OpenPlaces {
    pub role: Code,
    /// All places of the role.
    pub places: u16,
    /// Those that nobody has taken. 0 once the request has ended, or its team was formed elsewhere.
    pub left: u16,
}

/// The places of a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"needed": 3, "filled": 1}))]
pub struct Places {
    pub needed: u32,
    pub filled: u32,
}

/// A request with everything filled in that was left out.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Deliverable {
    pub id: Id,
    #[serde(flatten)]
    pub request: NewDeliverable,
    /// The family of its type.
    pub family: Code,
    /// The fiscal year (April to March in Tokyo) of its first day, or of its creation.
    #[schema(example = 2026)]
    pub fiscal_year: i32,
    /// Where each joint organization stands, in the order of `joint_organization_ids`. Workers and partners see only
    /// those that have accepted, in both lists.
    pub joint_organizations: Vec<JointOrganization>,
    /// Where the request was published, if it comes from an archive.
    pub provenance: Option<Provenance>,
    /// The places of each role, and how many are left.
    pub open_places: Vec<OpenPlaces>,
    /// The taken places of each role.
    #[serde(skip)]
    pub filled: BTreeMap<String, u16>,
    /// How often an organization has declined or left, also one that is no longer named.
    #[serde(skip)]
    pub refusals: BTreeMap<Id, u8>,
    /// The properties that the organization has changed since a coordinator released the request. A coordinator has to
    /// release it again. Empty once that is done, and for a request that was never released.
    #[schema(example = json!([]))]
    pub changed_since_release: Vec<String>,
    /// Whether a coordinator has released what the request says now. Only then do workers and partners who have applied
    /// see it.
    #[serde(skip)]
    pub released: bool,
    /// Whether the record is a demonstration.
    pub demo: bool,
    /// Since when the request has its status.
    pub status_since: Instant,
    /// When workers could first apply. Null if that never was, and for requests of before this was recorded.
    pub opened_at: Option<Instant>,
    /// Days from `opened_at` to a complete team, in Tokyo's time zone.
    #[schema(minimum = 0, example = json!(null))]
    pub days_to_match: Option<u32>,
    /// When the request was archived.
    pub archived_at: Option<Instant>,
    /// Why it was archived, if it hadn't ended before and a reason was given. Its project and its applications have the
    /// same reason.
    #[schema(example = json!(null))]
    pub archive_reason: Option<ProjectReason>,
    /// Grows with each change. Also the ETag.
    #[schema(minimum = 1)]
    pub version: i64,
    pub created_at: Instant,
    pub updated_at: Instant,
}

impl Deliverable {
    /// Makes a deliverable of a resolved request.
    pub fn register(id: Id, request: NewDeliverable, catalogue: &Catalogue, now: Instant) -> Deliverable {
        let family = catalogue
            .types
            .get(&request.type_)
            .map(|entry| entry.definition.family.clone());
        let deliverable = Deliverable {
            id,
            family: family.unwrap_or_default(),
            fiscal_year: fiscal_year(&request, now),
            joint_organizations: JointOrganization::list(&request.joint_organization_ids, &[]),
            provenance: None,
            changed_since_release: Vec::new(),
            released: request.status.is_released(false),
            demo: is_demo(request.source.as_deref()),
            status_since: now,
            opened_at: (request.status == DeliverableStatus::Open).then_some(now),
            days_to_match: None,
            archived_at: None,
            archive_reason: None,
            version: 1,
            created_at: now,
            updated_at: now,
            open_places: Vec::new(),
            filled: BTreeMap::new(),
            refusals: BTreeMap::new(),
            request,
        };
        deliverable.counted()
    }

    /// Returns it with its places counted again.
    pub(super) fn counted(mut self) -> Deliverable {
        let is_closed = self.is_closed();
        let left = |role: &RoleWish| match is_closed {
            true => 0,
            false => role.places.saturating_sub(self.taken(role)),
        };
        let places = |role: &RoleWish| OpenPlaces {
            role: role.role.clone(),
            places: role.places,
            left: left(role),
        };
        self.open_places = self.request.roles.iter().flatten().map(places).collect();
        self
    }

    fn taken(&self, role: &RoleWish) -> u16 {
        self.filled.get(role.role.as_str()).copied().unwrap_or(0)
    }

    /// Returns the request with the places that are left, and only the roles that have one.
    pub fn open_request(&self) -> NewDeliverable {
        let mut request = self.request.clone();
        let left = |role: &mut RoleWish| {
            let open = self.open_places.iter().find(|open| open.role == role.role);
            role.places = open.map_or(0, |open| open.left);
            role.places > 0
        };
        request.roles.iter_mut().for_each(|roles| roles.retain_mut(left));
        request
    }

    /// Returns it with another request, to try that.
    pub fn tried(&self, request: NewDeliverable) -> Deliverable {
        let tried = Deliverable {
            request,
            ..self.clone()
        };
        tried.counted()
    }

    /// Returns whether no place is left, however many are taken: the request has ended, or its team was formed elsewhere.
    fn is_closed(&self) -> bool {
        let status = self.request.status;
        status.next().is_empty() || (self.request.external_team && status.has_team())
    }

    /// Returns whether nobody applies or works any more.
    pub fn is_over(&self) -> bool {
        self.archived_at.is_some() || self.request.status.next().is_empty()
    }

    /// Returns the next version, with other taken places and the status that follows from them.
    pub fn settled(
        &self,
        status: DeliverableStatus,
        filled: BTreeMap<String, u16>,
        now: Instant,
    ) -> Deliverable {
        let mut next = self.clone();
        next.request.status = status;
        (next.filled, next.version, next.updated_at) = (filled, self.version + 1, now);
        next.counted().timed(self, now)
    }

    /// Returns it with the times of its status, which may differ from the one `before`.
    pub fn timed(mut self, before: &Deliverable, now: Instant) -> Deliverable {
        use DeliverableStatus::{Cancelled, Declined, Delivered, InProgress, Matched, Open};
        let status = self.request.status;
        (self.status_since, self.opened_at) = (before.status_since, before.opened_at);
        self.days_to_match = before.days_to_match;
        if status == before.request.status {
            return self;
        }
        self.status_since = now;
        if status == Open && self.opened_at.is_none() {
            self.opened_at = Some(now);
        }
        let day = |at: Instant| calendar::day_number(calendar::day_in_tokyo(at.utc()));
        let since = |opened: Instant| u32::try_from(day(now) - day(opened)).unwrap_or(0);
        self.days_to_match = match status {
            Matched => self.opened_at.map(since),
            InProgress | Delivered | Declined | Cancelled => self.days_to_match,
            // A team that lost somebody is looked for again.
            _ => None,
        };
        self
    }

    /// Returns the month of its first day or of its creation, counted from the year 0. Of what was published with its
    /// fiscal year alone, nobody knows.
    pub fn month(&self) -> Option<i32> {
        let day = first_day(&self.request, self.created_at);
        (calendar::fiscal_year(day) == self.fiscal_year).then(|| calendar::month_number(day))
    }

    /// Returns how many places the team has, and how many of them are taken.
    pub fn places(&self) -> Places {
        let roles = self.request.roles.iter().flatten();
        let taken = |role: &RoleWish| self.taken(role).min(role.places);
        Places {
            needed: roles.clone().map(|role| u32::from(role.places)).sum(),
            filled: roles.map(|role| u32::from(taken(role))).sum(),
        }
    }

    /// Returns the next version, if the status may change like this.
    pub fn changed(
        &self,
        request: NewDeliverable,
        catalogue: &Catalogue,
        now: Instant,
    ) -> Result<Deliverable> {
        self.request.status.check_move(request.status)?;
        self.check_held(&request)?;
        let same_date = request.starts_on == self.request.starts_on;
        let next = Deliverable::register(self.id, request, catalogue, self.created_at);
        let next = Deliverable {
            released: next.request.status.is_released(self.released),
            filled: self.filled.clone(),
            refusals: self.refusals.clone(),
            // A record that was published under a year stays in it.
            fiscal_year: if same_date {
                self.fiscal_year
            } else {
                next.fiscal_year
            },
            joint_organizations: JointOrganization::list(
                &next.request.joint_organization_ids,
                &self.joint_organizations,
            ),
            provenance: self.provenance.clone(),
            changed_since_release: if next.request.status.is_decision()
                && !next.request.status.is_under_review()
            {
                Vec::new()
            } else {
                self.changed_since_release.clone()
            },
            version: self.version + 1,
            updated_at: now,
            ..next
        };
        Ok(next.counted().timed(self, now))
    }

    /// Checks that no role gets fewer places than its applications hold, unless the request ends and frees them. What was
    /// held beyond the places before, as in an archive, stays.
    fn check_held(&self, request: &NewDeliverable) -> Result<()> {
        use DeliverableStatus::{Cancelled, Declined};
        if matches!(request.status, Cancelled | Declined) {
            return Ok(());
        }
        let places = |of: &NewDeliverable, role: &str| {
            let mut roles = of.roles.iter().flatten();
            roles
                .find(|wish| wish.role == *role)
                .map_or(0, |wish| wish.places)
        };
        let is_short = |role: &str, held: u16| {
            let has = places(request, role);
            has < held && has < places(&self.request, role)
        };
        let held = self.filled.iter().filter(|(role, held)| is_short(role, **held));
        let (ja, en): (Vec<String>, Vec<String>) = held
            .map(|(role, held)| (format!("{role}（{held}席）"), format!("{role} ({held} held)")))
            .unzip();
        if en.is_empty() {
            return Ok(());
        }
        Err(Error::Conflict {
            code: "places_held",
            detail: Text::new(
                format!(
                    "内定または成立した応募があるため、次の役割の人数を減らせません: {}。先にその応募を終了してください。",
                    ja.join("、")
                ),
                format!(
                    "Applications that are offered or agreed hold more places than the request would have: {}. Keep as many, or end those applications first.",
                    en.join(", ")
                ),
            ),
        })
    }

    /// Returns the next version, with the answer of a joint organization. There is none if it isn't named, or if that
    /// is its answer already.
    pub fn answered(&self, organization: Id, to: JointStatus, now: Instant) -> Result<Option<Deliverable>> {
        let mut next = Deliverable {
            version: self.version + 1,
            updated_at: now,
            ..self.clone()
        };
        let mut named = next.joint_organizations.iter_mut();
        let Some(one) = named.find(|one| one.organization_id == organization && one.status != to) else {
            return Ok(None);
        };
        one.status.check_move(to)?;
        one.status = to;
        if matches!(to, JointStatus::Declined | JointStatus::Left) {
            let refusals = next.refusals.entry(organization).or_default();
            *refusals = refusals.saturating_add(1);
        }
        Ok(Some(next))
    }

    /// Returns where an organization stands that is named as a joint one.
    pub fn joint_organization(&self, id: Id) -> Option<&JointOrganization> {
        self.joint_organizations
            .iter()
            .find(|one| one.organization_id == id)
    }

    /// Returns what a joint organization sees of it that stands like this.
    pub fn invitation(self, status: JointStatus, lead: &str) -> JointDeliverable {
        JointDeliverable {
            deliverable_id: self.id,
            status,
            lead_organization_id: self.request.organization_id,
            lead_organization_name: lead.to_owned(),
            title: self.request.title,
            type_: self.request.type_,
            format: self.request.format,
            area: self.request.area,
            starts_on: self.request.starts_on,
            ends_on: self.request.ends_on,
            version: self.version,
            updated_at: self.updated_at,
        }
    }

    /// Returns every organization that requests this: the lead, and the joint ones that have accepted.
    pub fn requesters(&self) -> impl Iterator<Item = Id> {
        let joint = self.joint_organizations.iter();
        let accepted = joint.filter(|one| one.status == JointStatus::Accepted);
        std::iter::once(self.request.organization_id).chain(accepted.map(|one| one.organization_id))
    }

    /// Returns the deliverable without what the caller may not see: who else was asked is no business of workers and
    /// partners.
    pub fn shown(mut self, reach: &Reach) -> Deliverable {
        if matches!(reach, Reach::Worker(_) | Reach::Partner(_)) {
            self.joint_organizations
                .retain(|one| one.status == JointStatus::Accepted);
            let accepted = self.joint_organizations.iter();
            self.request.joint_organization_ids = accepted.map(|one| one.organization_id).collect();
        }
        self
    }

    /// Returns why it was cancelled or archived.
    pub fn end_reason(&self) -> Option<ProjectReason> {
        self.request.cancellation_reason.or(self.archive_reason)
    }

    /// Returns the next version, archived for a reason.
    pub fn archived(&self, reason: Option<ProjectReason>, now: Instant) -> Deliverable {
        Deliverable {
            archived_at: Some(now),
            archive_reason: reason,
            version: self.version + 1,
            updated_at: now,
            ..self.clone()
        }
    }

    pub fn format(&self) -> Format {
        self.request.format.unwrap_or(Format::Other)
    }

    /// Returns the codes of its roles and skills, for the filters.
    pub fn roles_and_skills(&self) -> (BTreeSet<&str>, BTreeSet<&str>) {
        let roles = self.request.roles.iter().flatten();
        let skills = roles
            .clone()
            .flat_map(|role| role.skills.iter().map(|s| s.skill.as_str()));
        (roles.map(|role| role.role.as_str()).collect(), skills.collect())
    }
}

fn fiscal_year(request: &NewDeliverable, created: Instant) -> i32 {
    calendar::fiscal_year(first_day(request, created))
}

fn first_day(request: &NewDeliverable, created: Instant) -> NaiveDate {
    let created = || calendar::day_in_tokyo(created.utc());
    request.starts_on.unwrap_or_else(created)
}

/// Returns the area of a request that names none.
pub fn default_area(lead: &Organization) -> &str {
    &lead.details.area
}
