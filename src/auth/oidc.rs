//! Tokens of the operator's identity provider (OpenID Connect).
//!
//! The provider's keys come from its discovery document and are cached. They are fetched again when a token
//! names an unknown key, at most once a minute. If the provider can't be reached, the cached keys are used
//! for a day. Only asymmetric algorithms are accepted, and of those only the configured ones and the one that
//! the key is for. Claims give role and belonging. The subject is stored as a digest, because many providers
//! put an email address there.

use super::remembered::Remembered;
use super::{Belonging, Claims, UserRole};
use crate::config::OidcConfig;
use crate::error::{Error, Result, Text};
use crate::values::six_digits;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use parking_lot::RwLock;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use strum::VariantArray;

/// How long keys are used without fetching them again.
const FRESH: Duration = Duration::from_secs(600);
/// How long keys are used if the provider can't be reached.
const STALE: Duration = Duration::from_secs(86_400);
/// The shortest time between two attempts to fetch keys.
const PAUSE: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_BYTES: u64 = 1024 * 1024;

/// The identity provider and its keys.
pub struct Issuer {
    url: String,
    audience: String,
    algorithms: Vec<Algorithm>,
    /// Their role names and ours.
    roles: Vec<(String, UserRole)>,
    config: OidcConfig,
    cache: RwLock<KeyCache>,
    /// With the keys as they were then.
    remembered: Remembered<Arc<Vec<Jwk>>>,
    /// Held while fetching, so that only one request fetches.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct KeyCache {
    keys: Arc<Vec<Jwk>>,
    fetched_at: Option<Instant>,
    /// The last attempt, whether it succeeded or not.
    tried_at: Option<Instant>,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Value>,
}

fn wrong() -> Error {
    Error::Unauthenticated(Text::new(
        "トークンが正しくありません。",
        "The token is not valid.",
    ))
}

impl Issuer {
    /// Returns `None` if no provider is configured.
    pub fn from_config(config: &OidcConfig) -> Result<Option<Issuer>> {
        let (Some(url), Some(audience)) = (&config.oidc_issuer, &config.oidc_audience) else {
            return Ok(None);
        };
        check_url(url)?;
        let refused = |reason: String| Error::Internal(format!("OIDC: {reason}"));
        let listed = |text: &str| -> Vec<String> {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        };
        let algorithm = |name: String| match Algorithm::from_str(&name) {
            Ok(Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512) | Err(_) => {
                Err(refused(format!("{name} is not an asymmetric algorithm")))
            }
            Ok(algorithm) => Ok(algorithm),
        };
        let role = |pair: String| {
            let (theirs, ours) = pair.split_once('=')?;
            let ours = ours
                .trim()
                .parse()
                .ok()
                .filter(|role| *role != UserRole::Partner)?;
            Some((theirs.trim().to_owned(), ours))
        };
        let mapped = listed(&config.oidc_roles).into_iter().map(|pair| {
            let wrong = refused(format!(
                "{pair:?} is not theirs=ours, with one of our roles on the right"
            ));
            role(pair).ok_or(wrong)
        });
        let algorithms: Result<Vec<Algorithm>> = listed(&config.oidc_algorithms)
            .into_iter()
            .map(algorithm)
            .collect();
        Ok(Some(Issuer {
            url: url.clone(),
            audience: audience.clone(),
            algorithms: algorithms?,
            roles: mapped.collect::<Result<_>>()?,
            config: config.clone(),
            cache: RwLock::default(),
            remembered: Remembered::new(),
            fetching: tokio::sync::Mutex::default(),
        }))
    }

    /// Returns whether a token names this provider. The token is not verified yet.
    pub fn is_named_in(&self, token: &str) -> bool {
        #[derive(Deserialize)]
        struct IssuerClaim {
            iss: Option<String>,
        }
        let claim = jsonwebtoken::dangerous::insecure_decode_claims::<IssuerClaim>(token);
        claim.is_ok_and(|claim| claim.iss.as_deref() == Some(self.url.as_str()))
    }

    /// Returns the claims of a token that was verified before, until the keys have to be fetched again.
    pub fn recall(&self, token: &str) -> Option<Claims> {
        let cache = self.cache.read();
        let is_fresh = cache.fetched_at.is_some_and(|at| at.elapsed() < FRESH);
        let is_accepted = |keys: &Arc<Vec<Jwk>>| is_fresh && Arc::ptr_eq(keys, &cache.keys);
        self.remembered.find(token, is_accepted)
    }

    pub async fn verify(&self, token: &str) -> Result<Claims> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| wrong())?;
        if !self.algorithms.contains(&header.alg) {
            return Err(wrong());
        }
        let kid = header.kid.ok_or_else(wrong)?;
        let key = self.key(&kid).await?.ok_or_else(wrong)?;
        let keys = Arc::clone(&self.cache.read().keys);
        let is_for = |algorithm: &str| {
            key.common
                .key_algorithm
                .is_none_or(|own| own.to_string() == algorithm)
        };
        let signs = key
            .common
            .public_key_use
            .as_ref()
            .is_none_or(|own| *own == PublicKeyUse::Signature);
        if !signs || !is_for(&format!("{:?}", header.alg)) {
            return Err(wrong());
        }
        let decoding = DecodingKey::from_jwk(&key).map_err(|_| wrong())?;
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.url]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = 30;
        let decoded = jsonwebtoken::decode::<Value>(token, &decoding, &validation).map_err(|_| wrong())?;
        let claims = self.claims(&decoded.claims).ok_or_else(|| {
            Error::Unauthenticated(Text::new(
                "トークンに、このサービスで使える役割または所属が含まれていません。",
                "The token has no role for this service, or lacks the area, organization or worker that its role requires.",
            ))
        })?;
        self.remembered.keep(token, claims.clone(), keys);
        Ok(claims)
    }

    /// Translates the provider's claims into ours. Returns `None` if no role is ours. Of several roles, the
    /// one with the most permissions applies.
    fn claims(&self, theirs: &Value) -> Option<Claims> {
        let claim = |path: &str| path.split('.').try_fold(theirs, |value, name| value.get(name));
        let words = |path: &str| -> Vec<String> {
            match claim(path) {
                Some(Value::String(one)) => vec![one.clone()],
                Some(Value::Array(many)) => {
                    many.iter().filter_map(Value::as_str).map(str::to_owned).collect()
                }
                _ => Vec::new(),
            }
        };
        let id = |path: &str| words(path).first()?.parse().ok().map(crate::db::Id);
        let names = words(&self.config.oidc_roles_claim);
        let ours = |name: &String| {
            let mapped = self
                .roles
                .iter()
                .find(|(theirs, _)| theirs == name)
                .map(|(_, role)| *role);
            // If roles are mapped, another application's "admin" doesn't count.
            mapped.or_else(|| name.parse().ok().filter(|_| self.roles.is_empty()))
        };
        let own: Vec<UserRole> = names.iter().filter_map(ours).collect();
        let mut roles = UserRole::VARIANTS
            .iter()
            .copied()
            .filter(|role| *role != UserRole::Partner);
        let role = roles.find(|role| own.contains(role))?;
        let belonging = Belonging {
            areas: words(&self.config.oidc_areas_claim)
                .iter()
                .map(|area| six_digits(area))
                .collect(),
            organization_id: id(&self.config.oidc_organization_claim),
            worker_id: id(&self.config.oidc_worker_claim),
        };
        role.reach(belonging.clone())?;
        let subject = theirs.get("sub")?.as_str()?;
        let digest = Sha256::new()
            .chain_update(&self.url)
            .chain_update([0])
            .chain_update(subject);
        let digest = hex::encode(digest.finalize());
        let time = |name: &str| theirs.get(name).and_then(Value::as_i64).unwrap_or_default();
        let mut claims = Claims::new(role, format!("oidc-{}", digest.get(..32)?), time("iat"), 0);
        claims.exp = time("exp");
        claims.belonging = belonging;
        Some(claims)
    }

    /// Finds the key with this id in the cache, or fetches the keys again.
    async fn key(&self, kid: &str) -> Result<Option<Jwk>> {
        let find = |cache: &KeyCache| {
            let named = |key: &&Jwk| key.common.key_id.as_deref() == Some(kid);
            cache.keys.iter().find(named).cloned()
        };
        let within = |at: Option<Instant>, span: Duration| at.is_some_and(|at| at.elapsed() < span);
        let known = self.cache.read().clone();
        if within(known.fetched_at, FRESH)
            && let Some(key) = find(&known)
        {
            return Ok(Some(key));
        }
        let _turn = self.fetching.lock().await;
        let known = self.cache.read().clone();
        let found = find(&known);
        if within(known.tried_at, PAUSE) || (found.is_some() && within(known.fetched_at, FRESH)) {
            return Ok(found.filter(|_| within(known.fetched_at, STALE)));
        }
        let url = self.url.clone();
        let fetched = tokio::task::spawn_blocking(move || fetch(&url)).await;
        let now = Instant::now();
        let next = match fetched.unwrap_or_else(|e| Err(e.to_string())) {
            Ok(keys) => KeyCache {
                keys: Arc::new(keys),
                fetched_at: Some(now),
                tried_at: Some(now),
            },
            Err(reason) => {
                tracing::warn!(
                    issuer = self.url,
                    reason,
                    "cannot fetch the keys of the identity provider"
                );
                KeyCache {
                    tried_at: Some(now),
                    ..known
                }
            }
        };
        let found = find(&next).filter(|_| within(next.fetched_at, STALE));
        *self.cache.write() = next;
        Ok(found)
    }
}

/// Requires HTTPS, except for a provider on this machine.
fn check_url(url: &str) -> Result<()> {
    let local = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
    if url.starts_with("https://") || local.iter().any(|prefix| url.starts_with(prefix)) {
        return Ok(());
    }
    Err(Error::Internal(format!("OIDC: {url:?} must begin with https://")))
}

fn fetch(issuer: &str) -> std::result::Result<Vec<Jwk>, String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .build()
        .into();
    let get = |url: &str| {
        let mut answer = agent.get(url).call().map_err(|e| e.to_string())?;
        let body = answer.body_mut().with_config().limit(MAX_BYTES).read_to_vec();
        body.map_err(|e| e.to_string())
    };
    let discovery = get(&format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    ))?;
    let discovery: Discovery = serde_json::from_slice(&discovery).map_err(|e| e.to_string())?;
    if discovery.issuer != issuer {
        return Err(format!(
            "its discovery document names the issuer {}",
            discovery.issuer
        ));
    }
    check_url(&discovery.jwks_uri).map_err(|e| e.to_string())?;
    let set: JwkSet = serde_json::from_slice(&get(&discovery.jwks_uri)?).map_err(|e| e.to_string())?;
    // Skip keys of unknown types, and keep the others.
    Ok(set
        .keys
        .into_iter()
        .filter_map(|key| serde_json::from_value(key).ok())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn issuer(roles: &str) -> Issuer {
        let config = OidcConfig {
            oidc_issuer: Some("https://id.example.jp".into()),
            oidc_audience: Some("musubi".into()),
            oidc_algorithms: "RS256".into(),
            oidc_roles_claim: "realm_access.roles".into(),
            oidc_roles: roles.into(),
            oidc_areas_claim: "areas".into(),
            oidc_organization_claim: "org".into(),
            oidc_worker_claim: "worker".into(),
        };
        Issuer::from_config(&config).unwrap().unwrap()
    }

    #[test]
    fn claims_give_role_and_belonging() {
        let issuer = issuer("secretariat=admin, ward=coordinator");
        let claims = |more: Value| {
            let mut claims = json!({"sub": "suzuki@example.jp", "iat": 1, "exp": 2});
            json_patch::merge(&mut claims, &more);
            issuer.claims(&claims)
        };
        let ward =
            claims(json!({"realm_access": {"roles": ["offline", "ward"]}, "areas": ["13104"]})).unwrap();
        assert_eq!(
            (ward.role, ward.belonging.areas.as_slice(), ward.exp),
            (UserRole::Coordinator, ["131041".to_owned()].as_slice(), 2)
        );
        assert!(ward.sub.starts_with("oidc-") && !ward.sub.contains("suzuki"));
        let most = claims(json!({"realm_access": {"roles": ["auditor", "secretariat"]}})).unwrap();
        assert_eq!(most.role, UserRole::Admin);
        assert!(claims(json!({"realm_access": {"roles": ["partner"]}})).is_none());
        assert!(
            claims(json!({"realm_access": {"roles": ["organization"]}})).is_none(),
            "of which organization?"
        );
        assert!(claims(json!({"roles": ["admin"]})).is_none());
    }

    #[test]
    fn refuses_an_untrustworthy_provider_at_startup() {
        let of = |change: fn(&mut OidcConfig)| {
            let mut config = issuer("").config;
            change(&mut config);
            Issuer::from_config(&config).is_err()
        };
        assert!(of(|c| c.oidc_issuer = Some("http://id.example.jp".into())));
        assert!(of(|c| c.oidc_algorithms = "HS256".into()));
        assert!(of(|c| c.oidc_algorithms = "none".into()));
        assert!(of(|c| c.oidc_roles = "x=partner".into()));
        assert!(!of(|c| c.oidc_issuer = Some("http://127.0.0.1:9000".into())));
    }
}
