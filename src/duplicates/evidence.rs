//! How likely is it that two records are the same? Follows Fellegi and Sunter's model of record linkage
//! (1969).
//!
//! Each field that both records have adds a weight, log₂(m/u). Here m is how often the field agrees (or
//! differs) like this in two records of the same person or organization, and u how often in two random
//! records. The weights and the prior add up to w, and the probability is 2ʷ / (1 + 2ʷ).
//!
//! The weights are set by hand, because no labelled pairs of volunteers exist. `tests/repeats.rs` tests those
//! of organizations on the published archive.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What one field contributes to the score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = DuplicateReason)]
pub struct Reason {
    pub field: Field,
    pub agreement: Agreement,
    /// In bits. Above 0 the field speaks for one person or organization, below 0 for two.
    #[schema(example = 8.0)]
    pub weight_bits: f64,
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
    /// The same, and verified in both records.
    Verified,
    /// The same, apart from width, spaces, legal form, old or new kanji, and 商店会 or 商店街.
    Same,
    /// Both names contain the same legal entity, or one is only a project that the other one contains.
    Partial,
    /// Similar, or the same apart from a typing error.
    Similar,
    Different,
}

/// Which kind of records is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    People,
    Organizations,
}

/// The score from which a pair is proposed.
pub const PROPOSED: f64 = 0.5;

fn weight(compared: Compared, field: Field, agreement: Agreement) -> f64 {
    use Agreement::*;
    use Compared::*;
    use Field::*;
    match (compared, field, agreement) {
        (_, CorporateNumber, Different) => -20.0,
        (_, CorporateNumber, _) => 20.0,
        // A family may share a phone number, but rarely an e-mail address.
        (People, Email, Verified) => 24.0,
        (People, Email, Same) => 20.0,
        (People, Phone, Verified) => 19.0,
        (People, Phone, Same) => 14.0,
        (People, Email | Phone, _) => -3.0,
        // One person may be the contact of several organizations, so a contact says less.
        (Organizations, Email | Phone, Verified | Same) => 4.0,
        (Organizations, Email | Phone, _) => -1.0,
        (People, Name, Verified | Same) => 8.0,
        (People, Name, Partial | Similar) => 5.0,
        (People, Name, Different) => -4.0,
        (Organizations, Name, Verified | Same) => 10.0,
        (Organizations, Name, Partial) => 9.0,
        (Organizations, Name, Similar) => 6.0,
        (Organizations, Name, Different) => -8.0,
        (_, Kana, Verified | Same) => 6.0,
        (_, Kana, Partial | Similar) => 3.0,
        (_, Kana, Different) => -3.0,
        (_, Area, Different) => -2.0,
        (_, Area, _) => 4.0,
    }
}

/// The prior, in bits: two random records are rarely the same.
fn prior(compared: Compared) -> f64 {
    match compared {
        Compared::People => -11.0,
        Compared::Organizations => -10.0,
    }
}

/// Returns how each field agrees, with the weight of that agreement.
pub fn reasons(compared: Compared, found: &[(Field, Agreement)]) -> Vec<Reason> {
    let reason = |(field, agreement): &(Field, Agreement)| Reason {
        field: *field,
        agreement: *agreement,
        weight_bits: weight(compared, *field, *agreement),
    };
    found.iter().map(reason).collect()
}

/// Returns whether a field is personal data of what is compared.
pub fn is_personal(compared: Compared, field: Field) -> bool {
    match field {
        Field::Email | Field::Phone => true,
        Field::Name | Field::Kana => compared == Compared::People,
        Field::Area | Field::CorporateNumber => false,
    }
}

/// Returns the probability that the two records are the same.
pub fn score(compared: Compared, reasons: &[Reason]) -> f64 {
    let bits: f64 = prior(compared) + reasons.iter().map(|reason| reason.weight_bits).sum::<f64>();
    1.0 / (1.0 + (-bits).exp2())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_bits_up_to_a_probability() {
        let of = |compared, found: &[(Field, Agreement)]| score(compared, &reasons(compared, found));
        use Agreement::*;
        use Field::*;
        // 8 + 6 + 4 − 11 = 7 bits: 128 / 129.
        let namesakes = [(Name, Same), (Kana, Same), (Area, Same)];
        assert_eq!(of(Compared::People, &namesakes), 128.0 / 129.0);
        // A phone number shared in a family.
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
