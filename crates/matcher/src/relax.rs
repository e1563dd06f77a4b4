//! Relaxations: requirements that a need could drop or lower, so that more candidates pass.

use super::gates::{self, GATES, Gate};
use super::{Candidate, EntryNo, Need, Population};
use std::sync::Arc;

/// One requirement relaxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relaxation {
    AcceptRemote,
    Format {
        format: EntryNo,
    },
    AnyDates,
    AnyDayParts,
    /// The index of the qualification in the need's list.
    Qualification {
        position: usize,
    },
    /// A must-have skill becomes a wish.
    MustHave {
        role: usize,
        skill: EntryNo,
    },
    /// A must-have skill is required at one level less.
    MustHaveLevel {
        role: usize,
        skill: EntryNo,
        to: u8,
    },
}

/// Lists every single relaxation of a need. `formats` is the number of formats.
pub fn relaxations(need: &Need, formats: EntryNo) -> Vec<Relaxation> {
    let mut all = Vec::new();
    all.extend((!need.remote).then_some(Relaxation::AcceptRemote));
    all.extend(
        (0..formats)
            .filter(|f| *f != need.format)
            .map(|format| Relaxation::Format { format }),
    );
    all.extend((need.starts_on.is_some() || need.ends_on.is_some()).then_some(Relaxation::AnyDates));
    all.extend((need.day_parts != 0).then_some(Relaxation::AnyDayParts));
    all.extend((0..need.qualifications.len()).map(|position| Relaxation::Qualification { position }));
    for (role, asked) in need.roles.iter().enumerate() {
        for wish in asked.wishes.iter().filter(|wish| wish.must_have) {
            let (skill, to) = (wish.skill, wish.level - 1);
            all.extend((to > 0).then_some(Relaxation::MustHaveLevel { role, skill, to }));
            all.push(Relaxation::MustHave { role, skill });
        }
    }
    all
}

impl Relaxation {
    /// Returns the need with this requirement relaxed.
    pub fn apply(self, need: &Need) -> Need {
        let mut relaxed = need.clone();
        let mut wishes = |role: usize, skill: EntryNo, change: &dyn Fn(&mut super::Wish)| {
            let role = relaxed.roles.get_mut(role);
            let wishes = role.into_iter().flat_map(|role| &mut role.wishes);
            wishes.filter(|wish| wish.skill == skill).for_each(change);
        };
        match self {
            Relaxation::MustHave { role, skill } => wishes(role, skill, &|wish| wish.must_have = false),
            Relaxation::MustHaveLevel { role, skill, to } => wishes(role, skill, &|wish| wish.level = to),
            Relaxation::AcceptRemote => relaxed.remote = true,
            Relaxation::Format { format } => relaxed.format = format,
            Relaxation::AnyDates => (relaxed.starts_on, relaxed.ends_on) = (None, None),
            Relaxation::AnyDayParts => relaxed.day_parts = 0,
            Relaxation::Qualification { position } => {
                if position < relaxed.qualifications.len() {
                    relaxed.qualifications.remove(position);
                }
            }
        }
        relaxed
    }
}

/// Counts, for each gate, the candidates who fail that gate only and would pass without it, in at least one
/// role.
pub fn passing_without<'a>(
    everyone: impl Iterator<Item = &'a Arc<Candidate>>,
    need: &Need,
    only: Option<usize>,
    population: &Population,
) -> Vec<(Gate, usize)> {
    let mut counts = [0; GATES.len()];
    let roles = || {
        need.roles
            .iter()
            .enumerate()
            .filter(|(i, _)| only.is_none_or(|only| only == *i))
    };
    for candidate in everyone {
        let mut sole: Vec<Gate> = Vec::new();
        let mut passes = false;
        for (_, role) in roles() {
            match gates::gate(candidate, need, role, population).failed[..] {
                [] => passes = true,
                [gate] => sole.push(gate),
                _ => {}
            }
        }
        sole.sort_unstable();
        sole.dedup();
        for gate in sole.into_iter().filter(|_| !passes) {
            if let Some(count) = counts.get_mut(gate as usize) {
                *count += 1;
            }
        }
    }
    GATES.into_iter().zip(counts).collect()
}
