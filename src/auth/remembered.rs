//! Tokens whose signature was verified a moment ago, so that it isn't computed again for each request.
//!
//! A token is forgotten when it expires and when the key that signed it is no longer accepted. Whether its session or
//! partner is still active is not remembered here: that is asked with every request.

use super::Claims;
use chrono::Utc;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// How many tokens are remembered. Those that were not used for long make room.
const MAX_TOKENS: usize = 10_000;

/// Verified tokens by their digest, each with what says that its key is still accepted.
pub struct Remembered<Signer> {
    tokens: Cache<[u8; 32], Arc<(Claims, Signer)>>,
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

impl<Signer> Remembered<Signer> {
    pub fn new() -> Remembered<Signer> {
        let tokens = Cache::new(MAX_TOKENS);
        Remembered { tokens }
    }

    pub fn keep(&self, token: &str, claims: Claims, signer: Signer) {
        self.tokens.insert(digest(token), Arc::new((claims, signer)));
    }

    /// Returns the claims of a token that was verified before and is still valid.
    pub fn find(&self, token: &str, is_accepted: impl FnOnce(&Signer) -> bool) -> Option<Claims> {
        let digest = digest(token);
        let found = self.tokens.get(&digest)?;
        let (claims, signer) = &*found;
        let now = Utc::now().timestamp();
        if claims.nbf <= now && now < claims.exp && is_accepted(signer) {
            return Some(claims.clone());
        }
        self.tokens.remove(&digest);
        None
    }
}
