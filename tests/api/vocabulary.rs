//! The vocabulary: every code that the API can return has words in both languages.
//!
//! `support` checks the codes of every error and finding that any test gets.

use crate::support::{TestApp, on_both};
use musubi::imports::{ImportKind, columns};
use musubi::server::document::Document;
use musubi::values::words;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use strum::VariantArray;

on_both! {
    everyone_gets_the_words_and_caches_keep_them,
    texts_and_vocabulary_have_the_same_words,
    every_code_of_the_document_has_words,
    every_scope_and_kind_of_area_has_words,
    every_field_of_imports_has_words,
    findings_name_what_they_mean_in_both_languages,
}

fn vocabulary(app: &TestApp) -> Value {
    app.send("GET", "/v1/vocabulary", &[], b"").expect(200).json()["sets"].take()
}

fn everyone_gets_the_words_and_caches_keep_them(app: &TestApp) {
    let answer = app.send("GET", "/v1/vocabulary", &[], b"").expect(200);
    assert_eq!(answer.header("cache-control"), "public, max-age=3600");
    let sets = answer.json()["sets"].take();
    assert_eq!(
        sets["DeliverableStatus"]["open"],
        json!({"ja": "募集中", "en": "open"})
    );
    assert_eq!(sets["DayPart"]["saturday_morning"]["en"], "Saturday morning");
    assert_eq!(sets["Format"].as_object().unwrap().len(), 7);
    let known = [("if-none-match", answer.header("etag"))];
    app.send("GET", "/v1/vocabulary", &known, b"").expect(304);
}

fn texts_and_vocabulary_have_the_same_words(app: &TestApp) {
    let sets = vocabulary(app);
    let organization = app.organization("風");
    let deliverable = app.deliverable(&organization, json!({"status": "open"}));
    let worker = app.worker(json!({"status": "paused", "consent": null}));
    for language in ["ja", "en"] {
        let path = format!("/v1/deliverables/{deliverable}/matches/{worker}");
        let explained = app
            .get_with(&path, &[("accept-language", language)])
            .expect(200)
            .json();
        let failed = explained["failed_gates"].as_array().unwrap();
        assert!(failed.len() >= 2, "{explained}");
        for one in failed {
            assert_eq!(
                sets["Gate"][one["gate"].as_str().unwrap()][language],
                one["because"]
            );
        }
    }
}

/// Collects the lists of codes in a document, each with the name of its schema, if it has one.
fn lists_of_codes(value: &Value, path: &str, found: &mut Vec<(Option<String>, BTreeSet<String>)>) {
    if let Some(codes) = value.get("enum").and_then(Value::as_array) {
        let codes = codes
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let name = path
            .strip_prefix("/components/schemas/")
            .filter(|rest| !rest.contains('/'));
        found.push((name.map(str::to_owned), codes));
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                lists_of_codes(member, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| lists_of_codes(item, &format!("{path}/-"), found)),
        _ => {}
    }
}

fn every_code_of_the_document_has_words(app: &TestApp) {
    let sets = vocabulary(app);
    let codes_of = |name: &str| -> BTreeSet<String> {
        let set = sets[name].as_object().into_iter().flatten();
        set.map(|(code, _)| code.clone()).collect()
    };
    for (name, set) in sets.as_object().unwrap() {
        for (code, words) in set.as_object().unwrap() {
            let (ja, en) = (words["ja"].as_str().unwrap(), words["en"].as_str().unwrap());
            assert!(!ja.trim().is_empty() && !en.trim().is_empty(), "{name} {code}");
        }
    }
    let document: Value = serde_json::from_str(Document::shared().text()).unwrap();
    let mut found = Vec::new();
    lists_of_codes(&document, "", &mut found);
    assert!(found.len() > 50, "{}", found.len());
    for (name, codes) in found {
        match name {
            Some(name) => assert_eq!(codes_of(&name), codes, "{name}"),
            // A list without a name has the codes of a schema, or some of the orders of lists.
            None => {
                let mut all = sets.as_object().unwrap().keys();
                assert!(all.any(|set| codes_of(set).is_superset(&codes)), "{codes:?}");
            }
        }
    }
}

fn every_scope_and_kind_of_area_has_words(app: &TestApp) {
    let sets = vocabulary(app);
    let scopes: BTreeSet<&str> = musubi::auth::PERMISSIONS.iter().map(|row| row.scope).collect();
    let named = sets["Scope"].as_object().unwrap().keys();
    assert_eq!(named.map(String::as_str).collect::<BTreeSet<&str>>(), scopes);
    let areas = app.get("/v1/areas?include_unserved=true").expect(200).json();
    let areas = areas["items"].as_array().unwrap();
    assert!(areas.len() > 1_000);
    for area in areas {
        assert!(
            sets["AreaKind"].get(area["kind"].as_str().unwrap()).is_some(),
            "{area}"
        );
    }
}

fn every_field_of_imports_has_words(app: &TestApp) {
    let sets = vocabulary(app);
    for kind in ImportKind::VARIANTS {
        let fields: BTreeSet<&str> = columns::fields(*kind).iter().map(|field| field.name).collect();
        let set = sets[kind.field_words()].as_object().into_iter().flatten();
        let worded: BTreeSet<&str> = set.map(|(code, _)| code.as_str()).collect();
        assert_eq!(worded, fields, "{}", kind.code());
    }
}

fn findings_name_what_they_mean_in_both_languages(app: &TestApp) {
    let found = |kind: &str, file: &str| -> Vec<Value> {
        let query = format!("kind={kind}&source=words&mode=dry_run");
        let import = app.import_and_wait(&query, file.as_bytes());
        let path = format!("/v1/imports/{}/findings", import["id"].as_str().unwrap());
        ["ja", "en"]
            .map(|language| {
                app.get_with(&path, &[("accept-language", language)])
                    .expect(200)
                    .json()
            })
            .into()
    };
    let message = |kind: &str, file: &str, code: &str| -> (String, String) {
        let both = found(kind, file);
        let of = |page: &Value| {
            let mut items = page["items"].as_array().unwrap().iter();
            let one = items.find(|one| one["code"] == code);
            one.unwrap_or_else(|| panic!("no {code} in {page}"))["message"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        (of(&both[0]), of(&both[1]))
    };
    let header = "氏名,市区町村,希望する形式,スキル\n山田 花子,新宿区,";
    let (ja, en) = message("workers", &format!("{header}毎朝,\n"), "unknown_format");
    assert!(ja.contains("「1か月」") && !ja.contains("one_month"), "{ja}");
    assert!(en.contains("One month") && !en.contains("one_month"), "{en}");
    let skills = "氏名,市区町村,スキル\n山田 花子,新宿区,動画編集者\n";
    let (ja, en) = message("workers", skills, "guessed_skill");
    assert!(ja.contains("「映像編集」"), "{ja}");
    assert!(en.contains("Video editing (video_editing)"), "{en}");
    let events = "イベント名,種別,開催日\nはじめの会,謎の会,2027-01-10\n";
    let (ja, en) = message("events", events, "unknown_value");
    assert!(
        ja.contains("「基礎講座」") && !ja.contains("basic_course"),
        "{ja}"
    );
    assert!(
        en.contains("basic course") && !en.contains("basic_course"),
        "{en}"
    );
    let organizations = "団体名,区市町村,種別\n風の会,新宿区,宇宙船\n";
    let (ja, en) = message("organizations", organizations, "unknown_kind");
    assert!(ja.contains("「NPO法人」"), "{ja}");
    assert!(en.contains("neighbourhood association"), "{en}");
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Returns the codes that a source gives to errors and findings: a literal after `code:` or as the first argument of a
/// call that makes one, and a literal before a text.
fn codes_in(source: &str) -> BTreeSet<String> {
    const BEFORE: [&str; 9] = [
        "code:",
        "Remark::new(",
        "broken(",
        "remark(",
        "too_many(",
        "unrecognized(",
        ".skills,",
        ".roles,",
        ".themes,",
    ];
    const AFTER: [&str; 3] = ["Text::new(", "rule)", "ja.into()"];
    let source = source.split("#[cfg(test)]").next().unwrap();
    let mut codes = BTreeSet::new();
    let mut at = 0;
    while let Some(start) = source[at..].find('"').map(|start| at + start) {
        let Some(length) = source[start + 1..].find('"') else {
            break;
        };
        let end = start + 1 + length;
        let literal = &source[start + 1..end];
        let (before, after) = (source[..start].trim_end(), source[end + 1..].trim_start());
        let after = after.strip_prefix(".into()").unwrap_or(after);
        let next = after.strip_prefix(',').map(str::trim_start);
        let is_code = literal.starts_with(|c: char| c.is_ascii_lowercase())
            && literal
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if is_code
            && (BEFORE.iter().any(|call| before.ends_with(call))
                || next.is_some_and(|next| AFTER.iter().any(|text| next.starts_with(text))))
        {
            codes.insert(literal.to_owned());
        }
        // Inside a text there is no code: go on after it.
        at = end + 1;
    }
    codes
}

#[test]
fn every_code_of_an_error_in_the_sources_has_words() {
    let known: BTreeSet<&str> = words::codes("ErrorCode").collect();
    let mut files = Vec::new();
    for folder in ["src", "crates/tables/src"] {
        sources(Path::new(folder), &mut files);
    }
    let mut found = 0;
    let mut missing = Vec::new();
    for file in files {
        let codes = codes_in(&std::fs::read_to_string(&file).unwrap());
        found += codes.len();
        let unknown = codes.into_iter().filter(|code| !known.contains(code.as_str()));
        missing.extend(unknown.map(|code| format!("{code} ({})", file.display())));
    }
    assert!(found > 150, "{found}");
    assert!(missing.is_empty(), "without words in words.json: {missing:#?}");
}
