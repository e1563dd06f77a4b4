//! The list for a whole team, through the trees of its roles.

use super::candidates::CandidateIndex;
use super::top::{Hit, RankRange};
use crate::interleave::{RoleList, enough, interleave};
use crate::{Query, RankKey};
use std::collections::HashSet;

/// A candidate in the list of a team.
#[derive(Debug, Clone)]
pub struct TeamHit {
    pub hit: Hit,
    /// The position among all who pass for the same role, from 0.
    pub by_fit: usize,
    /// The key of the candidate directly above for the same role.
    pub above: Option<RankKey>,
}

impl CandidateIndex {
    /// Returns the first of the list for the whole team, or for one of its roles, without these candidates. The query has
    /// to come from [`CandidateIndex::query`].
    pub fn search_team(
        &self,
        query: &Query,
        only: Option<usize>,
        limit: usize,
        left_out: &HashSet<u128>,
    ) -> Vec<TeamHit> {
        let roles: Vec<usize> = query.roles(only).collect();
        let most = enough(limit, roles.len()).saturating_add(left_out.len());
        let hits = |role: &usize| {
            let mut hits = self.search(query, *role, RankRange::best(most)).0;
            hits.retain(|hit| !left_out.contains(&hit.candidate.id));
            hits
        };
        let hits: Vec<Vec<Hit>> = roles.iter().map(hits).collect();
        let places = |role: &usize| query.need.roles.get(*role).map_or(0, |role| role.places);
        let list = |(role, hits): (&usize, &Vec<Hit>)| RoleList {
            places: places(role),
            ranked: hits.iter().map(|hit| hit.key).collect(),
        };
        let lists: Vec<RoleList> = roles.iter().zip(&hits).map(list).collect();
        let turns = interleave(&lists, limit).into_iter();
        let found = turns.filter_map(|turn| {
            let of_role = hits.get(turn.list)?;
            let above = turn.by_fit.checked_sub(1).and_then(|above| of_role.get(above));
            Some(TeamHit {
                hit: of_role.get(turn.by_fit)?.clone(),
                by_fit: turn.by_fit,
                above: above.map(|hit| hit.key),
            })
        });
        found.collect()
    }
}
