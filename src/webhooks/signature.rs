//! Secrets and signatures of the Standard Webhooks specification.

use crate::db::Id;
use crate::error::{Error, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

const PREFIX: &str = "whsec_";

/// Returns a new secret: the prefix and 32 random bytes in base64.
pub fn fresh() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| Error::Internal(format!("no randomness: {e}")))?;
    Ok(format!("{PREFIX}{}", STANDARD.encode(bytes)))
}

/// Returns the header `webhook-id` of a message.
pub fn message_id(delivery: Id) -> String {
    format!("msg_{delivery}")
}

/// Returns the header `webhook-signature`: a signature with each secret, separated by spaces.
pub fn sign(secrets: &[String], message_id: &str, timestamp_s: i64, body: &str) -> Result<String> {
    let one = |secret: &String| {
        let encoded = secret.strip_prefix(PREFIX);
        let key = encoded.and_then(|encoded| STANDARD.decode(encoded).ok());
        let mac = key.and_then(|key| Hmac::<Sha256>::new_from_slice(&key).ok());
        let mac = mac.ok_or_else(|| Error::Internal("a secret of a webhook is broken".to_owned()))?;
        let mac = mac.chain_update(format!("{message_id}.{timestamp_s}.{body}"));
        Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    };
    Ok(secrets.iter().map(one).collect::<Result<Vec<_>>>()?.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the published libraries of the specification test with.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn signed(secrets: &[&str]) -> String {
        let secrets: Vec<String> = secrets.iter().map(|one| (*one).to_owned()).collect();
        let body = r#"{"test": 2432232314}"#;
        sign(&secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body).unwrap()
    }

    #[test]
    fn signs_as_the_specification_says_with_each_secret() {
        assert_eq!(signed(&[SECRET]), SIGNATURE);
        let other = fresh().unwrap();
        let both = signed(&[&other, SECRET]);
        let (one, known) = both.split_once(' ').unwrap();
        assert!(one.starts_with("v1,") && one != SIGNATURE);
        assert_eq!(known, SIGNATURE);
    }

    #[test]
    fn a_secret_has_256_bits() {
        let (one, other) = (fresh().unwrap(), fresh().unwrap());
        assert_ne!(one, other);
        let encoded = one.strip_prefix("whsec_").unwrap();
        assert_eq!(STANDARD.decode(encoded).unwrap().len(), 32);
    }
}
