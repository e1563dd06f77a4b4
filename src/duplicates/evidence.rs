//! How likely are two records one? The model of record linkage by Fellegi and Sunter (1969).
//!
//! Each field that both records have adds its weight, log₂(m/u): how much more often it agrees so (or differs) in two
//! records of one person or organization than in two that are met by chance. With the weight of the prior they make the
//! probability 2ʷ / (1 + 2ʷ). The weights are set by hand, since nobody has labelled pairs of volunteers; those of
//! organizations are tried on the published archive (`tests/repeats.rs`).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What one field says of two records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = DuplicateReason)]
pub struct Reason {
    pub field: Field,
    pub agreement: Agreement,
    /// In bits: above 0 it speaks for one, below 0 for two.
    #[schema(example = 8.0)]
    pub weight: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DuplicateField)]
pub enum Field {
    Email,
    Phone,
    Name,
    Kana,
    Area,
    CorporateNumber,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DuplicateAgreement)]
pub enum Agreement {
    /// The same, and somebody made sure of it in both records.
    Verified,
    /// The same but for what spellings vary in: width, spaces, legal form, 商店会 and 商店街, old and new kanji.
    Same,
    /// Not the same legal entity's name, but one names the other's entity or project.
    Part,
    /// But for a typing error, or alike.
    Similar,
    Different,
}

/// Who is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    People,
    Organizations,
}

/// From here on a pair is proposed.
pub const PROPOSED: f64 = 0.5;

fn weight(compared: Compared, field: Field, agreement: Agreement) -> f64 {
    use Agreement::*;
    use Compared::*;
    use Field::*;
    match (compared, field, agreement) {
        (_, CorporateNumber, Different) => -20.0,
        (_, CorporateNumber, _) => 20.0,
        // A family may share a telephone, rarely an address for mail.
        (People, Email, Verified) => 24.0,
        (People, Email, Same) => 20.0,
        (People, Phone, Verified) => 19.0,
        (People, Phone, Same) => 14.0,
        (People, Email | Phone, _) => -3.0,
        // The same person may help several groups, so that a contact says less of an organization.
        (Organizations, Email | Phone, Verified | Same) => 4.0,
        (Organizations, Email | Phone, _) => -1.0,
        (People, Name, Verified | Same) => 8.0,
        (People, Name, Part | Similar) => 5.0,
        (People, Name, Different) => -4.0,
        (Organizations, Name, Verified | Same) => 10.0,
        (Organizations, Name, Part) => 9.0,
        (Organizations, Name, Similar) => 6.0,
        (Organizations, Name, Different) => -8.0,
        (_, Kana, Verified | Same) => 6.0,
        (_, Kana, Part | Similar) => 3.0,
        (_, Kana, Different) => -3.0,
        (_, Area, Different) => -2.0,
        (_, Area, _) => 4.0,
    }
}

/// What is known before anything is compared: of two records chosen by chance few are one.
fn prior(compared: Compared) -> f64 {
    match compared {
        Compared::People => -11.0,
        Compared::Organizations => -10.0,
    }
}

pub fn reasons(compared: Compared, found: &[(Field, Agreement)]) -> Vec<Reason> {
    let reason = |(field, agreement): &(Field, Agreement)| Reason {
        field: *field,
        agreement: *agreement,
        weight: weight(compared, *field, *agreement),
    };
    found.iter().map(reason).collect()
}

/// How likely the two are one.
pub fn score(compared: Compared, reasons: &[Reason]) -> f64 {
    let bits: f64 = prior(compared) + reasons.iter().map(|reason| reason.weight).sum::<f64>();
    1.0 / (1.0 + (-bits).exp2())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_add_up_to_a_probability() {
        let of = |compared, found: &[(Field, Agreement)]| score(compared, &reasons(compared, found));
        use Agreement::*;
        use Field::*;
        // 8 + 6 + 4 − 11 = 7 bits: 128 / 129.
        let namesakes = [(Name, Same), (Kana, Same), (Area, Same)];
        assert_eq!(of(Compared::People, &namesakes), 128.0 / 129.0);
        // A family's telephone.
        assert!(
            of(
                Compared::People,
                &[(Phone, Same), (Name, Different), (Kana, Different)]
            ) < PROPOSED
        );
        // A name that changed with marriage.
        assert!(
            of(
                Compared::People,
                &[(Email, Same), (Name, Different), (Kana, Different)]
            ) > PROPOSED
        );
        assert!(of(Compared::People, &[(Name, Same), (Area, Same)]) > PROPOSED);
        assert!(of(Compared::People, &[(Name, Similar), (Area, Same)]) < PROPOSED);
        assert!(of(Compared::Organizations, &[(Name, Similar), (Area, Same)]) >= PROPOSED);
        assert!(of(Compared::Organizations, &[(Name, Same), (Area, Different)]) < PROPOSED);
    }
}
