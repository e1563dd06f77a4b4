//! What a server tells Prometheus: every operation, few labels, and every name that the dashboard, the alert rules and the
//! manual use.

use crate::support::{TestApp, on_both, postgres};
use musubi::server::document::Document;
use musubi::tasks::{Task, TaskCounts, TaskSet};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use yaml_rust2::{Yaml, YamlLoader};

on_both! {
    counts_every_operation_by_its_id,
    the_dashboard_the_rules_and_the_manual_name_what_is_exposed,
}

fn observed(app: &TestApp) -> TestApp {
    app.another_with(&["--metrics-listen=127.0.0.1:0"])
}

/// One family of metrics.
#[derive(Default)]
struct Family {
    kind: String,
    has_help: bool,
    labels: BTreeSet<String>,
    /// By the labels as they are written; of a histogram, its counts.
    samples: BTreeMap<String, f64>,
}

type Families = BTreeMap<String, Family>;

/// Reads the text format strictly: each family has its help, its type and its samples, and stands together.
fn parse(text: &str) -> Families {
    let mut families = Families::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            current = rest.split(' ').next().unwrap().to_owned();
            let is_new = !families.contains_key(&current);
            assert!(is_new, "{current} stands in two places");
            families.entry(current.clone()).or_default().has_help = true;
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!(name, current);
            families.get_mut(name).unwrap().kind = kind.to_owned();
        } else {
            let family = families.get_mut(&current).unwrap();
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let part = name.strip_prefix(current.as_str()).expect(line);
            match family.kind.as_str() {
                "histogram" => assert!(["_bucket", "_sum", "_count"].contains(&part), "{line}"),
                _ => assert_eq!(part, "", "{line}"),
            }
            family.labels.extend(label_names(labels));
            if ["", "_count"].contains(&part) {
                let labels = labels.trim_end_matches('}').to_owned();
                assert!(
                    family.samples.insert(labels, value.parse().unwrap()).is_none(),
                    "{line} twice"
                );
            }
        }
    }
    families
}

/// Returns the names before `="…"`, `=~"…"` and so on.
fn label_names(matchers: &str) -> Vec<String> {
    let names = matchers.split('"').step_by(2);
    let names = names.map(|name| name.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[allow(clippy::disallowed_methods)]
fn until(condition: impl Fn() -> bool) {
    for _ in 0..1200 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the condition never became true");
}

fn metrics(app: &TestApp) -> Families {
    let mut answer = ureq::get(app.metrics.as_ref().unwrap()).call().unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap();
    assert_eq!(kind, "text/plain; version=0.0.4");
    parse(&answer.body_mut().read_to_string().unwrap())
}

fn counts_every_operation_by_its_id(app: &TestApp) {
    let app = observed(app);
    let document = Document::shared();
    let mut expected = BTreeSet::new();
    for operation in document.operations() {
        let part = |part: &str| match part.starts_with('{') {
            true => "018f3a5e-0000-7000-8000-000000000000".to_owned(),
            false => part.to_owned(),
        };
        let path: Vec<String> = operation.path.split('/').map(part).collect();
        app.send(&operation.method.to_uppercase(), &path.join("/"), &[], b"");
        expected.insert(operation.id().to_owned());
    }
    assert!(expected.len() > 100);
    // Whatever a caller makes up is one operation.
    for n in 0..50 {
        app.send("GET", &format!("/v1/made-up-{n}"), &[], b"").expect(404);
        app.send("GET", &format!("/v1/workers/{n}/made-up-{n}"), &[], b"");
        app.send(&format!("MADEUP{n}"), "/v1/workers", &[], b"");
    }
    app.send("PUT", "/v1/workers", &[], b"").expect(405);
    app.send("HEAD", "/healthz", &[], b"").expect(200);
    app.send("GET", "/openapi.json", &[], b"").expect(200);

    let families = metrics(&app);
    let requests = &families["musubi_http_requests_total"];
    let of = |label: &str| -> BTreeSet<String> {
        let values = requests
            .samples
            .keys()
            .filter_map(|labels| Some(labels.split_once(&format!("{label}=\""))?.1));
        values
            .map(|value| value.split('"').next().unwrap().to_owned())
            .collect()
    };
    let counted = of("operation");
    let missing: Vec<&String> = expected.difference(&counted).collect();
    assert!(missing.is_empty(), "not counted: {missing:?}");
    let further: BTreeSet<&str> = counted.difference(&expected).map(String::as_str).collect();
    assert_eq!(further, ["/openapi.json", "unknown"].into());
    let methods = of("method");
    let standard = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    let further: BTreeSet<&str> = methods.iter().map(String::as_str).collect();
    assert_eq!(further, standard.into_iter().chain(["other"]).collect());
    let unknown = requests
        .samples
        .iter()
        .filter(|(labels, _)| labels.contains("operation=\"unknown\""));
    assert_eq!(unknown.map(|(_, count)| *count).sum::<f64>(), 151.0);
    // As many times as requests.
    let times = &families["musubi_http_request_duration_seconds"];
    assert_eq!(
        times.samples.values().sum::<f64>(),
        requests.samples.values().sum::<f64>()
    );
}

#[test]
fn metrics_are_only_at_their_own_address() {
    let app = TestApp::sqlite();
    let observed = observed(&app);
    for app in [&app, &observed] {
        app.get("/metrics").expect(404);
    }
    assert_eq!(app.metrics, None);
    let metrics = observed.metrics.as_ref().unwrap();
    for other in ["/", "/v1/workers", "/healthz"] {
        let address = metrics.replace("/metrics", other);
        let refused = ureq::get(address).call().unwrap_err();
        assert!(matches!(refused, ureq::Error::StatusCode(404)), "{refused}");
    }
}

/// Uses the service, so that every metric has a value.
fn use_a_little(app: &TestApp) {
    app.post(
        "/v1/organizations",
        &json!({"name": "見守りの会", "area": "131041"}),
    )
    .expect(201);
    app.get("/v1/organizations").expect(200);
}

/// What a query in PromQL names: metrics with the labels that it asks of them.
fn named(query: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    const WORDS: [&str; 9] = [
        "by",
        "without",
        "on",
        "ignoring",
        "and",
        "or",
        "unless",
        "group_left",
        "bool",
    ];
    let (mut metrics, mut labels) = (BTreeSet::new(), BTreeSet::new());
    // Without ranges, and with each selector apart.
    let without_ranges: String = query
        .split('[')
        .enumerate()
        .map(|(n, part)| {
            if n == 0 {
                part
            } else {
                part.split_once(']').unwrap().1
            }
        })
        .collect();
    let mut outside = String::new();
    for part in without_ranges.split_inclusive(['{', '}']) {
        match part.strip_suffix('}') {
            Some(matchers) => labels.extend(label_names(matchers)),
            None => outside.push_str(part.trim_end_matches('{')),
        }
        outside.push(' ');
    }
    // Lists of labels after `by`.
    let mut rest = outside.as_str();
    let mut plain = String::new();
    while let Some((before, after)) = rest.split_once(" by (") {
        let (list, further) = after.split_once(')').unwrap();
        labels.extend(list.split(',').map(|label| label.trim().to_owned()));
        plain.push_str(before);
        plain.push_str(" by ");
        rest = further;
    }
    plain.push_str(rest);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':' || c == '.' || c == '$';
    let mut from = plain.as_str();
    while let Some(start) = from.find(is_word) {
        let word = from[start..].split(|c| !is_word(c)).next().unwrap();
        from = &from[start + word.len()..];
        let is_function = from.trim_start().starts_with('(') || from.trim_start().starts_with("by ");
        let is_number = word.starts_with(|c: char| c.is_ascii_digit());
        if !is_function && !is_number && !WORDS.contains(&word) {
            metrics.insert(word.to_owned());
        }
    }
    (metrics, labels)
}

#[test]
fn reads_what_a_query_names() {
    let query =
        "sum by (le, task) (rate(a_bucket{x=\"1\", y=~\"2.*\"}[5m])) / 3 > 1.5 and b_total == 0 + time()";
    let (metrics, labels) = named(query);
    assert_eq!(metrics, ["a_bucket", "b_total"].map(str::to_owned).into());
    assert_eq!(labels, ["le", "task", "x", "y"].map(str::to_owned).into());
}

/// The queries of the dashboard and of the rules, each with its place.
fn queries() -> Vec<(String, String)> {
    let read = |file: &str| std::fs::read_to_string(format!("docs/operating/{file}")).unwrap();
    let mut queries = Vec::new();
    let dashboard: Value = serde_json::from_str(&read("dashboard.json")).unwrap();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let title = panel["title"].as_str().unwrap();
            queries.push((title.to_owned(), target["expr"].as_str().unwrap().to_owned()));
        }
    }
    let rules = YamlLoader::load_from_str(&read("alerts.yml")).unwrap();
    for group in rules[0]["groups"].as_vec().unwrap() {
        for rule in group["rules"].as_vec().unwrap() {
            let text = |name: &str| rule[name].as_str().unwrap().to_owned();
            assert!(rule["annotations"]["summary"] != Yaml::BadValue, "{rule:?}");
            assert!(rule["labels"]["severity"] != Yaml::BadValue, "{rule:?}");
            queries.push((text("alert"), text("expr")));
        }
    }
    assert!(queries.len() > 40, "{}", queries.len());
    queries
}

/// What Prometheus itself adds.
const OF_PROMETHEUS: [&str; 3] = ["up", "instance", "job"];

fn the_dashboard_the_rules_and_the_manual_name_what_is_exposed(app: &TestApp) {
    let app = observed(app);
    use_a_little(&app);
    let families = metrics(&app);
    for (name, family) in &families {
        assert!(family.has_help && !family.samples.is_empty(), "{name}");
        let ends_as_its_type = name.ends_with("_total") == (family.kind == "counter");
        assert!(ends_as_its_type, "{name} is a {}", family.kind);
        let is_ours = name.starts_with("musubi_") || name.starts_with("process_");
        assert!(is_ours, "{name}");
    }
    let known = |name: &str| {
        let of_histogram = ["_bucket", "_count", "_sum"]
            .iter()
            .find_map(|part| families.get(name.strip_suffix(part)?));
        families.get(name).or(of_histogram)
    };
    for (place, query) in queries() {
        let (metrics, labels) = named(&query);
        assert!(!metrics.is_empty(), "{place}: {query}");
        let mut has = BTreeSet::from(OF_PROMETHEUS.map(str::to_owned));
        for name in metrics
            .iter()
            .filter(|name| !OF_PROMETHEUS.contains(&name.as_str()))
        {
            let family = known(name).unwrap_or_else(|| panic!("{place}: nothing exposes {name}"));
            has.extend(family.labels.clone());
        }
        let missing: Vec<&String> = labels.difference(&has).collect();
        assert!(missing.is_empty(), "{place}: no label {missing:?} in {metrics:?}");
    }

    let manual = std::fs::read_to_string("docs/operating.md").unwrap();
    let table = manual.split_once("\n### Metrics\n").unwrap().1;
    let table = table.split("\n#").next().unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let listed: BTreeMap<String, BTreeSet<String>> = rows
        .map(|row| {
            let quoted: Vec<&str> = row.rsplit_once('|').unwrap().0.split('`').step_by(2).collect();
            let cells: Vec<&str> = row.split('|').collect();
            let labels = cells[1].split('`').skip(1).step_by(2).map(str::to_owned);
            (quoted[0].to_owned(), labels.collect())
        })
        .collect();
    let exposed: BTreeMap<String, BTreeSet<String>> = families
        .iter()
        .map(|(name, family)| {
            let labels = family.labels.iter().filter(|label| *label != "le");
            (name.clone(), labels.cloned().collect())
        })
        .collect();
    assert_eq!(listed, exposed, "the table of docs/operating.md");
}

#[test]
fn metrics_are_shown_while_the_database_is_frozen() {
    let Some(server) = postgres::own_server("") else {
        return;
    };
    let app = observed(&TestApp::impatient(Some(server.url("postgres")), 2));
    let up = |app: &TestApp| metrics(app)["musubi_database_up"].samples[""];
    assert_eq!(up(&app), 1.0);
    let frozen = server.freeze();
    // Figures that were looked up before are shown for some seconds.
    until(|| up(&app) == 0.0);
    let families = metrics(&app);
    assert!(!families.contains_key("musubi_changes_position"), "out of date");
    assert!(
        families["musubi_http_requests_total"]
            .samples
            .values()
            .sum::<f64>()
            > 0.0
    );
    drop(frozen);
    until(|| up(&app) == 1.0);
}

#[test]
fn counts_how_the_runs_of_tasks_end() {
    let counts = TaskCounts::new().unwrap();
    let of = |task: &str, outcome: &str| counts.runs.with_label_values(&[task, outcome]).get();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (_renew, renewals) = tokio::sync::watch::channel(0);
        let mut tasks = TaskSet::new(renewals, counts.clone());
        let often = Duration::from_millis(1);
        tasks.start(Task::new("good", often, || Ok(())));
        let fails = || Err(musubi::error::Error::Internal("as the test wants".into()));
        tasks.start(Task::new("bad", often, fails));
        tasks.start(Task::new("worse", often, || panic!("as the test wants")));
        while of("good", "succeeded") < 2 || of("bad", "failed") < 2 || of("worse", "panicked") < 2 {
            tokio::time::sleep(often).await;
        }
        tasks.stop().await;
    });
    assert_eq!(
        of("good", "failed") + of("bad", "succeeded") + of("worse", "succeeded"),
        0
    );
    let last = |task: &str| counts.last_successes.with_label_values(&[task]).get();
    assert!(last("good") >= last("bad") && last("bad") > 1e9);
}
