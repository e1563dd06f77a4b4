//! Passwords: which are accepted, and how they are hashed.
//!
//! Argon2id with 19 MiB, two passes and one lane (OWASP Password Storage Cheat Sheet). A password must be
//! long and hard to guess; there are no rules about kinds of characters (NIST SP 800-63B).

use crate::error::{Error, FieldError, Result, Text};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

const MIN_LENGTH: usize = 12;
pub const MAX_LENGTH: usize = 128;
/// On zxcvbn's scale from 0 to 4: "safely unguessable: moderate protection from offline slow-hash scenario".
const MIN_SCORE: u8 = 3;
/// How many passwords are hashed at the same time. Each takes 19 MiB.
const MAX_CONCURRENT: usize = 4;
/// How many may wait for that. It takes a second or two; later requests are asked to try again.
const MAX_WAITING: usize = 100;

/// Hashes and verifies passwords, a few at a time.
pub struct Passwords {
    turns: Semaphore,
    places: Semaphore,
    /// The hash of no user's password. It is verified for unknown users, so that this takes the same time.
    decoy: String,
}

impl Passwords {
    pub fn new() -> Result<Passwords> {
        Ok(Passwords {
            turns: Semaphore::new(MAX_CONCURRENT),
            places: Semaphore::new(MAX_CONCURRENT + MAX_WAITING),
            decoy: hash(b"nobody has this password")?,
        })
    }

    pub async fn hash(&self, password: String) -> Result<String> {
        self.in_turn(move || hash(password.as_bytes())).await
    }

    /// Returns whether a hash belongs to this password. Without a hash it takes the same time and returns
    /// false.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.clone());
        let is_right = self.in_turn(move || verify(password.as_bytes(), &hash)).await?;
        Ok(is_right && is_known)
    }

    async fn in_turn<T: Send + 'static>(&self, f: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let failed = |e: &dyn std::fmt::Display| Error::Internal(format!("a password task failed: {e}"));
        let _place = self.places.try_acquire().map_err(|_| too_busy())?;
        let _turn = self.turns.acquire().await.map_err(|e| failed(&e))?;
        let done = tokio::task::spawn_blocking(f).await;
        done.unwrap_or_else(|e| Err(failed(&e)))
    }
}

fn too_busy() -> Error {
    Error::Unavailable(Text::new(
        "ただいまログインが集中しています。しばらくしてからもう一度お試しください。",
        "Too many people are logging in at the moment. Try again in a few seconds.",
    ))
}

fn hash(password: &[u8]) -> Result<String> {
    let hash = Argon2::default().hash_password(password);
    hash.map(|hash| hash.to_string())
        .map_err(|e| Error::Internal(format!("cannot hash a password: {e}")))
}

fn verify(password: &[u8], hash: &str) -> Result<bool> {
    let unreadable = |e| Error::Internal(format!("a password hash can't be read: {e}"));
    let hash = PasswordHash::new(hash).map_err(unreadable)?;
    Ok(Argon2::default().verify_password(password, &hash).is_ok())
}

/// Returns what is wrong with a password: it is too short, too long or easy to guess, also because it
/// resembles the person's data in `about`, or the part of an address there before the @.
pub fn fault(password: &str, pointer: &str, about: &[&str]) -> Option<FieldError> {
    let locals = about.iter().filter_map(|text| Some(text.split_once('@')?.0));
    let about: Vec<&str> = about
        .iter()
        .copied()
        .chain(locals)
        .filter(|text| !text.is_empty())
        .collect();
    let length = password.chars().count();
    let (code, ja, en) = if !(MIN_LENGTH..=MAX_LENGTH).contains(&length) {
        (
            "invalid_length",
            format!("パスワードは{MIN_LENGTH}〜{MAX_LENGTH}文字で入力してください。"),
            format!("Use {MIN_LENGTH} to {MAX_LENGTH} characters."),
        )
    } else if u8::from(zxcvbn::zxcvbn(password, &about).score()) < MIN_SCORE {
        (
            "weak_password",
            "推測されやすいパスワードです。関連のない言葉をいくつか組み合わせてください。".to_owned(),
            "This password is easy to guess. Combine several unrelated words.".to_owned(),
        )
    } else {
        return None;
    };
    Some(FieldError::at(pointer, code, Text::new(ja, en)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_verifies_only_its_own_password() {
        let kept = hash("とても長い合言葉です".as_bytes()).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(verify("とても長い合言葉です".as_bytes(), &kept).unwrap());
        assert!(!verify(b"x", &kept).unwrap());
    }

    #[test]
    fn a_full_queue_is_refused_instead_of_growing() {
        actix_web::rt::System::new().block_on(async {
            let passwords = Passwords::new().unwrap();
            let all = passwords
                .places
                .acquire_many((MAX_CONCURRENT + MAX_WAITING) as u32)
                .await;
            let refused = passwords.verify("x".to_owned(), None).await;
            assert!(matches!(refused, Err(Error::Unavailable(_))));
            drop(all);
            assert!(!passwords.verify("x".to_owned(), None).await.unwrap());
        });
    }

    #[test]
    fn rejects_passwords_that_are_short_or_weak_password() {
        let code = |password: &str, about: &[&str]| {
            fault(password, "/password", about).map(|fault| fault.code.to_string())
        };
        assert_eq!(code("Tr0ub4dor&3", &[]).as_deref(), Some("invalid_length"));
        assert_eq!(code(&"あ".repeat(129), &[]).as_deref(), Some("invalid_length"));
        assert_eq!(code("password1234", &[]).as_deref(), Some("weak_password"));
        assert_eq!(
            code("suzuki.ichiro.1", &["suzuki.ichiro.1@example.jp"]).as_deref(),
            Some("weak_password")
        );
        assert_eq!(code("correct horse battery staple", &[]), None);
        assert_eq!(code("夏の川で魚を三匹つかまえた", &[]), None);
    }
}
