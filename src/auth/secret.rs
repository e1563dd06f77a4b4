//! Secrets that we generate: shown once, stored as a digest.
//!
//! They are 256 bits from the system's generator, so a plain SHA-256 can't be reversed; passwords, which
//! people choose, need Argon2id. A prefix shows scanners and people what kind of secret they have found.

use crate::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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
