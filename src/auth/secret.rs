//! Secrets that we make: shown once, kept as a digest.
//!
//! They are 256 bits from the system's generator, so that a plain SHA-256 can't be turned back; Argon2id is for what
//! people choose. A prefix tells scanners and people what was found.

use crate::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A fresh secret: "mrt_" and 43 characters of base64url.
pub fn fresh(prefix: &str) -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| Error::Internal(format!("no randomness: {e}")))?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// As it is kept.
pub fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_say_what_they_are() {
        let (one, other) = (fresh("mrt_").unwrap(), fresh("mrt_").unwrap());
        assert!(one != other && one.starts_with("mrt_") && one.len() == 47);
        assert_eq!(digest("a").len(), 64);
    }
}
