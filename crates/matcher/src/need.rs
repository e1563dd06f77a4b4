//! What is asked for: a deliverable seen by the matcher.

use super::EntryNo;
use text::Term;

/// One deliverable, or an unsaved one.
#[derive(Debug, Clone, Default)]
pub struct Need {
    pub id: u128,
    /// Everyone who asks: the lead organization and those that ask jointly.
    pub organizations: Vec<u128>,
    pub family: EntryNo,
    pub format: EntryNo,
    pub area: EntryNo,
    /// The organization accepts remote work.
    pub remote: bool,
    /// Days since 1970-01-01, both inclusive; `None` is not bounded.
    pub starts_on: Option<i32>,
    pub ends_on: Option<i32>,
    /// Asked of each member of the team, at least 1.
    pub hours_per_week: u16,
    /// Bit `3 * weekday + part`, Monday morning first; 0 asks for none in particular.
    pub day_parts: u32,
    pub themes: Vec<EntryNo>,
    /// Sorted.
    pub qualifications: Vec<String>,
    pub roles: Vec<RoleNeed>,
    /// Of the title and the trouble in words: distinct, sorted.
    pub terms: Vec<Term>,
}

/// One role of the team.
#[derive(Debug, Clone, Default)]
pub struct RoleNeed {
    pub role: EntryNo,
    pub wishes: Vec<Wish>,
}

/// One skill that a role asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Wish {
    pub skill: EntryNo,
    /// 1 to 5.
    pub level: u8,
    /// How much it counts among the role's skills; at least 1.
    pub weight: u8,
    pub must_have: bool,
}

/// The tree of skills. Credit for a related skill fades with the number of edges between the two.
#[derive(Debug, Clone, Default)]
pub struct SkillTree {
    /// From each skill up to its root, itself first.
    paths: Vec<Vec<EntryNo>>,
}

/// 0.6 to the power of 0, 1, 2 … in parts per million; three levels allow four edges at most.
const CREDIT_PPM: [u64; 5] = [1_000_000, 600_000, 360_000, 216_000, 129_600];

impl SkillTree {
    /// `parents[i]` is the parent of skill `i`. A circle ends where it would repeat.
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

    /// The number of edges between two skills; `None` where they have no common ancestor.
    pub fn hops(&self, a: EntryNo, b: EntryNo) -> Option<usize> {
        let (a, b) = (self.path(a), self.path(b));
        a.iter()
            .enumerate()
            .find_map(|(up, node)| b.iter().position(|n| n == node).map(|down| up + down))
    }

    /// Whether having `held` is having `wanted`: the same skill, or a narrower one.
    pub fn covers(&self, held: EntryNo, wanted: EntryNo) -> bool {
        self.path(held).contains(&wanted)
    }

    /// Whether these skills hold the wished one at its level, itself or as a narrower one.
    pub fn holds(&self, skills: &[(EntryNo, u8)], wish: &Wish) -> bool {
        let enough = |(skill, level): &(EntryNo, u8)| *level >= wish.level && self.covers(*skill, wish.skill);
        skills.iter().any(enough)
    }

    /// Credit in parts per million for `held` where `wanted` is asked.
    pub fn credit_ppm(&self, held: EntryNo, wanted: EntryNo) -> u64 {
        self.hops(held, wanted)
            .and_then(|hops| CREDIT_PPM.get(hops).copied())
            .unwrap_or(0)
    }

    /// Every skill that earns credit where `wanted` is asked, with that credit, in order.
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
        // 0 design -> 1 graphic -> {2 flyer, 3 poster}; 0 -> 4 product -> 5 package; 6 law stands alone.
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
