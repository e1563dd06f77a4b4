//! Which spellings name the same organization?
//!
//! Two spellings in one area name the same organization if one of these holds:
//!
//! * They differ only in spaces, marks, width, old or new kanji, and legal form.
//! * They differ only in an ending such as 運営協議会 (the body that runs the place), or in 商店会 and 商店街.
//! * One is the legal entity that the other one has in brackets after a project's name.
//! * One is only the legal entity, or only the project, and the other one has both.
//!
//! Spellings that are merely similar are never grouped; `similar` lists them.

use super::evidence::Agreement;
use crate::organizations::names::{name_key, without_legal_form};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use strsim::osa_distance;
use text::fold;

const KINDS: [&str; 6] = [
    "商店会",
    "町会",
    "自治会",
    "社会福祉協議会",
    "地域福祉活動推進協議会",
    "老人クラブ",
];
/// The similarity from which two names agree as [`Agreement::Similar`].
const SIMILAR: f64 = 0.6;
const RUNNING_BODIES: [&str; 4] = ["運営協議会", "運営委員会", "実行委員会", "事務局"];

/// A spelling of a name, its area, and what the spelling reveals about the organization.
#[derive(Debug, Clone)]
pub struct Spelling {
    pub area: String,
    pub name: String,
    key: String,
    /// The key without an ending such as 運営協議会, and with 商店会 for 商店街.
    stem: String,
    /// The legal entity, if the name shows one: the first word after the legal form, or the text in brackets.
    entity: Option<String>,
    /// The project of that entity, if the name shows both.
    project: Option<String>,
}

impl Spelling {
    pub fn new(area: &str, name: &str) -> Spelling {
        let folded = fold(name);
        let (outer, bracket) = trailing_bracket(&folded);
        let in_bracket = bracket
            .map(without_legal_form)
            .filter(|(_, legal)| legal.is_some());
        let key = match (&in_bracket, bracket) {
            (Some(_), _) => name_key(outer),
            // Without a legal entity, a bracket holds an abbreviation or a reading: part of the name.
            _ => name_key(name),
        };
        let (bare, legal) = without_legal_form(name);
        let words: Vec<&str> = bare.split_whitespace().collect();
        let (entity, project) = match (in_bracket, legal, words.as_slice()) {
            (Some((entity, _)), ..) => (Some(name_key(&entity)), None),
            (None, Some(_), [entity, project @ ..]) => {
                let project = (!project.is_empty()).then(|| name_key(&project.concat()));
                (Some(name_key(entity)), project)
            }
            _ => (None, None),
        };
        Spelling {
            area: area.to_owned(),
            name: name.to_owned(),
            stem: stem(&key),
            key,
            entity,
            project,
        }
    }

    /// Returns the clues in this spelling, each with its kind, so that an entity is never taken for a name.
    /// Spellings in one area that share a name or an entity name the same organization; a project may be the
    /// name of another spelling.
    pub fn clues(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let names = [&self.key, &self.stem].into_iter().chain(&self.project);
        let names = names.map(|name| ("name", name.as_str()));
        names.chain(self.entity.iter().map(|entity| ("entity", entity.as_str())))
    }

    /// Returns the character pairs of the core, with its two ends. Similar names share some of them.
    pub fn grams(&self) -> BTreeSet<String> {
        let padded: Vec<char> = format!("^{}$", self.core()).chars().collect();
        padded.windows(2).map(String::from_iter).collect()
    }

    /// Compares two names. The areas don't matter here.
    pub fn agreement(&self, other: &Spelling) -> Agreement {
        let runs = |one: &Spelling, other: &Spelling| {
            one.entity.is_some() && other.entity.is_none() && one.project.as_ref() == Some(&other.key)
        };
        let mistyped = || {
            self.key.chars().count().min(other.key.chars().count()) >= 5
                && osa_distance(&self.key, &other.key) <= 1
        };
        if self.key == other.key || self.stem == other.stem {
            Agreement::Same
        } else if self.entity.is_some() && self.entity == other.entity
            || runs(self, other)
            || runs(other, self)
        {
            Agreement::Partial
        } else if are_similar(self.core(), other.core()) || mistyped() {
            Agreement::Similar
        } else {
            Agreement::Different
        }
    }

    /// Returns the stem without the word for the kind of organization, which many names share.
    fn core(&self) -> &str {
        let kind = KINDS.iter().find_map(|ending| self.stem.strip_suffix(ending));
        kind.filter(|own| !own.is_empty()).unwrap_or(&self.stem)
    }

    /// Returns the name in the form in which similarity is measured.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns how similar two names look, 0 to 1.
    pub fn similarity(&self, other: &Spelling) -> f64 {
        dice(&self.key, &other.key)
    }
}

/// Returns the Sørensen–Dice coefficient of character pairs. strsim has one too, but it divides by a number
/// of bytes, which is right only for ASCII.
fn dice(a: &str, b: &str) -> f64 {
    let pairs = |text: &str| -> Vec<(char, char)> { text.chars().zip(text.chars().skip(1)).collect() };
    let (one, mut other) = (pairs(a), pairs(b));
    let all = one.len() + other.len();
    let common = one.iter().filter(|pair| {
        let found = other.iter().position(|p| p == *pair);
        found.map(|i| other.swap_remove(i)).is_some()
    });
    let common = common.count();
    if all == 0 {
        0.0
    } else {
        2.0 * common as f64 / all as f64
    }
}

/// Returns whether two names are similar, both in their character pairs and in the order of their characters.
/// The same words in another order often name another organization (みんなのみたか, みたか・みんなの広場).
fn are_similar(a: &str, b: &str) -> bool {
    dice(a, b) >= SIMILAR && in_order(a, b) >= SIMILAR
}

/// Returns the share of the characters of both names that is in their longest common subsequence.
fn in_order(a: &str, b: &str) -> f64 {
    let other: Vec<char> = b.chars().collect();
    let all = a.chars().count() + other.len();
    // For each prefix of `b`: the length of its longest common subsequence with the part of `a` read so far.
    let mut longest = vec![0_usize; other.len()];
    for letter in a.chars() {
        let (mut shorter, mut before) = (0, 0);
        for (own, there) in longest.iter_mut().zip(&other) {
            let above = *own;
            *own = if *there == letter {
                shorter + 1
            } else {
                above.max(before)
            };
            (shorter, before) = (above, *own);
        }
    }
    let common = longest.last().copied().unwrap_or_default();
    if all == 0 {
        0.0
    } else {
        2.0 * common as f64 / all as f64
    }
}

/// Splits a trailing bracket off a name: ななテラス（NPO法人ドリームタウン）.
fn trailing_bracket(name: &str) -> (&str, Option<&str>) {
    let inside = name
        .trim_end()
        .strip_suffix(')')
        .and_then(|head| head.rsplit_once('('));
    inside.map_or((name, None), |(outer, inner)| (outer, Some(inner)))
}

fn stem(key: &str) -> String {
    let body = RUNNING_BODIES
        .iter()
        .find_map(|ending| key.strip_suffix(ending))
        .filter(|rest| !rest.is_empty());
    let key = body.unwrap_or(key);
    key.strip_suffix("商店街")
        .map_or_else(|| key.to_owned(), |street| format!("{street}商店会"))
}

/// Groups spellings into organizations. Each group is an ascending list of positions in `spellings`. A
/// spelling that belongs to two groups makes them one.
pub fn group(spellings: &[Spelling]) -> Vec<Vec<usize>> {
    let mut sets = Sets((0..spellings.len()).collect());
    let mut first: HashMap<(&str, &str, &str), usize> = HashMap::new();
    for (i, spelling) in spellings.iter().enumerate() {
        let identifying = spelling.entity.iter().map(|entity| ("entity", entity));
        let identifying = [("name", &spelling.key), ("stem", &spelling.stem)]
            .into_iter()
            .chain(identifying);
        for (kind, text) in identifying {
            let other = *first.entry((&spelling.area, kind, text)).or_insert(i);
            sets.join(i, other);
        }
    }
    // A project's name alone means its entity, if only one entity in the area has a project of that name.
    let mut owners: HashMap<(&str, &str), BTreeSet<usize>> = HashMap::new();
    for (i, spelling) in spellings.iter().enumerate() {
        if let Some(project) = &spelling.project {
            owners
                .entry((&spelling.area, project))
                .or_default()
                .insert(sets.root(i));
        }
    }
    for (i, spelling) in spellings.iter().enumerate().filter(|(_, s)| s.entity.is_none()) {
        let owners = owners.get(&(spelling.area.as_str(), spelling.key.as_str()));
        if let Some(owner) = owners
            .filter(|owners| owners.len() == 1)
            .and_then(BTreeSet::first)
        {
            sets.join(i, *owner);
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for i in 0..spellings.len() {
        groups.entry(sets.root(i)).or_default().push(i);
    }
    groups.into_values().collect()
}

/// Disjoint sets, as the parent of each position. The root of a set is its first position and its own parent.
struct Sets(Vec<usize>);

impl Sets {
    /// Shortens the way for those that come later, so that a long chain isn't walked again and again.
    fn root(&mut self, mut i: usize) -> usize {
        loop {
            let parent = self.0.get(i).copied().unwrap_or(i);
            let above = self.0.get(parent).copied().unwrap_or(parent);
            if parent == above {
                return parent;
            }
            if let Some(place) = self.0.get_mut(i) {
                *place = above;
            }
            i = above;
        }
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(parent) = self.0.get_mut(a.max(b)) {
            *parent = a.min(b);
        }
    }
}

/// Returns the best spelling of a group: one that is only the legal entity, or else the first.
pub fn best_name<'s>(group: &[usize], spellings: &'s [Spelling]) -> Option<&'s Spelling> {
    let of_group = || group.iter().filter_map(|i| spellings.get(*i));
    let entity_alone = |s: &&Spelling| s.entity.as_ref() == Some(&s.key) && s.project.is_none();
    of_group().find(entity_alone).or_else(|| of_group().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        group(&[Spelling::new("131199", one), Spelling::new("131199", other)]).len() == 1
    }

    #[test]
    fn groups_spellings_of_the_same_organization() {
        assert!(same("歌声広場よりみち", "歌声広場 よりみち"));
        assert!(same("みたか・みんなの広場", "みたか・みんなの広場運営協議会"));
        assert!(same("小金井市けやき通り商店会", "小金井市けやき通り商店街"));
        assert!(same(
            "NPO法人ドリームタウン",
            "NPO法人 ドリームタウン 地域リビング・プラスワン"
        ));
        assert!(same(
            "地域リビング プラスワン",
            "NPO法人 ドリームタウン 地域リビング・プラスワン"
        ));
        assert!(same(
            "ななテラス（NPO法人ドリームタウン）",
            "NPO法人ドリームタウン"
        ));
    }

    #[test]
    fn keeps_similar_names_separate() {
        assert!(!same("野川元気スクール", "元気スクールグループ"));
        assert!(!same("みんなのみたか", "みたか・みんなの広場"));
        assert!(!same("めじろ台安心ねっと", "めじろ台町会連絡協議会"));
        assert_eq!(
            group(&[
                Spelling::new("131041", "さくら会"),
                Spelling::new("131059", "さくら会")
            ])
            .len(),
            2
        );
    }

    #[test]
    fn ignores_a_project_name_that_two_entities_share() {
        let names = [
            "社会福祉法人 甲会 ひまわり苑",
            "社会福祉法人 乙会 ひまわり苑",
            "ひまわり苑",
        ];
        let spellings = names.map(|name| Spelling::new("131199", name));
        assert_eq!(group(&spellings).len(), 3);
        assert_eq!(group(&spellings[1..]).len(), 1);
    }

    #[test]
    fn compares_names() {
        let of =
            |one: &str, other: &str| Spelling::new("131199", one).agreement(&Spelling::new("131199", other));
        assert_eq!(of("櫻町會", "ＮＰＯ法人 桜町会"), Agreement::Same);
        assert_eq!(of("けやき通り商店街", "けやき通り商店会"), Agreement::Same);
        assert_eq!(
            of("NPO法人ドリームタウン", "ななテラス（NPO法人ドリームタウン）"),
            Agreement::Partial
        );
        assert_eq!(
            of(
                "地域リビング プラスワン",
                "NPO法人ドリームタウン 地域リビング・プラスワン"
            ),
            Agreement::Partial
        );
        assert_eq!(of("野川元気スクール", "元気スクールグループ"), Agreement::Similar);
        assert_eq!(of("ななしのひろば", "ななしのひろは"), Agreement::Similar);
        assert_eq!(
            of("小金井市さくら通り商店会", "小金井市けやき通り商店会"),
            Agreement::Different
        );
        assert_eq!(of("第一町会", "第二町会"), Agreement::Different);
        assert_eq!(of("みたか・みんなの広場", "みんなのみたか"), Agreement::Different);
        assert_eq!(
            of("千川地域福祉活動推進協議会", "境南地域福祉活動推進協議会"),
            Agreement::Different
        );
    }

    #[test]
    fn counts_common_character_pairs() {
        assert_eq!(dice("野川元気スクール", "元気スクールグループ"), 10.0 / 16.0);
        assert_eq!(dice("ああああ", "ああ"), 2.0 / 4.0);
        assert_eq!(
            (dice("", ""), dice("一", "一"), dice("night", "nacht")),
            (0.0, 0.0, 0.25)
        );
    }

    #[test]
    fn measures_the_common_subsequence() {
        assert_eq!(in_order("野川元気スクール", "元気スクールグループ"), 12.0 / 18.0);
        assert_eq!(in_order("みんなのみたか", "みたかみんなの広場"), 8.0 / 16.0);
        assert_eq!(
            (in_order("", ""), in_order("abc", "abc"), in_order("abcd", "xbyd")),
            (0.0, 1.0, 0.5)
        );
    }

    #[test]
    fn joins_two_groups_by_a_spelling_between_them() {
        let names = [
            "地域リビング プラスワン",
            "NPO法人ドリームタウン",
            "NPO法人 ドリームタウン 地域リビング・プラスワン",
        ];
        let spellings: Vec<_> = names.iter().map(|name| Spelling::new("131199", name)).collect();
        let groups = group(&spellings);
        assert_eq!(groups, [[0, 1, 2]]);
        assert_eq!(
            best_name(&groups[0], &spellings).unwrap().name,
            "NPO法人ドリームタウン"
        );
    }
}
