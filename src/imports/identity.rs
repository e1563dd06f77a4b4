//! Which spellings are one organization?
//!
//! Two spellings of one area are one where the evidence is good: the same name but for spaces, marks, width and
//! legal form; the same but for the ending that a body running something takes (運営協議会), or for 商店会 and
//! 商店街; the legal entity in brackets behind a project's name; the legal entity, or the project, of a name that
//! has both. What merely looks alike is listed and never merged.

use crate::matcher::text::fold;
use crate::organizations::names::{name_key, without_legal_form};

/// Two organizations that may be one; a person has to say.
#[derive(Debug, Clone, PartialEq)]
pub struct Doubtful {
    pub area: String,
    pub one: String,
    pub other: String,
    /// Sørensen and Dice's coefficient of the names' character pairs, 0 to 1.
    pub similarity: f64,
}

/// From here on two names of one area are listed as doubtful.
const DOUBTFUL: f64 = 0.5;
const RUNNING_BODIES: [&str; 4] = ["運営協議会", "運営委員会", "実行委員会", "事務局"];

/// One spelling in one area, and what it shows of who is meant.
#[derive(Debug, Clone)]
pub struct Spelling {
    pub area: String,
    pub name: String,
    key: String,
    /// The key without what varies in names of its kind.
    stem: String,
    /// The legal entity, where the name shows one: its first word behind the legal form, or what stands in brackets.
    entity: Option<String>,
    /// The project of that entity, where the name shows both.
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
            // A bracket that names no legal entity is an abbreviation or a reading: part of the name.
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

    /// Whether the evidence is good that both are one organization.
    pub fn is_same(&self, other: &Spelling) -> bool {
        self.area == other.area
            && (self.key == other.key
                || self.stem == other.stem
                || (self.entity.is_some() && self.entity == other.entity)
                || self.is_project_of(other)
                || other.is_project_of(self))
    }

    fn is_project_of(&self, other: &Spelling) -> bool {
        other.project.as_ref() == Some(&self.key)
    }

    /// How alike two names look, in one area.
    fn similarity(&self, other: &Spelling) -> f64 {
        if self.area == other.area {
            dice(&self.key, &other.key)
        } else {
            0.0
        }
    }
}

/// Sørensen and Dice's coefficient of character pairs. (strsim's counts bytes in its denominator, which is right
/// for ASCII only.)
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

/// "ななテラス（NPO法人ドリームタウン）" is the name and what stands in its last bracket.
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

/// Groups spellings into organizations: each group is a list of positions, the first one first.
pub fn group(spellings: &[Spelling]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (i, spelling) in spellings.iter().enumerate() {
        let same = |group: &Vec<usize>| {
            group
                .iter()
                .filter_map(|j| spellings.get(*j))
                .any(|s| s.is_same(spelling))
        };
        // A spelling may show that two groups are one.
        let (mut merged, others): (Vec<_>, Vec<_>) = groups.into_iter().partition(same);
        groups = others;
        merged.push(vec![i]);
        let mut group = merged.concat();
        group.sort_unstable();
        groups.push(group);
    }
    groups.sort();
    groups
}

/// The spelling that names a group: one of the legal entity alone if there is one, else the first.
pub fn best_name<'s>(group: &[usize], spellings: &'s [Spelling]) -> Option<&'s Spelling> {
    let of_group = || group.iter().filter_map(|i| spellings.get(*i));
    let entity_alone = |s: &&Spelling| s.entity.as_ref() == Some(&s.key) && s.project.is_none();
    of_group().find(entity_alone).or_else(|| of_group().next())
}

/// Pairs of groups whose names look alike.
pub fn doubtful(groups: &[Vec<usize>], spellings: &[Spelling]) -> Vec<Doubtful> {
    let mut pairs = Vec::new();
    for (i, one) in groups.iter().enumerate() {
        for other in groups.iter().skip(i + 1) {
            let all = one.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
            let scored = all.filter_map(|(a, b)| {
                let (a, b) = (spellings.get(*a)?, spellings.get(*b)?);
                Some((a.similarity(b), a, b))
            });
            let best = scored
                .max_by(|x, y| x.0.total_cmp(&y.0))
                .filter(|(similarity, ..)| *similarity >= DOUBTFUL);
            pairs.extend(best.map(|(similarity, a, b)| Doubtful {
                area: a.area.clone(),
                one: a.name.clone(),
                other: b.name.clone(),
                similarity,
            }));
        }
    }
    pairs.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        Spelling::new("131199", one).is_same(&Spelling::new("131199", other))
    }

    #[test]
    fn good_evidence_makes_one_organization() {
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
    fn mere_likeness_does_not() {
        assert!(!same("野川元気スクール", "元気スクールグループ"));
        assert!(!same("みんなのみたか", "みたか・みんなの広場"));
        assert!(!same("めじろ台安心ねっと", "めじろ台町会連絡協議会"));
        assert!(!Spelling::new("131041", "さくら会").is_same(&Spelling::new("131059", "さくら会")));
    }

    #[test]
    fn likeness_counts_common_pairs() {
        assert_eq!(dice("野川元気スクール", "元気スクールグループ"), 10.0 / 16.0);
        assert_eq!(dice("ああああ", "ああ"), 2.0 / 4.0);
        assert_eq!(
            (dice("", ""), dice("一", "一"), dice("night", "nacht")),
            (0.0, 0.0, 0.25)
        );
    }

    #[test]
    fn a_spelling_in_between_joins_two_groups() {
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
