//! Secrets that we generate: shown once, stored as a digest.
//!
//! They are 256 bits from the system's generator, so a plain SHA-256 can't be reversed; passwords, which
//! people choose, need Argon2id. A prefix shows scanners and people what kind of secret they have found.

use crate::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// Returns a new secret: the prefix and 43 characters of base64url.
pub fn fresh(prefix: &str) -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| Error::Internal(format!("no randomness: {e}")))?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Returns the form in which a secret is stored.
pub fn digest(secret: &str) -> String {
    hex::encode(Sha256::digest(secret))
}

/// Digests of personal data. They have a key, as a plain digest of an address or a number tells it to whoever tries
/// them all.
#[derive(Clone)]
pub struct KeyedDigest(Hmac<Sha256>);

impl KeyedDigest {
    pub fn new(key: &str) -> KeyedDigest {
        let mut block = [0; 64];
        // A key is 47 characters, see `fresh`; a longer one is cut.
        for (byte, own) in block.iter_mut().zip(key.bytes()) {
            *byte = own;
        }
        KeyedDigest(Hmac::new(&block.into()))
    }

    /// Returns the digest of a text. Texts of different kinds have different digests.
    pub fn of(&self, kind: &str, text: &str) -> [u8; 32] {
        let mac = self
            .0
            .clone()
            .chain_update(kind)
            .chain_update([0])
            .chain_update(text);
        mac.finalize().into_bytes().into()
    }

    /// Returns the first 8 bytes of the digest.
    pub fn short(&self, kind: &str, text: &str) -> u64 {
        let digest = self.of(kind, text);
        digest.iter().take(8).fold(0, |n, byte| n << 8 | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_unique_and_have_a_prefix() {
        let (one, other) = (fresh("mrt_").unwrap(), fresh("mrt_").unwrap());
        assert!(one != other && one.starts_with("mrt_") && one.len() == 47);
        assert_eq!(digest("a").len(), 64);
    }
}
