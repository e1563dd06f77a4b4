//! Computes the same ranking with other tools: `cargo bench --bench peers [-- SIZE]`.
//!
//! * PostgreSQL scores in SQL: arrays with a GIN index for the role, integer arithmetic for the rest, and a
//!   sort for the best 50. The bench asserts that these are the same 50 in the same order. It skips
//!   PostgreSQL if its server isn't installed.
//! * A full-text engine preselects candidates, and our matcher scores them, as fast engines do. SQLite's
//!   full-text search with BM25 over roles and skills is the engine. The bench measures the recall of the
//!   true 50.
//!
//! Text has no weight here, because no other tool finds the best of several pieces. Each need has one role.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

#[path = "../tests/cluster/mod.rs"]
mod cluster;
mod generated;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};
use generated::{catalogue, everyone, needs, population};
use matcher::fit::FLOOR;
use matcher::index::{CandidateIndex, RankRange};
use matcher::population::NEUTRAL_PPM;
use matcher::ppm::PPM;
use matcher::profile::ProfileKey;
use matcher::*;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

const SEED: u64 = 7;
const TOP: usize = 50;
const ASKED: usize = 40;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Integer)]
    position: i32,
    #[diesel(sql_type = BigInt)]
    fit: i64,
}

/// Returns `n / d` in SQL, rounded half up.
fn ratio(numerator: &str, denominator: u64) -> String {
    format!("(({numerator}) + {}) / {denominator}", denominator / 2)
}

fn array<T: std::fmt::Display>(items: impl Iterator<Item = T>, kind: &str) -> String {
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    format!("'{{{}}}'::{kind}[]", items.join(","))
}

fn or_null<T: std::fmt::Display>(value: Option<T>) -> String {
    value.map_or("NULL".into(), |value| value.to_string())
}

/// Returns one row. Whatever does not depend on the need is computed here.
fn row(
    position: usize,
    c: &Candidate,
    catalogue: &musubi::catalogue::Catalogue,
    population: &Population,
) -> String {
    let levels = c.skills.as_ref().map(|skills| {
        let of = |skill: u16| {
            skills
                .iter()
                .filter(|(s, _)| *s == skill)
                .map(|(_, level)| *level)
                .max()
                .unwrap_or(0)
        };
        array((0..catalogue.skills.len() as u16).map(of), "smallint")
    });
    let past = |of: fn(&PastDeliveries) -> u16| {
        c.experience
            .as_ref()
            .map(|all| array(all.iter().map(of), "smallint"))
    };
    let formats = c.accepted_formats.map(|accepted| accepted | c.preferred_formats);
    // A worker who has not answered may offer any role.
    let roles = c.roles.as_ref().map_or("'{-1}'::smallint[]".into(), |roles| {
        array(roles.iter(), "smallint")
    });
    format!(
        "({position},{},{roles},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{})",
        c.active && c.consented && c.open_load < c.capacity,
        or_null(levels),
        or_null(past(|d| d.family)),
        or_null(past(|d| d.role)),
        or_null(past(|d| d.count)),
        or_null(formats),
        c.preferred_formats,
        or_null(c.hours_per_week),
        or_null(c.day_parts),
        or_null(c.area),
        or_null(c.travel_limit_km),
        or_null(c.remote),
        or_null(c.themes.as_ref().map(|themes| array(themes.iter(), "smallint"))),
        c.record.map_or(0, |(completed, _)| completed),
        c.record.map_or(0, |(_, dropped)| dropped),
        components::responsiveness(c, population).ppm,
    )
}

fn load(
    db: &mut PgConnection,
    everyone: &[Arc<Candidate>],
    catalogue: &musubi::catalogue::Catalogue,
    population: &Population,
) {
    db.batch_execute(
        "CREATE TABLE workers (position integer, open boolean, roles smallint[], levels smallint[],
            past_families smallint[], past_roles smallint[], past_counts smallint[], formats integer, preferred integer,
            hours bigint, parts integer, area integer, travel bigint, remote boolean, themes smallint[],
            completed bigint, dropped bigint, responsiveness bigint)",
    )
    .unwrap();
    for (chunk, some) in everyone.chunks(1_000).enumerate() {
        let rows: Vec<String> = some
            .iter()
            .enumerate()
            .map(|(i, c)| row(chunk * 1_000 + i, c, catalogue, population))
            .collect();
        db.batch_execute(&format!("INSERT INTO workers VALUES {}", rows.join(",")))
            .unwrap();
    }
    db.batch_execute("CREATE INDEX workers_roles ON workers USING gin (roles) WHERE open")
        .unwrap();
    db.batch_execute("VACUUM ANALYZE workers").unwrap();
}

/// Returns the whole model for one role of a need as one statement.
fn statement(query: &Query, catalogue: &musubi::catalogue::Catalogue) -> String {
    let (need, population) = (query.need, query.population);
    let (role, profile) = (&need.roles[0], &query.profiles()[0]);
    let skills = catalogue.skills.len() as u16;
    // The value of each skill at each level for a wish, computed by the matcher.
    let quality = |wish: &formulas::CreditedWish| {
        let mut best = String::from("GREATEST(0");
        for skill in 0..skills {
            let worth: Vec<u64> = (0..=5).map(|level| wish.quality(&[(skill, level)]).0).collect();
            if worth[5] > 0 {
                write!(
                    best,
                    ",({})[levels[{}]+1]",
                    array(worth.into_iter(), "bigint"),
                    skill + 1
                )
                .unwrap();
            }
        }
        best + ")"
    };
    let wishes: Vec<String> = profile.wishes.iter().map(quality).collect();
    let weights: u64 = profile
        .wishes
        .iter()
        .map(|wish| u64::from(wish.wish.weight))
        .sum();
    let skill = if wishes.is_empty() {
        PPM.to_string()
    } else {
        let sum: Vec<String> = wishes
            .iter()
            .zip(&profile.wishes)
            .map(|(quality, wish)| format!("{}*{quality}", wish.wish.weight))
            .collect();
        let known = ratio(
            &format!("7*({}) + 3*{weights}*LEAST({})", sum.join("+"), wishes.join(",")),
            10 * weights,
        );
        format!(
            "CASE WHEN levels IS NULL THEN {} ELSE {known} END",
            profile.skill_ppm(&Candidate::default(), population)
        )
    };
    let musts = profile
        .wishes
        .iter()
        .filter(|wish| wish.wish.must_have)
        .map(|wish| {
            let enough = (0..skills).filter(|skill| population.tree.holds(&[(*skill, 5)], &wish.wish));
            let held: Vec<String> = enough
                .map(|skill| format!("levels[{}] >= {}", skill + 1, wish.wish.level))
                .collect();
            format!("AND (levels IS NULL OR {})", held.join(" OR "))
        });
    let musts: Vec<String> = musts.collect();
    let worth = array(
        (0..=formulas::MOST_DELIVERIES).map(formulas::experience_ppm),
        "bigint",
    );
    let experience = format!(
        "CASE WHEN past_counts IS NULL THEN {} ELSE ({worth})[1 + LEAST({}, (SELECT COALESCE(SUM(n), 0) FROM
            unnest(past_families, past_roles, past_counts) AS past(f, r, n) WHERE f = {} OR r = {}))] END",
        profile.usual_experience_ppm(population),
        formulas::MOST_DELIVERIES,
        need.family,
        role.role
    );
    let hours = format!(
        "CASE WHEN hours IS NULL THEN {} ELSE LEAST({PPM}, {}) END",
        components::usual_hours_ppm(need, population),
        ratio(&format!("5*hours*{PPM}"), 6 * u64::from(need.hours_per_week))
    );
    let asked = u64::from(need.day_parts.count_ones());
    let parts = match asked {
        0 => PPM.to_string(),
        _ => format!(
            "COALESCE({}, {})",
            ratio(
                &format!("bit_count((parts & {})::bit(32))*{PPM}", need.day_parts),
                asked
            ),
            components::usual_parts_ppm(need, population)
        ),
    };
    let availability = ratio(&format!("({hours})*({parts})"), PPM);
    // By place and answer, computed by the matcher.
    let areas = catalogue.fixed.areas.all.len() as u16;
    let at = |remote: Option<bool>| {
        let from = |area: Option<u16>| {
            components::distance_from(area, remote, need, query.median_metres(), population).ppm
        };
        let known = array((0..areas).map(|area| from(Some(area))), "bigint");
        format!("COALESCE(({known})[area + 1], {})", from(None))
    };
    let distance = format!(
        "CASE WHEN remote THEN {} WHEN NOT remote THEN {} ELSE {} END",
        at(Some(true)),
        at(Some(false)),
        at(None)
    );
    let idf: u64 = need
        .themes
        .iter()
        .map(|theme| population.theme_idf_ppm(*theme))
        .sum();
    let shared: Vec<String> = need
        .themes
        .iter()
        .map(|theme| {
            format!(
                "{}::bigint*CASE WHEN {theme} = ANY(themes) THEN {PPM} ELSE {} END",
                population.theme_idf_ppm(*theme),
                population.theme_share_ppm(*theme).unwrap_or(NEUTRAL_PPM)
            )
        })
        .collect();
    let theme = match idf {
        0 => "500000".into(),
        _ => ratio(&shared.join("+"), idf),
    };
    let usual = 5 * population.completion_ppm(role.role);
    let done = "(5 + completed + dropped)";
    let reliability = format!("({usual} + {PPM}*completed + {done}/2) / {done}");
    let untold = components::format(&Candidate::default(), need, population).ppm;
    let format = format!(
        "CASE WHEN formats IS NULL THEN {untold} WHEN preferred >> {0} & 1 = 1 THEN {PPM} ELSE 500000 END",
        need.format
    );
    let geography = &population.geography;
    let metres = |area| match geography.is_reachable(area, need.area) {
        true => geography.metres(area, need.area),
        false => u32::MAX,
    };
    let metres = array((0..areas).map(metres), "bigint");
    let here = format!("area = {} OR ({metres})[area + 1] <= 1000 * travel", need.area);
    let refused = if need.remote { "NOT remote" } else { "true" };
    let parts_gate = match need.day_parts {
        0 => String::new(),
        asked => format!("AND (parts IS NULL OR parts & {asked} <> 0)"),
    };
    let (org, worker) = query.side_weights();
    let side = |weights: &[u64]| {
        let names = [
            "skill",
            "experience",
            "availability",
            "distance",
            "theme",
            "format",
            "reliability",
            "responsiveness",
        ];
        let terms = names.iter().zip(weights).filter(|(_, weight)| **weight > 0);
        let terms: Vec<String> = terms.map(|(name, weight)| format!("{weight}*{name}")).collect();
        format!("GREATEST({FLOOR}, {})", ratio(&terms.join("+"), PPM))
    };
    let harmonic = "((5*org*wrk + (3*wrk + 2*org)/2) / (3*wrk + 2*org))";
    format!(
        "SELECT position, {} AS fit FROM (
            SELECT position, availability, {} AS org, {} AS wrk FROM (
                SELECT position, ({skill})::bigint AS skill, ({experience})::bigint AS experience,
                    ({availability})::bigint AS availability, ({distance})::bigint AS distance, ({theme})::bigint AS theme,
                    ({format})::bigint AS format, {reliability} AS reliability, responsiveness
                FROM workers WHERE open AND roles && '{{{},-1}}'::smallint[]
                    AND (formats IS NULL OR formats >> {} & 1 = 1) AND hours IS DISTINCT FROM 0 {parts_gate}
                    AND (({here}) IS NOT FALSE OR ({refused}) IS NOT TRUE) {}
                OFFSET 0) AS scored OFFSET 0) AS sides
         ORDER BY fit DESC FETCH FIRST {TOP} ROWS WITH TIES",
        ratio(&format!("{harmonic}*LEAST({PPM}, 500000 + 2*availability)"), PPM),
        side(org),
        side(worker),
        role.role,
        need.format,
        musts.join(" ")
    )
}

fn millis(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}

struct RankedNeedCase {
    need: Need,
    best: Vec<RankKey>,
}

/// Returns our answers and their median time in milliseconds.
fn ours(index: &CandidateIndex, needs: Vec<Need>, weights: Weights) -> (Vec<RankedNeedCase>, f64) {
    let mut times = Vec::new();
    let answer = |need: Need| {
        let search = || {
            index
                .search(&index.query(&need, weights), 0, RankRange::best(TOP))
                .0
        };
        search();
        let start = Instant::now();
        let best = search().iter().map(|hit| hit.key).collect();
        times.push(millis(start));
        RankedNeedCase { need, best }
    };
    let asked = needs.into_iter().map(answer).collect();
    (asked, median(&mut times))
}

fn postgresql(
    everyone: &[Arc<Candidate>],
    catalogue: &musubi::catalogue::Catalogue,
    index: &CandidateIndex,
    asked: &[RankedNeedCase],
    (weights, own): (Weights, f64),
) {
    let Some(binaries) = cluster::binaries() else {
        println!("PostgreSQL: SKIPPED, its initdb is neither on PATH nor under `pg_config --bindir`");
        return;
    };
    let cluster = cluster::Cluster::start(&binaries, "-c shared_buffers=2GB -c work_mem=256MB -c jit=off");
    let db = &mut cluster.connect();
    let start = Instant::now();
    load(db, everyone, catalogue, index.population());
    println!("PostgreSQL: loaded in {:.1} s", start.elapsed().as_secs_f64());
    let mut times = Vec::new();
    for RankedNeedCase { need, best } in asked {
        let query = index.query(need, weights);
        let sql = statement(&query, catalogue);
        diesel::sql_query(&sql).load::<Row>(db).unwrap();
        let start = Instant::now();
        let rows: Vec<Row> = diesel::sql_query(&sql).load(db).unwrap();
        times.push(millis(start));
        // The hash breaks ties, which SQL cannot compute.
        let key = |row: &Row| {
            let fit = Fit {
                fit_ppm: row.fit as u64,
                organization_side_ppm: None,
                worker_side_ppm: None,
            };
            query.key(&everyone[row.position as usize], &fit)
        };
        let mut keys: Vec<RankKey> = rows.iter().map(key).collect();
        keys.sort_unstable();
        keys.truncate(TOP);
        assert_eq!(&keys, best, "not the same 50");
    }
    let theirs = median(&mut times);
    println!(
        "PostgreSQL: p50 {theirs:.2} ms, ours {own:.3} ms: {:.0} times; the same 50 each time",
        theirs / own
    );
}

/// Preselects candidates by full text over roles, skills, themes and areas, and scores them with the matcher.
fn engine(
    everyone: &[Arc<Candidate>],
    index: &CandidateIndex,
    asked: &[RankedNeedCase],
    (weights, own): (Weights, f64),
) {
    let db = &mut SqliteConnection::establish(":memory:").unwrap();
    db.batch_execute("CREATE VIRTUAL TABLE workers USING fts5 (words, tokenize = 'ascii', detail = none)")
        .unwrap();
    let words = |c: &Candidate| {
        let mut words: Vec<String> = Vec::new();
        words.extend(c.roles.iter().flatten().map(|role| format!("r{role}")));
        words.extend(c.skills.iter().flatten().map(|(skill, _)| format!("s{skill}")));
        words.extend(c.themes.iter().flatten().map(|theme| format!("t{theme}")));
        words.extend(c.area.map(|area| format!("a{area}")));
        words.join(" ")
    };
    for (chunk, some) in everyone.chunks(1_000).enumerate() {
        let rows = some
            .iter()
            .enumerate()
            .map(|(i, c)| format!("({},'{}')", chunk * 1_000 + i, words(c)));
        let rows: Vec<String> = rows.collect();
        db.batch_execute(&format!(
            "INSERT INTO workers (rowid, words) VALUES {}",
            rows.join(",")
        ))
        .unwrap();
    }
    for taken in [500, 5_000] {
        let (mut times, mut found, mut all) = (Vec::new(), 0, 0);
        for RankedNeedCase { need, best } in asked {
            let query = index.query(need, weights);
            let role = &need.roles[0];
            let wished = role.wishes.iter().map(|wish| format!("s{}", wish.skill));
            let others = need.themes.iter().map(|theme| format!("t{theme}"));
            let terms: Vec<String> = wished.chain(others).chain([format!("a{}", need.area)]).collect();
            let sql = format!(
                "SELECT rowid AS position, 0 AS fit FROM workers WHERE workers MATCH 'r{} AND ({})' ORDER BY rank LIMIT {taken}",
                role.role,
                terms.join(" OR ")
            );
            let start = Instant::now();
            let rows: Vec<Row> = diesel::sql_query(&sql).load(db).unwrap();
            let key = |row: &Row| {
                let candidate = &everyone[row.position as usize];
                let assessment = query.best(candidate, None)?;
                assessment
                    .failed
                    .is_empty()
                    .then(|| query.key(candidate, &assessment.fit))
            };
            let mut keys: Vec<RankKey> = rows.iter().filter_map(key).collect();
            keys.sort_unstable();
            keys.truncate(TOP);
            times.push(millis(start));
            found += best.iter().filter(|key| keys.binary_search(key).is_ok()).count();
            all += best.len();
        }
        let theirs = median(&mut times);
        println!(
            "full text, the first {taken}: p50 {theirs:.2} ms, ours {own:.3} ms: {:.0} times; recall@50 {:.3}, ours 1",
            theirs / own,
            found as f64 / all.max(1) as f64
        );
    }
}

fn main() {
    let size = std::env::args()
        .find_map(|arg| arg.parse().ok())
        .unwrap_or(100_000);
    let catalogue = catalogue();
    let everyone = everyone(&catalogue, size);
    let population = population(&everyone, &catalogue);
    let mut needs = needs(&mut Draw(SEED), ASKED as u128, &catalogue, &everyone);
    for need in &mut needs {
        need.roles.truncate(1);
    }
    let default = Weights::default();
    let weights = COMPONENTS.map(|c| {
        if c == Component::Text {
            0.0
        } else {
            default.ppm(c) as f64
        }
    });
    let weights = Weights::new(weights).unwrap();
    let profiles: Vec<ProfileKey> = needs
        .iter()
        .map(|need| ProfileKey::of(need, &need.roles[0]))
        .collect();
    let index = CandidateIndex::build(population, everyone.iter().cloned(), profiles);
    println!("{size} workers, {ASKED} needs of one role, the best {TOP}, seed {SEED}");
    let (asked, own) = ours(&index, needs, weights);
    postgresql(&everyone, &catalogue, &index, &asked, (weights, own));
    engine(&everyone, &index, &asked, (weights, own));
}
