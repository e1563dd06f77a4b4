//! Registering partners, renewing their secrets and issuing their tokens.

use super::oauth::{Credentials, TokenError, TokenResponse};
use super::{
    ClientSecret, MAX_SECRETS, NewPartner, Partner, PartnerWithSecret, last_secret, store, too_many_secrets,
};
use crate::auth::{ACCESS_SECONDS, Claims, Keys, RecordKind, UserRole, Writer, check_properties};
use crate::catalogue::Catalogue;
use crate::db::{Db, Id, Instant, Pool};
use crate::error::{Error, Result};
use crate::http::{IfMatch, Patch};
use crate::sessions::{Client, store as sessions, throttle};

/// Registers a partner with its first secret.
pub fn register(
    db: &mut Db,
    catalogue: &Catalogue,
    writer: &Writer,
    mut details: NewPartner,
) -> Result<PartnerWithSecret> {
    Error::together([
        check_properties(writer.role, RecordKind::Partners, None, &details),
        details.resolve(catalogue, None),
    ])?;
    let now = Instant::now();
    let partner = Partner::register(Id::new(), details, now);
    store::insert(db, &writer.actor, &partner)?;
    let secret = ClientSecret::new(partner.id, now)?;
    store::insert_secret(db, &writer.actor, &secret)?;
    let partner = store::find(db, partner.id)?;
    Ok(PartnerWithSecret { partner, secret })
}

/// Changes a partner. The code and whether it is a sandbox can't change.
pub fn change(
    db: &mut Db,
    catalogue: &Catalogue,
    writer: &Writer,
    id: Id,
    if_match: &IfMatch,
    patch: &Patch<NewPartner>,
) -> Result<Partner> {
    let before = store::find_to_change(db, id)?;
    if_match.check(before.version)?;
    let mut details = patch.apply(&before.details)?;
    let own = Some(&before.details);
    Error::together([
        check_properties(writer.role, RecordKind::Partners, own, &details),
        details.check_immutable(&before.details),
        details.resolve(catalogue, own),
    ])?;
    if details == before.details {
        return Ok(before);
    }
    let after = before.changed(details, Instant::now());
    store::update(db, &writer.actor, &after)?;
    Ok(after)
}

/// Adds a second secret to a partner.
pub fn add_secret(db: &mut Db, actor: &str, id: Id) -> Result<PartnerWithSecret> {
    let partner = store::find_to_change(db, id)?;
    if partner.secrets.len() >= MAX_SECRETS {
        return Err(too_many_secrets());
    }
    let secret = ClientSecret::new(partner.id, Instant::now())?;
    store::insert_secret(db, actor, &secret)?;
    Ok(PartnerWithSecret { partner, secret })
}

/// Revokes one of a partner's secrets, but not the last one.
pub fn revoke_secret(db: &mut Db, actor: &str, id: Id, secret: Id, if_match: &IfMatch) -> Result<()> {
    let partner = store::find_to_change(db, id)?;
    if_match.check(partner.version)?;
    if !partner.secrets.iter().any(|own| own.id == secret) {
        return Err(Error::not_found("シークレット", "secret"));
    }
    if partner.secrets.len() == 1 {
        return Err(last_secret());
    }
    store::delete_secret(db, actor, partner.id, secret)
}

/// Issues an access token for a partner's credentials. A refusal has the form of the OAuth standard.
pub async fn issue_token(
    pool: &Pool,
    keys: &Keys,
    client: Client,
    credentials: Credentials,
) -> Result<Result<TokenResponse, TokenError>> {
    let (id, secret) = (credentials.client, credentials.secret);
    // Nobody can guess a secret, so a right one is never refused: whoever knows the client id, or has the
    // same address, can't lock the partner out.
    let found = pool.write(move |db| {
        let now = Instant::now();
        let found = match id {
            Some(id) => store::authenticate(db, id, &secret, now)?.map(|details| (id, details)),
            None => None,
        };
        let wait_s = match found {
            Some(_) => None,
            None => sessions::attempt(db, &[throttle::of_address(&client)], now)?,
        };
        Ok((found, wait_s))
    });
    let (id, details) = match found.await? {
        (Some(found), _) => found,
        (None, Some(wait_s)) => return Err(throttle::too_many_attempts(wait_s)),
        (None, None) => return Ok(Err(TokenError::INVALID_CLIENT)),
    };
    let Some(scope) = details.grant(credentials.scope.as_deref()) else {
        return Ok(Err(TokenError::INVALID_SCOPE));
    };
    let now = chrono::Utc::now().timestamp();
    let mut claims = Claims::new(UserRole::Partner, id, now, ACCESS_SECONDS);
    claims.scope = Some(scope.clone());
    Ok(Ok(TokenResponse {
        access_token: keys.sign(&claims)?,
        token_type: "Bearer",
        expires_in: ACCESS_SECONDS,
        scope,
    }))
}
