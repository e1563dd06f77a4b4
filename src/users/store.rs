//! SQL of users and their invitations.

use super::{AccountRecord, Invitation, NewUser, User, UserFilter, UserStatus};
use crate::audit::{self, Act, AuditAction};
use crate::auth::{UserRole, secret};
use crate::changes::{self, Action, Change, Subject};
use crate::db::schema::{invitations, users};
use crate::db::{Db, Doc, Id, Instant, keyset, lock, on_duplicate, update_version};
use crate::error::{Error, Result, Text};
use crate::http::query::{Several, with_codes};
use crate::http::{Cursor, Page};
use crate::http::{idempotency, page};
use crate::organizations::Intermediary;
use diesel::prelude::*;
use users::dsl;

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct UserRow {
    id: Id,
    email: String,
    name: String,
    role: String,
    status: String,
    intermediary: Doc<Option<Intermediary>>,
    areas: Doc<Vec<String>>,
    organization_id: Option<Id>,
    worker_id: Option<Id>,
    password_hash: Option<String>,
    last_login_at: Option<Instant>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

impl UserRow {
    fn read(self) -> Result<User> {
        let strange = || Error::Internal(format!("user {} has an unknown role", self.id));
        let status = self.status.parse().unwrap_or(UserStatus::Suspended);
        Ok(User {
            id: self.id,
            details: NewUser {
                role: self.role.parse().map_err(|_| strange())?,
                email: self.email,
                name: self.name,
                status,
                areas: self.areas.0,
                intermediary: self.intermediary.0,
                organization_id: self.organization_id,
                worker_id: self.worker_id,
            },
            has_password: self.password_hash.is_some(),
            last_login_at: self.last_login_at,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = users, treat_none_as_default_value = false, treat_none_as_null = true)]
struct NewUserRow<'a> {
    id: Id,
    email: &'a str,
    name: &'a str,
    role: &'static str,
    status: &'static str,
    intermediary: Doc<Option<Intermediary>>,
    areas: Doc<Vec<String>>,
    organization_id: Option<Id>,
    worker_id: Option<Id>,
    version: i64,
    created_at: Instant,
    updated_at: Instant,
}

impl<'a> NewUserRow<'a> {
    fn of(user: &'a User) -> NewUserRow<'a> {
        let details = &user.details;
        NewUserRow {
            id: user.id,
            email: &details.email,
            name: &details.name,
            role: details.role.code(),
            status: details.status.code(),
            intermediary: Doc(details.intermediary.clone()),
            areas: Doc(details.areas.clone()),
            organization_id: details.organization_id,
            worker_id: details.worker_id,
            version: user.version,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

fn missing() -> Error {
    Error::not_found("利用者", "user")
}

pub fn find(db: &mut Db, id: Id) -> Result<User> {
    let found = dsl::users
        .find(id)
        .select(UserRow::as_select())
        .get_result(db)
        .optional()?;
    found.ok_or_else(missing)?.read()
}

/// Finds a user by the address that they log in with.
pub fn find_by_email(db: &mut Db, email: &str) -> Result<User> {
    let found = dsl::users
        .filter(dsl::email.eq(email.to_lowercase()))
        .select(UserRow::as_select())
        .get_result(db)
        .optional()?;
    found.ok_or_else(missing)?.read()
}

/// Finds a user to change. Locks all users until the transaction ends, so that an administrator remains.
pub fn find_to_change(db: &mut Db, id: Id) -> Result<User> {
    lock(db, "users")?;
    find(db, id)
}

/// Finds the active user with this address and a password, and the hash of the password.
pub fn find_login(db: &mut Db, email: &str) -> Result<Option<(User, String)>> {
    let found = dsl::users
        .filter(dsl::email.eq(email))
        .filter(dsl::status.eq(UserStatus::Active.code()))
        .select(UserRow::as_select())
        .get_result(db)
        .optional()?;
    let Some(row) = found else { return Ok(None) };
    let hash = row.password_hash.clone();
    Ok(Some(row.read()?).zip(hash))
}

/// Returns the hash of a user's password.
pub fn password_hash(db: &mut Db, id: Id) -> Result<Option<String>> {
    Ok(dsl::users.find(id).select(dsl::password_hash).get_result(db)?)
}

/// Checks that a user is still active with a password whose hash was verified: that takes long, and the account may have been given to
/// somebody else meanwhile. Lock the user before.
pub fn has_still(db: &mut Db, id: Id, hash: &str) -> Result<bool> {
    let same = dsl::users
        .find(id)
        .filter(dsl::status.eq(UserStatus::Active.code()))
        .filter(dsl::password_hash.eq(hash));
    Ok(diesel::select(diesel::dsl::exists(same)).get_result(db)?)
}

pub fn set_password(db: &mut Db, id: Id, hash: &str) -> Result<()> {
    diesel::update(dsl::users.find(id))
        .set(dsl::password_hash.eq(hash))
        .execute(db)?;
    let role = dsl::users.find(id).select(dsl::role).get_result::<String>(db)?;
    let actor = format!("{role}:{id}");
    audit::store::append(db, &Act::new(&actor, AuditAction::PasswordChosen, id))
}

/// Lets nobody log in until a new password is chosen.
pub fn forget_password(db: &mut Db, id: Id) -> Result<()> {
    diesel::update(dsl::users.find(id))
        .set(dsl::password_hash.eq(None::<String>))
        .execute(db)?;
    Ok(())
}

/// Records the time of a login.
pub fn record_login(db: &mut Db, id: Id, now: Instant) -> Result<()> {
    diesel::update(dsl::users.find(id))
        .set(dsl::last_login_at.eq(now))
        .execute(db)?;
    Ok(())
}

/// Returns whether there are no users.
pub fn is_empty(db: &mut Db) -> Result<bool> {
    let any = dsl::users.select(dsl::id).first::<Id>(db).optional()?;
    Ok(any.is_none())
}

pub fn list(db: &mut Db, filter: &UserFilter) -> Result<Page<User>> {
    let limit = page::limit_of_ids(filter.limit, &filter.ids)?;
    let cursor = Cursor::decode(filter.cursor.as_deref(), "-created_at")?;
    let first = cursor.map(|c| c.id);
    let rows = keyset!(filtered(filter), first, dsl::id, descending)
        .limit(limit + 1)
        .load::<UserRow>(db)?;
    let found: Result<Vec<User>> = rows.into_iter().map(UserRow::read).collect();
    let page = Page::of(found?, limit, |last: &User| Cursor {
        sort: "-created_at".to_owned(),
        value: String::new(),
        id: last.id,
    });
    page.of_whole(filter.count, &filter.ids, || {
        let all = filtered(filter).select(dsl::id).limit(page::COUNTED);
        Ok(all.load(db)?)
    })
}

type Query<'a> = users::BoxedQuery<
    'a,
    crate::db::Backend,
    diesel::dsl::SqlTypeOf<diesel::dsl::AsSelect<UserRow, crate::db::Backend>>,
>;

/// Returns the query of everything that passes a filter.
fn filtered(filter: &UserFilter) -> Query<'_> {
    let mut query = dsl::users.select(UserRow::as_select()).into_boxed();
    if let Some(Several(ids)) = &filter.ids {
        query = query.filter(dsl::id.eq_any(ids));
    }
    if let Some(roles) = &filter.role {
        query = with_codes!(query, dsl::role, roles);
    }
    if let Some(id) = filter.organization_id {
        query = query.filter(dsl::organization_id.eq(id));
    }
    if let Some(email) = &filter.email {
        query = query.filter(dsl::email.eq(email.to_lowercase()));
    }
    query
}

pub fn insert(db: &mut Db, actor: &str, user: &User) -> Result<()> {
    diesel::insert_into(users::table)
        .values(NewUserRow::of(user))
        .execute(db)
        .map_err(|error| on_duplicate(error, duplicate))?;
    log(db, actor, user, Action::Created)
}

/// Writes the next version of a user.
pub fn update(db: &mut Db, actor: &str, user: &User) -> Result<()> {
    let updated = update_version!(db, users, key: user.id, before: user.version - 1,
        set: NewUserRow::of(user), missing: missing());
    updated.map_err(|error| on_duplicate(error, duplicate))?;
    log(db, actor, user, Action::Updated)?;
    audit::store::append(db, &Act::new(actor, AuditAction::UserChanged, user.id))
}

/// Deletes a user. The change log and the audit keep the id.
pub fn delete(db: &mut Db, actor: &str, user: &User) -> Result<()> {
    let deleted = diesel::delete(dsl::users.find(user.id).filter(dsl::version.eq(user.version)));
    if deleted.execute(db)? == 0 {
        let current = find(db, user.id)?.version;
        return Err(Error::PreconditionFailed { current });
    }
    idempotency::forget(db, &user.id.to_string())?;
    let change = Change::new(Subject::User, user.id, Action::Deleted, user.version + 1);
    changes::store::append(db, actor, &[change])?;
    audit::store::append(db, &Act::new(actor, AuditAction::UserRemoved, user.id))
}

/// Returns whether an active administrator exists, or one who can log in: who has a password.
pub fn has_admin(db: &mut Db, who_logs_in: bool) -> Result<bool> {
    let mut admins = dsl::users
        .filter(dsl::role.eq(UserRole::Admin.code()))
        .filter(dsl::status.eq(UserStatus::Active.code()))
        .select(dsl::id)
        .into_boxed();
    if who_logs_in {
        admins = admins.filter(dsl::password_hash.is_not_null());
    }
    Ok(admins.first::<Id>(db).optional()?.is_some())
}

/// Deletes the account of a worker who is erased, with its sessions. Returns the change to log.
pub fn forget(db: &mut Db, worker: Id) -> Result<Option<Change>> {
    let own = dsl::users
        .filter(dsl::worker_id.eq(worker))
        .select((dsl::id, dsl::version));
    let Some((id, version)) = own.first::<(Id, i64)>(db).optional()? else {
        return Ok(None);
    };
    diesel::delete(dsl::users.filter(dsl::worker_id.eq(worker))).execute(db)?;
    idempotency::forget(db, &id.to_string())?;
    Ok(Some(Change::new(Subject::User, id, Action::Deleted, version + 1)))
}

/// Returns a worker's account for their export.
pub fn held_on(db: &mut Db, worker: Id) -> Result<Option<AccountRecord>> {
    let columns = (
        dsl::id,
        dsl::email,
        dsl::name,
        dsl::created_at,
        dsl::last_login_at,
    );
    let own = dsl::users.filter(dsl::worker_id.eq(worker)).select(columns);
    let row = own
        .first::<(Id, String, String, Instant, Option<Instant>)>(db)
        .optional()?;
    let record = |(id, email, name, created_at, last_login_at)| AccountRecord {
        id,
        email,
        name,
        created_at,
        last_login_at,
    };
    Ok(row.map(record))
}

fn log(db: &mut Db, actor: &str, user: &User, action: Action) -> Result<()> {
    let change = Change::new(Subject::User, user.id, action, user.version);
    changes::store::append(db, actor, &[change])
}

fn duplicate() -> Error {
    Error::Conflict {
        code: "duplicate_user",
        detail: Text::new(
            "このメールアドレス、またはこのワーカーの利用者がすでに登録されています。",
            "A user with this email address or for this worker already exists.",
        ),
    }
}

/// Gives a user a link at which to choose a password. Older links stop working.
pub fn invite(db: &mut Db, actor: &str, user: &User, invitation: &Invitation, now: Instant) -> Result<()> {
    insert_invitation(db, actor, Some(user.id), invitation, now)?;
    let action = match user.has_password {
        true => AuditAction::PasswordResetCreated,
        false => AuditAction::UserInvited,
    };
    audit::store::append(db, &Act::new(actor, action, user.id))
}

/// Inserts an invitation. Without a user, it is for the first administrator.
pub fn insert_invitation(
    db: &mut Db,
    actor: &str,
    user: Option<Id>,
    invitation: &Invitation,
    now: Instant,
) -> Result<()> {
    use invitations::dsl as i;
    diesel::delete(i::invitations.filter(i::expires_at.le(now))).execute(db)?;
    if let Some(user) = user {
        end_invitations(db, user)?;
    }
    let row = (
        i::digest.eq(secret::digest(invitation.token.as_deref().unwrap_or_default())),
        i::user_id.eq(user),
        i::created_at.eq(now),
        i::expires_at.eq(invitation.expires_at),
        i::invited_by.eq(actor),
    );
    diesel::insert_into(invitations::table).values(row).execute(db)?;
    Ok(())
}

/// Lets no link of a user work any more.
pub fn end_invitations(db: &mut Db, user: Id) -> Result<()> {
    use invitations::dsl as i;
    diesel::delete(i::invitations.filter(i::user_id.eq(user))).execute(db)?;
    Ok(())
}

/// An invitation that can be accepted.
pub struct OpenInvitation {
    /// `None` for the first administrator, who isn't registered yet.
    pub user: Option<Id>,
    /// The actor who invited them.
    pub invited_by: String,
    pub expires_at: Instant,
}

/// Finds an invitation that can be accepted.
pub fn find_invitation(db: &mut Db, token: &str, now: Instant) -> Result<Option<OpenInvitation>> {
    use invitations::dsl as i;
    let one = i::invitations
        .find(secret::digest(token))
        .filter(i::expires_at.gt(now))
        .select((i::user_id, i::invited_by, i::expires_at));
    let found = one.get_result::<(Option<Id>, String, Instant)>(db).optional()?;
    Ok(found.map(|(user, invited_by, expires_at)| OpenInvitation {
        user,
        invited_by,
        expires_at,
    }))
}

/// Uses up an invitation. Returns whether it could be used: two requests may come at once.
pub fn take_invitation(db: &mut Db, token: &str) -> Result<bool> {
    use invitations::dsl as i;
    let taken = diesel::delete(i::invitations.find(secret::digest(token))).execute(db)?;
    Ok(taken == 1)
}
