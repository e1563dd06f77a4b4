//! Measures how often triage finds the deliverable type that a person would choose: `cargo test --test triage
//! -- --nocapture`.
//!
//! The cues were written with `troubles.csv` in view. `troubles_held_out.csv`, four troubles for each type,
//! was written later by two authors, one of whom never saw the cues. Nothing was tuned after it: the expected
//! type comes first for 92%, and is among the first three for 97%. Before the first file was read, half of it
//! gave 64% and 86%.
//!
//! `troubles_later.csv` was written in four parts. Before the cues were extended after each, the first three gave 82%,
//! 54% and 66% first, and 93%, 82% and 90% among three, other fitting types counted; the last, after that, 79% and 81%,
//! where the cues from before them all gave 64% and 86%.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

use musubi::catalogue::{Catalogue, Catalogues, store};
use musubi::config::ServedAreas;
use musubi::db::{self, Pool};
use musubi::http::Language;
use musubi::triage::{TriageRequest, TriageResult, Verdict};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
struct Row {
    trouble: String,
    expected: String,
    /// Other types that fit equally well, separated by |.
    also: String,
}

fn catalogue() -> Arc<Catalogue> {
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("triage.db").display());
    db::migrate(&url, &Default::default()).unwrap();
    let pool = Pool::open(&url, &Default::default()).unwrap();
    pool.write_blocking(store::seed).unwrap();
    let catalogues = Catalogues::new(&ServedAreas::default()).unwrap();
    pool.read_blocking(|db| catalogues.current(db)).unwrap()
}

/// Returns the number of rows, of rows whose first type is the expected one, and of rows with it among the
/// first three. The last two numbers repeat these with the other fitting types counted.
fn evaluate(file: &str) -> [usize; 5] {
    let catalogue = catalogue();
    let mut count = [0; 5];
    for row in csv::Reader::from_path(format!("tests/data/{file}"))
        .unwrap()
        .deserialize()
    {
        let Row {
            trouble,
            expected,
            also,
        } = row.unwrap();
        assert!(catalogue.types.get(&expected).is_some(), "{expected}");
        let request = TriageRequest { trouble, limit: None };
        let triaged = TriageResult::of(&request, &catalogue, Language::Ja);
        let found: Vec<&str> = triaged.items.iter().map(|item| item.type_.as_str()).collect();
        let fits = |found: &&str| *found == expected || also.split('|').any(|other| other == *found);
        count[0] += 1;
        count[1] += usize::from(found.first() == Some(&expected.as_str()));
        count[2] += usize::from(found.contains(&expected.as_str()));
        count[3] += usize::from(found.first().is_some_and(fits));
        count[4] += usize::from(found.iter().any(fits));
    }
    let percent = |n: usize| 100.0 * n as f64 / count[0] as f64;
    println!(
        "{file}: {} troubles; first {:.0}%, among three {:.0}%; with other fitting types: {:.0}%, {:.0}%",
        count[0],
        percent(count[1]),
        percent(count[2]),
        percent(count[3]),
        percent(count[4])
    );
    count
}

#[test]
fn finds_the_types_of_troubles_known_to_the_authors_of_the_cues() {
    let [all, first, three, ..] = evaluate("troubles.csv");
    assert!(first * 100 >= all * 90 && three * 100 >= all * 95);
}

#[test]
fn finds_the_types_of_fresh_troubles() {
    let [all, _, _, first, three] = evaluate("troubles_fresh.csv");
    assert_eq!(all, 50);
    assert!(first * 100 >= all * 88 && three * 100 >= all * 95);
}

#[test]
fn finds_the_types_of_later_troubles() {
    let [all, _, _, first, three] = evaluate("troubles_later.csv");
    assert!(first * 100 >= all * 95 && three * 100 >= all * 98);
}

/// A clear verdict is well ahead, and nothing comes first without a reason.
#[test]
fn verdicts_follow_the_confidence_and_have_reasons() {
    let catalogue = catalogue();
    let files = ["troubles.csv", "troubles_held_out.csv", "troubles_fresh.csv"];
    let rows = files.iter().flat_map(|file| {
        let mut reader = csv::Reader::from_path(format!("tests/data/{file}")).unwrap();
        reader.deserialize().map(Result::unwrap).collect::<Vec<Row>>()
    });
    let mut clear = (0, 0);
    for Row {
        trouble,
        expected,
        also,
    } in rows
    {
        let request = TriageRequest {
            trouble: trouble.clone(),
            limit: Some(20),
        };
        let triaged = TriageResult::of(&request, &catalogue, Language::Ja);
        let first = &triaged.items[0];
        assert!(!first.because.is_empty());
        assert_eq!(triaged.confident, triaged.verdict == Verdict::Clear);
        if triaged.verdict == Verdict::Unclear {
            assert_eq!(first.type_, "issue_workshop", "{trouble}");
            continue;
        }
        assert!(!first.matched_words.is_empty(), "{trouble}");
        let second = triaged.items.get(1).map_or(0, |item| item.confidence_ppm);
        if triaged.verdict == Verdict::Clear {
            assert!(
                first.confidence_ppm > second + 10_000,
                "{trouble}: {} {second}",
                first.confidence_ppm
            );
            let fits = first.type_ == expected.as_str() || also.split('|').any(|other| first.type_ == other);
            clear = (clear.0 + 1, clear.1 + usize::from(fits));
        }
    }
    println!("{} clear, {} of them right", clear.0, clear.1);
    assert!(clear.0 > 150 && clear.1 * 100 >= clear.0 * 95);
}

/// What a trouble says no to isn't suggested, and a word that several needs share makes none of them clear.
#[test]
fn what_is_not_wanted_or_only_mentioned_does_not_come_first() {
    let catalogue = catalogue();
    for (trouble, wrong) in [
        ("チラシは要りません。動画を作りたい", "flyer"),
        ("ホームページではなくSNSで発信したい", "website"),
        ("チラシ以外の方法で知ってもらいたい", "flyer"),
        ("ホームページはもうあるので、SNSで発信したい", "website"),
        ("ホームページの制作は不要。SNSの使い方を知りたい", "website"),
        ("SNSは使わないので、紙のお知らせを出したい", "sns_use"),
        ("チラシやポスターは要りません。動画がほしい", "flyer"),
        ("We don't need a website. A flyer, please.", "website"),
        ("寄付をしてくれた人にお礼と報告を送る仕組みがない", "crowdfunding"),
        ("外国人の住民にやさしい日本語のお知らせを作りたい", "other"),
    ] {
        let request = TriageRequest {
            trouble: trouble.to_owned(),
            limit: None,
        };
        let triaged = TriageResult::of(&request, &catalogue, Language::Ja);
        let first = triaged.items[0].type_.as_str();
        assert_ne!(first, wrong, "{trouble}");
    }
}

/// Orders that come by phone need a form, and no material for selling.
#[test]
fn orders_and_reservations_by_phone_need_online_tools() {
    let catalogue = catalogue();
    for (trouble, expected) in [
        ("お弁当の注文を電話で受けていて聞き間違いが多い", "online_tools"),
        (
            "電話で注文を受けているので、書き間違いや聞き漏らしがあります。",
            "online_tools",
        ),
        ("予約の電話が鳴りっぱなしで手間がかかる", "online_tools"),
        (
            "講座の申込みを電話で受けていて、名前を聞き間違える",
            "online_tools",
        ),
        ("配食の注文を電話で受けていて間違いが多い", "online_tools"),
        ("宅配弁当の注文電話が多くて対応しきれない", "online_tools"),
        ("配食の注文の取り違えが多い", "online_tools"),
        ("お弁当を企業に売り込みたい", "sales_material"),
        ("お弁当の注文が少ない。企業にも広げたい", "sales_material"),
    ] {
        let request = TriageRequest {
            trouble: trouble.to_owned(),
            limit: None,
        };
        let triaged = TriageResult::of(&request, &catalogue, Language::Ja);
        assert_eq!(triaged.items[0].type_.as_str(), expected, "{trouble}");
    }
}

#[test]
fn finds_the_types_of_most_held_out_troubles() {
    let [all, first, three, ..] = evaluate("troubles_held_out.csv");
    assert!(first * 100 >= all * 88 && three * 100 >= all * 93);
}
