//! The sets of a leaf's entries turned on their side: a word for each element, a bit for each entry.

use super::traits::{FORMAT_UNKNOWN, PARTS_UNKNOWN, THEMES_UNKNOWN, Traits, theme_bit};
use crate::matcher::Need;

#[derive(Debug, Default)]
pub struct Sets {
    accepted: [u64; 8],
    preferred: [u64; 8],
    day_parts: [u64; 21],
    /// By theme modulo 32.
    themes: [u64; 32],
    format_unknown: u64,
    parts_unknown: u64,
    themes_unknown: u64,
}

impl Sets {
    /// Of at most 64 members.
    pub fn new<'t>(members: impl Iterator<Item = &'t Traits>) -> Sets {
        let mut sets = Sets::default();
        for (i, traits) in members.enumerate() {
            let bit = 1u64.checked_shl(i as u32).unwrap_or(0);
            let mark = |words: &mut [u64], mut set: u64| {
                while set != 0 {
                    if let Some(word) = words.get_mut(set.trailing_zeros() as usize) {
                        *word |= bit;
                    }
                    set &= set - 1;
                }
            };
            mark(&mut sets.accepted, traits.accepted.into());
            mark(&mut sets.preferred, traits.preferred.into());
            mark(&mut sets.day_parts, traits.day_parts.into());
            mark(&mut sets.themes, traits.themes | traits.themes >> 32);
            let flag = |flag: u16| if traits.has(flag) { bit } else { 0 };
            sets.format_unknown |= flag(FORMAT_UNKNOWN);
            sets.parts_unknown |= flag(PARTS_UNKNOWN);
            sets.themes_unknown |= flag(THEMES_UNKNOWN);
        }
        sets
    }

    /// A bit for each entry that may be what is looked for: who passes the gates, and has each thing without which even
    /// the best of the group would fall short. `reaches` tells whether somebody with these traits could.
    pub fn promising(&self, best: &Traits, need: &Need, reaches: impl Fn(&Traits) -> bool) -> u64 {
        let word = |words: &[u64], i: usize| words.get(i).copied().unwrap_or(0);
        let still = |change: &dyn Fn(&mut Traits)| {
            let mut weaker = *best;
            change(&mut weaker);
            reaches(&weaker)
        };
        // Who has not told stays where the usual answer is enough.
        let unknown = |bits: u64, change: &dyn Fn(&mut Traits)| {
            if bits != 0 && still(change) { bits } else { 0 }
        };
        let format = usize::from(need.format);
        let preferred = word(&self.preferred, format);
        let mut open = word(&self.accepted, format) | preferred | self.format_unknown;
        if preferred != 0 && !still(&|t| t.preferred = 0) {
            open &= preferred;
        }
        if need.day_parts != 0 {
            let unknown = unknown(self.parts_unknown, &|t| t.day_parts = 0);
            let (mut any, mut left) = (unknown, need.day_parts);
            while left != 0 {
                let part = left.trailing_zeros();
                left &= left - 1;
                let having = word(&self.day_parts, part as usize);
                any |= having;
                let without = |t: &mut Traits| {
                    t.day_parts &= !(1 << part);
                    t.flags &= !PARTS_UNKNOWN;
                };
                if !still(&without) {
                    open &= having | unknown;
                }
            }
            open &= any;
        }
        let mut usual = None;
        for theme in &need.themes {
            let without = |t: &mut Traits| {
                t.themes &= !theme_bit(*theme);
                t.flags &= !THEMES_UNKNOWN;
            };
            if !still(&without) {
                let usual = usual.get_or_insert_with(|| unknown(self.themes_unknown, &|t| t.themes = 0));
                open &= word(&self.themes, usize::from(theme % 32)) | *usual;
            }
        }
        open
    }
}
