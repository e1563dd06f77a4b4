//! The keys that sign tokens: Ed25519, made from secrets that are given, or made once and kept in the data folder with
//! mode 0600.
//!
//! The newest signs, the others still verify, so that a rotation logs nobody out. A token names its key by `kid`, the
//! RFC 7638 thumbprint of the public key; the public keys are open to all as a JWK set.

use super::{Claims, secret};
use crate::error::{Error, Result, Text};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind};
use sha2::{Digest, Sha256};
use std::fs::Metadata;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;
use uuid::Uuid;

/// Who issues our tokens, and for whom.
pub const ISSUER: &str = "musubi";
pub const AUDIENCE: &str = "musubi";
const FILE: &str = "token.key";
const LEAST_BYTES: usize = 32;
/// How many keys a file keeps, with the one that signs.
const KEPT: usize = 5;

struct Key {
    kid: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    public: String,
}

/// Newest first; never empty.
struct Ring(Vec<Key>);

pub struct Keys {
    /// Where they are kept; none where they were given.
    file: Option<PathBuf>,
    state: RwLock<State>,
    validation: Validation,
}

#[derive(Clone)]
struct State {
    ring: Arc<Ring>,
    mark: Option<Mark>,
}

/// Tells one state of the file from another: when it was written, and which file it is.
type Mark = (Option<SystemTime>, u64);

fn mark(metadata: &Metadata) -> Mark {
    #[cfg(unix)]
    let which = std::os::unix::fs::MetadataExt::ino(metadata);
    #[cfg(not(unix))]
    let which = metadata.len();
    (metadata.modified().ok(), which)
}

impl Keys {
    /// The given secrets, parted by commas, or those of the data folder.
    pub fn open(given: Option<&str>, data_dir: &Path) -> Result<Keys> {
        let path = data_dir.join(FILE);
        let (file, state) = match given {
            Some(secrets) => {
                let ring = Arc::new(Ring::of(secrets.split(','))?);
                (None, State { ring, mark: None })
            }
            None => {
                make_first(&path)?;
                (Some(path.clone()), read(&path)?)
            }
        };
        // The algorithm is ours to say, never the token's.
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = 5;
        Ok(Keys {
            file,
            state: RwLock::new(state),
            validation,
        })
    }

    pub fn sign(&self, claims: &Claims) -> Result<String> {
        let ring = self.current()?;
        let key = ring.newest()?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(key.kid.clone());
        let token = jsonwebtoken::encode(&header, claims, &key.encoding);
        token.map_err(|e| Error::Internal(format!("cannot sign a token: {e}")))
    }

    pub fn verify(&self, token: &str) -> Result<Claims> {
        let wrong = || Text::new("トークンが正しくありません。", "The token is not valid.");
        let refused = || Error::Unauthenticated(wrong());
        let header = jsonwebtoken::decode_header(token).map_err(|_| refused())?;
        let kid = header.kid.ok_or_else(refused)?;
        let ring = self.current()?;
        let key = ring.0.iter().find(|key| key.kid == kid).ok_or_else(refused)?;
        let decoded = jsonwebtoken::decode::<Claims>(token, &key.decoding, &self.validation);
        decoded.map(|data| data.claims).map_err(|e| {
            Error::Unauthenticated(match e.kind() {
                ErrorKind::ExpiredSignature => {
                    Text::new("トークンの期限が切れています。", "The token has expired.")
                }
                _ => wrong(),
            })
        })
    }

    /// Ids and public keys, newest first, each in base64url.
    pub fn public(&self) -> Result<Vec<(String, String)>> {
        let ring = self.current()?;
        Ok(ring
            .0
            .iter()
            .map(|key| (key.kid.clone(), key.public.clone()))
            .collect())
    }

    /// As the file has them now: another process may have rotated them. Asking for the time of the last change
    /// takes a microsecond.
    fn current(&self) -> Result<Arc<Ring>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(file) = &self.file else {
            return Ok(state.ring);
        };
        let mark = std::fs::metadata(file).ok().as_ref().map(mark);
        if mark.is_none() || mark == state.mark {
            return Ok(state.ring);
        }
        let renewed = read(file)?;
        let ring = Arc::clone(&renewed.ring);
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(ring)
    }
}

impl Ring {
    fn of<'a>(secrets: impl Iterator<Item = &'a str>) -> Result<Ring> {
        let secrets = secrets.map(str::trim).filter(|secret| !secret.is_empty());
        let keys: Result<Vec<Key>> = secrets.map(Key::of).collect();
        let ring = Ring(keys?);
        ring.newest()?;
        Ok(ring)
    }

    fn newest(&self) -> Result<&Key> {
        self.0
            .first()
            .ok_or_else(|| Error::Internal("there is no token key".into()))
    }
}

impl Key {
    fn of(secret: &str) -> Result<Key> {
        if secret.len() < LEAST_BYTES {
            return Err(Error::Internal(format!(
                "a token key needs at least {LEAST_BYTES} bytes"
            )));
        }
        let failed =
            |e: jsonwebtoken::errors::Error| Error::Internal(format!("cannot make a token key: {e}"));
        let seed = Sha256::new()
            .chain_update("musubi token key, Ed25519\n")
            .chain_update(secret)
            .finalize();
        // PKCS #8 (RFC 8410): version 0, id-Ed25519, and the seed as an octet string in an octet string.
        let mut der = vec![
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
        ];
        der.extend_from_slice(&seed);
        let encoding = EncodingKey::from_ed_der(&der);
        let jwk = Jwk::from_encoding_key(&encoding, Algorithm::EdDSA).map_err(failed)?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(failed)?;
        let decoding = DecodingKey::from_jwk(&jwk).map_err(failed)?;
        let AlgorithmParameters::OctetKeyPair(pair) = jwk.algorithm else {
            return Err(Error::Internal("a token key is of another kind".into()));
        };
        Ok(Key {
            kid,
            encoding,
            decoding,
            public: pair.x,
        })
    }
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Error + '_ {
    move |e| Error::Internal(format!("cannot keep the token keys {}: {e}", path.display()))
}

/// Adds a key that signs from now on and gives its `kid`. Older keys go on verifying, or with `drop_old` none does.
pub fn rotate(data_dir: &Path, drop_old: bool) -> Result<String> {
    let path = data_dir.join(FILE);
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let newest = secret::fresh("")?;
    let kept = old.lines().filter(|line| !line.trim().is_empty() && !drop_old);
    let lines: Vec<&str> = std::iter::once(newest.as_str()).chain(kept).take(KEPT).collect();
    let fresh = write_beside(&path, &(lines.join("\n") + "\n"))?;
    std::fs::rename(&fresh, &path).map_err(failed(&path))?;
    Key::of(&newest).map(|key| key.kid)
}

/// Two servers may start at once: whoever makes the file first has made the key for both.
fn make_first(path: &Path) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let fresh = write_beside(path, &(secret::fresh("")? + "\n"))?;
    // A hard link fails where the name exists: the first one wins.
    let linked = std::fs::hard_link(&fresh, path);
    std::fs::remove_file(&fresh).map_err(failed(path))?;
    match linked {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => Err(failed(path)(e)),
        _ => Ok(()),
    }
}

/// Written whole under another name first, so that nobody reads half a key.
fn write_beside(path: &Path, text: &str) -> Result<PathBuf> {
    let fresh = path.with_extension(Uuid::now_v7().to_string());
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&fresh).map_err(failed(path))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed(path))?;
    Ok(fresh)
}

fn read(path: &Path) -> Result<State> {
    let metadata = std::fs::metadata(path).map_err(failed(path))?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            tracing::warn!(path = %path.display(), mode = format!("{mode:o}"), "others can read the token keys");
        }
    }
    let text = std::fs::read_to_string(path).map_err(failed(path))?;
    Ok(State {
        ring: Arc::new(Ring::of(text.lines())?),
        mark: Some(mark(&metadata)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::UserRole;

    fn token(keys: &Keys) -> String {
        keys.sign(&Claims::new(UserRole::Admin, "a", 1_000, i64::from(u32::MAX)))
            .unwrap()
    }

    #[test]
    fn a_kept_key_signs_what_it_verifies_and_stays_private() {
        let folder = tempfile::TempDir::new().unwrap();
        let token = token(&Keys::open(None, folder.path()).unwrap());
        let again = Keys::open(None, folder.path()).unwrap();
        assert_eq!(again.verify(&token).unwrap().sub, "a");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.path().join(FILE))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(Keys::open(Some("short"), folder.path()).is_err());
        assert!(Keys::open(Some(","), folder.path()).is_err());
    }

    #[test]
    fn a_rotation_logs_nobody_out_and_dropping_the_old_keys_does() {
        let folder = tempfile::TempDir::new().unwrap();
        let keys = Keys::open(None, folder.path()).unwrap();
        let old = token(&keys);
        let kid = rotate(folder.path(), false).unwrap();
        assert!(keys.verify(&old).is_ok());
        assert_eq!(keys.public().unwrap().len(), 2);
        let new = token(&keys);
        assert_eq!(jsonwebtoken::decode_header(&new).unwrap().kid, Some(kid));
        rotate(folder.path(), true).unwrap();
        assert!(keys.verify(&old).is_err() && keys.verify(&new).is_err());
        for _ in 0..9 {
            rotate(folder.path(), false).unwrap();
        }
        assert_eq!(keys.public().unwrap().len(), KEPT);
    }

    #[test]
    fn given_keys_rotate_by_their_order() {
        let (one, two) = (
            "one key that is long enough to be one",
            "two keys that are long enough to be two",
        );
        let folder = Path::new("/nowhere");
        let old = token(&Keys::open(Some(one), folder).unwrap());
        let both = Keys::open(Some(&format!("{two},{one}")), folder).unwrap();
        assert!(both.verify(&old).is_ok());
        let new = token(&both);
        assert!(Keys::open(Some(two), folder).unwrap().verify(&new).is_ok());
        assert!(Keys::open(Some(one), folder).unwrap().verify(&new).is_err());
    }
}
