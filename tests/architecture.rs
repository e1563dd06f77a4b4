//! Checks what `src/lib.rs` promises: the order of the modules, no circles, who owns which table, and where frameworks
//! may be used.
//!
//! The sources are read with `syn`; code under `#[cfg(test)]` is left out. A path is followed through imports and
//! re-exports to the file that defines the item, and that file is what the code depends on. Declaring a child module or
//! re-exporting from it isn't a dependency; using it is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "architecture/sources.rs"]
mod sources;

use musubi::db::schema::TABLES;
use sources::{Sources, SqlUse};
use std::collections::{BTreeMap, BTreeSet};

/// Foreign tables that a store may read, because one query has to join them. Add to this list only what can't be a call
/// to the owner's store; it is meant to shrink.
const FOREIGN_READS: &[(&str, &[&str])] = &[
    // One query per request decides whether a token still counts.
    ("src/auth/store.rs", &["partners", "sessions", "users"]),
    // The conditions of `Reach` are joined into every slice's queries.
    (
        "src/reach/store.rs",
        &[
            "applications",
            "deliverable_organizations",
            "deliverables",
            "deliverables_shared_with_partners",
            "released_deliverables",
            "round_deliverables",
            "rounds",
            "duplicates",
            "event_areas",
            "event_hosts",
            "event_registrations",
            "events",
            "follow_ups",
            "organizations",
            "press_items",
            "programme_areas",
            "programme_steps",
            "programmes",
            "project_entries",
            "project_members",
            "projects",
            "webhooks",
            "worker_separations",
            "workers",
        ],
    ),
    // Who sees a record, which is logged with its change.
    (
        "src/reach/store/audiences.rs",
        &[
            "applications",
            "deliverable_organizations",
            "deliverables",
            "deliverables_shared_with_partners",
            "event_areas",
            "event_hosts",
            "event_registrations",
            "events",
            "follow_ups",
            "organizations",
            "press_items",
            "project_entries",
            "project_members",
            "project_reviews",
            "projects",
            "released_deliverables",
            "round_deliverables",
            "rounds",
            "worker_separations",
            "workers",
        ],
    ),
    // An organization with open deliverables can't be archived; deliverables come later in the order of modules.
    (
        "src/organizations/store/mod.rs",
        &["deliverable_organizations", "deliverables"],
    ),
    // The response rate of an organization: the answers to applications for what it requests.
    ("src/applications/store/responses.rs", &["deliverables"]),
    // Who has yet to review whom, and what was delivered without follow-ups: one query for a page of tasks.
    ("src/follow_ups/store.rs", &["deliverables"]),
    ("src/reviews/store.rs", &["applications", "deliverables"]),
    // Finds idle workers without an active application, in one query.
    ("src/erasure/store.rs", &["applications", "workers"]),
    // Counts by groups that the caller chooses.
    (
        "src/statistics/store.rs",
        &[
            "applications",
            "deliverables",
            "follow_ups",
            "project_reviews",
            "projects",
        ],
    ),
    // The public datasets join organizations with what they ask for.
    ("src/open_data/store.rs", &["deliverables", "organizations"]),
];

/// Stores that may write every table.
const WRITES_EVERY_TABLE: &[&str] = &[
    // Restoring a backup fills an empty database.
    "src/backup/store.rs",
];

/// Modules that are themselves HTTP faces; elsewhere only files and folders named `http` may use the web framework.
const FACES: &[&str] = &["http", "server"];

/// The slice whose face every other face uses: its extractors say who calls.
const SHARED_FACE: &str = "auth";

fn service() -> Sources {
    let sources = Sources::read("src", "crate", &["main.rs", "main"]);
    assert!(sources.files().count() > 100, "the sources were not found");
    sources
}

/// The rows of the table in `src/lib.rs`, in order.
fn rows() -> Vec<Vec<String>> {
    let text = std::fs::read_to_string("src/lib.rs").unwrap();
    let rows: Vec<Vec<String>> = text.lines().filter(is_row).map(names).collect();
    assert!(rows.len() > 10, "src/lib.rs has no table of modules");
    rows
}

/// Whether a line is a row of the table of modules: its first cell is a number.
fn is_row(line: &&str) -> bool {
    let number = line.strip_prefix("//! |").and_then(|row| row.split('|').next());
    number.is_some_and(|cell| cell.trim().parse::<usize>().is_ok())
}

/// The module names in the second cell of a row: `` [`error`] `` or `` [`mod@matches`] ``.
fn names(line: &str) -> Vec<String> {
    let cell = line.split('|').nth(2).unwrap();
    let quoted = cell.split('`').skip(1).step_by(2);
    quoted
        .map(|name| name.trim_start_matches("mod@").to_owned())
        .collect()
}

fn fail_with(rule: &str, breaches: &BTreeSet<String>) {
    let list: Vec<&str> = breaches.iter().map(String::as_str).collect();
    assert!(breaches.is_empty(), "{rule}:\n  {}", list.join("\n  "));
}

#[test]
fn the_table_of_modules_is_sorted_and_complete() {
    let text = std::fs::read_to_string("src/lib.rs").unwrap();
    let mut breaches = BTreeSet::new();
    for (i, line) in text.lines().filter(is_row).enumerate() {
        let number = line.split('|').nth(1).unwrap().trim();
        if number != (i + 1).to_string() {
            breaches.insert(format!("row {number} is the {}th", i + 1));
        }
        let names = names(line);
        if !names.is_sorted() {
            breaches.insert(format!(
                "row {number} isn't in alphabetical order: {}",
                names.join(", ")
            ));
        }
    }
    let listed: BTreeSet<String> = rows().into_iter().flatten().collect();
    let declared: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    for name in listed.symmetric_difference(&declared) {
        breaches.insert(format!("{name} is in the table or declared, but not both"));
    }
    fail_with("The table of modules in src/lib.rs", &breaches);
}

#[test]
fn a_module_uses_only_modules_of_earlier_rows() {
    let sources = service();
    let row: BTreeMap<String, usize> = rows()
        .into_iter()
        .enumerate()
        .flat_map(|(i, names)| names.into_iter().map(move |name| (name, i)))
        .collect();
    let mut breaches = BTreeSet::new();
    for edge in sources.edges() {
        let (user, used) = (edge.from.module(), edge.to.module());
        let (Some(own), Some(theirs)) = (row.get(user), row.get(used)) else {
            continue;
        };
        if user != used && theirs >= own {
            breaches.insert(format!("{} uses {}", edge.from.path(), edge.name));
        }
    }
    fail_with(
        "These files use a module of the same row or a later one",
        &breaches,
    );
}

#[test]
fn no_files_depend_on_each_other_in_a_circle() {
    let mut breaches = BTreeSet::new();
    let crates = ["crates/matcher/src", "crates/tables/src", "crates/text/src"];
    let all = crates
        .into_iter()
        .filter(|folder| std::path::Path::new(folder).exists())
        .map(|folder| Sources::read(folder, "crate", &[]))
        .chain([service(), Sources::read_binary("src")]);
    for sources in all {
        breaches.extend(sources.circles());
    }
    fail_with("These files depend on each other in a circle", &breaches);
}

#[test]
fn only_a_slices_own_store_writes_its_tables() {
    let sources = service();
    let owner: BTreeMap<&str, &str> = TABLES.iter().map(|table| (table.name, table.owner)).collect();
    let mut breaches = BTreeSet::new();
    let mut read: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut uses = 0;
    for file in sources.files() {
        let path = file.path();
        if file.module() == "db" || WRITES_EVERY_TABLE.contains(&path) {
            continue;
        }
        let is_own = |table: &str| owner.get(table) == Some(&file.module());
        let sql = file.sql(&owner.keys().copied().collect());
        let joins = sql
            .iter()
            .any(|u| matches!(u, SqlUse::Reads(table) if !is_own(table)));
        for table_use in sql {
            uses += 1;
            match table_use {
                SqlUse::Reads(table) if !is_own(&table) => {
                    read.entry(path.to_owned()).or_default().insert(table);
                }
                SqlUse::Writes(table) if !is_own(&table) => {
                    breaches.insert(format!(
                        "{path} writes {table}, which belongs to {}",
                        owner[table.as_str()]
                    ));
                }
                SqlUse::WritesSomething(call) if joins => {
                    breaches.insert(format!(
                        "{path}: name the table inside `{call}`, so that its owner is clear"
                    ));
                }
                _ => {}
            }
        }
    }
    assert!(uses > 50, "the queries were not found");
    let allowed: BTreeMap<&str, &[&str]> = FOREIGN_READS.iter().copied().collect();
    for (path, tables) in &read {
        let allowed = allowed.get(path.as_str()).copied().unwrap_or_default();
        for table in tables.iter().filter(|table| !allowed.contains(&table.as_str())) {
            breaches.insert(format!(
                "{path} reads {table}, which belongs to {}",
                owner[table.as_str()]
            ));
        }
    }
    for (path, tables) in FOREIGN_READS {
        for table in *tables {
            if !read.get(*path).is_some_and(|read| read.contains(*table)) {
                breaches.insert(format!(
                    "{path} no longer reads {table}: take it off FOREIGN_READS"
                ));
            }
        }
    }
    fail_with("Only a slice's own store may use its tables", &breaches);
}

#[test]
fn the_web_framework_stays_in_faces_and_diesel_in_stores() {
    let sources = service();
    let mut breaches = BTreeSet::new();
    for file in sources.files() {
        let is_face = FACES.contains(&file.module()) || file.is_in("http");
        for framework in [
            "actix_web",
            "actix_multipart",
            "actix_cors",
            "utoipa_actix_web",
            "utoipa_swagger_ui",
        ] {
            if !is_face && file.uses_crate(framework) {
                breaches.insert(format!("{} uses {framework}", file.path()));
            }
        }
        let is_store = file.module() == "db" || file.is_in("store");
        if !is_store && file.uses_crate("diesel") {
            breaches.insert(format!("{} uses diesel", file.path()));
        }
    }
    for edge in sources.edges().filter(|edge| edge.to.is_in("http")) {
        let is_own = edge.from.module() == edge.to.module();
        let uses_face = is_own || edge.to.module() == SHARED_FACE;
        let is_face = edge.from.is_in("http") && uses_face || FACES.contains(&edge.from.module());
        if !is_face && !FACES.contains(&edge.to.module()) {
            breaches.insert(format!("{} uses {}, a face", edge.from.path(), edge.name));
        }
    }
    fail_with("The web framework belongs in faces, diesel in stores", &breaches);
}

#[test]
fn inside_a_slice_http_uses_actions_which_use_the_store() {
    const ORDER: [&str; 4] = ["http", "actions", "store", "rules"];
    let sources = service();
    let mut breaches = BTreeSet::new();
    for edge in sources
        .edges()
        .filter(|edge| edge.from.module() == edge.to.module())
    {
        let rank = |file: &sources::File| ORDER.iter().position(|room| file.is_in(room));
        if let (Some(from), Some(to)) = (rank(edge.from), rank(edge.to))
            && from > to
        {
            breaches.insert(format!("{} uses {}", edge.from.path(), edge.name));
        }
    }
    fail_with("Inside a slice: http -> actions -> store -> rules", &breaches);
}

/// In the OpenAPI document, the later of two schemas with one name takes the place of the other.
#[test]
fn no_two_schemas_have_the_same_name() {
    let mut files: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in sources::texts("src") {
        for name in schemas(&syn::parse_file(&text).unwrap().items) {
            files.entry(name).or_default().insert(path.clone());
        }
    }
    assert!(files.len() > 200, "{}", files.len());
    let twice =
        |(name, paths): (&String, &BTreeSet<String>)| (paths.len() > 1).then(|| format!("{name}: {paths:?}"));
    fail_with(
        "Several types are schemas with this name",
        &files.iter().filter_map(twice).collect(),
    );
}

/// Returns the names of the types that are schemas.
fn schemas(items: &[syn::Item]) -> Vec<String> {
    let is_schema = |attributes: &[syn::Attribute]| {
        let derived = attributes.iter().filter(|one| one.path().is_ident("derive"));
        let mut derived = derived.filter_map(|one| one.meta.require_list().ok());
        derived.any(|list| list.tokens.to_string().contains("ToSchema"))
    };
    let of_item = |item: &syn::Item| match item {
        syn::Item::Struct(one) if is_schema(&one.attrs) => vec![one.ident.to_string()],
        syn::Item::Enum(one) if is_schema(&one.attrs) => vec![one.ident.to_string()],
        syn::Item::Mod(inner) => inner
            .content
            .iter()
            .flat_map(|(_, items)| schemas(items))
            .collect(),
        _ => Vec::new(),
    };
    items.iter().flat_map(of_item).collect()
}

#[test]
fn every_file_begins_with_its_documentation() {
    let mut breaches = BTreeSet::new();
    for folder in [
        "src",
        "crates",
        "tests",
        "benches",
        "fuzz/fuzz_targets",
        "examples",
    ] {
        for (path, text) in sources::texts(folder) {
            if !text.starts_with("//! ") {
                breaches.insert(path);
            }
        }
    }
    fail_with("The first line of these files is no //! comment", &breaches);
}

#[test]
fn nothing_is_unfinished() {
    let mut breaches = BTreeSet::new();
    for folder in ["src", "crates"] {
        for (path, text) in sources::texts(folder) {
            for word in [
                "todo!",
                "unimplemented!",
                "dbg!",
                concat!("TO", "DO"),
                concat!("FIX", "ME"),
            ] {
                if text.contains(word) {
                    breaches.insert(format!("{path}: {word}"));
                }
            }
        }
    }
    fail_with("Something is unfinished", &breaches);
}

/// A middleware that returns an error has lost its request: the answer would leave without a body, an id, its headers and a
/// line in the log. So it answers with the error, and only passes on what the next one returns.
#[test]
fn a_middleware_answers_its_own_errors() {
    let (mut found, mut breaches) = (0, BTreeSet::new());
    for (path, text) in sources::texts("src") {
        for function in text.split("\n}\n").filter(|part| part.contains("next: Next<")) {
            found += 1;
            let body = function.rsplit("next: Next<").next().unwrap_or_default();
            let returns = |line: &&str| {
                let code = line.split("//").next().unwrap_or_default();
                let passes_on = code.contains("next.call(");
                code.contains("return Err(") || code.contains('?') && !passes_on
            };
            breaches.extend(
                body.lines()
                    .filter(returns)
                    .map(|line| format!("{path}: {}", line.trim())),
            );
        }
    }
    assert_eq!(found, 4, "the middlewares were not found");
    fail_with(
        "A middleware returns an error instead of answering with it",
        &breaches,
    );
}
