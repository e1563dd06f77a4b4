//! Names in one area that look similar. A person has to decide whether they mean the same organization.

use super::candidates::{MAX_COMPARED, MAX_NAMES, MAX_PAIRS, may_have_more, rank};
use super::spellings::Spelling;
use crate::error::Result;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The similarity from which two names are listed.
const LISTED: f64 = 0.5;
/// How many pairs are listed: the most similar ones.
const MAX_LISTED: usize = 1000;
/// After so many organizations, [`similar_names`] asks whether to continue.
const MOMENT: usize = 64;

/// The names of two organizations that may be the same.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarNames {
    pub area: String,
    pub one: String,
    pub other: String,
    /// The Sørensen–Dice coefficient of the names' character pairs, 0 to 1.
    pub similarity: f64,
}

/// What [`similar_names`] found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Similarities {
    /// The most similar pair first.
    pub pairs: Vec<SimilarNames>,
    /// Whether there may be more than are listed.
    pub is_partial: bool,
    /// How many pairs of organizations were compared.
    pub compared: usize,
}

struct Found<'s> {
    one: &'s Spelling,
    other: &'s Spelling,
    similarity: f64,
}

impl<'s> Found<'s> {
    fn of(a: &'s Spelling, b: &'s Spelling) -> Found<'s> {
        // The result must not depend on the order of the rows.
        let (one, other) = if a.name <= b.name { (a, b) } else { (b, a) };
        let similarity = a.similarity(b);
        Found {
            one,
            other,
            similarity,
        }
    }

    fn likelier_first(a: &Found, b: &Found) -> Ordering {
        let by_names = || (&a.one.name, &a.other.name).cmp(&(&b.one.name, &b.other.name));
        b.similarity.total_cmp(&a.similarity).then_with(by_names)
    }
}

/// Lists pairs of groups with similar names that have a spelling from position `new` on, so that only what is
/// new is compared. `go_on` is called now and then, and may end the search.
pub fn similar_names(
    groups: &[Vec<usize>],
    spellings: &[Spelling],
    new: usize,
    go_on: &dyn Fn() -> Result<()>,
) -> Result<Similarities> {
    let of_group = |group: usize| {
        let members = groups.get(group).into_iter().flatten();
        members.filter_map(|i| spellings.get(*i)).take(MAX_NAMES)
    };
    let mut blocks: HashMap<(&str, (char, char)), Vec<usize>> = HashMap::new();
    let pairs_of = |group: usize| {
        let pairs = of_group(group).flat_map(|spelling| {
            let letters = spelling.key().chars();
            let pairs = letters.clone().zip(letters.skip(1));
            pairs.map(|pair| (spelling.area.as_str(), pair))
        });
        pairs.collect::<BTreeSet<_>>()
    };
    for group in 0..groups.len() {
        for pair in pairs_of(group) {
            blocks.entry(pair).or_default().push(group);
        }
    }
    let mut similarities = Similarities::default();
    let mut found: BTreeMap<(usize, usize), Found> = BTreeMap::new();
    let is_new = |(_, group): &(usize, &Vec<usize>)| group.iter().any(|i| *i >= new);
    for (done, (group, members)) in groups.iter().enumerate().filter(is_new).enumerate() {
        if done % MOMENT == 0 {
            go_on()?;
        }
        similarities.is_partial |= members.len() > MAX_NAMES;
        let own = pairs_of(group);
        let ranked = rank(
            group,
            own.iter().filter_map(|pair| blocks.get(pair)).map(Vec::as_slice),
        );
        let all = ranked.len();
        let mut matching: Vec<(usize, usize, Found)> = Vec::new();
        for (position, other) in ranked.into_iter().take(MAX_COMPARED).enumerate() {
            similarities.compared += 1;
            let names = of_group(group).flat_map(|a| of_group(other).map(move |b| Found::of(a, b)));
            let best = names.min_by(Found::likelier_first);
            let listed = best.filter(|best| best.similarity >= LISTED);
            matching.extend(listed.map(|best| (position, other, best)));
        }
        let positions: Vec<usize> = matching.iter().map(|(position, ..)| *position).collect();
        similarities.is_partial |= may_have_more(all, &positions);
        matching.sort_by(|(_, _, a), (_, _, b)| Found::likelier_first(a, b));
        for (_, other, best) in matching.into_iter().take(MAX_PAIRS) {
            found.insert((group.min(other), group.max(other)), best);
        }
    }
    let mut found: Vec<Found> = found.into_values().collect();
    found.sort_by(Found::likelier_first);
    similarities.is_partial |= found.len() > MAX_LISTED;
    let listed = found.into_iter().take(MAX_LISTED).map(|pair| SimilarNames {
        area: pair.one.area.clone(),
        one: pair.one.name.clone(),
        other: pair.other.name.clone(),
        similarity: pair.similarity,
    });
    similarities.pairs = listed.collect();
    Ok(similarities)
}

#[cfg(test)]
mod tests {
    use super::super::spellings::group;
    use super::*;

    /// Returns what is found if `new` names come to `old` ones, all alike.
    fn among(old: usize, new: usize) -> Similarities {
        let name = |n| Spelling::new("131041", &format!("さくら通りの会 第{n:05}支部"));
        let spellings: Vec<Spelling> = (0..old + new).map(name).collect();
        let groups = group(&spellings);
        assert_eq!(groups.len(), old + new);
        similar_names(&groups, &spellings, old, &|| Ok(())).unwrap()
    }

    #[test]
    fn compares_only_what_is_new_and_each_with_a_bounded_number() {
        let one = among(3000, 1);
        assert!(one.compared <= MAX_COMPARED && one.is_partial, "{}", one.compared);
        assert!((1..=MAX_PAIRS).contains(&one.pairs.len()));
        for n in [200, 400] {
            let all = among(0, n);
            assert!(all.compared <= MAX_COMPARED * n && all.is_partial);
            assert!(all.pairs.len() <= MAX_LISTED.min(MAX_PAIRS * n));
        }
        assert!(among(3000, 0).pairs.is_empty());
    }

    #[test]
    fn ends_when_it_is_told_to() {
        let name = |n| Spelling::new("131041", &format!("会{n}"));
        let spellings: Vec<Spelling> = (0..10).map(name).collect();
        let stop = || Err(crate::error::Error::Timeout);
        assert!(similar_names(&group(&spellings), &spellings, 0, &stop).is_err());
    }
}
