//! The HTTP face of users. Rules are in `mod.rs`, SQL in `store.rs`.

use super::{Invitation, InvitedUser, NewUser, User, UserFilter, store, unknown_reference};
use crate::audit::personal_data_was_read;
use crate::auth::{ReadUsers, WriteUsers, http::Caller};
use crate::catalogue::Catalogues;
use crate::config::PublicUrl;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::Result;
use crate::http::query::check_length;
use crate::http::{Answer, Entity, IfMatch, Page, Patch, PathId, Query, Submission};
use crate::{organizations, workers};
use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, patch, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(list)
        .service(create)
        .service(show)
        .service(update)
        .service(remove)
        .service(invite);
}

/// List users
///
/// Newest first.
#[utoipa::path(operation_id = "list_users", tag = "Users", security(("bearer" = ["users:read"])),
    params(UserFilter), responses((status = 200, description = "One page", body = Page<User>)))]
#[get("/users")]
async fn list(caller: Caller<ReadUsers>, pool: Data<Pool>, filter: Query<UserFilter>) -> Result<Page<User>> {
    check_length("email", &filter.0.email, 254)?;
    let page = pool.read(move |db| store::list(db, &filter.0)).await?;
    let ids = page.items.iter().map(|user| user.id).collect();
    personal_data_was_read(&pool, caller.actor(), ids).await?;
    Ok(page)
}

/// Invite a user
///
/// The answer has a one-time link, valid for seven days, at which they choose their password: pass it on. Repeating
/// the request with the same Idempotency-Key shows the user again, and not the link.
#[utoipa::path(operation_id = "create_user", tag = "Users", security(("bearer" = ["users:write"])),
    request_body = NewUser,
    responses((status = 201, description = "Invited", body = InvitedUser),
              (status = 409, description = "The address or the worker has a user already")))]
#[post("/users")]
async fn create(
    caller: Caller<WriteUsers>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
    new: Submission<NewUser>,
) -> Result<HttpResponse> {
    let actor = caller.actor();
    let insert = move |db: &mut Db, mut details: NewUser| {
        details.resolve(&*catalogues.current(db)?)?;
        check_references(db, &details)?;
        let now = Instant::now();
        let user = User::invite(Id::new(), details, now);
        store::insert(db, &actor, &user)?;
        let invitation = Invitation::new(&public_url.0, now)?;
        store::invite(db, &actor, user.id, &invitation, now)?;
        let (id, version) = (user.id, user.version);
        let answer = InvitedUser { user, invitation };
        let answer = Answer::created(format!("/v1/users/{id}"), id, version, &answer)?;
        Ok(answer.showing_once(&["/invitation/token", "/invitation/link"]))
    };
    new.write(&pool, &caller.actor(), insert).await
}

fn check_references(db: &mut Db, details: &NewUser) -> Result<()> {
    if let Some(id) = details.organization_id
        && organizations::store::existing(db, &[id])?.is_empty()
    {
        let (ja, en) = ("この団体は登録されていません。", "There is no such organization.");
        return Err(unknown_reference(
            "/organization_id",
            "unknown_organization",
            ja,
            en,
        ));
    }
    if let Some(id) = details.worker_id
        && workers::store::faces(db, &[id])?.is_empty()
    {
        let (ja, en) = ("このワーカーは登録されていません。", "There is no such worker.");
        return Err(unknown_reference("/worker_id", "unknown_worker", ja, en));
    }
    Ok(())
}

/// Show a user
///
/// With where they belong, and whether they have chosen a password.
#[utoipa::path(operation_id = "show_user", tag = "Users", security(("bearer" = ["users:read"])),
    params(("id" = Id, Path, description = "The user")),
    responses((status = 200, description = "The user", body = User)))]
#[get("/users/{id}")]
async fn show(caller: Caller<ReadUsers>, pool: Data<Pool>, id: PathId) -> Result<Entity<User>> {
    let user = pool.read(move |db| store::find(db, id.0)).await?;
    personal_data_was_read(&pool, caller.actor(), vec![user.id]).await?;
    Ok(Entity::new(user.version, user))
}

/// Change a user
///
/// JSON Merge Patch; with If-Match it changes only the version that you have read. A new role or belonging counts from
/// the user's next request; suspending ends their sessions. The last active administrator stays one (409 `last_admin`).
#[utoipa::path(operation_id = "update_user", tag = "Users", security(("bearer" = ["users:write"])),
    params(("id" = Id, Path, description = "The user")),
    request_body(content = inline(UserPatch), content_type = "application/merge-patch+json",
        example = json!({"areas": ["131041", "131130"]})),
    responses((status = 200, description = "Changed", body = User),
              (status = 409, description = "The address or the worker has a user already, or no administrator would be left")))]
#[patch("/users/{id}")]
async fn update(
    caller: Caller<WriteUsers>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    id: PathId,
    if_match: IfMatch,
    patch: UserPatch,
) -> Result<Entity<User>> {
    let actor = caller.actor();
    let updated = pool.write(move |db| {
        let before = store::find_to_change(db, id.0)?;
        if_match.check(before.version)?;
        let mut details = patch.apply(&before.details)?;
        details.resolve(&*catalogues.current(db)?)?;
        check_references(db, &details)?;
        if details == before.details {
            return Ok(before);
        }
        let after = before.changed(details, Instant::now());
        store::update(db, &actor, &before, &after)?;
        Ok(after)
    });
    let user = updated.await?;
    Ok(Entity::new(user.version, user))
}
type UserPatch = Patch<NewUser>;

/// Remove a user
///
/// With their sessions. The last active administrator stays (409 `last_admin`).
#[utoipa::path(operation_id = "remove_user", tag = "Users", security(("bearer" = ["users:write"])),
    params(("id" = Id, Path, description = "The user")),
    responses((status = 204, description = "Removed"),
              (status = 409, description = "No administrator would be left")))]
#[delete("/users/{id}")]
async fn remove(
    caller: Caller<WriteUsers>,
    pool: Data<Pool>,
    id: PathId,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let actor = caller.actor();
    let removed = pool.write(move |db| {
        let user = store::find_to_change(db, id.0)?;
        if_match.check(user.version)?;
        store::delete(db, &actor, &user)
    });
    removed.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Nothing has to be said.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
struct NewInvitation {}

/// Give a user a new one-time link
///
/// For whoever lost the first one or forgot the password. Older links are void; their sessions go on until they
/// choose a new password.
#[utoipa::path(operation_id = "invite_user", tag = "Users", security(("bearer" = ["users:write"])),
    params(("id" = Id, Path, description = "The user")), request_body = NewInvitation,
    responses((status = 201, description = "The link", body = Invitation)))]
#[post("/users/{id}/invitations")]
async fn invite(
    caller: Caller<WriteUsers>,
    pool: Data<Pool>,
    public_url: Data<PublicUrl>,
    id: PathId,
    new: Submission<NewInvitation>,
) -> Result<HttpResponse> {
    let actor = caller.actor();
    let insert = move |db: &mut Db, NewInvitation {}: NewInvitation| {
        let user = store::find_to_change(db, id.0)?;
        let now = Instant::now();
        let invitation = Invitation::new(&public_url.0, now)?;
        store::invite(db, &actor, user.id, &invitation, now)?;
        let location = format!("/v1/users/{}", user.id);
        let answer = Answer::created(location, user.id, user.version, &invitation)?;
        Ok(answer.showing_once(&["/token", "/link"]))
    };
    new.write(&pool, &caller.actor(), insert).await
}
