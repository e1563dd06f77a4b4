//! The HTTP face of users.

use super::actions::EndAccess;
use super::{Invitation, NewUser, User, UserFilter, UserWithInvitation, actions, store};
use crate::auth::{ReadUsers, WriteUsers, http::Caller};
use crate::catalogue::Catalogues;
use crate::config::PublicUrl;
use crate::db::{Db, Id, Pool};
use crate::error::Result;
use crate::http::query::check_length;
use crate::http::{Answer, Entity, IfMatch, Page, Patch, PathId, Query, Submission};
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
async fn list(_: Caller<ReadUsers>, pool: Data<Pool>, filter: Query<UserFilter>) -> Result<Page<User>> {
    check_length("email", &filter.0.email, 254)?;
    pool.read(move |db| store::list(db, &filter.0)).await
}

/// Invite a user
///
/// Returns a one-time link, valid for seven days, at which the user chooses a password. Pass it on to them;
/// no email is sent. Repeating the request with the same Idempotency-Key returns the user again, without the
/// link.
#[utoipa::path(operation_id = "create_user", tag = "Users", security(("bearer" = ["users:write"])),
    request_body = NewUser,
    responses((status = 201, description = "Invited", body = UserWithInvitation),
              (status = 409, description = "A user with this address or for this worker exists")))]
#[post("/users")]
async fn create(
    caller: Caller<WriteUsers>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    public_url: Data<PublicUrl>,
    new: Submission<NewUser>,
) -> Result<HttpResponse> {
    let writer = caller.writer();
    let insert = move |db: &mut Db, details: NewUser| {
        let catalogue = catalogues.current(db)?;
        let invited = actions::invite(db, &catalogue, &public_url.0, &writer, details)?;
        let (id, version) = (invited.user.id, invited.user.version);
        let answer = Answer::created(format!("/v1/users/{id}"), id, version, &invited)?;
        Ok(answer.showing_once(&["/invitation/token", "/invitation/link"]))
    };
    new.write(&pool, caller.submitter(), insert).await
}

/// Show a user
///
/// Includes where the user belongs and whether they have chosen a password.
#[utoipa::path(operation_id = "show_user", tag = "Users", security(("bearer" = ["users:read"])),
    params(("id" = Id, Path, description = "The user")),
    responses((status = 200, description = "The user", body = User)))]
#[get("/users/{id}")]
async fn show(_: Caller<ReadUsers>, pool: Data<Pool>, id: PathId) -> Result<Entity<User>> {
    let user = pool.lookup(move |db| store::find(db, id.0)).await?;
    Ok(Entity::new(user.version, user))
}

/// Update a user
///
/// Send a JSON Merge Patch. A new role or belonging applies from the user's next request, and suspending a
/// user revokes their sessions. If you give an account to another e-mail address, which may be somebody else's, its sessions, links,
/// feeds and password end, and its webhooks are switched off: give the user a new link then (`POST /v1/users/{id}/invitations`). Your own
/// password stays if you change your own address. The last active administrator can't be changed to anything else (409
/// `last_admin`).
#[utoipa::path(operation_id = "update_user", tag = "Users", security(("bearer" = ["users:write"])),
    params(("id" = Id, Path, description = "The user")),
    request_body(content = inline(UserPatch), content_type = "application/merge-patch+json",
        example = json!({"areas": ["131041", "131130"]})),
    responses((status = 200, description = "Updated", body = User),
              (status = 409, description = "A user with this address or for this worker exists, or no administrator would remain")))]
#[patch("/users/{id}")]
async fn update(
    caller: Caller<WriteUsers>,
    pool: Data<Pool>,
    catalogues: Data<Catalogues>,
    end_access: Data<EndAccess>,
    id: PathId,
    if_match: IfMatch,
    patch: UserPatch,
) -> Result<Entity<User>> {
    let writer = caller.writer();
    let updated = patch.write(&pool, move |db, patch| {
        let catalogue = catalogues.current(db)?;
        actions::change(db, &catalogue, **end_access, &writer, id.0, &if_match, patch)
    });
    let user = updated.await?;
    Ok(Entity::new(user.version, user))
}
type UserPatch = Patch<NewUser>;

/// Remove a user
///
/// Removes their sessions too. The last active administrator can't be removed (409 `last_admin`).
#[utoipa::path(operation_id = "remove_user", tag = "Users", security(("bearer" = ["users:write"])),
    params(("id" = Id, Path, description = "The user")),
    responses((status = 204, description = "Removed"),
              (status = 409, description = "No administrator would remain")))]
#[delete("/users/{id}")]
async fn remove(
    caller: Caller<WriteUsers>,
    pool: Data<Pool>,
    id: PathId,
    if_match: IfMatch,
) -> Result<HttpResponse> {
    let actor = caller.actor();
    let removed = pool.write(move |db| actions::remove(db, &actor, id.0, &if_match));
    removed.await?;
    Ok(HttpResponse::NoContent().finish())
}

/// An empty object.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
struct NewInvitation {}

/// Create a link to choose a password
///
/// For a user who lost the first link, or forgot the password. Pass the one-time link on to them; no email is
/// sent. It is valid for seven days, and older links stop working. Choosing a new password there ends all
/// sessions of the user.
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
        let UserWithInvitation { user, invitation } = actions::invite_again(db, &public_url.0, &actor, id.0)?;
        let answer = Answer::created(
            format!("/v1/users/{}", user.id),
            user.id,
            user.version,
            &invitation,
        )?;
        Ok(answer.showing_once(&["/token", "/link"]))
    };
    new.write(&pool, caller.submitter(), insert).await
}
