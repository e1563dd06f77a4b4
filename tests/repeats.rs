//! Measures how well repeated organizations are found in the published archive. Run it with
//! `cargo test --test repeats -- --nocapture`.
//!
//! `archive_repeats.csv` has every pair of spellings of the same organization, and pairs that look similar
//! but are different organizations. The pairs were labelled by a person who did not know the rules. (Three of
//! the five groups are also named where the archive is described.) A pair counts as found if it is merged or
//! proposed to a person. Precision has to be at least 0.95 and recall at least 0.9.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

use musubi::duplicates::candidates::Record;
use musubi::duplicates::evidence::{Agreement, Compared, Field, PROPOSED, reasons, score};
use musubi::duplicates::groups::Group;
use musubi::duplicates::similar::similar_names;
use musubi::duplicates::spellings::{Spelling, group};
use musubi::organizations::NewOrganization;
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Pair {
    /// The area of both, or the two areas separated by |.
    area: String,
    one: String,
    other: String,
    same: String,
}

fn spellings(pairs: &[Pair]) -> Vec<Spelling> {
    let mut named = BTreeSet::new();
    for pair in pairs {
        let (one, other) = pair.area.split_once('|').unwrap_or((&pair.area, &pair.area));
        named.insert((one, pair.one.as_str()));
        named.insert((other, pair.other.as_str()));
    }
    named
        .into_iter()
        .map(|(area, name)| Spelling::new(area, name))
        .collect()
}

fn shares_a_key(pair: &Pair) -> bool {
    let keys = |name: &str| {
        let details = serde_json::json!({"name": name, "area": pair.area});
        Group::of(&serde_json::from_value::<NewOrganization>(details).unwrap()).keys()
    };
    !keys(&pair.one).is_disjoint(&keys(&pair.other))
}

#[test]
fn finds_the_repeats_of_the_archive_and_nothing_else() {
    let text = include_str!("data/archive_repeats.csv");
    let pairs: Vec<Pair> = csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .map(Result::unwrap)
        .collect();
    let spellings = spellings(&pairs);
    let groups = group(&spellings);
    let of = |area: &str, name: &str| {
        groups.iter().position(|g| {
            g.iter()
                .any(|i| spellings[*i].area == area && spellings[*i].name == name)
        })
    };
    let is_proposed = |pair: &Pair| {
        let one = Spelling::new(&pair.area, &pair.one);
        let agreement = one.agreement(&Spelling::new(&pair.area, &pair.other));
        let compared = [(Field::Name, agreement), (Field::Area, Agreement::Same)];
        // No rule compares across wards, and only records that share a key are compared.
        !pair.area.contains('|')
            && shares_a_key(pair)
            && score(
                Compared::Organizations,
                &reasons(Compared::Organizations, &compared),
            ) >= PROPOSED
    };
    let named = |pair: &Pair| format!("{} / {}", pair.one, pair.other);
    let (mut right, mut merged, mut wrong, mut missed) = (0.0, 0.0, Vec::new(), Vec::new());
    for pair in &pairs {
        let (one, other) = pair.area.split_once('|').unwrap_or((&pair.area, &pair.area));
        let is_merged = of(one, &pair.one) == of(other, &pair.other);
        match (is_merged || is_proposed(pair), pair.same.as_str()) {
            (true, "yes") => right += 1.0,
            (true, _) => wrong.push(named(pair)),
            (false, "yes") => missed.push(named(pair)),
            (false, _) => {}
        }
        merged += f64::from(u8::from(is_merged));
        assert!(!is_merged || pair.same == "yes", "{}", named(pair));
    }
    let (precision, recall) = (
        right / (right + wrong.len() as f64),
        right / (right + missed.len() as f64),
    );
    println!(
        "{} pairs: precision {precision:.2}, recall {recall:.2} ({merged} of {right} merged)",
        pairs.len()
    );
    println!("wrong {wrong:?}, missed {missed:?}");
    assert!(precision >= 0.95 && recall >= 0.9, "{precision} {recall}");
    // This pair is in two wards: one is a facility of the other.
    assert_eq!(
        missed,
        ["東中野キングス・ガーデン / 社会福祉法人キングス・ガーデン東京"]
    );
    // The import of an archive also lists doubtful pairs.
    let listed = similar_names(&groups, &spellings, 0, &|| Ok(())).unwrap();
    let names = ["野川元気スクール", "元気スクールグループ"];
    assert!(
        listed
            .pairs
            .iter()
            .any(|d| names.contains(&d.one.as_str()) && names.contains(&d.other.as_str()))
    );
}
