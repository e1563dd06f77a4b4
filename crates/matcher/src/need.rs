//! The need: a deliverable as the matcher sees it.

use super::{EntryNo, words::Piece};

/// A deliverable, saved or not.
#[derive(Debug, Clone, Default)]
pub struct Need {
    pub id: u128,
    /// The lead organization and those that ask jointly.
    pub organizations: Vec<u128>,
    pub family: EntryNo,
    pub format: EntryNo,
    pub area: EntryNo,
    /// Whether the organization accepts remote work.
    pub remote: bool,
    /// Days since 1970-01-01, both inclusive. `None` is unbounded.
    pub starts_on: Option<i32>,
    pub ends_on: Option<i32>,
    /// Asked of each member of the team; at least 1.
    pub hours_per_week: u16,
    /// Bit `3 * weekday + part`, Monday morning first. 0 accepts any time.
    pub day_parts: u32,
    pub themes: Vec<EntryNo>,
    /// Sorted.
    pub qualifications: Vec<String>,
    pub roles: Vec<RoleNeed>,
    /// The title and the trouble.
    pub words: Piece,
}

/// A role of the team.
#[derive(Debug, Clone, Default)]
pub struct RoleNeed {
    pub role: EntryNo,
    /// Those that are still open.
    pub places: u16,
    pub wishes: Vec<Wish>,
}

/// A skill that a role asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Wish {
    pub skill: EntryNo,
    /// From 1 to 5.
    pub level: u8,
    /// The skill's weight among the role's skills; at least 1.
    pub weight: u8,
    pub must_have: bool,
}

/// The tree of skills. A related skill earns less credit with every edge between the two.
#[derive(Debug, Clone, Default)]
pub struct SkillTree {
    /// For each skill its path up to the root, the skill itself first.
    paths: Vec<Vec<EntryNo>>,
}

/// Powers of 0.6 in parts per million. Two skills in a tree of three levels are at most four edges apart.
const CREDIT_PPM: [u64; 5] = [1_000_000, 600_000, 360_000, 216_000, 129_600];

impl SkillTree {
    /// Builds the tree; `parents[i]` is the parent of skill `i`. A circle ends where it would repeat.
    pub fn new(parents: &[Option<EntryNo>]) -> SkillTree {
        let path = |start: usize| {
            let mut path = vec![start as EntryNo];
            let mut at = start;
            while let Some(Some(parent)) = parents.get(at).copied() {
                if path.contains(&parent) {
                    break;
                }
                path.push(parent);
                at = usize::from(parent);
            }
            path
        };
        SkillTree {
            paths: (0..parents.len()).map(path).collect(),
        }
    }

    fn path(&self, skill: EntryNo) -> &[EntryNo] {
        self.paths.get(usize::from(skill)).map_or(&[], Vec::as_slice)
    }

    /// Returns the number of edges between two skills, or `None` if they have no common ancestor.
    pub fn hops(&self, a: EntryNo, b: EntryNo) -> Option<usize> {
        let (a, b) = (self.path(a), self.path(b));
        a.iter()
            .enumerate()
            .find_map(|(up, node)| b.iter().position(|n| n == node).map(|down| up + down))
    }

    /// Returns whether `held` counts as `wanted`: it is the same skill or a narrower one.
    pub fn covers(&self, held: EntryNo, wanted: EntryNo) -> bool {
        self.path(held).contains(&wanted)
    }

    /// Returns whether these skills cover the wished skill at its level.
    pub fn holds(&self, skills: &[(EntryNo, u8)], wish: &Wish) -> bool {
        let enough = |(skill, level): &(EntryNo, u8)| *level >= wish.level && self.covers(*skill, wish.skill);
        skills.iter().any(enough)
    }

    /// Returns the credit in parts per million that `held` earns where `wanted` is asked for.
    pub fn credit_ppm(&self, held: EntryNo, wanted: EntryNo) -> u64 {
        self.hops(held, wanted)
            .and_then(|hops| CREDIT_PPM.get(hops).copied())
            .unwrap_or(0)
    }

    /// Returns every skill that earns credit where `wanted` is asked for, with the credit, sorted by skill.
    pub fn creditable(&self, wanted: EntryNo) -> Vec<(EntryNo, u64)> {
        let all = (0..self.paths.len() as EntryNo).map(|held| (held, self.credit_ppm(held, wanted)));
        all.filter(|(_, credit)| *credit > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_count_the_edges_between_two_skills() {
        // 0 design -> 1 graphic -> {2 flyer, 3 poster}; 0 -> 4 product -> 5 package; 6 law has no relatives.
        let tree = SkillTree::new(&[None, Some(0), Some(1), Some(1), Some(0), Some(4), None]);
        assert_eq!(
            [tree.hops(2, 2), tree.hops(2, 1), tree.hops(2, 3)],
            [Some(0), Some(1), Some(2)]
        );
        assert_eq!([tree.hops(2, 5), tree.hops(2, 6)], [Some(4), None]);
        assert_eq!(
            [
                tree.credit_ppm(2, 3),
                tree.credit_ppm(2, 5),
                tree.credit_ppm(2, 6)
            ],
            [360_000, 129_600, 0]
        );
        assert!(tree.covers(2, 1) && !tree.covers(1, 2));
    }

    #[test]
    fn a_circle_of_parents_ends() {
        let tree = SkillTree::new(&[Some(1), Some(0)]);
        assert_eq!(tree.hops(0, 1), Some(1));
    }
}
