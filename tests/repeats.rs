//! How well repeats are found in the published archive: `cargo test --test repeats -- --nocapture`.
//!
//! `archive_repeats.csv` has every pair of spellings that is one organization, and those that look alike and are not,
//! judged by somebody who did not know the rules (three of the five groups are also named where the archive is
//! described). What is taken for one without asking has to be right 95 times in 100, and to be found 9 times in 10; what
//! merely looks alike is listed for a person.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

use musubi::duplicates::evidence::{Agreement, Compared, Field, PROPOSED, reasons, score};
use musubi::duplicates::spellings::{Spelling, doubtful, group};
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Pair {
    /// Of both, or of each, parted by |.
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

#[test]
fn the_repeats_of_the_archive_are_found_and_nothing_else() {
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
    let (mut found, mut wrong, mut missed) = (0.0, Vec::new(), Vec::new());
    for pair in &pairs {
        let (one, other) = pair.area.split_once('|').unwrap_or((&pair.area, &pair.area));
        let is_taken_for_one = of(one, &pair.one) == of(other, &pair.other);
        match (is_taken_for_one, pair.same.as_str()) {
            (true, "yes") => found += 1.0,
            (true, _) => wrong.push(format!("{} = {}", pair.one, pair.other)),
            (false, "yes") => missed.push(format!("{} / {}", pair.one, pair.other)),
            (false, _) => {}
        }
    }
    let (precision, recall) = (
        found / (found + wrong.len() as f64),
        found / (found + missed.len() as f64),
    );
    println!(
        "{} pairs: precision {precision:.2}, recall {recall:.2}; wrong {wrong:?}, missed {missed:?}",
        pairs.len()
    );
    let within: Vec<&str> = missed
        .iter()
        .map(String::as_str)
        .filter(|m| !m.contains("キングス"))
        .collect();
    // The one in two wards is a house of that corporation; no rule looks across wards.
    assert_eq!(within, ["野川元気スクール / 元気スクールグループ"]);
    assert!(wrong.is_empty(), "{wrong:?}");
    let within_recall = found / (found + within.len() as f64);
    assert!(
        precision >= 0.95 && within_recall >= 0.9,
        "{precision} {within_recall}"
    );
    // What is proposed at `/v1/duplicates`, where each name is a record of its own.
    let (mut right, mut of_proposed, mut of_same) = (0.0, 0.0, 0.0);
    for pair in pairs.iter().filter(|pair| !pair.area.contains('|')) {
        let one = Spelling::new(&pair.area, &pair.one);
        let agreement = one.agreement(&Spelling::new(&pair.area, &pair.other));
        let reasons = reasons(
            Compared::Organizations,
            &[(Field::Name, agreement), (Field::Area, Agreement::Same)],
        );
        let (is_proposed, is_same) = (
            score(Compared::Organizations, &reasons) >= PROPOSED,
            pair.same == "yes",
        );
        of_proposed += f64::from(u8::from(is_proposed));
        of_same += f64::from(u8::from(is_same));
        right += f64::from(u8::from(is_proposed && is_same));
        if is_proposed != is_same {
            println!("{} / {}: {agreement:?}", pair.one, pair.other);
        }
    }
    println!("proposed: {of_proposed}, right {right} of {of_same}");
    // The two of an entity and its project that only a third spelling connects are beyond a comparison of two records;
    // three pairs of other names that look alike are for a person to part.
    assert!(right >= 8.0 && of_proposed <= right + 3.0);
    // What is missed within a ward is listed for somebody to look at.
    let listed = doubtful(&groups, &spellings);
    let names = ["野川元気スクール", "元気スクールグループ"];
    assert!(
        listed
            .iter()
            .any(|d| names.contains(&d.one.as_str()) && names.contains(&d.other.as_str()))
    );
}
