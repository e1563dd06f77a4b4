//! How far a caller reaches: which records a permission with the extent "own" covers.

use crate::db::Id;
use crate::values::with_wards;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// What makes records a caller's own. `crate::reach` says which records of each table that covers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reach {
    Everything,
    Areas(Vec<String>),
    Organization(Id),
    Worker(Id),
    Partner(PartnerReach),
}

impl Reach {
    /// Reaches these areas. A designated city includes its wards.
    pub fn of_areas(areas: &[String]) -> Reach {
        Reach::Areas(sorted(areas.iter().flat_map(|area| with_wards(area))))
    }

    /// Returns whether records of an area are within the reach, as far as the area decides.
    pub fn covers_area(&self, area: &str) -> bool {
        match self {
            Reach::Everything => true,
            Reach::Areas(areas) => areas.iter().any(|own| own == area),
            Reach::Organization(_) | Reach::Worker(_) | Reach::Partner(_) => false,
        }
    }

    /// Returns the source of a new record of an area that the caller calls `source`. Who reaches some areas only names
    /// records within an area: the same external id may be known elsewhere, and nobody learns whether it is. See
    /// `docs/decisions/0013-external-ids-of-areas.md`.
    pub fn own_source(&self, source: &str, area: &str) -> String {
        match self {
            Reach::Areas(areas) if !areas.iter().any(|own| is_of_area(source, own)) => {
                format!("{area}:{source}")
            }
            _ => source.to_owned(),
        }
    }

    /// Returns every source that the caller may call `source`: that itself, and those of their areas.
    pub fn sources(&self, source: &str) -> Vec<String> {
        let mut sources = vec![source.to_owned()];
        if let Reach::Areas(areas) = self {
            sources.extend(areas.iter().map(|area| format!("{area}:{source}")));
        }
        sources
    }

    /// Describes the reach in words. For one role, a reach that covers another has all of its words.
    pub fn words(&self) -> Vec<String> {
        match self {
            Reach::Everything => Vec::new(),
            Reach::Areas(areas) => areas.iter().map(|area| format!("area:{area}")).collect(),
            Reach::Organization(id) => vec![format!("organization:{id}")],
            Reach::Worker(id) => vec![format!("worker:{id}")],
            Reach::Partner(partner) => vec![format!("partner:{}", partner.id)],
        }
    }
}

/// Returns codes in order, each once: who names the same ones in another order reaches the same.
pub fn sorted(codes: impl Iterator<Item = String>) -> Vec<String> {
    codes.collect::<BTreeSet<_>>().into_iter().collect()
}

fn is_of_area(source: &str, area: &str) -> bool {
    let rest = source.strip_prefix(area);
    rest.is_some_and(|rest| rest.starts_with(':'))
}

/// What a partner reaches, and how its volunteers are marked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PartnerReach {
    pub id: Id,
    /// The `source` of its volunteers.
    pub source: String,
    /// Limits deliverables to these areas, cities with their wards; empty means all.
    pub areas: Vec<String>,
    /// Limits deliverables to these families; empty means all.
    pub families: Vec<String>,
    /// Whether the partner writes test data only.
    pub sandbox: bool,
}

/// Where a user or the holder of a token belongs. The role decides which member is required.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Belonging {
    /// The areas of a coordinator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<String>,
    /// The organization of one of its members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<Id>,
    /// The profile of a worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<Id>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_in_which_areas_are_named_makes_no_difference() {
        let of =
            |areas: &[&str]| Reach::of_areas(&areas.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["131041", "131130"]), of(&["131130", "131041", "131130"]));
        assert_eq!(of(&["141003", "141011"]), of(&["141003"]), "a city has its wards");
    }

    #[test]
    fn who_reaches_some_areas_names_records_within_an_area() {
        let here = Reach::Areas(vec!["131041".into(), "131130".into()]);
        assert_eq!(here.own_source("roster", "131041"), "131041:roster");
        assert_eq!(here.own_source("131130:roster", "131041"), "131130:roster");
        assert_eq!(here.own_source("131016:roster", "131041"), "131041:131016:roster");
        assert_eq!(
            here.sources("roster"),
            ["roster", "131041:roster", "131130:roster"]
        );
        assert_eq!(Reach::Everything.own_source("roster", "131041"), "roster");
        assert_eq!(Reach::Everything.sources("roster"), ["roster"]);
    }
}
