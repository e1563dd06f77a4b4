//! What imports need of a record: the same for workers, organizations and deliverables.

use super::organizations::another::Neighbours;
use super::reading::Reading;
use super::{deliverables as requests, organizations as groups, workers as people};
use crate::applications::team;
use crate::audit::{Act, AuditAction};
use crate::auth::{Reach, RecordKind};
use crate::catalogue::calendar;
use crate::changes::Action;
use crate::db::{Db, Id, Instant};
use crate::deliverables::rules::check_invitations;
use crate::deliverables::{self, Deliverable, JointOrganization, JointStatus, NewDeliverable, release};
use crate::duplicates::people::{plain_kana, plain_name};
use crate::error::{Result, Text};
use crate::http::IfMatch;
use crate::imports::fields::Context;
use crate::imports::jobs::store::writes::row_hashes;
use crate::imports::log::Log;
use crate::organizations::names::name_key;
use crate::organizations::{self, NewOrganization, Organization};
use crate::reach::store::{has_organization, some_own_organizations, some_workers};
use crate::workers::{self, Consent, NewWorker, Worker, WorkerStatus};
use chrono::NaiveDate;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use tables::Remark;

/// What the external ids begin with that imports derive for rows without one.
pub const DERIVED_ID: &str = "row-";

/// A record that can be imported.
pub trait Record: Sized + Clone {
    const KIND: RecordKind;
    /// The fields that only those with the scope `personal_data:read` may read.
    const PERSONAL: &'static [&'static str] = &[];
    /// What a row says.
    type Details: Clone + PartialEq + Debug + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What rows refer to, looked up for many rows at once.
    type References: Default;

    fn id(&self) -> Id;
    fn version(&self) -> i64;
    fn details(&self) -> &Self::Details;
    fn external_id(&self) -> Option<&str>;
    fn area(details: &Self::Details) -> Option<&str>;
    /// Returns the places of its source and of its id there.
    fn origin(details: &mut Self::Details) -> (&mut Option<String>, &mut Option<String>);
    /// Returns what identifies a row without an id when it is imported again.
    fn likeness(details: &Self::Details) -> String;
    /// Returns what tells apart records with the same likeness, if they may have it.
    fn namesake(_: &Self::Details) -> Option<String> {
        None
    }

    /// Returns the name by which somebody is known again if the number or the address changes that identifies a row without an id.
    fn plain_name(_: &Self::Details) -> Option<String> {
        None
    }
    /// Finds the records of these sources that imports made of rows without ids, by their names.
    fn with_names(_: &mut Db, _: &[String], _: &[&str]) -> Result<Vec<Self>> {
        Ok(Vec::new())
    }
    /// Returns whether a row with this record's name may be about it, whatever number or address it states.
    fn may_be(&self, _: &Self::Details) -> bool {
        false
    }
    /// Returns whether a row with this record's name has its number or address, too.
    fn shares_contact(&self, _: &Self::Details) -> bool {
        false
    }
    /// Returns whether a row that states the id of this record is of another one, and nobody's new name. Who may not read personal data
    /// learns nothing of it by guesses.
    fn has_id_of_another(
        &self,
        row: &Self::Details,
        stated: &Reading,
        rows: &Self::References,
        personal: bool,
    ) -> bool;
    /// Says of such a row why it is rejected.
    fn id_of_another() -> Remark;
    /// Returns whether a row that states the number or the address of this record is of somebody else.
    fn has_contact_of_another(&self, _: &Self::Details) -> bool {
        false
    }
    /// Returns whether a row may be of this record's person, with the name in another script.
    fn may_be_written_anew(&self, _: &Self::Details) -> bool {
        false
    }
    /// Returns whether the record is in use, or isn't for the row either.
    fn is_in_use(&self, _: &Self::Details) -> bool {
        true
    }

    fn refer(db: &mut Db, readings: &[Reading], context: &Context) -> Result<Self::References>;
    fn understand(
        reading: &mut Reading,
        before: Option<&Self::Details>,
        references: &Self::References,
        context: &Context,
    ) -> Option<Self::Details>;

    /// Adds what was so of the records that the rows are about.
    fn recall(_: &mut Db, _: &HashMap<Id, Self>, _: &mut Self::References) -> Result<()> {
        Ok(())
    }

    /// Checks what a row says against other records, once its own is known. Returns false if the row is rejected.
    fn agrees(_: &mut Reading, _: &mut Self::Details, _: Option<&Self>, _: &Self::References) -> bool {
        true
    }

    /// Notes that a row comes in, for those below it.
    fn came_in(_: &Reading, _: &mut Self::References) {}

    fn register(id: Id, details: Self::Details, context: &Context, now: Instant) -> Self;
    fn changed(&self, details: Self::Details, context: &Context, now: Instant) -> Result<Self>;
    /// Returns the record with its details from before, even if its state forbids the change.
    fn restored(&self, details: Self::Details, context: &Context, now: Instant) -> Result<Self> {
        self.changed(details, context, now)
    }
    /// Returns a new record archived, as it was where it comes from.
    fn put_away(self, _: Instant) -> Self {
        self
    }
    /// Returns a record that comes back from an export with what that says of it and no request can say.
    fn brought_back(self, _: &Reading) -> Self {
        self
    }
    /// Does what follows if the import names an organization: as it acts for it, it accepts.
    fn settle(&mut self, _: Option<&Self>, _: &Self::References) -> Result<()> {
        Ok(())
    }
    /// Returns the record archived or paused because its source no longer has it, or `None` if it already is.
    fn retired(&self, now: Instant) -> Option<Self>;

    /// Returns those of the records that the sender sees, though they may not be able to change them.
    fn readable(_: &mut Db, _: &Reach, _: &[Id]) -> Result<BTreeSet<Id>> {
        Ok(BTreeSet::new())
    }
    /// Finds external id, id, version and area of the records that exist.
    fn known(db: &mut Db, source: &str, external_ids: &[&str]) -> Result<Vec<Known>>;
    fn load(db: &mut Db, ids: &[Id]) -> Result<Vec<Self>>;
    fn of_source(db: &mut Db, sources: &[String], after: Option<Id>) -> Result<Vec<Self>>;
    fn insert(db: &mut Db, log: &mut Log, all: &[Self]) -> Result<()>;
    /// Writes the next version of a record, with what follows. Returns the version that it has then.
    fn update(db: &mut Db, log: &mut Log, record: &Self, action: Action) -> Result<i64>;
    /// Undoes the registration of these records.
    fn remove(db: &mut Db, log: &mut Log, records: &[Self], now: Instant, erase: EraseWorkers) -> Result<()>;
}

/// External id, id, version and area of a record that exists.
pub type Known = (String, Id, i64, Option<String>);

/// How to take back the registration of workers. The slice that erases people comes after this one, so it is passed in.
pub type EraseWorkers = fn(&mut Db, &str, &[Worker]) -> Result<()>;

impl Record for Worker {
    const KIND: RecordKind = RecordKind::Workers;
    const PERSONAL: &'static [&'static str] = &[
        "name",
        "family_name",
        "given_name",
        "kana",
        "email",
        "phone",
        "employer",
        "evidence",
        "email_verified",
        "phone_verified",
    ];
    type Details = NewWorker;
    type References = Withdrawals;

    fn id(&self) -> Id {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn details(&self) -> &NewWorker {
        &self.profile
    }
    fn external_id(&self) -> Option<&str> {
        self.profile.external_id.as_deref()
    }
    fn area(details: &NewWorker) -> Option<&str> {
        details.area.as_deref()
    }
    fn origin(details: &mut NewWorker) -> (&mut Option<String>, &mut Option<String>) {
        (&mut details.source, &mut details.external_id)
    }
    fn likeness(details: &NewWorker) -> String {
        people::likeness(details)
    }
    fn namesake(details: &NewWorker) -> Option<String> {
        people::namesake(details)
    }
    fn plain_name(details: &NewWorker) -> Option<String> {
        let name = details.personal.as_ref()?.name.as_deref()?;
        Some(plain_name(name)).filter(|name| !name.is_empty())
    }
    fn with_names(db: &mut Db, sources: &[String], names: &[&str]) -> Result<Vec<Worker>> {
        let mut found = workers::store::with_names_like(db, sources, DERIVED_ID, names)?;
        // Of two records of one person, the one that represents them.
        let all: BTreeSet<Id> = found.iter().map(|one| one.id).collect();
        found.retain(|one| one.merged_into.is_none_or(|into| !all.contains(&into)));
        Ok(found)
    }
    fn may_be(&self, details: &NewWorker) -> bool {
        let kana = |one: &NewWorker| {
            let kana = one.personal.as_ref()?.kana.as_deref().map(plain_kana)?;
            Some(kana).filter(|kana| !kana.is_empty())
        };
        let kana = kana(&self.profile).zip(kana(details));
        let area = self.profile.area.as_ref().zip(details.area.as_ref());
        area.is_none_or(|(own, other)| own == other) && kana.is_none_or(|(own, other)| own == other)
    }
    fn shares_contact(&self, details: &NewWorker) -> bool {
        people::another::share_contact(&self.profile, details)
    }
    fn has_id_of_another(&self, row: &NewWorker, stated: &Reading, _: &Withdrawals, personal: bool) -> bool {
        personal && people::another::has_anothers_id(&self.profile, &people::another::as_stated(row, stated))
    }
    fn id_of_another() -> Remark {
        Remark::new(
            "another_person",
            "この番号は、前回まで氏名の異なる別の方のものでした。その方の同意などを引き継がないよう、取り込んでいません。番号を振り直した一覧は、前の番号に戻してください。同じ方の場合は、書き出した一覧にある「記録ID」の列を加えてください。",
            "Until now, this id was that of somebody with another name. The row wasn't imported, so that it doesn't take over their consent. If the list was numbered anew, use the ids from before. If it is the same person, add the column 記録ID that exported lists have.",
        )
    }
    fn has_contact_of_another(&self, details: &NewWorker) -> bool {
        people::another::has_anothers_contact(&self.profile, details)
    }
    fn may_be_written_anew(&self, details: &NewWorker) -> bool {
        people::another::are_unclear(&self.profile, details)
    }
    fn is_in_use(&self, details: &NewWorker) -> bool {
        self.profile.status == WorkerStatus::Active || details.status == self.profile.status
    }
    fn refer(_: &mut Db, _: &[Reading], _: &Context) -> Result<Withdrawals> {
        Ok(Withdrawals::default())
    }
    fn understand(
        reading: &mut Reading,
        before: Option<&NewWorker>,
        _: &Withdrawals,
        context: &Context,
    ) -> Option<NewWorker> {
        people::understand(reading, before, context)
    }
    fn recall(db: &mut Db, before: &HashMap<Id, Worker>, withdrawals: &mut Withdrawals) -> Result<()> {
        let without = before.values().filter(|one| one.profile.consent.is_none());
        let ids: Vec<Id> = without.map(|one| one.id).collect();
        if !ids.is_empty() {
            let made = row_hashes(db, &ids)?;
            for (id, all) in workers::store::consents::withdrawn(db, &ids)? {
                let of_list = before.get(&id).filter(|worker| {
                    made.get(&id)
                        .is_some_and(|(_, version)| *version == worker.version)
                });
                let withdrawal = |(consent, at): (Consent, Instant)| Withdrawal {
                    consent,
                    day: calendar::day_in_tokyo(at.utc()),
                    is_of_list: of_list.is_some_and(|worker| worker.updated_at == at),
                };
                withdrawals.insert(id, all.into_iter().map(withdrawal).collect());
            }
        }
        Ok(())
    }
    /// A list that is older than a withdrawal doesn't take that back, unless a list made it.
    fn agrees(
        reading: &mut Reading,
        details: &mut NewWorker,
        before: Option<&Worker>,
        withdrawals: &Withdrawals,
    ) -> bool {
        let withdrawn = before.and_then(|before| withdrawals.get(&before.id));
        let (Some(stated), Some(withdrawn)) = (&details.consent, withdrawn) else {
            return true;
        };
        let since: Vec<&Withdrawal> = withdrawn.iter().filter(|one| one.concerns(stated)).collect();
        if since.iter().any(|one| !one.is_of_list) {
            details.consent = None;
            reading.warn("consent", consent_withdrawn());
        } else if !since.is_empty() {
            reading.warn("consent", given_again());
        }
        true
    }
    fn register(id: Id, details: NewWorker, _: &Context, now: Instant) -> Worker {
        Worker::register(id, details, now)
    }
    fn changed(&self, details: NewWorker, _: &Context, now: Instant) -> Result<Worker> {
        Ok(Worker::changed(self, details, now))
    }
    fn retired(&self, now: Instant) -> Option<Worker> {
        let paused = NewWorker {
            status: WorkerStatus::Paused,
            ..self.profile.clone()
        };
        (paused != self.profile).then(|| Worker::changed(self, paused, now))
    }
    /// People from elsewhere who applied here.
    fn readable(db: &mut Db, reach: &Reach, ids: &[Id]) -> Result<BTreeSet<Id>> {
        some_workers(db, reach, ids)
    }
    fn known(db: &mut Db, source: &str, external_ids: &[&str]) -> Result<Vec<Known>> {
        workers::store::known(db, source, external_ids)
    }
    fn load(db: &mut Db, ids: &[Id]) -> Result<Vec<Worker>> {
        workers::store::load_some(db, ids)
    }
    fn of_source(db: &mut Db, sources: &[String], after: Option<Id>) -> Result<Vec<Worker>> {
        workers::store::of_source(db, sources, after)
    }
    fn insert(db: &mut Db, log: &mut Log, all: &[Worker]) -> Result<()> {
        log.changes
            .extend(workers::store::insert_unlogged(db, &log.actor, all)?);
        Ok(())
    }
    fn update(db: &mut Db, log: &mut Log, worker: &Worker, _: Action) -> Result<i64> {
        let (change, act) = workers::store::update_unlogged(db, &log.actor, worker)?;
        log.changes.push(change);
        log.acts.extend(act);
        Ok(worker.version)
    }
    fn remove(db: &mut Db, log: &mut Log, workers: &[Worker], _: Instant, erase: EraseWorkers) -> Result<()> {
        erase(db, &log.actor, workers)
    }
}

/// The consents that workers without one gave before.
type Withdrawals = HashMap<Id, Vec<Withdrawal>>;

/// A consent that was withdrawn.
pub struct Withdrawal {
    consent: Consent,
    day: NaiveDate,
    /// Whether the last import that wrote the worker did it, and nobody changed them since. That may have been its columns.
    is_of_list: bool,
}

impl Withdrawal {
    /// Returns whether a list states the consent that was withdrawn, or one from before.
    fn concerns(&self, stated: &Consent) -> bool {
        stated.given_on < self.day
            || (stated.given_on, stated.given_at) == (self.consent.given_on, self.consent.given_at)
    }
}

fn given_again() -> Remark {
    Remark::new(
        "consent_withdrawn",
        "前の取り込みで同意なしとした方ですが、この一覧に同意日があるため、同意を登録しました。撤回された方でないか確認してください。",
        "An earlier import ended this person's consent. As this list states it, it was recorded again. Make sure that they haven't withdrawn it.",
    )
}

fn consent_withdrawn() -> Remark {
    Remark::new(
        "consent_withdrawn",
        "この方はこの日より後に同意を撤回しているため、同意は登録していません。あらためて同意を得た日があれば、その日付を記入してください。",
        "This person has withdrawn a consent since that day, so none was recorded. If they agreed again, enter the day of that.",
    )
}

/// What a row of a list of organizations is compared with.
#[derive(Default)]
pub struct OtherGroups {
    numbers: CorporateNumbers,
    neighbours: Neighbours,
}

/// The 法人番号 that are taken, by an organization or by a row further up.
#[derive(Default)]
pub struct CorporateNumbers {
    /// The organization of each number, with the key of its name; none if the sender doesn't reach it.
    taken: HashMap<String, Option<(Id, String)>>,
    /// The first row of each number that came in, with the key of its name.
    first: HashMap<String, (u64, String)>,
}

/// A number that a row may not have.
struct Taken {
    remark: Remark,
    /// Whether the row names another group than the one that has the number: a corporation states its number at each of its
    /// places.
    is_another: bool,
}

impl CorporateNumbers {
    fn check(&self, number: &str, name: &str) -> Result<(), Taken> {
        let key = name_key(name);
        if let Some(owner) = self.taken.get(number) {
            let (ja, en) = match owner {
                Some(_) => (
                    "この法人番号の団体はすでに登録されています。",
                    "An organization with this corporate number already exists.",
                ),
                None => (
                    "この法人番号の団体はすでに登録されています。どの団体か分からない場合は、事務局にお問い合わせください。",
                    "An organization with this corporate number already exists. If you can't find it, ask the secretariat.",
                ),
            };
            let path = owner
                .as_ref()
                .map(|(owner, _)| format!("/v1/organizations/{owner}"));
            return Err(Taken {
                remark: Remark::new("corporate_number_taken", ja, en).suggesting(path),
                // Nobody learns what a group elsewhere is called.
                is_another: owner.as_ref().is_none_or(|(_, known)| *known != key),
            });
        }
        match self.first.get(number) {
            None => Ok(()),
            Some((first, known)) => Err(Taken {
                remark: Remark::new(
                    "corporate_number_taken",
                    format!("{first}行目の団体と同じ法人番号です。"),
                    format!("The organization of line {first} has the same corporate number."),
                ),
                is_another: *known != key,
            }),
        }
    }
}

/// Says of a number that the row was imported without it.
fn not_used(taken: Remark) -> Remark {
    Remark {
        message: Text::new(
            format!("{}この団体には登録していません。", taken.message.ja),
            format!("{} It was left out here.", taken.message.en),
        ),
        ..taken
    }
}

impl Record for Organization {
    const KIND: RecordKind = RecordKind::Organizations;
    const PERSONAL: &'static [&'static str] = &["contact_person", "contact_email", "contact_phone"];
    type Details = NewOrganization;
    type References = OtherGroups;

    fn id(&self) -> Id {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn details(&self) -> &NewOrganization {
        &self.details
    }
    fn external_id(&self) -> Option<&str> {
        self.details.external_id.as_deref()
    }
    fn area(details: &NewOrganization) -> Option<&str> {
        Some(&details.area)
    }
    fn origin(details: &mut NewOrganization) -> (&mut Option<String>, &mut Option<String>) {
        (&mut details.source, &mut details.external_id)
    }
    fn likeness(details: &NewOrganization) -> String {
        groups::likeness(details)
    }
    fn namesake(details: &NewOrganization) -> Option<String> {
        groups::namesake(details)
    }
    fn has_id_of_another(
        &self,
        row: &NewOrganization,
        stated: &Reading,
        rows: &OtherGroups,
        personal: bool,
    ) -> bool {
        groups::another::has_anothers_id(&self.details, row, stated, &rows.neighbours, personal)
    }
    fn id_of_another() -> Remark {
        Remark::new(
            "another_record",
            "この番号は、前回まで名前の異なる別の団体のものでした。その団体の連絡先や依頼を引き継がないよう、取り込んでいません。番号を振り直した一覧は、前の番号に戻してください。同じ団体の名前が変わった場合は、書き出した一覧にある「記録ID」の列を加えるか、前の名前を「別名」に入力してください。",
            "Until now, this id was that of an organization with another name. The row wasn't imported, so that it doesn't take over its contact and its requests. If the list was numbered anew, use the ids from before. If the same organization has a new name, add the column 記録ID that exported lists have, or give the former name in 別名.",
        )
    }
    fn refer(db: &mut Db, readings: &[Reading], context: &Context) -> Result<OtherGroups> {
        let all: BTreeSet<String> = readings.iter().filter_map(groups::corporate_number).collect();
        let all: Vec<String> = all.into_iter().collect();
        let found = organizations::store::find_by_corporate_numbers(db, &all)?;
        let owners: Vec<Id> = found.iter().map(|(_, owner)| *owner).collect();
        let owners = organizations::store::load_archived_too(db, &owners)?.into_iter();
        let keys: HashMap<Id, String> = owners.map(|one| (one.id, name_key(&one.details.name))).collect();
        let mut taken = HashMap::new();
        for (number, owner) in found {
            let shown = has_organization(db, &context.reach, owner)?.then(|| keys.get(&owner).cloned());
            taken.insert(number, shown.flatten().map(|key| (owner, key)));
        }
        Ok(OtherGroups {
            numbers: CorporateNumbers {
                taken,
                first: HashMap::new(),
            },
            neighbours: Neighbours::of(readings),
        })
    }
    fn understand(
        reading: &mut Reading,
        before: Option<&NewOrganization>,
        _: &OtherGroups,
        context: &Context,
    ) -> Option<NewOrganization> {
        groups::understand(reading, before, context)
    }
    fn agrees(
        reading: &mut Reading,
        details: &mut NewOrganization,
        before: Option<&Organization>,
        rows: &OtherGroups,
    ) -> bool {
        let own = before.and_then(|before| before.details.corporate_number.clone());
        let new = details
            .corporate_number
            .clone()
            .filter(|_| details.corporate_number != own);
        let Some(number) = new else { return true };
        match rows.numbers.check(&number, &details.name) {
            Ok(()) => true,
            Err(taken) if taken.is_another && !reading.is_strict() => {
                reading.warn("corporate_number", not_used(taken.remark));
                details.corporate_number = own;
                true
            }
            Err(taken) => {
                reading.reject("corporate_number", taken.remark);
                false
            }
        }
    }
    fn came_in(reading: &Reading, rows: &mut OtherGroups) {
        if let Some(number) = groups::corporate_number(reading) {
            let name = name_key(reading.text("name").unwrap_or_default());
            rows.numbers.first.entry(number).or_insert((reading.line, name));
        }
    }
    fn register(id: Id, details: NewOrganization, _: &Context, now: Instant) -> Organization {
        Organization::register(id, details, now)
    }
    fn changed(&self, details: NewOrganization, _: &Context, now: Instant) -> Result<Organization> {
        Ok(Organization {
            archived_at: None,
            ..Organization::changed(self, details, now)
        })
    }
    fn retired(&self, now: Instant) -> Option<Organization> {
        Some(Organization {
            archived_at: Some(now),
            ..Organization::changed(self, self.details.clone(), now)
        })
    }
    fn known(db: &mut Db, source: &str, external_ids: &[&str]) -> Result<Vec<Known>> {
        organizations::store::known(db, source, external_ids)
    }
    fn put_away(self, now: Instant) -> Organization {
        Organization {
            archived_at: Some(now),
            ..self
        }
    }
    fn load(db: &mut Db, ids: &[Id]) -> Result<Vec<Organization>> {
        organizations::store::load_archived_too(db, ids)
    }
    fn of_source(db: &mut Db, sources: &[String], after: Option<Id>) -> Result<Vec<Organization>> {
        let found = organizations::store::of_source(db, sources, after)?;
        let mut idle = Vec::new();
        for organization in found {
            if !organizations::store::has_open_deliverables(db, organization.id)? {
                idle.push(organization);
            }
        }
        Ok(idle)
    }
    fn insert(db: &mut Db, log: &mut Log, all: &[Organization]) -> Result<()> {
        for one in all {
            log.changes.push(organizations::store::insert_unlogged(db, one)?);
        }
        Ok(())
    }
    fn update(db: &mut Db, log: &mut Log, organization: &Organization, action: Action) -> Result<i64> {
        let change = organizations::store::update_unlogged(db, organization, action)?;
        log.changes.push(change);
        Ok(organization.version)
    }
    fn remove(
        db: &mut Db,
        log: &mut Log,
        organizations: &[Organization],
        now: Instant,
        _: EraseWorkers,
    ) -> Result<()> {
        let mut retired = organizations.iter().filter_map(|one| one.retired(now));
        retired.try_for_each(|gone| Self::update(db, log, &gone, Action::Archived).map(drop))
    }
}

/// An organization that rows name.
pub struct Named {
    id: Id,
    area: String,
    /// Whether the sender reaches it.
    is_within: bool,
}

/// The organizations that rows name.
#[derive(Default)]
pub struct Requesters {
    named: HashMap<requests::Requester, std::result::Result<Named, Remark>>,
    /// Those that may request something together with another one, and those of them that the sender acts for.
    joint: BTreeSet<Id>,
    acted_for: BTreeSet<Id>,
    /// Those that records are of, and into which they were merged.
    merged: HashMap<Id, Id>,
}

impl Record for Deliverable {
    const KIND: RecordKind = RecordKind::Deliverables;
    type Details = NewDeliverable;
    type References = Requesters;

    fn id(&self) -> Id {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn details(&self) -> &NewDeliverable {
        &self.request
    }
    fn external_id(&self) -> Option<&str> {
        self.request.external_id.as_deref()
    }
    fn area(details: &NewDeliverable) -> Option<&str> {
        details.area.as_deref()
    }
    fn origin(details: &mut NewDeliverable) -> (&mut Option<String>, &mut Option<String>) {
        (&mut details.source, &mut details.external_id)
    }
    fn likeness(details: &NewDeliverable) -> String {
        requests::likeness(details)
    }
    fn refer(db: &mut Db, readings: &[Reading], context: &Context) -> Result<Requesters> {
        let joint: BTreeSet<Id> = readings.iter().flat_map(requests::joint_organizations).collect();
        let joint: Vec<Id> = joint.into_iter().collect();
        let mut requesters = HashMap::new();
        for requester in readings
            .iter()
            .filter_map(|reading| requests::requester(reading, context))
        {
            if requesters.contains_key(&requester) {
                continue;
            }
            let named = match requests::find(db, &requester, context)? {
                Ok(found) => Ok(Named {
                    is_within: has_organization(db, &context.reach, found.id)?,
                    id: found.id,
                    area: found.details.area,
                }),
                Err(remark) => Err(remark),
            };
            requesters.insert(requester, named);
        }
        Ok(Requesters {
            named: requesters,
            joint: organizations::store::existing(db, &joint)?,
            acted_for: some_own_organizations(db, &context.reach, &joint)?,
            merged: HashMap::new(),
        })
    }
    fn recall(db: &mut Db, before: &HashMap<Id, Deliverable>, requesters: &mut Requesters) -> Result<()> {
        let named = requesters.named.values().flatten().map(|named| named.id);
        let named: BTreeSet<Id> = named.collect();
        let others = before.values().map(|one| one.request.organization_id);
        let others: BTreeSet<Id> = others.filter(|id| !named.contains(id)).collect();
        if !others.is_empty() {
            let others: Vec<Id> = others.into_iter().collect();
            let found = organizations::store::load_archived_too(db, &others)?.into_iter();
            requesters.merged = found.filter_map(|one| Some((one.id, one.merged_into?))).collect();
        }
        Ok(())
    }
    fn has_id_of_another(
        &self,
        row: &NewDeliverable,
        stated: &Reading,
        requesters: &Requesters,
        _: bool,
    ) -> bool {
        let (own, named) = (self.request.organization_id, row.organization_id);
        let is_own = own == named
            || requesters.merged.get(&own) == Some(&named)
            || self.joint_organization(named).is_some();
        !is_own && requests::another::has_anothers_id(&self.request, row, stated)
    }
    fn id_of_another() -> Remark {
        Remark::new(
            "another_record",
            "この番号は、前回まで別の団体の依頼のものでした。その依頼の応募やチームを引き継がないよう、取り込んでいません。番号を振り直した一覧は、前の番号に戻してください。同じ依頼の団体を改める場合は、書き出した一覧にある「記録ID」の列を加えてください。",
            "Until now, this id was that of a request of another organization. The row wasn't imported, so that it doesn't take over its applications and team. If the list was numbered anew, use the ids from before. If it is the same request, add the column 記録ID that exported lists have.",
        )
    }
    fn agrees(
        reading: &mut Reading,
        row: &mut NewDeliverable,
        before: Option<&Deliverable>,
        _: &Requesters,
    ) -> bool {
        let states_id = reading.text("external_id").is_some() && reading.text("record_id").is_none();
        if let Some(before) = before.filter(|_| states_id)
            && requests::another::may_have_anothers_id(&before.request, row, reading)
        {
            reading.warn("external_id", requests::another::may_be_another(&before.request));
        }
        true
    }
    fn understand(
        reading: &mut Reading,
        before: Option<&NewDeliverable>,
        requesters: &Requesters,
        context: &Context,
    ) -> Option<NewDeliverable> {
        let requester = requests::requester(reading, context);
        let found = requester.and_then(|requester| requesters.named.get(&requester));
        // As over HTTP, a request may keep an organization that the sender doesn't reach, but not get one.
        let is_kept = |named: &Named| before.is_some_and(|before| before.organization_id == named.id);
        let organization = match found {
            Some(Ok(named)) if named.is_within || is_kept(named) => Ok((named.id, named.area.as_str())),
            Some(Err(remark)) => Err(remark.clone()),
            _ => Err(requests::unknown_organization()),
        };
        requests::understand(reading, before, organization, &requesters.joint, context)
    }
    fn register(id: Id, request: NewDeliverable, context: &Context, now: Instant) -> Deliverable {
        Deliverable::register(id, request, context.vocabulary.catalogue, now)
    }
    fn changed(&self, request: NewDeliverable, context: &Context, now: Instant) -> Result<Deliverable> {
        release::check_was_read(self.request.status, request.status, &IfMatch::Absent)?;
        Deliverable::changed(self, request, context.vocabulary.catalogue, now)
    }
    fn restored(&self, request: NewDeliverable, context: &Context, now: Instant) -> Result<Deliverable> {
        let before = Deliverable::register(self.id, request, context.vocabulary.catalogue, self.created_at);
        let restored = Deliverable {
            fiscal_year: self.fiscal_year,
            joint_organizations: JointOrganization::list(
                &before.request.joint_organization_ids,
                &self.joint_organizations,
            ),
            provenance: self.provenance.clone(),
            refusals: self.refusals.clone(),
            version: self.version + 1,
            updated_at: now,
            ..before
        };
        Ok(restored.timed(self, now))
    }
    fn put_away(self, now: Instant) -> Deliverable {
        Deliverable {
            archived_at: Some(now),
            ..self
        }
    }
    fn brought_back(self, reading: &Reading) -> Deliverable {
        let stated = reading.text("fiscal_year").map(requests::fields::parse_year);
        Deliverable {
            fiscal_year: stated.and_then(Result::ok).unwrap_or(self.fiscal_year),
            archive_reason: reading
                .text("archive_reason")
                .and_then(|reason| requests::fields::parse_cancellation(reason).ok()),
            provenance: requests::provenance(reading),
            ..self
        }
    }
    fn settle(&mut self, before: Option<&Deliverable>, requesters: &Requesters) -> Result<()> {
        let joint = before.map_or(&[][..], |before| &before.joint_organizations);
        JointOrganization::accept_new(&mut self.joint_organizations, joint, &requesters.acted_for);
        before.map_or(Ok(()), |before| check_invitations(before, self))
    }
    fn retired(&self, now: Instant) -> Option<Deliverable> {
        Some(self.archived(None, now))
    }
    fn known(db: &mut Db, source: &str, external_ids: &[&str]) -> Result<Vec<Known>> {
        deliverables::store::known(db, source, external_ids)
    }
    fn load(db: &mut Db, ids: &[Id]) -> Result<Vec<Deliverable>> {
        deliverables::store::load_some(db, ids)
    }
    fn of_source(db: &mut Db, sources: &[String], after: Option<Id>) -> Result<Vec<Deliverable>> {
        deliverables::store::of_source(db, sources, after)
    }
    fn insert(db: &mut Db, log: &mut Log, all: &[Deliverable]) -> Result<()> {
        for one in all {
            log.changes.push(deliverables::store::insert_unlogged(db, one)?);
            log.acts.extend(accepted(&log.actor, one, None));
        }
        Ok(())
    }
    fn update(db: &mut Db, log: &mut Log, deliverable: &Deliverable, action: Action) -> Result<i64> {
        let active = team::lock(db, deliverable.id)?;
        let before = deliverables::store::load_some(db, &[deliverable.id])?;
        let change = deliverables::store::update_unlogged(db, deliverable, action)?;
        log.changes.push(change);
        log.acts.extend(accepted(&log.actor, deliverable, before.first()));
        let has_team = |one: &Deliverable| one.request.status.has_team();
        let follows = |before: &&Deliverable| !active.is_empty() || has_team(before) || has_team(deliverable);
        let Some(before) = before.first().filter(follows) else {
            return Ok(deliverable.version);
        };
        let (after, now) = (deliverable.clone(), deliverable.updated_at);
        let (after, changes) = team::follow(db, &log.actor, before, after, active, now)?;
        log.changes.extend(changes);
        Ok(after.version)
    }
    fn remove(
        db: &mut Db,
        log: &mut Log,
        deliverables: &[Deliverable],
        now: Instant,
        _: EraseWorkers,
    ) -> Result<()> {
        let mut retired = deliverables.iter().filter_map(|one| one.retired(now));
        retired.try_for_each(|gone| Self::update(db, log, &gone, Action::Archived).map(drop))
    }
}

/// Returns the audit's entries about the joint organizations for which an import has accepted.
fn accepted(actor: &str, after: &Deliverable, before: Option<&Deliverable>) -> Vec<Act> {
    let had = |one: &&JointOrganization| {
        before.is_some_and(|before| before.joint_organization(one.organization_id).is_some())
    };
    let new = after.joint_organizations.iter().filter(|one| !had(one));
    new.filter(|one| one.status == JointStatus::Accepted)
        .map(|one| {
            let mut act = Act::new(actor, AuditAction::JointRequestAccepted, one.organization_id);
            act.subjects.push(after.id);
            act
        })
        .collect()
}
