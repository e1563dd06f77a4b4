//! The key that signs tokens: given, or made once and kept in the data folder with mode 0600.

use super::{Claims, Role};
use crate::error::{Error, Result, Text};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::Path;
use uuid::Uuid;

/// Who issues our tokens.
pub const ISSUER: &str = "musubi";
const FILE: &str = "token.key";
const LEAST_BYTES: usize = 32;

pub struct Keys {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl Keys {
    /// The given secret, or the one of the data folder.
    pub fn open(given: Option<&str>, data_dir: &Path) -> Result<Keys> {
        match given {
            Some(secret) => Keys::new(secret.as_bytes()),
            None => Keys::new(kept(&data_dir.join(FILE))?.as_bytes()),
        }
    }

    fn new(secret: &[u8]) -> Result<Keys> {
        if secret.len() < LEAST_BYTES {
            return Err(Error::Internal(format!(
                "the token key needs at least {LEAST_BYTES} bytes"
            )));
        }
        // The algorithm is ours to say, never the token's.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = 5;
        Ok(Keys {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
        })
    }

    pub fn sign(
        &self,
        role: Role,
        subject: &str,
        scope: Option<String>,
        now: i64,
        ttl_seconds: i64,
    ) -> Result<String> {
        let (iss, sub) = (ISSUER.to_owned(), subject.to_owned());
        let claims = Claims {
            iss,
            sub,
            role,
            scope,
            iat: now,
            exp: now + ttl_seconds,
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding);
        token.map_err(|e| Error::Internal(format!("cannot sign a token: {e}")))
    }

    pub fn verify(&self, token: &str) -> Result<Claims> {
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation);
        decoded.map(|data| data.claims).map_err(|e| {
            Error::Unauthenticated(match e.kind() {
                ErrorKind::ExpiredSignature => {
                    Text::new("トークンの期限が切れています。", "The token has expired.")
                }
                _ => Text::new("トークンが正しくありません。", "The token is not valid."),
            })
        })
    }
}

/// Two servers may start at once: whoever makes the file first has made the key for both.
fn kept(path: &Path) -> Result<String> {
    let failed =
        |e: std::io::Error| Error::Internal(format!("cannot keep the token key {}: {e}", path.display()));
    if !path.exists() {
        // Written whole under another name first, so that nobody reads half a key.
        let fresh = path.with_extension(Uuid::now_v7().to_string());
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&fresh).map_err(failed)?;
        file.write_all(random_secret().as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(failed)?;
        // A hard link fails where the name exists: the first one wins.
        let linked = std::fs::hard_link(&fresh, path);
        std::fs::remove_file(&fresh).map_err(failed)?;
        if let Err(e) = linked
            && e.kind() != std::io::ErrorKind::AlreadyExists
        {
            return Err(failed(e));
        }
    }
    #[cfg(unix)]
    if let Ok(metadata) = std::fs::metadata(path) {
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            tracing::warn!(path = %path.display(), mode = format!("{mode:o}"), "others can read the token key");
        }
    }
    std::fs::read_to_string(path)
        .map(|secret| secret.trim().to_owned())
        .map_err(failed)
}

/// 256 bits from the system's generator, by way of three random UUIDs of 122 bits each.
fn random_secret() -> String {
    let mut digest = Sha256::new();
    (0..3).for_each(|_| digest.update(Uuid::new_v4().as_bytes()));
    digest.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_key_signs_what_it_verifies_and_stays_private() {
        let folder = temp_dir::TempDir::new().unwrap();
        let token =
            Keys::open(None, folder.path())
                .unwrap()
                .sign(Role::Admin, "a", None, 1_000, i64::from(u32::MAX));
        let again = Keys::open(None, folder.path()).unwrap();
        assert_eq!(again.verify(&token.unwrap()).unwrap().sub, "a");
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
    }
}
