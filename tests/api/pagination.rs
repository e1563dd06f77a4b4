//! Pages of lists: they survive inserts, and every query uses an index.

use crate::support::{TestApp, on_both};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Integer, Text};
use musubi::applications::{self, ApplicationFilter};
use musubi::auth::Reach;
use musubi::db::{Backend, Db};
use musubi::deliverables::{self, DeliverableFilter};
use musubi::workers::{WorkerFilter, store};
use serde_json::{Value, json};
use std::marker::PhantomData;

fn names(page: &Value) -> Vec<String> {
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| o["name"].as_str().unwrap().to_owned())
        .collect()
}

on_both! {
    neither_repeats_nor_skips_items_after_inserts,
    rejects_a_cursor_of_another_order,
    lists_many_workers_with_an_index,
    lists_many_applications_with_an_index,
    lists_many_deliverables_with_an_index,
}

fn neither_repeats_nor_skips_items_after_inserts(app: &TestApp) {
    for i in 0..7 {
        app.organization(&format!("団体{}", i / 2));
    }
    for sort in [
        "name",
        "-name",
        "created_at",
        "-created_at",
        "updated_at",
        "-updated_at",
    ] {
        let all = names(&app.get(&format!("/v1/organizations?sort={sort}")).json());
        let count = all.len();
        let mut walked = Vec::new();
        let mut path = format!("/v1/organizations?sort={sort}&limit=2");
        loop {
            let response = app.get(&path).expect(200);
            let page = response.json();
            walked.extend(names(&page));
            let Some(next) = page["next"].as_str() else {
                assert_eq!(response.header("link"), "");
                break;
            };
            path = format!("/v1/organizations?sort={sort}&limit=2&cursor={next}");
            let link = response.header("link").to_owned();
            assert!(link.contains(next) && link.ends_with("rel=\"next\""), "{link}");
            // An item that is inserted before the cursor is not shown, and moves no other.
            if walked.len() == 4 {
                app.organization(if sort == "name" { "あ" } else { "団体9" });
            }
        }
        walked.retain(|name| name != "団体9" && name != "あ");
        let mut expected = all.clone();
        expected.retain(|name| name != "団体9" && name != "あ");
        assert_eq!(walked, expected, "{sort} of {count}");
    }
}

fn rejects_a_cursor_of_another_order(app: &TestApp) {
    for name in ["一", "二", "三"] {
        app.organization(name);
    }
    let next = app.get("/v1/organizations?sort=name&limit=1").json()["next"]
        .as_str()
        .unwrap()
        .to_owned();
    let other = app
        .get(&format!("/v1/organizations?sort=-name&cursor={next}"))
        .expect(422);
    assert_eq!(other.faults(), [("cursor".into(), "invalid_cursor".into())]);
    app.get("/v1/organizations?cursor=nonsense").expect(422);
    app.get("/v1/organizations?limit=201").expect(400);
    app.get("/v1/organizations?limit=200").expect(200);
}

fn lists_many_workers_with_an_index(app: &TestApp) {
    populate(app, 100_000);
    for query in [
        "area=131041&status=active",
        "area=131041&skill=graphic_design",
        "skill=video_editing&role=video_creator",
        "status=active&sort=alias",
    ] {
        let filter: WorkerFilter = musubi::http::query::parse(query).unwrap();
        assert_uses_an_index(app, query, |db| {
            Ok(store::query(db, &Reach::Everything, &filter, true)?.limit(51))
        });
        let page = app.get(&format!("/v1/workers?{query}")).expect(200).json();
        assert_eq!(page["items"].as_array().unwrap().len(), 50, "{query}");
    }
}

fn lists_many_applications_with_an_index(app: &TestApp) {
    populate_applications(app, 50_000);
    let nobody = "0192f0c1-6f5e-7a51-9c55-0d6f3a1b2c3d";
    for query in [
        "",
        "sort=updated_at",
        "status=agreed",
        "role=designer",
        &format!("worker_id={nobody}"),
        &format!("deliverable_id={nobody}&status=submitted"),
    ] {
        let filter: ApplicationFilter = musubi::http::query::parse(query).unwrap();
        assert_uses_an_index(app, query, |_| {
            Ok(applications::store::query(&Reach::Everything, &filter)?.limit(51))
        });
    }
}

fn lists_many_deliverables_with_an_index(app: &TestApp) {
    app.deliverable(&app.organization("風"), json!({}));
    let written = app.state.pool.write_blocking(|db| {
        let (numbers, id, instant) = rows(db, 20_000);
        db.batch_execute(&format!(
            "INSERT INTO deliverables (id, organization_id, deliverable_type, family, format, status, fiscal_year, area,
                 request, grams, version, created_at, updated_at, due_day, status_since)
               SELECT {id}, d.organization_id, d.deliverable_type, d.family, d.format, 'open', 2026, d.area,
                 d.request, '', 1, {instant}, {instant}, n, {instant}
               FROM {numbers}, (SELECT * FROM deliverables LIMIT 1) d;
             ANALYZE;"
        ))?;
        Ok(())
    });
    written.unwrap();
    for query in [
        "sort=ends_on",
        "sort=-ends_on",
        "sort=status_since&status=open",
        "sort=-status_since",
    ] {
        let filter: DeliverableFilter = musubi::http::query::parse(query).unwrap();
        assert_uses_an_index(app, query, |db| {
            Ok(deliverables::store::query(db, &Reach::Everything, &filter, true)?.limit(51))
        });
    }
    // Counting ends.
    let page = app.get("/v1/deliverables?count=true&limit=1").expect(200).json();
    assert_eq!(page["total"], json!({"count": 10_000, "exact": false}));
}

/// Asserts that the query of a list scans no table.
fn assert_uses_an_index<Q: QueryFragment<Backend>>(
    app: &TestApp,
    name: &str,
    query: impl FnOnce(&mut Db) -> musubi::error::Result<Q>,
) {
    let plan = plan(app, query);
    println!("{name}\n{plan}\n");
    let scans = plan.lines().filter(|line| is_scan(line)).collect::<Vec<_>>();
    assert!(scans.is_empty(), "{name} reads a whole table:\n{plan}");
}

/// Inserts declined applications of one worker for one deliverable.
fn populate_applications(app: &TestApp, count: u32) {
    app.worker(json!({}));
    app.deliverable(&app.organization("風"), json!({}));
    let written = app.state.pool.write_blocking(|db| {
        let (numbers, id, instant) = rows(db, count);
        db.batch_execute(&format!(
            "INSERT INTO applications
                 (id, deliverable_id, worker_id, role, status, created_by, version, created_at, updated_at)
               SELECT {id}, d.id, w.id, 'designer', 'declined', 'x', 1, {instant}, {instant}
               FROM {numbers}, deliverables d, workers w;
             ANALYZE;"
        ))?;
        Ok(())
    });
    written.unwrap();
}

/// Returns SQL for numbered rows, and for an id and a time for each.
fn rows(db: &Db, count: u32) -> (String, &'static str, &'static str) {
    match db {
        Db::Sqlite(_) => (
            format!(
                "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count})
                 SELECT n FROM s)"
            ),
            "unhex(printf('%032x', n))",
            "'2026-01-01T00:00:00.000000Z'",
        ),
        Db::Pg(_) => (
            format!("generate_series(1, {count}) AS t(n)"),
            "lpad(to_hex(n), 32, '0')::uuid",
            "'2026-01-01'::timestamptz",
        ),
    }
}

/// Returns whether a line of a plan reads a whole table: SQLite's SCAN without an index, PostgreSQL's Seq Scan.
fn is_scan(line: &str) -> bool {
    let line = line.trim();
    line.contains("Seq Scan") || (line.starts_with("SCAN") && !line.contains("USING"))
}

/// Inserts workers by SQL. They differ only in what the filters read.
fn populate(app: &TestApp, count: u32) {
    app.worker(json!({}));
    let written = app.state.pool.write_blocking(|db| {
        let (numbers, id, instant) = rows(db, count);
        let random = "((n * 7919) % 1000)";
        let area = format!("CASE WHEN {random} < 300 THEN '131041' ELSE '131016' END");
        let status = format!("CASE WHEN {random} < 900 THEN 'active' ELSE 'paused' END");
        let rare = format!("WHEN {random} < 20");
        let skill = format!(
            "CASE {rare} THEN 'video_editing' WHEN {random} < 500 THEN 'graphic_design' ELSE 'copywriting' END"
        );
        let role = format!("CASE {rare} THEN 'video_creator' ELSE 'designer' END");
        db.batch_execute(&format!(
            "INSERT INTO workers
                 (id, status, area, alias, profile, personal, grams, personal_grams, version, created_at, updated_at)
               SELECT {id}, {status}, {area}, 'w' || n, w.profile, w.personal, '', '', 1, {instant}, {instant}
               FROM {numbers}, (SELECT profile, personal FROM workers LIMIT 1) AS w;
             INSERT INTO worker_skills (worker_id, skill, level) SELECT {id}, {skill}, 3 FROM {numbers};
             INSERT INTO worker_roles (worker_id, role) SELECT {id}, {role} FROM {numbers};
             ANALYZE;"
        ))?;
        Ok(())
    });
    written.unwrap();
}

fn plan<Q: QueryFragment<Backend>>(
    app: &TestApp,
    query: impl FnOnce(&mut Db) -> musubi::error::Result<Q>,
) -> String {
    let read = app.state.pool.read_blocking(|db| {
        let query = query(db)?;
        let lines: Vec<String> = match db {
            Db::Sqlite(_) => {
                let explain = Explain::<_, (Integer, Integer, Integer, Text)>(
                    "EXPLAIN QUERY PLAN ",
                    query,
                    PhantomData,
                );
                let rows = explain.load::<(i32, i32, i32, String)>(db)?;
                rows.into_iter().map(|(.., detail)| detail).collect()
            }
            Db::Pg(_) => Explain::<_, Text>("EXPLAIN ", query, PhantomData).load::<String>(db)?,
        };
        Ok(lines.join("\n"))
    });
    read.unwrap()
}

/// A query after EXPLAIN. `S` is the SQL type of its rows.
struct Explain<Q, S>(&'static str, Q, PhantomData<S>);

impl<Q, S> QueryId for Explain<Q, S> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q, S> diesel::query_builder::Query for Explain<Q, S> {
    type SqlType = S;
}

impl<Q, S> RunQueryDsl<Db> for Explain<Q, S> {}

impl<Q: QueryFragment<Backend>, S> QueryFragment<Backend> for Explain<Q, S> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql(self.0);
        self.1.walk_ast(out)
    }
}
