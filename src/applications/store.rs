//! SQL of applications.

pub mod responses;

use super::rules::{Taken, already_applied, role_filled};
use super::{
    Application, ApplicationAgreement, ApplicationDirection, ApplicationFilter, ApplicationRecord,
    ApplicationSide, ApplicationSort, ApplicationStatus, Outcome, Tally,
};
use crate::auth::Reach;
use crate::catalogue::calendar::{day_in_tokyo, month_number};
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::{application_terms as terms, applications};
use crate::db::{
    BATCH, Db, Doc, Id, Instant, JsonText, MicrosecondTime, keyset, on_duplicate, update_version,
};
use crate::deliverables::ProjectReason;
use crate::error::{Error, Result};
use crate::http::page::{self, Part};
use crate::http::query::{Several, with_codes};
use crate::http::{Cursor, Page};
use crate::reach::store as reach;
use crate::values::Lifecycle;
use applications::dsl;
use diesel::dsl::{count_star, max, sql};
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};
use std::collections::{HashMap, HashSet};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = applications, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct ApplicationRow {
    id: Id,
    deliverable_id: Id,
    worker_id: Option<Id>,
    role: String,
    place: Option<i32>,
    message: Option<String>,
    status: String,
    reason: Option<String>,
    note: Option<String>,
    created_by: String,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
    partner_id: Option<Id>,
    sandbox: bool,
    month: i32,
}

impl ApplicationRow {
    fn of(application: &Application) -> ApplicationRow {
        let application = application.clone();
        let outcome = application.outcome;
        ApplicationRow {
            id: application.id,
            deliverable_id: application.deliverable_id,
            worker_id: application.worker_id,
            role: application.role.into(),
            place: application.place.map(i32::from),
            message: application.message,
            status: outcome.status.code().to_owned(),
            reason: outcome.reason.map(|reason| reason.code().to_owned()),
            note: outcome.note,
            created_by: application.created_by,
            month: month_number(day_in_tokyo(application.created_at.utc())),
            version: application.version,
            created_at: application.created_at,
            updated_at: application.updated_at,
            partner_id: application.partner_id,
            sandbox: application.sandbox,
        }
    }
}

/// Further columns of the same row.
#[derive(AsChangeset)]
#[diesel(table_name = terms, treat_none_as_null = true)]
struct TermsRow {
    direction: &'static str,
    awaits: Option<&'static str>,
    respond_by: Option<Instant>,
    warned_at: Option<Instant>,
    next_check_at: Option<Instant>,
    agreement: Option<Doc<ApplicationAgreement>>,
    worker_agrees: bool,
    organization_agrees: bool,
    moved_up_at: Option<Instant>,
    request_reason: Option<&'static str>,
    closed_at: Option<Instant>,
    closed_by: Option<String>,
}

impl TermsRow {
    fn of(application: &Application) -> TermsRow {
        let outcome = &application.outcome;
        TermsRow {
            direction: application.direction.code(),
            awaits: application.awaits.map(ApplicationSide::code),
            respond_by: outcome.respond_by,
            warned_at: application.warned_at,
            next_check_at: application.next_check_at,
            agreement: outcome.agreement.clone().map(Doc),
            worker_agrees: outcome.worker_agrees,
            organization_agrees: outcome.organization_agrees,
            moved_up_at: application.moved_up_at,
            request_reason: application.request_reason.map(ProjectReason::code),
            closed_at: application.closed_at,
            closed_by: application.closed_by.clone(),
        }
    }
}

type TermsColumns = (
    Text,
    Nullable<Text>,
    Nullable<MicrosecondTime>,
    Nullable<MicrosecondTime>,
    Nullable<MicrosecondTime>,
    Nullable<JsonText>,
    Bool,
    Bool,
    Nullable<MicrosecondTime>,
    Nullable<Text>,
    Nullable<MicrosecondTime>,
    Nullable<Text>,
);

type Terms = (
    String,
    Option<String>,
    Option<Instant>,
    Option<Instant>,
    Option<Instant>,
    Option<Doc<ApplicationAgreement>>,
    bool,
    bool,
    Option<Instant>,
    Option<String>,
    Option<Instant>,
    Option<String>,
);

/// Selects the further columns. diesel doesn't know them as those of this table.
fn terms_columns() -> SqlLiteral<TermsColumns> {
    sql(
        "applications.direction, applications.awaits, applications.respond_by, applications.warned_at, \
         applications.next_check_at, applications.agreement, applications.worker_agrees, \
         applications.organization_agrees, applications.moved_up_at, applications.request_reason, \
         applications.closed_at, applications.closed_by",
    )
}

/// All columns that an application is read from.
#[derive(Queryable, Selectable)]
#[diesel(table_name = applications)]
pub struct StoredApplication {
    #[diesel(embed)]
    row: ApplicationRow,
    #[diesel(select_expression = terms_columns(), select_expression_type = SqlLiteral<TermsColumns>)]
    terms: Terms,
}

impl StoredApplication {
    fn read(self) -> Result<Application> {
        let row = self.row;
        let (
            direction,
            awaits,
            respond_by,
            warned_at,
            next_check_at,
            agreement,
            worker,
            organization,
            moved_up,
            request_reason,
            closed_at,
            closed_by,
        ) = self.terms;
        let invalid = |_| Error::Internal(format!("application {} has an unknown code", row.id));
        let reason = row.reason.map(|code| code.parse().map_err(invalid)).transpose()?;
        let awaits = awaits.map(|code| code.parse().map_err(invalid)).transpose()?;
        let request_reason = request_reason
            .map(|code| code.parse().map_err(invalid))
            .transpose()?;
        Ok(Application {
            id: row.id,
            direction: direction.parse().map_err(invalid)?,
            deliverable_id: row.deliverable_id,
            worker_id: row.worker_id,
            role: row.role.into(),
            place: row.place.map(number),
            message: row.message,
            outcome: Outcome {
                status: row.status.parse().map_err(invalid)?,
                reason,
                note: row.note,
                respond_by,
                agreement: agreement.map(|Doc(agreement)| agreement),
                worker_agrees: worker,
                organization_agrees: organization,
            },
            awaits,
            warned_at,
            next_check_at,
            moved_up_at: moved_up,
            request_reason,
            closed_at,
            closed_by,
            partner_id: row.partner_id,
            sandbox: row.sandbox,
            created_by: row.created_by,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Reads the number of a place, 1 to 20.
fn number(place: i32) -> u16 {
    u16::try_from(place).unwrap_or(0)
}

fn missing() -> Error {
    Error::not_found("応募", "application")
}

/// Finds an application within the reach.
pub fn find(db: &mut Db, reach: &Reach, id: Id) -> Result<Application> {
    let mut query = dsl::applications
        .find(id)
        .select(StoredApplication::as_select())
        .into_boxed();
    if let Some(condition) = reach::applications(reach) {
        query = query.filter(condition);
    }
    let found = query.get_result(db).optional()?;
    found.ok_or_else(missing)?.read()
}

/// Lists the taken places of a deliverable.
pub fn taken(db: &mut Db, deliverable: Id) -> Result<Taken> {
    let taken = taken_of(db, &[deliverable])?;
    Ok(taken.into_values().next().unwrap_or_default())
}

/// Lists the taken places of each deliverable. Leaves out deliverables without taken places.
pub fn taken_of(db: &mut Db, deliverables: &[Id]) -> Result<HashMap<Id, Taken>> {
    let held = dsl::applications
        .filter(dsl::deliverable_id.eq_any(deliverables))
        .filter(dsl::place.is_not_null())
        .select((dsl::deliverable_id, dsl::role, dsl::place.assume_not_null()));
    let mut taken: HashMap<Id, Taken> = HashMap::new();
    for (id, role, place) in held.load::<(Id, String, i32)>(db)? {
        taken.entry(id).or_default().push((role, number(place)));
    }
    Ok(taken)
}

/// Returns whether any of these workers holds a place in the deliverable's team.
pub fn has_place(db: &mut Db, deliverable: Id, workers: &[Id]) -> Result<bool> {
    let held = dsl::applications
        .filter(dsl::deliverable_id.eq(deliverable))
        .filter(dsl::worker_id.eq_any(workers))
        .filter(dsl::place.is_not_null())
        .select(dsl::id);
    Ok(held.first::<Id>(db).optional()?.is_some())
}

/// Lists who holds a place in a deliverable's team by an application in one of these statuses, besides this one.
pub fn holders(db: &mut Db, deliverable: Id, besides: Id, statuses: &[ApplicationStatus]) -> Result<Vec<Id>> {
    let statuses = statuses.iter().map(|status| status.code());
    let held = dsl::applications
        .filter(dsl::deliverable_id.eq(deliverable))
        .filter(dsl::id.ne(besides))
        .filter(dsl::status.eq_any(statuses))
        .filter(dsl::place.is_not_null())
        .filter(dsl::worker_id.is_not_null())
        .select(dsl::worker_id.assume_not_null());
    Ok(held.load(db)?)
}

/// Counts the applications of these workers for a deliverable, or the invitations of them, ended ones included.
pub fn count(db: &mut Db, deliverable: Id, workers: &[Id], direction: ApplicationDirection) -> Result<i64> {
    let own = dsl::applications
        .filter(dsl::deliverable_id.eq(deliverable))
        .filter(dsl::worker_id.eq_any(workers))
        .filter(sql::<Text>("applications.direction").eq(direction.code()));
    Ok(own.count().get_result(db)?)
}

/// Lists the ids of the deliverables that these applications are for.
pub fn deliverables_of(db: &mut Db, ids: &[Id]) -> Result<Vec<Id>> {
    let mut found = Vec::new();
    for ids in ids.chunks(BATCH) {
        let some = dsl::applications
            .filter(dsl::id.eq_any(ids))
            .select(dsl::deliverable_id);
        found.append(&mut some.load(db)?);
    }
    Ok(found)
}

/// Counts the applications for each deliverable, without those of sandbox partners. Leaves out deliverables
/// without applications.
pub fn tallies(db: &mut Db, deliverables: &[Id]) -> Result<HashMap<Id, Tally>> {
    let mut tallies = HashMap::new();
    for ids in deliverables.chunks(BATCH) {
        // Only offered and agreed applications have a place, so this counts the taken places.
        let counts = dsl::applications
            .filter(dsl::sandbox.eq(false))
            .filter(dsl::deliverable_id.eq_any(ids))
            .group_by((dsl::deliverable_id, dsl::role, dsl::status))
            .select((
                dsl::deliverable_id,
                dsl::role,
                dsl::status,
                count_star(),
                diesel::dsl::count(dsl::place),
            ));
        let number = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
        for (id, role, status, all, placed) in counts.load::<(Id, String, String, i64, i64)>(db)? {
            let tally: &mut Tally = tallies.entry(id).or_default();
            tally.answers = tally.answers.saturating_add(number(all));
            tally.filled = tally.filled.saturating_add(number(placed));
            let waits = status
                .parse()
                .is_ok_and(|status: ApplicationStatus| !status.next().is_empty());
            if waits && all > placed {
                *tally.waiting.entry(role).or_default() += number(all - placed);
            }
        }
    }
    Ok(tallies)
}

pub fn list(db: &mut Db, reach: &Reach, filter: &ApplicationFilter) -> Result<Page<Application>> {
    let (limit, sort) = (page::limit_of_ids(filter.limit, &filter.ids)?, filter.sort);
    let rows = query(reach, filter)?.limit(limit + 1).load(db)?;
    let found: Result<Vec<Application>> = rows.into_iter().map(StoredApplication::read).collect();
    let page = Page::of(found?, limit, |last: &Application| {
        use ApplicationSort::*;
        let value = match sort {
            Created | CreatedDescending => String::new(),
            Updated | UpdatedDescending => last.updated_at.to_string(),
        };
        Cursor {
            sort: sort.code().to_owned(),
            value,
            id: last.id,
        }
    });
    page.of_whole(filter.count, &filter.ids, || {
        let all = filtered(reach, filter).select(dsl::id).limit(page::COUNTED);
        Ok(all.load(db)?)
    })
}

/// Lists since when the applications that pass a filter have a status, in any order, up to [`page::COUNTED`].
pub fn last_moves(
    db: &mut Db,
    reach: &Reach,
    filter: &ApplicationFilter,
    status: ApplicationStatus,
) -> Result<Vec<Instant>> {
    let all = filtered(reach, filter).filter(dsl::status.eq(status.code()));
    Ok(all.select(dsl::updated_at).limit(page::COUNTED).load(db)?)
}

/// Counts the applications within the reach for each of these deliverables and each status.
pub fn count_by_status(
    db: &mut Db,
    reach: &Reach,
    deliverables: &[Id],
) -> Result<Vec<(Id, ApplicationStatus, i64)>> {
    let of_some = dsl::applications.filter(dsl::deliverable_id.eq_any(deliverables));
    let mut counted = of_some
        .group_by((dsl::deliverable_id, dsl::status))
        .select((dsl::deliverable_id, dsl::status, count_star()))
        .into_boxed();
    if let Some(condition) = reach::applications(reach) {
        counted = counted.filter(condition);
    }
    let counts = counted.load::<(Id, String, i64)>(db)?.into_iter();
    Ok(counts
        .filter_map(|(id, status, count)| Some((id, status.parse().ok()?, count)))
        .collect())
}

type Query<'a> = applications::BoxedQuery<
    'a,
    crate::db::Backend,
    diesel::dsl::SqlTypeOf<diesel::dsl::AsSelect<StoredApplication, crate::db::Backend>>,
>;

/// Returns the query of everything that passes a filter.
fn filtered<'a>(reach: &Reach, filter: &'a ApplicationFilter) -> Query<'a> {
    let mut query = dsl::applications
        .select(StoredApplication::as_select())
        .into_boxed();
    if let Some(condition) = reach::applications(reach) {
        query = query.filter(condition);
    }
    if let Some(Several(ids)) = &filter.ids {
        query = query.filter(dsl::id.eq_any(ids));
    }
    if let Some(id) = filter.deliverable_id {
        query = query.filter(dsl::deliverable_id.eq(id));
    }
    if let Some(id) = filter.worker_id {
        query = query.filter(dsl::worker_id.eq(id));
    }
    if let Some(statuses) = &filter.status {
        query = with_codes!(query, dsl::status, statuses);
    }
    if let Some(role) = &filter.role {
        query = query.filter(dsl::role.eq(role.as_str()));
    }
    query
}

/// Returns the query of a list, still without a limit.
pub fn query<'a>(reach: &Reach, filter: &'a ApplicationFilter) -> Result<Query<'a>> {
    use ApplicationSort::*;
    let cursor = Cursor::decode(filter.cursor.as_deref(), filter.sort.code())?;
    let query = filtered(reach, filter);
    let first = cursor.as_ref().map(|c| c.id);
    Ok(match filter.sort {
        Created => keyset!(query, first, dsl::id, ascending),
        CreatedDescending => keyset!(query, first, dsl::id, descending),
        Updated => keyset!(
            query,
            page::after(&cursor, Instant::parse)?,
            dsl::updated_at,
            dsl::id,
            ascending
        ),
        UpdatedDescending => keyset!(
            query,
            page::after(&cursor, Instant::parse)?,
            dsl::updated_at,
            dsl::id,
            descending
        ),
    })
}

pub fn insert(db: &mut Db, actor: &str, application: &Application) -> Result<()> {
    diesel::insert_into(applications::table)
        .values(ApplicationRow::of(application))
        .execute(db)
        .map_err(|error| on_duplicate(error, already_applied))?;
    write_terms(db, application)?;
    let change = Change::new(
        Subject::Application,
        application.id,
        Action::Created,
        application.version,
    );
    changes::store::append(db, actor, &[change])
}

fn write_terms(db: &mut Db, application: &Application) -> Result<()> {
    let row = terms::table.find(application.id);
    diesel::update(row).set(TermsRow::of(application)).execute(db)?;
    Ok(())
}

/// Lists the applications for a deliverable in any of these statuses, without those of sandbox partners.
pub fn of_deliverable(
    db: &mut Db,
    deliverable: Id,
    statuses: &[ApplicationStatus],
) -> Result<Vec<Application>> {
    let statuses = statuses.iter().map(|status| status.code());
    let rows = dsl::applications
        .filter(dsl::deliverable_id.eq(deliverable))
        .filter(dsl::status.eq_any(statuses))
        .filter(dsl::sandbox.eq(false))
        .order(dsl::id)
        .select(StoredApplication::as_select())
        .load(db)?;
    rows.into_iter().map(StoredApplication::read).collect()
}

/// Lists the applications for deliverables that haven't ended.
pub fn active_in(db: &mut Db, deliverables: &[Id]) -> Result<Vec<Application>> {
    let mut found = Vec::new();
    for some in deliverables.chunks(BATCH) {
        let rows = dsl::applications
            .filter(dsl::deliverable_id.eq_any(some))
            .filter(dsl::status.eq_any(ApplicationStatus::active()))
            .filter(dsl::sandbox.eq(false))
            .order(dsl::id)
            .select(StoredApplication::as_select())
            .load(db)?;
        for row in rows {
            found.push(row.read()?);
        }
    }
    Ok(found)
}

/// Lists the applications for a deliverable that haven't ended, those of sandbox partners too.
pub fn active(db: &mut Db, deliverable: Id) -> Result<Vec<Application>> {
    let rows = dsl::applications
        .filter(dsl::deliverable_id.eq(deliverable))
        .filter(dsl::status.eq_any(ApplicationStatus::active()))
        .order(dsl::id)
        .select(StoredApplication::as_select())
        .load(db)?;
    rows.into_iter().map(StoredApplication::read).collect()
}

/// Lists the first applications on the waiting list of a role.
pub fn first_waiting(db: &mut Db, deliverable: Id, role: &str, limit: usize) -> Result<Vec<Application>> {
    let rows = dsl::applications
        .filter(dsl::deliverable_id.eq(deliverable))
        .filter(dsl::role.eq(role))
        .filter(dsl::status.eq(ApplicationStatus::Waitlisted.code()))
        .order(dsl::id)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(StoredApplication::as_select())
        .load(db)?;
    rows.into_iter().map(StoredApplication::read).collect()
}

/// Lists the applications of a deliverable's team that are within the reach.
pub fn team(db: &mut Db, reach: &Reach, deliverable: Id) -> Result<Vec<Application>> {
    let mut query = dsl::applications
        .filter(dsl::deliverable_id.eq(deliverable))
        .filter(dsl::status.eq(ApplicationStatus::Agreed.code()))
        .filter(dsl::sandbox.eq(false))
        .order(dsl::id)
        .select(StoredApplication::as_select())
        .into_boxed();
    if let Some(condition) = reach::applications(reach) {
        query = query.filter(condition);
    }
    let rows = query.load(db)?;
    rows.into_iter().map(StoredApplication::read).collect()
}

/// Locks the applications for a deliverable that haven't ended, until the transaction ends: erasing a worker changes them
/// without the deliverable.
pub fn lock_active(db: &mut Db, deliverable: Id) -> Result<()> {
    if let Db::Pg(c) = db {
        let lock = diesel::sql_query(
            "SELECT 1 FROM applications WHERE deliverable_id = $1
             AND status IN ('submitted', 'shortlisted', 'offered', 'agreed', 'waitlisted')
             ORDER BY id FOR UPDATE",
        );
        lock.bind::<diesel::sql_types::Uuid, _>(deliverable.0)
            .execute(c)?;
    }
    Ok(())
}

/// An application that waits for an answer.
#[derive(Queryable)]
pub struct UnansweredRow {
    pub id: Id,
    pub deliverable_id: Id,
    pub worker_id: Option<Id>,
    pub status: String,
    /// Since when.
    pub since: Instant,
    /// Until when, and when there was a warning.
    pub times: (Option<Instant>, Option<Instant>),
    pub version: i64,
}

/// Lists the applications in these statuses that wait for an answer of a side, for deliverables that form a team, as far as
/// the caller gives this answer. Oldest first.
pub fn waiting(
    db: &mut Db,
    reach: &Reach,
    side: ApplicationSide,
    statuses: &[ApplicationStatus],
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<UnansweredRow>> {
    type Times = (Nullable<MicrosecondTime>, Nullable<MicrosecondTime>);
    let statuses = statuses.iter().map(|status| status.code());
    let waiting = dsl::applications
        .filter(sql::<Text>("applications.awaits").eq(side.code()))
        .filter(dsl::status.eq_any(statuses))
        .select((
            dsl::id,
            dsl::deliverable_id,
            dsl::worker_id,
            dsl::status,
            dsl::updated_at,
            sql::<Times>("applications.respond_by, applications.warned_at"),
            dsl::version,
        ));
    let mut query = waiting.order(dsl::id).limit(limit).into_boxed();
    query = match side {
        ApplicationSide::Organization => query.filter(reach::decidable_applications(reach)),
        ApplicationSide::Worker => query.filter(reach::for_forming_team()),
    };
    if let Some(condition) = reach::applications(reach) {
        query = query.filter(condition);
    }
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    Ok(query.load(db)?)
}

/// Lists the applications within the reach that have left the waiting list since a moment and not moved on, oldest first:
/// application, deliverable and moment.
pub fn moved_up(
    db: &mut Db,
    reach: &Reach,
    since: Instant,
    after: Option<Id>,
    limit: i64,
) -> Result<Vec<(Id, Id, Instant)>> {
    let moved = dsl::applications
        // Written out, as the condition of the index is.
        .filter(sql::<Bool>("applications.moved_up_at IS NOT NULL"))
        .filter(sql::<Bool>("applications.moved_up_at >= ").bind::<MicrosecondTime, _>(since))
        .filter(reach::for_forming_team())
        .select((
            dsl::id,
            dsl::deliverable_id,
            sql::<MicrosecondTime>("applications.moved_up_at"),
        ));
    let mut query = moved.order(dsl::id).limit(limit).into_boxed();
    if let Some(condition) = reach::applications(reach) {
        query = query.filter(condition);
    }
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    Ok(query.load(db)?)
}

/// Lists some applications that have been on the waiting list since a moment, for requests that haven't moved on since then.
pub fn long_waiting(db: &mut Db, since: Instant, limit: i64) -> Result<Vec<Id>> {
    let waiting = dsl::applications
        .filter(dsl::status.eq(ApplicationStatus::Waitlisted.code()))
        .filter(dsl::updated_at.le(since))
        .filter(reach::for_team_as_it_was(since))
        .order(dsl::updated_at)
        .limit(limit)
        .select(dsl::id);
    Ok(waiting.load(db)?)
}

/// Lists some applications that the server has to look at: a warning is due, or they end.
pub fn to_check(db: &mut Db, now: Instant, limit: i64) -> Result<Vec<Id>> {
    let due = dsl::applications
        .filter(sql::<MicrosecondTime>("applications.next_check_at").le(now))
        .filter(reach::for_forming_team())
        .order(sql::<MicrosecondTime>("applications.next_check_at"))
        .limit(limit)
        .select(dsl::id);
    Ok(due.load(db)?)
}

/// Lists the applications of these workers for these deliverables, oldest first, ended ones included.
pub fn of_workers(db: &mut Db, deliverables: Option<&[Id]>, workers: &[Id]) -> Result<Vec<Application>> {
    let mut found = Vec::new();
    for workers in workers.chunks(BATCH) {
        let mut query = dsl::applications
            .filter(dsl::worker_id.assume_not_null().eq_any(workers))
            .order(dsl::id)
            .select(StoredApplication::as_select())
            .into_boxed();
        if let Some(deliverables) = deliverables {
            query = query.filter(dsl::deliverable_id.eq_any(deliverables));
        }
        found.extend(query.load(db)?);
    }
    found.into_iter().map(StoredApplication::read).collect()
}

/// Lists the agreed applications after an id, without those of sandbox partners.
pub fn agreed(db: &mut Db, after: Option<Id>, limit: i64) -> Result<Vec<Application>> {
    let mut query = dsl::applications
        .filter(dsl::status.eq(ApplicationStatus::Agreed.code()))
        .filter(dsl::sandbox.eq(false))
        .order(dsl::id)
        .limit(limit)
        .select(StoredApplication::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(dsl::id.gt(after));
    }
    let rows = query.load(db)?;
    rows.into_iter().map(StoredApplication::read).collect()
}

/// Writes the next version of an application, and logs it.
pub fn update(db: &mut Db, actor: &str, application: &Application) -> Result<()> {
    let change = update_unlogged(db, application)?;
    responses::end(db, Some(actor), application)?;
    changes::store::append(db, actor, &[change])
}

/// Writes the next version of an application. Returns what to log.
pub fn update_unlogged(db: &mut Db, application: &Application) -> Result<Change> {
    let (id, before, row) = (
        application.id,
        application.version - 1,
        ApplicationRow::of(application),
    );
    update_version!(db, applications, key: id, before: before, set: row, missing: missing())
        .map_err(|error| on_duplicate(error, || role_filled(&application.role)))?;
    if application.moved_up_at == Some(application.updated_at) {
        responses::ask(db, application)?;
    }
    responses::end(db, None, application)?;
    write_terms(db, application)?;
    Ok(Change::new(
        Subject::Application,
        id,
        Action::Updated,
        application.version,
    ))
}

/// Returns the versions of those of these applications that exist.
pub fn versions(db: &mut Db, ids: &[Id]) -> Result<HashMap<Id, i64>> {
    let mut found = HashMap::new();
    for ids in ids.chunks(BATCH) {
        let some = dsl::applications.filter(dsl::id.eq_any(ids));
        found.extend(some.select((dsl::id, dsl::version)).load::<(Id, i64)>(db)?);
    }
    Ok(found)
}

/// Returns the versions of the applications for a deliverable that have changed from this moment on.
pub fn touched(db: &mut Db, deliverable: Id, since: Instant) -> Result<Vec<(Id, i64)>> {
    let of_deliverable = dsl::applications
        .filter(dsl::deliverable_id.eq(deliverable))
        .filter(dsl::updated_at.ge(since));
    Ok(of_deliverable.select((dsl::id, dsl::version)).load(db)?)
}

/// Deletes an application, and returns what to log.
pub fn delete(db: &mut Db, application: &Application) -> Result<Change> {
    diesel::delete(dsl::applications.find(application.id)).execute(db)?;
    let version = application.version + 1;
    Ok(Change::new(
        Subject::Application,
        application.id,
        Action::Deleted,
        version,
    ))
}

/// Returns those of these workers who have applied for something.
pub fn workers_who_applied(db: &mut Db, workers: &[Id]) -> Result<HashSet<Id>> {
    let mut found = HashSet::new();
    for workers in workers.chunks(BATCH) {
        let worker = dsl::worker_id.assume_not_null();
        let applied = dsl::applications.filter(worker.eq_any(workers)).select(worker);
        found.extend(applied.load::<Id>(db)?);
    }
    Ok(found)
}

/// Returns those of these deliverables that have an application.
pub fn deliverables_applied_for(db: &mut Db, deliverables: &[Id]) -> Result<HashSet<Id>> {
    let mut found = HashSet::new();
    for deliverables in deliverables.chunks(BATCH) {
        let applied = dsl::applications
            .filter(dsl::deliverable_id.eq_any(deliverables))
            .select(dsl::deliverable_id);
        found.extend(applied.load::<Id>(db)?);
    }
    Ok(found)
}

/// Clears the worker and the texts in a person's applications. The applications stay, and are still counted.
/// Returns the changes for the caller to log.
pub fn forget(db: &mut Db, worker: Id) -> Result<Vec<Change>> {
    let own = dsl::applications.filter(dsl::worker_id.eq(worker));
    let found = own.select((dsl::id, dsl::version)).load::<(Id, i64)>(db)?;
    let forgotten = (
        dsl::worker_id.eq(None::<Id>),
        dsl::message.eq(None::<String>),
        dsl::note.eq(None::<String>),
        dsl::version.eq(dsl::version + 1),
        dsl::updated_at.eq(Instant::now()),
    );
    diesel::update(dsl::applications.filter(dsl::worker_id.eq(worker)))
        .set(forgotten)
        .execute(db)?;
    forget_agreements(db, found)
}

/// Clears the goals and schedules of applications, and returns what to log.
fn forget_agreements(db: &mut Db, found: Vec<(Id, i64)>) -> Result<Vec<Change>> {
    let ids: Vec<Id> = found.iter().map(|(id, _)| *id).collect();
    diesel::update(terms::table.filter(terms::id.eq_any(ids)))
        .set(terms::agreement.eq(None::<Doc<ApplicationAgreement>>))
        .execute(db)?;
    Ok(found.into_iter().map(next_version).collect())
}

fn next_version((id, version): (Id, i64)) -> Change {
    Change::new(Subject::Application, id, Action::Updated, version + 1)
}

/// Clears the messages and notes of up to `limit` applications that ended before the moment `before`.
/// Returns the changes for the caller to log.
pub fn forget_messages(db: &mut Db, before: Instant, limit: i64) -> Result<Vec<Change>> {
    let ended = dsl::applications
        .filter(dsl::updated_at.lt(before))
        .filter(dsl::status.eq_any(["declined", "withdrawn", "expired"]))
        .filter(
            dsl::message
                .is_not_null()
                .or(dsl::note.is_not_null())
                .or(sql::<Bool>("applications.agreement IS NOT NULL")),
        )
        .order(dsl::updated_at)
        .limit(limit)
        .select((dsl::id, dsl::version));
    let ended = ended.load::<(Id, i64)>(db)?;
    let ids: Vec<Id> = ended.iter().map(|(id, _)| *id).collect();
    let forgotten = (
        dsl::message.eq(None::<String>),
        dsl::note.eq(None::<String>),
        dsl::version.eq(dsl::version + 1),
        dsl::updated_at.eq(Instant::now()),
    );
    diesel::update(dsl::applications.filter(dsl::id.eq_any(ids)))
        .set(forgotten)
        .execute(db)?;
    forget_agreements(db, ended)
}

/// Returns a person's applications for their export, as a caller sees them, oldest first.
pub fn held_on(db: &mut Db, reach: &Reach, worker: Id, part: Part) -> Result<Vec<ApplicationRecord>> {
    let own = dsl::applications
        .filter(dsl::worker_id.eq(worker))
        .filter(dsl::id.gt(part.after));
    let rows = own
        .order(dsl::id)
        .limit(part.limit)
        .select(StoredApplication::as_select());
    let record = |stored: StoredApplication| {
        let one = stored.read()?.shown(reach, true);
        Ok(ApplicationRecord {
            id: one.id,
            direction: one.direction,
            deliverable_id: one.deliverable_id,
            role: one.role.to_string(),
            status: one.outcome.status.code().to_owned(),
            reason: one.outcome.reason.map(|reason| reason.code().to_owned()),
            message: one.message,
            note: one.outcome.note,
            agreement: one.outcome.agreement,
            closed_at: one.closed_at,
            closed_by: one.closed_by,
            created_by: one.created_by,
            created_at: one.created_at,
            updated_at: one.updated_at,
        })
    };
    rows.load(db)?.into_iter().map(record).collect()
}

/// Returns when workers applied last, as far as the caller sees their applications.
pub fn last_applied(db: &mut Db, reach: &Reach, workers: &[Id]) -> Result<HashMap<Id, Instant>> {
    let mut last = HashMap::new();
    for workers in workers.chunks(BATCH) {
        let mut theirs = dsl::applications
            .filter(dsl::worker_id.assume_not_null().eq_any(workers))
            .group_by(dsl::worker_id)
            .select((dsl::worker_id, max(dsl::created_at).assume_not_null()))
            .into_boxed();
        if let Some(condition) = reach::applications(reach) {
            theirs = theirs.filter(condition);
        }
        let found: Vec<(Option<Id>, Instant)> = theirs.load(db)?;
        last.extend(found.into_iter().filter_map(|(worker, at)| Some((worker?, at))));
    }
    Ok(last)
}
