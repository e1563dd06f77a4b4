//! An audience: who sees a record, as words. It turns the question of `store` around: not what a caller sees, but which
//! callers see a record.
//!
//! | word | who |
//! |---|---|
//! | `area:131041` | callers with this area |
//! | `areas:131041,131130` | callers with all of these areas |
//! | `organization:<id>` | this organization |
//! | `worker:<id>`, `workers` | this worker, every worker |
//! | `partner:<id>` | this partner |
//! | `everyone` | every caller |
//! | `offer:131041:print` | partners whose areas and families include these |
//!
//! `of:<id>` names the record that this one is part of, and `unlisted` says that lists leave the record out, as it is merged
//! into another one. Nobody sees a record because of them.

use super::is_offered;
use crate::auth::Reach;
use crate::db::Id;
use std::collections::{BTreeSet, HashSet};

const UNLISTED: &str = "unlisted";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audience(BTreeSet<String>);

impl Audience {
    pub fn add(&mut self, kind: &str, value: impl std::fmt::Display) {
        self.0.insert(format!("{kind}:{value}"));
    }

    pub fn add_every_worker(&mut self) {
        self.0.insert("workers".to_owned());
    }

    pub fn add_everyone(&mut self) {
        self.0.insert("everyone".to_owned());
    }

    /// Notes that lists leave the record out.
    pub fn leave_out_of_lists(&mut self) {
        self.0.insert(UNLISTED.to_owned());
    }

    /// Returns whether lists have the record.
    pub fn is_listed(&self) -> bool {
        !self.0.contains(UNLISTED)
    }

    pub fn add_offer(&mut self, area: &str, family: &str) {
        self.0.insert(format!("offer:{area}:{family}"));
    }

    /// Adds callers who have all of these areas.
    pub fn add_all_areas(&mut self, areas: &BTreeSet<String>) {
        let areas: Vec<&str> = areas.iter().map(String::as_str).collect();
        self.add("areas", areas.join(","));
    }

    /// Adds those areas and organizations that see another record, except some organizations.
    pub fn add_offices(&mut self, other: &Audience, except: &HashSet<Id>) {
        let offices = other.of_kinds(&["area", "organization"]);
        let is_excepted = |word: &str| except.iter().any(|id| word.ends_with(&id.to_string()));
        let added = offices.filter(|word| !is_excepted(word)).map(str::to_owned);
        self.0.extend(added);
    }

    /// Adds those workers and partners that see another record.
    pub fn add_volunteers(&mut self, other: &Audience) {
        let added = other.of_kinds(&["workers", "worker", "partner", "offer"]);
        self.0.extend(added.map(str::to_owned));
    }

    fn of_kinds<'a>(&'a self, kinds: &'a [&str]) -> impl Iterator<Item = &'a str> {
        let is_included = |word: &&str| word.split(':').next().is_some_and(|kind| kinds.contains(&kind));
        self.0.iter().map(String::as_str).filter(is_included)
    }

    /// Returns the values of the words of a kind.
    fn values<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        let value = move |word: &'a String| word.strip_prefix(kind)?.strip_prefix(':');
        self.0.iter().filter_map(value)
    }

    /// Returns the organizations that see the record.
    pub fn organizations(&self) -> impl Iterator<Item = Id> {
        self.values("organization")
            .filter_map(|id| id.parse().ok().map(Id))
    }

    /// Returns the record that this one is part of.
    pub fn parent(&self) -> Option<&str> {
        self.values("of").next()
    }

    /// Returns whether a caller sees the record.
    pub fn includes(&self, reach: &Reach) -> bool {
        let has = |kind: &str, id: Id| self.0.contains(&format!("{kind}:{id}"));
        if self.0.contains("everyone") {
            return true;
        }
        match reach {
            Reach::Everything => true,
            Reach::Areas(areas) => {
                let is_own = |area: &str| areas.iter().any(|own| own == area);
                let is_all = |some: &str| some.split(',').filter(|area| !area.is_empty()).all(is_own);
                self.values("area").any(is_own) || self.values("areas").any(is_all)
            }
            Reach::Organization(id) => has("organization", *id),
            Reach::Worker(id) => self.0.contains("workers") || has("worker", *id),
            Reach::Partner(partner) => {
                let offered = |(area, family)| is_offered(partner, true, Some(area), family);
                let mut offers = self.values("offer").filter_map(|offer| offer.split_once(':'));
                has("partner", partner.id) || offers.any(offered)
            }
        }
    }
}

impl From<&str> for Audience {
    fn from(words: &str) -> Audience {
        Audience(
            words
                .split(' ')
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    }
}

impl std::fmt::Display for Audience {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        for (i, word) in self.0.iter().enumerate() {
            write!(f, "{}{word}", if i > 0 { " " } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::PartnerReach;

    #[test]
    fn includes_callers_by_their_words() {
        let id = Id::new();
        let mut audience = Audience::default();
        audience.add("area", "131041");
        audience.add("worker", id);
        audience.add_offer("131041", "print");
        assert_eq!(Audience::from(audience.to_string().as_str()), audience);
        let partner = |areas: &[&str], families: &[&str]| {
            Reach::Partner(PartnerReach {
                id: Id::new(),
                source: "partner:a".into(),
                areas: areas.iter().map(|area| (*area).to_owned()).collect(),
                families: families.iter().map(|family| (*family).to_owned()).collect(),
                sandbox: false,
            })
        };
        let areas =
            |areas: &[&str]| Reach::of_areas(&areas.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>());
        for included in [
            Reach::Everything,
            areas(&["131130", "131041"]),
            Reach::Worker(id),
            partner(&[], &[]),
            partner(&["131041"], &["print"]),
        ] {
            assert!(audience.includes(&included), "{included:?}");
        }
        for excluded in [
            areas(&["131130"]),
            areas(&[]),
            Reach::Organization(id),
            Reach::Worker(Id::new()),
            partner(&["131130"], &[]),
            partner(&[], &["web"]),
        ] {
            assert!(!audience.includes(&excluded), "{excluded:?}");
        }
        assert!(!Audience::default().includes(&Reach::Worker(id)));
        let mut both = Audience::default();
        both.add_all_areas(&["131041", "131130"].map(str::to_owned).into());
        assert_eq!(both.to_string(), "areas:131041,131130");
        assert!(both.includes(&areas(&["131041", "131130", "131199"])));
        assert!(!both.includes(&areas(&["131041"])) && !both.includes(&areas(&[])));
    }
}
