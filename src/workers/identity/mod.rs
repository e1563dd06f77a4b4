//! By what a person is recognised who comes twice: a verified e-mail address or phone number.
//!
//! Only digests are compared and kept beside the record, so that no list of addresses comes to be. The same person is
//! proposed for somebody to decide (`duplicates`), and nothing else happens.

pub mod store;

use super::Worker;
use crate::auth::secret::hex;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

/// Kind and digest of everything verified by which a worker is recognised. What is for trying only is nobody.
pub fn identifiers(worker: &Worker) -> Vec<(&'static str, String)> {
    let Some(personal) = worker.profile.personal.as_ref().filter(|_| !worker.sandbox) else {
        return Vec::new();
    };
    let email = personal.email.as_deref().filter(|_| personal.email_verified);
    let phone = personal.phone.as_deref().filter(|_| personal.phone_verified);
    let forms = [
        ("email", email.map(plain_email)),
        ("phone", phone.map(plain_phone)),
    ];
    let known = forms
        .into_iter()
        .filter_map(|(kind, form)| Some((kind, form.filter(|form| !form.is_empty())?)));
    known.map(|(kind, form)| (kind, digest(kind, &form))).collect()
}

fn digest(kind: &str, form: &str) -> String {
    let digest = Sha256::new()
        .chain_update(kind)
        .chain_update("\n")
        .chain_update(form);
    hex(&digest.finalize())
}

fn plain_email(text: &str) -> String {
    text.nfkc().collect::<String>().trim().to_lowercase()
}

/// Digits alone; Japan's country code is the leading 0.
fn plain_phone(text: &str) -> String {
    let folded: String = text.nfkc().collect();
    let digits: String = folded.chars().filter(char::is_ascii_digit).collect();
    match folded.trim().strip_prefix("+81") {
        Some(_) => format!("0{}", digits.trim_start_matches("81").trim_start_matches('0')),
        None => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_or_number_are_one() {
        assert_eq!(plain_email(" Yoko@Example.JP"), plain_email("yoko@example.jp"));
        for other in [
            "090-1234-5678",
            "090 1234 5678",
            "+81 90-1234-5678",
            "+81 (0)90 1234 5678",
            "09012345678",
        ] {
            assert_eq!(plain_phone(other), "09012345678", "{other}");
        }
        assert_ne!(digest("email", "1"), digest("phone", "1"));
    }
}
