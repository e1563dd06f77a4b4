//! What the code promises about itself: the order of its rooms, a `//!` on every file, nothing unfinished.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The rows of lib.rs: a module imports only from rows above its own.
const ROWS: &[&[&str]] = &[
    &["error"],
    &["config", "tasks", "values"],
    &["db"],
    &["http"],
    &["changes"],
    &["auth"],
    &["audit"],
    &["catalogue"],
    &["reach", "sessions"],
    &["organizations"],
    &["workers"],
    &["deliverables"],
    &["users", "duplicates"],
    &["login", "applications", "exposures"],
    &["partners"],
    &["matches", "statistics", "triage"],
    &["imports"],
    &["exports", "backup", "erasure"],
    &["open_data"],
    &["server"],
    &["demo"],
];

fn files() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, into: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, into);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                into.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(Path::new("src"), &mut found);
    assert!(found.len() > 40, "the sources were not found");
    found.sort();
    found
}

/// The top-level module of a file, and its room: mod, store or http.
fn place(path: &Path) -> (String, String) {
    let inside = path.strip_prefix("src").unwrap().with_extension("");
    let mut parts = inside
        .components()
        .map(|c| c.as_os_str().to_str().unwrap().to_owned());
    let module = parts.next().unwrap();
    let rest: Vec<String> = parts.collect();
    if rest.iter().any(|part| part == "store") {
        return (module, "store".to_owned());
    }
    (module, rest.last().cloned().unwrap_or_else(|| "mod".to_owned()))
}

/// The code without its tests and comments.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines()
        .map(|line| line.split("//").next().unwrap())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Every `crate::a::b` of the code, also inside `use crate::{…}`.
fn imports(code: &str) -> Vec<(String, String)> {
    let word = |text: &str| {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let end = list.find(|c| {
                depth += i32::from(c == '{') - i32::from(c == '}');
                depth < 0
            });
            found.extend(split_list(&list[..end.unwrap()]).into_iter().map(|item| {
                let second = item
                    .split_once("::")
                    .map_or(String::new(), |(_, rest)| word(rest.trim_start_matches('{')));
                (word(item.trim()), second)
            }));
        } else {
            let first = word(rest);
            let second = rest[first.len()..]
                .strip_prefix("::")
                .map_or(String::new(), |r| word(r.trim_start_matches('{')));
            found.push((first, second));
        }
    }
    found
}

/// A list's items, parted by the commas that are not inside braces.
fn split_list(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (i, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&list[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    items.push(&list[start..]);
    items
        .into_iter()
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .collect()
}

#[test]
fn a_module_imports_only_from_rows_above_its_own() {
    let row: BTreeMap<&str, usize> = ROWS
        .iter()
        .enumerate()
        .flat_map(|(i, names)| names.iter().map(move |name| (*name, i)))
        .collect();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (path, text) in files() {
        let (module, _) = place(&path);
        if ["main", "lib"].contains(&module.as_str()) {
            continue;
        }
        let own = *row
            .get(module.as_str())
            .unwrap_or_else(|| panic!("{module} has no row: give it one"));
        for (other, inner) in imports(&code(&text)) {
            let Some(theirs) = row.get(other.as_str()) else {
                continue;
            };
            seen += 1;
            // Folding text is the one thing that everybody may take from the matcher; it is above all anyway.
            if other != module && *theirs >= own {
                wrong.push(format!("{}: {other}::{inner}", path.display()));
            }
        }
    }
    assert!(seen > 100, "the imports were not found");
    assert!(
        wrong.is_empty(),
        "imports against the order:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn inside_a_slice_http_uses_store_and_store_uses_the_rules_and_never_the_other_way() {
    let mut wrong = Vec::new();
    for (path, text) in files() {
        let (module, room) = place(&path);
        let code = code(&text);
        for (other, inner) in imports(&code) {
            // http and auth are themselves the face; slices have one each.
            let slice =
                !["http", "auth", "db", "matcher", "error", "server", "demo"].contains(&other.as_str());
            if slice && inner == "http" && module != "server" {
                wrong.push(format!("{}: {other}::http", path.display()));
            }
        }
        let folder = path.parent().unwrap();
        let is_slice = folder.join("store.rs").exists() || folder.join("store").exists();
        if is_slice && room != "http" {
            for face in ["super::http", "actix_web"] {
                if code.contains(face) {
                    wrong.push(format!("{}: {face}", path.display()));
                }
            }
        }
        let may_use_diesel = room == "store" || ["db", "error"].contains(&module.as_str());
        if code.contains("diesel::") && !may_use_diesel {
            wrong.push(format!("{}: diesel", path.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "rooms that reach where they should not:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_file_says_what_lives_in_it() {
    for (path, text) in files() {
        assert!(
            text.starts_with("//! "),
            "{} has no //! on its first line",
            path.display()
        );
    }
}

#[test]
fn nothing_is_unfinished() {
    for (path, text) in files() {
        for word in [
            "todo!",
            "unimplemented!",
            "dbg!",
            concat!("TO", "DO"),
            concat!("FIX", "ME"),
        ] {
            assert!(!text.contains(word), "{} has {word}", path.display());
        }
    }
}

#[test]
fn files_stay_one_room() {
    for (path, text) in files() {
        let lines = text.lines().count();
        assert!(
            lines <= 440,
            "{} has {lines} lines: is it still one room?",
            path.display()
        );
    }
}
