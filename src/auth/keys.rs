//! The keys that sign tokens: Ed25519, derived from configured secrets, or generated once and stored in the
//! data folder with mode 0600.
//!
//! The newest key signs. The others still verify, so a rotation doesn't log anyone out. A token names its key
//! by `kid`, the RFC 7638 thumbprint of the public key. The public keys are published as a JWK set.

use super::claims::{AUDIENCE, Claims, ISSUER};
use super::remembered::Remembered;
use super::secret;
use crate::error::{Error, Result, Text};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind};
use parking_lot::RwLock;
use sha2::{Digest, Sha256};
use std::fs::Metadata;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use uuid::Uuid;

const FILE: &str = "token.key";
const MIN_BYTES: usize = 32;
/// How many keys the file holds, including the one that signs.
const MAX_KEYS: usize = 5;

struct Key {
    kid: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    public: String,
}

/// Newest first; never empty.
struct KeyRing(Vec<Key>);

pub struct Keys {
    /// The file that holds the keys, or `None` if they are configured.
    file: Option<PathBuf>,
    loaded: RwLock<LoadedKeys>,
    validation: Validation,
    /// With the `kid` of their key.
    remembered: Remembered<String>,
}

#[derive(Clone)]
struct LoadedKeys {
    ring: Arc<KeyRing>,
    file_version: Option<FileVersion>,
}

/// When the file was written, and its inode. It changes whenever the keys are replaced.
type FileVersion = (Option<SystemTime>, u64);

fn file_version(metadata: &Metadata) -> FileVersion {
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(metadata);
    #[cfg(not(unix))]
    let inode = metadata.len();
    (metadata.modified().ok(), inode)
}

impl Keys {
    /// Opens the configured keys, comma-separated, or those in the data folder, which are generated if
    /// necessary.
    pub fn open(configured: Option<&str>, data_dir: &Path) -> Result<Keys> {
        let path = data_dir.join(FILE);
        let (file, loaded) = match configured {
            Some(secrets) => {
                let ring = Arc::new(KeyRing::parse(secrets.split(','))?);
                let file_version = None;
                (None, LoadedKeys { ring, file_version })
            }
            None => {
                create_file(&path)?;
                (Some(path.clone()), read(&path)?)
            }
        };
        // We choose the algorithm, never the token.
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = 5;
        Ok(Keys {
            file,
            loaded: RwLock::new(loaded),
            validation,
            remembered: Remembered::new(),
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

    /// Returns the claims of a token that was verified before, while its key is still accepted.
    pub fn recall(&self, token: &str) -> Result<Option<Claims>> {
        let ring = self.current()?;
        let is_accepted = |kid: &String| ring.0.iter().any(|key| key.kid == *kid);
        Ok(self.remembered.find(token, is_accepted))
    }

    pub fn verify(&self, token: &str) -> Result<Claims> {
        let wrong = || Text::new("トークンが正しくありません。", "The token is not valid.");
        let refused = || Error::Unauthenticated(wrong());
        let header = jsonwebtoken::decode_header(token).map_err(|_| refused())?;
        let kid = header.kid.ok_or_else(refused)?;
        let ring = self.current()?;
        let key = ring.0.iter().find(|key| key.kid == kid).ok_or_else(refused)?;
        let decoded = jsonwebtoken::decode::<Claims>(token, &key.decoding, &self.validation);
        let claims = decoded.map(|data| data.claims).map_err(|e| {
            Error::Unauthenticated(match e.kind() {
                ErrorKind::ExpiredSignature => {
                    Text::new("トークンの期限が切れています。", "The token has expired.")
                }
                _ => wrong(),
            })
        })?;
        self.remembered.keep(token, claims.clone(), kid);
        Ok(claims)
    }

    /// Returns the ids and public keys, newest first, in base64url.
    pub fn public(&self) -> Result<Vec<(String, String)>> {
        let ring = self.current()?;
        Ok(ring
            .0
            .iter()
            .map(|key| (key.kid.clone(), key.public.clone()))
            .collect())
    }

    /// Returns the current keys, and reads them again if another process has rotated them. Checking the
    /// file's time takes a microsecond.
    fn current(&self) -> Result<Arc<KeyRing>> {
        let loaded = self.loaded.read().clone();
        let Some(file) = &self.file else {
            return Ok(loaded.ring);
        };
        let version = std::fs::metadata(file).ok().as_ref().map(file_version);
        if version.is_none() || version == loaded.file_version {
            return Ok(loaded.ring);
        }
        let renewed = read(file)?;
        let ring = Arc::clone(&renewed.ring);
        *self.loaded.write() = renewed;
        Ok(ring)
    }
}

impl KeyRing {
    fn parse<'a>(secrets: impl Iterator<Item = &'a str>) -> Result<KeyRing> {
        let secrets = secrets.map(str::trim).filter(|secret| !secret.is_empty());
        let keys: Result<Vec<Key>> = secrets.map(Key::derive).collect();
        let ring = KeyRing(keys?);
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
    fn derive(secret: &str) -> Result<Key> {
        if secret.len() < MIN_BYTES {
            return Err(Error::Internal(format!(
                "a token key must have at least {MIN_BYTES} bytes"
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
            return Err(Error::Internal("a token key has another type".into()));
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
    move |e| Error::Internal(format!("cannot store the token keys in {}: {e}", path.display()))
}

/// Adds a key that signs from now on, and returns its `kid`. Older keys still verify, unless you set
/// `drop_old`.
pub fn rotate(data_dir: &Path, drop_old: bool) -> Result<String> {
    let path = data_dir.join(FILE);
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let newest = secret::fresh("")?;
    let older = old.lines().filter(|line| !line.trim().is_empty() && !drop_old);
    let lines: Vec<&str> = std::iter::once(newest.as_str())
        .chain(older)
        .take(MAX_KEYS)
        .collect();
    let fresh = write_temporary(&path, &(lines.join("\n") + "\n"))?;
    std::fs::rename(&fresh, &path).map_err(failed(&path))?;
    Key::derive(&newest).map(|key| key.kid)
}

/// Creates the file if it doesn't exist. If two servers start at once, both use the file of the first one.
fn create_file(path: &Path) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let fresh = write_temporary(path, &(secret::fresh("")? + "\n"))?;
    // A hard link fails if the name exists, so the first server wins.
    let linked = std::fs::hard_link(&fresh, path);
    std::fs::remove_file(&fresh).map_err(failed(path))?;
    match linked {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => Err(failed(path)(e)),
        _ => Ok(()),
    }
}

/// Writes the keys to a temporary file, so that no process reads half a key.
fn write_temporary(path: &Path, text: &str) -> Result<PathBuf> {
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

fn read(path: &Path) -> Result<LoadedKeys> {
    let metadata = std::fs::metadata(path).map_err(failed(path))?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            tracing::warn!(path = %path.display(), mode = format!("{mode:o}"), "other users can read the token keys");
        }
    }
    let text = std::fs::read_to_string(path).map_err(failed(path))?;
    Ok(LoadedKeys {
        ring: Arc::new(KeyRing::parse(text.lines())?),
        file_version: Some(file_version(&metadata)),
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
    fn a_stored_key_verifies_what_it_signed_and_is_private() {
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
    fn a_rotation_keeps_old_tokens_valid_unless_old_keys_are_dropped() {
        let folder = tempfile::TempDir::new().unwrap();
        let keys = Keys::open(None, folder.path()).unwrap();
        let old = token(&keys);
        let kid = rotate(folder.path(), false).unwrap();
        assert!(keys.verify(&old).is_ok());
        assert_eq!(keys.public().unwrap().len(), 2);
        let new = token(&keys);
        assert_eq!(jsonwebtoken::decode_header(&new).unwrap().kid, Some(kid));
        assert!(keys.verify(&new).is_ok());
        assert!(keys.recall(&old).unwrap().is_some() && keys.recall(&new).unwrap().is_some());
        rotate(folder.path(), true).unwrap();
        assert!(keys.recall(&old).unwrap().is_none() && keys.recall(&new).unwrap().is_none());
        assert!(keys.verify(&old).is_err() && keys.verify(&new).is_err());
        for _ in 0..9 {
            rotate(folder.path(), false).unwrap();
        }
        assert_eq!(keys.public().unwrap().len(), MAX_KEYS);
    }

    #[test]
    fn remembers_a_token_only_while_it_is_valid() {
        let folder = tempfile::TempDir::new().unwrap();
        let keys = Keys::open(None, folder.path()).unwrap();
        let now = chrono::Utc::now().timestamp();
        let signed = |from: i64| {
            let token = keys.sign(&Claims::new(UserRole::Admin, "a", from, 60)).unwrap();
            (
                keys.verify(&token).is_ok(),
                keys.recall(&token).unwrap().is_some(),
            )
        };
        assert_eq!(signed(now - 10), (true, true));
        // Accepted a few seconds longer, because clocks differ, but verified each time.
        assert_eq!(signed(now - 61), (true, false));
        assert_eq!(signed(now - 600), (false, false));
        let forged = keys.sign(&Claims::new(UserRole::Admin, "b", now, 60)).unwrap() + "x";
        assert!(keys.verify(&forged).is_err() && keys.recall(&forged).unwrap().is_none());
    }

    #[test]
    fn configured_keys_rotate_by_their_order() {
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
