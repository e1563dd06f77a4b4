//! Every setting is documented, and the containers get it.

use clap::Args;
use musubi::config::{Config, ServerConfig};
use std::collections::BTreeSet;

/// Set by the image or the compose file, or of no use there.
const FIXED_IN_CONTAINERS: [&str; 6] = [
    "DATABASE_URL",
    "MUSUBI_DATA_DIR",
    "MUSUBI_LISTEN",
    "MUSUBI_LOG_FORMAT",
    "MUSUBI_TLS_CERT",
    "MUSUBI_TLS_KEY",
];

/// Returns the environment variables of `musubi serve`.
fn variables() -> BTreeSet<String> {
    let command = ServerConfig::augment_args(Config::augment_args(clap::Command::new("musubi")));
    let visible = command.get_arguments().filter(|argument| !argument.is_hide_set());
    let names = visible.filter_map(|argument| argument.get_env());
    let names: BTreeSet<String> = names.map(|name| name.to_str().unwrap().to_owned()).collect();
    assert!(names.len() > 20, "{names:?}");
    names
}

#[test]
fn containers_get_every_setting() {
    let compose = std::fs::read_to_string("docker-compose.yml").unwrap();
    let image = std::fs::read_to_string("Dockerfile").unwrap();
    let keys = compose.lines().filter_map(|line| line.trim().split_once(':'));
    let passed: BTreeSet<&str> = keys.map(|(key, _)| key).collect();
    let is_lost = |name: &&String| {
        let is_fixed = FIXED_IN_CONTAINERS.contains(&name.as_str());
        !is_fixed && !passed.contains(name.as_str()) && !image.contains(name.as_str())
    };
    let names = variables();
    let lost: Vec<&String> = names.iter().filter(is_lost).collect();
    assert!(lost.is_empty(), "docker-compose.yml doesn't pass {lost:?}");
}

#[test]
fn the_manual_lists_every_setting() {
    let manual = std::fs::read_to_string("docs/operating.md").unwrap();
    let (_, table) = manual.split_once("\n## Settings\n").unwrap();
    // `OIDC_…_CLAIM` stands for all that begin and end so.
    let groups: Vec<(&str, &str)> = table.split('`').filter_map(|name| name.split_once('…')).collect();
    let is_listed = |name: &str| {
        let is_of = |(start, end): &(&str, &str)| name.starts_with(start) && name.ends_with(end);
        table.contains(&format!("`{name}`")) || groups.iter().any(is_of)
    };
    let names = variables();
    let missing: Vec<&String> = names.iter().filter(|name| !is_listed(name)).collect();
    assert!(missing.is_empty(), "docs/operating.md doesn't list {missing:?}");
}
