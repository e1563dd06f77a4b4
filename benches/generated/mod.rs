//! Data for the benches: the demonstration's roster in any size, and needs drawn from the catalogue's types.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use matcher::words::Piece;
use matcher::*;
use musubi::catalogue::{Catalogue, Catalogues, calendar};
use musubi::config::ServedAreas;
use musubi::db::{self, Pool};
use musubi::demo::roster;
use musubi::matches::encode;
use std::sync::Arc;

pub fn catalogue() -> Arc<Catalogue> {
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("bench.db").display());
    db::migrate(&url, &Default::default()).unwrap();
    let pool = Pool::open(&url, &Default::default()).unwrap();
    pool.write_blocking(musubi::catalogue::store::seed).unwrap();
    let catalogues = Catalogues::new(&ServedAreas::default()).unwrap();
    pool.read_blocking(|db| catalogues.current(db)).unwrap()
}

/// Draws a need of a random type, in a place where workers live, with the words of one of the demonstration's
/// requests.
fn need(draw: &mut Draw, id: u128, catalogue: &Catalogue, words: &[(String, String)], areas: &[u16]) -> Need {
    let types: Vec<_> = catalogue.types.iter().map(|entry| &entry.definition).collect();
    let kind = types[draw.below(types.len() as u64) as usize];
    let wish = |wish: &musubi::catalogue::SkillWish| Wish {
        skill: catalogue.skills.position(&wish.skill).unwrap(),
        level: wish.level,
        weight: wish.weight,
        must_have: wish.must_have,
    };
    let role = |role: &musubi::catalogue::RoleWish| RoleNeed {
        role: catalogue.roles.position(&role.role).unwrap(),
        places: role.places,
        wishes: role.skills.iter().map(wish).collect(),
    };
    let (title, trouble) = &words[draw.below(words.len() as u64) as usize];
    let parts = [15, 16, 18, 19, 2, 5, 8, 11, 14];
    let themes = catalogue.themes.len() as u64;
    Need {
        id,
        family: catalogue.family_position(&kind.family).unwrap(),
        format: draw.below(6) as u16,
        area: areas[draw.below(areas.len() as u64) as usize],
        remote: draw.chance(40),
        hours_per_week: 2 + draw.below(8) as u16,
        day_parts: if draw.chance(80) {
            (0..3).fold(0, |set, _| set | 1 << parts[draw.below(9) as usize])
        } else {
            0
        },
        themes: (0..1 + draw.below(3))
            .map(|_| draw.below(themes) as u16)
            .collect(),
        roles: kind.roles.iter().map(role).collect(),
        words: Piece::of(&format!("{title}\n{trouble}")),
        ..Need::default()
    }
}

fn today() -> chrono::NaiveDate {
    chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()
}

pub fn everyone(catalogue: &Catalogue, size: u64) -> Vec<Arc<Candidate>> {
    let workers = roster::roster(catalogue, today(), size).unwrap();
    workers
        .map(|worker| Arc::new(encode::candidate(&worker, catalogue)))
        .collect()
}

pub fn population(everyone: &[Arc<Candidate>], catalogue: &Catalogue) -> Arc<Population> {
    let (geography, tree) = (Arc::clone(&catalogue.geography), Arc::clone(&catalogue.tree));
    let today = calendar::day_number(today());
    Arc::new(Population::of(
        everyone,
        today,
        geography,
        tree,
        catalogue.themes.len(),
    ))
}

pub fn needs(draw: &mut Draw, count: u128, catalogue: &Catalogue, everyone: &[Arc<Candidate>]) -> Vec<Need> {
    let words: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../../src/demo/requests.json")).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let words: Vec<(String, String)> = words
        .iter()
        .map(|w| (text(&w["title"]), text(&w["trouble"])))
        .collect();
    let areas: Vec<u16> = everyone.iter().filter_map(|c| c.area).take(10_000).collect();
    (0..count)
        .map(|id| need(draw, id, catalogue, &words, &areas))
        .collect()
}
