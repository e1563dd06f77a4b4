//! The words of requests and of evidence, judged by hand: who fits which request best, who nearly, in Japanese and in
//! English. The cosine has to put the right people first, and the right requests, and to tell good matches from others.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

use matcher::words::{Corpus, Piece};
use serde::Deserialize;

#[derive(Deserialize)]
struct Judged {
    requests: Vec<Request>,
    people: Vec<Person>,
}

#[derive(Deserialize)]
struct Request {
    id: String,
    text: String,
}

#[derive(Deserialize)]
struct Person {
    best: Vec<String>,
    near: Vec<String>,
    pieces: Vec<String>,
}

impl Person {
    fn grade(&self, request: &Request) -> u64 {
        let fits = |ids: &[String]| ids.contains(&request.id);
        if fits(&self.best) {
            2
        } else {
            u64::from(fits(&self.near))
        }
    }
}

fn is_english(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii())
}

/// Returns nDCG with gains 2^grade − 1, or `None` without a grade above 0.
fn ndcg(mut scored: Vec<(u64, u64)>) -> Option<f64> {
    let dcg = |grades: &[(u64, u64)]| -> f64 {
        let gains = grades.iter().zip(2u32..);
        gains
            .map(|((_, grade), rank)| ((1 << grade) - 1) as f64 / f64::from(rank).log2())
            .sum()
    };
    // Among equals, the worse one comes first.
    scored.sort_by_key(|(value, grade)| (std::cmp::Reverse(*value), *grade));
    let found = dcg(&scored);
    scored.sort_by_key(|(_, grade)| std::cmp::Reverse(*grade));
    let ideal = dcg(&scored);
    (ideal > 0.0).then(|| found / ideal)
}

fn mean(values: impl Iterator<Item = Option<f64>>) -> f64 {
    let values: Vec<f64> = values.flatten().collect();
    values.iter().sum::<f64>() / values.len() as f64
}

fn middle(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

#[test]
fn words_find_the_right_people_and_the_right_requests() {
    let judged: Judged = serde_json::from_str(include_str!("judged.json")).unwrap();
    let pieces: Vec<Vec<Piece>> = judged
        .people
        .iter()
        .map(|person| person.pieces.iter().map(|text| Piece::of(text)).collect())
        .collect();
    let corpus = Corpus::of(pieces.iter().flatten());
    let value = |request: &Request, own: &[Piece]| {
        let query = corpus.query(&Piece::of(&request.text));
        query.score(own, &corpus).unwrap().value_ppm
    };
    for english in [false, true] {
        let requests: Vec<&Request> = judged
            .requests
            .iter()
            .filter(|r| is_english(&r.text) == english)
            .collect();
        let people: Vec<(&Person, &[Piece])> = judged
            .people
            .iter()
            .zip(pieces.iter().map(Vec::as_slice))
            .filter(|(person, _)| is_english(&person.pieces[0]) == english)
            .collect();
        let pair = |request: &Request, (person, own): &(&Person, &[Piece])| {
            (value(request, own), person.grade(request))
        };
        let found = mean(
            requests
                .iter()
                .map(|r| ndcg(people.iter().map(|p| pair(r, p)).collect())),
        );
        let chosen = mean(
            people
                .iter()
                .map(|p| ndcg(requests.iter().map(|r| pair(r, p)).collect())),
        );
        assert!(
            found > 0.9 && chosen > 0.92,
            "english: {english}, people {found}, requests {chosen}"
        );
        let of_grade = |grade: u64| -> Vec<u64> {
            let pairs = requests.iter().flat_map(|r| people.iter().map(move |p| (r, p)));
            let pairs = pairs.map(|(r, p)| pair(r, p));
            pairs
                .filter(|(_, g)| *g == grade)
                .map(|(value, _)| value)
                .collect()
        };
        let (good, other) = (middle(of_grade(2)), middle(of_grade(0)));
        println!("english: {english}, people {found:.3}, requests {chosen:.3}, good {good}, other {other}");
        assert!(
            good > 500_000 && other < 250_000,
            "english: {english}, good {good}, other {other}"
        );
    }
}
