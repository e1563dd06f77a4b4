//! Passwords: which will do, and how they are kept.
//!
//! Argon2id with 19 MiB, two passes and one lane (OWASP Password Storage Cheat Sheet). Length and guessability are
//! asked for, kinds of characters are not (NIST SP 800-63B).

use crate::error::{Error, FieldError, Result, Text};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

const SHORTEST: usize = 12;
pub const LONGEST: usize = 128;
/// Of zxcvbn's 0 to 4: "safely unguessable: moderate protection from offline slow-hash scenario".
const LEAST_SCORE: u8 = 3;
/// How many are hashed at once: each takes 19 MiB.
const AT_ONCE: usize = 4;

/// Hashes and verifies, some at a time.
pub struct Passwords {
    turns: Semaphore,
    /// Nobody's: verified where there is no user, so that this takes as long.
    decoy: String,
}

impl Passwords {
    pub fn new() -> Result<Passwords> {
        Ok(Passwords {
            turns: Semaphore::new(AT_ONCE),
            decoy: hash(b"nobody has this password")?,
        })
    }

    pub async fn hash(&self, password: String) -> Result<String> {
        self.in_turn(move || hash(password.as_bytes())).await
    }

    /// Whether it is the password of this hash; without one it takes as long, and is not.
    pub async fn verify(&self, password: String, kept: Option<String>) -> Result<bool> {
        let is_somebody = kept.is_some();
        let kept = kept.unwrap_or_else(|| self.decoy.clone());
        let is_right = self.in_turn(move || verify(password.as_bytes(), &kept)).await?;
        Ok(is_right && is_somebody)
    }

    async fn in_turn<T: Send + 'static>(&self, f: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let failed = |e: &dyn std::fmt::Display| Error::Internal(format!("a password task failed: {e}"));
        let _turn = self.turns.acquire().await.map_err(|e| failed(&e))?;
        let done = tokio::task::spawn_blocking(f).await;
        done.unwrap_or_else(|e| Err(failed(&e)))
    }
}

fn hash(password: &[u8]) -> Result<String> {
    let hash = Argon2::default().hash_password(password);
    hash.map(|hash| hash.to_string())
        .map_err(|e| Error::Internal(format!("cannot hash a password: {e}")))
}

fn verify(password: &[u8], kept: &str) -> Result<bool> {
    let unreadable = |e| Error::Internal(format!("a password hash can't be read: {e}"));
    let kept = PasswordHash::new(kept).map_err(unreadable)?;
    Ok(Argon2::default().verify_password(password, &kept).is_ok())
}

/// Refuses what is too short or easily guessed, also from what is known about the person.
pub fn check(password: &str, pointer: &str, about: &[&str]) -> Result<()> {
    let length = password.chars().count();
    let (code, ja, en) = if !(SHORTEST..=LONGEST).contains(&length) {
        (
            "length",
            format!("パスワードは{SHORTEST}〜{LONGEST}文字です。"),
            format!("A password has {SHORTEST} to {LONGEST} characters."),
        )
    } else if u8::from(zxcvbn::zxcvbn(password, about).score()) < LEAST_SCORE {
        (
            "guessable",
            "推測されやすいパスワードです。関係のない言葉をいくつか組み合わせてください。".to_owned(),
            "This password is easily guessed: put several unrelated words together.".to_owned(),
        )
    } else {
        return Ok(());
    };
    Err(Error::Invalid(vec![FieldError::at(
        pointer,
        code,
        Text::new(ja, en),
    )]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_hash_knows_a_password() {
        let kept = hash("とても長い合言葉です".as_bytes()).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(verify("とても長い合言葉です".as_bytes(), &kept).unwrap());
        assert!(!verify(b"x", &kept).unwrap());
    }

    #[test]
    fn what_is_short_or_guessable_is_refused() {
        let code = |password: &str, about: &[&str]| {
            check(password, "/password", about)
                .err()
                .map(|e| e.fields().first().unwrap().code.to_string())
        };
        assert_eq!(code("Tr0ub4dor&3", &[]).as_deref(), Some("length"));
        assert_eq!(code(&"あ".repeat(129), &[]).as_deref(), Some("length"));
        assert_eq!(code("password1234", &[]).as_deref(), Some("guessable"));
        assert_eq!(
            code(
                "suzuki.ichiro.1",
                &["suzuki.ichiro.1@example.jp", "suzuki.ichiro.1"]
            )
            .as_deref(),
            Some("guessable")
        );
        assert_eq!(code("correct horse battery staple", &[]), None);
        assert_eq!(code("夏の川で魚を三匹つかまえた", &[]), None);
    }
}
