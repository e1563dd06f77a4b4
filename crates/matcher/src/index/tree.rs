//! A profile's tree: the candidates that the profile admits. They are divided into cells by place and answer
//! about remote work, and sorted so that neighbours are similar. Groups above them hold the best of each
//! trait.

use super::bits::Bits;
use super::lens::{Commute, Lens, ProfileScores};
use super::sets::Sets;
use super::traits::{CUT, NOWHERE, Traits};
use crate::components;
use crate::formulas::{MOST_DELIVERIES, experience_ppm};
use crate::ppm::PPM;
use crate::profile::Profile;
use crate::{Candidate, EntryNo, Population};
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;

/// As many as a word of [`Sets`] has bits.
pub const LEAF: usize = 64;
const FANOUT: usize = 8;
/// Smaller leaves have no sets; their entries are checked one by one.
const LEAST_FOR_SETS: usize = 8;
/// Stands for an unknown number of deliveries.
const UNKNOWN: u8 = MOST_DELIVERIES as u8 + 1;

/// A candidate as the profile sees them, in three words. That is enough for a close bound of the fit without
/// another lookup.
///
/// * position 32 bits, skill 20, deliveries 5, hours 7;
/// * themes 32, day-parts 21, travel limit 11;
/// * reliability 20, responsiveness 20, formats accepted 8 and preferred 8, flags 8.
#[derive(Debug, Clone, Copy)]
pub struct Entry([u64; 3]);

/// Returns the largest value of this many bits.
const fn most(bits: u32) -> u64 {
    (1 << bits) - 1
}

impl Entry {
    fn new(position: u32, seen: Seen, traits: &Traits) -> Entry {
        let fitted = |value: u64, bits: u32| value.min(most(bits));
        let words = |flags: u16| {
            Entry([
                u64::from(position)
                    | seen.skill_ppm << 32
                    | u64::from(seen.deliveries) << 52
                    | fitted(traits.hours.into(), 7) << 57,
                (traits.themes | traits.themes >> 32) & most(32)
                    | (u64::from(traits.day_parts) & most(21)) << 32
                    | fitted(traits.limit_km.into(), 11) << 53,
                seen.reliability_ppm
                    | u64::from(traits.responsiveness_ppm) << 20
                    | u64::from(traits.accepted) << 40
                    | u64::from(traits.preferred) << 48
                    | (u64::from(flags) & most(8)) << 56,
            ])
        };
        let entry = words(traits.flags & !CUT);
        let packed = entry.traits();
        let tight = |t: &Traits| (t.from, t.until, t.hours, t.limit_km, t.day_parts, t.themes as u32);
        if tight(&packed) == tight(traits) && traits.themes <= most(32) {
            entry
        } else {
            words(traits.flags | CUT)
        }
    }

    fn part(self, word: usize, from: u32, bits: u32) -> u64 {
        self.0.get(word).map_or(0, |word| word >> from & most(bits))
    }

    pub fn position(self) -> u32 {
        self.part(0, 0, 32) as u32
    }

    #[inline(always)]
    pub fn skill_ppm(self) -> u64 {
        self.part(0, 32, 20)
    }

    #[inline(always)]
    pub fn reliability_ppm(self) -> u64 {
        self.part(2, 0, 20)
    }

    fn deliveries(self) -> usize {
        self.part(0, 52, 5) as usize
    }

    /// Returns traits at least as good as the candidate's own: what has no room is open, and what is cut
    /// reads as the most.
    #[inline(always)]
    pub fn traits(self) -> Traits {
        let or_more = |value: u64, bits: u32| {
            if value == most(bits) {
                u16::MAX
            } else {
                value as u16
            }
        };
        let themes = self.part(1, 0, 32);
        Traits {
            themes: themes | themes << 32,
            from: i32::MIN,
            until: i32::MAX,
            day_parts: self.part(1, 32, 21) as u32,
            responsiveness_ppm: self.part(2, 20, 20) as u32,
            qualifications: u32::MAX,
            hours: or_more(self.part(0, 57, 7), 7),
            limit_km: or_more(self.part(1, 53, 11), 11),
            flags: self.part(2, 56, 8) as u16,
            accepted: self.part(2, 40, 8) as u8,
            preferred: self.part(2, 48, 8) as u8,
        }
    }
}

/// The best of a group of nodes, or of the entries of a leaf.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    pub best: Traits,
    pub skill_ppm: u32,
    pub experience_ppm: u32,
    pub reliability_ppm: u32,
    first: u32,
    count: u16,
    kind: NodeKind,
}

#[derive(Debug, Clone, Copy)]
enum NodeKind {
    Inner,
    /// With the index of its sets, counted from 1, if it has any.
    Leaf(Option<NonZeroU32>),
}

pub enum Children<'t> {
    Nodes(Range<usize>),
    /// The position of the first entry, and the entries.
    Leaf(u32, &'t [Entry], Option<&'t Sets>),
}

impl Node {
    fn merge(mut self, other: &Node) -> Node {
        self.best.merge(&other.best);
        self.skill_ppm = self.skill_ppm.max(other.skill_ppm);
        self.experience_ppm = self.experience_ppm.max(other.experience_ppm);
        self.reliability_ppm = self.reliability_ppm.max(other.reliability_ppm);
        self
    }
}

/// The candidates of one area with the same answer about remote work.
#[derive(Debug, Clone, Copy)]
pub struct Cell {
    area: EntryNo,
    remote: u8,
    pub root: Node,
}

impl Cell {
    pub fn commute(&self, lens: &Lens) -> Option<Commute> {
        lens.commute((self.area != NOWHERE).then_some(self.area), answer(self.remote))
    }
}

fn answer(remote: u8) -> Option<bool> {
    match remote {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

#[derive(Debug)]
pub struct Tree {
    pub profile: Arc<Profile>,
    /// The positions of the admitted candidates.
    pub positions: Bits,
    pub entries: Vec<Entry>,
    pub nodes: Vec<Node>,
    pub cells: Vec<Cell>,
    sets: Vec<Sets>,
    /// By number of deliveries; the last one is for an unknown number.
    experience_ppm: [u32; UNKNOWN as usize + 1],
}

/// The sort key of entries: the cell, then the most important components, so that a group's best is close to
/// its members. The components are separate, since a weighted sum would mix skilled with experienced
/// candidates.
type SortKey = u128;

/// Returns, for each profile, the entries of the candidates that it admits. `positions` are the candidates
/// who offer the role of these profiles or have not answered.
pub fn admitted(
    profiles: &[&Arc<Profile>],
    positions: &[u32],
    everyone: &[Arc<Candidate>],
    traits: &[Traits],
    population: &Population,
) -> Vec<Vec<(SortKey, Entry)>> {
    let experience = |profile: &&Arc<Profile>| experience_table(profile, population);
    let experience: Vec<_> = profiles.iter().map(experience).collect();
    let mut admitted: Vec<Vec<(SortKey, Entry)>> = profiles.iter().map(|_| Vec::new()).collect();
    let descending = |value: u128, bits: u32| (1u128 << bits) - 1 - value.min((1 << bits) - 1);
    for position in positions {
        let known = everyone
            .get(*position as usize)
            .zip(traits.get(*position as usize));
        let Some((candidate, traits)) = known else {
            continue;
        };
        let remote = candidate.remote.map_or(2u128, u128::from);
        for ((profile, experience), admitted) in profiles.iter().zip(&experience).zip(&mut admitted) {
            if !profile.has_must_haves(candidate, population) {
                continue;
            }
            let seen = seen_by(profile, candidate, population);
            let worth = experience.get(usize::from(seen.deliveries)).copied();
            let worth = u128::from(worth.unwrap_or(0));
            let order = u128::from(candidate.area.unwrap_or(NOWHERE)) << 112
                | remote << 110
                | descending(worth, 20) << 90
                | descending(u128::from(seen.skill_ppm), 20) << 70
                | descending(u128::from(traits.hours), 7) << 63
                | descending(u128::from(traits.responsiveness_ppm), 20) << 43
                | u128::from(*position);
            admitted.push((order, Entry::new(*position, seen, traits)));
        }
    }
    admitted
}

impl Tree {
    pub fn new(
        profile: Arc<Profile>,
        mut admitted: Vec<(SortKey, Entry)>,
        everyone: &[Arc<Candidate>],
        traits: &[Traits],
        population: &Population,
    ) -> Tree {
        admitted.sort_unstable_by_key(|(order, _)| *order);
        let experience_ppm = experience_table(&profile, population);
        let mut positions = Bits::new(everyone.len());
        for (_, entry) in &admitted {
            positions.set(entry.position() as usize);
        }
        let mut tree = Tree {
            profile,
            positions,
            entries: admitted.iter().map(|(_, entry)| *entry).collect(),
            nodes: Vec::new(),
            cells: Vec::new(),
            sets: Vec::new(),
            experience_ppm,
        };
        let (mut first, mut members) = (0, Vec::with_capacity(LEAF));
        for cell in admitted.chunk_by(|a, b| a.0 >> 110 == b.0 >> 110) {
            let mut level: Vec<Node> = Vec::new();
            for group in cell.chunks(LEAF) {
                // Copied before anything branches on them, so that their cache misses overlap.
                members.clear();
                let at = |(_, entry): &(SortKey, Entry)| traits.get(entry.position() as usize).copied();
                members.extend(group.iter().filter_map(at));
                let mut sets = None;
                if group.len() > LEAST_FOR_SETS {
                    tree.sets.push(Sets::new(members.iter()));
                    sets = NonZeroU32::new(tree.sets.len() as u32);
                }
                let single = |((_, entry), best): (&(SortKey, Entry), &Traits)| Node {
                    best: *best,
                    skill_ppm: entry.skill_ppm() as u32,
                    experience_ppm: tree.experience_of(*entry) as u32,
                    reliability_ppm: entry.reliability_ppm() as u32,
                    first,
                    count: group.len() as u16,
                    kind: NodeKind::Leaf(sets),
                };
                let singles = group.iter().zip(&members).map(single);
                level.extend(singles.reduce(|a, b| a.merge(&b)));
                first += group.len() as u32;
            }
            while level.len() > 1 {
                let mut parents = Vec::new();
                for group in level.chunks(FANOUT) {
                    let merged = group.iter().copied().reduce(|a, b| a.merge(&b));
                    parents.extend(merged.map(|node| Node {
                        first: (tree.nodes.len() + parents.len() * FANOUT) as u32,
                        count: group.len() as u16,
                        kind: NodeKind::Inner,
                        ..node
                    }));
                }
                tree.nodes.append(&mut level);
                level = parents;
            }
            let of_cell = cell
                .first()
                .and_then(|(_, entry)| everyone.get(entry.position() as usize));
            if let Some((candidate, root)) = of_cell.zip(level.pop()) {
                tree.cells.push(Cell {
                    area: candidate.area.unwrap_or(NOWHERE),
                    remote: candidate.remote.map_or(2, u8::from),
                    root,
                });
            }
        }
        tree
    }

    pub fn below(&self, node: &Node) -> Children<'_> {
        let range = node.first as usize..node.first as usize + usize::from(node.count);
        match node.kind {
            NodeKind::Inner => Children::Nodes(range),
            NodeKind::Leaf(sets) => {
                let sets = sets.and_then(|place| self.sets.get(place.get() as usize - 1));
                Children::Leaf(node.first, self.entries.get(range).unwrap_or_default(), sets)
            }
        }
    }

    /// Returns what the profile sees in an entry. The text is still unknown.
    #[inline(always)]
    pub fn scores_of(&self, entry: Entry) -> ProfileScores {
        ProfileScores {
            skill_ppm: entry.skill_ppm(),
            experience_ppm: self.experience_of(entry),
            reliability_ppm: entry.reliability_ppm(),
            text_ppm: 0,
        }
    }

    #[inline(always)]
    fn experience_of(&self, entry: Entry) -> u64 {
        self.experience_ppm(entry.deliveries())
    }

    #[inline(always)]
    fn experience_ppm(&self, deliveries: usize) -> u64 {
        self.experience_ppm
            .get(deliveries)
            .map_or(PPM, |ppm| u64::from(*ppm))
    }

    /// Returns what the profile sees in a candidate who has no entry, or `None` if it does not admit them.
    pub fn score(&self, candidate: &Candidate, population: &Population) -> Option<ProfileScores> {
        self.profile.admits(candidate, population).then(|| {
            let seen = seen_by(&self.profile, candidate, population);
            ProfileScores {
                skill_ppm: seen.skill_ppm,
                experience_ppm: self.experience_ppm(seen.deliveries.into()),
                reliability_ppm: seen.reliability_ppm,
                text_ppm: 0,
            }
        })
    }

    pub fn bytes(&self) -> usize {
        let tree = size_of_val(&self.entries[..]) + size_of_val(&self.nodes[..]);
        tree + self.positions.bytes() + size_of_val(&self.sets[..]) + size_of_val(&self.cells[..])
    }
}

/// What a profile sees in a candidate.
#[derive(Clone, Copy)]
struct Seen {
    skill_ppm: u64,
    deliveries: u8,
    reliability_ppm: u64,
}

fn seen_by(profile: &Profile, candidate: &Candidate, population: &Population) -> Seen {
    Seen {
        skill_ppm: profile.skill_ppm(candidate, population),
        deliveries: profile.deliveries(candidate).map_or(UNKNOWN, |n| n as u8),
        reliability_ppm: components::reliability(candidate, profile.key.role, population).ppm,
    }
}

fn experience_table(profile: &Profile, population: &Population) -> [u32; UNKNOWN as usize + 1] {
    std::array::from_fn(|n| match n as u8 {
        UNKNOWN => profile.usual_experience_ppm(population) as u32,
        n => experience_ppm(u64::from(n)) as u32,
    })
}
