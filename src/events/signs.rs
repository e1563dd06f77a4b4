//! By what somebody is known of whom only digests are kept, and whether that is somebody else. Namesakes stay apart where an
//! address, a number, an office or an account tells them apart.

use crate::values::coded_enum;
use std::collections::BTreeSet;

coded_enum! {
    /// By what somebody is known.
    Sign {
        Worker,
        /// The name together with the address or the number.
        Contact,
        Name,
        Email,
        Phone,
        Affiliation,
    }
}

impl Sign {
    /// Returns whether it may tell who somebody is. The others only tell namesakes apart: many people of one office share them.
    pub fn tells_who(self) -> bool {
        matches!(self, Sign::Worker | Sign::Contact | Sign::Name)
    }
}

/// By what somebody is known, as digests.
pub type Signs = BTreeSet<(Sign, i64)>;

/// How surely somebody is the one who was taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// They have the name, and nothing tells them apart.
    Named,
    /// Their account says so, or an address or a number together with the name.
    Known,
}

/// Compares two people.
pub fn likeness(one: &Signs, other: &Signs) -> Option<Likeness> {
    use Sign::{Affiliation, Contact, Email, Name, Phone, Worker};
    let has = |signs: &Signs, sign: Sign| signs.iter().any(|(own, _)| *own == sign);
    let shares = |sign: Sign| one.intersection(other).any(|(own, _)| *own == sign);
    let differs = |sign: Sign| has(one, sign) && has(other, sign) && !shares(sign);
    if differs(Worker) {
        None
    } else if shares(Worker) || shares(Contact) {
        Some(Likeness::Known)
    } else {
        let are_apart = [Email, Phone, Affiliation].into_iter().any(differs);
        (shares(Name) && !are_apart).then_some(Likeness::Named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namesakes_are_told_apart_by_whatever_both_state() {
        use Likeness::{Known, Named};
        use Sign::{Affiliation, Contact, Email, Name, Phone, Worker};
        let (name, email, phone) = ((Name, 1), (Email, 2), (Phone, 3));
        for (one, other, expected) in [
            (vec![name], vec![name], Some(Named)),
            (vec![name], vec![(Name, 9)], None),
            (vec![name, email], vec![name], Some(Named)),
            (vec![name, email], vec![name, phone], Some(Named)),
            (vec![name, email], vec![name, (Email, 9)], None),
            (vec![name, phone], vec![name, (Phone, 9)], None),
            (vec![name, (Affiliation, 4)], vec![name, (Affiliation, 9)], None),
            (vec![name, (Worker, 5)], vec![name, (Worker, 9)], None),
            (vec![name, (Worker, 5)], vec![name], Some(Named)),
            (vec![(Worker, 5)], vec![(Worker, 5), name], Some(Known)),
            (
                vec![(Contact, 6), name, phone],
                vec![(Contact, 6), name, (Phone, 9)],
                Some(Known),
            ),
            (
                vec![(Contact, 6), (Worker, 5)],
                vec![(Contact, 6), (Worker, 9)],
                None,
            ),
            // An office shares an address.
            (vec![email, name], vec![email, (Name, 9)], None),
        ] {
            let (one, other) = (Signs::from_iter(one), Signs::from_iter(other));
            assert_eq!(likeness(&one, &other), expected, "{one:?} {other:?}");
            assert_eq!(likeness(&other, &one), expected, "{other:?} {one:?}");
            // Nobody is overlooked who shares only what many share.
            let mut shared = one.intersection(&other);
            assert!(expected.is_none() || shared.any(|(sign, _)| sign.tells_who()));
        }
    }
}
