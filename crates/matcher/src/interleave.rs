//! One list for a whole team: the lists of its roles, interleaved by open places.
//!
//! The list goes round after round. A round has as many turns as the role with most open places has; in turn k, each
//! role with k or more open places gets one candidate, the best by fit who is not placed yet. The role with the higher
//! fit chooses first. No role takes somebody without whom the turn could serve fewer roles. So the first turn has every
//! role for which somebody is left.
//!
//! Invariants: each candidate appears once, and the candidates of one role stay in the order of fit.

use super::{Candidate, Query, RankKey, RoleNeed};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The candidates of one role.
#[derive(Debug, Clone)]
pub struct RoleList {
    pub places: u16,
    /// Best first.
    pub ranked: Vec<RankKey>,
}

/// A candidate in the list of the team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The position of the role's list.
    pub list: usize,
    /// The candidate's position in it.
    pub by_fit: usize,
}

/// How long a role's list has to be for the first `limit` of the team's: longer lists give the same.
pub fn enough(limit: usize, roles: usize) -> usize {
    limit.saturating_add(roles)
}

impl Query<'_> {
    /// Ranks these candidates for the whole team by the plain scan. Returns the role of each, with the key there.
    pub fn rank_team(&self, everyone: &[Arc<Candidate>], limit: usize) -> Vec<(usize, RankKey)> {
        let keys = |role| self.rank_workers(everyone, Some(role)).ranked.into_iter();
        let list = |(role, asked): (usize, &RoleNeed)| RoleList {
            places: asked.places,
            ranked: keys(role).map(|(key, _)| key).collect(),
        };
        let lists: Vec<RoleList> = self.need.roles.iter().enumerate().map(list).collect();
        let key = |turn: Turn| Some((turn.list, *lists.get(turn.list)?.ranked.get(turn.by_fit)?));
        interleave(&lists, limit).into_iter().filter_map(key).collect()
    }
}

/// A role that waits in a turn, with those of its list who are not placed yet, as far as they matter.
struct Waiting {
    list: usize,
    free: Vec<(RankKey, usize)>,
}

/// Interleaves the lists until `limit` candidates are placed.
pub fn interleave(lists: &[RoleList], limit: usize) -> Vec<Turn> {
    let turns = lists.iter().map(|list| list.places).max().unwrap_or(0);
    let (mut placed, mut taken) = (Vec::new(), HashSet::new());
    // In each list, everybody before this position is placed.
    let mut passed = vec![0; lists.len()];
    loop {
        let before = placed.len();
        for turn in 1..=turns {
            let asking = lists.iter().filter(|list| list.places >= turn).count();
            let mut waiting = Vec::with_capacity(asking);
            for ((i, list), passed) in lists.iter().enumerate().zip(&mut passed) {
                let is_free = |key: &RankKey| !taken.contains(&key.candidate);
                let rest = list.ranked.get(*passed..).unwrap_or_default();
                *passed += rest.iter().take_while(|key| !is_free(key)).count();
                if list.places >= turn {
                    let rest = list.ranked.iter().enumerate().skip(*passed);
                    let free = rest.filter(|(_, key)| is_free(key)).map(|(at, key)| (*key, at));
                    let free = free.take(asking).collect();
                    waiting.push(Waiting { list: i, free });
                }
            }
            while let Some((key, turn)) = take_turn(&mut waiting) {
                taken.insert(key.candidate);
                placed.push(turn);
                if placed.len() >= limit {
                    return placed;
                }
            }
        }
        if placed.len() == before {
            return placed;
        }
    }
}

/// Places the candidate with the highest fit whom no other waiting role needs.
fn take_turn(waiting: &mut Vec<Waiting>) -> Option<(RankKey, Turn)> {
    let most = served(waiting, None);
    let is_spare = |at: usize, key: &RankKey| served(waiting, Some((at, key.candidate))) + 1 == most;
    let best = |(at, role): (usize, &Waiting)| {
        let (key, by_fit) = role.free.iter().find(|(key, _)| is_spare(at, key))?;
        let list = role.list;
        Some((
            *key,
            at,
            Turn {
                list,
                by_fit: *by_fit,
            },
        ))
    };
    let (key, at, turn) = waiting
        .iter()
        .enumerate()
        .filter_map(best)
        .min_by_key(|(key, at, _)| (*key, *at))?;
    waiting.remove(at);
    for role in waiting {
        role.free.retain(|(other, _)| other.candidate != key.candidate);
    }
    Some((key, turn))
}

/// Returns how many roles can have a candidate each, without one role and one candidate (Kuhn 1955).
fn served(waiting: &[Waiting], without: Option<(usize, u128)>) -> usize {
    let of_role = |(at, role): (usize, &Waiting)| {
        let is_left = |(key, _): &&(RankKey, usize)| without.is_none_or(|(_, gone)| key.candidate != gone);
        let free: Vec<u128> = role
            .free
            .iter()
            .filter(is_left)
            .map(|(key, _)| key.candidate)
            .collect();
        without.is_none_or(|(gone, _)| at != gone).then_some(free)
    };
    let roles: Vec<Vec<u128>> = waiting.iter().enumerate().filter_map(of_role).collect();
    // A role with as many candidates as there are roles finds one in any case.
    let (ample, scarce): (Vec<_>, Vec<_>) = roles.iter().partition(|free| free.len() >= roles.len());
    let mut given = HashMap::new();
    let found = (0..scarce.len()).filter(|role| serve(*role, &scarce, &mut given, &mut HashSet::new()));
    ample.len() + found.count()
}

/// Gives a role a candidate, if need be one whose role can have another.
fn serve(
    role: usize,
    roles: &[&Vec<u128>],
    given: &mut HashMap<u128, usize>,
    tried: &mut HashSet<u128>,
) -> bool {
    let free = roles.get(role).into_iter().copied().flatten();
    for candidate in free {
        if tried.insert(*candidate) {
            let holder = given.get(candidate).copied();
            if holder.is_none_or(|holder| serve(holder, roles, given, tried)) {
                given.insert(*candidate, role);
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draw;
    use std::cmp::Reverse;

    fn key(fit_ppm: u64, candidate: u128) -> RankKey {
        RankKey {
            fit_ppm: Reverse(fit_ppm),
            tie: candidate as u64,
            need: 1,
            candidate,
        }
    }

    fn list(places: u16, ranked: &[(u64, u128)]) -> RoleList {
        let mut ranked: Vec<RankKey> = ranked.iter().map(|(fit, id)| key(*fit, *id)).collect();
        ranked.sort_unstable();
        RoleList { places, ranked }
    }

    fn shown(lists: &[RoleList], limit: usize) -> Vec<(usize, u128)> {
        let turns = interleave(lists, limit).into_iter();
        turns
            .map(|turn| (turn.list, lists[turn.list].ranked[turn.by_fit].candidate))
            .collect()
    }

    #[test]
    fn every_role_comes_before_second_places() {
        let writers = list(1, &[(500, 1), (400, 2)]);
        let designers = list(3, &[(900, 11), (800, 12), (700, 13), (600, 14)]);
        let team = shown(&[writers, designers], 9);
        assert_eq!(team, [(1, 11), (0, 1), (1, 12), (1, 13), (1, 14), (0, 2)]);
    }

    #[test]
    fn one_role_keeps_the_order_by_fit() {
        let one = list(2, &[(500, 1), (900, 2), (700, 3)]);
        assert_eq!(shown(&[one], 2), [(0, 2), (0, 3)]);
        assert!(shown(&[], 5).is_empty() && shown(&[list(0, &[(1, 1)])], 5).is_empty());
    }

    #[test]
    fn somebody_whom_another_role_needs_is_left_to_it() {
        // The first fits best as a designer, but nobody else writes.
        let designers = list(1, &[(900, 1), (500, 2)]);
        let writers = list(1, &[(300, 1)]);
        assert_eq!(shown(&[designers.clone(), writers], 9), [(0, 2), (1, 1)]);
        // Three roles for three people: only one way is complete.
        let engineers = list(1, &[(800, 1), (700, 3)]);
        let writers = list(1, &[(400, 1), (390, 3)]);
        let team = shown(&[designers, engineers, writers], 9);
        assert_eq!(team, [(1, 1), (0, 2), (2, 3)]);
    }

    /// Follows the definition by trying every way to serve a turn.
    fn by_definition(lists: &[RoleList], limit: usize) -> Vec<(usize, u128)> {
        fn most(roles: &[Vec<u128>]) -> usize {
            let Some((first, others)) = roles.split_first() else {
                return 0;
            };
            let without = |gone: u128| -> Vec<Vec<u128>> {
                let others = others
                    .iter()
                    .map(|free| free.iter().copied().filter(|c| *c != gone).collect());
                others.collect()
            };
            let served = first.iter().map(|one| 1 + most(&without(*one))).max();
            served.unwrap_or(0).max(most(others))
        }
        let (mut placed, mut idle) = (Vec::new(), false);
        while !idle {
            idle = true;
            for turn in 1..=lists.iter().map(|list| list.places).max().unwrap_or(0) {
                let mut asking: Vec<usize> = (0..lists.len()).filter(|i| lists[*i].places >= turn).collect();
                loop {
                    let free = |roles: &[usize], gone: &[u128]| -> Vec<Vec<u128>> {
                        let of = |i: &usize| {
                            let all = lists[*i].ranked.iter().map(|key| key.candidate);
                            let is_free =
                                |c: &u128| !gone.contains(c) && placed.iter().all(|(_, taken)| taken != c);
                            all.filter(is_free).collect()
                        };
                        roles.iter().map(of).collect()
                    };
                    let all = most(&free(&asking, &[]));
                    let mut best: Option<(RankKey, usize)> = None;
                    for role in &asking {
                        let others: Vec<usize> = asking.iter().copied().filter(|i| i != role).collect();
                        for key in &lists[*role].ranked {
                            let is_placed = placed.iter().any(|(_, taken)| *taken == key.candidate);
                            if !is_placed && most(&free(&others, &[key.candidate])) + 1 == all {
                                best = best.into_iter().chain([(*key, *role)]).min();
                            }
                        }
                    }
                    let Some((key, role)) = best else { break };
                    placed.push((role, key.candidate));
                    asking.retain(|i| *i != role);
                    idle = false;
                }
            }
        }
        placed.truncate(limit);
        placed
    }

    #[test]
    fn equals_the_definition_for_any_lists() {
        let draw = &mut Draw(41);
        let mut scarce = 0;
        for _ in 0..3_000 {
            let (roles, people) = (1 + draw.below(4), 1 + draw.below(9));
            let lists: Vec<RoleList> = (0..roles)
                .map(|_| {
                    let able = (0..u128::from(people))
                        .filter(|_| draw.chance(50))
                        .collect::<Vec<_>>();
                    let fits: Vec<_> = able.into_iter().map(|id| (100 * draw.below(9), id)).collect();
                    list(draw.below(4) as u16, &fits)
                })
                .collect();
            let all = by_definition(&lists, usize::MAX);
            for limit in [1, 3, 20] {
                let some: Vec<_> = all.iter().copied().take(limit).collect();
                assert_eq!(shown(&lists, limit), some);
                // Shorter lists are enough.
                let cut = |list: &RoleList| RoleList {
                    ranked: list
                        .ranked
                        .iter()
                        .copied()
                        .take(enough(limit, lists.len()))
                        .collect(),
                    ..*list
                };
                assert_eq!(shown(&lists.iter().map(cut).collect::<Vec<_>>(), limit), some);
            }
            let greedy = lists
                .iter()
                .filter(|list| list.places > 0 && list.ranked.len() < lists.len());
            scarce += usize::from(greedy.count() > 1);
        }
        assert!(scarce > 500, "{scarce}");
    }
}
