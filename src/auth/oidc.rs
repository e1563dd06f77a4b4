//! Tokens of an identity provider that the operator has chosen (OpenID Connect).
//!
//! The provider's keys are found by its discovery document, cached, and fetched again when a token names one that is
//! not known, at most once a minute; when the provider can't be reached, the known ones go on for a day. Only
//! asymmetric algorithms count, only those configured, and only the one that the key is for. Claims give role and
//! belonging; the subject appears as a digest, since providers like to put addresses there.

use super::{Belonging, Claims, UserRole, secret};
use crate::config::OidcConfig;
use crate::error::{Error, Result, Text};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use strum::VariantArray;

/// How long keys count as fresh, how long they go on when there are no newer, and how often they are asked for.
const FRESH: Duration = Duration::from_secs(600);
const STALE: Duration = Duration::from_secs(86_400);
const PAUSE: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_secs(5);
const LARGEST_BYTES: u64 = 1024 * 1024;

/// The provider, with its keys.
pub struct Issuer {
    url: String,
    audience: String,
    algorithms: Vec<Algorithm>,
    /// Theirs and ours.
    roles: Vec<(String, UserRole)>,
    config: OidcConfig,
    cached: RwLock<Cached>,
    /// One fetches, the others wait.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct Cached {
    keys: Arc<Vec<Jwk>>,
    fetched: Option<Instant>,
    /// The last time it was tried, also in vain.
    tried: Option<Instant>,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

fn wrong() -> Error {
    Error::Unauthenticated(Text::new(
        "トークンが正しくありません。",
        "The token is not valid.",
    ))
}

impl Issuer {
    /// None where no provider is configured.
    pub fn of(config: &OidcConfig) -> Result<Option<Issuer>> {
        let (Some(url), Some(audience)) = (&config.oidc_issuer, &config.oidc_audience) else {
            return Ok(None);
        };
        check_url(url)?;
        let refused = |what: String| Error::Internal(format!("OIDC: {what}"));
        let listed = |text: &str| -> Vec<String> {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        };
        let algorithm = |name: String| match Algorithm::from_str(&name) {
            Ok(Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512) | Err(_) => {
                Err(refused(format!("{name} is no asymmetric algorithm")))
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
            let wrong = refused(format!("{pair:?} is not theirs=ours with a role of ours"));
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
            cached: RwLock::default(),
            fetching: tokio::sync::Mutex::default(),
        }))
    }

    /// Whether a token says that it is the provider's; nothing of it is believed yet.
    pub fn is_named_in(&self, token: &str) -> bool {
        #[derive(Deserialize)]
        struct Said {
            iss: Option<String>,
        }
        let said = jsonwebtoken::dangerous::insecure_decode_claims::<Said>(token);
        said.is_ok_and(|said| said.iss.as_deref() == Some(self.url.as_str()))
    }

    pub async fn verify(&self, token: &str) -> Result<Claims> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| wrong())?;
        if !self.algorithms.contains(&header.alg) {
            return Err(wrong());
        }
        let kid = header.kid.ok_or_else(wrong)?;
        let key = self.key(&kid).await?.ok_or_else(wrong)?;
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
        self.claims(&decoded.claims).ok_or_else(|| {
            Error::Unauthenticated(Text::new(
                "トークンに、ここで使える役割と所属がありません。",
                "The token names no role here, or not what the role belongs to.",
            ))
        })
    }

    /// What the provider says, in our words; none where no role is ours. Of several, the one that may most counts.
    fn claims(&self, said: &Value) -> Option<Claims> {
        let claim = |path: &str| path.split('.').try_fold(said, |value, name| value.get(name));
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
        let theirs = words(&self.config.oidc_roles_claim);
        let ours = |name: &String| {
            let mapped = self
                .roles
                .iter()
                .find(|(theirs, _)| theirs == name)
                .map(|(_, role)| *role);
            // Where roles are mapped, another application's "admin" is not ours.
            mapped.or_else(|| name.parse().ok().filter(|_| self.roles.is_empty()))
        };
        let own: Vec<UserRole> = theirs.iter().filter_map(ours).collect();
        let mut roles = UserRole::VARIANTS
            .iter()
            .copied()
            .filter(|role| *role != UserRole::Partner);
        let role = roles.find(|role| own.contains(role))?;
        let belonging = Belonging {
            areas: words(&self.config.oidc_areas_claim),
            organization_id: id(&self.config.oidc_organization_claim),
            worker_id: id(&self.config.oidc_worker_claim),
        };
        role.reach(belonging.clone())?;
        let subject = said.get("sub")?.as_str()?;
        let digest = Sha256::new()
            .chain_update(&self.url)
            .chain_update([0])
            .chain_update(subject);
        let digest = secret::hex(&digest.finalize());
        let time = |name: &str| said.get(name).and_then(Value::as_i64).unwrap_or_default();
        let mut claims = Claims::new(role, format!("oidc-{}", digest.get(..32)?), time("iat"), 0);
        claims.exp = time("exp");
        claims.belonging = belonging;
        Some(claims)
    }

    fn cached(&self) -> Cached {
        self.cached.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key with this id: of those known, or after fetching them anew.
    async fn key(&self, kid: &str) -> Result<Option<Jwk>> {
        let find = |cached: &Cached| {
            let named = |key: &&Jwk| key.common.key_id.as_deref() == Some(kid);
            cached.keys.iter().find(named).cloned()
        };
        let within = |at: Option<Instant>, span: Duration| at.is_some_and(|at| at.elapsed() < span);
        let known = self.cached();
        if within(known.fetched, FRESH)
            && let Some(key) = find(&known)
        {
            return Ok(Some(key));
        }
        let _turn = self.fetching.lock().await;
        let known = self.cached();
        let found = find(&known);
        if within(known.tried, PAUSE) || (found.is_some() && within(known.fetched, FRESH)) {
            return Ok(found.filter(|_| within(known.fetched, STALE)));
        }
        let url = self.url.clone();
        let fetched = tokio::task::spawn_blocking(move || fetch(&url)).await;
        let now = Instant::now();
        let next = match fetched.unwrap_or_else(|e| Err(e.to_string())) {
            Ok(keys) => Cached {
                keys: Arc::new(keys),
                fetched: Some(now),
                tried: Some(now),
            },
            Err(reason) => {
                tracing::warn!(
                    issuer = self.url,
                    reason,
                    "the keys of the identity provider can't be had"
                );
                Cached {
                    tried: Some(now),
                    ..known
                }
            }
        };
        let found = find(&next).filter(|_| within(next.fetched, STALE));
        *self.cached.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(found)
    }
}

/// Only what can't be read or changed on the way; on this machine, for trying, in the clear.
fn check_url(url: &str) -> Result<()> {
    let local = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
    if url.starts_with("https://") || local.iter().any(|prefix| url.starts_with(prefix)) {
        return Ok(());
    }
    Err(Error::Internal(format!(
        "OIDC: {url:?} has to begin with https://"
    )))
}

fn fetch(issuer: &str) -> std::result::Result<Vec<Jwk>, String> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .build()
        .into();
    let get = |url: &str| {
        let mut answer = agent.get(url).call().map_err(|e| e.to_string())?;
        let body = answer.body_mut().with_config().limit(LARGEST_BYTES).read_to_vec();
        body.map_err(|e| e.to_string())
    };
    let discovery = get(&format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    ))?;
    let discovery: Discovery = serde_json::from_slice(&discovery).map_err(|e| e.to_string())?;
    if discovery.issuer != issuer {
        return Err(format!("it calls itself {}", discovery.issuer));
    }
    check_url(&discovery.jwks_uri).map_err(|e| e.to_string())?;
    let set: KeySet = serde_json::from_slice(&get(&discovery.jwks_uri)?).map_err(|e| e.to_string())?;
    // A key of a kind that is not known here is no reason to forget the others.
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
        Issuer::of(&config).unwrap().unwrap()
    }

    #[test]
    fn claims_become_role_and_belonging() {
        let issuer = issuer("secretariat=admin, ward=coordinator");
        let said = |more: Value| {
            let mut said = json!({"sub": "suzuki@example.jp", "iat": 1, "exp": 2});
            json_patch::merge(&mut said, &more);
            issuer.claims(&said)
        };
        let ward =
            said(json!({"realm_access": {"roles": ["offline", "ward"]}, "areas": ["131041"]})).unwrap();
        assert_eq!(
            (ward.role, ward.belonging.areas.as_slice(), ward.exp),
            (UserRole::Coordinator, ["131041".to_owned()].as_slice(), 2)
        );
        assert!(ward.sub.starts_with("oidc-") && !ward.sub.contains("suzuki"));
        let most = said(json!({"realm_access": {"roles": ["auditor", "secretariat"]}})).unwrap();
        assert_eq!(most.role, UserRole::Admin);
        assert!(said(json!({"realm_access": {"roles": ["partner"]}})).is_none());
        assert!(
            said(json!({"realm_access": {"roles": ["organization"]}})).is_none(),
            "of which organization?"
        );
        assert!(said(json!({"roles": ["admin"]})).is_none());
    }

    #[test]
    fn a_provider_that_cannot_be_trusted_is_refused_at_the_start() {
        let of = |change: fn(&mut OidcConfig)| {
            let mut config = issuer("").config;
            change(&mut config);
            Issuer::of(&config).is_err()
        };
        assert!(of(|c| c.oidc_issuer = Some("http://id.example.jp".into())));
        assert!(of(|c| c.oidc_algorithms = "HS256".into()));
        assert!(of(|c| c.oidc_algorithms = "none".into()));
        assert!(of(|c| c.oidc_roles = "x=partner".into()));
        assert!(!of(|c| c.oidc_issuer = Some("http://127.0.0.1:9000".into())));
    }
}
